/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bitmaps as file systems keep them: bit n is bit n % 8 of byte n / 8.  Word at
 * a time inside.  Positions and counts are in bits.
 */
#ifndef KERN_KBITMAP_H
#define KERN_KBITMAP_H

#include "kern/kdefs.h"

static inline bool
bit_test(const uint8_t *map, uint64_t n)
{
	return (map[n >> 3] >> (n & 7)) & 1;
}
static inline void
bit_set(uint8_t *map, uint64_t n)
{
	map[n >> 3] |= (uint8_t)(1u << (n & 7));
}
static inline void
bit_clear(uint8_t *map, uint64_t n)
{
	map[n >> 3] &= (uint8_t) ~(1u << (n & 7));
}
void bit_setrange(uint8_t *map, uint64_t start, uint64_t n);
void bit_clearrange(uint8_t *map, uint64_t start, uint64_t n);
/* How many of [start, start + n) are set. */
uint64_t bit_count(const uint8_t *map, uint64_t start, uint64_t n);
/* The first clear (set) bit in [start, end); end if none. */
uint64_t bit_findclear(const uint8_t *map, uint64_t start, uint64_t end);
uint64_t bit_findset(const uint8_t *map, uint64_t start, uint64_t end);
/* The first run of want clear bits in [start, end); end if none. */
uint64_t bit_findclearrun(
    const uint8_t *map, uint64_t start, uint64_t end, uint64_t want);

#endif /* KERN_KBITMAP_H */
