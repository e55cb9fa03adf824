/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host files: one object per (device, inode) and process.
 *
 *	open --> [refs 1, read-only] --open for writing--> [refs 2, writable]
 *	close drops a reference; the last one closes the descriptor
 *
 * A second open of the same file gives the same object, so that two mounts of
 * one image see one set of locks and one access.  For writing it is opened
 * anew, and the new description takes the place of the old one under the same
 * number (hypercall.h); locks move with it.
 *
 * A path is looked at (stat) before it is opened, since opening a FIFO or a
 * tape is an act in itself, and the descriptor again after, since the path
 * may have been replaced in between; O_NONBLOCK keeps such a race from hanging.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hypercall.h"

#define FILE_HASH 64 /* chains; a power of two */

pthread_mutex_t hyper_file_mtx = PTHREAD_MUTEX_INITIALIZER;
static struct rumpuser_file *file_table[FILE_HASH];

struct file_key {
	uint64_t dev, ino;
	enum rumpuser_ftype type;
};

enum rumpuser_ftype
hyper_ftype(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return RUMPUSER_FT_REG;
	case S_IFDIR:
		return RUMPUSER_FT_DIR;
	case S_IFBLK:
		return RUMPUSER_FT_BLK;
	case S_IFCHR:
		return RUMPUSER_FT_CHR;
	default:
		return RUMPUSER_FT_OTHER;
	}
}

/* A block device is its number, whatever node it was reached by. */
static struct file_key
key_of(const struct stat *st)
{
	struct file_key key = {
	    st->st_dev, st->st_ino, hyper_ftype(st->st_mode)};

	if (key.type == RUMPUSER_FT_BLK) {
		key.dev = st->st_rdev;
		key.ino = 0;
	}
	return key;
}

static struct rumpuser_file **
chain_of(uint64_t dev, uint64_t ino)
{
	uint64_t h = (dev ^ ino) * 0x9e3779b97f4a7c15ULL;

	return &file_table[h >> 58];
}
_Static_assert(FILE_HASH == 1 << (64 - 58), "the shift gives a chain");

static struct rumpuser_file *
table_find(const struct file_key *key)
{
	struct rumpuser_file *f;

	for (f = *chain_of(key->dev, key->ino); f != NULL; f = f->f_next)
		if (f->f_dev == key->dev && f->f_ino == key->ino &&
		    f->f_type == key->type)
			return f;
	return NULL;
}

static void
table_enter(struct rumpuser_file *f)
{
	struct rumpuser_file **chain = chain_of(f->f_dev, f->f_ino);

	f->f_next = *chain;
	*chain = f;
}

static void
table_remove(struct rumpuser_file *f)
{
	struct rumpuser_file **pp = chain_of(f->f_dev, f->f_ino);

	while (*pp != f)
		pp = &(*pp)->f_next;
	*pp = f->f_next;
}

/* What we refuse to open, whoever asks. */
static int
type_error(mode_t mode)
{
	if (S_ISDIR(mode))
		return EISDIR;
	if (S_ISFIFO(mode) || S_ISSOCK(mode))
		return ENXIO;
	return 0;
}

/* ---- objects -------------------------------------------------------- */

/*
 * f is open with less than fd has.  For writing: let the description of fd
 * serve f from now on.  A claim by O_EXCL lives as long as its description, so
 * one that would go with the old one is kept apart, and so is a new one that
 * brings nothing else.
 */
static int
file_upgrade(struct rumpuser_file *f, int fd, bool writable, bool exclusive)
{
	int error;

	if (!writable || f->f_writable) {
		f->f_claimfd = fd;
		f->f_exclusive = true;
		return 0;
	}
	error = hyper_lock_move(f, fd);
	if (error != 0)
		return error;
	if (f->f_exclusive && f->f_claimfd < 0) {
		f->f_claimfd = fcntl(f->f_fd, F_DUPFD_CLOEXEC, 0);
		if (f->f_claimfd < 0)
			return hyper_errno();
	}
	if (HYPER_RETRY(dup3(fd, f->f_fd, O_CLOEXEC)) < 0)
		return hyper_errno();
	f->f_writable = true;
	f->f_exclusive |= exclusive;
	close(fd);
	return 0;
}

int
hyper_file_install(int fd, const struct stat *st, bool writable, bool exclusive,
    struct rumpuser_file **filep)
{
	struct file_key key = key_of(st);
	struct rumpuser_file *f, *fresh;
	int error = 0;

	fresh = calloc(1, sizeof(*fresh));
	if (fresh == NULL)
		return ENOMEM;
	pthread_mutex_lock(&hyper_file_mtx);
	f = table_find(&key);
	if (f == NULL) {
		f = fresh;
		fresh = NULL;
		f->f_dev = key.dev;
		f->f_ino = key.ino;
		f->f_type = key.type;
		f->f_fd = fd;
		f->f_claimfd = -1;
		f->f_writable = writable;
		f->f_exclusive = exclusive;
		table_enter(f);
	} else if ((writable && !f->f_writable) ||
	    (exclusive && !f->f_exclusive)) {
		error = file_upgrade(f, fd, writable, exclusive);
	} else {
		close(fd);
	}
	if (error == 0)
		f->f_refs++;
	pthread_mutex_unlock(&hyper_file_mtx);
	free(fresh);
	if (error == 0)
		*filep = f;
	return error;
}

