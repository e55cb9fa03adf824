/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of ISO 9660 (ECMA-119, 7.5 and 7.6) and of Joliet, which have few characters
 * and little room, each its own in its directory.
 *
 * The first, in the order of the real names, that comes to a name keeps it; each later
 * one is cut where needed and gets three digits or letters, or more when those are
 * used up, in front of its extension.  Names are kept here without the version.
 */
#include <stdlib.h>
#include <string.h>

#include "newfs/newfs_cd9660_int.h"

#define JOLIET_MAX   64u /* units */
#define JOLIET_EXT   16u /* that are kept of an extension, if it comes to that */
#define LEVEL2_EXT   12u
#define FIRST_DIGITS 3u
#define MOST_DIGITS  6u

/* A name in its two parts: bytes of each, and what it may have of them. */
struct parts {
	uint8_t p_base[512], p_ext[512];
	uint32_t p_nbase, p_next, p_max; /* p_max: of both and the dot */
	uint32_t p_unit;		 /* bytes of a character */
	bool p_dot;
};

/* ---- the set of names --------------------------------------------------------- */

void
iso_names_free(struct iso_names *nm)
{
	free(nm->nm_slot);
	free(nm->nm_bytes);
	memset(nm, 0, sizeof(*nm));
}

/* Empty, with room for n names and as many counters. */
static int
names_reset(struct iso_names *nm, uint32_t n)
{
	uint32_t size = 16;

	while (size < n)
		size *= 2;
	size *= 4;
	if (size > nm->nm_size) {
		free(nm->nm_slot);
		nm->nm_slot = malloc(size * sizeof(*nm->nm_slot));
		if (nm->nm_slot == NULL)
			return RUMP_ENOMEM;
	}
	nm->nm_size = size;
	nm->nm_n = 0;
	nm->nm_used = 0;
	memset(nm->nm_slot, 0, size * sizeof(*nm->nm_slot));
	return 0;
}

static int
names_grow(struct iso_names *nm, size_t len)
{
	size_t room = 2 * nm->nm_room + len + 4096;
	uint8_t *grown;

	if (nm->nm_room - nm->nm_used >= len)
		return 0;
	grown = realloc(nm->nm_bytes, room);
	if (grown == NULL)
		return RUMP_ENOMEM;
	nm->nm_bytes = grown;
	nm->nm_room = room;
	return 0;
}

/* The slot of a key, made if need be; NULL: no memory. */
static struct iso_slot *
names_find(struct iso_names *nm, const uint8_t *key, uint8_t len, bool *isnew)
{
	uint64_t h = len;
	struct iso_slot *s;

	for (unsigned i = 0; i < len; i++)
		h = (h ^ key[i]) * UINT64_C(0x100000001b3);
	for (h ^= h >> 29;; h++) {
		s = &nm->nm_slot[h & (nm->nm_size - 1)];
		if (s->s_len == 0)
			break;
		if (s->s_len == len &&
		    memcmp(nm->nm_bytes + s->s_ref, key, len) == 0) {
			*isnew = false;
			return s;
		}
	}
	/* each name makes one key of its own and one counter at a time */
	if (nm->nm_n >= nm->nm_size / 4 * 3 || names_grow(nm, len) != 0)
		return NULL;
	nm->nm_n++;
	s->s_ref = (uint32_t)nm->nm_used;
	s->s_len = len;
	s->s_count = 0;
	memcpy(nm->nm_bytes + nm->nm_used, key, len);
	nm->nm_used += len;
	*isnew = true;
	return s;
}

/* Two letters that are one for Windows, and for Linux with Joliet: of the Latin, Greek
 * and Cyrillic alphabets. */
static uint32_t
fold(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) ||
	    (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		return c + 32;
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	return c;
}

/* The slot of a name, whatever the case of its letters. */
static struct iso_slot *
names_take(struct iso_names *nm, uint32_t unit, const uint8_t *name,
    uint32_t len, bool *isnew)
{
	uint8_t key[ISO_NAME_MAX];

	for (uint32_t i = 0; i < len; i += unit) {
		uint32_t c = name[i];

		if (unit == 2)
			c = c << 8 | name[i + 1];
		c = fold(c);
		key[i + unit - 1] = (uint8_t)c;
		if (unit == 2)
			key[i] = (uint8_t)(c >> 8);
	}
	return names_find(nm, key, (uint8_t)len, isnew);
}

/* ---- UTF-8 ------------------------------------------------------------------------ */

/* One character of s[0..len), len > 0; *used bytes.  UINT32_MAX: none begins here. */
static uint32_t
utf8_next(const uint8_t *s, size_t len, size_t *used)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned n = s[0] < 0x80 ? 1
	    : s[0] < 0xc2	 ? 0
	    : s[0] < 0xe0	 ? 2
	    : s[0] < 0xf0	 ? 3
	    : s[0] < 0xf5	 ? 4
				 : 0;
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);

	*used = 1;
	if (n == 0 || n > len)
		return UINT32_MAX;
	for (unsigned i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return UINT32_MAX;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return UINT32_MAX;
	*used = n;
	return c;
}

