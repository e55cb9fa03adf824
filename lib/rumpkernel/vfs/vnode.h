/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vnodes: one for each node of a mounted file system that is in use or cached.
 *
 * References.  vref/vrele count users; a vnode without users stays cached (LRU)
 * until reclaim or unmount.  No vop consumes a reference or changes a lock: what
 * the caller held on entry it holds on return, on success and on error.  A vnode
 * that an operation hands back is referenced and unlocked.
 *
 * Life cycle (v_state; vnode_setstate() is the only transition function and
 * asserts the edge):
 *
 *   (none) -> LOADING -> ACTIVE <-> CACHED -> RECLAIMING -> (freed)
 *                |          |                     ^
 *                v          +---- unlinked -------+
 *             (freed: load failed)
 *
 * Locking.  v_lock is a reader-writer lock: readers for lookup, getattr, read,
 * readdir, readlink, getxattr; the writer for all that changes.  Order: parent
 * first, else by inode number.  v_usecount and v_state are under the vcache lock.
 */
#ifndef VFS_VNODE_H
#define VFS_VNODE_H

#include "kern/kdefs.h"
#include "kern/klist.h"
#include "kern/klock.h"
#include "kern/klwp.h"
#include "vfs/uio.h"

enum vtype {
	VNON,
	VREG,
	VDIR,
	VBLK,
	VCHR,
	VLNK,
	VSOCK,
	VFIFO,
};
enum vtype vtype_of_mode(uint32_t mode); /* VNON where it is none */
uint32_t mode_of_vtype(enum vtype type); /* RUMP_S_IF* */
uint8_t dtype_of_vtype(enum vtype type); /* RUMP_DT_* */

enum vnode_state {
	VS_LOADING,
	VS_ACTIVE,
	VS_CACHED,
	VS_RECLAIMING,
};

struct mount;
struct vnodeops;
struct blkdev;
struct dirhash;
struct ncentry;

struct vnode {
	krwlock_t v_lock;
	enum vtype v_type;
	enum vnode_state v_state;
	uint32_t v_usecount; /* vn_usecount() where the lock isn't held */
	uint32_t v_flags;    /* fixed when it is loaded */
#define VV_ROOT	    0x1	     /* root of its file system */
#define VV_BUFFERED 0x4	     /* regular data goes through the buffer cache */
#define VV_SYSTEM   0x8	     /* not to be handed to users */
	bool
	    v_unlinked; /* no name left: goes away with its last user; vnode lock */
	bool v_draining; /* the last user's vop_inactive() runs; vcache lock */
	const struct vnodeops *v_op;
	struct mount *v_mount;
	void *v_data;	/* the driver's node: typed accessor in <x>.h */
	uint64_t v_ino; /* key in its mount */
	uint64_t v_gen;
	uint64_t v_size;    /* bytes; regular files, directories, symlinks */
	uint64_t v_rdev;    /* VBLK, VCHR: RUMP_MAKEDEV */
	uint32_t v_blksize; /* the driver's unit of allocation, bytes */
	struct mount *v_mountedhere; /* VDIR: what covers it */
	struct dirhash *v_dirhash;   /* VDIR: genfs_dirhash's */
	struct blkdev *v_blkdev; /* etfs: what I/O goes to, and what a mount of
	                                this node mounts; the node's reference */
	struct klink v_hashlink, v_lrulink, v_mntlink;
	struct klist v_ncparent, v_ncchild; /* name cache */
};

/* To be looked at by who has a reference itself. */
static inline uint32_t
vn_usecount(const struct vnode *vp)
{
	return __atomic_load_n(&vp->v_usecount, __ATOMIC_RELAXED);
}

/*
 * What a vnode belongs to and is covered by, for who hasn't locked it: a mount that
 * is taken away by force leaves its vnodes to others.  The struct mount stays (only
 * its driver's data goes; vn_busymount() keeps that too).
 */
static inline struct mount *
vn_mount(const struct vnode *vp)
{
	return __atomic_load_n(&vp->v_mount, __ATOMIC_ACQUIRE);
}
static inline bool
vn_covered(const struct vnode *vp)
{
	return __atomic_load_n(&vp->v_mountedhere, __ATOMIC_RELAXED) != NULL;
}

/* ---- what operations take --------------------------------------------- */

struct componentname {
	const char *cn_name; /* NUL-terminated too; no slash */
	size_t cn_len;	     /* bytes */
	const struct kcred *cn_cred;
};

