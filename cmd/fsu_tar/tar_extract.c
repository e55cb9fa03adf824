/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar -x: members into the image.
 *
 * A member is made under its own name where nothing has it.  Where something does
 * (not a directory), it is made under a name of its own, and takes the old one's
 * place in one step when it is whole: until then, and if it fails, the old content
 * stays.  What a failure leaves half-written goes.
 *
 * Directories get their times, and everything its file flags, when all is there:
 * both would be in the way of what follows.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fsu/progress.h>

#include "tar.h"

/* What is set at the end. */
struct later {
	char *path;
	bool times;
	struct rump_timespec mtime;
	uint32_t flags;
};

struct extract {
	struct fsu *f;
	struct tar_opts *o;
	struct tar_reader r;
	struct tar_place place;
	struct later *later;
	size_t nlater, latercap;
	mode_t umask;
	bool tty;  /* names go to one */
	bool lost; /* attributes that the file system hasn't */
	unsigned long nlost;
	unsigned serial; /* of names for what isn't whole */
	/* the member */
	char *path; /* clean, below the destination */
	uint64_t need;
	struct rump_setattr sa;
};

/* ---- messages --------------------------------------------------------------------- */

static void
failed(struct extract *x, int error)
{
	char need[40] = "an inode or a block is";

	if (error == -RUMP_EINTR && fsu_interrupted())
		return;
	if (error == -RUMP_ENOSPC && x->need > 0)
		snprintf(need, sizeof(need), "%llu bytes are",
		    (unsigned long long)x->need);
	if ((error == -RUMP_ELOOP || error == -RUMP_ENOTDIR) &&
	    strchr(x->path, '/') != NULL) {
		fsu_errorf(x->f,
		    "%s: what is in front of the last slash is no directory "
		    "(--keep-directory-symlink follows symlinks)",
		    fsu_visible(x->path));
		return;
	}
	fsu_errorf(x->f, "%s: %s", fsu_visible(x->path),
	    fsu_no_room(x->f, error, need));
}

/* The archive itself is bad: nothing more can be had from it. */
static int
archive_failed(struct extract *x)
{
	const char *s = archive_error_string(x->r.r_a);

	fsu_msg("%s: %s: %s", x->r.r_title, fsu_visible(x->path),
	    s != NULL ? fsu_visible(s) : "cannot be read");
	return -1;
}

/* ---- attributes ------------------------------------------------------------------------ */

static void
want_attributes(struct extract *x)
{
	struct archive_entry *ae = x->r.r_ae;
	const struct tar_opts *o = x->o;
	struct rump_setattr *sa = &x->sa;
	la_int64_t uid = archive_entry_uid(ae), gid = archive_entry_gid(ae);

	memset(sa, 0, sizeof(*sa));
	sa->sa_mode = tar_acl_mode(ae, x->r.r_mode) & RUMP_ALLPERMS;
	if (o->to_nomode)
		sa->sa_mode &= 0777u & ~(uint32_t)x->umask;
	sa->sa_mask = RUMP_SA_MODE | RUMP_SA_UID | RUMP_SA_GID;
	if (!o->to_noowner) {
		sa->sa_uid = uid < 0 || uid > UINT32_MAX ? 0 : (uint32_t)uid;
		sa->sa_gid = gid < 0 || gid > UINT32_MAX ? 0 : (uint32_t)gid;
	}
	if (o->to_setuid)
		sa->sa_uid = o->to_uid;
	if (o->to_setgid)
		sa->sa_gid = o->to_gid;
	if (o->to_notimes || !archive_entry_mtime_is_set(ae))
		return;
	sa->sa_mask |= RUMP_SA_MTIME;
	sa->sa_mtime = tar_read_mtime(&x->r);
	if (!archive_entry_atime_is_set(ae))
		return;
	sa->sa_mask |= RUMP_SA_ATIME;
	sa->sa_atime.tv_sec = archive_entry_atime(ae);
	sa->sa_atime.tv_nsec = (int32_t)archive_entry_atime_nsec(ae);
}

