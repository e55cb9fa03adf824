/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Geometry of ext2: see ext2_geom.h.
 *
 * Rules that are mke2fs's, so that a file system made here is what users know:
 * groups as large as one bitmap block, inodes per group filling whole blocks and
 * a multiple of 8, room for the descriptor table to grow 1024 times, and a last
 * group too small for its own tables given up.
 *
 * Left out: more than 2^32 blocks, meta_bg, bigalloc.  With flex_bg each group's
 * tables still stand in the group itself.
 */
#include "fs/ext2/ext2_geom.h"

#define MAX_GROUP_BLOCKS 65528u /* counts are 16 bits; a multiple of 8 */
#define MIN_INODES	 16u	/* 10 reserved, lost+found, and some */
#define GROWTH		 1024u
#define MIB		 (UINT64_C(1) << 20)
#define TIB		 (UINT64_C(1) << 40)

uint32_t
ext2_geom_default_block(uint64_t bytes)
{
	return bytes < 512 * MIB ? 1024 : 4096;
}

uint64_t
ext2_geom_default_ratio(uint64_t bytes)
{
	if (bytes < 3 * MIB)
		return 8192; /* floppy */
	if (bytes < 512 * MIB)
		return 4096; /* small */
	if (bytes < 4 * TIB)
		return 16384;
	if (bytes < 16 * TIB)
		return 32768; /* big */
	return 65536;	      /* huge */
}

bool
ext2_geom_has_super(const struct ext2_geom *g, uint32_t group)
{
	return (g->g_rocompat & EXT2_FR_SPARSE_SUPER) == 0 ||
	    ext2_sparse_group(group);
}

uint64_t
ext2_geom_group_start(const struct ext2_geom *g, uint32_t group)
{
	return g->g_first + (uint64_t)group * g->g_blocks_per_group;
}

uint32_t
ext2_geom_group_blocks(const struct ext2_geom *g, uint32_t group)
{
	return (uint32_t)kmin(g->g_blocks_per_group,
	    g->g_blocks - ext2_geom_group_start(g, group));
}

uint32_t
ext2_geom_group_head(const struct ext2_geom *g, uint32_t group)
{
	if (!ext2_geom_has_super(g, group))
		return 0;
	return 1 + g->g_desc_blocks + g->g_reserved_gdt;
}

uint32_t
ext2_geom_group_meta(const struct ext2_geom *g, uint32_t group)
{
	return ext2_geom_group_head(g, group) + 2 + g->g_itable_blocks;
}

uint32_t
ext2_geom_copies(const struct ext2_geom *g)
{
	uint32_t n = 0;

	if ((g->g_rocompat & EXT2_FR_SPARSE_SUPER) == 0)
		return g->g_groups - 1;
	for (uint64_t base = 3; base <= 7; base += 2)
		for (uint64_t p = base; p < g->g_groups; p *= base)
			n++;
	return g->g_groups > 1 ? n + 1 : 0;
}

uint64_t
ext2_geom_meta(const struct ext2_geom *g)
{
	uint64_t meta = (uint64_t)g->g_groups * (2 + g->g_itable_blocks);

	meta += (uint64_t)(1 + ext2_geom_copies(g)) *
	    (1 + g->g_desc_blocks + g->g_reserved_gdt);
	if ((g->g_compat & EXT2_FC_RESIZE_INODE) != 0)
		meta++;
	return meta;
}

/* Blocks kept behind the descriptors for 1024 times as many groups. */
static uint32_t
reserved_gdt(const struct ext2_geom *g)
{
	uint32_t perblock = g->g_block_bytes / g->g_desc_bytes;
	uint64_t most = UINT32_MAX, groups, n;

	if ((g->g_compat & EXT2_FC_RESIZE_INODE) == 0)
		return 0;
	if (g->g_blocks < most / GROWTH)
		most = g->g_blocks * GROWTH;
	groups = howmany(most - g->g_first, g->g_blocks_per_group);
	n = howmany(groups, perblock);
	n = n > g->g_desc_blocks ? n - g->g_desc_blocks : 0;
	return (uint32_t)kmin(n, g->g_block_bytes / 4);
}

/* The most inodes that a group can have: a bitmap block's bits, a 16-bit count. */
static uint32_t
most_inodes(const struct ext2_geom *g)
{
	uint32_t perblock = g->g_block_bytes / g->g_inode_bytes;
	uint32_t most = (uint32_t)kmin(8 * g->g_block_bytes, 65536 - perblock);

	return (uint32_t)rounddown2(most, kmax(perblock, 8));
}

/*
 * As large as a bitmap block allows; smaller where so many inodes are asked for
 * that groups of that size would be too few for them.
 */
