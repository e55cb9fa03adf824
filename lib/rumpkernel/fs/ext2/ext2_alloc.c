/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks: finding runs of free ones, giving them out, taking them back.
 *
 * A run is found in one pass over a bitmap.  Where it is looked for: exactly at
 * the goal; else a run of the whole length from the goal's group on; else half of
 * it, and so on.  Three hints make that cheap on a full or fragmented image: what
 * is free in a group, the longest run that may still be there, and where the first
 * free block is.
 *
 * While an image is being built, blocks go out first-fit in order, so that its
 * end can be cut off.
 *
 * Windows keep interleaved writers apart: a file that grows has room behind its
 * last block kept for it, in memory only.  Who finds nothing else takes it.
 *
 * A group whose bitmap contradicts the system zone is left alone.
 */
#include "fs/ext2/ext2.h"
#include "kern/kbitmap.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define DIRS_BYTES 65536u /* building: a window for directories, at most */
#define MINRUN	   16u	  /* blocks at the goal that are worth taking */

/* Compare a bitmap with the system zone and the counts, once a mount. */
static void
bitmap_check(struct ext2_mount *m, uint32_t g, const uint8_t *map)
{
	struct ext2_group *gp = &m->m_grp[g];
	uint64_t start = ext2_group_start(m, g);
	uint32_t n = ext2_group_blocks(m, g), nfree;

	gp->g_state |= EG_BCHECKED;
	if (m->m_clshift != 0)
		return; /* of clusters, which aren't given out */
	for (uint32_t i = ext2_sys_find(m, start); i < m->m_nsys; i++) {
		uint64_t s = kmax(m->m_sys[i].er_start, start);
		uint64_t e = kmin(m->m_sys[i].er_end, start + n);

		if (m->m_sys[i].er_start >= start + n)
			break;
		if (s >= e ||
		    bit_findclear(map, s - start, e - start) == e - start)
			continue;
		(void)ext2_damage(m, 0,
		    "group %u: the bitmap says that block %llu is free", g,
		    (unsigned long long)(start +
			bit_findclear(map, s - start, e - start)));
		gp->g_state |= EG_BBAD;
		m->m_free_blocks -= gp->g_free_blocks;
		gp->g_free_blocks = 0;
		return;
	}
	nfree = n - (uint32_t)bit_count(map, 0, n);
	if (nfree != gp->g_free_blocks) {
		(void)ext2_damage(m, 0, "group %u: %u blocks are free, not %u",
		    g, nfree, gp->g_free_blocks);
		m->m_free_blocks += (uint64_t)nfree - gp->g_free_blocks;
		gp->g_free_blocks = nfree;
	}
	gp->g_bhint = (uint32_t)bit_findclear(map, 0, n);
}

int
ext2_group_bitmap(struct ext2_mount *m, uint32_t g, struct buf **bpp)
{
	struct ext2_group *gp = &m->m_grp[g];
	int error;

	KASSERT(mutex_owned(&m->m_lock));
	if ((gp->g_state & EG_BBAD) != 0)
		return EUCLEAN;
	error = ext2_bbitmap_read(m, g, bpp);
	if (error == EUCLEAN)
		gp->g_state |= EG_BBAD;
	if (error != 0 || (gp->g_state & EG_BCHECKED) != 0)
		return error;
	bitmap_check(m, g, (*bpp)->b_data);
	if ((gp->g_state & EG_BBAD) != 0) {
		brelse(*bpp);
		return EUCLEAN;
	}
	return 0;
}

/* ---- windows ---------------------------------------------------------------- */

static void
window_drop_locked(struct ext2_node *np)
{
	klink_remove(&np->n_winlink);
	np->n_win = np->n_winend = 0;
}

void
ext2_window_drop(struct ext2_node *np)
{
	mutex_enter(&np->n_m->m_lock);
	window_drop_locked(np);
	mutex_exit(&np->n_m->m_lock);
}

/* Does somebody else's window lie in [blk, *endp)?  Then *endp becomes its
 * start; where it covers blk itself, its end is returned, else 0. */
