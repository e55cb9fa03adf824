/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext2 as a file system: probe, mount, unmount, sync, totals, loading of nodes.
 *
 * A mount reads and checks superblock and descriptors before anything is
 * published; on a mount that may write, orphans of an earlier one are freed last.
 * The image is marked as in use by the first change, not by mounting.
 */
#include "fs/ext2/ext2.h"
#include "fs/ext2/ext2_journal.h"
#include "kern/kbitmap.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kmodule.h"
#include "kern/kstring.h"

static struct kmem_pool *node_pool;

struct ext2_node *
ext2_node_alloc(void)
{
	return kmem_pool_get(node_pool);
}

void
ext2_node_free(struct ext2_node *np)
{
	kmem_pool_put(node_pool, np);
}

static void
copy_label(const struct ext2_super_disk *sb, char *buf, size_t size)
{
	size_t n = kstrnlen(
	    (const char *)sb->s_volume_name, sizeof(sb->s_volume_name));

	KASSERT(n < size);
	memcpy(buf, sb->s_volume_name, n);
	buf[n] = '\0';
}

static int
ext2_probe(struct blkdev *dev, struct probe_result *pr)
{
	struct ext2_super_disk sb;
	uint64_t blocks;
	uint32_t lbs;
	int error;

	error = ext2_super_read(dev, &sb);
	if (error != 0)
		return error;
	lbs = le32_get(sb.s_log_block_size);
	if (lbs > 6 ||
	    (le32_get(sb.s_feature_incompat) & EXT2_FI_JOURNAL_DEV) != 0)
		return EINVAL;
	(void)kstrlcpy(
	    pr->pr_type, ext2_super_typename(&sb), sizeof(pr->pr_type));
	copy_label(&sb, pr->pr_label, sizeof(pr->pr_label));
	ext2_uuid_string(sb.s_uuid, pr->pr_uuid, sizeof(pr->pr_uuid));
	blocks = le32_get(sb.s_blocks_count_lo);
	if (le32_get(sb.s_rev_level) != EXT2_REV_OLD &&
	    (le32_get(sb.s_feature_incompat) & EXT2_FI_64BIT) != 0)
		blocks |= (uint64_t)le32_get(sb.s_blocks_count_hi) << 32;
	if (blocks > UINT64_MAX >> (EXT2_MIN_LOG + lbs))
		return EINVAL;
	pr->pr_size = blocks << (EXT2_MIN_LOG + lbs);
	return 0;
}

static void
set_caps(struct ext2_mount *m)
{
	struct rump_fscaps *fc = &m->m_mp->mnt_caps;
	/* All four times with their extra bits. */
	bool wide = m->m_extra >=
	    offsetof(struct ext2_inode_disk, i_version_hi) - EXT2_OLD_INODE;

	fc->fc_flags = RUMP_CAP_LINKS | RUMP_CAP_SYMLINKS | RUMP_CAP_DEVICES |
	    RUMP_CAP_OWNERS | RUMP_CAP_MODES | RUMP_CAP_HOLES | RUMP_CAP_FLAGS |
	    RUMP_CAP_SUBDIRS | RUMP_CAP_ATIME | RUMP_CAP_TMPFILE |
	    RUMP_CAP_ALLOCATE | RUMP_CAP_STABLE_INO | RUMP_CAP_CTIME;
	if (le32_get(m->m_sb.s_rev_level) != EXT2_REV_OLD)
		fc->fc_flags |= RUMP_CAP_XATTR;
	if (wide)
		fc->fc_flags |= RUMP_CAP_BIRTHTIME;
	if ((m->m_mp->mnt_flags & RUMP_MNT_RDONLY) == 0)
		fc->fc_flags |= RUMP_CAP_WRITE;
	fc->fc_namemax = EXT2_NAME_MAX;
	fc->fc_linkmax = ext2_rocompat(m, EXT2_FR_DIR_NLINK) ? EXT4_LINK_MAX
							     : EXT2_LINK_MAX;
	fc->fc_symlinkmax = (uint32_t)kmin(m->m_bsize - 1, RUMP_PATH_MAX - 1);
	fc->fc_filemax = ext2_incompat(m, EXT2_FI_EXTENTS)
	    ? kmax(m->m_maxfile, m->m_maxextfile)
	    : m->m_maxfile;
	fc->fc_uidmax = UINT32_MAX;
	fc->fc_time_grain_ns = wide ? 1 : 1000000000;
	fc->fc_time_min = INT32_MIN;
	fc->fc_time_max = wide ? ((int64_t)3 << 32) + INT32_MAX : INT32_MAX;
}

