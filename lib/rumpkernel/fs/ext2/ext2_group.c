/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block groups: their descriptors in core, and the system zone.
 *
 * The system zone is what no file's block may touch: superblocks, descriptors
 * and the room reserved for more of them, bitmaps, inode tables.  Without
 * flex_bg a group's bitmaps and table lie in the group itself, which is checked.
 *
 * Descriptors are kept in core and go into their buffers (only the first copy's)
 * at sync.
 */
#include "fs/ext2/ext2.h"
#include "kern/kbitmap.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

static uint32_t
desc_per_block(const struct ext2_mount *m)
{
	return m->m_bsize / m->m_descsize;
}

/* Superblock, descriptors and their reserve at a group's head, blocks. */
static uint64_t
group_head(const struct ext2_mount *m, uint32_t g)
{
	if (!ext2_has_super(m, g))
		return 0;
	return 1 + (uint64_t)m->m_gdblks +
	    le16_get(m->m_sb.s_reserved_gdt_blocks);
}

/* Add a range; they come nearly sorted. */
static void
sys_add(struct ext2_mount *m, uint64_t start, uint64_t n)
{
	uint32_t i = m->m_nsys;

	if (n == 0)
		return;
	while (i > 0 && m->m_sys[i - 1].er_start > start) {
		m->m_sys[i] = m->m_sys[i - 1];
		i--;
	}
	m->m_sys[i].er_start = start;
	m->m_sys[i].er_end = start + n;
	m->m_nsys++;
}

/* The ranges from first on are sorted and apart: join neighbours.  False: two
 * overlap. */
static bool
sys_join(struct ext2_mount *m, uint32_t first)
{
	uint32_t n = first == 0 ? 0 : first - 1;

	for (uint32_t i = n + 1; i < m->m_nsys; i++) {
		if (m->m_sys[i].er_start < m->m_sys[n].er_end)
			return false;
		if (m->m_sys[i].er_start == m->m_sys[n].er_end)
			m->m_sys[n].er_end = m->m_sys[i].er_end;
		else
			m->m_sys[++n] = m->m_sys[i];
	}
	m->m_nsys = n + 1;
	return true;
}

static int
group_bad(struct ext2_mount *m, uint32_t g, const char *what, uint64_t value)
{
	mount_message(m->m_mp, 0, UINT64_MAX,
	    "group %u: %s %llu is out of range", g, what,
	    (unsigned long long)value);
	return EUCLEAN;
}

static int
group_load(struct ext2_mount *m, uint32_t g, const struct ext2_group_disk *gd)
{
	struct ext2_group *gp = &m->m_grp[g];
	uint64_t start = ext2_group_start(m, g);
	uint64_t end = start + ext2_group_blocks(m, g);
	uint32_t first = m->m_nsys;

	gp->g_bbitmap = le32_get(gd->bg_block_bitmap_lo);
	gp->g_ibitmap = le32_get(gd->bg_inode_bitmap_lo);
	gp->g_itable = le32_get(gd->bg_inode_table_lo);
	gp->g_free_blocks = le16_get(gd->bg_free_blocks_count_lo);
	gp->g_free_inodes = le16_get(gd->bg_free_inodes_count_lo);
	gp->g_used_dirs = le16_get(gd->bg_used_dirs_count_lo);
	gp->g_maxrun = UINT32_MAX;
	if (gp->g_bbitmap < start || gp->g_bbitmap >= end)
		return group_bad(m, g, "block bitmap", gp->g_bbitmap);
	if (gp->g_ibitmap < start || gp->g_ibitmap >= end)
		return group_bad(m, g, "inode bitmap", gp->g_ibitmap);
	if (gp->g_itable < start || gp->g_itable + m->m_itblks > end)
		return group_bad(m, g, "inode table", gp->g_itable);
	if (gp->g_free_blocks > end - start)
		return group_bad(m, g, "free blocks", gp->g_free_blocks);
	if (gp->g_free_inodes > m->m_ipg)
		return group_bad(m, g, "free inodes", gp->g_free_inodes);
	if (group_head(m, g) > end - start)
		return group_bad(m, g, "head of", group_head(m, g));
	sys_add(m, start, group_head(m, g));
	sys_add(m, gp->g_bbitmap, 1);
	sys_add(m, gp->g_ibitmap, 1);
	sys_add(m, gp->g_itable, m->m_itblks);
	if (!sys_join(m, first)) {
		mount_message(m->m_mp, 0, UINT64_MAX,
		    "group %u: bitmaps, inode table and descriptors overlap",
		    g);
		return EUCLEAN;
	}
	m->m_free_blocks += gp->g_free_blocks;
	m->m_free_inodes += gp->g_free_inodes;
	return 0;
}

int
ext2_groups_load(struct ext2_mount *m)
{
	uint32_t dpb = desc_per_block(m);
	uint64_t gdt = ext2_blkoff(m, m->m_first + 1);
	int error = 0;

	m->m_grp = kmem_calloc(m->m_groups, sizeof(*m->m_grp));
	if (mul_overflow(m->m_groups, 4u, &m->m_sysroom))
		return ENOMEM;
	m->m_sys = kmem_calloc(m->m_sysroom, sizeof(*m->m_sys));
	m->m_gdtdirty = kmem_calloc(howmany(m->m_gdblks, 8), 1);
	if (m->m_grp == NULL || m->m_sys == NULL || m->m_gdtdirty == NULL)
		return ENOMEM;
	for (uint32_t b = 0; b < m->m_gdblks && error == 0; b++) {
		uint32_t g = b * dpb, end;
		struct buf *bp;

		error = bread_cluster(m->m_dev, gdt + ext2_blkoff(m, b),
		    m->m_bsize, gdt, ext2_blkoff(m, m->m_gdblks), &bp);
		if (error != 0)
			break;
		end = (uint32_t)kmin(m->m_groups, (uint64_t)g + dpb);
		for (; g < end && error == 0; g++) {
			struct ext2_group_disk gd;

			memset(&gd, 0, sizeof(gd));
			memcpy(&gd, bp->b_data + g % dpb * m->m_descsize,
			    m->m_descsize);
			error = group_load(m, g, &gd);
		}
		brelse(bp);
	}
	return error;
}

void
ext2_groups_free(struct ext2_mount *m)
{
	kmem_free(m->m_grp, m->m_groups * sizeof(*m->m_grp));
	kmem_free(m->m_sys, m->m_sysroom * sizeof(*m->m_sys));
	kmem_free(m->m_gdtdirty, howmany(m->m_gdblks, 8));
}

void
ext2_group_dirty(struct ext2_mount *m, uint32_t g)
{
	bit_set(m->m_gdtdirty, g / desc_per_block(m));
}

/* What changes of a descriptor. */
void
ext2_group_encode(struct ext2_mount *m, uint32_t g, struct ext2_group_disk *gd)
{
	const struct ext2_group *gp = &m->m_grp[g];

	le16_put(&gd->bg_free_blocks_count_lo, (uint16_t)gp->g_free_blocks);
	le16_put(&gd->bg_free_inodes_count_lo, (uint16_t)gp->g_free_inodes);
	le16_put(&gd->bg_used_dirs_count_lo, (uint16_t)gp->g_used_dirs);
}

int
ext2_groups_put(struct ext2_mount *m)
{
	uint32_t dpb = desc_per_block(m);
	int error;

	for (uint32_t b = 0; b < m->m_gdblks; b++) {
		struct buf *bp;

		if (!bit_test(m->m_gdtdirty, b))
			continue;
		error = bread(m->m_dev, ext2_blkoff(m, m->m_first + 1 + b),
		    m->m_bsize, &bp);
		if (error != 0)
			return error;
		for (uint32_t i = 0; i < dpb && b * dpb + i < m->m_groups; i++)
			ext2_group_encode(m, b * dpb + i,
			    (struct ext2_group_disk *)(void *)(bp->b_data +
				i * m->m_descsize));
		bdwrite(bp);
		bit_clear(m->m_gdtdirty, b);
	}
	le32_put(&m->m_sb.s_free_blocks_count_lo, (uint32_t)m->m_free_blocks);
	le32_put(&m->m_sb.s_free_inodes_count, (uint32_t)m->m_free_inodes);
	return ext2_super_put(m, false);
}

uint32_t
ext2_sys_find(const struct ext2_mount *m, uint64_t blk)
{
	uint32_t lo = 0, hi = m->m_nsys;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (m->m_sys[mid].er_end <= blk)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool
ext2_sys_overlap(const struct ext2_mount *m, uint64_t blk, uint64_t n)
{
	uint32_t i = ext2_sys_find(m, blk);

	return i < m->m_nsys && m->m_sys[i].er_start < blk + n;
}

bool
ext2_blocks_sane(const struct ext2_mount *m, uint64_t blk, uint64_t n)
{
	return blk > m->m_first && blk < m->m_blocks &&
	    n <= m->m_blocks - blk && !ext2_sys_overlap(m, blk, n);
}
