/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing what an extent tree says: runs put in, taken out, unwritten ones
 * written; and what of it the driver's other files ask for: filling holes, freeing
 * ranges.
 *
 * Each change is planned as "these entries of one leaf become those": neighbours
 * that are next to each other in the file and on the device, of one kind, become
 * one.  Where the leaf lacks room it is split first and the way looked for again.
 *
 * Removal goes from the end to the front, a leaf at a time, each of which leaves
 * a whole tree and a stored inode.  A leaf lets go of its blocks before they are
 * freed.
 *
 * Left out: joining leaves that have become nearly empty.
 */
#include "fs/ext2/ext2_extent.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define MAXTRIES 64u /* splits for one change: depth and a few, in truth */

/* The extents about a file block: cur is the last that starts at it or before. */
struct around {
	struct ext2_ext prev, cur, next;
	uint32_t idx; /* cur's; without one, next's */
};
/* Entries first..first + nold - 1 become x[0..n - 1]. */
struct plan {
	uint32_t first, nold, n;
	struct ext2_ext x[5];
};
typedef int plan_fn(struct ext2_node *np, const struct around *ar,
    const struct ext2_ext *req, struct plan *pl);

static int
tree_wrong(struct ext2_node *np, uint64_t lbn)
{
	return ext2_damage(np->n_m, np->n_ino,
	    "the extents about block %llu of the file contradict each other",
	    (unsigned long long)lbn);
}

/* ---- plans ---------------------------------------------------------------------- */

static bool
joins(const struct ext2_ext *a, const struct ext2_ext *b)
{
	return ext2_ext_end(a) == b->x_lbn && a->x_blk + a->x_cnt == b->x_blk &&
	    a->x_unwritten == b->x_unwritten;
}

/* One more extent for the plan; it fills up the one in front of it. */
static void
plan_add(struct plan *pl, struct ext2_ext x)
{
	if (x.x_cnt == 0)
		return;
	if (pl->n > 0 && joins(&pl->x[pl->n - 1], &x)) {
		struct ext2_ext *last = &pl->x[pl->n - 1];
		uint32_t k = (uint32_t)kmin(
		    ext2_ext_limit(x.x_unwritten) - last->x_cnt, x.x_cnt);

		last->x_cnt += k;
		x.x_lbn += k;
		x.x_blk += k;
		x.x_cnt -= k;
	}
	if (x.x_cnt > 0)
		pl->x[pl->n++] = x;
}

/* The part [from, to) of x. */
static struct ext2_ext
ext_part(const struct ext2_ext *x, uint64_t from, uint64_t to)
{
	struct ext2_ext part = *x;

	from = kmax(from, x->x_lbn);
	to = kmin(to, ext2_ext_end(x));
	part.x_lbn = from;
	part.x_blk += from - x->x_lbn;
	part.x_cnt = from < to ? (uint32_t)(to - from) : 0;
	return part;
}

static int
plan_insert(struct ext2_node *np, const struct around *ar,
    const struct ext2_ext *req, struct plan *pl)
{
	if ((ar->cur.x_cnt > 0 && ext2_ext_end(&ar->cur) > req->x_lbn) ||
	    (ar->next.x_cnt > 0 && ext2_ext_end(req) > ar->next.x_lbn))
		return tree_wrong(np, req->x_lbn);
	pl->first = ar->idx;
	pl->nold = (ar->cur.x_cnt > 0) + (ar->next.x_cnt > 0);
	plan_add(pl, ar->cur);
	plan_add(pl, *req);
	plan_add(pl, ar->next);
	return 0;
}

