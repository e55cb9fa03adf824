/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ISO 9660 driver, in core.  It only reads.
 *
 *	cd9660_vfsops.c		probe, mount, unmount, totals
 *	cd9660_node.c		nodes: loading, attributes, symbolic links
 *	cd9660_record.c		directory records, dates and plain names
 *	cd9660_susp.c		system use entries: Rock Ridge
 *	cd9660_lookup.c		searching and listing directories
 *	cd9660_bmap.c		which bytes of the device a file's bytes are; zisofs
 *	cd9660_eltorito.c	boot images as files
 *
 * There are no inodes.  A file's number is the byte of the device where its (first)
 * directory record begins, an even number.  A directory has several records that
 * lead to it; its number is the byte where it begins itself, and 1: there its own
 * record "." is, which tells all about it.  So ".." is found without a search, and
 * a directory that was moved (Rock Ridge's CL, PL and RE) has one number from
 * wherever it is come to.  What shares its bytes with others (a hard link) is a
 * file of its own here.
 *
 * Nothing changes after it was loaded: there are no locks but the vnodes'.  Path
 * tables are not read.
 */
#ifndef FS_CD9660_H
#define FS_CD9660_H

#include "fs/cd9660/cd9660_ondisk.h"
#include "vfs/buf.h"
#include "vfs/genfs.h"

#define CD9660_NAME_MAX	 255u
#define CD9660_LINK_MAX	 4095u
#define CD9660_EXTENTS	 1024u /* of one file */
#define CD9660_BOOT_MAX	 64u
#define CD9660_NODE_BOOT (UINT64_C(1) << 62) /* /.eltorito; then its files */
#define CD9660_BOOT_NAME ".eltorito"

struct cd9660_boot {
	char b_name[24];
	uint64_t b_off, b_len;
};

struct cd9660_mount {
	struct mount *m_mp;
	struct blkdev *m_dev;
	uint32_t m_blksize;
	uint64_t m_blocks; /* as the descriptor says */
	char m_label[128];
	char m_uuid[40];
	uint64_t m_rootoff; /* byte where the root directory begins */
	bool m_rockridge, m_joliet, m_map;
	bool m_halves;	  /* said: a number's halves disagree */
	uint8_t m_skip;	  /* bytes in front of system use entries */
	uint8_t m_rootsp; /* ... in the root's own record */
	uint32_t m_uid, m_gid, m_fmode, m_dmode; /* without Rock Ridge */
	struct rump_timespec m_time;		 /* the volume's */
	struct cd9660_boot *m_boot;
	uint32_t m_nboot;
};

/* A directory record, checked. */
struct cd9660_rec {
	uint64_t r_off;	 /* on the device */
	uint64_t r_data; /* where the data begins, bytes */
	uint32_t r_size;
	uint8_t r_len, r_flags, r_namelen;
	bool r_interleaved;
	const uint8_t *r_name; /* in r_raw */
	uint8_t r_raw[256];
};

/* What Rock Ridge says of a record. */
struct cd9660_rr {
	uint32_t rr_has; /* RR_* */
#define RR_NM	   0x001u
#define RR_PX	   0x002u
#define RR_PN	   0x004u
#define RR_SL	   0x008u
#define RR_CL	   0x010u
#define RR_PL	   0x020u
#define RR_RE	   0x040u
#define RR_ZF	   0x080u
#define RR_SF	   0x100u
#define RR_SP	   0x200u
#define RR_ER	   0x400u
#define RR_UNKNOWN 0x800u /* compressed in a way that isn't known */
	uint32_t rr_namelen;
	uint32_t rr_linklen;
	uint32_t rr_mode, rr_nlink, rr_uid, rr_gid;
	uint64_t rr_rdev;
	uint64_t rr_child, rr_parent; /* bytes */
	uint32_t rr_tf;		      /* which times: CD9660_TF_* */
	struct rump_timespec rr_time[4];
	uint32_t rr_zsize;
	uint8_t rr_zheader, rr_zshift, rr_skip;
	char rr_name[CD9660_NAME_MAX + 1];
	char *rr_link; /* CD9660_LINK_MAX bytes, or NULL */
};

struct cd9660_extent {
	uint64_t e_off; /* on the device */
	uint64_t e_len;
};

struct cd9660_node {
	struct cd9660_mount *n_m;
	struct rump_stat n_st;
	uint64_t n_disksize;		/* of its extents */
	struct cd9660_extent n_first;	/* a directory's only one */
	struct cd9660_extent *n_extent; /* where there are several */
	uint32_t n_nextents, n_maxextents;
	uint64_t n_parent; /* a directory: ".."'s number */
	const char *n_why; /* its data can't be read */
	bool n_zisofs;
	uint8_t n_zheader, n_zshift;
};

static inline struct cd9660_mount *
cd9660_mount_of(const struct mount *mp)
{
	return mp->mnt_data;
}
static inline struct cd9660_node *
cd9660_node_of(const struct vnode *vp)
{
	return vp->v_data;
}
static inline uint64_t
cd9660_dir_ino(uint64_t off)
{
	return off | 1;
}

/* ---- cd9660_vfsops.c ---------------------------------------------------------- */
/* Say what is wrong with the image; EUCLEAN. */
#define cd9660_damage(m, ino, ...) mount_damage((m)->m_mp, (ino), __VA_ARGS__)

/* ---- cd9660_record.c ------------------------------------------------------------- */
/* Bytes of the device, through the cache.  EUCLEAN: past its end. */
int cd9660_read(struct cd9660_mount *m, uint64_t off, void *buf, size_t len);
/* The record at off, which ends before end.  ENOENT: none is there, zeros.  EUCLEAN,
 * *whyp. */
int cd9660_record(struct cd9660_mount *m, uint64_t off, uint64_t end,
    struct cd9660_rec *rec, const char **whyp);
static inline bool
cd9660_isdot(const struct cd9660_rec *rec, uint8_t which)
{
	return rec->r_namelen == 1 && rec->r_name[0] == which;
}
/* The name that users see, of a record without Rock Ridge's; bytes. */
size_t cd9660_name(const struct cd9660_mount *m, const struct cd9660_rec *rec,
    char name[CD9660_NAME_MAX * 3]);
/* The two forms of a date; false: none can be so. */
bool cd9660_date7(const uint8_t d[7], struct rump_timespec *ts);
bool cd9660_date17(const uint8_t d[17], struct rump_timespec *ts);

/* ---- cd9660_susp.c ----------------------------------------------------------------- */
/* All entries of the record, continued ones too.  link: CD9660_LINK_MAX bytes, or
 * NULL. */
int cd9660_rockridge(struct cd9660_mount *m, const struct cd9660_rec *rec,
    char *link, struct cd9660_rr *rr);
/* The root's "." has what tells whether there is Rock Ridge. */
int cd9660_rockridge_find(struct cd9660_mount *m);

/* ---- cd9660_node.c ------------------------------------------------------------------ */
extern struct kmem_pool *cd9660_node_pool;
int cd9660_loadvnode(struct mount *mp, struct vnode *vp);
int cd9660_statino(struct mount *mp, uint64_t ino, struct rump_stat *st);
/* The number of what the record leads to, and its type. */
uint64_t cd9660_ino(const struct cd9660_rec *rec, const struct cd9660_rr *rr);
extern const struct vnodeops cd9660_vnodeops;

/* ---- cd9660_lookup.c ------------------------------------------------------------------ */
int cd9660_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp);
int cd9660_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp);

/* ---- cd9660_bmap.c ---------------------------------------------------------------------- */
int cd9660_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run);
int cd9660_readencoded(
    struct vnode *vp, uint64_t off, void *buf, size_t bufsize, size_t *lenp);

/* ---- cd9660_eltorito.c ------------------------------------------------------------------- */
/* The catalog into m_boot; nothing there is no error. */
int cd9660_boot_load(struct cd9660_mount *m);
void cd9660_boot_free(struct cd9660_mount *m);
int cd9660_boot_node(struct cd9660_node *np, uint64_t ino);

#endif /* FS_CD9660_H */
