/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying a file's data between an image and a host file, either way, and between
 * two files of ours.
 *
 * Long runs are copied by the host itself (rumpuser_copyrange) where both sides
 * are in host files; everything else goes through one buffer of 256 KiB, in which
 * runs that are neighbours in the file are gathered, so that a small file costs
 * one read and one write.
 *
 * Holes stay holes.  Whether a source has any is asked of the host only where it
 * can matter: for sources longer than the buffer, and for those with a block of
 * zeros in it (a hole reads as zeros).
 */
#include "dev/blkdev.h"
#include "kern/klog.h"
#include "kern/klwp.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/genfs_impl.h"

#define COPYBUF_BYTES	(256u << 10)
#define COPYBUF_LEAST	(16u << 10)
#define COPYRANGE_BYTES (256u << 10)
#define RELEASE_BYTES	4096

/* ---- the buffer: one is kept ---------------------------------------------------- */

struct copier {
	uint8_t *c_mem;
	size_t c_size;
	bool c_nocopyrange; /* the host said so for this pair */
};

static uint8_t *kept;

static uint64_t
copybuf_reclaim(uint64_t want KUNUSED)
{
	uint8_t *mem = __atomic_exchange_n(&kept, NULL, __ATOMIC_ACQ_REL);

	kmem_free(mem, COPYBUF_BYTES);
	return mem != NULL ? COPYBUF_BYTES : 0;
}

static void
register_reclaim(void)
{
	static struct kmem_reclaimer reclaimer = {
	    .kr_name = "copybuf", .kr_reclaim = copybuf_reclaim};
	static uint32_t done;

	if (__atomic_load_n(&done, __ATOMIC_RELAXED) == 0 &&
	    __atomic_exchange_n(&done, 1, __ATOMIC_ACQ_REL) == 0)
		kmem_reclaimer_register(&reclaimer);
}

static int
copier_init(struct copier *cp)
{
	*cp = (struct copier){.c_size = COPYBUF_BYTES};
	register_reclaim();
	cp->c_mem = __atomic_exchange_n(&kept, NULL, __ATOMIC_ACQ_REL);
	while (cp->c_mem == NULL && cp->c_size >= COPYBUF_LEAST) {
		cp->c_mem = kmem_alloc(cp->c_size);
		if (cp->c_mem == NULL)
			cp->c_size /= 4;
	}
	return cp->c_mem != NULL ? 0 : ENOMEM;
}

static void
copier_done(struct copier *cp)
{
	uint8_t *mem = cp->c_mem;

	if (cp->c_size == COPYBUF_BYTES)
		mem = __atomic_exchange_n(&kept, mem, __ATOMIC_ACQ_REL);
	kmem_free(mem, cp->c_size);
}

/* ---- host I/O -------------------------------------------------------------------- */

static int
host_io(struct rumpuser_file *hf, bool write, void *mem, size_t n, uint64_t off,
    size_t *donep)
{
	struct rumpuser_iov iov = {mem, n};
	bool release = n >= RELEASE_BYTES;
	int error;

	if (release)
		kern_cpu_release();
	error = write ? rumpuser_pwritev(hf, &iov, 1, off, donep)
		      : rumpuser_preadv(hf, &iov, 1, off, donep);
	if (release)
		kern_cpu_acquire();
	return error;
}

/* Copy len bytes, or what there is; EOPNOTSUPP before the first byte only. */
static int
host_copyrange(struct rumpuser_file *in, uint64_t inoff,
    struct rumpuser_file *out, uint64_t outoff, uint64_t len, uint64_t *donep)
{
	int error;

	*donep = 0;
	kern_cpu_release();
	error = rumpuser_copyrange(in, inoff, out, outoff, len, donep);
	kern_cpu_acquire();
	if (error == EOPNOTSUPP && *donep > 0)
		error = 0; /* the next call says it again */
	return error;
}

/* ---- image to host ------------------------------------------------------------------ */

struct tohost {
	struct copier t_cp;
	struct rumpuser_file *t_hf;
	uint64_t t_start; /* where in the host file the gathered bytes go */
	size_t t_fill;
	bool t_sizeknown;
	uint64_t t_hostsize; /* when we met the first hole */
	uint64_t t_mapped;   /* bytes of runs that nobody shares */
};

