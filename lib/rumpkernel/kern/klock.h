/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's locks.  They sleep, giving the virtual CPU back, and may be held
 * over sleeping and I/O.  With one virtual CPU they are plain stores (valid only
 * under that CPU); with more, atomic.  Which form is decided at start-up, once.
 *
 * Every lock has a rank.  A thread takes them in rising rank (equal ranks where
 * the class says so: vnodes, parent first); debug builds (RUMP_DEBUG=1) check it.
 */
#ifndef KERN_KLOCK_H
#define KERN_KLOCK_H

#include "kern/kdefs.h"

enum klock_rank {
	RANK_NONE = 0,   /* not checked */
	RANK_SYSTEM = 5, /* modules, etfs registry, mount list */
	RANK_PROC = 10,
	RANK_FILE = 15,  /* open file offset */
	RANK_RENAME = 18, /* one rename of directories a mount at a time */
	RANK_VNODE = 20, /* several: parent first, else by inode number */
	RANK_VCACHE = 24,
	RANK_DIRHASH = 26,
	RANK_TRANSACTION = 30,
	RANK_ALLOCATOR = 40,
	RANK_NAMECACHE = 45,
	RANK_BUFFER = 50, /* a buffer's own busy lock isn't ranked */
	RANK_DEVICE = 60,
	RANK_MEMORY = 70,
	RANK_LOG = 80,
};

struct lwp;
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
	uint32_t kr_readers;
	uint32_t kr_interlock;
	uint32_t kr_wwaiters;
	struct lwpq kr_waiters;
	int16_t kr_rank;
	const char *kr_name;
} krwlock_t;

typedef struct kcondvar {
	struct lwpq kc_waiters;
	uint32_t kc_interlock;
	const char *kc_name;
} kcondvar_t;

void mutex_init(kmutex_t *m, enum klock_rank rank, const char *name);
void mutex_destroy(kmutex_t *m);
void mutex_enter(kmutex_t *m);
bool mutex_tryenter(kmutex_t *m);
void mutex_exit(kmutex_t *m);
bool mutex_owned(const kmutex_t *m); /* by this thread */

typedef enum krw {
	RW_READER,
	RW_WRITER,
} krw_t;
void rw_init(krwlock_t *rw, enum klock_rank rank, const char *name);
void rw_destroy(krwlock_t *rw);
void rw_enter(krwlock_t *rw, krw_t how);
bool rw_tryenter(krwlock_t *rw, krw_t how);
bool rw_tryupgrade(krwlock_t *rw); /* reader to writer, if it is the only one */
void rw_downgrade(krwlock_t *rw);
void rw_exit(krwlock_t *rw);
bool rw_write_held(const krwlock_t *rw); /* by this thread */
bool rw_lock_held(const krwlock_t *rw);  /* by anybody */

void cv_init(kcondvar_t *cv, const char *name);
void cv_destroy(kcondvar_t *cv);
void cv_wait(kcondvar_t *cv, kmutex_t *m);
int cv_timedwait(kcondvar_t *cv, kmutex_t *m, int64_t ns); /* 0, ETIMEDOUT */
void cv_signal(kcondvar_t *cv);
void cv_broadcast(kcondvar_t *cv);

#endif /* KERN_KLOCK_H */
