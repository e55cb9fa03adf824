/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buffer cache: finding, making and sharing buffers.  Writing them is
 * buf_write.c, forgetting them buf_forget.c.
 *
 * Where a buffer is:
 *	hash and area tables	always, from its making to its freeing
 *	LRU list		CLEAN and not busy: may be freed at any time
 *	its device's dirty list	DIRTY, busy or not
 *
 * Edges of b_state (buf_setstate() asserts them):
 *	EMPTY -> CLEAN (read, zeroed), EMPTY -> DIRTY (filled and written to)
 *	CLEAN <-> DIRTY
 *	any -> EMPTY (forgotten); EMPTY and not busy: freed at once
 *
 * The area table finds what lies in a range: as no buffer is longer than 64 KiB,
 * what overlaps one begins in its own 64 KiB areas or in the one in front.
 *
 * bc_lock is never held over I/O, nor over an allocation.  Reclaim trylocks it and
 * frees clean buffers only.
 */
#include "kern/klog.h"
#include "kern/klwp.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/buf_impl.h"
#include "vfs/mount.h"

#define FIRST_BUCKETS 64
#define CLEAN_BYTES   (2u << 20)
#define DIRTY_BYTES   (4u << 20)
#define LEAST_BYTES   (128u << 10)
/* Reading ahead: bytes at first, and once it turns out sequential. */
#define CLUSTER_FIRST 16384u
#define CLUSTER_MAX   65536u
#define CLUSTER_BUFS  64

struct bufcache bufcache;

/* ---- tables ----------------------------------------------------------------- */

struct klist *
buf_tableslot(struct klist *table, const struct blkdev *dev, uint64_t key)
{
	uint64_t h = (key ^ (uintptr_t)dev >> 4) * UINT64_C(0x9e3779b97f4a7c15);

	return &table[h >> 32 & (bufcache.bc_nbuckets - 1)];
}

static void
table_insert(struct buf *bp)
{
	struct bufcache *bc = &bufcache;

	klist_insert_head(
	    buf_tableslot(bc->bc_hash, bp->b_dev, bp->b_off), &bp->b_hashlink);
	klist_insert_head(
	    buf_tableslot(bc->bc_area, bp->b_dev, bp->b_off >> BUF_AREA_SHIFT),
	    &bp->b_arealink);
}

static struct buf *
table_find(const struct blkdev *dev, uint64_t off)
{
	struct klist *slot = buf_tableslot(bufcache.bc_hash, dev, off);
	struct klink *l;

	KLIST_FOREACH(l, slot)
	{
		struct buf *bp = klink_entry(l, struct buf, b_hashlink);

		if (bp->b_off == off && bp->b_dev == dev)
			return bp;
	}
	return NULL;
}

static bool
area_overlaps(const struct blkdev *dev, uint64_t area, uint64_t off,
    uint64_t end, const struct buf *but)
{
	struct klist *slot = buf_tableslot(bufcache.bc_area, dev, area);
	struct klink *l;

	KLIST_FOREACH(l, slot)
	{
		struct buf *bp = klink_entry(l, struct buf, b_arealink);

		if (bp != but && bp->b_dev == dev && bp->b_off < end &&
		    bp->b_off + bp->b_len > off)
			return true;
	}
	return false;
}

/* Is there a buffer, but this one, that has a byte of [off, end)? */
static bool
overlaps(
    const struct blkdev *dev, uint64_t off, uint64_t end, const struct buf *but)
{
	uint64_t area = off >> BUF_AREA_SHIFT;

	if (area > 0 && area_overlaps(dev, area - 1, off, end, but))
		return true;
	for (; area <= (end - 1) >> BUF_AREA_SHIFT; area++)
		if (area_overlaps(dev, area, off, end, but))
			return true;
	return false;
}

static struct klist *
tables_alloc(uint64_t nbuckets)
{
	struct klist *t = kmem_calloc(nbuckets * 2, sizeof(*t));

	for (uint64_t i = 0; t != NULL && i < nbuckets * 2; i++)
		klist_init(&t[i]);
	return t;
}

