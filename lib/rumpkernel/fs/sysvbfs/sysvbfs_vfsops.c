/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BFS as a file system: probe, mount, unmount, totals, loading of nodes.
 *
 * The format has no mark of an image in use, and no checker: a mount looks at all
 * inodes, refuses those that contradict each other, and then doesn't write.
 *
 * Left out: UnixWare's types beside files and the directory.
 */
#include "fs/sysvbfs/sysvbfs.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kmodule.h"
#include "kern/kstring.h"

static struct kmem_pool *node_pool;

struct sysvbfs_node *
sysvbfs_node_alloc(void)
{
	return kmem_pool_get(node_pool);
}

void
sysvbfs_node_free(struct sysvbfs_node *np)
{
	kmem_pool_put(node_pool, np);
}

static const struct namespec sysvbfs_namespec = {
    .ns_encoding = NAME_BYTES,
    .ns_maxlen = SYSVBFS_NAME_MAX,
    .ns_hash = name_hash_bytes,
    .ns_equal = name_equal_bytes,
    .ns_valid = name_valid_bytes,
};

/* ---- the superblock ----------------------------------------------------------- */

/* EINVAL: not ours. */
static int
super_read(struct blkdev *dev, struct sysvbfs_super_disk *sb, bool *bigp)
{
	int error;

	if (dev->bd_size < 2 * SYSVBFS_BSIZE)
		return EINVAL;
	error = blkdev_read(dev, sb, 0, sizeof(*sb), BIO_META);
	if (error != 0)
		return error;
	*bigp = ei32_get(sb->s_magic, true) == SYSVBFS_MAGIC;
	return *bigp || ei32_get(sb->s_magic, false) == SYSVBFS_MAGIC ? 0
								      : EINVAL;
}

static void
copy_label(const struct sysvbfs_super_disk *sb, char label[7])
{
	memcpy(label, sb->s_volume, sizeof(sb->s_volume));
	label[sizeof(sb->s_volume)] = '\0';
}

static int
sysvbfs_probe(struct blkdev *dev, struct probe_result *pr)
{
	struct sysvbfs_super_disk sb;
	bool big;
	int error;

	error = super_read(dev, &sb, &big);
	if (error != 0)
		return error;
	(void)kstrlcpy(pr->pr_type, "sysvbfs", sizeof(pr->pr_type));
	copy_label(&sb, pr->pr_label);
	pr->pr_size = (uint64_t)ei32_get(sb.s_end, big) + 1;
	return 0;
}

static int
super_load(struct sysvbfs_mount *m, struct sysvbfs_super_disk *sb)
{
	const char *why;
	int error;

	error = super_read(m->m_dev, sb, &m->m_big);
	if (error == EINVAL)
		mount_message(m->m_mp, 0, UINT64_MAX, "no BFS superblock on %s",
		    m->m_mp->mnt_name);
	if (error != 0)
		return error;
	m->m_mp->mnt_bigendian = m->m_big;
	copy_label(sb, m->m_label);
	why = sysvbfs_geom_load(ei32_get(sb->s_start, m->m_big),
	    ei32_get(sb->s_end, m->m_big), m->m_dev->bd_size, &m->m_geom);
	if (why == NULL)
		return 0;
	mount_message(m->m_mp, 0, 0, "the superblock can't be: %s", why);
	return EUCLEAN;
}

/* What the format can hold: genfs, commands and tests go by this. */
static void
set_caps(struct sysvbfs_mount *m)
{
	struct rump_fscaps *fc = &m->m_mp->mnt_caps;

	fc->fc_flags = RUMP_CAP_LINKS | RUMP_CAP_OWNERS | RUMP_CAP_MODES |
	    RUMP_CAP_ATIME | RUMP_CAP_CTIME | RUMP_CAP_TMPFILE |
	    RUMP_CAP_ALLOCATE | RUMP_CAP_STABLE_INO;
	if ((m->m_mp->mnt_flags & RUMP_MNT_RDONLY) == 0)
		fc->fc_flags |= RUMP_CAP_WRITE;
	fc->fc_namemax = SYSVBFS_NAME_MAX;
	fc->fc_linkmax = m->m_geom.sg_inodes;
	fc->fc_filemax = sysvbfs_blkoff(
	    m->m_geom.sg_blocks - m->m_geom.sg_start);
	fc->fc_uidmax = UINT32_MAX;
	fc->fc_time_grain_ns = 1000000000;
	fc->fc_time_min = 0;
	fc->fc_time_max = UINT32_MAX;
}