/* What setattr changes: members named in va_mask. */
#define VA_MODE	     0x001u
#define VA_UID	     0x002u
#define VA_GID	     0x004u
#define VA_SIZE	     0x008u
#define VA_FLAGS     0x010u
#define VA_ATIME     0x020u
#define VA_MTIME     0x040u
#define VA_CTIME     0x080u /* only while an image is being built */
#define VA_BTIME     0x100u /* as VA_CTIME */
#define VA_TIMES_OWN 0x200u /* times are the caller's own (not "now") */
#define VA_CHOWN     0x400u /* as chown(2): set-id bits and capabilities go */
struct vattr {
	uint32_t va_mask;
	uint32_t va_mode; /* permission bits only */
	uint32_t va_uid, va_gid;
	uint32_t va_flags; /* RUMP_UF_*, RUMP_SF_* */
	uint64_t va_size;
	struct rump_timespec va_atime, va_mtime, va_ctime, va_btime;
};

/* What create makes: any type.  The initial owner is in vc_attr (mask has at
 * least VA_MODE|VA_UID|VA_GID; times where given, else now). */
struct vcreate {
	enum vtype vc_type;
	uint64_t vc_rdev;
	const char *vc_target; /* VLNK */
	size_t vc_targetlen;
	const struct vattr *vc_attr;
	/* Made by a call that heeds the umask: a directory's default access control
	 * list goes before it, and then vc_mode is the mode that was asked for. */
	bool vc_inherit;
	uint32_t vc_mode;
};

/* Where readdir hands entries.  emit returns 0, or an error to stop before this
 * entry (it was not taken): readdir then returns 0 with *cookiep at that entry. */
struct dirsink {
	int (*ds_emit)(struct dirsink *ds, uint64_t ino, uint8_t dtype,
	    const char *name, size_t namelen, uint64_t nextcookie);
	/* An entry is damaged, and the driver can go on behind it; as emit.  NULL:
	 * readdir fails with the error. */
	int (*ds_damage)(struct dirsink *ds, int error, uint64_t nextcookie);
};

/* A run of a file's bytes on the device. */
enum bmap_kind {
	BMAP_MAPPED,
	BMAP_HOLE,	/* reads as zeros, nothing allocated */
	BMAP_UNWRITTEN, /* allocated, reads as zeros */
	BMAP_INLINE, /* the bytes are at bm_inline (until the vnode is unlocked) */
	BMAP_BUFFERED, /* device range, through the buffer cache */
	BMAP_ENCODED,  /* vop_readencoded() gives the bytes */
};
enum bmap_for {
	BMAP_READ,
	BMAP_WRITE, /* allocate what is missing */
};
struct bmap_run {
	enum bmap_kind bm_kind;
	uint64_t bm_off; /* in the file; the run asked for starts here */
	uint64_t bm_len; /* bytes, > 0 */
	struct blkdev *bm_dev;
	uint64_t bm_devoff;
	const void *bm_inline;
	uint32_t bm_flags;
#define BM_NEW	  0x1 /* allocated by this call: its content is worthless */
#define BM_SHARED 0x2 /* other files or snapshots see the same blocks */
};

/* vop_touch */
#define TOUCH_ATIME 0x1
#define TOUCH_MTIME 0x2 /* and the change time */
#define TOUCH_CTIME 0x4

/* vop_allocate */
#define VALLOC_KEEPSIZE 0x1 /* don't change the size */
/* Content comes behind the kernel's back: blocks are MAPPED, not UNWRITTEN or
 * zeroed, the size is set, times stay as they are. */
#define VALLOC_FRESH 0x2

struct rename_args {
	struct vnode *ra_fdvp, *ra_fvp, *ra_tdvp,
	    *ra_tvp; /* ra_tvp may be NULL */
	const struct componentname *ra_fcn, *ra_tcn;
	uint32_t ra_flags; /* RUMP_RENAME_EXCHANGE */
};

/*
 * The table.  An operation that a type or a driver doesn't have is NULL; the
 * wrapper answers what its comment says.  "dvp W" means that dvp is locked as a
 * writer on entry and still on return; "R" as a reader at least.
 */
struct vnodeops {
	/* dvp R.  ENOENT; ENOTDIR is excluded by the caller.  Also "..", never ".". */
	int (*vop_lookup)(struct vnode *dvp, const struct componentname *cn,
	    struct vnode **vpp);
	/* dvp W.  The name isn't there (caller looked).  ENOSPC leaves no trace. */
	int (*vop_create)(struct vnode *dvp, const struct componentname *cn,
	    const struct vcreate *vc, struct vnode **vpp);
	/* A file without a name (O_TMPFILE).  dvp R: where to put it near. */
	int (*vop_tmpfile)(
	    struct vnode *dvp, const struct vcreate *vc, struct vnode **vpp);
	/* dvp W, vp W (not a directory).  EMLINK. */
	int (*vop_link)(struct vnode *dvp, const struct componentname *cn,
	    struct vnode *vp);
	/* dvp W, vp W; the name leads to vp, which is not a directory.  A node
	 * whose last name goes (also in rmdir and rename) gets v_unlinked. */
	int (*vop_remove)(struct vnode *dvp, const struct componentname *cn,
	    struct vnode *vp);
	/* dvp W, vp W, a directory.  ENOTEMPTY. */
	int (*vop_rmdir)(struct vnode *dvp, const struct componentname *cn,
	    struct vnode *vp);
	/* All four W (each once).  Types, loops, emptiness and permissions have
	 * been checked by genfs_rename(); the driver moves the entry, rewrites
	 * "..", corrects link counts, drops ra_tvp's name. */
	int (*vop_rename)(const struct rename_args *ra);

