/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What vnode*.c, namecache.c, namei.c and mount*.c share and drivers don't see.
 *
 * One lock, vcache_lock, guards: the vnode hash and LRU, v_usecount, v_state, the
 * lists of vnodes of mounts, v_mountedhere, the list of mounts and mnt_users, and
 * the name cache (whose entries lead to vnodes that get a reference under it).  It
 * is held for a few instructions, never over a driver's call or an allocation.
 */
#ifndef VFS_VNODE_IMPL_H
#define VFS_VNODE_IMPL_H

#include "vfs/mount.h"
#include "vfs/vnode.h"

extern kmutex_t vcache_lock;
/* Somebody waits for a vnode to leave LOADING, for one to be gone, for a mount's
 * users, or for a mount that is going. */
extern kcondvar_t vcache_cv;

int vcache_init(void);
int namecache_init(void);
void mount_init(void);

/* All with vcache_lock held. */
static inline void
vn_setusecount(struct vnode *vp, uint32_t n)
{
	__atomic_store_n(&vp->v_usecount, n, __ATOMIC_RELAXED);
}
static inline void
vn_addref(struct vnode *vp)
{
	vn_setusecount(vp, vp->v_usecount + 1);
}
void vnode_setstate(struct vnode *vp, enum vnode_state state);
/* One more user for a vnode found in some cache; false: it is on its way out. */
bool vcache_tryref_locked(struct vnode *vp);
void namecache_purge_locked(struct vnode *vp);

/* Only if somebody uses it at this time (readdirplus); NULL else. */
struct vnode *vcache_lookup_active(struct mount *mp, uint64_t ino);
/* The next vnode of mp after prev (whose reference is dropped) that is in use,
 * referenced; NULL at the end. */
struct vnode *vcache_nextactive(struct mount *mp, struct vnode *prev);
/* Is a vnode of mp in use, other than (n times) by the VFS itself? */
bool vcache_busy(struct mount *mp);
/* Get rid of all vnodes of mp; those in use become dead ones (force): true. */
bool vcache_flushmount(struct mount *mp);
/* What vnodes of a mount that was taken away belong to. */
extern struct mount dead_mount;

/* What is below the root of a mount, referenced; NULL: vp is none, or the top. */
struct vnode *vn_below(struct vnode *vp);
/* A mount that can't go away until vfs_unbusy(). */
struct mount *vfs_busy_covering(struct vnode *vp); /* NULL: nothing on it */

#endif /* VFS_VNODE_IMPL_H */
