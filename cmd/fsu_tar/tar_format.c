/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar: POSIX.1-2001's pax interchange format and ustar, and GNU's old format.
 *
 * By hand and not by libarchive, whose pax either drops the nanoseconds of a plain
 * file or adds device and inode numbers of which other programs complain.  What
 * ustar's fields can hold stands there; what they can't is
 *	pax	in an extended header: path, linkpath, size, uid, gid, uname, gname,
 *		mtime with its fraction, SCHILY.xattr.*, SCHILY.acl.*,
 *		SCHILY.fflags, GNU.sparse 1.0; hdrcharset=BINARY where a long name
 *		isn't UTF-8
 *	gnutar	in @LongLink entries, base-256 numbers, and sparse headers 'S'
 *	ustar	an error of that member
 * No access and change times: two runs on one image give the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tar.h"

struct header {
	char name[100];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12];
	char chksum[8];
	char typeflag;
	char linkname[100];
	char magic[8]; /* with the version */
	char uname[32], gname[32];
	char devmajor[8], devminor[8];
	union {
		char prefix[167]; /* 155 are used */
		struct {
			char atime[12], ctime[12], offset[12], longnames[4];
			char unused;
			char sp[4][24];
			char isextended;
			char realsize[12];
			char pad[17];
		} gnu;
	} u;
};
_Static_assert(sizeof(struct header) == TAR_BLOCK, "a block");

struct gnu_more {
	char sp[21][24];
	char isextended;
	char pad[7];
};
_Static_assert(sizeof(struct gnu_more) == TAR_BLOCK, "a block");

/* ---- fields -------------------------------------------------------------------- */

/* Octal digits and a NUL; false: too many. */
static bool
octal(char *field, size_t size, uint64_t v)
{
	size_t i;

	field[size - 1] = '\0';
	for (i = size - 1; i-- > 0; v >>= 3)
		field[i] = (char)('0' + (v & 7));
	return v == 0;
}

/* Base 256: the first bit is set. */
static void
base256(char *field, size_t size, int64_t v)
{
	size_t i;

	for (i = size; i-- > 0; v >>= 8)
		field[i] = (char)(v & 0xff);
	field[0] = (char)(field[0] | 0x80);
}

/* A number as the format has it; false: it has no way to. */
static bool
number(enum tar_format kind, char *field, size_t size, int64_t v)
{
	if (v >= 0 && octal(field, size, (uint64_t)v))
		return true;
	if (kind == TAR_GNU) {
		base256(field, size, v);
		return true;
	}
	memset(field, v < 0 ? '0' : '7', size - 1);
	return false;
}

