/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block devices that stack.  Byte-addressed: a device with alignment does its own
 * read-modify-write.  A layer forwards to the one below (bd_lower).
 */
#ifndef DEV_BLKDEV_H
#define DEV_BLKDEV_H

#include <rump/rump.h>
#include <rump/rumpuser.h>

#include "kern/kdefs.h"
#include "kern/klist.h"
#include "kern/klock.h"

enum bio_op {
	BIO_READ,
	BIO_WRITE,
	BIO_FLUSH,
	BIO_DISCARD, /* content worthless; bd_reads_zero: reads as zeros after */
	BIO_ZERO,    /* reads as zeros after, cheapest way */
};
/* Request flags. */
#define BIO_META    0x1 /* metadata */
#define BIO_NEW	    0x2 /* the old content is worthless: no undo needed */
#define BIO_BARRIER 0x4 /* before it all is durable that was done before */

struct blkdev;
struct mount;
struct bufjournal;
struct bio {
	enum bio_op bio_op;
	uint32_t bio_flags;
	uint64_t bio_off, bio_len;	    /* bytes */
	const struct rumpuser_iov *bio_iov; /* READ, WRITE */
	int bio_iovcnt;
	/* results */
	int bio_error;
	bool bio_completed;
	/* the submitter's */
	void (*bio_done)(struct bio *bio); /* run by a reaper, holding a CPU */
	void *bio_private;
	/* the device's */
	struct blkdev *bio_dev;
	struct rumpuser_io bio_host;
	struct klink bio_link;
};

struct blkdev_direct {
	struct rumpuser_file *di_file;
	uint64_t di_off, di_len; /* in the host file */
};

struct blkdev_ops {
	const char *bo_name;
	/* Do it now, all of it; range checked by the wrapper.  A short read can't
	 * be: the end of a truncated host file is EIO. */
	int (*bo_io)(struct blkdev *dev, struct bio *bio);
	/* Start it; NULL: bo_io is called and it is complete. */
	int (*bo_submit)(struct blkdev *dev, struct bio *bio);
	/* Complete requests until bio is.  There where bo_submit is. */
	int (*bo_reap)(struct blkdev *dev, struct bio *bio);
	/* Where [off, off+len) is in a host file; EOPNOTSUPP: not direct.
	 * *di may cover less than len (at least one byte).  write: the caller
	 * will write there. */
	int (*bo_direct)(struct blkdev *dev, uint64_t off, uint64_t len,
	    bool write, struct blkdev_direct *di);
	int (*bo_setsize)(
	    struct blkdev *dev, uint64_t size); /* NULL: EOPNOTSUPP */
	void (*bo_destroy)(struct blkdev *dev);
};

struct blkdev {
	const struct blkdev_ops *bd_ops;
	struct blkdev *bd_lower;
	void *bd_data;
	uint64_t bd_size;		 /* bytes */
	uint32_t bd_lsector, bd_psector; /* logical, physical sector, bytes */
	bool bd_readonly;
	bool bd_reads_zero; /* unwritten and discarded space reads as zeros */
	bool bd_cached;	    /* a cache is below already (the host's) */
	uint32_t bd_refs;
	uint32_t bd_users; /* mounts */
	struct klink bd_link;
	char bd_name[64];
	struct { /* the buffer cache's */
		struct klist bb_dirty;
		uint64_t bb_dirty_bytes;
		uint32_t bb_count;
		struct mount *bb_mount;
		struct bufjournal *bb_journal; /* NULL: none */
	} bd_bufs;
};

/* ---- wrappers: EINVAL/EIO outside of the device, EROFS ------------------- */
int blkdev_io(struct blkdev *dev, struct bio *bio);
/* Start it; then bio_wait().  A layer may rewrite bio_off and bio_dev.  Returns
 * an error that is known at once (the bio is completed with it then). */
int blkdev_submit(struct blkdev *dev, struct bio *bio);
int bio_wait(struct bio *bio); /* its error */
int blkdev_read(
    struct blkdev *dev, void *buf, uint64_t off, uint64_t len, uint32_t flags);
int blkdev_write(struct blkdev *dev, const void *buf, uint64_t off,
    uint64_t len, uint32_t flags);
int blkdev_readv(struct blkdev *dev, const struct rumpuser_iov *iov, int iovcnt,
    uint64_t off, uint64_t len, uint32_t flags);
int blkdev_writev(struct blkdev *dev, const struct rumpuser_iov *iov,
    int iovcnt, uint64_t off, uint64_t len, uint32_t flags);
int blkdev_flush(struct blkdev *dev);
int blkdev_discard(struct blkdev *dev, uint64_t off, uint64_t len);
int blkdev_zero(struct blkdev *dev, uint64_t off, uint64_t len);
/* Zeros by writing them, whatever the device knows: for small ranges. */
int blkdev_write_zeros(
    struct blkdev *dev, uint64_t off, uint64_t len, uint32_t flags);
/* BLKDEV_NZEROS bytes of zeros that nobody may write to. */
#define BLKDEV_NZEROS 65536
const void *blkdev_zeros(void);
int blkdev_direct(struct blkdev *dev, uint64_t off, uint64_t len, bool write,
    struct blkdev_direct *di);
int blkdev_setsize(struct blkdev *dev, uint64_t size);
void blkdev_ref(struct blkdev *dev);
void blkdev_rele(struct blkdev *dev); /* the last one destroys it, top down */

/* ---- the layers: each takes a reference on what is below ------------------ */
int blkdev_file_create(struct rumpuser_file *f, bool readonly, uint32_t lsector,
    struct blkdev **devp);
int blkdev_ram_create(uint64_t size, struct blkdev **devp);
int blkdev_window_create(struct blkdev *lower, uint64_t off, uint64_t len,
    struct blkdev **devp); /* EINVAL: not inside */
/* Copy on write: a block maps to memory, or to another offset of lower. */
int blkdev_overlay_create(
    struct blkdev *lower, uint32_t blksize, struct blkdev **devp);
int blkdev_overlay_map(struct blkdev *dev, uint64_t off, uint64_t lower_off);
int blkdev_overlay_commit(struct blkdev *dev); /* write it all to lower */
void blkdev_overlay_drop(struct blkdev *dev);  /* forget all of it */
int blkdev_cache_create(
    struct blkdev *lower, uint64_t bytes, struct blkdev **devp);
int blkdev_fault_create(
    struct blkdev *lower, const struct rump_blkfault *bf, struct blkdev **devp);

/* ---- by name ---------------------------------------------------------------- */
int blkdev_register(struct blkdev *dev, const char *name); /* EEXIST */
int blkdev_unregister(const char *name);
struct blkdev *blkdev_find(const char *name); /* referenced; NULL */

#endif /* DEV_BLKDEV_H */
