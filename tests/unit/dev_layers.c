/* SPDX-License-Identifier: BSD-2-Clause */
/* Block devices: wrappers, file, RAM, window, overlay, cache, fault; by name. */
#include "unit/devmodel.h"
#include "unit/scratch.h"

#include <rump/rump.h>

#include "dev/blkdev_impl.h"
#include "kern/kerrno.h"
#include "kern/ksched.h"

#define KiB 1024u

static struct blkdev *
ram(uint64_t size)
{
	struct blkdev *dev;

	if (blkdev_ram_create(size, &dev) != 0)
		bail("no RAM device");
	return dev;
}

static struct rumpuser_file *
host_file(const char *name, uint64_t size)
{
	struct rumpuser_file *f;
	char path[PATH_MAX];

	if (rumpuser_file_open(scratch_path(path, name),
		RUMPUSER_OPEN_RDWR | RUMPUSER_OPEN_CREATE, &f) != 0 ||
	    rumpuser_file_setsize(f, size) != 0)
		bail("no file %s", path);
	return f;
}

static void
test_wrappers(void)
{
	struct blkdev *dev = ram(10000);
	struct rumpuser_iov iov = {NULL, 10};
	uint8_t b[16] = {1};

	is(blkdev_read(dev, b, 9990, 11, 0), EIO, "a read past the end");
	is(blkdev_write(dev, b, 10000, 1, 0), EIO, "a write past the end");
	is(blkdev_read(dev, b, UINT64_MAX, 2, 0), EINVAL,
	    "an offset that wraps");
	is(blkdev_readv(dev, &iov, 1, 0, 11, 0), EINVAL,
	    "vectors of other length");
	is(blkdev_read(dev, b, 10000, 0, 0), 0, "nothing, at the end");
	is(blkdev_write(dev, b, 9984, 16, 0), 0, "a write up to the end");
	dev->bd_readonly = true;
	is(blkdev_write(dev, b, 0, 1, 0), EROFS, "a write, read-only");
	is(blkdev_zero(dev, 0, 1), EROFS, "zeroing, read-only");
	is(blkdev_flush(dev), 0, "a flush, read-only");
	is(blkdev_setsize(dev, 5), EROFS, "setting the size, read-only");
	blkdev_rele(dev);
}

static void
test_ram(void)
{
	struct blkdev *dev = ram(300 * KiB + 17);
	struct model m;
	uint8_t b = 9;

	model_init(&m, dev);
	ok(model_run(&m, 2000, 80 * KiB), "RAM agrees with an array");
	model_done(&m);
	is(blkdev_setsize(dev, UINT64_C(1) << 40), 0, "a terabyte of nothing");
	is(blkdev_write(dev, &b, (UINT64_C(1) << 40) - 1, 1, 0), 0,
	    "its last byte");
	is(blkdev_setsize(dev, 1000), 0, "cut");
	is(blkdev_setsize(dev, 2000), 0, "and grown");
	is(blkdev_read(dev, &b, 1500, 1, 0), 0, "read what is new");
	is(b, 0, "it is zero");
	blkdev_rele(dev);
}

