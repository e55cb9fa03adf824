/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ukfs(3): the calls that act on a path.  Each binds the thread to the ukfs for
 * one system call (UKFS_CALL) and translates what crosses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "ukfs_impl.h"

/* ---- translations ---------------------------------------------------------- */

static struct timespec
host_time(const struct rump_timespec *t)
{
	struct timespec ts;

	ts.tv_sec = (time_t)t->tv_sec;
	ts.tv_nsec = t->tv_nsec;
	return ts;
}

static struct rump_timespec
rump_time(const struct timespec *ts)
{
	struct rump_timespec t = {.tv_sec = ts->tv_sec};

	if (ts->tv_nsec == UTIME_NOW)
		t.tv_nsec = RUMP_UTIME_NOW;
	else if (ts->tv_nsec == UTIME_OMIT)
		t.tv_nsec = RUMP_UTIME_OMIT;
	else
		t.tv_nsec = (int32_t)ts->tv_nsec;
	return t;
}

void
ukfs_host_stat(const struct rump_stat *rst, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_dev = rst->st_dev;
	st->st_ino = rst->st_ino;
	st->st_mode = rst->st_mode;
	st->st_nlink = rst->st_nlink;
	st->st_uid = rst->st_uid;
	st->st_gid = rst->st_gid;
	st->st_rdev = makedev(
	    RUMP_MAJOR(rst->st_rdev), RUMP_MINOR(rst->st_rdev));
	st->st_size = (off_t)rst->st_size;
	st->st_blocks = (blkcnt_t)rst->st_blocks;
	st->st_blksize = (blksize_t)rst->st_blksize;
	st->st_atim = host_time(&rst->st_atim);
	st->st_mtim = host_time(&rst->st_mtim);
	st->st_ctim = host_time(&rst->st_ctim);
}

/* ---- names -------------------------------------------------------------------- */

int
ukfs_chdir(struct ukfs *ukfs, const char *path)
{
	return (int)UKFS_CALL(ukfs, rump_sys_chdir(path));
}

int
ukfs_mknod(struct ukfs *ukfs, const char *path, mode_t mode, dev_t dev)
{
	return (int)UKFS_CALL(ukfs,
	    rump_sys_mknod(path, mode, RUMP_MAKEDEV(major(dev), minor(dev))));
}

int
ukfs_mkfifo(struct ukfs *ukfs, const char *path, mode_t mode)
{
	return (int)UKFS_CALL(ukfs, rump_sys_mkfifo(path, mode));
}

int
ukfs_mkdir(struct ukfs *ukfs, const char *filename, mode_t mode)
{
	return (int)UKFS_CALL(ukfs, rump_sys_mkdir(filename, mode));
}

int
ukfs_remove(struct ukfs *ukfs, const char *filename)
{
	return (int)UKFS_CALL(ukfs, rump_sys_unlink(filename));
}

int
ukfs_rmdir(struct ukfs *ukfs, const char *filename)
{
	return (int)UKFS_CALL(ukfs, rump_sys_rmdir(filename));
}

int
ukfs_link(struct ukfs *ukfs, const char *filename, const char *f_create)
{
	return (int)UKFS_CALL(ukfs, rump_sys_link(filename, f_create));
}

int
ukfs_symlink(struct ukfs *ukfs, const char *filename, const char *linkname)
{
	return (int)UKFS_CALL(ukfs, rump_sys_symlink(filename, linkname));
}

ssize_t
ukfs_readlink(
    struct ukfs *ukfs, const char *filename, char *linkbuf, size_t buflen)
{
	return UKFS_CALL(ukfs, rump_sys_readlink(filename, linkbuf, buflen));
}

int
ukfs_rename(struct ukfs *ukfs, const char *from, const char *to)
{
	return (int)UKFS_CALL(ukfs, rump_sys_rename(from, to));
}

int
ukfs_access(struct ukfs *ukfs, const char *path, int mode)
{
	return (int)UKFS_CALL(ukfs, rump_sys_access(path, mode));
}

