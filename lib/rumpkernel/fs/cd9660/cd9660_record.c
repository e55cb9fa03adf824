/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directory records (ECMA-119, 9.1), names without Rock Ridge, dates.
 *
 * A plain name is shown as Linux shows it: lower case, without version 1 and the dot
 * that then is last; the semicolon of other versions is a dot.  A Joliet name is shown
 * as it is, without version 1.
 */
#include "fs/cd9660/cd9660.h"
#include "kern/kstring.h"
#include "vfs/unicode.h"

int
cd9660_read(struct cd9660_mount *m, uint64_t off, void *buf, size_t len)
{
	uint64_t size = m->m_dev->bd_size, base, n;
	uint8_t *p = buf;
	struct buf *bp;
	int error;

	if (off > size || len > size - off)
		return EUCLEAN;
	for (; len > 0; len -= n, off += n, p += n) {
		base = rounddown2(off, CD9660_SECTOR);
		error = bread(m->m_dev, base,
		    (uint32_t)kmin(CD9660_SECTOR, size - base), &bp);
		if (error != 0)
			return error;
		n = kmin(len, base + CD9660_SECTOR - off);
		memcpy(p, bp->b_data + (off - base), n);
		brelse(bp);
	}
	return 0;
}

/* Two halves that tell different numbers: the first counts, and it is said once. */
static void
check_halves(struct cd9660_mount *m, const struct cd9660_dirent_disk *d)
{
	if (m->m_halves ||
	    (le32_get(d->d_extent.le) == be32_get(d->d_extent.be) &&
		le32_get(d->d_size.le) == be32_get(d->d_size.be)))
		return;
	m->m_halves = true;
	mount_warn(m->m_mp,
	    "numbers that are there in both byte orders disagree; the "
	    "little-endian ones count");
}

int
cd9660_record(struct cd9660_mount *m, uint64_t off, uint64_t end,
    struct cd9660_rec *rec, const char **whyp)
{
	const struct cd9660_dirent_disk *d = (const void *)rec->r_raw;
	size_t n;
	int error;

	if (off >= end)
		return ENOENT;
	n = (size_t)kmin(sizeof(rec->r_raw) - 1, end - off);
	if (off < m->m_dev->bd_size)
		n = (size_t)kmin(n, m->m_dev->bd_size - off);
	error = cd9660_read(m, off, rec->r_raw, n);
	*whyp = "it is past the end of the device";
	if (error != 0)
		return error;
	if (d->d_len == 0)
		return ENOENT;
	*whyp = NULL;
	if (d->d_len <= CD9660_DIRENT || d->d_len > n)
		*whyp = "its length can't be";
	else if (d->d_namelen == 0 || d->d_namelen > d->d_len - CD9660_DIRENT)
		*whyp = "its name is longer than it is itself";
	if (*whyp != NULL)
		return EUCLEAN;
	check_halves(m, d);
	rec->r_off = off;
	rec->r_len = d->d_len;
	rec->r_flags = d->d_flags;
	rec->r_data = ((uint64_t)both32_get(d->d_extent) + d->d_xattrlen) *
	    m->m_blksize;
	rec->r_size = both32_get(d->d_size);
	rec->r_interleaved = d->d_unit != 0 || d->d_gap != 0;
	rec->r_namelen = d->d_namelen;
	rec->r_name = rec->r_raw + CD9660_DIRENT;
	return 0;
}

/* ---- names ----------------------------------------------------------------------- */

static size_t
joliet_name(const struct cd9660_rec *rec, char *name)
{
	uint16_t u[128];
	size_t n = rec->r_namelen / 2;

	for (size_t i = 0; i < n; i++)
		u[i] = (uint16_t)(rec->r_name[2 * i] << 8 |
		    rec->r_name[2 * i + 1]);
	if (n > 2 && u[n - 2] == ';' && u[n - 1] == '1')
		n -= 2;
	return utf8_from_utf16(u, n, name);
}

size_t
cd9660_name(const struct cd9660_mount *m, const struct cd9660_rec *rec,
    char name[CD9660_NAME_MAX * 3])
{
	size_t n = rec->r_namelen;

	if (m->m_joliet)
		return joliet_name(rec, name);
	memcpy(name, rec->r_name, n);
	if (!m->m_map)
		return n;
	if (n > 2 && name[n - 2] == ';' && name[n - 1] == '1')
		n -= 2;
	if (n > 1 && name[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n; i++) {
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] = (char)(name[i] - 'A' + 'a');
		else if (name[i] == ';' || name[i] == '/')
			name[i] = '.';
	}
	return n;
}

/* ---- dates -------------------------------------------------------------------------- */

/* Days from 1970-01-01 to that day of the Gregorian calendar. */
static int64_t
days_to(int64_t year, int64_t month, int64_t day)
{
	static const uint16_t before[] = {
	    0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t full = year - 1;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return full * 365 + full / 4 - full / 100 + full / 400 - 719162 +
	    before[month - 1] + (leap && month > 2) + day - 1;
}

/* zone: quarters of an hour east of Greenwich. */
static bool
date_make(const int64_t f[6], int8_t zone, struct rump_timespec *ts)
{
	*ts = (struct rump_timespec){0};
	if (f[0] < 1 || f[1] < 1 || f[1] > 12 || f[2] < 1 || f[2] > 31 ||
	    f[3] > 23 || f[4] > 59 || f[5] > 60)
		return false;
	ts->tv_sec = days_to(f[0], f[1], f[2]) * 86400 + f[3] * 3600 +
	    f[4] * 60 + f[5];
	/* Others than these aren't on earth, and are left out by everybody. */
	if (zone >= -52 && zone <= 52)
		ts->tv_sec -= zone * 900;
	return true;
}

bool
cd9660_date7(const uint8_t d[7], struct rump_timespec *ts)
{
	int64_t f[6];

	for (int i = 0; i < 6; i++)
		f[i] = d[i];
	f[0] += 1900;
	return date_make(f, (int8_t)d[6], ts);
}

bool
cd9660_date17(const uint8_t d[17], struct rump_timespec *ts)
{
	static const uint8_t width[] = {4, 2, 2, 2, 2, 2, 2};
	int64_t f[7];
	unsigned at = 0;

	*ts = (struct rump_timespec){0};
	for (unsigned i = 0; i < nitems(width); i++) {
		f[i] = 0;
		for (unsigned k = 0; k < width[i]; k++, at++) {
			if (d[at] < '0' || d[at] > '9')
				return false;
			f[i] = f[i] * 10 + d[at] - '0';
		}
	}
	if (!date_make(f, (int8_t)d[16], ts))
		return false;
	ts->tv_nsec = f[6] * 10000000;
	return true;
}
