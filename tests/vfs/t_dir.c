/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading directories, and large ones. */
#include "vt.h"

static char buf[65536] __attribute__((aligned(8)));

/* All names through buffers of that size, checking each record. */
static int
list(const char *path, uint64_t size, bool plus, char *seen, int nseen)
{
	int fd = (int)MUST(rump_sys_open(path, O_RD, 0)), count = 0, bad = 0;
	int64_t n;

	memset(seen, 0, (size_t)nseen);
	for (;;) {
		n = plus ? rump_sys_getdents_plus(fd, buf, size)
			 : rump_sys_getdents(fd, buf, size);
		if (n <= 0)
			break;
		for (char *p = buf; p < buf + n;) {
			struct rump_direntplus *dp = (void *)p;
			struct rump_dirent *de = plus ? &dp->d_ent : (void *)p;
			int i = -1;

			bad += strlen(de->d_name) != de->d_namlen;
			if (plus && dp->d_error != 0)
				bad++;
			else if (plus && dp->d_stat.st_ino != de->d_fileno &&
			    strcmp(de->d_name, "..") != 0)
				bad++;
			if (sscanf(de->d_name, "f%d", &i) == 1 && i >= 0 &&
			    i < nseen)
				bad += seen[i]++ != 0;
			count++;
			p += plus ? dp->d_reclen : de->d_reclen;
		}
	}
	is(n, 0, "ends with 0");
	is(bad, 0, "records of %s through %llu bytes", path,
	    (unsigned long long)size);
	OK(rump_sys_close(fd));
	return count;
}

static void
t_getdents(void)
{
	char name[24], seen[100];
	struct rump_dirent *de = (void *)buf;
	int fd;

	const char *d = vt_subdir("d");
	is(list(d, sizeof(buf), false, seen, 100), 2, "empty: . and ..");
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "%s/f%d", d, i);
		vt_put(name, "x");
	}
	is(list(d, sizeof(buf), false, seen, 100), 102, "all at once");
	is(list(d, 100, false, seen, 100), 102, "through a small buffer");
	is(list(d, 40, false, seen, 100), 102, "one at a time");
	is(list(d, sizeof(buf), true, seen, 100), 102, "with attributes");
	is(list(d, 300, true, seen, 100), 102, "... one at a time");
	fd = (int)MUST(rump_sys_open(d, O_RD, 0));
	FAIL(rump_sys_getdents(fd, buf, 8), RUMP_EINVAL);
	FAIL(rump_sys_getdents(fd, NULL, 100), RUMP_EFAULT);
	MUST(rump_sys_getdents(fd, buf, sizeof(buf)));
	is(rump_sys_getdents(fd, buf, sizeof(buf)), 0, "the end");
	is(rump_sys_lseek(fd, 0, RUMP_SEEK_SET), 0, "rewind");
	ok(rump_sys_getdents(fd, buf, sizeof(buf)) > 0, "again");
	is_str(de->d_name, ".", "\".\" comes first");
	is(de->d_fileno, vt_ino(d), "its inode");
	ok(de->d_type == RUMP_DT_DIR || de->d_type == RUMP_DT_UNKNOWN,
	    "its type, if the format tells");
	de = (void *)(buf + de->d_reclen);
	is_str(de->d_name, "..", "then \"..\"");
	is(de->d_fileno, vt_ino("."), "its inode");
	OK(rump_sys_close(fd));
	vt_put("file", "x");
	fd = (int)MUST(rump_sys_open("file", O_RD, 0));
	FAIL(rump_sys_getdents(fd, buf, sizeof(buf)), RUMP_ENOTDIR);
	OK(rump_sys_close(fd));
}

