/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forgetting buffers: freed blocks, and all of a device.  What they hold goes
 * unwritten.  One that this thread has busy becomes EMPTY and is freed when it is
 * released; others' are waited for.
 */
#include "kern/klog.h"
#include "kern/klwp.h"
#include "vfs/buf_impl.h"

/* Forget what lies inside [off, end) and is in this bucket of the area table.
 * True: it had to wait, and the tables may have changed. */
static bool
forget_bucket(struct klist *slot, struct blkdev *dev, uint64_t off,
    uint64_t end, bool dirtytoo)
{
	struct klink *l, *next;
	struct buf *bp;

	for (l = klist_first(slot); l != NULL; l = next) {
		next = klist_next(slot, l);
		bp = klink_entry(l, struct buf, b_arealink);
		if (bp->b_dev != dev || bp->b_off < off ||
		    bp->b_off + bp->b_len > end)
			continue;
		if ((bp->b_flags & B_BUSY) && bp->b_owner != curlwp) {
			buf_wait(bp);
			return true;
		}
		KASSERT(dirtytoo || bp->b_state != BUF_DIRTY);
		if (bp->b_flags & B_BUSY) { /* ours: goes when released */
			buf_setstate(bp, BUF_EMPTY);
			continue;
		}
		buf_take(bp);
		buf_setstate(bp, BUF_EMPTY);
		buf_release(bp);
	}
	return false;
}

static void
forget(struct blkdev *dev, uint64_t off, uint64_t end, bool dirtytoo)
{
	struct bufcache *bc = &bufcache;
	uint64_t first = off >> BUF_AREA_SHIFT, n, i;

	mutex_enter(&bc->bc_lock);
again:
	n = ((end - 1) >> BUF_AREA_SHIFT) - first + 1;
	if (n > bc->bc_nbuckets) { /* then rather all buckets, once each */
		for (i = 0; i < bc->bc_nbuckets; i++)
			if (forget_bucket(
				&bc->bc_area[i], dev, off, end, dirtytoo))
				goto again;
	} else if (dev->bd_bufs.bb_count > 0) {
		for (i = 0; i < n; i++)
			if (forget_bucket(
				buf_tableslot(bc->bc_area, dev, first + i), dev,
				off, end, dirtytoo))
				goto again;
	}
	mutex_exit(&bc->bc_lock);
}

void
bforget(struct blkdev *dev, uint64_t off, uint64_t len)
{
	uint64_t end;

	if (add_overflow(off, len, &end))
		end = UINT64_MAX;
	if (dev->bd_bufs.bb_journal != NULL && end > off)
		dev->bd_bufs.bb_journal->bj_forget(
		    dev->bd_bufs.bb_journal, off, end - off);
	if (end > off)
		forget(dev, off, end, true);
}

void
bpurge(struct blkdev *dev, bool lose)
{
	forget(dev, 0, UINT64_MAX, lose);
	KASSERT(dev->bd_bufs.bb_count == 0);
}
