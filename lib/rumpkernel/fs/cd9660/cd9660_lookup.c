/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Searching and listing directories.
 *
 * A directory is in one piece.  Records don't cross its sectors of 2048 bytes; zeros
 * fill a sector's end.  Behind a damaged record it goes on in the next sector.  The
 * names of a directory of more than a few sectors are kept in a hash.
 *
 * Left out are a file's further extents (records of the same name), associated files
 * (a second file of the same name, of another world), and directories that Rock
 * Ridge has moved, where they have been moved to.
 */
#include "fs/cd9660/cd9660.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define HASH_BYTES 8192u /* smaller directories are read each time */

struct scan {
	struct cd9660_mount *s_m;
	uint64_t s_ino;
	uint64_t s_start, s_end, s_off; /* on the device */
	uint64_t s_at;			/* the record that was found */
	const char *s_name;
	size_t s_len;
	struct cd9660_rec s_rec;
	struct cd9660_rr s_rr;
	char s_plain[CD9660_NAME_MAX * 3];
};

static struct scan *
scan_new(const struct vnode *vp, uint64_t at)
{
	const struct cd9660_node *np = cd9660_node_of(vp);
	struct scan *s = kmem_alloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->s_m = np->n_m;
	s->s_ino = np->n_st.st_ino;
	s->s_start = np->n_first.e_off;
	s->s_end = s->s_start + np->n_first.e_len;
	s->s_off = s->s_start + kmin(at, np->n_first.e_len);
	return s;
}

static void
scan_free(struct scan *s)
{
	kmem_free(s, sizeof(*s));
}

/* The next record of any kind. */
static int
scan_record(struct scan *s)
{
	uint64_t next;
	const char *why;
	int error;

	for (;; s->s_off = next) {
		if (s->s_off >= s->s_end)
			return ENOENT;
		next = s->s_start +
		    rounddown2(s->s_off - s->s_start, CD9660_SECTOR) +
		    CD9660_SECTOR;
		s->s_at = s->s_off;
		error = cd9660_record(
		    s->s_m, s->s_off, kmin(next, s->s_end), &s->s_rec, &why);
		if (error != ENOENT)
			break;
	}
	s->s_off = error == 0 ? s->s_off + s->s_rec.r_len : next;
	if (error == EUCLEAN)
		return cd9660_damage(s->s_m, s->s_ino,
		    "directory record at %llu: %s",
		    (unsigned long long)(s->s_at - s->s_start), why);
	return error;
}

/* To behind the last extent of what was found. */
static int
skip_extents(struct scan *s)
{
	struct cd9660_rec *first;
	uint64_t at = s->s_at;
	int error = 0;

	if ((s->s_rec.r_flags & CD9660_D_MORE) == 0)
		return 0;
	first = kmem_alloc(sizeof(*first));
	if (first == NULL)
		return ENOMEM;
	*first = s->s_rec;
	while (error == 0 && (s->s_rec.r_flags & CD9660_D_MORE) != 0)
		error = scan_record(s);
	s->s_rec = *first;
	s->s_rec.r_name = s->s_rec.r_raw + CD9660_DIRENT;
	s->s_at = at;
	kmem_free(first, sizeof(*first));
	return error == ENOENT ? 0 : error;
}

static int
scan_name(struct scan *s)
{
	if ((s->s_rr.rr_has & RR_NM) != 0) {
		s->s_name = s->s_rr.rr_name;
		s->s_len = s->s_rr.rr_namelen;
	} else {
		s->s_name = s->s_plain;
		s->s_len = cd9660_name(s->s_m, &s->s_rec, s->s_plain);
	}
	if (s->s_len > 0 && kmemchr(s->s_name, '/', s->s_len) == NULL &&
	    kmemchr(s->s_name, '\0', s->s_len) == NULL &&
	    !(s->s_name[0] == '.' &&
		(s->s_len == 1 || (s->s_len == 2 && s->s_name[1] == '.'))))
		return 0;
	return cd9660_damage(s->s_m, s->s_ino,
	    "directory record at %llu: no name can be so",
	    (unsigned long long)(s->s_at - s->s_start));
}

