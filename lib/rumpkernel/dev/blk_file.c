/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bottom layer over a host file or block device.
 *
 * With RUMP_IOTHREADS > 0 requests that are submitted go to the host's workers;
 * whoever waits reaps, one thread at a time, and hands completions to the others.
 * Without, submitting does it.
 *
 * A raw device takes whole sectors only (strict): other requests are moved
 * through a bounce buffer, sectors at their edges read first.  All such writes
 * hold one lock, so that two of them in one sector don't lose each other.
 *
 * A read past the real end of the host file (it was truncated behind our back) is
 * EIO.  Images are never mapped.
 */
#include "dev/blkdev.h"
#include "dev/blkdev_impl.h"
#include "dev/iovcur.h"
#include "kern/klog.h"
#include "kern/klwp.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define BOUNCE_BYTES  65536u
#define ZERO_BY_PUNCH 65536u /* smaller ranges are written */
#define REAP_AT_ONCE  16
#define MAX_IOTHREADS 64

struct filedev {
	struct rumpuser_file *fd_file;
	bool fd_strict;
	bool fd_regular;
	bool fd_nopunch; /* the host said so */
	kmutex_t fd_rmwlock;
};

static struct {
	struct rumpuser_ioq *q_ioq; /* NULL: no workers */
	kmutex_t q_lock;	    /* q_reaping, completions */
	kcondvar_t q_cv;
	bool q_reaping;
} queue;

static bool
release_for(uint64_t len)
{
	if (len < BLKDEV_RELEASE_BYTES)
		return false;
	kern_cpu_release();
	return true;
}

static int
host_rw(struct filedev *fd, bool write, const struct rumpuser_iov *iov, int cnt,
    uint64_t off, uint64_t len)
{
	bool released = release_for(len);
	size_t done = 0;
	int error;

	error = write ? rumpuser_pwritev(fd->fd_file, iov, cnt, off, &done)
		      : rumpuser_preadv(fd->fd_file, iov, cnt, off, &done);
	if (released)
		kern_cpu_acquire();
	if (error == 0 && done != len)
		error = EIO;
	return error;
}

static int
host_sync(struct filedev *fd)
{
	int error;

	kern_cpu_release();
	error = rumpuser_sync(fd->fd_file, true);
	kern_cpu_acquire();
	return error;
}

/* One piece of a request through the bounce buffer: [off, off + n) inside the
 * sectors [lo, hi). */
static int
bounce_piece(struct filedev *fd, bool write, uint8_t *bounce, uint64_t lo,
    uint64_t hi, uint64_t off, uint64_t n, struct iovcur *ic)
{
	struct rumpuser_iov iov = {bounce, hi - lo};
	int error = 0;

	if (!write || lo != off || hi != off + n)
		error = host_rw(fd, false, &iov, 1, lo, hi - lo);
	if (error != 0)
		return error;
	if (!write) {
		iovcur_fill(ic, bounce + (off - lo), n);
		return 0;
	}
	iovcur_drain(ic, bounce + (off - lo), n);
	return host_rw(fd, true, &iov, 1, lo, hi - lo);
}

static int
bounced_rw(struct blkdev *dev, const struct bio *bio)
{
	struct filedev *fd = dev->bd_data;
	bool write = bio->bio_op == BIO_WRITE;
	uint64_t off = bio->bio_off, end = off + bio->bio_len, lo, hi, n;
	uint8_t *bounce = kmem_alloc(BOUNCE_BYTES);
	struct iovcur ic;
	int error = 0;

	if (bounce == NULL)
		return ENOMEM;
	iovcur_init(&ic, bio->bio_iov, bio->bio_iovcnt);
	mutex_enter(&fd->fd_rmwlock);
	for (; off < end && error == 0; off += n) {
		lo = rounddown2(off, dev->bd_lsector);
		hi = kmin(lo + BOUNCE_BYTES, dev->bd_size);
		if (hi > end)
			hi = kmin(roundup2(end, dev->bd_lsector), hi);
		n = kmin(hi, end) - off;
		error = bounce_piece(fd, write, bounce, lo, hi, off, n, &ic);
	}
	mutex_exit(&fd->fd_rmwlock);
	kmem_free(bounce, BOUNCE_BYTES);
	return error;
}

