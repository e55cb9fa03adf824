/* SPDX-License-Identifier: BSD-2-Clause */
/* See sysvbfs_geom.h. */
#include "fs/sysvbfs/sysvbfs_geom.h"
#include "fs/sysvbfs/sysvbfs_ondisk.h"

static uint64_t
blocks_of(uint64_t bytes)
{
	return (bytes + SYSVBFS_BSIZE - 1) / SYSVBFS_BSIZE;
}

bool
sysvbfs_geom_make(uint64_t inodes, uint64_t blocks, struct sysvbfs_geom *sg)
{
	uint64_t start;

	if (inodes + 1 > SYSVBFS_MAX_INODES ||
	    blocks > UINT32_MAX / SYSVBFS_BSIZE)
		return false;
	/* The table fills its last block: its end is where the files begin. */
	start = 1 + blocks_of((inodes + 1) * SYSVBFS_INODE);
	sg->sg_inodes = (uint32_t)((start - 1) * SYSVBFS_BSIZE / SYSVBFS_INODE);
	if (sg->sg_inodes > SYSVBFS_MAX_INODES)
		sg->sg_inodes = SYSVBFS_MAX_INODES;
	sg->sg_start = (uint32_t)start;
	sg->sg_blocks = (uint32_t)blocks;
	return start + sysvbfs_geom_dirblocks(sg->sg_inodes) <= blocks;
}

const char *
sysvbfs_geom_load(
    uint32_t start, uint32_t end, uint64_t devsize, struct sysvbfs_geom *sg)
{
	if (start < SYSVBFS_BSIZE + SYSVBFS_INODE)
		return "there is no room for inodes";
	if (end <= start || end == UINT32_MAX)
		return "its end is before its start";
	if (end >= devsize)
		return "it is larger than the device";
	sg->sg_start = (uint32_t)blocks_of(start);
	sg->sg_blocks = (end + 1) / SYSVBFS_BSIZE;
	sg->sg_inodes = (start - SYSVBFS_BSIZE) / SYSVBFS_INODE;
	if (sg->sg_inodes > SYSVBFS_MAX_INODES)
		return "it has more inodes than there are numbers";
	if (sg->sg_start >= sg->sg_blocks)
		return "there is no room for files";
	return 0;
}

uint32_t
sysvbfs_geom_inodes(uint64_t blocks)
{
	uint64_t n = blocks / 8;

	return n < 48 ? 48 : n > 512 ? 512 : (uint32_t)n;
}

uint32_t
sysvbfs_geom_dirblocks(uint32_t inodes)
{
	/* "." and ".." are the root's */
	return (uint32_t)blocks_of((uint64_t)(inodes + 1) * SYSVBFS_DIRENT);
}
