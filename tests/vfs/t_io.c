/* SPDX-License-Identifier: BSD-2-Clause */
/* Data of regular files. */
#include "vt.h"

#define K 1024u
#define M (1024u * 1024u)

static char buf[M], want[M];

static void
t_rw(void)
{
	struct rump_iovec iov[3];
	struct rump_stat st;
	int fd = (int)MUST(rump_sys_open("f", O_CR, 0644));

	is(rump_sys_write(fd, "abcdef", 6), 6, "write");
	is(rump_sys_read(fd, buf, 10), 0, "end of file");
	is(rump_sys_pread(fd, buf, 10, 2), 4, "pread gets what there is");
	is(memcmp(buf, "cdef", 4), 0, "the right bytes");
	is(rump_sys_lseek(fd, 0, RUMP_SEEK_CUR), 6, "the offset stays");
	is(rump_sys_pwrite(fd, "XY", 2, 1), 2, "pwrite");
	vt_has("f", "aXYdef");
	is(rump_sys_write(fd, "", 0), 0, "nothing written");
	is(rump_sys_lseek(fd, 0, RUMP_SEEK_SET), 0, "rewind");
	iov[0] = (struct rump_iovec){buf, 2};
	iov[1] = (struct rump_iovec){buf + 100, 0};
	iov[2] = (struct rump_iovec){buf + 200, 10};
	is(rump_sys_readv(fd, iov, 3), 6, "readv");
	is(memcmp(buf, "aX", 2) | memcmp(buf + 200, "Ydef", 4), 0, "scattered");
	iov[0] = (struct rump_iovec){(void *)"12", 2};
	iov[1] = (struct rump_iovec){(void *)"345", 3};
	is(rump_sys_writev(fd, iov, 2), 5, "writev");
	vt_has("f", "aXYdef12345");
	FAIL(rump_sys_readv(fd, iov, -1), RUMP_EINVAL);
	FAIL(rump_sys_readv(fd, iov, RUMP_IOV_MAX + 1), RUMP_EINVAL);
	FAIL(rump_sys_pread(fd, buf, 1, UINT64_MAX), RUMP_EINVAL);
	OK(rump_sys_fstat(fd, &st));
	is(st.st_size, 11, "size");
	OK(rump_sys_fsync(fd));
	OK(rump_sys_fdatasync(fd));
	OK(rump_sys_syncfs(fd));
	OK(rump_sys_sync());
	OK(rump_sys_close(fd));
	FAIL(rump_sys_read(fd, buf, 1), RUMP_EBADF);
}

static void
t_many_vectors(void)
{
	struct rump_iovec iov[300];
	int fd = (int)MUST(rump_sys_open("f", O_CR, 0644));

	vt_pattern(buf, 0, 300 * 37, 1);
	for (int i = 0; i < 300; i++)
		iov[i] = (struct rump_iovec){buf + i * 37, 37};
	is(rump_sys_writev(fd, iov, 300), 300 * 37, "300 vectors");
	ok(vt_haspattern("f", 300 * 37, 1), "arrived");
	OK(rump_sys_close(fd));
}

static void
t_large(void)
{
	const uint64_t size = 5 * M + 12345;

	vt_putpattern("f", size, 3);
	ok(vt_haspattern("f", size, 3), "5 MiB and some");
	vt_remount(0);
	ok(vt_haspattern("f", size, 3), "... and after mounting again");
	/* unaligned pieces over it */
	int fd = (int)MUST(rump_sys_open("f", O_RW, 0));
	for (uint64_t off = 777; off < size - 5000; off += 500009) {
		vt_pattern(buf, off, 4999, 3);
		MUST(rump_sys_pwrite(fd, buf, 4999, off));
	}
	OK(rump_sys_close(fd));
	ok(vt_haspattern("f", size, 3), "overwritten with the same");
}

