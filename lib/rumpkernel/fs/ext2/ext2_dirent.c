/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directory blocks: the record for genfs_dirpack.c, a block of a directory, a new
 * one.
 */
#include "fs/ext2/ext2.h"
#include "fs/ext2/ext2_csum.h"
#include "fs/ext2/ext2_htree.h"
#include "kern/kstring.h"

#define READAHEAD_BYTES 65536u /* of a directory */

/* ---- the record, for genfs_dirpack.c ---------------------------------------- */

static const uint8_t ft_to_dtype[] = {
    [EXT2_FT_UNKNOWN] = RUMP_DT_UNKNOWN,
    [EXT2_FT_REG] = RUMP_DT_REG,
    [EXT2_FT_DIR] = RUMP_DT_DIR,
    [EXT2_FT_CHR] = RUMP_DT_CHR,
    [EXT2_FT_BLK] = RUMP_DT_BLK,
    [EXT2_FT_FIFO] = RUMP_DT_FIFO,
    [EXT2_FT_SOCK] = RUMP_DT_SOCK,
    [EXT2_FT_LNK] = RUMP_DT_LNK,
};

static uint8_t
dtype_to_ft(uint8_t dtype)
{
	for (uint8_t i = 1; i < nitems(ft_to_dtype); i++)
		if (ft_to_dtype[i] == dtype)
			return i;
	return EXT2_FT_UNKNOWN;
}

int
ext2_rec_get(const void *ctx, const uint8_t *p, uint32_t room,
    struct dirpack_ent *de, const char **whyp)
{
	const struct ext2_mount *m = ctx;
	const struct ext2_dirent_disk *d = (const void *)p;
	uint32_t reclen;

	if (room < EXT2_DIRENT_HEAD) {
		*whyp = "no room for a record";
		return EUCLEAN;
	}
	reclen = le16_get(d->d_reclen);
	if (m->m_bsize == EXT2_MAX_BLOCK && (reclen == 0 || reclen == 65535))
		reclen = EXT2_MAX_BLOCK;
	de->de_ino = le32_get(d->d_inode);
	de->de_reclen = reclen;
	de->de_namlen = d->d_namlen;
	de->de_name = (const char *)p + EXT2_DIRENT_HEAD;
	de->de_dtype = RUMP_DT_UNKNOWN;
	if (!m->m_filetype)
		de->de_namlen |= (uint32_t)d->d_type << 8;
	else if (d->d_type < nitems(ft_to_dtype))
		de->de_dtype = ft_to_dtype[d->d_type];
	*whyp = NULL;
	if (reclen < EXT2_DIRENT_HEAD || reclen % 4 != 0)
		*whyp = "bad record length";
	else if (reclen > room)
		*whyp = "record crosses the block's end";
	else if (de->de_ino == 0)
		de->de_namlen = 0;
	else if (de->de_namlen == 0 || de->de_namlen > EXT2_NAME_MAX)
		*whyp = "bad name length";
	else if (EXT2_DIRENT_HEAD + de->de_namlen > reclen)
		*whyp = "name crosses the record's end";
	else if (de->de_ino > m->m_inodes)
		*whyp = "inode number out of range";
	return *whyp != NULL ? EUCLEAN : 0;
}

void
ext2_rec_put(const void *ctx, uint8_t *p, const struct dirpack_ent *de)
{
	const struct ext2_mount *m = ctx;
	struct ext2_dirent_disk *d = (void *)p;

	le32_put(&d->d_inode, (uint32_t)de->de_ino);
	le16_put(&d->d_reclen,
	    de->de_reclen == EXT2_MAX_BLOCK ? 65535 : (uint16_t)de->de_reclen);
	d->d_namlen = (uint8_t)de->de_namlen;
	d->d_type = m->m_filetype && de->de_ino != 0 ? dtype_to_ft(de->de_dtype)
						     : 0;
	if (de->de_ino != 0)
		memmove(p + EXT2_DIRENT_HEAD, de->de_name, de->de_namlen);
}

static uint32_t
rec_size(const void *ctx KUNUSED, uint32_t namlen)
{
	return EXT2_DIRENT_SIZE(namlen);
}

