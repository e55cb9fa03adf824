/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file's bytes on the device: one run, always.  But for a file that was on its
 * way when the machine stopped, on a mount that may not write: then the part that
 * arrived is in the new place, the rest still in the old one.
 *
 * There are no holes: what a write leaves out, genfs fills with zeros.
 */
#include "fs/sysvbfs/sysvbfs.h"

/* Where byte off is, and how far that goes. */
static uint64_t
split_file(
    const struct sysvbfs_move *mv, uint64_t size, uint64_t off, uint64_t *lenp)
{
	bool down = mv->mv_to < mv->mv_from;
	uint64_t cut = down ? mv->mv_done : size - mv->mv_done;

	if (off < cut)
		*lenp = kmin(*lenp, cut - off);
	return sysvbfs_blkoff((off < cut) == down ? mv->mv_to : mv->mv_from) +
	    off;
}

int
sysvbfs_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run)
{
	struct sysvbfs_node *np = sysvbfs_node_of(vp);
	struct sysvbfs_mount *m = np->n_m;
	const struct sysvbfs_slot *s = &m->m_slot[np->n_slot];
	const struct sysvbfs_move *mv = &m->m_move;
	uint64_t have = sysvbfs_blkoff(s->s_nblks), end;
	int error;

	*run = (struct bmap_run){
	    .bm_kind = BMAP_MAPPED,
	    .bm_off = off,
	    .bm_len = len,
	    .bm_dev = m->m_dev,
	};
	if (add_overflow(off, len, &end) || end > m->m_mp->mnt_caps.fc_filemax)
		return EFBIG;
	if (how == BMAP_WRITE && end > have) {
		error = sysvbfs_grow(np, sysvbfs_nblks(end));
		if (error != 0)
			return error;
		/* What it had isn't new: a run of its own. */
		if (off < have)
			run->bm_len = have - off;
		else
			run->bm_flags = BM_NEW;
	} else if (off >= have) {
		run->bm_kind = BMAP_HOLE; /* past the end */
		return 0;
	} else {
		run->bm_len = kmin(len, have - off);
	}
	run->bm_devoff = sysvbfs_blkoff(s->s_first) + off;
	if (mv->mv_pending && mv->mv_slot == np->n_slot)
		run->bm_devoff = split_file(mv, have, off, &run->bm_len);
	return 0;
}
