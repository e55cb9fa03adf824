/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a file system that is mounted read-only does.  Each case has two halves: fill_*
 * makes what read_* finds, in the file system itself, or, where a format is only read,
 * in memory, from where a foreign tool packs it.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>

#include "unit/scratch.h"
#include "vt.h"

static char buf[1 << 20] __attribute__((aligned(8))), want[1 << 20];

/* ---- data ------------------------------------------------------------------------- */

static const uint64_t sizes[] = {0, 1, 511, 512, 513, 2047, 2048, 2049, 4095,
    4097, 32768, 65535, 65537, 300001};
#define NSIZES (sizeof(sizes) / sizeof(sizes[0]))

static const char *
size_name(unsigned i)
{
	static char name[32];

	snprintf(name, sizeof(name), "s%llu", (unsigned long long)sizes[i]);
	return name;
}

static void
fill_data(void)
{
	for (unsigned i = 0; i < NSIZES; i++)
		vt_putpattern(size_name(i), sizes[i], i);
}

/* Pieces of odd lengths, one after the other. */
static bool
read_pieces(const char *path, uint64_t size, unsigned seed, size_t piece)
{
	int fd = (int)MUST(rump_sys_open(path, O_RD, 0));
	uint64_t off = 0;
	bool good = true;
	int64_t n;

	while (good && (n = rump_sys_read(fd, buf, piece)) > 0) {
		vt_pattern(want, off, (size_t)n, seed);
		good = memcmp(buf, want, (size_t)n) == 0 &&
		    ((size_t)n == piece || off + (uint64_t)n == size);
		off += (uint64_t)n;
	}
	MUST(rump_sys_close(fd));
	return good && off == size;
}

static void
read_data(void)
{
	struct rump_stat st;

	for (unsigned i = 0; i < NSIZES; i++) {
		MUST(rump_sys_stat(size_name(i), &st));
		is(st.st_size, sizes[i], "size");
		is(st.st_mode & RUMP_S_IFMT, RUMP_S_IFREG, "a file");
		ok(vt_haspattern(size_name(i), sizes[i], i), "%s",
		    size_name(i));
		ok(read_pieces(size_name(i), sizes[i], i, 2048) &&
			read_pieces(size_name(i), sizes[i], i, 1000) &&
			read_pieces(size_name(i), sizes[i], i, 70001),
		    "... in pieces");
	}
}

static void
read_random(void)
{
	const unsigned last = NSIZES - 1;
	uint64_t state = 42, size = sizes[last];
	int fd = (int)MUST(rump_sys_open(size_name(last), O_RD, 0)), bad = 0;

	for (int i = 0; i < 2000; i++) {
		uint64_t off = vt_rand(&state) % (size + 5000);
		size_t len = vt_rand(&state) % (i % 10 == 0 ? 200000 : 5000);
		uint64_t left = off < size ? size - off : 0;
		int64_t n = rump_sys_pread(fd, buf, len, off);

		vt_pattern(want, off, len, last);
		bad += n != (int64_t)(len < left ? len : left) ||
		    memcmp(buf, want, (size_t)n) != 0;
	}
	is(bad, 0, "pread anywhere");
	/* backwards, as one that looks for an archive's end */
	for (uint64_t off = size; off > 0 && bad == 0;) {
		size_t len = off < 7777 ? (size_t)off : 7777;

		off -= len;
		bad += rump_sys_pread(fd, buf, len, off) != (int64_t)len;
		vt_pattern(want, off, len, last);
		bad += memcmp(buf, want, len) != 0;
	}
	is(bad, 0, "backwards");
	OK(rump_sys_close(fd));
}

