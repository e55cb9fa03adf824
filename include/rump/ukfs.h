/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ukfs(3): open a file-system image, mount it in the kernel of this process and
 * act on paths inside it.  The first part is the interface that NetBSD's
 * ukfs(3) documents; the second what that page lacks.
 *
 * Errors: -1 or NULL and errno, unless a function says otherwise.  Paths are
 * those of the image: "/" is its root, relative ones start at the ukfs's own
 * current directory.  Several ukfs may be open at once, and each may be used
 * from several threads.
 */
#ifndef RUMP_UKFS_H
#define RUMP_UKFS_H

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rump/rump_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ukfs;
struct rumpuser_file;

#define UKFS_DEFAULTMP "/ukfs" /* a mountpath for callers that have none */

/* ---- as NetBSD documents it ------------------------------------------ */

int ukfs_init(void);
int ukfs_modload(const char *path);
/* All librumpfs_*.so in dir; returns how many were loaded. */
int ukfs_modload_dir(const char *dir);
/* The names of the file systems this kernel has, NUL after each; the length. */
ssize_t ukfs_vfstypes(char *buf, size_t size);

/*
 * Mount the image (or device) devpath.  vfsname NULL or "": ask each driver.
 * mountpath: a directory of the kernel's root where it is to appear, made if it
 * is missing.  mntflags: RUMP_MNT_*.  arg, alen: an option string "a,b=1" (NULL,
 * 0: none); alen 0 with arg: a terminated string.
 */
struct ukfs *ukfs_mount(const char *vfsname, const char *devpath,
    const char *mountpath, int mntflags, void *arg, size_t alen);
/*
 * partition: UKFS_PARTITION_NONE (the whole device), or from 0 on: the disklabel's
 * 'a', 'b' .. where devpath has one (itself or in a slice of a BSD type); else
 * number partition + 1 of whatever table it has ("PART:1" is 0).  ENOENT, ERANGE,
 * EUCLEAN as ukfs_part_find().  The lock is on the partition's bytes.
 */
#define UKFS_PARTITION_NONE (-1)
struct ukfs *ukfs_mount_disk(const char *vfsname, const char *devpath,
    int partition, const char *mountpath, int mntflags, void *arg, size_t alen);
/* Unmount and free.  Fails with EBUSY while files are open (then the ukfs lives
 * on) unless FORCE; NOUNMOUNT leaves the mount to the kernel.  -1: also when the
 * last write-out failed, but then the ukfs is gone, errno is not EBUSY. */
#define UKFS_RELFLAG_NOUNMOUNT 0x01
#define UKFS_RELFLAG_FORCE     0x02
int ukfs_release(struct ukfs *ukfs, int flags);

void ukfs_setspecific(struct ukfs *ukfs, void *data);
void *ukfs_getspecific(struct ukfs *ukfs);

int ukfs_chdir(struct ukfs *ukfs, const char *path);
/* Records of struct rump_dirent into buf; *off is an opaque position, 0 first.
 * Returns bytes, 0 at the end. */
int ukfs_getdents(struct ukfs *ukfs, const char *dirname, off_t *off,
    uint8_t *buf, size_t bufsize);
ssize_t ukfs_read(struct ukfs *ukfs, const char *filename, off_t off,
    uint8_t *buf, size_t bufsize);
ssize_t ukfs_write(struct ukfs *ukfs, const char *filename, off_t off,
    uint8_t *buf, size_t bufsize);
int ukfs_create(struct ukfs *ukfs, const char *filename, mode_t mode);
int ukfs_mknod(struct ukfs *ukfs, const char *path, mode_t mode, dev_t dev);
int ukfs_mkfifo(struct ukfs *ukfs, const char *path, mode_t mode);
int ukfs_mkdir(struct ukfs *ukfs, const char *filename, mode_t mode);
int ukfs_remove(struct ukfs *ukfs, const char *filename);
int ukfs_rmdir(struct ukfs *ukfs, const char *filename);
int ukfs_link(struct ukfs *ukfs, const char *filename, const char *f_create);
int ukfs_symlink(struct ukfs *ukfs, const char *filename, const char *linkname);
ssize_t ukfs_readlink(
    struct ukfs *ukfs, const char *filename, char *linkbuf, size_t buflen);
