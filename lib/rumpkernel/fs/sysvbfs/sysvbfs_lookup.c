/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one directory: its entries, and the operations on names.
 *
 * An entry is an inode's number and fourteen bytes of name.  A free one has the
 * number 0, and is used again.  "." and ".." are entries too, but they are made up
 * here, since there is one directory only: what the image says of them doesn't
 * matter.  Names are found through a hash in memory (genfs_dirhash.c), which is
 * built on the first search that can have the writer's lock.
 *
 * What may run out of space comes first, so that ENOSPC leaves no trace.
 */
#include "fs/sysvbfs/sysvbfs.h"
#include "kern/klog.h"
#include "kern/kstring.h"

/* ---- entries ------------------------------------------------------------------- */

#define PER_BLOCK (SYSVBFS_BSIZE / SYSVBFS_DIRENT)

/* The block with the directory's byte off, busy, and the entry there. */
static int
entry_buf(struct sysvbfs_node *dnp, uint32_t off, struct buf **bpp,
    struct sysvbfs_dirent_disk **dep)
{
	struct sysvbfs_mount *m = dnp->n_m;
	const struct sysvbfs_slot *s = &m->m_slot[dnp->n_slot];
	struct bmap_run run;
	int error;

	error = sysvbfs_bmap(
	    dnp->n_vp, rounddown2(off, SYSVBFS_BSIZE), 1, BMAP_READ, &run);
	if (error == 0 && run.bm_kind != BMAP_MAPPED)
		error = sysvbfs_damage(m, dnp->n_st.st_ino,
		    "the directory is larger than its blocks");
	if (error == 0)
		error = bread_cluster(m->m_dev, run.bm_devoff, SYSVBFS_BSIZE,
		    sysvbfs_blkoff(s->s_first), sysvbfs_blkoff(s->s_nblks),
		    bpp);
	if (error == 0)
		*dep = (void *)((*bpp)->b_data + off % SYSVBFS_BSIZE);
	return error;
}

static uint32_t
dir_bytes(const struct sysvbfs_node *dnp)
{
	return (uint32_t)rounddown2(dnp->n_st.st_size, SYSVBFS_DIRENT);
}

static uint32_t
name_len(const struct sysvbfs_dirent_disk *de)
{
	return (uint32_t)kstrnlen(de->d_name, SYSVBFS_NAME_MAX);
}

