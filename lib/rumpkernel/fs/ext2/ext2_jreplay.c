/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replaying the log into an overlay, in three passes as all others do it:
 *
 *	SCAN	from s_start on while transactions follow each other and are
 *		whole: where does the log end?
 *	REVOKE	collect revoked blocks, each with the last transaction that did
 *	REPLAY	each logged block that isn't revoked by its own transaction or a
 *		later one goes to its place
 *
 * A transaction is whole if its commit block is there and, with checksums, right.
 * One that is not ends the log; it is damage only where its commit is younger than
 * those before it (an older one is what an earlier turn of the log left).
 *
 * A block's place in the overlay leads to its copy in the log; only escaped ones
 * take memory.  Each pass reads a block of the log at most once, whatever its
 * headers say.
 *
 * Left out: fast commits are found, not replayed.
 */
#include "fs/ext2/ext2_journal.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

enum pass {
	PASS_SCAN,
	PASS_REVOKE,
	PASS_REPLAY,
};

struct revoked {
	uint64_t rv_blk; /* + 1; 0: empty */
	uint32_t rv_seq;
};

struct replay {
	struct ext2_journal *r_j;
	struct blkdev *r_ov;
	enum pass r_pass;
	uint8_t *r_blk, *r_data; /* a header's block, a logged one */
	uint32_t r_at;		 /* the next block of the log */
	uint32_t r_left;	 /* blocks that this pass may still read */
	uint32_t r_seq;		 /* the transaction that it is in */
	uint32_t r_endseq;	 /* SCAN found: the first that isn't there */
	bool r_doubtful;	 /* a descriptor's checksum was wrong */
	bool r_done;
	uint64_t r_lasttime; /* of the last commit: seconds */
	uint32_t r_crc;	     /* version 1: of the transaction so far */
	struct revoked *r_rev;
	uint64_t r_revroom, r_nrev;
};

static int
bad_log(struct replay *r, const char *what, uint64_t value)
{
	mount_message(r->r_j->j_mp, EXT2_INO_JOURNAL, UINT64_MAX,
	    "journal: transaction %u: %s %llu", r->r_seq, what,
	    (unsigned long long)value);
	return EUCLEAN;
}

/* CRC-32, most significant bit first. */
static uint32_t
crc32_be(uint32_t crc, const uint8_t *p, size_t len)
{
	static const uint32_t nibble[16] = {0x00000000, 0x04c11db7, 0x09823b6e,
	    0x0d4326d9, 0x130476dc, 0x17c56b6b, 0x1a864db2, 0x1e475005,
	    0x2608edb8, 0x22c9f00f, 0x2f8ad6d6, 0x2b4bcb61, 0x350c9b64,
	    0x31cd86d3, 0x3c8ea00a, 0x384fbdbd};

	for (; len > 0; len--, p++) {
		crc ^= (uint32_t)*p << 24;
		crc = crc << 4 ^ nibble[crc >> 28];
		crc = crc << 4 ^ nibble[crc >> 28];
	}
	return crc;
}

/* ---- what is revoked ----------------------------------------------------------- */

static struct revoked *
rev_slot(struct revoked *v, uint64_t room, uint64_t blk)
{
	uint64_t i = (blk * UINT64_C(0x9e3779b97f4a7c15) >> 16) & (room - 1);

	while (v[i].rv_blk != 0 && v[i].rv_blk != blk + 1)
		i = (i + 1) & (room - 1);
	return &v[i];
}

static int
rev_grow(struct replay *r)
{
	uint64_t room = r->r_revroom == 0 ? 256 : r->r_revroom * 2;
	struct revoked *v = kmem_calloc(room, sizeof(*v));

	if (v == NULL)
		return ENOMEM;
	for (uint64_t i = 0; i < r->r_revroom; i++)
		if (r->r_rev[i].rv_blk != 0)
			*rev_slot(
			    v, room, r->r_rev[i].rv_blk - 1) = r->r_rev[i];
	kmem_free(r->r_rev, r->r_revroom * sizeof(*v));
	r->r_rev = v;
	r->r_revroom = room;
	return 0;
}

