/* SPDX-License-Identifier: BSD-2-Clause */
/* What every kernel file may use: fixed types, error names, small helpers. */
#ifndef KERN_KDEFS_H
#define KERN_KDEFS_H

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/kerrno.h"

typedef __SIZE_TYPE__ ksize_t;
#define SSIZE_MAX_K ((int64_t)INT64_MAX)

#define nitems(a)   (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define likely(x)	   __builtin_expect(!!(x), 1)
#define unlikely(x)	   __builtin_expect(!!(x), 0)
#define KUNUSED		   __attribute__((unused))
#define KPRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Wrap-free arithmetic on untrusted numbers: true where it overflows. */
#define add_overflow(a, b, res) __builtin_add_overflow(a, b, res)
#define sub_overflow(a, b, res) __builtin_sub_overflow(a, b, res)
#define mul_overflow(a, b, res) __builtin_mul_overflow(a, b, res)

static inline uint64_t
kmin(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}
static inline uint64_t
kmax(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}
/* align is a power of two; the caller knows that rounding up doesn't wrap. */
static inline uint64_t
rounddown2(uint64_t x, uint64_t align)
{
	return x & ~(align - 1);
}
static inline uint64_t
roundup2(uint64_t x, uint64_t align)
{
	return (x + align - 1) & ~(align - 1);
}
static inline bool
ispow2(uint64_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}
static inline uint64_t
howmany(uint64_t x, uint64_t unit)
{
	return x / unit + (x % unit != 0);
}

#endif /* KERN_KDEFS_H */
