/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes: in the inode's body behind its last field, and in one
 * block of their own, which several inodes may share.
 *
 * All of a node's attributes are read into a set; a change makes a new set, which
 * is written whole: sorted, the body first, the rest into the block.  A shared
 * block is never changed, only counted down: whoever changes gets its own.
 *
 * Left out: values in inodes of their own (ea_inode), sharing of equal blocks.
 */
#include "fs/ext2/ext2.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define XATTR_MAX   4096u /* no more entries fit into a block */
#define BLOCK_HEAD  sizeof(struct ext2_xattr_head_disk)
#define BODY_HEAD   sizeof(struct ext2_xattr_ihead_disk)
#define TERMINATOR  4u
#define ACL_MINIMAL (4u + 3 * 4u) /* on disk: owner, group, others */

struct xattr {
	uint8_t x_index, x_namlen;
	bool x_inbody; /* while it is being written */
	const char *x_name;
	const uint8_t *x_value;
	uint32_t x_len;
};
struct xset {
	struct xattr *xs_v;
	uint32_t xs_n, xs_room;
	uint8_t *xs_body, *xs_block; /* copies that entries point into */
	uint32_t xs_bodylen;
};

static const struct prefix {
	const char *name;
	uint8_t index;
	bool whole; /* nothing follows */
	bool settable;
} prefixes[] = {
    {"user.", EXT2_XI_USER, false, true},
    {"system.posix_acl_access", EXT2_XI_POSIX_ACL_ACCESS, true, true},
    {"system.posix_acl_default", EXT2_XI_POSIX_ACL_DEFAULT, true, true},
    {"trusted.", EXT2_XI_TRUSTED, false, true},
    {"lustre.", EXT2_XI_LUSTRE, false, false},
    {"security.", EXT2_XI_SECURITY, false, true},
    {"system.", EXT2_XI_SYSTEM, false, false},
};

static bool
is_acl(uint8_t index)
{
	return index == EXT2_XI_POSIX_ACL_ACCESS ||
	    index == EXT2_XI_POSIX_ACL_DEFAULT;
}

/* "user.x" -> index and "x". */
static int
name_split(const char *name, const struct prefix **pp, const char **restp)
{
	for (unsigned i = 0; i < nitems(prefixes); i++) {
		const struct prefix *p = &prefixes[i];
		size_t n = kstrlen(p->name);

		if (kstrncmp(name, p->name, n) != 0 ||
		    (p->whole && name[n] != '\0'))
			continue;
		if (!p->whole && name[n] == '\0')
			return EINVAL;
		if (kstrlen(name + n) > EXT2_NAME_MAX)
			return ERANGE;
		*pp = p;
		*restp = name + n;
		return 0;
	}
	return EOPNOTSUPP;
}

/* ---- reading ---------------------------------------------------------------- */

static int
set_add(struct xset *xs, const struct xattr *x)
{
	struct xattr *v;
	uint32_t room;

	if (xs->xs_n == xs->xs_room) {
		room = xs->xs_room == 0 ? 8 : xs->xs_room * 2;
		v = room > 2 * XATTR_MAX ? NULL : kmem_calloc(room, sizeof(*v));
		if (v == NULL)
			return ENOMEM;
		if (xs->xs_n > 0)
			memcpy(v, xs->xs_v, xs->xs_n * sizeof(*v));
		kmem_free(xs->xs_v, xs->xs_room * sizeof(*v));
		xs->xs_v = v;
		xs->xs_room = room;
	}
	xs->xs_v[xs->xs_n++] = *x;
	return 0;
}

static int
set_bad(struct ext2_node *np, const char *why)
{
	return ext2_damage(np->n_m, np->n_ino, "extended attributes: %s", why);
}

/*
 * Entries from p on; values count from base; nothing lies at or behind end.
 */
static int
set_parse(struct ext2_node *np, struct xset *xs, const uint8_t *p,
    const uint8_t *base, const uint8_t *end)
{
	int error;

	for (;;) {
		const struct ext2_xattr_entry_disk *e = (const void *)p;
		size_t left = (size_t)(end - p), all = (size_t)(end - base);
		uint32_t off, size;
		struct xattr x;

		if (left < TERMINATOR || kmemzero(p, TERMINATOR))
			return 0;
		if (left < sizeof(*e) ||
		    left < EXT2_XATTR_ENTRY_SIZE(e->e_namlen))
			return set_bad(np, "an entry crosses the end");
		off = le16_get(e->e_value_off);
		size = le32_get(e->e_value_size);
		if (le32_get(e->e_value_inum) != 0)
			return set_bad(np, "a value is in an inode of its own");
		if (size > 0 && (off > all || size > all - off))
			return set_bad(np, "a value crosses the end");
		x.x_index = e->e_index;
		x.x_namlen = e->e_namlen;
		x.x_name = (const char *)p + sizeof(*e);
		x.x_value = size > 0 ? base + off : base;
		x.x_len = size;
		x.x_inbody = false;
		error = set_add(xs, &x);
		if (error != 0)
			return error;
		p += EXT2_XATTR_ENTRY_SIZE(e->e_namlen);
	}
}

