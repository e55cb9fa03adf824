/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host files by hypercall: identity, upgrade, what is refused, temporaries.
 */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <rump/rumpuser.h>

#include "scratch.h"
#include "tap.h"

static int
nfds(void)
{
	struct dirent *ent;
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d != NULL && (ent = readdir(d)) != NULL)
		n++;
	closedir(d);
	return n;
}

static size_t
put(struct rumpuser_file *f, const char *s, uint64_t off)
{
	struct rumpuser_iov iov = {(void *)(uintptr_t)s, strlen(s)};
	size_t moved = 0;

	return rumpuser_pwritev(f, &iov, 1, off, &moved) == 0 ? moved : 0;
}

static const char *
get(struct rumpuser_file *f, char *buf, size_t size)
{
	struct rumpuser_iov iov = {buf, size - 1};
	size_t moved = 0;

	if (rumpuser_preadv(f, &iov, 1, 0, &moved) != 0)
		return "(error)";
	buf[moved] = '\0';
	return buf;
}

static void
identity(void)
{
	char a[PATH_MAX], b[PATH_MAX], c[PATH_MAX];
	struct rumpuser_file *f1, *f2, *f3;
	struct rumpuser_fileinfo fi;
	int before = nfds();

	scratch_file(a, "ident", "hello", 5);
	scratch_file(c, "other", "hello", 5);
	if (link(a, scratch_path(b, "ident.link")) != 0)
		bail("link");
	is(rumpuser_file_open(a, 0, &f1), 0, "open");
	is(rumpuser_file_open(b, 0, &f2), 0, "open by another name");
	is(rumpuser_file_open(c, 0, &f3), 0, "open another file");
	ok(f1 == f2, "two names of one file are one object");
	ok(f1 != f3, "two files are two objects");
	is(nfds(), before + 2, "two descriptors in all");

	is(rumpuser_file_info(f1, &fi), 0, "info");
	is(fi.fi_size, 5, "size");
	is(fi.fi_type, RUMPUSER_FT_REG, "type");
	is(fi.fi_logical_sector, 1, "a regular file has no sectors");
	ok(!fi.fi_writable && !fi.fi_readonly, "opened for reading, writable");

	rumpuser_file_ref(f1);
	rumpuser_file_close(f1);
	rumpuser_file_close(f1);
	is(nfds(), before + 2, "open as long as there is a reference");
	is(rumpuser_file_info(f2, &fi), 0, "and usable");
	rumpuser_file_close(f2);
	rumpuser_file_close(f3);
	is(nfds(), before, "the last reference closes");
	is(rumpuser_file_open(a, 0, &f1), 0, "and it opens again");
	rumpuser_file_close(f1);
}

static void
upgrade(void)
{
	struct rumpuser_file *ro, *rw;
	char path[PATH_MAX], buf[16];
	struct rumpuser_fileinfo fi;
	int fd;

	scratch_file(path, "upgrade", "hello", 5);
	is(rumpuser_file_open(path, RUMPUSER_OPEN_RDONLY, &ro), 0, "read-only");
	is(put(ro, "x", 0), 0, "cannot write");
	fd = rumpuser_file_fd(ro);
	is(rumpuser_file_open(path, RUMPUSER_OPEN_RDWR, &rw), 0, "read-write");
	ok(ro == rw, "the same object");
	is(rumpuser_file_fd(ro), fd, "under the same descriptor");
	is(rumpuser_file_info(ro, &fi), 0, "info");
	ok(fi.fi_writable, "and now it is for writing");
	is(put(ro, "J", 0), 1, "the first holder can write, too");
	is_str(get(rw, buf, sizeof(buf)), "Jello", "and both read it");
	rumpuser_file_close(rw);
	is_str(get(ro, buf, sizeof(buf)), "Jello", "one of two closed");
	rumpuser_file_close(ro);
}

