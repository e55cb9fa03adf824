/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults on purpose, for tests: EIO by chance (seeded: the same requests meet the
 * same faults), a power cut at write N, half a last write, and a log of all
 * writes and flushes in the order in which they are done.
 *
 * Zeroing is done as writes of at most 64 KiB, so that a log holds it all.
 * Reads go on working after the cut.
 */
#include "dev/blkdev.h"
#include "dev/blkdev_impl.h"
#include "dev/iovcur.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

struct faultdev {
	kmutex_t xd_lock; /* held over a write: one order for log and device */
	struct rump_blkfault xd_conf;
	uint64_t xd_random;
	uint64_t xd_writes; /* so far */
	bool xd_stopped;
};

/* splitmix64 */
static bool
by_chance(struct faultdev *xd, uint32_t ppm)
{
	uint64_t z = (xd->xd_random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return z % 1000000 < ppm;
}

static int
fault_read(struct blkdev *dev, struct bio *bio)
{
	struct faultdev *xd = dev->bd_data;
	bool fail;

	mutex_enter(&xd->xd_lock);
	fail = by_chance(xd, xd->xd_conf.bf_read_eio_ppm);
	mutex_exit(&xd->xd_lock);
	return fail ? EIO : blkdev_dispatch(dev->bd_lower, bio);
}

/* data is in one piece. */
static int
fault_write(struct blkdev *dev, uint64_t off, const void *data, uint64_t len,
    uint32_t flags)
{
	struct faultdev *xd = dev->bd_data;
	const struct rump_blkfault *bf = &xd->xd_conf;
	int error;

	if (xd->xd_stopped || by_chance(xd, bf->bf_write_eio_ppm))
		return EIO;
	xd->xd_writes++;
	if (bf->bf_stop_at_write != 0 &&
	    xd->xd_writes >= bf->bf_stop_at_write) {
		xd->xd_stopped = true;
		if (!bf->bf_torn || len < 2)
			return EIO;
		len /= 2;
	}
	if (bf->bf_log != NULL && (flags & BIO_BARRIER) != 0)
		bf->bf_log(bf->bf_arg, true, 0, NULL, 0);
	if (bf->bf_log != NULL)
		bf->bf_log(bf->bf_arg, false, off, data, len);
	error = blkdev_write(dev->bd_lower, data, off, len, flags);
	return xd->xd_stopped ? EIO : error;
}

static int
fault_gather(struct blkdev *dev, struct bio *bio)
{
	struct iovcur ic;
	struct faultdev *xd = dev->bd_data;
	uint8_t *data;
	int error;

	/* Nobody needs the bytes in one piece. */
	if (xd->xd_conf.bf_log == NULL && xd->xd_conf.bf_stop_at_write == 0)
		return by_chance(xd, xd->xd_conf.bf_write_eio_ppm)
		    ? EIO
		    : blkdev_dispatch(dev->bd_lower, bio);
	if (bio->bio_iovcnt == 1)
		return fault_write(dev, bio->bio_off, bio->bio_iov->iov_base,
		    bio->bio_len, bio->bio_flags);
	data = kmem_alloc(bio->bio_len);
	if (data == NULL)
		return ENOMEM;
	iovcur_init(&ic, bio->bio_iov, bio->bio_iovcnt);
	iovcur_drain(&ic, data, bio->bio_len);
	error = fault_write(
	    dev, bio->bio_off, data, bio->bio_len, bio->bio_flags);
	kmem_free(data, bio->bio_len);
	return error;
}

static int
fault_zero(struct blkdev *dev, const struct bio *bio)
{
	uint64_t off = bio->bio_off, left = bio->bio_len, n;
	int error = 0;

	for (; left > 0 && error == 0; off += n, left -= n) {
		n = kmin(left, BLKDEV_NZEROS);
		error = fault_write(dev, off, blkdev_zeros(), n, 0);
	}
	return error;
}

static int
fault_flush(struct blkdev *dev)
{
	struct faultdev *xd = dev->bd_data;

	if (xd->xd_stopped)
		return EIO;
	if (xd->xd_conf.bf_log != NULL)
		xd->xd_conf.bf_log(xd->xd_conf.bf_arg, true, 0, NULL, 0);
	return blkdev_flush(dev->bd_lower);
}

static int
fault_io(struct blkdev *dev, struct bio *bio)
{
	struct faultdev *xd = dev->bd_data;
	int error = 0;

	if (bio->bio_op == BIO_READ)
		return fault_read(dev, bio);
	mutex_enter(&xd->xd_lock);
	if (bio->bio_op == BIO_WRITE)
		error = fault_gather(dev, bio);
	else if (bio->bio_op == BIO_FLUSH)
		error = fault_flush(dev);
	else if (bio->bio_op == BIO_ZERO || dev->bd_reads_zero)
		error = fault_zero(dev, bio);
	mutex_exit(&xd->xd_lock);
	return error;
}

static int
fault_setsize(struct blkdev *dev, uint64_t size)
{
	int error = blkdev_setsize(dev->bd_lower, size);

	if (error == 0)
		dev->bd_size = size;
	return error;
}

static void
fault_destroy(struct blkdev *dev)
{
	struct faultdev *xd = dev->bd_data;

	mutex_destroy(&xd->xd_lock);
	kmem_free(xd, sizeof(*xd));
}

static const struct blkdev_ops fault_ops = {
    .bo_name = "fault",
    .bo_io = fault_io,
    .bo_setsize = fault_setsize,
    .bo_destroy = fault_destroy,
};

int
blkdev_fault_create(
    struct blkdev *lower, const struct rump_blkfault *bf, struct blkdev **devp)
{
	struct faultdev *xd = kmem_zalloc(sizeof(*xd));

	*devp = xd != NULL ? blkdev_alloc(&fault_ops, lower, xd) : NULL;
	if (*devp == NULL) {
		kmem_free(xd, sizeof(*xd));
		return ENOMEM;
	}
	mutex_init(&xd->xd_lock, blkdev_lockrank(lower), "faultdev");
	xd->xd_conf = *bf;
	xd->xd_random = bf->bf_seed;
	return 0;
}