static uint64_t
window_clip(struct ext2_mount *m, const struct ext2_node *np, uint64_t blk,
    uint64_t *endp)
{
	struct klink *l;

	KLIST_FOREACH(l, &m->m_windows)
	{
		struct ext2_node *w = klink_entry(
		    l, struct ext2_node, n_winlink);

		if (w == np || w->n_winend <= blk || w->n_win >= *endp)
			continue;
		if (w->n_win <= blk)
			return w->n_winend;
		*endp = w->n_win;
	}
	return 0;
}

/* ---- finding ------------------------------------------------------------------
 */

struct search {
	struct ext2_mount *m;
	struct ext2_node *np;
	uint32_t g;
	struct buf *bp;	    /* the group's bitmap, busy */
	const uint8_t *map; /* its bits, and what isn't to be had yet */
	uint64_t want;	    /* blocks: take so many */
	uint64_t extra;	    /* ... and keep so many behind them */
	uint64_t need;	    /* look for so many */
	uint32_t bit, len;  /* found: free blocks, want + extra at most */
	bool clashed;	    /* a window was in the way */
};

/* The free run at bit that nobody else keeps. */
static uint32_t
run_at(struct search *s, uint32_t bit, uint32_t end)
{
	uint64_t base = ext2_group_start(s->m, s->g);
	uint64_t stop = kmin(end, bit + s->want + s->extra), free;

	if (bit >= end || bit_test(s->map, bit))
		return 0;
	free = stop = base + bit_findset(s->map, bit, stop);
	if (window_clip(s->m, s->np, base + bit, &stop) != 0)
		stop = base + bit;
	s->clashed = s->clashed || stop != free;
	return (uint32_t)(stop - base - bit);
}

/* A run of need free blocks in [from, end) of the group. */
static bool
run_find(struct search *s, uint32_t from, uint32_t end)
{
	uint64_t base = ext2_group_start(s->m, s->g);
	const uint8_t *map = s->map;

	while (from < end) {
		uint32_t bit = (uint32_t)bit_findclearrun(
		    map, from, end, s->need);
		uint64_t stop = base + end, next;

		if (bit >= end)
			return false;
		s->len = run_at(s, bit, end);
		if (s->len >= s->need) {
			s->bit = bit;
			return true;
		}
		next = window_clip(s->m, s->np, base + bit, &stop);
		if (next == 0)
			next = stop; /* where a window cuts the run short */
		from = (uint32_t)kmax(next - base, (uint64_t)bit + 1);
	}
	return false;
}

/* Take what is wanted of the run; the rest of it becomes the node's window. */
static void
run_take(struct search *s)
{
	struct ext2_mount *m = s->m;
	struct ext2_group *gp = &m->m_grp[s->g];
	uint32_t all = s->len;
	uint64_t end;

	s->len = (uint32_t)kmin(s->len, s->want);
	end = ext2_group_start(m, s->g) + s->bit + s->len;
	bit_setrange(s->bp->b_data, s->bit, s->len);
	if (s->bit == gp->g_bhint)
		gp->g_bhint += s->len;
	gp->g_free_blocks -= s->len;
	m->m_free_blocks -= s->len;
	ext2_bbitmap_dirty(m, s->g, s->bp);
	s->bp = NULL;
	if (s->extra == 0)
		return;
	if (all == s->len) {
		window_drop_locked(s->np);
		return;
	}
	s->np->n_win = end;
	s->np->n_winend = end + (all - s->len);
	if (!klink_linked(&s->np->n_winlink))
		klist_insert_tail(&m->m_windows, &s->np->n_winlink);
}

/* The group's bitmap into s->bp and s->map. */
static int
search_bitmap(struct search *s, uint32_t g)
{
	struct ext2_mount *m = s->m;
	const struct ext2_group *gp = &m->m_grp[g];
	int error;

	if ((gp->g_state & EG_FROZEN) != 0)
		return ENOSPC;
	error = ext2_group_bitmap(m, g, &s->bp);
	if (error != 0)
		return error;
	s->map = s->bp->b_data;
	if (gp->g_freed != NULL) {
		for (uint32_t i = 0; i < m->m_bsize; i++)
			m->m_scratch[i] = s->bp->b_data[i] | gp->g_freed[i];
		s->map = m->m_scratch;
	}
	return 0;
}

