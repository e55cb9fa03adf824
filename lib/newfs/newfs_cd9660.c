/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The formatter of ISO 9660 (ECMA-119), which makes a whole image of a tree, with Rock
 * Ridge and Joliet; newfs_cd9660_int.h says what is where.
 *
 * Left out: multi-session and sparse files (holes are zeros), versions other than 1,
 * interleaving, extended attribute records, a catalog that is seen as a file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "newfs/newfs_cd9660_int.h"

#define MAX_DEPTH   8u	 /* ECMA-119, 6.8.2.1 */
#define PAD_BLOCKS  150u /* as drives that read ahead want it */
#define BUFFER	    (256u * 1024u)
#define ROOM_STEP   (UINT64_C(64) << 20)
#define UNFIT_LINES 10u
#define DATE_MIN    INT64_C(-2208988800)
#define DATE_MAX    INT64_C(5869583999)
#define EXTENT_MAX  1024u /* records of a file, for those who read it */

/* ---- options ------------------------------------------------------------------- */

/* Those that are on unless they are switched off. */
static uint32_t
switches(const struct newfs_cd9660 *c)
{
	uint32_t on = NC_ROCKRIDGE;

	/* compressed files are for those who know Rock Ridge */
	if ((c->nc_on & NC_ZISOFS) == 0)
		on |= NC_JOLIET;
	return (on | c->nc_on) & ~c->nc_off;
}

static int
cd9660_defaults(struct newfs_opts *o, char why[NEWFS_WHY])
{
	struct newfs_cd9660 *c = &o->no_cd9660;

	if (o->no_block != 0 && o->no_block != ISO_BLOCK)
		return newfs_fail(
		    why, RUMP_EINVAL, "blocks of cd9660 have 2048 bytes");
	if (o->no_inode_bytes != 0 || o->no_ratio != 0)
		return newfs_fail(why, RUMP_EINVAL, "cd9660 has no inodes");
	if (o->no_features != NULL && *o->no_features != '\0')
		return newfs_fail(why, RUMP_EINVAL, "cd9660 has no features");
	if (o->no_label != NULL && strlen(o->no_label) > 32)
		return newfs_fail(why, RUMP_EINVAL,
		    "label '%s' is longer than cd9660's 32 bytes", o->no_label);
	if ((c->nc_on & NC_ZISOFS) != 0 && (switches(c) & NC_ROCKRIDGE) == 0)
		return newfs_fail(
		    why, RUMP_EINVAL, "zisofs is a part of rockridge");
	if (c->nc_mbrlen > 0 && !c->nc_hybrid_gpt)
		c->nc_hybrid_mbr = true;
	if (c->nc_genericlen > 512 && c->nc_hybrid_gpt)
		return newfs_fail(why, RUMP_EINVAL,
		    "a GPT is where generic-bootimage's bytes behind 512 go");
	o->no_block = ISO_BLOCK;
	return 0;
}

/* ---- writing ---------------------------------------------------------------------- */

int
iso_flush(struct iso *is)
{
	size_t n = is->i_used;

	is->i_used = 0;
	if (n == 0 || is->i_io == NULL)
		return 0;
	return is->i_io->ni_write(is->i_io, is->i_buf, n, is->i_bufoff);
}

int
iso_write(struct iso *is, const void *p, size_t len, uint64_t off)
{
	int error = 0;

	if (is->i_io == NULL)
		return 0;
	if (is->i_used > 0 &&
	    (is->i_bufoff + is->i_used != off || len > BUFFER - is->i_used))
		error = iso_flush(is);
	if (error != 0)
		return error;
	if (len > BUFFER)
		return is->i_io->ni_write(is->i_io, p, len, off);
	if (is->i_used == 0)
		is->i_bufoff = off;
	memcpy(is->i_buf + is->i_used, p, len);
	is->i_used += len;
	return 0;
}

/* ---- the tree --------------------------------------------------------------------------- */

uint32_t
iso_walk(const struct iso *is, uint32_t at)
{
	struct newfs_treenode tn = iso_node_of(is, at);

	if (tn.tn_child != 0)
		return tn.tn_child;
	while (at != 0 && tn.tn_next == 0) {
		at = tn.tn_parent;
		tn = iso_node_of(is, at);
	}
	return at != 0 ? tn.tn_next : 0;
}

/* Depths and places of directories, numbers of files and links; a directory comes
 * before what is in it. */
