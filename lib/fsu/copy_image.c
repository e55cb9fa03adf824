/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy engine: an image as a side.  Nodes are made with their attributes in
 * one step; each call binds the thread to the side's image (a counter, where it
 * is bound to it already).
 */
#include <stdlib.h>
#include <string.h>

#include "copy_impl.h"

#define ON(s, call)                               \
	({                                        \
		int64_t r_ = -RUMP_ENOMEM;        \
		if (ukfs_enter((s)->ukfs) == 0) { \
			r_ = (call);              \
			ukfs_leave((s)->ukfs);    \
		}                                 \
		r_;                               \
	})

/* ---- as a source ------------------------------------------------------------ */

static int
image_stat(struct cp_side *s, int dirfd, const char *name, bool follow,
    struct rump_stat *st)
{
	return (int)ON(s,
	    rump_sys_fstatat(
		dirfd, name, st, follow ? 0 : RUMP_AT_SYMLINK_NOFOLLOW));
}

static int
image_opendir(struct cp_side *s, int dirfd, const char *name, bool follow)
{
	return (int)ON(s,
	    rump_sys_openat(dirfd, name,
		RUMP_O_RDONLY | RUMP_O_DIRECTORY |
		    (follow ? 0 : RUMP_O_NOFOLLOW),
		0));
}

static int
image_openfile(struct cp_side *s, int dirfd, const char *name, bool follow)
{
	return (int)ON(s,
	    rump_sys_openat(dirfd, name,
		RUMP_O_RDONLY | (follow ? 0 : RUMP_O_NOFOLLOW), 0));
}

static void
image_close(struct cp_side *s, int fd)
{
	(void)ON(s, rump_sys_close(fd));
}

static int
image_list(struct cp_side *s, int fd, struct cp_list *list)
{
	struct rump_direntplus **ents;
	void *mem;
	ssize_t n, i;

	n = (ssize_t)ON(s, ukfs_readdir(fd, 0, &ents, &mem));
	if (n < 0)
		return (int)n;
	list->n = (size_t)n;
	list->ent = fsu_calloc(list->n, sizeof(*list->ent));
	list->mem[0] = ents;
	list->mem[1] = mem;
	for (i = 0; i < n; i++) {
		list->ent[i].name = ents[i]->d_ent.d_name;
		list->ent[i].st = &ents[i]->d_stat;
		list->ent[i].error = ents[i]->d_error;
		/* Which of two is meant?  The first was taken. */
		if (i > 0 &&
		    strcmp(list->ent[i].name, list->ent[i - 1].name) == 0)
			list->ent[i].error = RUMP_EUCLEAN;
	}
	return 0;
}

static int64_t
image_readlink(
    struct cp_side *s, int dirfd, const char *name, char *buf, size_t size)
{
	return ON(s, rump_sys_readlinkat(dirfd, name, buf, size));
}

static int64_t
image_listxattr(struct cp_side *s, int fd, int dirfd, const char *name,
    const char *path, char *buf, size_t size)
{
	(void)dirfd, (void)name;
	return ON(s,
	    fd >= 0 ? rump_sys_flistxattr(fd, buf, size)
		    : rump_sys_llistxattr(path, buf, size));
}

static int64_t
image_getxattr(struct cp_side *s, int fd, int dirfd, const char *name,
    const char *path, const char *attr, void *buf, size_t size)
{
	(void)dirfd, (void)name;
	return ON(s,
	    fd >= 0 ? rump_sys_fgetxattr(fd, attr, buf, size)
		    : rump_sys_lgetxattr(path, attr, buf, size));
}

static uint32_t
image_getflags(struct cp_side *s, int fd, const struct rump_stat *st)
{
	(void)s, (void)fd;
	return st->st_flags;
}

/* ---- as a target -------------------------------------------------------------- */

static int
image_setxattr(struct cp_side *s, int fd, int dirfd, const char *name,
    const char *path, const char *attr, const void *value, size_t size)
{
	int r;

	(void)dirfd, (void)name;
	r = (int)ON(s,
	    fd >= 0 ? rump_sys_fsetxattr(fd, attr, value, size, 0)
		    : rump_sys_lsetxattr(path, attr, value, size, 0));
	if (r == -RUMP_EOPNOTSUPP || r == -RUMP_EPERM) {
		s->lost_attrs++;
		return 0;
	}
	return r;
}

