/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks of open file descriptions, seen from another process, and through
 * a reopen.  The other process is this program, run anew: a forked child would
 * share our descriptions.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include <rump/rumpuser.h>

#include "scratch.h"
#include "tap.h"

static const char *self;

/* What another process is told when it asks for the lock: an errno. */
static int
other(const char *path, uint64_t off, uint64_t len, enum rumpuser_lock kind)
{
	char args[3][24];
	int status;
	pid_t pid;

	snprintf(args[0], sizeof(args[0]), "%ju", (uintmax_t)off);
	snprintf(args[1], sizeof(args[1]), "%ju", (uintmax_t)len);
	snprintf(args[2], sizeof(args[2]), "%d", (int)kind);
	pid = fork();
	if (pid == 0) {
		execl(self, self, path, args[0], args[1], args[2], NULL);
		_exit(126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int
be_other(char **argv)
{
	struct rumpuser_file *f;
	int error;

	if (rumpuser_file_open(argv[1], RUMPUSER_OPEN_RDWR, &f) != 0)
		return 125;
	error = rumpuser_file_lock(f, strtoull(argv[2], NULL, 10),
	    strtoull(argv[3], NULL, 10), (enum rumpuser_lock)atoi(argv[4]),
	    false);
	rumpuser_file_close(f);
	return error;
}

static void
two_processes(const char *path)
{
	struct rumpuser_file *f;
	int fd;

	is(rumpuser_file_open(path, RUMPUSER_OPEN_RDWR, &f), 0, "open");
	is(other(path, 0, 0, RUMPUSER_LOCK_EXCL), 0, "free at first");
	is(rumpuser_file_lock(f, 0, 0, RUMPUSER_LOCK_SHARED, false), 0,
	    "a shared lock");
	is(other(path, 0, 0, RUMPUSER_LOCK_SHARED), 0, "readers share");
	is(other(path, 0, 0, RUMPUSER_LOCK_EXCL), EAGAIN, "a writer waits");
	is(rumpuser_file_lock(f, 0, 0, RUMPUSER_LOCK_EXCL, true), 0,
	    "made exclusive");
	is(other(path, 0, 0, RUMPUSER_LOCK_SHARED), EAGAIN, "a reader waits");
	fd = open(path, O_RDWR);
	close(fd);
	is(other(path, 0, 0, RUMPUSER_LOCK_SHARED), EAGAIN,
	    "another descriptor that is closed takes nothing along");
	is(rumpuser_file_lock(f, 0, 0, RUMPUSER_LOCK_UNLOCK, false), 0,
	    "unlocked");
	is(other(path, 0, 0, RUMPUSER_LOCK_EXCL), 0, "free again");

	is(rumpuser_file_lock(f, 1000, 1000, RUMPUSER_LOCK_EXCL, false), 0,
	    "a window");
	is(other(path, 0, 1000, RUMPUSER_LOCK_EXCL), 0, "free in front");
	is(other(path, 1999, 1, RUMPUSER_LOCK_EXCL), EAGAIN, "its last byte");
	is(other(path, 2000, 0, RUMPUSER_LOCK_EXCL), 0, "free behind");
	is(rumpuser_file_lock(f, UINT64_MAX, 2, RUMPUSER_LOCK_EXCL, false),
	    EOVERFLOW, "no such range");
	rumpuser_file_close(f);
	is(other(path, 0, 0, RUMPUSER_LOCK_EXCL), 0, "closing unlocks");
}

/* Shared locks must survive when the file is opened again for writing. */
static void
through_upgrade(const char *path)
{
	struct rumpuser_file *ro, *rw;

	is(rumpuser_file_open(path, RUMPUSER_OPEN_RDONLY, &ro), 0, "open");
	is(rumpuser_file_lock(ro, 0, 0, RUMPUSER_LOCK_EXCL, false), EBADF,
	    "no exclusive lock for a reader");
	is(rumpuser_file_lock(ro, 0, 0, RUMPUSER_LOCK_SHARED, false), 0,
	    "shared");
	is(rumpuser_file_lock(ro, 100, 100, RUMPUSER_LOCK_UNLOCK, false), 0,
	    "with a gap");
	is(rumpuser_file_open(path, RUMPUSER_OPEN_RDWR, &rw), 0, "for writing");
	is(other(path, 0, 100, RUMPUSER_LOCK_EXCL), EAGAIN, "still locked");
	is(other(path, 100, 100, RUMPUSER_LOCK_EXCL), 0, "the gap still free");
	is(other(path, 200, 0, RUMPUSER_LOCK_EXCL), EAGAIN, "still locked");
	is(rumpuser_file_lock(rw, 0, 0, RUMPUSER_LOCK_EXCL, false), 0,
	    "our own locks are not in our way");
	is(other(path, 150, 1, RUMPUSER_LOCK_SHARED), EAGAIN, "exclusive now");
	rumpuser_file_close(ro);
	is(other(path, 150, 1, RUMPUSER_LOCK_SHARED), EAGAIN,
	    "until the last reference goes");
	rumpuser_file_close(rw);
	is(other(path, 0, 0, RUMPUSER_LOCK_EXCL), 0, "then free");
}

/* A waiter gets the lock when it is given up. */
static void
waiting(const char *path)
{
	struct rumpuser_file *f;
	int status, fds[2];
	char c;
	pid_t pid;

	if (pipe(fds) != 0)
		bail("pipe");
	pid = fork();
	if (pid == 0) {
		/* holds the lock until it ends */
		if (rumpuser_file_open(path, RUMPUSER_OPEN_RDWR, &f) != 0 ||
		    rumpuser_file_lock(f, 0, 0, RUMPUSER_LOCK_EXCL, false) != 0)
			_exit(1);
		if (write(fds[1], "x", 1) != 1)
			_exit(1);
		usleep(200000);
		_exit(0);
	}
	close(fds[1]);
	is(read(fds[0], &c, 1), 1, "a child has the lock");
	is(rumpuser_file_open(path, RUMPUSER_OPEN_RDWR, &f), 0, "open");
	is(rumpuser_file_lock(f, 0, 0, RUMPUSER_LOCK_EXCL, false), EAGAIN,
	    "it is taken");
	alarm(20);
	is(rumpuser_file_lock(f, 0, 0, RUMPUSER_LOCK_EXCL, true), 0,
	    "wait for it");
	alarm(0);
	ok(waitpid(pid, &status, WNOHANG) == pid ||
		waitpid(pid, &status, 0) == pid,
	    "the child has ended");
	is(status, 0, "well");
	close(fds[0]);
	rumpuser_file_close(f);
}

int
main(int argc, char **argv)
{
	char path[PATH_MAX];
	struct rumpuser_file *f;
	int error;

	if (argc == 5)
		return be_other(argv);
	self = argv[0];
	scratch_file(path, "locked", "hello", 5);
	if (rumpuser_file_open(path, 0, &f) != 0)
		bail("open");
	error = rumpuser_file_lock(f, 0, 0, RUMPUSER_LOCK_SHARED, false);
	rumpuser_file_close(f);
	if (error == EOPNOTSUPP || error == ENOLCK)
		skip_all("no locks on this file system");
	two_processes(path);
	through_upgrade(path);
	waiting(path);
	return done();
}
