/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory.  It comes from the host; RUMP_MEMLIMIT bounds the sum of it.  When the
 * limit is near, or the host has none, caches are asked to give some back; their
 * reclaim functions may only trylock, and never write inside a transaction.
 */
#ifndef KERN_KMEM_H
#define KERN_KMEM_H

#include "kern/kdefs.h"

/* NULL: none to be had, even after reclaim (the caller returns ENOMEM). */
void *kmem_alloc(size_t size);
void *kmem_zalloc(size_t size);
void *kmem_alloc_aligned(size_t size, size_t align);
/* An array of n zeroed members; NULL also where n * size overflows. */
void *kmem_calloc(size_t n, size_t size);
/* size is what was asked for.  p may be NULL. */
void kmem_free(void *p, size_t size);
char *kmem_strdup(const char *s); /* freed by kmem_strfree() */
void kmem_strfree(char *s);

/* Bytes in use, and the limit (UINT64_MAX: none). */
uint64_t kmem_inuse(void);
uint64_t kmem_limit(void);

/* A cache that can give memory back: reclaim() frees about want bytes and
 * returns how many it really freed. */
struct kmem_reclaimer {
	const char *kr_name;
	uint64_t (*kr_reclaim)(uint64_t want);
	struct kmem_reclaimer *kr_next;
};
void kmem_reclaimer_register(struct kmem_reclaimer *kr);

/*
 * Objects of one size, kept on a free list of at most kp_keep.  Locked by
 * itself.
 */
struct kmem_pool;
int kmem_pool_create(
    const char *name, size_t size, unsigned keep, struct kmem_pool **poolp);
void *kmem_pool_get(struct kmem_pool *pool); /* not zeroed; NULL: ENOMEM */
void kmem_pool_put(struct kmem_pool *pool, void *obj);
void kmem_pool_destroy(struct kmem_pool *pool); /* all objects are back */

#endif /* KERN_KMEM_H */
