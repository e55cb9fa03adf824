/* SPDX-License-Identifier: BSD-2-Clause */
/* rump_lwproc(3): implicit and bound threads, processes, credentials. */
#include "unit/child.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include <rump/rump_syscalls.h>

#include "kern/kinit.h"
#include "kern/kmem.h"
#include "kern/ksched.h"

static int32_t
mypid(void)
{
	struct lwp *l = kern_enter();
	int32_t pid = l->l_proc->p_pid;

	CHECK(curlwp == l && curproc == l->l_proc);
	kern_leave(l);
	return pid;
}

static int
processes(void)
{
	struct lwp *l = kern_enter();
	int n = 0;

	for (int32_t pid = 0; pid < 100; pid++)
		n += proc_find(pid) != NULL;
	kern_leave(l);
	return n;
}

static void
test_basic(void)
{
	struct lwp *first, *second;
	int32_t pid;
	int n;

	CHECK(kern_phase() == PHASE_RUNNING);
	CHECK(rump_init() == 0); /* again: nothing happens */
	CHECK(mypid() == 1);
	CHECK(rump_pub_lwproc_curlwp() == NULL); /* implicit */
	n = processes();
	CHECK(rump_pub_lwproc_rfork(RUMP_RFCFDG) == 0);
	first = rump_pub_lwproc_curlwp();
	pid = mypid();
	CHECK(first != NULL && pid > 1 && processes() == n + 1);
	/* another lwp of the same process; the first waits, unbound */
	CHECK(rump_pub_lwproc_newlwp(pid) == 0);
	second = rump_pub_lwproc_curlwp();
	CHECK(second != NULL && second != first && mypid() == pid);
	rump_pub_lwproc_switch(first);
	CHECK(rump_pub_lwproc_curlwp() == first);
	rump_pub_lwproc_switch(first); /* to itself */
	CHECK(rump_pub_lwproc_curlwp() == first);
	rump_pub_lwproc_switch(NULL);
	CHECK(rump_pub_lwproc_curlwp() == NULL && mypid() == 1);
	rump_pub_lwproc_switch(second);
	rump_pub_lwproc_releaselwp();
	CHECK(rump_pub_lwproc_curlwp() == NULL && mypid() == 1);
	CHECK(processes() == n + 1); /* first still has it */
	rump_pub_lwproc_switch(first);
	rump_pub_lwproc_releaselwp();
	CHECK(processes() == n);
	CHECK(rump_pub_lwproc_newlwp(pid) == RUMP_ENOENT);
	CHECK(rump_pub_lwproc_newlwp(0) == RUMP_ENOENT);
	CHECK(rump_pub_lwproc_newlwp(-1) == RUMP_ENOENT);
	CHECK(rump_pub_lwproc_rfork(RUMP_RFFDG | RUMP_RFCFDG) == RUMP_EINVAL);
	CHECK(rump_pub_lwproc_rfork(0x100) == RUMP_EINVAL);
	CHECK(rump_pub_lwproc_newlwp(1) == 0); /* bound to process 1 */
	CHECK(rump_pub_lwproc_curlwp() != NULL && mypid() == 1);
	rump_pub_lwproc_releaselwp();
	CHECK(mypid() == 1);
}

static uint32_t
myuid(void)
{
	struct lwp *l = kern_enter();
	uint32_t uid = l->l_proc->p_cred->cr_uid;

	kern_leave(l);
	return uid;
}

