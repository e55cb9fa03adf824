/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies: between a file of ours and one of the host's, and between two of ours;
 * and where a file's bytes are.
 *
 * Regular files of drivers that work through vop_bmap are genfs's business; what
 * keeps its data by itself (rumpfs) goes through a buffer here, holes left out.
 */
#include "kern/kmem.h"
#include "sys/sys_impl.h"

#define COPY_CHUNK 262144u

/* One end of a copy through a buffer. */
struct copy {
	struct vnode *vp; /* ours */
	uint64_t off;
	struct rumpuser_file *hf; /* the host's */
	uint64_t hostoff;
};

static int
vn_rw(struct vnode *vp, void *buf, size_t len, uint64_t off, enum uio_rw rw,
    size_t *donep)
{
	struct rumpuser_iov iov = {buf, len};
	struct uio uio;
	int error;

	uio_init(&uio, &iov, 1, off, rw);
	if (rw == UIO_READ)
		error = vop_read(vp, &uio, sys_cred());
	else
		error = vop_write(vp, &uio, sys_cred());
	*donep = len - uio.uio_resid;
	return error;
}

/* A piece of host data to vp, W locked, through buf. */
static int
fromhost_piece(struct copy *c, void *buf, size_t n, size_t *movedp)
{
	struct rumpuser_iov iov = {buf, n};
	size_t got = 0;
	int error;

	kern_cpu_release();
	error = rumpuser_preadv(c->hf, &iov, 1, c->hostoff, &got);
	kern_cpu_acquire();
	*movedp = 0;
	if (error != 0 || got == 0)
		return error;
	return vn_rw(c->vp, buf, got, c->off, UIO_WRITE, movedp);
}

/* Advance by what was gone over. */
static void
copy_advance(struct copy *c, uint64_t n, uint64_t *donep)
{
	c->off += n;
	c->hostoff += n;
	*donep += n;
}

/* A hole of the source's, n long: nothing is there, or zeros are made. */
static int
copy_hole(struct vnode *vp, uint64_t off, uint64_t n)
{
	uint64_t end = off + n;
	int error = 0;

	if (off < vp->v_size)
		error = vn_fallocate(vp,
		    RUMP_FALLOC_PUNCH_HOLE | RUMP_FALLOC_KEEP_SIZE, off,
		    kmin(n, vp->v_size - off));
	if (error == 0 && end > vp->v_size)
		error = vn_truncate(vp, end);
	return error;
}

/* The host file's size, so that a hole at its end is gone over too. */
static int
host_limit(
    struct rumpuser_file *hf, uint64_t hostoff, uint64_t len, uint64_t *limitp)
{
	struct rumpuser_fileinfo fi;
	int error = rumpuser_file_info(hf, &fi);

	if (error != 0)
		return error;
	*limitp = hostoff < fi.fi_size ? kmin(len, fi.fi_size - hostoff) : 0;
	return 0;
}

static int
own_fromhost(struct copy c, uint64_t len, uint64_t *donep)
{
	uint64_t left, data, end, n;
	size_t moved;
	void *buf;
	int error;

	error = host_limit(c.hf, c.hostoff, len, &left);
	if (error != 0 || left == 0)
		return error;
	buf = kmem_alloc(COPY_CHUNK);
	if (buf == NULL)
		return ENOMEM;
	while (error == 0 && left > 0) {
		error = rumpuser_nextdata(c.hf, c.hostoff, &data, &end);
		if (error != 0 && error != ENXIO)
			break;
		n = error == ENXIO ? left : kmin(left, data - c.hostoff);
		error = 0;
		if (n > 0) {
			error = copy_hole(c.vp, c.off, n);
			moved = error == 0 ? (size_t)n : 0;
		} else {
			error = fromhost_piece(&c, buf,
			    (size_t)kmin(kmin(left, end - data), COPY_CHUNK),
			    &moved);
			if (error == 0 && moved == 0)
				break; /* it shrank */
		}
		copy_advance(&c, moved, donep);
		left -= moved;
		if (kern_interrupted && error == 0 && left > 0)
			error = EINTR;
	}
	kmem_free(buf, COPY_CHUNK);
	return error;
}

