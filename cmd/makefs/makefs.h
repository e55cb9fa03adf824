/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside makefs.  Four phases, each with its own files:
 *	scan	scan.c scan_dir.c scan_archive.c scan_mtree.c -> the manifest
 *	size	size.c: how large the image must be
 *	format	build.c, by lib/newfs
 *	copy	build.c build_tree.c copy.c, through the kernel's driver
 * or, of formats that are written once, build_whole.c and the formatter.
 * manifest.c holds what goes from one to the next.
 */
#ifndef MAKEFS_H
#define MAKEFS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "newfs/newfs.h"

struct rumpuser_file;

/* ---- what the command line says ------------------------------------------- */

struct makefs_opts {
	const struct newfs_type *mo_type;
	struct newfs_opts mo_newfs; /* -o and what follows from it */
	uint32_t mo_block;	    /* -o bsize; 0: by size */
	const char *mo_image, *mo_part;
	const char **mo_sources;
	int mo_nsources;
	uint64_t mo_size, mo_size_extra;	 /* -s; -s +extra; 0: by need */
	uint64_t mo_min, mo_max;		 /* -M, -m; 0: none */
	uint64_t mo_free_blocks, mo_free_inodes; /* -b, -f */
	uint32_t mo_free_blocks_ppm, mo_free_inodes_ppm; /* -b %, -f % */
	bool mo_inodes_given;
	const char *mo_spec;   /* -F */
	bool mo_spec_only;     /* -x: leave out what it doesn't list */
	const char *mo_userdb; /* -N */
	bool mo_time_set;      /* -T */
	int64_t mo_time;
	int32_t mo_time_nsec;
	bool mo_clamp; /* SOURCE_DATE_EPOCH */
	int64_t mo_clamp_sec;
	uint64_t mo_offset; /* -O */
	uint32_t mo_sector; /* -S */
	bool mo_replace;    /* -r */
	bool mo_dry;	    /* -n */
	char *mo_features, *mo_label;
	const char **mo_fslists; /* -o, as they came */
	int mo_nfslists;
	bool mo_owner_set; /* -o owner=uid:gid */
	uint32_t mo_uid, mo_gid;
	bool mo_sparse_content; /* -o sparse=content */
	bool mo_uuid_set, mo_seed_set;
	unsigned mo_debug; /* -d */
	unsigned mo_target_flags;
	bool mo_nosandbox;
	bool mo_verbose;
};
#define MAKEFS_DEBUG_TIME 0x1u /* how long each phase took */
#define MAKEFS_DEBUG_SIZE 0x2u /* the plan */
#define MAKEFS_DEBUG_LIST 0x4u /* the manifest, on standard error */

/* Parse -o.  A status. */
int makefs_fsoptions(struct makefs_opts *mo, const char *list);

/* ---- the manifest ------------------------------------------------------------ */

/*
 * A node for each path.  Node 0 is the root.  Children of a directory hang in a
 * list (m_child, m_next), which manifest_sort() puts in byte order.
 */
struct mnode {
	uint32_t m_parent;
	uint32_t m_child, m_next; /* 0: none */
	uint32_t m_name;	  /* in the arena of strings, NUL-terminated */
	uint16_t m_mode;	  /* with the type; 0: not known yet */
	uint8_t m_namelen;	  /* names of 255 bytes at most */
	uint8_t m_source;	  /* where its content is: manifest_source() */
	uint32_t m_uid, m_gid;
	uint32_t m_nsec;
	int64_t m_sec;
	uint64_t m_size;  /* bytes; devices: RUMP_MAKEDEV */
	uint32_t m_extra; /* in the arena of extras; 0: none */
	uint32_t m_link;  /* MN_LINKED: the node that owns the inode, or itself
			     (while scanning: any node of the file) */
	uint64_t m_pos;	  /* content: bytes into a spool; MN_PATH: a string, the
			     path; symlinks: a string, the target */
	uint16_t m_flags;
};
#define MN_LINKED   0x01 /* one of several names of a file */
#define MN_IMPLICIT 0x02 /* a directory that nobody named */
#define MN_DROPPED  0x04 /* replaced or left out */
#define MN_PATH	    0x08 /* m_pos is the path of its content (mtree) */
#define MN_LISTED   0x10 /* the specification names it (-x) */
#define MN_MADE	    0x20 /* build: has its inode */
#define MN_HOLES    0x40 /* the extra has data ranges */
#define MN_CHANGED  0x80 /* the specification changed it */

#define MN_SAMENAME 0x200 /* size: equals another name, but for case */
#define MN_LATE	    0x100 /* size: a link that is entered after its owner */

/* What few nodes have. */
struct mextra {
	uint32_t x_nattr, x_attr_bytes; /* bytes that follow: name NUL, 4-byte
					   length, value, again */
	uint32_t x_nrange;		/* data ranges that follow those */
};