static void
read_seek(void)
{
	const unsigned last = NSIZES - 1;
	struct rump_iovec iov[3] = {{buf, 3}, {buf + 100, 0}, {buf + 3, 4}};
	int64_t size = (int64_t)sizes[last];
	int fd = (int)MUST(rump_sys_open(size_name(last), O_RD, 0));

	is(rump_sys_lseek(fd, 0, RUMP_SEEK_END), size, "the end");
	is(rump_sys_read(fd, buf, 10), 0, "nothing is there");
	is(rump_sys_lseek(fd, -10, RUMP_SEEK_CUR), size - 10, "back");
	is(rump_sys_read(fd, buf, 100), 10, "the rest");
	is(rump_sys_lseek(fd, size + 1000, RUMP_SEEK_SET), size + 1000, "past");
	is(rump_sys_read(fd, buf, 10), 0, "nothing is there");
	FAIL(rump_sys_lseek(fd, -1, RUMP_SEEK_SET), RUMP_EINVAL);
	is(rump_sys_lseek(fd, 5, RUMP_SEEK_DATA), 5, "data");
	is(rump_sys_lseek(fd, 5, RUMP_SEEK_HOLE), size, "no hole but the end");
	FAIL(rump_sys_lseek(fd, size, RUMP_SEEK_DATA), RUMP_ENXIO);
	is(rump_sys_lseek(fd, 1, RUMP_SEEK_SET), 1, "to the second byte");
	is(rump_sys_readv(fd, iov, 3), 7, "readv");
	vt_pattern(want, 1, 7, last);
	is(memcmp(buf, want, 7), 0, "its bytes");
	OK(rump_sys_close(fd));
}

/* Into a file of the host, whole and in part. */
static void
read_tohost(void)
{
	const unsigned last = NSIZES - 1;
	char path[PATH_MAX];
	struct rumpuser_file *hf;
	int fd, h = open(scratch_path(path, "out"), O_RDWR | O_CREAT, 0600);
	ssize_t n;

	MUST(-rumpuser_file_open(path, RUMPUSER_OPEN_RDWR, &hf));
	fd = (int)MUST(rump_sys_open(size_name(last), O_RD, 0));
	is(rump_sys_copytohost(fd, 0, hf, 0, UINT64_MAX), (int64_t)sizes[last],
	    "all of it");
	n = pread(h, buf, sizeof(buf), 0);
	is(n, (int64_t)sizes[last], "size");
	vt_pattern(want, 0, (size_t)n, last);
	is(memcmp(buf, want, (size_t)n), 0, "content");
	is(rump_sys_copytohost(fd, 4321, hf, 7, 50000), 50000, "a piece");
	is(pread(h, buf, 50000, 7), 50000, "read");
	vt_pattern(want, 4321, 50000, last);
	is(memcmp(buf, want, 50000), 0, "content");
	is(rump_sys_copytohost(fd, sizes[last], hf, 0, 10), 0, "past the end");
	OK(rump_sys_close(fd));
	rumpuser_file_close(hf);
	close(h);
}

/* A run is where it says: the image has the bytes there. */
static void
read_runmap(void)
{
	const unsigned last = NSIZES - 1;
	struct rump_run runs[64];
	int fd = (int)MUST(rump_sys_open(size_name(last), O_RD, 0));
	int img = open(vt_image(), O_RDONLY), bad = 0;
	int n = rump_sys_runmap(fd, 0, sizes[last], runs, 64);
	uint64_t seen = 0;

	ok(n > 0 && img >= 0, "%d runs", n);
	for (int i = 0; i < n; i++) {
		bad += runs[i].r_off != seen;
		seen += runs[i].r_len;
		if (runs[i].r_kind != RUMP_RUN_DIRECT)
			continue;
		bad += pread(img, buf, runs[i].r_len,
			   (off_t)runs[i].r_hostoff) < (ssize_t)runs[i].r_len;
		vt_pattern(want, runs[i].r_off, runs[i].r_len, last);
		bad += memcmp(buf, want, runs[i].r_len) != 0;
	}
	is(bad, 0, "each where it is said to be");
	ok(seen >= sizes[last], "all of the file");
	close(img);
	OK(rump_sys_close(fd));
}

static void
fill_holes(void)
{
	int fd = (int)MUST(rump_sys_open("f", O_CR, 0644));

	MUST(rump_sys_pwrite(fd, "end", 3, 1 << 20));
	MUST(rump_sys_close(fd));
}

