/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buffer cache: against a naive model, under memory pressure, with errors,
 * and from several threads; its write-out as the device sees it.
 */
#include "unit/child.h"
#include "unit/devmodel.h"

#include "kern/kerrno.h"
#include "kern/kmem.h"
#include "kern/ksched.h"
#include "vfs/buf.h"

#define KiB   1024u
#define BLK   2048u
#define NBLKS 600u

static const struct param little[] = {{"RUMP_MEMLIMIT", "1m"}, {NULL, NULL}};
static const struct param many[] = {{"RUMP_NCPU", "4"}, {NULL, NULL}};
static const struct param workers[] = {
    {"RUMP_IOTHREADS", "3"}, {"RUMP_NCPU", "4"}, {NULL, NULL}};

static struct blkdev *low, *dev;
static struct devlog lg;

static struct rumpuser_file *onfile;

static void
setup(const struct rump_blkfault *conf)
{
	struct rump_blkfault bf = {.bf_log = devlog_add, .bf_arg = &lg};

	if (onfile != NULL) {
		CHECK(rumpuser_file_setsize(onfile, 0) == 0);
		CHECK(rumpuser_file_setsize(onfile, NBLKS * BLK) == 0);
		CHECK(blkdev_file_create(onfile, false, 0, &low) == 0);
		CHECK(blkdev_window_create(low, 0, NBLKS * BLK, &dev) == 0);
		return;
	}
	if (conf != NULL)
		bf = *conf;
	CHECK(blkdev_ram_create(NBLKS * BLK, &low) == 0);
	CHECK(blkdev_fault_create(low, &bf, &dev) == 0);
}

static void
teardown(void)
{
	bpurge(dev, true);
	blkdev_rele(dev);
	blkdev_rele(low);
	CHECK(buf_memory() == 0);
	free(lg.e);
	lg = (struct devlog){0};
}

/* ---- against a model ------------------------------------------------------------ */

static uint8_t model[NBLKS][BLK];

/* A block's extent is its own: block n is n % 3 == 0 ? one of BLK : halves. */
static void
change_block(unsigned n)
{
	struct buf *bp;

	if (rnd(4) == 0) {
		CHECK(getblk(dev, n * BLK, BLK, &bp) == 0);
		rnd_fill(bp->b_data, BLK);
	} else if (rnd(8) == 0) {
		CHECK(getblk_zero(dev, n * BLK, BLK, &bp) == 0);
		CHECK(bp->b_data[0] == 0 && bp->b_data[BLK - 1] == 0);
	} else {
		CHECK(bread(dev, n * BLK, BLK, &bp) == 0);
		CHECK(memcmp(bp->b_data, model[n], BLK) == 0);
		bp->b_data[rnd(BLK)]++;
	}
	memcpy(model[n], bp->b_data, BLK);
	if (rnd(10) == 0)
		CHECK(bwrite(bp) == 0);
	else
		bdwrite(bp);
}

static void
look_at_block(unsigned n)
{
	struct buf *bp;
	int error;

	switch (rnd(4)) {
	case 0:
		bp = incore(dev, n * BLK, BLK);
		if (bp == NULL)
			return;
		break;
	case 1:
		error = bread_cluster(
		    dev, n * BLK, BLK, 100 * BLK, 300 * BLK, &bp);
		CHECK(error == 0);
		break;
	default:
		CHECK(bread(dev, n * BLK, BLK, &bp) == 0);
	}
	CHECK(memcmp(bp->b_data, model[n], BLK) == 0);
	brelse(bp);
}

static void
forget_block(unsigned n)
{
	unsigned cnt = 1 + (unsigned)rnd(20);

	if (n + cnt > NBLKS)
		cnt = NBLKS - n;
	bforget(dev, n * BLK, cnt * BLK);
	/* What a forgotten block holds is what the device has. */
	for (; cnt > 0; n++, cnt--) {
		CHECK(incore(dev, n * BLK, BLK) == NULL);
		blkdev_read(dev, model[n], n * BLK, BLK, 0);
	}
}

