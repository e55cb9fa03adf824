/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes: getxattr(2), setxattr(2), listxattr(2), removexattr(2), as
 * Linux has them: namespaces user, trusted, security, system; user attributes only
 * on files and directories; values up to 64 KiB.
 */
#include "kern/kmem.h"
#include "sys/sys_impl.h"

#define XATTR_LISTMAX 65536u

/* The node that a call is about: a path, followed or not, or a descriptor. */
struct xwhere {
	const char *upath; /* NULL: fd */
	int fd;
	bool nofollow;
};

static int
xattr_vnode(const struct xwhere *w, struct vnode **vpp)
{
	struct file *fp;
	int error;

	if (w->fd < 0)
		return sys_getvnode(RUMP_AT_FDCWD, w->upath,
		    w->nofollow ? RUMP_AT_SYMLINK_NOFOLLOW : 0, vpp);
	/* O_PATH will do: there is no getxattrat(). */
	error = fd_getfile(w->fd, true, &fp);
	if (error != 0)
		return error;
	vref(fp->f_vp);
	*vpp = fp->f_vp;
	file_rele(fp);
	return 0;
}

static struct xwhere
at_path(const char *upath, bool nofollow)
{
	return (struct xwhere){upath, -1, nofollow};
}

static struct xwhere
at_fd(int fd)
{
	return (struct xwhere){NULL, fd >= 0 ? fd : INT_MAX, false};
}

static bool
has_prefix(const char *s, const char *prefix)
{
	return kstrncmp(s, prefix, kstrlen(prefix)) == 0;
}

static int
xattr_name(const char *uname, char *name)
{
	int error = copyinstr(uname, name, RUMP_XATTR_NAME_MAX + 1, NULL);

	if (error == ENAMETOOLONG || (error == 0 && name[0] == '\0'))
		return ERANGE;
	return error;
}

/* May the caller?  vp is locked.  "trusted." can't even be seen by others. */
static int
xattr_access(struct vnode *vp, const char *name, bool write)
{
	const struct kcred *cred = sys_cred();
	struct rump_stat st;
	int error;

	if (write) {
		if (vn_rdonly(vp))
			return EROFS;
		error = vop_getattr(vp, &st);
		if (error != 0)
			return error;
		if ((st.st_flags & (RUMP_SF_IMMUTABLES | RUMP_SF_APPENDS)) != 0)
			return EPERM;
	}
	if (has_prefix(name, "trusted."))
		return cred_is_root(cred) ? 0 : write ? EPERM : ENODATA;
	if (has_prefix(name, "user.")) {
		if (vp->v_type != VREG && vp->v_type != VDIR)
			return write ? EPERM : ENODATA;
		return vop_access(vp, write ? RUMP_W_OK : RUMP_R_OK, cred);
	}
	if (!has_prefix(name, "security.") && !has_prefix(name, "system."))
		return EOPNOTSUPP;
	return write && !cred_is_root(cred) ? EPERM : 0;
}

static int
do_get(const struct xwhere *w, const char *uname, void *ubuf, uint64_t size,
    uint64_t *lenp)
{
	char name[RUMP_XATTR_NAME_MAX + 1];
	size_t room = (size_t)kmin(size, RUMP_XATTR_SIZE_MAX), len = room;
	struct vnode *vp;
	void *buf = NULL;
	int error;

	error = xattr_name(uname, name);
	if (error == 0)
		error = xattr_vnode(w, &vp);
	if (error != 0)
		return error;
	if (room > 0 && (buf = kmem_alloc(room)) == NULL) {
		vrele(vp);
		return ENOMEM;
	}
	vn_lock(vp, RW_READER);
	error = xattr_access(vp, name, false);
	if (error == 0)
		error = vop_getxattr(vp, name, buf, &len);
	vn_unlock(vp);
	vrele(vp);
	if (error == 0 && room > 0 && len > 0)
		error = copyout(buf, ubuf, len);
	*lenp = len;
	kmem_free(buf, room);
	return error;
}

static int64_t
call_get(struct xwhere w, const char *name, void *buf, uint64_t size)
{
	struct lwp *l = sys_enter();
	uint64_t len = 0;
	int error;

	if (l == NULL)
		return -EINTR;
	error = do_get(&w, name, buf, size, &len);
	return sys_leave_count(l, error, len);
}

int64_t
rump_sys_getxattr(const char *path, const char *name, void *buf, uint64_t size)
{
	return call_get(at_path(path, false), name, buf, size);
}

int64_t
rump_sys_lgetxattr(const char *path, const char *name, void *buf, uint64_t size)
{
	return call_get(at_path(path, true), name, buf, size);
}

