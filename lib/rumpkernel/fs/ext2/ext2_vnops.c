/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vnode operations on nodes: attributes, sizes, symbolic links, the end.  Names
 * are in ext2_names.c, directories in ext2_lookup.c, runs in ext2_bmap.c; reading
 * and writing is genfs's.
 */
#include "fs/ext2/ext2.h"
#include "fs/ext2/ext2_journal.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

void
ext2_vnode_setup(struct vnode *vp, struct ext2_node *np)
{
	vp->v_data = np;
	np->n_vp = vp;
	vp->v_type = vtype_of_mode(np->n_st.st_mode);
	vp->v_gen = np->n_st.st_gen;
	vp->v_size = np->n_st.st_size;
	vp->v_rdev = np->n_st.st_rdev;
	vp->v_blksize = np->n_m->m_bsize;
}

static int
ext2_getattr(struct vnode *vp, struct rump_stat *st)
{
	*st = ext2_node_of(vp)->n_st;
	return 0;
}

static int
ext2_setattr(
    struct vnode *vp, const struct vattr *va, const struct kcred *cred KUNUSED)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct rump_stat *st = &np->n_st;
	int error;

	error = ext2_begin(np->n_m);
	if (error == 0 && (va->va_mask & VA_FLAGS) != 0)
		error = ext2_flags_from_bsd(
		    va->va_flags, st->st_mode, &np->n_flags);
	if (error != 0)
		return error;
	genfs_set_stat(vp->v_mount, st, va);
	if ((va->va_mask & VA_MODE) != 0) {
		error = ext2_acl_chmod(vp);
		if (error != 0)
			return error;
	}
	return ext2_node_store(np);
}

static void
ext2_touch(struct vnode *vp, uint32_t what)
{
	/* A failed store is tried again at fsync. */
	(void)ext2_touchnode(ext2_node_of(vp), what);
}

/* ---- sizes -------------------------------------------------------------------- */

static int
size_allowed(struct ext2_node *np, uint64_t size)
{
	struct ext2_mount *m = np->n_m;

	if (size > ext2_maxsize(m, np->n_flags))
		return EFBIG;
	if (size > INT32_MAX)
		return ext2_need_rocompat(m, EXT2_FR_LARGE_FILE);
	return 0;
}

static int
ext2_setsize(struct vnode *vp, uint64_t size)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	uint64_t old = np->n_st.st_size;
	int error, e;

	error = ext2_begin(m);
	if (error == 0)
		error = size_allowed(np, size);
	if (error != 0)
		return error;
	np->n_st.st_size = size;
	vp->v_size = size;
	if (size <= old)
		error = ext2_free_range(
		    np, howmany(size, m->m_bsize), UINT64_MAX);
	e = ext2_node_store(np);
	return error != 0 ? error : e;
}

static int
ext2_punch(struct vnode *vp, uint64_t off, uint64_t len)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	uint64_t from, to, end;
	int error, e;

	if (add_overflow(off, len, &end))
		return EFBIG;
	from = howmany(off, m->m_bsize);
	to = end >> m->m_bshift;
	if (from >= to)
		return 0;
	error = ext2_begin(m);
	if (error != 0)
		return error;
	error = ext2_free_range(np, from, to);
	e = ext2_node_store(np);
	return error != 0 ? error : e;
}

/* Fill the holes of [lbn, end): with zeros, or for content that is written
 * behind our back. */
static int
allocate_range(struct ext2_node *np, uint64_t lbn, uint64_t end, bool fresh)
{
	struct ext2_mount *m = np->n_m;
	uint64_t blk, cnt;
	bool unwritten;
	int error;

	while (lbn < end) {
		error = ext2_map_kind(
		    np, lbn, end - lbn, &blk, &cnt, &unwritten);
		if (error == 0 && blk == 0 && fresh) {
			error = ext2_fill_hole(np, lbn, cnt, &blk, &cnt);
		} else if (error == 0 && blk == 0) {
			error = ext2_fill_later(
			    np, lbn, cnt, &blk, &cnt, &unwritten);
			if (error == 0 && !unwritten)
				error = blkdev_zero(m->m_dev,
				    ext2_blkoff(m, blk), ext2_blkoff(m, cnt));
		} else if (error == 0 && unwritten && fresh) {
			error = ext2_ext_convert(np, lbn, cnt);
		}
		if (error != 0)
			return error;
		lbn += cnt;
	}
	return 0;
}

