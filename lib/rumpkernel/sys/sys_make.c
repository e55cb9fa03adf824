/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What copying trees into an image needs and POSIX lacks: a node with all its
 * attributes in one call, the exchange of two files' data, a name for a file that
 * has none.
 */
#include "kern/kmem.h"
#include "sys/sys_impl.h"

struct makeargs {
	uint32_t mode;
	uint64_t dev;
	const char *utarget;
	const struct rump_setattr *usa;
	int oflags;
	struct rump_stat *ust;
};

/* Attributes of the new node; flags come after, as they may forbid changes. */
static int
make_attr(const struct makeargs *ma, struct mount *mp, struct vattr *va,
    uint32_t *flagsp)
{
	struct vattr given = {0};
	int error;

	sys_newattr(va, ma->mode, false);
	*flagsp = 0;
	if (ma->usa == NULL)
		return 0;
	error = sys_vattr(ma->usa, mp, &given);
	if (error != 0)
		return error;
	if ((given.va_mask & (VA_CTIME | VA_BTIME)) != 0 &&
	    (mp->mnt_flags & RUMP_MNT_BUILDING) == 0)
		return EPERM;
	if (!cred_is_root(sys_cred()) &&
	    (given.va_mask & (VA_UID | VA_GID)) != 0)
		return EPERM;
	if ((given.va_mask & VA_MODE) == 0)
		given.va_mode = va->va_mode;
	if ((given.va_mask & VA_UID) == 0)
		given.va_uid = va->va_uid;
	if ((given.va_mask & VA_GID) == 0)
		given.va_gid = va->va_gid;
	if ((given.va_mask & VA_FLAGS) != 0)
		*flagsp = given.va_flags;
	given.va_mask &= ~(uint32_t)(VA_FLAGS | VA_TIMES_OWN);
	given.va_mask |= VA_MODE | VA_UID | VA_GID;
	*va = given;
	return 0;
}

static int
make_finish(struct vnode *vp, const struct makeargs *ma, uint32_t flags)
{
	struct vattr va = {.va_mask = VA_FLAGS, .va_flags = flags};
	struct rump_stat st;
	int error;

	if (flags != 0) {
		error = sys_setattr(vp, &va);
		if (error != 0)
			return error;
	}
	if (ma->ust == NULL)
		return 0;
	vn_lock(vp, RW_READER);
	error = vop_getattr(vp, &st);
	vn_unlock(vp);
	return error != 0 ? error : copyout(&st, ma->ust, sizeof(st));
}

/* The node, open if that is asked for. */
static int
make_node(struct nameidata *nd, const struct makeargs *ma, struct vcreate *vc,
    int *fdp)
{
	struct vattr va = {0};
	struct vnode *vp;
	uint32_t flags;
	int error;

	if (nd->nd_vp != NULL)
		return EEXIST;
	error = make_attr(ma, vn_mount(nd->nd_dvp), &va, &flags);
	if (error != 0)
		return error;
	vc->vc_attr = &va;
	error = sys_create(nd, vc, false, &vp);
	if (error != 0)
		return error;
	error = make_finish(vp, ma, flags);
	if (error == 0 && (ma->oflags & RUMP_MAKE_OPEN) != 0) {
		vref(vp);
		error = sys_openvnode(
		    vp, ma->oflags & (RUMP_O_ACCMODE | RUMP_O_APPEND), fdp);
	}
	vrele(vp);
	return error;
}

static int
do_makeat(int dirfd, const char *upath, const struct makeargs *ma, int *fdp)
{
	struct vcreate vc = {.vc_type = vtype_of_mode(ma->mode)};
	struct nameidata nd;
	char *target = NULL;
	int error;

	*fdp = 0;
	if (vc.vc_type == VNON)
		return EINVAL;
	if (vc.vc_type == VBLK || vc.vc_type == VCHR) {
		if (!cred_is_root(sys_cred()))
			return EPERM;
		vc.vc_rdev = ma->dev;
	}
	error = sys_namei(&nd, dirfd, upath,
	    NAMEI_PARENT | NAMEI_NOFOLLOW |
		(vc.vc_type == VDIR ? NAMEI_CREATEDIR : 0));
	if (error != 0)
		return error;
	if (vc.vc_type == VLNK) {
		target = kmem_alloc(RUMP_PATH_MAX);
		error = target == NULL ? ENOMEM
				       : copyinstr(ma->utarget, target,
					     RUMP_PATH_MAX, &vc.vc_targetlen);
		if (error == 0 && vc.vc_targetlen == 0)
			error = ENOENT;
		vc.vc_target = target;
	}
	if (error == 0)
		error = make_node(&nd, ma, &vc, fdp);
	kmem_free(target, RUMP_PATH_MAX);
	namei_done(&nd);
	return error;
}

int
rump_sys_makeat(int dirfd, const char *path, uint32_t mode, uint64_t dev,
    const char *target, const struct rump_setattr *sa, int oflags,
    struct rump_stat *st)
{
	const struct makeargs ma = {mode, dev, target, sa, oflags, st};
	struct lwp *l = sys_enter();
	int fd = 0, error;

	if (l == NULL)
		return -EINTR;
	error = do_makeat(dirfd, path, &ma, &fd);
	return (int)sys_leave_count(l, error, (uint64_t)(unsigned)fd);
}

/* ---- exchangedata ------------------------------------------------------------------ */

static int
exchange_check(const struct file *fp)
{
	struct rump_stat st;
	struct vnode *vp = fp->f_vp;
	int error;

	if ((fp->f_flags & RUMP_O_ACCMODE) == RUMP_O_RDONLY)
		return EBADF;
	if (vp->v_type != VREG)
		return EINVAL;
	if (vn_rdonly(vp))
		return EROFS;
	vn_lock(vp, RW_READER);
	error = vop_getattr(vp, &st);
	vn_unlock(vp);
	if (error == 0 &&
	    (st.st_flags & (RUMP_SF_IMMUTABLES | RUMP_SF_APPENDS)) != 0)
		error = EPERM;
	return error;
}

static int
do_exchange(int fd_a, int fd_b)
{
	struct file *a, *b;
	int error;

	error = fd_getfile(fd_a, false, &a);
	if (error != 0)
		return error;
	error = fd_getfile(fd_b, false, &b);
	if (error != 0)
		goto out_a;
	error = exchange_check(a);
	if (error == 0)
		error = exchange_check(b);
	if (error == 0 && vn_mount(a->f_vp) != vn_mount(b->f_vp))
		error = EXDEV;
	if (error == 0 && a->f_vp != b->f_vp) {
		vn_lock2(a->f_vp, b->f_vp);
		error = vop_exchange(a->f_vp, b->f_vp);
		vn_unlock2(a->f_vp, b->f_vp);
	}
	file_rele(b);
out_a:
	file_rele(a);
	return error;
}

int
rump_sys_exchangedata(int fd_a, int fd_b)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_exchange(fd_a, fd_b));
}

int
rump_sys_flink(int fd, int dirfd, const char *path)
{
	struct lwp *l = sys_enter();
	struct file *fp;
	int error;

	if (l == NULL)
		return -EINTR;
	error = fd_getfile(fd, true, &fp);
	if (error == 0) {
		error = sys_linkvnode(fp->f_vp, dirfd, path);
		file_rele(fp);
	}
	return sys_leave(l, error);
}