/* From vp to a host file or another of ours (out): data at c.off, at most n. */
static int
read_piece(struct vnode *vp, uint64_t off, void *buf, size_t n, size_t *gotp)
{
	int error;

	vn_lock(vp, RW_READER);
	error = vn_rw(vp, buf, n, off, UIO_READ, gotp);
	vn_unlock(vp);
	return error;
}

/* How long the hole at off is (0: there is data), within left. */
static int
hole_at(struct vnode *vp, uint64_t off, uint64_t left, uint64_t *np)
{
	uint64_t data = off;
	int error;

	vn_lock(vp, RW_READER);
	error = genfs_seek(vp, true, &data);
	vn_unlock(vp);
	if (error == ENXIO) {
		*np = left;
		return 0;
	}
	*np = error == 0 ? kmin(left, data - off) : 0;
	return error;
}

/* ---- to and from the host --------------------------------------------------------- */

static int
do_tohost(int fd, uint64_t off, struct rumpuser_file *hf, uint64_t hostoff,
    uint64_t len, uint64_t *donep)
{
	struct file *fp;
	struct vnode *vp;
	int error;

	error = fd_getfile(fd, false, &fp);
	if (error != 0)
		return error;
	vp = fp->f_vp;
	if ((fp->f_flags & RUMP_O_ACCMODE) == RUMP_O_WRONLY) {
		error = EBADF;
	} else if (vp->v_type == VDIR) {
		error = EISDIR;
	} else {
		vn_lock(vp, RW_READER);
		error = genfs_tohost(vp, off, len, hf, hostoff, donep);
		vn_unlock(vp);
	}
	file_rele(fp);
	return *donep > 0 && error != EINTR ? 0 : error;
}

int64_t
rump_sys_copytohost(int fd, uint64_t off, struct rumpuser_file *hf,
    uint64_t hostoff, uint64_t len)
{
	struct lwp *l = sys_enter();
	uint64_t done = 0;
	int error;

	if (l == NULL)
		return -EINTR;
	error = do_tohost(fd, off, hf, hostoff, len, &done);
	return sys_leave_count(l, error, done);
}

static int
fromhost_check(const struct file *fp)
{
	struct vnode *vp = fp->f_vp;

	if ((fp->f_flags & RUMP_O_ACCMODE) == RUMP_O_RDONLY)
		return EBADF;
	if (vp->v_type == VDIR)
		return EISDIR;
	if (vp->v_type != VREG && vp->v_blkdev == NULL)
		return EINVAL;
	return vn_rdonly(vp) ? EROFS : 0;
}

static int
do_fromhost(int fd, uint64_t off, struct rumpuser_file *hf, uint64_t hostoff,
    uint64_t len, uint64_t *donep)
{
	struct file *fp;
	int error;

	error = fd_getfile(fd, false, &fp);
	if (error != 0)
		return error;
	error = fromhost_check(fp);
	if (error == 0) {
		vn_lock(fp->f_vp, RW_WRITER);
		if (vn_owndata(fp->f_vp))
			error = own_fromhost(
			    (struct copy){fp->f_vp, off, hf, hostoff}, len,
			    donep);
		else
			error = genfs_fromhost(
			    fp->f_vp, off, len, hf, hostoff, donep);
		vn_unlock(fp->f_vp);
	}
	file_rele(fp);
	/* An error after something moved is told by the next call. */
	return *donep > 0 && error != EINTR && error != ENOSPC ? 0 : error;
}

int64_t
rump_sys_copyfromhost(int fd, uint64_t off, struct rumpuser_file *hf,
    uint64_t hostoff, uint64_t len)
{
	struct lwp *l = sys_enter();
	uint64_t done = 0;
	int error;

	if (l == NULL)
		return -EINTR;
	error = do_fromhost(fd, off, hf, hostoff, len, &done);
	return sys_leave_count(l, error, done);
}

/* ---- between two of ours ------------------------------------------------------------ */

