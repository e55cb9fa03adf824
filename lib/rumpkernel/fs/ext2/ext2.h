/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext2 in core: the mount, the node, and what the driver's files offer each
 * other.
 *
 * Block numbers count from the start of the device; 0 as a file's block is a
 * hole.  At most one buffer of a mapping, directory or attribute block is busy in
 * a thread at a time (a hostile image can make any two of them the same block);
 * bitmaps, descriptors and inode tables lie in the system zone, where such blocks
 * are refused, so that theirs may be had beside it.
 *
 * Lock order: vnodes, m_orphanlock, m_lock, buffers.
 *
 * Buffers of the inode tables always hold what the nodes in core hold (each
 * change goes there at once), so that vfs_statino needs no node.
 */
#ifndef EXT2_H
#define EXT2_H

#include "fs/ext2/ext2_csum.h"
#include "fs/ext2/ext2_ondisk.h"
#include "kern/kdefs.h"
#include "kern/klist.h"
#include "kern/klock.h"
#include "vfs/buf.h"
#include "vfs/genfs.h"
#include "vfs/mount.h"
#include "vfs/vnode.h"

struct ext2_node;
struct ext2_group {
	uint64_t g_bbitmap, g_ibitmap, g_itable; /* blocks */
	uint32_t g_free_blocks, g_free_inodes, g_used_dirs;
	uint32_t g_maxrun; /* no longer run of free blocks than this */
	uint32_t g_bhint;  /* all blocks of the group below it are used */
	uint32_t g_ihint;  /* ... inodes */
	uint8_t *g_freed;  /* freed blocks that can't be had before a commit */
	uint32_t g_state;
#define EG_BCHECKED 0x1u /* the block bitmap was compared with the counts */
#define EG_BBAD	    0x2u /* ... and isn't to be touched */
#define EG_ICHECKED 0x4u
#define EG_IBAD	    0x8u
#define EG_BSUM	    0x10u /* the block bitmap has changed: its sum is to follow */
#define EG_FROZEN   0x40u /* no memory for g_freed: nothing before a commit */
#define EG_ISUM	    0x20u /* ... the inode bitmap's */
	uint32_t g_flags; /* EXT2_BGF_*, where there are checksums */
	uint32_t g_itunused; /* inodes at the table's end never used yet */
	uint32_t g_bsum,
	    g_isum; /* of the bitmaps, as the descriptor has them */
};

/*
 * What a buffer's content was checked as, and whose it is: b_checked, so that
 * each is checked once a load, and never trusted as something else.
 */
enum ext2_checked {
	EXT2_CK_NONE,
	EXT2_CK_GROUPS,
	EXT2_CK_BBITMAP, /* owner: the group */
	EXT2_CK_IBITMAP,
	EXT2_CK_DIR, /* owner: the inode */
	EXT2_CK_DXROOT,
	EXT2_CK_DXNODE,
	EXT2_CK_EXTENT,
	EXT2_CK_XATTR, /* owner: 0 */
	EXT2_CK_ORPHAN,
};
static inline uint64_t
ext2_checked(enum ext2_checked what, uint32_t owner)
{
	return (uint64_t)what << 32 | owner;
}

/* Blocks [er_start, er_end) */
struct ext2_range {
	uint64_t er_start, er_end;
};

