/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables and open files; what hangs on a process's life.
 *
 * Invariants: below fd_freehint every slot is taken.  f_refs counts descriptors
 * and system calls under way; it is changed atomically where there is more than
 * one virtual CPU, since files are shared between tables.
 */
#include <rump/rump.h>

#include "kern/klog.h"
#include "kern/kmem.h"
#include "vfs/filedesc.h"
#include "vfs/mount.h"

#define FD_FIRST 16 /* room of a new table */

static struct kmem_pool *file_pool;

static inline void
ref_inc(uint32_t *refs)
{
	if (kern_ncpu == 1)
		++*refs;
	else
		__atomic_fetch_add(refs, 1, __ATOMIC_RELAXED);
}

/* True: that was the last. */
static inline bool
ref_dec(uint32_t *refs)
{
	if (kern_ncpu == 1)
		return --*refs == 0;
	return __atomic_sub_fetch(refs, 1, __ATOMIC_ACQ_REL) == 0;
}

/* ---- files ------------------------------------------------------------------ */

int
file_alloc(struct vnode *vp, int flags, struct file **fpp)
{
	struct file *fp = kmem_pool_get(file_pool);

	if (fp == NULL)
		return ENOMEM;
	fp->f_refs = 1;
	fp->f_flags = flags;
	fp->f_vp = vp;
	fp->f_offset = 0;
	fp->f_cred = curproc->p_cred;
	cred_hold(fp->f_cred);
	mutex_init(&fp->f_offlock, RANK_FILE, "file");
	*fpp = fp;
	return 0;
}

void
file_rele(struct file *fp)
{
	if (likely(!ref_dec(&fp->f_refs)))
		return;
	if ((fp->f_flags & RUMP_O_PATH) == 0)
		vop_close(fp->f_vp, fp->f_flags, fp->f_cred);
	vrele(fp->f_vp);
	cred_free(fp->f_cred);
	mutex_destroy(&fp->f_offlock);
	kmem_pool_put(file_pool, fp);
}

/* ---- tables ------------------------------------------------------------------ */

/* Twice the room; fd_lock held. */
static int
fd_grow(struct filedesc *fd)
{
	int n = fd->fd_nfiles == 0 ? FD_FIRST : fd->fd_nfiles * 2;
	struct file **files;

	if (n > FD_MAX)
		return EMFILE;
	files = kmem_calloc((size_t)n, sizeof(*files));
	if (files == NULL)
		return ENOMEM;
	if (fd->fd_nfiles > 0)
		memcpy(files, fd->fd_files,
		    (size_t)fd->fd_nfiles * sizeof(*files));
	kmem_free(fd->fd_files, (size_t)fd->fd_nfiles * sizeof(*files));
	fd->fd_files = files;
	fd->fd_nfiles = n;
	return 0;
}

int
fd_install(struct file *fp, int *fdp)
{
	struct filedesc *fd = curproc->p_fd;
	int i, error = 0;

	mutex_enter(&fd->fd_lock);
	for (i = fd->fd_freehint; i < fd->fd_nfiles; i++)
		if (fd->fd_files[i] == NULL)
			break;
	if (i == fd->fd_nfiles)
		error = fd_grow(fd);
	if (error == 0) {
		fd->fd_files[i] = fp;
		fd->fd_freehint = i + 1;
		*fdp = i;
	}
	mutex_exit(&fd->fd_lock);
	return error;
}

int
fd_getfile(int n, bool path, struct file **fpp)
{
	struct filedesc *fd = curproc->p_fd;
	struct file *fp = NULL;

	mutex_enter(&fd->fd_lock);
	if (n >= 0 && n < fd->fd_nfiles)
		fp = fd->fd_files[n];
	if (fp != NULL && (path || (fp->f_flags & RUMP_O_PATH) == 0))
		ref_inc(&fp->f_refs);
	else
		fp = NULL;
	mutex_exit(&fd->fd_lock);
	*fpp = fp;
	return fp != NULL ? 0 : EBADF;
}

int
fd_close(int n)
{
	struct filedesc *fd = curproc->p_fd;
	struct file *fp = NULL;

	mutex_enter(&fd->fd_lock);
	if (n >= 0 && n < fd->fd_nfiles)
		fp = fd->fd_files[n];
	if (fp != NULL) {
		fd->fd_files[n] = NULL;
		if (n < fd->fd_freehint)
			fd->fd_freehint = n;
	}
	mutex_exit(&fd->fd_lock);
	if (fp == NULL)
		return EBADF;
	file_rele(fp);
	return 0;
}

int
fd_dup(int n, int *newp)
{
	struct file *fp;
	int error;

	error = fd_getfile(n, true, &fp);
	if (error != 0)
		return error;
	error = fd_install(fp, newp);
	if (error != 0)
		file_rele(fp);
	return error;
}

/* ---- directories, umask ------------------------------------------------------- */

struct vnode *
fd_root_ref(void)
{
	struct filedesc *fd = curproc->p_fd;
	struct vnode *vp;

	mutex_enter(&fd->fd_lock);
	vp = fd->fd_root;
	vref(vp);
	mutex_exit(&fd->fd_lock);
	return vp;
}