static void
read_holes(void)
{
	int fd = (int)MUST(rump_sys_open("f", O_RD, 0)), bad = 0;

	is(rump_sys_lseek(fd, 0, RUMP_SEEK_END), (1 << 20) + 3, "size");
	for (uint64_t off = 0; off < 1 << 20; off += 100000) {
		size_t n = (1 << 20) - off < 100000 ? (1 << 20) - off : 100000;

		MUST(rump_sys_pread(fd, buf, n, off));
		for (size_t i = 0; i < n; i++)
			bad += buf[i] != 0;
	}
	is(bad, 0, "zeros");
	is(rump_sys_pread(fd, buf, 10, 1 << 20), 3, "then data");
	is(memcmp(buf, "end", 3), 0, "as written");
	if (vt_can(RUMP_CAP_HOLES))
		ok(rump_sys_lseek(fd, 0, RUMP_SEEK_DATA) > 0, "a hole is told");
	OK(rump_sys_close(fd));
}

/* ---- names -------------------------------------------------------------------------- */

static const char *const names[] = {"a", "lower", "MixedCase.txt", "with blank",
    "two.dots.x", "-dash", "_under", "12345678.123", "\xc3\xa9",
    "\xe6\x97\xa5"};
#define NNAMES (sizeof(names) / sizeof(names[0]))

static char *
long_name(char last)
{
	static char name[300];
	size_t n = vt_caps.fc_namemax;

	memset(name, 'n', n);
	name[n - 1] = last;
	name[n] = '\0';
	return name;
}

static void
fill_names(void)
{
	const char *d = vt_subdir("d");

	for (unsigned i = 0; i < NNAMES; i++)
		vt_put(vt_in(d, names[i]), names[i]);
	vt_put(vt_in(d, long_name('1')), "one");
	vt_put(vt_in(d, long_name('2')), "two");
}

static void
read_names(void)
{
	const char *d = vt_where("d");
	struct rump_stat st;
	char longer[400];

	for (unsigned i = 0; i < NNAMES; i++)
		vt_has(vt_in(d, names[i]), names[i]);
	vt_has(vt_in(d, long_name('1')), "one");
	vt_has(vt_in(d, long_name('2')), "two");
	is(vt_count(d), NNAMES + 2, "and no other");
	FAIL(rump_sys_stat(vt_in(d, "b"), &st), RUMP_ENOENT);
	FAIL(rump_sys_stat(vt_in(d, "a "), &st), RUMP_ENOENT);
	FAIL(rump_sys_stat(vt_in(d, "lowe"), &st), RUMP_ENOENT);
	FAIL(rump_sys_stat(vt_in(d, "lower1"), &st), RUMP_ENOENT);
	FAIL(rump_sys_stat(vt_in(d, long_name('3')), &st), RUMP_ENOENT);
	snprintf(longer, sizeof(longer), "%s/%sx", d, long_name('1'));
	FAIL(rump_sys_stat(longer, &st), RUMP_ENAMETOOLONG);
	if (vt_can(RUMP_CAP_CASEFOLD))
		vt_has(vt_in(d, "mixedcase.TXT"), "MixedCase.txt");
	else
		FAIL(
		    rump_sys_stat(vt_in(d, "mixedcase.TXT"), &st), RUMP_ENOENT);
}

static void
read_open(void)
{
	const char *d = vt_where("d");
	struct rump_stat st;
	int fd, dfd;
	char c;

	FAIL(rump_sys_open("none", O_RD, 0), RUMP_ENOENT);
	FAIL(rump_sys_open(vt_in(d, "a/"), O_RD, 0), RUMP_ENOTDIR);
	FAIL(rump_sys_open(vt_in(d, "a/x"), O_RD, 0), RUMP_ENOTDIR);
	FAIL(rump_sys_open(vt_in(d, "a"), O_RD | RUMP_O_DIRECTORY, 0),
	    RUMP_ENOTDIR);
	fd = (int)MUST(rump_sys_open(".", O_RD, 0));
	FAIL(rump_sys_read(fd, &c, 1), RUMP_EISDIR);
	OK(rump_sys_close(fd));
	dfd = (int)MUST(rump_sys_open(d, RUMP_O_PATH, 0));
	fd = rump_sys_openat(dfd, "a", O_RD, 0);
	ok(fd >= 0, "openat");
	is(rump_sys_read(fd, &c, 1), 1, "read");
	FAIL(rump_sys_write(fd, &c, 1), RUMP_EBADF);
	OK(rump_sys_close(fd));
	OK(rump_sys_fstatat(dfd, "lower", &st, 0));
	is(st.st_size, 5, "fstatat");
	OK(rump_sys_close(dfd));
	OK(rump_sys_access(vt_in(d, "a"), RUMP_R_OK));
	FAIL(rump_sys_access("none", RUMP_R_OK), RUMP_ENOENT);
}

