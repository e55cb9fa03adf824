/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar -c, and -t without an archive: the walk.
 *
 * Names come in bytewise order, directories before what is in them.  The first
 * name of a file that has several carries its data, the others are links to it.
 * Data goes from the image into the output's own buffer.  A file whose data can't
 * be read keeps its place: zeros, a message and status 1, as with other tars.
 */
#include <stdlib.h>
#include <string.h>

#include <fsu/progress.h>

#include "tar.h"

#define READ_BYTES (256u << 10)

struct link {
	uint64_t dev, ino;
	char *name;
};

struct create {
	struct fsu *f;
	struct tar_opts *o;
	struct tar_out out;
	struct tar_foreign *foreign;
	uint64_t fs_bytes; /* of the whole file system */
	bool list;	   /* -t: lines only */
	struct link *links;
	size_t nlinks, linkcap; /* open addressing; cap is a power of two */
	char *target;		/* a symlink's */
	struct tar_range *range;
	size_t rangecap;
};

/* ---- names of one file ------------------------------------------------------------ */

static size_t
link_slot(const struct create *c, uint64_t dev, uint64_t ino)
{
	size_t i = (size_t)((ino * 0x9e3779b97f4a7c15ull) >> 20) + (size_t)dev;

	for (i &= c->linkcap - 1; c->links[i].name != NULL;
	     i = (i + 1) & (c->linkcap - 1))
		if (c->links[i].ino == ino && c->links[i].dev == dev)
			break;
	return i;
}

static void
links_grow(struct create *c)
{
	struct link *old = c->links;
	size_t n = c->linkcap;

	c->linkcap = n == 0 ? 256 : n * 2;
	c->links = fsu_calloc(c->linkcap, sizeof(*c->links));
	for (size_t i = 0; i < n; i++)
		if (old[i].name != NULL)
			c->links[link_slot(c, old[i].dev, old[i].ino)] = old[i];
	free(old);
}

/* The file's first name, or NULL: this is it. */
static const char *
first_name(struct create *c, const struct tar_member *m)
{
	size_t i;

	if (c->nlinks * 2 >= c->linkcap)
		links_grow(c);
	i = link_slot(c, m->m_st.st_dev, m->m_st.st_ino);
	if (c->links[i].name != NULL)
		return c->links[i].name;
	c->links[i] = (struct link){
	    m->m_st.st_dev, m->m_st.st_ino, fsu_strdup(m->m_name)};
	c->nlinks++;
	return NULL;
}

/* ---- data ------------------------------------------------------------------------------ */

static void
add_range(struct create *c, struct tar_member *m, uint64_t off, uint64_t len)
{
	if (m->m_nrange == c->rangecap) {
		c->rangecap = c->rangecap == 0 ? 64 : c->rangecap * 2;
		c->range = fsu_realloc(
		    c->range, c->rangecap * sizeof(*c->range));
	}
	c->range[m->m_nrange++] = (struct tar_range){off, len};
	m->m_range = c->range;
}

/* Where the data is, if there are holes. */
static void
find_holes(struct create *c, struct tar_member *m, int fd)
{
	uint64_t size = m->m_st.st_size, off = 0;

	m->m_range = c->range;
	/* More than the file system holds: the count of blocks isn't believed. */
	if (m->m_st.st_blocks >= size / 512 && size <= c->fs_bytes)
		return;
	while (off < size && !fsu_interrupted()) {
		int64_t data, hole;

		data = rump_sys_lseek(fd, (int64_t)off, RUMP_SEEK_DATA);
		if (data == -RUMP_ENXIO)
			break;
		hole = data < 0 ? data
				: rump_sys_lseek(fd, data, RUMP_SEEK_HOLE);
		if (hole <= data) { /* it doesn't know */
			m->m_nrange = 0;
			return;
		}
		if ((uint64_t)hole > size)
			hole = (int64_t)size;
		add_range(c, m, (uint64_t)data, (uint64_t)(hole - data));
		off = (uint64_t)hole;
	}
	m->m_sparse = m->m_nrange != 1 || m->m_range[0].off != 0 ||
	    m->m_range[0].len != size;
}

/* len bytes at off of fd. */
static int
copy_range(struct create *c, int fd, uint64_t off, uint64_t len)
{
	while (len > 0 && c->out.o_error == 0) {
		size_t room;
		char *p = tar_out_room(
		    &c->out, len < 4096 ? (size_t)len : 4096, &room);
		int64_t n;

		if (room > len)
			room = (size_t)len;
		n = rump_sys_pread(fd, p, room, off);
		if (n <= 0) {
			tar_out_zero(&c->out, len);
			return n == 0 ? -RUMP_EIO : (int)n;
		}
		tar_out_did(&c->out, (size_t)n);
		off += (uint64_t)n;
		len -= (uint64_t)n;
		if (fsu_interrupted())
			return -RUMP_EINTR;
	}
	return 0;
}

