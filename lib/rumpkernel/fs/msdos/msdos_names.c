/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on names: lookup, create, remove, rename.
 *
 * A file's number is its entry's place: who gets another entry, or none, gets another
 * number.  What may run out of space comes first, so that ENOSPC leaves no trace.
 */
#include "fs/msdos/msdos.h"
#include "kern/klog.h"
#include "kern/kstring.h"

/* A number for a node without an entry. */
static uint64_t
nameless(struct msdos_mount *m)
{
	uint64_t ino;

	mutex_enter(&m->m_lock);
	ino = NODE_NAMELESS + m->m_nameless++;
	mutex_exit(&m->m_lock);
	return ino;
}

/* The node's number follows its entry. */
static void
rekey(struct msdos_node *np, uint64_t ino)
{
	int error;

	if (np->n_st.st_ino == ino)
		return;
	error = vcache_rekey(np->n_vp, ino);
	/* Nobody else can have it: the entry was free. */
	KASSERT(error == 0);
	np->n_st.st_ino = ino;
}

static uint64_t
file_ino(uint64_t entry)
{
	return NODE_FILE + entry / MSDOS_DIRENT;
}

/* The directory has changed: nothing of it is kept but its time. */
static void
dir_changed(struct vnode *dvp)
{
	msdos_touch(dvp, TOUCH_MTIME | TOUCH_CTIME);
}

int
msdos_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp)
{
	struct msdos_node *dnp = msdos_node_of(dvp);
	struct msdos_mount *m = dnp->n_m;
	struct msdos_found f;
	uint32_t up = 0;
	uint64_t ino;
	int error = 0;

	if (cn->cn_len == 2 && memcmp(cn->cn_name, "..", 2) == 0) {
		if (dnp->n_st.st_ino != NODE_ROOT)
			error = msdos_dir_parent(dnp, &up);
		ino = msdos_dir_ino(m, up);
	} else {
		error = msdos_dir_find(dvp, cn->cn_name, cn->cn_len, &f);
		if (error == 0)
			error = msdos_entry_ino(m, f.mf_entry, &f.mf_de, &ino);
	}
	if (error == 0)
		error = vcache_get(m->m_mp, ino, vpp);
	return error == ESTALE ? EUCLEAN : error;
}

/* ---- making ---------------------------------------------------------------------- */

/* A node with a vnode that is LOADING and locked; it has no entry yet. */
static int
node_make(struct vnode *dvp, const struct vcreate *vc, struct vnode **vpp)
{
	struct msdos_node *dnp = msdos_node_of(dvp), *np;
	struct msdos_mount *m = dnp->n_m;
	int error;

	if (vc->vc_type != VREG && vc->vc_type != VDIR)
		return EPERM; /* as link(2), symlink(2) and mknod(2) have it */
	error = msdos_begin(m);
	if (error != 0)
		return error;
	np = msdos_node_alloc(m);
	if (np == NULL)
		return ENOMEM;
	msdos_node_fresh(np, vc);
	if (vc->vc_type == VDIR)
		error = msdos_dir_make(np, dnp);
	np->n_st.st_ino = vc->vc_type == VDIR && error == 0 ? np->n_first
							    : nameless(m);
	if (error == 0)
		error = vcache_new(m->m_mp, np->n_st.st_ino, vpp);
	if (error != 0) {
		(void)msdos_chain_cut(np, 0);
		msdos_node_free(np);
		return error;
	}
	msdos_vnode_setup(*vpp, np);
	return 0;
}

static void
node_unmake(struct vnode *vp)
{
	struct msdos_node *np = msdos_node_of(vp);

	(void)msdos_chain_cut(np, 0);
	if (vp->v_dirhash != NULL)
		dirhash_destroy(vp);
	vp->v_data = NULL;
	msdos_node_free(np);
	vcache_abort(vp);
}

int
msdos_create(struct vnode *dvp, const struct componentname *cn,
    const struct vcreate *vc, struct vnode **vpp)
{
	struct msdos_node *np;
	struct vnode *vp;
	int error;

	error = node_make(dvp, vc, &vp);
	if (error != 0)
		return error;
	np = msdos_node_of(vp);
	error = msdos_dir_enter(dvp, cn->cn_name, cn->cn_len, np);
	if (error != 0) {
		node_unmake(vp);
		return error;
	}
	if (vc->vc_type == VREG)
		rekey(np, file_ino(np->n_entry));
	dir_changed(dvp);
	vcache_publish(vp);
	*vpp = vp;
	return 0;
}

int
msdos_tmpfile(struct vnode *dvp, const struct vcreate *vc, struct vnode **vpp)
{
	int error = node_make(dvp, vc, vpp);

	if (error != 0)
		return error;
	msdos_node_of(*vpp)->n_st.st_nlink = 0;
	(*vpp)->v_unlinked = true;
	vcache_publish(*vpp);
	return 0;
}

/* One name is all that a file can have: the first, of one that has none. */
int
msdos_link(struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	struct msdos_node *np = msdos_node_of(vp);
	int error;

	if (!vp->v_unlinked)
		return EPERM;
	error = msdos_begin(np->n_m);
	if (error == 0)
		error = msdos_dir_enter(dvp, cn->cn_name, cn->cn_len, np);
	if (error != 0)
		return error;
	rekey(np, file_ino(np->n_entry));
	np->n_st.st_nlink = 1;
	vp->v_unlinked = false;
	dir_changed(dvp);
	return 0;
}

/* ---- removing ------------------------------------------------------------------------ */

