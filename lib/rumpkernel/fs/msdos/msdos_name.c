/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See msdos_name.h.  The rules are those of Microsoft's "FAT: General Overview of
 * On-Disk Format" for short and long names, the numbers those of Windows.
 */
#include "fs/msdos/msdos_name.h"
#include "fs/msdos/msdos_ondisk.h"
#include "kern/kstring.h"
#include "vfs/unicode.h"

/* ---- codepages ------------------------------------------------------------------ */

/* What bytes from 0x80 on stand for. */
static const uint16_t cp437[128] = {
    0x00c7,
    0x00fc,
    0x00e9,
    0x00e2,
    0x00e4,
    0x00e0,
    0x00e5,
    0x00e7,
    0x00ea,
    0x00eb,
    0x00e8,
    0x00ef,
    0x00ee,
    0x00ec,
    0x00c4,
    0x00c5,
    0x00c9,
    0x00e6,
    0x00c6,
    0x00f4,
    0x00f6,
    0x00f2,
    0x00fb,
    0x00f9,
    0x00ff,
    0x00d6,
    0x00dc,
    0x00a2,
    0x00a3,
    0x00a5,
    0x20a7,
    0x0192,
    0x00e1,
    0x00ed,
    0x00f3,
    0x00fa,
    0x00f1,
    0x00d1,
    0x00aa,
    0x00ba,
    0x00bf,
    0x2310,
    0x00ac,
    0x00bd,
    0x00bc,
    0x00a1,
    0x00ab,
    0x00bb,
    0x2591,
    0x2592,
    0x2593,
    0x2502,
    0x2524,
    0x2561,
    0x2562,
    0x2556,
    0x2555,
    0x2563,
    0x2551,
    0x2557,
    0x255d,
    0x255c,
    0x255b,
    0x2510,
    0x2514,
    0x2534,
    0x252c,
    0x251c,
    0x2500,
    0x253c,
    0x255e,
    0x255f,
    0x255a,
    0x2554,
    0x2569,
    0x2566,
    0x2560,
    0x2550,
    0x256c,
    0x2567,
    0x2568,
    0x2564,
    0x2565,
    0x2559,
    0x2558,
    0x2552,
    0x2553,
    0x256b,
    0x256a,
    0x2518,
    0x250c,
    0x2588,
    0x2584,
    0x258c,
    0x2590,
    0x2580,
    0x03b1,
    0x00df,
    0x0393,
    0x03c0,
    0x03a3,
    0x03c3,
    0x00b5,
    0x03c4,
    0x03a6,
    0x0398,
    0x03a9,
    0x03b4,
    0x221e,
    0x03c6,
    0x03b5,
    0x2229,
    0x2261,
    0x00b1,
    0x2265,
    0x2264,
    0x2320,
    0x2321,
    0x00f7,
    0x2248,
    0x00b0,
    0x2219,
    0x00b7,
    0x221a,
    0x207f,
    0x00b2,
    0x25a0,
    0x00a0,
};
static const uint16_t cp850[128] = {
    0x00c7,
    0x00fc,
    0x00e9,
    0x00e2,
    0x00e4,
    0x00e0,
    0x00e5,
    0x00e7,
    0x00ea,
    0x00eb,
    0x00e8,
    0x00ef,
    0x00ee,
    0x00ec,
    0x00c4,
    0x00c5,
    0x00c9,
    0x00e6,
    0x00c6,
    0x00f4,
    0x00f6,
    0x00f2,
    0x00fb,
    0x00f9,
    0x00ff,
    0x00d6,
    0x00dc,
    0x00f8,
    0x00a3,
    0x00d8,
    0x00d7,
    0x0192,
    0x00e1,
    0x00ed,
    0x00f3,
    0x00fa,
    0x00f1,
    0x00d1,
    0x00aa,
    0x00ba,
    0x00bf,
    0x00ae,
    0x00ac,
    0x00bd,
    0x00bc,
    0x00a1,
    0x00ab,
    0x00bb,
    0x2591,
    0x2592,
    0x2593,
    0x2502,
    0x2524,
    0x00c1,
    0x00c2,
    0x00c0,
    0x00a9,
    0x2563,
    0x2551,
    0x2557,
    0x255d,
    0x00a2,
    0x00a5,
    0x2510,
    0x2514,
    0x2534,
    0x252c,
    0x251c,
    0x2500,
    0x253c,
    0x00e3,
    0x00c3,
    0x255a,
    0x2554,
    0x2569,
    0x2566,
    0x2560,
    0x2550,
    0x256c,
    0x00a4,
    0x00f0,
    0x00d0,
    0x00ca,
    0x00cb,
    0x00c8,
    0x0131,
    0x00cd,
    0x00ce,
    0x00cf,
    0x2518,
    0x250c,
    0x2588,
    0x2584,
    0x00a6,
    0x00cc,
    0x2580,
    0x00d3,
    0x00df,
    0x00d4,
    0x00d2,
    0x00f5,
    0x00d5,
    0x00b5,
    0x00fe,
    0x00de,
    0x00da,
    0x00db,
    0x00d9,
    0x00fd,
    0x00dd,
    0x00af,
    0x00b4,
    0x00ad,
    0x00b1,
    0x2017,
    0x00be,
    0x00b6,
    0x00a7,
    0x00f7,
    0x00b8,
    0x00b0,
    0x00a8,
    0x00b7,
    0x00b9,
    0x00b3,
    0x00b2,
    0x25a0,
    0x00a0,
};

