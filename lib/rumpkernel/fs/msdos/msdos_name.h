/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of FAT: long ones in UTF-16, short ones of 8+3 bytes in a codepage, and what
 * users see, which is UTF-8.  Nothing here knows of a volume.
 */
#ifndef MSDOS_NAME_H
#define MSDOS_NAME_H

#include "kern/kdefs.h"
#include "vfs/namespec.h"

#define MSDOS_UTF8_MAX 765u /* bytes of 255 units: three each */

/* Codepages for short names. */
#define MSDOS_CP437 437u
#define MSDOS_CP850 850u

/* Names are UTF-8, compared without case; EINVAL from ns_valid for characters and
 * devices' names (CON, NUL, COM1 ..) that the format forbids, and for a blank or a
 * dot at the end. */
extern const struct namespec msdos_namespec;
/* Is a long name the one that a user gives?  Without case. */
bool msdos_name_equal(
    const uint16_t *a, size_t alen, const uint16_t *b, size_t blen);

/* What a short name shows: "README.TXT", with lcase (MSDOS_LC_*) "readme.txt": UTF-16
 * units in out (12 at most), how many; 0: no name at all. */
size_t msdos_short_show(
    const uint8_t name[11], uint8_t lcase, unsigned codepage, uint16_t *out);
/* A volume's label: the eleven bytes are one, without a dot. */
size_t msdos_label_show(
    const uint8_t name[11], unsigned codepage, uint16_t *out);
/* The checksum that a long name's pieces carry. */
uint8_t msdos_short_sum(const uint8_t name[11]);

enum msdos_short {
	MSDOS_SHORT_EXACT, /* it says all: no long name is needed */
	MSDOS_SHORT_PLAIN, /* a long name is needed beside it */
	MSDOS_SHORT_TAIL,  /* ... and a number, since much was lost */
};
/* The short name for a name. */
enum msdos_short msdos_short_make(const uint16_t *name, size_t len,
    unsigned codepage, uint8_t out[11], uint8_t *lcasep);
/* Entries that a name takes in a directory: pieces of the long one and the short one
 * (0: no name). */
uint32_t msdos_name_entries(const char *name, size_t len, unsigned codepage);
/* Put the number n (1 ..) into it: as Windows does, the first characters and ~1 to
 * ~4, then two characters, a hash of the long name, and ~1 .. */
void msdos_short_number(
    uint8_t out[11], const uint16_t *name, size_t len, uint32_t n);

#endif /* MSDOS_NAME_H */
