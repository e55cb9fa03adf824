/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver for tests of generic I/O: a flat directory of files whose block maps are
 * in memory, over a real device.  Blocks come from random places in random runs,
 * hold garbage when they are new, and are told of in runs of random length.
 *
 *	a b	block-mapped files	buf	the same, BUFFERED
 *	enc	ENCODED			inl	INLINE
 *	bad	block 0 (the driver's own), then one outside of the device
 */
#ifndef TESTS_UNIT_TESTFS_H
#define TESTS_UNIT_TESTFS_H

#include "unit/devmodel.h"

#include "kern/kerrno.h"
#include "kern/kmem.h"
#include "vfs/genfs.h"
#include "vfs/mount.h"

#define TF_MAXBLKS 4096u /* of a file */
#define TF_ENCLEN  100000u
#define TF_INLINE  "these bytes are in the node"

enum tf_kind { TF_MAPPED, TF_BUFFERED, TF_ENCODED, TF_INLINED, TF_BAD };
struct tf_node {
	const char *name;
	enum tf_kind kind;
	uint64_t size;
	uint32_t blk[TF_MAXBLKS]; /* 0: a hole */
	bool unwritten[TF_MAXBLKS];
	uint32_t mode;
	unsigned ntouch, nbmapw;
};
struct tf {
	uint32_t blksize;
	uint32_t nblks;
	uint8_t *used;
	uint32_t free;
	kmutex_t lock; /* used, free */
	unsigned nencoded;
	struct tf_node node[6];
};
static struct tf tf;
static __thread bool tf_full; /* ENOSPC was met */

static inline struct tf_node *
tf_node(struct vnode *vp)
{
	return vp->v_data;
}

static inline uint8_t
tf_encbyte(uint64_t off)
{
	return (uint8_t)(off * 7 + off / 251);
}

/* A block, after prev if that is free (mostly); 0: none. */
static inline uint32_t
tf_alloc(uint32_t prev)
{
	uint32_t b = prev + 1;

	mutex_enter(&tf.lock);
	if (tf.free == 0) {
		mutex_exit(&tf.lock);
		tf_full = true;
		return 0;
	}
	if (prev == 0 || b >= tf.nblks || tf.used[b] || rnd(6) == 0)
		for (b = 1 + (uint32_t)rnd(tf.nblks - 1); tf.used[b];)
			b = b + 1 < tf.nblks ? b + 1 : 1;
	tf.used[b] = 1;
	tf.free--;
	mutex_exit(&tf.lock);
	return b;
}

static inline void
tf_unalloc(uint32_t b)
{
	mutex_enter(&tf.lock);
	tf.used[b] = 0;
	tf.free++;
	mutex_exit(&tf.lock);
}

static inline void
tf_release(struct tf_node *n, uint32_t i, struct blkdev *dev)
{
	if (n->blk[i] == 0)
		return;
	if (n->kind == TF_BUFFERED)
		bforget(dev, (uint64_t)n->blk[i] * tf.blksize, tf.blksize);
	tf_unalloc(n->blk[i]);
	n->blk[i] = 0;
	n->unwritten[i] = false;
}

static inline int
tf_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run)
{
	struct tf_node *n = tf_node(vp);
	uint64_t i = off / tf.blksize, in = off % tf.blksize, end = off + len;
	uint64_t last = (end - 1) / tf.blksize, j, limit = i + 1 + rnd(40);
	bool fresh = false;

	run->bm_off = off;
	run->bm_len = len;
	if (n->kind == TF_ENCODED) {
		run->bm_kind = BMAP_ENCODED;
		run->bm_len = 1 + rnd(len);
		return 0;
	}
	if (n->kind == TF_INLINED) {
		if (how == BMAP_WRITE)
			return EOPNOTSUPP;
		run->bm_kind = BMAP_INLINE;
		run->bm_inline = TF_INLINE + off;
		return 0;
	}
	if (last >= TF_MAXBLKS && how == BMAP_WRITE)
		return EFBIG;
	run->bm_kind = n->kind == TF_BUFFERED ? BMAP_BUFFERED : BMAP_MAPPED;
	run->bm_dev = vp->v_mount->mnt_devs[0];
	if (n->kind == TF_BAD) {
		run->bm_devoff = i == 0 ? in : run->bm_dev->bd_size - 5;
		return 0;
	}
	if (i >= TF_MAXBLKS) {
		run->bm_kind = BMAP_HOLE;
		return 0;
	}
	if (how == BMAP_WRITE) {
		n->nbmapw++;
		if (n->blk[i] == 0 || n->unwritten[i])
			fresh = true;
		for (j = i; fresh && j <= last && j < limit &&
		     (n->blk[j] == 0 || n->unwritten[j]);
		     j++) {
			uint32_t prev = j > 0 ? n->blk[j - 1] : 0,
				 b = n->blk[j];

			if (b == 0)
				b = tf_alloc(prev);
			if (b == 0 && j == i)
				return ENOSPC;
			if (b == 0 || (j > i && b != prev + 1)) {
				if (b != 0 && n->blk[j] == 0)
					tf_unalloc(b);
				break;
			}
			n->blk[j] = b;
			n->unwritten[j] = false;
		}
		if (fresh) {
			last = j - 1;
			run->bm_flags |= BM_NEW;
		}
	}
	/* what follows is of the same kind, and next to it */
	for (j = i; j < last && j + 1 < limit && j + 1 < TF_MAXBLKS; j++)
		if ((n->blk[i] == 0) != (n->blk[j + 1] == 0) ||
		    n->unwritten[i] != n->unwritten[j + 1] ||
		    (n->blk[i] != 0 && n->blk[j + 1] != n->blk[j] + 1))
			break;
	if (fresh)
		j = last; /* all that was allocated must be told */
	if (n->blk[i] == 0) {
		run->bm_kind = BMAP_HOLE;
		run->bm_dev = NULL;
	} else if (n->unwritten[i]) {
		run->bm_kind = BMAP_UNWRITTEN;
	}
	run->bm_devoff = (uint64_t)n->blk[i] * tf.blksize + in;
	if ((j + 1) * tf.blksize < end)
		run->bm_len = (j + 1) * tf.blksize - off;
	return 0;
}

