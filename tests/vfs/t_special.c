/* SPDX-License-Identifier: BSD-2-Clause */
/* Unnamed files, exchange of data, makeat, handles, inodes, run maps, copies. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "unit/scratch.h"
#include "vt.h"

#define M (1024u * 1024u)

static char buf[M], want[M];

static void
t_tmpfile(void)
{
	struct rump_stat st;
	int fd, fd2;

	const char *d = vt_subdir("d");

	fd = rump_sys_open(d, O_RW | RUMP_O_TMPFILE, 0640);
	ok(fd >= 0, "O_TMPFILE");
	FAIL(rump_sys_open(d, O_RD | RUMP_O_TMPFILE, 0640), RUMP_EINVAL);
	OK(rump_sys_fstat(fd, &st));
	is(st.st_nlink, 0, "no links");
	if (vt_can(RUMP_CAP_MODES))
		is(st.st_mode, RUMP_S_IFREG | 0640, "mode");
	is(vt_count(d), 0, "no name");
	is(rump_sys_write(fd, "unnamed", 7), 7, "write");
	OK(rump_sys_flink(fd, FDCWD, vt_in(d, "named")));
	OK(rump_sys_fstat(fd, &st));
	is(st.st_nlink, 1, "one link");
	vt_has(vt_in(d, "named"), "unnamed");
	FAIL(rump_sys_flink(fd, FDCWD, vt_in(d, "named")), RUMP_EEXIST);
	OK(rump_sys_close(fd));
	fd2 = (int)MUST(rump_sys_open(".", O_RW | RUMP_O_TMPFILE, 0600));
	vt_pattern(buf, 0, 200000, 1);
	MUST(rump_sys_write(fd2, buf, 200000));
	OK(rump_sys_close(fd2)); /* gone without a trace: e2fsck looks */
	fd2 = (int)MUST(rump_sys_open(".", O_RW | RUMP_O_TMPFILE, 0600));
	OK(rump_sys_linkat(fd2, "", FDCWD, "byat", RUMP_AT_EMPTY_PATH));
	OK(rump_sys_close(fd2));
	ok(vt_exists("byat"), "linkat with an empty path");
	vt_remount(0);
	vt_has(vt_in(d, "named"), "unnamed");
	vt_put("f", "x");
	FAIL(rump_sys_open("f", O_RW | RUMP_O_TMPFILE, 0600), RUMP_ENOTDIR);
}

static void
t_exchange(void)
{
	struct rump_stat a, b, a2, b2;
	int fa, fb;

	vt_putpattern("a", 300000, 1);
	vt_putpattern("b", 70001, 2);
	OK(rump_sys_chmod("a", 0600));
	OK(rump_sys_chown("b", 5, 6));
	fa = (int)MUST(rump_sys_open("a", O_RW, 0));
	fb = (int)MUST(rump_sys_open("b", O_RW, 0));
	OK(rump_sys_fstat(fa, &a));
	OK(rump_sys_fstat(fb, &b));
	OK(rump_sys_exchangedata(fa, fb));
	OK(rump_sys_fstat(fa, &a2));
	OK(rump_sys_fstat(fb, &b2));
	ok(a2.st_ino == a.st_ino && a2.st_mode == a.st_mode &&
		b2.st_ino == b.st_ino && b2.st_uid == 5,
	    "inode, mode, owner stay");
	ok(a2.st_size == b.st_size && b2.st_size == a.st_size, "sizes");
	ok(a2.st_blocks == b.st_blocks && b2.st_blocks == a.st_blocks,
	    "blocks");
	ok(vt_haspattern("a", 70001, 2) && vt_haspattern("b", 300000, 1),
	    "content");
	OK(rump_sys_exchangedata(fa, fa));
	OK(rump_sys_close(fb));
	FAIL(rump_sys_exchangedata(fa, fb), RUMP_EBADF);
	fb = (int)MUST(rump_sys_open("b", O_RD, 0));
	FAIL(rump_sys_exchangedata(fa, fb), RUMP_EBADF);
	OK(rump_sys_close(fb));
	/* what overwriting does: new data in a file without a name */
	fb = (int)MUST(rump_sys_open(".", O_RW | RUMP_O_TMPFILE, 0600));
	MUST(rump_sys_write(fb, "replaced", 8));
	OK(rump_sys_exchangedata(fa, fb));
	OK(rump_sys_close(fb));
	OK(rump_sys_close(fa));
	vt_remount(0);
	vt_has("a", "replaced");
	ok(vt_haspattern("b", 300000, 1), "b stays");
	int other = (int)MUST(rump_sys_open("/x", O_CR, 0644));
	fa = (int)MUST(rump_sys_open("a", O_RW, 0));
	FAIL(rump_sys_exchangedata(fa, other), RUMP_EXDEV);
	OK(rump_sys_close(fa));
	OK(rump_sys_close(other));
}

