/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext2 with each field wrong, one at a time: superblock, group descriptor, inodes,
 * a directory.  Each image goes through what the fuzz target does with its input:
 * mounted and read (no byte may change), mounted and changed in every way, and
 * unmounted.  A crash, a panic, a mount that stays busy or 20 seconds without an
 * end is a failure; sanitizers see the rest.
 */
#include <fcntl.h>
#include <unistd.h>

#include "unit/scratch.h"
#include "unit/tap.h"

/* Last: they have names of their own. */
#include "fuzz/fs_ops.c"

const struct fuzz_fs fuzz_fs = {
    .type = "ext2",
    .min_size = 2048,
    .builds = true,
};

#define SB	  1024u
#define GD	  2048u
#define KIB	  200u
#define NAMES_LEN 48u
#define SECONDS	  20

static uint8_t image[KIB << 10];
static unsigned cases;

static uint32_t
get(size_t off, unsigned width)
{
	uint32_t v = 0;

	memcpy(&v, image + off, width); /* little-endian hosts: good enough */
	return v;
}

/* The image with another value at off. */
static void
with(size_t off, unsigned width, uint32_t value)
{
	uint32_t old = get(off, width);

	if (width < 4)
		value &= (1u << 8 * width) - 1;
	if (value == old)
		return;
	memcpy(image + off, &value, width);
	alarm(SECONDS);
	(void)LLVMFuzzerTestOneInput(image, sizeof(image));
	memcpy(image + off, &old, width);
	cases++;
}

/* All numbers of [off, off + len), of 16 and 32 bits. */
static void
sweep(size_t off, size_t len, const uint32_t *values, unsigned nvalues)
{
	for (size_t i = 0; i < len; i += 2) {
		with(off + i, 2, 0);
		with(off + i, 2, 0xffff);
		with(off + i, 2, get(off + i, 2) + 1);
		with(off + i, 2, get(off + i, 2) - 1);
		if (i % 4 != 0)
			continue;
		with(off + i, 4, 0x80000000);
		with(off + i, 4, 0xffffffff);
		for (unsigned k = 0; k < nvalues; k++)
			with(off + i, 4, values[k]);
	}
}

/* Each byte of NAMES_LEN of them in a directory. */
static void
sweep_names(size_t off)
{
	static const uint8_t bytes[] = {0, 1, 7, 0xff};

	for (size_t i = 0; i < NAMES_LEN; i++)
		for (unsigned k = 0; k < sizeof(bytes); k++)
			with(off + i, 1, bytes[k]);
}

#define SCRIPT "PATH=$PATH:/sbin:/usr/sbin; set -e; rm -rf t sweep.img; "

static int
make_image(const char *script)
{
	int fd;
	ssize_t n;

	if (system(script) != 0)
		return -1;
	fd = open("sweep.img", O_RDONLY);
	n = fd < 0 ? -1 : read(fd, image, sizeof(image));
	if (fd >= 0)
		close(fd);
	return n == (ssize_t)sizeof(image) ? 0 : -1;
}

/* /dir has a block of names that is full to its end. */
static const char classic[] = SCRIPT
    "mkdir -p t/dir t/sub; echo hello >t/hello; ln -s hello t/link; "
    "for i in $(seq 10 71); do ln t/hello t/dir/name-$i; done; "
    "head -c 14000 /dev/zero | tr '\\0' a >t/sub/indirect; "
    "mke2fs -q -F -t ext2 -b 1024 -I 128 -N 32 -m 0 -d t sweep.img "
    "200 >/dev/null 2>&1";

/* /many has so many extents that they need a node. */
static const char extents[] = SCRIPT
    "mkdir t; echo hello >t/few; for i in $(seq 0 19); do printf x | "
    "dd of=t/many bs=1 seek=$((i * 8192)) conv=notrunc status=none; done; "
    "mke2fs -q -F -t ext2 -O extents -b 1024 -I 128 -N 32 -m 0 -d t "
    "sweep.img 200 >/dev/null 2>&1";

/* Roots of extent trees in inodes, and the nodes they lead to. */
static void
sweep_extents(const uint32_t *blocks, unsigned nblocks)
{
	uint32_t itable = get(GD + 8, 4) << 10, seen = 0;

	cases = 0;
	for (unsigned ino = 12; ino < 15; ino++) {
		size_t root = itable + (ino - 1) * 128 + 40, node;

		sweep(root, 36, blocks, nblocks);
		if (get(root + 6, 2) == 0) /* a leaf */
			continue;
		node = (size_t)get(root + 16, 4) << 10;
		if (node + 1024 > sizeof(image))
			continue;
		seen++;
		sweep(node, 12 + 12 * 4, blocks, nblocks);
		with(root + 16, 4, get(GD, 4));
	}
	ok(seen == 1 && cases > 400, "extents: %u images", cases);
}

int
main(void)
{
	uint32_t blocks[8], itable, dir;

	if (chdir(scratch_dir()) != 0)
		bail("%s: no such directory", scratch_dir());
	if (make_image(classic) != 0)
		skip_all("no mke2fs that fills an image");
	itable = get(GD + 8, 4) << 10;
	dir = get(itable + 128 + 40, 4); /* the root's first block */
	sweep(SB, 0x108, NULL, 0);
	ok(cases > 500, "the superblock: %u images", cases);
	/* Blocks that pointers could be led to. */
	blocks[0] = 1;
	blocks[1] = 2;
	blocks[2] = get(GD, 4);
	blocks[3] = get(GD + 4, 4);
	blocks[4] = itable >> 10;
	blocks[5] = dir;
	blocks[6] = KIB - 1;
	blocks[7] = KIB;
	cases = 0;
	sweep(GD, 24, blocks, 8);
	ok(cases > 80, "the group's descriptor: %u images", cases);
	cases = 0;
	sweep(itable + 128, 112, blocks, 8);
	for (unsigned ino = 12; ino < 17; ino++)
		sweep(itable + (ino - 1) * 128, 112, blocks, 8);
	ok(cases > 1000, "inodes: %u images", cases);
	cases = 0;
	sweep_names(dir << 10);
	for (unsigned ino = 12; ino < 17; ino++)
		if (get(itable + (ino - 1) * 128, 2) >> 12 == 4)
			sweep_names(
			    (get(itable + (ino - 1) * 128 + 40, 4) << 10) +
			    1024 - NAMES_LEN);
	ok(cases > 200, "directories: %u images", cases);
	if (make_image(extents) == 0)
		sweep_extents(blocks, 8);
	else
		ok(false, "an image with extents");
	return done();
}