/* req is a part of cur, and becomes of its kind. */
static int
plan_convert(struct ext2_node *np, const struct around *ar,
    const struct ext2_ext *req, struct plan *pl)
{
	uint64_t from = req->x_lbn, to = ext2_ext_end(req);
	struct ext2_ext part;

	if (ar->cur.x_cnt == 0 || to > ext2_ext_end(&ar->cur))
		return tree_wrong(np, from);
	pl->first = ar->idx - (ar->prev.x_cnt > 0);
	pl->nold = 1u + (ar->prev.x_cnt > 0) + (ar->next.x_cnt > 0);
	plan_add(pl, ar->prev);
	plan_add(pl, ext_part(&ar->cur, 0, from));
	part = ext_part(&ar->cur, from, to);
	part.x_unwritten = req->x_unwritten;
	plan_add(pl, part);
	plan_add(pl, ext_part(&ar->cur, to, UINT64_MAX));
	plan_add(pl, ar->next);
	return 0;
}

/* req goes out of cur's middle. */
static int
plan_hole(struct ext2_node *np, const struct around *ar,
    const struct ext2_ext *req, struct plan *pl)
{
	if (ar->cur.x_cnt == 0 || ext2_ext_end(req) > ext2_ext_end(&ar->cur))
		return tree_wrong(np, req->x_lbn);
	pl->first = ar->idx;
	pl->nold = 1;
	plan_add(pl, ext_part(&ar->cur, 0, req->x_lbn));
	plan_add(pl, ext_part(&ar->cur, ext2_ext_end(req), UINT64_MAX));
	return 0;
}

static int
look_around(
    struct ext2_node *np, const struct ext2_epath *pa, struct around *ar)
{
	const struct ext2_elevel *el = &pa->pa_level[pa->pa_depth];
	uint32_t next = el->el_idx + pa->pa_found;
	struct ext4_extent_head_disk *h;
	struct buf *bp;
	int error = ext2_enode_get(np, pa, pa->pa_depth, &bp, &h);

	if (error != 0)
		return error;
	memset(ar, 0, sizeof(*ar));
	ar->idx = el->el_idx;
	if (pa->pa_found)
		ar->cur = pa->pa_cur;
	if (pa->pa_found && el->el_idx > 0)
		ar->prev = ext2_ext_decode(ext2_eleaf_entry(h, el->el_idx - 1));
	if (next < el->el_n)
		ar->next = ext2_ext_decode(ext2_eleaf_entry(h, next));
	if (bp != NULL)
		brelse(bp);
	return 0;
}

/* Carry out a change about req's first block. */
static int
tree_edit(struct ext2_node *np, const struct ext2_ext *req, plan_fn *plan)
{
	struct ext2_epath pa;
	const struct ext2_elevel *el;
	struct around ar;
	struct plan pl;
	int error;

	for (unsigned tries = 0; tries < MAXTRIES; tries++) {
		memset(&pl, 0, sizeof(pl));
		error = ext2_epath_find(np, req->x_lbn, &pa);
		if (error == 0)
			error = look_around(np, &pa, &ar);
		if (error == 0)
			error = plan(np, &ar, req, &pl);
		if (error != 0)
			return error;
		el = &pa.pa_level[pa.pa_depth];
		if (el->el_n - pl.nold + pl.n <= el->el_max)
			return ext2_eleaf_replace(
			    np, &pa, pl.first, pl.nold, pl.x, pl.n);
		error = ext2_epath_room(np, &pa);
		if (error != 0)
			return error;
	}
	return tree_wrong(np, req->x_lbn);
}

/* ---- putting in ------------------------------------------------------------------- */

int
ext2_ext_insert(struct ext2_node *np, uint64_t lbn, uint64_t blk, uint64_t cnt,
    bool unwritten)
{
	struct ext2_ext x = {
	    .x_lbn = lbn,
	    .x_blk = blk,
	    .x_cnt = (uint32_t)cnt,
	    .x_unwritten = unwritten,
	};

	KASSERT(cnt > 0 && cnt <= ext2_ext_limit(unwritten));
	if (lbn + cnt > EXT2_EXT_LBNEND)
		return EFBIG;
	return tree_edit(np, &x, plan_insert);
}

