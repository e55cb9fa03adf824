/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies inside the host, without a buffer of ours.
 *
 * Two ways, tried in this order for a pair of file systems, and what refuses is
 * remembered for the pair:
 *	copy_file_range(2)	shares blocks where the host can; within one file
 *				system as a rule, never with a block device
 *	splice(2) by a pipe	from the page cache of one into the other's
 *
 * Measured against reading and writing with a 256 KiB buffer (tmpfs and ext4,
 * in every pairing, cached): both take about 0.7 of its time into room that is
 * there already and 0.8 to 0.9 into a new file, from 64 KiB on; at 16 KiB they
 * are level, at 4 KiB behind.  So small pieces are refused here: the caller
 * gathers those in a buffer and joins their writes.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "hypercall.h"

#define COPY_MIN      ((uint64_t)64 << 10)
#define COPY_PIPE     (1 << 20) /* what an ordinary user may ask for */
#define COPY_STEP_MAX ((uint64_t)1 << 30)

/* A way that a pair of file systems goes; each refusal leads to the next. */
enum way { WAY_RANGE, WAY_SPLICE, WAY_NONE };

/*
 * What is known of pairs: a digest of the pair with the way in its low bits.
 * Losing a slot to another pair costs a call that fails, no more; two pairs of
 * one digest would at worst be copied by the caller.
 */
#define WAY_SLOTS 16
#define WAY_BITS  ((uint64_t)3)
static _Atomic uint64_t ways[WAY_SLOTS];

static uint64_t
pair_digest(const struct rumpuser_file *in, const struct rumpuser_file *out)
{
	uint64_t h;

	h = ((in->f_dev + in->f_type) * 0x9e3779b97f4a7c15ULL) ^
	    ((out->f_dev + out->f_type + 1) * 0xc2b2ae3d27d4eb4fULL);
	return (h ^ (h >> 29)) & ~WAY_BITS;
}

static enum way
way_get(uint64_t digest)
{
	uint64_t v = ways[(digest >> 2) % WAY_SLOTS];

	return v != 0 && (v & ~WAY_BITS) == digest ? (enum way)(v & WAY_BITS)
						   : WAY_RANGE;
}

static void
way_set(uint64_t digest, enum way way)
{
	ways[(digest >> 2) % WAY_SLOTS] = digest | way;
}

static bool
refused(int error)
{
	return error == EXDEV || error == ENOSYS || error == EOPNOTSUPP ||
	    error == EINVAL;
}

static int
copy_range(int in, uint64_t inoff, int out, uint64_t outoff, uint64_t len,
    uint64_t *donep)
{
	while (*donep < len) {
		off_t from = (off_t)(inoff + *donep);
		off_t to = (off_t)(outoff + *donep);
		uint64_t want = len - *donep;
		ssize_t n;

		if (want > COPY_STEP_MAX)
			want = COPY_STEP_MAX;
		n = HYPER_RETRY(
		    copy_file_range(in, &from, out, &to, (size_t)want, 0));
		if (n < 0)
			return hyper_errno();
		if (n == 0)
			break;
		*donep += (uint64_t)n;
	}
	return 0;
}

/* ---- splice ---------------------------------------------------------- */

struct pipe {
	int rd, wr;
};
/* One pipe is kept, since making a large one takes a while; NULL: in use. */
static _Atomic(struct pipe *) spare_pipe;

static struct pipe *
pipe_take(void)
{
	struct pipe *p = atomic_exchange(&spare_pipe, NULL);
	int fds[2];

	if (p != NULL)
		return p;
	p = malloc(sizeof(*p));
	if (p == NULL)
		return NULL;
	if (pipe2(fds, O_CLOEXEC) != 0) {
		free(p);
		return NULL;
	}
	p->rd = fds[0];
	p->wr = fds[1];
	/* a smaller one than this does as well, more slowly */
	(void)fcntl(p->wr, F_SETPIPE_SZ, COPY_PIPE);
	return p;
}

static void
pipe_close(struct pipe *p)
{
	close(p->rd);
	close(p->wr);
	free(p);
}

/* Only an empty pipe may be used again. */
static void
pipe_give(struct pipe *p, bool empty)
{
	struct pipe *none = NULL;

	if (!empty || !atomic_compare_exchange_strong(&spare_pipe, &none, p))
		pipe_close(p);
}

