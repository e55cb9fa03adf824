/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See digest.h.  Four lanes of 64 bits; each takes 8 bytes of every 32, by
 * multiply, rotate and add; the lanes are mixed with each other at the end.
 */
#include <string.h>

#include "digest.h"

#define K1 UINT64_C(0x9fb21c651e98df25)
#define K2 UINT64_C(0xd6e8feb86659fd93)

static uint64_t
rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static uint64_t
load_le(const uint8_t *p)
{
	uint64_t v = 0;

	for (unsigned i = 8; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

/* Every bit of the result depends on every bit of x. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 32) * K2;
	x = (x ^ x >> 29) * K1;
	return x ^ x >> 32;
}

void
digest_init(struct digest *d)
{
	memset(d, 0, sizeof(*d));
	for (unsigned i = 0; i < 4; i++)
		d->d_lane[i] = mix(K1 + i);
}

static void
block(struct digest *d, const uint8_t *p)
{
	for (unsigned i = 0; i < 4; i++)
		d->d_lane[i] =
		    rotl(d->d_lane[i] ^ mix(load_le(p + 8 * i)), 27) * K1 + K2;
}

void
digest_add(struct digest *d, const void *data, size_t len)
{
	const uint8_t *p = data;

	d->d_bytes += len;
	while (len > 0) {
		size_t n = sizeof(d->d_buf) - d->d_used;

		if (d->d_used == 0 && len >= sizeof(d->d_buf)) {
			block(d, p);
			p += sizeof(d->d_buf);
			len -= sizeof(d->d_buf);
			continue;
		}
		if (n > len)
			n = len;
		memcpy(d->d_buf + d->d_used, p, n);
		d->d_used += (unsigned)n;
		p += n;
		len -= n;
		if (d->d_used == sizeof(d->d_buf)) {
			block(d, d->d_buf);
			d->d_used = 0;
		}
	}
}

void
digest_u64(struct digest *d, uint64_t v)
{
	uint8_t b[8];

	for (unsigned i = 0; i < 8; i++)
		b[i] = (uint8_t)(v >> 8 * i);
	digest_add(d, b, sizeof(b));
}

void
digest_end(struct digest *d, uint8_t out[32])
{
	uint64_t bytes = d->d_bytes;
	static const uint8_t zeros[32];

	digest_add(d, zeros, sizeof(zeros) - d->d_used);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < 4; i++)
			d->d_lane[i] = mix(d->d_lane[i] + bytes +
			    rotl(d->d_lane[(i + 1) % 4], 17) + round);
	for (unsigned i = 0; i < 32; i++)
		out[i] = (uint8_t)(d->d_lane[i / 8] >> 8 * (i % 8));
}