static void
mount_destroy(struct sysvbfs_mount *m)
{
	sysvbfs_slots_free(m);
	mutex_destroy(&m->m_lock);
	kmem_free(m, sizeof(*m));
}

/* Everything into m; nothing is written. */
static int
mount_load(struct sysvbfs_mount *m)
{
	struct sysvbfs_super_disk sb;
	struct rump_stat st;
	int error;

	error = super_load(m, &sb);
	if (error == 0)
		error = sysvbfs_slots_load(m);
	if (error == 0 && (!m->m_slot[0].s_used || m->m_slot[0].s_bad))
		error = sysvbfs_damage(
		    m, SYSVBFS_INO_ROOT, "there is no root directory");
	if (error == 0)
		error = sysvbfs_inode_stat(m, 0, &st);
	if (error == 0 && (st.st_mode & RUMP_S_IFMT) != RUMP_S_IFDIR)
		error = sysvbfs_damage(
		    m, SYSVBFS_INO_ROOT, "the root is no directory");
	if (error == 0)
		error = sysvbfs_move_load(m, &sb);
	return error;
}

static int
sysvbfs_mount(struct mount *mp, const struct mount_args *args)
{
	struct sysvbfs_mount *m = kmem_zalloc(sizeof(*m));
	int error;

	if (m == NULL)
		return ENOMEM;
	m->m_mp = mp;
	m->m_dev = args->ma_devs[0].md_dev;
	mutex_init(&m->m_lock, RANK_ALLOCATOR, "sysvbfs");
	error = mountopts_common(mp, args->ma_options);
	if (error == 0)
		error = mount_load(m);
	if (error == 0 && (mp->mnt_flags & RUMP_MNT_RDONLY) == 0)
		error = sysvbfs_move_finish(m);
	if (error == 0 && (mp->mnt_flags & RUMP_MNT_RDONLY) == 0)
		error = sysvbfs_orphans_free(m);
	if (error != 0) {
		mount_destroy(m);
		return error;
	}
	mp->mnt_data = m;
	mp->mnt_rootino = SYSVBFS_INO_ROOT;
	mp->mnt_namespec = &sysvbfs_namespec;
	set_caps(m);
	return 0;
}

static int
sysvbfs_unmount(struct mount *mp, bool force KUNUSED)
{
	struct sysvbfs_mount *m = sysvbfs_mount_of(mp);

	/* Nothing is kept here that isn't in buffers, which are written. */
	mp->mnt_data = NULL;
	mount_destroy(m);
	return 0;
}

static int
sysvbfs_sync(struct mount *mp KUNUSED, bool wait KUNUSED)
{
	return 0;
}

static int
sysvbfs_statvfs(struct mount *mp, struct rump_statvfs *st)
{
	struct sysvbfs_mount *m = sysvbfs_mount_of(mp);

	st->f_bsize = st->f_frsize = SYSVBFS_BSIZE;
	st->f_blocks = m->m_geom.sg_blocks - m->m_geom.sg_start;
	st->f_bfree = st->f_bavail = m->m_free_blks;
	st->f_files = m->m_geom.sg_inodes;
	st->f_ffree = st->f_favail = m->m_free_inodes;
	(void)kstrlcpy(st->f_label, m->m_label, sizeof(st->f_label));
	return 0;
}

/* ---- nodes ------------------------------------------------------------------------- */

static bool
ino_usable(const struct sysvbfs_mount *m, uint64_t ino)
{
	return ino >= SYSVBFS_INO_ROOT &&
	    ino - SYSVBFS_INO_ROOT < m->m_geom.sg_inodes;
}

/* The vnode for v_ino is wanted; it is nobody's but ours until we return. */
static int
sysvbfs_loadvnode(struct mount *mp, struct vnode *vp)
{
	struct sysvbfs_mount *m = sysvbfs_mount_of(mp);
	struct sysvbfs_node *np;
	uint32_t slot = (uint32_t)(vp->v_ino - SYSVBFS_INO_ROOT);
	int error;

	if (!ino_usable(m, vp->v_ino) || !m->m_slot[slot].s_used)
		return ESTALE;
	if (m->m_slot[slot].s_bad)
		return EUCLEAN;
	np = sysvbfs_node_alloc();
	if (np == NULL)
		return ENOMEM;
	memset(np, 0, sizeof(*np));
	np->n_m = m;
	np->n_slot = slot;
	error = sysvbfs_inode_stat(m, slot, &np->n_st);
	if (error == 0)
		sysvbfs_vnode_setup(vp, np);
	else
		sysvbfs_node_free(np);
	return error;
}

