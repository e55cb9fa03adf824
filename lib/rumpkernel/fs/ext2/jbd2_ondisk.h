/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal of ext3 and ext4 on disk (jbd and jbd2), byte for byte.  All
 * integers are big-endian.  It counts in blocks of the file system; block 0 is its
 * superblock, the log goes round in [s_first, s_maxlen), less the blocks of fast
 * commits at the end.
 *
 * The log is a sequence of transactions, numbered upwards: descriptor blocks, each
 * followed by the blocks that its tags name; revoke blocks; a commit block.
 */
#ifndef JBD2_ONDISK_H
#define JBD2_ONDISK_H

#include "kern/ondisk_int.h"

#define JBD2_MAGIC	0xc03b3998u
#define JBD2_MIN_BLOCKS 1024u /* no shorter journal is made by anybody */

/* h_blocktype */
#define JBD2_DESCRIPTOR 1u
#define JBD2_COMMIT	2u
#define JBD2_SUPER_V1	3u /* without features */
#define JBD2_SUPER_V2	4u
#define JBD2_REVOKE	5u

/* s_feature_compat */
#define JBD2_FC_CHECKSUM 0x1u /* version 1: of whole transactions */
/* s_feature_incompat */
#define JBD2_FI_REVOKE	     0x01u
#define JBD2_FI_64BIT	     0x02u
#define JBD2_FI_ASYNC_COMMIT 0x04u
#define JBD2_FI_CSUM_V2	     0x08u
#define JBD2_FI_CSUM_V3	     0x10u
#define JBD2_FI_FAST_COMMIT  0x20u

struct jbd2_header_disk {
	be32_t h_magic;
	be32_t h_blocktype;
	be32_t h_sequence;
};
ONDISK_ASSERT_SIZE(struct jbd2_header_disk, 12);

#define JBD2_SUPER_SIZE 1024u
struct jbd2_super_disk {
	struct jbd2_header_disk s_header;
	be32_t s_blocksize;
	be32_t s_maxlen;   /* blocks of the journal */
	be32_t s_first;	   /* first of the log */
	be32_t s_sequence; /* of the first transaction in the log */
	be32_t s_start;	   /* its block; 0: the log is empty */
	be32_t s_errno;
	/* version 2 */
	be32_t s_feature_compat;
	be32_t s_feature_incompat;
	be32_t s_feature_ro_compat;
	uint8_t s_uuid[16];
	be32_t s_nr_users;
	be32_t s_dynsuper;
	be32_t s_max_transaction;
	be32_t s_max_trans_data;
	uint8_t s_checksum_type;
	uint8_t s_padding2[3];
	be32_t s_num_fc_blks;
	be32_t s_head;
	be32_t s_padding[40];
	be32_t s_checksum; /* crc32c of the 1024 bytes, itself 0 */
	uint8_t s_users[16 * 48];
};
ONDISK_ASSERT_SIZE(struct jbd2_super_disk, JBD2_SUPER_SIZE);
ONDISK_ASSERT_OFFSET(struct jbd2_super_disk, s_uuid, 0x30);
ONDISK_ASSERT_OFFSET(struct jbd2_super_disk, s_num_fc_blks, 0x54);
ONDISK_ASSERT_OFFSET(struct jbd2_super_disk, s_checksum, 0xfc);
#define JBD2_CSUM_CRC32C 4u   /* s_checksum_type */
#define JBD2_DEFAULT_FC	 256u /* s_num_fc_blks 0 */

/*
 * A tag of a descriptor block.  With CSUM_V3: 16 bytes as below.  Else 8 bytes
 * (12 with 64BIT): number, checksum and flags of 16 bits each, upper half of the
 * number; and two bytes more, unused, with CSUM_V2.  Without SAME_UUID 16 bytes of
 * UUID follow.
 */
struct jbd2_tag3_disk {
	be32_t t_blocknr;
	be32_t t_flags;
	be32_t t_blocknr_high;
	be32_t t_checksum;
};
struct jbd2_tag_disk {
	be32_t t_blocknr;
	be16_t t_checksum;
	be16_t t_flags;
	be32_t t_blocknr_high;
};
ONDISK_ASSERT_SIZE(struct jbd2_tag3_disk, 16);
ONDISK_ASSERT_SIZE(struct jbd2_tag_disk, 12);
#define JBD2_TAG_ESCAPE \
	0x1u /* began with the magic number: zeroed in the log */
#define JBD2_TAG_SAME_UUID 0x2u
#define JBD2_TAG_DELETED   0x4u
#define JBD2_TAG_LAST	   0x8u

/* At the end of descriptor and revoke blocks with CSUM_V2 and V3. */
#define JBD2_TAIL_SIZE 4u

struct jbd2_revoke_disk {
	struct jbd2_header_disk r_header;
	be32_t r_count; /* bytes in use, this header too */
	/* then numbers of blocks, of 4 bytes, or 8 with 64BIT */
};
ONDISK_ASSERT_SIZE(struct jbd2_revoke_disk, 16);

struct jbd2_commit_disk {
	struct jbd2_header_disk h_header;
	uint8_t h_chksum_type;
	uint8_t h_chksum_size;
	uint8_t h_padding[2];
	be32_t h_chksum[8];
	be64_t h_commit_sec;
	be32_t h_commit_nsec;
};
ONDISK_ASSERT_OFFSET(struct jbd2_commit_disk, h_chksum, 0x10);
ONDISK_ASSERT_OFFSET(struct jbd2_commit_disk, h_commit_sec, 0x30);
#define JBD2_CHKSUM_CRC32 1u /* h_chksum_type of version 1 */

/* The first tag of a fast commit: le16 tag and length, then this. */
#define EXT4_FC_TAG_HEAD 9u
struct ext4_fc_head_disk {
	le16_t fc_tag;
	le16_t fc_len;
	le32_t fc_features;
	le32_t fc_tid;
};

#endif /* JBD2_ONDISK_H */
