/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What drivers share, once: I/O over vop_bmap, permission checks, times,
 * rename, directory packing and hashing.
 */
#ifndef VFS_GENFS_H
#define VFS_GENFS_H

#include "vfs/mount.h"
#include "vfs/vnode.h"

struct buf;

/* ---- genfs_io.c: regular files ------------------------------------------ */
/* For the vnodeops table.  Reads stop at v_size.  Writes past v_size zero the gap,
 * grow through vop_setsize; what was written before an error counts. */
int genfs_read(struct vnode *vp, struct uio *uio, const struct kcred *cred);
int genfs_write(struct vnode *vp, struct uio *uio, const struct kcred *cred);
/* Set the size: zeroes the tail (shrinking) or the rest of the last block
 * (growing) first.  vp W.  EFBIG. */
int genfs_truncate(struct vnode *vp, uint64_t size);
/* fallocate(2): flags RUMP_FALLOC_*.  vp W. */
int genfs_fallocate(
    struct vnode *vp, uint32_t flags, uint64_t off, uint64_t len);
/* SEEK_DATA / SEEK_HOLE: *offp in and out.  ENXIO.  vp R. */
int genfs_seek(struct vnode *vp, bool data, uint64_t *offp);
/* The file's runs from *offp on: fills at most max, *cntp; vp R. */
int genfs_runmap(struct vnode *vp, uint64_t off, uint64_t len,
    struct rump_run *runs, unsigned max, unsigned *cntp);
/*
 * Copy between a host file and a file of ours, image to host and host to image,
 * as the two-worlds rule says: in runs, copyrange where it works.  Holes stay
 * holes.  *donep counts.  vp R (to host), W (from host: grows the file).
 *
 * A small file costs one read and one write of the host.  len may be more than
 * there is: the end of the source is the end.  A source of at most one block (of
 * v_blksize) isn't asked for holes; if it is one, a block of zeros is written.
 * A hole at the end of a host file comes to be by its size being set.
 */
int genfs_tohost(struct vnode *vp, uint64_t off, uint64_t len,
    struct rumpuser_file *hf, uint64_t hostoff, uint64_t *donep);
int genfs_fromhost(struct vnode *vp, uint64_t off, uint64_t len,
    struct rumpuser_file *hf, uint64_t hostoff, uint64_t *donep);
/* Between two files of ours, of one mount or two: in R, out W (in == out: W, the
 * ranges apart).  Stops at the end of in. */
int genfs_copyfile(struct vnode *in, uint64_t inoff, struct vnode *out,
    uint64_t outoff, uint64_t len, uint64_t *donep);
/* Zero a range that is allocated already; leaves holes alone.  vp W. */
int genfs_zerorange(struct vnode *vp, uint64_t off, uint64_t len);

/* Ranges of the device that file data may never lie in: the driver's own. */
bool genfs_run_insane(struct mount *mp, const struct bmap_run *run);

/* ---- genfs_attr.c -------------------------------------------------------- */
/* Modes, immutable and append-only flags; root passes modes only.  vp R. */
int genfs_access(struct vnode *vp, uint32_t mode, const struct kcred *cred);
/* May cred do that setattr / change this directory's entry? */
int genfs_can_setattr(struct vnode *vp, const struct rump_stat *st,
    const struct vattr *va, const struct kcred *cred);
int genfs_can_unlink(
    struct vnode *dvp, struct vnode *vp, const struct kcred *cred);
/* Into the mount's range and grain; one warning a mount. */
void genfs_clamptime(struct mount *mp, struct rump_timespec *ts);
/* Now, clamped; SOURCE_DATE_EPOCH counts. */
void genfs_now(struct mount *mp, struct rump_timespec *ts);

/* For drivers that keep a node's attributes in a struct rump_stat.
 * What of TOUCH_* the mount wants to know: atime by option only. */
uint32_t genfs_touch_wanted(const struct mount *mp, uint32_t what);
/* Those times are now. */
void genfs_touch_stat(struct mount *mp, struct rump_stat *st, uint32_t what);
/* vop_setattr: modes, owners and times as the mount can hold them; ctime is now where
 * nobody says another.  Flags are the driver's. */
void genfs_set_stat(
    struct mount *mp, struct rump_stat *st, const struct vattr *va);
/* Of a node that is made: its mode with its type, owner, times, links (one, or a
 * directory's two). */
void genfs_new_stat(
    struct mount *mp, struct rump_stat *st, const struct vcreate *vc);

/* ---- genfs_rename.c ------------------------------------------------------ */
/* renameat2(2) in full: lookup of all four, locks in order, the check that a
 * directory doesn't go below itself, types, emptiness, flags.  Directories and
 * names are referenced and unlocked on entry. */
