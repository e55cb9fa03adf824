/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizes in units, as GNU's ls, df and du print them: always rounded up; with
 * FSU_SIZE_AUTO in the largest unit in which at least 1 is left, and one decimal
 * below 10.  Arithmetic in 128 bits: 2^64 blocks of 2^63 bytes are no overflow.
 */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"

typedef unsigned __int128 u128;

static const char unit_letters[] = "\0KMGTPEZY";
#define UNIT_MAX 8

static char *
u128_end(char *end, u128 v)
{
	do {
		*--end = (char)('0' + (unsigned)(v % 10));
		v /= 10;
	} while (v != 0);
	return end;
}

/* The digits in p..end, with the locale's separators, end at end again. */
static char *
group_digits(char *p, char *end)
{
	char digits[48];
	size_t n = (size_t)(end - p), seplen;
	const struct lconv *lc;
	const char *grouping;
	unsigned group;

	lc = localeconv();
	seplen = strlen(lc->thousands_sep);
	grouping = lc->grouping;
	if (seplen == 0 || seplen > 4 || *grouping <= 0)
		return p;
	memcpy(digits, p, n);
	group = (unsigned)*grouping;
	for (unsigned in = 0; n != 0; in++) {
		if (in == group) {
			end -= seplen;
			memcpy(end, lc->thousands_sep, seplen);
			in = 0;
			if (grouping[1] > 0)
				group = (unsigned)*++grouping;
		}
		*--end = digits[--n];
	}
	return end;
}

static size_t
put_suffix(char *p, unsigned exponent, unsigned flags)
{
	size_t n = 0;

	if ((flags & FSU_SIZE_SUFFIX) == 0)
		return 0;
	if (exponent != 0)
		p[n++] = exponent == 1 && (flags & FSU_SIZE_1024) == 0
		    ? 'k'
		    : unit_letters[exponent];
	if ((flags & FSU_SIZE_B) != 0) {
		if (exponent != 0 && (flags & FSU_SIZE_1024) != 0)
			p[n++] = 'i';
		p[n++] = 'B';
	}
	return n;
}

/* Whole and tenth of bytes in the largest unit; tenth -1: not shown. */
static u128
scale(u128 bytes, unsigned base, unsigned *exponentp, int *tenthp)
{
	u128 unit = 1, whole;
	unsigned e = 0;

	while (e < UNIT_MAX && bytes / unit >= base) {
		unit *= base;
		e++;
	}
	*tenthp = -1;
	*exponentp = e;
	if (e != 0 && bytes / unit < 10) {
		u128 tenths = (bytes * 10 + unit - 1) / unit;

		if (tenths < 100) {
			*tenthp = (int)(tenths % 10);
			return tenths / 10;
		}
	}
	whole = (bytes + unit - 1) / unit;
	if (whole == base && e < UNIT_MAX) {
		*exponentp = e + 1;
		*tenthp = 0;
		return 1;
	}
	return whole;
}

size_t
fsu_size_format(char buf[FSU_SIZE_CHARS], uint64_t n, uint64_t from,
    const struct fsu_blocksize *bs)
{
	unsigned base = (bs->flags & FSU_SIZE_1024) != 0 ? 1024 : 1000;
	char digits[64], *end = digits + sizeof(digits), *p;
	u128 bytes = (u128)n * from, whole;
	unsigned exponent = 0;
	int tenth = -1;
	size_t len;

	if ((bs->flags & FSU_SIZE_AUTO) != 0) {
		whole = scale(bytes, base, &exponent, &tenth);
	} else {
		whole = bytes / bs->unit + (bytes % bs->unit != 0);
		for (u128 u = 1; u < bs->unit && exponent < UNIT_MAX; u *= base)
			exponent++;
	}
	p = u128_end(end, whole);
	if ((bs->flags & FSU_SIZE_GROUP) != 0)
		p = group_digits(p, end);
	len = (size_t)(end - p);
	memcpy(buf, p, len);
	if (tenth >= 0) {
		buf[len++] = '.';
		buf[len++] = (char)('0' + tenth);
	}
	len += put_suffix(buf + len, exponent, bs->flags);
	buf[len] = '\0';
	return len;
}

/* The unit's letter at *s and what follows it; 0 and *unitp, or an error. */
static int
parse_unit(const char *s, uint64_t *unitp)
{
	static const char letters[] = "KMGTPEZY";
	const char *at;
	unsigned base = 1024;
	u128 unit = 1;

	*unitp = 1;
	if (*s == '\0')
		return 0;
	at = strchr(letters, *s >= 'a' && *s <= 'z' ? *s - 32 : *s);
	if (at == NULL)
		return EINVAL;
	if (strcmp(s + 1, "B") == 0 || strcmp(s + 1, "D") == 0)
		base = 1000;
	else if (s[1] != '\0' && strcmp(s + 1, "iB") != 0)
		return EINVAL;
	for (long i = 0; i <= at - letters; i++)
		unit *= base;
	if (unit > UINT64_MAX)
		return ERANGE;
	*unitp = (uint64_t)unit;
	return 0;
}

int
fsu_blocksize_parse(const char *s, struct fsu_blocksize *bs)
{
	unsigned flags = 0;
	uint64_t v = 1, unit;
	char *end;
	size_t len;
	int error;

	if (*s == '\'') {
		flags |= FSU_SIZE_GROUP;
		setlocale(LC_NUMERIC, "");
		s++;
	}
	len = strlen(s);
	if (len == 0)
		return EINVAL;
	if (strncmp(s, "human-readable", len) == 0 ||
	    strncmp(s, "si", len) == 0) {
		flags |= FSU_SIZE_AUTO | FSU_SIZE_SUFFIX |
		    (*s == 'h' ? FSU_SIZE_1024 : 0);
		*bs = (struct fsu_blocksize){1, flags};
		return 0;
	}
	if (*s >= '0' && *s <= '9') {
		errno = 0;
		v = strtoull(s, &end, 0);
		if (errno != 0)
			return errno;
		s = end;
	} else {
		flags |= FSU_SIZE_SUFFIX;
		if (s[len - 1] == 'B')
			flags |= FSU_SIZE_B;
		if (s[len - 1] != 'B' || (len > 1 && s[len - 2] == 'i'))
			flags |= FSU_SIZE_1024;
	}
	error = parse_unit(s, &unit);
	if (error != 0)
		return error;
	if (__builtin_mul_overflow(v, unit, &v))
		return ERANGE;
	if (v == 0)
		return EINVAL;
	*bs = (struct fsu_blocksize){v, flags};
	return 0;
}

void
fsu_blocksize_env(const char *var, struct fsu_blocksize *bs)
{
	const char *s = var != NULL ? getenv(var) : NULL;

	if (s == NULL)
		s = getenv("BLOCK_SIZE");
	if (s == NULL)
		s = getenv("BLOCKSIZE");
	if (s != NULL && fsu_blocksize_parse(s, bs) == 0)
		return;
	*bs = (struct fsu_blocksize){
	    s == NULL && getenv("POSIXLY_CORRECT") != NULL ? 512 : 1024, 0};
}
