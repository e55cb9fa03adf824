/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes: between their bytes on disk and struct ext2_node (or struct rump_stat
 * alone, for whoever lists a directory).
 *
 * Times: 32 bits of seconds, signed; where the inode has room ("extra") two more
 * bits above them and nanoseconds.  Devices: the old form (16 bits) in i_block[0]
 * where it fits, else the new one (12 and 20 bits) in i_block[1].
 *
 * A store reads the inode's block, changes this inode's fields and leaves the
 * rest, attributes in the body too.
 */
#include "fs/ext2/ext2.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define EPOCH_BITS 2
#define EPOCH_MASK 3u

static const struct {
	uint32_t ext, bsd;
} flagmap[] = {
    {EXT2_IF_IMMUTABLE, RUMP_SF_IMMUTABLE},
    {EXT2_IF_APPEND, RUMP_SF_APPEND},
    {EXT2_IF_NODUMP, RUMP_UF_NODUMP},
    {EXT2_IF_NOATIME, RUMP_SF_NOATIME},
    {EXT2_IF_SYNC, RUMP_SF_SYNC},
    {EXT2_IF_DIRSYNC, RUMP_SF_DIRSYNC},
    {EXT2_IF_TOPDIR, RUMP_SF_TOPDIR},
    {EXT2_IF_COMPR, RUMP_SF_COMPRESSED},
    {EXT2_IF_NOTAIL, RUMP_SF_NOTAIL},
    {EXT2_IF_SECRM, RUMP_SF_SECRM},
    {EXT2_IF_UNRM, RUMP_SF_UNRM},
    {EXT2_IF_JOURNAL_DATA, RUMP_SF_JOURNAL},
};
/* What a symlink, device, FIFO or socket may have; others are damage to e2fsck. */
#define OTHER_FLAGS (RUMP_UF_NODUMP | RUMP_SF_NOATIME)

uint32_t
ext2_flags_to_bsd(uint32_t flags)
{
	uint32_t bsd = 0;

	for (unsigned i = 0; i < nitems(flagmap); i++)
		if ((flags & flagmap[i].ext) != 0)
			bsd |= flagmap[i].bsd;
	return bsd;
}

int
ext2_flags_from_bsd(uint32_t bsd, uint32_t mode, uint32_t *flagsp)
{
	uint32_t type = mode & RUMP_S_IFMT, flags = *flagsp;

	if (type != RUMP_S_IFREG && type != RUMP_S_IFDIR &&
	    (bsd & ~OTHER_FLAGS & ~ext2_flags_to_bsd(flags)) != 0)
		return EOPNOTSUPP;

	/* One immutable flag and one append-only flag are all there is. */
	if ((bsd & RUMP_UF_IMMUTABLE) != 0)
		bsd = (bsd & ~RUMP_UF_IMMUTABLE) | RUMP_SF_IMMUTABLE;
	if ((bsd & RUMP_UF_APPEND) != 0)
		bsd = (bsd & ~RUMP_UF_APPEND) | RUMP_SF_APPEND;
	for (unsigned i = 0; i < nitems(flagmap); i++) {
		flags &= ~flagmap[i].ext;
		if ((bsd & flagmap[i].bsd) != 0)
			flags |= flagmap[i].ext;
		bsd &= ~flagmap[i].bsd;
	}
	if (bsd != 0)
		return EOPNOTSUPP;
	*flagsp = flags;
	return 0;
}

bool
ext2_ino_usable(const struct ext2_mount *m, uint64_t ino)
{
	return ino == EXT2_INO_ROOT ||
	    (ino >= m->m_firstino && ino <= m->m_inodes);
}

int
ext2_inode_buf(struct ext2_mount *m, uint32_t ino, struct buf **bpp,
    struct ext2_inode_disk **dip)
{
	uint32_t g = (ino - 1) / m->m_ipg, i = (ino - 1) % m->m_ipg;
	uint64_t table = ext2_blkoff(m, m->m_grp[g].g_itable);
	int error;

	KASSERT(ino >= 1 && ino <= m->m_inodes);
	error = bread_cluster(m->m_dev, table + ext2_blkoff(m, i / m->m_ipb),
	    m->m_bsize, table, ext2_blkoff(m, m->m_itblks), bpp);
	if (error == 0)
		*dip = (struct ext2_inode_disk *)(void *)((*bpp)->b_data +
		    i % m->m_ipb * m->m_isize);
	return error;
}

