/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cutting a file system that was just built to what it uses: whole groups at the
 * end go, the last one that stays ends behind its last used block, superblocks
 * and descriptors follow in all copies.
 *
 * The number of blocks of descriptors stays as it is, since what lies behind them
 * can't move; so not more groups go than that allows.  The resize inode's list of
 * reserved blocks in the groups that go is shortened.
 */
#include "fs/ext2/ext2.h"
#include "kern/kbitmap.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

/* Where the group's own blocks end: no cut in front of that. */
static uint64_t
group_minimum(const struct ext2_mount *m, uint32_t g)
{
	uint64_t start = ext2_group_start(m, g), end = start + 1;

	for (uint32_t i = 0; i < m->m_nsys; i++)
		if (m->m_sys[i].er_end > start &&
		    m->m_sys[i].er_start < start + m->m_bpg)
			end = kmax(
			    end, kmin(m->m_sys[i].er_end, start + m->m_bpg));
	return end;
}

/* Behind the last used bit of a group's bitmap, that isn't the group's own. */
static int
group_last_used(struct ext2_mount *m, uint32_t g, uint64_t *endp)
{
	uint64_t start = ext2_group_start(m, g);
	uint32_t bit = ext2_group_blocks(m, g);
	struct buf *bp;
	int error;

	error = ext2_group_bitmap(m, g, &bp);
	if (error != 0)
		return error;
	while (bit > 0 &&
	    (!bit_test(bp->b_data, bit - 1) ||
		ext2_sys_overlap(m, start + bit - 1, 1)))
		bit--;
	brelse(bp);
	*endp = bit == 0 ? 0 : start + bit;
	return 0;
}

/* The smallest end that keeps all that is used; m_lock held. */
static int
find_end(struct ext2_mount *m, uint64_t *endp)
{
	uint32_t dpb = m->m_bsize / m->m_descsize;
	uint32_t keep = (m->m_gdblks - 1) * dpb, g;
	uint64_t used;
	int error;

	for (g = m->m_groups - 1;; g--) {
		error = group_last_used(m, g, &used);
		if (error != 0)
			return error;
		if (g == 0 || g <= keep || used != 0 ||
		    m->m_grp[g].g_free_inodes < m->m_ipg)
			break;
	}
	*endp = kmax(used, group_minimum(m, g));
	return 0;
}

/* ---- the resize inode ---------------------------------------------------------- */

/* Drop addresses at or behind end from an indirect block. */
static int
cut_indirect(struct ext2_mount *m, uint64_t blk, uint64_t end, uint32_t *cutp)
{
	struct buf *bp;
	le32_t *ent;
	int error;

	error = bread(m->m_dev, ext2_blkoff(m, blk), m->m_bsize, &bp);
	if (error != 0)
		return error;
	ent = (void *)bp->b_data;
	for (uint32_t i = 0; i < m->m_apb; i++)
		if (le32_get(ent[i]) >= end) {
			le32_put(&ent[i], 0);
			(*cutp)++;
		}
	bdwrite(bp);
	return 0;
}

