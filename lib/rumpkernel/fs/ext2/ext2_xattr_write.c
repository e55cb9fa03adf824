/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes, changing them: a change makes a new set, which is written
 * whole: sorted, the body first, the rest into the block.  A shared block is never
 * changed, only counted down: whoever changes gets its own.
 *
 * Left out: values in inodes of their own (ea_inode), sharing of equal blocks.
 */
#include "fs/ext2/ext2_xattr.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define ACL_MINIMAL (4u + 3 * 4u) /* on disk: owner, group, others */

/* ---- writing ------------------------------------------------------------------ */

static uint32_t
cost_of(const struct xattr *x)
{
	return EXT2_XATTR_ENTRY_SIZE(x->x_namlen) +
	    EXT2_XATTR_VALUE_SIZE(x->x_len);
}

/* The order that readers of blocks rely on. */
static bool
comes_before(const struct xattr *a, const struct xattr *b)
{
	if (a->x_index != b->x_index)
		return a->x_index < b->x_index;
	if (a->x_namlen != b->x_namlen)
		return a->x_namlen < b->x_namlen;
	return memcmp(a->x_name, b->x_name, a->x_namlen) < 0;
}

static void
set_sort(struct xset *xs)
{
	for (uint32_t i = 1; i < xs->xs_n; i++) {
		struct xattr x = xs->xs_v[i];
		uint32_t j = i;

		while (j > 0 && comes_before(&x, &xs->xs_v[j - 1])) {
			xs->xs_v[j] = xs->xs_v[j - 1];
			j--;
		}
		xs->xs_v[j] = x;
	}
}

/* Who goes into the body?  *restp: bytes that the block needs, 0 if none. */
static int
set_place(struct ext2_node *np, struct xset *xs, uint32_t *restp)
{
	uint32_t room = xattr_body_room(np), rest = 0;
	uint32_t left = room == 0 ? 0 : room - BODY_HEAD - TERMINATOR;

	set_sort(xs);
	for (uint32_t i = 0; i < xs->xs_n; i++) {
		struct xattr *x = &xs->xs_v[i];

		x->x_inbody = cost_of(x) <= left;
		if (x->x_inbody)
			left -= cost_of(x);
		else
			rest += cost_of(x);
		if (rest > np->n_m->m_bsize)
			return ENOSPC;
	}
	if (rest > 0)
		rest += BLOCK_HEAD + TERMINATOR;
	*restp = rest;
	return rest > np->n_m->m_bsize ? ENOSPC : 0;
}

static uint32_t
hash_entry(const struct xattr *x, const uint8_t *padded, uint32_t padlen)
{
	uint32_t h = 0;

	for (uint32_t i = 0; i < x->x_namlen; i++)
		h = h << 5 ^ h >> 27 ^ (uint8_t)x->x_name[i];
	for (uint32_t i = 0; i < padlen; i += 4) {
		le32_t w;

		memcpy(&w, padded + i, sizeof(w));
		h = h << 16 ^ h >> 16 ^ le32_get(w);
	}
	return h;
}

/*
 * Lay the entries of one kind out: from p on upwards, values down from end,
 * counted from base.  The memory is zeroed.  Returns the hash of all.
 */
static uint32_t
set_encode(
    const struct xset *xs, bool inbody, uint8_t *p, uint8_t *base, uint8_t *end)
{
	uint32_t all = 0;

	for (uint32_t i = 0; i < xs->xs_n; i++) {
		const struct xattr *x = &xs->xs_v[i];
		struct ext2_xattr_entry_disk *e = (void *)p;
		uint32_t n = EXT2_XATTR_VALUE_SIZE(x->x_len), h;

		if (x->x_inbody != inbody)
			continue;
		end -= n;
		KASSERT(p + EXT2_XATTR_ENTRY_SIZE(x->x_namlen) <= end);
		memcpy(end, x->x_value, x->x_len);
		e->e_namlen = x->x_namlen;
		e->e_index = x->x_index;
		le16_put(&e->e_value_off, n > 0 ? (uint16_t)(end - base) : 0);
		le32_put(&e->e_value_size, x->x_len);
		memcpy(p + sizeof(*e), x->x_name, x->x_namlen);
		h = hash_entry(x, end, n);
		le32_put(&e->e_hash, h);
		all = h == 0 ? 0 : all << 16 ^ all >> 16 ^ h;
		p += EXT2_XATTR_ENTRY_SIZE(x->x_namlen);
	}
	return all;
}

