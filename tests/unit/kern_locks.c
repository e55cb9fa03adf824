/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks and the scheduler under load: host threads against one another with one
 * virtual CPU (plain stores), with four, and with rank checks.  Invariants are kept in
 * plain variables that only the lock under test protects, so that ThreadSanitizer sees
 * each hole.
 */
#include "unit/child.h"

#include <signal.h>
#include <sys/resource.h>

#include "kern/ksched.h"

#define NTHREADS 6
#define ROUNDS	 2000

static void
run_threads(unsigned n, void *(*fn)(void *))
{
	pthread_t t[NTHREADS];

	for (uintptr_t i = 0; i < n; i++)
		if (pthread_create(&t[i], NULL, fn, (void *)i) != 0)
			bail("pthread_create failed");
	for (unsigned i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

/* As a driver does it around I/O, with its locks held. */
static void
pretend_io(unsigned how)
{
	if (how % 16 == 0) {
		kern_cpu_release();
		if (how % 512 == 0)
			(void)rumpuser_clock_sleep(20000);
		kern_cpu_acquire();
	}
}

/* ---- mutex --------------------------------------------------------------- */
static kmutex_t m1, m2;
static unsigned counter, counter2;

static void *
mutex_thread(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg;
	struct lwp *l;

	for (unsigned i = 0; i < ROUNDS; i++) {
		l = kern_enter();
		if (i % 7 == 0 && mutex_tryenter(&m1)) {
			counter++;
			mutex_exit(&m1);
		} else {
			mutex_enter(&m1);
			unsigned was = counter;

			pretend_io(i + id * 3);
			CHECK(mutex_owned(&m1) && curlwp == l);
			counter = was + 1;
			if (i % 5 == 0) {
				mutex_enter(&m2);
				counter2++;
				mutex_exit(&m2);
			}
			mutex_exit(&m1);
		}
		CHECK(!mutex_owned(&m1));
		kern_leave(l);
	}
	return NULL;
}

static void
test_mutex(void)
{
	struct lwp *l;

	mutex_init(&m1, RANK_ALLOCATOR, "m1");
	mutex_init(&m2, RANK_BUFFER, "m2");
	run_threads(NTHREADS, mutex_thread);
	l = kern_enter();
	CHECK(counter == NTHREADS * ROUNDS);
	CHECK(counter2 > 0);
	mutex_destroy(&m1);
	mutex_destroy(&m2);
	kern_leave(l);
}

/* ---- reader-writer lock ----------------------------------------------------- */
static krwlock_t rw;
static unsigned word_a, word_b, nwrites, nreaders, most_readers;

static void *
rw_thread(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg;
	bool writer;
	struct lwp *l;

	for (unsigned i = 0; i < ROUNDS; i++) {
		l = kern_enter();
		writer = (i + id) % 4 == 0;
		if (i % 9 == 0) {
			if (!rw_tryenter(&rw, RW_READER)) {
				kern_leave(l);
				continue;
			}
			writer = rw_tryupgrade(&rw);
		} else
			rw_enter(&rw, writer ? RW_WRITER : RW_READER);
		CHECK(rw_lock_held(&rw) && rw_write_held(&rw) == writer);
		if (writer) {
			word_a++;
			pretend_io(i + id);
			CHECK(word_a == word_b + 1);
			word_b++;
			__atomic_add_fetch(&nwrites, 1, __ATOMIC_RELAXED);
			if (i % 3 == 0) {
				rw_downgrade(&rw);
				CHECK(word_a == word_b);
			}
		} else {
			unsigned n = __atomic_add_fetch(
				     &nreaders, 1, __ATOMIC_RELAXED),
				 was = word_a;

			if (n >
			    __atomic_load_n(&most_readers, __ATOMIC_RELAXED))
				__atomic_store_n(
				    &most_readers, n, __ATOMIC_RELAXED);
			pretend_io((i + id) / 3);
			CHECK(word_a == was && word_b == was);
			__atomic_sub_fetch(&nreaders, 1, __ATOMIC_RELAXED);
		}
		rw_exit(&rw);
		kern_leave(l);
	}
	return NULL;
}

static void
test_rw(void)
{
	struct lwp *l;

	rw_init(&rw, RANK_VNODE, "rw");
	run_threads(NTHREADS, rw_thread);
	l = kern_enter();
	CHECK(word_a == word_b && word_a == nwrites && nwrites > 0);
	CHECK(most_readers > 1); /* readers were in together */
	rw_destroy(&rw);
	kern_leave(l);
}

/* ---- condition variables: a bounded queue ----------------------------------- */
static kmutex_t qlock;
static kcondvar_t qnotempty, qnotfull;
static unsigned queue[4], qlen, nproduced, nconsumed;
static uint64_t sum_in, sum_out;
static unsigned ntimeouts;

static void
produce(unsigned value)
{
	struct lwp *l = kern_enter();

	mutex_enter(&qlock);
	while (qlen == nitems(queue))
		cv_wait(&qnotfull, &qlock);
	queue[qlen++] = value;
	sum_in += value;
	nproduced++;
	if (value % 3 == 0)
		cv_broadcast(&qnotempty);
	else
		cv_signal(&qnotempty);
	mutex_exit(&qlock);
	kern_leave(l);
}

static void
consume(unsigned i)
{
	struct lwp *l = kern_enter();
	int error;

	mutex_enter(&qlock);
	while (qlen == 0)
		if (i % 2 == 0)
			cv_wait(&qnotempty, &qlock);
		else {
			/* short enough that time-outs race with signals */
			error = cv_timedwait(
			    &qnotempty, &qlock, (int64_t)(i % 50) * 2000);
			CHECK(error == 0 || error == ETIMEDOUT);
			ntimeouts += error == ETIMEDOUT;
		}
	CHECK(mutex_owned(&qlock));
	sum_out += queue[--qlen];
	nconsumed++;
	/* A waiter that times out at the same moment may swallow a signal, but
	 * then looks at the queue; still, all consumers wait on one condition. */
	cv_signal(&qnotfull);
	mutex_exit(&qlock);
	pretend_io(i);
	kern_leave(l);
}

static void *
cv_thread(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < ROUNDS / 2; i++)
		if (id % 2 == 0)
			produce(id * ROUNDS + i);
		else
			consume(i);
	return NULL;
}

static void
test_cv(void)
{
	struct lwp *l;

	mutex_init(&qlock, RANK_PROC, "queue");
	cv_init(&qnotempty, "notempty");
	cv_init(&qnotfull, "notfull");
	run_threads(NTHREADS, cv_thread);
	l = kern_enter();
	CHECK(nproduced == nconsumed && sum_in == sum_out && qlen == 0);
	CHECK(nproduced == NTHREADS / 2 * (ROUNDS / 2));
	/* a time-out for certain */
	mutex_enter(&qlock);
	CHECK(cv_timedwait(&qnotempty, &qlock, 1000000) == ETIMEDOUT);
	CHECK(cv_timedwait(&qnotempty, &qlock, 0) == ETIMEDOUT);
	mutex_exit(&qlock);
	cv_destroy(&qnotempty);
	cv_destroy(&qnotfull);
	kern_leave(l);
}

/* ---- park ---------------------------------------------------------------------- */
static struct lwp *parked[2];
static unsigned baton;

/* Two threads that wake one another: each unpark is one park, also if it comes
 * first. */
static void *
park_thread(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg;
	struct lwp *l = kern_enter();

	__atomic_store_n(&parked[id], l, __ATOMIC_RELEASE);
	while (__atomic_load_n(&parked[!id], __ATOMIC_ACQUIRE) == NULL) {
		kern_cpu_release();
		(void)rumpuser_clock_sleep(10000);
		kern_cpu_acquire();
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (id == 0) {
			baton++;
			kern_unpark(parked[1]);
			kern_park(NULL);
		} else {
			kern_park(NULL);
			CHECK(baton == 2 * i + 1);
			baton++;
			kern_unpark(parked[0]);
		}
	}
	kern_leave(l);
	return NULL;
}

static void
test_park(void)
{
	struct lwp *l;

	run_threads(2, park_thread);
	l = kern_enter();
	CHECK(baton == 2 * ROUNDS);
	kern_unpark(l);
	kern_park(NULL); /* kept */
	CHECK(kern_park_timed(NULL, 100000) == ETIMEDOUT);
	kern_leave(l);
}

/* ---- virtual CPUs --------------------------------------------------------------- */
static unsigned inside, most_inside;
static unsigned done_calls[NTHREADS];
static bool stop;

static void *
cpu_thread(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg, n;
	struct lwp *l;

	if (id % 2 == 1 && rump_pub_lwproc_rfork(RUMP_RFCFDG) != 0)
		CHECK(false);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		l = kern_enter();
		n = __atomic_add_fetch(&inside, 1, __ATOMIC_RELAXED);
		CHECK(n <= kern_ncpu);
		if (n > __atomic_load_n(&most_inside, __ATOMIC_RELAXED))
			__atomic_store_n(&most_inside, n, __ATOMIC_RELAXED);
		for (volatile int spin = 0; spin < 50; spin++)
			continue;
		__atomic_sub_fetch(&inside, 1, __ATOMIC_RELAXED);
		if (id == 0) { /* one that returns from I/O all the time */
			kern_cpu_release();
			(void)rumpuser_clock_sleep(1000);
			kern_cpu_acquire();
		}
		kern_yield();
		kern_leave(l);
		done_calls[id]++;
	}
	if (id % 2 == 1)
		rump_pub_lwproc_releaselwp();
	return NULL;
}

