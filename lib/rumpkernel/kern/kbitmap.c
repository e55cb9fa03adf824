/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bitmaps, 64 bits at a time where the range allows.  Bit n is bit n % 8 of byte
 * n / 8, which makes a little-endian word's bit k bit k of the range; no byte
 * outside of the range's is read or written.
 */
#include "kern/kbitmap.h"

#include "kern/kstring.h"

static uint64_t
load_word(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

/* The bits of one byte that lie in [start, end), as a mask. */
static uint8_t
byte_mask(uint64_t start, uint64_t end)
{
	unsigned from = start & 7;
	unsigned n = (unsigned)kmin(8 - from, end - start);

	return (uint8_t)(((1u << n) - 1) << from);
}

void
bit_setrange(uint8_t *map, uint64_t start, uint64_t n)
{
	uint64_t end = start + n;

	if ((start & 7) != 0 && start < end) {
		map[start >> 3] |= byte_mask(start, end);
		start = kmin(roundup2(start, 8), end);
	}
	if (end - start >= 8) {
		memset(map + (start >> 3), 0xff, (end - start) >> 3);
		start += rounddown2(end - start, 8);
	}
	if (start < end)
		map[start >> 3] |= byte_mask(start, end);
}

void
bit_clearrange(uint8_t *map, uint64_t start, uint64_t n)
{
	uint64_t end = start + n;

	if ((start & 7) != 0 && start < end) {
		map[start >> 3] &= (uint8_t)~byte_mask(start, end);
		start = kmin(roundup2(start, 8), end);
	}
	if (end - start >= 8) {
		memset(map + (start >> 3), 0, (end - start) >> 3);
		start += rounddown2(end - start, 8);
	}
	if (start < end)
		map[start >> 3] &= (uint8_t)~byte_mask(start, end);
}

/* Without the processor's instruction this would be a call into the compiler's
 * library. */
static unsigned
popcount64(uint64_t w)
{
	w -= (w >> 1) & 0x5555555555555555u;
	w = (w & 0x3333333333333333u) + ((w >> 2) & 0x3333333333333333u);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (unsigned)((w * 0x0101010101010101u) >> 56);
}

uint64_t
bit_count(const uint8_t *map, uint64_t start, uint64_t n)
{
	uint64_t end = start + n, count = 0;

	while (start < end) {
		if ((start & 7) == 0 && end - start >= 64) {
			count += popcount64(load_word(map + (start >> 3)));
			start += 64;
		} else {
			count += popcount64(
			    map[start >> 3] & byte_mask(start, end));
			start = kmin(rounddown2(start, 8) + 8, end);
		}
	}
	return count;
}

/* The first bit in [start, end) that differs from those of flip (all or none). */
static uint64_t
find(const uint8_t *map, uint64_t start, uint64_t end, uint64_t flip)
{
	uint64_t w;

	while (start < end) {
		if ((start & 7) == 0 && end - start >= 64) {
			w = load_word(map + (start >> 3)) ^ flip;
			if (w != 0)
				return start + (unsigned)__builtin_ctzll(w);
			start += 64;
		} else {
			w = (map[start >> 3] ^ (uint8_t)flip) &
			    byte_mask(start, end);
			if (w != 0)
				return rounddown2(start, 8) +
				    (unsigned)__builtin_ctzll(w);
			start = kmin(rounddown2(start, 8) + 8, end);
		}
	}
	return end;
}

uint64_t
bit_findclear(const uint8_t *map, uint64_t start, uint64_t end)
{
	return find(map, start, end, ~(uint64_t)0);
}

uint64_t
bit_findset(const uint8_t *map, uint64_t start, uint64_t end)
{
	return find(map, start, end, 0);
}

uint64_t
bit_findclearrun(
    const uint8_t *map, uint64_t start, uint64_t end, uint64_t want)
{
	uint64_t first, stop;

	for (;;) {
		first = bit_findclear(map, start, end);
		if (end - first < want || first == end)
			return end;
		stop = bit_findset(map, first, first + want);
		if (stop == first + want)
			return first;
		start = stop;
	}
}
