/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ext2 formatter's options, plans and sizing; newfs_ext2_make.c writes.
 *
 * Sizing gives an upper bound for what the driver takes: each name behind the
 * one before, a block for attributes that don't fit the inode, every indirect
 * block.
 *
 * Left out: what newfs_ext2_feature.c doesn't know.
 */
#include <string.h>

#include "newfs/newfs_ext2_int.h"

#define DEFAULT_INODE_BYTES 256u
/* an inode's attributes: after the extra fields, a magic number before, four
 * zero bytes behind */
#define INODE_ATTR_HEAD 8u

/* ---- plans ---------------------------------------------------------------- */

int
newfs_ext2_want(const struct newfs_opts *o, struct ext2_geom_want *want,
    char why[NEWFS_WHY])
{
	uint32_t block = o->no_block;
	const char *type = o->no_type != NULL ? o->no_type : "ext2";
	int error;

	*want = (struct ext2_geom_want){
	    .gw_rev = EXT2_REV_DYNAMIC,
	    .gw_exact = o->no_exact,
	};
	newfs_ext2_type_features(type, want);
	if (o->no_ext4.ne_nojournal)
		want->gw_compat &= ~EXT2_FC_HAS_JOURNAL;
	if (o->no_rev == 0) {
		want->gw_rev = EXT2_REV_OLD;
		want->gw_compat = want->gw_incompat = want->gw_rocompat = 0;
	} else if (o->no_rev != NEWFS_REV_DEFAULT && o->no_rev != 1)
		return newfs_fail(
		    why, EINVAL, "%s has revisions 0 and 1", type);
	error = newfs_ext2_features(want, o->no_features, why);
	if (error == 0)
		error = newfs_ext2_check_features(want, type, why);
	if (error != 0)
		return error;
	if (block == 0)
		block = ext2_geom_default_block(o->no_size);
	if (!ispow2(block) || block < EXT2_MIN_BLOCK || block > EXT2_MAX_BLOCK)
		return newfs_fail(why, EINVAL,
		    "block size %u is not a power of two from 1024 to 65536",
		    block);
	want->gw_block_bytes = block;
	want->gw_inode_bytes = o->no_inode_bytes;
	if (want->gw_inode_bytes == 0)
		want->gw_inode_bytes = want->gw_rev == EXT2_REV_OLD
		    ? EXT2_OLD_INODE
		    : DEFAULT_INODE_BYTES;
	if (!ispow2(want->gw_inode_bytes) ||
	    want->gw_inode_bytes < EXT2_OLD_INODE ||
	    want->gw_inode_bytes > block ||
	    (want->gw_rev == EXT2_REV_OLD &&
		want->gw_inode_bytes != EXT2_OLD_INODE))
		return newfs_fail(why, EINVAL,
		    "inode size %u is not a power of two from 128 to the block "
		    "size%s",
		    want->gw_inode_bytes,
		    want->gw_rev == EXT2_REV_OLD ? " (revision 0: 128)" : "");
	want->gw_inodes = o->no_inodes;
	want->gw_ratio_bytes = o->no_ratio;
	if (want->gw_ratio_bytes == 0)
		want->gw_ratio_bytes = kmax(
		    ext2_geom_default_ratio(o->no_size), block);
	if (want->gw_ratio_bytes < 1024)
		return newfs_fail(
		    why, EINVAL, "fewer than 1024 bytes per inode");
	if (o->no_label != NULL && strlen(o->no_label) > 16)
		return newfs_fail(why, EINVAL,
		    "label '%s' is longer than ext2's 16 bytes", o->no_label);
	return 0;
}

