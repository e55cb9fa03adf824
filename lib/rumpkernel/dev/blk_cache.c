/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cache in front of a back end that has none of its own (bd_cached is false
 * below): lines of 16 KiB, at most as many as asked for, least recently used
 * first out, sequential reads ahead in one request.
 *
 *	line:  absent -> clean <-> dirty
 *
 * Writes stay in lines until a flush or a BIO_BARRIER write, or until room is
 * needed; they go down in ascending order, neighbours joined.  What was written in
 * front of a barrier is durable before what comes after it reaches a line: order
 * between barriers isn't kept, as with any disk's cache.
 *
 * One lock, held over the I/O below.
 */
#include "dev/blkdev.h"
#include "dev/blkdev_impl.h"
#include "dev/iovcur.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/ksort.h"
#include "kern/kstring.h"

#define LINE_BYTES  UINT64_C(16384)
#define MIN_LINES   8
#define MAX_CLUSTER 8 /* lines in one request */
#define NBUCKETS    256

struct line {
	struct line *ln_next; /* in its bucket */
	struct klink ln_lru;  /* first: least recently used */
	uint64_t ln_no;
	bool ln_dirty;
	uint8_t *ln_mem;
};
struct cachedev {
	kmutex_t cd_lock;
	uint64_t cd_maxlines, cd_nlines, cd_ndirty;
	uint64_t cd_lastread; /* line, for read-ahead */
	unsigned cd_ahead;    /* lines */
	struct klist cd_lru;
	struct line *cd_bucket[NBUCKETS];
};

static struct line **
bucket(struct cachedev *cd, uint64_t no)
{
	return &cd->cd_bucket[no % NBUCKETS];
}

static struct line *
line_find(struct cachedev *cd, uint64_t no)
{
	struct line *ln = *bucket(cd, no);

	while (ln != NULL && ln->ln_no != no)
		ln = ln->ln_next;
	return ln;
}

static uint64_t
line_bytes(const struct blkdev *dev, uint64_t no)
{
	return kmin(LINE_BYTES, dev->bd_size - no * LINE_BYTES);
}

static void
line_use(struct cachedev *cd, struct line *ln)
{
	klink_remove(&ln->ln_lru);
	klist_insert_tail(&cd->cd_lru, &ln->ln_lru);
}

static void
line_free(struct cachedev *cd, struct line *ln)
{
	struct line **lp = bucket(cd, ln->ln_no);

	while (*lp != ln)
		lp = &(*lp)->ln_next;
	*lp = ln->ln_next;
	klink_remove(&ln->ln_lru);
	cd->cd_nlines--;
	if (ln->ln_dirty)
		cd->cd_ndirty--;
	kmem_free(ln->ln_mem, LINE_BYTES);
	kmem_free(ln, sizeof(*ln));
}

static void
line_dirty(struct cachedev *cd, struct line *ln)
{
	if (!ln->ln_dirty)
		cd->cd_ndirty++;
	ln->ln_dirty = true;
}

/* ---- write-back ------------------------------------------------------------ */

static bool
line_before(const void *a, const void *b)
{
	return ((const struct line *)a)->ln_no <
	    ((const struct line *)b)->ln_no;
}

static int
write_joined(struct blkdev *dev, struct line **v, size_t n)
{
	struct cachedev *cd = dev->bd_data;
	struct rumpuser_iov iov[MAX_CLUSTER];
	size_t i, done;
	uint64_t len;
	int error;

	for (; n > 0; v += done, n -= done) {
		for (done = 0, len = 0; done < n && done < MAX_CLUSTER &&
		     v[done]->ln_no == v[0]->ln_no + done;
		     done++) {
			iov[done].iov_base = v[done]->ln_mem;
			iov[done].iov_len = line_bytes(dev, v[done]->ln_no);
			len += iov[done].iov_len;
		}
		error = blkdev_writev(dev->bd_lower, iov, (int)done,
		    v[0]->ln_no * LINE_BYTES, len, 0);
		if (error != 0)
			return error;
		for (i = 0; i < done; i++)
			v[i]->ln_dirty = false;
		cd->cd_ndirty -= done;
	}
	return 0;
}

static int
cache_writeback(struct blkdev *dev)
{
	struct cachedev *cd = dev->bd_data;
	size_t n = cd->cd_ndirty, i = 0;
	struct klink *l;
	struct line **v;
	int error;

	if (n == 0)
		return 0;
	v = kmem_calloc(n, sizeof(struct line *));
	if (v == NULL)
		return ENOMEM;
	KLIST_FOREACH(l, &cd->cd_lru)
	{
		struct line *ln = klink_entry(l, struct line, ln_lru);

		if (ln->ln_dirty)
			v[i++] = ln;
	}
	KASSERT(i == n);
	ksort_ptrs((void **)v, n, line_before);
	error = write_joined(dev, v, n);
	kmem_free(v, n * sizeof(struct line *));
	return error;
}

