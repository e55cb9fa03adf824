/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hashes of names by which a directory's index is ordered: functions of bytes,
 * shared by the driver and the tests.
 */
#ifndef EXT2_HASH_H
#define EXT2_HASH_H

#include "fs/ext2/ext2_ondisk.h"
#include "kern/kdefs.h"

/* On disk a flag of the superblock, not the version, says which characters are
 * meant: add this for unsigned ones. */
#define EXT2_HASH_UNSIGNED EXT2_HASH_LEGACY_U

/* The hash, its lowest bit clear.  version: EXT2_HASH_*.  seed: s_hash_seed, all zero for none.
 * EOPNOTSUPP: of no known kind. */
int ext2_hash_name(unsigned version, const uint32_t seed[4], const char *name,
    size_t len, uint32_t *hashp);

#endif /* EXT2_HASH_H */
