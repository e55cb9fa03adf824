/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounts: the table of drivers, mounting, unmounting, syncing, handles.
 *
 * Life of a mount:
 *
 *   (none) -> loading -> MOUNTED <-> dying -> (freed)
 *                |
 *                v (vfs_mount failed: nothing is left)
 *
 * A loading mount is on no list and can't be found.  mnt_dying turns lookups that
 * want to cross into it away until it is known whether it goes (they wait on
 * vcache_cv); mnt_users counts who is in the middle of something with the mount
 * itself (not with one of its vnodes, which have references of their own).
 *
 * Mounting and unmounting are done one at a time, under mount_lock.
 */
#include "dev/blkdev.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/buf.h"
#include "vfs/namei.h"
#include "vfs/vnode_impl.h"

#define VFS_MAX 64

static struct {
	const struct vfsops *ops[VFS_MAX];
	unsigned nops;
	kmutex_t lock;	     /* one mount or unmount at a time; ops */
	struct klist mounts; /* vcache_lock; the root mount first */
	struct klist taken; /* by force, from under others who may still look */
	uint64_t nextid;
} vfs;

void
mount_init(void)
{
	mutex_init(&vfs.lock, RANK_SYSTEM, "mount");
	klist_init(&vfs.mounts);
	klist_init(&vfs.taken);
	vfs.nextid = 1;
}

/* ---- drivers ----------------------------------------------------------------- */

void
vfs_attach(const struct vfsops *ops)
{
	KASSERT(vfs.nops < VFS_MAX && vfs_find(ops->vfs_name) == NULL);
	vfs.ops[vfs.nops++] = ops;
}

int
vfs_detach(const struct vfsops *ops)
{
	struct klink *l;
	unsigned i;
	int error = 0;

	mutex_enter(&vcache_lock);
	KLIST_FOREACH(l, &vfs.mounts)
	if (klink_entry(l, struct mount, mnt_link)->mnt_op == ops)
		error = EBUSY;
	for (i = 0; error == 0 && i < vfs.nops; i++) {
		if (vfs.ops[i] != ops)
			continue;
		for (vfs.nops--; i < vfs.nops; i++)
			vfs.ops[i] = vfs.ops[i + 1];
		vfs.ops[vfs.nops] = NULL;
	}
	mutex_exit(&vcache_lock);
	return error;
}

int
vfs_modcmd(enum modcmd cmd, const struct vfsops *ops, struct kmem_pool **poolp,
    size_t nodesize, unsigned keep)
{
	int error = EINVAL;

	if (cmd == MODULE_CMD_INIT) {
		error = kmem_pool_create(ops->vfs_name, nodesize, keep, poolp);
		if (error == 0)
			vfs_attach(ops);
	} else if (cmd == MODULE_CMD_FINI) {
		error = vfs_detach(ops);
		if (error == 0)
			kmem_pool_destroy(*poolp);
	}
	return error;
}

const struct vfsops *
vfs_find(const char *name)
{
	const char *const *a;

	for (unsigned i = 0; i < vfs.nops; i++) {
		if (kstrcmp(vfs.ops[i]->vfs_name, name) == 0)
			return vfs.ops[i];
		for (a = vfs.ops[i]->vfs_aliases; a != NULL && *a != NULL; a++)
			if (kstrcmp(*a, name) == 0)
				return vfs.ops[i];
	}
	return NULL;
}

const struct vfsops *
vfs_nth(unsigned i)
{
	return i < vfs.nops ? vfs.ops[i] : NULL;
}

/* ---- finding, holding ---------------------------------------------------------- */

/* The mount with that number; vcache_lock held. */
static struct mount *
find_byid(uint64_t id)
{
	struct klink *l;

	KLIST_FOREACH(l, &vfs.mounts)
	{
		struct mount *mp = klink_entry(l, struct mount, mnt_link);

		if (mp->mnt_id == id)
			return mp;
	}
	return NULL;
}

struct mount *
vfs_busy_byid(uint64_t id)
{
	struct mount *mp;

	mutex_enter(&vcache_lock);
	while ((mp = find_byid(id)) != NULL && mp->mnt_dying)
		cv_wait(&vcache_cv, &vcache_lock);
	if (mp != NULL)
		mp->mnt_users++;
	mutex_exit(&vcache_lock);
	return mp;
}

