/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power cuts.  A script changes an image with a journal over a device that logs every
 * write; then the image as it was after each write, the next one torn, and with
 * subsets of the writes since the last barrier lost (seeded) is looked at:
 *
 *	reading it shows what was there between two operations, and nothing older
 *	than the last sync that had returned
 *	e2fsck replays, frees orphans, and then finds nothing
 *
 * CRASH_SEEDS=n: so many seeded cases for each image (60).
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/rump_syscalls.h>
#include <rump/rumpuser.h>

#include "unit/scratch.h"
#include "unit/tap.h"

#define TOOLS	  "PATH=$PATH:/sbin:/usr/sbin; "
#define MAXSTATES 200
#define NNAMES	  12

struct entry {
	bool flush;
	uint64_t off, len;
	uint8_t *data;
	unsigned synced; /* the state that the last sync had made durable */
};
static struct entry *wlog;
static size_t nlog, logroom;
static uint64_t states[MAXSTATES];
static unsigned nstates, synced;
static uint8_t *base, *image;
static size_t imagesize;
static uint64_t seed;

static uint64_t
rnd(void)
{
	uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void
on_write(void *arg, bool flush, uint64_t off, const void *data, uint64_t len)
{
	(void)arg;
	if (nlog == logroom) {
		logroom = logroom == 0 ? 256 : logroom * 2;
		wlog = realloc(wlog, logroom * sizeof(*wlog));
	}
	wlog[nlog] = (struct entry){flush, off, len, NULL, synced};
	if (!flush) {
		wlog[nlog].data = malloc(len);
		memcpy(wlog[nlog].data, data, len);
	}
	nlog++;
}

static void
slurp(const char *name, uint8_t **memp)
{
	int fd = open(name, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		exit(1);
	imagesize = (size_t)st.st_size;
	*memp = malloc(imagesize);
	if (read(fd, *memp, imagesize) != st.st_size)
		exit(1);
	close(fd);
}

static void
spill(const char *name, const uint8_t *mem)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0 || write(fd, mem, imagesize) != (ssize_t)imagesize)
		exit(1);
	close(fd);
}

static int
mount_it(const char *name, bool logged, uint32_t flags, const char *options)
{
	static const char *const devs[] = {"d"};
	struct rump_blkdesc desc[2] = {{.bl_kind = RUMP_BLK_FILE}};
	int error;

	error = rumpuser_file_open(name, RUMPUSER_OPEN_RDWR, &desc[0].bl_file);
	if (error != 0)
		return error;
	desc[1].bl_kind = RUMP_BLK_FAULT;
	desc[1].bl_fault.bf_log = on_write;
	error = rump_pub_blkdev_create("d", desc, logged ? 2 : 1);
	rumpuser_file_close(desc[0].bl_file);
	if (error == 0)
		error = -rump_sys_mount(
		    "ext2", "/mnt", flags, devs, 1, options);
	if (error != 0)
		rump_pub_blkdev_destroy("d");
	return error;
}

static void
unmount_it(void)
{
	rump_sys_unmount("/mnt", 0);
	rump_pub_blkdev_destroy("d");
}

/* ---- what there is --------------------------------------------------------------- */

static const char *const names[NNAMES] = {
    "a", "b", "c", "d", "d/a", "d/b", "d/c", "e", "e/a", "e/d", "e/d/a", "l"};

static uint64_t
mix(uint64_t h, uint64_t v)
{
	return (h ^ v) * UINT64_C(0x100000001b3) + (h >> 29);
}

