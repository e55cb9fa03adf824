/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual CPUs, as far as everybody needs them: who runs on one, and curlwp.
 *
 * A CPU is one word: the lwp that has it or had it last, and a bit that says
 * which.  Taking a CPU is one compare-and-swap from (l, idle) to (l, busy) by
 * the lwp that had it last; see ksched.h for that and ksched.c for the rest.
 * With one virtual CPU the word is at the same time curlwp.
 */
#ifndef KERN_KCPU_H
#define KERN_KCPU_H

#include "kern/kdefs.h"

struct lwp;

#define VCPU_MAX  64
#define VCPU_BUSY ((uintptr_t)1)
struct vcpu {
	uintptr_t vc_word; /* struct lwp * | VCPU_BUSY */
} __attribute__((aligned(64)));

extern struct vcpu kern_vcpus[VCPU_MAX];
extern unsigned kern_ncpu;
/* RUMP_DEBUG: lock ranks are checked, pools keep nothing, freed memory is
 * overwritten. */
extern bool kern_debug;
/* One virtual CPU and no debugging: locks may take their inline path. */
extern bool kern_uplocks;

struct lwp *kern_curlwp_slow(void);
static inline struct lwp *
kern_curlwp(void)
{
	uintptr_t w;

	if (unlikely(kern_ncpu != 1))
		return kern_curlwp_slow();
	w = __atomic_load_n(&kern_vcpus[0].vc_word, __ATOMIC_RELAXED);
	return (struct lwp *)(w - VCPU_BUSY);
}
#define curlwp	(kern_curlwp())
#define curproc (curlwp->l_proc)

/* In a loop that waits for another host thread's next few instructions. */
static inline void
kern_spin_hint(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

#endif /* KERN_KCPU_H */
