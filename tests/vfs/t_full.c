/* SPDX-License-Identifier: BSD-2-Clause */
/* No room, no nodes, and devices that fail. */
#include "vt.h"

static char buf[65536];

static uint64_t
freeblocks(void)
{
	struct rump_statvfs sv;

	MUST(rump_sys_statvfs(".", &sv));
	return sv.f_bfree * sv.f_frsize;
}

/* Write until it doesn't go on; how much there was room for. */
static uint64_t
fill(const char *path, size_t piece)
{
	int fd = (int)MUST(rump_sys_open(path, O_CR, 0644));
	uint64_t off = 0;
	int64_t n;

	for (;;) {
		vt_pattern(buf, off, piece, 1);
		n = rump_sys_write(fd, buf, piece);
		if (n <= 0)
			break;
		off += (uint64_t)n;
	}
	is(n, -RUMP_ENOSPC, "full after %llu bytes", (unsigned long long)off);
	OK(rump_sys_close(fd));
	ok(vt_haspattern(path, off, 1), "what was written is there");
	return off;
}

static void
t_enospc(void)
{
	uint64_t before, n;
	struct rump_stat st;
	int error = 0;
	char name[16];

	vt_put("keep", "kept content");
	const char *d = vt_subdir("d");
	before = freeblocks();
	n = fill("big", sizeof(buf));
	ok(n > before * 8 / 10, "of %llu free", (unsigned long long)before);
	vt_has("keep", "kept content");
	/* all else that needs room fails too, and harms nothing */
	for (int i = 0; i < 400 && error == 0; i++) {
		if (!vt_can(RUMP_CAP_SUBDIRS))
			break; /* a file without a byte may need none */
		snprintf(name, sizeof(name), "%s/n%d", d, i);
		error = -rump_sys_mkdir(name, 0755);
	}
	if (vt_fs->fs_format != NULL &&
	    vt_can(RUMP_CAP_SUBDIRS)) { /* in memory names take none of it */
		is(error, RUMP_ENOSPC, "mkdir");
		is(rump_sys_stat(name, &st), -RUMP_ENOENT, "leaves nothing");
	}
	int fd = (int)MUST(rump_sys_open("keep", O_RW, 0));
	is(rump_sys_pwrite(fd, "KEPT", 4, 0), 4, "overwriting in place works");
	OK(rump_sys_close(fd));
	vt_remount(0);
	vt_has("keep", "KEPT content");
	ok(vt_haspattern("big", n, 1), "the big one is whole");
	OK(rump_sys_unlink("big"));
	ok(freeblocks() >= before * 8 / 10, "room again");
	fill("small-pieces", 1000);
	OK(rump_sys_unlink("small-pieces"));
	fill("third", 4096);
	OK(rump_sys_truncate("third", 100));
	fill("fourth", 12345);
}

/* Directories that must grow, attributes, long symlinks on a full device. */
static void
t_enospc_names(void)
{
	char name[260], target[1001];
	int error = 0, made = 0;

	const char *d = vt_subdir("d");
	size_t most = vt_caps.fc_namemax < 248 ? vt_caps.fc_namemax : 248;

	vt_put("f", "x");
	fill("big", sizeof(buf));
	memset(name, 'n', most);
	for (int i = 0; i < 2000 && error == 0; i++, made++) {
		snprintf(name + most - 5, 20, "%d", i);
		error = -rump_sys_link("f", vt_in(d, name));
	}
	ok(error == RUMP_ENOSPC || error == RUMP_EMLINK || error == 0,
	    "link: error %d after %d", error, made);
	memset(target, 't', 1000);
	target[1000] = '\0';
	if ((vt_caps.fc_flags & RUMP_CAP_SYMLINKS) != 0) {
		error = 0;
		for (int i = 0; i < 300 && error == 0; i++) {
			snprintf(name, sizeof(name), "s%d", i);
			error = -rump_sys_symlink(target, name);
		}
		ok(error == RUMP_ENOSPC || vt_fs->fs_format == NULL,
		    "symlink: error %d", error);
	}
	if ((vt_caps.fc_flags & RUMP_CAP_XATTR) != 0) {
		error = -rump_sys_setxattr("f", "user.big", target, 900, 0);
		ok(error == RUMP_ENOSPC || error == 0, "attribute: error %d",
		    error);
	}
	OK(rump_sys_rename("f", "g"));
	vt_has("g", "x");
}

static int
make(const char *name, uint32_t type)
{
	return type == RUMP_S_IFDIR
	    ? rump_sys_mkdir(name, 0755)
	    : rump_sys_mknod(name, RUMP_S_IFREG | 0644, 0);
}

