/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors: a process's table of open files, its current and root directory and
 * umask (struct filedesc), and what open() makes (struct file).
 *
 * A struct file is shared by the descriptors that dup and fork make of it; its
 * offset is guarded by f_offlock, which is taken before any vnode's lock.  A
 * filedesc is shared by processes that were forked without RFFDG and RFCFDG.
 */
#ifndef VFS_FILEDESC_H
#define VFS_FILEDESC_H

#include "kern/klwp.h"
#include "vfs/vnode.h"

#define FD_MAX 65536 /* descriptors a process */

struct file {
	uint32_t f_refs; /* fd_lock of any table: see filedesc.c */
	int f_flags;	 /* RUMP_O_* */
	struct vnode *f_vp;
	kmutex_t f_offlock;
	uint64_t f_offset; /* bytes; directories: the cookie */
	struct kcred *f_cred;
};

struct filedesc {
	uint32_t fd_refs; /* processes */
	kmutex_t fd_lock;
	struct file **fd_files;
	int fd_nfiles;	 /* room */
	int fd_freehint; /* no free one below */
	struct vnode *fd_cwd, *fd_root;
	uint32_t fd_umask;
};

int filedesc_init(void);

/* The process's directories, referenced. */
struct vnode *fd_root_ref(void);
struct vnode *fd_cwd_ref(void);
/* Take over the reference on vp. */
void fd_set_cwd(struct vnode *vp);
void fd_set_root(struct vnode *vp);
uint32_t fd_umask(void);
uint32_t fd_set_umask(uint32_t mask);

/* An open file for vp, whose reference (and vop_open) it takes over; it has one
 * reference, for fd_install() or file_rele(). */
int file_alloc(struct vnode *vp, int flags, struct file **fpp);
/* Drop one; the last closes. */
void file_rele(struct file *fp);
/* Give the file a descriptor; takes over the reference.  EMFILE ENOMEM: not. */
int fd_install(struct file *fp, int *fdp);
/* The file of a descriptor, referenced.  EBADF, also for O_PATH ones unless
 * path. */
int fd_getfile(int fd, bool path, struct file **fpp);
int fd_close(int fd);
int fd_dup(int fd, int *newp);

#endif /* VFS_FILEDESC_H */
