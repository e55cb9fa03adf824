/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The superblock: reading, and checking each field that arithmetic rests on.
 *
 * It stands 1024 bytes into the device; with blocks of 1 KiB that is block 1,
 * else a part of block 0.  Its buffer has the block's extent like all others.
 *
 * With bigalloc, bitmaps and free counts are of clusters; in core all is blocks
 * but the bitmaps, and such images are only read.
 */
#include "fs/ext2/ext2.h"
#include "kern/kstring.h"

int
ext2_super_read(struct blkdev *dev, struct ext2_super_disk *sb)
{
	int error;

	if (dev->bd_size < EXT2_SB_OFFSET + EXT2_SB_SIZE)
		return EINVAL;
	error = blkdev_read(dev, sb, EXT2_SB_OFFSET, EXT2_SB_SIZE, BIO_META);
	if (error != 0)
		return error;
	return le16_get(sb->s_magic) == EXT2_MAGIC ? 0 : EINVAL;
}

bool
ext2_has_super(const struct ext2_mount *m, uint32_t g)
{
	const struct ext2_super_disk *sb = &m->m_sb;

	if (g == 0)
		return true;
	if (ext2_compat(m, EXT2_FC_SPARSE_SUPER2))
		return g == le32_get(sb->s_backup_bgs[0]) ||
		    g == le32_get(sb->s_backup_bgs[1]);
	if (ext2_rocompat(m, EXT2_FR_SPARSE_SUPER))
		return ext2_sparse_group(g);
	return true;
}

static int
bad_field(struct ext2_mount *m, const char *name, uint64_t value)
{
	mount_message(m->m_mp, 0, UINT64_MAX,
	    "superblock: %s is %llu, which can't be", name,
	    (unsigned long long)value);
	return EUCLEAN;
}

/* Sizes of blocks and inodes, first inode. */
static int
super_sizes(struct ext2_mount *m, const struct ext2_super_disk *sb)
{
	uint32_t rev = le32_get(sb->s_rev_level);
	uint32_t lbs = le32_get(sb->s_log_block_size);
	uint32_t cluster = le32_get(sb->s_log_cluster_size);
	uint32_t extra = le16_get(sb->s_want_extra_isize);

	if (rev > EXT2_REV_DYNAMIC) {
		mount_message(m->m_mp, 0, UINT64_MAX,
		    "superblock: revision %u is not supported", rev);
		return EOPNOTSUPP;
	}
	if (lbs > 6)
		return bad_field(m, "s_log_block_size", lbs);
	m->m_bshift = EXT2_MIN_LOG + lbs;
	m->m_bsize = (uint32_t)1 << m->m_bshift;
	m->m_apbshift = m->m_bshift - 2;
	m->m_apb = m->m_bsize / 4;
	if (cluster < lbs || cluster - lbs > 16 ||
	    (cluster != lbs && !ext2_rocompat(m, EXT2_FR_BIGALLOC)))
		return bad_field(m, "s_log_cluster_size", cluster);
	m->m_clshift = cluster - lbs;
	m->m_isize = EXT2_OLD_INODE;
	m->m_firstino = EXT2_OLD_FIRSTINO;
	if (rev != EXT2_REV_OLD) {
		m->m_isize = le16_get(sb->s_inode_size);
		m->m_firstino = le32_get(sb->s_first_ino);
	}
	if (m->m_isize < EXT2_OLD_INODE || m->m_isize > m->m_bsize ||
	    !ispow2(m->m_isize))
		return bad_field(m, "s_inode_size", m->m_isize);
	m->m_ipb = m->m_bsize / m->m_isize;
	m->m_extra = 0;
	if (m->m_isize > EXT2_OLD_INODE) {
		m->m_extra = EXT2_WANT_EXTRA;
		if (extra >= 4 && extra % 4 == 0 &&
		    extra <= m->m_isize - EXT2_OLD_INODE)
			m->m_extra = (uint16_t)extra;
	}
	m->m_descsize = EXT2_DESC_SIZE;
	if (ext2_incompat(m, EXT2_FI_64BIT)) {
		m->m_descsize = le16_get(sb->s_desc_size);
		if (m->m_descsize < EXT2_DESC_SIZE_64 ||
		    m->m_descsize > m->m_bsize || !ispow2(m->m_descsize))
			return bad_field(m, "s_desc_size", m->m_descsize);
	}
	return 0;
}