int ukfs_rename(struct ukfs *ukfs, const char *from, const char *to);
int ukfs_stat(struct ukfs *ukfs, const char *filename, struct stat *st);
int ukfs_lstat(struct ukfs *ukfs, const char *filename, struct stat *st);
int ukfs_chmod(struct ukfs *ukfs, const char *filename, mode_t mode);
int ukfs_lchmod(struct ukfs *ukfs, const char *filename, mode_t mode);
int ukfs_chown(struct ukfs *ukfs, const char *filename, uid_t uid, gid_t gid);
int ukfs_lchown(struct ukfs *ukfs, const char *filename, uid_t uid, gid_t gid);
int ukfs_chflags(struct ukfs *ukfs, const char *filename, unsigned long flags);
int ukfs_lchflags(struct ukfs *ukfs, const char *filename, unsigned long flags);
int ukfs_utimes(
    struct ukfs *ukfs, const char *filename, const struct timeval *tptr);
int ukfs_lutimes(
    struct ukfs *ukfs, const char *filename, const struct timeval *tptr);
/* Make the directories above the last component of pathname. */
int ukfs_util_builddirs(struct ukfs *ukfs, const char *pathname, mode_t mode);

/* ---- what that page lacks --------------------------------------------- */

/*
 * Mount the window [off, off + len) of an open host file; len 0: up to its end.
 * A reference to hf is taken.
 */
struct ukfs *ukfs_mount_file(const char *vfsname, struct rumpuser_file *hf,
    uint64_t off, uint64_t len, const char *mountpath, int mntflags,
    const char *options);

/*
 * Bind the calling thread to the ukfs's process, so that rump_sys_*() act on
 * the image; leave goes back to what was bound before.  Pairs nest.
 */
int ukfs_enter(struct ukfs *ukfs);
void ukfs_leave(struct ukfs *ukfs);

/* What the kernel has to say (one line, no newline); NULL: standard error. */
void ukfs_set_message_handler(
    void (*handler)(void *arg, const char *line), void *arg);
/* ^C: async-signal-safe.  The operation under way in any thread ends with EINTR. */
void ukfs_interrupt(void);

/* Open files.  flags: the host's O_RDONLY .. O_CREAT O_EXCL O_TRUNC O_APPEND
 * O_NOFOLLOW O_DIRECTORY. */
struct ukfs_file;
struct ukfs_file *ukfs_open(
    struct ukfs *ukfs, const char *path, int flags, mode_t mode);
int ukfs_close(struct ukfs_file *uf);
ssize_t ukfs_fread(struct ukfs_file *uf, void *buf, size_t size);
ssize_t ukfs_fwrite(struct ukfs_file *uf, const void *buf, size_t size);
ssize_t ukfs_pread(struct ukfs_file *uf, void *buf, size_t size, off_t off);
ssize_t ukfs_pwrite(
    struct ukfs_file *uf, const void *buf, size_t size, off_t off);
/* whence: also the host's SEEK_DATA and SEEK_HOLE. */
off_t ukfs_lseek(struct ukfs_file *uf, off_t off, int whence);
int ukfs_fstat(struct ukfs_file *uf, struct stat *st);
int ukfs_ftruncate(struct ukfs_file *uf, off_t size);
int ukfs_fsync(struct ukfs_file *uf);
/* Copy the whole file to, or replace it by what is in, a host file; holes stay. */
int ukfs_fcopyout(struct ukfs_file *uf, int hostfd);
int ukfs_fcopyin(struct ukfs_file *uf, int hostfd);

