/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extent trees, between ext2_extent.c (walking) and ext2_extent_write.c
 * (changing).  The rest of the driver takes the functions of ext2.h.
 */
#ifndef EXT2_EXTENT_H
#define EXT2_EXTENT_H

#include "fs/ext2/ext2.h"

#define EXT2_EXT_LBNEND	 (UINT64_C(1) << 32) /* file blocks are below */
#define EXT2_EXT_ROOTMAX 4u		     /* entries of the root */

/* A run of a file, decoded.  x_cnt 0: none. */
struct ext2_ext {
	uint64_t x_lbn, x_blk;
	uint32_t x_cnt;
	bool x_unwritten;
};
static inline uint64_t
ext2_ext_end(const struct ext2_ext *x)
{
	return x->x_lbn + x->x_cnt;
}
/* The longest extent of a kind. */
static inline uint32_t
ext2_ext_limit(bool unwritten)
{
	return unwritten ? EXT4_EXT_INITMAX - 1 : EXT4_EXT_INITMAX;
}

/* A node on the way to a leaf. */
struct ext2_elevel {
	uint64_t el_blk;       /* 0: the root, in the inode */
	uint64_t el_lo, el_hi; /* file blocks that its parent gives it */
	uint32_t el_n, el_max; /* entries, room for them */
	uint32_t el_idx;       /* the entry taken; of a leaf: pa_found */
};

/* The way to a file block: pa_level[0] is the root, pa_level[pa_depth] the leaf. */
struct ext2_epath {
	unsigned pa_depth;
	struct ext2_elevel pa_level[EXT4_EXT_MAXDEPTH + 1];
	bool pa_found; /* the leaf has an extent that starts at lbn or before */
	struct ext2_ext pa_cur; /* ... the last such */
	uint64_t pa_next; /* where the next extent starts, or the leaf's end */
};

/* A node of the tree, checked.  level: its place in the path, whose el_blk, el_lo
 * and el_hi are set.  *bpp is NULL for the root.  EUCLEAN, said. */
int ext2_enode_get(struct ext2_node *np, const struct ext2_epath *pa,
    unsigned level, struct buf **bpp, struct ext4_extent_head_disk **hp);
/* It was changed: sum it and let it go.  bp NULL: the root, which the caller stores
 * with the inode. */
void ext2_enode_write(
    struct ext2_node *np, struct buf *bp, struct ext4_extent_head_disk *h);
/* Find the way to lbn.  EUCLEAN, said. */
int ext2_epath_find(struct ext2_node *np, uint64_t lbn, struct ext2_epath *pa);

static inline struct ext4_extent_disk *
ext2_eleaf_entry(struct ext4_extent_head_disk *h, uint32_t i)
{
	return (struct ext4_extent_disk *)(void *)(h + 1) + i;
}
static inline struct ext4_extent_index_disk *
ext2_eindex_entry(struct ext4_extent_head_disk *h, uint32_t i)
{
	return (struct ext4_extent_index_disk *)(void *)(h + 1) + i;
}
/* Keys of leaves and indices stand at the same place. */
static inline uint64_t
ext2_enode_key(const struct ext4_extent_head_disk *h, uint32_t i)
{
	const struct ext4_extent_index_disk *ei = (const void *)(h + 1);

	return le32_get(ei[i].ei_block);
}
static inline uint64_t
ext2_eindex_child(const struct ext4_extent_head_disk *h, uint32_t i)
{
	const struct ext4_extent_index_disk *ei = (const void *)(h + 1);

	return le32_get(ei[i].ei_leaf_lo) |
	    (uint64_t)le16_get(ei[i].ei_leaf_hi) << 32;
}
struct ext2_ext ext2_ext_decode(const struct ext4_extent_disk *ee);
/* Entries that a block has room for. */
static inline uint32_t
ext2_enode_room(const struct ext2_mount *m)
{
	return (m->m_bsize - (uint32_t)sizeof(struct ext4_extent_head_disk)) /
	    (uint32_t)sizeof(struct ext4_extent_disk);
}

/* ---- ext2_extent_node.c; pa as ext2_epath_find() left it ----------------------- */
/* Entries first..first + nold - 1 of the leaf become x[0..nnew - 1]; there is room,
 * and something is left but in the root. */
int ext2_eleaf_replace(struct ext2_node *np, struct ext2_epath *pa,
    uint32_t first, uint32_t nold, const struct ext2_ext *x, uint32_t nnew);
/* Make room on the way to the leaf: to be called until there is, with a new path each
 * time.  ENOSPC, EFBIG (too deep): the tree is as it was. */
int ext2_epath_room(struct ext2_node *np, const struct ext2_epath *pa);
/* The leaf, not the root, goes, with the indices that lead to nothing else. */
int ext2_eleaf_drop(struct ext2_node *np, struct ext2_epath *pa);
/* What fits the root comes up into it. */
int ext2_ext_shrink(struct ext2_node *np);

#endif /* EXT2_EXTENT_H */
