/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_exec: run a program of the host on a copy of one file of an image.
 *
 *	image shared:	 copy FILE out, and once more as it was (the snapshot)
 *	image closed:	 CMD runs; the copy is compared with the snapshot
 *	image exclusive: FILE still is the snapshot?  Then the copy becomes it
 *
 * Nothing is locked while CMD runs.  Whatever keeps a changed copy from going
 * back, the copy stays where it is and is named.  FILE keeps its inode, and so
 * its owner, mode, links and attributes; it has its old content until the new one
 * is complete.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fsu/hostcopy.h>

extern const struct fsu_command fsu_exec_command;

#define EXEC_TROUBLE 125 /* as env(1) */

struct exec_job {
	struct fsu *f;
	const char *path; /* in the image */
	char *name;	  /* its base name */
	struct fsu_hostdir dir;
	char *copy; /* its path on the host */
	int snapshot;
	struct rump_stat st; /* of FILE when it was copied */
};

/* ---- out --------------------------------------------------------------------------- */

static int
exec_copy_failed(struct exec_job *j, int error, bool host)
{
	if (host)
		fsu_msg("%s: %s",
		    j->dir.hd_path != NULL ? j->dir.hd_path : "temporary copy",
		    strerror(error));
	else
		fsu_error(j->f, j->path, error);
	return EXEC_TROUBLE;
}

static int
exec_copy_from(struct exec_job *j, int fd)
{
	bool host;
	int error;

	error = rump_sys_fstat(fd, &j->st);
	if (error < 0)
		return exec_copy_failed(j, -error, false);
	if ((j->st.st_mode & RUMP_S_IFMT) != RUMP_S_IFREG) {
		fsu_errorf(
		    j->f, "%s: not a regular file", fsu_visible(j->path));
		return EXEC_TROUBLE;
	}
	error = fsu_hostdir_make(&j->dir, "fsu_exec");
	if (error != 0)
		return exec_copy_failed(j, error, true);
	error = fsu_hostdir_copy(&j->dir, j->name, fd, &j->st, &host);
	if (error != 0)
		return exec_copy_failed(j, error, host);
	j->snapshot = fsu_hostdir_snapshot(&j->dir, fd, &host);
	if (j->snapshot < 0)
		return exec_copy_failed(j, -j->snapshot, host);
	j->copy = fsu_path_join(j->dir.hd_path, j->name);
	return FSU_OK;
}

