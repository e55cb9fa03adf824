/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * etfs: host files and directories inside the kernel's name space; see
 * rump_etfs(3) and rump_pub_etfs_*() in <rump/rump.h>.
 *
 * REG, BLK and CHR make a node of rumpfs whose content is a block device over the
 * host file: v_blkdev.  rumpfs maps such a node's bytes one to one onto the
 * device (vop_bmap: MAPPED), so that genfs_read() and genfs_write() do the rest;
 * mounting the node mounts that device.  DIR and DIR_SUBDIRS mount an internal
 * file system ("etfs") on a directory of rumpfs.
 */
#ifndef VFS_ETFS_H
#define VFS_ETFS_H

#include "vfs/vnode.h"

/* Registers the internal file system; from vfs_init(). */
int etfs_init(void);

/*
 * What rumpfs does for etfs.  vp W, a VREG, VBLK or VCHR just created: its
 * content is dev from now on.  The node (not only the vnode) takes a reference
 * and drops it when the node is freed; each vnode of the node gets v_blkdev = dev
 * and v_size = dev->bd_size; its vop_bmap and vop_setsize are
 * etfs_bmap() and etfs_setsize().  dev NULL: none any more.
 */
int rumpfs_set_blkdev(struct vnode *vp, struct blkdev *dev);

/* The vop_bmap and vop_setsize of a node with v_blkdev. */
int etfs_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run);
int etfs_setsize(struct vnode *vp, uint64_t size);

#endif /* VFS_ETFS_H */