static void
t_makeat(void)
{
	struct rump_setattr sa = {
	    .sa_mask = RUMP_SA_MODE | RUMP_SA_UID | RUMP_SA_GID |
		RUMP_SA_MTIME | RUMP_SA_ATIME,
	    .sa_mode = 02755,
	    .sa_uid = 7,
	    .sa_gid = 8,
	    .sa_mtime = {1000, 0, 0},
	    .sa_atime = {2000, 0, 0},
	};
	struct rump_stat st;
	char target[20];
	int fd;

	rump_sys_umask(077);
	OK(rump_sys_makeat(
	    FDCWD, "d", RUMP_S_IFDIR | 0755, 0, NULL, &sa, 0, &st));
	is(st.st_mode, RUMP_S_IFDIR | 02755, "no umask");
	ok(st.st_uid == 7 && st.st_gid == 8, "owner");
	ok(st.st_mtim.tv_sec == 1000 && st.st_atim.tv_sec == 2000, "times");
	is(st.st_ino, vt_ino("d"), "what was made");
	FAIL(rump_sys_makeat(
		 FDCWD, "d", RUMP_S_IFREG | 0644, 0, NULL, NULL, 0, NULL),
	    RUMP_EEXIST);
	fd = rump_sys_makeat(FDCWD, "f", RUMP_S_IFREG | 0466, 0, NULL, NULL,
	    O_RW | RUMP_MAKE_OPEN, &st);
	ok(fd >= 0, "made and open");
	is(st.st_mode, RUMP_S_IFREG | 0466, "mode as given");
	is(rump_sys_write(fd, "x", 1), 1, "written");
	OK(rump_sys_close(fd));
	OK(rump_sys_makeat(
	    FDCWD, "l", RUMP_S_IFLNK | 0777, 0, "to/there", &sa, 0, NULL));
	is(rump_sys_readlink("l", target, 20), 8, "a symlink");
	OK(rump_sys_makeat(FDCWD, "n", RUMP_S_IFCHR | 0600, RUMP_MAKEDEV(4, 5),
	    NULL, &sa, 0, &st));
	is(st.st_rdev, RUMP_MAKEDEV(4, 5), "a device");
	OK(rump_sys_makeat(
	    FDCWD, "p", RUMP_S_IFIFO | 0600, 0, NULL, NULL, 0, NULL));
	OK(rump_sys_makeat(
	    FDCWD, "s", RUMP_S_IFSOCK | 0600, 0, NULL, NULL, 0, NULL));
	FAIL(rump_sys_makeat(FDCWD, "z", 0644, 0, NULL, NULL, 0, NULL),
	    RUMP_EINVAL);
	FAIL(rump_sys_makeat(
		 FDCWD, "z", RUMP_S_IFLNK | 0777, 0, NULL, NULL, 0, NULL),
	    RUMP_EFAULT);
	sa.sa_mask |= RUMP_SA_CTIME;
	FAIL(rump_sys_makeat(
		 FDCWD, "z", RUMP_S_IFREG | 0644, 0, NULL, &sa, 0, NULL),
	    RUMP_EPERM);
	ok(!vt_exists("z"), "nothing was made");
	rump_sys_umask(0);
	vt_remount(0);
	OK(rump_sys_lstat("l", &st));
	ok(st.st_uid == 7 && st.st_mtim.tv_sec == 1000,
	    "a symlink's owner, time");
}

