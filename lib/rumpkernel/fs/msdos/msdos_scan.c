/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Going through a directory: entries of 32 bytes.  A name is a set of them, the pieces
 * of the long name, last piece first, and then the short entry; pieces that don't belong
 * to the short entry behind them (order, checksum) are passed over, as everybody does.
 *
 * The first entry whose first byte is 0 ends the directory; what follows it isn't
 * looked at.
 */
#include "fs/msdos/msdos_scan.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

uint32_t
msdos_dir_bytes(const struct msdos_node *np)
{
	return (uint32_t)kmin(np->n_st.st_size, MSDOS_DIR_MAX);
}

void
msdos_scan_init(struct msdos_scan *s, struct msdos_node *np, uint32_t off)
{
	s->s_np = np;
	s->s_off = off;
	s->s_end = msdos_dir_bytes(np);
	s->s_bp = NULL;
	s->s_want = 0;
	s->s_whole = false;
}

void
msdos_scan_done(struct msdos_scan *s)
{
	if (s->s_bp != NULL)
		brelse(s->s_bp);
	s->s_bp = NULL;
}

/* Where byte off of the directory is on the device. */
int
msdos_dir_place(struct msdos_node *np, uint32_t off, uint64_t *devoffp)
{
	struct msdos_mount *m = np->n_m;
	uint32_t cluster, n;
	int error;

	if (msdos_fixedroot(np)) {
		*devoffp = m->m_geom.mg_rootoff + off;
		return 0;
	}
	error = msdos_chain_find(np, off >> m->m_clshift, 1, &cluster, &n);
	if (error == ENOENT)
		error = msdos_damage(m, np->n_st.st_ino,
		    "the directory's chain is shorter than it was");
	if (error == 0)
		*devoffp = msdos_cluster_off(&m->m_geom, cluster) +
		    (off & (m->m_geom.mg_cluster - 1));
	return error;
}

/* The entry at byte off, busy in bp. */
int
msdos_dir_entry(struct msdos_node *np, uint32_t off, struct buf **bpp,
    struct msdos_dirent_disk **dep)
{
	uint64_t devoff;
	int error = msdos_dir_place(np, off, &devoff);

	return error != 0 ? error : msdos_entry_buf(np->n_m, devoff, bpp, dep);
}

/* The entry at s_off, in the block in hand. */
int
msdos_scan_entry(struct msdos_scan *s, struct msdos_dirent_disk **dep)
{
	uint64_t devoff;
	uint32_t in;
	int error;

	if (s->s_bp == NULL || s->s_off < s->s_from || s->s_off >= s->s_to) {
		msdos_scan_done(s);
		error = msdos_dir_place(s->s_np, s->s_off, &devoff);
		if (error == 0)
			error = msdos_entry_buf(
			    s->s_np->n_m, devoff, &s->s_bp, dep);
		if (error != 0) {
			s->s_bp = NULL;
			return error;
		}
		in = (uint32_t)(devoff - s->s_bp->b_off);
		s->s_from = s->s_off - in;
		s->s_to = s->s_from + s->s_bp->b_len;
		s->s_devoff = s->s_bp->b_off;
		return 0;
	}
	*dep = (void *)(s->s_bp->b_data + (s->s_off - s->s_from));
	return 0;
}

static void
scan_piece(struct msdos_scan *s, const struct msdos_longname_disk *ln)
{
	uint8_t seq = ln->ln_seq & MSDOS_LN_SEQ;
	uint16_t *u;

	if ((ln->ln_seq & MSDOS_LN_LAST) != 0) {
		s->s_first = s->s_off;
		s->s_pieces = s->s_want = seq;
		s->s_sum = ln->ln_sum;
		s->s_whole = false;
	}
	if (seq == 0 || seq > MSDOS_LN_PIECES || seq != s->s_want ||
	    ln->ln_sum != s->s_sum) {
		s->s_want = 0;
		s->s_whole = false;
		return;
	}
	u = s->s_name + (seq - 1) * MSDOS_LN_CHARS;
	for (unsigned i = 0; i < 5; i++)
		*u++ = le16_get(ln->ln_name1[i]);
	for (unsigned i = 0; i < 6; i++)
		*u++ = le16_get(ln->ln_name2[i]);
	for (unsigned i = 0; i < 2; i++)
		*u++ = le16_get(ln->ln_name3[i]);
	s->s_want--;
	s->s_whole = s->s_want == 0;
}

