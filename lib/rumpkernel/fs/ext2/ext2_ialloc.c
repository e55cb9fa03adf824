/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inode numbers.
 *
 * A file's inode goes near its directory's.  Directories spread out at the top
 * (each has room to grow there) and stay in their parent's group below, while
 * that has inodes, blocks and not too many directories already.  While an image
 * is being built, numbers go out in order.
 */
#include "fs/ext2/ext2.h"
#include "kern/kbitmap.h"
#include "kern/klog.h"
#include "kern/kstring.h"

static void
ibitmap_check(struct ext2_mount *m, uint32_t g, uint8_t *map)
{
	struct ext2_group *gp = &m->m_grp[g];
	uint32_t nfree;

	gp->g_state |= EG_ICHECKED;
	if (g == 0 &&
	    bit_findclear(map, 0, m->m_firstino - 1) != m->m_firstino - 1) {
		(void)ext2_damage(
		    m, 0, "the bitmap says that a reserved inode is free");
		bit_setrange(map, 0, m->m_firstino - 1);
	}
	nfree = m->m_ipg - (uint32_t)bit_count(map, 0, m->m_ipg);
	if (nfree != gp->g_free_inodes) {
		(void)ext2_damage(m, 0, "group %u: %u inodes are free, not %u",
		    g, nfree, gp->g_free_inodes);
		m->m_free_inodes += (uint64_t)nfree - gp->g_free_inodes;
		gp->g_free_inodes = nfree;
	}
	gp->g_ihint = (uint32_t)bit_findclear(map, 0, m->m_ipg);
}

int
ext2_group_ibitmap(struct ext2_mount *m, uint32_t g, struct buf **bpp)
{
	struct ext2_group *gp = &m->m_grp[g];
	int error;

	KASSERT(mutex_owned(&m->m_lock));
	if ((gp->g_state & EG_IBAD) != 0)
		return EUCLEAN;
	error = ext2_ibitmap_read(m, g, bpp);
	if (error == EUCLEAN)
		gp->g_state |= EG_IBAD;
	if (error == 0 && (gp->g_state & EG_ICHECKED) == 0)
		ibitmap_check(m, g, (*bpp)->b_data);
	return error;
}

/* Inode i of the group comes into use: the table as far as its block was perhaps
 * never written. */
static int
itable_extend(struct ext2_mount *m, uint32_t g, uint32_t i)
{
	struct ext2_group *gp = &m->m_grp[g];
	uint32_t used = m->m_ipg - gp->g_itunused;
	struct buf *bp;
	int error;

	if (i < used)
		return 0;
	for (uint32_t b = used / m->m_ipb; b <= i / m->m_ipb; b++) {
		uint64_t off = ext2_blkoff(m, gp->g_itable + b);
		uint32_t in = b == used / m->m_ipb ? used % m->m_ipb : 0;

		error = in == 0 ? getblk_zero(m->m_dev, off, m->m_bsize, &bp)
				: bread(m->m_dev, off, m->m_bsize, &bp);
		if (error != 0)
			return error;
		memset(bp->b_data + in * m->m_isize, 0,
		    m->m_bsize - in * m->m_isize);
		bdwrite(bp);
	}
	gp->g_itunused = m->m_ipg - i - 1;
	ext2_group_dirty(m, g);
	return 0;
}

/* A group that has an inode has a bitmap of blocks too. */
static int
bbitmap_make(struct ext2_mount *m, uint32_t g)
{
	struct buf *bp;
	int error;

	if ((m->m_grp[g].g_flags & EXT2_BGF_BLOCK_UNINIT) == 0)
		return 0;
	error = ext2_group_bitmap(m, g, &bp);
	if (error == 0)
		ext2_bbitmap_dirty(m, g, bp);
	return error == EUCLEAN ? 0 : error;
}

/* The first free inode of a group: 0, ENOSPC. */
static int
group_ialloc(struct ext2_mount *m, uint32_t g, bool dir, uint32_t *inop)
{
	struct ext2_group *gp = &m->m_grp[g];
	struct buf *bp;
	uint32_t i;
	int error;

	error = ext2_group_ibitmap(m, g, &bp);
	if (error != 0)
		return error == EUCLEAN ? ENOSPC : error;
	i = (uint32_t)bit_findclear(bp->b_data, gp->g_ihint, m->m_ipg);
	gp->g_ihint = i;
	if (i >= m->m_ipg || gp->g_free_inodes == 0) {
		brelse(bp);
		return ENOSPC;
	}
	error = itable_extend(m, g, i);
	if (error == 0)
		error = bbitmap_make(m, g);
	if (error != 0) {
		brelse(bp);
		return error;
	}
	bit_set(bp->b_data, i);
	ext2_ibitmap_dirty(m, g, bp);
	gp->g_ihint = i + 1;
	gp->g_free_inodes--;
	m->m_free_inodes--;
	if (dir)
		gp->g_used_dirs++;
	*inop = g * m->m_ipg + i + 1;
	return 0;
}

