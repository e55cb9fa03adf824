/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of an image's files for programs of the host: see hostcopy.h.
 *
 * Names come from a hostile image: a copy is made by its name relative to a
 * directory that only we can write to, must not exist before, and is a regular
 * file.  What programs leave behind there is removed without following links.
 */
#include "fsu/hostcopy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsu/fmt.h"
#include "fsu/fsu_impl.h"

/* ---- directories --------------------------------------------------------------- */

static int
open_dir(int parent, const char *name)
{
	return openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int
fsu_hostdir_make(struct fsu_hostdir *d, const char *prefix)
{
	const char *tmp = getenv("TMPDIR");
	char *base;
	int error;

	d->hd_fd = -1;
	d->hd_path = NULL;
	base = realpath(tmp != NULL && *tmp != '\0' ? tmp : "/tmp", NULL);
	if (base == NULL)
		return errno;
	d->hd_path = fsu_asprintf("%s/%s.XXXXXX", base, prefix);
	free(base);
	if (mkdtemp(d->hd_path) != NULL) {
		d->hd_fd = open_dir(AT_FDCWD, d->hd_path);
		if (d->hd_fd != -1)
			return 0;
		error = errno;
		rmdir(d->hd_path);
	} else
		error = errno;
	free(d->hd_path);
	d->hd_path = NULL;
	return error;
}

int
fsu_hostdir_sub(
    const struct fsu_hostdir *parent, const char *name, struct fsu_hostdir *d)
{
	int error;

	d->hd_fd = -1;
	d->hd_path = NULL;
	if (mkdirat(parent->hd_fd, name, 0700) == -1)
		return errno;
	d->hd_fd = open_dir(parent->hd_fd, name);
	if (d->hd_fd == -1) {
		error = errno;
		unlinkat(parent->hd_fd, name, AT_REMOVEDIR);
		return error;
	}
	d->hd_path = fsu_path_join(parent->hd_path, name);
	return 0;
}

void
fsu_hostdir_keep(struct fsu_hostdir *d)
{
	if (d->hd_fd != -1)
		close(d->hd_fd);
	free(d->hd_path);
	d->hd_fd = -1;
	d->hd_path = NULL;
}

/* A program of ours made these; deeper than this is left. */
#define DEPTH_MAX 200

/* All that is in the open directory; takes fd. */
static void
empty_dir(int fd, unsigned depth)
{
	struct dirent *e;
	DIR *dir;
	int sub;

	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return;
	}
	while ((e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(dir), e->d_name, 0) == 0)
			continue;
		sub = open_dir(dirfd(dir), e->d_name);
		if (sub == -1)
			continue;
		if (depth < DEPTH_MAX) {
			fchmod(sub, 0700);
			empty_dir(sub, depth + 1);
		} else
			close(sub);
		unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}

void
fsu_hostdir_remove(struct fsu_hostdir *d)
{
	if (d->hd_fd == -1)
		return;
	empty_dir(d->hd_fd, 0);
	rmdir(d->hd_path);
	free(d->hd_path);
	d->hd_fd = -1;
	d->hd_path = NULL;
}

/* ---- copies ---------------------------------------------------------------------- */

/* The whole of fd into the new host file; takes hostfd where it fails. */
static int
fill(int fd, int hostfd, bool *hosterror)
{
	int64_t r;

	*hosterror = false;
	r = rump_sys_lseek(fd, 0, RUMP_SEEK_SET);
	if (r >= 0)
		r = ukfs_drain_to_host(fd, hostfd, hosterror);
	return r < 0 ? (int)-r : 0;
}

/* Times and permissions are a service: where they can't be set, they aren't. */
static void
dress(int hostfd, const struct rump_stat *st)
{
	struct timespec ts[2] = {
	    {.tv_sec = st->st_atim.tv_sec, .tv_nsec = st->st_atim.tv_nsec},
	    {.tv_sec = st->st_mtim.tv_sec, .tv_nsec = st->st_mtim.tv_nsec},
	};

	(void)fchmod(hostfd, (mode_t)((st->st_mode & 0777) | 0600));
	(void)futimens(hostfd, ts);
}