/* Options that ext2 knows. */
static int
parse_options(struct ext2_mount *m, const char *options)
{
	struct mountopt mo;
	int error;

	while ((error = mountopt_next(&options, &mo)) == 0) {
		if (kstrcmp(mo.mo_name, "nocsum") == 0)
			m->m_nocsum = true;
		else if (kstrcmp(mo.mo_name, "norecovery") == 0)
			m->m_norecovery = true;
		else if (kstrcmp(mo.mo_name, "nojournal") == 0)
			m->m_nojournal = true;
		else if (kstrcmp(mo.mo_name, "data") == 0 && mo.mo_hasvalue &&
		    kstrcmp(mo.mo_value, "ordered") == 0)
			m->m_datajournal = false;
		else if (kstrcmp(mo.mo_name, "data") == 0 && mo.mo_hasvalue &&
		    kstrcmp(mo.mo_value, "journal") == 0)
			m->m_datajournal = true;
		else if (!mountopt_common(m->m_mp, &mo))
			return EINVAL;
	}
	return error == ENOENT ? 0 : error;
}

struct ext2_mount *
ext2_mount_alloc(struct mount *mp, struct blkdev *dev)
{
	struct ext2_mount *m = kmem_zalloc(sizeof(*m));

	if (m == NULL)
		return NULL;
	m->m_mp = mp;
	m->m_dev = dev;
	mutex_init(&m->m_lock, RANK_ALLOCATOR, "ext2");
	mutex_init(&m->m_orphanlock, RANK_TRANSACTION, "ext2orphan");
	klist_init(&m->m_windows);
	klist_init(&m->m_orphans);
	return m;
}

void
ext2_mount_free(struct ext2_mount *m)
{
	if (m->m_journal != NULL)
		ext2_journal_abandon(m);
	if (m->m_grp != NULL)
		ext2_bfreed_release(m);
	kmem_free(m->m_scratch, m->m_bsize);
	if (m->m_dirs != NULL)
		ext2_node_free(m->m_dirs);
	ext2_groups_free(m);
	mutex_destroy(&m->m_lock);
	mutex_destroy(&m->m_orphanlock);
	kmem_free(m, sizeof(*m));
}

int
ext2_mount_load(struct ext2_mount *m)
{
	struct ext2_super_disk sb;
	int error;

	error = ext2_super_read(m->m_dev, &sb);
	if (error == EINVAL)
		mount_message(m->m_mp, 0, UINT64_MAX,
		    "no ext2 superblock on %s", m->m_mp->mnt_name);
	if (error == 0)
		error = ext2_super_words(m, &sb);
	if (error == 0)
		error = ext2_super_features(m, &sb);
	if (error == 0)
		error = ext2_super_load(m, &sb);
	if (error == 0)
		error = ext2_groups_load(m);
	if (error == 0)
		error = ext2_mmp_look(m);
	return error;
}

/* A mount that writes to an image with a journal does it through that. */
static int
journal_begin(struct ext2_mount *m)
{
	bool wanted = ext2_compat(m, EXT2_FC_HAS_JOURNAL) && !m->m_nojournal &&
	    (m->m_mp->mnt_flags & (RUMP_MNT_RDONLY | RUMP_MNT_BUILDING)) == 0;
	int error = 0;

	if (wanted) {
		m->m_scratch = kmem_alloc(m->m_bsize);
		error = m->m_scratch != NULL ? ext2_journal_start(m) : ENOMEM;
	}
	if (m->m_journal == NULL)
		m->m_datajournal = false;
	return error;
}

static int
ext2_mount(struct mount *mp, const struct mount_args *args)
{
	struct ext2_mount *m;
	bool writing;
	int error;

	m = ext2_mount_alloc(mp, args->ma_devs[0].md_dev);
	if (m == NULL)
		return ENOMEM;
	error = parse_options(m, args->ma_options);
	if (error == 0)
		error = ext2_journal_recover(m);
	if (error == 0)
		error = ext2_mount_load(m);
	if (error == 0)
		error = journal_begin(m);
	if (error == 0 && (m->m_dirs = ext2_node_alloc()) == NULL)
		error = ENOMEM;
	if (error != 0) {
		ext2_mount_free(m);
		return error;
	}
	ext2_node_init(m, EXT2_INO_BAD, m->m_dirs);
	writing = (mp->mnt_flags & RUMP_MNT_RDONLY) == 0;
	m->m_building = writing && (mp->mnt_flags & RUMP_MNT_BUILDING) != 0;
	mp->mnt_data = m;
	mp->mnt_rootino = EXT2_INO_ROOT;
	mp->mnt_namespec = &namespec_bytes;
	set_caps(m);
	if (writing && !m->m_building &&
	    (m->m_oldstate & EXT2_STATE_VALID) == 0)
		mount_warn(mp, "was not unmounted cleanly; e2fsck is advised");
	if (writing && le32_get(m->m_sb.s_last_orphan) != 0)
		error = ext2_orphans_clean(m);
	if (error != 0) {
		mp->mnt_data = NULL;
		ext2_mount_free(m);
	}
	return error;
}