/* Blocks, and how many a group has. */
static int
super_blocks(struct ext2_mount *m, const struct ext2_super_disk *sb)
{
	uint64_t have = m->m_dev->bd_size >> m->m_bshift;
	uint32_t cpg = le32_get(sb->s_clusters_per_group), first;

	m->m_blocks = le32_get(sb->s_blocks_count_lo);
	m->m_reserved = le32_get(sb->s_r_blocks_count_lo);
	if (ext2_incompat(m, EXT2_FI_64BIT)) {
		m->m_blocks |= (uint64_t)le32_get(sb->s_blocks_count_hi) << 32;
		m->m_reserved |= (uint64_t)le32_get(sb->s_r_blocks_count_hi)
		    << 32;
	}
	m->m_first = le32_get(sb->s_first_data_block);
	m->m_bpg = le32_get(sb->s_blocks_per_group);
	/* Where clusters are larger than 1 KiB, the first one has the boot
	 * block too. */
	m->m_sbblk = EXT2_SB_OFFSET >> m->m_bshift;
	first = m->m_clshift == 0 ? m->m_sbblk : 0;
	if (m->m_first != first)
		return bad_field(m, "s_first_data_block", m->m_first);
	if (m->m_blocks <= m->m_first)
		return bad_field(m, "s_blocks_count", m->m_blocks);
	if (m->m_blocks > have) {
		mount_message(m->m_mp, 0, UINT64_MAX,
		    "the file system has %llu bytes, the device only %llu",
		    (unsigned long long)ext2_blkoff(m, m->m_blocks),
		    (unsigned long long)m->m_dev->bd_size);
		return EUCLEAN;
	}
	if (m->m_clshift == 0)
		cpg = m->m_bpg;
	if (cpg < 8 || cpg > m->m_bsize * 8)
		return bad_field(m,
		    m->m_clshift == 0 ? "s_blocks_per_group"
				      : "s_clusters_per_group",
		    cpg);
	if ((uint64_t)cpg << m->m_clshift != m->m_bpg)
		return bad_field(m, "s_blocks_per_group", m->m_bpg);
	m->m_cpg = cpg;
	return 0;
}

/* The descriptors' blocks. */
static int
super_descriptors(struct ext2_mount *m, const struct ext2_super_disk *sb)
{
	uint32_t reserved = le16_get(sb->s_reserved_gdt_blocks), near;

	m->m_gdblks = (uint32_t)howmany(
	    (uint64_t)m->m_groups * m->m_descsize, m->m_bsize);
	m->m_firstmeta = UINT32_MAX;
	near = m->m_gdblks;
	if (ext2_incompat(m, EXT2_FI_META_BG)) {
		m->m_firstmeta = near = le32_get(sb->s_first_meta_bg);
		if (near > m->m_gdblks)
			return bad_field(m, "s_first_meta_bg", near);
		near = kmax(near, 1);
	}
	if (m->m_sbblk + 1 + (uint64_t)near + reserved >
	    kmin(m->m_blocks, m->m_first + (uint64_t)m->m_bpg))
		return bad_field(m, "s_reserved_gdt_blocks", reserved);
	return 0;
}

/* Groups and totals. */
static int
super_counts(struct ext2_mount *m, const struct ext2_super_disk *sb)
{
	uint64_t groups;
	int error;

	error = super_blocks(m, sb);
	if (error != 0)
		return error;
	m->m_ipg = le32_get(sb->s_inodes_per_group);
	m->m_inodes = le32_get(sb->s_inodes_count);
	if (m->m_ipg == 0 || m->m_ipg > m->m_bsize * 8)
		return bad_field(m, "s_inodes_per_group", m->m_ipg);
	m->m_itblks = (uint32_t)howmany(m->m_ipg, m->m_ipb);
	groups = howmany(m->m_blocks - m->m_first, m->m_bpg);
	if (groups > UINT32_MAX / m->m_ipg || groups * m->m_ipg != m->m_inodes)
		return bad_field(m, "s_inodes_count", m->m_inodes);
	/* The reserved inodes all lie in the first group. */
	if (m->m_firstino < EXT2_OLD_FIRSTINO || m->m_firstino - 1 > m->m_ipg)
		return bad_field(m, "s_first_ino", m->m_firstino);
	m->m_groups = (uint32_t)groups;
	return super_descriptors(m, sb);
}

