/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing through the journal.
 *
 *	idle -> running (operations begin and end; the buffers that they change are
 *	pinned) -> committing (no operation is open) -> idle
 *
 * An operation is a handle: one a thread, nested.  A commit waits until none is
 * open and lets none begin, so that what is logged is what all of them left, and
 * no buffer has to be copied.  File data has been written by then; it goes
 *
 *	[data + log] flush [commit block] flush
 *
 * and after the second flush the transaction is durable.  Its buffers are then
 * ordinary dirty ones: the cache writes them to their places when it likes, but not
 * while a later transaction has them pinned.
 *
 * The log's tail moves in one step: when more than half of the log is in use, all
 * dirty buffers are written (right after a commit none is pinned), flush, and the
 * log is empty.  So there is room for another half, which no transaction exceeds.
 *
 * A block that is freed is forgotten in the cache and revoked in the log, and isn't
 * given out again before the commit.
 *
 * Left out: fast commits are never written; a truncation is one transaction (it
 * changes no more than all bitmaps and descriptors; a journal too small for that
 * isn't written to).
 */
#include "fs/ext2/ext2_journal.h"
#include "kern/klog.h"
#include "kern/klwp.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define MAX_PINNED (8u << 20) /* bytes of a transaction */
#define MAX_JOIN   64	      /* blocks of the log in one request */
#define LOW_BLOCKS 1024	      /* free ones below which freed ones are wanted */

/* ---- a transaction's blocks ------------------------------------------------------ */

struct txn {
	struct ext2_journal *t_j;
	struct buf **t_buf; /* busy */
	size_t t_nbuf;
	uint8_t **t_blk; /* all blocks of the log but the commit block */
	uint8_t *t_own;	 /* those that aren't buffers: headers, escaped ones */
	uint32_t t_n, t_nown;
	uint32_t t_room, t_ownroom;
};

static uint32_t
log_size(const struct ext2_journal *j)
{
	return j->j_end - j->j_first;
}

/* Tags in a descriptor block; only its first has a UUID. */
static uint32_t
tags_per_block(const struct ext2_journal *j)
{
	return (j->j_bsize - j->j_tailsize -
		   (uint32_t)sizeof(struct jbd2_header_disk) - 16) /
	    j->j_tagsize;
}

static uint32_t
revokes_per_block(const struct ext2_journal *j)
{
	return (j->j_bsize - j->j_tailsize -
		   (uint32_t)sizeof(struct jbd2_revoke_disk)) /
	    (j->j_64bit ? 8 : 4);
}

static bool
needs_escape(const uint8_t *data)
{
	be32_t magic;

	memcpy(&magic, data, sizeof(magic));
	return be32_get(magic) == JBD2_MAGIC;
}

/* How many blocks it takes, and memory for those that aren't buffers. */
static int
txn_size(struct txn *t)
{
	struct ext2_journal *j = t->t_j;
	uint64_t n;

	n = howmany(t->t_nbuf, tags_per_block(j)) +
	    howmany(j->j_nrev, revokes_per_block(j));
	for (size_t i = 0; i < t->t_nbuf; i++)
		n += needs_escape(t->t_buf[i]->b_data);
	t->t_ownroom = (uint32_t)n;
	if (n + t->t_nbuf + 1 > log_size(j) - j->j_used) {
		mount_message(j->j_mp, 0, UINT64_MAX,
		    "a transaction of %llu blocks is too large for the journal",
		    (unsigned long long)(n + t->t_nbuf + 1));
		return ENOSPC;
	}
	t->t_room = (uint32_t)(n + t->t_nbuf);
	t->t_own = kmem_calloc(t->t_ownroom, j->j_bsize);
	t->t_blk = kmem_calloc(t->t_room, sizeof(*t->t_blk));
	return t->t_own == NULL || t->t_blk == NULL ? ENOMEM : 0;
}

static void
txn_free(struct txn *t)
{
	kmem_free(t->t_own, (size_t)t->t_ownroom * t->t_j->j_bsize);
	kmem_free(t->t_blk, t->t_room * sizeof(*t->t_blk));
}

/* A zeroed block that isn't a buffer; not yet in the log. */
static uint8_t *
own_block(struct txn *t)
{
	KASSERT(t->t_nown < t->t_ownroom);
	return t->t_own + (size_t)t->t_nown++ * t->t_j->j_bsize;
}

static void
append(struct txn *t, uint8_t *blk)
{
	KASSERT(t->t_n < t->t_room);
	t->t_blk[t->t_n++] = blk;
}

static void
put_header(struct ext2_journal *j, uint8_t *blk, uint32_t type)
{
	struct jbd2_header_disk h;

	be32_put(&h.h_magic, JBD2_MAGIC);
	be32_put(&h.h_blocktype, type);
	be32_put(&h.h_sequence, j->j_seq);
	memcpy(blk, &h, sizeof(h));
}

static void
put_tail(struct ext2_journal *j, uint8_t *blk)
{
	be32_t sum;

	if (j->j_tailsize == 0)
		return;
	be32_put(&sum, ext2_jcsum_tail(j, blk));
	memcpy(blk + j->j_bsize - JBD2_TAIL_SIZE, &sum, sizeof(sum));
}

static void
add_revokes(struct txn *t)
{
	struct ext2_journal *j = t->t_j;
	uint32_t i = 0, per = revokes_per_block(j), each = j->j_64bit ? 8 : 4;

	while (i < j->j_nrev) {
		uint32_t n = (uint32_t)kmin(per, j->j_nrev - i);
		uint8_t *blk = own_block(t);
		struct jbd2_revoke_disk rd;
		uint8_t *p = blk + sizeof(rd);

		put_header(j, blk, JBD2_REVOKE);
		memcpy(&rd, blk, sizeof(rd));
		be32_put(&rd.r_count, (uint32_t)sizeof(rd) + n * each);
		memcpy(blk, &rd, sizeof(rd));
		for (; n > 0; n--, i++, p += each) {
			be64_t b8;
			be32_t b4;

			be64_put(&b8, j->j_rev[i]);
			be32_put(&b4, (uint32_t)j->j_rev[i]);
			if (each == 8)
				memcpy(p, &b8, sizeof(b8));
			else
				memcpy(p, &b4, sizeof(b4));
		}
		put_tail(j, blk);
		append(t, blk);
	}
}

/* A tag at p; its size with what follows. */
static uint32_t
put_tag(struct ext2_journal *j, uint8_t *p, uint64_t blk, uint32_t flags,
    const uint8_t *logged)
{
	uint32_t sum = j->j_csum >= JCSUM_V2
	    ? ext2_jcsum_data(j, j->j_seq, logged)
	    : 0;
	uint32_t size = j->j_tagsize;

	if (j->j_csum == JCSUM_V3) {
		struct jbd2_tag3_disk d;

		be32_put(&d.t_blocknr, (uint32_t)blk);
		be32_put(&d.t_blocknr_high, (uint32_t)(blk >> 32));
		be32_put(&d.t_flags, flags);
		be32_put(&d.t_checksum, sum);
		memcpy(p, &d, sizeof(d));
	} else {
		struct jbd2_tag_disk d;

		be32_put(&d.t_blocknr, (uint32_t)blk);
		be32_put(&d.t_blocknr_high, (uint32_t)(blk >> 32));
		be16_put(&d.t_flags, (uint16_t)flags);
		be16_put(&d.t_checksum, (uint16_t)sum);
		memcpy(p, &d, kmin(size, sizeof(d)));
	}
	if ((flags & JBD2_TAG_SAME_UUID) == 0) {
		memcpy(p + size, j->j_sb.s_uuid, 16);
		size += 16;
	}
	return size;
}

static void
add_blocks(struct txn *t)
{
	struct ext2_journal *j = t->t_j;
	uint32_t per = tags_per_block(j);
	size_t i = 0;

	while (i < t->t_nbuf) {
		size_t end = kmin(t->t_nbuf, i + per);
		uint8_t *desc = own_block(t), *p;
		uint32_t flags = 0;

		put_header(j, desc, JBD2_DESCRIPTOR);
		p = desc + sizeof(struct jbd2_header_disk);
		append(t, desc);
		for (; i < end; i++, flags = JBD2_TAG_SAME_UUID) {
			struct buf *bp = t->t_buf[i];
			uint8_t *data = bp->b_data;

			if (i == end - 1)
				flags |= JBD2_TAG_LAST;
			if (needs_escape(data)) {
				flags |= JBD2_TAG_ESCAPE;
				data = own_block(t);
				memcpy(
				    data + 4, bp->b_data + 4, j->j_bsize - 4);
			}
			p += put_tag(
			    j, p, bp->b_off >> j->j_bshift, flags, data);
			append(t, data);
		}
		put_tail(j, desc);
	}
}

/* ---- writing it --------------------------------------------------------------------- */

static int
write_log(struct txn *t)
{
	struct ext2_journal *j = t->t_j;
	struct rumpuser_iov iov[MAX_JOIN];
	uint32_t i, n;
	uint64_t first;
	int error = 0;

	for (i = 0; i < t->t_n && error == 0; i += n) {
		first = ext2_journal_blk(j, j->j_head);
		for (n = 0; n < MAX_JOIN && i + n < t->t_n; n++) {
			if (ext2_journal_blk(j, j->j_head) != first + n)
				break;
			iov[n] = (struct rumpuser_iov){
			    t->t_blk[i + n], j->j_bsize};
			j->j_head = ext2_journal_next(j, j->j_head);
		}
		error = blkdev_writev(j->j_dev, iov, (int)n,
		    first << j->j_bshift, (uint64_t)n * j->j_bsize,
		    BIO_META | BIO_NEW);
	}
	return error;
}

static int
write_commit(struct ext2_journal *j)
{
	struct jbd2_commit_disk cd;
	uint8_t *blk = kmem_zalloc(j->j_bsize);
	int64_t sec;
	int32_t nsec;
	int error;

	if (blk == NULL)
		return ENOMEM;
	kern_gettime(&sec, &nsec);
	put_header(j, blk, JBD2_COMMIT);
	memcpy(&cd, blk, sizeof(cd));
	be64_put(&cd.h_commit_sec, (uint64_t)sec);
	be32_put(&cd.h_commit_nsec, (uint32_t)nsec);
	memcpy(blk, &cd, sizeof(cd));
	if (j->j_csum >= JCSUM_V2) {
		be32_put(&cd.h_chksum[0], ext2_jcsum_commit(j, blk));
		memcpy(blk, &cd, sizeof(cd));
	}
	error = blkdev_write(j->j_dev, blk,
	    ext2_journal_blk(j, j->j_head) << j->j_bshift, j->j_bsize,
	    BIO_META | BIO_NEW);
	j->j_head = ext2_journal_next(j, j->j_head);
	kmem_free(blk, j->j_bsize);
	return error;
}

static int
txn_write(struct txn *t)
{
	struct ext2_journal *j = t->t_j;
	uint32_t start = j->j_head;
	int error;

	add_revokes(t);
	add_blocks(t);
	error = write_log(t);
	/* The first of a log tells where it begins: no harm before the commit. */
	if (error == 0 && j->j_used == 0)
		error = ext2_journal_putsuper(j, start, j->j_seq);
	if (error == 0)
		error = blkdev_flush(j->j_dev);
	if (error == 0)
		error = write_commit(j);
	if (error == 0)
		error = blkdev_flush(j->j_dev);
	return error;
}

/* Everything to its place, and the log is empty.  Nothing is pinned. */
static int
checkpoint(struct ext2_journal *j)
{
	int error;

	if (j->j_used == 0)
		return 0;
	error = bflush(j->j_dev, true);
	if (error == 0)
		error = ext2_journal_putsuper(j, 0, j->j_seq);
	if (error == 0)
		error = blkdev_flush(j->j_dev);
	if (error == 0)
		j->j_used = 0;
	return error;
}

/* What was changed: descriptors and totals come into their buffers now. */
static int
commit_buffers(struct ext2_journal *j)
{
	struct ext2_mount *m = j->j_m;
	struct txn t = {.t_j = j};
	int error;

	if (j->j_bj.bj_npinned == 0 && j->j_nrev == 0)
		return blkdev_flush(j->j_dev); /* of file data */
	mutex_enter(&m->m_lock);
	error = ext2_groups_put(m);
	mutex_exit(&m->m_lock);
	if (error == 0)
		error = bpinned(j->j_dev, &t.t_buf, &t.t_nbuf);
	if (error != 0)
		return error;
	error = txn_size(&t);
	if (error == 0)
		error = txn_write(&t);
	bunpin_all(t.t_buf, t.t_nbuf, error == 0);
	if (error == 0) {
		j->j_used += t.t_n + 1;
		j->j_seq++;
		j->j_nrev = 0;
		mutex_enter(&m->m_lock);
		ext2_bfreed_release(m);
		mutex_exit(&m->m_lock);
		if (j->j_used > log_size(j) / 2)
			error = checkpoint(j);
	}
	txn_free(&t);
	return error;
}

/* j_lock held, and let go in between; nobody else commits, no handle is open. */
static int
commit_locked(struct ext2_journal *j)
{
	int error;

	KASSERT(!j->j_committing);
	j->j_committing = true;
	while (j->j_nh > 0)
		cv_wait(&j->j_cv, &j->j_lock);
	mutex_exit(&j->j_lock);
	error = j->j_aborted ? EIO : commit_buffers(j);
	if (error != 0)
		vfs_ioerror(j->j_mp, error);
	mutex_enter(&j->j_lock);
	if (error != 0)
		j->j_aborted = true;
	j->j_committing = false;
	cv_broadcast(&j->j_cv);
	return error;
}

int
ext2_journal_commit(struct ext2_mount *m)
{
	struct ext2_journal *j = m->m_journal;
	int error;

	mutex_enter(&j->j_lock);
	while (j->j_committing)
		cv_wait(&j->j_cv, &j->j_lock);
	error = commit_locked(j);
	mutex_exit(&j->j_lock);
	return error;
}

/* ---- handles --------------------------------------------------------------------------- */

/* This thread's; EXT2_JHANDLES: it has none. */
static unsigned
handle_find(const struct ext2_journal *j, const struct lwp *l)
{
	unsigned i, seen = 0;

	for (i = 0; i < EXT2_JHANDLES && seen < j->j_nh; i++) {
		if (j->j_h[i].h_l == l)
			return i;
		seen += j->j_h[i].h_l != NULL;
	}
	return EXT2_JHANDLES;
}

static bool
is_full(const struct ext2_journal *j)
{
	return j->j_bj.bj_npinned + j->j_nrev / revokes_per_block(j) >=
	    j->j_max;
}

/* Is what was freed and can't be had yet needed? */
static bool
wants_freed(const struct ext2_journal *j)
{
	const struct ext2_mount *m = j->j_m;

	return m->m_freed > 0 &&
	    m->m_free_blocks - kmin(m->m_free_blocks, m->m_freed) <
	    kmin(LOW_BLOCKS, m->m_blocks / 16);
}

/* A handle of that depth, where it has none. */
static int
handle_open(struct ext2_journal *j, uint32_t depth)
{
	unsigned i = 0;
	int error;

	for (;;) {
		if (j->j_aborted)
			return EROFS;
		if (j->j_committing || j->j_nh == EXT2_JHANDLES) {
			cv_wait(&j->j_cv, &j->j_lock);
			continue;
		}
		if (!is_full(j) && !wants_freed(j))
			break;
		error = commit_locked(j);
		if (error != 0)
			return error;
	}
	while (j->j_h[i].h_l != NULL)
		i++;
	j->j_h[i].h_l = curlwp;
	j->j_h[i].h_depth = depth;
	j->j_nh++;
	return 0;
}

static void
handle_close(struct ext2_journal *j, unsigned i)
{
	j->j_h[i].h_l = NULL;
	if (--j->j_nh == 0 || j->j_nh == EXT2_JHANDLES - 1)
		cv_broadcast(&j->j_cv);
}

int
ext2_opbegin(struct mount *mp)
{
	struct ext2_journal *j = ext2_mount_of(mp)->m_journal;
	unsigned i;
	int error = 0;

	mutex_enter(&j->j_lock);
	i = handle_find(j, curlwp);
	if (i < EXT2_JHANDLES)
		j->j_h[i].h_depth++;
	else
		error = handle_open(j, 1);
	mutex_exit(&j->j_lock);
	return error;
}

void
ext2_opend(struct mount *mp)
{
	struct ext2_journal *j = ext2_mount_of(mp)->m_journal;
	unsigned i;

	mutex_enter(&j->j_lock);
	i = handle_find(j, curlwp);
	/* None: a restart found the journal aborted. */
	if (i < EXT2_JHANDLES && --j->j_h[i].h_depth == 0)
		handle_close(j, i);
	mutex_exit(&j->j_lock);
}

bool
ext2_opfull(struct mount *mp)
{
	return is_full(ext2_mount_of(mp)->m_journal);
}

int
ext2_oprestart(struct mount *mp, bool forced)
{
	struct ext2_mount *m = ext2_mount_of(mp);
	struct ext2_journal *j = m->m_journal;
	uint32_t depth;
	unsigned i;
	int error = 0;

	if (forced && m->m_freed == 0)
		return EAGAIN;
	mutex_enter(&j->j_lock);
	i = handle_find(j, curlwp);
	KASSERT(i < EXT2_JHANDLES || j->j_aborted);
	if (i == EXT2_JHANDLES) {
		mutex_exit(&j->j_lock);
		return EROFS;
	}
	depth = j->j_h[i].h_depth;
	handle_close(j, i);
	if (forced) {
		while (j->j_committing)
			cv_wait(&j->j_cv, &j->j_lock);
		error = commit_locked(j);
	}
	if (error == 0)
		error = handle_open(j, depth);
	mutex_exit(&j->j_lock);
	return error;
}

/* ---- the cache tells ------------------------------------------------------------------ */

static void
forgotten(struct bufjournal *bj, uint64_t off, uint64_t len)
{
	struct ext2_journal *j = (struct ext2_journal *)((uint8_t *)bj -
	    __builtin_offsetof(struct ext2_journal, j_bj));
	uint64_t blk = off >> j->j_bshift, end, *v;
	uint32_t room;

	if (j->j_used == 0)
		return; /* no older transaction could bring it back */
	end = (off + len) >> j->j_bshift;
	mutex_enter(&j->j_revlock);
	for (; blk < end; blk++) {
		if (j->j_nrev == j->j_revroom) {
			room = kmax(64, j->j_revroom * 2);
			v = kmem_calloc(room, sizeof(*v));
			if (v == NULL) { /* not to be forgotten: no commit */
				j->j_aborted = true;
				break;
			}
			if (j->j_nrev > 0)
				memcpy(v, j->j_rev, j->j_nrev * sizeof(*v));
			kmem_free(j->j_rev, j->j_revroom * sizeof(*v));
			j->j_rev = v;
			j->j_revroom = room;
		}
		j->j_rev[j->j_nrev++] = blk;
	}
	mutex_exit(&j->j_revlock);
}

/* ---- begin and end of a mount ------------------------------------------------------------ */

/* Features of a log that is empty: what we write has to have them. */
static int
upgrade(struct ext2_journal *j)
{
	struct ext2_mount *m = j->j_m;
	struct jbd2_super_disk *sb = &j->j_sb;
	uint32_t incompat = be32_get(sb->s_feature_incompat);

	if (be32_get(sb->s_header.h_blocktype) == JBD2_SUPER_V1)
		return EOPNOTSUPP;
	incompat |= JBD2_FI_REVOKE;
	incompat &= ~JBD2_FI_ASYNC_COMMIT;
	if (ext2_incompat(m, EXT2_FI_64BIT))
		incompat |= JBD2_FI_64BIT;
	if (m->m_csum) {
		incompat &= ~JBD2_FI_CSUM_V2;
		incompat |= JBD2_FI_CSUM_V3;
		sb->s_checksum_type = JBD2_CSUM_CRC32C;
	}
	be32_put(&sb->s_feature_incompat, incompat);
	be32_put(&sb->s_feature_compat,
	    be32_get(sb->s_feature_compat) & ~JBD2_FC_CHECKSUM);
	return ext2_journal_features(j);
}

static void
read_only(struct ext2_mount *m, const char *why)
{
	mount_message(m->m_mp, EXT2_INO_JOURNAL, UINT64_MAX,
	    "the journal %s: mounted read-only", why);
	m->m_mp->mnt_flags |= RUMP_MNT_RDONLY;
}

int
ext2_journal_start(struct ext2_mount *m)
{
	struct ext2_journal *j;
	uint32_t quarter;
	int error;

	if (le32_get(m->m_sb.s_journal_inum) == 0) {
		read_only(m, "is on another device, which is not supported");
		return 0;
	}
	error = ext2_journal_open(m, m->m_dev, &j);
	if (error == EUCLEAN || error == EOPNOTSUPP) {
		read_only(m, "can't be used");
		return 0;
	}
	if (error != 0)
		return error;
	j->j_m = m;
	quarter = log_size(j) / 4;
	if (be32_get(j->j_sb.s_start) != 0 || upgrade(j) != 0)
		read_only(m, "can't be written to");
	else if (quarter < 64 + m->m_gdblks ||
	    quarter - 64 - m->m_gdblks < m->m_groups)
		read_only(m, "is too small to write with");
	if ((m->m_mp->mnt_flags & RUMP_MNT_RDONLY) != 0) {
		ext2_journal_close(j);
		return 0;
	}
	mutex_init(&j->j_lock, RANK_TRANSACTION, "journal");
	mutex_init(&j->j_revlock, RANK_BUFFER, "revokes");
	cv_init(&j->j_cv, "journal");
	j->j_bj.bj_forget = forgotten;
	j->j_head = j->j_first;
	j->j_seq = be32_get(j->j_sb.s_sequence) + 1;
	j->j_max = (uint32_t)kmin(quarter,
	    kmax(kmin(MAX_PINNED, kmem_limit() / 16) >> j->j_bshift, 32));
	m->m_journal = j;
	m->m_mp->mnt_transactions = true;
	bsetjournal(m->m_dev, &j->j_bj);
	return 0;
}

int
ext2_journal_stop(struct ext2_mount *m)
{
	struct ext2_journal *j = m->m_journal;
	int error = j->j_aborted ? EIO : 0;

	if ((m->m_mp->mnt_flags & RUMP_MNT_RDONLY) == 0 && error == 0) {
		error = ext2_journal_commit(m);
		if (error == 0)
			error = checkpoint(j);
	}
	if (error != 0 || j->j_bj.bj_npinned > 0)
		bpurge(m->m_dev, true); /* it was never durable */
	bsetjournal(m->m_dev, NULL);
	m->m_mp->mnt_transactions = false;
	m->m_journal = NULL;
	kmem_free(j->j_rev, j->j_revroom * sizeof(*j->j_rev));
	mutex_destroy(&j->j_lock);
	mutex_destroy(&j->j_revlock);
	ext2_journal_close(j);
	return error;
}

void
ext2_journal_abandon(struct ext2_mount *m)
{
	m->m_journal->j_aborted = true;
	(void)ext2_journal_stop(m);
}