static inline int
tf_setsize(struct vnode *vp, uint64_t size)
{
	struct tf_node *n = tf_node(vp);

	for (uint64_t i = (size + tf.blksize - 1) / tf.blksize; i < TF_MAXBLKS;
	     i++)
		tf_release(n, (uint32_t)i, vp->v_mount->mnt_devs[0]);
	n->size = vp->v_size = size;
	return 0;
}

static inline int
tf_allocate(struct vnode *vp, uint64_t off, uint64_t len, uint32_t flags)
{
	struct tf_node *n = tf_node(vp);
	uint64_t last = (off + len - 1) / tf.blksize;
	uint32_t b;

	if (n->kind != TF_MAPPED)
		return EOPNOTSUPP;
	if (last >= TF_MAXBLKS)
		return EFBIG;
	for (uint64_t i = off / tf.blksize; i <= last; i++) {
		if (n->blk[i] != 0)
			continue;
		b = tf_alloc(i > 0 ? n->blk[i - 1] : 0);
		if (b == 0)
			return ENOSPC;
		n->blk[i] = b;
		n->unwritten[i] = !(flags & VALLOC_FRESH);
	}
	if (!(flags & VALLOC_KEEPSIZE) && off + len > n->size)
		n->size = vp->v_size = off + len;
	return 0;
}

static inline int
tf_punch(struct vnode *vp, uint64_t off, uint64_t len)
{
	struct tf_node *n = tf_node(vp);
	uint64_t i = (off + tf.blksize - 1) / tf.blksize;

	for (; i < (off + len) / tf.blksize && i < TF_MAXBLKS; i++)
		tf_release(n, (uint32_t)i, vp->v_mount->mnt_devs[0]);
	return 0;
}

static inline int
tf_readencoded(
    struct vnode *vp, uint64_t off, void *buf, size_t bufsize, size_t *lenp)
{
	size_t n = vp->v_size - off < bufsize ? vp->v_size - off : bufsize;

	tf.nencoded++;
	if (off % vp->v_blksize != 0)
		return EIO;
	for (size_t i = 0; i < n; i++)
		((uint8_t *)buf)[i] = tf_encbyte(off + i);
	*lenp = n;
	return 0;
}

static inline int
tf_lookup(struct vnode *dvp, const struct componentname *cn, struct vnode **vpp)
{
	if (strcmp(cn->cn_name, "..") == 0)
		return vcache_get(dvp->v_mount, 1, vpp);
	for (unsigned i = 0; i < nitems(tf.node); i++)
		if (tf.node[i].name != NULL &&
		    strcmp(tf.node[i].name, cn->cn_name) == 0)
			return vcache_get(dvp->v_mount, i + 2, vpp);
	return ENOENT;
}

