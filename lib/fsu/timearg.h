/* SPDX-License-Identifier: BSD-2-Clause */
/* The -T option of makefs and newfs-img. */
#ifndef FSU_TIMEARG_H
#define FSU_TIMEARG_H

#include <stdint.h>

/*
 * Seconds since 1970 ("1700000000", "@1700000000"), a date in UTC
 * ("2023-11-14", "2023-11-14T22:13:20Z", a blank for the T), or the name of a
 * file, whose modification time it is.  0 or an errno; EINVAL: none of these.
 */
int fsu_parse_time(const char *s, int64_t *secp, int32_t *nsecp);
/*
 * SOURCE_DATE_EPOCH: true if it is set; EINVAL in *errorp if it is no number.
 */
int fsu_source_date_epoch(int64_t *secp, int *errorp);

#endif /* FSU_TIMEARG_H */
