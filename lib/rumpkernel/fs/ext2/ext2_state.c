/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the image says about its own state.
 *
 *   as found -> marked (first change: "valid" cleared, mount count and time,
 *   barrier) -> clean again (unmount: barrier, what it was when found, barrier)
 *
 * With a journal the mark is needs_recovery: set at once at the first change, and
 * cleared when all is in its place and the log is empty.
 *
 * An image that was found dirty stays so: only a checker may say that it is
 * sound.  While an image is being built there are no marks: whoever made it made
 * it valid.
 */
#include "fs/ext2/ext2.h"
#include "kern/klog.h"
#include "kern/klwp.h"
#include "kern/kstring.h"

static uint32_t
now_seconds(void)
{
	int64_t sec;
	int32_t nsec;

	kern_gettime(&sec, &nsec);
	return (uint32_t)sec;
}

static void
set_recovery(struct ext2_mount *m, bool set)
{
	m->m_incompat &= ~EXT2_FI_RECOVER;
	if (set)
		m->m_incompat |= EXT2_FI_RECOVER;
	le32_put(&m->m_sb.s_feature_incompat, m->m_incompat);
}

static int
mark_dirty(struct ext2_mount *m)
{
	struct ext2_super_disk *sb = &m->m_sb, old = m->m_sb;
	uint16_t count = le16_get(sb->s_mnt_count);
	int error;

	if (m->m_journal == NULL)
		le16_put(
		    &sb->s_state, m->m_oldstate & (uint16_t)~EXT2_STATE_VALID);
	else
		set_recovery(m, true);
	if (count < UINT16_MAX)
		le16_put(&sb->s_mnt_count, count + 1);
	le32_put(&sb->s_mtime, now_seconds());
	le32_put(&sb->s_wtime, now_seconds());
	error = ext2_super_put(m, true);
	/* Whoever finds a log must know that it is to be replayed. */
	if (error == 0 && m->m_journal != NULL)
		error = blkdev_write(
		    m->m_dev, sb, EXT2_SB_OFFSET, EXT2_SB_SIZE, BIO_META);
	if (error == 0)
		error = blkdev_flush(m->m_dev);
	if (error != 0)
		m->m_sb = old;
	return error;
}

int
ext2_begin(struct ext2_mount *m)
{
	int error = 0;

	if (unlikely((m->m_mp->mnt_flags & RUMP_MNT_RDONLY) != 0))
		return EROFS;
	if (likely(m->m_marked))
		return 0;
	mutex_enter(&m->m_lock);
	if (!m->m_marked) {
		if (!m->m_building)
			error = mark_dirty(m);
		m->m_marked = error == 0;
	}
	mutex_exit(&m->m_lock);
	return error;
}

int
ext2_mark_clean(struct ext2_mount *m)
{
	uint16_t state = m->m_oldstate;
	int error = 0;

	if (!m->m_marked)
		return 0;
	if (m->m_mp->mnt_damaged)
		state = (state & (uint16_t)~EXT2_STATE_VALID) |
		    EXT2_STATE_ERROR;
	mutex_enter(&m->m_lock);
	if (!m->m_building)
		error = blkdev_flush(m->m_dev);
	if (error == 0) {
		if (m->m_incompat != 0)
			set_recovery(m, false);
		le16_put(&m->m_sb.s_state, state);
		le32_put(&m->m_sb.s_wtime, now_seconds());
		error = ext2_super_put(m, true);
	}
	if (error == 0 && !m->m_building)
		error = blkdev_flush(m->m_dev);
	if (error == 0)
		m->m_marked = false;
	mutex_exit(&m->m_lock);
	return error;
}

int
ext2_refuse(struct ext2_mount *m, uint64_t ino, const char *why)
{
	mount_message(m->m_mp, ino, UINT64_MAX, "%s", why);
	return EOPNOTSUPP;
}

int
ext2_csum_bad(struct ext2_mount *m, uint64_t ino, uint32_t is, uint32_t should,
    const char *fmt, ...)
{
	char what[80];
	va_list ap;

	va_start(ap, fmt);
	(void)kvsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return ext2_damage(
	    m, ino, "%s: checksum is %08x, should be %08x", what, is, should);
}

/* Set bits in a feature word of the superblock, and in m's copy of it. */
static int
need_feature(struct ext2_mount *m, le32_t *word, uint32_t *copy, uint32_t bits)
{
	int error = 0;

	if (le32_get(m->m_sb.s_rev_level) == EXT2_REV_OLD)
		return EOPNOTSUPP;
	if ((le32_get(*word) & bits) == bits)
		return 0;
	mutex_enter(&m->m_lock);
	le32_put(word, le32_get(*word) | bits);
	*copy |= bits;
	error = ext2_super_put(m, false);
	mutex_exit(&m->m_lock);
	return error;
}

int
ext2_need_compat(struct ext2_mount *m, uint32_t bits)
{
	return need_feature(m, &m->m_sb.s_feature_compat, &m->m_compat, bits);
}

int
ext2_need_rocompat(struct ext2_mount *m, uint32_t bits)
{
	return need_feature(
	    m, &m->m_sb.s_feature_ro_compat, &m->m_rocompat, bits);
}
