/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the ext2 formatter. */
#ifndef NEWFS_EXT2_INT_H
#define NEWFS_EXT2_INT_H

#include "fs/ext2/ext2_geom.h"
#include "newfs/newfs.h"
#include "newfs/newfs_why.h"

/* Options as geometry's wishes.  EINVAL. */
int newfs_ext2_want(const struct newfs_opts *o, struct ext2_geom_want *want,
    char why[NEWFS_WHY]);
/* The geometry of what no_size holds. */
int newfs_ext2_geom(
    const struct newfs_opts *o, struct ext2_geom *g, char why[NEWFS_WHY]);
/* How many blocks lost+found gets. */
uint32_t newfs_ext2_lostfound(const struct ext2_geom *g);
void newfs_ext2_result(const struct ext2_geom *g, struct newfs_result *nr);
/* The latest time that an inode of so many bytes can have. */
int64_t newfs_ext2_time_max(uint32_t inode_bytes);
int newfs_ext2_make(const struct newfs_opts *o, struct newfs_io *io,
    struct newfs_result *nr, char why[NEWFS_WHY]);

#endif /* NEWFS_EXT2_INT_H */
