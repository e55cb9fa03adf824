/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext2, ext3 and ext4 on disk: every structure byte for byte, and the names of
 * flags and features.  Shared by the driver and the formatter; holds no code
 * but accessors of split fields.
 *
 * All integers are little-endian.  The superblock is 1024 bytes at byte 1024 of
 * the device whatever the block size.  "lo" and "hi" halves: the high one counts
 * only with the feature named beside it.
 *
 * Left out: the journal's own structures and directory hashing's functions.
 */
#ifndef EXT2_ONDISK_H
#define EXT2_ONDISK_H

#include "kern/ondisk_int.h"

#define EXT2_SB_OFFSET	  1024u /* bytes from the start of the device */
#define EXT2_SB_SIZE	  1024u
#define EXT2_MAGIC	  0xef53u
#define EXT2_MIN_BLOCK	  1024u
#define EXT2_MAX_BLOCK	  65536u
#define EXT2_MIN_LOG	  10u /* s_log_block_size 0 */
#define EXT2_OLD_INODE	  128u
#define EXT2_NADDR	  15u
#define EXT2_NDIRECT	  12u
#define EXT2_NAME_MAX	  255u
#define EXT2_LINK_MAX	  32000u
#define EXT4_LINK_MAX	  65000u /* dir_nlink: beyond it directories say 1 */
#define EXT2_FASTLINK_MAX 60u /* bytes of a symlink in i_block, with the NUL */

/* Inode numbers. */
#define EXT2_INO_BAD	  1u
#define EXT2_INO_ROOT	  2u
#define EXT2_INO_USRQUOTA 3u
#define EXT2_INO_GRPQUOTA 4u
#define EXT2_INO_BOOT	  5u
#define EXT2_INO_UNDEL	  6u
#define EXT2_INO_RESIZE	  7u
#define EXT2_INO_JOURNAL  8u
#define EXT2_INO_EXCLUDE  9u
#define EXT2_INO_REPLICA  10u
#define EXT2_OLD_FIRSTINO 11u /* revision 0 */

/* s_state */
#define EXT2_STATE_VALID  0x0001u
#define EXT2_STATE_ERROR  0x0002u
#define EXT2_STATE_ORPHAN 0x0004u
#define EXT2_STATE_REPLAY 0x0020u /* fast commit */

/* s_errors */
#define EXT2_ERRORS_CONTINUE 1u
#define EXT2_ERRORS_RO	     2u
#define EXT2_ERRORS_PANIC    3u

#define EXT2_OS_LINUX	     0u
#define EXT2_OS_HURD	     1u
#define EXT2_OS_MASIX	     2u
#define EXT2_OS_FREEBSD	     3u
#define EXT2_OS_LITES	     4u

#define EXT2_REV_OLD	     0u /* fixed inode size, no features */
#define EXT2_REV_DYNAMIC     1u

/* s_flags */
#define EXT2_SBF_SIGNED_HASH   0x0001u
#define EXT2_SBF_UNSIGNED_HASH 0x0002u
#define EXT2_SBF_TEST	       0x0004u

/* s_default_mount_opts */
#define EXT2_DEFM_DEBUG	     0x0001u
#define EXT2_DEFM_BSDGROUPS  0x0002u
#define EXT2_DEFM_XATTR_USER 0x0004u
#define EXT2_DEFM_ACL	     0x0008u

/* s_def_hash_version, and the root of a hashed directory */
#define EXT2_HASH_LEGACY    0u
#define EXT2_HASH_HALF_MD4  1u
#define EXT2_HASH_TEA	    2u
#define EXT2_HASH_LEGACY_U  3u
#define EXT2_HASH_HALFMD4_U 4u
#define EXT2_HASH_TEA_U	    5u
#define EXT2_HASH_SIPHASH   6u

#define EXT2_CSUM_CRC32C    1u /* s_checksum_type */

