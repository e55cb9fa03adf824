/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Write an empty ext2: bitmaps, descriptors, the root, lost+found, the resize
 * inode, and the superblock with its copies, the first one last.
 *
 * In group 0, behind its tables, stand: root's block, lost+found's, and the
 * double indirect block of the resize inode.
 */
#include <stdlib.h>
#include <string.h>

#include "newfs/newfs_ext2_int.h"

struct maker {
	const struct newfs_opts *mk_opts;
	struct newfs_io *mk_io;
	struct ext2_geom mk_geom;
	struct ext2_super_disk mk_super;
	uint32_t mk_lostfound;		   /* blocks of it */
	uint64_t mk_root_blk, mk_lost_blk; /* where they stand */
	uint64_t mk_dind_blk;		   /* 0: no resize inode */
	uint64_t mk_free_blocks, mk_free_inodes;
	uint8_t *mk_buf;		  /* two blocks */
	struct ext2_group_disk *mk_group; /* one a group, 64 bytes each */
	uint8_t *mk_desc;		  /* as they stand on disk */
};

static int
put(struct maker *mk, const void *buf, uint64_t blk, uint64_t nblk)
{
	uint32_t block = mk->mk_geom.g_block_bytes;

	return mk->mk_io->ni_write(
	    mk->mk_io, buf, (size_t)(nblk * block), blk * block);
}

static int
zero(struct maker *mk, uint64_t blk, uint64_t nblk)
{
	uint32_t block = mk->mk_geom.g_block_bytes;

	return mk->mk_io->ni_zero(mk->mk_io, blk * block, nblk * block);
}

static bool
has(const struct maker *mk, uint32_t compat, uint32_t incompat)
{
	return ((mk->mk_geom.g_compat & compat) |
		   (mk->mk_geom.g_incompat & incompat)) != 0;
}

/* Set bits [from, to). */
static void
set_bits(uint8_t *map, uint64_t from, uint64_t to)
{
	for (; from < to && from % 8 != 0; from++)
		map[from / 8] |= (uint8_t)(1u << from % 8);
	if (to > from) {
		memset(map + from / 8, 0xff, (to - from) / 8);
		from += rounddown2(to - from, 8);
	}
	for (; from < to; from++)
		map[from / 8] |= (uint8_t)(1u << from % 8);
}

/* ---- groups ------------------------------------------------------------------ */

/* Blocks of group 0 that aren't its tables. */
static uint32_t
first_group_extra(const struct maker *mk)
{
	return 1 + mk->mk_lostfound + (mk->mk_dind_blk != 0);
}

/* Both bitmaps, in mk_buf, and the descriptor. */
static int
make_group(struct maker *mk, uint32_t group)
{
	const struct ext2_geom *g = &mk->mk_geom;
	struct ext2_group_disk *gd = &mk->mk_group[group];
	uint64_t start = ext2_geom_group_start(g, group);
	uint32_t head = ext2_geom_group_head(g, group);
	uint32_t blocks = ext2_geom_group_blocks(g, group);
	uint32_t used = ext2_geom_group_meta(g, group);
	uint32_t inodes = group == 0 ? EXT2_OLD_FIRSTINO : 0;
	uint32_t bits = 8 * g->g_block_bytes;
	int error;

	if (group == 0)
		used += first_group_extra(mk);
	memset(mk->mk_buf, 0, 2 * (size_t)g->g_block_bytes);
	set_bits(mk->mk_buf, 0, used);
	set_bits(mk->mk_buf, blocks, bits);
	set_bits(mk->mk_buf + g->g_block_bytes, 0, inodes);
	set_bits(mk->mk_buf + g->g_block_bytes, g->g_inodes_per_group, bits);
	error = put(mk, mk->mk_buf, start + head, 2);
	if (error == 0)
		error = zero(mk, start + head + 2, g->g_itable_blocks);
	le32_put(&gd->bg_block_bitmap_lo, (uint32_t)(start + head));
	le32_put(&gd->bg_inode_bitmap_lo, (uint32_t)(start + head + 1));
	le32_put(&gd->bg_inode_table_lo, (uint32_t)(start + head + 2));
	le16_put(&gd->bg_free_blocks_count_lo, (uint16_t)(blocks - used));
	le16_put(&gd->bg_free_inodes_count_lo,
	    (uint16_t)(g->g_inodes_per_group - inodes));
	le16_put(&gd->bg_used_dirs_count_lo, group == 0 ? 2 : 0);
	mk->mk_free_blocks += blocks - used;
	mk->mk_free_inodes += g->g_inodes_per_group - inodes;
	return error;
}

