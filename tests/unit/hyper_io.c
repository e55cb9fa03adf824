/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I/O queues, with and without workers.
 */
#include <errno.h>

#include <rump/rumpuser.h>

#include "scratch.h"
#include "tap.h"

#define NREQ 64
#define LEN  5000

static unsigned char data[NREQ][LEN], back[NREQ][LEN];

static struct rumpuser_file *
create(const char *name)
{
	struct rumpuser_file *f;
	char path[PATH_MAX];

	if (rumpuser_file_open(scratch_path(path, name),
		RUMPUSER_OPEN_RDWR | RUMPUSER_OPEN_CREATE, &f) != 0)
		bail("%s", path);
	return f;
}

/* Submit NREQ requests; each must come back once, as it should. */
static void
batch(struct rumpuser_ioq *q, struct rumpuser_file *f, enum rumpuser_ioop op,
    const char *what)
{
	static struct rumpuser_io io[NREQ];
	static struct rumpuser_iov iov[NREQ];
	struct rumpuser_io *got[7];
	int i, n, total = 0, wrong = 0, twice = 0;
	bool seen[NREQ] = {false};

	for (i = 0; i < NREQ; i++) {
		iov[i] = (struct rumpuser_iov){
		    op == RUMPUSER_IO_WRITE ? data[i] : back[i], LEN};
		io[i] = (struct rumpuser_io){
		    .io_op = op,
		    .io_file = f,
		    .io_off = (uint64_t)i * LEN,
		    .io_iov = &iov[i],
		    .io_iovcnt = 1,
		    .io_cookie = &seen[i],
		    .io_error = -1,
		};
		wrong += rumpuser_io_submit(q, &io[i]) != 0;
	}
	is(wrong, 0, "%s: all submitted", what);
	while ((n = rumpuser_io_reap(q, got, 7, true)) > 0) {
		for (i = 0; i < n; i++) {
			bool *mine = got[i]->io_cookie;

			twice += *mine;
			*mine = true;
			wrong += got[i]->io_error != 0 ||
			    got[i]->io_done != LEN;
		}
		total += n;
	}
	is(total, NREQ, "%s: all reaped", what);
	is(twice, 0, "%s: each once", what);
	is(wrong, 0, "%s: without an error", what);
}

static void
queue(int nworkers)
{
	struct rumpuser_file *f = create("io"), *g = create("copy"), *full;
	struct rumpuser_io io, *got[4];
	struct rumpuser_iov iov = {data[0], LEN};
	struct rumpuser_ioq *q;
	char what[32];

	is(rumpuser_ioq_create(nworkers, &q), 0, "a queue of %d", nworkers);
	is(rumpuser_io_reap(q, got, 4, true), 0, "nothing to wait for");
	snprintf(what, sizeof(what), "%d workers, write", nworkers);
	batch(q, f, RUMPUSER_IO_WRITE, what);
	memset(back, 0, sizeof(back));
	snprintf(what, sizeof(what), "%d workers, read", nworkers);
	batch(q, f, RUMPUSER_IO_READ, what);
	ok(memcmp(data, back, sizeof(data)) == 0, "the bytes came back");

	io = (struct rumpuser_io){.io_op = RUMPUSER_IO_SYNC, .io_file = f};
	ok(rumpuser_io_submit(q, &io) == 0 &&
		rumpuser_io_reap(q, got, 4, true) == 1 && got[0] == &io &&
		io.io_error == 0,
	    "sync");
	io = (struct rumpuser_io){.io_op = RUMPUSER_IO_COPY,
	    .io_file = f,
	    .io_out = g,
	    .io_len = NREQ * LEN};
	ok(rumpuser_io_submit(q, &io) == 0 &&
		rumpuser_io_reap(q, got, 4, true) == 1 &&
		((io.io_error == 0 && io.io_done == NREQ * LEN) ||
		    io.io_error == EOPNOTSUPP),
	    "copy");
	if (rumpuser_file_open("/dev/full", RUMPUSER_OPEN_RDWR, &full) == 0) {
		io = (struct rumpuser_io){.io_op = RUMPUSER_IO_WRITE,
		    .io_file = full,
		    .io_iov = &iov,
		    .io_iovcnt = 1};
		ok(rumpuser_io_submit(q, &io) == 0 &&
			rumpuser_io_reap(q, got, 4, true) == 1 &&
			io.io_error == ENOSPC && io.io_done == 0,
		    "an error is told to the one who asked");
		rumpuser_file_close(full);
	} else {
		skip(1, "no /dev/full");
	}
	rumpuser_ioq_destroy(q);
	rumpuser_file_close(f);
	rumpuser_file_close(g);
}

