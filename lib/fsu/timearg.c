/* SPDX-License-Identifier: BSD-2-Clause */
/* Times on command lines: see timearg.h.  Dates are in datearg.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

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
	return fsu_parse_date(
	    s, FSU_DATE_UTC | FSU_DATE_ABSOLUTE, 0, 0, secp, nsecp);
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

void
fsu_now(int64_t *secp, int32_t *nsp)
{
	struct timespec ts;
	int error;

	*nsp = 0;
	if (fsu_source_date_epoch(secp, &error))
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	*secp = ts.tv_sec;
	*nsp = (int32_t)ts.tv_nsec;
}