static void
t_seek(void)
{
	int fd = (int)MUST(rump_sys_open("f", O_CR, 0644));

	MUST(rump_sys_write(fd, "0123456789", 10));
	is(rump_sys_lseek(fd, -3, RUMP_SEEK_END), 7, "from the end");
	is(rump_sys_lseek(fd, -2, RUMP_SEEK_CUR), 5, "from here");
	FAIL(rump_sys_lseek(fd, -6, RUMP_SEEK_CUR), RUMP_EINVAL);
	FAIL(rump_sys_lseek(fd, -1, RUMP_SEEK_SET), RUMP_EINVAL);
	FAIL(rump_sys_lseek(fd, 0, 9), RUMP_EINVAL);
	is(rump_sys_lseek(fd, 0, RUMP_SEEK_CUR), 5, "errors move nothing");
	FAIL(rump_sys_lseek(fd, INT64_MAX, RUMP_SEEK_CUR), RUMP_EOVERFLOW);
	FAIL(rump_sys_lseek(99, 0, RUMP_SEEK_SET), RUMP_EBADF);
	is(rump_sys_lseek(fd, 20, RUMP_SEEK_SET), 20, "past the end");
	is(rump_sys_read(fd, buf, 5), 0, "nothing there");
	is(rump_sys_write(fd, "x", 1), 1, "write there");
	memset(want, 0, 21);
	memcpy(want, "0123456789", 10);
	want[20] = 'x';
	is(rump_sys_pread(fd, buf, 100, 0), 21, "the gap is part of it");
	is(memcmp(buf, want, 21), 0, "and zeros");
	OK(rump_sys_close(fd));
}

static void
t_sparse(void)
{
	const uint64_t far = 40 * (uint64_t)M;
	struct rump_stat st;
	uint64_t blk;
	int fd = (int)MUST(rump_sys_open("f", O_CR, 0644));

	OK(rump_sys_fstat(fd, &st));
	blk = st.st_blksize;
	vt_pattern(buf, 0, blk, 5);
	MUST(rump_sys_pwrite(fd, buf, blk, 0));
	MUST(rump_sys_pwrite(fd, buf, blk, far));
	OK(rump_sys_fstat(fd, &st));
	is(st.st_size, far + blk, "size");
	ok(st.st_blocks * 512 < far / 8, "%llu sectors for two blocks",
	    (unsigned long long)st.st_blocks);
	is(rump_sys_lseek(fd, 0, RUMP_SEEK_DATA), 0, "data at 0");
	is(rump_sys_lseek(fd, 0, RUMP_SEEK_HOLE), blk, "hole after a block");
	is(rump_sys_lseek(fd, blk + 5, RUMP_SEEK_HOLE), blk + 5, "in a hole");
	is(rump_sys_lseek(fd, blk, RUMP_SEEK_DATA), far, "data again");
	is(rump_sys_lseek(fd, far, RUMP_SEEK_HOLE), far + blk, "the end");
	FAIL(rump_sys_lseek(fd, far + blk, RUMP_SEEK_DATA), RUMP_ENXIO);
	FAIL(rump_sys_lseek(fd, far + blk, RUMP_SEEK_HOLE), RUMP_ENXIO);
	is(rump_sys_pread(fd, want, sizeof(want), blk), sizeof(want), "read");
	memset(buf, 0, sizeof(buf));
	is(memcmp(buf, want, sizeof(want)), 0, "a hole reads as zeros");
	/* A write inside of a block in a hole leaves zeros around. */
	MUST(rump_sys_pwrite(fd, "zz", 2, 10 * M + 100));
	MUST(rump_sys_pread(fd, want, 200, 10 * M));
	memcpy(buf + 100, "zz", 2);
	is(memcmp(buf, want, 200), 0, "zeros around a small write");
	OK(rump_sys_close(fd));
	vt_remount(0);
	fd = (int)MUST(rump_sys_open("f", O_RD, 0));
	MUST(rump_sys_pread(fd, want, 200, 10 * M));
	is(memcmp(buf, want, 200), 0, "... also on the device");
	OK(rump_sys_close(fd));
}

static void
t_truncate(void)
{
	struct rump_stat st;
	int fd;

	vt_putpattern("f", 100000, 7);
	OK(rump_sys_truncate("f", 50001));
	ok(vt_haspattern("f", 50001, 7), "shrunk");
	OK(rump_sys_truncate("f", 90000));
	fd = (int)MUST(rump_sys_open("f", O_RW, 0));
	is(rump_sys_pread(fd, buf, M, 0), 90000, "grown");
	vt_pattern(want, 0, 50001, 7);
	memset(want + 50001, 0, 90000 - 50001);
	is(memcmp(buf, want, 90000), 0, "what was cut off is zeros");
	OK(rump_sys_ftruncate(fd, 0));
	OK(rump_sys_fstat(fd, &st));
	is(st.st_size, 0, "empty");
	is(st.st_blocks, 0, "no blocks");
	OK(rump_sys_ftruncate(fd, 3 * M));
	OK(rump_sys_fstat(fd, &st));
	is(st.st_size, 3 * M, "grown from nothing");
	ok(st.st_blocks <= 8 || (vt_caps.fc_flags & RUMP_CAP_HOLES) == 0,
	    "a hole");
	FAIL(rump_sys_ftruncate(fd, UINT64_MAX), RUMP_EINVAL);
	is(rump_sys_ftruncate(fd, vt_caps.fc_filemax + 1),
	    vt_caps.fc_filemax == INT64_MAX ? -RUMP_EINVAL : -RUMP_EFBIG,
	    "larger than the file system allows");
	OK(rump_sys_close(fd));
	FAIL(rump_sys_truncate(vt_subdir("d"), 0), RUMP_EISDIR);
	FAIL(rump_sys_truncate("none", 0), RUMP_ENOENT);
}

