/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory's names in memory, so that changes to a big one don't walk it.
 *
 *	cells	open addressing with linear probing: (hash of the folded name,
 *		slot / 4), eight bytes a cell, at most three quarters full
 *	rooms	a tree of maxima over the blocks' room, so that the first block
 *		with enough is found in log(blocks) steps
 *
 * Slots are byte offsets of entries, multiples of 4 below 16 GiB; what else a
 * driver has gets no hash (ENOMEM).  The same goes for a directory of which very
 * many names collide, as a hostile image's may.
 *
 * Locks: a hash is changed under its vnode's writer lock and read under its
 * reader lock; the list of all hashes has its own.  Reclaim takes the least
 * recently used ones whose vnode it can lock without waiting.
 */
#include "kern/klist.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/genfs.h"
#include "vfs/namespec.h"

#define FIRST_CELLS   64
#define MAX_CELLS     (UINT32_C(1) << 27)
#define MAX_PROBES    8192
#define CELL_FREE     UINT32_MAX
#define CELL_GONE     (UINT32_MAX - 1) /* was used: probing goes on */
#define SLOT_UNIT     4
#define ROOM_UNIT     4 /* rooms are kept rounded down */
#define MAX_ROOM      UINT16_MAX
#define LIMIT_BYTES   (UINT64_C(16) << 20) /* of all hashes */
#define LIMIT_DIVISOR 4			   /* of RUMP_MEMLIMIT */

struct cell {
	uint32_t c_hash;
	uint32_t c_slot; /* in units; CELL_FREE, CELL_GONE */
};
struct dirhash {
	struct vnode *dh_vp;
	struct klink dh_link; /* list of all; last: used last */
	struct cell *dh_cell;
	uint32_t dh_ncells, dh_used, dh_gone; /* a power of two */
	uint16_t *dh_room; /* tree: leaves from dh_leaves on; [1] the root */
	uint32_t dh_leaves, dh_nblks; /* a power of two; blocks told of */
};

static struct {
	kmutex_t lock;
	uint32_t init; /* 0 no, 1 under way, 2 done */
	struct klist list;
	uint64_t bytes;
} all;

static uint64_t
dirhash_bytes(const struct dirhash *dh)
{
	return sizeof(*dh) + (uint64_t)dh->dh_ncells * sizeof(struct cell) +
	    (uint64_t)dh->dh_leaves * 2 * sizeof(uint16_t);
}

static void
dirhash_free(struct dirhash *dh)
{
	kmem_free(dh->dh_cell, dh->dh_ncells * sizeof(struct cell));
	kmem_free(dh->dh_room, (size_t)dh->dh_leaves * 2 * sizeof(uint16_t));
	kmem_free(dh, sizeof(*dh));
}

/* ---- the list of all ----------------------------------------------------------- */

/* all.lock held: free some, but keep's; returns bytes. */
static uint64_t
free_some(uint64_t want, const struct dirhash *keep)
{
	struct klink *l, *next;
	struct dirhash *dh;
	struct vnode *vp;
	uint64_t freed = 0, n;

	for (l = klist_first(&all.list); l != NULL && freed < want; l = next) {
		next = klist_next(&all.list, l);
		dh = klink_entry(l, struct dirhash, dh_link);
		vp = dh->dh_vp;
		if (dh == keep || !rw_tryenter(&vp->v_lock, RW_WRITER))
			continue;
		n = dirhash_bytes(dh);
		klink_remove(&dh->dh_link);
		vp->v_dirhash = NULL;
		rw_exit(&vp->v_lock);
		dirhash_free(dh);
		all.bytes -= n;
		freed += n;
	}
	return freed;
}

static uint64_t
dirhash_reclaim(uint64_t want)
{
	uint64_t freed;

	if (!mutex_tryenter(&all.lock))
		return 0;
	freed = free_some(want, NULL);
	mutex_exit(&all.lock);
	return freed;
}

