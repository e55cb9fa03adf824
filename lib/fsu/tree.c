/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trees as -R -H -L -P mean them, on top of ukfs_walk(): see tree.h.
 *
 * What ukfs_walk() calls an error is three things here: an entry that can't be
 * looked at, a directory that can't be read (it was visited as one just before),
 * and, where links are followed, a directory that is one of its own parents, which
 * is no error to those who asked for that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"
#include "fsu/tree.h"

struct treewalk {
	struct fsu *f;
	const struct fsu_tree *t;
	int (*fn)(void *, const struct fsu_treeent *);
	void *arg;
	struct rump_stat root; /* with preserve_root */
	size_t entered; /* length of the path that was visited as a directory
	                   last; 0: something else came since */
	bool failed;
};

static bool
is_link(const struct rump_stat *st)
{
	return (st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK;
}

static int
give(struct treewalk *w, struct fsu_treeent *e, enum fsu_treekind kind)
{
	e->te_kind = kind;
	return w->fn(w->arg, e);
}

/* Is it the root, which is to be left alone? */
static bool
refused(struct treewalk *w, const struct fsu_treeent *e)
{
	if (!w->t->recursive || !w->t->preserve_root ||
	    e->te_st->st_ino != w->root.st_ino ||
	    e->te_st->st_dev != w->root.st_dev)
		return false;
	fsu_errorf(w->f,
	    "it is dangerous to operate recursively on %s%s\n"
	    "%s: use --no-preserve-root to override this failsafe",
	    fsu_quote_msg(e->te_path),
	    strcmp(e->te_path, "/") != 0 ? " (same as '/')" : "",
	    fsu_progname());
	w->failed = true;
	return true;
}

static int
on_directory(struct treewalk *w, struct fsu_treeent *e)
{
	int r;

	if (refused(w, e))
		return UKFS_WALK_SKIP;
	if (!w->t->recursive) {
		r = give(w, e, FSU_TREE_NODE);
		return r == 0 ? UKFS_WALK_SKIP : r;
	}
	w->entered = e->te_pathlen;
	return give(w, e, FSU_TREE_DIR);
}

static int
on_error(struct treewalk *w, struct fsu_treeent *e, bool entered)
{
	int r;

	if (!entered)
		return give(w, e, FSU_TREE_NOSTAT);
	if (e->te_error != ELOOP || w->t->follow != 'L')
		return give(w, e, FSU_TREE_UNREADABLE);
	r = give(w, e, FSU_TREE_CYCLE);
	return r != 0 ? r : give(w, e, FSU_TREE_DIREND);
}

static int
on_file(struct treewalk *w, struct fsu_treeent *e)
{
	struct rump_stat st;

	if (e->te_atflags == RUMP_AT_SYMLINK_NOFOLLOW || !is_link(e->te_st))
		return give(w, e, FSU_TREE_NODE);
	e->te_error = -rump_sys_fstatat(e->te_dirfd, e->te_name, &st, 0);
	return give(w, e, FSU_TREE_DANGLING);
}

static int
visit(void *arg, const struct ukfs_walkent *we)
{
	struct treewalk *w = arg;
	bool entered = w->entered != 0 && w->entered == we->uw_pathlen;
	bool follow = w->t->follow == 'L' ||
	    (w->t->follow == 'H' && we->uw_level == 0);
	struct fsu_treeent e = {
	    .te_path = we->uw_path,
	    .te_name = we->uw_name,
	    .te_pathlen = we->uw_pathlen,
	    .te_dirfd = we->uw_dirfd,
	    .te_level = we->uw_level,
	    .te_error = we->uw_error,
	    .te_atflags = follow ? 0 : RUMP_AT_SYMLINK_NOFOLLOW,
	    .te_st = we->uw_st,
	};

	if (fsu_interrupted())
		return -1;
	w->entered = 0;
	switch (we->uw_kind) {
	case UKFS_WALK_DIR:
		return on_directory(w, &e);
	case UKFS_WALK_DIREND:
		return give(w, &e, FSU_TREE_DIREND);
	case UKFS_WALK_ERROR:
		return on_error(w, &e, entered);
	default:
		return on_file(w, &e);
	}
}

/* Of several slashes at the end one stays ("//" does, too). */
static char *
trimmed(const char *operand)
{
	size_t len = strlen(operand);

	if (strcmp(operand, "//") != 0)
		while (len > 1 && operand[len - 1] == '/' &&
		    operand[len - 2] == '/')
			len--;
	return fsu_strndup(operand, len);
}

int
fsu_tree(struct fsu *f, const struct fsu_tree *t, const char *operand,
    int (*fn)(void *, const struct fsu_treeent *), void *arg)
{
	struct treewalk w = {.f = f, .t = t, .fn = fn, .arg = arg};
	unsigned flags = 0;
	char *path;
	int r;

	if (t->follow == 'L')
		flags |= UKFS_WALK_FOLLOW;
	else if (t->follow == 'H')
		flags |= UKFS_WALK_FOLLOWROOT;
	if (t->preserve_root && rump_sys_lstat("/", &w.root) != 0)
		w.root.st_ino = 0;
	path = trimmed(operand);
	r = ukfs_walk(fsu_ukfs(f), path, flags, visit, &w);
	if (r == -1 && errno == ENOMEM && !fsu_interrupted())
		fsu_error(f, path, ENOMEM);
	free(path);
	return r != 0 || w.failed ? FSU_FAIL : FSU_OK;
}
