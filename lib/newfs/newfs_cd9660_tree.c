/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two trees of directories, with their names in order, and the path tables
 * (ECMA-119, 9.4).
 *
 * Directories are found level by level, each one's in the order of their names: that
 * is the order of path tables, and a directory's number there is its index and 1.  A
 * directory's subdirectories follow each other.
 */
#include <stdlib.h>
#include <string.h>

#include "newfs/newfs_cd9660_int.h"

static int
grow(void **p, uint32_t *room, uint32_t n, size_t size)
{
	uint32_t more = 2 * *room + 64;
	void *grown;

	if (n < *room)
		return 0;
	grown = realloc(*p, more * size);
	if (grown == NULL)
		return RUMP_ENOMEM;
	*p = grown;
	*room = more;
	return 0;
}

/* ---- making ------------------------------------------------------------------------- */

static int
add_dir(struct iso_tree *t, uint32_t node, uint32_t up, uint32_t name)
{
	void *p = t->t_dir;

	if (grow(&p, &t->t_dirroom, t->t_ndir, sizeof(*t->t_dir)) != 0)
		return RUMP_ENOMEM;
	t->t_dir = p;
	t->t_dir[t->t_ndir++] = (struct iso_dir){
	    .d_node = node, .d_up = up, .d_name = name};
	return 0;
}

static int
add_entry(struct iso_tree *t, uint32_t node, unsigned flags)
{
	void *p = t->t_entry;

	if (grow(&p, &t->t_entryroom, t->t_nentry, sizeof(*t->t_entry)) != 0)
		return RUMP_ENOMEM;
	t->t_entry = p;
	t->t_entry[t->t_nentry++] = (struct iso_entry){
	    .e_node = node, .e_flags = (uint8_t)flags};
	return 0;
}

/* Joliet has files and directories. */
static int
add_child(struct iso *is, struct iso_tree *t, uint32_t node, uint32_t mode)
{
	uint32_t type = mode & RUMP_S_IFMT;

	if (type == RUMP_S_IFDIR)
		return add_entry(t, node,
		    !t->t_joliet &&
			    (is->i_node[node].n_flags & ISO_N_MOVED) != 0
			? ISO_E_CHILD
			: ISO_E_DIR);
	if (t->t_joliet && type != RUMP_S_IFREG)
		return 0;
	return add_entry(t, node, 0);
}

static int
add_children(struct iso *is, struct iso_tree *t, uint32_t node)
{
	struct newfs_treenode tn;
	int error = 0;

	if (node == is->i_moved) {
		for (uint32_t i = 0; i < is->i_nmoves && error == 0; i++)
			error = add_entry(
			    t, is->i_moves[i], ISO_E_DIR | ISO_E_RE);
		return error;
	}
	tn = iso_node_of(is, node);
	for (uint32_t c = tn.tn_child; c != 0 && error == 0; c = tn.tn_next) {
		tn = iso_node_of(is, c);
		error = add_child(is, t, c, tn.tn_mode);
	}
	if (node == 0 && !t->t_joliet && is->i_nmoves > 0 && error == 0)
		error = add_entry(t, is->i_moved, ISO_E_DIR);
	return error;
}

static int
entry_order(const void *a, const void *b, void *arg)
{
	const struct iso_entry *x = a, *y = b;
	const struct iso_tree *t = arg;
	size_t n = x->e_len < y->e_len ? x->e_len : y->e_len;
	int c = memcmp(t->t_names + x->e_name, t->t_names + y->e_name, n);

	return c != 0 ? c : x->e_len - y->e_len;
}

/* The names and the subdirectories of directory i. */
static int
open_dir(struct iso *is, struct iso_tree *t, struct iso_names *nm, uint32_t i)
{
	uint32_t first = t->t_nentry, n;
	int error;

	error = add_children(is, t, t->t_dir[i].d_node);
	n = t->t_nentry - first;
	if (error == 0 && n > 0)
		error = iso_names_give(is, t, nm, t->t_entry + first, n);
	if (error != 0)
		return error;
	if (n > 1)
		qsort_r(
		    t->t_entry + first, n, sizeof(*t->t_entry), entry_order, t);
	t->t_dir[i].d_first = first;
	t->t_dir[i].d_count = n;
	t->t_dir[i].d_subdir = t->t_ndir;
	for (uint32_t e = first; e < first + n && error == 0; e++)
		if ((t->t_entry[e].e_flags & ISO_E_DIR) != 0)
			error = add_dir(t, t->t_entry[e].e_node, i, e);
	return error;
}

int
iso_tree_make(struct iso *is, struct iso_tree *t)
{
	struct iso_names nm = {0};
	int error = add_dir(t, 0, 0, 0);

	for (uint32_t i = 0; i < t->t_ndir && error == 0; i++)
		error = open_dir(is, t, &nm, i);
	iso_names_free(&nm);
	return error;
}

