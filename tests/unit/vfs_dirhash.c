/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directory hash against plain arrays: names, collisions, rooms, reclaim.
 * Vnodes here are bare: a lock, a type and a mount with a name hash.
 */
#include "unit/child.h"

#include "kern/kerrno.h"
#include "kern/kmem.h"
#include "kern/ksched.h"
#include "vfs/genfs.h"
#include "vfs/namespec.h"

#define NNAMES 3000u
#define NBLKS  500u

static const struct param little[] = {{"RUMP_MEMLIMIT", "1m"}, {NULL, NULL}};
static uint64_t state = 99;
static uint32_t hash_mask = UINT32_MAX;
static unsigned nhashes;

static uint32_t
rnd(uint32_t below)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

static uint32_t
weak_hash(const char *name, size_t len)
{
	nhashes++;
	return name_hash_bytes(name, len) & hash_mask;
}

static struct namespec weak;
static struct mount mnt;

static void
make_vnode(struct vnode *vp)
{
	memset(vp, 0, sizeof(*vp));
	rw_init(&vp->v_lock, RANK_VNODE, "test");
	vp->v_type = VDIR;
	vp->v_usecount = 1;
	vp->v_mount = &mnt;
	weak = namespec_bytes;
	weak.ns_hash = weak_hash;
	mnt.mnt_namespec = &weak;
}

static bool there[NNAMES];
static uint64_t slot[NNAMES];

static size_t
name_of(unsigned i, char *buf)
{
	return (size_t)sprintf(buf, "name%u", i * 7919);
}

/* Is i's slot among those that the hash offers?  Others may be, too. */
static bool
offered(struct vnode *vp, unsigned i)
{
	char name[32];
	size_t len = name_of(i, name);
	uint32_t iter = 0;
	uint64_t s;
	bool found = false;

	while (dirhash_next(dirhash_get(vp), name, len, &iter, &s) == 0)
		found = found || s == slot[i];
	return found;
}

static void
names(uint32_t mask, unsigned steps)
{
	struct lwp *l = kern_enter();
	struct dirhash *dh;
	struct vnode v;
	char name[32];
	size_t len;

	hash_mask = mask;
	memset(there, 0, sizeof(there));
	make_vnode(&v);
	vn_lock(&v, RW_WRITER);
	CHECK(dirhash_get(&v) == NULL);
	CHECK(dirhash_create(&v, 1, &dh) == 0);
	for (unsigned s = 0; s < steps && child_failures == 0; s++) {
		unsigned i = rnd(NNAMES);

		len = name_of(i, name);
		if (!there[i] && rnd(3)) {
			slot[i] = (uint64_t)rnd(1u << 30) * 4;
			CHECK(dirhash_enter(&v, name, len, slot[i]) == 0);
			there[i] = true;
		} else if (there[i] && rnd(2)) {
			dirhash_remove(&v, name, len, slot[i]);
			CHECK(!offered(&v, i));
			there[i] = false;
		} else if (there[i]) {
			CHECK(offered(&v, i));
		}
	}
	for (unsigned i = 0; i < NNAMES; i++)
		CHECK(offered(&v, i) == there[i]);
	dirhash_remove(&v, "absent", 6, 4);
	dirhash_destroy(&v);
	CHECK(dirhash_get(&v) == NULL);
	vn_unlock(&v);
	kern_leave(l);
}

static void
child_names(void)
{
	names(UINT32_MAX, 60000);
}

static void
child_collisions(void)
{
	names(0x1f, 6000);
}

/* All names have one hash: given up, not for ever slower. */
static void
child_hostile(void)
{
	struct lwp *l = kern_enter();
	struct dirhash *dh;
	struct vnode v;
	char name[32];
	unsigned i;
	int error = 0;

	hash_mask = 0;
	make_vnode(&v);
	vn_lock(&v, RW_WRITER);
	CHECK(dirhash_create(&v, 1, &dh) == 0);
	for (i = 0; i < 100000 && error == 0; i++)
		error = dirhash_enter(&v, name, name_of(i, name), i * 16);
	CHECK(error == ENOMEM && i > 1000 && i < 20000);
	CHECK(dirhash_get(&v) == NULL);
	CHECK(dirhash_enter(&v, "a", 1, 0) == ENOMEM);
	CHECK(dirhash_setroom(&v, 0, 4) == ENOMEM);
	/* a slot that isn't kept */
	CHECK(dirhash_create(&v, 1, &dh) == 0);
	CHECK(dirhash_enter(&v, "a", 1, 2) == ENOMEM);
	CHECK(dirhash_create(&v, 1, &dh) == 0);
	CHECK(dirhash_enter(&v, "a", 1, UINT64_C(1) << 34) == ENOMEM);
	CHECK(dirhash_get(&v) == NULL);
	vn_unlock(&v);
	kern_leave(l);
}

