/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Path lookup.
 *
 * The path is in nd_buf, where components are cut out in place (a NUL over the
 * slash) and a symlink's target replaces the link; nothing is allocated, and no
 * more is copied than the path has bytes.  One vnode is held referenced while
 * walking, two for PARENT; a lock is held only inside of one lookup.
 *
 * ".." does not leave the process's root; at the root of a mount it goes on from
 * the directory that the mount covers.  A directory that something is mounted on
 * leads to that mount's root, as often as mounts are stacked.
 *
 * Implements POSIX.1 pathname resolution, with Linux's choices: a trailing slash
 * wants a directory, and makes a symlink in front of it be followed.
 */
#include "kern/klog.h"
#include "kern/kstring.h"
#include "vfs/filedesc.h"
#include "vfs/namei.h"
#include "vfs/vnode_impl.h"

/* The walk's own state. */
struct walk {
	struct nameidata *nd;
	struct vnode *root; /* of the process; its filedesc's reference */
	struct vnode *dp;   /* where we are, referenced */
	const struct kcred *cred;
	char *next;	/* the rest of the path */
	unsigned links; /* followed so far */
};

int
vn_lookup(struct vnode *dvp, const struct componentname *cn, struct vnode **vpp)
{
	int error;

	error = namecache_lookup(dvp, cn, vpp);
	if (error == 0)
		return *vpp != NULL ? 0 : ENOENT;
	error = vop_lookup(dvp, cn, vpp);
	if (error == 0)
		namecache_enter(dvp, cn, *vpp);
	else if (error == ENOENT)
		namecache_enter(dvp, cn, NULL);
	return error;
}

static int
may_search(struct vnode *dvp, const struct kcred *cred)
{
	int error;

	if (likely(cred_is_root(cred)))
		return 0;
	vn_lock(dvp, RW_READER);
	error = vop_access(dvp, RUMP_X_OK, cred);
	vn_unlock(dvp);
	return error;
}

struct vnode *
vn_below(struct vnode *rvp)
{
	struct vnode *cover = NULL;

	if ((rvp->v_flags & VV_ROOT) == 0)
		return NULL;
	mutex_enter(&vcache_lock);
	cover = rvp->v_mount->mnt_covered;
	if (cover != NULL)
		cover->v_usecount++;
	mutex_exit(&vcache_lock);
	return cover;
}

/* From a covered directory up to what is mounted there: swaps the reference. */
static int
cross_up(struct vnode **vpp)
{
	struct mount *mp;
	struct vnode *rvp;
	int error;

	while (unlikely((mp = vfs_busy_covering(*vpp)) != NULL)) {
		error = vfs_root(mp, &rvp);
		vfs_unbusy(mp);
		if (error != 0)
			return error;
		vrele(*vpp);
		*vpp = rvp;
	}
	return 0;
}

static int
lookup_dotdot(
    struct walk *w, const struct componentname *cn, struct vnode **vpp)
{
	struct vnode *dp, *below;
	int error;

	if (w->dp == w->root) {
		vref(w->dp);
		*vpp = w->dp;
		return 0;
	}
	dp = w->dp;
	vref(dp);
	while (dp != w->root && (below = vn_below(dp)) != NULL) {
		vrele(dp);
		dp = below;
	}
	if (dp == w->root || (dp->v_flags & VV_ROOT) != 0) {
		*vpp = dp;
		return 0;
	}
	vn_lock(dp, RW_READER);
	error = vop_lookup(dp, cn, vpp);
	vn_unlock(dp);
	vrele(dp);
	return error;
}

static int
lookup_one(struct walk *w, const struct componentname *cn, struct vnode **vpp)
{
	const struct namespec *ns = vn_mount(w->dp)->mnt_namespec;
	int error;

	error = namecache_lookup(w->dp, cn, vpp);
	if (error == 0)
		return *vpp != NULL ? 0 : ENOENT;
	if (ns->ns_encoding == NAME_BYTES && cn->cn_len > ns->ns_maxlen)
		return ENAMETOOLONG;
	vn_lock(w->dp, RW_READER);
	error = vn_lookup(w->dp, cn, vpp);
	vn_unlock(w->dp);
	return error;
}

