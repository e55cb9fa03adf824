/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A regular file's space: its size, ranges allocated, punched or zeroed, and where
 * its data and holes are.
 *
 * Zeroes come before the size changes: growing zeroes the rest of the old last
 * block, shrinking the tail of the new one, so that what is past the end of a file
 * in its last block is always zero, whoever wrote the image.
 */
#include "dev/blkdev.h"
#include "kern/klog.h"
#include "kern/klwp.h"
#include "vfs/genfs_impl.h"

int
genfs_zerorange(struct vnode *vp, uint64_t off, uint64_t len)
{
	struct bmap_run run;
	int error;

	for (; len > 0; off += run.bm_len, len -= run.bm_len) {
		if (kern_interrupted)
			return EINTR;
		error = genfs_getrun(vp, off, len, BMAP_READ, &run);
		if (error == 0)
			error = genfs_zerorun(vp, &run, run.bm_len);
		if (error == 0)
			error = genfs_safepoint(vp, 0, false);
		if (error != 0)
			return error;
	}
	return 0;
}

/* The part of [off, end) in the block that holds off, if that isn't whole. */
static int
zero_edge(struct vnode *vp, uint64_t off, uint64_t end)
{
	uint64_t in = off % vp->v_blksize, n;

	if (off >= end)
		return 0;
	n = kmin(end - off, vp->v_blksize - in);
	return n < vp->v_blksize ? genfs_zerorange(vp, off, n) : 0;
}

static int
truncate_inside(struct vnode *vp, uint64_t size)
{
	int error;

	if (size > vp->v_size)
		error = genfs_zerogap(vp, size);
	else
		error = zero_edge(vp, size, vp->v_size);
	if (error == 0 && size != vp->v_size)
		error = vop_setsize(vp, size);
	if (error == 0)
		vop_touch(vp, TOUCH_MTIME | TOUCH_CTIME);
	return error;
}

int
genfs_truncate(struct vnode *vp, uint64_t size)
{
	struct mount *mp = vp->v_mount;
	int error;

	KASSERT(vn_wlocked(vp));
	if (size > genfs_filemax(vp))
		return EFBIG;
	error = vfs_opbegin(mp);
	if (error != 0)
		return error;
	error = truncate_inside(vp, size);
	vfs_opend(mp);
	return error;
}

/* ---- fallocate -------------------------------------------------------------- */

static int
punch(struct vnode *vp, uint64_t off, uint64_t end)
{
	uint64_t lastblk = end - end % vp->v_blksize;
	int error;

	if (vp->v_op->vop_punch == NULL)
		return EOPNOTSUPP;
	error = zero_edge(vp, off, end);
	if (error == 0 && lastblk > off)
		error = zero_edge(vp, lastblk, end);
	if (error == 0)
		error = vop_punch(vp, off, end - off);
	return error;
}

/* Room first: what can't be had must not have been zeroed. */
static int
zero_range(struct vnode *vp, uint64_t off, uint64_t end, bool keepsize)
{
	uint64_t size = vp->v_size;
	int error = keepsize ? 0 : genfs_zerogap(vp, end);

	if (error == 0 && vp->v_op->vop_allocate != NULL)
		error = vop_allocate(
		    vp, off, end - off, keepsize ? VALLOC_KEEPSIZE : 0);
	if (error == 0 && off < size)
		error = genfs_zerorange(vp, off, kmin(end, size) - off);
	if (error == 0 && !keepsize && end > vp->v_size)
		error = vop_setsize(vp, end);
	return error;
}

static int
allocate(struct vnode *vp, uint32_t flags, uint64_t off, uint64_t end)
{
	uint32_t how = 0;
	int error = 0;

	if (vp->v_op->vop_allocate == NULL)
		return EOPNOTSUPP;
	if (flags & RUMP_FALLOC_KEEP_SIZE)
		how |= VALLOC_KEEPSIZE;
	if (flags & RUMP_FALLOC_FRESH) {
		if (!(vp->v_mount->mnt_flags & RUMP_MNT_BUILDING))
			return EPERM;
		how |= VALLOC_FRESH;
	}
	if (!(how & VALLOC_KEEPSIZE))
		error = genfs_zerogap(vp, end);
	return error != 0 ? error : vop_allocate(vp, off, end - off, how);
}

