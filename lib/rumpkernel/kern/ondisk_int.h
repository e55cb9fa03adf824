/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Integers as they stand on disk.  A structure that needs no packing, alignment
 * 1 everywhere, and a forgotten conversion that doesn't compile.  The accessors
 * become one move (and a swap where the order differs).
 *
 * Formats of either byte order use ei16_t.. and hand the mount's order to the
 * accessor.  Also included by the formatters on the host's side.
 */
#ifndef KERN_ONDISK_INT_H
#define KERN_ONDISK_INT_H

#include <stdbool.h>
#include <stdint.h>

#define ONDISK_INT_DEFINE(bits, bytes)                                        \
	typedef struct {                                                      \
		uint8_t b[bytes];                                             \
	} le##bits##_t;                                                       \
	typedef struct {                                                      \
		uint8_t b[bytes];                                             \
	} be##bits##_t;                                                       \
	typedef struct {                                                      \
		uint8_t b[bytes];                                             \
	} ei##bits##_t;                                                       \
	static inline uint##bits##_t ondisk_load##bits(                       \
	    const uint8_t *p, bool swap)                                      \
	{                                                                     \
		uint##bits##_t v;                                             \
		__builtin_memcpy(&v, p, bytes);                               \
		return swap ? __builtin_bswap##bits(v) : v;                   \
	}                                                                     \
	static inline void ondisk_store##bits(                                \
	    uint8_t *p, uint##bits##_t v, bool swap)                          \
	{                                                                     \
		if (swap)                                                     \
			v = __builtin_bswap##bits(v);                         \
		__builtin_memcpy(p, &v, bytes);                               \
	}                                                                     \
	static inline uint##bits##_t le##bits##_get(le##bits##_t x)           \
	{                                                                     \
		return ondisk_load##bits(x.b, ONDISK_HOST_BIG);               \
	}                                                                     \
	static inline uint##bits##_t be##bits##_get(be##bits##_t x)           \
	{                                                                     \
		return ondisk_load##bits(x.b, !ONDISK_HOST_BIG);              \
	}                                                                     \
	static inline uint##bits##_t ei##bits##_get(ei##bits##_t x, bool big) \
	{                                                                     \
		return ondisk_load##bits(x.b, big != ONDISK_HOST_BIG);        \
	}                                                                     \
	static inline void le##bits##_put(le##bits##_t *x, uint##bits##_t v)  \
	{                                                                     \
		ondisk_store##bits(x->b, v, ONDISK_HOST_BIG);                 \
	}                                                                     \
	static inline void be##bits##_put(be##bits##_t *x, uint##bits##_t v)  \
	{                                                                     \
		ondisk_store##bits(x->b, v, !ONDISK_HOST_BIG);                \
	}                                                                     \
	static inline void ei##bits##_put(                                    \
	    ei##bits##_t *x, uint##bits##_t v, bool big)                      \
	{                                                                     \
		ondisk_store##bits(x->b, v, big != ONDISK_HOST_BIG);          \
	}

#define ONDISK_HOST_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

ONDISK_INT_DEFINE(16, 2)
ONDISK_INT_DEFINE(32, 4)
ONDISK_INT_DEFINE(64, 8)

#define ONDISK_ASSERT_SIZE(type, bytes) \
	_Static_assert(                 \
	    sizeof(type) == (bytes), #type " is not " #bytes " bytes")
#define ONDISK_ASSERT_OFFSET(type, member, off)                   \
	_Static_assert(__builtin_offsetof(type, member) == (off), \
	    #type "." #member " is not at " #off)

#endif /* KERN_ONDISK_INT_H */
