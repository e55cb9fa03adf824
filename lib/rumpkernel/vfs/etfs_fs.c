/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host directories as a file system: what DIR and DIR_SUBDIRS mount.
 *
 * Nodes are made when a name is first met and stay until unmount, so that inode
 * numbers are stable: node i has number i, the root 1.  A regular file's data is a
 * block device over the host file, opened when it is first used and closed with
 * its vnode.  A directory's listing is taken when it is read from its start,
 * sorted by name, and kept with its vnode.
 *
 * Left out, for want of hypercalls: making and removing names, owners, times,
 * symlinks (the host's are followed), FIFOs and sockets (not there).
 */
#include "dev/blkdev.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/ksort.h"
#include "kern/kstring.h"
#include "vfs/etfs_impl.h"
#include "vfs/genfs.h"
#include "vfs/mount.h"

#define ROOT_INO    1
#define FIRST_NODES 64
#define MAX_NODES   (1u << 24)

struct etfs_node {
	uint64_t en_parent; /* 0: the root's */
	uint64_t en_next;   /* with the same hash */
	uint8_t en_dtype;
	char *en_name; /* the root: the host directory's path */
};
struct etfs_mount {
	kmutex_t em_lock; /* the tables */
	bool em_subdirs;
	struct etfs_node *em_node; /* [0] isn't used */
	uint64_t em_nnodes, em_room;
	uint64_t em_hash[256];
	struct rump_timespec em_time;
};
/* v_data */
struct etfs_vdata {
	kmutex_t ed_lock;  /* opening, listing */
	uint64_t *ed_list; /* inode numbers, sorted by name */
	uint64_t ed_count, ed_room;
	uint32_t ed_mode;
};

static struct etfs_mount *
etfs_mount(const struct mount *mp)
{
	return mp->mnt_data;
}

static struct etfs_vdata *
etfs_vdata(const struct vnode *vp)
{
	return vp->v_data;
}

/* ---- nodes ------------------------------------------------------------------------ */

static uint64_t *
hash_slot(struct etfs_mount *em, uint64_t parent, const char *name)
{
	uint32_t h = name_hash_bytes(name, kstrlen(name)) ^ (uint32_t)parent;

	return &em->em_hash[(h ^ h >> 8 ^ h >> 16) % nitems(em->em_hash)];
}

static int
nodes_grow(struct etfs_mount *em)
{
	uint64_t room = em->em_room == 0 ? FIRST_NODES : em->em_room * 2;
	struct etfs_node *node;

	if (room > MAX_NODES)
		return ENFILE;
	node = kmem_calloc(room, sizeof(*node));
	if (node == NULL)
		return ENOMEM;
	if (em->em_room > 0)
		memcpy(node, em->em_node, em->em_room * sizeof(*node));
	kmem_free(em->em_node, em->em_room * sizeof(*node));
	em->em_node = node;
	em->em_room = room;
	return 0;
}

/* The number of (parent, name), made if it is new. */
static int
node_get(struct etfs_mount *em, uint64_t parent, const char *name,
    uint8_t dtype, uint64_t *inop)
{
	uint64_t *slot = hash_slot(em, parent, name), i;
	int error = 0;

	mutex_enter(&em->em_lock);
	for (i = *slot; i != 0; i = em->em_node[i].en_next)
		if (em->em_node[i].en_parent == parent &&
		    kstrcmp(em->em_node[i].en_name, name) == 0)
			break;
	if (i == 0 && em->em_nnodes == em->em_room)
		error = nodes_grow(em);
	if (i == 0 && error == 0) {
		struct etfs_node *en = &em->em_node[em->em_nnodes];

		en->en_name = kmem_strdup(name);
		if (en->en_name == NULL) {
			error = ENOMEM;
		} else {
			i = em->em_nnodes++;
			en->en_parent = parent;
			en->en_next = *slot;
			*slot = i;
		}
	}
	if (error == 0)
		em->em_node[i].en_dtype = dtype;
	mutex_exit(&em->em_lock);
	*inop = i;
	return error;
}

/* The host's path of a node, written from the end of buf; NULL: too long. */
static char *
node_path(struct etfs_mount *em, uint64_t ino, char *buf, size_t size)
{
	char *p = buf + size - 1;
	size_t len;

	*p = '\0';
	mutex_enter(&em->em_lock);
	KASSERT(ino > 0 && ino < em->em_nnodes);
	for (; p != NULL && ino != 0; ino = em->em_node[ino].en_parent) {
		len = kstrlen(em->em_node[ino].en_name);
		if ((size_t)(p - buf) < len + 1) {
			p = NULL;
			break;
		}
		if (*p != '\0')
			*--p = '/';
		p -= len;
		memcpy(p, em->em_node[ino].en_name, len);
	}
	mutex_exit(&em->em_lock);
	return p;
}

static uint8_t
dtype_of_host(enum rumpuser_ftype type)
{
	switch (type) {
	case RUMPUSER_FT_REG:
		return RUMP_DT_REG;
	case RUMPUSER_FT_DIR:
		return RUMP_DT_DIR;
	case RUMPUSER_FT_BLK:
		return RUMP_DT_BLK;
	case RUMPUSER_FT_CHR:
		return RUMP_DT_CHR;
	case RUMPUSER_FT_OTHER:
		break;
	}
	return RUMP_DT_UNKNOWN;
}

static bool
is_shown(const struct etfs_mount *em, enum rumpuser_ftype type)
{
	return type != RUMPUSER_FT_OTHER &&
	    (type != RUMPUSER_FT_DIR || em->em_subdirs);
}

/* What the host says of a node, or (name) of a directory's entry. */
static int
host_info(struct etfs_mount *em, uint64_t ino, const char *name,
    struct rumpuser_fileinfo *fi)
{
	char *buf = kmem_alloc(RUMP_PATH_MAX + RUMP_NAME_MAX + 2), *path;
	int error = ENOMEM;

	if (buf == NULL)
		return ENOMEM;
	path = node_path(em, ino, buf, RUMP_PATH_MAX);
	if (path == NULL) {
		error = ENAMETOOLONG;
	} else {
		if (name != NULL) { /* there is room behind for it */
			size_t at = kstrlen(path);

			path[at] = '/';
			kstrlcpy(path + at + 1, name, RUMP_NAME_MAX + 1);
		}
		error = rumpuser_path_info(path, fi);
	}
	kmem_free(buf, RUMP_PATH_MAX + RUMP_NAME_MAX + 2);
	return error;
}

/* ---- vnode operations ---------------------------------------------------------- */

static int
etfs_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp)
{
	struct etfs_mount *em = etfs_mount(dvp->v_mount);
	struct rumpuser_fileinfo fi;
	uint64_t ino;
	int error;

	if (cn->cn_len == 2 && memcmp(cn->cn_name, "..", 2) == 0) {
		mutex_enter(&em->em_lock);
		ino = em->em_node[dvp->v_ino].en_parent;
		mutex_exit(&em->em_lock);
		return vcache_get(dvp->v_mount, ino != 0 ? ino : ROOT_INO, vpp);
	}
	if (cn->cn_len > RUMP_NAME_MAX)
		return ENAMETOOLONG;
	error = host_info(em, dvp->v_ino, cn->cn_name, &fi);
	if (error == 0 && !is_shown(em, fi.fi_type))
		error = ENOENT;
	if (error == 0)
		error = node_get(em, dvp->v_ino, cn->cn_name,
		    dtype_of_host(fi.fi_type), &ino);
	return error != 0 ? error : vcache_get(dvp->v_mount, ino, vpp);
}

