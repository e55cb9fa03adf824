/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums of ext4's metadata, as functions of bytes: metadata_csum's CRC-32C
 * and, of group descriptors under gdt_csum, CRC-16.  Shared by the driver, the
 * formatter and the tests; nothing here knows of a mount.
 *
 * The field that holds a checksum counts as zero, or ends what is summed.  A
 * caller sees to it that the lengths lie inside its buffer.
 *
 * seed: of the file system, ext2_csum_seed(); iseed: of an inode,
 * ext2_csum_inode_seed().
 */
#ifndef EXT2_CSUM_H
#define EXT2_CSUM_H

#include "fs/ext2/ext2_ondisk.h"

/* s_checksum_seed with metadata_csum_seed, else of the UUID. */
uint32_t ext2_csum_seed(const struct ext2_super_disk *sb);
uint32_t ext2_csum_super(const struct ext2_super_disk *sb);
/* A descriptor of descsize (32 or more) bytes: under metadata_csum, or else
 * gdt_csum; 0 without either. */
uint16_t ext2_csum_group(const struct ext2_super_disk *sb, uint32_t seed,
    uint32_t group, const void *gd, uint32_t descsize);
/* bytes: clusters (inodes) a group / 8. */
uint32_t ext2_csum_bitmap(uint32_t seed, const void *bits, uint32_t bytes);
uint32_t ext2_csum_inode_seed(uint32_t seed, uint32_t ino, uint32_t gen);
/* All isize bytes. */
uint32_t ext2_csum_inode(
    uint32_t seed, uint32_t ino, const void *di, uint32_t isize);
/* Has the inode room for the upper half? */
bool ext2_csum_inode_wide(const void *di, uint32_t isize);
/* What stands in an inode; wide: 32 bits, else 16. */
uint32_t ext2_csum_inode_get(const void *di, bool wide);
/* Make it right. */
void ext2_csum_inode_put(uint32_t seed, uint32_t ino, void *di, uint32_t isize);
/* A leaf block of a directory, without the 12 bytes of its tail. */
uint32_t ext2_csum_dirblock(
    uint32_t iseed, const void *blk, uint32_t block_bytes);
/* A node of a directory's index: what comes in front of the entries, the entries
 * in use (used bytes in all), and the tail, which follows the last that there is
 * room for (at byte tail). */
uint32_t ext2_csum_dxnode(
    uint32_t iseed, const void *blk, uint32_t used, uint32_t tail);
/* An extent tree's block up to its tail: 12 + 12 * eh_max bytes. */
uint32_t ext2_csum_extent(uint32_t iseed, const void *blk, uint32_t bytes);
uint32_t ext2_csum_xattr(
    uint32_t seed, uint64_t block, const void *blk, uint32_t block_bytes);
uint32_t ext2_csum_mmp(uint32_t seed, const struct ext2_mmp_disk *mmp);
/* A block of the orphan file, without the 8 bytes of its tail. */
uint32_t ext2_csum_orphan(
    uint32_t iseed, uint64_t block, const void *blk, uint32_t block_bytes);

#endif /* EXT2_CSUM_H */
