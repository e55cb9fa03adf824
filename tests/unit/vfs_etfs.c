/* SPDX-License-Identifier: BSD-2-Clause */
/* etfs: host files and directories under keys of all five types. */
#include "unit/scratch.h"
#include "unit/tap.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <rump/rump.h>
#include <rump/rump_syscalls.h>
#include <rump/rumpuser.h>

static char filepath[PATH_MAX], dirpath[PATH_MAX];

static void
make_tree(void)
{
	static char data[10000];
	char p[PATH_MAX];

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (char)(i % 251);
	scratch_file(filepath, "plain", data, sizeof(data));
	mkdir(scratch_path(dirpath, "dir"), 0755);
	mkdir(scratch_path(p, "dir/sub"), 0755);
	scratch_file(p, "dir/b", "bee", 3);
	scratch_file(p, "dir/a", "ay", 2);
	scratch_file(p, "dir/sub/deep", "deep down", 9);
	(void)!symlink("sub/deep", scratch_path(p, "dir/link"));
	mkfifo(scratch_path(p, "dir/fifo"), 0644);
}

static int64_t
host_size(void)
{
	struct stat st;

	return stat(filepath, &st) == 0 ? (int64_t)st.st_size : -1;
}

static void
test_reg(void)
{
	struct rump_stat st;
	char b[200];
	int fd;

	is(rump_pub_etfs_register("/far/away/file", filepath, RUMP_ETFS_REG), 0,
	    "REG, parents made");
	is(rump_pub_etfs_register("/far/away/file", filepath, RUMP_ETFS_REG),
	    RUMP_EEXIST, "the key is taken");
	is(rump_sys_stat("/far/away/file", &st), 0, "stat");
	ok((st.st_mode & RUMP_S_IFMT) == RUMP_S_IFREG && st.st_size == 10000,
	    "a regular file of that size");
	fd = rump_sys_open("/far/away/file", RUMP_O_RDWR, 0);
	ok(fd >= 0, "open");
	is(rump_sys_pread(fd, b, 100, 9950), 50, "read up to the end");
	is((uint8_t)b[49], 9999 % 251, "the right bytes");
	is(rump_pub_etfs_remove("/far/away/file"), RUMP_EBUSY, "it is open");
	is(rump_sys_pwrite(fd, "hello", 5, 19995), 5, "write past the end");
	is(host_size(), 20000, "the host's file has grown");
	is(rump_sys_fstat(fd, &st), 0, "fstat");
	is(st.st_size, 20000, "so has ours");
	is(rump_sys_pread(fd, b, 100, 9990), 100, "read over the old end");
	ok(b[9] != 0 && b[10] == 0 && b[99] == 0, "the gap is zeros");
	is(rump_sys_ftruncate(fd, 10000), 0, "truncate");
	is(host_size(), 10000, "the host's too");
	rump_sys_close(fd);
	is(rump_pub_etfs_remove("/far/away/file"), 0, "remove");
	is(rump_sys_stat("/far/away/file", &st), -RUMP_ENOENT, "it is gone");
	is(rump_pub_etfs_remove("/far/away/file"), RUMP_ENOENT, "for good");
	is(host_size(), 10000, "the host's file isn't");
	is(rump_pub_etfs_register("/file", "/nonexistent", RUMP_ETFS_REG),
	    RUMP_ENOENT, "no such host file");
	is(rump_pub_etfs_register("file", filepath, RUMP_ETFS_REG), RUMP_EINVAL,
	    "a relative key");
	is(rump_pub_etfs_register("/file", dirpath, RUMP_ETFS_REG), RUMP_EISDIR,
	    "a directory as a file");
}

static void
test_windows(void)
{
	struct rump_stat st;
	uint8_t b[600];
	int fd;

	is(rump_pub_etfs_register_withsize(
	       "/dev/w", filepath, RUMP_ETFS_BLK, 512, 1024),
	    0, "BLK, a window");
	is(rump_pub_etfs_register_withsize(
	       "/dev/e", filepath, RUMP_ETFS_CHR, 9000, RUMP_ETFS_SIZE_ENDOFF),
	    0, "CHR, to the end");
	is(rump_pub_etfs_register_withsize(
	       "/dev/x", filepath, RUMP_ETFS_BLK, 9000, 1001),
	    RUMP_EINVAL, "a window past the end");
	is(rump_sys_stat("/dev/w", &st), 0, "stat");
	is(st.st_mode & RUMP_S_IFMT, RUMP_S_IFBLK, "a block device");
	is(rump_sys_stat("/dev/e", &st), 0, "stat");
	is(st.st_mode & RUMP_S_IFMT, RUMP_S_IFCHR, "a character device");
	fd = rump_sys_open("/dev/w", RUMP_O_RDWR, 0);
	is(rump_sys_pread(fd, b, 600, 500), 524, "read up to the window's end");
	is(b[0], 1012 % 251, "its bytes");
	is(rump_sys_pwrite(fd, "xyz", 3, 100), 3, "write inside");
	ok(rump_sys_pwrite(fd, "xyz", 3, 1024) < 0, "not behind");
	is(host_size(), 10000, "nothing grew");
	rump_sys_close(fd);
	fd = rump_sys_open("/dev/e", RUMP_O_RDONLY, 0);
	is(rump_sys_pread(fd, b, 600, 900), 100, "up to the file's end");
	rump_sys_close(fd);
	is(rump_pub_etfs_remove("/dev/w"), 0, "remove");
	is(rump_pub_etfs_remove("/dev/e"), 0, "remove");
}

