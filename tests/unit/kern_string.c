/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's strings and formatter, against the host's over many cases. */
#include "unit/tap.h"

#include <inttypes.h>

#include "kern/kstring.h"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp

static unsigned cases, bad;

/* Formats built at run time are the point here. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

static void
compare(const char *fmt, size_t size, const char *want, int wantlen,
    const char *got, int gotlen)
{
	cases++;
	if (wantlen == gotlen && (size == 0 || strcmp(want, got) == 0))
		return;
	if (bad++ < 20)
		diag("\"%s\" in %zu: got %d \"%s\", want %d \"%s\"", fmt, size,
		    gotlen, got, wantlen, want);
}

#define TRY(fmt, size, ...)                                        \
	do {                                                       \
		char want_[200] = "", got_[200] = "";              \
		int wl_ = snprintf(want_, size, fmt, __VA_ARGS__); \
		int gl_ = ksnprintf(got_, size, fmt, __VA_ARGS__); \
		compare(fmt, size, want_, wl_, got_, gl_);         \
	} while (0)

static const int64_t numbers[] = {0, 1, -1, 7, 8, 9, 10, 42, -42, 127, 128,
    -128, 255, 256, 32767, 32768, -32768, 65535, 65536, 1000000007, INT32_MAX,
    INT32_MIN, UINT32_MAX, INT64_MAX, INT64_MIN};
static const char *const flags[] = {"", "-", "0", "#", "-#", "0#", "-0"};
static const char *const widths[] = {"", "1", "5", "23", "40"};
static const char *const precs[] = {"", ".", ".0", ".1", ".6", ".25"};

static void
one_number(const char *f, const char *w, const char *p, int64_t v)
{
	static const char convs[] = "diuxXo";
	char fmt[40];

	for (const char *c = convs; *c != '\0'; c++) {
		/* # with a decimal number has no meaning in C */
		if (strchr(f, '#') != NULL && strchr("diu", *c) != NULL)
			continue;
		snprintf(fmt, sizeof(fmt), "%%%s%s%s%c", f, w, p, *c);
		TRY(fmt, 100, (int)v);
		TRY(fmt, 4, (int)v);
		snprintf(fmt, sizeof(fmt), "%%%s%s%shh%c", f, w, p, *c);
		TRY(fmt, 100, (int)v);
		snprintf(fmt, sizeof(fmt), "<%%%s%s%sh%c>", f, w, p, *c);
		TRY(fmt, 100, (int)v);
		snprintf(fmt, sizeof(fmt), "%%%s%s%sl%c", f, w, p, *c);
		TRY(fmt, 100, (long)v);
		snprintf(fmt, sizeof(fmt), "%%%s%s%sll%c", f, w, p, *c);
		TRY(fmt, 100, (long long)v);
		snprintf(fmt, sizeof(fmt), "%%%s%s%sj%c", f, w, p, *c);
		TRY(fmt, 100, (intmax_t)v);
		snprintf(fmt, sizeof(fmt), "%%%s%s%sz%c.", f, w, p, *c);
		TRY(fmt, 100, (size_t)v);
		snprintf(fmt, sizeof(fmt), "%%%s%s%st%c", f, w, p, *c);
		TRY(fmt, 100, (ptrdiff_t)v);
	}
}

static void
formats(void)
{
	char fmt[40];

	for (size_t f = 0; f < nitems(flags); f++)
		for (size_t w = 0; w < nitems(widths); w++)
			for (size_t p = 0; p < nitems(precs); p++)
				for (size_t n = 0; n < nitems(numbers); n++)
					one_number(flags[f], widths[w],
					    precs[p], numbers[n]);
	for (size_t w = 0; w < nitems(widths); w++)
		for (size_t p = 0; p < nitems(precs); p++)
			for (int left = 0; left < 2; left++) {
				snprintf(fmt, sizeof(fmt), "[%%%s%s%ss]",
				    left ? "-" : "", widths[w], precs[p]);
				TRY(fmt, 100, "hello");
				TRY(fmt, 6, "hello");
				TRY(fmt, 100, "");
				TRY(fmt, 1, "x");
				TRY(fmt, 0, "x");
			}
	TRY("%c%5c%-5c|", 100, 'a', 'b', 'c');
	TRY("%p", 100, (void *)0x1234abcd);
	TRY("%20p|%-20p|", 100, (void *)fmt, (void *)fmt);
	TRY("%*d|%-*d|%*d", 100, 5, 1, 6, 2, -7, 3);
	TRY("%.*s|%.*s|%*.*s", 100, 2, "abc", -1, "abc", 5, 1, "xyz");
	TRY("%.*d|%.*d", 100, 4, 7, -4, 7);
	TRY("100%% of %s, %" PRIu64 " and %" PRIx64, 100, "it", UINT64_MAX,
	    (uint64_t)0xfeedbeef);
	TRY("%d%s", 100, 1, "");
	is(bad, 0, "%u formats as the host's snprintf", cases);
}

