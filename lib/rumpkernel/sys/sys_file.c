/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is done with an open file's data: read(2) and write(2) in all forms,
 * lseek(2), truncate(2), fallocate(2), fsync(2).
 *
 * A transfer that moved something before it met an error gives the count.
 */
#include "kern/kmem.h"
#include "sys/sys_impl.h"

#define IOV_FEW 8 /* more are copied to memory of their own */

struct transfer {
	struct rumpuser_iov few[IOV_FEW];
	struct rumpuser_iov *iov;
	int cnt;
};

static int
transfer_init(struct transfer *t, const struct rump_iovec *uiov, int cnt)
{
	struct rump_iovec v;
	uint64_t sum = 0;
	int error = 0;

	if (cnt < 0 || cnt > RUMP_IOV_MAX)
		return EINVAL;
	t->cnt = cnt;
	t->iov = t->few;
	if (cnt > IOV_FEW) {
		t->iov = kmem_calloc((size_t)cnt, sizeof(*t->iov));
		if (t->iov == NULL)
			return ENOMEM;
	}
	for (int i = 0; error == 0 && i < cnt; i++) {
		error = copyin(&uiov[i], &v, sizeof(v));
		if (error != 0)
			break;
		if (v.iov_len > INT64_MAX ||
		    add_overflow(sum, v.iov_len, &sum) || sum > INT64_MAX ||
		    v.iov_len > SIZE_MAX)
			error = EINVAL;
		t->iov[i].iov_base = v.iov_base;
		t->iov[i].iov_len = (size_t)v.iov_len;
	}
	if (error != 0 && t->iov != t->few)
		kmem_free(t->iov, (size_t)cnt * sizeof(*t->iov));
	return error;
}

static void
transfer_done(struct transfer *t)
{
	if (t->iov != t->few)
		kmem_free(t->iov, (size_t)t->cnt * sizeof(*t->iov));
}

static bool
has_data(const struct vnode *vp)
{
	return vp->v_type == VREG ||
	    ((vp->v_type == VBLK || vp->v_type == VCHR) &&
		vp->v_blkdev != NULL);
}

static int
vn_readfile(struct vnode *vp, struct uio *uio)
{
	uint64_t resid = uio->uio_resid;
	int error;

	if (vp->v_type == VDIR)
		return EISDIR;
	if (!has_data(vp))
		return EINVAL;
	vn_lock(vp, RW_READER);
	error = vop_read(vp, uio, sys_cred());
	vn_unlock(vp);
	/* genfs_read() has done so already. */
	if (resid != uio->uio_resid && vn_owndata(vp) && !vn_rdonly(vp) &&
	    (vn_mount(vp)->mnt_flags & RUMP_MNT_ATIME) != 0) {
		vn_lock(vp, RW_WRITER);
		vop_touch(vp, TOUCH_ATIME);
		vn_unlock(vp);
	}
	return error;
}

/* Whoever isn't root takes set-id bits off by writing.  vp W. */
static int
drop_setid(struct vnode *vp)
{
	struct vattr va = {.va_mask = VA_MODE};
	struct rump_stat st;
	int error;

	if (cred_is_root(sys_cred()))
		return 0;
	error = vop_getattr(vp, &st);
	if (error != 0)
		return error;
	va.va_mode = st.st_mode & RUMP_ALLPERMS;
	if ((va.va_mode & RUMP_S_ISUID) != 0)
		va.va_mode &= ~(uint32_t)RUMP_S_ISUID;
	if ((va.va_mode & RUMP_S_ISGID) != 0 && (va.va_mode & 010) != 0)
		va.va_mode &= ~(uint32_t)RUMP_S_ISGID;
	if (va.va_mode == (st.st_mode & RUMP_ALLPERMS))
		return 0;
	return vop_setattr(vp, &va, sys_cred());
}

