/* SPDX-License-Identifier: BSD-2-Clause */
/* Modes, owners, flags, times; who may change them. */
#include "vt.h"

static void
t_mode(void)
{
	struct rump_stat st;
	int fd;

	vt_put("f", "x");
	OK(rump_sys_chmod("f", 07654));
	OK(rump_sys_stat("f", &st));
	is(st.st_mode, RUMP_S_IFREG | 07654, "all mode bits");
	fd = (int)MUST(rump_sys_open("f", O_RD, 0));
	OK(rump_sys_fchmod(fd, 0600));
	OK(rump_sys_fstat(fd, &st));
	is(st.st_mode, RUMP_S_IFREG | 0600, "fchmod");
	OK(rump_sys_close(fd));
	OK(rump_sys_symlink("f", "l"));
	OK(rump_sys_chmod("l", 0640));
	OK(rump_sys_stat("f", &st));
	is(st.st_mode & 07777, 0640, "chmod follows");
	is(rump_sys_lchmod("l", 0700) == 0 ||
		rump_sys_lchmod("l", 0700) == -RUMP_EOPNOTSUPP,
	    true, "lchmod works or says that it can't");
	OK(rump_sys_stat("f", &st));
	is(st.st_mode & 07777, 0640, "lchmod doesn't follow");
	FAIL(rump_sys_chmod("none", 0), RUMP_ENOENT);
	vt_remount(0);
	OK(rump_sys_stat("f", &st));
	is(st.st_mode & 07777, 0640, "kept");
}

static void
t_owner(void)
{
	const uint32_t big = vt_caps.fc_uidmax < 0xfffffffe ? vt_caps.fc_uidmax
							    : 0xfffffffe;
	struct rump_stat st;
	int fd;

	vt_put("f", "x");
	OK(rump_sys_chown("f", 1000, 2000));
	OK(rump_sys_chown("f", UINT32_MAX, 2001));
	OK(rump_sys_stat("f", &st));
	ok(st.st_uid == 1000 && st.st_gid == 2001, "-1 leaves an id");
	OK(rump_sys_chown("f", UINT32_MAX, UINT32_MAX));
	fd = (int)MUST(rump_sys_open("f", O_RD, 0));
	OK(rump_sys_fchown(fd, big, big));
	OK(rump_sys_close(fd));
	OK(rump_sys_symlink("f", "l"));
	OK(rump_sys_lchown("l", 5, 6));
	OK(rump_sys_lstat("l", &st));
	ok(st.st_uid == 5 && st.st_gid == 6, "lchown");
	vt_remount(0);
	OK(rump_sys_stat("f", &st));
	ok(st.st_uid == big && st.st_gid == big, "the largest ids");
}

static bool
time_is(const struct rump_timespec *ts, int64_t sec, int32_t nsec)
{
	int32_t grain = (int32_t)vt_caps.fc_time_grain_ns;

	if (grain >= 1000000000)
		nsec = 0;
	else if (grain > 1)
		nsec -= nsec % grain;
	return ts->tv_sec == sec && ts->tv_nsec == nsec;
}

