/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * renameat2(2) over any driver: what is the same for all of them.
 *
 * Order of locks: mnt_renamelock (two directories involved), then the two
 * directories, the ancestor first, else by inode number; then the two nodes by
 * inode number.  While the rename lock is held no directory moves to another
 * parent, so what the walk up from one directory to the root found stays true.
 *
 * A directory can't go below itself: that is so if and only if the walk up from
 * the target directory comes into the source directory through the node to be
 * moved; so that child's number is remembered (below_ino).
 */
#include "kern/klog.h"
#include "vfs/genfs.h"
#include "vfs/namei.h"

#define RENAME_MAXDEPTH 65536u /* an image can be a ring */

struct rename {
	struct rename_args ra;
	struct mount *mp;
	const struct kcred *cred;
	bool f_above_t, t_above_f; /* one directory is above the other */
	uint64_t below_ino; /* the upper's child on the way to the lower */
};

/* Is upper above lower?  Then *belowp: the child of upper on the way. */
static int
find_above(
    struct vnode *upper, struct vnode *lower, bool *abovep, uint64_t *belowp)
{
	struct componentname dd = {
	    .cn_name = "..", .cn_len = 2, .cn_cred = cred_root};
	struct vnode *vp = lower, *up;
	int error = 0;

	*abovep = false;
	vref(vp);
	for (unsigned depth = 0; (vp->v_flags & VV_ROOT) == 0; depth++) {
		if (depth == RENAME_MAXDEPTH) {
			mount_message(vn_mount(vp), vp->v_ino, UINT64_MAX,
			    "\"..\" does not lead to the root");
			error = EUCLEAN;
			break;
		}
		vn_lock(vp, RW_READER);
		error = vop_lookup(vp, &dd, &up);
		vn_unlock(vp);
		if (error != 0)
			break;
		*belowp = vp->v_ino;
		vrele(vp);
		vp = up;
		if (vp == upper) {
			*abovep = true;
			break;
		}
	}
	vrele(vp);
	return error;
}

static int
rename_lockdirs(struct rename *r)
{
	struct vnode *f = r->ra.ra_fdvp, *t = r->ra.ra_tdvp;
	int error;

	if (f == t) {
		vn_lock(f, RW_WRITER);
		return 0;
	}
	rw_enter(&r->mp->mnt_renamelock, RW_WRITER);
	error = find_above(f, t, &r->f_above_t, &r->below_ino);
	if (error == 0 && !r->f_above_t)
		error = find_above(t, f, &r->t_above_f, &r->below_ino);
	if (error != 0) {
		rw_exit(&r->mp->mnt_renamelock);
		return error;
	}
	if (r->t_above_f) {
		vn_lock(t, RW_WRITER);
		vn_lock(f, RW_WRITER);
	} else if (r->f_above_t) {
		vn_lock(f, RW_WRITER);
		vn_lock(t, RW_WRITER);
	} else {
		vn_lock2(f, t);
	}
	return 0;
}

static void
rename_unlockdirs(struct rename *r)
{
	vn_unlock2(r->ra.ra_fdvp, r->ra.ra_tdvp);
	if (r->ra.ra_fdvp != r->ra.ra_tdvp)
		rw_exit(&r->mp->mnt_renamelock);
}

static int
emit_any(struct dirsink *ds, uint64_t ino, uint8_t dtype, const char *name,
    size_t len, uint64_t next)
{
	(void)ds, (void)ino, (void)dtype, (void)next;
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return 0;
	return ENOTEMPTY;
}

int
genfs_isempty(struct vnode *vp)
{
	struct dirsink ds = {.ds_emit = emit_any};
	uint64_t cookie = 0, was;
	bool eof = false;
	int error;

	do {
		was = cookie;
		error = vop_readdir(vp, &ds, &cookie, &eof);
	} while (error == 0 && !eof && cookie != was);
	if (error != 0)
		return error;
	return eof ? 0 : ENOTEMPTY;
}

/* Loops: before the nodes themselves can be locked. */
static int
rename_check_loops(struct rename *r)
{
	const struct rename_args *ra = &r->ra;
	bool exch = (ra->ra_flags & RUMP_RENAME_EXCHANGE) != 0;

	if (ra->ra_fvp == ra->ra_tdvp ||
	    (r->f_above_t && ra->ra_fvp->v_ino == r->below_ino))
		return EINVAL;
	if (ra->ra_tvp != NULL &&
	    (ra->ra_tvp == ra->ra_fdvp ||
		(r->t_above_f && ra->ra_tvp->v_ino == r->below_ino)))
		return exch ? EINVAL : ENOTEMPTY;
	/* The image lies: a name leads to its own directory. */
	if (ra->ra_fvp == ra->ra_fdvp || ra->ra_tvp == ra->ra_tdvp)
		return EUCLEAN;
	if (vn_covered(ra->ra_fvp) ||
	    (ra->ra_tvp != NULL && vn_covered(ra->ra_tvp)))
		return EBUSY;
	return 0;
}