/* The next entry.  ENOENT; EUCLEAN: it may be asked for the one behind it. */
static int
scan_next(struct scan *s)
{
	int error;

	for (;;) {
		error = scan_record(s);
		if (error != 0)
			return error;
		if (cd9660_isdot(&s->s_rec, 0) || cd9660_isdot(&s->s_rec, 1) ||
		    (s->s_rec.r_flags & CD9660_D_ASSOCIATED) != 0)
			continue;
		error = skip_extents(s);
		if (error == 0)
			error = cd9660_rockridge(
			    s->s_m, &s->s_rec, NULL, &s->s_rr);
		if (error != 0)
			return error;
		if ((s->s_rr.rr_has & RR_RE) == 0)
			return scan_name(s);
	}
}

/* ---- searching ----------------------------------------------------------------------- */

static void
hash_fill(struct vnode *dvp)
{
	struct scan *s = scan_new(dvp, 0);
	struct dirhash *dh;
	int error;

	if (s == NULL || dirhash_create(dvp, 0, &dh) != 0) {
		if (s != NULL)
			scan_free(s);
		return;
	}
	do {
		error = scan_next(s);
		if (error == 0)
			error = dirhash_enter(
			    dvp, s->s_name, s->s_len, s->s_at - s->s_start);
	} while (error == 0);
	/* One that doesn't have all names is worse than none. */
	if (error != ENOENT && dirhash_get(dvp) != NULL)
		dirhash_destroy(dvp);
	scan_free(s);
}

static struct dirhash *
hash_of(struct vnode *dvp)
{
	if (dvp->v_size <= HASH_BYTES)
		return NULL;
	if (dirhash_get(dvp) == NULL && rw_tryupgrade(&dvp->v_lock)) {
		hash_fill(dvp);
		rw_downgrade(&dvp->v_lock);
	}
	return dirhash_get(dvp);
}

static bool
scan_is(const struct scan *s, const struct componentname *cn)
{
	return s->s_len == cn->cn_len &&
	    memcmp(s->s_name, cn->cn_name, s->s_len) == 0;
}

static int
search(struct vnode *dvp, const struct componentname *cn, struct scan *s)
{
	struct dirhash *dh = hash_of(dvp);
	uint32_t iter = 0;
	uint64_t slot;
	int error, bad = ENOENT;

	while (dh != NULL &&
	    dirhash_next(dh, cn->cn_name, cn->cn_len, &iter, &slot) == 0) {
		s->s_off = s->s_start + slot;
		error = scan_next(s);
		if (error != 0 || scan_is(s, cn))
			return error;
	}
	while (dh == NULL) {
		error = scan_next(s);
		if (error == ENOENT)
			break;
		if (error == EUCLEAN)
			bad = error; /* it may have been that one */
		else if (error != 0 || scan_is(s, cn))
			return error;
	}
	return bad;
}

/* In /.eltorito, and it itself. */
static int
boot_search(struct cd9660_mount *m, uint64_t dir,
    const struct componentname *cn, uint64_t *inop)
{
	*inop = CD9660_NODE_BOOT;
	if (dir != CD9660_NODE_BOOT)
		return m->m_nboot > 0 &&
			cn->cn_len == sizeof(CD9660_BOOT_NAME) - 1 &&
			memcmp(cn->cn_name, CD9660_BOOT_NAME, cn->cn_len) == 0
		    ? 0
		    : ENOENT;
	for (uint32_t i = 0; i < m->m_nboot; i++) {
		*inop = CD9660_NODE_BOOT + 1 + i;
		if (kstrcmp(cn->cn_name, m->m_boot[i].b_name) == 0)
			return 0;
	}
	return ENOENT;
}

