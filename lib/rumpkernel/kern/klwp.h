/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads (lwp) and processes as the kernel sees them, and the virtual CPUs.
 *
 * A host thread enters through rump_schedule() and leaves through
 * rump_unschedule(); between them it has an lwp (its own, bound by
 * rump_pub_lwproc_*, or an implicit one of process 1) and a virtual CPU.
 * curlwp is valid only there.
 */
#ifndef KERN_KLWP_H
#define KERN_KLWP_H

#include "kern/kdefs.h"
#include "kern/klist.h"
#include "kern/klock.h"

struct kcred { /* immutable once published, reference-counted */
	uint32_t cr_refs;
	uint32_t cr_uid, cr_gid;
	uint32_t cr_ngroups;
	uint32_t cr_groups[32];
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
	struct kcred *p_cred;
	struct filedesc *p_fd;
	struct klink p_link;
};

struct lwp {
	struct proc *l_proc;
	struct vcpu *l_cpu;         /* while running */
	struct vcpu *l_lastcpu;
	struct lwp *l_qnext;        /* on a lock's queue */
	void *l_park;               /* host mutex and condvar, made when needed */
	int32_t l_lid;
	uint32_t l_nlocks;          /* held, for assertions */
	uint32_t l_flags;
#define LWP_IMPLICIT 0x1
#define LWP_WANTWRITE 0x2           /* queued as a writer */
	bool l_unparked;
	struct lwp *l_allnext;
	int16_t l_ranks[16];        /* debug: ranks held */
};

extern unsigned kern_ncpu;
extern struct lwp *kern_curlwp0; /* with one virtual CPU: who has it */
struct lwp *kern_curlwp_slow(void);
static inline struct lwp *
kern_curlwp(void)
{
	return likely(kern_ncpu == 1) ? kern_curlwp0 : kern_curlwp_slow();
}
#define curlwp (kern_curlwp())
#define curproc (curlwp->l_proc)

/*
 * Around a hypercall that blocks or moves 4 KiB or more: give the virtual CPU
 * back, and get one again.  Locks stay held.  Nothing that the CPU alone
 * protects may be relied upon across it.
 */
void kern_cpu_release(void);
void kern_cpu_acquire(void);

/* Park the current lwp until kern_unpark(); spurious returns don't happen.
 * The interlock (may be NULL) is a spin word that is released once parked. */
void kern_park(uint32_t *interlock);
int kern_park_timed(uint32_t *interlock, int64_t ns); /* 0, ETIMEDOUT */
void kern_unpark(struct lwp *l);

/* Kernel threads (not on hypercall workers): run fn(arg) with an lwp of proc 0. */
struct kthread;
int kthread_create(void (*fn)(void *), void *arg, const char *name,
    struct kthread **ktp);
void kthread_join(struct kthread *kt);

/* ^C: set by rump_pub_interrupt(), read at kernel entry and between runs. */
extern volatile bool kern_interrupted;

/* What floors above kern/ hang on a process's life (set once, by vfs). */
struct proc_hooks {
	int (*ph_fork)(struct proc *parent, struct proc *child, int flags);
	void (*ph_exit)(struct proc *p);
};
void proc_set_hooks(const struct proc_hooks *hooks);
struct proc *proc_find(int32_t pid);

/* Clocks. */
void kern_gettime(int64_t *secp, int32_t *nsecp); /* wall */
int64_t kern_monotime_ns(void);

#endif /* KERN_KLWP_H */
