/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's words: log lines on the console, panic, assertions. */
#ifndef KERN_KLOG_H
#define KERN_KLOG_H

#include "kern/kdefs.h"

/* One line (no newline at the end) to the console, or to the hook. */
void klog(const char *fmt, ...) KPRINTF(1, 2);
/* Only with RUMP_VERBOSE (or -o verbose). */
void klog_verbose(const char *fmt, ...) KPRINTF(1, 2);
extern bool klog_is_verbose;
/* Where lines go instead of the console; NULL: the console.  The line is the
 * callee's only during the call. */
void klog_set_hook(void (*hook)(void *arg, const char *line), void *arg);
void klog_hook(const char *line); /* hands a finished line to hook or console */

/* For our own mistakes only, never for what an image holds. */
void kpanic(const char *fmt, ...) KPRINTF(1, 2) __attribute__((noreturn));
void kassert_fail(const char *expr, const char *file, int line)
    __attribute__((noreturn));
#define KASSERT(e) \
	((void)(likely(e) ? 0 : (kassert_fail(#e, __FILE__, __LINE__), 0)))

#endif /* KERN_KLOG_H */
