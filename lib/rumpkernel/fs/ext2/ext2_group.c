/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block groups: their descriptors in core, and the system zone.
 *
 * The system zone is what no file's block may touch: superblocks, descriptors
 * and the room reserved for more of them, bitmaps, inode tables.  Without
 * flex_bg a group's bitmaps and table lie in the group itself, which is checked.
 * Descriptors stand behind the superblock and its copies, or, with meta_bg, those
 * of a block's worth of groups in the first, second and last of these.
 *
 * Descriptors are kept in core and go into their buffers (only the first copy's)
 * at sync; so do the bitmaps' checksums, which are worked out only then.
 */
#include "fs/ext2/ext2.h"
#include "kern/kbitmap.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

static uint32_t
desc_per_block(const struct ext2_mount *m)
{
	return m->m_bsize / m->m_descsize;
}

uint64_t
ext2_gdt_block(const struct ext2_mount *m, uint32_t b)
{
	uint32_t g;

	if (b < m->m_firstmeta)
		return m->m_sbblk + 1 + (uint64_t)b;
	g = b * desc_per_block(m);
	if (g == 0)
		return m->m_sbblk + 1;
	return ext2_group_start(m, g) + ext2_has_super(m, g);
}

/* Superblock, descriptors and their reserve at a group's head, blocks. */
static uint64_t
group_head(const struct ext2_mount *m, uint32_t g)
{
	uint32_t dpb = desc_per_block(m), in = g % dpb;
	uint64_t n = ext2_has_super(m, g);

	if (g == 0)
		n += m->m_sbblk - m->m_first;
	if (g / dpb < m->m_firstmeta) {
		if (ext2_has_super(m, g))
			n += kmin(m->m_gdblks, m->m_firstmeta) +
			    le16_get(m->m_sb.s_reserved_gdt_blocks);
	} else if (in <= 1 || in == dpb - 1) {
		n++;
	}
	return n;
}

static void
sys_add(struct ext2_mount *m, uint64_t start, uint64_t n)
{
	struct ext2_range *r = &m->m_sys[m->m_nsys];

	KASSERT(m->m_nsys < m->m_sysroom);
	if (n == 0)
		return;
	r->er_start = start;
	r->er_end = start + n;
	m->m_nsys++;
}

/* Let v[i] sink to its place in a heap of n, the last range on top. */
static void
heap_sink(struct ext2_range *v, uint32_t i, uint32_t n)
{
	struct ext2_range r = v[i];
	uint64_t child;

	while ((child = 2 * (uint64_t)i + 1) < n) {
		if (child + 1 < n && v[child + 1].er_start > v[child].er_start)
			child++;
		if (v[child].er_start <= r.er_start)
			break;
		v[i] = v[child];
		i = (uint32_t)child;
	}
	v[i] = r;
}

static void
sys_sort(struct ext2_range *v, uint32_t n)
{
	uint32_t i = 1;

	while (i < n && v[i - 1].er_start <= v[i].er_start)
		i++;
	if (i >= n)
		return; /* without flex_bg they come in order */
	for (i = n / 2; i > 0; i--)
		heap_sink(v, i - 1, n);
	for (i = n - 1; i > 0; i--) {
		struct ext2_range r = v[0];

		v[0] = v[i];
		v[i] = r;
		heap_sink(v, 0, i);
	}
}

/* Sort the ranges and join neighbours: EUCLEAN where two overlap. */
static int
sys_join(struct ext2_mount *m)
{
	uint32_t n = 0;

	sys_sort(m->m_sys, m->m_nsys);
	for (uint32_t i = 1; i < m->m_nsys; i++) {
		const struct ext2_range *r = &m->m_sys[i];

		if (r->er_start < m->m_sys[n].er_end) {
			mount_message(m->m_mp, 0, UINT64_MAX,
			    "group %u: bitmaps, inode table and descriptors "
			    "overlap",
			    ext2_group_of_block(m, r->er_start));
			return EUCLEAN;
		}
		if (r->er_start == m->m_sys[n].er_end)
			m->m_sys[n].er_end = r->er_end;
		else
			m->m_sys[++n] = *r;
	}
	m->m_nsys = n + 1;
	return 0;
}

static int
group_bad(struct ext2_mount *m, uint32_t g, const char *what, uint64_t value)
{
	mount_message(m->m_mp, 0, UINT64_MAX,
	    "group %u: %s %llu is out of range", g, what,
	    (unsigned long long)value);
	return EUCLEAN;
}

/* The halves of a field; hi counts where the descriptor is long enough. */
static uint64_t
halves32(const struct ext2_mount *m, le32_t lo, le32_t hi)
{
	uint64_t v = le32_get(lo);

	if (m->m_descsize >= EXT2_DESC_SIZE_64)
		v |= (uint64_t)le32_get(hi) << 32;
	return v;
}

static uint32_t
halves16(const struct ext2_mount *m, le16_t lo, le16_t hi)
{
	uint32_t v = le16_get(lo);

	if (m->m_descsize >= EXT2_DESC_SIZE_64)
		v |= (uint32_t)le16_get(hi) << 16;
	return v;
}

static void
group_decode(const struct ext2_mount *m, struct ext2_group *gp,
    const struct ext2_group_disk *gd)
{
	gp->g_bbitmap = halves32(
	    m, gd->bg_block_bitmap_lo, gd->bg_block_bitmap_hi);
	gp->g_ibitmap = halves32(
	    m, gd->bg_inode_bitmap_lo, gd->bg_inode_bitmap_hi);
	gp->g_itable = halves32(
	    m, gd->bg_inode_table_lo, gd->bg_inode_table_hi);
	gp->g_free_blocks = halves16(
	    m, gd->bg_free_blocks_count_lo, gd->bg_free_blocks_count_hi);
	gp->g_free_inodes = halves16(
	    m, gd->bg_free_inodes_count_lo, gd->bg_free_inodes_count_hi);
	gp->g_used_dirs = halves16(
	    m, gd->bg_used_dirs_count_lo, gd->bg_used_dirs_count_hi);
	gp->g_maxrun = UINT32_MAX;
	if (!m->m_gdcsum)
		return;
	gp->g_flags = le16_get(gd->bg_flags);
	gp->g_itunused = halves16(
	    m, gd->bg_itable_unused_lo, gd->bg_itable_unused_hi);
	gp->g_bsum = halves16(
	    m, gd->bg_block_bitmap_csum_lo, gd->bg_block_bitmap_csum_hi);
	gp->g_isum = halves16(
	    m, gd->bg_inode_bitmap_csum_lo, gd->bg_inode_bitmap_csum_hi);
	if ((gp->g_flags & EXT2_BGF_INODE_UNINIT) != 0)
		gp->g_itunused = m->m_ipg;
}

/* Where do things lie, and can the counts be? */
static int
group_check(struct ext2_mount *m, uint32_t g)
{
	const struct ext2_group *gp = &m->m_grp[g];
	uint64_t start = ext2_group_start(m, g);
	uint64_t end = start + ext2_group_blocks(m, g);
	uint64_t lo = start, hi = end;

	if (ext2_incompat(m, EXT2_FI_FLEX_BG)) {
		lo = m->m_first + 1;
		hi = m->m_blocks;
	}
	if (gp->g_bbitmap < lo || gp->g_bbitmap >= hi)
		return group_bad(m, g, "block bitmap", gp->g_bbitmap);
	if (gp->g_ibitmap < lo || gp->g_ibitmap >= hi)
		return group_bad(m, g, "inode bitmap", gp->g_ibitmap);
	if (gp->g_itable < lo || gp->g_itable >= hi ||
	    m->m_itblks > hi - gp->g_itable)
		return group_bad(m, g, "inode table", gp->g_itable);
	if (gp->g_free_blocks > howmany(end - start, 1u << m->m_clshift))
		return group_bad(m, g, "free blocks", gp->g_free_blocks);
	if (gp->g_free_inodes > m->m_ipg)
		return group_bad(m, g, "free inodes", gp->g_free_inodes);
	if (gp->g_itunused > m->m_ipg)
		return group_bad(m, g, "unused inodes", gp->g_itunused);
	if (group_head(m, g) > end - start)
		return group_bad(m, g, "head of", group_head(m, g));
	return 0;
}

static int
group_load(struct ext2_mount *m, uint32_t g, const uint8_t *desc)
{
	struct ext2_group *gp = &m->m_grp[g];
	struct ext2_group_disk gd;
	uint32_t is, should;
	int error;

	memset(&gd, 0, sizeof(gd));
	memcpy(&gd, desc, kmin(m->m_descsize, sizeof(gd)));
	is = le16_get(gd.bg_checksum);
	if (m->m_gdcsum && !m->m_nocsum) {
		should = ext2_csum_group(
		    &m->m_sb, m->m_seed, g, desc, m->m_descsize);
		if (is != should)
			return ext2_csum_bad(
			    m, 0, is, should, "group %u: descriptor", g);
	}
	group_decode(m, gp, &gd);
	error = group_check(m, g);
	if (error != 0)
		return error;
	sys_add(m, ext2_group_start(m, g), group_head(m, g));
	sys_add(m, gp->g_bbitmap, 1);
	sys_add(m, gp->g_ibitmap, 1);
	sys_add(m, gp->g_itable, m->m_itblks);
	m->m_free_blocks += (uint64_t)gp->g_free_blocks << m->m_clshift;
	m->m_free_inodes += gp->g_free_inodes;
	return 0;
}

/* Block b of the descriptors, busy. */
static int
gdt_read(struct ext2_mount *m, uint32_t b, struct buf **bpp)
{
	uint64_t off = ext2_blkoff(m, ext2_gdt_block(m, b));
	uint64_t near = kmin(m->m_gdblks, m->m_firstmeta);

	if (b >= near)
		return bread(m->m_dev, off, m->m_bsize, bpp);
	return bread_cluster(m->m_dev, off, m->m_bsize,
	    ext2_blkoff(m, m->m_sbblk + 1), ext2_blkoff(m, near), bpp);
}

int
ext2_groups_load(struct ext2_mount *m)
{
	uint32_t dpb = desc_per_block(m);
	int error = 0;

	m->m_grp = kmem_calloc(m->m_groups, sizeof(*m->m_grp));
	/* four a group, and the block against multiple mounts */
	if (mul_overflow(m->m_groups, 4u, &m->m_sysroom) ||
	    add_overflow(m->m_sysroom, 1u, &m->m_sysroom))
		return ENOMEM;
	m->m_sys = kmem_calloc(m->m_sysroom, sizeof(*m->m_sys));
	m->m_gdtdirty = kmem_calloc(howmany(m->m_gdblks, 8), 1);
	if (m->m_grp == NULL || m->m_sys == NULL || m->m_gdtdirty == NULL)
		return ENOMEM;
	for (uint32_t b = 0; b < m->m_gdblks && error == 0; b++) {
		uint32_t g = b * dpb, end;
		struct buf *bp;

		error = gdt_read(m, b, &bp);
		if (error != 0)
			break;
		end = (uint32_t)kmin(m->m_groups, (uint64_t)g + dpb);
		for (; g < end && error == 0; g++)
			error = group_load(
			    m, g, bp->b_data + g % dpb * m->m_descsize);
		brelse(bp);
	}
	return error == 0 ? sys_join(m) : error;
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

static void
put16(const struct ext2_mount *m, uint32_t v, le16_t *lo, le16_t *hi)
{
	le16_put(lo, (uint16_t)v);
	if (m->m_descsize >= EXT2_DESC_SIZE_64)
		le16_put(hi, (uint16_t)(v >> 16));
}

/* What changes of a descriptor.  gd has m_descsize bytes. */
void
ext2_group_encode(struct ext2_mount *m, uint32_t g, struct ext2_group_disk *gd)
{
	const struct ext2_group *gp = &m->m_grp[g];

	put16(m, gp->g_free_blocks, &gd->bg_free_blocks_count_lo,
	    &gd->bg_free_blocks_count_hi);
	put16(m, gp->g_free_inodes, &gd->bg_free_inodes_count_lo,
	    &gd->bg_free_inodes_count_hi);
	put16(m, gp->g_used_dirs, &gd->bg_used_dirs_count_lo,
	    &gd->bg_used_dirs_count_hi);
	if (!m->m_gdcsum)
		return;
	le16_put(&gd->bg_flags, (uint16_t)gp->g_flags);
	put16(m, gp->g_itunused, &gd->bg_itable_unused_lo,
	    &gd->bg_itable_unused_hi);
	if (m->m_csum) {
		put16(m, gp->g_bsum, &gd->bg_block_bitmap_csum_lo,
		    &gd->bg_block_bitmap_csum_hi);
		put16(m, gp->g_isum, &gd->bg_inode_bitmap_csum_lo,
		    &gd->bg_inode_bitmap_csum_hi);
	}
	le16_put(&gd->bg_checksum,
	    ext2_csum_group(&m->m_sb, m->m_seed, g, gd, m->m_descsize));
}

/* Bring the bitmaps' sums up to date. */
static int
group_sums(struct ext2_mount *m, uint32_t g)
{
	struct ext2_group *gp = &m->m_grp[g];
	struct buf *bp;
	int error;

	if ((gp->g_state & EG_BSUM) != 0) {
		error = bread(
		    m->m_dev, ext2_blkoff(m, gp->g_bbitmap), m->m_bsize, &bp);
		if (error != 0)
			return error;
		gp->g_bsum = ext2_bbitmap_sum(m, bp->b_data);
		gp->g_state &= ~EG_BSUM;
		brelse(bp);
	}
	if ((gp->g_state & EG_ISUM) != 0) {
		error = bread(
		    m->m_dev, ext2_blkoff(m, gp->g_ibitmap), m->m_bsize, &bp);
		if (error != 0)
			return error;
		gp->g_isum = ext2_ibitmap_sum(m, bp->b_data);
		gp->g_state &= ~EG_ISUM;
		brelse(bp);
	}
	return 0;
}

/* One block of descriptors. */
static int
gdt_put(struct ext2_mount *m, uint32_t b)
{
	uint32_t dpb = desc_per_block(m), g = b * dpb, n;
	struct buf *bp;
	int error = 0;

	n = (uint32_t)kmin(dpb, m->m_groups - g);
	for (uint32_t i = 0; m->m_csum && i < n && error == 0; i++)
		error = group_sums(m, g + i);
	if (error == 0)
		error = bread(m->m_dev, ext2_blkoff(m, ext2_gdt_block(m, b)),
		    m->m_bsize, &bp);
	if (error != 0)
		return error;
	for (uint32_t i = 0; i < n; i++)
		ext2_group_encode(m, g + i,
		    (struct ext2_group_disk *)(void *)(bp->b_data +
			i * m->m_descsize));
	bdwrite(bp);
	bit_clear(m->m_gdtdirty, b);
	return 0;
}

int
ext2_groups_put(struct ext2_mount *m)
{
	struct ext2_super_disk *sb = &m->m_sb;
	int error;

	for (uint32_t b = 0; b < m->m_gdblks; b++) {
		error = bit_test(m->m_gdtdirty, b) ? gdt_put(m, b) : 0;
		if (error != 0)
			return error;
	}
	le32_put(&sb->s_free_blocks_count_lo, (uint32_t)m->m_free_blocks);
	if (ext2_incompat(m, EXT2_FI_64BIT))
		le32_put(&sb->s_free_blocks_count_hi,
		    (uint32_t)(m->m_free_blocks >> 32));
	le32_put(&sb->s_free_inodes_count, (uint32_t)m->m_free_inodes);
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