/* Where content comes from. */
enum msource_kind { SRC_NONE, SRC_DIR, SRC_SPOOL, SRC_PATH };
struct msource {
	enum msource_kind s_kind;
	const char *s_name; /* for messages */
	int s_fd; /* DIR: the directory; SPOOL: the file; PATH: base */
	struct rumpuser_file *s_file; /* SPOOL */
	bool s_nocopyrange;	      /* the host cannot copy from here */
};
#define MANIFEST_MAXSOURCES 200

#define CHUNK_NODES	    4096u
#define CHUNK_BYTES	    (256u * 1024u)

struct arena {
	char **a_chunk; /* of CHUNK_BYTES, or one larger piece */
	uint32_t a_nchunk, a_room;
	uint32_t a_used; /* of the last one */
};

/* Files with several links, by the host's numbers. */
struct mlink {
	uint64_t l_dev, l_ino;
	uint32_t l_node;
};

struct manifest {
	struct mnode **mf_chunk;
	uint32_t mf_nchunk;
	uint32_t mf_n; /* nodes made, the root and dropped ones included */
	struct arena mf_names, mf_extras;
	uint32_t *mf_hash; /* (parent, name) -> node; built on first need */
	uint32_t mf_hashsize, mf_hashed;
	struct mlink *mf_links;
	size_t mf_nlinks, mf_linkroom;
	struct msource mf_source[MANIFEST_MAXSOURCES];
	unsigned mf_nsources;
	/* after manifest_finish() */
	uint64_t mf_inodes, mf_names_n, mf_bytes;
	int64_t mf_newest; /* modification time */
	int64_t mf_fstime; /* of the file system itself */
	uint8_t mf_digest[32];
};

void manifest_init(struct manifest *mf);
void manifest_free(struct manifest *mf);
static inline struct mnode *
mn(const struct manifest *mf, uint32_t i)
{
	return &mf->mf_chunk[i / CHUNK_NODES][i % CHUNK_NODES];
}
/* Strings and extras.  Reference 0 is none. */
uint32_t arena_add(struct arena *a, const void *p, size_t len, size_t align);
void *arena_at(const struct arena *a, uint32_t ref);
const char *mn_name(const struct manifest *mf, const struct mnode *m);
uint32_t manifest_string(struct manifest *mf, const char *s, size_t len);
/* A new node under parent, in its list, attributes zero. */
uint32_t manifest_add(
    struct manifest *mf, uint32_t parent, const char *name, size_t len);
/* The child of that name that isn't dropped; 0: none. */
uint32_t manifest_lookup(
    struct manifest *mf, uint32_t parent, const char *name, size_t len);
/*
 * The node of a path ("./" and "/" in front are nothing); directories on the way
 * are made (IMPLICIT) if make, and so is the last.  UINT32_MAX: ".." in it, a
 * name too long, or a file on the way (*why), or not there.
 */
uint32_t manifest_path(struct manifest *mf, const char *path, bool make,
    bool *isnew, const char **why);
/* "a/b/c" ("." for the root), to be freed. */
char *manifest_pathname(const struct manifest *mf, uint32_t i);
void manifest_remember_link(
    struct manifest *mf, uint64_t dev, uint64_t ino, uint32_t node);
unsigned manifest_source(struct manifest *mf, enum msource_kind kind,
    const char *name, int fd, struct rumpuser_file *file);
/* Two nodes are names of one file of this source (made up device numbers). */
void manifest_join(struct manifest *mf, uint32_t first, uint32_t other);
/* Drop a node and all below it. */
void manifest_drop(struct manifest *mf, uint32_t i);

/* An extra being put together. */
struct xbuild {
	char *xb_attr;
	size_t xb_attrlen, xb_attrroom;
	uint32_t xb_nattr;
	struct newfs_range *xb_range;
	uint32_t xb_nrange, xb_rangeroom;
	bool xb_holes;
};
void xbuild_attr(
    struct xbuild *xb, const char *name, const void *value, size_t len);
void xbuild_range(struct xbuild *xb, uint64_t off, uint64_t len);
/* Ranges are rounded to HOLE_UNIT, so that the host's blocks don't show. */
#define HOLE_UNIT 4096u
uint32_t xbuild_store(struct manifest *mf, struct xbuild *xb, uint64_t size);
void xbuild_reset(struct xbuild *xb);
void xbuild_free(struct xbuild *xb);
/* Do we take this attribute along? */
bool xattr_wanted(const char *name);

struct xattr_ref {
	const char *xr_name;
	const void *xr_value;
	uint32_t xr_len;
};
/* The attributes one after the other; *pos 0 at the start. */
bool extra_attr(const struct mextra *x, uint32_t *pos, struct xattr_ref *xr);
const struct newfs_range *extra_ranges(const struct mextra *x);

