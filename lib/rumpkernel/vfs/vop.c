/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vop_*() wrappers: every call of a driver's operation goes through one.  Each
 * asserts the contract written at the operation's declaration in vnode.h (locks,
 * references, what success hands back), answers for an operation that the type or
 * driver doesn't have, and keeps the name cache true, so that no driver has to
 * know of it.
 *
 * Operations that change something are in a transaction each, where the mount has
 * them; one that found no room is tried once more in a new one (what was freed may
 * be had then).
 *
 * Vnodes of a mount that was taken away by force have no operations: EIO.
 */
#include "kern/klog.h"
#include "vfs/genfs.h"
#include "vfs/mount.h"
#include "vfs/namei.h"
#include "vfs/vnode_impl.h"

#define ASSERT_REF(vp)	  KASSERT(vn_usecount(vp) > 0)
#define ASSERT_RLOCK(vp)  KASSERT(vn_usecount(vp) > 0 && rlocked(vp))
#define ASSERT_WLOCK(vp)  KASSERT(vn_usecount(vp) > 0 && vn_wlocked(vp))
#define ASSERT_NAME(cn)	  KASSERT((cn)->cn_len > 0 && (cn)->cn_cred != NULL)
#define ASSERT_RESULT(vp) KASSERT((vp) != NULL && vn_usecount(vp) > 0)

static bool
rlocked(const struct vnode *vp)
{
	return rw_lock_held(&vp->v_lock);
}

/* What a missing operation answers. */
static int
noop(const struct vnode *vp, int error)
{
	return vp->v_mount == &dead_mount ? EIO : error;
}

/* Were one mount's, but the mount was taken away while they were being locked. */
static bool
parted(const struct vnode *a, const struct vnode *b)
{
	return a->v_mount != b->v_mount;
}

/* ---- names ------------------------------------------------------------------- */

int
vop_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp)
{
	int error;

	ASSERT_RLOCK(dvp);
	ASSERT_NAME(cn);
	KASSERT(dvp->v_type == VDIR);
	if (dvp->v_op->vop_lookup == NULL)
		return noop(dvp, ENOENT);
	error = dvp->v_op->vop_lookup(dvp, cn, vpp);
	if (error == 0)
		ASSERT_RESULT(*vpp);
	return error;
}

int
vop_create(struct vnode *dvp, const struct componentname *cn,
    const struct vcreate *vc, struct vnode **vpp)
{
	struct mount *mp = dvp->v_mount;
	int error;

	ASSERT_WLOCK(dvp);
	ASSERT_NAME(cn);
	KASSERT(dvp->v_type == VDIR && vc->vc_attr != NULL);
	KASSERT((~vc->vc_attr->va_mask & (VA_MODE | VA_UID | VA_GID)) == 0);
	if (dvp->v_op->vop_create == NULL)
		return noop(dvp, EOPNOTSUPP);
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = dvp->v_op->vop_create(dvp, cn, vc, vpp);
	if (vfs_opretry(mp, error))
		error = dvp->v_op->vop_create(dvp, cn, vc, vpp);
	vfs_opend(mp);
	if (error != 0)
		return error;
	ASSERT_RESULT(*vpp);
	KASSERT((*vpp)->v_type == vc->vc_type);
	namecache_enter(dvp, cn, *vpp);
	return 0;
}

int
vop_tmpfile(struct vnode *dvp, const struct vcreate *vc, struct vnode **vpp)
{
	struct mount *mp = dvp->v_mount;
	int error;

	ASSERT_RLOCK(dvp);
	KASSERT(vc->vc_type == VREG);
	if (dvp->v_op->vop_tmpfile == NULL)
		return noop(dvp, EOPNOTSUPP);
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = dvp->v_op->vop_tmpfile(dvp, vc, vpp);
	if (vfs_opretry(mp, error))
		error = dvp->v_op->vop_tmpfile(dvp, vc, vpp);
	vfs_opend(mp);
	if (error == 0) {
		ASSERT_RESULT(*vpp);
		KASSERT((*vpp)->v_unlinked);
	}
	return error;
}