static int
fallocate_inside(struct vnode *vp, uint32_t flags, uint64_t off, uint64_t len)
{
	const uint32_t known = RUMP_FALLOC_KEEP_SIZE | RUMP_FALLOC_PUNCH_HOLE |
	    RUMP_FALLOC_ZERO_RANGE | RUMP_FALLOC_FRESH;
	bool keepsize = (flags & RUMP_FALLOC_KEEP_SIZE) != 0;
	uint64_t end;
	int error;

	KASSERT(vn_wlocked(vp));
	if (len == 0)
		return EINVAL;
	if ((flags & ~known) != 0)
		return EOPNOTSUPP;
	if (add_overflow(off, len, &end) || end > genfs_filemax(vp))
		return EFBIG;
	switch (flags & ~RUMP_FALLOC_KEEP_SIZE) {
	case 0:
	case RUMP_FALLOC_FRESH:
		error = allocate(vp, flags, off, end);
		break;
	case RUMP_FALLOC_PUNCH_HOLE:
		error = keepsize ? punch(vp, off, end) : EOPNOTSUPP;
		break;
	case RUMP_FALLOC_ZERO_RANGE:
		error = zero_range(vp, off, end, keepsize);
		break;
	default:
		error = EINVAL;
	}
	/* room for content that comes later: the node keeps the times it got */
	if (error == 0 && (flags & RUMP_FALLOC_FRESH) == 0)
		vop_touch(vp, TOUCH_MTIME | TOUCH_CTIME);
	return error;
}

int
genfs_fallocate(struct vnode *vp, uint32_t flags, uint64_t off, uint64_t len)
{
	struct mount *mp = vp->v_mount;
	int error = vfs_opbegin(mp);

	if (error != 0)
		return error;
	error = fallocate_inside(vp, flags, off, len);
	vfs_opend(mp);
	return error;
}

/* ---- maps --------------------------------------------------------------------- */

static bool
run_has_data(const struct bmap_run *run)
{
	return run->bm_kind != BMAP_HOLE && run->bm_kind != BMAP_UNWRITTEN;
}

int
genfs_seek(struct vnode *vp, bool data, uint64_t *offp)
{
	uint64_t off = *offp;
	struct bmap_run run;
	int error;

	if (off >= vp->v_size)
		return ENXIO;
	for (; off < vp->v_size; off += run.bm_len) {
		if (kern_interrupted)
			return EINTR;
		error = genfs_getrun(
		    vp, off, vp->v_size - off, BMAP_READ, &run);
		if (error != 0)
			return error;
		if (run_has_data(&run) == data)
			break;
	}
	if (data && off >= vp->v_size)
		return ENXIO;
	*offp = kmin(off, vp->v_size);
	return 0;
}

/* Part of the run, from skip on, as rump_sys_runmap() tells it. */
static void
describe(struct vnode *vp, const struct bmap_run *run, uint64_t skip,
    struct rump_run *rr)
{
	bool write = !(vp->v_mount->mnt_flags & RUMP_MNT_RDONLY);
	struct blkdev_direct di;

	*rr = (struct rump_run){
	    .r_off = run->bm_off + skip,
	    .r_len = run->bm_len - skip,
	    .r_kind = RUMP_RUN_OTHER,
	    .r_flags = run->bm_flags & BM_SHARED ? RUMP_RUN_SHARED : 0,
	};
	if (run->bm_kind == BMAP_HOLE)
		rr->r_kind = RUMP_RUN_HOLE;
	if (run->bm_kind != BMAP_MAPPED && run->bm_kind != BMAP_UNWRITTEN)
		return;
	rr->r_devoff = run->bm_devoff + skip;
	if (run->bm_kind == BMAP_UNWRITTEN)
		rr->r_kind = RUMP_RUN_UNWRITTEN;
	if (blkdev_direct(run->bm_dev, rr->r_devoff, rr->r_len, write, &di) !=
	    0)
		return;
	rr->r_len = di.di_len;
	rr->r_hostoff = di.di_off;
	if (run->bm_kind == BMAP_MAPPED)
		rr->r_kind = RUMP_RUN_DIRECT;
}

int
genfs_runmap(struct vnode *vp, uint64_t off, uint64_t len,
    struct rump_run *runs, unsigned max, unsigned *cntp)
{
	struct bmap_run run;
	uint64_t end, skip;
	unsigned n = 0;
	int error = 0;

	if (add_overflow(off, len, &end) || end > vp->v_size)
		end = vp->v_size;
	while (off < end && n < max) {
		error = kern_interrupted
		    ? EINTR
		    : genfs_getrun(vp, off, end - off, BMAP_READ, &run);
		if (error != 0)
			break;
		for (skip = 0; skip < run.bm_len && n < max;
		     skip += runs[n++].r_len)
			describe(vp, &run, skip, &runs[n]);
		off += run.bm_len;
	}
	*cntp = n;
	return error;
}
