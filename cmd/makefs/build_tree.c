/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy phase: make every node through the driver, in the manifest's order,
 * and hand the content of files to the copier.
 *
 * A directory's children are made all together, then its subdirectories are
 * entered one after the other; the kernel's current directory goes along, so that
 * no path is ever longer than a name.  Directories get their attributes when
 * they are left, since making children changes their times.
 */
#include <stdlib.h>
#include <string.h>

#include <rump/rump_syscalls.h>

#include "build.h"
#include "fsu/fsu.h"
#include "fsu/progress.h"

#define RUNS  64
#define PIECE 2048 /* bytes of a path that are walked in one go */

static int
say(struct builder *b, uint32_t node, int error)
{
	char *path = manifest_pathname(b->b_mf, node);

	/* one node that the format cannot hold: the rest is still made */
	fsu_msg("%s: %s", fsu_visible(path), fsu_strerror(-error));
	free(path);
	b->b_failed = true;
	return 0;
}

static bool
fatal(int error)
{
	return error == -RUMP_ENOSPC || error == -RUMP_EIO ||
	    error == -RUMP_EINTR || error == -RUMP_ENOMEM ||
	    error == -RUMP_EROFS || error == -RUMP_EUCLEAN;
}

static void
attributes(const struct mnode *m, struct rump_setattr *sa)
{
	struct rump_timespec t = {
	    .tv_sec = m->m_sec, .tv_nsec = (int32_t)m->m_nsec};

	memset(sa, 0, sizeof(*sa));
	sa->sa_mask = RUMP_SA_MODE | RUMP_SA_UID | RUMP_SA_GID | RUMP_SA_ATIME |
	    RUMP_SA_MTIME | RUMP_SA_CTIME | RUMP_SA_BTIME;
	sa->sa_mode = m->m_mode & RUMP_ALLPERMS;
	sa->sa_uid = m->m_uid;
	sa->sa_gid = m->m_gid;
	sa->sa_atime = sa->sa_mtime = sa->sa_ctime = sa->sa_btime = t;
}

static int
set_attributes(const struct mnode *m, const char *name)
{
	struct rump_setattr sa;

	attributes(m, &sa);
	if ((m->m_mode & RUMP_S_IFMT) == RUMP_S_IFLNK)
		sa.sa_mask &= ~RUMP_SA_MODE;
	return rump_sys_setattrat(
	    RUMP_AT_FDCWD, name, &sa, RUMP_AT_SYMLINK_NOFOLLOW);
}

/* There is room, but not for all attributes of one node: the rest is made. */
static int
attrs_dont_fit(struct builder *b, uint32_t node, int error)
{
	struct rump_statvfs st;
	char *path;

	if (error == -RUMP_ENOSPC &&
	    (rump_sys_statvfs(BUILD_MOUNT, &st) != 0 || st.f_bfree == 0))
		return error;
	path = manifest_pathname(b->b_mf, node);
	fsu_msg("%s: its extended attributes don't all fit", fsu_visible(path));
	free(path);
	b->b_failed = true;
	return 0;
}

static int
set_xattrs(struct builder *b, uint32_t node, const char *name)
{
	const struct mextra *x = arena_at(
	    &b->b_mf->mf_extras, mn(b->b_mf, node)->m_extra);
	struct xattr_ref xr;
	uint32_t pos = 0;
	int error = 0;

	while (error == 0 && extra_attr(x, &pos, &xr))
		error = rump_sys_lsetxattr(
		    name, xr.xr_name, xr.xr_value, xr.xr_len, 0);
	if (error == -RUMP_ENOSPC || error == -RUMP_E2BIG)
		error = attrs_dont_fit(b, node, error);
	return error;
}

/* ---- regular files -------------------------------------------------------------- */