/* Look in group g, from bit on first.  0 with a run taken, ENOSPC, or an error. */
static int
group_search(struct search *s, uint32_t g, uint32_t bit)
{
	struct ext2_mount *m = s->m;
	struct ext2_group *gp = &m->m_grp[g];
	uint32_t end = ext2_group_blocks(m, g);
	int error;

	error = search_bitmap(s, g);
	if (error == EUCLEAN)
		return ENOSPC; /* said already; the next group may do */
	if (error != 0)
		return error;
	s->g = g;
	s->clashed = false;
	bit = (uint32_t)kmax(bit, gp->g_bhint);
	if (run_find(s, bit, end) ||
	    (bit > gp->g_bhint && run_find(s, gp->g_bhint, end))) {
		run_take(s);
		return 0;
	}
	if (!s->clashed && gp->g_freed == NULL)
		gp->g_maxrun = (uint32_t)s->need - 1;
	brelse(s->bp);
	s->bp = NULL;
	return ENOSPC;
}

/* The blocks at the goal itself, if enough are free. */
static int
goal_search(struct search *s, uint64_t goal)
{
	struct ext2_mount *m = s->m;
	uint32_t g = ext2_group_of_block(m, goal);
	int error;

	if (m->m_grp[g].g_free_blocks == 0)
		return ENOSPC;
	error = search_bitmap(s, g);
	if (error != 0)
		return error == EUCLEAN ? ENOSPC : error;
	s->g = g;
	s->bit = (uint32_t)(goal - ext2_group_start(m, g));
	s->len = run_at(s, s->bit, ext2_group_blocks(m, g));
	if (s->len >= kmin(s->want, MINRUN)) {
		run_take(s);
		return 0;
	}
	brelse(s->bp);
	s->bp = NULL;
	return ENOSPC;
}

static int
search_near(struct search *s, uint64_t goal)
{
	struct ext2_mount *m = s->m;
	uint32_t g0 = ext2_group_of_block(m, goal);
	uint32_t bit0 = (uint32_t)(goal - ext2_group_start(m, g0));
	int error = goal_search(s, goal);

	if (error != ENOSPC)
		return error;
	s->need = kmin(s->want + s->extra, m->m_bpg);
	for (; s->need > 0; s->need /= 2) {
		for (uint32_t i = 0; i < m->m_groups; i++) {
			uint32_t g = (uint32_t)(((uint64_t)g0 + i) %
			    m->m_groups);

			if (m->m_grp[g].g_free_blocks < s->need ||
			    m->m_grp[g].g_maxrun < s->need)
				continue;
			error = group_search(s, g, i == 0 ? bit0 : 0);
			if (error != ENOSPC)
				return error;
		}
	}
	return ENOSPC;
}

/* Building: the first free block and what follows it. */
static int
search_first(struct search *s)
{
	struct ext2_mount *m = s->m;
	int error;

	s->need = 1;
	for (; m->m_cursor < m->m_groups; m->m_cursor++) {
		if (m->m_grp[m->m_cursor].g_free_blocks == 0)
			continue;
		error = group_search(s, m->m_cursor, 0);
		if (error != ENOSPC)
			return error;
	}
	return ENOSPC;
}

/*
 * Building: directories go together, into windows that grow with their number;
 * all else goes where the first free block is.
 */
