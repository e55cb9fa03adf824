/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver for tests of the VFS itself, with what ext2 and rumpfs haven't got:
 * names without regard to case (kept as they were given), streams, no link counts,
 * inode numbers that change with the name (as where a directory entry is all there
 * is), and, on demand, an image that lies and loads that take their time.
 *
 * A flat table of nodes; each has one name in one directory.  Calls of the driver
 * are counted.
 */
#ifndef TESTS_UNIT_FOLDFS_H
#define TESTS_UNIT_FOLDFS_H

#include "kern/kerrno.h"
#include "kern/klwp.h"
#include "kern/kmem.h"
#include "vfs/genfs.h"
#include "vfs/mount.h"

#define FF_MAX	  6000u
#define FF_ROOT	  77u /* no assumption that it is 2 */
#define FF_STREAM 1000000u

struct ff_node {
	uint64_t ino, parent; /* 0: free */
	enum vtype type;
	uint32_t mode;
	bool unlinked;
	char name[64];
};
static struct {
	struct ff_node node[FF_MAX];
	unsigned nlookup, nload, nreclaim, ninactive;
	uint64_t nextino;
	int loaderror;	   /* what loadvnode answers, if not 0 */
	bool slow;	   /* loading gives the CPU away for a while */
	uint64_t selfref;  /* lookups of "self" lead to the directory itself */
	bool ring;	   /* ".." of every directory leads to "ring" */
	uint64_t nextnew;  /* if not 0: the number create takes next */
	unsigned messages; /* to be said at mount time */
	uint64_t systemino;
} ff;

static inline char
ff_fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static uint32_t
ff_hash(const char *name, size_t len)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < len; i++)
		h = h * 33 + (uint8_t)ff_fold(name[i]);
	return h;
}

static bool
ff_equal(const char *a, size_t alen, const char *b, size_t blen)
{
	if (alen != blen)
		return false;
	for (size_t i = 0; i < alen; i++)
		if (ff_fold(a[i]) != ff_fold(b[i]))
			return false;
	return true;
}

static int
ff_valid(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] == ':')
			return EINVAL;
	return len < sizeof(ff.node[0].name) ? 0 : ENAMETOOLONG;
}

static const struct namespec ff_namespec = {
    .ns_encoding = NAME_UTF8,
    .ns_maxlen = 63,
    .ns_hash = ff_hash,
    .ns_equal = ff_equal,
    .ns_valid = ff_valid,
};

static struct ff_node *
ff_find(uint64_t ino)
{
	for (unsigned i = 0; i < FF_MAX; i++)
		if (ff.node[i].ino == ino && ino != 0)
			return &ff.node[i];
	return NULL;
}

static struct ff_node *
ff_child(uint64_t dir, const char *name, size_t len)
{
	for (unsigned i = 0; i < FF_MAX; i++) {
		struct ff_node *n = &ff.node[i];

		if (n->ino != 0 && n->parent == dir && !n->unlinked &&
		    n->ino != FF_ROOT &&
		    ff_equal(n->name, strlen(n->name), name, len))
			return n;
	}
	return NULL;
}

static struct ff_node *
ff_make(uint64_t ino, uint64_t parent, const char *name, size_t len,
    enum vtype type)
{
	for (unsigned i = 0; i < FF_MAX; i++) {
		struct ff_node *n = &ff.node[i];

		if (n->ino != 0)
			continue;
		*n = (struct ff_node){
		    .ino = ino, .parent = parent, .type = type, .mode = 0755};
		memcpy(n->name, name, len);
		n->name[len] = '\0';
		return n;
	}
	return NULL;
}

static int
ff_lookup(struct vnode *dvp, const struct componentname *cn, struct vnode **vpp)
{
	struct ff_node *n, *dn = ff_find(dvp->v_ino);

	ff.nlookup++;
	if (cn->cn_len == 2 && memcmp(cn->cn_name, "..", 2) == 0) {
		n = ff.ring ? ff_child(FF_ROOT, "ring", 4) : NULL;
		return vcache_get(
		    dvp->v_mount, n != NULL ? n->ino : dn->parent, vpp);
	}
	if (ff.selfref == dvp->v_ino && cn->cn_len == 4 &&
	    memcmp(cn->cn_name, "self", 4) == 0)
		return vcache_get(dvp->v_mount, dvp->v_ino, vpp);
	n = ff_child(dvp->v_ino, cn->cn_name, cn->cn_len);
	return n == NULL ? ENOENT : vcache_get(dvp->v_mount, n->ino, vpp);
}

static void
ff_fill(struct vnode *vp, struct ff_node *n)
{
	vp->v_type = n->type;
	vp->v_data = n;
	vp->v_blksize = 512;
	if (n->ino == ff.systemino)
		vp->v_flags |= VV_SYSTEM;
}

