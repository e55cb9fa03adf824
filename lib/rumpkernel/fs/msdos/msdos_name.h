/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of FAT: long ones in UTF-16, short ones of 8+3 bytes in a codepage, and what
 * users see, which is UTF-8.  Pure functions, used by the driver and by makefs.
 *
 * A byte that isn't UTF-8, or a code unit that no character is, isn't lost: the
 * decoders say EILSEQ for what users give, and write U+FFFD's place as "?" never;
 * lone surrogates on disk become three bytes each (WTF-8) and are taken back.
 */
#ifndef MSDOS_NAME_H
#define MSDOS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MSDOS_UTF8_MAX 765u /* bytes of 255 units: three each */

/* UTF-8 to UTF-16: units in *lenp.  EILSEQ, ENAMETOOLONG (more than max). */
int msdos_utf16_from_utf8(
    const char *s, size_t len, uint16_t *out, size_t max, size_t *lenp);
/* And back: bytes (at most 3 a unit), no NUL. */
size_t msdos_utf8_from_utf16(const uint16_t *s, size_t len, char *out);

/* Simple case folding (Unicode's CaseFolding.txt, C and S), of the basic plane. */
uint16_t msdos_fold(uint16_t unit);

/* Codepages 437 and 850.  From a byte; to a byte: 0 if there is none for it. */
#define MSDOS_CP437 437u
#define MSDOS_CP850 850u
uint16_t msdos_cp_to_unicode(unsigned codepage, uint8_t byte);
uint8_t msdos_cp_from_unicode(unsigned codepage, uint16_t unit);

/* May a file be called so?  0; EINVAL for characters and names of devices (CON, NUL,
 * COM1..) that the format forbids, a blank or dot at the end, "." and ".."; EILSEQ;
 * ENAMETOOLONG. */
int msdos_name_valid(const char *name, size_t len);

/* What a short name shows: "README.TXT", with lcase (MSDOS_LC_*) "readme.txt"; bytes
 * of UTF-8 in out (at most 40), 0 if it can't be one. */
size_t msdos_short_show(
    const uint8_t name[11], uint8_t lcase, unsigned codepage, char *out);
/* The checksum that a long name's pieces carry. */
uint8_t msdos_short_sum(const uint8_t name[11]);

/*
 * The short name for a long one, and whether the long one is needed at all:
 * an upper-case name in 8.3 form (or all-lower base or extension, told by *lcasep)
 * needs none.  Otherwise a basis ("LONGNA~1.TXT") for number n >= 1: as Windows,
 * ~1 to ~4 with the first characters, from 5 on a hash of the long name in them.
 * Returns true if the long name has to be stored.
 */
bool msdos_short_make(const uint16_t *name, size_t len, unsigned codepage,
    unsigned n, uint8_t out[11], uint8_t *lcasep);

/* How many directory entries a name takes: pieces and the short one. */
unsigned msdos_name_entries(const char *name, size_t len, unsigned codepage);

#endif /* MSDOS_NAME_H */
