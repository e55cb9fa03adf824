/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy engine: moving.  A move between host and image is a copy, then a
 * barrier, then the removal of what was copied, in this order and for the whole
 * command:
 *
 *	copy	each name whose copy is complete is noted, with what it was
 *	sync	the target's file systems are made durable; if that fails, or the
 *		user interrupts, nothing is removed
 *	remove	the sources are walked again, and only names that were noted and are
 *		still the same file are removed; a directory if nothing is left in it
 *
 * So at every moment each file is whole at the source or durable in the target.
 * What was left out (-n, -u, -i) or failed stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy_impl.h"
#include "fmt.h"

struct cp_moved {
	size_t n, cap;
	struct cp_noted {
		char *path;
		uint64_t dev, ino, size;
		struct rump_timespec mtime;
		uint32_t type;
		bool keep; /* its contents were meant, not itself */
	} * noted;
	unsigned long left; /* that weren't copied, and somebody was told */
	bool many;	    /* operands: two may have one destination */
	void *made;	    /* destinations (tsearch) */
	size_t nsync, synccap;
	struct cp_sync {
		uint64_t dev;
		int fd;
	} * sync; /* the host's file systems that were written to */
};

static int
cmp_paths(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
cmp_noted(const void *a, const void *b)
{
	const struct cp_noted *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void
cp_move_begin(struct cp *c, int nsources)
{
	c->moved = fsu_calloc(1, sizeof(*c->moved));
	c->moved->many = nsources > 1;
}

void
cp_move_free(struct cp *c)
{
	struct cp_moved *m = c->moved;
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->n; i++)
		free(m->noted[i].path);
	for (i = 0; i < m->nsync; i++)
		close(m->sync[i].fd);
	tdestroy(m->made, free);
	free(m->noted);
	free(m->sync);
	free(m);
	c->moved = NULL;
}

/* ---- copying ------------------------------------------------------------------- */

void
cp_move_note(struct cp_ctx *x, const struct rump_stat *st, bool keep)
{
	struct cp_moved *m = x->c->moved;

	if (m == NULL)
		return;
	if (m->n == m->cap) {
		m->cap = m->cap == 0 ? 64 : m->cap * 2;
		m->noted = fsu_realloc(m->noted, m->cap * sizeof(*m->noted));
	}
	m->noted[m->n++] = (struct cp_noted){
	    .path = fsu_strdup(x->spath.s),
	    .dev = st->st_dev,
	    .ino = st->st_ino,
	    .size = st->st_size,
	    .mtime = st->st_mtim,
	    .type = st->st_mode & RUMP_S_IFMT,
	    .keep = keep,
	};
	if (m->many && (st->st_mode & RUMP_S_IFMT) != RUMP_S_IFDIR &&
	    tsearch(fsu_strdup(x->dpath.s), &m->made, cmp_paths) == NULL) {
		fsu_msg("%s", strerror(ENOMEM));
		x->c->fatal = true;
	}
}

void
cp_move_left(struct cp_ctx *x)
{
	if (x->c->moved != NULL)
		x->c->moved->left++;
}

bool
cp_move_made(const struct cp_ctx *x)
{
	const struct cp_moved *m = x->c->moved;

	return m != NULL && m->many &&
	    tfind(x->dpath.s, &m->made, cmp_paths) != NULL;
}

void
cp_move_target(struct cp *c, int dirfd)
{
	struct cp_moved *m = c->moved;
	struct stat st;
	size_t i;

	if (m == NULL || c->dst.image || fstat(dirfd, &st) == -1)
		return;
	for (i = m->nsync; i > 0; i--)
		if (m->sync[i - 1].dev == st.st_dev)
			return;
	if (m->nsync == m->synccap) {
		m->synccap = m->synccap == 0 ? 4 : m->synccap * 2;
		m->sync = fsu_realloc(m->sync, m->synccap * sizeof(*m->sync));
	}
	m->sync[m->nsync].dev = st.st_dev;
	m->sync[m->nsync].fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	if (m->sync[m->nsync].fd == -1) {
		fsu_msg("%s", strerror(errno));
		c->fatal = true;
	} else
		m->nsync++;
}

/* ---- the barrier ----------------------------------------------------------------- */

/* A status. */
static int
make_durable(struct cp *c)
{
	struct cp_moved *m = c->moved;
	size_t i;

	if (c->dst.image) {
		if (ukfs_sync(c->dst.ukfs) == 0)
			return FSU_OK;
		fsu_errorf(c->df, "%s: nothing is removed from the source",
		    fsu_strerror(errno));
		return FSU_FAIL;
	}
	for (i = 0; i < m->nsync; i++) {
		if (syncfs(m->sync[i].fd) == 0)
			continue;
		fsu_msg("writing out the copies: %s: nothing is removed from "
			"the image",
		    strerror(errno));
		return FSU_FAIL;
	}
	return FSU_OK;
}

/* ---- removing --------------------------------------------------------------------- */

struct cp_sweep {
	struct cp *c;
	struct cp_path path;
	int status;
};

static void
not_removed(struct cp_sweep *s, int error)
{
	fsu_errorf(s->c->src.image ? s->c->f : NULL,
	    "%s: copied, but not removed: %s", fsu_quote_maybe(s->path.s),
	    fsu_strerror(error));
	s->status = FSU_FAIL;
}

static void
removed(const struct cp_sweep *s, bool dir)
{
	if (s->c->o->verbose)
		printf("removed %s%s\n", dir ? "directory " : "",
		    fsu_quote_msg(s->path.s));
}

/* Is it what was copied?  The image is ours alone; on the host others write. */
static bool
unchanged(const struct cp_noted *e, const struct rump_stat *st)
{
	return e->dev == st->st_dev && e->ino == st->st_ino &&
	    e->type == (st->st_mode & RUMP_S_IFMT) &&
	    (e->type == RUMP_S_IFDIR ||
		(e->size == st->st_size &&
		    e->mtime.tv_sec == st->st_mtim.tv_sec &&
		    e->mtime.tv_nsec == st->st_mtim.tv_nsec));
}

static void sweep(struct cp_sweep *s, int dirfd, const char *name);

static void
sweep_dir(
    struct cp_sweep *s, int dirfd, const char *name, const struct cp_noted *e)
{
	const struct cp_ops *ops = s->c->src.ops;
	struct cp_list list;
	size_t i, len;
	int fd, r;

	fd = ops->opendir(&s->c->src, dirfd, name, e->keep);
	r = fd < 0 ? fd : ops->list(&s->c->src, fd, &list);
	if (fd < 0 || r != 0) {
		not_removed(s, r);
		if (fd >= 0)
			ops->close(&s->c->src, fd);
		return;
	}
	for (i = 0; i < list.n && !fsu_interrupted(); i++) {
		len = cp_path_push(&s->path, list.ent[i].name);
		sweep(s, fd, list.ent[i].name);
		cp_path_pop(&s->path, len);
	}
	free(list.ent);
	free(list.mem[0]);
	free(list.mem[1]);
	ops->close(&s->c->src, fd);
	if (e->keep || fsu_interrupted())
		return;
	r = ops->rmdir(&s->c->src, dirfd, name);
	if (r == 0)
		removed(s, true);
	else if (r == -RUMP_ENOTEMPTY || r == -RUMP_EEXIST) {
		if (s->c->moved->left == 0 && s->status == FSU_OK)
			not_removed(s, RUMP_ENOTEMPTY);
	} else
		not_removed(s, r);
}

static void
sweep(struct cp_sweep *s, int dirfd, const char *name)
{
	const struct cp_moved *m = s->c->moved;
	const struct cp_noted key = {.path = s->path.s}, *e;
	struct rump_stat st;
	int r;

	e = m->n == 0
	    ? NULL
	    : bsearch(&key, m->noted, m->n, sizeof(*m->noted), cmp_noted);
	if (e == NULL)
		return;
	r = s->c->src.ops->stat(&s->c->src, dirfd, name, e->keep, &st);
	if (r == -RUMP_ENOENT)
		return; /* named twice, or somebody else was faster */
	if (r != 0) {
		not_removed(s, r);
		return;
	}
	if (!unchanged(e, &st)) {
		fsu_errorf(s->c->src.image ? s->c->f : NULL,
		    "%s: has changed since it was copied; not removed",
		    fsu_quote_maybe(s->path.s));
		s->status = FSU_FAIL;
		return;
	}
	if (e->type == RUMP_S_IFDIR) {
		sweep_dir(s, dirfd, name, e);
		return;
	}
	r = s->c->src.ops->unlink(&s->c->src, dirfd, name);
	if (r == 0)
		removed(s, false);
	else
		not_removed(s, r);
}

int
cp_move_end(struct cp *c, int status, int n, char **sources)
{
	struct cp_moved *m = c->moved;
	struct cp_sweep s = {.c = c, .status = FSU_OK};
	int i;

	if (m == NULL || m->n == 0 || fsu_interrupted())
		return FSU_OK;
	if (make_durable(c) != FSU_OK)
		return FSU_FAIL;
	m->left += status != FSU_OK;
	qsort(m->noted, m->n, sizeof(*m->noted), cmp_noted);
	for (i = 0; i < n && !fsu_interrupted(); i++) {
		cp_path_set(&s.path, sources[i]);
		sweep(&s, CP_CWD, sources[i]);
	}
	free(s.path.s);
	return s.status;
}