/* ---- nothing changes ------------------------------------------------------------------- */

static void
read_only(void)
{
	const struct rump_timespec ts[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	const char *f = vt_in(vt_where("d"), "a");
	struct rump_stat before, after;
	struct rump_fscaps fc;
	struct rump_statvfs sv;
	int fd;

	OK(rump_sys_fscaps(".", &fc));
	ok((fc.fc_flags & RUMP_CAP_WRITE) == 0, "capabilities say so");
	OK(rump_sys_statvfs(".", &sv));
	ok((sv.f_flag & RUMP_MNT_RDONLY) != 0, "so does statvfs");
	is_str(sv.f_fstypename, vt_shown(), "which names the type");
	ok(sv.f_blocks > 0 && sv.f_namemax > 0, "and has sizes");
	OK(rump_sys_stat(f, &before));
	FAIL(rump_sys_open(f, O_WR, 0), RUMP_EROFS);
	FAIL(rump_sys_open(f, O_RW, 0), RUMP_EROFS);
	FAIL(rump_sys_open(f, O_RD | RUMP_O_TRUNC, 0), RUMP_EROFS);
	FAIL(rump_sys_open("new", O_CR, 0644), RUMP_EROFS);
	FAIL(rump_sys_mkdir("new", 0755), RUMP_EROFS);
	FAIL(rump_sys_mkfifo("new", 0644), RUMP_EROFS);
	FAIL(rump_sys_symlink("x", "new"), RUMP_EROFS);
	FAIL(rump_sys_link(f, "new"), RUMP_EROFS);
	FAIL(rump_sys_unlink(f), RUMP_EROFS);
	FAIL(rump_sys_rename(f, "new"), RUMP_EROFS);
	FAIL(rump_sys_truncate(f, 0), RUMP_EROFS);
	FAIL(rump_sys_chmod(f, 0600), RUMP_EROFS);
	FAIL(rump_sys_chown(f, 1, 1), RUMP_EROFS);
	FAIL(rump_sys_utimensat(FDCWD, f, ts, 0), RUMP_EROFS);
	FAIL(rump_sys_setxattr(f, "user.a", "x", 1, 0), RUMP_EROFS);
	FAIL(rump_sys_access(f, RUMP_W_OK), RUMP_EROFS);
	if (vt_can(RUMP_CAP_SUBDIRS))
		FAIL(rump_sys_rmdir("d"), RUMP_EROFS);
	fd = (int)MUST(rump_sys_open(f, O_RD, 0));
	FAIL(rump_sys_fchmod(fd, 0600), RUMP_EROFS);
	FAIL(rump_sys_futimens(fd, ts), RUMP_EROFS);
	OK(rump_sys_fsync(fd));
	OK(rump_sys_close(fd));
	vt_has(f, "a");
	OK(rump_sys_stat(f, &after));
	after.st_hints = before.st_hints;
	is(memcmp(&before, &after, sizeof(after)), 0, "attributes stay");
}

/* ---- directories -------------------------------------------------------------------------- */

#define MANY 1500

static void
fill_many(void)
{
	const char *d = vt_subdir("d");
	char name[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		vt_put(vt_in(d, name), i % 50 == 0 ? name : "");
	}
}

/* Through a buffer of that size; where is 0, or an array for the cookies. */
static int
list(const char *d, size_t size, bool plus, uint64_t *cookies, char (*at)[16])
{
	static char seen[MANY];
	int fd = (int)MUST(rump_sys_open(d, O_RD, 0)), count = 0, bad = 0, k;
	struct rump_dirent *de;
	struct rump_stat st;
	int64_t n;

	memset(seen, 0, sizeof(seen));
	while ((n = plus ? rump_sys_getdents_plus(fd, buf, size)
			 : rump_sys_getdents(fd, buf, size)) > 0)
		for (char *p = buf; p < buf + n;) {
			struct rump_direntplus *dp = (void *)p;

			de = plus ? &dp->d_ent : (void *)p;
			if (cookies != NULL && count < MANY + 2) {
				cookies[count] = de->d_off;
				snprintf(at[count], 16, "%s", de->d_name);
			}
			if (sscanf(de->d_name, "f%d", &k) == 1)
				bad += k < 0 || k >= MANY || seen[k]++ != 0;
			if (plus && strcmp(de->d_name, "..") != 0) {
				MUST(rump_sys_fstatat(fd, de->d_name, &st,
				    RUMP_AT_SYMLINK_NOFOLLOW));
				dp->d_stat.st_hints = st.st_hints;
				bad += dp->d_error != 0 ||
				    memcmp(&st, &dp->d_stat, sizeof(st)) != 0;
			}
			count++;
			p += plus ? dp->d_reclen : de->d_reclen;
		}
	is(n, 0, "to the end");
	is(bad, 0, "nothing wrong through %zu bytes%s", size,
	    plus ? ", with attributes" : "");
	OK(rump_sys_close(fd));
	return count;
}

static void
read_many(void)
{
	static uint64_t cookies[MANY + 2];
	static char at[MANY + 2][16];
	const char *d = vt_where("d");
	struct rump_stat st;
	char name[16];
	int bad = 0, fd;

	is(list(d, 65536, false, NULL, NULL), MANY + 2, "all names");
	is(list(d, 64, false, cookies, at), MANY + 2, "one at a time");
	is(list(d, 65536, true, NULL, NULL), MANY + 2, "with attributes");
	is_str(at[0], ".", "\".\" comes first");
	is_str(at[1], "..", "then \"..\"");
	fd = (int)MUST(rump_sys_open(d, O_RD, 0));
	for (int i = 0; i < MANY; i += 97) {
		MUST(rump_sys_lseek(fd, (int64_t)cookies[i], RUMP_SEEK_SET));
		MUST(rump_sys_getdents(fd, buf, 64));
		bad += strcmp(((struct rump_dirent *)buf)->d_name, at[i + 1]) !=
		    0;
	}
	is(bad, 0, "each cookie leads on");
	FAIL(rump_sys_getdents(fd, buf, 8), RUMP_EINVAL);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		bad += rump_sys_fstatat(fd, name, &st, 0) != 0 ||
		    st.st_size != (i % 50 == 0 ? strlen(name) : 0);
		name[0] = 'g';
		bad += rump_sys_fstatat(fd, name, &st, 0) != -RUMP_ENOENT;
	}
	is(bad, 0, "found, and not found");
	OK(rump_sys_close(fd));
}

