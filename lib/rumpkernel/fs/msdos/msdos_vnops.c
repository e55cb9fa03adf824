/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on nodes: attributes, sizes, the end.  Names are in msdos_names.c,
 * directories in msdos_dir.c, runs in msdos_bmap.c; reading and writing is genfs's.
 */
#include "fs/msdos/msdos.h"
#include "kern/klog.h"

static int
msdos_getattr(struct vnode *vp, struct rump_stat *st)
{
	*st = msdos_node_of(vp)->n_st;
	return 0;
}

/* Whose file it is can't be held: that is said once. */
static void
set_owner(struct msdos_node *np, const struct vattr *va)
{
	struct msdos_mount *m = np->n_m;
	struct mount *mp = m->m_mp;

	if (((va->va_mask & VA_UID) == 0 || va->va_uid == m->m_uid) &&
	    ((va->va_mask & VA_GID) == 0 || va->va_gid == m->m_gid))
		return;
	if ((mp->mnt_warned & MNTWARN_OWNER) != 0)
		return;
	mp->mnt_warned |= MNTWARN_OWNER;
	mount_warn(mp,
	    "the format holds no owners: all files are %u:%u's (mount options "
	    "uid, gid)",
	    m->m_uid, m->m_gid);
}

static int
msdos_setattr(
    struct vnode *vp, const struct vattr *va, const struct kcred *cred KUNUSED)
{
	struct msdos_node *np = msdos_node_of(vp);
	struct rump_stat *st = &np->n_st;
	int error;

	error = msdos_begin(np->n_m);
	if (error == 0 && (va->va_mask & VA_FLAGS) != 0)
		error = msdos_set_flags(np, va->va_flags);
	if (error != 0)
		return error;
	if ((va->va_mask & VA_MODE) != 0)
		msdos_set_mode(np, va->va_mode);
	set_owner(np, va);
	if ((va->va_mask & VA_ATIME) != 0) {
		st->st_atim = va->va_atime;
		msdos_time_round(np->n_m, &st->st_atim, MSDOS_DAY);
	}
	if ((va->va_mask & VA_BTIME) != 0) {
		st->st_birthtim = va->va_btime;
		msdos_time_round(np->n_m, &st->st_birthtim, MSDOS_10MS);
	}
	if ((va->va_mask & VA_MTIME) != 0) {
		st->st_mtim = va->va_mtime;
		msdos_time_round(np->n_m, &st->st_mtim, MSDOS_2S);
		st->st_ctim = st->st_mtim;
	}
	return msdos_node_store(np);
}

void
msdos_touch(struct vnode *vp, uint32_t what)
{
	struct msdos_node *np = msdos_node_of(vp);
	struct rump_timespec now;

	what = genfs_touch_wanted(vp->v_mount, what);
	/* There is no time of change. */
	if ((what & (TOUCH_ATIME | TOUCH_MTIME)) == 0 ||
	    msdos_begin(np->n_m) != 0)
		return;
	genfs_now(vp->v_mount, &now);
	if ((what & TOUCH_ATIME) != 0) {
		np->n_st.st_atim = now;
		msdos_time_round(np->n_m, &np->n_st.st_atim, MSDOS_DAY);
	}
	if ((what & TOUCH_MTIME) != 0) {
		np->n_st.st_mtim = now;
		msdos_time_round(np->n_m, &np->n_st.st_mtim, MSDOS_2S);
		np->n_st.st_ctim = np->n_st.st_mtim;
		if (!msdos_isdir(np))
			np->n_attr |= MSDOS_ATTR_ARCH;
	}
	/* A failed store leaves it dirty: it is tried again at fsync. */
	(void)msdos_node_store(np);
}

/* ---- sizes ------------------------------------------------------------------------ */

static void
set_size(struct vnode *vp, uint64_t size)
{
	struct msdos_node *np = msdos_node_of(vp);
	uint32_t cluster = np->n_m->m_geom.mg_cluster;

	np->n_st.st_size = vp->v_size = size;
	np->n_st.st_blocks = howmany(size, cluster) * (cluster / 512);
}

/* genfs has allocated and filled what a larger size needs. */
static int
msdos_setsize(struct vnode *vp, uint64_t size)
{
	struct msdos_node *np = msdos_node_of(vp);
	struct msdos_mount *m = np->n_m;
	int error, e;

	if (size > MSDOS_FILE_MAX)
		return EFBIG;
	error = msdos_begin(m);
	if (error != 0)
		return error;
	set_size(vp, size);
	error = msdos_chain_cut(
	    np, (uint32_t)howmany(size, m->m_geom.mg_cluster));
	e = msdos_node_store(np);
	return error != 0 ? error : e;
}

