/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times as date(1) and ls(1) format them.  Formats are strftime(3)'s, and %N
 * (nanoseconds), %:z %::z %:::z and %s.
 *
 * localtime() is asked once for every quarter of an hour that occurs: within one
 * whose two ends have the same offset from UTC only minutes and seconds differ.
 * Everything but names of months and days is formatted here; the rest is left to
 * strftime().
 */
#include <errno.h>
#include <langinfo.h>
#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

#define SLICE	900 /* seconds */
#define NSLICES 64

struct slice {
	bool valid;
	int64_t first; /* second */
	struct tm tm;  /* of the first second */
};

/* 0 or EOVERFLOW: a year that doesn't fit int. */
static int
local_time(int64_t sec, struct tm *tm)
{
	static struct slice slices[NSLICES];
	int64_t number = sec / SLICE - (sec % SLICE < 0);
	struct slice *s = &slices[(uint64_t)number % NSLICES];
	int64_t first = number * SLICE;

	if (!s->valid || s->first != first) {
		time_t t = (time_t)first, end = (time_t)(first + SLICE - 1);
		struct tm last;

		s->first = first;
		s->valid = localtime_r(&t, &s->tm) != NULL &&
		    localtime_r(&end, &last) != NULL &&
		    s->tm.tm_gmtoff == last.tm_gmtoff &&
		    s->tm.tm_isdst == last.tm_isdst &&
		    s->tm.tm_zone == last.tm_zone &&
		    s->tm.tm_hour == last.tm_hour && s->tm.tm_sec == 0;
	}
	if (s->valid) {
		int past = (int)(sec - first);

		*tm = s->tm;
		tm->tm_min += past / 60;
		tm->tm_sec = past % 60;
		return 0;
	}
	return localtime_r(&(time_t){(time_t)sec}, tm) != NULL ? 0 : EOVERFLOW;
}

/* ---- one conversion ------------------------------------------------------- */

struct conv {
	char pad;  /* as given: _ - 0, or NUL */
	int width; /* -1: none */
	int colons;
	char letter;
};

/* Parse what follows a %; returns the first byte after it, NULL if it is cut. */
static const char *
parse_conv(const char *p, struct conv *cv)
{
	*cv = (struct conv){'\0', -1, 0, '\0'};
	while (*p != '\0' && strchr("_-0^#+", *p) != NULL)
		cv->pad = *p++;
	while (*p >= '0' && *p <= '9') {
		if (cv->width < 0)
			cv->width = 0;
		if (cv->width < 1000)
			cv->width = cv->width * 10 + (*p - '0');
		p++;
	}
	while (*p == ':') {
		cv->colons++;
		p++;
	}
	if (*p == 'E' || *p == 'O')
		p++;
	if (*p == '\0')
		return NULL;
	cv->letter = *p;
	return p + 1;
}

/* Two or more digits with leading zeros. */
static char *
put_digits(char *p, unsigned v, unsigned digits)
{
	for (unsigned i = digits; i-- > 0;) {
		p[i] = (char)('0' + v % 10);
		v /= 10;
	}
	return p + digits;
}

static char *
put_zone(char *p, const struct tm *tm, int colons)
{
	long off = tm->tm_gmtoff;
	unsigned s, m, h;

	*p++ = off < 0 ? '-' : '+';
	s = (unsigned)(off < 0 ? -off : off);
	h = s / 3600;
	m = s / 60 % 60;
	s %= 60;
	p = put_digits(p, h, 2);
	if (colons == 3 && m == 0 && s == 0)
		return p;
	if (colons != 0)
		*p++ = ':';
	p = put_digits(p, m, 2);
	if (colons == 2 || (colons == 3 && s != 0)) {
		*p++ = ':';
		p = put_digits(p, s, 2);
	}
	return p;
}

/* Nanoseconds: `width` digits of the fraction, nine if none is said.  With - no
 * trailing zeros, with _ blanks for them. */
static char *
put_fraction(char *p, const struct conv *cv, uint32_t ns)
{
	int digits = cv->width > 0 ? cv->width : 9;
	char nine[9], *end;

	put_digits(nine, ns, 9);
	for (int i = 0; i < digits && i < 32; i++)
		*p++ = i < 9 ? nine[i] : '0';
	if (cv->pad != '-' && cv->pad != '_')
		return p;
	end = p;
	while (end[-1] == '0' && end - 1 > p - digits)
		end--;
	if (cv->pad == '-')
		return end;
	memset(end, ' ', (size_t)(p - end));
	return p;
}