static int
ext2_sync(struct mount *mp, bool wait KUNUSED)
{
	struct ext2_mount *m = ext2_mount_of(mp);
	int error;

	if (!m->m_marked)
		return 0;
	if (m->m_journal != NULL)
		return ext2_journal_commit(m);
	mutex_enter(&m->m_lock);
	error = ext2_groups_put(m);
	mutex_exit(&m->m_lock);
	return error;
}

static int
ext2_unmount(struct mount *mp, bool force KUNUSED)
{
	struct ext2_mount *m = ext2_mount_of(mp);
	int error = 0;

	/* After a failed write the image keeps its mark. */
	if (m->m_marked && (mp->mnt_flags & RUMP_MNT_RDONLY) == 0) {
		error = m->m_journal != NULL ? ext2_journal_stop(m)
					     : ext2_sync(mp, true);
		if (error == 0)
			error = bflush(m->m_dev, false);
		if (error == 0)
			error = ext2_mark_clean(m);
	}
	mp->mnt_data = NULL;
	ext2_mount_free(m);
	return error;
}

static int
ext2_remount(struct mount *mp, uint32_t flags)
{
	struct ext2_mount *m = ext2_mount_of(mp);
	int error = 0;

	if ((flags & RUMP_MNT_RDONLY) == 0 &&
	    (mp->mnt_flags & RUMP_MNT_RDONLY) != 0) {
		uint32_t old = mp->mnt_flags;

		if (mp->mnt_ioerror != 0 || m->m_dev->bd_readonly ||
		    m->m_replayed || ext2_compat(m, EXT2_FC_HAS_JOURNAL))
			return EROFS;
		mp->mnt_flags &= ~(uint32_t)RUMP_MNT_RDONLY;
		error = ext2_super_features(m, &m->m_sb);
		if (error == 0 && (mp->mnt_flags & RUMP_MNT_RDONLY) != 0)
			error = EROFS;
		if (error != 0)
			mp->mnt_flags = old;
		else
			mp->mnt_caps.fc_flags |= RUMP_CAP_WRITE;
		return error;
	}
	if ((flags & RUMP_MNT_RDONLY) != 0 &&
	    (mp->mnt_flags & RUMP_MNT_RDONLY) == 0) {
		if (m->m_journal != NULL)
			error = ext2_journal_stop(m);
		if (m->m_marked && error == 0) {
			error = ext2_sync(mp, true);
			if (error == 0)
				error = bflush(m->m_dev, true);
			if (error == 0)
				error = ext2_mark_clean(m);
		}
		if (error == 0) {
			mp->mnt_flags |= RUMP_MNT_RDONLY;
			mp->mnt_caps.fc_flags &= ~RUMP_CAP_WRITE;
		}
	}
	return error;
}

/* Blocks that never hold files, as df subtracts them. */
static uint64_t
overhead_blocks(const struct ext2_mount *m)
{
	uint64_t n = m->m_first;

	for (uint32_t i = 0; i < m->m_nsys; i++)
		n += m->m_sys[i].er_end - m->m_sys[i].er_start;
	return n;
}

int
ext2_statvfs(struct mount *mp, struct rump_statvfs *st)
{
	struct ext2_mount *m = ext2_mount_of(mp);

	st->f_bsize = m->m_bsize;
	st->f_frsize = m->m_bsize;
	st->f_blocks = m->m_blocks - kmin(m->m_blocks, overhead_blocks(m));
	st->f_bfree = m->m_free_blocks;
	st->f_bavail = m->m_free_blocks - kmin(m->m_free_blocks, m->m_reserved);
	st->f_files = m->m_inodes;
	st->f_ffree = st->f_favail = m->m_free_inodes;
	(void)kstrlcpy(st->f_fstypename, ext2_super_typename(&m->m_sb),
	    sizeof(st->f_fstypename));
	copy_label(&m->m_sb, st->f_label, sizeof(st->f_label));
	ext2_uuid_string(m->m_sb.s_uuid, st->f_uuid, sizeof(st->f_uuid));
	return 0;
}

static int
ext2_loadvnode(struct mount *mp, struct vnode *vp)
{
	struct ext2_mount *m = ext2_mount_of(mp);
	struct ext2_node *np;
	int error;

	if (!ext2_ino_usable(m, vp->v_ino))
		return ESTALE;
	np = ext2_node_alloc();
	if (np == NULL)
		return ENOMEM;
	error = ext2_node_load(m, (uint32_t)vp->v_ino, np);
	if (error != 0) {
		ext2_node_free(np);
		return error;
	}
	ext2_vnode_setup(vp, np);
	return 0;
}

