/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every function of ukfs(3): t_ukfs IMAGE IMAGE2 DIR.  The images have /file
 * ("hello\n") and /dir/numbers (292 bytes) in an ext2 of 4 MiB; DIR is a place
 * for host files.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <rump/rump_syscalls.h>
#include <rump/rumpuser.h>
#include <rump/ukfs.h>

#include "unit/tap.h"

static const char *dir;

static const char *
host(const char *name)
{
	static char path[4][4096];
	static unsigned next;

	snprintf(path[++next % 4], 4096, "%s/%s", dir, name);
	return path[next % 4];
}

#define FAILS(call, error)                                                 \
	ok((errno = 0, (call) == -1) && errno == (error), "%s: %s", #call, \
	    strerror(error))

static void
test_start(const char *image)
{
	char types[256];
	struct ukfs *u, *v;
	ssize_t n;
	int x;

	is(ukfs_init(), 0, "init");
	is(ukfs_init(), 0, "init again");
	n = ukfs_vfstypes(types, sizeof(types));
	ok(n > 0 && memmem(types, (size_t)n, "ext2", 5) != NULL,
	    "ext2 is a type");
	FAILS(ukfs_modload("/nothere.so"), ENOENT);
	is(ukfs_modload_dir(dir), 0, "no module in a folder");
	FAILS(ukfs_modload_dir("/nothere"), ENOENT);
	ok(ukfs_mount(NULL, "/nothere", NULL, 0, NULL, 0) == NULL &&
		errno == ENOENT,
	    "a missing image");
	ok(ukfs_mount_disk(NULL, image, 1, NULL, 0, NULL, 0) == NULL &&
		errno == ENOENT,
	    "no partition in a bare file system");
	ok(ukfs_mount("nonsense", image, NULL, 0, NULL, 0) == NULL,
	    "an unknown type");
	u = ukfs_mount("ext2", image, UKFS_DEFAULTMP, RUMP_MNT_RDONLY, NULL, 0);
	ok(u != NULL, "mount read-only");
	v = ukfs_mount(NULL, image, "/some/where", RUMP_MNT_RDONLY,
	    (void *)(uintptr_t) "", 0);
	ok(v != NULL, "the same again, at a path");
	ok(ukfs_mount(NULL, image, NULL, 0, NULL, 0) == NULL && errno == EBUSY,
	    "but not for writing");
	ukfs_setspecific(u, &x);
	ok(ukfs_getspecific(u) == &x, "specific");
	FAILS(ukfs_mkdir(u, "/no", 0755), EROFS);
	is(ukfs_release(v, 0), 0, "release");
	is(ukfs_release(u, 0), 0, "release");
	u = ukfs_mount_disk(NULL, image, UKFS_PARTITION_NONE, NULL, 0, NULL, 0);
	ok(u != NULL, "the whole device");
	is(ukfs_release(u, 0), 0, "release");
}

static void
test_names(struct ukfs *u)
{
	char buf[256];
	struct stat st, st2;
	ssize_t n;

	is(ukfs_mkdir(u, "/d", 0755), 0, "mkdir");
	FAILS(ukfs_mkdir(u, "/d", 0755), EEXIST);
	is(ukfs_util_builddirs(u, "/a/b/c/file", 0700), 0, "builddirs");
	is(ukfs_lstat(u, "/a/b/c", &st), 0, "made");
	ok(S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700, "as asked");
	FAILS(ukfs_lstat(u, "/a/b/c/file", &st), ENOENT);
	is(ukfs_create(u, "/d/f", 0640), 0, "create");
	is(ukfs_link(u, "/d/f", "/d/g"), 0, "link");
	is(ukfs_symlink(u, "f", "/d/s"), 0, "symlink");
	n = ukfs_readlink(u, "/d/s", buf, sizeof(buf));
	ok(n == 1 && buf[0] == 'f', "readlink");
	is(ukfs_lstat(u, "/d/s", &st), 0, "lstat");
	ok(S_ISLNK(st.st_mode), "a symlink");
	is(ukfs_stat(u, "/d/s", &st), 0, "stat");
	is(ukfs_stat(u, "/d/g", &st2), 0, "stat");
	ok(S_ISREG(st.st_mode) && st.st_ino == st2.st_ino && st.st_nlink == 2,
	    "the same file");
	is(ukfs_mkfifo(u, "/d/fifo", 0600), 0, "mkfifo");
	is(ukfs_mknod(u, "/d/null", S_IFCHR | 0666, makedev(1, 3)), 0, "mknod");
	is(ukfs_stat(u, "/d/null", &st), 0, "stat");
	ok(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3), "the device");
	is(ukfs_rename(u, "/d/g", "/a/g"), 0, "rename");
	FAILS(ukfs_rename(u, "/d/g", "/a/g"), ENOENT);
	is(ukfs_remove(u, "/d/fifo"), 0, "remove");
	is(ukfs_remove(u, "/d/null"), 0, "remove");
	FAILS(ukfs_rmdir(u, "/d"), ENOTEMPTY);
	is(ukfs_rmdir(u, "/a/b/c"), 0, "rmdir");
	is(ukfs_chdir(u, "/d"), 0, "chdir");
	is(ukfs_access(u, "f", R_OK), 0, "a relative path");
	is(ukfs_chdir(u, "../../.."), 0, "the root's parent");
	is(ukfs_access(u, "file", R_OK), 0, "is the root");
	FAILS(ukfs_chdir(u, "/file"), ENOTDIR);
}

