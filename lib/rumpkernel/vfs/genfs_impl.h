/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of generic I/O share with each other, and nobody else. */
#ifndef VFS_GENFS_IMPL_H
#define VFS_GENFS_IMPL_H

#include "vfs/genfs.h"

/* Data was read: where the mount wants to know, the time of it. */
void genfs_touch_atime(struct vnode *vp);
/* vop_bmap, and its answer checked: EUCLEAN where a run can't be true. */
int genfs_getrun(struct vnode *vp, uint64_t off, uint64_t len,
    enum bmap_for how, struct bmap_run *run);
/* Move n <= run->bm_len bytes from the run's start on to uio. */
int genfs_readrun(
    struct vnode *vp, const struct bmap_run *run, uint64_t n, struct uio *uio);
/* All of the run from uio, with zeros around what is new. */
int genfs_writerun(
    struct vnode *vp, const struct bmap_run *run, struct uio *uio);
/* Zero n bytes of a run from its start on; a hole is left alone. */
int genfs_zerorun(struct vnode *vp, const struct bmap_run *run, uint64_t n);
/* The bytes of new blocks around a run that is written: in front, behind. */
void genfs_runpads(const struct vnode *vp, const struct bmap_run *run,
    uint64_t *headp, uint64_t *tailp);
/* A run of NEW blocks of which done bytes were written before an error: no old
 * content may show. */
void genfs_abandonrun(
    struct vnode *vp, const struct bmap_run *run, uint64_t done);
/* The part of a run from skip on, at most len bytes. */
struct bmap_run genfs_subrun(
    const struct bmap_run *run, uint64_t skip, uint64_t len);

/* Before a write at off or a growth to it: zero what lies between the old end
 * and off in the block of the old end; in a format without holes all of it, in
 * blocks allocated for it. */
int genfs_zerogap(struct vnode *vp, uint64_t off);
/* Zeros in [off, end), in blocks that are allocated where there are none. */
int genfs_fillgap(struct vnode *vp, uint64_t off, uint64_t end);
/* The end of a change: the file's end is at least at end; what was allocated in
 * vain goes if failed.  Times are touched if anything changed. */
int genfs_endwrite(struct vnode *vp, uint64_t end, bool changed, bool failed);
/* Between two steps of a long change, which has all up to end (0: nothing yet): a
 * transaction that has become large ends here.  noroom: there were no blocks; 0:
 * there may be now, else ENOSPC. */
int genfs_safepoint(struct vnode *vp, uint64_t end, bool noroom);
/* uio to the file, without times, size or limits.  *endp: where it stopped. */
int genfs_writebytes(struct vnode *vp, struct uio *uio);
/* The largest size that a file of this mount can have. */
uint64_t genfs_filemax(const struct vnode *vp);

#endif /* VFS_GENFS_IMPL_H */
