/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Run a part of a test in a child process of its own: the kernel starts once a
 * process, with parameters that are fixed then.  The child counts its failures
 * with CHECK() and doesn't report; the parent turns them into one test.
 */
#ifndef TESTS_UNIT_CHILD_H
#define TESTS_UNIT_CHILD_H

#include <sys/wait.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/rumpuser.h>

#include "unit/tap.h"

static __attribute__((unused)) unsigned child_failures;
#define CHECK(cond)                                                            \
	((void)((cond)                                                         \
		? 0                                                            \
		: (__atomic_add_fetch(&child_failures, 1, __ATOMIC_RELAXED),   \
		      fprintf(stderr, "# %s:%d: CHECK(%s) failed\n", __FILE__, \
			  __LINE__, #cond))))

struct param {
	const char *name, *value;
};

/* Start a child with the parameters (NULL name ends them) and, if start, the
 * kernel; run fn.  Returns the child's wait status. */
static __attribute__((unused)) int
child_status(const struct param *params, bool start, void (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == -1)
		bail("fork failed");
	if (pid == 0) {
		alarm(120);
		/* whatever the environment says */
		unsetenv("RUMP_MEMLIMIT");
		CHECK(rumpuser_putparam("RUMP_NCPU", "1") == 0);
		CHECK(rumpuser_putparam("RUMP_DEBUG", "0") == 0);
		for (; params != NULL && params->name != NULL; params++)
			CHECK(rumpuser_putparam(params->name, params->value) ==
			    0);
		if (start)
			CHECK(rump_init() == 0);
		fn();
		/* exit, not _exit: leak checkers want to have their say */
		exit(child_failures != 0);
	}
	if (waitpid(pid, &status, 0) != pid)
		bail("waitpid failed");
	return status;
}

/* ... as one test, which passes if the child exits with 0. */
static __attribute__((unused)) void
child_ok(const struct param *params, void (*fn)(void), const char *what)
{
	is(child_status(params, true, fn), 0, "%s", what);
}

#endif /* TESTS_UNIT_CHILD_H */