static int
etfs_getattr(struct vnode *vp, struct rump_stat *st)
{
	struct etfs_mount *em = etfs_mount(vp->v_mount);

	st->st_ino = vp->v_ino;
	st->st_gen = vp->v_gen;
	st->st_mode = mode_of_vtype(vp->v_type) | etfs_vdata(vp)->ed_mode;
	st->st_nlink = vp->v_type == VDIR ? 2 : 1;
	st->st_size = vp->v_size;
	st->st_blocks = howmany(vp->v_size, 512);
	st->st_blksize = vp->v_blksize;
	st->st_atim = st->st_mtim = st->st_ctim = em->em_time;
	st->st_birthtim.tv_nsec = RUMP_UTIME_OMIT;
	return 0;
}

static int
etfs_need_device(struct vnode *vp)
{
	struct etfs_vdata *ed = etfs_vdata(vp);
	char *buf, *path;
	int error = 0;

	mutex_enter(&ed->ed_lock);
	if (vp->v_blkdev == NULL) {
		buf = kmem_alloc(RUMP_PATH_MAX);
		path = buf != NULL ? node_path(etfs_mount(vp->v_mount),
					 vp->v_ino, buf, RUMP_PATH_MAX)
				   : NULL;
		error = path != NULL ? etfs_openhost(path, &vp->v_blkdev)
				     : ENOMEM;
		kmem_free(buf, RUMP_PATH_MAX);
	}
	mutex_exit(&ed->ed_lock);
	return error;
}

