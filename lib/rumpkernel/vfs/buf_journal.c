/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a journal needs of the buffer cache: buffers that belong to the running
 * transaction are DIRTY and PINNED; the cache writes none of them.
 *
 *	DIRTY, not pinned	in the log: may go to its place at any time
 *	DIRTY, PINNED		changed since; its place still has what it had
 */
#include "kern/klog.h"
#include "kern/klwp.h"
#include "kern/kmem.h"
#include "kern/ksort.h"
#include "vfs/buf_impl.h"

void
buf_pin(struct buf *bp)
{
	struct bufjournal *bj = bp->b_dev->bd_bufs.bb_journal;

	if ((bp->b_flags & B_PINNED) != 0)
		return;
	bp->b_flags |= B_PINNED;
	bj->bj_npinned++;
	bj->bj_pinned_bytes += bp->b_len;
}

void
buf_unpin(struct buf *bp)
{
	struct bufjournal *bj = bp->b_dev->bd_bufs.bb_journal;

	if ((bp->b_flags & B_PINNED) == 0)
		return;
	bp->b_flags &= ~(uint32_t)B_PINNED;
	bj->bj_npinned--;
	bj->bj_pinned_bytes -= bp->b_len;
}

void
bsetjournal(struct blkdev *dev, struct bufjournal *bj)
{
	mutex_enter(&bufcache.bc_lock);
	KASSERT(dev->bd_bufs.bb_journal == NULL ||
	    dev->bd_bufs.bb_journal->bj_npinned == 0);
	dev->bd_bufs.bb_journal = bj;
	mutex_exit(&bufcache.bc_lock);
}

static bool
buf_before(const void *a, const void *b)
{
	return ((const struct buf *)a)->b_off < ((const struct buf *)b)->b_off;
}

/* Make busy what is pinned; somebody else's are waited for. */
static size_t
gather(struct blkdev *dev, struct buf **v, size_t max)
{
	struct klink *l;
	size_t n;

again:
	n = 0;
	KLIST_FOREACH(l, &dev->bd_bufs.bb_dirty)
	{
		struct buf *bp = klink_entry(l, struct buf, b_dirtylink);

		if ((bp->b_flags & B_PINNED) == 0)
			continue;
		if ((bp->b_flags & B_BUSY) != 0) {
			KASSERT(bp->b_owner != curlwp);
			buf_wait(bp); /* a reader: it changes nothing */
			goto again;
		}
		KASSERT(n < max);
		v[n++] = bp;
	}
	for (size_t i = 0; i < n; i++)
		buf_take(v[i]);
	return n;
}

int
bpinned(struct blkdev *dev, struct buf ***vp, size_t *np)
{
	struct bufjournal *bj = dev->bd_bufs.bb_journal;
	size_t max = bj->bj_npinned;
	struct buf **v = NULL;

	*vp = NULL;
	*np = 0;
	if (max == 0)
		return 0;
	v = kmem_calloc(max, sizeof(struct buf *));
	if (v == NULL)
		return ENOMEM;
	mutex_enter(&bufcache.bc_lock);
	*np = gather(dev, v, max);
	mutex_exit(&bufcache.bc_lock);
	KASSERT(*np == max);
	ksort_ptrs((void **)v, *np, buf_before);
	*vp = v;
	return 0;
}

void
bunpin_all(struct buf **v, size_t n, bool logged)
{
	mutex_enter(&bufcache.bc_lock);
	for (size_t i = 0; i < n; i++) {
		if (logged)
			buf_unpin(v[i]);
		buf_release(v[i]);
	}
	mutex_exit(&bufcache.bc_lock);
	kmem_free(v, n * sizeof(struct buf *));
}
