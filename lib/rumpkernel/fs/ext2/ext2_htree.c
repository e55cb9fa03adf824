/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a directory's index: from a name's hash to the blocks that may hold the
 * name.
 *
 * Each node is checked whenever it is gone through: how many entries it has room
 * for follows from the block size, blocks lie inside the directory and are not the
 * root.  A way is at most as long as the levels that the format allows, and going
 * on to a next leaf goes strictly forwards and at most once to each block, so that
 * nothing here loops, whatever the entries say.
 */
#include "fs/ext2/ext2_htree.h"
#include "fs/ext2/ext2_hash.h"
#include "kern/klog.h"

#define ROOT_ENTRIES  32u /* behind ".", "..", and the header */
#define NODE_ENTRIES  8u  /* behind the free record */
#define BLOCK_MASK    0x0fffffffu
#define FLAG_UNSIGNED 0x2u /* s_flags: characters in hashes */

/* ---- nodes -------------------------------------------------------------------- */

struct ext2_dxentry_disk *
ext2_dx_entries(const struct ext2_mount *m, uint8_t *blk)
{
	const struct ext2_dxroot_disk *root;
	struct dirpack_ent de;
	uint32_t at = NODE_ENTRIES;
	const char *why;

	if (ext2_rec_get(m, blk, m->m_bsize, &de, &why) != 0)
		return NULL;
	if (de.de_reclen == EXT2_DIRENT_SIZE(1)) { /* ".", or it is none */
		if (ext2_rec_get(m, blk + EXT2_DIRENT_SIZE(1),
			m->m_bsize - EXT2_DIRENT_SIZE(1), &de, &why) != 0 ||
		    de.de_reclen != m->m_bsize - EXT2_DIRENT_SIZE(1))
			return NULL;
		root = (const void *)(blk + ROOT_ENTRIES - sizeof(*root));
		if (le32_get(root->dx_zero) != 0 ||
		    root->dx_info_length != sizeof(*root))
			return NULL;
		at = ROOT_ENTRIES;
	} else if (de.de_ino != 0 || de.de_reclen != m->m_bsize) {
		return NULL;
	}
	return (struct ext2_dxentry_disk *)(void *)(blk + at);
}

void
ext2_dx_counts(
    const struct ext2_dxentry_disk *de, uint32_t *limitp, uint32_t *countp)
{
	const struct ext2_dxcount_disk *dc = (const void *)de;

	*limitp = le16_get(dc->dc_limit);
	*countp = le16_get(dc->dc_count);
}

void
ext2_dx_setcount(struct ext2_dxentry_disk *de, uint32_t count)
{
	le16_put(&((struct ext2_dxcount_disk *)(void *)de)->dc_count,
	    (uint16_t)count);
}

bool
ext2_dx_extent(const struct ext2_mount *m, const uint8_t *blk, uint32_t *usedp,
    uint32_t *tailp)
{
	struct ext2_dxentry_disk *de = ext2_dx_entries(
	    m, (uint8_t *)(uintptr_t)blk);
	uint32_t limit, count, at, full;

	if (de == NULL)
		return false;
	at = (uint32_t)((const uint8_t *)de - blk);
	ext2_dx_counts(de, &limit, &count);
	full = (m->m_bsize - at -
		   (m->m_csum ? (uint32_t)sizeof(struct ext2_dxtail_disk)
			      : 0)) /
	    (uint32_t)sizeof(*de);
	if (limit != full || count > limit)
		return false;
	*usedp = at + count * (uint32_t)sizeof(*de);
	*tailp = at + limit * (uint32_t)sizeof(*de);
	return true;
}

/* Node lbn of the way: its entries, of which *countp are sound. */
static int
node_get(struct ext2_node *np, uint32_t lbn, struct buf **bpp,
    struct ext2_dxentry_disk **dep, uint32_t *limitp, uint32_t *countp)
{
	struct ext2_mount *m = np->n_m;
	uint32_t used, tail;
	int error;

	error = ext2_dir_block(np, lbn, bpp);
	if (error != 0)
		return error;
	if (ext2_dx_extent(m, (*bpp)->b_data, &used, &tail)) {
		*dep = ext2_dx_entries(m, (*bpp)->b_data);
		ext2_dx_counts(*dep, limitp, countp);
		if (*countp > 0 &&
		    ((uint8_t *)*dep - (*bpp)->b_data == ROOT_ENTRIES) ==
			(lbn == 0))
			return 0;
	}
	brelse(*bpp);
	return ext2_dir_bad(np, lbn, 0, "no sound node of the index");
}

/* The block that entry i leads to. */
static int
child_of(struct ext2_node *np, uint32_t lbn, const struct ext2_dxentry_disk *de,
    uint32_t i, uint32_t *childp)
{
	uint32_t child = le32_get(de[i].dx_block) & BLOCK_MASK;

	if (child == 0 || child >= ext2_dir_nblks(np))
		return ext2_dir_bad(
		    np, lbn, 0, "the index leads out of the directory");
	*childp = child;
	return 0;
}

