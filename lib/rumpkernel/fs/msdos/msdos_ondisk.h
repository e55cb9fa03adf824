/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FAT12, FAT16 and FAT32, byte for byte, after Microsoft's "FAT: General Overview
 * of On-Disk Format" (1.03) and ECMA-107:
 *
 *	sector 0	boot sector: BIOS parameter block (BPB)
 *	...		reserved sectors (FAT32: FSInfo, a copy of both at 6)
 *	then		FATs, one after the other
 *	then		the root directory (FAT12, FAT16)
 *	then		clusters, the first has number 2
 *
 * All integers are little-endian.
 */
#ifndef MSDOS_ONDISK_H
#define MSDOS_ONDISK_H

#include "kern/ondisk_int.h"

#define MSDOS_MIN_SECTOR    512u
#define MSDOS_MAX_SECTOR    4096u
#define MSDOS_MAX_CLUSTER   65536u /* bytes */
#define MSDOS_FIRST_CLUSTER 2u

/* Which FAT it is, by the number of clusters alone. */
#define MSDOS_FAT12_MAX 4084u /* clusters */
#define MSDOS_FAT16_MAX 65524u
#define MSDOS_FAT32_MAX 0x0ffffff4u
/* ... and how many a new one has at least. */
#define MSDOS_FAT16_MIN 4087u
#define MSDOS_FAT32_MIN 65529u

struct msdos_bpb_disk {
	uint8_t bp_jump[3];
	uint8_t bp_oem[8];
	le16_t bp_sector;   /* bytes */
	uint8_t bp_spc;	    /* sectors in a cluster */
	le16_t bp_reserved; /* sectors in front of the FATs */
	uint8_t bp_nfats;
	le16_t bp_rootents;  /* FAT12, FAT16: entries of the root directory */
	le16_t bp_sectors16; /* 0: bp_sectors32 */
	uint8_t bp_media;
	le16_t bp_fatsectors16; /* 0: FAT32 */
	le16_t bp_track, bp_heads;
	le32_t bp_hidden;
	le32_t bp_sectors32;
};
ONDISK_ASSERT_SIZE(struct msdos_bpb_disk, 36);
ONDISK_ASSERT_OFFSET(struct msdos_bpb_disk, bp_media, 21);

/* What FAT12 and FAT16 have at 36, FAT32 at 64. */
struct msdos_ext_disk {
	uint8_t ex_drive;
	uint8_t ex_dirty; /* MSDOS_EX_* of Windows NT */
	uint8_t
	    ex_signature; /* 0x29: the three below are there; 0x28: the id */
	le32_t ex_volid;
	uint8_t ex_label[11];
	uint8_t ex_type[8]; /* "FAT16   ": not to be relied on */
};
ONDISK_ASSERT_SIZE(struct msdos_ext_disk, 26);
#define MSDOS_EX_DIRTY	   0x01
#define MSDOS_EX_ERROR	   0x02
#define MSDOS_EX_SIGNATURE 0x29

struct msdos_bpb32_disk {
	struct msdos_bpb_disk b3_common;
	le32_t b3_fatsectors;
	le16_t
	    b3_flags; /* which FAT is active, and whether the others follow */
	le16_t b3_version;	     /* 0 */
	le32_t b3_root;		     /* first cluster */
	le16_t b3_fsinfo, b3_backup; /* sectors; 0, 0xffff: none */
	uint8_t b3_zero[12];
	struct msdos_ext_disk b3_ext;
};
ONDISK_ASSERT_SIZE(struct msdos_bpb32_disk, 90);
ONDISK_ASSERT_OFFSET(struct msdos_bpb32_disk, b3_root, 44);
#define MSDOS_B3_ACTIVE	    0x000f
#define MSDOS_B3_NOMIRROR   0x0080

#define MSDOS_BOOTMAGIC_OFF 510u /* 0x55 0xaa, whatever the sector size */

struct msdos_fsinfo_disk {
	le32_t fi_magic1; /* MSDOS_FSINFO1 */
	uint8_t fi_zero[480];
	le32_t fi_magic2;
	le32_t fi_free; /* clusters; all ones: unknown */
	le32_t fi_next; /* where to look for free ones */
	uint8_t fi_zero2[12];
	le32_t fi_magic3;
};
ONDISK_ASSERT_SIZE(struct msdos_fsinfo_disk, 512);
#define MSDOS_FSINFO1 0x41615252u
#define MSDOS_FSINFO2 0x61417272u
#define MSDOS_FSINFO3 0xaa550000u

/* The FAT's second entry tells of how the volume was left (set: good). */
#define MSDOS_FAT16_CLEAN 0x8000u
#define MSDOS_FAT16_NOERR 0x4000u
#define MSDOS_FAT32_CLEAN 0x08000000u
#define MSDOS_FAT32_NOERR 0x04000000u

/* ---- directories: entries of 32 bytes ------------------------------------- */

#define MSDOS_DIRENT 32u
struct msdos_dirent_disk {
	uint8_t de_name[11]; /* blanks behind; in the volume's codepage */
	uint8_t de_attr;
	uint8_t de_lcase;      /* MSDOS_LC_*, as Windows NT has it */
	uint8_t de_ctime_10ms; /* 0 to 199 */
	le16_t de_ctime, de_cdate;
	le16_t de_adate;
	le16_t de_cluster_hi; /* FAT32; else other systems' */
	le16_t de_mtime, de_mdate;
	le16_t de_cluster_lo;
	le32_t de_size; /* 0 for directories */
};
ONDISK_ASSERT_SIZE(struct msdos_dirent_disk, MSDOS_DIRENT);

#define MSDOS_DE_END	  0x00 /* first byte: this and all behind are free */
#define MSDOS_DE_DELETED  0xe5
#define MSDOS_DE_KANJI	  0x05 /* stands for 0xe5 */

#define MSDOS_ATTR_RO	  0x01
#define MSDOS_ATTR_HIDDEN 0x02
#define MSDOS_ATTR_SYSTEM 0x04
#define MSDOS_ATTR_LABEL  0x08
#define MSDOS_ATTR_DIR	  0x10
#define MSDOS_ATTR_ARCH	  0x20
#define MSDOS_ATTR_LONG \
	0x0f /* RO HIDDEN SYSTEM LABEL: a piece of a long name */
#define MSDOS_ATTR_MASK 0x3f

#define MSDOS_LC_BASE	0x08
#define MSDOS_LC_EXT	0x10

/* A piece of a long name.  The last piece comes first, with MSDOS_LN_LAST. */
struct msdos_longname_disk {
	uint8_t ln_seq;
	le16_t ln_name1[5];
	uint8_t ln_attr; /* MSDOS_ATTR_LONG */
	uint8_t ln_type; /* 0 */
	uint8_t ln_sum;	 /* of the short name */
	le16_t ln_name2[6];
	le16_t ln_zero;
	le16_t ln_name3[2];
};
ONDISK_ASSERT_SIZE(struct msdos_longname_disk, MSDOS_DIRENT);
#define MSDOS_LN_LAST	0x40
#define MSDOS_LN_SEQ	0x1f
#define MSDOS_LN_CHARS	13u /* UTF-16 units in a piece */
#define MSDOS_LN_PIECES 20u
#define MSDOS_LN_MAX	255u /* UTF-16 units of a name */

#define MSDOS_FILE_MAX	UINT32_MAX		/* bytes */
#define MSDOS_DIR_MAX	(65536u * MSDOS_DIRENT) /* bytes of a directory */

#endif /* MSDOS_ONDISK_H */
