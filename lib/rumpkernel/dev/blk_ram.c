/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device in memory.  Chunks of 64 KiB come when they are first written; what
 * has none reads as zeros.  Two levels of pointers, so that a terabyte of nothing
 * costs little.
 */
#include "dev/blkdev.h"
#include "dev/blkdev_impl.h"
#include "dev/iovcur.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define CHUNK_BYTES   UINT64_C(65536)
#define LEAF_CHUNKS   UINT64_C(1024)
#define LEAF_BYTES    (CHUNK_BYTES * LEAF_CHUNKS)
#define RAM_MAX_BYTES (UINT64_C(1) << 46)

struct ramleaf {
	uint8_t *rl_chunk[LEAF_CHUNKS];
};
struct ramdev {
	kmutex_t rd_lock; /* all of it */
	struct ramleaf **rd_leaf;
	uint64_t rd_nleaves;
};

static uint8_t **
chunk_slot(struct ramdev *rd, uint64_t off)
{
	struct ramleaf *leaf = rd->rd_leaf[off / LEAF_BYTES];

	return leaf != NULL ? &leaf->rl_chunk[off / CHUNK_BYTES % LEAF_CHUNKS]
			    : NULL;
}

static int
chunk_make(struct ramdev *rd, uint64_t off, uint8_t **chunkp)
{
	struct ramleaf **leafp = &rd->rd_leaf[off / LEAF_BYTES];
	uint8_t **slot;

	if (*leafp == NULL)
		*leafp = kmem_zalloc(sizeof(**leafp));
	if (*leafp == NULL)
		return ENOMEM;
	slot = chunk_slot(rd, off);
	if (*slot == NULL)
		*slot = kmem_zalloc(CHUNK_BYTES);
	*chunkp = *slot;
	return *slot != NULL ? 0 : ENOMEM;
}

static void
chunk_clear(struct ramdev *rd, uint64_t off, uint64_t n)
{
	uint8_t **slot = chunk_slot(rd, off);

	if (slot == NULL || *slot == NULL)
		return;
	if (n == CHUNK_BYTES) {
		kmem_free(*slot, CHUNK_BYTES);
		*slot = NULL;
	} else {
		memset(*slot + off % CHUNK_BYTES, 0, n);
	}
}

static int
ram_piece(struct ramdev *rd, const struct bio *bio, uint64_t off, uint64_t n,
    struct iovcur *ic)
{
	uint8_t **slot, *chunk;
	int error;

	switch (bio->bio_op) {
	case BIO_READ:
		slot = chunk_slot(rd, off);
		if (slot == NULL || *slot == NULL)
			iovcur_zero(ic, n);
		else
			iovcur_fill(ic, *slot + off % CHUNK_BYTES, n);
		return 0;
	case BIO_WRITE:
		error = chunk_make(rd, off, &chunk);
		if (error == 0)
			iovcur_drain(ic, chunk + off % CHUNK_BYTES, n);
		return error;
	default:
		chunk_clear(rd, off, n);
		return 0;
	}
}

static int
ram_io(struct blkdev *dev, struct bio *bio)
{
	struct ramdev *rd = dev->bd_data;
	uint64_t off = bio->bio_off, left = bio->bio_len, n;
	struct iovcur ic;
	int error = 0;

	if (bio->bio_op == BIO_FLUSH)
		return 0;
	iovcur_init(&ic, bio->bio_iov, bio->bio_iovcnt);
	mutex_enter(&rd->rd_lock);
	for (; left > 0 && error == 0; off += n, left -= n) {
		n = kmin(left, CHUNK_BYTES - off % CHUNK_BYTES);
		error = ram_piece(rd, bio, off, n, &ic);
	}
	mutex_exit(&rd->rd_lock);
	return error;
}

static int
ram_setsize(struct blkdev *dev, uint64_t size)
{
	struct ramdev *rd = dev->bd_data;
	uint64_t nleaves = howmany(size, LEAF_BYTES), off, n;
	struct ramleaf **leaf;

	if (size > RAM_MAX_BYTES)
		return EFBIG;
	mutex_enter(&rd->rd_lock);
	if (nleaves > rd->rd_nleaves) {
		leaf = kmem_calloc(nleaves, sizeof(struct ramleaf *));
		if (leaf == NULL) {
			mutex_exit(&rd->rd_lock);
			return ENOMEM;
		}
		if (rd->rd_nleaves > 0)
			memcpy(leaf, rd->rd_leaf,
			    rd->rd_nleaves * sizeof(struct ramleaf *));
		kmem_free(
		    rd->rd_leaf, rd->rd_nleaves * sizeof(struct ramleaf *));
		rd->rd_leaf = leaf;
		rd->rd_nleaves = nleaves;
	}
	for (off = size; off < dev->bd_size; off += n) {
		n = kmin(dev->bd_size - off, CHUNK_BYTES - off % CHUNK_BYTES);
		if (rd->rd_leaf[off / LEAF_BYTES] == NULL)
			n = kmin(
			    dev->bd_size - off, LEAF_BYTES - off % LEAF_BYTES);
		else
			chunk_clear(rd, off, n);
	}
	dev->bd_size = size;
	mutex_exit(&rd->rd_lock);
	return 0;
}

static void
ram_destroy(struct blkdev *dev)
{
	struct ramdev *rd = dev->bd_data;

	for (uint64_t i = 0; i < rd->rd_nleaves; i++) {
		struct ramleaf *leaf = rd->rd_leaf[i];

		for (uint64_t j = 0; leaf != NULL && j < LEAF_CHUNKS; j++)
			kmem_free(leaf->rl_chunk[j], CHUNK_BYTES);
		kmem_free(leaf, sizeof(*leaf));
	}
	kmem_free(rd->rd_leaf, rd->rd_nleaves * sizeof(struct ramleaf *));
	mutex_destroy(&rd->rd_lock);
	kmem_free(rd, sizeof(*rd));
}

static const struct blkdev_ops ram_ops = {
    .bo_name = "ram",
    .bo_io = ram_io,
    .bo_setsize = ram_setsize,
    .bo_destroy = ram_destroy,
};

int
blkdev_ram_create(uint64_t size, struct blkdev **devp)
{
	struct ramdev *rd = kmem_zalloc(sizeof(*rd));
	struct blkdev *dev;
	int error;

	dev = rd != NULL ? blkdev_alloc(&ram_ops, NULL, rd) : NULL;
	if (dev == NULL) {
		kmem_free(rd, sizeof(*rd));
		return ENOMEM;
	}
	mutex_init(&rd->rd_lock, blkdev_lockrank(NULL), "ramdev");
	dev->bd_reads_zero = true;
	dev->bd_cached = true;
	error = ram_setsize(dev, size);
	if (error != 0) {
		blkdev_rele(dev);
		return error;
	}
	*devp = dev;
	return 0;
}
