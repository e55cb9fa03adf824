/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names in a directory: find, enter, remove.
 *
 * All names, long and short, are in a hash in memory (genfs_dirhash.c), which is built
 * on the first search that can have the writer's lock.  Deleted entries are used again;
 * when the directory grows over its end, what follows is made an end.
 */
#include "fs/msdos/msdos_scan.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/unicode.h"

/* ---- searching --------------------------------------------------------------------------- */

/* The hash has both names of a set, in the form that users give them. */
static int
hash_names(struct vnode *dvp, const struct msdos_scan *s, bool enter)
{
	char name[MSDOS_UTF8_MAX];
	uint16_t u[12];
	size_t len;
	int error = 0;

	len = utf8_from_utf16(s->s_name, s->s_len, name);
	if (enter)
		error = dirhash_enter(dvp, name, len, s->s_f.mf_off);
	else
		dirhash_remove(dvp, name, len, s->s_f.mf_off);
	if (!s->s_islong || error != 0)
		return error;
	len = msdos_short_show(s->s_f.mf_de.de_name, s->s_f.mf_de.de_lcase,
	    s->s_np->n_m->m_codepage, u);
	len = utf8_from_utf16(u, len, name);
	if (enter)
		error = dirhash_enter(dvp, name, len, s->s_f.mf_off);
	else
		dirhash_remove(dvp, name, len, s->s_f.mf_off);
	return error;
}

static int
hash_build(struct vnode *dvp)
{
	struct msdos_node *np = msdos_node_of(dvp);
	struct msdos_scan *s = msdos_scan_new(np, 0);
	struct dirhash *dh;
	int error;

	if (s == NULL)
		return ENOMEM;
	error = dirhash_create(dvp, 0, &dh);
	while (error == 0) {
		error = msdos_scan_next(s);
		if (error == 0)
			error = hash_names(dvp, s, true);
	}
	if (error == ENOENT) {
		np->n_end = s->s_off;
		np->n_endknown = true;
		error = 0;
	} else if (dirhash_get(dvp) != NULL) {
		dirhash_destroy(dvp);
	}
	msdos_scan_free(s);
	return error;
}

static struct dirhash *
hash_get(struct vnode *dvp)
{
	struct dirhash *dh = dirhash_get(dvp);

	if (dh != NULL)
		return dh;
	if (vn_wlocked(dvp)) {
		(void)hash_build(dvp);
	} else if (rw_tryupgrade(&dvp->v_lock)) {
		(void)hash_build(dvp);
		rw_downgrade(&dvp->v_lock);
	}
	return dirhash_get(dvp);
}

/* Is what the scan has found called so? */
static bool
is_called(const struct msdos_scan *s, const uint16_t *name, size_t len)
{
	uint16_t u[12];
	size_t n;

	if (msdos_name_equal(s->s_name, s->s_len, name, len))
		return true;
	if (!s->s_islong)
		return false;
	n = msdos_short_show(s->s_f.mf_de.de_name, s->s_f.mf_de.de_lcase,
	    s->s_np->n_m->m_codepage, u);
	return msdos_name_equal(u, n, name, len);
}

static int
search(struct vnode *dvp, const char *name, size_t len, const uint16_t *u,
    size_t ulen, struct msdos_scan *s)
{
	struct msdos_node *np = msdos_node_of(dvp);
	struct dirhash *dh = hash_get(dvp);
	uint32_t iter = 0;
	uint64_t slot;
	int error;

	if (dh == NULL) {
		while ((error = msdos_scan_next(s)) == 0)
			if (is_called(s, u, ulen))
				return 0;
		return error;
	}
	while (dirhash_next(dh, name, len, &iter, &slot) == 0) {
		msdos_scan_done(s);
		msdos_scan_init(s, np, (uint32_t)slot);
		error = msdos_scan_next(s);
		if (error == 0 && is_called(s, u, ulen))
			return 0;
		if (error != 0 && error != ENOENT)
			return error;
	}
	return ENOENT;
}

int
msdos_dir_find(
    struct vnode *dvp, const char *name, size_t len, struct msdos_found *f)
{
	uint16_t u[MSDOS_LN_MAX];
	struct msdos_scan *s;
	size_t n;
	int error;

	error = utf16_from_utf8(name, len, u, MSDOS_LN_MAX, &n);
	if (error != 0)
		return error == EILSEQ ? ENOENT : error;
	s = msdos_scan_new(msdos_node_of(dvp), 0);
	if (s == NULL)
		return ENOMEM;
	error = search(dvp, name, len, u, n, s);
	if (error == 0)
		*f = s->s_f;
	msdos_scan_free(s);
	return error;
}

/* ---- entering ---------------------------------------------------------------------------- */

/* Where the directory ends: the first entry never used. */
static int
find_end(struct vnode *dvp)
{
	struct msdos_node *np = msdos_node_of(dvp);
	struct msdos_scan *s;
	int error;

	if (np->n_endknown)
		return 0;
	if (dirhash_get(dvp) == NULL && hash_build(dvp) == 0)
		return 0;
	s = msdos_scan_new(np, 0);
	if (s == NULL)
		return ENOMEM;
	do
		error = msdos_scan_next(s);
	while (error == 0);
	np->n_end = s->s_off;
	np->n_endknown = error == ENOENT;
	msdos_scan_free(s);
	return error == ENOENT ? 0 : error;
}

