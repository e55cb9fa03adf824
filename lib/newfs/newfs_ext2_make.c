/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Write an empty ext2: bitmaps, descriptors, the root, lost+found, the resize
 * inode, and the superblock with its copies, the first one last.
 *
 * In group 0, behind its tables, stand: root's block, lost+found's, the double
 * indirect block of the resize inode, and the journal (newfs_ext2_journal.c).
 */
#include <stdlib.h>
#include <string.h>

#include "newfs/newfs_ext2_make.h"

#define DEFAULT_FLEX_LOG 4 /* 16 groups */

int
maker_put(struct maker *mk, const void *buf, uint64_t blk, uint64_t nblk)
{
	uint32_t block = mk->mk_geom.g_block_bytes;

	return mk->mk_io->ni_write(
	    mk->mk_io, buf, (size_t)(nblk * block), blk * block);
}

int
maker_zero(struct maker *mk, uint64_t blk, uint64_t nblk)
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

uint32_t
maker_used(const struct maker *mk, uint32_t group)
{
	uint32_t used = ext2_geom_group_meta(&mk->mk_geom, group);

	if (group == 0)
		used += 1 + mk->mk_lostfound + (mk->mk_dind_blk != 0) +
		    (uint32_t)mk->mk_journal.jn_map;
	return used;
}