static void
t_times(void)
{
	struct rump_timespec ts[2] = {
	    {1000000001, 123456789, 0}, {1500000002, 987654321, 0}};
	struct rump_stat st, was;
	int fd;

	vt_put("f", "x");
	OK(rump_sys_utimensat(FDCWD, "f", ts, 0));
	OK(rump_sys_stat("f", &st));
	ok(time_is(&st.st_atim, 1000000001, 123456789), "access time");
	ok(time_is(&st.st_mtim, 1500000002, 987654321), "modification time");
	ok(st.st_ctim.tv_sec > 1500000002, "change time is now");
	ts[0].tv_nsec = RUMP_UTIME_OMIT;
	ts[1].tv_sec = 77;
	OK(rump_sys_utimensat(FDCWD, "f", ts, 0));
	OK(rump_sys_stat("f", &st));
	ok(time_is(&st.st_atim, 1000000001, 123456789), "omitted");
	is(st.st_mtim.tv_sec, 77, "set");
	ts[0].tv_nsec = RUMP_UTIME_NOW;
	ts[1].tv_nsec = RUMP_UTIME_OMIT;
	fd = (int)MUST(rump_sys_open("f", O_RW, 0));
	OK(rump_sys_futimens(fd, ts));
	OK(rump_sys_fstat(fd, &st));
	ok(st.st_atim.tv_sec > 1500000002, "now");
	is(st.st_mtim.tv_sec, 77, "omitted");
	ts[0].tv_nsec = 1000000000;
	FAIL(rump_sys_futimens(fd, ts), RUMP_EINVAL);
	ts[0].tv_nsec = -1;
	FAIL(rump_sys_futimens(fd, ts), RUMP_EINVAL);
	/* a write moves mtime and ctime, a read nothing */
	was = st;
	MUST(rump_sys_write(fd, "y", 1));
	OK(rump_sys_fstat(fd, &st));
	ok(st.st_mtim.tv_sec > 1500000002, "writing changes mtime");
	was = st;
	char c;
	MUST(rump_sys_pread(fd, &c, 1, 0));
	OK(rump_sys_fstat(fd, &st));
	is(memcmp(&was.st_atim, &st.st_atim, sizeof(st.st_atim)), 0,
	    "reading changes nothing (no -o atime)");
	OK(rump_sys_close(fd));
	OK(rump_sys_symlink("f", "l"));
	ts[0] = (struct rump_timespec){11, 0, 0};
	ts[1] = (struct rump_timespec){22, 0, 0};
	OK(rump_sys_utimensat(FDCWD, "l", ts, RUMP_AT_SYMLINK_NOFOLLOW));
	OK(rump_sys_lstat("l", &st));
	is(st.st_mtim.tv_sec, 22, "a symlink's own");
	OK(rump_sys_stat("f", &st));
	ok(st.st_mtim.tv_sec != 22, "not the file's");
	OK(rump_sys_utimensat(FDCWD, "l", NULL, 0));
}

static void
t_atime(void)
{
	struct rump_timespec ts[2] = {{1000, 0, 0}, {1000, 0, 0}};
	struct rump_stat st;
	char c;
	int fd;

	vt_put("f", "x");
	OK(rump_sys_utimensat(FDCWD, "f", ts, 0));
	vt_remount(RUMP_MNT_ATIME);
	fd = (int)MUST(rump_sys_open("f", O_RD, 0));
	is(rump_sys_read(fd, &c, 1), 1, "read");
	OK(rump_sys_fstat(fd, &st));
	ok(st.st_atim.tv_sec > 1000, "reading moves the access time");
	is(st.st_mtim.tv_sec, 1000, "only that");
	OK(rump_sys_close(fd));
}

/* Both ends of what the format can hold, and beyond. */
static void
t_timerange(void)
{
	const int64_t min = vt_caps.fc_time_min, max = vt_caps.fc_time_max;
	const int64_t secs[] = {0, -1, 0x7fffffff, 0x80000000, 0xffffffff,
	    0x100000000, min, max, INT64_MIN, INT64_MAX};
	struct rump_stat st;
	char name[8];

	for (int i = 0; i < 10; i++) {
		struct rump_timespec ts[2] = {{secs[i], 0, 0}, {secs[i], 0, 0}};

		snprintf(name, sizeof(name), "f%d", i);
		vt_put(name, "x");
		OK(rump_sys_utimensat(FDCWD, name, ts, 0));
	}
	vt_remount(0);
	for (int i = 0; i < 10; i++) {
		int64_t want = secs[i] < min ? min
		    : secs[i] > max	     ? max
					     : secs[i];

		snprintf(name, sizeof(name), "f%d", i);
		OK(rump_sys_stat(name, &st));
		is(st.st_mtim.tv_sec, want, "%lld", (long long)secs[i]);
		is(st.st_atim.tv_sec, want, "%lld", (long long)secs[i]);
	}
}

/* Which calls move which times of file and directory. */
static void
set_old(const char *path)
{
	struct rump_timespec ts[2] = {{1000, 0, 0}, {1000, 0, 0}};

	MUST(rump_sys_utimensat(FDCWD, path, ts, RUMP_AT_SYMLINK_NOFOLLOW));
}

static bool
moved(const char *path)
{
	struct rump_stat st;

	MUST(rump_sys_lstat(path, &st));
	return st.st_mtim.tv_sec != 1000;
}