int
ukfs_util_builddirs(struct ukfs *ukfs, const char *pathname, mode_t mode)
{
	char *copy, *p;
	int r;

	copy = strdup(pathname);
	if (copy == NULL)
		return -1;
	r = 0;
	for (p = copy; *p == '/'; p++)
		continue;
	while (r == 0 && (p = strchr(p, '/')) != NULL) {
		*p = '\0';
		r = ukfs_mkdir(ukfs, copy, mode);
		if (r != 0 && errno == EEXIST)
			r = 0;
		*p++ = '/';
	}
	free(copy);
	return r;
}

/* ---- attributes ------------------------------------------------------------------ */

int
ukfs_stat(struct ukfs *ukfs, const char *filename, struct stat *st)
{
	struct rump_stat rst;

	if (UKFS_CALL(ukfs, rump_sys_stat(filename, &rst)) != 0)
		return -1;
	ukfs_host_stat(&rst, st);
	return 0;
}

int
ukfs_lstat(struct ukfs *ukfs, const char *filename, struct stat *st)
{
	struct rump_stat rst;

	if (UKFS_CALL(ukfs, rump_sys_lstat(filename, &rst)) != 0)
		return -1;
	ukfs_host_stat(&rst, st);
	return 0;
}

int
ukfs_chmod(struct ukfs *ukfs, const char *filename, mode_t mode)
{
	return (int)UKFS_CALL(ukfs, rump_sys_chmod(filename, mode));
}

int
ukfs_lchmod(struct ukfs *ukfs, const char *filename, mode_t mode)
{
	return (int)UKFS_CALL(ukfs, rump_sys_lchmod(filename, mode));
}

int
ukfs_chown(struct ukfs *ukfs, const char *filename, uid_t uid, gid_t gid)
{
	return (int)UKFS_CALL(ukfs, rump_sys_chown(filename, uid, gid));
}

int
ukfs_lchown(struct ukfs *ukfs, const char *filename, uid_t uid, gid_t gid)
{
	return (int)UKFS_CALL(ukfs, rump_sys_lchown(filename, uid, gid));
}

int
ukfs_chflags(struct ukfs *ukfs, const char *filename, unsigned long flags)
{
	return (int)UKFS_CALL(
	    ukfs, rump_sys_chflags(filename, (uint32_t)flags));
}

int
ukfs_lchflags(struct ukfs *ukfs, const char *filename, unsigned long flags)
{
	return (int)UKFS_CALL(
	    ukfs, rump_sys_lchflags(filename, (uint32_t)flags));
}

static int
set_times(
    struct ukfs *ukfs, const char *path, const struct timespec *ts, int flags)
{
	struct rump_timespec t[2];

	if (ts != NULL) {
		t[0] = rump_time(&ts[0]);
		t[1] = rump_time(&ts[1]);
	}
	return (int)UKFS_CALL(ukfs,
	    rump_sys_utimensat(
		RUMP_AT_FDCWD, path, ts == NULL ? NULL : t, flags));
}

int
ukfs_utimens(struct ukfs *ukfs, const char *path, const struct timespec ts[2])
{
	return set_times(ukfs, path, ts, 0);
}

int
ukfs_lutimens(struct ukfs *ukfs, const char *path, const struct timespec ts[2])
{
	return set_times(ukfs, path, ts, RUMP_AT_SYMLINK_NOFOLLOW);
}

static int
set_timevals(
    struct ukfs *ukfs, const char *path, const struct timeval *tv, int flags)
{
	struct timespec ts[2];
	int i;

	if (tv == NULL)
		return set_times(ukfs, path, NULL, flags);
	for (i = 0; i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000) {
			errno = EINVAL;
			return -1;
		}
		ts[i].tv_sec = tv[i].tv_sec;
		ts[i].tv_nsec = tv[i].tv_usec * 1000;
	}
	return set_times(ukfs, path, ts, flags);
}

