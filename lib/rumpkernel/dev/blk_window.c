/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A window: [off, off + len) of the device below, from 0 on.  It may shrink and
 * grow again, never past what it was made with.
 */
#include "dev/blkdev.h"
#include "dev/blkdev_impl.h"
#include "kern/kmem.h"

struct windowdev {
	uint64_t wd_off;
	uint64_t wd_maxlen;
};

static int
window_io(struct blkdev *dev, struct bio *bio)
{
	struct windowdev *wd = dev->bd_data;
	uint64_t off = bio->bio_off;
	int error;

	if (bio->bio_op != BIO_FLUSH)
		bio->bio_off = off + wd->wd_off;
	error = blkdev_dispatch(dev->bd_lower, bio);
	bio->bio_off = off;
	return error;
}

static int
window_submit(struct blkdev *dev, struct bio *bio)
{
	struct windowdev *wd = dev->bd_data;

	if (bio->bio_op != BIO_FLUSH)
		bio->bio_off += wd->wd_off;
	return blkdev_submit(dev->bd_lower, bio);
}

static int
window_reap(struct blkdev *dev, struct bio *bio)
{
	return dev->bd_lower->bd_ops->bo_reap(dev->bd_lower, bio);
}

static int
window_direct(struct blkdev *dev, uint64_t off, uint64_t len, bool write,
    struct blkdev_direct *di)
{
	struct windowdev *wd = dev->bd_data;

	return blkdev_direct(dev->bd_lower, off + wd->wd_off, len, write, di);
}

static int
window_setsize(struct blkdev *dev, uint64_t size)
{
	struct windowdev *wd = dev->bd_data;

	if (size > wd->wd_maxlen)
		return EFBIG;
	dev->bd_size = size;
	return 0;
}

static void
window_destroy(struct blkdev *dev)
{
	kmem_free(dev->bd_data, sizeof(struct windowdev));
}

static const struct blkdev_ops window_ops = {
    .bo_name = "window",
    .bo_io = window_io,
    .bo_submit = window_submit,
    .bo_reap = window_reap,
    .bo_direct = window_direct,
    .bo_setsize = window_setsize,
    .bo_destroy = window_destroy,
};

int
blkdev_window_create(
    struct blkdev *lower, uint64_t off, uint64_t len, struct blkdev **devp)
{
	struct windowdev *wd;
	uint64_t end;

	if (add_overflow(off, len, &end) || end > lower->bd_size)
		return EINVAL;
	wd = kmem_zalloc(sizeof(*wd));
	if (wd == NULL)
		return ENOMEM;
	wd->wd_off = off;
	wd->wd_maxlen = len;
	*devp = blkdev_alloc(&window_ops, lower, wd);
	if (*devp == NULL) {
		kmem_free(wd, sizeof(*wd));
		return ENOMEM;
	}
	(*devp)->bd_size = len;
	return 0;
}