/* The largest file: what the map can address, and i_blocks count. */
static void
super_maxfile(struct ext2_mount *m, const struct ext2_super_disk *sb)
{
	uint64_t apb = m->m_apb;
	uint64_t blks = EXT2_NDIRECT + apb + apb * apb + apb * apb * apb;
	uint64_t extblks = UINT32_MAX;

	if (!ext2_rocompat(m, EXT2_FR_HUGE_FILE)) {
		/* 2^32 - 1 sectors, less the indirect blocks that they
		 * need. */
		uint64_t sectors = (uint64_t)UINT32_MAX / ext2_spb(m);
		uint64_t meta = 4 + sectors / apb + sectors / (apb * apb);

		blks = kmin(blks, sectors - meta);
		extblks = kmin(extblks, sectors - 4 - sectors / apb);
	}
	m->m_maxfile = kmin(blks, UINT32_MAX) << m->m_bshift;
	m->m_maxextfile = extblks << m->m_bshift;
	if (le32_get(sb->s_rev_level) == EXT2_REV_OLD)
		m->m_maxfile = kmin(m->m_maxfile, (uint64_t)INT32_MAX);
}

int
ext2_super_words(struct ext2_mount *m, const struct ext2_super_disk *sb)
{
	uint32_t is = le32_get(sb->s_checksum), should;

	if (le32_get(sb->s_rev_level) != EXT2_REV_OLD) {
		m->m_compat = le32_get(sb->s_feature_compat);
		m->m_incompat = le32_get(sb->s_feature_incompat);
		m->m_rocompat = le32_get(sb->s_feature_ro_compat);
	}
	m->m_csum = ext2_rocompat(m, EXT2_FR_METADATA_CSUM);
	m->m_gdcsum = m->m_csum || ext2_rocompat(m, EXT2_FR_GDT_CSUM);
	m->m_csumverify = m->m_csum && !m->m_nocsum;
	m->m_seed = ext2_csum_seed(sb);
	if (!m->m_csumverify)
		return 0;
	should = ext2_csum_super(sb);
	if (is != should)
		return ext2_csum_bad(m, 0, is, should, "superblock");
	if (sb->s_checksum_type != EXT2_CSUM_CRC32C)
		return bad_field(m, "s_checksum_type", sb->s_checksum_type);
	return 0;
}

int
ext2_super_load(struct ext2_mount *m, const struct ext2_super_disk *sb)
{
	int error;

	m->m_sb = *sb;
	m->m_oldstate = le16_get(sb->s_state);
	m->m_filetype = ext2_incompat(m, EXT2_FI_FILETYPE);
	error = super_sizes(m, sb);
	if (error == 0)
		error = super_counts(m, sb);
	if (error == 0)
		super_maxfile(m, sb);
	return error;
}

const char *
ext2_super_typename(const struct ext2_super_disk *sb)
{
	uint32_t ext3_incompat = EXT2_FI_FILETYPE | EXT2_FI_RECOVER |
	    EXT2_FI_META_BG;
	uint32_t ext3_rocompat = EXT2_FR_SPARSE_SUPER | EXT2_FR_LARGE_FILE |
	    EXT2_FR_BTREE_DIR;

	if (le32_get(sb->s_rev_level) == EXT2_REV_OLD)
		return "ext2";
	if ((le32_get(sb->s_feature_incompat) & ~ext3_incompat) != 0 ||
	    (le32_get(sb->s_feature_ro_compat) & ~ext3_rocompat) != 0)
		return "ext4";
	if ((le32_get(sb->s_feature_compat) & EXT2_FC_HAS_JOURNAL) != 0)
		return "ext3";
	return "ext2";
}

void
ext2_uuid_string(const uint8_t u[16], char *buf, size_t size)
{
	if (kmemzero(u, 16)) {
		buf[0] = '\0';
		return;
	}
	(void)ksnprintf(buf, size,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10],
	    u[11], u[12], u[13], u[14], u[15]);
}

int
ext2_super_put(struct ext2_mount *m, bool now)
{
	uint64_t off = rounddown2(EXT2_SB_OFFSET, m->m_bsize);
	struct buf *bp;
	int error;

	error = bread(m->m_dev, off, m->m_bsize, &bp);
	if (error != 0)
		return error;
	if (m->m_csum)
		le32_put(&m->m_sb.s_checksum, ext2_csum_super(&m->m_sb));
	memcpy(bp->b_data + (EXT2_SB_OFFSET - off), &m->m_sb, EXT2_SB_SIZE);
	if (now)
		return bwrite(bp);
	bdwrite(bp);
	return 0;
}
