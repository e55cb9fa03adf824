/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools of objects of one size.  A freed object goes on a list of at most
 * kp_keep; the list's links are in the objects.  Debug builds keep none, so that
 * the host's checkers see every use after free.
 */
#include "kern/kmem_impl.h"

#include "kern/klist.h"
#include "kern/klock.h"
#include "kern/klog.h"

struct freeobj {
	struct freeobj *fo_next;
};

struct kmem_pool {
	const char *kp_name;
	size_t kp_size;
	unsigned kp_keep, kp_nfree;
	uint32_t kp_interlock; /* guards kp_free, kp_nfree, kp_nused */
	struct freeobj *kp_free;
	uint64_t kp_nused; /* handed out */
	struct klink kp_link;
};

static uint32_t pools_interlock;
static struct klist pools = {{&pools.kl_head, &pools.kl_head}};

int
kmem_pool_create(
    const char *name, size_t size, unsigned keep, struct kmem_pool **poolp)
{
	struct kmem_pool *kp = kmem_zalloc(sizeof(*kp));

	if (kp == NULL)
		return ENOMEM;
	kp->kp_name = name;
	kp->kp_size = kmax(size, sizeof(struct freeobj));
	kp->kp_keep = kern_debug ? 0 : keep;
	interlock_enter(&pools_interlock);
	klist_insert_tail(&pools, &kp->kp_link);
	interlock_exit(&pools_interlock);
	*poolp = kp;
	return 0;
}

void *
kmem_pool_get(struct kmem_pool *kp)
{
	struct freeobj *fo;

	interlock_enter(&kp->kp_interlock);
	fo = kp->kp_free;
	if (fo != NULL) {
		kp->kp_free = fo->fo_next;
		kp->kp_nfree--;
	}
	kp->kp_nused++;
	interlock_exit(&kp->kp_interlock);
	if (likely(fo != NULL))
		return fo;
	fo = kmem_alloc(kp->kp_size);
	if (fo == NULL) {
		interlock_enter(&kp->kp_interlock);
		kp->kp_nused--;
		interlock_exit(&kp->kp_interlock);
	}
	return fo;
}

void
kmem_pool_put(struct kmem_pool *kp, void *obj)
{
	struct freeobj *fo = obj;

	if (fo == NULL)
		return;
	interlock_enter(&kp->kp_interlock);
	kp->kp_nused--;
	if (kp->kp_nfree < kp->kp_keep) {
		fo->fo_next = kp->kp_free;
		kp->kp_free = fo;
		kp->kp_nfree++;
		fo = NULL;
	}
	interlock_exit(&kp->kp_interlock);
	kmem_free(fo, kp->kp_size);
}

/* Everything on the free list; returns how many bytes that was. */
static uint64_t
pool_drain(struct kmem_pool *kp)
{
	struct freeobj *fo, *next;
	uint64_t freed = 0;

	interlock_enter(&kp->kp_interlock);
	fo = kp->kp_free;
	kp->kp_free = NULL;
	kp->kp_nfree = 0;
	interlock_exit(&kp->kp_interlock);
	for (; fo != NULL; fo = next) {
		next = fo->fo_next;
		kmem_free(fo, kp->kp_size);
		freed += kp->kp_size;
	}
	return freed;
}

uint64_t
kmem_pool_reclaim(uint64_t want)
{
	struct klink *l;
	uint64_t freed = 0;

	/* Pools come and go with drivers; hold them off while we walk. */
	interlock_enter(&pools_interlock);
	KLIST_FOREACH(l, &pools)
	if (freed < want)
		freed += pool_drain(klink_entry(l, struct kmem_pool, kp_link));
	interlock_exit(&pools_interlock);
	return freed;
}

void
kmem_pool_destroy(struct kmem_pool *kp)
{
	if (kp == NULL)
		return;
	KASSERT(kp->kp_nused == 0);
	interlock_enter(&pools_interlock);
	klink_remove(&kp->kp_link);
	interlock_exit(&pools_interlock);
	(void)pool_drain(kp);
	kmem_free(kp, sizeof(*kp));
}