static bool
is_dotdot(const struct componentname *cn)
{
	return cn->cn_len == 2 && cn->cn_name[0] == '.' &&
	    cn->cn_name[1] == '.';
}

static bool
is_dot(const struct componentname *cn)
{
	return cn->cn_len == 1 && cn->cn_name[0] == '.';
}

/* Go back to the start: the process's root, or what is mounted on it. */
static int
walk_toroot(struct walk *w)
{
	if (w->dp != NULL)
		vrele(w->dp);
	vref(w->root);
	w->dp = w->root;
	return cross_up(&w->dp);
}

/*
 * Put the symlink's target in front of the rest of the path.  The rest goes to the
 * end of nd_buf first, and the target is read into what is left in front of it.
 * slash: the component was followed by one.
 */
static int
follow(struct walk *w, struct vnode *vp, bool slash)
{
	char *buf = w->nd->nd_buf;
	size_t rest = kstrlen(w->next) + 1, room, len;
	struct rumpuser_iov iov;
	struct uio uio;
	int error;

	if (++w->links > RUMP_SYMLOOP_MAX)
		return ELOOP;
	if (kern_interrupted)
		return EINTR;
	if (rest >= sizeof(w->nd->nd_buf) - 1)
		return ENAMETOOLONG;
	memmove(buf + sizeof(w->nd->nd_buf) - rest, w->next, rest);
	room = sizeof(w->nd->nd_buf) - rest - 1; /* 1: the slash */
	iov.iov_base = buf;
	iov.iov_len = room;
	uio_init(&uio, &iov, 1, 0, UIO_READ);
	vn_lock(vp, RW_READER);
	error = vop_readlink(vp, &uio);
	vn_unlock(vp);
	if (error != 0)
		return error;
	len = room - uio.uio_resid;
	if (len == 0)
		return ENOENT;
	if (len == room)
		return ENAMETOOLONG;
	if (kmemchr(buf, '\0', len) != NULL)
		return EUCLEAN; /* no such path can be */
	if (slash)
		buf[len++] = '/';
	memmove(buf + len, buf + sizeof(w->nd->nd_buf) - rest, rest);
	w->next = buf;
	return buf[0] == '/' ? walk_toroot(w) : 0;
}

/* Cut the next component out of the path; false: there is none.  *slashp: slashes
 * follow, *lastp: nothing else does. */
static bool
next_component(
    struct walk *w, struct componentname *cn, bool *slashp, bool *lastp)
{
	char *p = w->next, *q;

	while (*p == '/')
		p++;
	if (*p == '\0')
		return false;
	for (q = p; *q != '/' && *q != '\0'; q++)
		continue;
	cn->cn_name = p;
	cn->cn_len = (size_t)(q - p);
	*slashp = *q == '/';
	if (*slashp) {
		*q++ = '\0';
		while (*q == '/')
			q++;
	}
	*lastp = *q == '\0';
	w->next = q;
	return true;
}

/* The last component with PARENT: hand out what there is. */
static void
hand_out_parent(
    struct walk *w, const struct componentname *cn, struct vnode *vp)
{
	struct nameidata *nd = w->nd;

	nd->nd_last = *cn;
	nd->nd_lasttype = is_dot(cn) ? NL_DOT
	    : is_dotdot(cn)	     ? NL_DOTDOT
				     : NL_NORM;
	nd->nd_vp = vp;
	nd->nd_dvp = w->dp;
	w->dp = NULL;
}