static int
vn_writefile(struct vnode *vp, struct uio *uio, bool append)
{
	int error;

	if (!has_data(vp))
		return EINVAL;
	if (vn_rdonly(vp) && vp->v_type == VREG)
		return vn_mount(vp)->mnt_ioerror != 0
		    ? vn_mount(vp)->mnt_ioerror
		    : EROFS;
	vn_lock(vp, RW_WRITER);
	if (append)
		uio->uio_offset = vp->v_size;
	error = drop_setid(vp);
	if (error == 0)
		error = vop_write(vp, uio, sys_cred());
	vn_unlock(vp);
	return error;
}

static int
file_io(struct file *fp, struct uio *uio, uint64_t *donep)
{
	uint64_t resid = uio->uio_resid;
	int acc = fp->f_flags & RUMP_O_ACCMODE, error;

	if (acc == (uio->uio_rw == UIO_READ ? RUMP_O_WRONLY : RUMP_O_RDONLY))
		return EBADF;
	if (uio->uio_rw == UIO_READ)
		error = vn_readfile(fp->f_vp, uio);
	else
		error = vn_writefile(
		    fp->f_vp, uio, (fp->f_flags & RUMP_O_APPEND) != 0);
	*donep = resid - uio->uio_resid;
	return *donep > 0 ? 0 : error;
}

/* At the file's own offset (off NULL), or at *off. */
static int
do_io(int fd, const struct rumpuser_iov *iov, int cnt, const uint64_t *off,
    enum uio_rw rw, uint64_t *donep)
{
	struct file *fp;
	struct uio uio;
	int error;

	*donep = 0;
	error = fd_getfile(fd, false, &fp);
	if (error != 0)
		return error;
	if (off != NULL) {
		uio_init(&uio, iov, cnt, *off, rw);
		error = *off > INT64_MAX ? EINVAL : file_io(fp, &uio, donep);
	} else {
		mutex_enter(&fp->f_offlock);
		uio_init(&uio, iov, cnt, fp->f_offset, rw);
		error = file_io(fp, &uio, donep);
		if (*donep > 0)
			fp->f_offset = uio.uio_offset;
		mutex_exit(&fp->f_offlock);
	}
	file_rele(fp);
	return error;
}

static int64_t
io_one(int fd, void *ubuf, uint64_t len, const uint64_t *off, enum uio_rw rw)
{
	struct lwp *l = sys_enter();
	struct rumpuser_iov iov = {ubuf, (size_t)kmin(len, INT64_MAX)};
	uint64_t done = 0;
	int error;

	if (l == NULL)
		return -EINTR;
	error = do_io(fd, &iov, 1, off, rw, &done);
	return sys_leave_count(l, error, done);
}

int64_t
rump_sys_read(int fd, void *buf, uint64_t len)
{
	return io_one(fd, buf, len, NULL, UIO_READ);
}

int64_t
rump_sys_write(int fd, const void *buf, uint64_t len)
{
	return io_one(fd, (void *)(uintptr_t)buf, len, NULL, UIO_WRITE);
}

int64_t
rump_sys_pread(int fd, void *buf, uint64_t len, uint64_t off)
{
	return io_one(fd, buf, len, &off, UIO_READ);
}

int64_t
rump_sys_pwrite(int fd, const void *buf, uint64_t len, uint64_t off)
{
	return io_one(fd, (void *)(uintptr_t)buf, len, &off, UIO_WRITE);
}

static int64_t
io_vec(int fd, const struct rump_iovec *uiov, int cnt, enum uio_rw rw)
{
	struct lwp *l = sys_enter();
	struct transfer t;
	uint64_t done = 0;
	int error;

	if (l == NULL)
		return -EINTR;
	error = transfer_init(&t, uiov, cnt);
	if (error == 0) {
		error = do_io(fd, t.iov, t.cnt, NULL, rw, &done);
		transfer_done(&t);
	}
	return sys_leave_count(l, error, done);
}

int64_t
rump_sys_readv(int fd, const struct rump_iovec *iov, int iovcnt)
{
	return io_vec(fd, iov, iovcnt, UIO_READ);
}

