/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buffer cache: metadata (and BUFFERED files) by (device, first byte,
 * length).
 *
 * A buffer is at most 64 KiB.  Two buffers of one device never overlap with
 * different extent (checked; only bresize() changes one).  It is busy from
 * getblk/bread to brelse/bdwrite/bwrite; others wait.  Memory is bounded: clean
 * ones are reused least recently used first, dirty ones are written out in block
 * order, neighbours joined, no gap bridged.
 *
 *   states:  EMPTY -> CLEAN <-> DIRTY     (busy is a flag beside them)
 */
#ifndef VFS_BUF_H
#define VFS_BUF_H

#include "dev/blkdev.h"
#include "kern/kdefs.h"
#include "kern/klist.h"
#include "kern/klock.h"

#define BUF_MAXSIZE 65536u

enum buf_state {
	BUF_EMPTY, /* no valid content */
	BUF_CLEAN,
	BUF_DIRTY,
};
struct mount;
struct buf {
	struct blkdev *b_dev;
	uint64_t b_off; /* bytes */
	uint32_t b_len; /* bytes */
	uint8_t *b_data;
	enum buf_state b_state;
	uint32_t b_flags;
#define B_BUSY	 0x1
#define B_WANTED 0x2
#define B_PINNED 0x4 /* a transaction has it: DIRTY, not to be written yet */
	int b_error; /* of the last write that failed */
	struct lwp *b_owner; /* who has it busy */
	uint64_t b_dirtyseq; /* when it became dirty */
	/* The driver's: what it has checked the content as.  0 after each read and
	 * whenever the content is forgotten; who writes has it right. */
	uint64_t b_checked;
	struct klink b_hashlink, b_arealink, b_lrulink, b_dirtylink;
};

/*
 * The block, busy, content valid.  EIO and so on: no buffer.  ENOMEM.  EUCLEAN:
 * this thread has the block busy already, or a buffer of another extent overlaps
 * it.  A sound driver on a sound image meets neither; a cross-linked image can
 * lead one there.
 */
int bread(struct blkdev *dev, uint64_t off, uint32_t len, struct buf **bpp);
/* ... reading ahead what the driver says is metadata of the same kind:
 * [rangeoff, rangeoff + rangelen), in units of len. */
int bread_cluster(struct blkdev *dev, uint64_t off, uint32_t len,
    uint64_t rangeoff, uint64_t rangelen, struct buf **bpp);
/* The block, busy, content not read (EMPTY unless it was cached). */
int getblk(struct blkdev *dev, uint64_t off, uint32_t len, struct buf **bpp);
/* getblk and zero: for a block that becomes metadata.  Content valid. */
int getblk_zero(
    struct blkdev *dev, uint64_t off, uint32_t len, struct buf **bpp);
/* Only if it is cached and valid; NULL else.  Busy. */
struct buf *incore(struct blkdev *dev, uint64_t off, uint32_t len);

void brelse(struct buf *bp); /* unchanged: not busy any more */
void bdwrite(
    struct buf *bp);	    /* changed: written some time, not busy any more */
int bwrite(struct buf *bp); /* written now, not busy any more */
/* Not busy any more and forgotten, whatever it held. */
void binval(struct buf *bp);
int bresize(struct buf *bp, uint32_t newlen);

/* Forget cached blocks inside [off, off+len), unwritten: they were freed. */
void bforget(struct blkdev *dev, uint64_t off, uint64_t len);
/* Write out all dirty ones of dev; wait: and a flush of the device after. */
int bflush(struct blkdev *dev, bool wait);
/* ... only those inside a range. */
int bflush_range(struct blkdev *dev, uint64_t off, uint64_t len);
/* Forget all of dev (unmount); dirty ones too if lose, else none may be. */
void bpurge(struct blkdev *dev, bool lose);
/* Who is told when a delayed write to dev fails (mount time). */
void bsetmount(struct blkdev *dev, struct mount *mp);

/*
 * A journal.  While a device has one, each changed buffer of it belongs to the
 * running transaction from bdwrite() or bwrite() on (both are then the same):
 * PINNED, until the transaction is in the log.  No change can be forgotten so.
 */
struct bufjournal {
	uint32_t bj_npinned; /* the cache's */
	uint64_t bj_pinned_bytes;
	/* [off, off + len) is about to be forgotten: what older transactions
	 * logged there mustn't come back.  May be called under any lock but the
	 * cache's and devices'. */
	void (*bj_forget)(struct bufjournal *bj, uint64_t off, uint64_t len);
};
/* NULL: none any more.  Nothing is pinned. */
void bsetjournal(struct blkdev *dev, struct bufjournal *bj);
/* All pinned buffers, busy, in block order, in an array of *np that
 * bunpin_all() takes back; nobody else has one busy.  NULL, 0: there is none.
 * ENOMEM. */
int bpinned(struct blkdev *dev, struct buf ***vp, size_t *np);
/* Release them; logged: they are DIRTY and may be written from now on. */
void bunpin_all(struct buf **v, size_t n, bool logged);

uint64_t buf_memory(void); /* bytes held */
int buf_init(void);	   /* start-up */

#endif /* VFS_BUF_H */
