/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The formatter of the System V boot file system: a superblock, a table of inodes,
 * and a root directory that has room for the name of every inode.
 *
 * A tree that it can hold is flat: files with names of up to 14 bytes.
 */
#include <string.h>

#include "fs/sysvbfs/sysvbfs_geom.h"
#include "fs/sysvbfs/sysvbfs_ondisk.h"
#include "newfs/newfs.h"
#include "newfs/newfs_why.h"

#define VOLUME_MAX 6u

static int
geom(const struct newfs_opts *o, struct sysvbfs_geom *sg, char why[NEWFS_WHY])
{
	uint64_t blocks = o->no_size / SYSVBFS_BSIZE;
	uint64_t inodes = o->no_inodes;

	if (o->no_block != 0 && o->no_block != SYSVBFS_BSIZE)
		return newfs_fail(
		    why, RUMP_EINVAL, "blocks of sysvbfs have 512 bytes");
	if (o->no_inode_bytes != 0 && o->no_inode_bytes != SYSVBFS_INODE)
		return newfs_fail(
		    why, RUMP_EINVAL, "inodes of sysvbfs have 64 bytes");
	if (o->no_features != NULL && *o->no_features != '\0')
		return newfs_fail(why, RUMP_EINVAL, "sysvbfs has no features");
	if (o->no_label != NULL && strlen(o->no_label) > VOLUME_MAX)
		return newfs_fail(why, RUMP_EINVAL,
		    "label '%s' is longer than sysvbfs's 6 bytes", o->no_label);
	if (inodes == 0)
		inodes = o->no_ratio != 0 ? o->no_size / o->no_ratio
					  : sysvbfs_geom_inodes(blocks);
	if (!sysvbfs_geom_make(inodes, blocks, sg))
		return newfs_fail(why, RUMP_ENOSPC,
		    "sysvbfs of %llu bytes with %llu inodes can't be: it holds "
		    "up to 4 GiB and 65533 inodes",
		    (unsigned long long)o->no_size, (unsigned long long)inodes);
	return 0;
}

static void
result(const struct sysvbfs_geom *sg, struct newfs_result *nr)
{
	*nr = (struct newfs_result){
	    .nr_size = (uint64_t)sg->sg_blocks * SYSVBFS_BSIZE,
	    .nr_block = SYSVBFS_BSIZE,
	    .nr_blocks = sg->sg_blocks,
	    .nr_free_blocks = sg->sg_blocks - sg->sg_start -
		sysvbfs_geom_dirblocks(sg->sg_inodes),
	    .nr_inodes = sg->sg_inodes,
	    .nr_free_inodes = sg->sg_inodes - 1,
	    .nr_groups = 1,
	    .nr_inode_bytes = SYSVBFS_INODE,
	    .nr_time_max = UINT32_MAX,
	};
}

static int
sysvbfs_defaults(struct newfs_opts *o, char why[NEWFS_WHY])
{
	struct newfs_opts small = *o;
	struct sysvbfs_geom sg;
	int error;

	small.no_inodes = 1; /* the size isn't known yet */
	small.no_size = 1u << 20;
	error = geom(&small, &sg, why);
	o->no_block = SYSVBFS_BSIZE;
	o->no_inode_bytes = SYSVBFS_INODE;
	return error;
}

static int
sysvbfs_plan(
    const struct newfs_opts *o, struct newfs_result *nr, char why[NEWFS_WHY])
{
	struct sysvbfs_geom sg;
	int error = geom(o, &sg, why);

	if (error == 0)
		result(&sg, nr);
	return error;
}

static int
sysvbfs_fit(const struct newfs_opts *o, uint64_t blocks, uint64_t inodes,
    struct newfs_result *nr, char why[NEWFS_WHY])
{
	struct newfs_opts fit = *o;
	struct sysvbfs_geom sg;

