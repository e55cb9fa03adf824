/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing the nodes of an extent tree: entries of a leaf, splitting, growing,
 * dropping, shrinking.
 *
 * After each function here the tree is whole, also where it failed for want of
 * space: a node is split before what needs the room comes.  Keys of the index are the first
 * key of what they lead to; one that becomes smaller is changed from the root
 * down, one that becomes larger from the leaf up, so that a node never has blocks
 * in front of its key.
 *
 * The root's changes are in n_block: the caller stores the inode.
 */
#include "fs/ext2/ext2_extent.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define ENTRY_SIZE sizeof(struct ext4_extent_disk)

void
ext2_ext_init(struct ext2_node *np)
{
	struct ext4_extent_head_disk *h = (void *)np->n_block;

	memset(np->n_block, 0, sizeof(np->n_block));
	le16_put(&h->eh_magic, EXT4_EXT_MAGIC);
	le16_put(&h->eh_max, EXT2_EXT_ROOTMAX);
	np->n_flags |= EXT2_IF_EXTENTS;
}

static void
ext_encode(struct ext4_extent_disk *ee, const struct ext2_ext *x)
{
	le32_put(&ee->ee_block, (uint32_t)x->x_lbn);
	le16_put(&ee->ee_len,
	    (uint16_t)(x->x_cnt + (x->x_unwritten ? EXT4_EXT_INITMAX : 0)));
	le16_put(&ee->ee_start_hi, (uint16_t)(x->x_blk >> 32));
	le32_put(&ee->ee_start_lo, (uint32_t)x->x_blk);
}

static void
index_encode(struct ext4_extent_index_disk *ei, uint64_t key, uint64_t blk)
{
	le32_put(&ei->ei_block, (uint32_t)key);
	le32_put(&ei->ei_leaf_lo, (uint32_t)blk);
	le16_put(&ei->ei_leaf_hi, (uint16_t)(blk >> 32));
	le16_put(&ei->ei_unused, 0);
}

/* ---- keys ------------------------------------------------------------------- */

/* The key of the node at this level in its parent. */
static int
key_put(struct ext2_node *np, const struct ext2_epath *pa, unsigned level,
    uint64_t key)
{
	struct ext4_extent_head_disk *h;
	struct buf *bp;
	int error = ext2_enode_get(np, pa, level - 1, &bp, &h);

	if (error != 0)
		return error;
	le32_put(
	    &ext2_eindex_entry(h, pa->pa_level[level - 1].el_idx)->ei_block,
	    (uint32_t)key);
	ext2_enode_write(np, bp, h);
	return 0;
}

/* The highest node that begins where the one at this level does. */
static unsigned
key_top(const struct ext2_epath *pa, unsigned level)
{
	while (level > 0 && pa->pa_level[level - 1].el_idx == 0)
		level--;
	return level;
}

/* The first key of a node is going to be smaller. */
static int
keys_lower(
    struct ext2_node *np, struct ext2_epath *pa, unsigned level, uint64_t key)
{
	int error = 0;

	for (unsigned k = kmax(key_top(pa, level), 1); k <= level && error == 0;
	     k++) {
		error = key_put(np, pa, k, key);
		if (error == 0)
			pa->pa_level[k].el_lo = key;
	}
	return error;
}

/* ... has become larger. */
static int
keys_raise(struct ext2_node *np, const struct ext2_epath *pa, unsigned level,
    uint64_t key)
{
	int error = 0;

	for (unsigned k = level; k > 0 && error == 0; k--) {
		error = key_put(np, pa, k, key);
		if (pa->pa_level[k - 1].el_idx != 0)
			break;
	}
	return error;
}

/* ---- entries of a leaf ---------------------------------------------------------- */

