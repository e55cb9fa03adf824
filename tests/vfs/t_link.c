/* SPDX-License-Identifier: BSD-2-Clause */
/* mkdir, rmdir, link, unlink, symlink, readlink, mknod. */
#include "vt.h"

static void
t_mkdir(void)
{
	struct rump_stat st;

	OK(rump_sys_mkdir("d", 0751));
	OK(rump_sys_stat("d", &st));
	is(st.st_mode, RUMP_S_IFDIR | 0751, "mode");
	is(st.st_nlink, 2, "links");
	uint32_t top = vt_nlink(".");
	OK(rump_sys_mkdir("d/e", 0755));
	is(vt_nlink("d"), 3, "links of the parent");
	is(vt_nlink("."), top, "not of the grandparent");
	FAIL(rump_sys_rmdir("d"), RUMP_ENOTEMPTY);
	FAIL(rump_sys_unlink("d"), RUMP_EISDIR);
	OK(rump_sys_rmdir("d/e"));
	is(vt_nlink("d"), 2, "links of the parent again");
	vt_put("d/f", "x");
	FAIL(rump_sys_rmdir("d"), RUMP_ENOTEMPTY);
	FAIL(rump_sys_rmdir("d/f"), RUMP_ENOTDIR);
	FAIL(rump_sys_rmdir("none"), RUMP_ENOENT);
	OK(rump_sys_unlink("d/f"));
	OK(rump_sys_rmdir("d"));
	FAIL(rump_sys_rmdir("d"), RUMP_ENOENT);
	FAIL(rump_sys_unlink("d"), RUMP_ENOENT);
	FAIL(rump_sys_unlinkat(FDCWD, "d", 0x4000), RUMP_EINVAL);
	rump_sys_umask(027);
	OK(rump_sys_mkdir("um", 0777));
	OK(rump_sys_stat("um", &st));
	is(st.st_mode & 0777, 0750, "umask counts");
	is(rump_sys_umask(0), 027, "umask returns the old one");
}

static void
t_link(void)
{
	struct rump_stat a, b;

	vt_put("f", "content");
	OK(rump_sys_link("f", "g"));
	OK(rump_sys_stat("f", &a));
	OK(rump_sys_stat("g", &b));
	is(a.st_ino, b.st_ino, "one inode");
	is(b.st_nlink, 2, "two links");
	FAIL(rump_sys_link("f", "g"), RUMP_EEXIST);
	FAIL(rump_sys_link("none", "h"), RUMP_ENOENT);
	FAIL(rump_sys_link("f", "none/h"), RUMP_ENOENT);
	FAIL(rump_sys_link("f", "h/"), RUMP_ENOENT);
	OK(rump_sys_mkdir("d", 0755));
	FAIL(rump_sys_link("d", "h"), RUMP_EPERM);
	OK(rump_sys_link("f", "d/h"));
	is(vt_nlink("g"), 3, "three links");
	FAIL(rump_sys_link("f", "/elsewhere"), RUMP_EXDEV);
	OK(rump_sys_unlink("f"));
	is(vt_nlink("g"), 2, "two links");
	vt_has("d/h", "content");
	OK(rump_sys_unlink("g"));
	OK(rump_sys_unlink("d/h"));
	OK(rump_sys_symlink("nowhere", "l"));
	OK(rump_sys_link("l", "l2"));
	is(vt_nlink("l"), 2, "a symlink can have two names");
	FAIL(rump_sys_linkat(FDCWD, "l", FDCWD, "l3", RUMP_AT_SYMLINK_FOLLOW),
	    RUMP_ENOENT);
	vt_remount(0);
	is(vt_ino("l"), vt_ino("l2"), "still one inode");
}

static void
t_linkmax(void)
{
	uint32_t max = vt_caps.fc_linkmax, n = 1;
	char name[32];
	int error = 0;

	if (max > 70000) {
		skip(1, "%u links are too many to try", max);
		return;
	}
	vt_put("f", "x");
	while (error == 0 && n <= max) {
		snprintf(name, sizeof(name), "l%u", n);
		error = -rump_sys_link("f", name);
		n += error == 0;
	}
	is(error, RUMP_EMLINK, "one link too many");
	is(n, max, "as many as fscaps said");
	is(vt_nlink("f"), max, "st_nlink");
}

static void
t_readlink(void)
{
	char buf[64];

	OK(rump_sys_symlink("some/where", "l"));
	is(rump_sys_readlink("l", buf, sizeof(buf)), 10, "length, no NUL");
	is(memcmp(buf, "some/where", 10), 0, "target");
	is(rump_sys_readlink("l", buf, 4), 4, "cut to the buffer");
	FAIL(rump_sys_readlink("l", buf, 0), RUMP_EINVAL);
	vt_put("f", "");
	FAIL(rump_sys_readlink("f", buf, sizeof(buf)), RUMP_EINVAL);
	FAIL(rump_sys_readlink("none", buf, sizeof(buf)), RUMP_ENOENT);
	/* every length around the one that fits into the inode */
	int bad = 0;
	for (size_t n = 50; n < 70; n++) {
		char name[16], target[80], got[80];

		snprintf(name, sizeof(name), "l%zu", n);
		memset(target, 'a' + (int)(n % 26), n);
		target[n] = '\0';
		bad += rump_sys_symlink(target, name) != 0;
		bad += rump_sys_readlink(name, got, sizeof(got)) !=
			(int64_t)n ||
		    memcmp(got, target, n) != 0;
	}
	is(bad, 0, "lengths 50 to 69");
	vt_remount(0);
	is(rump_sys_readlink("l65", buf, sizeof(buf)), 64, "after remounting");
}