static size_t
put_units(uint8_t *out, uint32_t c)
{
	if (c < 0x10000) {
		out[0] = (uint8_t)(c >> 8);
		out[1] = (uint8_t)c;
		return 2;
	}
	c -= 0x10000;
	out[0] = (uint8_t)(0xd8 | c >> 18);
	out[1] = (uint8_t)(c >> 10);
	out[2] = (uint8_t)(0xdc | (c >> 8 & 3));
	out[3] = (uint8_t)c;
	return 4;
}

size_t
iso_utf16(const char *s, size_t len, uint8_t *out, size_t max)
{
	size_t n = 0, used;

	for (; len > 0; s += used, len -= used) {
		uint32_t c = utf8_next((const uint8_t *)s, len, &used);

		if (n + (c >= 0x10000 && c != UINT32_MAX ? 4 : 2) > max)
			break;
		n += put_units(out + n, c == UINT32_MAX ? '_' : c);
	}
	return n;
}

/* ---- what a name becomes ------------------------------------------------------------- */

/* Where the extension's dot is; len: there is none. */
static size_t
dot_of(const char *s, size_t len, bool dir)
{
	for (size_t i = len; !dir && i-- > 1;)
		if (s[i] == '.')
			return i;
	return len;
}

static uint8_t
plain_char(const struct iso *is, uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return (uint8_t)c;
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(iso_has(is, NC_LOWERCASE) ? c : c - 32);
	if (c == '.' && iso_has(is, NC_MULTIDOT))
		return '.';
	if (iso_has(is, NC_ILLEGAL) && c > ' ' && c < 0x7f && c != '.' &&
	    c != '/' && c != ';')
		return (uint8_t)c;
	return '_';
}

static uint32_t
plain_part(const struct iso *is, const char *s, size_t len, uint8_t *out)
{
	uint32_t n = 0;
	size_t used;

	for (; len > 0; s += used, len -= used)
		out[n++] = plain_char(
		    is, utf8_next((const uint8_t *)s, len, &used));
	return n;
}

static void
plain_parts(
    const struct iso *is, const char *s, size_t len, bool dir, struct parts *p)
{
	size_t dot = dot_of(s, len, dir);
	uint32_t ext = LEVEL2_EXT;

	p->p_unit = 1;
	p->p_max = iso_has(is, NC_MAXNAME) ? 37 : 31;
	p->p_nbase = plain_part(is, s, dot, p->p_base);
	p->p_next = 0;
	if (dot < len)
		p->p_next = plain_part(
		    is, s + dot + 1, len - dot - 1, p->p_ext);
	p->p_dot = !dir && (p->p_next > 0 || !iso_has(is, NC_NOPERIOD));
	if (is->i_level == 1) {
		if (p->p_nbase > 8)
			p->p_nbase = 8;
		ext = 3;
		p->p_max = dir ? 8 : 8 + 1 + (p->p_next < 3 ? p->p_next : 3);
	}
	if (p->p_next > ext &&
	    (is->i_level == 1 || p->p_nbase + 1 + p->p_next > p->p_max))
		p->p_next = ext;
}

/* Joliet's specification forbids these. */
static uint32_t
joliet_part(const char *s, size_t len, uint8_t *out)
{
	size_t used;
	uint32_t n = 0;

	for (; len > 0; s += used, len -= used) {
		uint32_t c = utf8_next((const uint8_t *)s, len, &used);

		if (c == UINT32_MAX || c < ' ' ||
		    (c < 0x7f && strchr("*/:;?\\", (int)c) != NULL))
			c = '_';
		n += (uint32_t)put_units(out + n, c);
	}
	return n;
}

static void
joliet_parts(const char *s, size_t len, bool dir, struct parts *p)
{
	size_t dot = dot_of(s, len, dir);

	p->p_unit = 2;
	p->p_max = JOLIET_MAX * 2;
	p->p_nbase = joliet_part(s, dot, p->p_base);
	p->p_next = 0;
	p->p_dot = dot < len;
	if (p->p_dot)
		p->p_next = joliet_part(s + dot + 1, len - dot - 1, p->p_ext);
	if (p->p_next > JOLIET_EXT * 2 && p->p_nbase + 2 + p->p_next > p->p_max)
		p->p_next = JOLIET_EXT * 2;
}

/* n bytes, but no first half of a character of two units. */
static uint32_t
whole(const struct parts *p, const uint8_t *s, uint32_t n)
{
	return p->p_unit == 2 && n >= 2 && (s[n - 2] & 0xfc) == 0xd8 ? n - 2
								     : n;
}

