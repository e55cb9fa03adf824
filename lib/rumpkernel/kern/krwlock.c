/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reader-writer locks.  Waiters queue first come first, readers and writers in
 * one queue, and nobody passes them; when the lock becomes free it is handed to
 * the first waiter, or to all the readers up to the first writer.
 *
 * Either kr_writer is set, or kr_readers is above zero, or the lock is free and
 * nobody waits.
 */
#include "kern/klock_impl.h"
#include "kern/klog.h"

static struct lwp *
rw_writer(const krwlock_t *rw)
{
	return __atomic_load_n(&rw->kr_writer, __ATOMIC_RELAXED);
}

static void
rw_setwriter(krwlock_t *rw, struct lwp *l)
{
	__atomic_store_n(&rw->kr_writer, l, __ATOMIC_RELAXED);
}

static void
rw_setreaders(krwlock_t *rw, uint32_t n)
{
	__atomic_store_n(&rw->kr_readers, n, __ATOMIC_RELAXED);
}

void
rw_init(krwlock_t *rw, enum klock_rank rank, const char *name)
{
	*rw = (krwlock_t){.kr_rank = (int16_t)rank, .kr_name = name};
}

void
rw_destroy(krwlock_t *rw)
{
	KASSERT(!rw_lock_held(rw));
	KASSERT(rw->kr_waiters.lq_head == NULL);
}

/* Under the interlock: take it if that needs no waiting. */
static bool
rw_take(krwlock_t *rw, krw_t how, struct lwp *l)
{
	if (rw->kr_writer != NULL || rw->kr_waiters.lq_head != NULL)
		return false;
	if (how == RW_READER)
		rw_setreaders(rw, rw->kr_readers + 1);
	else if (rw->kr_readers == 0)
		rw_setwriter(rw, l);
	else
		return false;
	return true;
}

/* Under the interlock: hand the lock, free or readers' only, to whom it is due;
 * returns them as a list to be unparked. */
static struct lwpq
rw_handover(krwlock_t *rw)
{
	struct lwpq go = {NULL, NULL};
	struct lwp *l = rw->kr_waiters.lq_head;

	if (l != NULL && (l->l_flags & LWP_WANTWRITE) != 0) {
		if (rw->kr_readers == 0) {
			(void)lwpq_pop(&rw->kr_waiters);
			rw_setwriter(rw, l);
			lwpq_append(&go, l);
		}
		return go;
	}
	while ((l = rw->kr_waiters.lq_head) != NULL &&
	    (l->l_flags & LWP_WANTWRITE) == 0) {
		(void)lwpq_pop(&rw->kr_waiters);
		rw_setreaders(rw, rw->kr_readers + 1);
		lwpq_append(&go, l);
	}
	return go;
}

static void
rw_unparkall(struct lwpq go)
{
	struct lwp *l;

	while ((l = lwpq_pop(&go)) != NULL)
		kern_unpark(l);
}

bool
rw_tryenter(krwlock_t *rw, krw_t how)
{
	struct lwp *l = kern_curlwp();
	bool got;

	interlock_enter(&rw->kr_interlock);
	got = rw_take(rw, how, l);
	interlock_exit(&rw->kr_interlock);
	if (got)
		rank_push(l, rw->kr_rank, rw->kr_name);
	return got;
}

void
rw_enter_slow(krwlock_t *rw, krw_t how)
{
	struct lwp *l = kern_curlwp();

	KASSERT(rw_writer(rw) != l);
	rank_check(l, rw->kr_rank, rw->kr_name);
	interlock_enter(&rw->kr_interlock);
	if (rw_take(rw, how, l))
		interlock_exit(&rw->kr_interlock);
	else {
		l->l_flags &= ~LWP_WANTWRITE;
		if (how == RW_WRITER)
			l->l_flags |= LWP_WANTWRITE;
		lwpq_append(&rw->kr_waiters, l);
		kern_park(&rw->kr_interlock);
	}
	rank_push(l, rw->kr_rank, rw->kr_name);
}

void
rw_exit_slow(krwlock_t *rw)
{
	struct lwp *l = kern_curlwp();
	struct lwpq go;

	rank_pop(l, rw->kr_rank, rw->kr_name);
	interlock_enter(&rw->kr_interlock);
	if (rw->kr_writer != NULL) {
		KASSERT(rw->kr_writer == l);
		rw_setwriter(rw, NULL);
	} else {
		KASSERT(rw->kr_readers != 0);
		rw_setreaders(rw, rw->kr_readers - 1);
	}
	go = rw_handover(rw);
	interlock_exit(&rw->kr_interlock);
	rw_unparkall(go);
}

bool
rw_tryupgrade(krwlock_t *rw)
{
	bool got;

	interlock_enter(&rw->kr_interlock);
	KASSERT(rw->kr_writer == NULL && rw->kr_readers != 0);
	got = rw->kr_readers == 1;
	if (got) {
		rw_setreaders(rw, 0);
		rw_setwriter(rw, kern_curlwp());
	}
	interlock_exit(&rw->kr_interlock);
	return got;
}

void
rw_downgrade(krwlock_t *rw)
{
	struct lwpq go;

	interlock_enter(&rw->kr_interlock);
	KASSERT(rw->kr_writer == kern_curlwp());
	rw_setwriter(rw, NULL);
	rw_setreaders(rw, 1);
	go = rw_handover(rw);
	interlock_exit(&rw->kr_interlock);
	rw_unparkall(go);
}

bool
rw_write_held(const krwlock_t *rw)
{
	return rw_writer(rw) == kern_curlwp();
}

bool
rw_lock_held(const krwlock_t *rw)
{
	return rw_writer(rw) != NULL ||
	    __atomic_load_n(&rw->kr_readers, __ATOMIC_RELAXED) != 0;
}