int genfs_rename(struct vnode *fdvp, const struct componentname *fcn,
    struct vnode *tdvp, const struct componentname *tcn, uint32_t flags,
    const struct kcred *cred);

/*
 * For formats that don't have "." and ".." where they belong, or at all: hand them to
 * sink.  Cookies 0 and 1 are theirs, the driver's own begin with GENFS_DOTS_END.
 * False: the sink has enough.
 */
#define GENFS_DOTS_END 2
bool genfs_emit_dots(
    struct dirsink *sink, uint64_t ino, uint64_t parent, uint64_t *cookiep);

/* Nothing but "." and ".." in it?  0, ENOTEMPTY.  vp R. */
int genfs_isempty(struct vnode *vp);

/* ---- genfs_dirhash.c ------------------------------------------------------
 * A directory's names in memory: hash of the folded name -> slot (byte offset of
 * the entry), and how much room each block has.  Built by the driver on the first
 * change (or a lookup in a big directory), thrown away under memory pressure
 * (only by trylock), kept in step by the driver.  All under vp's W lock, but
 * lookups, which need R.
 */
struct dirhash;
#define DIRHASH_NOROOM UINT32_MAX
/* vp's hash, or NULL: there is none (any more). */
struct dirhash *dirhash_get(struct vnode *vp);
/* An empty one for a directory of nblks blocks, to be filled by the driver. */
int dirhash_create(struct vnode *vp, uint32_t nblks, struct dirhash **dhp);
/* Also before a directory's vnode is freed. */
void dirhash_destroy(struct vnode *vp);
/* ENOMEM: the hash is gone (the driver carries on without it). */
int dirhash_enter(
    struct vnode *vp, const char *name, size_t len, uint64_t slot);
void dirhash_remove(
    struct vnode *vp, const char *name, size_t len, uint64_t slot);
/* The slots that may hold name, one a call: *iterp 0 at first; ENOENT: no more. */
int dirhash_next(struct dirhash *dh, const char *name, size_t len,
    uint32_t *iterp, uint64_t *slotp);
/* Largest room for an entry in block blk, bytes. */
int dirhash_setroom(struct vnode *vp, uint32_t blk, uint32_t room);
/* The first block with at least need bytes; DIRHASH_NOROOM. */
uint32_t dirhash_findroom(struct dirhash *dh, uint32_t need);

/* ---- genfs_dirpack.c ------------------------------------------------------
 * Directory blocks of variable-length records (inode, record length, name
 * length, name), as FFS and ext2 have them.  Entries never move, so that byte
 * offsets are stable cookies.
 */
struct dirpack_ent {
	uint64_t de_ino;    /* 0: free */
	uint32_t de_reclen; /* bytes */
	uint32_t de_namlen;
	uint8_t de_dtype; /* RUMP_DT_* */
	const char *de_name;
};
struct dirpack_fmt {
	/* Decode the record at p, room bytes to the block's end.  EUCLEAN with
	 * *whyp where it overruns, is too short, misaligned.. */
	int (*df_get)(const void *ctx, const uint8_t *p, uint32_t room,
	    struct dirpack_ent *de, const char **whyp);
	void (*df_put)(
	    const void *ctx, uint8_t *p, const struct dirpack_ent *de);
	/* Bytes that an entry with that name needs at least. */
	uint32_t (*df_size)(const void *ctx, uint32_t namlen);
};
/* Check all of a block.  EUCLEAN, *offp and *whyp say where and why. */
int dirpack_check(const struct dirpack_fmt *df, const void *ctx,
    const uint8_t *blk, uint32_t len, uint32_t *offp, const char **whyp);
/* The name's record in a block: *offp, *de; ENOENT, EUCLEAN. */
int dirpack_find(const struct dirpack_fmt *df, const void *ctx,
    const struct namespec *ns, const uint8_t *blk, uint32_t len,
    const char *name, size_t namlen, uint32_t *offp, struct dirpack_ent *de,
    const char **whyp);
/* Put an entry in: ENOSPC where no record has the room.  *offp: its offset. */
int dirpack_enter(const struct dirpack_fmt *df, const void *ctx, uint8_t *blk,
    uint32_t len, const struct dirpack_ent *de, uint32_t *offp);
/* Take out the record at off (joined with the one in front of it). */
int dirpack_remove(const struct dirpack_fmt *df, const void *ctx, uint8_t *blk,
    uint32_t len, uint32_t off);
/* Largest entry that still fits. */
uint32_t dirpack_room(const struct dirpack_fmt *df, const void *ctx,
    const uint8_t *blk, uint32_t len);

#endif /* VFS_GENFS_H */
