/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The System V boot file system's driver, in core.
 *
 * This is the smallest driver that writes: read it first.  Each driver has these
 * rooms, and who knows one knows all:
 *
 *	sysvbfs_ondisk.h	the format, byte for byte
 *	sysvbfs_geom.c		arithmetic that the formatter needs too
 *	sysvbfs_vfsops.c	probe, mount, unmount, totals, loading a node
 *	sysvbfs_vnops.c		operations on nodes, and the table of them all
 *	sysvbfs_lookup.c	the directory's entries, and operations on names
 *	sysvbfs_alloc.c		inodes and blocks
 *	sysvbfs_bmap.c		which bytes of the device a file's bytes are
 *	sysvbfs_move.c		what only this format has: files that must move
 *
 * How the kernel comes in here.  A mount calls vfs_probe and vfs_mount
 * (sysvbfs_vfsops.c).  A path is walked with vop_lookup: it finds the name's inode
 * number in the directory and asks vcache_get() for the vnode of that number, which
 * calls vfs_loadvnode if it has none yet.  A vnode is the VFS's; what the driver knows
 * of the file is the node, its v_data, from vfs_loadvnode (or vop_create) to
 * vop_reclaim.  vop_create gets an empty vnode from vcache_new(): nobody sees it before
 * vcache_publish(), and vcache_abort() throws it away.  Data goes by genfs_read() and
 * genfs_write(), which ask vop_bmap where a run of bytes is on the device (for a write:
 * where it is to be, and blocks are allocated then) and move it; a file that got longer
 * is told of by vop_setsize.  So no driver copies a file's bytes.
 *
 * All else of the device is read as buffers: bread() gives one, busy, so that nobody
 * else has it; it goes back by brelse() if it wasn't changed, bdwrite() if it may be
 * written some time, bwrite() if it must be written before the next line.  What order
 * writes need is said where it matters.
 *
 * An inode's slot is its place in the table, from 0; its number, which users and the
 * VFS see, is the slot and 2.
 *
 * In core there is a slot for each inode, with its blocks; all else about an inode
 * is in its vnode's node, or on the device.  Files are in one piece, so that the
 * slots, sorted by their first block, are the map of the device.
 *
 * Locks.  A node's attributes are under its vnode's lock, as everywhere.  Slots and
 * the order of them are under m_lock (RANK_ALLOCATOR).  A file's blocks change only
 * with its vnode locked as a writer and m_lock held: a reader of the file needs
 * one of both.
 */
#ifndef FS_SYSVBFS_H
#define FS_SYSVBFS_H

#include "fs/sysvbfs/sysvbfs_geom.h"
#include "fs/sysvbfs/sysvbfs_ondisk.h"
#include "vfs/buf.h"
#include "vfs/genfs.h"

/* Where a file's blocks are. */
struct sysvbfs_slot {
	uint32_t s_first; /* block; 0: it has none */
	uint32_t s_nblks;
	bool s_used; /* the inode is in use */
	bool s_bad;  /* ... but can't be: not to be opened */
};

/* A move that an earlier mount didn't finish (superblock's words). */
struct sysvbfs_move {
	uint32_t mv_slot;
	uint32_t mv_from, mv_to; /* blocks */
	uint64_t mv_done;	 /* bytes that are at mv_to's side already */
	bool mv_pending;
};

struct sysvbfs_mount {
	struct mount *m_mp;
	struct blkdev *m_dev;
	bool m_big; /* byte order */
	struct sysvbfs_geom m_geom;
	char m_label[7];
	kmutex_t m_lock;
	struct sysvbfs_slot *m_slot; /* m_geom.sg_inodes of them */
	uint16_t *m_order; /* slots that have blocks, by their first block */
	uint32_t m_norder;
	uint32_t m_free_blks, m_free_inodes;
	uint32_t m_inohint; /* no slot below it is free */
	struct sysvbfs_move m_move;
};

struct sysvbfs_node {
	struct sysvbfs_mount *n_m;
	struct vnode *n_vp;
	uint32_t n_slot;
	struct rump_stat n_st;
	bool n_dirty;	    /* not as on the device */
	uint32_t n_dirhint; /* the root: no entry below this byte is free */
};

static inline struct sysvbfs_mount *
sysvbfs_mount_of(const struct mount *mp)
{
	return mp->mnt_data;
}
static inline struct sysvbfs_node *
sysvbfs_node_of(const struct vnode *vp)
{
	return vp->v_data;
}
static inline uint64_t
sysvbfs_blkoff(uint64_t blk)
{
	return blk << SYSVBFS_BSHIFT;
}
static inline uint32_t
sysvbfs_nblks(uint64_t bytes)
{
	return (uint32_t)howmany(bytes, SYSVBFS_BSIZE);
}

