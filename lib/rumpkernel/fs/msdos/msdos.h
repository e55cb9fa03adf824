/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FAT in core.
 *
 *	msdos_fat.c	the table: entries, chains, free clusters
 *	msdos_check.c	nothing is shared: before the first change
 *	msdos_bmap.c	a file's bytes on the device, a run cache a file
 *	msdos_scan.c	a directory's entries, one after the other
 *	msdos_dir.c	names in a directory: find, enter, remove
 *	msdos_tree.c	".", "..", a directory's own entry, listing
 *	msdos_name.c	long and short names, codepages
 *	msdos_names.c	operations on names: lookup, create, remove, rename
 *	msdos_node.c	nodes: numbers, attributes to entries and back, times
 *	msdos_vnops.c	operations on nodes, the table of them all
 *	msdos_vfsops.c	probe, mount, unmount, totals
 *
 * FAT has no inodes.  A directory's number is that of its first cluster, which never
 * changes; a file's is where its entry stands on the device, in units of entries,
 * with NODE_FILE above; a rename gives it another (vcache_rekey).  A file without a
 * name (unlinked but open, or temporary) gets a number from a counter.
 *
 * Locks.  A node's own members are under its vnode's lock.  The table, the maps of
 * clusters and the counters of the mount are under m_lock (RANK_ALLOCATOR).  The first
 * change of a mount is under m_beginlock.
 */
#ifndef FS_MSDOS_H
#define FS_MSDOS_H

#include "fs/msdos/msdos_geom.h"
#include "fs/msdos/msdos_name.h"
#include "fs/msdos/msdos_ondisk.h"
#include "vfs/buf.h"
#include "vfs/genfs.h"

#define NODE_ROOT     1u /* no cluster has it */
#define NODE_FILE     (UINT64_C(1) << 40)
#define NODE_NAMELESS (UINT64_C(1) << 62)

/* Where a directory's entry was seen last: a hint, checked when used. */
#define WHERE_SLOTS 1024u
struct msdos_where {
	uint32_t w_cluster;
	uint64_t w_off; /* of the short entry, bytes of the device */
};

struct msdos_mount {
	struct mount *m_mp;
	struct blkdev *m_dev;
	struct msdos_geom m_geom;
	uint32_t m_active;  /* the FAT that is read */
	bool m_mirror;	    /* all FATs are written */
	uint32_t m_clshift; /* log2 of the cluster's bytes */
	/* options */
	uint32_t m_uid, m_gid, m_fmask, m_dmask;
	unsigned m_codepage;
	int32_t m_tzoff_sec; /* what is added to UTC for the volume's times */
	/* what the volume says of itself */
	char m_label[40]; /* UTF-8 */
	uint32_t m_volid;
	bool m_oldclean; /* as it was found */
	bool m_begun;	 /* it may be changed, and dirty is on the device */
	bool m_refused;	 /* ... it may not, ever */
	bool m_toldfull; /* that a directory can't have another name */
	kmutex_t m_beginlock;

	kmutex_t m_lock;
	uint8_t *
	    m_used; /* a bit a cluster (0 and 1 too), set: not free.  NULL until
			    the first change */
	uint32_t m_free;     /* clusters; UINT32_MAX: not counted yet */
	uint32_t m_next;     /* where to look for a free one: a hint */
	uint64_t m_nameless; /* the next number without a name */
	struct msdos_where m_where[WHERE_SLOTS];
};

/* A file's chain, sampled every 1 << ch_shift clusters. */
#define CHAIN_ROOM_MIN 256u
#define CHAIN_ROOM_MAX 16384u
#define CHAIN_SHIFT    6u /* at first */
struct msdos_chain {
	uint32_t *ch_at;  /* on the first use */
	uint32_t ch_room; /* how many it holds */
	uint32_t ch_n;
	uint32_t ch_shift;
	/* where the last search ended */
	uint32_t ch_lastidx, ch_lastcl; /* ch_lastcl 0: nowhere */
};

struct msdos_node {
	struct msdos_mount *n_m;
	struct vnode *n_vp;
	struct rump_stat n_st;
	uint32_t
	    n_first; /* cluster; 0: none (FAT12's and FAT16's root, empty files) */
	uint32_t n_count; /* clusters in the chain; UINT32_MAX: not known yet */
	uint32_t
	    n_loop; /* so many, then they repeat; UINT32_MAX: they don't; 0:
			     not known yet */
	uint64_t n_entry; /* its short entry, byte of the device; 0: none */
	uint8_t n_attr;	  /* MSDOS_ATTR_* */
	uint8_t n_lcase;
	bool n_dirty; /* not as in its entry */
	struct msdos_chain n_chain;
	/* directories */
	uint32_t n_end; /* byte of the first entry never used */
	bool n_endknown;
	uint32_t n_hint;  /* no free entries below it .. */
	uint32_t n_norun; /* ... and no run of so many anywhere; 0: unknown */
};