/* s_feature_compat: whoever doesn't know one may read and write. */
#define EXT2_FC_DIR_PREALLOC  0x0001u
#define EXT2_FC_IMAGIC_INODES 0x0002u
#define EXT2_FC_HAS_JOURNAL   0x0004u
#define EXT2_FC_EXT_ATTR      0x0008u
#define EXT2_FC_RESIZE_INODE  0x0010u
#define EXT2_FC_DIR_INDEX     0x0020u
#define EXT2_FC_LAZY_BG	      0x0040u
#define EXT2_FC_EXCLUDE_INODE 0x0080u
#define EXT2_FC_EXCLUDE_BMAP  0x0100u
#define EXT2_FC_SPARSE_SUPER2 0x0200u
#define EXT2_FC_FAST_COMMIT   0x0400u
#define EXT2_FC_STABLE_INODES 0x0800u
#define EXT2_FC_ORPHAN_FILE   0x1000u

/* s_feature_incompat: whoever doesn't know one may not even read. */
#define EXT2_FI_COMPRESSION 0x00001u
#define EXT2_FI_FILETYPE    0x00002u
#define EXT2_FI_RECOVER	    0x00004u
#define EXT2_FI_JOURNAL_DEV 0x00008u
#define EXT2_FI_META_BG	    0x00010u
#define EXT2_FI_EXTENTS	    0x00040u
#define EXT2_FI_64BIT	    0x00080u
#define EXT2_FI_MMP	    0x00100u
#define EXT2_FI_FLEX_BG	    0x00200u
#define EXT2_FI_EA_INODE    0x00400u
#define EXT2_FI_DIRDATA	    0x01000u
#define EXT2_FI_CSUM_SEED   0x02000u
#define EXT2_FI_LARGEDIR    0x04000u
#define EXT2_FI_INLINE_DATA 0x08000u
#define EXT2_FI_ENCRYPT	    0x10000u
#define EXT2_FI_CASEFOLD    0x20000u

/* s_feature_ro_compat: whoever doesn't know one may read. */
#define EXT2_FR_SPARSE_SUPER   0x00001u
#define EXT2_FR_LARGE_FILE     0x00002u
#define EXT2_FR_BTREE_DIR      0x00004u
#define EXT2_FR_HUGE_FILE      0x00008u
#define EXT2_FR_GDT_CSUM       0x00010u
#define EXT2_FR_DIR_NLINK      0x00020u
#define EXT2_FR_EXTRA_ISIZE    0x00040u
#define EXT2_FR_HAS_SNAPSHOT   0x00080u
#define EXT2_FR_QUOTA	       0x00100u
#define EXT2_FR_BIGALLOC       0x00200u
#define EXT2_FR_METADATA_CSUM  0x00400u
#define EXT2_FR_REPLICA	       0x00800u
#define EXT2_FR_READONLY       0x01000u
#define EXT2_FR_PROJECT	       0x02000u
#define EXT2_FR_SHARED_BLOCKS  0x04000u
#define EXT2_FR_VERITY	       0x08000u
#define EXT2_FR_ORPHAN_PRESENT 0x10000u

/* s_checksum_type: the only one */
#define EXT2_CSUM_CRC32C 1u

