/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may do what with a node, times as a mount can hold them, and attributes as most
 * drivers keep them: in a struct rump_stat a node.
 *
 * Modes, owners and groups are POSIX.1's; flags are 4.4BSD's: an immutable node
 * can't be written, renamed, unlinked or given other attributes, an append-only
 * one only grows.  Root (the usual caller) passes modes and ownership, but not
 * flags: those it takes off first.
 */
#include "kern/klog.h"
#include "vfs/genfs.h"

int
genfs_access(struct vnode *vp, uint32_t mode, const struct kcred *cred)
{
	struct rump_stat st;
	uint32_t perm;
	int error;

	if (mode == RUMP_F_OK)
		return 0;
	if ((mode & RUMP_W_OK) != 0 &&
	    (vp->v_mount->mnt_flags & RUMP_MNT_RDONLY) != 0 &&
	    (vp->v_type == VREG || vp->v_type == VDIR || vp->v_type == VLNK))
		return EROFS;
	/* What root may always do needs no look at the node. */
	if (cred_is_root(cred) &&
	    ((mode == RUMP_X_OK && vp->v_type == VDIR) || mode == RUMP_R_OK))
		return 0;
	error = vop_getattr(vp, &st);
	if (error != 0)
		return error;
	if ((mode & RUMP_W_OK) != 0 && (st.st_flags & RUMP_SF_IMMUTABLES) != 0)
		return EPERM;
	if (cred_is_root(cred)) {
		if ((mode & RUMP_X_OK) != 0 && vp->v_type != VDIR &&
		    (st.st_mode & 0111) == 0)
			return EACCES;
		return 0;
	}
	if (st.st_uid == cred->cr_uid)
		perm = st.st_mode >> 6;
	else if (cred_in_group(cred, st.st_gid))
		perm = st.st_mode >> 3;
	else
		perm = st.st_mode;
	return (mode & ~perm & 7) == 0 ? 0 : EACCES;
}

/* Flags that only root may set or clear. */
#define SF_ALL 0xffff0000u

static int
may_change_flags(const struct rump_stat *st, const struct vattr *va,
    const struct kcred *cred)
{
	if (cred_is_root(cred))
		return 0;
	if (cred->cr_uid != st->st_uid)
		return EPERM;
	return ((va->va_flags ^ st->st_flags) & SF_ALL) != 0 ? EPERM : 0;
}

static int
may_change_owner(const struct rump_stat *st, const struct vattr *va,
    const struct kcred *cred)
{
	if (cred_is_root(cred))
		return 0;
	if (cred->cr_uid != st->st_uid)
		return EPERM;
	if ((va->va_mask & VA_UID) != 0 && va->va_uid != st->st_uid)
		return EPERM;
	if ((va->va_mask & VA_GID) != 0 && va->va_gid != st->st_gid &&
	    !cred_in_group(cred, va->va_gid))
		return EPERM;
	return 0;
}

int
genfs_can_setattr(struct vnode *vp, const struct rump_stat *st,
    const struct vattr *va, const struct kcred *cred)
{
	const uint32_t times = VA_ATIME | VA_MTIME | VA_CTIME | VA_BTIME;
	uint32_t mask = va->va_mask & ~(uint32_t)VA_TIMES_OWN;
	bool owner = cred_is_root(cred) || cred->cr_uid == st->st_uid;
	int error;

	/* A flag that forbids changes may be taken off, not worked around. */
	if ((st->st_flags & RUMP_SF_IMMUTABLES) != 0 &&
	    (mask & ~(uint32_t)VA_FLAGS) != 0)
		return EPERM;
	if ((st->st_flags & RUMP_SF_APPENDS) != 0 &&
	    ((mask & (VA_MODE | VA_UID | VA_GID)) != 0 ||
		(va->va_mask & VA_TIMES_OWN) != 0))
		return EPERM;
	if ((mask & VA_FLAGS) != 0) {
		error = may_change_flags(st, va, cred);
		if (error != 0)
			return error;
	}
	if ((mask & VA_MODE) != 0 && !owner)
		return EPERM;
	if ((mask & (VA_UID | VA_GID)) != 0) {
		error = may_change_owner(st, va, cred);
		if (error != 0)
			return error;
	}
	if ((mask & times) != 0 && !owner) {
		if ((va->va_mask & VA_TIMES_OWN) != 0)
			return EPERM;
		return vop_access(vp, RUMP_W_OK, cred);
	}
	return 0;
}

int
genfs_can_unlink(struct vnode *dvp, struct vnode *vp, const struct kcred *cred)
{
	struct rump_stat dst, st;
	int error;

	error = vop_access(dvp, RUMP_W_OK | RUMP_X_OK, cred);
	if (error == 0)
		error = vop_getattr(dvp, &dst);
	if (error == 0)
		error = vop_getattr(vp, &st);
	if (error != 0)
		return error;
	if (((dst.st_flags & RUMP_SF_APPENDS) |
		(st.st_flags & (RUMP_SF_APPENDS | RUMP_SF_IMMUTABLES))) != 0)
		return EPERM;
	if ((dst.st_mode & RUMP_S_ISVTX) != 0 && !cred_is_root(cred) &&
	    cred->cr_uid != dst.st_uid && cred->cr_uid != st.st_uid)
		return EPERM;
	return 0;
}

