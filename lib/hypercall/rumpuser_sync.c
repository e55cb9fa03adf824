/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutex, reader-writer lock and condition variable: the host's own.  An error
 * from one of them other than those that the interface names is a mistake of
 * ours (a lock not held, a destroyed one), and ends the process.
 */
#include <stdlib.h>
#include <time.h>

#include "hypercall.h"

struct rumpuser_mtx {
	pthread_mutex_t m;
};
struct rumpuser_rw {
	pthread_rwlock_t rw;
};
struct rumpuser_cv {
	pthread_cond_t cv;
};

static void
must(int error)
{
	if (__builtin_expect(error != 0, 0)) {
		static const char msg[] = "rumpuser: a lock was misused\n";

		rumpuser_console_write(msg, sizeof(msg) - 1);
		abort();
	}
}

int
rumpuser_mutex_init(struct rumpuser_mtx **mtxp)
{
	struct rumpuser_mtx *mtx;
	int error;

	mtx = malloc(sizeof(*mtx));
	if (mtx == NULL)
		return ENOMEM;
	error = pthread_mutex_init(&mtx->m, NULL);
	if (error != 0) {
		free(mtx);
		return error;
	}
	*mtxp = mtx;
	return 0;
}

void
rumpuser_mutex_destroy(struct rumpuser_mtx *mtx)
{
	if (mtx == NULL)
		return;
	must(pthread_mutex_destroy(&mtx->m));
	free(mtx);
}

void
rumpuser_mutex_enter(struct rumpuser_mtx *mtx)
{
	must(pthread_mutex_lock(&mtx->m));
}

int
rumpuser_mutex_tryenter(struct rumpuser_mtx *mtx)
{
	int error;

	error = pthread_mutex_trylock(&mtx->m);
	if (error != EBUSY)
		must(error);
	return error;
}

void
rumpuser_mutex_exit(struct rumpuser_mtx *mtx)
{
	must(pthread_mutex_unlock(&mtx->m));
}

int
rumpuser_rw_init(struct rumpuser_rw **rwp)
{
	struct rumpuser_rw *rw;
	int error;

	rw = malloc(sizeof(*rw));
	if (rw == NULL)
		return ENOMEM;
	error = pthread_rwlock_init(&rw->rw, NULL);
	if (error != 0) {
		free(rw);
		return error;
	}
	*rwp = rw;
	return 0;
}

void
rumpuser_rw_destroy(struct rumpuser_rw *rw)
{
	if (rw == NULL)
		return;
	must(pthread_rwlock_destroy(&rw->rw));
	free(rw);
}

void
rumpuser_rw_enter(struct rumpuser_rw *rw, bool writer)
{
	int error;

	if (writer) {
		must(pthread_rwlock_wrlock(&rw->rw));
		return;
	}
	/* EAGAIN: the counter of readers is full, which passes. */
	while ((error = pthread_rwlock_rdlock(&rw->rw)) == EAGAIN)
		rumpuser_clock_sleep(1000000);
	must(error);
}

int
rumpuser_rw_tryenter(struct rumpuser_rw *rw, bool writer)
{
	int error;

	error = writer ? pthread_rwlock_trywrlock(&rw->rw)
		       : pthread_rwlock_tryrdlock(&rw->rw);
	if (error == EAGAIN)
		error = EBUSY;
	if (error != EBUSY)
		must(error);
	return error;
}

void
rumpuser_rw_exit(struct rumpuser_rw *rw)
{
	must(pthread_rwlock_unlock(&rw->rw));
}

int
rumpuser_cv_init(struct rumpuser_cv **cvp)
{
	struct rumpuser_cv *cv;
	pthread_condattr_t attr;
	int error;

	cv = malloc(sizeof(*cv));
	if (cv == NULL)
		return ENOMEM;
	error = pthread_condattr_init(&attr);
	if (error != 0)
		goto fail_attr;
	/* A clock that nobody sets: a timeout is a length of time. */
	error = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (error == 0)
		error = pthread_cond_init(&cv->cv, &attr);
	pthread_condattr_destroy(&attr);
	if (error != 0)
		goto fail_attr;
	*cvp = cv;
	return 0;

fail_attr:
	free(cv);
	return error;
}

void
rumpuser_cv_destroy(struct rumpuser_cv *cv)
{
	if (cv == NULL)
		return;
	must(pthread_cond_destroy(&cv->cv));
	free(cv);
}

void
rumpuser_cv_wait(struct rumpuser_cv *cv, struct rumpuser_mtx *mtx)
{
	must(pthread_cond_wait(&cv->cv, &mtx->m));
}

int
rumpuser_cv_timedwait(
    struct rumpuser_cv *cv, struct rumpuser_mtx *mtx, int64_t ns)
{
	struct timespec until;
	int error;

	if (ns < 0)
		ns = 0;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ns / 1000000000;
	until.tv_nsec += ns % 1000000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	error = pthread_cond_timedwait(&cv->cv, &mtx->m, &until);
	if (error != ETIMEDOUT)
		must(error);
	return error;
}

void
rumpuser_cv_signal(struct rumpuser_cv *cv)
{
	must(pthread_cond_signal(&cv->cv));
}

void
rumpuser_cv_broadcast(struct rumpuser_cv *cv)
{
	must(pthread_cond_broadcast(&cv->cv));
}