/* A file has no more bytes of its own than the device: a small image must not
 * fill the host's disk by leading to the same blocks again and again. */
static int
count_mapped(struct tohost *t, struct vnode *vp, const struct bmap_run *run)
{
	if (run->bm_kind != BMAP_MAPPED || (run->bm_flags & BM_SHARED) != 0)
		return 0;
	t->t_mapped += run->bm_len;
	if (t->t_mapped <= run->bm_dev->bd_size)
		return 0;
	mount_message(vp->v_mount, vp->v_ino, UINT64_MAX,
	    "more blocks than the file system has: some stand in it twice");
	return EUCLEAN;
}

static int
gather_flush(struct tohost *t)
{
	size_t done;
	int error;

	if (t->t_fill == 0)
		return 0;
	error = host_io(
	    t->t_hf, true, t->t_cp.c_mem, t->t_fill, t->t_start, &done);
	if (error == 0)
		t->t_fill = 0; /* else it still counts as not done */
	return error;
}

/* Bytes of the run through the buffer. */
static int
gather_run(struct tohost *t, struct vnode *vp, const struct bmap_run *run,
    uint64_t hostoff)
{
	struct rumpuser_iov iov;
	struct bmap_run part;
	struct uio uio;
	uint64_t skip;
	int error = 0;

	for (skip = 0; skip < run->bm_len && error == 0; skip += part.bm_len) {
		if (t->t_fill == t->t_cp.c_size)
			error = gather_flush(t);
		if (error != 0)
			break;
		if (t->t_fill == 0)
			t->t_start = hostoff + skip;
		part = genfs_subrun(run, skip, t->t_cp.c_size - t->t_fill);
		iov.iov_base = t->t_cp.c_mem + t->t_fill;
		iov.iov_len = part.bm_len;
		uio_init(&uio, &iov, 1, part.bm_off, UIO_READ);
		error = genfs_readrun(vp, &part, part.bm_len, &uio);
		if (error == 0)
			t->t_fill += part.bm_len;
	}
	return error;
}

/* By the host itself; *donep short: the rest is to be gathered. */
static int
direct_run(struct tohost *t, const struct bmap_run *run, uint64_t hostoff,
    uint64_t *donep)
{
	struct blkdev_direct di;
	uint64_t n;
	int error;

	*donep = 0;
	if (run->bm_kind != BMAP_MAPPED || run->bm_len < COPYRANGE_BYTES ||
	    t->t_cp.c_nocopyrange ||
	    blkdev_direct(
		run->bm_dev, run->bm_devoff, run->bm_len, false, &di) != 0)
		return 0;
	error = gather_flush(t);
	if (error != 0)
		return error;
	error = host_copyrange(
	    di.di_file, di.di_off, t->t_hf, hostoff, di.di_len, &n);
	*donep = n;
	if (error == EOPNOTSUPP) {
		t->t_cp.c_nocopyrange = true;
		error = 0;
	} else if (error == 0 && n == 0) {
		error = EIO; /* the image file has been cut */
	}
	return error;
}

/* A hole: what the host file has there already must read as zeros. */
static int
leave_hole(struct tohost *t, uint64_t hostoff, uint64_t len)
{
	struct rumpuser_fileinfo fi;
	uint64_t n;
	size_t done;
	int error = gather_flush(t);

	if (error == 0 && !t->t_sizeknown) {
		error = rumpuser_file_info(t->t_hf, &fi);
		t->t_hostsize = error == 0 ? fi.fi_size : 0;
		t->t_sizeknown = true;
	}
	if (error != 0 || hostoff >= t->t_hostsize)
		return error;
	len = kmin(len, t->t_hostsize - hostoff);
	error = rumpuser_punch(t->t_hf, hostoff, len);
	if (error != EOPNOTSUPP)
		return error;
	for (error = 0; len > 0 && error == 0; hostoff += n, len -= n) {
		n = kmin(len, BLKDEV_NZEROS);
		error = host_io(t->t_hf, true,
		    (void *)(uintptr_t)blkdev_zeros(), n, hostoff, &done);
	}
	return error;
}

