/* SPDX-License-Identifier: BSD-2-Clause */
/* What buf.c and buf_write.c share. */
#ifndef VFS_BUF_IMPL_H
#define VFS_BUF_IMPL_H

#include "vfs/buf.h"

#define BUF_NCVS 16

/* All under bc_lock; a buffer's content is its owner's. */
struct bufcache {
	kmutex_t bc_lock;
	kcondvar_t bc_cv[BUF_NCVS]; /* of busy buffers, by address */
	struct klist *bc_hash;	    /* by (device, first byte) */
	struct klist *bc_area;	    /* by (device, first byte / 64 KiB) */
	uint64_t bc_nbuckets;	    /* of each */
	struct klist bc_lru;	    /* clean, not busy */
	uint64_t bc_count, bc_bytes, bc_dirty_bytes;
	uint64_t bc_clean_limit, bc_dirty_limit;
	uint64_t bc_dirty_next; /* write out when dirty bytes pass this */
	uint64_t bc_seq;	/* of the last that became dirty */
};
extern struct bufcache bufcache;

/* The bucket of (device, key): key is a first byte in bc_hash, a first byte >>
 * BUF_AREA_SHIFT in bc_area. */
#define BUF_AREA_SHIFT 16
struct klist *buf_tableslot(
    struct klist *table, const struct blkdev *dev, uint64_t key);
/* The one transition function. */
void buf_setstate(struct buf *bp, enum buf_state state);
/* Into the running transaction of its device's journal, and out of it. */
void buf_pin(struct buf *bp);
void buf_unpin(struct buf *bp);
void buf_take(struct buf *bp);	  /* not busy -> busy, this thread's */
void buf_release(struct buf *bp); /* busy -> not busy; EMPTY: freed */
/* Wait until bp isn't busy; it may be gone after. */
void buf_wait(struct buf *bp);
/* Dirty bytes passed the limit: write dev's out.  Takes bc_lock itself. */
void buf_write_some(struct blkdev *dev);

#endif /* VFS_BUF_IMPL_H */
