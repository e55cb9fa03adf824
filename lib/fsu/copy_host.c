/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy engine: the host as a side.
 *
 * Everything is relative to an open directory and follows no symlink, so that an
 * image's names can't lead outside of the destination.  The host's tree is read
 * through libc's functions only (fakeroot replaces them).
 *
 * Few calls a file: a new file gets its mode from open() and its owner from us.
 * Whether that holds in a directory (default ACLs, set-group-id, grpid mounts) is
 * seen by looking at the first file made in it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "copy_impl.h"

/* ---- translations -------------------------------------------------------------- */

static struct rump_timespec
rump_time(const struct timespec *ts)
{
	struct rump_timespec t = {
	    .tv_sec = ts->tv_sec, .tv_nsec = (int32_t)ts->tv_nsec};

	return t;
}

static void
from_host_stat(const struct stat *st, struct rump_stat *r)
{
	memset(r, 0, sizeof(*r));
	r->st_dev = st->st_dev;
	r->st_ino = st->st_ino;
	r->st_mode = st->st_mode;
	r->st_nlink = (uint32_t)st->st_nlink;
	r->st_uid = st->st_uid;
	r->st_gid = st->st_gid;
	r->st_rdev = RUMP_MAKEDEV(major(st->st_rdev), minor(st->st_rdev));
	r->st_size = (uint64_t)st->st_size;
	r->st_blocks = (uint64_t)st->st_blocks;
	r->st_blksize = (uint32_t)st->st_blksize;
	r->st_atim = rump_time(&st->st_atim);
	r->st_mtim = rump_time(&st->st_mtim);
	r->st_ctim = rump_time(&st->st_ctim);
	r->st_birthtim.tv_nsec = RUMP_UTIME_OMIT;
}

static const struct {
	unsigned host;
	uint32_t rump;
} flagmap[] = {
    {FS_NODUMP_FL, RUMP_UF_NODUMP},
    {FS_IMMUTABLE_FL, RUMP_SF_IMMUTABLE},
    {FS_APPEND_FL, RUMP_SF_APPEND},
    {FS_NOATIME_FL, RUMP_SF_NOATIME},
    {FS_SYNC_FL, RUMP_SF_SYNC},
    {FS_DIRSYNC_FL, RUMP_SF_DIRSYNC},
    {FS_TOPDIR_FL, RUMP_SF_TOPDIR},
};

/* ---- as a source ------------------------------------------------------------------ */

static int
host_stat(struct cp_side *s, int dirfd, const char *name, bool follow,
    struct rump_stat *rst)
{
	struct stat st;

	(void)s;
	if (fstatat(dirfd, name, &st,
		(follow ? 0 : AT_SYMLINK_NOFOLLOW) |
		    (*name == '\0' ? AT_EMPTY_PATH : 0)) == -1)
		return -errno;
	from_host_stat(&st, rst);
	return 0;
}