static int
cut_resize_inode(struct ext2_mount *m, uint64_t end)
{
	struct ext2_inode_disk *di;
	uint64_t dind, n = 0;
	uint32_t cut = 0;
	struct buf *bp;
	le32_t *reserved;
	int error;

	if ((le32_get(m->m_sb.s_feature_compat) & EXT2_FC_RESIZE_INODE) == 0)
		return 0;
	error = ext2_inode_buf(m, EXT2_INO_RESIZE, &bp, &di);
	if (error != 0)
		return error;
	dind = le32_get(di->i_block[EXT2_NDIRECT + 1]);
	brelse(bp);
	if (dind == 0)
		return 0;
	if (dind >= m->m_blocks || dind >= end)
		return EUCLEAN;
	reserved = kmem_alloc(m->m_bsize);
	if (reserved == NULL)
		return ENOMEM;
	error = bread(m->m_dev, ext2_blkoff(m, dind), m->m_bsize, &bp);
	if (error == 0) {
		memcpy(reserved, bp->b_data, m->m_bsize);
		brelse(bp);
	}
	for (uint32_t i = 0; i < m->m_apb && error == 0; i++) {
		n = le32_get(reserved[i]);
		if (n != 0)
			error = n >= end ? EUCLEAN
					 : cut_indirect(m, n, end, &cut);
	}
	kmem_free(reserved, m->m_bsize);
	if (error != 0 || cut == 0)
		return error;
	error = ext2_inode_buf(m, EXT2_INO_RESIZE, &bp, &di);
	if (error != 0)
		return error;
	le32_put(
	    &di->i_blocks_lo, le32_get(di->i_blocks_lo) - cut * ext2_spb(m));
	ext2_inode_write(m, EXT2_INO_RESIZE, bp, di);
	return 0;
}

/* ---- the cut -------------------------------------------------------------------- */

/* The last group's bitmap: what lies behind the end is marked as used. */
static int
cut_bitmap(struct ext2_mount *m, uint32_t g, uint64_t end)
{
	struct ext2_group *gp = &m->m_grp[g];
	uint32_t bit = (uint32_t)(end - ext2_group_start(m, g));
	struct buf *bp;
	int error;

	error = ext2_group_bitmap(m, g, &bp);
	if (error != 0)
		return error;
	bit_setrange(bp->b_data, bit, m->m_bsize * 8 - bit);
	gp->g_free_blocks = bit - (uint32_t)bit_count(bp->b_data, 0, bit);
	ext2_bbitmap_dirty(m, g, bp);
	return 0;
}

static int
apply_end(struct ext2_mount *m, uint64_t end)
{
	uint32_t g = ext2_group_of_block(m, end - 1), oldgroups = m->m_groups;
	uint64_t reserved = m->m_reserved;
	uint64_t oldblocks = m->m_blocks;
	struct ext2_group *grp;
	int error;

	error = cut_resize_inode(m, end);
	if (error != 0)
		return error;
	m->m_free_blocks = m->m_free_inodes = 0;
	m->m_groups = g + 1;
	m->m_blocks = end;
	m->m_inodes = m->m_groups * m->m_ipg;
	error = cut_bitmap(m, g, end);
	for (uint32_t i = 0; i < m->m_groups; i++) {
		m->m_free_blocks += m->m_grp[i].g_free_blocks;
		m->m_free_inodes += m->m_grp[i].g_free_inodes;
	}
	while (m->m_nsys > 0 && m->m_sys[m->m_nsys - 1].er_start >= end)
		m->m_nsys--;
	le32_put(&m->m_sb.s_blocks_count_lo, (uint32_t)m->m_blocks);
	le32_put(&m->m_sb.s_inodes_count, m->m_inodes);
	/* a hint for statfs, which is worked out anew where it is zero */
	le32_put(&m->m_sb.s_overhead_clusters, 0);
	le32_put(&m->m_sb.s_r_blocks_count_lo,
	    (uint32_t)(reserved * m->m_blocks / oldblocks));
	bforget(m->m_dev, ext2_blkoff(m, end), ext2_blkoff(m, oldblocks - end));
	/* The array is freed by its size. */
	if (m->m_groups < oldgroups) {
		grp = kmem_calloc(m->m_groups, sizeof(*grp));
		if (grp == NULL)
			return ENOMEM;
		memcpy(grp, m->m_grp, m->m_groups * sizeof(*grp));
		kmem_free(m->m_grp, oldgroups * sizeof(*grp));
		m->m_grp = grp;
	}
	m->m_cursor = m->m_icursor = 0;
	return error;
}

/* ---- copies ---------------------------------------------------------------------- */

