/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file's bytes on the device.
 *
 * A chain can only be walked forwards.  Each file that is used keeps samples of its
 * own, every 64th cluster (every 2^n-th where that would be more than CHAIN_ROOM_MAX),
 * so that any place is at most that far from one; and where the last search ended, so
 * that sequential reading never starts again.
 *
 * Whether a chain comes back to where it was is found out before its second cluster is
 * used, by going through it once (Brent's algorithm, on pieces), else what is read after
 * that would be taken for the file's.
 */
#include "fs/msdos/msdos.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

/* ---- samples --------------------------------------------------------------------- */

void
msdos_chain_forget(struct msdos_node *np)
{
	if (np->n_chain.ch_at != NULL)
		kmem_free(
		    np->n_chain.ch_at, np->n_chain.ch_room * sizeof(uint32_t));
	np->n_chain = (struct msdos_chain){0};
}

/* Room for another sample: more memory, else half of the samples. */
static bool
samples_room(struct msdos_chain *ch)
{
	uint32_t room = ch->ch_room == 0 ? CHAIN_ROOM_MIN : ch->ch_room * 2;
	uint32_t *at = NULL;

	if (ch->ch_n < ch->ch_room)
		return true;
	if (room <= CHAIN_ROOM_MAX)
		at = kmem_alloc(room * sizeof(*at));
	if (at != NULL) {
		if (ch->ch_at != NULL) {
			memcpy(at, ch->ch_at, ch->ch_n * sizeof(*at));
			kmem_free(ch->ch_at, ch->ch_room * sizeof(*at));
		}
		ch->ch_at = at;
		ch->ch_room = room;
		return true;
	}
	if (ch->ch_n == 0)
		return false; /* slower, but it goes on */
	for (uint32_t i = 0; i < ch->ch_n / 2; i++)
		ch->ch_at[i] = ch->ch_at[2 * i + 1];
	ch->ch_n /= 2;
	ch->ch_shift++;
	return true;
}

/* Clusters [idx, idx + n) of the file are cluster.. in one piece.  Sample i is that of
 * (i + 1) << ch_shift: short chains have none. */
static void
samples_add(struct msdos_chain *ch, uint32_t idx, uint32_t cluster, uint32_t n)
{
	uint64_t next;

	if (ch->ch_shift == 0)
		ch->ch_shift = CHAIN_SHIFT;
	for (;;) {
		next = (uint64_t)(ch->ch_n + 1) << ch->ch_shift;
		if (next < idx || next >= (uint64_t)idx + n)
			break;
		if (ch->ch_n == ch->ch_room) {
			if (!samples_room(ch))
				break;
			continue; /* they may stand farther apart now */
		}
		ch->ch_at[ch->ch_n++] = cluster + (uint32_t)(next - idx);
	}
	ch->ch_lastidx = idx + n - 1;
	ch->ch_lastcl = cluster + n - 1;
}

/* The nearest known place at or before idx. */
static void
samples_nearest(const struct msdos_node *np, uint32_t idx, uint32_t *idxp,
    uint32_t *clusterp)
{
	const struct msdos_chain *ch = &np->n_chain;
	uint32_t i = ch->ch_shift == 0 ? 0 : idx >> ch->ch_shift;

	i = (uint32_t)kmin(i, ch->ch_n);
	*idxp = i << ch->ch_shift;
	*clusterp = i > 0 ? ch->ch_at[i - 1] : np->n_first;
	if (ch->ch_lastcl != 0 && ch->ch_lastidx <= idx &&
	    ch->ch_lastidx >= *idxp) {
		*idxp = ch->ch_lastidx;
		*clusterp = ch->ch_lastcl;
	}
}

/* What is known of clusters from count on isn't any more. */
static void
samples_cut(struct msdos_chain *ch, uint32_t count)
{
	while (ch->ch_n > 0 && ((uint64_t)ch->ch_n << ch->ch_shift) >= count)
		ch->ch_n--;
	if (ch->ch_lastcl != 0 && ch->ch_lastidx >= count)
		ch->ch_lastcl = 0;
}

/* ---- chains ------------------------------------------------------------------------- */

/* Readers share a file: the samples are under the mount's lock. */
static void
note_run(struct msdos_node *np, uint32_t idx, uint32_t cluster, uint32_t n)
{
	mutex_enter(&np->n_m->m_lock);
	samples_add(&np->n_chain, idx, cluster, n);
	mutex_exit(&np->n_m->m_lock);
}

/* Clusters that the file can have at most: a directory's entries are counted. */
static uint32_t
most_clusters(const struct msdos_node *np)
{
	const struct msdos_mount *m = np->n_m;

	return msdos_isdir(np) ? (uint32_t)kmin(m->m_geom.mg_clusters,
				     (MSDOS_DIR_MAX >> m->m_clshift) + 1)
			       : m->m_geom.mg_clusters;
}

/* The chain repeats itself after lambda clusters: how many different ones it has. */
static int
loop_clusters(struct msdos_node *np, uint64_t lambda)
{
	uint32_t ahead = np->n_first, behind = np->n_first;
	uint64_t mu = 0;
	int error = 0;

	for (uint64_t i = 0; i < lambda && error == 0; i++)
		error = msdos_fat_get(np->n_m, ahead, &ahead);
	for (; error == 0 && ahead != behind; mu++) {
		error = msdos_fat_get(np->n_m, ahead, &ahead);
		if (error == 0)
			error = msdos_fat_get(np->n_m, behind, &behind);
	}
	if (error == 0)
		np->n_loop = (uint32_t)(mu + lambda);
	return error;
}

/* Is the chain a loop, or else how long?  It may end in what is no cluster; a directory's
 * may be longer than it can be. */
static int
chain_measure(struct msdos_node *np)
{
	struct msdos_mount *m = np->n_m;
	uint32_t c = np->n_first, mark = c, n, next;
	uint64_t at = 0, markat = 0, steps = 0, limit = 1;
	uint32_t most = most_clusters(np);
	int error;

	while (np->n_loop == 0 && np->n_count == UINT32_MAX) {
		error = msdos_fat_peek(m, c, m->m_geom.mg_clusters, &n, &next);
		if (error != 0)
			return error;
		if (at < m->m_geom.mg_clusters)
			note_run(np, (uint32_t)at, c, n);
		at += n;
		c = next;
		if (next == FAT_END || (msdos_isdir(np) && at > most))
			np->n_count = (uint32_t)at;
		if (!msdos_cluster_ok(m, next))
			np->n_loop = UINT32_MAX;
		else if (c == mark)
			return loop_clusters(np, at - markat);
		else if (++steps == limit) {
			mark = c;
			markat = at;
			steps = 0;
			limit *= 2;
		}
	}
	return 0;
}

int
msdos_chain_find(struct msdos_node *np, uint32_t idx, uint32_t max,
    uint32_t *clusterp, uint32_t *lenp)
{
	struct msdos_mount *m = np->n_m;
	uint32_t at, c, n, next;
	int error;

	if (np->n_first == 0)
		return ENOENT;
	if (idx + (uint64_t)max > 1) {
		error = chain_measure(np);
		if (error != 0)
			return error;
		if (np->n_loop != 0 && idx >= np->n_loop)
			return msdos_damage(
			    m, np->n_st.st_ino, "its chain is a loop");
		if (np->n_loop != 0)
			max = (uint32_t)kmin(max, np->n_loop - idx);
	}
	mutex_enter(&m->m_lock);
	samples_nearest(np, idx, &at, &c);
	mutex_exit(&m->m_lock);
	for (;;) {
		/* As far as it goes in one piece, to what is wanted. */
		error = msdos_fat_peek(
		    m, c, idx - at + kmax(max, 1), &n, &next);
		if (error != 0)
			return error;
		if (next != FAT_END && !msdos_cluster_ok(m, next)) {
			/* A damaged end: told when that is asked for. */
			if (idx - at >= n - 1)
				return msdos_fat_run(
				    m, np->n_st.st_ino, c, n, &n, &next);
			n--;
		}
		note_run(np, at, c, n);
		if (idx - at < n)
			break;
		if (next == FAT_END) {
			np->n_count = at + n;
			return ENOENT;
		}
		at += n;
		c = next;
	}
	*clusterp = c + (idx - at);
	*lenp = n - (idx - at);
	return 0;
}

int
msdos_chain_count(struct msdos_node *np, uint32_t *countp)
{
	struct msdos_mount *m = np->n_m;
	uint32_t c, n, next;
	int error;

	if (np->n_first == 0)
		np->n_count = 0;
	if (np->n_count == UINT32_MAX) {
		error = chain_measure(np);
		if (error == 0 && np->n_loop != UINT32_MAX && np->n_loop != 0)
			error = msdos_damage(
			    m, np->n_st.st_ino, "its chain is a loop");
		/* It leads nowhere: to say where it is gone through again. */
		for (c = np->n_first; error == 0 && np->n_count == UINT32_MAX;
		     c = next)
			error = msdos_fat_run(m, np->n_st.st_ino, c,
			    m->m_geom.mg_clusters, &n, &next);
		if (error != 0)
			return error;
	}
	*countp = np->n_count;
	return 0;
}

int
msdos_chain_cut(struct msdos_node *np, uint32_t count)
{
	uint32_t have, keep = 0, first = np->n_first, n, next;
	int error;

	error = msdos_chain_count(np, &have);
	if (error != 0 || have <= count)
		return error;
	if (count > 0) {
		error = msdos_chain_find(np, count - 1, 1, &keep, &n);
		if (error == 0)
			error = msdos_fat_get(np->n_m, keep, &next);
		if (error != 0)
			return error;
		first = next;
	}
	error = msdos_fat_free(np->n_m, np->n_st.st_ino, keep, first);
	mutex_enter(&np->n_m->m_lock);
	samples_cut(&np->n_chain, count);
	mutex_exit(&np->n_m->m_lock);
	np->n_count = count;
	if (count == 0)
		np->n_first = 0;
	return error;
}

int
msdos_chain_grow(struct msdos_node *np, uint32_t count)
{
	struct msdos_mount *m = np->n_m;
	uint32_t have, before, tail = 0, first, n;
	int error, e;

	error = msdos_chain_count(np, &have);
	if (error != 0 || have >= count)
		return error;
	before = have;
	if (have > 0)
		error = msdos_chain_find(np, have - 1, 1, &tail, &n);
	while (error == 0 && have < count) {
		error = msdos_fat_alloc(m, tail, tail != 0 ? tail + 1 : 0,
		    count - have, &first, &n);
		if (error != 0)
			break;
		if (have == 0)
			np->n_first = first;
		note_run(np, have, first, n);
		have += n;
		np->n_count = have;
		tail = first + n - 1;
	}
	if (error != 0 && np->n_count > before) {
		e = msdos_chain_cut(np, before);
		if (e != 0)
			return e;
	}
	return error;
}

/* ---- runs ------------------------------------------------------------------------------ */

/* FAT12's and FAT16's root directory. */
static int
fixed_run(const struct msdos_mount *m, struct bmap_run *run)
{
	const struct msdos_geom *g = &m->m_geom;
	uint64_t size = g->mg_dataoff - g->mg_rootoff;

	if (run->bm_off >= size)
		return ENOSPC;
	run->bm_len = kmin(run->bm_len, size - run->bm_off);
	run->bm_devoff = g->mg_rootoff + run->bm_off;
	return 0;
}

int
msdos_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run)
{
	struct msdos_node *np = msdos_node_of(vp);
	struct msdos_mount *m = np->n_m;
	uint32_t idx = (uint32_t)(off >> m->m_clshift), count, cluster, n;
	uint64_t end, in = off & (m->m_geom.mg_cluster - 1);
	int error;

	*run = (struct bmap_run){
	    .bm_kind = BMAP_MAPPED,
	    .bm_off = off,
	    .bm_len = len,
	    .bm_dev = m->m_dev,
	};
	if (msdos_fixedroot(np))
		return fixed_run(m, run);
	if (add_overflow(off, len, &end) || end > MSDOS_FILE_MAX)
		return EFBIG;
	count = (uint32_t)howmany(end, m->m_geom.mg_cluster);
	if (how == BMAP_WRITE) {
		uint32_t have;

		error = msdos_begin(m);
		if (error == 0)
			error = msdos_chain_count(np, &have);
		if (error == 0 && idx >= have) {
			/* What is in one piece is enough for one run. */
			error = msdos_chain_grow(np, count);
			run->bm_flags = BM_NEW;
		} else {
			count = (uint32_t)kmin(count, have);
		}
		if (error != 0)
			return error;
	}
	error = msdos_chain_find(np, idx, count - idx, &cluster, &n);
	if (error == ENOENT) {
		if (off < np->n_st.st_size)
			return msdos_damage(m, np->n_st.st_ino,
			    "its chain is shorter than its size");
		run->bm_kind = BMAP_HOLE; /* past the end */
		return 0;
	}
	if (error != 0)
		return error;
	run->bm_devoff = msdos_cluster_off(&m->m_geom, cluster) + in;
	run->bm_len = kmin(len, ((uint64_t)n << m->m_clshift) - in);
	return 0;
}