/* A short entry: its name is the long one in front of it, if that belongs to it. */
static void
scan_short(struct msdos_scan *s, const struct msdos_dirent_disk *de)
{
	struct msdos_found *f = &s->s_f;
	size_t max = s->s_pieces * MSDOS_LN_CHARS;

	f->mf_de = *de;
	f->mf_entry = s->s_devoff + (s->s_off - s->s_from);
	s->s_islong = s->s_whole && s->s_sum == msdos_short_sum(de->de_name);
	if (s->s_islong) {
		for (s->s_len = 0; s->s_len < max; s->s_len++)
			if (s->s_name[s->s_len] == 0)
				break;
		s->s_islong = s->s_len > 0 && s->s_len <= MSDOS_LN_MAX;
	}
	if (s->s_islong) {
		f->mf_off = s->s_first;
	} else {
		s->s_len = msdos_short_show(de->de_name, de->de_lcase,
		    s->s_np->n_m->m_codepage, s->s_name);
		f->mf_off = s->s_off;
	}
	f->mf_n = (s->s_off - f->mf_off) / MSDOS_DIRENT + 1;
	s->s_whole = false;
	s->s_want = 0;
}

/* The next name ("." and ".." are none): s_name, s_len, s_f.  ENOENT at the end; then
 * s_off is the first entry that was never used. */
int
msdos_scan_next(struct msdos_scan *s)
{
	struct msdos_dirent_disk *de;
	int error;

	for (; s->s_off < s->s_end; s->s_off += MSDOS_DIRENT) {
		error = msdos_scan_entry(s, &de);
		if (error != 0)
			return error;
		if (de->de_name[0] == MSDOS_DE_END)
			return ENOENT;
		if (de->de_name[0] == MSDOS_DE_DELETED) {
			s->s_want = 0;
			s->s_whole = false;
		} else if ((de->de_attr & MSDOS_ATTR_MASK) == MSDOS_ATTR_LONG) {
			scan_piece(s, (const void *)de);
		} else if ((de->de_attr & MSDOS_ATTR_LABEL) != 0 ||
		    memcmp(de->de_name, ".          ", 11) == 0 ||
		    memcmp(de->de_name, "..         ", 11) == 0) {
			s->s_want = 0;
			s->s_whole = false;
		} else {
			scan_short(s, de);
			s->s_off += MSDOS_DIRENT;
			return 0;
		}
	}
	return ENOENT;
}

/* A scan is too large for a stack that others use too. */
struct msdos_scan *
msdos_scan_new(struct msdos_node *np, uint32_t off)
{
	struct msdos_scan *s = kmem_alloc(sizeof(*s));

	if (s != NULL)
		msdos_scan_init(s, np, off);
	return s;
}

void
msdos_scan_free(struct msdos_scan *s)
{
	msdos_scan_done(s);
	kmem_free(s, sizeof(*s));
}

int
msdos_dir_zero(struct msdos_mount *m, uint32_t cluster)
{
	uint32_t unit = (uint32_t)kmin(m->m_geom.mg_cluster, 4096);
	struct buf *bp;
	int error = 0;

	for (uint32_t in = 0; in < m->m_geom.mg_cluster && error == 0;
	     in += unit) {
		error = getblk_zero(m->m_dev,
		    msdos_cluster_off(&m->m_geom, cluster) + in, unit, &bp);
		if (error == 0)
			bdwrite(bp);
	}
	return error;
}
