/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ukfs(3): whole directories, and the ordered walk over a tree.
 *
 * The image is hostile.  A directory that is reached a second time in one walk
 * (a loop, or one with two names) is an error, so the walk ends after at most as
 * many directories as there are inodes; when symlinks are followed a directory
 * may come again in another place, and only its own ancestors are asked.  A name
 * that stands twice in one directory is an error for the second.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ukfs_impl.h"

/* ---- directories --------------------------------------------------------------- */

static int
cmp_names(const void *a, const void *b)
{
	const struct rump_direntplus *const *x = a, *const *y = b;

	return strcmp((*x)->d_ent.d_name, (*y)->d_ent.d_name);
}

static bool
is_dots(const char *name)
{
	return name[0] == '.' &&
	    (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

#define DIRBUF 32768

/* Read all records into one piece of memory; *lenp bytes. */
static int64_t
slurp(int dirfd, char **memp, size_t *lenp)
{
	char *mem, *grown;
	size_t cap, len;
	int64_t n;

	cap = DIRBUF;
	len = 0;
	mem = malloc(cap);
	if (mem == NULL)
		return -RUMP_ENOMEM;
	for (;;) {
		if (cap - len < DIRBUF / 2) {
			grown = realloc(mem, cap * 2);
			if (grown == NULL) {
				free(mem);
				return -RUMP_ENOMEM;
			}
			mem = grown;
			cap *= 2;
		}
		n = rump_sys_getdents_plus(dirfd, mem + len, cap - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (n < 0 && len > 0) {
		/* What there is counts; the rest is an entry that is damaged. */
		struct rump_direntplus *e = (void *)(mem + len);

		memset(e, 0, sizeof(*e) + 8);
		e->d_reclen = sizeof(*e) + 8; /* with an empty name */
		e->d_error = (int32_t)-n;
		len += e->d_reclen;
	} else if (n < 0) {
		free(mem);
		return n;
	}
	*memp = mem;
	*lenp = len;
	return 0;
}

ssize_t
ukfs_readdir(
    int dirfd, unsigned flags, struct rump_direntplus ***entp, void **memp)
{
	struct rump_direntplus **ents, *e;
	size_t len, pos, n;
	char *mem;
	int64_t r;

	r = slurp(dirfd, &mem, &len);
	if (r < 0)
		return r;
	n = 0;
	for (pos = 0; pos < len; pos += e->d_reclen) {
		e = (struct rump_direntplus *)(mem + pos);
		n++;
	}
	ents = malloc((n + 1) * sizeof(*ents));
	if (ents == NULL) {
		free(mem);
		return -RUMP_ENOMEM;
	}
	n = 0;
	for (pos = 0; pos < len; pos += e->d_reclen) {
		e = (struct rump_direntplus *)(mem + pos);
		if (is_dots(e->d_ent.d_name)) {
			if (!(flags & UKFS_DIR_DOTS))
				continue;
		} else if (e->d_ent.d_name[0] == '\0' ||
		    strlen(e->d_ent.d_name) != e->d_ent.d_namlen ||
		    strchr(e->d_ent.d_name, '/') != NULL)
			e->d_error = e->d_error != 0 ? e->d_error
						     : RUMP_EUCLEAN;
		ents[n++] = e;
	}
	if (!(flags & UKFS_DIR_UNSORTED))
		qsort(ents, n, sizeof(*ents), cmp_names);
	*entp = ents;
	*memp = mem;
	return (ssize_t)n;
}

/* ---- the walk ------------------------------------------------------------------------ */

struct level {
	int fd;
	struct rump_direntplus **ents;
	void *mem;
	size_t n, i;	/* i: the next to visit */
	size_t pathlen; /* of the directory itself */
	struct rump_stat st;
	const char *name; /* as its parent has it */
};

struct walk {
	unsigned flags;
	int (*fn)(void *, const struct ukfs_walkent *);
	void *arg;
	char *path;
	size_t pathlen, pathcap;
	struct level *lv;
	unsigned depth, lvcap;
	struct ukfs_seen seen; /* directories that were gone into */
};

static int
path_set(struct walk *w, size_t at, const char *name)
{
	size_t len = strlen(name), cap;
	char *grown;

	if (at + len + 2 > w->pathcap) {
		cap = (at + len + 2) * 2;
		grown = realloc(w->path, cap);
		if (grown == NULL)
			return -RUMP_ENOMEM;
		w->path = grown;
		w->pathcap = cap;
	}
	if (at > 0 && w->path[at - 1] != '/')
		w->path[at++] = '/';
	memcpy(w->path + at, name, len + 1);
	w->pathlen = at + len;
	return 0;
}

static int
visit(struct walk *w, enum ukfs_walkkind kind, const char *name, unsigned level,
    int dirfd, const struct rump_stat *st, int error)
{
	struct ukfs_walkent ent = {
	    .uw_kind = kind,
	    .uw_path = w->path,
	    .uw_name = name,
	    .uw_pathlen = w->pathlen,
	    .uw_level = level,
	    .uw_dirfd = dirfd,
	    .uw_error = ukfs_host_errno(error),
	    .uw_st = st,
	};

	return w->fn(w->arg, &ent);
}

/* May the walk go into this directory?  0 or an error number. */
static int
may_enter(struct walk *w, const struct rump_stat *st)
{
	unsigned i;
	int r;

	if (w->flags & UKFS_WALK_FOLLOW) {
		for (i = 0; i < w->depth; i++)
			if (w->lv[i].st.st_dev == st->st_dev &&
			    w->lv[i].st.st_ino == st->st_ino)
				return RUMP_ELOOP;
		return 0;
	}
	r = ukfs_seen_add(&w->seen, st->st_dev, st->st_ino);
	return r == 1 ? 0 : r == 0 ? RUMP_EUCLEAN : -r;
}

/* Open the directory name and push it.  0, or an error number. */
static int
push(struct walk *w, int dirfd, const char *name, const struct rump_stat *st,
    bool follow)
{
	struct level *lv, *grown;
	unsigned cap;
	ssize_t n;
	int error;

	error = may_enter(w, st);
	if (error != 0)
		return error;
	if (w->depth == w->lvcap) {
		cap = w->lvcap == 0 ? 16 : w->lvcap * 2;
		grown = realloc(w->lv, cap * sizeof(*grown));
		if (grown == NULL)
			return RUMP_ENOMEM;
		w->lv = grown;
		w->lvcap = cap;
	}
	lv = &w->lv[w->depth];
	memset(lv, 0, sizeof(*lv));
	lv->fd = rump_sys_openat(dirfd, name,
	    RUMP_O_RDONLY | RUMP_O_DIRECTORY | (follow ? 0 : RUMP_O_NOFOLLOW),
	    0);
	if (lv->fd < 0)
		return -lv->fd;
	n = ukfs_readdir(lv->fd,
	    w->flags & UKFS_WALK_UNSORTED ? UKFS_DIR_UNSORTED : 0, &lv->ents,
	    &lv->mem);
	if (n < 0) {
		rump_sys_close(lv->fd);
		return (int)-n;
	}
	lv->n = (size_t)n;
	lv->pathlen = w->pathlen;
	lv->st = *st;
	lv->name = name;
	w->depth++;
	return 0;
}

static void
pop(struct walk *w)
{
	struct level *lv = &w->lv[--w->depth];

	rump_sys_close(lv->fd);
	free(lv->ents);
	free(lv->mem);
}

/* One entry at the level w->depth. */
static int
step_into(struct walk *w, int dirfd, const char *name,
    const struct rump_stat *st, bool follow)
{
	unsigned level = w->depth;
	int r, error;

	if ((st->st_mode & RUMP_S_IFMT) != RUMP_S_IFDIR)
		return visit(w, UKFS_WALK_FILE, name, level, dirfd, st, 0);
	r = visit(w, UKFS_WALK_DIR, name, level, dirfd, st, 0);
	if (r == UKFS_WALK_SKIP)
		return 0;
	if (r != 0)
		return r;
	if ((w->flags & UKFS_WALK_XDEV) && level > 0 &&
	    st->st_dev != w->lv[0].st.st_dev)
		return 0;
	error = push(w, dirfd, name, st, follow);
	if (error == RUMP_ENOMEM)
		return -RUMP_ENOMEM;
	if (error != 0)
		return visit(w, UKFS_WALK_ERROR, name, level, dirfd, st, error);
	return 0;
}

/* The next entry of the deepest directory. */
static int
next_entry(struct walk *w)
{
	struct level *lv = &w->lv[w->depth - 1];
	struct rump_direntplus *e = lv->ents[lv->i];
	const char *name = e->d_ent.d_name;
	struct rump_stat st;
	bool follow;
	int r, error;

	r = path_set(w, lv->pathlen, name);
	if (r != 0)
		return r;
	error = e->d_error;
	if (error == 0 && lv->i > 0 && !(w->flags & UKFS_WALK_UNSORTED) &&
	    strcmp(lv->ents[lv->i - 1]->d_ent.d_name, name) == 0)
		error = RUMP_EUCLEAN;
	lv->i++;
	if (error != 0)
		return visit(w, UKFS_WALK_ERROR, name, w->depth, lv->fd,
		    &e->d_stat, error);
	follow = (w->flags & UKFS_WALK_FOLLOW) &&
	    (e->d_stat.st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK;
	/* A followed link that leads nowhere is shown as itself. */
	if (follow && rump_sys_fstatat(lv->fd, name, &st, 0) == 0)
		return step_into(w, lv->fd, name, &st, true);
	return step_into(w, lv->fd, name, &e->d_stat, false);
}

static int
end_of_dir(struct walk *w)
{
	struct level *lv = &w->lv[w->depth - 1];
	struct rump_stat st = lv->st;
	const char *name = lv->name;
	int parent;

	w->pathlen = lv->pathlen;
	w->path[w->pathlen] = '\0';
	pop(w);
	parent = w->depth == 0 ? RUMP_AT_FDCWD : w->lv[w->depth - 1].fd;
	return visit(w, UKFS_WALK_DIREND, name, w->depth, parent, &st, 0);
}

static int
walk_root(struct walk *w, const char *path)
{
	struct rump_stat st;
	bool follow;
	int r;

	r = path_set(w, 0, path);
	if (r != 0)
		return r;
	follow = (w->flags & (UKFS_WALK_FOLLOW | UKFS_WALK_FOLLOWROOT)) != 0;
	r = rump_sys_fstatat(
	    RUMP_AT_FDCWD, path, &st, follow ? 0 : RUMP_AT_SYMLINK_NOFOLLOW);
	if (r == -RUMP_ENOENT && follow) {
		follow = false;
		r = rump_sys_fstatat(
		    RUMP_AT_FDCWD, path, &st, RUMP_AT_SYMLINK_NOFOLLOW);
	}
	if (r != 0) {
		memset(&st, 0, sizeof(st));
		return visit(
		    w, UKFS_WALK_ERROR, path, 0, RUMP_AT_FDCWD, &st, -r);
	}
	return step_into(w, RUMP_AT_FDCWD, path, &st, follow);
}

int
ukfs_walk(struct ukfs *ukfs, const char *path, unsigned flags,
    int (*fn)(void *, const struct ukfs_walkent *), void *arg)
{
	struct walk w = {.flags = flags, .fn = fn, .arg = arg};
	int r;

	if (ukfs_enter(ukfs) != 0)
		return -1;
	r = walk_root(&w, path);
	while (r == 0 && w.depth > 0) {
		if (w.lv[w.depth - 1].i < w.lv[w.depth - 1].n)
			r = next_entry(&w);
		else
			r = end_of_dir(&w);
		if (r == UKFS_WALK_SKIP)
			r = 0;
	}
	while (w.depth > 0)
		pop(&w);
	free(w.path);
	free(w.lv);
	ukfs_seen_free(&w.seen);
	ukfs_leave(ukfs);
	if (r == -RUMP_ENOMEM) {
		errno = ENOMEM;
		r = -1;
	}
	return r;
}
