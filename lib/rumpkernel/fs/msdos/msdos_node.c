/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes: where FAT keeps what others keep in inodes, in the entry that names a file.
 *
 * Owner and mode are the mount's (options uid, gid, umask, fmask, dmask); of a mode
 * the format holds whether somebody may write.  Times are local times of some place,
 * UTC unless -o tz= says otherwise: modified to 2 seconds, made to 10 ms, read to the
 * day.
 */
#include "fs/msdos/msdos.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

struct kmem_pool *msdos_node_pool;

struct msdos_node *
msdos_node_alloc(struct msdos_mount *m)
{
	struct msdos_node *np = kmem_pool_get(msdos_node_pool);

	if (np != NULL) {
		memset(np, 0, sizeof(*np));
		np->n_m = m;
		np->n_count = UINT32_MAX;
	}
	return np;
}

void
msdos_node_free(struct msdos_node *np)
{
	msdos_chain_forget(np);
	kmem_pool_put(msdos_node_pool, np);
}

/* ---- times ------------------------------------------------------------------------ */

#define DAY	 86400
#define DAYS1980 3652 /* from 1970 */

/* Days since 1980-01-01 of a date as it is on disk; a month 0 is January. */
static uint32_t
date_days(uint16_t date)
{
	static const uint16_t before[12] = {
	    0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	uint32_t y = date >> 9, mon = date >> 5 & 15, day = date & 31;

	mon = mon == 0 ? 0 : (uint32_t)kmin(mon, 12) - 1;
	day = day == 0 ? 0 : day - 1;
	/* 2100 is no leap year. */
	return y * 365 + (y + 3) / 4 - (y > 120) + before[mon] +
	    (mon > 1 && y % 4 == 0 && y != 120) + day;
}

static uint16_t
days_date(uint32_t days)
{
	static const uint8_t len[12] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	uint32_t y, mon = 0, n;

	for (y = 0;; y++) {
		n = 365 + (y % 4 == 0 && y != 120);
		if (days < n)
			break;
		days -= n;
	}
	for (;; mon++) {
		n = len[mon] + (uint32_t)(mon == 1 && y % 4 == 0 && y != 120);
		if (days < n)
			break;
		days -= n;
	}
	return (uint16_t)(y << 9 | (mon + 1) << 5 | (days + 1));
}

static void
time_get(const struct msdos_mount *m, uint16_t date, uint16_t time,
    uint8_t ms10, struct rump_timespec *ts)
{
	uint32_t sec = (time >> 11) * 3600u + (time >> 5 & 63) * 60u +
	    (time & 31) * 2u;

	ts->tv_sec = (int64_t)(DAYS1980 + date_days(date)) * DAY + sec +
	    ms10 / 100 - m->m_tzoff_sec;
	ts->tv_nsec = ms10 % 100 * 10000000u;
}

/* ts is in the format's range. */
static void
time_put(const struct msdos_mount *m, const struct rump_timespec *ts,
    uint16_t *datep, uint16_t *timep, uint8_t *ms10p)
{
	int64_t t = ts->tv_sec + m->m_tzoff_sec - (int64_t)DAYS1980 * DAY;
	uint32_t sec = (uint32_t)(t % DAY);

	*datep = days_date((uint32_t)(t / DAY));
	*timep = (uint16_t)(sec / 3600 << 11 | sec / 60 % 60 << 5 |
	    sec % 60 / 2);
	*ms10p = (uint8_t)(sec % 2 * 100 + ts->tv_nsec / 10000000);
}

void
msdos_time_round(const struct msdos_mount *m, struct rump_timespec *ts,
    enum msdos_grain grain)
{
	uint32_t ns = ts->tv_nsec;
	int64_t sec = ts->tv_sec;
	uint16_t date, time;
	uint8_t ms10;

	genfs_clamptime(m->m_mp, ts);
	/* The range is for all, the grain for changes only. */
	if (grain == MSDOS_10MS && ts->tv_sec <= sec && sec - ts->tv_sec < 2) {
		ts->tv_sec = sec;
		ts->tv_nsec = ns;
	}
	time_put(m, ts, &date, &time, &ms10);
	time_get(m, date, grain == MSDOS_DAY ? 0 : time,
	    grain == MSDOS_10MS ? ms10 : 0, ts);
}

/* ---- modes and flags ------------------------------------------------------------------ */

uint32_t
msdos_mode_of(const struct msdos_mount *m, uint8_t attr)
{
	uint32_t mode;

	if ((attr & MSDOS_ATTR_DIR) != 0)
		return RUMP_S_IFDIR | (0777 & ~m->m_dmask);
	mode = 0777 & ~m->m_fmask;
	if ((attr & MSDOS_ATTR_RO) != 0)
		mode &= ~0222u;
	return RUMP_S_IFREG | mode;
}

void
msdos_set_mode(struct msdos_node *np, uint32_t mode)
{
	struct mount *mp = np->n_m->m_mp;
	uint8_t attr = np->n_attr & (uint8_t)~MSDOS_ATTR_RO;

	/* Nobody may write, where the mount would let somebody. */
	if (!msdos_isdir(np) && (mode & 0222) == 0 &&
	    (msdos_mode_of(np->n_m, attr) & 0222) != 0)
		attr |= MSDOS_ATTR_RO;
	np->n_attr = attr;
	np->n_st.st_mode = msdos_mode_of(np->n_m, attr);
	if ((np->n_st.st_mode & RUMP_ALLPERMS) == (mode & RUMP_ALLPERMS) ||
	    (mp->mnt_warned & MNTWARN_MODE) != 0)
		return;
	mp->mnt_warned |= MNTWARN_MODE;
	mount_warn(mp,
	    "the format holds no modes: files have %04o, directories %04o "
	    "(mount options umask, fmask, dmask)",
	    0777 & ~np->n_m->m_fmask, 0777 & ~np->n_m->m_dmask);
}

static const struct {
	uint8_t attr;
	uint32_t flag;
} flag_map[] = {
    {MSDOS_ATTR_HIDDEN, RUMP_UF_HIDDEN},
    {MSDOS_ATTR_SYSTEM, RUMP_UF_SYSTEM},
    {MSDOS_ATTR_ARCH, RUMP_UF_ARCHIVE},
    {MSDOS_ATTR_RO, RUMP_UF_READONLY},
};

static uint32_t
flags_of(uint8_t attr)
{
	uint32_t flags = 0;

	for (size_t i = 0; i < nitems(flag_map); i++)
		if ((attr & flag_map[i].attr) != 0)
			flags |= flag_map[i].flag;
	return flags;
}

int
msdos_set_flags(struct msdos_node *np, uint32_t flags)
{
	uint8_t attr = np->n_attr;

	for (size_t i = 0; i < nitems(flag_map); i++) {
		attr &= (uint8_t)~flag_map[i].attr;
		if ((flags & flag_map[i].flag) != 0)
			attr |= flag_map[i].attr;
		flags &= ~flag_map[i].flag;
	}
	if (flags != 0)
		return EOPNOTSUPP;
	np->n_attr = attr;
	np->n_st.st_flags = flags_of(attr);
	np->n_st.st_mode = msdos_mode_of(np->n_m, attr);
	return 0;
}

/* ---- entries ----------------------------------------------------------------------------- */

int
msdos_entry_buf(struct msdos_mount *m, uint64_t off, struct buf **bpp,
    struct msdos_dirent_disk **dep)
{
	const struct msdos_geom *g = &m->m_geom;
	uint64_t base = g->mg_rootoff, unit = g->mg_sector, end = g->mg_dataoff;
	uint64_t start;
	int error;

	if (off >= g->mg_dataoff) {
		base = rounddown2(off - g->mg_dataoff, g->mg_cluster) +
		    g->mg_dataoff;
		unit = kmin(g->mg_cluster, 4096);
		end = base + g->mg_cluster;
	}
	start = base + rounddown2(off - base, unit);
	error = bread_cluster(
	    m->m_dev, start, (uint32_t)unit, base, end - base, bpp);
	if (error == 0)
		*dep = (void *)((*bpp)->b_data + (off - start));
	return error;
}

uint32_t
msdos_entry_cluster(
    const struct msdos_mount *m, const struct msdos_dirent_disk *de)
{
	uint32_t c = le16_get(de->de_cluster_lo);

	if (m->m_geom.mg_fat == 32)
		c |= (uint32_t)le16_get(de->de_cluster_hi) << 16;
	return c;
}

uint64_t
msdos_dir_ino(const struct msdos_mount *m, uint32_t cluster)
{
	if (cluster == 0 ||
	    (m->m_geom.mg_fat == 32 && cluster == m->m_geom.mg_rootcluster))
		return NODE_ROOT;
	return cluster;
}

int
msdos_entry_ino(struct msdos_mount *m, uint64_t off,
    const struct msdos_dirent_disk *de, uint64_t *inop)
{
	uint32_t c = msdos_entry_cluster(m, de);
	struct msdos_where *w;

	if ((de->de_attr & MSDOS_ATTR_DIR) == 0) {
		*inop = NODE_FILE + off / MSDOS_DIRENT;
		return 0;
	}
	if (!msdos_cluster_ok(m, c) || msdos_dir_ino(m, c) == NODE_ROOT)
		return msdos_damage(m, 0,
		    "directory at byte %llu begins with cluster %u",
		    (unsigned long long)off, c);
	w = &m->m_where[c % WHERE_SLOTS];
	mutex_enter(&m->m_lock);
	w->w_cluster = c;
	w->w_off = off;
	mutex_exit(&m->m_lock);
	*inop = c;
	return 0;
}

/* From an entry at off into np. */
static int
node_decode(struct msdos_node *np, uint64_t ino, uint64_t off,
    const struct msdos_dirent_disk *de)
{
	struct msdos_mount *m = np->n_m;
	struct rump_stat *st = &np->n_st;
	uint32_t count;
	int error = 0;

	np->n_entry = off;
	np->n_attr = de->de_attr & MSDOS_ATTR_MASK;
	np->n_lcase = de->de_lcase;
	np->n_first = msdos_entry_cluster(m, de);
	st->st_ino = ino;
	st->st_mode = msdos_mode_of(m, np->n_attr);
	st->st_flags = flags_of(np->n_attr);
	st->st_nlink = 1;
	st->st_uid = m->m_uid;
	st->st_gid = m->m_gid;
	st->st_blksize = m->m_geom.mg_cluster;
	time_get(
	    m, le16_get(de->de_mdate), le16_get(de->de_mtime), 0, &st->st_mtim);
	time_get(m, le16_get(de->de_adate), 0, 0, &st->st_atim);
	time_get(m, le16_get(de->de_cdate), le16_get(de->de_ctime),
	    (uint8_t)kmin(de->de_ctime_10ms, 199), &st->st_birthtim);
	if (le16_get(de->de_cdate) == 0)
		st->st_birthtim = st->st_mtim;
	if (le16_get(de->de_adate) == 0)
		st->st_atim = st->st_mtim;
	st->st_ctim = st->st_mtim;
	if (msdos_isdir(np)) {
		error = msdos_chain_count(np, &count);
		st->st_size = (uint64_t)count << m->m_clshift;
		if (error == 0 && st->st_size > MSDOS_DIR_MAX)
			error = msdos_damage(m, ino,
			    "the directory has %u clusters, more than 65536 "
			    "entries",
			    count);
		st->st_blocks = st->st_size / 512;
		return error;
	}
	st->st_size = le32_get(de->de_size);
	st->st_blocks = howmany(st->st_size, m->m_geom.mg_cluster) *
	    (m->m_geom.mg_cluster / 512);
	if (np->n_first != 0 && !msdos_cluster_ok(m, np->n_first))
		return msdos_damage(
		    m, ino, "it begins with cluster %#x", np->n_first);
	if (np->n_first == 0 && st->st_size != 0)
		return msdos_damage(m, ino, "it has %llu bytes in no clusters",
		    (unsigned long long)st->st_size);
	return 0;
}

void
msdos_node_encode(const struct msdos_node *np, struct msdos_dirent_disk *de)
{
	const struct msdos_mount *m = np->n_m;
	const struct rump_stat *st = &np->n_st;
	uint16_t date, time;
	uint8_t ms10;

	de->de_attr = np->n_attr;
	de->de_lcase = np->n_lcase;
	time_put(m, &st->st_birthtim, &date, &time, &ms10);
	le16_put(&de->de_cdate, date);
	le16_put(&de->de_ctime, time);
	de->de_ctime_10ms = ms10;
	time_put(m, &st->st_mtim, &date, &time, &ms10);
	le16_put(&de->de_mdate, date);
	le16_put(&de->de_mtime, time);
	time_put(m, &st->st_atim, &date, &time, &ms10);
	le16_put(&de->de_adate, date);
	le16_put(&de->de_cluster_lo, (uint16_t)np->n_first);
	if (m->m_geom.mg_fat == 32)
		le16_put(&de->de_cluster_hi, (uint16_t)(np->n_first >> 16));
	le32_put(&de->de_size, msdos_isdir(np) ? 0 : (uint32_t)st->st_size);
}

int
msdos_node_store(struct msdos_node *np)
{
	struct msdos_dirent_disk *de;
	struct buf *bp;
	int error;

	np->n_dirty = false;
	if (np->n_entry == 0)
		return 0; /* the root, or no name: there is nowhere to */
	error = msdos_entry_buf(np->n_m, np->n_entry, &bp, &de);
	if (error != 0) {
		np->n_dirty = true;
		return error;
	}
	msdos_node_encode(np, de);
	bdwrite(bp);
	return 0;
}

void
msdos_node_fresh(struct msdos_node *np, const struct vcreate *vc)
{
	const struct vattr *va = vc->vc_attr;
	struct msdos_mount *m = np->n_m;
	struct mount *mp = m->m_mp;
	struct rump_stat *st = &np->n_st;
	struct rump_timespec now;

	np->n_attr = vc->vc_type == VDIR ? MSDOS_ATTR_DIR : MSDOS_ATTR_ARCH;
	st->st_nlink = 1;
	st->st_uid = m->m_uid;
	st->st_gid = m->m_gid;
	st->st_blksize = m->m_geom.mg_cluster;
	st->st_flags = flags_of(np->n_attr);
	/* What every file gets less the umask is no wish. */
	if ((mp->mnt_warned & MNTWARN_MODE) == 0 && vc->vc_type == VREG &&
	    (va->va_mode & 0222) == 0)
		msdos_set_mode(np, va->va_mode);
	st->st_mode = msdos_mode_of(m, np->n_attr);
	genfs_now(mp, &now);
	st->st_mtim = (va->va_mask & VA_MTIME) != 0 ? va->va_mtime : now;
	st->st_atim = (va->va_mask & VA_ATIME) != 0 ? va->va_atime : now;
	st->st_birthtim = (va->va_mask & VA_BTIME) != 0 ? va->va_btime
	    : (va->va_mask & VA_MTIME) != 0		? va->va_mtime
							: now;
	msdos_time_round(m, &st->st_mtim, MSDOS_2S);
	msdos_time_round(m, &st->st_atim, MSDOS_DAY);
	msdos_time_round(m, &st->st_birthtim, MSDOS_10MS);
	st->st_ctim = st->st_mtim;
	np->n_count = 0;
}

/* ---- loading ------------------------------------------------------------------------------- */

/* The root has no entry: its attributes are made up. */
static int
root_load(struct msdos_node *np)
{
	struct msdos_mount *m = np->n_m;
	const struct msdos_geom *g = &m->m_geom;
	struct rump_stat *st = &np->n_st;
	uint32_t count;
	int error = 0;

	np->n_attr = MSDOS_ATTR_DIR;
	np->n_first = g->mg_fat == 32 ? g->mg_rootcluster : 0;
	st->st_ino = NODE_ROOT;
	st->st_mode = msdos_mode_of(m, np->n_attr);
	st->st_nlink = 1;
	st->st_uid = m->m_uid;
	st->st_gid = m->m_gid;
	st->st_blksize = g->mg_cluster;
	st->st_mtim.tv_sec = m->m_mp->mnt_caps.fc_time_min;
	st->st_atim = st->st_ctim = st->st_birthtim = st->st_mtim;
	if (np->n_first == 0) {
		st->st_size = (uint64_t)g->mg_rootents * MSDOS_DIRENT;
	} else {
		error = msdos_chain_count(np, &count);
		st->st_size = (uint64_t)count << m->m_clshift;
		if (error == 0 && st->st_size > MSDOS_DIR_MAX)
			error = msdos_damage(m, NODE_ROOT,
			    "the root directory has %u clusters", count);
	}
	st->st_blocks = howmany(st->st_size, 512);
	return error;
}

/* Could an entry stand there? */
static bool
entry_place_ok(const struct msdos_mount *m, uint64_t off)
{
	const struct msdos_geom *g = &m->m_geom;
	uint64_t end = g->mg_dataoff +
	    ((uint64_t)g->mg_clusters << m->m_clshift);

	return off % MSDOS_DIRENT == 0 && off < end &&
	    off >= (g->mg_fat == 32 ? g->mg_dataoff : g->mg_rootoff);
}

static int
node_load(struct msdos_node *np, uint64_t ino)
{
	struct msdos_mount *m = np->n_m;
	struct msdos_dirent_disk *de, copy;
	struct buf *bp;
	uint64_t off, seen;
	int error;

	if (ino == NODE_ROOT)
		return root_load(np);
	if (ino >= NODE_FILE) {
		off = ino >= NODE_NAMELESS ? 1
					   : (ino - NODE_FILE) * MSDOS_DIRENT;
	} else {
		if (!msdos_cluster_ok(m, (uint32_t)ino))
			return ESTALE;
		error = msdos_dir_locate(m, (uint32_t)ino, &off);
		if (error != 0)
			return error;
	}
	if (!entry_place_ok(m, off))
		return ESTALE;
	error = msdos_entry_buf(m, off, &bp, &de);
	if (error != 0)
		return error;
	copy = *de;
	brelse(bp);
	if (copy.de_name[0] == MSDOS_DE_END ||
	    copy.de_name[0] == MSDOS_DE_DELETED ||
	    (copy.de_attr & MSDOS_ATTR_LABEL) != 0)
		return ESTALE;
	error = msdos_entry_ino(m, off, &copy, &seen);
	if (error == 0 && seen != ino)
		error = ESTALE;
	return error != 0 ? error : node_decode(np, ino, off, &copy);
}

void
msdos_vnode_setup(struct vnode *vp, struct msdos_node *np)
{
	vp->v_data = np;
	np->n_vp = vp;
	vp->v_type = vtype_of_mode(np->n_st.st_mode);
	vp->v_size = np->n_st.st_size;
	vp->v_blksize = np->n_m->m_geom.mg_cluster;
}

int
msdos_loadvnode(struct mount *mp, struct vnode *vp)
{
	struct msdos_node *np = msdos_node_alloc(msdos_mount_of(mp));
	int error;

	if (np == NULL)
		return ENOMEM;
	error = node_load(np, vp->v_ino);
	if (error != 0) {
		msdos_node_free(np);
		return error;
	}
	msdos_vnode_setup(vp, np);
	return 0;
}

int
msdos_statino(struct mount *mp, uint64_t ino, struct rump_stat *st)
{
	struct msdos_node *np = msdos_node_alloc(msdos_mount_of(mp));
	int error;

	if (np == NULL)
		return ENOMEM;
	error = node_load(np, ino);
	*st = np->n_st;
	st->st_dev = mp->mnt_id;
	msdos_node_free(np);
	return error == ESTALE ? EUCLEAN : error;
}
