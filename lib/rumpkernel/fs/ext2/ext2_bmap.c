/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File bytes to device bytes: the classic tree of 12 direct addresses and three
 * trees of indirect blocks, one, two and three levels deep.
 *
 * Every pointer is checked on its way: inside the device and outside the system
 * zone.  The walk is as deep as the tree says, never deeper, so that blocks that
 * point at each other can't make it loop.
 *
 * Filling a hole asks the allocator once for data and missing indirect blocks
 * together; the indirect ones come in front, so that the data is one run.
 */
#include "fs/ext2/ext2.h"
#include "kern/klog.h"
#include "kern/kstring.h"

#define LOGGED_BYTES 65536u /* of data=journal, in one run */

/* ---- the tree ------------------------------------------------------------- */

/* File blocks that one entry of a level-deep tree's level covers. */
static uint64_t
span_of(const struct ext2_mount *m, unsigned below)
{
	return (uint64_t)1 << (below * m->m_apbshift);
}

int
ext2_path(const struct ext2_mount *m, uint64_t lbn,
    uint32_t idx[EXT2_MAXDEPTH + 1], unsigned *depthp)
{
	uint32_t mask = m->m_apb - 1;
	unsigned depth;

	if (lbn < EXT2_NDIRECT) {
		idx[0] = (uint32_t)lbn;
		*depthp = 0;
		return 0;
	}
	lbn -= EXT2_NDIRECT;
	for (depth = 1; depth <= EXT2_MAXDEPTH; depth++) {
		if (lbn < span_of(m, depth))
			break;
		lbn -= span_of(m, depth);
	}
	if (depth > EXT2_MAXDEPTH)
		return EFBIG;
	idx[0] = EXT2_NDIRECT + depth - 1;
	for (unsigned i = 1; i <= depth; i++)
		idx[i] = (uint32_t)(lbn >> ((depth - i) * m->m_apbshift)) &
		    mask;
	*depthp = depth;
	return 0;
}

int
ext2_indirect_read(struct ext2_node *np, uint64_t blk, struct buf **bpp)
{
	struct ext2_mount *m = np->n_m;

	if (!ext2_blocks_sane(m, blk, 1))
		return ext2_damage(m, np->n_ino,
		    "indirect block %llu is out of range",
		    (unsigned long long)blk);
	return bread(m->m_dev, ext2_blkoff(m, blk), m->m_bsize, bpp);
}

static const le32_t *
entries_of(const struct buf *bp)
{
	return (const le32_t *)(const void *)bp->b_data;
}

/* Entry idx of an indirect block. */
static int
entry_get(struct ext2_node *np, uint64_t blk, uint32_t idx, uint64_t *entp)
{
	struct buf *bp;
	int error = ext2_indirect_read(np, blk, &bp);

	if (error != 0)
		return error;
	*entp = le32_get(entries_of(bp)[idx]);
	brelse(bp);
	return 0;
}

static int
entry_put(struct ext2_node *np, uint64_t blk, uint32_t idx, uint64_t ent)
{
	struct buf *bp;
	int error;

	if (blk == 0) {
		le32_put(&np->n_block[idx], (uint32_t)ent);
		return 0;
	}
	error = ext2_indirect_read(np, blk, &bp);
	if (error != 0)
		return error;
	le32_put(&((le32_t *)(void *)bp->b_data)[idx], (uint32_t)ent);
	bdwrite(bp);
	return 0;
}

/*
 * The leaf (the indirect block of data addresses) on the way idx, 0 if there is
 * none: *levelp says how many levels there are then.
 */
static int
leaf_find(struct ext2_node *np, const uint32_t *idx, unsigned depth,
    uint64_t *leafp, unsigned *levelp)
{
	uint64_t blk = le32_get(np->n_block[idx[0]]);
	unsigned level;
	int error;

	for (level = 1; level < depth && blk != 0; level++) {
		error = entry_get(np, blk, idx[level], &blk);
		if (error != 0)
			return error;
	}
	*levelp = blk != 0 ? depth : level - 1;
	*leafp = blk;
	return 0;
}