static void
number_nodes(struct iso *is)
{
	uint32_t i = 0, serial = 1;

	do {
		struct newfs_treenode tn = iso_node_of(is, i);
		struct iso_node *n = &is->i_node[i];
		bool dir = (tn.tn_mode & RUMP_S_IFMT) == RUMP_S_IFDIR;

		if (tn.tn_owner == i) {
			n->n_serial = serial++;
			if ((tn.tn_mode & RUMP_S_IFMT) == RUMP_S_IFREG)
				n->n_stored = tn.tn_size;
		}
		is->i_node[tn.tn_owner].n_nlink++;
		if (dir) {
			n->n_nlink++; /* "." */
			n->n_home = tn.tn_parent;
			n->n_depth = (uint8_t)(i == 0 ? 1
				: is->i_node[tn.tn_parent].n_depth < UINT8_MAX
				? is->i_node[tn.tn_parent].n_depth + 1
				: UINT8_MAX);
			if (n->n_depth > MAX_DEPTH && !iso_has(is, NC_DEEP) &&
			    iso_has(is, NC_ROCKRIDGE)) {
				n->n_flags |= ISO_N_MOVED;
				n->n_home = is->i_moved;
				n->n_depth = 3;
				is->i_moves[is->i_nmoves++] = i;
			}
			if (i != 0)
				is->i_node[tn.tn_parent].n_nlink++;
		}
		if (tn.tn_sec < DATE_MIN || tn.tn_sec > DATE_MAX)
			is->i_clamped++;
		i = iso_walk(is, i);
	} while (i != 0);
	is->i_node[is->i_moved].n_serial = serial;
	is->i_node[is->i_moved].n_nlink = 2 + is->i_nmoves;
}

/* ---- what can't be held ------------------------------------------------------------------- */

static const char *
unfit(const struct iso *is, uint32_t i, const struct newfs_treenode *tn)
{
	uint32_t type = tn->tn_mode & RUMP_S_IFMT;

	if (type == RUMP_S_IFREG) {
		if (tn->tn_size > UINT32_MAX && is->i_level < 3)
			return "has 4 GiB or more: that needs isolevel=3";
		if (tn->tn_size >= EXTENT_MAX * UINT64_C(0xfffff800))
			return "is larger than ISO 9660 can hold";
		return NULL;
	}
	if (type == RUMP_S_IFDIR) {
		if (is->i_node[i].n_depth > MAX_DEPTH && !iso_has(is, NC_DEEP))
			return "is deeper than 8 directories: that needs "
			       "rockridge or allow-deep-trees";
		return NULL;
	}
	if (!iso_has(is, NC_ROCKRIDGE))
		return type == RUMP_S_IFLNK
		    ? "is a symbolic link: those need rockridge"
		    : "is neither file nor directory: those need rockridge";
	return NULL;
}

static int
check_nodes(struct iso *is)
{
	unsigned many = 0;
	uint32_t i = 0;

	do {
		struct newfs_treenode tn = iso_node_of(is, i);
		const char *why = unfit(is, i, &tn);

		if (why != NULL && many++ < UNFIT_LINES)
			is->i_tree->tr_say(is->i_tree, i, why, true);
		i = iso_walk(is, i);
	} while (i != 0);
	if (many > UNFIT_LINES)
		return newfs_fail(is->i_why, RUMP_EINVAL,
		    "%u more of the tree can't be held", many - UNFIT_LINES);
	return many > 0 ? RUMP_EINVAL : 0;
}

/* What is lost, once. */
static void
say_losses(struct iso *is)
{
	char line[NEWFS_WHY];
	uint32_t i = 0, owners = 0;

	do {
		struct newfs_treenode tn = iso_node_of(is, i);

		owners += tn.tn_uid != 0 || tn.tn_gid != 0 ||
		    (tn.tn_mode & RUMP_ALLPERMS) != 0555;
		i = iso_walk(is, i);
	} while (i != 0 && !iso_has(is, NC_ROCKRIDGE));
	if (owners > 0 && !iso_has(is, NC_ROCKRIDGE)) {
		snprintf(line, sizeof(line),
		    "without rockridge there are no owners or modes: those of "
		    "%u files and directories are left out",
		    owners);
		is->i_tree->tr_say(is->i_tree, UINT32_MAX, line, false);
	}
	if (is->i_clamped > 0) {
		snprintf(line, sizeof(line),
		    "ISO 9660 has the years 1900 to 2155: the times of %u "
		    "files are the nearest",
		    is->i_clamped);
		is->i_tree->tr_say(is->i_tree, UINT32_MAX, line, false);
	}
	if (is->i_plain.t_ndir > UINT16_MAX) {
		snprintf(line, sizeof(line),
		    "path tables count 65535 directories, and there are %u: "
		    "who reads those tables finds some in a wrong place",
		    is->i_plain.t_ndir);
		is->i_tree->tr_say(is->i_tree, UINT32_MAX, line, false);
	}
}

