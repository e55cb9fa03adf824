/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directory entries: find, enter, remove, list.
 *
 * A directory is whole blocks of records (genfs_dirpack.c works on one block).
 * Small ones are searched from the start; larger ones get a hash of all names,
 * built on the first search that can have the writer's lock, or else they are
 * searched too.  The index that a directory may have on disk (dir_index) looks
 * like free records to us; a change drops the flag, and what was the index is
 * room.
 */
#include "fs/ext2/ext2.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define HASH_BLOCKS	4u     /* larger directories are hashed */
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

static int
rec_get(const void *ctx, const uint8_t *p, uint32_t room,
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

static void
rec_put(const void *ctx, uint8_t *p, const struct dirpack_ent *de)
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

static const struct dirpack_fmt ext2_dirfmt = {
    .df_get = rec_get,
    .df_put = rec_put,
    .df_size = rec_size,
};

/* ---- blocks ------------------------------------------------------------------- */

static uint32_t
dir_nblks(const struct ext2_node *np)
{
	return (uint32_t)(np->n_st.st_size >> np->n_m->m_bshift);
}

static int
dir_bad(const struct ext2_node *np, uint32_t lbn, uint32_t off, const char *why)
{
	return ext2_damage(np->n_m, np->n_ino, "directory entry at %llu: %s",
	    (unsigned long long)(ext2_blkoff(np->n_m, lbn) + off), why);
}

/* A block of the directory, busy; what follows it on the device is read too. */
static int
dir_block(struct ext2_node *np, uint32_t lbn, struct buf **bpp)
{
	struct ext2_mount *m = np->n_m;
	uint64_t blk, cnt, max = READAHEAD_BYTES >> m->m_bshift;
	int error;

	max = kmax(1, kmin(max, dir_nblks(np) - kmin(lbn, dir_nblks(np))));
	error = ext2_map(np, lbn, max, &blk, &cnt);
	if (error != 0)
		return error;
	if (blk == 0)
		return dir_bad(np, lbn, 0, "a hole in the directory");
	return bread_cluster(m->m_dev, ext2_blkoff(m, blk), m->m_bsize,
	    ext2_blkoff(m, blk), ext2_blkoff(m, cnt), bpp);
}

/* Put all names of a block into the hash. */
static int
hash_block(struct vnode *vp, uint32_t lbn, const uint8_t *blk)
{
	struct ext2_mount *m = ext2_node_of(vp)->n_m;
	struct dirpack_ent de;
	const char *why;
	uint32_t off;
	int error = 0;

	for (off = 0; off < m->m_bsize && error == 0; off += de.de_reclen) {
		error = rec_get(m, blk + off, m->m_bsize - off, &de, &why);
		if (error != 0)
			return error;
		if (de.de_ino != 0)
			error = dirhash_enter(vp, de.de_name, de.de_namlen,
			    ext2_blkoff(m, lbn) + off);
	}
	if (error == 0)
		error = dirhash_setroom(
		    vp, lbn, dirpack_room(&ext2_dirfmt, m, blk, m->m_bsize));
	return error;
}

/* Writer's lock held: hash the directory.  NULL: it can't be had. */
static struct dirhash *
hash_build(struct vnode *vp)
{
	struct ext2_node *np = ext2_node_of(vp);
	uint32_t n = dir_nblks(np);
	struct dirhash *dh;
	struct buf *bp;
	int error;

	if (dirhash_create(vp, n, &dh) != 0)
		return NULL;
	for (uint32_t lbn = 0; lbn < n; lbn++) {
		error = dir_block(np, lbn, &bp);
		if (error == 0) {
			error = hash_block(vp, lbn, bp->b_data);
			brelse(bp);
		}
		if (error != 0) {
			if (dirhash_get(vp) != NULL)
				dirhash_destroy(vp);
			return NULL;
		}
	}
	return dirhash_get(vp);
}

/* The directory's hash, if it is worth one and one can be had. */
static struct dirhash *
dir_hash(struct vnode *vp)
{
	struct dirhash *dh = dirhash_get(vp);

	if (dh != NULL || dir_nblks(ext2_node_of(vp)) <= HASH_BLOCKS)
		return dh;
	if (vn_wlocked(vp))
		return hash_build(vp);
	if (!rw_tryupgrade(&vp->v_lock))
		return NULL;
	dh = hash_build(vp);
	rw_downgrade(&vp->v_lock);
	return dh;
}

/* ---- searching ----------------------------------------------------------------- */

/* A name's record: its block, busy. */
struct found {
	struct buf *bp;
	uint32_t lbn, off;
	struct dirpack_ent de;
};

static int
search_block(struct ext2_node *np, uint32_t lbn, const char *name, size_t len,
    struct found *f)
{
	struct ext2_mount *m = np->n_m;
	const char *why = "";
	int error;

	f->lbn = lbn;
	error = dir_block(np, lbn, &f->bp);
	if (error != 0)
		return error;
	error = dirpack_find(&ext2_dirfmt, m, &namespec_bytes, f->bp->b_data,
	    m->m_bsize, name, len, &f->off, &f->de, &why);
	if (error != 0)
		brelse(f->bp);
	if (error == EUCLEAN)
		return dir_bad(np, lbn, f->off, why);
	return error;
}

static int
search_hash(struct vnode *vp, struct dirhash *dh, const char *name, size_t len,
    struct found *f)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	uint32_t iter = 0;
	uint64_t slot;
	const char *why;
	int error;

	while (dirhash_next(dh, name, len, &iter, &slot) == 0) {
		f->lbn = (uint32_t)(slot >> m->m_bshift);
		f->off = (uint32_t)slot & (m->m_bsize - 1);
		error = dir_block(np, f->lbn, &f->bp);
		if (error != 0)
			return error;
		error = rec_get(m, f->bp->b_data + f->off, m->m_bsize - f->off,
		    &f->de, &why);
		if (error == 0 && f->de.de_namlen == len && f->de.de_ino != 0 &&
		    memcmp(f->de.de_name, name, len) == 0)
			return 0;
		brelse(f->bp);
		if (error != 0)
			return dir_bad(np, f->lbn, f->off, why);
	}
	return ENOENT;
}

