/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ukfs(3): copies of whole files between host and image, and between images.
 *
 * Small files go through one buffer with one call on either side; big and sparse
 * ones through the kernel's own copy, which lets the host do it.  Pipes are read
 * and written, never spliced: a pipe would hold pages of the image, which the
 * next writer may change before they are read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ukfs_impl.h"

#define BUF_BYTES  (256u << 10)
#define STEP_BYTES (16ull << 20) /* of one call, where somebody is told */
#define PIPE_BYTES (1 << 20)

/* ---- who is told -------------------------------------------------------------------- */

static void (*copy_handler)(void *, uint64_t);
static void *copy_handler_arg;

void
ukfs_set_copy_handler(void (*handler)(void *, uint64_t), void *arg)
{
	copy_handler = handler;
	copy_handler_arg = arg;
}

static void
moved(int64_t n)
{
	if (copy_handler != NULL && n > 0)
		copy_handler(copy_handler_arg, (uint64_t)n);
}

/* How much of what is left one call of the kernel's is to do. */
static uint64_t
step(uint64_t left)
{
	return copy_handler != NULL && left > STEP_BYTES ? STEP_BYTES : left;
}

/* One buffer a thread, for as long as the thread lives. */
static pthread_key_t buf_key;
static pthread_once_t buf_once = PTHREAD_ONCE_INIT;

static void
buf_start(void)
{
	if (pthread_key_create(&buf_key, free) != 0)
		abort();
}

static char *
buf_get(void)
{
	char *buf;

	pthread_once(&buf_once, buf_start);
	buf = pthread_getspecific(buf_key);
	if (buf == NULL) {
		buf = aligned_alloc(4096, BUF_BYTES);
		if (buf != NULL)
			pthread_setspecific(buf_key, buf);
	}
	return buf;
}

/* A file object of the kernel's for the caller's descriptor.  The kernel's copy
 * wants to read what it writes: a write-only descriptor is opened once more; in a
 * sandbox somebody must have done so before. */
static int
adopt(int hostfd, bool writable, struct rumpuser_file **hfp)
{
	char path[40];
	int fd, fl, error;

	fl = fcntl(hostfd, F_GETFL);
	if (fl == -1)
		return errno;
	if ((fl & O_ACCMODE) == O_WRONLY) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", hostfd);
		fd = open(path, O_RDWR | O_CLOEXEC);
	} else
		fd = -1;
	if (fd == -1)
		fd = fcntl(hostfd, F_DUPFD_CLOEXEC, 3);
	if (fd == -1)
		return errno;
	error = rumpuser_file_adopt(fd, writable, hfp);
	if (error != 0) {
		close(fd);
		return error;
	}
	fl = fcntl(rumpuser_file_fd(*hfp), F_GETFL);
	if (fl != -1 && (fl & O_ACCMODE) == O_WRONLY) {
		rumpuser_file_close(*hfp);
		return EACCES;
	}
	return 0;
}

/* ---- into the image -------------------------------------------------------------- */

static int64_t
write_all(int fd, const char *buf, size_t len, uint64_t off)
{
	int64_t n;
	size_t done;

	for (done = 0; done < len; done += (size_t)n) {
		n = rump_sys_pwrite(fd, buf + done, len - done, off + done);
		if (n <= 0)
			return n == 0 ? -RUMP_EIO : n;
	}
	return (int64_t)len;
}

static int64_t
fill_from_stream(int fd, int hostfd, char *buf)
{
	uint64_t total;
	ssize_t n;
	size_t have;
	int64_t r;

	total = 0;
	do {
		for (have = 0; have < BUF_BYTES; have += (size_t)n) {
			n = read(hostfd, buf + have, BUF_BYTES - have);
			if (n == -1)
				return -errno;
			if (n == 0)
				break;
		}
		r = write_all(fd, buf, have, total);
		if (r < 0)
			return r;
		moved(r);
		total += have;
	} while (n != 0);
	return (int64_t)total;
}

/* A regular file by the kernel's copy: to where it ends, even if that moves. */
static int64_t
fill_from_file(int fd, int hostfd, uint64_t size)
{
	struct rumpuser_file *hf;
	uint64_t done;
	int64_t n;
	int error;

	error = adopt(hostfd, false, &hf);
	if (error != 0)
		return -error;
	n = 0;
	for (done = 0; done < size; done += (uint64_t)n) {
		n = rump_sys_copyfromhost(
		    fd, done, hf, done, step(size - done));
		if (n <= 0)
			break;
		moved(n);
	}
	rumpuser_file_close(hf);
	if (n < 0)
		return n;
	if (done < size)
		return (int64_t)done; /* it shrank while it was read */
	/* A hole at the end. */
	error = rump_sys_ftruncate(fd, size);
	return error != 0 ? error : (int64_t)size;
}

