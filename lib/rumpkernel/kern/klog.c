/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines, panic and failed assertions.  A line is formatted on the stack and
 * handed over in one piece, without a lock: panic may come from anywhere.
 * Lines longer than the buffer are cut.
 */
#include "kern/klog.h"

#include <rump/rump.h>
#include <rump/rumpuser.h>

#include "kern/kstring.h"

#define LINE_MAX_BYTES 1024

bool klog_is_verbose;
static void (*log_hook)(void *arg, const char *line);
static void *log_hook_arg;

void
klog_set_hook(void (*hook)(void *arg, const char *line), void *arg)
{
	/* Cleared first, so that no hook is called with another's argument. */
	__atomic_store_n(&log_hook, NULL, __ATOMIC_RELEASE);
	__atomic_store_n(&log_hook_arg, arg, __ATOMIC_RELEASE);
	__atomic_store_n(&log_hook, hook, __ATOMIC_RELEASE);
}

static void
console_line(const char *line)
{
	char buf[LINE_MAX_BYTES + 1];
	size_t len = kstrlcpy(buf, line, LINE_MAX_BYTES);

	len = kmin(len, LINE_MAX_BYTES - 1);
	buf[len++] = '\n';
	rumpuser_console_write(buf, len);
}

void
klog_hook(const char *line)
{
	void (*hook)(void *, const char *) = __atomic_load_n(
	    &log_hook, __ATOMIC_ACQUIRE);

	if (hook != NULL)
		hook(__atomic_load_n(&log_hook_arg, __ATOMIC_ACQUIRE), line);
	else
		console_line(line);
}

static void
klog_va(const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES];

	(void)kvsnprintf(line, sizeof(line), fmt, ap);
	klog_hook(line);
}

void
klog(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	klog_va(fmt, ap);
	va_end(ap);
}

void
klog_verbose(const char *fmt, ...)
{
	va_list ap;

	if (!__atomic_load_n(&klog_is_verbose, __ATOMIC_RELAXED))
		return;
	va_start(ap, fmt);
	klog_va(fmt, ap);
	va_end(ap);
}

void
kpanic(const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;
	size_t n = kstrlcpy(line, "panic: ", sizeof(line));

	va_start(ap, fmt);
	(void)kvsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	console_line(line);
	rumpuser_exit(RUMPUSER_PANIC);
}

void
kassert_fail(const char *expr, const char *file, int line)
{
	kpanic("%s:%d: assertion failed: %s", file, line, expr);
}

void
rump_pub_log_hook(void (*hook)(void *arg, const char *line), void *arg)
{
	klog_set_hook(hook, arg);
}

void
rump_pub_set_verbose(bool on)
{
	__atomic_store_n(&klog_is_verbose, on, __ATOMIC_RELAXED);
}