struct mount *
vn_busymount(struct vnode *vp)
{
	struct mount *mp;

	mutex_enter(&vcache_lock);
	while ((mp = vp->v_mount)->mnt_dying)
		cv_wait(&vcache_cv, &vcache_lock);
	mp->mnt_users++;
	mutex_exit(&vcache_lock);
	return mp;
}

void
vfs_unbusy(struct mount *mp)
{
	mutex_enter(&vcache_lock);
	KASSERT(mp->mnt_users > 0);
	if (--mp->mnt_users == 0)
		cv_broadcast(&vcache_cv);
	mutex_exit(&vcache_lock);
}

struct mount *
vfs_busy_covering(struct vnode *vp)
{
	struct mount *mp;

	if (likely(!vn_covered(vp)))
		return NULL;
	mutex_enter(&vcache_lock);
	while ((mp = vp->v_mountedhere) != NULL && mp->mnt_dying)
		cv_wait(&vcache_cv, &vcache_lock);
	if (mp != NULL)
		mp->mnt_users++;
	mutex_exit(&vcache_lock);
	return mp;
}

int
vfs_root(struct mount *mp, struct vnode **vpp)
{
	return vcache_get(mp, mp->mnt_rootino, vpp);
}

int
vfs_vget(struct mount *mp, uint64_t ino, uint64_t gen, struct vnode **vpp)
{
	struct vnode *vp;
	int error;

	error = vcache_get(mp, ino, &vp);
	if (error != 0)
		return error == ENOENT || error == EINVAL ? ESTALE : error;
	if (vp->v_gen != gen || vp->v_unlinked ||
	    (vp->v_flags & VV_SYSTEM) != 0) {
		vrele(vp);
		return ESTALE;
	}
	*vpp = vp;
	return 0;
}

/* ---- sync -------------------------------------------------------------------------- */

/* Hand every vnode in use to its driver, so that buffers hold all there is. */
static int
vfs_syncvnodes(struct mount *mp)
{
	struct vnode *vp = NULL;
	int error = 0, e;

	while ((vp = vcache_nextactive(mp, vp)) != NULL) {
		vn_lock(vp, RW_WRITER);
		e = vop_fsync(vp, false);
		vn_unlock(vp);
		if (error == 0)
			error = e;
	}
	return error;
}

int
vfs_syncmount(struct mount *mp, bool wait)
{
	int error, e;

	if ((mp->mnt_flags & RUMP_MNT_RDONLY) != 0)
		return mp->mnt_ioerror;
	error = vfs_syncvnodes(mp);
	if (mp->mnt_op->vfs_sync != NULL) {
		e = mp->mnt_op->vfs_sync(mp, wait);
		if (error == 0)
			error = e;
	}
	/* What is in a log is durable: its places can wait. */
	for (unsigned i = 0; i < mp->mnt_ndevs && !mp->mnt_transactions; i++) {
		e = bflush(mp->mnt_devs[i], wait);
		if (error == 0)
			error = e;
	}
	return error != 0 ? error : mp->mnt_ioerror;
}

int
vfs_syncall(void)
{
	struct mount *mp, *prev = NULL;
	struct klink *l;
	int error = 0, e;

	mutex_enter(&vfs.lock); /* so that none comes or goes */
	for (;;) {
		mutex_enter(&vcache_lock);
		l = prev == NULL ? klist_first(&vfs.mounts)
				 : klist_next(&vfs.mounts, &prev->mnt_link);
		mutex_exit(&vcache_lock);
		if (l == NULL)
			break;
		mp = klink_entry(l, struct mount, mnt_link);
		e = vfs_syncmount(mp, true);
		if (error == 0)
			error = e;
		prev = mp;
	}
	mutex_exit(&vfs.lock);
	return error;
}

/* ---- mount ---------------------------------------------------------------------- */

static void
mount_putdevs(struct mount *mp)
{
	while (mp->mnt_ndevs > 0) {
		struct blkdev *dev = mp->mnt_devs[--mp->mnt_ndevs];

		bsetmount(dev, NULL);
		dev->bd_users--;
		blkdev_rele(dev);
	}
}