static void
test_attributes(struct ukfs *u)
{
	const struct timeval tv[2] = {{1000, 5}, {2000, 6}};
	const struct timeval bad[2] = {{1, 1000000}, {0, 0}};
	const struct timespec ts[2] = {
	    {.tv_nsec = UTIME_OMIT}, {5000000000, 123456789}};
	struct rump_statvfs info;
	struct statvfs sv;
	struct stat st;
	char buf[64];

	is(ukfs_chmod(u, "/d/f", 04711), 0, "chmod");
	is(ukfs_chown(u, "/d/f", 70000, 80000), 0, "chown");
	is(ukfs_lchown(u, "/d/s", 1, 2), 0, "lchown");
	is(ukfs_lchmod(u, "/d/f", 0755), 0, "lchmod");
	is(ukfs_utimes(u, "/d/f", tv), 0, "utimes");
	FAILS(ukfs_utimes(u, "/d/f", bad), EINVAL);
	is(ukfs_stat(u, "/d/f", &st), 0, "stat");
	ok(st.st_uid == 70000 && st.st_gid == 80000 &&
		(st.st_mode & 07777) == 0755,
	    "owner and mode");
	ok(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 2000 &&
		st.st_mtim.tv_nsec == 6000,
	    "times");
	is(ukfs_utimens(u, "/d/f", ts), 0, "utimens");
	is(ukfs_stat(u, "/d/f", &st), 0, "stat");
	ok(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 5000000000 &&
		st.st_mtim.tv_nsec == 123456789,
	    "nanoseconds, beyond 2038");
	is(ukfs_lutimes(u, "/d/s", tv), 0, "lutimes");
	is(ukfs_lutimens(u, "/d/s", ts), 0, "lutimens");
	is(ukfs_lstat(u, "/d/s", &st), 0, "lstat");
	ok(st.st_mtim.tv_sec == 5000000000 && st.st_uid == 1, "the link's own");
	is(ukfs_chflags(u, "/d/f", RUMP_SF_IMMUTABLE), 0, "chflags");
	FAILS(ukfs_remove(u, "/d/f"), EPERM);
	is(ukfs_lchflags(u, "/d/f", 0), 0, "lchflags");
	is(ukfs_setxattr(u, "/d/f", "user.a", "12345", 5, 0), 0, "setxattr");
	is(ukfs_getxattr(u, "/d/s", "user.a", buf, sizeof(buf)), 5, "getxattr");
	is(ukfs_lgetxattr(u, "/d/f", "user.a", NULL, 0), 5, "its length");
	FAILS(ukfs_lgetxattr(u, "/d/s", "user.a", buf, sizeof(buf)), ENODATA);
	is(ukfs_listxattr(u, "/d/f", buf, sizeof(buf)), 7, "listxattr");
	is_str(buf, "user.a", "the name");
	is(ukfs_llistxattr(u, "/d/s", buf, sizeof(buf)), 0, "llistxattr");
	is(ukfs_lsetxattr(u, "/d/f", "user.b", "", 0, 0), 0, "lsetxattr");
	is(ukfs_lremovexattr(u, "/d/f", "user.b"), 0, "lremovexattr");
	is(ukfs_removexattr(u, "/d/f", "user.a"), 0, "removexattr");
	FAILS(ukfs_getxattr(u, "/d/f", "user.a", buf, sizeof(buf)), ENODATA);
	is(ukfs_statvfs(u, "/", &sv), 0, "statvfs");
	ok(sv.f_blocks > 0 && sv.f_bfree < sv.f_blocks && sv.f_namemax == 255,
	    "sane numbers");
	is(ukfs_fsinfo(u, &info), 0, "fsinfo");
	is_str(info.f_fstypename, "ext2", "its type");
}

