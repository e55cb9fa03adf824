/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formats that are written once, whole, by their formatter: it is shown the tree, and
 * hands the files' content to the copier by their place in the image.  Nothing is
 * mounted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rump/rump_abi.h>
#include <rump/rumpuser.h>

#include "build.h"
#include "fsu/fsu.h"
#include "fsu/progress.h"
#include "fsu/target.h"

struct whole {
	struct newfs_tree w_tree;
	struct builder w_b;	 /* its mount isn't there */
	uint64_t w_base;	 /* where in the host's file the image begins */
	int w_fd;		 /* the node that is being read; -1 */
	uint32_t w_node, w_told; /* ... and one that could not be */
};

static struct whole *
whole_of(struct newfs_tree *tr)
{
	return (struct whole *)(void *)tr;
}

/* ---- what the formatter sees --------------------------------------------------- */

static void
show_node(struct newfs_tree *tr, uint32_t i, struct newfs_treenode *tn)
{
	const struct manifest *mf = whole_of(tr)->w_b.b_mf;
	const struct mnode *m = mn(mf, i), *f = m;

	if ((m->m_flags & MN_LINKED) != 0)
		f = mn(mf, m->m_link);
	*tn = (struct newfs_treenode){
	    .tn_name = mn_name(mf, m),
	    .tn_namelen = m->m_namelen,
	    .tn_mode = f->m_mode,
	    .tn_uid = f->m_uid,
	    .tn_gid = f->m_gid,
	    .tn_sec = f->m_sec,
	    .tn_nsec = f->m_nsec,
	    .tn_size = f->m_size,
	    .tn_parent = m->m_parent,
	    .tn_child = m->m_child,
	    .tn_next = m->m_next,
	    .tn_owner = (m->m_flags & MN_LINKED) != 0 ? m->m_link : i,
	};
	if ((f->m_mode & RUMP_S_IFMT) == RUMP_S_IFLNK)
		tn->tn_target = arena_at(&mf->mf_names, (uint32_t)f->m_pos);
}

static void
say_node(struct newfs_tree *tr, uint32_t i, const char *what, bool fails)
{
	struct builder *b = &whole_of(tr)->w_b;
	char *path;

	if (fails)
		b->b_failed = true;
	if (i == UINT32_MAX) {
		fsu_msg("%s", what);
		return;
	}
	path = manifest_pathname(b->b_mf, i);
	fsu_msg("%s: %s", fsu_visible(path), what);
	free(path);
}

/* ---- content that workers move ---------------------------------------------------- */

/* The file's data ranges, at their places from off on. */
static int
add_ranges(struct builder *b, uint32_t node, uint64_t off)
{
	const struct mnode *m = mn(b->b_mf, node);
	const struct mextra *x = arena_at(&b->b_mf->mf_extras, m->m_extra);
	const struct newfs_range *r = extra_ranges(x);
	struct copy_run *runs;
	int error;

	runs = fsu_calloc(x->x_nrange + 1u, sizeof(*runs));
	for (uint32_t i = 0; i < x->x_nrange; i++)
		runs[i] = (struct copy_run){
		    r[i].nr_off, r[i].nr_len, off + r[i].nr_off};
	error = copier_add(b->b_copier, node, runs, x->x_nrange);
	free(runs);
	return error;
}

static int
move_content(struct newfs_tree *tr, uint32_t i, uint64_t off, bool dirty)
{
	struct whole *w = whole_of(tr);
	struct builder *b = &w->w_b;
	const struct mnode *m = mn(b->b_mf, i);
	const struct copy_run run = {0, m->m_size, w->w_base + off};

	if (fsu_interrupted())
		return EINTR;
	fsu_progress_file();
	if (b->b_dir != m->m_parent) {
		b->b_dir = m->m_parent;
		b->b_srcdir = -1;
	}
	if (m->m_size == 0)
		return -build_look_at_empty(b, i);
	/* what the source doesn't give any more stays zeros */
	if (build_source_dir(b, m) != 0)
		return 0;
	if ((m->m_flags & MN_HOLES) != 0 && !dirty)
		return add_ranges(b, i, run.cr_hostoff);
	return copier_add(b->b_copier, i, &run, 1);
}

