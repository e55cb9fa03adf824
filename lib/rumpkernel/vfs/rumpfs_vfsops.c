/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rumpfs: mounting, statistics, finding nodes.  See rumpfs.h.
 */
#include "dev/blkdev.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/rumpfs.h"

/* Memory bounds it anyway (RUMP_MEMLIMIT); these are only what statvfs says. */
#define RUMPFS_MAXPAGES (UINT64_C(1) << 40)
#define RUMPFS_MAXNODES (UINT64_C(1) << 32)

static int
rumpfs_options(struct mount *mp, struct rumpfs_mount *rm, const char *opts)
{
	struct mountopt mo;
	uint64_t n;
	int error;

	while ((error = mountopt_next(&opts, &mo)) == 0) {
		bool size = kstrcmp(mo.mo_name, "size") == 0;

		if (!mo.mo_hasvalue ||
		    (!size && kstrcmp(mo.mo_name, "inodes") != 0) ||
		    kstrtou64(mo.mo_value, &n) != 0) {
			mount_warn(mp, "bad option \"%s\"", mo.mo_name);
			return EINVAL;
		}
		if (size)
			rm->rm_maxpages = n / RUMPFS_PAGE;
		else
			rm->rm_maxnodes = n;
	}
	return error == ENOENT ? 0 : error;
}

static void
rumpfs_mount_free(struct rumpfs_mount *rm)
{
	struct klink *l;

	for (unsigned i = 0; i < RUMPFS_NHASH; i++)
		while ((l = klist_first(&rm->rm_nodes[i])) != NULL)
			rumpfs_node_free(
			    rm, klink_entry(l, struct rumpfs_node, rn_link));
	if (rm->rm_pagepool != NULL)
		kmem_pool_destroy(rm->rm_pagepool);
	mutex_destroy(&rm->rm_lock);
	kmem_free(rm, sizeof(*rm));
}

static const struct rump_fscaps rumpfs_caps = {
    .fc_flags = RUMP_CAP_LINKS | RUMP_CAP_SYMLINKS | RUMP_CAP_DEVICES |
	RUMP_CAP_OWNERS | RUMP_CAP_MODES | RUMP_CAP_XATTR | RUMP_CAP_HOLES |
	RUMP_CAP_FLAGS | RUMP_CAP_SUBDIRS | RUMP_CAP_ATIME |
	RUMP_CAP_BIRTHTIME | RUMP_CAP_WRITE | RUMP_CAP_TMPFILE |
	RUMP_CAP_ALLOCATE | RUMP_CAP_STABLE_INO | RUMP_CAP_CTIME,
    .fc_namemax = RUMP_NAME_MAX,
    .fc_linkmax = RUMPFS_LINKMAX,
    .fc_symlinkmax = RUMP_PATH_MAX - 1,
    .fc_filemax = INT64_MAX,
    .fc_uidmax = UINT32_MAX,
    .fc_time_grain_ns = 1,
    .fc_time_min = INT64_MIN,
    .fc_time_max = INT64_MAX,
};

static int
rumpfs_do_mount(struct mount *mp, const struct mount_args *args)
{
	static const struct vattr rootattr = {
	    .va_mask = VA_MODE | VA_UID | VA_GID, .va_mode = 0755};
	const struct vcreate vc = {.vc_type = VDIR, .vc_attr = &rootattr};
	struct rumpfs_mount *rm;
	struct rumpfs_node *rn;
	int error;

	rm = kmem_zalloc(sizeof(*rm));
	if (rm == NULL)
		return ENOMEM;
	mutex_init(&rm->rm_lock, RANK_ALLOCATOR, "rumpfs");
	for (unsigned i = 0; i < RUMPFS_NHASH; i++)
		klist_init(&rm->rm_nodes[i]);
	rm->rm_nextino = RUMPFS_ROOTINO;
	rm->rm_maxpages = RUMPFS_MAXPAGES;
	rm->rm_maxnodes = RUMPFS_MAXNODES;
	mp->mnt_caps = rumpfs_caps;
	mp->mnt_namespec = &namespec_bytes;
	mp->mnt_rootino = RUMPFS_ROOTINO;
	mp->mnt_data = rm;
	error = kmem_pool_create(
	    "rumpfs page", RUMPFS_PAGE, 16, &rm->rm_pagepool);
	if (error == 0)
		error = rumpfs_options(mp, rm, args->ma_options);
	if (error == 0)
		error = rumpfs_node_new(mp, &vc, &rn);
	if (error != 0) {
		rumpfs_mount_free(rm);
		mp->mnt_data = NULL;
		return error;
	}
	rn->rn_nlink = 2;
	rn->rn_dir.rd_parent = RUMPFS_ROOTINO;
	rm->rm_nextino = (UINT64_C(1) << 32) + 1;
	return 0;
}