static void
test_data(struct ukfs *u)
{
	uint8_t buf[4096] __attribute__((aligned(8)));
	const struct rump_dirent *de;
	struct ukfs_file *uf;
	struct stat st;
	off_t off;
	int n, pos, seen;

	is(ukfs_write(u, "/d/f", 10, (uint8_t *)(uintptr_t) "abc", 3), 3,
	    "write");
	is(ukfs_read(u, "/d/f", 8, buf, sizeof(buf)), 5, "read");
	ok(memcmp(buf, "\0\0abc", 5) == 0, "the bytes");
	FAILS(ukfs_read(u, "/nothere", 0, buf, 1), ENOENT);
	FAILS(ukfs_read(u, "/d", 0, buf, 1), EISDIR);
	is(ukfs_truncate(u, "/d/f", 11), 0, "truncate");
	FAILS(ukfs_truncate(u, "/d/f", -1), EINVAL);
	uf = ukfs_open(u, "/d/new", O_RDWR | O_CREAT | O_EXCL, 0600);
	ok(uf != NULL, "open");
	ok(ukfs_open(u, "/d/new", O_RDWR | O_CREAT | O_EXCL, 0600) == NULL &&
		errno == EEXIST,
	    "O_EXCL");
	ok(ukfs_open(u, "/d/s", O_RDONLY | O_NOFOLLOW, 0) == NULL &&
		errno == ELOOP,
	    "O_NOFOLLOW");
	is(ukfs_fwrite(uf, "hello", 5), 5, "fwrite");
	is(ukfs_pwrite(uf, "x", 1, 100000), 1, "pwrite");
	is(ukfs_lseek(uf, 0, SEEK_SET), 0, "lseek");
	is(ukfs_fread(uf, buf, 5), 5, "fread");
	is(ukfs_lseek(uf, 0, SEEK_CUR), 5, "the position");
	ok(ukfs_lseek(uf, 5, SEEK_DATA) == 5 &&
		ukfs_lseek(uf, 5, SEEK_HOLE) < 65537,
	    "data and hole");
	is(ukfs_pread(uf, buf, 9, 100000), 1, "pread at the end");
	FAILS(ukfs_pread(uf, buf, 1, -1), EINVAL);
	is(ukfs_ftruncate(uf, 50), 0, "ftruncate");
	is(ukfs_fstat(uf, &st), 0, "fstat");
	is(st.st_size, 50, "its size");
	is(ukfs_fsync(uf), 0, "fsync");
	FAILS(ukfs_release(u, 0), EBUSY);
	is(ukfs_close(uf), 0, "close");
	is(ukfs_sync(u), 0, "sync");
	seen = 0;
	for (off = 0; (n = ukfs_getdents(u, "/d", &off, buf, 64)) > 0;)
		for (pos = 0; pos < n; pos += de->d_reclen) {
			de = (const struct rump_dirent *)(const void *)(buf +
			    pos);
			seen++;
		}
	is(n, 0, "getdents ends");
	is(seen, 5, ". .. f s new, in small pieces");
}

static int
visit(void *arg, const struct ukfs_walkent *ent)
{
	char *s = arg;

	sprintf(s + strlen(s), "%c%u:%s ", "fdDe"[ent->uw_kind],
	    ent -> uw_level, ent -> uw_path);
	if (ent->uw_kind == UKFS_WALK_DIR &&
	    strcmp(ent->uw_name, "lost+found") == 0)
		return UKFS_WALK_SKIP;
	if (strcmp(ent->uw_name, "stop") == 0)
		return 7;
	return 0;
}

