/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls from several threads at once, each with a process of its own, on
 * rumpfs and on an ext2 image: files of their own with content that is checked,
 * and one shared directory where they get in each other's way on purpose.  With
 * one virtual CPU and with four, with and without checks of lock order; run it
 * under ThreadSanitizer too.
 */
#include "unit/child.h"

#include <rump/rump_syscalls.h>

#define NTHREADS 4
#define ROUNDS	 60
#define BIG	 20000 /* bytes: some I/O gives the CPU back */

static const char *top;
static char image[64];

static void
fill(unsigned char *buf, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		buf[i] = (unsigned char)(seed >> 16);
	}
}

/* A file that no other thread touches: what is written is read back. */
static void
own_file(unsigned id, unsigned round)
{
	unsigned char out[BIG], in[BIG];
	char name[80], other[80];
	struct rump_stat st;
	size_t n = 1 + (round * 977 + id * 31) % (BIG - 1);
	int fd;

	snprintf(name, sizeof(name), "%s/t%u-%u", top, id, round % 7);
	snprintf(other, sizeof(other), "%s/t%u-%u.new", top, id, round % 7);
	fill(out, n, id * 1000 + round);
	fd = rump_sys_open(
	    name, RUMP_O_RDWR | RUMP_O_CREAT | RUMP_O_TRUNC, 0644);
	CHECK(fd >= 0);
	CHECK(rump_sys_write(fd, out, n / 2) == (int64_t)(n / 2));
	CHECK(rump_sys_pwrite(fd, out + n / 2, n - n / 2, n / 2) ==
	    (int64_t)(n - n / 2));
	CHECK(rump_sys_pread(fd, in, BIG, 0) == (int64_t)n);
	CHECK(memcmp(in, out, n) == 0);
	CHECK(rump_sys_fstat(fd, &st) == 0 && st.st_size == n);
	CHECK(rump_sys_close(fd) == 0);
	CHECK(rump_sys_rename(name, other) == 0);
	CHECK(rump_sys_stat(name, &st) == -RUMP_ENOENT);
	CHECK(rump_sys_stat(other, &st) == 0 && st.st_size == n);
	CHECK(rump_sys_unlink(other) == 0);
}

static bool
one_of(int got, int a, int b, int c)
{
	return got >= 0 || got == -a || got == -b || got == -c;
}

/* A few names that all threads make, rename, link, list and remove. */
static void
shared_dir(unsigned id, unsigned round)
{
	char a[80], b[80], buf[4096];
	struct rump_stat st;
	int fd, error;

	snprintf(a, sizeof(a), "%s/shared/n%u", top, (id + round) % 5);
	snprintf(b, sizeof(b), "%s/shared/n%u", top, round * 7 % 5);
	switch ((round + id) % 6) {
	case 0:
		fd = rump_sys_open(a, RUMP_O_RDWR | RUMP_O_CREAT, 0644);
		CHECK(one_of(fd, RUMP_EISDIR, RUMP_ENOENT, RUMP_ELOOP));
		if (fd >= 0) {
			CHECK(rump_sys_write(fd, "x", 1) == 1);
			CHECK(rump_sys_close(fd) == 0);
		}
		break;
	case 1:
		error = rump_sys_rename(a, b);
		CHECK(one_of(error, RUMP_ENOENT, RUMP_EISDIR, RUMP_ENOTDIR) ||
		    error == -RUMP_ENOTEMPTY);
		break;
	case 2:
		error = rump_sys_link(a, b);
		CHECK(one_of(error, RUMP_ENOENT, RUMP_EEXIST, RUMP_EPERM));
		break;
	case 3:
		error = rump_sys_unlink(a);
		CHECK(one_of(error, RUMP_ENOENT, RUMP_EISDIR, RUMP_EPERM));
		break;
	case 4:
		error = rump_sys_mkdir(a, 0755);
		CHECK(one_of(error, RUMP_EEXIST, RUMP_ENOENT, RUMP_ENOENT));
		error = rump_sys_rmdir(b);
		CHECK(one_of(error, RUMP_ENOENT, RUMP_ENOTDIR, RUMP_ENOTEMPTY));
		break;
	default:
		snprintf(a, sizeof(a), "%s/shared", top);
		fd = rump_sys_open(a, RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);
		CHECK(fd >= 0);
		while (
		    (error = (int)rump_sys_getdents(fd, buf, sizeof(buf))) > 0)
			continue;
		CHECK(error == 0);
		CHECK(rump_sys_close(fd) == 0);
		error = rump_sys_lstat(b, &st);
		CHECK(one_of(error, RUMP_ENOENT, RUMP_ENOENT, RUMP_ENOENT));
		break;
	}
}

