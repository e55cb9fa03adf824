/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open(2), openat(2), close(2), dup(2): Linux's manual pages.  Left out: pipes
 * (opening a FIFO is ENXIO), O_NONBLOCK (nothing blocks).
 */
#include "sys/sys_impl.h"

#define CREATE_TRIES 8 /* somebody removes what we found, again and again */

static uint32_t
open_mode(int flags)
{
	switch (flags & RUMP_O_ACCMODE) {
	case RUMP_O_RDONLY:
		return RUMP_R_OK;
	case RUMP_O_WRONLY:
		return RUMP_W_OK;
	default:
		return RUMP_R_OK | RUMP_W_OK;
	}
}

static int
open_check_type(struct vnode *vp, int flags)
{
	bool writes = (open_mode(flags) & RUMP_W_OK) != 0 ||
	    (flags & RUMP_O_TRUNC) != 0;

	if ((flags & RUMP_O_DIRECTORY) != 0 && vp->v_type != VDIR)
		return ENOTDIR;
	if ((flags & RUMP_O_PATH) != 0)
		return 0;
	switch (vp->v_type) {
	case VREG:
		return 0;
	case VDIR:
		return writes || (flags & RUMP_O_CREAT) != 0 ? EISDIR : 0;
	case VLNK:
		return ELOOP;
	case VBLK:
	case VCHR:
		return vp->v_blkdev != NULL ? 0 : ENXIO;
	default:
		return ENXIO;
	}
}

/* May the caller open it so?  Flags of the node included. */
static int
open_check_access(struct vnode *vp, int flags)
{
	uint32_t mode = open_mode(flags);
	struct rump_stat st;
	int error;

	if ((flags & RUMP_O_TRUNC) != 0)
		mode |= RUMP_W_OK;
	vn_lock(vp, RW_READER);
	error = vop_access(vp, mode, sys_cred());
	if (error == 0 && (mode & RUMP_W_OK) != 0) {
		error = vop_getattr(vp, &st);
		if (error == 0 && (st.st_flags & RUMP_SF_APPENDS) != 0 &&
		    ((flags & RUMP_O_APPEND) == 0 ||
			(flags & RUMP_O_TRUNC) != 0))
			error = EPERM;
	}
	vn_unlock(vp);
	return error;
}

static int
open_truncate(struct vnode *vp)
{
	int error;

	if (vp->v_type != VREG)
		return 0;
	vn_lock(vp, RW_WRITER);
	error = vn_truncate(vp, 0);
	vn_unlock(vp);
	return error;
}

/* A descriptor for vp, which may be opened. */
static int
open_finish(struct vnode *vp, int flags, int *fdp)
{
	struct file *fp;
	int error;

	if ((flags & RUMP_O_PATH) == 0) {
		error = vop_open(vp, flags, sys_cred());
		if (error != 0)
			goto fail;
	}
	error = file_alloc(vp, flags, &fp);
	if (error != 0) {
		if ((flags & RUMP_O_PATH) == 0)
			vop_close(vp, flags, sys_cred());
		goto fail;
	}
	error = fd_install(fp, fdp);
	if (error != 0)
		file_rele(fp);
	return error;
fail:
	vrele(vp);
	return error;
}

int
sys_openvnode(struct vnode *vp, int flags, int *fdp)
{
	int error;

	error = open_check_type(vp, flags);
	if (error == 0 && (flags & RUMP_O_PATH) == 0)
		error = open_check_access(vp, flags);
	if (error == 0 &&
	    (flags & (RUMP_O_TRUNC | RUMP_O_PATH)) == RUMP_O_TRUNC)
		error = open_truncate(vp);
	if (error != 0) {
		vrele(vp);
		return error;
	}
	return open_finish(vp, flags, fdp);
}

static int
open_tmpfile(int dirfd, const char *upath, int flags, uint32_t mode, int *fdp)
{
	struct vattr va = {0};
	struct vcreate vc = {.vc_type = VREG, .vc_attr = &va};
	struct vnode *dvp, *vp;
	int error;

	if ((open_mode(flags) & RUMP_W_OK) == 0)
		return EINVAL;
	error = sys_getvnode(dirfd, upath, 0, &dvp);
	if (error != 0)
		return error;
	sys_newattr(&va, mode, true);
	if (dvp->v_type != VDIR) {
		error = ENOTDIR;
	} else if (vn_rdonly(dvp)) {
		error = EROFS;
	} else {
		vn_lock(dvp, RW_READER);
		error = vop_access(dvp, RUMP_W_OK | RUMP_X_OK, sys_cred());
		if (error == 0)
			error = vop_tmpfile(dvp, &vc, &vp);
		vn_unlock(dvp);
	}
	vrele(dvp);
	return error != 0 ? error : open_finish(vp, flags, fdp);
}

