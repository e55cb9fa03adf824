/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extent trees: the way from a file's block to the run that holds it.
 *
 * The root lies in i_block and has four entries; each other node is a block.  A
 * node of depth 0 has extents, others have the first file block and the place of
 * each child.
 *
 * What is checked at every visit: magic number, depth (one less than the parent's,
 * so that no image can make the walk loop), counts, and that the node stays inside
 * of what its parent gives it (so that no two parents can share a node with
 * entries).  Order, overlaps and the checksum are looked at once for each time that the
 * block is read (b_checked).  Where an extent lies is checked when it is used.
 *
 * Tolerated: leaves without entries, and keys of the index that are smaller than
 * the first of what they lead to.
 */
#include "fs/ext2/ext2_extent.h"
#include "kern/klog.h"
#include "kern/kstring.h"

struct ext2_ext
ext2_ext_decode(const struct ext4_extent_disk *ee)
{
	uint32_t len = le16_get(ee->ee_len);
	struct ext2_ext x = {
	    .x_lbn = le32_get(ee->ee_block),
	    .x_blk = le32_get(ee->ee_start_lo) |
		(uint64_t)le16_get(ee->ee_start_hi) << 32,
	    .x_cnt = len,
	};

	if (len > EXT4_EXT_INITMAX) {
		x.x_cnt = len - EXT4_EXT_INITMAX;
		x.x_unwritten = true;
	}
	return x;
}

/* ---- checks --------------------------------------------------------------- */

/* What is wrong with a node's header; NULL. */
static const char *
head_wrong(const struct ext4_extent_head_disk *h, uint32_t room, unsigned depth)
{
	uint32_t n = le16_get(h->eh_entries), max = le16_get(h->eh_max);

	if (le16_get(h->eh_magic) != EXT4_EXT_MAGIC)
		return "has a wrong magic number";
	if (le16_get(h->eh_depth) != depth)
		return "has a wrong depth";
	if (max == 0 || max > room)
		return "has room for an impossible number of entries";
	if (n > max)
		return "has more entries than room";
	if (n == 0 && depth > 0)
		return "is an index without entries";
	return NULL;
}

/* The end of entry i: of an index, just behind its key. */
static uint64_t
entry_end(struct ext4_extent_head_disk *h, uint32_t i)
{
	struct ext2_ext x;

	if (le16_get(h->eh_depth) != 0)
		return ext2_enode_key(h, i) + 1;
	x = ext2_ext_decode(ext2_eleaf_entry(h, i));
	return ext2_ext_end(&x);
}

/* ... with its entries; full: with each of them, not only first and last. */
static const char *
entries_wrong(
    struct ext4_extent_head_disk *h, uint64_t lo, uint64_t hi, bool full)
{
	uint32_t n = le16_get(h->eh_entries);

	if (n == 0)
		return NULL;
	if (ext2_enode_key(h, 0) < lo || entry_end(h, n - 1) > hi)
		return "has blocks outside of its range";
	for (uint32_t i = 0; full && i < n; i++) {
		if (entry_end(h, i) == ext2_enode_key(h, i))
			return "has an extent without length";
		if (i > 0 && ext2_enode_key(h, i) < ext2_enode_key(h, i - 1))
			return "is unsorted";
		if (i > 0 && ext2_enode_key(h, i) < entry_end(h, i - 1))
			return "has extents that overlap";
	}
	return NULL;
}

/* Where a block's checksum stands, and what it is to be. */
static uint32_t
node_sum(
    const struct ext2_node *np, struct ext4_extent_head_disk *h, le32_t **tailp)
{
	uint32_t bytes = (uint32_t)(sizeof(*h) +
	    le16_get(h->eh_max) * sizeof(struct ext4_extent_disk));
	uint32_t iseed = ext2_csum_inode_seed(
	    np->n_m->m_seed, np->n_ino, (uint32_t)np->n_st.st_gen);

	*tailp = (le32_t *)(void *)((uint8_t *)h + bytes);
	return ext2_csum_extent(iseed, h, bytes);
}

