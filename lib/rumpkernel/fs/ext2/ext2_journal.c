/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal: finding it, checking its superblock, recovery at mount.
 *
 * It is a file without a name (inode 8).  Its map is read once and kept as runs;
 * from then on its blocks are read and written past the buffer cache, by nobody
 * else.
 *
 * Recovery of a writing mount goes
 *
 *	replay into an overlay -> validate there -> overlay to the device, barrier
 *	-> log marked empty, barrier -> needs_recovery cleared
 *
 * so that what fails before has changed nothing, and what is interrupted starts
 * again.
 *
 * Left out: journals on a device of their own.
 */
#include "fs/ext2/ext2_csum.h"
#include "fs/ext2/ext2_journal.h"
#include "kern/crc32c.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define KNOWN_INCOMPAT                                           \
	(JBD2_FI_REVOKE | JBD2_FI_64BIT | JBD2_FI_ASYNC_COMMIT | \
	    JBD2_FI_CSUM_V2 | JBD2_FI_CSUM_V3 | JBD2_FI_FAST_COMMIT)

/* ---- where it is ------------------------------------------------------------ */

static int
runs_add(struct ext2_journal *j, uint64_t blk, uint32_t n)
{
	struct ext2_jrun *last = &j->j_run[j->j_nrun - 1], *v;
	uint32_t room = j->j_runroom;

	if (j->j_nrun > 0 && last->jr_blk + last->jr_n == blk) {
		last->jr_n += n;
		j->j_blocks += n;
		return 0;
	}
	if (j->j_nrun == room) {
		room = room == 0 ? 16 : room * 2;
		v = kmem_calloc(room, sizeof(*v));
		if (v == NULL)
			return ENOMEM;
		if (j->j_nrun > 0)
			memcpy(v, j->j_run, j->j_nrun * sizeof(*v));
		kmem_free(j->j_run, j->j_runroom * sizeof(*v));
		j->j_run = v;
		j->j_runroom = room;
	}
	j->j_run[j->j_nrun++] = (struct ext2_jrun){
	    .jr_first = j->j_blocks, .jr_n = n, .jr_blk = blk};
	j->j_blocks += n;
	return 0;
}

/* The inode's blocks into j_run. */
static int
runs_load(struct ext2_journal *j, struct ext2_node *np)
{
	struct ext2_mount *m = np->n_m;
	uint64_t n = np->n_st.st_size >> m->m_bshift, lbn, blk, cnt;
	int error;

	if (n < 2 || n > UINT32_MAX || n > m->m_blocks)
		return ext2_damage(m, np->n_ino,
		    "the journal has %llu blocks, which can't be",
		    (unsigned long long)n);
	for (lbn = 0; lbn < n; lbn += cnt) {
		error = ext2_map(np, lbn, n - lbn, &blk, &cnt);
		if (error != 0)
			return error;
		if (blk == 0)
			return ext2_damage(m, np->n_ino,
			    "the journal has a hole at block %llu",
			    (unsigned long long)lbn);
		error = runs_add(j, blk, (uint32_t)cnt);
		if (error != 0)
			return error;
	}
	return 0;
}

uint64_t
ext2_journal_blk(const struct ext2_journal *j, uint32_t jblk)
{
	uint32_t lo = 0, hi = j->j_nrun;

	KASSERT(jblk < j->j_blocks);
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (j->j_run[mid].jr_first <= jblk)
			lo = mid;
		else
			hi = mid;
	}
	return j->j_run[lo].jr_blk + (jblk - j->j_run[lo].jr_first);
}

bool
ext2_journal_has(const struct ext2_journal *j, uint64_t blk)
{
	for (uint32_t i = 0; i < j->j_nrun; i++)
		if (blk >= j->j_run[i].jr_blk &&
		    blk < j->j_run[i].jr_blk + j->j_run[i].jr_n)
			return true;
	return false;
}

int
ext2_journal_read(struct ext2_journal *j, uint32_t jblk, void *buf)
{
	return blkdev_read(j->j_dev, buf,
	    ext2_journal_blk(j, jblk) << j->j_bshift, j->j_bsize, BIO_META);
}

/* ---- checksums ---------------------------------------------------------------- */

static uint32_t
csum_super(const struct jbd2_super_disk *sb)
{
	struct jbd2_super_disk copy = *sb;

	be32_put(&copy.s_checksum, 0);
	return crc32c(~0u, &copy, sizeof(copy));
}