/* As leaf_find, through the node's memory of the last one. */
static int
leaf_get(struct ext2_node *np, uint64_t lbn, const uint32_t *idx,
    unsigned depth, uint64_t *leafp, unsigned *levelp)
{
	uint64_t key = ((lbn - EXT2_NDIRECT) >> np->n_m->m_apbshift) + 1;
	uint64_t memo = __atomic_load_n(&np->n_leaf, __ATOMIC_RELAXED);
	int error;

	if (memo >> 32 == key) {
		*leafp = (uint32_t)memo;
		*levelp = depth;
		return 0;
	}
	error = leaf_find(np, idx, depth, leafp, levelp);
	if (error == 0 && *leafp != 0 && key <= UINT32_MAX)
		__atomic_store_n(
		    &np->n_leaf, key << 32 | *leafp, __ATOMIC_RELAXED);
	return error;
}

/* How many entries from p on are consecutive (or all holes). */
static uint64_t
run_length(const le32_t *p, uint64_t max)
{
	uint32_t first = le32_get(p[0]);
	uint64_t n = 1;

	if (first == 0)
		while (n < max && le32_get(p[n]) == 0)
			n++;
	else
		while (n < max && le32_get(p[n]) == first + n)
			n++;
	return n;
}

/* The run at lbn inside one block of addresses. */
static int
map_segment(struct ext2_node *np, uint64_t lbn, uint64_t max, uint64_t *blkp,
    uint64_t *cntp)
{
	struct ext2_mount *m = np->n_m;
	uint32_t idx[EXT2_MAXDEPTH + 1];
	unsigned depth, level;
	uint64_t leaf, span;
	struct buf *bp;
	int error;

	error = ext2_path(m, lbn, idx, &depth);
	if (error != 0)
		return error;
	if (depth == 0) {
		*blkp = le32_get(np->n_block[idx[0]]);
		*cntp = run_length(
		    &np->n_block[idx[0]], kmin(max, EXT2_NDIRECT - lbn));
		return 0;
	}
	error = leaf_get(np, lbn, idx, depth, &leaf, &level);
	if (error != 0)
		return error;
	if (leaf == 0) {
		/* nothing below that entry: to its end */
		uint64_t in = 0;

		span = span_of(m, depth - level);
		for (unsigned i = level + 1; i <= depth; i++)
			in += idx[i] * span_of(m, depth - i);
		*blkp = 0;
		*cntp = kmin(max, span - in);
		return 0;
	}
	error = ext2_indirect_read(np, leaf, &bp);
	if (error != 0)
		return error;
	*blkp = le32_get(entries_of(bp)[idx[depth]]);
	*cntp = run_length(
	    &entries_of(bp)[idx[depth]], kmin(max, m->m_apb - idx[depth]));
	brelse(bp);
	return 0;
}

int
ext2_map(struct ext2_node *np, uint64_t lbn, uint64_t max, uint64_t *blkp,
    uint64_t *cntp)
{
	uint64_t total = 0, first = 0, blk, cnt;
	bool unwritten;
	int error;

	if ((np->n_flags & EXT2_IF_EXTENTS) != 0) {
		error = ext2_ext_map(np, lbn, max, blkp, cntp, &unwritten);
		if (error == 0 && unwritten)
			*blkp = 0;
		return error;
	}
	while (total < max) {
		error = map_segment(np, lbn + total, max - total, &blk, &cnt);
		if (error != 0) {
			if (total > 0)
				break; /* tell what is good so far */
			return error;
		}
		if (total == 0)
			first = blk;
		else if (blk != (first == 0 ? 0 : first + total))
			break;
		total += cnt;
	}
	if (first != 0 && !ext2_blocks_sane(np->n_m, first, total))
		return ext2_damage(np->n_m, np->n_ino,
		    "block %llu (of the file: %llu) is out of range",
		    (unsigned long long)first, (unsigned long long)lbn);
	*blkp = first;
	*cntp = total;
	return 0;
}

/* ---- filling holes -------------------------------------------------------------- */

