/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a process has: current and root directory, umask, number.
 */
#include "kern/kmem.h"
#include "sys/sys_impl.h"
#include "vfs/vnode_impl.h"

/* A directory that may be searched. */
static int
check_dir(struct vnode *vp)
{
	int error;

	if (vp->v_type != VDIR)
		return ENOTDIR;
	vn_lock(vp, RW_READER);
	error = vop_access(vp, RUMP_X_OK, sys_cred());
	vn_unlock(vp);
	return error;
}

static int
do_chdir(const char *upath, bool root)
{
	struct vnode *vp;
	int error;

	if (root && !cred_is_root(sys_cred()))
		return EPERM;
	error = sys_getvnode(RUMP_AT_FDCWD, upath, 0, &vp);
	if (error != 0)
		return error;
	error = check_dir(vp);
	if (error != 0)
		vrele(vp);
	else if (root)
		fd_set_root(vp);
	else
		fd_set_cwd(vp);
	return error;
}

int
rump_sys_chdir(const char *path)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_chdir(path, false));
}

int
rump_sys_chroot(const char *path)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_chdir(path, true));
}

int
rump_sys_fchdir(int fd)
{
	struct lwp *l = sys_enter();
	struct file *fp;
	int error;

	if (l == NULL)
		return -EINTR;
	error = fd_getfile(fd, true, &fp);
	if (error == 0) {
		error = check_dir(fp->f_vp);
		if (error == 0) {
			vref(fp->f_vp);
			fd_set_cwd(fp->f_vp);
		}
		file_rele(fp);
	}
	return sys_leave(l, error);
}

/* ---- getcwd ------------------------------------------------------------------------ */

/* Finds the name of a node in its parent. */
struct findname {
	struct dirsink ds;
	uint64_t ino;
	char *name; /* RUMP_NAME_MAX + 1 bytes */
	size_t len; /* 0: not found yet */
};

static int
findname_emit(struct dirsink *ds, uint64_t ino, uint8_t dtype, const char *name,
    size_t namelen, uint64_t nextcookie)
{
	struct findname *fn = container_of(ds, struct findname, ds);

	(void)dtype, (void)nextcookie;
	if (ino != fn->ino || namelen > RUMP_NAME_MAX ||
	    (name[0] == '.' &&
		(namelen == 1 || (namelen == 2 && name[1] == '.'))))
		return 0;
	memcpy(fn->name, name, namelen);
	fn->len = namelen;
	return EEXIST; /* enough */
}

static int
find_name(struct vnode *dvp, struct findname *fn)
{
	uint64_t cookie = 0, was;
	bool eof = false;
	int error;

	fn->len = 0;
	vn_lock(dvp, RW_READER);
	do {
		was = cookie;
		error = vop_readdir(dvp, &fn->ds, &cookie, &eof);
	} while (error == 0 && fn->len == 0 && !eof && cookie != was);
	vn_unlock(dvp);
	if (error == 0 && fn->len == 0)
		error = ENOENT;
	return error;
}

/* From *vpp to its parent, whose entry for it is named in fn.  At the root of a
 * mount: to what it covers.  False in *morep: it is the top. */
static int
cwd_up(struct vnode **vpp, const struct vnode *root, struct findname *fn,
    bool *morep)
{
	struct componentname dd = {
	    .cn_name = "..", .cn_len = 2, .cn_cred = sys_cred()};
	struct vnode *vp = *vpp, *up;
	int error;

	while (vp != root && (up = vn_below(vp)) != NULL) {
		vrele(vp);
		*vpp = vp = up;
	}
	*morep = vp != root && (vp->v_flags & VV_ROOT) == 0;
	if (!*morep)
		return 0;
	vn_lock(vp, RW_READER);
	error = vp->v_unlinked ? ENOENT : vop_lookup(vp, &dd, &up);
	vn_unlock(vp);
	if (error != 0)
		return error;
	fn->ino = vp->v_ino;
	vrele(vp);
	*vpp = up;
	return find_name(up, fn);
}

/* The path is built from its end. */
static int
build_cwd(char *buf, size_t size, char **startp)
{
	char name[RUMP_NAME_MAX + 1], *p = buf + size;
	struct findname fn = {.ds.ds_emit = findname_emit, .name = name};
	struct vnode *vp = fd_cwd_ref(), *root = fd_root_ref();
	bool more = true;
	int error;

	*--p = '\0';
	for (;;) {
		error = cwd_up(&vp, root, &fn, &more);
		if (error != 0 || !more)
			break;
		if ((size_t)(p - buf) < fn.len + 1) {
			error = ENAMETOOLONG;
			break;
		}
		p -= fn.len;
		memcpy(p, name, fn.len);
		*--p = '/';
	}
	if (*p == '\0')
		*--p = '/';
	vrele(vp);
	vrele(root);
	*startp = p;
	return error;
}

static int
do_getcwd(char *ubuf, uint64_t size, uint64_t *lenp)
{
	char *buf = kmem_alloc(RUMP_PATH_MAX), *start;
	int error;

	if (buf == NULL)
		return ENOMEM;
	error = build_cwd(buf, RUMP_PATH_MAX, &start);
	if (error == 0) {
		*lenp = (uint64_t)(buf + RUMP_PATH_MAX - start);
		error = size < *lenp ? ERANGE
				     : copyout(start, ubuf, (size_t)*lenp);
	}
	kmem_free(buf, RUMP_PATH_MAX);
	return error;
}

int64_t
rump_sys_getcwd(char *buf, uint64_t size)
{
	struct lwp *l = sys_enter();
	uint64_t len = 0;
	int error;

	if (l == NULL)
		return -EINTR;
	error = do_getcwd(buf, size, &len);
	return sys_leave_count(l, error, len);
}

/* ---- umask, getpid -------------------------------------------------------------------- */

uint32_t
rump_sys_umask(uint32_t mask)
{
	struct lwp *l = kern_enter();
	uint32_t old = fd_set_umask(mask);

	kern_leave(l);
	return old;
}

/* A thread that has an lwp needs no CPU to know whose it is. */
int
rump_sys_getpid(void)
{
	struct lwp *l = rumpuser_curlwp();
	int pid;

	if (likely(l != NULL))
		return l->l_proc->p_pid;
	l = kern_enter();
	pid = l->l_proc->p_pid;
	kern_leave(l);
	return pid;
}
