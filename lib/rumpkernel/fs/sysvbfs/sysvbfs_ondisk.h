/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot file system of System V (BFS), byte for byte, as UnixWare and SCO have
 * it and as Linux and NetBSD read it:
 *
 *	block 0		superblock
 *	block 1 ..	inodes, 64 bytes each; the first has number 2, the root
 *	s_start ..	files, each in one piece; the root directory is one of them
 *
 * Blocks are 512 bytes.  Machines wrote their own byte order: the magic number
 * tells which, so that integers are ei16_t and ei32_t, and whoever reads one hands
 * the mount's order over.
 */
#ifndef SYSVBFS_ONDISK_H
#define SYSVBFS_ONDISK_H

#include "kern/ondisk_int.h"

#define SYSVBFS_BSIZE	   512u
#define SYSVBFS_BSHIFT	   9u
#define SYSVBFS_MAGIC	   0x1badfaceu
#define SYSVBFS_INO_ROOT   2u
#define SYSVBFS_INODE	   64u	  /* bytes of an inode */
#define SYSVBFS_MAX_INODES 65534u /* numbers are 16 bits, 2 is the first */
#define SYSVBFS_NAME_MAX   14u
#define SYSVBFS_DIRENT	   16u /* bytes of a directory entry */

struct sysvbfs_super_disk {
	ei32_t s_magic;
	ei32_t s_start; /* first byte of the files */
	ei32_t s_end;	/* last byte of the file system */
	/* A file on its way from one place to another when the machine stopped:
	 * its first byte was and will be, how many bytes of it are there.  All
	 * ones: none. */
	ei32_t s_from, s_to;
	ei32_t s_moved, s_spare;
	uint8_t s_fsname[6];
	uint8_t s_volume[6];
	uint8_t s_pad[472];
};
ONDISK_ASSERT_SIZE(struct sysvbfs_super_disk, SYSVBFS_BSIZE);
ONDISK_ASSERT_OFFSET(struct sysvbfs_super_disk, s_from, 12);
ONDISK_ASSERT_OFFSET(struct sysvbfs_super_disk, s_fsname, 28);
#define SYSVBFS_NONE 0xffffffffu

struct sysvbfs_inode_disk {
	ei16_t i_ino; /* 0: not in use */
	uint8_t i_unused[2];
	ei32_t i_first;	  /* its first block; 0: it has none */
	ei32_t i_last;	  /* its last block */
	ei32_t i_endbyte; /* of the device, its last byte's */
	ei32_t i_type;
	ei32_t i_mode; /* with Unix's type bits, which nobody relies on */
	ei32_t i_uid, i_gid;
	ei32_t i_nlink;
	ei32_t i_atime, i_mtime, i_ctime; /* seconds since 1970, unsigned */
	uint8_t i_pad[16];
};
ONDISK_ASSERT_SIZE(struct sysvbfs_inode_disk, SYSVBFS_INODE);
ONDISK_ASSERT_OFFSET(struct sysvbfs_inode_disk, i_type, 16);
#define SYSVBFS_TYPE_REG 1u
#define SYSVBFS_TYPE_DIR 2u

struct sysvbfs_dirent_disk {
	ei16_t d_ino;		       /* 0: free */
	char d_name[SYSVBFS_NAME_MAX]; /* NULs behind a shorter one */
};
ONDISK_ASSERT_SIZE(struct sysvbfs_dirent_disk, SYSVBFS_DIRENT);

#endif /* SYSVBFS_ONDISK_H */
