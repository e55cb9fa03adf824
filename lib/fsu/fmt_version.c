/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of `ls -v`: numbers in names compare by value.  It is documented in
 * the coreutils manual ("Version sort ordering rules", after Debian's policy):
 *
 * - the empty name, ".", "..", other names with a leading dot, the rest;
 * - names are compared without their suffix, a run of parts that begin with a dot
 *   and a letter or ~; if that leaves them equal, with it;
 * - non-digit parts: ~ before the end, the end before digits and letters,
 *   letters before other bytes; digit parts by value, leading zeros ignored.
 */
#include "fsu/fmt.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alpha(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* How much of the name stands in front of its suffix. */
static size_t
stem_length(const char *s, size_t len)
{
	size_t i = 0;

	for (;;) {
		size_t stem = i;

		while (i + 1 < len && s[i] == '.' &&
		    (is_alpha(s[i + 1]) || s[i + 1] == '~')) {
			for (i += 2; i < len; i++) {
				if (!is_alpha(s[i]) && !is_digit(s[i]) &&
				    s[i] != '~')
					break;
			}
		}
		if (i == len)
			return stem;
		i++;
	}
}

/* Where a byte of a non-digit part sorts. */
static int
weight(const char *s, size_t len, size_t i)
{
	if (i == len)
		return -1;
	if (is_digit(s[i]))
		return 0;
	if (s[i] == '~')
		return -2;
	return is_alpha(s[i]) ? (unsigned char)s[i] : (unsigned char)s[i] + 256;
}

static int
compare_parts(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t i = 0, j = 0;

	while (i < alen || j < blen) {
		int diff = 0;

		while ((i < alen && !is_digit(a[i])) ||
		    (j < blen && !is_digit(b[j]))) {
			int wa = weight(a, alen, i), wb = weight(b, blen, j);

			if (wa != wb)
				return wa - wb;
			i++;
			j++;
		}
		while (i < alen && a[i] == '0')
			i++;
		while (j < blen && b[j] == '0')
			j++;
		for (; i < alen && j < blen && is_digit(a[i]) && is_digit(b[j]);
		     i++, j++) {
			if (diff == 0)
				diff = a[i] - b[j];
		}
		if (i < alen && is_digit(a[i]))
			return 1;
		if (j < blen && is_digit(b[j]))
			return -1;
		if (diff != 0)
			return diff;
	}
	return 0;
}

/* 0: empty, 1 ".", 2 "..", 3 hidden, 4 any other. */
static int
rank(const char *s, size_t len)
{
	if (len == 0)
		return 0;
	if (s[0] != '.')
		return 4;
	if (len == 1)
		return 1;
	return len == 2 && s[1] == '.' ? 2 : 3;
}

int
fsu_version_compare(const char *a, size_t alen, const char *b, size_t blen)
{
	int ra = rank(a, alen), rb = rank(b, blen), diff;
	size_t astem, bstem;

	if (ra != rb)
		return ra - rb;
	if (ra < 3)
		return 0;
	astem = stem_length(a, alen);
	bstem = stem_length(b, blen);
	diff = compare_parts(a, astem, b, bstem);
	if (diff != 0 || (astem == alen && bstem == blen))
		return diff;
	return compare_parts(a, alen, b, blen);
}