static void
test_file(void)
{
	struct rumpuser_file *f = host_file("plain", 256 * KiB);
	struct blkdev_direct di;
	struct blkdev *dev, *win;
	struct model m;
	uint8_t b[4096];

	is(blkdev_file_create(f, false, 0, &dev), 0, "a device over a file");
	is(dev->bd_size, 256 * KiB, "its size");
	is(dev->bd_lsector, 512, "its sectors");
	ok(dev->bd_reads_zero && dev->bd_cached, "what it promises");
	model_init(&m, dev);
	ok(model_run(&m, 2000, 80 * KiB), "it agrees with an array");
	model_done(&m);

	is(blkdev_window_create(dev, 4096, 253 * KiB, &win), EINVAL,
	    "a window that isn't inside");
	is(blkdev_window_create(dev, 5000, 100000, &win), 0, "a window");
	model_init(&m, win);
	blkdev_read(win, m.mem, 0, m.size, 0);
	ok(model_run(&m, 1000, 20000), "it agrees with an array");
	is(blkdev_direct(win, 100, 1000, true, &di), 0, "it is direct");
	ok(di.di_file == f && di.di_off == 5100 && di.di_len == 1000, "there");
	is(blkdev_setsize(win, 100001), EFBIG, "it doesn't outgrow its frame");
	is(blkdev_setsize(win, 5), 0, "it shrinks");
	is(blkdev_read(win, b, 5, 1, 0), EIO, "and has an end there");
	model_done(&m);
	blkdev_rele(win);

	rumpuser_file_setsize(f, 8192);
	is(blkdev_read(dev, b, 4096, 4096, 0), 0, "in front of a cut");
	is(blkdev_read(dev, b, 8000, 4096, 0), EIO, "over a cut");
	is(blkdev_setsize(dev, 20000), 0, "grow the file");
	is(blkdev_read(dev, b, 15000, 4096, 0), 0, "read what is new");
	blkdev_rele(dev);
	rumpuser_file_close(f);
}

static void
test_sectors(void)
{
	struct rumpuser_file *f = host_file("raw", 512 * KiB);
	struct blkdev_direct di;
	struct blkdev *dev;
	struct model m;

	is(blkdev_file_make(f, false, 4096, true, &dev), 0, "a raw device");
	is(blkdev_direct(dev, 0, 4096, true, &di), EOPNOTSUPP, "isn't direct");
	model_init(&m, dev);
	ok(model_run(&m, 1500, 200 * KiB), "odd requests on whole sectors");
	model_done(&m);
	blkdev_rele(dev);
	is(blkdev_file_make(f, false, 3000, true, &dev), EINVAL, "odd sectors");
	rumpuser_file_close(f);
}

/* ---- overlay ------------------------------------------------------------------ */

static void
test_overlay(uint32_t blksize)
{
	struct blkdev *low = ram(200 * KiB + 700), *dev;
	struct model m, lower;
	uint64_t blk, src;
	bool good = true;

	model_init(&lower, low);
	rnd_fill(lower.mem, lower.size);
	blkdev_write(low, lower.mem, 0, lower.size, 0);
	low->bd_readonly = true;
	is(blkdev_overlay_create(low, blksize, &dev), 0, "an overlay");
	model_init(&m, dev);
	memcpy(m.mem, lower.mem, m.size);
	for (int i = 0; i < 60 && good; i++) {
		blk = rnd(m.size / blksize) * blksize;
		src = rnd(m.size - blksize + 1);
		if (rnd(2) == 0)
			src -= src % blksize;
		good = blkdev_overlay_map(dev, blk, src) == 0;
		memcpy(m.mem + blk, lower.mem + src, blksize);
		good = good && model_run(&m, 25, 30 * KiB);
	}
	ok(good, "overlay %u: agrees with an array", blksize);
	ok(model_agrees(&lower, low), "the lower device is as it was");
	is(blkdev_overlay_map(dev, m.size, 0), EINVAL, "mapped outside");
	is(blkdev_overlay_map(dev, 0, m.size - blksize + 1), EINVAL,
	    "from outside");
	is(blkdev_overlay_map(dev, 1, 0), EINVAL, "not on a block");
	is(blkdev_overlay_commit(dev), EROFS, "commit to a read-only device");
	ok(model_agrees(&m, dev), "nothing is lost by that");
	low->bd_readonly = false;
	is(blkdev_overlay_commit(dev), 0, "commit");
	ok(model_agrees(&m, low), "the lower device has it all");
	model_run(&m, 20, 9000);
	blkdev_overlay_drop(dev);
	ok(blkdev_read(dev, m.mem, 0, m.size, 0) == 0 && model_agrees(&m, low),
	    "dropped");
	model_done(&m);
	model_done(&lower);
	blkdev_rele(dev);
	blkdev_rele(low);
}

