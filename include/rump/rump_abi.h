/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The binary interface of the in-process kernel: structures, flags and error
 * numbers that cross rump_sys_*(), of fixed width and the same on every host.
 * Error numbers are Linux's (asm-generic); libukfs translates to the host's.
 */
#ifndef RUMP_RUMP_ABI_H
#define RUMP_RUMP_ABI_H

#include <stddef.h>
#include <stdint.h>

/* ---- error numbers -------------------------------------------------- */
#define RUMP_EPERM	  1
#define RUMP_ENOENT	  2
#define RUMP_EINTR	  4
#define RUMP_EIO	  5
#define RUMP_ENXIO	  6
#define RUMP_E2BIG	  7
#define RUMP_EBADF	  9
#define RUMP_EAGAIN	  11
#define RUMP_ENOMEM	  12
#define RUMP_EACCES	  13
#define RUMP_EFAULT	  14
#define RUMP_EBUSY	  16
#define RUMP_EEXIST	  17
#define RUMP_EXDEV	  18
#define RUMP_ENODEV	  19
#define RUMP_ENOTDIR	  20
#define RUMP_EISDIR	  21
#define RUMP_EINVAL	  22
#define RUMP_ENFILE	  23
#define RUMP_EMFILE	  24
#define RUMP_ENOTTY	  25
#define RUMP_ETXTBSY	  26
#define RUMP_EFBIG	  27
#define RUMP_ENOSPC	  28
#define RUMP_ESPIPE	  29
#define RUMP_EROFS	  30
#define RUMP_EMLINK	  31
#define RUMP_EPIPE	  32
#define RUMP_EDOM	  33
#define RUMP_ERANGE	  34
#define RUMP_EDEADLK	  35
#define RUMP_ENAMETOOLONG 36
#define RUMP_ENOLCK	  37
#define RUMP_ENOSYS	  38
#define RUMP_ENOTEMPTY	  39
#define RUMP_ELOOP	  40
#define RUMP_ENODATA	  61 /* no such extended attribute */
#define RUMP_ETIMEDOUT	  110
#define RUMP_EOVERFLOW	  75
#define RUMP_EILSEQ	  84
#define RUMP_EOPNOTSUPP	  95
#define RUMP_ESTALE	  116
#define RUMP_EUCLEAN	  117 /* the file system's structure is damaged */
#define RUMP_EDQUOT	  122

/* ---- open(2) -------------------------------------------------------- */
#define RUMP_O_RDONLY		 0x0000
#define RUMP_O_WRONLY		 0x0001
#define RUMP_O_RDWR		 0x0002
#define RUMP_O_ACCMODE		 0x0003
#define RUMP_O_CREAT		 0x0040
#define RUMP_O_EXCL		 0x0080
#define RUMP_O_TRUNC		 0x0200
#define RUMP_O_APPEND		 0x0400
#define RUMP_O_NONBLOCK		 0x0800
#define RUMP_O_DIRECTORY	 0x10000
#define RUMP_O_NOFOLLOW		 0x20000
#define RUMP_O_PATH		 0x200000 /* names the node only: fstat, *at, no I/O */
#define RUMP_O_TMPFILE		 0x400000 /* path is a directory: a file without a name */

#define RUMP_AT_FDCWD		 (-100)
#define RUMP_AT_SYMLINK_NOFOLLOW 0x100
#define RUMP_AT_REMOVEDIR	 0x200
#define RUMP_AT_SYMLINK_FOLLOW	 0x400
#define RUMP_AT_EMPTY_PATH	 0x1000

#define RUMP_SEEK_SET		 0
#define RUMP_SEEK_CUR		 1
#define RUMP_SEEK_END		 2
#define RUMP_SEEK_DATA		 3
#define RUMP_SEEK_HOLE		 4

#define RUMP_RENAME_NOREPLACE	 0x1
#define RUMP_RENAME_EXCHANGE	 0x2

#define RUMP_FALLOC_KEEP_SIZE	 0x1
#define RUMP_FALLOC_PUNCH_HOLE	 0x2 /* with KEEP_SIZE */
#define RUMP_FALLOC_ZERO_RANGE	 0x10
#define RUMP_FALLOC_FRESH \
	0x1000 /* whole file, content to be written behind
                                      the kernel's back through its run map */

#define RUMP_R_OK	    4
#define RUMP_W_OK	    2
#define RUMP_X_OK	    1
#define RUMP_F_OK	    0

