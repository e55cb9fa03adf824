/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext2's geometry against slow and simple counting: blocks of files with and
 * without holes, directories, the smallest file system that fits.
 */
#include "fs/ext2/ext2_geom.h"
#include "unit/tap.h"

static uint32_t seed = 1;

static uint32_t
rnd(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Does unit u of per blocks each, behind the first skip blocks, have data? */
static bool
touched(const bool *data, uint64_t n, uint64_t skip, uint64_t per, uint64_t u)
{
	for (uint64_t b = skip + u * per; b < skip + (u + 1) * per && b < n;
	     b++)
		if (data[b])
			return true;
	return false;
}

/* Data and indirect blocks of a file of n blocks, one after the other. */
static uint64_t
count_slowly(const bool *data, uint64_t n, uint64_t per)
{
	uint64_t total = 0, skip = EXT2_NDIRECT;

	for (uint64_t b = 0; b < n; b++)
		total += data[b];
	for (uint64_t u = 0; skip + u * per < n; u++)
		total += touched(data, n, skip, per, u);
	skip += per;
	for (uint64_t u = 0; skip + u * per * per < n; u++)
		total += touched(data, n, skip, per * per, u);
	skip += per * per;
	if (skip < n)
		total += touched(data, n, skip, n, 0);
	return total;
}

static void
test_maps(void)
{
	/* 64-byte blocks have 16 addresses: triple indirect after 284 */
	enum { BLOCK = 64, PER = 16, MAX = 2000 };
	static bool data[MAX];
	bool good = true;

	for (int round = 0; round < 3000; round++) {
		struct ext2_mapcount em;
		uint64_t n = 1 + rnd(MAX), at = 0;

		memset(data, 0, sizeof(data));
		ext2_mapcount_init(&em, BLOCK);
		while (at < n) {
			uint64_t hole = rnd(4) == 0 ? rnd(400) : 0;
			uint64_t len = 1 + rnd(round % 2 == 0 ? 3 : 300);

			at += hole;
			if (at >= n)
				break;
			len = kmin(len, n - at);
			for (uint64_t i = 0; i < len; i++)
				data[at + i] = true;
			ext2_mapcount_add(&em, at, len);
			at += len;
		}
		if (em.em_total != count_slowly(data, n, PER))
			good = false;
	}
	ok(good, "files with holes take what slow counting says");
	good = true;
	memset(data, 1, sizeof(data));
	for (uint64_t n = 0; n < MAX; n++)
		if (ext2_geom_file_blocks(BLOCK, n * BLOCK) !=
			count_slowly(data, n, PER) ||
		    (n > 0 &&
			ext2_geom_file_blocks(BLOCK, n * BLOCK - 1) !=
			    count_slowly(data, n, PER)))
			good = false;
	ok(good, "and files without, to each length");
}

static void
test_dirs(void)
{
	struct ext2_dircount ed;

	ext2_dircount_init(&ed, 1024);
	is(ed.ed_blocks, 1, "an empty directory has a block");
	for (int i = 0; i < 62; i++) /* 24 + 62 * 16 = 1016 */
		ext2_dircount_add(&ed, 5 + i % 4);
	is(ed.ed_blocks, 1, "62 entries of 16 bytes go into it");
	ext2_dircount_add(&ed, 1);
	is(ed.ed_blocks, 2, "the next one, of 12, doesn't");
	for (int i = 0; i < 85; i++)
		ext2_dircount_add(&ed, 1);
	is(ed.ed_blocks, 3, "nor does one that would cross a block's end");
}

static struct ext2_geom_want
want(uint32_t block, uint64_t inodes)
{
	return (struct ext2_geom_want){
	    .gw_block_bytes = block,
	    .gw_inode_bytes = 256,
	    .gw_rev = EXT2_REV_DYNAMIC,
	    .gw_compat = EXT2_DEFAULT_COMPAT,
	    .gw_incompat = EXT2_DEFAULT_INCOMPAT,
	    .gw_rocompat = EXT2_DEFAULT_ROCOMPAT,
	    .gw_inodes = inodes,
	    .gw_ratio_bytes = 16384,
	};
}

static uint64_t
room(const struct ext2_geom *g)
{
	uint64_t used = g->g_first;

	/* group by group, rather than ext2_geom_meta() */
	for (uint32_t i = 0; i < g->g_groups; i++)
		used += ext2_geom_group_meta(g, i);
	used += (g->g_compat & EXT2_FC_RESIZE_INODE) != 0;
	return g->g_blocks > used ? g->g_blocks - used : 0;
}

static void
test_fit(void)
{
	bool enough = true, smallest = true, meta = true;

	for (int round = 0; round < 4000; round++) {
		uint32_t block = 1024u << rnd(7);
		uint64_t blocks = 1 + rnd(round % 3 == 0 ? 300000 : 3000);
		uint64_t inodes = 16 + rnd(round % 5 == 0 ? 200000 : 5000);
		struct ext2_geom_want w = want(block, inodes);
		struct ext2_geom g, less;

		if (ext2_geom_fit(&w, blocks, &g) != 0 || room(&g) < blocks ||
		    g.g_inodes < inodes) {
			enough = false;
			diag("%u %ju %ju", block, (uintmax_t)blocks,
			    (uintmax_t)inodes);
			continue;
		}
		if (g.g_blocks != g.g_first + ext2_geom_meta(&g) + room(&g))
			meta = false;
		w.gw_exact = true;
		w.gw_blocks = g.g_blocks - 1;
		if (ext2_geom_plan(&w, &less) == 0 && room(&less) >= blocks)
			smallest = false;
	}
	ok(enough, "what fit gives has room for all");
	ok(meta, "all groups' metadata together is ext2_geom_meta");
	ok(smallest, "one block less would not have");
}

static void
test_limits(void)
{
	struct ext2_geom_want w = want(1024, 0);
	struct ext2_geom g;

	w.gw_blocks = 7;
	is(ext2_geom_plan(&w, &g), ENOSPC, "seven blocks are too few");
	w.gw_blocks = UINT64_C(1) << 32;
	is(ext2_geom_plan(&w, &g), EFBIG, "2^32 are too many");
	w = want(4096, 0);
	w.gw_blocks = UINT32_MAX;
	is(ext2_geom_plan(&w, &g), 0, "one less isn't, of 4 KiB");
	w = want(1024, 0);
	w.gw_blocks = UINT32_MAX;
	is(ext2_geom_plan(&w, &g), ENOSPC,
	    "of 1 KiB the descriptors fill a group");
	w.gw_block_bytes = 3000;
	is(ext2_geom_plan(&w, &g), EINVAL, "3000 is no block size");
	w = want(4096, 0);
	w.gw_inode_bytes = 8192;
	is(ext2_geom_plan(&w, &g), EINVAL, "nor 8192 an inode's in 4096");
	is(ext2_geom_file_max(1024, true) / 1024,
	    12 + 256 + 256 * 256 + 256 * 256 * 256,
	    "files in blocks of 1 KiB end with triple indirect ones");
	ok(ext2_geom_file_max(4096, true) > UINT64_C(2000) << 30,
	    "of 4 KiB at nearly 2 TiB");
	is(ext2_geom_file_max(4096, false), INT32_MAX,
	    "without large_file at 2 GiB");
}

int
main(void)
{
	test_maps();
	test_dirs();
	test_fit();
	test_limits();
	return done();
}
