/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dates as people write them: see timearg.h for what is taken.  The meaning of each
 * form, and of several together, is that of GNU's date(1).
 *
 * A text is a row of items: a date, a time, a zone, a day of the week, a distance
 * from now.  They fill struct when; resolve() makes a time of it.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "fsu/timearg.h"

#define MAX_NUMBER INT64_C(999999999999)

struct when {
	const char *p; /* what is left to read */
	int64_t year, month, day;
	int year_digits;
	int64_t hour, min, sec;
	int32_t ns;
	int pm;	      /* -1: 24 hours; 0: am; 1: pm */
	int zone_min; /* minutes east */
	int weekday, weekday_nth;
	struct {
		int64_t year, month, day, sec;
		int32_t ns;
	} rel, last; /* last: what came last, for "ago" */
	bool has_date, has_time, has_zone, has_weekday, has_rel, has_last;
};

struct word {
	const char *name;
	int value;
};
static const struct word months[] = {{"january", 1}, {"february", 2},
    {"march", 3}, {"april", 4}, {"may", 5}, {"june", 6}, {"july", 7},
    {"august", 8}, {"september", 9}, {"sept", 9}, {"october", 10},
    {"november", 11}, {"december", 12}};
static const struct word weekdays[] = {{"sunday", 0}, {"monday", 1},
    {"tuesday", 2}, {"tues", 2}, {"wednesday", 3}, {"wednes", 3},
    {"thursday", 4}, {"thur", 4}, {"thurs", 4}, {"friday", 5}, {"saturday", 6}};
static const struct word ordinals[] = {{"last", -1}, {"this", 0}, {"next", 1},
    {"first", 1}, {"third", 3}, {"fourth", 4}, {"fifth", 5}, {"sixth", 6},
    {"seventh", 7}, {"eighth", 8}, {"ninth", 9}, {"tenth", 10},
    {"eleventh", 11}, {"twelfth", 12}};
/* minutes east; daylight saving is one hour more */
static const struct word zones[] = {{"utc", 0}, {"gmt", 0}, {"ut", 0}, {"z", 0},
    {"wet", 0}, {"west", 60}, {"bst", 60}, {"cet", 60}, {"cest", 120},
    {"met", 60}, {"mest", 120}, {"eet", 120}, {"eest", 180}, {"msk", 180},
    {"ist", 330}, {"jst", 540}, {"est", -300}, {"edt", -240}, {"cst", -360},
    {"cdt", -300}, {"mst", -420}, {"mdt", -360}, {"pst", -480}, {"pdt", -420},
    {"hst", -600}};
enum { U_YEAR, U_MONTH, U_FORTNIGHT, U_WEEK, U_DAY, U_HOUR, U_MIN, U_SEC };
static const struct word units[] = {{"year", U_YEAR}, {"month", U_MONTH},
    {"fortnight", U_FORTNIGHT}, {"week", U_WEEK}, {"day", U_DAY},
    {"hour", U_HOUR}, {"minute", U_MIN}, {"min", U_MIN}, {"second", U_SEC},
    {"sec", U_SEC}};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* The entry of this name, or of one that begins with it where abbr is its least
 * length. */
static const struct word *
find(const struct word *table, size_t n, const char *name, size_t abbr)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < n; i++) {
		if (strcasecmp(table[i].name, name) == 0 ||
		    (abbr != 0 && len == abbr &&
			strncasecmp(table[i].name, name, len) == 0))
			return &table[i];
	}
	return NULL;
}

static const struct word *
find_unit(const char *name)
{
	char one[16];
	size_t len = strlen(name);

	if (len > 3 && len < sizeof(one) && tolower(name[len - 1]) == 's') {
		memcpy(one, name, len - 1);
		one[len - 1] = '\0';
		name = one;
	}
	return find(units, COUNT(units), name, 0);
}

/* ---- reading ------------------------------------------------------------------------ */