static void *
stopper(void *arg)
{
	if ((uintptr_t)arg != NTHREADS - 1)
		return cpu_thread(arg);
	(void)rumpuser_clock_sleep(300000000);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	return NULL;
}

static void
test_cpus(void)
{
	run_threads(NTHREADS, stopper);
	CHECK(inside == 0 && most_inside >= 1 && most_inside <= kern_ncpu);
	for (unsigned i = 0; i < NTHREADS - 1; i++) {
		/* 300 ms: who loses the CPU every time still gets it, however
		 * busy the host is */
		CHECK(done_calls[i] >= 3);
		fprintf(stderr, "# ncpu %u, thread %u: %u calls\n", kern_ncpu,
		    i, done_calls[i]);
	}
}

/* ---- kernel threads --------------------------------------------------------------- */
static unsigned kt_runs;

static void
kt_main(void *arg)
{
	CHECK(curproc->p_pid == 0);
	for (unsigned i = 0; i < 100; i++) {
		mutex_enter(&m1);
		kt_runs += *(unsigned *)arg;
		pretend_io(i);
		mutex_exit(&m1);
	}
}

static void
test_kthread(void)
{
	struct lwp *l = kern_enter();
	struct kthread *kt[4];
	unsigned one = 1;

	mutex_init(&m1, RANK_SYSTEM, "m1");
	for (unsigned i = 0; i < 4; i++)
		CHECK(kthread_create(kt_main, &one, "test", &kt[i]) == 0);
	for (unsigned i = 0; i < 4; i++)
		kthread_join(kt[i]);
	CHECK(kt_runs == 400);
	kern_leave(l);
}

