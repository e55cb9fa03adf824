/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hashes of names in directories (dir_index): the first one that ext3 had, half of
 * MD4 (RFC 1320: three rounds of eight steps), and TEA (Wheeler and Needham) as a
 * compression function.
 *
 * Names become words most significant byte first, filled up with their length;
 * their characters were once those of whatever processor made the directory,
 * therefore each hash with signed and with unsigned ones.
 */
#include "fs/ext2/ext2_hash.h"

#define HASH_END 0xfffffffeu /* means "behind all"; no name has it */

static uint32_t
char_at(const char *s, size_t i, bool uns)
{
	return uns ? (uint32_t)(uint8_t)s[i] : (uint32_t)(int32_t)(int8_t)s[i];
}

/* The next words of a name, nwords at most; len: all that is left of it. */
static void
name_words(
    const char *s, size_t len, uint32_t *words, unsigned nwords, bool uns)
{
	uint32_t pad = (uint32_t)len | (uint32_t)len << 8, w;
	size_t i, n = kmin(len, nwords * 4u);
	unsigned k = 0;

	pad |= pad << 16;
	w = pad;
	for (i = 0; i < n; i++) {
		w = char_at(s, i, uns) + (w << 8);
		if (i % 4 == 3) {
			words[k++] = w;
			w = pad;
		}
	}
	if (k < nwords)
		words[k++] = w;
	while (k < nwords)
		words[k++] = pad;
}

static uint32_t
rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void
half_md4(uint32_t buf[4], const uint32_t in[8])
{
	static const uint8_t order[3][8] = {
	    {0, 1, 2, 3, 4, 5, 6, 7},
	    {1, 3, 5, 7, 0, 2, 4, 6},
	    {3, 7, 2, 6, 1, 5, 0, 4},
	};
	static const uint8_t shift[3][4] = {
	    {3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
	static const uint32_t constant[3] = {0, 0x5a827999, 0x6ed9eba1};
	uint32_t v[4] = {buf[0], buf[1], buf[2], buf[3]};

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 8; i++) {
			/* Steps turn a, d, c, b in this order. */
			uint32_t *a = &v[(4 - i % 4) % 4];
			uint32_t x = v[(5 - i % 4) % 4], y = v[(6 - i % 4) % 4],
				 z = v[(7 - i % 4) % 4], f;

			if (round == 0)
				f = z ^ (x & (y ^ z));
			else if (round == 1)
				f = (x & y) + ((x ^ y) & z);
			else
				f = x ^ y ^ z;
			*a = rotate(
			    *a + f + in[order[round][i]] + constant[round],
			    shift[round][i % 4]);
		}
	}
	for (unsigned i = 0; i < 4; i++)
		buf[i] += v[i];
}

static void
tea(uint32_t buf[4], const uint32_t in[4])
{
	uint32_t sum = 0, b0 = buf[0], b1 = buf[1];

	for (unsigned i = 0; i < 16; i++) {
		sum += 0x9e3779b9;
		b0 += ((b1 << 4) + in[0]) ^ (b1 + sum) ^ ((b1 >> 5) + in[1]);
		b1 += ((b0 << 4) + in[2]) ^ (b0 + sum) ^ ((b0 >> 5) + in[3]);
	}
	buf[0] += b0;
	buf[1] += b1;
}

static uint32_t
legacy(const char *name, size_t len, bool uns)
{
	uint32_t h, h0 = 0x12a3fe2d, h1 = 0x37abe8f9;

	for (size_t i = 0; i < len; i++) {
		h = h1 + (h0 ^ char_at(name, i, uns) * 7152373u);
		if ((h & 0x80000000u) != 0)
			h -= 0x7fffffff;
		h1 = h0;
		h0 = h;
	}
	return h0 << 1;
}

int
ext2_hash_name(unsigned version, const uint32_t seed[4], const char *name,
    size_t len, uint32_t *hashp)
{
	uint32_t buf[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
	bool uns = version >= EXT2_HASH_UNSIGNED;
	uint32_t in[8], hash;
	size_t step;

	if (version >= EXT2_HASH_SIPHASH)
		return EOPNOTSUPP;
	if ((seed[0] | seed[1] | seed[2] | seed[3]) != 0)
		for (unsigned i = 0; i < 4; i++)
			buf[i] = seed[i];
	switch (uns ? version - EXT2_HASH_UNSIGNED : version) {
	case EXT2_HASH_LEGACY:
		hash = legacy(name, len, uns);
		break;
	case EXT2_HASH_HALF_MD4:
		for (step = 0; step < len; step += 32) {
			name_words(name + step, len - step, in, 8, uns);
			half_md4(buf, in);
		}
		hash = buf[1];
		break;
	default:
		for (step = 0; step < len; step += 16) {
			name_words(name + step, len - step, in, 4, uns);
			tea(buf, in);
		}
		hash = buf[0];
		break;
	}
	hash &= ~1u;
	*hashp = hash == HASH_END ? HASH_END - 2 : hash;
	return 0;
}
