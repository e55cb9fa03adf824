/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Path lookup, and the name cache under it.
 */
#ifndef VFS_NAMEI_H
#define VFS_NAMEI_H

#include "vfs/vnode.h"

#define NAMEI_NOFOLLOW 0x01 /* a symlink at the end is the answer */
#define NAMEI_PARENT 0x02   /* nd_dvp and nd_last too; the end may be missing */
#define NAMEI_CREATEDIR 0x04 /* the end may have a trailing slash though missing */
#define NAMEI_NOMOUNT 0x08  /* don't cross into what is mounted on the end */

struct nameidata {
	/* in */
	const char *nd_path; /* kernel memory, NUL-terminated */
	struct vnode *nd_start; /* for relative paths; NULL: current directory */
	uint32_t nd_flags;
	/* out: referenced, unlocked */
	struct vnode *nd_vp;  /* NULL with PARENT: not there */
	struct vnode *nd_dvp; /* with PARENT */
	struct componentname nd_last;
	bool nd_trailing_slash;
	/* its own */
	char nd_buf[RUMP_PATH_MAX];
	char nd_name[RUMP_NAME_MAX + 1];
};
/* ENOENT ENOTDIR ELOOP ENAMETOOLONG EACCES EINTR and what drivers say.  With
 * PARENT the last component "." gives EINVAL, ".." EINVAL-or-as-rename wants it:
 * nd_last says what it was. */
int namei(struct nameidata *nd);
void namei_done(struct nameidata *nd); /* drops nd_vp and nd_dvp */

/* ---- name cache: (directory, folded name) -> vnode, or "is not there" ---- */
/* 0: *vpp referenced, or NULL for a negative entry; ENOENT: not cached. */
int namecache_lookup(struct vnode *dvp, const struct componentname *cn,
    struct vnode **vpp);
void namecache_enter(struct vnode *dvp, const struct componentname *cn,
    struct vnode *vp); /* vp NULL: negative */
void namecache_remove(struct vnode *dvp, const struct componentname *cn);
void namecache_purge(struct vnode *vp); /* all about it, as parent and child */
void namecache_purgemount(struct mount *mp);

#endif /* VFS_NAMEI_H */
