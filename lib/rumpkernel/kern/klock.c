/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutexes and condition variables, and what all lock classes share.
 *
 * A waiter puts itself on the lock's queue under the interlock and parks; whoever
 * takes it off that queue, and nobody else, unparks it, once.  An unpark that
 * comes before the park is kept, so the interlock may be given up in between.
 * A mutex that is given up while there are waiters is never free: it becomes the
 * first waiter's, which finds itself the owner when it wakes.
 *
 * Fields that are looked at without the interlock (the owner) are written with
 * relaxed atomic stores, which are plain moves.
 */
#include "kern/klock.h"

#include <rump/rumpuser.h>

#include "kern/klock_impl.h"
#include "kern/klog.h"

#define SPINS	    200 /* at an interlock, before giving the host CPU up */
#define MUTEX_SPINS 50	/* at a mutex that another CPU's thread has */

void
klock_spin(uint32_t *word)
{
	unsigned i = 0;

	do {
		/* It is held for a few instructions; if it stays held, then
		 * its holder's host thread isn't running. */
		if (++i % SPINS == 0)
			(void)rumpuser_clock_sleep(1000);
		else
			kern_spin_hint();
	} while (__atomic_load_n(word, __ATOMIC_RELAXED) != 0 ||
	    __atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE) != 0);
}

/* ---- queues ------------------------------------------------------------ */
void
lwpq_append(struct lwpq *q, struct lwp *l)
{
	l->l_qnext = NULL;
	if (q->lq_head == NULL)
		q->lq_head = l;
	else
		q->lq_tail->l_qnext = l;
	q->lq_tail = l;
}

struct lwp *
lwpq_pop(struct lwpq *q)
{
	struct lwp *l = q->lq_head;

	if (l != NULL) {
		q->lq_head = l->l_qnext;
		l->l_qnext = NULL;
	}
	return l;
}

bool
lwpq_remove(struct lwpq *q, struct lwp *l)
{
	struct lwp *prev = NULL, *i;

	for (i = q->lq_head; i != NULL && i != l; i = i->l_qnext)
		prev = i;
	if (i == NULL)
		return false;
	if (prev == NULL)
		q->lq_head = l->l_qnext;
	else
		prev->l_qnext = l->l_qnext;
	if (q->lq_tail == l)
		q->lq_tail = prev;
	l->l_qnext = NULL;
	return true;
}

/* ---- ranks --------------------------------------------------------------- */
void
rank_check(struct lwp *l, int16_t rank, const char *name)
{
	uint32_t i;

	if (!kern_debug || rank == RANK_NONE)
		return;
	for (i = 0; i < l->l_nranks; i++)
		if (l->l_ranks[i] > rank ||
		    (l->l_ranks[i] == rank && rank != RANK_VNODE))
			kpanic("lock order: %s (rank %d) wanted, rank %d held",
			    name, rank, l->l_ranks[i]);
}

void
rank_push(struct lwp *l, int16_t rank, const char *name)
{
	if (!kern_debug || rank == RANK_NONE)
		return;
	if (l->l_nranks == LWP_NRANKS)
		kpanic("lock order: %s is one lock too many", name);
	l->l_ranks[l->l_nranks++] = rank;
}

void
rank_pop(struct lwp *l, int16_t rank, const char *name)
{
	uint32_t i;

	if (!kern_debug || rank == RANK_NONE)
		return;
	for (i = l->l_nranks; i > 0 && l->l_ranks[i - 1] != rank; i--)
		continue;
	if (i == 0)
		kpanic("lock order: %s (rank %d) isn't held", name, rank);
	for (l->l_nranks--; i - 1 < l->l_nranks; i++)
		l->l_ranks[i - 1] = l->l_ranks[i];
}

/* ---- mutex ----------------------------------------------------------------- */
static struct lwp *
mutex_owner(const kmutex_t *m)
{
	return __atomic_load_n(&m->km_owner, __ATOMIC_RELAXED);
}

static void
mutex_setowner(kmutex_t *m, struct lwp *l)
{
	__atomic_store_n(&m->km_owner, l, __ATOMIC_RELAXED);
}

void
mutex_init(kmutex_t *m, enum klock_rank rank, const char *name)
{
	*m = (kmutex_t){.km_rank = (int16_t)rank, .km_name = name};
}

