/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table: an entry a cluster, which says what comes after it in its file's chain.
 *
 * The table is read through the buffer cache, FAT12's whole (an entry may lie across
 * two sectors), the others in blocks of 4 KiB.  What is changed goes to all FATs
 * where the volume mirrors them.
 *
 * From the first change on there is a map of the clusters in use (msdos_check.c), and
 * the count of free ones is right; what FSInfo says of both is a hint where to look.
 */
#include "fs/msdos/msdos.h"
#include "kern/kbitmap.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define FATBLK 4096u

/* ---- entries -------------------------------------------------------------------- */

/* The block of a FAT that has the cluster's entry, busy; *inp: where in it. */
static int
fat_buf(struct msdos_mount *m, uint32_t fat, uint32_t cluster, struct buf **bpp,
    uint32_t *inp)
{
	const struct msdos_geom *g = &m->m_geom;
	uint64_t size = (uint64_t)g->mg_fatsectors * g->mg_sector;
	uint64_t off = msdos_fat_off(g->mg_fat, cluster), start, len;
	uint64_t base = ((uint64_t)g->mg_reserved +
			    (uint64_t)fat * g->mg_fatsectors) *
	    g->mg_sector;

	if (g->mg_fat == 12) {
		start = 0;
		len = roundup2(
		    msdos_fat_off(12, g->mg_clusters + 2) + 2, g->mg_sector);
	} else {
		start = rounddown2(off, FATBLK);
		len = FATBLK;
	}
	len = kmin(len, size - start);
	*inp = (uint32_t)(off - start);
	return bread_cluster(
	    m->m_dev, base + start, (uint32_t)len, base, size, bpp);
}

/* Of the entry's own width to FAT32's. */
static uint32_t
widen(uint32_t fat, uint32_t v)
{
	uint32_t top = fat == 12 ? 0xfff : fat == 16 ? 0xffff : 0x0fffffff;

	v &= top;
	if (v >= top - 7)
		return FAT_END;
	return v == top - 8 ? FAT_BAD : v;
}

