/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attributes: stat(2), access(2), chmod(2), chown(2), chflags(2), utimensat(2) in
 * all forms, and several at once.
 */
#include "sys/sys_impl.h"

/* ---- reading ------------------------------------------------------------------- */

static int
stat_vnode(struct vnode *vp, struct rump_stat *ust)
{
	struct rump_stat st;
	int error;

	vn_lock(vp, RW_READER);
	error = vop_getattr(vp, &st);
	vn_unlock(vp);
	return error != 0 ? error : copyout(&st, ust, sizeof(st));
}

static int
do_stat(int dirfd, const char *upath, struct rump_stat *ust, int flags)
{
	struct vnode *vp;
	int error;

	if ((flags & ~(RUMP_AT_SYMLINK_NOFOLLOW | RUMP_AT_EMPTY_PATH)) != 0)
		return EINVAL;
	error = sys_getvnode(dirfd, upath, flags, &vp);
	if (error != 0)
		return error;
	error = stat_vnode(vp, ust);
	vrele(vp);
	return error;
}

int
rump_sys_fstatat(int dirfd, const char *path, struct rump_stat *st, int flags)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_stat(dirfd, path, st, flags));
}

int
rump_sys_stat(const char *path, struct rump_stat *st)
{
	return rump_sys_fstatat(RUMP_AT_FDCWD, path, st, 0);
}

int
rump_sys_lstat(const char *path, struct rump_stat *st)
{
	return rump_sys_fstatat(
	    RUMP_AT_FDCWD, path, st, RUMP_AT_SYMLINK_NOFOLLOW);
}

int
rump_sys_fstat(int fd, struct rump_stat *st)
{
	struct lwp *l = sys_enter();
	struct file *fp;
	int error;

	if (l == NULL)
		return -EINTR;
	error = fd_getfile(fd, true, &fp);
	if (error == 0) {
		error = stat_vnode(fp->f_vp, st);
		file_rele(fp);
	}
	return sys_leave(l, error);
}

static int
do_access(int dirfd, const char *upath, int mode, int flags)
{
	struct vnode *vp;
	int error;

	if ((mode & ~(RUMP_R_OK | RUMP_W_OK | RUMP_X_OK)) != 0 ||
	    (flags & ~(RUMP_AT_SYMLINK_NOFOLLOW | RUMP_AT_EMPTY_PATH)) != 0)
		return EINVAL;
	error = sys_getvnode(dirfd, upath, flags, &vp);
	if (error != 0)
		return error;
	vn_lock(vp, RW_READER);
	error = vop_access(vp, (uint32_t)mode, sys_cred());
	vn_unlock(vp);
	vrele(vp);
	return error;
}

int
rump_sys_faccessat(int dirfd, const char *path, int mode, int flags)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_access(dirfd, path, mode, flags));
}

int
rump_sys_access(const char *path, int mode)
{
	return rump_sys_faccessat(RUMP_AT_FDCWD, path, mode, 0);
}

/* ---- changing ------------------------------------------------------------------- */

/* chown(2) by root as Linux has it: a set-group-ID bit without the group's x isn't
 * one, and stays. */
