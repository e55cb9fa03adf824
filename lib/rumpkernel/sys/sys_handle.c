/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Below names: file handles, the nodes of a mount one after the other, the runs of
 * a file.
 */
#include "sys/sys_impl.h"
#include "vfs/vnode_impl.h"

static int
do_getfh(const char *upath, struct rump_fhandle *ufh)
{
	struct rump_fhandle fh;
	struct vnode *vp;
	int error;

	error = sys_getvnode(
	    RUMP_AT_FDCWD, upath, RUMP_AT_SYMLINK_NOFOLLOW, &vp);
	if (error != 0)
		return error;
	fh.fh_fsid = vn_mount(vp)->mnt_id;
	fh.fh_ino = vp->v_ino;
	fh.fh_gen = vp->v_gen;
	vrele(vp);
	return copyout(&fh, ufh, sizeof(fh));
}

int
rump_sys_getfh(const char *path, struct rump_fhandle *fh)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_getfh(path, fh));
}

static int
do_fhopen(const struct rump_fhandle *ufh, int flags, int *fdp)
{
	struct rump_fhandle fh;
	struct vnode *vp;
	struct mount *mp;
	int error;

	if (!cred_is_root(sys_cred()))
		return EPERM;
	if ((flags & RUMP_O_ACCMODE) == RUMP_O_ACCMODE ||
	    (flags & (RUMP_O_CREAT | RUMP_O_TMPFILE)) != 0)
		return EINVAL;
	error = copyin(ufh, &fh, sizeof(fh));
	if (error != 0)
		return error;
	mp = vfs_busy_byid(fh.fh_fsid);
	if (mp == NULL)
		return ESTALE;
	error = vfs_vget(mp, fh.fh_ino, fh.fh_gen, &vp);
	vfs_unbusy(mp);
	return error != 0 ? error : sys_openvnode(vp, flags, fdp);
}

int
rump_sys_fhopen(const struct rump_fhandle *fh, int flags)
{
	struct lwp *l = sys_enter();
	int fd = -1, error;

	if (l == NULL)
		return -EINTR;
	error = do_fhopen(fh, flags, &fd);
	return (int)sys_leave_count(l, error, (uint64_t)(unsigned)fd);
}

/* ---- run map ------------------------------------------------------------------------- */

#define RUNS_AT_ONCE 32u

static int
runmap_vnode(struct vnode *vp, uint64_t off, uint64_t len,
    struct rump_run *uruns, unsigned max, unsigned *cntp)
{
	struct rump_run runs[RUNS_AT_ONCE];
	uint64_t end;
	unsigned n;
	int error;

	if (add_overflow(off, len, &end))
		end = UINT64_MAX;
	*cntp = 0;
	while (*cntp < max && off < end) {
		vn_lock(vp, RW_READER);
		error = genfs_runmap(vp, off, end - off, runs,
		    (unsigned)kmin(max - *cntp, RUNS_AT_ONCE), &n);
		vn_unlock(vp);
		if (error != 0)
			return error;
		if (n == 0)
			break;
		error = copyout(runs, uruns + *cntp, n * sizeof(runs[0]));
		if (error != 0)
			return error;
		*cntp += n;
		off = runs[n - 1].r_off + runs[n - 1].r_len;
	}
	return 0;
}

int
rump_sys_runmap(
    int fd, uint64_t off, uint64_t len, struct rump_run *runs, unsigned max)
{
	struct lwp *l = sys_enter();
	unsigned cnt = 0;
	struct file *fp;
	int error;

	if (l == NULL)
		return -EINTR;
	error = fd_getfile(fd, false, &fp);
	if (error == 0) {
		if (fp->f_vp->v_type != VREG)
			error = fp->f_vp->v_type == VDIR ? EISDIR : EINVAL;
		else
			error = runmap_vnode(fp->f_vp, off, len, runs,
			    (unsigned)kmin(max, INT_MAX), &cnt);
		file_rele(fp);
	}
	return (int)sys_leave_count(l, error, cnt);
}

/* ---- all nodes ------------------------------------------------------------------------- */

static int
do_inodes(const char *upath, uint64_t *uino, bool deleted,
    struct rump_inode_info *uri)
{
	struct rump_inode_info ri;
	struct inode_info ii;
	struct vnode *vp;
	struct mount *mp;
	uint64_t ino;
	int error;

	error = copyin(uino, &ino, sizeof(ino));
	if (error == 0)
		error = sys_getvnode(RUMP_AT_FDCWD, upath, 0, &vp);
	if (error != 0)
		return error;
	mp = vn_busymount(vp);
	memset(&ii, 0, sizeof(ii));
	if (mp->mnt_op == NULL || mp->mnt_op->vfs_inodes == NULL)
		error = ENOENT;
	else
		error = mp->mnt_op->vfs_inodes(mp, &ino, deleted, &ii);
	vfs_unbusy(mp);
	vrele(vp);
	if (error != 0)
		return error;
	memset(&ri, 0, sizeof(ri));
	ri.ri_ino = ii.ii_ino;
	ri.ri_gen = ii.ii_gen;
	ri.ri_stat = ii.ii_stat;
	ri.ri_dtime = ii.ii_dtime;
	ri.ri_used = ii.ii_used;
	error = copyout(&ri, uri, sizeof(ri));
	ino = ii.ii_ino + 1; /* where the next call goes on */
	return error != 0 ? error : copyout(&ino, uino, sizeof(ino));
}

int
rump_sys_inodes(
    const char *path, uint64_t *inop, int deleted, struct rump_inode_info *ri)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_inodes(path, inop, deleted != 0, ri));
}
