/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things are in a BFS: pure arithmetic, shared by driver and formatter. */
#ifndef SYSVBFS_GEOM_H
#define SYSVBFS_GEOM_H

#include <stdbool.h>
#include <stdint.h>

struct sysvbfs_geom {
	uint32_t sg_inodes; /* slots in the table, the root's among them */
	uint32_t sg_start;  /* first block of the files */
	uint32_t sg_blocks; /* blocks of the file system */
};

/* A new one: so many inodes beside the root, blocks in all.  False: no room for
 * the table and one block, or more inodes than numbers. */
bool sysvbfs_geom_make(
    uint64_t inodes, uint64_t blocks, struct sysvbfs_geom *sg);
/* One that is there: s_start, s_end and the device's size in bytes.  Returns NULL,
 * or what is wrong. */
const char *sysvbfs_geom_load(
    uint32_t start, uint32_t end, uint64_t devsize, struct sysvbfs_geom *sg);
/* Inodes by default in that many blocks: one for 4 KiB, 48 to 512. */
uint32_t sysvbfs_geom_inodes(uint64_t blocks);
/* Blocks that the directory gets at first: room for every inode's name. */
uint32_t sysvbfs_geom_dirblocks(uint32_t inodes);

#endif /* SYSVBFS_GEOM_H */
