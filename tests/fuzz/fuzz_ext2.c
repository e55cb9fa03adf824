/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target for ext2: the input is an image.  It is mounted for reading
 * and walked (a byte that changed then is a bug), then mounted for writing,
 * walked again, changed in every way there is, and unmounted; some also as an
 * image being built, which is cut at the end.  The device is memory, memory under
 * a cache, or under an overlay, as the input says.
 *
 * Images are small (64 to 256 KiB), deterministic in what happens to them, and
 * mutated where it matters: the mutator changes fields inside blocks that are in
 * use, mostly by numbers that mean something there.
 *
 * An argument file instead of a corpus replays it (libFuzzer's own habit).
 */
#include <rump/rump.h>
#include <rump/rump_syscalls.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEV	  "fuzz"
#define MNT	  "/mnt"
#define MAX_IMAGE (512u << 10)
#define MAX_NODES 400
#define MAX_DEPTH 10
#define MAX_READ  (256u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t maxsize, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxsize);

static char buf[65536];
static unsigned nodes;

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
read_file(const char *path)
{
	struct rump_run runs[16];
	int64_t n, total = 0;
	int fd = rump_sys_open(path, RUMP_O_RDONLY, 0);

	if (fd < 0)
		return;
	while (total < (int64_t)MAX_READ &&
	    (n = rump_sys_read(fd, buf, sizeof(buf))) > 0)
		total += n;
	(void)rump_sys_lseek(fd, 0, RUMP_SEEK_HOLE);
	(void)rump_sys_lseek(fd, 1 << 20, RUMP_SEEK_DATA);
	(void)rump_sys_pread(fd, buf, 100, 1u << 30);
	(void)rump_sys_runmap(fd, 0, UINT64_MAX / 2, runs, 16);
	rump_sys_close(fd);
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
		read_file(path);
		break;
	case RUMP_S_IFLNK:
		(void)rump_sys_readlink(path, buf, sizeof(buf));
		(void)rump_sys_stat(path, &st);
		break;
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

	(void)rump_sys_lsetxattr(
	    path, "system.posix_acl_access", acl, sizeof(acl), 0);
	(void)rump_sys_lsetxattr(
	    path, "system.posix_acl_default", acl, sizeof(acl), 0);
	(void)rump_sys_chmod(path, 0751);
	read_xattrs(path);
	(void)rump_sys_lsetxattr(path, "user.k", "value", 5, 0);
	(void)rump_sys_lsetxattr(path, "user.big", buf, 500, 0);
	(void)rump_sys_lchflags(path, RUMP_UF_NODUMP | RUMP_SF_NOATIME);
}

/* Change what is there: each name of the root, in turn another way. */
static void
change_entries(const char *dir)
{
	char path[600], to[600];
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
		snprintf(to, sizeof(to), MNT "/new/r%u", i);
		write_file(path, 0, 3000 * i, 2000);
		change_attributes(path);
		switch (i % 7) {
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
			(void)rump_sys_renameat2(RUMP_AT_FDCWD, path,
			    RUMP_AT_FDCWD, MNT "/new/f", RUMP_RENAME_EXCHANGE);
			break;
		case 5:
			(void)rump_sys_chmod(path, 0600);
			(void)rump_sys_truncate(path, 3u << 30);
			(void)rump_sys_lremovexattr(path, "user.k");
			break;
		default:
			(void)rump_sys_truncate(path, 0);
			(void)rump_sys_unlink(path);
			break;
		}
	}
}