static void
test_cred(void)
{
	static const uint32_t groups[] = {5, 6, 7};
	uint32_t many[33] = {0};
	struct lwp *l;
	struct kcred *cr, *kept;
	uint64_t used;

	CHECK(myuid() == 0);
	CHECK(rump_pub_lwproc_rfork(RUMP_RFCFDG) == 0);
	CHECK(rump_pub_lwproc_setcred(1000, 100, 3, groups) == 0);
	CHECK(rump_pub_lwproc_setcred(1, 1, 33, many) == RUMP_EINVAL);
	l = kern_enter();
	cr = kept = curproc->p_cred;
	cred_hold(kept);
	CHECK(cr->cr_uid == 1000 && cr->cr_gid == 100 && !cred_is_root(cr));
	CHECK(cred_in_group(cr, 100) && cred_in_group(cr, 6) &&
	    !cred_in_group(cr, 8) && !cred_in_group(cr, 0));
	CHECK(cred_is_root(cred_root));
	kern_leave(l);

	/* A child inherits; changing it doesn't change the parent. */
	l = rump_pub_lwproc_curlwp();
	CHECK(rump_pub_lwproc_rfork(RUMP_RFCFDG) == 0 && myuid() == 1000);
	CHECK(rump_pub_lwproc_setcred(7, 7, 0, NULL) == 0 && myuid() == 7);
	rump_pub_lwproc_releaselwp();
	rump_pub_lwproc_switch(l);
	CHECK(myuid() == 1000);

	/* To and fro between two: no memory for each change. */
	CHECK(rump_pub_lwproc_setcred(0, 0, 0, NULL) == 0 && myuid() == 0);
	used = kmem_inuse();
	for (int i = 0; i < 100; i++) {
		CHECK(rump_pub_lwproc_setcred(1000, 100, 3, groups) == 0);
		CHECK(rump_pub_lwproc_setcred(0, 0, 0, NULL) == 0);
	}
	CHECK(kmem_inuse() == used && myuid() == 0);
	CHECK(rump_pub_lwproc_setcred(1000, 100, 3, groups) == 0);
	l = kern_enter();
	CHECK(curproc->p_cred == kept);
	kern_leave(l);
	rump_pub_lwproc_releaselwp();
	l = kern_enter();
	CHECK(kept->cr_uid == 1000 && kept->cr_refs == 1); /* still ours */
	cred_free(kept);
	kern_leave(l);
	CHECK(myuid() == 0);
}

static void *
short_thread(void *arg)
{
	(void)arg;
	CHECK(mypid() == 1);
	return NULL;
}

/* Threads that come and go leave nothing behind. */
static void
test_threads_end(void)
{
	uint64_t used = 0;
	pthread_t t;

	CHECK(mypid() == 1);
	for (int i = 0; i < 50; i++) {
		CHECK(pthread_create(&t, NULL, short_thread, NULL) == 0);
		CHECK(pthread_join(t, NULL) == 0);
		if (i == 0)
			used = kmem_inuse();
	}
	CHECK(kmem_inuse() == used);
}

static void
quiet(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	if (freopen("/dev/null", "w", stderr) == NULL)
		exit(3);
}

static void
die_nested(void)
{
	quiet();
	rump_schedule();
	rump_schedule();
}

static void
die_too_early(void)
{
	quiet();
	rump_schedule();
}

static void
die_release_implicit(void)
{
	quiet();
	rump_pub_lwproc_releaselwp();
}

static void
panics(void (*fn)(void), bool start, const char *what)
{
	int status = child_status(NULL, start, fn);

	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%s", what);
}

/* For whoever looks: a call without work against the host's.  make bench is
 * what judges it. */
static double
ns_each(int (*fn)(void))
{
	struct timespec from, to;
	unsigned sum = 0;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 100000; i++)
		sum |= (unsigned)fn();
	clock_gettime(CLOCK_MONOTONIC, &to);
	CHECK(sum != 0);
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 +
		   (double)(to.tv_nsec - from.tv_nsec)) /
	    1e5;
}

static int
host_getpid(void)
{
	return (int)syscall(SYS_getpid);
}

static void
test_cost(void)
{
	CHECK(mypid() == rump_sys_getpid());
	printf("# enter and leave %.1f ns, rump_sys_getpid %.1f ns, "
	       "the host's getpid %.1f ns\n",
	    ns_each(mypid), ns_each(rump_sys_getpid), ns_each(host_getpid));
}

int
main(void)
{
	static const struct param smp[] = {{"RUMP_NCPU", "4"}, {NULL, NULL}};
	static const struct param debug[] = {{"RUMP_DEBUG", "1"}, {NULL, NULL}};

	child_ok(NULL, test_basic, "fork, new lwp, switch, release");
	child_ok(smp, test_basic, "... with four CPUs");
	child_ok(debug, test_basic, "... and checks");
	child_ok(NULL, test_cred, "credentials");
	child_ok(smp, test_cred, "... with four CPUs");
	child_ok(NULL, test_threads_end, "unbound threads end");
	child_ok(NULL, test_cost,
	    "getpid is the same from outside (its cost above)");
	panics(die_nested, true, "entering twice is found out");
	panics(die_too_early, false, "entering before the start is found out");
	panics(
	    die_release_implicit, true, "releasing what isn't one's own too");
	return done();
}