/* ---- content that the formatter wants ----------------------------------------------- */

static void
cannot_read(struct whole *w, uint32_t i, const char *why)
{
	if (w->w_told != i)
		say_node(&w->w_tree, i, why, true);
	w->w_told = i;
}

static int
open_node(struct whole *w, uint32_t i)
{
	const struct manifest *mf = w->w_b.b_mf;
	const struct mnode *m = mn(mf, i);
	const struct msource *s = &mf->mf_source[m->m_source];
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	char *path;

	if (w->w_node == i && w->w_fd >= 0)
		return w->w_fd;
	if (w->w_fd >= 0)
		close(w->w_fd);
	w->w_node = i;
	if ((m->m_flags & MN_PATH) != 0) {
		w->w_fd = openat(s->s_fd,
		    arena_at(&mf->mf_names, (uint32_t)m->m_pos), flags);
	} else {
		path = manifest_pathname(mf, i);
		w->w_fd = open_below(s->s_fd, path, flags | O_NOFOLLOW);
		free(path);
	}
	if (w->w_fd < 0)
		cannot_read(w, i, fsu_strerror(errno));
	return w->w_fd;
}

static int
read_node(
    struct newfs_tree *tr, uint32_t i, void *buf, size_t len, uint64_t off)
{
	struct whole *w = whole_of(tr);
	const struct manifest *mf = w->w_b.b_mf;
	const struct mnode *m = mn(mf, i);
	const struct msource *s = &mf->mf_source[m->m_source];
	bool spool = s->s_kind == SRC_SPOOL;
	int fd = spool ? s->s_fd : open_node(w, i);
	uint64_t at = off + (spool ? m->m_pos : 0);
	char *p = buf;
	ssize_t n = fd < 0 ? -1 : 0;