int
fsu_hostdir_copy(const struct fsu_hostdir *d, const char *name, int fd,
    const struct rump_stat *st, bool *hosterror)
{
	int hostfd, error;

	*hosterror = true;
	if (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0 || strchr(name, '/') != NULL)
		return EINVAL;
	hostfd = openat(d->hd_fd, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (hostfd == -1)
		return errno;
	error = fill(fd, hostfd, hosterror);
	if (error == 0)
		dress(hostfd, st);
	if (close(hostfd) == -1 && error == 0) {
		*hosterror = true;
		error = errno;
	}
	if (error != 0)
		unlinkat(d->hd_fd, name, 0);
	return error;
}

int
fsu_hostdir_snapshot(const struct fsu_hostdir *d, int fd, bool *hosterror)
{
	static const char name[] = ".snapshot";
	int hostfd, error;

	*hosterror = true;
	hostfd = openat(d->hd_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (hostfd == -1) {
		/* Not every file system has files without a name. */
		hostfd = openat(d->hd_fd, name,
		    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (hostfd == -1)
			return -errno;
		unlinkat(d->hd_fd, name, 0);
	}
	error = fill(fd, hostfd, hosterror);
	if (error != 0) {
		close(hostfd);
		return -error;
	}
	return hostfd;
}

int
fsu_host_same(int a, int b, bool *same)
{
	static const size_t size = 65536;
	char *buf = fsu_malloc(2 * size);
	struct stat sa, sb;
	ssize_t n, m;
	off_t off;
	int error;

	error = 0;
	*same = false;
	if (fstat(a, &sa) == -1 || fstat(b, &sb) == -1)
		error = errno;
	else
		*same = sa.st_size == sb.st_size;
	for (off = 0; *same && error == 0; off += n) {
		n = pread(a, buf, size, off);
		m = n <= 0 ? n : pread(b, buf + size, (size_t)n, off);
		if (n < 0 || m < 0)
			error = errno;
		else if (n == 0)
			break;
		else
			*same = m == n &&
			    memcmp(buf, buf + size, (size_t)n) == 0;
	}
	free(buf);
	return error;
}

/* ---- programs ---------------------------------------------------------------------- */

/* What the parent does to signals while it waits, and undoes. */
struct held {
	struct sigaction intr, quit;
};

static void
hold_signals(struct held *h, unsigned flags)
{
	struct sigaction ign = {.sa_handler = SIG_IGN};
	bool both = (flags & FSU_RUN_BOTH) != 0;

	sigemptyset(&ign.sa_mask);
	sigaction(SIGINT, both ? NULL : &ign, &h->intr);
	sigaction(SIGQUIT, both ? NULL : &ign, &h->quit);
}

static void
release_signals(const struct held *h)
{
	sigaction(SIGINT, &h->intr, NULL);
	sigaction(SIGQUIT, &h->quit, NULL);
}

static _Noreturn void
child(char *const argv[], const struct fsu_hostdir *cwd, unsigned flags,
    const struct held *h, int report)
{
	int fd, error;

	/* Our handlers end with exec; what was ignored before us stays so. */
	release_signals(h);
	if (!fsu_sigpipe_was_ignored())
		signal(SIGPIPE, SIG_DFL);
	if (flags & FSU_RUN_NOSTDIN) {
		fd = open("/dev/null", O_RDONLY);
		if (fd > 0) {
			dup2(fd, STDIN_FILENO);
			close(fd);
		}
	}
	if (cwd == NULL || fchdir(cwd->hd_fd) == 0)
		execvp(argv[0], argv);
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(125);
	_exit(error == ENOENT ? 127 : 126);
}

/* Wait, passing on what ends us.  -1: there is no such child. */
static int
wait_for(pid_t pid)
{
	int status, passed;

	passed = 0;
	while (waitpid(pid, &status, 0) == -1) {
		if (errno != EINTR)
			return -1;
		if (fsu_signal_seen() != passed) {
			passed = fsu_signal_seen();
			if (passed != SIGINT) /* the terminal saw to that */
				kill(pid, passed);
		}
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

int
fsu_host_run(char *const argv[], const struct fsu_hostdir *cwd, unsigned flags,
    bool *started)
{
	struct held h;
	int report[2], status, error;
	ssize_t n;
	pid_t pid;

	*started = false;
	if (pipe2(report, O_CLOEXEC) == -1) {
		fsu_msg("%s", strerror(errno));
		return 125;
	}
	hold_signals(&h, flags);
	pid = fork();
	if (pid == 0)
		child(argv, cwd, flags, &h, report[1]);
	error = errno;
	close(report[1]);
	if (pid == -1) {
		status = 125;
		fsu_msg("cannot fork: %s", strerror(error));
	} else {
		do
			n = read(report[0], &error, sizeof(error));
		while (n == -1 && errno == EINTR);
		*started = n != (ssize_t)sizeof(error);
		status = wait_for(pid);
		if (!*started)
			fsu_msg(
			    "%s: %s", fsu_quote_msg(argv[0]), strerror(error));
		else if (status == -1)
			status = 125;
	}
	close(report[0]);
	release_signals(&h);
	return status;
}
