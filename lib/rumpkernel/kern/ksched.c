/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: which host threads have a virtual CPU.  What usually happens
 * is inline in ksched.h; here is the rest, under one host mutex.
 *
 * Threads that want a CPU wait in one queue, first come first.  Who gives a CPU
 * back wakes the first of them to try for it, but may itself (as may anybody who
 * just comes along) take it again meanwhile: a host thread takes tens of
 * microseconds to wake, a call perhaps one, and a CPU handed over each time would
 * idle for most of it.  A waiter that lost in this way goes back to the queue's
 * head as starving, and then the next one to leave hands its CPU over.  So every
 * waiter loses at most once.
 *
 * An lwp that is unparked joins the same queue without being woken: with one
 * CPU it couldn't run before the caller leaves.
 *
 * Invariants, under sched_mtx: kern_nwaiting is the length of the queue; a thread
 * that has joined it looks once more for an idle CPU, after it was counted, so
 * that it either finds one or is seen by the next one to leave.  sched_nwoken
 * threads are in the state WOKEN, never more than there are CPUs.
 */
#include "kern/ksched.h"

#include <rump/rump.h>

#include "kern/kinit.h"
#include "kern/klog.h"

#define SPINS 128 /* tries for a CPU before sleeping */

struct vcpu kern_vcpus[VCPU_MAX];
unsigned kern_ncpu = 1;
unsigned kern_nwaiting;
static struct rumpuser_mtx *sched_mtx;
static struct lwpq sched_queue;
static unsigned sched_nwoken;
static unsigned sched_spins;

int
sched_init(void)
{
	char buf[16];

	/* Spinning for another host thread's progress needs a second one. */
	sched_spins = SPINS;
	if (rumpuser_getparam(RUMPUSER_PARAM_NCPU, buf, sizeof(buf)) == 0 &&
	    buf[0] == '1' && buf[1] == '\0')
		sched_spins = 1;
	return rumpuser_mutex_init(&sched_mtx);
}

struct lwp *
kern_curlwp_slow(void)
{
	return rumpuser_curlwp();
}

/* ---- the queue; sched_mtx is held ------------------------------------ */
static void
queue_insert(struct lwp *l, bool athead)
{
	l->l_state = LWP_QUEUED;
	l->l_schednext = athead ? sched_queue.lq_head : NULL;
	if (sched_queue.lq_head == NULL)
		sched_queue.lq_head = sched_queue.lq_tail = l;
	else if (athead)
		sched_queue.lq_head = l;
	else {
		sched_queue.lq_tail->l_schednext = l;
		sched_queue.lq_tail = l;
	}
	__atomic_add_fetch(&kern_nwaiting, 1, __ATOMIC_SEQ_CST);
}

static void
queue_remove(struct lwp *l)
{
	struct lwp *prev = NULL, *i;

	for (i = sched_queue.lq_head; i != l; i = i->l_schednext)
		prev = i;
	if (prev == NULL)
		sched_queue.lq_head = l->l_schednext;
	else
		prev->l_schednext = l->l_schednext;
	if (sched_queue.lq_tail == l)
		sched_queue.lq_tail = prev;
	l->l_schednext = NULL;
	__atomic_sub_fetch(&kern_nwaiting, 1, __ATOMIC_SEQ_CST);
}

/* ---- taking a CPU ------------------------------------------------------ */

/* Any CPU that is idle, for l. */
static bool
cpu_grab(struct lwp *l)
{
	unsigned i, first = (unsigned)(l->l_lastcpu - kern_vcpus);
	uintptr_t w;

	for (i = 0; i < kern_ncpu; i++) {
		struct vcpu *c = &kern_vcpus[(first + i) % kern_ncpu];

		w = __atomic_load_n(&c->vc_word, __ATOMIC_SEQ_CST);
		if ((w & VCPU_BUSY) == 0 &&
		    __atomic_compare_exchange_n(&c->vc_word, &w,
			(uintptr_t)l | VCPU_BUSY, false, __ATOMIC_SEQ_CST,
			__ATOMIC_RELAXED)) {
			l->l_lastcpu = c;
			return true;
		}
	}
	return false;
}

static bool
cpu_grab_spinning(struct lwp *l)
{
	unsigned i;

	for (i = 0; i < sched_spins; i++) {
		if (cpu_grab(l))
			return true;
		kern_spin_hint();
	}
	return false;
}

/* l has been counted in; an idle CPU would not be noticed by anybody else. */
static bool
queue_recheck(struct lwp *l)
{
	if (!cpu_grab(l))
		return false;
	queue_remove(l);
	l->l_state = LWP_GRANTED;
	return true;
}

/* Sleep until l has a CPU.  With sched_mtx held, which it drops.  ns < 0: a
 * parked l waits for ever. */
