/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy engine: what a new node gets beside its content, and what is said when
 * that fails.
 */
#include <string.h>

#include "copy_impl.h"
#include "fmt.h"

#define XBUF_BYTES (2u * RUMP_XATTR_SIZE_MAX) /* a list of names, and a value */

/* ---- attributes --------------------------------------------------------------------- */

/* What the new node is to get. */
void
cp_attributes(const struct cp *c, const struct rump_stat *st, struct cp_attr *a)
{
	const struct fsu_copyopts *o = c->o;
	uint32_t perms;

	memset(a, 0, sizeof(*a));
	a->mode = st->st_mode;
	a->atime = st->st_atim;
	a->mtime = st->st_mtim;
	if (o->preserve) {
		a->mask = CP_MODE | CP_OWNER | CP_TIMES;
		a->uid = st->st_uid;
		a->gid = st->st_gid;
	} else {
		/* Directories stay sticky, as with GNU's cp. */
		perms = (st->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR ? 01777
								    : 0777;
		a->mode = (st->st_mode & RUMP_S_IFMT) |
		    (st->st_mode & perms & ~(c->umask));
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
void
cp_attributes_of_old(const struct cp *c, struct cp_attr *a)
{
	const struct fsu_copyopts *o = c->o;

	if (!o->preserve) {
		a->mask &= (o->set_mode ? CP_MODE : 0) |
		    (o->set_uid && o->set_gid ? CP_OWNER : 0);
	}
}

/* Attributes that are names and values. */
int
cp_copy_xattrs(struct cp_ctx *x, int sfd, int sdirfd, const char *sname,
    int dfd, int ddirfd, const char *dname)
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

bool
cp_wants_flags(const struct cp *c, const struct rump_stat *st)
{
	return c->o->preserve && (!c->src.image || st->st_flags != 0);
}

/* ---- messages ------------------------------------------------------------------------- */

void
cp_error(struct cp *c, const char *path, bool of_target, int error)
{
	char need[32] = "an inode or a block";
	struct fsu *f;

	error = error < 0 ? -error : error;
	f = of_target && c->dst.image ? c->df : c->src.image ? c->f : NULL;
	if (of_target && !c->dst.image)
		f = NULL;
	if (error == RUMP_ENOSPC && of_target && c->dst.image) {
		if (c->need > 0)
			snprintf(need, sizeof(need), "%llu bytes",
			    (unsigned long long)c->need);
		fsu_errorf(f, "%s: %s%s", fsu_quote_maybe(path),
		    fsu_no_room(f, error, need),
		    c->replacing && !c->o->inplace
			? "; --in-place overwrites the old content at once"
			: "");
	} else if (error == RUMP_ELOOP && of_target && !c->dst.image)
		fsu_msg("%s: is a symbolic link, which is not followed (-f "
			"replaces it)",
		    fsu_quote_maybe(path));
	else
		fsu_error(f, path, error);
	if (error == RUMP_ENOSPC && of_target && !c->dst.image)
		c->fatal = true; /* nothing else will fit either */
}