/* Twice the buckets, if there is memory; without bc_lock. */
static void
tables_grow(void)
{
	struct bufcache *bc = &bufcache;
	uint64_t n = bc->bc_nbuckets;
	struct klist *t = tables_alloc(n * 2), *old = NULL;
	struct klink *l;

	if (t == NULL)
		return;
	mutex_enter(&bc->bc_lock);
	if (bc->bc_nbuckets == n) {
		old = bc->bc_hash;
		bc->bc_hash = t;
		bc->bc_area = t + n * 2;
		bc->bc_nbuckets = n * 2;
		for (uint64_t i = 0; i < n; i++)
			while ((l = klist_first(&old[i])) != NULL) {
				struct buf *bp = klink_entry(
				    l, struct buf, b_hashlink);

				klink_remove(&bp->b_hashlink);
				klink_remove(&bp->b_arealink);
				table_insert(bp);
			}
		t = NULL;
	}
	mutex_exit(&bc->bc_lock);
	kmem_free(old, n * 2 * sizeof(*old));
	kmem_free(t, n * 4 * sizeof(*t));
}

/* ---- states ----------------------------------------------------------------- */

void
buf_setstate(struct buf *bp, enum buf_state state)
{
	struct bufcache *bc = &bufcache;

	KASSERT(bp->b_flags & B_BUSY);
	if (state == bp->b_state)
		return;
	if (bp->b_state == BUF_DIRTY) {
		klink_remove(&bp->b_dirtylink);
		bp->b_dev->bd_bufs.bb_dirty_bytes -= bp->b_len;
		bc->bc_dirty_bytes -= bp->b_len;
		buf_unpin(bp);
	}
	if (state == BUF_DIRTY) {
		klist_insert_tail(
		    &bp->b_dev->bd_bufs.bb_dirty, &bp->b_dirtylink);
		bp->b_dev->bd_bufs.bb_dirty_bytes += bp->b_len;
		bc->bc_dirty_bytes += bp->b_len;
		bp->b_dirtyseq = ++bc->bc_seq;
	}
	if (state == BUF_EMPTY) {
		bp->b_checked = 0;
	}
	bp->b_state = state;
}

void
buf_take(struct buf *bp)
{
	KASSERT(!(bp->b_flags & B_BUSY));
	bp->b_flags |= B_BUSY;
	bp->b_owner = curlwp;
	klink_remove(&bp->b_lrulink);
}

static kcondvar_t *
buf_cv(const struct buf *bp)
{
	return &bufcache.bc_cv[(uintptr_t)bp >> 7 & (BUF_NCVS - 1)];
}

void
buf_wait(struct buf *bp)
{
	bp->b_flags |= B_WANTED;
	cv_wait(buf_cv(bp), &bufcache.bc_lock);
}

static struct buf *
buf_alloc(uint32_t len)
{
	struct buf *bp = kmem_alloc(sizeof(*bp));

	if (bp == NULL)
		return NULL;
	memset(bp, 0, sizeof(*bp));
	bp->b_data = kmem_alloc(len);
	if (bp->b_data == NULL) {
		kmem_free(bp, sizeof(*bp));
		return NULL;
	}
	bp->b_len = len;
	klink_init(&bp->b_hashlink);
	klink_init(&bp->b_arealink);
	klink_init(&bp->b_lrulink);
	klink_init(&bp->b_dirtylink);
	return bp;
}

static void
buf_free(struct buf *bp)
{
	if (bp == NULL)
		return;
	kmem_free(bp->b_data, bp->b_len);
	kmem_free(bp, sizeof(*bp));
}

/* Out of all tables; it is the caller's then. */
static void
buf_unlink(struct buf *bp)
{
	KASSERT(bp->b_state != BUF_DIRTY);
	klink_remove(&bp->b_hashlink);
	klink_remove(&bp->b_arealink);
	klink_remove(&bp->b_lrulink);
	bufcache.bc_count--;
	bufcache.bc_bytes -= bp->b_len;
	bp->b_dev->bd_bufs.bb_count--;
}

void
buf_release(struct buf *bp)
{
	bool wanted = (bp->b_flags & B_WANTED) != 0;
	kcondvar_t *cv = buf_cv(bp);

	KASSERT((bp->b_flags & B_BUSY) && bp->b_owner == curlwp);
	bp->b_flags &= ~(uint32_t)(B_BUSY | B_WANTED);
	bp->b_owner = NULL;
	if (bp->b_state == BUF_EMPTY) {
		buf_unlink(bp);
		buf_free(bp);
	} else if (bp->b_state == BUF_CLEAN) {
		klist_insert_tail(&bufcache.bc_lru, &bp->b_lrulink);
	}
	if (wanted)
		cv_broadcast(cv);
}

/* A new buffer, busy and EMPTY, into the tables. */
static void
buf_enter(struct buf *bp, struct blkdev *dev, uint64_t off)
{
	bp->b_dev = dev;
	bp->b_off = off;
	bp->b_state = BUF_EMPTY;
	bp->b_flags = 0;
	bp->b_error = 0;
	bp->b_checked = 0;
	bufcache.bc_count++;
	bufcache.bc_bytes += bp->b_len;
	dev->bd_bufs.bb_count++;
	table_insert(bp);
	buf_take(bp);
}