/* ---- places ----------------------------------------------------------------------------------- */

static bool
is_content(const struct iso *is, uint32_t i, const struct newfs_treenode *tn)
{
	return (tn->tn_mode & RUMP_S_IFMT) == RUMP_S_IFREG &&
	    tn->tn_owner == i && is->i_node[i].n_stored > 0;
}

static void
choose_zisofs(struct iso *is)
{
	uint32_t i = 0;

	if (!iso_has(is, NC_ZISOFS))
		return;
	do {
		struct newfs_treenode tn = iso_node_of(is, i);

		if (is_content(is, i, &tn) && tn.tn_size > ISO_BLOCK &&
		    tn.tn_size <= UINT32_MAX &&
		    (is->i_node[i].n_flags & ISO_N_BOOT) == 0)
			is->i_node[i].n_flags |= ISO_N_MAYZF;
		i = iso_walk(is, i);
	} while (i != 0);
}

static int
make_trees(struct iso *is)
{
	int error = iso_tree_make(is, &is->i_plain);

	if (error == 0)
		error = iso_tree_measure(is, &is->i_plain);
	if (error != 0 || !iso_has(is, NC_JOLIET))
		return error;
	is->i_joliet.t_joliet = true;
	error = iso_tree_make(is, &is->i_joliet);
	return error != 0 ? error : iso_tree_measure(is, &is->i_joliet);
}

static void
place_heads(struct iso *is)
{
	is->i_next = CD9660_VD_FIRST + iso_vd_count(is);
	if (is->i_c->nc_nboot > 0)
		is->i_catalog = (uint32_t)is->i_next++;
	iso_tree_place_paths(is, &is->i_plain);
	if (iso_has(is, NC_JOLIET))
		iso_tree_place_paths(is, &is->i_joliet);
	iso_tree_place_dirs(is, &is->i_plain);
	if (iso_has(is, NC_JOLIET))
		iso_tree_place_dirs(is, &is->i_joliet);
	iso_boot_place(is, false);
}

/* Compressed files are written while their places are found. */
static int
make_room(struct iso *is, uint64_t blocks)
{
	uint64_t end = (is->i_next + blocks) * ISO_BLOCK;

	if (is->i_io == NULL || end <= is->i_io->ni_size)
		return 0;
	return is->i_io->ni_setsize(is->i_io, end + ROOM_STEP);
}

static int
compress_file(struct iso *is, uint32_t i)
{
	bool done = false, dirty = false;
	int error = make_room(is, iso_blocks(is->i_node[i].n_stored));

	if (error == 0)
		error = iso_zisofs_put(is, i, &done, &dirty);
	if (error != 0 || done || is->i_io == NULL)
		return error;
	error = iso_flush(is);
	return error != 0 ? error
			  : is->i_tree->tr_content(
				is->i_tree, i, is->i_next * ISO_BLOCK, dirty);
}

/* One file: a place, and, where it is compressed, the content there. */
static int
place_file(struct iso *is, uint32_t i)
{
	struct iso_node *n = &is->i_node[i];
	int error = 0;

	if (is->i_next > UINT32_MAX ||
	    iso_blocks(n->n_stored) > UINT32_MAX - is->i_next)
		return newfs_fail(is->i_why, RUMP_EFBIG,
		    "the tree needs more than the 8 TiB of ISO 9660");
	n->n_lba = (uint32_t)is->i_next;
	if ((n->n_flags & ISO_N_MAYZF) != 0)
		error = compress_file(is, i);
	is->i_next += iso_blocks(n->n_stored);
	return error;
}

/* Each directory's files together, then what is below it. */
static int
each_file(struct iso *is, int (*fn)(struct iso *, uint32_t))
{
	uint32_t dir = 0, c;
	int error = 0;

	do {
		struct newfs_treenode d = iso_node_of(is, dir), tn;

		for (c = d.tn_child; c != 0 && error == 0; c = tn.tn_next) {
			tn = iso_node_of(is, c);
			/* an empty one is looked at, too: it may have grown */
			if (is_content(is, c, &tn) ||
			    ((tn.tn_mode & RUMP_S_IFMT) == RUMP_S_IFREG &&
				tn.tn_owner == c && fn != place_file))
				error = fn(is, c);
		}
		dir = iso_walk(is, dir);
	} while (dir != 0 && error == 0);
	return error;
}

