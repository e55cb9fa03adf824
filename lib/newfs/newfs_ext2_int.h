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
void newfs_ext2_result(const struct newfs_opts *o, const struct ext2_geom *g,
    struct newfs_result *nr);
/* The latest time that an inode of so many bytes can have. */
int64_t newfs_ext2_time_max(uint32_t inode_bytes);
int newfs_ext2_make(const struct newfs_opts *o, struct newfs_io *io,
    struct newfs_result *nr, char why[NEWFS_WHY]);

/* ---- newfs_ext2_feature.c ------------------------------------------------------ */
/* What a type (ext2, ext3, ext4) has unless it is said otherwise. */
void newfs_ext2_type_features(const char *type, struct ext2_geom_want *want);
/* "a,^b,none" on top of it.  EINVAL. */
int newfs_ext2_features(
    struct ext2_geom_want *want, const char *list, char why[NEWFS_WHY]);
int newfs_ext2_check_features(
    struct ext2_geom_want *want, const char *type, char why[NEWFS_WHY]);

/* ---- newfs_ext2_journal.c ------------------------------------------------------- */
struct newfs_ext2_journal {
	uint64_t jn_blocks; /* 0: none */
	uint64_t jn_map;    /* blocks of addresses or extents, in front of it */
};
/* How large a journal it gets: what was wished, or as mke2fs chooses.  EINVAL. */
int newfs_ext2_journal_plan(const struct newfs_opts *o,
    const struct ext2_geom *g, struct newfs_ext2_journal *jn,
    char why[NEWFS_WHY]);
extern const struct newfs_typeopt newfs_ext4_typeopts[];

#endif /* NEWFS_EXT2_INT_H */
