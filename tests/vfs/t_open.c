/* SPDX-License-Identifier: BSD-2-Clause */
/* open(2), close(2), dup(2). */
#include "vt.h"

static void
t_flags(void)
{
	struct rump_stat st;
	int fd, fd2;

	FAIL(rump_sys_open("none", O_RD, 0), RUMP_ENOENT);
	FAIL(rump_sys_open("", O_RD, 0), RUMP_ENOENT);
	FAIL(rump_sys_open(NULL, O_RD, 0), RUMP_EFAULT);
	FAIL(rump_sys_open("x", 3, 0), RUMP_EINVAL);
	fd = rump_sys_open("f", O_CR, 0640);
	ok(fd >= 0, "create");
	OK(rump_sys_fstat(fd, &st));
	if (vt_can(RUMP_CAP_MODES))
		is(st.st_mode, RUMP_S_IFREG | 0640, "mode of the new file");
	is(st.st_size, 0, "is empty");
	is(st.st_nlink, 1, "has one link");
	is(rump_sys_write(fd, "hello", 5), 5, "write");
	FAIL(rump_sys_open("f", O_CR | RUMP_O_EXCL, 0), RUMP_EEXIST);
	fd2 = rump_sys_open("f", O_CR, 0);
	ok(fd2 >= 0 && fd2 != fd, "O_CREAT of what is there opens it");
	OK(rump_sys_close(fd2));
	vt_has("f", "hello");
	fd2 = rump_sys_open("f", O_WR | RUMP_O_TRUNC, 0);
	OK(rump_sys_fstat(fd, &st));
	is(st.st_size, 0, "O_TRUNC empties it");
	char c;
	FAIL(rump_sys_read(fd2, &c, 1), RUMP_EBADF);
	OK(rump_sys_close(fd2));
	fd2 = rump_sys_open("f", O_RD, 0);
	FAIL(rump_sys_write(fd2, "x", 1), RUMP_EBADF);
	FAIL(rump_sys_ftruncate(fd2, 0), RUMP_EINVAL);
	OK(rump_sys_close(fd2));
	FAIL(rump_sys_close(fd2), RUMP_EBADF);
	FAIL(rump_sys_close(-1), RUMP_EBADF);
	FAIL(rump_sys_close(1 << 20), RUMP_EBADF);
	OK(rump_sys_close(fd));
}

static void
t_directories(void)
{
	char c;
	int fd;

	OK(rump_sys_mkdir("d", 0755));
	FAIL(rump_sys_open("d", O_WR, 0), RUMP_EISDIR);
	FAIL(rump_sys_open("d", O_CR, 0), RUMP_EISDIR);
	FAIL(rump_sys_open("d", O_RD | RUMP_O_TRUNC, 0), RUMP_EISDIR);
	FAIL(rump_sys_open(".", O_CR, 0), RUMP_EISDIR);
	FAIL(rump_sys_open("new/", O_CR, 0644), RUMP_EISDIR);
	ok(!vt_exists("new"), "nothing was made");
	fd = rump_sys_open("d", O_RD, 0);
	ok(fd >= 0, "a directory opens for reading");
	FAIL(rump_sys_read(fd, &c, 1), RUMP_EISDIR);
	FAIL(rump_sys_write(fd, &c, 1), RUMP_EBADF);
	OK(rump_sys_close(fd));
	vt_put("f", "x");
	FAIL(rump_sys_open("f", O_RD | RUMP_O_DIRECTORY, 0), RUMP_ENOTDIR);
	FAIL(rump_sys_open("f/", O_RD, 0), RUMP_ENOTDIR);
	FAIL(rump_sys_open("f/x", O_RD, 0), RUMP_ENOTDIR);
	FAIL(rump_sys_open("f/x", O_CR, 0), RUMP_ENOTDIR);
}

static void
t_symlinks(void)
{
	int fd;

	OK(rump_sys_symlink("target", "l"));
	FAIL(rump_sys_open("l", O_RD, 0), RUMP_ENOENT);
	FAIL(rump_sys_open("l", O_RD | RUMP_O_NOFOLLOW, 0), RUMP_ELOOP);
	FAIL(rump_sys_open("l", O_CR | RUMP_O_EXCL, 0644), RUMP_EEXIST);
	fd = rump_sys_open("l", O_CR, 0644);
	ok(fd >= 0, "O_CREAT makes what the link leads to");
	if (fd >= 0)
		OK(rump_sys_close(fd));
	ok(vt_exists("target"), "target is there");
	FAIL(rump_sys_open("l", O_CR | RUMP_O_NOFOLLOW, 0), RUMP_ELOOP);
	fd = rump_sys_open("l", RUMP_O_PATH | RUMP_O_NOFOLLOW, 0);
	ok(fd >= 0, "O_PATH names the link itself");
	if (fd >= 0) {
		struct rump_stat st;

		OK(rump_sys_fstat(fd, &st));
		is(st.st_mode & RUMP_S_IFMT, RUMP_S_IFLNK, "a symlink");
		FAIL(rump_sys_fchmod(fd, 0), RUMP_EBADF);
		OK(rump_sys_close(fd));
	}
}