/* With O_CREAT: what is there, or a new file (*newp).  EEXIST: again. */
static int
open_create(int dirfd, const char *upath, int flags, uint32_t mode,
    struct vnode **vpp, bool *newp)
{
	struct vattr va = {0};
	struct vcreate vc = {.vc_type = VREG, .vc_attr = &va};
	bool excl = (flags & RUMP_O_EXCL) != 0;
	struct nameidata nd;
	int error;

	error = sys_namei(&nd, dirfd, upath,
	    NAMEI_PARENT |
		(excl || (flags & RUMP_O_NOFOLLOW) != 0 ? NAMEI_NOFOLLOW : 0));
	if (error != 0)
		return error == ENOENT && nd.nd_trailing_slash ? EISDIR : error;
	*newp = nd.nd_vp == NULL;
	if (nd.nd_vp != NULL && excl) {
		error = EEXIST;
	} else if (nd.nd_vp != NULL) {
		if (nd.nd_trailing_slash)
			error = nd.nd_vp->v_type == VDIR ? EISDIR : ENOTDIR;
		*vpp = nd.nd_vp;
		if (error == 0)
			nd.nd_vp = NULL; /* handed on */
	} else {
		sys_newattr(&va, mode, true);
		vc.vc_inherit = true;
		vc.vc_mode = mode;
		error = sys_create(&nd, &vc, true, vpp);
		if (error == EEXIST && !excl)
			error = EAGAIN;
	}
	namei_done(&nd);
	return error;
}

static int
do_open(int dirfd, const char *upath, int flags, uint32_t mode, int *fdp)
{
	struct vnode *vp = NULL;
	bool isnew = false;
	int error = EAGAIN;

	if ((flags & RUMP_O_ACCMODE) == RUMP_O_ACCMODE)
		return EINVAL;
	if ((flags & RUMP_O_PATH) != 0)
		flags &= RUMP_O_PATH | RUMP_O_DIRECTORY | RUMP_O_NOFOLLOW;
	if ((flags & RUMP_O_TMPFILE) != 0)
		return open_tmpfile(dirfd, upath, flags, mode, fdp);
	if ((flags & RUMP_O_CREAT) == 0) {
		error = sys_getvnode(dirfd, upath,
		    (flags & RUMP_O_NOFOLLOW) != 0 ? RUMP_AT_SYMLINK_NOFOLLOW
						   : 0,
		    &vp);
	} else {
		if ((flags & RUMP_O_DIRECTORY) != 0)
			return EINVAL;
		for (int i = 0; error == EAGAIN && i < CREATE_TRIES; i++)
			error = open_create(
			    dirfd, upath, flags, mode, &vp, &isnew);
	}
	if (error != 0)
		return error;
	/* A file that was just made may be opened in any way. */
	if (isnew)
		return open_finish(vp, flags, fdp);
	return sys_openvnode(vp, flags, fdp);
}

int
rump_sys_openat(int dirfd, const char *path, int flags, uint32_t mode)
{
	struct lwp *l = sys_enter();
	int fd = -1, error;

	if (l == NULL)
		return -EINTR;
	error = do_open(dirfd, path, flags, mode, &fd);
	return (int)sys_leave_count(l, error, (uint64_t)(unsigned)fd);
}

int
rump_sys_open(const char *path, int flags, uint32_t mode)
{
	return rump_sys_openat(RUMP_AT_FDCWD, path, flags, mode);
}

/* Also after ^C: cleaning up has to be possible. */
int
rump_sys_close(int fd)
{
	struct lwp *l = kern_enter();

	return sys_leave(l, fd_close(fd));
}

int
rump_sys_dup(int fd)
{
	struct lwp *l = sys_enter();
	int newfd = -1, error;

	if (l == NULL)
		return -EINTR;
	error = fd_dup(fd, &newfd);
	return (int)sys_leave_count(l, error, (uint64_t)(unsigned)newfd);
}