static int
host_opendir(struct cp_side *s, int dirfd, const char *name, bool follow)
{
	int fd;

	(void)s;
	fd = openat(dirfd, name,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	return fd == -1 ? -errno : fd;
}

static int
host_openfile(struct cp_side *s, int dirfd, const char *name, bool follow)
{
	int fd;

	(void)s;
	/* In a tree, what was a file may be a FIFO by now: don't wait for it. */
	fd = openat(dirfd, name,
	    O_RDONLY | O_CLOEXEC | O_NOCTTY |
		(follow ? 0 : O_NOFOLLOW | O_NONBLOCK));
	return fd == -1 ? -errno : fd;
}

static void
host_close(struct cp_side *s, int fd)
{
	if (s->quirk_dirfd == fd)
		s->quirk_dirfd = -1;
	close(fd);
}

static int
cmp_ents(const void *a, const void *b)
{
	const struct cp_ent *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
host_list(struct cp_side *s, int fd, struct cp_list *list)
{
	const struct dirent *de;
	size_t cap, len, need, pos, i;
	char *mem;
	DIR *d;
	int copy, error;

	(void)s;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	d = copy == -1 ? NULL : fdopendir(copy);
	if (d == NULL) {
		error = errno;
		if (copy != -1)
			close(copy);
		return -error;
	}
	rewinddir(d);
	cap = 4096;
	len = 0;
	mem = fsu_malloc(cap);
	list->n = 0;
	errno = 0;
	while ((de = readdir(d)) != NULL) {
		if (strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0) {
			need = strlen(de->d_name) + 1;
			if (len + need > cap) {
				cap = cap * 2 + need;
				mem = fsu_realloc(mem, cap);
			}
			memcpy(mem + len, de->d_name, need);
			len += need;
			list->n++;
		}
		errno = 0;
	}
	error = errno;
	closedir(d);
	if (error != 0) {
		free(mem);
		return -error;
	}
	list->ent = fsu_calloc(list->n, sizeof(*list->ent));
	for (pos = 0, i = 0; i < list->n; i++, pos += strlen(mem + pos) + 1)
		list->ent[i].name = mem + pos;
	qsort(list->ent, list->n, sizeof(*list->ent), cmp_ents);
	list->mem[0] = mem;
	list->mem[1] = NULL;
	return 0;
}

static int64_t
host_readlink(
    struct cp_side *s, int dirfd, const char *name, char *buf, size_t size)
{
	ssize_t n;

	(void)s;
	n = readlinkat(dirfd, name, buf, size);
	return n == -1 ? -errno : n;
}

/* A path by which name in dirfd can be named to calls without an *at form. */
static const char *
proc_path(int dirfd, const char *name, char *buf, size_t size)
{
	if (dirfd == CP_CWD)
		return name;
	snprintf(buf, size, "/proc/self/fd/%d/%s", dirfd, name);
	return buf;
}

static int64_t
host_listxattr(struct cp_side *s, int fd, int dirfd, const char *name,
    const char *path, char *buf, size_t size)
{
	char tmp[320];
	ssize_t n;

	(void)s, (void)path;
	n = fd >= 0
	    ? flistxattr(fd, buf, size)
	    : llistxattr(proc_path(dirfd, name, tmp, sizeof(tmp)), buf, size);
	return n == -1 ? -errno : n;
}

static int64_t
host_getxattr(struct cp_side *s, int fd, int dirfd, const char *name,
    const char *path, const char *attr, void *buf, size_t size)
{
	char tmp[320];
	ssize_t n;

	(void)s, (void)path;
	n = fd >= 0 ? fgetxattr(fd, attr, buf, size)
		    : lgetxattr(proc_path(dirfd, name, tmp, sizeof(tmp)), attr,
			  buf, size);
	return n == -1 ? -errno : n;
}

static uint32_t
host_getflags(struct cp_side *s, int fd, const struct rump_stat *st)
{
	uint32_t flags;
	size_t i;
	int host;

	(void)s, (void)st;
	host = 0;
	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &host) == -1)
		return 0;
	flags = 0;
	for (i = 0; i < sizeof(flagmap) / sizeof(flagmap[0]); i++)
		if ((unsigned)host & flagmap[i].host)
			flags |= flagmap[i].rump;
	return flags;
}

/* ---- as a target -------------------------------------------------------------------- */

static int
host_setxattr(struct cp_side *s, int fd, int dirfd, const char *name,
    const char *path, const char *attr, const void *value, size_t size)
{
	char tmp[320];
	int r;

	(void)path;
	r = fd >= 0 ? fsetxattr(fd, attr, value, size, 0)
		    : lsetxattr(proc_path(dirfd, name, tmp, sizeof(tmp)), attr,
			  value, size, 0);
	if (r == 0)
		return 0;
	if (errno == EPERM || errno == EOPNOTSUPP || errno == EACCES) {
		s->lost_attrs++;
		return 0;
	}
	return -errno;
}