static void
test_walk(struct ukfs *u)
{
	char s[4096];

	s[0] = '\0';
	is(ukfs_walk(u, "/", 0, visit, s), 0, "walk");
	is_str(s,
	    "d0:/ d1:/a d2:/a/b D2:/a/b f2:/a/g D1:/a d1:/d f2:/d/f f2:/d/new "
	    "f2:/d/s D1:/d d1:/dir f2:/dir/numbers D1:/dir f1:/file "
	    "d1:/lost+found D0:/ ",
	    "in order");
	s[0] = '\0';
	is(ukfs_walk(u, "nothere", 0, visit, s), 0, "a missing root");
	is_str(s, "e0:nothere ", "is an error entry");
	is(ukfs_mkdir(u, "/dir/stop", 0755), 0, "mkdir");
	s[0] = '\0';
	is(ukfs_walk(u, "dir", 0, visit, s), 7, "a walk that is stopped");
	is(ukfs_rmdir(u, "/dir/stop"), 0, "rmdir");
	is(ukfs_symlink(u, "../dir", "/dir/self"), 0, "symlink");
	s[0] = '\0';
	is(ukfs_walk(u, "dir", UKFS_WALK_FOLLOW, visit, s), 0,
	    "following a loop");
	is_str(s, "d0:dir f1:dir/numbers d1:dir/self e1:dir/self D0:dir ",
	    "ends with an error");
	is(ukfs_remove(u, "/dir/self"), 0, "remove");
}

static void
test_copies(struct ukfs *u, struct ukfs *v)
{
	char buf[512];
	struct stat st;
	int fd;

	is(ukfs_copyout(u, "/dir/numbers", host("out")), 0, "copyout");
	is(stat(host("out"), &st), 0, "is there");
	is(st.st_size, 292, "whole");
	FAILS(ukfs_copyout(u, "/nothere", host("out2")), ENOENT);
	FAILS(access(host("out2"), F_OK), ENOENT);
	ok(symlink("out", host("link")) == 0, "a symlink in the way");
	FAILS(ukfs_copyout(u, "/file", host("link")), ELOOP);
	is(ukfs_copyin(u, host("out"), "/in", 0640), 0, "copyin");
	is(ukfs_copyin(u, host("out"), "/file", 0600), 0, "copyin over a file");
	is(ukfs_stat(u, "/file", &st), 0, "stat");
	ok(st.st_size == 292 && (st.st_mode & 0777) == 0644,
	    "it keeps its mode");
	FAILS(ukfs_copyin(u, host("nothere"), "/x", 0600), ENOENT);
	FAILS(ukfs_stat(u, "/x", &st), ENOENT);
	is(ukfs_copy(u, "/in", v, "/there", 0600), 0, "copy between images");
	is(ukfs_read(v, "/there", 290, (uint8_t *)buf, 10), 2, "its end");
	is(ukfs_copy(u, "/in", u, "/in2", 0600), 0, "copy in one image");
	fd = open(host("big"), O_RDWR | O_CREAT, 0600);
	ok(fd != -1 && ftruncate(fd, 20 << 20) == 0 &&
		pwrite(fd, "x", 1, 10 << 20) == 1,
	    "a big file with holes");
	is(ukfs_copyin(u, host("big"), "/big", 0600), 0, "fits");
	is(ukfs_copy(u, "/big", v, "/big", 0600), 0, "also in the other");
	is(ukfs_stat(v, "/big", &st), 0, "stat");
	ok(st.st_size == 20 << 20 && st.st_blocks < 64, "as holes");
	is(ukfs_copyout(v, "/big", host("big2")), 0, "and out");
	is(stat(host("big2"), &st), 0, "stat");
	ok(st.st_size == 20 << 20 && st.st_blocks < 1024, "as holes");
	ok(fallocate(fd, 0, 0, 20 << 20) == 0 && pwrite(fd, buf, 512, 0) == 512,
	    "without holes");
	for (off_t off = 0; off < 20 << 20; off += 512)
		if (pwrite(fd, "data", 4, off) != 4)
			break;
	FAILS(ukfs_copyin(u, host("big"), "/big3", 0600), ENOSPC);
	FAILS(ukfs_stat(u, "/big3", &st), ENOENT);
	FAILS(ukfs_copyin(u, host("big"), "/in", 0600), ENOSPC);
	is(ukfs_stat(u, "/in", &st), 0, "stat");
	is(st.st_size, 292, "the old content is there");
	close(fd);
}