/* Blocks for the data ranges; the size is the file's. */
static int
allocate(struct builder *b, const struct mnode *m, int fd)
{
	const struct mextra *x;
	const struct newfs_range *r;
	int error;

	if ((m->m_flags & MN_HOLES) == 0)
		return rump_sys_fallocate(fd, RUMP_FALLOC_FRESH, 0, m->m_size);
	x = arena_at(&b->b_mf->mf_extras, m->m_extra);
	r = extra_ranges(x);
	error = rump_sys_ftruncate(fd, m->m_size);
	for (uint32_t i = 0; i < x->x_nrange && error == 0; i++)
		error = rump_sys_fallocate(
		    fd, RUMP_FALLOC_FRESH, r[i].nr_off, r[i].nr_len);
	return error;
}

/* Where did the blocks go?  All of that to the copier. */
static int
hand_over(struct builder *b, uint32_t node, int fd)
{
	const struct mnode *m = mn(b->b_mf, node);
	struct rump_run run[RUNS];
	struct copy_run *list = NULL, few[RUNS];
	size_t n = 0, room = RUNS;
	uint64_t off = 0;
	int got = 0, error = 0;

	list = few;
	while (off < m->m_size) {
		got = rump_sys_runmap(fd, off, m->m_size - off, run, RUNS);
		if (got <= 0)
			break;
		if (n + (size_t)got > room) {
			struct copy_run *more;

			room = 2 * (n + (size_t)got);
			more = fsu_malloc(room * sizeof(*list));
			memcpy(more, list, n * sizeof(*list));
			if (list != few)
				free(list);
			list = more;
		}
		for (int i = 0; i < got; i++) {
			off = run[i].r_off + run[i].r_len;
			if (run[i].r_kind == RUMP_RUN_DIRECT)
				list[n++] = (struct copy_run){run[i].r_off,
				    run[i].r_len, run[i].r_hostoff};
			else if (run[i].r_kind != RUMP_RUN_HOLE)
				error = -RUMP_EOPNOTSUPP;
		}
	}
	if (got < 0)
		error = got;
	if (error == 0)
		error = -copier_add(b->b_copier, node, list, (unsigned)n);
	if (list != few)
		free(list);
	return error;
}

int
build_source_dir(struct builder *b, const struct mnode *m)
{
	char *path;
	int error;

	if (b->b_mf->mf_source[m->m_source].s_kind != SRC_DIR ||
	    b->b_srcdir == m->m_source)
		return 0;
	path = manifest_pathname(b->b_mf, b->b_dir);
	error = copier_setdir(b->b_copier, m->m_source, path);
	if (error != 0) {
		fsu_msg("%s: %s", fsu_visible(path), fsu_strerror(error));
		b->b_failed = true;
	}
	b->b_srcdir = error == 0 ? m->m_source : -1;
	free(path);
	return error;
}

/* ---- any node ---------------------------------------------------------------------- */

static int
fill_file(struct builder *b, uint32_t node, int fd)
{
	const struct mnode *m = mn(b->b_mf, node);
	int error = allocate(b, m, fd), close_error;

	/* what the source doesn't give any more stays zeros */
	if (error == 0 && build_source_dir(b, m) == 0)
		error = hand_over(b, node, fd);
	close_error = rump_sys_close(fd);
	return error != 0 ? error : close_error;
}

int
build_look_at_empty(struct builder *b, uint32_t node)
{
	const struct mnode *m = mn(b->b_mf, node);
	const struct copy_run none = {0};
	enum msource_kind kind = b->b_mf->mf_source[m->m_source].s_kind;

	if (kind != SRC_DIR && (m->m_flags & MN_PATH) == 0)
		return 0;
	return build_source_dir(b, m) == 0
	    ? -copier_add(b->b_copier, node, &none, 0)
	    : 0;
}

