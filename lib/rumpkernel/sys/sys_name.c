/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names: mkdir(2), mknod(2), symlink(2), link(2), unlink(2), rmdir(2),
 * rename(2), readlink(2), with their *at forms.
 */
#include "kern/kmem.h"
#include "sys/sys_impl.h"

#define NAME_TRIES 8 /* somebody changes the name between our looks */

/* ---- making ------------------------------------------------------------------ */

static int
make_at(int dirfd, const char *upath, const struct vcreate *vc)
{
	struct nameidata nd;
	struct vnode *vp;
	int error;

	error = sys_namei(&nd, dirfd, upath,
	    NAMEI_PARENT | NAMEI_NOFOLLOW |
		(vc->vc_type == VDIR ? NAMEI_CREATEDIR : 0));
	if (error != 0)
		return error;
	if (nd.nd_vp != NULL)
		error = EEXIST;
	else
		error = sys_create(&nd, vc, true, &vp);
	if (error == 0)
		vrele(vp);
	namei_done(&nd);
	return error;
}

int
rump_sys_mkdirat(int dirfd, const char *path, uint32_t mode)
{
	struct lwp *l = sys_enter();
	struct vattr va = {0};
	const struct vcreate vc = {
	    .vc_type = VDIR,
	    .vc_attr = &va,
	    .vc_inherit = true,
	    .vc_mode = mode,
	};

	if (l == NULL)
		return -EINTR;
	sys_newattr(&va, mode & 01777, true);
	return sys_leave(l, make_at(dirfd, path, &vc));
}

int
rump_sys_mkdir(const char *path, uint32_t mode)
{
	return rump_sys_mkdirat(RUMP_AT_FDCWD, path, mode);
}

static int
do_mknod(int dirfd, const char *upath, uint32_t mode, uint64_t dev)
{
	struct vattr va = {0};
	struct vcreate vc = {
	    .vc_attr = &va, .vc_inherit = true, .vc_mode = mode};

	vc.vc_type = (mode & RUMP_S_IFMT) == 0 ? VREG : vtype_of_mode(mode);
	switch (vc.vc_type) {
	case VBLK:
	case VCHR:
		if (!cred_is_root(sys_cred()))
			return EPERM;
		vc.vc_rdev = dev;
		break;
	case VREG:
	case VFIFO:
	case VSOCK:
		break;
	case VDIR:
		return EPERM;
	default:
		return EINVAL;
	}
	sys_newattr(&va, mode, true);
	return make_at(dirfd, upath, &vc);
}

int
rump_sys_mknodat(int dirfd, const char *path, uint32_t mode, uint64_t dev)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_mknod(dirfd, path, mode, dev));
}

int
rump_sys_mknod(const char *path, uint32_t mode, uint64_t dev)
{
	return rump_sys_mknodat(RUMP_AT_FDCWD, path, mode, dev);
}

int
rump_sys_mkfifoat(int dirfd, const char *path, uint32_t mode)
{
	return rump_sys_mknodat(
	    dirfd, path, (mode & RUMP_ALLPERMS) | RUMP_S_IFIFO, 0);
}

int
rump_sys_mkfifo(const char *path, uint32_t mode)
{
	return rump_sys_mkfifoat(RUMP_AT_FDCWD, path, mode);
}

static int
do_symlink(const char *utarget, int dirfd, const char *upath)
{
	struct vattr va = {0};
	struct vcreate vc = {.vc_type = VLNK, .vc_attr = &va};
	char target[RUMP_PATH_MAX];
	int error;

	error = copyinstr(utarget, target, sizeof(target), &vc.vc_targetlen);
	if (error == 0 && vc.vc_targetlen == 0)
		error = ENOENT;
	if (error != 0)
		return error;
	vc.vc_target = target;
	sys_newattr(&va, 0777, false);
	return make_at(dirfd, upath, &vc);
}

int
rump_sys_symlinkat(const char *target, int dirfd, const char *path)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_symlink(target, dirfd, path));
}

int
rump_sys_symlink(const char *target, const char *path)
{
	return rump_sys_symlinkat(target, RUMP_AT_FDCWD, path);
}

/* ---- linking -------------------------------------------------------------------- */

/* dvp is W locked. */
static int
link_locked(struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	struct vnode *there = NULL;
	struct rump_stat st;
	int error;

	if (dvp->v_unlinked)
		return ENOENT;
	error = vop_access(dvp, RUMP_W_OK | RUMP_X_OK, cn->cn_cred);
	if (error != 0)
		return error;
	error = vn_lookup(dvp, cn, &there);
	if (error == 0) {
		vrele(there);
		return EEXIST;
	}
	if (error != ENOENT)
		return error;
	vn_lock(vp, RW_WRITER);
	error = vop_getattr(vp, &st);
	if (error == 0 &&
	    (st.st_flags & (RUMP_SF_IMMUTABLES | RUMP_SF_APPENDS)) != 0)
		error = EPERM;
	if (error == 0)
		error = vop_link(dvp, cn, vp);
	vn_unlock(vp);
	return error;
}

