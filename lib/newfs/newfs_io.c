/* SPDX-License-Identifier: BSD-2-Clause */
/* struct newfs_io on a host file or block device, and messages. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "newfs/newfs.h"
#include "newfs/newfs_why.h"

int
newfs_fail(char why[NEWFS_WHY], int error, const char *fmt, ...)
{
	va_list ap;

	if (why != NULL) {
		va_start(ap, fmt);
		vsnprintf(why, NEWFS_WHY, fmt, ap);
		va_end(ap);
	}
	return error;
}

static struct newfs_fileio *
fileio(struct newfs_io *io)
{
	return (struct newfs_fileio *)(void *)io;
}

static int
fileio_write(struct newfs_io *io, const void *buf, size_t len, uint64_t off)
{
	struct newfs_fileio *nf = fileio(io);
	const char *p = buf;

	if (off > io->ni_size || len > io->ni_size - off)
		return ENOSPC;
	off += nf->nf_base;
	while (len > 0) {
		ssize_t n = pwrite(nf->nf_fd, p, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int
fileio_zero(struct newfs_io *io, uint64_t off, uint64_t len)
{
	static const char zeros[256 * 1024];
	int error = 0;

	if (fileio(io)->nf_fresh)
		return 0;
	while (len > 0 && error == 0) {
		size_t n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);

		error = fileio_write(io, zeros, n, off);
		off += n;
		len -= n;
	}
	return error;
}

static int
fileio_setsize(struct newfs_io *io, uint64_t size)
{
	struct newfs_fileio *nf = fileio(io);

	if (nf->nf_fixed)
		return size <= io->ni_size ? 0 : ENOSPC;
	if (size > INT64_MAX - nf->nf_base)
		return EFBIG;
	while (ftruncate(nf->nf_fd, (off_t)(nf->nf_base + size)) != 0)
		if (errno != EINTR)
			return errno;
	io->ni_size = size;
	return 0;
}

void
newfs_fileio_init(struct newfs_fileio *nf, int fd, uint64_t base, uint64_t size,
    bool fresh, bool fixed)
{
	*nf = (struct newfs_fileio){
	    .nf_io =
		{
		    .ni_write = fileio_write,
		    .ni_zero = fileio_zero,
		    .ni_setsize = fileio_setsize,
		    .ni_size = size,
		},
	    .nf_fd = fd,
	    .nf_base = base,
	    .nf_fresh = fresh,
	    .nf_fixed = fixed,
	};
}
