/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mutator of all file systems: images keep their size, and change inside of
 * blocks that are in use, mostly by numbers that mean something there.  Half of the
 * changes are the target's own (fuzz_fs.mutate).
 */
#include "fs_fuzz.h"

#include <string.h>

#define BLOCK 1024u

size_t LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t maxsize, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxsize);

uint32_t
fuzz_next(uint32_t *rng)
{
	*rng ^= *rng << 13;
	*rng ^= *rng >> 17;
	*rng ^= *rng << 5;
	return *rng;
}

uint32_t
fuzz_below(uint32_t *rng, uint32_t n)
{
	return fuzz_next(rng) % n;
}

uint32_t
fuzz_number(uint32_t *rng)
{
	static const uint32_t numbers[] = {0, 1, 2, 3, 7, 8, 11, 12, 0x7f, 0xff,
	    0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
	    0xffffffff};
	uint32_t n =
	    numbers[fuzz_below(rng, sizeof(numbers) / sizeof(numbers[0]))];

	return fuzz_below(rng, 4) == 0 ? n + fuzz_below(rng, 5) - 2 : n;
}

uint32_t
fuzz_change(uint32_t old, uint32_t limit, uint32_t *rng)
{
	switch (fuzz_below(rng, 5)) {
	case 0:
		return fuzz_number(rng);
	case 1:
		return old + fuzz_below(rng, 33) - 16;
	case 2:
		return old ^ (uint32_t)1 << fuzz_below(rng, 32);
	default:
		return limit == 0 ? fuzz_next(rng) : fuzz_below(rng, limit);
	}
}

uint32_t
fuzz_get(const uint8_t *data, size_t size, size_t off, unsigned width, bool big)
{
	uint32_t v = 0;

	if (off > size || size - off < width)
		return 0;
	for (unsigned i = 0; i < width; i++)
		v |= (uint32_t)data[off + i] << 8 * (big ? width - 1 - i : i);
	return v;
}

void
fuzz_put(uint8_t *data, size_t size, size_t off, unsigned width, bool big,
    uint32_t value)
{
	if (off > size || size - off < width)
		return;
	for (unsigned i = 0; i < width; i++)
		data[off + i] = (uint8_t)(value >>
		    8 * (big ? width - 1 - i : i));
}

/* An offset in a block that isn't all zeros. */
static size_t
used_offset(const uint8_t *data, size_t size, uint32_t *rng)
{
	size_t off = 0;

	for (int i = 0; i < 64; i++) {
		off = fuzz_next(rng) % size;
		off -= off % fuzz_fs.align;
		size_t blk = off & ~(size_t)(BLOCK - 1);
		size_t end = blk + BLOCK < size ? blk + BLOCK : size;

		for (size_t k = blk; k < end; k++)
			if (data[k] != 0)
				return fuzz_below(rng, 4) == 0 ? off
							       : blk +
					fuzz_below(rng, 128) / fuzz_fs.align *
					    fuzz_fs.align % (end - blk);
	}
	return off;
}

/* A word somewhere, or now and then a whole block. */
static void
mutate_anywhere(uint8_t *data, size_t size, uint32_t *rng)
{
	size_t off = used_offset(data, size, rng), a, b;
	uint32_t v = fuzz_get(data, size, off, 4, false);

	switch (fuzz_below(rng, 8)) {
	case 0:
		v = fuzz_number(rng);
		break;
	case 1:
		v = fuzz_below(rng, (uint32_t)(size / BLOCK) + 1);
		break;
	case 2:
		v += fuzz_below(rng, 9) - 4;
		break;
	case 3:
		v ^= (uint32_t)1 << fuzz_below(rng, 32);
		break;
	case 4:
		v = (v & 0xffff0000) | (fuzz_number(rng) & 0xffff);
		break;
	case 5:
		v = (v & 0xffff) | fuzz_number(rng) << 16;
		break;
	case 6: /* from elsewhere */
		v = fuzz_get(
		    data, size, used_offset(data, size, rng), 4, false);
		break;
	default:
		a = off & ~(size_t)(BLOCK - 1);
		b = used_offset(data, size, rng) & ~(size_t)(BLOCK - 1);
		if (fuzz_below(rng, 4) == 0 && a + BLOCK <= size &&
		    b + BLOCK <= size)
			memmove(data + a, data + b, BLOCK);
		v = fuzz_next(rng);
		break;
	}
	fuzz_put(data, size, off, 4, false, v);
}

size_t
LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t maxsize, unsigned seed)
{
	uint32_t rng = seed * 2654435761u + 1;
	unsigned times = 1 + fuzz_below(&rng, 4);

	if (size < fuzz_fs.min_size || size < BLOCK)
		return LLVMFuzzerMutate(data, size, maxsize);
	while (times-- > 0) {
		if (fuzz_below(&rng, 2) == 0)
			fuzz_fs.mutate(data, size, &rng);
		else
			mutate_anywhere(data, size, &rng);
	}
	return size;
}