#define RUMP_XATTR_CREATE   0x1
#define RUMP_XATTR_REPLACE  0x2

#define RUMP_PATH_MAX	    4096 /* with the NUL */
#define RUMP_NAME_MAX	    255
#define RUMP_XATTR_NAME_MAX 255
#define RUMP_XATTR_SIZE_MAX 65536
#define RUMP_IOV_MAX	    1024
#define RUMP_SYMLOOP_MAX    40

/* ---- modes ---------------------------------------------------------- */
#define RUMP_S_IFMT   0170000
#define RUMP_S_IFIFO  0010000
#define RUMP_S_IFCHR  0020000
#define RUMP_S_IFDIR  0040000
#define RUMP_S_IFBLK  0060000
#define RUMP_S_IFREG  0100000
#define RUMP_S_IFLNK  0120000
#define RUMP_S_IFSOCK 0140000
#define RUMP_S_ISUID  0004000
#define RUMP_S_ISGID  0002000
#define RUMP_S_ISVTX  0001000
#define RUMP_ALLPERMS 0007777

/* d_type: (mode & RUMP_S_IFMT) >> 12, 0 where unknown */
#define RUMP_DT_UNKNOWN 0
#define RUMP_DT_FIFO	1
#define RUMP_DT_CHR	2
#define RUMP_DT_DIR	4
#define RUMP_DT_BLK	6
#define RUMP_DT_REG	8
#define RUMP_DT_LNK	10
#define RUMP_DT_SOCK	12

/* ---- file flags: st_flags and chflags(2), BSD's numbers ------------- */
#define RUMP_UF_NODUMP	   0x00000001
#define RUMP_UF_IMMUTABLE  0x00000002
#define RUMP_UF_APPEND	   0x00000004
#define RUMP_UF_OPAQUE	   0x00000008
#define RUMP_UF_SYSTEM	   0x00000080
#define RUMP_UF_SPARSE	   0x00000100
#define RUMP_UF_OFFLINE	   0x00000200
#define RUMP_UF_REPARSE	   0x00000400
#define RUMP_UF_ARCHIVE	   0x00000800
#define RUMP_UF_READONLY   0x00001000
#define RUMP_UF_HIDDEN	   0x00008000
#define RUMP_SF_ARCHIVED   0x00010000
#define RUMP_SF_IMMUTABLE  0x00020000
#define RUMP_SF_APPEND	   0x00040000
#define RUMP_SF_NOATIME	   0x00100000
#define RUMP_SF_SYNC	   0x00200000
#define RUMP_SF_DIRSYNC	   0x00400000
#define RUMP_SF_TOPDIR	   0x00800000
#define RUMP_SF_COMPRESSED 0x01000000
#define RUMP_SF_NOTAIL	   0x02000000
#define RUMP_SF_SECRM	   0x04000000 /* to be overwritten when it is deleted */
#define RUMP_SF_UNRM	   0x08000000 /* to be kept when it is deleted */
#define RUMP_SF_JOURNAL	   0x10000000 /* data goes through the journal */
#define RUMP_SF_IMMUTABLES (RUMP_UF_IMMUTABLE | RUMP_SF_IMMUTABLE)
#define RUMP_SF_APPENDS	   (RUMP_UF_APPEND | RUMP_SF_APPEND)

/* ---- structures ----------------------------------------------------- */
struct rump_timespec {
	int64_t tv_sec;
	int32_t tv_nsec; /* 0..999999999, or: */
	int32_t tv_pad;
};
#define RUMP_UTIME_NOW	0x3fffffff
#define RUMP_UTIME_OMIT 0x3ffffffe

struct rump_stat {
	uint64_t st_dev; /* one a mount */
	uint64_t st_ino;
	uint64_t st_gen;
	uint32_t st_mode;
	uint32_t st_nlink;
	uint32_t st_uid, st_gid;
	uint64_t st_rdev; /* major << 32 | minor */
	uint64_t st_size;
	uint64_t st_blocks; /* 512-byte units really allocated */
	uint32_t st_blksize;
	uint32_t st_flags;
	struct rump_timespec st_atim, st_mtim, st_ctim, st_birthtim;
	/* st_birthtim.tv_nsec is RUMP_UTIME_OMIT where there is none */
	uint32_t st_hints; /* what happens to be known; 0 where nothing is */
	uint32_t st_pad;
};
#define RUMP_STH_NOXATTR       0x1 /* it has no extended attributes */
#define RUMP_MAKEDEV(maj, min) (((uint64_t)(maj) << 32) | (uint32_t)(min))
#define RUMP_MAJOR(dev)	       ((uint32_t)((dev) >> 32))
#define RUMP_MINOR(dev)	       ((uint32_t)(dev))