static int
rename_check_types(const struct rename_args *ra)
{
	bool fdir = ra->ra_fvp->v_type == VDIR, tdir;

	if (ra->ra_tvp == NULL || (ra->ra_flags & RUMP_RENAME_EXCHANGE) != 0)
		return 0;
	tdir = ra->ra_tvp->v_type == VDIR;
	if (fdir && !tdir)
		return ENOTDIR;
	if (!fdir && tdir)
		return EISDIR;
	return tdir ? genfs_isempty(ra->ra_tvp) : 0;
}

static int
rename_check_access(struct rename *r)
{
	const struct rename_args *ra = &r->ra;
	bool exch = (ra->ra_flags & RUMP_RENAME_EXCHANGE) != 0;
	int error;

	error = genfs_can_unlink(ra->ra_fdvp, ra->ra_fvp, r->cred);
	if (error == 0 && ra->ra_tvp != NULL)
		error = genfs_can_unlink(ra->ra_tdvp, ra->ra_tvp, r->cred);
	else if (error == 0)
		error = vop_access(ra->ra_tdvp, RUMP_W_OK | RUMP_X_OK, r->cred);
	if (error != 0 || ra->ra_fdvp == ra->ra_tdvp)
		return error;
	/* ".." changes. */
	if (ra->ra_fvp->v_type == VDIR)
		error = vop_access(ra->ra_fvp, RUMP_W_OK, r->cred);
	if (error == 0 && exch && ra->ra_tvp->v_type == VDIR)
		error = vop_access(ra->ra_tvp, RUMP_W_OK, r->cred);
	return error;
}

/* Both directories are locked, fvp and tvp found. */
static int
rename_locked(struct rename *r)
{
	struct rename_args *ra = &r->ra;
	struct vnode *second = ra->ra_tvp != NULL ? ra->ra_tvp : ra->ra_fvp;
	int error;

	error = rename_check_loops(r);
	if (error != 0)
		return error;
	vn_lock2(ra->ra_fvp, second);
	error = rename_check_types(ra);
	if (error == 0)
		error = rename_check_access(r);
	if (error == 0)
		error = vop_rename(ra);
	vn_unlock2(ra->ra_fvp, second);
	return error;
}

static int
rename_lookup(struct rename *r)
{
	struct rename_args *ra = &r->ra;
	int error;

	if (ra->ra_fdvp->v_mount != r->mp || ra->ra_tdvp->v_mount != r->mp)
		return EIO; /* taken away meanwhile */
	if (ra->ra_fdvp->v_unlinked || ra->ra_tdvp->v_unlinked)
		return ENOENT;
	error = vn_lookup(ra->ra_fdvp, ra->ra_fcn, &ra->ra_fvp);
	if (error != 0)
		return error;
	error = vn_lookup(ra->ra_tdvp, ra->ra_tcn, &ra->ra_tvp);
	if (error == ENOENT) {
		ra->ra_tvp = NULL;
		error = (ra->ra_flags & RUMP_RENAME_EXCHANGE) != 0 ? ENOENT : 0;
	} else if (error == 0 && (ra->ra_flags & RUMP_RENAME_NOREPLACE) != 0) {
		error = EEXIST;
	}
	return error;
}

int
genfs_rename(struct vnode *fdvp, const struct componentname *fcn,
    struct vnode *tdvp, const struct componentname *tcn, uint32_t flags,
    const struct kcred *cred)
{
	const uint32_t both = RUMP_RENAME_EXCHANGE | RUMP_RENAME_NOREPLACE;
	struct rename r = {
	    .ra = {.ra_fdvp = fdvp,
		.ra_tdvp = tdvp,
		.ra_fcn = fcn,
		.ra_tcn = tcn,
		.ra_flags = flags},
	    .mp = vn_mount(fdvp),
	    .cred = cred,
	};
	int error;

	if ((flags & ~both) != 0 || (flags & both) == both)
		return EINVAL;
	if (r.mp != vn_mount(tdvp))
		return EXDEV;
	if ((r.mp->mnt_flags & RUMP_MNT_RDONLY) != 0)
		return EROFS;
	error = r.mp->mnt_namespec->ns_valid(tcn->cn_name, tcn->cn_len);
	if (error != 0)
		return error;
	error = rename_lockdirs(&r);
	if (error != 0)
		return error;
	error = rename_lookup(&r);
	/* Two names of one node: nothing to do, says POSIX; but where both are
	 * one entry (the case of a letter changes), the entry is rewritten. */
	if (error == 0 && r.ra.ra_fvp == r.ra.ra_tvp &&
	    (fdvp != tdvp ||
		!r.mp->mnt_namespec->ns_equal(
		    fcn->cn_name, fcn->cn_len, tcn->cn_name, tcn->cn_len) ||
		(fcn->cn_len == tcn->cn_len &&
		    memcmp(fcn->cn_name, tcn->cn_name, fcn->cn_len) == 0)))
		goto out;
	if (error == 0 && r.ra.ra_fvp == r.ra.ra_tvp) {
		vrele(r.ra.ra_tvp);
		r.ra.ra_tvp = NULL;
	}
	if (error == 0)
		error = rename_locked(&r);
out:
	rename_unlockdirs(&r);
	if (r.ra.ra_fvp != NULL)
		vrele(r.ra.ra_fvp);
	if (r.ra.ra_tvp != NULL)
		vrele(r.ra.ra_tvp);
	return error;
}