static bool
is_dots(const char *name, size_t len)
{
	return name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

/*
 * Go through the entries that are in use, from byte off on, until fn says so (not
 * 0, which is returned).  fn may look at the entry, not change it.
 */
typedef int entry_fn(
    void *arg, uint32_t off, uint32_t ino, const char *name, uint32_t len);
static int
entries(struct sysvbfs_node *dnp, uint32_t off, entry_fn *fn, void *arg)
{
	uint32_t end = dir_bytes(dnp);
	int result = 0;

	while (off < end && result == 0) {
		struct sysvbfs_dirent_disk *de;
		struct buf *bp;
		int error = entry_buf(dnp, off, &bp, &de);

		if (error != 0)
			return error;
		do {
			uint32_t ino = ei16_get(de->d_ino, dnp->n_m->m_big);
			uint32_t len = name_len(de);

			if (ino != 0 && !is_dots(de->d_name, len))
				result = fn(arg, off, ino, de->d_name, len);
			off += SYSVBFS_DIRENT;
			de++;
		} while (off < end && off % SYSVBFS_BSIZE != 0 && result == 0);
		brelse(bp);
	}
	return result;
}

static int
hash_one(void *arg, uint32_t off, uint32_t ino KUNUSED, const char *name,
    uint32_t len)
{
	return dirhash_enter(arg, name, len, off);
}

/* The names' hash.  NULL: it can't be had now. */
static struct dirhash *
hash_get(struct vnode *dvp)
{
	bool upgraded = false;
	struct dirhash *dh = dirhash_get(dvp);

	if (dh != NULL)
		return dh;
	if (!vn_wlocked(dvp)) {
		upgraded = rw_tryupgrade(&dvp->v_lock);
		if (!upgraded)
			return NULL;
	}
	if (dirhash_create(dvp, 0, &dh) == 0 &&
	    entries(sysvbfs_node_of(dvp), 0, hash_one, dvp) != 0 &&
	    dirhash_get(dvp) != NULL)
		dirhash_destroy(dvp);
	if (upgraded)
		rw_downgrade(&dvp->v_lock);
	return dirhash_get(dvp);
}

struct wanted {
	const char *name;
	size_t len;
	uint32_t off, ino;
};

static int
is_wanted(void *arg, uint32_t off, uint32_t ino, const char *name, uint32_t len)
{
	struct wanted *w = arg;

	if (len != w->len || memcmp(name, w->name, len) != 0)
		return 0;
	w->off = off;
	w->ino = ino;
	return EEXIST;
}

/* The entry with that name: w->off and w->ino.  ENOENT. */
static int
find(struct vnode *dvp, struct wanted *w)
{
	struct sysvbfs_node *dnp = sysvbfs_node_of(dvp);
	struct dirhash *dh = hash_get(dvp);
	struct sysvbfs_dirent_disk *de;
	struct buf *bp;
	uint32_t iter = 0;
	uint64_t slot;
	int error;

	if (dh == NULL) {
		error = entries(dnp, 0, is_wanted, w);
		return error == EEXIST ? 0 : error == 0 ? ENOENT : error;
	}
	while (dirhash_next(dh, w->name, w->len, &iter, &slot) == 0) {
		error = entry_buf(dnp, (uint32_t)slot, &bp, &de);
		if (error != 0)
			return error;
		error = is_wanted(w, (uint32_t)slot,
		    ei16_get(de->d_ino, dnp->n_m->m_big), de->d_name,
		    name_len(de));
		brelse(bp);
		if (error == EEXIST)
			return 0;
	}
	return ENOENT;
}

/* The directory has changed; now: its size or blocks have. */
static int
dir_changed(struct sysvbfs_node *dnp)
{
	sysvbfs_touch(dnp->n_vp, TOUCH_MTIME | TOUCH_CTIME);
	return dnp->n_dirty ? EIO : 0;
}

/* An entry of the directory's own bytes that is free; one more is made. */
static int
free_entry(struct sysvbfs_node *dnp, uint32_t *offp)
{
	struct sysvbfs_mount *m = dnp->n_m;
	struct sysvbfs_dirent_disk *de;
	uint32_t off, end = dir_bytes(dnp);
	struct buf *bp;
	bool found;
	int error;

	for (off = dnp->n_dirhint; off < end; off += SYSVBFS_DIRENT) {
		error = entry_buf(dnp, off, &bp, &de);
		if (error != 0)
			return error;
		found = ei16_get(de->d_ino, m->m_big) == 0;
		brelse(bp);
		if (found)
			break;
	}
	*offp = off;
	if (off < end)
		return 0;
	if (off % SYSVBFS_BSIZE == 0) {
		/* A block that becomes part of it is zeros first. */
		error = sysvbfs_grow(dnp, off / SYSVBFS_BSIZE + 1);
		if (error == 0)
			error = getblk_zero(m->m_dev,
			    sysvbfs_blkoff(m->m_slot[dnp->n_slot].s_first) +
				off,
			    SYSVBFS_BSIZE, &bp);
		if (error != 0)
			return error;
		error = bwrite(bp);
		if (error != 0)
			return error;
	}
	dnp->n_st.st_size = dnp->n_vp->v_size = off + SYSVBFS_DIRENT;
	return sysvbfs_inode_store(dnp, true);
}

static int
enter(struct vnode *dvp, const char *name, size_t len, uint32_t slot)
{
	struct sysvbfs_node *dnp = sysvbfs_node_of(dvp);
	struct sysvbfs_dirent_disk *de;
	struct buf *bp;
	uint32_t off;
	int error;

	error = free_entry(dnp, &off);
	if (error == 0)
		error = entry_buf(dnp, off, &bp, &de);
	if (error != 0)
		return error;
	memset(de, 0, sizeof(*de));
	ei16_put(
	    &de->d_ino, (uint16_t)(slot + SYSVBFS_INO_ROOT), dnp->n_m->m_big);
	memcpy(de->d_name, name, len);
	bdwrite(bp);
	dnp->n_dirhint = off + SYSVBFS_DIRENT;
	if (dirhash_get(dvp) != NULL)
		(void)dirhash_enter(dvp, name, len, off);
	return dir_changed(dnp);
}

/* The name leads to slot from now on; UINT32_MAX: it is gone. */
#define NOWHERE UINT32_MAX
static int
redirect(struct vnode *dvp, const struct componentname *cn, uint32_t slot)
{
	struct sysvbfs_node *dnp = sysvbfs_node_of(dvp);
	struct wanted w = {.name = cn->cn_name, .len = cn->cn_len};
	struct sysvbfs_dirent_disk *de;
	struct buf *bp;
	int error;

	error = find(dvp, &w);
	if (error == 0)
		error = entry_buf(dnp, w.off, &bp, &de);
	if (error != 0)
		return error;
	if (slot == NOWHERE) {
		memset(de, 0, sizeof(*de));
		if (w.off < dnp->n_dirhint)
			dnp->n_dirhint = w.off;
		if (dirhash_get(dvp) != NULL)
			dirhash_remove(dvp, cn->cn_name, cn->cn_len, w.off);
	} else {
		ei16_put(&de->d_ino, (uint16_t)(slot + SYSVBFS_INO_ROOT),
		    dnp->n_m->m_big);
	}
	bdwrite(bp);
	return dir_changed(dnp);
}

/* ---- operations on names ----------------------------------------------------------- */

int
sysvbfs_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp)
{
	struct sysvbfs_node *dnp = sysvbfs_node_of(dvp);
	struct wanted w = {.name = cn->cn_name, .len = cn->cn_len};
	int error;

	if (is_dots(cn->cn_name, cn->cn_len)) {
		vref(dvp);
		*vpp = dvp;
		return 0;
	}
	error = find(dvp, &w);
	if (error != 0)
		return error;
	error = w.ino == SYSVBFS_INO_ROOT
	    ? ESTALE
	    : vcache_get(dnp->n_m->m_mp, w.ino, vpp);
	if (error == ESTALE)
		return sysvbfs_damage(dnp->n_m, dnp->n_st.st_ino,
		    "an entry leads to inode %u, which is no file", w.ino);
	return error;
}