static void
checksum(struct header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned sum = 0;

	memset(h->chksum, ' ', sizeof(h->chksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += p[i];
	snprintf(h->chksum, 7, "%06o", sum);
	h->chksum[7] = ' ';
}

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* Well-formed UTF-8, by RFC 3629. */
static bool
is_utf8(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	while (*p != '\0') {
		unsigned c = *p++, more, low = 0x80, high = 0xbf;

		if (c < 0x80)
			continue;
		if (c < 0xc2 || c > 0xf4)
			return false;
		more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		if (c == 0xe0)
			low = 0xa0;
		if (c == 0xed)
			high = 0x9f;
		if (c == 0xf0)
			low = 0x90;
		if (c == 0xf4)
			high = 0x8f;
		for (; more > 0; more--, p++, low = 0x80, high = 0xbf)
			if (*p < low || *p > high)
				return false;
	}
	return true;
}

/* A name into name and prefix; false: it doesn't fit.  GNU has no prefix. */
static bool
put_name(struct header *h, const char *name, size_t len, bool prefix)
{
	size_t cut;

	if (len <= sizeof(h->name)) {
		memcpy(h->name, name, len);
		return true;
	}
	memcpy(h->name, name, sizeof(h->name) - 1);
	if (!prefix || len > 256)
		return false;
	/* The first slash that leaves no more than 100 behind it. */
	for (cut = len - sizeof(h->name) - 1; cut < len - 1; cut++) {
		if (name[cut] != '/' || cut == 0)
			continue;
		if (cut > 155)
			return false;
		memset(h->name, 0, sizeof(h->name));
		memcpy(h->name, name + cut + 1, len - cut - 1);
		memcpy(h->u.prefix, name, cut);
		return true;
	}
	return false;
}

/* ---- extended headers ------------------------------------------------------------ */

struct records {
	char *p;
	size_t len, cap;
};

static void
rec_mem(struct records *x, const void *p, size_t n)
{
	if (x->len + n > x->cap) {
		x->cap = (x->len + n) * 2;
		x->p = fsu_realloc(x->p, x->cap);
	}
	if (n > 0)
		memcpy(x->p + x->len, p, n);
	x->len += n;
}

/* "LEN key=value\n", where LEN counts itself. */
static void
record(struct records *x, const char *key, const void *value, size_t len)
{
	size_t body = strlen(key) + len + 3, total = body + 1, digits;
	char num[24];

	do {
		digits = (size_t)snprintf(num, sizeof(num), "%zu ", total) - 1;
		if (body + digits == total)
			break;
		total = body + digits;
	} while (true);
	rec_mem(x, num, digits + 1);
	rec_mem(x, key, strlen(key));
	rec_mem(x, "=", 1);
	rec_mem(x, value, len);
	rec_mem(x, "\n", 1);
}

static void
record_str(struct records *x, const char *key, const char *s)
{
	record(x, key, s, strlen(s));
}

static void
record_u64(struct records *x, const char *key, uint64_t v)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)v);
	record_str(x, key, buf);
}

static void
record_time(struct records *x, const char *key, const struct rump_timespec *ts)
{
	int64_t sec = ts->tv_sec;
	int32_t ns = ts->tv_nsec;
	const char *sign = "";
	char buf[48];
	size_t len;

	if (sec < 0 && ns > 0) { /* -2 s + 0.25 s is -1.75 s */
		sec++;
		ns = 1000000000 - ns;
	}
	if (sec < 0 || (ts->tv_sec < 0 && sec == 0))
		sign = "-";
	len = (size_t)snprintf(buf, sizeof(buf), "%s%llu", sign,
	    (unsigned long long)(sec < 0 ? -(uint64_t)sec : (uint64_t)sec));
	if (ns > 0) {
		len += (size_t)snprintf(
		    buf + len, sizeof(buf) - len, ".%09d", (int)ns);
		while (buf[len - 1] == '0')
			len--;
	}
	record(x, key, buf, len);
}

/* A key with what GNU's programs write for '=' and '%'. */
static void
record_xattr(struct records *x, const struct tar_xattr *a)
{
	char key[16 + 3 * RUMP_XATTR_NAME_MAX + 1], *p;

	p = stpcpy(key, "SCHILY.xattr.");
	for (const char *s = a->name; *s != '\0' && p < key + sizeof(key) - 4;
	     s++) {
		if (*s == '=' || *s == '%')
			p += sprintf(p, "%%%02X", (unsigned char)*s);
		else
			*p++ = *s;
	}
	*p = '\0';
	record(x, key, a->value, a->len);
}

/* ---- blocks out -------------------------------------------------------------------- */

static void
header_start(struct header *h, enum tar_format kind)
{
	memset(h, 0, sizeof(*h));
	memcpy(h->magic,
	    kind == TAR_GNU ? "ustar  "
			    : "ustar\0"
			      "00",
	    8);
	octal(h->mode, sizeof(h->mode), 0644);
	octal(h->uid, sizeof(h->uid), 0);
	octal(h->gid, sizeof(h->gid), 0);
	octal(h->size, sizeof(h->size), 0);
	octal(h->mtime, sizeof(h->mtime), 0);
}