uint32_t
ext2_jcsum_tail(const struct ext2_journal *j, const void *blk)
{
	static const uint8_t zero[JBD2_TAIL_SIZE];
	uint32_t crc = crc32c(j->j_seed, blk, j->j_bsize - JBD2_TAIL_SIZE);

	return crc32c(crc, zero, sizeof(zero));
}

uint32_t
ext2_jcsum_commit(const struct ext2_journal *j, const void *blk)
{
	static const uint8_t zero[4];
	const uint32_t at = __builtin_offsetof(
	    struct jbd2_commit_disk, h_chksum);
	uint32_t crc = crc32c(j->j_seed, blk, at);

	crc = crc32c(crc, zero, sizeof(zero));
	return crc32c(crc, (const uint8_t *)blk + at + 4, j->j_bsize - at - 4);
}

uint32_t
ext2_jcsum_data(const struct ext2_journal *j, uint32_t seq, const void *blk)
{
	be32_t s;

	be32_put(&s, seq);
	return crc32c(crc32c(j->j_seed, &s, sizeof(s)), blk, j->j_bsize);
}

/* ---- the superblock ----------------------------------------------------------- */

static int
bad_super(struct ext2_journal *j, const char *name, uint32_t value)
{
	mount_message(j->j_mp, EXT2_INO_JOURNAL, UINT64_MAX,
	    "journal: %s is %u, which can't be", name, value);
	return EUCLEAN;
}

int
ext2_journal_features(struct ext2_journal *j)
{
	const struct jbd2_super_disk *sb = &j->j_sb;
	uint32_t compat = be32_get(sb->s_feature_compat);
	uint32_t incompat = be32_get(sb->s_feature_incompat);
	uint32_t v23 = incompat & (JBD2_FI_CSUM_V2 | JBD2_FI_CSUM_V3);

	if (be32_get(sb->s_header.h_blocktype) == JBD2_SUPER_V1)
		compat = incompat = v23 = 0;
	else if ((incompat & ~KNOWN_INCOMPAT) != 0) {
		mount_message(j->j_mp, EXT2_INO_JOURNAL, UINT64_MAX,
		    "journal: feature bits 0x%x are not supported",
		    incompat & ~KNOWN_INCOMPAT);
		return EOPNOTSUPP;
	}
	if (v23 == (JBD2_FI_CSUM_V2 | JBD2_FI_CSUM_V3))
		return bad_super(j, "s_feature_incompat", incompat);
	j->j_64bit = (incompat & JBD2_FI_64BIT) != 0;
	j->j_tagsize = j->j_64bit ? 12 : 8;
	j->j_tailsize = j->j_fcblks = 0;
	j->j_csum = JCSUM_NONE;
	if (v23 == JBD2_FI_CSUM_V3) {
		j->j_csum = JCSUM_V3;
		j->j_tagsize = 16;
	} else if (v23 != 0) {
		j->j_csum = JCSUM_V2;
		j->j_tagsize += 2;
	} else if ((compat & JBD2_FC_CHECKSUM) != 0) {
		j->j_csum = JCSUM_V1;
	}
	if (v23 != 0) {
		j->j_tailsize = JBD2_TAIL_SIZE;
		if (sb->s_checksum_type != JBD2_CSUM_CRC32C)
			return bad_super(
			    j, "s_checksum_type", sb->s_checksum_type);
		j->j_seed = crc32c(~0u, sb->s_uuid, sizeof(sb->s_uuid));
	}
	if ((incompat & JBD2_FI_FAST_COMMIT) != 0) {
		j->j_fcblks = be32_get(sb->s_num_fc_blks);
		if (j->j_fcblks == 0)
			j->j_fcblks = JBD2_DEFAULT_FC;
	}
	return 0;
}