int
ext2_ext_fill(struct ext2_node *np, uint64_t lbn, uint64_t goal, uint64_t max,
    uint64_t extra, bool unwritten, uint64_t *blkp, uint64_t *cntp)
{
	struct ext2_mount *m = np->n_m;
	uint64_t blk, got;
	int error, e;

	max = kmin(kmin(max, m->m_bpg), ext2_ext_limit(unwritten));
	error = ext2_balloc(m, np, goal, max, extra, &blk, &got);
	if (error != 0)
		return error;
	error = ext2_ext_insert(np, lbn, blk, got, unwritten);
	/* The tree itself needs a block. */
	while (error == ENOSPC && got > 1) {
		got--;
		ext2_bfree(m, blk + got, 1);
		error = ext2_ext_insert(np, lbn, blk, got, unwritten);
	}
	if (error == 0) {
		ext2_add_blocks(np, (int64_t)got);
		np->n_goal_lbn = lbn + got;
		np->n_goal = blk + got;
		*blkp = blk;
		*cntp = got;
	} else {
		ext2_bfree(m, blk, got);
	}
	/* Also when it failed: nodes may have come. */
	e = ext2_node_store(np);
	return error != 0 ? error : e;
}

/* ---- unwritten to written ------------------------------------------------------------ */

/* No room for another entry: then all of the extent becomes written, with zeros
 * where req isn't. */
static int
convert_whole(
    struct ext2_node *np, const struct ext2_ext *x, const struct ext2_ext *req)
{
	struct ext2_mount *m = np->n_m;
	struct ext2_ext part[2] = {
	    ext_part(x, 0, req->x_lbn),
	    ext_part(x, ext2_ext_end(req), UINT64_MAX),
	};
	struct ext2_ext all = *x;
	int error = 0;

	for (unsigned i = 0; i < 2 && error == 0; i++)
		if (part[i].x_cnt > 0)
			error = blkdev_zero(m->m_dev,
			    ext2_blkoff(m, part[i].x_blk),
			    ext2_blkoff(m, part[i].x_cnt));
	all.x_unwritten = false;
	return error != 0 ? error : tree_edit(np, &all, plan_convert);
}

int
ext2_ext_convert(struct ext2_node *np, uint64_t lbn, uint64_t cnt)
{
	uint64_t end = lbn + cnt;
	struct ext2_epath pa;
	struct ext2_ext x, req;
	int error = 0, e;

	for (; lbn < end && error == 0; lbn = ext2_ext_end(&req)) {
		error = ext2_epath_find(np, lbn, &pa);
		if (error != 0)
			break;
		x = pa.pa_cur;
		if (!pa.pa_found || ext2_ext_end(&x) <= lbn ||
		    !ext2_blocks_sane(np->n_m, x.x_blk, x.x_cnt)) {
			error = tree_wrong(np, lbn);
			break;
		}
		req = ext_part(&x, lbn, end);
		req.x_unwritten = false;
		if (!x.x_unwritten)
			continue;
		error = tree_edit(np, &req, plan_convert);
		if (error == ENOSPC)
			error = convert_whole(np, &x, &req);
	}
	e = ext2_node_store(np);
	return error != 0 ? error : e;
}

/* ---- taking out ----------------------------------------------------------------------- */

/* Free the blocks of x. */
static void
blocks_free(struct ext2_node *np, const struct ext2_ext *x)
{
	struct ext2_mount *m = np->n_m;

	if (!ext2_blocks_sane(m, x->x_blk, x->x_cnt)) {
		(void)ext2_damage(m, np->n_ino,
		    "blocks %llu..%llu are out of range and aren't freed",
		    (unsigned long long)x->x_blk,
		    (unsigned long long)(x->x_blk + x->x_cnt - 1));
		return;
	}
	if (ext2_buffered(np))
		bforget(m->m_dev, ext2_blkoff(m, x->x_blk),
		    ext2_blkoff(m, x->x_cnt));
	ext2_bfree(m, x->x_blk, x->x_cnt);
	ext2_add_blocks(np, -(int64_t)x->x_cnt);
}

/* What [from, to) takes away of the leaf at the end of pa. */
struct cut {
	struct ext2_ext *gone;	 /* to be freed */
	uint32_t first, n;	 /* entries */
	struct ext2_ext left[2]; /* what stays of the first and the last */
	uint32_t nleft;
};

