/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Path lookup, and the name cache under it.
 */
#ifndef VFS_NAMEI_H
#define VFS_NAMEI_H

#include "vfs/vnode.h"

#define NAMEI_NOFOLLOW 0x01 /* a symlink at the end is the answer */
#define NAMEI_PARENT   0x02 /* nd_dvp and nd_last too; the end may be missing */
#define NAMEI_CREATEDIR \
	0x04 /* the end may have a trailing slash though missing */
#define NAMEI_NOMOUNT 0x08 /* don't cross into what is mounted on the end */

enum namei_last { /* with PARENT: what the last component is */
	NL_NORM,
	NL_ROOT, /* the path is "/": no component at all */
	NL_DOT,
	NL_DOTDOT,
};

struct nameidata {
	/* in */
	const char *nd_path; /* kernel memory, NUL-terminated; may be nd_buf */
	/* For relative paths, referenced by the caller; NULL: current directory. */
	struct vnode *nd_start;
	uint32_t nd_flags;
	/* out: referenced, unlocked */
	struct vnode *nd_vp;	      /* NULL with PARENT: not there */
	struct vnode *nd_dvp;	      /* with PARENT */
	struct componentname nd_last; /* points into nd_buf */
	enum namei_last nd_lasttype;
	bool nd_trailing_slash;
	/* its own; not initialized by anybody */
	char nd_buf[RUMP_PATH_MAX];
};
/*
 * ENOENT ENOTDIR ELOOP ENAMETOOLONG EACCES EINTR and what drivers say.  With
 * PARENT the last component may be missing (nd_vp NULL), or be "/", "." or ".."
 * (nd_lasttype; nd_dvp is then where the walk stood): what that means is for the
 * caller.  With PARENT|NOFOLLOW a symlink is the answer even before a slash.
 */
int namei(struct nameidata *nd);
void namei_done(struct nameidata *nd); /* drops nd_vp and nd_dvp */

/* One name in dvp (R or W locked), through the name cache.  ENOENT.  ".." stays
 * inside the mount. */
int vn_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp);

/* ---- name cache: (directory, folded name) -> vnode, or "is not there" ---- */
/* 0: *vpp referenced, or NULL for a negative entry; ENOENT: not cached. */
int namecache_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp);
void namecache_enter(struct vnode *dvp, const struct componentname *cn,
    struct vnode *vp); /* vp NULL: negative */
void namecache_remove(struct vnode *dvp, const struct componentname *cn);
void namecache_purge(struct vnode *vp); /* all about it, as parent and child */
void namecache_purgemount(struct mount *mp);

#endif /* VFS_NAMEI_H */