/* Shrink and grow at each place around a block's edge. */
static void
t_truncate_edges(void)
{
	struct rump_stat st;
	int bad = 0, fd = (int)MUST(rump_sys_open("f", O_CR, 0644));
	uint64_t blk;

	OK(rump_sys_fstat(fd, &st));
	blk = st.st_blksize;
	for (int d = -2; d <= 2; d++)
		for (int e = -2; e <= 2; e++) {
			uint64_t cut = 2 * blk + (uint64_t)(int64_t)d;
			uint64_t end = 3 * blk + (uint64_t)(int64_t)e;

			MUST(rump_sys_ftruncate(fd, 0));
			vt_pattern(buf, 0, 4 * blk, 9);
			MUST(rump_sys_pwrite(fd, buf, 4 * blk, 0));
			MUST(rump_sys_ftruncate(fd, cut));
			MUST(rump_sys_ftruncate(fd, end));
			memset(buf + cut, 0, end - cut);
			bad += rump_sys_pread(fd, want, 5 * blk, 0) !=
				(int64_t)end ||
			    memcmp(buf, want, end) != 0;
			/* the same by writing past the end */
			MUST(rump_sys_ftruncate(fd, cut));
			MUST(rump_sys_pwrite(fd, "q", 1, end));
			buf[end] = 'q';
			bad += rump_sys_pread(fd, want, 5 * blk, 0) !=
				(int64_t)end + 1 ||
			    memcmp(buf, want, end + 1) != 0;
		}
	is(bad, 0, "shrink, grow, write past the end around block edges");
	OK(rump_sys_close(fd));
}

static void
t_append(void)
{
	int fd, fd2;

	vt_put("f", "one");
	fd = (int)MUST(rump_sys_open("f", O_RW | RUMP_O_APPEND, 0));
	fd2 = (int)MUST(rump_sys_open("f", O_WR | RUMP_O_APPEND, 0));
	is(rump_sys_write(fd, "two", 3), 3, "append");
	is(rump_sys_write(fd2, "three", 5), 5, "append elsewhere");
	is(rump_sys_lseek(fd, 0, RUMP_SEEK_SET), 0, "seek");
	is(rump_sys_write(fd, "four", 4), 4, "append in spite of it");
	vt_has("f", "onetwothreefour");
	is(rump_sys_lseek(fd, 0, RUMP_SEEK_CUR), 15, "offset after appending");
	OK(rump_sys_close(fd));
	OK(rump_sys_close(fd2));
}

static void
t_unlinked(void)
{
	struct rump_stat st;
	int fd = (int)MUST(rump_sys_open("f", O_CR, 0644));

	vt_pattern(buf, 0, 300000, 2);
	MUST(rump_sys_write(fd, buf, 300000));
	OK(rump_sys_unlink("f"));
	ok(!vt_exists("f"), "the name is gone");
	OK(rump_sys_fstat(fd, &st));
	is(st.st_nlink, 0, "no links");
	is(rump_sys_pread(fd, want, 300000, 0), 300000, "still readable");
	is(memcmp(buf, want, 300000), 0, "the same bytes");
	is(rump_sys_pwrite(fd, "x", 1, 400000), 1, "still writable");
	vt_put("f", "another");
	OK(rump_sys_fstat(fd, &st));
	is(st.st_size, 400001, "the old one is apart from the new one");
	OK(rump_sys_close(fd));
	vt_has("f", "another");
}

