/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock.  SOURCE_DATE_EPOCH, when set, stands for the time of day in every
 * command (reproducible-builds.org/specs/source-date-epoch), so that edits
 * can be repeated byte for byte.  It is looked at once, at the first question.
 */
#include <stdlib.h>
#include <time.h>

#include "hypercall.h"

static pthread_once_t epoch_once = PTHREAD_ONCE_INIT;
static enum { EPOCH_UNSET, EPOCH_SET, EPOCH_BAD } epoch_state;
static int64_t epoch_sec;

/* ASCII decimal digits only, no sign, no blanks, and it must fit. */
static void
epoch_load(void)
{
	const char *s = getenv("SOURCE_DATE_EPOCH");
	int64_t sec = 0;

	if (s == NULL || *s == '\0')
		return;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9' ||
		    __builtin_mul_overflow(sec, 10, &sec) ||
		    __builtin_add_overflow(sec, *s - '0', &sec)) {
			epoch_state = EPOCH_BAD;
			return;
		}
	}
	epoch_sec = sec;
	epoch_state = EPOCH_SET;
}

int
rumpuser_clock_get(enum rumpuser_clock clock, int64_t *secp, int32_t *nsecp)
{
	struct timespec ts = {0, 0};
	int error = 0;

	if (clock == RUMPUSER_CLOCK_WALL) {
		pthread_once(&epoch_once, epoch_load);
		if (epoch_state != EPOCH_UNSET) {
			/* A malformed one is an error, and never today. */
			*secp = epoch_sec;
			*nsecp = 0;
			return epoch_state == EPOCH_BAD ? EINVAL : 0;
		}
	}
	if (clock_gettime(
		clock == RUMPUSER_CLOCK_WALL ? CLOCK_REALTIME : CLOCK_MONOTONIC,
		&ts) != 0)
		error = hyper_errno();
	*secp = ts.tv_sec;
	*nsecp = (int32_t)ts.tv_nsec;
	return error;
}

int
rumpuser_clock_sleep(int64_t ns)
{
	struct timespec ts;
	int error;

	if (ns <= 0)
		return 0;
	ts.tv_sec = ns / 1000000000;
	ts.tv_nsec = ns % 1000000000;
	do
		error = clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts);
	while (error == EINTR);
	return error;
}
