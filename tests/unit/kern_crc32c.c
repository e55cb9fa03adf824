/* SPDX-License-Identifier: BSD-2-Clause */
/* crc32c: RFC 3720's vectors, every length and alignment against a bit-at-a-time
 * reference, and both forms against one another. */
#include "unit/tap.h"

#include "kern/crc32c.h"

static uint8_t buf[65536 + 64];

static uint32_t
reference(uint32_t crc, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		for (int k = 0; k < 8; k++) {
			uint32_t bit = (crc ^ (p[i] >> k)) & 1;

			crc = (crc >> 1) ^ (bit ? 0x82f63b78u : 0);
		}
	return crc;
}

static uint32_t
whole(const void *p, size_t len)
{
	return ~crc32c(0xffffffffu, p, len);
}

static void
vectors(void)
{
	uint8_t v[48] = {0};

	is(whole(v, 32), 0x8a9136aa, "32 bytes of zeros");
	memset(v, 0xff, 32);
	is(whole(v, 32), 0x62a8ab43, "32 bytes of ones");
	for (int i = 0; i < 32; i++)
		v[i] = (uint8_t)i;
	is(whole(v, 32), 0x46dd794e, "32 bytes incrementing");
	for (int i = 0; i < 32; i++)
		v[i] = (uint8_t)(31 - i);
	is(whole(v, 32), 0x113fdb5c, "32 bytes decrementing");
	is(whole("123456789", 9), 0xe3069283, "the check value");
	is(crc32c(0x12345678, v, 0), 0x12345678, "no bytes, no change");
}

int
main(void)
{
	uint32_t x = 1, want;
	unsigned bad_hw = 0, bad_soft = 0;
	size_t len, off;

	for (size_t i = 0; i < sizeof(buf); i++) {
		x = x * 1664525 + 1013904223;
		buf[i] = (uint8_t)(x >> 24);
	}
	vectors();
	for (len = 0; len < 2600; len++) {
		off = len % 9;
		want = reference((uint32_t)len * 77, buf + off, len);
		bad_hw += crc32c((uint32_t)len * 77, buf + off, len) != want;
		bad_soft += crc32c_soft((uint32_t)len * 77, buf + off, len) !=
		    want;
	}
	for (len = 6100; len <= 65536; len = len * 11 / 10 + 1) {
		off = len % 13;
		want = reference(~0u, buf + off, len);
		bad_hw += crc32c(~0u, buf + off, len) != want;
		bad_soft += crc32c_soft(~0u, buf + off, len) != want;
	}
	is(bad_hw, 0, "every length as the reference says");
	is(bad_soft, 0, "... and by tables");
	want = crc32c(~0u, buf, 50000);
	is(crc32c(crc32c(~0u, buf, 12345), buf + 12345, 50000 - 12345), want,
	    "in two pieces the same");
	return done();
}
