/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing regular files over vop_bmap, in runs as long as the driver
 * gives them.
 *
 * What a write promises: bytes past the old end that it doesn't write read as
 * zeros; the size grows after the data is there; what was moved before an error
 * counts (the call then returns 0, and uio_resid tells); blocks allocated in vain
 * past the end are given back.
 *
 * ^C is looked at between runs.
 */
#include "dev/blkdev.h"
#include "kern/klog.h"
#include "kern/klwp.h"
#include "vfs/buf.h"
#include "vfs/genfs_impl.h"

/* Access times change under the writer's lock: only if it is to be had. */
void
genfs_touch_atime(struct vnode *vp)
{
	uint32_t flags = vp->v_mount->mnt_flags;

	if (!(flags & RUMP_MNT_ATIME) || (flags & RUMP_MNT_RDONLY))
		return;
	if (vn_wlocked(vp)) {
		vop_touch(vp, TOUCH_ATIME);
	} else if (rw_tryupgrade(&vp->v_lock)) {
		vop_touch(vp, TOUCH_ATIME);
		rw_downgrade(&vp->v_lock);
	}
}

int
genfs_read(struct vnode *vp, struct uio *uio, const struct kcred *cred KUNUSED)
{
	uint64_t left, before = uio->uio_resid;
	struct bmap_run run;
	int error = 0;

	if (uio->uio_resid == 0 || uio->uio_offset >= vp->v_size)
		return 0;
	left = kmin(uio->uio_resid, vp->v_size - uio->uio_offset);
	for (; left > 0 && error == 0; left -= run.bm_len) {
		error = kern_interrupted
		    ? EINTR
		    : genfs_getrun(vp, uio->uio_offset, left, BMAP_READ, &run);
		if (error == 0)
			error = genfs_readrun(vp, &run, run.bm_len, uio);
		if (error != 0)
			break;
	}
	if (uio->uio_resid == before)
		return error;
	genfs_touch_atime(vp);
	return 0;
}

uint64_t
genfs_filemax(const struct vnode *vp)
{
	uint64_t max = vp->v_mount->mnt_caps.fc_filemax;

	return max == 0 || max > INT64_MAX ? INT64_MAX : max;
}

int
genfs_fillgap(struct vnode *vp, uint64_t off, uint64_t end)
{
	struct bmap_run run;
	uint64_t head, tail;
	int error = 0;

	for (; off < end && error == 0; off += run.bm_len) {
		error = kern_interrupted
		    ? EINTR
		    : genfs_getrun(vp, off, end - off, BMAP_WRITE, &run);
		if (error != 0)
			break;
		genfs_runpads(vp, &run, &head, &tail);
		if (head + tail > 0 && run.bm_kind == BMAP_MAPPED)
			error = blkdev_zero(run.bm_dev, run.bm_devoff - head,
			    head + run.bm_len + tail);
		else
			error = genfs_zerorun(vp, &run, run.bm_len);
	}
	return error;
}

int
genfs_zerogap(struct vnode *vp, uint64_t off)
{
	uint64_t in = vp->v_size % vp->v_blksize, n, got;
	struct bmap_run run;
	int error;

	if (off <= vp->v_size)
		return 0;
	n = in == 0 ? 0 : kmin(off - vp->v_size, vp->v_blksize - in);
	for (uint64_t at = vp->v_size; n > 0; at += got, n -= got) {
		error = genfs_getrun(vp, at, n, BMAP_READ, &run);
		if (error == 0)
			error = genfs_zerorun(vp, &run, run.bm_len);
		if (error != 0)
			return error;
		got = run.bm_len;
	}
	if ((vp->v_mount->mnt_caps.fc_flags & RUMP_CAP_HOLES) != 0)
		return 0;
	error = genfs_fillgap(
	    vp, howmany(vp->v_size, vp->v_blksize) * vp->v_blksize, off);
	/* What was allocated before there was no room is given back. */
	if (error != 0)
		(void)vop_setsize(vp, vp->v_size);
	return error;
}

int
genfs_endwrite(struct vnode *vp, uint64_t end, bool changed, bool failed)
{
	int error = 0;

	if (end > vp->v_size || failed)
		error = vop_setsize(vp, kmax(end, vp->v_size));
	if (changed)
		vop_touch(vp, TOUCH_MTIME | TOUCH_CTIME);
	return error;
}

int
genfs_safepoint(struct vnode *vp, uint64_t end, bool noroom)
{
	struct mount *mp = vp->v_mount;
	int error = 0;

	if (!mp->mnt_transactions)
		return noroom ? ENOSPC : 0;
	if (!noroom && !vfs_opfull(mp))
		return 0;
	if (end > vp->v_size)
		error = vop_setsize(vp, end);
	if (error == 0)
		error = mp->mnt_op->vfs_oprestart(mp, noroom);
	return error == EAGAIN ? ENOSPC : error;
}

int
genfs_writebytes(struct vnode *vp, struct uio *uio)
{
	struct bmap_run run;
	uint64_t start, first = uio->uio_offset;
	int error = 0;

	while (uio->uio_resid > 0 && error == 0) {
		if (kern_interrupted)
			return EINTR;
		start = uio->uio_offset;
		error = genfs_getrun(
		    vp, start, uio->uio_resid, BMAP_WRITE, &run);
		if (error == ENOSPC) {
			error = genfs_safepoint(
			    vp, start > first ? start : 0, true);
			continue;
		}
		if (error != 0)
			break;
		error = genfs_writerun(vp, &run, uio);
		if (error != 0)
			genfs_abandonrun(vp, &run, uio->uio_offset - start);
		else
			error = genfs_safepoint(vp, uio->uio_offset, false);
	}
	return error;
}

static int
write_inside(struct vnode *vp, struct uio *uio)
{
	uint64_t start = uio->uio_offset, resid = uio->uio_resid, beyond = 0;
	uint64_t max = genfs_filemax(vp), moved;
	int error, e;

	if (resid == 0)
		return 0;
	if (start >= max)
		return EFBIG;
	if (resid > max - start) {
		beyond = resid - (max - start);
		uio->uio_resid -= beyond;
	}
	error = genfs_zerogap(vp, start);
	if (error == 0)
		error = genfs_writebytes(vp, uio);
	uio->uio_resid += beyond;
	moved = uio->uio_offset - start;
	e = genfs_endwrite(
	    vp, moved > 0 ? uio->uio_offset : 0, moved > 0, error != 0);
	if (e != 0)
		return e;
	return moved > 0 ? 0 : error;
}

int
genfs_write(struct vnode *vp, struct uio *uio, const struct kcred *cred KUNUSED)
{
	struct mount *mp = vp->v_mount;
	int error = vfs_opbegin(mp);

	if (error != 0)
		return error;
	error = write_inside(vp, uio);
	vfs_opend(mp);
	return error;
}