static int
ext2_allocate(struct vnode *vp, uint64_t off, uint64_t len, uint32_t flags)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	bool fresh = (flags & VALLOC_FRESH) != 0;
	uint64_t end, first = off >> m->m_bshift, last;
	int error;

	if (vp->v_type != VREG)
		return EOPNOTSUPP;
	if (fresh && !m->m_building)
		return EINVAL;
	if (add_overflow(off, len, &end) || end > ext2_maxsize(m, np->n_flags))
		return EFBIG;
	last = howmany(end, m->m_bsize);
	/* Blocks past the end are damage to e2fsck, without extents. */
	if ((flags & VALLOC_KEEPSIZE) != 0 &&
	    (np->n_flags & EXT2_IF_EXTENTS) == 0 &&
	    last > howmany(np->n_st.st_size, m->m_bsize))
		return EOPNOTSUPP;
	error = ext2_begin(m);
	if (error == 0)
		error = size_allowed(np, end);
	if (error == 0)
		error = allocate_range(np, first, last, fresh);
	if (error != 0) {
		if (fresh) {
			(void)ext2_free_range(np, first, last);
			(void)ext2_node_store(np);
		}
		return error;
	}
	if ((flags & VALLOC_KEEPSIZE) != 0 || end <= np->n_st.st_size)
		return 0;
	np->n_st.st_size = end;
	vp->v_size = end;
	return ext2_node_store(np);
}

/* Blocks of data, without the attributes' block. */
static uint64_t
data_sectors(const struct ext2_node *np)
{
	uint64_t acl = np->n_acl != 0 ? ext2_spb(np->n_m) : 0;

	return np->n_st.st_blocks > acl ? np->n_st.st_blocks - acl : 0;
}

static void
swap_maps(struct vnode *avp, struct vnode *bvp)
{
	struct ext2_node *a = ext2_node_of(avp), *b = ext2_node_of(bvp);
	uint64_t asec = data_sectors(a), bsec = data_sectors(b);
	uint32_t kinds = (a->n_flags ^ b->n_flags) & EXT2_IF_EXTENTS;
	le32_t tmp[EXT2_NADDR];
	uint64_t size;

	ext2_window_drop(a);
	ext2_window_drop(b);
	memcpy(tmp, a->n_block, sizeof(tmp));
	memcpy(a->n_block, b->n_block, sizeof(tmp));
	memcpy(b->n_block, tmp, sizeof(tmp));
	a->n_flags ^= kinds;
	b->n_flags ^= kinds;
	a->n_st.st_blocks = a->n_st.st_blocks - asec + bsec;
	b->n_st.st_blocks = b->n_st.st_blocks - bsec + asec;
	size = a->n_st.st_size;
	avp->v_size = a->n_st.st_size = b->n_st.st_size;
	bvp->v_size = b->n_st.st_size = size;
	a->n_leaf = b->n_leaf = 0;
	a->n_goal = b->n_goal = 0;
}

/*
 * The blocks that a file gives away are soon free and hold another's data.  A
 * process that is killed must not leave an inode behind that still leads to
 * them: so what the new maps need is handed to the host before the exchange, and
 * the inodes right after it.
 */
static int
ext2_exchange(struct vnode *avp, struct vnode *bvp)
{
	struct ext2_node *a = ext2_node_of(avp), *b = ext2_node_of(bvp);
	struct ext2_mount *m = a->n_m;
	bool direct = !m->m_building && m->m_journal == NULL;
	int error;

	if (avp->v_type != VREG || bvp->v_type != VREG)
		return EOPNOTSUPP;
	error = ext2_begin(m);
	if (error == 0 && m->m_csum)
		error = ext2_ext_resum(a, b);
	if (error == 0 && m->m_csum)
		error = ext2_ext_resum(b, a);
	if (error == 0 && direct)
		error = bflush(m->m_dev, false);
	if (error != 0)
		return error;
	swap_maps(avp, bvp);
	error = ext2_touchnode(a, TOUCH_MTIME);
	if (error == 0)
		error = ext2_touchnode(b, TOUCH_MTIME);
	if (error == 0 && direct)
		error = bflush(m->m_dev, false);
	return error;
}

/* ---- the rest -------------------------------------------------------------------- */

static void
ext2_close(struct vnode *vp, int oflags, const struct kcred *cred KUNUSED)
{
	if ((oflags & RUMP_O_ACCMODE) != RUMP_O_RDONLY)
		ext2_window_drop(ext2_node_of(vp));
}