static void
t_mtimes(void)
{
	OK(rump_sys_mkdir("d", 0755));
	OK(rump_sys_mkdir("e", 0755));
	set_old("d");
	vt_put("d/f", "x");
	ok(moved("d"), "creating");
	set_old("d");
	set_old("d/f");
	OK(rump_sys_truncate("d/f", 10));
	ok(moved("d/f"), "truncate moves the file's");
	ok(!moved("d"), "but not the directory's");
	set_old("d/f");
	OK(rump_sys_chmod("d/f", 0600));
	ok(!moved("d/f"), "chmod: the change time only");
	OK(rump_sys_link("d/f", "d/g"));
	ok(moved("d"), "link");
	ok(!moved("d/f"), "link: not the file's");
	set_old("d");
	OK(rump_sys_unlink("d/g"));
	ok(moved("d"), "unlink");
	set_old("d");
	set_old("e");
	OK(rump_sys_rename("d/f", "e/f"));
	ok(moved("d") && moved("e"), "rename: both");
	set_old("d");
	OK(rump_sys_mkdir("d/x", 0755));
	ok(moved("d"), "mkdir");
	set_old("d");
	OK(rump_sys_rmdir("d/x"));
	ok(moved("d"), "rmdir");
	set_old("e");
	set_old("e/f");
	int fd = (int)MUST(rump_sys_open("e/f", O_WR | RUMP_O_TRUNC, 0));
	ok(moved("e/f"), "O_TRUNC");
	OK(rump_sys_close(fd));
	ok(!moved("e"), "O_TRUNC: not the directory's");
}

static void
t_flags(void)
{
	struct rump_stat st;
	int fd;

	vt_put("f", "x");
	OK(rump_sys_mkdir("d", 0755));
	OK(rump_sys_chflags("f", RUMP_SF_IMMUTABLE));
	OK(rump_sys_stat("f", &st));
	is(st.st_flags, RUMP_SF_IMMUTABLE, "immutable");
	FAIL(rump_sys_open("f", O_WR, 0), RUMP_EPERM);
	FAIL(rump_sys_unlink("f"), RUMP_EPERM);
	FAIL(rump_sys_rename("f", "g"), RUMP_EPERM);
	FAIL(rump_sys_link("f", "g"), RUMP_EPERM);
	FAIL(rump_sys_truncate("f", 0), RUMP_EPERM);
	FAIL(rump_sys_chmod("f", 0), RUMP_EPERM);
	FAIL(rump_sys_chown("f", 1, 1), RUMP_EPERM);
	FAIL(rump_sys_utimensat(FDCWD, "f", NULL, 0), RUMP_EPERM);
	vt_has("f", "x");
	vt_remount(0);
	OK(rump_sys_stat("f", &st));
	is(st.st_flags, RUMP_SF_IMMUTABLE, "still");
	OK(rump_sys_chflags("f", RUMP_SF_APPEND));
	FAIL(rump_sys_open("f", O_WR, 0), RUMP_EPERM);
	FAIL(rump_sys_open("f", O_WR | RUMP_O_APPEND | RUMP_O_TRUNC, 0),
	    RUMP_EPERM);
	FAIL(rump_sys_truncate("f", 0), RUMP_EPERM);
	FAIL(rump_sys_unlink("f"), RUMP_EPERM);
	fd = rump_sys_open("f", O_WR | RUMP_O_APPEND, 0);
	ok(fd >= 0, "append-only opens for appending");
	is(rump_sys_write(fd, "y", 1), 1, "append");
	FAIL(rump_sys_ftruncate(fd, 0), RUMP_EPERM);
	OK(rump_sys_fchflags(fd, 0));
	OK(rump_sys_close(fd));
	vt_has("f", "xy");
	/* directories */
	OK(rump_sys_chflags("d", RUMP_SF_IMMUTABLE));
	FAIL(rump_sys_mkdir("d/x", 0755), RUMP_EPERM);
	FAIL(rump_sys_rename("f", "d/f"), RUMP_EPERM);
	OK(rump_sys_chflags("d", RUMP_SF_APPEND));
	OK(rump_sys_mkdir("d/x", 0755));
	FAIL(rump_sys_rmdir("d/x"), RUMP_EPERM);
	OK(rump_sys_chflags("d", RUMP_UF_NODUMP));
	OK(rump_sys_rmdir("d/x"));
	OK(rump_sys_symlink("f", "l"));
	(void)rump_sys_lchflags("l", 0);
	(void)rump_sys_lchflags("l", RUMP_SF_NOATIME);
	vt_become(1000, 1000);
	FAIL(rump_sys_chflags("f", RUMP_UF_NODUMP), RUMP_EPERM);
	vt_unbecome();
	OK(rump_sys_chown("f", 1000, 1000));
	vt_become(1000, 1000);
	FAIL(rump_sys_chflags("f", RUMP_SF_IMMUTABLE), RUMP_EPERM);
	vt_unbecome();
}