/* Blocks that were taken and aren't used yet. */
struct supply {
	uint64_t meta, nmeta; /* for indirect blocks */
	uint64_t data, ndata;
	uint64_t odd[EXT2_MAXDEPTH]; /* single ones, where space is in bits */
	unsigned nodd;
};

/* Indirect blocks that [lbn, lbn + n), a hole, still needs. */
static int
count_missing(struct ext2_node *np, uint64_t lbn, uint64_t n, uint64_t *missp)
{
	struct ext2_mount *m = np->n_m;
	uint64_t cur = kmax(lbn, EXT2_NDIRECT), end = lbn + n, leaf;
	uint32_t idx[EXT2_MAXDEPTH + 1];
	unsigned depth, level;
	bool first = true;
	int error;

	*missp = 0;
	while (cur < end) {
		error = ext2_path(m, cur, idx, &depth);
		if (error == 0)
			error = leaf_get(np, cur, idx, depth, &leaf, &level);
		if (error != 0)
			return error;
		/* A level's block is new where the range enters it. */
		for (unsigned j = level + 1; j <= depth; j++) {
			bool enters = true;

			for (unsigned i = j; i <= depth; i++)
				enters = enters && idx[i] == 0;
			*missp += first || enters;
		}
		first = false;
		cur += m->m_apb - idx[depth];
	}
	return 0;
}

static void
supply_return(struct ext2_mount *m, struct supply *s)
{
	if (s->nmeta > 0)
		ext2_bfree(m, s->meta, s->nmeta);
	if (s->ndata > 0)
		ext2_bfree(m, s->data, s->ndata);
	for (unsigned i = 0; i < s->nodd; i++)
		ext2_bfree(m, s->odd[i], 1);
	memset(s, 0, sizeof(*s));
}

/* Blocks to keep behind [lbn, end): a growing file has as much as it is long. */
static uint64_t
window_size(const struct ext2_node *np, uint64_t end)
{
	uint64_t eof = howmany(np->n_st.st_size, np->n_m->m_bsize);

	if (end < eof)
		return 0;
	switch (np->n_st.st_mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		return kmin(kmax(end, 8), 2048);
	case RUMP_S_IFDIR:
		return end > 1 ? 7 : 0;
	default:
		return 0;
	}
}

/* Single blocks: the indirect ones and one of data. */
static int
supply_single(
    struct ext2_node *np, uint64_t lbn, uint64_t goal, struct supply *s)
{
	struct ext2_mount *m = np->n_m;
	uint64_t miss, got;
	int error;

	error = count_missing(np, lbn, 1, &miss);
	for (uint64_t i = 0; error == 0 && i < miss; i++) {
		error = ext2_balloc(m, np, goal, 1, 0, &s->odd[s->nodd], &got);
		if (error == 0)
			s->nodd++;
	}
	if (error == 0)
		error = ext2_balloc(m, np, goal, 1, 0, &s->data, &s->ndata);
	if (error != 0)
		supply_return(m, s);
	return error;
}

static int
supply_get(struct ext2_node *np, uint64_t lbn, uint64_t n, uint64_t goal,
    struct supply *s)
{
	struct ext2_mount *m = np->n_m;
	uint64_t miss, start, got;
	int error;

	memset(s, 0, sizeof(*s));
	error = count_missing(np, lbn, n, &miss);
	if (error == 0)
		error = ext2_balloc(m, np, goal, n + miss,
		    window_size(np, lbn + n), &start, &got);
	if (error != 0)
		return error;
	if (start + got > UINT32_MAX) { /* not for addresses of 32 bits */
		ext2_bfree(m, start, got);
		return EFBIG;
	}
	if (got > miss) {
		s->meta = start;
		s->nmeta = miss;
		s->data = start + miss;
		s->ndata = got - miss;
		return 0;
	}
	ext2_bfree(m, start, got);
	return supply_single(np, lbn, start, s);
}

static uint64_t
supply_meta(struct supply *s)
{
	if (s->nodd > 0)
		return s->odd[--s->nodd];
	if (s->nmeta == 0)
		return 0;
	s->nmeta--;
	return s->meta++;
}