static int
rev_enter(struct replay *r, uint64_t blk)
{
	struct revoked *rv;
	int error;

	/* What isn't a block can't be replayed either. */
	if (blk >= r->r_j->j_dev->bd_size >> r->r_j->j_bshift)
		return 0;
	if (r->r_nrev >= r->r_revroom / 2) {
		error = rev_grow(r);
		if (error != 0)
			return error;
	}
	rv = rev_slot(r->r_rev, r->r_revroom, blk);
	if (rv->rv_blk == 0) {
		rv->rv_blk = blk + 1;
		rv->rv_seq = r->r_seq;
		r->r_nrev++;
	} else if (ext2_jseq_geq(r->r_seq, rv->rv_seq)) {
		rv->rv_seq = r->r_seq;
	}
	return 0;
}

static bool
rev_has(struct replay *r, uint64_t blk)
{
	struct revoked *rv;

	if (r->r_nrev == 0)
		return false;
	rv = rev_slot(r->r_rev, r->r_revroom, blk);
	return rv->rv_blk != 0 && ext2_jseq_geq(rv->rv_seq, r->r_seq);
}

/* ---- blocks of the log ----------------------------------------------------------- */

/* The next block's number; EUCLEAN: this turn of the log has been read whole. */
static int
log_next(struct replay *r, uint32_t *jblkp)
{
	if (r->r_left == 0)
		return bad_log(
		    r, "the log winds round into itself at block", r->r_at);
	r->r_left--;
	*jblkp = r->r_at;
	r->r_at = ext2_journal_next(r->r_j, r->r_at);
	return 0;
}

static bool
tail_right(const struct replay *r)
{
	const struct ext2_journal *j = r->r_j;
	be32_t sum;

	if (j->j_tailsize == 0)
		return true;
	memcpy(&sum, r->r_blk + j->j_bsize - JBD2_TAIL_SIZE, sizeof(sum));
	return be32_get(sum) == ext2_jcsum_tail(j, r->r_blk);
}

struct tag {
	uint64_t t_blk;
	uint32_t t_flags, t_csum, t_size;
};

/* The tag at p.  False: the block ends before it does. */
static bool
tag_get(const struct ext2_journal *j, const uint8_t *p, uint32_t room,
    struct tag *t)
{
	if (room < j->j_tagsize)
		return false;
	if (j->j_csum == JCSUM_V3) {
		struct jbd2_tag3_disk d;

		memcpy(&d, p, sizeof(d));
		t->t_blk = be32_get(d.t_blocknr);
		if (j->j_64bit)
			t->t_blk |= (uint64_t)be32_get(d.t_blocknr_high) << 32;
		t->t_flags = be32_get(d.t_flags);
		t->t_csum = be32_get(d.t_checksum);
	} else {
		struct jbd2_tag_disk d;

		memset(&d, 0, sizeof(d));
		memcpy(&d, p, kmin(j->j_tagsize, sizeof(d)));
		t->t_blk = be32_get(d.t_blocknr);
		if (j->j_64bit)
			t->t_blk |= (uint64_t)be32_get(d.t_blocknr_high) << 32;
		t->t_flags = be16_get(d.t_flags);
		t->t_csum = be16_get(d.t_checksum);
	}
	t->t_size = j->j_tagsize +
	    ((t->t_flags & JBD2_TAG_SAME_UUID) != 0 ? 0 : 16);
	return t->t_size <= room;
}

