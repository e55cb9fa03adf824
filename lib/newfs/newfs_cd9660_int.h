/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the formatter of ISO 9660.
 *
 *	newfs_cd9660.c		the type; what can't be held; the order of things
 *	newfs_cd9660_opts.c	the options
 *	newfs_cd9660_name.c	plain and Joliet names
 *	newfs_cd9660_tree.c	the two trees of directories; path tables
 *	newfs_cd9660_susp.c	Rock Ridge
 *	newfs_cd9660_record.c	directory records
 *	newfs_cd9660_vd.c	volume descriptors
 *	newfs_cd9660_boot.c	El Torito, MBR, GPT
 *	newfs_cd9660_zisofs.c	compressed files
 *
 * An image is, in this order: 32 KiB for boot code and partition tables; volume
 * descriptors; the boot catalog; path tables; the plain tree's directories, each with
 * its continuation areas behind it; Joliet's; boot images; the files' content, in
 * the order of their paths; boot images of EFI, which partitions lead to; padding.
 *
 * How many bytes a directory takes doesn't depend on where anything is.  So all is
 * laid out by making the directories once without keeping them, and once more when
 * all places are known.
 */
#ifndef NEWFS_CD9660_INT_H
#define NEWFS_CD9660_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/cd9660/cd9660_ondisk.h"
#include "newfs/newfs.h"
#include "newfs/newfs_why.h"

#define ISO_BLOCK CD9660_SECTOR

/* ---- options ------------------------------------------------------------------ */

#define NC_ROCKRIDGE	 0x001u
#define NC_JOLIET	 0x002u
#define NC_ZISOFS	 0x004u
#define NC_DEEP		 0x008u /* allow-deep-trees */
#define NC_LOWERCASE	 0x010u
#define NC_ILLEGAL	 0x020u
#define NC_MULTIDOT	 0x040u
#define NC_MAXNAME	 0x080u
#define NC_NOPERIOD	 0x100u /* omit-trailing-period */
#define NC_NOPADDING	 0x200u
#define NC_PLATFORM_BIOS 0u
#define NC_PLATFORM_EFI	 0xefu

enum iso_text {
	ISO_SYSTEM,
	ISO_SET,
	ISO_PUBLISHER,
	ISO_PREPARER,
	ISO_APPLICATION,
	ISO_COPYRIGHT,
	ISO_ABSTRACT,
	ISO_BIBLIO,
};

extern const struct newfs_typeopt iso_typeopts[];
/* How many bytes of ISO_*'s text there may be. */
size_t iso_text_max(enum iso_text which);

/* ---- in core -------------------------------------------------------------------- */

/* A node of the tree; node tr_n is the directory that deep ones are moved to. */
struct iso_node {
	uint64_t n_stored; /* bytes of content in the image */
	uint32_t n_lba; /* where they are; of a directory: of the plain tree */
	uint32_t n_serial, n_nlink;
	uint32_t n_home; /* the plain tree's parent */
	uint8_t n_depth; /* in the plain tree; the root has 1 */
	uint8_t n_flags;
};
#define ISO_N_MOVED 0x01u /* away from its parent */
#define ISO_N_MAYZF 0x02u /* has room for a ZF entry */
#define ISO_N_ZF    0x04u /* ... and one */
#define ISO_N_TABLE 0x08u /* a boot image that gets its information table */
#define ISO_N_BOOT  0x10u

struct iso_entry {
	uint32_t e_node;
	uint32_t e_name; /* in t_names */
	uint8_t e_len;	 /* bytes, without the version */
	uint8_t e_flags;
};
#define ISO_E_DIR   0x01u
#define ISO_E_CHILD 0x02u /* stands for a directory that was moved */
#define ISO_E_RE    0x04u /* hidden, since moved here */

struct iso_dir {
	uint32_t d_node;
	uint32_t d_up;		   /* its parent's index */
	uint32_t d_name;	   /* its entry's index; the root: none */
	uint32_t d_first, d_count; /* in t_entry */
	uint32_t d_subdir;	   /* its first subdirectory's index */
	uint32_t d_lba;
	uint32_t d_size; /* bytes of records: whole blocks */
	uint32_t d_ce;	 /* blocks of continuation areas behind */
};

/* A tree of directories, in the order of path tables: by depth, parent, name. */
struct iso_tree {
	bool t_joliet;
	struct iso_dir *t_dir;
	uint32_t t_ndir, t_dirroom;
	struct iso_entry *t_entry;
	uint32_t t_nentry, t_entryroom;
	uint8_t *t_names;
	uint32_t t_nnames, t_namesroom;
	uint32_t t_pathbytes, t_path_l, t_path_m; /* bytes; blocks */
};

struct iso_out;

struct iso {
	const struct newfs_opts *i_o;
	const struct newfs_cd9660 *i_c;
	uint32_t i_set; /* NC_* */
	unsigned i_level;
	struct newfs_tree *i_tree;
	struct newfs_io *i_io; /* NULL: nothing is written */
	char *i_why;
	struct iso_node *i_node;
	uint32_t i_moved;  /* the node of that directory: tr_n */
	uint32_t *i_moves; /* nodes that are there, in order */
	uint32_t i_nmoves;
	struct iso_tree i_plain, i_joliet;
	uint32_t i_catalog; /* block */
	uint32_t i_bootlba[NEWFS_BOOTS];
	uint64_t i_bootlen[NEWFS_BOOTS];
	uint32_t i_bootnode[NEWFS_BOOTS]; /* UINT32_MAX: of the host */
	uint64_t i_next;		  /* block that is free */
	uint64_t i_volume;		  /* blocks of the volume */
	uint64_t i_size;		  /* bytes of the image */
	uint32_t i_clamped;		  /* times that weren't possible */
	uint32_t i_zf_done;
	/* what is written one after the other, in large pieces */
	uint8_t *i_buf;
	size_t i_used;
	uint64_t i_bufoff;
};