int
ext2_eleaf_replace(struct ext2_node *np, struct ext2_epath *pa, uint32_t first,
    uint32_t nold, const struct ext2_ext *x, uint32_t nnew)
{
	unsigned leaf = pa->pa_depth;
	uint32_t n = pa->pa_level[leaf].el_n;
	struct ext4_extent_head_disk *h;
	struct buf *bp;
	uint64_t key;
	int error = 0;

	KASSERT(first + nold <= n && n - nold + nnew >= (leaf > 0));
	KASSERT(n - nold + nnew <= pa->pa_level[leaf].el_max);
	if (leaf > 0 && first == 0 && nnew > 0 &&
	    x[0].x_lbn < pa->pa_level[leaf].el_lo)
		error = keys_lower(np, pa, leaf, x[0].x_lbn);
	if (error == 0)
		error = ext2_enode_get(np, pa, leaf, &bp, &h);
	if (error != 0)
		return error;
	memmove(ext2_eleaf_entry(h, first + nnew),
	    ext2_eleaf_entry(h, first + nold), (n - first - nold) * ENTRY_SIZE);
	for (uint32_t i = 0; i < nnew; i++)
		ext_encode(ext2_eleaf_entry(h, first + i), &x[i]);
	n = n - nold + nnew;
	le16_put(&h->eh_entries, (uint16_t)n);
	pa->pa_level[leaf].el_n = n;
	key = n > 0 ? ext2_enode_key(h, 0) : 0;
	ext2_enode_write(np, bp, h);
	if (leaf > 0 && key > pa->pa_level[leaf].el_lo)
		error = keys_raise(np, pa, leaf, key);
	return error;
}

/* ---- room ------------------------------------------------------------------------- */

static void
node_free(struct ext2_node *np, uint64_t blk)
{
	struct ext2_mount *m = np->n_m;

	bforget(m->m_dev, ext2_blkoff(m, blk), m->m_bsize);
	ext2_bfree(m, blk, 1);
	ext2_add_blocks(np, -1);
}

/* A new node with these entries. */
static int
node_make(struct ext2_node *np, unsigned depth, const void *entries, uint32_t n,
    uint64_t *blkp)
{
	struct ext2_mount *m = np->n_m;
	struct ext4_extent_head_disk *h;
	struct buf *bp;
	uint64_t got;
	int error;

	error = ext2_balloc(
	    m, np, ext2_group_goal(m, np->n_ino), 1, 0, blkp, &got);
	if (error != 0)
		return error;
	error = getblk_zero(m->m_dev, ext2_blkoff(m, *blkp), m->m_bsize, &bp);
	if (error != 0) {
		ext2_bfree(m, *blkp, 1);
		return error;
	}
	ext2_add_blocks(np, 1);
	h = (void *)bp->b_data;
	le16_put(&h->eh_magic, EXT4_EXT_MAGIC);
	le16_put(&h->eh_entries, (uint16_t)n);
	le16_put(&h->eh_max, (uint16_t)ext2_enode_room(m));
	le16_put(&h->eh_depth, (uint16_t)depth);
	memcpy(h + 1, entries, n * ENTRY_SIZE);
	ext2_enode_write(np, bp, h);
	return 0;
}

/* One level more: the root's entries go into a node of their own. */
static int
tree_grow(struct ext2_node *np, const struct ext2_epath *pa)
{
	struct ext4_extent_head_disk *h = (void *)np->n_block;
	uint32_t n = pa->pa_level[0].el_n;
	uint64_t blk;
	int error;

	if (pa->pa_depth >= EXT4_EXT_MAXDEPTH)
		return EFBIG;
	error = node_make(np, pa->pa_depth, h + 1, n, &blk);
	if (error != 0)
		return error;
	index_encode(
	    ext2_eindex_entry(h, 0), n > 0 ? ext2_enode_key(h, 0) : 0, blk);
	le16_put(&h->eh_entries, 1);
	le16_put(&h->eh_depth, (uint16_t)(pa->pa_depth + 1));
	return 0;
}

