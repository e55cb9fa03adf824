/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing buffers out: in block order, those that follow each other in one
 * request, no gap bridged.
 *
 * What is to be written is made busy first, all of it, so that nobody changes it
 * under way; buffers that are busy already are left out, and only bflush() comes
 * back for them, holding none.  So no two writers wait for each other.  A flush
 * covers what was dirty when it began (bc_seq), and therefore ends.
 *
 * A buffer that couldn't be written stays dirty, and its mount is told: it turns
 * read-only.  Pinned buffers are a transaction's; nothing here writes them.
 */
#include "kern/klog.h"
#include "kern/klwp.h"
#include "kern/kmem.h"
#include "kern/ksort.h"
#include "kern/kstring.h"
#include "vfs/buf_impl.h"
#include "vfs/mount.h"

#define JOIN_BUFS  64
#define UNDER_WAY  8 /* requests, where the device has workers */
#define JOIN_BYTES (1u << 20)
#define FEW	   32 /* at a time where there is no memory for the list */

struct span {
	uint64_t sp_off, sp_end, sp_maxseq;
};

static bool
in_span(const struct buf *bp, const struct span *sp)
{
	return bp->b_off >= sp->sp_off && bp->b_off + bp->b_len <= sp->sp_end &&
	    bp->b_dirtyseq <= sp->sp_maxseq && !(bp->b_flags & B_PINNED);
}

static bool
buf_before(const void *a, const void *b)
{
	return ((const struct buf *)a)->b_off < ((const struct buf *)b)->b_off;
}

/* Make busy at most max that are to be written. */
static size_t
gather(struct blkdev *dev, const struct span *sp, struct buf **v, size_t max)
{
	struct klink *l;
	size_t n = 0;

	mutex_enter(&bufcache.bc_lock);
	KLIST_FOREACH(l, &dev->bd_bufs.bb_dirty)
	{
		struct buf *bp = klink_entry(l, struct buf, b_dirtylink);

		if (n == max)
			break;
		if (!(bp->b_flags & B_BUSY) && in_span(bp, sp)) {
			buf_take(bp);
			v[n++] = bp;
		}
	}
	mutex_exit(&bufcache.bc_lock);
	return n;
}

/* One request: buffers that follow each other. */
struct joined {
	struct bio j_bio;
	struct buf **j_v;
	size_t j_n;
	struct rumpuser_iov j_iov[JOIN_BUFS];
};

/* Take what one request can hold from v[0..n) and start it. */
static void
joined_start(struct blkdev *dev, struct joined *j, struct buf **v, size_t n)
{
	uint64_t len = 0;
	size_t i;

	for (i = 0; i < n && i < JOIN_BUFS; i++) {
		if (i > 0 &&
		    (v[i]->b_off != v[0]->b_off + len ||
			len + v[i]->b_len > JOIN_BYTES))
			break;
		j->j_iov[i] = (struct rumpuser_iov){v[i]->b_data, v[i]->b_len};
		len += v[i]->b_len;
	}
	j->j_v = v;
	j->j_n = i;
	j->j_bio = (struct bio){
	    .bio_op = BIO_WRITE,
	    .bio_flags = BIO_META,
	    .bio_off = v[0]->b_off,
	    .bio_len = len,
	    .bio_iov = j->j_iov,
	    .bio_iovcnt = (int)i,
	};
	(void)blkdev_submit(dev, &j->j_bio); /* bio_wait() has the error */
}

/* Wait for it, and let its buffers go. */
static int
joined_finish(struct joined *j)
{
	int error = bio_wait(&j->j_bio);

	mutex_enter(&bufcache.bc_lock);
	for (size_t i = 0; i < j->j_n; i++) {
		j->j_v[i]->b_error = error;
		if (error == 0)
			buf_setstate(j->j_v[i], BUF_CLEAN);
		buf_release(j->j_v[i]);
	}
	mutex_exit(&bufcache.bc_lock);
	j->j_n = 0;
	return error;
}

/* Sorted buffers, several requests under way at a time where ring has room. */
static int
write_sorted(struct blkdev *dev, struct buf **v, size_t n, struct joined *ring,
    unsigned nring)
{
	struct joined *j;
	unsigned i = 0, k;
	int error = 0, e;

	for (k = 0; k < nring; k++)
		ring[k].j_n = 0;
	for (; n > 0; i = (i + 1) % nring) {
		j = &ring[i];
		e = j->j_n > 0 ? joined_finish(j) : 0;
		if (error == 0)
			error = e;
		joined_start(dev, j, v, n);
		v += j->j_n;
		n -= j->j_n;
	}
	for (k = 0; k < nring; k++) {
		e = ring[k].j_n > 0 ? joined_finish(&ring[k]) : 0;
		if (error == 0)
			error = e;
	}
	return error;
}