int64_t
rump_sys_writev(int fd, const struct rump_iovec *iov, int iovcnt)
{
	return io_vec(fd, iov, iovcnt, UIO_WRITE);
}

/* ---- offsets ------------------------------------------------------------------ */

static int
seek_to(struct file *fp, int64_t off, int whence, uint64_t *resp)
{
	struct vnode *vp = fp->f_vp;
	int64_t base = 0, res;
	uint64_t pos;
	int error;

	switch (whence) {
	case RUMP_SEEK_SET:
		break;
	case RUMP_SEEK_CUR:
		base = (int64_t)fp->f_offset;
		break;
	case RUMP_SEEK_END:
		if (!has_data(vp))
			return EINVAL;
		vn_lock(vp, RW_READER);
		base = (int64_t)(vp->v_blkdev != NULL ? vp->v_blkdev->bd_size
						      : vp->v_size);
		vn_unlock(vp);
		break;
	case RUMP_SEEK_DATA:
	case RUMP_SEEK_HOLE:
		if (vp->v_type != VREG)
			return EINVAL;
		if (off < 0)
			return ENXIO;
		pos = (uint64_t)off;
		vn_lock(vp, RW_READER);
		error = genfs_seek(vp, whence == RUMP_SEEK_DATA, &pos);
		vn_unlock(vp);
		*resp = pos;
		return error;
	default:
		return EINVAL;
	}
	if (add_overflow(base, off, &res))
		return EOVERFLOW;
	if (res < 0)
		return EINVAL;
	*resp = (uint64_t)res;
	return 0;
}

static int
do_lseek(int fd, int64_t off, int whence, uint64_t *resp)
{
	struct file *fp;
	int error;

	error = fd_getfile(fd, false, &fp);
	if (error != 0)
		return error;
	mutex_enter(&fp->f_offlock);
	error = seek_to(fp, off, whence, resp);
	if (error == 0)
		fp->f_offset = *resp;
	mutex_exit(&fp->f_offlock);
	file_rele(fp);
	return error;
}

int64_t
rump_sys_lseek(int fd, int64_t off, int whence)
{
	struct lwp *l = sys_enter();
	uint64_t res = 0;
	int error;

	if (l == NULL)
		return -EINTR;
	error = do_lseek(fd, off, whence, &res);
	return sys_leave_count(l, error, res);
}

/* ---- size, allocation ------------------------------------------------------------ */

static int
truncate_vnode(struct vnode *vp, uint64_t size, bool check)
{
	struct rump_stat st;
	int error = 0;

	if (vp->v_type != VREG)
		return vp->v_type == VDIR ? EISDIR : EINVAL;
	if (size > INT64_MAX)
		return EINVAL;
	if (vn_rdonly(vp))
		return EROFS;
	vn_lock(vp, RW_WRITER);
	if (check)
		error = vop_access(vp, RUMP_W_OK, sys_cred());
	if (error == 0)
		error = vop_getattr(vp, &st);
	if (error == 0 &&
	    (st.st_flags & (RUMP_SF_APPENDS | RUMP_SF_IMMUTABLES)) != 0)
		error = EPERM;
	if (error == 0)
		error = drop_setid(vp);
	if (error == 0)
		error = vn_truncate(vp, size);
	vn_unlock(vp);
	return error;
}

int
rump_sys_truncate(const char *path, uint64_t size)
{
	struct lwp *l = sys_enter();
	struct vnode *vp;
	int error;

	if (l == NULL)
		return -EINTR;
	error = sys_getvnode(RUMP_AT_FDCWD, path, 0, &vp);
	if (error == 0) {
		error = truncate_vnode(vp, size, true);
		vrele(vp);
	}
	return sys_leave(l, error);
}

/* A descriptor that is open for writing. */
static int
getfile_writing(int fd, struct file **fpp)
{
	int error = fd_getfile(fd, false, fpp);

	if (error == 0 && ((*fpp)->f_flags & RUMP_O_ACCMODE) == RUMP_O_RDONLY) {
		file_rele(*fpp);
		error = EBADF;
	}
	return error;
}

