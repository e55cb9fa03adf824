/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal of a new ext3 or ext4: how large, where, and the blocks that map it.
 *
 * It stands in group 0 behind what else the formatter makes there and, where that
 * is too little, goes on behind the tables of the groups that follow.
 */
#include <stdlib.h>
#include <string.h>

#include "newfs/newfs_ext2_make.h"

#define MIB	   (UINT64_C(1) << 20)
#define MOST	   10240000u /* blocks: as mke2fs and e2fsck have it */
#define INLINE_EXT 4u	     /* extents in the inode */

/* ---- size ------------------------------------------------------------------------ */

/* What mke2fs gives a file system of so many blocks. */
static uint64_t
default_blocks(uint64_t blocks)
{
	static const struct {
		uint64_t below;
		uint32_t blocks;
	} table[] = {
	    {2048, 0},
	    {32768, 1024},
	    {256 * 1024, 4096},
	    {512 * 1024, 8192},
	    {4096 * 1024, 16384},
	    {8192 * 1024, 32768},
	    {16384 * 1024, 65536},
	    {32768 * 1024, 131072},
	    {UINT64_MAX, 262144},
	};
	unsigned i = 0;

	while (blocks >= table[i].below)
		i++;
	return table[i].blocks;
}

int
newfs_ext2_journal_plan(const struct newfs_opts *o, const struct ext2_geom *g,
    struct newfs_ext2_journal *jn, char why[NEWFS_WHY])
{
	uint64_t n = o->no_ext4.ne_journal / g->g_block_bytes, room;

	*jn = (struct newfs_ext2_journal){0};
	if ((g->g_compat & EXT2_FC_HAS_JOURNAL) == 0)
		return 0;
	if (o->no_ext4.ne_journal == 0)
		n = default_blocks(g->g_blocks);
	else if (n < JBD2_MIN_BLOCKS || n > MOST)
		return newfs_fail(why, EINVAL,
		    "a journal has 1024 to %u blocks (here: %llu to %llu "
		    "bytes)",
		    MOST,
		    (unsigned long long)JBD2_MIN_BLOCKS * g->g_block_bytes,
		    (unsigned long long)MOST * g->g_block_bytes);
	jn->jn_blocks = n;
	if ((g->g_incompat & EXT2_FI_EXTENTS) == 0) {
		jn->jn_map = ext2_geom_file_blocks(
				 g->g_block_bytes, n * g->g_block_bytes) -
		    n;
		return 0;
	}
	/* one more extent wherever a group ends */
	room = g->g_blocks_per_group - ext2_geom_group_meta(g, 0);
	room = kmin(room, EXT4_EXT_INITMAX);
	if (howmany(n, room) + 1 > INLINE_EXT)
		jn->jn_map = 1;
	return 0;
}

/* ---- options ---------------------------------------------------------------------- */

enum { SIZE_MIB, SIZE_BYTES, NONE, FLEX };

static int
set_option(
    struct newfs_opts *o, unsigned arg, const char *value, char why[NEWFS_WHY])
{
	unsigned long long n = 0;
	char *end = NULL;

	if (arg == NONE) {
		o->no_ext4.ne_nojournal = true;
		return value == NULL
		    ? 0
		    : newfs_fail(why, EINVAL, "nojournal takes no value");
	}
	if (value != NULL && arg == SIZE_MIB && strncmp(value, "size=", 5) == 0)
		value += 5;
	if (value != NULL)
		n = strtoull(value, &end, 10);
	if (value != NULL && end != value && arg != FLEX && n > 0) {
		if (strcmp(end, "k") == 0 || strcmp(end, "K") == 0)
			o->no_ext4.ne_journal = n << 10;
		else if (strcmp(end, "g") == 0 || strcmp(end, "G") == 0)
			o->no_ext4.ne_journal = n << 30;
		else if (*end == '\0' && arg == SIZE_BYTES)
			o->no_ext4.ne_journal = n;
		else if (*end == '\0' || strcmp(end, "m") == 0 ||
		    strcmp(end, "M") == 0)
			o->no_ext4.ne_journal = n << 20;
		else
			n = 0;
		if (n > 0 && n < UINT32_MAX)
			return 0;
	} else if (value != NULL && end != value && *end == '\0' && n > 0 &&
	    n <= 1u << 30 && (n & (n - 1)) == 0) {
		o->no_ext4.ne_flex = (uint32_t)n;
		return 0;
	}
	return newfs_fail(why, EINVAL, "bad %s '%s'",
	    arg == FLEX ? "number of groups (a power of two)" : "journal size",
	    value != NULL ? value : "");
}

