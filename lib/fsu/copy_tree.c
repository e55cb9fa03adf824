/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy engine: one operand with all below it.
 *
 * Directories are open on both sides while they are copied, and everything is
 * named relative to them.  A directory's attributes are set when it is full.  The
 * source may be hostile: a directory that contains itself ends at an ancestor
 * with the same number, and a name that stands twice is an error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "copy_impl.h"
#include "fsu_impl.h"

#define XBUF_BYTES (128u << 10) /* a list of names, and a value */
#define LINK_BYTES RUMP_PATH_MAX

/* What the functions below need to know about where they are. */
struct cp_ctx {
	struct cp *c;
	struct cp_path spath, dpath; /* as messages say them */
	size_t dtop;		     /* of dpath: what top names */
	int topfd;		     /* the directory that the target is in */
	const struct cp_dir {
		const struct cp_dir *up;
		uint64_t dev, ino;
	} * dir; /* the source's ancestors */
	bool follow_target;
	int status;
};

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

static void
links_add(struct cp_ctx *x, const struct rump_stat *st)
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
static int
try_link(
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
	if (r == -RUMP_EEXIST && !c->o->noclobber) {
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

/* ---- attributes --------------------------------------------------------------------- */

/* What the new node is to get. */
static void
attributes(const struct cp *c, const struct rump_stat *st, struct cp_attr *a)
{
	const struct fsu_copyopts *o = c->o;

	memset(a, 0, sizeof(*a));
	a->mode = st->st_mode;
	a->atime = st->st_atim;
	a->mtime = st->st_mtim;
	if (o->preserve) {
		a->mask = CP_MODE | CP_OWNER | CP_TIMES;
		a->uid = st->st_uid;
		a->gid = st->st_gid;
	} else {
		a->mode = (st->st_mode & RUMP_S_IFMT) |
		    (st->st_mode & 0777 & ~(c->umask));
		if ((st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK)
			a->mode = RUMP_S_IFLNK | 0777;
		if (c->dst.image)
			a->mask = CP_OWNER; /* 0:0 */
	}
	if (o->set_mode && (st->st_mode & RUMP_S_IFMT) != RUMP_S_IFLNK) {
		a->mode = (st->st_mode & RUMP_S_IFMT) | o->mode_bits;
		a->mask |= CP_MODE;
	}
	if (o->set_uid || o->set_gid) {
		if (!(a->mask & CP_OWNER)) {
			a->uid = c->dst.euid;
			a->gid = c->dst.egid;
		}
		a->mask |= CP_OWNER;
		if (o->set_uid)
			a->uid = o->uid;
		if (o->set_gid)
			a->gid = o->gid;
	}
}

/* For a file that was there: only what was asked for. */
static void
attributes_of_old(const struct cp *c, struct cp_attr *a)
{
	const struct fsu_copyopts *o = c->o;

	if (!o->preserve) {
		a->mask &= (o->set_mode ? CP_MODE : 0) |
		    (o->set_uid && o->set_gid ? CP_OWNER : 0);
	}
}

/* Attributes that are names and values. */
static int
copy_xattrs(struct cp_ctx *x, int sfd, int sdirfd, const char *sname, int dfd,
    int ddirfd, const char *dname)
{
	struct cp *c = x->c;
	char *names, *value, *n;
	int64_t len, size;
	int r;

	if (c->xbuf == NULL)
		c->xbuf = fsu_malloc(XBUF_BYTES);
	names = c->xbuf;
	value = c->xbuf + RUMP_XATTR_SIZE_MAX;
	len = c->src.ops->listxattr(&c->src, sfd, sdirfd, sname, x->spath.s,
	    names, RUMP_XATTR_SIZE_MAX);
	if (len == -RUMP_EOPNOTSUPP || len == -RUMP_ENOSYS || len == 0)
		return 0;
	if (len < 0)
		return (int)len;
	for (n = names; n < names + len; n += strlen(n) + 1) {
		size = c->src.ops->getxattr(&c->src, sfd, sdirfd, sname,
		    x->spath.s, n, value, RUMP_XATTR_SIZE_MAX);
		if (size == -RUMP_ENODATA)
			continue;
		r = size < 0 ? (int)size
			     : c->dst.ops->setxattr(&c->dst, dfd, ddirfd, dname,
				   x->dpath.s, n, value, (size_t)size);
		if (r != 0)
			return r;
	}
	return 0;
}

static bool
wants_flags(const struct cp *c, const struct rump_stat *st)
{
	return c->o->preserve && (!c->src.image || st->st_flags != 0);
}

/* ---- messages ------------------------------------------------------------------------- */

void
cp_error(struct cp *c, const char *path, bool of_target, int error)
{
	struct rump_statvfs sv;
	struct fsu *f;
	uint64_t room;

	error = error < 0 ? -error : error;
	f = of_target && c->dst.image ? c->df : c->src.image ? c->f : NULL;
	if (of_target && !c->dst.image)
		f = NULL;
	if (error == RUMP_ENOSPC && of_target && c->dst.image &&
	    ukfs_fsinfo(c->dst.ukfs, &sv) == 0) {
		room = sv.f_bavail * sv.f_frsize;
		fsu_errorf(f,
		    "%s: No space left in the image: %llu bytes needed, %llu "
		    "and "
		    "%llu inodes free; remove something%s or make it larger",
		    fsu_visible(path), (unsigned long long)c->need,
		    (unsigned long long)room, (unsigned long long)sv.f_ffree,
		    c->replacing && !c->o->inplace
			? ", overwrite the old content at once (--in-place)"
			: "");
	} else if (error == RUMP_ELOOP && of_target && !c->dst.image)
		fsu_msg("%s: is a symbolic link, which is not followed (-f "
			"replaces it)",
		    fsu_visible(path));
	else
		fsu_error(f, path, error);
	if (error == RUMP_ENOSPC && of_target && !c->dst.image)
		c->fatal = true; /* nothing else will fit either */
}

static int
failed(struct cp_ctx *x, bool of_target, int error)
{
	x->status = FSU_FAIL;
	cp_error(x->c, of_target ? x->dpath.s : x->spath.s, of_target, error);
	return FSU_FAIL;
}

static void
tell(const struct cp_ctx *x)
{
	if (x->c->o->verbose)
		printf("'%s' -> '%s'\n", fsu_visible(x->spath.s),
		    fsu_visible(x->dpath.s));
}

/* ---- what is there already? --------------------------------------------------------------- */

static bool
newer(const struct rump_timespec *a, const struct rump_timespec *b)
{
	return a->tv_sec > b->tv_sec ||
	    (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* Is it the image that is being read or changed? */
static bool
is_image(
    const struct cp *c, const struct cp_side *s, const struct rump_stat *st)
{
	return !s->image && st->st_dev == c->image_dev &&
	    st->st_ino == c->image_ino;
}

enum verdict { V_MAKE, V_REPLACE, V_SKIP, V_FAILED };

/*
 * May dname be made?  V_REPLACE: there is a regular file to be overwritten (dst's
 * status in *dst).  What isn't a directory and can't be overwritten in place is
 * removed first.
 */
static enum verdict
clear_way(struct cp_ctx *x, const struct rump_stat *st, int ddirfd,
    const char *dname, struct rump_stat *dst)
{
	struct cp *c = x->c;
	const struct fsu_copyopts *o = c->o;
	bool reg;
	int r;

	r = c->dst.ops->stat(&c->dst, ddirfd, dname, x->follow_target, dst);
	if (r == -RUMP_ENOENT && x->follow_target)
		r = c->dst.ops->stat(&c->dst, ddirfd, dname, false, dst);
	if (r == -RUMP_ENOENT)
		return V_MAKE;
	if (r != 0) {
		failed(x, true, r);
		return V_FAILED;
	}
	if (c->src.image == c->dst.image && c->src.ukfs == c->dst.ukfs &&
	    dst->st_dev == st->st_dev && dst->st_ino == st->st_ino) {
		fsu_errorf(c->f, "'%s' and '%s' are the same file",
		    fsu_visible(x->spath.s), fsu_visible(x->dpath.s));
		x->status = FSU_FAIL;
		return V_FAILED;
	}
	if (is_image(c, &c->dst, dst)) {
		fsu_errorf(
		    c->f, "%s: is the image itself", fsu_visible(x->dpath.s));
		x->status = FSU_FAIL;
		return V_FAILED;
	}
	if (o->noclobber || (o->update && !newer(&st->st_mtim, &dst->st_mtim)))
		return V_SKIP;
	if ((dst->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR) {
		failed(x, true, RUMP_EISDIR);
		return V_FAILED;
	}
	if (o->interactive &&
	    !fsu_confirm("overwrite '%s'? ", fsu_visible(x->dpath.s)))
		return V_SKIP;
	reg = (st->st_mode & RUMP_S_IFMT) == RUMP_S_IFREG;
	if (reg && !o->hardlink && !o->symlink &&
	    ((dst->st_mode & RUMP_S_IFMT) == RUMP_S_IFREG ||
		((dst->st_mode & RUMP_S_IFMT) != RUMP_S_IFLNK &&
		    !c->dst.image)))
		return V_REPLACE;
	if ((dst->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK && reg && !o->force &&
	    !o->recursive && !o->hardlink && !o->symlink) {
		failed(x, true, c->dst.image ? RUMP_EEXIST : RUMP_ELOOP);
		return V_FAILED;
	}
	r = c->dst.ops->unlink(&c->dst, ddirfd, dname);
	if (r != 0) {
		failed(x, true, r);
		return V_FAILED;
	}
	return V_MAKE;
}

/* ---- the types --------------------------------------------------------------------------- */

/* A new file, filled and dressed; removed again if that fails. */
static int
make_file(struct cp_ctx *x, int sfd, const struct rump_stat *st,
    const char *sname, int sdirfd, int ddirfd, const char *dname,
    struct cp_attr *a)
{
	struct cp *c = x->c;
	struct cp_attr late;
	int dfd, r;

	dfd = c->dst.ops->create(&c->dst, ddirfd, dname, a);
	if (dfd < 0)
		return dfd;
	r = c->dst.ops->fill(&c->dst, dfd, &c->src, sfd);
	late = *a;
	if (r == 0 && wants_flags(c, st)) {
		late.flags = c->src.ops->getflags(&c->src, sfd, st);
		late.mask |= late.flags != 0 ? CP_FLAGS : 0;
	}
	if (c->dst.image) /* the rest it has from the start */
		late.mask &= CP_TIMES | CP_FLAGS;
	if (r == 0 && c->o->preserve && c->dst.image)
		r = copy_xattrs(x, sfd, sdirfd, sname, dfd, ddirfd, dname);
	if (r == 0 && c->o->preserve && !c->dst.image) {
		/* A change of owner would drop capabilities: attributes after it. */
		struct cp_attr first = late;

		first.mask &= CP_OWNER | CP_MODE;
		late.mask &= ~(CP_OWNER | CP_MODE);
		r = c->dst.ops->setattr(&c->dst, dfd, ddirfd, dname, &first);
		if (r == 0)
			r = copy_xattrs(
			    x, sfd, sdirfd, sname, dfd, ddirfd, dname);
	}
	if (r == 0)
		r = c->dst.ops->setattr(&c->dst, dfd, ddirfd, dname, &late);
	c->dst.ops->close(&c->dst, dfd);
	if (r != 0) {
		if (r == -RUMP_EINTR)
			rump_pub_interrupt_clear(); /* so that it can go */
		c->dst.ops->unlink(&c->dst, ddirfd, dname);
		if (r == -RUMP_EINTR)
			rump_pub_interrupt();
	}
	return r;
}

static int
copy_file(struct cp_ctx *x, int sdirfd, const char *sname, bool follow,
    const struct rump_stat *st, int ddirfd, const char *dname)
{
	struct cp *c = x->c;
	struct rump_stat dst;
	struct cp_attr a;
	enum verdict v;
	int sfd, r;

	if (is_image(c, &c->src, st)) {
		fsu_warnf(c->f, "%s: is the image itself; left out",
		    fsu_visible(x->spath.s));
		return FSU_OK;
	}
	v = clear_way(x, st, ddirfd, dname, &dst);
	if (v == V_SKIP)
		return FSU_OK;
	if (v == V_FAILED)
		return FSU_FAIL;
	if (c->stream_fd >= 0)
		sfd = dup(c->stream_fd);
	else
		sfd = c->src.ops->openfile(&c->src, sdirfd, sname, follow);
	if (sfd < 0)
		return failed(x, false, sfd);
	attributes(c, st, &a);
	tell(x);
	r = 0;
	c->need = st->st_size;
	c->replacing = v == V_REPLACE;
	if (v == V_REPLACE) {
		r = c->dst.ops->replace(&c->dst, ddirfd, dname,
		    x->follow_target, c->o->inplace, &c->src, sfd);
		if (r != 0 && c->o->force && r != -RUMP_ENOSPC &&
		    r != -RUMP_EINTR && r != -RUMP_EIO &&
		    c->dst.ops->unlink(&c->dst, ddirfd, dname) == 0)
			v = V_MAKE;
		else if (r == 0) {
			attributes_of_old(c, &a);
			if (c->o->preserve)
				r = copy_xattrs(
				    x, sfd, sdirfd, sname, -1, ddirfd, dname);
			if (r == 0 && a.mask != 0)
				r = c->dst.ops->setattr(
				    &c->dst, -1, ddirfd, dname, &a);
		}
	}
	if (v == V_MAKE)
		r = make_file(x, sfd, st, sname, sdirfd, ddirfd, dname, &a);
	c->src.ops->close(&c->src, sfd);
	r = r == 0 ? FSU_OK : failed(x, true, r);
	c->need = 0;
	c->replacing = false;
	return r;
}

/* Symlinks, devices, FIFOs, sockets. */
static int
copy_node(struct cp_ctx *x, int sdirfd, const char *sname,
    const struct rump_stat *st, int ddirfd, const char *dname)
{
	struct cp *c = x->c;
	char target[LINK_BYTES];
	struct rump_stat dst;
	struct cp_attr a;
	unsigned long lost;
	int64_t n;
	int r;

	target[0] = '\0';
	if ((st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK) {
		n = c->src.ops->readlink(
		    &c->src, sdirfd, sname, target, sizeof(target) - 1);
		if (n < 0)
			return failed(x, false, (int)n);
		target[n] = '\0';
	}
	switch (clear_way(x, st, ddirfd, dname, &dst)) {
	case V_SKIP:
		return FSU_OK;
	case V_FAILED:
		return FSU_FAIL;
	case V_REPLACE:
	case V_MAKE:
		break;
	}
	attributes(c, st, &a);
	tell(x);
	lost = c->dst.lost_devices;
	r = c->dst.ops->mknode(
	    &c->dst, ddirfd, dname, st->st_mode, st->st_rdev, target, &a);
	if (r != 0 && c->dst.lost_devices != lost) {
		x->status = FSU_FAIL; /* counted; one line at the end */
		return FSU_FAIL;
	}
	if (r == 0 && !c->dst.image && (a.mask & CP_OWNER)) {
		struct cp_attr first = a;

		first.mask &= CP_OWNER | CP_MODE;
		r = c->dst.ops->setattr(&c->dst, -1, ddirfd, dname, &first);
		a.mask &= ~(CP_OWNER | CP_MODE);
	}
	if (r == 0 && c->o->preserve)
		r = copy_xattrs(x, -1, sdirfd, sname, -1, ddirfd, dname);
	if (r == 0 && !(c->dst.image && !c->o->preserve))
		r = c->dst.ops->setattr(&c->dst, -1, ddirfd, dname, &a);
	if (r != 0)
		return failed(x, true, r);
	return FSU_OK;
}

/* -l and -s: a name for what is there. */
static int
copy_as_link(struct cp_ctx *x, int sdirfd, const char *sname,
    const struct rump_stat *st, int ddirfd, const char *dname)
{
	struct cp *c = x->c;
	struct cp_attr a = {.mask = CP_OWNER, .mode = RUMP_S_IFLNK | 0777};
	struct rump_stat dst;
	int r;

	switch (clear_way(x, st, ddirfd, dname, &dst)) {
	case V_SKIP:
		return FSU_OK;
	case V_FAILED:
		return FSU_FAIL;
	case V_REPLACE:
	case V_MAKE:
		break;
	}
	tell(x);
	if (c->o->hardlink)
		r = c->src.ukfs != c->dst.ukfs
		    ? -RUMP_EXDEV
		    : c->dst.ops->link(&c->dst, sdirfd, sname, ddirfd, dname);
	else if (x->spath.s[0] != '/' && strchr(x->dpath.s, '/') != NULL) {
		fsu_errorf(c->f,
		    "%s: a relative symbolic link can be made in the "
		    "current directory only",
		    fsu_visible(x->dpath.s));
		x->status = FSU_FAIL;
		return FSU_FAIL;
	} else
		r = c->dst.ops->mknode(&c->dst, ddirfd, dname,
		    RUMP_S_IFLNK | 0777, 0, x->spath.s, &a);
	return r != 0 ? failed(x, true, r) : FSU_OK;
}

static void copy_entry(struct cp_ctx *x, int sdirfd, const char *sname,
    bool follow, const struct rump_stat *st, int ddirfd, const char *dname);

/* All entries of an open directory. */
static void
copy_entries(struct cp_ctx *x, int sfd, int dfd, const struct rump_stat *dirst)
{
	struct cp *c = x->c;
	const struct cp_dir here = {
	    .up = x->dir, .dev = dirst->st_dev, .ino = dirst->st_ino};
	struct cp_list list;
	struct rump_stat st;
	size_t i, slen, dlen;
	bool follow;
	int r;

	r = c->src.ops->list(&c->src, sfd, &list);
	if (r != 0) {
		failed(x, false, r);
		return;
	}
	x->dir = &here;
	follow = c->o->deref == 'L';
	for (i = 0; i < list.n && !c->fatal && !fsu_interrupted(); i++) {
		const char *name = list.ent[i].name;

		slen = cp_path_push(&x->spath, name);
		dlen = cp_path_push(&x->dpath, name);
		r = list.ent[i].error;
		if (r == 0 && list.ent[i].st != NULL &&
		    !(follow &&
			(list.ent[i].st->st_mode & RUMP_S_IFMT) ==
			    RUMP_S_IFLNK))
			st = *list.ent[i].st;
		else if (r == 0)
			r = c->src.ops->stat(&c->src, sfd, name, follow, &st);
		if (r != 0)
			failed(x, false, r);
		else if (!(c->o->onefs && st.st_dev != dirst->st_dev))
			copy_entry(x, sfd, name, follow, &st, dfd, name);
		cp_path_pop(&x->spath, slen);
		cp_path_pop(&x->dpath, dlen);
	}
	x->dir = here.up;
	free(list.ent);
	free(list.mem[0]);
	free(list.mem[1]);
}

/* The target's directory, made or found: open; *madep. */
static int
make_dir(struct cp_ctx *x, int ddirfd, const char *dname,
    const struct cp_attr *a, bool *madep)
{
	struct cp *c = x->c;
	struct rump_stat st;
	int r;

	*madep = false;
	r = strcmp(dname, ".") == 0
	    ? -RUMP_EEXIST
	    : c->dst.ops->mkdir(&c->dst, ddirfd, dname, a);
	if (r == -RUMP_EEXIST) {
		r = c->dst.ops->stat(
		    &c->dst, ddirfd, dname, x->follow_target, &st);
		if (r == 0 && (st.st_mode & RUMP_S_IFMT) != RUMP_S_IFDIR)
			r = -RUMP_ENOTDIR;
	} else if (r == 0)
		*madep = true;
	if (r != 0)
		return r;
	return c->dst.ops->opendir(&c->dst, ddirfd, dname, x->follow_target);
}

/* When it is full. */
static void
finish_dir(struct cp_ctx *x, int sfd, const struct rump_stat *st, int dfd,
    struct cp_attr *a, bool made)
{
	struct cp *c = x->c;
	int r;

	if (!made)
		attributes_of_old(c, a);
	else if (!c->dst.image && (st->st_mode & 0700) != 0700)
		a->mask |= CP_MODE;
	r = 0;
	if (c->o->preserve) {
		struct cp_attr first = *a;

		first.mask &= CP_OWNER;
		r = c->dst.ops->setattr(&c->dst, dfd, -1, NULL, &first);
		a->mask &= ~CP_OWNER;
		if (r == 0)
			r = copy_xattrs(x, sfd, -1, NULL, dfd, -1, NULL);
		if (wants_flags(c, st)) {
			a->flags = c->src.ops->getflags(&c->src, sfd, st);
			a->mask |= a->flags != 0 ? CP_FLAGS : 0;
		}
	}
	if (r == 0 && (!c->dst.image || c->o->preserve || !made))
		r = c->dst.ops->setattr(&c->dst, dfd, -1, NULL, a);
	if (r != 0)
		failed(x, true, r);
}

static void
copy_dir(struct cp_ctx *x, int sdirfd, const char *sname, bool follow,
    const struct rump_stat *st, int ddirfd, const char *dname)
{
	struct cp *c = x->c;
	const struct cp_dir *up;
	struct cp_attr a;
	bool made, keep;
	int sfd, dfd;

	for (up = x->dir; up != NULL; up = up->up)
		if (up->dev == st->st_dev && up->ino == st->st_ino) {
			failed(x, false,
			    c->o->deref == 'L' ? RUMP_ELOOP : RUMP_EUCLEAN);
			return;
		}
	sfd = c->src.ops->opendir(&c->src, sdirfd, sname, follow);
	if (sfd < 0) {
		failed(x, false, sfd);
		return;
	}
	attributes(c, st, &a);
	dfd = make_dir(x, ddirfd, dname, &a, &made);
	if (dfd < 0) {
		failed(x, true, dfd);
		c->src.ops->close(&c->src, sfd);
		return;
	}
	if (made)
		tell(x);
	keep = x->follow_target;
	x->follow_target = false; /* below DEST never */
	copy_entries(x, sfd, dfd, st);
	x->follow_target = keep;
	finish_dir(x, sfd, st, dfd, &a, made);
	c->dst.ops->close(&c->dst, dfd);
	c->src.ops->close(&c->src, sfd);
}

static void
copy_entry(struct cp_ctx *x, int sdirfd, const char *sname, bool follow,
    const struct rump_stat *st, int ddirfd, const char *dname)
{
	uint32_t type = st->st_mode & RUMP_S_IFMT;
	struct cp *c = x->c;
	bool links;
	int r;

	if (type == RUMP_S_IFDIR) {
		copy_dir(x, sdirfd, sname, follow, st, ddirfd, dname);
		return;
	}
	if (c->o->hardlink || c->o->symlink) {
		copy_as_link(x, sdirfd, sname, st, ddirfd, dname);
		return;
	}
	links = st->st_nlink > 1 && !follow;
	if (links) {
		r = try_link(x, st, ddirfd, dname);
		if (r < 0)
			failed(x, true, r);
		if (r == 1)
			tell(x);
		if (r != 0)
			return;
	}
	if (type == RUMP_S_IFREG ||
	    (!c->o->recursive && !c->src.image && type != RUMP_S_IFLNK))
		r = copy_file(x, sdirfd, sname, follow, st, ddirfd, dname);
	else
		r = copy_node(x, sdirfd, sname, st, ddirfd, dname);
	if (links && r == FSU_OK)
		links_add(x, st);
}

/* ---- an operand ------------------------------------------------------------------------ */

/* Is the target inside of the source directory?  Both in one image. */
static bool
into_itself(struct cp *c, const struct rump_stat *src, int ddirfd)
{
	struct rump_stat st, up;
	int fd, next, i;
	bool inside;

	if (!c->src.image || c->src.ukfs != c->dst.ukfs)
		return false;
	fd = c->dst.ops->opendir(&c->dst, ddirfd, ".", true);
	inside = false;
	for (i = 0; i < RUMP_PATH_MAX && fd >= 0; i++) {
		if (c->dst.ops->stat(&c->dst, fd, ".", true, &st) != 0)
			break;
		inside = st.st_dev == src->st_dev && st.st_ino == src->st_ino;
		if (inside ||
		    c->dst.ops->stat(&c->dst, fd, "..", true, &up) != 0 ||
		    up.st_ino == st.st_ino)
			break;
		next = c->dst.ops->opendir(&c->dst, fd, "..", true);
		c->dst.ops->close(&c->dst, fd);
		fd = next;
	}
	if (fd >= 0)
		c->dst.ops->close(&c->dst, fd);
	return inside;
}

int
cp_operand(struct cp *c, const char *sname, int ddirfd, const char *dname,
    const char *spath, const char *dpath, bool follow_target)
{
	struct cp_ctx x = {
	    .c = c, .topfd = ddirfd, .follow_target = follow_target};
	struct rump_stat st;
	bool follow;
	int r;

	cp_path_set(&x.spath, spath);
	cp_path_set(&x.dpath, dpath);
	/* dpath ends in dname, or is the directory itself where that is "." */
	x.dtop = strcmp(dname, ".") == 0 ? x.dpath.len
					 : x.dpath.len - strlen(dname);
	follow = c->o->deref == 'L' || c->o->deref == 'H' ||
	    (c->o->deref == 0 && !c->o->recursive);
	if (c->stream_fd >= 0) {
		r = c->src.ops->stat(&c->src, c->stream_fd, "", true, &st);
		st.st_mode = RUMP_S_IFREG | 0666;
	} else
		r = c->src.ops->stat(&c->src, CP_CWD, sname, follow, &st);
	if (r != 0)
		failed(&x, false, r);
	else if ((st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR &&
	    !c->o->recursive) {
		fsu_errorf(c->src.image ? c->f : NULL,
		    "%s: is a directory (-R copies it)", fsu_visible(spath));
		x.status = FSU_FAIL;
	} else if ((st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR &&
	    into_itself(c, &st, ddirfd)) {
		fsu_errorf(c->f,
		    "cannot copy a directory, '%s', into itself, '%s'",
		    fsu_visible(spath), fsu_visible(dpath));
		x.status = FSU_FAIL;
	} else
		copy_entry(&x, CP_CWD, sname, follow, &st, ddirfd, dname);
	free(x.spath.s);
	free(x.dpath.s);
	return x.status;
}