struct ext2_mount {
	struct mount *m_mp;
	struct blkdev *m_dev;
	/* of the superblock, checked; constant but for a trim */
	uint32_t m_bsize, m_bshift; /* block */
	uint32_t m_isize, m_ipb;    /* inode; inodes a block */
	uint32_t m_ipg, m_bpg;	    /* inodes and blocks a group */
	uint32_t m_itblks;	    /* blocks of an inode table */
	uint32_t m_groups, m_inodes;
	uint32_t m_first;	   /* first data block */
	uint32_t m_sbblk;	   /* where the superblock is */
	uint32_t m_clshift, m_cpg; /* bigalloc: blocks a cluster, as a shift;
	                              clusters a group */
	uint32_t m_firstino;
	uint32_t m_gdblks, m_descsize;
	uint32_t m_firstmeta; /* from this block of descriptors on: meta_bg */
	uint32_t m_apb, m_apbshift; /* addresses a block */
	uint16_t m_extra;	    /* i_extra_isize of new inodes */
	uint32_t m_compat, m_incompat, m_rocompat; /* 0 in revision 0 */
	uint32_t m_seed;			   /* of checksums */
	bool m_nocsum;	   /* the option: don't verify */
	bool m_csum;	   /* metadata_csum: to be written */
	bool m_csumverify; /* ... and verified */
	bool m_gdcsum;	   /* descriptors have checksums and flags */
	bool
	    m_norecovery; /* the option: show the log's blocks where they were */
	bool m_replayed;  /* m_dev is an overlay with the log's blocks */
	bool m_nojournal; /* the option: changes go straight to their places */
	bool
	    m_datajournal; /* the option: files' data goes through the log too */
	struct ext2_journal *m_journal; /* all changes go through it; NULL */
	bool m_filetype;
	bool m_building;
	uint64_t m_blocks, m_reserved;
	uint64_t m_maxfile;	  /* bytes, of a file with a block tree */
	uint64_t m_maxextfile;	  /* ... with extents */
	struct ext2_range *m_sys; /* the system zone, sorted, apart */
	uint32_t m_nsys, m_sysroom;
	/* under m_lock */
	kmutex_t m_lock;
	struct ext2_super_disk m_sb; /* as it is to be written */
	struct ext2_group *m_grp;
	uint8_t *m_scratch;  /* a bitmap, with m_journal */
	uint8_t *m_gdtdirty; /* a bit for each block of descriptors */
	uint64_t m_free_blocks, m_free_inodes;
	uint64_t m_freed; /* of the free ones: not before a commit */
	uint32_t m_cursor, m_icursor; /* building: groups in front are full */
	struct ext2_node *m_dirs;     /* building: keeps their window */
	uint64_t m_ndirblks;	      /* ... and how many blocks they have */
	uint16_t m_oldstate;	      /* s_state when it was mounted */
	bool m_marked;		      /* the image says that it is in use */
	struct klist m_windows;	      /* of nodes: room kept for appending */
	/* under m_orphanlock */
	kmutex_t m_orphanlock;
	struct klist m_orphans; /* nodes, as the list on disk has them */
};

struct ext2_node {
	struct vnode *n_vp; /* NULL: one in passing */
	struct ext2_mount *n_m;
	uint32_t n_ino;
	uint32_t n_flags; /* EXT2_IF_* */
	struct rump_stat n_st;
	le32_t n_block[EXT2_NADDR]; /* as on disk; a fast symlink's target */
	uint64_t n_acl;		    /* block of attributes */
	uint32_t n_dtime;	    /* also the next orphan */
	uint16_t n_extra;	    /* i_extra_isize */
	bool n_fresh;		    /* nothing stored yet */
	bool n_dirty;		    /* the last store failed */
	uint64_t
	    n_leaf; /* last indirect block met: (index + 1) << 32 | block */
	uint64_t n_goal_lbn,
	    n_goal;		  /* where that block of the file should go */
	uint64_t n_win, n_winend; /* window: m_lock's */
	struct klink n_winlink, n_orphlink;
	uint8_t *n_inline; /* inline data, once it was asked for */
	uint32_t n_inlinelen;
	uint32_t n_dirhint; /* directory: blocks in front have little room */
};

