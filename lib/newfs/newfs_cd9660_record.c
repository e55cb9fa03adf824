/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directory records (ECMA-119, 9.1), dates, and a directory made of them.
 *
 * A record is in one block.  A file of 4 GiB and more has several records, each but
 * the last of EXTENT bytes, of places that follow each other.
 */
#include <string.h>

#include "newfs/newfs_cd9660_int.h"

#define EXTENT	 UINT64_C(0xfffff800)
#define DATE_MIN INT64_C(-2208988800) /* 1900 */
#define DATE_MAX INT64_C(5869583999)  /* the end of 2155 */

/* ---- dates -------------------------------------------------------------------------- */

struct date {
	int64_t year;
	unsigned month, day, hour, minute, second;
};

/* From days since 1970, by years that begin in March. */
static void
date_of(int64_t sec, struct date *d)
{
	int64_t days = sec / 86400 - (sec % 86400 < 0), era, rest = sec % 86400;
	unsigned doe, yoe, doy, m;

	if (rest < 0)
		rest += 86400;
	days += 719468; /* since 0000-03-01 */
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = (unsigned)(days - era * 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	m = (5 * doy + 2) / 153;
	d->day = doy - (153 * m + 2) / 5 + 1;
	d->month = m < 10 ? m + 3 : m - 9;
	d->year = (int64_t)yoe + era * 400 + (d->month <= 2);
	d->hour = (unsigned)(rest / 3600);
	d->minute = (unsigned)(rest / 60 % 60);
	d->second = (unsigned)(rest % 60);
}

void
iso_date7(uint8_t b[7], int64_t sec)
{
	struct date d;

	date_of(sec < DATE_MIN	 ? DATE_MIN
		: sec > DATE_MAX ? DATE_MAX
				 : sec,
	    &d);
	b[0] = (uint8_t)(d.year - 1900);
	b[1] = (uint8_t)d.month;
	b[2] = (uint8_t)d.day;
	b[3] = (uint8_t)d.hour;
	b[4] = (uint8_t)d.minute;
	b[5] = (uint8_t)d.second;
	b[6] = 0;
}

static void
digits(uint8_t *p, unsigned n, unsigned v)
{
	for (; n-- > 0; v /= 10)
		p[n] = (uint8_t)('0' + v % 10);
}

void
iso_date17(uint8_t b[17], int64_t sec)
{
	struct date d;

	date_of(sec < DATE_MIN	 ? DATE_MIN
		: sec > DATE_MAX ? DATE_MAX
				 : sec,
	    &d);
	digits(b, 4, (unsigned)d.year);
	digits(b + 4, 2, d.month);
	digits(b + 6, 2, d.day);
	digits(b + 8, 2, d.hour);
	digits(b + 10, 2, d.minute);
	digits(b + 12, 2, d.second);
	digits(b + 14, 2, 0);
	b[16] = 0;
}

/* ---- records --------------------------------------------------------------------------- */

struct record {
	uint32_t r_lba, r_size;
	int64_t r_sec;
	uint8_t r_flags;
	const uint8_t *r_name;
	uint32_t r_namelen;
	const char *r_version; /* behind the name */
	uint32_t r_versionlen;
};

/* The record without system use entries; its length, even. */
static uint32_t
make(const struct record *r, uint8_t *out)
{
	struct cd9660_dirent_disk d;
	uint32_t n = CD9660_DIRENT + r->r_namelen + r->r_versionlen;

	memset(&d, 0, sizeof(d));
	both32_put(&d.d_extent, r->r_lba);
	both32_put(&d.d_size, r->r_size);
	iso_date7(d.d_date, r->r_sec);
	d.d_flags = r->r_flags;
	both16_put(&d.d_volume, 1);
	d.d_namelen = (uint8_t)(r->r_namelen + r->r_versionlen);
	memcpy(out, &d, sizeof(d));
	memcpy(out + CD9660_DIRENT, r->r_name, r->r_namelen);
	memcpy(
	    out + CD9660_DIRENT + r->r_namelen, r->r_version, r->r_versionlen);
	if (n % 2 != 0)
		out[n++] = 0;
	return n;
}

static void
put(struct iso_sink *k, const struct record *r, const struct iso_susp *s)
{
	uint8_t rec[256];
	uint32_t n = make(r, rec);
	uint64_t left;

	if (s != NULL)
		n = iso_susp_put(k, s, rec, n);
	if (n % 2 != 0)
		rec[n++] = 0;
	rec[0] = (uint8_t)n;
	left = ISO_BLOCK - k->k_len % ISO_BLOCK;
	if (n > left)
		k->k_len += left;
	if (k->k_buf != NULL)
		memcpy(k->k_buf + k->k_len, rec, n);
	k->k_len += n;
}

static int64_t
seconds(const struct iso *is, uint32_t node)
{
	return node == is->i_moved ? is->i_o->no_time
				   : iso_node_of(is, node).tn_sec;
}

/* "." and "..", whose names are bytes of 0 and 1. */
static void
put_dots(struct iso *is, const struct iso_tree *t, const struct iso_dir *d,
    struct iso_sink *k, struct iso_susp *s)
{
	static const uint8_t names[] = {0, 1};
	const struct iso_dir *up = &t->t_dir[d->d_up];
	uint32_t above = up->d_node;
	unsigned what = ISO_R_DOTDOT;
	struct record r = {
	    .r_lba = k->k_lba,
	    .r_size = k->k_size,
	    .r_flags = CD9660_D_DIR,
	    .r_name = &names[0],
	    .r_namelen = 1,
	    .r_version = "",
	};

	r.r_sec = seconds(is, d->d_node);
	if (!t->t_joliet)
		iso_susp_make(is, d->d_node, ISO_R_DOT, s);
	put(k, &r, t->t_joliet ? NULL : s);
	if (!t->t_joliet &&
	    (is->i_node[d->d_node].n_flags & ISO_N_MOVED) != 0) {
		what |= ISO_R_PL;
		above = iso_node_of(is, d->d_node).tn_parent;
	}
	r.r_lba = up->d_lba;
	r.r_size = up->d_size;
	r.r_sec = seconds(is, up->d_node);
	r.r_name = &names[1];
	if (!t->t_joliet)
		iso_susp_make(is, above, what, s);
	put(k, &r, t->t_joliet ? NULL : s);
}

/* A file's content: as many records as it takes. */
static void
put_extents(struct iso *is, const struct newfs_treenode *tn, struct record *r,
    struct iso_sink *k, const struct iso_susp *s)
{
	const struct iso_node *n = &is->i_node[tn->tn_owner];
	uint64_t left = n->n_stored;

	if ((tn->tn_mode & RUMP_S_IFMT) != RUMP_S_IFREG)
		left = 0;
	r->r_lba = left > 0 ? n->n_lba : 0;
	while (left > UINT32_MAX) {
		r->r_size = (uint32_t)EXTENT;
		r->r_flags = CD9660_D_MORE;
		put(k, r, s);
		r->r_lba += (uint32_t)(EXTENT / ISO_BLOCK);
		left -= EXTENT;
	}
	r->r_size = (uint32_t)left;
	r->r_flags = 0;
	put(k, r, s);
}

static void
put_entry(struct iso *is, const struct iso_tree *t, const struct iso_entry *e,
    struct iso_sink *k, struct iso_susp *s, uint32_t *subdir)
{
	bool dir = (e->e_flags & ISO_E_DIR) != 0;
	struct newfs_treenode tn;
	struct record r = {
	    .r_name = t->t_names + e->e_name,
	    .r_namelen = e->e_len,
	    .r_version = t->t_joliet ? "\0;\0001" : ";1",
	    .r_versionlen = t->t_joliet ? 4 : 2,
	};

	if (dir || (!t->t_joliet && iso_has(is, NC_MAXNAME)))
		r.r_versionlen = 0;
	r.r_sec = seconds(is, e->e_node);
	if (!t->t_joliet)
		iso_susp_make(
		    is, e->e_node, e->e_flags & (ISO_E_CHILD | ISO_E_RE), s);
	else
		s = NULL;
	if (dir) {
		r.r_lba = t->t_dir[*subdir].d_lba;
		r.r_size = t->t_dir[*subdir].d_size;
		r.r_flags = CD9660_D_DIR;
		(*subdir)++;
		put(k, &r, s);
		return;
	}
	tn = iso_node_of(is, e->e_node);
	put_extents(is, &tn, &r, k, s);
}

void
iso_dir_records(struct iso *is, const struct iso_tree *t,
    const struct iso_dir *d, struct iso_sink *k)
{
	struct iso_susp s;
	uint32_t subdir = d->d_subdir;

	put_dots(is, t, d, k, &s);
	for (uint32_t i = 0; i < d->d_count; i++)
		put_entry(is, t, &t->t_entry[d->d_first + i], k, &s, &subdir);
}

void
iso_root_record(const struct iso *is, const struct iso_tree *t, uint8_t rec[34])
{
	static const uint8_t name = 0;
	struct record r = {
	    .r_lba = t->t_dir[0].d_lba,
	    .r_size = t->t_dir[0].d_size,
	    .r_sec = seconds(is, 0),
	    .r_flags = CD9660_D_DIR,
	    .r_name = &name,
	    .r_namelen = 1,
	    .r_version = "",
	};
	uint8_t out[256];

	out[0] = (uint8_t)make(&r, out);
	out[0] = 34;
	memcpy(rec, out, 34);
}