/* Give vp the name. */
int
sys_linkvnode(struct vnode *vp, int dirfd, const char *upath)
{
	struct nameidata nd;
	int error;

	error = sys_namei(&nd, dirfd, upath, NAMEI_PARENT | NAMEI_NOFOLLOW);
	if (error != 0)
		return error;
	if (nd.nd_vp != NULL)
		error = EEXIST;
	else if (vn_mount(nd.nd_dvp) != vn_mount(vp))
		error = EXDEV;
	else if (vp->v_type == VDIR)
		error = EPERM;
	else if (vn_rdonly(vp))
		error = EROFS;
	else
		error = vn_mount(vp)->mnt_namespec->ns_valid(
		    nd.nd_last.cn_name, nd.nd_last.cn_len);
	if (error == 0) {
		vn_lock(nd.nd_dvp, RW_WRITER);
		error = link_locked(nd.nd_dvp, &nd.nd_last, vp);
		vn_unlock(nd.nd_dvp);
	}
	namei_done(&nd);
	return error;
}

static int
do_link(int fromfd, const char *ufrom, int tofd, const char *uto, int flags)
{
	struct vnode *vp;
	int error;

	if ((flags & ~(RUMP_AT_SYMLINK_FOLLOW | RUMP_AT_EMPTY_PATH)) != 0)
		return EINVAL;
	error = sys_getvnode(fromfd, ufrom,
	    (flags & RUMP_AT_EMPTY_PATH) |
		((flags & RUMP_AT_SYMLINK_FOLLOW) != 0
			? 0
			: RUMP_AT_SYMLINK_NOFOLLOW),
	    &vp);
	if (error != 0)
		return error;
	error = sys_linkvnode(vp, tofd, uto);
	vrele(vp);
	return error;
}

int
rump_sys_linkat(
    int fromfd, const char *from, int tofd, const char *to, int flags)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_link(fromfd, from, tofd, to, flags));
}

int
rump_sys_link(const char *from, const char *to)
{
	return rump_sys_linkat(RUMP_AT_FDCWD, from, RUMP_AT_FDCWD, to, 0);
}

/* ---- removing -------------------------------------------------------------------- */

/* dvp and vp are W locked. */
static int
remove_locked(struct vnode *dvp, const struct componentname *cn,
    struct vnode *vp, bool dir)
{
	int error;

	error = genfs_can_unlink(dvp, vp, cn->cn_cred);
	if (error != 0)
		return error;
	return dir ? vop_rmdir(dvp, cn, vp) : vop_remove(dvp, cn, vp);
}

static int
remove_check(const struct nameidata *nd, bool dir)
{
	const struct vnode *vp = nd->nd_vp;

	if (nd->nd_lasttype != NL_NORM && !dir)
		return EISDIR;
	if (nd->nd_lasttype == NL_DOT)
		return EINVAL;
	if (nd->nd_lasttype == NL_DOTDOT)
		return ENOTEMPTY;
	if (nd->nd_lasttype == NL_ROOT)
		return EBUSY;
	if (vp == NULL)
		return ENOENT;
	if (dir && vp->v_type != VDIR)
		return ENOTDIR;
	if (!dir && vp->v_type == VDIR)
		return EISDIR;
	if (nd->nd_trailing_slash && vp->v_type != VDIR)
		return ENOTDIR;
	if (vn_covered(vp) || (vp->v_flags & VV_ROOT) != 0)
		return EBUSY;
	if (vn_rdonly(vp))
		return EROFS;
	return vp == nd->nd_dvp ? EUCLEAN
				: 0; /* a name for its own directory */
}

/* EAGAIN: the name leads elsewhere by now. */
static int
remove_one(int dirfd, const char *upath, bool dir)
{
	struct vnode *dvp, *vp, *now = NULL;
	struct nameidata nd;
	int error;

	error = sys_namei(
	    &nd, dirfd, upath, NAMEI_PARENT | NAMEI_NOFOLLOW | NAMEI_NOMOUNT);
	if (error != 0)
		return error;
	error = remove_check(&nd, dir);
	if (error != 0)
		goto out;
	dvp = nd.nd_dvp;
	vp = nd.nd_vp;
	vn_lock(dvp, RW_WRITER);
	error = vn_lookup(dvp, &nd.nd_last, &now);
	if (error == 0 && now != vp)
		error = EAGAIN;
	if (error == 0) {
		vn_lock(vp, RW_WRITER);
		error = remove_locked(dvp, &nd.nd_last, vp, dir);
		vn_unlock(vp);
	}
	vn_unlock(dvp);
	if (now != NULL)
		vrele(now);
out:
	namei_done(&nd);
	return error;
}

