/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The name cache: (directory, folded name) -> vnode, or "is not there".
 *
 * Entries hold no references: an entry goes when its directory or its vnode is
 * reclaimed (namecache_purge_locked), and what it leads to gets a reference under
 * vcache_lock, which guards all of this.  The vop_*() wrappers change entries with
 * the directory locked as a writer; lookups enter with it locked as a reader; so
 * what is cached is true whenever the lock is held, and a lookup without the lock
 * sees the state before or after a change, never a mixture.
 *
 * Names are compared and hashed by the mount's namespec: where it folds case, all
 * spellings are one entry.  "." and ".." are never entered.
 *
 * Bounded to NAMECACHE_MAX entries, least recently entered or found first out;
 * full, the oldest entry is used again, so that lookups don't allocate.
 */
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/namei.h"
#include "vfs/vnode_impl.h"

#define NAMECACHE_MAX	  4096u
#define NAMECACHE_BUCKETS 2048u
#define NC_NAMEMAX	  40 /* longer names aren't cached: they are rare */

struct ncentry {
	struct klink nc_hashlink, nc_lrulink, nc_parentlink, nc_childlink;
	struct vnode *nc_dvp, *nc_vp; /* nc_vp NULL: negative */
	uint32_t nc_hash;
	uint8_t nc_len;
	char nc_name[NC_NAMEMAX];
};

static struct {
	struct klist *hash;
	struct klist lru;
	uint32_t count;
	struct kmem_pool *pool;
} nc;

static uint64_t namecache_reclaim(uint64_t want);
static struct kmem_reclaimer namecache_reclaimer = {
    .kr_name = "names",
    .kr_reclaim = namecache_reclaim,
};

int
namecache_init(void)
{
	klist_init(&nc.lru);
	nc.hash = kmem_calloc(NAMECACHE_BUCKETS, sizeof(struct klist));
	if (nc.hash == NULL)
		return ENOMEM;
	for (unsigned i = 0; i < NAMECACHE_BUCKETS; i++)
		klist_init(&nc.hash[i]);
	kmem_reclaimer_register(&namecache_reclaimer);
	return kmem_pool_create(
	    "ncentry", sizeof(struct ncentry), 256, &nc.pool);
}

static struct klist *
nc_bucket(uint32_t hash)
{
	return &nc.hash[hash & (NAMECACHE_BUCKETS - 1)];
}

static uint32_t
nc_hash(const struct vnode *dvp, const struct componentname *cn)
{
	uint32_t h = vn_mount(dvp)->mnt_namespec->ns_hash(
	    cn->cn_name, cn->cn_len);

	return h ^ (uint32_t)((uintptr_t)dvp >> 4) * 0x9e3779b1u;
}

static bool
nc_cacheable(const struct componentname *cn)
{
	if (cn->cn_len > NC_NAMEMAX)
		return false;
	return cn->cn_name[0] != '.' || cn->cn_len > 2 ||
	    (cn->cn_len == 2 && cn->cn_name[1] != '.');
}

static struct ncentry *
nc_find(struct vnode *dvp, const struct componentname *cn, uint32_t hash)
{
	const struct namespec *ns = vn_mount(dvp)->mnt_namespec;
	struct klist *b = nc_bucket(hash);
	struct klink *l;

	KLIST_FOREACH(l, b)
	{
		struct ncentry *ne = klink_entry(
		    l, struct ncentry, nc_hashlink);

		if (ne->nc_hash == hash && ne->nc_dvp == dvp &&
		    ns->ns_equal(
			ne->nc_name, ne->nc_len, cn->cn_name, cn->cn_len))
			return ne;
	}
	return NULL;
}

static void
nc_unlink(struct ncentry *ne)
{
	klink_remove(&ne->nc_hashlink);
	klink_remove(&ne->nc_lrulink);
	klink_remove(&ne->nc_parentlink);
	klink_remove(&ne->nc_childlink);
	nc.count--;
}

/* Out of all lists and freed; pools may be used under vcache_lock. */
static void
nc_free(struct ncentry *ne)
{
	nc_unlink(ne);
	kmem_pool_put(nc.pool, ne);
}

static uint64_t
namecache_reclaim(uint64_t want)
{
	uint64_t n = want / sizeof(struct ncentry) + 1, freed = 0;
	struct klink *l;

	if (!mutex_tryenter(&vcache_lock))
		return 0;
	while (n-- > 0 && (l = klist_first(&nc.lru)) != NULL) {
		nc_free(klink_entry(l, struct ncentry, nc_lrulink));
		freed += sizeof(struct ncentry);
	}
	mutex_exit(&vcache_lock);
	return freed;
}