/* Empty the pipe into out, at outoff + *donep. */
static int
drain(struct pipe *p, size_t filled, int out, uint64_t outoff, uint64_t *donep)
{
	while (filled > 0) {
		off_t to = (off_t)(outoff + *donep);
		ssize_t n;

		n = HYPER_RETRY(splice(p->rd, NULL, out, &to, filled, 0));
		if (n <= 0)
			return n < 0 ? hyper_errno() : EIO;
		filled -= (size_t)n;
		*donep += (uint64_t)n;
	}
	return 0;
}

static int
copy_splice(int in, uint64_t inoff, int out, uint64_t outoff, uint64_t len,
    uint64_t *donep)
{
	struct pipe *p = pipe_take();
	int error = 0;

	if (p == NULL)
		return ENOBUFS; /* no memory or descriptors, for now */
	while (error == 0 && *donep < len) {
		off_t from = (off_t)(inoff + *donep);
		uint64_t want = len - *donep;
		ssize_t n;

		if (want > COPY_PIPE)
			want = COPY_PIPE;
		n = HYPER_RETRY(
		    splice(in, &from, p->wr, NULL, (size_t)want, 0));
		if (n == 0)
			break;
		error = n < 0 ? hyper_errno()
			      : drain(p, (size_t)n, out, outoff, donep);
	}
	pipe_give(p, error == 0);
	return error;
}

/* ---------------------------------------------------------------------- */

int
rumpuser_copyrange(struct rumpuser_file *in, uint64_t inoff,
    struct rumpuser_file *out, uint64_t outoff, uint64_t len, uint64_t *donep)
{
	uint64_t digest;
	enum way way;
	int error;

	*donep = 0;
	if (!hyper_range_ok(inoff, len) || !hyper_range_ok(outoff, len))
		return EINVAL;
	if (len < COPY_MIN ||
	    (in->f_type != RUMPUSER_FT_REG && in->f_type != RUMPUSER_FT_BLK) ||
	    (out->f_type != RUMPUSER_FT_REG && out->f_type != RUMPUSER_FT_BLK))
		return EOPNOTSUPP;
	if (!out->f_writable)
		return EBADF;
	/* ranges of one file that overlap: no order is promised */
	if (in == out && inoff < outoff + len && outoff < inoff + len)
		return EOPNOTSUPP;

	digest = pair_digest(in, out);
	for (way = way_get(digest); way < WAY_NONE; way++) {
		error = way == WAY_RANGE
		    ? copy_range(in->f_fd, inoff, out->f_fd, outoff, len, donep)
		    : copy_splice(
			  in->f_fd, inoff, out->f_fd, outoff, len, donep);
		if (error == ENOBUFS)
			break;
		if (!refused(error))
			return error;
		/* the next way goes on from where this one stopped */
		if (*donep == 0)
			way_set(digest, way + 1);
	}
	return EOPNOTSUPP;
}

/*
 * The plain loop over what holds data.  out is empty and gets in's size, so
 * that holes stay holes.
 */
int
hyper_copy_all(int in, int out)
{
	enum { CHUNK = 256 << 10 };
	off_t data, hole = 0;
	struct stat st;
	char *buf;
	int error = 0;

	if (fstat(in, &st) != 0 || ftruncate(out, st.st_size) != 0)
		return hyper_errno();
	buf = malloc(CHUNK);
	if (buf == NULL)
		return ENOMEM;
	while (error == 0 && hole < st.st_size) {
		data = lseek(in, hole, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break;
		if (data < hole)
			data = hole; /* it cannot tell */
		hole = lseek(in, data, SEEK_HOLE);
		if (hole <= data)
			hole = st.st_size;
		while (error == 0 && data < hole) {
			size_t n = hole - data < CHUNK ? (size_t)(hole - data)
						       : CHUNK;
			ssize_t r = HYPER_RETRY(pread(in, buf, n, data));

			if (r > 0)
				r = HYPER_RETRY(
				    pwrite(out, buf, (size_t)r, data));
			if (r <= 0)
				error = r < 0 ? hyper_errno() : EIO;
			else
				data += r;
		}
	}
	free(buf);
	return error;
}