/* getdents: records of d_reclen bytes, multiples of 8. */
struct rump_dirent {
	uint64_t d_fileno;
	uint64_t d_off; /* opaque cookie of the entry after this one */
	uint16_t d_reclen;
	uint8_t d_type;
	uint8_t d_pad8;
	uint16_t d_namlen;
	uint16_t d_pad16;
	char d_name[]; /* NUL-terminated */
};
/* getdents_plus: the same with attributes; d_error: why they are missing. */
struct rump_direntplus {
	struct rump_stat d_stat;
	int32_t d_error;
	uint32_t d_reclen; /* of the whole record */
	struct rump_dirent d_ent;
};

struct rump_statvfs {
	uint64_t f_bsize;  /* block size */
	uint64_t f_frsize; /* unit of the counts below */
	uint64_t f_blocks, f_bfree, f_bavail;
	uint64_t f_files, f_ffree, f_favail;
	uint64_t f_fsid;
	uint32_t f_flag; /* RUMP_MNT_* */
	uint32_t f_namemax;
	char f_fstypename[32];
	char f_label[256]; /* UTF-8, "" if none */
	char f_uuid[64];   /* as blkid prints it, "" if none */
};
#define RUMP_MNT_RDONLY	  0x1
#define RUMP_MNT_FORCE	  0x2
#define RUMP_MNT_ATIME	  0x4 /* update access times */
#define RUMP_MNT_BUILDING 0x8 /* a fresh image: no marks, no barriers */

struct rump_iovec {
	void *iov_base;
	uint64_t iov_len;
};

/* A run of a file's bytes: rump_sys_runmap(). */
enum rump_runkind {
	RUMP_RUN_HOLE,
	RUMP_RUN_DIRECT,    /* at r_hostoff of the image's host file */
	RUMP_RUN_UNWRITTEN, /* has room there, reads as zeros */
	RUMP_RUN_OTHER,	    /* has data, not addressable from outside */
};
struct rump_run {
	uint64_t r_off, r_len; /* in the file, bytes */
	uint64_t r_devoff;     /* in the mount's device, bytes */
	uint64_t r_hostoff;    /* in the host file below, bytes */
	uint32_t r_kind;
	uint32_t r_flags;
};
#define RUMP_RUN_SHARED 0x1

struct rump_fhandle {
	uint64_t fh_fsid, fh_ino, fh_gen;
};

/* What a mounted file system can hold: rump_sys_fscaps(). */
#define RUMP_CAP_LINKS	    0x0001u
#define RUMP_CAP_SYMLINKS   0x0002u
#define RUMP_CAP_DEVICES    0x0004u /* and FIFOs and sockets */
#define RUMP_CAP_OWNERS	    0x0008u
#define RUMP_CAP_MODES	    0x0010u
#define RUMP_CAP_XATTR	    0x0020u
#define RUMP_CAP_HOLES	    0x0040u
#define RUMP_CAP_FLAGS	    0x0080u
#define RUMP_CAP_SUBDIRS    0x0100u
#define RUMP_CAP_ATIME	    0x0200u
#define RUMP_CAP_BIRTHTIME  0x0400u
#define RUMP_CAP_WRITE	    0x0800u
#define RUMP_CAP_CASEFOLD   0x1000u /* names are compared without case */
#define RUMP_CAP_TMPFILE    0x2000u /* O_TMPFILE and exchange of data */
#define RUMP_CAP_ALLOCATE   0x4000u
#define RUMP_CAP_STABLE_INO 0x8000u
#define RUMP_CAP_CTIME	    0x10000u
struct rump_fscaps {
	uint32_t fc_flags;
	uint32_t fc_namemax; /* units of the format */
	uint32_t fc_linkmax;
	uint32_t fc_symlinkmax; /* bytes */
	uint64_t fc_filemax;	/* bytes */
	uint32_t fc_uidmax;
	uint32_t fc_time_grain_ns;
	int64_t fc_time_min, fc_time_max; /* seconds */
};

#endif /* RUMP_RUMP_ABI_H */
