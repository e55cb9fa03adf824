/* SPDX-License-Identifier: BSD-2-Clause */
/* Path lookup. */
#include "vt.h"

static void
t_lengths(void)
{
	char name[300], path[RUMP_PATH_MAX + 300];
	struct rump_stat st;
	size_t max = vt_caps.fc_namemax < 255 ? vt_caps.fc_namemax : 255;
	size_t n;

	memset(name, 'n', sizeof(name));
	name[max] = '\0';
	if (vt_can(RUMP_CAP_SUBDIRS)) {
		OK(rump_sys_mkdir(name, 0755));
		OK(rump_sys_stat(name, &st));
		OK(rump_sys_rename(name, "short"));
		OK(rump_sys_rename("short", name));
		OK(rump_sys_rmdir(name));
	}
	vt_put(name, "x");
	vt_remount(0);
	vt_has(name, "x");
	OK(rump_sys_unlink(name));
	name[max] = 'n';
	name[max + 1] = '\0';
	FAIL(rump_sys_mkdir(name, 0755), RUMP_ENAMETOOLONG);
	FAIL(rump_sys_stat(name, &st), RUMP_ENAMETOOLONG);
	FAIL(rump_sys_open(name, O_CR, 0644), RUMP_ENAMETOOLONG);
	FAIL(rump_sys_unlink(name), RUMP_ENAMETOOLONG);
	vt_put("f", "x");
	FAIL(rump_sys_rename("f", name), RUMP_ENAMETOOLONG);
	FAIL(rump_sys_link("f", name), RUMP_ENAMETOOLONG);
	snprintf(path, sizeof(path), "%s/x", name);
	FAIL(rump_sys_stat(path, &st), RUMP_ENAMETOOLONG);
	/* a path of 4095 bytes, and one of 4096 */
	for (n = 0; n < RUMP_PATH_MAX - 2; n += 2)
		memcpy(path + n, "./", 2);
	strcpy(path + RUMP_PATH_MAX - 2, "f");
	is(strlen(path), 4095, "length of the path");
	OK(rump_sys_stat(path, &st));
	memmove(path + 1, path, strlen(path) + 1);
	FAIL(rump_sys_stat(path, &st), RUMP_ENAMETOOLONG);
}

static void
t_slashes(void)
{
	struct rump_stat st;

	vt_put("f", "x");
	OK(rump_sys_mkdir("d/", 0755));
	OK(rump_sys_mkdir("d//e///", 0755));
	OK(rump_sys_stat("d/", &st));
	OK(rump_sys_stat(".//d/./e/../e//", &st));
	is(st.st_ino, vt_ino("d/e"), "the same directory");
	FAIL(rump_sys_stat("f/", &st), RUMP_ENOTDIR);
	FAIL(rump_sys_stat("f/.", &st), RUMP_ENOTDIR);
	FAIL(rump_sys_stat("f/..", &st), RUMP_ENOTDIR);
	FAIL(rump_sys_unlink("f/"), RUMP_ENOTDIR);
	FAIL(rump_sys_mkdir("f/x", 0755), RUMP_ENOTDIR);
	FAIL(rump_sys_mkdir("none/x", 0755), RUMP_ENOENT);
	FAIL(rump_sys_mkdir("d", 0755), RUMP_EEXIST);
	FAIL(rump_sys_mkdir("f", 0755), RUMP_EEXIST);
	FAIL(rump_sys_mkdir(".", 0755), RUMP_EEXIST);
	FAIL(rump_sys_mkdir("d/..", 0755), RUMP_EEXIST);
	FAIL(rump_sys_mkdir("/", 0755), RUMP_EEXIST);
	FAIL(rump_sys_mkdir("", 0755), RUMP_ENOENT);
	FAIL(rump_sys_rmdir("d/."), RUMP_EINVAL);
	FAIL(rump_sys_rmdir("d/e/.."), RUMP_ENOTEMPTY);
	FAIL(rump_sys_rmdir("/"), RUMP_EBUSY);
	FAIL(rump_sys_unlink("."), RUMP_EISDIR);
	OK(rump_sys_rmdir("d/e/"));
	OK(rump_sys_rmdir("d"));
}

