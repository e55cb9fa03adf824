/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rumpfs: nodes.  A node is made for one create() and lives in its mount's hash by
 * inode number until its last name and its last user are gone.
 */
#include "dev/blkdev.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/etfs.h"
#include "vfs/genfs.h"
#include "vfs/rumpfs.h"

static struct klist *
node_bucket(struct rumpfs_mount *rm, uint64_t ino)
{
	return &rm->rm_nodes[ino & (RUMPFS_NHASH - 1)];
}

struct rumpfs_node *
rumpfs_node_find(struct rumpfs_mount *rm, uint64_t ino)
{
	struct klist *b = node_bucket(rm, ino);
	struct klink *l;

	KLIST_FOREACH(l, b)
	{
		struct rumpfs_node *rn = klink_entry(
		    l, struct rumpfs_node, rn_link);

		if (rn->rn_ino == ino)
			return rn;
	}
	return NULL;
}

/* What the creator asked for, and "now" for the rest. */
static void
node_attributes(
    struct mount *mp, struct rumpfs_node *rn, const struct vattr *va)
{
	struct rump_timespec now;

	genfs_now(mp, &now);
	rn->rn_mode = va->va_mode & RUMP_ALLPERMS;
	rn->rn_uid = va->va_uid;
	rn->rn_gid = va->va_gid;
	rn->rn_atime = (va->va_mask & VA_ATIME) != 0 ? va->va_atime : now;
	rn->rn_mtime = (va->va_mask & VA_MTIME) != 0 ? va->va_mtime : now;
	rn->rn_ctime = (va->va_mask & VA_CTIME) != 0 ? va->va_ctime : now;
	rn->rn_btime = (va->va_mask & VA_BTIME) != 0 ? va->va_btime : now;
}

int
rumpfs_node_new(
    struct mount *mp, const struct vcreate *vc, struct rumpfs_node **rnp)
{
	struct rumpfs_mount *rm = rumpfs_mount(mp);
	struct rumpfs_node *rn;
	bool full;

	rn = kmem_zalloc(sizeof(*rn));
	if (rn == NULL)
		return ENOMEM;
	rn->rn_type = vc->vc_type;
	rn->rn_rdev = vc->vc_rdev;
	klink_init(&rn->rn_link);
	klist_init(&rn->rn_xattrs);
	klist_init(&rn->rn_dir.rd_entries);
	rn->rn_dir.rd_nextcookie = 2; /* after "." and ".." */
	node_attributes(mp, rn, vc->vc_attr);
	if (vc->vc_type == VLNK) {
		rn->rn_target = kmem_alloc(vc->vc_targetlen + 1);
		if (rn->rn_target == NULL) {
			kmem_free(rn, sizeof(*rn));
			return ENOMEM;
		}
		memcpy(rn->rn_target, vc->vc_target, vc->vc_targetlen);
		rn->rn_target[vc->vc_targetlen] = '\0';
		rn->rn_size = vc->vc_targetlen;
	}
	mutex_enter(&rm->rm_lock);
	full = rm->rm_nnodes >= rm->rm_maxnodes;
	if (!full) {
		rm->rm_nnodes++;
		rn->rn_ino = rm->rm_nextino++;
		rn->rn_gen = rn->rn_ino ^ 0x5bd1e995;
		klist_insert_tail(node_bucket(rm, rn->rn_ino), &rn->rn_link);
	}
	mutex_exit(&rm->rm_lock);
	if (full) {
		if (rn->rn_target != NULL)
			kmem_free(rn->rn_target, rn->rn_size + 1);
		kmem_free(rn, sizeof(*rn));
		return ENOSPC;
	}
	*rnp = rn;
	return 0;
}

void
rumpfs_node_free(struct rumpfs_mount *rm, struct rumpfs_node *rn)
{
	mutex_enter(&rm->rm_lock);
	klink_remove(&rn->rn_link);
	rm->rm_nnodes--;
	mutex_exit(&rm->rm_lock);
	rumpfs_pages_free(rm, rn);
	rumpfs_dir_destroy(rn);
	rumpfs_xattr_destroy(rn);
	if (rn->rn_target != NULL)
		kmem_free(rn->rn_target, rn->rn_size + 1);
	if (rn->rn_blkdev != NULL)
		blkdev_rele(rn->rn_blkdev);
	kmem_free(rn, sizeof(*rn));
}

/* Fill in a vnode that is being loaded or created. */
void
rumpfs_node_vnode(struct rumpfs_node *rn, struct vnode *vp)
{
	vp->v_data = rn;
	vp->v_type = rn->rn_type;
	vp->v_gen = rn->rn_gen;
	vp->v_size = rn->rn_size;
	vp->v_rdev = rn->rn_rdev;
	vp->v_blksize = RUMPFS_PAGE;
	vp->v_blkdev = rn->rn_blkdev;
	if (rn->rn_blkdev != NULL)
		vp->v_size = rn->rn_blkdev->bd_size;
	if (rn->rn_nlink == 0)
		vp->v_unlinked = true;
}

void
rumpfs_node_stat(const struct rumpfs_node *rn, struct rump_stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = rn->rn_ino;
	st->st_gen = rn->rn_gen;
	st->st_mode = mode_of_vtype(rn->rn_type) | rn->rn_mode;
	st->st_nlink = rn->rn_nlink;
	st->st_uid = rn->rn_uid;
	st->st_gid = rn->rn_gid;
	st->st_rdev = rn->rn_rdev;
	st->st_size = rn->rn_type == VDIR ? rn->rn_dir.rd_count : rn->rn_size;
	if (rn->rn_blkdev != NULL)
		st->st_size = rn->rn_blkdev->bd_size;
	st->st_blocks = rn->rn_pages.rt_pages * (RUMPFS_PAGE / 512);
	st->st_blksize = RUMPFS_PAGE;
	st->st_flags = rn->rn_flags;
	st->st_atim = rn->rn_atime;
	st->st_mtim = rn->rn_mtime;
	st->st_ctim = rn->rn_ctime;
	st->st_birthtim = rn->rn_btime;
}

int
rumpfs_set_blkdev(struct vnode *vp, struct blkdev *dev)
{
	struct rumpfs_node *rn;
	struct blkdev *old;

	if (vp->v_op != &rumpfs_vnodeops)
		return EOPNOTSUPP;
	if (vp->v_type != VREG && vp->v_type != VBLK && vp->v_type != VCHR)
		return EINVAL;
	KASSERT(vn_wlocked(vp));
	rn = rumpfs_node(vp);
	old = rn->rn_blkdev;
	if (dev != NULL)
		blkdev_ref(dev);
	rn->rn_blkdev = vp->v_blkdev = dev;
	vp->v_size = dev != NULL ? dev->bd_size : rn->rn_size;
	if (old != NULL)
		blkdev_rele(old);
	return 0;
}
