/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing a directory's index: making one, entering a name, splitting what is
 * full.
 *
 * A leaf that is full gives the names with the larger hashes, about half of its
 * bytes, to a new last block.  Names that stay don't move, unless room in one piece
 * is needed: then they move towards the block's end.  So whoever lists the
 * directory meanwhile may meet a name twice, but misses none.
 *
 * A node that is full gives its upper half to a new one; a full root hands all of
 * its entries down, and the index is one level deeper.  Each such step leaves a
 * sound index; the way is then looked for again.
 *
 * Removing a name leaves the index alone.
 */
#include "fs/ext2/ext2_htree.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/ksort.h"
#include "kern/kstring.h"

#define SMALLEST_RECORD EXT2_DIRENT_SIZE(1)

/* ---- nodes -------------------------------------------------------------------- */

/* Put (hash, child) behind the way's entry of level i; there is room. */
static int
node_insert(struct ext2_node *np, const struct ext2_dxpath *dp, unsigned i,
    uint32_t hash, uint32_t child)
{
	struct ext2_dxentry_disk *de;
	uint32_t limit, count, at = dp->dp_node[i].at + 1;
	struct buf *bp;
	int error;

	error = ext2_dir_block(np, dp->dp_node[i].lbn, &bp);
	if (error != 0)
		return error;
	de = ext2_dx_entries(np->n_m, bp->b_data);
	KASSERT(de != NULL);
	ext2_dx_counts(de, &limit, &count);
	KASSERT(count < limit && at <= count);
	memmove(&de[at + 1], &de[at], (count - at) * sizeof(*de));
	le32_put(&de[at].dx_hash, hash);
	le32_put(&de[at].dx_block, child);
	ext2_dx_setcount(de, count + 1);
	ext2_dir_write(np, bp);
	return 0;
}

/* Make a block a node of the index with room for so many entries, none yet. */
static struct ext2_dxentry_disk *
node_format(const struct ext2_mount *m, uint8_t *blk)
{
	struct dirpack_ent free = {.de_reclen = m->m_bsize};
	struct ext2_dxcount_disk *dc;
	uint32_t room = m->m_bsize - EXT2_DIRENT_HEAD;

	memset(blk, 0, m->m_bsize);
	ext2_rec_put(m, blk, &free);
	if (m->m_csum)
		room -= (uint32_t)sizeof(struct ext2_dxtail_disk);
	dc = (void *)(blk + EXT2_DIRENT_HEAD);
	le16_put(
	    &dc->dc_limit, (uint16_t)(room / sizeof(struct ext2_dxentry_disk)));
	return (void *)dc;
}

/* A new node that has n entries, copied from in a busy buffer. */
static int
node_new(struct ext2_node *np, const struct ext2_dxentry_disk *from, uint32_t n,
    uint32_t *lbnp)
{
	struct ext2_dxentry_disk *de;
	struct buf *bp;
	int error;

	*lbnp = ext2_dir_nblks(np);
	error = ext2_dir_grow(np, *lbnp, &bp);
	if (error != 0)
		return error;
	de = node_format(np->n_m, bp->b_data);
	/* The first one's hash is the counts. */
	de[0].dx_block = from[0].dx_block;
	memcpy(&de[1], &from[1], (n - 1) * sizeof(*de));
	ext2_dx_setcount(de, n);
	ext2_dir_write(np, bp);
	return 0;
}

/* The root hands its entries down to a new node. */
static int
root_deepen(struct ext2_node *np, uint32_t count)
{
	struct ext2_dxentry_disk *de;
	struct ext2_dxroot_disk *root;
	struct buf *bp;
	uint32_t lbn;
	int error;

	error = ext2_dir_block(np, 0, &bp);
	if (error != 0)
		return error;
	de = ext2_dx_entries(np->n_m, bp->b_data);
	KASSERT(de != NULL);
	error = node_new(np, de, count, &lbn);
	if (error != 0) {
		brelse(bp);
		return error;
	}
	root = (void *)((uint8_t *)de - sizeof(*root));
	root->dx_levels++;
	le32_put(&de[0].dx_block, lbn);
	ext2_dx_setcount(de, 1);
	ext2_dir_write(np, bp);
	return 0;
}