static int
super_load(struct ext2_journal *j)
{
	const struct jbd2_super_disk *sb = &j->j_sb;
	uint32_t type, maxlen, start;
	int error;

	error = blkdev_read(j->j_dev, &j->j_sb,
	    ext2_journal_blk(j, 0) << j->j_bshift, sizeof(j->j_sb), BIO_META);
	if (error != 0)
		return error;
	type = be32_get(sb->s_header.h_blocktype);
	maxlen = be32_get(sb->s_maxlen);
	start = be32_get(sb->s_start);
	if (be32_get(sb->s_header.h_magic) != JBD2_MAGIC)
		return bad_super(j, "h_magic", be32_get(sb->s_header.h_magic));
	if (type != JBD2_SUPER_V1 && type != JBD2_SUPER_V2)
		return bad_super(j, "h_blocktype", type);
	if (be32_get(sb->s_blocksize) != j->j_bsize)
		return bad_super(j, "s_blocksize", be32_get(sb->s_blocksize));
	error = ext2_journal_features(j);
	if (error == 0 && j->j_tailsize != 0 &&
	    be32_get(sb->s_checksum) != csum_super(sb))
		error = bad_super(j, "s_checksum", be32_get(sb->s_checksum));
	if (error != 0)
		return error;
	if (maxlen > j->j_blocks || maxlen <= j->j_fcblks)
		return bad_super(j, "s_maxlen", maxlen);
	j->j_first = be32_get(sb->s_first);
	j->j_end = maxlen - j->j_fcblks;
	if (j->j_first == 0 || j->j_first >= j->j_end)
		return bad_super(j, "s_first", j->j_first);
	if (start != 0 && (start < j->j_first || start >= j->j_end))
		return bad_super(j, "s_start", start);
	return 0;
}

int
ext2_journal_putsuper(struct ext2_journal *j, uint32_t start, uint32_t seq)
{
	struct jbd2_super_disk *sb = &j->j_sb;

	be32_put(&sb->s_start, start);
	be32_put(&sb->s_sequence, seq);
	if (j->j_tailsize != 0)
		be32_put(&sb->s_checksum, csum_super(sb));
	return blkdev_write(j->j_dev, sb, ext2_journal_blk(j, 0) << j->j_bshift,
	    sizeof(*sb), BIO_META);
}

int
ext2_journal_open(
    struct ext2_mount *m, struct blkdev *dev, struct ext2_journal **jp)
{
	uint32_t ino = le32_get(m->m_sb.s_journal_inum);
	struct ext2_journal *j;
	struct ext2_node *np;
	int error;

	if (ino != EXT2_INO_JOURNAL)
		return ext2_damage(m, 0, "the journal's inode is %u", ino);
	j = kmem_zalloc(sizeof(*j));
	np = ext2_node_alloc();
	if (j == NULL || np == NULL) {
		error = ENOMEM;
		goto done;
	}
	j->j_mp = m->m_mp;
	j->j_dev = dev;
	j->j_bsize = m->m_bsize;
	j->j_bshift = m->m_bshift;
	error = ext2_node_load(m, ino, np);
	if (error == ESTALE ||
	    (error == 0 && (np->n_st.st_mode & RUMP_S_IFMT) != RUMP_S_IFREG))
		error = ext2_damage(m, ino, "the journal is no regular file");
	if (error == 0)
		error = runs_load(j, np);
	if (error == 0)
		error = super_load(j);
done:
	if (np != NULL)
		ext2_node_free(np);
	if (error == 0)
		*jp = j;
	else
		ext2_journal_close(j);
	return error;
}

void
ext2_journal_close(struct ext2_journal *j)
{
	if (j == NULL)
		return;
	kmem_free(j->j_run, j->j_runroom * sizeof(*j->j_run));
	kmem_free(j, sizeof(*j));
}

/* ---- recovery ------------------------------------------------------------------ */

/* Set or clear needs_recovery on dev, at once. */
static int
mark_recovery(struct blkdev *dev, bool set)
{
	struct ext2_super_disk sb;
	uint32_t bits;
	int error = ext2_super_read(dev, &sb);

	if (error != 0)
		return error == EINVAL ? EUCLEAN : error;
	bits = le32_get(sb.s_feature_incompat) & ~EXT2_FI_RECOVER;
	le32_put(&sb.s_feature_incompat, bits | (set ? EXT2_FI_RECOVER : 0));
	if ((le32_get(sb.s_feature_ro_compat) & EXT2_FR_METADATA_CSUM) != 0)
		le32_put(&sb.s_checksum, ext2_csum_super(&sb));
	return blkdev_write(dev, &sb, EXT2_SB_OFFSET, EXT2_SB_SIZE, BIO_META);
}