static void
bitmap_sums(struct maker *mk, struct ext2_group_disk *gd)
{
	const struct ext2_geom *g = &mk->mk_geom;
	uint32_t sum;

	if (!mk->mk_csum)
		return;
	sum = ext2_csum_bitmap(
	    mk->mk_seed, mk->mk_buf, g->g_blocks_per_group / 8);
	le16_put(&gd->bg_block_bitmap_csum_lo, (uint16_t)sum);
	le16_put(&gd->bg_block_bitmap_csum_hi, (uint16_t)(sum >> 16));
	sum = ext2_csum_bitmap(mk->mk_seed, mk->mk_buf + g->g_block_bytes,
	    g->g_inodes_per_group / 8);
	le16_put(&gd->bg_inode_bitmap_csum_lo, (uint16_t)sum);
	le16_put(&gd->bg_inode_bitmap_csum_hi, (uint16_t)(sum >> 16));
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
	uint32_t used = maker_used(mk, group) + mk->mk_jpart[group];
	uint32_t inodes = group == 0 ? EXT2_OLD_FIRSTINO : 0;
	uint32_t bits = 8 * g->g_block_bytes;
	int error;

	memset(mk->mk_buf, 0, 2 * (size_t)g->g_block_bytes);
	set_bits(mk->mk_buf, 0, used);
	set_bits(mk->mk_buf, blocks, bits);
	set_bits(mk->mk_buf + g->g_block_bytes, 0, inodes);
	set_bits(mk->mk_buf + g->g_block_bytes, g->g_inodes_per_group, bits);
	bitmap_sums(mk, gd);
	error = maker_put(mk, mk->mk_buf, start + head, 2);
	if (error == 0)
		error = maker_zero(mk, start + head + 2, g->g_itable_blocks);
	if ((g->g_rocompat & (EXT2_FR_GDT_CSUM | EXT2_FR_METADATA_CSUM)) != 0)
		le16_put(&gd->bg_flags, EXT2_BGF_INODE_ZEROED);
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

/* The inode's one run. */
static void
set_run(struct maker *mk, struct ext2_inode_disk *di, uint64_t blk, uint32_t n)
{
	struct ext4_extent_head_disk *eh = (void *)di->i_block;
	struct ext4_extent_disk *ee = (void *)(eh + 1);

	if (!mk->mk_extents) {
		for (uint32_t i = 0; i < n; i++)
			le32_put(&di->i_block[i], (uint32_t)(blk + i));
		return;
	}
	le32_put(&di->i_flags, EXT2_IF_EXTENTS);
	le16_put(&eh->eh_magic, EXT4_EXT_MAGIC);
	le16_put(&eh->eh_entries, 1);
	le16_put(&eh->eh_max, 4);
	le16_put(&ee->ee_len, (uint16_t)n);
	le32_put(&ee->ee_start_lo, (uint32_t)blk);
}

static void
set_owner(struct ext2_inode_disk *di, uint32_t uid, uint32_t gid)
{
	le16_put(&di->i_uid_lo, (uint16_t)uid);
	le16_put(&di->i_uid_hi, (uint16_t)(uid >> 16));
	le16_put(&di->i_gid_lo, (uint16_t)gid);
	le16_put(&di->i_gid_hi, (uint16_t)(gid >> 16));
}

/* The beginning of the inode table: root, lost+found, resize, the journal. */
static int
make_inodes(struct maker *mk)
{
	const struct ext2_geom *g = &mk->mk_geom;
	uint32_t block = g->g_block_bytes;
	uint64_t nblk = howmany(
	    (uint64_t)EXT2_OLD_FIRSTINO * g->g_inode_bytes, block);
	uint8_t *table = calloc(nblk, block);
	struct ext2_inode_disk *di;
	int error = 0;

	if (table == NULL)
		return ENOMEM;
	di = inode_at(mk, table, EXT2_INO_ROOT);
	fill_inode(mk, di,
	    RUMP_S_IFDIR | (mk->mk_opts->no_root_mode & RUMP_ALLPERMS), 3,
	    block, 1);
	set_owner(di, mk->mk_opts->no_root_uid, mk->mk_opts->no_root_gid);
	set_run(mk, di, mk->mk_root_blk, 1);

	di = inode_at(mk, table, EXT2_OLD_FIRSTINO);
	fill_inode(mk, di, RUMP_S_IFDIR | 0700, 2,
	    (uint64_t)mk->mk_lostfound * block, mk->mk_lostfound);
	set_run(mk, di, mk->mk_lost_blk, mk->mk_lostfound);

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
	if (mk->mk_journal.jn_blocks != 0) {
		di = inode_at(mk, table, EXT2_INO_JOURNAL);
		fill_inode(mk, di, RUMP_S_IFREG | 0600, 1,
		    mk->mk_journal.jn_blocks * block,
		    mk->mk_journal.jn_blocks + mk->mk_journal.jn_map);
		error = maker_journal(mk, di);
	}
	for (uint32_t ino = 1; mk->mk_csum && ino <= EXT2_OLD_FIRSTINO; ino++)
		ext2_csum_inode_put(mk->mk_seed, ino, inode_at(mk, table, ino),
		    g->g_inode_bytes);
	if (error == 0)
		error = maker_put(mk, table,
		    ext2_geom_group_start(g, 0) + ext2_geom_group_head(g, 0) +
			2,
		    nblk);
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
	uint32_t len = (uint32_t)strlen(name);
	uint32_t block = mk->mk_geom.g_block_bytes -
	    (mk->mk_csum ? (uint32_t)sizeof(struct ext2_dirtail_disk) : 0);
	uint32_t reclen = last ? block - off : EXT2_DIRENT_SIZE(len);

	le32_put(&de->d_inode, ino);
	le16_put(
	    &de->d_reclen, reclen > UINT16_MAX ? UINT16_MAX : (uint16_t)reclen);
	de->d_namlen = (uint8_t)len;
	de->d_type = ino != 0 && has(mk, 0, EXT2_FI_FILETYPE) ? EXT2_FT_DIR : 0;
	memcpy(de + 1, name, len);
	return off + reclen;
}

/* Write a block of directory ino, from mk_buf. */
static int
put_dirblock(struct maker *mk, uint32_t ino, uint64_t blk)
{
	uint32_t block = mk->mk_geom.g_block_bytes;
	struct ext2_dirtail_disk *dt = (void *)(mk->mk_buf + block -
	    sizeof(*dt));

	if (mk->mk_csum) {
		le16_put(&dt->dt_reclen, sizeof(*dt));
		dt->dt_type = EXT2_FT_CSUM;
		le32_put(&dt->dt_checksum,
		    ext2_csum_dirblock(
			ext2_csum_inode_seed(mk->mk_seed, ino, 0), mk->mk_buf,
			block));
	}
	return maker_put(mk, mk->mk_buf, blk, 1);
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
	error = put_dirblock(mk, EXT2_INO_ROOT, mk->mk_root_blk);

	memset(mk->mk_buf, 0, block);
	off = put_entry(mk, 0, EXT2_OLD_FIRSTINO, ".", false);
	put_entry(mk, off, EXT2_INO_ROOT, "..", true);
	if (error == 0)
		error = put_dirblock(mk, EXT2_OLD_FIRSTINO, mk->mk_lost_blk);
	memset(mk->mk_buf, 0, block);
	put_entry(mk, 0, 0, "", true);
	for (uint32_t i = 1; i < mk->mk_lostfound && error == 0; i++)
		error = put_dirblock(
		    mk, EXT2_OLD_FIRSTINO, mk->mk_lost_blk + i);
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
		error = n > 0 ? maker_put(mk, map, first + i, 1)
			      : maker_zero(mk, first + i, 1);
	}
	memset(map, 0, g->g_block_bytes);
	for (uint32_t i = 0; i < g->g_reserved_gdt; i++)
		le32_put(
		    &map[(g->g_desc_blocks + i) % per], (uint32_t)(first + i));
	return error != 0 ? error : maker_put(mk, map, mk->mk_dind_blk, 1);
}

/* ---- the superblock and its copies -------------------------------------------------- */

/* The seed of checksums that follows from the UUID. */
static uint32_t
uuid_seed(const struct ext2_super_disk *sb)
{
	struct ext2_super_disk plain = *sb;

	le32_put(&plain.s_feature_incompat,
	    le32_get(sb->s_feature_incompat) & ~EXT2_FI_CSUM_SEED);
	return ext2_csum_seed(&plain);
}

static uint8_t
flex_log(uint32_t groups)
{
	uint8_t n = 0;

	if (groups == 0)
		return DEFAULT_FLEX_LOG;
	while (((uint32_t)1 << n) < groups)
		n++;
	return n;
}