/* An inode, and a vnode that is LOADING and locked; it gets a name next, or none. */
static int
node_make(struct sysvbfs_mount *m, const struct vcreate *vc, bool named,
    struct vnode **vpp)
{
	struct sysvbfs_node *np;
	struct vnode *vp = NULL;
	uint32_t slot;
	int error;

	if (vc->vc_type != VREG)
		return EPERM; /* as link(2), mkdir(2) and mknod(2) have it */
	error = sysvbfs_ialloc(m, &slot);
	if (error != 0)
		return error;
	np = sysvbfs_node_alloc();
	error = np == NULL ? ENOMEM
			   : vcache_new(m->m_mp, slot + SYSVBFS_INO_ROOT, &vp);
	if (error == 0) {
		memset(np, 0, sizeof(*np));
		np->n_m = m;
		np->n_slot = slot;
		np->n_st.st_ino = slot + SYSVBFS_INO_ROOT;
		np->n_st.st_blksize = SYSVBFS_BSIZE;
		genfs_new_stat(m->m_mp, &np->n_st, vc);
		np->n_st.st_nlink = named ? 1 : 0;
		sysvbfs_vnode_setup(vp, np);
		vp->v_unlinked = !named;
		*vpp = vp;
		return sysvbfs_inode_store(np, false);
	}
	mutex_enter(&m->m_lock);
	m->m_slot[slot].s_used = false;
	m->m_free_inodes++;
	m->m_inohint = (uint32_t)kmin(m->m_inohint, slot);
	mutex_exit(&m->m_lock);
	if (np != NULL)
		sysvbfs_node_free(np);
	return error;
}

/* Take back what node_make() made. */
static void
node_unmake(struct vnode *vp)
{
	struct sysvbfs_node *np = sysvbfs_node_of(vp);

	(void)sysvbfs_ifree(np);
	vp->v_data = NULL;
	sysvbfs_node_free(np);
	vcache_abort(vp);
}

int
sysvbfs_create(struct vnode *dvp, const struct componentname *cn,
    const struct vcreate *vc, struct vnode **vpp)
{
	struct vnode *vp = NULL;
	int error;

	error = node_make(sysvbfs_node_of(dvp)->n_m, vc, true, &vp);
	if (error == 0)
		error = enter(
		    dvp, cn->cn_name, cn->cn_len, sysvbfs_node_of(vp)->n_slot);
	if (error != 0) {
		if (vp != NULL)
			node_unmake(vp);
		return error;
	}
	vcache_publish(vp);
	*vpp = vp;
	return 0;
}

