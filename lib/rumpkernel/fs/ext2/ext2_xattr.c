/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes: in the inode's body behind its last field, and in one
 * block of their own, which several inodes may share.
 *
 * All of a node's attributes are read into a set; ext2_xattr_write.c changes it.
 * Values may be in inodes of their own (ea_inode), read when they are asked for.
 */
#include "fs/ext2/ext2_xattr.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define EA_INODE_MAX (1u << 24) /* bytes, as Linux bounds it */

static const struct xattr_prefix prefixes[] = {
    {"user.", EXT2_XI_USER, false, true},
    {"system.posix_acl_access", EXT2_XI_POSIX_ACL_ACCESS, true, true},
    {"system.posix_acl_default", EXT2_XI_POSIX_ACL_DEFAULT, true, true},
    {"trusted.", EXT2_XI_TRUSTED, false, true},
    {"lustre.", EXT2_XI_LUSTRE, false, false},
    {"security.", EXT2_XI_SECURITY, false, true},
    {"system.", EXT2_XI_SYSTEM, false, false},
};

/* "user.x" -> index and "x". */
int
xattr_name_split(
    const char *name, const struct xattr_prefix **pp, const char **restp)
{
	for (unsigned i = 0; i < nitems(prefixes); i++) {
		const struct xattr_prefix *p = &prefixes[i];
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

int
xset_add(struct xset *xs, const struct xattr *x)
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

int
xattr_bad(struct ext2_node *np, const char *why)
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
			return xattr_bad(np, "an entry crosses the end");
		off = le16_get(e->e_value_off);
		size = le32_get(e->e_value_size);
		x.x_inum = le32_get(e->e_value_inum);
		if (x.x_inum != 0 &&
		    (!ext2_incompat(np->n_m, EXT2_FI_EA_INODE) ||
			!ext2_ino_usable(np->n_m, x.x_inum) ||
			size > EA_INODE_MAX))
			return xattr_bad(
			    np, "a value in an inode that can't be");
		if (x.x_inum == 0 && size > 0 &&
		    (off > all || size > all - off))
			return xattr_bad(np, "a value crosses the end");
		x.x_index = e->e_index;
		x.x_namlen = e->e_namlen;
		x.x_name = (const char *)p + sizeof(*e);
		x.x_value = x.x_inum == 0 && size > 0 ? base + off : base;
		x.x_len = size;
		x.x_inbody = false;
		error = xset_add(xs, &x);
		if (error != 0)
			return error;
		p += EXT2_XATTR_ENTRY_SIZE(e->e_namlen);
	}
}

uint32_t
xattr_body_room(const struct ext2_node *np)
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
	uint32_t n = xattr_body_room(np);
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

int
xattr_block_read(struct ext2_node *np, struct buf **bpp)
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
		return xattr_bad(np, "the block's header is damaged");
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
	error = xattr_block_read(np, &bp);
	if (error != 0)
		return error;
	memcpy(xs->xs_block, bp->b_data, n);
	brelse(bp);
	return set_parse(
	    np, xs, xs->xs_block + BLOCK_HEAD, xs->xs_block, xs->xs_block + n);
}

void
xset_free(struct ext2_node *np, struct xset *xs)
{
	kmem_free(xs->xs_v, xs->xs_room * sizeof(*xs->xs_v));
	kmem_free(xs->xs_body, xs->xs_bodylen);
	kmem_free(xs->xs_block, np->n_m->m_bsize);
}

int
xset_read(struct ext2_node *np, struct xset *xs)
{
	int error;

	memset(xs, 0, sizeof(*xs));
	error = set_read_body(np, xs);
	if (error == 0)
		error = set_read_block(np, xs);
	if (error != 0)
		xset_free(np, xs);
	return error;
}

struct xattr *
xset_find(const struct xset *xs, uint8_t index, const char *name)
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

/* ---- the operations -------------------------------------------------------------- */

/* The bytes of a value's inode. */
static int
inode_value(struct ext2_node *vnp, uint8_t *out)
{
	struct ext2_mount *m = vnp->n_m;
	uint64_t size = vnp->n_st.st_size, off, blk, cnt, n;
	int error;

	for (off = 0; off < size; off += n) {
		error = ext2_map(vnp, off >> m->m_bshift,
		    howmany(size - off, m->m_bsize), &blk, &cnt);
		if (error != 0)
			return error;
		if (blk == 0)
			return xattr_bad(vnp, "a hole in a value's inode");
		n = kmin(size - off, ext2_blkoff(m, cnt));
		error = blkdev_read(
		    m->m_dev, out + off, ext2_blkoff(m, blk), n, BIO_META);
		if (error != 0)
			return error;
	}
	return 0;
}