static int
tohost_runs(struct tohost *t, struct vnode *vp, uint64_t off, uint64_t end,
    uint64_t hostoff, uint64_t *donep)
{
	bool endshole = false;
	struct bmap_run run;
	uint64_t n, start = off, host;
	int error = 0;

	while (off < end && error == 0) {
		host = hostoff + (off - start);
		error = kern_interrupted
		    ? EINTR
		    : genfs_getrun(vp, off, end - off, BMAP_READ, &run);
		if (error != 0)
			break;
		n = run.bm_len;
		endshole = run.bm_kind == BMAP_HOLE ||
		    run.bm_kind == BMAP_UNWRITTEN;
		if (endshole) {
			error = leave_hole(t, host, n);
		} else {
			error = count_mapped(t, vp, &run);
			if (error == 0)
				error = direct_run(t, &run, host, &n);
			if (error == 0 && n == 0) {
				n = run.bm_len;
				error = gather_run(t, vp, &run, host);
			}
		}
		if (error == 0)
			off += n;
	}
	if (error == 0)
		error = gather_flush(t);
	if (error == 0 && endshole && hostoff + (off - start) > t->t_hostsize)
		error = rumpuser_file_setsize(t->t_hf, hostoff + (off - start));
	*donep = off - start - (error != 0 ? t->t_fill : 0);
	return error;
}

int
genfs_tohost(struct vnode *vp, uint64_t off, uint64_t len,
    struct rumpuser_file *hf, uint64_t hostoff, uint64_t *donep)
{
	struct tohost t = {.t_hf = hf};
	uint64_t end;
	int error;

	*donep = 0;
	if (add_overflow(off, len, &end) || end > vp->v_size)
		end = vp->v_size;
	if (off >= end)
		return 0;
	error = copier_init(&t.t_cp);
	if (error != 0)
		return error;
	error = tohost_runs(&t, vp, off, end, hostoff, donep);
	copier_done(&t.t_cp);
	if (*donep > 0)
		genfs_touch_atime(vp);
	if (error == EUCLEAN)
		*donep = 0; /* a caller that came back would count anew */
	return error;
}

/* ---- into a file of ours ---------------------------------------------------------- */

/* Where bytes come from: a host file, or a run of a file of ours. */
struct source {
	struct rumpuser_file *s_hf;
	uint64_t s_hostoff;
	struct vnode *s_vp; /* NULL: the host file */
	const struct bmap_run *s_run;
};

static int
source_read(
    const struct source *s, uint64_t skip, uint8_t *mem, size_t n, size_t *gotp)
{
	struct rumpuser_iov iov = {mem, n};
	struct bmap_run part;
	struct uio uio;

	*gotp = n;
	if (s->s_vp == NULL)
		return host_io(
		    s->s_hf, false, mem, n, s->s_hostoff + skip, gotp);
	part = genfs_subrun(s->s_run, skip, n);
	uio_init(&uio, &iov, 1, part.bm_off, UIO_READ);
	return genfs_readrun(s->s_vp, &part, n, &uio);
}

/* Where the source is in a host file; false: not directly. */
static bool
source_direct(const struct source *s, uint64_t skip, uint64_t len,
    struct blkdev_direct *di)
{
	if (s->s_vp == NULL) {
		*di = (struct blkdev_direct){s->s_hf, s->s_hostoff + skip, len};
		return true;
	}
	return s->s_run->bm_kind == BMAP_MAPPED &&
	    blkdev_direct(s->s_run->bm_dev, s->s_run->bm_devoff + skip, len,
		false, di) == 0;
}

/* Zeros around a new run that is filled by the host. */
static int
write_pads(struct vnode *vp, const struct bmap_run *run)
{
	uint64_t head, tail;
	int error = 0;

	genfs_runpads(vp, run, &head, &tail);
	if (head > 0)
		error = blkdev_write_zeros(
		    run->bm_dev, run->bm_devoff - head, head, BIO_NEW);
	if (error == 0 && tail > 0)
		error = blkdev_write_zeros(
		    run->bm_dev, run->bm_devoff + run->bm_len, tail, BIO_NEW);
	return error;
}