	if (fsu_interrupted())
		return EINTR;
	while (len > 0 && fd >= 0) {
		n = pread(fd, p, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	if (len == 0)
		return 0;
	memset(p, 0, len);
	cannot_read(w, i,
	    n < 0 ? fsu_strerror(errno)
		  : "shrank while it was read: filled up with zeros");
	return 0;
}

/* ---- once through the formatter --------------------------------------------------------- */

static void
start(struct whole *w, struct makefs_opts *mo, struct manifest *mf)
{
	*w = (struct whole){
	    .w_tree =
		{
		    .tr_n = mf->mf_n,
		    .tr_node = show_node,
		    .tr_say = say_node,
		    .tr_content = move_content,
		    .tr_read = read_node,
		},
	    .w_b = {.b_opts = mo, .b_mf = mf, .b_srcdir = -1},
	    .w_fd = -1,
	    .w_told = UINT32_MAX,
	};
	w->w_b.b_dir = UINT32_MAX;
	build_tell(mo, mf);
}

static int
too_small(const struct makefs_opts *mo, uint64_t need, uint64_t have)
{
	fsu_msg("%s: the tree needs %llu bytes, %llu more than the %llu there "
		"are: say -s %llu, or leave -s out, or put less in",
	    fsu_visible(mo->mo_image), (unsigned long long)need,
	    (unsigned long long)(need - have), (unsigned long long)have,
	    (unsigned long long)need);
	return FSU_FAIL;
}

/* The formatter failed: in words of its own, or for an errno of writing. */
static int
tell_failure(struct makefs_opts *mo, struct fsu_target *tg, int error,
    const struct newfs_result *nr, const char *why)
{
	const struct newfs_opts *o = &mo->mo_newfs;

	if (why[0] != '\0') {
		fsu_msg("%s: %s", fsu_visible(mo->mo_image), fsu_visible(why));
		return FSU_FAIL;
	}
	if (error == EINTR || error == EINVAL)
		return FSU_FAIL; /* was said of each node */
	if (error == ENOSPC && o->no_max != 0 && nr->nr_size > o->no_max)
		return too_small(mo, nr->nr_size, o->no_max);
	if (tg != NULL)
		build_host_failed(mo, tg, error);
	else
		fsu_msg(
		    "%s: %s", fsu_visible(mo->mo_image), fsu_strerror(error));
	return FSU_FAIL;
}

static int
measure(struct makefs_opts *mo, struct manifest *mf, struct newfs_result *nr)
{
	struct newfs_opts *o = &mo->mo_newfs;
	char why[NEWFS_WHY] = "";
	struct whole w;
	int error;

	start(&w, mo, mf);
	error = mo->mo_type->nt_write(o, &w.w_tree, NULL, nr, why);
	if (w.w_fd >= 0)
		close(w.w_fd);
	if (error != 0)
		return tell_failure(mo, NULL, error, nr, why);
	return w.w_b.b_failed ? FSU_FAIL : FSU_OK;
}

/* What -s, -M and -m mean, before the formatter knows. */
static void
set_bounds(struct makefs_opts *mo)
{
	struct newfs_opts *o = &mo->mo_newfs;

	o->no_size = mo->mo_size > mo->mo_min ? mo->mo_size : mo->mo_min;
	o->no_max = mo->mo_size != 0 ? mo->mo_size : mo->mo_max;
}

int
whole_size(struct makefs_opts *mo, struct manifest *mf, uint64_t *sizep)
{
	struct newfs_result nr;
	int status;

	set_bounds(mo);
	mo->mo_newfs.no_size = 0;
	status = measure(mo, mf, &nr);
	*sizep = nr.nr_size + mo->mo_size_extra;
	return status;
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
write_image(struct makefs_opts *mo, struct manifest *mf, struct fsu_target *tg,
    struct newfs_result *nr)
{
	struct newfs_fileio nf;
	char why[NEWFS_WHY] = "";
	struct whole w;
	int error, werror, fd = rumpuser_file_fd(tg->tg_file);

	start(&w, mo, mf);
	error = rumpuser_file_setsize(tg->tg_file, 0);
	if (error != 0)
		return tell_failure(mo, tg, error, nr, why);
	fsu_progress_phase("writing", mf->mf_bytes);
	w.w_base = tg->tg_offset;
	w.w_b.b_copier = copier_new(mf, fd, mo->mo_newfs.no_block);
	newfs_fileio_init(&nf, fd, tg->tg_offset, 0, true, false);
	error = mo->mo_type->nt_write(
	    &mo->mo_newfs, &w.w_tree, &nf.nf_io, nr, why);
	werror = copier_finish(w.w_b.b_copier, &w.w_b.b_failed);
	if (w.w_fd >= 0)
		close(w.w_fd);
	if (error == 0)
		error = werror;
	if (error != 0)
		return tell_failure(mo, tg, error, nr, why) == FSU_OK ? FSU_OK
								      : -1;
	return w.w_b.b_failed ? FSU_FAIL : FSU_OK;
}

int
build_whole(struct makefs_opts *mo, struct manifest *mf, struct fsu_target *tg,
    uint64_t *sizep, bool *made)
{
	struct newfs_result nr = {0};
	double t0 = now();
	int status;

	set_bounds(mo);
	if (mo->mo_size_extra != 0) {
		status = measure(mo, mf, &nr);
		if (status != FSU_OK)
			return status;
		mo->mo_newfs.no_size = nr.nr_size + mo->mo_size_extra;
	}
	if (tg->tg_room != 0 && mo->mo_newfs.no_max == 0)
		mo->mo_newfs.no_max = tg->tg_room;
	status = write_image(mo, mf, tg, &nr);
	if ((mo->mo_debug & MAKEFS_DEBUG_TIME) != 0)
		fsu_msg("write %.3f s", now() - t0);
	*made = status >= 0;
	*sizep = nr.nr_size;
	return status >= 0 ? status : FSU_FAIL;
}