static int
dir_search(struct vnode *vp, const char *name, size_t len, struct found *f)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct dirhash *dh = dir_hash(vp);
	uint32_t n = dir_nblks(np);
	int error;

	if (dh != NULL)
		return search_hash(vp, dh, name, len, f);
	for (uint32_t lbn = 0; lbn < n; lbn++) {
		error = search_block(np, lbn, name, len, f);
		if (error != ENOENT)
			return error;
	}
	return ENOENT;
}

int
ext2_dir_find(struct vnode *dvp, const char *name, size_t len, uint32_t *inop)
{
	struct found f;
	int error;

	error = dir_search(dvp, name, len, &f);
	if (error != 0)
		return error;
	*inop = (uint32_t)f.de.de_ino;
	brelse(f.bp);
	return 0;
}

/* ---- changing -------------------------------------------------------------------- */

/* A block has changed: what the hash says of its room follows. */
static void
note_room(struct vnode *vp, uint32_t lbn, const uint8_t *blk)
{
	struct ext2_mount *m = ext2_node_of(vp)->n_m;

	if (dirhash_get(vp) != NULL)
		(void)dirhash_setroom(
		    vp, lbn, dirpack_room(&ext2_dirfmt, m, blk, m->m_bsize));
}

/* Try to put an entry into block lbn: ENOSPC. */
static int
enter_block(struct vnode *vp, uint32_t lbn, struct buf *bp,
    const struct dirpack_ent *de)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	uint32_t off = 0;
	int error;

	error = dirpack_enter(
	    &ext2_dirfmt, m, bp->b_data, m->m_bsize, de, &off);
	if (error != 0) {
		brelse(bp);
		if (error == EUCLEAN)
			return dir_bad(np, lbn, off, "damaged block");
		return error;
	}
	note_room(vp, lbn, bp->b_data);
	bdwrite(bp);
	if (dirhash_get(vp) != NULL)
		(void)dirhash_enter(
		    vp, de->de_name, de->de_namlen, ext2_blkoff(m, lbn) + off);
	return 0;
}