int
cd9660_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp)
{
	struct cd9660_node *np = cd9660_node_of(dvp);
	struct cd9660_mount *m = np->n_m;
	struct scan *s;
	uint64_t ino = np->n_parent;
	int error = 0;

	if (cn->cn_len == 2 && memcmp(cn->cn_name, "..", 2) == 0)
		goto found;
	error = ENOENT;
	if (np->n_st.st_ino == CD9660_NODE_BOOT ||
	    np->n_st.st_ino == m->m_mp->mnt_rootino)
		error = boot_search(m, np->n_st.st_ino, cn, &ino);
	if (error == ENOENT && np->n_st.st_ino != CD9660_NODE_BOOT) {
		s = scan_new(dvp, 0);
		if (s == NULL)
			return ENOMEM;
		error = search(dvp, cn, s);
		if (error == 0)
			ino = cd9660_ino(&s->s_rec, &s->s_rr);
		scan_free(s);
	}
found:
	if (error == 0)
		error = vcache_get(m->m_mp, ino, vpp);
	return error == ESTALE ? EUCLEAN : error;
}

/* ---- listing --------------------------------------------------------------------------- */

static uint8_t
type_of(const struct cd9660_rec *rec, const struct cd9660_rr *rr)
{
	if ((rec->r_flags & CD9660_D_DIR) != 0 || (rr->rr_has & RR_CL) != 0)
		return RUMP_DT_DIR;
	if ((rr->rr_has & RR_PX) != 0)
		return dtype_of_vtype(vtype_of_mode(rr->rr_mode));
	return (rr->rr_has & RR_SL) != 0 ? RUMP_DT_LNK : RUMP_DT_REG;
}

/* The boot images, or their directory behind the root's entries. */
static int
list_boot(
    struct cd9660_node *np, struct dirsink *sink, uint64_t *cookiep, bool *eofp)
{
	struct cd9660_mount *m = np->n_m;
	uint64_t last = GENFS_DOTS_END + np->n_first.e_len;

	*eofp = true;
	if (np->n_st.st_ino != CD9660_NODE_BOOT) {
		if (np->n_st.st_ino != m->m_mp->mnt_rootino ||
		    m->m_nboot == 0 || *cookiep > last)
			return 0;
		*eofp = sink->ds_emit(sink, CD9660_NODE_BOOT, RUMP_DT_DIR,
			    CD9660_BOOT_NAME, sizeof(CD9660_BOOT_NAME) - 1,
			    last + 1) == 0;
		if (*eofp)
			*cookiep = last + 1;
		return 0;
	}
	for (uint64_t i = *cookiep - GENFS_DOTS_END; i < m->m_nboot; i++) {
		const char *name = m->m_boot[i].b_name;

		if (sink->ds_emit(sink, CD9660_NODE_BOOT + 1 + i, RUMP_DT_REG,
			name, kstrlen(name), *cookiep + 1) != 0) {
			*eofp = false;
			break;
		}
		++*cookiep;
	}
	return 0;
}

int
cd9660_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp)
{
	struct cd9660_node *np = cd9660_node_of(vp);
	struct scan *s;
	uint64_t next;
	int error;

	if (!genfs_emit_dots(sink, np->n_st.st_ino, np->n_parent, cookiep))
		return 0;
	if (np->n_st.st_ino == CD9660_NODE_BOOT)
		return list_boot(np, sink, cookiep, eofp);
	s = scan_new(vp, *cookiep - GENFS_DOTS_END);
	if (s == NULL)
		return ENOMEM;
	for (;; *cookiep = next) {
		error = scan_next(s);
		next = GENFS_DOTS_END + (s->s_off - s->s_start);
		if (error == 0) {
			error = sink->ds_emit(sink,
			    cd9660_ino(&s->s_rec, &s->s_rr),
			    type_of(&s->s_rec, &s->s_rr), s->s_name, s->s_len,
			    next);
			if (error != 0) { /* it has enough */
				scan_free(s);
				return 0;
			}
		} else if (error == EUCLEAN && sink->ds_damage != NULL) {
			if (sink->ds_damage(sink, error, next) != 0) {
				scan_free(s);
				return 0;
			}
		} else {
			break;
		}
	}
	scan_free(s);
	return error == ENOENT ? list_boot(np, sink, cookiep, eofp) : error;
}