static void
t_inodes(void)
{
	struct rump_statvfs sv;
	int n = 0, error = 0;
	char name[32];

	MUST(rump_sys_statvfs(".", &sv));
	if (vt_fs->fs_format != NULL && sv.f_files == 0) {
		skip(1, "the format has no inodes");
		return;
	}
	const char *d = vt_subdir("d");
	bool sub = vt_can(RUMP_CAP_SUBDIRS);
	uint32_t type = sub ? RUMP_S_IFDIR : RUMP_S_IFREG;

	while (error == 0 && n < 5000) {
		snprintf(name, sizeof(name), "%s/f%d", d, n);
		error = -rump_sys_mknod(name, RUMP_S_IFREG | 0644, 0);
		n += error == 0;
	}
	is(error, RUMP_ENOSPC, "no nodes after %d", n);
	is(n + sub, (int)sv.f_ffree, "as many as statvfs said");
	FAIL(make("e", type), RUMP_ENOSPC);
	FAIL(rump_sys_open(".", O_RW | RUMP_O_TMPFILE, 0600),
	    (vt_caps.fc_flags & RUMP_CAP_TMPFILE) != 0 ? RUMP_ENOSPC
						       : RUMP_EOPNOTSUPP);
	OK(rump_sys_unlink(vt_in(d, "f0")));
	OK(make("e", type));
	FAIL(make("f", type), RUMP_ENOSPC);
	is(vt_count(d), n - sub, "all others are there");
}

/* ---- devices that fail ------------------------------------------------------------ */

static int said;

static void
hook(void *arg, const char *line)
{
	(void)arg;
	if (strstr(line, "read-only from now on") != NULL)
		said++;
	diag("%s", line);
}

/* From some write on all fail: the mount turns read-only, says so once, goes on
 * being read, and unmounting tells. */
static void
t_writeerror(void)
{
	struct rump_statvfs sv;
	int error = 0, fd;

	rump_pub_log_hook(hook, NULL);
	vt_putpattern("old", 100000, 4);
	for (uint64_t stop = 1; stop < 40; stop += 6) {
		struct rump_blkfault bf = {
		    .bf_seed = 1, .bf_stop_at_write = stop + 3};
		char name[32];

		said = 0;
		vt_remount_faulty(&bf);
		error = 0;
		for (int i = 0; i < 50 && error == 0; i++) {
			snprintf(name, sizeof(name), "n%d", i);
			fd = rump_sys_open(name, O_CR, 0644);
			if (fd < 0) {
				error = -fd;
				break;
			}
			if (rump_sys_write(fd, buf, 5000) < 0)
				error = RUMP_EIO;
			if (rump_sys_fsync(fd) < 0)
				error = RUMP_EIO;
			MUST(rump_sys_close(fd));
		}
		ok(error == RUMP_EIO || error == RUMP_EROFS,
		    "write %llu: error %d is heard of",
		    (unsigned long long)stop, error);
		MUST(rump_sys_statvfs(".", &sv));
		if (said > 0) {
			is(said, 1, "one warning");
			ok((sv.f_flag & RUMP_MNT_RDONLY) != 0, "read-only");
			FAIL(rump_sys_mkdir("later", 0755), RUMP_EROFS);
		}
		ok(vt_haspattern("old", 100000, 4), "still readable");
		vt_fresh();
		vt_putpattern("old", 100000, 4);
	}
	rump_pub_log_hook(NULL, NULL);
}

static void
t_readerror(void)
{
	struct rump_blkfault bf = {.bf_seed = 7, .bf_read_eio_ppm = 200000};
	int good = 0, bad = 0, other = 0;
	struct rump_stat st;
	char name[32];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		vt_putpattern(name, 3000, (unsigned)i);
	}
	/* mounting reads too: try seeds until it goes */
	MUST(rump_sys_chdir("/"));
	MUST(rump_sys_unmount(MNT, 0));
	MUST(-rump_pub_blkdev_destroy("dev0"));
	rump_pub_log_hook(hook, NULL);
	if (!vt_try_faulty(&bf, 50)) {
		skip(1, "never mounted");
		vt_try_faulty(NULL, 1);
		return;
	}
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		int error = -rump_sys_stat(name, &st);
		if (error == 0 && vt_haspattern(name, 3000, (unsigned)i))
			good++;
		else if (error == 0 || error == RUMP_EIO)
			bad++;
		else
			other++;
	}
	ok(good > 0 && bad > 0 && other == 0,
	    "%d read, %d errors, %d of another kind", good, bad, other);
	MUST(rump_sys_chdir("/"));
	(void)rump_sys_unmount(MNT, RUMP_MNT_FORCE);
	MUST(-rump_pub_blkdev_destroy("dev0"));
	rump_pub_log_hook(NULL, NULL);
	ok(vt_try_faulty(NULL, 1), "sound again");
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		other += !vt_haspattern(name, 3000, (unsigned)i);
	}
	is(other, 0, "nothing was harmed");
}

const struct vt_case vt_full[] = {
    {.tc_name = "enospc", .tc_run = t_enospc, .tc_size = 4 << 20},
    {.tc_name = "enospc-names",
	.tc_run = t_enospc_names,
	.tc_size = 4 << 20,
	.tc_caps = RUMP_CAP_LINKS},
    {.tc_name = "no-inodes",
	.tc_run = t_inodes,
	.tc_size = 8 << 20,
	.tc_inodes = 100},
    {.tc_name = "write-error", .tc_run = t_writeerror, .tc_needs_device = true},
    {.tc_name = "read-error", .tc_run = t_readerror, .tc_needs_device = true},
    {.tc_name = NULL},
};