/* The block has changed. */
static void
block_write(struct ext2_node *np, struct buf *bp)
{
	struct ext2_mount *m = np->n_m;
	struct ext2_xattr_head_disk *h = (void *)bp->b_data;

	if (m->m_csum)
		le32_put(&h->h_checksum,
		    ext2_csum_xattr(m->m_seed, np->n_acl, h, m->m_bsize));
	bp->b_checked = ext2_checked(EXT2_CK_XATTR, 0);
	bdwrite(bp);
}

int
ext2_xattr_drop(struct ext2_node *np)
{
	struct ext2_mount *m = np->n_m;
	struct ext2_xattr_head_disk *h;
	uint64_t blk = np->n_acl;
	struct buf *bp;
	uint32_t refs;
	int error;

	if (blk == 0)
		return 0;
	error = xattr_block_read(np, &bp);
	ext2_add_blocks(np, -1);
	if (error != 0) {
		np->n_acl = 0;
		return error; /* whose it is isn't known: it stays used */
	}
	h = (void *)bp->b_data;
	refs = le32_get(h->h_refcount);
	if (refs > 1) {
		le32_put(&h->h_refcount, refs - 1);
		block_write(np, bp);
		np->n_acl = 0;
		return 0;
	}
	np->n_acl = 0;
	brelse(bp);
	bforget(m->m_dev, ext2_blkoff(m, blk), m->m_bsize);
	ext2_bfree(m, blk, 1);
	return 0;
}

/* A block of the node's own to write attributes to: busy, its number. */
static int
block_own(struct ext2_node *np, struct buf **bpp)
{
	struct ext2_mount *m = np->n_m;
	uint64_t blk, got;
	struct buf *bp;
	int error;

	if (np->n_acl != 0) {
		error = xattr_block_read(np, &bp);
		if (error != 0)
			return error;
		if (le32_get(((struct ext2_xattr_head_disk *)(void *)bp->b_data)
				 ->h_refcount) == 1) {
			*bpp = bp;
			return 0;
		}
		brelse(bp);
	}
	error = ext2_balloc(
	    m, np, ext2_group_goal(m, np->n_ino), 1, 0, &blk, &got);
	if (error != 0)
		return error;
	error = np->n_acl != 0 ? ext2_xattr_drop(np) : 0;
	if (error == 0)
		error = getblk_zero(
		    m->m_dev, ext2_blkoff(m, blk), m->m_bsize, bpp);
	if (error != 0) {
		ext2_bfree(m, blk, 1);
		return error;
	}
	np->n_acl = blk;
	ext2_add_blocks(np, 1);
	return 0;
}

static int
set_write_block(struct ext2_node *np, const struct xset *xs)
{
	struct ext2_mount *m = np->n_m;
	struct ext2_xattr_head_disk *h;
	struct buf *bp;
	uint32_t hash;
	int error;

	error = block_own(np, &bp);
	if (error != 0)
		return error;
	memset(bp->b_data, 0, m->m_bsize);
	h = (void *)bp->b_data;
	hash = set_encode(xs, false, bp->b_data + BLOCK_HEAD, bp->b_data,
	    bp->b_data + m->m_bsize);
	le32_put(&h->h_magic, EXT2_XATTR_MAGIC);
	le32_put(&h->h_refcount, 1);
	le32_put(&h->h_blocks, 1);
	le32_put(&h->h_hash, hash);
	block_write(np, bp);
	return 0;
}

