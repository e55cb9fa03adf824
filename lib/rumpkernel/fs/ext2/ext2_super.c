/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The superblock: reading, checking each field that arithmetic rests on, and
 * what features allow.
 *
 * It stands 1024 bytes into the device; with blocks of 1 KiB that is block 1,
 * else a part of block 0.  Its buffer has the block's extent like all others.
 *
 * Supported here: revisions 0 and 1; filetype; extents (reading); sparse_super, large_file; of the
 * compatible ones any.
 */
#include "fs/ext2/ext2.h"
#include "kern/klwp.h"
#include "kern/kstring.h"

#define SUPPORTED_INCOMPAT \
	(EXT2_FI_FILETYPE | EXT2_FI_RECOVER | EXT2_FI_EXTENTS)
#define SUPPORTED_RO_COMPAT (EXT2_FR_SPARSE_SUPER | EXT2_FR_LARGE_FILE)

struct featname {
	uint32_t fn_bit;
	const char *fn_name;
};
static const struct featname incompat_names[] = {
    {EXT2_FI_COMPRESSION, "compression"},
    {EXT2_FI_FILETYPE, "filetype"},
    {EXT2_FI_RECOVER, "needs_recovery"},
    {EXT2_FI_JOURNAL_DEV, "journal_dev"},
    {EXT2_FI_META_BG, "meta_bg"},
    {EXT2_FI_EXTENTS, "extents"},
    {EXT2_FI_64BIT, "64bit"},
    {EXT2_FI_MMP, "mmp"},
    {EXT2_FI_FLEX_BG, "flex_bg"},
    {EXT2_FI_EA_INODE, "ea_inode"},
    {EXT2_FI_DIRDATA, "dirdata"},
    {EXT2_FI_CSUM_SEED, "metadata_csum_seed"},
    {EXT2_FI_LARGEDIR, "large_dir"},
    {EXT2_FI_INLINE_DATA, "inline_data"},
    {EXT2_FI_ENCRYPT, "encrypt"},
    {EXT2_FI_CASEFOLD, "casefold"},
    {0, NULL},
};
static const struct featname rocompat_names[] = {
    {EXT2_FR_SPARSE_SUPER, "sparse_super"},
    {EXT2_FR_LARGE_FILE, "large_file"},
    {EXT2_FR_BTREE_DIR, "btree_dir"},
    {EXT2_FR_HUGE_FILE, "huge_file"},
    {EXT2_FR_GDT_CSUM, "uninit_bg"},
    {EXT2_FR_DIR_NLINK, "dir_nlink"},
    {EXT2_FR_EXTRA_ISIZE, "extra_isize"},
    {EXT2_FR_HAS_SNAPSHOT, "snapshot"},
    {EXT2_FR_QUOTA, "quota"},
    {EXT2_FR_BIGALLOC, "bigalloc"},
    {EXT2_FR_METADATA_CSUM, "metadata_csum"},
    {EXT2_FR_REPLICA, "replica"},
    {EXT2_FR_READONLY, "read-only"},
    {EXT2_FR_PROJECT, "project"},
    {EXT2_FR_SHARED_BLOCKS, "shared_blocks"},
    {EXT2_FR_VERITY, "verity"},
    {EXT2_FR_ORPHAN_PRESENT, "orphan_present"},
    {0, NULL},
};

/* "extents 64bit", and numbers for bits without a name. */
static void
feature_list(const struct featname *fn, uint32_t bits, char *buf, size_t size)
{
	char num[32];

	buf[0] = '\0';
	for (unsigned i = 0; i < 32; i++) {
		uint32_t bit = (uint32_t)1 << i;
		const struct featname *p = fn;

		if ((bits & bit) == 0)
			continue;
		while (p->fn_name != NULL && p->fn_bit != bit)
			p++;
		(void)ksnprintf(num, sizeof(num), "bit %u", i);
		if (buf[0] != '\0')
			(void)kstrlcat(buf, ", ", size);
		(void)kstrlcat(
		    buf, p->fn_name != NULL ? p->fn_name : num, size);
	}
}

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
	if ((le32_get(sb->s_feature_compat) & EXT2_FC_SPARSE_SUPER2) != 0)
		return g == le32_get(sb->s_backup_bgs[0]) ||
		    g == le32_get(sb->s_backup_bgs[1]);
	if ((le32_get(sb->s_feature_ro_compat) & EXT2_FR_SPARSE_SUPER) != 0)
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
	if (le32_get(sb->s_log_cluster_size) != lbs)
		return bad_field(
		    m, "s_log_cluster_size", le32_get(sb->s_log_cluster_size));
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
	return 0;
}

/* Groups and totals. */
static int
super_counts(struct ext2_mount *m, const struct ext2_super_disk *sb)
{
	uint64_t groups, have = m->m_dev->bd_size >> m->m_bshift;
	uint64_t inodes;

	m->m_blocks = le32_get(sb->s_blocks_count_lo);
	m->m_first = le32_get(sb->s_first_data_block);
	m->m_bpg = le32_get(sb->s_blocks_per_group);
	m->m_ipg = le32_get(sb->s_inodes_per_group);
	m->m_inodes = le32_get(sb->s_inodes_count);
	if (m->m_first != (m->m_bsize == EXT2_MIN_BLOCK ? 1u : 0u))
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
	if (m->m_bpg < 8 || m->m_bpg > m->m_bsize * 8)
		return bad_field(m, "s_blocks_per_group", m->m_bpg);
	if (m->m_ipg == 0 || m->m_ipg > m->m_bsize * 8)
		return bad_field(m, "s_inodes_per_group", m->m_ipg);
	m->m_itblks = (uint32_t)howmany(m->m_ipg, m->m_ipb);
	groups = howmany(m->m_blocks - m->m_first, m->m_bpg);
	inodes = groups * m->m_ipg;
	if (inodes != m->m_inodes)
		return bad_field(m, "s_inodes_count", m->m_inodes);
	/* The reserved inodes all lie in the first group. */
	if (m->m_firstino < EXT2_OLD_FIRSTINO || m->m_firstino - 1 > m->m_ipg)
		return bad_field(m, "s_first_ino", m->m_firstino);
	m->m_groups = (uint32_t)groups;
	m->m_gdblks = (uint32_t)howmany(groups * m->m_descsize, m->m_bsize);
	if (m->m_first + 1 + (uint64_t)m->m_gdblks +
		le16_get(sb->s_reserved_gdt_blocks) >
	    kmin(m->m_blocks, m->m_first + (uint64_t)m->m_bpg))
		return bad_field(m, "s_reserved_gdt_blocks",
		    le16_get(sb->s_reserved_gdt_blocks));
	return 0;
}