struct ext2_super_disk {
	le32_t s_inodes_count;
	le32_t s_blocks_count_lo;
	le32_t s_r_blocks_count_lo; /* reserved for the superuser */
	le32_t s_free_blocks_count_lo;
	le32_t s_free_inodes_count;
	le32_t s_first_data_block; /* 1 with 1 KiB blocks, else 0 */
	le32_t s_log_block_size;   /* 1024 << this */
	le32_t s_log_cluster_size;
	le32_t s_blocks_per_group;
	le32_t s_clusters_per_group; /* fragments, once */
	le32_t s_inodes_per_group;
	le32_t s_mtime;
	le32_t s_wtime;
	le16_t s_mnt_count;
	le16_t s_max_mnt_count; /* signed; -1 or 0: never */
	le16_t s_magic;
	le16_t s_state;
	le16_t s_errors;
	le16_t s_minor_rev_level;
	le32_t s_lastcheck;
	le32_t s_checkinterval;
	le32_t s_creator_os;
	le32_t s_rev_level;
	le16_t s_def_resuid;
	le16_t s_def_resgid;
	/* revision 1 */
	le32_t s_first_ino;
	le16_t s_inode_size;
	le16_t s_block_group_nr; /* of this copy */
	le32_t s_feature_compat;
	le32_t s_feature_incompat;
	le32_t s_feature_ro_compat;
	uint8_t s_uuid[16];
	uint8_t s_volume_name[16];
	uint8_t s_last_mounted[64];
	le32_t s_algorithm_usage_bitmap;
	uint8_t s_prealloc_blocks;
	uint8_t s_prealloc_dir_blocks;
	le16_t s_reserved_gdt_blocks; /* for growing: resize_inode */
	/* journal */
	uint8_t s_journal_uuid[16];
	le32_t s_journal_inum;
	le32_t s_journal_dev;
	le32_t s_last_orphan; /* head of the list through i_dtime */
	le32_t s_hash_seed[4];
	uint8_t s_def_hash_version;
	uint8_t s_jnl_backup_type;
	le16_t s_desc_size; /* of a group descriptor, with 64bit */
	le32_t s_default_mount_opts;
	le32_t s_first_meta_bg;
	le32_t s_mkfs_time;
	le32_t s_jnl_blocks[17]; /* copy of the journal inode's i_block, size */
	le32_t s_blocks_count_hi; /* 64bit */
	le32_t s_r_blocks_count_hi;
	le32_t s_free_blocks_count_hi;
	le16_t s_min_extra_isize;
	le16_t s_want_extra_isize;
	le32_t s_flags;
	le16_t s_raid_stride;
	le16_t s_mmp_interval;
	le64_t s_mmp_block;
	le32_t s_raid_stripe_width;
	uint8_t s_log_groups_per_flex;
	uint8_t s_checksum_type;
	uint8_t s_encryption_level;
	uint8_t s_reserved_pad;
	le64_t s_kbytes_written;
	le32_t s_snapshot_inum;
	le32_t s_snapshot_id;
	le64_t s_snapshot_r_blocks_count;
	le32_t s_snapshot_list;
	le32_t s_error_count;
	le32_t s_first_error_time;
	le32_t s_first_error_ino;
	le64_t s_first_error_block;
	uint8_t s_first_error_func[32];
	le32_t s_first_error_line;
	le32_t s_last_error_time;
	le32_t s_last_error_ino;
	le32_t s_last_error_line;
	le64_t s_last_error_block;
	uint8_t s_last_error_func[32];
	uint8_t s_mount_opts[64];
	le32_t s_usr_quota_inum;
	le32_t s_grp_quota_inum;
	le32_t s_overhead_clusters;
	le32_t s_backup_bgs[2]; /* sparse_super2 */
	uint8_t s_encrypt_algos[4];
	uint8_t s_encrypt_pw_salt[16];
	le32_t s_lpf_ino;
	le32_t s_prj_quota_inum;
	le32_t s_checksum_seed; /* csum_seed */
	uint8_t s_wtime_hi;
	uint8_t s_mtime_hi;
	uint8_t s_mkfs_time_hi;
	uint8_t s_lastcheck_hi;
	uint8_t s_first_error_time_hi;
	uint8_t s_last_error_time_hi;
	uint8_t s_first_error_errcode;
	uint8_t s_last_error_errcode;
	le16_t s_encoding; /* casefold */
	le16_t s_encoding_flags;
	le32_t s_orphan_file_inum;
	le16_t s_def_resuid_hi;
	le16_t s_def_resgid_hi;
	le32_t s_reserved[93];
	le32_t s_checksum; /* crc32c of all before it: metadata_csum */
};
ONDISK_ASSERT_SIZE(struct ext2_super_disk, EXT2_SB_SIZE);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_magic, 0x38);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_first_ino, 0x54);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_uuid, 0x68);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_reserved_gdt_blocks, 0xce);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_last_orphan, 0xe8);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_desc_size, 0xfe);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_jnl_blocks, 0x10c);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_blocks_count_hi, 0x150);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_mmp_block, 0x168);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_kbytes_written, 0x178);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_error_count, 0x194);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_mount_opts, 0x200);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_checksum_seed, 0x270);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_orphan_file_inum, 0x280);
ONDISK_ASSERT_OFFSET(struct ext2_super_disk, s_checksum, 0x3fc);