static int
put_file(struct iso *is, uint32_t i)
{
	const struct iso_node *n = &is->i_node[i];

	if ((n->n_flags & (ISO_N_MAYZF | ISO_N_TABLE)) != 0)
		return 0;
	return is->i_tree->tr_content(
	    is->i_tree, i, (uint64_t)n->n_lba * ISO_BLOCK, false);
}

static int
place_all(struct iso *is)
{
	int error;

	place_heads(is);
	error = is->i_next > UINT32_MAX ? RUMP_EFBIG
					: each_file(is, place_file);
	if (error != 0)
		return error;
	iso_boot_place(is, true);
	if (!iso_has(is, NC_NOPADDING))
		is->i_next += PAD_BLOCKS;
	if (is->i_next > UINT32_MAX)
		return RUMP_EFBIG;
	is->i_volume = is->i_next;
	is->i_size = is->i_volume * ISO_BLOCK;
	iso_boot_size(is);
	return 0;
}

static int
write_all(struct iso *is)
{
	int error = is->i_io->ni_setsize(is->i_io, is->i_size);

	if (error == 0)
		error = each_file(is, put_file);
	if (error == 0)
		error = iso_vd_write(is);
	if (error == 0)
		error = iso_tree_write(is, &is->i_plain);
	if (error == 0 && iso_has(is, NC_JOLIET))
		error = iso_tree_write(is, &is->i_joliet);
	if (error == 0)
		error = iso_boot_write(is);
	return error == 0 ? iso_flush(is) : error;
}

/* ---- all of it ---------------------------------------------------------------------------------- */

static int
start(struct iso *is)
{
	is->i_buf = malloc(BUFFER);
	is->i_node = calloc((size_t)is->i_tree->tr_n + 1, sizeof(*is->i_node));
	is->i_moves = calloc(
	    (size_t)is->i_tree->tr_n + 1, sizeof(*is->i_moves));
	if (is->i_buf == NULL || is->i_node == NULL || is->i_moves == NULL)
		return RUMP_ENOMEM;
	number_nodes(is);
	return check_nodes(is);
}

static void
finish(struct iso *is)
{
	iso_tree_free(&is->i_plain);
	iso_tree_free(&is->i_joliet);
	free(is->i_moves);
	free(is->i_node);
	free(is->i_buf);
}

static void
result(const struct iso *is, struct newfs_result *nr)
{
	*nr = (struct newfs_result){
	    .nr_size = is->i_size,
	    .nr_block = ISO_BLOCK,
	    .nr_blocks = is->i_volume,
	    .nr_groups = 1,
	    .nr_time_min = DATE_MIN,
	    .nr_time_max = DATE_MAX,
	};
}

static int
cd9660_write(const struct newfs_opts *o, struct newfs_tree *tr,
    struct newfs_io *io, struct newfs_result *nr, char why[NEWFS_WHY])
{
	struct iso is = {
	    .i_o = o,
	    .i_c = &o->no_cd9660,
	    .i_set = switches(&o->no_cd9660),
	    .i_level = o->no_cd9660.nc_level != 0 ? o->no_cd9660.nc_level : 3,
	    .i_tree = tr,
	    .i_io = io,
	    .i_why = why,
	    .i_moved = tr->tr_n,
	};
	int error = start(&is);

	if (error == 0)
		error = iso_boot_find(&is);
	if (error == 0) {
		choose_zisofs(&is);
		error = make_trees(&is);
	}
	if (error == 0)
		error = place_all(&is);
	result(&is, nr);
	if (error == 0 && o->no_max != 0 && is.i_size > o->no_max)
		error = RUMP_ENOSPC;
	if (error == 0)
		say_losses(&is);
	if (error == 0 && io != NULL)
		error = write_all(&is);
	finish(&is);
	return error;
}

static const char *const aliases[] = {"iso9660", "iso", NULL};

const struct newfs_type newfs_cd9660 = {
    .nt_name = "cd9660",
    .nt_aliases = aliases,
    .nt_write = cd9660_write,
    .nt_defaults = cd9660_defaults,
    .nt_typeopts = iso_typeopts,
    .nt_lacks = NEWFS_NO_ATTRS,
    .nt_block = ISO_BLOCK,
    .nt_either_order = true, /* its numbers are there in both */
    .nt_name_max = 255,
    .nt_id_max = UINT32_MAX - 1,
};