	/* vp R (the wrapper locks it); NULL means nothing to do. */
	int (*vop_open)(struct vnode *vp, int oflags, const struct kcred *cred);
	void (*vop_close)(
	    struct vnode *vp, int oflags, const struct kcred *cred);

	/* vp R.  NULL: genfs_access(). mode: RUMP_[RWX]_OK.  EACCES, EPERM, EROFS. */
	int (*vop_access)(
	    struct vnode *vp, uint32_t mode, const struct kcred *cred);
	/* vp R.  st_dev is filled in by the wrapper. */
	int (*vop_getattr)(struct vnode *vp, struct rump_stat *st);
	/* vp W.  VA_SIZE never gets here: genfs_truncate().  Permissions have been
	 * checked.  What the format can't hold: EINVAL or a warning once (caps). */
	int (*vop_setattr)(
	    struct vnode *vp, const struct vattr *va, const struct kcred *cred);
	/* vp W.  Mark times as changed now; cheap, written later. */
	void (*vop_touch)(struct vnode *vp, uint32_t what);

	/* vp R, W.  Regular files use genfs_read(), genfs_write(). */
	int (*vop_read)(
	    struct vnode *vp, struct uio *uio, const struct kcred *cred);
	int (*vop_write)(
	    struct vnode *vp, struct uio *uio, const struct kcred *cred);
	/*
	 * vp R for BMAP_READ, W for BMAP_WRITE.  One run that starts at off and is
	 * at most len long, as long as the layout allows; never past what len
	 * rounded up to blocks needs.  For WRITE: allocates (contiguously where it
	 * can) all of [off, off+len) or less; runs start and end on blocks except
	 * at off and off+len; BM_NEW blocks cover whole blocks around them, which
	 * genfs fills with zeros.  The size isn't changed.  ENOSPC, EFBIG, EUCLEAN.
	 */
	int (*vop_bmap)(struct vnode *vp, uint64_t off, uint64_t len,
	    enum bmap_for how, struct bmap_run *run);
	/* vp R.  Decode the unit that holds off into buf (BMAP_ENCODED).  Units
	 * are v_blksize bytes of the file each, the last one may be shorter. */
	int (*vop_readencoded)(struct vnode *vp, uint64_t off, void *buf,
	    size_t bufsize, size_t *lenp);
	/* vp W.  Set the size (and v_size); shrinking, and setting it to what it
	 * is, frees blocks past it (the tail has been zeroed by genfs).  Growing
	 * allocates nothing. */
	int (*vop_setsize)(struct vnode *vp, uint64_t size);
	/* vp W.  NULL: EOPNOTSUPP. */
	int (*vop_allocate)(
	    struct vnode *vp, uint64_t off, uint64_t len, uint32_t flags);
	/* vp W; whole blocks inside the range are freed (edges zeroed by genfs). */
	int (*vop_punch)(struct vnode *vp, uint64_t off, uint64_t len);
	/* Both W.  Exchange data maps and sizes in one step. */
	int (*vop_exchange)(struct vnode *a, struct vnode *b);
	/* vp W. */
	int (*vop_fsync)(struct vnode *vp, bool dataonly);

	/* vp R.  *cookiep: 0 at the start, else from an entry; moves on.  "." and
	 * ".." come first, made up where the format has none. */
	int (*vop_readdir)(struct vnode *vp, struct dirsink *sink,
	    uint64_t *cookiep, bool *eofp);
	/* vp R. */
	int (*vop_readlink)(struct vnode *vp, struct uio *uio);

	/* vp R; *lenp in: room (0 asks for the length), out: length.  ERANGE,
	 * ENODATA.  name is whole ("user.x").  NULL: EOPNOTSUPP. */
	int (*vop_getxattr)(
	    struct vnode *vp, const char *name, void *buf, size_t *lenp);
	/* vp W; flags RUMP_XATTR_*; value NULL removes (ENODATA). */
	int (*vop_setxattr)(struct vnode *vp, const char *name,
	    const void *value, size_t len, uint32_t flags);
	/* vp R; NUL-terminated names one after the other; *lenp as getxattr. */
	int (*vop_listxattr)(struct vnode *vp, char *buf, size_t *lenp);
	/* vp R.  A fork, stream or big attribute as a vnode.  NULL: ENOENT. */
	int (*vop_openstream)(
	    struct vnode *vp, const char *name, struct vnode **streamp);