static const uint16_t *
cp_table(unsigned codepage)
{
	return codepage == MSDOS_CP850 ? cp850 : cp437;
}

static uint16_t
cp_decode(unsigned codepage, uint8_t byte)
{
	return byte < 0x80 ? byte : cp_table(codepage)[byte - 0x80];
}

/* The byte for a character's upper case; 0: none. */
static uint8_t
cp_encode_upper(unsigned codepage, uint16_t unit)
{
	const uint16_t *t = cp_table(codepage);
	uint16_t folded = utf16_fold(unit);
	uint8_t found = 0;

	if (unit < 0x80)
		return (
		    uint8_t)(unit >= 'a' && unit <= 'z' ? unit - 0x20 : unit);
	for (unsigned i = 0; i < 128; i++) {
		if (utf16_fold(t[i]) != folded)
			continue;
		found = (uint8_t)(0x80 + i);
		if (t[i] != folded)
			break; /* upper case: it isn't its own folding */
	}
	return found;
}

/* ---- what a name may be ------------------------------------------------------------ */

static bool
is_device(const uint16_t *name, size_t len)
{
	static const char names[][4] = {"con", "prn", "aux", "nul"};
	static const char ports[][4] = {"com", "lpt"};
	char base[5] = "";
	size_t n;

	for (n = 0; n < len && name[n] != '.'; n++) {
		if (n == 4 || utf16_fold(name[n]) >= 0x80)
			return false;
		base[n] = (char)utf16_fold(name[n]);
	}
	while (n > 0 && base[n - 1] == ' ')
		base[--n] = '\0';
	for (size_t i = 0; i < nitems(names); i++)
		if (n == 3 && memcmp(base, names[i], 3) == 0)
			return true;
	for (size_t i = 0; i < nitems(ports); i++)
		if (n == 4 && memcmp(base, ports[i], 3) == 0 &&
		    base[3] >= '1' && base[3] <= '9')
			return true;
	return false;
}

static int
name_valid(const char *name, size_t len)
{
	uint16_t u[MSDOS_LN_MAX];
	size_t n;
	int error;

	error = name_valid_bytes(name, kmin(len, RUMP_NAME_MAX));
	if (error == 0)
		error = utf16_from_utf8(name, len, u, MSDOS_LN_MAX, &n);
	if (error != 0)
		return error;
	for (size_t i = 0; i < n; i++)
		if (u[i] < 0x20 ||
		    (u[i] < 0x80 && kstrchr("\"*/:<>?\\|", u[i]) != NULL))
			return EINVAL;
	if (u[n - 1] == ' ' || u[n - 1] == '.' || is_device(u, n))
		return EINVAL;
	return 0;
}

/* Bytes that aren't UTF-8 are their own folding: they name nothing. */
static uint32_t
name_hash(const char *name, size_t len)
{
	uint16_t u[MSDOS_LN_MAX];
	size_t n;

	if (utf16_from_utf8(name, len, u, MSDOS_LN_MAX, &n) != 0)
		return name_hash_bytes(name, len);
	for (size_t i = 0; i < n; i++)
		u[i] = utf16_fold(u[i]);
	return name_hash_bytes((const char *)u, n * sizeof(u[0]));
}

bool
msdos_name_equal(const uint16_t *a, size_t alen, const uint16_t *b, size_t blen)
{
	if (alen != blen)
		return false;
	for (size_t i = 0; i < alen; i++)
		if (a[i] != b[i] && utf16_fold(a[i]) != utf16_fold(b[i]))
			return false;
	return true;
}

static bool
name_equal(const char *a, size_t alen, const char *b, size_t blen)
{
	uint16_t ua[MSDOS_LN_MAX], ub[MSDOS_LN_MAX];
	size_t na, nb;

	if (alen == blen && memcmp(a, b, alen) == 0)
		return true;
	return utf16_from_utf8(a, alen, ua, MSDOS_LN_MAX, &na) == 0 &&
	    utf16_from_utf8(b, blen, ub, MSDOS_LN_MAX, &nb) == 0 &&
	    msdos_name_equal(ua, na, ub, nb);
}

const struct namespec msdos_namespec = {
    .ns_encoding = NAME_UTF16,
    .ns_maxlen = MSDOS_LN_MAX,
    .ns_hash = name_hash,
    .ns_equal = name_equal,
    .ns_valid = name_valid,
};

/* ---- short names -------------------------------------------------------------------- */

#define BASE 8
#define EXT  3