static void
test_window(const char *image)
{
	struct rumpuser_file *hf;
	struct ukfs *u;
	struct stat st;

	is(rumpuser_file_open(image, RUMPUSER_OPEN_RDONLY, &hf), 0,
	    "host file");
	ok(ukfs_mount_file(NULL, hf, 1 << 20, 0, NULL, RUMP_MNT_RDONLY, NULL) ==
		NULL,
	    "no file system at 1 MiB");
	ok(ukfs_mount_file(
	       NULL, hf, 0, 1ull << 40, NULL, RUMP_MNT_RDONLY, NULL) == NULL &&
		errno == EINVAL,
	    "a window beyond the end");
	u = ukfs_mount_file(NULL, hf, 0, 4 << 20, NULL, RUMP_MNT_RDONLY, NULL);
	ok(u != NULL, "a window of the whole");
	rumpuser_file_close(hf);
	is(ukfs_stat(u, "/dir", &st), 0, "stat");
	is(ukfs_enter(u), 0, "enter");
	is(ukfs_enter(u), 0, "nested");
	is(rump_sys_access("/dir/numbers", RUMP_R_OK), 0,
	    "system calls act on it");
	ukfs_leave(u);
	is(rump_sys_access("/dir/numbers", RUMP_R_OK), 0, "still");
	ukfs_leave(u);
	is(rump_sys_access("/dir/numbers", RUMP_R_OK), -RUMP_ENOENT,
	    "not any more");
	is(ukfs_release(u, 0), 0, "release");
}

/* ---- threads ---------------------------------------------------------------- */

struct job {
	struct ukfs *u;
	int id, errors;
};

static void *
worker(void *arg)
{
	struct job *job = arg;
	char path[64];
	uint8_t buf[64];
	int i;

	for (i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), "/thr-%d-%d", job->id, i % 7);
		if (ukfs_create(job->u, path, 0600) != 0 ||
		    ukfs_write(job->u, path, i, (uint8_t *)path, 8) != 8 ||
		    ukfs_read(job->u, path, i, buf, 8) != 8 ||
		    memcmp(buf, path, 8) != 0 ||
		    (i % 3 == 0 && ukfs_remove(job->u, path) != 0))
			job->errors++;
	}
	return NULL;
}

static void
test_threads(struct ukfs *u, struct ukfs *v)
{
	struct job jobs[6];
	pthread_t t[6];
	int i, errors;

	for (i = 0; i < 6; i++) {
		jobs[i] = (struct job){i % 2 == 0 ? u : v, i, 0};
		pthread_create(&t[i], NULL, worker, &jobs[i]);
	}
	errors = 0;
	for (i = 0; i < 6; i++) {
		pthread_join(t[i], NULL);
		errors += jobs[i].errors;
	}
	is(errors, 0, "six threads in two images");
}

/* Partition at sector 2048 of a new disk, with the image in it. */
static void
make_disk(const char *disk, const char *image)
{
	static const unsigned char entry[16] = {
	    0, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 32, 0, 0};
	static char buf[4 << 20];
	int in, out;

	in = open(image, O_RDONLY);
	out = open(disk, O_RDWR | O_CREAT | O_TRUNC, 0644);
	ok(in != -1 && out != -1 && read(in, buf, sizeof(buf)) == sizeof(buf) &&
		pwrite(out, buf, sizeof(buf), 1 << 20) == sizeof(buf) &&
		ftruncate(out, 6 << 20) == 0 &&
		pwrite(out, entry, 16, 446) == 16 &&
		pwrite(out, "\x55\xaa", 2, 510) == 2,
	    "make a disk");
	close(in);
	close(out);
}