static void
header_out(struct tar_out *o, struct header *h)
{
	checksum(h);
	tar_out_mem(o, h, sizeof(*h));
}

/* GNU's way to say a long name. */
static void
longlink(struct tar_out *o, char type, const char *name, size_t len, bool slash)
{
	struct header h;

	header_start(&h, TAR_GNU);
	strcpy(h.name, "././@LongLink");
	h.typeflag = type;
	octal(h.size, sizeof(h.size), len + slash + 1);
	header_out(o, &h);
	tar_out_mem(o, name, len);
	if (slash)
		tar_out_mem(o, "/", 1);
	tar_out_zero(o, 1);
	tar_out_pad(o, TAR_BLOCK);
}

/* The member's own header is x, with its name. */
static void
pax_out(struct tar_out *o, const struct records *x, const char *name)
{
	const char *base = strrchr(name, '/');
	struct header h;

	header_start(&h, TAR_PAX);
	snprintf(h.name, sizeof(h.name), "PaxHeaders/%.80s",
	    base != NULL ? base + 1 : name);
	h.typeflag = 'x';
	octal(h.size, sizeof(h.size), x->len);
	header_out(o, &h);
	tar_out_mem(o, x->p, x->len);
	tar_out_pad(o, TAR_BLOCK);
}

/* ---- sparse files ------------------------------------------------------------------- */

static uint64_t
data_bytes(const struct tar_member *m)
{
	uint64_t n = 0;

	if (!m->m_sparse)
		return m->m_st.st_size;
	for (size_t i = 0; i < m->m_nrange; i++)
		n += m->m_range[i].len;
	return n;
}

/* GNU 1.0's map: how many, and offset and length of each, a line each. */
static void
sparse_map(struct records *map, const struct tar_member *m)
{
	char buf[48];
	size_t n = m->m_nrange;
	const struct tar_range *last = n > 0 ? &m->m_range[n - 1] : NULL;
	bool tail = last == NULL || last->off + last->len < m->m_st.st_size;

	rec_mem(map, buf, (size_t)sprintf(buf, "%zu\n", n + tail));
	for (size_t i = 0; i < n; i++)
		rec_mem(map, buf,
		    (size_t)sprintf(buf, "%llu\n%llu\n",
			(unsigned long long)m->m_range[i].off,
			(unsigned long long)m->m_range[i].len));
	if (tail)
		rec_mem(map, buf,
		    (size_t)sprintf(
			buf, "%llu\n0\n", (unsigned long long)m->m_st.st_size));
	memset(buf, 0, sizeof(buf));
	while (map->len % TAR_BLOCK != 0)
		rec_mem(map, buf, 1);
}

/* The i-th of the ranges and, behind them, where the file ends. */
static bool
gnu_range(const struct tar_member *m, size_t i, char sp[24])
{
	struct tar_range r = {m->m_st.st_size, 0};

	if (i > m->m_nrange)
		return false;
	if (i < m->m_nrange)
		r = m->m_range[i];
	number(TAR_GNU, sp, 12, (int64_t)r.off);
	number(TAR_GNU, sp + 12, 12, (int64_t)r.len);
	return true;
}

static void
gnu_sparse(struct header *h, const struct tar_member *m)
{
	h->typeflag = 'S';
	number(TAR_GNU, h->u.gnu.realsize, 12, (int64_t)m->m_st.st_size);
	for (size_t i = 0; i < 4; i++)
		gnu_range(m, i, h->u.gnu.sp[i]);
	h->u.gnu.isextended = m->m_nrange + 1 > 4;
}

static void
gnu_sparse_more(struct tar_out *o, const struct tar_member *m)
{
	struct gnu_more g;
	size_t i = 4;

	while (i <= m->m_nrange) {
		memset(&g, 0, sizeof(g));
		for (size_t k = 0; k < 21; k++)
			gnu_range(m, i++, g.sp[k]);
		g.isextended = i <= m->m_nrange;
		tar_out_mem(o, &g, sizeof(g));
	}
}