static void
child_rooms(void)
{
	struct lwp *l = kern_enter();
	static uint32_t room[NBLKS];
	uint32_t need, want, nblks = 3;
	struct dirhash *dh;
	struct vnode v;

	make_vnode(&v);
	vn_lock(&v, RW_WRITER);
	CHECK(dirhash_create(&v, nblks, &dh) == 0);
	CHECK(dirhash_findroom(dh, 1) == DIRHASH_NOROOM);
	for (unsigned s = 0; s < 20000 && child_failures == 0; s++) {
		if (rnd(2)) {
			uint32_t b = rnd(100) ? rnd(nblks) : rnd(NBLKS);

			if (b >= nblks)
				nblks = b + 1;
			room[b] = rnd(4) ? rnd(40) * 4 : rnd(65536 / 4) * 4;
			CHECK(dirhash_setroom(&v, b, room[b]) == 0);
		}
		need = 1 + rnd(rnd(4) ? 200 : 65000);
		for (want = 0; want < NBLKS && room[want] < need; want++)
			;
		if (want == NBLKS)
			want = DIRHASH_NOROOM;
		CHECK(dirhash_findroom(dh, need) == want);
	}
	dirhash_destroy(&v);
	vn_unlock(&v);
	kern_leave(l);
}

/* Memory is wanted: hashes nobody has locked go, the one in use stays. */
static void
child_reclaim(void)
{
	struct lwp *l = kern_enter();
	static struct vnode v[20];
	struct dirhash *dh;
	unsigned gone = 0;
	char name[32];
	void *hog;

	for (unsigned i = 0; i < 20; i++) {
		make_vnode(&v[i]);
		vn_lock(&v[i], RW_WRITER);
		CHECK(dirhash_create(&v[i], 10, &dh) == 0);
		for (unsigned n = 0; n < 300; n++)
			CHECK(dirhash_enter(
				  &v[i], name, name_of(n, name), n * 16) == 0);
		vn_unlock(&v[i]);
	}
	vn_lock(&v[7], RW_READER);
	hog = kmem_alloc(kmem_limit() - kmem_inuse() + 60000);
	CHECK(hog != NULL);
	kmem_free(hog, 1);
	for (unsigned i = 0; i < 20; i++)
		gone += dirhash_get(&v[i]) == NULL;
	CHECK(gone > 5);
	CHECK(dirhash_get(&v[7]) != NULL);
	vn_unlock(&v[7]);
	for (unsigned i = 0; i < 20; i++)
		dirhash_destroy(&v[i]);
	kern_leave(l);
}

/* 20,000 names and more: each step looks at a few cells. */
static void
child_many(void)
{
	struct lwp *l = kern_enter();
	struct dirhash *dh;
	struct vnode v;
	char name[32];
	uint64_t s;
	uint32_t iter, extra = 0;

	make_vnode(&v);
	hash_mask = UINT32_MAX;
	vn_lock(&v, RW_WRITER);
	CHECK(dirhash_create(&v, 1, &dh) == 0);
	for (unsigned i = 0; i < 100000; i++)
		CHECK(dirhash_enter(&v, name, name_of(i, name), i * 16) == 0);
	for (unsigned i = 0; i < 100000; i++) {
		size_t len = name_of(i, name);

		iter = 0;
		while (
		    dirhash_next(dh, name, len, &iter, &s) == 0 && s != i * 16)
			extra++;
		CHECK(s == i * 16);
	}
	CHECK(extra < 100);
	CHECK(kmem_inuse() < 4u << 20);
	dirhash_destroy(&v);
	vn_unlock(&v);
	kern_leave(l);
}

int
main(void)
{
	child_ok(NULL, child_names, "names agree with an array");
	child_ok(NULL, child_collisions, "... with 32 different hashes");
	child_ok(NULL, child_hostile, "endless collisions are given up");
	child_ok(NULL, child_rooms, "the first block with room is found");
	child_ok(little, child_reclaim, "reclaim takes what isn't locked");
	child_ok(NULL, child_many, "a hundred thousand names");
	return done();
}
