/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ukfs(3): files that stay open, and the documented calls that open one for a
 * single transfer.  An open file counts in its ukfs, so that a release while it
 * is open is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ukfs_impl.h"

/* The host's open flags as the kernel's.  -1: one that has no meaning here. */
static int
rump_oflags(int flags)
{
	static const struct {
		int host, rump;
	} map[] = {
		{O_CREAT, RUMP_O_CREAT},
		{O_EXCL, RUMP_O_EXCL},
		{O_TRUNC, RUMP_O_TRUNC},
		{O_APPEND, RUMP_O_APPEND},
		{O_NONBLOCK, RUMP_O_NONBLOCK},
		{O_DIRECTORY, RUMP_O_DIRECTORY},
		{O_NOFOLLOW, RUMP_O_NOFOLLOW},
		{O_CLOEXEC, 0},
		{O_NOCTTY, 0},
#if O_LARGEFILE != 0
		{O_LARGEFILE, 0},
#endif
	};
	unsigned i;
	int out;

	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		out = RUMP_O_RDONLY;
		break;
	case O_WRONLY:
		out = RUMP_O_WRONLY;
		break;
	case O_RDWR:
		out = RUMP_O_RDWR;
		break;
	default:
		return -1;
	}
	flags &= ~O_ACCMODE;
	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if ((flags & map[i].host) == map[i].host) {
			out |= map[i].rump;
			flags &= ~map[i].host;
		}
	return flags == 0 ? out : -1;
}

struct ukfs_file *
ukfs_open(struct ukfs *ukfs, const char *path, int flags, mode_t mode)
{
	struct ukfs_file *uf;
	int64_t fd;
	int rflags;

	rflags = rump_oflags(flags);
	if (rflags == -1) {
		errno = EINVAL;
		return NULL;
	}
	uf = malloc(sizeof(*uf));
	if (uf == NULL)
		return NULL;
	fd = UKFS_CALL(ukfs, rump_sys_open(path, rflags, mode));
	if (fd < 0) {
		free(uf);
		return NULL;
	}
	uf->uf_ukfs = ukfs;
	uf->uf_fd = (int)fd;
	atomic_fetch_add(&ukfs->uk_nopen, 1);
	return uf;
}

int
ukfs_close(struct ukfs_file *uf)
{
	int r;

	r = (int)UKFS_CALL(uf->uf_ukfs, rump_sys_close(uf->uf_fd));
	atomic_fetch_sub(&uf->uf_ukfs->uk_nopen, 1);
	free(uf);
	return r;
}

ssize_t
ukfs_fread(struct ukfs_file *uf, void *buf, size_t size)
{
	return UKFS_CALL(uf->uf_ukfs, rump_sys_read(uf->uf_fd, buf, size));
}

ssize_t
ukfs_fwrite(struct ukfs_file *uf, const void *buf, size_t size)
{
	return UKFS_CALL(uf->uf_ukfs, rump_sys_write(uf->uf_fd, buf, size));
}

ssize_t
ukfs_pread(struct ukfs_file *uf, void *buf, size_t size, off_t off)
{
	return UKFS_CALL(uf->uf_ukfs,
	    off < 0 ? -RUMP_EINVAL
		    : rump_sys_pread(uf->uf_fd, buf, size, (uint64_t)off));
}

ssize_t
ukfs_pwrite(struct ukfs_file *uf, const void *buf, size_t size, off_t off)
{
	return UKFS_CALL(uf->uf_ukfs,
	    off < 0 ? -RUMP_EINVAL
		    : rump_sys_pwrite(uf->uf_fd, buf, size, (uint64_t)off));
}

off_t
ukfs_lseek(struct ukfs_file *uf, off_t off, int whence)
{
	int w;

	switch (whence) {
	case SEEK_SET:
		w = RUMP_SEEK_SET;
		break;
	case SEEK_CUR:
		w = RUMP_SEEK_CUR;
		break;
	case SEEK_END:
		w = RUMP_SEEK_END;
		break;
	case SEEK_DATA:
		w = RUMP_SEEK_DATA;
		break;
	case SEEK_HOLE:
		w = RUMP_SEEK_HOLE;
		break;
	default:
		errno = EINVAL;
		return -1;
	}
	return (off_t)UKFS_CALL(uf->uf_ukfs, rump_sys_lseek(uf->uf_fd, off, w));
}

int
ukfs_fstat(struct ukfs_file *uf, struct stat *st)
{
	struct rump_stat rst;

	if (UKFS_CALL(uf->uf_ukfs, rump_sys_fstat(uf->uf_fd, &rst)) != 0)
		return -1;
	ukfs_host_stat(&rst, st);
	return 0;
}

int
ukfs_ftruncate(struct ukfs_file *uf, off_t size)
{
	return (int)UKFS_CALL(uf->uf_ukfs,
	    size < 0 ? -RUMP_EINVAL
		     : rump_sys_ftruncate(uf->uf_fd, (uint64_t)size));
}

int
ukfs_fsync(struct ukfs_file *uf)
{
	return (int)UKFS_CALL(uf->uf_ukfs, rump_sys_fsync(uf->uf_fd));
}

/* ---- one transfer ---------------------------------------------------------------- */

ssize_t
ukfs_read(struct ukfs *ukfs, const char *filename, off_t off, uint8_t *buf,
    size_t bufsize)
{
	struct ukfs_file *uf;
	ssize_t n;
	int saved;

	uf = ukfs_open(ukfs, filename, O_RDONLY, 0);
	if (uf == NULL)
		return -1;
	n = ukfs_pread(uf, buf, bufsize, off);
	saved = errno;
	ukfs_close(uf);
	errno = saved;
	return n;
}

ssize_t
ukfs_write(struct ukfs *ukfs, const char *filename, off_t off, uint8_t *buf,
    size_t bufsize)
{
	struct ukfs_file *uf;
	ssize_t n;
	int saved;

	uf = ukfs_open(ukfs, filename, O_WRONLY, 0);
	if (uf == NULL)
		return -1;
	n = ukfs_pwrite(uf, buf, bufsize, off);
	saved = errno;
	if (ukfs_close(uf) != 0 && n >= 0)
		return -1;
	errno = saved;
	return n;
}

int
ukfs_create(struct ukfs *ukfs, const char *filename, mode_t mode)
{
	struct ukfs_file *uf;

	uf = ukfs_open(ukfs, filename, O_WRONLY | O_CREAT, mode);
	return uf == NULL ? -1 : ukfs_close(uf);
}

static int64_t
getdents_from(const char *dirname, off_t *off, void *buf, size_t bufsize)
{
	const struct rump_dirent *de;
	int64_t n, pos, r;
	int fd;

	fd = rump_sys_open(dirname, RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	r = rump_sys_lseek(fd, *off, RUMP_SEEK_SET);
	n = r < 0 ? r : rump_sys_getdents(fd, buf, bufsize);
	rump_sys_close(fd);
	for (pos = 0; pos < n; pos += de->d_reclen) {
		de = (const struct rump_dirent *)((const char *)buf + pos);
		*off = (off_t)de->d_off;
	}
	return n;
}

int
ukfs_getdents(struct ukfs *ukfs, const char *dirname, off_t *off, uint8_t *buf,
    size_t bufsize)
{
	if (((uintptr_t)buf & 7) != 0) {
		errno = EINVAL;
		return -1;
	}
	return (int)UKFS_CALL(ukfs, getdents_from(dirname, off, buf, bufsize));
}