static int
ext2_statino(struct mount *mp, uint64_t ino, struct rump_stat *st)
{
	struct ext2_mount *m = ext2_mount_of(mp);
	struct ext2_inode_disk *di;
	struct buf *bp;
	int error;

	if (!ext2_ino_usable(m, ino))
		return EUCLEAN;
	error = ext2_inode_get(m, (uint32_t)ino, &bp, &di);
	if (error == ESTALE)
		return ext2_damage(m, ino, "has a name, but is unused");
	if (error != 0)
		return error;
	if (le16_get(di->i_links_count) == 0)
		error = ext2_damage(m, ino, "has a name, but is unused");
	else
		error = ext2_inode_stat(m, (uint32_t)ino, di, st);
	if (error == 0 && ext2_inode_bare(m, di))
		st->st_hints |= RUMP_STH_NOXATTR;
	brelse(bp);
	st->st_dev = mp->mnt_id;
	return error;
}

/* Is the inode as asked?  ii is filled in. */
static int
inode_matches(struct ext2_mount *m, uint32_t ino, bool deleted,
    struct inode_info *ii, bool *yesp)
{
	struct ext2_inode_disk *di;
	struct buf *bp;
	int error;

	memset(ii, 0, sizeof(*ii));
	ii->ii_ino = ino;
	*yesp = false;
	error = ext2_inode_get(m, ino, &bp, &di);
	if (error == ESTALE)
		return 0;
	if (error != 0)
		return error;
	ii->ii_gen = le32_get(di->i_generation);
	ii->ii_used = !deleted;
	ii->ii_dtime = deleted ? le32_get(di->i_dtime) : 0;
	*yesp = !deleted || ii->ii_dtime != 0;
	/* Content that can't be is told as zeros, with its line said. */
	if (*yesp && le16_get(di->i_mode) != 0)
		(void)ext2_inode_stat(m, ino, di, &ii->ii_stat);
	ii->ii_stat.st_dev = m->m_mp->mnt_id;
	brelse(bp);
	return 0;
}

int
ext2_inodes(
    struct mount *mp, uint64_t *inop, bool deleted, struct inode_info *ii)
{
	struct ext2_mount *m = ext2_mount_of(mp);
	uint64_t ino = kmax(*inop, 1);
	bool yes = false;
	int error;

	for (; ino <= m->m_inodes; ino++) {
		uint32_t g = (uint32_t)((ino - 1) / m->m_ipg);
		uint32_t i = (uint32_t)((ino - 1) % m->m_ipg);
		struct buf *bp;

		mutex_enter(&m->m_lock);
		error = ext2_group_ibitmap(m, g, &bp);
		if (error == 0) {
			i = (uint32_t)(deleted
				? bit_findclear(bp->b_data, i, m->m_ipg)
				: bit_findset(bp->b_data, i, m->m_ipg));
			brelse(bp);
		}
		mutex_exit(&m->m_lock);
		if (error != 0)
			return error;
		ino = (uint64_t)g * m->m_ipg + i + 1;
		if (i == m->m_ipg) {
			ino--; /* the next group's first, after the step */
			continue;
		}
		error = inode_matches(m, (uint32_t)ino, deleted, ii, &yes);
		if (error != 0)
			return error;
		if (yes) {
			*inop = ino;
			return 0;
		}
	}
	return ENOENT;
}

static bool
ext2_systemzone(struct mount *mp, uint64_t devoff, uint64_t len)
{
	struct ext2_mount *m = ext2_mount_of(mp);
	uint64_t first = devoff >> m->m_bshift;
	uint64_t end = howmany(devoff + len, m->m_bsize);

	return first < m->m_first || ext2_sys_overlap(m, first, end - first);
}

static const char *const aliases[] = {"ext3", "ext4", NULL};

const struct vfsops ext2_vfsops = {
    .vfs_name = "ext2",
    .vfs_aliases = aliases,
    .vfs_vnodeops = &ext2_vnodeops,
    .vfs_onedevice = true,
    .vfs_probe = ext2_probe,
    .vfs_mount = ext2_mount,
    .vfs_unmount = ext2_unmount,
    .vfs_statvfs = ext2_statvfs,
    .vfs_sync = ext2_sync,
    .vfs_loadvnode = ext2_loadvnode,
    .vfs_statino = ext2_statino,
    .vfs_inodes = ext2_inodes,
    .vfs_trim = ext2_trim,
    .vfs_opbegin = ext2_opbegin,
    .vfs_opend = ext2_opend,
    .vfs_opfull = ext2_opfull,
    .vfs_oprestart = ext2_oprestart,
    .vfs_remount = ext2_remount,
    .vfs_systemzone = ext2_systemzone,
};

static int
ext2_modcmd(enum modcmd cmd)
{
	return vfs_modcmd(
	    cmd, &ext2_vfsops, &node_pool, sizeof(struct ext2_node), 256);
}
MODULE(MODULE_CLASS_VFS, ext2, NULL, ext2_modcmd);