static void
model_ops(unsigned steps, uint64_t maxmem)
{
	static uint8_t b[BLK];

	for (unsigned i = 0; i < steps && child_failures == 0; i++) {
		unsigned n = (unsigned)rnd(rnd(2) ? NBLKS : 60);

		switch (rnd(40)) {
		case 0:
			forget_block(n);
			break;
		case 1:
			CHECK(bflush(dev, rnd(2)) == 0);
			blkdev_read(low, b, n * BLK, BLK, 0);
			CHECK(memcmp(b, model[n], BLK) == 0);
			break;
		case 2:
			CHECK(bflush_range(dev, n * BLK, BLK) == 0);
			blkdev_read(low, b, n * BLK, BLK, 0);
			CHECK(memcmp(b, model[n], BLK) == 0);
			break;
		case 3:
			CHECK(kmem_inuse() <= kmem_limit());
			CHECK(buf_memory() <= maxmem);
			break;
		default:
			if (rnd(2))
				change_block(n);
			else
				look_at_block(n);
		}
	}
	CHECK(bflush(dev, true) == 0);
	for (unsigned n = 0; n < NBLKS; n++) {
		blkdev_read(low, b, n * BLK, BLK, 0);
		CHECK(memcmp(b, model[n], BLK) == 0);
	}
}

static void
child_model(void)
{
	struct lwp *l = kern_enter();

	setup(NULL);
	model_ops(40000, 7u << 20);
	teardown();
	kern_leave(l);
}

/* The RAM device itself would take it all: a file below. */
static void
child_model_little(void)
{
	struct lwp *l = kern_enter();
	struct rump_blkfault bf = {0};
	struct rumpuser_file *f;
	void *hog;

	CHECK(rumpuser_file_tmp(NULL, &f) == 0);
	CHECK(rumpuser_file_setsize(f, NBLKS * BLK) == 0);
	CHECK(blkdev_file_create(f, false, 0, &low) == 0);
	CHECK(blkdev_fault_create(low, &bf, &dev) == 0);
	model_ops(15000, 400 * KiB);
	/* Somebody wants nearly all of it: the cache gives. */
	hog = kmem_alloc(900 * KiB);
	CHECK(hog != NULL && buf_memory() < 130 * KiB);
	model_ops(3000, 400 * KiB);
	kmem_free(hog, 900 * KiB);
	teardown();
	rumpuser_file_close(f);
	kern_leave(l);
}

/* ---- write-out -------------------------------------------------------------------- */

static void
forget_nothing(struct bufjournal *bj, uint64_t off, uint64_t len)
{
	(void)bj, (void)off, (void)len;
}

static void
child_order(void)
{
	struct bufjournal bj = {.bj_forget = forget_nothing};
	struct lwp *l = kern_enter();
	struct buf *bp, **pinned;
	size_t npinned;
	unsigned n = 0;

	setup(NULL);
	for (int i = 0; i < 300; i++) {
		CHECK(getblk(dev, rnd(NBLKS) * BLK, BLK, &bp) == 0);
		memset(bp->b_data, i, BLK);
		bdwrite(bp);
	}
	CHECK(lg.n == 0);
	CHECK(bflush(dev, true) == 0);
	CHECK(lg.n > 50 && lg.n < 300 && lg.e[lg.n - 1].flush);
	/* nothing bridged: what was written is what was dirty */
	for (unsigned i = 0; i + 1 < lg.n; i++)
		n += (unsigned)(lg.e[i].len / BLK);
	CHECK(n == dev->bd_bufs.bb_count);
	CHECK(devlog_sorted(&lg, 0, 64 * BLK));
	n = lg.n;
	CHECK(bflush(dev, false) == 0);
	CHECK(lg.n == n);

	/* A range is all that a flush of a range writes. */
	for (unsigned i = 0; i < 20; i++) {
		CHECK(bread(dev, i * BLK, BLK, &bp) == 0);
		bdwrite(bp);
	}
	n = lg.n;
	CHECK(bflush_range(dev, 5 * BLK, 3 * BLK + 1) == 0);
	CHECK(
	    lg.n == n + 1 && lg.e[n].off == 5 * BLK && lg.e[n].len == 3 * BLK);
	CHECK(dev->bd_bufs.bb_dirty_bytes == 17 * BLK);
	/* Pinned ones stay until their transaction is in the log. */
	CHECK(bread(dev, 9 * BLK, BLK, &bp) == 0);
	bsetjournal(dev, &bj);
	bdwrite(bp);
	n = lg.n;
	CHECK(bflush(dev, false) == 0);
	CHECK(lg.n == n + 3); /* 0-4, 8, 10-19 */
	CHECK(dev->bd_bufs.bb_dirty_bytes == BLK);
	CHECK(bpinned(dev, &pinned, &npinned) == 0);
	CHECK(npinned == 1 && pinned[0] == bp);
	bunpin_all(pinned, npinned, true);
	CHECK(bj.bj_npinned == 0 && bj.bj_pinned_bytes == 0);
	bsetjournal(dev, NULL);
	CHECK(bflush(dev, false) == 0);
	CHECK(lg.n == n + 4 && dev->bd_bufs.bb_dirty_bytes == 0);
	teardown();
	kern_leave(l);
}

