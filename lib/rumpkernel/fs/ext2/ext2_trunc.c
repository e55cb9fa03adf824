/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Freeing a range of a file's blocks: truncation, punching, the end of a node.
 *
 * An indirect block that goes as a whole is copied, marked free, and only then is
 * what it points to looked at.  So each block is gone into at most once, however
 * the image ties them together: the second time its bit is clear already.  A
 * pointer that can't be is dropped with a line.
 */
#include "fs/ext2/ext2.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

/* Data blocks next to each other are freed as one run. */
struct freer {
	struct ext2_node *np;
	uint64_t start, n;
	uint64_t from, to; /* file blocks that go */
	int error;	   /* the first one; the rest is still done */
};

static void
free_flush(struct freer *f)
{
	if (f->n > 0) {
		ext2_bfree(f->np->n_m, f->start, f->n);
		ext2_add_blocks(f->np, -(int64_t)f->n);
	}
	f->n = 0;
}

static void
free_data(struct freer *f, uint64_t blk)
{
	struct ext2_node *np = f->np;
	struct ext2_mount *m = np->n_m;

	if (!ext2_blocks_sane(m, blk, 1)) {
		(void)ext2_damage(m, np->n_ino,
		    "block %llu is out of range and isn't freed",
		    (unsigned long long)blk);
		return;
	}
	if (ext2_buffered(np))
		bforget(m->m_dev, ext2_blkoff(m, blk), m->m_bsize);
	if (f->n > 0 && blk == f->start + f->n) {
		f->n++;
		return;
	}
	free_flush(f);
	f->start = blk;
	f->n = 1;
}

static void
free_meta(struct freer *f, uint64_t blk)
{
	struct ext2_mount *m = f->np->n_m;

	bforget(m->m_dev, ext2_blkoff(m, blk), m->m_bsize);
	ext2_bfree(m, blk, 1);
	ext2_add_blocks(f->np, -1);
}

static bool free_branch(
    struct freer *f, uint64_t blk, unsigned level, uint64_t base);

/*
 * Work on the entries of an array: each covers span file blocks from base on;
 * level: of what they point to, 0 data.  Cleared ones are set to 0.  True if one
 * was.
 */
static bool
free_entries(
    struct freer *f, le32_t *ent, uint32_t n, unsigned level, uint64_t base)
{
	uint64_t span = (uint64_t)1 << (level * f->np->n_m->m_apbshift);
	uint32_t i = 0;
	bool changed = false;

	if (f->from > base)
		i = (uint32_t)kmin(n, (f->from - base) / span);
	for (; i < n; i++) {
		uint64_t first = base + i * span;
		uint64_t blk = le32_get(ent[i]);

		if (first >= f->to)
			break;
		if (blk == 0)
			continue;
		if (level == 0)
			free_data(f, blk);
		else if (!free_branch(f, blk, level, first))
			continue;
		le32_put(&ent[i], 0);
		changed = true;
	}
	return changed;
}

/* Write the entries of an indirect block that stays. */
static void
branch_update(struct freer *f, uint64_t blk, const le32_t *ent)
{
	struct ext2_mount *m = f->np->n_m;
	struct buf *bp;
	int error;

	error = bread(m->m_dev, ext2_blkoff(m, blk), m->m_bsize, &bp);
	if (error != 0) {
		if (f->error == 0)
			f->error = error;
		return;
	}
	memcpy(bp->b_data, ent, m->m_bsize);
	bdwrite(bp);
}

/*
 * Free what an indirect block leads to; level: its own (1: of data addresses).
 * True: nothing is left, and the block is free (or never was one).
 */
static bool
free_branch(struct freer *f, uint64_t blk, unsigned level, uint64_t base)
{
	struct ext2_mount *m = f->np->n_m;
	uint64_t span = (uint64_t)1 << (level * m->m_apbshift);
	bool whole = base >= f->from && span <= f->to && base <= f->to - span;
	struct buf *bp;
	le32_t *ent;
	int error;

	if (!ext2_blocks_sane(m, blk, 1) || !ext2_bused(m, blk)) {
		(void)ext2_damage(m, f->np->n_ino,
		    "indirect block %llu is out of range or free",
		    (unsigned long long)blk);
		return true;
	}
	ent = kmem_alloc(m->m_bsize);
	error = ent == NULL
	    ? ENOMEM
	    : bread(m->m_dev, ext2_blkoff(m, blk), m->m_bsize, &bp);
	if (error != 0) {
		if (f->error == 0)
			f->error = error;
		kmem_free(ent, m->m_bsize);
		return false;
	}
	memcpy(ent, bp->b_data, m->m_bsize);
	brelse(bp);
	if (whole) {
		free_meta(f, blk);
		(void)free_entries(f, ent, m->m_apb, level - 1, base);
	} else if (free_entries(f, ent, m->m_apb, level - 1, base)) {
		whole = kmemzero(ent, m->m_bsize);
		if (whole)
			free_meta(f, blk);
		else
			branch_update(f, blk, ent);
	}
	kmem_free(ent, m->m_bsize);
	return whole;
}

int
ext2_free_range(struct ext2_node *np, uint64_t from, uint64_t to)
{
	struct ext2_mount *m = np->n_m;
	struct freer f = {.np = np, .from = from, .to = to};
	uint64_t base = EXT2_NDIRECT;

	np->n_leaf = 0;
	np->n_goal = 0;
	ext2_window_drop(np);
	if ((np->n_flags & EXT2_IF_EXTENTS) != 0)
		return ext2_ext_remove(np, from, to);
	(void)free_entries(&f, np->n_block, EXT2_NDIRECT, 0, 0);
	for (unsigned level = 1; level <= EXT2_MAXDEPTH; level++) {
		uint64_t span = (uint64_t)1 << (level * m->m_apbshift);
		le32_t *root = &np->n_block[EXT2_NDIRECT + level - 1];

		if (le32_get(*root) != 0 && base < to && base + span > from &&
		    free_branch(&f, le32_get(*root), level, base))
			le32_put(root, 0);
		base += span;
	}
	free_flush(&f);
	return f.error;
}