/* Node i of the way gives its upper half to a new one; the one above has room. */
static int
node_split(struct ext2_node *np, const struct ext2_dxpath *dp, unsigned i)
{
	struct ext2_dxentry_disk *de;
	uint32_t limit, count, keep, hash, lbn;
	struct buf *bp;
	int error;

	error = ext2_dir_block(np, dp->dp_node[i].lbn, &bp);
	if (error != 0)
		return error;
	de = ext2_dx_entries(np->n_m, bp->b_data);
	KASSERT(de != NULL);
	ext2_dx_counts(de, &limit, &count);
	keep = count / 2;
	hash = le32_get(de[keep].dx_hash);
	error = node_new(np, &de[keep], count - keep, &lbn);
	if (error != 0) {
		brelse(bp);
		return error;
	}
	ext2_dx_setcount(de, keep);
	ext2_dir_write(np, bp);
	return node_insert(np, dp, i - 1, hash, lbn);
}

/* Room for one more entry in the way's last node: EAGAIN after a change. */
static int
path_room(struct ext2_node *np, const struct ext2_dxpath *dp)
{
	bool large = (np->n_m->m_incompat & EXT2_FI_LARGEDIR) != 0;
	unsigned i = dp->dp_levels;
	int error;

	/* The deepest level that has room; what is below it is split. */
	while (i > 0 && dp->dp_node[i - 1].count >= dp->dp_node[i - 1].limit)
		i--;
	if (i == dp->dp_levels)
		return 0;
	if (i > 0)
		error = node_split(np, dp, i);
	else if (dp->dp_levels < EXT2_DX_LEVELS - (large ? 0 : 1))
		error = root_deepen(np, dp->dp_node[0].count);
	else
		error = ENOSPC; /* the index can't grow */
	return error != 0 ? error : EAGAIN;
}

/* ---- leaves -------------------------------------------------------------------- */

/* A record of a leaf that is split. */
struct leafent {
	const char *le_name;
	uint32_t le_hash, le_off, le_size;
	uint16_t le_namlen;
	uint8_t le_dtype;
	bool le_moves;
	uint32_t le_ino;
};

struct leafmap {
	struct leafent *lm_ent;
	void **lm_sorted;
	uint32_t lm_n, lm_room;
};

static bool
hash_before(const void *a, const void *b)
{
	const struct leafent *x = a, *y = b;

	if (x->le_hash != y->le_hash)
		return x->le_hash < y->le_hash;
	return x->le_off < y->le_off;
}

static void
leafmap_free(struct leafmap *lm)
{
	kmem_free(lm->lm_ent, lm->lm_room * sizeof(*lm->lm_ent));
	kmem_free(lm->lm_sorted, lm->lm_room * sizeof(void *));
}

/* All names of a leaf, in the block's order and sorted by hash. */
static int
leafmap_make(struct ext2_node *np, const struct ext2_dxpath *dp,
    const uint8_t *blk, struct leafmap *lm)
{
	struct ext2_mount *m = np->n_m;
	uint32_t room = ext2_dir_room(m, blk), off;
	struct dirpack_ent de;
	const char *why;
	int error = 0;

	lm->lm_n = 0;
	lm->lm_room = room / SMALLEST_RECORD;
	lm->lm_ent = kmem_alloc(lm->lm_room * sizeof(*lm->lm_ent));
	lm->lm_sorted = kmem_alloc(lm->lm_room * sizeof(void *));
	if (lm->lm_ent == NULL || lm->lm_sorted == NULL)
		error = ENOMEM;
	for (off = 0; off < room && error == 0; off += de.de_reclen) {
		struct leafent *le = &lm->lm_ent[lm->lm_n];

		error = ext2_rec_get(m, blk + off, room - off, &de, &why);
		if (error != 0) {
			error = ext2_dir_bad(np, dp->dp_leaf, off, why);
			break;
		}
		if (de.de_ino == 0)
			continue;
		KASSERT(lm->lm_n < lm->lm_room);
		*le = (struct leafent){
		    .le_name = de.de_name,
		    .le_off = off,
		    .le_size = EXT2_DIRENT_SIZE(de.de_namlen),
		    .le_namlen = (uint16_t)de.de_namlen,
		    .le_dtype = de.de_dtype,
		    .le_ino = (uint32_t)de.de_ino,
		};
		error = ext2_dx_hash(
		    m, dp->dp_version, de.de_name, de.de_namlen, &le->le_hash);
		lm->lm_sorted[lm->lm_n++] = le;
	}
	if (error != 0)
		leafmap_free(lm);
	else
		ksort_ptrs(lm->lm_sorted, lm->lm_n, hash_before);
	return error;
}