static void
create_things(void)
{
	char path[300];
	int fd, tmp;

	(void)rump_sys_mkdir(MNT "/new", 0755);
	write_file(MNT "/new/f", RUMP_O_CREAT, 0, 30000);
	write_file(MNT "/new/sparse", RUMP_O_CREAT, 700000, 5000);
	(void)rump_sys_symlink("short", MNT "/new/s1");
	memset(path, 'l', 200);
	path[200] = '\0';
	(void)rump_sys_symlink(path, MNT "/new/s2");
	(void)rump_sys_mknod(
	    MNT "/new/dev", RUMP_S_IFCHR | 0600, RUMP_MAKEDEV(300, 70000));
	(void)rump_sys_mkfifo(MNT "/new/fifo", 0600);
	for (int i = 0; i < 30; i++) {
		snprintf(
		    path, sizeof(path), MNT "/new/a-rather-long-name-%d", i);
		write_file(path, RUMP_O_CREAT, 0, (size_t)i * 100);
	}
	for (int i = 0; i < 30; i += 2) {
		snprintf(
		    path, sizeof(path), MNT "/new/a-rather-long-name-%d", i);
		(void)rump_sys_unlink(path);
	}
	fd = rump_sys_open(MNT "/new/f", RUMP_O_RDWR, 0);
	tmp = rump_sys_open(MNT, RUMP_O_TMPFILE | RUMP_O_RDWR, 0600);
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
	create_things();
	change_entries(MNT);
	change_entries(MNT "/dir");
	(void)rump_sys_sync();
	(void)rump_sys_rmdir(MNT "/new");
}

/* ---- one image -------------------------------------------------------------------- */

static int
mount_image(uint32_t flags)
{
	static const char *const devs[] = {DEV};

	return -rump_sys_mount("ext2", MNT, flags, devs, 1, NULL);
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

	must(rump_pub_blkdev_create(DEV, desc, kind == 0 ? 1 : 2), "create");
	must(rump_pub_blkdev_write(DEV, data, 0, size), "fill");
}

