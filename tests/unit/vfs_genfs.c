/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generic I/O: random operations on files of a test driver (testfs.h) and on arrays
 * of bytes; they must always agree.  The device is full of garbage at first, so that
 * what isn't zeroed shows.
 */
#include "vfs/buf.h"
#include "unit/testfs.h"
#include "unit/child.h"
#include "unit/scratch.h"

#include <rump/rump_syscalls.h>

#include "dev/blkdev_impl.h"
#include "kern/ksched.h"

struct file {
	const char *path;
	int fd;
	uint64_t size, max;
	uint8_t *mem; /* max bytes */
	uint8_t *tmp;
};
static struct file fa, fb, fbuf;
static struct rumpuser_file *hostfile;
static uint8_t *hostmem;
static uint64_t hostsize;
static __thread const char *failure;

static __thread int failline;

#define MUST(cond) \
	((cond) ? true : (failure = #cond, failline = __LINE__, false))

static void
file_open(struct file *f, const char *path, uint64_t max)
{
	*f = (struct file){.path = path, .max = max};
	f->fd = rump_sys_open(path, RUMP_O_RDWR, 0);
	f->mem = calloc(1, max);
	f->tmp = malloc(max);
}

static void
file_close(struct file *f)
{
	rump_sys_close(f->fd);
	free(f->mem);
	free(f->tmp);
}

static void
pick_range(const struct file *f, uint64_t *offp, uint64_t *lenp)
{
	uint64_t b = tf.blksize, len;

	switch (rnd(4)) {
	case 0:
		len = 1 + rnd(b);
		break;
	case 1:
		len = 1 + rnd(8 * b);
		break;
	case 2:
		len = b * (1 + rnd(8));
		break;
	default:
		len = 1 + rnd(f->max / 3);
	}
	*offp = rnd(3) ? rnd(f->size + 1) : rnd(f->max - len + 1);
	if (rnd(3) == 0)
		*offp -= *offp % b;
	if (rnd(6) == 0)
		*offp = f->size;
	if (*offp + len > f->max)
		*offp = f->max - len;
	*lenp = len;
}

/* What a successful change to [off, off + len) makes of the size. */
static void
grown(struct file *f, uint64_t off, uint64_t n)
{
	if (n > 0 && off + n > f->size)
		f->size = off + n;
}

static bool
op_read(struct file *f)
{
	uint64_t off, len, want;
	int64_t n;

	pick_range(f, &off, &len);
	want = off >= f->size ? 0 : f->size - off < len ? f->size - off : len;
	n = rump_sys_pread(f->fd, f->tmp, len, off);
	return MUST(n == (int64_t)want) &&
	    MUST(memcmp(f->tmp, f->mem + off, want) == 0);
}

static bool
op_write(struct file *f)
{
	struct rump_iovec iov[100];
	uint64_t off, len, at = 0;
	int64_t n;
	int cnt;

	pick_range(f, &off, &len);
	rnd_fill(f->tmp, len < 4096 ? len : 4096);
	for (uint64_t i = 4096; i < len; i++)
		f->tmp[i] = (uint8_t)(f->tmp[i - 4096] + 1);
	if (rnd(3) > 0) {
		n = rump_sys_pwrite(f->fd, f->tmp, len, off);
	} else { /* in more vectors than fit one request */
		for (cnt = 0; cnt < 99 && at < len; cnt++) {
			iov[cnt].iov_base = f->tmp + at;
			iov[cnt].iov_len = rnd(len - at < 300 ? len - at : 300);
			at += iov[cnt].iov_len;
		}
		iov[cnt].iov_base = f->tmp + at;
		iov[cnt].iov_len = len - at;
		if (!MUST(rump_sys_lseek(f->fd, (int64_t)off, RUMP_SEEK_SET) ==
			(int64_t)off))
			return false;
		n = rump_sys_writev(f->fd, iov, cnt + 1);
	}
	if (n == -ENOSPC)
		return MUST(tf_full);
	if (!MUST(n > 0) || !MUST(n == (int64_t)len || tf_full))
		return false;
	memcpy(f->mem + off, f->tmp, (size_t)n);
	grown(f, off, (uint64_t)n);
	return true;
}

static bool
op_truncate(struct file *f)
{
	uint64_t size = rnd(2) ? rnd(f->max) : rnd(f->size + 1);

	if (!MUST(rump_sys_ftruncate(f->fd, size) == 0))
		return false;
	if (size < f->size)
		memset(f->mem + size, 0, f->size - size);
	f->size = size;
	return true;
}

static bool
op_fallocate(struct file *f)
{
	uint64_t off, len, before = f->size;
	int how = (int)rnd(4), error;

	if (f == &fbuf)
		return true;
	pick_range(f, &off, &len);
	switch (how) {
	case 0:
		error = rump_sys_fallocate(f->fd,
		    RUMP_FALLOC_PUNCH_HOLE | RUMP_FALLOC_KEEP_SIZE, off, len);
		break;
	case 1:
		error = rump_sys_fallocate(
		    f->fd, RUMP_FALLOC_ZERO_RANGE, off, len);
		grown(f, off, len);
		break;
	case 2:
		error = rump_sys_fallocate(f->fd, 0, off, len);
		grown(f, off, len);
		break;
	default:
		error = rump_sys_fallocate(
		    f->fd, RUMP_FALLOC_KEEP_SIZE, off, len);
	}
	if (error == -ENOSPC) { /* the data is as it was */
		f->size = before;
		return MUST(tf_full);
	}
	if (how < 2)
		memset(f->mem + off, 0, len);
	return MUST(error == 0);
}

/* Is data where SEEK_DATA says, and none where it says there is none? */
static bool
op_seek(struct file *f)
{
	uint64_t off = rnd(f->size + 1), data, hole;
	int64_t r = rump_sys_lseek(f->fd, (int64_t)off, RUMP_SEEK_DATA);

	if (off == f->size)
		return MUST(r == -ENXIO);
	data = r == -ENXIO ? f->size : (uint64_t)r;
	if (!MUST(r >= 0 || r == -ENXIO) || !MUST(data >= off))
		return false;
	for (uint64_t i = off; i < data; i++)
		if (!MUST(f->mem[i] == 0))
			return false;
	if (r == -ENXIO)
		return true;
	hole = (uint64_t)rump_sys_lseek(f->fd, (int64_t)data, RUMP_SEEK_HOLE);
	return MUST(hole > data && hole <= f->size);
}

/* Each byte by way of the run map. */
static bool
op_runmap(struct file *f)
{
	struct rump_run runs[7];
	uint64_t off = rnd(f->size + 1), len = rnd(f->max), end;
	struct blkdev_direct di;
	int n;

	n = rump_sys_runmap(f->fd, off, len, runs, 7);
	if (!MUST(n >= 0))
		return false;
	end = off + len < f->size ? off + len : f->size;
	(void)di;
	for (int i = 0; i < n; i++) {
		if (!MUST(runs[i].r_off == off && runs[i].r_len > 0 &&
			off + runs[i].r_len <= end))
			return false;
		off += runs[i].r_len;
		if (runs[i].r_kind == RUMP_RUN_HOLE ||
		    runs[i].r_kind == RUMP_RUN_UNWRITTEN)
			for (uint64_t j = runs[i].r_off; j < off; j++)
				if (!MUST(f->mem[j] == 0))
					return false;
	}
	return MUST(n == 7 || off == end);
}

static bool
host_read(uint64_t off, uint64_t len, uint8_t *to, size_t *gotp)
{
	struct rumpuser_iov iov = {to, len};

	return rumpuser_preadv(hostfile, &iov, 1, off, gotp) == 0;
}

static bool
op_tohost(struct file *f)
{
	uint64_t off, len, hostoff = rnd(2) ? 0 : rnd(f->max / 4), want;
	int64_t n;
	size_t got;

	pick_range(f, &off, &len);
	if (rnd(2) == 0)
		rumpuser_file_setsize(hostfile, 0), hostsize = 0;
	want = off >= f->size ? 0 : f->size - off < len ? f->size - off : len;
	n = rump_sys_copytohost(f->fd, off, hostfile, hostoff, len);
	if (!MUST(n == (int64_t)want))
		return false;
	if (want == 0)
		return true;
	if (hostoff > hostsize)
		memset(hostmem + hostsize, 0, hostoff - hostsize);
	memcpy(hostmem + hostoff, f->mem + off, want);
	if (hostoff + want > hostsize)
		hostsize = hostoff + want;
	return MUST(host_read(0, 4 * f->max, f->tmp, &got)) &&
	    MUST(got == hostsize) &&
	    MUST(memcmp(f->tmp, hostmem, hostsize) == 0);
}

static bool
op_fromhost(struct file *f)
{
	uint64_t off, len, hostoff = rnd(2) ? 0 : rnd(hostsize + 100), want;
	int64_t n;

	pick_range(f, &off, &len);
	want = hostoff >= hostsize     ? 0
	    : hostsize - hostoff < len ? hostsize - hostoff
				       : len;
	n = rump_sys_copyfromhost(
	    f->fd, off, hostfile, hostoff, rnd(3) ? len : want);
	if (n == -ENOSPC) /* how much there is now, nobody tells */
		return MUST(tf_full) && (failure = "full", false);
	if (!MUST(n >= 0) || !MUST(n == (int64_t)want || tf_full))
		return false;
	memcpy(f->mem + off, hostmem + hostoff, (size_t)n);
	grown(f, off, (uint64_t)n);
	return true;
}

static bool
op_copy(struct file *f)
{
	struct file *g = f == &fa ? (rnd(2) ? &fb : &fbuf) : &fa;
	uint64_t off, len, goff, want;
	int64_t n;

	pick_range(f, &off, &len);
	pick_range(g, &goff, &want);
	if (goff + len > g->max)
		goff = g->max - len;
	want = off >= f->size ? 0 : f->size - off < len ? f->size - off : len;
	n = rump_sys_copy_file_range(f->fd, off, g->fd, goff, len);
	if (n == -ENOSPC)
		return MUST(tf_full) && (failure = "full", false);
	if (!MUST(n >= 0) || !MUST(n == (int64_t)want || tf_full))
		return false;
	memcpy(g->mem + goff, f->mem + off, (size_t)n);
	grown(g, goff, (uint64_t)n);
	return true;
}

/* Holes of the host's file must not become blocks. */
static void
make_host_holes(uint64_t max)
{
	static uint8_t chunk[20000];
	struct rumpuser_iov iov = {chunk, 0};

	rumpuser_file_setsize(hostfile, 0);
	hostsize = 1 + rnd(max);
	rumpuser_file_setsize(hostfile, hostsize);
	memset(hostmem, 0, hostsize);
	for (int i = 0; i < 6; i++) {
		uint64_t off = rnd(hostsize), len = 1 + rnd(sizeof(chunk));

		if (off + len > hostsize)
			len = hostsize - off;
		rnd_fill(chunk, len);
		iov.iov_len = len;
		rumpuser_pwritev(hostfile, &iov, 1, off, NULL);
		memcpy(hostmem + off, chunk, len);
	}
}

static bool
check_all(struct file *f)
{
	int64_t n = rump_sys_pread(f->fd, f->tmp, f->max, 0);

	return MUST(n == (int64_t)f->size) &&
	    MUST(memcmp(f->tmp, f->mem, f->size) == 0);
}

/* Another implementation left garbage past the end, in the last block. */
static bool
op_dirty_tail(struct file *f)
{
	struct tf_node *n = &tf.node[f == &fa ? 0 : 1];
	uint64_t in = f->size % tf.blksize, i = f->size / tf.blksize;

	if (f == &fbuf || in == 0 || n->blk[i] == 0 || n->unwritten[i])
		return true;
	memset(f->tmp, 0x5a, tf.blksize - in);
	return MUST(
	    rump_pub_blkdev_write("tf", f->tmp,
		(uint64_t)n->blk[i] * tf.blksize + in, tf.blksize - in) == 0);
}

static bool
step(struct file *f)
{
	tf_full = false;
	switch (rnd(25)) {
	case 24:
		return op_dirty_tail(f);
	case 0:
	case 1:
		return op_truncate(f);
	case 2:
	case 3:
		return op_fallocate(f);
	case 4:
		return op_seek(f);
	case 5:
		return op_runmap(f);
	case 6:
	case 7:
		return op_tohost(f);
	case 8:
	case 9:
		if (rnd(3) == 0)
			make_host_holes(f->max);
		return op_fromhost(f);
	case 10:
	case 11:
		return op_copy(f);
	case 12:
	case 13:
	case 14:
	case 15:
		return op_read(f);
	default:
		return op_write(f);
	}
}

static void
fill_garbage(struct rumpuser_file *f, uint64_t size)
{
	static uint8_t junk[65536];
	struct rumpuser_iov iov = {junk, sizeof(junk)};

	memset(junk, 0xa5, sizeof(junk));
	for (uint64_t off = 0; off < size; off += sizeof(junk)) {
		iov.iov_len = size - off < sizeof(junk) ? size - off
							: sizeof(junk);
		rumpuser_pwritev(f, &iov, 1, off, NULL);
	}
}

static uint32_t eio_ppm;

static void
mount_testfs(uint32_t blksize, uint32_t nblks, bool overlay)
{
	struct rump_blkdesc layers[2] = {
	    {.bl_kind = RUMP_BLK_FILE}, {.bl_kind = RUMP_BLK_OVERLAY}};
	const char *devs[] = {"tf"};
	struct rumpuser_file *image;

	tf_reset(blksize, nblks);
	if (rumpuser_file_tmp(NULL, &image) != 0 ||
	    rumpuser_file_setsize(image, (uint64_t)blksize * nblks) != 0)
		bail("no image");
	fill_garbage(image, (uint64_t)blksize * nblks);
	layers[0].bl_file = image;
	if (eio_ppm != 0)
		layers[1] = (struct rump_blkdesc){.bl_kind = RUMP_BLK_FAULT,
		    .bl_fault = {.bf_seed = rnd(1u << 30),
			.bf_read_eio_ppm = eio_ppm,
			.bf_write_eio_ppm = eio_ppm}};
	if (rump_pub_blkdev_create("tf", layers, overlay || eio_ppm ? 2 : 1) !=
		0 ||
	    rump_sys_mount("testfs", "/t", 0, devs, 1, NULL) != 0)
		bail("no mount");
	rumpuser_file_close(image);
	if (rumpuser_file_tmp(NULL, &hostfile) != 0)
		bail("no host file");
	hostsize = 0;
}

static void
unmount_testfs(void)
{
	is(rump_sys_unmount("/t", 0), 0, "unmount");
	is(rump_pub_blkdev_destroy("tf"), 0, "the device is free");
	rumpuser_file_close(hostfile);
}

/* True: files and arrays agree to the end, and no block was lost. */
static bool
fuzz_run(uint32_t blksize, uint32_t nblks, bool overlay, unsigned steps)
{
	bool sound;
	struct file *files[] = {&fa, &fb, &fbuf};
	/* fuller than full, if all three grow to their most */
	uint64_t max = (uint64_t)blksize * nblks / 2;
	unsigned i;

	if (max > 1500000)
		max = 1500000;
	mount_testfs(blksize, nblks, overlay);
	hostmem = calloc(1, 6 * max);
	file_open(&fa, "/t/a", max);
	file_open(&fb, "/t/b", max);
	file_open(&fbuf, "/t/buf", max);
	failure = NULL;
	for (i = 0; i < steps && failure == NULL; i++) {
		struct file *f = files[rnd(8) < 5 ? 0 : rnd(3)];

		if (step(f) && i % 32 == 0 && MUST(tf_consistent()))
			(void)(check_all(&fa) && check_all(&fb) &&
			    check_all(&fbuf));
		if (failure != NULL && strcmp(failure, "full") == 0) {
			/* start again: what is in the files isn't known */
			failure = NULL;
			for (unsigned j = 0; j < 3; j++) {
				rump_sys_ftruncate(files[j]->fd, 0);
				memset(files[j]->mem, 0, files[j]->max);
				files[j]->size = 0;
			}
		}
	}
	if (failure != NULL)
		diag("step %u: line %d: %s", i, failline, failure);
	sound = failure == NULL && check_all(&fa) && check_all(&fb) &&
	    check_all(&fbuf) && tf_consistent();
	file_close(&fa);
	file_close(&fb);
	file_close(&fbuf);
	free(hostmem);
	sound = rump_sys_unmount("/t", 0) == 0 && sound;
	sound = rump_pub_blkdev_destroy("tf") == 0 && sound;
	rumpuser_file_close(hostfile);
	return sound;
}

static void
fuzz(uint32_t blksize, uint32_t nblks, bool overlay, unsigned steps)
{
	ok(fuzz_run(blksize, nblks, overlay, steps),
	    "blocks of %u, %u of them%s: agrees with arrays", blksize, nblks,
	    overlay ? ", overlay" : "");
}

static void
start(void)
{
	struct lwp *l = kern_enter();

	vfs_attach(&tf_vfsops);
	kern_leave(l);
	CHECK(rump_sys_mkdir("/t", 0755) == 0);
}

/* With little memory copies have small buffers, and buffers go early. */
static void
child_little(void)
{
	start();
	CHECK(fuzz_run(4096, 1000, false, 1500));
	CHECK(fuzz_run(16384, 150, false, 1000));
	CHECK(fuzz_run(65536, 60, false, 1000));
}

/* A device that fails now and then: calls fail, nothing else goes wrong. */
static void
test_errors(void)
{
	struct file *files[] = {&fa, &fb, &fbuf};
	unsigned failed = 0;
	bool sound = true;

	eio_ppm = 30000;
	for (unsigned round = 0; round < 15; round++) {
		mount_testfs(round % 2 ? 1024 : 8192, 300, false);
		hostmem = calloc(1, 1 << 20);
		for (unsigned j = 0; j < 3; j++)
			file_open(files[j],
			    (const char *[]){"/t/a", "/t/b", "/t/buf"}[j],
			    100000);
		for (unsigned i = 0; i < 300; i++) {
			failure = NULL;
			step(files[rnd(3)]);
			failed += failure != NULL;
			sound = sound && tf_consistent();
		}
		for (unsigned j = 0; j < 3; j++)
			file_close(files[j]);
		free(hostmem);
		if (rump_sys_unmount("/t", 0) != 0)
			sound = sound &&
			    rump_sys_unmount("/t", RUMP_MNT_FORCE) == 0;
		sound = sound && rump_pub_blkdev_destroy("tf") == 0;
		rumpuser_file_close(hostfile);
	}
	eio_ppm = 0;
	ok(sound, "a failing device: no block lost, unmounts");
	ok(failed > 50, "errors were met: %u", failed);
}

/* ---- several threads, a file each ------------------------------------------------- */

static void *
worker(void *arg)
{
	static const char *const paths[] = {"/t/a", "/t/b", "/t/buf"};
	uintptr_t i = (uintptr_t)arg;
	struct file f;

	rnd_state = 1000 + i;
	file_open(&f, paths[i], 400000);
	for (unsigned s = 0; s < 1500 && failure == NULL; s++) {
		tf_full = false;
		switch (rnd(10)) {
		case 0:
			op_truncate(&f);
			break;
		case 1:
			if (i < 2)
				op_fallocate(&f);
			break;
		case 2:
			op_seek(&f);
			op_runmap(&f);
			break;
		case 3:
			if (!MUST(rump_sys_fsync(f.fd) == 0))
				break;
			/* FALLTHROUGH */
		case 4:
		case 5:
			op_read(&f);
			break;
		default:
			op_write(&f);
		}
	}
	check_all(&f);
	ok(failure == NULL, "thread %u, %s", (unsigned)i, paths[i]);
	if (failure != NULL)
		diag("line %d: %s", failline, failure);
	file_close(&f);
	return NULL;
}

static void
test_threads(void)
{
	pthread_t t[3];

	mount_testfs(4096, 250, false);
	for (uintptr_t i = 0; i < nitems(t); i++)
		pthread_create(&t[i], NULL, worker, (void *)i);
	for (unsigned i = 0; i < nitems(t); i++)
		pthread_join(t[i], NULL);
	ok(tf_consistent(), "no block lost, none past an end");
	unmount_testfs();
}

/* ---- single cases ------------------------------------------------------------------ */

static void
test_kinds(void)
{
	uint8_t b[1000], want[1000];
	bool good = true;
	unsigned decoded;
	uint64_t off;
	int fd;

	mount_testfs(4096, 100, false);
	fd = rump_sys_open("/t/inl", RUMP_O_RDWR, 0);
	is(rump_sys_pread(fd, b, 100, 6), sizeof(TF_INLINE) - 7,
	    "inline: read");
	ok(memcmp(b, TF_INLINE + 6, sizeof(TF_INLINE) - 7) == 0, "right");
	is(rump_sys_copytohost(fd, 0, hostfile, 0, 100), sizeof(TF_INLINE) - 1,
	    "inline: copy");
	rump_sys_close(fd);

	fd = rump_sys_open("/t/enc", RUMP_O_RDWR, 0);
	for (int i = 0; i < 300; i++) {
		off = rnd(TF_ENCLEN - sizeof(b));
		good = good &&
		    rump_sys_pread(fd, b, sizeof(b), off) == sizeof(b);
		for (unsigned j = 0; j < sizeof(b); j++)
			want[j] = tf_encbyte(off + j);
		good = good && memcmp(b, want, sizeof(b)) == 0;
	}
	ok(good, "encoded: random reads");
	decoded = tf.nencoded;
	for (off = 0; off < 3 * 4096; off += 64)
		rump_sys_pread(fd, b, 64, off);
	ok(tf.nencoded <= decoded + 3, "encoded: units are kept");
	is(rump_sys_pwrite(fd, b, 10, 0), -EOPNOTSUPP, "encoded: no writing");
	rump_sys_close(fd);

	fd = rump_sys_open("/t/bad", RUMP_O_RDWR, 0);
	is(rump_sys_pread(fd, b, 10, 0), -EUCLEAN, "the driver's own zone");
	is(rump_sys_pwrite(fd, b, 10, 0), -EUCLEAN, "... written to");
	is(rump_sys_pread(fd, b, 10, 5000), -EUCLEAN, "outside of the device");
	is(rump_sys_copytohost(fd, 0, hostfile, 0, 100), -EUCLEAN,
	    "... copied");
	rump_sys_close(fd);
	unmount_testfs();
}

static void
test_limits(void)
{
	uint64_t max;
	uint8_t b[8192] = {1};
	struct rump_stat st;
	int fd;

	mount_testfs(4096, 64, false);
	max = (uint64_t)TF_MAXBLKS * 4096;
	fd = rump_sys_open("/t/a", RUMP_O_RDWR, 0);
	is(rump_sys_pwrite(fd, b, 10, max), -EFBIG, "a write at the limit");
	is(rump_sys_pwrite(fd, b, 10, max - 4), 4, "a write up to it");
	is(rump_sys_ftruncate(fd, max + 1), -EFBIG, "a size past it");
	is(rump_sys_fallocate(fd, 0, max, 1), -EFBIG, "an allocation past it");
	is(rump_sys_fallocate(fd, 0, 0, 0), -EINVAL,
	    "an allocation of nothing");
	is(rump_sys_fallocate(fd, 0x8000, 0, 1), -EOPNOTSUPP, "unknown flags");
	is(rump_sys_fallocate(fd, RUMP_FALLOC_PUNCH_HOLE, 0, 1), -EOPNOTSUPP,
	    "a hole that might change the size");
	is(rump_sys_fallocate(fd, RUMP_FALLOC_FRESH, 0, 4096), -EPERM,
	    "fresh blocks, but nothing is being built");
	is(rump_sys_ftruncate(fd, 0), 0, "empty");
	is(tf.free, 63, "all is free");

	/* many small appends */
	tf.node[0].nbmapw = 0;
	for (int i = 0; i < 500; i++)
		if (rump_sys_pwrite(fd, b, 100, (uint64_t)i * 100) != 100)
			bail("append");
	is(rump_sys_fstat(fd, &st), 0, "stat");
	is(st.st_size, 50000, "appended");
	ok(tf.node[0].ntouch >= 500, "each changed the times");
	rump_sys_close(fd);
	unmount_testfs();
}

/* A whole hole at the end of a host file, and one over what was there. */
static void
test_host_holes(void)
{
	struct rump_stat st;
	uint8_t b[100];
	int fd;

	mount_testfs(4096, 400, false);
	hostmem = calloc(1, 8 << 20);
	fd = rump_sys_open("/t/a", RUMP_O_RDWR, 0);
	rumpuser_file_setsize(hostfile, 1 << 20);
	is(rump_sys_copyfromhost(fd, 0, hostfile, 0, 1 << 20), 1 << 20,
	    "a megabyte of hole");
	is(rump_sys_fstat(fd, &st), 0, "stat");
	ok(st.st_size == 1 << 20 && st.st_blocks == 0, "nothing allocated");
	memset(hostmem, 3, 8192);
	struct rumpuser_iov iov = {hostmem, 8192};
	rumpuser_pwritev(hostfile, &iov, 1, 409600, NULL);
	is(rump_sys_copyfromhost(fd, 0, hostfile, 0, UINT64_MAX / 2), 1 << 20,
	    "with two blocks in it");
	rump_sys_fstat(fd, &st);
	is(st.st_blocks, 16, "two allocated");
	rumpuser_file_setsize(hostfile, 0);
	rumpuser_file_setsize(hostfile, 1 << 20);
	is(rump_sys_copyfromhost(fd, 0, hostfile, 0, 1 << 20), 1 << 20,
	    "a hole over data");
	is(rump_sys_pread(fd, b, 100, 409600), 100, "read");
	is(b[50], 0, "zeros");
	rump_sys_ftruncate(fd, 0);
	rumpuser_file_setsize(hostfile, 1600000);
	memset(hostmem, 1, 1600000);
	iov.iov_len = 1600000;
	rumpuser_pwritev(hostfile, &iov, 1, 0, NULL);
	is(rump_sys_copyfromhost(fd, 0, hostfile, 0, 1638401), 1600000,
	    "all that fits");
	is(tf.free, 399 - 391, "blocks");
	is(rump_sys_copyfromhost(fd, 1600000, hostfile, 0, 100000), -ENOSPC,
	    "no more fits");
	rump_sys_fstat(fd, &st);
	ok(tf.free == 0 && st.st_size == 399 * 4096, "up to the last block");
	free(hostmem);
	rump_sys_close(fd);
	unmount_testfs();
}

int
main(void)
{
	const char *seed = getenv("TEST_SEED");
	static const struct param little[] = {
	    {"RUMP_MEMLIMIT", "800k"}, {NULL, NULL}};

	if (seed != NULL)
		rnd_state = strtoull(seed, NULL, 0) * 2 + 1;
	/* in a process of its own, so before the kernel starts in this one */
	child_ok(little, child_little, "with little memory");
	if (rump_init() != 0)
		bail("rump_init");
	start();
	test_kinds();
	test_limits();
	test_host_holes();
	test_threads();
	test_errors();
	fuzz(512, 1000, false, 4000);
	fuzz(1024, 3000, false, 3000);
	fuzz(4096, 200, true, 1500);
	fuzz(16384, 200, true, 1500);
	fuzz(4096, 1000, false, 3000);
	fuzz(16384, 150, false, 2000);
	fuzz(65536, 60, false, 1500);
	return done();
}
