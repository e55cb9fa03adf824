/* SPDX-License-Identifier: BSD-2-Clause */
/* rumpfs: extended attributes, a list a node, in the order they were set in. */
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/rumpfs.h"

static struct rumpfs_xattr *
xattr_find(struct rumpfs_node *rn, const char *name)
{
	struct klink *l;

	KLIST_FOREACH(l, &rn->rn_xattrs)
	{
		struct rumpfs_xattr *xa = klink_entry(
		    l, struct rumpfs_xattr, xa_link);

		if (kstrcmp(xa->xa_data, name) == 0)
			return xa;
	}
	return NULL;
}

static void
xattr_free(struct rumpfs_xattr *xa)
{
	klink_remove(&xa->xa_link);
	kmem_free(xa, sizeof(*xa) + xa->xa_namelen + xa->xa_len);
}

void
rumpfs_xattr_destroy(struct rumpfs_node *rn)
{
	struct klink *l;

	while ((l = klist_first(&rn->rn_xattrs)) != NULL)
		xattr_free(klink_entry(l, struct rumpfs_xattr, xa_link));
}

int
rumpfs_getxattr(struct vnode *vp, const char *name, void *buf, size_t *lenp)
{
	struct rumpfs_xattr *xa = xattr_find(rumpfs_node(vp), name);

	if (xa == NULL)
		return ENODATA;
	if (*lenp != 0 && *lenp < xa->xa_len)
		return ERANGE;
	if (*lenp != 0)
		memcpy(buf, xa->xa_data + xa->xa_namelen, xa->xa_len);
	*lenp = xa->xa_len;
	return 0;
}

int
rumpfs_setxattr(struct vnode *vp, const char *name, const void *value,
    size_t len, uint32_t flags)
{
	struct rumpfs_node *rn = rumpfs_node(vp);
	struct rumpfs_xattr *old = xattr_find(rn, name), *xa;
	size_t namelen = kstrlen(name) + 1;

	if (old != NULL && (flags & RUMP_XATTR_CREATE) != 0)
		return EEXIST;
	if (old == NULL && (value == NULL || (flags & RUMP_XATTR_REPLACE) != 0))
		return ENODATA;
	if (value != NULL) {
		xa = kmem_alloc(sizeof(*xa) + namelen + len);
		if (xa == NULL)
			return ENOMEM;
		klink_init(&xa->xa_link);
		xa->xa_namelen = (uint32_t)namelen;
		xa->xa_len = (uint32_t)len;
		memcpy(xa->xa_data, name, namelen);
		memcpy(xa->xa_data + namelen, value, len);
		klist_insert_tail(&rn->rn_xattrs, &xa->xa_link);
	}
	if (old != NULL)
		xattr_free(old);
	vop_touch(vp, TOUCH_CTIME);
	return 0;
}

int
rumpfs_listxattr(struct vnode *vp, char *buf, size_t *lenp)
{
	struct rumpfs_node *rn = rumpfs_node(vp);
	size_t need = 0, room = *lenp;
	struct klink *l;

	KLIST_FOREACH(l, &rn->rn_xattrs)
	{
		struct rumpfs_xattr *xa = klink_entry(
		    l, struct rumpfs_xattr, xa_link);

		if (room != 0 && need + xa->xa_namelen <= room)
			memcpy(buf + need, xa->xa_data, xa->xa_namelen);
		need += xa->xa_namelen;
	}
	if (room != 0 && need > room)
		return ERANGE;
	*lenp = need;
	return 0;
}