static void
t_dotdot(void)
{
	struct rump_stat a, b;
	char cwd[200];

	OK(rump_sys_mkdir("a", 0755));
	OK(rump_sys_mkdir("a/b", 0755));
	OK(rump_sys_mkdir("a/b/c", 0755));
	OK(rump_sys_chdir("a/b/c"));
	is(rump_sys_getcwd(cwd, sizeof(cwd)), (int)strlen(MNT "/a/b/c") + 1,
	    "getcwd");
	is_str(cwd, MNT "/a/b/c", "getcwd");
	FAIL(rump_sys_getcwd(cwd, 5), RUMP_ERANGE);
	OK(rump_sys_stat("../..", &a));
	OK(rump_sys_stat(MNT "/a", &b));
	is(a.st_ino, b.st_ino, "../.. is a");
	/* out of the mount, and no further than the root */
	OK(rump_sys_stat("../../../..", &a));
	OK(rump_sys_stat("/", &b));
	ok(a.st_dev == b.st_dev && a.st_ino == b.st_ino, "up to the root");
	OK(rump_sys_stat("../../../../../../..", &a));
	ok(a.st_dev == b.st_dev && a.st_ino == b.st_ino, "and there it ends");
	OK(rump_sys_rename(MNT "/a/b", MNT "/moved"));
	OK(rump_sys_stat("..", &a));
	OK(rump_sys_stat(MNT "/moved", &b));
	is(a.st_ino, b.st_ino, ".. after the parent moved");
	is(rump_sys_getcwd(cwd, sizeof(cwd)), (int)strlen(MNT "/moved/c") + 1,
	    "getcwd");
	OK(rump_sys_rmdir(MNT "/moved/c"));
	FAIL(rump_sys_mkdir("x", 0755), RUMP_ENOENT);
	FAIL(rump_sys_open("x", O_CR, 0644), RUMP_ENOENT);
	FAIL(rump_sys_getcwd(cwd, sizeof(cwd)), RUMP_ENOENT);
	OK(rump_sys_chdir(MNT));
}

static void
t_symlinks(void)
{
	char target[RUMP_PATH_MAX + 10], name[16], prev[16];
	struct rump_stat st;

	OK(rump_sys_mkdir("d", 0755));
	vt_put("d/f", "found");
	OK(rump_sys_symlink("d", "rel"));
	OK(rump_sys_symlink(MNT "/d", "abs"));
	OK(rump_sys_symlink("../rel/f", "d/up"));
	OK(rump_sys_symlink("d/", "slash"));
	vt_has("rel/f", "found");
	vt_has("abs/f", "found");
	vt_has("d/up", "found");
	vt_has("slash/f", "found");
	OK(rump_sys_lstat("rel", &st));
	is(st.st_mode & RUMP_S_IFMT, RUMP_S_IFLNK, "lstat sees the link");
	OK(rump_sys_lstat("rel/", &st));
	is(st.st_mode & RUMP_S_IFMT, RUMP_S_IFDIR,
	    "with a slash what it names");
	FAIL(rump_sys_lstat("d/up/", &st), RUMP_ENOTDIR);
	FAIL(rump_sys_rmdir("rel"), RUMP_ENOTDIR);
	FAIL(rump_sys_unlink("rel/"), RUMP_ENOTDIR);
	/* loops */
	OK(rump_sys_symlink("self", "self"));
	FAIL(rump_sys_stat("self", &st), RUMP_ELOOP);
	FAIL(rump_sys_open("self", O_RD, 0), RUMP_ELOOP);
	OK(rump_sys_symlink("pong", "ping"));
	OK(rump_sys_symlink("ping", "pong"));
	FAIL(rump_sys_stat("ping/x", &st), RUMP_ELOOP);
	OK(rump_sys_lstat("ping", &st));
	/* forty links, and one more */
	strcpy(prev, "d/f");
	for (int i = 1; i <= RUMP_SYMLOOP_MAX + 1; i++) {
		snprintf(name, sizeof(name), "chain%d", i);
		MUST(rump_sys_symlink(prev, name));
		strcpy(prev, name);
	}
	OK(rump_sys_stat("chain40", &st));
	FAIL(rump_sys_stat("chain41", &st), RUMP_ELOOP);
	/* a target of the largest size, and what comes of it */
	for (size_t n = 0; n < RUMP_PATH_MAX; n += 2)
		memcpy(target + n, "./", 2);
	size_t max = vt_caps.fc_symlinkmax < 4095 ? vt_caps.fc_symlinkmax
						  : 4095;
	target[RUMP_PATH_MAX] = '\0';
	FAIL(rump_sys_symlink(target, "toolong"), RUMP_ENAMETOOLONG);
	strcpy(target + max - 3, "d/f");
	OK(rump_sys_symlink(target, "longest"));
	OK(rump_sys_lstat("longest", &st));
	is(st.st_size, max, "size of the longest link");
	is(rump_sys_readlink("longest", target, sizeof(target)), (int64_t)max,
	    "read it");
	FAIL(rump_sys_stat("longest/x/y/z", &st),
	    max > 4090 ? RUMP_ENAMETOOLONG : RUMP_ENOTDIR);
	FAIL(rump_sys_symlink("", "empty"), RUMP_ENOENT);
	FAIL(rump_sys_symlink("x", "rel"), RUMP_EEXIST);
}