/* A little-endian disklabel with the same partition as b. */
static void
make_label(const char *disk)
{
	unsigned char l[148 + 16 * 8] = {0x57, 0x45, 0x56, 0x82};
	unsigned i;
	int fd;

	memcpy(l + 132, l, 4);
	l[41] = 2;  /* d_secsize 512 */
	l[138] = 8; /* d_npartitions */
	l[164 + 1] = 32;
	l[164 + 5] = 8;
	l[164 + 12] = 17;
	for (i = 0; i < sizeof(l); i += 2) {
		if (i == 136)
			continue;
		l[136] ^= l[i];
		l[137] ^= l[i + 1];
	}
	fd = open(disk, O_RDWR);
	ok(pwrite(fd, l, sizeof(l), 512) == sizeof(l), "label it");
	close(fd);
}

static void
test_partitions(const char *image)
{
	const char *disk = host("disk"), *words;
	struct ukfs_parts parts;
	struct ukfs_window pw;
	struct ukfs_content uc;
	char why[UKFS_WHY];
	struct ukfs *u, *v;
	int fd;

	make_disk(disk, image);
	fd = open(disk, O_RDONLY);
	lseek(fd, 77, SEEK_SET);
	is(ukfs_part_find(fd, "MBR:1", &pw, why), 0, "find a partition");
	ok(pw.pw_off == 1 << 20 && pw.pw_len == 4 << 20 && pw.pw_sector == 512,
	    "where it is");
	FAILS(ukfs_part_find(fd, "MBR:2", &pw, why), ENOENT);
	ok(strcmp(why, "MBR:2: the table has partition 1") == 0, "%s", why);
	FAILS(ukfs_part_find(fd, "MBR:", &pw, why), EINVAL);
	FAILS(ukfs_part_find(fd, "OFFSET:6m", &pw, why), ERANGE);
	FAILS(ukfs_part_words("FOO:1", why), EINVAL);
	ok(ukfs_part_suffix("a%b%MBR:1%GPT:2%", &words) &&
		strcmp(words, "MBR:1%GPT:2%") == 0 &&
		!ukfs_part_suffix("a%MBR:1", &words),
	    "suffixes");
	is(ukfs_part_list(fd, NULL, &parts, why), 0, "list them");
	ok(parts.ups_n == 1 &&
		strcmp(parts.ups_part[0].up_words, "MBR:1") == 0 &&
		strcmp(parts.ups_part[0].up_content.uc_type, "ext2") == 0,
	    "one with ext2");
	ukfs_part_list_free(&parts);
	is(ukfs_identify(fd, 1 << 20, 4 << 20, &uc), 0, "look at bytes");
	ok(uc.uc_kind == UKFS_CONTENT_FS && strcmp(uc.uc_type, "ext2") == 0 &&
		lseek(fd, 0, SEEK_CUR) == 77,
	    "ext2; the descriptor's offset stays");
	close(fd);
	u = ukfs_mount_disk(NULL, disk, 0, NULL, RUMP_MNT_RDONLY, NULL, 0);
	ok(u != NULL, "partition 0 of an MBR is its first");
	ok(ukfs_mount_disk(NULL, disk, 1, NULL, 0, NULL, 0) == NULL &&
		errno == ENOENT,
	    "there is no other");
	is(ukfs_release(u, 0), 0, "release");
	make_label(disk);
	u = ukfs_mount_disk(NULL, disk, 1, NULL, 0, NULL, 0);
	v = ukfs_mount_disk(NULL, disk, 0, NULL, 0, NULL, 0);
	ok(u != NULL && v == NULL && errno == ENOENT,
	    "with a disklabel it is its letter: b, and no a");
	if (u != NULL)
		is(ukfs_release(u, 0), 0, "release");
}

int
main(int argc, char **argv)
{
	struct ukfs *u, *v;

	if (argc != 4)
		return 2;
	dir = argv[3];
	umask(022);
	test_start(argv[1]);
	u = ukfs_mount(NULL, argv[1], NULL, 0, NULL, 0);
	v = ukfs_mount(NULL, argv[2], NULL, 0, NULL, 0);
	ok(u != NULL && v != NULL, "mount both");
	if (u != NULL && v != NULL) {
		test_names(u);
		test_attributes(u);
		test_data(u);
		test_walk(u);
		test_copies(u, v);
		test_threads(u, v);
		is(ukfs_release(u, 0), 0, "release");
		is(ukfs_release(v, 0), 0, "release");
	}
	test_window(argv[1]);
	test_partitions(argv[1]);
	return done();
}