static void
t_setattr(void)
{
	struct rump_setattr sa = {
	    .sa_mask = RUMP_SA_MODE | RUMP_SA_UID | RUMP_SA_GID |
		RUMP_SA_ATIME | RUMP_SA_MTIME,
	    .sa_mode = 04711,
	    .sa_uid = 12,
	    .sa_gid = 34,
	    .sa_atime = {100, 0, 0},
	    .sa_mtime = {200, 0, 0},
	};
	struct rump_stat st;
	int fd;

	vt_put("f", "x");
	OK(rump_sys_setattrat(FDCWD, "f", &sa, 0));
	OK(rump_sys_stat("f", &st));
	is(st.st_mode & 07777, 04711, "mode");
	ok(st.st_uid == 12 && st.st_gid == 34, "owner");
	ok(st.st_atim.tv_sec == 100 && st.st_mtim.tv_sec == 200, "times");
	fd = (int)MUST(rump_sys_open("f", O_RD, 0));
	sa.sa_mask = RUMP_SA_MTIME;
	sa.sa_mtime.tv_sec = 300;
	OK(rump_sys_fsetattr(fd, &sa));
	OK(rump_sys_fstat(fd, &st));
	is(st.st_mtim.tv_sec, 300, "one only");
	is(st.st_mode & 07777, 04711, "the rest stays");
	sa.sa_mask = RUMP_SA_CTIME;
	FAIL(rump_sys_fsetattr(fd, &sa), RUMP_EPERM);
	sa.sa_mask = 0x10000;
	FAIL(rump_sys_fsetattr(fd, &sa), RUMP_EINVAL);
	OK(rump_sys_close(fd));
}

/* chown(2) as Linux has it: what a new owner didn't choose to lend isn't lent. */
static void
t_setid(void)
{
	static const struct {
		uint32_t before, after;
	} files[] = {
	    {04755, 0755},
	    {06755, 0755},
	    {02755, 0755},
	    {02745, 02745}, /* no x for the group: it isn't set-group-ID */
	    {06644, 02644},
	    {01777, 01777},
	};
	struct rump_setattr sa = {.sa_mask = RUMP_SA_UID, .sa_uid = 7};
	struct rump_stat st;

	vt_put("f", "x");
	for (unsigned i = 0; i < sizeof(files) / sizeof(*files); i++) {
		OK(rump_sys_chmod("f", files[i].before));
		OK(rump_sys_chown("f", 1 + i, UINT32_MAX));
		OK(rump_sys_stat("f", &st));
		is(st.st_mode & 07777, files[i].after, "mode after chown");
	}
	OK(rump_sys_chmod("f", 06755));
	OK(rump_sys_chown("f", UINT32_MAX, UINT32_MAX));
	OK(rump_sys_stat("f", &st));
	is(st.st_mode & 07777, 0755, "also where nothing else changes");
	const char *d = vt_subdir("d");
	OK(rump_sys_chmod(d, 06755));
	OK(rump_sys_chown(d, 1, 1));
	OK(rump_sys_stat(d, &st));
	is(st.st_mode & 07777, 06755, "a directory's bits stay");
	OK(rump_sys_chmod("f", 06755));
	OK(rump_sys_setattrat(FDCWD, "f", &sa, 0));
	OK(rump_sys_stat("f", &st));
	is(st.st_mode & 07777, 06755, "who sets attributes says them all");
}