/* Sort, join and write; all are released.  The first error, told to the mount. */
static int
write_all(struct blkdev *dev, struct buf **v, size_t n)
{
	struct joined one, *ring = NULL;
	int error;

	if (n > 1)
		ring = kmem_alloc(UNDER_WAY * sizeof(*ring));
	ksort_ptrs((void **)v, n, buf_before);
	error = write_sorted(dev, v, n, ring != NULL ? ring : &one,
	    ring != NULL ? UNDER_WAY : 1);
	kmem_free(ring, UNDER_WAY * sizeof(*ring));
	if (error != 0 && dev->bd_bufs.bb_mount != NULL)
		vfs_ioerror(dev->bd_bufs.bb_mount, error);
	return error;
}

static size_t
count_dirty(struct blkdev *dev, const struct span *sp)
{
	struct klink *l;
	size_t n = 0;

	mutex_enter(&bufcache.bc_lock);
	KLIST_FOREACH(l, &dev->bd_bufs.bb_dirty)
	n += in_span(klink_entry(l, struct buf, b_dirtylink), sp);
	mutex_exit(&bufcache.bc_lock);
	return n;
}

/* Everything in the span that nobody has busy. */
static int
write_span(struct blkdev *dev, const struct span *sp)
{
	struct buf *few[FEW], **v = few;
	size_t want = count_dirty(dev, sp), max = FEW, n;
	int error = 0;

	if (want > FEW) {
		v = kmem_alloc(want * sizeof(struct buf *));
		if (v == NULL)
			v = few;
		else
			max = want;
	}
	while (error == 0 && (n = gather(dev, sp, v, max)) > 0)
		error = write_all(dev, v, n);
	if (v != few)
		kmem_free(v, want * sizeof(struct buf *));
	return error;
}

/* Wait for one that others have busy; false: there is none. */
static bool
wait_for_busy(struct blkdev *dev, const struct span *sp)
{
	struct bufcache *bc = &bufcache;
	bool found = false;
	struct klink *l;

	mutex_enter(&bc->bc_lock);
	KLIST_FOREACH(l, &dev->bd_bufs.bb_dirty)
	{
		struct buf *bp = klink_entry(l, struct buf, b_dirtylink);

		if (!in_span(bp, sp) || bp->b_owner == curlwp)
			continue;
		if (bp->b_flags & B_BUSY)
			buf_wait(bp);
		found = true;
		break;
	}
	mutex_exit(&bc->bc_lock);
	return found;
}

static int
flush_span(struct blkdev *dev, struct span *sp)
{
	int error;

	mutex_enter(&bufcache.bc_lock);
	sp->sp_maxseq = bufcache.bc_seq;
	mutex_exit(&bufcache.bc_lock);
	do
		error = write_span(dev, sp);
	while (error == 0 && wait_for_busy(dev, sp));
	return error;
}

int
bflush(struct blkdev *dev, bool wait)
{
	struct span sp = {.sp_off = 0, .sp_end = UINT64_MAX};
	int error = flush_span(dev, &sp);

	if (error == 0 && wait)
		error = blkdev_flush(dev);
	return error;
}

int
bflush_range(struct blkdev *dev, uint64_t off, uint64_t len)
{
	struct span sp = {.sp_off = off};

	if (add_overflow(off, len, &sp.sp_end))
		sp.sp_end = UINT64_MAX;
	return flush_span(dev, &sp);
}

int
bwrite(struct buf *bp)
{
	struct bufcache *bc = &bufcache;
	struct blkdev *dev = bp->b_dev;

	if (dev->bd_bufs.bb_journal != NULL) {
		bdwrite(bp);
		return 0;
	}
	mutex_enter(&bc->bc_lock);
	KASSERT(!(bp->b_flags & B_PINNED));
	buf_setstate(bp, BUF_DIRTY); /* what it stays if the write fails */
	mutex_exit(&bc->bc_lock);
	return write_all(dev, &bp, 1);
}

/*
 * Too many are dirty.  An error has been told to the mount.  What stays dirty
 * (pinned, busy, failed) mustn't make every bdwrite() try again.
 */
void
buf_write_some(struct blkdev *dev)
{
	struct bufcache *bc = &bufcache;
	struct span sp = {
	    .sp_off = 0, .sp_end = UINT64_MAX, .sp_maxseq = UINT64_MAX};

	(void)write_span(dev, &sp);
	mutex_enter(&bc->bc_lock);
	bc->bc_dirty_next = kmax(
	    bc->bc_dirty_limit, bc->bc_dirty_bytes + bc->bc_dirty_limit / 4);
	mutex_exit(&bc->bc_lock);
}