/* Look at the first file made in dirfd: did it get what was asked for? */
static void
check_quirks(struct cp_side *s, int dirfd, int fd, const struct cp_attr *attr)
{
	struct stat st;

	if (s->quirk_dirfd == dirfd && s->quirk_checked)
		return;
	s->quirk_dirfd = dirfd;
	s->quirk_checked = true;
	s->quirk_chown = s->quirk_chmod = true;
	if (fstat(fd, &st) == 0) {
		s->quirk_chown = st.st_uid != s->euid || st.st_gid != s->egid;
		s->quirk_chmod = (st.st_mode & 0777) != (attr->mode & 0777);
	}
}

static int
host_create(
    struct cp_side *s, int dirfd, const char *name, const struct cp_attr *attr)
{
	int fd;

	fd = openat(dirfd, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    attr->mode & 0777);
	if (fd == -1)
		return -errno;
	if (attr->mask & (CP_OWNER | CP_MODE))
		check_quirks(s, dirfd, fd, attr);
	return fd;
}

static int
host_fill(struct cp_side *s, int fd, struct cp_side *from, int fromfd,
    const struct rump_stat *st)
{
	int64_t n;

	(void)s, (void)st;
	n = -RUMP_ENOMEM;
	if (ukfs_enter(from->ukfs) == 0) {
		n = ukfs_drain_to_host(fromfd, fd, NULL);
		ukfs_leave(from->ukfs);
	}
	return n < 0 ? (int)n : 0;
}

/*
 * Over the old content: room for all of the new is reserved first, so that a full
 * disk leaves the old (where the host can reserve).
 */
static int
host_replace(struct cp_side *s, int dirfd, const char *name, bool follow,
    bool inplace, struct cp_side *from, int fromfd)
{
	struct rump_stat rst;
	struct stat st;
	int fd, r;

	fd = openat(dirfd, name,
	    O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
		(follow ? 0 : O_NOFOLLOW));
	if (fd == -1)
		return -errno;
	r = 0;
	memset(&rst, 0, sizeof(rst));
	if (fstat(fd, &st) == -1)
		r = -errno;
	else if (ukfs_enter(from->ukfs) != 0)
		r = -RUMP_ENOMEM;
	else {
		r = rump_sys_fstat(fromfd, &rst);
		ukfs_leave(from->ukfs);
	}
	if (r == 0 && S_ISREG(st.st_mode) && !inplace && st.st_size > 0 &&
	    rst.st_size > 0 &&
	    fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)rst.st_size) == -1 &&
	    errno != EOPNOTSUPP && errno != ENOSYS)
		r = -errno;
	if (r == 0)
		r = host_fill(s, fd, from, fromfd, NULL);
	if (r == 0 && S_ISREG(st.st_mode) &&
	    ftruncate(fd, (off_t)rst.st_size) == -1)
		r = -errno;
	if (close(fd) == -1 && r == 0)
		r = -errno;
	return r;
}

static int
host_mkdir(
    struct cp_side *s, int dirfd, const char *name, const struct cp_attr *attr)
{
	(void)s;
	/* We must be able to fill it; its own mode comes when it is full. */
	return mkdirat(dirfd, name, (attr->mode & 01777) | 0700) == -1 ? -errno
								       : 0;
}

static int
host_mknode(struct cp_side *s, int dirfd, const char *name, uint32_t mode,
    uint64_t rdev, const char *target, const struct cp_attr *attr)
{
	int r;

	if ((mode & RUMP_S_IFMT) == RUMP_S_IFLNK)
		return symlinkat(target, dirfd, name) == -1 ? -errno : 0;
	r = mknodat(dirfd, name, (mode & RUMP_S_IFMT) | (attr->mode & 0777),
	    makedev(RUMP_MAJOR(rdev), RUMP_MINOR(rdev)));
	if (r == 0)
		return 0;
	if (errno == EPERM &&
	    ((mode & RUMP_S_IFMT) == RUMP_S_IFCHR ||
		(mode & RUMP_S_IFMT) == RUMP_S_IFBLK)) {
		s->lost_devices++;
		return -EPERM;
	}
	return -errno;
}

