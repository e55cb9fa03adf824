/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every file system's fuzz target does with its input, an image.  It is mounted
 * for reading and walked (a byte that changed then is a bug), then mounted for
 * writing, walked again, changed in every way there is, and unmounted; where makefs
 * builds with the driver, some also as an image being built, which is cut at the
 * end.  A mount that failed, or that can't write, must have left the image alone.
 * The device is memory, memory under a cache, or under an overlay, as the input says.
 *
 * The kernel's own checks (RUMP_DEBUG) are on.  One second of processor time is the
 * most that an input may take (FUZZ_SECONDS: another limit; 0: none).  FUZZ_VERBOSE
 * shows the messages.
 *
 * An argument file instead of a corpus replays it (libFuzzer's own habit).
 */
#include "fs_fuzz.h"

#include <rump/rump.h>
#include <rump/rump_syscalls.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEV	  "fuzz"
#define MNT	  "/mnt"
#define MAX_NODES 400
#define MAX_DEPTH 10
#define MAX_READ  (256u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char buf[65536];
static unsigned nodes;
static const char *place; /* where new things are made */

static void
must(int error, const char *what)
{
	if (error != 0) {
		fprintf(stderr, "%s: error %d\n", what, error);
		abort();
	}
}

static void
quiet(void *arg, const char *line)
{
	if (getenv("FUZZ_VERBOSE") != NULL)
		fprintf(stderr, "%s\n", line);
	(void)arg;
}

static void
start(void)
{
	static int started;

	if (started)
		return;
	started = 1;
	setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
	setenv("RUMP_DEBUG", "1", 0);
	must(rump_init(), "rump_init");
	rump_pub_log_hook(quiet, NULL);
	must(-rump_sys_mkdir(MNT, 0755), "mkdir");
}

/* ---- reading ------------------------------------------------------------------ */

static void
read_xattrs(const char *path)
{
	static char names[65536];
	int64_t n = rump_sys_llistxattr(path, names, sizeof(names));

	for (int64_t i = 0; i < n; i += (int64_t)strlen(names + i) + 1)
		(void)rump_sys_lgetxattr(path, names + i, buf, sizeof(buf));
	(void)rump_sys_llistxattr(path, NULL, 0);
}

static void
read_file(const char *path, uint64_t size)
{
	struct rump_run runs[16];
	struct rump_fhandle fh;
	int64_t n, total = 0;
	int fd = rump_sys_open(path, RUMP_O_RDONLY, 0);

	if (fd < 0)
		return;
	while (total < (int64_t)MAX_READ &&
	    (n = rump_sys_read(fd, buf, sizeof(buf))) > 0)
		total += n;
	/* from its end, and from where it can't have one */
	for (uint64_t i = 1; i <= 4 && size > 1000 * i; i++)
		(void)rump_sys_pread(fd, buf, 1500, size - 1000 * i);
	(void)rump_sys_pread(fd, buf, sizeof(buf), size / 2);
	(void)rump_sys_pread(fd, buf, 100, 1u << 30);
	(void)rump_sys_lseek(fd, 0, RUMP_SEEK_HOLE);
	(void)rump_sys_lseek(fd, 1 << 20, RUMP_SEEK_DATA);
	(void)rump_sys_runmap(fd, 0, UINT64_MAX / 2, runs, 16);
	rump_sys_close(fd);
	if (rump_sys_getfh(path, &fh) == 0) {
		fd = rump_sys_fhopen(&fh, RUMP_O_RDONLY);
		if (fd >= 0)
			rump_sys_close(fd);
	}
}

static void walk(const char *path, unsigned depth);

static void
visit(const char *dir, const struct rump_dirent *d, unsigned depth)
{
	char path[4096];
	struct rump_stat st;

	if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
		return;
	if (strlen(dir) + 1 + d->d_namlen >= sizeof(path))
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
	if (rump_sys_lstat(path, &st) != 0)
		return;
	read_xattrs(path);
	switch (st.st_mode & RUMP_S_IFMT) {
	case RUMP_S_IFDIR:
		walk(path, depth + 1);
		break;
	case RUMP_S_IFREG:
		read_file(path, st.st_size);
		break;
	case RUMP_S_IFLNK:
		(void)rump_sys_readlink(path, buf, sizeof(buf));
		(void)rump_sys_stat(path, &st);
		break;
	}
}

/* Names that aren't among those listed: none, the parent, FAT's short ones. */
static void
look_up(const char *dir)
{
	static const char *const names[] = {"nope", "..", "A-RATH~1", "HELLO"};
	char path[4200];
	struct rump_stat st;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)rump_sys_lstat(path, &st);
	}
}

