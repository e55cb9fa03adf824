/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes: a number to a record, a record to a node; attributes; symbolic links.
 *
 * What is wrong with a file's data is told when it is read; what is wrong with its
 * record, when it is opened or looked at.
 */
#include "fs/cd9660/cd9660.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

struct kmem_pool *cd9660_node_pool;

uint64_t
cd9660_ino(const struct cd9660_rec *rec, const struct cd9660_rr *rr)
{
	if ((rr->rr_has & RR_CL) != 0)
		return cd9660_dir_ino(rr->rr_child);
	if ((rec->r_flags & CD9660_D_DIR) != 0)
		return cd9660_dir_ino(rec->r_data);
	return rec->r_off;
}

/* ---- extents ----------------------------------------------------------------------- */

static void
extents_free(struct cd9660_node *np)
{
	kmem_free(np->n_extent, np->n_maxextents * sizeof(np->n_extent[0]));
	np->n_extent = NULL;
}

static int
extents_add(struct cd9660_node *np, const struct cd9660_rec *rec)
{
	uint32_t max = np->n_maxextents == 0 ? 8 : np->n_maxextents * 2;
	struct cd9660_extent e = {rec->r_data, rec->r_size}, *grown;

	np->n_disksize += rec->r_size;
	if (rec->r_interleaved)
		np->n_why = "it is interleaved with other files";
	if (np->n_nextents++ == 0)
		np->n_first = e;
	if (np->n_nextents > np->n_maxextents) {
		if (np->n_nextents == 1)
			return 0; /* n_first is enough */
		grown = kmem_calloc(max, sizeof(*grown));
		if (grown == NULL)
			return ENOMEM;
		if (np->n_extent != NULL)
			memcpy(grown, np->n_extent,
			    np->n_maxextents * sizeof(*grown));
		else
			grown[0] = np->n_first;
		extents_free(np);
		np->n_extent = grown;
		np->n_maxextents = max;
	}
	np->n_extent[np->n_nextents - 1] = e;
	return 0;
}

/* The record behind rec, in its directory or at the next block's start. */
static int
record_after(struct cd9660_mount *m, struct cd9660_rec *rec, const char **whyp)
{
	uint64_t off = rec->r_off + rec->r_len, size = m->m_dev->bd_size;
	int error;

	for (uint32_t n = 0; n <= CD9660_SECTOR; n += m->m_blksize) {
		error = cd9660_record(m, off, size, rec, whyp);
		if (error != ENOENT)
			return error;
		off = rounddown2(off, m->m_blksize) + m->m_blksize;
	}
	*whyp = "its other extents aren't there";
	return EUCLEAN;
}

/* A file of several records: they follow each other. */
static int
extents_more(struct cd9660_node *np, struct cd9660_rec *rec)
{
	uint8_t name[256], len = rec->r_namelen;
	uint64_t ino = rec->r_off;
	const char *why;
	int error = 0;

	memcpy(name, rec->r_name, len);
	while (error == 0 && (rec->r_flags & CD9660_D_MORE) != 0) {
		error = record_after(np->n_m, rec, &why);
		if (error == 0 && np->n_nextents >= CD9660_EXTENTS) {
			why = "it has too many extents";
			error = EUCLEAN;
		}
		if (error == 0 &&
		    (rec->r_namelen != len ||
			memcmp(rec->r_name, name, len) != 0)) {
			why = "its other extents aren't there";
			error = EUCLEAN;
		}
		if (error == EUCLEAN)
			return cd9660_damage(np->n_m, ino, "%s", why);
		if (error == 0)
			error = extents_add(np, rec);
	}
	return error;
}

/* ---- loading ----------------------------------------------------------------------- */

static void
set_times(struct rump_stat *st, const struct cd9660_rec *rec,
    const struct cd9660_rr *rr)
{
	const struct rump_timespec *t = rr->rr_time;

	(void)cd9660_date7(rec->r_raw + 18, &st->st_mtim);
	if ((rr->rr_tf & CD9660_TF_MODIFY) != 0)
		st->st_mtim = t[1];
	st->st_atim = (rr->rr_tf & CD9660_TF_ACCESS) != 0 ? t[2] : st->st_mtim;
	st->st_ctim = (rr->rr_tf & CD9660_TF_ATTR) != 0 ? t[3] : st->st_mtim;
	if ((rr->rr_tf & CD9660_TF_CREATION) != 0)
		st->st_birthtim = t[0];
	else
		st->st_birthtim.tv_nsec = RUMP_UTIME_OMIT;
}