#define DEPTH 20

static void
fill_deep(void)
{
	for (int i = 0; i < DEPTH; i++) {
		MUST(rump_sys_mkdir("down", 0755));
		vt_put("beside", "x");
		MUST(rump_sys_chdir("down"));
	}
	vt_put("bottom", "here");
	MUST(rump_sys_chdir(MNT));
	MUST(rump_sys_mkdir("empty", 0755));
}

static void
read_deep(void)
{
	struct rump_stat up, here;
	char cwd[RUMP_PATH_MAX];
	int bad = 0;

	is(vt_count("empty"), 0, "an empty directory");
	for (int i = 0; i < DEPTH; i++) {
		bad += rump_sys_stat(".", &here) != 0;
		bad += rump_sys_chdir("down") != 0;
		bad += rump_sys_stat("..", &up) != 0;
		bad += up.st_ino != here.st_ino;
		bad += vt_count(".") != (i == DEPTH - 1 ? 1 : 2);
	}
	is(bad, 0, "down");
	vt_has("bottom", "here");
	is(rump_sys_getcwd(cwd, sizeof(cwd)), (int64_t)sizeof(MNT) + DEPTH * 5,
	    "getcwd");
	is(strncmp(cwd, MNT "/down/down/", 14), 0, "its path");
	for (int i = 0; i < DEPTH; i++)
		bad += rump_sys_chdir("..") != 0;
	is(bad, 0, "and up");
	is_str((MUST(rump_sys_getcwd(cwd, sizeof(cwd))), cwd), MNT, "the root");
	OK(rump_sys_stat("down/../down/down/../../down/down", &here));
}