static void
t_handles(void)
{
	struct rump_fhandle fh, dir;
	char c[8] = "";
	int fd;

	vt_put("f", "content");
	OK(rump_sys_getfh("f", &fh));
	OK(rump_sys_getfh(".", &dir));
	OK(rump_sys_rename("f", "elsewhere"));
	fd = rump_sys_fhopen(&fh, O_RD);
	ok(fd >= 0, "opened by handle");
	is(rump_sys_read(fd, c, 7), 7, "read");
	is_str(c, "content", "the same file");
	OK(rump_sys_close(fd));
	fd = rump_sys_fhopen(&dir, O_RD | RUMP_O_DIRECTORY);
	ok(fd >= 0, "a directory's");
	OK(rump_sys_close(fd));
	OK(rump_sys_unlink("elsewhere"));
	FAIL(rump_sys_fhopen(&fh, O_RD), RUMP_ESTALE);
	for (int i = 0; i < 20; i++) { /* the number is used again, perhaps */
		char name[8];

		snprintf(name, sizeof(name), "n%d", i);
		vt_put(name, "other");
	}
	FAIL(rump_sys_fhopen(&fh, O_RD), RUMP_ESTALE);
	fh.fh_ino = UINT64_MAX;
	FAIL(rump_sys_fhopen(&fh, O_RD), RUMP_ESTALE);
	fh.fh_fsid = 9999;
	FAIL(rump_sys_fhopen(&fh, O_RD), RUMP_ESTALE);
	FAIL(rump_sys_fhopen(NULL, O_RD), RUMP_EFAULT);
}

static void
t_inodes(void)
{
	struct rump_inode_info ri;
	uint64_t ino = 0, a, b;
	int seen = 0, n = 0, error;

	vt_put("a", "x");
	vt_put("b", "x");
	OK(rump_sys_unlink("a"));
	vt_put("c", "12345");
	a = vt_ino("b");
	b = vt_ino("c");
	OK(rump_sys_sync());
	while ((error = -rump_sys_inodes(".", &ino, 0, &ri)) == 0) {
		n++;
		if (ri.ri_ino == a || ri.ri_ino == b)
			seen++;
		if (ri.ri_ino == b)
			is(ri.ri_stat.st_size, 5, "attributes");
	}
	is(error, RUMP_ENOENT, "the end");
	is(seen, 2, "both files");
	ok(n >= 3, "and the root (%d)", n);
}

static void
t_runmap(void)
{
	struct rump_run runs[100];
	uint64_t end = 0, direct = 0, blk, hole = 0;
	struct rump_stat st;
	char raw[512];
	int fd, n, host;

	fd = (int)MUST(rump_sys_open("f", O_CR, 0644));
	OK(rump_sys_fstat(fd, &st));
	blk = st.st_blksize;
	for (uint64_t off = 0; off < 20 * blk; off += 4 * blk) {
		vt_pattern(buf, off, blk, 6);
		MUST(rump_sys_pwrite(fd, buf, blk, off));
	}
	OK(rump_sys_fsync(fd));
	n = (int)MUST(rump_sys_runmap(fd, 0, UINT64_MAX, runs, 100));
	ok(n >= 9, "%d runs", n);
	for (int i = 0; i < n; i++) {
		is(runs[i].r_off, end, "run %d follows", i);
		end = runs[i].r_off + runs[i].r_len;
		if (runs[i].r_kind == RUMP_RUN_HOLE)
			hole += runs[i].r_len;
		else
			direct += runs[i].r_len;
	}
	is(end, 17 * blk, "to the end of the file");
	is(direct, 5 * blk, "data");
	is(hole, 12 * blk, "holes");
	is(rump_sys_runmap(fd, 0, UINT64_MAX, runs, 2), 2, "two only");
	is(rump_sys_runmap(fd, 17 * blk, 10, runs, 2), 0, "past the end");
	if (vt_fs->fs_format != NULL) {
		/* the bytes are where it says */
		host = open(vt_image(), O_RDONLY);
		is(runs[0].r_kind, RUMP_RUN_DIRECT, "direct");
		is(pread(host, raw, 512, (off_t)runs[0].r_hostoff), 512,
		    "read");
		vt_pattern(buf, 0, 512, 6);
		is(memcmp(raw, buf, 512), 0, "the same bytes on the host");
		close(host);
	}
	OK(rump_sys_close(fd));
}