static int
own_copy(struct vnode *in, uint64_t inoff, struct vnode *out, uint64_t outoff,
    uint64_t len, uint64_t *donep)
{
	uint64_t left, n;
	size_t got, put;
	void *buf;
	int error = 0;

	left = inoff < in->v_size ? kmin(len, in->v_size - inoff) : 0;
	buf = kmem_alloc(COPY_CHUNK);
	if (buf == NULL)
		return ENOMEM;
	while (error == 0 && left > 0) {
		error = hole_at(in, inoff, left, &n);
		if (error == 0 && n > 0) {
			vn_lock(out, RW_WRITER);
			error = copy_hole(out, outoff, n);
			vn_unlock(out);
			put = error == 0 ? (size_t)n : 0;
		} else if (error == 0) {
			error = read_piece(in, inoff, buf,
			    (size_t)kmin(left, COPY_CHUNK), &got);
			if (error != 0 || got == 0)
				break;
			vn_lock(out, RW_WRITER);
			error = vn_rw(out, buf, got, outoff, UIO_WRITE, &put);
			vn_unlock(out);
		} else {
			break;
		}
		inoff += put;
		outoff += put;
		*donep += put;
		left -= put;
		if (kern_interrupted && error == 0 && left > 0)
			error = EINTR;
	}
	kmem_free(buf, COPY_CHUNK);
	return error;
}

/* Both locked, in as a reader (or as out), in the order of vn_lock2(). */
static int
gen_copy(struct vnode *in, uint64_t inoff, struct vnode *out, uint64_t outoff,
    uint64_t len, uint64_t *donep)
{
	bool in_first = in->v_ino < out->v_ino ||
	    (in->v_ino == out->v_ino && (uintptr_t)in < (uintptr_t)out);
	int error;

	if (in != out && in_first)
		vn_lock(in, RW_READER);
	vn_lock(out, RW_WRITER);
	if (in != out && !in_first)
		vn_lock(in, RW_READER);
	error = genfs_copyfile(in, inoff, out, outoff, len, donep);
	if (in != out)
		vn_unlock(in);
	vn_unlock(out);
	return error;
}

static int
copy_check(const struct file *in, const struct file *out, uint64_t inoff,
    uint64_t outoff, uint64_t len)
{
	if ((in->f_flags & RUMP_O_ACCMODE) == RUMP_O_WRONLY ||
	    (out->f_flags & RUMP_O_ACCMODE) == RUMP_O_RDONLY ||
	    (out->f_flags & RUMP_O_APPEND) != 0)
		return EBADF;
	if (in->f_vp->v_type == VDIR || out->f_vp->v_type == VDIR)
		return EISDIR;
	if (in->f_vp->v_type != VREG || out->f_vp->v_type != VREG)
		return EINVAL;
	if (inoff > INT64_MAX || outoff > INT64_MAX ||
	    len > INT64_MAX - kmax(inoff, outoff))
		return EFBIG;
	if (in->f_vp == out->f_vp && inoff < outoff + len &&
	    outoff < inoff + len)
		return EINVAL;
	return vn_rdonly(out->f_vp) ? EROFS : 0;
}

static int
do_copy(int infd, uint64_t inoff, int outfd, uint64_t outoff, uint64_t len,
    uint64_t *donep)
{
	struct file *in, *out;
	int error;

	len = kmin(len, INT64_MAX - kmin(kmax(inoff, outoff), INT64_MAX));
	error = fd_getfile(infd, false, &in);
	if (error != 0)
		return error;
	error = fd_getfile(outfd, false, &out);
	if (error != 0)
		goto out_in;
	/* To the end of in: so that "all of it" isn't taken for an overlap. */
	if (inoff < in->f_vp->v_size)
		len = kmin(len, in->f_vp->v_size - inoff);
	else
		len = 0;
	error = copy_check(in, out, inoff, outoff, len);
	if (error == 0)
		error = (vn_owndata(out->f_vp) ? own_copy : gen_copy)(
		    in->f_vp, inoff, out->f_vp, outoff, len, donep);
	file_rele(out);
out_in:
	file_rele(in);
	return *donep > 0 && error != EINTR && error != ENOSPC ? 0 : error;
}

int64_t
rump_sys_copy_file_range(
    int infd, uint64_t inoff, int outfd, uint64_t outoff, uint64_t len)
{
	struct lwp *l = sys_enter();
	uint64_t done = 0;
	int error;

	if (l == NULL)
		return -EINTR;
	error = do_copy(infd, inoff, outfd, outoff, len, &done);
	return sys_leave_count(l, error, done);
}
