/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Workers that fill the image's host file with the content of regular files.
 *
 * The thread that builds the tree hands over (file, where its bytes go); nothing
 * that workers do changes the layout.  Files come in batches, so that the queue's
 * mutex is taken seldom; a full queue makes the builder do a batch itself.
 *
 * A file is opened, read to one byte more than it should have, so that growth is
 * seen without a further call, and gathered in a buffer: what lies side by side
 * in the image goes out in one write.  A source that is shorter than when it was
 * scanned is filled up with zeros; both are failures that are told.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rump/rump_abi.h>

#include "fsu/fsu.h"
#include "fsu/progress.h"
#include "makefs.h"

#define GATHER_BYTES (256u * 1024u)
#define RANGE_STEP   (16u << 20)  /* ... so much at a time */
#define RANGE_MIN    GATHER_BYTES /* from here on the host may copy by itself */
#define BATCH_FILES  64u
#define BATCH_BYTES  (1024u * 1024u)
#define QUEUE_MAX    32u
#define MAX_WORKERS  7u

struct copy_dir {
	int d_fd;
	unsigned d_refs; /* atomic */
};

struct item {
	uint32_t i_node, i_nruns;
	struct copy_dir *i_dir;	 /* SRC_DIR */
	struct copy_run *i_runs; /* i_one, or allocated */
	struct copy_run i_one;
};

struct batch {
	struct batch *b_next;
	unsigned b_n;
	uint64_t b_bytes;
	struct item b_item[BATCH_FILES];
};

struct copier {
	struct manifest *c_mf;
	int c_image;
	uint32_t c_block;
	struct copy_dir *c_dir;
	struct batch *c_cur; /* being filled */
	pthread_mutex_t c_mtx;
	pthread_cond_t c_cv;
	struct batch *c_first, **c_last;
	unsigned c_queued;
	bool c_closed, c_failed;
	int c_error; /* of writing */
	pthread_t c_thread[MAX_WORKERS];
	unsigned c_nthreads;
	struct gather *c_own; /* the builder's */
};

struct gather {
	struct copier *g_c;
	char *g_buf;
	size_t g_used;
	uint64_t g_start; /* where in the image the buffer's first byte goes */
};

/* ---- telling ------------------------------------------------------------------- */

static void
source_failed(struct copier *c, uint32_t node, const char *what)
{
	const struct mnode *m = mn(c->c_mf, node);
	char *path = manifest_pathname(c->c_mf, node), *full;

	full = fsu_path_join(c->c_mf->mf_source[m->m_source].s_name, path);
	pthread_mutex_lock(&c->c_mtx);
	fsu_msg("%s: %s", fsu_visible(full), what);
	c->c_failed = true;
	pthread_mutex_unlock(&c->c_mtx);
	free(full);
	free(path);
}

static void
write_failed(struct copier *c, int error)
{
	pthread_mutex_lock(&c->c_mtx);
	if (c->c_error == 0)
		c->c_error = error;
	pthread_mutex_unlock(&c->c_mtx);
}

/* ---- gathering ------------------------------------------------------------------- */

static void
flush(struct gather *g)
{
	const char *p = g->g_buf;

	while (g->g_used > 0) {
		ssize_t n = pwrite(
		    g->g_c->c_image, p, g->g_used, (off_t)g->g_start);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			write_failed(g->g_c, n < 0 ? errno : EIO);
			break;
		}
		p += n;
		g->g_start += (uint64_t)n;
		g->g_used -= (size_t)n;
	}
	g->g_used = 0;
}

/* The next bytes go to pos. */
static void
seek(struct gather *g, uint64_t pos)
{
	if (g->g_used > 0 && g->g_start + g->g_used == pos)
		return;
	flush(g);
	g->g_start = pos;
}

static void
zeros(struct gather *g, uint64_t len)
{
	while (len > 0) {
		size_t n = GATHER_BYTES - g->g_used;

		if (n > len)
			n = (size_t)len;
		memset(g->g_buf + g->g_used, 0, n);
		g->g_used += n;
		len -= n;
		if (g->g_used == GATHER_BYTES)
			flush(g);
	}
}

/*
 * len bytes at off of fd to pos.  more: also look for a byte behind them.
 * Returns what was missing; *grew; *errorp of reading.
 */
static uint64_t
gather_range(struct gather *g, int fd, uint64_t off, uint64_t len, uint64_t pos,
    bool *grew, int *errorp)
{
	seek(g, pos);
	while (len > 0) {
		/* one byte of room is kept for the one too many */
		size_t room = GATHER_BYTES - g->g_used;
		size_t want = len < room ? (size_t)len : room;
		size_t ask = want + (grew != NULL && want == len ? 1 : 0);
		ssize_t n = pread(fd, g->g_buf + g->g_used, ask, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*errorp = n < 0 ? errno : 0;
			return len;
		}
		if ((size_t)n > want) {
			*grew = true;
			n = (ssize_t)want;
		}
		g->g_used += (size_t)n;
		off += (uint64_t)n;
		len -= (uint64_t)n;
		fsu_progress_bytes((uint64_t)n);
		if (g->g_used == GATHER_BYTES)
			flush(g);
	}
	return 0;
}