/* Is it the value that the entry means?  Its time of access is a hash of it; an
 * old form had the owner's number as time of change instead. */
static bool
value_right(const struct ext2_node *np, const struct ext2_node *vnp,
    const uint8_t *value)
{
	const struct rump_stat *st = &vnp->n_st;

	if ((uint32_t)st->st_mtim.tv_sec == np->n_ino &&
	    st->st_gen == np->n_st.st_gen)
		return true;
	return ext2_csum_bitmap(np->n_m->m_seed, value,
		   (uint32_t)st->st_size) == (uint32_t)st->st_atim.tv_sec;
}

/* A value that is an inode of its own; *valuep is the caller's to free. */
static int
value_load(struct ext2_node *np, const struct xattr *x, uint8_t **valuep)
{
	struct ext2_node *vnp = kmem_alloc(sizeof(*vnp));
	uint8_t *p = NULL;
	int error;

	if (vnp == NULL)
		return ENOMEM;
	error = ext2_node_load(np->n_m, x->x_inum, vnp);
	if (error == ESTALE ||
	    (error == 0 &&
		((vnp->n_flags & EXT2_IF_EA_INODE) == 0 ||
		    vnp->n_st.st_size != x->x_len)))
		error = xattr_bad(np, "a value's inode isn't one");
	if (error == 0 && (p = kmem_alloc(kmax(x->x_len, 1))) == NULL)
		error = ENOMEM;
	if (error == 0)
		error = inode_value(vnp, p);
	if (error == 0 && !np->n_m->m_nocsum && !value_right(np, vnp, p))
		error = xattr_bad(np, "a value isn't what its hash says");
	kmem_free(vnp, sizeof(*vnp));
	if (error == 0)
		*valuep = p;
	else
		kmem_free(p, kmax(x->x_len, 1));
	return error;
}

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
	const struct xattr_prefix *p;
	const struct xattr *x;
	uint8_t *value;
	const char *rest;
	struct xset xs;
	int error;

	error = xattr_name_split(name, &p, &rest);
	if (error == 0)
		error = xset_read(np, &xs);
	if (error != 0)
		return error;
	x = xset_find(&xs, p->index, rest);
	/* Inline data is a file's content. */
	if (p->index == EXT2_XI_SYSTEM && kstrcmp(rest, "data") == 0)
		x = NULL;
	if (x == NULL)
		error = ENODATA;
	else if (x->x_inum != 0 && *lenp == 0)
		*lenp = x->x_len;
	else if (x->x_inum != 0) {
		error = value_load(np, x, &value);
		if (error == 0) {
			error = give(value, x->x_len, buf, lenp);
			kmem_free(value, kmax(x->x_len, 1));
		}
	} else if (xattr_isacl(p->index))
		error = ext2_acl_fromdisk(x->x_value, x->x_len, buf, lenp);
	else
		error = give(x->x_value, x->x_len, buf, lenp);
	if (error == EUCLEAN)
		(void)xattr_bad(np, "an access control list is damaged");
	xset_free(np, &xs);
	return error;
}

int
ext2_listxattr(struct vnode *vp, char *buf, size_t *lenp)
{
	struct ext2_node *np = ext2_node_of(vp);
	size_t room = *lenp, n = 0;
	struct xset xs;
	int error;

	error = xset_read(np, &xs);
	if (error != 0)
		return error;
	for (uint32_t i = 0; i < xs.xs_n; i++) {
		const struct xattr *x = &xs.xs_v[i];
		const struct xattr_prefix *p = NULL;
		size_t plen, len;

		for (unsigned k = 0; k < nitems(prefixes); k++)
			if (prefixes[k].index == x->x_index)
				p = &prefixes[k];
		if (x->x_index == EXT2_XI_SYSTEM && x->x_namlen == 4 &&
		    memcmp(x->x_name, "data", 4) == 0)
			continue;
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
	xset_free(np, &xs);
	*lenp = n;
	return room != 0 && room < n ? ERANGE : 0;
}