const struct newfs_typeopt newfs_ext4_typeopts[] = {
    {.to_key = 'J', .to_setarg = set_option, .to_arg = SIZE_MIB},
    {.to_key = 'G', .to_setarg = set_option, .to_arg = FLEX},
    {.to_name = "journal", .to_setarg = set_option, .to_arg = SIZE_BYTES},
    {.to_name = "nojournal", .to_setarg = set_option, .to_arg = NONE},
    {.to_key = 0, .to_name = NULL},
};

/* ---- where ----------------------------------------------------------------------- */

/* Blocks of the journal in a group, from *startp on; done: those in front. */
static uint64_t
group_part(
    const struct maker *mk, uint32_t group, uint64_t done, uint64_t *startp)
{
	const struct ext2_geom *g = &mk->mk_geom;
	uint32_t used = maker_used(mk, group);
	uint32_t blocks = ext2_geom_group_blocks(g, group);

	*startp = ext2_geom_group_start(g, group) + used;
	return kmin(
	    blocks - kmin(blocks, used), mk->mk_journal.jn_blocks - done);
}

void
maker_journal_place(struct maker *mk)
{
	uint64_t done = 0, start;

	for (uint32_t i = 0; i < mk->mk_geom.g_groups; i++) {
		mk->mk_jpart[i] = (uint32_t)group_part(mk, i, done, &start);
		done += mk->mk_jpart[i];
	}
}

/* ---- the map ----------------------------------------------------------------------- */

/* The journal's block n; the caller goes upwards from group *gp, whose first one is
 * *basep. */
static uint64_t
journal_block(const struct maker *mk, uint64_t n, uint32_t *gp, uint64_t *basep)
{
	while (n - *basep >= mk->mk_jpart[*gp]) {
		*basep += mk->mk_jpart[*gp];
		(*gp)++;
	}
	return ext2_geom_group_start(&mk->mk_geom, *gp) + maker_used(mk, *gp) +
	    (n - *basep);
}

/* All extents, at most max; returns how many. */
static uint32_t
map_extents(const struct maker *mk, struct ext4_extent_disk *ee, uint32_t max)
{
	uint64_t lbn = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < mk->mk_geom.g_groups; i++) {
		uint64_t blk = ext2_geom_group_start(&mk->mk_geom, i) +
		    maker_used(mk, i);
		uint32_t left = mk->mk_jpart[i], len;

		for (; left > 0 && n < max; n++) {
			len = (uint32_t)kmin(left, EXT4_EXT_INITMAX);
			le32_put(&ee[n].ee_block, (uint32_t)lbn);
			le16_put(&ee[n].ee_len, (uint16_t)len);
			le32_put(&ee[n].ee_start_lo, (uint32_t)blk);
			le16_put(&ee[n].ee_start_hi, (uint16_t)(blk >> 32));
			lbn += len;
			blk += len;
			left -= len;
		}
	}
	return lbn < mk->mk_journal.jn_blocks ? max + 1 : n;
}

static void
extent_head(struct ext4_extent_head_disk *eh, uint32_t entries, uint32_t max,
    uint32_t depth)
{
	le16_put(&eh->eh_magic, EXT4_EXT_MAGIC);
	le16_put(&eh->eh_entries, (uint16_t)entries);
	le16_put(&eh->eh_max, (uint16_t)max);
	le16_put(&eh->eh_depth, (uint16_t)depth);
}

static int
make_extents(struct maker *mk, struct ext2_inode_disk *di)
{
	struct ext4_extent_head_disk *eh = (void *)di->i_block;
	uint32_t block = mk->mk_geom.g_block_bytes, max, n, sum;
	struct ext4_extent_index_disk *ei;

	if (mk->mk_journal.jn_map == 0) {
		n = map_extents(mk, (void *)(eh + 1), INLINE_EXT);
		extent_head(eh, n, INLINE_EXT, 0);
		return n > INLINE_EXT ? EFBIG : 0;
	}
	extent_head(eh, 1, INLINE_EXT, 1);
	ei = (void *)(eh + 1);
	le32_put(&ei->ei_leaf_lo, (uint32_t)mk->mk_jmap_blk);
	memset(mk->mk_buf, 0, block);
	eh = (void *)mk->mk_buf;
	max = (block - (uint32_t)sizeof(*eh)) /
	    (uint32_t)sizeof(struct ext4_extent_disk);
	n = map_extents(mk, (void *)(eh + 1), max);
	if (n > max)
		return EFBIG;
	extent_head(eh, n, max, 0);
	if (mk->mk_csum) {
		uint32_t bytes = (uint32_t)sizeof(*eh) +
		    max * (uint32_t)sizeof(struct ext4_extent_disk);

		sum = ext2_csum_extent(
		    ext2_csum_inode_seed(mk->mk_seed, EXT2_INO_JOURNAL, 0),
		    mk->mk_buf, bytes);
		le32_put((le32_t *)(void *)(mk->mk_buf + bytes), sum);
	}
	return maker_put(mk, mk->mk_buf, mk->mk_jmap_blk, 1);
}

