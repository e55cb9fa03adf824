/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatters: make an empty file system, and say how large one must be for a
 * given tree.
 *
 * A formatter writes only through struct newfs_io and never looks at clocks,
 * random numbers or the environment: the same options give the same bytes.
 * It writes every byte that matters and nothing else, so that an image that
 * reads as zeros where nothing was written stays sparse.
 *
 * Errors are rump_abi.h's numbers (Linux's); `why' gets one line of words.
 */
#ifndef NEWFS_H
#define NEWFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the formatter writes; offsets are bytes from the file system's start. */
struct newfs_io {
	int (*ni_write)(
	    struct newfs_io *io, const void *buf, size_t len, uint64_t off);
	/* The range must read as zeros. */
	int (*ni_zero)(struct newfs_io *io, uint64_t off, uint64_t len);
	int (*ni_setsize)(struct newfs_io *io, uint64_t size);
	uint64_t ni_size; /* bytes there are now */
};

/*
 * On an open host file, [base, ..).  fresh: it reads as zeros where nothing was
 * written (a new file); else zeros are written.  fixed: its size stays (a block
 * device).
 */
struct newfs_fileio {
	struct newfs_io nf_io;
	int nf_fd;
	uint64_t nf_base;
	bool nf_fresh, nf_fixed;
};
void newfs_fileio_init(struct newfs_fileio *nf, int fd, uint64_t base,
    uint64_t size, bool fresh, bool fixed);

#define NEWFS_UNSET	UINT64_MAX
#define NEWFS_LABEL_MAX 255
#define NEWFS_WHY	256

/* ... of a FAT; 0: by default. */
struct newfs_msdos {
	uint32_t nm_fat;	      /* 12, 16, 32 */
	uint32_t nm_spc;	      /* sectors in a cluster */
	uint32_t nm_reserved;	      /* sectors */
	uint32_t nm_hidden, nm_volid; /* heeded if _set */
	bool nm_hidden_set, nm_volid_set;
	unsigned nm_floppy;  /* KiB: one of the usual ones */
	const void *nm_boot; /* a boot sector (or more), whose code counts */
	size_t nm_bootlen;
	uint32_t nm_rootbytes; /* what the root directory must have room for */
};

/* ... of ISO 9660. */
#define NEWFS_BOOTS 16u
struct newfs_boot {	     /* an El Torito image */
	uint8_t nb_platform; /* 0 BIOS, 1 PowerPC, 2 Mac, 0xef EFI */
	uint8_t nb_media;    /* 0 no emulation, 1-3 floppies, 4 a hard disk */
	bool nb_floppy, nb_unbootable, nb_infotable;
	uint16_t nb_segment;
	uint32_t nb_sectors; /* of 512 bytes to be loaded; 0: by default */
	int nb_fd;	     /* of the host; -1: a file of the tree */
	uint64_t nb_size;
	const char *nb_name; /* the path */
};
struct newfs_cd9660 {
	uint32_t nc_on, nc_off; /* NC_* that were switched */
	unsigned nc_level;	/* 1, 2, 3; 0: by default */
	const char *nc_text[8]; /* as the formatter numbers them; or NULL */
	struct newfs_boot nc_boot[NEWFS_BOOTS];
	unsigned nc_nboot;
	const void *nc_mbr, *nc_generic; /* boot code; 32 KiB in front */
	size_t nc_mbrlen, nc_genericlen;
	bool nc_hybrid_mbr, nc_hybrid_gpt;
};

/* ... of ext3 and ext4. */
struct newfs_ext4 {
	uint64_t ne_journal; /* bytes; 0: by the size */
	bool ne_nojournal;
	uint32_t ne_flex; /* groups a flexible one; 0: by default */
};

/* What the user may say of a new file system, whatever its type. */
struct newfs_opts {
	const char *no_type;	  /* nt_name of what is to be made */
	uint64_t no_size;	  /* bytes */
	uint64_t no_max;	  /* nt_write: no larger; 0: no bound */
	uint32_t no_block;	  /* bytes; 0: the type's default */
	uint32_t no_inode_bytes;  /* 0: default */
	uint64_t no_ratio;	  /* bytes per inode; 0: default */
	uint64_t no_inodes;	  /* at least so many; 0: by ratio */
	uint32_t no_reserved_ppm; /* of the blocks, parts per million */
	const char *no_features;  /* "a,^b,none", or NULL */
	unsigned no_rev;	  /* NEWFS_REV_DEFAULT or a number */
	const char *no_label;	  /* or NULL */
	uint8_t no_uuid[16], no_hash_seed[16];
	int64_t no_time; /* seconds since 1970 */
	uint32_t no_root_mode, no_root_uid, no_root_gid;
	bool no_exact;	    /* the size stays, however awkward */
	bool no_bigendian;  /* formats of either byte order */
	uint32_t no_sector; /* bytes of the device's sectors; 0: 512 */
	uint64_t no_offset; /* where it begins on its disk; bytes */
	struct newfs_msdos no_msdos;
	struct newfs_cd9660 no_cd9660;
	struct newfs_ext4 no_ext4;
};
#define NEWFS_REV_DEFAULT UINT32_MAX
void newfs_opts_init(struct newfs_opts *o);
/* What options of a type's own have left there. */
void newfs_opts_free(struct newfs_opts *o);

/* What was, or would be, made. */
struct newfs_result {
	uint64_t nr_size; /* bytes that the file system takes */
	uint64_t nr_block;
	uint64_t nr_blocks, nr_free_blocks;
	uint64_t nr_inodes, nr_free_inodes;
	uint64_t nr_groups;
	uint32_t nr_inode_bytes;
	int64_t nr_time_min, nr_time_max; /* seconds that times can be */
};

/* A node of a tree to be held, for sizing. */
struct newfs_range {
	uint64_t nr_off, nr_len; /* bytes */
};
struct newfs_node {
	uint32_t nn_mode; /* with the type */
	uint64_t nn_size; /* bytes of a file, or of a symlink's target */
	const struct newfs_range *nn_data; /* rising; NULL: no holes */
	unsigned nn_ndata;
	bool nn_root; /* the tree's root */
	uint32_t nn_nattr;
	uint32_t nn_attr_bytes; /* as nt_attr_bytes sums them up */
};

/* An option that not all types have: newfs-img's -k, makefs's -o name. */
struct newfs_typeopt {
	char to_key;	     /* 0: none */
	const char *to_name; /* NULL: none, and no key: the list's end */
	bool to_file; /* the value is a file's name, to_set gets its content */
	/* EINVAL. */
	int (*to_set)(struct newfs_opts *o, const char *value, size_t len,
	    char why[NEWFS_WHY]);
	/* Or this, which is told which option it is; value NULL: there is none. */
	int (*to_setarg)(struct newfs_opts *o, unsigned arg, const char *value,
	    char why[NEWFS_WHY]);
	unsigned to_arg;
};

/*
 * A tree, for types that write a whole image by themselves.  Nodes have numbers:
 * 0 is the root, 0 is nobody's child.  Children are in the order of their bytes.
 */
struct newfs_treenode {
	const char *tn_name; /* NUL-terminated */
	uint32_t tn_namelen;
	uint32_t tn_mode, tn_uid, tn_gid, tn_nsec;
	int64_t tn_sec;
	uint64_t tn_size;      /* bytes; of a device: RUMP_MAKEDEV's number */
	const char *tn_target; /* of a symlink */
	uint32_t tn_parent, tn_child, tn_next;
	uint32_t tn_owner; /* whose file it is a name of; itself */
};
struct newfs_tree {
	uint32_t tr_n; /* numbers are below; some are not in the tree */
	void (*tr_node)(
	    struct newfs_tree *tr, uint32_t i, struct newfs_treenode *tn);
	/* A line about a node.  fails: makefs's status will be 1. */
	void (*tr_say)(
	    struct newfs_tree *tr, uint32_t i, const char *what, bool fails);
	/* The file's content goes to off, now or later, with zeros up to a multiple of
	 * no_block.  dirty: there is something else now.  Else there are zeros. */
	int (*tr_content)(
	    struct newfs_tree *tr, uint32_t i, uint64_t off, bool dirty);
	/* Its content now; what can't be read is told, and is zeros. */
	int (*tr_read)(struct newfs_tree *tr, uint32_t i, void *buf, size_t len,
	    uint64_t off);
};

/* What a tree needs; made with one block size in mind. */
struct newfs_need {
	uint64_t nd_blocks, nd_inodes;
	/* the directory in hand */
	uint64_t nd_dir_blocks;
	uint32_t nd_dir_used;
	bool nd_isroot; /* it is the root */
	bool nd_full;	/* ... and can't be as large */
	uint32_t nd_root_bytes;
};

/* What a format has none of. */
#define NEWFS_NO_LINKS	0x1u /* more than one name of a file */
#define NEWFS_NO_HOLES	0x2u
#define NEWFS_NO_OWNERS 0x4u /* nor modes, but that nobody may write a file */
#define NEWFS_NO_ATTRS	0x8u /* extended ones */

struct newfs_type {
	const char *nt_name;
	const char *const *nt_aliases; /* NULL-terminated */
	/*
	 * A type that is written once, whole: only nt_defaults is there beside this,
	 * and neither nt_make nor a driver that writes.  io NULL: only nr_size, the
	 * image's size, no_size at least.  ENOSPC: nr_size is more than no_max.
	 */
	int (*nt_write)(const struct newfs_opts *o, struct newfs_tree *tr,
	    struct newfs_io *io, struct newfs_result *nr, char why[NEWFS_WHY]);
	/* Fill in defaults that depend on the size (0: as yet unknown) and check
	 * what was wished.  EINVAL. */
	int (*nt_defaults)(struct newfs_opts *o, char why[NEWFS_WHY]);
	/* What would nt_make make? ENOSPC, EFBIG, EINVAL. */
	int (*nt_plan)(const struct newfs_opts *o, struct newfs_result *nr,
	    char why[NEWFS_WHY]);
	/*
	 * As nt_plan, for the smallest size with so many blocks and inodes free
	 * after what the formatter itself makes; nr_size is it.
	 */
	int (*nt_fit)(const struct newfs_opts *o, uint64_t blocks,
	    uint64_t inodes, struct newfs_result *nr, char why[NEWFS_WHY]);
	int (*nt_make)(const struct newfs_opts *o, struct newfs_io *io,
	    struct newfs_result *nr, char why[NEWFS_WHY]);

	/* ---- sizing; no_block and no_inode_bytes are set.
	 * A tree is told as, for each directory, its names, then its end; and
	 * each node once.  The root and lost+found are nodes too, but their
	 * inodes are not counted: the formatter makes them. */
	void (*nt_need_node)(const struct newfs_opts *o, struct newfs_need *nd,
	    const struct newfs_node *nn);
	void (*nt_need_name)(const struct newfs_opts *o, struct newfs_need *nd,
	    const char *name, uint32_t namelen);
	void (*nt_need_dirend)(
	    const struct newfs_opts *o, struct newfs_need *nd);
	/* What the tree needs beside blocks and inodes, into o; NULL: nothing. */
	void (*nt_take_need)(struct newfs_opts *o, const struct newfs_need *nd);
	/* The usual block size for so many bytes; NULL: makefs's own rule. */
	uint32_t (*nt_usual_block)(const struct newfs_opts *o, uint64_t size);
	/* What an attribute takes, for nn_attr_bytes. */
	uint32_t (*nt_attr_bytes)(const char *name, uint32_t value_bytes);
	/* Why a node can't be held with this block size; NULL: it can. */
	const char *(*nt_unfit)(
	    const struct newfs_opts *o, const struct newfs_node *nn);
	/* Why a name can't be; NULL: it can.  All NULL: any name, each its own. */
	const char *(*nt_name_unfit)(const char *name, size_t len);
	uint32_t (*nt_name_hash)(const char *name, size_t len);
	bool (*nt_name_equal)(
	    const char *a, size_t alen, const char *b, size_t blen);
	/* Could it be in the way of what others get beside their names?  Then it is
	 * made first. */
	bool (*nt_name_first)(const char *name, size_t len);
	const struct newfs_typeopt *nt_typeopts; /* or NULL */
	unsigned nt_lacks;			 /* NEWFS_NO_* */
	bool nt_exact;	      /* nt_fit is exact: nothing is to be trimmed */
	uint32_t nt_block;    /* the only block size; 0: there are several */
	bool nt_either_order; /* no_bigendian is heeded */
	/* Inodes of no_inodes that are the format's own, beside nt_made_inodes. */
	uint32_t nt_reserved_inodes;
	/* How long a name may be (bytes). */
	uint32_t nt_name_max;
	uint32_t nt_id_max;	 /* largest user and group id */
	uint64_t nt_made_inodes; /* inodes that the formatter uses itself
				    beside the root: lost+found */
};

extern const struct newfs_type newfs_cd9660, newfs_ext2, newfs_ext3, newfs_ext4,
    newfs_msdos, newfs_sysvbfs;

/* By name or alias; NULL. */
const struct newfs_type *newfs_find(const char *name);
const struct newfs_type *newfs_nth(unsigned i); /* NULL after the last */

/* The type's option of that key, or (key 0) of that name; NULL: it has none. */
const struct newfs_typeopt *newfs_typeopt(
    const struct newfs_type *nt, int key, const char *name);
/* Its value (NULL: none was given); a file's content stays in memory.  EINVAL, with
 * why. */
int newfs_typeopt_set(const struct newfs_typeopt *to, struct newfs_opts *o,
    const char *value, char why[NEWFS_WHY]);

/* 16 bytes from "01234567-89ab-..": EINVAL. */
int newfs_parse_uuid(const char *s, uint8_t uuid[16]);
/* Make 16 bytes a version-4 (random) UUID. */
void newfs_mark_uuid(uint8_t uuid[16]);

#endif /* NEWFS_H */