/* ---- attributes ----------------------------------------------------------------------------- */

#define WHEN INT64_C(1500000000)

static void
fill_attr(void)
{
	struct rump_timespec ts[2] = {{.tv_sec = WHEN}, {.tv_sec = WHEN}};
	const char *d = vt_subdir("d");

	vt_put(vt_in(d, "f"), "x");
	vt_put(vt_in(d, "x"), "x");
	if (vt_can(RUMP_CAP_MODES)) {
		MUST(rump_sys_chmod(vt_in(d, "f"), 0640));
		MUST(rump_sys_chmod(vt_in(d, "x"), 04711));
		MUST(rump_sys_chmod(d, 0750));
	}
	if (vt_can(RUMP_CAP_OWNERS)) {
		MUST(rump_sys_chown(vt_in(d, "f"), 1234, 4321));
		MUST(rump_sys_chown(d, 99, 98));
	}
	MUST(rump_sys_utimensat(FDCWD, vt_in(d, "f"), ts, 0));
	ts[1].tv_sec += 1000000;
	MUST(rump_sys_utimensat(FDCWD, d, ts, 0));
}

static void
read_attr(void)
{
	const char *d = vt_where("d");
	struct rump_stat st, again;

	OK(rump_sys_stat(vt_in(d, "f"), &st));
	is(st.st_mtim.tv_sec, WHEN, "time of change");
	is(st.st_nlink, 1, "one link");
	ok(st.st_blksize > 0, "a block size");
	if (vt_can(RUMP_CAP_MODES))
		is(st.st_mode, RUMP_S_IFREG | 0640, "mode");
	if (vt_can(RUMP_CAP_OWNERS)) {
		is(st.st_uid, 1234, "owner");
		is(st.st_gid, 4321, "group");
	}
	OK(rump_sys_stat(d, &st));
	ok(st.st_nlink >= 1, "links of a directory");
	if (strcmp(d, ".") != 0) {
		is(st.st_mtim.tv_sec, WHEN + 1000000, "a directory's time");
		if (vt_can(RUMP_CAP_MODES))
			is(st.st_mode, RUMP_S_IFDIR | 0750, "its mode");
		if (vt_can(RUMP_CAP_OWNERS))
			is(st.st_uid, 99, "its owner");
	}
	if (vt_can(RUMP_CAP_MODES)) {
		OK(rump_sys_access(vt_in(d, "x"), RUMP_X_OK));
		FAIL(rump_sys_access(vt_in(d, "f"), RUMP_X_OK), RUMP_EACCES);
		OK(rump_sys_stat(vt_in(d, "x"), &st));
		is(st.st_mode, RUMP_S_IFREG | 04711, "set-user-ID");
	}
	OK(rump_sys_stat(vt_in(d, "f"), &st));
	vt_remount(RUMP_MNT_RDONLY);
	OK(rump_sys_stat(vt_in(d, "f"), &again));
	if (vt_can(RUMP_CAP_STABLE_INO))
		is(again.st_ino, st.st_ino, "the same inode number again");
	is(again.st_size, st.st_size, "and size");
}

static int
long_target(void)
{
	return vt_caps.fc_symlinkmax < 500 ? (int)vt_caps.fc_symlinkmax : 500;
}

static void
fill_symlinks(void)
{
	char target[RUMP_PATH_MAX];
	int n = long_target();

	MUST(rump_sys_mkdir("d", 0755));
	vt_put("d/f", "found");
	MUST(rump_sys_symlink("f", "d/short"));
	MUST(rump_sys_symlink("../d/./f", "d/dots"));
	MUST(rump_sys_symlink(MNT "/d/f", "absolute"));
	MUST(rump_sys_symlink("d", "dir"));
	MUST(rump_sys_symlink("nothing", "dangling"));
	MUST(rump_sys_symlink("loop2", "loop1"));
	MUST(rump_sys_symlink("loop1", "loop2"));
	memset(target, 'l', (size_t)n);
	for (int i = 50; i < n; i += 51)
		target[i] = '/';
	target[n] = '\0';
	MUST(rump_sys_symlink(target, "long"));
}

