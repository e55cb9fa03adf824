/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host files that images are in: opening under a lock, and whether the host
 * itself uses one.
 *
 * The lock is an open-file-description lock on the byte range of the window.
 * Who waited may hold a file that has been replaced meanwhile (makefs renames a
 * new image over the old), so the path is looked up and a partition table read
 * again once the lock is held, and all begins again where they lead elsewhere.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rump/rumpuser.h>

#include "fsu_impl.h"

/* ---- locks --------------------------------------------------------------------- */

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Wait for the lock; after two seconds one line, then without a clock. */
static int
lock_waiting(struct rumpuser_file *hf, const char *path, uint64_t off,
    uint64_t len, enum rumpuser_lock kind)
{
	struct timespec nap = {.tv_nsec = 1000000};
	int64_t begin;
	int error;

	begin = now_ms();
	while (now_ms() - begin < 2000) {
		if (fsu_interrupted())
			return EINTR;
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < 64000000)
			nap.tv_nsec *= 2;
		error = rumpuser_file_lock(hf, off, len, kind, false);
		if (error != RUMP_EAGAIN)
			return error;
	}
	fsu_msg(
	    "%s: waiting for another program that uses it (-o nowait: don't)",
	    fsu_visible(path));
	if (fsu_interrupted())
		return EINTR;
	return rumpuser_file_lock(hf, off, len, kind, true);
}

