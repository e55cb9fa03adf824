/* SPDX-License-Identifier: BSD-2-Clause */
/* The file systems under test.  A new one is a line here, and a format function
 * if lib/newfs doesn't make it. */
#include <limits.h>

#include "newfs/newfs.h"
#include "vt.h"

static bool
format_newfs(const struct vt_fs *fs, int fd, uint64_t size, uint64_t inodes)
{
	const struct newfs_type *nt = newfs_find(fs->fs_type);
	struct newfs_result nr;
	struct newfs_fileio nf;
	struct newfs_opts no;
	char why[NEWFS_WHY] = "";
	int error;

	if (nt == NULL)
		return false;
	newfs_opts_init(&no);
	no.no_size = size;
	no.no_block = fs->fs_block;
	no.no_inode_bytes = fs->fs_inode_bytes;
	no.no_inodes = inodes;
	no.no_features = fs->fs_features;
	no.no_bigendian = fs->fs_bigendian;
	if (fs->fs_rev != 0)
		no.no_rev = fs->fs_rev - 1;
	no.no_label = "vt";
	no.no_time = 1700000000;
	no.no_root_mode = 0755;
	memset(no.no_uuid, 0x42, sizeof(no.no_uuid));
	newfs_mark_uuid(no.no_uuid);
	newfs_fileio_init(&nf, fd, 0, size, true, false);
	error = nt->nt_defaults(&no, why);
	if (error == 0)
		error = nt->nt_make(&no, &nf.nf_io, &nr, why);
	if (error != 0)
		diag("%s: %s (error %d)", fs->fs_name, why, error);
	return error == 0;
}

/* By mkfs.fat: fs_features has its options. */
static bool
format_fat(const struct vt_fs *fs, int fd, uint64_t size, uint64_t inodes)
{
	char cmd[200];

	(void)inodes;
	/* Of another size than usual: whatever FAT fits. */
	snprintf(cmd, sizeof(cmd), "mkfs.fat %s /dev/fd/%d >/dev/null",
	    size == fs->fs_size ? fs->fs_features : "", fd);
	return system(cmd) == 0;
}

/* By mke2fs: fs_features has its options. */
static bool
format_mke2fs(const struct vt_fs *fs, int fd, uint64_t size, uint64_t inodes)
{
	char cmd[200], number[40] = "";

	if (inodes != 0)
		snprintf(number, sizeof(number), "-N %llu",
		    (unsigned long long)inodes);
	snprintf(cmd, sizeof(cmd),
	    "PATH=$PATH:/sbin:/usr/sbin; mke2fs -q -F %s %s /dev/fd/%d "
	    "%lluk >/dev/null 2>&1",
	    fs->fs_features, number, fd, (unsigned long long)size >> 10);
	return system(cmd) == 0;
}

/* By xorriso or genisoimage: fs_features has the command and its options. */
static bool
pack_iso(const struct vt_fs *fs, const char *dir, const char *image)
{
	char cmd[2 * PATH_MAX + 200];

	snprintf(cmd, sizeof(cmd), "%s -quiet -o %s %s >/dev/null 2>&1",
	    fs->fs_features, image, dir);
	return system(cmd) == 0;
}

/* By our own makefs, as commands have it. */
static bool
pack_makefs(const struct vt_fs *fs, const char *dir, const char *image)
{
	char cmd[2 * PATH_MAX + 200];

	snprintf(
	    cmd, sizeof(cmd), "makefs -t %s %s %s", fs->fs_type, image, dir);
	return system(cmd) == 0;
}

#define MB (UINT64_C(1) << 20)
#define EXT2                                          \
	.fs_type = "ext2", .fs_format = format_newfs, \
	.fs_check = "e2fsck -fn %s"
#define EXT3                                                               \
	.fs_type = "ext2", .fs_shown = "ext3", .fs_format = format_mke2fs, \
	.fs_needs = "mke2fs", .fs_check = "e2fsck -fn %s"