/* As much of the run as the host copies; *donep 0: it can't. */
static int
fill_direct(struct copier *cp, struct vnode *vp, const struct bmap_run *run,
    const struct source *s, uint64_t *donep)
{
	struct blkdev_direct in, out;
	uint64_t n;
	int error = 0;

	*donep = 0;
	if (run->bm_kind != BMAP_MAPPED || run->bm_len < COPYRANGE_BYTES)
		return 0;
	while (*donep < run->bm_len && error == 0 && !cp->c_nocopyrange) {
		if (!source_direct(s, *donep, run->bm_len - *donep, &in) ||
		    blkdev_direct(run->bm_dev, run->bm_devoff + *donep,
			in.di_len, true, &out) != 0)
			break;
		error = host_copyrange(in.di_file, in.di_off, out.di_file,
		    out.di_off, out.di_len, &n);
		if (error == EOPNOTSUPP) {
			cp->c_nocopyrange = true;
			error = 0;
			break;
		}
		*donep += n;
		if (n < out.di_len)
			break; /* the source's end, or an error */
	}
	if (error == 0 && *donep > 0)
		error = write_pads(vp, run);
	return error;
}

/* A new run whose blocks are so large that it must be written in parts of them:
 * zeroed first, and not new any more. */
static int
zero_first(struct bmap_run *run, const struct vnode *vp)
{
	uint64_t head, tail;

	genfs_runpads(vp, run, &head, &tail);
	if (run->bm_kind == BMAP_BUFFERED)
		return ENOMEM;
	run->bm_kind = BMAP_MAPPED;
	run->bm_flags &= ~(uint32_t)BM_NEW;
	return blkdev_zero(
	    run->bm_dev, run->bm_devoff - head, head + run->bm_len + tail);
}

/* Through the buffer, from done on.  Pieces begin and end where blocks do, so
 * that the zeros around a piece that is new fall outside of the others. */
static int
fill_buffered(struct copier *cp, struct vnode *vp, const struct bmap_run *whole,
    const struct source *s, uint64_t *donep)
{
	struct bmap_run piece, run = *whole;
	struct rumpuser_iov iov;
	struct uio uio;
	uint64_t n;
	size_t got;
	int error = 0;

	*donep -= kmin(*donep, (run.bm_off + *donep) % vp->v_blksize);
	if (cp->c_size < 2 * (uint64_t)vp->v_blksize &&
	    run.bm_len > cp->c_size &&
	    ((run.bm_flags & BM_NEW) || run.bm_kind == BMAP_UNWRITTEN)) {
		error = zero_first(&run, vp);
		*donep = 0;
	}
	while (*donep < run.bm_len && error == 0) {
		n = kmin(run.bm_len - *donep, cp->c_size);
		if (n < run.bm_len - *donep && n > vp->v_blksize)
			n -= (run.bm_off + *donep + n) % vp->v_blksize;
		error = source_read(s, *donep, cp->c_mem, n, &got);
		if (error != 0 || got == 0)
			break;
		piece = genfs_subrun(&run, *donep, got);
		iov = (struct rumpuser_iov){cp->c_mem, got};
		uio_init(&uio, &iov, 1, piece.bm_off, UIO_WRITE);
		error = genfs_writerun(vp, &piece, &uio);
		if (error == 0)
			*donep += got;
		if (got < n)
			break; /* the source has become shorter */
	}
	return error;
}

/* All of [off, off + len) of vp; *donep short: the source ended. */
static int
fill_range(struct copier *cp, struct vnode *vp, uint64_t off, uint64_t len,
    const struct source *s, uint64_t *donep)
{
	struct source rest = *s;
	struct bmap_run run, srun;
	uint64_t n;
	int error = 0;

	for (*donep = 0; *donep < len && error == 0; *donep += n) {
		n = 0;
		error = kern_interrupted ? EINTR
					 : genfs_getrun(vp, off + *donep,
					       len - *donep, BMAP_WRITE, &run);
		if (error == ENOSPC) {
			error = genfs_safepoint(
			    vp, *donep > 0 ? off + *donep : 0, true);
			continue;
		}
		if (error != 0)
			break;
		rest.s_hostoff = s->s_hostoff + *donep;
		if (s->s_vp != NULL) {
			srun = genfs_subrun(s->s_run, *donep, len - *donep);
			rest.s_run = &srun;
		}
		error = fill_direct(cp, vp, &run, &rest, &n);
		if (error == 0 && n < run.bm_len)
			error = fill_buffered(cp, vp, &run, &rest, &n);
		if (n < run.bm_len) {
			genfs_abandonrun(vp, &run, n);
			*donep += n;
			break;
		}
		if (error == 0)
			error = genfs_safepoint(vp, off + *donep + n, false);
	}
	return error;
}