/* Names of a directory, in its order, blanks between. */
static const char *
list(const char *path)
{
	static char out[1000];
	char buf[1024];
	int fd = rump_sys_open(path, RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);
	int64_t n;

	out[0] = '\0';
	while (fd >= 0 && (n = rump_sys_getdents(fd, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n;) {
			struct rump_dirent *de = (struct rump_dirent *)p;

			snprintf(out + strlen(out), sizeof(out) - strlen(out),
			    "%s:%u ", de->d_name, de->d_type);
			p += de->d_reclen;
		}
	rump_sys_close(fd);
	return out;
}

static void
test_dirs(void)
{
	struct rump_stat st, st2;
	char b[20];
	int fd;

	is(rump_pub_etfs_register("/d", dirpath, RUMP_ETFS_DIR), 0, "DIR");
	is(rump_pub_etfs_register("/s/s", dirpath, RUMP_ETFS_DIR_SUBDIRS), 0,
	    "DIR_SUBDIRS");
	is(rump_pub_etfs_register("/f", filepath, RUMP_ETFS_DIR), RUMP_ENOTDIR,
	    "a file as a directory");
	is_str(list("/d"), ".:4 ..:4 a:8 b:8 link:8 ", "files only");
	is_str(list("/s/s"), ".:4 ..:4 a:8 b:8 link:8 sub:4 ",
	    "with its subdirectories");
	is_str(list("/s/s/sub"), ".:4 ..:4 deep:8 ", "below it");
	is(rump_sys_stat("/d/sub", &st), -RUMP_ENOENT, "subdirectories hidden");
	is(rump_sys_stat("/s/s/sub/deep", &st), 0, "stat");
	is(rump_sys_stat("/s/s/sub/../sub/deep", &st2), 0, "over ..");
	ok(st.st_ino == st2.st_ino && st.st_size == 9, "the same file");
	is(rump_sys_stat("/s/s/fifo", &st), -RUMP_ENOENT, "no FIFO");
	is(rump_sys_stat("/s/s/no", &st), -RUMP_ENOENT, "no such file");
	fd = rump_sys_open("/s/s/sub/deep", RUMP_O_RDWR, 0);
	is(rump_sys_read(fd, b, sizeof(b)), 9, "read");
	ok(memcmp(b, "deep down", 9) == 0, "what it says");
	is(rump_sys_write(fd, "!", 1), 1, "write at the end");
	is(rump_pub_etfs_remove("/s/s"), RUMP_EBUSY, "something is open");
	rump_sys_close(fd);
	ok(rump_sys_open("/s/s/new", RUMP_O_CREAT | RUMP_O_RDWR, 0644) < 0,
	    "nothing can be made");
	ok(rump_sys_unlink("/s/s/a") < 0, "nor removed");
	is(rump_pub_etfs_remove("/s/s"), 0, "remove");
	is(rump_sys_stat("/s/s", &st), -RUMP_ENOENT, "its directory went too");
	is(rump_sys_unmount("/d", 0), 0, "unmounted by hand");
	is(rump_pub_etfs_remove("/d"), 0, "the key can still be removed");
}

/* A block key is what a mount takes. */
static void
test_mount(void)
{
	const char *devs[] = {"/dev/disk"};
	char path[PATH_MAX], cmd[PATH_MAX + 100], zeros[4096] = {0};
	struct rump_probe probe;

	scratch_file(path, "disk", zeros, sizeof(zeros));
	is(rump_pub_etfs_register("/dev/disk", path, RUMP_ETFS_BLK), 0, "BLK");
	is(rump_sys_probe("/dev/disk", &probe), -RUMP_ENOENT, "no file system");
	is(rump_sys_mkdir("/mnt", 0755), 0, "a place");
	ok(rump_sys_mount("ext2", "/mnt", 0, devs, 1, NULL) < 0,
	    "zeros don't mount");
	is(rump_pub_etfs_remove("/dev/disk"), 0, "and leave the device free");

	if (truncate(path, 1 << 20) != 0)
		bail("truncate");
	snprintf(cmd, sizeof(cmd), "PATH=$PATH:/sbin:/usr/sbin mke2fs -q -F %s",
	    path);
	if (system(cmd) != 0) {
		skip(7, "no mke2fs");
		return;
	}
	is(rump_pub_etfs_register("/dev/disk", path, RUMP_ETFS_BLK), 0, "BLK");
	is(rump_sys_probe("/dev/disk", &probe), 0, "a file system");
	is_str(probe.rp_type, "ext2", "ext2");
	is(rump_sys_mount("", "/mnt", 0, devs, 1, NULL), 0, "mounted");
	is(rump_pub_etfs_remove("/dev/disk"), RUMP_EBUSY, "in use");
	is(rump_sys_unmount("/mnt", 0), 0, "unmount");
	is(rump_pub_etfs_remove("/dev/disk"), 0, "free again");
}

int
main(void)
{
	if (rump_init() != 0)
		bail("rump_init");
	make_tree();
	test_reg();
	test_windows();
	test_dirs();
	test_mount();
	return done();
}