static int
set_write_body(struct ext2_node *np, const struct xset *xs)
{
	uint32_t n = xattr_body_room(np);
	struct ext2_inode_disk *di;
	struct buf *bp;
	uint8_t *p;
	int error;

	if (n == 0)
		return 0;
	error = ext2_inode_buf(np->n_m, np->n_ino, &bp, &di);
	if (error != 0)
		return error;
	p = (uint8_t *)di + EXT2_OLD_INODE + np->n_extra;
	memset(p, 0, n);
	for (uint32_t i = 0; i < xs->xs_n; i++)
		if (xs->xs_v[i].x_inbody)
			le32_put((le32_t *)(void *)p, EXT2_XATTR_MAGIC);
	(void)set_encode(xs, true, p + BODY_HEAD, p + BODY_HEAD, p + n);
	ext2_inode_write(np->n_m, np->n_ino, bp, di);
	return 0;
}

static int
set_write(struct ext2_node *np, struct xset *xs)
{
	uint32_t rest;
	int error;

	error = set_place(np, xs, &rest);
	if (error == 0 && xs->xs_n > 0)
		error = ext2_need_compat(np->n_m, EXT2_FC_EXT_ATTR);
	if (error == 0 && rest > 0)
		error = set_write_block(np, xs);
	if (error != 0)
		return error;
	if (rest == 0 && np->n_acl != 0) {
		error = ext2_xattr_drop(np);
		if (error != 0)
			return error;
	}
	error = set_write_body(np, xs);
	if (error != 0)
		return error;
	return ext2_touchnode(np, TOUCH_CTIME);
}

/* ---- the operations -------------------------------------------------------------- */

/* Put a value (NULL: none) for a name into the set. */
static int
set_change(struct xset *xs, uint8_t index, const char *name, const void *value,
    size_t len, uint32_t flags)
{
	struct xattr *x = xset_find(xs, index, name), nx = {0};

	if (x == NULL && (value == NULL || (flags & RUMP_XATTR_REPLACE) != 0))
		return ENODATA;
	if (x != NULL && value != NULL && (flags & RUMP_XATTR_CREATE) != 0)
		return EEXIST;
	if (value == NULL) {
		*x = xs->xs_v[--xs->xs_n];
		return 0;
	}
	if (x != NULL) {
		x->x_value = value;
		x->x_len = (uint32_t)len;
		return 0;
	}
	nx.x_index = index;
	nx.x_namlen = (uint8_t)kstrlen(name);
	nx.x_name = name;
	nx.x_value = value;
	nx.x_len = (uint32_t)len;
	return xset_add(xs, &nx);
}

/*
 * An ACL to be set: what its mode bits say, and whether it says no more than they
 * do (then it isn't kept).
 */
static int
acl_prepare(struct vnode *vp, uint8_t index, const void *value, size_t len,
    uint8_t *disk, size_t *lenp, bool *minimalp)
{
	struct ext2_node *np = ext2_node_of(vp);
	int error;

	*minimalp = false;
	if (vp->v_type == VLNK)
		return EOPNOTSUPP;
	if (index == EXT2_XI_POSIX_ACL_DEFAULT && vp->v_type != VDIR)
		return EACCES;
	error = ext2_acl_todisk(value, len, disk, lenp);
	if (error != 0)
		return error;
	if (index == EXT2_XI_POSIX_ACL_ACCESS) {
		ext2_acl_mode(disk, *lenp, &np->n_st.st_mode);
		*minimalp = len == 4 + 3 * 8;
	}
	return 0;
}

