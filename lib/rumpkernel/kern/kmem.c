/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory: the host's, counted.  The count is exact, an atomic add for each
 * allocation; the limit is checked against it afterwards, so that several
 * threads can't pass it together.
 *
 * Reclaim runs in one thread at a time, which holds mem_lock; an allocation that
 * a reclaim function makes itself simply fails at the limit.  Reclaim asks for a
 * sixteenth of the limit at least, so that it isn't run for every allocation.
 */
#include "kern/kmem.h"

#include <rump/rumpuser.h>

#include "kern/kinit.h"
#include "kern/klog.h"
#include "kern/klwp.h"
#include "kern/kmem_impl.h"
#include "kern/kstring.h"

/* No single allocation is larger; keeps nonsense from the host (whose checkers
 * abort on it). */
#define ALLOC_MAX     ((uint64_t)1 << 38)
#define RECLAIM_TRIES 3
#define RECLAIM_MIN   (64u << 10) /* bytes, where there is no limit */

static uint64_t mem_inuse, mem_limit = UINT64_MAX;
static kmutex_t mem_lock;
static struct kmem_reclaimer *mem_reclaimers;

int
kmem_init(void)
{
	char buf[32];
	int error;

	mutex_init(&mem_lock, RANK_MEMORY, "reclaim");
	if (rumpuser_getparam("RUMP_MEMLIMIT", buf, sizeof(buf)) != 0)
		return 0;
	error = kstrtou64(buf, &mem_limit);
	if (error == 0 && mem_limit == 0)
		error = EINVAL;
	if (error != 0)
		klog("RUMP_MEMLIMIT=%s: a size like 3m is needed", buf);
	return error;
}

uint64_t
kmem_inuse(void)
{
	return __atomic_load_n(&mem_inuse, __ATOMIC_RELAXED);
}

uint64_t
kmem_limit(void)
{
	return mem_limit;
}

static void
account_sub(size_t size)
{
	__atomic_sub_fetch(&mem_inuse, size, __ATOMIC_RELAXED);
}

/* NULL: the limit, or the host has none. */
static void *
try_alloc(size_t size, size_t align)
{
	void *p;

	if (unlikely(size > ALLOC_MAX || size > mem_limit))
		return NULL;
	if (unlikely(__atomic_add_fetch(&mem_inuse, size, __ATOMIC_RELAXED) >
		mem_limit) ||
	    unlikely(rumpuser_malloc(size, align, &p) != 0)) {
		account_sub(size);
		return NULL;
	}
	return p;
}

/* With mem_lock held: about want bytes from whoever has them. */
static uint64_t
reclaim(uint64_t want)
{
	struct kmem_reclaimer *kr;
	uint64_t freed = kmem_pool_reclaim(want);

	for (kr = mem_reclaimers; kr != NULL && freed < want; kr = kr->kr_next)
		freed += kr->kr_reclaim(want - freed);
	return freed;
}

static void *
alloc_reclaiming(size_t size, size_t align)
{
	uint64_t want;
	unsigned tries;
	bool progress;
	void *p = NULL;

	/* Before start-up is over there is no cache and may be no curlwp. */
	if (kern_phase() < PHASE_VFS || mutex_owned(&mem_lock) ||
	    size > ALLOC_MAX || size > mem_limit)
		return NULL;
	want = kmax(
	    size, mem_limit == UINT64_MAX ? RECLAIM_MIN : mem_limit / 16);
	for (tries = 0; p == NULL && tries < RECLAIM_TRIES; tries++) {
		mutex_enter(&mem_lock);
		/* Whoever had the lock before may have freed enough. */
		p = try_alloc(size, align);
		progress = p != NULL || reclaim(want) != 0;
		mutex_exit(&mem_lock);
		if (p == NULL)
			p = try_alloc(size, align);
		if (!progress)
			break;
	}
	return p;
}

void *
kmem_alloc_aligned(size_t size, size_t align)
{
	void *p;

	if (unlikely(size == 0))
		size = 1;
	p = try_alloc(size, align);
	if (unlikely(p == NULL))
		p = alloc_reclaiming(size, align);
	return p;
}

void *
kmem_alloc(size_t size)
{
	return kmem_alloc_aligned(size, 0);
}

void *
kmem_zalloc(size_t size)
{
	void *p = kmem_alloc(size);

	if (likely(p != NULL))
		memset(p, 0, size);
	return p;
}

void *
kmem_calloc(size_t n, size_t size)
{
	size_t total;

	if (mul_overflow(n, size, &total))
		return NULL;
	return kmem_zalloc(total);
}

void *
kmem_sysalloc(size_t size)
{
	void *p;

	if (rumpuser_malloc(size, 0, &p) != 0)
		return NULL;
	__atomic_add_fetch(&mem_inuse, size, __ATOMIC_RELAXED);
	memset(p, 0, size);
	return p;
}

void
kmem_free(void *p, size_t size)
{
	if (p == NULL)
		return;
	if (unlikely(size == 0))
		size = 1;
	if (unlikely(kern_debug))
		memset(p, 0xdb, size);
	rumpuser_free(p, size);
	account_sub(size);
}

char *
kmem_strdup(const char *s)
{
	size_t size = kstrlen(s) + 1;
	char *p = kmem_alloc(size);

	if (p != NULL)
		memcpy(p, s, size);
	return p;
}

void
kmem_strfree(char *s)
{
	if (s != NULL)
		kmem_free(s, kstrlen(s) + 1);
}

void
kmem_reclaimer_register(struct kmem_reclaimer *kr)
{
	mutex_enter(&mem_lock);
	kr->kr_next = mem_reclaimers;
	mem_reclaimers = kr;
	mutex_exit(&mem_lock);
}
