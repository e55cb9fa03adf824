/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pairs of names: what GNU diff says of each.
 *
 * Two directories are gone through together, each read whole and sorted, so memory
 * follows the depth and the largest directory.  A directory that is its own
 * ancestor (through a link, or in a damaged image) is not gone into again; one that
 * stands in an image twice without a link being on the way is an error.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"

/* The directories above, the innermost first. */
struct above {
	const struct above *up;
	const struct diff_node *dir;
	bool linked; /* a symlink is on the way */
};

static int pair(struct diff_state *d, const struct above *up,
    const char *const path[2], const struct diff_name *const known[2]);

/* ---- messages -------------------------------------------------------------------- */

int
fsu_diff_trouble(struct diff_state *d, int side, const char *path, int error)
{
	if (fsu_interrupted())
		return DIFF_TROUBLE;
	fsu_out_flush(&fsu_stdout);
	fsu_warnf(
	    d->side[side].f, "%s: %s", fsu_visible(path), fsu_strerror(error));
	return DIFF_TROUBLE;
}

static void
put3(const char *a, const char *b, const char *c)
{
	fsu_out_str(&fsu_stdout, a);
	fsu_out_str(&fsu_stdout, b);
	fsu_out_str(&fsu_stdout, c);
}

static const char *
kind(const struct rump_stat *st)
{
	switch (st->st_mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		return st->st_size == 0 ? "regular empty file" : "regular file";
	case RUMP_S_IFDIR:
		return "directory";
	case RUMP_S_IFLNK:
		return "symbolic link";
	case RUMP_S_IFIFO:
		return "fifo";
	case RUMP_S_IFBLK:
		return "block special file";
	case RUMP_S_IFCHR:
		return "character special file";
	case RUMP_S_IFSOCK:
		return "socket";
	default:
		return "weird file";
	}
}

static bool
is_type(const struct diff_node *n, uint32_t type)
{
	return (n->st.st_mode & RUMP_S_IFMT) == type;
}

static bool
is_dir(const struct diff_node *n)
{
	return is_type(n, RUMP_S_IFDIR);
}

static const char *
label(const struct diff_state *d, const struct diff_node n[2], int i)
{
	return d->label[i] != NULL ? d->label[i] : n[i].path;
}

/* ---- pairs ----------------------------------------------------------------------------- */

static int
only_in(const struct above *up, const struct diff_node n[2])
{
	int side = n[0].absent ? 1 : 0;
	char *name = fsu_basename(n[side].path);

	put3("Only in ", up->dir[side].path, ": ");
	put3(name, "\n", "");
	free(name);
	return DIFF_DIFFER;
}

static int
other_kind(struct diff_state *d, const struct diff_node n[2])
{
	put3("File ", label(d, n, 0), " is a ");
	put3(kind(&n[0].st), " while file ", label(d, n, 1));
	put3(" is a ", kind(&n[1].st), "\n");
	return DIFF_DIFFER;
}

static int
links(struct diff_state *d, const struct diff_node n[2])
{
	char target[2][RUMP_PATH_MAX];
	int64_t len[2];
	int i;

	for (i = 0; i < 2; i++) {
		len[i] = fsu_diff_readlink(
		    &d->side[i], n[i].path, target[i], sizeof(target[i]));
		if (len[i] < 0)
			return fsu_diff_trouble(d, i, n[i].path, (int)len[i]);
	}
	if (len[0] == len[1] &&
	    memcmp(target[0], target[1], (size_t)len[0]) == 0)
		return DIFF_SAME;
	put3("Symbolic links ", n[0].path, " and ");
	put3(n[1].path, " differ\n", "");
	return DIFF_DIFFER;
}

/* Has this directory been come through on the way here, or in the image before? */
static int
check_loop(
    struct diff_state *d, const struct above *up, const struct diff_node n[2])
{
	const struct above *a;
	int i, r;

	for (i = 0; i < 2; i++) {
		if (n[i].absent)
			continue;
		for (a = up; a != NULL; a = a->up)
			if (!a->dir[i].absent &&
			    a->dir[i].st.st_ino == n[i].st.st_ino &&
			    a->dir[i].st.st_dev == n[i].st.st_dev) {
				fsu_warnf(d->side[i].f,
				    "%s: recursive directory loop",
				    fsu_visible(n[i].path));
				return DIFF_TROUBLE;
			}
	}
	if (n[0].absent || (up != NULL && up->linked))
		return DIFF_SAME;
	r = ukfs_seen_add(&d->seen, n[0].st.st_dev, n[0].st.st_ino);
	return r == 1
	    ? DIFF_SAME
	    : fsu_diff_trouble(d, 0, n[0].path, r == 0 ? -RUMP_EUCLEAN : r);
}