/* n deleted entries in a row.  ENOENT: none; *offp then is where the row that the
 * directory's end would continue begins. */
static int
find_deleted(struct msdos_node *np, uint32_t n, uint32_t *offp)
{
	uint32_t off, run = 0, first = 0;
	struct msdos_dirent_disk *de;
	struct msdos_scan *s;
	int error = 0;

	*offp = np->n_end;
	if (np->n_norun != 0 && n >= np->n_norun)
		return ENOENT;
	s = msdos_scan_new(np, np->n_hint);
	if (s == NULL)
		return ENOMEM;
	for (off = np->n_hint; off < np->n_end && run < n;
	     off += MSDOS_DIRENT) {
		s->s_off = off;
		error = msdos_scan_entry(s, &de);
		if (error != 0)
			break;
		if (de->de_name[0] != MSDOS_DE_DELETED) {
			run = 0;
			continue;
		}
		if (first == 0)
			first = off + 1; /* the first of any */
		run++;
	}
	msdos_scan_free(s);
	if (error != 0)
		return error;
	if (run == n) {
		*offp = off - n * MSDOS_DIRENT;
		return 0;
	}
	np->n_hint = first != 0 ? first - 1 : np->n_end;
	np->n_norun = n;
	return ENOENT;
}

/* There may be room for data, but not for a name: that is said once. */
static int
dir_full(struct msdos_node *np)
{
	struct msdos_mount *m = np->n_m;

	if (!m->m_toldfull && msdos_fixedroot(np))
		mount_warn(m->m_mp,
		    "the root directory is full: FAT%u has room for %u entries "
		    "in this one, a long name takes several",
		    m->m_geom.mg_fat, m->m_geom.mg_rootents);
	else if (!m->m_toldfull)
		mount_warn(m->m_mp,
		    "a directory is full: FAT has room for 65536 entries in "
		    "one, a long name takes several");
	m->m_toldfull = true;
	return ENOSPC;
}

/* Another cluster, of entries never used. */
static int
dir_grow(struct vnode *dvp)
{
	struct msdos_node *np = msdos_node_of(dvp);
	struct msdos_mount *m = np->n_m;
	uint32_t count, cluster, n;
	int error;

	if (msdos_fixedroot(np) ||
	    np->n_st.st_size + m->m_geom.mg_cluster > MSDOS_DIR_MAX)
		return dir_full(np);
	error = msdos_chain_count(np, &count);
	if (error == 0)
		error = msdos_chain_grow(np, count + 1);
	if (error == 0)
		error = msdos_chain_find(np, count, 1, &cluster, &n);
	if (error == 0)
		error = msdos_dir_zero(m, cluster);
	if (error != 0)
		return error;
	np->n_st.st_size += m->m_geom.mg_cluster;
	np->n_st.st_blocks = np->n_st.st_size / 512;
	dvp->v_size = np->n_st.st_size;
	return 0;
}

/* Room for n entries: deleted ones, or at the end. */
static int
find_room(struct vnode *dvp, uint32_t n, uint32_t *offp)
{
	struct msdos_node *np = msdos_node_of(dvp);
	struct msdos_dirent_disk *de;
	uint32_t end;
	struct buf *bp;
	int error;

	error = find_end(dvp);
	if (error == 0)
		error = find_deleted(np, n, offp);
	if (error != ENOENT)
		return error;
	end = np->n_end + n * MSDOS_DIRENT;
	error = 0;
	while (error == 0 && end > msdos_dir_bytes(np))
		error = dir_grow(dvp);
	if (error != 0)
		return error;
	/* What comes after isn't looked at: it must be an end. */
	if (end < msdos_dir_bytes(np)) {
		error = msdos_dir_entry(np, end, &bp, &de);
		if (error != 0)
			return error;
		de->de_name[0] = MSDOS_DE_END;
		bdwrite(bp);
	}
	*offp = np->n_end;
	return 0;
}

static void
put_piece(struct msdos_longname_disk *ln, const uint16_t *name, size_t len,
    uint32_t piece, bool last, uint8_t sum)
{
	uint16_t u[MSDOS_LN_CHARS];

	for (uint32_t i = 0; i < MSDOS_LN_CHARS; i++) {
		size_t at = (piece - 1) * MSDOS_LN_CHARS + i;

		u[i] = at < len ? name[at] : at == len ? 0 : 0xffff;
	}
	memset(ln, 0, sizeof(*ln));
	ln->ln_seq = (uint8_t)(piece | (last ? MSDOS_LN_LAST : 0));
	ln->ln_attr = MSDOS_ATTR_LONG;
	ln->ln_sum = sum;
	for (uint32_t i = 0; i < 5; i++)
		le16_put(&ln->ln_name1[i], u[i]);
	for (uint32_t i = 0; i < 6; i++)
		le16_put(&ln->ln_name2[i], u[5 + i]);
	for (uint32_t i = 0; i < 2; i++)
		le16_put(&ln->ln_name3[i], u[11 + i]);
}

