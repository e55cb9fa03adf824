/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving bytes by hypercall: vectors, ends of files, holes, copies.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <rump/rumpuser.h>

#include "scratch.h"
#include "tap.h"

static struct rumpuser_file *
create(const char *name)
{
	struct rumpuser_file *f;
	char path[PATH_MAX];

	if (rumpuser_file_open(scratch_path(path, name),
		RUMPUSER_OPEN_RDWR | RUMPUSER_OPEN_CREATE, &f) != 0)
		bail("%s", path);
	return f;
}

/* Bytes that say where they are. */
static void
pattern(unsigned char *buf, size_t len, uint64_t off)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = (unsigned char)((off + i) * 31 ^ (off + i) >> 9);
}

static void
vectors(void)
{
	enum { N = 3000, LEN = 7 };
	static unsigned char data[N * LEN], back[N * LEN];
	static struct rumpuser_iov iov[N];
	struct rumpuser_file *f = create("vec");
	struct rumpuser_iov two[3];
	size_t moved;
	int i;

	pattern(data, sizeof(data), 100);
	for (i = 0; i < N; i++)
		iov[i] = (struct rumpuser_iov){data + i * LEN, LEN};
	is(rumpuser_pwritev(f, iov, N, 100, &moved), 0,
	    "more elements than the host takes at once");
	is(moved, sizeof(data), "all of them written");
	for (i = 0; i < N; i++)
		iov[i] = (struct rumpuser_iov){back + i * LEN, LEN};
	is(rumpuser_preadv(f, iov, N, 100, &moved), 0, "read back");
	is(moved, sizeof(data), "all of them");
	ok(memcmp(data, back, sizeof(data)) == 0, "the same");

	memset(back, 0xee, sizeof(back));
	two[0] = (struct rumpuser_iov){back, 0};
	two[1] = (struct rumpuser_iov){back, 10};
	two[2] = (struct rumpuser_iov){back + 10, 100};
	is(rumpuser_preadv(f, two, 3, 100 + sizeof(data) - 20, &moved), 0,
	    "a read across the end is no error");
	is(moved, 20, "and says how far it came");
	ok(memcmp(back, data + sizeof(data) - 20, 20) == 0 && back[20] == 0xee,
	    "with the bytes in place");
	is(rumpuser_preadv(f, two, 3, 1 << 30, &moved), 0, "beyond the end");
	is(moved, 0, "nothing");
	is(rumpuser_preadv(f, two, 0, 0, &moved), 0, "no elements");
	is(rumpuser_preadv(f, two, 2, UINT64_MAX - 3, &moved), EINVAL,
	    "no such place");
	two[0].iov_len = two[1].iov_len = SIZE_MAX;
	is(rumpuser_pwritev(f, two, 2, 0, NULL), EINVAL, "lengths overflow");
	rumpuser_file_close(f);
}

