/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads, thread-local storage, locks and condition variables of the host.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <rump/rumpuser.h>

#include "tap.h"

enum { NTHREAD = 4, NROUND = 20000 };

static struct rumpuser_mtx *mtx;
static struct rumpuser_rw *rw;
static struct rumpuser_cv *cv;
static int count, turn;
static bool woken;

static int64_t
now_ns(void)
{
	int64_t sec;
	int32_t nsec;

	rumpuser_clock_get(RUMPUSER_CLOCK_MONO, &sec, &nsec);
	return sec * 1000000000 + nsec;
}

static void
adder(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < NROUND; i++) {
		rumpuser_mutex_enter(mtx);
		count++;
		rumpuser_mutex_exit(mtx);
		rumpuser_rw_enter(rw, true);
		turn++;
		rumpuser_rw_exit(rw);
	}
}

static void
try_locks(void *arg)
{
	int *got = arg;

	got[0] = rumpuser_mutex_tryenter(mtx);
	if (got[0] == 0)
		rumpuser_mutex_exit(mtx);
	got[1] = rumpuser_rw_tryenter(rw, false);
	if (got[1] == 0)
		rumpuser_rw_exit(rw);
	got[2] = rumpuser_rw_tryenter(rw, true);
	if (got[2] == 0)
		rumpuser_rw_exit(rw);
}

static void
locks(void)
{
	struct rumpuser_thread *t[NTHREAD];
	int i, got[3];

	for (i = 0; i < NTHREAD; i++)
		if (rumpuser_thread_create(adder, NULL, "adder", &t[i]) != 0)
			bail("thread");
	for (i = 0; i < NTHREAD; i++)
		is(rumpuser_thread_join(t[i]), 0, "join %d", i);
	is(count, NTHREAD * NROUND, "mutex: no step lost");
	is(turn, NTHREAD * NROUND, "writer lock: no step lost");

	rumpuser_mutex_enter(mtx);
	rumpuser_rw_enter(rw, false);
	rumpuser_thread_create(try_locks, got, NULL, &t[0]);
	rumpuser_thread_join(t[0]);
	is(got[0], EBUSY, "a mutex that is held");
	is(got[1], 0, "readers share");
	is(got[2], EBUSY, "a writer does not");
	rumpuser_rw_exit(rw);
	rumpuser_rw_enter(rw, true);
	rumpuser_mutex_exit(mtx);
	rumpuser_thread_create(try_locks, got, NULL, &t[0]);
	rumpuser_thread_join(t[0]);
	is(got[0], 0, "a mutex that is free");
	is(got[1], EBUSY, "no reader beside a writer");
	rumpuser_rw_exit(rw);
}

static void
waker(void *arg)
{
	(void)arg;
	rumpuser_clock_sleep(20000000);
	rumpuser_mutex_enter(mtx);
	woken = true;
	rumpuser_cv_broadcast(cv);
	rumpuser_mutex_exit(mtx);
}

static void
conditions(void)
{
	struct rumpuser_thread *t;
	int64_t start, took;
	int error = 0;

	rumpuser_mutex_enter(mtx);
	start = now_ns();
	while (error == 0) /* it may wake for no reason */
		error = rumpuser_cv_timedwait(cv, mtx, 30000000);
	took = now_ns() - start;
	is(error, ETIMEDOUT, "timed out");
	ok(took >= 30000000, "not too early (%jd ns)", (intmax_t)took);
	ok(took < 5000000000, "nor much too late");
	is(rumpuser_cv_timedwait(cv, mtx, 0), ETIMEDOUT, "no time at all");
	is(rumpuser_cv_timedwait(cv, mtx, -1), ETIMEDOUT, "less than none");

	rumpuser_thread_create(waker, NULL, "waker", &t);
	error = 0;
	while (!woken && error == 0)
		error = rumpuser_cv_timedwait(cv, mtx, 20000000000);
	ok(woken && error == 0, "woken in time");
	rumpuser_mutex_exit(mtx);
	rumpuser_thread_join(t);

	woken = false;
	rumpuser_thread_create(waker, NULL, "waker", &t);
	rumpuser_mutex_enter(mtx);
	while (!woken)
		rumpuser_cv_wait(cv, mtx);
	rumpuser_mutex_exit(mtx);
	rumpuser_thread_join(t);
	ok(woken, "woken without a limit");
	rumpuser_cv_signal(cv);
}

static void
own_pointer(void *arg)
{
	sigset_t set;
	void **out = arg;

	out[0] = rumpuser_curlwp();
	rumpuser_set_curlwp(out);
	out[1] = rumpuser_curlwp();
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	out[2] = sigismember(&set, SIGINT) == 1 ? out : NULL;
}

static void *ended_with;

static void
at_end(void *lwp)
{
	ended_with = lwp;
}

static void
set_own(void *arg)
{
	rumpuser_set_curlwp(arg);
}

static void
thread_ends(void)
{
	struct rumpuser_thread *t;
	int mine;

	is(rumpuser_thread_exit_hook(at_end), 0, "a hook for the end");
	rumpuser_thread_create(set_own, &mine, NULL, &t);
	rumpuser_thread_join(t);
	ok(ended_with == &mine, "is told what the thread had");
	ended_with = NULL;
	rumpuser_thread_create(set_own, NULL, NULL, &t);
	rumpuser_thread_join(t);
	ok(ended_with == NULL, "and isn't called where it had nothing");
}

int
main(void)
{
	struct rumpuser_thread *t;
	void *out[3];
	sigset_t set;

	is(rumpuser_init(RUMPUSER_VERSION), 0, "our version");
	is(rumpuser_init(RUMPUSER_VERSION), 0, "and again");
	is(rumpuser_init(RUMPUSER_VERSION + 1), EINVAL, "another version");
	if (rumpuser_mutex_init(&mtx) != 0 || rumpuser_rw_init(&rw) != 0 ||
	    rumpuser_cv_init(&cv) != 0)
		bail("locks");
	alarm(60); /* a lock that is lost must not hang the tests */
	locks();
	conditions();

	ok(rumpuser_curlwp() == NULL, "no lwp at first");
	rumpuser_set_curlwp(&t);
	rumpuser_thread_create(own_pointer, out, "a name that is too long", &t);
	rumpuser_thread_join(t);
	ok(out[0] == NULL && out[1] == out, "each thread has its own");
	ok(out[2] == out, "our threads leave signals to others");
	ok(rumpuser_curlwp() == &t, "and ours is as it was");
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	ok(sigismember(&set, SIGINT) == 0, "and so are our signals");

	thread_ends();

	rumpuser_cv_destroy(cv);
	rumpuser_rw_destroy(rw);
	rumpuser_mutex_destroy(mtx);
	return done();
}