/* Make the missing indirect blocks on the way to a leaf. */
static int
leaf_make(struct ext2_node *np, const uint32_t *idx, unsigned depth,
    struct supply *s, uint64_t *leafp)
{
	struct ext2_mount *m = np->n_m;
	uint64_t parent = 0, blk = le32_get(np->n_block[idx[0]]);
	unsigned level = 0;
	int error;

	for (;;) {
		if (blk == 0) {
			struct buf *bp;

			blk = supply_meta(s);
			if (blk == 0)
				return ENOSPC;
			error = getblk_zero(
			    m->m_dev, ext2_blkoff(m, blk), m->m_bsize, &bp);
			if (error == 0) {
				bdwrite(bp);
				error = entry_put(np, parent, idx[level], blk);
			}
			if (error != 0) {
				ext2_bfree(m, blk, 1);
				return error;
			}
			ext2_add_blocks(np, 1);
		}
		if (++level == depth)
			break;
		parent = blk;
		error = entry_get(np, parent, idx[level], &blk);
		if (error != 0)
			return error;
	}
	*leafp = blk;
	return 0;
}

/* Put n data blocks of the supply in, from lbn on, inside one leaf. */
static int
fill_segment(
    struct ext2_node *np, uint64_t lbn, struct supply *s, uint64_t *donep)
{
	struct ext2_mount *m = np->n_m;
	uint32_t idx[EXT2_MAXDEPTH + 1];
	struct buf *bp = NULL;
	uint64_t leaf, n, room;
	unsigned depth;
	le32_t *ent;
	int error;

	error = ext2_path(m, lbn, idx, &depth);
	if (error != 0)
		return error;
	ent = &np->n_block[idx[0]];
	room = EXT2_NDIRECT - lbn;
	if (depth > 0) {
		error = leaf_make(np, idx, depth, s, &leaf);
		if (error == 0)
			error = ext2_indirect_read(np, leaf, &bp);
		if (error != 0)
			return error;
		ent = (le32_t *)(void *)bp->b_data + idx[depth];
		room = m->m_apb - idx[depth];
	}
	n = kmin(room, s->ndata);
	for (uint64_t i = 0; i < n; i++)
		le32_put(&ent[i], (uint32_t)(s->data + i));
	if (bp != NULL)
		bdwrite(bp);
	s->data += n;
	s->ndata -= n;
	ext2_add_blocks(np, (int64_t)n);
	*donep = n;
	return 0;
}

/* Where block lbn should go. */
static int
goal_of(struct ext2_node *np, uint64_t lbn, uint64_t *goalp)
{
	uint64_t blk = 0, cnt;
	int error = 0;

	if (np->n_goal != 0 && np->n_goal_lbn == lbn) {
		*goalp = np->n_goal;
		return 0;
	}
	if (lbn > 0)
		error = ext2_map(np, lbn - 1, 1, &blk, &cnt);
	*goalp = blk != 0 ? blk + 1 : ext2_group_goal(np->n_m, np->n_ino);
	return error;
}

int
ext2_fill_hole(struct ext2_node *np, uint64_t lbn, uint64_t max, uint64_t *blkp,
    uint64_t *cntp)
{
	struct ext2_mount *m = np->n_m;
	uint64_t goal, done = 0, n, first;
	struct supply s;
	int error;

	error = goal_of(np, lbn, &goal);
	if (error == 0 && (np->n_flags & EXT2_IF_EXTENTS) != 0)
		return ext2_ext_fill(np, lbn, goal, max,
		    window_size(np, lbn + max), false, blkp, cntp);
	if (error == 0)
		error = supply_get(np, lbn, kmin(max, m->m_bpg), goal, &s);
	if (error != 0)
		return error;
	first = s.data;
	while (s.ndata > 0 && error == 0) {
		error = fill_segment(np, lbn + done, &s, &n);
		if (error == 0)
			done += n;
	}
	supply_return(m, &s);
	if (done > 0) {
		np->n_goal_lbn = lbn + done;
		np->n_goal = first + done;
		error = 0;
	}
	*blkp = first;
	*cntp = done;
	if (error == 0)
		error = ext2_node_store(np);
	else
		(void)ext2_node_store(np); /* indirect blocks may have come */
	return error;
}