static bool
excluded(const struct diff_state *d, const char *name)
{
	size_t i;

	for (i = 0; i < d->nexclude; i++)
		if (fnmatch(d->exclude[i], name, 0) == 0)
			return true;
	return false;
}

static int
compare_names(const char *a, const char *b)
{
	int c = fsu_locale_collates ? strcoll(a, b) : 0;

	return c != 0 ? c : strcmp(a, b);
}

static int
worse(int a, int b)
{
	return a > b ? a : b;
}

/* One step through both lists: the same name, or the lesser one alone. */
static int
step(struct diff_state *d, const struct above *up, struct diff_list l[2],
    size_t at[2])
{
	const struct diff_name *known[2];
	const char *name;
	char *path[2];
	int c, status, i;

	if (at[0] == l[0].n)
		c = 1;
	else if (at[1] == l[1].n)
		c = -1;
	else
		c = compare_names(l[0].v[at[0]].name, l[1].v[at[1]].name);
	known[0] = c <= 0 ? &l[0].v[at[0]++] : NULL;
	known[1] = c >= 0 ? &l[1].v[at[1]++] : NULL;
	name = known[0] != NULL ? known[0]->name : known[1]->name;
	if (excluded(d, name))
		return DIFF_SAME;
	for (i = 0; i < 2; i++)
		if (known[i] != NULL && known[i]->error != 0)
			return fsu_diff_trouble(
			    d, i, up->dir[i].path, -known[i]->error);
	path[0] = fsu_path_join(up->dir[0].path, name);
	path[1] = fsu_path_join(up->dir[1].path, name);
	status = pair(d, up, (const char *const *)path, known);
	free(path[0]);
	free(path[1]);
	return status;
}

static int
directories(struct diff_state *d, const struct above *outer,
    const struct diff_node n[2], bool linked)
{
	struct above up = {outer, n, linked || (outer && outer->linked)};
	struct diff_list l[2] = {0};
	size_t at[2] = {0, 0};
	int i, r, status;

	status = check_loop(d, outer, n);
	for (i = 0; i < 2 && status == DIFF_SAME; i++) {
		r = n[i].absent
		    ? 0
		    : fsu_diff_readdir(&d->side[i], n[i].path, &l[i]);
		if (r != 0)
			status = fsu_diff_trouble(d, i, n[i].path, r);
	}
	if (status == DIFF_SAME)
		while ((at[0] < l[0].n || at[1] < l[1].n) &&
		    !fsu_interrupted() && fsu_stdout.error == 0)
			status = worse(status, step(d, &up, l, at));
	fsu_diff_list_free(&l[0]);
	fsu_diff_list_free(&l[1]);
	return status;
}

static int
compare_contents(
    struct diff_state *d, const struct above *up, const struct diff_node n[2])
{
	bool comparable, regular;

	comparable = (is_type(&n[0], RUMP_S_IFREG) ||
			 is_type(&n[0], RUMP_S_IFLNK)) &&
	    (is_type(&n[1], RUMP_S_IFREG) || is_type(&n[1], RUMP_S_IFLNK));
	regular = is_type(&n[0], RUMP_S_IFREG) && is_type(&n[1], RUMP_S_IFREG);
	if (d->meta && !regular && n[0].st.st_mode != 0 &&
	    (n[0].st.st_mode & RUMP_S_IFMT) ==
		(n[1].st.st_mode & RUMP_S_IFMT) &&
	    !is_type(&n[0], RUMP_S_IFLNK))
		return DIFF_SAME; /* devices: diff_meta.c has looked */
	if (!comparable && (up != NULL || is_dir(&n[0]) || is_dir(&n[1])))
		return other_kind(d, n);
	if (is_type(&n[0], RUMP_S_IFLNK) != is_type(&n[1], RUMP_S_IFLNK))
		return other_kind(d, n);
	if (is_type(&n[0], RUMP_S_IFLNK))
		return links(d, n);
	return fsu_diff_files(d, n, up != NULL);
}