/* The first of the sorted ones that moves, so that about half of the bytes do. */
static uint32_t
leafmap_cut(const struct leafmap *lm)
{
	uint32_t total = 0, moved = 0, i;

	for (i = 0; i < lm->lm_n; i++)
		total += lm->lm_ent[i].le_size;
	for (i = lm->lm_n; i > 1; i--) {
		const struct leafent *le = lm->lm_sorted[i - 1];

		if (moved + le->le_size / 2 > total / 2)
			break;
		moved += le->le_size;
	}
	return (uint32_t)kmin(i, lm->lm_n - 1);
}

/* Take the records that moved out of their block; the others stay in place. */
static void
leaf_thin(const struct ext2_mount *m, uint8_t *blk, const struct leafmap *lm)
{
	uint32_t room = ext2_dir_room(m, blk), end;
	struct dirpack_ent de;
	const char *why;

	end = room;
	for (uint32_t i = lm->lm_n; i-- > 0;) {
		const struct leafent *le = &lm->lm_ent[i];

		if (le->le_moves)
			continue;
		(void)ext2_rec_get(
		    m, blk + le->le_off, room - le->le_off, &de, &why);
		de.de_reclen = end - le->le_off;
		ext2_rec_put(m, blk + le->le_off, &de);
		end = le->le_off;
	}
	if (end > 0) { /* what is in front of the first that stays */
		de = (struct dirpack_ent){.de_reclen = end};
		ext2_rec_put(m, blk, &de);
	}
}

/* The records of a leaf, close together at its end; scratch: as large. */
static void
leaf_pack(const struct ext2_mount *m, uint8_t *blk, uint8_t *scratch)
{
	uint32_t room = ext2_dir_room(m, blk), off, size, to, last = 0, sum = 0;
	struct dirpack_ent de, free = {0};
	const char *why;

	memcpy(scratch, blk, m->m_bsize);
	for (off = 0; off < room; off += de.de_reclen) {
		(void)ext2_rec_get(m, scratch + off, room - off, &de, &why);
		if (de.de_ino != 0)
			sum += EXT2_DIRENT_SIZE(de.de_namlen);
	}
	to = room - sum;
	free.de_reclen = to;
	ext2_rec_put(m, blk, &free);
	for (off = 0; off < room; off += size) {
		(void)ext2_rec_get(m, scratch + off, room - off, &de, &why);
		size = de.de_reclen;
		if (de.de_ino == 0)
			continue;
		last = EXT2_DIRENT_SIZE(de.de_namlen);
		de.de_reclen = last;
		ext2_rec_put(m, blk + to, &de);
		to += last;
	}
}

