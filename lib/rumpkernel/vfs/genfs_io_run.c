/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run of a file's bytes: checked, read, written, zeroed, by its kind.
 *
 * File data goes straight between the user's vectors and the device; BUFFERED runs
 * go through the buffer cache, ENCODED ones through the few units kept here.
 * Blocks that are NEW are written whole, zeros around, in the same request where
 * the zeros fit it.
 */
#include "dev/blkdev.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/buf.h"
#include "vfs/genfs_impl.h"

#define MAX_IOV 64 /* of the user's, in one request */

/* ---- what a driver says is checked ------------------------------------------ */

bool
genfs_run_insane(struct mount *mp, const struct bmap_run *run)
{
	uint64_t end;

	if (run->bm_len == 0)
		return true;
	if (run->bm_kind != BMAP_MAPPED && run->bm_kind != BMAP_UNWRITTEN &&
	    run->bm_kind != BMAP_BUFFERED)
		return false;
	if (run->bm_dev == NULL ||
	    add_overflow(run->bm_devoff, run->bm_len, &end) ||
	    end > run->bm_dev->bd_size)
		return true;
	return run->bm_dev == mp->mnt_devs[0] &&
	    mp->mnt_op->vfs_systemzone != NULL &&
	    mp->mnt_op->vfs_systemzone(mp, run->bm_devoff, run->bm_len);
}

int
genfs_getrun(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run)
{
	int error = vop_bmap(vp, off, len, how, run);

	if (error != 0)
		return error;
	KASSERT(run->bm_off == off && run->bm_len > 0 && run->bm_len <= len);
	if (genfs_run_insane(vp->v_mount, run)) {
		mount_message(vp->v_mount, vp->v_ino, off,
		    "blocks at byte %llu of the device, %llu bytes, are not "
		    "for "
		    "file data",
		    (unsigned long long)run->bm_devoff,
		    (unsigned long long)run->bm_len);
		return EUCLEAN;
	}
	return 0;
}

struct bmap_run
genfs_subrun(const struct bmap_run *run, uint64_t skip, uint64_t len)
{
	struct bmap_run sub = *run;

	sub.bm_off += skip;
	sub.bm_devoff += skip;
	if (run->bm_inline != NULL)
		sub.bm_inline = (const uint8_t *)run->bm_inline + skip;
	sub.bm_len = kmin(len, run->bm_len - skip);
	return sub;
}

void
genfs_runpads(const struct vnode *vp, const struct bmap_run *run,
    uint64_t *headp, uint64_t *tailp)
{
	uint64_t blk = vp->v_blksize, end = run->bm_off + run->bm_len;
	bool fresh = (run->bm_flags & BM_NEW) != 0 ||
	    run->bm_kind == BMAP_UNWRITTEN;

	*headp = fresh ? run->bm_off % blk : 0;
	*tailp = fresh && end % blk != 0 ? blk - end % blk : 0;
}

/* ---- units that a driver decodes ---------------------------------------------- */

#define NUNITS	       4
#define MAX_UNIT_BYTES (UINT32_C(4) << 20)

static struct {
	kmutex_t lock;
	uint32_t init; /* 0 no, 1 under way, 2 done */
	uint64_t clock;
	struct unit {
		uint64_t mntid, ino, gen, off, used;
		uint8_t *data;
		size_t size, len; /* allocated, valid */
	} unit[NUNITS];
} units;

static uint64_t
units_reclaim(uint64_t want KUNUSED)
{
	uint64_t freed = 0;

	if (!mutex_tryenter(&units.lock))
		return 0;
	for (unsigned i = 0; i < NUNITS; i++) {
		freed += units.unit[i].size;
		kmem_free(units.unit[i].data, units.unit[i].size);
		units.unit[i] = (struct unit){0};
	}
	mutex_exit(&units.lock);
	return freed;
}