int
newfs_ext2_geom(
    const struct newfs_opts *o, struct ext2_geom *g, char why[NEWFS_WHY])
{
	struct ext2_geom_want want;
	struct newfs_ext2_journal jn;
	int error = newfs_ext2_want(o, &want, why);

	if (error != 0)
		return error;
	want.gw_blocks = o->no_size / want.gw_block_bytes;
	if (want.gw_blocks == UINT64_C(1) << 32)
		want.gw_blocks--; /* the one block too many */
	error = ext2_geom_plan(&want, g);
	if (error == 0)
		error = newfs_ext2_journal_plan(o, g, &jn, why);
	if (error == EINVAL)
		return error;
	if (error == 0 &&
	    ext2_geom_meta(g) + g->g_first + 2 + jn.jn_blocks + jn.jn_map >
		g->g_blocks)
		error = ENOSPC; /* root and lost+found */
	if (error == EFBIG)
		return newfs_fail(why, error,
		    "%llu bytes are more than 2^32 blocks of %u: use a larger "
		    "block size",
		    (unsigned long long)o->no_size, want.gw_block_bytes);
	if (error == ENOSPC)
		return newfs_fail(why, error,
		    "%llu bytes are too few for blocks of %u and %s inodes",
		    (unsigned long long)o->no_size, want.gw_block_bytes,
		    want.gw_inodes != 0 ? "so many" : "the");
	if (error != 0)
		return newfs_fail(why, error, "no such ext2");
	return 0;
}

uint32_t
newfs_ext2_lostfound(const struct ext2_geom *g)
{
	uint64_t meta = ext2_geom_group_meta(g, 0) + 2, room;

	/* of group 0, where it is put; in small ones of a quarter of it */
	room = ext2_geom_group_blocks(g, 0);
	room = room > meta ? (room - meta) / 4 : 0;
	return (uint32_t)kmax(
	    kmin(ext2_geom_lostfound(g->g_block_bytes), room), 1);
}

/* Seconds as an inode has them: 32 bits and, in a large one, two more beside the
 * nanoseconds. */
int64_t
newfs_ext2_time_max(uint32_t inode_bytes)
{
	return inode_bytes > EXT2_OLD_INODE ? INT32_MAX + (INT64_C(3) << 32)
					    : INT32_MAX;
}

void
newfs_ext2_result(const struct newfs_opts *o, const struct ext2_geom *g,
    struct newfs_result *nr)
{
	struct newfs_ext2_journal jn;
	uint64_t used = g->g_first + ext2_geom_meta(g) + 1 +
	    newfs_ext2_lostfound(g);

	if (newfs_ext2_journal_plan(o, g, &jn, NULL) == 0)
		used += jn.jn_blocks + jn.jn_map;

	*nr = (struct newfs_result){
	    .nr_size = g->g_blocks * g->g_block_bytes,
	    .nr_block = g->g_block_bytes,
	    .nr_blocks = g->g_blocks,
	    .nr_free_blocks = g->g_blocks > used ? g->g_blocks - used : 0,
	    .nr_inodes = g->g_inodes,
	    .nr_free_inodes = g->g_inodes - EXT2_OLD_FIRSTINO,
	    .nr_groups = g->g_groups,
	    .nr_inode_bytes = g->g_inode_bytes,
	    .nr_time_min = INT32_MIN,
	    .nr_time_max = newfs_ext2_time_max(g->g_inode_bytes),
	};
}

static int
ext2_defaults(struct newfs_opts *o, char why[NEWFS_WHY])
{
	struct ext2_geom_want want;
	int error = newfs_ext2_want(o, &want, why);

	if (error != 0)
		return error;
	o->no_block = want.gw_block_bytes;
	o->no_inode_bytes = want.gw_inode_bytes;
	return 0;
}

static int
ext2_plan(
    const struct newfs_opts *o, struct newfs_result *nr, char why[NEWFS_WHY])
{
	struct ext2_geom g;
	int error = newfs_ext2_geom(o, &g, why);

	if (error == 0)
		newfs_ext2_result(o, &g, nr);
	return error;
}

static int
ext2_fit(const struct newfs_opts *o, uint64_t blocks, uint64_t inodes,
    struct newfs_result *nr, char why[NEWFS_WHY])
{
	struct newfs_ext2_journal jn;
	struct ext2_geom_want want;
	uint64_t journal = 0, more;
	struct ext2_geom g;
	int error = newfs_ext2_want(o, &want, why);

