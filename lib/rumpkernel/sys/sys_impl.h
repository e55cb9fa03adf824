/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the system calls share.  Each has the same form:
 *
 *	int
 *	rump_sys_x(...)
 *	{
 *		struct lwp *l = sys_enter();
 *
 *		if (l == NULL)
 *			return -EINTR;
 *		return sys_leave(l, do_x(...));
 *	}
 *
 * do_x() works with the kernel's convention (0 or a positive errno, results by
 * pointer); addresses that come from the caller are named u-something and are
 * touched by copyin, copyout and uio only.
 */
#ifndef SYS_SYS_IMPL_H
#define SYS_SYS_IMPL_H

#include <rump/rump_syscalls.h>

#include "dev/blkdev.h"
#include "kern/ksched.h"
#include "vfs/filedesc.h"
#include "vfs/genfs.h"
#include "vfs/mount.h"
#include "vfs/namei.h"
#include "vfs/uio.h"
#include "vfs/vnode.h"

/* Into the kernel; NULL: ^C came, the call is not done. */
static inline struct lwp *
sys_enter(void)
{
	struct lwp *l = kern_enter();

	if (unlikely(kern_interrupted)) {
		kern_leave(l);
		return NULL;
	}
	return l;
}
static inline int
sys_leave(struct lwp *l, int error)
{
	kern_leave(l);
	return -error;
}
/* A call that counts. */
static inline int64_t
sys_leave_count(struct lwp *l, int error, uint64_t count)
{
	kern_leave(l);
	return error != 0 ? -error : (int64_t)count;
}

static inline const struct kcred *
sys_cred(void)
{
	return curproc->p_cred;
}
static inline bool
vn_rdonly(const struct vnode *vp)
{
	return (vn_mount(vp)->mnt_flags & RUMP_MNT_RDONLY) != 0;
}

/* Look upath up from dirfd; namei_done(nd) after success. */
int sys_namei(
    struct nameidata *nd, int dirfd, const char *upath, uint32_t flags);
/* The node of a path, referenced.  flags: RUMP_AT_SYMLINK_NOFOLLOW,
 * RUMP_AT_EMPTY_PATH. */
int sys_getvnode(int dirfd, const char *upath, int flags, struct vnode **vpp);
/* Make a node at what nd (namei with PARENT) says, which isn't there.  inherit:
 * a set-group-ID directory gives its group. */
int sys_create(struct nameidata *nd, const struct vcreate *vc, bool inherit,
    struct vnode **vpp);
/* Attributes of a node that the caller makes: mode less umask, its own ids. */
void sys_newattr(struct vattr *va, uint32_t mode, bool umasked);
/* Open vp (reference taken over, also on error) and give it a descriptor. */
int sys_openvnode(struct vnode *vp, int flags, int *fdp);
/* Change what va says after checking that the caller may. */
int sys_setattr(struct vnode *vp, struct vattr *va);
/* Give vp (not a directory) a name. */
int sys_linkvnode(struct vnode *vp, int dirfd, const char *upath);
/* The attributes of a copied-in rump_setattr, checked. */
int sys_vattr(
    const struct rump_setattr *usa, struct mount *mp, struct vattr *va);

#endif /* SYS_SYS_IMPL_H */
