/* SPDX-License-Identifier: BSD-2-Clause */
/* Times on command lines: the -T option of makefs and newfs-img, dates as people
 * write them, SOURCE_DATE_EPOCH. */
#ifndef FSU_TIMEARG_H
#define FSU_TIMEARG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Seconds since 1970 ("1700000000", "@1700000000"), a date in UTC
 * ("2023-11-14", "2023-11-14T22:13:20Z", a blank for the T, or another form below
 * that has a year), or the name of a file, whose modification time it is.  0 or an
 * errno; EINVAL: none of these.
 */
int fsu_parse_time(const char *s, int64_t *secp, int32_t *nsecp);
/*
 * SOURCE_DATE_EPOCH: true if it is set; EINVAL in *errorp if it is no number.
 */
int fsu_source_date_epoch(int64_t *secp, int *errorp);

/*
 * A date as touch -d and date -d take it (datearg.c): "@SECONDS[.FRACTION]", or in
 * any order
 *	YYYY-MM-DD, MM/DD[/YYYY], YYYY/MM/DD, DD Mon [YYYY], DD-Mon-YYYY, Mon DD[, YYYY],
 *	YYYYMMDD
 *	HH:MM[:SS[.FRACTION]] [am|pm] [+HH[:]MM], HHam, HHMM; T between date and time
 *	Z, UTC, GMT[+HH], and a handful of other names of zones
 *	monday, next friday; now, today, yesterday, tomorrow
 *	[+-]N UNIT [ago], next UNIT, last UNIT; year month fortnight week day hour min
 *	sec, also in the plural
 * without zone in the process's (FSU_DATE_UTC: in UTC).  What is missing is now's:
 * the day if there is only a time, the time if there are only distances; else it is
 * midnight.  FSU_DATE_ABSOLUTE: nothing may depend on now.  0, EINVAL or ERANGE.
 */
#define FSU_DATE_UTC	  0x1
#define FSU_DATE_ABSOLUTE 0x2
int fsu_parse_date(const char *s, unsigned flags, int64_t now_sec,
    int32_t now_ns, int64_t *secp, int32_t *nsp);
/* Now, or SOURCE_DATE_EPOCH. */
void fsu_now(int64_t *secp, int32_t *nsp);

#endif /* FSU_TIMEARG_H */