static void
t_mknod(void)
{
	static const struct {
		uint32_t mode;
		uint64_t dev;
	} nodes[] = {
	    {RUMP_S_IFIFO | 0640, 0},
	    {RUMP_S_IFSOCK | 0600, 0},
	    {RUMP_S_IFCHR | 0666, RUMP_MAKEDEV(1, 3)},
	    {RUMP_S_IFBLK | 0660, RUMP_MAKEDEV(8, 17)},
	    {RUMP_S_IFBLK | 0660, RUMP_MAKEDEV(259, 70000)},
	    {RUMP_S_IFREG | 0444, 0},
	};
	struct rump_stat st;
	char name[8];

	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		OK(rump_sys_mknod(name, nodes[i].mode, nodes[i].dev));
	}
	vt_remount(0);
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		OK(rump_sys_lstat(name, &st));
		is(st.st_mode, nodes[i].mode, "%s: mode", name);
		is(st.st_rdev, nodes[i].dev, "%s: device", name);
		is(st.st_nlink, 1, "%s: links", name);
	}
	OK(rump_sys_mkfifo("fifo", 0622));
	FAIL(rump_sys_mkfifo("fifo", 0622), RUMP_EEXIST);
	FAIL(rump_sys_mknod("x", RUMP_S_IFLNK | 0644, 0), RUMP_EINVAL);
	FAIL(rump_sys_mknod("x", RUMP_S_IFDIR | 0644, 0), RUMP_EPERM);
	FAIL(rump_sys_mknod("x/", RUMP_S_IFREG | 0644, 0), RUMP_ENOENT);
	vt_become(1000, 1000);
	MUST(rump_sys_umask(0) & 0);
	FAIL(rump_sys_mknod("x", RUMP_S_IFCHR | 0644, 0), RUMP_EPERM);
	vt_unbecome();
}

static void
t_at(void)
{
	struct rump_stat st;
	char buf[16];
	int dfd;

	OK(rump_sys_mkdir("d", 0755));
	dfd = (int)MUST(rump_sys_open("d", O_RD, 0));
	OK(rump_sys_chdir("/"));
	OK(rump_sys_mkdirat(dfd, "e", 0700));
	OK(rump_sys_mkfifoat(dfd, "fifo", 0600));
	OK(rump_sys_mknodat(dfd, "f", RUMP_S_IFREG | 0600, 0));
	OK(rump_sys_symlinkat("f", dfd, "l"));
	OK(rump_sys_linkat(dfd, "f", dfd, "g", 0));
	OK(rump_sys_renameat(dfd, "g", dfd, "e/h"));
	is(rump_sys_readlinkat(dfd, "l", buf, sizeof(buf)), 1, "readlinkat");
	OK(rump_sys_fstatat(dfd, "l", &st, RUMP_AT_SYMLINK_NOFOLLOW));
	is(st.st_mode & RUMP_S_IFMT, RUMP_S_IFLNK, "the link");
	OK(rump_sys_fstatat(dfd, "l", &st, 0));
	is(st.st_nlink, 2, "the file");
	OK(rump_sys_fstatat(dfd, "", &st, RUMP_AT_EMPTY_PATH));
	is(st.st_mode & RUMP_S_IFMT, RUMP_S_IFDIR, "the directory itself");
	FAIL(rump_sys_fstatat(dfd, "", &st, 0), RUMP_ENOENT);
	FAIL(rump_sys_fstatat(dfd, "f", &st, 0x8000), RUMP_EINVAL);
	OK(rump_sys_fchmodat(dfd, "f", 0640, 0));
	OK(rump_sys_fchownat(dfd, "l", 1, 2, RUMP_AT_SYMLINK_NOFOLLOW));
	OK(rump_sys_faccessat(dfd, "f", RUMP_R_OK, 0));
	OK(rump_sys_utimensat(dfd, "f", NULL, 0));
	OK(rump_sys_unlinkat(dfd, "e/h", 0));
	OK(rump_sys_unlinkat(dfd, "e", RUMP_AT_REMOVEDIR));
	FAIL(rump_sys_unlinkat(dfd, "f", RUMP_AT_REMOVEDIR), RUMP_ENOTDIR);
	OK(rump_sys_close(dfd));
	OK(rump_sys_chdir(MNT));
	is(vt_count("d"), 3, "what is left");
}

const struct vt_case vt_link[] = {
    {.tc_name = "mkdir",
	.tc_run = t_mkdir,
	.tc_caps = RUMP_CAP_SUBDIRS | RUMP_CAP_MODES},
    {.tc_name = "link",
	.tc_run = t_link,
	.tc_caps = RUMP_CAP_LINKS | RUMP_CAP_SYMLINKS},
    {.tc_name = "link-max", .tc_run = t_linkmax, .tc_caps = RUMP_CAP_LINKS},
    {.tc_name = "readlink", .tc_run = t_readlink, .tc_caps = RUMP_CAP_SYMLINKS},
    {.tc_name = "mknod", .tc_run = t_mknod, .tc_caps = RUMP_CAP_DEVICES},
    {.tc_name = "at-calls",
	.tc_run = t_at,
	.tc_caps = RUMP_CAP_DEVICES | RUMP_CAP_LINKS | RUMP_CAP_SYMLINKS},
    {.tc_name = NULL},
};