/* Was the inode never used, and its place in the table perhaps never written? */
static bool
never_used(const struct ext2_mount *m, uint32_t ino)
{
	uint32_t g = (ino - 1) / m->m_ipg, i = (ino - 1) % m->m_ipg;

	return i >= m->m_ipg - m->m_grp[g].g_itunused;
}

int
ext2_inode_get(struct ext2_mount *m, uint32_t ino, struct buf **bpp,
    struct ext2_inode_disk **dip)
{
	uint32_t is, should;
	bool wide;
	int error;

	if (never_used(m, ino))
		return ESTALE;
	error = ext2_inode_buf(m, ino, bpp, dip);
	if (error != 0 || !m->m_csumverify)
		return error;
	wide = ext2_csum_inode_wide(*dip, m->m_isize);
	is = ext2_csum_inode_get(*dip, wide);
	should = ext2_csum_inode(m->m_seed, ino, *dip, m->m_isize);
	/* What is all zeros was never used. */
	if (likely(is == should) || kmemzero(*dip, m->m_isize))
		return 0;
	brelse(*bpp);
	return ext2_csum_bad(m, ino, is, should, "inode");
}

void
ext2_inode_write(struct ext2_mount *m, uint32_t ino, struct buf *bp,
    struct ext2_inode_disk *di)
{
	if (m->m_csum)
		ext2_csum_inode_put(m->m_seed, ino, di, m->m_isize);
	bdwrite(bp);
}

/* ---- decoding ------------------------------------------------------------- */

/* Bytes of fields beyond the first 128; 0 where there are none or they lie. */
static uint32_t
extra_of(const struct ext2_mount *m, const struct ext2_inode_disk *di)
{
	uint32_t extra;

	if (m->m_isize <= EXT2_OLD_INODE)
		return 0;
	extra = le16_get(di->i_extra_isize);
	if (extra > m->m_isize - EXT2_OLD_INODE || extra % 4 != 0)
		return 0;
	return extra;
}

#define HAS_EXTRA(extra, member) \
	((extra) >=              \
	    offsetof(struct ext2_inode_disk, member) - EXT2_OLD_INODE + 4u)

static struct rump_timespec
time_get(le32_t lo, const le32_t *extra)
{
	struct rump_timespec ts = {.tv_sec = (int32_t)le32_get(lo)};

	if (extra != NULL) {
		uint32_t x = le32_get(*extra);

		ts.tv_sec += (int64_t)(x & EPOCH_MASK) << 32;
		ts.tv_nsec = (int32_t)(x >> EPOCH_BITS);
		if (ts.tv_nsec > 999999999)
			ts.tv_nsec = 0;
	}
	return ts;
}

static void
times_get(const struct ext2_mount *m, const struct ext2_inode_disk *di,
    struct rump_stat *st)
{
	uint32_t extra = extra_of(m, di);

	st->st_ctim = time_get(di->i_ctime,
	    HAS_EXTRA(extra, i_ctime_extra) ? &di->i_ctime_extra : NULL);
	st->st_mtim = time_get(di->i_mtime,
	    HAS_EXTRA(extra, i_mtime_extra) ? &di->i_mtime_extra : NULL);
	st->st_atim = time_get(di->i_atime,
	    HAS_EXTRA(extra, i_atime_extra) ? &di->i_atime_extra : NULL);
	if (HAS_EXTRA(extra, i_crtime))
		st->st_birthtim = time_get(di->i_crtime,
		    HAS_EXTRA(extra, i_crtime_extra) ? &di->i_crtime_extra
						     : NULL);
	else
		st->st_birthtim.tv_nsec = RUMP_UTIME_OMIT;
}

static uint64_t
rdev_get(const struct ext2_inode_disk *di)
{
	uint32_t old = le32_get(di->i_block[0]);
	uint32_t dev = le32_get(di->i_block[1]);

	if (old != 0)
		return RUMP_MAKEDEV(old >> 8 & 0xff, old & 0xff);
	return RUMP_MAKEDEV(
	    dev >> 8 & 0xfff, (dev & 0xff) | (dev >> 12 & 0xfff00));
}

