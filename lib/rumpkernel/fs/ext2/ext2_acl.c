/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX.1e access control lists as attribute values: between the form that
 * programs get and set ("system.posix_acl_*": version 2, entries of 8 bytes) and
 * the one on disk (version 1, entries of 4 bytes where there is no id), and
 * between a list and the mode bits that stand for it.
 *
 * A list is valid if its entries come in the order owner, users, group, groups,
 * mask, other, with the mask where a user or group is named.
 *
 * A directory's default list goes to what is made in it by the plain calls
 * (ext2_acl_inherit() in ext2_xattr.c), as acl(5) has it.  Who makes a node with
 * all its attributes at once says what it has.
 */
#include "fs/ext2/ext2.h"
#include "kern/kstring.h"

#define ACL_USER_VERSION 2u
#define ACL_NO_ID	 UINT32_MAX
#define ACL_HEAD	 4u
#define ACL_SHORT	 4u
#define ACL_LONG	 8u

static bool
has_id(uint32_t tag)
{
	return tag == EXT2_ACL_USER || tag == EXT2_ACL_GROUP;
}

/* Checks that entries come in order. */
struct aclorder {
	uint32_t last;
	bool named, mask;
};

static int
order_next(struct aclorder *o, uint32_t tag, uint32_t perm)
{
	bool repeat = has_id(tag) && tag == o->last;

	if ((perm & ~7u) != 0 || !ispow2(tag) || tag > EXT2_ACL_OTHER)
		return EINVAL;
	if (tag <= o->last && !repeat)
		return EINVAL;
	/* owner, group and other are never left out */
	if (o->last < EXT2_ACL_USER_OBJ && tag != EXT2_ACL_USER_OBJ)
		return EINVAL;
	if (o->last < EXT2_ACL_GROUP_OBJ && tag > EXT2_ACL_GROUP_OBJ)
		return EINVAL;
	o->named = o->named || has_id(tag);
	o->mask = o->mask || tag == EXT2_ACL_MASK;
	o->last = tag;
	return 0;
}

static int
order_end(const struct aclorder *o)
{
	if (o->last != EXT2_ACL_OTHER || (o->named && !o->mask))
		return EINVAL;
	return 0;
}

static uint32_t
get32(const uint8_t *p)
{
	le32_t x;

	memcpy(&x, p, sizeof(x));
	return le32_get(x);
}

static uint32_t
get16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v);
	put16(p + 2, v >> 16);
}

int
ext2_acl_todisk(const void *value, size_t len, void *out, size_t *lenp)
{
	const uint8_t *p = value, *end = p + len;
	uint8_t *q = out, *qend = q + *lenp;
	struct aclorder order = {0};
	int error;

	if (len < ACL_HEAD || get32(p) != ACL_USER_VERSION ||
	    (len - ACL_HEAD) % ACL_LONG != 0 || *lenp < ACL_HEAD)
		return EINVAL;
	put32(q, EXT2_ACL_VERSION);
	q += ACL_HEAD;
	for (p += ACL_HEAD; p < end; p += ACL_LONG) {
		uint32_t tag = get16(p), perm = get16(p + 2);
		size_t n = has_id(tag) ? ACL_LONG : ACL_SHORT;

		error = order_next(&order, tag, perm);
		if (error != 0)
			return error;
		if ((size_t)(qend - q) < n)
			return ERANGE;
		put16(q, tag);
		put16(q + 2, perm);
		if (n == ACL_LONG)
			put32(q + 4, get32(p + 4));
		q += n;
	}
	*lenp = (size_t)(q - (uint8_t *)out);
	return order_end(&order);
}

/* The entry at p: its size, 0 if it is none. */
static size_t
disk_entry(const uint8_t *p, const uint8_t *end, uint32_t *tagp)
{
	size_t n;

	if (end - p < (ptrdiff_t)ACL_SHORT)
		return 0;
	*tagp = get16(p);
	n = has_id(*tagp) ? ACL_LONG : ACL_SHORT;
	return end - p < (ptrdiff_t)n ? 0 : n;
}

int
ext2_acl_fromdisk(const void *disk, size_t len, void *out, size_t *lenp)
{
	const uint8_t *p = disk, *end = p + len;
	uint8_t *q = out;
	size_t need = ACL_HEAD, room = *lenp, n;
	uint32_t tag;

	if (len < ACL_HEAD || get32(p) != EXT2_ACL_VERSION)
		return EUCLEAN;
	if (room >= ACL_HEAD)
		put32(q, ACL_USER_VERSION);
	for (p += ACL_HEAD; p < end; p += n) {
		n = disk_entry(p, end, &tag);
		if (n == 0)
			return EUCLEAN;
		if (room >= need + ACL_LONG) {
			put16(q + need, tag);
			put16(q + need + 2, get16(p + 2));
			put32(q + need + 4,
			    n == ACL_LONG ? get32(p + 4) : ACL_NO_ID);
		}
		need += ACL_LONG;
	}
	*lenp = need;
	return room != 0 && room < need ? ERANGE : 0;
}

void
ext2_acl_mode(const void *disk, size_t len, uint32_t *modep)
{
	const uint8_t *p = disk, *end = p + len;
	uint32_t mode = *modep, tag;
	bool mask = false;
	size_t n;

	for (p += ACL_HEAD; p < end && (n = disk_entry(p, end, &tag)) != 0;
	     p += n) {
		uint32_t perm = get16(p + 2) & 7;

		if (tag == EXT2_ACL_USER_OBJ)
			mode = (mode & ~0700u) | perm << 6;
		else if (tag == EXT2_ACL_OTHER)
			mode = (mode & ~07u) | perm;
		else if (tag == EXT2_ACL_MASK ||
		    (tag == EXT2_ACL_GROUP_OBJ && !mask))
			mode = (mode & ~070u) | perm << 3;
		mask = mask || tag == EXT2_ACL_MASK;
	}
	*modep = mode;
}

void
ext2_acl_setmode(void *disk, size_t len, uint32_t mode)
{
	uint8_t *p = disk, *end = p + len, *group = NULL, *mask = NULL;
	uint32_t tag;
	size_t n;

	for (p += ACL_HEAD; p < end && (n = disk_entry(p, end, &tag)) != 0;
	     p += n) {
		if (tag == EXT2_ACL_USER_OBJ)
			put16(p + 2, mode >> 6 & 7);
		else if (tag == EXT2_ACL_OTHER)
			put16(p + 2, mode & 7);
		else if (tag == EXT2_ACL_GROUP_OBJ)
			group = p;
		else if (tag == EXT2_ACL_MASK)
			mask = p;
	}
	if (mask != NULL)
		put16(mask + 2, mode >> 3 & 7);
	else if (group != NULL)
		put16(group + 2, mode >> 3 & 7);
}