int
vop_link(struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	struct mount *mp = dvp->v_mount;
	int error;

	ASSERT_WLOCK(dvp);
	ASSERT_WLOCK(vp);
	ASSERT_NAME(cn);
	KASSERT(vp->v_type != VDIR);
	if (parted(dvp, vp))
		return EIO;
	if (dvp->v_op->vop_link == NULL)
		return noop(dvp, EOPNOTSUPP);
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = dvp->v_op->vop_link(dvp, cn, vp);
	if (vfs_opretry(mp, error))
		error = dvp->v_op->vop_link(dvp, cn, vp);
	vfs_opend(mp);
	if (error == 0) {
		KASSERT(!vp->v_unlinked);
		namecache_enter(dvp, cn, vp);
	}
	return error;
}

int
vop_remove(struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	struct mount *mp = dvp->v_mount;
	int error;

	ASSERT_WLOCK(dvp);
	ASSERT_WLOCK(vp);
	ASSERT_NAME(cn);
	KASSERT(vp->v_type != VDIR && dvp != vp);
	if (parted(dvp, vp))
		return EIO;
	if (dvp->v_op->vop_remove == NULL)
		return noop(dvp, EOPNOTSUPP);
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = dvp->v_op->vop_remove(dvp, cn, vp);
	vfs_opend(mp);
	if (error == 0)
		namecache_remove(dvp, cn);
	return error;
}

int
vop_rmdir(struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	struct mount *mp = dvp->v_mount;
	int error;

	ASSERT_WLOCK(dvp);
	ASSERT_WLOCK(vp);
	ASSERT_NAME(cn);
	KASSERT(vp->v_type == VDIR && dvp != vp);
	if (parted(dvp, vp))
		return EIO;
	if (dvp->v_op->vop_rmdir == NULL)
		return noop(dvp, EOPNOTSUPP);
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = dvp->v_op->vop_rmdir(dvp, cn, vp);
	vfs_opend(mp);
	if (error == 0) {
		KASSERT(vp->v_unlinked);
		namecache_purge(vp);
	}
	return error;
}

int
vop_rename(const struct rename_args *ra)
{
	struct mount *mp = ra->ra_fdvp->v_mount;
	int error;

	ASSERT_WLOCK(ra->ra_fdvp);
	ASSERT_WLOCK(ra->ra_tdvp);
	ASSERT_WLOCK(ra->ra_fvp);
	if (ra->ra_tvp != NULL)
		ASSERT_WLOCK(ra->ra_tvp);
	if (parted(ra->ra_fdvp, ra->ra_tdvp) ||
	    parted(ra->ra_fdvp, ra->ra_fvp) ||
	    (ra->ra_tvp != NULL && parted(ra->ra_fdvp, ra->ra_tvp)))
		return EIO;
	if (ra->ra_fdvp->v_op->vop_rename == NULL)
		return noop(ra->ra_fdvp, EOPNOTSUPP);
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = ra->ra_fdvp->v_op->vop_rename(ra);
	if (vfs_opretry(mp, error))
		error = ra->ra_fdvp->v_op->vop_rename(ra);
	vfs_opend(mp);
	/* Half of it may have happened before an error: believe nothing. */
	namecache_remove(ra->ra_fdvp, ra->ra_fcn);
	namecache_remove(ra->ra_tdvp, ra->ra_tcn);
	if (ra->ra_fvp->v_type == VDIR && ra->ra_fdvp != ra->ra_tdvp)
		namecache_purge(ra->ra_fvp);
	if (ra->ra_tvp != NULL && ra->ra_tvp->v_type == VDIR)
		namecache_purge(ra->ra_tvp);
	return error;
}

/* ---- attributes ----------------------------------------------------------------- */

int
vop_open(struct vnode *vp, int oflags, const struct kcred *cred)
{
	int error = 0;

	ASSERT_REF(vp);
	if (__atomic_load_n(&vp->v_op, __ATOMIC_ACQUIRE)->vop_open == NULL)
		return 0;
	vn_lock(vp, RW_READER);
	if (vp->v_op->vop_open != NULL)
		error = vp->v_op->vop_open(vp, oflags, cred);
	vn_unlock(vp);
	return error;
}

void
vop_close(struct vnode *vp, int oflags, const struct kcred *cred)
{
	ASSERT_REF(vp);
	if (__atomic_load_n(&vp->v_op, __ATOMIC_ACQUIRE)->vop_close == NULL)
		return;
	vn_lock(vp, RW_READER);
	if (vp->v_op->vop_close != NULL)
		vp->v_op->vop_close(vp, oflags, cred);
	vn_unlock(vp);
}