static void
set_later(struct extract *x, bool times, uint32_t flags)
{
	if (!times && flags == 0)
		return;
	if (x->nlater == x->latercap) {
		x->latercap = x->latercap == 0 ? 64 : x->latercap * 2;
		x->later = fsu_realloc(
		    x->later, x->latercap * sizeof(*x->later));
	}
	x->later[x->nlater++] = (struct later){
	    fsu_strdup(x->path), times, x->sa.sa_mtime, flags};
}

/* A member that is there now: what comes at the end for it. */
static void
made(struct extract *x, bool dir)
{
	set_later(x, dir && (x->sa.sa_mask & RUMP_SA_MTIME) != 0,
	    x->o->to_noflags ? 0 : tar_entry_flags(x->r.r_ae));
}

static void
do_later(struct extract *x)
{
	for (size_t i = 0; i < x->nlater; i++) {
		struct later *l = &x->later[i];
		struct rump_setattr sa = {0};
		const char *name;
		int dirfd, r;

		sa.sa_mask = (l->times ? RUMP_SA_MTIME : 0) |
		    (l->flags != 0 ? RUMP_SA_FLAGS : 0);
		sa.sa_mtime = l->mtime;
		sa.sa_flags = l->flags;
		dirfd = tar_place_parent(&x->place, l->path, false, &name);
		r = dirfd < 0
		    ? dirfd
		    : rump_sys_setattrat(dirfd, *name != '\0' ? name : ".", &sa,
			  RUMP_AT_SYMLINK_NOFOLLOW);
		if (r == -RUMP_EOPNOTSUPP && !l->times)
			x->nlost++;
		else if (r != 0 && r != -RUMP_ENOENT) { /* ENOENT: replaced */
			x->path = l->path;
			x->need = 0;
			failed(x, r);
		}
		free(l->path);
	}
	free(x->later);
}

/* ---- data --------------------------------------------------------------------------------- */

