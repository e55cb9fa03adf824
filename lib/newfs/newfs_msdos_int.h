/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of FAT's formatter. */
#ifndef NEWFS_MSDOS_INT_H
#define NEWFS_MSDOS_INT_H

#include "fs/msdos/msdos_geom.h"
#include "newfs/newfs.h"

/* Floppies, as everybody has them. */
struct msdos_floppy {
	uint16_t mf_kib, mf_sector;
	uint8_t mf_spc, mf_media, mf_track, mf_heads;
	uint16_t mf_rootents;
};
const struct msdos_floppy *msdos_floppy_find(unsigned kib); /* NULL: none */

/* newfs_msdos_size.c: what the tree needs, and options. */
extern const struct newfs_typeopt msdos_typeopts[];
void msdos_need_node(const struct newfs_opts *o, struct newfs_need *nd,
    const struct newfs_node *nn);
void msdos_need_name(const struct newfs_opts *o, struct newfs_need *nd,
    const char *name, uint32_t namelen);
void msdos_need_dirend(const struct newfs_opts *o, struct newfs_need *nd);
void msdos_take_need(struct newfs_opts *o, const struct newfs_need *nd);
uint32_t msdos_attr_bytes(const char *name, uint32_t value_bytes);
const char *msdos_unfit(
    const struct newfs_opts *o, const struct newfs_node *nn);
const char *msdos_name_unfit(const char *name, size_t len);
uint32_t msdos_name_hash(const char *name, size_t len);
bool msdos_name_same(const char *a, size_t alen, const char *b, size_t blen);
bool msdos_name_first(const char *name, size_t len);

/* newfs_msdos_make.c */
int msdos_write(const struct newfs_opts *o, const struct msdos_geom *mg,
    struct newfs_io *io);
/* The label's eleven bytes.  false: it can't be one. */
bool msdos_label(const char *label, uint8_t out[11]);

#endif /* NEWFS_MSDOS_INT_H */