/* The block of attributes. */
static uint64_t
acl_get(const struct ext2_mount *m, const struct ext2_inode_disk *di)
{
	uint64_t blk = le32_get(di->i_file_acl_lo);

	if (ext2_incompat(m, EXT2_FI_64BIT))
		blk |= (uint64_t)le16_get(di->i_file_acl_hi) << 32;
	return blk;
}

/* i_blocks, in 512-byte units. */
static uint64_t
blocks_get(const struct ext2_mount *m, const struct ext2_inode_disk *di)
{
	uint64_t n = le32_get(di->i_blocks_lo);

	if (!ext2_rocompat(m, EXT2_FR_HUGE_FILE))
		return n;
	n |= (uint64_t)le16_get(di->i_blocks_hi) << 32;
	if ((le32_get(di->i_flags) & EXT2_IF_HUGE_FILE) != 0)
		n *= ext2_spb(m);
	return n;
}

static void
blocks_put(const struct ext2_mount *m, uint64_t n, struct ext2_inode_disk *di)
{
	uint32_t flags = le32_get(di->i_flags) & ~EXT2_IF_HUGE_FILE;

	if (ext2_rocompat(m, EXT2_FR_HUGE_FILE)) {
		if (n >> 48 != 0) {
			n /= ext2_spb(m);
			flags |= EXT2_IF_HUGE_FILE;
		}
		le16_put(&di->i_blocks_hi, (uint16_t)(n >> 32));
	}
	le32_put(&di->i_blocks_lo, (uint32_t)n);
	le32_put(&di->i_flags, flags);
}

bool
ext2_inode_bare(const struct ext2_mount *m, const struct ext2_inode_disk *di)
{
	const struct ext2_xattr_ihead_disk *head;
	uint32_t at;

	if (acl_get(m, di) != 0)
		return false;
	/* An old inode ends in front of i_extra_isize. */
	if (m->m_isize <= EXT2_OLD_INODE)
		return true;
	at = EXT2_OLD_INODE + le16_get(di->i_extra_isize);
	if (at % 4 != 0 || at > m->m_isize - sizeof(*head))
		return false;
	head = (const void *)((const uint8_t *)di + at);
	return le32_get(head->h_magic) != EXT2_XATTR_MAGIC;
}

int
ext2_inode_stat(struct ext2_mount *m, uint32_t ino,
    const struct ext2_inode_disk *di, struct rump_stat *st)
{
	enum vtype type = vtype_of_mode(le16_get(di->i_mode));

	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_gen = le32_get(di->i_generation);
	st->st_mode = le16_get(di->i_mode);
	st->st_nlink = le16_get(di->i_links_count);
	st->st_uid = le16_get(di->i_uid_lo) |
	    (uint32_t)le16_get(di->i_uid_hi) << 16;
	st->st_gid = le16_get(di->i_gid_lo) |
	    (uint32_t)le16_get(di->i_gid_hi) << 16;
	st->st_size = le32_get(di->i_size_lo);
	st->st_blocks = blocks_get(m, di);
	st->st_blksize = m->m_bsize;
	st->st_flags = ext2_flags_to_bsd(le32_get(di->i_flags));
	times_get(m, di, st);
	switch (type) {
	case VREG:
		if (le32_get(m->m_sb.s_rev_level) != EXT2_REV_OLD)
			st->st_size |= (uint64_t)le32_get(di->i_size_hi) << 32;
		break;
	case VDIR:
		if (ext2_incompat(m, EXT2_FI_LARGEDIR))
			st->st_size |= (uint64_t)le32_get(di->i_size_hi) << 32;
		/* A directory has no holes: no more bytes than the device. */
		if (st->st_size > ext2_blkoff(m, m->m_blocks))
			goto badsize;
		break;
	case VBLK:
	case VCHR:
		st->st_rdev = rdev_get(di);
		break;
	case VNON:
		return ext2_damage(
		    m, ino, "mode %o is of no file type", st->st_mode);
	default:
		break;
	}
	/* The resize inode's size is what its block map could hold. */
	if (st->st_size > ext2_maxsize(m, le32_get(di->i_flags)) &&
	    ino != EXT2_INO_RESIZE)
		goto badsize;
	return 0;
badsize:
	return ext2_damage(
	    m, ino, "size %llu is too large", (unsigned long long)st->st_size);
}

