/* SPDX-License-Identifier: BSD-2-Clause */
/* What the system calls share: looking paths up, making nodes. */
#include "sys/sys_impl.h"

int
sys_namei(struct nameidata *nd, int dirfd, const char *upath, uint32_t flags)
{
	struct file *fp = NULL;
	int error;

	nd->nd_path = nd->nd_buf;
	nd->nd_start = NULL;
	nd->nd_flags = flags;
	error = copyinstr(upath, nd->nd_buf, sizeof(nd->nd_buf), NULL);
	if (error != 0)
		return error;
	if (dirfd != RUMP_AT_FDCWD && nd->nd_buf[0] != '/') {
		error = fd_getfile(dirfd, true, &fp);
		if (error != 0)
			return error;
		nd->nd_start = fp->f_vp;
	}
	error = namei(nd);
	if (fp != NULL)
		file_rele(fp);
	return error;
}

static int
getvnode_fd(int fd, struct vnode **vpp)
{
	struct file *fp;
	int error;

	if (fd == RUMP_AT_FDCWD) {
		*vpp = fd_cwd_ref();
		return 0;
	}
	error = fd_getfile(fd, true, &fp);
	if (error != 0)
		return error;
	vref(fp->f_vp);
	*vpp = fp->f_vp;
	file_rele(fp);
	return 0;
}

int
sys_getvnode(int dirfd, const char *upath, int flags, struct vnode **vpp)
{
	struct nameidata nd;
	char first = '\0';
	int error;

	/* No path at all is as good as an empty one here. */
	if ((flags & RUMP_AT_EMPTY_PATH) != 0 &&
	    (copyin(upath, &first, 1) != 0 || first == '\0'))
		return getvnode_fd(dirfd, vpp);
	error = sys_namei(&nd, dirfd, upath,
	    (flags & RUMP_AT_SYMLINK_NOFOLLOW) != 0 ? NAMEI_NOFOLLOW : 0);
	if (error == 0)
		*vpp = nd.nd_vp;
	return error;
}

void
sys_newattr(struct vattr *va, uint32_t mode, bool umasked)
{
	va->va_mask = VA_MODE | VA_UID | VA_GID;
	va->va_mode = mode & RUMP_ALLPERMS;
	if (umasked)
		va->va_mode &= ~fd_umask();
	va->va_uid = sys_cred()->cr_uid;
	va->va_gid = sys_cred()->cr_gid;
}

/* dvp is W locked, the name isn't there. */
static int
create_locked(struct vnode *dvp, const struct componentname *cn,
    const struct vcreate *vc, bool inherit, struct vnode **vpp)
{
	struct vattr va = *vc->vc_attr;
	struct vcreate mine = *vc;
	struct rump_stat dst;
	int error;

	error = vop_access(dvp, RUMP_W_OK | RUMP_X_OK, cn->cn_cred);
	if (error != 0)
		return error;
	if (inherit) {
		error = vop_getattr(dvp, &dst);
		if (error != 0)
			return error;
		if ((dst.st_mode & RUMP_S_ISGID) != 0) {
			va.va_gid = dst.st_gid;
			if (vc->vc_type == VDIR)
				va.va_mode |= RUMP_S_ISGID;
		}
	}
	mine.vc_attr = &va;
	return vop_create(dvp, cn, &mine, vpp);
}

int
sys_create(struct nameidata *nd, const struct vcreate *vc, bool inherit,
    struct vnode **vpp)
{
	struct vnode *dvp = nd->nd_dvp, *there = NULL;
	const struct componentname *cn = &nd->nd_last;
	int error;

	if (vn_rdonly(dvp))
		return EROFS;
	error = vn_mount(dvp)->mnt_namespec->ns_valid(cn->cn_name, cn->cn_len);
	if (error != 0)
		return error;
	vn_lock(dvp, RW_WRITER);
	if (dvp->v_unlinked)
		error = ENOENT;
	else
		error = vn_lookup(dvp, cn, &there);
	if (error == 0)
		error = EEXIST; /* somebody was faster */
	else if (error == ENOENT && !dvp->v_unlinked)
		error = create_locked(dvp, cn, vc, inherit, vpp);
	vn_unlock(dvp);
	if (there != NULL)
		vrele(there);
	return error;
}