static int
do_unlink(int dirfd, const char *upath, int flags)
{
	int error = EAGAIN;

	if ((flags & ~RUMP_AT_REMOVEDIR) != 0)
		return EINVAL;
	for (int i = 0; error == EAGAIN && i < NAME_TRIES; i++)
		error = remove_one(
		    dirfd, upath, (flags & RUMP_AT_REMOVEDIR) != 0);
	return error;
}

int
rump_sys_unlinkat(int dirfd, const char *path, int flags)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_unlink(dirfd, path, flags));
}

int
rump_sys_unlink(const char *path)
{
	return rump_sys_unlinkat(RUMP_AT_FDCWD, path, 0);
}

int
rump_sys_rmdir(const char *path)
{
	return rump_sys_unlinkat(RUMP_AT_FDCWD, path, RUMP_AT_REMOVEDIR);
}

/* ---- renaming --------------------------------------------------------------------- */

static int
rename_check(const struct nameidata *f, const struct nameidata *t)
{
	if (f->nd_lasttype == NL_ROOT || t->nd_lasttype == NL_ROOT)
		return EBUSY;
	if (f->nd_lasttype != NL_NORM || t->nd_lasttype != NL_NORM)
		return EINVAL;
	if (f->nd_vp == NULL)
		return ENOENT;
	if (f->nd_vp->v_type != VDIR &&
	    (f->nd_trailing_slash || t->nd_trailing_slash))
		return ENOTDIR;
	if (t->nd_vp != NULL && t->nd_vp->v_type != VDIR &&
	    t->nd_trailing_slash)
		return ENOTDIR;
	return 0;
}

static int
do_rename(
    int fromfd, const char *ufrom, int tofd, const char *uto, unsigned flags)
{
	const uint32_t how = NAMEI_PARENT | NAMEI_NOFOLLOW | NAMEI_NOMOUNT;
	struct nameidata f, t;
	int error;

	error = sys_namei(&f, fromfd, ufrom, how);
	if (error != 0)
		return error;
	error = sys_namei(&t, tofd, uto, how | NAMEI_CREATEDIR);
	if (error != 0)
		goto out_from;
	error = rename_check(&f, &t);
	if (error == 0)
		error = genfs_rename(f.nd_dvp, &f.nd_last, t.nd_dvp, &t.nd_last,
		    flags, sys_cred());
	namei_done(&t);
out_from:
	namei_done(&f);
	return error;
}

int
rump_sys_renameat2(
    int fromfd, const char *from, int tofd, const char *to, unsigned flags)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_rename(fromfd, from, tofd, to, flags));
}

int
rump_sys_renameat(int fromfd, const char *from, int tofd, const char *to)
{
	return rump_sys_renameat2(fromfd, from, tofd, to, 0);
}

int
rump_sys_rename(const char *from, const char *to)
{
	return rump_sys_renameat2(RUMP_AT_FDCWD, from, RUMP_AT_FDCWD, to, 0);
}

/* ---- readlink ----------------------------------------------------------------------- */

static int
do_readlink(
    int dirfd, const char *upath, char *ubuf, uint64_t size, uint64_t *lenp)
{
	struct rumpuser_iov iov = {ubuf, (size_t)kmin(size, RUMP_PATH_MAX)};
	struct vnode *vp;
	struct uio uio;
	int error;

	if (size == 0)
		return EINVAL;
	error = sys_getvnode(
	    dirfd, upath, RUMP_AT_SYMLINK_NOFOLLOW | RUMP_AT_EMPTY_PATH, &vp);
	if (error != 0)
		return error;
	if (vp->v_type != VLNK) {
		error = EINVAL;
	} else {
		uio_init(&uio, &iov, 1, 0, UIO_READ);
		vn_lock(vp, RW_READER);
		error = vop_readlink(vp, &uio);
		vn_unlock(vp);
		*lenp = iov.iov_len - uio.uio_resid;
	}
	vrele(vp);
	return error;
}

int64_t
rump_sys_readlinkat(int dirfd, const char *path, char *buf, uint64_t size)
{
	struct lwp *l = sys_enter();
	uint64_t len = 0;
	int error;

	if (l == NULL)
		return -EINTR;
	error = do_readlink(dirfd, path, buf, size, &len);
	return sys_leave_count(l, error, len);
}

int64_t
rump_sys_readlink(const char *path, char *buf, uint64_t size)
{
	return rump_sys_readlinkat(RUMP_AT_FDCWD, path, buf, size);
}