static uint32_t
entry_get(uint32_t fat, uint32_t cluster, const uint8_t *p)
{
	uint32_t v = p[0] | (uint32_t)p[1] << 8;

	if (fat == 12)
		return widen(fat, cluster % 2 == 1 ? v >> 4 : v);
	if (fat == 32)
		v |= (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	return widen(fat, v);
}

/* The bits around a narrower entry, and FAT32's upper four, stay. */
static void
entry_put(uint32_t fat, uint32_t cluster, uint8_t *p, uint32_t v)
{
	if (fat == 12 && cluster % 2 == 1) {
		p[0] = (uint8_t)((p[0] & 0x0f) | (v & 0x0f) << 4);
		p[1] = (uint8_t)(v >> 4);
	} else if (fat == 12) {
		p[0] = (uint8_t)v;
		p[1] = (uint8_t)((p[1] & 0xf0) | (v >> 8 & 0x0f));
	} else {
		p[0] = (uint8_t)v;
		p[1] = (uint8_t)(v >> 8);
		if (fat == 32) {
			p[2] = (uint8_t)(v >> 16);
			p[3] = (uint8_t)((p[3] & 0xf0) | (v >> 24 & 0x0f));
		}
	}
}

int
msdos_fat_get(struct msdos_mount *m, uint32_t cluster, uint32_t *valp)
{
	struct buf *bp;
	uint32_t in;
	int error;

	error = fat_buf(m, m->m_active, cluster, &bp, &in);
	if (error != 0)
		return error;
	*valp = entry_get(m->m_geom.mg_fat, cluster, bp->b_data + in);
	brelse(bp);
	return 0;
}

/* A block of the active FAT has changed: so do its copies.  bp is released. */
static int
block_done(struct msdos_mount *m, uint32_t cluster, struct buf *bp)
{
	int error = 0;

	for (uint32_t f = 0; f < m->m_geom.mg_nfats && m->m_mirror; f++) {
		struct buf *copy;
		uint32_t in;

		if (f == m->m_active)
			continue;
		error = fat_buf(m, f, cluster, &copy, &in);
		if (error != 0)
			break;
		memcpy(copy->b_data, bp->b_data, bp->b_len);
		bdwrite(copy);
	}
	bdwrite(bp);
	return error;
}

/*
 * n clusters in one piece: each leads to the next, the last to last; FAT_FREE: all
 * are free.
 */
static int
set_run(struct msdos_mount *m, uint32_t first, uint32_t n, uint32_t last)
{
	uint32_t fat = m->m_geom.mg_fat, c = first, end = first + n;
	int error = 0;

	while (c < end && error == 0) {
		struct buf *bp;
		uint32_t in, from = c;

		error = fat_buf(m, m->m_active, c, &bp, &in);
		if (error != 0)
			break;
		do {
			uint32_t v = last == FAT_FREE ? FAT_FREE
			    : c + 1 < end	      ? c + 1
						      : last;

			entry_put(fat, c, bp->b_data + in, v);
			c++;
			in = (uint32_t)(msdos_fat_off(fat, c) -
			    (fat == 12 ? 0
				       : rounddown2(msdos_fat_off(fat, from),
					     FATBLK)));
		} while (c < end && in + 1 < bp->b_len);
		error = block_done(m, from, bp);
	}
	return error;
}

/* ---- chains ------------------------------------------------------------------------ */

static int
bad_link(struct msdos_mount *m, uint64_t ino, uint32_t cluster, uint32_t next)
{
	if (next == FAT_FREE)
		return msdos_damage(m, ino,
		    "its chain leads from cluster %u to a free one", cluster);
	return msdos_damage(m, ino,
	    "its chain leads from cluster %u to %#x, which is no cluster",
	    cluster, next);
}

int
msdos_fat_peek(struct msdos_mount *m, uint32_t cluster, uint32_t max,
    uint32_t *lenp, uint32_t *nextp)
{
	uint32_t fat = m->m_geom.mg_fat, c = cluster, n = 1, in, next;
	uint64_t start;
	struct buf *bp;
	int error;

	for (;;) {
		error = fat_buf(m, m->m_active, c, &bp, &in);
		if (error != 0)
			return error;
		start = msdos_fat_off(fat, c) - in;
		for (;;) {
			next = entry_get(fat, c, bp->b_data + in);
			if (next != c + 1 || n >= max ||
			    !msdos_cluster_ok(m, next))
				break;
			c = next;
			n++;
			in = (uint32_t)(msdos_fat_off(fat, c) - start);
			if (in + 1 >= bp->b_len)
				break;
		}
		brelse(bp);
		if (in + 1 < bp->b_len)
			break; /* not at the block's end */
	}
	*lenp = n;
	*nextp = next;
	return 0;
}

int
msdos_fat_run(struct msdos_mount *m, uint64_t ino, uint32_t cluster,
    uint32_t max, uint32_t *lenp, uint32_t *nextp)
{
	int error = msdos_fat_peek(m, cluster, max, lenp, nextp);

	if (error == 0 && *nextp != FAT_END && !msdos_cluster_ok(m, *nextp))
		error = bad_link(m, ino, cluster + *lenp - 1, *nextp);
	return error;
}

/* ---- the maps ------------------------------------------------------------------------ */

static size_t
map_bytes(const struct msdos_mount *m)
{
	return (size_t)howmany(
	    (uint64_t)m->m_geom.mg_clusters + MSDOS_FIRST_CLUSTER, 8);
}

void
msdos_fat_destroy(struct msdos_mount *m)
{
	if (m->m_used != NULL)
		kmem_free(m->m_used, map_bytes(m));
	m->m_used = NULL;
}

int
msdos_fat_scan(
    struct msdos_mount *m, uint8_t *used, uint8_t *led, uint32_t *freep)
{
	uint32_t fat = m->m_geom.mg_fat, c = MSDOS_FIRST_CLUSTER, in, v;
	uint32_t end = m->m_geom.mg_clusters + MSDOS_FIRST_CLUSTER, nfree = 0;
	int error = 0;

	while (c < end && error == 0) {
		struct buf *bp;
		uint64_t start;

		error = fat_buf(m, m->m_active, c, &bp, &in);
		if (error != 0)
			break;
		start = msdos_fat_off(fat, c) - in;
		for (; c < end && error == 0; c++) {
			in = (uint32_t)(msdos_fat_off(fat, c) - start);
			if (in + 1 >= bp->b_len)
				break;
			v = entry_get(fat, c, bp->b_data + in);
			if (v == FAT_FREE) {
				nfree++;
				continue;
			}
			if (used == NULL)
				continue;
			bit_set(used, c);
			if (led == NULL || !msdos_cluster_ok(m, v))
				continue;
			if (bit_test(led, v))
				error = msdos_damage(
				    m, 0, "two chains lead to cluster %u", v);
			bit_set(led, v);
		}
		brelse(bp);
	}
	*freep = nfree;
	return error;
}

void
msdos_fat_setmap(struct msdos_mount *m, uint8_t *used, uint32_t nfree)
{
	mutex_enter(&m->m_lock);
	KASSERT(m->m_used == NULL);
	bit_setrange(used, 0, MSDOS_FIRST_CLUSTER);
	m->m_used = used;
	m->m_free = nfree;
	mutex_exit(&m->m_lock);
}

int
msdos_fat_count(struct msdos_mount *m, uint32_t *freep)
{
	int error = 0;

	mutex_enter(&m->m_lock);
	if (m->m_free == UINT32_MAX)
		error = msdos_fat_scan(m, NULL, NULL, &m->m_free);
	*freep = error == 0 ? m->m_free : 0;
	if (error != 0)
		m->m_free = UINT32_MAX;
	mutex_exit(&m->m_lock);
	return error;
}

/* ---- allocation ------------------------------------------------------------------------ */

/* A run of free clusters: at goal if that is free, else one that is long enough from
 * m_next on, else the first there is.  0: none. */
static uint32_t
find_run(const struct msdos_mount *m, uint32_t goal, uint32_t want)
{
	uint64_t end = (uint64_t)m->m_geom.mg_clusters + MSDOS_FIRST_CLUSTER;
	uint64_t from = m->m_next, at;

	if (goal >= MSDOS_FIRST_CLUSTER && goal < end &&
	    !bit_test(m->m_used, goal))
		return goal;
	if (from < MSDOS_FIRST_CLUSTER || from >= end)
		from = MSDOS_FIRST_CLUSTER;
	at = bit_findclearrun(m->m_used, from, end, want);
	if (at == end)
		at = bit_findclearrun(
		    m->m_used, MSDOS_FIRST_CLUSTER, end, want);
	if (at == end)
		at = bit_findclear(m->m_used, from, end);
	if (at == end)
		at = bit_findclear(m->m_used, MSDOS_FIRST_CLUSTER, end);
	return at == end ? 0 : (uint32_t)at;
}

int
msdos_fat_alloc(struct msdos_mount *m, uint32_t tail, uint32_t goal,
    uint32_t want, uint32_t *firstp, uint32_t *lenp)
{
	uint64_t end = (uint64_t)m->m_geom.mg_clusters + MSDOS_FIRST_CLUSTER;
	uint32_t first, n;
	int error;

	mutex_enter(&m->m_lock);
	KASSERT(m->m_used != NULL);
	first = find_run(m, goal, want);
	if (first == 0) {
		error = ENOSPC;
		goto out;
	}
	n = (uint32_t)(bit_findset(m->m_used, first,
			   kmin(end, (uint64_t)first + want)) -
	    first);
	error = set_run(m, first, n, FAT_END);
	if (error == 0 && tail != 0)
		error = set_run(m, tail, 1, first);
	if (error != 0)
		goto out;
	bit_setrange(m->m_used, first, n);
	m->m_free -= n;
	m->m_next = first + n;
	*firstp = first;
	*lenp = n;
out:
	mutex_exit(&m->m_lock);
	return error;
}

int
msdos_fat_free(
    struct msdos_mount *m, uint64_t ino, uint32_t keep, uint32_t first)
{
	uint32_t c = first, n, next, steps = 0;
	int error = 0;

	mutex_enter(&m->m_lock);
	KASSERT(m->m_used != NULL);
	if (keep != 0)
		error = set_run(m, keep, 1, FAT_END);
	while (error == 0 && c != FAT_END) {
		/* A chain that comes back leads to what is free by then. */
		error = msdos_fat_run(
		    m, ino, c, m->m_geom.mg_clusters, &n, &next);
		if (error == 0)
			error = set_run(m, c, n, FAT_FREE);
		if (error != 0)
			break;
		m->m_free += (uint32_t)bit_count(m->m_used, c, n);
		bit_clearrange(m->m_used, c, n);
		steps += n;
		if (steps > m->m_geom.mg_clusters)
			error = msdos_damage(m, ino, "its chain is a loop");
		c = next;
	}
	mutex_exit(&m->m_lock);
	return error;
}

/* ---- FSInfo and the mark ------------------------------------------------------------------ */

static int
fsinfo_buf(
    struct msdos_mount *m, struct buf **bpp, struct msdos_fsinfo_disk **fip)
{
	const struct msdos_geom *g = &m->m_geom;
	int error;

	if (g->mg_fsinfo == 0)
		return ENOENT;
	error = bread(
	    m->m_dev, (uint64_t)g->mg_fsinfo * g->mg_sector, g->mg_sector, bpp);
	if (error != 0)
		return error;
	*fip = (void *)(*bpp)->b_data;
	if (le32_get((*fip)->fi_magic1) == MSDOS_FSINFO1 &&
	    le32_get((*fip)->fi_magic2) == MSDOS_FSINFO2)
		return 0;
	brelse(*bpp);
	return ENOENT; /* none after all */
}

int
msdos_fsinfo_get(struct msdos_mount *m)
{
	struct msdos_fsinfo_disk *fi;
	struct buf *bp;
	int error;

	error = fsinfo_buf(m, &bp, &fi);
	if (error != 0)
		return error == ENOENT ? 0 : error;
	m->m_next = le32_get(fi->fi_next);
	brelse(bp);
	return 0;
}

int
msdos_fsinfo_put(struct msdos_mount *m)
{
	struct msdos_fsinfo_disk *fi;
	struct buf *bp;
	int error;

	error = fsinfo_buf(m, &bp, &fi);
	if (error != 0)
		return error == ENOENT ? 0 : error;
	le32_put(&fi->fi_free, m->m_free);
	le32_put(&fi->fi_next, m->m_next);
	bdwrite(bp);
	return 0;
}

static uint32_t
clean_bit(const struct msdos_mount *m)
{
	return m->m_geom.mg_fat == 32 ? MSDOS_FAT32_CLEAN : MSDOS_FAT16_CLEAN;
}

/* The second entry, all its bits. */
static uint32_t
raw_second(const struct msdos_mount *m, const uint8_t *p)
{
	uint32_t v = p[0] | (uint32_t)p[1] << 8;

	return m->m_geom.mg_fat == 32
	    ? v | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24
	    : v;
}

int
msdos_fat_isclean(struct msdos_mount *m, bool *cleanp)
{
	struct buf *bp;
	uint32_t in;
	int error;

	*cleanp = true;
	if (m->m_geom.mg_fat == 12)
		return 0; /* it has no such bit */
	error = fat_buf(m, m->m_active, 1, &bp, &in);
	if (error != 0)
		return error;
	*cleanp = (raw_second(m, bp->b_data + in) & clean_bit(m)) != 0;
	brelse(bp);
	return 0;
}

int
msdos_fat_mark(struct msdos_mount *m, bool clean)
{
	uint32_t in, v;
	struct buf *bp;
	int error;

	if (m->m_geom.mg_fat == 12)
		return 0;
	mutex_enter(&m->m_lock);
	error = fat_buf(m, m->m_active, 1, &bp, &in);
	if (error == 0) {
		v = raw_second(m, bp->b_data + in);
		v = clean ? v | clean_bit(m) : v & ~clean_bit(m);
		entry_put(m->m_geom.mg_fat, 1, bp->b_data + in, v);
		error = block_done(m, 1, bp);
	}
	mutex_exit(&m->m_lock);
	return error;
}