static int
etfs_open(struct vnode *vp, int oflags, const struct kcred *cred KUNUSED)
{
	int error;

	if (vp->v_type == VDIR)
		return 0;
	error = etfs_need_device(vp);
	if (error == 0 && (oflags & RUMP_O_ACCMODE) != RUMP_O_RDONLY &&
	    vp->v_blkdev->bd_readonly)
		error = EROFS;
	return error;
}

static int
etfs_fs_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run)
{
	int error = etfs_need_device(vp);

	return error != 0 ? error : etfs_bmap(vp, off, len, how, run);
}

static int
etfs_fs_setsize(struct vnode *vp, uint64_t size)
{
	int error = etfs_need_device(vp);

	return error != 0 ? error : etfs_setsize(vp, size);
}

static int
etfs_fsync(struct vnode *vp, bool dataonly KUNUSED)
{
	return vp->v_blkdev != NULL ? blkdev_flush(vp->v_blkdev) : 0;
}

/* ---- listing ---------------------------------------------------------------------- */

static int
list_add(struct etfs_vdata *ed, uint64_t ino)
{
	uint64_t room = ed->ed_room == 0 ? 64 : ed->ed_room * 2, *list;

	if (ed->ed_count == ed->ed_room) {
		list = kmem_calloc(room, sizeof(*list));
		if (list == NULL)
			return ENOMEM;
		if (ed->ed_count > 0)
			memcpy(list, ed->ed_list, ed->ed_count * sizeof(*list));
		kmem_free(ed->ed_list, ed->ed_room * sizeof(*list));
		ed->ed_list = list;
		ed->ed_room = room;
	}
	ed->ed_list[ed->ed_count++] = ino;
	return 0;
}

static bool
name_before(const void *a, const void *b)
{
	return kstrcmp(((const struct etfs_node *)a)->en_name,
		   ((const struct etfs_node *)b)->en_name) < 0;
}

/* By name: the numbers' nodes are sorted, then told as numbers again. */
static int
list_sort(struct etfs_mount *em, struct etfs_vdata *ed)
{
	uint64_t n = ed->ed_count, i;
	struct etfs_node **v;

	if (n == 0)
		return 0;
	v = kmem_calloc(n, sizeof(struct etfs_node *));
	if (v == NULL)
		return ENOMEM;
	mutex_enter(&em->em_lock);
	for (i = 0; i < n; i++)
		v[i] = &em->em_node[ed->ed_list[i]];
	ksort_ptrs((void **)v, n, name_before);
	for (i = 0; i < n; i++)
		ed->ed_list[i] = (uint64_t)(v[i] - em->em_node);
	mutex_exit(&em->em_lock);
	kmem_free(v, n * sizeof(struct etfs_node *));
	return 0;
}

static int
list_one(struct vnode *dvp, const struct rumpuser_dirent *de)
{
	struct etfs_mount *em = etfs_mount(dvp->v_mount);
	enum rumpuser_ftype type = de->de_type;
	struct rumpuser_fileinfo fi;
	uint64_t ino;
	int error;

	if (kstrcmp(de->de_name, ".") == 0 || kstrcmp(de->de_name, "..") == 0)
		return 0;
	if (type == RUMPUSER_FT_OTHER) { /* a symlink, or not told */
		if (host_info(em, dvp->v_ino, de->de_name, &fi) != 0)
			return 0;
		type = fi.fi_type;
	}
	if (!is_shown(em, type))
		return 0;
	error = node_get(
	    em, dvp->v_ino, de->de_name, dtype_of_host(type), &ino);
	return error != 0 ? error : list_add(etfs_vdata(dvp), ino);
}