static int
sum_check(struct ext2_node *np, uint64_t blk, struct ext4_extent_head_disk *h)
{
	uint32_t should;
	le32_t *tail;

	if (!np->n_m->m_csumverify)
		return 0;
	should = node_sum(np, h, &tail);
	if (le32_get(*tail) == should)
		return 0;
	return ext2_csum_bad(np->n_m, np->n_ino, le32_get(*tail), should,
	    "extent node %llu", (unsigned long long)blk);
}

void
ext2_enode_write(
    struct ext2_node *np, struct buf *bp, struct ext4_extent_head_disk *h)
{
	uint32_t sum;
	le32_t *tail;

	if (bp == NULL)
		return;
	if (np->n_m->m_csum) {
		sum = node_sum(np, h, &tail);
		le32_put(tail, sum);
	}
	bp->b_checked = ext2_checked(EXT2_CK_EXTENT, np->n_ino);
	bdwrite(bp);
}

int
ext2_enode_get(struct ext2_node *np, const struct ext2_epath *pa,
    unsigned level, struct buf **bpp, struct ext4_extent_head_disk **hp)
{
	const struct ext2_elevel *el = &pa->pa_level[level];
	struct ext2_mount *m = np->n_m;
	struct ext4_extent_head_disk *h;
	uint64_t as = ext2_checked(EXT2_CK_EXTENT, np->n_ino);
	unsigned depth = pa->pa_depth - level;
	struct buf *bp = NULL;
	uint32_t room;
	const char *why;
	int error = 0;

	if (el->el_blk == 0) {
		h = (void *)np->n_block;
		room = (sizeof(np->n_block) - sizeof(*h)) /
		    sizeof(struct ext4_extent_disk);
	} else {
		if (!ext2_blocks_sane(m, el->el_blk, 1))
			return ext2_damage(m, np->n_ino,
			    "extent node %llu is out of range",
			    (unsigned long long)el->el_blk);
		error = bread(
		    m->m_dev, ext2_blkoff(m, el->el_blk), m->m_bsize, &bp);
		if (error != 0)
			return error;
		h = (void *)bp->b_data;
		room = ext2_enode_room(m);
	}
	why = head_wrong(h, room, depth);
	if (why == NULL && bp != NULL && bp->b_checked != as)
		error = sum_check(np, el->el_blk, h);
	if (why == NULL && error == 0)
		why = entries_wrong(
		    h, el->el_lo, el->el_hi, bp == NULL || bp->b_checked != as);
	if (why != NULL)
		error = ext2_damage(m, np->n_ino, "extent node %llu %s",
		    (unsigned long long)el->el_blk, why);
	if (bp != NULL && error != 0) {
		brelse(bp);
	} else if (bp != NULL) {
		bp->b_checked = as;
	}
	*bpp = bp;
	*hp = h;
	return error;
}

/* ---- finding ----------------------------------------------------------------- */

