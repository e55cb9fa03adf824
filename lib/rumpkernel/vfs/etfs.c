/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * etfs: registration of host files and directories, and the device-backed nodes.
 *
 * A key is an absolute path; directories missing on the way are made.  REG, BLK
 * and CHR become nodes of rumpfs over a block device on the host file (all of it,
 * or a window); DIR and DIR_SUBDIRS a mount of etfs_fs.c's file system.  A key can
 * be removed while nobody has it open or mounted, else EBUSY.
 *
 * rump_etfs(3) lets a key hide what is there; here it is EEXIST.
 */
#include "vfs/etfs.h"

#include <rump/rump.h>

#include "dev/blkdev.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/ksched.h"
#include "kern/kstring.h"
#include "vfs/etfs_impl.h"
#include "vfs/mount.h"
#include "vfs/namei.h"

struct etfs_key {
	struct klink ek_link;
	char *ek_key;
	enum rump_etfs_type ek_type;
	struct blkdev *ek_dev; /* REG, BLK, CHR */
	uint64_t ek_mountid;   /* DIR, DIR_SUBDIRS */
	bool ek_madedir;
};
static struct {
	kmutex_t lock;
	struct klist keys;
} etfs;

int
etfs_init(void)
{
	/* In front of RANK_SYSTEM: it is held over mounting. */
	mutex_init(&etfs.lock, (enum klock_rank)(RANK_SYSTEM - 1), "etfs");
	klist_init(&etfs.keys);
	vfs_attach(&etfs_vfsops);
	return 0;
}

/* ---- nodes over a device -------------------------------------------------------- */

int
etfs_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run)
{
	struct blkdev *dev = vp->v_blkdev;
	uint64_t end;
	int error;

	if (add_overflow(off, len, &end))
		return EFBIG;
	if (how == BMAP_WRITE && end > dev->bd_size) {
		if (vp->v_type != VREG)
			return ENOSPC;
		error = blkdev_setsize(dev, end);
		if (error != 0)
			return error == EOPNOTSUPP ? ENOSPC : error;
	}
	memset(run, 0, sizeof(*run));
	run->bm_off = off;
	run->bm_len = len;
	if (off >= dev->bd_size) { /* cut behind our back */
		run->bm_kind = BMAP_HOLE;
		return 0;
	}
	run->bm_kind = BMAP_MAPPED;
	run->bm_dev = dev;
	run->bm_devoff = off;
	run->bm_len = kmin(len, dev->bd_size - off);
	return 0;
}

int
etfs_setsize(struct vnode *vp, uint64_t size)
{
	int error = 0;

	if (vp->v_type != VREG)
		return size == vp->v_size ? 0 : EINVAL;
	if (size != vp->v_blkdev->bd_size)
		error = blkdev_setsize(vp->v_blkdev, size);
	if (error == 0)
		vp->v_size = size;
	return error;
}

int
etfs_openhost(const char *hostpath, struct blkdev **devp)
{
	struct rumpuser_file *f;
	int error = rumpuser_file_open(hostpath, RUMPUSER_OPEN_RDWR, &f);

	if (error == EACCES || error == EPERM || error == EROFS ||
	    error == ETXTBSY)
		error = rumpuser_file_open(hostpath, RUMPUSER_OPEN_RDONLY, &f);
	if (error != 0)
		return error;
	error = blkdev_file_create(f, false, 0, devp);
	rumpuser_file_close(f); /* the device has its own reference */
	return error;
}

static int
open_window(
    const char *hostpath, uint64_t begin, uint64_t size, struct blkdev **devp)
{
	struct blkdev *whole;
	int error = etfs_openhost(hostpath, &whole);

	if (error != 0)
		return error;
	if (begin == 0 && size == RUMP_ETFS_SIZE_ENDOFF) {
		*devp = whole;
		return 0;
	}
	if (begin > whole->bd_size)
		error = EINVAL;
	else if (size == RUMP_ETFS_SIZE_ENDOFF)
		size = whole->bd_size - begin;
	if (error == 0)
		error = blkdev_window_create(whole, begin, size, devp);
	blkdev_rele(whole);
	return error;
}

/* ---- names ---------------------------------------------------------------------- */

static int
lookup(struct nameidata *nd, const char *path, uint32_t flags)
{
	nd->nd_path = path;
	nd->nd_start = NULL;
	nd->nd_flags = flags;
	return namei(nd);
}

