/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rumpfs: names and attributes.  Directories' link counts are 2 and one for each
 * directory in them.
 */
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/genfs.h"
#include "vfs/rumpfs.h"

static bool
is_dotdot(const struct componentname *cn)
{
	return cn->cn_len == 2 && cn->cn_name[0] == '.' &&
	    cn->cn_name[1] == '.';
}

static int
rumpfs_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp)
{
	struct rumpfs_dirent *de;

	if (is_dotdot(cn))
		return vcache_get(
		    dvp->v_mount, rumpfs_node(dvp)->rn_dir.rd_parent, vpp);
	de = rumpfs_dir_find(dvp, cn->cn_name, cn->cn_len);
	if (de == NULL)
		return ENOENT;
	return vcache_get(dvp->v_mount, de->de_ino, vpp);
}

/* A vnode over the new node; error: the node is gone. */
static int
rumpfs_newvnode(struct mount *mp, struct rumpfs_node *rn, struct vnode **vpp)
{
	int error = vcache_new(mp, rn->rn_ino, vpp);

	if (error != 0) {
		rumpfs_node_free(rumpfs_mount(mp), rn);
		return error;
	}
	rumpfs_node_vnode(rn, *vpp);
	return 0;
}

static int
rumpfs_create(struct vnode *dvp, const struct componentname *cn,
    const struct vcreate *vc, struct vnode **vpp)
{
	struct rumpfs_node *dn = rumpfs_node(dvp), *rn;
	int error;

	error = rumpfs_node_new(dvp->v_mount, vc, &rn);
	if (error != 0)
		return error;
	rn->rn_nlink = vc->vc_type == VDIR ? 2 : 1;
	rn->rn_dir.rd_parent = dn->rn_ino;
	error = rumpfs_newvnode(dvp->v_mount, rn, vpp);
	if (error != 0)
		return error;
	error = rumpfs_dir_add(dvp, cn->cn_name, cn->cn_len, rn->rn_ino,
	    dtype_of_vtype(vc->vc_type));
	if (error != 0) {
		vcache_abort(*vpp);
		rumpfs_node_free(rumpfs_mount(dvp->v_mount), rn);
		return error;
	}
	if (vc->vc_type == VDIR)
		dn->rn_nlink++;
	vop_touch(dvp, TOUCH_MTIME);
	vcache_publish(*vpp);
	return 0;
}

static int
rumpfs_tmpfile(struct vnode *dvp, const struct vcreate *vc, struct vnode **vpp)
{
	struct rumpfs_node *rn;
	int error;

	error = rumpfs_node_new(dvp->v_mount, vc, &rn);
	if (error == 0)
		error = rumpfs_newvnode(dvp->v_mount, rn, vpp);
	if (error == 0)
		vcache_publish(*vpp);
	return error;
}

static int
rumpfs_link(struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	struct rumpfs_node *rn = rumpfs_node(vp);
	int error;

	if (rn->rn_nlink >= RUMPFS_LINKMAX)
		return EMLINK;
	error = rumpfs_dir_add(dvp, cn->cn_name, cn->cn_len, rn->rn_ino,
	    dtype_of_vtype(vp->v_type));
	if (error != 0)
		return error;
	rn->rn_nlink++;
	vp->v_unlinked = false;
	vop_touch(vp, TOUCH_CTIME);
	vop_touch(dvp, TOUCH_MTIME);
	return 0;
}

/* A name of vp is gone. */
static void
rumpfs_unlinked(struct vnode *vp)
{
	struct rumpfs_node *rn = rumpfs_node(vp);

	rn->rn_nlink = vp->v_type == VDIR ? 0 : rn->rn_nlink - 1;
	if (rn->rn_nlink == 0)
		vp->v_unlinked = true;
	vop_touch(vp, TOUCH_CTIME);
}

static int
rumpfs_remove(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	struct rumpfs_dirent *de;

	de = rumpfs_dir_find(dvp, cn->cn_name, cn->cn_len);
	KASSERT(de != NULL && de->de_ino == vp->v_ino);
	rumpfs_dir_remove(rumpfs_node(dvp), de);
	if (vp->v_type == VDIR)
		rumpfs_node(dvp)->rn_nlink--;
	rumpfs_unlinked(vp);
	vop_touch(dvp, TOUCH_MTIME);
	return 0;
}

static int
rumpfs_rmdir(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	if (rumpfs_node(vp)->rn_dir.rd_count > 0)
		return ENOTEMPTY;
	return rumpfs_remove(dvp, cn, vp);
}

/* vp, a directory or not, has moved from directory f to t. */
static void
rumpfs_reparent(struct vnode *vp, struct vnode *f, struct vnode *t)
{
	if (vp->v_type == VDIR && f != t) {
		rumpfs_node(vp)->rn_dir.rd_parent = t->v_ino;
		rumpfs_node(f)->rn_nlink--;
		rumpfs_node(t)->rn_nlink++;
	}
	vop_touch(vp, TOUCH_CTIME);
}

static void
rumpfs_setentry(struct rumpfs_dirent *de, const struct vnode *vp)
{
	de->de_ino = vp->v_ino;
	de->de_dtype = dtype_of_vtype(vp->v_type);
}