/* The conversions that need no names and no padding rules; NULL: not one. */
static char *
put_simple(char *p, const struct tm *tm, char letter)
{
	switch (letter) {
	case 'Y':
		if (tm->tm_year < -900 || tm->tm_year > 8099)
			return NULL;
		return put_digits(p, (unsigned)(tm->tm_year + 1900), 4);
	case 'm':
		return put_digits(p, (unsigned)tm->tm_mon + 1, 2);
	case 'd':
		return put_digits(p, (unsigned)tm->tm_mday, 2);
	case 'e':
		put_digits(p, (unsigned)tm->tm_mday, 2);
		if (*p == '0')
			*p = ' ';
		return p + 2;
	case 'H':
		return put_digits(p, (unsigned)tm->tm_hour, 2);
	case 'M':
		return put_digits(p, (unsigned)tm->tm_min, 2);
	case 'S':
		return put_digits(p, (unsigned)tm->tm_sec, 2);
	case 'b':
		if (fsu_locale_times)
			return NULL;
		memcpy(p,
		    &"JanFebMarAprMayJunJulAugSepOctNovDec"[tm->tm_mon * 3], 3);
		return p + 3;
	default:
		return NULL;
	}
}

/* ---- names of months of one width ------------------------------------------- */

#define MONTH_CHARS	64
#define MONTH_WIDTH_MAX 12

/* %b as ls prints it: all months as wide as the widest. */
static char *
put_month(char *p, const struct tm *tm)
{
	static char months[12][MONTH_CHARS];
	static bool ready;

	if (!ready) {
		size_t widest = 0;

		for (int m = 0; m < 12; m++) {
			const char *s = nl_langinfo(ABMON_1 + m);
			size_t w = fsu_text_width(s, strlen(s));

			if (w > widest)
				widest = w;
		}
		if (widest > MONTH_WIDTH_MAX)
			widest = MONTH_WIDTH_MAX;
		for (int m = 0; m < 12; m++) {
			const char *s = nl_langinfo(ABMON_1 + m);
			size_t len = strlen(s), w = fsu_text_width(s, len);
			bool right = *s >= '0' && *s <= '9';
			size_t pad = w < widest ? widest - w : 0;
			char *to = months[m];

			if (len + pad >= MONTH_CHARS)
				len = MONTH_CHARS - 1 - pad;
			memset(to, ' ', len + pad);
			memcpy(right ? to + pad : to, s, len);
			to[len + pad] = '\0';
		}
		ready = true;
	}
	return stpcpy(p, months[tm->tm_mon]);
}

/* ---- whole formats ------------------------------------------------------------- */

#define CONV_ROOM 128 /* what one conversion here writes at most */

static size_t
format_tm(char *buf, size_t size, const char *fmt, const struct tm *tm,
    int64_t sec, uint32_t ns, bool months)
{
	char *p = buf, *end = buf + size;
	struct conv cv;

	while (*fmt != '\0' && end - p > CONV_ROOM) {
		const char *start = fmt, *next;
		char spec[32], *after = NULL;

		if (*fmt != '%') {
			*p++ = *fmt++;
			continue;
		}
		next = parse_conv(fmt + 1, &cv);
		if (next == NULL) {
			p = stpcpy(p, "%");
			fmt++;
			continue;
		}
		fmt = next;
		if (cv.letter == 'N')
			after = put_fraction(p, &cv, ns);
		else if (cv.letter == 'z' && cv.pad == '\0' && cv.width < 0)
			after = put_zone(p, tm, cv.colons);
		else if (cv.letter == 's' && cv.pad == '\0' && cv.width < 0)
			after = p + snprintf(p, 24, "%lld", (long long)sec);
		else if (months && cv.letter == 'b' && next - start == 2)
			after = put_month(p, tm);
		else if (next - start == 2)
			after = put_simple(p, tm, cv.letter);
		if (after == NULL && (size_t)(next - start) < sizeof(spec) &&
		    cv.width < 256) {
			memcpy(spec, start, (size_t)(next - start));
			spec[next - start] = '\0';
			after = p + strftime(p, (size_t)(end - p), spec, tm);
		}
		if (after != NULL)
			p = after;
	}
	*p = '\0';
	return (size_t)(p - buf);
}

size_t
fsu_time_format(
    char *buf, size_t size, const char *fmt, int64_t sec, uint32_t ns)
{
	struct tm tm;

	if (local_time(sec, &tm) != 0)
		return (size_t)snprintf(buf, size, "%lld", (long long)sec);
	return format_tm(buf, size, fmt, &tm, sec, ns, false);
}

/* ---- ls's styles ------------------------------------------------------------------ */

static const char c_recent[] = "%b %e %H:%M", c_old[] = "%b %e  %Y";

/* "Nov 21 07:50" and "Nov 21  2025", without reading a format. */
static size_t
format_c(char *p, const struct tm *tm, bool recent)
{
	put_simple(p, tm, 'b');
	p[3] = ' ';
	put_simple(p + 4, tm, 'e');
	p[6] = ' ';
	if (recent) {
		put_digits(p + 7, (unsigned)tm->tm_hour, 2);
		p[9] = ':';
		put_digits(p + 10, (unsigned)tm->tm_min, 2);
	} else {
		p[7] = ' ';
		put_digits(p + 8, (unsigned)(tm->tm_year + 1900), 4);
	}
	p[12] = '\0';
	return 12;
}