static void
set_attributes(struct cd9660_node *np, const struct cd9660_rec *rec,
    const struct cd9660_rr *rr, bool dir)
{
	struct cd9660_mount *m = np->n_m;
	struct rump_stat *st = &np->n_st;

	st->st_blksize = m->m_blksize;
	st->st_hints = RUMP_STH_NOXATTR;
	set_times(st, rec, rr);
	if ((rr->rr_has & RR_PX) != 0) {
		st->st_mode = rr->rr_mode;
		st->st_nlink = rr->rr_nlink == 0 ? 1 : rr->rr_nlink;
		st->st_uid = rr->rr_uid;
		st->st_gid = rr->rr_gid;
	} else {
		st->st_mode = dir		? m->m_dmode
		    : (rr->rr_has & RR_SL) != 0 ? RUMP_S_IFLNK | 0777
						: m->m_fmode | RUMP_S_IFREG;
		st->st_nlink = 1;
		st->st_uid = m->m_uid;
		st->st_gid = m->m_gid;
	}
	if (dir)
		st->st_mode = (st->st_mode & RUMP_ALLPERMS) | RUMP_S_IFDIR;
	st->st_mode &= RUMP_S_IFMT | RUMP_ALLPERMS;
	st->st_size = np->n_disksize;
	st->st_blocks = howmany(np->n_disksize, m->m_blksize) *
	    (m->m_blksize / 512);
}

/* Compressed, sparse, a link, a device: what changes the size or how it is read. */
static void
set_kind(struct cd9660_node *np, const struct cd9660_rr *rr)
{
	struct rump_stat *st = &np->n_st;

	switch (st->st_mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		if ((rr->rr_has & RR_ZF) != 0) {
			np->n_zisofs = true;
			np->n_zheader = rr->rr_zheader;
			np->n_zshift = rr->rr_zshift;
			st->st_size = rr->rr_zsize;
		}
		if ((rr->rr_has & RR_SF) != 0)
			np->n_why = "it is sparse by Rock Ridge's SF";
		if ((rr->rr_has & RR_UNKNOWN) != 0)
			np->n_why = "it is compressed in an unknown way";
		break;
	case RUMP_S_IFLNK:
		st->st_size = rr->rr_linklen;
		break;
	case RUMP_S_IFBLK:
	case RUMP_S_IFCHR:
		st->st_rdev = rr->rr_rdev;
		st->st_size = 0;
		break;
	default:
		st->st_size = 0;
		break;
	}
}

static int
load_file(struct cd9660_node *np, uint64_t ino, char *link)
{
	struct cd9660_mount *m = np->n_m;
	struct cd9660_rec rec;
	struct cd9660_rr rr;
	const char *why;
	int error;

	error = cd9660_record(m, ino, m->m_dev->bd_size, &rec, &why);
	if (error == EUCLEAN)
		return cd9660_damage(m, ino, "%s", why);
	if (error == 0 && (rec.r_flags & CD9660_D_DIR) != 0)
		error = ESTALE;
	if (error != 0)
		return error == ENOENT ? ESTALE : error;
	error = cd9660_rockridge(m, &rec, link, &rr);
	if (error == 0)
		error = extents_add(np, &rec);
	if (error != 0)
		return error;
	set_attributes(np, &rec, &rr, false);
	if ((rec.r_flags & CD9660_D_MORE) != 0) {
		error = extents_more(np, &rec);
		np->n_st.st_size = np->n_disksize;
		np->n_st.st_blocks = howmany(np->n_disksize, 512);
	}
	if (vtype_of_mode(np->n_st.st_mode) == VNON ||
	    vtype_of_mode(np->n_st.st_mode) == VDIR)
		return cd9660_damage(
		    m, ino, "its mode is %o", np->n_st.st_mode);
	set_kind(np, &rr);
	return error;
}

/* ".." is the second record; with PL it tells where the directory was before. */
static int
load_parent(struct cd9660_node *np, const struct cd9660_rec *dot)
{
	struct cd9660_mount *m = np->n_m;
	struct cd9660_rec rec;
	struct cd9660_rr rr;
	const char *why = NULL;
	int error;

	if (dot->r_off == m->m_rootoff) {
		np->n_parent = np->n_st.st_ino;
		return 0;
	}
	error = cd9660_record(
	    m, dot->r_off + dot->r_len, dot->r_off + CD9660_SECTOR, &rec, &why);
	if (error != 0 || !cd9660_isdot(&rec, 1))
		return error != 0 && error != ENOENT && error != EUCLEAN
		    ? error
		    : cd9660_damage(m, np->n_st.st_ino, "there is no \"..\"");
	error = cd9660_rockridge(m, &rec, NULL, &rr);
	if (error != 0)
		return error;
	np->n_parent = cd9660_dir_ino(
	    (rr.rr_has & RR_PL) != 0 ? rr.rr_parent : rec.r_data);
	return 0;
}

