/* SPDX-License-Identifier: BSD-2-Clause */
/* What the layers in dev/ share with each other, and nobody else. */
#ifndef DEV_BLKDEV_IMPL_H
#define DEV_BLKDEV_IMPL_H

#include "dev/blkdev.h"

/* From how many bytes on an I/O gives the virtual CPU back. */
#define BLKDEV_RELEASE_BYTES 4096

/* A constructor's helper: one reference, properties of lower. */
struct blkdev *blkdev_alloc(
    const struct blkdev_ops *ops, struct blkdev *lower, void *data);
/* The rank of a layer's lock: layers lock top down. */
enum klock_rank blkdev_lockrank(const struct blkdev *lower);
/* Check the range and do it; the bio's results are left alone. */
int blkdev_dispatch(struct blkdev *dev, struct bio *bio);
/* Set results, run bio_done. */
void bio_finish(struct bio *bio, int error);

/* As blkdev_file_create(); strict: the host file takes whole sectors only, as if
 * it were a raw device. */
int blkdev_file_make(struct rumpuser_file *f, bool readonly, uint32_t lsector,
    bool strict, struct blkdev **devp);
int dev_queue_init(void); /* blk_file.c: the host's I/O queue */

#endif /* DEV_BLKDEV_IMPL_H */