int
ext2_setxattr(struct vnode *vp, const char *name, const void *value, size_t len,
    uint32_t flags)
{
	struct ext2_node *np = ext2_node_of(vp);
	uint32_t oldmode = np->n_st.st_mode;
	const struct xattr_prefix *p;
	uint8_t *disk = NULL;
	const char *rest;
	struct xset xs;
	bool minimal = false;
	size_t dlen = len;
	int error;

	error = xattr_name_split(name, &p, &rest);
	if (error == 0 && !p->settable)
		error = EOPNOTSUPP;
	if (error == 0 && len > np->n_m->m_bsize)
		error = ENOSPC;
	if (error == 0)
		error = ext2_begin(np->n_m);
	if (error == 0)
		error = xset_read(np, &xs);
	if (error != 0)
		return error;
	if (value != NULL && xattr_isacl(p->index) && len > 0) {
		disk = kmem_alloc(len);
		error = disk == NULL ? ENOMEM
				     : acl_prepare(vp, p->index, value, len,
					   disk, &dlen, &minimal);
		value = minimal ? NULL : disk;
	} else if (xattr_isacl(p->index)) {
		value = NULL;
	}
	if (error == 0) {
		error = set_change(&xs, p->index, rest, value, dlen, flags);
		if (error == ENODATA && minimal)
			error = 0;
	}
	if (error == 0)
		error = set_write(np, &xs);
	if (error != 0)
		np->n_st.st_mode = oldmode;
	kmem_free(disk, len);
	xset_free(np, &xs);
	return error;
}

int
ext2_acl_chmod(struct vnode *vp)
{
	struct ext2_node *np = ext2_node_of(vp);
	const struct xattr *x;
	struct xset xs;
	int error;

	if (vp->v_type == VLNK || (np->n_acl == 0 && xattr_body_room(np) == 0))
		return 0;
	error = xset_read(np, &xs);
	if (error != 0)
		return error;
	x = xset_find(&xs, EXT2_XI_POSIX_ACL_ACCESS, "");
	if (x != NULL && x->x_len > 4) {
		/* It points into our own copy. */
		ext2_acl_setmode(
		    (void *)(uintptr_t)x->x_value, x->x_len, np->n_st.st_mode);
		error = set_write(np, &xs);
	}
	xset_free(np, &xs);
	return error;
}

/* The lists that a node made under mode gets: both in the form on disk. */
static int
inherit_set(struct ext2_node *np, struct xset *xs, uint8_t *access,
    const struct xattr *dflt, bool dir, uint32_t mode)
{
	uint32_t bits = np->n_st.st_mode;
	int error = 0;

	memcpy(access, dflt->x_value, dflt->x_len);
	ext2_acl_mode(access, dflt->x_len, &bits);
	bits &= mode & 0777;
	ext2_acl_setmode(access, dflt->x_len, bits);
	np->n_st.st_mode = (np->n_st.st_mode & ~0777u) | bits;
	/* What says no more than the mode isn't kept. */
	if (dflt->x_len > ACL_MINIMAL)
		error = set_change(
		    xs, EXT2_XI_POSIX_ACL_ACCESS, "", access, dflt->x_len, 0);
	if (error == 0 && dir)
		error = set_change(xs, EXT2_XI_POSIX_ACL_DEFAULT, "",
		    dflt->x_value, dflt->x_len, 0);
	return error;
}

int
ext2_acl_inherit(
    struct ext2_node *dnp, struct ext2_node *np, bool dir, uint32_t mode)
{
	struct xset theirs, xs = {0};
	const struct xattr *dflt;
	uint8_t *access = NULL;
	size_t len = 0;
	int error;

	if (dnp->n_acl == 0 && xattr_body_room(dnp) == 0)
		return 0;
	error = xset_read(dnp, &theirs);
	if (error != 0)
		return error;
	dflt = xset_find(&theirs, EXT2_XI_POSIX_ACL_DEFAULT, "");
	if (dflt == NULL)
		goto done;
	error = ext2_acl_fromdisk(dflt->x_value, dflt->x_len, NULL, &len);
	if (error == EUCLEAN)
		error = xattr_bad(dnp, "an access control list is damaged");
	if (error != 0)
		goto done;
	access = kmem_alloc(dflt->x_len);
	error = access == NULL ? ENOMEM
			       : inherit_set(np, &xs, access, dflt, dir, mode);
	if (error == 0)
		error = set_write(np, &xs);
	kmem_free(access, dflt->x_len);
	xset_free(np, &xs);
done:
	xset_free(dnp, &theirs);
	return error;
}