static uint32_t
group_size(const struct ext2_geom_want *want, const struct ext2_geom *g)
{
	uint64_t full = kmin(8 * g->g_block_bytes, MAX_GROUP_BLOCKS);
	uint64_t blocks = g->g_blocks - g->g_first, n;

	n = howmany(want->gw_inodes, most_inodes(g));
	if (n > 1 && howmany(blocks, full) < n)
		full = roundup2(howmany(blocks, n), 8);
	return (uint32_t)full;
}

/* Inodes a group: whole blocks of them, and a multiple of 8. */
static int
plan_inodes(const struct ext2_geom_want *want, struct ext2_geom *g)
{
	uint32_t perblock = g->g_block_bytes / g->g_inode_bytes;
	uint32_t most = most_inodes(g);
	uint64_t inodes = want->gw_inodes, each;

	if (inodes == 0)
		inodes = g->g_blocks * g->g_block_bytes / want->gw_ratio_bytes;
	inodes = kmax(inodes, MIN_INODES);
	if (inodes > UINT32_MAX)
		inodes = UINT32_MAX;
	each = howmany(inodes, g->g_groups);
	if (each > most) {
		if (want->gw_inodes != 0)
			return ENOSPC;
		each = most;
	}
	if (want->gw_inodes == 0) {
		/* fills its blocks, then down to 8 as mke2fs does */
		each = howmany(each, perblock) * perblock;
		each = kmax(rounddown2(each, 8), 8);
		if (each * g->g_groups < MIN_INODES)
			each = MIN_INODES;
	} else {
		uint64_t unit = perblock > 8 ? perblock : 8;

		each = howmany(each, unit) * unit;
	}
	if (each > most)
		each = most;
	if (each * g->g_groups > UINT32_MAX)
		each = rounddown2(UINT32_MAX / g->g_groups, 8);
	g->g_inodes_per_group = (uint32_t)each;
	g->g_inodes = each * g->g_groups;
	g->g_itable_blocks = (uint32_t)howmany(each, perblock);
	return 0;
}

static int
check_want(const struct ext2_geom_want *want)
{
	uint32_t block = want->gw_block_bytes, inode = want->gw_inode_bytes;

	if (!ispow2(block) || block < EXT2_MIN_BLOCK || block > EXT2_MAX_BLOCK)
		return EINVAL;
	if (!ispow2(inode) || inode < EXT2_OLD_INODE || inode > block)
		return EINVAL;
	if (want->gw_rev == EXT2_REV_OLD &&
	    (inode != EXT2_OLD_INODE || want->gw_compat != 0 ||
		want->gw_incompat != 0 || want->gw_rocompat != 0))
		return EINVAL;
	if (want->gw_inodes == 0 && want->gw_ratio_bytes == 0)
		return EINVAL;
	return 0;
}

/* Groups, descriptors and inodes for g_blocks. */
static int
plan_groups(const struct ext2_geom_want *want, struct ext2_geom *g)
{
	uint64_t groups;

	if (g->g_blocks <= g->g_first)
		return ENOSPC;
	groups = howmany(g->g_blocks - g->g_first, g->g_blocks_per_group);
	if (groups > UINT32_MAX)
		return EFBIG;
	g->g_groups = (uint32_t)groups;
	g->g_desc_blocks = (uint32_t)howmany(
	    groups * g->g_desc_bytes, g->g_block_bytes);
	g->g_reserved_gdt = reserved_gdt(g);
	return plan_inodes(want, g);
}

int
ext2_geom_plan(const struct ext2_geom_want *want, struct ext2_geom *g)
{
	int error = check_want(want);

	if (error != 0)
		return error;
	*g = (struct ext2_geom){
	    .g_block_bytes = want->gw_block_bytes,
	    .g_inode_bytes = want->gw_inode_bytes,
	    .g_rev = want->gw_rev,
	    .g_compat = want->gw_compat,
	    .g_incompat = want->gw_incompat,
	    .g_rocompat = want->gw_rocompat,
	    .g_blocks = want->gw_blocks,
	    .g_first = want->gw_block_bytes == 1024,
	    .g_desc_bytes = (want->gw_incompat & EXT2_FI_64BIT) != 0
		? EXT2_DESC_SIZE_64
		: EXT2_DESC_SIZE,
	};
	while ((1024u << g->g_block_log) < g->g_block_bytes)
		g->g_block_log++;
	if (g->g_blocks > UINT32_MAX)
		return EFBIG;
	if (g->g_blocks <= g->g_first + 4)
		return ENOSPC;
	g->g_blocks_per_group = group_size(want, g);
	for (;;) {
		uint32_t last, need;

		error = plan_groups(want, g);
		if (error != 0)
			return error;
		if (ext2_geom_group_meta(g, 0) + 2 >= g->g_blocks_per_group)
			return ENOSPC;
		last = ext2_geom_group_blocks(g, g->g_groups - 1);
		need = ext2_geom_group_meta(g, g->g_groups - 1);
		if (g->g_groups == 1)
			return last > need ? 0 : ENOSPC;
		if (last >= need + (want->gw_exact ? 0 : EXT2_GEOM_MIN_LAST))
			return 0;
		g->g_blocks -= last; /* given up; once more without it */
	}
}