static int
leaf_look(struct ext2_node *np, const struct ext2_epath *pa, uint64_t from,
    uint64_t to, struct cut *c)
{
	const struct ext2_elevel *el = &pa->pa_level[pa->pa_depth];
	struct ext4_extent_head_disk *h;
	uint32_t last = el->el_idx, i;
	struct ext2_ext x;
	struct buf *bp;
	int error;

	c->n = c->nleft = 0;
	c->first = el->el_n;
	if (!pa->pa_found)
		return 0;
	error = ext2_enode_get(np, pa, pa->pa_depth, &bp, &h);
	if (error != 0)
		return error;
	for (i = last + 1; i > 0; i--) {
		x = ext2_ext_decode(ext2_eleaf_entry(h, i - 1));
		if (ext2_ext_end(&x) <= from)
			break;
		c->gone[c->n++] = ext_part(&x, from, to);
		c->first = i - 1;
	}
	if (c->n > 0) {
		x = ext2_ext_decode(ext2_eleaf_entry(h, c->first));
		if (x.x_lbn < from)
			c->left[c->nleft++] = ext_part(&x, 0, from);
		x = ext2_ext_decode(ext2_eleaf_entry(h, last));
		if (ext2_ext_end(&x) > to)
			c->left[c->nleft++] = ext_part(&x, to, UINT64_MAX);
	}
	if (bp != NULL)
		brelse(bp);
	return 0;
}

/* Where to go on in front of the leaf: all of [that, top) has been seen. */
static uint64_t
top_before(const struct ext2_epath *pa, uint64_t top)
{
	unsigned k = pa->pa_depth;

	/* An index may lead there though its first key comes behind. */
	while (k > 0 && pa->pa_level[k].el_lo >= top)
		k--;
	return k > 0 ? pa->pa_level[k].el_lo : 0;
}

/* Take [from, *top) out of the last leaf that has some of it; *top comes down. */
static int
remove_step(
    struct ext2_node *np, uint64_t from, uint64_t *top, struct ext2_ext *gone)
{
	struct ext2_epath pa;
	const struct ext2_elevel *el;
	struct cut c = {.gone = gone};
	struct ext2_ext req;
	int error;

	error = ext2_epath_find(np, *top - 1, &pa);
	if (error == 0)
		error = leaf_look(np, &pa, from, *top, &c);
	if (error != 0)
		return error;
	el = &pa.pa_level[pa.pa_depth];
	/* Is the beginning in this leaf? */
	if (c.n == 0 ? pa.pa_found : c.first > 0)
		*top = from;
	else
		*top = kmax(from, top_before(&pa, *top));
	if (c.nleft > c.n) { /* out of the middle of one */
		req = gone[0];
		error = tree_edit(np, &req, plan_hole);
	} else if (el->el_n == c.n - c.nleft && pa.pa_depth > 0) {
		error = ext2_eleaf_drop(np, &pa);
	} else if (c.n > 0) {
		error = ext2_eleaf_replace(
		    np, &pa, c.first, c.n, c.left, c.nleft);
	}
	if (error != 0)
		return error;
	for (uint32_t i = 0; i < c.n; i++)
		blocks_free(np, &gone[i]);
	return ext2_ext_shrink(np);
}

int
ext2_ext_remove(struct ext2_node *np, uint64_t from, uint64_t to)
{
	size_t size = kmax(ext2_enode_room(np->n_m), EXT2_EXT_ROOTMAX) *
	    sizeof(struct ext2_ext);
	struct ext2_ext *gone;
	int error = 0, e;

	to = kmin(to, EXT2_EXT_LBNEND);
	if (from >= to)
		return 0;
	gone = kmem_alloc(size);
	if (gone == NULL)
		return ENOMEM;
	while (to > from && error == 0) {
		error = remove_step(np, from, &to, gone);
		e = ext2_node_store(np);
		if (error == 0)
			error = e;
	}
	kmem_free(gone, size);
	return error;
}