int64_t
ukfs_fill_from_host(int fd, int hostfd, const struct rump_stat *rst)
{
	struct stat st;
	uint64_t size, blocks;
	char *buf;
	ssize_t n;
	size_t have;

	buf = buf_get();
	if (buf == NULL)
		return -RUMP_ENOMEM;
	if (rst != NULL) {
		st.st_mode = rst->st_mode;
		size = rst->st_size;
		blocks = rst->st_blocks;
	} else {
		if (fstat(hostfd, &st) == -1)
			return -errno;
		size = (uint64_t)st.st_size;
		blocks = (uint64_t)st.st_blocks;
	}
	if (!S_ISREG(st.st_mode) || size == 0) /* /proc says 0 */
		return fill_from_stream(fd, hostfd, buf);
	if (size >= BUF_BYTES || (size > 4096 && blocks < size / 512))
		return fill_from_file(fd, hostfd, size);
	for (have = 0; have < BUF_BYTES; have += (size_t)n) {
		n = pread(hostfd, buf + have, size + 1 - have, (off_t)have);
		if (n == -1)
			return -errno;
		if (n == 0 || have + (size_t)n == size) {
			have += (size_t)n;
			break;
		}
		if (have + (size_t)n > size) /* it grows */
			return fill_from_stream(fd, hostfd, buf);
	}
	n = write_all(fd, buf, have, 0);
	moved(n);
	return n;
}

/* Read the next data at or after *off, at most to where a hole begins; *off is
 * where it was.  0: nothing but a hole. */
static int64_t
read_data(int fd, uint64_t *off, char *buf)
{
	int64_t data, hole;
	size_t len;

	data = rump_sys_lseek(fd, (int64_t)*off, RUMP_SEEK_DATA);
	if (data == -RUMP_ENXIO)
		return 0;
	len = BUF_BYTES;
	if (data >= 0) {
		*off = (uint64_t)data;
		hole = rump_sys_lseek(fd, data, RUMP_SEEK_HOLE);
		if (hole > data && (uint64_t)(hole - data) < len)
			len = (size_t)(hole - data);
	}
	return rump_sys_pread(fd, buf, len, *off);
}

int64_t
ukfs_fill_from_image(int fd, struct ukfs *from, int fromfd)
{
	struct rump_stat st;
	uint64_t off;
	int64_t n, r;
	char *buf;

	if (from != NULL && from == ukfs_current())
		from = NULL;
	buf = buf_get();
	if (buf == NULL || (from != NULL && ukfs_enter(from) != 0))
		return -RUMP_ENOMEM;
	r = rump_sys_fstat(fromfd, &st);
	if (from != NULL)
		ukfs_leave(from);
	n = 0;
	for (off = 0; r == 0 && off < st.st_size; off += (uint64_t)n) {
		if (from == NULL) {
			n = rump_sys_copy_file_range(
			    fromfd, off, fd, off, step(st.st_size - off));
			if (n <= 0)
				break;
			moved(n);
			continue;
		}
		if (ukfs_enter(from) != 0)
			return -RUMP_ENOMEM;
		n = read_data(fromfd, &off, buf);
		ukfs_leave(from);
		if (n > 0)
			r = write_all(fd, buf, (size_t)n, off);
		if (n <= 0 || r < 0)
			break;
		moved(n);
		r = 0;
	}
	if (r == 0 && n < 0)
		r = n;
	if (r == 0)
		r = rump_sys_ftruncate(fd, st.st_size);
	return r < 0 ? r : (int64_t)st.st_size;
}

struct replace {
	int dirfd; /* where the temporary may be */
	int (*fill)(void *, int);
	void *arg;
};

/* Content for the file open as fd: by exchange where the format can. */
static int
replace_content(const struct replace *rp, int fd, bool inplace)
{
	int tmp, r;

	tmp = -RUMP_EOPNOTSUPP;
	if (!inplace)
		tmp = rump_sys_openat(
		    rp->dirfd, ".", RUMP_O_TMPFILE | RUMP_O_RDWR, 0600);
	if (tmp >= 0) {
		r = rp->fill(rp->arg, tmp);
		if (r == 0)
			r = rump_sys_exchangedata(tmp, fd);
		rump_sys_close(tmp);
		return r;
	}
	if (!inplace && tmp != -RUMP_EOPNOTSUPP)
		return tmp;
	r = rump_sys_ftruncate(fd, 0);
	return r != 0 ? r : rp->fill(rp->arg, fd);
}