static void
t_capability(void)
{
	char buf[32];

	vt_put("f", "x");
	OK(rump_sys_setxattr("f", "security.capability", "abc", 3, 0));
	OK(rump_sys_setxattr("f", "user.a", "b", 1, 0));
	OK(rump_sys_chmod("f", 0700));
	is(rump_sys_getxattr("f", "security.capability", buf, 32), 3,
	    "chmod leaves it");
	OK(rump_sys_chown("f", 1, 1));
	FAIL(rump_sys_getxattr("f", "security.capability", buf, 32),
	    RUMP_ENODATA);
	is(rump_sys_getxattr("f", "user.a", buf, 32), 1, "others stay");
	OK(rump_sys_chown("f", 2, 2));
}

/* An ordinary user. */
static void
t_permissions(void)
{
	struct rump_stat st;
	char c;

	vt_put("public", "x");
	vt_put("private", "x");
	OK(rump_sys_chmod("private", 0600));
	vt_put("group", "x");
	OK(rump_sys_chmod("group", 0040));
	OK(rump_sys_chown("group", 0, 50));
	OK(rump_sys_mkdir("locked", 0700));
	vt_put("locked/f", "x");
	OK(rump_sys_mkdir("open", 0777));
	OK(rump_sys_mkdir("sticky", 01777));
	vt_put("sticky/root", "x");
	OK(rump_sys_mkdir("setgid", 02777));
	OK(rump_sys_chown("setgid", 0, 77));
	OK(rump_sys_chmod("setgid", 02777));
	OK(rump_sys_access("locked/f", RUMP_R_OK | RUMP_W_OK));
	FAIL(rump_sys_access("public", RUMP_X_OK), RUMP_EACCES);

	vt_become(1000, 50);
	is(rump_sys_open("public", O_RD, 0) >= 0, true, "world-readable");
	FAIL(rump_sys_open("public", O_WR, 0), RUMP_EACCES);
	FAIL(rump_sys_open("private", O_RD, 0), RUMP_EACCES);
	is(rump_sys_open("group", O_RD, 0) >= 0, true, "by group");
	FAIL(rump_sys_stat("locked/f", &st), RUMP_EACCES);
	FAIL(rump_sys_chdir("locked"), RUMP_EACCES);
	FAIL(rump_sys_mkdir("mine", 0755), RUMP_EACCES);
	FAIL(rump_sys_unlink("public"), RUMP_EACCES);
	FAIL(rump_sys_rename("public", "open/x"), RUMP_EACCES);
	FAIL(rump_sys_chmod("public", 0777), RUMP_EPERM);
	FAIL(rump_sys_chown("public", 1000, 50), RUMP_EPERM);
	FAIL(rump_sys_utimensat(FDCWD, "public", NULL, 0), RUMP_EACCES);
	FAIL(rump_sys_chroot("open"), RUMP_EPERM);
	FAIL(rump_sys_mount("rumpfs", "open", 0, NULL, 0, NULL), RUMP_EPERM);
	FAIL(rump_sys_unlink("sticky/root"), RUMP_EPERM);
	vt_put("sticky/mine", "x");
	OK(rump_sys_unlink("sticky/mine"));
	vt_put("open/f", "mine");
	OK(rump_sys_stat("open/f", &st));
	ok(st.st_uid == 1000 && st.st_gid == 50, "owner of a new file");
	OK(rump_sys_chmod("open/f", 0400));
	FAIL(rump_sys_open("open/f", O_WR, 0), RUMP_EACCES);
	OK(rump_sys_chown("open/f", UINT32_MAX, 50));
	FAIL(rump_sys_chown("open/f", UINT32_MAX, 51), RUMP_EPERM);
	OK(rump_sys_mkdir("setgid/d", 0755));
	OK(rump_sys_stat("setgid/d", &st));
	is(st.st_gid, 77, "a set-group-ID directory gives its group");
	ok((st.st_mode & RUMP_S_ISGID) != 0, "and its bit to directories");
	/* a file just made may be written whatever its mode */
	int fd = rump_sys_open("open/ro", O_CR, 0444);
	ok(fd >= 0, "open for writing what is read-only and new");
	is(rump_sys_write(fd, "x", 1), 1, "write");
	OK(rump_sys_close(fd));
	/* writing takes set-id bits off */
	OK(rump_sys_chmod("open/f", 06755));
	fd = (int)MUST(rump_sys_open("open/f", O_RW, 0));
	is(rump_sys_write(fd, "x", 1), 1, "write");
	OK(rump_sys_fstat(fd, &st));
	is(st.st_mode & 07777, 0755, "set-id bits are gone");
	is(rump_sys_pread(fd, &c, 1, 0), 1, "read");
	OK(rump_sys_close(fd));
	vt_unbecome();
	fd = rump_sys_open("open/f", O_RW, 0);
	ok(fd >= 0, "root may");
	OK(rump_sys_close(fd));
}