int
ukfs_utimes(struct ukfs *ukfs, const char *filename, const struct timeval *tptr)
{
	return set_timevals(ukfs, filename, tptr, 0);
}

int
ukfs_lutimes(
    struct ukfs *ukfs, const char *filename, const struct timeval *tptr)
{
	return set_timevals(ukfs, filename, tptr, RUMP_AT_SYMLINK_NOFOLLOW);
}

int
ukfs_truncate(struct ukfs *ukfs, const char *path, off_t size)
{
	if (size < 0) {
		errno = EINVAL;
		return -1;
	}
	return (int)UKFS_CALL(ukfs, rump_sys_truncate(path, (uint64_t)size));
}

/* ---- extended attributes ------------------------------------------------------------ */

ssize_t
ukfs_getxattr(struct ukfs *ukfs, const char *path, const char *name,
    void *value, size_t size)
{
	return UKFS_CALL(ukfs, rump_sys_getxattr(path, name, value, size));
}

ssize_t
ukfs_lgetxattr(struct ukfs *ukfs, const char *path, const char *name,
    void *value, size_t size)
{
	return UKFS_CALL(ukfs, rump_sys_lgetxattr(path, name, value, size));
}

int
ukfs_setxattr(struct ukfs *ukfs, const char *path, const char *name,
    const void *value, size_t size, int flags)
{
	return (int)UKFS_CALL(
	    ukfs, rump_sys_setxattr(path, name, value, size, flags));
}

int
ukfs_lsetxattr(struct ukfs *ukfs, const char *path, const char *name,
    const void *value, size_t size, int flags)
{
	return (int)UKFS_CALL(
	    ukfs, rump_sys_lsetxattr(path, name, value, size, flags));
}

ssize_t
ukfs_listxattr(struct ukfs *ukfs, const char *path, char *list, size_t size)
{
	return UKFS_CALL(ukfs, rump_sys_listxattr(path, list, size));
}

ssize_t
ukfs_llistxattr(struct ukfs *ukfs, const char *path, char *list, size_t size)
{
	return UKFS_CALL(ukfs, rump_sys_llistxattr(path, list, size));
}

int
ukfs_removexattr(struct ukfs *ukfs, const char *path, const char *name)
{
	return (int)UKFS_CALL(ukfs, rump_sys_removexattr(path, name));
}

int
ukfs_lremovexattr(struct ukfs *ukfs, const char *path, const char *name)
{
	return (int)UKFS_CALL(ukfs, rump_sys_lremovexattr(path, name));
}

/* ---- the file system ------------------------------------------------------------------ */

int
ukfs_fsinfo(struct ukfs *ukfs, struct rump_statvfs *st)
{
	return (int)UKFS_CALL(ukfs, rump_sys_statvfs("/", st));
}

int
ukfs_statvfs(struct ukfs *ukfs, const char *path, struct statvfs *st)
{
	struct rump_statvfs rst;

	if (UKFS_CALL(ukfs, rump_sys_statvfs(path, &rst)) != 0)
		return -1;
	memset(st, 0, sizeof(*st));
	st->f_bsize = rst.f_bsize;
	st->f_frsize = rst.f_frsize;
	st->f_blocks = rst.f_blocks;
	st->f_bfree = rst.f_bfree;
	st->f_bavail = rst.f_bavail;
	st->f_files = rst.f_files;
	st->f_ffree = rst.f_ffree;
	st->f_favail = rst.f_favail;
	st->f_fsid = rst.f_fsid;
	st->f_flag = rst.f_flag & RUMP_MNT_RDONLY ? ST_RDONLY : 0;
	st->f_namemax = rst.f_namemax;
	return 0;
}

static int
sync_root(void)
{
	int fd, r;

	fd = rump_sys_open("/", RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	r = rump_sys_syncfs(fd);
	rump_sys_close(fd);
	return r;
}

int
ukfs_sync(struct ukfs *ukfs)
{
	return (int)UKFS_CALL(ukfs, sync_root());
}
