/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The formatter of FAT12, FAT16 and FAT32: options to geometry.  Types and cluster
 * sizes are mkfs.fat's; structures aren't aligned to clusters as it does, so that a
 * tree's image has not a sector more than it needs.
 *
 * "Blocks" are clusters; there are no inodes: as many as anybody asks for.
 */
#include <string.h>

#include "fs/msdos/msdos_ondisk.h"
#include "newfs/newfs_msdos_int.h"
#include "newfs/newfs_why.h"

#define MANY_INODES (UINT64_C(1) << 40)

static const struct msdos_floppy floppies[] = {
    {160, 512, 1, 0xfe, 8, 1, 64},
    {180, 512, 1, 0xfc, 9, 1, 64},
    {320, 512, 2, 0xff, 8, 2, 112},
    {360, 512, 2, 0xfd, 9, 2, 112},
    {640, 512, 2, 0xfb, 8, 2, 112},
    {720, 512, 2, 0xf9, 9, 2, 112},
    {1200, 512, 1, 0xf9, 15, 2, 224},
    {1232, 1024, 1, 0xfe, 8, 2, 192},
    {1440, 512, 1, 0xf0, 18, 2, 224},
    {2880, 512, 2, 0xf0, 36, 2, 224},
};

const struct msdos_floppy *
msdos_floppy_find(unsigned kib)
{
	for (size_t i = 0; i < sizeof(floppies) / sizeof(floppies[0]); i++)
		if (floppies[i].mf_kib == kib)
			return &floppies[i];
	return NULL;
}

/* What is wished for, as geometry knows it. */
static struct msdos_geom
wish(const struct newfs_opts *o)
{
	const struct newfs_msdos *nm = &o->no_msdos;
	const struct msdos_floppy *mf = msdos_floppy_find(nm->nm_floppy);
	struct msdos_geom mg = {
	    .mg_fat = nm->nm_fat,
	    .mg_sector = o->no_sector != 0 ? o->no_sector : MSDOS_MIN_SECTOR,
	    .mg_cluster = o->no_block,
	    .mg_reserved = nm->nm_reserved,
	};
	uint32_t ents = nm->nm_rootbytes / MSDOS_DIRENT, per;

	if (mf != NULL) {
		mg.mg_sector = mf->mf_sector;
		mg.mg_rootents = mf->mf_rootents;
	}
	if (mg.mg_cluster == 0)
		mg.mg_cluster = nm->nm_spc != 0 ? nm->nm_spc * mg.mg_sector
		    : mf != NULL		? mf->mf_spc * mg.mg_sector
						: 0;
	/* more names than usual in the root: whole sectors of them */
	if (ents > (mf != NULL ? mf->mf_rootents : 512u)) {
		per = mg.mg_sector / MSDOS_DIRENT;
		mg.mg_rootents = (ents + per - 1) / per * per;
	}
	return mg;
}

static void
result(const struct newfs_opts *o, const struct msdos_geom *mg,
    struct newfs_result *nr)
{
	uint64_t root = 0;

	if (mg->mg_fat == 32) {
		root = (o->no_msdos.nm_rootbytes + mg->mg_cluster - 1) /
		    mg->mg_cluster;
		root = root == 0 ? 1 : root;
	}
	*nr = (struct newfs_result){
	    .nr_size = mg->mg_sectors * mg->mg_sector,
	    .nr_block = mg->mg_cluster,
	    .nr_blocks = mg->mg_clusters,
	    .nr_free_blocks = mg->mg_clusters > root ? mg->mg_clusters - root
						     : 0,
	    .nr_inodes = MANY_INODES,
	    .nr_free_inodes = MANY_INODES,
	    .nr_groups = 1,
	    .nr_inode_bytes = MSDOS_DIRENT,
	    .nr_time_min = 315532800, /* 1980 to 2107 */
	    .nr_time_max = INT64_C(4354819198),
	};
}

static int
check_boot(const struct newfs_opts *o, char why[NEWFS_WHY])
{
	const struct newfs_msdos *nm = &o->no_msdos;
	const uint8_t *b = nm->nm_boot;

	if (b == NULL)
		return 0;
	if (nm->nm_bootlen < MSDOS_MIN_SECTOR ||
	    nm->nm_bootlen % MSDOS_MIN_SECTOR != 0 ||
	    (b[0] != 0xeb && b[0] != 0xe9))
		return newfs_fail(why, RUMP_EINVAL,
		    "the boot code is no boot sector: 512 bytes (or a "
		    "multiple) "
		    "that begin with a jump");
	return 0;
}

static int
msdos_defaults(struct newfs_opts *o, char why[NEWFS_WHY])
{
	const struct newfs_msdos *nm = &o->no_msdos;
	struct newfs_opts small = *o;
	const char *bad;
	struct msdos_geom mg;
	uint8_t label[11];

	if (o->no_inode_bytes != 0)
		return newfs_fail(why, RUMP_EINVAL, "FAT has no inodes");
	if (o->no_features != NULL && *o->no_features != '\0')
		return newfs_fail(why, RUMP_EINVAL, "FAT has no features");
	if (o->no_label != NULL && !msdos_label(o->no_label, label))
		return newfs_fail(why, RUMP_EINVAL,
		    "label '%.40s': FAT's have 1 to 11 characters of ASCII, "
		    "none "
		    "of \"*+,./:;<=>?[\\]|",
		    o->no_label);
	if (nm->nm_floppy != 0 && o->no_size != 0 &&
	    o->no_size != (uint64_t)nm->nm_floppy * 1024)
		return newfs_fail(why, RUMP_EINVAL,
		    "a floppy of %u has %u bytes", nm->nm_floppy,
		    nm->nm_floppy * 1024);
	if (nm->nm_floppy != 0)
		o->no_size = (uint64_t)nm->nm_floppy * 1024;
	/* The size isn't known yet: what is wrong with any? */
	mg = wish(&small);
	o->no_block = mg.mg_cluster;
	if (mg.mg_cluster == 0)
		mg.mg_cluster = mg.mg_sector;
	bad = msdos_geom_fit(1, &mg);
	if (bad != NULL)
		return newfs_fail(why, RUMP_EINVAL, "%s", bad);
	return check_boot(o, why);
}