static void
units_lock(void)
{
	static struct kmem_reclaimer reclaimer = {
	    .kr_name = "units", .kr_reclaim = units_reclaim};
	uint32_t none = 0;

	if (unlikely(__atomic_load_n(&units.init, __ATOMIC_ACQUIRE) != 2)) {
		if (__atomic_compare_exchange_n(&units.init, &none, 1, false,
			__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			mutex_init(&units.lock, RANK_VCACHE, "units");
			kmem_reclaimer_register(&reclaimer);
			__atomic_store_n(&units.init, 2, __ATOMIC_RELEASE);
		}
		while (__atomic_load_n(&units.init, __ATOMIC_ACQUIRE) != 2)
			;
	}
	mutex_enter(&units.lock);
}

/* The unit's place: its own, or the one that was used longest ago. */
static struct unit *
unit_place(const struct vnode *vp, uint64_t off, bool *foundp)
{
	struct unit *old = &units.unit[0];

	for (unsigned i = 0; i < NUNITS; i++) {
		struct unit *u = &units.unit[i];

		if (u->data != NULL && u->off == off && u->ino == vp->v_ino &&
		    u->gen == vp->v_gen && u->mntid == vp->v_mount->mnt_id) {
			*foundp = true;
			return u;
		}
		if (u->used < old->used)
			old = u;
	}
	*foundp = false;
	return old;
}

/* units.lock held, over the decoding too. */
static int
unit_get(struct vnode *vp, uint64_t off, struct unit **up)
{
	struct unit *u;
	bool found;
	int error;

	u = *up = unit_place(vp, off, &found);
	u->used = ++units.clock;
	if (found)
		return 0;
	if (u->size != vp->v_blksize) {
		kmem_free(u->data, u->size);
		*u = (struct unit){.used = units.clock};
		u->data = kmem_alloc(vp->v_blksize);
		if (u->data == NULL)
			return ENOMEM;
		u->size = vp->v_blksize;
	}
	error = vop_readencoded(vp, off, u->data, u->size, &u->len);
	if (error != 0) { /* nobody's */
		kmem_free(u->data, u->size);
		*u = (struct unit){0};
		return error;
	}
	u->mntid = vp->v_mount->mnt_id;
	u->ino = vp->v_ino;
	u->gen = vp->v_gen;
	u->off = off;
	return 0;
}

static int
read_encoded(struct vnode *vp, uint64_t n, struct uio *uio)
{
	uint64_t in, got;
	struct unit *u;
	int error = 0;

	if (vp->v_blksize > MAX_UNIT_BYTES)
		return EUCLEAN;
	for (; n > 0 && error == 0; n -= got) {
		in = uio->uio_offset % vp->v_blksize;
		got = kmin(n, vp->v_blksize - in);
		units_lock();
		error = unit_get(vp, uio->uio_offset - in, &u);
		if (error == 0 && (u->len > u->size || u->len < in + got))
			error = EUCLEAN;
		if (error == 0)
			error = uiomove(u->data + in, got, uio);
		mutex_exit(&units.lock);
	}
	return error;
}

/* ---- reading --------------------------------------------------------------------- */

static int
read_mapped(const struct bmap_run *run, uint64_t n, struct uio *uio)
{
	struct rumpuser_iov iov[MAX_IOV];
	uint64_t devoff = run->bm_devoff, got;
	int cnt, error;

	for (; n > 0; n -= got, devoff += got) {
		got = uio_peek(uio, n, iov, MAX_IOV, &cnt);
		if (got == 0)
			return EFAULT;
		error = blkdev_readv(run->bm_dev, iov, cnt, devoff, got, 0);
		if (error != 0)
			return error;
		uio_advance(uio, got);
	}
	return 0;
}

/* The block with the byte at skip in the run, and where in it that is. */
static void
buffered_block(const struct vnode *vp, const struct bmap_run *run,
    uint64_t skip, uint64_t *blkp, uint64_t *inp)
{
	*inp = (run->bm_off + skip) % vp->v_blksize;
	*blkp = run->bm_devoff + skip - *inp;
}

static int
read_buffered(
    struct vnode *vp, const struct bmap_run *run, uint64_t n, struct uio *uio)
{
	uint64_t skip, blk, in, got, first;
	struct buf *bp;
	int error;

	buffered_block(vp, run, 0, &first, &in);
	for (skip = 0; skip < n; skip += got) {
		buffered_block(vp, run, skip, &blk, &in);
		got = kmin(n - skip, vp->v_blksize - in);
		error = bread_cluster(run->bm_dev, blk, vp->v_blksize, first,
		    run->bm_devoff + n - first, &bp);
		if (error != 0)
			return error;
		error = uiomove(bp->b_data + in, got, uio);
		brelse(bp);
		if (error != 0)
			return error;
	}
	return 0;
}

int
genfs_readrun(
    struct vnode *vp, const struct bmap_run *run, uint64_t n, struct uio *uio)
{
	switch (run->bm_kind) {
	case BMAP_MAPPED:
		return read_mapped(run, n, uio);
	case BMAP_HOLE:
	case BMAP_UNWRITTEN:
		return uiomove_zero(n, uio);
	case BMAP_INLINE:
		return uiomove((void *)(uintptr_t)run->bm_inline, n, uio);
	case BMAP_BUFFERED:
		return read_buffered(vp, run, n, uio);
	case BMAP_ENCODED:
		return read_encoded(vp, n, uio);
	}
	return EIO;
}

/* ---- writing ---------------------------------------------------------------------- */

static void
pad_iov(struct rumpuser_iov *iov, uint64_t len)
{
	iov->iov_base = (void *)(uintptr_t)blkdev_zeros();
	iov->iov_len = (size_t)len;
}

static int
write_mapped(struct vnode *vp, const struct bmap_run *run, struct uio *uio)
{
	struct rumpuser_iov iov[MAX_IOV + 2], *v;
	uint64_t head, tail, left = run->bm_len, devoff, got, n;
	int cnt, error = 0;

	genfs_runpads(vp, run, &head, &tail);
	devoff = run->bm_devoff - head;
	if (head > BLKDEV_NZEROS) { /* too long for one vector */
		error = blkdev_write_zeros(run->bm_dev, devoff, head, BIO_NEW);
		devoff += head;
		head = 0;
	}
	for (; left > 0 && error == 0; left -= got, devoff += n, head = 0) {
		v = iov;
		if (head > 0)
			pad_iov(v++, head);
		got = uio_peek(uio, left, v, MAX_IOV, &cnt);
		if (got == 0)
			return EFAULT;
		v += cnt;
		n = head + got;
		if (got == left && tail > 0 && tail <= BLKDEV_NZEROS) {
			pad_iov(v++, tail);
			n += tail;
			tail = 0;
		}
		error = blkdev_writev(run->bm_dev, iov, (int)(v - iov), devoff,
		    n, run->bm_flags & BM_NEW ? BIO_NEW : 0);
		if (error == 0)
			uio_advance(uio, got);
	}
	if (error == 0 && tail > 0)
		error = blkdev_write_zeros(run->bm_dev, devoff, tail, BIO_NEW);
	return error;
}

static int
write_buffered(struct vnode *vp, const struct bmap_run *run, struct uio *uio)
{
	bool fresh = (run->bm_flags & BM_NEW) != 0;
	uint64_t skip, blk, in, n;
	struct buf *bp;
	int error;

	for (skip = 0; skip < run->bm_len; skip += n) {
		buffered_block(vp, run, skip, &blk, &in);
		n = kmin(run->bm_len - skip, vp->v_blksize - in);
		if (n == vp->v_blksize)
			error = getblk(run->bm_dev, blk, vp->v_blksize, &bp);
		else if (fresh)
			error = getblk_zero(
			    run->bm_dev, blk, vp->v_blksize, &bp);
		else
			error = bread(run->bm_dev, blk, vp->v_blksize, &bp);
		if (error != 0)
			return error;
		error = uiomove(bp->b_data + in, n, uio);
		if (error != 0) { /* half of it: what it was is gone */
			binval(bp);
			return error;
		}
		bdwrite(bp);
	}
	return 0;
}

int
genfs_writerun(struct vnode *vp, const struct bmap_run *run, struct uio *uio)
{
	switch (run->bm_kind) {
	case BMAP_MAPPED:
	case BMAP_UNWRITTEN:
		return write_mapped(vp, run, uio);
	case BMAP_BUFFERED:
		return write_buffered(vp, run, uio);
	case BMAP_ENCODED:
		return EOPNOTSUPP;
	case BMAP_HOLE:
	case BMAP_INLINE: /* asked to allocate, a driver can't say these */
		break;
	}
	return EIO;
}

void
genfs_abandonrun(struct vnode *vp, const struct bmap_run *run, uint64_t done)
{
	uint64_t head, tail, from, to;

	if (run->bm_kind != BMAP_MAPPED || !(run->bm_flags & BM_NEW))
		return;
	genfs_runpads(vp, run, &head, &tail);
	from = run->bm_devoff + done - (done == 0 ? head : 0);
	to = run->bm_devoff + run->bm_len + tail;
	/* An error has been met; a second one changes nothing. */
	(void)blkdev_zero(run->bm_dev, from, to - from);
}

/* ---- zeroing ---------------------------------------------------------------------- */

static int
zero_buffered(struct vnode *vp, const struct bmap_run *run, uint64_t len)
{
	uint64_t skip, blk, in, n;
	struct buf *bp;
	int error;

	for (skip = 0; skip < len; skip += n) {
		buffered_block(vp, run, skip, &blk, &in);
		n = kmin(len - skip, vp->v_blksize - in);
		if (n == vp->v_blksize)
			error = getblk_zero(
			    run->bm_dev, blk, vp->v_blksize, &bp);
		else
			error = bread(run->bm_dev, blk, vp->v_blksize, &bp);
		if (error != 0)
			return error;
		memset(bp->b_data + in, 0, n);
		bdwrite(bp);
	}
	return 0;
}

int
genfs_zerorun(struct vnode *vp, const struct bmap_run *run, uint64_t n)
{
	struct bmap_run own;
	int error;

	switch (run->bm_kind) {
	case BMAP_HOLE:
	case BMAP_UNWRITTEN:
	case BMAP_INLINE: /* the driver's, when it sets the size */
		return 0;
	case BMAP_ENCODED:
		return EOPNOTSUPP;
	case BMAP_BUFFERED:
		return zero_buffered(vp, run, n);
	case BMAP_MAPPED:
		break;
	}
	if (!(run->bm_flags & BM_SHARED))
		return blkdev_zero(run->bm_dev, run->bm_devoff, n);
	/* Others see these blocks: get own ones first. */
	for (uint64_t skip = 0; skip < n; skip += own.bm_len) {
		uint64_t head, tail;

		error = genfs_getrun(
		    vp, run->bm_off + skip, n - skip, BMAP_WRITE, &own);
		if (error != 0)
			return error;
		genfs_runpads(vp, &own, &head, &tail);
		error = blkdev_zero(
		    own.bm_dev, own.bm_devoff - head, head + own.bm_len + tail);
		if (error != 0)
			return error;
	}
	return 0;
}