/* Attributes without a vnode, for listings. */
static int
sysvbfs_statino(struct mount *mp, uint64_t ino, struct rump_stat *st)
{
	struct sysvbfs_mount *m = sysvbfs_mount_of(mp);
	int error;

	if (!ino_usable(m, ino) || !m->m_slot[ino - SYSVBFS_INO_ROOT].s_used)
		return sysvbfs_damage(m, ino, "has a name, but is unused");
	if (m->m_slot[ino - SYSVBFS_INO_ROOT].s_bad)
		return EUCLEAN; /* it was said at mount */
	error = sysvbfs_inode_stat(m, (uint32_t)(ino - SYSVBFS_INO_ROOT), st);
	st->st_dev = mp->mnt_id;
	return error;
}

/* What isn't in use is zeros: there is nothing to tell of the deleted. */
static int
sysvbfs_inodes(
    struct mount *mp, uint64_t *inop, bool deleted, struct inode_info *ii)
{
	struct sysvbfs_mount *m = sysvbfs_mount_of(mp);
	uint64_t ino = kmax(*inop, SYSVBFS_INO_ROOT);

	for (; !deleted && ino_usable(m, ino); ino++) {
		uint32_t slot = (uint32_t)(ino - SYSVBFS_INO_ROOT);

		if (!m->m_slot[slot].s_used)
			continue;
		memset(ii, 0, sizeof(*ii));
		ii->ii_ino = *inop = ino;
		ii->ii_used = true;
		(void)sysvbfs_inode_stat(m, slot, &ii->ii_stat);
		ii->ii_stat.st_dev = mp->mnt_id;
		return 0;
	}
	return ENOENT;
}

/* End behind the last file, and what is to stay free. */
static int
sysvbfs_trim(struct mount *mp, uint64_t spare_bytes, uint64_t *sizep)
{
	struct sysvbfs_mount *m = sysvbfs_mount_of(mp);
	struct sysvbfs_super_disk *sb;
	const struct sysvbfs_slot *s;
	uint64_t end = m->m_geom.sg_start;
	struct buf *bp;
	int error;

	mutex_enter(&m->m_lock);
	if (m->m_norder > 0) {
		s = &m->m_slot[m->m_order[m->m_norder - 1]];
		end = s->s_first + s->s_nblks;
	}
	end = kmin(
	    end + howmany(spare_bytes, SYSVBFS_BSIZE), m->m_geom.sg_blocks);
	error = bread(m->m_dev, 0, SYSVBFS_BSIZE, &bp);
	if (error == 0) {
		sb = (void *)bp->b_data;
		ei32_put(
		    &sb->s_end, (uint32_t)sysvbfs_blkoff(end) - 1, m->m_big);
		bdwrite(bp);
		m->m_free_blks -= m->m_geom.sg_blocks - (uint32_t)end;
		m->m_geom.sg_blocks = (uint32_t)end;
		*sizep = sysvbfs_blkoff(end);
	}
	mutex_exit(&m->m_lock);
	return error;
}

/* No file's data may be there, whatever an inode says. */
static bool
sysvbfs_systemzone(struct mount *mp, uint64_t devoff, uint64_t len KUNUSED)
{
	return devoff < sysvbfs_blkoff(sysvbfs_mount_of(mp)->m_geom.sg_start);
}

static const char *const aliases[] = {"bfs", NULL};

const struct vfsops sysvbfs_vfsops = {
    .vfs_name = "sysvbfs",
    .vfs_aliases = aliases,
    .vfs_vnodeops = &sysvbfs_vnodeops,
    .vfs_onedevice = true,
    .vfs_probe = sysvbfs_probe,
    .vfs_mount = sysvbfs_mount,
    .vfs_unmount = sysvbfs_unmount,
    .vfs_statvfs = sysvbfs_statvfs,
    .vfs_sync = sysvbfs_sync,
    .vfs_loadvnode = sysvbfs_loadvnode,
    .vfs_statino = sysvbfs_statino,
    .vfs_inodes = sysvbfs_inodes,
    .vfs_trim = sysvbfs_trim,
    .vfs_systemzone = sysvbfs_systemzone,
};

static int
sysvbfs_modcmd(enum modcmd cmd)
{
	return vfs_modcmd(
	    cmd, &sysvbfs_vfsops, &node_pool, sizeof(struct sysvbfs_node), 64);
}
MODULE(MODULE_CLASS_VFS, sysvbfs, NULL, sysvbfs_modcmd);