int
ukfs_replaceat(int dirfd, const char *name, uint32_t mode, unsigned flags,
    int (*fill)(void *, int), void *arg)
{
	struct replace rp = {.dirfd = dirfd, .fill = fill, .arg = arg};
	struct rump_stat st;
	int fd, r;

	fd = rump_sys_openat(dirfd, name,
	    RUMP_O_RDWR | RUMP_O_CREAT | RUMP_O_EXCL | RUMP_O_NOFOLLOW, mode);
	if (fd >= 0) {
		r = fill(arg, fd);
		rump_sys_close(fd);
		if (r == -RUMP_EINTR)
			rump_pub_interrupt_clear(); /* so that it can go */
		if (r != 0)
			rump_sys_unlinkat(dirfd, name, 0);
		if (r == -RUMP_EINTR)
			rump_pub_interrupt();
		return r;
	}
	if (fd != -RUMP_EEXIST || (flags & UKFS_REPLACE_EXCL))
		return fd;
	fd = rump_sys_openat(dirfd, name,
	    RUMP_O_RDWR | RUMP_O_CREAT |
		(flags & UKFS_REPLACE_FOLLOW ? 0 : RUMP_O_NOFOLLOW),
	    mode);
	if (fd < 0)
		return fd;
	r = rump_sys_fstat(fd, &st);
	if (r == 0 && (st.st_mode & RUMP_S_IFMT) != RUMP_S_IFREG)
		r = -RUMP_EINVAL;
	if (r == 0)
		r = replace_content(
		    &rp, fd, (flags & UKFS_REPLACE_INPLACE) != 0);
	rump_sys_close(fd);
	return r;
}

/* ---- out of the image ----------------------------------------------------------------- */

static int
host_write_all(int hostfd, const char *buf, size_t len)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < len; done += (size_t)n) {
		n = write(hostfd, buf + done, len - done);
		if (n == -1)
			return errno;
	}
	return 0;
}

static int64_t
drain_to_stream(int fd, int hostfd, char *buf, bool *hosterror)
{
	uint64_t off;
	int64_t n;
	int error;

	for (off = 0;; off += (uint64_t)n) {
		n = rump_sys_pread(fd, buf, BUF_BYTES, off);
		if (n < 0)
			return n;
		if (n == 0)
			return (int64_t)off;
		error = host_write_all(hostfd, buf, (size_t)n);
		if (error != 0) {
			if (hosterror != NULL)
				*hosterror = true;
			return -error;
		}
		moved(n);
	}
}

/* By hand, holes left out: where the file can't be read back. */
static int64_t
drain_sparse(int fd, int hostfd, uint64_t size, off_t pos, char *buf)
{
	uint64_t off;
	int64_t n;
	int error;

	n = 0;
	for (off = 0; off < size; off += (uint64_t)n) {
		n = read_data(fd, &off, buf);
		if (n <= 0)
			break;
		if (lseek(hostfd, pos + (off_t)off, SEEK_SET) == -1)
			return -errno;
		error = host_write_all(hostfd, buf, (size_t)n);
		if (error != 0)
			return -error;
		moved(n);
	}
	return n < 0 ? n : (int64_t)size;
}

/* A regular host file with nothing at and after its position. */
static int64_t
drain_to_file(int fd, int hostfd, uint64_t size, off_t pos, char *buf)
{
	struct rumpuser_file *hf;
	uint64_t done;
	int64_t n;

	done = 0;
	if (adopt(hostfd, true, &hf) == 0) {
		for (n = 0; done < size; done += (uint64_t)n) {
			n = rump_sys_copytohost(fd, done, hf,
			    (uint64_t)pos + done, step(size - done));
			if (n <= 0)
				break;
			moved(n);
		}
		rumpuser_file_close(hf);
	} else {
		n = drain_sparse(fd, hostfd, size, pos, buf);
		done = n < 0 ? 0 : (uint64_t)n;
	}
	if (n < 0)
		return n;
	if (ftruncate(hostfd, pos + (off_t)done) == -1 ||
	    lseek(hostfd, pos + (off_t)done, SEEK_SET) == -1)
		return -errno;
	return (int64_t)done;
}