/* Make the last component of path, of the given type.  EEXIST. */
static int
make_node(
    struct nameidata *nd, const char *path, enum vtype type, struct blkdev *dev)
{
	struct vattr va = {.va_mask = VA_MODE | VA_UID | VA_GID,
	    .va_mode = type == VDIR ? 0755 : 0600};
	struct vcreate vc = {.vc_type = type, .vc_attr = &va};
	struct vnode *vp = NULL;
	int error = lookup(nd, path,
	    NAMEI_PARENT | NAMEI_NOFOLLOW |
		(type == VDIR ? NAMEI_CREATEDIR : 0));

	if (error != 0)
		return error;
	if (nd->nd_vp != NULL)
		error = EEXIST;
	else if (kstrcmp(nd->nd_dvp->v_mount->mnt_op->vfs_name, "rumpfs") != 0)
		error = EXDEV;
	if (error == 0) {
		vn_lock(nd->nd_dvp, RW_WRITER);
		error = vop_create(nd->nd_dvp, &nd->nd_last, &vc, &vp);
		vn_unlock(nd->nd_dvp);
	}
	if (error == 0 && dev != NULL) {
		vn_lock(vp, RW_WRITER);
		error = rumpfs_set_blkdev(vp, dev);
		vn_unlock(vp);
	}
	if (vp != NULL)
		vrele(vp);
	namei_done(nd);
	return error;
}

/* The directories in front of the last component. */
static int
make_parents(struct nameidata *nd, const char *key)
{
	size_t len = kstrlen(key) + 1, i;
	char *path = kmem_alloc(len);
	int error = 0;

	if (path == NULL)
		return ENOMEM;
	for (i = 1; i < len - 1 && error == 0; i++) {
		if (key[i] != '/' || key[i - 1] == '/')
			continue;
		kstrlcpy(path, key, i + 1);
		error = make_node(nd, path, VDIR, NULL);
		if (error == EEXIST)
			error = 0;
	}
	kmem_free(path, len);
	return error;
}

/* ---- registration --------------------------------------------------------------- */

static struct etfs_key *
find_key(const char *key)
{
	struct klink *l;

	KLIST_FOREACH(l, &etfs.keys)
	{
		struct etfs_key *ek = klink_entry(l, struct etfs_key, ek_link);

		if (kstrcmp(ek->ek_key, key) == 0)
			return ek;
	}
	return NULL;
}

static void
key_free(struct etfs_key *ek)
{
	if (ek == NULL)
		return;
	if (ek->ek_dev != NULL)
		blkdev_rele(ek->ek_dev);
	kmem_strfree(ek->ek_key);
	kmem_free(ek, sizeof(*ek));
}

static int
register_dir(struct nameidata *nd, struct etfs_key *ek, const char *hostpath)
{
	size_t len = kstrlen(hostpath) + 2;
	char *options = kmem_alloc(len);
	struct mount_args args = {.ma_fstype = "etfs", .ma_options = options};
	struct mount *mp;
	int error;

	if (options == NULL)
		return ENOMEM;
	options[0] = ek->ek_type == RUMP_ETFS_DIR_SUBDIRS ? 'S' : '-';
	kstrlcpy(options + 1, hostpath, len - 1);
	error = make_node(nd, ek->ek_key, VDIR, NULL);
	ek->ek_madedir = error == 0;
	if (error == EEXIST)
		error = 0;
	if (error == 0)
		error = lookup(nd, ek->ek_key, 0);
	if (error == 0) {
		error = nd->nd_vp->v_type != VDIR
		    ? ENOTDIR
		    : vfs_domount(&args, nd->nd_vp, &mp);
		if (error == 0)
			ek->ek_mountid = mp->mnt_id;
		namei_done(nd);
	}
	kmem_free(options, len);
	return error;
}

static int
register_node(struct nameidata *nd, struct etfs_key *ek, const char *hostpath,
    uint64_t begin, uint64_t size)
{
	enum vtype type = ek->ek_type == RUMP_ETFS_REG ? VREG
	    : ek->ek_type == RUMP_ETFS_BLK	       ? VBLK
						       : VCHR;
	int error = open_window(hostpath, begin, size, &ek->ek_dev);

	if (error != 0)
		return error;
	return make_node(nd, ek->ek_key, type, ek->ek_dev);
}