static void
read_symlinks(void)
{
	struct rump_stat st;
	int64_t n;

	is(rump_sys_readlink("d/short", buf, sizeof(buf)), 1, "one byte");
	is(buf[0], 'f', "which one");
	n = rump_sys_readlink("d/dots", buf, sizeof(buf));
	is(n, 8, "dots stay");
	is(memcmp(buf, "../d/./f", 8), 0, "as written");
	is(rump_sys_readlink("absolute", buf, sizeof(buf)),
	    (int64_t)strlen(MNT "/d/f"), "absolute");
	is(rump_sys_readlink("absolute", buf, 4), 4, "into a small buffer");
	is(memcmp(buf, MNT "/d/f", 4), 0, "its beginning");
	n = rump_sys_readlink("long", buf, sizeof(buf));
	is(n, long_target(), "a long one");
	for (int i = 0; i < long_target(); i++)
		if (buf[i] != (i % 51 == 50 ? '/' : 'l'))
			n = -1;
	is(n, long_target(), "every byte");
	OK(rump_sys_lstat("long", &st));
	is(st.st_size, long_target(), "its size");
	is(st.st_mode & RUMP_S_IFMT, RUMP_S_IFLNK, "its type");
	vt_has("d/short", "found");
	vt_has("d/dots", "found");
	vt_has("absolute", "found");
	vt_has("dir/f", "found");
	FAIL(rump_sys_stat("dangling", &st), RUMP_ENOENT);
	FAIL(rump_sys_stat("loop1", &st), RUMP_ELOOP);
	FAIL(rump_sys_open("d/short", O_RD | RUMP_O_NOFOLLOW, 0), RUMP_ELOOP);
	FAIL(rump_sys_readlink("d/f", buf, 10), RUMP_EINVAL);
}

static void
fill_special(void)
{
	MUST(rump_sys_mkfifo("fifo", 0600));
	MUST(rump_sys_mknod("sock", RUMP_S_IFSOCK | 0600, 0));
	MUST(rump_sys_mknod("chr", RUMP_S_IFCHR | 0666, RUMP_MAKEDEV(5, 1)));
	MUST(rump_sys_mknod("blk", RUMP_S_IFBLK | 0660, RUMP_MAKEDEV(8, 17)));
}

static void
read_special(void)
{
	struct rump_stat st;

	OK(rump_sys_stat("fifo", &st));
	is(st.st_mode, RUMP_S_IFIFO | 0600, "FIFO");
	OK(rump_sys_stat("sock", &st));
	is(st.st_mode, RUMP_S_IFSOCK | 0600, "socket");
	OK(rump_sys_stat("chr", &st));
	is(st.st_mode, RUMP_S_IFCHR | 0666, "character device");
	is(st.st_rdev, RUMP_MAKEDEV(5, 1), "its number");
	OK(rump_sys_stat("blk", &st));
	is(st.st_mode, RUMP_S_IFBLK | 0660, "block device");
	is(st.st_rdev, RUMP_MAKEDEV(8, 17), "its number");
	FAIL(rump_sys_open("fifo", O_RD, 0), RUMP_ENXIO);
	FAIL(rump_sys_open("chr", O_RD, 0), RUMP_ENXIO);
}

static void
fill_links(void)
{
	vt_put("a", "one file");
	MUST(rump_sys_link("a", "b"));
}

static void
read_links(void)
{
	is(vt_ino("a"), vt_ino("b"), "one file");
	is(vt_nlink("a"), 2, "two names");
	vt_has("b", "one file");
}

/* ---- by handle, by device, at once --------------------------------------------------------- */

static void
read_handles(void)
{
	const char *d = vt_where("d");
	struct rump_fhandle fh, dir;
	char c[8] = "";
	int fd;

	OK(rump_sys_getfh(vt_in(d, "lower"), &fh));
	OK(rump_sys_getfh(d, &dir));
	fd = rump_sys_fhopen(&fh, O_RD);
	ok(fd >= 0, "opened by handle");
	is(rump_sys_read(fd, c, 7), 5, "read");
	is_str(c, "lower", "the same file");
	OK(rump_sys_close(fd));
	fd = rump_sys_fhopen(&dir, O_RD | RUMP_O_DIRECTORY);
	ok(fd >= 0, "a directory's");
	OK(rump_sys_close(fd));
	FAIL(rump_sys_fhopen(&fh, O_WR), RUMP_EROFS);
	fh.fh_ino = UINT64_MAX;
	FAIL(rump_sys_fhopen(&fh, O_RD), RUMP_ESTALE);
}