/* The block tree that ext3 has: addresses of blocks n on, below one address of so
 * many levels.  Its own blocks come from *nextp on. */
static int
make_indirect(struct maker *mk, unsigned levels, uint64_t *np, uint64_t *nextp,
    uint32_t *gp, uint64_t *basep, uint64_t *outp)
{
	uint32_t block = mk->mk_geom.g_block_bytes, i;
	uint64_t blk;
	le32_t *map;
	int error = 0;

	if (levels == 0) {
		*outp = journal_block(mk, (*np)++, gp, basep);
		return 0;
	}
	*outp = (*nextp)++;
	map = calloc(1, block);
	if (map == NULL)
		return ENOMEM;
	for (i = 0;
	     i < block / 4 && *np < mk->mk_journal.jn_blocks && error == 0;
	     i++) {
		error = make_indirect(
		    mk, levels - 1, np, nextp, gp, basep, &blk);
		le32_put(&map[i], (uint32_t)blk);
	}
	if (error == 0)
		error = maker_put(mk, map, *outp, 1);
	free(map);
	return error;
}

static int
make_blocks(struct maker *mk, struct ext2_inode_disk *di)
{
	uint64_t n = 0, next = mk->mk_jmap_blk, base = 0, blk;
	uint32_t group = 0;
	int error = 0;

	for (unsigned i = 0;
	     i < EXT2_NADDR && error == 0 && n < mk->mk_journal.jn_blocks;
	     i++) {
		unsigned levels = i < EXT2_NDIRECT ? 0 : i - EXT2_NDIRECT + 1;

		error = make_indirect(
		    mk, levels, &n, &next, &group, &base, &blk);
		le32_put(&di->i_block[i], (uint32_t)blk);
	}
	return error;
}

/* ---- the journal -------------------------------------------------------------------- */

int
maker_journal(struct maker *mk, struct ext2_inode_disk *di)
{
	uint32_t block = mk->mk_geom.g_block_bytes, group = 0;
	uint64_t size = mk->mk_journal.jn_blocks * block, base = 0;
	struct ext2_super_disk *sb = &mk->mk_super;
	struct jbd2_super_disk *js;
	bool extents = (mk->mk_geom.g_incompat & EXT2_FI_EXTENTS) != 0;
	int error;

	error = extents ? make_extents(mk, di) : make_blocks(mk, di);
	if (error != 0)
		return error;
	if (extents)
		le32_put(&di->i_flags, EXT2_IF_EXTENTS);
	memset(mk->mk_buf, 0, block);
	js = (void *)mk->mk_buf;
	be32_put(&js->s_header.h_magic, JBD2_MAGIC);
	be32_put(&js->s_header.h_blocktype, JBD2_SUPER_V2);
	be32_put(&js->s_blocksize, block);
	be32_put(&js->s_maxlen, (uint32_t)mk->mk_journal.jn_blocks);
	be32_put(&js->s_first, 1);
	be32_put(&js->s_sequence, 1);
	be32_put(&js->s_nr_users, 1);
	memcpy(js->s_uuid, mk->mk_opts->no_uuid, sizeof(js->s_uuid));
	error = maker_put(
	    mk, mk->mk_buf, journal_block(mk, 0, &group, &base), 1);
	for (uint32_t i = 0; i < mk->mk_geom.g_groups && error == 0; i++) {
		uint64_t first = i == 0 ? 1 : 0;

		if (mk->mk_jpart[i] > first)
			error = maker_zero(mk,
			    ext2_geom_group_start(&mk->mk_geom, i) +
				maker_used(mk, i) + first,
			    mk->mk_jpart[i] - first);
	}
	/* The superblock has a copy of the map. */
	le32_put(&sb->s_journal_inum, EXT2_INO_JOURNAL);
	sb->s_jnl_backup_type = 1;
	memcpy(sb->s_jnl_blocks, di->i_block, sizeof(di->i_block));
	le32_put(&sb->s_jnl_blocks[15], (uint32_t)(size >> 32));
	le32_put(&sb->s_jnl_blocks[16], (uint32_t)size);
	return error;
}