static int
list_take(struct vnode *dvp)
{
	struct etfs_mount *em = etfs_mount(dvp->v_mount);
	struct etfs_vdata *ed = etfs_vdata(dvp);
	char *buf = kmem_alloc(RUMP_PATH_MAX), *path;
	struct rumpuser_dirent *de = kmem_alloc(sizeof(*de));
	struct rumpuser_dir *dir;
	int error = ENOMEM;

	ed->ed_count = 0;
	if (buf != NULL && de != NULL) {
		path = node_path(em, dvp->v_ino, buf, RUMP_PATH_MAX);
		error = path != NULL ? rumpuser_dir_open(path, &dir)
				     : ENAMETOOLONG;
		if (error == 0) {
			while ((error = rumpuser_dir_read(dir, de)) == 0 &&
			    (error = list_one(dvp, de)) == 0)
				;
			rumpuser_dir_close(dir);
			if (error == ENOENT)
				error = list_sort(em, ed);
		}
	}
	kmem_free(buf, RUMP_PATH_MAX);
	kmem_free(de, sizeof(*de));
	return error;
}

/* Entry number i: "." and "..", then the list; false: none. */
static bool
entry(struct vnode *dvp, uint64_t i, struct etfs_node *en, uint64_t *inop)
{
	struct etfs_mount *em = etfs_mount(dvp->v_mount);
	struct etfs_vdata *ed = etfs_vdata(dvp);

	if (i >= ed->ed_count + 2)
		return false;
	mutex_enter(&em->em_lock);
	if (i < 2) {
		*inop = i == 0 ? dvp->v_ino : em->em_node[dvp->v_ino].en_parent;
		if (*inop == 0)
			*inop = ROOT_INO;
		*en = (struct etfs_node){.en_dtype = RUMP_DT_DIR,
		    .en_name = (char *)(uintptr_t)(i == 0 ? "." : "..")};
	} else {
		*inop = ed->ed_list[i - 2];
		*en = em->em_node[*inop]; /* names stay until unmount */
	}
	mutex_exit(&em->em_lock);
	return true;
}

static int
etfs_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp)
{
	struct etfs_vdata *ed = etfs_vdata(vp);
	struct etfs_node en;
	uint64_t ino;
	int error = 0;

	mutex_enter(&ed->ed_lock);
	if (*cookiep == 0 || ed->ed_room == 0)
		error = list_take(vp);
	*eofp = false;
	while (error == 0) {
		if (!entry(vp, *cookiep, &en, &ino)) {
			*eofp = true;
			break;
		}
		if (sink->ds_emit(sink, ino, en.en_dtype, en.en_name,
			kstrlen(en.en_name), *cookiep + 1) != 0)
			break;
		(*cookiep)++;
	}
	mutex_exit(&ed->ed_lock);
	return error;
}

static void
etfs_reclaim(struct vnode *vp)
{
	struct etfs_vdata *ed = etfs_vdata(vp);

	if (vp->v_blkdev != NULL)
		blkdev_rele(vp->v_blkdev);
	vp->v_blkdev = NULL;
	kmem_free(ed->ed_list, ed->ed_room * sizeof(*ed->ed_list));
	mutex_destroy(&ed->ed_lock);
	kmem_free(ed, sizeof(*ed));
	vp->v_data = NULL;
}

static const struct vnodeops etfs_vnodeops = {
    .vop_lookup = etfs_lookup,
    .vop_open = etfs_open,
    .vop_getattr = etfs_getattr,
    .vop_read = genfs_read,
    .vop_write = genfs_write,
    .vop_bmap = etfs_fs_bmap,
    .vop_setsize = etfs_fs_setsize,
    .vop_fsync = etfs_fsync,
    .vop_readdir = etfs_readdir,
    .vop_reclaim = etfs_reclaim,
};

/* ---- the mount --------------------------------------------------------------------- */

static int
etfs_probe(struct blkdev *dev KUNUSED, struct probe_result *pr KUNUSED)
{
	return EINVAL; /* it is on no device */
}

