/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FAT as a file system: probe, mount, unmount, totals.
 *
 * A boot sector is anybody's: only one whose every field fits the others and the
 * device, with a media byte that the FAT repeats, is ours.  The volume is checked and
 * marked as in use by the first change, and as clean when it is unmounted, last.
 */
#include "fs/msdos/msdos.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kmodule.h"
#include "kern/kstring.h"
#include "vfs/unicode.h"

/* ---- the boot sector ------------------------------------------------------------- */

static const struct msdos_ext_disk *
ext_of(const uint8_t *boot, uint32_t fat)
{
	return (const void *)(boot + (fat == 32 ? 64 : 36));
}

/* Does it look like a boot sector at all?  Then *boot has its first 512 bytes. */
static int
boot_read(struct blkdev *dev, uint8_t *boot)
{
	const struct msdos_bpb_disk *b = (const void *)boot;
	int error;

	if (dev->bd_size < MSDOS_MIN_SECTOR)
		return EINVAL;
	error = blkdev_read(dev, boot, 0, MSDOS_MIN_SECTOR, BIO_META);
	if (error != 0)
		return error;
	if ((b->bp_jump[0] != 0xeb && b->bp_jump[0] != 0xe9) ||
	    (b->bp_media != 0xf0 && b->bp_media < 0xf8))
		return EINVAL;
	return 0;
}

static int
msdos_probe(struct blkdev *dev, struct probe_result *pr)
{
	const struct msdos_ext_disk *ex;
	uint8_t boot[MSDOS_MIN_SECTOR];
	struct msdos_geom g;
	uint16_t u[12];
	size_t n;
	int error;

	error = boot_read(dev, boot);
	if (error != 0)
		return error;
	if (msdos_geom_load((const void *)boot, dev->bd_size, &g) != NULL)
		return EINVAL;
	ex = ext_of(boot, g.mg_fat);
	(void)kstrlcpy(pr->pr_type, "msdos", sizeof(pr->pr_type));
	if (ex->ex_signature == MSDOS_EX_SIGNATURE &&
	    memcmp(ex->ex_label, "NO NAME    ", 11) != 0) {
		n = msdos_label_show(ex->ex_label, MSDOS_CP437, u);
		pr->pr_label[utf8_from_utf16(u, n, pr->pr_label)] = '\0';
	}
	if ((ex->ex_signature & 0xfe) == 0x28) {
		uint32_t id = le32_get(ex->ex_volid);

		(void)ksnprintf(pr->pr_uuid, sizeof(pr->pr_uuid), "%04X-%04X",
		    id >> 16, id & 0xffff);
	}
	pr->pr_size = g.mg_sectors * g.mg_sector;
	return 0;
}

/* Which FAT counts, and who follows it. */
static int
load_mirroring(struct msdos_mount *m, const struct msdos_bpb32_disk *b3)
{
	uint16_t flags = le16_get(b3->b3_flags);

	m->m_mirror = true;
	if (m->m_geom.mg_fat != 32 || (flags & MSDOS_B3_NOMIRROR) == 0)
		return 0;
	m->m_mirror = false;
	m->m_active = flags & MSDOS_B3_ACTIVE;
	if (m->m_active < m->m_geom.mg_nfats)
		return 0;
	mount_message(m->m_mp, 0, 0, "FAT %u is said to be active, of %u",
	    m->m_active, m->m_geom.mg_nfats);
	return EUCLEAN;
}

/* More than two FATs are rare, a wrong number of them isn't: all begin alike. */
static int
check_fats(struct msdos_mount *m)
{
	const struct msdos_geom *g = &m->m_geom;
	uint8_t first[3], head[3];
	int error = 0;

	for (uint32_t i = 0; i < g->mg_nfats && g->mg_nfats > 2; i++) {
		error = blkdev_read(m->m_dev, i == 0 ? first : head,
		    (g->mg_reserved + (uint64_t)i * g->mg_fatsectors) *
			g->mg_sector,
		    sizeof(head), BIO_META);
		if (error != 0)
			break;
		if (i == 0 || memcmp(first, head, 2) == 0)
			continue;
		mount_message(m->m_mp, 0, 0,
		    "the boot sector can't be: FAT %u of %u is none", i + 1,
		    g->mg_nfats);
		return EUCLEAN;
	}
	return error;
}