/* ---- bounds ----------------------------------------------------------------- */

/* The least recently used one that can go; NULL. */
static struct buf *
lru_take(void)
{
	struct klink *l;

	KLIST_FOREACH(l, &bufcache.bc_lru)
	{
		struct buf *bp = klink_entry(l, struct buf, b_lrulink);

		if (bp->b_flags & B_PINNED)
			continue;
		buf_unlink(bp);
		return bp;
	}
	return NULL;
}

/* Memory for one more buffer of len bytes: an old one's, if it is time that one
 * went and it has the size.  NULL: allocate. */
static struct buf *
make_room(uint32_t len)
{
	struct bufcache *bc = &bufcache;
	struct buf *bp;

	while (bc->bc_bytes - bc->bc_dirty_bytes + len > bc->bc_clean_limit) {
		bp = lru_take();
		if (bp == NULL)
			return NULL;
		if (bp->b_len == len)
			return bp;
		buf_free(bp);
	}
	return NULL;
}

static uint64_t
buf_reclaim(uint64_t want)
{
	struct bufcache *bc = &bufcache;
	uint64_t freed = 0;
	struct buf *bp;

	if (!mutex_tryenter(&bc->bc_lock))
		return 0;
	while (freed < want && (bp = lru_take()) != NULL) {
		freed += bp->b_len + sizeof(*bp);
		buf_free(bp);
	}
	mutex_exit(&bc->bc_lock);
	return freed;
}

uint64_t
buf_memory(void)
{
	uint64_t n;

	mutex_enter(&bufcache.bc_lock);
	n = bufcache.bc_bytes;
	mutex_exit(&bufcache.bc_lock);
	return n;
}

int
buf_init(void)
{
	static struct kmem_reclaimer reclaimer = {
	    .kr_name = "buf", .kr_reclaim = buf_reclaim};
	struct bufcache *bc = &bufcache;
	uint64_t part = kmax(kmem_limit() / 8, LEAST_BYTES);

	bc->bc_hash = tables_alloc(FIRST_BUCKETS);
	if (bc->bc_hash == NULL)
		return ENOMEM;
	bc->bc_area = bc->bc_hash + FIRST_BUCKETS;
	bc->bc_nbuckets = FIRST_BUCKETS;
	mutex_init(&bc->bc_lock, RANK_BUFFER, "bufcache");
	for (unsigned i = 0; i < BUF_NCVS; i++)
		cv_init(&bc->bc_cv[i], "buf");
	klist_init(&bc->bc_lru);
	bc->bc_clean_limit = kmin(part, CLEAN_BYTES);
	bc->bc_dirty_limit = kmin(part, DIRTY_BYTES);
	bc->bc_dirty_next = bc->bc_dirty_limit;
	kmem_reclaimer_register(&reclaimer);
	return 0;
}

/* ---- finding and making ------------------------------------------------------ */

static int
used_twice(struct blkdev *dev, uint64_t off, const char *how)
{
	struct mount *mp = dev->bd_bufs.bb_mount;

	if (mp != NULL)
		mount_message(mp, 0, off, "block is %s: cross-linked", how);
	else
		klog("%s: byte %llu: block is %s: cross-linked", dev->bd_name,
		    (unsigned long long)off, how);
	return EUCLEAN;
}

/*
 * Find it, waiting while others have it.  ENOENT: it isn't there, and nothing
 * overlaps it.  bc_lock held.  EBUSY, EEXIST: used_twice().
 */
static int
find_busy(struct blkdev *dev, uint64_t off, uint32_t len, struct buf **bpp)
{
	struct buf *bp;

	while ((bp = table_find(dev, off)) != NULL) {
		if (bp->b_flags & B_BUSY && bp->b_owner == curlwp)
			return EBUSY;
		if (bp->b_flags & B_BUSY) {
			buf_wait(bp);
			continue;
		}
		if (bp->b_len != len)
			return EEXIST;
		buf_take(bp);
		*bpp = bp;
		return 0;
	}
	return overlaps(dev, off, off + len, NULL) ? EEXIST : ENOENT;
}

/* No memory may mean that the cache itself holds it, dirty. */
static struct buf *
buf_alloc_hard(struct blkdev *dev, uint32_t len)
{
	struct buf *bp = buf_alloc(len);

	if (bp != NULL)
		return bp;
	buf_write_some(dev);
	(void)buf_reclaim(2 * (uint64_t)len);
	return buf_alloc(len);
}

