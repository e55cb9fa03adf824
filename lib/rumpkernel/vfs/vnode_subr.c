/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vnode locks in their order, types, and what a regular file can do beyond one
 * operation of its driver.
 *
 * A driver whose vop_write is not genfs_write() keeps its data by itself: it
 * zeroes tails in vop_setsize() and edges in vop_punch(), and genfs_*() functions
 * that write through vop_bmap() are never called for it.
 */
#include "kern/klog.h"
#include "vfs/genfs.h"
#include "vfs/vnode.h"

enum vtype
vtype_of_mode(uint32_t mode)
{
	switch (mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		return VREG;
	case RUMP_S_IFDIR:
		return VDIR;
	case RUMP_S_IFBLK:
		return VBLK;
	case RUMP_S_IFCHR:
		return VCHR;
	case RUMP_S_IFLNK:
		return VLNK;
	case RUMP_S_IFSOCK:
		return VSOCK;
	case RUMP_S_IFIFO:
		return VFIFO;
	default:
		return VNON;
	}
}

uint32_t
mode_of_vtype(enum vtype type)
{
	static const uint32_t modes[] = {
	    [VNON] = 0,
	    [VREG] = RUMP_S_IFREG,
	    [VDIR] = RUMP_S_IFDIR,
	    [VBLK] = RUMP_S_IFBLK,
	    [VCHR] = RUMP_S_IFCHR,
	    [VLNK] = RUMP_S_IFLNK,
	    [VSOCK] = RUMP_S_IFSOCK,
	    [VFIFO] = RUMP_S_IFIFO,
	};

	return modes[type];
}

uint8_t
dtype_of_vtype(enum vtype type)
{
	return (uint8_t)(mode_of_vtype(type) >> 12);
}

void
vn_lock(struct vnode *vp, krw_t how)
{
	KASSERT(vn_usecount(vp) > 0);
	rw_enter(&vp->v_lock, how);
}

void
vn_unlock(struct vnode *vp)
{
	rw_exit(&vp->v_lock);
}

bool
vn_wlocked(const struct vnode *vp)
{
	return rw_write_held(&vp->v_lock);
}

static bool
lock_first(const struct vnode *a, const struct vnode *b)
{
	if (a->v_ino != b->v_ino)
		return a->v_ino < b->v_ino;
	return (uintptr_t)a < (uintptr_t)b;
}

void
vn_lock2(struct vnode *a, struct vnode *b)
{
	if (a == b) {
		vn_lock(a, RW_WRITER);
	} else if (lock_first(a, b)) {
		vn_lock(a, RW_WRITER);
		vn_lock(b, RW_WRITER);
	} else {
		vn_lock(b, RW_WRITER);
		vn_lock(a, RW_WRITER);
	}
}

void
vn_unlock2(struct vnode *a, struct vnode *b)
{
	vn_unlock(a);
	if (a != b)
		vn_unlock(b);
}

bool
vn_owndata(const struct vnode *vp)
{
	return vp->v_blkdev == NULL && vp->v_op->vop_write != genfs_write;
}

int
vn_truncate(struct vnode *vp, uint64_t size)
{
	KASSERT(vn_wlocked(vp));
	if (size > vp->v_mount->mnt_caps.fc_filemax)
		return EFBIG;
	if (vn_owndata(vp))
		return vop_setsize(vp, size);
	return genfs_truncate(vp, size);
}

int
vn_fallocate(struct vnode *vp, uint32_t flags, uint64_t off, uint64_t len)
{
	uint32_t va = 0;
	uint64_t n;
	int error;

	KASSERT(vn_wlocked(vp) && len > 0);
	if (!vn_owndata(vp))
		return genfs_fallocate(vp, flags, off, len);
	if ((flags & (RUMP_FALLOC_PUNCH_HOLE | RUMP_FALLOC_ZERO_RANGE)) != 0 &&
	    off < vp->v_size) {
		n = kmin(len, vp->v_size - off);
		error = vop_punch(vp, off, n);
		if (error != 0)
			return error;
	}
	if ((flags & RUMP_FALLOC_PUNCH_HOLE) != 0)
		return 0;
	if ((flags & RUMP_FALLOC_KEEP_SIZE) != 0)
		va |= VALLOC_KEEPSIZE;
	if ((flags & RUMP_FALLOC_FRESH) != 0)
		va |= VALLOC_FRESH;
	return vop_allocate(vp, off, len, va);
}