int
vop_access(struct vnode *vp, uint32_t mode, const struct kcred *cred)
{
	ASSERT_RLOCK(vp);
	if (vp->v_op->vop_access == NULL)
		return genfs_access(vp, mode, cred);
	return vp->v_op->vop_access(vp, mode, cred);
}

int
vop_getattr(struct vnode *vp, struct rump_stat *st)
{
	int error;

	ASSERT_RLOCK(vp);
	if (vp->v_op->vop_getattr == NULL)
		return noop(vp, EOPNOTSUPP);
	memset(st, 0, sizeof(*st));
	st->st_ino = vp->v_ino;
	st->st_gen = vp->v_gen;
	st->st_mode = mode_of_vtype(vp->v_type);
	st->st_nlink = 1;
	st->st_rdev = vp->v_rdev;
	st->st_size = vp->v_size;
	st->st_blksize = vp->v_blksize != 0 ? vp->v_blksize : 4096;
	st->st_birthtim.tv_nsec = RUMP_UTIME_OMIT;
	error = vp->v_op->vop_getattr(vp, st);
	st->st_dev = vp->v_mount->mnt_id;
	return error;
}

int
vop_setattr(struct vnode *vp, const struct vattr *va, const struct kcred *cred)
{
	struct mount *mp = vp->v_mount;
	int error;

	ASSERT_WLOCK(vp);
	KASSERT((va->va_mask & VA_SIZE) == 0);
	if (vp->v_op->vop_setattr == NULL)
		return noop(vp, EOPNOTSUPP);
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = vp->v_op->vop_setattr(vp, va, cred);
	vfs_opend(mp);
	return error;
}

void
vop_touch(struct vnode *vp, uint32_t what)
{
	struct mount *mp = vp->v_mount;

	ASSERT_WLOCK(vp);
	if (vp->v_op->vop_touch == NULL || vfs_opbegin(mp) != 0)
		return;
	vp->v_op->vop_touch(vp, what);
	vfs_opend(mp);
}

/* ---- data --------------------------------------------------------------------------- */

int
vop_read(struct vnode *vp, struct uio *uio, const struct kcred *cred)
{
	ASSERT_RLOCK(vp);
	KASSERT(uio->uio_rw == UIO_READ);
	if (vp->v_op->vop_read == NULL)
		return noop(vp, EOPNOTSUPP);
	return vp->v_op->vop_read(vp, uio, cred);
}

int
vop_write(struct vnode *vp, struct uio *uio, const struct kcred *cred)
{
	ASSERT_WLOCK(vp);
	KASSERT(uio->uio_rw == UIO_WRITE);
	if (vp->v_op->vop_write == NULL)
		return noop(vp, EOPNOTSUPP);
	return vp->v_op->vop_write(vp, uio, cred);
}

int
vop_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run)
{
	struct mount *mp = vp->v_mount;
	int error;

	if (how == BMAP_WRITE)
		ASSERT_WLOCK(vp);
	else
		ASSERT_RLOCK(vp);
	KASSERT(len > 0);
	if (vp->v_op->vop_bmap == NULL)
		return noop(vp, EOPNOTSUPP);
	memset(run, 0, sizeof(*run));
	error = how == BMAP_WRITE ? vfs_opbegin(mp) : 0;
	if (error != 0)
		return error;
	error = vp->v_op->vop_bmap(vp, off, len, how, run);
	if (how == BMAP_WRITE)
		vfs_opend(mp);
	if (error == 0)
		KASSERT(run->bm_off == off && run->bm_len > 0 &&
		    run->bm_len <= len);
	return error;
}

int
vop_readencoded(
    struct vnode *vp, uint64_t off, void *buf, size_t bufsize, size_t *lenp)
{
	ASSERT_RLOCK(vp);
	if (vp->v_op->vop_readencoded == NULL)
		return noop(vp, EOPNOTSUPP);
	return vp->v_op->vop_readencoded(vp, off, buf, bufsize, lenp);
}

int
vop_setsize(struct vnode *vp, uint64_t size)
{
	struct mount *mp = vp->v_mount;
	int error;

	ASSERT_WLOCK(vp);
	if (vp->v_op->vop_setsize == NULL)
		return noop(vp, EOPNOTSUPP);
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = vp->v_op->vop_setsize(vp, size);
	vfs_opend(mp);
	return error;
}