const struct dirpack_fmt ext2_dirfmt = {
    .df_get = ext2_rec_get,
    .df_put = ext2_rec_put,
    .df_size = rec_size,
};

/* ---- of a directory ------------------------------------------------------------- */

uint32_t
ext2_dir_nblks(const struct ext2_node *np)
{
	return (uint32_t)(np->n_st.st_size >> np->n_m->m_bshift);
}

int
ext2_dir_bad(
    const struct ext2_node *np, uint32_t lbn, uint32_t off, const char *why)
{
	return ext2_damage(np->n_m, np->n_ino, "directory entry at %llu: %s",
	    (unsigned long long)(ext2_blkoff(np->n_m, lbn) + off), why);
}

/* ---- checksums ---------------------------------------------------------------- */

/* Do the block's records reach to its end, as in a node of an index?  One that
 * was a block of entries once may still have the tail of it there. */
static bool
reaches_end(const struct ext2_mount *m, const uint8_t *blk)
{
	const struct ext2_dirent_disk *d = (const void *)blk;
	const struct ext2_dirent_disk *d2 = (const void *)(blk + 12);
	uint32_t len = le16_get(d->d_reclen);

	if (m->m_bsize == EXT2_MAX_BLOCK && (len == 0 || len == 65535))
		return true;
	return len == m->m_bsize ||
	    (len == 12 && le16_get(d2->d_reclen) == m->m_bsize - 12);
}

/* The tail of a block of entries; NULL: it has none. */
static struct ext2_dirtail_disk *
tail_of(const struct ext2_mount *m, uint8_t *blk)
{
	struct ext2_dirtail_disk *dt = (void *)(blk + m->m_bsize - sizeof(*dt));

	if (reaches_end(m, blk))
		return NULL;
	if (le32_get(dt->dt_zero) == 0 && dt->dt_namlen == 0 &&
	    le16_get(dt->dt_reclen) == sizeof(*dt) &&
	    dt->dt_type == EXT2_FT_CSUM)
		return dt;
	return NULL;
}

/* A node of an index has its checksum elsewhere, and records to its end. */
uint32_t
ext2_dir_room(const struct ext2_mount *m, const uint8_t *blk)
{
	if (!m->m_csum || tail_of(m, (uint8_t *)(uintptr_t)blk) == NULL)
		return m->m_bsize;
	return m->m_bsize - (uint32_t)sizeof(struct ext2_dirtail_disk);
}

static uint32_t
inode_seed(const struct ext2_node *np)
{
	return ext2_csum_inode_seed(
	    np->n_m->m_seed, np->n_ino, (uint32_t)np->n_st.st_gen);
}

/* Where a block's checksum stands and what it is to be; NULL: there is no place. */
static le32_t *
block_sum(struct ext2_node *np, uint8_t *blk, uint32_t *sump)
{
	struct ext2_mount *m = np->n_m;
	struct ext2_dirtail_disk *dt = tail_of(m, blk);
	struct ext2_dxtail_disk *xt;
	uint32_t used, tail;

	if (dt != NULL) {
		*sump = ext2_csum_dirblock(inode_seed(np), blk, m->m_bsize);
		return &dt->dt_checksum;
	}
	if ((np->n_flags & EXT2_IF_INDEX) == 0 ||
	    !ext2_dx_extent(m, blk, &used, &tail))
		return NULL;
	*sump = ext2_csum_dxnode(inode_seed(np), blk, used, tail);
	xt = (void *)(blk + tail);
	return &xt->dt_checksum;
}

static int
block_verify(struct ext2_node *np, uint32_t lbn, struct buf *bp)
{
	uint64_t as = ext2_checked(EXT2_CK_DIR, np->n_ino);
	uint32_t sum;
	le32_t *at;

	if (!np->n_m->m_csumverify || bp->b_checked == as)
		return 0;
	at = block_sum(np, bp->b_data, &sum);
	if (at == NULL)
		return ext2_dir_bad(np, lbn, 0, "the block has no checksum");
	if (le32_get(*at) != sum)
		return ext2_csum_bad(np->n_m, np->n_ino, le32_get(*at), sum,
		    "directory block %u", lbn);
	bp->b_checked = as;
	return 0;
}

