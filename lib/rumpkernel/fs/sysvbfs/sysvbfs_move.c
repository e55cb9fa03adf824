/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving files: a file in one piece can't grow into its neighbour, and free blocks
 * that are scattered are none.
 *
 * A move to a place that doesn't overlap the file's own is safe by its order: the
 * data is copied, then the inode is written.  One that overlaps copies a piece at a
 * time, in the direction that reads before it overwrites, and the superblock says
 * at each piece how far it got: whoever mounts next finishes it (or, on a mount
 * that may not write, reads both places).  A piece is as long as the distance, so
 * that what a piece overwrites is never what it reads.
 */
#include "fs/sysvbfs/sysvbfs.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define PIECE_BYTES 65536u

/* ---- bytes ---------------------------------------------------------------------- */

/* The ranges don't overlap. */
static int
copy_apart(struct sysvbfs_mount *m, uint64_t from, uint64_t to, uint64_t len)
{
	uint8_t *mem = kmem_alloc(PIECE_BYTES);
	uint64_t n;
	int error = 0;

	if (mem == NULL)
		return ENOMEM;
	for (; len > 0 && error == 0; from += n, to += n, len -= n) {
		n = kmin(len, PIECE_BYTES);
		error = blkdev_read(m->m_dev, mem, from, n, 0);
		if (error == 0)
			error = blkdev_write(m->m_dev, mem, to, n, 0);
	}
	kmem_free(mem, PIECE_BYTES);
	return error;
}

/* The superblock's words, at once. */
static int
words_put(struct sysvbfs_mount *m, const struct sysvbfs_move *mv)
{
	struct sysvbfs_super_disk *sb;
	struct buf *bp;
	uint32_t none = SYSVBFS_NONE;
	int error;

	error = bread(m->m_dev, 0, SYSVBFS_BSIZE, &bp);
	if (error != 0)
		return error;
	sb = (void *)bp->b_data;
	ei32_put(&sb->s_from, mv ? (uint32_t)sysvbfs_blkoff(mv->mv_from) : none,
	    m->m_big);
	ei32_put(&sb->s_to, mv ? (uint32_t)sysvbfs_blkoff(mv->mv_to) : none,
	    m->m_big);
	ei32_put(&sb->s_moved, mv ? (uint32_t)mv->mv_done : none, m->m_big);
	return bwrite(bp);
}

/* The rest of a move that overlaps itself. */
static int
copy_pieces(struct sysvbfs_mount *m, struct sysvbfs_move *mv, uint64_t len)
{
	bool down = mv->mv_to < mv->mv_from;
	uint64_t from = sysvbfs_blkoff(mv->mv_from);
	uint64_t to = sysvbfs_blkoff(mv->mv_to);
	uint64_t apart = down ? from - to : to - from, n, at;
	int error = 0;

	while (mv->mv_done < len && error == 0) {
		n = kmin(kmin(apart, PIECE_BYTES), len - mv->mv_done);
		at = down ? mv->mv_done : len - mv->mv_done - n;
		error = copy_apart(m, from + at, to + at, n);
		if (error == 0) {
			mv->mv_done += n;
			error = words_put(m, mv);
		}
	}
	return error;
}

/* ---- one file ---------------------------------------------------------------------- */

/* Its inode on the device gets the new place.  All else there stays. */
static int
inode_moved(struct sysvbfs_mount *m, uint32_t slot, uint32_t to)
{
	struct sysvbfs_inode_disk *di;
	struct buf *bp;
	uint32_t size;
	int error;

	error = sysvbfs_inode_buf(m, slot, &bp, &di);
	if (error != 0)
		return error;
	size = ei32_get(di->i_endbyte, m->m_big) -
	    (uint32_t)sysvbfs_blkoff(ei32_get(di->i_first, m->m_big));
	ei32_put(&di->i_first, to, m->m_big);
	ei32_put(&di->i_last, to + m->m_slot[slot].s_nblks - 1, m->m_big);
	ei32_put(&di->i_endbyte, (uint32_t)sysvbfs_blkoff(to) + size, m->m_big);
	return bwrite(bp);
}