static void
walk(const char *path, unsigned depth)
{
	uint8_t *ents;
	int64_t n, off;
	int fd, plus;

	if (depth > MAX_DEPTH)
		return;
	fd = rump_sys_open(path, RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);
	if (fd < 0)
		return;
	look_up(path);
	ents = malloc(8192);
	while (
	    nodes < MAX_NODES && (n = rump_sys_getdents(fd, ents, 8192)) > 0) {
		for (off = 0; off < n && nodes < MAX_NODES; nodes++) {
			const struct rump_dirent *d = (void *)(ents + off);

			visit(path, d, depth);
			off += d->d_reclen;
		}
	}
	rump_sys_lseek(fd, 0, RUMP_SEEK_SET);
	for (plus = 0; plus < 8; plus++)
		if (rump_sys_getdents_plus(fd, ents, 8192) <= 0)
			break;
	free(ents);
	rump_sys_close(fd);
}

static void
read_all(void)
{
	struct rump_inode_info ri;
	struct rump_statvfs sv;
	uint64_t ino;

	nodes = 0;
	walk(MNT, 0);
	read_xattrs(MNT);
	(void)rump_sys_statvfs(MNT, &sv);
	for (int deleted = 0; deleted < 2; deleted++) {
		ino = 0;
		for (int i = 0; i < 64; i++, ino++)
			if (rump_sys_inodes(MNT, &ino, deleted, &ri) != 0)
				break;
	}
}

/* ---- writing ------------------------------------------------------------------- */

static void
write_file(const char *path, int flags, uint64_t off, size_t len)
{
	int fd = rump_sys_open(path, RUMP_O_RDWR | flags, 0644);

	if (fd < 0)
		return;
	memset(buf, 'x', len);
	(void)rump_sys_pwrite(fd, buf, len, off);
	(void)rump_sys_fsync(fd);
	rump_sys_close(fd);
}

static void
change_attributes(const char *path)
{
	/* owner rw-, user 5 rwx, group r--, mask rwx, other --- */
	static const uint8_t acl[] = {2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255,
	    255, 2, 0, 7, 0, 5, 0, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0,
	    7, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255};
	static const struct rump_timespec times[2] = {
	    {.tv_sec = 1234567890, .tv_nsec = 123456789}, {.tv_sec = -5}};

	(void)rump_sys_lsetxattr(
	    path, "system.posix_acl_access", acl, sizeof(acl), 0);
	(void)rump_sys_lsetxattr(
	    path, "system.posix_acl_default", acl, sizeof(acl), 0);
	(void)rump_sys_chmod(path, 0751);
	(void)rump_sys_lchown(path, 7, 8);
	(void)rump_sys_utimensat(RUMP_AT_FDCWD, path, times, 0);
	read_xattrs(path);
	(void)rump_sys_lsetxattr(path, "user.k", "value", 5, 0);
	(void)rump_sys_lsetxattr(path, "user.big", buf, 500, 0);
	(void)rump_sys_lchflags(path, RUMP_UF_NODUMP | RUMP_SF_NOATIME);
}

/* One of a directory's names, in a way that its place there decides. */
static void
change_entry(const char *path, unsigned i)
{
	char to[600], f[100];

	snprintf(to, sizeof(to), "%s/r%u", place, i);
	snprintf(f, sizeof(f), "%s/f", place);
	write_file(path, 0, 3000 * i, 2000);
	change_attributes(path);
	switch (i % 8) {
	case 0:
		(void)rump_sys_truncate(path, 1500);
		break;
	case 1:
		(void)rump_sys_rename(path, to);
		break;
	case 2:
		(void)rump_sys_unlink(path);
		(void)rump_sys_rmdir(path);
		break;
	case 3:
		(void)rump_sys_link(path, to);
		break;
	case 4:
		(void)rump_sys_renameat2(RUMP_AT_FDCWD, path, RUMP_AT_FDCWD, f,
		    RUMP_RENAME_EXCHANGE);
		break;
	case 5:
		(void)rump_sys_chmod(path, 0600);
		(void)rump_sys_truncate(path, 3u << 30);
		(void)rump_sys_lremovexattr(path, "user.k");
		break;
	case 6:
		(void)rump_sys_rename(f, path);
		break;
	default:
		(void)rump_sys_truncate(path, 0);
		(void)rump_sys_unlink(path);
		break;
	}
}

