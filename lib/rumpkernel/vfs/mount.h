/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounts, and what a file-system driver is: struct vfsops.
 *
 * Life of a mount: vfs_mount() loads and validates into a temporary, publishes
 * mnt_data and returns; the VFS then makes it visible.  A mount that fails leaves
 * the image byte-identical.
 */
#ifndef VFS_MOUNT_H
#define VFS_MOUNT_H

#include "kern/kdefs.h"
#include "kern/klist.h"
#include "kern/klock.h"
#include "kern/kmodule.h"
#include "vfs/namespec.h"
#include "vfs/vnode.h"

struct blkdev;
struct kmem_pool;

#define MOUNT_MAXDEVS 4
struct mount_args {
	const char *ma_fstype;
	const char *ma_options; /* "ro,nocsum,..." or NULL */
	uint32_t ma_flags;	/* RUMP_MNT_* */
	struct {
		const char *md_role; /* "" the main one, "journal", .. */
		struct blkdev *md_dev;
	} ma_devs[MOUNT_MAXDEVS];
	unsigned ma_ndevs;
};

/* What vfs_probe tells, through the block device alone. */
struct probe_result {
	char pr_type[32]; /* "ext2" .. as the image is best called */
	char pr_label[256];
	char pr_uuid[64];
	uint64_t pr_size; /* bytes that the file system says it has */
};

/* vfs_inodes: what is to be told of a node. */
struct inode_info {
	uint64_t ii_ino, ii_gen;
	bool ii_used;
	struct rump_stat ii_stat;
	int64_t ii_dtime; /* deletion time of an unused one, 0: none */
};

struct vfsops {
	const char *vfs_name;		/* "ext2" */
	const char *const *vfs_aliases; /* NULL-terminated, or NULL */
	const struct vnodeops *vfs_vnodeops;
	bool vfs_onedevice; /* it lies on one device; vfs_mount gets just one */
	/* Is it ours?  0, or EINVAL (not), EIO.  Doesn't write, keeps nothing. */
	int (*vfs_probe)(struct blkdev *dev, struct probe_result *pr);
	/* Set mnt_data, mnt_caps, mnt_namespec, mnt_rootino; mnt_flags may gain
	 * RUMP_MNT_RDONLY (with a message).  Error: nothing is left behind. */
	int (*vfs_mount)(struct mount *mp, const struct mount_args *args);
	/* All vnodes are gone, all buffers written (not with force after an I/O
	 * error).  Frees mnt_data whatever it returns. */
	int (*vfs_unmount)(struct mount *mp, bool force);
	/* st has the id, flags, name's length and type already, else zeros. */
	int (*vfs_statvfs)(struct mount *mp, struct rump_statvfs *st);
	/* Write what the driver holds (dirty nodes have been handed to
	 * vop_fsync, buffers follow).  wait: barrier at the end. */
	int (*vfs_sync)(struct mount *mp, bool wait);
	/* Fill in vp, whose v_ino is set: v_type, v_data, v_size, v_gen...
	 * ENOENT or ESTALE: no such node; EUCLEAN: bad. */
	int (*vfs_loadvnode)(struct mount *mp, struct vnode *vp);
	/* Attributes without a vnode (readdirplus); NULL: through a vnode. */
	int (*vfs_statino)(
	    struct mount *mp, uint64_t ino, struct rump_stat *st);
	/* The first node at or after *inop; ENOENT after the last.  NULL: none. */
	int (*vfs_inodes)(struct mount *mp, uint64_t *inop, bool deleted,
	    struct inode_info *ii);
	/* Cut the device's last group to the last used block.  *sizep: bytes
	 * that the file system needs now.  NULL: EOPNOTSUPP. */
	int (*vfs_trim)(
	    struct mount *mp, uint64_t spare_bytes, uint64_t *sizep);
	/* Commit what is under way (journals; what an undo log hooks). */
	int (*vfs_commit)(struct mount *mp);
	/*
	 * Transactions (mnt_transactions): what happens between opbegin and opend
	 * of a thread (they nest) is in the image whole or not at all.  Vnode
	 * locks come before.  begin: EROFS, EIO: no operation.  full: the
	 * transaction has become so large that a long operation, at a place where
	 * what it has done so far is sound, should let it go: oprestart.  forced:
	 * there was no room; EAGAIN where that changes nothing.
	 */
	int (*vfs_opbegin)(struct mount *mp);
	void (*vfs_opend)(struct mount *mp);
	bool (*vfs_opfull)(struct mount *mp);
	int (*vfs_oprestart)(struct mount *mp, bool forced);
	/* From now on read-only (after an error), or back. */
	int (*vfs_remount)(struct mount *mp, uint32_t flags);
	/* Does [devoff, devoff + len) of the main device touch what is the
	 * driver's own (superblocks, bitmaps, inode tables)?  File data never
	 * may.  Fast: asked for every run.  NULL: no such zones. */
	bool (*vfs_systemzone)(struct mount *mp, uint64_t devoff, uint64_t len);
};

