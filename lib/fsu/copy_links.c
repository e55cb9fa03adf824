/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy engine: pathnames for messages, and files with several names.
 *
 * The target's first name of such a file is found again from the directory that
 * the operand went into, one component after the other and without following
 * symlinks, so that a link can't lead outside of it.
 */
#include <stdlib.h>
#include <string.h>

#include "copy_impl.h"

/* ---- pathnames ------------------------------------------------------------------ */

void
cp_path_set(struct cp_path *p, const char *s)
{
	p->len = 0;
	cp_path_push(p, s);
}

size_t
cp_path_push(struct cp_path *p, const char *name)
{
	size_t old = p->len, n = strlen(name);

	if (p->len + n + 2 > p->cap) {
		p->cap = (p->len + n + 2) * 2;
		p->s = fsu_realloc(p->s, p->cap);
	}
	if (p->len > 0 && p->s[p->len - 1] != '/')
		p->s[p->len++] = '/';
	memcpy(p->s + p->len, name, n + 1);
	p->len += n;
	return old;
}

void
cp_path_pop(struct cp_path *p, size_t len)
{
	p->len = len;
	p->s[len] = '\0';
}

/* ---- hard links --------------------------------------------------------------------- */

/* Files with several names: source's (device, inode) to the target's first path
 * below its top.  Open addressing; only files with more than one link are in. */
struct cp_links {
	struct cp_link {
		uint64_t dev, ino;
		char *path; /* NULL: free */
		int topfd;
	} * tab;
	size_t cap, n;
};

void
cp_links_free(struct cp_links *links)
{
	size_t i;

	if (links == NULL)
		return;
	for (i = 0; i < links->cap; i++)
		free(links->tab[i].path);
	free(links->tab);
	free(links);
}

static struct cp_link *
link_slot(const struct cp_links *l, uint64_t dev, uint64_t ino)
{
	size_t i = (size_t)((ino ^ dev << 7) * 0x9e3779b97f4a7c15u >> 20);

	for (;; i++) {
		struct cp_link *e = &l->tab[i & (l->cap - 1)];

		if (e->path == NULL || (e->dev == dev && e->ino == ino))
			return e;
	}
}

static struct cp_link *
links_find(struct cp *c, const struct rump_stat *st)
{
	struct cp_links *l = c->links;
	struct cp_links old;
	size_t i;

	if (l == NULL)
		l = c->links = fsu_calloc(1, sizeof(*l));
	if (l->n * 4 >= l->cap * 3) {
		old = *l;
		l->cap = old.cap == 0 ? 64 : old.cap * 2;
		l->tab = fsu_calloc(l->cap, sizeof(*l->tab));
		for (i = 0; i < old.cap; i++)
			if (old.tab[i].path != NULL)
				*link_slot(l, old.tab[i].dev,
				    old.tab[i].ino) = old.tab[i];
		free(old.tab);
	}
	return link_slot(l, st->st_dev, st->st_ino);
}

void
cp_links_add(struct cp_ctx *x, const struct rump_stat *st)
{
	struct cp_link *e = links_find(x->c, st);

	if (e->path != NULL)
		return;
	e->dev = st->st_dev;
	e->ino = st->st_ino;
	e->topfd = x->topfd;
	e->path = fsu_strdup(x->dpath.s + x->dtop);
	x->c->links->n++;
}

bool
cp_links_have(struct cp_ctx *x, const struct rump_stat *st)
{
	return links_find(x->c, st)->path != NULL;
}

/* Open the directory of path below topfd, component by component, so that no
 * symlink is followed; *namep: the last component.  A descriptor to be closed
 * (topfd itself: not). */
static int
open_parent(struct cp *c, int topfd, const char *path, const char **namep)
{
	const char *slash;
	char *comp;
	int fd, next;

	fd = topfd;
	while (*path == '/')
		path++;
	while ((slash = strchr(path, '/')) != NULL) {
		comp = fsu_strndup(path, (size_t)(slash - path));
		next = c->dst.ops->opendir(&c->dst, fd, comp, false);
		free(comp);
		if (fd != topfd)
			c->dst.ops->close(&c->dst, fd);
		if (next < 0)
			return next;
		fd = next;
		path = slash + 1;
	}
	*namep = path;
	return fd;
}

/* Make dname a link to what was copied before.  1: done; 0: copy it; -error. */
int
cp_try_link(
    struct cp_ctx *x, const struct rump_stat *st, int ddirfd, const char *dname)
{
	struct cp *c = x->c;
	const struct cp_link *e;
	const char *name;
	int fd, r;

	e = links_find(c, st);
	if (e->path == NULL)
		return 0;
	fd = open_parent(c, e->topfd, e->path, &name);
	if (fd < 0)
		return fd == -RUMP_ENOENT ? 0 : fd;
	r = c->dst.ops->link(&c->dst, fd, name, ddirfd, dname);
	if (r == -RUMP_EEXIST) {
		r = c->dst.ops->unlink(&c->dst, ddirfd, dname);
		if (r == 0)
			r = c->dst.ops->link(&c->dst, fd, name, ddirfd, dname);
	}
	if (fd != e->topfd)
		c->dst.ops->close(&c->dst, fd);
	if (r == -RUMP_EMLINK || r == -RUMP_EXDEV || r == -RUMP_ENOENT ||
	    r == -RUMP_EOPNOTSUPP)
		return 0;
	return r == 0 ? 1 : r;
}
