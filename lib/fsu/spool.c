/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a stream to its end before an image is locked, so that
 *	fsu_cat i /f | sed .. | fsu_put i - /f
 * can't wait for itself.  Memory to 16 MiB, then an unnamed temporary.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rumpuser.h>

#include "copy.h"

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

int
fsu_spool(int hostfd)
{
	struct stat st;
	uint64_t total;
	char *buf;
	ssize_t n;
	int fd, disk;

	if (fstat(hostfd, &st) == -1)
		return -1;
	if (S_ISREG(st.st_mode) && lseek(hostfd, 0, SEEK_CUR) == 0)
		return fcntl(hostfd, F_DUPFD_CLOEXEC, 3);
	fd = memfd_create("fsu-stdin", MFD_CLOEXEC);
	if (fd == -1)
		return -1;
	buf = fsu_malloc(BUF_BYTES);
	for (total = 0; (n = read(hostfd, buf, BUF_BYTES)) != 0;
	     total += (uint64_t)n) {
		if (n == -1 || write_all(fd, buf, (size_t)n) == -1)
			goto fail;
		if (total <= MEMORY_BYTES &&
		    total + (uint64_t)n > MEMORY_BYTES) {
			disk = to_disk(fd, buf);
			if (disk == -1)
				goto fail;
			close(fd);
			fd = disk;
		}
	}
	free(buf);
	return fd;

fail:
	free(buf);
	close(fd);
	return -1;
}