/*
 * All is there: apply owner, -T, clamp; resolve hard links; sort; drop what -x
 * leaves out; count and digest.  A status.
 */
int manifest_finish(struct manifest *mf, const struct makefs_opts *mo);
/* The node after at, a directory before what is in it; 0 after the last. */
uint32_t manifest_walk(const struct manifest *mf, uint32_t at);

/* ---- what formats lack: adapt.c ------------------------------------------------ */

/* Links to files of their own, no holes, owners and modes as they will be read: what
 * the format has none of, said once each. */
void manifest_adapt(struct manifest *mf, const struct makefs_opts *mo);
/* MN_SAMENAME for names that the format can't tell from one before them. */
void mark_same_names(const struct makefs_opts *mo, struct manifest *mf);

/* ---- scanning -------------------------------------------------------------------- */

struct fsu_confine;
struct fsu_target;
struct scan_source;

struct scan {
	const struct makefs_opts *sc_opts;
	struct manifest *sc_mf;
	const struct fsu_target *sc_target;
	int sc_status;	   /* FSU_FAIL once something failed */
	bool sc_dead;	   /* nothing may be made of this input */
	char *sc_spooldir; /* where spools go; NULL: the temporary directory */
	struct scan_source *sc_sources; /* open, in their order */
};
/* Open all sources, and say in c what of the host will be opened later.  A status,
 * and sc_dead, as below. */
int scan_open(struct scan *sc, struct fsu_confine *c);
void scan_close(struct scan *sc);
/* All sources and -F.  A status: with FSU_USAGE, or sc_dead, nothing is made. */
int scan_all(struct scan *sc);
/* One each.  They report, set sc_status, sc_dead.  head[0..taken): bytes that
 * were read from fd already. */
void scan_directory(struct scan *sc, const char *path, int fd);
void scan_archive(
    struct scan *sc, const char *name, int fd, const char *head, size_t taken);
void scan_mtree(struct scan *sc, const char *name, int fd, const char *head,
    size_t taken, bool overlay);
/* openat(2) of a path that may be longer than PATH_MAX; root's "" is itself. */
int open_below(int root, const char *path, int flags);
/* Data ranges of an open file that has holes (or, by content, zero blocks). */
int scan_holes(int fd, uint64_t size, bool content, struct xbuild *xb);
void scan_fail(struct scan *sc, const char *path, int error);
void scan_say(struct scan *sc, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Names of users and groups: -N's files, else the host's.  false: unknown. */
bool userdb_uid(const struct makefs_opts *mo, const char *name, uint32_t *idp);
bool userdb_gid(const struct makefs_opts *mo, const char *name, uint32_t *idp);

/* ---- sizing -------------------------------------------------------------------------- */

struct plan {
	uint64_t p_need_blocks, p_need_inodes; /* of the tree */
	uint64_t p_need_bytes; /* the smallest image that holds it all */
	uint64_t p_size;       /* of the image to be built */
	uint64_t p_spare;      /* bytes that stay free when it is trimmed */
	uint64_t p_floor;      /* trimming ends here */
	bool p_trim;	       /* p_size is an upper bound */
	uint32_t p_full;       /* a directory with too many names; UINT32_MAX */
	char p_why[NEWFS_WHY]; /* why it can't be */
};
/*
 * Plan; more: parts per million that the last attempt fell short by.  Sets
 * mo_newfs's block size, size and inodes.  A status (FSU_FAIL: doesn't fit, said).
 */
int size_plan(struct makefs_opts *mo, struct manifest *mf, uint32_t more,
    struct plan *plan);

/* ---- building -------------------------------------------------------------------------- */

/*
 * Format, mount, copy, trim.  *sizep: bytes from the offset on.  A status; *made:
 * there is an image, if perhaps without what failed.
 */
int build(struct makefs_opts *mo, struct manifest *mf, struct fsu_target *tg,
    uint64_t *sizep, bool *made);

/* The bytes that it would have, of types with nt_write.  A status. */
int whole_size(struct makefs_opts *mo, struct manifest *mf, uint64_t *sizep);

/* Workers that fill the image's file: copy.c. */
struct copier;
struct copy_run {
	uint64_t cr_off, cr_len, cr_hostoff; /* bytes; of the file, the image */
};
struct copy_dir; /* an open source directory that several files share */
struct copier *copier_new(struct manifest *mf, int imagefd, uint32_t block);
/* The directory to which names are relative from now on; path of the source. */
int copier_setdir(struct copier *c, unsigned source, const char *path);
/* Have node's content written to runs (rising, whole blocks but for the end).
 * An errno: writing has failed, there is no point in going on. */
int copier_add(struct copier *c, uint32_t node, const struct copy_run *runs,
    unsigned nruns);
/* All written?  0 or an errno of writing; sources' failures were said, *failed. */
int copier_finish(struct copier *c, bool *failed);

#endif /* MAKEFS_H */