/* A copy of the node at this level, a block long.  NULL: *errorp. */
static struct ext4_extent_head_disk *
node_copy(struct ext2_node *np, const struct ext2_epath *pa, unsigned level,
    int *errorp)
{
	size_t size = level == 0 ? sizeof(np->n_block) : np->n_m->m_bsize;
	struct ext4_extent_head_disk *h, *copy;
	struct buf *bp;

	*errorp = ext2_enode_get(np, pa, level, &bp, &h);
	if (*errorp != 0)
		return NULL;
	copy = kmem_alloc(np->n_m->m_bsize);
	if (copy != NULL)
		memcpy(copy, h, size);
	else
		*errorp = ENOMEM;
	if (bp != NULL)
		brelse(bp);
	return copy;
}

/* Keep the first n entries of a node. */
static int
node_cut(struct ext2_node *np, const struct ext2_epath *pa, unsigned level,
    uint32_t n)
{
	struct ext4_extent_head_disk *h;
	struct buf *bp;
	int error = ext2_enode_get(np, pa, level, &bp, &h);

	if (error != 0)
		return error;
	le16_put(&h->eh_entries, (uint16_t)n);
	ext2_enode_write(np, bp, h);
	return 0;
}

/* A new entry of the index at this level, behind the one taken. */
static int
index_insert(struct ext2_node *np, const struct ext2_epath *pa, unsigned level,
    uint64_t key, uint64_t blk)
{
	const struct ext2_elevel *el = &pa->pa_level[level];
	struct ext4_extent_head_disk *h;
	struct buf *bp;
	int error = ext2_enode_get(np, pa, level, &bp, &h);

	if (error != 0)
		return error;
	KASSERT(el->el_n < el->el_max);
	memmove(ext2_eindex_entry(h, el->el_idx + 2),
	    ext2_eindex_entry(h, el->el_idx + 1),
	    (el->el_n - el->el_idx - 1) * ENTRY_SIZE);
	index_encode(ext2_eindex_entry(h, el->el_idx + 1), key, blk);
	le16_put(&h->eh_entries, (uint16_t)(el->el_n + 1));
	ext2_enode_write(np, bp, h);
	return 0;
}

/*
 * Half of a node's entries go to a new one behind it; where the way leads to the
 * last entry only that goes, so that a file that grows leaves full nodes behind.
 * The parent has room.
 */
static int
node_split(struct ext2_node *np, const struct ext2_epath *pa, unsigned level)
{
	const struct ext2_elevel *el = &pa->pa_level[level];
	uint32_t at = el->el_idx + 1 == el->el_n ? el->el_n - 1 : el->el_n / 2;
	struct ext4_extent_head_disk *copy;
	uint64_t blk;
	int error;

	if (at == 0)
		return ext2_damage(np->n_m, np->n_ino,
		    "extent node %llu has room for one entry only",
		    (unsigned long long)el->el_blk);
	copy = node_copy(np, pa, level, &error);
	if (copy == NULL)
		return error;
	error = node_make(np, pa->pa_depth - level, ext2_eleaf_entry(copy, at),
	    el->el_n - at, &blk);
	if (error == 0) {
		error = node_cut(np, pa, level, at);
		if (error == 0)
			error = index_insert(
			    np, pa, level - 1, ext2_enode_key(copy, at), blk);
		if (error != 0)
			node_free(np, blk);
	}
	kmem_free(copy, np->n_m->m_bsize);
	return error;
}

int
ext2_epath_room(struct ext2_node *np, const struct ext2_epath *pa)
{
	unsigned k = pa->pa_depth;

	/* The lowest index with room; all below it are full. */
	while (k > 0 && pa->pa_level[k - 1].el_n >= pa->pa_level[k - 1].el_max)
		k--;
	return k == 0 ? tree_grow(np, pa) : node_split(np, pa, k);
}

/* ---- less ----------------------------------------------------------------------- */

