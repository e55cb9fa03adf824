/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rump(3): the in-process kernel as its host program sees it.  Names and
 * meanings follow NetBSD's rump(3), rump_lwproc(3) and rump_etfs(3).
 */
#ifndef RUMP_RUMP_H
#define RUMP_RUMP_H

#include <stdbool.h>
#include <stdint.h>

#include <rump/rump_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of these headers' interfaces; rump_pub_version() is the kernel's. */
#define RUMP_VERSION 1
int rump_pub_version(void);

/*
 * Start the kernel of this process.  Idempotent.  Returns 0 or a positive error
 * number.  Parameters are read from the environment: RUMP_NCPU (virtual CPUs,
 * 1), RUMP_MEMLIMIT (bytes, k m g; none), RUMP_VERBOSE, RUMP_DEBUG, RUMP_IOTHREADS.
 */
int rump_init(void);

/*
 * Enter and leave the kernel by hand; between the two the thread has a virtual
 * CPU and no other call of these headers may be made.  Every rump_sys_*() and
 * rump_pub_*() does it by itself.
 */
void rump_schedule(void);
void rump_unschedule(void);

/* Load a driver module, librumpfs_<x>.so.  0 or an error number. */
int rump_pub_module_load(const char *path);

/* Where kernel log lines go (NULL: standard error).  line has no newline. */
void rump_pub_log_hook(void (*hook)(void *arg, const char *line), void *arg);
/* -o verbose: also tell what was detected and mounted. */
void rump_pub_set_verbose(bool on);

/* ^C: async-signal-safe.  Calls fail with EINTR at the next safe point. */
void rump_pub_interrupt(void);
void rump_pub_interrupt_clear(void);

/* ---- rump_lwproc(3) -------------------------------------------------- */
struct lwp;
#define RUMP_RFFDG  0x01 /* the child gets a copy of the descriptors */
#define RUMP_RFCFDG 0x02 /* the child gets a clean table */
/* A new process with one lwp, which becomes this thread's.  Error number. */
int rump_pub_lwproc_rfork(int flags);
/* A new lwp in process pid, which becomes this thread's.  ESRCH-like: ENOENT. */
int rump_pub_lwproc_newlwp(int pid);
/* This thread's lwp from now on (NULL: the implicit one). */
void rump_pub_lwproc_switch(struct lwp *l);
/* Free this thread's lwp, with its process if it was the last. */
void rump_pub_lwproc_releaselwp(void);
struct lwp *rump_pub_lwproc_curlwp(void);
/* Credentials of this thread's process. */
int rump_pub_lwproc_setcred(
    uint32_t uid, uint32_t gid, uint32_t ngroups, const uint32_t *groups);

/* ---- rump_etfs(3) ----------------------------------------------------- */
enum rump_etfs_type {
	RUMP_ETFS_REG,	       /* host file as a regular file */
	RUMP_ETFS_BLK,	       /* ... as a block device */
	RUMP_ETFS_CHR,	       /* ... as a character device */
	RUMP_ETFS_DIR,	       /* a host directory, its files only */
	RUMP_ETFS_DIR_SUBDIRS, /* a host directory with all below it */
};
#define RUMP_ETFS_SIZE_ENDOFF ((uint64_t)-1)
/* Make host path hostpath appear as key (absolute) inside.  Error number. */
int rump_pub_etfs_register(
    const char *key, const char *hostpath, enum rump_etfs_type type);
/* ... only the window [begin, begin + size) of it. */
int rump_pub_etfs_register_withsize(const char *key, const char *hostpath,
    enum rump_etfs_type type, uint64_t begin, uint64_t size);
int rump_pub_etfs_remove(const char *key); /* ENOENT, EBUSY */

/* ---- block devices by name --------------------------------------------
 * What a mount names: layers built from a description, bottom first.
 */
struct rumpuser_file;
enum rump_blklayer {
	RUMP_BLK_FILE,	  /* bl_file (a reference is taken) */
	RUMP_BLK_RAM,	  /* bl_len bytes of zeros */
	RUMP_BLK_WINDOW,  /* [bl_off, bl_off + bl_len) of the one below */
	RUMP_BLK_OVERLAY, /* copy on write, in memory: dry runs, replay */
	RUMP_BLK_CACHE, /* bl_len bytes of lines, for back ends without a cache */
	RUMP_BLK_FAULT, /* see bl_fault */
};
struct rump_blkfault {
	uint64_t bf_seed;
	uint32_t bf_read_eio_ppm, bf_write_eio_ppm; /* chances per million */
	uint64_t bf_stop_at_write; /* from this write on (1: the first) all fail
	                              with EIO; 0: never */
	bool bf_torn;		   /* the stopping write is done in half */
	/* every write and flush, in order, before it is done; may be NULL */
	void (*bf_log)(void *arg, bool flush, uint64_t off, const void *data,
	    uint64_t len);
	void *bf_arg;
};
struct rump_blkdesc {
	enum rump_blklayer bl_kind;
	struct rumpuser_file *bl_file;
	uint64_t bl_off, bl_len;
	uint32_t bl_sector; /* logical sector size, 0: the layer's own */
	bool bl_readonly;
	struct rump_blkfault bl_fault;
};
/* Build and register under name (no slash).  Error number; EEXIST. */
int rump_pub_blkdev_create(
    const char *name, const struct rump_blkdesc *layers, unsigned nlayers);
int rump_pub_blkdev_destroy(const char *name); /* ENOENT, EBUSY (mounted) */
int rump_pub_blkdev_size(const char *name, uint64_t *sizep);
/* Raw access, for tests and tools. */
int rump_pub_blkdev_read(
    const char *name, void *buf, uint64_t off, uint64_t len);
int rump_pub_blkdev_write(
    const char *name, const void *buf, uint64_t off, uint64_t len);

#ifdef __cplusplus
}
#endif

#endif /* RUMP_RUMP_H */
