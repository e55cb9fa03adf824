/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving the bytes of host files: vectored transfers that are never short in
 * silence, durability, holes.
 *
 * Transfers are positional; the offset of a descriptor is never used, other
 * than by the search for holes, which sets it and doesn't depend on it.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "hypercall.h"

/* ours and the host's are the same thing */
_Static_assert(sizeof(struct rumpuser_iov) == sizeof(struct iovec) &&
	offsetof(struct rumpuser_iov, iov_base) ==
	    offsetof(struct iovec, iov_base) &&
	offsetof(struct rumpuser_iov, iov_len) ==
	    offsetof(struct iovec, iov_len),
    "rumpuser_iov is the host's iovec");

#define IOV_WINDOW 64 /* elements that a resumed transfer hands over at once */

enum dir { DIR_READ, DIR_WRITE };

static ssize_t
move_once(int fd, enum dir dir, const struct iovec *iov, int cnt, uint64_t off)
{
	if (cnt == 1)
		return dir == DIR_READ
		    ? pread(fd, iov->iov_base, iov->iov_len, (off_t)off)
		    : pwrite(fd, iov->iov_base, iov->iov_len, (off_t)off);
	return dir == DIR_READ ? preadv(fd, iov, cnt, (off_t)off)
			       : pwritev(fd, iov, cnt, (off_t)off);
}

/* The elements from byte skip of iov[0] on, as many as the window takes. */
static int
fill_window(struct iovec *win, const struct iovec *iov, int cnt, size_t skip)
{
	int n = cnt < IOV_WINDOW ? cnt : IOV_WINDOW;

	memcpy(win, iov, (size_t)n * sizeof(*win));
	win[0].iov_base = (char *)win[0].iov_base + skip;
	win[0].iov_len -= skip;
	return n;
}

static int
move_all(struct rumpuser_file *file, enum dir dir,
    const struct rumpuser_iov *riov, int cnt, uint64_t off, size_t *donep)
{
	const struct iovec *iov = (const struct iovec *)(const void *)riov;
	struct iovec win[IOV_WINDOW];
	size_t total = 0, moved = 0, skip = 0;
	int i, n, error = 0;
	ssize_t r;

	if (donep != NULL)
		*donep = 0;
	for (i = 0; i < cnt; i++)
		if (__builtin_add_overflow(total, iov[i].iov_len, &total))
			return EINVAL;
	if (cnt < 0 || !hyper_range_ok(off, total))
		return EINVAL;

	while (moved < total) {
		while (iov->iov_len == skip) {
			iov++;
			cnt--;
			skip = 0;
		}
		/* The usual case: all in one call, nothing to copy. */
		if (skip == 0 && cnt <= IOV_MAX) {
			r = HYPER_RETRY(
			    move_once(file->f_fd, dir, iov, cnt, off + moved));
		} else {
			n = fill_window(win, iov, cnt, skip);
			r = HYPER_RETRY(
			    move_once(file->f_fd, dir, win, n, off + moved));
		}
		if (r < 0) {
			error = hyper_errno();
			break;
		}
		if (r == 0) {
			if (dir == DIR_WRITE)
				error = EIO;
			break;
		}
		moved += (size_t)r;
		for (skip += (size_t)r; cnt > 0 && skip >= iov->iov_len;) {
			skip -= iov->iov_len;
			iov++;
			cnt--;
		}
	}
	if (donep != NULL)
		*donep = moved;
	return error;
}

int
rumpuser_preadv(struct rumpuser_file *file, const struct rumpuser_iov *iov,
    int iovcnt, uint64_t off, size_t *donep)
{
	return move_all(file, DIR_READ, iov, iovcnt, off, donep);
}

int
rumpuser_pwritev(struct rumpuser_file *file, const struct rumpuser_iov *iov,
    int iovcnt, uint64_t off, size_t *donep)
{
	return move_all(file, DIR_WRITE, iov, iovcnt, off, donep);
}

int
rumpuser_sync(struct rumpuser_file *file, bool dataonly)
{
	int r;

	r = HYPER_RETRY(dataonly ? fdatasync(file->f_fd) : fsync(file->f_fd));
	if (r == 0)
		return 0;
	/* a character device has nothing to keep */
	if (errno == EINVAL && file->f_type == RUMPUSER_FT_CHR)
		return 0;
	return hyper_errno();
}

/*
 * On a block device the host deallocates only where the result is known to
 * read as zeros (unlike a plain discard), else it is asked to write zeros by
 * itself, which a device often can without a transfer.
 */
int
rumpuser_punch(struct rumpuser_file *file, uint64_t off, uint64_t len)
{
	if (!hyper_range_ok(off, len))
		return EINVAL;
	if (len == 0)
		return 0;
	if (HYPER_RETRY(fallocate(file->f_fd,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off,
		(off_t)len)) == 0)
		return 0;
	if (file->f_type == RUMPUSER_FT_BLK &&
	    (errno == EOPNOTSUPP || errno == EINVAL) &&
	    HYPER_RETRY(fallocate(file->f_fd,
		FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, (off_t)off,
		(off_t)len)) == 0)
		return 0;
	switch (errno) {
	case EINVAL: /* a device, and not whole sectors */
	case ENODEV:
	case ENOSYS:
		return EOPNOTSUPP;
	default:
		return hyper_errno();
	}
}

int
rumpuser_nextdata(
    struct rumpuser_file *file, uint64_t off, uint64_t *datap, uint64_t *endp)
{
	struct rumpuser_fileinfo fi;
	off_t data, hole;
	int error;

	if (!hyper_range_ok(off, 0))
		return ENXIO;
	if (file->f_type == RUMPUSER_FT_REG) {
		data = lseek(file->f_fd, (off_t)off, SEEK_DATA);
		if (data >= (off_t)off) {
			hole = lseek(file->f_fd, data, SEEK_HOLE);
			if (hole > data) {
				*datap = (uint64_t)data;
				*endp = (uint64_t)hole;
				return 0;
			}
		} else if (data < 0 && errno == ENXIO) {
			return ENXIO;
		}
	}
	/* It cannot tell: all is data. */
	error = rumpuser_file_info(file, &fi);
	if (error != 0)
		return error;
	if (off >= fi.fi_size)
		return ENXIO;
	*datap = off;
	*endp = fi.fi_size;
	return 0;
}
