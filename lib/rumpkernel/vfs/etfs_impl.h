/* SPDX-License-Identifier: BSD-2-Clause */
/* What etfs.c (registration) and etfs_fs.c (host directories) share. */
#ifndef VFS_ETFS_IMPL_H
#define VFS_ETFS_IMPL_H

#include "vfs/etfs.h"

struct vfsops;
extern const struct vfsops
    etfs_vfsops; /* options: [S]hostpath, S: subdirectories */

/* A device over a host file, writable where the host lets us. */
int etfs_openhost(const char *hostpath, struct blkdev **devp);

#endif /* VFS_ETFS_IMPL_H */