/* ---- copies --------------------------------------------------------------------- */

static void
t_copyhost(void)
{
	const uint64_t size = 3 * M + 321;
	char path[PATH_MAX], path2[PATH_MAX];
	struct rumpuser_file *hf, *hf2;
	struct rump_stat st;
	struct stat hst;
	int fd, h;

	/* a host file with data, a hole, data */
	h = open(scratch_path(path, "src"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	vt_pattern(buf, 0, M, 3);
	is(pwrite(h, buf, M, 0), M, "host data");
	vt_pattern(buf, 2 * M, M, 3);
	is(pwrite(h, buf, M, 2 * M), M, "host data");
	is(pwrite(h, "end", 3, (off_t)size - 3), 3, "host data");
	close(h);
	MUST(-rumpuser_file_open(path, RUMPUSER_OPEN_RDONLY, &hf));
	fd = (int)MUST(rump_sys_open("f", O_CR, 0644));
	is(rump_sys_copyfromhost(fd, 0, hf, 0, UINT64_MAX), size, "all of it");
	OK(rump_sys_fstat(fd, &st));
	is(st.st_size, size, "size");
	if ((vt_caps.fc_flags & RUMP_CAP_HOLES) != 0)
		ok(st.st_blocks * 512 < size - M / 2, "the hole is a hole");
	is(rump_sys_pread(fd, want, M, 2 * M), M, "read");
	is(memcmp(buf, want, M), 0, "content");
	/* and out again */
	h = open(scratch_path(path2, "dst"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	close(h);
	MUST(-rumpuser_file_open(path2, RUMPUSER_OPEN_RDWR, &hf2));
	is(rump_sys_copytohost(fd, 0, hf2, 0, UINT64_MAX), size, "all of it");
	snprintf(want, sizeof(want), "cmp %s %s", path, path2);
	is(system(want), 0, "the same file");
	stat(path2, &hst);
	is(hst.st_size, size, "size");
	if (vt_can(RUMP_CAP_HOLES))
		ok((uint64_t)hst.st_blocks * 512 < size - M / 2,
		    "with its hole");
	/* a piece into the middle */
	is(rump_sys_copyfromhost(fd, 100, hf, 2 * M + 7, 5000), 5000,
	    "a piece");
	is(rump_sys_pread(fd, want, 5000, 100), 5000, "read");
	is(memcmp(want, buf + 7, 5000), 0, "where it belongs");
	is(rump_sys_copyfromhost(fd, 0, hf, size, 100), 0, "past its end");
	OK(rump_sys_close(fd));
	FAIL(rump_sys_copyfromhost(fd, 0, hf, 0, 1), RUMP_EBADF);
	fd = (int)MUST(rump_sys_open("f", O_RD, 0));
	FAIL(rump_sys_copyfromhost(fd, 0, hf, 0, 1), RUMP_EBADF);
	rump_pub_interrupt();
	FAIL(rump_sys_copytohost(fd, 0, hf2, 0, 1), RUMP_EINTR);
	rump_pub_interrupt_clear();
	OK(rump_sys_close(fd));
	rumpuser_file_close(hf);
	rumpuser_file_close(hf2);
}

static void
t_copyrange(void)
{
	struct rump_stat st;
	int a, b;

	vt_putpattern("a", 700001, 9);
	a = (int)MUST(rump_sys_open("a", O_RW, 0));
	OK(rump_sys_ftruncate(a, 2 * M));
	b = (int)MUST(rump_sys_open("b", O_CR, 0644));
	is(rump_sys_copy_file_range(a, 0, b, 0, UINT64_MAX), 2 * M, "whole");
	OK(rump_sys_fstat(b, &st));
	is(st.st_size, 2 * M, "size");
	is(rump_sys_pread(b, want, M, 0), M, "read");
	vt_pattern(buf, 0, 700001, 9);
	memset(buf + 700001, 0, M - 700001);
	is(memcmp(buf, want, M), 0, "content");
	if ((vt_caps.fc_flags & RUMP_CAP_HOLES) != 0)
		ok(st.st_blocks * 512 < M, "the hole stays one");
	is(rump_sys_copy_file_range(a, 10, b, 100, 1000), 1000, "a piece");
	is(rump_sys_pread(b, want, 1000, 100), 1000, "read");
	is(memcmp(buf + 10, want, 1000), 0, "moved");
	FAIL(rump_sys_copy_file_range(a, 0, a, 10, 100), RUMP_EINVAL);
	is(rump_sys_copy_file_range(a, 0, a, 1500000, 1000), 1000,
	    "within one file");
	is(rump_sys_pread(a, want, 1000, 1500000), 1000, "read");
	is(memcmp(buf, want, 1000), 0, "content");
	is(rump_sys_copy_file_range(a, 3 * M, b, 0, 10), 0, "past the end");
	/* to another file system and back */
	int c = (int)MUST(rump_sys_open("/c", O_CR, 0644));
	is(rump_sys_copy_file_range(a, 0, c, 0, 700001), 700001, "to /");
	ok(vt_haspattern("/c", 700001, 9), "content");
	int d = (int)MUST(rump_sys_open("d", O_CR, 0644));
	is(rump_sys_copy_file_range(c, 0, d, 0, UINT64_MAX), 700001,
	    "and back");
	ok(vt_haspattern("d", 700001, 9), "content");
	OK(rump_sys_close(a));
	OK(rump_sys_close(b));
	OK(rump_sys_close(c));
	OK(rump_sys_close(d));
}

/* ^C in the middle of a copy: it ends with EINTR, nothing is half-done below. */
static int copied, copyfd;
static struct rumpuser_file *copyfrom;

static void *
copier(void *arg)
{
	int64_t n;

	(void)arg;
	do {
		n = rump_sys_copyfromhost(copyfd, 0, copyfrom, 0, UINT64_MAX);
		__atomic_add_fetch(&copied, 1, __ATOMIC_RELAXED);
	} while (n > 0);
	return (void *)(intptr_t)n;
}

static void
t_copyinterrupt(void)
{
	char path[PATH_MAX];
	pthread_t t;
	void *ret;
	int h;

	h = open(scratch_path(path, "src"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (int i = 0; i < 16; i++) {
		vt_pattern(buf, (uint64_t)i * M, M, 3);
		is(write(h, buf, M), M, "host data");
	}
	close(h);
	MUST(-rumpuser_file_open(path, RUMPUSER_OPEN_RDONLY, &copyfrom));
	copyfd = (int)MUST(rump_sys_open("f", O_CR, 0644));
	pthread_create(&t, NULL, copier, NULL);
	while (__atomic_load_n(&copied, __ATOMIC_RELAXED) < 2)
		usleep(1000);
	usleep(1500);
	rump_pub_interrupt();
	pthread_join(t, &ret);
	is((intptr_t)ret, -RUMP_EINTR, "the copy says EINTR");
	OK(rump_sys_close(copyfd));
	rump_pub_interrupt_clear();
	ok(vt_haspattern("f", 16 * M, 3), "whole from the round before");
	OK(rump_sys_unlink("f"));
	rumpuser_file_close(copyfrom);
}

/* A fresh image that is being built: all times are the builder's, and content may
 * come behind the kernel's back. */
static void
t_building(void)
{
	struct rump_setattr sa = {
	    .sa_mask = RUMP_SA_MODE | RUMP_SA_ATIME | RUMP_SA_MTIME |
		RUMP_SA_CTIME | RUMP_SA_BTIME,
	    .sa_mode = 0640,
	    .sa_atime = {1000, 0, 0},
	    .sa_mtime = {2000, 0, 0},
	    .sa_ctime = {3000, 0, 0},
	    .sa_btime = {4000, 0, 0},
	};
	const uint64_t size = 300000;
	struct rump_run runs[64];
	struct rump_stat st;
	int fd, n, host;

	vt_remount(RUMP_MNT_BUILDING);
	fd = rump_sys_makeat(FDCWD, "f", RUMP_S_IFREG | 0640, 0, NULL, &sa,
	    O_RW | RUMP_MAKE_OPEN, &st);
	ok(fd >= 0, "made with all its times");
	OK(rump_sys_fallocate(fd, RUMP_FALLOC_FRESH, 0, size));
	n = (int)MUST(rump_sys_runmap(fd, 0, size, runs, 64));
	OK(rump_sys_sync());
	host = open(vt_image(), O_WRONLY);
	for (int i = 0; i < n; i++) {
		is(runs[i].r_kind, RUMP_RUN_DIRECT, "run %d is direct", i);
		vt_pattern(buf, runs[i].r_off, runs[i].r_len, 8);
		is(pwrite(host, buf, runs[i].r_len, (off_t)runs[i].r_hostoff),
		    (ssize_t)runs[i].r_len, "written from outside");
	}
	close(host);
	OK(rump_sys_fstat(fd, &st));
	is(st.st_size, size, "size");
	ok(st.st_mtim.tv_sec == 2000 && st.st_ctim.tv_sec == 3000,
	    "times stay as they were given");
	OK(rump_sys_close(fd));
	OK(rump_sys_setattrat(FDCWD, ".", &sa, 0));
	vt_remount(0);
	ok(vt_haspattern("f", size, 8), "content");
	OK(rump_sys_stat("f", &st));
	ok(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 2000 &&
		st.st_ctim.tv_sec == 3000,
	    "times");
	if ((vt_caps.fc_flags & RUMP_CAP_BIRTHTIME) != 0)
		is(st.st_birthtim.tv_sec, 4000, "birth");
	OK(rump_sys_stat(".", &st));
	is(st.st_ctim.tv_sec, 3000, "the root's");
	FAIL(rump_sys_setattrat(FDCWD, "f", &sa, 0), RUMP_EPERM);
	fd = (int)MUST(rump_sys_open("g", O_CR, 0644));
	FAIL(rump_sys_fallocate(fd, RUMP_FALLOC_FRESH, 0, size), RUMP_EPERM);
	OK(rump_sys_close(fd));
}

const struct vt_case vt_special[] = {
    {.tc_name = "tmpfile", .tc_run = t_tmpfile, .tc_caps = RUMP_CAP_TMPFILE},
    {.tc_name = "exchangedata",
	.tc_run = t_exchange,
	.tc_caps = RUMP_CAP_TMPFILE | RUMP_CAP_OWNERS},
    {.tc_name = "makeat",
	.tc_run = t_makeat,
	.tc_caps = RUMP_CAP_OWNERS | RUMP_CAP_MODES | RUMP_CAP_DEVICES},
    {.tc_name = "handles",
	.tc_run = t_handles,
	.tc_caps = RUMP_CAP_SUBDIRS | RUMP_CAP_STABLE_INO},
    {.tc_name = "inodes", .tc_run = t_inodes, .tc_caps = RUMP_CAP_STABLE_INO},
    {.tc_name = "runmap", .tc_run = t_runmap, .tc_caps = RUMP_CAP_HOLES},
    {.tc_name = "copy-host", .tc_run = t_copyhost},
    {.tc_name = "copy-range", .tc_run = t_copyrange},
    {.tc_name = "copy-interrupt", .tc_run = t_copyinterrupt},
    {.tc_name = "building",
	.tc_run = t_building,
	.tc_needs_device = true,
	.tc_caps = RUMP_CAP_ALLOCATE | RUMP_CAP_ATIME | RUMP_CAP_CTIME},
    {.tc_name = NULL},
};
