/* SPDX-License-Identifier: BSD-2-Clause */
/* The -T option of makefs and newfs-img: see timearg.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fsu/timearg.h"

static int
whole_number(const char *s, int64_t *secp)
{
	char *end;

	if (*s == '\0' || strspn(s, "-0123456789") != strlen(s))
		return EINVAL;
	errno = 0;
	*secp = strtoll(s, &end, 10);
	return *end != '\0' || end == s ? EINVAL : errno;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t
days_of(int64_t year, int month, int day)
{
	int64_t era, yoe, doy;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	yoe = year - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int
date(const char *s, int64_t *secp)
{
	int year, month, day, hour = 0, min = 0, sec = 0, used = 0, more = 0;
	static const int len[] = {
	    31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (sscanf(s, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3)
		return EINVAL;
	s += used;
	if (*s == 'T' || *s == ' ') {
		if (sscanf(s + 1, "%2d:%2d:%2d%n", &hour, &min, &sec, &more) !=
		    3)
			return EINVAL;
		s += 1 + more;
		if (*s == 'Z')
			s++;
	}
	if (*s != '\0' || month < 1 || month > 12 || day < 1 ||
	    day > len[month - 1] || hour < 0 || hour > 23 || min < 0 ||
	    min > 59 || sec < 0 || sec > 60)
		return EINVAL;
	*secp = days_of(year, month, day) * 86400 + hour * 3600 + min * 60 +
	    sec;
	return 0;
}

int
fsu_parse_time(const char *s, int64_t *secp, int32_t *nsecp)
{
	struct stat st;

	*nsecp = 0;
	if (whole_number(*s == '@' ? s + 1 : s, secp) == 0)
		return 0;
	if (stat(s, &st) == 0) {
		*secp = st.st_mtim.tv_sec;
		*nsecp = (int32_t)st.st_mtim.tv_nsec;
		return 0;
	}
	return date(s, secp);
}

int
fsu_source_date_epoch(int64_t *secp, int *errorp)
{
	const char *s = getenv("SOURCE_DATE_EPOCH");

	*errorp = 0;
	if (s == NULL || *s == '\0')
		return 0;
	*errorp = *s >= '0' && *s <= '9' ? whole_number(s, secp) : EINVAL;
	return *errorp == 0;
}
