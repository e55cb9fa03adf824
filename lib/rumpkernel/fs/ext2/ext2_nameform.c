/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that aren't bytes to be compared as they stand: those of directories that
 * fold case, and encrypted ones.
 *
 * Folding: simple case folding of the basic plane, as vfs/unicode.h has it, without
 * decomposition: what Linux finds by another spelling of an accent isn't found,
 * and a name that isn't UTF-8 is compared as bytes.
 *
 * An encrypted name is shown as the base64 of its bytes, in the alphabet that has
 * no slash; a long one as its first 150 bytes, a dot, and a checksum of all.
 *
 * The index of such a directory is by other hashes: it isn't used.
 */
#include "fs/ext2/ext2.h"
#include "kern/crc32c.h"
#include "kern/kstring.h"
#include "vfs/unicode.h"

#define LONG_BYTES 150u /* shown of a name that would be too long */

static size_t
base64(const uint8_t *p, size_t len, char *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
	    "qrstuvwxyz0123456789-_";
	size_t n = 0;

	for (size_t i = 0; i < len; i += 3) {
		size_t have = kmin(3, len - i);
		uint32_t v = (uint32_t)p[i] << 16;

		if (have > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (have > 2)
			v |= p[i + 2];
		for (size_t k = 0; k <= have; k++)
			out[n++] = digits[v >> (18 - 6 * k) & 63];
	}
	return n;
}

size_t
ext2_name_show(const char *name, size_t len, char out[EXT2_NAME_MAX + 1])
{
	const uint8_t *p = (const uint8_t *)name;
	size_t n;

	if (len * 4 <= EXT2_NAME_MAX * 3)
		return base64(p, len, out);
	n = base64(p, LONG_BYTES, out);
	(void)ksnprintf(out + n, EXT2_NAME_MAX + 1 - n, ".%08x",
	    crc32c(0xffffffffu, p, len));
	return n + 9;
}

static bool
equal_folded(const char *a, size_t alen, const char *b, size_t blen)
{
	uint16_t ua[EXT2_NAME_MAX], ub[EXT2_NAME_MAX];
	size_t na, nb;

	if (utf16_from_utf8(a, alen, ua, EXT2_NAME_MAX, &na) != 0 ||
	    utf16_from_utf8(b, blen, ub, EXT2_NAME_MAX, &nb) != 0 || na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (utf16_fold(ua[i]) != utf16_fold(ub[i]))
			return false;
	return true;
}

bool
ext2_name_equal(const struct ext2_node *np, const struct dirpack_ent *de,
    const char *name, size_t len)
{
	char shown[EXT2_NAME_MAX + 1];

	/* "." and ".." are what they are everywhere. */
	if (de->de_namlen == len && memcmp(de->de_name, name, len) == 0)
		return (np->n_flags & EXT2_IF_ENCRYPT) == 0 || name[0] == '.';
	if ((np->n_flags & EXT2_IF_ENCRYPT) != 0)
		return ext2_name_show(de->de_name, de->de_namlen, shown) ==
		    len &&
		    memcmp(shown, name, len) == 0;
	return (np->n_flags & EXT2_IF_CASEFOLD) != 0 &&
	    equal_folded(de->de_name, de->de_namlen, name, len);
}

int
ext2_name_scan(
    struct ext2_node *np, const char *name, size_t len, uint32_t *inop)
{
	struct ext2_mount *m = np->n_m;
	uint32_t n = ext2_dir_nblks(np), room, off;
	struct dirpack_ent de;
	bool found = false;
	const char *why;
	struct buf *bp;
	int error;

	for (uint32_t lbn = 0; lbn < n && !found; lbn++) {
		error = ext2_dir_block(np, lbn, &bp);
		if (error != 0)
			return error;
		room = ext2_dir_room(m, bp->b_data);
		for (off = 0; off < room && !found && error == 0;
		     off += de.de_reclen) {
			if (ext2_rec_get(m, bp->b_data + off, room - off, &de,
				&why) != 0)
				error = ext2_dir_bad(np, lbn, off, why);
			else if (de.de_ino != 0)
				found = ext2_name_equal(np, &de, name, len);
			if (found)
				*inop = (uint32_t)de.de_ino;
		}
		brelse(bp);
		if (error != 0)
			return error;
	}
	return found ? 0 : ENOENT;
}