	if (inodes > fit.no_inodes)
		fit.no_inodes = inodes;
	if (fit.no_inodes == 0)
		fit.no_inodes = sysvbfs_geom_inodes(blocks);
	/* The table and the directory first, then what is wanted. */
	if (fit.no_inodes < SYSVBFS_MAX_INODES &&
	    blocks <= UINT32_MAX / SYSVBFS_BSIZE &&
	    sysvbfs_geom_make(fit.no_inodes, UINT32_MAX / SYSVBFS_BSIZE, &sg))
		fit.no_size = (blocks + sg.sg_start +
				  sysvbfs_geom_dirblocks(sg.sg_inodes)) *
		    SYSVBFS_BSIZE;
	else
		fit.no_size = 0;
	return sysvbfs_plan(&fit, nr, why);
}

/* ---- making it -------------------------------------------------------------------- */

static int
write_super(const struct newfs_opts *o, const struct sysvbfs_geom *sg,
    struct newfs_io *io)
{
	struct sysvbfs_super_disk sb;
	bool big = o->no_bigendian;

	memset(&sb, 0, sizeof(sb));
	ei32_put(&sb.s_magic, SYSVBFS_MAGIC, big);
	ei32_put(
	    &sb.s_start, SYSVBFS_BSIZE + sg->sg_inodes * SYSVBFS_INODE, big);
	ei32_put(&sb.s_end, sg->sg_blocks * SYSVBFS_BSIZE - 1, big);
	ei32_put(&sb.s_from, SYSVBFS_NONE, big);
	ei32_put(&sb.s_to, SYSVBFS_NONE, big);
	ei32_put(&sb.s_moved, SYSVBFS_NONE, big);
	ei32_put(&sb.s_spare, SYSVBFS_NONE, big);
	if (o->no_label != NULL)
		memcpy(sb.s_volume, o->no_label, strlen(o->no_label));
	return io->ni_write(io, &sb, sizeof(sb), 0);
}

static int
write_root(const struct newfs_opts *o, const struct sysvbfs_geom *sg,
    struct newfs_io *io)
{
	struct sysvbfs_dirent_disk de[2];
	struct sysvbfs_inode_disk di;
	uint32_t n = sysvbfs_geom_dirblocks(sg->sg_inodes);
	uint32_t first = sg->sg_start, time = 0;
	bool big = o->no_bigendian;
	int error;

	if (o->no_time > 0)
		time = o->no_time > UINT32_MAX ? UINT32_MAX
					       : (uint32_t)o->no_time;
	memset(&di, 0, sizeof(di));
	ei16_put(&di.i_ino, SYSVBFS_INO_ROOT, big);
	ei32_put(&di.i_first, first, big);
	ei32_put(&di.i_last, first + n - 1, big);
	ei32_put(&di.i_endbyte,
	    first * SYSVBFS_BSIZE + (uint32_t)sizeof(de) - 1, big);
	ei32_put(&di.i_type, SYSVBFS_TYPE_DIR, big);
	ei32_put(
	    &di.i_mode, RUMP_S_IFDIR | (o->no_root_mode & RUMP_ALLPERMS), big);
	ei32_put(&di.i_uid, o->no_root_uid, big);
	ei32_put(&di.i_gid, o->no_root_gid, big);
	ei32_put(&di.i_nlink, 2, big);
	ei32_put(&di.i_atime, time, big);
	ei32_put(&di.i_mtime, time, big);
	ei32_put(&di.i_ctime, time, big);
	memset(de, 0, sizeof(de));
	ei16_put(&de[0].d_ino, SYSVBFS_INO_ROOT, big);
	ei16_put(&de[1].d_ino, SYSVBFS_INO_ROOT, big);
	memcpy(de[0].d_name, ".", 1);
	memcpy(de[1].d_name, "..", 2);
	error = io->ni_write(io, &di, sizeof(di), SYSVBFS_BSIZE);
	return error != 0
	    ? error
	    : io->ni_write(io, de, sizeof(de), (uint64_t)first * SYSVBFS_BSIZE);
}

static int
sysvbfs_make(const struct newfs_opts *o, struct newfs_io *io,
    struct newfs_result *nr, char why[NEWFS_WHY])
{
	struct sysvbfs_geom sg;
	int error;