/* ---- the way to a leaf ---------------------------------------------------------- */

bool
ext2_dx_has(struct ext2_node *np)
{
	return (np->n_flags & EXT2_IF_INDEX) != 0 &&
	    (np->n_m->m_compat & EXT2_FC_DIR_INDEX) != 0 &&
	    ext2_dir_nblks(np) > 1;
}

int
ext2_dx_hash(struct ext2_mount *m, unsigned version, const char *name,
    size_t len, uint32_t *hashp)
{
	uint32_t seed[4];

	for (unsigned i = 0; i < 4; i++)
		seed[i] = le32_get(m->m_sb.s_hash_seed[i]);
	if (version > EXT2_HASH_TEA)
		return EOPNOTSUPP;
	if ((le32_get(m->m_sb.s_flags) & FLAG_UNSIGNED) != 0)
		version += EXT2_HASH_UNSIGNED;
	return ext2_hash_name(version, seed, name, len, hashp);
}

/* The root's header: how deep, which hash. */
static int
root_read(struct ext2_node *np, const uint8_t *blk, struct ext2_dxpath *dp)
{
	const struct ext2_dxroot_disk *root = (const void *)(blk +
	    ROOT_ENTRIES - sizeof(*root));
	bool large = (np->n_m->m_incompat & EXT2_FI_LARGEDIR) != 0;

	dp->dp_version = root->dx_hash_version;
	dp->dp_levels = root->dx_levels + 1u;
	if (dp->dp_levels > EXT2_DX_LEVELS - (large ? 0 : 1))
		return ext2_damage(np->n_m, np->n_ino,
		    "the directory's index has %u levels", dp->dp_levels);
	return 0;
}

/* The last entry of a node whose hash isn't behind the one looked for. */
static uint32_t
entry_for(const struct ext2_dxentry_disk *de, uint32_t count, uint32_t hash)
{
	uint32_t lo = 1, hi = count; /* the first one stands for 0 */

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (le32_get(de[mid].dx_hash) > hash)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo - 1;
}

int
ext2_dx_probe(
    struct ext2_node *np, const char *name, size_t len, struct ext2_dxpath *dp)
{
	struct ext2_dxentry_disk *de;
	uint32_t lbn = 0, limit, count;
	struct buf *bp;
	int error;

	dp->dp_levels = 1;
	for (unsigned i = 0; i < dp->dp_levels; i++) {
		error = node_get(np, lbn, &bp, &de, &limit, &count);
		if (error != 0)
			return error;
		if (i == 0) {
			error = root_read(np, bp->b_data, dp);
			if (error == 0)
				error = ext2_dx_hash(np->n_m, dp->dp_version,
				    name, len, &dp->dp_hash);
		}
		if (error == 0) {
			dp->dp_node[i].lbn = lbn;
			dp->dp_node[i].at = entry_for(de, count, dp->dp_hash);
			dp->dp_node[i].count = count;
			dp->dp_node[i].limit = limit;
			error = child_of(np, lbn, de, dp->dp_node[i].at, &lbn);
		}
		brelse(bp);
		if (error != 0)
			return error;
	}
	dp->dp_leaf = lbn;
	return 0;
}

int
ext2_dx_next(struct ext2_node *np, struct ext2_dxpath *dp)
{
	struct ext2_dxentry_disk *de;
	uint32_t limit, count, hash;
	unsigned i = dp->dp_levels;
	struct buf *bp;
	int error;

	/* The deepest node that has one more entry; from there down its first. */
	do {
		if (i == 0)
			return ENOENT;
		i--;
		dp->dp_node[i].at++;
	} while (dp->dp_node[i].at >= dp->dp_node[i].count);
	for (bool first = true; i < dp->dp_levels; i++, first = false) {
		error = node_get(
		    np, dp->dp_node[i].lbn, &bp, &de, &limit, &count);
		if (error != 0)
			return error;
		if (!first) {
			dp->dp_node[i].at = 0;
			dp->dp_node[i].count = count;
			dp->dp_node[i].limit = limit;
		}
		hash = first ? le32_get(de[dp->dp_node[i].at].dx_hash) : 0;
		if (dp->dp_node[i].at >= count)
			error = EUCLEAN;
		else if (first && hash != (dp->dp_hash | 1))
			error = ENOENT;
		else
			error = child_of(np, dp->dp_node[i].lbn, de,
			    dp->dp_node[i].at, &dp->dp_leaf);
		brelse(bp);
		if (error != 0)
			return error;
		if (i + 1 < dp->dp_levels)
			dp->dp_node[i + 1].lbn = dp->dp_leaf;
	}
	return 0;
}