/* A logged block to its place. */
static int
replay_block(struct replay *r, const struct tag *t, uint32_t jblk)
{
	struct ext2_journal *j = r->r_j;
	uint64_t from = ext2_journal_blk(j, jblk) << j->j_bshift;
	uint32_t sum;
	be32_t magic;
	int error;

	if (rev_has(r, t->t_blk))
		return 0;
	if (t->t_blk >= r->r_ov->bd_size >> j->j_bshift)
		return bad_log(r, "outside of the device is block", t->t_blk);
	if (ext2_journal_has(j, t->t_blk))
		return bad_log(
		    r, "into the journal itself leads block", t->t_blk);
	if (j->j_csum >= JCSUM_V2 || (t->t_flags & JBD2_TAG_ESCAPE) != 0) {
		error = ext2_journal_read(j, jblk, r->r_data);
		if (error != 0)
			return error;
	}
	if (j->j_csum >= JCSUM_V2) {
		sum = ext2_jcsum_data(j, r->r_seq, r->r_data);
		if (j->j_csum == JCSUM_V2)
			sum &= 0xffff;
		if (sum != t->t_csum)
			return bad_log(
			    r, "wrong is the checksum of block", t->t_blk);
	}
	if ((t->t_flags & JBD2_TAG_ESCAPE) == 0)
		return blkdev_overlay_map(
		    r->r_ov, t->t_blk << j->j_bshift, from);
	be32_put(&magic, JBD2_MAGIC);
	memcpy(r->r_data, &magic, sizeof(magic));
	return blkdev_write(
	    r->r_ov, r->r_data, t->t_blk << j->j_bshift, j->j_bsize, BIO_META);
}

static int
do_descriptor(struct replay *r)
{
	struct ext2_journal *j = r->r_j;
	uint32_t off = sizeof(struct jbd2_header_disk), jblk;
	uint32_t end = j->j_bsize - j->j_tailsize;
	struct tag t = {.t_flags = 0};
	int error = 0;

	if (!tail_right(r)) {
		if (r->r_pass != PASS_SCAN)
			return bad_log(r,
			    "wrong is the checksum of a descriptor at",
			    r->r_at);
		r->r_doubtful = true;
	}
	if (j->j_csum == JCSUM_V1 && r->r_pass == PASS_SCAN)
		r->r_crc = crc32_be(r->r_crc, r->r_blk, j->j_bsize);
	for (; error == 0 && (t.t_flags & JBD2_TAG_LAST) == 0;
	     off += t.t_size) {
		if (!tag_get(j, r->r_blk + off, end - off, &t))
			break;
		error = log_next(r, &jblk);
		if (error == 0 && r->r_pass == PASS_REPLAY)
			error = replay_block(r, &t, jblk);
		if (error == 0 && r->r_pass == PASS_SCAN &&
		    j->j_csum == JCSUM_V1) {
			error = ext2_journal_read(j, jblk, r->r_data);
			r->r_crc = crc32_be(r->r_crc, r->r_data, j->j_bsize);
		}
	}
	return error;
}

static int
do_revoke(struct replay *r)
{
	struct ext2_journal *j = r->r_j;
	struct jbd2_revoke_disk rd;
	uint32_t each = j->j_64bit ? 8 : 4, off = sizeof(rd), end;
	int error = 0;

	if (r->r_pass != PASS_REVOKE)
		return 0;
	if (!tail_right(r))
		return bad_log(r,
		    "wrong is the checksum of a revoke block before", r->r_at);
	memcpy(&rd, r->r_blk, sizeof(rd));
	end = be32_get(rd.r_count);
	if (end < off || end > j->j_bsize - j->j_tailsize)
		return bad_log(r, "in a revoke block, r_count is", end);
	for (; off + each <= end && error == 0; off += each) {
		be64_t b8;
		be32_t b4;

		memcpy(&b8, r->r_blk + off, each == 8 ? 8 : 4);
		memcpy(&b4, r->r_blk + off, sizeof(b4));
		error = rev_enter(r, each == 8 ? be64_get(b8) : be32_get(b4));
	}
	return error;
}

/* Version 1's checksum: right, or not used. */
static bool
crc_right(const struct replay *r, const struct jbd2_commit_disk *cd)
{
	uint32_t sum = be32_get(cd->h_chksum[0]);

	if (cd->h_chksum_type == 0 && cd->h_chksum_size == 0 && sum == 0)
		return true;
	return cd->h_chksum_type == JBD2_CHKSUM_CRC32 &&
	    cd->h_chksum_size == 4 && sum == r->r_crc;
}