bool
ext2_fastlink(const struct ext2_node *np)
{
	const struct ext2_mount *m = np->n_m;
	uint64_t acl = np->n_acl != 0 ? ext2_spb(m) << m->m_clshift : 0;

	if ((np->n_flags & (EXT2_IF_INLINE_DATA | EXT2_IF_EXTENTS)) != 0)
		return false;
	/* With ea_inode, attributes elsewhere may count too. */
	return np->n_st.st_size < EXT2_FASTLINK_MAX &&
	    (np->n_st.st_blocks <= acl || ext2_incompat(m, EXT2_FI_EA_INODE));
}

/* What can't be where the feature isn't. */
static const struct {
	uint32_t flag, feature;
	const char *what;
} kinds[] = {
    {EXT2_IF_EXTENTS, EXT2_FI_EXTENTS, "extents"},
    {EXT2_IF_INLINE_DATA, EXT2_FI_INLINE_DATA, "inline data"},
    {EXT2_IF_ENCRYPT, EXT2_FI_ENCRYPT, "encrypted data"},
};

/* Flags, and pointers that can't be. */
static int
node_check(struct ext2_node *np)
{
	struct ext2_mount *m = np->n_m;
	uint32_t mode = np->n_st.st_mode & RUMP_S_IFMT;

	for (unsigned i = 0; i < nitems(kinds); i++)
		if ((np->n_flags & kinds[i].flag) != 0 &&
		    !ext2_incompat(m, kinds[i].feature))
			return ext2_damage(m, np->n_ino,
			    "has %s, which the file system says it hasn't",
			    kinds[i].what);
	if ((np->n_flags & EXT2_IF_INLINE_DATA) != 0 &&
	    (np->n_flags & EXT2_IF_EXTENTS) != 0)
		return ext2_damage(
		    m, np->n_ino, "has inline data and extents at once");
	if (np->n_acl != 0 && !ext2_blocks_sane(m, np->n_acl, 1))
		return ext2_damage(m, np->n_ino,
		    "attribute block %llu is out of range",
		    (unsigned long long)np->n_acl);
	if (mode == RUMP_S_IFLNK && !ext2_fastlink(np) &&
	    np->n_st.st_size > m->m_bsize)
		return ext2_damage(m, np->n_ino,
		    "a symbolic link of %llu bytes",
		    (unsigned long long)np->n_st.st_size);
	return 0;
}

void
ext2_node_init(struct ext2_mount *m, uint32_t ino, struct ext2_node *np)
{
	memset(np, 0, sizeof(*np));
	np->n_m = m;
	np->n_ino = ino;
	np->n_st.st_ino = ino;
	np->n_st.st_blksize = m->m_bsize;
	np->n_st.st_birthtim.tv_nsec = RUMP_UTIME_OMIT;
	np->n_extra = m->m_extra;
	klink_init(&np->n_winlink);
	klink_init(&np->n_orphlink);
}

int
ext2_node_load(struct ext2_mount *m, uint32_t ino, struct ext2_node *np)
{
	struct ext2_inode_disk *di;
	struct buf *bp;
	int error;

	ext2_node_init(m, ino, np);
	error = ext2_inode_get(m, ino, &bp, &di);
	if (error != 0)
		return error;
	if (le16_get(di->i_links_count) == 0 &&
	    (le16_get(di->i_mode) == 0 || le32_get(di->i_dtime) != 0)) {
		brelse(bp);
		return ESTALE;
	}
	error = ext2_inode_stat(m, ino, di, &np->n_st);
	np->n_flags = le32_get(di->i_flags);
	np->n_acl = acl_get(m, di);
	np->n_dtime = le32_get(di->i_dtime);
	np->n_extra = (uint16_t)extra_of(m, di);
	memcpy(np->n_block, di->i_block, sizeof(np->n_block));
	if (error == 0 && m->m_isize > EXT2_OLD_INODE &&
	    np->n_extra != le16_get(di->i_extra_isize))
		error = ext2_damage(m, ino, "i_extra_isize %u can't be",
		    le16_get(di->i_extra_isize));
	brelse(bp);
	return error != 0 ? error : node_check(np);
}

/* ---- encoding ------------------------------------------------------------- */