/* Group descriptor: the first 32 bytes, or all 64 as s_desc_size says. */
#define EXT2_DESC_SIZE	  32u
#define EXT2_DESC_SIZE_64 64u
struct ext2_group_disk {
	le32_t bg_block_bitmap_lo;
	le32_t bg_inode_bitmap_lo;
	le32_t bg_inode_table_lo;
	le16_t bg_free_blocks_count_lo;
	le16_t bg_free_inodes_count_lo;
	le16_t bg_used_dirs_count_lo;
	le16_t bg_flags; /* with gdt_csum or metadata_csum only */
	le32_t bg_exclude_bitmap_lo;
	le16_t bg_block_bitmap_csum_lo;
	le16_t bg_inode_bitmap_csum_lo;
	le16_t bg_itable_unused_lo;
	le16_t bg_checksum;
	/* 64bit */
	le32_t bg_block_bitmap_hi;
	le32_t bg_inode_bitmap_hi;
	le32_t bg_inode_table_hi;
	le16_t bg_free_blocks_count_hi;
	le16_t bg_free_inodes_count_hi;
	le16_t bg_used_dirs_count_hi;
	le16_t bg_itable_unused_hi;
	le32_t bg_exclude_bitmap_hi;
	le16_t bg_block_bitmap_csum_hi;
	le16_t bg_inode_bitmap_csum_hi;
	le32_t bg_reserved;
};
ONDISK_ASSERT_SIZE(struct ext2_group_disk, EXT2_DESC_SIZE_64);
ONDISK_ASSERT_OFFSET(struct ext2_group_disk, bg_checksum, 0x1e);
ONDISK_ASSERT_OFFSET(struct ext2_group_disk, bg_block_bitmap_hi, 0x20);
ONDISK_ASSERT_OFFSET(struct ext2_group_disk, bg_reserved, 0x3c);
#define EXT2_BGF_INODE_UNINIT 0x1u
#define EXT2_BGF_BLOCK_UNINIT 0x2u
#define EXT2_BGF_INODE_ZEROED 0x4u

/* i_flags */
#define EXT2_IF_SECRM	     0x00000001u
#define EXT2_IF_UNRM	     0x00000002u
#define EXT2_IF_COMPR	     0x00000004u
#define EXT2_IF_SYNC	     0x00000008u
#define EXT2_IF_IMMUTABLE    0x00000010u
#define EXT2_IF_APPEND	     0x00000020u
#define EXT2_IF_NODUMP	     0x00000040u
#define EXT2_IF_NOATIME	     0x00000080u
#define EXT2_IF_DIRTY	     0x00000100u
#define EXT2_IF_COMPRBLK     0x00000200u
#define EXT2_IF_NOCOMPR	     0x00000400u
#define EXT2_IF_ENCRYPT	     0x00000800u
#define EXT2_IF_INDEX	     0x00001000u /* hashed directory */
#define EXT2_IF_IMAGIC	     0x00002000u
#define EXT2_IF_JOURNAL_DATA 0x00004000u
#define EXT2_IF_NOTAIL	     0x00008000u
#define EXT2_IF_DIRSYNC	     0x00010000u
#define EXT2_IF_TOPDIR	     0x00020000u
#define EXT2_IF_HUGE_FILE    0x00040000u /* i_blocks in file system blocks */
#define EXT2_IF_EXTENTS	     0x00080000u
#define EXT2_IF_VERITY	     0x00100000u
#define EXT2_IF_EA_INODE     0x00200000u
#define EXT2_IF_NOCOW	     0x00800000u
#define EXT2_IF_DAX	     0x02000000u
#define EXT2_IF_INLINE_DATA  0x10000000u
#define EXT2_IF_PROJINHERIT  0x20000000u
#define EXT2_IF_CASEFOLD     0x40000000u