static int
boot_load(struct msdos_mount *m)
{
	uint8_t boot[MSDOS_MIN_SECTOR];
	const char *why;
	int error;

	error = boot_read(m->m_dev, boot);
	if (error == EINVAL)
		mount_message(m->m_mp, 0, UINT64_MAX,
		    "no FAT boot sector on %s", m->m_mp->mnt_name);
	if (error != 0)
		return error;
	why = msdos_geom_load(
	    (const void *)boot, m->m_dev->bd_size, &m->m_geom);
	if (why != NULL) {
		mount_message(
		    m->m_mp, 0, 0, "the boot sector can't be: %s", why);
		return EUCLEAN;
	}
	while ((1u << m->m_clshift) < m->m_geom.mg_cluster)
		m->m_clshift++;
	m->m_volid = le32_get(ext_of(boot, m->m_geom.mg_fat)->ex_volid);
	error = check_fats(m);
	if (error == 0)
		error = load_mirroring(m, (const void *)boot);
	if (error == 0)
		error = msdos_fat_isclean(m, &m->m_oldclean);
	if (error == 0 &&
	    (ext_of(boot, m->m_geom.mg_fat)->ex_dirty & MSDOS_EX_DIRTY) != 0)
		m->m_oldclean = false;
	if (error == 0)
		error = msdos_fsinfo_get(m);
	return error;
}

/* ---- options ------------------------------------------------------------------------ */

static bool
number_option(const struct mountopt *mo, bool octal, uint32_t *valp)
{
	uint64_t v = 0;

	if (!octal) {
		if (!mo->mo_hasvalue || kstrtou64(mo->mo_value, &v) != 0)
			return false;
	} else {
		const char *p = mo->mo_value;

		if (*p == '\0')
			return false;
		for (; *p >= '0' && *p <= '7' && v <= 0777; p++)
			v = v * 8 + (uint64_t)(*p - '0');
		if (*p != '\0' || v > 0777)
			return false;
	}
	*valp = (uint32_t)v;
	return v <= UINT32_MAX;
}

/* "UTC", or hours and minutes east of it: "+0100", "-05:30", "+2". */
static bool
zone_option(const struct mountopt *mo, int32_t *offp)
{
	const char *p = mo->mo_value;
	int32_t sign, hours = 0, minutes = 0, digits;

	*offp = 0;
	if (kstrcmp(p, "UTC") == 0 || kstrcmp(p, "utc") == 0)
		return true;
	if (*p != '+' && *p != '-')
		return false;
	sign = *p++ == '-' ? -1 : 1;
	for (digits = 0; digits < 2 && *p >= '0' && *p <= '9'; digits++)
		hours = hours * 10 + (*p++ - '0');
	if (digits == 0)
		return false;
	if (*p == ':')
		p++;
	for (digits = 0; digits < 2 && *p >= '0' && *p <= '9'; digits++)
		minutes = minutes * 10 + (*p++ - '0');
	*offp = sign * (hours * 3600 + minutes * 60);
	return *p == '\0' && digits != 1 && hours <= 14 && minutes < 60;
}

static bool
codepage_option(const struct mountopt *mo, unsigned *cpp)
{
	uint32_t v;

	if (!number_option(mo, false, &v) ||
	    (v != MSDOS_CP437 && v != MSDOS_CP850))
		return false;
	*cpp = v;
	return true;
}

static int
parse_options(struct msdos_mount *m, const char *options)
{
	struct mount *mp = m->m_mp;
	struct mountopt mo;
	uint32_t mask;
	int error;

	m->m_fmask = m->m_dmask = 022;
	m->m_codepage = MSDOS_CP437;
	while ((error = mountopt_next(&options, &mo)) == 0) {
		bool good = true;

		if (kstrcmp(mo.mo_name, "uid") == 0) {
			good = number_option(&mo, false, &m->m_uid);
		} else if (kstrcmp(mo.mo_name, "gid") == 0) {
			good = number_option(&mo, false, &m->m_gid);
		} else if (kstrcmp(mo.mo_name, "umask") == 0) {
			good = number_option(&mo, true, &mask);
			if (good)
				m->m_fmask = m->m_dmask = mask;
		} else if (kstrcmp(mo.mo_name, "fmask") == 0) {
			good = number_option(&mo, true, &m->m_fmask);
		} else if (kstrcmp(mo.mo_name, "dmask") == 0) {
			good = number_option(&mo, true, &m->m_dmask);
		} else if (kstrcmp(mo.mo_name, "codepage") == 0) {
			good = codepage_option(&mo, &m->m_codepage);
		} else if (kstrcmp(mo.mo_name, "tz") == 0) {
			good = zone_option(&mo, &m->m_tzoff_sec);
		} else if (!mountopt_common(mp, &mo)) {
			return EINVAL;
		}
		if (good)
			continue;
		mount_message(mp, 0, UINT64_MAX,
		    "bad value of mount option \"%s\": \"%s\"", mo.mo_name,
		    mo.mo_value);
		return EINVAL;
	}
	return error == ENOENT ? 0 : error;
}