static int
cache_barrier(struct blkdev *dev)
{
	int error = cache_writeback(dev);

	return error != 0 ? error : blkdev_flush(dev->bd_lower);
}

/* ---- lines ----------------------------------------------------------------- */

static int
make_room(struct blkdev *dev)
{
	struct cachedev *cd = dev->bd_data;
	struct line *ln;
	int error;

	while (cd->cd_nlines >= cd->cd_maxlines) {
		ln = klink_entry(klist_first(&cd->cd_lru), struct line, ln_lru);
		if (ln->ln_dirty) {
			error = cache_writeback(dev);
			if (error != 0)
				return error;
		}
		line_free(cd, ln);
	}
	return 0;
}

/* A line that isn't there yet; its content is the caller's to fill. */
static int
line_make(struct blkdev *dev, uint64_t no, struct line **lnp)
{
	struct cachedev *cd = dev->bd_data;
	struct line *ln, **lp;
	int error = make_room(dev);

	if (error != 0)
		return error;
	ln = kmem_zalloc(sizeof(*ln));
	if (ln != NULL)
		ln->ln_mem = kmem_alloc(LINE_BYTES);
	if (ln == NULL || ln->ln_mem == NULL) {
		kmem_free(ln, sizeof(*ln));
		return ENOMEM;
	}
	ln->ln_no = no;
	lp = bucket(cd, no);
	ln->ln_next = *lp;
	*lp = ln;
	klist_insert_tail(&cd->cd_lru, &ln->ln_lru);
	cd->cd_nlines++;
	*lnp = ln;
	return 0;
}

/* How many lines to read from no on: want of them are needed. */
static unsigned
cluster_len(struct blkdev *dev, uint64_t no, unsigned want)
{
	struct cachedev *cd = dev->bd_data;
	uint64_t end = howmany(dev->bd_size, LINE_BYTES);
	unsigned n, max;

	if (no == cd->cd_lastread + 1)
		cd->cd_ahead = (unsigned)kmin(
		    cd->cd_ahead * 2 + 1, MAX_CLUSTER);
	else
		cd->cd_ahead = 0;
	max = (unsigned)kmin(kmax(want, cd->cd_ahead), MAX_CLUSTER);
	max = (unsigned)kmin(max, kmax(1, cd->cd_maxlines / 2));
	for (n = 1; n < max && no + n < end && line_find(cd, no + n) == NULL;
	     n++)
		;
	return n;
}

static int
lines_load(struct blkdev *dev, uint64_t no, unsigned want)
{
	struct cachedev *cd = dev->bd_data;
	struct line *ln[MAX_CLUSTER];
	struct rumpuser_iov iov[MAX_CLUSTER];
	unsigned n = cluster_len(dev, no, want), i;
	uint64_t len = 0;
	int error = 0;

	for (i = 0; i < n; i++) {
		error = line_make(dev, no + i, &ln[i]);
		if (error != 0)
			break;
		iov[i].iov_base = ln[i]->ln_mem;
		iov[i].iov_len = line_bytes(dev, no + i);
		len += iov[i].iov_len;
	}
	n = i;
	if (n > 0)
		error = blkdev_readv(
		    dev->bd_lower, iov, (int)n, no * LINE_BYTES, len, 0);
	/* A bad sector further on mustn't fail a read that doesn't want it. */
	if (error != 0 && n > 1 &&
	    blkdev_readv(
		dev->bd_lower, iov, 1, no * LINE_BYTES, iov->iov_len, 0) == 0) {
		error = 0;
		while (n > 1)
			line_free(cd, ln[--n]);
	}
	while (error != 0 && n > 0)
		line_free(cd, ln[--n]);
	if (n > 0)
		cd->cd_lastread = no + n - 1;
	return error;
}

/* The line, with content; want lines are going to be asked for from it on. */
static int
line_get(struct blkdev *dev, uint64_t no, unsigned want, struct line **lnp)
{
	struct cachedev *cd = dev->bd_data;
	int error;

	*lnp = line_find(cd, no);
	if (*lnp == NULL) {
		error = lines_load(dev, no, want);
		if (error != 0)
			return error;
		*lnp = line_find(cd, no);
	}
	line_use(cd, *lnp);
	return 0;
}