int ukfs_truncate(struct ukfs *ukfs, const char *path, off_t size);
int ukfs_access(struct ukfs *ukfs, const char *path, int mode);
/* The host's UTIME_NOW and UTIME_OMIT work. */
int ukfs_utimens(
    struct ukfs *ukfs, const char *path, const struct timespec ts[2]);
int ukfs_lutimens(
    struct ukfs *ukfs, const char *path, const struct timespec ts[2]);

ssize_t ukfs_getxattr(struct ukfs *ukfs, const char *path, const char *name,
    void *value, size_t size);
ssize_t ukfs_lgetxattr(struct ukfs *ukfs, const char *path, const char *name,
    void *value, size_t size);
/* flags: XATTR_CREATE, XATTR_REPLACE */
int ukfs_setxattr(struct ukfs *ukfs, const char *path, const char *name,
    const void *value, size_t size, int flags);
int ukfs_lsetxattr(struct ukfs *ukfs, const char *path, const char *name,
    const void *value, size_t size, int flags);
ssize_t ukfs_listxattr(
    struct ukfs *ukfs, const char *path, char *list, size_t size);
ssize_t ukfs_llistxattr(
    struct ukfs *ukfs, const char *path, char *list, size_t size);
int ukfs_removexattr(struct ukfs *ukfs, const char *path, const char *name);
int ukfs_lremovexattr(struct ukfs *ukfs, const char *path, const char *name);

int ukfs_statvfs(struct ukfs *ukfs, const char *path, struct statvfs *st);
/* The same with type, label and uuid. */
int ukfs_fsinfo(struct ukfs *ukfs, struct rump_statvfs *st);
/* Write out all that is dirty, and make it durable. */
int ukfs_sync(struct ukfs *ukfs);

/*
 * Copies of one regular file between host and image, and between images.  The
 * target is made (mode: less the umask) or replaced; holes stay holes.  copyout
 * doesn't follow a symlink in hostpath's last component.
 */
int ukfs_copyout(struct ukfs *ukfs, const char *path, const char *hostpath);
int ukfs_copyin(
    struct ukfs *ukfs, const char *hostpath, const char *path, mode_t mode);
int ukfs_copy(struct ukfs *from, const char *frompath, struct ukfs *to,
    const char *topath, mode_t mode);

/*
 * Walk a tree in bytewise order of names, directories before and after what is
 * in them.  The whole of a directory is read before its entries are visited, so
 * fn may remove or add entries.
 */
enum ukfs_walkkind {
	UKFS_WALK_FILE,	  /* anything but a directory */
	UKFS_WALK_DIR,	  /* a directory, before its entries */
	UKFS_WALK_DIREND, /* ... after them (not if it was skipped) */
	UKFS_WALK_ERROR, /* couldn't be read: uw_error; uw_st may be all zero */
};
struct ukfs_walkent {
	enum ukfs_walkkind uw_kind;
	const char *uw_path; /* the root as given, and the names below it */
	const char *uw_name; /* the last component (the root: as given) */
	size_t uw_pathlen;
	unsigned uw_level; /* 0: the root */
	int uw_dirfd;	   /* the kernel's descriptor (RUMP_AT_FDCWD at level 0)
	                        that uw_name is relative to */
	int uw_error;	   /* the host's errno */
	const struct rump_stat *uw_st;
};
#define UKFS_WALK_XDEV	     0x01 /* don't enter other mounts */
#define UKFS_WALK_FOLLOW     0x02 /* follow all symlinks; loops are ELOOP */
#define UKFS_WALK_FOLLOWROOT 0x04 /* follow the root if it is one */
#define UKFS_WALK_UNSORTED   0x08 /* in the directory's order */
/* fn returns 0: go on; SKIP: not into this directory; else the walk ends and
 * returns that.  Returns 0, -1 and errno (out of memory), or fn's value. */
#define UKFS_WALK_SKIP 0x7001
int ukfs_walk(struct ukfs *ukfs, const char *path, unsigned flags,
    int (*fn)(void *arg, const struct ukfs_walkent *ent), void *arg);

