/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on names: lookup, create, link, remove, rename.
 *
 * What may run out of space comes first, so that ENOSPC leaves no trace: inode,
 * its blocks, the entry; link counts follow.
 */
#include "fs/ext2/ext2.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

/* i_flags that what is made in a directory takes from it. */
#define INHERIT_ALL                                                    \
	(EXT2_IF_SECRM | EXT2_IF_UNRM | EXT2_IF_COMPR | EXT2_IF_SYNC | \
	    EXT2_IF_NODUMP | EXT2_IF_NOATIME | EXT2_IF_NOCOMPR |       \
	    EXT2_IF_JOURNAL_DATA | EXT2_IF_NOTAIL | EXT2_IF_DIRSYNC)
#define INHERIT_REG   (INHERIT_ALL & ~EXT2_IF_DIRSYNC)
#define INHERIT_OTHER (EXT2_IF_NODUMP | EXT2_IF_NOATIME)

int
ext2_touchnode(struct ext2_node *np, uint32_t what)
{
	struct mount *mp = np->n_m->m_mp;
	int error;

	what = genfs_touch_wanted(mp, what);
	if ((np->n_flags & EXT2_IF_NOATIME) != 0)
		what &= ~(uint32_t)TOUCH_ATIME;
	if (what == 0)
		return 0;
	error = ext2_begin(np->n_m);
	if (error != 0)
		return error;
	genfs_touch_stat(mp, &np->n_st, what);
	return ext2_node_store(np);
}

int
ext2_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp)
{
	struct ext2_node *dnp = ext2_node_of(dvp);
	struct ext2_mount *m = dnp->n_m;
	uint32_t ino;
	int error;

	error = ext2_dir_find(dvp, cn->cn_name, cn->cn_len, &ino);
	if (error != 0)
		return error;
	if (!ext2_ino_usable(m, ino))
		return ext2_damage(m, dnp->n_ino,
		    "an entry leads to the reserved inode %u", ino);
	error = vcache_get(m->m_mp, ino, vpp);
	if (error == ESTALE)
		return ext2_damage(m, dnp->n_ino,
		    "an entry leads to inode %u, which is unused", ino);
	if (error == 0 && cn->cn_len == 2 && cn->cn_name[0] == '.' &&
	    cn->cn_name[1] == '.' && (*vpp)->v_type != VDIR) {
		vrele(*vpp);
		return ext2_damage(m, dnp->n_ino,
		    "\"..\" leads to inode %u, which is no directory", ino);
	}
	return error;
}

/* ---- making nodes ----------------------------------------------------------- */

static int
node_attrs(
    struct ext2_node *np, const struct ext2_node *dnp, const struct vcreate *vc)
{
	const struct vattr *va = vc->vc_attr;
	struct rump_stat *st = &np->n_st;

	genfs_new_stat(np->n_m->m_mp, st, vc);
	np->n_flags = dnp->n_flags &
	    (vc->vc_type == VDIR	  ? INHERIT_ALL
		    : vc->vc_type == VREG ? INHERIT_REG
					  : INHERIT_OTHER);
	if (np->n_m->m_building)
		np->n_flags = 0;
	if ((vc->vc_type == VDIR || vc->vc_type == VREG) &&
	    ext2_incompat(np->n_m, EXT2_FI_EXTENTS))
		ext2_ext_init(np);
	if ((va->va_mask & VA_FLAGS) != 0)
		return ext2_flags_from_bsd(
		    va->va_flags, st->st_mode, &np->n_flags);
	return 0;
}

static int
node_symlink(struct ext2_node *np, const char *target, size_t len)
{
	struct ext2_mount *m = np->n_m;
	struct buf *bp;
	uint64_t blk, cnt;
	int error;

	if (len == 0 || len > m->m_mp->mnt_caps.fc_symlinkmax)
		return len == 0 ? ENOENT : ENAMETOOLONG;
	np->n_st.st_size = len;
	if (len < EXT2_FASTLINK_MAX) {
		memcpy(np->n_block, target, len);
		return 0;
	}
	if (ext2_incompat(m, EXT2_FI_EXTENTS))
		ext2_ext_init(np);
	error = ext2_fill_hole(np, 0, 1, &blk, &cnt);
	if (error == 0)
		error = getblk_zero(
		    m->m_dev, ext2_blkoff(m, blk), m->m_bsize, &bp);
	if (error != 0)
		return error;
	memcpy(bp->b_data, target, len);
	bdwrite(bp);
	return 0;
}

