/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copy on write, by block.  A block of the overlay is one of
 *
 *	(not in the table)	the lower device's block
 *	MEM			in memory: written here
 *	ZERO			zeros, without memory
 *	LOWER			another offset of the lower device (a journal's copy)
 *
 * so that memory follows the number of changed blocks.  Nothing reaches the lower
 * device before blkdev_overlay_commit(), which may be repeated after an error:
 * entries stay until all of it is written, and a LOWER entry whose source a commit
 * would overwrite is taken to memory first.
 *
 * Used for journal replay in memory, dry runs and undo.
 */
#include "dev/blkdev.h"
#include "dev/blkdev_impl.h"
#include "dev/iovcur.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/ksort.h"
#include "kern/kstring.h"

#define MIN_BUCKETS 64
#define MAX_JOIN    64 /* blocks written in one request by a commit */

enum ov_kind {
	OV_MEM,
	OV_ZERO,
	OV_LOWER,
};
struct ovblk {
	struct ovblk *ob_next;
	uint64_t ob_blk;
	enum ov_kind ob_kind;
	uint8_t *ob_mem;   /* MEM */
	uint64_t ob_lower; /* LOWER: byte offset */
};
struct overlaydev {
	kmutex_t od_lock; /* the table, and all I/O */
	uint32_t od_blksize;
	struct ovblk **od_bucket;
	uint64_t od_nbuckets, od_count;
};

static uint64_t
bucket_of(uint64_t blk, uint64_t nbuckets)
{
	return (blk * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (nbuckets - 1);
}

static struct ovblk *
ov_find(const struct overlaydev *od, uint64_t blk)
{
	struct ovblk *ob = od->od_bucket[bucket_of(blk, od->od_nbuckets)];

	while (ob != NULL && ob->ob_blk != blk)
		ob = ob->ob_next;
	return ob;
}

/* Twice the buckets; staying as it is works too. */
static void
ov_grow(struct overlaydev *od)
{
	uint64_t nbuckets = od->od_nbuckets * 2, i, b;
	struct ovblk **bucket = kmem_calloc(nbuckets, sizeof(*bucket)), *ob;

	if (bucket == NULL)
		return;
	for (i = 0; i < od->od_nbuckets; i++)
		while ((ob = od->od_bucket[i]) != NULL) {
			od->od_bucket[i] = ob->ob_next;
			b = bucket_of(ob->ob_blk, nbuckets);
			ob->ob_next = bucket[b];
			bucket[b] = ob;
		}
	kmem_free(od->od_bucket, od->od_nbuckets * sizeof(*bucket));
	od->od_bucket = bucket;
	od->od_nbuckets = nbuckets;
}

/* The block's entry as kind, made if it isn't there; content of MEM is undefined
 * where there was none. */
static int
ov_set(
    struct overlaydev *od, uint64_t blk, enum ov_kind kind, struct ovblk **obp)
{
	struct ovblk *ob = ov_find(od, blk);
	uint8_t *mem = NULL;
	uint64_t b;

	if (kind == OV_MEM && (ob == NULL || ob->ob_kind != OV_MEM)) {
		mem = kmem_alloc(od->od_blksize);
		if (mem == NULL)
			return ENOMEM;
	}
	if (ob == NULL) {
		ob = kmem_zalloc(sizeof(*ob));
		if (ob == NULL) {
			kmem_free(mem, od->od_blksize);
			return ENOMEM;
		}
		if (od->od_count++ >= od->od_nbuckets)
			ov_grow(od);
		b = bucket_of(blk, od->od_nbuckets);
		ob->ob_blk = blk;
		ob->ob_next = od->od_bucket[b];
		od->od_bucket[b] = ob;
	} else if (ob->ob_kind == OV_MEM && kind != OV_MEM) {
		kmem_free(ob->ob_mem, od->od_blksize);
		ob->ob_mem = NULL;
	}
	if (mem != NULL)
		ob->ob_mem = mem;
	ob->ob_kind = kind;
	*obp = ob;
	return 0;
}

/* The bytes of a block that exist: the device's last may be cut. */
static uint32_t
blk_bytes(const struct blkdev *dev, uint64_t blk)
{
	const struct overlaydev *od = dev->bd_data;

	return (uint32_t)kmin(
	    od->od_blksize, dev->bd_size - blk * od->od_blksize);
}

/* A whole block's present content into mem. */
static int
ov_load(struct blkdev *dev, uint64_t blk, uint8_t *mem)
{
	struct overlaydev *od = dev->bd_data;
	struct ovblk *ob = ov_find(od, blk);
	uint64_t off = blk * od->od_blksize;

	if (ob != NULL && ob->ob_kind == OV_MEM) {
		if (mem != ob->ob_mem)
			memcpy(mem, ob->ob_mem, od->od_blksize);
		return 0;
	}
	if (ob != NULL && ob->ob_kind == OV_ZERO) {
		memset(mem, 0, od->od_blksize);
		return 0;
	}
	if (ob != NULL)
		off = ob->ob_lower;
	return blkdev_read(dev->bd_lower, mem, off, blk_bytes(dev, blk), 0);
}

/* Take a block to memory, content and all. */
static int
ov_fault(struct blkdev *dev, uint64_t blk, struct ovblk **obp)
{
	struct overlaydev *od = dev->bd_data;
	uint8_t *mem;
	int error;

	*obp = ov_find(od, blk);
	if (*obp != NULL && (*obp)->ob_kind == OV_MEM)
		return 0;
	mem = kmem_alloc(od->od_blksize);
	if (mem == NULL)
		return ENOMEM;
	error = ov_load(dev, blk, mem);
	if (error == 0)
		error = ov_set(od, blk, OV_MEM, obp);
	if (error == 0)
		memcpy((*obp)->ob_mem, mem, od->od_blksize);
	kmem_free(mem, od->od_blksize);
	return error;
}

/* How long, from off on, the lower device is to be read at *lowerp: blocks
 * without an entry, and LOWER ones that follow each other, are joined. */
static uint64_t
lower_run(
    const struct blkdev *dev, uint64_t off, uint64_t len, uint64_t *lowerp)
{
	const struct overlaydev *od = dev->bd_data;
	uint64_t done = 0, inblk, at;
	struct ovblk *ob;

	while (done < len) {
		inblk = (off + done) % od->od_blksize;
		ob = ov_find(od, (off + done) / od->od_blksize);
		if (ob != NULL && ob->ob_kind != OV_LOWER)
			break;
		at = ob != NULL ? ob->ob_lower + inblk : off + done;
		if (done == 0)
			*lowerp = at;
		else if (at != *lowerp + done)
			break;
		done += kmin(len - done, od->od_blksize - inblk);
	}
	return done;
}

static int
ov_read_lower(
    struct blkdev *dev, struct iovcur *ic, uint64_t lower, uint64_t len)
{
	struct rumpuser_iov iov[16];
	uint64_t n;
	int cnt, error = 0;

	for (; len > 0 && error == 0; lower += n, len -= n) {
		n = iovcur_take(ic, len, iov, (int)nitems(iov), &cnt);
		error = blkdev_readv(dev->bd_lower, iov, cnt, lower, n, 0);
	}
	return error;
}

static int
ov_read(struct blkdev *dev, const struct bio *bio)
{
	struct overlaydev *od = dev->bd_data;
	uint64_t off = bio->bio_off, end = off + bio->bio_len, n, lower, inblk;
	struct iovcur ic;
	struct ovblk *ob;
	int error;

	iovcur_init(&ic, bio->bio_iov, bio->bio_iovcnt);
	for (; off < end; off += n) {
		n = lower_run(dev, off, end - off, &lower);
		if (n > 0) {
			error = ov_read_lower(dev, &ic, lower, n);
			if (error != 0)
				return error;
			continue;
		}
		inblk = off % od->od_blksize;
		n = kmin(end - off, od->od_blksize - inblk);
		ob = ov_find(od, off / od->od_blksize);
		if (ob->ob_kind == OV_MEM)
			iovcur_fill(&ic, ob->ob_mem + inblk, n);
		else
			iovcur_zero(&ic, n);
	}
	return 0;
}

/* WRITE; ZERO and DISCARD as writes of zeros. */
static int
ov_write(struct blkdev *dev, const struct bio *bio)
{
	struct overlaydev *od = dev->bd_data;
	uint64_t off = bio->bio_off, end = off + bio->bio_len, n, blk, inblk;
	bool zero = bio->bio_op != BIO_WRITE;
	struct iovcur ic;
	struct ovblk *ob;
	int error;

	iovcur_init(&ic, bio->bio_iov, bio->bio_iovcnt);
	for (; off < end; off += n) {
		blk = off / od->od_blksize;
		inblk = off % od->od_blksize;
		n = kmin(end - off, od->od_blksize - inblk);
		if (n < blk_bytes(dev, blk))
			error = ov_fault(dev, blk, &ob);
		else
			error = ov_set(od, blk, zero ? OV_ZERO : OV_MEM, &ob);
		if (error != 0)
			return error;
		if (ob->ob_kind == OV_MEM && zero)
			memset(ob->ob_mem + inblk, 0, n);
		else if (ob->ob_kind == OV_MEM)
			iovcur_drain(&ic, ob->ob_mem + inblk, n);
	}
	return 0;
}

static int
overlay_io(struct blkdev *dev, struct bio *bio)
{
	struct overlaydev *od = dev->bd_data;
	int error = 0;

	mutex_enter(&od->od_lock);
	switch (bio->bio_op) {
	case BIO_READ:
		error = ov_read(dev, bio);
		break;
	case BIO_DISCARD:
		if (!dev->bd_reads_zero)
			break;
		/* FALLTHROUGH */
	case BIO_WRITE:
	case BIO_ZERO:
		error = ov_write(dev, bio);
		break;
	case BIO_FLUSH: /* durable is only what is committed */
		break;
	}
	mutex_exit(&od->od_lock);
	return error;
}

static void
ov_clear(struct overlaydev *od)
{
	struct ovblk *ob;

	for (uint64_t i = 0; i < od->od_nbuckets; i++)
		while ((ob = od->od_bucket[i]) != NULL) {
			od->od_bucket[i] = ob->ob_next;
			kmem_free(ob->ob_mem, od->od_blksize);
			kmem_free(ob, sizeof(*ob));
		}
	od->od_count = 0;
}

static void
overlay_destroy(struct blkdev *dev)
{
	struct overlaydev *od = dev->bd_data;

	ov_clear(od);
	kmem_free(od->od_bucket, od->od_nbuckets * sizeof(*od->od_bucket));
	mutex_destroy(&od->od_lock);
	kmem_free(od, sizeof(*od));
}

static const struct blkdev_ops overlay_ops = {
    .bo_name = "overlay",
    .bo_io = overlay_io,
    .bo_destroy = overlay_destroy,
};

int
blkdev_overlay_create(
    struct blkdev *lower, uint32_t blksize, struct blkdev **devp)
{
	struct overlaydev *od;

	if (!ispow2(blksize))
		return EINVAL;
	od = kmem_zalloc(sizeof(*od));
	if (od == NULL)
		return ENOMEM;
	od->od_blksize = blksize;
	od->od_nbuckets = MIN_BUCKETS;
	od->od_bucket = kmem_calloc(MIN_BUCKETS, sizeof(*od->od_bucket));
	*devp = od->od_bucket != NULL ? blkdev_alloc(&overlay_ops, lower, od)
				      : NULL;
	if (*devp == NULL) {
		kmem_free(od->od_bucket, MIN_BUCKETS * sizeof(*od->od_bucket));
		kmem_free(od, sizeof(*od));
		return ENOMEM;
	}
	mutex_init(&od->od_lock, blkdev_lockrank(lower), "overlay");
	(*devp)->bd_readonly = false; /* it is memory that is written */
	return 0;
}

int
blkdev_overlay_map(struct blkdev *dev, uint64_t off, uint64_t lower_off)
{
	struct overlaydev *od = dev->bd_data;
	struct ovblk *ob;
	uint64_t end;
	int error;

	KASSERT(dev->bd_ops == &overlay_ops);
	if (off % od->od_blksize != 0 || off >= dev->bd_size ||
	    add_overflow(lower_off, od->od_blksize, &end) ||
	    end > dev->bd_lower->bd_size)
		return EINVAL;
	mutex_enter(&od->od_lock);
	error = ov_set(od, off / od->od_blksize, OV_LOWER, &ob);
	if (error == 0)
		ob->ob_lower = lower_off;
	mutex_exit(&od->od_lock);
	return error;
}

void
blkdev_overlay_drop(struct blkdev *dev)
{
	struct overlaydev *od = dev->bd_data;

	KASSERT(dev->bd_ops == &overlay_ops);
	mutex_enter(&od->od_lock);
	ov_clear(od);
	mutex_exit(&od->od_lock);
}

/* ---- commit --------------------------------------------------------------- */

static bool
ov_before(const void *a, const void *b)
{
	return ((const struct ovblk *)a)->ob_blk <
	    ((const struct ovblk *)b)->ob_blk;
}

/* Does a commit overwrite what this LOWER entry reads? */
static bool
ov_source_changes(const struct overlaydev *od, const struct ovblk *ob)
{
	uint64_t first = ob->ob_lower / od->od_blksize;
	uint64_t last = (ob->ob_lower + od->od_blksize - 1) / od->od_blksize;

	return ov_find(od, first) != NULL || ov_find(od, last) != NULL;
}

static int
commit_one(struct blkdev *dev, const struct ovblk *ob)
{
	struct overlaydev *od = dev->bd_data;
	uint64_t off = ob->ob_blk * od->od_blksize;
	uint32_t n = blk_bytes(dev, ob->ob_blk);
	uint8_t *mem;
	int error;

	if (ob->ob_kind == OV_ZERO)
		return blkdev_zero(dev->bd_lower, off, n);
	mem = kmem_alloc(od->od_blksize);
	if (mem == NULL)
		return ENOMEM;
	error = blkdev_read(dev->bd_lower, mem, ob->ob_lower, n, 0);
	if (error == 0)
		error = blkdev_write(dev->bd_lower, mem, off, n, 0);
	kmem_free(mem, od->od_blksize);
	return error;
}

/* Blocks in memory that follow each other, in one request. */
static int
commit_run(struct blkdev *dev, struct ovblk **v, size_t n, size_t *donep)
{
	struct overlaydev *od = dev->bd_data;
	struct rumpuser_iov iov[MAX_JOIN];
	uint64_t len = 0;
	size_t i;

	if (v[0]->ob_kind != OV_MEM) {
		*donep = 1;
		return commit_one(dev, v[0]);
	}
	for (i = 0; i < n && i < MAX_JOIN && v[i]->ob_kind == OV_MEM &&
	     v[i]->ob_blk == v[0]->ob_blk + i;
	     i++) {
		iov[i].iov_base = v[i]->ob_mem;
		iov[i].iov_len = blk_bytes(dev, v[i]->ob_blk);
		len += iov[i].iov_len;
	}
	*donep = i;
	return blkdev_writev(
	    dev->bd_lower, iov, (int)i, v[0]->ob_blk * od->od_blksize, len, 0);
}

static int
commit_sorted(struct blkdev *dev, struct ovblk **v, size_t n)
{
	struct overlaydev *od = dev->bd_data;
	struct ovblk *ob;
	size_t i = 0, done = 0;
	int error = 0;

	for (uint64_t b = 0; b < od->od_nbuckets; b++)
		for (ob = od->od_bucket[b]; ob != NULL; ob = ob->ob_next)
			v[i++] = ob;
	KASSERT(i == n);
	ksort_ptrs((void **)v, n, ov_before);
	for (i = 0; i < n && error == 0; i++)
		if (v[i]->ob_kind == OV_LOWER && ov_source_changes(od, v[i]))
			error = ov_fault(dev, v[i]->ob_blk, &ob);
	for (i = 0; i < n && error == 0; i += done)
		error = commit_run(dev, v + i, n - i, &done);
	return error;
}

int
blkdev_overlay_commit(struct blkdev *dev)
{
	struct overlaydev *od = dev->bd_data;
	struct ovblk **v;
	size_t n;
	int error;

	KASSERT(dev->bd_ops == &overlay_ops);
	mutex_enter(&od->od_lock);
	n = od->od_count;
	v = n > 0 ? kmem_calloc(n, sizeof(struct ovblk *)) : NULL;
	if (n > 0 && v == NULL)
		error = ENOMEM;
	else
		error = commit_sorted(dev, v, n);
	if (error == 0)
		ov_clear(od);
	kmem_free(v, n * sizeof(struct ovblk *));
	mutex_exit(&od->od_lock);
	return error;
}
