/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tree on the host or in an image, for fsu_diff: by paths, so that no descriptor
 * is open for the directories above.  The thread is bound to the first image; calls
 * on another one are wrapped.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "diff.h"

static void
enter(const struct diff_side *s)
{
	if (s->enter != NULL && ukfs_enter(s->enter) != 0)
		fsu_realloc(NULL, SIZE_MAX); /* out of memory */
}

static void
leave(const struct diff_side *s)
{
	if (s->enter != NULL)
		ukfs_leave(s->enter);
}

static void
from_host(const struct stat *h, struct rump_stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_dev = h->st_dev;
	st->st_ino = h->st_ino;
	st->st_mode = h->st_mode;
	st->st_nlink = (uint32_t)h->st_nlink;
	st->st_uid = h->st_uid;
	st->st_gid = h->st_gid;
	st->st_rdev = RUMP_MAKEDEV(major(h->st_rdev), minor(h->st_rdev));
	st->st_size = (uint64_t)h->st_size;
	st->st_mtim.tv_sec = h->st_mtim.tv_sec;
	st->st_mtim.tv_nsec = (int32_t)h->st_mtim.tv_nsec;
}

int
fsu_diff_stat(const struct diff_side *s, const char *path, bool follow,
    struct rump_stat *st)
{
	struct stat h;
	int r;

	if (!s->image) {
		r = follow ? stat(path, &h) : lstat(path, &h);
		if (r == -1)
			return -errno;
		from_host(&h, st);
		return 0;
	}
	enter(s);
	r = follow ? rump_sys_stat(path, st) : rump_sys_lstat(path, st);
	leave(s);
	return r;
}

int
fsu_diff_open(const struct diff_side *s, const char *path)
{
	int fd;

	if (!s->image) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		return fd == -1 ? -errno : fd;
	}
	enter(s);
	fd = rump_sys_open(path, RUMP_O_RDONLY | RUMP_O_NONBLOCK, 0);
	leave(s);
	return fd;
}

int64_t
fsu_diff_pread(
    const struct diff_side *s, int fd, void *buf, size_t len, uint64_t off)
{
	size_t done;
	int64_t n;

	enter(s);
	for (done = 0; done < len; done += (size_t)n) {
		if (s->image)
			n = rump_sys_pread(
			    fd, (char *)buf + done, len - done, off + done);
		else {
			n = pread(fd, (char *)buf + done, len - done,
			    (off_t)(off + done));
			if (n == -1)
				n = -errno;
		}
		if (n <= 0)
			break;
	}
	leave(s);
	return len > done && n < 0 ? n : (int64_t)done;
}

void
fsu_diff_close(const struct diff_side *s, int fd)
{
	if (!s->image) {
		close(fd);
		return;
	}
	enter(s);
	rump_sys_close(fd);
	leave(s);
}

int64_t
fsu_diff_readlink(
    const struct diff_side *s, const char *path, char *buf, size_t size)
{
	int64_t n;

	if (!s->image) {
		n = readlink(path, buf, size);
		return n == -1 ? -errno : n;
	}
	enter(s);
	n = rump_sys_readlink(path, buf, size);
	leave(s);
	return n;
}

int64_t
fsu_diff_xattr(const struct diff_side *s, const char *path, const char *name,
    char *buf, size_t size)
{
	int64_t n;

	if (!s->image) {
		n = name == NULL ? llistxattr(path, buf, size)
				 : lgetxattr(path, name, buf, size);
		return n == -1 ? -errno : n;
	}
	enter(s);
	n = name == NULL ? rump_sys_llistxattr(path, buf, size)
			 : rump_sys_lgetxattr(path, name, buf, size);
	leave(s);
	return n;
}

/* ---- directories ------------------------------------------------------------------ */

static int
by_locale(const void *a, const void *b)
{
	const struct diff_name *x = a, *y = b;
	int c;

	c = strcoll(x->name, y->name);
	return c != 0 ? c : strcmp(x->name, y->name);
}

static int
by_bytes(const void *a, const void *b)
{
	const struct diff_name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
image_list(const struct diff_side *s, const char *path, struct diff_list *l)
{
	size_t i;
	int fd, r;

	enter(s);
	fd = rump_sys_open(path, RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);
	r = fd;
	if (fd >= 0) {
		r = fsu_readdir(fd, 0, &l->dl);
		rump_sys_close(fd);
	}
	leave(s);
	if (r < 0)
		return r;
	l->n = l->dl.dl_n;
	l->v = fsu_calloc(l->n, sizeof(*l->v));
	for (i = 0; i < l->n; i++) {
		l->v[i].name = l->dl.dl_ent[i]->d_ent.d_name;
		l->v[i].st = &l->dl.dl_ent[i]->d_stat;
		l->v[i].error = l->dl.dl_ent[i]->d_error;
		if (i > 0 && strcmp(l->v[i - 1].name, l->v[i].name) == 0)
			l->v[i].error =
			    RUMP_EUCLEAN; /* it stands there twice */
	}
	return 0;
}

static int
host_list(const char *path, struct diff_list *l)
{
	size_t len, used, cap, ncap, i;
	struct dirent *e;
	int error;
	DIR *dir;

	dir = opendir(path);
	if (dir == NULL)
		return -errno;
	used = cap = ncap = 0;
	while (errno = 0, (e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		len = strlen(e->d_name) + 1;
		if (used + len > cap) {
			cap = (used + len) * 2;
			l->mem = fsu_realloc(l->mem, cap);
		}
		memcpy(l->mem + used, e->d_name, len);
		used += len;
		if (l->n == ncap) {
			ncap = ncap * 2 + 16;
			l->v = fsu_realloc(l->v, ncap * sizeof(*l->v));
		}
		l->v[l->n++] = (struct diff_name){0};
	}
	error = errno;
	closedir(dir);
	for (used = i = 0; i < l->n; i++) {
		l->v[i].name = l->mem + used;
		used += strlen(l->v[i].name) + 1;
	}
	return -error;
}

int
fsu_diff_readdir(
    const struct diff_side *s, const char *path, struct diff_list *l)
{
	int r;

	memset(l, 0, sizeof(*l));
	r = s->image ? image_list(s, path, l) : host_list(path, l);
	if (r != 0) {
		fsu_diff_list_free(l);
		return r;
	}
	/* The image's is in the order of bytes already. */
	if (l->n < 2)
		return 0;
	if (fsu_locale_collates)
		qsort(l->v, l->n, sizeof(*l->v), by_locale);
	else if (!s->image)
		qsort(l->v, l->n, sizeof(*l->v), by_bytes);
	return 0;
}

void
fsu_diff_list_free(struct diff_list *l)
{
	free(l->v);
	free(l->mem);
	if (l->dl.dl_mem != NULL || l->dl.dl_ent != NULL)
		fsu_readdir_free(&l->dl);
	memset(l, 0, sizeof(*l));
}