/* ---- inodes ------------------------------------------------------------------ */

static struct ext2_inode_disk *
inode_at(struct maker *mk, uint8_t *table, uint32_t ino)
{
	return (struct ext2_inode_disk *)(void *)(table +
	    (size_t)(ino - 1) * mk->mk_geom.g_inode_bytes);
}

static void
put_time(le32_t *lo, le32_t *extra, int64_t sec)
{
	int64_t most = newfs_ext2_time_max(
	    extra != NULL ? EXT2_OLD_INODE + 1 : EXT2_OLD_INODE);

	if (sec < INT32_MIN)
		sec = INT32_MIN;
	if (sec > most)
		sec = most;
	le32_put(lo, (uint32_t)sec);
	if (extra != NULL)
		le32_put(extra, (uint32_t)((sec - (int32_t)sec) >> 32) & 3);
}

static void
fill_inode(struct maker *mk, struct ext2_inode_disk *di, uint32_t mode,
    uint32_t links, uint64_t size, uint64_t blocks)
{
	bool big = mk->mk_geom.g_inode_bytes > EXT2_OLD_INODE;
	int64_t t = mk->mk_opts->no_time;

	le16_put(&di->i_mode, (uint16_t)mode);
	le16_put(&di->i_links_count, (uint16_t)links);
	le32_put(&di->i_size_lo, (uint32_t)size);
	if ((mode & RUMP_S_IFMT) == RUMP_S_IFREG)
		le32_put(&di->i_size_hi, (uint32_t)(size >> 32));
	le32_put(&di->i_blocks_lo,
	    (uint32_t)(blocks * (mk->mk_geom.g_block_bytes / 512)));
	put_time(&di->i_atime, big ? &di->i_atime_extra : NULL, t);
	put_time(&di->i_ctime, big ? &di->i_ctime_extra : NULL, t);
	put_time(&di->i_mtime, big ? &di->i_mtime_extra : NULL, t);
	if (!big)
		return;
	le16_put(&di->i_extra_isize, EXT2_WANT_EXTRA);
	put_time(&di->i_crtime, &di->i_crtime_extra, t);
}

static void
set_owner(struct ext2_inode_disk *di, uint32_t uid, uint32_t gid)
{
	le16_put(&di->i_uid_lo, (uint16_t)uid);
	le16_put(&di->i_uid_hi, (uint16_t)(uid >> 16));
	le16_put(&di->i_gid_lo, (uint16_t)gid);
	le16_put(&di->i_gid_hi, (uint16_t)(gid >> 16));
}

/* The beginning of the inode table: root, lost+found, resize. */
static int
make_inodes(struct maker *mk)
{
	const struct ext2_geom *g = &mk->mk_geom;
	uint32_t block = g->g_block_bytes;
	uint64_t nblk = howmany(
	    (uint64_t)EXT2_OLD_FIRSTINO * g->g_inode_bytes, block);
	uint8_t *table = calloc(nblk, block);
	struct ext2_inode_disk *di;
	int error;

	if (table == NULL)
		return ENOMEM;
	di = inode_at(mk, table, EXT2_INO_ROOT);
	fill_inode(mk, di,
	    RUMP_S_IFDIR | (mk->mk_opts->no_root_mode & RUMP_ALLPERMS), 3,
	    block, 1);
	set_owner(di, mk->mk_opts->no_root_uid, mk->mk_opts->no_root_gid);
	le32_put(&di->i_block[0], (uint32_t)mk->mk_root_blk);

	di = inode_at(mk, table, EXT2_OLD_FIRSTINO);
	fill_inode(mk, di, RUMP_S_IFDIR | 0700, 2,
	    (uint64_t)mk->mk_lostfound * block, mk->mk_lostfound);
	for (uint32_t i = 0; i < mk->mk_lostfound; i++)
		le32_put(&di->i_block[i], (uint32_t)(mk->mk_lost_blk + i));

	if (mk->mk_dind_blk != 0) {
		uint64_t per = block / 4;

		di = inode_at(mk, table, EXT2_INO_RESIZE);
		fill_inode(mk, di, RUMP_S_IFREG | 0600, 1,
		    (EXT2_NDIRECT + per + per * per) * block,
		    1 +
			(uint64_t)g->g_reserved_gdt *
			    (1 + ext2_geom_copies(g)));
		le32_put(
		    &di->i_block[EXT2_NDIRECT + 1], (uint32_t)mk->mk_dind_blk);
	}
	error = put(mk, table,
	    ext2_geom_group_start(g, 0) + ext2_geom_group_head(g, 0) + 2, nblk);
	free(table);
	return error;
}

