/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext2 where it gets narrow: full images, exhausted inodes, processes that are
 * killed with nameless files, features that it hasn't, journals to be replayed,
 * times and devices at the ends of their ranges, cutting an image that was built.
 * mke2fs makes the images, e2fsck and dumpe2fs judge them.
 */
#include <sys/stat.h>

#include <fcntl.h>

#include <rump/rump_syscalls.h>

#include "unit/child.h"
#include "unit/scratch.h"

#define TOOLS "PATH=$PATH:/sbin:/usr/sbin; "

static char lastline[400];

static void
keep_line(void *arg, const char *line)
{
	(void)arg;
	snprintf(lastline, sizeof(lastline), "%s", line);
}

static int
run(const char *fmt, ...)
{
	char cmd[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

static bool
mkfs(const char *options, unsigned kib)
{
	return run(TOOLS
		   "rm -f image; mke2fs -q -F %s image %u >/dev/null 2>&1",
		   options, kib) == 0;
}

static bool
fsck(void)
{
	return run(TOOLS "e2fsck -fn image >log 2>&1 || "
			 "{ sed 's/^/# /' log | head -n 20; false; }") == 0;
}

static int
attach(void)
{
	struct rump_blkdesc desc = {.bl_kind = RUMP_BLK_FILE};
	int error;

	error = rumpuser_file_open("image", RUMPUSER_OPEN_RDWR, &desc.bl_file);
	if (error != 0)
		return error;
	error = rump_pub_blkdev_create("d", &desc, 1);
	rumpuser_file_close(desc.bl_file);
	return error;
}

static int
mount_image(uint32_t flags)
{
	static const char *const devs[] = {"d"};
	int error = attach();

	lastline[0] = '\0';
	if (error == 0)
		error = -rump_sys_mount("ext2", "/mnt", flags, devs, 1, NULL);
	if (error != 0)
		rump_pub_blkdev_destroy("d");
	return error;
}

static int
unmount_image(void)
{
	int error = -rump_sys_unmount("/mnt", 0);

	rump_pub_blkdev_destroy("d");
	return error;
}

/* Write a new file of len bytes; its error. */
static int
put(const char *path, size_t len)
{
	static char bytes[70000];
	int fd = rump_sys_open(path, RUMP_O_RDWR | RUMP_O_CREAT, 0644);
	int64_t n;

	if (fd < 0)
		return -fd;
	memset(bytes, path[strlen(path) - 1], sizeof(bytes));
	n = rump_sys_write(fd, bytes, len);
	rump_sys_close(fd);
	return n == (int64_t)len ? 0 : n < 0 ? (int)-n : RUMP_ENOSPC;
}

/* Do something with rising numbers until it fails; the error. */
static int
until_full(const char *what, int (*fn)(const char *path))
{
	char path[300];
	int error = 0;

	for (unsigned i = 0; error == 0 && i < 5000; i++) {
		snprintf(path, sizeof(path), "/mnt/%s%0*u", what,
		    i % 2 == 0 ? 4 : 150, i);
		error = fn(path);
	}
	return error;
}

static int
put_some(const char *path)
{
	return put(path, 13000);
}
static int
put_empty(const char *path)
{
	return put(path, 0);
}
static int
make_dir(const char *path)
{
	return -rump_sys_mkdir(path, 0755);
}
static int
make_link(const char *path)
{
	char target[200];

	memset(target, 't', 150);
	target[150] = '\0';
	return -rump_sys_symlink(target, path);
}
static int
hard_link(const char *path)
{
	return -rump_sys_link("/mnt/first", path);
}

static void
test_full(const char *options, unsigned kib)
{
	char bytes[8000], value[900];
	struct rump_statvfs sv;
	int fd, error;

	ok(mkfs(options, kib) && mount_image(0) == 0, "an image: %s", options);
	ok(put("/mnt/first", 8000) == 0, "a file before");
	is(until_full("f", put_some), RUMP_ENOSPC, "files until it is full");
	is(until_full("d", make_dir), RUMP_ENOSPC, "directories");
	is(until_full("s", make_link), RUMP_ENOSPC, "long symlinks");
	is(until_full("l", hard_link), RUMP_ENOSPC, "names");
	memset(value, 'v', sizeof(value));
	error = 0;
	for (int i = 0; i < 40 && error == 0; i++) {
		snprintf(
		    bytes, sizeof(bytes), "/mnt/f%0*d", i % 2 ? 150 : 4, i);
		error = -rump_sys_setxattr(
		    bytes, "user.big", value, sizeof(value), 0);
	}
	is(error, RUMP_ENOSPC, "attributes");
	is(put("/mnt/first", 70000), RUMP_ENOSPC, "a file that grows");
	is(rump_sys_statvfs("/mnt", &sv), 0, "statvfs");
	diag("%llu blocks, %llu inodes are free",
	    (unsigned long long)sv.f_bfree, (unsigned long long)sv.f_ffree);
	fd = rump_sys_open("/mnt/first", RUMP_O_RDONLY, 0);
	ok(rump_sys_read(fd, bytes, sizeof(bytes)) == 8000 && bytes[0] == 't' &&
		bytes[7999] == 't',
	    "what was there is still there");
	rump_sys_close(fd);
	is(unmount_image(), 0, "unmount");
	ok(fsck(), "the full image is clean");
}

static void
test_inodes(void)
{
	ok(mkfs("-t ext2 -N 40", 1024) && mount_image(0) == 0, "few inodes");
	is(until_full("e", put_empty), RUMP_ENOSPC, "files until none is left");
	is(make_dir("/mnt/dir"), RUMP_ENOSPC, "no directory either");
	is(rump_sys_unlink("/mnt/e0000"), 0, "one goes");
	is(make_dir("/mnt/dir"), 0, "and its inode is there again");
	is(unmount_image(), 0, "unmount");
	ok(fsck(), "clean");
}

/* A child is killed while it has a nameless file and an unlinked one open. */
static void
leave_orphans(void)
{
	char bytes[3000] = "x";
	int fd;

	CHECK(rump_sys_mkdir("/mnt", 0755) == 0);
	CHECK(mount_image(0) == 0);
	CHECK(put("/mnt/open", 60000) == 0);
	fd = rump_sys_open("/mnt/open", RUMP_O_RDWR, 0);
	CHECK(rump_sys_unlink("/mnt/open") == 0);
	CHECK(fd >= 0);
	fd = rump_sys_open("/mnt", RUMP_O_TMPFILE | RUMP_O_RDWR, 0600);
	CHECK(fd >= 0);
	CHECK(rump_sys_pwrite(fd, bytes, sizeof(bytes), 300000) == 3000);
	CHECK(rump_sys_sync() == 0);
	_exit(child_failures != 0);
}

/* A child replaces a file and is killed when its old blocks are used anew. */
static void
replace_and_reuse(void)
{
	static char bytes[40000];
	int fd, tmp;

	CHECK(rump_sys_mkdir("/mnt", 0755) == 0);
	CHECK(mount_image(0) == 0);
	memset(bytes, 'n', sizeof(bytes));
	fd = rump_sys_open("/mnt/kept", RUMP_O_RDWR, 0);
	tmp = rump_sys_open("/mnt", RUMP_O_TMPFILE | RUMP_O_RDWR, 0600);
	CHECK(rump_sys_write(tmp, bytes, sizeof(bytes)) == sizeof(bytes));
	CHECK(rump_sys_exchangedata(tmp, fd) == 0);
	CHECK(rump_sys_close(tmp) == 0);
	CHECK(until_full("x", put_some) == RUMP_ENOSPC);
	_exit(child_failures != 0);
}

/* A child has hardly any memory: unused nodes go in the middle of other work. */
static void
many_files(void)
{
	char path[64];
	int error = 0;

	CHECK(rump_sys_mkdir("/mnt", 0755) == 0);
	CHECK(mount_image(0) == 0);
	for (int i = 0; error == 0 && i < 5000; i++) {
		snprintf(path, sizeof(path), "/mnt/some-name-%d", i);
		error = put(path, i % 3 == 0 ? 100 : 0);
	}
	CHECK(error == 0);
	CHECK(unmount_image() == 0);
}

static void
test_replaced(void)
{
	ok(run(TOOLS
	       "mkdir tree; head -c 40000 /dev/zero | tr '\\0' o >tree/kept; "
	       "rm -f image; mke2fs -q -F -t ext2 -b 1024 -d tree image 1024 "
	       ">/dev/null 2>&1") == 0,
	    "an image with a file in it");
	is(child_status(NULL, true, replace_and_reuse), 0,
	    "it is replaced, its old blocks are used, the process is killed");
	ok(run(TOOLS "e2fsck -fy image >/dev/null 2>&1; "
		     "debugfs -R 'cat /kept' image 2>/dev/null >now; "
		     "head -c 40000 /dev/zero | tr '\\0' n | cmp - now") == 0,
	    "it has the new content");
}

static void
test_orphans(void)
{
	ok(run(TOOLS "dumpe2fs -h image 2>/dev/null | "
		     "grep -q '^First orphan inode'") == 0,
	    "its nameless files are on the orphan list");
	ok(run(TOOLS "dumpe2fs -h image 2>/dev/null | "
		     "grep -q 'state: *not clean'") == 0,
	    "and the image is marked");
	is(mount_image(0), 0, "it is mounted again");
	is_str(lastline, "ext2: 2 orphaned inodes were freed", "and says so");
	is(unmount_image(), 0, "unmount");
	ok(fsck(), "nothing is left to be repaired");
	ok(run(TOOLS "dumpe2fs -h image 2>/dev/null | "
		     "grep -q 'state: *not clean'") == 0,
	    "an image found dirty stays so until it is checked");
}

static void
test_refusals(void)
{
	ok(mkfs("-O journal_dev", 4096), "an external journal");
	is(mount_image(RUMP_MNT_RDONLY), RUMP_EOPNOTSUPP, "is refused");
	is_str(
	    lastline, "ext2: feature journal_dev is not supported", "by name");
	ok(mkfs("-t ext2 -O quota", 4096), "an image with quota");
	is(mount_image(0), 0, "is mounted");
	is_str(lastline,
	    "ext2: feature quota is not supported for writing: mounted "
	    "read-only",
	    "with a warning");
	is(put("/mnt/f", 1), RUMP_EROFS, "and can't be written");
	unmount_image();
	ok(mkfs("-t ext3", 4096), "an image with a journal");
	is(mount_image(0), 0, "is mounted");
	is(put("/mnt/f", 100), 0, "and written");
	unmount_image();
	ok(fsck(), "clean");
	run(TOOLS
	    "debugfs -w -R 'feature needs_recovery' image >/dev/null 2>&1");
	is(mount_image(0), 0, "one that needs recovery is mounted");
	is(put("/mnt/g", 1), 0, "and written: there is nothing in its log");
	unmount_image();
	ok(fsck(), "clean");
}

/* More names than the count of links says, while the node is held open. */
static void
test_links(void)
{
	int fd;

	ok(mkfs("-t ext2", 1024) && mount_image(0) == 0, "an image");
	is(put("/mnt/a", 3000), 0, "a file");
	is(rump_sys_link("/mnt/a", "/mnt/b"), 0, "a second name");
	is(unmount_image(), 0, "unmount");
	run(TOOLS "debugfs -w -R 'sif /a links_count 1' image >/dev/null 2>&1");
	is(mount_image(0), 0, "mounted with a wrong count");
	fd = rump_sys_open("/mnt/a", RUMP_O_RDWR, 0);
	is(rump_sys_unlink("/mnt/a"), 0, "the only link goes");
	is(rump_sys_unlink("/mnt/b"), 0, "and one more");
	is_str(lastline, "ext2: inode 12: has more names than links",
	    "which is said");
	is(rump_sys_close(fd), 0, "close");
	is(unmount_image(), 0, "unmount");
	/* The image says that it needs a check; that finds nothing to repair. */
	ok(run(TOOLS "e2fsck -fp image >/dev/null; test $? -le 1") == 0 &&
		fsck(),
	    "clean");
}

static void
test_ranges(void)
{
	struct rump_timespec t[2] = {{-2000000000, 5, 0}, {15032385535, 7, 0}};
	struct rump_stat st;

	ok(mkfs("-t ext2 -I 256", 2048) && mount_image(0) == 0, "an image");
	is(put("/mnt/f", 1), 0, "a file");
	is(rump_sys_utimensat(RUMP_AT_FDCWD, "/mnt/f", t, 0), 0, "far times");
	is(rump_sys_mknod(
	       "/mnt/dev", RUMP_S_IFBLK | 0600, RUMP_MAKEDEV(4095, 0xfffff)),
	    0, "a large device number");
	is(rump_sys_mknod(
	       "/mnt/dev2", RUMP_S_IFBLK | 0600, RUMP_MAKEDEV(4096, 0)),
	    -RUMP_EINVAL, "one that is too large");
	is(rump_sys_lchown("/mnt/f", 0xfffffffe, 70000), 0, "large owners");
	is(unmount_image(), 0, "unmount");
	ok(fsck(), "clean");
	is(mount_image(RUMP_MNT_RDONLY), 0, "again");
	is(rump_sys_stat("/mnt/f", &st), 0, "stat");
	ok(st.st_atim.tv_sec == t[0].tv_sec && st.st_atim.tv_nsec == 5,
	    "a time before 1970");
	ok(st.st_mtim.tv_sec == t[1].tv_sec && st.st_mtim.tv_nsec == 7,
	    "a time in 2446");
	ok(st.st_uid == 0xfffffffe && st.st_gid == 70000, "owners");
	is(rump_sys_stat("/mnt/dev", &st), 0, "stat");
	ok(st.st_rdev == RUMP_MAKEDEV(4095, 0xfffff), "device");
	is(unmount_image(), 0, "unmount");
}

/* Data far out: all three depths of the tree, with holes between. */
static void
test_depths(void)
{
	static const uint64_t at[] = {0, 11 * 1024, 12 * 1024, 267 * 1024,
	    268 * 1024, 65804 * 1024 - 3, 65804 * 1024 + 1, 1000000000,
	    12000000000};
	const unsigned n = sizeof(at) / sizeof(at[0]);
	char bytes[3000], got[3000];
	uint64_t free;
	struct rump_statvfs sv;
	unsigned bad = 0;
	int fd;

	ok(mkfs("-t ext2 -b 1024", 4096) && mount_image(0) == 0, "an image");
	is(rump_sys_statvfs("/mnt", &sv), 0, "statvfs");
	free = sv.f_bfree;
	fd = rump_sys_open("/mnt/far", RUMP_O_RDWR | RUMP_O_CREAT, 0644);
	for (unsigned i = 0; i < n; i++) {
		memset(bytes, 'a' + (int)i, sizeof(bytes));
		bad += rump_sys_pwrite(fd, bytes, sizeof(bytes), at[i]) !=
		    (int64_t)sizeof(bytes);
	}
	is(bad, 0, "a file of 12 GB, nearly all hole");
	is(rump_sys_close(fd), 0, "close");
	is(unmount_image(), 0, "unmount");
	ok(fsck(), "clean");
	is(mount_image(0), 0, "again");
	fd = rump_sys_open("/mnt/far", RUMP_O_RDWR, 0);
	for (unsigned i = 0; i < n; i++) {
		memset(bytes, 'a' + (int)i, sizeof(bytes));
		if (i + 1 < n && at[i + 1] < at[i] + sizeof(bytes))
			memset(bytes + (at[i + 1] - at[i]), 'b' + (int)i,
			    sizeof(bytes) - (at[i + 1] - at[i]));
		bad += rump_sys_pread(fd, got, sizeof(got), at[i]) !=
			(int64_t)sizeof(got) ||
		    memcmp(bytes, got, sizeof(got)) != 0;
	}
	is(bad, 0, "it is read back");
	is(rump_sys_lseek(fd, 2000000000, RUMP_SEEK_DATA),
	    (int64_t)(12000000000 / 1024 * 1024), "the last data");
	is(rump_sys_fallocate(fd,
	       RUMP_FALLOC_PUNCH_HOLE | RUMP_FALLOC_KEEP_SIZE, 300 * 1024,
	       2000000000),
	    0, "a hole from one depth into another");
	is(rump_sys_ftruncate(fd, 11999999999), 0, "the end goes");
	is(rump_sys_close(fd), 0, "close");
	is(unmount_image(), 0, "unmount");
	ok(fsck(), "clean");
	is(mount_image(0), 0, "again");
	is(rump_sys_unlink("/mnt/far"), 0, "all goes");
	is(rump_sys_statvfs("/mnt", &sv), 0, "statvfs");
	is(sv.f_bfree, free, "every block is free again");
	is(unmount_image(), 0, "unmount");
	ok(fsck(), "clean");
}

/* Build: fresh files, then the end is cut off. */
static void
test_trim(const char *options, unsigned bsize, unsigned copy)
{
	uint64_t size = 0;
	struct stat st;
	char path[64];
	int bad = 0, fd;

	ok(mkfs(options, 65536), "to be built: %s", options);
	is(mount_image(RUMP_MNT_BUILDING), 0, "mount");
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "/mnt/f%d", i);
		fd = rump_sys_open(path, RUMP_O_CREAT | RUMP_O_RDWR, 0644);
		bad += fd < 0 ||
		    rump_sys_fallocate(
			fd, RUMP_FALLOC_FRESH, 0, (uint64_t)i * 300 + 1) != 0;
		rump_sys_close(fd);
	}
	is(bad, 0, "300 files");
	is(rump_sys_fstrim("/mnt", 100000, &size), 0, "cut");
	is(unmount_image(), 0, "unmount");
	diag("%llu bytes are needed", (unsigned long long)size);
	ok(truncate("image", (off_t)size) == 0 && stat("image", &st) == 0 &&
		fsck(),
	    "what remains is clean");
	ok(run(TOOLS "dumpe2fs -h image 2>/dev/null | "
		     "grep -q 'state: *clean'") == 0,
	    "and valid");
	ok(run(TOOLS "main=$(dumpe2fs -h image 2>/dev/null | grep '^Block c'); "
		     "copy=$(dumpe2fs -o superblock=%u -o blocksize=%u -h "
		     "image 2>/dev/null | grep '^Block c'); "
		     "test -n \"$copy\" && test \"$main\" = \"$copy\"",
	       copy, bsize) == 0,
	    "so is the backup superblock");
}

