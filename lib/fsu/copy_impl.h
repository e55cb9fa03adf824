/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the copy engine: what a side can do.
 *
 * Descriptors are the host's or the kernel's, by side.  Functions return 0, a
 * count or a descriptor, or minus an error number.  Names are single components
 * below the top, and are never followed as symlinks there.
 */
#ifndef FSU_COPY_IMPL_H
#define FSU_COPY_IMPL_H

#include "copy.h"

#define CP_CWD	 RUMP_AT_FDCWD /* the same number on both sides */

#define CP_MODE	 0x1u
#define CP_OWNER 0x2u
#define CP_TIMES 0x4u
#define CP_FLAGS 0x8u
struct cp_attr {
	uint32_t mask;
	uint32_t mode, uid, gid, flags;
	struct rump_timespec atime, mtime;
};

struct cp_list {
	size_t n;
	struct cp_ent {
		const char *name;
		const struct rump_stat *st; /* NULL: ask */
		int error; /* RUMP_E*; the name can't be used */
	} * ent;
	void *mem[2];
};

struct cp_side;
struct cp_ops {
	/* ---- of a source */
	int (*stat)(struct cp_side *s, int dirfd, const char *name, bool follow,
	    struct rump_stat *st);
	int (*opendir)(
	    struct cp_side *s, int dirfd, const char *name, bool follow);
	int (*openfile)(
	    struct cp_side *s, int dirfd, const char *name, bool follow);
	void (*close)(struct cp_side *s, int fd);
	int (*list)(struct cp_side *s, int fd, struct cp_list *list);
	int64_t (*readlink)(struct cp_side *s, int dirfd, const char *name,
	    char *buf, size_t size);
	/* Of the open fd, else (-1) of name in dirfd, whose whole path is path. */
	int64_t (*listxattr)(struct cp_side *s, int fd, int dirfd,
	    const char *name, const char *path, char *buf, size_t size);
	int64_t (*getxattr)(struct cp_side *s, int fd, int dirfd,
	    const char *name, const char *path, const char *attr, void *buf,
	    size_t size);
	uint32_t (*getflags)(
	    struct cp_side *s, int fd, const struct rump_stat *st);

	/* ---- of a target */
	int (*setxattr)(struct cp_side *s, int fd, int dirfd, const char *name,
	    const char *path, const char *attr, const void *value, size_t size);
	/* A new regular file, open; EEXIST. */
	int (*create)(struct cp_side *s, int dirfd, const char *name,
	    const struct cp_attr *attr);
	/* All bytes of the source's open file into it.  st: what that is, or NULL. */
	int (*fill)(struct cp_side *s, int fd, struct cp_side *from, int fromfd,
	    const struct rump_stat *st);
	/* New content for a file that is there; it keeps what else it has. */
	int (*replace)(struct cp_side *s, int dirfd, const char *name,
	    bool follow, bool inplace, struct cp_side *from, int fromfd);
	int (*mkdir)(struct cp_side *s, int dirfd, const char *name,
	    const struct cp_attr *attr);
	/* Symlinks (target), devices, FIFOs, sockets; mode has the type. */
	int (*mknode)(struct cp_side *s, int dirfd, const char *name,
	    uint32_t mode, uint64_t rdev, const char *target,
	    const struct cp_attr *attr);
	int (*link)(struct cp_side *s, int fromdir, const char *from, int todir,
	    const char *to);
	int (*unlink)(struct cp_side *s, int dirfd, const char *name);
	int (*rmdir)(struct cp_side *s, int dirfd, const char *name);
	/* What attr's mask says; of fd, else of name in dirfd.  Counts in s what
	 * an ordinary user isn't allowed. */
	int (*setattr)(struct cp_side *s, int fd, int dirfd, const char *name,
	    const struct cp_attr *attr);
};

struct cp_side {
	const struct cp_ops *ops;
	struct ukfs *ukfs; /* an image's */
	bool image;
	/* the host as a target */
	uint32_t euid, egid;
	unsigned long lost_owners, lost_attrs, lost_devices;
	int quirk_dirfd; /* the directory that the next line is about, or -1 */
	bool quirk_checked; /* its first file was looked at */
	bool quirk_chown,
	    quirk_chmod; /* files don't get what open() was told */
};