static void
t_fallocate(void)
{
	struct rump_stat st;
	int fd = (int)MUST(rump_sys_open("f", O_CR, 0644));
	uint64_t blk;

	OK(rump_sys_fallocate(fd, 0, 0, 300000));
	OK(rump_sys_fstat(fd, &st));
	blk = st.st_blksize;
	is(st.st_size, 300000, "size");
	ok(st.st_blocks * 512 >= 300000, "allocated");
	is(rump_sys_pread(fd, buf, M, 0), 300000, "read");
	memset(want, 0, 300000);
	is(memcmp(buf, want, 300000), 0, "zeros");
	int error = -rump_sys_fallocate(fd, RUMP_FALLOC_KEEP_SIZE, 0, 700000);
	ok(error == 0 || error == RUMP_EOPNOTSUPP,
	    "blocks past the end, or none (error %d)", error);
	OK(rump_sys_fstat(fd, &st));
	is(st.st_size, 300000, "KEEP_SIZE");
	FAIL(rump_sys_fallocate(fd, 0, 0, 0), RUMP_EINVAL);
	FAIL(rump_sys_fallocate(fd, 0, UINT64_MAX, 1), RUMP_EINVAL);
	FAIL(rump_sys_fallocate(fd, 0, INT64_MAX, 2), RUMP_EFBIG);
	FAIL(rump_sys_fallocate(fd, RUMP_FALLOC_PUNCH_HOLE, 0, 1),
	    RUMP_EOPNOTSUPP);
	FAIL(rump_sys_fallocate(fd, 0x800, 0, 1), RUMP_EOPNOTSUPP);
	/* punch: whole blocks go, edges are zeroed */
	vt_pattern(buf, 0, 300000, 4);
	MUST(rump_sys_pwrite(fd, buf, 300000, 0));
	OK(rump_sys_fallocate(
	    fd, RUMP_FALLOC_PUNCH_HOLE | RUMP_FALLOC_KEEP_SIZE, 1000, 200000));
	memset(buf + 1000, 0, 200000);
	is(rump_sys_pread(fd, want, M, 0), 300000, "read");
	is(memcmp(buf, want, 300000), 0, "a hole was punched");
	if (blk < 65536)
		is(rump_sys_lseek(fd, 0, RUMP_SEEK_HOLE),
		    (1000 + blk - 1) / blk * blk, "where it starts");
	OK(rump_sys_fallocate(fd, RUMP_FALLOC_ZERO_RANGE, 250000, 100000));
	memset(buf + 250000, 0, 100000);
	is(rump_sys_pread(fd, want, M, 0), 350000, "ZERO_RANGE grows");
	is(memcmp(buf, want, 350000), 0, "and zeroes");
	OK(rump_sys_close(fd));
	fd = (int)MUST(rump_sys_open("f", O_RD, 0));
	FAIL(rump_sys_fallocate(fd, 0, 0, 1), RUMP_EBADF);
	OK(rump_sys_close(fd));
}

/* The largest file that the format holds, and one byte more. */
static void
t_largest(void)
{
	uint64_t max = vt_caps.fc_filemax;
	struct rump_stat st;
	int fd = (int)MUST(rump_sys_open("f", O_CR, 0644));

	is(rump_sys_pwrite(fd, "x", 1, max - 1), 1, "the last byte, %llu",
	    (unsigned long long)max - 1);
	OK(rump_sys_fstat(fd, &st));
	is(st.st_size, max, "size");
	if (max < INT64_MAX)
		FAIL(rump_sys_pwrite(fd, "x", 1, max), RUMP_EFBIG);
	is(rump_sys_pread(fd, buf, 5, max - 1), 1, "read it");
	is(buf[0], 'x', "there it is");
	OK(rump_sys_close(fd));
	vt_remount(0);
	OK(rump_sys_stat("f", &st));
	is(st.st_size, max, "size after mounting again");
}

const struct vt_case vt_io[] = {
    {.tc_name = "rw", .tc_run = t_rw},
    {.tc_name = "vectors", .tc_run = t_many_vectors},
    {.tc_name = "large", .tc_run = t_large},
    {.tc_name = "seek", .tc_run = t_seek},
    {.tc_name = "sparse", .tc_run = t_sparse, .tc_caps = RUMP_CAP_HOLES},
    {.tc_name = "truncate", .tc_run = t_truncate},
    {.tc_name = "truncate-edges", .tc_run = t_truncate_edges},
    {.tc_name = "append", .tc_run = t_append},
    {.tc_name = "unlinked-open", .tc_run = t_unlinked},
    {.tc_name = "fallocate",
	.tc_run = t_fallocate,
	.tc_caps = RUMP_CAP_ALLOCATE | RUMP_CAP_HOLES},
    {.tc_name = "largest-file", .tc_run = t_largest, .tc_caps = RUMP_CAP_HOLES},
    {.tc_name = NULL},
};
