/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start-up, in named phases; each runs once and asserts it.
 *   base     memory, locks, processes, log, parameters (kern/)
 *   vfs      vnodes, mounts, caches, rumpfs as root (vfs/)
 *   dev      block device classes, I/O queue (dev/)
 *   drivers  built-in modules (fs/drivers.c)
 */
#ifndef KERN_KINIT_H
#define KERN_KINIT_H

#include "kern/kdefs.h"

enum kern_phase {
	PHASE_NONE,
	PHASE_BASE,
	PHASE_VFS,
	PHASE_DEV,
	PHASE_DRIVERS,
	PHASE_RUNNING,
};
enum kern_phase kern_phase(void);

int kern_base_init(void); /* kern/ */
int vfs_init(void);	  /* vfs/vfs_init.c */
int dev_init(void);	  /* dev/dev_init.c */

#endif /* KERN_KINIT_H */