static void
fill_super_dynamic(struct maker *mk, struct ext2_super_disk *sb)
{
	const struct ext2_geom *g = &mk->mk_geom;
	const struct newfs_opts *o = mk->mk_opts;

	le32_put(&sb->s_first_ino, EXT2_OLD_FIRSTINO);
	le16_put(&sb->s_inode_size, (uint16_t)g->g_inode_bytes);
	le32_put(&sb->s_feature_compat,
	    mk->mk_journal.jn_blocks != 0 ? g->g_compat
					  : g->g_compat & ~EXT2_FC_HAS_JOURNAL);
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
	if ((g->g_incompat & EXT2_FI_64BIT) != 0)
		le16_put(&sb->s_desc_size, (uint16_t)g->g_desc_bytes);
	if ((g->g_incompat & EXT2_FI_FLEX_BG) != 0)
		sb->s_log_groups_per_flex = flex_log(o->no_ext4.ne_flex);
	if (mk->mk_csum)
		sb->s_checksum_type = EXT2_CSUM_CRC32C;
	if ((g->g_incompat & EXT2_FI_CSUM_SEED) != 0)
		le32_put(&sb->s_checksum_seed, uuid_seed(sb));
	le32_put(&sb->s_overhead_clusters,
	    (uint32_t)(g->g_first + ext2_geom_meta(g) - (mk->mk_dind_blk != 0) +
		mk->mk_journal.jn_blocks));
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

	error = maker_put(mk, mk->mk_desc, start + 1, g->g_desc_blocks);
	if (error == 0 && group != 0)
		error = maker_zero(
		    mk, start + 1 + g->g_desc_blocks, g->g_reserved_gdt);
	if (error != 0)
		return error;
	if (g->g_rev != EXT2_REV_OLD)
		le16_put(&mk->mk_super.s_block_group_nr, (uint16_t)group);
	if (mk->mk_csum)
		le32_put(
		    &mk->mk_super.s_checksum, ext2_csum_super(&mk->mk_super));
	if (group == 0)
		off = EXT2_SB_OFFSET;
	else
		error = maker_zero(mk, start, 1);
	if (error == 0)
		error = mk->mk_io->ni_write(
		    mk->mk_io, &mk->mk_super, sizeof(mk->mk_super), off);
	return error;
}

static void
put_descriptors(struct maker *mk)
{
	const struct ext2_geom *g = &mk->mk_geom;

	for (uint32_t i = 0; i < g->g_groups; i++) {
		struct ext2_group_disk *gd = &mk->mk_group[i];

		le16_put(&gd->bg_checksum,
		    ext2_csum_group(
			&mk->mk_super, mk->mk_seed, i, gd, g->g_desc_bytes));
		memcpy(mk->mk_desc + (size_t)i * g->g_desc_bytes, gd,
		    g->g_desc_bytes);
	}
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
	fill_super(mk);
	if (mk->mk_csum)
		mk->mk_seed = ext2_csum_seed(&mk->mk_super);
	maker_journal_place(mk);
	for (uint32_t i = 0; i < g->g_groups && error == 0; i++)
		error = make_group(mk, i);
	if (error == 0)
		error = make_inodes(mk);
	if (error == 0)
		error = make_dirs(mk);
	if (error == 0)
		error = make_resize(mk);
	fill_super(mk); /* now with the counts */
	put_descriptors(mk);
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
	mk.mk_jmap_blk = mk.mk_lost_blk + mk.mk_lostfound +
	    (mk.mk_dind_blk != 0);
	mk.mk_csum = (g->g_rocompat & EXT2_FR_METADATA_CSUM) != 0;
	mk.mk_extents = (g->g_incompat & EXT2_FI_EXTENTS) != 0;
	error = newfs_ext2_journal_plan(o, g, &mk.mk_journal, why);
	if (error != 0)
		return error;
	if (maker_used(&mk, 0) > ext2_geom_group_blocks(g, 0))
		return newfs_fail(why, ENOSPC,
		    "%llu bytes are too few: no room for the root directory",
		    (unsigned long long)o->no_size);
	mk.mk_buf = malloc(2 * (size_t)g->g_block_bytes);
	mk.mk_group = calloc(g->g_groups, sizeof(*mk.mk_group));
	mk.mk_desc = calloc(g->g_desc_blocks, g->g_block_bytes);
	mk.mk_jpart = calloc(g->g_groups, sizeof(*mk.mk_jpart));
	if (mk.mk_buf == NULL || mk.mk_group == NULL || mk.mk_desc == NULL ||
	    mk.mk_jpart == NULL)
		error = newfs_fail(why, ENOMEM, "out of memory");
	else
		error = make_all(&mk);
	if (error == 0)
		newfs_ext2_result(o, g, nr);
	else if (why != NULL && error != ENOMEM)
		why[0] = '\0'; /* the number says it */
	free(mk.mk_buf);
	free(mk.mk_group);
	free(mk.mk_desc);
	free(mk.mk_jpart);
	return error;
}