static void
blanks(struct when *w)
{
	while (*w->p == ' ' || (*w->p >= '\t' && *w->p <= '\r'))
		w->p++;
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits; how many, 0: none. */
static int
number(struct when *w, int64_t *vp)
{
	int n = 0;

	*vp = 0;
	for (; digit(*w->p); w->p++, n++)
		if (*vp <= MAX_NUMBER)
			*vp = *vp * 10 + (*w->p - '0');
	return n;
}

/* ".5" behind seconds, where there is one. */
static void
fraction(struct when *w, int32_t *nsp)
{
	int32_t unit = 100000000;

	*nsp = 0;
	if ((*w->p != '.' && *w->p != ',') || !digit(w->p[1]))
		return;
	for (w->p++; digit(*w->p); w->p++) {
		*nsp += (*w->p - '0') * unit;
		unit /= 10;
	}
}

/* Letters, and dots among them ("a.m."); false: none, or too many. */
static bool
letters(struct when *w, char buf[16])
{
	size_t n = 0;

	while (isalpha((unsigned char)*w->p) || (*w->p == '.' && n > 0)) {
		if (n == 15)
			return false;
		if (*w->p != '.')
			buf[n++] = *w->p;
		w->p++;
	}
	buf[n] = '\0';
	return n > 0;
}

/* ---- items ----------------------------------------------------------------------------- */

static bool
add_date(struct when *w, int64_t year, int digits, int64_t month, int64_t day)
{
	if (w->has_date || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	w->has_date = true;
	w->month = month;
	w->day = day;
	w->year_digits = digits;
	if (digits == 2)
		year += year < 69 ? 2000 : 1900;
	if (digits > 0)
		w->year = year;
	return true;
}

static bool
add_relative(struct when *w, int unit, int64_t n, int32_t ns)
{
	memset(&w->last, 0, sizeof(w->last));
	switch (unit) {
	case U_YEAR:
		w->last.year = n;
		break;
	case U_MONTH:
		w->last.month = n;
		break;
	case U_FORTNIGHT:
		w->last.day = 14 * n;
		break;
	case U_WEEK:
		w->last.day = 7 * n;
		break;
	case U_DAY:
		w->last.day = n;
		break;
	case U_HOUR:
		w->last.sec = 3600 * n;
		break;
	case U_MIN:
		w->last.sec = 60 * n;
		break;
	default:
		w->last.sec = n;
		w->last.ns = ns;
	}
	w->rel.year += w->last.year;
	w->rel.month += w->last.month;
	w->rel.day += w->last.day;
	w->rel.sec += w->last.sec;
	w->rel.ns += w->last.ns;
	w->has_rel = w->has_last = true;
	if (w->rel.ns > 999999999 || w->rel.ns < -999999999) {
		w->rel.sec += w->rel.ns / 1000000000;
		w->rel.ns %= 1000000000;
	}
	return true;
}

/* "ago": what came last the other way. */
static bool
turn_last(struct when *w)
{
	if (!w->has_last)
		return false;
	w->rel.year -= 2 * w->last.year;
	w->rel.month -= 2 * w->last.month;
	w->rel.day -= 2 * w->last.day;
	w->rel.sec -= 2 * w->last.sec;
	w->rel.ns -= 2 * w->last.ns;
	w->has_last = false;
	return true;
}

/* Behind a sign: hh, hhmm, hh:mm; added to what a zone's name said. */
static bool
add_offset(struct when *w, bool minus)
{
	int64_t v, min;
	int n = number(w, &v);

	if (n == 0 || n > 4)
		return false;
	if (*w->p == ':' && digit(w->p[1])) {
		w->p++;
		if (n > 2 || number(w, &min) != 2)
			return false;
		v = v * 60 + min;
	} else {
		v = n <= 2 ? v * 60 : v / 100 * 60 + v % 100;
	}
	if (v > 24 * 60)
		return false;
	w->zone_min += (int)(minus ? -v : v);
	w->has_zone = true;
	return true;
}

/* "am" or "pm", if that is next. */
static bool
meridian(struct when *w)
{
	const char *before;
	char name[16];

	blanks(w);
	before = w->p;
	if (letters(w, name) &&
	    (strcasecmp(name, "am") == 0 || strcasecmp(name, "pm") == 0)) {
		w->pm = tolower(name[0]) == 'p';
		return true;
	}
	w->p = before;
	return false;
}

/* hour is read, the colon is next. */
static bool
add_time(struct when *w, int64_t hour)
{
	int n;

	if (w->has_time)
		return false;
	w->has_time = true;
	w->hour = hour;
	w->p++;
	n = number(w, &w->min);
	if (n < 1 || n > 2)
		return false;
	if (*w->p == ':' && digit(w->p[1])) {
		w->p++;
		n = number(w, &w->sec);
		if (n > 2)
			return false;
		fraction(w, &w->ns);
	}
	(void)meridian(w);
	blanks(w);
	if ((*w->p == '+' || *w->p == '-') && !w->has_zone) {
		bool minus = *w->p++ == '-';

		blanks(w);
		return add_offset(w, minus);
	}
	return true;
}

/* a-b-c: year, month, day, or day, month's name, year. */
static bool
dashed_date(struct when *w, int64_t a, int digits)
{
	const struct word *m;
	int64_t b, c;
	char name[16];
	int n;

	w->p++;
	if (letters(w, name)) {
		m = find(months, COUNT(months), name, 3);
		if (m == NULL || *w->p != '-')
			return false;
		w->p++;
		n = number(w, &c);
		return n > 0 && add_date(w, c, n, m->value, a);
	}
	if (number(w, &b) == 0 || *w->p != '-')
		return false;
	w->p++;
	return number(w, &c) > 0 && add_date(w, a, digits, b, c);
}

/* a/b, a/b/c: month, day, year, unless the first has four digits. */
static bool
slashed_date(struct when *w, int64_t a, int digits)
{
	int64_t b, c;
	int n;

	w->p++;
	if (number(w, &b) == 0)
		return false;
	if (*w->p != '/')
		return add_date(w, 0, 0, a, b);
	w->p++;
	n = number(w, &c);
	if (n == 0)
		return false;
	return digits >= 4 ? add_date(w, a, digits, b, c)
			   : add_date(w, c, n, a, b);
}

/* A number that nothing explains: a year, a date, a time. */
static bool
lone_number(struct when *w, int64_t v, int digits)
{
	if (w->has_date && w->year_digits == 0 && !w->has_rel &&
	    (w->has_time || digits > 2)) {
		w->year = v;
		w->year_digits = digits;
		if (digits == 2)
			w->year += v < 69 ? 2000 : 1900;
		return true;
	}
	if (digits > 4)
		return add_date(
		    w, v / 10000, digits - 4, v / 100 % 100, v % 100);
	if (w->has_time)
		return false;
	w->has_time = true;
	w->hour = digits <= 2 ? v : v / 100;
	w->min = digits <= 2 ? 0 : v % 100;
	return true;
}

/* The year of a date whose month has a name, if a number that is no time is next. */
static bool
year_item(struct when *w)
{
	const char *before;
	int64_t v;
	int n;

	blanks(w);
	before = w->p;
	n = number(w, &v);
	if (n > 0 && *w->p != ':') {
		w->year_digits = n;
		w->year = n == 2 ? v + (v < 69 ? 2000 : 1900) : v;
	} else {
		w->p = before;
	}
	return true;
}

/* A number, and the word behind it where the two are one item. */
static bool
number_item(struct when *w, int sign)
{
	const struct word *u;
	const char *before;
	char name[16];
	int64_t v;
	int32_t ns;
	int n;

	n = number(w, &v);
	if (n == 0 || v > MAX_NUMBER)
		return false;
	if (sign == 0 && *w->p == ':')
		return add_time(w, v);
	if (sign == 0 && *w->p == '-' && isalnum((unsigned char)w->p[1]))
		return dashed_date(w, v, n);
	if (sign == 0 && *w->p == '/')
		return slashed_date(w, v, n);
	fraction(w, &ns);
	if (sign == 0 && n <= 2 && !w->has_time && meridian(w)) {
		w->has_time = true;
		w->hour = v;
		return true;
	}
	blanks(w);
	before = w->p;
	if (letters(w, name)) {
		u = find_unit(name);
		if (u != NULL && (ns == 0 || u->value == U_SEC))
			return add_relative(w, u->value, sign < 0 ? -v : v,
			    sign < 0 ? -ns : ns);
		u = find(months, COUNT(months), name, 3);
		if (sign == 0 && u != NULL)
			return add_date(w, 0, 0, u->value, v) && year_item(w);
		u = find(weekdays, COUNT(weekdays), name, 3);
		if (u != NULL && !w->has_weekday) {
			w->has_weekday = true;
			w->weekday = u->value;
			w->weekday_nth = (int)(sign < 0 ? -v : v);
			return true;
		}
		w->p = before;
	}
	if (sign != 0 || ns != 0)
		return false;
	return lone_number(w, v, n);
}

/* "Nov 14[, 2023]" */
static bool
month_item(struct when *w, int month)
{
	int64_t day, year;
	int n;

	blanks(w);
	if (*w->p == '-') /* Nov-14-2023 */
		w->p++;
	n = number(w, &day);
	if (n == 0 || n > 2 || *w->p == ':')
		return false;
	if (*w->p == '-') {
		w->p++;
		n = number(w, &year);
		return n > 0 && add_date(w, year, n, month, day);
	}
	if (!add_date(w, 0, 0, month, day))
		return false;
	blanks(w);
	if (*w->p != ',')
		return true;
	w->p++;
	return year_item(w);
}

static bool
weekday_item(struct when *w, int day, int nth)
{
	if (w->has_weekday)
		return false;
	w->has_weekday = true;
	w->weekday = day;
	w->weekday_nth = nth;
	blanks(w);
	if (*w->p == ',')
		w->p++;
	return true;
}

static bool
ordinal_item(struct when *w, int nth)
{
	const struct word *u;
	char name[16];

	blanks(w);
	if (!letters(w, name))
		return false;
	u = find_unit(name);
	if (u != NULL)
		return add_relative(w, u->value, nth, 0);
	u = find(weekdays, COUNT(weekdays), name, 3);
	return u != NULL && weekday_item(w, u->value, nth);
}

static bool
zone_item(struct when *w, int minutes)
{
	if (w->has_zone)
		return false;
	w->has_zone = true;
	w->zone_min = minutes;
	if (*w->p == '+' || *w->p == '-') {
		bool minus = *w->p++ == '-';

		return add_offset(w, minus);
	}
	return true;
}

static bool
word_item(struct when *w)
{
	static const struct word days[] = {
	    {"yesterday", -1}, {"today", 0}, {"now", 0}, {"tomorrow", 1}};
	const struct word *u;
	char name[16];

	if ((*w->p == 'T' || *w->p == 't') && w->has_date && digit(w->p[1])) {
		w->p++;
		return true;
	}
	if (!letters(w, name))
		return false;
	if (strcasecmp(name, "ago") == 0)
		return turn_last(w);
	if ((u = find(days, COUNT(days), name, 0)) != NULL)
		return add_relative(w, U_DAY, u->value, 0);
	if ((u = find(ordinals, COUNT(ordinals), name, 0)) != NULL)
		return ordinal_item(w, u->value);
	if ((u = find(months, COUNT(months), name, 3)) != NULL)
		return month_item(w, u->value);
	if ((u = find(weekdays, COUNT(weekdays), name, 3)) != NULL)
		return weekday_item(w, u->value, 0);
	if ((u = find_unit(name)) != NULL)
		return add_relative(w, u->value, 1, 0);
	if ((u = find(zones, COUNT(zones), name, 0)) != NULL)
		return zone_item(w, u->value);
	return false;
}

static bool
item(struct when *w)
{
	int sign = *w->p == '-' ? -1 : *w->p == '+' ? 1 : 0;

	if (sign == 0)
		return digit(*w->p) ? number_item(w, 0) : word_item(w);
	w->p++;
	blanks(w);
	return number_item(w, sign);
}

/* ---- the answer -------------------------------------------------------------------------- */

static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t era, yoe, doy;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	yoe = year - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* Fields that may be out of their range to a time: in the zone, or local. */
static int
to_seconds(const struct when *w, struct tm *tm, bool utc, int64_t *secp)
{
	int64_t month = tm->tm_mon, year = tm->tm_year + INT64_C(1900), sec;
	time_t t;

	if (utc || w->has_zone) {
		year += month / 12 - (month % 12 < 0);
		month = (month % 12 + 12) % 12;
		sec = (days_of(year, month + 1, 1) + tm->tm_mday - 1) * 86400;
		sec += tm->tm_hour * INT64_C(3600) + tm->tm_min * 60 +
		    tm->tm_sec - w->zone_min * INT64_C(60);
		*secp = sec;
		return 0;
	}
	tm->tm_wday = -1;
	t = mktime(tm);
	if (t == (time_t)-1 && tm->tm_wday == -1)
		return ERANGE;
	/* An hour that the clocks skip. */
	if (w->has_time && (tm->tm_hour != w->hour || tm->tm_min != w->min))
		return EINVAL;
	*secp = t;
	return 0;
}

static bool
leap(int64_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Does each field have a value that there is? */
static bool
in_range(struct when *w)
{
	static const int len[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (w->pm >= 0) {
		if (w->hour < 1 || w->hour > 12)
			return false;
		w->hour = w->hour % 12 + (w->pm ? 12 : 0);
	}
	return w->hour <= 23 && w->min <= 59 && w->sec <= 59 &&
	    w->year <= 999999999 &&
	    w->day <= len[w->month - 1] + (w->month == 2 && leap(w->year));
}

static bool
small(int64_t v)
{
	return v > -INT32_MAX / 2 && v < INT32_MAX / 2;
}

static int
resolve(struct when *w, bool utc, const struct tm *now, int32_t now_ns,
    int64_t *secp, int32_t *nsp)
{
	struct tm tm = {0};
	int64_t ns;
	int wday;

	if (!w->has_time) {
		bool keep = w->has_rel && !w->has_date && !w->has_weekday;

		w->hour = keep ? now->tm_hour : 0;
		w->min = keep ? now->tm_min : 0;
		w->sec = keep ? now->tm_sec : 0;
		w->ns = keep ? now_ns : 0;
	}
	if (!in_range(w) || !small(w->rel.year) || !small(w->rel.month) ||
	    !small(w->rel.day))
		return EINVAL;
	tm.tm_year = (int)(w->year - 1900 + w->rel.year);
	tm.tm_mon = (int)(w->month - 1 + w->rel.month);
	tm.tm_mday = (int)(w->day + w->rel.day);
	tm.tm_hour = (int)w->hour;
	tm.tm_min = (int)w->min;
	tm.tm_sec = (int)w->sec;
	/* A distance from now is counted in the time that is kept now. */
	tm.tm_isdst = w->has_date || w->has_time || w->has_weekday
	    ? -1
	    : now->tm_isdst;
	if (w->has_weekday && !w->has_date) {
		wday = (int)((days_of(w->year, w->month, w->day) % 7 + 11) % 7);
		if (w->weekday_nth < -100000 || w->weekday_nth > 100000)
			return EINVAL;
		tm.tm_mday += (w->weekday - wday + 7) % 7 +
		    7 *
			(w->weekday_nth -
			    (w->weekday_nth > 0 && w->weekday != wday));
	}
	if (to_seconds(w, &tm, utc, secp) != 0)
		return ERANGE;
	ns = (int64_t)w->ns + w->rel.ns;
	*secp += w->rel.sec + (ns >= 1000000000) - (ns < 0);
	*nsp = (int32_t)(ns - (ns >= 1000000000) * INT64_C(1000000000) +
	    (ns < 0) * INT64_C(1000000000));
	return 0;
}

/* "@SECONDS[.FRACTION]", rounded down. */
static int
since_epoch(struct when *w, int64_t *secp, int32_t *nsp)
{
	bool minus;

	w->p++;
	minus = *w->p == '-';
	w->p += *w->p == '-' || *w->p == '+';
	for (*secp = 0; digit(*w->p); w->p++)
		if (__builtin_mul_overflow(*secp, 10, secp) ||
		    __builtin_add_overflow(*secp, *w->p - '0', secp))
			return ERANGE;
	if (!digit(w->p[-1]))
		return EINVAL;
	fraction(w, nsp);
	blanks(w);
	if (*w->p != '\0')
		return EINVAL;
	if (minus) {
		*secp = -*secp - (*nsp > 0);
		*nsp = *nsp > 0 ? 1000000000 - *nsp : 0;
	}
	return 0;
}

int
fsu_parse_date(const char *s, unsigned flags, int64_t now_sec, int32_t now_ns,
    int64_t *secp, int32_t *nsp)
{
	bool utc = (flags & FSU_DATE_UTC) != 0;
	struct when w = {.p = s, .pm = -1};
	time_t t = (time_t)now_sec;
	struct tm now;

	blanks(&w);
	if (*w.p == '@')
		return since_epoch(&w, secp, nsp);
	if ((utc ? gmtime_r(&t, &now) : localtime_r(&t, &now)) == NULL)
		return ERANGE;
	w.year = now.tm_year + INT64_C(1900);
	w.month = now.tm_mon + 1;
	w.day = now.tm_mday;
	for (; *w.p != '\0'; blanks(&w)) {
		if (!item(&w))
			return EINVAL;
	}
	if ((flags & FSU_DATE_ABSOLUTE) != 0 &&
	    (!w.has_date || w.year_digits == 0 || w.has_rel))
		return EINVAL;
	return resolve(&w, utc, &now, now_ns, secp, nsp);
}
