/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A node's extended attributes as a set: what ext2_xattr.c (reading) and
 * ext2_xattr_write.c share.
 */
#ifndef EXT2_XATTR_H
#define EXT2_XATTR_H

#include "fs/ext2/ext2.h"

#define XATTR_MAX  4096u /* no more entries fit into a block */
#define BLOCK_HEAD sizeof(struct ext2_xattr_head_disk)
#define BODY_HEAD  sizeof(struct ext2_xattr_ihead_disk)
#define TERMINATOR 4u

struct xattr {
	uint8_t x_index, x_namlen;
	bool x_inbody; /* while it is being written */
	const char *x_name;
	const uint8_t *x_value;
	uint32_t x_len;
	uint32_t x_inum; /* not 0: the inode that holds the value */
};
struct xset {
	struct xattr *xs_v;
	uint32_t xs_n, xs_room;
	uint8_t *xs_body, *xs_block; /* copies that entries point into */
	uint32_t xs_bodylen;
};

struct xattr_prefix {
	const char *name;
	uint8_t index;
	bool whole; /* nothing follows */
	bool settable;
};

static inline bool
xattr_isacl(uint8_t index)
{
	return index == EXT2_XI_POSIX_ACL_ACCESS ||
	    index == EXT2_XI_POSIX_ACL_DEFAULT;
}
/* "user.x" -> its prefix and "x".  EOPNOTSUPP, EINVAL, ERANGE. */
int xattr_name_split(
    const char *name, const struct xattr_prefix **pp, const char **restp);
/* Damage: a line, EUCLEAN. */
int xattr_bad(struct ext2_node *np, const char *why);
/* All attributes; to be freed after success. */
int xset_read(struct ext2_node *np, struct xset *xs);
void xset_free(struct ext2_node *np, struct xset *xs);
int xset_add(struct xset *xs, const struct xattr *x);
struct xattr *xset_find(const struct xset *xs, uint8_t index, const char *name);
/* The node's block of attributes, checked: busy. */
int xattr_block_read(struct ext2_node *np, struct buf **bpp);
/* Bytes for attributes in the inode's body, with their header; 0: none. */
uint32_t xattr_body_room(const struct ext2_node *np);

#endif /* EXT2_XATTR_H */