int
rump_sys_ftruncate(int fd, uint64_t size)
{
	struct lwp *l = sys_enter();
	struct file *fp;
	int error;

	if (l == NULL)
		return -EINTR;
	error = getfile_writing(fd, &fp);
	if (error == EBADF && fd_getfile(fd, false, &fp) == 0) {
		file_rele(fp);
		error = EINVAL; /* ftruncate(2): not open for writing */
	} else if (error == 0) {
		error = truncate_vnode(fp->f_vp, size, false);
		file_rele(fp);
	}
	return sys_leave(l, error);
}

static int
do_fallocate(struct vnode *vp, uint32_t flags, uint64_t off, uint64_t len)
{
	struct rump_stat st;
	uint64_t end;
	int error;

	if (vp->v_type != VREG)
		return vp->v_type == VDIR ? EISDIR : ENODEV;
	if (len == 0 || off > INT64_MAX)
		return EINVAL;
	if (add_overflow(off, len, &end) ||
	    end > vn_mount(vp)->mnt_caps.fc_filemax)
		return EFBIG;
	if ((flags & RUMP_FALLOC_PUNCH_HOLE) != 0 &&
	    (flags & RUMP_FALLOC_KEEP_SIZE) == 0)
		return EOPNOTSUPP;
	if (vn_rdonly(vp))
		return EROFS;
	vn_lock(vp, RW_WRITER);
	error = vop_getattr(vp, &st);
	if (error == 0 &&
	    ((st.st_flags & RUMP_SF_IMMUTABLES) != 0 ||
		((st.st_flags & RUMP_SF_APPENDS) != 0 && off < vp->v_size)))
		error = EPERM;
	if (error == 0)
		error = drop_setid(vp);
	if (error == 0)
		error = vn_fallocate(vp, flags, off, len);
	vn_unlock(vp);
	return error;
}

int
rump_sys_fallocate(int fd, int flags, uint64_t off, uint64_t len)
{
	const int known = RUMP_FALLOC_KEEP_SIZE | RUMP_FALLOC_PUNCH_HOLE |
	    RUMP_FALLOC_ZERO_RANGE | RUMP_FALLOC_FRESH;
	struct lwp *l = sys_enter();
	struct file *fp;
	int error;

	if (l == NULL)
		return -EINTR;
	error = getfile_writing(fd, &fp);
	if (error == 0) {
		error = (flags & ~known) != 0
		    ? EOPNOTSUPP
		    : do_fallocate(fp->f_vp, (uint32_t)flags, off, len);
		file_rele(fp);
	}
	return sys_leave(l, error);
}

/* ---- sync ---------------------------------------------------------------------- */

static int
do_fsync(int fd, bool dataonly)
{
	struct file *fp;
	int error;

	error = fd_getfile(fd, false, &fp);
	if (error != 0)
		return error;
	if (vn_rdonly(fp->f_vp)) {
		error = vn_mount(fp->f_vp)->mnt_ioerror;
	} else {
		vn_lock(fp->f_vp, RW_WRITER);
		error = vop_fsync(fp->f_vp, dataonly);
		vn_unlock(fp->f_vp);
	}
	file_rele(fp);
	return error;
}

int
rump_sys_fsync(int fd)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_fsync(fd, false));
}

int
rump_sys_fdatasync(int fd)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_fsync(fd, true));
}

int
rump_sys_sync(void)
{
	struct lwp *l = kern_enter();

	return sys_leave(l, vfs_syncall());
}

int
rump_sys_syncfs(int fd)
{
	struct lwp *l = sys_enter();
	struct mount *mp;
	struct file *fp;
	int error;

	if (l == NULL)
		return -EINTR;
	error = fd_getfile(fd, true, &fp);
	if (error == 0) {
		mp = vn_busymount(fp->f_vp);
		error = vfs_syncmount(mp, true);
		vfs_unbusy(mp);
		file_rele(fp);
	}
	return sys_leave(l, error);
}