static inline struct ext2_mount *
ext2_mount_of(const struct mount *mp)
{
	return mp->mnt_data;
}
static inline struct ext2_node *
ext2_node_of(const struct vnode *vp)
{
	return vp->v_data;
}
/* Has it all of these features? */
static inline bool
ext2_compat(const struct ext2_mount *m, uint32_t bits)
{
	return (m->m_compat & bits) == bits;
}
static inline bool
ext2_incompat(const struct ext2_mount *m, uint32_t bits)
{
	return (m->m_incompat & bits) == bits;
}
static inline bool
ext2_rocompat(const struct ext2_mount *m, uint32_t bits)
{
	return (m->m_rocompat & bits) == bits;
}
/* The largest size of a file, bytes, as its map is. */
static inline uint64_t
ext2_maxsize(const struct ext2_mount *m, uint32_t iflags)
{
	return (iflags & EXT2_IF_EXTENTS) != 0 ? m->m_maxextfile : m->m_maxfile;
}
/* Do a node's blocks go through the buffer cache? */
static inline bool
ext2_buffered(const struct ext2_node *np)
{
	return (np->n_st.st_mode & RUMP_S_IFMT) != RUMP_S_IFREG ||
	    np->n_m->m_datajournal;
}
static inline uint64_t
ext2_blkoff(const struct ext2_mount *m, uint64_t blk)
{
	return blk << m->m_bshift;
}
static inline uint32_t
ext2_spb(const struct ext2_mount *m) /* 512-byte units a block */
{
	return m->m_bsize >> 9;
}
static inline uint64_t
ext2_group_start(const struct ext2_mount *m, uint32_t g)
{
	return m->m_first + (uint64_t)g * m->m_bpg;
}
static inline uint32_t
ext2_group_blocks(const struct ext2_mount *m, uint32_t g)
{
	return (uint32_t)kmin(m->m_bpg, m->m_blocks - ext2_group_start(m, g));
}
static inline uint32_t
ext2_group_of_block(const struct ext2_mount *m, uint64_t blk)
{
	return (uint32_t)((blk - m->m_first) / m->m_bpg);
}

/* ---- ext2_super.c ------------------------------------------------------- */
/* Read the superblock: 0, EINVAL (there is none), EIO. */
int ext2_super_read(struct blkdev *dev, struct ext2_super_disk *sb);
/* The words of features into m; is the checksum right?  EUCLEAN, said. */
int ext2_super_words(struct ext2_mount *m, const struct ext2_super_disk *sb);
/* Check each field that arithmetic rests on, into m: EUCLEAN, EOPNOTSUPP, said. */
int ext2_super_load(struct ext2_mount *m, const struct ext2_super_disk *sb);
const char *ext2_super_typename(const struct ext2_super_disk *sb);
void ext2_uuid_string(const uint8_t uuid[16], char *buf, size_t size);
bool ext2_has_super(const struct ext2_mount *m, uint32_t g);
/* Put m_sb into its buffer: delayed, or at once.  m_lock held. */
int ext2_super_put(struct ext2_mount *m, bool now);

/* ---- ext2_feature.c ------------------------------------------------------ */
/* What features allow: EOPNOTSUPP, or mnt_flags gain RUMP_MNT_RDONLY; said. */
int ext2_super_features(struct ext2_mount *m, const struct ext2_super_disk *sb);

/* ---- ext2_mmp.c ------------------------------------------------------------ */
/* Has another one the file system mounted?  A warning; EUCLEAN. */
int ext2_mmp_look(struct ext2_mount *m);

/* ---- ext2_group.c ------------------------------------------------------- */
/* Where block b of the descriptors is. */
uint64_t ext2_gdt_block(const struct ext2_mount *m, uint32_t b);
int ext2_groups_load(struct ext2_mount *m);
void ext2_groups_free(struct ext2_mount *m);
void ext2_group_dirty(struct ext2_mount *m, uint32_t g);
void ext2_group_encode(
    struct ext2_mount *m, uint32_t g, struct ext2_group_disk *gd);
/* Counts and descriptors into their buffers.  m_lock held. */
int ext2_groups_put(struct ext2_mount *m);
/* The first of the system zone's ranges that ends behind blk. */
uint32_t ext2_sys_find(const struct ext2_mount *m, uint64_t blk);
bool ext2_sys_overlap(const struct ext2_mount *m, uint64_t blk, uint64_t n);
/* May a file's data or mapping lie there? */
bool ext2_blocks_sane(const struct ext2_mount *m, uint64_t blk, uint64_t n);