static int
sched_wait(struct lwp *l, int64_t ns)
{
	int64_t deadline = ns < 0 ? 0 : kern_monotime_ns() + ns;
	bool got, timedout = false;

	while (l->l_state != LWP_GRANTED) {
		if (l->l_state == LWP_WOKEN) {
			rumpuser_mutex_exit(sched_mtx);
			got = cpu_grab_spinning(l);
			rumpuser_mutex_enter(sched_mtx);
			sched_nwoken--;
			if (got)
				break;
			l->l_starving = true;
			queue_insert(l, true);
			(void)queue_recheck(l);
		} else if (l->l_state == LWP_PARKED && ns >= 0) {
			ns = deadline - kern_monotime_ns();
			if (ns > 0) {
				(void)rumpuser_cv_timedwait(
				    l->l_cv, sched_mtx, ns);
			} else {
				timedout = true;
				queue_insert(l, false);
				(void)queue_recheck(l);
			}
		} else
			rumpuser_cv_wait(l->l_cv, sched_mtx);
	}
	l->l_state = LWP_RUN;
	l->l_starving = false;
	rumpuser_mutex_exit(sched_mtx);
	return timedout ? ETIMEDOUT : 0;
}

static void
cpu_acquire(struct lwp *l)
{
	if (cpu_grab_spinning(l))
		return;
	rumpuser_mutex_enter(sched_mtx);
	queue_insert(l, false);
	(void)queue_recheck(l);
	(void)sched_wait(l, -1);
}

/* ---- giving one back --------------------------------------------------- */

/* Tell the first waiter to try for a CPU, unless enough are on their way. */
static void
sched_wakeone(void)
{
	struct lwp *w = sched_queue.lq_head;

	if (w == NULL || sched_nwoken >= kern_ncpu)
		return;
	queue_remove(w);
	w->l_state = LWP_WOKEN;
	sched_nwoken++;
	rumpuser_cv_signal(w->l_cv);
}

/* l's CPU to whom it is due.  With sched_mtx held. */
static void
cpu_giveup(struct lwp *l)
{
	struct vcpu *c = l->l_lastcpu;
	struct lwp *w = sched_queue.lq_head;

	if (w != NULL && w->l_starving) {
		queue_remove(w);
		w->l_lastcpu = c;
		w->l_state = LWP_GRANTED;
		__atomic_store_n(
		    &c->vc_word, (uintptr_t)w | VCPU_BUSY, __ATOMIC_SEQ_CST);
		rumpuser_cv_signal(w->l_cv);
		return;
	}
	__atomic_store_n(&c->vc_word, (uintptr_t)l, __ATOMIC_SEQ_CST);
	sched_wakeone();
}

void
kern_leave_slow(struct lwp *l)
{
	rumpuser_mutex_enter(sched_mtx);
	cpu_giveup(l);
	rumpuser_mutex_exit(sched_mtx);
}

void
kern_leave_kick(void)
{
	struct lwp *w;

	rumpuser_mutex_enter(sched_mtx);
	w = sched_queue.lq_head;
	if (w != NULL && w->l_starving) {
		if (queue_recheck(w))
			rumpuser_cv_signal(w->l_cv);
	} else
		sched_wakeone();
	rumpuser_mutex_exit(sched_mtx);
}

/* ---- what the kernel calls --------------------------------------------- */
struct lwp *
kern_enter_slow(struct lwp *l)
{
	if (unlikely(kern_phase() == PHASE_NONE))
		kpanic("the kernel was called before rump_init()");
	if (l == NULL)
		l = lwp_implicit();
	if (__atomic_load_n(&l->l_lastcpu->vc_word, __ATOMIC_RELAXED) ==
	    ((uintptr_t)l | VCPU_BUSY))
		kpanic("the kernel was entered twice by one thread");
	cpu_acquire(l);
	return l;
}

void
rump_schedule(void)
{
	(void)kern_enter();
}

void
rump_unschedule(void)
{
	kern_leave(rumpuser_curlwp());
}

void
kern_cpu_release(void)
{
	kern_leave(kern_curlwp());
}

void
kern_cpu_acquire(void)
{
	struct lwp *l = rumpuser_curlwp();
	uintptr_t idle = (uintptr_t)l;

	if (unlikely(!__atomic_compare_exchange_n(&l->l_lastcpu->vc_word, &idle,
		(uintptr_t)l | VCPU_BUSY, false, __ATOMIC_SEQ_CST,
		__ATOMIC_RELAXED)))
		cpu_acquire(l);
}

int
kern_park_timed(uint32_t *interlock, int64_t ns)
{
	struct lwp *l = kern_curlwp();

	if (interlock != NULL)
		interlock_exit(interlock);
	rumpuser_mutex_enter(sched_mtx);
	if (l->l_unparked) {
		l->l_unparked = false;
		rumpuser_mutex_exit(sched_mtx);
		return 0;
	}
	KASSERT(l->l_state == LWP_RUN);
	l->l_state = LWP_PARKED;
	cpu_giveup(l);
	return sched_wait(l, ns);
}

void
kern_park(uint32_t *interlock)
{
	(void)kern_park_timed(interlock, -1);
}

void
kern_unpark(struct lwp *l)
{
	rumpuser_mutex_enter(sched_mtx);
	if (l->l_state == LWP_PARKED) {
		queue_insert(l, false);
		if (queue_recheck(l))
			rumpuser_cv_signal(l->l_cv);
	} else {
		KASSERT(!l->l_unparked);
		l->l_unparked = true;
	}
	rumpuser_mutex_exit(sched_mtx);
}