void
iso_tree_free(struct iso_tree *t)
{
	free(t->t_dir);
	free(t->t_entry);
	free(t->t_names);
}

/* ---- sizes and places ------------------------------------------------------------------ */

static uint32_t
path_bytes(const struct iso_tree *t, uint32_t i)
{
	uint32_t n = i == 0 ? 1 : t->t_entry[t->t_dir[i].d_name].e_len;

	return 8 + n + n % 2;
}

int
iso_tree_measure(struct iso *is, struct iso_tree *t)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < t->t_ndir; i++) {
		struct iso_dir *d = &t->t_dir[i];
		struct iso_sink k = {0};

		iso_dir_records(is, t, d, &k);
		if (iso_blocks(k.k_len) * ISO_BLOCK > UINT32_MAX)
			return newfs_fail(is->i_why, RUMP_EFBIG,
			    "a directory has more names than it can hold");
		d->d_size = (uint32_t)(iso_blocks(k.k_len) * ISO_BLOCK);
		d->d_ce = (uint32_t)iso_blocks(k.k_ce);
		bytes += path_bytes(t, i);
	}
	if (bytes > UINT32_MAX / 2)
		return newfs_fail(
		    is->i_why, RUMP_EFBIG, "there are too many directories");
	t->t_pathbytes = (uint32_t)bytes;
	return 0;
}

void
iso_tree_place_paths(struct iso *is, struct iso_tree *t)
{
	uint64_t n = iso_blocks(t->t_pathbytes);

	t->t_path_l = (uint32_t)is->i_next;
	t->t_path_m = (uint32_t)(is->i_next + n);
	is->i_next += 2 * n;
}

void
iso_tree_place_dirs(struct iso *is, struct iso_tree *t)
{
	for (uint32_t i = 0; i < t->t_ndir; i++) {
		struct iso_dir *d = &t->t_dir[i];

		d->d_lba = (uint32_t)is->i_next;
		is->i_next += d->d_size / ISO_BLOCK + d->d_ce;
		if (!t->t_joliet)
			is->i_node[d->d_node].n_lba = d->d_lba;
	}
}

/* ---- writing ---------------------------------------------------------------------------- */

/* Numbers of parents have 16 bits. */
static void
path_entry(const struct iso_tree *t, uint32_t i, bool big, uint8_t *p)
{
	const struct iso_dir *d = &t->t_dir[i];
	uint32_t n = i == 0 ? 1 : t->t_entry[d->d_name].e_len;
	uint16_t up = (uint16_t)(d->d_up < UINT16_MAX ? d->d_up + 1
						      : UINT16_MAX);
	ei32_t lba;
	ei16_t parent;

	ei32_put(&lba, d->d_lba, big);
	ei16_put(&parent, up, big);
	p[0] = (uint8_t)n;
	memcpy(p + 2, &lba, sizeof(lba));
	memcpy(p + 6, &parent, sizeof(parent));
	if (i > 0)
		memcpy(p + 8, t->t_names + t->t_entry[d->d_name].e_name, n);
}

static int
write_path(struct iso *is, const struct iso_tree *t, bool big)
{
	size_t size = (size_t)iso_blocks(t->t_pathbytes) * ISO_BLOCK, at = 0;
	uint32_t lba = big ? t->t_path_m : t->t_path_l;
	uint8_t *p = calloc(1, size);
	int error;

	if (p == NULL)
		return RUMP_ENOMEM;
	for (uint32_t i = 0; i < t->t_ndir; i++) {
		path_entry(t, i, big, p + at);
		at += path_bytes(t, i);
	}
	error = iso_write(is, p, size, (uint64_t)lba * ISO_BLOCK);
	free(p);
	return error;
}

static int
write_dir(struct iso *is, const struct iso_tree *t, const struct iso_dir *d,
    uint8_t **buf, size_t *room)
{
	size_t size = d->d_size + (size_t)d->d_ce * ISO_BLOCK;
	struct iso_sink k = {.k_lba = d->d_lba, .k_size = d->d_size};

	if (size > *room) {
		free(*buf);
		*room = 2 * size;
		*buf = malloc(*room);
		if (*buf == NULL) {
			*room = 0;
			return RUMP_ENOMEM;
		}
	}
	memset(*buf, 0, size);
	k.k_buf = *buf;
	iso_dir_records(is, t, d, &k);
	return iso_write(is, *buf, size, (uint64_t)d->d_lba * ISO_BLOCK);
}

int
iso_tree_write(struct iso *is, struct iso_tree *t)
{
	uint8_t *buf = NULL;
	size_t room = 0;
	int error;

	error = write_path(is, t, false);
	if (error == 0)
		error = write_path(is, t, true);
	for (uint32_t i = 0; i < t->t_ndir && error == 0; i++)
		error = write_dir(is, t, &t->t_dir[i], &buf, &room);
	free(buf);
	return error;
}
