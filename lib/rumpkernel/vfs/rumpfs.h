/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rumpfs: the file system in memory that is the root of the kernel's name space,
 * and the reference for how every driver behaves.  It can also be mounted
 * ("rumpfs", alias "tmpfs"; options size=BYTES and inodes=N).
 *
 * Nodes live as long as they have a name or a user; vnodes come and go over them.
 * A directory's, a file's or a symlink's own content is guarded by the vnode's
 * lock; the table of nodes and the counts by rm_lock.  Inode numbers are never
 * used again and are larger than 32 bits (but the root's), so that whoever cuts
 * them short is found out.
 */
#ifndef VFS_RUMPFS_H
#define VFS_RUMPFS_H

#include "vfs/mount.h"
#include "vfs/vnode.h"

#define RUMPFS_PAGE    4096u
#define RUMPFS_ROOTINO 1
#define RUMPFS_LINKMAX 65000u

/* Entries are in the order they were made in, which is that of their cookies; no
 * cookie is given twice. */
struct rumpfs_dirent {
	struct klink de_link, de_hashlink;
	uint64_t de_cookie, de_ino;
	uint32_t de_hash;
	uint8_t de_dtype;
	uint8_t de_len;
	char de_name[]; /* with a NUL */
};
struct rumpfs_dir {
	struct klist rd_entries;
	struct klist *rd_hash;
	uint32_t rd_nhash, rd_count;
	uint64_t rd_nextcookie;
	uint64_t rd_parent;
};

/* File pages: a tree of fan-out 64, as high as the largest page number needs. */
#define RPTREE_BITS 6
#define RPTREE_FAN  (1u << RPTREE_BITS)
struct rptree_node {
	uint32_t rt_used;
	void *rt_slot[RPTREE_FAN]; /* nodes, on the lowest level pages */
};
struct rptree {
	struct rptree_node *rt_root;
	uint32_t rt_height; /* 0: empty */
	uint64_t rt_pages;
};

struct rumpfs_xattr {
	struct klink xa_link;
	uint32_t xa_namelen; /* with the NUL */
	uint32_t xa_len;
	char xa_data[]; /* name, value */
};

struct rumpfs_node {
	struct klink rn_link; /* hash by rn_ino */
	uint64_t rn_ino, rn_gen;
	enum vtype rn_type;
	uint32_t rn_mode, rn_uid, rn_gid, rn_flags, rn_nlink;
	uint64_t rn_rdev, rn_size;
	struct rump_timespec rn_atime, rn_mtime, rn_ctime, rn_btime;
	struct rumpfs_dir rn_dir; /* VDIR */
	struct rptree rn_pages;	  /* VREG */
	char *rn_target;	  /* VLNK */
	struct blkdev *rn_blkdev; /* etfs */
	struct klist rn_xattrs;
};

#define RUMPFS_NHASH 256u
struct rumpfs_mount {
	kmutex_t rm_lock;
	struct klist rm_nodes[RUMPFS_NHASH];
	uint64_t rm_nextino;
	uint64_t rm_maxpages, rm_pages;
	uint64_t rm_maxnodes, rm_nnodes;
	struct kmem_pool *rm_pagepool;
};

static inline struct rumpfs_mount *
rumpfs_mount(const struct mount *mp)
{
	return mp->mnt_data;
}
static inline struct rumpfs_node *
rumpfs_node(const struct vnode *vp)
{
	return vp->v_data;
}

void rumpfs_attach(void);
extern const struct vnodeops rumpfs_vnodeops;

/* rumpfs_node.c */
int rumpfs_node_new(
    struct mount *mp, const struct vcreate *vc, struct rumpfs_node **rnp);
void rumpfs_node_free(struct rumpfs_mount *rm, struct rumpfs_node *rn);
struct rumpfs_node *rumpfs_node_find(struct rumpfs_mount *rm, uint64_t ino);
void rumpfs_node_vnode(struct rumpfs_node *rn, struct vnode *vp);
void rumpfs_node_stat(const struct rumpfs_node *rn, struct rump_stat *st);

/* rumpfs_dir.c */
struct rumpfs_dirent *rumpfs_dir_find(
    struct vnode *dvp, const char *name, size_t len);
int rumpfs_dir_add(struct vnode *dvp, const char *name, size_t len,
    uint64_t ino, uint8_t dtype);
void rumpfs_dir_remove(struct rumpfs_node *dn, struct rumpfs_dirent *de);
void rumpfs_dir_destroy(struct rumpfs_node *dn);
int rumpfs_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp);

/* rumpfs_data.c */
int rumpfs_read(struct vnode *vp, struct uio *uio, const struct kcred *cred);
int rumpfs_write(struct vnode *vp, struct uio *uio, const struct kcred *cred);
int rumpfs_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run);
int rumpfs_setsize(struct vnode *vp, uint64_t size);
int rumpfs_allocate(
    struct vnode *vp, uint64_t off, uint64_t len, uint32_t flags);
int rumpfs_punch(struct vnode *vp, uint64_t off, uint64_t len);
void rumpfs_pages_free(struct rumpfs_mount *rm, struct rumpfs_node *rn);

/* rumpfs_xattr.c */
int rumpfs_getxattr(
    struct vnode *vp, const char *name, void *buf, size_t *lenp);
int rumpfs_setxattr(struct vnode *vp, const char *name, const void *value,
    size_t len, uint32_t flags);
int rumpfs_listxattr(struct vnode *vp, char *buf, size_t *lenp);
void rumpfs_xattr_destroy(struct rumpfs_node *rn);

#endif /* VFS_RUMPFS_H */
