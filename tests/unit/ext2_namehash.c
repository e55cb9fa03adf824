/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes of names, against what e2fsprogs' debugfs (dx_hash) says of the same. */
#include "fs/ext2/ext2_hash.h"
#include "tap.h"

#include <string.h>

static const uint32_t seed[4] = {
    0x04030201, 0x08070605, 0x0c0b0a09, 0x100f0e0d};
static const uint32_t none[4];
static const char longname[] = "hello-world-name-that-is-longer-than-32-bytes";
static const char high[] = "\xe9\xff\xfb"
			   "ab";

static void
hash_is(unsigned version, const uint32_t *sd, const char *name, uint32_t should)
{
	uint32_t hash = 0;
	int error = ext2_hash_name(version, sd, name, strlen(name), &hash);

	ok(error == 0 && hash == should, "version %u: 0x%08x, is 0x%08x",
	    version, should, hash);
}

int
main(void)
{
	uint32_t hash;

	hash_is(0, seed, longname, 0xf8de069a);
	hash_is(0, none, longname, 0xf8de069a);
	hash_is(0, seed, high, 0xa9dae520);
	hash_is(0, none, high, 0xa9dae520);
	hash_is(0, seed, "a", 0xe74b53e2);
	hash_is(0, none, "a", 0xe74b53e2);
	hash_is(0, seed, "lost+found", 0x5e2aba24);
	hash_is(0, none, "lost+found", 0x5e2aba24);
	hash_is(1, seed, longname, 0xcbd54f22);
	hash_is(1, none, longname, 0x49f5104c);
	hash_is(1, seed, high, 0x52a6e1b4);
	hash_is(1, none, high, 0x8d8dd52);
	hash_is(1, seed, "a", 0x8d08ec4c);
	hash_is(1, none, "a", 0xd5fa7d7a);
	hash_is(1, seed, "lost+found", 0x694c8bb4);
	hash_is(1, none, "lost+found", 0x591de422);
	hash_is(2, seed, longname, 0xf0ffe1dc);
	hash_is(2, none, longname, 0xc9a354a);
	hash_is(2, seed, high, 0xa2231f24);
	hash_is(2, none, high, 0x9f6755b8);
	hash_is(2, seed, "a", 0xf53528f0);
	hash_is(2, none, "a", 0x6d0ea4c0);
	hash_is(2, seed, "lost+found", 0x3e95424c);
	hash_is(2, none, "lost+found", 0x2dbf9e80);
	/* Characters above 127 only tell signed from unsigned ones. */
	hash_is(4, seed, "a", 0x8d08ec4c);
	(void)ext2_hash_name(EXT2_HASH_HALFMD4_U, none, high, 5, &hash);
	ok(hash != 0x08d8dd52, "unsigned characters");
	ok(ext2_hash_name(EXT2_HASH_SIPHASH, none, "a", 1, &hash) == EOPNOTSUPP,
	    "a hash that isn't known");
	return done();
}
