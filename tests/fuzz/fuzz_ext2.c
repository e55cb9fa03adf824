/* SPDX-License-Identifier: BSD-2-Clause */
/* libFuzzer target for ext2 (fs_ops.c says what is done to the image). */
#include "fs_fuzz.h"

/* Where an inode stands; 0 if that can't be told. */
static size_t
inode_offset(const uint8_t *data, size_t size, uint32_t ino)
{
	uint32_t lbs = fuzz_get(data, size, 1048, 4, false);
	uint32_t isize = fuzz_get(data, size, 1024 + 88, 2, false);
	size_t bsize, off;

	if (lbs > 2)
		return 0;
	bsize = (size_t)1024 << lbs;
	if (fuzz_get(data, size, 1024 + 76, 4, false) == 0)
		isize = 128;
	off = fuzz_get(data, size, (lbs == 0 ? 2 : 1) * bsize + 8, 4, false) *
	    bsize;
	off += (size_t)(ino - 1) * isize;
	return off + 256 <= size ? off : 0;
}

/* A field of an inode, or of a record in its first block: what is checked when
 * trees are walked. */
static void
mutate_node(uint8_t *data, size_t size, uint32_t *rng)
{
	static const uint8_t fields[] = {0, 4, 20, 26, 28, 32, 40, 44, 48, 84,
	    88, 92, 96, 100, 104, 108, 128};
	uint32_t ino = fuzz_below(rng, 3) == 0 ? 2 : 1 + fuzz_below(rng, 40);
	size_t off = inode_offset(data, size, ino), at;
	uint32_t bsize = 1024u << (fuzz_get(data, size, 1048, 4, false) & 3);
	uint32_t v;

	if (off == 0)
		return;
	at = off + fields[fuzz_below(rng, sizeof(fields))];
	if (fuzz_below(rng, 3) == 0) {
		/* records begin where the ones in front end */
		at = (size_t)fuzz_get(data, size, off + 40, 4, false) * bsize;
		for (unsigned i = fuzz_below(rng, 8); i > 0 && at + 8 < size;
		     i--)
			at += fuzz_get(data, size, at + 4, 2, false) & 0xfffc;
		at += (size_t)fuzz_below(rng, 3) * 4;
	}
	v = fuzz_get(data, size, at, 4, false);
	switch (fuzz_below(rng, 4)) {
	case 0: /* a block: often metadata */
		v = fuzz_below(rng,
		    fuzz_below(rng, 2) == 0 ? 40 : (uint32_t)size / bsize + 2);
		break;
	case 1: /* what another inode has there, or near */
		v = fuzz_get(data, size,
		    inode_offset(data, size, 1 + fuzz_below(rng, 40)) + 40 +
			(size_t)fuzz_below(rng, 15) * 4,
		    4, false);
		break;
	default:
		v = fuzz_change(v, 0, rng);
		break;
	}
	fuzz_put(data, size, at, 4, false, v);
}

static void
mutate(uint8_t *data, size_t size, uint32_t *rng)
{
	size_t off;

	if (fuzz_below(rng, 8) != 0) {
		mutate_node(data, size, rng);
		return;
	}
	/* the superblock has much to say */
	off = 1024 + (size_t)fuzz_below(rng, 66) * 4;
	fuzz_put(data, size, off, 4, false,
	    fuzz_change(fuzz_get(data, size, off, 4, false), 0, rng));
}

const struct fuzz_fs fuzz_fs = {
    .type = "ext2",
    .min_size = 2048,
    .align = 4,
    .builds = true,
    .mutate = mutate,
};
