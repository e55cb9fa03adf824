/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What directories are to each other: "." and "..", where one's own entry is, which
 * only its parent knows; and listing them.
 */
#include "fs/msdos/msdos_scan.h"
#include "kern/klog.h"
#include "kern/kstring.h"
#include "vfs/unicode.h"

/* ---- "." and ".." --------------------------------------------------------------------------- */

/* The entry number n of a directory leads to the one that begins with cluster. */
static int
put_dots(struct msdos_node *np, unsigned n, uint32_t cluster)
{
	struct msdos_node as = *np;
	struct msdos_dirent_disk *de;
	struct buf *bp;
	int error;

	error = msdos_dir_entry(np, n * MSDOS_DIRENT, &bp, &de);
	if (error != 0)
		return error;
	as.n_first = cluster;
	as.n_attr = MSDOS_ATTR_DIR;
	as.n_lcase = 0;
	memset(de, 0, sizeof(*de));
	memset(de->de_name, ' ', sizeof(de->de_name));
	memset(de->de_name, '.', n + 1);
	msdos_node_encode(&as, de);
	bdwrite(bp);
	return 0;
}

/* The root is 0 in "..", also where it has a cluster. */
static uint32_t
first_of(const struct msdos_node *parent)
{
	return parent->n_st.st_ino == NODE_ROOT ? 0 : parent->n_first;
}

int
msdos_dir_make(struct msdos_node *np, const struct msdos_node *parent)
{
	struct msdos_mount *m = np->n_m;
	int error;

	error = msdos_chain_grow(np, 1);
	if (error == 0)
		error = msdos_dir_zero(m, np->n_first);
	if (error != 0)
		return error;
	np->n_st.st_size = m->m_geom.mg_cluster;
	np->n_st.st_blocks = np->n_st.st_size / 512;
	error = put_dots(np, 0, np->n_first);
	if (error == 0)
		error = put_dots(np, 1, first_of(parent));
	np->n_end = 2 * MSDOS_DIRENT;
	np->n_endknown = true;
	return error;
}

int
msdos_dir_reparent(struct msdos_node *np, const struct msdos_node *parent)
{
	return put_dots(np, 1, first_of(parent));
}

int
msdos_dir_parent(struct msdos_node *np, uint32_t *clusterp)
{
	struct msdos_dirent_disk *de;
	struct buf *bp;
	bool dots;
	int error;

	error = msdos_dir_entry(np, MSDOS_DIRENT, &bp, &de);
	if (error != 0)
		return error;
	dots = memcmp(de->de_name, "..         ", 11) == 0 &&
	    (de->de_attr & MSDOS_ATTR_DIR) != 0;
	*clusterp = msdos_entry_cluster(np->n_m, de);
	brelse(bp);
	if (!dots || (*clusterp != 0 && !msdos_cluster_ok(np->n_m, *clusterp)))
		return msdos_damage(np->n_m, np->n_st.st_ino,
		    "the directory's \"..\" is missing or leads nowhere");
	return 0;
}

/* ---- where a directory's own entry is ------------------------------------------------------ */

/* Is the hint true? */
static bool
where_holds(struct msdos_mount *m, uint32_t cluster, uint64_t *offp)
{
	const struct msdos_where *w = &m->m_where[cluster % WHERE_SLOTS];
	struct msdos_dirent_disk *de;
	struct buf *bp;
	bool holds;

	mutex_enter(&m->m_lock);
	holds = w->w_cluster == cluster;
	*offp = w->w_off;
	mutex_exit(&m->m_lock);
	if (!holds || msdos_entry_buf(m, *offp, &bp, &de) != 0)
		return false;
	holds = (de->de_attr & MSDOS_ATTR_DIR) != 0 &&
	    (de->de_attr & MSDOS_ATTR_LABEL) == 0 &&
	    de->de_name[0] != MSDOS_DE_END &&
	    de->de_name[0] != MSDOS_DE_DELETED && de->de_name[0] != '.' &&
	    msdos_entry_cluster(m, de) == cluster;
	brelse(bp);
	return holds;
}

struct msdos_node *
msdos_dir_bare(struct msdos_mount *m, uint32_t cluster, int *errorp)
{
	struct msdos_node *np = msdos_node_alloc(m);
	uint32_t count;

	*errorp = np == NULL ? ENOMEM : 0;
	if (np == NULL)
		return NULL;
	np->n_attr = MSDOS_ATTR_DIR;
	np->n_st.st_ino = msdos_dir_ino(m, cluster);
	np->n_first = cluster;
	if (np->n_st.st_ino == NODE_ROOT)
		np->n_first = m->m_geom.mg_fat == 32 ? m->m_geom.mg_rootcluster
						     : 0;
	if (msdos_fixedroot(np)) {
		np->n_st.st_size = (uint64_t)m->m_geom.mg_rootents *
		    MSDOS_DIRENT;
		return np;
	}
	*errorp = msdos_chain_count(np, &count);
	np->n_st.st_size = (uint64_t)count << m->m_clshift;
	return np;
}