static void
strings(void)
{
	char b[8];

	is(kstrlen(""), 0, "strlen of nothing");
	is(kstrlen("hello"), 5, "strlen");
	is(kstrnlen("hello", 3), 3, "strnlen stops");
	is(kstrnlen("hello", 30), 5, "strnlen ends");
	ok(kstrcmp("a", "b") < 0 && kstrcmp("b", "a") > 0 &&
		kstrcmp("ab", "a") > 0 && kstrcmp("a", "a") == 0,
	    "strcmp orders");
	ok(kstrcmp("\xff", "a") > 0, "... as unsigned bytes");
	ok(kstrncmp("abc", "abd", 2) == 0 && kstrncmp("abc", "abd", 3) < 0 &&
		kstrncmp("a", "a", 9) == 0,
	    "strncmp");
	ok(strcmp(kstrchr("a/b/c", '/'), "/b/c") == 0 &&
		strcmp(kstrrchr("a/b/c", '/'), "/c") == 0,
	    "strchr and strrchr");
	ok(kstrchr("abc", 'x') == NULL && kstrrchr("abc", 'x') == NULL &&
		*kstrchr("abc", 0) == 0 && *kstrrchr("abc", 0) == 0,
	    "... what isn't there, and the NUL");
	ok(kmemchr("abc", 'c', 2) == NULL && kmemchr("abc", 'c', 3) != NULL,
	    "memchr");
	is(kstrlcpy(b, "hello, world", sizeof(b)), 12, "strlcpy returns all");
	is_str(b, "hello, ", "... and cuts");
	is(kstrlcpy(b, "hi", sizeof(b)), 2, "strlcpy short");
	is(kstrlcat(b, " there", sizeof(b)), 8, "strlcat returns all");
	is_str(b, "hi ther", "... and cuts");
	memset(b, 'x', sizeof(b));
	is(kstrlcat(b, "y", sizeof(b)), 9, "strlcat without a NUL");
	is(kstrlcpy(NULL, "abc", 0), 3, "strlcpy into nothing");
}

static void
zeros(void)
{
	unsigned char z[100] = {0};
	unsigned wrong = 0;

	for (size_t n = 0; n <= sizeof(z); n++) {
		wrong += !kmemzero(z, n);
		for (size_t i = 0; i < sizeof(z); i++) {
			z[i] = 1;
			wrong += kmemzero(z, n) != (i >= n);
			z[i] = 0;
		}
	}
	is(wrong, 0, "memzero finds the one byte");
}

static void
unsigned_is(const char *s, int wanterror, uint64_t want)
{
	uint64_t v = 99;
	int error = kstrtou64(s, &v);

	ok(error == wanterror && (error != 0 || v == want),
	    "\"%s\" is %d, %" PRIu64, s, error, v);
}

static void
signed_is(const char *s, int wanterror, int64_t want)
{
	int64_t v = 99;
	int error = kstrtoi64(s, &v);

	ok(error == wanterror && (error != 0 || v == want),
	    "\"%s\" is %d, %" PRIi64, s, error, v);
}

static void
numbers_in(void)
{
	unsigned_is("0", 0, 0);
	unsigned_is("1234", 0, 1234);
	unsigned_is("0x1fF", 0, 0x1ff);
	unsigned_is("0644", 0, 0644);
	unsigned_is("3m", 0, 3 << 20);
	unsigned_is("1K", 0, 1024);
	unsigned_is("0x10g", 0, (uint64_t)16 << 30);
	unsigned_is("2t", 0, (uint64_t)2 << 40);
	unsigned_is("18446744073709551615", 0, UINT64_MAX);
	unsigned_is("18446744073709551616", ERANGE, 0);
	unsigned_is("99999999999999999999x", EINVAL, 0);
	unsigned_is("16777216t", ERANGE, 0);
	unsigned_is("", EINVAL, 0);
	unsigned_is("k", EINVAL, 0);
	unsigned_is("1kk", EINVAL, 0);
	unsigned_is("1q", EINVAL, 0);
	unsigned_is("-1", EINVAL, 0);
	unsigned_is("0x", EINVAL, 0);
	unsigned_is("08", EINVAL, 0);
	unsigned_is(" 1", EINVAL, 0);
	signed_is("-5", 0, -5);
	signed_is("+5", 0, 5);
	signed_is("010", 0, 10);
	signed_is("-9223372036854775808", 0, INT64_MIN);
	signed_is("9223372036854775807", 0, INT64_MAX);
	signed_is("9223372036854775808", ERANGE, 0);
	signed_is("-9223372036854775809", ERANGE, 0);
	signed_is("-", EINVAL, 0);
	signed_is("5k", EINVAL, 0);
}

int
main(void)
{
	formats();
	strings();
	zeros();
	numbers_in();
	return done();
}
