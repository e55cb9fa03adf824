/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Phase "vfs" of the start: caches, then rumpfs as the root, then the first
 * processes' directories.
 */
#include "kern/kinit.h"
#include "kern/klog.h"
#include "vfs/buf.h"
#include "vfs/etfs.h"
#include "vfs/filedesc.h"
#include "vfs/mount.h"
#include "vfs/rumpfs.h"
#include "vfs/vnode_impl.h"

int
vfs_init(void)
{
	struct mount_args args = {.ma_fstype = "rumpfs"};
	struct mount *mp;
	int error;

	mount_init();
	error = vcache_init();
	if (error == 0)
		error = namecache_init();
	if (error == 0)
		error = buf_init();
	if (error != 0)
		return error;
	rumpfs_attach();
	error = etfs_init();
	if (error == 0)
		error = vfs_domount(&args, NULL, &mp);
	if (error == 0)
		error = filedesc_init();
	return error;
}
