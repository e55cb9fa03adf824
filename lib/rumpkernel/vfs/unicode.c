/* SPDX-License-Identifier: BSD-2-Clause */
/* See unicode.h.  The folding table is made by tools/casefold.py. */
#include "vfs/unicode.h"

static const struct fold_run {
	uint16_t first, last, distance, step;
} fold_runs[] = {
#include "vfs/casefold_table.h"
};

uint16_t
utf16_fold(uint16_t unit)
{
	size_t lo = 0, hi = nitems(fold_runs);

	if (unit < 0x80)
		return unit >= 'A' && unit <= 'Z' ? unit + 0x20 : unit;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct fold_run *r = &fold_runs[mid];

		if (unit < r->first)
			hi = mid;
		else if (unit > r->last)
			lo = mid + 1;
		else if ((unit - r->first) % r->step == 0)
			return (uint16_t)(unit + r->distance);
		else
			return unit;
	}
	return unit;
}

static bool
is_continuation(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

/* The character at p, n bytes there are: its length, 0 if it isn't UTF-8. */
static size_t
decode(const uint8_t *p, size_t n, uint32_t *cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len;

	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
		return 0;
	*cp = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (!is_continuation(p[i]))
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3f);
	}
	return *cp >= least[len] && *cp <= 0x10ffff ? len : 0;
}

int
utf16_from_utf8(
    const char *s, size_t len, uint16_t *out, size_t max, size_t *lenp)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t n = 0, used;
	uint32_t cp;

	for (; len > 0; p += used, len -= used) {
		used = decode(p, len, &cp);
		if (used == 0)
			return EILSEQ;
		if (n + (cp >= 0x10000) >= max)
			return ENAMETOOLONG;
		if (cp >= 0x10000) {
			out[n++] = (uint16_t)(0xd800 + ((cp - 0x10000) >> 10));
			out[n++] = (uint16_t)(0xdc00 + (cp & 0x3ff));
		} else {
			out[n++] = (uint16_t)cp;
		}
	}
	*lenp = n;
	return 0;
}

size_t
utf8_from_utf16(const uint16_t *s, size_t len, char *out)
{
	char *p = out;

	for (size_t i = 0; i < len; i++) {
		uint32_t c = s[i];

		if (c >= 0xd800 && c < 0xdc00 && i + 1 < len &&
		    s[i + 1] >= 0xdc00 && s[i + 1] < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (s[++i] - 0xdc00u);
			*p++ = (char)(0xf0 | c >> 18);
			*p++ = (char)(0x80 | (c >> 12 & 0x3f));
			*p++ = (char)(0x80 | (c >> 6 & 0x3f));
			*p++ = (char)(0x80 | (c & 0x3f));
		} else if (c >= 0x800) {
			*p++ = (char)(0xe0 | c >> 12);
			*p++ = (char)(0x80 | (c >> 6 & 0x3f));
			*p++ = (char)(0x80 | (c & 0x3f));
		} else if (c >= 0x80) {
			*p++ = (char)(0xc0 | c >> 6);
			*p++ = (char)(0x80 | (c & 0x3f));
		} else {
			*p++ = (char)c;
		}
	}
	return (size_t)(p - out);
}