static bool
must_bounce(const struct blkdev *dev, const struct bio *bio)
{
	const struct filedev *fd = dev->bd_data;

	return fd->fd_strict &&
	    ((bio->bio_off | bio->bio_len) & (dev->bd_lsector - 1)) != 0;
}

static int
file_zero(struct blkdev *dev, const struct bio *bio)
{
	struct filedev *fd = dev->bd_data;
	bool wanted = bio->bio_op == BIO_ZERO || dev->bd_reads_zero;
	int error = EOPNOTSUPP;

	if (!fd->fd_nopunch && (bio->bio_len >= ZERO_BY_PUNCH || !wanted)) {
		kern_cpu_release();
		error = rumpuser_punch(fd->fd_file, bio->bio_off, bio->bio_len);
		kern_cpu_acquire();
		fd->fd_nopunch = error == EOPNOTSUPP;
	}
	/* A block device's discard needn't leave zeros. */
	if (error == 0 && (fd->fd_regular || !wanted))
		return 0;
	return wanted ? blkdev_write_zeros(dev, bio->bio_off, bio->bio_len, 0)
		      : 0;
}

static int
file_io(struct blkdev *dev, struct bio *bio)
{
	struct filedev *fd = dev->bd_data;
	int error;

	if (bio->bio_op == BIO_WRITE && (bio->bio_flags & BIO_BARRIER) != 0) {
		error = host_sync(fd);
		if (error != 0)
			return error;
	}
	switch (bio->bio_op) {
	case BIO_READ:
	case BIO_WRITE:
		if (must_bounce(dev, bio))
			return bounced_rw(dev, bio);
		return host_rw(fd, bio->bio_op == BIO_WRITE, bio->bio_iov,
		    bio->bio_iovcnt, bio->bio_off, bio->bio_len);
	case BIO_FLUSH:
		return host_sync(fd);
	case BIO_DISCARD:
	case BIO_ZERO:
		return file_zero(dev, bio);
	}
	return EINVAL;
}

static int
file_submit(struct blkdev *dev, struct bio *bio)
{
	struct filedev *fd = dev->bd_data;
	struct rumpuser_io *io = &bio->bio_host;
	int error;

	if (queue.q_ioq == NULL || must_bounce(dev, bio) ||
	    (bio->bio_op != BIO_READ && bio->bio_op != BIO_WRITE) ||
	    (bio->bio_flags & BIO_BARRIER) != 0) {
		error = file_io(dev, bio);
		bio_finish(bio, error);
		return error;
	}
	memset(io, 0, sizeof(*io));
	io->io_op = bio->bio_op == BIO_READ ? RUMPUSER_IO_READ
					    : RUMPUSER_IO_WRITE;
	io->io_file = fd->fd_file;
	io->io_off = bio->bio_off;
	io->io_iov = bio->bio_iov;
	io->io_iovcnt = bio->bio_iovcnt;
	io->io_len = bio->bio_len;
	io->io_cookie = bio;
	error = rumpuser_io_submit(queue.q_ioq, io);
	if (error != 0)
		bio_finish(bio, error);
	return error;
}

static void
complete(struct rumpuser_io *io)
{
	struct bio *bio = io->io_cookie;
	int error = io->io_error;

	if (error == 0 && io->io_done != bio->bio_len)
		error = EIO;
	bio_finish(bio, error);
}

/* Until bio is completed: reap, or wait for the thread that is reaping. */
static int
file_reap(struct blkdev *dev KUNUSED, struct bio *bio)
{
	struct rumpuser_io *ios[REAP_AT_ONCE];
	int n;

	mutex_enter(&queue.q_lock);
	while (!__atomic_load_n(&bio->bio_completed, __ATOMIC_ACQUIRE)) {
		if (queue.q_reaping) {
			cv_wait(&queue.q_cv, &queue.q_lock);
			continue;
		}
		queue.q_reaping = true;
		mutex_exit(&queue.q_lock);
		kern_cpu_release();
		n = rumpuser_io_reap(queue.q_ioq, ios, REAP_AT_ONCE, true);
		kern_cpu_acquire();
		for (int i = 0; i < n; i++)
			complete(ios[i]);
		mutex_enter(&queue.q_lock);
		queue.q_reaping = false;
		cv_broadcast(&queue.q_cv);
	}
	mutex_exit(&queue.q_lock);
	return 0;
}