static inline struct msdos_mount *
msdos_mount_of(const struct mount *mp)
{
	return mp->mnt_data;
}
static inline struct msdos_node *
msdos_node_of(const struct vnode *vp)
{
	return vp->v_data;
}
static inline bool
msdos_isdir(const struct msdos_node *np)
{
	return (np->n_attr & MSDOS_ATTR_DIR) != 0;
}
/* FAT12's and FAT16's, which is no chain. */
static inline bool
msdos_fixedroot(const struct msdos_node *np)
{
	return np->n_first == 0 && np->n_st.st_ino == NODE_ROOT;
}
/* Is it the number of a cluster that can hold data? */
static inline bool
msdos_cluster_ok(const struct msdos_mount *m, uint32_t c)
{
	return c >= MSDOS_FIRST_CLUSTER &&
	    c - MSDOS_FIRST_CLUSTER < m->m_geom.mg_clusters;
}

/* ---- msdos_vfsops.c ------------------------------------------------------- */
/* Say what is wrong with the image; EUCLEAN. */
#define msdos_damage(m, ino, ...) mount_damage((m)->m_mp, (ino), __VA_ARGS__)
/* Before a change: EROFS, or the volume is sound and marked as in use. */
int msdos_begin(struct msdos_mount *m);

/* ---- msdos_fat.c ------------------------------------------------------------ */
#define FAT_FREE 0u
#define FAT_BAD	 0x0ffffff7u
#define FAT_END	 0x0fffffffu
/* The entry, of any width as FAT32's 28 bits: FAT_FREE, FAT_BAD, FAT_END, or a
 * number (any: who follows it checks). */
int msdos_fat_get(struct msdos_mount *m, uint32_t cluster, uint32_t *valp);
/* From a cluster that belongs to the chain on, as far as the clusters follow each
 * other: how many (1 to max), and what comes after (checked: FAT_END or a cluster's
 * number).  EUCLEAN. */
int msdos_fat_run(struct msdos_mount *m, uint64_t ino, uint32_t cluster,
    uint32_t max, uint32_t *lenp, uint32_t *nextp);
/* The same, and what comes after is anything. */
int msdos_fat_peek(struct msdos_mount *m, uint32_t cluster, uint32_t max,
    uint32_t *lenp, uint32_t *nextp);
/*
 * Up to want clusters in one piece, near goal (0: anywhere), linked to each other
 * and ended; after tail (0: none) if that is one.  ENOSPC.
 */
int msdos_fat_alloc(struct msdos_mount *m, uint32_t tail, uint32_t goal,
    uint32_t want, uint32_t *firstp, uint32_t *lenp);
/* Free the chain from first on; keep (not 0): its cluster, which is the end now. */
int msdos_fat_free(
    struct msdos_mount *m, uint64_t ino, uint32_t keep, uint32_t first);
/* All entries once: how many are free; with maps, which are not, and which are led
 * to.  EUCLEAN: two lead to one. */
int msdos_fat_scan(
    struct msdos_mount *m, uint8_t *used, uint8_t *led, uint32_t *freep);
/* The map of used clusters (a bit a cluster, 0 and 1 too) is the mount's now. */
void msdos_fat_setmap(struct msdos_mount *m, uint8_t *used, uint32_t nfree);
/* Free clusters; counts them if need be. */
int msdos_fat_count(struct msdos_mount *m, uint32_t *freep);
/* The clean bit in the FAT's second entry; at once. */
int msdos_fat_mark(struct msdos_mount *m, bool clean);
/* Is the volume's clean bit set? */
int msdos_fat_isclean(struct msdos_mount *m, bool *cleanp);
/* FSInfo as it is now, into its buffer. */
int msdos_fsinfo_put(struct msdos_mount *m);
int msdos_fsinfo_get(struct msdos_mount *m);
void msdos_fat_destroy(struct msdos_mount *m);

/* ---- msdos_check.c ------------------------------------------------------------- */
/* Before the first change: no cluster belongs to two files (EUCLEAN); on a volume that
 * is being built nothing is looked at but which clusters are used. */
int msdos_check(struct msdos_mount *m);

/* ---- msdos_bmap.c -------------------------------------------------------------- */
int msdos_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run);
/* Cluster idx of the file: its number and how many follow it in one piece (at most
 * max).  ENOENT: the chain is shorter. */
int msdos_chain_find(struct msdos_node *np, uint32_t idx, uint32_t max,
    uint32_t *clusterp, uint32_t *lenp);
/* Have at least count clusters; ENOSPC leaves it as it was. */
int msdos_chain_grow(struct msdos_node *np, uint32_t count);
/* Keep count clusters; the entry isn't written. */
int msdos_chain_cut(struct msdos_node *np, uint32_t count);
/* How many clusters it has. */
int msdos_chain_count(struct msdos_node *np, uint32_t *countp);
void msdos_chain_forget(struct msdos_node *np);