static void
change_entries(const char *dir)
{
	char path[600];
	uint8_t ents[4096];
	int64_t n, off;
	unsigned i = 0;
	int fd = rump_sys_open(dir, RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);

	if (fd < 0)
		return;
	n = rump_sys_getdents(fd, ents, sizeof(ents));
	rump_sys_close(fd);
	for (off = 0; off < n && i < 40; i++) {
		const struct rump_dirent *d = (void *)(ents + off);

		off += d->d_reclen;
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		change_entry(path, i);
	}
}

/* A name of the place's. */
static const char *
in(const char *name)
{
	static char path[600];

	snprintf(path, sizeof(path), "%s/%s", place, name);
	return path;
}

static void
name_things(void)
{
	struct rump_fscaps caps = {0};
	char name[300], first[600];

	(void)rump_sys_fscaps(MNT, &caps);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name),
		    caps.fc_namemax < 30 ? "name-%d" : "a-rather-long-name-%d",
		    i);
		write_file(in(name), RUMP_O_CREAT, 0, (size_t)i * 100);
		if (i == 0)
			snprintf(first, sizeof(first), "%s", in(name));
		else if (i == 29)
			(void)rump_sys_rename(first, in(name));
		else if (i % 2 != 0)
			(void)rump_sys_unlink(in(name));
	}
	write_file(
	    in("MiXed Gr\303\274n \342\202\254.Text"), RUMP_O_CREAT, 0, 700);
	snprintf(first, sizeof(first), "%s",
	    in("MiXed Gr\303\274n \342\202\254.Text"));
	(void)rump_sys_rename(first, in("mixed gr\303\234N \342\202\254.tEXT"));
	(void)rump_sys_mkdir(in("d1"), 0755);
	(void)rump_sys_mkdir(in("d1/d2"), 0755);
	write_file(in("d1/d2/f"), RUMP_O_CREAT, 1, 1);
	snprintf(first, sizeof(first), "%s", in("d1"));
	(void)rump_sys_rename(first, in("d1/d2/d3"));
	snprintf(first, sizeof(first), "%s", in("d1/d2"));
	(void)rump_sys_rename(first, in("d4"));
	(void)rump_sys_rmdir(in("d4"));
	(void)rump_sys_rmdir(in("d1"));
}

static void
exchange_things(void)
{
	int fd = rump_sys_open(in("f"), RUMP_O_RDWR, 0);
	int tmp = rump_sys_open(MNT, RUMP_O_TMPFILE | RUMP_O_RDWR, 0600);

	if (fd >= 0 && tmp >= 0) {
		(void)rump_sys_pwrite(tmp, buf, 9000, 100);
		(void)rump_sys_exchangedata(fd, tmp);
		(void)rump_sys_fallocate(fd,
		    RUMP_FALLOC_PUNCH_HOLE | RUMP_FALLOC_KEEP_SIZE, 2048, 4096);
		(void)rump_sys_fallocate(fd, 0, 0, 20000);
	}
	if (tmp >= 0)
		rump_sys_close(tmp);
	if (fd >= 0)
		rump_sys_close(fd);
}

static void
write_all(void)
{
	place = rump_sys_mkdir(MNT "/new", 0755) == 0 ? MNT "/new" : MNT;
	write_file(in("f"), RUMP_O_CREAT, 0, 30000);
	write_file(in("sparse"), RUMP_O_CREAT, 700000, 5000);
	(void)rump_sys_symlink("short", in("s1"));
	memset(buf, 'l', 200);
	buf[200] = '\0';
	(void)rump_sys_symlink(buf, in("s2"));
	(void)rump_sys_mknod(
	    in("dev"), RUMP_S_IFCHR | 0600, RUMP_MAKEDEV(300, 70000));
	(void)rump_sys_mkfifo(in("fifo"), 0600);
	name_things();
	exchange_things();
	change_entries(MNT);
	change_entries(MNT "/dir");
	(void)rump_sys_sync();
	(void)rump_sys_rmdir(MNT "/new");
}