/* Delayed writes go out by themselves when there are many. */
static void
child_limit(void)
{
	struct lwp *l = kern_enter();
	struct buf *bp;

	CHECK(blkdev_ram_create(64u << 20, &low) == 0);
	struct rump_blkfault bf = {.bf_log = devlog_add, .bf_arg = &lg};
	CHECK(blkdev_fault_create(low, &bf, &dev) == 0);
	for (unsigned i = 0; i < 4000; i++) {
		CHECK(getblk_zero(dev, (uint64_t)i * 16384, 4096, &bp) == 0);
		bdwrite(bp);
		CHECK(buf_memory() < 7u << 20);
	}
	CHECK(lg.n > 2000);
	CHECK(bflush(dev, false) == 0);
	CHECK(lg.n == 4000);
	teardown();
	kern_leave(l);
}

/* ---- errors, cross-linked blocks, sizes --------------------------------------------- */

static void
child_errors(void)
{
	struct rump_blkfault bf = {.bf_seed = 1, .bf_write_eio_ppm = 1000000};
	struct lwp *l = kern_enter();
	struct buf *bp, *bp2;

	setup(&bf);
	CHECK(bread(dev, 0, BLK, &bp) == 0);
	bp->b_data[0] = 7;
	CHECK(bwrite(bp) == EIO);
	CHECK(dev->bd_bufs.bb_dirty_bytes == BLK); /* not lost */
	CHECK(bread(dev, 0, BLK, &bp) == 0);
	CHECK(bp->b_data[0] == 7 && bp->b_error == EIO);
	brelse(bp);
	CHECK(bflush(dev, true) == EIO);
	CHECK(bread(dev, NBLKS * BLK, BLK, &bp) == EIO);
	CHECK(bread(dev, UINT64_MAX - 10, BLK, &bp) == EIO);
	CHECK(bread(dev, NBLKS * BLK - 10, BLK, &bp) == EIO);

	/* The same block again, or one across it: damage, not a deadlock. */
	CHECK(bread(dev, 10 * BLK, BLK, &bp) == 0);
	CHECK(bread(dev, 10 * BLK, BLK, &bp2) == EUCLEAN);
	CHECK(bread(dev, 10 * BLK + 512, 512, &bp2) == EUCLEAN);
	CHECK(bread(dev, 10 * BLK - 512, BLK, &bp2) == EUCLEAN);
	CHECK(bread(dev, 9 * BLK, 2 * BLK, &bp2) == EUCLEAN);
	CHECK(incore(dev, 10 * BLK, BLK) == NULL);
	brelse(bp);
	CHECK(bread(dev, 10 * BLK, 512, &bp2) == EUCLEAN);
	CHECK(bread(dev, 9 * BLK, BLK, &bp2) == 0);
	CHECK(bresize(bp2, BLK + 1) == EUCLEAN);
	CHECK(bresize(bp2, 512) == 0 && bp2->b_len == 512);
	CHECK(bresize(bp2, BLK) == 0 && bp2->b_data[512] == 0);
	brelse(bp2);
	CHECK(bread(dev, 11 * BLK, BLK, &bp) == 0);
	binval(bp);
	CHECK(incore(dev, 11 * BLK, BLK) == NULL);
	teardown();
	kern_leave(l);
}

