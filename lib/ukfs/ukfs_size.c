/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizes as everything here reads them.
 *
 *	size    = product of factors, "2x1024"
 *	factor  = decimal or 0x number, suffix
 *	suffix  = b s (512) | k m g t p e of either case, with or without iB (x1024)
 *	          | kB MB GB TB PB EB (x1000)
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rump/ukfs.h>

/* The multiplier of the suffix at s; *endp after it.  0: there is none such. */
static uint64_t
suffix(const char *s, const char **endp)
{
	static const char letters[] = "kmgtpe";
	const char *p;
	uint64_t base, m;

	*endp = s;
	if (*s == '\0' || *s == 'x' || *s == 'X')
		return 1;
	if (*s == 'b' || *s == 's') {
		*endp = s + 1;
		return 512;
	}
	p = strchr(letters, tolower((unsigned char)*s));
	if (p == NULL)
		return 0;
	base = 1024;
	if (s[1] == 'i' && s[2] == 'B')
		*endp = s + 3;
	else if (s[1] == 'B') {
		base = 1000;
		*endp = s + 2;
	} else
		*endp = s + 1;
	m = base;
	while (p-- > letters)
		m *= base;
	return m;
}

/* One factor. */
static int
factor(const char *s, uint64_t *valuep, const char **endp)
{
	unsigned long long v;
	uint64_t mul;
	char *end;
	int radix;

	if (!isdigit((unsigned char)*s))
		return EINVAL;
	/* "0x10" is hexadecimal; "0x" before anything else a product. */
	radix = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') &&
		isxdigit((unsigned char)s[2])
	    ? 16
	    : 10;
	errno = 0;
	v = strtoull(s, &end, radix);
	if (errno == ERANGE)
		return ERANGE;
	mul = suffix(end, endp);
	if (mul == 0)
		return EINVAL;
	if (__builtin_mul_overflow((uint64_t)v, mul, valuep))
		return ERANGE;
	return 0;
}

int
ukfs_parse_size(const char *s, uint64_t *bytesp)
{
	uint64_t total, v;
	const char *end;
	int error;

	error = factor(s, &total, &end);
	while (error == 0 && *end != '\0') {
		if (*end != 'x' && *end != 'X')
			return EINVAL;
		error = factor(end + 1, &v, &end);
		if (error == 0 && __builtin_mul_overflow(total, v, &total))
			error = ERANGE;
	}
	/* Offsets in host files are signed. */
	if (error == 0 && total > INT64_MAX)
		error = ERANGE;
	if (error == 0)
		*bytesp = total;
	return error;
}