/*
 * An inode.  The first 128 bytes always; what follows only where s_inode_size
 * is larger, and of that only i_extra_isize bytes (which count from i_extra_isize
 * on) are fields, the rest is room for attributes.
 */
struct ext2_inode_disk {
	le16_t i_mode;
	le16_t i_uid_lo;
	le32_t i_size_lo;
	le32_t i_atime;
	le32_t i_ctime;
	le32_t i_mtime;
	le32_t i_dtime; /* deletion time, or the next orphan */
	le16_t i_gid_lo;
	le16_t i_links_count;
	le32_t i_blocks_lo; /* of 512 bytes */
	le32_t i_flags;
	le32_t i_version_lo;	    /* osd1 */
	le32_t i_block[EXT2_NADDR]; /* 12 direct, single, double, triple */
	le32_t i_generation;
	le32_t i_file_acl_lo; /* block of extended attributes */
	le32_t i_size_hi;     /* of directories once the ACL's block */
	le32_t i_faddr;
	le16_t i_blocks_hi; /* osd2: huge_file */
	le16_t i_file_acl_hi;
	le16_t i_uid_hi;
	le16_t i_gid_hi;
	le16_t i_checksum_lo;
	le16_t i_reserved;
	/* beyond 128 bytes */
	le16_t i_extra_isize;
	le16_t i_checksum_hi;
	le32_t i_ctime_extra; /* ns << 2 | bits 33..32 of the seconds */
	le32_t i_mtime_extra;
	le32_t i_atime_extra;
	le32_t i_crtime;
	le32_t i_crtime_extra;
	le32_t i_version_hi;
	le32_t i_projid;
};
ONDISK_ASSERT_SIZE(struct ext2_inode_disk, 160);
ONDISK_ASSERT_OFFSET(struct ext2_inode_disk, i_links_count, 0x1a);
ONDISK_ASSERT_OFFSET(struct ext2_inode_disk, i_block, 0x28);
ONDISK_ASSERT_OFFSET(struct ext2_inode_disk, i_generation, 0x64);
ONDISK_ASSERT_OFFSET(struct ext2_inode_disk, i_blocks_hi, 0x74);
ONDISK_ASSERT_OFFSET(struct ext2_inode_disk, i_extra_isize, 0x80);
ONDISK_ASSERT_OFFSET(struct ext2_inode_disk, i_projid, 0x9c);
/* What today's mke2fs and kernels want i_extra_isize to be. */
#define EXT2_WANT_EXTRA 32u

/* Directory entry; records are multiples of 4 and never cross a block. */
struct ext2_dirent_disk {
	le32_t d_inode;	 /* 0: free */
	le16_t d_reclen; /* in 64 KiB blocks, 65535 or 0 stand for 65536 */
	uint8_t d_namlen;
	uint8_t d_type; /* with filetype; else the high byte of the length */
			/* then the name, without a NUL */
};
ONDISK_ASSERT_SIZE(struct ext2_dirent_disk, 8);
#define EXT2_DIRENT_HEAD 8u
/* Bytes that an entry whose name has n bytes takes. */
#define EXT2_DIRENT_SIZE(n) ((EXT2_DIRENT_HEAD + (uint32_t)(n) + 3u) & ~3u)