/* A hole of the source: blocks that are there get zeros, others stay away where the
 * format has holes.  The
 * block of the file's end counts whole: what is past the end may be garbage, and
 * the size is going to grow over it. */
static int
fill_hole(struct vnode *vp, uint64_t off, uint64_t len)
{
	uint64_t end = howmany(vp->v_size, vp->v_blksize) * vp->v_blksize;

	if ((vp->v_mount->mnt_caps.fc_flags & RUMP_CAP_HOLES) == 0)
		return genfs_fillgap(vp, off, off + len);
	if (off >= end)
		return 0;
	return genfs_zerorange(vp, off, kmin(len, end - off));
}

/* ---- host to image ------------------------------------------------------------------ */

/* Has mem, which goes to off in the file, a whole block of zeros? */
static bool
has_zero_block(const uint8_t *mem, uint64_t off, size_t len, uint32_t blksize)
{
	uint64_t in = off % blksize;
	size_t at = in != 0 ? (size_t)(blksize - in) : 0;

	for (; at < len; at += blksize)
		if (mem[at] == 0 && kmemzero(mem + at, kmin(blksize, len - at)))
			return true;
	return false;
}

/* The source in segments of data, as the host tells them. */
static int
fromhost_segments(struct copier *cp, struct vnode *vp, uint64_t off,
    uint64_t len, struct source *s, uint64_t *donep)
{
	uint64_t start = s->s_hostoff, data, end, n, hole;
	int error = 0;

	while (*donep < len && error == 0) {
		error = rumpuser_nextdata(s->s_hf, start + *donep, &data, &end);
		if (error == ENXIO) { /* a hole up to the end */
			data = end = UINT64_MAX;
			error = 0;
		}
		if (error != 0)
			break;
		hole = kmin(data - (start + *donep), len - *donep);
		error = fill_hole(vp, off + *donep, hole);
		if (error != 0)
			break;
		*donep += hole;
		n = kmin(end - data, len - *donep);
		s->s_hostoff = start + *donep;
		if (n == 0)
			continue;
		error = fill_range(cp, vp, off + *donep, n, s, &hole);
		*donep += hole;
		if (hole < n)
			break;
	}
	return error;
}

/* A source that fits the buffer: one read, mostly one write. */
static int
fromhost_small(struct copier *cp, struct vnode *vp, uint64_t off, uint64_t len,
    struct source *s, uint64_t *donep)
{
	struct rumpuser_iov iov;
	struct uio uio;
	size_t got;
	int error;

	error = host_io(s->s_hf, false, cp->c_mem, len, s->s_hostoff, &got);
	if (error != 0 || got == 0)
		return error;
	if (off + got > genfs_filemax(vp))
		return EFBIG;
	error = genfs_zerogap(vp, off);
	if (error != 0)
		return error;
	if (got > vp->v_blksize &&
	    has_zero_block(cp->c_mem, off, got, vp->v_blksize))
		return fromhost_segments(cp, vp, off, got, s, donep);
	iov = (struct rumpuser_iov){cp->c_mem, got};
	uio_init(&uio, &iov, 1, off, UIO_WRITE);
	error = genfs_writebytes(vp, &uio);
	*donep = uio.uio_offset - off;
	return error;
}

static int
fromhost_large(struct copier *cp, struct vnode *vp, uint64_t off, uint64_t len,
    struct source *s, uint64_t *donep)
{
	struct rumpuser_fileinfo fi;
	uint64_t max = genfs_filemax(vp);
	int error = rumpuser_file_info(s->s_hf, &fi);