static inline int
tf_getattr(struct vnode *vp, struct rump_stat *st)
{
	struct tf_node *n = tf_node(vp);

	st->st_mode |= n != NULL ? 0644 : 0755;
	for (unsigned i = 0; n != NULL && i < TF_MAXBLKS; i++)
		st->st_blocks += n->blk[i] != 0 ? tf.blksize / 512 : 0;
	return 0;
}

static inline void
tf_touch(struct vnode *vp, uint32_t what)
{
	if (what != 0 && tf_node(vp) != NULL)
		tf_node(vp)->ntouch++;
}

static inline void
tf_reclaim(struct vnode *vp)
{
	vp->v_data = NULL;
}

static const struct vnodeops tf_vnodeops = {
    .vop_lookup = tf_lookup,
    .vop_getattr = tf_getattr,
    .vop_touch = tf_touch,
    .vop_read = genfs_read,
    .vop_write = genfs_write,
    .vop_bmap = tf_bmap,
    .vop_readencoded = tf_readencoded,
    .vop_setsize = tf_setsize,
    .vop_allocate = tf_allocate,
    .vop_punch = tf_punch,
    .vop_reclaim = tf_reclaim,
};

static inline int
tf_mount(struct mount *mp, const struct mount_args *args)
{
	(void)args;
	mp->mnt_rootino = 1;
	mp->mnt_namespec = &namespec_bytes;
	mp->mnt_caps.fc_flags = RUMP_CAP_WRITE | RUMP_CAP_HOLES;
	mp->mnt_caps.fc_filemax = (uint64_t)TF_MAXBLKS * tf.blksize;
	mp->mnt_caps.fc_namemax = 255;
	mp->mnt_caps.fc_time_max = INT64_MAX;
	mp->mnt_data = &tf;
	return 0;
}

static inline int
tf_unmount(struct mount *mp, bool force)
{
	(void)force;
	mp->mnt_data = NULL;
	return 0;
}

static inline int
tf_loadvnode(struct mount *mp, struct vnode *vp)
{
	(void)mp;
	vp->v_blksize = tf.blksize;
	vp->v_type = vp->v_ino == 1 ? VDIR : VREG;
	if (vp->v_ino == 1)
		return 0;
	vp->v_data = &tf.node[vp->v_ino - 2];
	vp->v_size = tf_node(vp)->size;
	return 0;
}

static inline bool
tf_systemzone(struct mount *mp, uint64_t devoff, uint64_t len)
{
	(void)mp, (void)len;
	return devoff < tf.blksize;
}

static inline int
tf_probe(struct blkdev *dev, struct probe_result *pr)
{
	(void)dev, (void)pr;
	return EINVAL;
}

static const struct vfsops tf_vfsops = {
    .vfs_name = "testfs",
    .vfs_vnodeops = &tf_vnodeops,
    .vfs_probe = tf_probe,
    .vfs_mount = tf_mount,
    .vfs_unmount = tf_unmount,
    .vfs_loadvnode = tf_loadvnode,
    .vfs_systemzone = tf_systemzone,
};

/* Empty files over nblks blocks of a device. */
static inline void
tf_reset(uint32_t blksize, uint32_t nblks)
{
	free(tf.used);
	memset(&tf, 0, sizeof(tf));
	mutex_init(&tf.lock, RANK_ALLOCATOR, "testfs");
	tf.blksize = blksize;
	tf.nblks = nblks;
	tf.used = calloc(nblks, 1);
	tf.used[0] = 1;
	tf.free = nblks - 1;
	tf.node[0].name = "a";
	tf.node[1].name = "b";
	tf.node[2] = (struct tf_node){.name = "buf", .kind = TF_BUFFERED};
	tf.node[3] = (struct tf_node){
	    .name = "enc", .kind = TF_ENCODED, .size = TF_ENCLEN};
	tf.node[4] = (struct tf_node){
	    .name = "inl", .kind = TF_INLINED, .size = sizeof(TF_INLINE) - 1};
	tf.node[5] = (struct tf_node){
	    .name = "bad", .kind = TF_BAD, .size = 3 * blksize};
}

/* Blocks in use, by the maps: must be what the allocator says. */
static inline bool
tf_consistent(void)
{
	uint32_t n = 0, past = 0;

	for (unsigned f = 0; f < nitems(tf.node); f++)
		for (unsigned i = 0; i < TF_MAXBLKS; i++) {
			n += tf.node[f].blk[i] != 0;
			if (tf.node[f].blk[i] != 0 && !tf.node[f].unwritten[i])
				past += i * (uint64_t)tf.blksize >=
				    tf.node[f].size;
		}
	return n + tf.free == tf.nblks - 1 && past == 0;
}

#endif /* TESTS_UNIT_TESTFS_H */