int
ext2_eleaf_drop(struct ext2_node *np, struct ext2_epath *pa)
{
	unsigned top = pa->pa_depth;
	struct ext4_extent_head_disk *h;
	const struct ext2_elevel *el;
	struct buf *bp;
	uint64_t key = 0;
	int error;

	KASSERT(top > 0);
	/* Indices that have nothing else go too. */
	while (top > 1 && pa->pa_level[top - 1].el_n == 1)
		top--;
	el = &pa->pa_level[top - 1];
	error = ext2_enode_get(np, pa, top - 1, &bp, &h);
	if (error != 0)
		return error;
	memmove(ext2_eindex_entry(h, el->el_idx),
	    ext2_eindex_entry(h, el->el_idx + 1),
	    (el->el_n - el->el_idx - 1) * ENTRY_SIZE);
	le16_put(&h->eh_entries, (uint16_t)(el->el_n - 1));
	if (el->el_n > 1)
		key = ext2_enode_key(h, 0);
	else /* the root is empty */
		le16_put(&h->eh_depth, 0);
	ext2_enode_write(np, bp, h);
	for (unsigned k = top; k <= pa->pa_depth; k++)
		node_free(np, pa->pa_level[k].el_blk);
	if (el->el_n > 1 && el->el_idx == 0 && top > 1)
		error = keys_raise(np, pa, top - 1, key);
	return error;
}

int
ext2_ext_shrink(struct ext2_node *np)
{
	struct ext4_extent_head_disk *root = (void *)np->n_block, *h;
	struct ext2_epath pa;
	struct buf *bp;
	uint32_t n;
	int error;

	while (
	    le16_get(root->eh_depth) > 0 && le16_get(root->eh_entries) == 1) {
		error = ext2_epath_find(np, 0, &pa);
		if (error == 0)
			error = ext2_enode_get(np, &pa, 1, &bp, &h);
		if (error != 0)
			return error;
		n = le16_get(h->eh_entries);
		if (n > le16_get(root->eh_max)) {
			brelse(bp);
			return 0;
		}
		memcpy(root + 1, h + 1, n * ENTRY_SIZE);
		le16_put(&root->eh_entries, (uint16_t)n);
		le16_put(&root->eh_depth, le16_get(h->eh_depth));
		brelse(bp);
		node_free(np, pa.pa_level[1].el_blk);
	}
	return 0;
}

/* ---- another owner -------------------------------------------------------------- */

/* The node at this level, and all below it; pa is the way to it. */
static int
resum_below(struct ext2_node *np, struct ext2_node *as, struct ext2_epath *pa,
    unsigned level)
{
	struct ext2_elevel *el = &pa->pa_level[level];
	struct ext4_extent_head_disk *h, *copy;
	struct buf *bp;
	int error;

	copy = node_copy(np, pa, level, &error);
	if (copy == NULL)
		return error;
	el->el_n = le16_get(copy->eh_entries);
	for (uint32_t i = 0; level < pa->pa_depth && error == 0 && i < el->el_n;
	     i++) {
		el->el_idx = i;
		el[1].el_blk = ext2_eindex_child(copy, i);
		el[1].el_lo = ext2_enode_key(copy, i);
		el[1].el_hi = i + 1 < el->el_n ? ext2_enode_key(copy, i + 1)
					       : el->el_hi;
		if (el[1].el_blk == 0)
			error = ext2_damage(np->n_m, np->n_ino,
			    "extent node 0 is out of range");
		else
			error = resum_below(np, as, pa, level + 1);
	}
	kmem_free(copy, np->n_m->m_bsize);
	if (error == 0 && level > 0)
		error = ext2_enode_get(np, pa, level, &bp, &h);
	if (error == 0 && level > 0)
		ext2_enode_write(as, bp, h);
	return error;
}

int
ext2_ext_resum(struct ext2_node *np, struct ext2_node *as)
{
	struct ext2_epath pa;
	int error;

	if ((np->n_flags & EXT2_IF_EXTENTS) == 0)
		return 0;
	/* Sets depth and the root's level. */
	error = ext2_epath_find(np, 0, &pa);
	if (error == 0 && pa.pa_depth > 0)
		error = resum_below(np, as, &pa, 0);
	return error;
}