static int
make_node(struct builder *b, uint32_t node)
{
	struct mnode *m = mn(b->b_mf, node);
	const char *name = mn_name(b->b_mf, m), *target = NULL;
	uint32_t type = m->m_mode & RUMP_S_IFMT;
	bool data = type == RUMP_S_IFREG && m->m_size > 0, again;
	struct rump_setattr sa;
	uint64_t rdev = 0;
	int fd, error;

	if (type == RUMP_S_IFLNK)
		target = arena_at(&b->b_mf->mf_names, (uint32_t)m->m_pos);
	if (type == RUMP_S_IFBLK || type == RUMP_S_IFCHR)
		rdev = m->m_size;
	attributes(m, &sa);
	fd = rump_sys_makeat(RUMP_AT_FDCWD, name, m->m_mode, rdev, target, &sa,
	    data ? RUMP_MAKE_OPEN | RUMP_O_RDWR : 0, NULL);
	if (fd < 0)
		return fd;
	m->m_flags |= MN_MADE;
	error = data		   ? fill_file(b, node, fd)
	    : type == RUMP_S_IFREG ? build_look_at_empty(b, node)
				   : 0;
	if (error == 0 && m->m_extra != 0 && type != RUMP_S_IFDIR)
		error = set_xattrs(b, node, name);
	/* those changed the times; directories come when they are left */
	again = m->m_extra != 0 && type != RUMP_S_IFDIR;
	if (error == 0 && again)
		error = set_attributes(m, name);
	return error;
}

/* A descriptor for the directory that node is in, however deep. */
static int
open_parent(struct builder *b, uint32_t node)
{
	char *path = manifest_pathname(b->b_mf, mn(b->b_mf, node)->m_parent);
	char *p = path, keep;
	int at = rump_sys_open(BUILD_MOUNT, RUMP_O_PATH | RUMP_O_DIRECTORY, 0);

	while (at >= 0 && *p != '\0' && strcmp(p, ".") != 0) {
		size_t len = strlen(p);
		int next;

		if (len > PIECE)
			for (len = PIECE; p[len] != '/'; len--)
				continue;
		keep = p[len];
		p[len] = '\0';
		next = rump_sys_openat(
		    at, p, RUMP_O_PATH | RUMP_O_DIRECTORY | RUMP_O_NOFOLLOW, 0);
		(void)rump_sys_close(at);
		at = next;
		p += len + (keep != '\0');
	}
	free(path);
	return at;
}

/* Another name, in directory todir, for a file that is made. */
static int
make_link(struct builder *b, uint32_t node, int todir)
{
	struct mnode *m = mn(b->b_mf, node), *owner = mn(b->b_mf, m->m_link);
	struct rump_setattr sa;
	int from = open_parent(b, m->m_link), error;

	if (from < 0)
		return from;
	error = rump_sys_linkat(
	    from, mn_name(b->b_mf, owner), todir, mn_name(b->b_mf, m), 0);
	if (error == 0) {
		attributes(owner, &sa);
		if ((owner->m_mode & RUMP_S_IFMT) == RUMP_S_IFLNK)
			sa.sa_mask &= ~RUMP_SA_MODE;
		error = rump_sys_setattrat(from, mn_name(b->b_mf, owner), &sa,
		    RUMP_AT_SYMLINK_NOFOLLOW);
	}
	(void)rump_sys_close(from);
	return error;
}

static void
link_later(struct builder *b, uint32_t node)
{
	if (b->b_nlate == b->b_lateroom) {
		b->b_lateroom = 2 * b->b_lateroom + 64;
		b->b_late = fsu_realloc(
		    b->b_late, b->b_lateroom * sizeof(*b->b_late));
	}
	b->b_late[b->b_nlate++] = node;
}

/* The formatter made a lost+found; the tree has one of its own. */
static bool
is_lostfound(struct builder *b, uint32_t node)
{
	const struct mnode *m = mn(b->b_mf, node);

	return b->b_lostfound && m->m_parent == 0 &&
	    strcmp(mn_name(b->b_mf, m), "lost+found") == 0;
}

