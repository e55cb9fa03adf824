/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiple-mount protection (mmp): a block in which whoever has the file system
 * mounted for writing counts, all few seconds, and says who it is.
 *
 * Such file systems are only read here, so that the block is only looked at: one
 * that is in use elsewhere may change under the reader, which is said.
 */
#include "fs/ext2/ext2.h"
#include "kern/kstring.h"

static int
mmp_check(struct ext2_mount *m, const struct ext2_mmp_disk *mmp)
{
	uint32_t is = le32_get(mmp->mmp_checksum), should;

	if (le32_get(mmp->mmp_magic) != EXT2_MMP_MAGIC)
		return ext2_damage(m, 0,
		    "the block against multiple mounts has no magic number");
	if (!m->m_csumverify)
		return 0;
	should = ext2_csum_mmp(m->m_seed, mmp);
	if (is != should)
		return ext2_csum_bad(
		    m, 0, is, should, "block against multiple mounts");
	return 0;
}

static void
mmp_warn(struct ext2_mount *m, const struct ext2_mmp_disk *mmp)
{
	char node[sizeof(mmp->mmp_nodename) + 1];
	uint32_t seq = le32_get(mmp->mmp_seq);
	size_t n = 0;

	if (seq == EXT2_MMP_SEQ_CLEAN)
		return;
	for (; n < sizeof(node) - 1 && mmp->mmp_nodename[n] > ' ' &&
	     mmp->mmp_nodename[n] < 0x7f;
	     n++)
		node[n] = (char)mmp->mmp_nodename[n];
	node[n] = '\0';
	mount_warn(m->m_mp, "is in use by %s%s%s (multiple-mount protection)",
	    seq == EXT2_MMP_SEQ_FSCK ? "a checker" : "another mount",
	    n > 0 ? " on " : "", node);
}

int
ext2_mmp_look(struct ext2_mount *m)
{
	uint64_t blk = le64_get(m->m_sb.s_mmp_block);
	struct buf *bp;
	int error;

	if (!ext2_incompat(m, EXT2_FI_MMP))
		return 0;
	if (!ext2_blocks_sane(m, blk, 1))
		return ext2_damage(m, 0, "s_mmp_block %llu is out of range",
		    (unsigned long long)blk);
	error = bread(m->m_dev, ext2_blkoff(m, blk), m->m_bsize, &bp);
	if (error != 0)
		return error;
	error = mmp_check(m, (const void *)bp->b_data);
	if (error == 0)
		mmp_warn(m, (const void *)bp->b_data);
	brelse(bp);
	return error;
}