/* ---- directories ---------------------------------------------------------------- */

/* An entry at off; returns where the next one starts. */
static uint32_t
put_entry(
    struct maker *mk, uint32_t off, uint32_t ino, const char *name, bool last)
{
	struct ext2_dirent_disk *de =
	    (struct ext2_dirent_disk *)(void *)(mk->mk_buf + off);
	uint32_t len = (uint32_t)strlen(name),
		 block = mk->mk_geom.g_block_bytes;
	uint32_t reclen = last ? block - off : EXT2_DIRENT_SIZE(len);

	le32_put(&de->d_inode, ino);
	le16_put(
	    &de->d_reclen, reclen > UINT16_MAX ? UINT16_MAX : (uint16_t)reclen);
	de->d_namlen = (uint8_t)len;
	de->d_type = ino != 0 && has(mk, 0, EXT2_FI_FILETYPE) ? EXT2_FT_DIR : 0;
	memcpy(de + 1, name, len);
	return off + reclen;
}

static int
make_dirs(struct maker *mk)
{
	size_t block = mk->mk_geom.g_block_bytes;
	uint32_t off;
	int error;

	memset(mk->mk_buf, 0, block);
	off = put_entry(mk, 0, EXT2_INO_ROOT, ".", false);
	off = put_entry(mk, off, EXT2_INO_ROOT, "..", false);
	put_entry(mk, off, EXT2_OLD_FIRSTINO, "lost+found", true);
	error = put(mk, mk->mk_buf, mk->mk_root_blk, 1);

	memset(mk->mk_buf, 0, block);
	off = put_entry(mk, 0, EXT2_OLD_FIRSTINO, ".", false);
	put_entry(mk, off, EXT2_INO_ROOT, "..", true);
	if (error == 0)
		error = put(mk, mk->mk_buf, mk->mk_lost_blk, 1);
	memset(mk->mk_buf, 0, block);
	put_entry(mk, 0, 0, "", true);
	for (uint32_t i = 1; i < mk->mk_lostfound && error == 0; i++)
		error = put(mk, mk->mk_buf, mk->mk_lost_blk + i, 1);
	return error;
}

/*
 * The resize inode's map: its double indirect block names the reserved blocks
 * behind group 0's descriptors, each of which names its copies in other groups.
 */
static int
make_resize(struct maker *mk)
{
	const struct ext2_geom *g = &mk->mk_geom;
	uint64_t first = g->g_first + 1 + g->g_desc_blocks;
	uint32_t per = g->g_block_bytes / 4;
	le32_t *map = (le32_t *)(void *)mk->mk_buf;
	int error = 0;

	if (mk->mk_dind_blk == 0)
		return 0;
	for (uint32_t i = 0; i < g->g_reserved_gdt && error == 0; i++) {
		uint32_t n = 0;

		memset(map, 0, g->g_block_bytes);
		for (uint32_t group = 1; group < g->g_groups && n < per;
		     group++)
			if (ext2_geom_has_super(g, group))
				le32_put(&map[n++],
				    (uint32_t)(first + i +
					(uint64_t)group *
					    g->g_blocks_per_group));
		error = n > 0 ? put(mk, map, first + i, 1)
			      : zero(mk, first + i, 1);
	}
	memset(map, 0, g->g_block_bytes);
	for (uint32_t i = 0; i < g->g_reserved_gdt; i++)
		le32_put(
		    &map[(g->g_desc_blocks + i) % per], (uint32_t)(first + i));
	return error != 0 ? error : put(mk, map, mk->mk_dind_blk, 1);
}