/* ---- ^C ------------------------------------------------------------------------------ */
static void
on_alarm(int sig)
{
	(void)sig;
	rump_pub_interrupt();
}

static void
test_interrupt(void)
{
	struct lwp *l = kern_enter();

	CHECK(!kern_interrupted);
	signal(SIGUSR1, on_alarm);
	raise(SIGUSR1);
	CHECK(kern_interrupted);
	kern_leave(l);
	l = kern_enter(); /* it doesn't refuse: sys/ does */
	CHECK(l != NULL && kern_interrupted);
	kern_leave(l);
	rump_pub_interrupt_clear();
	CHECK(!kern_interrupted);
}

/* ---- ranks ------------------------------------------------------------------------------ */
static void
wrong_order(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	if (freopen("/dev/null", "w", stderr) == NULL)
		exit(3);
	(void)kern_enter();
	mutex_init(&m1, RANK_ALLOCATOR, "m1");
	mutex_init(&m2, RANK_BUFFER, "m2");
	mutex_enter(&m2);
	mutex_enter(&m1);
}

static void
right_order(void)
{
	struct lwp *l = kern_enter();
	krwlock_t a, b;

	mutex_init(&m1, RANK_ALLOCATOR, "m1");
	mutex_init(&m2, RANK_BUFFER, "m2");
	rw_init(&a, RANK_VNODE, "parent");
	rw_init(&b, RANK_VNODE, "child");
	for (int i = 0; i < 20; i++) {
		rw_enter(&a, RW_READER);
		rw_enter(&b, RW_WRITER);
		mutex_enter(&m1);
		mutex_enter(&m2);
		mutex_exit(&m1); /* giving up has no order */
		rw_exit(&a);
		mutex_exit(&m2);
		CHECK(mutex_tryenter(&m2)); /* nor has a try */
		CHECK(mutex_tryenter(&m1));
		mutex_exit(&m1);
		mutex_exit(&m2);
		rw_exit(&b);
	}
	CHECK(l->l_nranks == 0);
	kern_leave(l);
}

static const struct param up[] = {{"RUMP_NCPU", "1"}, {NULL, NULL}};
static const struct param mp[] = {{"RUMP_NCPU", "4"}, {NULL, NULL}};
static const struct param debug[] = {
    {"RUMP_NCPU", "1"}, {"RUMP_DEBUG", "1"}, {NULL, NULL}};
static const struct param mpdebug[] = {
    {"RUMP_NCPU", "4"}, {"RUMP_DEBUG", "1"}, {NULL, NULL}};

int
main(void)
{
	static const struct {
		const char *name;
		const struct param *params;
	} forms[] = {{"one CPU", up}, {"four CPUs", mp},
	    {"one CPU, checks", debug}, {"four CPUs, checks", mpdebug}};
	static const struct {
		const char *name;
		void (*fn)(void);
	} tests[] = {{"mutex", test_mutex}, {"rwlock", test_rw},
	    {"condvar", test_cv}, {"park", test_park},
	    {"virtual CPUs", test_cpus}, {"kernel threads", test_kthread},
	    {"interrupt", test_interrupt}};
	char what[80];
	int status;

	for (unsigned f = 0; f < nitems(forms); f++)
		for (unsigned t = 0; t < nitems(tests); t++) {
			snprintf(what, sizeof(what), "%s, %s", tests[t].name,
			    forms[f].name);
			child_ok(forms[f].params, tests[t].fn, what);
		}
	child_ok(debug, right_order, "locks in their order");
	status = child_status(debug, true, wrong_order);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	    "locks out of order are found out");
	return done();
}