/* A new last block, one free record: busy. */
static int
dir_grow(struct ext2_node *np, uint32_t lbn, struct buf **bpp)
{
	struct ext2_mount *m = np->n_m;
	struct dirpack_ent de = {.de_reclen = m->m_bsize};
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
	rec_put(m, (*bpp)->b_data, &de);
	np->n_st.st_size = ext2_blkoff(m, (uint64_t)lbn + 1);
	if (np->n_vp != NULL)
		np->n_vp->v_size = np->n_st.st_size;
	return 0;
}

static int
enter_somewhere(struct vnode *vp, const struct dirpack_ent *de)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct dirhash *dh = dir_hash(vp);
	uint32_t n = dir_nblks(np), lbn;
	struct buf *bp;
	int error;

	if (dh != NULL) {
		lbn = dirhash_findroom(dh, rec_size(NULL, de->de_namlen));
		if (lbn != DIRHASH_NOROOM && lbn < n) {
			error = dir_block(np, lbn, &bp);
			if (error == 0)
				error = enter_block(vp, lbn, bp, de);
			if (error != ENOSPC)
				return error;
		}
	}
	for (lbn = np->n_dirhint; dh == NULL && lbn < n; lbn++) {
		error = dir_block(np, lbn, &bp);
		if (error == 0)
			error = enter_block(vp, lbn, bp, de);
		if (error != ENOSPC)
			return error;
		np->n_dirhint = lbn + 1;
	}
	error = dir_grow(np, n, &bp);
	if (error == 0)
		error = enter_block(vp, n, bp, de);
	return error;
}

/* The directory's inode after a change of its entries. */
static int
dir_changed(struct ext2_node *np)
{
	np->n_flags &= ~EXT2_IF_INDEX;
	return ext2_touchnode(np, TOUCH_MTIME);
}

int
ext2_dir_enter(struct vnode *dvp, const char *name, size_t len, uint32_t ino,
    enum vtype type)
{
	struct dirpack_ent de = {
	    .de_ino = ino,
	    .de_name = name,
	    .de_namlen = (uint32_t)len,
	    .de_dtype = dtype_of_vtype(type),
	};
	int error = enter_somewhere(dvp, &de);

	if (error != 0)
		return error;
	return dir_changed(ext2_node_of(dvp));
}

int
ext2_dir_remove(struct vnode *dvp, const char *name, size_t len)
{
	struct ext2_node *np = ext2_node_of(dvp);
	struct ext2_mount *m = np->n_m;
	struct found f;
	int error;

	error = dir_search(dvp, name, len, &f);
	if (error != 0)
		return error;
	error = dirpack_remove(
	    &ext2_dirfmt, m, f.bp->b_data, m->m_bsize, f.off);
	if (error != 0) {
		brelse(f.bp);
		return dir_bad(np, f.lbn, f.off, "damaged block");
	}
	note_room(dvp, f.lbn, f.bp->b_data);
	bdwrite(f.bp);
	if (dirhash_get(dvp) != NULL)
		dirhash_remove(dvp, name, len, ext2_blkoff(m, f.lbn) + f.off);
	if (f.lbn < np->n_dirhint)
		np->n_dirhint = f.lbn;
	return dir_changed(np);
}

int
ext2_dir_rewrite(struct vnode *dvp, const char *name, size_t len, uint32_t ino,
    enum vtype type)
{
	struct ext2_node *np = ext2_node_of(dvp);
	struct found f;
	int error;

	error = dir_search(dvp, name, len, &f);
	if (error != 0)
		return error;
	f.de.de_ino = ino;
	f.de.de_dtype = dtype_of_vtype(type);
	rec_put(np->n_m, f.bp->b_data + f.off, &f.de);
	bdwrite(f.bp);
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

	error = dir_grow(np, 0, &bp);
	if (error != 0)
		return error;
	de.de_ino = np->n_ino;
	de.de_name = ".";
	de.de_namlen = 1;
	de.de_reclen = EXT2_DIRENT_SIZE(1);
	rec_put(m, bp->b_data, &de);
	de.de_ino = parent;
	de.de_name = "..";
	de.de_namlen = 2;
	de.de_reclen = m->m_bsize - EXT2_DIRENT_SIZE(1);
	rec_put(m, bp->b_data + EXT2_DIRENT_SIZE(1), &de);
	bdwrite(bp);
	return 0;
}