int64_t
rump_sys_fgetxattr(int fd, const char *name, void *buf, uint64_t size)
{
	return call_get(at_fd(fd), name, buf, size);
}

/* value NULL and remove: take it away. */
static int
do_set(const struct xwhere *w, const char *uname, const void *uvalue,
    uint64_t size, int flags, bool remove)
{
	const int both = RUMP_XATTR_CREATE | RUMP_XATTR_REPLACE;
	char name[RUMP_XATTR_NAME_MAX + 1];
	size_t len = (size_t)size;
	struct vnode *vp = NULL;
	void *value = NULL;
	int error;

	if ((flags & ~both) != 0 || (flags & both) == both)
		return EINVAL;
	if (size > RUMP_XATTR_SIZE_MAX)
		return E2BIG;
	error = xattr_name(uname, name);
	if (error == 0 && !remove) {
		value = kmem_alloc(len + 1); /* an empty value isn't NULL */
		error = value == NULL ? ENOMEM
		    : len == 0	      ? 0
				      : copyin(uvalue, value, len);
	}
	if (error == 0)
		error = xattr_vnode(w, &vp);
	if (error == 0) {
		vn_lock(vp, RW_WRITER);
		error = xattr_access(vp, name, true);
		if (error == 0)
			error = vop_setxattr(
			    vp, name, value, len, (uint32_t)flags);
		vn_unlock(vp);
		vrele(vp);
	}
	kmem_free(value, len + 1);
	return error;
}

static int
call_set(struct xwhere w, const char *name, const void *value, uint64_t size,
    int flags, bool remove)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_set(&w, name, value, size, flags, remove));
}

int
rump_sys_setxattr(const char *path, const char *name, const void *value,
    uint64_t size, int flags)
{
	return call_set(at_path(path, false), name, value, size, flags, false);
}

int
rump_sys_lsetxattr(const char *path, const char *name, const void *value,
    uint64_t size, int flags)
{
	return call_set(at_path(path, true), name, value, size, flags, false);
}

int
rump_sys_fsetxattr(
    int fd, const char *name, const void *value, uint64_t size, int flags)
{
	return call_set(at_fd(fd), name, value, size, flags, false);
}

int
rump_sys_removexattr(const char *path, const char *name)
{
	return call_set(at_path(path, false), name, NULL, 0, 0, true);
}

int
rump_sys_lremovexattr(const char *path, const char *name)
{
	return call_set(at_path(path, true), name, NULL, 0, 0, true);
}

int
rump_sys_fremovexattr(int fd, const char *name)
{
	return call_set(at_fd(fd), name, NULL, 0, 0, true);
}

/* Take out what the caller may not see; returns the new length. */
static size_t
list_filter(char *buf, size_t len)
{
	size_t in = 0, out = 0;

	if (cred_is_root(sys_cred()))
		return len;
	while (in < len) {
		size_t n = kstrnlen(buf + in, len - in) + 1;

		if (!has_prefix(buf + in, "trusted.")) {
			memmove(buf + out, buf + in, kmin(n, len - in));
			out += n;
		}
		in += n;
	}
	return out;
}

static int
do_list(const struct xwhere *w, char *ubuf, uint64_t size, uint64_t *lenp)
{
	size_t room = (size_t)kmin(size, XATTR_LISTMAX), len = room;
	struct vnode *vp;
	char *buf = NULL;
	int error;

	error = xattr_vnode(w, &vp);
	if (error != 0)
		return error;
	if (room > 0 && (buf = kmem_alloc(room)) == NULL) {
		vrele(vp);
		return ENOMEM;
	}
	vn_lock(vp, RW_READER);
	error = vop_listxattr(vp, buf, &len);
	vn_unlock(vp);
	vrele(vp);
	if (error == 0 && room > 0) {
		len = list_filter(buf, len);
		if (len > 0)
			error = copyout(buf, ubuf, len);
	}
	*lenp = len;
	kmem_free(buf, room);
	return error;
}

static int64_t
call_list(struct xwhere w, char *buf, uint64_t size)
{
	struct lwp *l = sys_enter();
	uint64_t len = 0;
	int error;

	if (l == NULL)
		return -EINTR;
	error = do_list(&w, buf, size, &len);
	return sys_leave_count(l, error, len);
}

int64_t
rump_sys_listxattr(const char *path, char *buf, uint64_t size)
{
	return call_list(at_path(path, false), buf, size);
}

int64_t
rump_sys_llistxattr(const char *path, char *buf, uint64_t size)
{
	return call_list(at_path(path, true), buf, size);
}

int64_t
rump_sys_flistxattr(int fd, char *buf, uint64_t size)
{
	return call_list(at_fd(fd), buf, size);
}