static int
make_child(struct builder *b, uint32_t node)
{
	struct mnode *m = mn(b->b_mf, node);
	int error;

	fsu_progress_file();
	if (is_lostfound(b, node)) {
		if ((m->m_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
			return 0; /* it gets its attributes when it is left */
		error = rump_sys_unlinkat(
		    RUMP_AT_FDCWD, "lost+found", RUMP_AT_REMOVEDIR);
		if (error != 0)
			return error;
	}
	if ((m->m_flags & MN_LINKED) != 0 && m->m_link != node) {
		if ((mn(b->b_mf, m->m_link)->m_flags & MN_MADE) != 0)
			error = make_link(b, node, RUMP_AT_FDCWD);
		else {
			link_later(b, node);
			error = 0;
		}
	} else
		error = make_node(b, node);
	return error < 0 && !fatal(error) ? say(b, node, error) : error;
}

/* ---- the tree ------------------------------------------------------------------------- */

/* Those that come first, or the others; with no such rule all are others. */
static int
make_some(struct builder *b, uint32_t dir, bool first)
{
	bool (*rule)(const char *, size_t) = b->b_opts->mo_type->nt_name_first;
	int error = 0;

	for (uint32_t c = mn(b->b_mf, dir)->m_child; c != 0 && error == 0;
	     c = mn(b->b_mf, c)->m_next) {
		const struct mnode *m = mn(b->b_mf, c);

		if (first !=
		    (rule != NULL && rule(mn_name(b->b_mf, m), m->m_namelen)))
			continue;
		error = make_child(b, c);
		if (fsu_interrupted())
			error = -RUMP_EINTR;
	}
	return error;
}

static int
make_children(struct builder *b, uint32_t dir)
{
	int error = 0;

	b->b_dir = dir;
	b->b_srcdir = -1;
	if (b->b_opts->mo_type->nt_name_first != NULL)
		error = make_some(b, dir, true);
	return error != 0 ? error : make_some(b, dir, false);
}

static int
leave_dir(struct builder *b, uint32_t dir)
{
	const struct mnode *m = mn(b->b_mf, dir);
	int error = m->m_extra != 0 ? set_xattrs(b, dir, ".") : 0;

	if (error == 0 || !fatal(error)) {
		if (error != 0)
			say(b, dir, error);
		error = set_attributes(m, ".");
	}
	return error;
}

/* The first directory that could be entered in the list that starts at node. */
static uint32_t
next_dir(struct builder *b, uint32_t node)
{
	while (node != 0 &&
	    ((mn(b->b_mf, node)->m_mode & RUMP_S_IFMT) != RUMP_S_IFDIR ||
		((mn(b->b_mf, node)->m_flags & MN_MADE) == 0 &&
		    !is_lostfound(b, node))))
		node = mn(b->b_mf, node)->m_next;
	return node;
}

static int
walk(struct builder *b)
{
	uint32_t dir = 0, next;
	int error = make_children(b, 0);

	next = next_dir(b, mn(b->b_mf, 0)->m_child);
	while (error == 0) {
		if (next != 0) {
			dir = next;
			error = rump_sys_chdir(
			    mn_name(b->b_mf, mn(b->b_mf, dir)));
			if (error == 0)
				error = make_children(b, dir);
			next = next_dir(b, mn(b->b_mf, dir)->m_child);
			continue;
		}
		error = leave_dir(b, dir);
		if (dir == 0 || error != 0)
			break;
		next = next_dir(b, mn(b->b_mf, dir)->m_next);
		dir = mn(b->b_mf, dir)->m_parent;
		error = rump_sys_chdir("..");
	}
	return error;
}

/* Links whose owner came later; their directories' times once more. */
static int
late_links(struct builder *b)
{
	int error = 0;

	for (size_t i = 0; i < b->b_nlate && error == 0; i++) {
		uint32_t node = b->b_late[i];
		int dir = open_parent(b, node);
		struct rump_setattr sa;

		if (dir < 0)
			return dir;
		if ((mn(b->b_mf, mn(b->b_mf, node)->m_link)->m_flags &
			MN_MADE) != 0)
			error = make_link(b, node, dir);
		else
			error = -RUMP_ENOENT;
		if (error < 0 && !fatal(error))
			error = say(b, node, error);
		attributes(mn(b->b_mf, mn(b->b_mf, node)->m_parent), &sa);
		if (error == 0)
			error = rump_sys_setattrat(
			    dir, ".", &sa, RUMP_AT_SYMLINK_NOFOLLOW);
		(void)rump_sys_close(dir);
	}
	return error;
}

int
build_tree(struct builder *b)
{
	int error;

	for (uint32_t i = 0; i < b->b_mf->mf_n; i++)
		mn(b->b_mf, i)->m_flags &= (uint16_t)~MN_MADE;
	error = walk(b);
	return error != 0 ? error : late_links(b);
}