/* ---- ext2_state.c: marks --------------------------------------------------- */
/* Before anything is changed: EROFS, or the mark is set. */
int ext2_begin(struct ext2_mount *m);
int ext2_mark_clean(struct ext2_mount *m);
/* Say what is wrong with the image; EUCLEAN. */
#define ext2_damage(m, ino, ...) mount_damage((m)->m_mp, (ino), __VA_ARGS__)
/* A checksum that isn't right: a line, and EUCLEAN.  fmt: "group 3: the block bitmap". */
/* What can't be done with a node, and why: a line, and EOPNOTSUPP. */
int ext2_refuse(struct ext2_mount *m, uint64_t ino, const char *why);
int ext2_csum_bad(struct ext2_mount *m, uint64_t ino, uint32_t is,
    uint32_t should, const char *fmt, ...) KPRINTF(5, 6);
/* A feature comes into use (large_file, ext_attr). */
int ext2_need_compat(struct ext2_mount *m, uint32_t bits);
int ext2_need_rocompat(struct ext2_mount *m, uint32_t bits);

/* ---- ext2_inode.c --------------------------------------------------------- */
/* An inode in its buffer: busy, to be released by the caller.  _get: its checksum
 * was verified; ESTALE where the group says that it was never used; EUCLEAN. */
int ext2_inode_buf(struct ext2_mount *m, uint32_t ino, struct buf **bpp,
    struct ext2_inode_disk **dip);
int ext2_inode_get(struct ext2_mount *m, uint32_t ino, struct buf **bpp,
    struct ext2_inode_disk **dip);
/* It has changed: its checksum, and a delayed write. */
void ext2_inode_write(struct ext2_mount *m, uint32_t ino, struct buf *bp,
    struct ext2_inode_disk *di);
bool ext2_ino_usable(const struct ext2_mount *m, uint64_t ino);
/* Its attributes; EUCLEAN with a line. */
/* Has it no extended attributes?  false: maybe. */
bool ext2_inode_bare(
    const struct ext2_mount *m, const struct ext2_inode_disk *di);
int ext2_inode_stat(struct ext2_mount *m, uint32_t ino,
    const struct ext2_inode_disk *di, struct rump_stat *st);
int ext2_node_load(struct ext2_mount *m, uint32_t ino, struct ext2_node *np);
void ext2_node_init(struct ext2_mount *m, uint32_t ino, struct ext2_node *np);
int ext2_node_store(struct ext2_node *np);
uint32_t ext2_flags_to_bsd(uint32_t flags);
/* mode: the node's, with its type.  EOPNOTSUPP: one has no place on disk, or such a
 * node can't have it. */
int ext2_flags_from_bsd(uint32_t bsd, uint32_t mode, uint32_t *flagsp);
int ext2_rdev_put(struct ext2_node *np, uint64_t rdev);
bool ext2_fastlink(const struct ext2_node *np);
static inline void
ext2_add_blocks(struct ext2_node *np, int64_t nblks)
{
	int64_t d = nblks * (int64_t)ext2_spb(np->n_m);

	if (d < 0 && (uint64_t)-d > np->n_st.st_blocks)
		np->n_st.st_blocks = 0;
	else
		np->n_st.st_blocks += (uint64_t)d;
}

/* ---- ext2_alloc.c: blocks ---------------------------------------------------- */
/* A run of 1..want free blocks, at goal or after it if that can be, with extra
 * ones behind that are kept for np's next call (0: leaves np's window alone).
 * ENOSPC. */
int ext2_balloc(struct ext2_mount *m, struct ext2_node *np, uint64_t goal,
    uint64_t want, uint64_t extra, uint64_t *startp, uint64_t *gotp);
void ext2_bfree(struct ext2_mount *m, uint64_t start, uint64_t n);
/* Is the block marked as used?  (I/O errors: no.) */
bool ext2_bused(struct ext2_mount *m, uint64_t blk);
/* A commit is done: what was freed before may be given out again.  m_lock held. */
void ext2_bfreed_release(struct ext2_mount *m);
void ext2_window_drop(struct ext2_node *np);
uint64_t ext2_group_goal(struct ext2_mount *m, uint32_t ino);
/* The block bitmap, compared with the counts at first; m_lock held.  EUCLEAN. */
int ext2_group_bitmap(struct ext2_mount *m, uint32_t g, struct buf **bpp);