/* ---- in use, and not any more ----------------------------------------------------------- */

/* The mark of Windows NT in the boot sector, which FAT12 has too. */
static int
boot_mark(struct msdos_mount *m, bool clean)
{
	struct msdos_ext_disk *ex;
	struct buf *bp;
	int error;

	error = bread(m->m_dev, 0, m->m_geom.mg_sector, &bp);
	if (error != 0)
		return error;
	ex = (void *)(bp->b_data + (m->m_geom.mg_fat == 32 ? 64 : 36));
	if ((ex->ex_signature & 0xfe) != 0x28) {
		brelse(bp);
		return 0; /* a BPB older than the mark */
	}
	if (clean)
		ex->ex_dirty &= (uint8_t)~MSDOS_EX_DIRTY;
	else
		ex->ex_dirty |= MSDOS_EX_DIRTY;
	bdwrite(bp);
	return 0;
}

static int
mark(struct msdos_mount *m, bool clean)
{
	int error = msdos_fat_mark(m, clean);

	if (error == 0)
		error = boot_mark(m, clean);
	if (error == 0)
		error = bflush(m->m_dev, true);
	return error;
}

/* The first change of all. */
static int
begin_first(struct msdos_mount *m)
{
	int error = msdos_check(m);

	if (error == EUCLEAN) {
		m->m_refused = true;
		mount_message(m->m_mp, 0, UINT64_MAX,
		    "nothing is written to a volume like that: fsck.fat mends "
		    "it");
		return EROFS;
	}
	if (error == 0 && (m->m_mp->mnt_flags & RUMP_MNT_BUILDING) == 0)
		error = mark(m, false);
	m->m_begun = error == 0;
	return error;
}

int
msdos_begin(struct msdos_mount *m)
{
	int error = 0;

	if ((m->m_mp->mnt_flags & RUMP_MNT_RDONLY) != 0)
		return EROFS;
	if (m->m_begun)
		return 0;
	mutex_enter(&m->m_beginlock);
	if (m->m_refused)
		error = EROFS;
	else if (!m->m_begun)
		error = begin_first(m);
	mutex_exit(&m->m_beginlock);
	return error;
}

static int
msdos_sync(struct mount *mp, bool wait KUNUSED)
{
	struct msdos_mount *m = msdos_mount_of(mp);

	return m->m_begun ? msdos_fsinfo_put(m) : 0;
}

/* ---- mount and unmount ----------------------------------------------------------------- */

static void
set_caps(struct msdos_mount *m)
{
	struct rump_fscaps *fc = &m->m_mp->mnt_caps;

	fc->fc_flags = RUMP_CAP_SUBDIRS | RUMP_CAP_FLAGS | RUMP_CAP_BIRTHTIME |
	    RUMP_CAP_CASEFOLD | RUMP_CAP_TMPFILE | RUMP_CAP_ALLOCATE;
	if ((m->m_mp->mnt_flags & RUMP_MNT_RDONLY) == 0)
		fc->fc_flags |= RUMP_CAP_WRITE;
	fc->fc_namemax = MSDOS_LN_MAX;
	fc->fc_linkmax = 1;
	fc->fc_filemax = MSDOS_FILE_MAX;
	fc->fc_time_grain_ns = 2000000000;
	/* 1980-01-01 to 2107-12-31, in the volume's zone */
	fc->fc_time_min = 315532800 - m->m_tzoff_sec;
	fc->fc_time_max = INT64_C(4354819198) - m->m_tzoff_sec;
}

static void
mount_destroy(struct msdos_mount *m)
{
	msdos_fat_destroy(m);
	mutex_destroy(&m->m_lock);
	mutex_destroy(&m->m_beginlock);
	kmem_free(m, sizeof(*m));
}

