/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the host side share.  Nothing here is seen by the kernel:
 * it has <rump/rumpuser.h> only.
 *
 * This folder is the one place that may look at the host with #if.  It does
 * nothing at start: no thread, no table, no library before it is asked for,
 * since every command pays for what is done here.
 */
#ifndef HYPERCALL_H
#define HYPERCALL_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <rump/rumpuser.h>

/* The kernel's error numbers are Linux's, so the host's errno passes through
 * here; a host with others would translate in this one place. */
static inline int
hyper_errno(void)
{
	return errno;
}

/* A call again for as long as signals cut it short. */
#define HYPER_RETRY(call)                           \
	({                                          \
		__typeof__(call) r_;                \
		do                                  \
			r_ = (call);                \
		while (r_ == -1 && errno == EINTR); \
		r_;                                 \
	})

/* Offsets and lengths that the host's off_t can say. */
static inline bool
hyper_range_ok(uint64_t off, uint64_t len)
{
	uint64_t end;

	return !__builtin_add_overflow(off, len, &end) && end <= INT64_MAX;
}

/* A lock that this object holds: it must survive a reopen. */
struct hyper_lock {
	uint64_t off, len; /* len 0: to the end for ever */
	enum rumpuser_lock kind;
};

/*
 * An open host file.
 *
 * f_fd never changes its number while the object lives: reopening for writing
 * puts the new description under the old number with dup3, so that transfers
 * in other threads go on undisturbed.  Everything but f_fd is guarded by the
 * table's mutex (rumpuser_file.c); f_writable only ever goes from false to
 * true.
 */
struct rumpuser_file {
	struct rumpuser_file *f_next; /* in its hash chain */
	uint64_t f_dev, f_ino;	      /* identity, as in rumpuser_fileinfo */
	enum rumpuser_ftype f_type;
	int f_fd;
	int f_claimfd; /* holds O_EXCL of a block device, or -1 */
	unsigned int f_refs;
	_Atomic bool f_writable;
	bool f_exclusive; /* opened with O_EXCL */
	bool f_unlinked;  /* a temporary that had a name: cannot be linked */
	unsigned int f_nlocks; /* what rumpuser_file_lock holds */
	struct hyper_lock *f_locks;
};

/* rumpuser_file.c */
extern pthread_mutex_t hyper_file_mtx;
enum rumpuser_ftype hyper_ftype(mode_t mode);
/* Make an object for fd (which it takes, also where it only serves to upgrade
 * an object that is there already; on error fd stays the caller's). */
int hyper_file_install(int fd, const struct stat *st, bool writable,
    bool exclusive, struct rumpuser_file **filep);
/* Put the description of fd under file's number; its identity is now st's. */
int hyper_file_replace(
    struct rumpuser_file *file, int fd, const struct stat *st);

/* rumpuser_lock.c; the table's mutex is held */
int hyper_lock_move(struct rumpuser_file *file, int newfd);

/* rumpuser_copy.c: copy all of in's bytes, holes left out */
int hyper_copy_all(int in, int out);

#endif /* HYPERCALL_H */
