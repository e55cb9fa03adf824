/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block devices: the wrappers around every layer's operations.
 *
 * A request is checked here, once, at the layer where it enters; a layer that
 * forwards it (blkdev_io of the one below) has it checked again against that
 * one's bounds.  Life of a bio:
 *
 *	built -> submitted -> under way -> completed (bio_done has run)
 *
 * blkdev_io() is all of that in one call.  Results of a bio are read after
 * bio_wait() or inside bio_done.
 */
#include "dev/blkdev.h"
#include "dev/blkdev_impl.h"
#include "dev/iovcur.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

static uint8_t zeros[BLKDEV_NZEROS]; /* never written */

const void *
blkdev_zeros(void)
{
	return zeros;
}

static bool
bio_changes(const struct bio *bio)
{
	return bio->bio_op == BIO_WRITE || bio->bio_op == BIO_DISCARD ||
	    bio->bio_op == BIO_ZERO;
}

static int
bio_check(const struct blkdev *dev, const struct bio *bio)
{
	uint64_t end;

	if (bio_changes(bio) && dev->bd_readonly)
		return EROFS;
	if (bio->bio_op == BIO_FLUSH)
		return 0;
	if (add_overflow(bio->bio_off, bio->bio_len, &end))
		return EINVAL;
	if ((bio->bio_op == BIO_READ || bio->bio_op == BIO_WRITE) &&
	    iov_total(bio->bio_iov, bio->bio_iovcnt) != bio->bio_len)
		return EINVAL;
	return end > dev->bd_size ? EIO : 0;
}

static bool
bio_is_nothing(const struct blkdev *dev, const struct bio *bio)
{
	if (bio->bio_op == BIO_FLUSH)
		return dev->bd_readonly;
	return bio->bio_len == 0;
}

void
bio_finish(struct bio *bio, int error)
{
	bio->bio_error = error;
	__atomic_store_n(&bio->bio_completed, true, __ATOMIC_RELEASE);
	if (bio->bio_done != NULL)
		bio->bio_done(bio);
}

/* The layers' view of blkdev_io(): the range is checked, results aren't set. */
int
blkdev_dispatch(struct blkdev *dev, struct bio *bio)
{
	int error = bio_check(dev, bio);

	if (error != 0)
		return error;
	if (bio_is_nothing(dev, bio))
		return 0;
	return dev->bd_ops->bo_io(dev, bio);
}

int
blkdev_io(struct blkdev *dev, struct bio *bio)
{
	int error = blkdev_dispatch(dev, bio);

	bio->bio_dev = dev;
	bio_finish(bio, error);
	return error;
}

int
blkdev_submit(struct blkdev *dev, struct bio *bio)
{
	int error;

	bio->bio_dev = dev;
	bio->bio_error = 0;
	bio->bio_completed = false;
	error = bio_check(dev, bio);
	if (error != 0 || bio_is_nothing(dev, bio)) {
		bio_finish(bio, error);
		return error;
	}
	if (dev->bd_ops->bo_submit == NULL)
		return blkdev_io(dev, bio);
	return dev->bd_ops->bo_submit(dev, bio);
}

int
bio_wait(struct bio *bio)
{
	int error;

	while (!__atomic_load_n(&bio->bio_completed, __ATOMIC_ACQUIRE)) {
		KASSERT(bio->bio_dev->bd_ops->bo_reap != NULL);
		error = bio->bio_dev->bd_ops->bo_reap(bio->bio_dev, bio);
		if (error != 0)
			return error;
	}
	return bio->bio_error;
}

static int
rw_vec(struct blkdev *dev, enum bio_op op, const struct rumpuser_iov *iov,
    int iovcnt, uint64_t off, uint64_t len, uint32_t flags)
{
	struct bio bio = {
	    .bio_op = op,
	    .bio_flags = flags,
	    .bio_off = off,
	    .bio_len = len,
	    .bio_iov = iov,
	    .bio_iovcnt = iovcnt,
	};

	return blkdev_dispatch(dev, &bio);
}

int
blkdev_read(
    struct blkdev *dev, void *buf, uint64_t off, uint64_t len, uint32_t flags)
{
	struct rumpuser_iov iov = {buf, len};

	return rw_vec(dev, BIO_READ, &iov, 1, off, len, flags);
}

int
blkdev_write(struct blkdev *dev, const void *buf, uint64_t off, uint64_t len,
    uint32_t flags)
{
	struct rumpuser_iov iov = {(void *)(uintptr_t)buf, len};

	return rw_vec(dev, BIO_WRITE, &iov, 1, off, len, flags);
}

int
blkdev_readv(struct blkdev *dev, const struct rumpuser_iov *iov, int iovcnt,
    uint64_t off, uint64_t len, uint32_t flags)
{
	return rw_vec(dev, BIO_READ, iov, iovcnt, off, len, flags);
}