/* What belongs to the type; then the inode is stored. */
static int
node_fill(struct vnode *dvp, struct vnode *vp, const struct vcreate *vc)
{
	struct ext2_node *np = ext2_node_of(vp);
	int error;

	error = node_attrs(np, ext2_node_of(dvp), vc);
	if (error == 0 && vc->vc_type == VDIR)
		error = ext2_dir_make(vp, ext2_node_of(dvp)->n_ino);
	else if (error == 0 && vc->vc_type == VLNK)
		error = node_symlink(np, vc->vc_target, vc->vc_targetlen);
	else if (error == 0 && (vc->vc_type == VBLK || vc->vc_type == VCHR))
		error = ext2_rdev_put(np, vc->vc_rdev);
	if (error == 0)
		error = ext2_node_store(np);
	if (error == 0 && vc->vc_inherit && vc->vc_type != VLNK)
		error = ext2_acl_inherit(
		    ext2_node_of(dvp), np, vc->vc_type == VDIR, vc->vc_mode);
	if (error == 0)
		ext2_vnode_setup(vp, np);
	return error;
}

/* Take back what node_make() made; vp is LOADING and locked. */
static void
node_unmake(struct vnode *vp)
{
	struct ext2_node *np = ext2_node_of(vp);

	if (vp->v_dirhash != NULL)
		dirhash_destroy(vp);
	(void)ext2_node_destroy(np);
	vp->v_data = NULL;
	ext2_node_free(np);
	vcache_abort(vp);
}

static int
node_make(struct vnode *dvp, const struct vcreate *vc, struct vnode **vpp)
{
	struct ext2_node *dnp = ext2_node_of(dvp), *np;
	struct ext2_mount *m = dnp->n_m;
	bool dir = vc->vc_type == VDIR;
	struct vnode *vp;
	uint32_t ino;
	int error;

	error = ext2_begin(m);
	if (error == 0)
		error = ext2_ialloc(m, dnp, dir, &ino);
	if (error != 0)
		return error;
	np = ext2_node_alloc();
	error = np == NULL ? ENOMEM : vcache_new(m->m_mp, ino, &vp);
	if (error != 0) {
		if (np != NULL)
			ext2_node_free(np);
		if (error == EUCLEAN) /* its bit stays set from now on */
			return ext2_damage(
			    m, ino, "is in use, but the bitmap has it free");
		ext2_ifree(m, ino, dir);
		return error;
	}
	ext2_node_init(m, ino, np);
	np->n_fresh = true;
	np->n_vp = vp;
	vp->v_data = np;
	vp->v_type = vc->vc_type;
	error = node_fill(dvp, vp, vc);
	if (error != 0) {
		node_unmake(vp);
		return error;
	}
	*vpp = vp;
	return 0;
}

/* With dir_nlink a directory may have more subdirectories than the field can
 * count: then it says 1, and that stays. */
static bool
links_uncounted(const struct ext2_node *dnp)
{
	return dnp->n_st.st_nlink == 1 &&
	    ext2_rocompat(dnp->n_m, EXT2_FR_DIR_NLINK);
}

static bool
dir_full(const struct ext2_node *dnp)
{
	return dnp->n_st.st_nlink >= EXT2_LINK_MAX &&
	    !ext2_rocompat(dnp->n_m, EXT2_FR_DIR_NLINK);
}

static void
parent_link(struct ext2_node *dnp)
{
	if (links_uncounted(dnp))
		return;
	dnp->n_st.st_nlink++;
	if (dnp->n_st.st_nlink > EXT4_LINK_MAX)
		dnp->n_st.st_nlink = 1;
}

static void
parent_unlink(struct ext2_node *dnp)
{
	if (dnp->n_st.st_nlink > 0 && !links_uncounted(dnp))
		dnp->n_st.st_nlink--;
}

