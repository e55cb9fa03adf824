/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ISO 9660 as it is on the device (ECMA-119), with Joliet, El Torito, SUSP and Rock
 * Ridge (IEEE P1281, P1282) and zisofs.
 *
 * Most numbers are there twice, little-endian first.  The little-endian half counts,
 * as for everybody else who reads such images.  What isn't needed has no member.
 */
#ifndef CD9660_ONDISK_H
#define CD9660_ONDISK_H

#include "kern/ondisk_int.h"

typedef struct {
	le16_t le;
	be16_t be;
} both16_t;
typedef struct {
	le32_t le;
	be32_t be;
} both32_t;

static inline uint32_t
both32_get(both32_t x)
{
	return le32_get(x.le);
}
static inline uint16_t
both16_get(both16_t x)
{
	return le16_get(x.le);
}

#define CD9660_SECTOR	2048u
#define CD9660_VD_FIRST 16u  /* sector of the first volume descriptor */
#define CD9660_VD_MAX	128u /* so many are looked at */
#define CD9660_MAGIC	"CD001"

/* ---- volume descriptors ----------------------------------------------------- */

#define CD9660_VD_BOOT	  0u
#define CD9660_VD_PRIMARY 1u
#define CD9660_VD_SUPPL	  2u
#define CD9660_VD_END	  255u

/* Directory record; the name, a pad byte if that makes it even, and the system use
 * area follow. */
struct cd9660_dirent_disk {
	uint8_t d_len;
	uint8_t d_xattrlen; /* blocks in front of the data */
	both32_t d_extent;
	both32_t d_size;
	uint8_t d_date[7];
	uint8_t d_flags;
	uint8_t d_unit, d_gap; /* interleaving */
	both16_t d_volume;
	uint8_t d_namelen;
};
#define CD9660_DIRENT 33u
ONDISK_ASSERT_SIZE(struct cd9660_dirent_disk, CD9660_DIRENT);
ONDISK_ASSERT_OFFSET(struct cd9660_dirent_disk, d_flags, 25);
#define CD9660_D_HIDDEN	    0x01u
#define CD9660_D_DIR	    0x02u
#define CD9660_D_ASSOCIATED 0x04u
#define CD9660_D_MORE	    0x80u /* the next record goes on */

struct cd9660_vd_disk {
	uint8_t v_type;
	char v_id[5];
	uint8_t v_version;
	uint8_t v_flags;
	uint8_t v_system[32];
	uint8_t v_label[32];
	uint8_t v_unused1[8];
	both32_t v_blocks;
	uint8_t v_escapes[32];
	both16_t v_set, v_sequence;
	both16_t v_blksize;
	uint8_t v_paths[24];
	uint8_t v_root[34];
	uint8_t v_names[623];
	uint8_t v_created[17], v_modified[17];
	uint8_t v_rest[1201];
};
ONDISK_ASSERT_SIZE(struct cd9660_vd_disk, CD9660_SECTOR);
ONDISK_ASSERT_OFFSET(struct cd9660_vd_disk, v_blocks, 80);
ONDISK_ASSERT_OFFSET(struct cd9660_vd_disk, v_blksize, 128);
ONDISK_ASSERT_OFFSET(struct cd9660_vd_disk, v_root, 156);
ONDISK_ASSERT_OFFSET(struct cd9660_vd_disk, v_created, 813);

/* ---- system use: SUSP and Rock Ridge -------------------------------------------- */

struct cd9660_susp_disk {
	uint8_t s_sig[2];
	uint8_t s_len;
	uint8_t s_version;
};
#define CD9660_SUSP   4u
#define CD9660_XA_LEN 14u /* what CD-ROM XA has in front of it */
ONDISK_ASSERT_SIZE(struct cd9660_susp_disk, CD9660_SUSP);

struct cd9660_ce_disk {
	struct cd9660_susp_disk ce_head;
	both32_t ce_block, ce_offset, ce_size;
};
ONDISK_ASSERT_SIZE(struct cd9660_ce_disk, 28);
struct cd9660_sp_disk {
	struct cd9660_susp_disk sp_head;
	uint8_t sp_check[2]; /* be ef */
	uint8_t sp_skip;
};
ONDISK_ASSERT_SIZE(struct cd9660_sp_disk, 7);
struct cd9660_px_disk {
	struct cd9660_susp_disk px_head;
	both32_t px_mode, px_nlink, px_uid, px_gid;
};
ONDISK_ASSERT_SIZE(struct cd9660_px_disk, 36);
struct cd9660_pn_disk {
	struct cd9660_susp_disk pn_head;
	both32_t pn_high, pn_low;
};
ONDISK_ASSERT_SIZE(struct cd9660_pn_disk, 20);
struct cd9660_cl_disk { /* CL and PL */
	struct cd9660_susp_disk cl_head;
	both32_t cl_block;
};
ONDISK_ASSERT_SIZE(struct cd9660_cl_disk, 12);
struct cd9660_zf_disk {
	struct cd9660_susp_disk zf_head;
	uint8_t zf_algorithm[2]; /* pz */
	uint8_t zf_header;	 /* 4-byte units */
	uint8_t zf_shift;	 /* of a block */
	both32_t zf_size;	 /* inflated */
};
ONDISK_ASSERT_SIZE(struct cd9660_zf_disk, 16);

#define CD9660_NM_SPECIAL   0x06u /* "." and ".." */
#define CD9660_SLC_CONTINUE 0x01u
#define CD9660_SLC_CURRENT  0x02u
#define CD9660_SLC_PARENT   0x04u
#define CD9660_SLC_ROOT	    0x08u
#define CD9660_SLC_VOLROOT  0x10u
#define CD9660_SLC_HOST	    0x20u
#define CD9660_TF_CREATION  0x01u
#define CD9660_TF_MODIFY    0x02u
#define CD9660_TF_ACCESS    0x04u
#define CD9660_TF_ATTR	    0x08u
#define CD9660_TF_LONG	    0x80u

/* ---- El Torito -------------------------------------------------------------------- */

#define CD9660_ELT_ID	   "EL TORITO SPECIFICATION"
#define CD9660_ELT_CATALOG 71u /* in the boot record: the catalog's sector */
struct cd9660_boot_disk {
	uint8_t b_id; /* 88 bootable, 0 not, 90 91 a section's head, 44 more */
	uint8_t b_media;
	le16_t b_segment; /* a head: how many entries follow */
	uint8_t b_system, b_unused;
	le16_t b_sectors; /* of 512 bytes */
	le32_t b_sector;  /* of 2048 */
	uint8_t b_rest[20];
};
ONDISK_ASSERT_SIZE(struct cd9660_boot_disk, 32);

#endif /* CD9660_ONDISK_H */
