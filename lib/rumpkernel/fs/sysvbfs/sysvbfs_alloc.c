/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes and blocks.
 *
 * An inode is free when its number is 0.  A block is free when no file has it:
 * there is no bitmap, so that the map is made of the inodes, once, at mount.
 *
 * A file grows where it is if the blocks behind it are free.  Else it moves to a
 * larger gap; else files are pushed together (sysvbfs_move.c).  The gap at the end
 * is preferred: who grows once grows again.
 *
 * Blocks that change hands are on the device in this order: data where it is going,
 * the inode, and only then the old blocks may be another's.
 */
#include "fs/sysvbfs/sysvbfs.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/ksort.h"
#include "kern/kstring.h"

/* ---- the order of slots ------------------------------------------------------ */

/* Where in m_order a file with that first block is, or would be. */
static uint32_t
order_find(const struct sysvbfs_mount *m, uint32_t first)
{
	uint32_t lo = 0, hi = m->m_norder;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (m->m_slot[m->m_order[mid]].s_first < first)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void
sysvbfs_slot_set(
    struct sysvbfs_mount *m, uint32_t slot, uint32_t first, uint32_t nblks)
{
	struct sysvbfs_slot *s = &m->m_slot[slot];
	uint32_t i;

	KASSERT(mutex_owned(&m->m_lock));
	if (s->s_nblks > 0) {
		i = order_find(m, s->s_first);
		m->m_norder--;
		memmove(&m->m_order[i], &m->m_order[i + 1],
		    (m->m_norder - i) * sizeof(m->m_order[0]));
	}
	m->m_free_blks = m->m_free_blks + s->s_nblks - nblks;
	s->s_first = nblks > 0 ? first : 0;
	s->s_nblks = nblks;
	if (nblks > 0) {
		i = order_find(m, first);
		memmove(&m->m_order[i + 1], &m->m_order[i],
		    (m->m_norder - i) * sizeof(m->m_order[0]));
		m->m_order[i] = (uint16_t)slot;
		m->m_norder++;
	}
}

/* Where the gap in front of the i-th file in order begins. */
static uint32_t
gap_start(const struct sysvbfs_mount *m, uint32_t i)
{
	const struct sysvbfs_slot *s;

	if (i == 0)
		return m->m_geom.sg_start;
	s = &m->m_slot[m->m_order[i - 1]];
	return s->s_first + s->s_nblks;
}

/* ... and where it ends. */
static uint32_t
gap_end(const struct sysvbfs_mount *m, uint32_t i)
{
	return i < m->m_norder ? m->m_slot[m->m_order[i]].s_first
			       : m->m_geom.sg_blocks;
}

/* A gap of that many blocks: the one at the end, else the smallest.  0: none. */
static uint32_t
gap_find(const struct sysvbfs_mount *m, uint32_t nblks)
{
	uint32_t best = 0, size = UINT32_MAX;

	if (gap_end(m, m->m_norder) - gap_start(m, m->m_norder) >= nblks)
		return gap_start(m, m->m_norder);
	for (uint32_t i = 0; i < m->m_norder; i++) {
		uint32_t n = gap_end(m, i) - gap_start(m, i);

		if (n >= nblks && n < size) {
			best = gap_start(m, i);
			size = n;
		}
	}
	return best;
}

uint32_t
sysvbfs_next_used(const struct sysvbfs_mount *m, uint32_t slot)
{
	return gap_end(m, order_find(m, m->m_slot[slot].s_first) + 1);
}

/* ---- loading ------------------------------------------------------------------- */

int
sysvbfs_inode_buf(struct sysvbfs_mount *m, uint32_t slot, struct buf **bpp,
    struct sysvbfs_inode_disk **dip)
{
	uint64_t off = SYSVBFS_BSIZE + (uint64_t)slot * SYSVBFS_INODE;
	uint64_t blk = rounddown2(off, SYSVBFS_BSIZE);
	int error;

	error = bread_cluster(m->m_dev, blk, SYSVBFS_BSIZE, SYSVBFS_BSIZE,
	    sysvbfs_blkoff(m->m_geom.sg_start - 1), bpp);
	if (error == 0)
		*dip = (void *)((*bpp)->b_data + (off - blk));
	return error;
}

/* What is wrong with the inode's blocks and size?  NULL: nothing; *firstp, *nblksp. */
static const char *
blocks_fault(const struct sysvbfs_mount *m, const struct sysvbfs_inode_disk *di,
    uint32_t *firstp, uint32_t *nblksp)
{
	uint32_t first = ei32_get(di->i_first, m->m_big);
	uint32_t last = ei32_get(di->i_last, m->m_big);
	uint64_t end = (uint64_t)ei32_get(di->i_endbyte, m->m_big) + 1;

	*firstp = *nblksp = 0;
	if (first == 0)
		return NULL;
	if (first < m->m_geom.sg_start || last >= m->m_geom.sg_blocks)
		return "its blocks are outside of the file system";
	if (last < first)
		return "its last block is before its first";
	if (end < sysvbfs_blkoff(first) || end > sysvbfs_blkoff(last + 1))
		return "its size doesn't fit its blocks";
	*firstp = first;
	*nblksp = last - first + 1;
	return NULL;
}

static void
slot_bad(struct sysvbfs_mount *m, uint32_t slot, const char *why)
{
	(void)sysvbfs_damage(m, slot + SYSVBFS_INO_ROOT, "%s", why);
	m->m_slot[slot].s_bad = true;
	m->m_slot[slot].s_first = m->m_slot[slot].s_nblks = 0;
	m->m_mp->mnt_flags |= RUMP_MNT_RDONLY;
}

static void
slot_load(
    struct sysvbfs_mount *m, uint32_t slot, const struct sysvbfs_inode_disk *di)
{
	struct sysvbfs_slot *s = &m->m_slot[slot];
	uint32_t ino = ei16_get(di->i_ino, m->m_big);
	const char *why;

	if (ino == 0) {
		m->m_free_inodes++;
		return;
	}
	s->s_used = true;
	if (ino != slot + SYSVBFS_INO_ROOT) {
		slot_bad(m, slot, "it has another inode's number");
		return;
	}
	why = blocks_fault(m, di, &s->s_first, &s->s_nblks);
	if (why != NULL)
		slot_bad(m, slot, why);
	else if (s->s_nblks > 0)
		m->m_order[m->m_norder++] = (uint16_t)slot;
}

static bool
starts_before(const void *a, const void *b)
{
	const struct sysvbfs_slot *x = a, *y = b;

	return x->s_first < y->s_first;
}

static int
order_sort(struct sysvbfs_mount *m)
{
	size_t n = m->m_norder;
	void **v = kmem_calloc(n + 1, sizeof(*v));

	if (v == NULL)
		return ENOMEM;
	for (size_t i = 0; i < n; i++)
		v[i] = &m->m_slot[m->m_order[i]];
	ksort_ptrs(v, n, starts_before);
	for (size_t i = 0; i < n; i++)
		m->m_order[i] = (uint16_t)((struct sysvbfs_slot *)v[i] -
		    m->m_slot);
	kmem_free(v, (n + 1) * sizeof(*v));
	return 0;
}

/* Two files with one block: the later one is taken for the bad one. */
static void
drop_overlaps(struct sysvbfs_mount *m)
{
	uint32_t end = m->m_geom.sg_start, n = 0;

	for (uint32_t i = 0; i < m->m_norder; i++) {
		uint32_t slot = m->m_order[i];
		struct sysvbfs_slot *s = &m->m_slot[slot];

		if (s->s_first < end) {
			slot_bad(m, slot, "another file has its blocks too");
			continue;
		}
		end = s->s_first + s->s_nblks;
		m->m_free_blks -= s->s_nblks;
		m->m_order[n++] = (uint16_t)slot;
	}
	m->m_norder = n;
}

int
sysvbfs_slots_load(struct sysvbfs_mount *m)
{
	struct sysvbfs_inode_disk *di;
	struct buf *bp;
	uint32_t n = m->m_geom.sg_inodes;
	int error;

	m->m_slot = kmem_calloc(n, sizeof(m->m_slot[0]));
	m->m_order = kmem_calloc(n, sizeof(m->m_order[0]));
	if (m->m_slot == NULL || m->m_order == NULL)
		return ENOMEM;
	for (uint32_t slot = 0; slot < n; slot++) {
		error = sysvbfs_inode_buf(m, slot, &bp, &di);
		if (error != 0)
			return error;
		slot_load(m, slot, di);
		brelse(bp);
	}
	m->m_free_blks = m->m_geom.sg_blocks - m->m_geom.sg_start;
	error = order_sort(m);
	if (error == 0)
		drop_overlaps(m);
	return error;
}

void
sysvbfs_slots_free(struct sysvbfs_mount *m)
{
	uint32_t n = m->m_geom.sg_inodes;

	kmem_free(m->m_slot, n * sizeof(m->m_slot[0]));
	kmem_free(m->m_order, n * sizeof(m->m_order[0]));
}

/* ---- inodes ------------------------------------------------------------------- */

int
sysvbfs_inode_stat(struct sysvbfs_mount *m, uint32_t slot, struct rump_stat *st)
{
	struct sysvbfs_inode_disk *di;
	uint32_t type, first, nblks;
	struct buf *bp;
	int error;

	error = sysvbfs_inode_buf(m, slot, &bp, &di);
	if (error != 0)
		return error;
	memset(st, 0, sizeof(*st));
	st->st_ino = slot + SYSVBFS_INO_ROOT;
	type = ei32_get(di->i_type, m->m_big);
	st->st_mode = ei32_get(di->i_mode, m->m_big) & RUMP_ALLPERMS;
	st->st_mode |= type == SYSVBFS_TYPE_DIR ? RUMP_S_IFDIR : RUMP_S_IFREG;
	if (type != SYSVBFS_TYPE_REG && type != SYSVBFS_TYPE_DIR)
		error = sysvbfs_damage(m, st->st_ino, "its type is %u", type);
	else if (type == SYSVBFS_TYPE_DIR && slot != 0)
		error = sysvbfs_damage(m, st->st_ino, "a second directory");
	st->st_nlink = ei32_get(di->i_nlink, m->m_big);
	st->st_uid = ei32_get(di->i_uid, m->m_big);
	st->st_gid = ei32_get(di->i_gid, m->m_big);
	st->st_atim.tv_sec = ei32_get(di->i_atime, m->m_big);
	st->st_mtim.tv_sec = ei32_get(di->i_mtime, m->m_big);
	st->st_ctim.tv_sec = ei32_get(di->i_ctime, m->m_big);
	st->st_birthtim.tv_nsec = RUMP_UTIME_OMIT;
	if (blocks_fault(m, di, &first, &nblks) != NULL)
		error = EUCLEAN; /* it was said when the slots were loaded */
	else if (nblks > 0)
		st->st_size = (uint64_t)ei32_get(di->i_endbyte, m->m_big) + 1 -
		    sysvbfs_blkoff(first);
	st->st_blocks = nblks;
	st->st_blksize = SYSVBFS_BSIZE;
	brelse(bp);
	return error;
}

int
sysvbfs_inode_store(struct sysvbfs_node *np, bool now)
{
	struct sysvbfs_mount *m = np->n_m;
	const struct rump_stat *st = &np->n_st;
	struct sysvbfs_slot *s = &m->m_slot[np->n_slot];
	struct sysvbfs_inode_disk *di;
	bool big = m->m_big, dir = (st->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR;
	struct buf *bp;
	int error;

	error = sysvbfs_inode_buf(m, np->n_slot, &bp, &di);
	if (error != 0) {
		np->n_dirty = true;
		return error;
	}
	memset(di, 0, sizeof(*di));
	ei16_put(&di->i_ino, (uint16_t)st->st_ino, big);
	ei32_put(&di->i_first, s->s_first, big);
	ei32_put(
	    &di->i_last, s->s_nblks > 0 ? s->s_first + s->s_nblks - 1 : 0, big);
	ei32_put(&di->i_endbyte,
	    (uint32_t)(sysvbfs_blkoff(s->s_first) + st->st_size) - 1, big);
	ei32_put(&di->i_type, dir ? SYSVBFS_TYPE_DIR : SYSVBFS_TYPE_REG, big);
	ei32_put(&di->i_mode, st->st_mode, big);
	ei32_put(&di->i_uid, st->st_uid, big);
	ei32_put(&di->i_gid, st->st_gid, big);
	ei32_put(&di->i_nlink, (uint32_t)st->st_nlink, big);
	ei32_put(&di->i_atime, (uint32_t)st->st_atim.tv_sec, big);
	ei32_put(&di->i_mtime, (uint32_t)st->st_mtim.tv_sec, big);
	ei32_put(&di->i_ctime, (uint32_t)st->st_ctim.tv_sec, big);
	np->n_dirty = false;
	if (now)
		return bwrite(bp);
	bdwrite(bp);
	return 0;
}

int
sysvbfs_ialloc(struct sysvbfs_mount *m, uint32_t *slotp)
{
	int error = ENOSPC;

	mutex_enter(&m->m_lock);
	for (uint32_t i = m->m_inohint; i < m->m_geom.sg_inodes; i++) {
		if (m->m_slot[i].s_used)
			continue;
		m->m_slot[i].s_used = true;
		m->m_free_inodes--;
		m->m_inohint = i + 1;
		*slotp = i;
		error = 0;
		break;
	}
	mutex_exit(&m->m_lock);
	return error;
}

int
sysvbfs_ifree(struct sysvbfs_node *np)
{
	struct sysvbfs_mount *m = np->n_m;
	struct sysvbfs_inode_disk *di;
	struct buf *bp;
	int error;

	/* First the inode, then its blocks may be another's. */
	error = sysvbfs_inode_buf(m, np->n_slot, &bp, &di);
	if (error != 0)
		return error;
	memset(di, 0, sizeof(*di));
	error = bwrite(bp);
	if (error != 0)
		return error;
	mutex_enter(&m->m_lock);
	sysvbfs_slot_set(m, np->n_slot, 0, 0);
	m->m_slot[np->n_slot].s_used = false;
	m->m_free_inodes++;
	if (np->n_slot < m->m_inohint)
		m->m_inohint = np->n_slot;
	mutex_exit(&m->m_lock);
	np->n_dirty = false;
	return 0;
}

/* ---- files that lost their last name while they were open ---------------------- */

/* All inodes that the directory names: a flag a slot. */
static int
mark_named(struct sysvbfs_mount *m, uint8_t *named)
{
	const struct sysvbfs_slot *root = &m->m_slot[0];
	const struct sysvbfs_dirent_disk *de;
	struct buf *bp;
	int error = 0;

	for (uint32_t b = 0; b < root->s_nblks && error == 0; b++) {
		error = bread(m->m_dev, sysvbfs_blkoff(root->s_first + b),
		    SYSVBFS_BSIZE, &bp);
		if (error != 0)
			break;
		de = (const void *)bp->b_data;
		for (uint32_t i = 0; i < SYSVBFS_BSIZE / SYSVBFS_DIRENT; i++) {
			uint32_t ino = ei16_get(de[i].d_ino, m->m_big);

			if (ino >= SYSVBFS_INO_ROOT &&
			    ino - SYSVBFS_INO_ROOT < m->m_geom.sg_inodes)
				named[ino - SYSVBFS_INO_ROOT] = 1;
		}
		brelse(bp);
	}
	return error;
}

static int
orphan_free(struct sysvbfs_mount *m, uint32_t slot)
{
	struct sysvbfs_node np = {.n_m = m, .n_slot = slot};
	struct sysvbfs_inode_disk *di;
	struct buf *bp;
	bool orphan;
	int error;

	error = sysvbfs_inode_buf(m, slot, &bp, &di);
	if (error != 0)
		return error;
	orphan = ei32_get(di->i_nlink, m->m_big) == 0;
	brelse(bp);
	return orphan ? sysvbfs_ifree(&np) : 0;
}

int
sysvbfs_orphans_free(struct sysvbfs_mount *m)
{
	uint8_t *named = kmem_zalloc(m->m_geom.sg_inodes);
	int error;

	if (named == NULL)
		return ENOMEM;
	error = mark_named(m, named);
	for (uint32_t i = 1; i < m->m_geom.sg_inodes && error == 0; i++)
		if (m->m_slot[i].s_used && !m->m_slot[i].s_bad && !named[i])
			error = orphan_free(m, i);
	kmem_free(named, m->m_geom.sg_inodes);
	return error;
}

/* ---- blocks --------------------------------------------------------------------- */

/* Without anybody else's moving.  m_lock held.  ENOSPC. */
static int
grow_alone(struct sysvbfs_mount *m, uint32_t slot, uint32_t nblks)
{
	struct sysvbfs_slot *s = &m->m_slot[slot];
	uint32_t to;
	int error;

	if (s->s_nblks > 0 &&
	    sysvbfs_next_used(m, slot) - s->s_first >= nblks) {
		sysvbfs_slot_set(m, slot, s->s_first, nblks);
		return 0;
	}
	to = gap_find(m, nblks);
	if (to == 0)
		return ENOSPC;
	if (s->s_nblks > 0) {
		error = sysvbfs_move(m, slot, to);
		if (error != 0)
			return error;
	}
	sysvbfs_slot_set(m, slot, to, nblks);
	return 0;
}

int
sysvbfs_grow(struct sysvbfs_node *np, uint32_t nblks)
{
	struct sysvbfs_mount *m = np->n_m;
	const struct sysvbfs_slot *s = &m->m_slot[np->n_slot];
	int error;

	KASSERT(np->n_vp == NULL || vn_wlocked(np->n_vp));
	mutex_enter(&m->m_lock);
	if (nblks <= s->s_nblks) {
		mutex_exit(&m->m_lock);
		return 0;
	}
	error = ENOSPC;
	if (nblks - s->s_nblks <= m->m_free_blks) {
		error = grow_alone(m, np->n_slot, nblks);
		if (error == ENOSPC) {
			mutex_exit(&m->m_lock);
			error = sysvbfs_compact(np, nblks);
			mutex_enter(&m->m_lock);
			if (error == 0)
				error = grow_alone(m, np->n_slot, nblks);
		}
	}
	np->n_st.st_blocks = s->s_nblks;
	mutex_exit(&m->m_lock);
	return error;
}

int
sysvbfs_shrink(struct sysvbfs_node *np, uint32_t nblks)
{
	struct sysvbfs_mount *m = np->n_m;
	const struct sysvbfs_slot *s = &m->m_slot[np->n_slot];
	struct sysvbfs_slot old;
	int error;

	mutex_enter(&m->m_lock);
	old = *s;
	if (nblks < old.s_nblks)
		sysvbfs_slot_set(m, np->n_slot, old.s_first, nblks);
	np->n_st.st_blocks = s->s_nblks;
	/* Under the lock: nobody gets the blocks before the inode is written. */
	error = sysvbfs_inode_store(np, true);
	mutex_exit(&m->m_lock);
	return error;
}
