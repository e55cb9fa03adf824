/* SPDX-License-Identifier: BSD-2-Clause */
/* Bitmap helpers against a bit-at-a-time reference, on random maps and ranges. */
#include "unit/tap.h"

#include "kern/kbitmap.h"

#define NBITS 1200
static uint8_t *map, model[NBITS];
static uint64_t seed = 42;

static uint64_t
rnd(uint64_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % n;
}

static unsigned
differs(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < NBITS; i++)
		n += bit_test(map, i) != model[i];
	return n;
}

/* density: one bit in so many is set, in runs */
static void
randomise(unsigned density)
{
	for (unsigned i = 0; i < NBITS;) {
		unsigned run = 1 + (unsigned)rnd(density % 7 == 0 ? 90 : 3);
		bool on = rnd(density) == 0;

		for (; run > 0 && i < NBITS; run--, i++) {
			model[i] = on;
			if (on)
				bit_set(map, i);
			else
				bit_clear(map, i);
		}
	}
}

static uint64_t
ref_find(uint64_t start, uint64_t end, uint8_t want)
{
	while (start < end && model[start] != want)
		start++;
	return start;
}

static uint64_t
ref_run(uint64_t start, uint64_t end, uint64_t want)
{
	uint64_t n = 0;

	for (uint64_t i = start; i < end; i++) {
		n = model[i] ? 0 : n + 1;
		if (n == want)
			return i + 1 - want;
	}
	return end;
}

int
main(void)
{
	unsigned bad[6] = {0};

	/* exactly as long as it must be, so that checkers see an overrun */
	map = calloc(1, NBITS / 8);
	for (unsigned round = 0; round < 20000; round++) {
		uint64_t start = rnd(NBITS + 1);
		uint64_t end = start + rnd(NBITS - start + 1);
		uint64_t want = 1 + rnd(round % 3 == 0 ? 100 : 5), count = 0;

		if (round % 50 == 0)
			randomise(2 + round / 50 % 30);
		for (uint64_t i = start; i < end; i++)
			count += model[i];
		bad[0] += bit_count(map, start, end - start) != count;
		bad[1] += bit_findclear(map, start, end) !=
		    ref_find(start, end, 0);
		bad[2] += bit_findset(map, start, end) !=
		    ref_find(start, end, 1);
		bad[3] += bit_findclearrun(map, start, end, want) !=
		    ref_run(start, end, want);
		if (round % 10 == 0) {
			memset(model + start, round % 20 == 0, end - start);
			if (round % 20 == 0)
				bit_setrange(map, start, end - start);
			else
				bit_clearrange(map, start, end - start);
			bad[4 + (round % 20 == 0)] += differs() != 0;
		}
	}
	is(bad[0], 0, "count");
	is(bad[1], 0, "findclear");
	is(bad[2], 0, "findset");
	is(bad[3], 0, "findclearrun");
	is(bad[4], 0, "clearrange changes its range only");
	is(bad[5], 0, "setrange changes its range only");
	free(map);
	return done();
}