static int
host_link(
    struct cp_side *s, int fromdir, const char *from, int todir, const char *to)
{
	(void)s;
	return linkat(fromdir, from, todir, to, 0) == -1 ? -errno : 0;
}

static int
host_unlink(struct cp_side *s, int dirfd, const char *name)
{
	(void)s;
	return unlinkat(dirfd, name, 0) == -1 ? -errno : 0;
}

static int
host_rmdir(struct cp_side *s, int dirfd, const char *name)
{
	(void)s;
	return unlinkat(dirfd, name, AT_REMOVEDIR) == -1 ? -errno : 0;
}

static void
set_flags(struct cp_side *s, int fd, uint32_t flags)
{
	size_t i;
	int host;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &host) == -1) {
		s->lost_attrs++;
		return;
	}
	for (i = 0; i < sizeof(flagmap) / sizeof(flagmap[0]); i++)
		if (flags & flagmap[i].rump)
			host |= (int)flagmap[i].host;
	if (ioctl(fd, FS_IOC_SETFLAGS, &host) == -1)
		s->lost_attrs++;
}

/* The mode after the owner, which clears set-id bits; times last. */
static int
host_setattr(struct cp_side *s, int fd, int dirfd, const char *name,
    const struct cp_attr *a)
{
	bool fresh, lnk;
	uint32_t mode;
	int r;

	mode = a->mode & RUMP_ALLPERMS;
	lnk = (a->mode & RUMP_S_IFMT) == RUMP_S_IFLNK;
	/* Made by create() in a directory without surprises? */
	fresh = fd >= 0 && s->quirk_checked && s->quirk_dirfd == dirfd &&
	    (a->mode & RUMP_S_IFMT) == RUMP_S_IFREG;
	if ((a->mask & CP_OWNER) &&
	    !(fresh && !s->quirk_chown && a->uid == s->euid &&
		a->gid == s->egid)) {
		r = fd >= 0 ? fchown(fd, a->uid, a->gid)
			    : fchownat(dirfd, name, a->uid, a->gid,
				  AT_SYMLINK_NOFOLLOW);
		if (r == -1) {
			if (errno != EPERM && errno != EINVAL)
				return -errno;
			s->lost_owners++;
			mode &= 01777u; /* not set-id for another's file */
		}
		fresh = fresh && (mode & 07000) == 0;
	}
	if ((a->mask & CP_MODE) && !lnk &&
	    !(fresh && !s->quirk_chmod && (mode & 07000) == 0)) {
		r = fd >= 0 ? fchmod(fd, mode) : fchmodat(dirfd, name, mode, 0);
		if (r == -1)
			return -errno;
	}
	if (a->mask & CP_TIMES) {
		const struct timespec ts[2] = {
		    {.tv_sec = (time_t)a->atime.tv_sec,
			.tv_nsec = a->atime.tv_nsec},
		    {.tv_sec = (time_t)a->mtime.tv_sec,
			.tv_nsec = a->mtime.tv_nsec},
		};

		r = fd >= 0 ? futimens(fd, ts)
			    : utimensat(dirfd, name, ts, AT_SYMLINK_NOFOLLOW);
		if (r == -1)
			return -errno;
	}
	if ((a->mask & CP_FLAGS) && a->flags != 0)
		set_flags(s, fd, a->flags);
	return 0;
}

const struct cp_ops cp_host_ops = {
    .stat = host_stat,
    .opendir = host_opendir,
    .openfile = host_openfile,
    .close = host_close,
    .list = host_list,
    .readlink = host_readlink,
    .listxattr = host_listxattr,
    .getxattr = host_getxattr,
    .getflags = host_getflags,
    .setxattr = host_setxattr,
    .create = host_create,
    .fill = host_fill,
    .replace = host_replace,
    .mkdir = host_mkdir,
    .mknode = host_mknode,
    .link = host_link,
    .unlink = host_unlink,
    .rmdir = host_rmdir,
    .setattr = host_setattr,
};