static void
creation(void)
{
	char path[PATH_MAX], buf[16];
	struct rumpuser_file *f, *g;
	struct rumpuser_fileinfo fi;
	struct stat st;

	scratch_path(path, "new");
	is(rumpuser_file_open(path, RUMPUSER_OPEN_RDWR, &f), ENOENT, "missing");
	umask(027);
	is(rumpuser_file_open(
	       path, RUMPUSER_OPEN_RDWR | RUMPUSER_OPEN_CREATE, &f),
	    0, "create");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0640,
	    "mode 0666 less umask");
	umask(022);
	is(put(f, "hello", 0), 5, "write");
	is(rumpuser_file_open(path,
	       RUMPUSER_OPEN_RDWR | RUMPUSER_OPEN_CREATE | RUMPUSER_OPEN_EXCL,
	       &g),
	    EEXIST, "create exclusively what exists");
	is(rumpuser_file_open(path,
	       RUMPUSER_OPEN_RDWR | RUMPUSER_OPEN_CREATE | RUMPUSER_OPEN_TRUNC,
	       &g),
	    0, "truncate");
	is_str(get(f, buf, sizeof(buf)), "", "is empty");
	rumpuser_file_close(g);
	is(rumpuser_file_setsize(f, 1 << 20), 0, "set size");
	ok(rumpuser_file_info(f, &fi) == 0 && fi.fi_size == 1 << 20, "grown");
	is(rumpuser_file_setsize(f, UINT64_MAX), EFBIG, "too far");
	rumpuser_file_close(f);

	ok(chmod(path, 0444) == 0 && rumpuser_path_info(path, &fi) == 0 &&
		fi.fi_readonly,
	    "no write bit: read-only, even for root");
}

