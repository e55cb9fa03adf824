/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls of the in-process kernel.  Each follows the manual page of
 * the call that it is named after (POSIX, else Linux, else BSD).
 *
 * Returned: 0 or a count >= 0, or minus an error number of rump_abi.h.  (The
 * host's errno isn't touched: libukfs does that.)  Sizes and offsets are bytes.
 * Every call enters and leaves the kernel by itself.
 */
#ifndef RUMP_RUMP_SYSCALLS_H
#define RUMP_RUMP_SYSCALLS_H

#include <rump/rump_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rumpuser_file;

int rump_sys_open(const char *path, int flags, uint32_t mode);
int rump_sys_openat(int dirfd, const char *path, int flags, uint32_t mode);
int rump_sys_close(int fd);
int rump_sys_dup(int fd);
int64_t rump_sys_read(int fd, void *buf, uint64_t len);
int64_t rump_sys_write(int fd, const void *buf, uint64_t len);
int64_t rump_sys_pread(int fd, void *buf, uint64_t len, uint64_t off);
int64_t rump_sys_pwrite(int fd, const void *buf, uint64_t len, uint64_t off);
int64_t rump_sys_readv(int fd, const struct rump_iovec *iov, int iovcnt);
int64_t rump_sys_writev(int fd, const struct rump_iovec *iov, int iovcnt);
int64_t rump_sys_lseek(int fd, int64_t off, int whence);
int rump_sys_truncate(const char *path, uint64_t size);
int rump_sys_ftruncate(int fd, uint64_t size);
int rump_sys_fallocate(int fd, int flags, uint64_t off, uint64_t len);
int rump_sys_fsync(int fd);
int rump_sys_fdatasync(int fd);
int rump_sys_sync(void);
int rump_sys_syncfs(int fd);

/* Records of struct rump_dirent; 0 at the end; EINVAL: buf can't take one. */
int64_t rump_sys_getdents(int fd, void *buf, uint64_t len);
/* Records of struct rump_direntplus: entries with their attributes (of the
 * entry itself: a symlink's own, a mount point's own). */
int64_t rump_sys_getdents_plus(int fd, void *buf, uint64_t len);

int rump_sys_stat(const char *path, struct rump_stat *st);
int rump_sys_lstat(const char *path, struct rump_stat *st);
int rump_sys_fstat(int fd, struct rump_stat *st);
int rump_sys_fstatat(
    int dirfd, const char *path, struct rump_stat *st, int flags);
int rump_sys_access(const char *path, int mode);
int rump_sys_faccessat(int dirfd, const char *path, int mode, int flags);

int rump_sys_mkdir(const char *path, uint32_t mode);
int rump_sys_mkdirat(int dirfd, const char *path, uint32_t mode);
int rump_sys_rmdir(const char *path);
int rump_sys_unlink(const char *path);
int rump_sys_unlinkat(int dirfd, const char *path, int flags);
int rump_sys_link(const char *from, const char *to);
int rump_sys_linkat(
    int fromfd, const char *from, int tofd, const char *to, int flags);
int rump_sys_symlink(const char *target, const char *path);
int rump_sys_symlinkat(const char *target, int dirfd, const char *path);
int64_t rump_sys_readlink(const char *path, char *buf, uint64_t size);
int64_t rump_sys_readlinkat(
    int dirfd, const char *path, char *buf, uint64_t size);
int rump_sys_rename(const char *from, const char *to);
int rump_sys_renameat(int fromfd, const char *from, int tofd, const char *to);
int rump_sys_renameat2(
    int fromfd, const char *from, int tofd, const char *to, unsigned flags);
/* mode has the type; dev is RUMP_MAKEDEV(major, minor). */
int rump_sys_mknod(const char *path, uint32_t mode, uint64_t dev);
int rump_sys_mknodat(int dirfd, const char *path, uint32_t mode, uint64_t dev);
int rump_sys_mkfifo(const char *path, uint32_t mode);
int rump_sys_mkfifoat(int dirfd, const char *path, uint32_t mode);

int rump_sys_chmod(const char *path, uint32_t mode);
int rump_sys_lchmod(const char *path, uint32_t mode);
int rump_sys_fchmod(int fd, uint32_t mode);
int rump_sys_fchmodat(int dirfd, const char *path, uint32_t mode, int flags);
/* (uint32_t)-1 leaves an id as it is. */
int rump_sys_chown(const char *path, uint32_t uid, uint32_t gid);
int rump_sys_lchown(const char *path, uint32_t uid, uint32_t gid);
int rump_sys_fchown(int fd, uint32_t uid, uint32_t gid);
int rump_sys_fchownat(
    int dirfd, const char *path, uint32_t uid, uint32_t gid, int flags);
int rump_sys_chflags(const char *path, uint32_t flags);
int rump_sys_lchflags(const char *path, uint32_t flags);
int rump_sys_fchflags(int fd, uint32_t flags);
/* times NULL: both now.  UTIME_NOW, UTIME_OMIT as tv_nsec. */
int rump_sys_utimensat(int dirfd, const char *path,
    const struct rump_timespec times[2], int flags);
int rump_sys_futimens(int fd, const struct rump_timespec times[2]);

/*
 * Several attributes in one step.  Members named in sa_mask.  CTIME and BTIME
 * only on a mount that is being built (EPERM).
 */
