/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Temporaries without a name, and giving them one.
 *
 * Where the file system has O_TMPFILE nothing is ever seen of a file before it
 * is linked.  Where it has not, the file is made under a hidden name that is
 * removed at once; such a file cannot be linked again, so linking copies it,
 * and the file object goes over to the copy.
 *
 * What may remain after a kill at the wrong moment, then:
 *	a new name: nothing; linking is one step
 *	replacing, with O_TMPFILE: a second name, between link and rename
 *	without O_TMPFILE: the hidden copy, while it is being written
 * Each of those is called ".NAME.tmpXXXXXXXX", beside NAME.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hypercall.h"

#define TMP_TRIES 100 /* names that were taken, before we give up */

/* path's directory and a hidden name of its base: dir/.base.tmpXXXXXXXX */
static int
hidden_name(const char *path, char *buf, size_t size)
{
	static const char alphabet[] = "0123456789abcdefghijklmnopqrstuv";
	const char *base = strrchr(path, '/');
	unsigned char rnd[8];
	char tail[sizeof(rnd) + 1];
	size_t i;
	int n, error;

	base = base != NULL ? base + 1 : path;
	error = rumpuser_getrandom(rnd, sizeof(rnd));
	if (error != 0)
		return error;
	for (i = 0; i < sizeof(rnd); i++)
		tail[i] = alphabet[rnd[i] % 32];
	tail[i] = '\0';
	/* a base of any length must still give a name that the host takes */
	n = snprintf(buf, size, "%.*s.%.200s.tmp%s", (int)(base - path), path,
	    base, tail);
	return n < 0 || (size_t)n >= size ? ENAMETOOLONG : 0;
}

/* A new hidden file beside path. */
static int
hidden_file(const char *path, char *buf, size_t size, int *fdp)
{
	int fd, error, tries;

	for (tries = 0; tries < TMP_TRIES; tries++) {
		error = hidden_name(path, buf, size);
		if (error != 0)
			return error;
		fd = HYPER_RETRY(
		    open(buf, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
		if (fd >= 0) {
			*fdp = fd;
			return 0;
		}
		if (errno != EEXIST)
			return hyper_errno();
	}
	return EEXIST;
}

static const char *
tmp_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir != NULL && *dir != '\0' ? dir : "/tmp";
}

/* Made under a name, which goes at once. */
static int
tmp_unlinked(const char *dir, int *fdp)
{
	char like[PATH_MAX], name[PATH_MAX];
	int n, error;

	n = snprintf(like, sizeof(like), "%s/fsu", dir);
	if (n < 0 || (size_t)n >= sizeof(like))
		return ENAMETOOLONG;
	error = hidden_file(like, name, sizeof(name), fdp);
	if (error == 0 && unlink(name) != 0) {
		error = hyper_errno();
		close(*fdp);
	}
	return error;
}

int
rumpuser_file_tmp(const char *dir, struct rumpuser_file **filep)
{
	bool unlinked = false;
	struct stat st;
	int fd, error;

	if (dir == NULL)
		dir = tmp_dir();
	fd = HYPER_RETRY(open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
	if (fd < 0) {
		/* EISDIR: a kernel that took it for a plain open */
		if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL &&
		    errno != ENOENT)
			return hyper_errno();
		error = tmp_unlinked(dir, &fd);
		if (error != 0)
			return error;
		unlinked = true;
	}
	if (fstat(fd, &st) != 0)
		error = hyper_errno();
	else
		error = hyper_file_install(fd, &st, true, false, filep);
	if (error != 0)
		close(fd);
	else
		(*filep)->f_unlinked = unlinked;
	return error;
}

/* ---- giving a name --------------------------------------------------- */

static int
link_fd(int fd, const char *path)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	/* without /proc: newer kernels, or the privilege for it */
	if (errno == ENOENT &&
	    linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0)
		return 0;
	return hyper_errno();
}

/* A name beside path, then over it: there is no link that replaces. */
static int
link_replace(int fd, const char *path)
{
	char name[PATH_MAX];
	int error, tries;

	for (tries = 0; tries < TMP_TRIES; tries++) {
		error = hidden_name(path, name, sizeof(name));
		if (error != 0)
			return error;
		error = link_fd(fd, name);
		if (error != EEXIST)
			break;
	}
	if (error == 0 && rename(name, path) != 0) {
		error = hyper_errno();
		unlink(name);
	}
	return error;
}

/* The host cannot link this file: copy it, and name the copy. */
static int
link_copy(struct rumpuser_file *file, const char *path, bool replace)
{
	char name[PATH_MAX];
	struct stat st, newst;
	int fd, error;

	error = hidden_file(path, name, sizeof(name), &fd);
	if (error != 0)
		return error;
	if (fstat(file->f_fd, &st) != 0)
		error = hyper_errno();
	if (error == 0)
		error = hyper_copy_all(file->f_fd, fd);
	if (error == 0 &&
	    ((fchown(fd, st.st_uid, st.st_gid) != 0 && errno != EPERM) ||
		fchmod(fd, st.st_mode & 07777) != 0 || fstat(fd, &newst) != 0))
		error = hyper_errno();
	if (error == 0) {
		if (replace ? rename(name, path) != 0
			    : link(name, path) != 0 || unlink(name) != 0)
			error = hyper_errno();
	}
	if (error == 0) {
		/* the name is there: what is left cannot undo it */
		error = hyper_file_replace(file, fd, &newst);
		if (error == 0)
			return 0;
	} else {
		unlink(name);
	}
	close(fd);
	return error;
}

int
rumpuser_file_link(struct rumpuser_file *file, const char *path, bool replace)
{
	int error;

	if (!file->f_writable || file->f_type != RUMPUSER_FT_REG)
		return EINVAL;
	if (!file->f_unlinked) {
		error = link_fd(file->f_fd, path);
		if (error == EEXIST && replace)
			error = link_replace(file->f_fd, path);
		/* ENOENT: not our path, but a file that takes no name */
		if (error != ENOENT)
			return error;
	}
	if (!replace) {
		struct stat st;

		if (lstat(path, &st) == 0)
			return EEXIST;
	}
	return link_copy(file, path, replace);
}