static void
t_path(void)
{
	char c;
	int dfd, fd;

	OK(rump_sys_mkdir("d", 0755));
	vt_put("d/f", "in d");
	dfd = (int)MUST(rump_sys_open("d", RUMP_O_PATH, 0));
	fd = rump_sys_openat(dfd, "f", O_RD, 0);
	ok(fd >= 0, "openat from an O_PATH directory");
	is(rump_sys_read(fd, &c, 1), 1, "read");
	OK(rump_sys_close(fd));
	FAIL(rump_sys_getdents(dfd, &c, 1), RUMP_EBADF);
	fd = (int)MUST(rump_sys_open("d/f", RUMP_O_PATH, 0));
	FAIL(rump_sys_read(fd, &c, 1), RUMP_EBADF);
	FAIL(rump_sys_openat(fd, "x", O_RD, 0), RUMP_ENOTDIR);
	OK(rump_sys_close(fd));
	FAIL(rump_sys_openat(99, "f", O_RD, 0), RUMP_EBADF);
	fd = rump_sys_openat(99, MNT "/d/f", O_RD, 0);
	ok(fd >= 0, "an absolute path needs no descriptor");
	OK(rump_sys_close(fd));
	OK(rump_sys_close(dfd));
}

static void
t_special_nodes(void)
{
	OK(rump_sys_mkfifo("fifo", 0600));
	OK(rump_sys_mknod("sock", RUMP_S_IFSOCK | 0600, 0));
	OK(rump_sys_mknod("null", RUMP_S_IFCHR | 0666, RUMP_MAKEDEV(1, 3)));
	FAIL(rump_sys_open("fifo", O_RD, 0), RUMP_ENXIO);
	FAIL(rump_sys_open("sock", O_RD, 0), RUMP_ENXIO);
	FAIL(rump_sys_open("null", O_RD, 0), RUMP_ENXIO);
	FAIL(rump_sys_truncate("fifo", 0), RUMP_EINVAL);
}

static void
t_dup(void)
{
	char buf[4];
	int fd, fd2, fds[200];

	vt_put("f", "0123456789");
	fd = (int)MUST(rump_sys_open("f", O_RD, 0));
	fd2 = rump_sys_dup(fd);
	ok(fd2 > fd, "dup");
	is(rump_sys_read(fd, buf, 4), 4, "read through one");
	is(rump_sys_lseek(fd2, 0, RUMP_SEEK_CUR), 4, "the other's offset");
	OK(rump_sys_close(fd));
	is(rump_sys_read(fd2, buf, 4), 4, "open as long as one is");
	is(memcmp(buf, "4567", 4), 0, "the next four bytes");
	OK(rump_sys_close(fd2));
	FAIL(rump_sys_dup(fd2), RUMP_EBADF);
	for (int i = 0; i < 200; i++)
		fds[i] = (int)MUST(rump_sys_open("f", O_RD, 0));
	is(fds[199] - fds[0], 199, "descriptors are the lowest free ones");
	OK(rump_sys_close(fds[50]));
	is(rump_sys_open("f", O_RD, 0), fds[50], "a hole is used first");
	for (int i = 0; i < 200; i++)
		MUST(rump_sys_close(fds[i]));
}

static void
t_interrupt(void)
{
	struct rump_stat st;
	int fd = (int)MUST(rump_sys_open("f", O_CR, 0644));
	char c = 'x';

	rump_pub_interrupt();
	FAIL(rump_sys_write(fd, &c, 1), RUMP_EINTR);
	FAIL(rump_sys_stat("f", &st), RUMP_EINTR);
	FAIL(rump_sys_mkdir("d", 0755), RUMP_EINTR);
	OK(rump_sys_close(fd));
	rump_pub_interrupt_clear();
	OK(rump_sys_stat("f", &st));
	is(st.st_size, 0, "nothing was written");
	ok(!vt_exists("d"), "nothing was made");
}

