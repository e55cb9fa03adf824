/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a stream to its end before an image is locked, so that
 *	fsu_cat i /f | sed .. | fsu_put i - /f
 * can't wait for itself.  Memory to 16 MiB, then an unnamed temporary.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rumpuser.h>

#include "copy.h"
#include "fmt.h"
#include "fsu_impl.h"
#include "progress.h"

#define MEMORY_BYTES (16u << 20)
#define BUF_BYTES    (128u << 10)

static int
write_all(int fd, const char *buf, size_t len)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < len; done += (size_t)n) {
		n = write(fd, buf + done, len - done);
		if (n == -1)
			return -1;
	}
	return 0;
}

/* Carry what is in memory over to a file without a name. */
static int
to_disk(int memfd, char *buf)
{
	struct rumpuser_file *hf;
	ssize_t n;
	int fd, error;
	off_t off;

	error = rumpuser_file_tmp(NULL, &hf);
	if (error != 0) {
		errno = ukfs_host_errno(error);
		return -1;
	}
	fd = fcntl(rumpuser_file_fd(hf), F_DUPFD_CLOEXEC, 3);
	rumpuser_file_close(hf);
	for (off = 0; fd != -1 && (n = pread(memfd, buf, BUF_BYTES, off)) != 0;
	     off += n)
		if (n == -1 || write_all(fd, buf, (size_t)n) == -1) {
			close(fd);
			fd = -1;
			break;
		}
	return fd;
}

/* What couldn't go on: reading, or keeping what was read. */
enum side { SIDE_IN, SIDE_SPOOL };

/* At most max bytes: EFBIG. */
static int
spool(int hostfd, uint64_t max, enum side *side)
{
	struct stat st;
	uint64_t total;
	char *buf;
	ssize_t n;
	int fd, disk, error;
	bool typed;

	*side = SIDE_IN;
	if (fstat(hostfd, &st) == -1)
		return -1;
	if (S_ISREG(st.st_mode) && lseek(hostfd, 0, SEEK_CUR) == 0)
		return fcntl(hostfd, F_DUPFD_CLOEXEC, 3);
	fd = memfd_create("fsu-stdin", MFD_CLOEXEC);
	if (fd == -1) {
		*side = SIDE_SPOOL;
		return -1;
	}
	buf = fsu_malloc(BUF_BYTES);
	typed = isatty(hostfd) == 1;
	for (total = 0; (n = read(hostfd, buf, BUF_BYTES)) != 0;
	     total += (uint64_t)n) {
		if (n == -1)
			goto fail;
		if ((uint64_t)n > max - total) {
			errno = EFBIG;
			goto fail;
		}
		*side = SIDE_SPOOL;
		if (write_all(fd, buf, (size_t)n) == -1)
			goto fail;
		if (total <= MEMORY_BYTES &&
		    total + (uint64_t)n > MEMORY_BYTES) {
			disk = to_disk(fd, buf);
			if (disk == -1)
				goto fail;
			close(fd);
			fd = disk;
		}
		*side = SIDE_IN;
		if (!typed) {
			fsu_progress_bytes((uint64_t)n);
			fsu_progress_tick(); /* a pipe may be slow */
		}
	}
	free(buf);
	return fd;

fail:
	error = errno;
	free(buf);
	close(fd);
	errno = error;
	return -1;
}

int
fsu_spool(int hostfd)
{
	enum side side;

	return spool(hostfd, UINT64_MAX, &side);
}

/* How large the image is, before it is opened; UINT64_MAX if that can't be told. */
static uint64_t
image_bytes(const struct fsu *f)
{
	struct ukfs_window window = {0};
	char why[UKFS_WHY];
	off_t size;
	int fd;

	fd = open(f->image.im_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return UINT64_MAX;
	size = lseek(fd, 0, SEEK_END);
	if (f->image.im_words != NULL &&
	    ukfs_part_find(fd, f->image.im_words, &window, why) != 0)
		size = -1; /* it will be said when it is opened */
	close(fd);
	if (size > 0 && window.pw_len != 0)
		return window.pw_len;
	return size <= 0 ? UINT64_MAX : (uint64_t)size;
}

int
fsu_spool_into(struct fsu *f, const char *name, int hostfd)
{
	uint64_t max = image_bytes(f);
	enum side side;
	int fd;

	fd = spool(hostfd, max, &side);
	if (fd != -1)
		return fd;
	if (errno == EFBIG && side == SIDE_IN)
		fsu_errorf(f,
		    "%s has no end within %llu bytes, which is all of the "
		    "image",
		    fsu_quote_msg(name), (unsigned long long)max);
	else if (side == SIDE_SPOOL)
		fsu_msg("%s: cannot be kept until it is complete: %s "
			"(TMPDIR says where)",
		    fsu_quote_maybe(name), strerror(errno));
	else
		fsu_msg("%s: %s", fsu_quote_maybe(name), strerror(errno));
	return -1;
}