static int
mount_getdevs(struct mount *mp, const struct mount_args *args)
{
	for (unsigned i = 0; i < args->ma_ndevs; i++) {
		struct blkdev *dev = args->ma_devs[i].md_dev;

		if (dev->bd_users > 0) {
			mount_putdevs(mp);
			return EBUSY;
		}
		dev->bd_users++;
		blkdev_ref(dev);
		bsetmount(dev, mp);
		mp->mnt_devs[mp->mnt_ndevs++] = dev;
		if (dev->bd_readonly)
			mp->mnt_flags |= RUMP_MNT_RDONLY;
	}
	return 0;
}

void
mount_stackdev(struct mount *mp, struct blkdev *dev)
{
	KASSERT(mp->mnt_ndevs > 0 && mp->mnt_ndevs < MOUNT_MAXDEVS);
	mp->mnt_devs[mp->mnt_ndevs++] = mp->mnt_devs[0];
	mp->mnt_devs[0] = dev;
	dev->bd_users++;
	blkdev_ref(dev);
	bsetmount(dev, mp);
}

static void
mount_free(struct mount *mp)
{
	rw_destroy(&mp->mnt_renamelock);
	kmem_free(mp, sizeof(*mp));
}

static struct mount *
mount_alloc(const struct vfsops *ops, const struct mount_args *args)
{
	struct mount *mp = kmem_zalloc(sizeof(*mp));

	if (mp == NULL)
		return NULL;
	klink_init(&mp->mnt_link);
	klist_init(&mp->mnt_vnodes);
	rw_init(&mp->mnt_renamelock, RANK_RENAME, "rename");
	mp->mnt_op = ops;
	mp->mnt_flags = args->ma_flags & ~(uint32_t)RUMP_MNT_FORCE;
	mp->mnt_namespec = &namespec_bytes;
	mp->mnt_caps.fc_filemax = INT64_MAX;
	mp->mnt_caps.fc_namemax = RUMP_NAME_MAX;
	mp->mnt_caps.fc_linkmax = UINT32_MAX;
	mp->mnt_caps.fc_symlinkmax = RUMP_PATH_MAX - 1;
	mp->mnt_caps.fc_uidmax = UINT32_MAX;
	mp->mnt_caps.fc_time_grain_ns = 1;
	mp->mnt_caps.fc_time_min = INT64_MIN;
	mp->mnt_caps.fc_time_max = INT64_MAX;
	(void)kstrlcpy(mp->mnt_name,
	    args->ma_ndevs > 0 ? args->ma_devs[0].md_dev->bd_name
			       : ops->vfs_name,
	    sizeof(mp->mnt_name));
	return mp;
}

/* Make a loaded mount visible on cover.  The reference on cover is taken here. */
static int
mount_publish(struct mount *mp, struct vnode *cover)
{
	int error = 0;

	mutex_enter(&vcache_lock);
	if (cover != NULL && cover->v_mountedhere != NULL) {
		error = EBUSY;
	} else {
		klist_insert_tail(&vfs.mounts, &mp->mnt_link);
		mp->mnt_covered = cover;
		if (cover != NULL) {
			__atomic_store_n(
			    &cover->v_mountedhere, mp, __ATOMIC_RELAXED);
			vn_addref(cover);
		}
	}
	mutex_exit(&vcache_lock);
	return error;
}

/* What a mount that isn't visible, or not any more, still has. */
static int
mount_teardown(struct mount *mp, bool force)
{
	bool lose = force || mp->mnt_ioerror != 0, revoked;
	int error;

	revoked = vcache_flushmount(mp);
	error = mp->mnt_op->vfs_unmount(mp, force);
	for (unsigned i = 0; i < mp->mnt_ndevs; i++)
		bpurge(mp->mnt_devs[i],
		    lose || error != 0 ||
			(mp->mnt_flags & RUMP_MNT_RDONLY) != 0);
	mount_putdevs(mp);
	mount_messages_end(mp);
	/* Somebody may be about to look at its flags or limits. */
	if (revoked)
		klist_insert_tail(&vfs.taken, &mp->mnt_link);
	else
		mount_free(mp);
	return error;
}

static int
mount_locked(const struct vfsops *ops, const struct mount_args *args,
    struct vnode *cover, struct mount **mpp)
{
	struct vnode *rvp;
	struct mount *mp;
	int error;