int
hyper_file_replace(struct rumpuser_file *file, int fd, const struct stat *st)
{
	struct file_key key = key_of(st);
	int error = 0;

	pthread_mutex_lock(&hyper_file_mtx);
	if (HYPER_RETRY(dup3(fd, file->f_fd, O_CLOEXEC)) < 0) {
		error = hyper_errno();
	} else {
		table_remove(file);
		file->f_dev = key.dev;
		file->f_ino = key.ino;
		file->f_unlinked = false;
		table_enter(file);
		close(fd);
	}
	pthread_mutex_unlock(&hyper_file_mtx);
	return error;
}

void
rumpuser_file_ref(struct rumpuser_file *file)
{
	pthread_mutex_lock(&hyper_file_mtx);
	file->f_refs++;
	pthread_mutex_unlock(&hyper_file_mtx);
}

void
rumpuser_file_close(struct rumpuser_file *file)
{
	bool last;

	if (file == NULL)
		return;
	pthread_mutex_lock(&hyper_file_mtx);
	last = --file->f_refs == 0;
	if (last)
		table_remove(file);
	pthread_mutex_unlock(&hyper_file_mtx);
	if (!last)
		return;
	close(file->f_fd);
	if (file->f_claimfd >= 0)
		close(file->f_claimfd);
	free(file->f_locks);
	free(file);
}

int
rumpuser_file_fd(const struct rumpuser_file *file)
{
	return file->f_fd;
}

/* ---- opening -------------------------------------------------------- */

/* open(2) without a new access time where the host lets us. */
static int
open_quietly(const char *path, int oflags, int *fdp)
{
	int fd;

	oflags |= O_CLOEXEC | O_NOCTTY;
	fd = HYPER_RETRY(open(path, oflags | O_NOATIME, 0666));
	if (fd < 0 && errno == EPERM)
		fd = HYPER_RETRY(open(path, oflags, 0666));
	if (fd < 0)
		return hyper_errno();
	*fdp = fd;
	return 0;
}

/*
 * The node that fd is, opened again with other flags: without O_NONBLOCK,
 * which has a meaning of its own on drives with removable media, and with
 * O_EXCL, which claims a device.
 */
static int
open_again(int fd, const char *path, int oflags, int *newfdp)
{
	struct stat st, newst;
	char name[32];
	int error;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	error = open_quietly(name, oflags, newfdp);
	if (error != ENOENT)
		return error;
	error = open_quietly(path, oflags, newfdp); /* no /proc */
	if (error != 0)
		return error;
	if (fstat(fd, &st) != 0 || fstat(*newfdp, &newst) != 0 ||
	    st.st_mode != newst.st_mode || st.st_rdev != newst.st_rdev) {
		close(*newfdp);
		return ENXIO; /* replaced meanwhile */
	}
	return 0;
}

/* Open path, whose type we think we know, and look at what it really is. */
static int
open_checked(const char *path, int flags, int *fdp, struct stat *st)
{
	int acc = flags & RUMPUSER_OPEN_RDWR ? O_RDWR : O_RDONLY;
	int oflags = acc | O_NONBLOCK, fd, newfd, error;

	if (flags & RUMPUSER_OPEN_CREATE)
		oflags |= O_CREAT | (flags & RUMPUSER_OPEN_EXCL ? O_EXCL : 0);
	error = open_quietly(path, oflags, &fd);
	if (error != 0)
		return error;
	error = fstat(fd, st) == 0 ? type_error(st->st_mode) : hyper_errno();
	if (error != 0)
		goto fail;
	if (S_ISBLK(st->st_mode)) {
		error = open_again(fd, path,
		    acc | (flags & RUMPUSER_OPEN_EXCL ? O_EXCL : 0), &newfd);
		if (error != 0)
			goto fail;
		close(fd);
		fd = newfd;
	} else if (S_ISCHR(st->st_mode)) {
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	}
	*fdp = fd;
	return 0;

fail:
	close(fd);
	return error;
}

/*
 * An object that is open already and has all that is asked for; else NULL.
 * *claimedp: this device is ours by O_EXCL already, which a second open of our
 * own would collide with.
 */
static struct rumpuser_file *
reuse(const struct stat *st, int flags, bool *claimedp)
{
	struct file_key key = key_of(st);
	struct rumpuser_file *f;

	pthread_mutex_lock(&hyper_file_mtx);
	f = table_find(&key);
	*claimedp = f != NULL && f->f_exclusive;
	if (f != NULL &&
	    (((flags & RUMPUSER_OPEN_RDWR) && !f->f_writable) ||
		((flags & RUMPUSER_OPEN_EXCL) && S_ISBLK(st->st_mode) &&
		    !f->f_exclusive)))
		f = NULL;
	if (f != NULL)
		f->f_refs++;
	pthread_mutex_unlock(&hyper_file_mtx);
	return f;
}