/*
 * For callers inside ukfs_enter(), with the kernel's descriptors.  These return
 * 0 or a count, or minus one of the kernel's error numbers.
 *
 * ukfs_readdir: a whole directory with its entries' attributes; *memp and *entp
 * are to be freed.  Names that no directory may hold have d_error EUCLEAN.
 */
#define UKFS_DIR_DOTS	  0x1 /* "." and ".." too */
#define UKFS_DIR_UNSORTED 0x2
ssize_t ukfs_readdir(
    int dirfd, unsigned flags, struct rump_direntplus ***entp, void **memp);
/*
 * Give the regular file name in dirfd new content: fill(arg, fd) writes it.  A
 * file that is missing is made with mode (owner 0:0).  One that is there keeps
 * inode, owner, mode and links, and its old content until fill has succeeded:
 * fill writes a file without a name, and the two exchange their data (where the
 * format can't, or with INPLACE, the file is truncated and written).  A file
 * made here is removed again if fill fails.  EXCL: EEXIST.  Symlinks are not
 * followed unless FOLLOW.
 */
#define UKFS_REPLACE_INPLACE 0x1
#define UKFS_REPLACE_EXCL    0x2
#define UKFS_REPLACE_FOLLOW  0x4
int ukfs_replaceat(int dirfd, const char *name, uint32_t mode, unsigned flags,
    int (*fill)(void *arg, int fd), void *arg);
/* Copy a host file's bytes from its offset 0, or a stream's to its end, into fd.
 * st: type, size and blocks of the file, where the caller knows them, or NULL. */
int64_t ukfs_fill_from_host(int fd, int hostfd, const struct rump_stat *st);
/* Copy all of fd to the host's descriptor, from its position on: holes stay where
 * it can seek and there is nothing yet.  *hosterror (may be NULL): the failure was
 * the host's. */
int64_t ukfs_drain_to_host(int fd, int hostfd, bool *hosterror);
/* Copy all of fromfd, a descriptor in from (NULL: this same ukfs), into fd. */
int64_t ukfs_fill_from_image(int fd, struct ukfs *from, int fromfd);
/*
 * Called in the thread that copies, with the number of bytes that these three (and
 * what is made of them) have just moved; big files in steps.  NULL: nobody.  Not to
 * be changed while copies are under way.
 */
void ukfs_set_copy_handler(
    void (*handler)(void *arg, uint64_t bytes), void *arg);

/*
 * Directories that a walk has gone into, {0} at the start.  Add: 1 if it is new, 0
 * if it was there (it has more than one name: the image is damaged), or minus
 * RUMP_ENOMEM.
 */
struct ukfs_seen {
	struct {
		uint64_t dev, ino;
	} * us_tab;
	size_t us_cap, us_n;
};
int ukfs_seen_add(struct ukfs_seen *seen, uint64_t dev, uint64_t ino);
void ukfs_seen_free(struct ukfs_seen *seen);

/* ---- partitions ---------------------------------------------------------- */

/*
 * A part of an image is named by words, read from left to right, each inside of
 * what is named by those before it, with '%' between them (one at the end may be):
 *
 *	MBR:n		  partition n of an MBR; 5 and up are the logical ones
 *	GPT:n GPT:name=N GPT:uuid=U
 *	DISKLABEL:a	  a..v of a BSD disklabel: in the first 64 KiB here, or of the
 *			  first slice of a BSD type if there is an MBR here
 *	PART:n		  partition n of whatever table there is
 *	OFFSET:off[,size] bytes, with the suffixes of ukfs_parse_size()
 *
 * so "MBR:2%DISKLABEL:a".  A GPT is looked for with sectors of 512 and of 4096
 * bytes; if its first header is no good, the one at the end counts.  Nothing is
 * written, and the descriptor's offset stays.  Functions here put one line into why if they fail: what is wrong and
 * what would be right, without the image's name.  errno: EINVAL (a malformed
 * word), ENOENT (no such table or partition), ERANGE (it isn't inside of the
 * image), EUCLEAN (the table is damaged: wrong checksum, overlap, cycle), ENOMEM,
 * or the host's for reading.
 */