extern const struct cp_ops cp_host_ops, cp_image_ops;

struct cp {
	struct fsu *f;	/* whom messages name */
	struct fsu *df; /* the target image's session, or f */
	const struct fsu_copyopts *o;
	struct cp_side src, dst;
	uint32_t umask;
	uint64_t image_dev, image_ino; /* the image's own file on the host */
	int stream_fd; /* the operand's content instead of a file, or -1 */
	struct cp_links *links;
	struct cp_moved *moved; /* what is to be removed; NULL: it is no move */
	char *xbuf;		/* names and values of attributes */
	uint64_t need;		/* bytes of the file under way, for ENOSPC */
	bool replacing;		/* ... over old content */
	bool fatal; /* out of room for more: stop (the host's or ^C) */
};

/* A pathname that grows and shrinks. */
struct cp_path {
	char *s;
	size_t len, cap;
};
void cp_path_set(struct cp_path *p, const char *s);
size_t cp_path_push(struct cp_path *p, const char *name); /* the old length */
void cp_path_pop(struct cp_path *p, size_t len);

/* Where an operand is. */
struct cp_ctx {
	struct cp *c;
	struct cp_path spath, dpath; /* as messages say them */
	size_t dtop;		     /* of dpath: what top names */
	int topfd;		     /* the directory that the target is in */
	const struct cp_dir {
		const struct cp_dir *up;
		uint64_t dev, ino;
	} * dir;	       /* the source's ancestors */
	struct ukfs_seen seen; /* the image's directories below this operand */
	bool follow_target;
	bool fresh; /* the target directory was made here: nothing is in it */
	int status;
};

/* copy_links.c: remember that st's file is at x's dpath now; */
void cp_links_add(struct cp_ctx *x, const struct rump_stat *st);
bool cp_links_have(struct cp_ctx *x, const struct rump_stat *st);
/* make dname a link to what was copied before.  1: done; 0: copy it; -error. */
int cp_try_link(struct cp_ctx *x, const struct rump_stat *st, int ddirfd,
    const char *dname);
/* copy_move.c: between begin and end, note each name (spath) that is complete in
 * the target (keep: its contents, not itself), */
void cp_move_begin(struct cp *c, int nsources);
void cp_move_note(struct cp_ctx *x, const struct rump_stat *st, bool keep);
/* ... and count those that aren't; */
void cp_move_left(struct cp_ctx *x);
/* is dpath what this same command has put there? */
bool cp_move_made(const struct cp_ctx *x);
/* A directory of the target that is written to. */
void cp_move_target(struct cp *c, int dirfd);
/* Make the target durable, remove what was noted.  status: the copy's.  A status. */
int cp_move_end(struct cp *c, int status, int n, char **sources);
void cp_move_free(struct cp *c);
/* copy_attr.c: what a new node is to get, */
void cp_attributes(
    const struct cp *c, const struct rump_stat *st, struct cp_attr *a);
/* ... and one that was there: only what was asked for. */
void cp_attributes_of_old(const struct cp *c, struct cp_attr *a);
bool cp_wants_flags(const struct cp *c, const struct rump_stat *st);
/* Extended attributes, of open files, or (-1) of names. */
int cp_copy_xattrs(struct cp_ctx *x, int sfd, int sdirfd, const char *sname,
    int dfd, int ddirfd, const char *dname);

/* One operand: sname in the source's current directory to dname in ddirfd; spath
 * and dpath say it in messages.  A status. */
int cp_operand(struct cp *c, const char *sname, int ddirfd, const char *dname,
    const char *spath, const char *dpath, bool follow_target);
void cp_links_free(struct cp_links *links);
/* A failure of either side, with what ENOSPC needs to be understood. */
void cp_error(struct cp *c, const char *path, bool of_target, int error);

#endif /* FSU_COPY_IMPL_H */