void
mutex_destroy(kmutex_t *m)
{
	KASSERT(mutex_owner(m) == NULL);
	KASSERT(m->km_waiters.lq_head == NULL);
}

bool
mutex_tryenter(kmutex_t *m)
{
	struct lwp *l = kern_curlwp();
	bool got;

	if (mutex_owner(m) != NULL)
		return false;
	interlock_enter(&m->km_interlock);
	got = m->km_owner == NULL;
	if (got)
		mutex_setowner(m, l);
	interlock_exit(&m->km_interlock);
	if (got)
		rank_push(l, m->km_rank, m->km_name);
	return got;
}

void
mutex_enter_slow(kmutex_t *m)
{
	struct lwp *l = kern_curlwp();
	unsigned i;

	KASSERT(mutex_owner(m) != l);
	rank_check(l, m->km_rank, m->km_name);
	if (kern_ncpu != 1)
		for (i = 0; i < MUTEX_SPINS && mutex_owner(m) != NULL; i++)
			kern_spin_hint();
	interlock_enter(&m->km_interlock);
	if (m->km_owner == NULL) {
		mutex_setowner(m, l);
		interlock_exit(&m->km_interlock);
	} else {
		lwpq_append(&m->km_waiters, l);
		kern_park(&m->km_interlock);
		KASSERT(mutex_owner(m) == l);
	}
	rank_push(l, m->km_rank, m->km_name);
}

void
mutex_exit_slow(kmutex_t *m)
{
	struct lwp *l = kern_curlwp(), *next;

	KASSERT(mutex_owner(m) == l);
	rank_pop(l, m->km_rank, m->km_name);
	interlock_enter(&m->km_interlock);
	next = lwpq_pop(&m->km_waiters);
	mutex_setowner(m, next);
	interlock_exit(&m->km_interlock);
	if (next != NULL)
		kern_unpark(next);
}

bool
mutex_owned(const kmutex_t *m)
{
	return mutex_owner(m) == kern_curlwp();
}

/* ---- condition variable ---------------------------------------------------- */
void
cv_init(kcondvar_t *cv, const char *name)
{
	*cv = (kcondvar_t){.kc_name = name};
}

void
cv_destroy(kcondvar_t *cv)
{
	KASSERT(cv->kc_waiters.lq_head == NULL);
}

static void
cv_enqueue(kcondvar_t *cv, kmutex_t *m)
{
	interlock_enter(&cv->kc_interlock);
	lwpq_append(&cv->kc_waiters, kern_curlwp());
	interlock_exit(&cv->kc_interlock);
	mutex_exit(m);
}

void
cv_wait(kcondvar_t *cv, kmutex_t *m)
{
	cv_enqueue(cv, m);
	kern_park(NULL);
	mutex_enter(m);
}

int
cv_timedwait(kcondvar_t *cv, kmutex_t *m, int64_t ns)
{
	bool queued;
	int error;

	cv_enqueue(cv, m);
	error = kern_park_timed(NULL, ns > 0 ? ns : 0);
	if (error != 0) {
		interlock_enter(&cv->kc_interlock);
		queued = lwpq_remove(&cv->kc_waiters, kern_curlwp());
		interlock_exit(&cv->kc_interlock);
		if (!queued) {
			/* A signal took us off it; its unpark is ours. */
			kern_park(NULL);
			error = 0;
		}
	}
	mutex_enter(m);
	return error;
}

void
cv_signal(kcondvar_t *cv)
{
	struct lwp *l;

	interlock_enter(&cv->kc_interlock);
	l = lwpq_pop(&cv->kc_waiters);
	interlock_exit(&cv->kc_interlock);
	if (l != NULL)
		kern_unpark(l);
}

void
cv_broadcast(kcondvar_t *cv)
{
	struct lwpq all;
	struct lwp *l;

	interlock_enter(&cv->kc_interlock);
	all = cv->kc_waiters;
	cv->kc_waiters.lq_head = NULL;
	interlock_exit(&cv->kc_interlock);
	/* Each is ours alone from here to its unpark. */
	while ((l = lwpq_pop(&all)) != NULL)
		kern_unpark(l);
}