int64_t
ukfs_drain_to_host(int fd, int hostfd, bool *hosterror)
{
	struct rump_stat rst;
	struct stat st;
	off_t pos;
	char *buf;
	int r, fl;

	if (hosterror != NULL)
		*hosterror = false;
	buf = buf_get();
	if (buf == NULL)
		return -RUMP_ENOMEM;
	r = rump_sys_fstat(fd, &rst);
	if (r != 0)
		return r;
	if (rst.st_size < BUF_BYTES && rst.st_blocks >= rst.st_size / 512)
		return drain_to_stream(fd, hostfd, buf, hosterror);
	if (fstat(hostfd, &st) == -1)
		return -errno;
	if (S_ISFIFO(st.st_mode))
		fcntl(hostfd, F_SETPIPE_SZ, PIPE_BYTES); /* faster, if it may */
	if (S_ISREG(st.st_mode)) {
		pos = lseek(hostfd, 0, SEEK_CUR);
		fl = fcntl(hostfd, F_GETFL);
		if (pos != -1 && fl != -1 && !(fl & O_APPEND) &&
		    st.st_size <= pos)
			return drain_to_file(fd, hostfd, rst.st_size, pos, buf);
	}
	return drain_to_stream(fd, hostfd, buf, hosterror);
}

/* ---- whole files by path -------------------------------------------------------------- */

int
ukfs_fcopyout(struct ukfs_file *uf, int hostfd)
{
	return UKFS_CALL(
		   uf->uf_ukfs, ukfs_drain_to_host(uf->uf_fd, hostfd, NULL)) < 0
	    ? -1
	    : 0;
}

int
ukfs_fcopyin(struct ukfs_file *uf, int hostfd)
{
	if (ukfs_ftruncate(uf, 0) != 0)
		return -1;
	return UKFS_CALL(uf->uf_ukfs,
		   ukfs_fill_from_host(uf->uf_fd, hostfd, NULL)) < 0
	    ? -1
	    : 0;
}

int
ukfs_copyout(struct ukfs *ukfs, const char *path, const char *hostpath)
{
	struct ukfs_file *uf;
	int fd, r, saved;
	bool made;

	uf = ukfs_open(ukfs, path, O_RDONLY, 0);
	if (uf == NULL)
		return -1;
	made = true;
	fd = open(hostpath,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd == -1 && errno == EEXIST) {
		made = false;
		fd = open(
		    hostpath, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	}
	r = fd == -1 ? -1 : ukfs_fcopyout(uf, fd);
	saved = errno;
	if (fd != -1 && close(fd) != 0 && r == 0) {
		saved = errno;
		r = -1;
	}
	if (fd != -1 && r != 0 && made)
		unlink(hostpath);
	ukfs_close(uf);
	errno = saved;
	return r;
}

static int
fill_host(void *arg, int fd)
{
	int64_t n = ukfs_fill_from_host(fd, *(const int *)arg, NULL);

	return n < 0 ? (int)n : 0;
}

int
ukfs_copyin(
    struct ukfs *ukfs, const char *hostpath, const char *path, mode_t mode)
{
	int fd, r, saved;

	fd = open(hostpath, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	r = (int)UKFS_CALL(ukfs,
	    ukfs_replaceat(RUMP_AT_FDCWD, path, mode, UKFS_REPLACE_FOLLOW,
		fill_host, &fd));
	saved = errno;
	close(fd);
	errno = saved;
	return r;
}

struct image_source {
	struct ukfs *ukfs;
	int fd;
};

static int
fill_image(void *arg, int fd)
{
	const struct image_source *src = arg;
	int64_t n = ukfs_fill_from_image(fd, src->ukfs, src->fd);

	return n < 0 ? (int)n : 0;
}

int
ukfs_copy(struct ukfs *from, const char *frompath, struct ukfs *to,
    const char *topath, mode_t mode)
{
	struct ukfs_file *uf;
	struct image_source src;
	int r, saved;

	uf = ukfs_open(from, frompath, O_RDONLY, 0);
	if (uf == NULL)
		return -1;
	src.ukfs = from;
	src.fd = uf->uf_fd;
	r = (int)UKFS_CALL(to,
	    ukfs_replaceat(RUMP_AT_FDCWD, topath, mode, UKFS_REPLACE_FOLLOW,
		fill_image, &src));
	saved = errno;
	ukfs_close(uf);
	errno = saved;
	return r;
}