static int
do_commit(struct replay *r)
{
	struct ext2_journal *j = r->r_j;
	struct jbd2_commit_disk cd;
	uint64_t when;
	bool right = true;

	if (r->r_pass != PASS_SCAN) {
		r->r_seq++;
		return 0;
	}
	memcpy(&cd, r->r_blk, sizeof(cd));
	when = be64_get(cd.h_commit_sec);
	if (r->r_doubtful)
		right = false;
	else if (j->j_csum == JCSUM_V1)
		right = crc_right(r, &cd);
	else if (j->j_csum >= JCSUM_V2)
		right = be32_get(cd.h_chksum[0]) ==
		    ext2_jcsum_commit(j, r->r_blk);
	if (!right) {
		r->r_done = true;
		/* Is it of this turn of the log, and did others rely on it? */
		if (r->r_doubtful && when >= r->r_lasttime)
			return bad_log(r,
			    "wrong is the checksum of what is committed at",
			    when);
		return 0;
	}
	r->r_lasttime = when;
	r->r_crc = ~0u;
	r->r_seq++;
	return 0;
}

static int
one_pass(struct replay *r, enum pass pass)
{
	struct ext2_journal *j = r->r_j;
	struct jbd2_header_disk h;
	uint32_t jblk, type;
	int error = 0;

	r->r_pass = pass;
	r->r_seq = be32_get(j->j_sb.s_sequence);
	r->r_at = be32_get(j->j_sb.s_start);
	r->r_left = j->j_end - j->j_first;
	r->r_crc = ~0u;
	r->r_doubtful = r->r_done = false;
	while (error == 0 && !r->r_done && r->r_left > 0) {
		if (pass != PASS_SCAN && r->r_seq == r->r_endseq)
			break;
		error = log_next(r, &jblk);
		if (error == 0)
			error = ext2_journal_read(j, jblk, r->r_blk);
		if (error != 0)
			break;
		memcpy(&h, r->r_blk, sizeof(h));
		if (be32_get(h.h_magic) != JBD2_MAGIC ||
		    be32_get(h.h_sequence) != r->r_seq)
			break;
		type = be32_get(h.h_blocktype);
		if (type == JBD2_DESCRIPTOR)
			error = do_descriptor(r);
		else if (type == JBD2_REVOKE)
			error = do_revoke(r);
		else if (type == JBD2_COMMIT)
			error = do_commit(r);
		else
			break;
	}
	/* SCAN may run into what an earlier turn of the log left. */
	if (pass == PASS_SCAN)
		r->r_endseq = r->r_seq;
	else if (error == 0 && r->r_seq != r->r_endseq)
		error = bad_log(r, "the log ends before", r->r_endseq);
	return error;
}

/* Does a fast commit follow the last transaction? */
static int
look_for_fast(struct replay *r, bool *fcp)
{
	struct ext2_journal *j = r->r_j;
	struct ext4_fc_head_disk h;
	int error;

	if (j->j_fcblks == 0)
		return 0;
	error = ext2_journal_read(j, j->j_end, r->r_blk);
	if (error != 0)
		return error;
	memcpy(&h, r->r_blk, sizeof(h));
	*fcp = le16_get(h.fc_tag) == EXT4_FC_TAG_HEAD &&
	    le16_get(h.fc_len) == 8 && le32_get(h.fc_tid) == r->r_endseq;
	return 0;
}

int
ext2_journal_replay(
    struct ext2_journal *j, struct blkdev *ov, uint32_t *nextp, bool *fcp)
{
	struct replay r = {.r_j = j, .r_ov = ov};
	int error = 0;

	*nextp = be32_get(j->j_sb.s_sequence) + 1;
	if (be32_get(j->j_sb.s_start) == 0)
		return 0;
	r.r_blk = kmem_alloc(j->j_bsize);
	r.r_data = kmem_alloc(j->j_bsize);
	if (r.r_blk == NULL || r.r_data == NULL)
		error = ENOMEM;
	for (enum pass p = PASS_SCAN; p <= PASS_REPLAY && error == 0; p++)
		error = one_pass(&r, p);
	if (error == 0)
		error = look_for_fast(&r, fcp);
	*nextp = r.r_endseq + 1;
	kmem_free(r.r_blk, j->j_bsize);
	kmem_free(r.r_data, j->j_bsize);
	kmem_free(r.r_rev, r.r_revroom * sizeof(*r.r_rev));
	return error;
}