/* For a directory at the top: many free inodes, few directories. */
static uint32_t
group_for_topdir(const struct ext2_mount *m, uint32_t g0)
{
	uint64_t avgi = m->m_free_inodes / m->m_groups;
	uint64_t avgb = m->m_free_blocks / m->m_groups;
	uint32_t best = g0, dirs = UINT32_MAX;

	for (uint32_t i = 0; i < m->m_groups; i++) {
		uint32_t g = (uint32_t)(((uint64_t)g0 + i) % m->m_groups);
		const struct ext2_group *gp = &m->m_grp[g];

		if (gp->g_free_inodes == 0 || gp->g_free_inodes < avgi ||
		    gp->g_free_blocks < avgb || gp->g_used_dirs >= dirs)
			continue;
		best = g;
		dirs = gp->g_used_dirs;
	}
	return best;
}

/* Below the top: the parent's group, or the next that isn't crowded. */
static uint32_t
group_for_subdir(const struct ext2_mount *m, uint32_t g0)
{
	uint64_t mini = m->m_free_inodes / m->m_groups / 4;
	uint64_t minb = m->m_free_blocks / m->m_groups / 4;
	uint32_t maxdirs = m->m_ipg / 4 + 1;

	for (uint32_t i = 0; i < m->m_groups; i++) {
		uint32_t g = (uint32_t)(((uint64_t)g0 + i) % m->m_groups);
		const struct ext2_group *gp = &m->m_grp[g];

		if (gp->g_free_inodes > mini && gp->g_free_blocks > minb &&
		    gp->g_used_dirs < maxdirs)
			return g;
	}
	return g0;
}

/* Building: in order. */
static int
ialloc_first(struct ext2_mount *m, bool dir, uint32_t *inop)
{
	int error;

	for (; m->m_icursor < m->m_groups; m->m_icursor++) {
		if (m->m_grp[m->m_icursor].g_free_inodes == 0)
			continue;
		error = group_ialloc(m, m->m_icursor, dir, inop);
		if (error != ENOSPC)
			return error;
	}
	return ENOSPC;
}

static int
ialloc_near(
    struct ext2_mount *m, const struct ext2_node *dnp, bool dir, uint32_t *inop)
{
	uint32_t g0 = (dnp->n_ino - 1) / m->m_ipg;
	bool top = dnp->n_ino == EXT2_INO_ROOT ||
	    (dnp->n_flags & EXT2_IF_TOPDIR) != 0;
	int error;

	if (dir)
		g0 = top ? group_for_topdir(m, g0) : group_for_subdir(m, g0);
	/* First where there are blocks too, then anywhere. */
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < m->m_groups; i++) {
			uint32_t g = (uint32_t)(((uint64_t)g0 + i) %
			    m->m_groups);

			if (m->m_grp[g].g_free_inodes == 0 ||
			    (pass == 0 && m->m_grp[g].g_free_blocks == 0))
				continue;
			error = group_ialloc(m, g, dir, inop);
			if (error != ENOSPC)
				return error;
		}
	}
	return ENOSPC;
}

int
ext2_ialloc(
    struct ext2_mount *m, const struct ext2_node *dnp, bool dir, uint32_t *inop)
{
	int error;

	mutex_enter(&m->m_lock);
	error = m->m_building ? ialloc_first(m, dir, inop)
			      : ialloc_near(m, dnp, dir, inop);
	mutex_exit(&m->m_lock);
	return error;
}

void
ext2_ifree(struct ext2_mount *m, uint32_t ino, bool dir)
{
	uint32_t g = (ino - 1) / m->m_ipg, i = (ino - 1) % m->m_ipg;
	struct ext2_group *gp = &m->m_grp[g];
	struct buf *bp;

	mutex_enter(&m->m_lock);
	if (ext2_group_ibitmap(m, g, &bp) == 0) {
		if (!bit_test(bp->b_data, i)) {
			brelse(bp);
			(void)ext2_damage(m, ino, "is freed a second time");
		} else {
			bit_clear(bp->b_data, i);
			ext2_ibitmap_dirty(m, g, bp);
			gp->g_free_inodes++;
			m->m_free_inodes++;
			if (dir && gp->g_used_dirs > 0)
				gp->g_used_dirs--;
			if (i < gp->g_ihint)
				gp->g_ihint = i;
			if (g < m->m_icursor)
				m->m_icursor = g;
		}
	}
	mutex_exit(&m->m_lock);
}
