/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums of ext4's metadata; the header says what for.  The definitions are
 * those of the kernel's documentation (filesystems/ext4/checksums.rst).
 *
 * CRC-32C starts from all ones (or from a seed that did) and isn't inverted at
 * its end.  CRC-16 is the one with polynomial x^16 + x^15 + x^2 + 1, reflected,
 * from all ones.
 */
#include "fs/ext2/ext2_csum.h"
#include "kern/crc32c.h"
#include "kern/kstring.h"

#define CRC_INIT   0xffffffffu
#define CRC16_INIT 0xffffu
#define CRC16_POLY 0xa001u
/* Where the halves of an inode's checksum stand. */
#define OFF_LO	  offsetof(struct ext2_inode_disk, i_checksum_lo)
#define OFF_HI	  offsetof(struct ext2_inode_disk, i_checksum_hi)
#define EXTRA_MIN (OFF_HI + 2 - EXT2_OLD_INODE)
#define HEAD_COPY 136u /* bytes: both halves, and a multiple of 8 */

static uint32_t
crc_le32(uint32_t crc, uint32_t value)
{
	le32_t v;

	le32_put(&v, value);
	return crc32c(crc, &v, sizeof(v));
}

static uint32_t
crc_le64(uint32_t crc, uint64_t value)
{
	le64_t v;

	le64_put(&v, value);
	return crc32c(crc, &v, sizeof(v));
}

static uint16_t
crc16(uint16_t crc, const void *buf, size_t len)
{
	const uint8_t *p = buf;

	for (; len > 0; len--) {
		crc ^= *p++;
		for (int k = 0; k < 8; k++)
			crc = (uint16_t)((crc >> 1) ^
			    (CRC16_POLY & (0u - (crc & 1u))));
	}
	return crc;
}

uint32_t
ext2_csum_seed(const struct ext2_super_disk *sb)
{
	if ((le32_get(sb->s_feature_incompat) & EXT2_FI_CSUM_SEED) != 0)
		return le32_get(sb->s_checksum_seed);
	return crc32c(CRC_INIT, sb->s_uuid, sizeof(sb->s_uuid));
}

uint32_t
ext2_csum_super(const struct ext2_super_disk *sb)
{
	return crc32c(
	    CRC_INIT, sb, offsetof(struct ext2_super_disk, s_checksum));
}

uint16_t
ext2_csum_group(const struct ext2_super_disk *sb, uint32_t seed, uint32_t group,
    const void *gd, uint32_t descsize)
{
	uint32_t ro = le32_get(sb->s_feature_ro_compat), crc;
	uint32_t at = offsetof(struct ext2_group_disk, bg_checksum);
	uint32_t rest = at + sizeof(le16_t);
	const uint8_t *p = gd;
	uint16_t crc2;
	le32_t g;

	if ((ro & EXT2_FR_METADATA_CSUM) != 0) {
		static const uint8_t zero[2];

		crc = crc_le32(seed, group);
		crc = crc32c(crc, p, at);
		crc = crc32c(crc, zero, sizeof(zero));
		crc = crc32c(crc, p + rest, descsize - rest);
		return (uint16_t)crc;
	}
	if ((ro & EXT2_FR_GDT_CSUM) == 0)
		return 0;
	le32_put(&g, group);
	crc2 = crc16(CRC16_INIT, sb->s_uuid, sizeof(sb->s_uuid));
	crc2 = crc16(crc2, &g, sizeof(g));
	crc2 = crc16(crc2, p, at);
	return crc16(crc2, p + rest, descsize - rest);
}

uint32_t
ext2_csum_bitmap(uint32_t seed, const void *bits, uint32_t bytes)
{
	return crc32c(seed, bits, bytes);
}

uint32_t
ext2_csum_inode_seed(uint32_t seed, uint32_t ino, uint32_t gen)
{
	le32_t v[2];

	le32_put(&v[0], ino);
	le32_put(&v[1], gen);
	return crc32c(seed, v, sizeof(v));
}

bool
ext2_csum_inode_wide(const void *di, uint32_t isize)
{
	const struct ext2_inode_disk *d = di;

	return isize > EXT2_OLD_INODE &&
	    le16_get(d->i_extra_isize) >= EXTRA_MIN;
}

uint32_t
ext2_csum_inode_get(const void *di, bool wide)
{
	const struct ext2_inode_disk *d = di;
	uint32_t lo = le16_get(d->i_checksum_lo);

	return wide ? lo | (uint32_t)le16_get(d->i_checksum_hi) << 16 : lo;
}

/* Each listed inode comes by here: two long pieces instead of many short ones. */
uint32_t
ext2_csum_inode(uint32_t seed, uint32_t ino, const void *di, uint32_t isize)
{
	const struct ext2_inode_disk *d = di;
	bool wide = ext2_csum_inode_wide(di, isize);
	uint32_t n = isize > EXT2_OLD_INODE ? HEAD_COPY : EXT2_OLD_INODE, crc;
	uint8_t head[HEAD_COPY];

	memcpy(head, di, n);
	memset(head + OFF_LO, 0, 2);
	if (wide)
		memset(head + OFF_HI, 0, 2);
	crc = ext2_csum_inode_seed(seed, ino, le32_get(d->i_generation));
	crc = crc32c(crc, head, n);
	crc = crc32c(crc, (const uint8_t *)di + n, isize - n);
	return wide ? crc : crc & 0xffff;
}

void
ext2_csum_inode_put(uint32_t seed, uint32_t ino, void *di, uint32_t isize)
{
	struct ext2_inode_disk *d = di;
	uint32_t crc = ext2_csum_inode(seed, ino, di, isize);

	le16_put(&d->i_checksum_lo, (uint16_t)crc);
	if (ext2_csum_inode_wide(di, isize))
		le16_put(&d->i_checksum_hi, (uint16_t)(crc >> 16));
}

uint32_t
ext2_csum_dirblock(uint32_t iseed, const void *blk, uint32_t block_bytes)
{
	return crc32c(
	    iseed, blk, block_bytes - sizeof(struct ext2_dirtail_disk));
}

uint32_t
ext2_csum_dxnode(uint32_t iseed, const void *blk, uint32_t used, uint32_t tail)
{
	const struct ext2_dxtail_disk *dt =
	    (const void *)((const uint8_t *)blk + tail);
	uint32_t crc = crc32c(iseed, blk, used);

	crc = crc32c(crc, &dt->dt_reserved, sizeof(dt->dt_reserved));
	return crc_le32(crc, 0);
}

uint32_t
ext2_csum_extent(uint32_t iseed, const void *blk, uint32_t bytes)
{
	return crc32c(iseed, blk, bytes);
}

uint32_t
ext2_csum_xattr(
    uint32_t seed, uint64_t block, const void *blk, uint32_t block_bytes)
{
	uint32_t at = offsetof(struct ext2_xattr_head_disk, h_checksum);
	const uint8_t *p = blk;
	uint32_t crc = crc_le64(seed, block);

	crc = crc32c(crc, p, at);
	crc = crc_le32(crc, 0);
	return crc32c(crc, p + at + 4, block_bytes - at - 4);
}

uint32_t
ext2_csum_mmp(uint32_t seed, const struct ext2_mmp_disk *mmp)
{
	return crc32c(seed, mmp, offsetof(struct ext2_mmp_disk, mmp_checksum));
}

uint32_t
ext2_csum_orphan(
    uint32_t iseed, uint64_t block, const void *blk, uint32_t block_bytes)
{
	return crc32c(crc_le64(iseed, block), blk,
	    block_bytes - sizeof(struct ext2_orphantail_disk));
}