static void
chown_setid(const struct rump_stat *st, struct vattr *va)
{
	uint32_t mode = st->st_mode & RUMP_ALLPERMS, drop = RUMP_S_ISUID;

	if ((st->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
		return;
	if ((mode & 0010) != 0)
		drop |= RUMP_S_ISGID;
	if ((mode & drop) == 0)
		return;
	va->va_mask |= VA_MODE;
	va->va_mode = mode & ~drop;
}

/* Who isn't root loses set-id bits where the owner or group changes. */
static void
setattr_setid(const struct rump_stat *st, struct vattr *va)
{
	const struct kcred *cred = sys_cred();
	uint32_t mode = st->st_mode & RUMP_ALLPERMS;

	if (cred_is_root(cred)) {
		if ((va->va_mask & VA_CHOWN) != 0)
			chown_setid(st, va);
		return;
	}
	if ((va->va_mask & VA_MODE) != 0) {
		uint32_t gid = (va->va_mask & VA_GID) != 0 ? va->va_gid
							   : st->st_gid;

		if (!cred_in_group(cred, gid))
			va->va_mode &= ~(uint32_t)RUMP_S_ISGID;
	} else if ((va->va_mask & (VA_UID | VA_GID)) != 0 &&
	    (st->st_mode & RUMP_S_IFMT) != RUMP_S_IFDIR &&
	    (mode & (RUMP_S_ISUID | RUMP_S_ISGID)) != 0) {
		va->va_mask |= VA_MODE;
		va->va_mode = mode & ~(uint32_t)(RUMP_S_ISUID | RUMP_S_ISGID);
	}
}

static void
setattr_clamp(struct mount *mp, struct vattr *va)
{
	if ((va->va_mask & VA_ATIME) != 0)
		genfs_clamptime(mp, &va->va_atime);
	if ((va->va_mask & VA_MTIME) != 0)
		genfs_clamptime(mp, &va->va_mtime);
	if ((va->va_mask & VA_CTIME) != 0)
		genfs_clamptime(mp, &va->va_ctime);
	if ((va->va_mask & VA_BTIME) != 0)
		genfs_clamptime(mp, &va->va_btime);
}

/* What a program may do beyond its user isn't its next owner's. */
static int
drop_capability(struct vnode *vp)
{
	int error;

	if (vp->v_type != VREG)
		return 0;
	error = vop_setxattr(vp, "security.capability", NULL, 0, 0);
	return error == ENODATA || error == EOPNOTSUPP ? 0 : error;
}

int
sys_setattr(struct vnode *vp, struct vattr *va)
{
	const struct kcred *cred = sys_cred();
	struct rump_stat st;
	int error;

	if (vn_rdonly(vp))
		return EROFS;
	if ((va->va_mask & ~(uint32_t)VA_TIMES_OWN) == 0)
		return 0;
	if ((va->va_mask & (VA_CTIME | VA_BTIME)) != 0 &&
	    (vn_mount(vp)->mnt_flags & RUMP_MNT_BUILDING) == 0)
		return EPERM;
	setattr_clamp(vn_mount(vp), va);
	vn_lock(vp, RW_WRITER);
	error = vop_getattr(vp, &st);
	if (error == 0)
		error = genfs_can_setattr(vp, &st, va, cred);
	if (error == 0 && (va->va_mask & VA_CHOWN) != 0)
		error = drop_capability(vp);
	if (error == 0) {
		setattr_setid(&st, va);
		va->va_mask &= ~(uint32_t)VA_CHOWN;
		error = vop_setattr(vp, va, cred);
	}
	vn_unlock(vp);
	return error;
}

static int
setattr_at(int dirfd, const char *upath, int flags, struct vattr *va)
{
	struct vnode *vp;
	int error;

	if ((flags & ~(RUMP_AT_SYMLINK_NOFOLLOW | RUMP_AT_EMPTY_PATH)) != 0)
		return EINVAL;
	error = sys_getvnode(dirfd, upath, flags, &vp);
	if (error != 0)
		return error;
	error = sys_setattr(vp, va);
	vrele(vp);
	return error;
}

static int
setattr_fd(int fd, struct vattr *va)
{
	struct file *fp;
	int error;

	error = fd_getfile(fd, false, &fp);
	if (error != 0)
		return error;
	error = sys_setattr(fp->f_vp, va);
	file_rele(fp);
	return error;
}

/* The two forms that all of them come down to. */
static int
call_setattr_at(int dirfd, const char *upath, int flags, struct vattr *va)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, setattr_at(dirfd, upath, flags, va));
}

static int
call_setattr_fd(int fd, struct vattr *va)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, setattr_fd(fd, va));
}