int
ext2_fill_later(struct ext2_node *np, uint64_t lbn, uint64_t max,
    uint64_t *blkp, uint64_t *cntp, bool *unwrittenp)
{
	uint64_t goal;
	int error;

	*unwrittenp = (np->n_flags & EXT2_IF_EXTENTS) != 0;
	if (!*unwrittenp)
		return ext2_fill_hole(np, lbn, max, blkp, cntp);
	error = goal_of(np, lbn, &goal);
	if (error != 0)
		return error;
	return ext2_ext_fill(
	    np, lbn, goal, max, window_size(np, lbn + max), true, blkp, cntp);
}

/* ---- the operation --------------------------------------------------------------- */

int
ext2_map_kind(struct ext2_node *np, uint64_t lbn, uint64_t n, uint64_t *blkp,
    uint64_t *cntp, bool *unwrittenp)
{
	struct ext2_mount *m = np->n_m;
	int error;

	*unwrittenp = false;
	if ((np->n_flags & EXT2_IF_EXTENTS) != 0)
		return ext2_ext_map(np, lbn, n, blkp, cntp, unwrittenp);
	error = EFBIG;
	if (lbn < howmany(m->m_maxfile, m->m_bsize))
		error = ext2_map(np, lbn, n, blkp, cntp);
	if (error == EFBIG) { /* behind the largest file */
		*blkp = 0;
		*cntp = n;
		error = 0;
	}
	return error;
}

int
ext2_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	uint32_t in = (uint32_t)(off & (m->m_bsize - 1));
	uint64_t lbn = off >> m->m_bshift, end, blk, cnt, n;
	bool unwritten;
	int error;

	if (add_overflow(off, len, &end) ||
	    end > rounddown2(UINT64_MAX, m->m_bsize))
		return EFBIG;
	n = howmany(end, m->m_bsize) - lbn;
	/* What goes through the log goes in pieces that a transaction can hold. */
	if (how == BMAP_WRITE && m->m_datajournal)
		n = kmin(n, kmax(LOGGED_BYTES >> m->m_bshift, 1));
	if (how == BMAP_WRITE && end > ext2_maxsize(m, np->n_flags))
		return EFBIG;
	memset(run, 0, sizeof(*run));
	if ((np->n_flags & EXT2_IF_ENCRYPT) != 0)
		return ext2_refuse(
		    m, np->n_ino, "is encrypted: its data can't be read");
	if ((np->n_flags & EXT2_IF_INLINE_DATA) != 0)
		return ext2_inline_bmap(np, off, len, run);
	error = ext2_map_kind(np, lbn, n, &blk, &cnt, &unwritten);
	if (error == 0 && blk == 0 && how == BMAP_WRITE) {
		error = ext2_begin(m);
		if (error == 0)
			error = ext2_fill_hole(np, lbn, cnt, &blk, &cnt);
		run->bm_flags = BM_NEW;
	} else if (error == 0 && unwritten && how == BMAP_WRITE) {
		error = ext2_begin(m);
		if (error == 0)
			error = ext2_ext_convert(np, lbn, cnt);
		run->bm_flags = BM_NEW;
		unwritten = false;
	}
	if (error != 0)
		return error;
	run->bm_off = off;
	run->bm_len = kmin(len, ext2_blkoff(m, cnt) - in);
	run->bm_kind = blk == 0	 ? BMAP_HOLE
	    : vp->v_type != VREG ? BMAP_BUFFERED
	    : unwritten		 ? BMAP_UNWRITTEN
	    : ext2_buffered(np)	 ? BMAP_BUFFERED
				 : BMAP_MAPPED;
	if (blk != 0) {
		run->bm_dev = m->m_dev;
		run->bm_devoff = ext2_blkoff(m, blk) + in;
	}
	return 0;
}