static void
all_lock(void)
{
	static struct kmem_reclaimer reclaimer = {
	    .kr_name = "dirhash", .kr_reclaim = dirhash_reclaim};
	uint32_t none = 0;

	if (unlikely(__atomic_load_n(&all.init, __ATOMIC_ACQUIRE) != 2)) {
		if (__atomic_compare_exchange_n(&all.init, &none, 1, false,
			__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			mutex_init(&all.lock, RANK_DIRHASH, "dirhash");
			klist_init(&all.list);
			kmem_reclaimer_register(&reclaimer);
			__atomic_store_n(&all.init, 2, __ATOMIC_RELEASE);
		}
		while (__atomic_load_n(&all.init, __ATOMIC_ACQUIRE) != 2)
			;
	}
	mutex_enter(&all.lock);
}

/* dh has grown by bytes (or is new): count it, and let others go for it. */
static void
account(struct dirhash *dh, uint64_t bytes)
{
	uint64_t limit = kmin(LIMIT_BYTES, kmem_limit() / LIMIT_DIVISOR);

	all_lock();
	klink_remove(&dh->dh_link);
	klist_insert_tail(&all.list, &dh->dh_link);
	all.bytes += bytes;
	if (all.bytes > limit)
		free_some(all.bytes - limit, dh);
	mutex_exit(&all.lock);
}

struct dirhash *
dirhash_get(struct vnode *vp)
{
	return vp->v_dirhash;
}

void
dirhash_destroy(struct vnode *vp)
{
	struct dirhash *dh;

	/* The list's lock even where there is none (any more): reclaim may be
	 * about to let go of vp's lock. */
	if (vp->v_type != VDIR)
		return;
	all_lock();
	dh = vp->v_dirhash;
	if (dh != NULL) {
		klink_remove(&dh->dh_link);
		all.bytes -= dirhash_bytes(dh);
		vp->v_dirhash = NULL;
	}
	mutex_exit(&all.lock);
	if (dh != NULL)
		dirhash_free(dh);
}

/* ---- rooms --------------------------------------------------------------------- */

/* Leaves for at least nblks blocks. */
static int
rooms_grow(struct dirhash *dh, uint32_t nblks)
{
	uint32_t leaves = dh->dh_leaves == 0 ? 16 : dh->dh_leaves, i;
	uint16_t *room;

	while (leaves < nblks && leaves < UINT32_C(1) << 30)
		leaves *= 2;
	if (leaves < nblks)
		return ENOMEM;
	if (leaves == dh->dh_leaves)
		return 0;
	room = kmem_calloc((size_t)leaves * 2, sizeof(*room));
	if (room == NULL)
		return ENOMEM;
	for (i = 0; i < dh->dh_nblks; i++)
		room[leaves + i] = dh->dh_room[dh->dh_leaves + i];
	for (i = leaves - 1; i > 0; i--)
		room[i] = (uint16_t)kmax(room[2 * i], room[2 * i + 1]);
	kmem_free(dh->dh_room, (size_t)dh->dh_leaves * 2 * sizeof(*room));
	dh->dh_room = room;
	dh->dh_leaves = leaves;
	return 0;
}

int
dirhash_setroom(struct vnode *vp, uint32_t blk, uint32_t room)
{
	struct dirhash *dh = vp->v_dirhash;
	uint64_t before;
	uint32_t i;

	if (dh == NULL)
		return ENOMEM;
	if (blk >= dh->dh_leaves) {
		before = dirhash_bytes(dh);
		if (blk == UINT32_MAX || rooms_grow(dh, blk + 1) != 0) {
			dirhash_destroy(vp);
			return ENOMEM;
		}
		account(dh, dirhash_bytes(dh) - before);
	}
	dh->dh_nblks = (uint32_t)kmax(dh->dh_nblks, (uint64_t)blk + 1);
	i = dh->dh_leaves + blk;
	dh->dh_room[i] = (uint16_t)kmin(room / ROOM_UNIT, MAX_ROOM);
	for (i /= 2; i > 0; i /= 2)
		dh->dh_room[i] = (uint16_t)kmax(
		    dh->dh_room[2 * i], dh->dh_room[2 * i + 1]);
	return 0;
}

uint32_t
dirhash_findroom(struct dirhash *dh, uint32_t need)
{
	uint64_t units = howmany(need, ROOM_UNIT);
	uint32_t i = 1;

	if (units == 0)
		units = 1;
	if (dh->dh_room[1] < units)
		return DIRHASH_NOROOM;
	while (i < dh->dh_leaves)
		i = dh->dh_room[2 * i] >= units ? 2 * i : 2 * i + 1;
	return i - dh->dh_leaves;
}

/* ---- cells --------------------------------------------------------------------- */

static uint32_t
name_hash(const struct vnode *vp, const char *name, size_t len)
{
	uint32_t h = vp->v_mount->mnt_namespec->ns_hash(name, len);

	/* The low bits choose the cell: make all bits count. */
	h ^= h >> 16;
	h *= UINT32_C(0x85ebca6b);
	h ^= h >> 13;
	h *= UINT32_C(0xc2b2ae35);
	return h ^ h >> 16;
}

/* ENOMEM also where the cells are too crowded at one place. */
static int
cell_insert(struct cell *cell, uint32_t ncells, uint32_t hash, uint32_t slot,
    bool *reusedp)
{
	uint32_t i = hash & (ncells - 1);

	for (uint32_t probes = 0; probes < MAX_PROBES; probes++) {
		if (cell[i].c_slot >= CELL_GONE) {
			*reusedp = cell[i].c_slot == CELL_GONE;
			cell[i].c_hash = hash;
			cell[i].c_slot = slot;
			return 0;
		}
		i = (i + 1) & (ncells - 1);
	}
	return ENOMEM;
}

/* A table of ncells without the gone ones. */
static int
rehash(struct dirhash *dh, uint32_t ncells)
{
	struct cell *cell;
	bool reused;
	uint32_t i;
	int error = 0;

	if (ncells > MAX_CELLS)
		return ENOMEM;
	cell = kmem_alloc(ncells * sizeof(*cell));
	if (cell == NULL)
		return ENOMEM;
	for (i = 0; i < ncells; i++)
		cell[i] = (struct cell){0, CELL_FREE};
	for (i = 0; i < dh->dh_ncells && error == 0; i++)
		if (dh->dh_cell[i].c_slot < CELL_GONE)
			error = cell_insert(cell, ncells, dh->dh_cell[i].c_hash,
			    dh->dh_cell[i].c_slot, &reused);
	if (error != 0) {
		kmem_free(cell, ncells * sizeof(*cell));
		return error;
	}
	kmem_free(dh->dh_cell, dh->dh_ncells * sizeof(*cell));
	dh->dh_cell = cell;
	dh->dh_ncells = ncells;
	dh->dh_gone = 0;
	return 0;
}

/* Room for one more; gone cells count as used ones, they lengthen probes. */
static int
cells_reserve(struct dirhash *dh)
{
	uint32_t limit = dh->dh_ncells / 4 * 3, ncells = dh->dh_ncells;
	uint64_t before = dirhash_bytes(dh);
	int error;

	if (dh->dh_used + dh->dh_gone < limit)
		return 0;
	if (dh->dh_used >= limit / 2)
		ncells *= 2;
	error = rehash(dh, ncells);
	if (error == 0)
		account(dh, dirhash_bytes(dh) - before);
	return error;
}

int
dirhash_create(struct vnode *vp, uint32_t nblks, struct dirhash **dhp)
{
	struct dirhash *dh;

	KASSERT(vp->v_dirhash == NULL);
	dh = kmem_zalloc(sizeof(*dh));
	if (dh == NULL)
		return ENOMEM;
	dh->dh_vp = vp;
	klink_init(&dh->dh_link);
	if (rehash(dh, FIRST_CELLS) != 0 || rooms_grow(dh, nblks) != 0) {
		dirhash_free(dh);
		return ENOMEM;
	}
	dh->dh_nblks = nblks;
	vp->v_dirhash = dh;
	account(dh, dirhash_bytes(dh));
	*dhp = dh;
	return 0;
}

int
dirhash_enter(struct vnode *vp, const char *name, size_t len, uint64_t slot)
{
	struct dirhash *dh = vp->v_dirhash;
	bool reused;

	if (dh == NULL)
		return ENOMEM;
	if (slot % SLOT_UNIT != 0 || slot / SLOT_UNIT >= CELL_GONE ||
	    cells_reserve(dh) != 0 ||
	    cell_insert(dh->dh_cell, dh->dh_ncells, name_hash(vp, name, len),
		(uint32_t)(slot / SLOT_UNIT), &reused) != 0) {
		dirhash_destroy(vp);
		return ENOMEM;
	}
	dh->dh_used++;
	if (reused)
		dh->dh_gone--;
	return 0;
}

void
dirhash_remove(struct vnode *vp, const char *name, size_t len, uint64_t slot)
{
	struct dirhash *dh = vp->v_dirhash;
	uint32_t hash, i;

	if (dh == NULL)
		return;
	hash = name_hash(vp, name, len);
	i = hash & (dh->dh_ncells - 1);
	for (; dh->dh_cell[i].c_slot != CELL_FREE;
	     i = (i + 1) & (dh->dh_ncells - 1)) {
		if (dh->dh_cell[i].c_hash != hash ||
		    dh->dh_cell[i].c_slot != slot / SLOT_UNIT)
			continue;
		dh->dh_cell[i].c_slot = CELL_GONE;
		dh->dh_used--;
		dh->dh_gone++;
		return;
	}
}

int
dirhash_next(struct dirhash *dh, const char *name, size_t len, uint32_t *iterp,
    uint64_t *slotp)
{
	uint32_t hash = name_hash(dh->dh_vp, name, len), mask, i;

	mask = dh->dh_ncells - 1;
	for (; *iterp < dh->dh_ncells; (*iterp)++) {
		i = (hash + *iterp) & mask;
		if (dh->dh_cell[i].c_slot == CELL_FREE)
			break;
		if (dh->dh_cell[i].c_hash == hash &&
		    dh->dh_cell[i].c_slot != CELL_GONE) {
			*slotp = (uint64_t)dh->dh_cell[i].c_slot * SLOT_UNIT;
			(*iterp)++;
			return 0;
		}
	}
	return ENOENT;
}