int
msdos_dir_locate(struct msdos_mount *m, uint32_t cluster, uint64_t *offp)
{
	struct msdos_node *np, *parent = NULL;
	struct msdos_scan *s = NULL;
	uint32_t up;
	int error;

	if (where_holds(m, cluster, offp))
		return 0;
	np = msdos_dir_bare(m, cluster, &error);
	if (error == 0)
		error = msdos_dir_parent(np, &up);
	if (error == 0)
		parent = msdos_dir_bare(m, up, &error);
	if (error == 0 && (s = msdos_scan_new(parent, 0)) == NULL)
		error = ENOMEM;
	while (error == 0) {
		error = msdos_scan_next(s);
		if (error == 0 &&
		    (s->s_f.mf_de.de_attr & MSDOS_ATTR_DIR) != 0 &&
		    msdos_entry_cluster(m, &s->s_f.mf_de) == cluster) {
			*offp = s->s_f.mf_entry;
			break;
		}
	}
	if (s != NULL)
		msdos_scan_free(s);
	if (parent != NULL)
		msdos_node_free(parent);
	if (np != NULL)
		msdos_node_free(np);
	return error == ENOENT ? ESTALE : error;
}

/* ---- listing ------------------------------------------------------------------------------- */

/* Hand what the scan has found to sink; its error, or 0. */
static int
list_one(struct msdos_scan *s, struct dirsink *sink, uint64_t next)
{
	struct msdos_mount *m = s->s_np->n_m;
	char name[MSDOS_UTF8_MAX];
	bool dir = (s->s_f.mf_de.de_attr & MSDOS_ATTR_DIR) != 0;
	uint64_t ino;
	size_t len;
	int error;

	error = msdos_entry_ino(m, s->s_f.mf_entry, &s->s_f.mf_de, &ino);
	len = utf8_from_utf16(s->s_name, s->s_len, name);
	if (error == 0 &&
	    (len == 0 || kmemchr(name, '/', len) != NULL ||
		kmemchr(name, '\0', len) != NULL))
		error = msdos_damage(m, s->s_np->n_st.st_ino,
		    "directory entry at %u: no name can be so", s->s_f.mf_off);
	if (error == 0)
		return sink->ds_emit(sink, ino, dir ? RUMP_DT_DIR : RUMP_DT_REG,
		    name, len, next);
	return sink->ds_damage != NULL ? sink->ds_damage(sink, error, next)
				       : EUCLEAN;
}

int
msdos_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp)
{
	struct msdos_node *np = msdos_node_of(vp);
	uint32_t up = 0;
	struct msdos_scan *s;
	uint64_t next;
	int error = 0;

	*eofp = false;
	if (*cookiep < GENFS_DOTS_END && np->n_st.st_ino != NODE_ROOT)
		error = msdos_dir_parent(np, &up);
	if (error != 0 && error != EUCLEAN)
		return error;
	if (!genfs_emit_dots(
		sink, np->n_st.st_ino, msdos_dir_ino(np->n_m, up), cookiep))
		return 0;
	s = msdos_scan_new(np,
	    (uint32_t)rounddown2(
		kmin(*cookiep - GENFS_DOTS_END, msdos_dir_bytes(np)),
		MSDOS_DIRENT));
	if (s == NULL)
		return ENOMEM;
	for (;;) {
		error = msdos_scan_next(s);
		if (error != 0)
			break;
		next = GENFS_DOTS_END + (uint64_t)s->s_off;
		error = list_one(s, sink, next);
		if (error == EUCLEAN && sink->ds_damage == NULL)
			break;
		if (error != 0) { /* it has enough */
			msdos_scan_free(s);
			return 0;
		}
		*cookiep = next;
	}
	msdos_scan_free(s);
	*eofp = error == ENOENT;
	return error == ENOENT ? 0 : error;
}

int
msdos_dir_label(struct msdos_node *root, char label[40])
{
	struct msdos_dirent_disk *de;
	uint16_t u[12];
	struct msdos_scan *s = msdos_scan_new(root, 0);
	size_t n = 0;
	int error = 0;

	label[0] = '\0';
	if (s == NULL)
		return ENOMEM;
	for (; s->s_off < s->s_end; s->s_off += MSDOS_DIRENT) {
		error = msdos_scan_entry(s, &de);
		if (error != 0 || de->de_name[0] == MSDOS_DE_END)
			break;
		if (de->de_name[0] == MSDOS_DE_DELETED ||
		    (de->de_attr & MSDOS_ATTR_MASK) == MSDOS_ATTR_LONG ||
		    (de->de_attr & (MSDOS_ATTR_LABEL | MSDOS_ATTR_DIR)) !=
			MSDOS_ATTR_LABEL)
			continue;
		n = msdos_label_show(de->de_name, root->n_m->m_codepage, u);
		n = utf8_from_utf16(u, n, label);
		break;
	}
	msdos_scan_free(s);
	label[n] = '\0';
	return error;
}
