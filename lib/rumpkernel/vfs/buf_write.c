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

/* One request for v[0..n), which follow each other. */
static int
write_joined(struct blkdev *dev, struct buf **v, size_t n)
{
	struct rumpuser_iov iov[JOIN_BUFS];
	uint64_t len = 0;
	int error;

	for (size_t i = 0; i < n; i++) {
		iov[i] = (struct rumpuser_iov){v[i]->b_data, v[i]->b_len};
		len += v[i]->b_len;
	}
	error = blkdev_writev(dev, iov, (int)n, v[0]->b_off, len, BIO_META);
	mutex_enter(&bufcache.bc_lock);
	for (size_t i = 0; i < n; i++) {
		v[i]->b_error = error;
		if (error == 0)
			buf_setstate(v[i], BUF_CLEAN);
		buf_release(v[i]);
	}
	mutex_exit(&bufcache.bc_lock);
	return error;
}

/* Sort, join and write; all are released.  The first error, told to the mount. */
static int
write_all(struct blkdev *dev, struct buf **v, size_t n)
{
	size_t run;
	uint64_t len;
	int error = 0, e;

	ksort_ptrs((void **)v, n, buf_before);
	for (; n > 0; v += run, n -= run) {
		len = v[0]->b_len;
		for (run = 1; run < n && run < JOIN_BUFS &&
		     v[run]->b_off == v[run - 1]->b_off + v[run - 1]->b_len &&
		     len + v[run]->b_len <= JOIN_BYTES;
		     run++)
			len += v[run]->b_len;
		e = write_joined(dev, v, run);
		if (error == 0)
			error = e;
	}
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