size_t
fsu_timestyle_format(struct fsu_timestyle *ts, char *buf, size_t size,
    int64_t sec, uint32_t ns, bool *told)
{
	const char *fmt;
	struct tm tm;
	bool recent = sec > ts->half_year_ago ||
	    (sec == ts->half_year_ago && (int32_t)ns > ts->now_ns);

	if (sec > ts->now || (sec == ts->now && (int32_t)ns >= ts->now_ns)) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		ts->now = now.tv_sec;
		ts->now_ns = (int32_t)now.tv_nsec;
		ts->half_year_ago = ts->now - 31556952 / 2;
		recent = recent &&
		    (sec < ts->now ||
			(sec == ts->now && (int32_t)ns < ts->now_ns));
	}
	*told = local_time(sec, &tm) == 0;
	if (!*told)
		return (size_t)snprintf(buf, size, "%lld", (long long)sec);
	fmt = recent ? ts->recent : ts->old;
	if (!fsu_locale_times && size > 16 && tm.tm_year >= -900 &&
	    tm.tm_year <= 8099 && (fmt == c_recent || fmt == c_old))
		return format_c(buf, &tm, recent);
	return format_tm(buf, size, fmt, &tm, sec, ns, ts->months);
}

/* The host's ls has its formats in its message catalogue: day before month in most
 * of Europe.  Where that is installed, ours are the same. */
static void
localise(struct fsu_timestyle *ts)
{
	if (!fsu_locale_times)
		return;
	ts->old = dcgettext("coreutils", c_old, LC_TIME);
	ts->recent = dcgettext("coreutils", c_recent, LC_TIME);
}

/* "+FORMAT" or "+OLD\nRECENT". */
static int
set_formats(struct fsu_timestyle *ts, const char *style)
{
	char *old = fsu_strdup(style), *nl = strchr(old, '\n');

	ts->old = ts->recent = ts->mem = old;
	if (nl == NULL)
		return 0;
	if (strchr(nl + 1, '\n') != NULL) {
		return EINVAL;
	}
	*nl = '\0';
	ts->recent = nl + 1;
	return 0;
}

int
fsu_timestyle_init(struct fsu_timestyle *ts, const char *style)
{
	static const struct {
		const char *name, *old, *recent;
	} known[] = {
	    {"full-iso", "%Y-%m-%d %H:%M:%S.%N %z", "%Y-%m-%d %H:%M:%S.%N %z"},
	    {"long-iso", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M"},
	    {"iso", "%Y-%m-%d ", "%m-%d %H:%M"},
	    {"locale", c_old, c_recent},
	};
	struct timespec now;
	size_t len, found = 4;

	tzset();
	clock_gettime(CLOCK_REALTIME, &now);
	*ts = (struct fsu_timestyle){.recent = c_recent,
	    .old = c_old,
	    .now = now.tv_sec,
	    .now_ns = (int32_t)now.tv_nsec,
	    .half_year_ago = now.tv_sec - 31556952 / 2,
	    .months = fsu_locale_times};
	while (strncmp(style, "posix-", 6) == 0) {
		if (!fsu_locale_times)
			return 0;
		style += 6;
	}
	if (*style == '+')
		return set_formats(ts, style + 1);
	len = strlen(style);
	for (size_t i = 0; i < 4 && len != 0; i++) {
		if (strncmp(style, known[i].name, len) == 0) {
			if (found != 4)
				return EINVAL;
			found = i;
		}
	}
	if (found == 4)
		return EINVAL;
	ts->old = known[found].old;
	ts->recent = known[found].recent;
	if (ts->old == c_old)
		localise(ts);
	return 0;
}

/* ---- RFC 3339 ------------------------------------------------------------------------ */

/* Days since 1970-01-01 into a civil date of the proleptic Gregorian calendar;
 * years begin in March, so that the leap day is the last. */
static void
civil(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = (int64_t)yoe + era * 400 + (*month <= 2);
}

size_t
fsu_time_rfc3339(char *buf, int64_t sec, uint32_t ns)
{
	int64_t days = sec / 86400 - (sec % 86400 < 0), year;
	unsigned rest = (unsigned)(sec - days * 86400), month, day;
	char *p = buf;

	civil(days, &year, &month, &day);
	if (year < 0 || year > 9999) {
		p += snprintf(p, 24, "%+05lld", (long long)year);
	} else {
		p = put_digits(p, (unsigned)year, 4);
	}
	*p++ = '-';
	p = put_digits(p, month, 2);
	*p++ = '-';
	p = put_digits(p, day, 2);
	*p++ = 'T';
	p = put_digits(p, rest / 3600, 2);
	*p++ = ':';
	p = put_digits(p, rest / 60 % 60, 2);
	*p++ = ':';
	p = put_digits(p, rest % 60, 2);
	*p++ = '.';
	p = put_digits(p, ns, 9);
	*p++ = 'Z';
	*p = '\0';
	return (size_t)(p - buf);
}