/* ---- ext2_ialloc.c: inodes ---------------------------------------------------- */
int ext2_ialloc(struct ext2_mount *m, const struct ext2_node *dnp, bool dir,
    uint32_t *inop);
void ext2_ifree(struct ext2_mount *m, uint32_t ino, bool dir);
/* The inode bitmap, compared with the counts at first; m_lock held.  EUCLEAN. */
int ext2_group_ibitmap(struct ext2_mount *m, uint32_t g, struct buf **bpp);

/* ---- ext2_bitmap.c: bitmaps as bytes ------------------------------------------ */
/* A group's bitmap, busy: read and its checksum compared, or made where the group
 * says that it has none yet.  EUCLEAN, said.  m_lock held. */
int ext2_bbitmap_read(struct ext2_mount *m, uint32_t g, struct buf **bpp);
int ext2_ibitmap_read(struct ext2_mount *m, uint32_t g, struct buf **bpp);
/* One has changed: to be written, with its descriptor. */
void ext2_bbitmap_dirty(struct ext2_mount *m, uint32_t g, struct buf *bp);
void ext2_ibitmap_dirty(struct ext2_mount *m, uint32_t g, struct buf *bp);
/* What the descriptor is to say. */
uint32_t ext2_bbitmap_sum(const struct ext2_mount *m, const uint8_t *map);
uint32_t ext2_ibitmap_sum(const struct ext2_mount *m, const uint8_t *map);

/* ---- ext2_bmap.c: the block tree ------------------------------------------- */
#define EXT2_MAXDEPTH 3
/* The way to block lbn through the tree: how many levels of indirect blocks, and
 * the index in i_block and in each.  EFBIG. */
int ext2_path(const struct ext2_mount *m, uint64_t lbn,
    uint32_t idx[EXT2_MAXDEPTH + 1], unsigned *depthp);
/* The run that starts at file block lbn: *pblkp (0: hole), *cntp (1..max).  What
 * is unwritten is a hole here. */
int ext2_map(struct ext2_node *np, uint64_t lbn, uint64_t max, uint64_t *pblkp,
    uint64_t *cntp);
/* An indirect block: read, entry i. */
int ext2_indirect_read(struct ext2_node *np, uint64_t blk, struct buf **bpp);
/* Allocate up to max blocks for the hole that starts at lbn (at least max long);
 * one run, *cntp of them. */
int ext2_fill_hole(struct ext2_node *np, uint64_t lbn, uint64_t max,
    uint64_t *pblkp, uint64_t *cntp);
/* ... for content that comes later: *unwrittenp where the map can say so, else the
 * caller sees to zeros. */
int ext2_fill_later(struct ext2_node *np, uint64_t lbn, uint64_t max,
    uint64_t *pblkp, uint64_t *cntp, bool *unwrittenp);
/* As ext2_map(), and whether what is there is unwritten. */
int ext2_map_kind(struct ext2_node *np, uint64_t lbn, uint64_t max,
    uint64_t *pblkp, uint64_t *cntp, bool *unwrittenp);
int ext2_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run);

/* ---- ext2_extent.c: extent trees (EXT2_IF_EXTENTS) ---------------------------- */
/* As ext2_map(); *unwrittenp: the blocks are there and read as zeros. */
int ext2_ext_map(struct ext2_node *np, uint64_t lbn, uint64_t max,
    uint64_t *blkp, uint64_t *cntp, bool *unwrittenp);
/* A node without blocks gets an empty tree. */
void ext2_ext_init(struct ext2_node *np);
/* Enter a run into a hole of at least its length; the caller counts the blocks, and
 * stores the inode, on errors too.  ENOSPC: a node was needed. */
int ext2_ext_insert(struct ext2_node *np, uint64_t lbn, uint64_t blk,
    uint64_t cnt, bool unwritten);
/* As ext2_fill_hole(), from goal on, extra blocks kept behind. */
int ext2_ext_fill(struct ext2_node *np, uint64_t lbn, uint64_t goal,
    uint64_t max, uint64_t extra, bool unwritten, uint64_t *blkp,
    uint64_t *cntp);