/* Enter those that move into the new leaf. */
static int
leaf_fill(const struct ext2_mount *m, uint8_t *blk, const struct leafmap *lm,
    uint32_t cut)
{
	uint32_t room = ext2_dir_room(m, blk), off = 0;
	int error = 0;

	for (uint32_t i = cut; i < lm->lm_n && error == 0; i++) {
		struct leafent *le = lm->lm_sorted[i];
		struct dirpack_ent de = {
		    .de_ino = le->le_ino,
		    .de_name = le->le_name,
		    .de_namlen = le->le_namlen,
		    .de_dtype = le->le_dtype,
		    .de_reclen = i + 1 < lm->lm_n ? le->le_size : room - off,
		};

		le->le_moves = true;
		if (le->le_size > room - off)
			return ENOSPC; /* can't be: they were in one block */
		ext2_rec_put(m, blk + off, &de);
		off += le->le_size;
	}
	return error;
}

/* Split the way's leaf; its last node has room. */
static int
leaf_split(struct ext2_node *np, const struct ext2_dxpath *dp)
{
	struct ext2_mount *m = np->n_m;
	uint32_t lbn = ext2_dir_nblks(np), cut = 1, hash;
	const struct leafent *first, *before;
	struct buf *bp, *nbp;
	struct leafmap lm;
	int error;

	error = ext2_dir_block(np, dp->dp_leaf, &bp);
	if (error != 0)
		return error;
	error = leafmap_make(np, dp, bp->b_data, &lm);
	if (error != 0) {
		brelse(bp);
		return error;
	}
	if (lm.lm_n < 2) {
		error = ext2_dir_bad(np, dp->dp_leaf, 0, "one name fills it");
	} else {
		cut = leafmap_cut(&lm);
		error = ext2_dir_grow(np, lbn, &nbp);
	}
	if (error != 0) {
		leafmap_free(&lm);
		brelse(bp);
		return error;
	}
	first = lm.lm_sorted[cut];
	before = lm.lm_sorted[cut - 1];
	hash = first->le_hash | (first->le_hash == before->le_hash);
	error = leaf_fill(m, nbp->b_data, &lm, cut);
	KASSERT(error == 0);
	leaf_thin(m, bp->b_data, &lm);
	leafmap_free(&lm);
	ext2_dir_write(np, nbp);
	ext2_dir_write(np, bp);
	return node_insert(np, dp, dp->dp_levels - 1, hash, lbn);
}

/* Enter into one leaf, its records moved together if that is what it takes. */
static int
leaf_enter(struct ext2_node *np, uint32_t lbn, const struct dirpack_ent *de)
{
	struct ext2_mount *m = np->n_m;
	uint32_t off = 0, room, need = EXT2_DIRENT_SIZE(de->de_namlen),
		 used = 0;
	struct dirpack_ent old;
	uint8_t *scratch;
	const char *why;
	struct buf *bp;
	int error;

	error = ext2_dir_block(np, lbn, &bp);
	if (error != 0)
		return error;
	room = ext2_dir_room(m, bp->b_data);
	error = dirpack_enter(&ext2_dirfmt, m, bp->b_data, room, de, &off);
	if (error == ENOSPC) {
		for (off = 0; off < room; off += old.de_reclen) {
			(void)ext2_rec_get(
			    m, bp->b_data + off, room - off, &old, &why);
			if (old.de_ino != 0)
				used += EXT2_DIRENT_SIZE(old.de_namlen);
		}
		scratch = used + need <= room ? kmem_alloc(m->m_bsize) : NULL;
		if (scratch != NULL) {
			leaf_pack(m, bp->b_data, scratch);
			kmem_free(scratch, m->m_bsize);
			error = dirpack_enter(
			    &ext2_dirfmt, m, bp->b_data, room, de, &off);
		}
	}
	if (error == EUCLEAN)
		error = ext2_dir_bad(np, lbn, off, "damaged block");
	if (error != 0)
		brelse(bp);
	else
		ext2_dir_write(np, bp);
	return error;
}

/* ---- the operations --------------------------------------------------------------- */

int
ext2_dx_enter(struct vnode *vp, const struct dirpack_ent *de)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_dxpath dp;
	int error;

	for (;;) {
		error = ext2_dx_probe(np, de->de_name, de->de_namlen, &dp);
		if (error == 0)
			error = leaf_enter(np, dp.dp_leaf, de);
		if (error != ENOSPC)
			break;
		/* Each turn makes room at one level. */
		error = path_room(np, &dp);
		if (error == 0)
			error = leaf_split(np, &dp);
		if (error != 0 && error != EAGAIN)
			break;
	}
	return error;
}

