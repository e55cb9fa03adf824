/* SPDX-License-Identifier: BSD-2-Clause */
/* Several mounts. */
#include "vt.h"

static void
t_crossing(void)
{
	struct rump_stat a, b, root;
	char cwd[64];

	OK(rump_sys_mkdir("d", 0755));
	vt_second("d/sub");
	OK(rump_sys_stat("d", &a));
	OK(rump_sys_stat("d/sub", &b));
	ok(a.st_dev != b.st_dev, "another device number");
	vt_put("d/sub/f", "on the second");
	OK(rump_sys_mkdir("d/sub/deep", 0755));
	vt_has("d/sub/deep/../f", "on the second");
	OK(rump_sys_stat("d/sub/..", &b));
	ok(b.st_dev == a.st_dev && b.st_ino == a.st_ino, ".. of its root");
	OK(rump_sys_stat("d/sub/../sub/deep/../../sub/f", &b));
	FAIL(rump_sys_rename("d/sub/f", "f"), RUMP_EXDEV);
	FAIL(rump_sys_link("d/sub/f", "f"), RUMP_EXDEV);
	FAIL(rump_sys_rmdir("d/sub"), RUMP_EBUSY);
	FAIL(rump_sys_rename("d/sub", "x"), RUMP_EBUSY);
	FAIL(rump_sys_rename("d/sub/deep", "d/sub"), RUMP_EXDEV);
	OK(rump_sys_rename("d", "moved"));
	vt_has("moved/sub/f", "on the second");
	OK(rump_sys_chdir("moved/sub/deep"));
	is(rump_sys_getcwd(cwd, sizeof(cwd)), 20, "getcwd");
	is_str(cwd, MNT "/moved/sub/deep", "through a mount");
	FAIL(rump_sys_unmount(MNT "/moved/sub", 0), RUMP_EBUSY);
	OK(rump_sys_chdir(MNT));
	FAIL(rump_sys_unmount("moved", 0), RUMP_EINVAL);
	FAIL(rump_sys_unmount("none", 0), RUMP_ENOENT);
	int fd = (int)MUST(rump_sys_open("moved/sub/f", O_RD, 0));
	FAIL(rump_sys_unmount("moved/sub", 0), RUMP_EBUSY);
	FAIL(rump_sys_unmount(MNT, 0), RUMP_EBUSY);
	OK(rump_sys_close(fd));
	OK(rump_sys_stat("/", &root));
	OK(rump_sys_unmount("moved/sub", 0));
	is(vt_count("moved/sub"), 0, "what was covered is seen again");
	OK(rump_sys_rmdir("moved/sub"));
}

static void
t_plusmount(void)
{
	char buf[4096] __attribute__((aligned(8)));
	struct rump_stat top;
	int64_t n;
	int fd, seen = 0;

	OK(rump_sys_mkdir("d", 0755));
	vt_second("d/sub");
	OK(rump_sys_stat("d", &top));
	fd = (int)MUST(rump_sys_open("d", O_RD, 0));
	n = MUST(rump_sys_getdents_plus(fd, buf, sizeof(buf)));
	for (char *p = buf; p < buf + n;) {
		struct rump_direntplus *dp = (void *)p;

		if (strcmp(dp->d_ent.d_name, "sub") == 0) {
			seen++;
			is(dp->d_stat.st_dev, top.st_dev,
			    "a mount point's own attributes");
			is(dp->d_stat.st_ino, dp->d_ent.d_fileno, "inode");
		}
		p += dp->d_reclen;
	}
	is(seen, 1, "there it is");
	OK(rump_sys_close(fd));
	OK(rump_sys_unmount("d/sub", 0));
}