/* Is there a file with that short name? */
static int
short_taken(struct vnode *dvp, const uint8_t name[11])
{
	struct msdos_found f;
	uint16_t u[12];
	char utf8[40];
	size_t n;

	n = msdos_short_show(name, 0, msdos_node_of(dvp)->n_m->m_codepage, u);
	return msdos_dir_find(dvp, utf8, utf8_from_utf16(u, n, utf8), &f);
}

/* A short name that no other has; pieces of the long one: how many, 0: none. */
static int
short_name(struct vnode *dvp, const uint16_t *u, size_t len,
    struct msdos_node *np, uint8_t name[11], uint32_t *piecesp)
{
	enum msdos_short kind;
	uint8_t basis[11];
	int error = 0;

	kind = msdos_short_make(
	    u, len, np->n_m->m_codepage, basis, &np->n_lcase);
	*piecesp = kind == MSDOS_SHORT_EXACT
	    ? 0
	    : (uint32_t)howmany(len, MSDOS_LN_CHARS);
	memcpy(name, basis, 11);
	if (kind == MSDOS_SHORT_EXACT)
		return 0; /* whoever has it has the name itself */
	for (uint32_t n = kind == MSDOS_SHORT_TAIL; n < 100000; n++) {
		memcpy(name, basis, 11);
		if (n > 0)
			msdos_short_number(name, u, len, n);
		error = short_taken(dvp, name);
		if (error == ENOENT)
			return 0;
		if (error != 0)
			return error;
	}
	return ENOSPC;
}

int
msdos_dir_enter(
    struct vnode *dvp, const char *name, size_t len, struct msdos_node *np)
{
	struct msdos_node *dnp = msdos_node_of(dvp);
	uint32_t pieces, off, at;
	uint16_t u[MSDOS_LN_MAX];
	uint8_t shortname[11], sum;
	struct msdos_dirent_disk *de;
	struct buf *bp;
	uint64_t devoff = 0;
	size_t n;
	int error;

	error = utf16_from_utf8(name, len, u, MSDOS_LN_MAX, &n);
	if (error == 0)
		error = short_name(dvp, u, n, np, shortname, &pieces);
	if (error == 0)
		error = find_room(dvp, pieces + 1, &off);
	if (error != 0)
		return error;
	sum = msdos_short_sum(shortname);
	for (uint32_t i = 0; i <= pieces; i++) {
		at = off + i * MSDOS_DIRENT;
		error = msdos_dir_place(dnp, at, &devoff);
		if (error == 0)
			error = msdos_entry_buf(dnp->n_m, devoff, &bp, &de);
		if (error != 0)
			return error;
		if (i < pieces) {
			put_piece((void *)de, u, n, pieces - i, i == 0, sum);
		} else {
			memset(de, 0, sizeof(*de));
			memcpy(de->de_name, shortname, 11);
			msdos_node_encode(np, de);
		}
		bdwrite(bp);
	}
	np->n_entry = devoff;
	if (off == dnp->n_end)
		dnp->n_end = at + MSDOS_DIRENT;
	if (dirhash_get(dvp) != NULL) {
		struct msdos_scan *s = msdos_scan_new(dnp, off);

		if (s == NULL || msdos_scan_next(s) != 0 ||
		    hash_names(dvp, s, true) != 0)
			dirhash_destroy(dvp);
		if (s != NULL)
			msdos_scan_free(s);
	}
	return 0;
}

int
msdos_dir_remove(struct vnode *dvp, const struct msdos_found *f)
{
	struct msdos_node *dnp = msdos_node_of(dvp);
	struct msdos_dirent_disk *de;
	struct buf *bp;
	int error = 0;

	if (dirhash_get(dvp) != NULL) {
		struct msdos_scan *s = msdos_scan_new(dnp, f->mf_off);

		if (s == NULL || msdos_scan_next(s) != 0)
			dirhash_destroy(dvp);
		else
			(void)hash_names(dvp, s, false);
		if (s != NULL)
			msdos_scan_free(s);
	}
	/* The short entry first: pieces alone are nothing. */
	for (uint32_t i = f->mf_n; i-- > 0 && error == 0;) {
		error = msdos_dir_entry(
		    dnp, f->mf_off + i * MSDOS_DIRENT, &bp, &de);
		if (error == 0) {
			de->de_name[0] = MSDOS_DE_DELETED;
			bdwrite(bp);
		}
	}
	dnp->n_hint = (uint32_t)kmin(dnp->n_hint, f->mf_off);
	dnp->n_norun = 0;
	return error;
}

int
msdos_dir_isempty(struct vnode *vp)
{
	struct msdos_scan *s = msdos_scan_new(msdos_node_of(vp), 0);
	int error;

	if (s == NULL)
		return ENOMEM;
	error = msdos_scan_next(s);
	msdos_scan_free(s);
	return error == 0 ? ENOTEMPTY : error == ENOENT ? 0 : error;
}