/* One block of the descriptors, as it is now, in every copy. */
static int
copy_descriptors(struct ext2_mount *m, uint32_t b, uint8_t *image)
{
	uint32_t dpb = m->m_bsize / m->m_descsize;
	struct buf *bp;
	int error;

	for (uint32_t g = 0; g < m->m_groups; g++) {
		if (!ext2_has_super(m, g))
			continue;
		error = bread(m->m_dev,
		    ext2_blkoff(m, ext2_group_start(m, g) + 1 + b), m->m_bsize,
		    &bp);
		if (error != 0)
			return error;
		if (g == 0) {
			uint32_t left = m->m_groups - b * dpb;
			uint32_t n = left < dpb ? left : dpb;

			memset(bp->b_data + n * m->m_descsize, 0,
			    m->m_bsize - n * m->m_descsize);
			memcpy(image, bp->b_data, m->m_bsize);
		} else {
			memcpy(bp->b_data, image, m->m_bsize);
		}
		bdwrite(bp);
	}
	return 0;
}

static int
copy_superblock(struct ext2_mount *m, uint32_t g)
{
	struct ext2_super_disk sb = m->m_sb;
	struct buf *bp;
	int error;

	error = bread(
	    m->m_dev, ext2_blkoff(m, ext2_group_start(m, g)), m->m_bsize, &bp);
	if (error != 0)
		return error;
	le16_put(&sb.s_block_group_nr, (uint16_t)g);
	memcpy(bp->b_data, &sb, sizeof(sb));
	bdwrite(bp);
	return 0;
}

static int
write_copies(struct ext2_mount *m)
{
	uint8_t *image = kmem_alloc(m->m_bsize);
	int error = 0;

	if (image == NULL)
		return ENOMEM;
	for (uint32_t b = 0; b < m->m_gdblks && error == 0; b++)
		error = copy_descriptors(m, b, image);
	for (uint32_t g = 1; g < m->m_groups && error == 0; g++)
		if (ext2_has_super(m, g))
			error = copy_superblock(m, g);
	kmem_free(image, m->m_bsize);
	return error;
}

/* Free blocks in front of end. */
static int
free_before(struct ext2_mount *m, uint64_t end, uint64_t *freep)
{
	uint32_t last = ext2_group_of_block(m, end - 1);
	uint32_t n = (uint32_t)(end - ext2_group_start(m, last));
	struct buf *bp;
	int error;

	error = ext2_group_bitmap(m, last, &bp);
	if (error != 0)
		return error;
	*freep = n - bit_count(bp->b_data, 0, n);
	brelse(bp);
	for (uint32_t g = 0; g < last; g++)
		*freep += m->m_grp[g].g_free_blocks;
	return 0;
}

/* Move the end out until want blocks are free in front of it. */
static int
add_spare(struct ext2_mount *m, uint64_t want, uint64_t *endp)
{
	uint64_t end = *endp, have;
	int error;

	while (end < m->m_blocks) {
		error = free_before(m, end, &have);
		if (error != 0)
			return error;
		if (have >= want)
			break;
		end = kmin(end + want - have, m->m_blocks);
		end = kmax(
		    end, group_minimum(m, ext2_group_of_block(m, end - 1)));
	}
	*endp = kmin(end, m->m_blocks);
	return 0;
}

int
ext2_trim(struct mount *mp, uint64_t spare_bytes, uint64_t *sizep)
{
	struct ext2_mount *m = ext2_mount_of(mp);
	uint64_t end;
	int error;

	if (!m->m_building)
		return EINVAL;
	error = ext2_begin(m);
	if (error != 0)
		return error;
	mutex_enter(&m->m_lock);
	error = find_end(m, &end);
	if (error == 0)
		error = add_spare(m, howmany(spare_bytes, m->m_bsize), &end);
	if (error == 0 && end < m->m_blocks)
		error = apply_end(m, end);
	if (error == 0)
		error = ext2_groups_put(m);
	if (error == 0)
		error = write_copies(m);
	*sizep = ext2_blkoff(m, m->m_blocks);
	mutex_exit(&m->m_lock);
	return error;
}