size_t
msdos_short_show(
    const uint8_t name[11], uint8_t lcase, unsigned codepage, uint16_t *out)
{
	size_t base = BASE, ext = EXT, n = 0;

	while (base > 0 && name[base - 1] == ' ')
		base--;
	while (ext > 0 && name[BASE + ext - 1] == ' ')
		ext--;
	for (size_t i = 0; i < base + ext; i++) {
		uint8_t c = i < base ? name[i] : name[BASE + i - base];
		bool low = (lcase &
			       (i < base ? MSDOS_LC_BASE : MSDOS_LC_EXT)) != 0;

		if (i == 0 && c == MSDOS_DE_KANJI)
			c = MSDOS_DE_DELETED;
		if (i == base)
			out[n++] = '.';
		out[n] = cp_decode(codepage, c);
		if (low)
			out[n] = utf16_fold(out[n]);
		n++;
	}
	return base == 0 ? 0 : n;
}

size_t
msdos_label_show(const uint8_t name[11], unsigned codepage, uint16_t *out)
{
	size_t n = BASE + EXT;

	while (n > 0 && name[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < n; i++)
		out[i] = cp_decode(codepage,
		    i == 0 && name[0] == MSDOS_DE_KANJI ? MSDOS_DE_DELETED
							: name[i]);
	return n;
}

uint8_t
msdos_short_sum(const uint8_t name[11])
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < 11; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + name[i]);
	return sum;
}

/* One part of a name (before or behind the last dot) as it goes in. */
struct part {
	bool upper, lower; /* letters of that case are in it */
	bool lossy;	   /* something was left out or replaced */
	bool other;	   /* only a long name has these characters */
};

static void
put_part(const uint16_t *name, size_t len, unsigned codepage, uint8_t *out,
    size_t room, struct part *pt)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		uint16_t u = name[i];
		uint8_t c = cp_encode_upper(codepage, u);

		if (u == ' ' || u == '.') {
			pt->lossy = true;
			continue;
		}
		if (c == 0 || (c < 0x80 && kstrchr("+,;=[]", c) != NULL)) {
			pt->lossy = true;
			c = '_';
		}
		if (u >= 0x80)
			pt->other = true; /* its case may not come back */
		else if (u >= 'a' && u <= 'z')
			pt->lower = true;
		else if (u >= 'A' && u <= 'Z')
			pt->upper = true;
		if (n == room) {
			pt->lossy = true;
			break;
		}
		out[n++] = c;
	}
}

enum msdos_short
msdos_short_make(const uint16_t *name, size_t len, unsigned codepage,
    uint8_t out[11], uint8_t *lcasep)
{
	struct part base = {0}, ext = {0};
	size_t dot = len, start = 0;

	memset(out, ' ', 11);
	*lcasep = 0;
	while (start < len && name[start] == '.')
		start++;
	for (size_t i = start; i < len; i++)
		if (name[i] == '.')
			dot = i;
	base.lossy = start > 0;
	put_part(name + start, dot - start, codepage, out, BASE, &base);
	if (dot < len)
		put_part(name + dot + 1, len - dot - 1, codepage, out + BASE,
		    EXT, &ext);
	if (out[0] == ' ') {
		out[0] = '_';
		base.lossy = true;
	}
	if (out[0] == MSDOS_DE_DELETED)
		out[0] = MSDOS_DE_KANJI;
	if (base.lossy || ext.lossy)
		return MSDOS_SHORT_TAIL;
	if (base.other || ext.other || (base.upper && base.lower) ||
	    (ext.upper && ext.lower))
		return MSDOS_SHORT_PLAIN;
	if (base.lower)
		*lcasep |= MSDOS_LC_BASE;
	if (ext.lower)
		*lcasep |= MSDOS_LC_EXT;
	return MSDOS_SHORT_EXACT;
}

uint32_t
msdos_name_entries(const char *name, size_t len, unsigned codepage)
{
	uint16_t u[MSDOS_LN_MAX];
	uint8_t shortname[11], lcase;
	size_t n;

	if (utf16_from_utf8(name, len, u, MSDOS_LN_MAX, &n) != 0)
		return 0;
	if (msdos_short_make(u, n, codepage, shortname, &lcase) ==
	    MSDOS_SHORT_EXACT)
		return 1;
	return (uint32_t)howmany(n, MSDOS_LN_CHARS) + 1;
}

void
msdos_short_number(
    uint8_t out[11], const uint16_t *name, size_t len, uint32_t n)
{
	char tail[12];
	size_t base = BASE, keep, tlen;
	uint32_t hash = 0;

	while (base > 0 && out[base - 1] == ' ')
		base--;
	if (n <= 4) {
		(void)ksnprintf(tail, sizeof(tail), "~%u", n);
	} else {
		for (size_t i = 0; i < len; i++)
			hash = hash * 37 + name[i];
		hash = (hash ^ hash >> 16) + (n - 5) / 9;
		(void)ksnprintf(tail, sizeof(tail), "%04X~%u", hash & 0xffff,
		    (n - 5) % 9 + 1);
	}
	tlen = kstrlen(tail);
	keep = kmin(base, n <= 4 ? BASE - tlen : 2);
	memcpy(out + keep, tail, tlen);
	memset(out + keep + tlen, ' ', BASE - keep - tlen);
}