/* Blocks [lbn, lbn + cnt), all there, are written from now on. */
int ext2_ext_convert(struct ext2_node *np, uint64_t lbn, uint64_t cnt);
/* Free the blocks of file blocks [from, to). */
int ext2_ext_remove(struct ext2_node *np, uint64_t from, uint64_t to);
/* The blocks of np's tree get the checksums that they need in as. */
int ext2_ext_resum(struct ext2_node *np, struct ext2_node *as);

/* ---- ext2_trunc.c -------------------------------------------------------------- */
/* Free the blocks of file blocks [from, to). */
int ext2_free_range(struct ext2_node *np, uint64_t from, uint64_t to);

/* ---- ext2_dirent.c: blocks of directories ------------------------------------------ */
extern const struct dirpack_fmt ext2_dirfmt; /* ctx: the mount */
int ext2_rec_get(const void *ctx, const uint8_t *p, uint32_t room,
    struct dirpack_ent *de, const char **whyp);
void ext2_rec_put(const void *ctx, uint8_t *p, const struct dirpack_ent *de);
uint32_t ext2_dir_nblks(const struct ext2_node *np);
/* A line about the byte off of block lbn, and EUCLEAN. */
int ext2_dir_bad(
    const struct ext2_node *np, uint32_t lbn, uint32_t off, const char *why);
/* A block, busy; what follows it on the device is read too. */
int ext2_dir_block(struct ext2_node *np, uint32_t lbn, struct buf **bpp);
/* One free record, and a tail for the checksum where there is one. */
void ext2_dir_clear(const struct ext2_mount *m, uint8_t *blk);
/* A new last block, one free record: busy. */
int ext2_dir_grow(struct ext2_node *np, uint32_t lbn, struct buf **bpp);
/* Bytes of a block that are records: all, but for the tail that holds a checksum. */
uint32_t ext2_dir_room(const struct ext2_mount *m, const uint8_t *blk);
/* A block has changed: its checksum, and it is written some time. */
void ext2_dir_write(struct ext2_node *np, struct buf *bp);
/* The first block of a new directory: "." and "..". */
int ext2_dir_make(struct vnode *vp, uint32_t parent);

/* ---- ext2_lookup.c: directory entries -------------------------------------------- */
int ext2_dir_find(
    struct vnode *dvp, const char *name, size_t len, uint32_t *inop);
int ext2_dir_enter(struct vnode *dvp, const char *name, size_t len,
    uint32_t ino, enum vtype type);
int ext2_dir_remove(struct vnode *dvp, const char *name, size_t len);
/* Lead a name to another inode; times are the caller's business. */
int ext2_dir_rewrite(struct vnode *dvp, const char *name, size_t len,
    uint32_t ino, enum vtype type);

/* ---- ext2_readdir.c --------------------------------------------------------------- */
int ext2_dir_isempty(struct vnode *vp); /* ENOTEMPTY */
/* Hand the nth record of a block to sink, as it is to be shown; off: of its first
 * byte; next: the cookie behind it.  *stopp: the sink has enough. */
int ext2_dir_emit(struct ext2_node *np, uint32_t lbn, uint32_t off,
    uint32_t nth, const struct dirpack_ent *de, struct dirsink *sink,
    uint64_t next, bool *stopp);

/* ---- ext2_nameform.c: names that aren't compared as bytes ------------------------- */
static inline bool
ext2_names_special(const struct ext2_node *np)
{
	return (np->n_flags & (EXT2_IF_CASEFOLD | EXT2_IF_ENCRYPT)) != 0;
}
/* An encrypted name as it is shown; its length. */
size_t ext2_name_show(
    const char *name, size_t len, char out[EXT2_NAME_MAX + 1]);
bool ext2_name_equal(const struct ext2_node *np, const struct dirpack_ent *de,
    const char *name, size_t len);
/* Find a name by looking at all entries. */
int ext2_name_scan(
    struct ext2_node *np, const char *name, size_t len, uint32_t *inop);