/* The words are in the superblock: copy what is left and forget them. */
static int
move_rest(struct sysvbfs_mount *m, struct sysvbfs_move *mv)
{
	const struct sysvbfs_slot *s = &m->m_slot[mv->mv_slot];
	int error;

	error = copy_pieces(m, mv, sysvbfs_blkoff(s->s_nblks));
	if (error == 0)
		error = inode_moved(m, mv->mv_slot, mv->mv_to);
	if (error == 0)
		error = words_put(m, NULL);
	if (error == 0)
		sysvbfs_slot_set(m, mv->mv_slot, mv->mv_to, s->s_nblks);
	return error;
}

int
sysvbfs_move(struct sysvbfs_mount *m, uint32_t slot, uint32_t to)
{
	const struct sysvbfs_slot *s = &m->m_slot[slot];
	struct sysvbfs_move mv = {
	    .mv_slot = slot, .mv_from = s->s_first, .mv_to = to};
	uint64_t from = sysvbfs_blkoff(s->s_first);
	uint64_t len = sysvbfs_blkoff(s->s_nblks);
	int error;

	KASSERT(mutex_owned(&m->m_lock) && s->s_nblks > 0);
	/* The directory's blocks are cached under their old place. */
	error = bflush_range(m->m_dev, from, len);
	if (error != 0)
		return error;
	bforget(m->m_dev, from, len);
	if (to + s->s_nblks <= s->s_first || s->s_first + s->s_nblks <= to) {
		error = copy_apart(m, from, sysvbfs_blkoff(to), len);
		if (error == 0)
			error = inode_moved(m, slot, to);
		if (error == 0)
			sysvbfs_slot_set(m, slot, to, s->s_nblks);
		return error;
	}
	error = words_put(m, &mv);
	return error != 0 ? error : move_rest(m, &mv);
}

/* ---- all of them ------------------------------------------------------------------- */

/* The i-th file in order and where it would go; false: it is there already. */
static bool
push_target(const struct sysvbfs_mount *m, uint32_t i, bool up, uint32_t *top)
{
	const struct sysvbfs_slot *s = &m->m_slot[m->m_order[i]], *t;

	if (up) {
		*top = (i + 1 < m->m_norder
			       ? m->m_slot[m->m_order[i + 1]].s_first
			       : m->m_geom.sg_blocks) -
		    s->s_nblks;
	} else {
		t = i > 0 ? &m->m_slot[m->m_order[i - 1]] : NULL;
		*top = t != NULL ? t->s_first + t->s_nblks : m->m_geom.sg_start;
	}
	return *top != s->s_first;
}

/*
 * Push the i-th file down or up.  Its vnode must be ours first, for which m_lock is
 * left; then all is looked at again.  A file that somebody uses stays.
 */
static int
push(struct sysvbfs_node *np, uint32_t i, bool up)
{
	struct sysvbfs_mount *m = np->n_m;
	uint32_t slot = m->m_order[i], to;
	struct vnode *vp = NULL;
	int error = 0;

	if (!push_target(m, i, up, &to))
		return 0;
	if (slot == np->n_slot)
		return sysvbfs_move(m, slot, to);
	mutex_exit(&m->m_lock);
	error = vcache_get(m->m_mp, slot + SYSVBFS_INO_ROOT, &vp);
	if (error == 0 && !rw_tryenter(&vp->v_lock, RW_WRITER)) {
		vrele(vp);
		vp = NULL;
	}
	mutex_enter(&m->m_lock);
	if (error != 0 || vp == NULL)
		return error == EUCLEAN || error == ESTALE ? 0 : error;
	if (i < m->m_norder && m->m_order[i] == slot &&
	    push_target(m, i, up, &to))
		error = sysvbfs_move(m, slot, to);
	mutex_exit(&m->m_lock);
	vn_unlock(vp);
	vrele(vp);
	mutex_enter(&m->m_lock);
	return error;
}

