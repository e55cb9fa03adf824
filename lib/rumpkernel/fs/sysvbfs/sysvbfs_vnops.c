/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on nodes: attributes, sizes, the end.  Names are in sysvbfs_lookup.c,
 * runs in sysvbfs_bmap.c; reading and writing is genfs's.
 */
#include "fs/sysvbfs/sysvbfs.h"
#include "kern/klog.h"

/* What the VFS wants to know of a node without asking each time. */
void
sysvbfs_vnode_setup(struct vnode *vp, struct sysvbfs_node *np)
{
	vp->v_data = np;
	np->n_vp = vp;
	vp->v_type = vtype_of_mode(np->n_st.st_mode);
	vp->v_size = np->n_st.st_size;
	vp->v_blksize = SYSVBFS_BSIZE;
}

static int
sysvbfs_getattr(struct vnode *vp, struct rump_stat *st)
{
	*st = sysvbfs_node_of(vp)->n_st;
	return 0;
}

void
sysvbfs_touch(struct vnode *vp, uint32_t what)
{
	struct sysvbfs_node *np = sysvbfs_node_of(vp);

	what = genfs_touch_wanted(vp->v_mount, what);
	if (what == 0)
		return;
	genfs_touch_stat(vp->v_mount, &np->n_st, what);
	/* A failed store leaves it dirty: it is tried again at fsync. */
	(void)sysvbfs_inode_store(np, false);
}

static int
sysvbfs_setattr(
    struct vnode *vp, const struct vattr *va, const struct kcred *cred KUNUSED)
{
	struct sysvbfs_node *np = sysvbfs_node_of(vp);

	if ((va->va_mask & VA_FLAGS) != 0 && va->va_flags != 0)
		return EOPNOTSUPP;
	genfs_set_stat(vp->v_mount, &np->n_st, va);
	return sysvbfs_inode_store(np, false);
}

/* For truncate(2), and by genfs at the end of a write that made the file longer: then
 * what the size needs is allocated and filled. */
static int
sysvbfs_setsize(struct vnode *vp, uint64_t size)
{
	struct sysvbfs_node *np = sysvbfs_node_of(vp);
	uint64_t old = np->n_st.st_size;

	if (size > vp->v_mount->mnt_caps.fc_filemax)
		return EFBIG;
	np->n_st.st_size = vp->v_size = size;
	if (size > old)
		return sysvbfs_inode_store(np, true);
	return sysvbfs_shrink(np, sysvbfs_nblks(size));
}

/* fallocate(2).  VALLOC_FRESH: makefs fills the blocks itself, from outside. */
static int
sysvbfs_allocate(struct vnode *vp, uint64_t off, uint64_t len, uint32_t flags)
{
	struct sysvbfs_node *np = sysvbfs_node_of(vp);
	struct sysvbfs_mount *m = np->n_m;
	const struct sysvbfs_slot *s = &m->m_slot[np->n_slot];
	uint64_t have = sysvbfs_blkoff(s->s_nblks), end;
	int error;

	if (add_overflow(off, len, &end) ||
	    end > vp->v_mount->mnt_caps.fc_filemax)
		return EFBIG;
	error = sysvbfs_grow(np, sysvbfs_nblks(end));
	if (error == 0 && (flags & VALLOC_FRESH) == 0 && end > have)
		error = blkdev_zero(m->m_dev, sysvbfs_blkoff(s->s_first) + have,
		    sysvbfs_blkoff(s->s_nblks) - have);
	if (error != 0)
		return error;
	if ((flags & VALLOC_KEEPSIZE) == 0 && end > np->n_st.st_size)
		np->n_st.st_size = vp->v_size = end;
	return sysvbfs_inode_store(np, true);
}

/* The node's blocks and size; written at once.  m_lock held. */
static int
set_data(struct sysvbfs_node *np, const struct sysvbfs_slot *s, uint64_t size)
{
	sysvbfs_slot_set(np->n_m, np->n_slot, s->s_first, s->s_nblks);
	np->n_st.st_size = np->n_vp->v_size = size;
	np->n_st.st_blocks = s->s_nblks;
	return sysvbfs_inode_store(np, true);
}

/*
 * How an overwritten file gets its new content: that was written to a file without a
 * name, and here the two change places; the old blocks go with the nameless one.
 *
 * No two inodes on the device may lead to the same blocks, whenever we are killed:
 * b lets go of its own, a takes them, b gets what a had.
 */
static int
sysvbfs_exchange(struct vnode *avp, struct vnode *bvp)
{
	struct sysvbfs_node *a = sysvbfs_node_of(avp);
	struct sysvbfs_node *b = sysvbfs_node_of(bvp);
	static const struct sysvbfs_slot none;
	struct sysvbfs_mount *m = a->n_m;
	struct sysvbfs_slot sa, sb;
	uint64_t asize = avp->v_size, bsize = bvp->v_size;
	int error;

	mutex_enter(&m->m_lock);
	sa = m->m_slot[a->n_slot];
	sb = m->m_slot[b->n_slot];
	error = set_data(b, &none, 0);
	if (error == 0)
		error = set_data(a, &sb, bsize);
	if (error == 0)
		error = set_data(b, &sa, asize);
	mutex_exit(&m->m_lock);
	sysvbfs_touch(avp, TOUCH_MTIME);
	sysvbfs_touch(bvp, TOUCH_MTIME);
	return error;
}

static int
sysvbfs_fsync(struct vnode *vp, bool dataonly KUNUSED)
{
	struct sysvbfs_node *np = sysvbfs_node_of(vp);

	return np->n_dirty ? sysvbfs_inode_store(np, false) : 0;
}

/* Nobody has it open any more.  Without a name left it goes now. */
static void
sysvbfs_inactive(struct vnode *vp, bool *recycle)
{
	struct sysvbfs_node *np = sysvbfs_node_of(vp);

	if (vp->v_unlinked) {
		*recycle = true;
		(void)sysvbfs_ifree(np);
	} else if (np->n_dirty) {
		(void)sysvbfs_inode_store(np, false);
	}
}

/* The vnode is taken for another: vop_inactive has written what was dirty. */
static void
sysvbfs_reclaim(struct vnode *vp)
{
	struct sysvbfs_node *np = sysvbfs_node_of(vp);

	vp->v_data = NULL;
	sysvbfs_node_free(np);
}

const struct vnodeops sysvbfs_vnodeops = {
    .vop_lookup = sysvbfs_lookup,
    .vop_create = sysvbfs_create,
    .vop_tmpfile = sysvbfs_tmpfile,
    .vop_link = sysvbfs_link,
    .vop_remove = sysvbfs_remove,
    .vop_rename = sysvbfs_rename,
    .vop_getattr = sysvbfs_getattr,
    .vop_setattr = sysvbfs_setattr,
    .vop_touch = sysvbfs_touch,
    .vop_read = genfs_read,
    .vop_write = genfs_write,
    .vop_bmap = sysvbfs_bmap,
    .vop_setsize = sysvbfs_setsize,
    .vop_allocate = sysvbfs_allocate,
    .vop_exchange = sysvbfs_exchange,
    .vop_fsync = sysvbfs_fsync,
    .vop_readdir = sysvbfs_readdir,
    .vop_inactive = sysvbfs_inactive,
    .vop_reclaim = sysvbfs_reclaim,
};
