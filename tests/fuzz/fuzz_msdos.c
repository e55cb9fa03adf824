/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target for FAT (fs_ops.c says what is done to the image).  The input is a
 * volume's beginning; how much follows, zeros, its boot sector says: FAT16 and FAT32
 * have many clusters, whose FATs are small.  Bytes of the system's name, which nobody
 * reads, choose mount options.
 */
#include "fs_fuzz.h"

#include <stdio.h>

#define MAX_DEVICE (40u << 20)
#define OEM	   3u /* the boot sector's name of a system, 8 bytes */

/* Where things are, as far as the boot sector can be believed. */
struct layout {
	uint32_t sector, cluster; /* bytes */
	uint64_t fat, root, data; /* bytes */
	unsigned bits;
	uint32_t nclusters;
};

static uint32_t
get16(const uint8_t *data, size_t size, size_t off)
{
	return fuzz_get(data, size, off, 2, false);
}

static uint32_t
sectors_of(const uint8_t *data, size_t size)
{
	uint32_t n = get16(data, size, 19);

	return n != 0 ? n : fuzz_get(data, size, 32, 4, false);
}

static bool
layout_read(const uint8_t *data, size_t size, struct layout *l)
{
	uint32_t fatsectors = get16(data, size, 22), rootents;
	uint64_t sectors = sectors_of(data, size);

	l->sector = get16(data, size, 11);
	l->cluster = l->sector * data[13];
	if (l->cluster == 0)
		return false;
	rootents = get16(data, size, 17);
	if (fatsectors == 0)
		fatsectors = fuzz_get(data, size, 36, 4, false);
	l->fat = (uint64_t)get16(data, size, 14) * l->sector;
	l->root = l->fat + (uint64_t)fatsectors * l->sector * data[16];
	l->data = l->root + rootents * 32;
	if (l->root >= size || sectors * l->sector <= l->data)
		return false;
	l->nclusters = (uint32_t)((sectors * l->sector - l->data) / l->cluster);
	l->bits = l->nclusters < 4085 ? 12 : l->nclusters < 65525 ? 16 : 32;
	return true;
}

static uint64_t
device_size(const uint8_t *data, size_t size)
{
	uint64_t n = (uint64_t)sectors_of(data, size) * get16(data, size, 11);

	return n > size && n <= MAX_DEVICE ? n : size;
}

static void
options(const uint8_t *data, size_t size, char *text, size_t textsize)
{
	static const char *const zones[] = {
	    "", ",tz=+0530", ",tz=-0800", ",tz=UTC"};
	uint8_t b = data[OEM + 7];

	(void)size;
	snprintf(text, textsize, "codepage=%s%s%s", b & 1 ? "850" : "437",
	    zones[b >> 1 & 3], b & 8 ? ",umask=077,uid=5,gid=6" : "");
}

/* ---- mutation ------------------------------------------------------------------- */

static void
mutate_boot(uint8_t *data, size_t size, uint32_t *rng)
{
	static const struct {
		uint8_t off, width;
	} fields[] = {{OEM + 7, 1}, {11, 2}, {13, 1}, {14, 2}, {16, 1}, {17, 2},
	    {19, 2}, {21, 1}, {22, 2}, {32, 4}, {36, 4}, {40, 2}, {42, 2},
	    {44, 4}, {48, 2}, {50, 2}, {65, 1}, {37, 1}};
	unsigned i = fuzz_below(rng, sizeof(fields) / sizeof(fields[0]));
	uint32_t v = fuzz_get(
	    data, size, fields[i].off, fields[i].width, false);

	if (fuzz_below(rng, 3) == 0)
		v = (uint32_t)1 << fuzz_below(rng, 32);
	else
		v = fuzz_change(v, 64, rng);
	fuzz_put(data, size, fields[i].off, fields[i].width, false, v);
}

static uint32_t
some_cluster(
    const uint8_t *data, size_t size, const struct layout *l, uint32_t *rng)
{
	(void)data;
	switch (fuzz_below(rng, 8)) {
	case 0:
		return fuzz_number(rng);
	case 1: /* the last ones, and those that aren't there */
		return l->nclusters - 2 + fuzz_below(rng, 8);
	case 2: /* ends, damaged ones */
		return 0xfffffff0 + fuzz_below(rng, 16);
	case 3:
		return 2 + (uint32_t)(size / l->cluster);
	default:
		return fuzz_below(rng, 64);
	}
}