static void
append_char(const struct parts *p, uint8_t *out, uint32_t *n, uint8_t c)
{
	if (p->p_unit == 2)
		out[(*n)++] = 0;
	out[(*n)++] = c;
}

/* The name, with digits between its parts; bytes. */
static uint32_t
join(const struct parts *p, const char *digits, uint8_t out[ISO_NAME_MAX])
{
	uint32_t k = (uint32_t)strlen(digits) * p->p_unit;
	uint32_t ext = whole(p, p->p_ext, p->p_next), n;
	uint32_t rest = k + ext + (p->p_dot ? p->p_unit : 0);

	n = p->p_nbase < p->p_max - rest ? p->p_nbase : p->p_max - rest;
	n = whole(p, p->p_base, n);
	memcpy(out, p->p_base, n);
	for (; *digits != '\0'; digits++)
		append_char(p, out, &n, (uint8_t)*digits);
	if (p->p_dot)
		append_char(p, out, &n, '.');
	memcpy(out + n, p->p_ext, ext);
	return n + ext;
}

/* ---- names for a directory --------------------------------------------------------------- */

static void
parts_of(const struct iso *is, const struct iso_tree *t,
    const struct iso_entry *e, struct parts *p)
{
	bool dir = (e->e_flags & ISO_E_DIR) != 0;
	struct newfs_treenode tn;

	if (e->e_node == is->i_moved) {
		plain_parts(is, "rr_moved", 8, dir, p);
		return;
	}
	tn = iso_node_of(is, e->e_node);
	if (t->t_joliet)
		joliet_parts(tn.tn_name, tn.tn_namelen, dir, p);
	else
		plain_parts(is, tn.tn_name, tn.tn_namelen, dir, p);
}

static int
keep(struct iso_tree *t, struct iso_entry *e, const uint8_t *name, uint32_t len)
{
	uint32_t room = 2 * t->t_namesroom + 65536;
	uint8_t *grown;

	if (t->t_namesroom - t->t_nnames < len) {
		grown = realloc(t->t_names, room);
		if (grown == NULL)
			return RUMP_ENOMEM;
		t->t_names = grown;
		t->t_namesroom = room;
	}
	e->e_name = t->t_nnames;
	e->e_len = (uint8_t)len;
	memcpy(t->t_names + t->t_nnames, name, len);
	t->t_nnames += len;
	return 0;
}

static void
number(char *out, unsigned digits, uint32_t v)
{
	out[digits] = '\0';
	while (digits-- > 0) {
		out[digits] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[v % 36];
		v /= 36;
	}
}

/* The name is another's: numbers, counted for each beginning and extension. */
static int
numbered(struct iso_tree *t, struct iso_names *nm, struct iso_entry *e,
    const struct parts *p)
{
	uint8_t name[ISO_NAME_MAX], key[ISO_NAME_MAX + 1];
	char digits[MOST_DIGITS + 1];
	uint32_t len, count, most = 36 * 36;
	struct iso_slot *s;
	bool isnew;

	for (unsigned k = FIRST_DIGITS; k <= MOST_DIGITS; k++) {
		most *= 36;
		number(digits, k, 0);
		/* no name has a byte of 1, so the counters are no names */
		key[0] = (uint8_t)1;
		len = join(p, digits, key + 1);
		s = names_find(nm, key, (uint8_t)(len + 1), &isnew);
		if (s == NULL)
			return RUMP_ENOMEM;
		for (count = s->s_count; count < most; count++) {
			number(digits, k, count);
			len = join(p, digits, name);
			s = names_take(nm, p->p_unit, name, len, &isnew);
			if (s == NULL)
				return RUMP_ENOMEM;
			if (isnew)
				break;
		}
		s = names_find(nm, key, (uint8_t)(len + 1), &isnew);
		if (s == NULL)
			return RUMP_ENOMEM;
		s->s_count = count + 1;
		if (count < most)
			return keep(t, e, name, len);
	}
	return RUMP_EINVAL;
}

int
iso_names_give(struct iso *is, struct iso_tree *t, struct iso_names *nm,
    struct iso_entry *e, uint32_t n)
{
	uint8_t name[ISO_NAME_MAX];
	struct parts p;
	uint32_t len;
	bool isnew;
	int error;

	error = names_reset(nm, n);
	for (uint32_t i = 0; i < n && error == 0; i++) {
		parts_of(is, t, &e[i], &p);
		len = join(&p, "", name);
		if (names_take(nm, p.p_unit, name, len, &isnew) == NULL)
			return RUMP_ENOMEM;
		e[i].e_len = 0;
		if (isnew)
			error = keep(t, &e[i], name, len);
	}
	for (uint32_t i = 0; i < n && error == 0; i++)
		if (e[i].e_len == 0) {
			parts_of(is, t, &e[i], &p);
			error = numbered(t, nm, &e[i], &p);
		}
	return error;
}
