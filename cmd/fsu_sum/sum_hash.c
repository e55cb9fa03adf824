/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_sum's algorithms: nettle's, which use what the processor has for them, and
 * the CRC of POSIX cksum(1): polynomial 0x04c11db7, highest bit first, the length's
 * bytes after the data's, lowest first, and the result inverted.
 */
#include <string.h>

#include <nettle/nettle-meta.h>

#include "sum.h"

const struct sum_algorithm fsu_sum_algorithms[SUM_NALGORITHMS] = {
    {"md5", "MD5", &nettle_md5, 16},
    {"sha1", "SHA1", &nettle_sha1, 20},
    {"sha224", "SHA224", &nettle_sha224, 28},
    {"sha256", "SHA256", &nettle_sha256, 32},
    {"sha384", "SHA384", &nettle_sha384, 48},
    {"sha512", "SHA512", &nettle_sha512, 64},
    {"crc", "CRC", NULL, 4},
};

const struct sum_algorithm *
fsu_sum_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < SUM_NALGORITHMS; i++)
		if (strcmp(fsu_sum_algorithms[i].name, name) == 0)
			return &fsu_sum_algorithms[i];
	return NULL;
}

const struct sum_algorithm *
fsu_sum_by_tag(const char *tag, size_t len)
{
	const struct sum_algorithm *a;

	for (a = fsu_sum_algorithms; a->nettle != NULL; a++)
		if (strlen(a->tag) == len && memcmp(a->tag, tag, len) == 0)
			return a;
	return NULL;
}

const struct sum_algorithm *
fsu_sum_by_length(size_t hexdigits)
{
	const struct sum_algorithm *a;

	for (a = fsu_sum_algorithms; a->nettle != NULL; a++)
		if (a->bytes * 2 == hexdigits)
			return a;
	return NULL;
}

/* ---- cksum's CRC ------------------------------------------------------------------ */

#define CRC_POLY 0x04c11db7u

/* table[k][b]: byte b and k zero bytes after it. */
static uint32_t crc_table[8][256];

static void
crc_start(void)
{
	uint32_t b, k, v;

	if (crc_table[0][1] != 0)
		return;
	for (b = 0; b < 256; b++) {
		v = b << 24;
		for (k = 0; k < 8; k++)
			v = v << 1 ^ (v >> 31 ? CRC_POLY : 0);
		crc_table[0][b] = v;
	}
	for (k = 1; k < 8; k++)
		for (b = 0; b < 256; b++) {
			v = crc_table[k - 1][b];
			crc_table[k][b] = v << 8 ^ crc_table[0][v >> 24];
		}
}

static uint32_t
crc_update(uint32_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8) {
		crc ^= (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		    (uint32_t)p[2] << 8 | p[3];
		crc = crc_table[7][crc >> 24] ^ crc_table[6][crc >> 16 & 0xff] ^
		    crc_table[5][crc >> 8 & 0xff] ^ crc_table[4][crc & 0xff] ^
		    crc_table[3][p[4]] ^ crc_table[2][p[5]] ^
		    crc_table[1][p[6]] ^ crc_table[0][p[7]];
	}
	for (; len > 0; p++, len--)
		crc = crc << 8 ^ crc_table[0][crc >> 24 ^ *p];
	return crc;
}

/* ---- all of them --------------------------------------------------------------------- */

void
fsu_sum_begin(struct sum_context *c, const struct sum_algorithm *alg)
{
	c->alg = alg;
	c->crc = 0;
	c->length = 0;
	if (alg->nettle == NULL)
		crc_start();
	else if (alg->nettle->context_size > sizeof(c->state))
		fsu_realloc(NULL, SIZE_MAX); /* another nettle: ends here */
	else
		alg->nettle->init(c->state);
}

void
fsu_sum_update(struct sum_context *c, const void *data, size_t len)
{
	c->length += len;
	if (c->alg->nettle == NULL)
		c->crc = crc_update(c->crc, data, len);
	else
		c->alg->nettle->update(c->state, len, data);
}

void
fsu_sum_end(struct sum_context *c, uint8_t *digest)
{
	uint64_t n;
	uint8_t byte;

	if (c->alg->nettle != NULL) {
		c->alg->nettle->digest(c->state, c->alg->bytes, digest);
		return;
	}
	for (n = c->length; n != 0; n >>= 8) {
		byte = (uint8_t)n;
		c->crc = crc_update(c->crc, &byte, 1);
	}
	c->crc = ~c->crc;
	for (n = 0; n < 4; n++)
		digest[n] = (uint8_t)(c->crc >> (24 - 8 * n));
}

void
fsu_sum_hex(char *out, const uint8_t *digest, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < bytes; i++) {
		*out++ = digits[digest[i] >> 4];
		*out++ = digits[digest[i] & 15];
	}
	*out = '\0';
}