static int
cache_rw(struct blkdev *dev, struct bio *bio)
{
	struct cachedev *cd = dev->bd_data;
	bool write = bio->bio_op != BIO_READ, whole;
	uint64_t off = bio->bio_off, end = off + bio->bio_len, no, in, n, want;
	struct iovcur ic;
	struct line *ln;
	int error;

	iovcur_init(&ic, bio->bio_iov, bio->bio_iovcnt);
	for (; off < end; off += n) {
		no = off / LINE_BYTES;
		in = off % LINE_BYTES;
		n = kmin(end - off, LINE_BYTES - in);
		whole = write && n == line_bytes(dev, no);
		want = write ? 1 : howmany(end, LINE_BYTES) - no;
		if (whole && line_find(cd, no) == NULL)
			error = line_make(dev, no, &ln);
		else
			error = line_get(
			    dev, no, (unsigned)kmin(want, MAX_CLUSTER), &ln);
		if (error != 0)
			return error;
		if (!write)
			iovcur_fill(&ic, ln->ln_mem + in, n);
		else if (bio->bio_op == BIO_WRITE)
			iovcur_drain(&ic, ln->ln_mem + in, n);
		else
			memset(ln->ln_mem + in, 0, n);
		if (write)
			line_dirty(cd, ln);
	}
	return 0;
}

/* Whole lines are dropped and zeroed below, the edges in their lines. */
static int
cache_zero(struct blkdev *dev, struct bio *bio)
{
	struct cachedev *cd = dev->bd_data;
	uint64_t off = bio->bio_off, end = off + bio->bio_len;
	uint64_t lo = roundup2(off, LINE_BYTES),
		 hi = rounddown2(end, LINE_BYTES);
	struct bio part = {.bio_op = BIO_ZERO, .bio_off = off};
	struct line *ln;
	int error;

	if (lo >= hi) {
		part.bio_len = end - off;
		return cache_rw(dev, &part);
	}
	part.bio_len = lo - off;
	error = cache_rw(dev, &part);
	part.bio_off = hi;
	part.bio_len = end - hi;
	if (error == 0)
		error = cache_rw(dev, &part);
	if (error != 0)
		return error;
	for (uint64_t no = lo / LINE_BYTES;
	     no < hi / LINE_BYTES && cd->cd_nlines > 0; no++)
		if ((ln = line_find(cd, no)) != NULL)
			line_free(cd, ln);
	part.bio_op = bio->bio_op;
	part.bio_off = lo;
	part.bio_len = hi - lo;
	return blkdev_dispatch(dev->bd_lower, &part);
}

static int
cache_io(struct blkdev *dev, struct bio *bio)
{
	struct cachedev *cd = dev->bd_data;
	int error = 0;

	mutex_enter(&cd->cd_lock);
	if (bio->bio_op == BIO_WRITE && (bio->bio_flags & BIO_BARRIER) != 0)
		error = cache_barrier(dev);
	if (error == 0) {
		switch (bio->bio_op) {
		case BIO_READ:
		case BIO_WRITE:
			error = cache_rw(dev, bio);
			break;
		case BIO_FLUSH:
			error = cache_barrier(dev);
			break;
		case BIO_DISCARD:
		case BIO_ZERO:
			error = cache_zero(dev, bio);
			break;
		}
	}
	mutex_exit(&cd->cd_lock);
	return error;
}

static void
drop_all(struct cachedev *cd)
{
	struct klink *l;

	while ((l = klist_first(&cd->cd_lru)) != NULL)
		line_free(cd, klink_entry(l, struct line, ln_lru));
}

static int
cache_setsize(struct blkdev *dev, uint64_t size)
{
	struct cachedev *cd = dev->bd_data;
	int error;

	mutex_enter(&cd->cd_lock);
	error = cache_writeback(dev);
	if (error == 0)
		error = blkdev_setsize(dev->bd_lower, size);
	if (error == 0) {
		drop_all(cd);
		dev->bd_size = size;
	}
	mutex_exit(&cd->cd_lock);
	return error;
}

static void
cache_destroy(struct blkdev *dev)
{
	struct cachedev *cd = dev->bd_data;
	int error = cache_writeback(dev);

	if (error != 0)
		klog("%s: %llu bytes could not be written: error %d",
		    dev->bd_name,
		    (unsigned long long)(cd->cd_ndirty * LINE_BYTES), error);
	drop_all(cd);
	mutex_destroy(&cd->cd_lock);
	kmem_free(cd, sizeof(*cd));
}

static const struct blkdev_ops cache_ops = {
    .bo_name = "cache",
    .bo_io = cache_io,
    .bo_setsize = cache_setsize,
    .bo_destroy = cache_destroy,
};

int
blkdev_cache_create(struct blkdev *lower, uint64_t bytes, struct blkdev **devp)
{
	struct cachedev *cd = kmem_zalloc(sizeof(*cd));

	*devp = cd != NULL ? blkdev_alloc(&cache_ops, lower, cd) : NULL;
	if (*devp == NULL) {
		kmem_free(cd, sizeof(*cd));
		return ENOMEM;
	}
	mutex_init(&cd->cd_lock, blkdev_lockrank(lower), "cachedev");
	cd->cd_maxlines = kmax(bytes / LINE_BYTES, MIN_LINES);
	cd->cd_lastread = UINT64_MAX - 1;
	klist_init(&cd->cd_lru);
	(*devp)->bd_cached = true;
	return 0;
}