int
sysvbfs_tmpfile(struct vnode *dvp, const struct vcreate *vc, struct vnode **vpp)
{
	struct vnode *vp = NULL;
	int error;

	error = node_make(sysvbfs_node_of(dvp)->n_m, vc, false, &vp);
	if (error == 0) {
		vcache_publish(vp);
		*vpp = vp;
	} else if (vp != NULL) {
		node_unmake(vp);
	}
	return error;
}

int
sysvbfs_link(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	struct sysvbfs_node *np = sysvbfs_node_of(vp);
	int error;

	if (np->n_st.st_nlink >= vp->v_mount->mnt_caps.fc_linkmax)
		return EMLINK;
	error = enter(dvp, cn->cn_name, cn->cn_len, np->n_slot);
	if (error != 0)
		return error;
	vp->v_unlinked = false;
	np->n_st.st_nlink++;
	sysvbfs_touch(vp, TOUCH_CTIME);
	return 0;
}

static void
drop_link(struct vnode *vp)
{
	struct sysvbfs_node *np = sysvbfs_node_of(vp);

	if (vp->v_unlinked) {
		(void)sysvbfs_damage(
		    np->n_m, np->n_st.st_ino, "has more names than links");
		return;
	}
	if (np->n_st.st_nlink > 0)
		np->n_st.st_nlink--;
	vp->v_unlinked = np->n_st.st_nlink == 0;
	sysvbfs_touch(vp, TOUCH_CTIME);
}

int
sysvbfs_remove(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	int error = redirect(dvp, cn, NOWHERE);

	if (error == 0)
		drop_link(vp);
	return error;
}

int
sysvbfs_rename(const struct rename_args *ra)
{
	struct vnode *dvp = ra->ra_fdvp;
	uint32_t fslot = sysvbfs_node_of(ra->ra_fvp)->n_slot;
	int error;

	if (ra->ra_tvp == NULL)
		error = enter(
		    dvp, ra->ra_tcn->cn_name, ra->ra_tcn->cn_len, fslot);
	else
		error = redirect(dvp, ra->ra_tcn, fslot);
	if (error != 0)
		return error;
	if ((ra->ra_flags & RUMP_RENAME_EXCHANGE) != 0) {
		error = redirect(
		    dvp, ra->ra_fcn, sysvbfs_node_of(ra->ra_tvp)->n_slot);
		sysvbfs_touch(ra->ra_tvp, TOUCH_CTIME);
	} else {
		error = redirect(dvp, ra->ra_fcn, NOWHERE);
		if (error == 0 && ra->ra_tvp != NULL)
			drop_link(ra->ra_tvp);
	}
	sysvbfs_touch(ra->ra_fvp, TOUCH_CTIME);
	return error;
}

/* ---- listing ------------------------------------------------------------------------- */

struct listing {
	struct sysvbfs_mount *m;
	struct dirsink *sink;
	uint64_t *cookiep;
};

static int
list_one(void *arg, uint32_t off, uint32_t ino, const char *name, uint32_t len)
{
	struct listing *li = arg;
	uint64_t next = GENFS_DOTS_END + off + SYSVBFS_DIRENT;
	int error;

	if (ino != SYSVBFS_INO_ROOT && len > 0 &&
	    kmemchr(name, '/', len) == NULL) {
		error = li->sink->ds_emit(
		    li->sink, ino, RUMP_DT_REG, name, len, next);
	} else {
		error = sysvbfs_damage(li->m, SYSVBFS_INO_ROOT,
		    "directory entry at %u: bad name or inode", off);
		if (li->sink->ds_damage == NULL)
			return error;
		error = li->sink->ds_damage(li->sink, error, next);
	}
	if (error != 0)
		return EEXIST; /* enough */
	*li->cookiep = next;
	return 0;
}

int
sysvbfs_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp)
{
	struct sysvbfs_node *dnp = sysvbfs_node_of(vp);
	struct listing li = {dnp->n_m, sink, cookiep};
	uint64_t off;
	int error;

	*eofp = false;
	if (!genfs_emit_dots(sink, SYSVBFS_INO_ROOT, SYSVBFS_INO_ROOT, cookiep))
		return 0;
	off = rounddown2(*cookiep - GENFS_DOTS_END, SYSVBFS_DIRENT);
	error = off < dir_bytes(dnp)
	    ? entries(dnp, (uint32_t)off, list_one, &li)
	    : 0;
	if (error == EEXIST)
		return 0;
	*eofp = error == 0;
	return error;
}