static int
geom(const struct newfs_opts *o, struct msdos_geom *mg, char why[NEWFS_WHY])
{
	const struct newfs_msdos *nm = &o->no_msdos;
	const char *bad;
	uint32_t room;

	*mg = wish(o);
	bad = msdos_geom_make(o->no_size, mg);
	if (bad != NULL)
		return newfs_fail(why, RUMP_EINVAL, "FAT of %llu bytes: %s",
		    (unsigned long long)o->no_size, bad);
	room = mg->mg_fat == 32 ? MSDOS_MIN_SECTOR
				: mg->mg_reserved * mg->mg_sector;
	if (nm->nm_bootlen > room)
		return newfs_fail(why, RUMP_EINVAL,
		    "the boot code has %zu bytes, there is room for %u (-R)",
		    nm->nm_bootlen, room);
	return 0;
}

static int
msdos_plan(
    const struct newfs_opts *o, struct newfs_result *nr, char why[NEWFS_WHY])
{
	struct msdos_geom mg;
	int error = geom(o, &mg, why);

	if (error == 0)
		result(o, &mg, nr);
	return error;
}

static int
msdos_fit(const struct newfs_opts *o, uint64_t blocks, uint64_t inodes,
    struct newfs_result *nr, char why[NEWFS_WHY])
{
	struct msdos_geom mg = wish(o);
	const char *bad;
	uint64_t root;

	(void)inodes;
	if (mg.mg_cluster == 0)
		mg.mg_cluster = mg.mg_sector;
	if (o->no_msdos.nm_floppy != 0) {
		struct newfs_opts fixed = *o;

		fixed.no_size = (uint64_t)o->no_msdos.nm_floppy * 1024;
		if (msdos_plan(&fixed, nr, why) != 0)
			return RUMP_EINVAL;
		return nr->nr_free_blocks >= blocks
		    ? 0
		    : newfs_fail(why, RUMP_ENOSPC,
			  "needs %llu clusters, the floppy has %llu",
			  (unsigned long long)blocks,
			  (unsigned long long)nr->nr_free_blocks);
	}
	/* With the clusters of FAT32's root it may have to be FAT32. */
	root = (o->no_msdos.nm_rootbytes + mg.mg_cluster - 1) / mg.mg_cluster;
	root = root == 0 ? 1 : root;
	if (mg.mg_fat == 0 && blocks > MSDOS_FAT16_MAX)
		mg.mg_fat = 32;
	bad = msdos_geom_fit(blocks + (mg.mg_fat == 32 ? root : 0), &mg);
	if (bad != NULL)
		return newfs_fail(why, RUMP_EINVAL, "%s", bad);
	result(o, &mg, nr);
	return 0;
}

static uint32_t
msdos_usual_block(const struct newfs_opts *o, uint64_t size)
{
	struct newfs_opts any = *o;
	struct msdos_geom mg;

	any.no_block = 0;
	mg = wish(&any);
	return msdos_geom_make(size, &mg) == NULL ? mg.mg_cluster : 0;
}

static int
msdos_make(const struct newfs_opts *o, struct newfs_io *io,
    struct newfs_result *nr, char why[NEWFS_WHY])
{
	struct newfs_opts all = *o;
	struct msdos_geom mg;
	int error;

	error = msdos_defaults(&all, why);
	if (error == 0)
		error = geom(&all, &mg, why);
	if (error != 0)
		return error;
	result(&all, &mg, nr);
	error = io->ni_setsize(io, all.no_size);
	return error != 0 ? error : msdos_write(&all, &mg, io);
}

static const char *const aliases[] = {"vfat", "fat", NULL};

const struct newfs_type newfs_msdos = {
    .nt_name = "msdos",
    .nt_aliases = aliases,
    .nt_defaults = msdos_defaults,
    .nt_plan = msdos_plan,
    .nt_fit = msdos_fit,
    .nt_make = msdos_make,
    .nt_need_node = msdos_need_node,
    .nt_need_name = msdos_need_name,
    .nt_need_dirend = msdos_need_dirend,
    .nt_take_need = msdos_take_need,
    .nt_usual_block = msdos_usual_block,
    .nt_attr_bytes = msdos_attr_bytes,
    .nt_unfit = msdos_unfit,
    .nt_name_unfit = msdos_name_unfit,
    .nt_name_hash = msdos_name_hash,
    .nt_name_equal = msdos_name_same,
    .nt_name_first = msdos_name_first,
    .nt_typeopts = msdos_typeopts,
    .nt_lacks = NEWFS_NO_LINKS | NEWFS_NO_HOLES | NEWFS_NO_OWNERS |
	NEWFS_NO_ATTRS,
    .nt_exact = true,
    .nt_name_max = 765, /* 255 units of UTF-16, as UTF-8 */
    .nt_id_max = UINT32_MAX - 1,
};