/* The largest files: what the trees can address, and i_blocks count. */
static void
super_maxfile(struct ext2_mount *m, const struct ext2_super_disk *sb)
{
	uint64_t apb = m->m_apb;
	uint64_t blks = EXT2_NDIRECT + apb + apb * apb + apb * apb * apb;
	uint64_t meta;

	/* 2^32 - 1 sectors, less the indirect blocks that they need. */
	uint64_t sectors = (uint64_t)UINT32_MAX / ext2_spb(m);
	meta = 4 + sectors / apb + sectors / (apb * apb);
	blks = kmin(blks, sectors - meta);
	m->m_maxfile = blks << m->m_bshift;
	/* Extents number a file's blocks with 32 bits; i_blocks as above. */
	blks = UINT32_MAX;
	if ((le32_get(sb->s_feature_ro_compat) & EXT2_FR_HUGE_FILE) == 0)
		blks = kmin(blks, sectors - 4 - sectors / apb);
	m->m_maxextfile = blks << m->m_bshift;
	if (le32_get(sb->s_rev_level) == EXT2_REV_OLD)
		m->m_maxfile = kmin(m->m_maxfile, (uint64_t)INT32_MAX);
}

int
ext2_super_load(struct ext2_mount *m, const struct ext2_super_disk *sb)
{
	int error;

	error = super_sizes(m, sb);
	if (error == 0)
		error = super_counts(m, sb);
	if (error != 0)
		return error;
	super_maxfile(m, sb);
	m->m_sb = *sb;
	m->m_oldstate = le16_get(sb->s_state);
	if (le32_get(sb->s_rev_level) != EXT2_REV_OLD) {
		m->m_compat = le32_get(sb->s_feature_compat);
		m->m_incompat = le32_get(sb->s_feature_incompat);
		m->m_rocompat = le32_get(sb->s_feature_ro_compat);
	}
	m->m_filetype = ext2_incompat(m, EXT2_FI_FILETYPE);
	m->m_csum = ext2_rocompat(m, EXT2_FR_METADATA_CSUM);
	m->m_csumverify = m->m_csum;
	m->m_seed = ext2_csum_seed(sb);
	return 0;
}

int
ext2_super_features(struct ext2_mount *m, const struct ext2_super_disk *sb)
{
	uint32_t incompat = le32_get(sb->s_feature_incompat);
	uint32_t rocompat = le32_get(sb->s_feature_ro_compat);
	bool writing = (m->m_mp->mnt_flags & RUMP_MNT_RDONLY) == 0;
	char names[160];

	if (le32_get(sb->s_rev_level) == EXT2_REV_OLD)
		return 0; /* these fields don't exist */
	if ((incompat & ~SUPPORTED_INCOMPAT) != 0) {
		uint32_t bits = incompat & ~SUPPORTED_INCOMPAT;

		feature_list(incompat_names, bits, names, sizeof(names));
		mount_message(m->m_mp, 0, UINT64_MAX,
		    "feature%s %s %s not supported", ispow2(bits) ? "" : "s",
		    names, ispow2(bits) ? "is" : "are");
		return EOPNOTSUPP;
	}
	if ((incompat & EXT2_FI_RECOVER) != 0) {
		mount_message(m->m_mp, 0, UINT64_MAX,
		    writing
			? "the journal needs recovery: mounted read-only, "
			  "and the journal was not replayed"
			: "the journal needs recovery and was not replayed");
		m->m_mp->mnt_flags |= RUMP_MNT_RDONLY;
		writing = false;
	}
	if (ext2_incompat(m, EXT2_FI_EXTENTS) && writing) {
		mount_message(m->m_mp, 0, UINT64_MAX,
		    "feature extents is not supported for writing: mounted "
		    "read-only");
		m->m_mp->mnt_flags |= RUMP_MNT_RDONLY;
		writing = false;
	}
	if ((rocompat & ~SUPPORTED_RO_COMPAT) != 0 && writing) {
		uint32_t bits = rocompat & ~SUPPORTED_RO_COMPAT;

		feature_list(rocompat_names, bits, names, sizeof(names));
		mount_message(m->m_mp, 0, UINT64_MAX,
		    "feature%s %s %s not supported for writing: mounted "
		    "read-only",
		    ispow2(bits) ? "" : "s", names,
		    ispow2(bits) ? "is" : "are");
		m->m_mp->mnt_flags |= RUMP_MNT_RDONLY;
	}
	return 0;
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
	memcpy(bp->b_data + (EXT2_SB_OFFSET - off), &m->m_sb, EXT2_SB_SIZE);
	if (now)
		return bwrite(bp);
	bdwrite(bp);
	return 0;
}