/* One bad block in a cluster fails only whom it concerns. */
static void
child_cluster(void)
{
	struct lwp *l = kern_enter();
	struct rumpuser_file *f;
	struct buf *bp;

	CHECK(rumpuser_file_tmp(NULL, &f) == 0);
	CHECK(rumpuser_file_setsize(f, 64 * KiB) == 0);
	CHECK(blkdev_file_create(f, false, 0, &dev) == 0);
	CHECK(rumpuser_file_setsize(f, 5 * KiB) == 0); /* the rest is EIO */
	CHECK(bread_cluster(dev, 2048, 1024, 1024, 32 * KiB, &bp) == 0);
	brelse(bp);
	CHECK(incore(dev, 3072, 1024) == NULL);
	CHECK(bread_cluster(dev, 6144, 1024, 1024, 32 * KiB, &bp) == EIO);
	CHECK(rumpuser_file_setsize(f, 64 * KiB) == 0);
	bpurge(dev, true);
	CHECK(bread_cluster(dev, 2048, 1024, 1024, 5 * KiB, &bp) == 0);
	brelse(bp);
	for (unsigned off = 3072; off < 6144; off += 1024) {
		bp = incore(dev, off, 1024);
		CHECK(bp != NULL);
		if (bp != NULL)
			brelse(bp);
	}
	CHECK(incore(dev, 1024, 1024) == NULL); /* not behind us */
	CHECK(incore(dev, 6144, 1024) == NULL); /* not out of the range */
	bpurge(dev, false);
	blkdev_rele(dev);
	rumpuser_file_close(f);
	kern_leave(l);
}

/* ---- several threads -------------------------------------------------------------- */

#define NTHREADS 4
#define SHARED	 40u

/* A counter in each block; each thread adds; sums must come out. */
static void *
adder(void *arg)
{
	uint64_t seed = (uintptr_t)arg * 77 + 5, sum = 0;
	struct buf *bp;
	uint32_t n;

	for (int i = 0; i < 3000; i++) {
		struct lwp *l = kern_enter();
		unsigned blk;

		seed = seed * UINT64_C(6364136223846793005) + 1;
		blk = (unsigned)((seed >> 33) % SHARED);
		switch ((seed >> 40) % 40) {
		case 0:
			CHECK(bflush(dev, false) == 0);
			break;
		case 1:
			CHECK(bflush_range(dev, blk * BLK, 5 * BLK) == 0);
			break;
		case 2:
			/* beside what is counted in */
			bforget(dev, (SHARED + blk) * BLK, 9 * BLK);
			break;
		case 3:
			if (bread_cluster(dev, (SHARED + blk) * BLK, BLK,
				SHARED * BLK, 100 * BLK, &bp) == 0)
				brelse(bp);
			break;
		default:
			CHECK(bread(dev, blk * BLK, BLK, &bp) == 0);
			memcpy(&n, bp->b_data, sizeof(n));
			n++;
			memcpy(bp->b_data, &n, sizeof(n));
			if ((seed >> 50) % 8 == 0)
				CHECK(bwrite(bp) == 0);
			else
				bdwrite(bp);
			sum++;
		}
		kern_leave(l);
	}
	return (void *)(uintptr_t)sum;
}

static void
child_threads(void)
{
	struct rump_blkfault bf = {0};
	struct lwp *l = kern_enter();
	uint64_t want = 0, got = 0;
	pthread_t t[NTHREADS];
	uint8_t b[BLK];
	uint32_t n;
	void *ret;

	setup(&bf);
	kern_leave(l);
	for (uintptr_t i = 0; i < NTHREADS; i++)
		pthread_create(&t[i], NULL, adder, (void *)i);
	for (int i = 0; i < NTHREADS; i++) {
		pthread_join(t[i], &ret);
		want += (uintptr_t)ret;
	}
	l = kern_enter();
	CHECK(bflush(dev, true) == 0);
	for (unsigned i = 0; i < SHARED; i++) {
		blkdev_read(low, b, i * BLK, BLK, 0);
		memcpy(&n, b, sizeof(n));
		got += n;
	}
	CHECK(got == want && want > 1000);
	teardown();
	kern_leave(l);
}

/* On a file, whose writes the host's workers do. */
static void
child_workers(void)
{
	struct rumpuser_file *f;

	CHECK(rumpuser_file_tmp(NULL, &f) == 0);
	CHECK(rumpuser_file_setsize(f, NBLKS * BLK) == 0);
	onfile = f;
	child_threads();
	child_model();
	rumpuser_file_close(f);
}

int
main(void)
{
	child_ok(NULL, child_model, "agrees with a naive model");
	child_ok(little, child_model_little, "... under memory pressure");
	child_ok(
	    NULL, child_order, "writes sorted and joined, what is asked for");
	child_ok(NULL, child_limit, "dirty memory is bounded");
	child_ok(NULL, child_errors, "errors keep buffers; blocks met twice");
	child_ok(NULL, child_cluster, "reads ahead inside the range only");
	child_ok(NULL, child_threads, "several threads, one virtual CPU");
	child_ok(many, child_threads, "several threads, four virtual CPUs");
	child_ok(workers, child_workers, "... and writes under way together");
	return done();
}
