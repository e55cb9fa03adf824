/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC-32C (Castagnoli, RFC 3720 B.4), reflected, no inversion.
 *
 * With the processor's instruction (x86-64, SSE 4.2) long buffers go as three
 * streams at once, because the instruction takes three cycles but one can start
 * in each; the streams are joined by shifting a remainder over the bytes that
 * follow it, a linear map kept as four tables.  Without it: eight bytes a step by
 * eight tables.  Tables are made with the first call that needs them; calls that
 * come meanwhile do without.
 */
#include "kern/crc32c.h"

#include "kern/kstring.h"

#define POLY	     0x82f63b78u /* bit 31 is the coefficient of x^0 */
#define STREAM_LONG  2048u	 /* bytes; powers of two */
#define STREAM_SHORT 256u

#if defined(__x86_64__)
#define HAVE_HW 1
#else
#define HAVE_HW 0
#endif

enum table_state {
	TABLES_NONE,
	TABLES_UNDER_WAY,
	TABLES_READY,
};

static enum table_state slice_state, shift_state;
static uint32_t slice[8][256];
static uint32_t shift_long[4][256], shift_short[4][256];

/* True where the tables may be used; builds them if nobody does. */
static bool
tables_ready(enum table_state *statep, void (*build)(void))
{
	enum table_state state = __atomic_load_n(statep, __ATOMIC_ACQUIRE);

	if (likely(state == TABLES_READY))
		return true;
	if (state != TABLES_NONE ||
	    !__atomic_compare_exchange_n(statep, &state, TABLES_UNDER_WAY,
		false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	build();
	__atomic_store_n(statep, TABLES_READY, __ATOMIC_RELEASE);
	return true;
}

static uint32_t
crc_bytes(uint32_t crc, const uint8_t *p, size_t len)
{
	int k;

	for (; len > 0; len--) {
		crc ^= *p++;
		for (k = 0; k < 8; k++)
			crc = (crc >> 1) ^ (POLY & (0u - (crc & 1)));
	}
	return crc;
}

/* ---- by tables ---------------------------------------------------------- */
static void
slice_build(void)
{
	uint32_t b, k;
	uint8_t zero = 0;

	for (b = 0; b < 256; b++)
		slice[0][b] = crc_bytes(b, &zero, 1);
	for (k = 1; k < 8; k++)
		for (b = 0; b < 256; b++)
			slice[k][b] = (slice[k - 1][b] >> 8) ^
			    slice[0][slice[k - 1][b] & 0xff];
}

static uint32_t
crc_sliced(uint32_t crc, const uint8_t *p, size_t len)
{
	uint32_t hi;

	for (; len >= 8; p += 8, len -= 8) {
		crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 |
		    (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
		hi = (uint32_t)p[4] | (uint32_t)p[5] << 8 |
		    (uint32_t)p[6] << 16 | (uint32_t)p[7] << 24;
		crc = slice[7][crc & 0xff] ^ slice[6][(crc >> 8) & 0xff] ^
		    slice[5][(crc >> 16) & 0xff] ^ slice[4][crc >> 24] ^
		    slice[3][hi & 0xff] ^ slice[2][(hi >> 8) & 0xff] ^
		    slice[1][(hi >> 16) & 0xff] ^ slice[0][hi >> 24];
	}
	for (; len > 0; len--)
		crc = (crc >> 8) ^ slice[0][(crc ^ *p++) & 0xff];
	return crc;
}

uint32_t
crc32c_soft(uint32_t crc, const void *buf, size_t len)
{
	if (tables_ready(&slice_state, slice_build))
		return crc_sliced(crc, buf, len);
	return crc_bytes(crc, buf, len);
}

/* ---- by instruction ----------------------------------------------------- */
#if HAVE_HW

/* The product of two polynomials, modulo ours. */
static uint32_t
poly_mul(uint32_t a, uint32_t b)
{
	uint32_t product = 0, bit;

	for (bit = 0x80000000u; bit != 0; bit >>= 1) {
		if ((a & bit) != 0)
			product ^= b;
		b = (b >> 1) ^ (POLY & (0u - (b & 1)));
	}
	return product;
}

/* What nbytes (a power of two) of zeros do to a remainder, by its bytes. */
static void
shift_table(uint32_t table[4][256], size_t nbytes)
{
	uint32_t power = 0x00800000u; /* x^8 */
	unsigned b, k;

	for (; nbytes > 1; nbytes /= 2)
		power = poly_mul(power, power);
	for (k = 0; k < 4; k++) {
		table[k][0] = 0;
		for (b = 1; b < 256; b++)
			table[k][b] = table[k][b & (b - 1)] ^
			    ((b & (b - 1)) == 0 ? poly_mul(power, b << (8 * k))
						: table[k][b & (0u - b)]);
	}
}

static void
shift_build(void)
{
	shift_table(shift_long, STREAM_LONG);
	shift_table(shift_short, STREAM_SHORT);
}

static uint32_t
shift(uint32_t table[4][256], uint32_t crc)
{
	return table[0][crc & 0xff] ^ table[1][(crc >> 8) & 0xff] ^
	    table[2][(crc >> 16) & 0xff] ^ table[3][crc >> 24];
}

static bool
cpu_has_crc32(void)
{
	static int known; /* 0: not yet, 1: no, 2: yes */
	int v = __atomic_load_n(&known, __ATOMIC_RELAXED);
	uint32_t a = 1, b, c = 0, d;

	if (v == 0) {
		__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
		v = (c >> 20 & 1) != 0 ? 2 : 1;
		__atomic_store_n(&known, v, __ATOMIC_RELAXED);
	}
	return v == 2;
}

static uint64_t
load64(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Whole triples of streams of size bytes each; *pp and *lenp move on. */
__attribute__((target("sse4.2"))) static uint32_t
hw_triples(uint32_t crc, const uint8_t **pp, size_t *lenp, size_t size,
    uint32_t table[4][256])
{
	const uint8_t *p = *pp, *end;
	uint64_t a = crc, b, c;

	for (; *lenp >= 3 * size; *lenp -= 3 * size) {
		b = c = 0;
		for (end = p + size; p < end; p += 8) {
			a = __builtin_ia32_crc32di(a, load64(p));
			b = __builtin_ia32_crc32di(b, load64(p + size));
			c = __builtin_ia32_crc32di(c, load64(p + 2 * size));
		}
		a = shift(table, (uint32_t)a) ^ b;
		a = shift(table, (uint32_t)a) ^ c;
		p += 2 * size;
	}
	*pp = p;
	return (uint32_t)a;
}

__attribute__((target("sse4.2"))) static uint32_t
crc_hw(uint32_t crc, const uint8_t *p, size_t len)
{
	uint64_t w;

	if (len >= 3 * STREAM_SHORT &&
	    tables_ready(&shift_state, shift_build)) {
		crc = hw_triples(crc, &p, &len, STREAM_LONG, shift_long);
		crc = hw_triples(crc, &p, &len, STREAM_SHORT, shift_short);
	}
	for (w = crc; len >= 8; p += 8, len -= 8)
		w = __builtin_ia32_crc32di(w, load64(p));
	for (crc = (uint32_t)w; len > 0; len--)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return crc;
}
#endif /* HAVE_HW */

uint32_t
crc32c(uint32_t crc, const void *buf, size_t len)
{
#if HAVE_HW
	if (likely(cpu_has_crc32()))
		return crc_hw(crc, buf, len);
#endif
	return crc32c_soft(crc, buf, len);
}
