/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bitmaps of blocks and inodes as bytes: reading and checking them, and making
 * those that a group says were never written (uninit_bg: BLOCK_UNINIT,
 * INODE_UNINIT).
 *
 * One that was made is right as if it had been read, and stays in memory only; the
 * first change of it clears the group's flag.  Checksums cover the bits of a group,
 * not the ones that fill the block up; those are set.  After a change the sum in
 * core is out of date (EG_BSUM, EG_ISUM) until the descriptors are written.
 */
#include "fs/ext2/ext2.h"
#include "kern/kbitmap.h"
#include "kern/klog.h"

static uint32_t
bitmap_sum(const struct ext2_mount *m, const uint8_t *map, uint32_t bits)
{
	uint32_t sum = ext2_csum_bitmap(m->m_seed, map, bits / 8);

	return m->m_descsize >= EXT2_DESC_SIZE_64 ? sum : sum & 0xffff;
}

uint32_t
ext2_bbitmap_sum(const struct ext2_mount *m, const uint8_t *map)
{
	return bitmap_sum(m, map, m->m_cpg);
}

uint32_t
ext2_ibitmap_sum(const struct ext2_mount *m, const uint8_t *map)
{
	return bitmap_sum(m, map, m->m_ipg);
}

/* What a group without a block bitmap has in use: structures. */
static void
make_bbitmap(const struct ext2_mount *m, uint32_t g, uint8_t *map)
{
	uint64_t start = ext2_group_start(m, g);
	uint64_t end = start + ext2_group_blocks(m, g);
	uint32_t sh = m->m_clshift, n = m->m_bsize * 8, used;

	for (uint32_t i = ext2_sys_find(m, start); i < m->m_nsys; i++) {
		uint64_t s = kmax(m->m_sys[i].er_start, start) - start;
		uint64_t e = kmin(m->m_sys[i].er_end, end) - start;

		if (m->m_sys[i].er_start >= end)
			break;
		e = howmany(e, (uint64_t)1 << sh);
		bit_setrange(map, s >> sh, e - (s >> sh));
	}
	used = (uint32_t)howmany(end - start, (uint64_t)1 << sh);
	bit_setrange(map, used, n - used);
}

static void
make_ibitmap(const struct ext2_mount *m, uint8_t *map)
{
	bit_setrange(map, m->m_ipg, m->m_bsize * 8 - m->m_ipg);
}

/* A buffer for a bitmap that isn't on the device: made already, or zeroed. */
static int
unwritten_get(
    struct ext2_mount *m, uint64_t blk, uint64_t checked, struct buf **bpp)
{
	uint64_t off = ext2_blkoff(m, blk);
	int error = getblk(m->m_dev, off, m->m_bsize, bpp);

	if (error != 0 || (*bpp)->b_checked == checked)
		return error;
	brelse(*bpp);
	return getblk_zero(m->m_dev, off, m->m_bsize, bpp);
}

int
ext2_bbitmap_read(struct ext2_mount *m, uint32_t g, struct buf **bpp)
{
	const struct ext2_group *gp = &m->m_grp[g];
	uint64_t checked = ext2_checked(EXT2_CK_BBITMAP, g);
	uint32_t should;
	int error;

	if ((gp->g_flags & EXT2_BGF_BLOCK_UNINIT) != 0) {
		error = unwritten_get(m, gp->g_bbitmap, checked, bpp);
		if (error == 0 && (*bpp)->b_checked != checked)
			make_bbitmap(m, g, (*bpp)->b_data);
	} else {
		error = bread(
		    m->m_dev, ext2_blkoff(m, gp->g_bbitmap), m->m_bsize, bpp);
	}
	if (error != 0 || (*bpp)->b_checked == checked)
		return error;
	if (m->m_csumverify && (gp->g_flags & EXT2_BGF_BLOCK_UNINIT) == 0 &&
	    (gp->g_state & EG_BSUM) == 0) {
		should = ext2_bbitmap_sum(m, (*bpp)->b_data);
		if (should != gp->g_bsum) {
			brelse(*bpp);
			return ext2_csum_bad(m, 0, gp->g_bsum, should,
			    "group %u: block bitmap", g);
		}
	}
	(*bpp)->b_checked = checked;
	return 0;
}

int
ext2_ibitmap_read(struct ext2_mount *m, uint32_t g, struct buf **bpp)
{
	const struct ext2_group *gp = &m->m_grp[g];
	uint64_t checked = ext2_checked(EXT2_CK_IBITMAP, g);
	uint32_t should;
	int error;

	if ((gp->g_flags & EXT2_BGF_INODE_UNINIT) != 0) {
		error = unwritten_get(m, gp->g_ibitmap, checked, bpp);
		if (error == 0 && (*bpp)->b_checked != checked)
			make_ibitmap(m, (*bpp)->b_data);
	} else {
		error = bread(
		    m->m_dev, ext2_blkoff(m, gp->g_ibitmap), m->m_bsize, bpp);
	}
	if (error != 0 || (*bpp)->b_checked == checked)
		return error;
	if (m->m_csumverify && (gp->g_flags & EXT2_BGF_INODE_UNINIT) == 0 &&
	    (gp->g_state & EG_ISUM) == 0) {
		should = ext2_ibitmap_sum(m, (*bpp)->b_data);
		if (should != gp->g_isum) {
			brelse(*bpp);
			return ext2_csum_bad(m, 0, gp->g_isum, should,
			    "group %u: inode bitmap", g);
		}
	}
	(*bpp)->b_checked = checked;
	return 0;
}

void
ext2_bbitmap_dirty(struct ext2_mount *m, uint32_t g, struct buf *bp)
{
	struct ext2_group *gp = &m->m_grp[g];

	KASSERT(mutex_owned(&m->m_lock));
	gp->g_flags &= ~EXT2_BGF_BLOCK_UNINIT;
	gp->g_state |= EG_BSUM;
	ext2_group_dirty(m, g);
	bdwrite(bp);
}

void
ext2_ibitmap_dirty(struct ext2_mount *m, uint32_t g, struct buf *bp)
{
	struct ext2_group *gp = &m->m_grp[g];

	KASSERT(mutex_owned(&m->m_lock));
	gp->g_flags &= ~EXT2_BGF_INODE_UNINIT;
	gp->g_state |= EG_ISUM;
	ext2_group_dirty(m, g);
	bdwrite(bp);
}