int
ext2_create(struct vnode *dvp, const struct componentname *cn,
    const struct vcreate *vc, struct vnode **vpp)
{
	struct ext2_node *dnp = ext2_node_of(dvp);
	bool dir = vc->vc_type == VDIR;
	uint32_t oldlinks = dnp->n_st.st_nlink;
	struct vnode *vp;
	int error;

	if (dir && dir_full(dnp))
		return EMLINK;
	error = node_make(dvp, vc, &vp);
	if (error != 0)
		return error;
	if (dir)
		parent_link(dnp); /* stored with the entry */
	error = ext2_dir_enter(
	    dvp, cn->cn_name, cn->cn_len, ext2_node_of(vp)->n_ino, vc->vc_type);
	if (error != 0) {
		/* What failed half-way may have stored the count already. */
		dnp->n_st.st_nlink = oldlinks;
		(void)ext2_node_store(dnp);
		node_unmake(vp);
		return error;
	}
	vcache_publish(vp);
	*vpp = vp;
	return 0;
}

int
ext2_tmpfile(struct vnode *dvp, const struct vcreate *vc, struct vnode **vpp)
{
	struct vnode *vp;
	int error;

	error = node_make(dvp, vc, &vp);
	if (error != 0)
		return error;
	ext2_node_of(vp)->n_st.st_nlink = 0;
	vp->v_unlinked = true;
	error = ext2_orphan_add(ext2_node_of(vp));
	if (error != 0) {
		node_unmake(vp);
		return error;
	}
	vcache_publish(vp);
	*vpp = vp;
	return 0;
}

/* ---- links ------------------------------------------------------------------- */

int
ext2_link(struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	struct ext2_node *np = ext2_node_of(vp);
	int error;

	if (np->n_st.st_nlink >= np->n_m->m_mp->mnt_caps.fc_linkmax)
		return EMLINK;
	error = ext2_begin(np->n_m);
	if (error == 0)
		error = ext2_dir_enter(
		    dvp, cn->cn_name, cn->cn_len, np->n_ino, vp->v_type);
	if (error != 0)
		return error;
	if (vp->v_unlinked) {
		vp->v_unlinked = false;
		(void)ext2_orphan_remove(np);
	}
	np->n_st.st_nlink++;
	return ext2_touchnode(np, TOUCH_CTIME);
}

/* A name of vp has gone (of a directory: its last). */
static int
drop_link(struct vnode *vp)
{
	struct ext2_node *np = ext2_node_of(vp);
	int error;

	if (vp->v_unlinked) { /* it is on its way out already */
		(void)ext2_damage(
		    np->n_m, np->n_ino, "has more names than links");
		return 0;
	}
	if (vp->v_type == VDIR)
		np->n_st.st_nlink = 0;
	else if (np->n_st.st_nlink > 0)
		np->n_st.st_nlink--;
	error = ext2_touchnode(np, TOUCH_CTIME);
	if (np->n_st.st_nlink > 0)
		return error;
	vp->v_unlinked = true;
	return ext2_orphan_add(np);
}

int
ext2_remove(struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	int error = ext2_begin(ext2_node_of(dvp)->n_m);

	if (error == 0)
		error = ext2_dir_remove(dvp, cn->cn_name, cn->cn_len);
	return error != 0 ? error : drop_link(vp);
}

int
ext2_rmdir(struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	struct ext2_node *dnp = ext2_node_of(dvp);
	uint32_t links;
	int error = ext2_begin(dnp->n_m);

	if (error == 0)
		error = ext2_dir_isempty(vp);
	if (error != 0)
		return error;
	links = dnp->n_st.st_nlink;
	parent_unlink(dnp); /* stored with the entry's going */
	error = ext2_dir_remove(dvp, cn->cn_name, cn->cn_len);
	if (error != 0) {
		dnp->n_st.st_nlink = links;
		return error;
	}
	return drop_link(vp);
}

/* ---- rename ------------------------------------------------------------------- */

/* A directory has moved from one to another: its "..", their counts. */
static int
dir_moved(struct vnode *vp, struct vnode *fdvp, struct vnode *tdvp)
{
	int error;

	if (vp->v_type != VDIR || fdvp == tdvp)
		return 0;
	error = ext2_dir_rewrite(vp, "..", 2, ext2_node_of(tdvp)->n_ino, VDIR);
	parent_unlink(ext2_node_of(fdvp));
	parent_link(ext2_node_of(tdvp));
	return error;
}