static void
etfs_free(struct etfs_mount *em)
{
	for (uint64_t i = ROOT_INO; i < em->em_nnodes; i++)
		kmem_strfree(em->em_node[i].en_name);
	kmem_free(em->em_node, em->em_room * sizeof(*em->em_node));
	mutex_destroy(&em->em_lock);
	kmem_free(em, sizeof(*em));
}

static int
etfs_domount(struct mount *mp, const struct mount_args *args)
{
	const char *path = args->ma_options;
	struct rumpuser_fileinfo fi;
	struct etfs_mount *em;
	uint64_t ino;
	int error;

	if (path == NULL || (path[0] != 'S' && path[0] != '-') ||
	    path[1] == '\0')
		return EINVAL;
	error = rumpuser_path_info(path + 1, &fi);
	if (error == 0 && fi.fi_type != RUMPUSER_FT_DIR)
		error = ENOTDIR;
	if (error != 0)
		return error;
	em = kmem_zalloc(sizeof(*em));
	if (em == NULL)
		return ENOMEM;
	mutex_init(&em->em_lock, RANK_VCACHE, "etfsnodes");
	em->em_subdirs = path[0] == 'S';
	em->em_nnodes = ROOT_INO;
	genfs_now(mp, &em->em_time);
	error = nodes_grow(em);
	if (error == 0)
		error = node_get(em, 0, path + 1, RUMP_DT_DIR, &ino);
	if (error != 0) {
		etfs_free(em);
		return error;
	}
	mp->mnt_data = em;
	mp->mnt_rootino = ROOT_INO;
	mp->mnt_namespec = &namespec_bytes;
	mp->mnt_caps = (struct rump_fscaps){
	    .fc_flags = RUMP_CAP_WRITE | RUMP_CAP_SUBDIRS,
	    .fc_namemax = RUMP_NAME_MAX,
	    .fc_linkmax = 1,
	    .fc_filemax = INT64_MAX,
	    .fc_time_grain_ns = 1,
	    .fc_time_min = INT64_MIN,
	    .fc_time_max = INT64_MAX,
	};
	return 0;
}

static int
etfs_unmount(struct mount *mp, bool force KUNUSED)
{
	etfs_free(etfs_mount(mp));
	mp->mnt_data = NULL;
	return 0;
}

static int
etfs_statvfs(struct mount *mp KUNUSED, struct rump_statvfs *st)
{
	st->f_bsize = st->f_frsize = 4096;
	st->f_namemax = RUMP_NAME_MAX;
	return 0;
}

static int
etfs_sync(struct mount *mp KUNUSED, bool wait KUNUSED)
{
	return 0; /* nothing is held here; fsync flushes files */
}

static int
etfs_loadvnode(struct mount *mp, struct vnode *vp)
{
	struct etfs_mount *em = etfs_mount(mp);
	struct rumpuser_fileinfo fi;
	struct etfs_vdata *ed;
	int error;

	if (vp->v_ino == 0 || vp->v_ino >= em->em_nnodes)
		return ENOENT;
	error = host_info(em, vp->v_ino, NULL, &fi);
	if (error == 0 && fi.fi_type == RUMPUSER_FT_OTHER)
		error = ENOENT;
	if (error != 0)
		return error;
	ed = kmem_zalloc(sizeof(*ed));
	if (ed == NULL)
		return ENOMEM;
	mutex_init(
	    &ed->ed_lock, (enum klock_rank)(RANK_VCACHE - 1), "etfsnode");
	ed->ed_mode = fi.fi_mode;
	vp->v_data = ed;
	vp->v_type = vtype_of_mode((uint32_t)dtype_of_host(fi.fi_type) << 12);
	vp->v_size = fi.fi_type == RUMPUSER_FT_REG ? fi.fi_size : 0;
	vp->v_blksize = 4096;
	if (vp->v_ino == ROOT_INO)
		vp->v_flags |= VV_ROOT;
	return 0;
}

const struct vfsops etfs_vfsops = {
    .vfs_name = "etfs",
    .vfs_vnodeops = &etfs_vnodeops,
    .vfs_probe = etfs_probe,
    .vfs_mount = etfs_domount,
    .vfs_unmount = etfs_unmount,
    .vfs_statvfs = etfs_statvfs,
    .vfs_sync = etfs_sync,
    .vfs_loadvnode = etfs_loadvnode,
};