int
rump_sys_fchmodat(int dirfd, const char *path, uint32_t mode, int flags)
{
	struct vattr va = {.va_mask = VA_MODE, .va_mode = mode & RUMP_ALLPERMS};

	return call_setattr_at(dirfd, path, flags, &va);
}

int
rump_sys_chmod(const char *path, uint32_t mode)
{
	return rump_sys_fchmodat(RUMP_AT_FDCWD, path, mode, 0);
}

int
rump_sys_lchmod(const char *path, uint32_t mode)
{
	return rump_sys_fchmodat(
	    RUMP_AT_FDCWD, path, mode, RUMP_AT_SYMLINK_NOFOLLOW);
}

int
rump_sys_fchmod(int fd, uint32_t mode)
{
	struct vattr va = {.va_mask = VA_MODE, .va_mode = mode & RUMP_ALLPERMS};

	return call_setattr_fd(fd, &va);
}

static void
vattr_owner(struct vattr *va, uint32_t uid, uint32_t gid)
{
	va->va_mask = VA_CHOWN | (uid != UINT32_MAX ? VA_UID : 0) |
	    (gid != UINT32_MAX ? VA_GID : 0);
	va->va_uid = uid;
	va->va_gid = gid;
}

int
rump_sys_fchownat(
    int dirfd, const char *path, uint32_t uid, uint32_t gid, int flags)
{
	struct vattr va = {0};

	vattr_owner(&va, uid, gid);
	return call_setattr_at(dirfd, path, flags, &va);
}

int
rump_sys_chown(const char *path, uint32_t uid, uint32_t gid)
{
	return rump_sys_fchownat(RUMP_AT_FDCWD, path, uid, gid, 0);
}

int
rump_sys_lchown(const char *path, uint32_t uid, uint32_t gid)
{
	return rump_sys_fchownat(
	    RUMP_AT_FDCWD, path, uid, gid, RUMP_AT_SYMLINK_NOFOLLOW);
}

int
rump_sys_fchown(int fd, uint32_t uid, uint32_t gid)
{
	struct vattr va = {0};

	vattr_owner(&va, uid, gid);
	return call_setattr_fd(fd, &va);
}

int
rump_sys_chflags(const char *path, uint32_t flags)
{
	struct vattr va = {.va_mask = VA_FLAGS, .va_flags = flags};

	return call_setattr_at(RUMP_AT_FDCWD, path, 0, &va);
}

int
rump_sys_lchflags(const char *path, uint32_t flags)
{
	struct vattr va = {.va_mask = VA_FLAGS, .va_flags = flags};

	return call_setattr_at(
	    RUMP_AT_FDCWD, path, RUMP_AT_SYMLINK_NOFOLLOW, &va);
}

int
rump_sys_fchflags(int fd, uint32_t flags)
{
	struct vattr va = {.va_mask = VA_FLAGS, .va_flags = flags};

	return call_setattr_fd(fd, &va);
}

/* ---- times ---------------------------------------------------------------------- */

/* One time as utimensat(2) takes it: bit is set unless it is to be left alone.
 * *ownp: it isn't simply now. */
static int
vattr_time(struct vattr *va, uint32_t bit, struct rump_timespec *ts,
    const struct rump_timespec *src, bool *ownp)
{
	if (src->tv_nsec == RUMP_UTIME_OMIT) {
		*ownp = true;
		return 0;
	}
	va->va_mask |= bit;
	if (src->tv_nsec == RUMP_UTIME_NOW) {
		ts->tv_pad = 0;
		kern_gettime(&ts->tv_sec, &ts->tv_nsec);
		return 0;
	}
	if (src->tv_nsec < 0 || src->tv_nsec > 999999999)
		return EINVAL;
	*ts = *src;
	*ownp = true;
	return 0;
}