static int
ff_create(struct vnode *dvp, const struct componentname *cn,
    const struct vcreate *vc, struct vnode **vpp)
{
	uint64_t ino = ff.nextnew != 0 ? ff.nextnew : ff.nextino++;
	struct ff_node *n;
	int error;

	error = vcache_new(dvp->v_mount, ino, vpp);
	if (error != 0)
		return error;
	n = ff_make(ino, dvp->v_ino, cn->cn_name, cn->cn_len, vc->vc_type);
	if (n == NULL) {
		vcache_abort(*vpp);
		return ENOSPC;
	}
	ff_fill(*vpp, n);
	vcache_publish(*vpp);
	return 0;
}

static int
ff_remove(struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	(void)dvp, (void)cn;
	((struct ff_node *)vp->v_data)->unlinked = true;
	vp->v_unlinked = true;
	return 0;
}

/* The number goes with the name: the node gets a new one. */
static int
ff_rename(const struct rename_args *ra)
{
	struct ff_node *n = ra->ra_fvp->v_data;
	int error;

	if (ra->ra_tvp != NULL)
		ff_remove(ra->ra_tdvp, ra->ra_tcn, ra->ra_tvp);
	error = vcache_rekey(ra->ra_fvp, ff.nextino);
	if (error != 0)
		return error;
	n->ino = ff.nextino++;
	n->parent = ra->ra_tdvp->v_ino;
	memcpy(n->name, ra->ra_tcn->cn_name, ra->ra_tcn->cn_len);
	n->name[ra->ra_tcn->cn_len] = '\0';
	return 0;
}

static int
ff_getattr(struct vnode *vp, struct rump_stat *st)
{
	struct ff_node *n = vp->v_data;

	st->st_mode = mode_of_vtype(n->type) | n->mode;
	st->st_nlink = 1; /* not counted */
	return 0;
}

static int
ff_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp)
{
	for (; *cookiep < FF_MAX; ++*cookiep) {
		struct ff_node *n = &ff.node[*cookiep];

		if (n->ino == 0 || n->parent != vp->v_ino || n->unlinked ||
		    n->ino == FF_ROOT)
			continue;
		if (sink->ds_emit(sink, n->ino, dtype_of_vtype(n->type),
			n->name, strlen(n->name), *cookiep + 1) != 0)
			return 0;
	}
	*eofp = true;
	return 0;
}

/* Every file has one: "rsrc". */
static int
ff_openstream(struct vnode *vp, const char *name, struct vnode **streamp)
{
	if (vp->v_type != VREG || strcmp(name, "rsrc") != 0)
		return ENOENT;
	return vcache_get(vp->v_mount, vp->v_ino + FF_STREAM, streamp);
}

static void
ff_inactive(struct vnode *vp, bool *recycle)
{
	struct ff_node *n = vp->v_data;

	ff.ninactive++;
	if (ff.slow) {
		kern_cpu_release();
		(void)rumpuser_clock_sleep(20000000);
		kern_cpu_acquire();
	}
	if (n->unlinked) {
		n->ino = 0;
		*recycle = true;
	}
}

static void
ff_reclaim(struct vnode *vp)
{
	(void)vp;
	ff.nreclaim++;
}

static const struct vnodeops ff_vnodeops = {
    .vop_lookup = ff_lookup,
    .vop_create = ff_create,
    .vop_remove = ff_remove,
    .vop_rmdir = ff_remove,
    .vop_rename = ff_rename,
    .vop_getattr = ff_getattr,
    .vop_readdir = ff_readdir,
    .vop_openstream = ff_openstream,
    .vop_inactive = ff_inactive,
    .vop_reclaim = ff_reclaim,
};

static int
ff_mount(struct mount *mp, const struct mount_args *args)
{
	(void)args;
	if (ff_find(FF_ROOT) == NULL)
		ff_make(FF_ROOT, FF_ROOT, "", 0, VDIR);
	if (ff.nextino == 0)
		ff.nextino = 100;
	mp->mnt_rootino = FF_ROOT;
	mp->mnt_namespec = &ff_namespec;
	for (unsigned i = 0; i < ff.messages; i++) {
		mount_message(mp, 12, 4096 + i, "fault %u", i);
		mount_message(mp, 12, 4096 + i, "fault %u", i); /* once */
	}
	return 0;
}

static int
ff_unmount(struct mount *mp, bool force)
{
	(void)mp, (void)force;
	return 0;
}

static int
ff_loadvnode(struct mount *mp, struct vnode *vp)
{
	static struct ff_node stream = {.type = VREG, .mode = 0644};
	struct ff_node *n = ff_find(vp->v_ino);

	(void)mp;
	ff.nload++;
	if (ff.slow) {
		kern_cpu_release();
		(void)rumpuser_clock_sleep(20000000);
		kern_cpu_acquire();
	}
	if (ff.loaderror != 0)
		return ff.loaderror;
	if (n == NULL && vp->v_ino > FF_STREAM)
		n = &stream;
	if (n == NULL)
		return ENOENT;
	ff_fill(vp, n);
	return 0;
}

static const struct vfsops ff_vfsops = {
    .vfs_name = "foldfs",
    .vfs_vnodeops = &ff_vnodeops,
    .vfs_mount = ff_mount,
    .vfs_unmount = ff_unmount,
    .vfs_loadvnode = ff_loadvnode,
};

#endif /* TESTS_UNIT_FOLDFS_H */