enum ext2_filetype {
	EXT2_FT_UNKNOWN,
	EXT2_FT_REG,
	EXT2_FT_DIR,
	EXT2_FT_CHR,
	EXT2_FT_BLK,
	EXT2_FT_FIFO,
	EXT2_FT_SOCK,
	EXT2_FT_LNK,
	EXT2_FT_CSUM = 0xde, /* the tail below */
};

/* The last 12 bytes of a directory block: metadata_csum. */
struct ext2_dirtail_disk {
	le32_t dt_zero;
	le16_t dt_reclen;  /* 12 */
	uint8_t dt_namlen; /* 0 */
	uint8_t dt_type;   /* EXT2_FT_CSUM */
	le32_t dt_checksum;
};
ONDISK_ASSERT_SIZE(struct ext2_dirtail_disk, 12);

/* Hashed directories: the root's header stands after "." and ".." at 24. */
struct ext2_dxroot_disk {
	le32_t dx_zero;
	uint8_t dx_hash_version;
	uint8_t dx_info_length; /* 8 */
	uint8_t dx_levels;
	uint8_t dx_flags;
};
ONDISK_ASSERT_SIZE(struct ext2_dxroot_disk, 8);
struct ext2_dxentry_disk { /* the first one's hash is limit and count */
	le32_t dx_hash;
	le32_t dx_block; /* in the directory */
};
ONDISK_ASSERT_SIZE(struct ext2_dxentry_disk, 8);

/* The last 8 bytes behind the room for entries: metadata_csum. */
struct ext2_dxtail_disk {
	le32_t dt_reserved;
	le32_t dt_checksum;
};
ONDISK_ASSERT_SIZE(struct ext2_dxtail_disk, 8);

/* Multiple-mount protection: s_mmp_block. */
#define EXT2_MMP_MAGIC	   0x004d4d50u
#define EXT2_MMP_SEQ_CLEAN 0xff4d4d50u /* nobody has it */
#define EXT2_MMP_SEQ_FSCK  0xe24d4d50u /* a checker has it */
struct ext2_mmp_disk {
	le32_t mmp_magic;
	le32_t mmp_seq;
	le64_t mmp_time; /* of the last update */
	uint8_t mmp_nodename[64];
	uint8_t mmp_bdevname[32];
	le16_t mmp_check_interval; /* seconds */
	le16_t mmp_pad1;
	le32_t mmp_pad2[226];
	le32_t mmp_checksum;
};
ONDISK_ASSERT_SIZE(struct ext2_mmp_disk, 1024);

/* The last 8 bytes of a block of the orphan file; inode numbers in front. */
#define EXT2_ORPHAN_MAGIC 0x0b10ca04u
struct ext2_orphantail_disk {
	le32_t ot_magic;
	le32_t ot_checksum;
};
ONDISK_ASSERT_SIZE(struct ext2_orphantail_disk, 8);

/* Extended attributes: a block of their own, and the inode's body. */
#define EXT2_XATTR_MAGIC 0xea020000u
struct ext2_xattr_head_disk { /* of a block */
	le32_t h_magic;
	le32_t h_refcount; /* inodes that share it */
	le32_t h_blocks;   /* 1 */
	le32_t h_hash;	   /* of all entries; 0: not to be shared */
	le32_t h_checksum;
	le32_t h_reserved[3];
};
ONDISK_ASSERT_SIZE(struct ext2_xattr_head_disk, 32);
struct ext2_xattr_ihead_disk { /* after i_extra_isize in an inode */
	le32_t h_magic;
};
ONDISK_ASSERT_SIZE(struct ext2_xattr_ihead_disk, 4);
/* Entries follow the header, four zero bytes end them, values stand at the end.
 * Value offsets count from the block's start, or from the inode's first entry. */