struct vnode *
fd_cwd_ref(void)
{
	struct filedesc *fd = curproc->p_fd;
	struct vnode *vp;

	mutex_enter(&fd->fd_lock);
	vp = fd->fd_cwd;
	vref(vp);
	mutex_exit(&fd->fd_lock);
	return vp;
}

static void
fd_swap(struct vnode **slot, struct vnode *vp)
{
	struct filedesc *fd = curproc->p_fd;
	struct vnode *old;

	mutex_enter(&fd->fd_lock);
	old = *slot;
	*slot = vp;
	mutex_exit(&fd->fd_lock);
	vrele(old);
}

void
fd_set_cwd(struct vnode *vp)
{
	fd_swap(&curproc->p_fd->fd_cwd, vp);
}

void
fd_set_root(struct vnode *vp)
{
	fd_swap(&curproc->p_fd->fd_root, vp);
}

uint32_t
fd_umask(void)
{
	return curproc->p_fd->fd_umask;
}

uint32_t
fd_set_umask(uint32_t mask)
{
	struct filedesc *fd = curproc->p_fd;
	uint32_t old;

	mutex_enter(&fd->fd_lock);
	old = fd->fd_umask;
	fd->fd_umask = mask & 0777;
	mutex_exit(&fd->fd_lock);
	return old;
}

/* ---- a process's life ----------------------------------------------------------- */

/* Takes over neither reference. */
static struct filedesc *
filedesc_alloc(struct vnode *cwd, struct vnode *root, uint32_t umask)
{
	struct filedesc *fd = kmem_zalloc(sizeof(*fd));

	if (fd == NULL)
		return NULL;
	fd->fd_refs = 1;
	mutex_init(&fd->fd_lock, RANK_PROC, "filedesc");
	vref(cwd);
	fd->fd_cwd = cwd;
	vref(root);
	fd->fd_root = root;
	fd->fd_umask = umask;
	return fd;
}

static void
filedesc_free(struct filedesc *fd)
{
	if (!ref_dec(&fd->fd_refs))
		return;
	for (int i = 0; i < fd->fd_nfiles; i++)
		if (fd->fd_files[i] != NULL)
			file_rele(fd->fd_files[i]);
	kmem_free(fd->fd_files, (size_t)fd->fd_nfiles * sizeof(*fd->fd_files));
	vrele(fd->fd_cwd);
	vrele(fd->fd_root);
	mutex_destroy(&fd->fd_lock);
	kmem_free(fd, sizeof(*fd));
}

static int
fd_copyfiles(struct filedesc *from, struct filedesc *to)
{
	mutex_enter(&from->fd_lock);
	if (from->fd_nfiles > 0) {
		to->fd_files = kmem_calloc(
		    (size_t)from->fd_nfiles, sizeof(*to->fd_files));
		if (to->fd_files == NULL) {
			mutex_exit(&from->fd_lock);
			return ENOMEM;
		}
	}
	to->fd_nfiles = from->fd_nfiles;
	to->fd_freehint = from->fd_freehint;
	for (int i = 0; i < from->fd_nfiles; i++) {
		to->fd_files[i] = from->fd_files[i];
		if (to->fd_files[i] != NULL)
			ref_inc(&to->fd_files[i]->f_refs);
	}
	mutex_exit(&from->fd_lock);
	return 0;
}

static int
filedesc_fork(struct proc *parent, struct proc *child, int flags)
{
	struct filedesc *from = parent->p_fd, *to;
	int error;

	if ((flags & (RUMP_RFFDG | RUMP_RFCFDG)) == 0) {
		ref_inc(&from->fd_refs);
		child->p_fd = from;
		return 0;
	}
	mutex_enter(&from->fd_lock);
	to = filedesc_alloc(from->fd_cwd, from->fd_root, from->fd_umask);
	mutex_exit(&from->fd_lock);
	if (to == NULL)
		return ENOMEM;
	if ((flags & RUMP_RFCFDG) == 0) {
		error = fd_copyfiles(from, to);
		if (error != 0) {
			filedesc_free(to);
			return error;
		}
	}
	child->p_fd = to;
	return 0;
}

static void
filedesc_exit(struct proc *p)
{
	filedesc_free(p->p_fd);
	p->p_fd = NULL;
}

/* The root is mounted: give the first processes their directories. */
int
filedesc_init(void)
{
	static const struct proc_hooks hooks = {filedesc_fork, filedesc_exit};
	struct vnode *rvp;
	int error;

	error = kmem_pool_create("file", sizeof(struct file), 64, &file_pool);
	if (error != 0)
		return error;
	error = vfs_root(vfs_rootmount(), &rvp);
	for (int pid = 0; error == 0 && pid <= 1; pid++) {
		struct proc *p = proc_find(pid);

		KASSERT(p != NULL);
		p->p_fd = filedesc_alloc(rvp, rvp, 022);
		if (p->p_fd == NULL)
			error = ENOMEM;
	}
	if (error == 0) {
		vrele(rvp);
		proc_set_hooks(&hooks);
	}
	return error;
}