/* An entry's cookie leads to the entry after it, whatever happens meanwhile. */
static void
t_cookies(void)
{
	static char seen[400];
	uint64_t cookies[410];
	char names[410][16], name[24];
	int n = 0, bad = 0, fd;
	int64_t len;

	const char *d = vt_subdir("d");
	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "%s/f%d", d, i);
		vt_put(name, "");
	}
	fd = (int)MUST(rump_sys_open(d, O_RD, 0));
	while ((len = rump_sys_getdents(fd, buf, 4096)) > 0)
		for (char *p = buf; p < buf + len;) {
			struct rump_dirent *de = (void *)p;

			strcpy(names[n], de->d_name);
			cookies[n++] = de->d_off;
			p += de->d_reclen;
		}
	is(n, 402, "all read");
	for (int i = 0; i < n - 1; i += 7) {
		MUST(rump_sys_lseek(fd, (int64_t)cookies[i], RUMP_SEEK_SET));
		MUST(rump_sys_getdents(fd, buf, 64));
		bad += strcmp(((struct rump_dirent *)buf)->d_name,
			   names[i + 1]) != 0;
	}
	is(bad, 0, "each cookie leads on");
	/* read a hundred; remove what was read and every third of the rest,
	 * add others; go on: what was there all the time comes exactly once */
	MUST(rump_sys_lseek(fd, 0, RUMP_SEEK_SET));
	for (int i = 0; i < 100; i++)
		MUST(rump_sys_getdents(fd, buf, 40));
	for (int i = 2; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", d, names[i]);
		if (i < 100 || i % 3 == 0)
			MUST(rump_sys_unlink(name));
	}
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "%s/new%d", d, i);
		vt_put(name, "");
	}
	memset(seen, 0, sizeof(seen));
	while ((len = rump_sys_getdents(fd, buf, 4096)) > 0)
		for (char *p = buf; p < buf + len;) {
			struct rump_dirent *de = (void *)p;
			int i;

			if (sscanf(de->d_name, "f%d", &i) == 1)
				bad += seen[i]++ != 0;
			p += de->d_reclen;
		}
	is(len, 0, "read on to the end");
	is(bad, 0, "none comes twice");
	for (int i = 100; i < n; i++) {
		int k;

		if (i % 3 != 0 && sscanf(names[i], "f%d", &k) == 1)
			bad += seen[k] != 1;
	}
	is(bad, 0, "none is missing");
	OK(rump_sys_close(fd));
}

/* Where two records differ. */
static void
tell(const char *name, const struct rump_stat *a, const struct rump_stat *b)
{
	const uint8_t *p = (const void *)a, *q = (const void *)b;

	for (size_t i = 0; i < sizeof(*a); i++)
		if (p[i] != q[i])
			diag("%s: byte %zu of rump_stat: lstat %#x, here %#x",
			    name, i, p[i], q[i]);
}