/* How many entries start at lbn or before. */
static uint32_t
keys_upto(const struct ext4_extent_head_disk *h, uint64_t lbn)
{
	uint32_t lo = 0, hi = le16_get(h->eh_entries);

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (ext2_enode_key(h, mid) <= lbn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The child of an index node that has lbn becomes the next level. */
static void
take_index(struct ext2_epath *pa, unsigned level,
    const struct ext4_extent_head_disk *h, uint64_t lbn)
{
	struct ext2_elevel *el = &pa->pa_level[level], *below = el + 1;
	uint32_t n = keys_upto(h, lbn);

	el->el_idx = n > 0 ? n - 1 : 0;
	below->el_blk = ext2_eindex_child(h, el->el_idx);
	below->el_lo = ext2_enode_key(h, el->el_idx);
	below->el_hi = el->el_idx + 1 < el->el_n
	    ? ext2_enode_key(h, el->el_idx + 1)
	    : el->el_hi;
}

static void
take_leaf(struct ext2_epath *pa, struct ext4_extent_head_disk *h, uint64_t lbn)
{
	struct ext2_elevel *el = &pa->pa_level[pa->pa_depth];
	uint32_t n = keys_upto(h, lbn);

	pa->pa_found = n > 0;
	el->el_idx = n > 0 ? n - 1 : 0;
	if (pa->pa_found)
		pa->pa_cur = ext2_ext_decode(ext2_eleaf_entry(h, n - 1));
	pa->pa_next = n < el->el_n ? ext2_enode_key(h, n) : el->el_hi;
}

int
ext2_epath_find(struct ext2_node *np, uint64_t lbn, struct ext2_epath *pa)
{
	const struct ext4_extent_head_disk *root = (const void *)np->n_block;
	struct ext4_extent_head_disk *h;
	struct buf *bp;
	int error;

	memset(pa, 0, sizeof(*pa));
	pa->pa_depth = le16_get(root->eh_depth);
	if (pa->pa_depth > EXT4_EXT_MAXDEPTH)
		return ext2_damage(np->n_m, np->n_ino,
		    "extent depth %u exceeds %u", pa->pa_depth,
		    EXT4_EXT_MAXDEPTH);
	pa->pa_level[0].el_hi = EXT2_EXT_LBNEND;
	for (unsigned k = 0; k <= pa->pa_depth; k++) {
		struct ext2_elevel *el = &pa->pa_level[k];

		error = ext2_enode_get(np, pa, k, &bp, &h);
		if (error != 0)
			return error;
		el->el_n = le16_get(h->eh_entries);
		el->el_max = le16_get(h->eh_max);
		if (k < pa->pa_depth)
			take_index(pa, k, h, lbn);
		else
			take_leaf(pa, h, lbn);
		if (bp != NULL)
			brelse(bp);
		if (k < pa->pa_depth && pa->pa_level[k + 1].el_blk == 0)
			return ext2_damage(np->n_m, np->n_ino,
			    "extent node 0 is out of range");
	}
	return 0;
}

/* ---- mapping ------------------------------------------------------------------ */

/* What one extent, or the hole between two, says about lbn. */
static int
map_one(struct ext2_node *np, uint64_t lbn, uint64_t max, uint64_t *blkp,
    uint64_t *cntp, bool *unwrittenp)
{
	const struct ext2_ext *x;
	struct ext2_epath pa;
	int error;

	*blkp = 0;
	*cntp = max;
	*unwrittenp = false;
	if (lbn >= EXT2_EXT_LBNEND)
		return 0;
	error = ext2_epath_find(np, lbn, &pa);
	if (error != 0)
		return error;
	x = &pa.pa_cur;
	if (!pa.pa_found || ext2_ext_end(x) <= lbn) {
		if (pa.pa_next < EXT2_EXT_LBNEND)
			*cntp = kmin(max, pa.pa_next - lbn);
		return 0;
	}
	if (!ext2_blocks_sane(np->n_m, x->x_blk, x->x_cnt))
		return ext2_damage(np->n_m, np->n_ino,
		    "block %llu (of the file: %llu) is out of range",
		    (unsigned long long)x->x_blk, (unsigned long long)x->x_lbn);
	*blkp = x->x_blk + (lbn - x->x_lbn);
	*cntp = kmin(max, ext2_ext_end(x) - lbn);
	*unwrittenp = x->x_unwritten;
	return 0;
}

int
ext2_ext_map(struct ext2_node *np, uint64_t lbn, uint64_t max, uint64_t *blkp,
    uint64_t *cntp, bool *unwrittenp)
{
	uint64_t total, blk, cnt;
	bool unwritten;
	int error;

	error = map_one(np, lbn, max, blkp, &total, unwrittenp);
	if (error != 0)
		return error;
	while (total < max) {
		if (map_one(np, lbn + total, max - total, &blk, &cnt,
			&unwritten) != 0)
			break; /* tell what is good so far */
		if (unwritten != *unwrittenp ||
		    blk != (*blkp == 0 ? 0 : *blkp + total))
			break;
		total += cnt;
	}
	*cntp = total;
	return 0;
}