int
getblk(struct blkdev *dev, uint64_t off, uint32_t len, struct buf **bpp)
{
	struct bufcache *bc = &bufcache;
	struct buf *fresh = NULL;
	uint64_t end;
	bool grow;
	int error;

	KASSERT(len > 0 && len <= BUF_MAXSIZE);
	if (add_overflow(off, len, &end) || end > dev->bd_size)
		return EIO;
	mutex_enter(&bc->bc_lock);
	while ((error = find_busy(dev, off, len, bpp)) == ENOENT) {
		if (fresh == NULL)
			fresh = make_room(len);
		if (fresh != NULL) {
			buf_enter(fresh, dev, off);
			*bpp = fresh;
			fresh = NULL;
			error = 0;
			break;
		}
		mutex_exit(&bc->bc_lock);
		fresh = buf_alloc_hard(dev, len);
		if (fresh == NULL)
			return ENOMEM;
		mutex_enter(&bc->bc_lock);
	}
	grow = bc->bc_count > bc->bc_nbuckets;
	mutex_exit(&bc->bc_lock);
	buf_free(fresh);
	if (grow)
		tables_grow();
	if (error == EBUSY)
		return used_twice(dev, off, "in use already");
	if (error == EEXIST)
		return used_twice(dev, off, "part of another");
	return error;
}

static void
mark_valid(struct buf *bp)
{
	mutex_enter(&bufcache.bc_lock);
	buf_setstate(bp, BUF_CLEAN);
	mutex_exit(&bufcache.bc_lock);
}

int
getblk_zero(struct blkdev *dev, uint64_t off, uint32_t len, struct buf **bpp)
{
	int error = getblk(dev, off, len, bpp);

	if (error != 0)
		return error;
	memset((*bpp)->b_data, 0, len);
	(*bpp)->b_checked = 0;
	if ((*bpp)->b_state == BUF_EMPTY)
		mark_valid(*bpp);
	return 0;
}

int
bread(struct blkdev *dev, uint64_t off, uint32_t len, struct buf **bpp)
{
	int error = getblk(dev, off, len, bpp);

	if (error != 0 || (*bpp)->b_state != BUF_EMPTY)
		return error;
	error = blkdev_read(dev, (*bpp)->b_data, off, len, BIO_META);
	if (error != 0) {
		brelse(*bpp); /* EMPTY: it goes */
		return error;
	}
	mark_valid(*bpp);
	return 0;
}

/* A neighbour to be read along: busy and EMPTY; NULL where it is there already,
 * or there is no room to spare for it. */
static struct buf *
new_neighbour(struct blkdev *dev, uint64_t off, uint32_t len)
{
	struct bufcache *bc = &bufcache;
	struct buf *bp;

	mutex_enter(&bc->bc_lock);
	bp = overlaps(dev, off, off + len, NULL) ? NULL : make_room(len);
	if (bp != NULL) {
		buf_enter(bp, dev, off);
		mutex_exit(&bc->bc_lock);
		return bp;
	}
	mutex_exit(&bc->bc_lock);
	bp = buf_alloc(len);
	if (bp == NULL)
		return NULL;
	mutex_enter(&bc->bc_lock);
	if (overlaps(dev, off, off + len, NULL)) {
		buf_free(bp);
		bp = NULL;
	} else {
		buf_enter(bp, dev, off);
	}
	mutex_exit(&bc->bc_lock);
	return bp;
}

/* How many blocks from off on to read in one go. */
static unsigned
cluster_size(struct blkdev *dev, uint64_t off, uint32_t len, uint64_t rangeend)
{
	uint64_t bytes = CLUSTER_FIRST;

	mutex_enter(&bufcache.bc_lock);
	if (off >= len && table_find(dev, off - len) != NULL)
		bytes = CLUSTER_MAX;
	bytes = kmin(bytes, bufcache.bc_clean_limit / 4);
	mutex_exit(&bufcache.bc_lock);
	bytes = kmin(bytes, rangeend - off);
	return (unsigned)kmin(kmax(bytes / len, 1), CLUSTER_BUFS);
}

static int
read_cluster(struct blkdev *dev, struct buf **v, unsigned n)
{
	struct rumpuser_iov iov[CLUSTER_BUFS];
	uint32_t len = v[0]->b_len;
	int error;

	for (unsigned i = 0; i < n; i++)
		iov[i] = (struct rumpuser_iov){v[i]->b_data, len};
	error = blkdev_readv(
	    dev, iov, (int)n, v[0]->b_off, (uint64_t)n * len, BIO_META);
	mutex_enter(&bufcache.bc_lock);
	for (unsigned i = 0; i < n; i++) {
		if (error == 0)
			buf_setstate(v[i], BUF_CLEAN);
		if (i > 0)
			buf_release(v[i]);
	}
	mutex_exit(&bufcache.bc_lock);
	return error;
}

