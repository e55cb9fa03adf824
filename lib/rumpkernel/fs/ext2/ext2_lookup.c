/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directory entries: find, enter, remove.
 *
 * A directory is whole blocks of records (genfs_dirpack.c works on one block).
 * One that has an index (dir_index) is searched and grows by it.  Of the others,
 * small ones are searched from the start; larger ones get a hash of all names in
 * memory, built on the first search that can have the writer's lock, or else they
 * are searched too.
 *
 * An index that can't be used for reading is passed over: its blocks look like
 * free records.  Nothing is entered then.
 */
#include "fs/ext2/ext2.h"
#include "fs/ext2/ext2_hash.h"
#include "fs/ext2/ext2_htree.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define HASH_BLOCKS 4u /* larger directories are hashed */

/* Put all names of a block into the hash. */
static int
hash_block(struct vnode *vp, uint32_t lbn, const uint8_t *blk)
{
	struct ext2_mount *m = ext2_node_of(vp)->n_m;
	uint32_t room = ext2_dir_room(m, blk);
	struct dirpack_ent de;
	const char *why;
	uint32_t off;
	int error = 0;

	for (off = 0; off < room && error == 0; off += de.de_reclen) {
		error = ext2_rec_get(m, blk + off, room - off, &de, &why);
		if (error != 0)
			return error;
		if (de.de_ino != 0)
			error = dirhash_enter(vp, de.de_name, de.de_namlen,
			    ext2_blkoff(m, lbn) + off);
	}
	if (error == 0)
		error = dirhash_setroom(
		    vp, lbn, dirpack_room(&ext2_dirfmt, m, blk, room));
	return error;
}

/* Writer's lock held: hash the directory.  NULL: it can't be had. */
static struct dirhash *
hash_build(struct vnode *vp)
{
	struct ext2_node *np = ext2_node_of(vp);
	uint32_t n = ext2_dir_nblks(np);
	struct dirhash *dh;
	struct buf *bp;
	int error;

	if (dirhash_create(vp, n, &dh) != 0)
		return NULL;
	for (uint32_t lbn = 0; lbn < n; lbn++) {
		error = ext2_dir_block(np, lbn, &bp);
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
	struct ext2_node *np = ext2_node_of(vp);
	struct dirhash *dh = dirhash_get(vp);

	if (dh != NULL || ext2_dir_nblks(np) <= HASH_BLOCKS || ext2_dx_has(np))
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
	error = ext2_dir_block(np, lbn, &f->bp);
	if (error != 0)
		return error;
	error = dirpack_find(&ext2_dirfmt, m, &namespec_bytes, f->bp->b_data,
	    ext2_dir_room(m, f->bp->b_data), name, len, &f->off, &f->de, &why);
	if (error != 0)
		brelse(f->bp);
	if (error == EUCLEAN)
		return ext2_dir_bad(np, lbn, f->off, why);
	return error;
}

static int
search_hash(struct vnode *vp, struct dirhash *dh, const char *name, size_t len,
    struct found *f)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	uint32_t iter = 0, room;
	uint64_t slot;
	const char *why;
	int error;

	while (dirhash_next(dh, name, len, &iter, &slot) == 0) {
		f->lbn = (uint32_t)(slot >> m->m_bshift);
		f->off = (uint32_t)slot & (m->m_bsize - 1);
		error = ext2_dir_block(np, f->lbn, &f->bp);
		if (error != 0)
			return error;
		room = ext2_dir_room(m, f->bp->b_data);
		why = "hashed past the records";
		error = f->off >= room ? EUCLEAN
				       : ext2_rec_get(m, f->bp->b_data + f->off,
					     room - f->off, &f->de, &why);
		if (error == 0 && f->de.de_namlen == len && f->de.de_ino != 0 &&
		    memcmp(f->de.de_name, name, len) == 0)
			return 0;
		brelse(f->bp);
		if (error != 0)
			return ext2_dir_bad(np, f->lbn, f->off, why);
	}
	return ENOENT;
}

/* By the index; another error than ENOENT: it is of no use. */
static int
search_index(
    struct ext2_node *np, const char *name, size_t len, struct found *f)
{
	struct ext2_dxpath dp;
	int error;