int
namecache_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp)
{
	struct ncentry *ne;
	uint32_t hash;
	int error = ENOENT;

	if (!nc_cacheable(cn))
		return ENOENT;
	hash = nc_hash(dvp, cn);
	mutex_enter(&vcache_lock);
	ne = nc_find(dvp, cn, hash);
	if (ne != NULL) {
		if (ne->nc_vp == NULL || vcache_tryref_locked(ne->nc_vp)) {
			*vpp = ne->nc_vp;
			error = 0;
		}
		klink_remove(&ne->nc_lrulink);
		klist_insert_tail(&nc.lru, &ne->nc_lrulink);
	}
	mutex_exit(&vcache_lock);
	return error;
}

static void
nc_setvp(struct ncentry *ne, struct vnode *vp)
{
	klink_remove(&ne->nc_childlink);
	ne->nc_vp = vp;
	if (vp != NULL)
		klist_insert_head(&vp->v_ncchild, &ne->nc_childlink);
}

/* An entry to fill in, on no list.  vcache_lock is held, or dropped to allocate. */
static struct ncentry *
nc_alloc(void)
{
	struct ncentry *ne;

	if (nc.count >= NAMECACHE_MAX) {
		ne = klink_entry(
		    klist_first(&nc.lru), struct ncentry, nc_lrulink);
		nc_unlink(ne);
		return ne;
	}
	mutex_exit(&vcache_lock);
	ne = kmem_pool_get(nc.pool);
	mutex_enter(&vcache_lock);
	if (ne != NULL) {
		klink_init(&ne->nc_hashlink);
		klink_init(&ne->nc_lrulink);
		klink_init(&ne->nc_parentlink);
		klink_init(&ne->nc_childlink);
	}
	return ne;
}

void
namecache_enter(
    struct vnode *dvp, const struct componentname *cn, struct vnode *vp)
{
	struct ncentry *ne, *other;
	uint32_t hash;

	KASSERT(rw_lock_held(&dvp->v_lock));
	if (!nc_cacheable(cn))
		return;
	hash = nc_hash(dvp, cn);
	mutex_enter(&vcache_lock);
	ne = nc_find(dvp, cn, hash);
	if (ne != NULL) {
		nc_setvp(ne, vp);
		goto out;
	}
	ne = nc_alloc();
	if (ne == NULL)
		goto out;
	other = nc_find(dvp, cn, hash); /* another reader, meanwhile */
	if (other != NULL) {
		kmem_pool_put(nc.pool, ne);
		nc_setvp(other, vp);
		goto out;
	}
	ne->nc_dvp = dvp;
	ne->nc_hash = hash;
	ne->nc_len = (uint8_t)cn->cn_len;
	memcpy(ne->nc_name, cn->cn_name, cn->cn_len);
	nc_setvp(ne, vp);
	klist_insert_head(nc_bucket(hash), &ne->nc_hashlink);
	klist_insert_tail(&nc.lru, &ne->nc_lrulink);
	klist_insert_head(&dvp->v_ncparent, &ne->nc_parentlink);
	nc.count++;
out:
	mutex_exit(&vcache_lock);
}

void
namecache_remove(struct vnode *dvp, const struct componentname *cn)
{
	struct ncentry *ne;
	uint32_t hash;

	if (!nc_cacheable(cn))
		return;
	hash = nc_hash(dvp, cn);
	mutex_enter(&vcache_lock);
	ne = nc_find(dvp, cn, hash);
	if (ne != NULL)
		nc_free(ne);
	mutex_exit(&vcache_lock);
}

void
namecache_purge_locked(struct vnode *vp)
{
	struct klink *l;

	while ((l = klist_first(&vp->v_ncparent)) != NULL)
		nc_free(klink_entry(l, struct ncentry, nc_parentlink));
	while ((l = klist_first(&vp->v_ncchild)) != NULL)
		nc_free(klink_entry(l, struct ncentry, nc_childlink));
}

void
namecache_purge(struct vnode *vp)
{
	mutex_enter(&vcache_lock);
	namecache_purge_locked(vp);
	mutex_exit(&vcache_lock);
}

void
namecache_purgemount(struct mount *mp)
{
	struct klink *l;

	mutex_enter(&vcache_lock);
	KLIST_FOREACH(l, &mp->mnt_vnodes)
	namecache_purge_locked(klink_entry(l, struct vnode, v_mntlink));
	mutex_exit(&vcache_lock);
}