static int
search_building(struct search *s)
{
	struct ext2_mount *m = s->m;
	struct ext2_node *dirs = m->m_dirs;
	int error = ENOSPC;

	s->extra = 0;
	if (s->np != NULL &&
	    (s->np->n_st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR) {
		s->np = dirs;
		s->extra = kmin(m->m_ndirblks, DIRS_BYTES >> m->m_bshift);
		m->m_ndirblks++;
		if (dirs->n_winend != 0)
			error = goal_search(s, dirs->n_win);
	}
	return error == ENOSPC ? search_first(s) : error;
}

int
ext2_balloc(struct ext2_mount *m, struct ext2_node *np, uint64_t goal,
    uint64_t want, uint64_t extra, uint64_t *startp, uint64_t *gotp)
{
	struct search s = {.m = m, .np = np, .want = want, .extra = extra};
	struct klink *l;
	int error;

	KASSERT(want > 0);
	if (goal < m->m_first || goal >= m->m_blocks)
		goal = m->m_first;
	mutex_enter(&m->m_lock);
	error = m->m_building ? search_building(&s) : search_near(&s, goal);
	if (error == ENOSPC && !klist_empty(&m->m_windows)) {
		while ((l = klist_first(&m->m_windows)) != NULL)
			window_drop_locked(
			    klink_entry(l, struct ext2_node, n_winlink));
		m->m_cursor = 0;
		error = m->m_building ? search_first(&s)
				      : search_near(&s, goal);
	}
	mutex_exit(&m->m_lock);
	if (error != 0)
		return error;
	*startp = ext2_group_start(m, s.g) + s.bit;
	*gotp = s.len;
	return 0;
}

/* ---- freeing --------------------------------------------------------------------- */

/* With a journal: blocks whose freeing isn't durable keep their content. */
static void
freed_keep(struct ext2_mount *m, uint32_t g, uint32_t bit, uint32_t n)
{
	struct ext2_group *gp = &m->m_grp[g];

	m->m_freed += n;
	if (gp->g_freed == NULL)
		gp->g_freed = kmem_zalloc(m->m_bsize);
	if (gp->g_freed != NULL)
		bit_setrange(gp->g_freed, bit, n);
	else
		gp->g_state |= EG_FROZEN;
}

void
ext2_bfreed_release(struct ext2_mount *m)
{
	if (m->m_freed == 0)
		return;
	for (uint32_t g = 0; g < m->m_groups; g++) {
		kmem_free(m->m_grp[g].g_freed, m->m_bsize);
		m->m_grp[g].g_freed = NULL;
		m->m_grp[g].g_state &= ~EG_FROZEN;
	}
	m->m_freed = 0;
}

static void
group_free(struct ext2_mount *m, uint32_t g, uint32_t bit, uint32_t n)
{
	struct ext2_group *gp = &m->m_grp[g];
	struct buf *bp;
	uint32_t used;

	if (ext2_group_bitmap(m, g, &bp) != 0)
		return; /* they stay marked as used */
	used = (uint32_t)bit_count(bp->b_data, bit, n);
	if (used != n)
		(void)ext2_damage(m, 0,
		    "blocks %llu..%llu are freed a second time",
		    (unsigned long long)(ext2_group_start(m, g) + bit),
		    (unsigned long long)(ext2_group_start(m, g) + bit + n - 1));
	bit_clearrange(bp->b_data, bit, n);
	ext2_bbitmap_dirty(m, g, bp);
	if (m->m_journal != NULL)
		freed_keep(m, g, bit, n);
	gp->g_free_blocks += used;
	m->m_free_blocks += used;
	gp->g_maxrun = UINT32_MAX;
	if (bit < gp->g_bhint)
		gp->g_bhint = bit;
	if (g < m->m_cursor)
		m->m_cursor = g;
}

void
ext2_bfree(struct ext2_mount *m, uint64_t start, uint64_t n)
{
	KASSERT(ext2_blocks_sane(m, start, n));
	mutex_enter(&m->m_lock);
	while (n > 0) {
		uint32_t g = ext2_group_of_block(m, start);
		uint32_t bit = (uint32_t)(start - ext2_group_start(m, g));
		uint32_t k = (uint32_t)kmin(n, m->m_bpg - bit);

		group_free(m, g, bit, k);
		start += k;
		n -= k;
	}
	mutex_exit(&m->m_lock);
}

bool
ext2_bused(struct ext2_mount *m, uint64_t blk)
{
	uint32_t g = ext2_group_of_block(m, blk);
	struct buf *bp;
	bool used = false;

	mutex_enter(&m->m_lock);
	if (ext2_group_bitmap(m, g, &bp) == 0) {
		used = bit_test(
		    bp->b_data, (blk - ext2_group_start(m, g)) >> m->m_clshift);
		brelse(bp);
	}
	mutex_exit(&m->m_lock);
	return used;
}

/* Where the data of an inode should start: its group's first free block. */
uint64_t
ext2_group_goal(struct ext2_mount *m, uint32_t ino)
{
	uint32_t g = (ino - 1) / m->m_ipg;
	uint64_t goal = ext2_group_start(m, g);

	mutex_enter(&m->m_lock);
	goal += m->m_grp[g].g_bhint;
	mutex_exit(&m->m_lock);
	return kmin(goal, m->m_blocks - 1);
}
