/* SPDX-License-Identifier: BSD-2-Clause */
/* libFuzzer target for System V BFS (fs_ops.c says what is done to the image). */
#include "fs_fuzz.h"

#define BS 512u

static bool
is_big(const uint8_t *data, size_t size)
{
	return fuzz_get(data, size, 0, 4, true) == 0x1badface;
}

static uint32_t
get(const uint8_t *data, size_t size, size_t off)
{
	return fuzz_get(data, size, off, 4, is_big(data, size));
}

static void
put(uint8_t *data, size_t size, size_t off, uint32_t v)
{
	fuzz_put(data, size, off, 4, is_big(data, size), v);
}

static size_t
some_inode(uint32_t *rng)
{
	return BS +
	    64 * (size_t)fuzz_below(rng, fuzz_below(rng, 3) == 0 ? 2 : 30);
}

/* First and last byte of the files, and a move under way. */
static void
mutate_super(uint8_t *data, size_t size, uint32_t *rng)
{
	size_t off = 4 + 4 * (size_t)fuzz_below(rng, 5), ip;
	uint32_t blocks = (uint32_t)(size / BS), v;

	if (fuzz_below(rng, 3) != 0) {
		v = fuzz_change(get(data, size, off), blocks, rng);
		put(data, size, off, fuzz_below(rng, 2) == 0 ? v : v * BS);
		return;
	}
	/* one that might be */
	ip = some_inode(rng);
	put(data, size, 12, get(data, size, ip + 4) * BS);
	put(data, size, 16, fuzz_below(rng, blocks) * BS);
	put(data, size, 20, fuzz_below(rng, 4) * BS);
}

/* An inode's place: part of it, another's, or one that might be. */
static void
mutate_inode(uint8_t *data, size_t size, uint32_t *rng)
{
	size_t ip = some_inode(rng), other = some_inode(rng), at;
	uint32_t blocks = (uint32_t)(size / BS), first, n;
	static const uint8_t fields[] = {0, 4, 8, 12, 16, 20, 32};

	switch (fuzz_below(rng, 4)) {
	case 0:
		for (at = 4; at < 16; at += 4)
			put(data, size, ip + at, get(data, size, other + at));
		break;
	case 1:
		first = fuzz_below(rng, blocks);
		n = fuzz_below(rng, 6);
		put(data, size, ip + 4, first);
		put(data, size, ip + 8, first + n - 1);
		put(data, size, ip + 12,
		    (first + n) * BS - 1 - fuzz_below(rng, BS));
		break;
	default:
		at = ip + fields[fuzz_below(rng, sizeof(fields))];
		put(data, size, at,
		    fuzz_change(get(data, size, at), blocks, rng));
		break;
	}
}

/* An entry of the directory: the inode's number, or what names it. */
static void
mutate_entry(uint8_t *data, size_t size, uint32_t *rng)
{
	size_t dir = (size_t)get(data, size, BS + 4) * BS;
	size_t at = dir + 16 * (size_t)fuzz_below(rng, 32);
	size_t other = dir + 16 * (size_t)fuzz_below(rng, 32);

	switch (fuzz_below(rng, 4)) {
	case 0:
		for (unsigned i = 2; i < 16; i++)
			fuzz_put(data, size, at + i, 1, false,
			    fuzz_get(data, size, other + i, 1, false));
		break;
	case 1:
		fuzz_put(data, size, at + 2 + fuzz_below(rng, 14), 1, false,
		    "\0/.a\377"[fuzz_below(rng, 5)]);
		break;
	default:
		fuzz_put(data, size, at, 2, is_big(data, size),
		    fuzz_below(rng, 4) == 0 ? fuzz_number(rng)
					    : fuzz_below(rng, 34));
		break;
	}
}

static void
mutate(uint8_t *data, size_t size, uint32_t *rng)
{
	switch (fuzz_below(rng, 5)) {
	case 0:
		mutate_super(data, size, rng);
		break;
	case 1:
	case 2:
		mutate_entry(data, size, rng);
		break;
	default:
		mutate_inode(data, size, rng);
		break;
	}
}

const struct fuzz_fs fuzz_fs = {
    .type = "sysvbfs",
    .min_size = 1024,
    .align = 4,
    .builds = true,
    .mutate = mutate,
};