#define RUMP_SA_MODE  0x001u
#define RUMP_SA_UID   0x002u
#define RUMP_SA_GID   0x004u
#define RUMP_SA_FLAGS 0x010u
#define RUMP_SA_ATIME 0x020u
#define RUMP_SA_MTIME 0x040u
#define RUMP_SA_CTIME 0x080u
#define RUMP_SA_BTIME 0x100u
struct rump_setattr {
	uint32_t sa_mask;
	uint32_t sa_mode, sa_uid, sa_gid, sa_flags;
	struct rump_timespec sa_atime, sa_mtime, sa_ctime, sa_btime;
};
int rump_sys_setattrat(
    int dirfd, const char *path, const struct rump_setattr *sa, int flags);
int rump_sys_fsetattr(int fd, const struct rump_setattr *sa);
/*
 * Make a node of any type with its attributes at once: mode has the type (umask
 * isn't applied), target is a symlink's.  sa may be NULL.  EEXIST.
 * *st (may be NULL): what was made.  Returns 0, or with RUMP_O_RDWR or O_RDONLY
 * or'ed with RUMP_MAKE_OPEN in oflags a descriptor for it.
 */
#define RUMP_MAKE_OPEN 0x40000000
int rump_sys_makeat(int dirfd, const char *path, uint32_t mode, uint64_t dev,
    const char *target, const struct rump_setattr *sa, int oflags,
    struct rump_stat *st);
/* Exchange the data of two regular files of one mount, both open for writing:
 * size and blocks; inode, links, owner, mode stay.  EXDEV, EOPNOTSUPP. */
int rump_sys_exchangedata(int fd_a, int fd_b);
/* Give a file that has no name (O_TMPFILE) one. */
int rump_sys_flink(int fd, int dirfd, const char *path);

/* size 0 asks for the length.  ERANGE, ENODATA. */
int64_t rump_sys_getxattr(
    const char *path, const char *name, void *buf, uint64_t size);
int64_t rump_sys_lgetxattr(
    const char *path, const char *name, void *buf, uint64_t size);
int64_t rump_sys_fgetxattr(int fd, const char *name, void *buf, uint64_t size);
int rump_sys_setxattr(const char *path, const char *name, const void *value,
    uint64_t size, int flags);
int rump_sys_lsetxattr(const char *path, const char *name, const void *value,
    uint64_t size, int flags);
int rump_sys_fsetxattr(
    int fd, const char *name, const void *value, uint64_t size, int flags);
int64_t rump_sys_listxattr(const char *path, char *buf, uint64_t size);
int64_t rump_sys_llistxattr(const char *path, char *buf, uint64_t size);
int64_t rump_sys_flistxattr(int fd, char *buf, uint64_t size);
int rump_sys_removexattr(const char *path, const char *name);
int rump_sys_lremovexattr(const char *path, const char *name);
int rump_sys_fremovexattr(int fd, const char *name);

/*
 * Mount type ("ext2"; "" or NULL: probe) on directory path.  devs: names of
 * rump_pub_blkdev_create()d devices or paths of block nodes, the main one first,
 * others as "role=name"; options: "a,b=1".
 */
int rump_sys_mount(const char *type, const char *path, uint32_t flags,
    const char *const *devs, unsigned ndevs, const char *options);
int rump_sys_unmount(const char *path, uint32_t flags); /* RUMP_MNT_FORCE */
int rump_sys_statvfs(const char *path, struct rump_statvfs *st);
int rump_sys_fstatvfs(int fd, struct rump_statvfs *st);
int rump_sys_fscaps(const char *path, struct rump_fscaps *caps);
/* What is on a device?  Each driver is asked.  ENOENT: none knows it. */
struct rump_probe {
	char rp_type[32], rp_label[256], rp_uuid[64];
	uint64_t rp_size;
};
int rump_sys_probe(const char *dev, struct rump_probe *probe);
/* The names of all drivers, NUL after each; returns the length. */
int64_t rump_sys_fstypes(char *buf, uint64_t size);
/* A mount that was built: cut its end so that spare bytes stay free. */
int rump_sys_fstrim(const char *path, uint64_t spare, uint64_t *sizep);

int rump_sys_chdir(const char *path);
int rump_sys_fchdir(int fd);
int rump_sys_chroot(const char *path);
int64_t rump_sys_getcwd(char *buf, uint64_t size); /* length with the NUL */
uint32_t rump_sys_umask(uint32_t mask);
int rump_sys_getpid(void);

/* File handles: (mount, inode, generation).  ESTALE. */
int rump_sys_getfh(const char *path, struct rump_fhandle *fh);
int rump_sys_fhopen(const struct rump_fhandle *fh, int flags);
/* The runs of a file's bytes; returns how many were filled in. */
int rump_sys_runmap(
    int fd, uint64_t off, uint64_t len, struct rump_run *runs, unsigned max);
/* Inodes one after the other: *inop in and out; deleted: the unused ones. */
struct rump_inode_info {
	uint64_t ri_ino, ri_gen;
	struct rump_stat ri_stat;
	int64_t ri_dtime;
	uint32_t ri_used;
	uint32_t ri_pad;
};
int rump_sys_inodes(
    const char *path, uint64_t *inop, int deleted, struct rump_inode_info *ri);

/*
 * Copy between a file of the kernel's and a host file, at most len bytes (up to
 * the end of the source): bytes gone over, holes included, which stay holes.
 */
int64_t rump_sys_copytohost(int fd, uint64_t off, struct rumpuser_file *hf,
    uint64_t hostoff, uint64_t len);
int64_t rump_sys_copyfromhost(int fd, uint64_t off, struct rumpuser_file *hf,
    uint64_t hostoff, uint64_t len);
/* Between two files of the kernel's (also of two mounts). */
int64_t rump_sys_copy_file_range(
    int infd, uint64_t inoff, int outfd, uint64_t outoff, uint64_t len);

#ifdef __cplusplus
}
#endif

#endif /* RUMP_RUMP_SYSCALLS_H */