/* ---- one image -------------------------------------------------------------------- */

static int
mount_image(uint32_t flags, const char *options)
{
	static const char *const devs[] = {DEV};

	return -rump_sys_mount(fuzz_fs.type, MNT, flags, devs, 1, options);
}

/* As makefs does it. */
static void
build(void)
{
	uint64_t size;
	int fd;

	fd = rump_sys_open(
	    MNT "/built", RUMP_O_CREAT | RUMP_O_RDWR | RUMP_O_EXCL, 0644);
	if (fd >= 0) {
		(void)rump_sys_fallocate(fd, RUMP_FALLOC_FRESH, 0, 20000);
		rump_sys_close(fd);
	}
	(void)rump_sys_mkdir(MNT "/builtdir", 0755);
	(void)rump_sys_unlink(MNT "/hello");
	(void)rump_sys_fstrim(MNT, 5000, &size);
}

static void
make_device(const uint8_t *data, size_t size, unsigned kind)
{
	struct rump_blkdesc desc[2] = {
	    {.bl_kind = RUMP_BLK_RAM, .bl_len = size},
	    {.bl_kind = kind == 1 ? RUMP_BLK_CACHE : RUMP_BLK_OVERLAY,
		.bl_len = kind == 1 ? 65536 : 0},
	};

	if (fuzz_fs.device_size != NULL)
		desc[0].bl_len = fuzz_fs.device_size(data, size);
	must(rump_pub_blkdev_create(DEV, desc, kind == 0 ? 1 : 2), "create");
	must(rump_pub_blkdev_write(DEV, data, 0, size), "fill");
}

static void
must_equal(const uint8_t *data, size_t size, const char *what)
{
	static uint8_t after[FUZZ_MAX_IMAGE];

	must(rump_pub_blkdev_read(DEV, after, 0, size), "compare");
	if (memcmp(after, data, size) != 0) {
		fprintf(stderr, "%s changed the image\n", what);
		abort();
	}
}

static bool
can_write(void)
{
	struct rump_fscaps caps = {0};

	(void)rump_sys_fscaps(MNT, &caps);
	return (caps.fc_flags & RUMP_CAP_WRITE) != 0;
}

static void
try_image(const uint8_t *data, size_t size, uint32_t sum, const char *options)
{
	bool writes = false;

	if (mount_image(RUMP_MNT_RDONLY, options) == 0) {
		read_all();
		must(-rump_sys_unmount(MNT, 0), "unmount after reading");
	}
	must_equal(data, size, "reading");
	if (mount_image(0, options) == 0) {
		writes = can_write();
		read_all();
		write_all();
		read_all();
		must(-rump_sys_unmount(MNT, 0), "unmount after writing");
	}
	if (!writes)
		must_equal(data, size, "a mount that can't write");
	if (fuzz_fs.builds && sum % 4 == 0 &&
	    mount_image(RUMP_MNT_BUILDING, options) == 0) {
		build();
		must(-rump_sys_unmount(MNT, 0), "unmount after building");
	}
}

static void
test(const uint8_t *data, size_t size)
{
	struct rump_probe probe;
	char options[100] = "";
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i += 64)
		sum = sum * 31 + data[i];
	make_device(data, size, sum % 3);
	(void)rump_sys_probe(DEV, &probe);
	if (fuzz_fs.options != NULL)
		fuzz_fs.options(data, size, options, sizeof(options));
	try_image(data, size, sum, options);
	must(rump_pub_blkdev_destroy(DEV), "destroy");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *limit = getenv("FUZZ_SECONDS");
	double most = limit != NULL ? atof(limit) : 1, took = 0;

	if (size < fuzz_fs.min_size || size > FUZZ_MAX_IMAGE)
		return 0;
	start();
	/* Three times too long: it isn't the machine, which may be busy. */
	for (unsigned i = 0; i < 3; i++) {
		clock_t began = clock();

		test(data, size);
		took = (double)(clock() - began) / CLOCKS_PER_SEC;
		if (most <= 0 || took <= most)
			return 0;
	}
	fprintf(stderr, "took %.2f s of processor time\n", took);
	abort();
}