static void
t_errors(void)
{
	const char *devs[1] = {vt_second_dev() != NULL ? "dev0" : NULL};
	const char *none[1] = {"nosuchdevice"};
	unsigned n = devs[0] != NULL;

	vt_put("f", "x");
	OK(rump_sys_mkdir("d", 0755));
	FAIL(rump_sys_mount("nosuchtype", "d", 0, devs, n, NULL), RUMP_ENODEV);
	FAIL(rump_sys_mount("rumpfs", "f", 0, NULL, 0, NULL), RUMP_ENOTDIR);
	FAIL(rump_sys_mount("rumpfs", "none", 0, NULL, 0, NULL), RUMP_ENOENT);
	FAIL(rump_sys_mount("rumpfs", "d", 0, NULL, 0, "bogus"), RUMP_EINVAL);
	FAIL(rump_sys_mount("rumpfs", "d", 0, none, 1, NULL), RUMP_ENOENT);
	FAIL(rump_sys_mount("", "d", 0, NULL, 0, NULL), RUMP_EINVAL);
	if (n != 0) {
		FAIL(rump_sys_mount(vt_fs->fs_type, "d", 0, devs, 1, NULL),
		    RUMP_EBUSY);
		FAIL(rump_sys_mount(vt_fs->fs_type, "d", 0, NULL, 0, NULL),
		    RUMP_EINVAL);
		FAIL(rump_pub_blkdev_destroy("dev0") * -1, RUMP_EBUSY);
	}
	OK(rump_sys_rmdir("d"));
}

/* Whose type is found by looking. */
static void
t_probe(void)
{
	const char *devs[1] = {"dev1"};
	struct rump_blkdesc ram = {.bl_kind = RUMP_BLK_RAM, .bl_len = 1 << 20};
	struct rump_statvfs sv;
	struct rump_probe rp;
	char types[1024];
	int64_t n;

	vt_second("s");
	OK(rump_sys_unmount("s", 0));
	OK(rump_sys_probe("dev1", &rp));
	is_str(rp.rp_type, vt_shown(), "type");
	ok(rp.rp_size > 0, "size");
	OK(rump_sys_mount("", "s", 0, devs, 1, NULL));
	OK(rump_sys_statvfs("s", &sv));
	is_str(sv.f_fstypename, vt_shown(), "mounted without naming a type");
	OK(rump_sys_unmount("s", 0));
	OK(-rump_pub_blkdev_create("zeros", &ram, 1));
	devs[0] = "zeros";
	FAIL(rump_sys_probe("zeros", &rp), RUMP_ENOENT);
	FAIL(rump_sys_mount(NULL, "s", 0, devs, 1, NULL), RUMP_ENODEV);
	ok(rump_sys_mount(vt_fs->fs_type, "s", 0, devs, 1, NULL) < 0,
	    "zeros are no file system");
	OK(-rump_pub_blkdev_destroy("zeros"));
	n = rump_sys_fstypes(types, sizeof(types));
	ok(n > 0 &&
		memmem(types, (size_t)n, vt_fs->fs_type,
		    strlen(vt_fs->fs_type) + 1) != NULL,
	    "fstypes names it");
	is(rump_sys_fstypes(NULL, 0), n, "fstypes's length");
}

/* Over and over, and many at a time. */
static void
t_many(void)
{
	struct rump_statvfs sv;
	char dir[40], path[64];
	int bad = 0;

	for (int i = 0; i < 30; i++) {
		vt_put("f", dir);
		vt_remount(0);
		snprintf(dir, sizeof(dir), "round %d", i);
		vt_put("f", dir);
	}
	vt_has("f", "round 29");
	OK(rump_sys_mkdir("m", 0755));
	for (int i = 0; i < 40; i++) {
		snprintf(dir, sizeof(dir), "m/%d", i);
		bad += rump_sys_mkdir(dir, 0755) != 0;
		bad += rump_sys_mount("rumpfs", dir, 0, NULL, 0, NULL) != 0;
		snprintf(path, sizeof(path), "%s/f", dir);
		vt_put(path, path);
	}
	is(bad, 0, "forty mounts");
	for (int i = 0; i < 40; i++) {
		struct rump_stat st;

		snprintf(path, sizeof(path), "m/%d/f", i);
		bad += rump_sys_stat(path, &st) != 0 ||
		    st.st_size != strlen(path);
	}
	is(bad, 0, "each with its own file");
	OK(rump_sys_statvfs("m/7", &sv));
	is_str(sv.f_fstypename, "rumpfs", "statvfs");
	FAIL(rump_sys_unmount(MNT, 0), RUMP_EBUSY);
	for (int i = 39; i >= 0; i--) {
		snprintf(dir, sizeof(dir), "m/%d", i);
		bad += rump_sys_unmount(dir, 0) != 0;
		bad += rump_sys_rmdir(dir) != 0;
	}
	is(bad, 0, "all unmounted");
	/* on top of one another */
	OK(rump_sys_mkdir("s", 0755));
	OK(rump_sys_mount("rumpfs", "s", 0, NULL, 0, NULL));
	vt_put("s/one", "1");
	OK(rump_sys_mount("rumpfs", "s", 0, NULL, 0, NULL));
	ok(!vt_exists("s/one"), "covered");
	OK(rump_sys_mkdir("s/in", 0755));
	OK(rump_sys_mount("rumpfs", "s/in", 0, NULL, 0, NULL));
	FAIL(rump_sys_unmount("s", 0), RUMP_EBUSY);
	OK(rump_sys_unmount("s/in", 0));
	OK(rump_sys_unmount("s", 0));
	vt_has("s/one", "1");
	OK(rump_sys_unmount("s", 0));
}

