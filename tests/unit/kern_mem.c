/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory: the count, RUMP_MEMLIMIT, reclaim, pools. */
#include "unit/child.h"

#include "kern/kmem.h"
#include "kern/ksched.h"

#define LIMIT (8u << 20)
#define CHUNK (64u << 10)

static struct param limited[] = {{"RUMP_MEMLIMIT", "8m"}, {NULL, NULL}};

/* A cache that keeps chunks until it is asked for them. */
static void *cached[200];
static unsigned ncached, nasked;
static bool inner_failed, stubborn;

static uint64_t
cache_reclaim(uint64_t want)
{
	uint64_t freed = 0;

	nasked++;
	/* What reclaim itself allocates at the limit must fail, not recurse. */
	inner_failed = kmem_alloc(LIMIT - CHUNK) == NULL;
	while (!stubborn && ncached > 0 && freed < want) {
		kmem_free(cached[--ncached], CHUNK);
		freed += CHUNK;
	}
	return freed;
}
static struct kmem_reclaimer cache = {
    .kr_name = "test", .kr_reclaim = cache_reclaim};

static void
test_limit(void)
{
	struct lwp *l = kern_enter();
	uint64_t base = kmem_inuse();
	void *p;

	CHECK(kmem_limit() == LIMIT);
	kmem_reclaimer_register(&cache);
	CHECK(kmem_alloc(LIMIT + 1) == NULL);
	CHECK(nasked == 0); /* hopeless: nobody was bothered */
	while (kmem_inuse() + CHUNK <= LIMIT) {
		cached[ncached] = kmem_alloc(CHUNK);
		CHECK(cached[ncached++] != NULL);
	}
	CHECK(nasked == 0);
	p = kmem_alloc(CHUNK);
	CHECK(p != NULL && nasked == 1 && inner_failed);
	/* a sixteenth of the limit went, not only one chunk */
	CHECK(kmem_inuse() <= LIMIT - LIMIT / 16 + CHUNK);
	kmem_free(p, CHUNK);

	stubborn = true;
	CHECK(kmem_alloc(LIMIT - base) == NULL);
	CHECK(kmem_inuse() <= LIMIT);
	stubborn = false;
	/* much at once: as many rounds as it takes */
	p = kmem_alloc(LIMIT / 4 * 3);
	CHECK(p != NULL);
	kmem_free(p, LIMIT / 4 * 3);
	while (ncached > 0)
		kmem_free(cached[--ncached], CHUNK);
	CHECK(kmem_inuse() == base);
	kern_leave(l);
}

static void
test_count(void)
{
	struct lwp *l = kern_enter();
	uint64_t base = kmem_inuse();
	unsigned char *p = kmem_zalloc(1000),
		      *q = kmem_alloc_aligned(4096, 4096);
	unsigned char *r = kmem_calloc(10, 50), *z = kmem_alloc(0);
	char *s = kmem_strdup("hello");
	unsigned sum = 0;

	CHECK(kmem_limit() == UINT64_MAX);
	CHECK(p != NULL && q != NULL && r != NULL && s != NULL && z != NULL);
	CHECK(((uintptr_t)q & 4095) == 0);
	CHECK(kmem_inuse() == base + 1000 + 4096 + 500 + 6 + 1);
	for (unsigned i = 0; i < 500; i++)
		sum += p[i] + p[i + 500] + r[i];
	CHECK(sum == 0 && strcmp(s, "hello") == 0);
	CHECK(kmem_calloc(SIZE_MAX / 2, 3) == NULL);
	CHECK(kmem_alloc(SIZE_MAX / 2) == NULL);
	kmem_free(p, 1000);
	kmem_free(q, 4096);
	kmem_free(r, 500);
	kmem_free(z, 0);
	kmem_free(NULL, 5);
	kmem_strfree(s);
	kmem_strfree(NULL);
	CHECK(kmem_inuse() == base);
	kern_leave(l);
}

static void
test_pool(void)
{
	struct lwp *l = kern_enter();
	uint64_t base = kmem_inuse(), full;
	struct kmem_pool *kp;
	void *obj[20], *p;

	CHECK(kmem_pool_create("objects", CHUNK, 4, &kp) == 0);
	for (unsigned i = 0; i < 20; i++)
		CHECK((obj[i] = kmem_pool_get(kp)) != NULL);
	full = kmem_inuse();
	for (unsigned i = 0; i < 20; i++)
		kmem_pool_put(kp, obj[i]);
	CHECK(full - kmem_inuse() == 16 * CHUNK); /* four are kept */
	p = kmem_pool_get(kp);
	CHECK(p == obj[3]); /* the last that was put on the list */
	kmem_pool_put(kp, p);
	/* what a pool keeps is given back when memory is short */
	full = kmem_inuse();
	p = kmem_alloc(LIMIT - full + CHUNK);
	CHECK(p != NULL);
	kmem_free(p, LIMIT - full + CHUNK);
	CHECK(full - kmem_inuse() == 4 * CHUNK);
	kmem_pool_destroy(kp);
	kmem_pool_destroy(NULL);
	CHECK(kmem_inuse() == base);
	kern_leave(l);
}

static void
test_badlimit(void)
{
	CHECK(rump_init() == RUMP_EINVAL);
	CHECK(rump_init() == RUMP_EINVAL); /* and stays so */
}

int
main(void)
{
	static const struct param bad[] = {
	    {"RUMP_MEMLIMIT", "lots"}, {NULL, NULL}};
	static const struct param smp[] = {
	    {"RUMP_MEMLIMIT", "8m"}, {"RUMP_NCPU", "4"}, {NULL, NULL}};

	child_ok(NULL, test_count, "sizes are counted, overflows refused");
	child_ok(limited, test_limit, "the limit holds, reclaim makes room");
	child_ok(smp, test_limit, "... with four CPUs");
	child_ok(limited, test_pool, "pools keep a few and give them back");
	child_ok(smp, test_pool, "... with four CPUs");
	is(child_status(bad, false, test_badlimit), 0,
	    "a limit that is no size stops the start");
	return done();
}