static int
load_dir(struct cd9660_node *np, uint64_t off, bool parent)
{
	struct cd9660_mount *m = np->n_m;
	uint64_t size = m->m_dev->bd_size, ino = np->n_st.st_ino;
	struct cd9660_rec rec;
	struct cd9660_rr rr;
	const char *why;
	int error;

	if (off % m->m_blksize != 0)
		return ESTALE;
	error = cd9660_record(m, off, off + CD9660_SECTOR, &rec, &why);
	if (error == EUCLEAN || error == ENOENT ||
	    (error == 0 &&
		(!cd9660_isdot(&rec, 0) || (rec.r_flags & CD9660_D_DIR) == 0)))
		return cd9660_damage(m, ino, "no directory begins here");
	if (error != 0)
		return error;
	if (rec.r_size == 0 || off > size || rec.r_size > size - off)
		return cd9660_damage(m, ino,
		    "the directory's %u bytes are past the end of the device",
		    rec.r_size);
	error = cd9660_rockridge(m, &rec, NULL, &rr);
	if (error != 0)
		return error;
	np->n_first = (struct cd9660_extent){off, rec.r_size};
	np->n_nextents = 1;
	np->n_disksize = rec.r_size;
	set_attributes(np, &rec, &rr, true);
	return parent ? load_parent(np, &rec) : 0;
}

/* parent: a directory's ".." is wanted too.  The node's extents are to be freed. */
static int
node_load(struct cd9660_mount *m, uint64_t ino, bool parent, char *link,
    struct cd9660_node *np)
{
	memset(np, 0, sizeof(*np));
	np->n_m = m;
	np->n_st.st_ino = ino;
	np->n_st.st_dev = m->m_mp->mnt_id;
	if (ino >= CD9660_NODE_BOOT)
		return cd9660_boot_node(np, ino);
	if ((ino & 1) != 0)
		return load_dir(np, ino & ~UINT64_C(1), parent);
	return load_file(np, ino, link);
}

int
cd9660_loadvnode(struct mount *mp, struct vnode *vp)
{
	struct cd9660_node *np = kmem_pool_get(cd9660_node_pool);
	int error;

	if (np == NULL)
		return ENOMEM;
	error = node_load(cd9660_mount_of(mp), vp->v_ino, true, NULL, np);
	if (error != 0) {
		extents_free(np);
		kmem_pool_put(cd9660_node_pool, np);
		return error;
	}
	vp->v_data = np;
	vp->v_type = vtype_of_mode(np->n_st.st_mode);
	vp->v_size = np->n_st.st_size;
	vp->v_rdev = np->n_st.st_rdev;
	vp->v_blksize = np->n_zisofs ? UINT32_C(1) << np->n_zshift
				     : np->n_m->m_blksize;
	return 0;
}

int
cd9660_statino(struct mount *mp, uint64_t ino, struct rump_stat *st)
{
	struct cd9660_node n;
	int error;

	error = node_load(cd9660_mount_of(mp), ino, false, NULL, &n);
	*st = n.n_st;
	extents_free(&n);
	return error;
}

/* ---- operations ------------------------------------------------------------------- */

static int
cd9660_getattr(struct vnode *vp, struct rump_stat *st)
{
	*st = cd9660_node_of(vp)->n_st;
	return 0;
}

static int
cd9660_readlink(struct vnode *vp, struct uio *uio)
{
	struct cd9660_node n;
	char *link = kmem_alloc(CD9660_LINK_MAX);
	int error;

	if (link == NULL)
		return ENOMEM;
	error = node_load(
	    cd9660_mount_of(vp->v_mount), vp->v_ino, false, link, &n);
	extents_free(&n);
	if (error == 0)
		error = uiomove(
		    link, (size_t)kmin(n.n_st.st_size, uio->uio_resid), uio);
	kmem_free(link, CD9660_LINK_MAX);
	return error;
}

static void
cd9660_reclaim(struct vnode *vp)
{
	struct cd9660_node *np = cd9660_node_of(vp);

	extents_free(np);
	vp->v_data = NULL;
	kmem_pool_put(cd9660_node_pool, np);
}

const struct vnodeops cd9660_vnodeops = {
    .vop_lookup = cd9660_lookup,
    .vop_getattr = cd9660_getattr,
    .vop_read = genfs_read,
    .vop_bmap = cd9660_bmap,
    .vop_readencoded = cd9660_readencoded,
    .vop_readdir = cd9660_readdir,
    .vop_readlink = cd9660_readlink,
    .vop_reclaim = cd9660_reclaim,
};