/* The overlay becomes the image.  A cut at any place starts all of it again. */
static int
recover_write(struct ext2_journal *j, struct blkdev *ov, uint32_t next)
{
	struct blkdev *dev = j->j_dev;
	int error = mark_recovery(ov, true);

	if (error == 0)
		error = blkdev_overlay_commit(ov);
	if (error == 0)
		error = blkdev_flush(dev);
	if (error == 0)
		error = ext2_journal_putsuper(j, 0, next);
	if (error == 0)
		error = blkdev_flush(dev);
	if (error == 0)
		error = mark_recovery(dev, false);
	if (error == 0)
		error = blkdev_flush(dev);
	return error;
}

/* A mount of dev as it is now, to look at; its buffers stay. */
static int
peek(struct ext2_mount *m, struct blkdev *dev, struct ext2_mount **pp)
{
	struct ext2_mount *p = ext2_mount_alloc(m->m_mp, dev);
	int error;

	if (p == NULL)
		return ENOMEM;
	p->m_nocsum = m->m_nocsum;
	error = ext2_mount_load(p);
	if (error == 0)
		*pp = p;
	else
		ext2_mount_free(p);
	return error;
}

/* Is what the replay gave a file system?  Nothing is written before. */
static int
validate(struct ext2_mount *m, struct blkdev *ov)
{
	struct ext2_mount *p;
	int error = peek(m, ov, &p);

	if (error == 0) {
		error = ext2_root_check(p);
		ext2_mount_free(p);
	}
	bpurge(ov, true);
	return error;
}

static void
show_overlay(struct ext2_mount *m, struct blkdev *ov)
{
	m->m_dev = ov;
	m->m_replayed = true;
	mount_stackdev(m->m_mp, ov);
}

static int
recover_on(struct ext2_mount *m, struct ext2_journal *j, struct blkdev *ov)
{
	struct mount *mp = m->m_mp;
	bool fast = false;
	uint32_t next;
	int error = ext2_journal_replay(j, ov, &next, &fast);

	if (error == 0 && fast) {
		mount_message(mp, EXT2_INO_JOURNAL, UINT64_MAX,
		    "journal: fast commits are not replayed: shown is the "
		    "last full commit, read-only");
		mp->mnt_flags |= RUMP_MNT_RDONLY;
	}
	if (error == 0)
		error = mark_recovery(ov, false);
	if (error != 0)
		return error;
	if ((mp->mnt_flags & RUMP_MNT_RDONLY) != 0) {
		show_overlay(m, ov);
		return 0;
	}
	error = validate(m, ov);
	/* What it found may have made the mount read-only. */
	if (error == 0 && (mp->mnt_flags & RUMP_MNT_RDONLY) != 0) {
		show_overlay(m, ov);
		return 0;
	}
	return error != 0 ? error : recover_write(j, ov, next);
}

int
ext2_journal_recover(struct ext2_mount *m)
{
	struct blkdev *dev = m->m_dev, *ov = NULL;
	struct ext2_journal *j = NULL;
	struct ext2_super_disk sb;
	struct ext2_mount *p;
	int error = ext2_super_read(dev, &sb);

	if (error != 0 || le32_get(sb.s_rev_level) == EXT2_REV_OLD)
		return error == EINVAL ? 0 : error; /* said later */
	if ((le32_get(sb.s_feature_incompat) & EXT2_FI_RECOVER) == 0 ||
	    m->m_norecovery)
		return 0;
	if ((le32_get(sb.s_feature_compat) & EXT2_FC_HAS_JOURNAL) == 0)
		return ext2_damage(m, 0, "needs recovery, but has no journal");
	if (le32_get(sb.s_journal_inum) == 0) {
		mount_message(m->m_mp, 0, UINT64_MAX,
		    "needs recovery from an external journal, which is not "
		    "supported (-o norecovery shows the state without it)");
		return EOPNOTSUPP;
	}
	error = peek(m, dev, &p);
	if (error != 0)
		return error;
	error = ext2_journal_open(p, dev, &j);
	ext2_mount_free(p);
	bpurge(dev, true);
	if (error == 0)
		error = blkdev_overlay_create(dev, j->j_bsize, &ov);
	if (error == 0)
		error = recover_on(m, j, ov);
	ext2_journal_close(j);
	if (ov != NULL)
		blkdev_rele(ov); /* a mount that uses it has its own */
	return error;
}