static int
rename_exchange(const struct rename_args *ra)
{
	struct vnode *fvp = ra->ra_fvp, *tvp = ra->ra_tvp;
	struct vnode *fdvp = ra->ra_fdvp, *tdvp = ra->ra_tdvp;
	int error, e;

	error = ext2_dir_rewrite(tdvp, ra->ra_tcn->cn_name, ra->ra_tcn->cn_len,
	    ext2_node_of(fvp)->n_ino, fvp->v_type);
	if (error != 0)
		return error;
	error = ext2_dir_rewrite(fdvp, ra->ra_fcn->cn_name, ra->ra_fcn->cn_len,
	    ext2_node_of(tvp)->n_ino, tvp->v_type);
	if (error != 0) {
		(void)ext2_dir_rewrite(tdvp, ra->ra_tcn->cn_name,
		    ra->ra_tcn->cn_len, ext2_node_of(tvp)->n_ino, tvp->v_type);
		return error;
	}
	error = dir_moved(fvp, fdvp, tdvp);
	e = dir_moved(tvp, tdvp, fdvp);
	if (error == 0)
		error = e;
	if ((e = ext2_touchnode(tvp->v_data, TOUCH_CTIME)) != 0 && error == 0)
		error = e;
	return error;
}

/* The new name, then the old one goes. */
static int
rename_move(const struct rename_args *ra)
{
	struct vnode *fvp = ra->ra_fvp, *tvp = ra->ra_tvp;
	struct vnode *fdvp = ra->ra_fdvp, *tdvp = ra->ra_tdvp;
	const struct componentname *tcn = ra->ra_tcn;
	uint32_t ino = ext2_node_of(fvp)->n_ino;
	int error, e;

	if (tvp != NULL)
		error = ext2_dir_rewrite(
		    tdvp, tcn->cn_name, tcn->cn_len, ino, fvp->v_type);
	else
		error = ext2_dir_enter(
		    tdvp, tcn->cn_name, tcn->cn_len, ino, fvp->v_type);
	if (error != 0)
		return error;
	error = ext2_dir_remove(fdvp, ra->ra_fcn->cn_name, ra->ra_fcn->cn_len);
	if (error != 0) {
		if (tvp != NULL)
			(void)ext2_dir_rewrite(tdvp, tcn->cn_name, tcn->cn_len,
			    ext2_node_of(tvp)->n_ino, tvp->v_type);
		else
			(void)ext2_dir_remove(tdvp, tcn->cn_name, tcn->cn_len);
		return error;
	}
	error = dir_moved(fvp, fdvp, tdvp);
	if (tvp != NULL) {
		if (tvp->v_type == VDIR)
			parent_unlink(ext2_node_of(tdvp));
		e = drop_link(tvp);
		if (error == 0)
			error = e;
	}
	return error;
}

int
ext2_rename(const struct rename_args *ra)
{
	struct ext2_node *tdnp = ext2_node_of(ra->ra_tdvp);
	bool exchange = (ra->ra_flags & RUMP_RENAME_EXCHANGE) != 0;
	int error, e;

	if (ra->ra_fvp->v_type == VDIR && ra->ra_fdvp != ra->ra_tdvp &&
	    (ra->ra_tvp == NULL || ra->ra_tvp->v_type != VDIR) &&
	    dir_full(tdnp))
		return EMLINK;
	error = ext2_begin(tdnp->n_m);
	if (error != 0)
		return error;
	error = exchange ? rename_exchange(ra) : rename_move(ra);
	e = ext2_touchnode(ra->ra_fvp->v_data, TOUCH_CTIME);
	if (error == 0)
		error = e;
	e = ext2_touchnode(ra->ra_fdvp->v_data, TOUCH_MTIME);
	if (error == 0)
		error = e;
	if (ra->ra_tdvp != ra->ra_fdvp) {
		e = ext2_touchnode(tdnp, TOUCH_MTIME);
		if (error == 0)
			error = e;
	}
	return error;
}