/* Over the root of all. */
static void
t_overroot(void)
{
	struct rump_stat under, over;

	OK(rump_sys_stat("/", &under));
	OK(rump_sys_mount("rumpfs", "/", 0, NULL, 0, NULL));
	OK(rump_sys_stat("/", &over));
	ok(over.st_dev != under.st_dev, "another one is seen");
	vt_put("/onlyhere", "x");
	ok(!vt_exists(MNT), "the old names are covered");
	vt_put("f", "where we are nothing changed");
	OK(rump_sys_stat("../..", &over));
	ok(over.st_dev != under.st_dev, "the way up leads to it");
	vt_has("../onlyhere", "x");
	OK(rump_sys_unmount("/", 0));
	FAIL(rump_sys_unmount("/", 0), RUMP_EBUSY);
	OK(rump_sys_stat("/", &over));
	ok(over.st_dev == under.st_dev, "as before");
	vt_has(MNT "/f", "where we are nothing changed");
}

static void
t_force(void)
{
	struct rump_stat st;
	char c;
	int fd, dfd, gone;

	OK(rump_sys_mkdir("x", 0755));
	vt_second("x/sub");
	vt_put("x/sub/f", "data");
	OK(rump_sys_mkdir("x/sub/d", 0755));
	vt_put("x/sub/unlinked", "data");
	fd = (int)MUST(rump_sys_open("x/sub/f", O_RW, 0));
	gone = (int)MUST(rump_sys_open("x/sub/unlinked", O_RW, 0));
	OK(rump_sys_unlink("x/sub/unlinked"));
	dfd = (int)MUST(rump_sys_open("x/sub/d", O_RD, 0));
	FAIL(rump_sys_unmount("x/sub", 0), RUMP_EBUSY);
	OK(rump_sys_unmount("x/sub", RUMP_MNT_FORCE));
	is(vt_count("x/sub"), 0, "gone");
	ok(rump_sys_pread(fd, &c, 1, 0) < 0, "what was open fails");
	ok(rump_sys_pwrite(fd, &c, 1, 0) < 0, "... to be written");
	ok(rump_sys_fstat(fd, &st) < 0, "... to be asked");
	ok(rump_sys_openat(dfd, "y", O_CR, 0644) < 0, "no new files there");
	ok(rump_sys_fstatat(dfd, "..", &st, 0) < 0, "nor a way out");
	OK(rump_sys_close(fd));
	OK(rump_sys_close(gone));
	OK(rump_sys_close(dfd));
	OK(rump_sys_rmdir("x/sub"));
}

const struct vt_case vt_mount[] = {
    {.tc_name = "crossing", .tc_run = t_crossing, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "mount-point-attributes",
	.tc_run = t_plusmount,
	.tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "mount-errors",
	.tc_run = t_errors,
	.tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "probe",
	.tc_run = t_probe,
	.tc_needs_device = true,
	.tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "many-mounts", .tc_run = t_many, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "over-the-root", .tc_run = t_overroot},
    {.tc_name = "force", .tc_run = t_force, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = NULL},
};