static void
mutate_fat(uint8_t *data, size_t size, const struct layout *l, uint32_t *rng)
{
	uint32_t c = fuzz_below(rng, 4) == 0 ? some_cluster(data, size, l, rng)
					     : fuzz_below(rng, 64);
	uint32_t v = some_cluster(data, size, l, rng), old;
	uint64_t off;

	if (fuzz_below(rng, 6) == 0)
		v = c;
	if (l->bits == 12) {
		off = l->fat + c + c / 2;
		old = get16(data, size, off);
		v = c % 2 == 0 ? (old & 0xf000) | (v & 0xfff)
			       : (old & 0xf) | (v & 0xfff) << 4;
		fuzz_put(data, size, off, 2, false, v);
	} else {
		off = l->fat + (uint64_t)c * (l->bits / 8);
		fuzz_put(data, size, off, l->bits / 8, false, v);
	}
}

/* A directory's first entry: the root's, or a cluster's that looks like one. */
static uint64_t
some_directory(
    const uint8_t *data, size_t size, const struct layout *l, uint32_t *rng)
{
	uint64_t at;

	if (l->bits == 32)
		at = l->data +
		    (uint64_t)(fuzz_get(data, size, 44, 4, false) - 2) *
			l->cluster;
	else
		at = l->root;
	if (fuzz_below(rng, 2) == 0)
		return at;
	for (unsigned i = 0; i < 40; i++) {
		uint64_t c = l->data + fuzz_below(rng, 64) * l->cluster;

		if (fuzz_get(data, size, c, 4, false) == 0x2020202e)
			return c;
	}
	return at;
}

static void
mutate_entry(uint8_t *data, size_t size, const struct layout *l, uint32_t *rng)
{
	static const struct {
		uint8_t off, width;
	} fields[] = {{0, 1}, {11, 1}, {12, 1}, {13, 1}, {14, 4}, {20, 2},
	    {22, 4}, {26, 2}, {26, 2}, {28, 4}};
	static const uint8_t firsts[] = "\0\345\5.\56 A/\\:\177\200\1\101\102";
	uint64_t dir = some_directory(data, size, l, rng);
	uint64_t at = dir + 32 * fuzz_below(rng, 40);
	uint64_t other = dir + 32 * fuzz_below(rng, 40);
	unsigned i = fuzz_below(rng, sizeof(fields) / sizeof(fields[0]));
	uint32_t v = fuzz_get(
	    data, size, at + fields[i].off, fields[i].width, false);

	switch (fuzz_below(rng, 6)) {
	case 0: /* the same again, or pieces of names out of order */
		for (unsigned k = 0; k < 32; k++)
			fuzz_put(data, size, at + k, 1, false,
			    fuzz_get(data, size, other + k, 1, false));
		return;
	case 1: /* its first bytes */
		fuzz_put(data, size, at + fuzz_below(rng, 11), 1, false,
		    firsts[fuzz_below(rng, sizeof(firsts))]);
		return;
	case 2:
		v = some_cluster(data, size, l, rng);
		break;
	case 3: /* what another has there */
		v = fuzz_get(
		    data, size, other + fields[i].off, fields[i].width, false);
		break;
	default:
		v = fuzz_change(v, 256, rng);
		break;
	}
	fuzz_put(data, size, at + fields[i].off, fields[i].width, false, v);
}

static void
mutate(uint8_t *data, size_t size, uint32_t *rng)
{
	struct layout l;
	unsigned what = fuzz_below(rng, 16);

	if (!layout_read(data, size, &l) || what == 0)
		mutate_boot(data, size, rng);
	else if (what == 1) /* FSInfo */
		fuzz_put(data, size, 512 + 484 + 4 * fuzz_below(rng, 3), 4,
		    false, some_cluster(data, size, &l, rng));
	else if (what < 7)
		mutate_fat(data, size, &l, rng);
	else
		mutate_entry(data, size, &l, rng);
}

const struct fuzz_fs fuzz_fs = {
    .type = "msdos",
    .min_size = 1024,
    .align = 1,
    .device_size = device_size,
    .options = options,
    .mutate = mutate,
};