/* ---- a member ---------------------------------------------------------------------- */

static char
type_of(const struct tar_member *m)
{
	if (m->m_hardlink)
		return '1';
	switch (m->m_st.st_mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		return '0';
	case RUMP_S_IFLNK:
		return '2';
	case RUMP_S_IFCHR:
		return '3';
	case RUMP_S_IFBLK:
		return '4';
	case RUMP_S_IFDIR:
		return '5';
	case RUMP_S_IFIFO:
		return '6';
	default:
		return '\0';
	}
}

struct job {
	struct tar_out *o;
	enum tar_format kind;
	const struct tar_member *m;
	struct header h;
	struct records x, map; /* pax */
	const char *why;
};

static void
cannot(struct job *j, const char *why)
{
	if (j->why == NULL)
		j->why = why;
}

/* A name that pax has to say apart?  Other programs take a header's bytes as they
 * are; only UTF-8 is sure to be understood, and says so. */
static void
pax_name(struct job *j, const char *key, const char *s, size_t len, bool slash,
    bool fits)
{
	char *copy;

	if (fits && (is_ascii(s) || !is_utf8(s)))
		return;
	copy = fsu_asprintf("%s%s", s, slash ? "/" : "");
	record(&j->x, key, copy, len + slash);
	free(copy);
}

