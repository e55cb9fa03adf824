/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads (lwp) and processes as the kernel sees them, and the virtual CPUs.
 *
 * A host thread enters through kern_enter() (ksched.h; rump_schedule() from
 * outside) and leaves through kern_leave(); between them it has an lwp (its own,
 * bound by rump_pub_lwproc_*, or an implicit one of process 1) and a virtual
 * CPU.  curlwp is valid only there.
 */
#ifndef KERN_KLWP_H
#define KERN_KLWP_H

#include "kern/kcpu.h"
#include "kern/kdefs.h"
#include "kern/klist.h"
#include "kern/klock.h"

#define KCRED_NGROUPS 32
/* Immutable once published.  A process keeps every set of credentials that it
 * ever had until it ends, so that p_cred may be used without a reference by its
 * own threads, also over I/O; who keeps one for longer (an open file) holds it. */
struct kcred {
	uint32_t cr_refs;
	uint32_t cr_uid, cr_gid;
	uint32_t cr_ngroups;
	uint32_t cr_groups[KCRED_NGROUPS];
	struct kcred *cr_older; /* of the same process */
};
extern struct kcred *const cred_root; /* uid 0: modes never refuse */
void cred_hold(struct kcred *cr);
void cred_free(struct kcred *cr);
bool cred_is_root(const struct kcred *cr);
bool cred_in_group(const struct kcred *cr, uint32_t gid);

struct filedesc; /* vfs: open files, current and root directory, umask */

struct proc {
	int32_t p_pid;
	uint32_t p_nlwps;
	struct kcred *p_cred; /* the head of its list of credentials */
	struct filedesc *p_fd;
	struct klink p_link;
};

/*
 * What an lwp is doing, as the scheduler sees it:
 *
 *     RUN --park--> PARKED --unpark or timeout--> QUEUED
 *     RUN --no CPU was free--> QUEUED
 *     QUEUED --handed a CPU--> GRANTED --> RUN
 *     QUEUED --told to try for one--> WOKEN --> RUN, or QUEUED again, and then
 *                                     first in line for a hand-over
 * RUN is also the state of a thread that is outside of the kernel.
 */
enum lwp_state {
	LWP_RUN,
	LWP_PARKED,
	LWP_QUEUED,
	LWP_WOKEN,
	LWP_GRANTED,
};

struct rumpuser_cv;
#define LWP_NRANKS 16
struct lwp {
	struct proc *l_proc;
	struct vcpu *l_lastcpu;	  /* the CPU it has or had last; never NULL */
	struct lwp *l_qnext;	  /* on a lock's queue */
	struct lwp *l_schednext;  /* on the scheduler's queue */
	struct rumpuser_cv *l_cv; /* where its host thread sleeps */
	int32_t l_lid;
	uint32_t l_flags;
#define LWP_IMPLICIT  0x1
#define LWP_BOUND     0x2 /* some host thread's at this time */
#define LWP_WANTWRITE 0x4 /* queued as a writer */
	enum lwp_state l_state;
	bool l_unparked;     /* an unpark came before the park */
	bool l_starving;     /* lost a CPU to another once already */
	struct klink l_link; /* cache of implicit ones */
	uint32_t l_nranks;   /* debug: ranks held, in order */
	int16_t l_ranks[LWP_NRANKS];
};

/*
 * Around a hypercall that blocks or moves 4 KiB or more: give the virtual CPU
 * back, and get one again.  Locks stay held.  Nothing that the CPU alone
 * protects may be relied upon across it.
 */
void kern_cpu_release(void);
void kern_cpu_acquire(void);

/*
 * Park the current lwp until kern_unpark(); spurious returns don't happen, and
 * an unpark that comes first is kept.  The interlock (may be NULL) is a spin
 * word that is released on the way.
 */
void kern_park(uint32_t *interlock);
/* ns: at most so long.  0, ETIMEDOUT (then an unpark may still come). */
int kern_park_timed(uint32_t *interlock, int64_t ns);
void kern_unpark(struct lwp *l);

/* Kernel threads (not on hypercall workers): run fn(arg) with an lwp of proc 0,
 * in the kernel.  Each must be joined. */
struct kthread;
int kthread_create(
    void (*fn)(void *), void *arg, const char *name, struct kthread **ktp);
void kthread_join(struct kthread *kt);

/* ^C: set by rump_pub_interrupt(), read at kernel entry and between runs. */
extern bool kern_interrupt_flag;
#define kern_interrupted __atomic_load_n(&kern_interrupt_flag, __ATOMIC_RELAXED)

/*
 * What floors above kern/ hang on a process's life (set once, by vfs, which
 * also gives processes 0 and 1, made before it, what they need).  ph_fork runs
 * as a thread of the parent, ph_exit as the last thread of p.
 */
struct proc_hooks {
	int (*ph_fork)(struct proc *parent, struct proc *child, int flags);
	void (*ph_exit)(struct proc *p);
};
void proc_set_hooks(const struct proc_hooks *hooks);
/* 0: the kernel's own threads.  1: all threads that no rump_pub_lwproc_*
 * bound to another. */
struct proc *proc_find(int32_t pid);

int lwp_init(void); /* kern_base_init's */
/* An lwp of p that no thread has yet; kern/ only. */
struct lwp *lwp_create(struct proc *p, uint32_t flags);
void lwp_destroy(struct lwp *l);

/* Clocks. */
void kern_gettime(int64_t *secp, int32_t *nsecp); /* wall */
int64_t kern_monotime_ns(void);

#endif /* KERN_KLWP_H */
