/* SPDX-License-Identifier: BSD-2-Clause */
/* CRC-32C */
#include "kern/crc32c.h"

#define POLY 0x82f63b78u /* reflected */
uint32_t
crc32c(uint32_t crc, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	int k;

	for (; len > 0; len--) {
		crc ^= *p++;
		for (k = 0; k < 8; k++)
			crc = (crc >> 1) ^ (POLY & (0u - (crc & 1)));
	}
	return crc;
}