/* Bytes for attributes in the inode's body, with their header; 0: none. */
static uint32_t
body_room(const struct ext2_node *np)
{
	uint32_t used = EXT2_OLD_INODE + np->n_extra;
	uint32_t isize = np->n_m->m_isize;

	if (np->n_extra == 0 || used + BODY_HEAD + TERMINATOR > isize)
		return 0;
	return isize - used;
}

static int
set_read_body(struct ext2_node *np, struct xset *xs)
{
	uint32_t n = body_room(np);
	struct ext2_inode_disk *di;
	le32_t magic;
	struct buf *bp;
	int error;

	if (n == 0)
		return 0;
	error = ext2_inode_buf(np->n_m, np->n_ino, &bp, &di);
	if (error != 0)
		return error;
	memcpy(&magic, (uint8_t *)di + EXT2_OLD_INODE + np->n_extra,
	    sizeof(magic));
	if (le32_get(magic) == EXT2_XATTR_MAGIC) {
		xs->xs_body = kmem_alloc(n);
		xs->xs_bodylen = n;
		if (xs->xs_body != NULL)
			memcpy(xs->xs_body,
			    (uint8_t *)di + EXT2_OLD_INODE + np->n_extra, n);
		else
			error = ENOMEM;
	}
	brelse(bp);
	if (error != 0 || xs->xs_body == NULL)
		return error;
	return set_parse(np, xs, xs->xs_body + BODY_HEAD,
	    xs->xs_body + BODY_HEAD, xs->xs_body + n);
}

