/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Strings, and our own subset of formatted output:
 * %d %i %u %x %X %o %c %s %p %% with flags - 0 #, width, precision (also *),
 * and the lengths hh h l ll j z t.  No floating point.
 */
#ifndef KERN_KSTRING_H
#define KERN_KSTRING_H

#include "kern/kdefs.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
#define memcpy(d, s, n)	 __builtin_memcpy(d, s, n)
#define memmove(d, s, n) __builtin_memmove(d, s, n)
#define memset(d, c, n)	 __builtin_memset(d, c, n)
#define memcmp(a, b, n)	 __builtin_memcmp(a, b, n)

size_t kstrlen(const char *s);
size_t kstrnlen(const char *s, size_t max);
int kstrcmp(const char *a, const char *b);
int kstrncmp(const char *a, const char *b, size_t n);
char *kstrchr(const char *s, int c);
char *kstrrchr(const char *s, int c);
void *kmemchr(const void *s, int c, size_t n);
/* Copies what fits, always NUL-terminates; returns strlen(src). */
size_t kstrlcpy(char *dst, const char *src, size_t size);
size_t kstrlcat(char *dst, const char *src, size_t size);
/* True if all n bytes are zero. */
bool kmemzero(const void *p, size_t n);

int ksnprintf(char *buf, size_t size, const char *fmt, ...) KPRINTF(3, 4);
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
    KPRINTF(3, 0);
/* A whole unsigned number, decimal, 0x or 0 (octal) with an optional suffix
 * k m g t (x1024); EINVAL, ERANGE. */
int kstrtou64(const char *s, uint64_t *valp);
/* The same, decimal and signed, no suffix. */
int kstrtoi64(const char *s, int64_t *valp);

#endif /* KERN_KSTRING_H */