/* Both, or with -N one of them, are there. */
static int
present_pair(struct diff_state *d, const struct above *up,
    const struct diff_node n[2], bool linked)
{
	int status, meta;

	meta = DIFF_SAME;
	if (d->meta && !n[0].absent && !n[1].absent)
		meta = fsu_diff_meta(d, n);
	if (is_dir(&n[0]) && is_dir(&n[1])) {
		if (d->recursive || up == NULL)
			return worse(meta, directories(d, up, n, linked));
		put3("Common subdirectories: ", n[0].path, " and ");
		put3(n[1].path, "\n", "");
		return meta;
	}
	status = compare_contents(d, up, n);
	if (status == DIFF_SAME && d->same) {
		put3("Files ", label(d, n, 0), " and ");
		put3(label(d, n, 1), " are identical\n", "");
	}
	return worse(meta, status);
}

/* The node of a path: 0, or minus an error number. */
static int
look(struct diff_state *d, int side, const struct diff_name *known,
    struct diff_node *n, bool *linked)
{
	bool follow = !d->nofollow;

	if (known != NULL && known->st != NULL) {
		n->st = *known->st;
		if (!is_type(n, RUMP_S_IFLNK) || !follow)
			return 0;
		*linked = true;
	} else if (!d->side[side].image && follow)
		*linked = false; /* only the image's links matter */
	return fsu_diff_stat(&d->side[side], n->path, follow, &n->st);
}

static int
pair(struct diff_state *d, const struct above *up, const char *const path[2],
    const struct diff_name *const known[2])
{
	struct diff_node n[2] = {{.path = path[0]}, {.path = path[1]}};
	int i, r, status = DIFF_SAME;
	bool linked = false;

	for (i = 0; i < 2; i++)
		n[i].absent = up != NULL && known[i] == NULL;
	if ((n[0].absent || n[1].absent) && !d->newfile)
		return only_in(up, n); /* even a symlink that leads nowhere */
	for (i = 0; i < 2; i++) {
		if (n[i].absent)
			continue;
		r = look(d, i, known[i], &n[i], &linked);
		if (r == -RUMP_ENOENT && up == NULL && d->newfile)
			n[i].absent = true;
		else if (r != 0)
			status = fsu_diff_trouble(d, i, path[i], r);
	}
	if (status != DIFF_SAME)
		return status;
	if (n[0].absent && n[1].absent) {
		fsu_diff_trouble(d, 0, path[0], -RUMP_ENOENT);
		return fsu_diff_trouble(d, 1, path[1], -RUMP_ENOENT);
	}
	if (!n[0].absent && !n[1].absent)
		return present_pair(d, up, n, linked);
	/* One is missing: as if it were empty, where that is asked for. */
	i = n[0].absent ? 0 : 1;
	n[i].st.st_mode = n[!i].st.st_mode & RUMP_S_IFMT;
	if (!is_dir(&n[!i]) && !is_type(&n[!i], RUMP_S_IFREG))
		return up != NULL ? only_in(up, n) : DIFF_DIFFER;
	return present_pair(d, up, n, linked);
}

/* ---- operands ------------------------------------------------------------------------------ */

int
fsu_diff_operands(struct diff_state *d, const char *path0, const char *path1)
{
	const char *path[2] = {path0, path1};
	const struct diff_name *const known[2] = {NULL, NULL};
	struct rump_stat st[2];
	char *base, *inside;
	bool dir[2];
	int i, status;

	/* A file and a directory: with the file of that name in it. */
	inside = NULL;
	for (i = 0; i < 2; i++) {
		status = fsu_diff_stat(&d->side[i], path[i], true, &st[i]);
		dir[i] = status == 0 &&
		    (st[i].st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR;
		if (status != 0)
			dir[0] = dir[1] = false;
		if (status != 0)
			break;
	}
	if (i == 2 && dir[0] != dir[1]) {
		i = dir[0] ? 0 : 1;
		base = fsu_basename(path[!i]);
		inside = fsu_path_join(path[i], base);
		free(base);
		path[i] = inside;
		status = fsu_diff_stat(
		    &d->side[i], inside, !d->nofollow, &st[i]);
		if (status != 0) { /* -N doesn't help here */
			status = fsu_diff_trouble(d, i, inside, status);
			free(inside);
			return status;
		}
	}
	status = pair(d, NULL, path, known);
	free(inside);
	return status;
}