/* The component's vnode (referenced).  *done: the walk is over. */
static int
walk_one(struct walk *w, bool *done)
{
	struct nameidata *nd = w->nd;
	struct componentname cn = {.cn_cred = w->cred};
	struct vnode *vp = NULL;
	bool slash, last, parent;
	int error;

	if (!next_component(w, &cn, &slash, &last)) {
		*done = true;
		return 0;
	}
	if (unlikely(w->dp->v_type != VDIR))
		return ENOTDIR;
	if (unlikely(cn.cn_len > RUMP_NAME_MAX))
		return ENAMETOOLONG;
	parent = last && (nd->nd_flags & NAMEI_PARENT) != 0;
	nd->nd_trailing_slash = last && slash;
	error = may_search(w->dp, w->cred);
	if (error != 0)
		return error;
	if (is_dot(&cn)) {
		vref(w->dp);
		vp = w->dp;
	} else if (is_dotdot(&cn)) {
		error = lookup_dotdot(w, &cn, &vp);
	} else {
		error = lookup_one(w, &cn, &vp);
	}
	if (error == ENOENT && parent &&
	    (!slash || (nd->nd_flags & NAMEI_CREATEDIR) != 0)) {
		hand_out_parent(w, &cn, NULL);
		*done = true;
		return 0;
	}
	if (error != 0)
		return error;
	if ((vp->v_flags & VV_SYSTEM) != 0) {
		vrele(vp);
		return EUCLEAN; /* a name leads to what is the driver's own */
	}
	if (vp->v_type == VLNK &&
	    (!last || (nd->nd_flags & NAMEI_NOFOLLOW) == 0 ||
		(slash && !parent))) {
		error = follow(w, vp, slash);
		vrele(vp);
		return error;
	}
	if (vn_covered(vp) && (!last || (nd->nd_flags & NAMEI_NOMOUNT) == 0)) {
		error = cross_up(&vp);
		if (error != 0) {
			vrele(vp);
			return error;
		}
	}
	if (parent) {
		hand_out_parent(w, &cn, vp);
		*done = true;
		return 0;
	}
	vrele(w->dp);
	w->dp = vp;
	if (slash && vp->v_type != VDIR)
		return ENOTDIR;
	return 0;
}

int
namei(struct nameidata *nd)
{
	struct walk w = {.nd = nd, .cred = curproc->p_cred};
	bool done = false;
	int error = 0;

	nd->nd_vp = nd->nd_dvp = NULL;
	nd->nd_trailing_slash = false;
	nd->nd_lasttype = NL_NORM;
	nd->nd_last = (struct componentname){.cn_name = "", .cn_cred = w.cred};
	if (nd->nd_path != nd->nd_buf &&
	    kstrlcpy(nd->nd_buf, nd->nd_path, sizeof(nd->nd_buf)) >=
		sizeof(nd->nd_buf))
		return ENAMETOOLONG;
	if (nd->nd_buf[0] == '\0')
		return ENOENT;
	w.next = nd->nd_buf;
	w.root = fd_root_ref();
	if (nd->nd_buf[0] == '/') {
		error = walk_toroot(&w);
	} else if (nd->nd_start != NULL) {
		vref(nd->nd_start);
		w.dp = nd->nd_start;
	} else {
		w.dp = fd_cwd_ref();
	}
	while (!done && error == 0)
		error = walk_one(&w, &done);
	if (error == 0 && w.dp != NULL) {
		if ((nd->nd_flags & NAMEI_PARENT) != 0) {
			nd->nd_lasttype = NL_ROOT;
			vref(w.dp);
			nd->nd_dvp = w.dp;
		}
		nd->nd_vp = w.dp;
	} else if (w.dp != NULL) {
		vrele(w.dp);
	}
	vrele(w.root);
	return error;
}

void
namei_done(struct nameidata *nd)
{
	if (nd->nd_vp != NULL)
		vrele(nd->nd_vp);
	if (nd->nd_dvp != NULL)
		vrele(nd->nd_dvp);
	nd->nd_vp = nd->nd_dvp = NULL;
}