static void
t_chroot(void)
{
	struct rump_stat a, b;
	char cwd[100];

	OK(rump_sys_mkdir("jail", 0755));
	OK(rump_sys_mkdir("jail/in", 0755));
	OK(rump_sys_symlink("/in", "jail/link"));
	vt_put("jail/in/f", "inside");
	vt_put("out", "outside");
	MUST(-rump_pub_lwproc_rfork(RUMP_RFFDG));
	OK(rump_sys_chroot("jail"));
	OK(rump_sys_chdir("/"));
	vt_has("/in/f", "inside");
	vt_has("/link/f", "inside");
	FAIL(rump_sys_stat("/out", &a), RUMP_ENOENT);
	FAIL(rump_sys_stat("../out", &a), RUMP_ENOENT);
	OK(rump_sys_stat("..", &a));
	OK(rump_sys_stat("/", &b));
	is(a.st_ino, b.st_ino, ".. of the root is the root");
	OK(rump_sys_chdir("in"));
	is(rump_sys_getcwd(cwd, sizeof(cwd)), 4, "getcwd");
	is_str(cwd, "/in", "below the new root");
	FAIL(rump_sys_chroot("f"), RUMP_ENOTDIR);
	rump_pub_lwproc_releaselwp();
	vt_has("out", "outside");
	vt_has("/mnt/out", "outside");
}

static void
t_chdir(void)
{
	int dfd;

	OK(rump_sys_mkdir("d", 0755));
	vt_put("d/f", "there");
	OK(rump_sys_chdir("d"));
	vt_has("f", "there");
	OK(rump_sys_chdir(".."));
	FAIL(rump_sys_chdir("d/f"), RUMP_ENOTDIR);
	FAIL(rump_sys_chdir("none"), RUMP_ENOENT);
	dfd = (int)MUST(rump_sys_open("d", O_RD, 0));
	OK(rump_sys_fchdir(dfd));
	vt_has("f", "there");
	OK(rump_sys_chdir(MNT));
	OK(rump_sys_close(dfd));
	FAIL(rump_sys_fchdir(dfd), RUMP_EBADF);
	dfd = (int)MUST(rump_sys_open("d/f", O_RD, 0));
	FAIL(rump_sys_fchdir(dfd), RUMP_ENOTDIR);
	OK(rump_sys_close(dfd));
}

/* Directories as deep as one can go by steps. */
static void
t_deep(void)
{
	struct rump_statvfs sv;
	struct rump_stat st;
	int depth = 3000, bad = 0;

	MUST(rump_sys_statvfs(".", &sv));
	if (sv.f_bavail / 2 < (uint64_t)depth)
		depth = (int)(sv.f_bavail / 2);
	if (sv.f_files != 0 && sv.f_favail / 2 < (uint64_t)depth)
		depth = (int)(sv.f_favail / 2);
	for (int i = 0; i < depth; i++)
		bad += rump_sys_mkdir("deeper", 0755) != 0 ||
		    rump_sys_chdir("deeper") != 0;
	is(bad, 0, "%d directories down", depth);
	for (int i = 0; i < depth; i++)
		bad += rump_sys_chdir("..") != 0;
	is(bad, 0, "and up again");
	OK(rump_sys_stat("deeper", &st));
	is(st.st_ino, vt_ino(MNT "/deeper"), "where it began");
	OK(rump_sys_rename("deeper", "renamed"));
}

static void
t_odd_names(void)
{
	static const char *const names[] = {" ", "...", "a b", "-", "\n",
	    "\001\377", "\303\244", "*", "~", ".hidden", "..data", "\\"};
	struct rump_stat st;
	int bad = 0;

	if ((vt_caps.fc_flags & RUMP_CAP_MODES) == 0) {
		skip(1, "names are more limited");
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		bad += rump_sys_mknod(names[i], RUMP_S_IFREG | 0644, 0) != 0;
	is(bad, 0, "names that look odd");
	vt_remount(0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		bad += rump_sys_stat(names[i], &st) != 0;
	is(bad, 0, "are found again");
	is(vt_count("."), (int)(sizeof(names) / sizeof(names[0])),
	    "all of them");
}

const struct vt_case vt_name[] = {
    {.tc_name = "name-lengths", .tc_run = t_lengths, .tc_caps = RUMP_CAP_LINKS},
    {.tc_name = "slashes", .tc_run = t_slashes, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "dotdot", .tc_run = t_dotdot, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "symlink-lookup",
	.tc_run = t_symlinks,
	.tc_caps = RUMP_CAP_SYMLINKS},
    {.tc_name = "chroot", .tc_run = t_chroot, .tc_caps = RUMP_CAP_SYMLINKS},
    {.tc_name = "chdir", .tc_run = t_chdir, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "deep", .tc_run = t_deep, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "odd-names", .tc_run = t_odd_names},
    {.tc_name = NULL},
};