/* Have the host copy; what is left is for us.  Returns bytes done. */
static uint64_t
host_copy(struct gather *g, struct msource *s, int fd, uint64_t off,
    uint64_t len, uint64_t pos)
{
	loff_t in = (loff_t)off, out = (loff_t)pos;
	uint64_t done = 0;

	if (len < RANGE_MIN ||
	    __atomic_load_n(&s->s_nocopyrange, __ATOMIC_RELAXED))
		return 0;
	flush(g);
	while (done < len) {
		uint64_t left = len - done;
		ssize_t n = copy_file_range(fd, &in, g->g_c->c_image, &out,
		    left < RANGE_STEP ? left : RANGE_STEP, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			/* an empty answer may be a file system that lies */
			if (n < 0)
				__atomic_store_n(
				    &s->s_nocopyrange, true, __ATOMIC_RELAXED);
			break;
		}
		done += (uint64_t)n;
		fsu_progress_bytes((uint64_t)n);
	}
	return done;
}

/* ---- one file ------------------------------------------------------------------------ */

static int
open_source(struct copier *c, const struct item *it, uint64_t *base)
{
	const struct mnode *m = mn(c->c_mf, it->i_node);
	const struct msource *s = &c->c_mf->mf_source[m->m_source];

	*base = 0;
	if (s->s_kind == SRC_SPOOL) {
		*base = m->m_pos;
		return s->s_fd;
	}
	if ((m->m_flags & MN_PATH) != 0)
		return openat(s->s_fd,
		    arena_at(&c->c_mf->mf_names, (uint32_t)m->m_pos),
		    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return openat(it->i_dir->d_fd, mn_name(c->c_mf, m),
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

static void
copy_runs(struct gather *g, const struct item *it, int fd, uint64_t base)
{
	struct copier *c = g->g_c;
	const struct mnode *m = mn(c->c_mf, it->i_node);
	struct msource *s = &c->c_mf->mf_source[m->m_source];
	bool spool = s->s_kind == SRC_SPOOL, grew = false, shrank = false;
	bool looked = spool; /* whether there is more at its end */
	int error = 0;
	char more;

	for (uint32_t i = 0; i < it->i_nruns; i++) {
		const struct copy_run *r = &it->i_runs[i];
		uint64_t end = r->cr_off + r->cr_len, done, missing;
		bool last = end >= m->m_size;

		if (last)
			end = m->m_size;
		done = host_copy(
		    g, s, fd, base + r->cr_off, end - r->cr_off, r->cr_hostoff);
		missing = gather_range(g, fd, base + r->cr_off + done,
		    end - r->cr_off - done, r->cr_hostoff + done,
		    last && !spool ? &grew : NULL, &error);
		if (missing > 0) {
			shrank = true;
			zeros(g, missing);
		}
		looked |= last && end - r->cr_off > done;
		/* to the end of the block, so that the next file joins */
		if (last)
			zeros(g, (c->c_block - end % c->c_block) % c->c_block);
	}
	/* No data, a hole at the end, or all was the host's to copy. */
	if (!looked && !shrank && error == 0)
		grew = pread(fd, &more, 1, (off_t)(base + m->m_size)) == 1;
	if (error != 0)
		source_failed(c, it->i_node, fsu_strerror(error));
	else if (grew && m->m_size == 0)
		source_failed(
		    c, it->i_node, "has content, but a size of 0: left empty");
	else if (shrank)
		source_failed(c, it->i_node,
		    "shrank while it was read: filled up with zeros");
	else if (grew)
		source_failed(c, it->i_node,
		    "grew while it was read: has its size at the start");
}

static void
drop_dir(struct copy_dir *d)
{
	if (d != NULL &&
	    __atomic_sub_fetch(&d->d_refs, 1, __ATOMIC_ACQ_REL) == 0) {
		close(d->d_fd);
		free(d);
	}
}

static void
copy_file(struct gather *g, struct item *it)
{
	struct copier *c = g->g_c;
	const struct mnode *m = mn(c->c_mf, it->i_node);
	uint64_t base;
	int fd = open_source(c, it, &base);

	if (fd < 0) {
		/* Nothing is wanted of an empty one. */
		if (m->m_size > 0 || (errno != EACCES && errno != EPERM))
			source_failed(c, it->i_node, fsu_strerror(errno));
	} else
		copy_runs(g, it, fd, base);
	if (fd >= 0 && c->c_mf->mf_source[m->m_source].s_kind != SRC_SPOOL)
		close(fd);
	drop_dir(it->i_dir);
	if (it->i_runs != &it->i_one)
		free(it->i_runs);
}

static void
copy_batch(struct gather *g, struct batch *b)
{
	for (unsigned i = 0; i < b->b_n; i++)
		copy_file(g, &b->b_item[i]);
	flush(g);
	free(b);
}

/* ---- the queue ----------------------------------------------------------------------- */

static struct gather *
gather_new(struct copier *c)
{
	struct gather *g = fsu_calloc(1, sizeof(*g));

	g->g_c = c;
	g->g_buf = fsu_malloc(GATHER_BYTES + 1);
	return g;
}

static void
gather_free(struct gather *g)
{
	free(g->g_buf);
	free(g);
}

/* The first batch, or NULL; wait: until there is one or there will be none. */
static struct batch *
take_batch(struct copier *c, bool wait)
{
	struct batch *b;

	pthread_mutex_lock(&c->c_mtx);
	while (wait && c->c_first == NULL && !c->c_closed)
		pthread_cond_wait(&c->c_cv, &c->c_mtx);
	b = c->c_first;
	if (b != NULL) {
		c->c_first = b->b_next;
		if (c->c_first == NULL)
			c->c_last = &c->c_first;
		c->c_queued--;
	}
	pthread_mutex_unlock(&c->c_mtx);
	return b;
}

static void *
worker_main(void *arg)
{
	struct copier *c = arg;
	struct gather *g = gather_new(c);
	struct batch *b;

	while ((b = take_batch(c, true)) != NULL)
		copy_batch(g, b);
	gather_free(g);
	return NULL;
}

static void
push_batch(struct copier *c)
{
	struct batch *b = c->c_cur;
	bool full;

	if (b == NULL)
		return;
	c->c_cur = NULL;
	pthread_mutex_lock(&c->c_mtx);
	*c->c_last = b;
	c->c_last = &b->b_next;
	full = ++c->c_queued > QUEUE_MAX || c->c_nthreads == 0;
	pthread_cond_signal(&c->c_cv);
	pthread_mutex_unlock(&c->c_mtx);
	if (full && (b = take_batch(c, false)) != NULL)
		copy_batch(c->c_own, b);
}

static unsigned
count_workers(void)
{
	cpu_set_t set;
	unsigned n = 2;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = (unsigned)CPU_COUNT(&set);
	return n - 1 < MAX_WORKERS ? n - 1 : MAX_WORKERS;
}

struct copier *
copier_new(struct manifest *mf, int imagefd, uint32_t block)
{
	struct copier *c = fsu_calloc(1, sizeof(*c));
	unsigned n = count_workers();

	c->c_mf = mf;
	c->c_image = imagefd;
	c->c_block = block;
	c->c_last = &c->c_first;
	pthread_mutex_init(&c->c_mtx, NULL);
	pthread_cond_init(&c->c_cv, NULL);
	c->c_own = gather_new(c);
	while (c->c_nthreads < n &&
	    pthread_create(&c->c_thread[c->c_nthreads], NULL, worker_main, c) ==
		0)
		c->c_nthreads++;
	return c;
}

int
copier_setdir(struct copier *c, unsigned source, const char *path)
{
	int fd = open_below(c->c_mf->mf_source[source].s_fd, path,
	    O_PATH | O_DIRECTORY | O_NOFOLLOW);

	drop_dir(c->c_dir);
	c->c_dir = NULL;
	if (fd < 0)
		return errno;
	c->c_dir = fsu_calloc(1, sizeof(*c->c_dir));
	c->c_dir->d_fd = fd;
	c->c_dir->d_refs = 1;
	return 0;
}

int
copier_add(struct copier *c, uint32_t node, const struct copy_run *runs,
    unsigned nruns)
{
	const struct mnode *m = mn(c->c_mf, node);
	struct batch *b = c->c_cur;
	struct item *it;

	if (b == NULL) {
		b = fsu_malloc(sizeof(*b));
		b->b_next = NULL;
		b->b_n = 0;
		b->b_bytes = 0;
		c->c_cur = b;
	}
	it = &b->b_item[b->b_n++];
	it->i_node = node;
	it->i_nruns = nruns;
	it->i_dir = NULL;
	if (c->c_mf->mf_source[m->m_source].s_kind == SRC_DIR) {
		it->i_dir = c->c_dir;
		__atomic_add_fetch(&c->c_dir->d_refs, 1, __ATOMIC_RELAXED);
	}
	it->i_runs = &it->i_one;
	if (nruns > 1)
		it->i_runs = fsu_malloc(nruns * sizeof(*runs));
	if (nruns > 0)
		memcpy(it->i_runs, runs, nruns * sizeof(*runs));
	b->b_bytes += m->m_size;
	if (b->b_n == BATCH_FILES || b->b_bytes >= BATCH_BYTES)
		push_batch(c);
	return __atomic_load_n(&c->c_error, __ATOMIC_RELAXED);
}

int
copier_finish(struct copier *c, bool *failed)
{
	struct batch *b;
	int error;

	push_batch(c);
	drop_dir(c->c_dir);
	while ((b = take_batch(c, false)) != NULL)
		copy_batch(c->c_own, b);
	pthread_mutex_lock(&c->c_mtx);
	c->c_closed = true;
	pthread_cond_broadcast(&c->c_cv);
	pthread_mutex_unlock(&c->c_mtx);
	while (c->c_nthreads > 0)
		pthread_join(c->c_thread[--c->c_nthreads], NULL);
	*failed |= c->c_failed;
	error = c->c_error;
	gather_free(c->c_own);
	free(c);
	return error;
}