static struct rump_setattr
to_setattr(const struct cp_attr *a)
{
	struct rump_setattr sa = {0};

	if (a->mask & CP_MODE)
		sa.sa_mask |= RUMP_SA_MODE;
	if (a->mask & CP_OWNER)
		sa.sa_mask |= RUMP_SA_UID | RUMP_SA_GID;
	if (a->mask & CP_TIMES)
		sa.sa_mask |= RUMP_SA_ATIME | RUMP_SA_MTIME;
	if (a->mask & CP_FLAGS)
		sa.sa_mask |= RUMP_SA_FLAGS;
	sa.sa_mode = a->mode & RUMP_ALLPERMS;
	sa.sa_uid = a->uid;
	sa.sa_gid = a->gid;
	sa.sa_flags = a->flags;
	sa.sa_atime = a->atime;
	sa.sa_mtime = a->mtime;
	return sa;
}

/* File flags come last (setattr): immutable files can't be filled. */
static int
make(struct cp_side *s, int dirfd, const char *name, uint32_t type,
    uint64_t rdev, const char *target, const struct cp_attr *attr, int oflags)
{
	struct rump_setattr sa = to_setattr(attr);

	sa.sa_mask &= ~RUMP_SA_FLAGS;
	return (int)ON(s,
	    rump_sys_makeat(dirfd, name, type | (attr->mode & RUMP_ALLPERMS),
		rdev, target, &sa, oflags, NULL));
}

static int
image_create(
    struct cp_side *s, int dirfd, const char *name, const struct cp_attr *attr)
{
	return make(s, dirfd, name, RUMP_S_IFREG, 0, NULL, attr,
	    RUMP_MAKE_OPEN | RUMP_O_RDWR);
}

static int
image_fill(struct cp_side *s, int fd, struct cp_side *from, int fromfd,
    const struct rump_stat *st)
{
	int64_t n;

	n = from->image ? ON(s, ukfs_fill_from_image(fd, from->ukfs, fromfd))
			: ON(s, ukfs_fill_from_host(fd, fromfd, st));
	return n < 0 ? (int)n : 0;
}

struct filler {
	struct cp_side *s, *from;
	int fromfd;
};

static int
fill_cb(void *arg, int fd)
{
	const struct filler *fl = arg;

	return image_fill(fl->s, fd, fl->from, fl->fromfd, NULL);
}

static int
image_replace(struct cp_side *s, int dirfd, const char *name, bool follow,
    bool inplace, struct cp_side *from, int fromfd)
{
	struct filler fl = {.s = s, .from = from, .fromfd = fromfd};

	return (int)ON(s,
	    ukfs_replaceat(dirfd, name, 0644,
		(follow ? UKFS_REPLACE_FOLLOW : 0) |
		    (inplace ? UKFS_REPLACE_INPLACE : 0),
		fill_cb, &fl));
}

static int
image_mkdir(
    struct cp_side *s, int dirfd, const char *name, const struct cp_attr *attr)
{
	return make(s, dirfd, name, RUMP_S_IFDIR, 0, NULL, attr, 0);
}

static int
image_mknode(struct cp_side *s, int dirfd, const char *name, uint32_t mode,
    uint64_t rdev, const char *target, const struct cp_attr *attr)
{
	return make(s, dirfd, name, mode & RUMP_S_IFMT, rdev, target, attr, 0);
}

static int
image_link(
    struct cp_side *s, int fromdir, const char *from, int todir, const char *to)
{
	return (int)ON(s, rump_sys_linkat(fromdir, from, todir, to, 0));
}

static int
image_unlink(struct cp_side *s, int dirfd, const char *name)
{
	return (int)ON(s, rump_sys_unlinkat(dirfd, name, 0));
}

static int
image_rmdir(struct cp_side *s, int dirfd, const char *name)
{
	return (int)ON(s, rump_sys_unlinkat(dirfd, name, RUMP_AT_REMOVEDIR));
}

static int
image_setattr(struct cp_side *s, int fd, int dirfd, const char *name,
    const struct cp_attr *attr)
{
	struct rump_setattr sa = to_setattr(attr);

	if (sa.sa_mask == 0)
		return 0;
	return (int)ON(s,
	    fd >= 0 ? rump_sys_fsetattr(fd, &sa)
		    : rump_sys_setattrat(
			  dirfd, name, &sa, RUMP_AT_SYMLINK_NOFOLLOW));
}

const struct cp_ops cp_image_ops = {
    .stat = image_stat,
    .opendir = image_opendir,
    .openfile = image_openfile,
    .close = image_close,
    .list = image_list,
    .readlink = image_readlink,
    .listxattr = image_listxattr,
    .getxattr = image_getxattr,
    .getflags = image_getflags,
    .setxattr = image_setxattr,
    .create = image_create,
    .fill = image_fill,
    .replace = image_replace,
    .mkdir = image_mkdir,
    .mknode = image_mknode,
    .link = image_link,
    .unlink = image_unlink,
    .rmdir = image_rmdir,
    .setattr = image_setattr,
};