static int
file_direct(struct blkdev *dev, uint64_t off, uint64_t len, bool write KUNUSED,
    struct blkdev_direct *di)
{
	struct filedev *fd = dev->bd_data;

	if (fd->fd_strict)
		return EOPNOTSUPP;
	di->di_file = fd->fd_file;
	di->di_off = off;
	di->di_len = len;
	return 0;
}

static int
file_setsize(struct blkdev *dev, uint64_t size)
{
	struct filedev *fd = dev->bd_data;
	int error;

	if (!fd->fd_regular)
		return size == dev->bd_size ? 0 : EOPNOTSUPP;
	error = rumpuser_file_setsize(fd->fd_file, size);
	if (error == 0)
		dev->bd_size = size;
	return error;
}

static void
file_destroy(struct blkdev *dev)
{
	struct filedev *fd = dev->bd_data;

	rumpuser_file_close(fd->fd_file);
	mutex_destroy(&fd->fd_rmwlock);
	kmem_free(fd, sizeof(*fd));
}

static const struct blkdev_ops file_ops = {
    .bo_name = "file",
    .bo_io = file_io,
    .bo_submit = file_submit,
    .bo_reap = file_reap,
    .bo_direct = file_direct,
    .bo_setsize = file_setsize,
    .bo_destroy = file_destroy,
};

int
blkdev_file_make(struct rumpuser_file *f, bool readonly, uint32_t lsector,
    bool strict, struct blkdev **devp)
{
	struct rumpuser_fileinfo fi;
	struct filedev *fd;
	struct blkdev *dev;
	int error = rumpuser_file_info(f, &fi);

	if (error != 0)
		return error;
	if (lsector == 0)
		lsector = fi.fi_logical_sector > 512 ? fi.fi_logical_sector
						     : 512;
	if (!ispow2(lsector) || lsector > BOUNCE_BYTES)
		return EINVAL;
	fd = kmem_zalloc(sizeof(*fd));
	dev = fd != NULL ? blkdev_alloc(&file_ops, NULL, fd) : NULL;
	if (dev == NULL) {
		kmem_free(fd, sizeof(*fd));
		return ENOMEM;
	}
	fd->fd_file = f;
	fd->fd_regular = fi.fi_type == RUMPUSER_FT_REG;
	fd->fd_strict = strict;
	mutex_init(&fd->fd_rmwlock, blkdev_lockrank(NULL), "rmw");
	rumpuser_file_ref(f);
	dev->bd_size = fi.fi_type == RUMPUSER_FT_CHR ? INT64_MAX : fi.fi_size;
	dev->bd_lsector = lsector;
	dev->bd_psector = (uint32_t)kmax(fi.fi_physical_sector, lsector);
	dev->bd_readonly = readonly || !fi.fi_writable;
	dev->bd_reads_zero = fd->fd_regular;
	dev->bd_cached = true;
	*devp = dev;
	return 0;
}

int
blkdev_file_create(struct rumpuser_file *f, bool readonly, uint32_t lsector,
    struct blkdev **devp)
{
	struct rumpuser_fileinfo fi;
	int error = rumpuser_file_info(f, &fi);

	if (error != 0)
		return error;
	return blkdev_file_make(
	    f, readonly, lsector, fi.fi_type == RUMPUSER_FT_BLK, devp);
}

int
dev_queue_init(void)
{
	char value[32];
	uint64_t n = 0;

	mutex_init(&queue.q_lock, blkdev_lockrank(NULL), "ioqueue");
	cv_init(&queue.q_cv, "ioqueue");
	if (rumpuser_getparam("RUMP_IOTHREADS", value, sizeof(value)) != 0 ||
	    kstrtou64(value, &n) != 0 || n == 0)
		return 0;
	return rumpuser_ioq_create((int)kmin(n, MAX_IOTHREADS), &queue.q_ioq);
}