static void
must_equal(const uint8_t *data, size_t size, const char *what)
{
	static uint8_t after[MAX_IMAGE];

	must(rump_pub_blkdev_read(DEV, after, 0, size), "compare");
	if (memcmp(after, data, size) != 0) {
		fprintf(stderr, "%s changed the image\n", what);
		abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rump_probe probe;
	uint32_t sum = 0;

	if (size < 2048 || size > MAX_IMAGE)
		return 0;
	for (size_t i = 0; i < size; i += 64)
		sum = sum * 31 + data[i];
	start();
	make_device(data, size, sum % 3);
	(void)rump_sys_probe(DEV, &probe);
	if (mount_image(RUMP_MNT_RDONLY) == 0) {
		read_all();
		must(-rump_sys_unmount(MNT, 0), "unmount after reading");
	}
	must_equal(data, size, "reading");
	if (mount_image(0) == 0) {
		read_all();
		write_all();
		read_all();
		must(-rump_sys_unmount(MNT, 0), "unmount after writing");
	} else {
		must_equal(data, size, "a failed mount");
	}
	if (sum % 4 == 0 && mount_image(RUMP_MNT_BUILDING) == 0) {
		build();
		must(-rump_sys_unmount(MNT, 0), "unmount after building");
	}
	must(rump_pub_blkdev_destroy(DEV), "destroy");
	return 0;
}

/* ---- mutation ---------------------------------------------------------------------- */

static uint32_t
next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* An offset in a 1 KiB block that isn't all zeros. */
static size_t
used_offset(const uint8_t *data, size_t size, uint32_t *rng)
{
	size_t off = 0;

	for (int i = 0; i < 64; i++) {
		off = next(rng) % size & ~(size_t)3;
		size_t blk = off & ~(size_t)1023;
		size_t end = blk + 1024 < size ? blk + 1024 : size;

		for (size_t k = blk; k < end; k++)
			if (data[k] != 0)
				return next(rng) % 4 == 0 ? off
							  : blk +
					next(rng) % 128 / 4 * 4 % (end - blk);
	}
	return off;
}

static uint32_t
get32(const uint8_t *data, size_t size, size_t off)
{
	uint32_t v = 0;

	if (off + 4 <= size)
		memcpy(&v, data + off, 4);
	return v;
}

/* Where an inode stands; 0 if that can't be told. */
static size_t
inode_offset(const uint8_t *data, size_t size, uint32_t ino)
{
	uint32_t lbs = get32(data, size, 1048);
	uint32_t isize = get32(data, size, 1024 + 88) & 0xffff;
	size_t bsize, off;

	if (lbs > 2)
		return 0;
	bsize = (size_t)1024 << lbs;
	if (get32(data, size, 1024 + 76) == 0)
		isize = 128;
	off = (size_t)get32(data, size, (lbs == 0 ? 2 : 1) * bsize + 8) * bsize;
	off += (size_t)(ino - 1) * isize;
	return off + 256 <= size ? off : 0;
}

/* A field of an inode, or of a record in its first block: what is checked when
 * trees are walked. */
static void
mutate_node(uint8_t *data, size_t size, uint32_t *rng)
{
	static const uint8_t fields[] = {0, 4, 20, 26, 28, 32, 40, 44, 48, 84,
	    88, 92, 96, 100, 104, 108, 128};
	uint32_t ino = next(rng) % 3 == 0 ? 2 : 1 + next(rng) % 40;
	size_t off = inode_offset(data, size, ino), at;
	uint32_t bsize = 1024u << (get32(data, size, 1048) & 3), v;

	if (off == 0)
		return;
	at = off + fields[next(rng) % sizeof(fields)];
	if (next(rng) % 3 == 0) {
		/* records begin where the ones in front end */
		at = (size_t)get32(data, size, off + 40) * bsize;
		for (unsigned i = next(rng) % 8; i > 0 && at + 8 < size; i--)
			at += get32(data, size, at + 4) & 0xfffc;
		at += next(rng) % 3 * 4;
	}
	switch (next(rng) % 4) {
	case 0: /* a block: often metadata */
		v = next(rng) % (next(rng) % 2 == 0 ? 40 : size / bsize + 2);
		break;
	case 1: /* what another inode has there, or near */
		v = get32(data, size,
		    inode_offset(data, size, 1 + next(rng) % 40) + 40 +
			next(rng) % 15 * 4);
		break;
	case 2:
		v = get32(data, size, at) ^ (uint32_t)1 << next(rng) % 32;
		break;
	default:
		v = get32(data, size, at) + next(rng) % 33 - 16;
		break;
	}
	if (at + 4 <= size)
		memcpy(data + at, &v, 4);
}

size_t
LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t maxsize, unsigned seed)
{
	static const uint32_t numbers[] = {0, 1, 2, 3, 7, 8, 11, 12, 0x7f, 0xff,
	    0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
	    0xffffffff};
	uint32_t rng = seed * 2654435761u + 1;
	unsigned times = 1 + next(&rng) % 4;

	if (size < 4096)
		return LLVMFuzzerMutate(data, size, maxsize);
	while (times-- > 0) {
		size_t off;
		uint32_t v, n = sizeof(numbers) / sizeof(numbers[0]);

		if (next(&rng) % 2 == 0) {
			mutate_node(data, size, &rng);
			continue;
		}
		off = used_offset(data, size, &rng);
		if (next(&rng) % 8 == 0) /* the superblock has much to say */
			off = 1024 + next(&rng) % 264 / 4 * 4;
		memcpy(&v, data + off, 4);
		switch (next(&rng) % 8) {
		case 0:
			v = numbers[next(&rng) % n];
			break;
		case 1:
			v = next(&rng) % (uint32_t)(size >> 10);
			break;
		case 2:
			v += next(&rng) % 9 - 4;
			break;
		case 3:
			v ^= (uint32_t)1 << next(&rng) % 32;
			break;
		case 4:
			v = (v & 0xffff0000) |
			    (numbers[next(&rng) % n] & 0xffff);
			break;
		case 5:
			v = (v & 0xffff) | numbers[next(&rng) % n] << 16;
			break;
		case 6: /* a word from elsewhere */
			memcpy(&v, data + used_offset(data, size, &rng), 4);
			break;
		default: { /* a block from elsewhere */
			size_t a = off & ~(size_t)1023;
			size_t b = used_offset(data, size, &rng) &
			    ~(size_t)1023;

			if (next(&rng) % 4 == 0 && a + 1024 <= size &&
			    b + 1024 <= size)
				memmove(data + a, data + b, 1024);
			v = next(&rng);
			break;
		}
		}
		if (off + 4 <= size)
			memcpy(data + off, &v, 4);
	}
	return size;
}