/* Does path still lead to hf? */
static bool
still_there(const char *path, const struct rumpuser_file *hf)
{
	struct stat a, b;

	return stat(path, &a) == 0 && fstat(rumpuser_file_fd(hf), &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int
open_once(const char *path, unsigned flags, struct rumpuser_file **hfp)
{
	struct stat st;
	int oflags;

	oflags = RUMPUSER_OPEN_RDONLY;
	if (flags & FSU_LOCK_WRITE)
		oflags = RUMPUSER_OPEN_RDWR;
	if ((flags & FSU_LOCK_WRITE) && !(flags & FSU_LOCK_FORCE) &&
	    stat(path, &st) == 0 && S_ISBLK(st.st_mode))
		oflags |= RUMPUSER_OPEN_EXCL;
	return rumpuser_file_open(path, oflags, hfp);
}

/*
 * A block device that is claimed: by a mount, or by another of our commands?  Those
 * hold a lock as well, a moment later.  So wait for the lock through an opening that
 * claims nothing, and try again; who isn't locked out and still finds it claimed, again
 * and again, has met a mount.
 */
static int
open_claimed(const char *path, unsigned flags, uint64_t off, uint64_t len,
    struct rumpuser_file **hfp)
{
	struct timespec nap = {.tv_nsec = 10000000};
	struct rumpuser_file *hf;
	int error, free_tries;

	for (free_tries = 0; free_tries < 10;) {
		if (fsu_interrupted())
			return RUMP_EINTR;
		error = open_once(path, flags | FSU_LOCK_FORCE, &hf);
		if (error != 0)
			return error;
		error = rumpuser_file_lock(
		    hf, off, len, RUMPUSER_LOCK_EXCL, false);
		if (error == RUMP_EAGAIN && !(flags & FSU_LOCK_NOWAIT)) {
			error = lock_waiting(
			    hf, path, off, len, RUMPUSER_LOCK_EXCL);
			free_tries = 0;
		} else {
			free_tries++;
		}
		rumpuser_file_close(hf);
		if (error == RUMP_EAGAIN || error == RUMP_EINTR)
			return error;
		error = open_once(path, flags, hfp);
		if (error != RUMP_EBUSY)
			return error;
		nanosleep(&nap, NULL);
	}
	return RUMP_EBUSY;
}

/* Somebody else has it, and we don't wait. */
static int
say_in_use(const char *path, bool *told)
{
	fsu_msg("%s: in use by another program", fsu_visible(path));
	*told = true;
	return EWOULDBLOCK;
}

/* Where words lead in hf. */
static int
find_window(struct rumpuser_file *hf, const char *path, const char *words,
    struct ukfs_window *pw, bool *told)
{
	char why[UKFS_WHY];
	int error;

	if (words == NULL ||
	    ukfs_part_find(rumpuser_file_fd(hf), words, pw, why) == 0)
		return 0;
	error = errno;
	fsu_msg("%s: %s", fsu_visible(path), fsu_visible(why));
	*told = true;
	return error;
}

/* Lock the window, waiting if that is wanted. */
static int
lock_window(struct rumpuser_file *hf, const char *path, unsigned flags,
    const struct ukfs_window *pw, bool *told)
{
	enum rumpuser_lock kind = flags & FSU_LOCK_WRITE ? RUMPUSER_LOCK_EXCL
							 : RUMPUSER_LOCK_SHARED;
	int error;

	error = rumpuser_file_lock(hf, pw->pw_off, pw->pw_len, kind, false);
	if (error == RUMP_EAGAIN && !(flags & FSU_LOCK_NOWAIT))
		error = lock_waiting(hf, path, pw->pw_off, pw->pw_len, kind);
	if (error == RUMP_ENOLCK || error == RUMP_EOPNOTSUPP ||
	    error == RUMP_EINVAL) {
		if (flags & FSU_LOCK_VERBOSE)
			fsu_msg("%s: its file system has no locks; make sure "
				"that nobody else writes",
			    fsu_visible(path));
		return 0;
	}
	if (error == RUMP_EAGAIN)
		return say_in_use(path, told);
	return error == 0 ? 0 : ukfs_host_errno(error);
}

int
fsu_open_locked(const char *path, unsigned flags, const char *words,
    struct ukfs_window *pw, struct rumpuser_file **hfp, bool *told)
{
	struct ukfs_window again;
	struct rumpuser_file *hf;
	int error;

	*told = false;
	for (;;) {
		error = open_once(path, flags, &hf);
		if (error == RUMP_EBUSY)
			error = open_claimed(path, flags,
			    words == NULL ? pw->pw_off : 0, 0, &hf);
		if (error == RUMP_EAGAIN)
			return say_in_use(path, told);
		if (error != 0)
			return ukfs_host_errno(error);
		error = find_window(hf, path, words, pw, told);
		if (error == 0)
			error = lock_window(hf, path, flags, pw, told);
		/* Who waited may have another file, or another table. */
		again = *pw;
		if (error == 0)
			error = find_window(hf, path, words, &again, told);
		if (error == 0 && again.pw_off == pw->pw_off &&
		    again.pw_len == pw->pw_len && still_there(path, hf)) {
			*hfp = hf;
			return 0;
		}
		if (error == 0)
			rumpuser_file_lock(hf, pw->pw_off, pw->pw_len,
			    RUMPUSER_LOCK_UNLOCK, false);
		rumpuser_file_close(hf);
		if (error != 0)
			return error;
	}
}

/* ---- who uses it --------------------------------------------------------------- */

/* The first line of a file below /sys. */
static bool
read_line(const char *path, char *buf, size_t size)
{
	FILE *fp;
	bool ok;

	fp = fopen(path, "re");
	if (fp == NULL)
		return false;
	ok = fgets(buf, (int)size, fp) != NULL;
	fclose(fp);
	if (ok)
		buf[strcspn(buf, "\n")] = '\0';
	return ok;
}

static const char *
loop_device_of(const struct stat *st)
{
	static char words[64];
	char path[300], line[4200];
	const struct dirent *de;
	const char *found;
	struct stat bst;
	DIR *d;

	d = opendir("/sys/block");
	if (d == NULL)
		return NULL;
	found = NULL;
	while (found == NULL && (de = readdir(d)) != NULL) {
		if (strncmp(de->d_name, "loop", 4) != 0)
			continue;
		snprintf(path, sizeof(path),
		    "/sys/block/%.200s/loop/backing_file", de->d_name);
		if (read_line(path, line, sizeof(line)) &&
		    stat(line, &bst) == 0 && bst.st_dev == st->st_dev &&
		    bst.st_ino == st->st_ino) {
			snprintf(words, sizeof(words), "/dev/%.40s uses it",
			    de->d_name);
			found = words;
		}
	}
	closedir(d);
	return found;
}

const char *
fsu_host_in_use(int hostfd)
{
	char path[64];
	struct stat st;
	int fd;

	if (fstat(hostfd, &st) == -1)
		return NULL;
	if (S_ISREG(st.st_mode))
		return loop_device_of(&st);
	if (!S_ISBLK(st.st_mode))
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", hostfd);
	fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);
	if (fd != -1) {
		close(fd);
		return NULL;
	}
	return errno == EBUSY ? "it is mounted or otherwise in use" : NULL;
}

/* ---- names of types --------------------------------------------------------------- */

const char *
fsu_type_alias(const char *name)
{
	/* one driver; what an image is called is its own affair */
	if (strcmp(name, "ext3") == 0 || strcmp(name, "ext4") == 0)
		return "ext2";
	return ukfs_type_alias(name);
}