/* ---- the superblock and its copies -------------------------------------------------- */

static void
fill_super_dynamic(struct maker *mk, struct ext2_super_disk *sb)
{
	const struct ext2_geom *g = &mk->mk_geom;
	const struct newfs_opts *o = mk->mk_opts;

	le32_put(&sb->s_first_ino, EXT2_OLD_FIRSTINO);
	le16_put(&sb->s_inode_size, (uint16_t)g->g_inode_bytes);
	le32_put(&sb->s_feature_compat, g->g_compat);
	le32_put(&sb->s_feature_incompat, g->g_incompat);
	le32_put(&sb->s_feature_ro_compat, g->g_rocompat);
	le16_put(&sb->s_reserved_gdt_blocks, (uint16_t)g->g_reserved_gdt);
	/* always signed: what the processor's char is must not show */
	if (has(mk, EXT2_FC_DIR_INDEX, 0)) {
		sb->s_def_hash_version = EXT2_HASH_HALF_MD4;
		memcpy(sb->s_hash_seed, o->no_hash_seed, 16);
		le32_put(&sb->s_flags, EXT2_SBF_SIGNED_HASH);
	}
	if (g->g_inode_bytes > EXT2_OLD_INODE) {
		le16_put(&sb->s_min_extra_isize, EXT2_WANT_EXTRA);
		le16_put(&sb->s_want_extra_isize, EXT2_WANT_EXTRA);
	}
	le32_put(
	    &sb->s_default_mount_opts, EXT2_DEFM_XATTR_USER | EXT2_DEFM_ACL);
	le32_put(&sb->s_overhead_clusters,
	    (uint32_t)(g->g_first + ext2_geom_meta(g) -
		(mk->mk_dind_blk != 0)));
}

static void
fill_super(struct maker *mk)
{
	const struct ext2_geom *g = &mk->mk_geom;
	const struct newfs_opts *o = mk->mk_opts;
	struct ext2_super_disk *sb = &mk->mk_super;
	uint64_t t = o->no_time < 0 ? 0 : (uint64_t)o->no_time;

	le32_put(&sb->s_inodes_count, (uint32_t)g->g_inodes);
	le32_put(&sb->s_blocks_count_lo, (uint32_t)g->g_blocks);
	le32_put(&sb->s_r_blocks_count_lo,
	    (uint32_t)(g->g_blocks * o->no_reserved_ppm / 1000000));
	le32_put(&sb->s_free_blocks_count_lo, (uint32_t)mk->mk_free_blocks);
	le32_put(&sb->s_free_inodes_count, (uint32_t)mk->mk_free_inodes);
	le32_put(&sb->s_first_data_block, g->g_first);
	le32_put(&sb->s_log_block_size, g->g_block_log);
	le32_put(&sb->s_log_cluster_size, g->g_block_log);
	le32_put(&sb->s_blocks_per_group, g->g_blocks_per_group);
	le32_put(&sb->s_clusters_per_group, g->g_blocks_per_group);
	le32_put(&sb->s_inodes_per_group, g->g_inodes_per_group);
	le32_put(&sb->s_wtime, (uint32_t)t);
	sb->s_wtime_hi = (uint8_t)(t >> 32);
	le16_put(&sb->s_max_mnt_count, UINT16_MAX); /* never */
	le16_put(&sb->s_magic, EXT2_MAGIC);
	le16_put(&sb->s_state, EXT2_STATE_VALID);
	le16_put(&sb->s_errors, EXT2_ERRORS_CONTINUE);
	le32_put(&sb->s_lastcheck, (uint32_t)t);
	sb->s_lastcheck_hi = (uint8_t)(t >> 32);
	le32_put(&sb->s_creator_os, EXT2_OS_LINUX);
	le32_put(&sb->s_rev_level, g->g_rev);
	memcpy(sb->s_uuid, o->no_uuid, 16);
	if (o->no_label != NULL)
		memcpy(sb->s_volume_name, o->no_label,
		    strnlen(o->no_label, sizeof(sb->s_volume_name)));
	le32_put(&sb->s_mkfs_time, (uint32_t)t);
	sb->s_mkfs_time_hi = (uint8_t)(t >> 32);
	if (g->g_rev != EXT2_REV_OLD)
		fill_super_dynamic(mk, sb);
}