int
blkdev_writev(struct blkdev *dev, const struct rumpuser_iov *iov, int iovcnt,
    uint64_t off, uint64_t len, uint32_t flags)
{
	return rw_vec(dev, BIO_WRITE, iov, iovcnt, off, len, flags);
}

int
blkdev_flush(struct blkdev *dev)
{
	return rw_vec(dev, BIO_FLUSH, NULL, 0, 0, 0, 0);
}

int
blkdev_discard(struct blkdev *dev, uint64_t off, uint64_t len)
{
	return rw_vec(dev, BIO_DISCARD, NULL, 0, off, len, 0);
}

int
blkdev_zero(struct blkdev *dev, uint64_t off, uint64_t len)
{
	return rw_vec(dev, BIO_ZERO, NULL, 0, off, len, 0);
}

/* Zeros by plain writes: what a layer does that knows no better. */
int
blkdev_write_zeros(
    struct blkdev *dev, uint64_t off, uint64_t len, uint32_t flags)
{
	struct rumpuser_iov iov[16];
	uint64_t n;
	int cnt, error;

	for (; len > 0; off += n, len -= n) {
		for (cnt = 0, n = 0; cnt < (int)nitems(iov) && n < len; cnt++) {
			iov[cnt].iov_base = zeros;
			iov[cnt].iov_len = (size_t)kmin(len - n, sizeof(zeros));
			n += iov[cnt].iov_len;
		}
		error = rw_vec(dev, BIO_WRITE, iov, cnt, off, n, flags);
		if (error != 0)
			return error;
	}
	return 0;
}

int
blkdev_direct(struct blkdev *dev, uint64_t off, uint64_t len, bool write,
    struct blkdev_direct *di)
{
	uint64_t end;
	int error;

	if (dev->bd_ops->bo_direct == NULL)
		return EOPNOTSUPP;
	if (write && dev->bd_readonly)
		return EROFS;
	if (len == 0 || add_overflow(off, len, &end))
		return EINVAL;
	if (end > dev->bd_size)
		return EIO;
	error = dev->bd_ops->bo_direct(dev, off, len, write, di);
	KASSERT(error != 0 || (di->di_len > 0 && di->di_len <= len));
	return error;
}

int
blkdev_setsize(struct blkdev *dev, uint64_t size)
{
	if (dev->bd_ops->bo_setsize == NULL)
		return EOPNOTSUPP;
	if (dev->bd_readonly)
		return EROFS;
	return dev->bd_ops->bo_setsize(dev, size);
}

/* ---- life --------------------------------------------------------------- */

/* A new device with one reference, its properties those of lower (referenced
 * here; NULL: of plain memory).  NULL: no memory. */
struct blkdev *
blkdev_alloc(const struct blkdev_ops *ops, struct blkdev *lower, void *data)
{
	struct blkdev *dev = kmem_zalloc(sizeof(*dev));

	if (dev == NULL)
		return NULL;
	dev->bd_ops = ops;
	dev->bd_lower = lower;
	dev->bd_data = data;
	dev->bd_refs = 1;
	dev->bd_lsector = dev->bd_psector = 512;
	klink_init(&dev->bd_link);
	klist_init(&dev->bd_bufs.bb_dirty);
	kstrlcpy(dev->bd_name, ops->bo_name, sizeof(dev->bd_name));
	if (lower != NULL) {
		blkdev_ref(lower);
		dev->bd_size = lower->bd_size;
		dev->bd_lsector = lower->bd_lsector;
		dev->bd_psector = lower->bd_psector;
		dev->bd_readonly = lower->bd_readonly;
		dev->bd_reads_zero = lower->bd_reads_zero;
		dev->bd_cached = lower->bd_cached;
		kstrlcpy(dev->bd_name, lower->bd_name, sizeof(dev->bd_name));
	}
	return dev;
}

enum klock_rank
blkdev_lockrank(const struct blkdev *lower)
{
	int rank = RANK_MEMORY - 1;

	for (; lower != NULL && rank > RANK_DEVICE; lower = lower->bd_lower)
		rank--;
	return (enum klock_rank)rank;
}

void
blkdev_ref(struct blkdev *dev)
{
	__atomic_fetch_add(&dev->bd_refs, 1, __ATOMIC_RELAXED);
}

void
blkdev_rele(struct blkdev *dev)
{
	struct blkdev *lower;

	for (; dev != NULL; dev = lower) {
		if (__atomic_fetch_sub(&dev->bd_refs, 1, __ATOMIC_ACQ_REL) != 1)
			return;
		KASSERT(dev->bd_bufs.bb_count == 0);
		KASSERT(!klink_linked(&dev->bd_link));
		lower = dev->bd_lower;
		dev->bd_ops->bo_destroy(dev);
		kmem_free(dev, sizeof(*dev));
	}
}
