/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Features: their names, and which of them this driver reads and writes.
 *
 * What is read is one table of bits a word, what is written is another; who makes
 * writing right for one more feature adds its bit.  Compatible features (the
 * third word) may be ignored by whoever doesn't know them.
 *
 * An incompatible feature that isn't read: refused.  One that is read, but not
 * written: mounted read-only, with one line.
 */
#include "fs/ext2/ext2.h"
#include "kern/kstring.h"

#define READ_INCOMPAT                                                         \
	(EXT2_FI_FILETYPE | EXT2_FI_RECOVER | EXT2_FI_META_BG |               \
	    EXT2_FI_EXTENTS | EXT2_FI_64BIT | EXT2_FI_MMP | EXT2_FI_FLEX_BG | \
	    EXT2_FI_EA_INODE | EXT2_FI_CSUM_SEED | EXT2_FI_LARGEDIR |         \
	    EXT2_FI_INLINE_DATA | EXT2_FI_ENCRYPT | EXT2_FI_CASEFOLD)
#define WRITE_INCOMPAT                                          \
	(EXT2_FI_FILETYPE | EXT2_FI_RECOVER | EXT2_FI_META_BG | \
	    EXT2_FI_EXTENTS | EXT2_FI_64BIT | EXT2_FI_FLEX_BG | \
	    EXT2_FI_CSUM_SEED)
#define WRITE_RO_COMPAT                                                  \
	(EXT2_FR_SPARSE_SUPER | EXT2_FR_LARGE_FILE | EXT2_FR_HUGE_FILE | \
	    EXT2_FR_GDT_CSUM | EXT2_FR_DIR_NLINK | EXT2_FR_EXTRA_ISIZE | \
	    EXT2_FR_METADATA_CSUM)

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

/* A line, and the mount is for reading only. */
static void
no_writing(struct ext2_mount *m, const struct featname *fn, uint32_t bits)
{
	char names[160];

	if ((m->m_mp->mnt_flags & RUMP_MNT_RDONLY) != 0)
		return;
	feature_list(fn, bits, names, sizeof(names));
	mount_message(m->m_mp, 0, UINT64_MAX,
	    "feature%s %s %s not supported for writing: mounted read-only",
	    ispow2(bits) ? "" : "s", names, ispow2(bits) ? "is" : "are");
	m->m_mp->mnt_flags |= RUMP_MNT_RDONLY;
}

int
ext2_super_features(struct ext2_mount *m, const struct ext2_super_disk *sb)
{
	uint32_t incompat = le32_get(sb->s_feature_incompat), bits;
	uint32_t rocompat = le32_get(sb->s_feature_ro_compat);
	char names[160];

	if (le32_get(sb->s_rev_level) == EXT2_REV_OLD)
		return 0; /* these fields don't exist */
	bits = incompat & ~READ_INCOMPAT;
	if (bits != 0) {
		feature_list(incompat_names, bits, names, sizeof(names));
		mount_message(m->m_mp, 0, UINT64_MAX,
		    "feature%s %s %s not supported", ispow2(bits) ? "" : "s",
		    names, ispow2(bits) ? "is" : "are");
		return EOPNOTSUPP;
	}
	if ((incompat & EXT2_FI_RECOVER) != 0 && m->m_norecovery) {
		mount_message(m->m_mp, 0, UINT64_MAX,
		    (m->m_mp->mnt_flags & RUMP_MNT_RDONLY) == 0
			? "the journal needs recovery: mounted read-only, "
			  "and the journal was not replayed"
			: "the journal needs recovery and was not replayed");
		m->m_mp->mnt_flags |= RUMP_MNT_RDONLY;
	}
	bits = incompat & ~WRITE_INCOMPAT;
	if (bits != 0)
		no_writing(m, incompat_names, bits);
	bits = rocompat & ~WRITE_RO_COMPAT;
	if (bits != 0)
		no_writing(m, rocompat_names, bits);
	return 0;
}