static void
test_overlay_commit_order(void)
{
	struct devlog lg = {0};
	struct rump_blkfault bf = {.bf_log = devlog_add, .bf_arg = &lg};
	struct blkdev *low = ram(256 * KiB), *fault, *dev;
	static uint8_t b[4096];

	blkdev_fault_create(low, &bf, &fault);
	blkdev_overlay_create(fault, 4096, &dev);
	for (int i = 0; i < 40; i++)
		blkdev_write(dev, b, rnd(64) * 4096, 4096, 0);
	is(lg.n, 0, "nothing is written before the commit");
	is(blkdev_overlay_commit(dev), 0, "commit");
	ok(lg.n > 0 && devlog_sorted(&lg, 0, 64 * 4096), "in order, joined");
	blkdev_rele(dev);
	blkdev_rele(fault);
	blkdev_rele(low);
	free(lg.e);
}

/* ---- cache -------------------------------------------------------------------- */

static void
test_cache(void)
{
	struct devlog lg = {0};
	struct rump_blkfault bf = {.bf_log = devlog_add, .bf_arg = &lg};
	struct blkdev *low = ram(600 * KiB + 100), *fault, *dev;
	bool agree = true, sorted = true, durable = true;
	struct model m;
	unsigned from;
	uint8_t b = 1;

	blkdev_fault_create(low, &bf, &fault);
	is(blkdev_cache_create(fault, 200 * KiB, &dev), 0, "a cache");
	ok(dev->bd_cached, "it says so");
	model_init(&m, dev);
	for (int i = 0; i < 60; i++) {
		agree = agree && model_run(&m, 40, 60 * KiB);
		is(blkdev_flush(dev), 0, "flush %d", i);
		durable = durable && model_agrees(&m, low);
	}
	ok(agree, "cache: agrees with an array");
	ok(durable, "after a flush the device below has it all");

	for (int i = 0; i < 30; i++) {
		from = lg.n;
		for (int j = 0; j < 6; j++) {
			uint64_t off = rnd(36) * 16384;

			rnd_fill(m.mem + off, 16384);
			blkdev_write(dev, m.mem + off, off, 16384, 0);
		}
		if (lg.n != from) /* room was needed */
			continue;
		blkdev_write(dev, &b, m.size - 1, 1, BIO_BARRIER);
		m.mem[m.size - 1] = b++;
		sorted = sorted && lg.n > from && lg.e[lg.n - 1].flush &&
		    devlog_sorted(&lg, from, 8 * 16384);
	}
	ok(sorted,
	    "a barrier writes back in order, joined, and flushes; what it "
	    "comes with isn't there yet");
	from = lg.n;
	blkdev_write(dev, m.mem, 0, 16384, 0);
	blkdev_rele(dev);
	ok(lg.n > from, "what is left goes out with the cache");
	ok(model_agrees(&m, low), "and is right");
	model_done(&m);
	blkdev_rele(fault);
	blkdev_rele(low);
	free(lg.e);
}

static void
test_cache_errors(void)
{
	struct rump_blkfault bf = {.bf_seed = 3,
	    .bf_write_eio_ppm = 300000,
	    .bf_read_eio_ppm = 100000};
	struct blkdev *low = ram(600 * KiB), *fault, *dev;
	struct model m;
	bool same = true;
	uint64_t off, len;

	blkdev_fault_create(low, &bf, &fault);
	blkdev_cache_create(fault, 128 * KiB, &dev);
	model_init(&m, dev);
	for (int i = 0; i < 3000; i++) {
		off = rnd(m.size / 512) * 512;
		len = 512;
		if (rnd(2) == 0) {
			rnd_fill(m.tmp, len);
			if (blkdev_write(dev, m.tmp, off, len, 0) == 0)
				memcpy(m.mem + off, m.tmp, len);
		} else if (blkdev_read(dev, m.tmp, off, len, 0) == 0) {
			same = same && memcmp(m.tmp, m.mem + off, len) == 0;
		}
	}
	while (blkdev_flush(dev) != 0)
		;
	ok(same, "cache: nothing is lost to errors below");
	ok(model_agrees(&m, low), "nor after a flush that succeeded");
	model_done(&m);
	blkdev_rele(dev);
	blkdev_rele(fault);
	blkdev_rele(low);
}

