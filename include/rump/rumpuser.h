/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rumpuser(3): the hypercall interface, the only way from the in-process
 * kernel to the host.  Fixed-width types only; no host header is needed to
 * read it and no host type crosses it.
 *
 * Errors: every function that returns int returns 0 or a positive error number
 * of <rump/rump_abi.h> (Linux's numbers), unless it says otherwise.  Results
 * are handed back through pointers and are undefined after an error.
 *
 * No function here takes or gives a virtual CPU: the kernel gives its CPU back
 * around those marked BLOCKS.
 */
#ifndef RUMP_RUMPUSER_H
#define RUMP_RUMPUSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface; each incompatible change adds one. */
#define RUMPUSER_VERSION 1

/*
 * Start: the kernel names the interface version that it was built for.
 * Returns 0, or EINVAL where the host side is of another version.  Idempotent.
 */
int rumpuser_init(int version);

/* ---- memory -------------------------------------------------------- */

/* Allocate size bytes, aligned to align (a power of two, 0: 16).  ENOMEM. */
int rumpuser_malloc(size_t size, size_t align, void **memp);
/* Free what rumpuser_malloc gave; size is what was asked for.  mem may be NULL. */
void rumpuser_free(void *mem, size_t size);
/* Map whole anonymous pages (zeroed); unmap returns them to the host at once. */
int rumpuser_anonmmap(size_t size, void **memp);
void rumpuser_unmap(void *mem, size_t size);

/* ---- threads and thread-local storage ------------------------------- */

struct rumpuser_thread;

/* Start a thread that runs fn(arg).  It must be joined.  EAGAIN, ENOMEM. */
int rumpuser_thread_create(void (*fn)(void *), void *arg, const char *name,
    struct rumpuser_thread **threadp);
int rumpuser_thread_join(struct rumpuser_thread *thread); /* BLOCKS */
/* One pointer a thread, owned by the kernel (its current lwp); NULL at first. */
void *rumpuser_curlwp(void);
void rumpuser_set_curlwp(void *lwp);
/* Once, at start: what a host thread calls when it ends with a pointer that is
 * not NULL.  (Not when the whole process ends.) */
int rumpuser_thread_exit_hook(void (*fn)(void *lwp));

/* ---- mutex, reader-writer lock, condition variable -------------------
 * Host locks block the host thread.  The kernel's own locks are built on
 * these; the kernel never sleeps on one while it holds a virtual CPU, other
 * than for the few instructions that guard a queue.
 */
struct rumpuser_mtx;
struct rumpuser_rw;
struct rumpuser_cv;

int rumpuser_mutex_init(struct rumpuser_mtx **mtxp);
void rumpuser_mutex_destroy(struct rumpuser_mtx *mtx);
void rumpuser_mutex_enter(struct rumpuser_mtx *mtx);
int rumpuser_mutex_tryenter(struct rumpuser_mtx *mtx); /* 0 or EBUSY */
void rumpuser_mutex_exit(struct rumpuser_mtx *mtx);

int rumpuser_rw_init(struct rumpuser_rw **rwp);
void rumpuser_rw_destroy(struct rumpuser_rw *rw);
void rumpuser_rw_enter(struct rumpuser_rw *rw, bool writer);
int rumpuser_rw_tryenter(struct rumpuser_rw *rw, bool writer); /* 0 or EBUSY */
void rumpuser_rw_exit(struct rumpuser_rw *rw);

int rumpuser_cv_init(struct rumpuser_cv **cvp);
void rumpuser_cv_destroy(struct rumpuser_cv *cv);
void rumpuser_cv_wait(struct rumpuser_cv *cv, struct rumpuser_mtx *mtx);
/* ns: how long to wait at most.  0, or ETIMEDOUT. */
int rumpuser_cv_timedwait(
    struct rumpuser_cv *cv, struct rumpuser_mtx *mtx, int64_t ns);
void rumpuser_cv_signal(struct rumpuser_cv *cv);
void rumpuser_cv_broadcast(struct rumpuser_cv *cv);

/* ---- clock ---------------------------------------------------------- */

enum rumpuser_clock {
	RUMPUSER_CLOCK_WALL, /* since 1970 UTC; SOURCE_DATE_EPOCH if it is set */
	RUMPUSER_CLOCK_MONO, /* since some fixed point */
};
/* EINVAL: SOURCE_DATE_EPOCH isn't a number; the results are 0 then. */
int rumpuser_clock_get(
    enum rumpuser_clock clock, int64_t *secp, int32_t *nsecp);
int rumpuser_clock_sleep(int64_t ns); /* BLOCKS */

/* ---- console, parameters, random, exit ------------------------------ */

/* Write len bytes to standard error (never standard output). */
void rumpuser_console_write(const char *buf, size_t len);

/*
 * A parameter by name: RUMP_NCPU, RUMP_MEMLIMIT, RUMP_IOTHREADS, RUMP_VERBOSE..
 * (the environment), or one of the names below, which the host answers.
 * Copies at most size bytes with the NUL.  ENOENT, E2BIG.
 */
#define RUMPUSER_PARAM_NCPU	   "_RUMPUSER_NCPU" /* host CPUs usable */
#define RUMPUSER_PARAM_HOSTNAME	   "_RUMPUSER_HOSTNAME"
#define RUMPUSER_PARAM_CPUFEATURES "_RUMPUSER_CPU" /* "sse4.2 pclmul" .. */
int rumpuser_getparam(const char *name, char *buf, size_t size);
int rumpuser_putparam(const char *name, const char *value); /* overrides */

/* Fill buf with len unpredictable bytes. */
int rumpuser_getrandom(void *buf, size_t len);

/* End the process: with a status, or (RUMPUSER_PANIC) abort. */
#define RUMPUSER_PANIC (-1)
void rumpuser_exit(int status) __attribute__((noreturn));

/* Set the calling thread's host errno from one of the kernel's numbers. */
void rumpuser_seterrno(int error);

/* ---- files ----------------------------------------------------------
 * One object per host file (device, inode) and process: opening the same file
 * again gives the same object with one more reference, reopened for writing if
 * that is now asked for.
 */
struct rumpuser_file;

#define RUMPUSER_OPEN_RDONLY 0x00 /* with O_NOATIME where the host allows it */
#define RUMPUSER_OPEN_RDWR   0x01
#define RUMPUSER_OPEN_CREATE 0x02 /* make it if missing, mode 0666 less umask */
#define RUMPUSER_OPEN_EXCL \
	0x04 /* with CREATE: EEXIST if there; on a block
                                     device: EBUSY if in use (mounted) */
#define RUMPUSER_OPEN_TRUNC 0x08

enum rumpuser_ftype {
	RUMPUSER_FT_OTHER,
	RUMPUSER_FT_REG,
	RUMPUSER_FT_DIR,
	RUMPUSER_FT_BLK,
	RUMPUSER_FT_CHR,
};

struct rumpuser_fileinfo {
	uint64_t fi_dev, fi_ino; /* identity; of a block device: its rdev, 0 */
	uint64_t fi_size;	 /* bytes; block devices: what the host says */
	enum rumpuser_ftype fi_type;
	uint32_t fi_mode;	     /* permission bits */
	uint32_t fi_logical_sector;  /* bytes; 1 for a regular file */
	uint32_t fi_physical_sector; /* bytes; 512 where unknown */
	bool fi_writable;	     /* this object was opened for writing */
	bool fi_readonly;	     /* no write bit, or a read-only device */
};

/*
 * Open path.  ENOENT, EACCES, EISDIR (never gives a directory), ENXIO for a
 * FIFO or socket (never blocks), EROFS, EBUSY, EMFILE..
 */
int rumpuser_file_open(
    const char *path, int flags, struct rumpuser_file **filep);
/* Take over the open host descriptor fd: it is closed with the object, or at once
 * if there is one of this file already.  After an error it is still the caller's. */
int rumpuser_file_adopt(int fd, bool writable, struct rumpuser_file **filep);
/* An unnamed temporary, readable and writable, in directory dir (NULL: the
 * host's temporary directory), mode 0600.  Nothing of it remains however we end. */
int rumpuser_file_tmp(const char *dir, struct rumpuser_file **filep);
void rumpuser_file_ref(struct rumpuser_file *file);
void rumpuser_file_close(struct rumpuser_file *file); /* drops a reference */
/* The host's descriptor, for the host side only (commands, libukfs). */
int rumpuser_file_fd(const struct rumpuser_file *file);
int rumpuser_file_info(
    struct rumpuser_file *file, struct rumpuser_fileinfo *fi);
int rumpuser_file_setsize(struct rumpuser_file *file, uint64_t size);

struct rumpuser_iov {
	void *iov_base;
	size_t iov_len;
};
/*
 * Read or write all of iov at off: EINTR and short transfers are retried.
 * BLOCKS.  *donep (may be NULL) says how much was moved, also after an error.
 * A read that meets the end of the file gives 0 and *donep short of what was
 * asked; a write that cannot go on gives EIO, ENOSPC, EFBIG..
 */
int rumpuser_preadv(struct rumpuser_file *file, const struct rumpuser_iov *iov,
    int iovcnt, uint64_t off, size_t *donep);
int rumpuser_pwritev(struct rumpuser_file *file, const struct rumpuser_iov *iov,
    int iovcnt, uint64_t off, size_t *donep);
/* Make durable: all, or data and size only.  BLOCKS. */
int rumpuser_sync(struct rumpuser_file *file, bool dataonly);
/* Deallocate a range, which then reads as zeros.  EOPNOTSUPP. */
int rumpuser_punch(struct rumpuser_file *file, uint64_t off, uint64_t len);
/*
 * The first range at or after off that has data: [*datap, *endp).  ENXIO:
 * nothing but a hole up to the end.  Where the host cannot tell, all is data.
 */
int rumpuser_nextdata(
    struct rumpuser_file *file, uint64_t off, uint64_t *datap, uint64_t *endp);
/*
 * Copy between host files without a buffer of ours.  BLOCKS.  EOPNOTSUPP: the
 * pair cannot, or len is too small to be worth it (caller reads and writes what
 * is not in *donep).  *donep may be short at the end of in.
 */
int rumpuser_copyrange(struct rumpuser_file *in, uint64_t inoff,
    struct rumpuser_file *out, uint64_t outoff, uint64_t len, uint64_t *donep);

/* Open-file-description locks on a byte range (len 0: to the end for ever). */
enum rumpuser_lock {
	RUMPUSER_LOCK_UNLOCK,
	RUMPUSER_LOCK_SHARED,
	RUMPUSER_LOCK_EXCL,
};
/* wait: block until it is ours (BLOCKS; EINTR).  Else EAGAIN.  ENOLCK,
 * EOPNOTSUPP: this file system has no locks. */
int rumpuser_file_lock(struct rumpuser_file *file, uint64_t off, uint64_t len,
    enum rumpuser_lock kind, bool wait);

int rumpuser_unlink(const char *path);
int rumpuser_rename(const char *from, const char *to);
/* Give an unnamed temporary the name path, atomically replacing if replace. */
int rumpuser_file_link(
    struct rumpuser_file *file, const char *path, bool replace);

/* ---- host directories and names, for etfs --------------------------- */

struct rumpuser_dir;
struct rumpuser_dirent {
	uint64_t de_ino;
	enum rumpuser_ftype de_type;
	char de_name[256];
};
int rumpuser_path_info(const char *path, struct rumpuser_fileinfo *fi);
int rumpuser_dir_open(const char *path, struct rumpuser_dir **dirp);
/* The next entry, in the host's order, without "." and ".."; a link counts as what
 * it leads to.  ENOENT after the last. */
int rumpuser_dir_read(struct rumpuser_dir *dir, struct rumpuser_dirent *de);
void rumpuser_dir_close(struct rumpuser_dir *dir);

/* ---- I/O: submit and reap --------------------------------------------
 * Workers carry out requests and append them to the queue's list of completed
 * ones; whoever waits reaps them.  No kernel code runs on a worker.  Requests are
 * carried out in any order: a SYNC covers what was reaped before it was submitted.
 */
enum rumpuser_ioop {
	RUMPUSER_IO_READ,
	RUMPUSER_IO_WRITE,
	RUMPUSER_IO_SYNC,
	RUMPUSER_IO_COPY, /* io_file/io_off -> io_out/io_outoff, io_len */
};
struct rumpuser_io {
	enum rumpuser_ioop io_op;
	struct rumpuser_file *io_file;
	uint64_t io_off;
	const struct rumpuser_iov *io_iov;
	int io_iovcnt;
	struct rumpuser_file *io_out;
	uint64_t io_outoff, io_len;
	/* results */
	int io_error;
	uint64_t io_done;
	/* the submitter's own */
	void *io_cookie;
	/* the queue's own */
	struct rumpuser_io *io_next;
};
struct rumpuser_ioq;
/* nworkers 0: requests are carried out by the submitter itself. */
int rumpuser_ioq_create(int nworkers, struct rumpuser_ioq **ioqp);
void rumpuser_ioq_destroy(struct rumpuser_ioq *ioq); /* waits for all */
/* Queue io, which stays the queue's until it is reaped. */
int rumpuser_io_submit(struct rumpuser_ioq *ioq, struct rumpuser_io *io);
/* Up to max completed requests.  wait: block until there is one (BLOCKS).
 * Returns how many (not an error number); 0 if none is under way or ready. */
int rumpuser_io_reap(
    struct rumpuser_ioq *ioq, struct rumpuser_io **ios, int max, bool wait);

/* ---- inflate, dynamic loading --------------------------------------- */

enum rumpuser_codec {
	RUMPUSER_CODEC_ZLIB,
	RUMPUSER_CODEC_DEFLATE, /* raw */
	RUMPUSER_CODEC_ZSTD,
};
/* Find the codec's library, before a sandbox forbids it.  EOPNOTSUPP. */
int rumpuser_inflate_load(enum rumpuser_codec codec);
/* Decode src into dst: *outlenp bytes.  EOPNOTSUPP, EINVAL (bad data),
 * ENOSPC (more than dstlen). */
int rumpuser_inflate(enum rumpuser_codec codec, const void *src, size_t srclen,
    void *dst, size_t dstlen, size_t *outlenp);

int rumpuser_dl_open(const char *path, void **handlep);
int rumpuser_dl_sym(void *handle, const char *name, void **symp);
void rumpuser_dl_close(void *handle);
/* The host's words for the last failure of rumpuser_dl_* in this thread. */
const char *rumpuser_dl_error(void);

/* ---- sandbox ---------------------------------------------------------
 * Optional; for programs, the kernel doesn't call it.  Give up, for good, all
 * that isn't named: from then on this process
 *	- opens no file but those named and what is below them (with no path
 *	  named, none); what is open stays so, and so do the locks on it
 *	- starts no process and runs no program; threads it may start
 *	- has no sockets, and does nothing to other processes or to the host itself
 * What is refused gives EPERM or EACCES (ENOSYS where there is an older call to
 * fall back on), never a signal.
 */
#define RUMPUSER_SANDBOX_READ  0x1
#define RUMPUSER_SANDBOX_WRITE 0x2 /* READ too; and make, change, remove */
struct rumpuser_sandbox_path {
	const char *sp_path; /* a symlink is followed; one that is missing is
	                        left out */
	uint32_t sp_access;
};
struct rumpuser_sandbox_info {
	uint32_t si_landlock; /* its version, 0: not in force */
	bool si_seccomp;
};
/*
 * Must be called while there is no other thread: EBUSY.  A host that lacks a
 * part of this is no error: *info says what is in force.  ENOMEM, EMFILE..: it
 * could not be set up, and less than all may be in force.
 */
int rumpuser_sandbox(const struct rumpuser_sandbox_path *paths, uint32_t npaths,
    struct rumpuser_sandbox_info *info);

#ifdef __cplusplus
}
#endif

#endif /* RUMP_RUMPUSER_H */
