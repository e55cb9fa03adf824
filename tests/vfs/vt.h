/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of what a file system does, written once against rump_sys_*() and run on
 * every driver.  See README.md.
 *
 * A case is a function that finds an empty file system of its own mounted on /mnt,
 * which is the current directory.  It leaves what it likes behind; the harness
 * unmounts and has a foreign checker look at the image.
 */
#ifndef TESTS_VFS_VT_H
#define TESTS_VFS_VT_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/rump_syscalls.h>
#include <rump/rumpuser.h>

#include "unit/tap.h"

#define MNT "/mnt"

/* A file system under test: a line of vt_fs.c. */
struct vt_fs {
	const char *fs_name;  /* what suite.sh and the command line call it */
	const char *fs_type;  /* the kernel's name */
	const char *fs_shown; /* what a mount shows, where that is another */
	/* Format the open host file fd of that size; NULL: no device at all.
	 * inodes: how many are enough, 0: as the formatter likes. */
	bool (*fs_format)(
	    const struct vt_fs *fs, int fd, uint64_t size, uint64_t inodes);
	/* A format that is only read: make the image of the host's directory dir by
	 * a foreign tool.  Then there is no fs_format. */
	bool (*fs_pack)(
	    const struct vt_fs *fs, const char *dir, const char *image);
	/* The foreign checker's command, %s is the image; NULL: none. */
	const char *fs_check;
	const char *fs_needs; /* the foreign formatter's command; NULL: none */
	uint64_t fs_size;     /* usual size, bytes */
	/* the formatter's */
	uint32_t fs_block, fs_inode_bytes;
	unsigned fs_rev;
	const char *fs_features;
	bool fs_bigendian;
	/* The longest symlink's target that the foreign tool gets right; 0: all. */
	uint32_t fs_symlinkmax;
	/* Mount options that limit a file system without device to size bytes and
	 * inodes nodes: printf format, NULL where there are none. */
	const char *fs_options;
};
extern const struct vt_fs vt_filesystems[];
extern const unsigned vt_nfilesystems;

/* The one that is under test now, and what it can hold. */
extern const struct vt_fs *vt_fs;
static inline const char *
vt_shown(void)
{
	return vt_fs->fs_shown != NULL ? vt_fs->fs_shown : vt_fs->fs_type;
}
extern struct rump_fscaps vt_caps;

/*
 * What is said of the file systems' lines must not be seen by cases, but for whether
 * there is a device.
 */
static inline bool
vt_has_device(const struct vt_fs *fs)
{
	return fs->fs_format != NULL || fs->fs_pack != NULL;
}

struct vt_case {
	const char *tc_name;
	void (*tc_run)(void);
	/* What tc_run only reads is made by this one, and then mounted read-only, if
	 * there is a device.  NULL: the case needs RUMP_CAP_WRITE. */
	void (*tc_fill)(void);
	uint32_t tc_caps;   /* RUMP_CAP_*: skipped without */
	uint64_t tc_size;   /* bytes, 0: the usual */
	uint64_t tc_inodes; /* 0: the usual */
	bool tc_needs_device;
	unsigned tc_ncpu; /* virtual CPUs, 0: 1 */
};
extern const struct vt_case vt_read[], vt_open[], vt_io[], vt_name[], vt_link[],
    vt_rename[], vt_attr[], vt_dir[], vt_xattr[], vt_special[], vt_full[],
    vt_mount[], vt_proc[], vt_random[];

/* ---- for cases ------------------------------------------------------------- */

/* The call succeeds, or gives an error number (RUMP_E*). */
#define OK(call)      is((call), 0, "%s", #call)
#define FAIL(call, e) is((call), -(e), "%s is %s", #call, #e)
/* Without a test of its own: an error ends the case's process. */
#define MUST(call) vt_must((int64_t)(call), #call, __FILE__, __LINE__)
int64_t vt_must(int64_t ret, const char *what, const char *file, int line);

/* Unmount and mount again: what is on the device counts. */
void vt_remount(uint32_t flags);
/* A second file system of the same kind, mounted on dir (which is made). */
void vt_second(const char *dir);
const char *vt_second_dev(void); /* its device; NULL: has none */
const char *vt_image(void);	 /* the host file under the first */
/* The device under test, to put faults under it: layers on top of the file. */
void vt_remount_faulty(const struct rump_blkfault *bf);

/* The same, where mounting may fail: other seeds are tried.  Nothing is mounted
 * and there is no device at the call; bf NULL: without faults. */
bool vt_try_faulty(const struct rump_blkfault *bf, int tries);
/* Unmount by force, format anew, mount: after damage that was meant. */
void vt_fresh(void);

/* A directory for the case's files, made: "." where the format has but one. */
const char *vt_subdir(const char *name);
/* The same, after it was made. */
const char *vt_where(const char *name);
/* dir/name; a static ring of four. */
const char *vt_in(const char *dir, const char *name);
/* Does the format have it? */
static inline bool
vt_can(uint32_t caps)
{
	return (vt_caps.fc_flags & caps) == caps;
}

/* A file with that content (or n bytes of a pattern that tells its offset). */
void vt_put(const char *path, const char *content);
void vt_pattern(void *buf, uint64_t off, size_t n, unsigned seed);
void vt_putpattern(const char *path, uint64_t size, unsigned seed);
/* Does it have that content?  A test each. */
void vt_has(const char *path, const char *content);
bool vt_haspattern(const char *path, uint64_t size, unsigned seed);
uint32_t vt_nlink(const char *path);
uint64_t vt_ino(const char *path);
bool vt_exists(const char *path);
/* Number of entries less "." and ".."; -errno. */
int vt_count(const char *path);
void vt_rmtree(const char *path);
/* All below path into the host's new directory host. */
void vt_export(const char *path, const char *host);
uint32_t vt_pack_lacks(void); /* RUMP_CAP_* that an image of ours can't have */
/* Become uid:gid in a process of its own / be root in process 1 again. */
void vt_become(uint32_t uid, uint32_t gid);
void vt_unbecome(void);
/* A seeded generator. */
uint32_t vt_rand(uint64_t *state);

#define O_RD  RUMP_O_RDONLY
#define O_WR  RUMP_O_WRONLY
#define O_RW  RUMP_O_RDWR
#define O_CR  (RUMP_O_RDWR | RUMP_O_CREAT)
#define FDCWD RUMP_AT_FDCWD

#endif /* TESTS_VFS_VT_H */