/* ---- sysvbfs_vfsops.c ---------------------------------------------------- */
struct sysvbfs_node *sysvbfs_node_alloc(void);
void sysvbfs_node_free(struct sysvbfs_node *np);
/* Say what is wrong with the image; EUCLEAN. */
#define sysvbfs_damage(m, ino, ...) mount_damage((m)->m_mp, (ino), __VA_ARGS__)

/* ---- sysvbfs_alloc.c -------------------------------------------------------- */
/* All inodes into slots; the order; what contradicts itself is bad, and the mount
 * becomes read-only. */
int sysvbfs_slots_load(struct sysvbfs_mount *m);
void sysvbfs_slots_free(struct sysvbfs_mount *m);
/* An unused inode's slot; ENOSPC. */
int sysvbfs_ialloc(struct sysvbfs_mount *m, uint32_t *slotp);
/* The node's inode and blocks are free from now on, on the device too. */
int sysvbfs_ifree(struct sysvbfs_node *np);
/* Inodes without links that no name leads to: an earlier mount was killed. */
int sysvbfs_orphans_free(struct sysvbfs_mount *m);
/* The inode in its block, busy. */
int sysvbfs_inode_buf(struct sysvbfs_mount *m, uint32_t slot, struct buf **bpp,
    struct sysvbfs_inode_disk **dip);
/* From the device; EUCLEAN. */
int sysvbfs_inode_stat(
    struct sysvbfs_mount *m, uint32_t slot, struct rump_stat *st);
/* To the device: some time, or now (its blocks have changed hands). */
int sysvbfs_inode_store(struct sysvbfs_node *np, bool now);
/* Have at least nblks blocks for the file, moving it or others if need be.  The
 * vnode is locked as a writer.  ENOSPC. */
int sysvbfs_grow(struct sysvbfs_node *np, uint32_t nblks);
/* Keep nblks blocks, free the others. */
int sysvbfs_shrink(struct sysvbfs_node *np, uint32_t nblks);
/* m_lock held: the slot has these blocks now. */
void sysvbfs_slot_set(
    struct sysvbfs_mount *m, uint32_t slot, uint32_t first, uint32_t nblks);
/* m_lock held: the first block behind the slot's own that isn't free. */
uint32_t sysvbfs_next_used(const struct sysvbfs_mount *m, uint32_t slot);

/* ---- sysvbfs_move.c ------------------------------------------------------------ */
/* m_lock held, the file's vnode locked as a writer (or nobody has it): copy its
 * blocks to a free place, which may overlap them, and have the inode say so. */
int sysvbfs_move(struct sysvbfs_mount *m, uint32_t slot, uint32_t to);
/* Push files together until nblks blocks for np may be had.  np's vnode is locked as
 * a writer, m_lock isn't held.  Files that others use stay where they are. */
int sysvbfs_compact(struct sysvbfs_node *np, uint32_t nblks);
/* At mount: what the superblock says of an unfinished move. */
int sysvbfs_move_load(
    struct sysvbfs_mount *m, const struct sysvbfs_super_disk *sb);
/* ... and its end, on a mount that may write. */
int sysvbfs_move_finish(struct sysvbfs_mount *m);

/* ---- sysvbfs_bmap.c --------------------------------------------------------------- */
int sysvbfs_bmap(struct vnode *vp, uint64_t off, uint64_t len,
    enum bmap_for how, struct bmap_run *run);

/* ---- sysvbfs_lookup.c ------------------------------------------------------------- */
int sysvbfs_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp);
int sysvbfs_create(struct vnode *dvp, const struct componentname *cn,
    const struct vcreate *vc, struct vnode **vpp);
int sysvbfs_tmpfile(
    struct vnode *dvp, const struct vcreate *vc, struct vnode **vpp);
int sysvbfs_link(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp);
int sysvbfs_remove(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp);
int sysvbfs_rename(const struct rename_args *ra);
int sysvbfs_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp);

/* ---- sysvbfs_vnops.c ---------------------------------------------------------------- */
extern const struct vnodeops sysvbfs_vnodeops;
void sysvbfs_vnode_setup(struct vnode *vp, struct sysvbfs_node *np);
/* Times as TOUCH_* says, to be written some time. */
void sysvbfs_touch(struct vnode *vp, uint32_t what);

#endif /* FS_SYSVBFS_H */