	if (len <= 2 && memcmp(name, "..", len) == 0)
		return search_block(np, 0, name, len, f);
	error = ext2_dx_probe(np, name, len, &dp);
	while (error == 0) {
		error = search_block(np, dp.dp_leaf, name, len, f);
		if (error != ENOENT)
			return error;
		error = ext2_dx_next(np, &dp);
	}
	return error;
}

static int
dir_search(struct vnode *vp, const char *name, size_t len, struct found *f)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct dirhash *dh = dir_hash(vp);
	uint32_t n = ext2_dir_nblks(np);
	int error;

	if (ext2_dx_has(np)) {
		error = search_index(np, name, len, f);
		if (error == 0 || error == ENOENT)
			return error;
	}
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
	struct ext2_node *np = ext2_node_of(dvp);
	struct found f;
	int error;

	if ((np->n_flags & EXT2_IF_INLINE_DATA) != 0)
		return ext2_inline_find(np, name, len, inop);
	if (ext2_names_special(np))
		return ext2_name_scan(np, name, len, inop);
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
		(void)dirhash_setroom(vp, lbn,
		    dirpack_room(&ext2_dirfmt, m, blk, ext2_dir_room(m, blk)));
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

	error = dirpack_enter(&ext2_dirfmt, m, bp->b_data,
	    ext2_dir_room(m, bp->b_data), de, &off);
	if (error != 0) {
		brelse(bp);
		if (error == EUCLEAN)
			return ext2_dir_bad(np, lbn, off, "damaged block");
		return error;
	}
	note_room(vp, lbn, bp->b_data);
	ext2_dir_write(np, bp);
	if (dirhash_get(vp) != NULL)
		(void)dirhash_enter(
		    vp, de->de_name, de->de_namlen, ext2_blkoff(m, lbn) + off);
	return 0;
}

/* Does a directory of more than one block get an index?  Linux's ext2 has none. */
static bool
wants_index(const struct ext2_mount *m)
{
	return !m->m_building && (m->m_compat & EXT2_FC_DIR_INDEX) != 0 &&
	    ((m->m_compat & EXT2_FC_HAS_JOURNAL) != 0 ||
		(m->m_incompat & EXT2_FI_EXTENTS) != 0) &&
	    m->m_sb.s_def_hash_version <= EXT2_HASH_TEA;
}

static int
enter_somewhere(struct vnode *vp, const struct dirpack_ent *de)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct dirhash *dh = dir_hash(vp);
	uint32_t n = ext2_dir_nblks(np), lbn;
	struct buf *bp;
	int error;

	if (ext2_dx_has(np))
		return ext2_dx_enter(vp, de);
	if (dh != NULL) {
		lbn = dirhash_findroom(dh, EXT2_DIRENT_SIZE(de->de_namlen));
		if (lbn != DIRHASH_NOROOM && lbn < n) {
			error = ext2_dir_block(np, lbn, &bp);
			if (error == 0)
				error = enter_block(vp, lbn, bp, de);
			if (error != ENOSPC)
				return error;
		}
	}
	for (lbn = np->n_dirhint; dh == NULL && lbn < n; lbn++) {
		error = ext2_dir_block(np, lbn, &bp);
		if (error == 0)
			error = enter_block(vp, lbn, bp, de);
		if (error != ENOSPC)
			return error;
		np->n_dirhint = lbn + 1;
	}
	if (n == 1 && wants_index(np->n_m)) {
		error = ext2_dx_make(vp);
		return error == 0 ? ext2_dx_enter(vp, de) : error;
	}
	error = ext2_dir_grow(np, n, &bp);
	if (error == 0)
		error = enter_block(vp, n, bp, de);
	return error;
}

/* The directory's inode after a change of its entries. */
static int
dir_changed(struct ext2_node *np)
{
	if (!ext2_dx_has(np))
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
	error = dirpack_remove(&ext2_dirfmt, m, f.bp->b_data,
	    ext2_dir_room(m, f.bp->b_data), f.off);
	if (error != 0) {
		brelse(f.bp);
		return ext2_dir_bad(np, f.lbn, f.off, "damaged block");
	}
	note_room(dvp, f.lbn, f.bp->b_data);
	ext2_dir_write(np, f.bp);
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
	ext2_rec_put(np->n_m, f.bp->b_data + f.off, &f.de);
	ext2_dir_write(np, f.bp);
	return 0;
}