static void
time_put(const struct rump_timespec *ts, le32_t *lo, le32_t *extra)
{
	int64_t sec = ts->tv_sec;

	if (extra == NULL) {
		if (sec > INT32_MAX)
			sec = INT32_MAX;
		if (sec < INT32_MIN)
			sec = INT32_MIN;
	} else {
		uint32_t epoch = (uint32_t)((sec - (int32_t)sec) >> 32);

		le32_put(extra,
		    (uint32_t)ts->tv_nsec << EPOCH_BITS | (epoch & EPOCH_MASK));
	}
	le32_put(lo, (uint32_t)sec);
}

static void
node_encode(const struct ext2_node *np, struct ext2_inode_disk *di)
{
	const struct ext2_mount *m = np->n_m;
	const struct rump_stat *st = &np->n_st;
	uint32_t x = np->n_extra, type = st->st_mode & RUMP_S_IFMT;

	le16_put(&di->i_mode, (uint16_t)st->st_mode);
	le16_put(&di->i_uid_lo, (uint16_t)st->st_uid);
	le16_put(&di->i_uid_hi, (uint16_t)(st->st_uid >> 16));
	le16_put(&di->i_gid_lo, (uint16_t)st->st_gid);
	le16_put(&di->i_gid_hi, (uint16_t)(st->st_gid >> 16));
	le32_put(&di->i_size_lo, (uint32_t)st->st_size);
	if (type == RUMP_S_IFREG ||
	    (type == RUMP_S_IFDIR && ext2_incompat(m, EXT2_FI_LARGEDIR)))
		le32_put(&di->i_size_hi, (uint32_t)(st->st_size >> 32));
	le16_put(&di->i_links_count, (uint16_t)st->st_nlink);
	le32_put(&di->i_flags, np->n_flags);
	blocks_put(m, st->st_blocks, di);
	le32_put(&di->i_dtime, np->n_dtime);
	le32_put(&di->i_generation, (uint32_t)st->st_gen);
	le32_put(&di->i_file_acl_lo, (uint32_t)np->n_acl);
	if (ext2_incompat(m, EXT2_FI_64BIT))
		le16_put(&di->i_file_acl_hi, (uint16_t)(np->n_acl >> 32));
	memcpy(di->i_block, np->n_block, sizeof(np->n_block));
	time_put(&st->st_ctim, &di->i_ctime,
	    HAS_EXTRA(x, i_ctime_extra) ? &di->i_ctime_extra : NULL);
	time_put(&st->st_mtim, &di->i_mtime,
	    HAS_EXTRA(x, i_mtime_extra) ? &di->i_mtime_extra : NULL);
	time_put(&st->st_atim, &di->i_atime,
	    HAS_EXTRA(x, i_atime_extra) ? &di->i_atime_extra : NULL);
	if (HAS_EXTRA(x, i_crtime) &&
	    st->st_birthtim.tv_nsec != RUMP_UTIME_OMIT)
		time_put(&st->st_birthtim, &di->i_crtime,
		    HAS_EXTRA(x, i_crtime_extra) ? &di->i_crtime_extra : NULL);
}

int
ext2_node_store(struct ext2_node *np)
{
	struct ext2_mount *m = np->n_m;
	struct ext2_inode_disk *di;
	struct buf *bp;
	int error;

	error = ext2_inode_buf(m, np->n_ino, &bp, &di);
	np->n_dirty = error != 0;
	if (error != 0)
		return error;
	if (np->n_fresh) {
		/* A number is used again under another generation. */
		np->n_st.st_gen = le32_get(di->i_generation) + 1;
		memset(di, 0, m->m_isize);
		if (m->m_isize > EXT2_OLD_INODE)
			le16_put(&di->i_extra_isize, np->n_extra);
		np->n_fresh = false;
	}
	np->n_st.st_flags = ext2_flags_to_bsd(np->n_flags);
	node_encode(np, di);
	ext2_inode_write(m, np->n_ino, bp, di);
	return 0;
}

int
ext2_rdev_put(struct ext2_node *np, uint64_t rdev)
{
	uint32_t major = RUMP_MAJOR(rdev), minor = RUMP_MINOR(rdev);

	if (major > 0xfff || minor > 0xfffff)
		return EINVAL;
	memset(np->n_block, 0, sizeof(np->n_block));
	if (major < 256 && minor < 256)
		le32_put(&np->n_block[0], major << 8 | minor);
	else
		le32_put(&np->n_block[1],
		    (minor & 0xff) | major << 8 | (minor & 0xfff00) << 12);
	np->n_st.st_rdev = rdev;
	return 0;
}