/* No address at all, wherever one is wanted: EFAULT, and nothing happens. */
static void
t_addresses(void)
{
	char buf[64];
	struct rump_stat st;
	uint64_t n = 0;
	int fd;

	vt_put("f", "0123456789");
	OK(rump_sys_symlink("f", "l"));
	fd = (int)MUST(rump_sys_open("f", O_RW, 0));
	FAIL(rump_sys_read(fd, NULL, 5), RUMP_EFAULT);
	FAIL(rump_sys_pread(fd, NULL, 5, 2), RUMP_EFAULT);
	FAIL(rump_sys_write(fd, NULL, 5), RUMP_EFAULT);
	FAIL(rump_sys_pwrite(fd, NULL, 5, 100000), RUMP_EFAULT);
	FAIL(rump_sys_readv(fd, NULL, 2), RUMP_EFAULT);
	is(rump_sys_lseek(fd, 0, RUMP_SEEK_CUR), 0, "the offset stays");
	OK(rump_sys_fstat(fd, &st));
	is(st.st_size, 10, "so does the size");
	FAIL(rump_sys_fstat(fd, NULL), RUMP_EFAULT);
	FAIL(rump_sys_stat(NULL, &st), RUMP_EFAULT);
	FAIL(rump_sys_stat("f", NULL), RUMP_EFAULT);
	FAIL(rump_sys_readlink("l", NULL, 10), RUMP_EFAULT);
	FAIL(rump_sys_mkdir(NULL, 0755), RUMP_EFAULT);
	FAIL(rump_sys_rmdir(NULL), RUMP_EFAULT);
	FAIL(rump_sys_unlink(NULL), RUMP_EFAULT);
	FAIL(rump_sys_link("f", NULL), RUMP_EFAULT);
	FAIL(rump_sys_link(NULL, "g"), RUMP_EFAULT);
	FAIL(rump_sys_symlink(NULL, "g"), RUMP_EFAULT);
	FAIL(rump_sys_symlink("x", NULL), RUMP_EFAULT);
	FAIL(rump_sys_rename("f", NULL), RUMP_EFAULT);
	FAIL(rump_sys_rename(NULL, "g"), RUMP_EFAULT);
	FAIL(rump_sys_mknod(NULL, RUMP_S_IFREG, 0), RUMP_EFAULT);
	FAIL(rump_sys_chmod(NULL, 0), RUMP_EFAULT);
	FAIL(rump_sys_chown(NULL, 0, 0), RUMP_EFAULT);
	FAIL(rump_sys_truncate(NULL, 0), RUMP_EFAULT);
	FAIL(rump_sys_access(NULL, 0), RUMP_EFAULT);
	FAIL(rump_sys_chdir(NULL), RUMP_EFAULT);
	FAIL(rump_sys_getcwd(NULL, 100), RUMP_EFAULT);
	FAIL(rump_sys_utimensat(FDCWD, NULL, NULL, 0), RUMP_EFAULT);
	FAIL(rump_sys_setattrat(FDCWD, "f", NULL, 0), RUMP_EFAULT);
	FAIL(rump_sys_makeat(FDCWD, NULL, RUMP_S_IFREG, 0, NULL, NULL, 0, NULL),
	    RUMP_EFAULT);
	FAIL(rump_sys_setxattr("f", NULL, "x", 1, 0), RUMP_EFAULT);
	if ((vt_caps.fc_flags & RUMP_CAP_XATTR) != 0) {
		FAIL(rump_sys_setxattr("f", "user.a", NULL, 1, 0), RUMP_EFAULT);
		OK(rump_sys_setxattr("f", "user.a", NULL, 0, 0));
		OK(rump_sys_setxattr("f", "user.a", "xyz", 3, 0));
		FAIL(rump_sys_getxattr("f", "user.a", NULL, 9), RUMP_EFAULT);
		FAIL(rump_sys_listxattr("f", NULL, 9), RUMP_EFAULT);
	}
	FAIL(rump_sys_statvfs("f", NULL), RUMP_EFAULT);
	FAIL(rump_sys_fscaps("f", NULL), RUMP_EFAULT);
	FAIL(rump_sys_mount("rumpfs", NULL, 0, NULL, 0, NULL), RUMP_EFAULT);
	FAIL(rump_sys_mount("rumpfs", "/", 0, NULL, 1, NULL), RUMP_EFAULT);
	FAIL(rump_sys_unmount(NULL, 0), RUMP_EFAULT);
	FAIL(rump_sys_getfh("f", NULL), RUMP_EFAULT);
	FAIL(rump_sys_runmap(fd, 0, 10, NULL, 4), RUMP_EFAULT);
	FAIL(rump_sys_inodes(".", NULL, 0, NULL), RUMP_EFAULT);
	FAIL(rump_sys_inodes(".", &n, 0, NULL), RUMP_EFAULT);
	FAIL(rump_sys_probe(NULL, NULL), RUMP_EFAULT);
	OK(rump_sys_close(fd));
	vt_has("f", "0123456789");
	is(rump_sys_readlink("l", buf, sizeof(buf)), 1, "all as it was");
	is(vt_count("."), 2, "nothing was made");
}

const struct vt_case vt_open[] = {
    {.tc_name = "open-flags", .tc_run = t_flags},
    {.tc_name = "open-directories",
	.tc_run = t_directories,
	.tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "open-symlinks",
	.tc_run = t_symlinks,
	.tc_caps = RUMP_CAP_SYMLINKS},
    {.tc_name = "open-path", .tc_run = t_path, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "open-special",
	.tc_run = t_special_nodes,
	.tc_caps = RUMP_CAP_DEVICES},
    {.tc_name = "addresses",
	.tc_run = t_addresses,
	.tc_caps = RUMP_CAP_SYMLINKS | RUMP_CAP_LINKS | RUMP_CAP_STABLE_INO},
    {.tc_name = "dup", .tc_run = t_dup},
    {.tc_name = "interrupt", .tc_run = t_interrupt},
    {.tc_name = NULL},
};