void
genfs_clamptime(struct mount *mp, struct rump_timespec *ts)
{
	const struct rump_fscaps *fc = &mp->mnt_caps;
	int64_t sec = ts->tv_sec;

	if (sec < fc->fc_time_min) {
		ts->tv_sec = fc->fc_time_min;
		ts->tv_nsec = 0;
	} else if (sec > fc->fc_time_max) {
		ts->tv_sec = fc->fc_time_max;
		ts->tv_nsec = 0;
	}
	if (ts->tv_sec != sec && (mp->mnt_warned & MNTWARN_TIME) == 0) {
		mp->mnt_warned |= MNTWARN_TIME;
		mount_warn(mp,
		    "times outside of %lld..%lld can't be held: changed to the "
		    "nearest",
		    (long long)fc->fc_time_min, (long long)fc->fc_time_max);
	}
	if (fc->fc_time_grain_ns >= 1000000000)
		ts->tv_nsec = 0;
	else if (fc->fc_time_grain_ns > 1)
		ts->tv_nsec -= ts->tv_nsec % (int32_t)fc->fc_time_grain_ns;
	ts->tv_pad = 0;
}

void
genfs_now(struct mount *mp, struct rump_timespec *ts)
{
	kern_gettime(&ts->tv_sec, &ts->tv_nsec);
	genfs_clamptime(mp, ts);
}

/* ---- a node's attributes in core ------------------------------------------------ */

uint32_t
genfs_touch_wanted(const struct mount *mp, uint32_t what)
{
	if ((mp->mnt_flags & RUMP_MNT_ATIME) == 0)
		what &= ~(uint32_t)TOUCH_ATIME;
	return what;
}

void
genfs_touch_stat(struct mount *mp, struct rump_stat *st, uint32_t what)
{
	struct rump_timespec now;

	genfs_now(mp, &now);
	if ((what & TOUCH_ATIME) != 0)
		st->st_atim = now;
	if ((what & TOUCH_MTIME) != 0)
		st->st_mtim = now;
	if ((what & (TOUCH_MTIME | TOUCH_CTIME)) != 0)
		st->st_ctim = now;
}

static void
clamp_times(struct mount *mp, struct rump_stat *st)
{
	genfs_clamptime(mp, &st->st_atim);
	genfs_clamptime(mp, &st->st_mtim);
	genfs_clamptime(mp, &st->st_ctim);
	if (st->st_birthtim.tv_nsec != RUMP_UTIME_OMIT)
		genfs_clamptime(mp, &st->st_birthtim);
}

void
genfs_set_stat(struct mount *mp, struct rump_stat *st, const struct vattr *va)
{
	if ((va->va_mask & VA_MODE) != 0)
		st->st_mode = (st->st_mode & RUMP_S_IFMT) |
		    (va->va_mode & RUMP_ALLPERMS);
	if ((va->va_mask & VA_UID) != 0)
		st->st_uid = va->va_uid;
	if ((va->va_mask & VA_GID) != 0)
		st->st_gid = va->va_gid;
	if ((va->va_mask & VA_ATIME) != 0)
		st->st_atim = va->va_atime;
	if ((va->va_mask & VA_MTIME) != 0)
		st->st_mtim = va->va_mtime;
	if ((va->va_mask & VA_BTIME) != 0 &&
	    (mp->mnt_caps.fc_flags & RUMP_CAP_BIRTHTIME) != 0)
		st->st_birthtim = va->va_btime;
	if ((va->va_mask & VA_CTIME) != 0)
		st->st_ctim = va->va_ctime;
	else
		genfs_now(mp, &st->st_ctim);
	clamp_times(mp, st);
}

void
genfs_new_stat(struct mount *mp, struct rump_stat *st, const struct vcreate *vc)
{
	const struct vattr *va = vc->vc_attr;
	struct rump_timespec now;

	genfs_now(mp, &now);
	st->st_mode = mode_of_vtype(vc->vc_type) |
	    (va->va_mode & RUMP_ALLPERMS);
	st->st_uid = va->va_uid;
	st->st_gid = va->va_gid;
	st->st_nlink = vc->vc_type == VDIR ? 2 : 1;
	st->st_atim = (va->va_mask & VA_ATIME) != 0 ? va->va_atime : now;
	st->st_mtim = (va->va_mask & VA_MTIME) != 0 ? va->va_mtime : now;
	st->st_ctim = (va->va_mask & VA_CTIME) != 0 ? va->va_ctime : now;
	st->st_birthtim = (va->va_mask & VA_BTIME) != 0 ? va->va_btime : now;
	if ((mp->mnt_caps.fc_flags & RUMP_CAP_BIRTHTIME) == 0)
		st->st_birthtim = (struct rump_timespec){
		    .tv_nsec = RUMP_UTIME_OMIT};
	clamp_times(mp, st);
}

/* ---- directories ------------------------------------------------------------- */

bool
genfs_emit_dots(
    struct dirsink *sink, uint64_t ino, uint64_t parent, uint64_t *cookiep)
{
	for (; *cookiep < GENFS_DOTS_END; (*cookiep)++)
		if (sink->ds_emit(sink, *cookiep == 0 ? ino : parent,
			RUMP_DT_DIR, "..", *cookiep + 1, *cookiep + 1) != 0)
			return false;
	return true;
}