static int
rumpfs_unmount(struct mount *mp, bool force)
{
	(void)force;
	rumpfs_mount_free(rumpfs_mount(mp));
	mp->mnt_data = NULL;
	return 0;
}

static int
rumpfs_statvfs(struct mount *mp, struct rump_statvfs *st)
{
	struct rumpfs_mount *rm = rumpfs_mount(mp);

	st->f_bsize = st->f_frsize = RUMPFS_PAGE;
	mutex_enter(&rm->rm_lock);
	st->f_blocks = rm->rm_maxpages;
	st->f_bfree = st->f_bavail = rm->rm_maxpages - rm->rm_pages;
	st->f_files = rm->rm_maxnodes;
	st->f_ffree = st->f_favail = rm->rm_maxnodes - rm->rm_nnodes;
	mutex_exit(&rm->rm_lock);
	return 0;
}

static int
rumpfs_sync(struct mount *mp, bool wait)
{
	(void)mp, (void)wait;
	return 0;
}

static int
rumpfs_loadvnode(struct mount *mp, struct vnode *vp)
{
	struct rumpfs_mount *rm = rumpfs_mount(mp);
	struct rumpfs_node *rn;

	mutex_enter(&rm->rm_lock);
	rn = rumpfs_node_find(rm, vp->v_ino);
	mutex_exit(&rm->rm_lock);
	if (rn == NULL)
		return ENOENT;
	rumpfs_node_vnode(rn, vp);
	return 0;
}

static int
rumpfs_statino(struct mount *mp, uint64_t ino, struct rump_stat *st)
{
	struct rumpfs_mount *rm = rumpfs_mount(mp);
	struct rumpfs_node *rn;

	mutex_enter(&rm->rm_lock);
	rn = rumpfs_node_find(rm, ino);
	if (rn != NULL)
		rumpfs_node_stat(rn, st);
	mutex_exit(&rm->rm_lock);
	return rn != NULL ? 0 : ENOENT;
}

static int
rumpfs_inodes(
    struct mount *mp, uint64_t *inop, bool deleted, struct inode_info *ii)
{
	struct rumpfs_mount *rm = rumpfs_mount(mp);
	struct rumpfs_node *rn = NULL;
	uint64_t ino = *inop;

	if (deleted)
		return ENOENT;
	mutex_enter(&rm->rm_lock);
	if (ino > RUMPFS_ROOTINO && ino <= UINT64_C(1) << 32)
		ino = (UINT64_C(1) << 32) + 1;
	for (; ino < rm->rm_nextino; ino++) {
		rn = rumpfs_node_find(rm, ino);
		if (rn != NULL)
			break;
		if (ino == RUMPFS_ROOTINO)
			ino = UINT64_C(1) << 32;
	}
	if (rn != NULL) {
		memset(ii, 0, sizeof(*ii));
		ii->ii_ino = *inop = ino;
		ii->ii_gen = rn->rn_gen;
		ii->ii_used = true;
		rumpfs_node_stat(rn, &ii->ii_stat);
		ii->ii_stat.st_dev = mp->mnt_id;
	}
	mutex_exit(&rm->rm_lock);
	return rn != NULL ? 0 : ENOENT;
}

static const char *const rumpfs_aliases[] = {"tmpfs", NULL};

static const struct vfsops rumpfs_vfsops = {
    .vfs_name = "rumpfs",
    .vfs_aliases = rumpfs_aliases,
    .vfs_vnodeops = &rumpfs_vnodeops,
    .vfs_mount = rumpfs_do_mount,
    .vfs_unmount = rumpfs_unmount,
    .vfs_statvfs = rumpfs_statvfs,
    .vfs_sync = rumpfs_sync,
    .vfs_loadvnode = rumpfs_loadvnode,
    .vfs_statino = rumpfs_statino,
    .vfs_inodes = rumpfs_inodes,
};

void
rumpfs_attach(void)
{
	vfs_attach(&rumpfs_vfsops);
}