	/* vp W, no users left.  *recycle: don't cache it.  An unlinked node's
	 * blocks and number are freed here. */
	void (*vop_inactive)(struct vnode *vp, bool *recycle);
	/* Free v_data; vp W or nobody's any more.  Can't fail, doesn't write
	 * (inactive or sync wrote). */
	void (*vop_reclaim)(struct vnode *vp);
};

/* ---- references, locks, the vnode cache -------------------------------- */

void vref(struct vnode *vp);
/* Drop a reference; the last one makes it inactive.  vp unlocked. */
void vrele(struct vnode *vp);
void vn_lock(struct vnode *vp, krw_t how);
void vn_unlock(struct vnode *vp);
/* Two vnodes as writers in lock order; they may be the same (locked once). */
void vn_lock2(struct vnode *a, struct vnode *b);
void vn_unlock2(struct vnode *a, struct vnode *b);
bool vn_wlocked(const struct vnode *vp);
/* Does the driver keep regular files' data by itself (its vop_write isn't
 * genfs_write)?  Then it zeroes tails in vop_setsize, edges in vop_punch. */
bool vn_owndata(const struct vnode *vp);
/* Set a regular file's size, by genfs_truncate() or the driver.  vp W. */
int vn_truncate(struct vnode *vp, uint64_t size);
/* fallocate(2), likewise; flags RUMP_FALLOC_*.  vp W. */
int vn_fallocate(struct vnode *vp, uint32_t flags, uint64_t off, uint64_t len);

/*
 * The vnode with this key, referenced; loaded through vfs_loadvnode() on a miss.
 * An error of loading is returned and nothing is cached.
 */
int vcache_get(struct mount *mp, uint64_t ino, struct vnode **vpp);
/* Only if it is cached; NULL else. */
struct vnode *vcache_lookup(struct mount *mp, uint64_t ino);
/*
 * A vnode for a node that is being created: referenced, LOADING, W locked; the
 * driver fills it in, then vcache_publish() or vcache_abort().
 */
int vcache_new(struct mount *mp, uint64_t ino, struct vnode **vpp);
void vcache_publish(struct vnode *vp); /* unlocks */
void vcache_abort(struct vnode *vp);   /* unlocks, frees */
/* A node's number changes (formats without inodes). */
int vcache_rekey(struct vnode *vp, uint64_t newino);

/* ---- the wrappers: contracts asserted, NULLs answered -------------------- */

int vop_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp);
int vop_create(struct vnode *dvp, const struct componentname *cn,
    const struct vcreate *vc, struct vnode **vpp);
int vop_tmpfile(
    struct vnode *dvp, const struct vcreate *vc, struct vnode **vpp);
int vop_link(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp);
int vop_remove(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp);
int vop_rmdir(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp);
int vop_rename(const struct rename_args *ra);
int vop_open(struct vnode *vp, int oflags, const struct kcred *cred);
void vop_close(struct vnode *vp, int oflags, const struct kcred *cred);
int vop_access(struct vnode *vp, uint32_t mode, const struct kcred *cred);
int vop_getattr(struct vnode *vp, struct rump_stat *st);
int vop_setattr(
    struct vnode *vp, const struct vattr *va, const struct kcred *cred);
void vop_touch(struct vnode *vp, uint32_t what);
int vop_read(struct vnode *vp, struct uio *uio, const struct kcred *cred);
int vop_write(struct vnode *vp, struct uio *uio, const struct kcred *cred);
int vop_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run);
int vop_readencoded(
    struct vnode *vp, uint64_t off, void *buf, size_t bufsize, size_t *lenp);
int vop_setsize(struct vnode *vp, uint64_t size);
int vop_allocate(struct vnode *vp, uint64_t off, uint64_t len, uint32_t flags);
int vop_punch(struct vnode *vp, uint64_t off, uint64_t len);
int vop_exchange(struct vnode *a, struct vnode *b);
int vop_fsync(struct vnode *vp, bool dataonly);
int vop_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp);
int vop_readlink(struct vnode *vp, struct uio *uio);
int vop_getxattr(struct vnode *vp, const char *name, void *buf, size_t *lenp);
int vop_setxattr(struct vnode *vp, const char *name, const void *value,
    size_t len, uint32_t flags);
int vop_listxattr(struct vnode *vp, char *buf, size_t *lenp);
int vop_openstream(struct vnode *vp, const char *name, struct vnode **streamp);
void vop_inactive(struct vnode *vp, bool *recycle);
void vop_reclaim(struct vnode *vp);

#endif /* VFS_VNODE_H */
