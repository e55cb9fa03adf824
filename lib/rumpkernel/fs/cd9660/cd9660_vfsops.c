/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ISO 9660 as a file system: probe, mount, unmount, totals.
 *
 * Volume descriptors begin at sector 16, whatever is in front of them: a hybrid image
 * has a partition table there.  Of the trees that an image may have, Rock Ridge's is
 * shown, else Joliet's, else the plain one (mount options norrip, nojoliet).
 *
 * Other options: eltorito (the boot images in /.eltorito), map=off (plain names as
 * they are on the device), uid=, gid=, mode= and dmode= (octal; where Rock Ridge doesn't
 * tell).
 */
#include "fs/cd9660/cd9660.h"
#include "kern/kmem.h"
#include "kern/kmodule.h"
#include "kern/kstring.h"
#include "vfs/unicode.h"

/* ---- volume descriptors -------------------------------------------------------------- */

struct volumes {
	struct cd9660_vd_disk primary, joliet;
	bool has_primary, has_joliet;
};

/* "%/@", "%/C", "%/E": UCS-2 of a level. */
static bool
is_joliet(const struct cd9660_vd_disk *vd)
{
	const uint8_t *e = vd->v_escapes;

	return (vd->v_flags & 1) == 0 && e[0] == '%' && e[1] == '/' &&
	    (e[2] == '@' || e[2] == 'C' || e[2] == 'E');
}

static bool
blksize_ok(const struct cd9660_vd_disk *vd)
{
	uint16_t size = both16_get(vd->v_blksize);

	return size == 512 || size == 1024 || size == CD9660_SECTOR;
}

/* *vsp is to be freed where this gives 0.  EINVAL: no ISO 9660. */
static int
volumes_read(struct blkdev *dev, struct volumes **vsp)
{
	struct volumes *vs = kmem_zalloc(sizeof(*vs));
	struct cd9660_vd_disk *vd = kmem_alloc(sizeof(*vd));
	uint64_t off = CD9660_VD_FIRST * CD9660_SECTOR;
	int error = vs == NULL || vd == NULL ? ENOMEM : 0;

	for (; error == 0 && off < CD9660_VD_MAX * CD9660_SECTOR;
	     off += sizeof(*vd)) {
		if (dev->bd_size < off + sizeof(*vd))
			break;
		error = blkdev_read(dev, vd, off, sizeof(*vd), BIO_META);
		if (error != 0 ||
		    memcmp(vd->v_id, CD9660_MAGIC, sizeof(vd->v_id)) != 0 ||
		    vd->v_type == CD9660_VD_END)
			break;
		if (!blksize_ok(vd))
			continue;
		if (vd->v_type == CD9660_VD_PRIMARY && !vs->has_primary) {
			vs->primary = *vd;
			vs->has_primary = true;
		} else if (vd->v_type == CD9660_VD_SUPPL && is_joliet(vd) &&
		    !vs->has_joliet) {
			vs->joliet = *vd;
			vs->has_joliet = true;
		}
	}
	if (error == 0 && !vs->has_primary)
		error = EINVAL;
	kmem_free(vd, sizeof(*vd));
	if (error != 0)
		kmem_free(vs, sizeof(*vs));
	else
		*vsp = vs;
	return error;
}

static void
plain_label(const struct cd9660_vd_disk *vd, char *label)
{
	size_t n = sizeof(vd->v_label);

	while (n > 0 && (vd->v_label[n - 1] == ' ' || vd->v_label[n - 1] == 0))
		n--;
	memcpy(label, vd->v_label, n);
	label[n] = '\0';
}

static void
joliet_label(const struct cd9660_vd_disk *vd, char *label)
{
	uint16_t u[sizeof(vd->v_label) / 2];
	size_t n = 0;

	for (; n < nitems(u); n++) {
		u[n] = (uint16_t)(vd->v_label[2 * n] << 8 |
		    vd->v_label[2 * n + 1]);
		if (u[n] == 0)
			break;
	}
	while (n > 0 && u[n - 1] == ' ')
		n--;
	label[utf8_from_utf16(u, n, label)] = '\0';
}

/* As blkid has it: when it was changed, or made. */
static void
make_uuid(const struct cd9660_vd_disk *vd, char *uuid, size_t size)
{
	const uint8_t *d = vd->v_modified;
	struct rump_timespec ts;

	if (!cd9660_date17(d, &ts))
		d = vd->v_created;
	uuid[0] = '\0';
	if (cd9660_date17(d, &ts))
		(void)ksnprintf(uuid, size,
		    "%.4s-%.2s-%.2s-%.2s-%.2s-%.2s-%.2s", (const char *)d,
		    (const char *)d + 4, (const char *)d + 6,
		    (const char *)d + 8, (const char *)d + 10,
		    (const char *)d + 12, (const char *)d + 14);
}

