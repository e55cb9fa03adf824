/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entering and leaving the kernel.  sys/ wraps each call in kern_enter() and
 * kern_leave(); in the usual case (this thread had the CPU last, nobody waits)
 * each is a few instructions with one atomic operation.  Calls don't nest.
 *
 * kern_enter() doesn't look at kern_interrupted: whether a call fails with EINTR
 * is for sys/ to decide.
 */
#ifndef KERN_KSCHED_H
#define KERN_KSCHED_H

#include <rump/rumpuser.h>

#include "kern/klwp.h"

extern unsigned kern_nwaiting; /* threads that wait for a CPU */
struct lwp *kern_enter_slow(struct lwp *l);
void kern_leave_slow(struct lwp *l); /* has the CPU, and others want it */
void kern_leave_kick(void);	     /* gave it back just before they did */

/* From outside the kernel: get an lwp and a CPU. */
static inline struct lwp *
kern_enter(void)
{
	struct lwp *l = rumpuser_curlwp();
	uintptr_t idle = (uintptr_t)l;

	if (likely(l != NULL &&
		__atomic_compare_exchange_n(&l->l_lastcpu->vc_word, &idle,
		    (uintptr_t)l | VCPU_BUSY, false, __ATOMIC_SEQ_CST,
		    __ATOMIC_RELAXED)))
		return l;
	return kern_enter_slow(l);
}

/*
 * Give the CPU back.  l is what kern_enter() returned.  A thread that wants a
 * CPU first counts itself in kern_nwaiting and then looks at the words; here it
 * is the other way round; so one of the two sees the other.
 */
static inline void
kern_leave(struct lwp *l)
{
	if (unlikely(__atomic_load_n(&kern_nwaiting, __ATOMIC_RELAXED) != 0)) {
		kern_leave_slow(l);
		return;
	}
	__atomic_exchange_n(
	    &l->l_lastcpu->vc_word, (uintptr_t)l, __ATOMIC_SEQ_CST);
	if (unlikely(__atomic_load_n(&kern_nwaiting, __ATOMIC_SEQ_CST) != 0))
		kern_leave_kick();
}

/* In a long computation: let others run if they wait. */
static inline void
kern_yield(void)
{
	if (unlikely(__atomic_load_n(&kern_nwaiting, __ATOMIC_RELAXED) != 0)) {
		kern_cpu_release();
		kern_cpu_acquire();
	}
}

/* kern/ only. */
int sched_init(void);
struct lwp *lwp_implicit(
    void); /* this thread's, made or taken from the cache */

#endif /* KERN_KSCHED_H */