/* Does a file system of so many blocks leave so many free? */
static int
try_fit(struct ext2_geom_want *want, uint64_t blocks, uint64_t free,
    struct ext2_geom *g)
{
	int error;

	want->gw_blocks = blocks;
	error = ext2_geom_plan(want, g);
	if (error != 0)
		return error;
	return g->g_blocks - g->g_first < ext2_geom_meta(g) + free ? ENOSPC : 0;
}

int
ext2_geom_fit(
    const struct ext2_geom_want *want, uint64_t free, struct ext2_geom *g)
{
	struct ext2_geom_want w = *want;
	uint64_t low = 0, high = free + 16;
	struct ext2_geom tried;
	int error;

	/* up until it fits, then halve: what fits is always known */
	w.gw_exact = true;
	for (;;) {
		error = try_fit(&w, high, free, g);
		if (error != ENOSPC)
			break;
		low = high;
		high += high / 8 + 16;
		if (low >= UINT32_MAX)
			return EFBIG;
		high = kmin(high, UINT32_MAX);
	}
	if (error != 0)
		return error;
	while (high - low > 1) {
		uint64_t mid = low + (high - low) / 2;

		if (try_fit(&w, mid, free, &tried) == 0) {
			*g = tried;
			high = mid;
		} else {
			low = mid;
		}
	}
	return 0;
}

void
ext2_mapcount_init(struct ext2_mapcount *em, uint32_t block_bytes)
{
	*em = (struct ext2_mapcount){
	    .em_block_bytes = block_bytes,
	    .em_ind = UINT64_MAX,
	    .em_dind = UINT64_MAX,
	};
}

/* New ones among the units [first, last] of which *seen is the last counted. */
static uint64_t
count_units(uint64_t *seen, uint64_t first, uint64_t last)
{
	if (*seen != UINT64_MAX && first <= *seen)
		first = *seen + 1;
	if (first > last)
		return 0;
	*seen = last;
	return last - first + 1;
}

void
ext2_mapcount_add(struct ext2_mapcount *em, uint64_t blk, uint64_t n)
{
	uint64_t per = em->em_block_bytes / 4, first, last;

	if (n == 0)
		return;
	em->em_total += n;
	if (blk + n <= EXT2_NDIRECT)
		return;
	first = blk < EXT2_NDIRECT ? 0 : blk - EXT2_NDIRECT;
	last = blk + n - 1 - EXT2_NDIRECT;
	em->em_total += count_units(&em->em_ind, first / per, last / per);
	/* unit 0 hangs off the inode; the rest off double indirect blocks */
	if (last < per)
		return;
	first = first < per ? 0 : first - per;
	last -= per;
	em->em_total += count_units(
	    &em->em_dind, first / (per * per), last / (per * per));
	if (last >= per * per && !em->em_tind) {
		em->em_tind = true;
		em->em_total++;
	}
}

uint64_t
ext2_geom_file_blocks(uint32_t block_bytes, uint64_t size_bytes)
{
	struct ext2_mapcount em;

	ext2_mapcount_init(&em, block_bytes);
	ext2_mapcount_add(&em, 0, howmany(size_bytes, block_bytes));
	return em.em_total;
}

uint64_t
ext2_geom_file_max(uint32_t block_bytes, bool large_file)
{
	uint64_t per = block_bytes / 4, blocks, most, data;

	blocks = EXT2_NDIRECT + per + per * per;
	if (mul_overflow(per * per, per, &data))
		data = UINT32_MAX;
	blocks = kmin(blocks + data, UINT32_MAX);
	/* i_blocks has 32 bits of 512-byte units, indirect blocks included */
	most = (UINT64_C(1) << 32) / (block_bytes / 512);
	most -= most / per + most / (per * per) + 4;
	blocks = kmin(blocks, most);
	data = blocks * block_bytes;
	return large_file ? data : kmin(data, INT32_MAX);
}

void
ext2_dircount_init(struct ext2_dircount *ed, uint32_t block_bytes)
{
	*ed = (struct ext2_dircount){
	    .ed_block_bytes = block_bytes,
	    .ed_used = EXT2_DIRENT_SIZE(1) + EXT2_DIRENT_SIZE(2),
	    .ed_blocks = 1,
	};
}

void
ext2_dircount_add(struct ext2_dircount *ed, uint32_t name_bytes)
{
	uint32_t need = EXT2_DIRENT_SIZE(name_bytes);

	if (ed->ed_used + need > ed->ed_block_bytes) {
		ed->ed_blocks++;
		ed->ed_used = 0;
	}
	ed->ed_used += need;
}

uint32_t
ext2_geom_lostfound(uint32_t block_bytes)
{
	uint32_t n = 1;

	while (n < EXT2_NDIRECT && (n * block_bytes < 16 * 1024 || n < 2))
		n++;
	return n;
}