	error = geom(o, &sg, why);
	if (error != 0)
		return error;
	result(&sg, nr);
	error = io->ni_setsize(io, nr->nr_size);
	/* Table and directory are zeros where nothing is in use. */
	if (error == 0)
		error = io->ni_zero(io, 0,
		    ((uint64_t)sg.sg_start +
			sysvbfs_geom_dirblocks(sg.sg_inodes)) *
			SYSVBFS_BSIZE);
	if (error == 0)
		error = write_root(o, &sg, io);
	if (error == 0)
		error = write_super(o, &sg, io);
	return error;
}

/* ---- sizing --------------------------------------------------------------------------- */

static void
sysvbfs_need_node(const struct newfs_opts *o, struct newfs_need *nd,
    const struct newfs_node *nn)
{
	(void)o;
	nd->nd_inodes++;
	if ((nn->nn_mode & RUMP_S_IFMT) == RUMP_S_IFREG)
		nd->nd_blocks += (nn->nn_size + SYSVBFS_BSIZE - 1) /
		    SYSVBFS_BSIZE;
}

/* The directory that the formatter makes has a name for each inode; links want
 * more, and then it moves. */
static void
sysvbfs_need_name(const struct newfs_opts *o, struct newfs_need *nd,
    const char *name, uint32_t namelen)
{
	(void)o, (void)name, (void)namelen;
	nd->nd_dir_used++;
}

static void
sysvbfs_need_dirend(const struct newfs_opts *o, struct newfs_need *nd)
{
	(void)o;
	nd->nd_blocks += sysvbfs_geom_dirblocks(nd->nd_dir_used + 1) + 1;
	nd->nd_dir_used = 0;
}

static uint32_t
sysvbfs_attr_bytes(const char *name, uint32_t value_bytes)
{
	(void)name;
	return value_bytes;
}

static const char *
sysvbfs_unfit(const struct newfs_opts *o, const struct newfs_node *nn)
{
	(void)o;
	switch (nn->nn_mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		break;
	case RUMP_S_IFDIR:
		return nn->nn_root ? NULL
				   : "is a directory: sysvbfs has but its root";
	default:
		return "is no regular file, and sysvbfs holds nothing else";
	}
	if (nn->nn_size > UINT32_MAX - SYSVBFS_BSIZE)
		return "is larger than sysvbfs can be";
	if (nn->nn_nattr > 0)
		return "has extended attributes, which sysvbfs can't hold";
	return NULL;
}

/* The order of the machine that is to read it. */
static int
set_order(
    struct newfs_opts *o, const char *value, size_t len, char why[NEWFS_WHY])
{
	(void)len;
	o->no_bigendian = strcmp(value, "be") == 0;
	if (o->no_bigendian || strcmp(value, "le") == 0)
		return 0;
	return newfs_fail(
	    why, RUMP_EINVAL, "bad byte order '%.60s' (le, be)", value);
}

static const struct newfs_typeopt typeopts[] = {
    {.to_key = 'B', .to_name = "order", .to_set = set_order},
    {.to_set = NULL},
};

static const char *const aliases[] = {"bfs", NULL};

const struct newfs_type newfs_sysvbfs = {
    .nt_name = "sysvbfs",
    .nt_aliases = aliases,
    .nt_defaults = sysvbfs_defaults,
    .nt_plan = sysvbfs_plan,
    .nt_fit = sysvbfs_fit,
    .nt_make = sysvbfs_make,
    .nt_need_node = sysvbfs_need_node,
    .nt_need_name = sysvbfs_need_name,
    .nt_need_dirend = sysvbfs_need_dirend,
    .nt_attr_bytes = sysvbfs_attr_bytes,
    .nt_unfit = sysvbfs_unfit,
    .nt_typeopts = typeopts,
    .nt_block = SYSVBFS_BSIZE,
    .nt_either_order = true,
    .nt_name_max = SYSVBFS_NAME_MAX,
    .nt_id_max = UINT32_MAX - 1,
};