int
vop_allocate(struct vnode *vp, uint64_t off, uint64_t len, uint32_t flags)
{
	struct mount *mp = vp->v_mount;
	int error;

	ASSERT_WLOCK(vp);
	if (vp->v_op->vop_allocate == NULL)
		return noop(vp, EOPNOTSUPP);
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = vp->v_op->vop_allocate(vp, off, len, flags);
	vfs_opend(mp);
	return error;
}

int
vop_punch(struct vnode *vp, uint64_t off, uint64_t len)
{
	struct mount *mp = vp->v_mount;
	int error;

	ASSERT_WLOCK(vp);
	if (vp->v_op->vop_punch == NULL)
		return noop(vp, EOPNOTSUPP);
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = vp->v_op->vop_punch(vp, off, len);
	vfs_opend(mp);
	return error;
}

int
vop_exchange(struct vnode *a, struct vnode *b)
{
	struct mount *mp = a->v_mount;
	int error;

	ASSERT_WLOCK(a);
	ASSERT_WLOCK(b);
	KASSERT(a != b);
	if (parted(a, b))
		return EIO;
	if (a->v_op->vop_exchange == NULL)
		return noop(a, EOPNOTSUPP);
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = a->v_op->vop_exchange(a, b);
	vfs_opend(mp);
	return error;
}

int
vop_fsync(struct vnode *vp, bool dataonly)
{
	ASSERT_WLOCK(vp);
	if (vp->v_op->vop_fsync == NULL)
		return noop(vp, 0);
	return vp->v_op->vop_fsync(vp, dataonly);
}

int
vop_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp)
{
	ASSERT_RLOCK(vp);
	KASSERT(vp->v_type == VDIR);
	*eofp = false;
	if (vp->v_op->vop_readdir == NULL)
		return noop(vp, EOPNOTSUPP);
	return vp->v_op->vop_readdir(vp, sink, cookiep, eofp);
}

int
vop_readlink(struct vnode *vp, struct uio *uio)
{
	ASSERT_RLOCK(vp);
	KASSERT(vp->v_type == VLNK && uio->uio_rw == UIO_READ);
	if (vp->v_op->vop_readlink == NULL)
		return noop(vp, EINVAL);
	return vp->v_op->vop_readlink(vp, uio);
}

/* ---- extended attributes, streams, the end --------------------------------------------- */

int
vop_getxattr(struct vnode *vp, const char *name, void *buf, size_t *lenp)
{
	ASSERT_RLOCK(vp);
	if (vp->v_op->vop_getxattr == NULL)
		return noop(vp, EOPNOTSUPP);
	return vp->v_op->vop_getxattr(vp, name, buf, lenp);
}

int
vop_setxattr(struct vnode *vp, const char *name, const void *value, size_t len,
    uint32_t flags)
{
	struct mount *mp = vp->v_mount;
	int error;

	ASSERT_WLOCK(vp);
	if (vp->v_op->vop_setxattr == NULL)
		return noop(vp, EOPNOTSUPP);
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = vp->v_op->vop_setxattr(vp, name, value, len, flags);
	if (vfs_opretry(mp, error))
		error = vp->v_op->vop_setxattr(vp, name, value, len, flags);
	vfs_opend(mp);
	return error;
}

int
vop_listxattr(struct vnode *vp, char *buf, size_t *lenp)
{
	ASSERT_RLOCK(vp);
	if (vp->v_op->vop_listxattr == NULL)
		return noop(vp, EOPNOTSUPP);
	return vp->v_op->vop_listxattr(vp, buf, lenp);
}

int
vop_openstream(struct vnode *vp, const char *name, struct vnode **streamp)
{
	int error;

	ASSERT_RLOCK(vp);
	if (vp->v_op->vop_openstream == NULL)
		return noop(vp, ENOENT);
	error = vp->v_op->vop_openstream(vp, name, streamp);
	if (error == 0)
		ASSERT_RESULT(*streamp);
	return error;
}

void
vop_inactive(struct vnode *vp, bool *recycle)
{
	struct mount *mp = vp->v_mount;
	bool began;

	KASSERT(vn_wlocked(vp));
	if (vp->v_op->vop_inactive == NULL)
		return;
	began = vfs_opbegin(mp) == 0; /* what it writes fails, if not */
	vp->v_op->vop_inactive(vp, recycle);
	if (began)
		vfs_opend(mp);
}

void
vop_reclaim(struct vnode *vp)
{
	KASSERT(vn_wlocked(vp));
	if (vp->v_op->vop_reclaim != NULL)
		vp->v_op->vop_reclaim(vp);
}