#define UKFS_WHY 512
struct ukfs_window {
	uint64_t pw_off, pw_len; /* bytes of the host file */
	uint32_t pw_sector;	 /* bytes in a logical sector */
};
/* Where words lead in the open host file; words NULL or "": to all of it. */
int ukfs_part_find(
    int hostfd, const char *words, struct ukfs_window *pw, char why[UKFS_WHY]);
/* Does arg end in "%WORD:value%" (known words, one or more)?  *wordsp: behind the
 * first '%'.  Whether a file of the whole name exists is the caller's to ask. */
bool ukfs_part_suffix(const char *arg, const char **wordsp);
/* Are these words well-formed?  No file is needed. */
int ukfs_part_words(const char *words, char why[UKFS_WHY]);

/* What is in a range of bytes, by its signatures. */
struct ukfs_content {
	enum ukfs_contentkind {
		UKFS_CONTENT_NONE, /* nothing that is known */
		UKFS_CONTENT_FS,
		UKFS_CONTENT_SWAP,
		UKFS_CONTENT_RAID, /* a member of an array or a volume group */
		UKFS_CONTENT_CRYPTO,
	} uc_kind;
	/* libblkid's words, but for types that a driver of ours has: those */
	char uc_type[32];
	char uc_label[256], uc_uuid[64];
};
/* len 0: to the end.  0, or -1 and errno. */
int ukfs_identify(
    int hostfd, uint64_t off, uint64_t len, struct ukfs_content *uc);
/* The driver's name for a type that is known by others ("vfat": "msdos"); else
 * the same pointer. */
const char *ukfs_type_alias(const char *name);

struct ukfs_part {
	char *up_words;	       /* from the image's beginning on */
	const char *up_scheme; /* "MBR", "GPT", "DISKLABEL", "PART" */
	char up_table[16];     /* the same, but what it is for PART: "sun" */
	unsigned up_level;     /* 0; more: the table is inside of a partition */
	unsigned up_number;    /* from 1; DISKLABEL: 1 is a */
	uint64_t up_off, up_len; /* bytes of the host file */
	uint32_t up_sector;
	char up_name[128], up_uuid[40];	 /* the partition's own; "" if none */
	char up_typeid[40], up_type[40]; /* "0x83", "Linux" */
	bool up_container; /* an MBR's extended partition: it can't be opened */
	char up_problem[UKFS_WHY]; /* why it can't be opened; else "" */
	struct ukfs_content up_content;
};
struct ukfs_parts {
	size_t ups_n;
	struct ukfs_part *ups_part;
	char ups_table
	    [16]; /* of the outermost table: "GPT"; "" if there is none */
	char ups_id[40];
	uint32_t ups_sector;
	uint64_t ups_size;	 /* bytes of what was looked at */
	char ups_note[UKFS_WHY]; /* a damage that could be passed by; else "" */
};
/* All partitions below words, those of tables inside of partitions too, in the
 * order of the tables.  No table at all is ENOENT. */
int ukfs_part_list(int hostfd, const char *words, struct ukfs_parts *parts,
    char why[UKFS_WHY]);
void ukfs_part_list_free(struct ukfs_parts *parts);

/* Bytes: decimal or 0x; b s = 512; k m g t p e (either case, also kiB) x1024; kB MB ..
 * x1000; products 2x1024.  0, EINVAL or ERANGE. */
int ukfs_parse_size(const char *s, uint64_t *bytesp);

/* Translations at the boundary. */
int ukfs_host_errno(int rump_error);
void ukfs_host_stat(const struct rump_stat *rst, struct stat *st);

#ifdef __cplusplus
}
#endif

#endif /* RUMP_UKFS_H */