struct mount {
	struct klink mnt_link;
	const struct vfsops *mnt_op;
	void *mnt_data;
	uint64_t mnt_id;    /* st_dev */
	uint32_t mnt_flags; /* RUMP_MNT_* */
	uint64_t mnt_rootino;
	const struct namespec *mnt_namespec;
	struct rump_fscaps mnt_caps;
	bool mnt_bigendian;	   /* byte order of a format that has both */
	struct vnode *mnt_covered; /* NULL: the root mount */
	struct blkdev *mnt_devs[MOUNT_MAXDEVS];
	unsigned mnt_ndevs;
	uint32_t mnt_messages; /* how many were said */
	uint32_t mnt_lastmsg;  /* the last one's hash */
	uint32_t mnt_warned;   /* MNTWARN_*: said once */
#define MNTWARN_TIME  0x1
#define MNTWARN_OWNER 0x2
#define MNTWARN_MODE  0x4
	bool mnt_damaged; /* damage was met: it isn't to be marked as clean */
	bool mnt_transactions; /* vfs_op*() are there; fixed while mounted */
	bool mnt_dying;
	uint32_t mnt_users; /* vfs_busy_*() */
	int mnt_ioerror;    /* the first write error; then read-only */
	krwlock_t mnt_renamelock;
	struct klist mnt_vnodes;
	char mnt_name[64]; /* what messages call it: the device's name */
};

void vfs_attach(const struct vfsops *ops);
int vfs_detach(const struct vfsops *ops); /* EBUSY */
/* What a driver's modcmd does: attach and detach, with a pool for its nodes that keeps
 * so many unused ones. */
int vfs_modcmd(enum modcmd cmd, const struct vfsops *ops,
    struct kmem_pool **poolp, size_t nodesize, unsigned keep);
/* By name or alias; NULL. */
const struct vfsops *vfs_find(const char *name);
/* The i-th attached, for lists and probing; NULL after the last. */
const struct vfsops *vfs_nth(unsigned i);

/* Mount on the directory cover (referenced, unlocked); NULL: as root. */
int vfs_domount(
    const struct mount_args *args, struct vnode *cover, struct mount **mpp);
/* The mount with that mnt_id.  ENOENT; EBUSY. */
int vfs_dounmount(uint64_t id, bool force);
int vfs_root(struct mount *mp, struct vnode **vpp);
int vfs_syncmount(struct mount *mp, bool wait);
int vfs_syncall(void);
/* By file handle: (inode, generation).  ESTALE. */
int vfs_vget(struct mount *mp, uint64_t ino, uint64_t gen, struct vnode **vpp);
/* By mnt_id, and it can't go away until vfs_unbusy(); NULL. */
struct mount *vfs_busy_byid(uint64_t id);
/* vp's, likewise.  mnt_op is NULL in what has been taken away. */
struct mount *vn_busymount(struct vnode *vp);
void vfs_unbusy(struct mount *mp);
struct mount *vfs_rootmount(void);
/*
 * While mounting, before anything was read through it: dev, which lies over the
 * main device, becomes the main one in its place.  The mount takes a reference.
 */
void mount_stackdev(struct mount *mp, struct blkdev *dev);
static inline int
vfs_opbegin(struct mount *mp)
{
	if (likely(!mp->mnt_transactions))
		return 0;
	return mp->mnt_op->vfs_opbegin(mp);
}
static inline void
vfs_opend(struct mount *mp)
{
	if (unlikely(mp->mnt_transactions))
		mp->mnt_op->vfs_opend(mp);
}
static inline bool
vfs_opfull(struct mount *mp)
{
	return unlikely(mp->mnt_transactions) && mp->mnt_op->vfs_opfull(mp);
}
/* An operation that left no trace failed: is it worth another try, in a new
 * transaction? */
static inline bool
vfs_opretry(struct mount *mp, int error)
{
	return error == ENOSPC && mp->mnt_transactions &&
	    mp->mnt_op->vfs_oprestart(mp, true) == 0;
}
/* A write failed: remember, warn once, read-only from now on. */
void vfs_ioerror(struct mount *mp, int error);

/*
 * A message about an image: "<driver>: <where>: <what>", e.g.
 * "ext2: inode 12: extent depth 9 exceeds 5".  ino 0, byte UINT64_MAX: not told.
 * Ten lines a mount, then they are counted and unmount tells how many.
 */
void mount_message(struct mount *mp, uint64_t ino, uint64_t byte,
    const char *fmt, ...) KPRINTF(4, 5);
/* What is wrong with a node (ino 0: with the image): said, and mnt_damaged from now on.
 * EUCLEAN. */
int mount_damage(struct mount *mp, uint64_t ino, const char *fmt, ...)
    KPRINTF(3, 4);
/* While mounting (no mp visible yet) or probing. */
void mount_warn(struct mount *mp, const char *fmt, ...) KPRINTF(2, 3);

/* The end of a mount: tells how many messages were left out. */
void mount_messages_end(struct mount *mp);

/*
 * Mount options: "a,b=1,c=x".  mountopt_next() copies the next name and value
 * (NULL where there is none) from *posp; ENOENT at the end, EINVAL: malformed.
 */
struct mountopt {
	char mo_name[32];
	char mo_value[96];
	bool mo_hasvalue;
};
int mountopt_next(const char **posp, struct mountopt *mo);
/* An option that every driver has (ro rw atime noatime), for those that a driver
 * doesn't know itself.  False: unknown, and it was said. */
bool mountopt_common(struct mount *mp, const struct mountopt *mo);
/* All of a mount's options, for a driver that has none of its own.  EINVAL. */
int mountopts_common(struct mount *mp, const char *options);

#endif /* VFS_MOUNT_H */