	mp = mount_alloc(ops, args);
	if (mp == NULL)
		return ENOMEM;
	mutex_enter(&vcache_lock);
	mp->mnt_id = vfs.nextid++;
	mutex_exit(&vcache_lock);
	error = mount_getdevs(mp, args);
	if (error != 0)
		goto fail_alloc;
	error = ops->vfs_mount(mp, args);
	if (error != 0)
		goto fail_devs;
	KASSERT(mp->mnt_namespec != NULL);
	error = vfs_root(mp, &rvp);
	if (error != 0)
		goto fail_mounted;
	if (rvp->v_type != VDIR) {
		mount_message(
		    mp, rvp->v_ino, UINT64_MAX, "the root is not a directory");
		error = EUCLEAN;
	}
	vrele(rvp);
	if (error == 0)
		error = mount_publish(mp, cover);
	if (error != 0)
		goto fail_mounted;
	*mpp = mp;
	return 0;

fail_mounted:
	(void)mount_teardown(mp, true);
	return error;
fail_devs:
	KASSERT(klist_empty(&mp->mnt_vnodes));
	for (unsigned i = 0; i < mp->mnt_ndevs; i++)
		bpurge(mp->mnt_devs[i], true);
	mount_putdevs(mp);
fail_alloc:
	mount_messages_end(mp);
	mount_free(mp);
	return error;
}

int
vfs_domount(
    const struct mount_args *args, struct vnode *cover, struct mount **mpp)
{
	const struct vfsops *ops = vfs_find(args->ma_fstype);
	int error;

	if (ops == NULL)
		return ENODEV;
	if (args->ma_ndevs > MOUNT_MAXDEVS ||
	    (ops->vfs_onedevice && args->ma_ndevs != 1))
		return EINVAL;
	if (cover != NULL && cover->v_type != VDIR)
		return ENOTDIR;
	mutex_enter(&vfs.lock);
	if (cover != NULL && vn_covered(cover))
		error = EBUSY;
	else
		error = mount_locked(ops, args, cover, mpp);
	mutex_exit(&vfs.lock);
	return error;
}

/* ---- unmount -------------------------------------------------------------------- */

/* Is something mounted inside of mp?  vcache_lock held. */
static bool
mount_has_children(struct mount *mp)
{
	struct klink *l;

	KLIST_FOREACH(l, &vfs.mounts)
	{
		struct mount *m = klink_entry(l, struct mount, mnt_link);

		if (m->mnt_covered != NULL && m->mnt_covered->v_mount == mp)
			return true;
	}
	return false;
}

static void
mount_undie(struct mount *mp)
{
	mutex_enter(&vcache_lock);
	mp->mnt_dying = false;
	cv_broadcast(&vcache_cv);
	mutex_exit(&vcache_lock);
}

static int
unmount_locked(struct mount *mp, bool force)
{
	struct vnode *cover;
	int error = 0;

	mutex_enter(&vcache_lock);
	if (mp->mnt_covered == NULL || mount_has_children(mp)) {
		mutex_exit(&vcache_lock);
		return EBUSY;
	}
	mp->mnt_dying = true;
	while (mp->mnt_users > 0)
		cv_wait(&vcache_cv, &vcache_lock);
	mutex_exit(&vcache_lock);

	if (!force && vcache_busy(mp))
		error = EBUSY;
	if (error == 0)
		error = vfs_syncmount(mp, true);
	if (error != 0 && !force) {
		mount_undie(mp);
		return error;
	}
	mutex_enter(&vcache_lock);
	cover = mp->mnt_covered;
	__atomic_store_n(&cover->v_mountedhere, NULL, __ATOMIC_RELAXED);
	mp->mnt_covered = NULL;
	klink_remove(&mp->mnt_link);
	mp->mnt_dying = false;
	cv_broadcast(&vcache_cv);
	mutex_exit(&vcache_lock);
	error = mount_teardown(mp, force);
	vrele(cover);
	return error;
}

int
vfs_dounmount(uint64_t id, bool force)
{
	struct mount *mp;
	int error;

	mutex_enter(&vfs.lock); /* so none goes while we look */
	mutex_enter(&vcache_lock);
	mp = find_byid(id);
	mutex_exit(&vcache_lock);
	error = mp != NULL ? unmount_locked(mp, force) : ENOENT;
	mutex_exit(&vfs.lock);
	return error;
}

struct mount *
vfs_rootmount(void)
{
	struct klink *l = klist_first(&vfs.mounts);

	return l != NULL ? klink_entry(l, struct mount, mnt_link) : NULL;
}