int
rumpuser_file_open(const char *path, int flags, struct rumpuser_file **filep)
{
	struct rumpuser_file *f = NULL;
	bool claimed = false;
	struct stat st;
	int fd, error;

	if (stat(path, &st) == 0) {
		error = type_error(st.st_mode);
		if (error != 0)
			return error;
		if ((flags & RUMPUSER_OPEN_CREATE) &&
		    (flags & RUMPUSER_OPEN_EXCL) && !S_ISBLK(st.st_mode))
			return EEXIST;
		flags &= ~RUMPUSER_OPEN_CREATE;
		f = reuse(&st, flags, &claimed);
		if (claimed || !S_ISBLK(st.st_mode))
			flags &= ~RUMPUSER_OPEN_EXCL;
	} else if (errno != ENOENT || !(flags & RUMPUSER_OPEN_CREATE)) {
		return hyper_errno();
	}

	if (f == NULL) {
		error = open_checked(path, flags, &fd, &st);
		if (error != 0)
			return error;
		error = hyper_file_install(fd, &st,
		    (flags & RUMPUSER_OPEN_RDWR) != 0,
		    S_ISBLK(st.st_mode) && (flags & RUMPUSER_OPEN_EXCL), &f);
		if (error != 0) {
			close(fd);
			return error;
		}
	}
	if ((flags & RUMPUSER_OPEN_TRUNC) && f->f_type == RUMPUSER_FT_REG) {
		error = rumpuser_file_setsize(f, 0);
		if (error != 0) {
			rumpuser_file_close(f);
			return error;
		}
	}
	*filep = f;
	return 0;
}

int
rumpuser_file_adopt(int fd, bool writable, struct rumpuser_file **filep)
{
	struct stat st;
	int error, fl;

	fl = fcntl(fd, F_GETFL);
	if (fl < 0 || fstat(fd, &st) != 0)
		return hyper_errno();
	if ((fl & O_PATH) || (fl & O_ACCMODE) == O_WRONLY ||
	    (writable && (fl & O_ACCMODE) != O_RDWR))
		return EBADF;
	error = type_error(st.st_mode);
	if (error != 0)
		return error;
	return hyper_file_install(fd, &st, writable, false, filep);
}

/* ---- what a file is ------------------------------------------------- */

/* Size, sectors and state of a device; fd may be -1 where it cannot be read. */
static void
blkdev_info(int fd, struct rumpuser_fileinfo *fi)
{
	uint64_t size;
	int n;

	fi->fi_logical_sector = 512;
	if (fd < 0)
		return;
	if (ioctl(fd, BLKGETSIZE64, &size) == 0)
		fi->fi_size = size;
	if (ioctl(fd, BLKSSZGET, &n) == 0 && n > 0)
		fi->fi_logical_sector = (uint32_t)n;
	if (ioctl(fd, BLKPBSZGET, &n) == 0 && n > 0)
		fi->fi_physical_sector = (uint32_t)n;
	if (ioctl(fd, BLKROGET, &n) == 0 && n != 0)
		fi->fi_readonly = true;
}

static void
fill_info(const struct stat *st, int fd, struct rumpuser_fileinfo *fi)
{
	struct file_key key = key_of(st);

	memset(fi, 0, sizeof(*fi));
	fi->fi_dev = key.dev;
	fi->fi_ino = key.ino;
	fi->fi_type = key.type;
	fi->fi_mode = st->st_mode & 07777;
	fi->fi_readonly = (st->st_mode & 0222) == 0;
	fi->fi_logical_sector = 1;
	fi->fi_physical_sector = 512;
	if (key.type == RUMPUSER_FT_BLK)
		blkdev_info(fd, fi);
	else if (key.type == RUMPUSER_FT_REG)
		fi->fi_size = (uint64_t)st->st_size;
}

int
rumpuser_file_info(struct rumpuser_file *file, struct rumpuser_fileinfo *fi)
{
	struct stat st;

	if (fstat(file->f_fd, &st) != 0)
		return hyper_errno();
	fill_info(&st, file->f_fd, fi);
	fi->fi_writable = file->f_writable;
	return 0;
}

int
rumpuser_path_info(const char *path, struct rumpuser_fileinfo *fi)
{
	struct stat st;
	int fd = -1;

	if (stat(path, &st) != 0)
		return hyper_errno();
	if (S_ISBLK(st.st_mode))
		fd = HYPER_RETRY(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	fill_info(&st, fd, fi);
	if (fd >= 0)
		close(fd);
	return 0;
}

int
rumpuser_file_setsize(struct rumpuser_file *file, uint64_t size)
{
	if (!hyper_range_ok(size, 0))
		return EFBIG;
	if (HYPER_RETRY(ftruncate(file->f_fd, (off_t)size)) != 0)
		return hyper_errno();
	return 0;
}