static void
t_plus(void)
{
	struct rump_direntplus *dp;
	struct rump_stat st;
	char name[24];
	int fd, bad = 0, wfd;
	int64_t n;

	const char *d = vt_subdir("d");
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "%s/f%d", d, i);
		vt_put(name, name);
		MUST(rump_sys_chmod(name, 0600 + (uint32_t)i));
	}
	if (vt_can(RUMP_CAP_SUBDIRS))
		OK(rump_sys_mkdir(vt_in(d, "sub"), 0711));
	if ((vt_caps.fc_flags & RUMP_CAP_SYMLINKS) != 0)
		OK(rump_sys_symlink("f1", vt_in(d, "link")));
	/* an open file with changes that may be nowhere but in memory */
	wfd = (int)MUST(rump_sys_open(vt_in(d, "f7"), O_RW, 0));
	MUST(rump_sys_write(wfd, "something longer than before", 28));
	fd = (int)MUST(rump_sys_open(d, O_RD, 0));
	while ((n = rump_sys_getdents_plus(fd, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n; p += dp->d_reclen) {
			dp = (void *)p;
			if (strcmp(dp->d_ent.d_name, "..") == 0)
				continue;
			MUST(rump_sys_fstatat(fd, dp->d_ent.d_name, &st,
			    RUMP_AT_SYMLINK_NOFOLLOW));
			dp->d_stat.st_hints = st.st_hints; /* may know more */
			if (memcmp(&st, &dp->d_stat, sizeof(st)) != 0) {
				if (bad++ == 0)
					tell(
					    dp->d_ent.d_name, &st, &dp->d_stat);
			}
			bad += dp->d_ent.d_type != RUMP_DT_UNKNOWN &&
			    dp->d_ent.d_type != st.st_mode >> 12;
		}
	is(n, 0, "to the end");
	is(bad, 0, "attributes are those of lstat");
	OK(rump_sys_close(wfd));
	OK(rump_sys_close(fd));
}

static void
t_big(void)
{
	const int count = 20000;
	char *seen = malloc((size_t)count), name[40];
	struct rump_stat st;
	int bad = 0, fd;

	const char *d = vt_subdir("d");
	fd = (int)MUST(rump_sys_open(d, O_RD, 0));
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		bad += rump_sys_mknodat(fd, name, RUMP_S_IFREG | 0644, 0) != 0;
	}
	is(bad, 0, "%d files in one directory", count);
	is(list(d, sizeof(buf), false, seen, count), count + 2, "listed");
	for (int i = 0; i < count; i += 17) {
		snprintf(name, sizeof(name), "f%d", i);
		bad += rump_sys_fstatat(fd, name, &st, 0) != 0;
		snprintf(name, sizeof(name), "g%d", i);
		bad += rump_sys_fstatat(fd, name, &st, 0) != -RUMP_ENOENT;
	}
	is(bad, 0, "found, and not found");
	for (int i = 0; i < count; i += 2) {
		snprintf(name, sizeof(name), "f%d", i);
		bad += rump_sys_unlinkat(fd, name, 0) != 0;
	}
	for (int i = 0; i < count; i += 4) {
		snprintf(name, sizeof(name), "longer-%d", i);
		bad += rump_sys_mknodat(fd, name, RUMP_S_IFREG | 0644, 0) != 0;
	}
	is(bad, 0, "half removed, a quarter added");
	OK(rump_sys_close(fd));
	vt_remount(0);
	is(list(d, sizeof(buf), true, seen, count), count * 3 / 4 + 2,
	    "listed after mounting again");
	for (int i = 0; i < count; i++)
		bad += seen[i] != (i % 2 == 1);
	is(bad, 0, "the right ones");
	free(seen);
}

/* Removing while reading, as rm -r does. */
static void
t_rmtree(void)
{
	char name[64];

	OK(rump_sys_mkdir("t", 0755));
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "t/d%d", i);
		MUST(rump_sys_mkdir(name, 0755));
		for (int k = 0; k < 300; k++) {
			snprintf(name, sizeof(name), "t/d%d/file-%d", i, k);
			vt_put(name, "");
		}
	}
	vt_rmtree("t");
	ok(!vt_exists("t"), "all gone");
	OK(rump_sys_mkdir("gone", 0755));
	int fd = (int)MUST(rump_sys_open("gone", O_RD, 0));
	OK(rump_sys_rmdir("gone"));
	FAIL(rump_sys_getdents(fd, buf, sizeof(buf)), RUMP_ENOENT);
	FAIL(rump_sys_openat(fd, "x", O_CR, 0644), RUMP_ENOENT);
	OK(rump_sys_close(fd));
}

const struct vt_case vt_dir[] = {
    {.tc_name = "getdents", .tc_run = t_getdents},
    {.tc_name = "cookies", .tc_run = t_cookies},
    {.tc_name = "getdents-plus", .tc_run = t_plus, .tc_caps = RUMP_CAP_MODES},
    {.tc_name = "big-directory",
	.tc_run = t_big,
	.tc_inodes = 21000,
	.tc_size = 256 << 20},
    {.tc_name = "rmtree", .tc_run = t_rmtree, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = NULL},
};