static int
cd9660_probe(struct blkdev *dev, struct probe_result *pr)
{
	struct volumes *vs;
	int error;

	error = volumes_read(dev, &vs);
	if (error != 0)
		return error;
	(void)kstrlcpy(pr->pr_type, "cd9660", sizeof(pr->pr_type));
	plain_label(&vs->primary, pr->pr_label);
	make_uuid(&vs->primary, pr->pr_uuid, sizeof(pr->pr_uuid));
	pr->pr_size = (uint64_t)both32_get(vs->primary.v_blocks) *
	    both16_get(vs->primary.v_blksize);
	kmem_free(vs, sizeof(*vs));
	return 0;
}

/* ---- mount and unmount ------------------------------------------------------------------ */

struct options {
	bool norrip, nojoliet, eltorito;
};

static bool
octal(const char *s, uint32_t *valp)
{
	uint32_t v = 0;
	const char *p = s;

	while (*p >= '0' && *p <= '7' && v <= RUMP_ALLPERMS)
		v = v * 8 + (uint32_t)(*p++ - '0');
	*valp = v;
	return p != s && *p == '\0' && v <= RUMP_ALLPERMS;
}

static bool
id_value(const char *s, uint32_t *valp)
{
	uint64_t v;

	if (kstrtou64(s, &v) != 0 || v > UINT32_MAX)
		return false;
	*valp = (uint32_t)v;
	return true;
}

/* One of those that have a value.  EINVAL: a bad one; ENOENT: none of them. */
static int
valued_option(struct cd9660_mount *m, const struct mountopt *mo)
{
	const char *name = mo->mo_name, *value = mo->mo_value;
	bool good;

	if (kstrcmp(name, "uid") == 0) {
		good = id_value(value, &m->m_uid);
	} else if (kstrcmp(name, "gid") == 0) {
		good = id_value(value, &m->m_gid);
	} else if (kstrcmp(name, "mode") == 0) {
		good = octal(value, &m->m_fmode);
	} else if (kstrcmp(name, "dmode") == 0) {
		good = octal(value, &m->m_dmode);
	} else if (kstrcmp(name, "map") == 0) {
		m->m_map = kstrcmp(value, "normal") == 0;
		good = m->m_map || kstrcmp(value, "off") == 0;
	} else {
		return ENOENT;
	}
	if (mo->mo_hasvalue && good)
		return 0;
	mount_message(m->m_mp, 0, UINT64_MAX,
	    "mount option \"%s\" can't be \"%s\"", name, value);
	return EINVAL;
}

static int
options_read(struct cd9660_mount *m, const char *text, struct options *o)
{
	struct mountopt mo;
	int error;

	m->m_fmode = m->m_dmode = 0555;
	m->m_map = true;
	for (;;) {
		error = mountopt_next(&text, &mo);
		if (error != 0)
			return error == ENOENT ? 0 : error;
		if (kstrcmp(mo.mo_name, "norrip") == 0) {
			o->norrip = true;
		} else if (kstrcmp(mo.mo_name, "nojoliet") == 0) {
			o->nojoliet = true;
		} else if (kstrcmp(mo.mo_name, "eltorito") == 0) {
			o->eltorito = true;
		} else {
			error = valued_option(m, &mo);
			if (error == ENOENT && !mountopt_common(m->m_mp, &mo))
				error = EINVAL;
			if (error == EINVAL)
				return error;
		}
	}
}

/* The tree of that descriptor. */
static void
use_volume(struct cd9660_mount *m, const struct cd9660_vd_disk *vd)
{
	const struct cd9660_dirent_disk *root = (const void *)vd->v_root;

	m->m_blksize = both16_get(vd->v_blksize);
	m->m_blocks = both32_get(vd->v_blocks);
	m->m_rootoff = ((uint64_t)both32_get(root->d_extent) +
			   root->d_xattrlen) *
	    m->m_blksize;
}

static int
tree_load(struct cd9660_mount *m, const struct options *o)
{
	struct volumes *vs;
	int error;

	error = volumes_read(m->m_dev, &vs);
	if (error == EINVAL)
		mount_message(m->m_mp, 0, UINT64_MAX,
		    "no ISO 9660 volume descriptor on %s", m->m_mp->mnt_name);
	if (error != 0)
		return error;
	use_volume(m, &vs->primary);
	plain_label(&vs->primary, m->m_label);
	make_uuid(&vs->primary, m->m_uuid, sizeof(m->m_uuid));
	(void)cd9660_date17(vs->primary.v_created, &m->m_time);
	if (!o->norrip)
		error = cd9660_rockridge_find(m);
	if (error == 0 && !m->m_rockridge && vs->has_joliet && !o->nojoliet) {
		m->m_joliet = true;
		use_volume(m, &vs->joliet);
		joliet_label(&vs->joliet, m->m_label);
	}
	kmem_free(vs, sizeof(*vs));
	/* A file may be compressed, and a sandbox that comes later forbid to look for
	 * the library. */
	if (m->m_rockridge)
		(void)rumpuser_inflate_load(RUMPUSER_CODEC_ZLIB);
	return error;
}