static int
rumpfs_rename(const struct rename_args *ra)
{
	struct vnode *f = ra->ra_fdvp, *t = ra->ra_tdvp;
	const struct componentname *fcn = ra->ra_fcn, *tcn = ra->ra_tcn;
	struct rumpfs_dirent *fde, *tde;
	int error;

	fde = rumpfs_dir_find(f, fcn->cn_name, fcn->cn_len);
	KASSERT(fde != NULL);
	if ((ra->ra_flags & RUMP_RENAME_EXCHANGE) != 0) {
		tde = rumpfs_dir_find(t, tcn->cn_name, tcn->cn_len);
		rumpfs_setentry(fde, ra->ra_tvp);
		rumpfs_setentry(tde, ra->ra_fvp);
		rumpfs_reparent(ra->ra_fvp, f, t);
		rumpfs_reparent(ra->ra_tvp, t, f);
		goto done;
	}
	if (ra->ra_tvp != NULL) {
		tde = rumpfs_dir_find(t, tcn->cn_name, tcn->cn_len);
		rumpfs_setentry(tde, ra->ra_fvp);
		if (ra->ra_tvp->v_type == VDIR)
			rumpfs_node(t)->rn_nlink--;
		rumpfs_unlinked(ra->ra_tvp);
	} else {
		error = rumpfs_dir_add(t, tcn->cn_name, tcn->cn_len,
		    ra->ra_fvp->v_ino, dtype_of_vtype(ra->ra_fvp->v_type));
		if (error != 0)
			return error;
	}
	rumpfs_dir_remove(rumpfs_node(f), fde);
	rumpfs_reparent(ra->ra_fvp, f, t);
done:
	vop_touch(f, TOUCH_MTIME);
	vop_touch(t, TOUCH_MTIME);
	return 0;
}

static int
rumpfs_getattr(struct vnode *vp, struct rump_stat *st)
{
	rumpfs_node_stat(rumpfs_node(vp), st);
	st->st_dev = vp->v_mount->mnt_id;
	return 0;
}

static int
rumpfs_setattr(
    struct vnode *vp, const struct vattr *va, const struct kcred *cred)
{
	struct rumpfs_node *rn = rumpfs_node(vp);

	(void)cred;
	if ((va->va_mask & VA_MODE) != 0)
		rn->rn_mode = va->va_mode & RUMP_ALLPERMS;
	if ((va->va_mask & VA_UID) != 0)
		rn->rn_uid = va->va_uid;
	if ((va->va_mask & VA_GID) != 0)
		rn->rn_gid = va->va_gid;
	if ((va->va_mask & VA_FLAGS) != 0)
		rn->rn_flags = va->va_flags;
	if ((va->va_mask & VA_ATIME) != 0)
		rn->rn_atime = va->va_atime;
	if ((va->va_mask & VA_MTIME) != 0)
		rn->rn_mtime = va->va_mtime;
	if ((va->va_mask & VA_BTIME) != 0)
		rn->rn_btime = va->va_btime;
	if ((va->va_mask & VA_CTIME) != 0)
		rn->rn_ctime = va->va_ctime;
	else
		vop_touch(vp, TOUCH_CTIME);
	return 0;
}

static void
rumpfs_touch(struct vnode *vp, uint32_t what)
{
	struct rumpfs_node *rn = rumpfs_node(vp);
	struct rump_timespec now;

	genfs_now(vp->v_mount, &now);
	if ((what & TOUCH_ATIME) != 0)
		rn->rn_atime = now;
	if ((what & TOUCH_MTIME) != 0)
		rn->rn_mtime = now;
	if ((what & (TOUCH_MTIME | TOUCH_CTIME)) != 0)
		rn->rn_ctime = now;
}

static int
rumpfs_exchange(struct vnode *a, struct vnode *b)
{
	struct rumpfs_node *an = rumpfs_node(a), *bn = rumpfs_node(b);
	struct rptree pages = an->rn_pages;
	uint64_t size = an->rn_size;

	if (a->v_blkdev != NULL || b->v_blkdev != NULL)
		return EOPNOTSUPP;
	an->rn_pages = bn->rn_pages;
	a->v_size = an->rn_size = bn->rn_size;
	bn->rn_pages = pages;
	b->v_size = bn->rn_size = size;
	vop_touch(a, TOUCH_MTIME);
	vop_touch(b, TOUCH_MTIME);
	return 0;
}

static int
rumpfs_readlink(struct vnode *vp, struct uio *uio)
{
	struct rumpfs_node *rn = rumpfs_node(vp);

	return uiomove(rn->rn_target, rn->rn_size, uio);
}

static void
rumpfs_inactive(struct vnode *vp, bool *recycle)
{
	struct rumpfs_node *rn = rumpfs_node(vp);

	if (rn->rn_nlink > 0)
		return;
	*recycle = true;
	vp->v_data = NULL;
	vp->v_blkdev = NULL;
	rumpfs_node_free(rumpfs_mount(vp->v_mount), rn);
}

const struct vnodeops rumpfs_vnodeops = {
    .vop_lookup = rumpfs_lookup,
    .vop_create = rumpfs_create,
    .vop_tmpfile = rumpfs_tmpfile,
    .vop_link = rumpfs_link,
    .vop_remove = rumpfs_remove,
    .vop_rmdir = rumpfs_rmdir,
    .vop_rename = rumpfs_rename,
    .vop_getattr = rumpfs_getattr,
    .vop_setattr = rumpfs_setattr,
    .vop_touch = rumpfs_touch,
    .vop_read = rumpfs_read,
    .vop_write = rumpfs_write,
    .vop_bmap = rumpfs_bmap,
    .vop_setsize = rumpfs_setsize,
    .vop_allocate = rumpfs_allocate,
    .vop_punch = rumpfs_punch,
    .vop_exchange = rumpfs_exchange,
    .vop_readdir = rumpfs_readdir,
    .vop_readlink = rumpfs_readlink,
    .vop_getxattr = rumpfs_getxattr,
    .vop_setxattr = rumpfs_setxattr,
    .vop_listxattr = rumpfs_listxattr,
    .vop_inactive = rumpfs_inactive,
};
