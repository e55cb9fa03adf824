/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside libukfs.
 *
 * Each ukfs is a process of the kernel, chroot()ed into its mount.  A call
 * borrows the process's first lwp if that is free, else a new one: so several
 * threads may use one ukfs at once (ukfs.c).
 */
#ifndef UKFS_IMPL_H
#define UKFS_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include <rump/rump.h>
#include <rump/rump_syscalls.h>
#include <rump/rumpuser.h>
#include <rump/ukfs.h>

struct ukfs {
	struct ukfs *uk_next;	 /* all of them; ukfs_mtx */
	struct lwp *uk_lwp;	 /* the process's first */
	atomic_flag uk_lwp_busy; /* a thread is bound to it */
	int uk_pid;
	atomic_int uk_nopen; /* struct ukfs_file's */
	struct rumpuser_file *uk_hf;
	uint64_t uk_off, uk_len; /* the window; uk_len 0: to the end */
	bool uk_readonly;
	bool uk_locked;
	char uk_dev[24]; /* the block device's name */
	char *uk_mountpath;
	void *uk_specific;
};

struct ukfs_file {
	struct ukfs *uf_ukfs;
	int uf_fd; /* in the ukfs's process */
};

/* What this thread is bound to by ukfs_enter(), or NULL. */
struct ukfs *ukfs_current(void);

/* A kernel's result as the public functions give it: -1 and errno. */
int64_t ukfs_result(int64_t r);

/* The call's own binding around one system call. */
#define UKFS_CALL(ukfs, call)              \
	({                                 \
		int64_t r_;                \
		if (ukfs_enter(ukfs) != 0) \
			r_ = -RUMP_ENOMEM; \
		else {                     \
			r_ = (call);       \
			ukfs_leave(ukfs);  \
		}                          \
		ukfs_result(r_);           \
	})

#endif /* UKFS_IMPL_H */