/* ---- listing -------------------------------------------------------------------- */

/* "." and "..", where alone they may stand: records 0 and 1 of block 0. */
enum dots { NO_DOTS, DOTS, DOTS_ASTRAY };
static enum dots
dots(uint32_t lbn, uint32_t nth, const struct dirpack_ent *de)
{
	if (de->de_name[0] != '.' || de->de_namlen > 2 ||
	    (de->de_namlen == 2 && de->de_name[1] != '.'))
		return NO_DOTS;
	return lbn == 0 && nth == de->de_namlen - 1 ? DOTS : DOTS_ASTRAY;
}

/* What is wrong with a name?  NULL: nothing. */
static const char *
name_fault(uint32_t lbn, uint32_t nth, const struct dirpack_ent *de)
{
	if (kmemchr(de->de_name, '/', de->de_namlen) != NULL ||
	    kmemchr(de->de_name, '\0', de->de_namlen) != NULL)
		return "the name has a slash or a NUL";
	if (dots(lbn, nth, de) == DOTS_ASTRAY)
		return "\".\" or \"..\" where none belongs";
	return NULL;
}

/*
 * Hand the entries of a block from *cookiep on to sink; *stopp: it has enough.
 * A bad name is passed over; behind a bad record the block is lost.
 */
static int
list_block(struct ext2_node *np, uint32_t lbn, const uint8_t *blk,
    struct dirsink *sink, uint64_t *cookiep, bool *stopp)
{
	struct ext2_mount *m = np->n_m;
	uint64_t base = ext2_blkoff(m, lbn);
	struct dirpack_ent de;
	const char *why;
	uint32_t off, next, nth;
	int error;

	for (off = nth = 0; off < m->m_bsize; off = next, nth++) {
		next = m->m_bsize;
		if (rec_get(m, blk + off, m->m_bsize - off, &de, &why) == 0) {
			next = off + de.de_reclen;
			if (de.de_ino == 0 || base + off < *cookiep)
				continue;
			why = name_fault(lbn, nth, &de);
		}
		if (why == NULL) {
			error = sink->ds_emit(sink, de.de_ino, de.de_dtype,
			    de.de_name, de.de_namlen, base + next);
		} else {
			error = dir_bad(np, lbn, off, why);
			if (sink->ds_damage == NULL)
				return error;
			error = sink->ds_damage(sink, error, base + next);
		}
		if (error != 0) {
			*stopp = true;
			return 0;
		}
		*cookiep = base + next;
	}
	*cookiep = base + m->m_bsize;
	return 0;
}

int
ext2_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	uint64_t end = ext2_blkoff(m, dir_nblks(np));
	bool stop = false;
	int error = 0;

	*eofp = false;
	while (*cookiep < end && !stop && error == 0) {
		uint32_t lbn = (uint32_t)(*cookiep >> m->m_bshift);
		struct buf *bp;

		error = dir_block(np, lbn, &bp);
		if (error != 0)
			return error;
		error = list_block(np, lbn, bp->b_data, sink, cookiep, &stop);
		brelse(bp);
	}
	if (error == 0 && !stop)
		*eofp = true;
	return error;
}

int
ext2_dir_isempty(struct vnode *vp)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	uint32_t n = dir_nblks(np), off, nth;
	struct dirpack_ent de;
	const char *why;
	struct buf *bp;
	int error = 0;

	for (uint32_t lbn = 0; lbn < n && error == 0; lbn++) {
		error = dir_block(np, lbn, &bp);
		if (error != 0)
			return error;
		for (off = nth = 0; off < m->m_bsize && error == 0;
		     off += de.de_reclen, nth++) {
			if (rec_get(m, bp->b_data + off, m->m_bsize - off, &de,
				&why) != 0)
				error = dir_bad(np, lbn, off, why);
			else if (de.de_ino != 0 && dots(lbn, nth, &de) != DOTS)
				error = ENOTEMPTY;
		}
		brelse(bp);
	}
	return error;
}