static int
exec_copy_out(struct exec_job *j)
{
	struct rump_stat st;
	int fd, error, status;

	/* Opening a FIFO or a device would be asking for trouble. */
	error = rump_sys_stat(j->path, &st);
	if (error < 0)
		return exec_copy_failed(j, -error, false);
	if ((st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
		return exec_copy_failed(j, RUMP_EISDIR, false);
	if ((st.st_mode & RUMP_S_IFMT) != RUMP_S_IFREG) {
		fsu_errorf(
		    j->f, "%s: not a regular file", fsu_visible(j->path));
		return EXEC_TROUBLE;
	}
	fd = rump_sys_open(j->path, RUMP_O_RDONLY | RUMP_O_NONBLOCK, 0);
	if (fd < 0)
		return exec_copy_failed(j, -fd, false);
	status = exec_copy_from(j, fd);
	rump_sys_close(fd);
	return status;
}

/* ---- changed? ------------------------------------------------------------------------ */

/* The copy as CMD left it, which may be another file by now; -1: a message. */
static int
exec_open_copy(struct exec_job *j)
{
	struct stat st;
	int fd;

	fd = openat(j->dir.hd_fd, j->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT) {
		fsu_errorf(j->f, "%s: its copy is gone; it stays as it was",
		    fsu_visible(j->path));
		return -1;
	}
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	fsu_errorf(j->f, "%s: its copy %s is no readable regular file any more",
	    fsu_visible(j->path), fsu_visible(j->copy));
	if (fd != -1)
		close(fd);
	return -1;
}

/* The copy isn't in the image: it stays. */
static void
exec_keep(struct exec_job *j, const char *why)
{
	fsu_warnf(j->f, "%s: %s; the changed copy is kept as %s",
	    fsu_visible(j->path), why, fsu_visible(j->copy));
	fsu_hostdir_keep(&j->dir);
}

/* ---- back ------------------------------------------------------------------------------ */

/* Has the image's file fd the snapshot's bytes?  0 or an error number. */
static int
exec_same_content(struct exec_job *j, int fd, bool *same)
{
	static const size_t size = 65536;
	char *buf = fsu_malloc(2 * size);
	uint64_t off;
	int64_t n;
	int error;

	*same = true;
	error = 0;
	for (off = 0; *same; off += (uint64_t)n) {
		n = rump_sys_pread(fd, buf, size, off);
		if (n < 0)
			error = (int)-n;
		if (n <= 0)
			break;
		*same = pread(j->snapshot, buf + size, (size_t)n, (off_t)off) ==
			n &&
		    memcmp(buf, buf + size, (size_t)n) == 0;
	}
	free(buf);
	return error;
}

/* Is FILE still what was copied?  Its mode and owner may have changed. */
static int
exec_unchanged(struct exec_job *j, bool *same)
{
	struct rump_stat st;
	int fd, error;

	*same = false;
	error = rump_sys_stat(j->path, &st);
	if (error < 0)
		return -error == RUMP_ENOENT ? 0 : -error;
	if (st.st_ino != j->st.st_ino || st.st_gen != j->st.st_gen ||
	    (st.st_mode & RUMP_S_IFMT) != RUMP_S_IFREG ||
	    st.st_size != j->st.st_size ||
	    st.st_mtim.tv_sec != j->st.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != j->st.st_mtim.tv_nsec)
		return 0;
	/* Not every image keeps time finely enough to tell. */
	fd = rump_sys_open(j->path, RUMP_O_RDONLY, 0);
	if (fd < 0)
		return -fd;
	error = exec_same_content(j, fd, same);
	rump_sys_close(fd);
	return error;
}

static int
exec_fill(void *arg, int fd)
{
	int64_t r = ukfs_fill_from_host(fd, *(const int *)arg, NULL);

	return r < 0 ? (int)r : 0;
}

static int
exec_put_back(struct exec_job *j, int copyfd)
{
	bool same;
	int error;

	if (fsu_interrupted()) {
		exec_keep(j, "not put back");
		return EXEC_TROUBLE;
	}
	if (fsu_image_again(j->f, true) != FSU_OK) {
		exec_keep(j, "not put back");
		return EXEC_TROUBLE;
	}
	if (!fsu_writable(j->f)) {
		exec_keep(j, "the image is read-only");
		return EXEC_TROUBLE;
	}
	error = exec_unchanged(j, &same);
	if (error == 0 && !same) {
		exec_keep(j, "was changed in the image meanwhile");
		return EXEC_TROUBLE;
	}
	if (error == 0)
		error = -ukfs_replaceat(RUMP_AT_FDCWD, j->path, 0644,
		    UKFS_REPLACE_FOLLOW, exec_fill, &copyfd);
	if (error == 0)
		error = -rump_sys_sync();
	if (error != 0) {
		exec_keep(j, fsu_no_room(j->f, error, "room for it is"));
		return EXEC_TROUBLE;
	}
	return FSU_OK;
}

/* After CMD has ended with this status. */
static int
exec_finish(struct exec_job *j, int status)
{
	char why[64];
	bool same;
	int fd, error, back;

	fd = exec_open_copy(j);
	if (fd == -1) {
		if (faccessat(
			j->dir.hd_fd, j->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			fsu_hostdir_keep(&j->dir);
		return EXEC_TROUBLE;
	}
	error = fsu_host_same(fd, j->snapshot, &same);
	if (error != 0) {
		exec_keep(j, strerror(error));
		status = EXEC_TROUBLE;
	} else if (!same && status != 0) {
		snprintf(why, sizeof(why),
		    "not put back, for the status was %d", status);
		exec_keep(j, why);
	} else if (!same) {
		back = exec_put_back(j, fd);
		if (back != FSU_OK)
			status = back;
	}
	close(fd);
	return status;
}

static int
exec_run(struct fsu *f, void *state, int n, char **operands)
{
	struct exec_job j = {.f = f,
	    .path = operands[n - 1],
	    .dir = {.hd_fd = -1},
	    .snapshot = -1};
	bool started;
	int status;

	(void)state;
	j.name = fsu_basename(j.path);
	status = exec_copy_out(&j);
	if (status == FSU_OK && fsu_image_leave(f) != FSU_OK)
		status = EXEC_TROUBLE;
	if (status == FSU_OK && !fsu_interrupted()) {
		operands[n - 1] = j.copy;
		status = fsu_host_run(operands, NULL, 0, &started);
		operands[n - 1] = (char *)(uintptr_t)j.path;
		if (started)
			status = exec_finish(&j, status);
	}
	if (j.snapshot >= 0)
		close(j.snapshot);
	fsu_hostdir_remove(&j.dir);
	free(j.copy);
	free(j.name);
	return status;
}

static int
exec_option(void *state, int key, const char *value)
{
	(void)state;
	(void)key;
	(void)value;
	return FSU_OK;
}

const struct fsu_command fsu_exec_command = {
    .name = "fsu_exec",
    .synopsis = "IMAGE COMMAND [ARGUMENT]... FILE",
    .summary = "Run COMMAND on a copy of FILE; what it changes goes back if "
	       "its status "
	       "is 0.",
    .flags = FSU_READS | FSU_POSIXARGS | FSU_OWNGLOB | FSU_NOSANDBOX,
    .min_operands = 2,
    .max_operands = -1,
    .trouble = EXEC_TROUBLE,
    .option = exec_option,
    .run = exec_run,
};