const struct vt_fs vt_filesystems[] = {
    {.fs_name = "rumpfs",
	.fs_type = "rumpfs",
	.fs_options = "size=%llu,inodes=%llu"},
    {.fs_name = "ext2", EXT2, .fs_size = 64 * MB},
    {.fs_name = "ext2-1k",
	EXT2,
	.fs_size = 32 * MB,
	.fs_block = 1024,
	.fs_inode_bytes = 128},
    {.fs_name = "ext2-rev0",
	EXT2,
	.fs_size = 32 * MB,
	.fs_block = 2048,
	.fs_rev = 1},
    {.fs_name = "ext2-64k", EXT2, .fs_size = 512 * MB, .fs_block = 65536},
    {.fs_name = "ext4",
	.fs_type = "ext2",
	.fs_shown = "ext4",
	.fs_format = format_mke2fs,
	.fs_check = "e2fsck -fn %s",
	.fs_needs = "mke2fs",
	.fs_features = "-t ext4 -b 4096 -O ^has_journal",
	.fs_size = 64 * MB},
    {.fs_name = "ext4-1k",
	.fs_type = "ext2",
	.fs_shown = "ext4",
	.fs_format = format_mke2fs,
	.fs_check = "e2fsck -fn %s",
	.fs_needs = "mke2fs",
	.fs_features = "-t ext4 -b 1024 -O ^has_journal",
	.fs_size = 32 * MB},
    {.fs_name = "ext3", EXT3, .fs_features = "-t ext3", .fs_size = 64 * MB},
    {.fs_name = "ext3-1k",
	EXT3,
	.fs_features = "-t ext3 -b 1024 -J size=1",
	.fs_size = 32 * MB},
    {.fs_name = "ext3-data",
	EXT3,
	.fs_features = "-t ext3 -b 1024 -J size=1",
	.fs_options = "data=journal",
	.fs_size = 32 * MB},
    {.fs_name = "ext4-journal",
	.fs_type = "ext2",
	.fs_shown = "ext4",
	.fs_format = format_mke2fs,
	.fs_check = "e2fsck -fn %s",
	.fs_needs = "mke2fs",
	.fs_features = "-t ext4 -b 1024 -J size=1",
	.fs_size = 32 * MB},
    {.fs_name = "sysvbfs",
	.fs_type = "sysvbfs",
	.fs_format = format_newfs,
	.fs_size = 32 * MB},
    {.fs_name = "sysvbfs-be",
	.fs_type = "sysvbfs",
	.fs_format = format_newfs,
	.fs_size = 32 * MB,
	.fs_bigendian = true},
    {.fs_name = "fat12",
	.fs_type = "msdos",
	.fs_format = format_fat,
	.fs_check = "fsck.fat -n %s",
	.fs_needs = "mkfs.fat",
	.fs_features = "-F 12 -s 32",
	.fs_size = 32 * MB},
    {.fs_name = "fat16",
	.fs_type = "msdos",
	.fs_format = format_fat,
	.fs_check = "fsck.fat -n %s",
	.fs_needs = "mkfs.fat",
	.fs_features = "-F 16",
	.fs_size = 32 * MB},
    {.fs_name = "fat32",
	.fs_type = "msdos",
	.fs_format = format_fat,
	.fs_check = "fsck.fat -n %s",
	.fs_needs = "mkfs.fat",
	.fs_features = "-F 32 -s 1",
	.fs_size = 40 * MB},
    {.fs_name = "cd9660",
	.fs_type = "cd9660",
	.fs_pack = pack_iso,
	.fs_needs = "xorriso",
	.fs_features = "xorriso -as mkisofs -R -J -V vt"},
    {.fs_name = "cd9660-makefs",
	.fs_type = "cd9660",
	.fs_pack = pack_makefs,
	.fs_needs = "makefs"},
    {.fs_name = "cd9660-genisoimage",
	.fs_type = "cd9660",
	.fs_pack = pack_iso,
	.fs_needs = "genisoimage",
	.fs_features = "genisoimage -R -V vt",
	/* one that goes on in another area loses bytes */
	.fs_symlinkmax = 90},
};
const unsigned vt_nfilesystems = sizeof(vt_filesystems) /
    sizeof(vt_filesystems[0]);