	if (error != 0)
		return error;
	want.gw_inodes = kmax(want.gw_inodes, inodes + EXT2_OLD_FIRSTINO);
	/* beside what is asked for: root's block, lost+found's, a journal, which
	 * follows from the size */
	do {
		more = journal;
		error = ext2_geom_fit(&want,
		    blocks + 1 + ext2_geom_lostfound(want.gw_block_bytes) +
			more,
		    &g);
		if (error == 0)
			error = newfs_ext2_journal_plan(o, &g, &jn, why);
		if (error == EINVAL)
			return error;
		journal = error == 0 ? jn.jn_blocks + jn.jn_map : 0;
	} while (error == 0 && journal > more);
	if (error != 0)
		return newfs_fail(why, error,
		    "%llu blocks of %u bytes and %llu inodes are more than "
		    "ext2 can hold: use a larger block size",
		    (unsigned long long)blocks, want.gw_block_bytes,
		    (unsigned long long)inodes);
	newfs_ext2_result(o, &g, nr);
	return 0;
}

/* ---- sizing ----------------------------------------------------------------- */

static uint32_t
ext2_attr_bytes(const char *name, uint32_t value_bytes)
{
	static const char *const whole[] = {
	    "system.posix_acl_access", "system.posix_acl_default"};
	const char *dot = strchr(name, '.');
	size_t len = dot != NULL ? strlen(dot + 1) : strlen(name);

	for (size_t i = 0; i < nitems(whole); i++)
		if (strcmp(name, whole[i]) == 0)
			len = 0;
	return EXT2_XATTR_ENTRY_SIZE(len) + EXT2_XATTR_VALUE_SIZE(value_bytes);
}

/* Bytes for attributes in an inode, its head and end left out. */
static uint32_t
inode_attr_room(const struct newfs_opts *o)
{
	if (o->no_inode_bytes <= EXT2_OLD_INODE)
		return 0;
	return o->no_inode_bytes - EXT2_OLD_INODE - EXT2_WANT_EXTRA -
	    INODE_ATTR_HEAD;
}

/* Has the file system extents?  The wishes were checked. */
static bool
has_extents(const struct newfs_opts *o)
{
	struct ext2_geom_want want;

	return newfs_ext2_want(o, &want, NULL) == 0 &&
	    (want.gw_incompat & EXT2_FI_EXTENTS) != 0;
}

/* Bytes of a directory's block that are for names. */
static uint32_t
names_room(const struct newfs_opts *o)
{
	struct ext2_geom_want want;
	bool csum = newfs_ext2_want(o, &want, NULL) == 0 &&
	    (want.gw_rocompat & EXT2_FR_METADATA_CSUM) != 0;

	return o->no_block -
	    (csum ? (uint32_t)sizeof(struct ext2_dirtail_disk) : 0);
}

/* Blocks of the tree of n extents, of which each may be cut in two at the end of a
 * group. */
static uint64_t
extent_blocks(const struct newfs_opts *o, uint64_t n)
{
	uint64_t per = (o->no_block - sizeof(struct ext4_extent_head_disk) -
			   4) /
	    sizeof(struct ext4_extent_disk);

	n = 2 * n;
	return n <= 4 ? 0 : howmany(n, per) + (n > 4 * per);
}

/* A file's blocks and those of its map. */
static uint64_t
file_blocks(const struct newfs_opts *o, const struct newfs_node *nn)
{
	uint64_t block = o->no_block, blocks = 0, n = 0;
	struct ext2_mapcount em;

	if (!has_extents(o)) {
		if (nn->nn_data == NULL)
			return ext2_geom_file_blocks(o->no_block, nn->nn_size);
		ext2_mapcount_init(&em, o->no_block);
	}
	if (nn->nn_data == NULL) {
		blocks = howmany(nn->nn_size, block);
		n = howmany(blocks, EXT4_EXT_INITMAX);
	}
	for (unsigned i = 0; nn->nn_data != NULL && i < nn->nn_ndata; i++) {
		const struct newfs_range *r = &nn->nn_data[i];
		uint64_t first = r->nr_off / block, len;

		if (r->nr_len == 0)
			continue;
		len = howmany(r->nr_off + r->nr_len, block) - first;
		if (!has_extents(o))
			ext2_mapcount_add(&em, first, len);
		blocks += len;
		n += howmany(len, EXT4_EXT_INITMAX);
	}
	return has_extents(o) ? blocks + extent_blocks(o, n) : em.em_total;
}