struct ext2_xattr_entry_disk {
	uint8_t e_namlen;
	uint8_t e_index;
	le16_t e_value_off;
	le32_t e_value_inum; /* ea_inode */
	le32_t e_value_size;
	le32_t e_hash;
	/* then the name without its prefix, padded to 4 */
};
ONDISK_ASSERT_SIZE(struct ext2_xattr_entry_disk, 16);
#define EXT2_XATTR_ENTRY_SIZE(namlen)                                        \
	((uint32_t)((sizeof(struct ext2_xattr_entry_disk) + (namlen) + 3u) & \
	    ~3u))
#define EXT2_XATTR_VALUE_SIZE(len) (((uint32_t)(len) + 3u) & ~3u)

/* e_index */
#define EXT2_XI_USER		  1u
#define EXT2_XI_POSIX_ACL_ACCESS  2u
#define EXT2_XI_POSIX_ACL_DEFAULT 3u
#define EXT2_XI_TRUSTED		  4u
#define EXT2_XI_LUSTRE		  5u
#define EXT2_XI_SECURITY	  6u
#define EXT2_XI_SYSTEM		  7u
#define EXT2_XI_RICHACL		  8u
#define EXT2_XI_ENCRYPTION	  9u
#define EXT2_XI_HURD		  10u

/* POSIX ACLs as values: a header, then entries, the short form where the tag
 * needs no id. */
#define EXT2_ACL_VERSION 1u
struct ext2_acl_head_disk {
	le32_t a_version;
};
struct ext2_acl_short_disk {
	le16_t e_tag;
	le16_t e_perm;
};
struct ext2_acl_entry_disk {
	le16_t e_tag;
	le16_t e_perm;
	le32_t e_id;
};
ONDISK_ASSERT_SIZE(struct ext2_acl_short_disk, 4);
ONDISK_ASSERT_SIZE(struct ext2_acl_entry_disk, 8);
#define EXT2_ACL_USER_OBJ  0x01u
#define EXT2_ACL_USER	   0x02u
#define EXT2_ACL_GROUP_OBJ 0x04u
#define EXT2_ACL_GROUP	   0x08u
#define EXT2_ACL_MASK	   0x10u
#define EXT2_ACL_OTHER	   0x20u

/* Extent trees (ext4), in i_block or in a block of their own. */
#define EXT4_EXT_MAGIC	  0xf30au
#define EXT4_EXT_MAXDEPTH 5u
#define EXT4_EXT_INITMAX  32768u /* longer: unwritten, by so much less */
struct ext4_extent_head_disk {
	le16_t eh_magic;
	le16_t eh_entries;
	le16_t eh_max;
	le16_t eh_depth; /* 0: leaf */
	le32_t eh_generation;
};
struct ext4_extent_index_disk {
	le32_t ei_block;
	le32_t ei_leaf_lo;
	le16_t ei_leaf_hi;
	le16_t ei_unused;
};
struct ext4_extent_disk {
	le32_t ee_block;
	le16_t ee_len;
	le16_t ee_start_hi;
	le32_t ee_start_lo;
};
ONDISK_ASSERT_SIZE(struct ext4_extent_head_disk, 12);
ONDISK_ASSERT_SIZE(struct ext4_extent_index_disk, 12);
ONDISK_ASSERT_SIZE(struct ext4_extent_disk, 12);
/* Behind the last entry that a block has room for (not in i_block). */
struct ext4_extent_tail_disk {
	le32_t et_checksum;
};

/* Does group g hold a copy of the superblock under sparse_super? (Groups 0, 1
 * and the powers of 3, 5 and 7.) */
static inline bool
ext2_sparse_group(uint64_t g)
{
	static const uint8_t base[3] = {3, 5, 7};

	if (g <= 1)
		return true;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t p = base[i];

		while (p < g)
			p *= base[i];
		if (p == g)
			return true;
	}
	return false;
}

#endif /* EXT2_ONDISK_H */