/* ---- fault -------------------------------------------------------------------- */

/* Which of 400 requests fail? */
static void
fault_pattern(uint64_t seed, bool *failed)
{
	struct rump_blkfault bf = {.bf_seed = seed,
	    .bf_read_eio_ppm = 100000,
	    .bf_write_eio_ppm = 200000};
	struct blkdev *low = ram(4096), *dev;
	uint8_t b[512] = {0};

	blkdev_fault_create(low, &bf, &dev);
	for (int i = 0; i < 400; i++)
		failed[i] = (i % 2 ? blkdev_read(dev, b, 0, 512, 0)
				   : blkdev_write(dev, b, 512, 512, 0)) != 0;
	blkdev_rele(dev);
	blkdev_rele(low);
}

static void
test_fault(void)
{
	struct devlog lg = {0};
	struct rump_blkfault bf = {.bf_stop_at_write = 3,
	    .bf_torn = true,
	    .bf_log = devlog_add,
	    .bf_arg = &lg};
	bool a[400], b[400], c[400];
	struct blkdev *low = ram(64 * KiB), *dev;
	uint8_t buf[1024], zero[512] = {0};
	unsigned reads = 0, writes = 0;

	fault_pattern(7, a);
	fault_pattern(7, b);
	fault_pattern(8, c);
	for (int i = 0; i < 400; i++)
		*(i % 2 ? &reads : &writes) += a[i];
	ok(memcmp(a, b, sizeof(a)) == 0, "the same seed, the same faults");
	ok(memcmp(a, c, sizeof(a)) != 0, "another seed, others");
	ok(reads > 5 && reads < 45 && writes > 15 && writes < 75,
	    "about as many as were asked for: %u, %u", reads, writes);

	blkdev_fault_create(low, &bf, &dev);
	memset(buf, 5, sizeof(buf));
	is(blkdev_write(dev, buf, 0, 1024, 0), 0, "write 1");
	is(blkdev_flush(dev), 0, "a flush");
	is(blkdev_write(dev, buf, 4096, 1024, BIO_BARRIER), 0, "write 2");
	is(blkdev_write(dev, buf, 8192, 1024, 0), EIO,
	    "write 3: the power fails");
	is(blkdev_write(dev, buf, 12288, 1024, 0), EIO, "and is gone");
	is(blkdev_flush(dev), EIO, "no flush either");
	is(blkdev_read(dev, buf, 8192, 1024, 0), 0, "reading goes on");
	ok(buf[0] == 5 && buf[511] == 5 && memcmp(buf + 512, zero, 512) == 0,
	    "half of write 3 is there");
	is(lg.n, 5,
	    "the log has them: write, flush, barrier, write, half a write");
	ok(lg.n == 5 && !lg.e[0].flush && lg.e[1].flush && lg.e[2].flush &&
		lg.e[3].off == 4096 && lg.e[4].len == 512,
	    "in their order");
	blkdev_rele(dev);
	blkdev_rele(low);
	free(lg.e);
}

/* ---- submit and reap --------------------------------------------------------------- */

static unsigned ndone;

static void
count_done(struct bio *bio)
{
	__atomic_fetch_add((unsigned *)bio->bio_private, 1, __ATOMIC_RELAXED);
}