static int
copy_data(struct create *c, const struct tar_member *m, int fd)
{
	int r = 0;

	if (!m->m_sparse)
		r = copy_range(c, fd, 0, m->m_st.st_size);
	for (size_t i = 0; m->m_sparse && i < m->m_nrange && r == 0; i++)
		r = copy_range(c, fd, m->m_range[i].off, m->m_range[i].len);
	tar_out_pad(&c->out, TAR_BLOCK);
	return r;
}

/* ---- an entry ----------------------------------------------------------------------------- */

/* What the command line says of owners, modes and times. */
static void
override(const struct tar_opts *o, struct tar_member *m)
{
	struct rump_stat *st = &m->m_st;
	struct rump_timespec *t = &st->st_mtim;

	if (o->to_setuid)
		st->st_uid = o->to_uid;
	if (o->to_setgid)
		st->st_gid = o->to_gid;
	if (o->to_mode_change != NULL &&
	    (st->st_mode & RUMP_S_IFMT) != RUMP_S_IFLNK)
		st->st_mode = (st->st_mode & RUMP_S_IFMT) |
		    (fsu_mode_apply(o->to_mode_change, st->st_mode,
			 (st->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR, 0) &
			RUMP_ALLPERMS);
	if (o->to_setmtime &&
	    (!o->to_clamp || t->tv_sec > o->to_mtime ||
		(t->tv_sec == o->to_mtime && t->tv_nsec > o->to_mtime_ns))) {
		t->tv_sec = o->to_mtime;
		t->tv_nsec = o->to_mtime_ns;
	}
	if (o->to_epoch &&
	    (t->tv_sec > o->to_epoch_sec ||
		(t->tv_sec == o->to_epoch_sec && t->tv_nsec > 0))) {
		t->tv_sec = o->to_epoch_sec;
		t->tv_nsec = 0;
	}
	if (o->to_numeric)
		return;
	m->m_uname = o->to_uname;
	m->m_gname = o->to_gname;
	if (m->m_uname == NULL)
		m->m_uname = fsu_user_name(st->st_uid);
	if (m->m_gname == NULL)
		m->m_gname = fsu_group_name(st->st_gid);
}

static void
say_member(struct create *c, const struct tar_member *m)
{
	struct fsu_out *out = c->o->to_says;

	if (c->o->to_verbose == 0 && !c->list)
		return;
	fsu_progress_hide(); /* it may be the same terminal */
	if (c->o->to_verbose > (c->list ? 0 : 1))
		tar_list_member(out, c->o, m);
	else
		tar_list_name(out, m);
	if (!c->list)
		fsu_out_flush(out);
}

static int
read_target(
    struct create *c, struct tar_member *m, const struct ukfs_walkent *e)
{
	int64_t n;

	if (c->target == NULL)
		c->target = fsu_malloc(RUMP_PATH_MAX + 1);
	n = rump_sys_readlinkat(
	    e->uw_dirfd, e->uw_name, c->target, RUMP_PATH_MAX);
	if (n < 0)
		return (int)n;
	c->target[n] = '\0';
	m->m_link = c->target;
	return 0;
}

static int
failed(struct create *c, const struct ukfs_walkent *e, int error)
{
	fsu_error(c->f, e->uw_path, error);
	return 0; /* the rest is tried */
}

static int
open_entry(struct create *c, const struct ukfs_walkent *e)
{
	return rump_sys_openat(e->uw_dirfd, e->uw_name,
	    RUMP_O_RDONLY | RUMP_O_NONBLOCK |
		(c->o->to_follow ? 0 : RUMP_O_NOFOLLOW),
	    0);
}

/* Header and data of an entry that is complete. */
static int
write_member(struct create *c, struct tar_member *m, int fd,
    const struct ukfs_walkent *e)
{
	bool data = fd >= 0 && !m->m_hardlink &&
	    (m->m_st.st_mode & RUMP_S_IFMT) == RUMP_S_IFREG;
	const char *why;
	int r;

	if (c->list)
		return 0;
	fsu_progress_file();
	if (c->foreign != NULL) {
		tar_foreign_add(c->foreign, m);
		return tar_foreign_dead(c->foreign) ? -1 : 0;
	}
	if (data && c->o->to_kind != TAR_USTAR)
		find_holes(c, m, fd);
	why = tar_header(&c->out, c->o->to_kind, m);
	if (why != NULL) {
		fsu_errorf(c->f, "%s: %s", fsu_visible(e->uw_path), why);
		return 0;
	}
	r = data ? copy_data(c, m, fd) : 0;
	if (r != 0)
		failed(c, e, r);
	return c->out.o_error != 0 ? -1 : 0;
}

static int
one_entry(struct create *c, const struct ukfs_walkent *e, const char *name)
{
	struct tar_member m = {
	    .m_name = name, .m_st = *e->uw_st, .m_source = e->uw_path};
	uint32_t type = m.m_st.st_mode & RUMP_S_IFMT;
	bool attrs = !c->list &&
	    (c->o->to_kind == TAR_PAX || c->o->to_kind == TAR_FOREIGN);
	int fd = -1, r = 0;

	if (type == RUMP_S_IFSOCK && c->foreign == NULL) {
		fsu_warnf(c->f, "%s: socket ignored", fsu_visible(e->uw_path));
		return 0;
	}
	override(c->o, &m);
	/* libarchive has its own way with links, by format. */
	if (c->foreign == NULL && type != RUMP_S_IFDIR && m.m_st.st_nlink > 1) {
		m.m_link = first_name(c, &m);
		m.m_hardlink = m.m_link != NULL;
	}
	if (!m.m_hardlink && type == RUMP_S_IFLNK)
		r = read_target(c, &m, e);
	if (r == 0 && !m.m_hardlink && type == RUMP_S_IFREG && !c->list &&
	    c->foreign == NULL && m.m_st.st_size > 0) {
		fd = open_entry(c, e);
		r = fd < 0 ? fd : 0;
	}
	if (r == 0 && attrs && !m.m_hardlink)
		r = tar_attr_read(&m, fd, e->uw_dirfd, e->uw_name, c->o);
	if (r == 0) {
		say_member(c, &m);
		r = write_member(c, &m, fd, e);
	} else
		r = failed(c, e, r);
	if (fd >= 0)
		rump_sys_close(fd);
	tar_attr_free(&m);
	return r;
}

static int
visit(void *arg, const struct ukfs_walkent *e)
{
	struct create *c = arg;
	char *trimmed = NULL;
	const char *name;
	size_t len;
	int r;

	if (fsu_interrupted())
		return -1;
	if (e->uw_kind == UKFS_WALK_DIREND)
		return 0;
	if (e->uw_kind == UKFS_WALK_ERROR)
		return failed(c, e, e->uw_error);
	name = tar_member_name(c->o, e->uw_path);
	len = strlen(name);
	if (len > 1 && name[len - 1] == '/') { /* an operand's "dir/" */
		while (len > 1 && name[len - 1] == '/')
			len--;
		name = trimmed = fsu_strndup(name, len);
	}
	if (tar_excluded(c->o, name))
		r = UKFS_WALK_SKIP;
	else
		r = one_entry(c, e, name);
	free(trimmed);
	if (r == 0 && c->o->to_norecurse && e->uw_kind == UKFS_WALK_DIR)
		r = UKFS_WALK_SKIP;
	return r;
}

/* ---- all --------------------------------------------------------------------------------- */

static int
walk(struct create *c, const char *path)
{
	return ukfs_walk(fsu_ukfs(c->f), path,
	    (c->o->to_follow ? UKFS_WALK_FOLLOW : 0) |
		(c->o->to_onefs ? UKFS_WALK_XDEV : 0),
	    visit, c);
}

static int
finish(struct create *c)
{
	int status = FSU_OK, error;

	if (c->foreign != NULL)
		return tar_foreign_close(c->foreign);
	if (!fsu_interrupted())
		tar_end(&c->out);
	tar_out_close(&c->out);
	error = c->out.o_error;
	if (error == RUMP_EPIPE)
		return 128 + 13; /* as if SIGPIPE had ended us */
	if (error != 0 && !fsu_interrupted()) {
		fsu_error(NULL,
		    c->o->to_file != NULL ? c->o->to_file : "standard output",
		    error);
		status = FSU_FAIL;
	}
	return status;
}

int
tar_create(struct fsu *f, struct tar_opts *o, int n, char **operands)
{
	struct create c = {.f = f, .o = o, .list = o->to_mode == 't'};
	struct rump_statvfs sv;
	int status = FSU_OK, r = 0;

	if (ukfs_fsinfo(fsu_ukfs(f), &sv) == 0)
		c.fs_bytes = sv.f_blocks * sv.f_frsize;
	if (c.list)
		status = FSU_OK;
	else if (o->to_kind == TAR_FOREIGN) {
		c.foreign = tar_foreign_open(f, o);
		if (c.foreign == NULL)
			return FSU_FAIL;
	} else if (!tar_out_open(&c.out, o->to_fd, o->to_filter, o->to_level))
		return FSU_FAIL;
	for (int i = 0; i < n && r == 0; i++)
		r = walk(&c, operands[i]);
	for (size_t i = 0; i < o->to_from.n && r == 0; i++)
		r = walk(&c, o->to_from.n_list[i]);
	if (n == 0 && o->to_from.n == 0)
		r = walk(&c, ".");
	if (!c.list)
		status = finish(&c);
	for (size_t i = 0; i < c.linkcap; i++)
		free(c.links[i].name);
	free(c.links);
	free(c.target);
	free(c.range);
	return status;
}
