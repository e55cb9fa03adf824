/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory's index of hashed names (dir_index), in core.
 *
 * Block 0 of the directory is the index's root, its entries behind "." and "..";
 * nodes below it are blocks that look like one free record.  An entry says from
 * which hash on a block below has the names; its lowest bit says that the block
 * goes on with the hash that the one before ends with.
 */
#ifndef EXT2_HTREE_H
#define EXT2_HTREE_H

#include "fs/ext2/ext2.h"

#define EXT2_DX_LEVELS \
	3u /* nodes from the root to a leaf, at most (large_dir) */

/* Entries: the first one's hash is how many there is room for and how many are. */
struct ext2_dxcount_disk {
	le16_t dc_limit;
	le16_t dc_count;
};

/* The way to a leaf: at each level the node, and which of its entries. */
struct ext2_dxpath {
	uint32_t dp_hash;
	unsigned dp_levels; /* nodes; 1: the root alone */
	unsigned dp_version;
	struct {
		uint32_t lbn, at, count, limit;
	} dp_node[EXT2_DX_LEVELS];
	uint32_t dp_leaf;
};

/* Of a root or node: bytes up to the last entry in use, and to the last that there
 * is room for.  false: it is none. */
bool ext2_dx_extent(const struct ext2_mount *m, const uint8_t *blk,
    uint32_t *usedp, uint32_t *tailp);
/* Where a root's or node's entries begin; NULL: it is none. */
struct ext2_dxentry_disk *ext2_dx_entries(
    const struct ext2_mount *m, uint8_t *blk);
void ext2_dx_counts(
    const struct ext2_dxentry_disk *de, uint32_t *limitp, uint32_t *countp);
void ext2_dx_setcount(struct ext2_dxentry_disk *de, uint32_t count);

/* ---- ext2_htree.c: reading ------------------------------------------------ */
/* Is there an index that we know how to use? */
bool ext2_dx_has(struct ext2_node *np);
/* The hash of a name as in this directory's index (version) or the default. */
int ext2_dx_hash(struct ext2_mount *m, unsigned version, const char *name,
    size_t len, uint32_t *hashp);
/* The way to the first leaf that may have the name: EUCLEAN, with a line. */
int ext2_dx_probe(
    struct ext2_node *np, const char *name, size_t len, struct ext2_dxpath *dp);
/* On to the next leaf with the same hash: ENOENT. */
int ext2_dx_next(struct ext2_node *np, struct ext2_dxpath *dp);

/* ---- ext2_htree_enter.c: changing ------------------------------------------- */
/* Put an entry into an indexed directory: ENOSPC, EUCLEAN. */
int ext2_dx_enter(struct vnode *vp, const struct dirpack_ent *de);
/* A directory of one block, which is full, gets an index. */
int ext2_dx_make(struct vnode *vp);

#endif /* EXT2_HTREE_H */
