/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block devices by hypercall, on a loop device over a file; skipped where one
 * cannot be made.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <rump/rumpuser.h>

#include "scratch.h"
#include "tap.h"

#define SIZE (4u << 20)

static char loop[32];

/* Bind a loop device to path: its descriptor, or -1. */
static int
loop_bind(const char *path, bool readonly)
{
	struct loop_config conf = {0};
	int ctl, nr, fd = -1, back, tries;

	ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	back = open(path, readonly ? O_RDONLY : O_RDWR | O_CLOEXEC);
	conf.fd = (unsigned int)back;
	conf.info.lo_flags = LO_FLAGS_AUTOCLEAR |
	    (readonly ? LO_FLAGS_READ_ONLY : 0);
	/* another may take the free one first */
	for (tries = 0; fd < 0 && tries < 8; tries++) {
		nr = ctl >= 0 && back >= 0 ? ioctl(ctl, LOOP_CTL_GET_FREE) : -1;
		if (nr < 0)
			break;
		snprintf(loop, sizeof(loop), "/dev/loop%d", nr);
		fd = open(loop, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
		if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &conf) != 0) {
			close(fd);
			fd = -1;
		}
	}
	if (ctl >= 0)
		close(ctl);
	if (back >= 0)
		close(back);
	return fd;
}