static void
submit_many(struct blkdev *dev, uint64_t base)
{
	enum { N = 40, LEN = 6000 };
	static __thread uint8_t out[N][LEN], in[LEN];
	struct rumpuser_iov iov[N];
	struct bio bio[N];
	bool good = true;

	for (int i = 0; i < N; i++) {
		memset(out[i], i + 1, LEN);
		iov[i] = (struct rumpuser_iov){out[i], LEN};
		bio[i] = (struct bio){.bio_op = BIO_WRITE,
		    .bio_off = base + (uint64_t)i * LEN,
		    .bio_len = LEN,
		    .bio_iov = &iov[i],
		    .bio_iovcnt = 1,
		    .bio_done = count_done,
		    .bio_private = &ndone};
		good = good && blkdev_submit(dev, &bio[i]) == 0;
	}
	for (int i = N; i-- > 0;)
		good = good && bio_wait(&bio[i]) == 0;
	for (int i = 0; i < N; i++)
		good = good &&
		    blkdev_read(dev, in, base + (uint64_t)i * LEN, LEN, 0) ==
			0 &&
		    memcmp(in, out[i], LEN) == 0;
	ok(good, "requests under way together");
}

static struct blkdev *shared;

static void *
submitter(void *arg)
{
	struct lwp *l = kern_enter();

	submit_many(shared, (uintptr_t)arg * 300000);
	kern_leave(l);
	return NULL;
}

static void
test_submit(struct lwp **lp)
{
	struct rumpuser_file *f = host_file("queue", 2 << 20);
	struct blkdev *dev;
	pthread_t t[4];
	struct bio bad = {.bio_op = BIO_READ, .bio_off = 1 << 30, .bio_len = 1};

	blkdev_file_create(f, false, 0, &dev);
	blkdev_window_create(dev, 1000, 2000000, &shared);
	is(blkdev_submit(shared, &bad), EINVAL, "refused at once");
	is(bio_wait(&bad), EINVAL, "and completed with it");
	kern_leave(*lp);
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, submitter, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	*lp = kern_enter();
	is(ndone, 160, "each was told of once");
	blkdev_rele(shared);
	blkdev_rele(dev);
	rumpuser_file_close(f);
}

/* ---- by name ---------------------------------------------------------------------- */

static void
test_names(void)
{
	struct rump_blkdesc layers[] = {
	    {.bl_kind = RUMP_BLK_RAM, .bl_len = 1 << 20},
	    {.bl_kind = RUMP_BLK_WINDOW, .bl_off = 4096, .bl_len = 65536},
	    {.bl_kind = RUMP_BLK_OVERLAY},
	    {.bl_kind = RUMP_BLK_CACHE, .bl_len = 1 << 18},
	    {.bl_kind = RUMP_BLK_FAULT, .bl_fault = {.bf_stop_at_write = 2}},
	};
	uint64_t size;
	uint8_t b = 1;

	is(rump_pub_blkdev_create("d0", layers, 5), 0, "five layers");
	is(rump_pub_blkdev_create("d0", layers, 5), EEXIST,
	    "the name is taken");
	is(rump_pub_blkdev_create("a/b", layers, 1), EINVAL, "a slash");
	is(rump_pub_blkdev_create("d1", layers + 1, 1), EINVAL, "no bottom");
	is(rump_pub_blkdev_create("d1", layers, 0), EINVAL, "nothing");
	is(rump_pub_blkdev_size("d0", &size), 0, "the size");
	is(size, 65536, "is the window's");
	is(rump_pub_blkdev_write("d0", &b, 9, 1), 0, "write");
	is(rump_pub_blkdev_write("d0", &b, 9, 1), EIO, "write until the fault");
	b = 0;
	is(rump_pub_blkdev_read("d0", &b, 9, 1), 0, "read");
	is(b, 1, "what was written");
	is(rump_pub_blkdev_read("d1", &b, 9, 1), ENOENT, "no such device");
	is(rump_pub_blkdev_destroy("d0"), 0, "destroy");
	is(rump_pub_blkdev_destroy("d0"), ENOENT, "it is gone");
}

int
main(void)
{
	struct lwp *l;

	setenv("RUMP_IOTHREADS", "3", 0);
	if (rump_init() != 0)
		bail("rump_init");
	l = kern_enter();
	test_wrappers();
	test_ram();
	test_file();
	test_sectors();
	test_overlay(512);
	test_overlay(4096);
	test_overlay_commit_order();
	test_cache();
	test_cache_errors();
	test_fault();
	test_submit(&l);
	kern_leave(l);
	test_names();
	return done();
}