/* Is it "." and ".." that the block begins with?  off: behind them. */
static bool
dots_first(const struct ext2_mount *m, const uint8_t *blk, uint32_t *offp)
{
	uint32_t room = ext2_dir_room(m, blk);
	struct dirpack_ent dot, dotdot;
	const char *why;

	if (ext2_rec_get(m, blk, room, &dot, &why) != 0 ||
	    dot.de_reclen != EXT2_DIRENT_SIZE(1) || dot.de_namlen != 1 ||
	    dot.de_name[0] != '.' ||
	    ext2_rec_get(m, blk + dot.de_reclen, room - dot.de_reclen, &dotdot,
		&why) != 0 ||
	    dotdot.de_namlen != 2 || memcmp(dotdot.de_name, "..", 2) != 0)
		return false;
	*offp = dot.de_reclen + dotdot.de_reclen;
	return true;
}

/* Block 0, whose names have been copied, becomes a root that leads to block 1. */
static void
root_format(const struct ext2_mount *m, uint8_t *blk)
{
	uint32_t at = EXT2_DIRENT_SIZE(1) + EXT2_DIRENT_SIZE(2), room;
	struct ext2_dxroot_disk *root = (void *)(blk + at);
	struct ext2_dxentry_disk *de = (void *)(root + 1);
	struct dirpack_ent dotdot;
	const char *why;

	(void)ext2_rec_get(m, blk + EXT2_DIRENT_SIZE(1),
	    m->m_bsize - EXT2_DIRENT_SIZE(1), &dotdot, &why);
	dotdot.de_reclen = m->m_bsize - EXT2_DIRENT_SIZE(1);
	ext2_rec_put(m, blk + EXT2_DIRENT_SIZE(1), &dotdot);
	memset(root, 0, m->m_bsize - at);
	root->dx_hash_version = m->m_sb.s_def_hash_version;
	root->dx_info_length = sizeof(*root);
	room = m->m_bsize - at - (uint32_t)sizeof(*root);
	if (m->m_csum)
		room -= (uint32_t)sizeof(struct ext2_dxtail_disk);
	le16_put(&((struct ext2_dxcount_disk *)(void *)de)->dc_limit,
	    (uint16_t)(room / sizeof(*de)));
	ext2_dx_setcount(de, 1);
	le32_put(&de[0].dx_block, 1);
}

int
ext2_dx_make(struct vnode *vp)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	uint32_t off, room, to = 0;
	struct dirpack_ent de;
	struct buf *bp, *nbp;
	const char *why;
	int error;

	error = ext2_dir_block(np, 0, &bp);
	if (error != 0)
		return error;
	if (!dots_first(m, bp->b_data, &off)) {
		brelse(bp);
		return EOPNOTSUPP;
	}
	error = ext2_dir_grow(np, 1, &nbp);
	if (error != 0) {
		brelse(bp);
		return error;
	}
	room = ext2_dir_room(m, bp->b_data);
	for (; off < room && error == 0; off += de.de_reclen) {
		error = ext2_rec_get(
		    m, bp->b_data + off, room - off, &de, &why);
		if (error == 0 && de.de_ino != 0)
			error = dirpack_enter(
			    &ext2_dirfmt, m, nbp->b_data, room, &de, &to);
	}
	if (error != 0) { /* an empty second block does no harm */
		brelse(bp);
		ext2_dir_write(np, nbp);
		(void)ext2_node_store(np);
		return ext2_dir_bad(np, 0, off, "damaged block");
	}
	root_format(m, bp->b_data);
	np->n_flags |= EXT2_IF_INDEX;
	ext2_dir_write(np, nbp);
	ext2_dir_write(np, bp);
	dirhash_destroy(vp);
	return ext2_node_store(np);
}