static void
refusals(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct rumpuser_file *f;
	struct rumpuser_fileinfo fi;
	char path[PATH_MAX];
	int before = nfds(), s;

	is(rumpuser_file_open(scratch_dir(), 0, &f), EISDIR, "a directory");
	is(rumpuser_file_open(scratch_dir(), RUMPUSER_OPEN_RDWR, &f), EISDIR,
	    "a directory, to write");
	if (mkfifo(scratch_path(path, "fifo"), 0666) != 0)
		bail("mkfifo");
	alarm(10); /* a hang must end */
	is(rumpuser_file_open(path, 0, &f), ENXIO, "a FIFO, at once");
	is(rumpuser_file_open(path, RUMPUSER_OPEN_RDWR, &f), ENXIO,
	    "a FIFO, to write");
	alarm(0);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	strncpy(
	    sun.sun_path, scratch_path(path, "sock"), sizeof(sun.sun_path) - 1);
	if (s >= 0 && bind(s, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		is(rumpuser_file_open(path, 0, &f), ENXIO, "a socket");
	else
		skip(1, "no sockets here");
	close(s);
	if (symlink("loop", scratch_path(path, "loop")) != 0)
		bail("symlink");
	is(rumpuser_file_open(path, 0, &f), ELOOP, "a looping link");
	is(nfds(), before, "nothing stays open");

	is(rumpuser_file_open("/dev/null", RUMPUSER_OPEN_RDWR, &f), 0,
	    "/dev/null opens");
	ok(rumpuser_file_info(f, &fi) == 0 && fi.fi_type == RUMPUSER_FT_CHR &&
		fi.fi_size == 0,
	    "as a character device without a size");
	is(rumpuser_sync(f, false), 0, "which has nothing to sync");
	rumpuser_file_close(f);
}

static void
adoption(void)
{
	struct rumpuser_file *f, *g;
	char path[PATH_MAX], buf[16];
	int fd, before = nfds();

	scratch_file(path, "adopt", "hello", 5);
	fd = open(path, O_RDONLY);
	is(rumpuser_file_adopt(fd, true, &f), EBADF, "not open for writing");
	is(rumpuser_file_adopt(fd, false, &f), 0, "adopt");
	is(rumpuser_file_fd(f), fd, "the descriptor itself");
	fd = open(path, O_RDWR);
	is(rumpuser_file_adopt(fd, true, &g), 0, "adopt another, for writing");
	ok(f == g, "the object is there already");
	is(put(f, "J", 0), 1, "and it is now for writing");
	is_str(get(f, buf, sizeof(buf)), "Jello", "written");
	rumpuser_file_close(f);
	rumpuser_file_close(g);
	is(nfds(), before, "both descriptors are closed");
	is(rumpuser_file_adopt(-1, false, &f), EBADF, "no descriptor");
}

static int
entries(const char *dir)
{
	struct rumpuser_dir *d;
	struct rumpuser_dirent de;
	int n = 0;

	if (rumpuser_dir_open(dir, &d) != 0)
		return -1;
	while (rumpuser_dir_read(d, &de) == 0)
		n++;
	rumpuser_dir_close(d);
	return n;
}

static void
temporaries(void)
{
	char path[PATH_MAX], dir[PATH_MAX], buf[16];
	struct rumpuser_file *f, *g;
	struct stat st;
	ino_t ino;

	if (mkdir(scratch_path(dir, "tmp"), 0777) != 0)
		bail("mkdir");
	is(rumpuser_file_tmp(dir, &f), 0, "an unnamed temporary");
	is(entries(dir), 0, "has no name");
	is(put(f, "hello", 0), 5, "takes data");
	scratch_path(path, "tmp/named");
	is(rumpuser_file_link(f, path, false), 0, "gets a name");
	is(rumpuser_file_open(path, 0, &g), 0, "which opens");
	ok(f == g, "as the same object");
	rumpuser_file_close(f);
	rumpuser_file_close(g);

	is(rumpuser_file_tmp(dir, &f), 0, "another one");
	is(put(f, "other", 0), 5, "takes data");
	is(rumpuser_file_link(f, path, false), EEXIST, "name is taken");
	ok(stat(path, &st) == 0, "still there");
	ino = st.st_ino;
	is(rumpuser_file_link(f, path, true), 0, "replaced when asked to");
	ok(stat(path, &st) == 0 && st.st_ino != ino, "another file");
	is(entries(dir), 1, "and no second name");
	rumpuser_file_close(f);
	ok(rumpuser_file_open(path, 0, &f) == 0 &&
		strcmp(get(f, buf, sizeof(buf)), "other") == 0,
	    "with the new content");
	rumpuser_file_close(f);

	is(rumpuser_file_tmp(dir, &f), 0, "one that is never named");
	is(rumpuser_file_link(f, "/nonexistent/x", true), ENOENT, "nowhere");
	rumpuser_file_close(f);
	is(entries(dir), 1, "leaves nothing");
	is(rumpuser_file_tmp("/nonexistent", &f), ENOENT, "no directory");
	is(rumpuser_file_tmp(NULL, &f), 0, "the host's directory");
	rumpuser_file_close(f);

	is(rumpuser_rename(path, scratch_path(dir, "tmp2")), 0, "rename");
	is(rumpuser_unlink(path), ENOENT, "the old name is gone");
	is(rumpuser_unlink(dir), 0, "unlink");
}

/*
 * A file that had a name and lost it, which the host doesn't link again: as
 * our temporaries are where it has no O_TMPFILE.
 */
static void
link_by_copy(void)
{
	char path[PATH_MAX], dir[PATH_MAX], buf[16];
	struct rumpuser_file *f, *g;
	struct stat st;
	int fd;

	if (mkdir(scratch_path(dir, "copy"), 0777) != 0)
		bail("mkdir");
	fd = open(scratch_path(path, "copy/old"), O_RDWR | O_CREAT, 0666);
	if (fd < 0 || unlink(path) != 0)
		bail("%s", path);
	fchmod(fd, 0640);
	is(rumpuser_file_adopt(fd, true, &f), 0, "adopt");
	is(put(f, "hello", 0), 5, "data");
	is(rumpuser_file_setsize(f, 8 << 20), 0, "and a hole behind");
	scratch_path(path, "copy/x");
	is(rumpuser_file_link(f, path, false), 0, "gets a name");
	is(rumpuser_file_open(path, 0, &g), 0, "the name opens");
	ok(f == g, "as the same object");
	is_str(get(f, buf, 6), "hello", "with the content");
	ok(stat(path, &st) == 0 && st.st_size == 8 << 20 &&
		st.st_blocks < (4 << 20) / 512,
	    "and the hole");
	is(st.st_mode & 0777, 0640, "and the mode");
	is(rumpuser_file_link(f, path, false), EEXIST, "a second time: taken");
	is(put(f, "J", 0), 1, "the object goes on with the new file");
	is_str(get(g, buf, 6), "Jello", "whose content changes");
	is(entries(dir), 1, "nothing beside it");
	rumpuser_file_close(f);
	rumpuser_file_close(g);
}

static void
directories(void)
{
	char dir[PATH_MAX], path[PATH_MAX];
	struct rumpuser_dirent de;
	struct rumpuser_dir *d;
	int files = 0, dirs = 0, odd = 0;

	if (mkdir(scratch_path(dir, "d"), 0777) != 0 ||
	    mkdir(scratch_path(path, "d/sub"), 0777) != 0 ||
	    symlink("sub", scratch_path(path, "d/tosub")) != 0 ||
	    symlink("nowhere", scratch_path(path, "d/dangling")) != 0)
		bail("mkdir");
	scratch_file(path, "d/file", "", 0);
	is(rumpuser_dir_open(dir, &d), 0, "open a directory");
	while (rumpuser_dir_read(d, &de) == 0) {
		files += de.de_type == RUMPUSER_FT_REG;
		dirs += de.de_type == RUMPUSER_FT_DIR;
		odd += de.de_type == RUMPUSER_FT_OTHER;
	}
	is(rumpuser_dir_read(d, &de), ENOENT, "the end stays the end");
	rumpuser_dir_close(d);
	is(files, 1, "one file");
	is(dirs, 2, "a directory and a link to it");
	is(odd, 1, "and a link to nothing");
	is(rumpuser_dir_open(path, &d), ENOTDIR, "not a directory");
}

struct racer {
	char path[PATH_MAX];
	_Atomic int bad;
};

/* Open, read, reopen for writing, close, over and over. */
static void
race(void *arg)
{
	struct racer *r = arg;
	struct rumpuser_file *f, *g;
	char buf[16];
	int i;

	for (i = 0; i < 300; i++) {
		if (rumpuser_file_open(r->path, 0, &f) != 0) {
			r->bad++;
			continue;
		}
		r->bad += strcmp(get(f, buf, sizeof(buf)), "hello") != 0;
		if (rumpuser_file_open(r->path, RUMPUSER_OPEN_RDWR, &g) != 0) {
			r->bad++;
		} else {
			r->bad += f != g || put(g, "hello", 0) != 5;
			rumpuser_file_close(g);
		}
		r->bad += strcmp(get(f, buf, sizeof(buf)), "hello") != 0;
		rumpuser_file_close(f);
	}
}

static void
threads(void)
{
	struct rumpuser_thread *t[4];
	static struct racer r;
	int i, before = nfds();

	scratch_file(r.path, "race", "hello", 5);
	for (i = 0; i < 4; i++)
		if (rumpuser_thread_create(race, &r, "racer", &t[i]) != 0)
			bail("thread");
	for (i = 0; i < 4; i++)
		rumpuser_thread_join(t[i]);
	is(r.bad, 0, "four threads open, upgrade and close one file");
	is(nfds(), before, "and leave no descriptor behind");
}

int
main(void)
{
	identity();
	upgrade();
	creation();
	refusals();
	adoption();
	temporaries();
	link_by_copy();
	directories();
	threads();
	return done();
}