static int
ext2_fsync(struct vnode *vp, bool dataonly KUNUSED)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	int error = 0;

	if (np->n_dirty) {
		error = vfs_opbegin(m->m_mp);
		if (error != 0)
			return error;
		error = ext2_node_store(np);
		vfs_opend(m->m_mp);
	}
	if (error == 0 && m->m_journal != NULL)
		error = ext2_journal_commit(m);
	return error;
}

/* Hand a link's target out. */
static int
link_move(struct ext2_node *np, const void *target, size_t n, struct uio *uio)
{
	uint64_t size = np->n_st.st_size;

	if (size == 0 || kmemchr(target, '\0', (size_t)size) != NULL)
		return ext2_damage(np->n_m, np->n_ino,
		    "the symbolic link is empty or has a NUL");
	/* uiomove() only reads it. */
	return uiomove((void *)(uintptr_t)target, n, uio);
}

static int
ext2_readlink(struct vnode *vp, struct uio *uio)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	size_t n = (size_t)kmin(np->n_st.st_size, uio->uio_resid);
	uint64_t blk, cnt;
	const uint8_t *data;
	struct buf *bp;
	uint32_t len;
	int error;

	if ((np->n_flags & EXT2_IF_ENCRYPT) != 0)
		return ext2_refuse(
		    m, np->n_ino, "is encrypted: its target can't be read");
	if ((np->n_flags & EXT2_IF_INLINE_DATA) != 0) {
		error = ext2_inline_get(np, &data, &len);
		return error != 0 ? error : link_move(np, data, n, uio);
	}
	if (ext2_fastlink(np))
		return link_move(np, np->n_block, n, uio);
	error = ext2_map(np, 0, 1, &blk, &cnt);
	if (error == 0 && blk == 0)
		error = ext2_damage(
		    m, np->n_ino, "the symbolic link's block is missing");
	if (error == 0)
		error = bread(m->m_dev, ext2_blkoff(m, blk), m->m_bsize, &bp);
	if (error != 0)
		return error;
	error = link_move(np, bp->b_data, n, uio);
	brelse(bp);
	return error;
}

static void
ext2_inactive(struct vnode *vp, bool *recycle)
{
	struct ext2_node *np = ext2_node_of(vp);

	ext2_window_drop(np);
	if (vp->v_unlinked) {
		*recycle = true;
		if (ext2_begin(np->n_m) == 0)
			(void)ext2_node_destroy(np);
	} else if (np->n_dirty) {
		(void)ext2_node_store(np);
	}
}

static void
ext2_reclaim(struct vnode *vp)
{
	struct ext2_node *np = ext2_node_of(vp);

	/*
	 * This may be called for memory by who holds m_lock.  An unused node
	 * has dropped its window and isn't an orphan, so that no lock is taken;
	 * one that is taken away by force may still be on both lists.
	 */
	if (klink_linked(&np->n_winlink))
		ext2_window_drop(np);
	if (klink_linked(&np->n_orphlink)) {
		mutex_enter(&np->n_m->m_orphanlock);
		klink_remove(&np->n_orphlink);
		mutex_exit(&np->n_m->m_orphanlock);
	}
	vp->v_data = NULL;
	ext2_inline_free(np);
	ext2_node_free(np);
}

const struct vnodeops ext2_vnodeops = {
    .vop_lookup = ext2_lookup,
    .vop_create = ext2_create,
    .vop_tmpfile = ext2_tmpfile,
    .vop_link = ext2_link,
    .vop_remove = ext2_remove,
    .vop_rmdir = ext2_rmdir,
    .vop_rename = ext2_rename,
    .vop_close = ext2_close,
    .vop_getattr = ext2_getattr,
    .vop_setattr = ext2_setattr,
    .vop_touch = ext2_touch,
    .vop_read = genfs_read,
    .vop_write = genfs_write,
    .vop_bmap = ext2_bmap,
    .vop_setsize = ext2_setsize,
    .vop_allocate = ext2_allocate,
    .vop_punch = ext2_punch,
    .vop_exchange = ext2_exchange,
    .vop_fsync = ext2_fsync,
    .vop_readdir = ext2_readdir,
    .vop_readlink = ext2_readlink,
    .vop_getxattr = ext2_getxattr,
    .vop_setxattr = ext2_setxattr,
    .vop_listxattr = ext2_listxattr,
    .vop_inactive = ext2_inactive,
    .vop_reclaim = ext2_reclaim,
};