static uint64_t
state(void)
{
	static uint8_t buf[65536];
	uint64_t h = 1;
	char path[64];

	for (unsigned i = 0; i < NNAMES; i++) {
		struct rump_stat st;
		int64_t n = 0;
		int fd;

		snprintf(path, sizeof(path), "/mnt/%s", names[i]);
		h = mix(h, i);
		if (rump_sys_lstat(path, &st) != 0)
			continue;
		h = mix(h, st.st_mode);
		h = mix(h, st.st_nlink);
		if ((st.st_mode & RUMP_S_IFMT) != RUMP_S_IFREG)
			continue;
		h = mix(h, st.st_size);
		fd = rump_sys_open(path, RUMP_O_RDONLY, 0);
		while (fd >= 0 && (n = rump_sys_read(fd, buf, sizeof(buf))) > 0)
			for (int64_t k = 0; k < n; k++)
				h = mix(h, buf[k]);
		h = mix(h, fd < 0 || n < 0 ? 77 : 0);
		if (fd >= 0)
			rump_sys_close(fd);
	}
	return h;
}

/* ---- the script ---------------------------------------------------------------------- */

static void
did(void)
{
	if (nstates < MAXSTATES)
		states[nstates++] = state();
}

/* A file in one operation: its content comes under a name that isn't looked at. */
static void
make(const char *name, size_t len, int fill)
{
	static char buf[40000];
	char path[64];
	int fd;

	memset(buf, fill, sizeof(buf));
	fd = rump_sys_open("/mnt/tmp", RUMP_O_WRONLY | RUMP_O_CREAT, 0644);
	rump_sys_write(fd, buf, len);
	rump_sys_close(fd);
	did();
	snprintf(path, sizeof(path), "/mnt/%s", name);
	rump_sys_rename("/mnt/tmp", path);
	did();
}

static void
sync_now(void)
{
	if (rump_sys_sync() == 0)
		synced = nstates - 1;
}

#define OP(call)        \
	do {            \
		(call); \
		did();  \
	} while (0)

static void
script(void)
{
	did();
	for (int round = 0; round < 3; round++) {
		make("a", 3000, 'a' + round);
		OP(rump_sys_mkdir("/mnt/d", 0755));
		sync_now();
		make("d/a", 30000, 'A' + round);
		OP(rump_sys_link("/mnt/a", "/mnt/d/b"));
		OP(rump_sys_symlink("a", "/mnt/l"));
		sync_now();
		OP(rump_sys_rename("/mnt/d/a", "/mnt/d/c"));
		OP(rump_sys_mkdir("/mnt/e", 0700));
		OP(rump_sys_mkdir("/mnt/e/d", 0700));
		make("e/d/a", 14000, 'k' + round);
		OP(rump_sys_unlink("/mnt/d/c"));
		sync_now();
		make("b", 20000, 'b' + round); /* of what was d/c */
		OP(rump_sys_truncate("/mnt/b", 4096));
		OP(rump_sys_rename("/mnt/e/d", "/mnt/d/a"));
		sync_now();
		OP(rump_sys_unlink("/mnt/d/a/a"));
		OP(rump_sys_rmdir("/mnt/d/a"));
		OP(rump_sys_rmdir("/mnt/e"));
		OP(rump_sys_unlink("/mnt/l"));
		OP(rump_sys_unlink("/mnt/d/b"));
		OP(rump_sys_rmdir("/mnt/d"));
		make("c", 9000, 'c' + round);
		sync_now();
	}
}

/* ---- looking at a cut ------------------------------------------------------------------- */

static void
apply(const struct entry *e, uint64_t len)
{
	if (!e->flush)
		memcpy(image + e->off, e->data, len);
}

/* Half of a write, in sectors.  The superblock's two sectors with its checksum in the
 * second are taken to arrive together, as all that write this format have to. */
static uint64_t
torn_len(const struct entry *e)
{
	if (e->off == 1024 && e->len == 1024)
		return e->len;
	return e->len >= 1024 ? e->len / 2 / 512 * 512 : e->len;
}