/* ---- ext2_inline.c: data in the inode (EXT2_IF_INLINE_DATA) ------------------------ */
/* All bytes: the node's, until it goes. */
int ext2_inline_get(
    struct ext2_node *np, const uint8_t **datap, uint32_t *lenp);
void ext2_inline_free(struct ext2_node *np);
int ext2_inline_bmap(
    struct ext2_node *np, uint64_t off, uint64_t len, struct bmap_run *run);
int ext2_inline_find(
    struct ext2_node *np, const char *name, size_t len, uint32_t *inop);
int ext2_inline_readdir(
    struct ext2_node *np, struct dirsink *sink, uint64_t *cookiep, bool *eofp);
int ext2_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp);

/* ---- ext2_names.c ----------------------------------------------------------------- */
int ext2_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp);
int ext2_create(struct vnode *dvp, const struct componentname *cn,
    const struct vcreate *vc, struct vnode **vpp);
int ext2_tmpfile(
    struct vnode *dvp, const struct vcreate *vc, struct vnode **vpp);
int ext2_link(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp);
int ext2_remove(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp);
int ext2_rmdir(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp);
int ext2_rename(const struct rename_args *ra);
int ext2_touchnode(struct ext2_node *np, uint32_t what);

/* ---- ext2_orphan.c ------------------------------------------------------------------- */
int ext2_orphan_add(struct ext2_node *np);
int ext2_orphan_remove(struct ext2_node *np);
/* Free a node without names and all it has. */
int ext2_node_destroy(struct ext2_node *np);
/* Orphans that were left on a mount that is to be written. */
int ext2_orphans_clean(struct ext2_mount *m);
/* Is there a root directory?  EUCLEAN, said. */
int ext2_root_check(struct ext2_mount *m);

/* ---- ext2_xattr.c, ext2_acl.c ---------------------------------------------------------- */
int ext2_getxattr(struct vnode *vp, const char *name, void *buf, size_t *lenp);
int ext2_setxattr(struct vnode *vp, const char *name, const void *value,
    size_t len, uint32_t flags);
int ext2_listxattr(struct vnode *vp, char *buf, size_t *lenp);
/* Drop the node's block of attributes (shared: one user less). */
int ext2_xattr_drop(struct ext2_node *np);
/* An access ACL follows the mode. */
int ext2_acl_chmod(struct vnode *vp);
/* A new node, stored already, gets its directory's default list, if there is one,
 * with the mode's bits taken from it (not from the umask). */
int ext2_acl_inherit(
    struct ext2_node *dnp, struct ext2_node *np, bool dir, uint32_t mode);
/* Between the form that programs see and the one on disk; *lenp in: room. */
int ext2_acl_todisk(const void *value, size_t len, void *out, size_t *lenp);
int ext2_acl_fromdisk(const void *disk, size_t len, void *out, size_t *lenp);
/* Mode bits of an ACL in the form on disk; *modep is changed. */
void ext2_acl_mode(const void *disk, size_t len, uint32_t *modep);
/* The ACL with the mode's bits, in place. */
void ext2_acl_setmode(void *disk, size_t len, uint32_t mode);

/* ---- ext2_trim.c, ext2_vfsops.c, ext2_vnops.c ------------------------------------------- */
int ext2_trim(struct mount *mp, uint64_t spare_bytes, uint64_t *sizep);
int ext2_inodes(
    struct mount *mp, uint64_t *inop, bool deleted, struct inode_info *ii);
int ext2_statvfs(struct mount *mp, struct rump_statvfs *st);
struct ext2_mount *ext2_mount_alloc(struct mount *mp, struct blkdev *dev);
void ext2_mount_free(struct ext2_mount *m);
/* Superblock and groups into m. */
int ext2_mount_load(struct ext2_mount *m);
void ext2_vnode_setup(struct vnode *vp, struct ext2_node *np);
struct ext2_node *ext2_node_alloc(void);
void ext2_node_free(struct ext2_node *np);
extern const struct vnodeops ext2_vnodeops;
extern const struct vfsops ext2_vfsops;

#endif /* EXT2_H */
