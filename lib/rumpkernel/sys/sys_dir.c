/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading directories: getdents, and getdents with attributes.
 *
 * The second is done in two passes over the caller's buffer: names while the
 * directory is locked, then attributes without any lock of it, so that a child's
 * or the parent's lock never waits inside of the directory's.  An entry that has
 * gone meanwhile has d_error, and so has one that the driver calls damaged, which
 * has no inode number and no name.
 */
#include "sys/sys_impl.h"
#include "vfs/vnode_impl.h"

struct getdents {
	struct dirsink ds;
	char *ubuf;
	uint64_t room, used;
	bool plus;
	int error;
};

/* One record to the user.  Nonzero: no room, or no such address. */
static int
getdents_emit(struct dirsink *ds, uint64_t ino, uint8_t dtype, const char *name,
    size_t namelen, uint64_t nextcookie)
{
	struct getdents *gd = container_of(ds, struct getdents, ds);
	size_t head = gd->plus ? offsetof(struct rump_direntplus, d_ent) : 0;
	size_t entlen = roundup2(
	    offsetof(struct rump_dirent, d_name) + namelen + 1, 8);
	struct rump_dirent de = {
	    .d_fileno = ino,
	    .d_off = nextcookie,
	    .d_reclen = (uint16_t)entlen,
	    .d_type = dtype,
	    .d_namlen = (uint16_t)namelen,
	};
	uint32_t reclen = (uint32_t)(head + entlen);
	char *up = gd->ubuf + gd->used;

	if (gd->used + reclen > gd->room)
		return EINVAL;
	gd->error = copyout(
	    &de, up + head, offsetof(struct rump_dirent, d_name));
	if (gd->error == 0 && gd->plus)
		gd->error = copyout(&reclen,
		    up + offsetof(struct rump_direntplus, d_reclen),
		    sizeof(reclen));
	if (gd->error == 0) {
		static const char zeros[8];
		char *uname = up + head + offsetof(struct rump_dirent, d_name);

		(void)copyout(name, uname, namelen);
		(void)copyout(
		    zeros, uname + namelen, up + reclen - (uname + namelen));
	}
	gd->used += reclen;
	return gd->error;
}

static int
getdents_damage(struct dirsink *ds, int error, uint64_t nextcookie)
{
	(void)error; /* the second pass says EUCLEAN */
	return getdents_emit(ds, 0, RUMP_DT_UNKNOWN, "", 0, nextcookie);
}

/* A node's attributes, from the vnode if somebody uses it (it may have changes
 * that are nowhere else), else straight from the driver. */
static int
stat_ino(struct mount *mp, uint64_t ino, struct rump_stat *st)
{
	struct vnode *vp;
	int error;

	vp = vcache_lookup_active(mp, ino);
	if (vp == NULL && mp->mnt_op->vfs_statino != NULL) {
		memset(st, 0, sizeof(*st));
		st->st_birthtim.tv_nsec = RUMP_UTIME_OMIT;
		error = mp->mnt_op->vfs_statino(mp, ino, st);
		st->st_dev = mp->mnt_id;
		return error;
	}
	if (vp == NULL) {
		error = vcache_get(mp, ino, &vp);
		if (error != 0)
			return error;
	}
	vn_lock(vp, RW_READER);
	error = vop_getattr(vp, st);
	vn_unlock(vp);
	vrele(vp);
	return error;
}

/* The second pass. */
static int
getdents_stat(struct mount *mp, char *ubuf, uint64_t used)
{
	struct rump_stat st;
	uint64_t ino, pos = 0;
	uint32_t reclen;
	int32_t e;
	int error = 0;

	while (error == 0 && pos < used) {
		char *up = ubuf + pos;

		error = copyin(
		    up + offsetof(struct rump_direntplus, d_ent.d_fileno), &ino,
		    sizeof(ino));
		if (error == 0)
			error = copyin(
			    up + offsetof(struct rump_direntplus, d_reclen),
			    &reclen, sizeof(reclen));
		if (error != 0 || reclen == 0 || reclen > used - pos)
			return error != 0 ? error : EFAULT;
		e = ino != 0 ? stat_ino(mp, ino, &st) : EUCLEAN;
		if (e != 0)
			memset(&st, 0, sizeof(st));
		error = copyout(&st,
		    up + offsetof(struct rump_direntplus, d_stat), sizeof(st));
		if (error == 0)
			error = copyout(&e,
			    up + offsetof(struct rump_direntplus, d_error),
			    sizeof(e));
		pos += reclen;
	}
	return error;
}

static int
getdents_attributes(struct vnode *vp, char *ubuf, uint64_t used)
{
	struct mount *mp = vn_busymount(vp);
	int error;

	error = mp->mnt_op != NULL ? getdents_stat(mp, ubuf, used) : EIO;
	vfs_unbusy(mp);
	return error;
}

/* One buffer full, from the file's cookie on. */
static int
read_entries(struct file *fp, struct getdents *gd)
{
	struct vnode *vp = fp->f_vp;
	uint64_t cookie = fp->f_offset;
	bool eof = false;
	int error;

	vn_lock(vp, RW_READER);
	if (vp->v_unlinked)
		error = ENOENT;
	else
		error = vop_readdir(vp, &gd->ds, &cookie, &eof);
	vn_unlock(vp);
	if (error == 0)
		error = gd->error;
	if (error != 0 && gd->used == 0)
		return error;
	if (gd->used == 0 && !eof)
		return EINVAL; /* not even one fits */
	fp->f_offset = cookie;
	return 0;
}

static int
do_getdents(int fd, char *ubuf, uint64_t len, bool plus, uint64_t *usedp)
{
	struct getdents gd = {.ds.ds_emit = getdents_emit,
	    .ds.ds_damage = plus ? getdents_damage : NULL,
	    .ubuf = ubuf,
	    .room = len,
	    .plus = plus};
	struct file *fp;
	int error;

	if (ubuf == NULL)
		return EFAULT;
	error = fd_getfile(fd, false, &fp);
	if (error != 0)
		return error;
	if (fp->f_vp->v_type != VDIR) {
		error = ENOTDIR;
	} else {
		mutex_enter(&fp->f_offlock);
		error = read_entries(fp, &gd);
		mutex_exit(&fp->f_offlock);
	}
	if (error == 0 && plus)
		error = getdents_attributes(fp->f_vp, ubuf, gd.used);
	*usedp = gd.used;
	file_rele(fp);
	return error;
}

static int64_t
call_getdents(int fd, void *buf, uint64_t len, bool plus)
{
	struct lwp *l = sys_enter();
	uint64_t used = 0;
	int error;

	if (l == NULL)
		return -EINTR;
	error = do_getdents(fd, buf, len, plus, &used);
	return sys_leave_count(l, error, used);
}

int64_t
rump_sys_getdents(int fd, void *buf, uint64_t len)
{
	return call_getdents(fd, buf, len, false);
}

int64_t
rump_sys_getdents_plus(int fd, void *buf, uint64_t len)
{
	return call_getdents(fd, buf, len, true);
}