static inline bool
iso_has(const struct iso *is, uint32_t what)
{
	return (is->i_set & what) != 0;
}
static inline struct newfs_treenode
iso_node_of(const struct iso *is, uint32_t i)
{
	struct newfs_treenode tn;

	is->i_tree->tr_node(is->i_tree, i, &tn);
	return tn;
}
static inline uint64_t
iso_blocks(uint64_t bytes)
{
	return bytes / ISO_BLOCK + (bytes % ISO_BLOCK != 0);
}
/* The node after at, a directory before what is in it; 0 after the last. */
uint32_t iso_walk(const struct iso *is, uint32_t at);

static inline void
both16_put(both16_t *x, uint16_t v)
{
	le16_put(&x->le, v);
	be16_put(&x->be, v);
}
static inline void
both32_put(both32_t *x, uint32_t v)
{
	le32_put(&x->le, v);
	be32_put(&x->be, v);
}
/* 7 and 17 bytes, of UTC. */
void iso_date7(uint8_t d[7], int64_t sec);
void iso_date17(uint8_t d[17], int64_t sec);

/* Bytes to the image.  An errno. */
int iso_write(struct iso *is, const void *p, size_t len, uint64_t off);
int iso_flush(struct iso *is);

/* ---- newfs_cd9660_name.c ---------------------------------------------------------- */

/* Names that are taken in a directory, and counters. */
struct iso_names {
	struct iso_slot {
		uint32_t s_ref, s_count;
		uint8_t s_len; /* 0: free */
	} * nm_slot;
	uint32_t nm_size, nm_n;
	uint8_t *nm_bytes;
	size_t nm_used, nm_room;
};
#define ISO_NAME_MAX 128u /* bytes, without the version */
void iso_names_free(struct iso_names *nm);
/* Give entries e[0..n) of a new directory names of their own.  ENOMEM. */
int iso_names_give(struct iso *is, struct iso_tree *t, struct iso_names *nm,
    struct iso_entry *e, uint32_t n);
/* UTF-8 to big-endian UTF-16; bytes in out, max at most, no half of a character. */
size_t iso_utf16(const char *s, size_t len, uint8_t *out, size_t max);

/* ---- newfs_cd9660_tree.c ------------------------------------------------------------ */

int iso_tree_make(struct iso *is, struct iso_tree *t);
void iso_tree_free(struct iso_tree *t);
/* Sizes of directories and path tables. */
int iso_tree_measure(struct iso *is, struct iso_tree *t);
/* Blocks for them, from i_next on; the path tables come first. */
void iso_tree_place_paths(struct iso *is, struct iso_tree *t);
void iso_tree_place_dirs(struct iso *is, struct iso_tree *t);
int iso_tree_write(struct iso *is, struct iso_tree *t);

/* ---- newfs_cd9660_record.c ------------------------------------------------------------ */

/* A directory being made: k_buf NULL, only measured. */
struct iso_sink {
	uint8_t *k_buf;
	uint64_t k_len, k_ce; /* bytes of records; of continuation areas */
	uint32_t k_lba, k_size;
};
void iso_dir_records(struct iso *is, const struct iso_tree *t,
    const struct iso_dir *d, struct iso_sink *k);
/* The root's own record, as descriptors have it: 34 bytes. */
void iso_root_record(
    const struct iso *is, const struct iso_tree *t, uint8_t rec[34]);

/* ---- newfs_cd9660_susp.c --------------------------------------------------------------- */

#define ISO_SUSP_MAX 16384u
struct iso_susp {
	uint32_t s_len;
	uint8_t s_buf[ISO_SUSP_MAX];
};
/* Which record it is: these, and ISO_E_*. */
#define ISO_R_DOT    0x10u
#define ISO_R_DOTDOT 0x20u
#define ISO_R_PL     0x40u /* of a directory that was moved */
void iso_susp_make(
    struct iso *is, uint32_t node, unsigned what, struct iso_susp *s);
/* Put them behind rec[0..len), the rest elsewhere; the record's new length. */
uint32_t iso_susp_put(
    struct iso_sink *k, const struct iso_susp *s, uint8_t *rec, uint32_t len);

/* ---- newfs_cd9660_vd.c ------------------------------------------------------------------ */

int iso_vd_write(struct iso *is);
/* How many descriptors there are. */
unsigned iso_vd_count(const struct iso *is);

/* ---- newfs_cd9660_boot.c ------------------------------------------------------------------ */

/* Find files of the tree, check what can't be.  EINVAL. */
int iso_boot_find(struct iso *is);
/* Blocks for images of the host: EFI's, or the others. */
void iso_boot_place(struct iso *is, bool efi);
/* Room for the partition tables: the image's final size. */
void iso_boot_size(struct iso *is);
int iso_boot_write(struct iso *is);

/* ---- newfs_cd9660_zisofs.c ------------------------------------------------------------------ */

/* Is there a library that can deflate?  To be asked before the sandbox is there. */
bool iso_zisofs_load(void);
/* Write the file's content compressed at its block; n_stored and ISO_N_ZF, or, where
 * nothing is won, none of it.  An errno. */
int iso_zisofs_put(struct iso *is, uint32_t node, bool *donep, bool *dirtyp);

#endif /* NEWFS_CD9660_INT_H */