static int
label_load(struct msdos_mount *m)
{
	struct msdos_node *root = msdos_node_alloc(m);
	uint32_t count;
	int error = 0;

	if (root == NULL)
		return ENOMEM;
	root->n_attr = MSDOS_ATTR_DIR;
	root->n_st.st_ino = NODE_ROOT;
	if (m->m_geom.mg_fat == 32) {
		root->n_first = m->m_geom.mg_rootcluster;
		error = msdos_chain_count(root, &count);
		root->n_st.st_size = (uint64_t)count << m->m_clshift;
	} else {
		root->n_st.st_size = (uint64_t)m->m_geom.mg_rootents *
		    MSDOS_DIRENT;
	}
	if (error == 0)
		error = msdos_dir_label(root, m->m_label);
	msdos_node_free(root);
	return error;
}

static int
msdos_mount(struct mount *mp, const struct mount_args *args)
{
	struct msdos_mount *m;
	int error;

	m = kmem_zalloc(sizeof(*m));
	if (m == NULL)
		return ENOMEM;
	m->m_mp = mp;
	m->m_dev = args->ma_devs[0].md_dev;
	m->m_free = UINT32_MAX;
	mutex_init(&m->m_lock, RANK_ALLOCATOR, "msdos");
	mutex_init(&m->m_beginlock, RANK_TRANSACTION, "msdosbegin");
	error = parse_options(m, args->ma_options);
	if (error == 0)
		error = boot_load(m);
	if (error == 0)
		error = label_load(m);
	if (error != 0) {
		mount_destroy(m);
		return error;
	}
	mp->mnt_data = m;
	mp->mnt_rootino = NODE_ROOT;
	mp->mnt_namespec = &msdos_namespec;
	set_caps(m);
	if ((mp->mnt_flags & RUMP_MNT_RDONLY) == 0 && !m->m_oldclean)
		mount_warn(
		    mp, "was not unmounted cleanly; fsck.fat is advised");
	return 0;
}

static int
msdos_unmount(struct mount *mp, bool force KUNUSED)
{
	struct msdos_mount *m = msdos_mount_of(mp);
	int error = 0;

	/* What was dirty or is damaged keeps its mark. */
	if (m->m_begun && (mp->mnt_flags & RUMP_MNT_RDONLY) == 0) {
		error = msdos_fsinfo_put(m);
		if (error == 0)
			error = bflush(m->m_dev, false);
		if (error == 0 && m->m_oldclean && !mp->mnt_damaged)
			error = mark(m, true);
	}
	mp->mnt_data = NULL;
	mount_destroy(m);
	return error;
}

static int
msdos_statvfs(struct mount *mp, struct rump_statvfs *st)
{
	struct msdos_mount *m = msdos_mount_of(mp);
	uint32_t nfree;
	int error;

	error = msdos_fat_count(m, &nfree);
	if (error != 0)
		return error;
	st->f_bsize = st->f_frsize = m->m_geom.mg_cluster;
	st->f_blocks = m->m_geom.mg_clusters;
	st->f_bfree = st->f_bavail = nfree;
	(void)kstrlcpy(st->f_label, m->m_label, sizeof(st->f_label));
	(void)ksnprintf(st->f_uuid, sizeof(st->f_uuid), "%04X-%04X",
	    m->m_volid >> 16, m->m_volid & 0xffff);
	return 0;
}

static bool
msdos_systemzone(struct mount *mp, uint64_t devoff, uint64_t len KUNUSED)
{
	return devoff < msdos_mount_of(mp)->m_geom.mg_dataoff;
}

static const char *const aliases[] = {"vfat", "fat", NULL};

const struct vfsops msdos_vfsops = {
    .vfs_name = "msdos",
    .vfs_aliases = aliases,
    .vfs_vnodeops = &msdos_vnodeops,
    .vfs_onedevice = true,
    .vfs_probe = msdos_probe,
    .vfs_mount = msdos_mount,
    .vfs_unmount = msdos_unmount,
    .vfs_statvfs = msdos_statvfs,
    .vfs_sync = msdos_sync,
    .vfs_loadvnode = msdos_loadvnode,
    .vfs_statino = msdos_statino,
    .vfs_systemzone = msdos_systemzone,
};

static int
msdos_modcmd(enum modcmd cmd)
{
	return vfs_modcmd(cmd, &msdos_vfsops, &msdos_node_pool,
	    sizeof(struct msdos_node), 256);
}
MODULE(MODULE_CLASS_VFS, msdos, NULL, msdos_modcmd);
