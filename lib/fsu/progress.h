/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Progress on a terminal: one line on standard error with bytes, files and rate,
 * and where the total is known per cent and the time left.  It comes after two
 * seconds (at once with -v), is rewritten five times a second at most, and goes
 * at the end and before any message.  Where standard error is no terminal there is
 * none, and these functions cost a test.
 *
 * There is one line a process.  Counting may be done by any thread.
 */
#ifndef FSU_PROGRESS_H
#define FSU_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* at_once: don't wait.  Again without an end: goes on counting. */
void fsu_progress_begin(bool at_once);
/* What is counted from now on, from 0: phase (NULL: has no name), and how many
 * bytes it will be (0: nobody knows). */
void fsu_progress_phase(const char *phase, uint64_t total_bytes);
void fsu_progress_bytes(uint64_t n);
void fsu_progress_file(void);
/* Something may have moved that isn't counted in either. */
void fsu_progress_tick(void);
/* The line goes, until the next time that it is due. */
void fsu_progress_hide(void);
void fsu_progress_end(void);
/* Is anything counted?  (Finding out totals may cost.) */
bool fsu_progress_wanted(void);

#endif /* FSU_PROGRESS_H */