static void
read_probe(void)
{
	struct rump_probe rp;
	struct rump_statvfs sv;
	const char *devs[1] = {"dev0"};

	OK(rump_sys_probe("dev0", &rp));
	is_str(rp.rp_type, vt_shown(), "its type by looking");
	ok(rp.rp_size > 0, "its size");
	OK(rump_sys_chdir("/"));
	OK(rump_sys_unmount(MNT, 0));
	OK(rump_sys_mount("", MNT, RUMP_MNT_RDONLY, devs, 1, NULL));
	OK(rump_sys_chdir(MNT));
	OK(rump_sys_statvfs(".", &sv));
	is_str(sv.f_fstypename, vt_shown(), "mounted without a type");
	vt_has(vt_in(vt_where("d"), "a"), "a");
}

struct reader {
	pthread_t thread;
	unsigned num;
	int bad;
};

static void *
reader(void *arg)
{
	struct reader *r = arg;
	const unsigned last = NSIZES - 1;
	char mine[5000], should[5000];
	uint64_t state = r->num + 1;
	int fd;

	r->bad += rump_pub_lwproc_rfork(RUMP_RFCFDG) != 0;
	for (int i = 0; i < 200; i++) {
		uint64_t off = vt_rand(&state) % (sizes[last] - sizeof(mine));

		fd = rump_sys_open(MNT "/s300001", O_RD, 0);
		r->bad += fd < 0;
		r->bad += rump_sys_pread(fd, mine, sizeof(mine), off) !=
		    (int64_t)sizeof(mine);
		vt_pattern(should, off, sizeof(should), last);
		r->bad += memcmp(mine, should, sizeof(mine)) != 0;
		r->bad += rump_sys_close(fd) != 0;
		r->bad += vt_count(MNT) < (int)NSIZES;
	}
	rump_pub_lwproc_releaselwp();
	return NULL;
}

static void
read_threads(void)
{
	struct reader r[4] = {{0}};

	for (unsigned i = 0; i < 4; i++) {
		r[i].num = i;
		pthread_create(&r[i].thread, NULL, reader, &r[i]);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(r[i].thread, NULL);
		is(r[i].bad, 0, "thread %u", i);
	}
}

#define CASE(name, fill, run) \
	.tc_name = "read-" name, .tc_fill = fill, .tc_run = run

const struct vt_case vt_read[] = {
    {CASE("data", fill_data, read_data)},
    {CASE("anywhere", fill_data, read_random)},
    {CASE("seek", fill_data, read_seek)},
    {CASE("to-host", fill_data, read_tohost)},
    {CASE("runmap", fill_data, read_runmap), .tc_needs_device = true},
    {CASE("holes", fill_holes, read_holes)},
    {CASE("names", fill_names, read_names)},
    {CASE("open", fill_names, read_open)},
    {CASE("only", fill_names, read_only), .tc_needs_device = true},
    {CASE("many", fill_many, read_many), .tc_inodes = MANY + 100},
    {CASE("deep", fill_deep, read_deep), .tc_caps = RUMP_CAP_SUBDIRS},
    {CASE("attributes", fill_attr, read_attr)},
    {CASE("symlinks", fill_symlinks, read_symlinks),
	.tc_caps = RUMP_CAP_SYMLINKS | RUMP_CAP_SUBDIRS},
    {CASE("special", fill_special, read_special), .tc_caps = RUMP_CAP_DEVICES},
    {CASE("links", fill_links, read_links), .tc_caps = RUMP_CAP_LINKS},
    {CASE("handles", fill_names, read_handles), .tc_needs_device = true,
	.tc_caps = RUMP_CAP_STABLE_INO},
    {CASE("probe", fill_names, read_probe), .tc_needs_device = true},
    {CASE("threads", fill_data, read_threads)},
    {CASE("threads-4cpu", fill_data, read_threads), .tc_ncpu = 4},
    {.tc_name = NULL},
};