static const struct param little_memory[] = {
    {"RUMP_MEMLIMIT", "500k"}, {NULL, NULL}};

int
main(void)
{
	if (run(TOOLS
		"exec >/dev/null; command -v mke2fs && command -v e2fsck && "
		"command -v dumpe2fs && command -v debugfs") != 0)
		skip_all("no e2fsprogs");
	if (chdir(scratch_dir()) != 0)
		bail("%s: no such directory", scratch_dir());
	/* A process has one kernel, and a child needs its own. */
	ok(mkfs("-t ext2 -b 1024 -g 256 -N 8000 -O ^resize_inode", 8192),
	    "an image");
	is(child_status(little_memory, true, many_files), 0,
	    "5000 files in 500 KiB of memory");
	ok(fsck(), "clean");
	test_replaced();
	ok(mkfs("-t ext2 -b 1024", 2048), "an image");
	is(child_status(NULL, true, leave_orphans), 0, "a process is killed");
	if (rump_init() != 0 || rump_sys_mkdir("/mnt", 0755) != 0)
		bail("the kernel doesn't start");
	rump_pub_log_hook(keep_line, NULL);
	test_orphans();
	test_full("-t ext2 -b 1024 -I 128", 700);
	test_full("-t ext2 -b 4096 -I 256", 2048);
	test_inodes();
	test_refusals();
	test_links();
	test_ranges();
	test_depths();
	test_trim("-t ext2 -b 1024", 1024, 8193);
	test_trim("-t ext2 -b 1024 -g 1024 -O ^resize_inode", 1024, 1025);
	test_trim("-t ext2 -b 4096 -g 2048", 4096, 2048);
	return done();
}
