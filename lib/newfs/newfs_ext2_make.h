/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files share that write a new ext2, ext3 or ext4. */
#ifndef NEWFS_EXT2_MAKE_H
#define NEWFS_EXT2_MAKE_H

#include "fs/ext2/ext2_csum.h"
#include "fs/ext2/jbd2_ondisk.h"
#include "newfs/newfs_ext2_int.h"

struct maker {
	const struct newfs_opts *mk_opts;
	struct newfs_io *mk_io;
	struct ext2_geom mk_geom;
	struct ext2_super_disk mk_super;
	bool mk_csum, mk_extents;
	uint32_t mk_seed;		   /* of checksums */
	uint32_t mk_lostfound;		   /* blocks of it */
	uint64_t mk_root_blk, mk_lost_blk; /* where they stand */
	uint64_t mk_dind_blk;		   /* 0: no resize inode */
	struct newfs_ext2_journal mk_journal;
	uint64_t mk_jmap_blk;
	uint32_t *mk_jpart; /* blocks of the journal in each group */
	uint64_t mk_free_blocks, mk_free_inodes;
	uint8_t *mk_buf;		  /* two blocks */
	struct ext2_group_disk *mk_group; /* one a group, 64 bytes each */
	uint8_t *mk_desc;		  /* as they stand on disk */
};

int maker_put(struct maker *mk, const void *buf, uint64_t blk, uint64_t nblk);
int maker_zero(struct maker *mk, uint64_t blk, uint64_t nblk);
/* Blocks at a group's start that are in use, the journal's left out. */
uint32_t maker_used(const struct maker *mk, uint32_t group);

/* ---- newfs_ext2_journal.c */
/* Fill in mk_jpart. */
void maker_journal_place(struct maker *mk);
/* Write it, and its map into the inode and the superblock. */
int maker_journal(struct maker *mk, struct ext2_inode_disk *di);

#endif /* NEWFS_EXT2_MAKE_H */