static int
block_read(struct ext2_node *np, struct buf **bpp)
{
	struct ext2_mount *m = np->n_m;
	const struct ext2_xattr_head_disk *h;
	uint64_t checked = ext2_checked(EXT2_CK_XATTR, 0);
	uint32_t is, should;
	int error;

	error = bread(m->m_dev, ext2_blkoff(m, np->n_acl), m->m_bsize, bpp);
	if (error != 0)
		return error;
	h = (const void *)(*bpp)->b_data;
	if (le32_get(h->h_magic) != EXT2_XATTR_MAGIC ||
	    le32_get(h->h_blocks) != 1 || le32_get(h->h_refcount) == 0) {
		brelse(*bpp);
		return set_bad(np, "the block's header is damaged");
	}
	if (!m->m_csumverify || (*bpp)->b_checked == checked)
		return 0;
	should = ext2_csum_xattr(m->m_seed, np->n_acl, h, m->m_bsize);
	if (should != le32_get(h->h_checksum)) {
		is = le32_get(h->h_checksum);
		brelse(*bpp);
		return ext2_csum_bad(
		    m, np->n_ino, is, should, "extended attributes");
	}
	(*bpp)->b_checked = checked;
	return 0;
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

static int
set_read_block(struct ext2_node *np, struct xset *xs)
{
	uint32_t n = np->n_m->m_bsize;
	struct buf *bp;
	int error;

	if (np->n_acl == 0)
		return 0;
	xs->xs_block = kmem_alloc(n);
	if (xs->xs_block == NULL)
		return ENOMEM;
	error = block_read(np, &bp);
	if (error != 0)
		return error;
	memcpy(xs->xs_block, bp->b_data, n);
	brelse(bp);
	return set_parse(
	    np, xs, xs->xs_block + BLOCK_HEAD, xs->xs_block, xs->xs_block + n);
}

static void
set_free(struct ext2_node *np, struct xset *xs)
{
	kmem_free(xs->xs_v, xs->xs_room * sizeof(*xs->xs_v));
	kmem_free(xs->xs_body, xs->xs_bodylen);
	kmem_free(xs->xs_block, np->n_m->m_bsize);
}

static int
set_read(struct ext2_node *np, struct xset *xs)
{
	int error;

	memset(xs, 0, sizeof(*xs));
	error = set_read_body(np, xs);
	if (error == 0)
		error = set_read_block(np, xs);
	if (error != 0)
		set_free(np, xs);
	return error;
}

static struct xattr *
set_find(const struct xset *xs, uint8_t index, const char *name)
{
	size_t n = kstrlen(name);

	for (uint32_t i = 0; i < xs->xs_n; i++) {
		struct xattr *x = &xs->xs_v[i];

		if (x->x_index == index && x->x_namlen == n &&
		    memcmp(x->x_name, name, n) == 0)
			return x;
	}
	return NULL;
}

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
	uint32_t room = body_room(np), rest = 0;
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
	error = block_read(np, &bp);
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
		error = block_read(np, &bp);
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
	uint32_t n = body_room(np);
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

static int
give(const void *value, size_t n, void *buf, size_t *lenp)
{
	size_t room = *lenp;

	*lenp = n;
	if (room == 0)
		return 0;
	if (room < n)
		return ERANGE;
	memcpy(buf, value, n);
	return 0;
}

int
ext2_getxattr(struct vnode *vp, const char *name, void *buf, size_t *lenp)
{
	struct ext2_node *np = ext2_node_of(vp);
	const struct prefix *p;
	const struct xattr *x;
	const char *rest;
	struct xset xs;
	int error;

	error = name_split(name, &p, &rest);
	if (error == 0)
		error = set_read(np, &xs);
	if (error != 0)
		return error;
	x = set_find(&xs, p->index, rest);
	if (x == NULL)
		error = ENODATA;
	else if (is_acl(p->index))
		error = ext2_acl_fromdisk(x->x_value, x->x_len, buf, lenp);
	else
		error = give(x->x_value, x->x_len, buf, lenp);
	if (error == EUCLEAN)
		(void)set_bad(np, "an access control list is damaged");
	set_free(np, &xs);
	return error;
}

int
ext2_listxattr(struct vnode *vp, char *buf, size_t *lenp)
{
	struct ext2_node *np = ext2_node_of(vp);
	size_t room = *lenp, n = 0;
	struct xset xs;
	int error;

	error = set_read(np, &xs);
	if (error != 0)
		return error;
	for (uint32_t i = 0; i < xs.xs_n; i++) {
		const struct xattr *x = &xs.xs_v[i];
		const struct prefix *p = NULL;
		size_t plen, len;

		for (unsigned k = 0; k < nitems(prefixes); k++)
			if (prefixes[k].index == x->x_index)
				p = &prefixes[k];
		if (p == NULL || p->whole != (x->x_namlen == 0) ||
		    kmemchr(x->x_name, '\0', x->x_namlen) != NULL)
			continue;
		plen = kstrlen(p->name);
		len = plen + x->x_namlen + 1;
		if (room >= n + len) {
			memcpy(buf + n, p->name, plen);
			memcpy(buf + n + plen, x->x_name, x->x_namlen);
			buf[n + len - 1] = '\0';
		}
		n += len;
	}
	set_free(np, &xs);
	*lenp = n;
	return room != 0 && room < n ? ERANGE : 0;
}

/* Put a value (NULL: none) for a name into the set. */
static int
set_change(struct xset *xs, uint8_t index, const char *name, const void *value,
    size_t len, uint32_t flags)
{
	struct xattr *x = set_find(xs, index, name), nx = {0};

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
	return set_add(xs, &nx);
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
	const struct prefix *p;
	uint8_t *disk = NULL;
	const char *rest;
	struct xset xs;
	bool minimal = false;
	size_t dlen = len;
	int error;

	error = name_split(name, &p, &rest);
	if (error == 0 && !p->settable)
		error = EOPNOTSUPP;
	if (error == 0 && len > np->n_m->m_bsize)
		error = ENOSPC;
	if (error == 0)
		error = ext2_begin(np->n_m);
	if (error == 0)
		error = set_read(np, &xs);
	if (error != 0)
		return error;
	if (value != NULL && is_acl(p->index) && len > 0) {
		disk = kmem_alloc(len);
		error = disk == NULL ? ENOMEM
				     : acl_prepare(vp, p->index, value, len,
					   disk, &dlen, &minimal);
		value = minimal ? NULL : disk;
	} else if (is_acl(p->index)) {
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
	set_free(np, &xs);
	return error;
}

int
ext2_acl_chmod(struct vnode *vp)
{
	struct ext2_node *np = ext2_node_of(vp);
	const struct xattr *x;
	struct xset xs;
	int error;

	if (vp->v_type == VLNK || (np->n_acl == 0 && body_room(np) == 0))
		return 0;
	error = set_read(np, &xs);
	if (error != 0)
		return error;
	x = set_find(&xs, EXT2_XI_POSIX_ACL_ACCESS, "");
	if (x != NULL && x->x_len > 4) {
		/* It points into our own copy. */
		ext2_acl_setmode(
		    (void *)(uintptr_t)x->x_value, x->x_len, np->n_st.st_mode);
		error = set_write(np, &xs);
	}
	set_free(np, &xs);
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

	if (dnp->n_acl == 0 && body_room(dnp) == 0)
		return 0;
	error = set_read(dnp, &theirs);
	if (error != 0)
		return error;
	dflt = set_find(&theirs, EXT2_XI_POSIX_ACL_DEFAULT, "");
	if (dflt == NULL)
		goto done;
	error = ext2_acl_fromdisk(dflt->x_value, dflt->x_len, NULL, &len);
	if (error == EUCLEAN)
		error = set_bad(dnp, "an access control list is damaged");
	if (error != 0)
		goto done;
	access = kmem_alloc(dflt->x_len);
	error = access == NULL ? ENOMEM
			       : inherit_set(np, &xs, access, dflt, dir, mode);
	if (error == 0)
		error = set_write(np, &xs);
	kmem_free(access, dflt->x_len);
	set_free(np, &xs);
done:
	set_free(dnp, &theirs);
	return error;
}
