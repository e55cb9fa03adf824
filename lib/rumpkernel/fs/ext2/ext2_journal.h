/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal in core: where its blocks are, what its superblock says, and what
 * ext2_journal.c, ext2_jreplay.c and ext2_jcommit.c offer each other.
 *
 * Block numbers of the journal ("jblk") are 32 bits and count from its own start.
 */
#ifndef EXT2_JOURNAL_H
#define EXT2_JOURNAL_H

#include "fs/ext2/ext2.h"
#include "fs/ext2/jbd2_ondisk.h"

#define EXT2_JHANDLES 64 /* threads that are in an operation at a time */

/* Blocks of the journal that follow each other on the device too. */
struct ext2_jrun {
	uint32_t jr_first, jr_n;
	uint64_t jr_blk;
};

enum ext2_jcsum {
	JCSUM_NONE,
	JCSUM_V1, /* CRC-32 of a transaction's blocks, in its commit block */
	JCSUM_V2, /* CRC-32C of each block, 16 bits of it in tags */
	JCSUM_V3,
};

struct ext2_journal {
	struct mount *j_mp;
	struct blkdev *j_dev; /* the device itself, not an overlay */
	uint32_t j_bsize, j_bshift;
	struct ext2_jrun *j_run; /* sorted, without gaps */
	uint32_t j_nrun, j_runroom;
	uint32_t j_blocks;	     /* that the inode has */
	struct jbd2_super_disk j_sb; /* as it is to be written */
	uint32_t j_first, j_end;     /* the log: [first, end) */
	uint32_t j_fcblks;	     /* of fast commits, from j_end on */
	enum ext2_jcsum j_csum;
	uint32_t j_seed;
	bool j_64bit;
	uint32_t j_tagsize, j_tailsize; /* bytes */
	/* ext2_jcommit.c's, while a mount writes */
	struct ext2_mount *j_m;
	struct bufjournal j_bj;
	kmutex_t j_lock; /* guards what follows */
	kcondvar_t j_cv;
	struct {
		struct lwp *h_l; /* NULL: free */
		uint32_t h_depth;
	} j_h[EXT2_JHANDLES];
	unsigned j_nh;
	bool j_committing; /* by somebody; nobody begins meanwhile */
	bool j_aborted;	   /* a write to the log failed */
	uint32_t j_max;	   /* blocks from which on a transaction is full */
	/* the committer's */
	uint32_t j_head,
	    j_seq;	 /* where the next transaction goes, its number */
	uint32_t j_used; /* blocks of the log with transactions */
	kmutex_t j_revlock;
	uint64_t *j_rev; /* blocks that the running transaction revokes */
	uint32_t j_nrev, j_revroom;
};

/* ---- ext2_journal.c ----------------------------------------------------- */
/* Find and check the journal of m, whose tables are loaded and lie on dev. */
int ext2_journal_open(
    struct ext2_mount *m, struct blkdev *dev, struct ext2_journal **jp);
void ext2_journal_close(struct ext2_journal *j);
/* What follows from j_sb's features: EOPNOTSUPP, EUCLEAN, said. */
int ext2_journal_features(struct ext2_journal *j);
uint64_t ext2_journal_blk(const struct ext2_journal *j, uint32_t jblk);
/* Is blk one of the journal's? */
bool ext2_journal_has(const struct ext2_journal *j, uint64_t blk);
int ext2_journal_read(struct ext2_journal *j, uint32_t jblk, void *buf);
static inline uint32_t
ext2_journal_next(const struct ext2_journal *j, uint32_t jblk)
{
	return jblk + 1 >= j->j_end ? j->j_first : jblk + 1;
}
/* j_sb to disk, at once: the log begins at start (0: is empty) with seq. */
int ext2_journal_putsuper(struct ext2_journal *j, uint32_t start, uint32_t seq);
/* Is transaction a behind b or the same? */
static inline bool
ext2_jseq_geq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}
/* Checksums: of a descriptor or revoke block (without its tail), of a commit
 * block (whose h_chksum[0] counts as 0), of a logged block. */
uint32_t ext2_jcsum_tail(const struct ext2_journal *j, const void *blk);
uint32_t ext2_jcsum_commit(const struct ext2_journal *j, const void *blk);
uint32_t ext2_jcsum_data(
    const struct ext2_journal *j, uint32_t seq, const void *blk);

/*
 * Before anything else of a mount is read: a log that isn't empty is replayed.  A
 * mount that only reads gets an overlay as its device, the image stays as it is.
 * One that writes gets a device on which all is done.  m has options and flags;
 * m_dev may be another on return.
 */
int ext2_journal_recover(struct ext2_mount *m);

/* ---- ext2_jreplay.c ------------------------------------------------------- */
/* Replay the log into the overlay ov; *nextp: the number of the transaction that
 * is to be written next.  *fcp: fast commits follow. */
int ext2_journal_replay(
    struct ext2_journal *j, struct blkdev *ov, uint32_t *nextp, bool *fcp);

/* ---- ext2_jcommit.c ------------------------------------------------------- */
/* From now on all changes of m go through its journal.  Or, said, it is read-only. */
int ext2_journal_start(struct ext2_mount *m);
/* The end: all in its place, the log empty (not after an error). */
int ext2_journal_stop(struct ext2_mount *m);
/* The end of a mount that failed: what wasn't committed is lost. */
void ext2_journal_abandon(struct ext2_mount *m);
/* What has been changed is durable, or the error.  No operation of this thread's is
 * open. */
int ext2_journal_commit(struct ext2_mount *m);
int ext2_opbegin(struct mount *mp);
void ext2_opend(struct mount *mp);
bool ext2_opfull(struct mount *mp);
int ext2_oprestart(struct mount *mp, bool forced);

#endif /* EXT2_JOURNAL_H */