/* The node's entry is gone. */
static void
drop_entry(struct vnode *vp)
{
	struct msdos_node *np = msdos_node_of(vp);

	np->n_entry = 0;
	np->n_st.st_nlink = 0;
	np->n_dirty = false;
	vp->v_unlinked = true;
	if (!msdos_isdir(np))
		rekey(np, nameless(np->n_m));
}

static int
remove_name(struct vnode *dvp, const struct componentname *cn)
{
	struct msdos_found f;
	int error;

	error = msdos_dir_find(dvp, cn->cn_name, cn->cn_len, &f);
	return error != 0 ? error : msdos_dir_remove(dvp, &f);
}

int
msdos_remove(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	int error = msdos_begin(msdos_node_of(dvp)->n_m);

	if (error == 0)
		error = remove_name(dvp, cn);
	if (error != 0)
		return error;
	drop_entry(vp);
	dir_changed(dvp);
	return 0;
}

int
msdos_rmdir(struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	int error = msdos_dir_isempty(vp);

	return error != 0 ? error : msdos_remove(dvp, cn, vp);
}

/* ---- renaming ------------------------------------------------------------------------- */

/* np, whose old entry is gone or still there, gets a name in tdvp. */
static int
enter_again(
    struct vnode *tdvp, const struct componentname *tcn, struct msdos_node *np)
{
	int error = msdos_dir_enter(tdvp, tcn->cn_name, tcn->cn_len, np);

	if (error == 0 && !msdos_isdir(np))
		rekey(np, file_ino(np->n_entry));
	return error;
}

/* The entries stay where they are, with what the other one was. */
static int
exchange(struct vnode *avp, struct vnode *bvp)
{
	struct msdos_node *a = msdos_node_of(avp), *b = msdos_node_of(bvp);
	uint64_t entry = a->n_entry, aino = a->n_st.st_ino;
	uint64_t bino = b->n_st.st_ino;
	uint8_t lcase = a->n_lcase;
	bool files = !msdos_isdir(a) && !msdos_isdir(b);
	int error;

	a->n_entry = b->n_entry;
	a->n_lcase = b->n_lcase;
	b->n_entry = entry;
	b->n_lcase = lcase;
	if (files || !msdos_isdir(a))
		rekey(a, nameless(a->n_m));
	if (!msdos_isdir(b))
		rekey(b, files ? aino : file_ino(b->n_entry));
	if (!msdos_isdir(a))
		rekey(a, files ? bino : file_ino(a->n_entry));
	error = msdos_node_store(a);
	return error != 0 ? error : msdos_node_store(b);
}

/* Directories tell where they are. */
static int
moved(struct vnode *vp, struct vnode *from, struct vnode *to)
{
	if (vp->v_type != VDIR || from == to)
		return 0;
	return msdos_dir_reparent(msdos_node_of(vp), msdos_node_of(to));
}

/*
 * The name is there already, for another file: its entry leads to fvp from now on.  A
 * name that differs in case only is no other: it is entered anew.
 */
static int
move_over(const struct rename_args *ra)
{
	struct msdos_node *np = msdos_node_of(ra->ra_fvp);
	struct msdos_node *over = msdos_node_of(ra->ra_tvp);
	uint64_t entry = over->n_entry;
	uint8_t lcase = over->n_lcase;
	int error;

	error = remove_name(ra->ra_fdvp, ra->ra_fcn);
	if (error != 0)
		return error;
	drop_entry(ra->ra_tvp);
	np->n_entry = entry;
	np->n_lcase = lcase;
	if (!msdos_isdir(np))
		rekey(np, file_ino(entry));
	return msdos_node_store(np);
}

static int
move_new(const struct rename_args *ra)
{
	struct msdos_node *np = msdos_node_of(ra->ra_fvp);
	struct msdos_found f;
	int error;

	error = msdos_dir_find(
	    ra->ra_fdvp, ra->ra_fcn->cn_name, ra->ra_fcn->cn_len, &f);
	if (error != 0)
		return error;
	/* Another case of its own name would be found instead of a new one. */
	if (ra->ra_fdvp == ra->ra_tdvp &&
	    msdos_namespec.ns_equal(ra->ra_fcn->cn_name, ra->ra_fcn->cn_len,
		ra->ra_tcn->cn_name, ra->ra_tcn->cn_len)) {
		error = msdos_dir_remove(ra->ra_fdvp, &f);
		if (error != 0)
			return error;
		error = enter_again(ra->ra_tdvp, ra->ra_tcn, np);
		if (error != 0)
			(void)enter_again(ra->ra_fdvp, ra->ra_fcn, np);
		return error;
	}
	error = enter_again(ra->ra_tdvp, ra->ra_tcn, np);
	if (error != 0)
		return error;
	return msdos_dir_remove(ra->ra_fdvp, &f);
}

int
msdos_rename(const struct rename_args *ra)
{
	bool swap = (ra->ra_flags & RUMP_RENAME_EXCHANGE) != 0;
	int error = msdos_begin(msdos_node_of(ra->ra_fdvp)->n_m);

	if (error != 0)
		return error;
	if (swap)
		error = exchange(ra->ra_fvp, ra->ra_tvp);
	else if (ra->ra_tvp != NULL && ra->ra_tvp != ra->ra_fvp)
		error = move_over(ra);
	else
		error = move_new(ra);
	if (error == 0)
		error = moved(ra->ra_fvp, ra->ra_fdvp, ra->ra_tdvp);
	if (error == 0 && swap)
		error = moved(ra->ra_tvp, ra->ra_tdvp, ra->ra_fdvp);
	dir_changed(ra->ra_fdvp);
	if (ra->ra_fdvp != ra->ra_tdvp)
		dir_changed(ra->ra_tdvp);
	return error;
}