/* What somebody else is told who wants the device for himself. */
static int
claim(void)
{
	int fd = open(loop, O_RDONLY | O_EXCL | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void
what_it_is(void)
{
	struct rumpuser_file *f, *g;
	struct rumpuser_fileinfo fi;
	struct stat st;
	char node[PATH_MAX];
	uint64_t data, end;

	if (stat(loop, &st) != 0)
		bail("%s", loop);
	is(rumpuser_file_open(loop, 0, &f), 0, "open");
	is(rumpuser_file_info(f, &fi), 0, "info");
	is(fi.fi_type, RUMPUSER_FT_BLK, "a block device");
	is(fi.fi_size, SIZE, "size");
	is(fi.fi_dev, st.st_rdev, "is its number");
	is(fi.fi_ino, 0, "and nothing else");
	is(fi.fi_logical_sector, 512, "logical sector");
	ok(fi.fi_physical_sector >= 512, "physical sector");
	ok(!fi.fi_readonly, "not read-only");
	is(fcntl(rumpuser_file_fd(f), F_GETFL) & O_NONBLOCK, 0, "blocking");
	if (mknod(scratch_path(node, "node"), S_IFBLK | 0600, st.st_rdev) ==
		0 &&
	    rumpuser_file_open(node, 0, &g) == 0) {
		ok(f == g, "another node of the device is the same object");
		rumpuser_file_close(g);
	} else {
		skip(1, "no device nodes here");
	}
	ok(rumpuser_nextdata(f, 4096, &data, &end) == 0 && data == 4096 &&
		end == SIZE,
	    "all of it is data");
	rumpuser_file_close(f);
	ok(rumpuser_path_info(loop, &fi) == 0 && fi.fi_size == SIZE &&
		fi.fi_type == RUMPUSER_FT_BLK,
	    "the same by its path");
}

static void
claims(void)
{
	struct rumpuser_file *f, *g;
	struct rumpuser_iov iov = {loop, sizeof(loop)};
	const int excl = RUMPUSER_OPEN_EXCL, rdwr = RUMPUSER_OPEN_RDWR;
	int fd;

	fd = open(loop, O_RDONLY | O_EXCL | O_CLOEXEC);
	is(rumpuser_file_open(loop, rdwr | excl, &f), EBUSY, "in use");
	is(rumpuser_file_open(loop, rdwr, &f), 0, "not asked for alone");
	rumpuser_file_close(f);
	close(fd);

	is(rumpuser_file_open(loop, rdwr | excl, &f), 0, "claimed");
	is(claim(), EBUSY, "nobody else gets it");
	is(rumpuser_file_open(loop, rdwr | excl, &g), 0, "but we do");
	ok(f == g, "the same");
	rumpuser_file_close(g);
	is(claim(), EBUSY, "still ours");
	rumpuser_file_close(f);
	is(claim(), 0, "given back");

	is(rumpuser_file_open(loop, excl, &f), 0, "claimed by a reader");
	is(rumpuser_file_open(loop, rdwr | excl, &g), 0, "who then writes");
	is(rumpuser_pwritev(f, &iov, 1, 0, NULL), 0, "which works");
	is(claim(), EBUSY, "still ours");
	rumpuser_file_close(f);
	is(claim(), EBUSY, "still ours");
	rumpuser_file_close(g);
	is(claim(), 0, "given back");

	is(rumpuser_file_open(loop, rdwr, &f), 0, "a writer");
	is(rumpuser_file_open(loop, excl, &g), 0, "who then claims");
	is(claim(), EBUSY, "nobody else gets it");
	is(rumpuser_pwritev(f, &iov, 1, 0, NULL), 0, "and still writes");
	rumpuser_file_close(f);
	rumpuser_file_close(g);
	is(claim(), 0, "given back");
}

static void
bytes(void)
{
	static unsigned char data[1 << 20], back[1 << 20];
	struct rumpuser_iov iov = {data, sizeof(data)};
	struct rumpuser_iov biov = {back, sizeof(back)};
	struct rumpuser_file *f, *out;
	uint64_t copied;
	size_t moved, i;
	int error, sum = 0;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 13 ^ i >> 8);
	is(rumpuser_file_open(loop, RUMPUSER_OPEN_RDWR, &f), 0, "open");
	is(rumpuser_pwritev(f, &iov, 1, 1000, NULL), 0, "write anywhere");
	is(rumpuser_preadv(f, &biov, 1, 1000, NULL), 0, "read back");
	ok(memcmp(data, back, sizeof(data)) == 0, "the same");
	is(rumpuser_preadv(f, &biov, 1, SIZE - 100, &moved), 0, "at the end");
	is(moved, 100, "as much as there is");
	is(rumpuser_pwritev(f, &iov, 1, SIZE - 100, &moved), ENOSPC,
	    "a write across the end");
	is(moved, 100, "is cut, and says so");
	is(rumpuser_sync(f, true), 0, "sync");

	is(rumpuser_punch(f, 1000, 100), EOPNOTSUPP, "no whole sectors");
	error = rumpuser_punch(f, 65536, 65536);
	if (error == 0) {
		rumpuser_preadv(f, &biov, 1, 65536, NULL);
		for (i = 0; i < 65536; i++)
			sum |= back[i];
		is(sum, 0, "what was punched reads as zeros");
	} else {
		is(error, EOPNOTSUPP, "this device cannot");
	}

	is(rumpuser_pwritev(f, &iov, 1, 0, NULL), 0, "write");
	is(rumpuser_file_tmp(scratch_dir(), &out), 0, "a file");
	error = rumpuser_copyrange(f, 0, out, 0, sizeof(data), &copied);
	if (error == 0) {
		is(copied, sizeof(data), "copied from a device");
		rumpuser_preadv(out, &biov, 1, 0, NULL);
		ok(memcmp(data, back, sizeof(data)) == 0, "the same");
	} else {
		is(error, EOPNOTSUPP, "this host cannot");
	}
	rumpuser_file_close(out);
	rumpuser_file_close(f);
}

int
main(void)
{
	struct rumpuser_fileinfo fi;
	char path[PATH_MAX];
	int fd;

	scratch_file(path, "backing", "", 0);
	if (truncate(path, SIZE) != 0)
		bail("truncate");
	fd = loop_bind(path, false);
	if (fd < 0)
		skip_all("no loop devices for us");
	what_it_is();
	claims();
	bytes();
	close(fd);

	fd = loop_bind(path, true);
	ok(fd >= 0 && rumpuser_path_info(loop, &fi) == 0 && fi.fi_readonly,
	    "a read-only device says so");
	close(fd);
	return done();
}
