/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted output: the subset of C's that kstring.h names.  As with snprintf
 * the result is cut to fit and the length that it would have is returned.
 * Left out: floating point, wide characters, %n, flags + space '.
 */
#include "kern/kstring.h"

struct out {
	char *buf;
	size_t size, len;
};

struct spec {
	bool left, zero, alt;
	size_t width;
	int prec;   /* -1: none */
	int length; /* bytes of the argument */
	char conv;
};

static void
put(struct out *o, const char *s, size_t n)
{
	if (o->len < o->size)
		memcpy(o->buf + o->len, s, kmin(n, o->size - o->len));
	o->len += n;
}

static void
fill(struct out *o, char c, size_t n)
{
	if (o->len < o->size)
		memset(o->buf + o->len, c, kmin(n, o->size - o->len));
	o->len += n;
}

static void
put_number(struct out *o, const struct spec *sp, uint64_t v, const char *sign)
{
	const char *set = sp->conv == 'X' ? "0123456789ABCDEF"
					  : "0123456789abcdef";
	unsigned base = 10;
	char digits[24], *d = digits + sizeof(digits);
	size_t ndigits, nzero = 0, signlen, total;

	if (sp->conv == 'x' || sp->conv == 'X' || sp->conv == 'p')
		base = 16;
	else if (sp->conv == 'o')
		base = 8;
	if (sp->alt && base == 16 && v != 0)
		sign = sp->conv == 'X' ? "0X" : "0x";
	for (uint64_t rest = v; rest != 0; rest /= base)
		*--d = set[rest % base];
	if (v == 0 && sp->prec != 0)
		*--d = '0';
	ndigits = (size_t)(digits + sizeof(digits) - d);
	signlen = kstrlen(sign);
	if (sp->prec > 0 && (size_t)sp->prec > ndigits)
		nzero = (size_t)sp->prec - ndigits;
	if (sp->alt && base == 8 && nzero == 0 && (ndigits == 0 || *d != '0'))
		nzero = 1;
	total = signlen + nzero + ndigits;
	if (sp->zero && !sp->left && sp->prec < 0 && total < sp->width) {
		nzero += sp->width - total;
		total = sp->width;
	}
	if (!sp->left && total < sp->width)
		fill(o, ' ', sp->width - total);
	put(o, sign, signlen);
	fill(o, '0', nzero);
	put(o, d, ndigits);
	if (sp->left && total < sp->width)
		fill(o, ' ', sp->width - total);
}

static void
put_string(struct out *o, const struct spec *sp, const char *s)
{
	size_t n;

	if (s == NULL)
		s = "(null)";
	n = sp->prec < 0 ? kstrlen(s) : kstrnlen(s, (size_t)sp->prec);
	if (!sp->left && n < sp->width)
		fill(o, ' ', sp->width - n);
	put(o, s, n);
	if (sp->left && n < sp->width)
		fill(o, ' ', sp->width - n);
}

static const char *
parse_length(const char *fmt, struct spec *sp)
{
	sp->length = sizeof(int);
	switch (*fmt) {
	case 'h':
		sp->length = sizeof(short);
		if (*++fmt == 'h') {
			sp->length = sizeof(char);
			fmt++;
		}
		break;
	case 'l':
		sp->length = sizeof(long);
		if (*++fmt == 'l') {
			sp->length = sizeof(long long);
			fmt++;
		}
		break;
	case 'j':
	case 'z':
	case 't':
		sp->length = *fmt == 'j' ? sizeof(intmax_t) : sizeof(size_t);
		fmt++;
		break;
	default:
		break;
	}
	return fmt;
}

static const char *
parse_number(const char *fmt, int *valp)
{
	unsigned v = 0;

	for (; *fmt >= '0' && *fmt <= '9'; fmt++)
		if (v < 100000)
			v = v * 10 + (unsigned)(*fmt - '0');
	*valp = (int)v;
	return fmt;
}

static const char *
parse_flags(const char *fmt, struct spec *sp)
{
	for (;; fmt++) {
		if (*fmt == '-')
			sp->left = true;
		else if (*fmt == '0')
			sp->zero = true;
		else if (*fmt == '#')
			sp->alt = true;
		else
			return fmt;
	}
}

struct args {
	va_list ap;
};

static const char *
parse_spec(const char *fmt, struct spec *sp, struct args *a)
{
	int width;

	*sp = (struct spec){.prec = -1};
	fmt = parse_flags(fmt, sp);
	if (*fmt == '*') {
		width = va_arg(a->ap, int);
		if (width < 0)
			sp->left = true;
		sp->width = width < 0 ? 0u - (unsigned)width : (unsigned)width;
		fmt++;
	} else {
		fmt = parse_number(fmt, &width);
		sp->width = (size_t)width;
	}
	if (*fmt == '.') {
		if (*++fmt == '*') {
			sp->prec = va_arg(a->ap, int);
			if (sp->prec < 0)
				sp->prec = -1;
			fmt++;
		} else
			fmt = parse_number(fmt, &sp->prec);
	}
	fmt = parse_length(fmt, sp);
	sp->conv = *fmt;
	return *fmt == '\0' ? fmt : fmt + 1;
}

static void
put_integer(struct out *o, const struct spec *sp, struct args *a)
{
	uint64_t v;
	unsigned drop = 64 - 8 * (unsigned)kmin((uint64_t)sp->length, 8);
	int64_t i;

	if (sp->length <= (int)sizeof(int))
		v = (uint64_t)(int64_t)va_arg(a->ap, int);
	else if (sp->length == (int)sizeof(long))
		v = va_arg(a->ap, unsigned long);
	else
		v = va_arg(a->ap, unsigned long long);
	v <<= drop;
	if (sp->conv == 'd' || sp->conv == 'i') {
		i = (int64_t)v >> drop;
		put_number(o, sp, i < 0 ? 0 - (uint64_t)i : (uint64_t)i,
		    i < 0 ? "-" : "");
	} else
		put_number(o, sp, v >> drop, "");
}

static void
put_spec(struct out *o, struct spec *sp, struct args *a)
{
	char c;

	switch (sp->conv) {
	case 'd':
	case 'i':
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_integer(o, sp, a);
		break;
	case 'p':
		sp->alt = true;
		put_number(o, sp, (uintptr_t)va_arg(a->ap, void *), "0x");
		break;
	case 'c':
		c = (char)va_arg(a->ap, int);
		if (!sp->left && sp->width > 1)
			fill(o, ' ', sp->width - 1);
		put(o, &c, 1);
		if (sp->left && sp->width > 1)
			fill(o, ' ', sp->width - 1);
		break;
	case 's':
		put_string(o, sp, va_arg(a->ap, const char *));
		break;
	case '\0':
		break;
	default: /* also %% */
		put(o, &sp->conv, 1);
		break;
	}
}

int
kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = {buf, size == 0 ? 0 : size - 1, 0};
	struct args a;
	struct spec sp;
	const char *start;

	va_copy(a.ap, ap);
	while (*fmt != '\0') {
		for (start = fmt; *fmt != '\0' && *fmt != '%'; fmt++)
			continue;
		put(&o, start, (size_t)(fmt - start));
		if (*fmt == '%') {
			fmt = parse_spec(fmt + 1, &sp, &a);
			put_spec(&o, &sp, &a);
		}
	}
	va_end(a.ap);
	if (size != 0)
		buf[kmin(o.len, size - 1)] = '\0';
	return (int)kmin(o.len, INT_MAX);
}

int
ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
