/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Strings, and numbers in them.  The formatter is kprintf.c; memcpy, memmove,
 * memset and memcmp are the host's.
 */
#include "kern/kstring.h"

size_t
kstrlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0')
		n++;
	return n;
}

size_t
kstrnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != '\0')
		n++;
	return n;
}

int
kstrcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

int
kstrncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0 && *a != '\0' && *a == *b; n--) {
		a++;
		b++;
	}
	return n == 0 ? 0 : (int)(unsigned char)*a - (int)(unsigned char)*b;
}

char *
kstrchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (*s == '\0')
			return NULL;
	return (char *)(uintptr_t)s;
}

char *
kstrrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (*s == '\0')
			return (char *)(uintptr_t)last;
	}
}

void *
kmemchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n > 0; p++, n--)
		if (*p == (unsigned char)c)
			return (void *)(uintptr_t)p;
	return NULL;
}

size_t
kstrlcpy(char *dst, const char *src, size_t size)
{
	size_t len = kstrlen(src), n;

	if (size != 0) {
		n = kmin(len, size - 1);
		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}

size_t
kstrlcat(char *dst, const char *src, size_t size)
{
	size_t used = kstrnlen(dst, size);

	if (used == size)
		return size + kstrlen(src);
	return used + kstrlcpy(dst + used, src, size - used);
}

bool
kmemzero(const void *p, size_t n)
{
	const unsigned char *s = p;
	uint64_t w[4];

	for (; n >= sizeof(w); s += sizeof(w), n -= sizeof(w)) {
		memcpy(w, s, sizeof(w));
		if ((w[0] | w[1] | w[2] | w[3]) != 0)
			return false;
	}
	for (; n > 0; s++, n--)
		if (*s != 0)
			return false;
	return true;
}

static unsigned
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 99;
}

/* Digits of base from *sp on, which is left after them. */
static int
parse_digits(const char **sp, unsigned base, uint64_t *valp)
{
	const char *s = *sp;
	uint64_t v = 0;
	bool over = false;

	if (digit_value(*s) >= base)
		return EINVAL;
	for (; digit_value(*s) < base; s++)
		over |= mul_overflow(v, base, &v) ||
		    add_overflow(v, digit_value(*s), &v);
	*sp = s;
	*valp = v;
	return over ? ERANGE : 0;
}

static int
suffix_shift(char c)
{
	switch (c) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	case 't':
	case 'T':
		return 40;
	default:
		return -1;
	}
}

int
kstrtou64(const char *s, uint64_t *valp)
{
	unsigned base = 10;
	uint64_t v;
	int error, shift;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	} else if (s[0] == '0')
		base = 8;
	error = parse_digits(&s, base, &v);
	if (error == EINVAL)
		return error;
	shift = *s == '\0' ? 0 : suffix_shift(*s++);
	if (shift < 0 || (shift > 0 && *s != '\0'))
		return EINVAL;
	if (error == 0 && mul_overflow(v, (uint64_t)1 << shift, &v))
		error = ERANGE;
	if (error == 0)
		*valp = v;
	return error;
}

int
kstrtoi64(const char *s, int64_t *valp)
{
	bool negative = *s == '-';
	uint64_t v;
	int error;

	if (*s == '-' || *s == '+')
		s++;
	error = parse_digits(&s, 10, &v);
	if (error == EINVAL || *s != '\0')
		return EINVAL;
	if (error != 0 || v > (uint64_t)INT64_MAX + negative)
		return ERANGE;
	*valp = (int64_t)(negative ? 0 - v : v);
	return 0;
}