static void
set_names(struct job *j)
{
	const struct tar_member *m = j->m;
	bool slash = !m->m_hardlink &&
	    (m->m_st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR;
	size_t len = strlen(m->m_name), linklen = 0;
	char *name = fsu_asprintf("%s%s", m->m_name, slash ? "/" : "");
	bool fits, linkfits = true;

	fits = put_name(&j->h, name, len + slash, j->kind != TAR_GNU);
	if (m->m_link != NULL) {
		linklen = strlen(m->m_link);
		linkfits = linklen <= sizeof(j->h.linkname);
		memcpy(j->h.linkname, m->m_link,
		    linkfits ? linklen : sizeof(j->h.linkname) - 1);
	}
	if (j->kind == TAR_USTAR && !fits)
		cannot(j, "its name is too long for ustar");
	if (j->kind == TAR_USTAR && !linkfits)
		cannot(j, "its link's target is too long for ustar");
	if (j->kind == TAR_GNU && !linkfits)
		longlink(j->o, 'K', m->m_link, linklen, false);
	if (j->kind == TAR_GNU && !fits)
		longlink(j->o, 'L', m->m_name, len, slash);
	if (j->kind == TAR_PAX) {
		/* The character set holds for all records: first of all. */
		if ((!fits && !is_utf8(m->m_name)) ||
		    (!linkfits && !is_utf8(m->m_link)))
			record_str(&j->x, "hdrcharset", "BINARY");
		if (!m->m_sparse)
			pax_name(j, "path", m->m_name, len, slash, fits);
		if (m->m_link != NULL)
			pax_name(
			    j, "linkpath", m->m_link, linklen, false, linkfits);
	}
	free(name);
}

static void
set_owner(struct job *j, const char *name, const char *key, char field[32])
{
	size_t len = name != NULL ? strlen(name) : 0;

	if (len > 0 && j->kind == TAR_PAX && (len > 31 || !is_ascii(name)))
		record(&j->x, key, name, len);
	if (len > 0)
		memcpy(field, name, len > 31 ? 31 : len);
}

/* A number's field, or its record, or it is too large. */
static void
set_number(struct job *j, char *field, size_t size, int64_t v, const char *key)
{
	if (number(j->kind, field, size, v))
		return;
	if (j->kind == TAR_PAX)
		record_u64(&j->x, key, (uint64_t)v);
	else
		cannot(j, "a number is too large for ustar");
}

static void
set_numbers(struct job *j, uint64_t size)
{
	const struct rump_stat *st = &j->m->m_st;
	uint32_t type = st->st_mode & RUMP_S_IFMT;
	struct header *h = &j->h;

	octal(h->mode, sizeof(h->mode), st->st_mode & RUMP_ALLPERMS);
	set_number(j, h->uid, sizeof(h->uid), st->st_uid, "uid");
	set_number(j, h->gid, sizeof(h->gid), st->st_gid, "gid");
	set_number(j, h->size, sizeof(h->size), (int64_t)size, "size");
	if (!number(j->kind, h->mtime, sizeof(h->mtime), st->st_mtim.tv_sec) &&
	    j->kind == TAR_USTAR)
		cannot(j, "its time is out of ustar's range");
	if (j->kind == TAR_PAX &&
	    (st->st_mtim.tv_nsec != 0 || st->st_mtim.tv_sec < 0 ||
		st->st_mtim.tv_sec > 077777777777ll))
		record_time(&j->x, "mtime", &st->st_mtim);
	if (!j->m->m_hardlink &&
	    (type == RUMP_S_IFCHR || type == RUMP_S_IFBLK)) {
		set_number(j, h->devmajor, sizeof(h->devmajor),
		    RUMP_MAJOR(st->st_rdev), "SCHILY.devmajor");
		set_number(j, h->devminor, sizeof(h->devminor),
		    RUMP_MINOR(st->st_rdev), "SCHILY.devminor");
	}
	set_owner(j, j->m->m_uname, "uname", h->uname);
	set_owner(j, j->m->m_gname, "gname", h->gname);
}

static void
pax_attributes(struct job *j)
{
	const struct tar_member *m = j->m;

	for (size_t i = 0; i < m->m_nxattr; i++)
		record_xattr(&j->x, &m->m_xattr[i]);
	if (m->m_acl[0] != NULL)
		record_str(&j->x, "SCHILY.acl.access", m->m_acl[0]);
	if (m->m_acl[1] != NULL)
		record_str(&j->x, "SCHILY.acl.default", m->m_acl[1]);
	if (m->m_fflags != NULL)
		record_str(&j->x, "SCHILY.fflags", m->m_fflags);
	if (!m->m_sparse)
		return;
	record_str(&j->x, "GNU.sparse.major", "1");
	record_str(&j->x, "GNU.sparse.minor", "0");
	record_str(&j->x, "GNU.sparse.name", m->m_name);
	record_u64(&j->x, "GNU.sparse.realsize", m->m_st.st_size);
	sparse_map(&j->map, m);
}

const char *
tar_header(struct tar_out *o, enum tar_format kind, const struct tar_member *m)
{
	struct job j = {.o = o, .kind = kind, .m = m};
	bool sparse = m->m_sparse && kind != TAR_USTAR;
	uint64_t size = 0;

	header_start(&j.h, kind);
	j.h.typeflag = type_of(m);
	if (j.h.typeflag == '\0')
		return "is of a type that tar can't hold";
	set_names(&j);
	if (kind == TAR_PAX && !m->m_hardlink)
		pax_attributes(&j);
	if (j.h.typeflag == '0')
		size = (sparse ? data_bytes(m) : m->m_st.st_size) + j.map.len;
	if (sparse && kind == TAR_GNU)
		gnu_sparse(&j.h, m);
	set_numbers(&j, size);
	if (j.why == NULL) {
		if (j.x.len > 0)
			pax_out(o, &j.x, m->m_name);
		header_out(o, &j.h);
		tar_out_mem(o, j.map.p, j.map.len);
		if (j.h.typeflag == 'S')
			gnu_sparse_more(o, m);
	}
	free(j.x.p);
	free(j.map.p);
	return j.why;
}

void
tar_end(struct tar_out *o)
{
	tar_out_zero(o, 2 * TAR_BLOCK);
	tar_out_pad(o, TAR_RECORD);
}