void
ext2_dir_write(struct ext2_node *np, struct buf *bp)
{
	uint32_t sum;
	le32_t *at;

	if (np->n_m->m_csum) {
		at = block_sum(np, bp->b_data, &sum);
		if (at != NULL)
			le32_put(at, sum);
	}
	bp->b_checked = ext2_checked(EXT2_CK_DIR, np->n_ino);
	bdwrite(bp);
}

/* ---- blocks ------------------------------------------------------------------- */

int
ext2_dir_block(struct ext2_node *np, uint32_t lbn, struct buf **bpp)
{
	struct ext2_mount *m = np->n_m;
	uint64_t blk, cnt, max = READAHEAD_BYTES >> m->m_bshift;
	int error;

	max = kmax(
	    1, kmin(max, ext2_dir_nblks(np) - kmin(lbn, ext2_dir_nblks(np))));
	error = ext2_map(np, lbn, max, &blk, &cnt);
	if (error != 0)
		return error;
	if (blk == 0)
		return ext2_dir_bad(np, lbn, 0, "a hole in the directory");
	error = bread_cluster(m->m_dev, ext2_blkoff(m, blk), m->m_bsize,
	    ext2_blkoff(m, blk), ext2_blkoff(m, cnt), bpp);
	if (error != 0)
		return error;
	error = block_verify(np, lbn, *bpp);
	if (error != 0)
		brelse(*bpp);
	return error;
}

void
ext2_dir_clear(const struct ext2_mount *m, uint8_t *blk)
{
	struct dirpack_ent de = {.de_reclen = m->m_bsize};
	struct ext2_dirtail_disk *dt;

	memset(blk, 0, m->m_bsize);
	if (m->m_csum) {
		dt = (void *)(blk + m->m_bsize - sizeof(*dt));
		le16_put(&dt->dt_reclen, sizeof(*dt));
		dt->dt_type = EXT2_FT_CSUM;
		de.de_reclen -= (uint32_t)sizeof(*dt);
	}
	ext2_rec_put(m, blk, &de);
}

/* A new last block, one free record: busy. */
int
ext2_dir_grow(struct ext2_node *np, uint32_t lbn, struct buf **bpp)
{
	struct ext2_mount *m = np->n_m;
	uint64_t blk, cnt;
	int error;

	if (np->n_st.st_size + m->m_bsize > INT32_MAX)
		return EFBIG;
	error = ext2_map(np, lbn, 1, &blk, &cnt);
	if (error == 0 && blk == 0)
		error = ext2_fill_hole(np, lbn, 1, &blk, &cnt);
	if (error != 0)
		return error;
	error = getblk_zero(m->m_dev, ext2_blkoff(m, blk), m->m_bsize, bpp);
	if (error != 0) {
		(void)ext2_free_range(np, lbn, UINT64_MAX);
		(void)ext2_node_store(np);
		return error;
	}
	ext2_dir_clear(m, (*bpp)->b_data);
	np->n_st.st_size = ext2_blkoff(m, (uint64_t)lbn + 1);
	if (np->n_vp != NULL)
		np->n_vp->v_size = np->n_st.st_size;
	return 0;
}

int
ext2_dir_make(struct vnode *vp, uint32_t parent)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	struct dirpack_ent de = {.de_dtype = RUMP_DT_DIR};
	struct buf *bp;
	int error;

	error = ext2_dir_grow(np, 0, &bp);
	if (error != 0)
		return error;
	de.de_ino = np->n_ino;
	de.de_name = ".";
	de.de_namlen = 1;
	de.de_reclen = EXT2_DIRENT_SIZE(1);
	ext2_rec_put(m, bp->b_data, &de);
	de.de_ino = parent;
	de.de_name = "..";
	de.de_namlen = 2;
	de.de_reclen = ext2_dir_room(m, bp->b_data) - EXT2_DIRENT_SIZE(1);
	ext2_rec_put(m, bp->b_data + EXT2_DIRENT_SIZE(1), &de);
	ext2_dir_write(np, bp);
	return 0;
}