int
sysvbfs_compact(struct sysvbfs_node *np, uint32_t nblks)
{
	struct sysvbfs_mount *m = np->n_m;
	const struct sysvbfs_slot *s = &m->m_slot[np->n_slot];
	uint32_t i;
	int error = 0;

	/* All to the front; then what is behind np to the end. */
	mutex_enter(&m->m_lock);
	for (i = 0; i < m->m_norder && error == 0; i++)
		error = push(np, i, false);
	for (i = m->m_norder; s->s_nblks > 0 && i-- > 0 && error == 0;) {
		if (i >= m->m_norder)
			continue;
		if (m->m_order[i] == np->n_slot ||
		    sysvbfs_next_used(m, np->n_slot) - s->s_first >= nblks)
			break;
		error = push(np, i, true);
	}
	mutex_exit(&m->m_lock);
	return error;
}

/* ---- what an earlier mount didn't finish ---------------------------------------------- */

/* May the i-th file in order be on its way to that block: nobody else's? */
static bool
may_move(const struct sysvbfs_mount *m, uint32_t i, uint32_t to)
{
	uint32_t nblks = m->m_slot[m->m_order[i]].s_nblks;
	uint32_t low = m->m_geom.sg_start, high = m->m_geom.sg_blocks;
	const struct sysvbfs_slot *s;

	if (i > 0) {
		s = &m->m_slot[m->m_order[i - 1]];
		low = s->s_first + s->s_nblks;
	}
	if (i + 1 < m->m_norder)
		high = m->m_slot[m->m_order[i + 1]].s_first;
	return to >= low && to <= high && nblks <= high - to;
}

int
sysvbfs_move_load(struct sysvbfs_mount *m, const struct sysvbfs_super_disk *sb)
{
	uint32_t from = ei32_get(sb->s_from, m->m_big);
	uint32_t to = ei32_get(sb->s_to, m->m_big);
	uint32_t done = ei32_get(sb->s_moved, m->m_big);
	struct sysvbfs_move *mv = &m->m_move;
	uint32_t nblks;

	if (from == SYSVBFS_NONE || to == SYSVBFS_NONE)
		return 0;
	mv->mv_from = from / SYSVBFS_BSIZE;
	mv->mv_to = to / SYSVBFS_BSIZE;
	mv->mv_done = done;
	for (uint32_t i = 0; i < m->m_norder; i++) {
		mv->mv_slot = m->m_order[i];
		nblks = m->m_slot[mv->mv_slot].s_nblks;
		if (m->m_slot[mv->mv_slot].s_first == mv->mv_to) {
			/* It arrived, but for the words. */
			mv->mv_pending = false;
			return 0;
		}
		if (m->m_slot[mv->mv_slot].s_first != mv->mv_from)
			continue;
		mv->mv_pending = from % SYSVBFS_BSIZE == 0 &&
		    to % SYSVBFS_BSIZE == 0 && done % SYSVBFS_BSIZE == 0 &&
		    done <= sysvbfs_blkoff(nblks) && may_move(m, i, mv->mv_to);
		if (mv->mv_pending)
			return 0;
		break;
	}
	mount_message(m->m_mp, 0, 0,
	    "the superblock tells of an unfinished move from byte %u to %u, "
	    "which can't be; mounted read-only",
	    from, to);
	m->m_mp->mnt_flags |= RUMP_MNT_RDONLY;
	return 0;
}

int
sysvbfs_move_finish(struct sysvbfs_mount *m)
{
	struct sysvbfs_move mv = m->m_move;
	int error = 0;

	mutex_enter(&m->m_lock);
	if (mv.mv_pending) {
		m->m_move.mv_pending = false;
		error = move_rest(m, &mv);
	}
	mutex_exit(&m->m_lock);
	return error;
}