/* Destroying a queue waits for what was submitted. */
static void
destroy_waits(void)
{
	static struct rumpuser_io io[NREQ];
	static struct rumpuser_iov iov[NREQ];
	struct rumpuser_file *f = create("destroy");
	struct rumpuser_fileinfo fi;
	struct rumpuser_ioq *q;
	int i, bad = 0;

	is(rumpuser_ioq_create(2, &q), 0, "a queue");
	for (i = 0; i < NREQ; i++) {
		iov[i] = (struct rumpuser_iov){data[i], LEN};
		io[i] = (struct rumpuser_io){.io_op = RUMPUSER_IO_WRITE,
		    .io_file = f,
		    .io_off = (uint64_t)i * LEN,
		    .io_iov = &iov[i],
		    .io_iovcnt = 1,
		    .io_error = -1};
		rumpuser_io_submit(q, &io[i]);
	}
	rumpuser_ioq_destroy(q);
	for (i = 0; i < NREQ; i++)
		bad += io[i].io_error != 0;
	is(bad, 0, "all are done when it is gone");
	ok(rumpuser_file_info(f, &fi) == 0 && fi.fi_size == NREQ * LEN,
	    "and written");
	rumpuser_file_close(f);
}

struct reaper {
	struct rumpuser_ioq *q;
	_Atomic int *total;
};

static void
reap_until_empty(void *arg)
{
	struct reaper *r = arg;
	struct rumpuser_io *got[2];
	int n;

	while ((n = rumpuser_io_reap(r->q, got, 2, true)) > 0)
		*r->total += n;
}

/* Several threads that wait share what comes, and all of them come back. */
static void
many_reapers(void)
{
	static struct rumpuser_io io[NREQ];
	static struct rumpuser_iov iov[NREQ];
	struct rumpuser_thread *threads[3];
	struct rumpuser_file *f = create("reapers");
	struct rumpuser_ioq *q;
	struct reaper r;
	_Atomic int total = 0;
	int i;

	is(rumpuser_ioq_create(2, &q), 0, "a queue");
	for (i = 0; i < NREQ; i++) {
		iov[i] = (struct rumpuser_iov){data[i], LEN};
		io[i] = (struct rumpuser_io){.io_op = RUMPUSER_IO_WRITE,
		    .io_file = f,
		    .io_off = (uint64_t)i * LEN,
		    .io_iov = &iov[i],
		    .io_iovcnt = 1};
		rumpuser_io_submit(q, &io[i]);
	}
	r = (struct reaper){q, &total};
	alarm(60);
	for (i = 0; i < 3; i++)
		if (rumpuser_thread_create(
			reap_until_empty, &r, "reaper", &threads[i]) != 0)
			bail("thread");
	for (i = 0; i < 3; i++)
		rumpuser_thread_join(threads[i]);
	alarm(0);
	is(total, NREQ, "three reapers got all, once");
	rumpuser_ioq_destroy(q);
	rumpuser_file_close(f);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		((unsigned char *)data)[i] = (unsigned char)(i * 7 ^ i >> 8);
	queue(0);
	queue(1);
	queue(2);
	destroy_waits();
	many_reapers();
	return done();
}
