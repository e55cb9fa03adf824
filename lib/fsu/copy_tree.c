/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy engine: one operand with all below it.
 *
 * Directories are open on both sides while they are copied, and everything is
 * named relative to them.  A directory's attributes are set when it is full.  The
 * source may be hostile: a directory that contains itself ends at an ancestor
 * with the same number, a directory with two names is copied once, and a name that
 * stands twice is an error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "copy_impl.h"
#include "fmt.h"
#include "fsu_impl.h"
#include "progress.h"

#define LINK_BYTES RUMP_PATH_MAX

/* What a copy returns, beside a status. */
#define LEFT	 (-1) /* it isn't wanted, and stays */
#define NOT_DONE (-2)

/* ---- messages ---- */

static int
failed(struct cp_ctx *x, bool of_target, int error)
{
	x->status = FSU_FAIL;
	cp_move_left(x);
	if (error == -RUMP_EUCLEAN && !x->c->dst.image)
		of_target = false; /* only an image is damaged so */
	cp_error(x->c, of_target ? x->dpath.s : x->spath.s, of_target, error);
	return FSU_FAIL;
}

static void
tell(const struct cp_ctx *x)
{
	if (!x->c->o->verbose)
		return;
	fsu_progress_hide(); /* it may be the same terminal */
	printf(
	    "%s -> %s\n", fsu_quote_msg(x->spath.s), fsu_quote_msg(x->dpath.s));
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
 * Copying trees, hard links are kept: a file with other names gets a new inode, or
 * these would change with it, though they may be files of their own in the source.
 */
static bool
shared_with_others(struct cp_ctx *x, int ddirfd, const char *dname,
    const struct rump_stat *dst)
{
	struct cp *c = x->c;
	struct rump_stat st;

	return (c->o->recursive || c->o->move) && dst->st_nlink > 1 &&
	    (dst->st_mode & RUMP_S_IFMT) == RUMP_S_IFREG &&
	    (!x->follow_target ||
		(c->dst.ops->stat(&c->dst, ddirfd, dname, false, &st) == 0 &&
		    (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFREG));
}

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

	if (x->fresh)
		return V_MAKE;
	r = c->dst.ops->stat(&c->dst, ddirfd, dname, x->follow_target, dst);
	if (r == -RUMP_ENOENT && x->follow_target)
		r = c->dst.ops->stat(&c->dst, ddirfd, dname, false, dst);
	if (r == -RUMP_ENOENT)
		return V_MAKE;
	if (r != 0) {
		failed(x, true, r);
		return V_FAILED;
	}
	if (o->noclobber)
		return V_SKIP;
	if (cp_move_made(x)) {
		fsu_errorf(c->f, "will not overwrite just-created %s with %s",
		    fsu_quote_msg(x->dpath.s), fsu_quote_msg(x->spath.s));
		cp_move_left(x);
		x->status = FSU_FAIL;
		return V_FAILED;
	}
	if (c->src.image == c->dst.image && c->src.ukfs == c->dst.ukfs &&
	    dst->st_dev == st->st_dev && dst->st_ino == st->st_ino) {
		if (o->hardlink)
			return V_SKIP; /* it is what was wanted */
		fsu_errorf(c->f, "%s and %s are the same file",
		    fsu_quote_msg(x->spath.s), fsu_quote_msg(x->dpath.s));
		x->status = FSU_FAIL;
		return V_FAILED;
	}
	if (is_image(c, &c->dst, dst)) {
		fsu_errorf(c->f, "%s: is the image itself",
		    fsu_quote_maybe(x->dpath.s));
		x->status = FSU_FAIL;
		return V_FAILED;
	}
	if (o->update && !newer(&st->st_mtim, &dst->st_mtim))
		return V_SKIP;
	if ((dst->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR) {
		failed(x, true, RUMP_EISDIR);
		return V_FAILED;
	}
	if ((o->hardlink || o->symlink) && !o->force && !o->interactive) {
		failed(x, true, RUMP_EEXIST);
		return V_FAILED;
	}
	if (o->interactive &&
	    !fsu_confirm("overwrite %s? ", fsu_quote_msg(x->dpath.s)))
		return V_SKIP;
	reg = (st->st_mode & RUMP_S_IFMT) == RUMP_S_IFREG;
	if (reg && !shared_with_others(x, ddirfd, dname, dst) && !o->hardlink &&
	    !o->symlink &&
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
	r = c->dst.ops->fill(
	    &c->dst, dfd, &c->src, sfd, c->stream_fd >= 0 ? NULL : st);
	late = *a;
	if (r == 0 && cp_wants_flags(c, st)) {
		late.flags = c->src.ops->getflags(&c->src, sfd, st);
		late.mask |= late.flags != 0 ? CP_FLAGS : 0;
	}
	if (c->dst.image) /* the rest it has from the start */
		late.mask &= CP_TIMES | CP_FLAGS;
	if (r == 0 && c->o->preserve && c->dst.image)
		r = cp_copy_xattrs(x, sfd, sdirfd, sname, dfd, ddirfd, dname);
	if (r == 0 && c->o->preserve && !c->dst.image) {
		/* A change of owner would drop capabilities: attributes after it. */
		struct cp_attr first = late;

		first.mask &= CP_OWNER | CP_MODE;
		late.mask &= ~(CP_OWNER | CP_MODE);
		r = c->dst.ops->setattr(&c->dst, dfd, ddirfd, dname, &first);
		if (r == 0)
			r = cp_copy_xattrs(
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

/*
 * A file that was there and has its new content: what -p and its like ask for.  The
 * content went through a symlink that DEST is, and so must this.
 */
static int
dress_old(struct cp_ctx *x, int sfd, const char *sname, int sdirfd, int ddirfd,
    const char *dname, const struct rump_stat *old, struct cp_attr *a)
{
	struct cp *c = x->c;
	struct cp_attr first;
	struct rump_stat st;
	int dfd, r;

	cp_attributes_of_old(c, a);
	if (a->mask == 0 && !c->o->preserve)
		return 0;
	dfd = -1;
	if (x->follow_target && (old->st_mode & RUMP_S_IFMT) == RUMP_S_IFREG &&
	    c->dst.ops->stat(&c->dst, ddirfd, dname, false, &st) == 0 &&
	    (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK) {
		dfd = c->dst.ops->openfile(&c->dst, ddirfd, dname, true);
		if (dfd < 0)
			return dfd;
		ddirfd = CP_CWD; /* it isn't in there */
	}
	/* A change of owner drops capabilities: attributes after it. */
	first = *a;
	first.mask &= CP_OWNER | CP_MODE;
	a->mask &= ~(CP_OWNER | CP_MODE);
	r = c->dst.ops->setattr(&c->dst, dfd, ddirfd, dname, &first);
	if (r == 0 && c->o->preserve)
		r = cp_copy_xattrs(x, sfd, sdirfd, sname, dfd, ddirfd, dname);
	if (r == 0)
		r = c->dst.ops->setattr(&c->dst, dfd, ddirfd, dname, a);
	if (dfd >= 0)
		c->dst.ops->close(&c->dst, dfd);
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
		    fsu_quote_maybe(x->spath.s));
		return LEFT;
	}
	v = clear_way(x, st, ddirfd, dname, &dst);
	if (v == V_SKIP)
		return LEFT;
	if (v == V_FAILED)
		return FSU_FAIL;
	if (c->stream_fd >= 0)
		sfd = dup(c->stream_fd);
	else
		sfd = c->src.ops->openfile(&c->src, sdirfd, sname, follow);
	if (sfd < 0)
		return failed(x, false, sfd);
	cp_attributes(c, st, &a);
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
		else if (r == 0)
			r = dress_old(
			    x, sfd, sname, sdirfd, ddirfd, dname, &dst, &a);
	}
	if (v == V_MAKE)
		r = make_file(x, sfd, st, sname, sdirfd, ddirfd, dname, &a);
	c->src.ops->close(&c->src, sfd);
	r = r == 0 ? FSU_OK : failed(x, true, r);
	c->need = 0;
	c->replacing = false;
	fsu_progress_file();
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
		return LEFT;
	case V_FAILED:
		return FSU_FAIL;
	case V_REPLACE:
	case V_MAKE:
		break;
	}
	cp_attributes(c, st, &a);
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
		r = cp_copy_xattrs(x, -1, sdirfd, sname, -1, ddirfd, dname);
	if (r == 0 && !(c->dst.image && !c->o->preserve))
		r = c->dst.ops->setattr(&c->dst, -1, ddirfd, dname, &a);
	if (r != 0)
		return failed(x, true, r);
	fsu_progress_file();
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
		    fsu_quote_maybe(x->dpath.s));
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
		if (i > 0 && strcmp(name, list.ent[i - 1].name) == 0) {
			fsu_errorf(c->f, "%s: stands twice in its directory",
			    fsu_quote_maybe(x->spath.s));
			x->status = FSU_FAIL;
		} else if (r != 0)
			failed(x, false, r);
		else if (!(c->o->onefs && st.st_dev != dirst->st_dev))
			copy_entry(x, sfd, name, follow, &st, dfd, name);
		else
			cp_move_left(x);
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
static bool
finish_dir(struct cp_ctx *x, int sfd, const struct rump_stat *st, int dfd,
    struct cp_attr *a, bool made)
{
	struct cp *c = x->c;
	int r;

	if (!made)
		cp_attributes_of_old(c, a);
	else if (!c->dst.image && (st->st_mode & 0700) != 0700)
		a->mask |= CP_MODE;
	r = 0;
	if (c->o->preserve) {
		struct cp_attr first = *a;

		first.mask &= CP_OWNER;
		r = c->dst.ops->setattr(&c->dst, dfd, -1, NULL, &first);
		a->mask &= ~CP_OWNER;
		if (r == 0)
			r = cp_copy_xattrs(x, sfd, -1, NULL, dfd, -1, NULL);
		if (cp_wants_flags(c, st)) {
			a->flags = c->src.ops->getflags(&c->src, sfd, st);
			a->mask |= a->flags != 0 ? CP_FLAGS : 0;
		}
	}
	if (r == 0 && (!c->dst.image || c->o->preserve || !made))
		r = c->dst.ops->setattr(&c->dst, dfd, -1, NULL, a);
	if (r != 0)
		failed(x, true, r);
	return r == 0;
}

static void
copy_dir(struct cp_ctx *x, int sdirfd, const char *sname, bool follow,
    const struct rump_stat *st, int ddirfd, const char *dname)
{
	struct cp *c = x->c;
	const struct cp_dir *up;
	struct cp_attr a;
	bool made, keep, fresh;
	int sfd, dfd;

	for (up = x->dir; up != NULL; up = up->up)
		if (up->dev == st->st_dev && up->ino == st->st_ino) {
			failed(x, false,
			    c->o->deref == 'L' ? RUMP_ELOOP : RUMP_EUCLEAN);
			return;
		}
	if (c->src.image && c->o->deref != 'L' &&
	    ukfs_seen_add(&x->seen, st->st_dev, st->st_ino) == 0) {
		fsu_errorf(c->f, "%s: a directory that has another name too",
		    fsu_quote_maybe(x->spath.s));
		x->status = FSU_FAIL;
		return;
	}
	sfd = c->src.ops->opendir(&c->src, sdirfd, sname, follow);
	if (sfd < 0) {
		failed(x, false, sfd);
		return;
	}
	cp_attributes(c, st, &a);
	dfd = make_dir(x, ddirfd, dname, &a, &made);
	if (dfd < 0) {
		failed(x, true, dfd);
		c->src.ops->close(&c->src, sfd);
		return;
	}
	if (made)
		tell(x);
	cp_move_target(c, dfd);
	keep = x->follow_target;
	fresh = x->fresh;
	x->follow_target = false; /* below DEST never */
	x->fresh = made;
	copy_entries(x, sfd, dfd, st);
	x->follow_target = keep;
	x->fresh = fresh;
	if (finish_dir(x, sfd, st, dfd, &a, made))
		cp_move_note(x, st, strcmp(dname, ".") == 0);
	c->dst.ops->close(&c->dst, dfd);
	c->src.ops->close(&c->src, sfd);
}

/* A file that was copied under another name gets this one too: what else the copies
 * return, or NOT_DONE. */
static int
copy_link(
    struct cp_ctx *x, const struct rump_stat *st, int ddirfd, const char *dname)
{
	struct rump_stat dst;
	int r;

	if (cp_links_have(x, st)) {
		switch (clear_way(x, st, ddirfd, dname, &dst)) {
		case V_SKIP:
			return LEFT;
		case V_FAILED:
			return FSU_FAIL;
		case V_REPLACE:
		case V_MAKE:
			break;
		}
	}
	r = cp_try_link(x, st, ddirfd, dname);
	if (r == 0)
		return NOT_DONE;
	if (r < 0)
		return failed(x, true, r);
	tell(x);
	return FSU_OK;
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
	r = links ? copy_link(x, st, ddirfd, dname) : NOT_DONE;
	if (r != NOT_DONE)
		links = false;
	else if (type == RUMP_S_IFREG ||
	    (!c->o->recursive && !c->o->move && !c->src.image &&
		type != RUMP_S_IFLNK))
		r = copy_file(x, sdirfd, sname, follow, st, ddirfd, dname);
	else
		r = copy_node(x, sdirfd, sname, st, ddirfd, dname);
	if (links && r == FSU_OK)
		cp_links_add(x, st);
	if (r == FSU_OK)
		cp_move_note(x, st, false);
	else if (r == LEFT)
		cp_move_left(x);
}

/* ---- an operand ------------------------------------------------------------------------ */

/* Is the target the source directory, or inside of it?  Both in one image. */
static bool
into_itself(
    struct cp *c, const struct rump_stat *src, int ddirfd, const char *dname)
{
	struct rump_stat st, up;
	int fd, next, i;
	bool inside;

	if (!c->src.image || c->src.ukfs != c->dst.ukfs)
		return false;
	if (c->dst.ops->stat(&c->dst, ddirfd, dname, true, &st) == 0 &&
	    st.st_dev == src->st_dev && st.st_ino == src->st_ino)
		return true;
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
	/* A move replaces a symlink that is in its way. */
	struct cp_ctx x = {.c = c,
	    .topfd = ddirfd,
	    .follow_target = follow_target &&
		(c->moved == NULL || strcmp(dname, ".") == 0)};
	struct rump_stat st;
	bool follow;
	int r;

	cp_move_target(c, ddirfd);
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
		    "%s: is a directory (-R copies it)",
		    fsu_quote_maybe(spath));
		x.status = FSU_FAIL;
	} else if ((st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR &&
	    into_itself(c, &st, ddirfd, dname)) {
		fsu_errorf(c->f, "cannot copy a directory, %s, into itself, %s",
		    fsu_quote_msg(spath), fsu_quote_msg(dpath));
		x.status = FSU_FAIL;
	} else
		copy_entry(&x, CP_CWD, sname, follow, &st, ddirfd, dname);
	free(x.spath.s);
	free(x.dpath.s);
	ukfs_seen_free(&x.seen);
	return x.status;
}
