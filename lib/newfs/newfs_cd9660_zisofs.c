/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zisofs: a header, a table of places of 4 bytes, one more than there are blocks, and
 * blocks of 32 KiB, each deflated by itself; one of zeros has no bytes.
 *
 * A file that wouldn't take fewer blocks of the image stays as it is.  Its places have
 * 32 bits, so a file of 4 GiB stays, too.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "newfs/newfs_cd9660_int.h"

#define ZBLOCK 32768u
#define ZROOM  (ZBLOCK + ZBLOCK / 8 + 64)
#define HEADER 16u
#define LEVEL  6

/* zlib's: the part of its binary interface that we use. */
static struct {
	int (*compress)(unsigned char *dst, unsigned long *dstlen,
	    const unsigned char *src, unsigned long srclen, int level);
} zlib;

bool
iso_zisofs_load(void)
{
	void *lib = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL), *sym;

	sym = lib != NULL ? dlsym(lib, "compress2") : NULL;
	memcpy(&zlib.compress, &sym, sizeof(sym));
	return sym != NULL;
}

struct zfile {
	struct iso *z_is;
	uint32_t z_node;
	uint64_t z_size, z_off, z_limit; /* z_off: where the next block goes */
	uint8_t *z_table, *z_in, *z_out;
	uint32_t z_nblocks;
};

static bool
all_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static void
set_place(struct zfile *z, uint32_t i)
{
	le32_t at;

	le32_put(&at, (uint32_t)z->z_off);
	memcpy(z->z_table + HEADER + 4 * (size_t)i, &at, sizeof(at));
}

/* Block i; *fullp: it is too much. */
static int
put_block(struct zfile *z, uint32_t i, bool *fullp)
{
	uint64_t off = (uint64_t)i * ZBLOCK, left = z->z_size - off;
	size_t n = left < ZBLOCK ? (size_t)left : ZBLOCK;
	unsigned long len = ZROOM;
	struct iso *is = z->z_is;
	uint64_t at = (uint64_t)is->i_node[z->z_node].n_lba * ISO_BLOCK;
	int error;

	set_place(z, i);
	error = is->i_tree->tr_read(is->i_tree, z->z_node, z->z_in, n, off);
	if (error != 0 || all_zero(z->z_in, n))
		return error;
	if (zlib.compress(z->z_out, &len, z->z_in, n, LEVEL) != 0)
		return RUMP_EIO;
	*fullp = z->z_off + len > z->z_limit;
	if (*fullp)
		return 0;
	error = iso_write(is, z->z_out, len, at + z->z_off);
	z->z_off += len;
	return error;
}

static int
put_head(struct zfile *z)
{
	static const uint8_t magic[8] = {
	    0x37, 0xe4, 0x53, 0x96, 0xc9, 0xdb, 0xd6, 0x07};
	struct iso *is = z->z_is;
	le32_t size;

	le32_put(&size, (uint32_t)z->z_size);
	memcpy(z->z_table, magic, sizeof(magic));
	memcpy(z->z_table + 8, &size, sizeof(size));
	z->z_table[12] = HEADER / 4;
	z->z_table[13] = 15;
	return iso_write(is, z->z_table,
	    HEADER + 4 * ((size_t)z->z_nblocks + 1),
	    (uint64_t)is->i_node[z->z_node].n_lba * ISO_BLOCK);
}

static int
put_all(struct zfile *z, bool *fullp)
{
	int error = 0;

	for (uint32_t i = 0; i < z->z_nblocks && error == 0 && !*fullp; i++)
		error = put_block(z, i, fullp);
	if (error != 0 || *fullp)
		return error;
	set_place(z, z->z_nblocks);
	return put_head(z);
}

int
iso_zisofs_put(struct iso *is, uint32_t node, bool *donep, bool *dirtyp)
{
	struct zfile z = {.z_is = is,
	    .z_node = node,
	    .z_size = iso_node_of(is, node).tn_size};
	size_t table;
	bool full = false;
	int error = RUMP_ENOMEM;

	z.z_nblocks = (uint32_t)((z.z_size + ZBLOCK - 1) / ZBLOCK);
	table = HEADER + 4 * ((size_t)z.z_nblocks + 1);
	z.z_off = table;
	z.z_limit = (iso_blocks(z.z_size) - 1) * ISO_BLOCK;
	*donep = *dirtyp = false;
	if (table > z.z_limit)
		return 0;
	z.z_table = calloc(1, table);
	z.z_in = malloc(ZBLOCK);
	z.z_out = malloc(ZROOM);
	if (z.z_table != NULL && z.z_in != NULL && z.z_out != NULL)
		error = put_all(&z, &full);
	*dirtyp = z.z_off > table || full;
	if (error == 0 && !full) {
		*donep = true;
		is->i_node[node].n_stored = z.z_off;
		is->i_node[node].n_flags |= ISO_N_ZF;
	}
	free(z.z_table);
	free(z.z_in);
	free(z.z_out);
	return error;
}
