/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Test Anything Protocol for C tests, whole.
 *
 *	int main(void)
 *	{
 *		ok(1 + 1 == 2, "one and one is %d", 2);
 *		is(strlen("abc"), 3, "length");
 *		is_str(name, "abc", "name");
 *		skip(2, "needs root");		counts as two tests
 *		return done();			prints the plan
 *	}
 *
 * The plan comes last (done), so that a program that dies half-way has none
 * and is taken for failed; plan(n) in front makes done() check the number.
 * All of it may be called from several threads.  A forked child must not
 * report: it answers by its exit status.
 */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAP_FN		 static __attribute__((unused))
#define TAP_PRINTF(f, a) __attribute__((format(printf, f, a)))

static struct {
	pthread_mutex_t mtx;
	int run, failed, planned;
} tap_state = {.mtx = PTHREAD_MUTEX_INITIALIZER};

/* The line that every test ends in; tail: "" or " # SKIP why".  Locked. */
TAP_FN void
tap_line(bool good, const char *fmt, va_list ap, const char *tail)
{
	printf("%sok %d - ", good ? "" : "not ", ++tap_state.run);
	vprintf(fmt, ap);
	printf("%s\n", tail);
	fflush(stdout);
	if (!good)
		tap_state.failed++;
}

TAP_FN TAP_PRINTF(4, 5) bool tap_ok(
    bool good, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pthread_mutex_lock(&tap_state.mtx);
	tap_line(good, fmt, ap, "");
	if (!good)
		printf("#   failed at %s:%d\n", file, line);
	fflush(stdout);
	pthread_mutex_unlock(&tap_state.mtx);
	va_end(ap);
	return good;
}

TAP_FN TAP_PRINTF(6, 7) bool tap_is(intmax_t got, intmax_t want,
    const char *file, int line, const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pthread_mutex_lock(&tap_state.mtx);
	tap_line(got == want, fmt, ap, "");
	if (got != want)
		printf("#   failed at %s:%d: %s\n#   got %jd (%#jx)\n"
		       "#   want %jd (%#jx)\n",
		    file, line, what, got, (uintmax_t)got, want,
		    (uintmax_t)want);
	fflush(stdout);
	pthread_mutex_unlock(&tap_state.mtx);
	va_end(ap);
	return got == want;
}

TAP_FN TAP_PRINTF(5, 6) bool tap_is_str(const char *got, const char *want,
    const char *file, int line, const char *fmt, ...)
{
	bool good = got != NULL && want != NULL ? strcmp(got, want) == 0
						: got == want;
	va_list ap;

	va_start(ap, fmt);
	pthread_mutex_lock(&tap_state.mtx);
	tap_line(good, fmt, ap, "");
	if (!good)
		printf("#   failed at %s:%d\n#   got \"%s\"\n#   want \"%s\"\n",
		    file, line, got != NULL ? got : "(null)",
		    want != NULL ? want : "(null)");
	fflush(stdout);
	pthread_mutex_unlock(&tap_state.mtx);
	va_end(ap);
	return good;
}

TAP_FN TAP_PRINTF(2, 3) void tap_skip(int n, const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&tap_state.mtx);
	for (; n > 0; n--) {
		printf("ok %d # SKIP ", ++tap_state.run);
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		printf("\n");
	}
	fflush(stdout);
	pthread_mutex_unlock(&tap_state.mtx);
}

TAP_FN TAP_PRINTF(1, 2)
    __attribute__((noreturn)) void tap_skip_all(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("1..0 # SKIP ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	exit(0);
}

TAP_FN TAP_PRINTF(1, 2) void tap_diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("# ");
	vprintf(fmt, ap);
	printf("\n");
	fflush(stdout);
	va_end(ap);
}

/* Nothing after this makes sense: say so and leave. */
TAP_FN TAP_PRINTF(1, 2)
    __attribute__((noreturn)) void tap_bail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("Bail out! ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	exit(1);
}

TAP_FN void
tap_plan(int n)
{
	tap_state.planned = n;
}

TAP_FN int
tap_done(void)
{
	int want = tap_state.planned;

	printf("1..%d\n", want != 0 ? want : tap_state.run);
	if (want != 0 && want != tap_state.run)
		printf("#   planned %d tests, ran %d\n", want, tap_state.run);
	fflush(stdout);
	return tap_state.failed != 0 || tap_state.run == 0 ||
	    (want != 0 && want != tap_state.run);
}

/*
 * Function-like macros: a variable of the name stays possible, and the place
 * is known.  Each gives whether the test passed.
 */
#define ok(cond, ...) \
	tap_ok((cond) ? true : false, __FILE__, __LINE__, __VA_ARGS__)
#define is(got, want, ...)                                                  \
	tap_is((intmax_t)(got), (intmax_t)(want), __FILE__, __LINE__, #got, \
	    __VA_ARGS__)
#define is_str(got, want, ...) \
	tap_is_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define skip(n, ...)  tap_skip((n), __VA_ARGS__)
#define skip_all(...) tap_skip_all(__VA_ARGS__)
#define diag(...)     tap_diag(__VA_ARGS__)
#define bail(...)     tap_bail(__VA_ARGS__)
#define plan(n)	      tap_plan(n)
#define done()	      tap_done()

#endif /* TESTS_UNIT_TAP_H */
