/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Geometry of ext2: pure arithmetic, shared by the driver and the formatter.
 * What a file system of so many blocks looks like, and how many blocks a tree
 * needs.  Nothing here reads, writes, allocates or keeps state.
 *
 * Counts are of file system blocks unless a name says _bytes.
 */
#ifndef EXT2_GEOM_H
#define EXT2_GEOM_H

#include "kern/kdefs.h"
#include "fs/ext2/ext2_ondisk.h"

/* What `mke2fs -t ext2` gives by default. */
#define EXT2_DEFAULT_COMPAT \
	(EXT2_FC_EXT_ATTR | EXT2_FC_RESIZE_INODE | EXT2_FC_DIR_INDEX)
#define EXT2_DEFAULT_INCOMPAT EXT2_FI_FILETYPE
#define EXT2_DEFAULT_ROCOMPAT (EXT2_FR_SPARSE_SUPER | EXT2_FR_LARGE_FILE)

/* A last group with less room than this beside its own tables is dropped. */
#define EXT2_GEOM_MIN_LAST 50u

/* What is wished for. */
struct ext2_geom_want {
	uint32_t gw_block_bytes;
	uint32_t gw_inode_bytes;
	uint32_t gw_rev; /* EXT2_REV_* */
	uint32_t gw_compat, gw_incompat, gw_rocompat;
	uint64_t gw_blocks; /* of the whole device */
	uint64_t gw_inodes; /* at least so many; 0: by gw_ratio_bytes */
	uint64_t gw_ratio_bytes;
	bool gw_exact; /* keep gw_blocks: never drop a small last group */
};

/* What comes of it. */
struct ext2_geom {
	uint32_t g_block_bytes;
	uint32_t g_block_log; /* s_log_block_size */
	uint32_t g_inode_bytes;
	uint32_t g_rev;
	uint32_t g_compat, g_incompat, g_rocompat;
	uint64_t g_blocks;
	uint64_t g_inodes;
	uint32_t g_first; /* s_first_data_block */
	uint32_t g_blocks_per_group;
	uint32_t g_inodes_per_group;
	uint32_t g_groups;
	uint32_t g_itable_blocks; /* a group */
	uint32_t g_desc_bytes;	  /* of a descriptor */
	uint32_t g_desc_blocks;
	uint32_t g_reserved_gdt;
};

/* 0; EINVAL: a wish can't be; ENOSPC: too few blocks; EFBIG: too many. */
int ext2_geom_plan(const struct ext2_geom_want *want, struct ext2_geom *g);
/*
 * As ext2_geom_plan, with the fewest blocks (to within a group's rounding) that
 * leave free blocks beside all metadata, lost+found and root not counted as
 * metadata.  gw_blocks is ignored.
 */
int ext2_geom_fit(
    const struct ext2_geom_want *want, uint64_t free, struct ext2_geom *g);

/* mke2fs.conf's figures for a file system of so many bytes. */
uint32_t ext2_geom_default_block(uint64_t bytes);
uint64_t ext2_geom_default_ratio(uint64_t bytes);

/* Does group hold a copy of superblock and descriptors? */
bool ext2_geom_has_super(const struct ext2_geom *g, uint32_t group);
uint64_t ext2_geom_group_start(const struct ext2_geom *g, uint32_t group);
uint32_t ext2_geom_group_blocks(const struct ext2_geom *g, uint32_t group);
/* Blocks of a group that superblock, descriptors and reserved ones take. */
uint32_t ext2_geom_group_head(const struct ext2_geom *g, uint32_t group);
/* Blocks of a group that all its metadata takes: head, bitmaps, table. */
uint32_t ext2_geom_group_meta(const struct ext2_geom *g, uint32_t group);
/* Of all groups together, the resize inode's indirect block included. */
uint64_t ext2_geom_meta(const struct ext2_geom *g);
/* How many groups besides the first hold a copy. */
uint32_t ext2_geom_copies(const struct ext2_geom *g);

/*
 * Counting what a file takes.  Ranges of its blocks are added in rising order;
 * em_total is then data and indirect blocks.
 */
struct ext2_mapcount {
	uint32_t em_block_bytes;
	uint64_t em_total;
	uint64_t em_ind, em_dind; /* the last ones counted, UINT64_MAX: none */
	bool em_tind;
};
void ext2_mapcount_init(struct ext2_mapcount *em, uint32_t block_bytes);
void ext2_mapcount_add(struct ext2_mapcount *em, uint64_t blk, uint64_t n);
/* The blocks of a file without holes. */
uint64_t ext2_geom_file_blocks(uint32_t block_bytes, uint64_t size_bytes);
/* The largest file that triple indirect blocks and i_blocks can hold. */
uint64_t ext2_geom_file_max(uint32_t block_bytes, bool large_file);

/*
 * Counting a directory's blocks: names in the order in which they are entered,
 * each behind the last; an upper bound for a driver that fills gaps.
 */
struct ext2_dircount {
	uint32_t ed_block_bytes;
	uint32_t ed_used; /* of the block begun */
	uint64_t ed_blocks;
};
void ext2_dircount_init(struct ext2_dircount *ed, uint32_t block_bytes);
void ext2_dircount_add(struct ext2_dircount *ed, uint32_t name_bytes);

/* Blocks of lost+found as mke2fs makes it. */
uint32_t ext2_geom_lostfound(uint32_t block_bytes);

#endif /* EXT2_GEOM_H */