/* ---- msdos_node.c ---------------------------------------------------------------- */
struct msdos_node *msdos_node_alloc(struct msdos_mount *m); /* zeroed */
void msdos_node_free(struct msdos_node *np);
extern struct kmem_pool *msdos_node_pool;
int msdos_loadvnode(struct mount *mp, struct vnode *vp);
int msdos_statino(struct mount *mp, uint64_t ino, struct rump_stat *st);
/* The number of what an entry at that byte of the device stands for; a directory's
 * place is remembered.  EUCLEAN: it leads nowhere. */
int msdos_entry_ino(struct msdos_mount *m, uint64_t off,
    const struct msdos_dirent_disk *de, uint64_t *inop);
/* The number of the directory that begins with cluster; 0: the root. */
uint64_t msdos_dir_ino(const struct msdos_mount *m, uint32_t cluster);
/* The node's attributes into its entry, some time. */
int msdos_node_store(struct msdos_node *np);
/* ... into that entry: all but the name. */
void msdos_node_encode(
    const struct msdos_node *np, struct msdos_dirent_disk *de);
void msdos_vnode_setup(struct vnode *vp, struct msdos_node *np);
/* Attributes of something new. */
void msdos_node_fresh(struct msdos_node *np, const struct vcreate *vc);
/* The block with the entry at that byte of the device, busy, and the entry. */
int msdos_entry_buf(struct msdos_mount *m, uint64_t off, struct buf **bpp,
    struct msdos_dirent_disk **dep);
uint32_t msdos_entry_cluster(
    const struct msdos_mount *m, const struct msdos_dirent_disk *de);
/* As the format can tell it: seconds, tens of milliseconds, or days. */
enum msdos_grain { MSDOS_2S, MSDOS_10MS, MSDOS_DAY };
void msdos_time_round(const struct msdos_mount *m, struct rump_timespec *ts,
    enum msdos_grain grain);
uint32_t msdos_mode_of(const struct msdos_mount *m, uint8_t attr);
/* Fields for another mode and flags: what can't be held is warned of. */
void msdos_set_mode(struct msdos_node *np, uint32_t mode);
int msdos_set_flags(struct msdos_node *np, uint32_t flags);

/* ---- msdos_dir.c -------------------------------------------------------------------- */
/* A name's entries in a directory. */
struct msdos_found {
	uint32_t mf_off;   /* of the first one in the directory, bytes */
	uint32_t mf_n;	   /* long name's pieces and the short one */
	uint64_t mf_entry; /* the short one, byte of the device */
	struct msdos_dirent_disk mf_de;
};
/* By long or short name, without case.  ENOENT. */
int msdos_dir_find(
    struct vnode *dvp, const char *name, size_t len, struct msdos_found *f);
/* A new name for np, whose attributes are in it; np->n_entry is set.  ENOSPC leaves
 * the directory as it was. */
int msdos_dir_enter(
    struct vnode *dvp, const char *name, size_t len, struct msdos_node *np);
int msdos_dir_remove(struct vnode *dvp, const struct msdos_found *f);
int msdos_dir_isempty(struct vnode *vp); /* ENOTEMPTY */

/* ---- msdos_tree.c ----------------------------------------------------------------- */
/* The first cluster of a new directory, with "." and "..". */
int msdos_dir_make(struct msdos_node *np, const struct msdos_node *parent);
/* ".." leads there. */
int msdos_dir_reparent(struct msdos_node *np, const struct msdos_node *parent);
/* The first cluster that ".." says; 0: the root. */
int msdos_dir_parent(struct msdos_node *np, uint32_t *clusterp);
/* The entry of the directory that begins with cluster, in its parent: its byte on
 * the device. */
int msdos_dir_locate(struct msdos_mount *m, uint32_t cluster, uint64_t *offp);
/* A node for scanning only, no vnode: the directory that begins with cluster (0: the
 * root).  NULL: ENOMEM; else to be freed whatever *errorp says. */
struct msdos_node *msdos_dir_bare(
    struct msdos_mount *m, uint32_t cluster, int *errorp);
int msdos_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp);
/* The volume's label, from the root directory, in UTF-8; "": none. */
int msdos_dir_label(struct msdos_node *root, char label[40]);

/* ---- msdos_names.c -------------------------------------------------------------------- */
int msdos_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp);
int msdos_create(struct vnode *dvp, const struct componentname *cn,
    const struct vcreate *vc, struct vnode **vpp);
int msdos_tmpfile(
    struct vnode *dvp, const struct vcreate *vc, struct vnode **vpp);
int msdos_link(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp);
int msdos_remove(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp);
int msdos_rmdir(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp);
int msdos_rename(const struct rename_args *ra);

/* ---- msdos_vnops.c ----------------------------------------------------------------------- */
extern const struct vnodeops msdos_vnodeops;
void msdos_touch(struct vnode *vp, uint32_t what);

#endif /* FS_MSDOS_H */