static int
write_all(int fd, const char *p, size_t len, uint64_t off)
{
	while (len > 0) {
		int64_t n = rump_sys_pwrite(fd, p, len, off);

		if (n <= 0)
			return n == 0 ? -RUMP_EIO : (int)n;
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* 0; -error of the image; 1: the archive's. */
static int
fill(struct extract *x, int fd)
{
	la_int64_t size = archive_entry_size(x->r.r_ae), off;
	const void *p;
	uint64_t end = 0;
	size_t len;
	int ret, r;

	while ((ret = archive_read_data_block(x->r.r_a, &p, &len, &off)) ==
		ARCHIVE_OK ||
	    ret == ARCHIVE_WARN) {
		if (off < 0 || (uint64_t)off + len < (uint64_t)off)
			return 1;
		r = write_all(fd, p, len, (uint64_t)off);
		if (r != 0)
			return r;
		if (fsu_interrupted())
			return -RUMP_EINTR;
		if ((uint64_t)off + len > end)
			end = (uint64_t)off + len;
	}
	if (ret != ARCHIVE_EOF)
		return 1;
	if (archive_entry_size_is_set(x->r.r_ae) && size > 0 &&
	    (uint64_t)size > end)
		return rump_sys_ftruncate(fd, (uint64_t)size);
	return 0;
}

/* ---- making one node ------------------------------------------------------------------------ */

/* A node named name; regular files are filled.  As fill(). */
static int
make_node(struct extract *x, int dirfd, const char *name)
{
	struct archive_entry *ae = x->r.r_ae;
	uint32_t type = x->r.r_mode & RUMP_S_IFMT;
	bool reg = type == RUMP_S_IFREG;
	struct rump_setattr sa = x->sa;
	int fd, r;

	fd = rump_sys_makeat(dirfd, name, type | sa.sa_mode,
	    type == RUMP_S_IFCHR || type == RUMP_S_IFBLK
		? RUMP_MAKEDEV((uint32_t)archive_entry_rdevmajor(ae),
		      (uint32_t)archive_entry_rdevminor(ae))
		: 0,
	    type == RUMP_S_IFLNK ? x->r.r_link : NULL, &sa,
	    reg ? RUMP_MAKE_OPEN | RUMP_O_RDWR : 0, NULL);
	if (fd < 0)
		return fd;
	r = reg ? fill(x, fd) : 0;
	if (r == 0)
		r = tar_attr_apply(
		    ae, reg ? fd : -1, dirfd, name, x->o, &x->lost);
	sa.sa_mask &= RUMP_SA_MTIME | RUMP_SA_ATIME;
	if (r == 0 && reg && sa.sa_mask != 0)
		r = rump_sys_fsetattr(fd, &sa); /* writing changed it */
	if (reg)
		rump_sys_close(fd);
	if (r == 0)
		return 0;
	if (fsu_interrupted())
		rump_pub_interrupt_clear(); /* so that it can go */
	rump_sys_unlinkat(dirfd, name, 0);
	if (fsu_interrupted())
		rump_pub_interrupt();
	return r;
}

static int
make_link(struct extract *x, int dirfd, const char *name)
{
	struct tar_place from = {
	    .p_root = x->place.p_root, .p_follow = x->place.p_follow};
	const char *stripped = tar_strip(x->r.r_link, x->o->to_strip), *base;
	char *path = stripped != NULL ? tar_place_clean(stripped) : NULL;
	int fromfd, r;

	if (path == NULL)
		return -RUMP_ENOENT;
	fromfd = tar_place_parent(&from, path, false, &base);
	r = fromfd < 0 ? fromfd : rump_sys_linkat(fromfd, base, dirfd, name, 0);
	tar_place_forget(&from);
	free(path);
	return r;
}

static int
make_any(struct extract *x, int dirfd, const char *name)
{
	return x->r.r_hardlink ? make_link(x, dirfd, name)
			       : make_node(x, dirfd, name);
}

/* ---- what is there already ---------------------------------------------------------------- */

enum verdict { V_REPLACE, V_RMDIR, V_SKIP, V_FAILED };

static bool
is_newer(const struct extract *x, const struct rump_stat *st)
{
	const struct rump_timespec *a = &st->st_mtim, *b = &x->sa.sa_mtime;

	return a->tv_sec > b->tv_sec ||
	    (a->tv_sec == b->tv_sec && a->tv_nsec >= b->tv_nsec);
}

static enum verdict
look(struct extract *x, int dirfd, const char *name)
{
	struct rump_stat st;
	int r = rump_sys_fstatat(dirfd, name, &st, RUMP_AT_SYMLINK_NOFOLLOW);

	if (r != 0) {
		failed(x, r);
		return V_FAILED;
	}
	if (x->o->to_skip)
		return V_SKIP;
	if (x->o->to_keep) {
		failed(x, -RUMP_EEXIST);
		return V_FAILED;
	}
	if (x->o->to_newer && is_newer(x, &st))
		return V_SKIP;
	if ((st.st_mode & RUMP_S_IFMT) != RUMP_S_IFDIR)
		return V_REPLACE;
	tar_place_forget(&x->place); /* it may be among them */
	return V_RMDIR;
}

/* Take the place of what is not a directory, when the new one is whole. */
static int
replace(struct extract *x, int dirfd, const char *name)
{
	struct rump_stat a, b;
	char tmp[32];
	int r;

	do {
		snprintf(tmp, sizeof(tmp), ".fsu_tar.%u", x->serial++);
		r = make_any(x, dirfd, tmp);
	} while (r == -RUMP_EEXIST && x->serial < 1000000);
	if (r != 0)
		return r;
	/* Two names of one file: rename() would leave both. */
	if (rump_sys_fstatat(dirfd, name, &a, RUMP_AT_SYMLINK_NOFOLLOW) == 0 &&
	    rump_sys_fstatat(dirfd, tmp, &b, RUMP_AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_ino == b.st_ino)
		return rump_sys_unlinkat(dirfd, tmp, 0);
	r = rump_sys_renameat(dirfd, tmp, dirfd, name);
	if (r != 0)
		rump_sys_unlinkat(dirfd, tmp, 0);
	return r;
}

/* ---- members --------------------------------------------------------------------------------- */

static int
make_dir(struct extract *x, int dirfd, const char *name)
{
	struct rump_stat st;
	int fd, r;

	r = *name == '\0'
	    ? -RUMP_EEXIST
	    : rump_sys_makeat(dirfd, name, RUMP_S_IFDIR | x->sa.sa_mode, 0,
		  NULL, &x->sa, 0, NULL);
	if (*name == '\0')
		name = ".";
	if (r == -RUMP_EEXIST) {
		r = rump_sys_fstatat(dirfd, name, &st,
		    x->place.p_follow ? 0 : RUMP_AT_SYMLINK_NOFOLLOW);
		if (r == 0 && (st.st_mode & RUMP_S_IFMT) != RUMP_S_IFDIR) {
			if (x->o->to_keep || x->o->to_skip)
				return x->o->to_skip ? 0 : -RUMP_EEXIST;
			r = rump_sys_unlinkat(dirfd, name, 0);
			return r != 0 ? r : make_dir(x, dirfd, name);
		}
		if (x->o->to_keep || x->o->to_skip)
			return r;
		if (r == 0)
			r = rump_sys_setattrat(dirfd, name, &x->sa,
			    x->place.p_follow ? 0 : RUMP_AT_SYMLINK_NOFOLLOW);
	}
	if (r != 0)
		return r;
	fd = rump_sys_openat(dirfd, name, RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	r = tar_attr_apply(x->r.r_ae, fd, dirfd, name, x->o, &x->lost);
	rump_sys_close(fd);
	if (r == 0)
		made(x, true);
	return r;
}

/* newc has a file's data with its last name. */
static int
fill_linked(struct extract *x, int dirfd, const char *name)
{
	int fd, r;

	if (!x->r.r_hardlink || !archive_entry_size_is_set(x->r.r_ae) ||
	    archive_entry_size(x->r.r_ae) <= 0)
		return 0;
	fd = rump_sys_openat(
	    dirfd, name, RUMP_O_RDWR | RUMP_O_TRUNC | RUMP_O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	r = fill(x, fd);
	x->sa.sa_mask &= RUMP_SA_MTIME | RUMP_SA_ATIME;
	if (r == 0)
		r = rump_sys_fsetattr(fd, &x->sa);
	rump_sys_close(fd);
	return r;
}

/* Anything but a directory.  1: the archive's fault; else 0 or -error. */
static int
make_other(struct extract *x, int dirfd, const char *name)
{
	int r = -RUMP_EISDIR;

	if (*name != '\0')
		r = make_any(x, dirfd, name);
	if (r == -RUMP_EEXIST) {
		switch (look(x, dirfd, name)) {
		case V_SKIP:
		case V_FAILED:
			return 0;
		case V_RMDIR: /* if it is empty */
			dirfd = tar_place_parent(
			    &x->place, x->path, false, &name);
			r = dirfd < 0
			    ? dirfd
			    : rump_sys_unlinkat(dirfd, name, RUMP_AT_REMOVEDIR);
			if (r == 0)
				r = make_any(x, dirfd, name);
			break;
		case V_REPLACE:
			r = replace(x, dirfd, name);
			break;
		}
	}
	if (r == 0)
		r = fill_linked(x, dirfd, name);
	if (r == 0 && !x->r.r_hardlink)
		made(x, false);
	return r;
}

/* -1: the archive is bad. */
static int
one_member(struct extract *x)
{
	const char *name;
	int dirfd, r;

	fsu_progress_file();
	want_attributes(x);
	x->need = 0;
	if ((x->r.r_mode & RUMP_S_IFMT) == RUMP_S_IFREG &&
	    archive_entry_size(x->r.r_ae) > 0)
		x->need = (uint64_t)archive_entry_size(x->r.r_ae);
	dirfd = tar_place_parent(&x->place, x->path, true, &name);
	if (dirfd < 0) {
		failed(x, dirfd);
		return 0;
	}
	x->lost = false;
	if (!x->r.r_hardlink && (x->r.r_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
		r = make_dir(x, dirfd, name);
	else
		r = make_other(x, dirfd, name);
	if (r == 1)
		return archive_failed(x);
	if (r == -RUMP_ENOENT && x->r.r_hardlink)
		fsu_errorf(x->f, "%s: is a link to '%s', which isn't there",
		    fsu_visible(x->path), fsu_visible(x->r.r_link));
	else if (r != 0)
		failed(x, r);
	x->nlost += x->lost;
	return 0;
}

/* Is the entry one that is wanted, and where does it go?  As one_member(). */
static int
one_entry(struct extract *x, int n, char **operands)
{
	struct tar_reader *r = &x->r;
	const char *name = r->r_name;
	int ret;

	if (*name == '\0' || tar_excluded(x->o, name) ||
	    !tar_wanted(x->o, n, operands, name))
		return 0;
	if (x->o->to_strip > 0) {
		name = tar_strip(name, x->o->to_strip);
		if (name == NULL)
			return 0;
	}
	x->path = tar_place_clean(name);
	if (x->path == NULL) {
		fsu_errorf(x->f, "%s: has '..' in it: not extracted",
		    fsu_visible(name));
		return 0;
	}
	if (x->o->to_verbose > 0) {
		fsu_progress_hide(); /* it may be the same terminal */
		tar_list_entry(r, x->o, x->o->to_verbose > 1);
		if (x->tty)
			fsu_out_flush(x->o->to_says);
	}
	if (!r->r_hardlink && fsu_modetype(r->r_mode) == '?') {
		fsu_errorf(
		    x->f, "%s: is of an unknown type", fsu_visible(x->path));
		ret = 0;
	} else if (!r->r_hardlink &&
	    (r->r_mode & RUMP_S_IFMT) == RUMP_S_IFLNK &&
	    (r->r_link == NULL || *r->r_link == '\0')) {
		fsu_errorf(
		    x->f, "%s: is a symlink to nothing", fsu_visible(x->path));
		ret = 0;
	} else
		ret = one_member(x);
	free(x->path);
	x->path = NULL;
	return ret;
}

static void
tell_lost(struct extract *x)
{
	if (x->nlost > 0)
		fsu_warnf(x->f,
		    "%lu member%s had attributes that this file system can't "
		    "hold",
		    x->nlost, x->nlost == 1 ? "" : "s");
}

int
tar_extract(struct fsu *f, struct tar_opts *o, int n, char **operands)
{
	struct extract x = {.f = f, .o = o};
	struct stat st;
	int ret = -1, r;

	if (!fsu_writable(f)) {
		fsu_error(f, NULL, RUMP_EROFS);
		return FSU_FAIL;
	}
	x.tty = isatty(STDOUT_FILENO) == 1;
	if (fstat(o->to_fd, &st) == 0)
		fsu_progress_phase(NULL, (uint64_t)st.st_size);
	x.umask = umask(0);
	umask(x.umask);
	x.place.p_follow = o->to_keepdirlink;
	x.place.p_root = rump_sys_open(".", RUMP_O_PATH | RUMP_O_DIRECTORY, 0);
	if (x.place.p_root < 0) {
		fsu_error(f, ".", x.place.p_root);
		return FSU_FAIL;
	}
	if (tar_read_open(&x.r, o))
		while (
		    (ret = tar_read_next(f, &x.r)) == 1 && !fsu_interrupted()) {
			r = one_entry(&x, n, operands);
			if (r != 0) {
				ret = r;
				break;
			}
		}
	do_later(&x);
	tell_lost(&x);
	tar_read_close(&x.r);
	tar_place_forget(&x.place);
	rump_sys_close(x.place.p_root);
	for (int i = 0; i < n && ret == 0; i++)
		if (!o->to_found[i])
			fsu_errorf(f, "%s: isn't in the archive",
			    fsu_visible(operands[i]));
	return ret == 0 ? FSU_OK : FSU_FAIL;
}
