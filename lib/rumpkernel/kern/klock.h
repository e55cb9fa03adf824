/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's locks.  They sleep, giving the virtual CPU back, and may be held
 * over sleeping and I/O.  A lock that is given up while others wait for it is
 * handed to the first of them, so that nobody starves.
 *
 * Every lock has an interlock, a spin word that guards its fields for a few
 * instructions.  With one virtual CPU that CPU is the interlock: the fields are
 * plain stores and nothing spins.  Which form it is is decided at start-up.
 *
 * Every lock has a rank.  A thread takes them in rising rank (equal ranks where
 * the class says so: vnodes, parent first); debug builds (RUMP_DEBUG=1) check it.
 * A try doesn't have to respect it.  Nobody takes a lock that it has already,
 * nor one as a reader that it has as a reader.
 */
#ifndef KERN_KLOCK_H
#define KERN_KLOCK_H

#include "kern/kcpu.h"
#include "kern/kdefs.h"

enum klock_rank {
	RANK_NONE = 0,	 /* not checked */
	RANK_MODULE = 3, /* the module table; drivers start under it */
	RANK_SYSTEM = 5, /* etfs registry, mount list */
	RANK_PROC = 10,
	RANK_FILE = 15,	  /* open file offset */
	RANK_RENAME = 18, /* one rename of directories a mount at a time */
	RANK_VNODE = 20,  /* several: parent first, else by inode number */
	RANK_VCACHE = 24,
	RANK_DIRHASH = 26,
	RANK_TRANSACTION = 30,
	RANK_ALLOCATOR = 40,
	RANK_BUFFER = 50, /* a buffer's own busy lock isn't ranked */
	RANK_DEVICE = 60,
	RANK_MEMORY = 70,
	RANK_LOG = 80,
};

struct lwpq { /* threads that wait, first come first */
	struct lwp *lq_head, *lq_tail;
};

typedef struct kmutex {
	struct lwp *km_owner;
	struct lwpq km_waiters;
	uint32_t km_interlock;
	int16_t km_rank;
	const char *km_name;
} kmutex_t;

typedef struct krwlock {
	struct lwp *kr_writer;
	struct lwpq kr_waiters; /* nobody passes them */
	uint32_t kr_readers;
	uint32_t kr_interlock;
	int16_t kr_rank;
	const char *kr_name;
} krwlock_t;

typedef struct kcondvar {
	struct lwpq kc_waiters;
	uint32_t kc_interlock;
	const char *kc_name;
} kcondvar_t;

/* The interlock; also for others' short sections (a free list), which may
 * neither sleep nor take a lock.  Valid only inside the kernel. */
void klock_spin(uint32_t *word);
static inline void
interlock_enter(uint32_t *word)
{
	if (kern_ncpu != 1 &&
	    __atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE) != 0)
		klock_spin(word);
}
static inline void
interlock_exit(uint32_t *word)
{
	if (kern_ncpu != 1)
		__atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

void mutex_init(kmutex_t *m, enum klock_rank rank, const char *name);
void mutex_destroy(kmutex_t *m);
bool mutex_tryenter(kmutex_t *m);
bool mutex_owned(const kmutex_t *m); /* by this thread */
void mutex_enter_slow(kmutex_t *m);
void mutex_exit_slow(kmutex_t *m);

static inline void
mutex_enter(kmutex_t *m)
{
	if (likely(kern_uplocks && m->km_owner == NULL))
		m->km_owner = kern_curlwp();
	else
		mutex_enter_slow(m);
}
static inline void
mutex_exit(kmutex_t *m)
{
	if (likely(kern_uplocks && m->km_waiters.lq_head == NULL &&
		m->km_owner == kern_curlwp()))
		m->km_owner = NULL;
	else
		mutex_exit_slow(m);
}

typedef enum krw {
	RW_READER,
	RW_WRITER,
} krw_t;
void rw_init(krwlock_t *rw, enum klock_rank rank, const char *name);
void rw_destroy(krwlock_t *rw);
bool rw_tryenter(krwlock_t *rw, krw_t how);
bool rw_tryupgrade(krwlock_t *rw); /* reader to writer, if it is the only one */
void rw_downgrade(krwlock_t *rw);
bool rw_write_held(const krwlock_t *rw); /* by this thread */
bool rw_lock_held(const krwlock_t *rw);	 /* by anybody */
void rw_enter_slow(krwlock_t *rw, krw_t how);
void rw_exit_slow(krwlock_t *rw);

static inline void
rw_enter(krwlock_t *rw, krw_t how)
{
	if (unlikely(!kern_uplocks || rw->kr_writer != NULL ||
		rw->kr_waiters.lq_head != NULL))
		rw_enter_slow(rw, how);
	else if (how == RW_READER)
		rw->kr_readers++;
	else if (likely(rw->kr_readers == 0))
		rw->kr_writer = kern_curlwp();
	else
		rw_enter_slow(rw, how);
}
static inline void
rw_exit(krwlock_t *rw)
{
	if (unlikely(!kern_uplocks || rw->kr_waiters.lq_head != NULL))
		rw_exit_slow(rw);
	else if (rw->kr_readers != 0)
		rw->kr_readers--;
	else if (likely(rw->kr_writer == kern_curlwp()))
		rw->kr_writer = NULL;
	else
		rw_exit_slow(rw);
}

void cv_init(kcondvar_t *cv, const char *name);
void cv_destroy(kcondvar_t *cv);
void cv_wait(kcondvar_t *cv, kmutex_t *m);
int cv_timedwait(kcondvar_t *cv, kmutex_t *m, int64_t ns); /* 0, ETIMEDOUT */
void cv_signal(kcondvar_t *cv);
void cv_broadcast(kcondvar_t *cv);

#endif /* KERN_KLOCK_H */