static void *
worker(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg;

	/* half of them share process 1, as programs that do nothing about it */
	if (id % 2 == 0)
		CHECK(rump_pub_lwproc_rfork(RUMP_RFCFDG) == 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		own_file(id, round);
		for (unsigned i = 0; i < 5; i++)
			shared_dir(id, round * 5 + i);
	}
	if (id % 2 == 0)
		rump_pub_lwproc_releaselwp();
	return NULL;
}

static void
run_all(const char *where)
{
	pthread_t t[NTHREADS];
	char dir[80];

	top = where;
	snprintf(dir, sizeof(dir), "%s/shared", top);
	CHECK(rump_sys_mkdir(dir, 0755) == 0);
	for (uintptr_t i = 0; i < NTHREADS; i++)
		if (pthread_create(&t[i], NULL, worker, (void *)i) != 0)
			bail("pthread_create failed");
	for (unsigned i = 0; i < NTHREADS; i++)
		pthread_join(t[i], NULL);
}

static void
on_rumpfs(void)
{
	CHECK(rump_sys_mkdir("/work", 0755) == 0);
	run_all("/work");
}

static void
on_ext2(void)
{
	struct rump_blkdesc layer = {.bl_kind = RUMP_BLK_FILE};
	const char *devs[] = {"disk"};

	CHECK(
	    rumpuser_file_open(image, RUMPUSER_OPEN_RDWR, &layer.bl_file) == 0);
	CHECK(rump_pub_blkdev_create("disk", &layer, 1) == 0);
	rumpuser_file_close(layer.bl_file);
	CHECK(rump_sys_mkdir("/mnt", 0755) == 0);
	CHECK(rump_sys_mount("ext2", "/mnt", 0, devs, 1, NULL) == 0);
	run_all("/mnt");
	CHECK(rump_sys_unmount("/mnt", 0) == 0);
	CHECK(rump_pub_blkdev_destroy("disk") == 0);
}

static bool
make_image(void)
{
	char cmd[256];
	int fd;

	strcpy(image, "/tmp/sys_threads.XXXXXX");
	fd = mkstemp(image);
	if (fd == -1)
		return false;
	close(fd);
	snprintf(cmd, sizeof(cmd),
	    "PATH=$PATH:/sbin:/usr/sbin mke2fs -q -F -t ext2 %s 16m", image);
	return system(cmd) == 0;
}

static bool
image_clean(void)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd),
	    "PATH=$PATH:/sbin:/usr/sbin e2fsck -fn %s >&2", image);
	return system(cmd) == 0;
}

static const struct param up[] = {{"RUMP_NCPU", "1"}, {NULL, NULL}};
static const struct param mp[] = {{"RUMP_NCPU", "4"}, {NULL, NULL}};
static const struct param debug[] = {
    {"RUMP_NCPU", "1"}, {"RUMP_DEBUG", "1"}, {NULL, NULL}};
static const struct param mpdebug[] = {
    {"RUMP_NCPU", "4"}, {"RUMP_DEBUG", "1"}, {NULL, NULL}};

int
main(void)
{
	static const struct {
		const char *name;
		const struct param *params;
	} forms[] = {{"one CPU", up}, {"four CPUs", mp},
	    {"one CPU, checks", debug}, {"four CPUs, checks", mpdebug}};
	char what[80];

	for (unsigned f = 0; f < 4; f++) {
		snprintf(what, sizeof(what), "rumpfs, %s", forms[f].name);
		child_ok(forms[f].params, on_rumpfs, what);
		snprintf(what, sizeof(what), "ext2, %s", forms[f].name);
		if (!make_image())
			skip(2, "no mke2fs");
		else {
			child_ok(forms[f].params, on_ext2, what);
			ok(image_clean(), "... and e2fsck finds it clean");
		}
		unlink(image);
	}
	return done();
}