/* Is the image, when it was cut, as it has to be?  least: the oldest state. */
static bool
sound(unsigned least, const char *what)
{
	uint64_t h;
	unsigned i;
	int error;

	spill("cut", image);
	error = mount_it("cut", false, RUMP_MNT_RDONLY, NULL);
	if (error != 0) {
		diag("%s: mount: error %d", what, error);
		return false;
	}
	h = state();
	unmount_it();
	for (i = nstates; i > 0 && states[i - 1] != h; i--)
		;
	if (i == 0 || i - 1 < least) {
		diag("%s: state %d, at least %u", what, (int)i - 1, least);
		return false;
	}
	error = system(
	    TOOLS "e2fsck -fp cut >out 2>&1; [ $? -le 1 ] && "
		  "! grep -v -e 'recovering journal' -e 'learing orphaned' "
		  "-e 'files (' -e 'Setting free' out >&2 && "
		  "e2fsck -fn cut >out 2>&1");
	if (error != 0) {
		diag("%s: e2fsck", what);
		(void)!system("sed 's/^/# /' out | head -n 12");
	}
	return error == 0;
}

static void
every_cut(const char *what)
{
	unsigned bad = 0, torn = 0, least = 0;
	char name[80];

	memcpy(image, base, imagesize);
	for (size_t i = 0; i < nlog; i++) {
		if (wlog[i].flush)
			continue;
		least = wlog[i].synced;
		snprintf(name, sizeof(name), "%s: before write %zu", what, i);
		bad += !sound(least, name);
		if (torn_len(&wlog[i]) != wlog[i].len) {
			uint8_t *kept = malloc(imagesize);

			memcpy(kept, image, imagesize);
			apply(&wlog[i], torn_len(&wlog[i]));
			snprintf(
			    name, sizeof(name), "%s: write %zu torn", what, i);
			torn += !sound(least, name);
			memcpy(image, kept, imagesize);
			free(kept);
		}
		apply(&wlog[i], wlog[i].len);
	}
	bad += !sound(synced, "the end");
	ok(bad == 0, "%s: cut at each of %zu writes", what, nlog);
	ok(torn == 0, "%s: each write torn", what);
}

static void
lost_writes(const char *what, unsigned cases)
{
	unsigned bad = 0;
	char name[80];

	for (unsigned c = 0; c < cases; c++) {
		size_t cut, barrier = 0, i;

		seed = c + 1;
		cut = rnd() % nlog;
		for (i = 0; i < cut; i++)
			if (wlog[i].flush)
				barrier = i;
		memcpy(image, base, imagesize);
		for (i = 0; i < cut; i++)
			if (i <= barrier || rnd() % 2 != 0)
				apply(&wlog[i],
				    i > barrier && rnd() % 4 == 0
					? torn_len(&wlog[i])
					: wlog[i].len);
		snprintf(name, sizeof(name), "%s: seed %u", what, c + 1);
		bad += !sound(wlog[cut].synced, name);
	}
	ok(bad == 0, "%s: %u times writes since the last barrier are lost",
	    what, cases);
}

static void
one(const char *what, const char *mkfs, const char *options)
{
	const char *cases = getenv("CRASH_SEEDS");
	char cmd[300];

	snprintf(cmd, sizeof(cmd),
	    TOOLS "rm -f image; mke2fs -q -F %s image 3M >/dev/null 2>&1",
	    mkfs);
	if (system(cmd) != 0) {
		skip(3, "no mke2fs");
		return;
	}
	for (size_t i = 0; i < nlog; i++)
		free(wlog[i].data);
	nlog = 0;
	nstates = synced = 0;
	slurp("image", &base);
	image = malloc(imagesize);
	if (!is(mount_it("image", true, 0, options), 0, "%s: mount", what))
		return;
	script();
	unmount_it();
	every_cut(what);
	lost_writes(what, cases != NULL ? (unsigned)atoi(cases) : 60);
	free(base);
	free(image);
}

int
main(void)
{
	if (chdir(scratch_dir()) != 0 || rump_init() != 0)
		return 1;
	if (rump_sys_mkdir("/mnt", 0755) != 0)
		return 1;
	one("ext3", "-t ext3 -b 1024 -N 64 -J size=1", NULL);
	one("ext3, data=journal", "-t ext3 -b 1024 -N 64 -J size=1",
	    "data=journal");
	one("ext4", "-t ext4 -b 1024 -N 64 -J size=1", NULL);
	return done();
}
