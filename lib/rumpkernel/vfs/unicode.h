/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UTF-8 and UTF-16, for formats whose names are code units; simple case folding.
 *
 * Nothing that a disk may hold is lost: a surrogate without its partner becomes the
 * three bytes that it would have as a character, and those become it again.
 */
#ifndef VFS_UNICODE_H
#define VFS_UNICODE_H

#include "kern/kdefs.h"

/* Units in *lenp.  EILSEQ: not UTF-8; ENAMETOOLONG: more than max units. */
int utf16_from_utf8(
    const char *s, size_t len, uint16_t *out, size_t max, size_t *lenp);
/* Bytes in out (up to 3 for each unit); no NUL is added. */
size_t utf8_from_utf16(const uint16_t *s, size_t len, char *out);
/* CaseFolding.txt's C and S, of the basic plane; others are themselves. */
uint16_t utf16_fold(uint16_t unit);

#endif /* VFS_UNICODE_H */