static int
vattr_times(struct vattr *va, const struct rump_timespec *utimes)
{
	struct rump_timespec ts[2] = {
	    {.tv_nsec = RUMP_UTIME_NOW}, {.tv_nsec = RUMP_UTIME_NOW}};
	bool own = false;
	int error;

	if (utimes != NULL) {
		error = copyin(utimes, ts, sizeof(ts));
		if (error != 0)
			return error;
	}
	error = vattr_time(va, VA_ATIME, &va->va_atime, &ts[0], &own);
	if (error == 0)
		error = vattr_time(va, VA_MTIME, &va->va_mtime, &ts[1], &own);
	if (own)
		va->va_mask |= VA_TIMES_OWN;
	return error;
}

int
rump_sys_utimensat(
    int dirfd, const char *path, const struct rump_timespec times[2], int flags)
{
	struct lwp *l = sys_enter();
	struct vattr va = {0};
	int error;

	if (l == NULL)
		return -EINTR;
	error = vattr_times(&va, times);
	if (error == 0)
		error = setattr_at(dirfd, path, flags, &va);
	return sys_leave(l, error);
}

int
rump_sys_futimens(int fd, const struct rump_timespec times[2])
{
	struct lwp *l = sys_enter();
	struct vattr va = {0};
	int error;

	if (l == NULL)
		return -EINTR;
	error = vattr_times(&va, times);
	if (error == 0)
		error = setattr_fd(fd, &va);
	return sys_leave(l, error);
}

/* ---- several at once ------------------------------------------------------------- */

int
sys_vattr(const struct rump_setattr *usa, struct mount *mp, struct vattr *va)
{
	const uint32_t known = RUMP_SA_MODE | RUMP_SA_UID | RUMP_SA_GID |
	    RUMP_SA_FLAGS | RUMP_SA_ATIME | RUMP_SA_MTIME | RUMP_SA_CTIME |
	    RUMP_SA_BTIME;
	struct rump_setattr sa;
	bool own = false;
	int error;

	error = copyin(usa, &sa, sizeof(sa));
	if (error != 0)
		return error;
	if ((sa.sa_mask & ~known) != 0)
		return EINVAL;
	va->va_mask = sa.sa_mask & (VA_MODE | VA_UID | VA_GID | VA_FLAGS);
	va->va_mode = sa.sa_mode & RUMP_ALLPERMS;
	va->va_uid = sa.sa_uid;
	va->va_gid = sa.sa_gid;
	va->va_flags = sa.sa_flags;
	if ((sa.sa_mask & RUMP_SA_ATIME) != 0)
		error = vattr_time(
		    va, VA_ATIME, &va->va_atime, &sa.sa_atime, &own);
	if (error == 0 && (sa.sa_mask & RUMP_SA_MTIME) != 0)
		error = vattr_time(
		    va, VA_MTIME, &va->va_mtime, &sa.sa_mtime, &own);
	if (error == 0 && (sa.sa_mask & RUMP_SA_CTIME) != 0)
		error = vattr_time(
		    va, VA_CTIME, &va->va_ctime, &sa.sa_ctime, &own);
	if (error == 0 && (sa.sa_mask & RUMP_SA_BTIME) != 0)
		error = vattr_time(
		    va, VA_BTIME, &va->va_btime, &sa.sa_btime, &own);
	if (own)
		va->va_mask |= VA_TIMES_OWN;
	if (error == 0 && mp != NULL)
		setattr_clamp(mp, va);
	return error;
}

int
rump_sys_setattrat(
    int dirfd, const char *path, const struct rump_setattr *sa, int flags)
{
	struct lwp *l = sys_enter();
	struct vattr va = {0};
	int error;

	if (l == NULL)
		return -EINTR;
	error = sys_vattr(sa, NULL, &va);
	if (error == 0)
		error = setattr_at(dirfd, path, flags, &va);
	return sys_leave(l, error);
}

int
rump_sys_fsetattr(int fd, const struct rump_setattr *sa)
{
	struct lwp *l = sys_enter();
	struct vattr va = {0};
	int error;

	if (l == NULL)
		return -EINTR;
	error = sys_vattr(sa, NULL, &va);
	if (error == 0)
		error = setattr_fd(fd, &va);
	return sys_leave(l, error);
}