	if (error != 0)
		return error;
	len = fi.fi_size > s->s_hostoff ? kmin(len, fi.fi_size - s->s_hostoff)
					: 0;
	if (len <= cp->c_size)
		return len > 0 ? fromhost_small(cp, vp, off, len, s, donep) : 0;
	if (off > max || len > max - off)
		return EFBIG;
	error = genfs_zerogap(vp, off);
	if (error == 0)
		error = fromhost_segments(cp, vp, off, len, s, donep);
	return error;
}

static int
fromhost_inside(struct vnode *vp, uint64_t off, uint64_t len,
    struct rumpuser_file *hf, uint64_t hostoff, uint64_t *donep)
{
	struct source s = {.s_hf = hf, .s_hostoff = hostoff};
	struct copier cp;
	int error, e;

	KASSERT(vn_wlocked(vp));
	*donep = 0;
	if (len == 0)
		return 0;
	if (off > genfs_filemax(vp))
		return EFBIG;
	error = copier_init(&cp);
	if (error != 0)
		return error;
	if (len <= cp.c_size)
		error = fromhost_small(&cp, vp, off, len, &s, donep);
	else
		error = fromhost_large(&cp, vp, off, len, &s, donep);
	copier_done(&cp);
	e = genfs_endwrite(vp, *donep > 0 ? off + *donep : 0, *donep > 0,
	    error != 0 || *donep < len);
	return error != 0 ? error : e;
}

int
genfs_fromhost(struct vnode *vp, uint64_t off, uint64_t len,
    struct rumpuser_file *hf, uint64_t hostoff, uint64_t *donep)
{
	struct mount *mp = vp->v_mount;
	int error = vfs_opbegin(mp);

	*donep = 0;
	if (error != 0)
		return error;
	error = fromhost_inside(vp, off, len, hf, hostoff, donep);
	vfs_opend(mp);
	return error;
}

/* ---- between two files of ours ---------------------------------------------------- */

static int
copyfile_runs(struct copier *cp, struct vnode *in, uint64_t inoff,
    struct vnode *out, uint64_t outoff, uint64_t len, uint64_t *donep)
{
	struct bmap_run run;
	struct source s = {.s_vp = in, .s_run = &run};
	uint64_t n;
	int error = 0;

	for (; *donep < len && error == 0; *donep += n) {
		n = 0;
		error = kern_interrupted ? EINTR
					 : genfs_getrun(in, inoff + *donep,
					       len - *donep, BMAP_READ, &run);
		if (error != 0)
			break;
		if (run.bm_kind == BMAP_HOLE || run.bm_kind == BMAP_UNWRITTEN) {
			error = fill_hole(out, outoff + *donep, run.bm_len);
			n = error == 0 ? run.bm_len : 0;
		} else {
			error = fill_range(
			    cp, out, outoff + *donep, run.bm_len, &s, &n);
		}
	}
	return error;
}

static int
copyfile_inside(struct vnode *in, uint64_t inoff, struct vnode *out,
    uint64_t outoff, uint64_t len, uint64_t *donep)
{
	uint64_t max = genfs_filemax(out);
	struct copier cp;
	int error, e;

	KASSERT(vn_wlocked(out));
	*donep = 0;
	if (inoff >= in->v_size)
		return 0;
	len = kmin(len, in->v_size - inoff);
	if (len == 0)
		return 0;
	if (outoff > max || len > max - outoff)
		return EFBIG;
	error = copier_init(&cp);
	if (error != 0)
		return error;
	error = genfs_zerogap(out, outoff);
	if (error == 0)
		error = copyfile_runs(&cp, in, inoff, out, outoff, len, donep);
	copier_done(&cp);
	if (*donep > 0)
		genfs_touch_atime(in);
	e = genfs_endwrite(
	    out, *donep > 0 ? outoff + *donep : 0, *donep > 0, error != 0);
	return error != 0 ? error : e;
}

int
genfs_copyfile(struct vnode *in, uint64_t inoff, struct vnode *out,
    uint64_t outoff, uint64_t len, uint64_t *donep)
{
	struct mount *mp = out->v_mount;
	int error = vfs_opbegin(mp);

	*donep = 0;
	if (error != 0)
		return error;
	error = copyfile_inside(in, inoff, out, outoff, len, donep);
	vfs_opend(mp);
	return error;
}