/* Descriptors and superblock of one group. */
static int
make_copy(struct maker *mk, uint32_t group)
{
	const struct ext2_geom *g = &mk->mk_geom;
	uint64_t start = ext2_geom_group_start(g, group);
	uint64_t off = start * g->g_block_bytes;
	int error;

	error = put(mk, mk->mk_desc, start + 1, g->g_desc_blocks);
	if (error == 0 && group != 0)
		error = zero(
		    mk, start + 1 + g->g_desc_blocks, g->g_reserved_gdt);
	if (error != 0)
		return error;
	if (g->g_rev != EXT2_REV_OLD)
		le16_put(&mk->mk_super.s_block_group_nr, (uint16_t)group);
	if (group == 0)
		off = EXT2_SB_OFFSET;
	else
		error = zero(mk, start, 1);
	if (error == 0)
		error = mk->mk_io->ni_write(
		    mk->mk_io, &mk->mk_super, sizeof(mk->mk_super), off);
	return error;
}

static int
make_all(struct maker *mk)
{
	const struct ext2_geom *g = &mk->mk_geom;
	uint64_t size = g->g_blocks * g->g_block_bytes;
	int error = mk->mk_io->ni_setsize(
	    mk->mk_io, kmax(size, mk->mk_opts->no_size));

	/* what stood there before must not be found again */
	if (error == 0)
		error = mk->mk_io->ni_zero(mk->mk_io, 0,
		    kmin(size, kmax(65536, 2 * g->g_block_bytes)));
	for (uint32_t i = 0; i < g->g_groups && error == 0; i++)
		error = make_group(mk, i);
	if (error == 0)
		error = make_inodes(mk);
	if (error == 0)
		error = make_dirs(mk);
	if (error == 0)
		error = make_resize(mk);
	for (uint32_t i = 0; i < g->g_groups; i++)
		memcpy(mk->mk_desc + (size_t)i * EXT2_DESC_SIZE,
		    &mk->mk_group[i], EXT2_DESC_SIZE);
	fill_super(mk);
	for (uint32_t i = g->g_groups; i-- > 0 && error == 0;)
		if (ext2_geom_has_super(g, i))
			error = make_copy(mk, i);
	return error;
}

int
newfs_ext2_make(const struct newfs_opts *o, struct newfs_io *io,
    struct newfs_result *nr, char why[NEWFS_WHY])
{
	struct maker mk = {.mk_opts = o, .mk_io = io};
	struct ext2_geom *g = &mk.mk_geom;
	int error = newfs_ext2_geom(o, g, why);

	if (error != 0)
		return error;
	mk.mk_lostfound = newfs_ext2_lostfound(g);
	mk.mk_root_blk = g->g_first + ext2_geom_group_meta(g, 0);
	mk.mk_lost_blk = mk.mk_root_blk + 1;
	if (has(&mk, EXT2_FC_RESIZE_INODE, 0))
		mk.mk_dind_blk = mk.mk_lost_blk + mk.mk_lostfound;
	if (ext2_geom_group_meta(g, 0) + first_group_extra(&mk) >
	    ext2_geom_group_blocks(g, 0))
		return newfs_fail(why, ENOSPC,
		    "%llu bytes are too few: no room for the root directory",
		    (unsigned long long)o->no_size);
	mk.mk_buf = malloc(2 * (size_t)g->g_block_bytes);
	mk.mk_group = calloc(g->g_groups, sizeof(*mk.mk_group));
	mk.mk_desc = calloc(g->g_desc_blocks, g->g_block_bytes);
	if (mk.mk_buf == NULL || mk.mk_group == NULL || mk.mk_desc == NULL)
		error = newfs_fail(why, ENOMEM, "out of memory");
	else
		error = make_all(&mk);
	if (error == 0)
		newfs_ext2_result(g, nr);
	else if (why != NULL && error != ENOMEM)
		why[0] = '\0'; /* the number says it */
	free(mk.mk_buf);
	free(mk.mk_group);
	free(mk.mk_desc);
	return error;
}