/* A write that the host cuts short must say so. */
static void
short_writes(void)
{
	struct rlimit old, lim;
	struct rumpuser_file *f = create("short");
	static unsigned char data[4096];
	struct rumpuser_iov iov[2] = {{data, 3000}, {data, 1000}};
	size_t moved;

	pattern(data, sizeof(data), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	lim = old;
	lim.rlim_cur = 3500;
	setrlimit(RLIMIT_FSIZE, &lim);
	is(rumpuser_pwritev(f, iov, 2, 0, &moved), EFBIG, "cut short");
	setrlimit(RLIMIT_FSIZE, &old);
	is(moved, 3500, "after that many bytes");
	rumpuser_file_close(f);

	if (rumpuser_file_open("/dev/full", RUMPUSER_OPEN_RDWR, &f) == 0) {
		is(rumpuser_pwritev(f, iov, 2, 0, &moved), ENOSPC, "no room");
		rumpuser_file_close(f);
	} else {
		skip(1, "no /dev/full");
	}
}

static void
holes(void)
{
	struct rumpuser_file *f = create("sparse");
	unsigned char byte = 1, back[8192];
	struct rumpuser_iov iov = {&byte, 1}, all = {back, sizeof(back)};
	const uint64_t at = 10 << 20, size = 20 << 20;
	uint64_t data = 0, end = 0;
	struct stat st;
	int i, sum = 0;

	is(rumpuser_nextdata(f, 0, &data, &end), ENXIO, "an empty file");
	is(rumpuser_pwritev(f, &iov, 1, at, NULL), 0, "one byte");
	is(rumpuser_file_setsize(f, size), 0, "and a hole behind");
	fstat(rumpuser_file_fd(f), &st);
	if ((uint64_t)st.st_blocks * 512 >= size) {
		skip(7, "this file system has no holes");
		rumpuser_file_close(f);
		return;
	}
	is(rumpuser_nextdata(f, 0, &data, &end), 0, "find it");
	ok(data <= at && at - data < 1 << 16, "where it is");
	ok(end > at && end - at <= 1 << 16, "and where it ends");
	is(rumpuser_nextdata(f, end, &data, &end), ENXIO, "nothing behind");
	is(rumpuser_nextdata(f, size, &data, &end), ENXIO, "nor at the end");
	is(rumpuser_nextdata(f, size + 1, &data, &end), ENXIO, "nor beyond");

	memset(back, 1, sizeof(back));
	is(rumpuser_pwritev(f, &all, 1, at, NULL), 0, "two blocks");
	is(rumpuser_punch(f, at, sizeof(back)), 0, "punch them out");
	is(rumpuser_preadv(f, &all, 1, at, NULL), 0, "read them");
	for (i = 0; i < (int)sizeof(back); i++)
		sum += back[i];
	is(sum, 0, "zeros");
	is(rumpuser_punch(f, 0, 0), 0, "nothing to punch");
	is(rumpuser_punch(f, UINT64_MAX, 1), EINVAL, "nowhere");
	is(rumpuser_sync(f, true), 0, "sync data");
	is(rumpuser_sync(f, false), 0, "sync all");
	rumpuser_file_close(f);
}

/* Either way: the bytes are there, or EOPNOTSUPP and nothing was promised. */
static void
copies(const char *what, struct rumpuser_file *in, struct rumpuser_file *out)
{
	enum { LEN = (3 << 20) + 777 };
	static unsigned char data[LEN], back[LEN];
	struct rumpuser_iov iov = {data, LEN}, biov = {back, LEN};
	uint64_t copied;
	size_t moved;
	int error;

	pattern(data, LEN, 0);
	is(rumpuser_file_setsize(in, 0), 0, "%s: empty", what);
	is(rumpuser_pwritev(in, &iov, 1, 0, NULL), 0, "%s: source", what);
	is(rumpuser_copyrange(in, 0, out, 4096, 1000, &copied), EOPNOTSUPP,
	    "%s: too little to be worth it", what);
	is(copied, 0, "%s: and nothing copied", what);
	error = rumpuser_copyrange(in, 333, out, 4096, LEN - 333, &copied);
	if (error == EOPNOTSUPP) {
		skip(4, "%s: this host cannot", what);
		return;
	}
	is(error, 0, "%s: copy", what);
	is(copied, LEN - 333, "%s: all of it", what);
	is(rumpuser_preadv(out, &biov, 1, 4096, &moved), 0, "%s: read", what);
	ok(moved == LEN - 333 && memcmp(data + 333, back, LEN - 333) == 0,
	    "%s: the same bytes", what);
	is(rumpuser_copyrange(in, 1 << 20, out, 0, 8 << 20, &copied), 0,
	    "%s: across the end", what);
	is(copied, LEN - (1 << 20), "%s: says how much there was", what);
	is(rumpuser_copyrange(in, 8 << 20, out, 0, 8 << 20, &copied), 0,
	    "%s: beyond the end", what);
	is(copied, 0, "%s: nothing", what);
}

static void
copy_pairs(void)
{
	struct rumpuser_file *a = create("from"), *b = create("to"), *c, *ro;
	char path[PATH_MAX];
	struct stat st, shm;
	uint64_t copied;

	copies("one file system", a, b);
	is(rumpuser_copyrange(a, 0, a, 100, 1 << 20, &copied), EOPNOTSUPP,
	    "ranges that overlap");
	scratch_file(path, "readonly", "", 0);
	is(rumpuser_file_open(path, 0, &ro), 0, "a destination");
	is(rumpuser_copyrange(a, 0, ro, 0, 1 << 20, &copied), EBADF,
	    "which is not for writing");
	rumpuser_file_close(ro);
	if (stat(scratch_dir(), &st) == 0 && stat("/dev/shm", &shm) == 0 &&
	    st.st_dev != shm.st_dev && rumpuser_file_tmp("/dev/shm", &c) == 0) {
		copies("two file systems", a, c);
		copies("two, again", a, c);
		copies("and back", c, b);
		rumpuser_file_close(c);
	} else {
		skip(27, "no second file system");
	}
	rumpuser_file_close(a);
	rumpuser_file_close(b);
}

int
main(void)
{
	vectors();
	short_writes();
	holes();
	copy_pairs();
	return done();
}