static int
msdos_allocate(struct vnode *vp, uint64_t off, uint64_t len, uint32_t flags)
{
	struct msdos_node *np = msdos_node_of(vp);
	struct msdos_mount *m = np->n_m;
	uint32_t have, count, cluster, n;
	uint64_t end;
	int error;

	if (vp->v_type != VREG || (flags & VALLOC_KEEPSIZE) != 0)
		return EOPNOTSUPP; /* clusters past the end are damage */
	if (add_overflow(off, len, &end) || end > MSDOS_FILE_MAX)
		return EFBIG;
	count = (uint32_t)howmany(end, m->m_geom.mg_cluster);
	error = msdos_begin(m);
	if (error == 0)
		error = msdos_chain_count(np, &have);
	if (error == 0)
		error = msdos_chain_grow(np, count);
	while (error == 0 && (flags & VALLOC_FRESH) == 0 && have < count) {
		error = msdos_chain_find(np, have, count - have, &cluster, &n);
		if (error == 0)
			error = blkdev_zero(m->m_dev,
			    msdos_cluster_off(&m->m_geom, cluster),
			    (uint64_t)n << m->m_clshift);
		have += n;
	}
	if (error != 0)
		return error;
	if (end > np->n_st.st_size)
		set_size(vp, end);
	return msdos_node_store(np);
}

/*
 * What the chains hold changes hands.  What was written to them is on the host before
 * the entries say so, and those are before anything of the old ones is given away.
 */
static int
msdos_exchange(struct vnode *avp, struct vnode *bvp)
{
	struct msdos_node *a = msdos_node_of(avp), *b = msdos_node_of(bvp);
	struct msdos_mount *m = a->n_m;
	struct msdos_chain chain = a->n_chain;
	uint32_t first = a->n_first, count = a->n_count;
	uint64_t size = avp->v_size;
	bool building = (m->m_mp->mnt_flags & RUMP_MNT_BUILDING) != 0;
	int error;

	if (avp->v_type != VREG || bvp->v_type != VREG)
		return EOPNOTSUPP;
	error = msdos_begin(m);
	if (error == 0 && !building)
		error = bflush(m->m_dev, false);
	if (error != 0)
		return error;
	a->n_chain = b->n_chain;
	a->n_first = b->n_first;
	a->n_count = b->n_count;
	b->n_chain = chain;
	b->n_first = first;
	b->n_count = count;
	set_size(avp, bvp->v_size);
	set_size(bvp, size);
	msdos_touch(avp, TOUCH_MTIME);
	msdos_touch(bvp, TOUCH_MTIME);
	error = a->n_dirty || b->n_dirty ? EIO : 0;
	if (error == 0 && !building)
		error = bflush(m->m_dev, false);
	return error;
}

/* ---- the rest ----------------------------------------------------------------------- */

static int
msdos_fsync(struct vnode *vp, bool dataonly KUNUSED)
{
	struct msdos_node *np = msdos_node_of(vp);

	return np->n_dirty ? msdos_node_store(np) : 0;
}

static void
msdos_inactive(struct vnode *vp, bool *recycle)
{
	struct msdos_node *np = msdos_node_of(vp);

	if (vp->v_unlinked) {
		*recycle = true;
		if (msdos_begin(np->n_m) == 0)
			(void)msdos_chain_cut(np, 0);
	} else if (np->n_dirty) {
		(void)msdos_node_store(np);
	}
}

static void
msdos_reclaim(struct vnode *vp)
{
	struct msdos_node *np = msdos_node_of(vp);

	vp->v_data = NULL;
	msdos_node_free(np);
}

const struct vnodeops msdos_vnodeops = {
    .vop_lookup = msdos_lookup,
    .vop_create = msdos_create,
    .vop_tmpfile = msdos_tmpfile,
    .vop_link = msdos_link,
    .vop_remove = msdos_remove,
    .vop_rmdir = msdos_rmdir,
    .vop_rename = msdos_rename,
    .vop_getattr = msdos_getattr,
    .vop_setattr = msdos_setattr,
    .vop_touch = msdos_touch,
    .vop_read = genfs_read,
    .vop_write = genfs_write,
    .vop_bmap = msdos_bmap,
    .vop_setsize = msdos_setsize,
    .vop_allocate = msdos_allocate,
    .vop_exchange = msdos_exchange,
    .vop_fsync = msdos_fsync,
    .vop_readdir = msdos_readdir,
    .vop_inactive = msdos_inactive,
    .vop_reclaim = msdos_reclaim,
};
