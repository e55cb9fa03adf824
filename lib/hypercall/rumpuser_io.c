/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I/O by submit and reap.
 *
 *	submit --> [waiting] --worker takes it--> [under way] --> [completed] --> reaped
 *
 * One mutex a queue guards its two lists and counts.  Workers are started when
 * work is waiting and none is idle, so a queue that is never used costs
 * nothing.  A waiter that finds work which no worker has taken yet does it
 * itself, rather than sleep until another thread has been woken.
 *
 * Requests are carried out in any order: a SYNC covers the writes that were
 * reaped before it was submitted.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hypercall.h"

struct ioq_list {
	struct rumpuser_io *head, **tail;
};

struct rumpuser_ioq {
	pthread_mutex_t q_mtx;
	pthread_cond_t q_work;	/* workers: something waits, or the end */
	pthread_cond_t q_ready; /* reapers: something completed */
	struct ioq_list q_waiting, q_completed;
	int q_inflight; /* submitted, not reaped */
	int q_idle;	/* workers that sleep */
	int q_nwaiting; /* requests in q_waiting */
	bool q_stop;
	int q_nworkers, q_maxworkers;
	struct rumpuser_thread *q_workers[];
};

static void
list_init(struct ioq_list *l)
{
	l->head = NULL;
	l->tail = &l->head;
}

static void
list_add(struct ioq_list *l, struct rumpuser_io *io)
{
	io->io_next = NULL;
	*l->tail = io;
	l->tail = &io->io_next;
}

static struct rumpuser_io *
list_take(struct ioq_list *l)
{
	struct rumpuser_io *io = l->head;

	if (io != NULL) {
		l->head = io->io_next;
		if (l->head == NULL)
			l->tail = &l->head;
		io->io_next = NULL;
	}
	return io;
}

static void
carry_out(struct rumpuser_io *io)
{
	size_t moved = 0;

	io->io_done = 0;
	switch (io->io_op) {
	case RUMPUSER_IO_READ:
		io->io_error = rumpuser_preadv(
		    io->io_file, io->io_iov, io->io_iovcnt, io->io_off, &moved);
		io->io_done = moved;
		return;
	case RUMPUSER_IO_WRITE:
		io->io_error = rumpuser_pwritev(
		    io->io_file, io->io_iov, io->io_iovcnt, io->io_off, &moved);
		io->io_done = moved;
		return;
	case RUMPUSER_IO_SYNC:
		io->io_error = rumpuser_sync(io->io_file, false);
		return;
	case RUMPUSER_IO_COPY:
		io->io_error = rumpuser_copyrange(io->io_file, io->io_off,
		    io->io_out, io->io_outoff, io->io_len, &io->io_done);
		return;
	}
	io->io_error = EINVAL;
}

/* Take one request that waits and do it; the mutex is held on either side. */
static void
do_one(struct rumpuser_ioq *q)
{
	struct rumpuser_io *io = list_take(&q->q_waiting);

	q->q_nwaiting--;
	pthread_mutex_unlock(&q->q_mtx);
	carry_out(io);
	pthread_mutex_lock(&q->q_mtx);
	list_add(&q->q_completed, io);
	pthread_cond_signal(&q->q_ready);
}

static void
worker(void *arg)
{
	struct rumpuser_ioq *q = arg;

	pthread_mutex_lock(&q->q_mtx);
	for (;;) {
		while (q->q_waiting.head != NULL)
			do_one(q);
		if (q->q_stop)
			break;
		q->q_idle++;
		pthread_cond_wait(&q->q_work, &q->q_mtx);
		q->q_idle--;
	}
	pthread_mutex_unlock(&q->q_mtx);
}

int
rumpuser_ioq_create(int nworkers, struct rumpuser_ioq **ioqp)
{
	struct rumpuser_ioq *q;

	if (nworkers < 0)
		return EINVAL;
	q = calloc(1, sizeof(*q) + (size_t)nworkers * sizeof(q->q_workers[0]));
	if (q == NULL)
		return ENOMEM;
	pthread_mutex_init(&q->q_mtx, NULL);
	pthread_cond_init(&q->q_work, NULL);
	pthread_cond_init(&q->q_ready, NULL);
	list_init(&q->q_waiting);
	list_init(&q->q_completed);
	q->q_maxworkers = nworkers;
	*ioqp = q;
	return 0;
}

void
rumpuser_ioq_destroy(struct rumpuser_ioq *q)
{
	int i;

	if (q == NULL)
		return;
	pthread_mutex_lock(&q->q_mtx);
	while (q->q_waiting.head != NULL)
		do_one(q);
	q->q_stop = true;
	pthread_cond_broadcast(&q->q_work);
	pthread_mutex_unlock(&q->q_mtx);
	for (i = 0; i < q->q_nworkers; i++)
		rumpuser_thread_join(q->q_workers[i]);
	pthread_cond_destroy(&q->q_ready);
	pthread_cond_destroy(&q->q_work);
	pthread_mutex_destroy(&q->q_mtx);
	free(q);
}

/* More work waits than workers are idle: one more, if we may. */
static void
maybe_start(struct rumpuser_ioq *q)
{
	char name[16];

	if (q->q_nwaiting <= q->q_idle || q->q_nworkers == q->q_maxworkers)
		return;
	snprintf(name, sizeof(name), "io%d", q->q_nworkers);
	if (rumpuser_thread_create(
		worker, q, name, &q->q_workers[q->q_nworkers]) == 0)
		q->q_nworkers++;
}

int
rumpuser_io_submit(struct rumpuser_ioq *q, struct rumpuser_io *io)
{
	pthread_mutex_lock(&q->q_mtx);
	q->q_inflight++;
	list_add(&q->q_waiting, io);
	q->q_nwaiting++;
	maybe_start(q);
	if (q->q_nworkers == 0)
		do_one(q); /* none wanted, or the host refused */
	else if (q->q_idle > 0)
		pthread_cond_signal(&q->q_work);
	pthread_mutex_unlock(&q->q_mtx);
	return 0;
}

int
rumpuser_io_reap(
    struct rumpuser_ioq *q, struct rumpuser_io **ios, int max, bool wait)
{
	struct rumpuser_io *io;
	int n = 0;

	pthread_mutex_lock(&q->q_mtx);
	while (wait && q->q_completed.head == NULL && q->q_inflight > 0) {
		if (q->q_waiting.head != NULL)
			do_one(q);
		else
			pthread_cond_wait(&q->q_ready, &q->q_mtx);
	}
	while (n < max && (io = list_take(&q->q_completed)) != NULL)
		ios[n++] = io;
	q->q_inflight -= n;
	if (q->q_inflight == 0)
		pthread_cond_broadcast(&q->q_ready); /* others have nothing */
	pthread_mutex_unlock(&q->q_mtx);
	return n;
}