static void
t_readonly(void)
{
	struct rump_statvfs sv;

	vt_put("f", "x");
	OK(rump_sys_mkdir("d", 0755));
	vt_remount(RUMP_MNT_RDONLY);
	OK(rump_sys_statvfs(".", &sv));
	ok((sv.f_flag & RUMP_MNT_RDONLY) != 0, "statvfs says read-only");
	vt_has("f", "x");
	FAIL(rump_sys_open("f", O_WR, 0), RUMP_EROFS);
	FAIL(rump_sys_open("new", O_CR, 0644), RUMP_EROFS);
	FAIL(rump_sys_open("f", O_RD | RUMP_O_TRUNC, 0), RUMP_EROFS);
	FAIL(rump_sys_mkdir("x", 0755), RUMP_EROFS);
	FAIL(rump_sys_mkdir("d", 0755), RUMP_EEXIST);
	FAIL(rump_sys_rmdir("d"), RUMP_EROFS);
	FAIL(rump_sys_unlink("f"), RUMP_EROFS);
	FAIL(rump_sys_rename("f", "g"), RUMP_EROFS);
	FAIL(rump_sys_link("f", "g"), RUMP_EROFS);
	FAIL(rump_sys_symlink("f", "g"), RUMP_EROFS);
	FAIL(rump_sys_chmod("f", 0), RUMP_EROFS);
	FAIL(rump_sys_truncate("f", 0), RUMP_EROFS);
	FAIL(rump_sys_utimensat(FDCWD, "f", NULL, 0), RUMP_EROFS);
	FAIL(rump_sys_access("f", RUMP_W_OK), RUMP_EROFS);
	FAIL(rump_sys_setxattr("f", "user.x", "y", 1, 0), RUMP_EROFS);
	OK(rump_sys_sync());
}

const struct vt_case vt_attr[] = {
    {.tc_name = "mode",
	.tc_run = t_mode,
	.tc_caps = RUMP_CAP_MODES | RUMP_CAP_SYMLINKS},
    {.tc_name = "owner",
	.tc_run = t_owner,
	.tc_caps = RUMP_CAP_OWNERS | RUMP_CAP_SYMLINKS},
    {.tc_name = "times",
	.tc_run = t_times,
	.tc_caps = RUMP_CAP_ATIME | RUMP_CAP_SYMLINKS},
    {.tc_name = "atime",
	.tc_run = t_atime,
	.tc_caps = RUMP_CAP_ATIME,
	.tc_needs_device = true},
    {.tc_name = "time-range", .tc_run = t_timerange, .tc_caps = RUMP_CAP_ATIME},
    {.tc_name = "mtimes",
	.tc_run = t_mtimes,
	.tc_caps = RUMP_CAP_SUBDIRS | RUMP_CAP_LINKS},
    {.tc_name = "flags",
	.tc_run = t_flags,
	.tc_caps = RUMP_CAP_FLAGS | RUMP_CAP_SYMLINKS},
    {.tc_name = "setid",
	.tc_run = t_setid,
	.tc_caps = RUMP_CAP_OWNERS | RUMP_CAP_MODES},
    {.tc_name = "capability",
	.tc_run = t_capability,
	.tc_caps = RUMP_CAP_OWNERS | RUMP_CAP_XATTR},
    {.tc_name = "setattr",
	.tc_run = t_setattr,
	.tc_caps = RUMP_CAP_OWNERS | RUMP_CAP_MODES},
    {.tc_name = "permissions",
	.tc_run = t_permissions,
	.tc_caps = RUMP_CAP_SUBDIRS | RUMP_CAP_OWNERS | RUMP_CAP_MODES},
    {.tc_name = "read-only",
	.tc_run = t_readonly,
	.tc_needs_device = true,
	.tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = NULL},
};