static void
describe(struct cd9660_mount *m)
{
	struct mount *mp = m->m_mp;

	mp->mnt_data = m;
	mp->mnt_rootino = cd9660_dir_ino(m->m_rootoff);
	mp->mnt_namespec = &namespec_bytes;
	mp->mnt_flags |= RUMP_MNT_RDONLY;
	mp->mnt_caps = (struct rump_fscaps){
	    .fc_flags = RUMP_CAP_SUBDIRS | RUMP_CAP_STABLE_INO,
	    .fc_namemax = CD9660_NAME_MAX,
	    .fc_linkmax = 1,
	    .fc_filemax = (uint64_t)CD9660_EXTENTS * UINT32_MAX,
	    .fc_time_grain_ns = 1000000000,
	    .fc_time_min = INT64_C(-2208988800), /* 1900 */
	    .fc_time_max = INT64_C(5869583999),	 /* 2155 */
	};
	if (m->m_rockridge) {
		mp->mnt_caps.fc_flags |= RUMP_CAP_SYMLINKS | RUMP_CAP_DEVICES |
		    RUMP_CAP_OWNERS | RUMP_CAP_MODES;
		mp->mnt_caps.fc_symlinkmax = CD9660_LINK_MAX;
	}
}

static int
cd9660_mount(struct mount *mp, const struct mount_args *args)
{
	struct options o = {0};
	struct rump_stat st;
	struct cd9660_mount *m;
	int error;

	m = kmem_zalloc(sizeof(*m));
	if (m == NULL)
		return ENOMEM;
	m->m_mp = mp;
	m->m_dev = args->ma_devs[0].md_dev;
	error = options_read(m, args->ma_options, &o);
	if (error == 0)
		error = tree_load(m, &o);
	if (error == 0 && o.eltorito)
		error = cd9660_boot_load(m);
	if (error == 0) {
		describe(m);
		error = cd9660_statino(mp, mp->mnt_rootino, &st);
	}
	if (error == 0) {
		if ((args->ma_flags & RUMP_MNT_RDONLY) == 0)
			mount_warn(mp, "ISO 9660 is read, never written");
		return 0;
	}
	mp->mnt_data = NULL;
	cd9660_boot_free(m);
	kmem_free(m, sizeof(*m));
	return error == ESTALE ? EUCLEAN : error;
}

static int
cd9660_unmount(struct mount *mp, bool force KUNUSED)
{
	struct cd9660_mount *m = cd9660_mount_of(mp);

	mp->mnt_data = NULL;
	cd9660_boot_free(m);
	kmem_free(m, sizeof(*m));
	return 0;
}

static int
cd9660_sync(struct mount *mp KUNUSED, bool wait KUNUSED)
{
	return 0;
}

static int
cd9660_statvfs(struct mount *mp, struct rump_statvfs *st)
{
	struct cd9660_mount *m = cd9660_mount_of(mp);

	st->f_bsize = st->f_frsize = m->m_blksize;
	st->f_blocks = m->m_blocks;
	(void)kstrlcpy(st->f_label, m->m_label, sizeof(st->f_label));
	(void)kstrlcpy(st->f_uuid, m->m_uuid, sizeof(st->f_uuid));
	return 0;
}

static const char *const aliases[] = {"iso9660", NULL};

const struct vfsops cd9660_vfsops = {
    .vfs_name = "cd9660",
    .vfs_aliases = aliases,
    .vfs_vnodeops = &cd9660_vnodeops,
    .vfs_onedevice = true,
    .vfs_probe = cd9660_probe,
    .vfs_mount = cd9660_mount,
    .vfs_unmount = cd9660_unmount,
    .vfs_statvfs = cd9660_statvfs,
    .vfs_sync = cd9660_sync,
    .vfs_loadvnode = cd9660_loadvnode,
    .vfs_statino = cd9660_statino,
};

static int
cd9660_modcmd(enum modcmd cmd)
{
	return vfs_modcmd(cmd, &cd9660_vfsops, &cd9660_node_pool,
	    sizeof(struct cd9660_node), 64);
}
MODULE(MODULE_CLASS_VFS, cd9660, NULL, cd9660_modcmd);