static int
do_register(const char *key, const char *hostpath, enum rump_etfs_type type,
    uint64_t begin, uint64_t size)
{
	bool dir = type == RUMP_ETFS_DIR || type == RUMP_ETFS_DIR_SUBDIRS;
	struct nameidata *nd = kmem_zalloc(sizeof(*nd));
	struct etfs_key *ek = kmem_zalloc(sizeof(*ek));
	int error;

	if (nd == NULL || ek == NULL ||
	    (ek->ek_key = kmem_strdup(key)) == NULL) {
		error = ENOMEM;
		goto out;
	}
	ek->ek_type = type;
	mutex_enter(&etfs.lock);
	error = find_key(key) != NULL ? EEXIST : make_parents(nd, key);
	if (error == 0)
		error = dir ? register_dir(nd, ek, hostpath)
			    : register_node(nd, ek, hostpath, begin, size);
	if (error == 0) {
		klist_insert_tail(&etfs.keys, &ek->ek_link);
		ek = NULL;
	}
	mutex_exit(&etfs.lock);
out:
	key_free(ek);
	kmem_free(nd, sizeof(*nd));
	return error;
}

/* Take the node away; EBUSY where somebody has it. */
static int
remove_node(struct nameidata *nd, const struct etfs_key *ek)
{
	struct vnode *vp, *dvp;
	int error = lookup(nd, ek->ek_key, NAMEI_PARENT | NAMEI_NOFOLLOW);

	if (error != 0)
		return error == ENOENT ? 0 : error;
	vp = nd->nd_vp;
	dvp = nd->nd_dvp;
	if (vp == NULL || (ek->ek_dev != NULL && vp->v_blkdev != ek->ek_dev)) {
		namei_done(nd); /* somebody removed it already */
		return 0;
	}
	vn_lock(dvp, RW_WRITER);
	vn_lock(vp, RW_WRITER);
	if (ek->ek_dev != NULL &&
	    (vn_usecount(vp) > 1 || ek->ek_dev->bd_users > 0))
		error = EBUSY;
	else if (vp->v_type == VDIR)
		error = vop_rmdir(dvp, &nd->nd_last, vp);
	else
		error = vop_remove(dvp, &nd->nd_last, vp);
	vn_unlock(vp);
	vn_unlock(dvp);
	namei_done(nd);
	return error;
}

static int
do_remove(const char *key)
{
	struct nameidata *nd = kmem_zalloc(sizeof(*nd));
	struct etfs_key *ek;
	int error = 0;

	if (nd == NULL)
		return ENOMEM;
	mutex_enter(&etfs.lock);
	ek = find_key(key);
	if (ek == NULL)
		error = ENOENT;
	else if (ek->ek_dev != NULL)
		error = remove_node(nd, ek);
	else if ((error = vfs_dounmount(ek->ek_mountid, false)) == ENOENT)
		error = 0; /* unmounted already */
	if (error == 0) {
		if (ek->ek_madedir)
			(void)remove_node(nd, ek); /* unless it is used now */
		klink_remove(&ek->ek_link);
		key_free(ek);
	}
	mutex_exit(&etfs.lock);
	kmem_free(nd, sizeof(*nd));
	return error;
}

int
rump_pub_etfs_register_withsize(const char *key, const char *hostpath,
    enum rump_etfs_type type, uint64_t begin, uint64_t size)
{
	struct lwp *l;
	int error;

	if (key == NULL || hostpath == NULL || key[0] != '/' ||
	    kstrnlen(key, RUMP_PATH_MAX) == RUMP_PATH_MAX ||
	    key[kstrlen(key) - 1] == '/' || type > RUMP_ETFS_DIR_SUBDIRS)
		return EINVAL;
	l = kern_enter();
	error = do_register(key, hostpath, type, begin, size);
	kern_leave(l);
	return error;
}

int
rump_pub_etfs_register(
    const char *key, const char *hostpath, enum rump_etfs_type type)
{
	return rump_pub_etfs_register_withsize(
	    key, hostpath, type, 0, RUMP_ETFS_SIZE_ENDOFF);
}

int
rump_pub_etfs_remove(const char *key)
{
	struct lwp *l;
	int error;

	if (key == NULL)
		return EINVAL;
	l = kern_enter();
	error = do_remove(key);
	kern_leave(l);
	return error;
}
