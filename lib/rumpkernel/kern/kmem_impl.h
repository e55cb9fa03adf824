/* SPDX-License-Identifier: BSD-2-Clause */
/* Between kern/'s own files: memory before and below reclaim. */
#ifndef KERN_KMEM_IMPL_H
#define KERN_KMEM_IMPL_H

#include "kern/kmem.h"

int kmem_init(void);
/* For what a thread needs to enter the kernel at all: zeroed, counted, but not
 * limited, and no reclaim (which needs a curlwp). */
void *kmem_sysalloc(size_t size);
/* Free what pools keep. */
uint64_t kmem_pool_reclaim(uint64_t want);

#endif /* KERN_KMEM_IMPL_H */