static void
ext2_need_node(const struct newfs_opts *o, struct newfs_need *nd,
    const struct newfs_node *nn)
{
	nd->nd_inodes++;
	if (nn->nn_nattr > 0 && nn->nn_attr_bytes > inode_attr_room(o))
		nd->nd_blocks++;
	switch (nn->nn_mode & RUMP_S_IFMT) {
	case RUMP_S_IFLNK:
		if (nn->nn_size >= EXT2_FASTLINK_MAX)
			nd->nd_blocks++;
		return;
	case RUMP_S_IFREG:
		break;
	default:
		return;
	}
	nd->nd_blocks += file_blocks(o, nn);
}

static void
ext2_need_name(const struct newfs_opts *o, struct newfs_need *nd,
    const char *name, uint32_t namelen)
{
	struct ext2_dircount ed;

	(void)name;
	ext2_dircount_init(&ed, names_room(o));
	if (nd->nd_dir_blocks != 0) {
		ed.ed_blocks = nd->nd_dir_blocks;
		ed.ed_used = nd->nd_dir_used;
	}
	ext2_dircount_add(&ed, namelen);
	nd->nd_dir_blocks = ed.ed_blocks;
	nd->nd_dir_used = ed.ed_used;
}

static void
ext2_need_dirend(const struct newfs_opts *o, struct newfs_need *nd)
{
	uint64_t n = nd->nd_dir_blocks != 0 ? nd->nd_dir_blocks : 1;

	nd->nd_blocks += has_extents(o)
	    ? n + extent_blocks(o, howmany(n, 8))
	    : ext2_geom_file_blocks(o->no_block, n * o->no_block);
	nd->nd_dir_blocks = 0;
	nd->nd_dir_used = 0;
}

static const char *
ext2_unfit(const struct newfs_opts *o, const struct newfs_node *nn)
{
	uint32_t type = nn->nn_mode & RUMP_S_IFMT, head, room;
	struct ext2_geom_want want;
	uint64_t most;
	bool large;

	if (newfs_ext2_want(o, &want, NULL) != 0)
		return NULL; /* said elsewhere */
	large = (want.gw_rocompat & EXT2_FR_LARGE_FILE) != 0;
	if (type == RUMP_S_IFREG && (want.gw_incompat & EXT2_FI_EXTENTS) != 0)
		most = (uint64_t)want.gw_block_bytes << 32;
	else
		most = ext2_geom_file_max(want.gw_block_bytes, large);
	if (type == RUMP_S_IFREG && nn->nn_size > most)
		return "is larger than a file can be with this block size "
		       "and these features";
	if (type == RUMP_S_IFLNK && nn->nn_size >= want.gw_block_bytes)
		return "is a symlink whose target is longer than a block";
	head = (uint32_t)sizeof(struct ext2_xattr_head_disk) + 4;
	room = want.gw_block_bytes - head + inode_attr_room(o);
	if (nn->nn_nattr > 0 && nn->nn_attr_bytes > room)
		return "has more extended attributes than a block holds";
	return NULL;
}

#define EXT_COMMON                                                            \
	.nt_defaults = ext2_defaults, .nt_plan = ext2_plan,                   \
	.nt_fit = ext2_fit, .nt_make = newfs_ext2_make,                       \
	.nt_need_node = ext2_need_node, .nt_need_name = ext2_need_name,       \
	.nt_need_dirend = ext2_need_dirend, .nt_attr_bytes = ext2_attr_bytes, \
	.nt_unfit = ext2_unfit, .nt_reserved_inodes = EXT2_OLD_FIRSTINO,      \
	.nt_name_max = EXT2_NAME_MAX, .nt_id_max = UINT32_MAX - 1,            \
	.nt_made_inodes = 1

const struct newfs_type newfs_ext2 = {
    .nt_name = "ext2",
    EXT_COMMON,
};
const struct newfs_type newfs_ext3 = {
    .nt_name = "ext3",
    .nt_typeopts = newfs_ext4_typeopts,
    EXT_COMMON,
};
const struct newfs_type newfs_ext4 = {
    .nt_name = "ext4",
    .nt_typeopts = newfs_ext4_typeopts,
    EXT_COMMON,
};