int
bread_cluster(struct blkdev *dev, uint64_t off, uint32_t len, uint64_t rangeoff,
    uint64_t rangelen, struct buf **bpp)
{
	struct buf *v[CLUSTER_BUFS];
	uint64_t end;
	unsigned n, i;
	int error = getblk(dev, off, len, bpp);

	if (error != 0 || (*bpp)->b_state != BUF_EMPTY)
		return error;
	v[0] = *bpp;
	if (add_overflow(rangeoff, rangelen, &end))
		end = dev->bd_size;
	end = kmin(end, dev->bd_size);
	n = off >= rangeoff && off < end ? cluster_size(dev, off, len, end) : 1;
	for (i = 1; i < n; i++)
		if ((v[i] = new_neighbour(dev, off + (uint64_t)i * len, len)) ==
		    NULL)
			break;
	error = read_cluster(dev, v, i);
	if (error != 0 && i > 1) /* is it the one that is wanted? */
		error = read_cluster(dev, v, 1);
	if (error != 0)
		brelse(v[0]);
	return error;
}

struct buf *
incore(struct blkdev *dev, uint64_t off, uint32_t len)
{
	struct buf *bp = NULL;

	mutex_enter(&bufcache.bc_lock);
	if (find_busy(dev, off, len, &bp) != 0) {
		bp = NULL;
	} else if (bp->b_state == BUF_EMPTY) {
		buf_release(bp);
		bp = NULL;
	}
	mutex_exit(&bufcache.bc_lock);
	return bp;
}

/* ---- letting go ----------------------------------------------------------------- */

void
brelse(struct buf *bp)
{
	mutex_enter(&bufcache.bc_lock);
	buf_release(bp);
	mutex_exit(&bufcache.bc_lock);
}

void
bdwrite(struct buf *bp)
{
	struct bufcache *bc = &bufcache;
	struct blkdev *dev = bp->b_dev;
	bool full;

	mutex_enter(&bc->bc_lock);
	buf_setstate(bp, BUF_DIRTY);
	if (dev->bd_bufs.bb_journal != NULL)
		buf_pin(bp);
	buf_release(bp);
	full = bc->bc_dirty_bytes > bc->bc_dirty_next;
	mutex_exit(&bc->bc_lock);
	if (full)
		buf_write_some(dev);
}

void
binval(struct buf *bp)
{
	mutex_enter(&bufcache.bc_lock);
	buf_setstate(bp, BUF_EMPTY);
	buf_release(bp);
	mutex_exit(&bufcache.bc_lock);
}

int
bresize(struct buf *bp, uint32_t newlen)
{
	struct bufcache *bc = &bufcache;
	uint8_t *data, *old = bp->b_data;
	uint32_t oldlen = bp->b_len;
	enum buf_state state = bp->b_state;
	uint64_t end = bp->b_off + newlen;

	KASSERT(newlen > 0 && newlen <= BUF_MAXSIZE);
	if (newlen == oldlen)
		return 0;
	if (end > bp->b_dev->bd_size)
		return EIO;
	data = kmem_alloc(newlen);
	if (data == NULL)
		return ENOMEM;
	memcpy(data, old, kmin(oldlen, newlen));
	if (newlen > oldlen)
		memset(data + oldlen, 0, newlen - oldlen);
	mutex_enter(&bc->bc_lock);
	if (newlen > oldlen &&
	    overlaps(bp->b_dev, bp->b_off + oldlen, end, bp)) {
		mutex_exit(&bc->bc_lock);
		kmem_free(data, newlen);
		return used_twice(bp->b_dev, bp->b_off, "in another's way");
	}
	KASSERT(!(bp->b_flags & B_PINNED));
	if (state == BUF_DIRTY) /* the sums follow */
		buf_setstate(bp, BUF_CLEAN);
	bc->bc_bytes += newlen;
	bc->bc_bytes -= oldlen;
	bp->b_data = data;
	bp->b_len = newlen;
	buf_setstate(bp, state);
	mutex_exit(&bc->bc_lock);
	kmem_free(old, oldlen);
	return 0;
}

void
bsetmount(struct blkdev *dev, struct mount *mp)
{
	mutex_enter(&bufcache.bc_lock);
	dev->bd_bufs.bb_mount = mp;
	mutex_exit(&bufcache.bc_lock);
}
