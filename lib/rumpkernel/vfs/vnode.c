/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vnode cache: hash by (mount, inode), references, life cycle, LRU, reclaim.
 *
 *   (none) -> LOADING -> ACTIVE <-> CACHED -> RECLAIMING -> (freed)
 *                |          |                     ^
 *                v          +---- unlinked -------+
 *             (freed: load failed)
 *
 * Invariants:
 *   ACTIVE or LOADING <=> v_usecount > 0.  CACHED <=> on the LRU.
 *   A vnode's lock is held only by who has a reference.  So the last reference
 *   finds the lock free, and a CACHED vnode's lock is free.
 *   While the last user's vop_inactive() runs, v_draining is set and the vnode
 *   can't be found: who wants it waits, then loads it anew or gets it back.
 *   RECLAIMING vnodes are on no list and have no name cache entries.
 *
 * The cache is bounded (VCACHE_MAX unused vnodes) and gives memory back when it
 * is asked; that way takes vcache_lock by trying only, and reclaim never writes.
 */
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/genfs.h"
#include "vfs/namei.h"
#include "vfs/vnode_impl.h"

#define VCACHE_MAX     2048u
#define VCACHE_BUCKETS 1024u

kmutex_t vcache_lock;
kcondvar_t vcache_cv;
struct mount dead_mount;

static struct {
	struct klist *hash;
	struct klist lru; /* first: unused for longest */
	uint32_t ncached;
	struct kmem_pool *pool;
} vcache;

static const struct vnodeops dead_vnodeops;

static uint64_t vcache_reclaim(uint64_t want);
static struct kmem_reclaimer vcache_reclaimer = {
    .kr_name = "vnodes",
    .kr_reclaim = vcache_reclaim,
};

int
vcache_init(void)
{
	int error;

	mutex_init(&vcache_lock, RANK_VCACHE, "vcache");
	cv_init(&vcache_cv, "vcache");
	klist_init(&vcache.lru);
	vcache.hash = kmem_calloc(VCACHE_BUCKETS, sizeof(struct klist));
	if (vcache.hash == NULL)
		return ENOMEM;
	for (unsigned i = 0; i < VCACHE_BUCKETS; i++)
		klist_init(&vcache.hash[i]);
	error = kmem_pool_create(
	    "vnode", sizeof(struct vnode), 256, &vcache.pool);
	if (error != 0)
		return error;
	klist_init(&dead_mount.mnt_vnodes);
	rw_init(&dead_mount.mnt_renamelock, RANK_RENAME, "rename");
	dead_mount.mnt_flags = RUMP_MNT_RDONLY;
	dead_mount.mnt_namespec = &namespec_bytes;
	kmem_reclaimer_register(&vcache_reclaimer);
	return 0;
}

/* ---- state ---------------------------------------------------------------- */

void
vnode_setstate(struct vnode *vp, enum vnode_state state)
{
	static const uint8_t edges[] = {
	    [VS_LOADING] = 1 << VS_ACTIVE,
	    [VS_ACTIVE] = 1 << VS_CACHED | 1 << VS_RECLAIMING,
	    [VS_CACHED] = 1 << VS_ACTIVE | 1 << VS_RECLAIMING,
	    [VS_RECLAIMING] = 0,
	};

	KASSERT(mutex_owned(&vcache_lock));
	KASSERT((edges[vp->v_state] & 1 << state) != 0);
	if (vp->v_state == VS_CACHED) {
		klink_remove(&vp->v_lrulink);
		vcache.ncached--;
	}
	vp->v_state = state;
	switch (state) {
	case VS_CACHED:
		KASSERT(vp->v_usecount == 0);
		klist_insert_tail(&vcache.lru, &vp->v_lrulink);
		vcache.ncached++;
		break;
	case VS_RECLAIMING:
		KASSERT(vp->v_usecount == 0);
		namecache_purge_locked(vp);
		klink_remove(&vp->v_hashlink);
		klink_remove(&vp->v_mntlink);
		break;
	case VS_ACTIVE:
		KASSERT(vp->v_usecount > 0);
		break;
	case VS_LOADING:
		break;
	}
}

static struct klist *
vcache_bucket(const struct mount *mp, uint64_t ino)
{
	uint64_t h = (ino ^ mp->mnt_id << 40) * 0x9e3779b97f4a7c15u;

	return &vcache.hash[h >> 40 & (VCACHE_BUCKETS - 1)];
}

static struct vnode *
vcache_find(struct mount *mp, uint64_t ino)
{
	struct klist *b = vcache_bucket(mp, ino);
	struct klink *l;

	KLIST_FOREACH(l, b)
	{
		struct vnode *vp = klink_entry(l, struct vnode, v_hashlink);

		if (vp->v_ino == ino && vp->v_mount == mp)
			return vp;
	}
	return NULL;
}

/* A vnode in LOADING with one reference, on no list. */
static struct vnode *
vnode_alloc(struct mount *mp, uint64_t ino)
{
	struct vnode *vp = kmem_pool_get(vcache.pool);

	if (vp == NULL)
		return NULL;
	memset(vp, 0, sizeof(*vp));
	rw_init(&vp->v_lock, RANK_VNODE, "vnode");
	vp->v_state = VS_LOADING;
	vp->v_usecount = 1;
	vp->v_mount = mp;
	vp->v_op = mp->mnt_op->vfs_vnodeops;
	vp->v_ino = ino;
	klink_init(&vp->v_hashlink);
	klink_init(&vp->v_lrulink);
	klink_init(&vp->v_mntlink);
	klist_init(&vp->v_ncparent);
	klist_init(&vp->v_ncchild);
	return vp;
}

static void
vnode_free(struct vnode *vp)
{
	KASSERT(!klink_linked(&vp->v_hashlink));
	KASSERT(klist_empty(&vp->v_ncparent) && klist_empty(&vp->v_ncchild));
	rw_destroy(&vp->v_lock);
	kmem_pool_put(vcache.pool, vp);
}

/* The driver's part of a vnode that nobody can find any more, then all of it. */
static void
vnode_destroy(struct vnode *vp)
{
	bool locked = rw_tryenter(&vp->v_lock, RW_WRITER);

	KASSERT(locked);
	if (vp->v_dirhash != NULL)
		dirhash_destroy(vp);
	vop_reclaim(vp);
	rw_exit(&vp->v_lock);
	vnode_free(vp);
}

/* Take up to n unused vnodes off the cache; linked by v_hashlink. */
static void
vcache_detach_lru(unsigned n, struct klist *out)
{
	struct klink *l;

	while (n-- > 0 && (l = klist_first(&vcache.lru)) != NULL) {
		struct vnode *vp = klink_entry(l, struct vnode, v_lrulink);

		vnode_setstate(vp, VS_RECLAIMING);
		klist_insert_tail(out, &vp->v_hashlink);
	}
}

static uint64_t
vcache_destroy_list(struct klist *list)
{
	struct klink *l;
	uint64_t n = 0;

	while ((l = klist_first(list)) != NULL) {
		klink_remove(l);
		vnode_destroy(klink_entry(l, struct vnode, v_hashlink));
		n++;
	}
	return n;
}

static uint64_t
vcache_reclaim(uint64_t want)
{
	struct klist gone;
	unsigned n = (unsigned)kmin(want / (2 * sizeof(struct vnode)) + 1, 256);

	if (!mutex_tryenter(&vcache_lock))
		return 0;
	klist_init(&gone);
	vcache_detach_lru(n, &gone);
	mutex_exit(&vcache_lock);
	return vcache_destroy_list(&gone) * (2 * sizeof(struct vnode));
}

/* ---- references ------------------------------------------------------------ */

bool
vcache_tryref_locked(struct vnode *vp)
{
	if (vp->v_state == VS_LOADING || vp->v_state == VS_RECLAIMING ||
	    vp->v_draining)
		return false;
	vn_addref(vp);
	if (vp->v_state == VS_CACHED)
		vnode_setstate(vp, VS_ACTIVE);
	return true;
}

void
vref(struct vnode *vp)
{
	mutex_enter(&vcache_lock);
	KASSERT(vp->v_usecount > 0);
	vn_addref(vp);
	mutex_exit(&vcache_lock);
}

/*
 * The last reference: vop_inactive() under the lock, then cached or gone.  Called
 * with vcache_lock, returns without.
 */
static void
vrele_last(struct vnode *vp)
{
	bool recycle = false, locked;
	struct klist gone;

	locked = rw_tryenter(&vp->v_lock, RW_WRITER);
	KASSERT(locked);
	vp->v_draining = true;
	mutex_exit(&vcache_lock);
	vop_inactive(vp, &recycle);
	rw_exit(&vp->v_lock);

	klist_init(&gone);
	mutex_enter(&vcache_lock);
	vp->v_draining = false;
	KASSERT(vp->v_usecount == 1);
	vn_setusecount(vp, 0);
	if (recycle || vp->v_unlinked || vp->v_mount == &dead_mount ||
	    !klink_linked(&vp->v_hashlink)) {
		vnode_setstate(vp, VS_RECLAIMING);
		klist_insert_tail(&gone, &vp->v_hashlink);
	} else {
		vnode_setstate(vp, VS_CACHED);
		if (vcache.ncached > VCACHE_MAX)
			vcache_detach_lru(16, &gone);
	}
	cv_broadcast(&vcache_cv);
	mutex_exit(&vcache_lock);
	(void)vcache_destroy_list(&gone);
}

void
vrele(struct vnode *vp)
{
	mutex_enter(&vcache_lock);
	KASSERT(vp->v_usecount > 0 && vp->v_state == VS_ACTIVE);
	if (vp->v_usecount > 1) {
		vn_setusecount(vp, vp->v_usecount - 1);
		mutex_exit(&vcache_lock);
		return;
	}
	vrele_last(vp);
}

/* ---- the cache ---------------------------------------------------------------- */

/* In the hash and its mount's list, LOADING.  vcache_lock held. */
static void
vcache_insert(struct vnode *vp)
{
	klist_insert_head(
	    vcache_bucket(vp->v_mount, vp->v_ino), &vp->v_hashlink);
	klist_insert_tail(&vp->v_mount->mnt_vnodes, &vp->v_mntlink);
}

/* Wait until the vnode found can be had; NULL: there is none.  Lock held. */
static struct vnode *
vcache_find_ref(struct mount *mp, uint64_t ino)
{
	struct vnode *vp;

	while ((vp = vcache_find(mp, ino)) != NULL) {
		if (likely(vcache_tryref_locked(vp)))
			return vp;
		cv_wait(&vcache_cv, &vcache_lock);
	}
	return NULL;
}

int
vcache_get(struct mount *mp, uint64_t ino, struct vnode **vpp)
{
	struct vnode *vp, *nvp;
	int error;

	mutex_enter(&vcache_lock);
	vp = vcache_find_ref(mp, ino);
	mutex_exit(&vcache_lock);
	if (vp != NULL) {
		*vpp = vp;
		return 0;
	}
	nvp = vnode_alloc(mp, ino);
	if (nvp == NULL)
		return ENOMEM;
	mutex_enter(&vcache_lock);
	vp = vcache_find_ref(mp, ino);
	if (vp == NULL)
		vcache_insert(nvp);
	mutex_exit(&vcache_lock);
	if (vp != NULL) {
		vnode_free(nvp);
		*vpp = vp;
		return 0;
	}

	vp = nvp;
	error = mp->mnt_op->vfs_loadvnode(mp, vp);
	mutex_enter(&vcache_lock);
	if (error == 0) {
		KASSERT(vp->v_type != VNON);
		if (ino == mp->mnt_rootino)
			vp->v_flags |= VV_ROOT;
		vnode_setstate(vp, VS_ACTIVE);
	} else {
		klink_remove(&vp->v_hashlink);
		klink_remove(&vp->v_mntlink);
	}
	cv_broadcast(&vcache_cv);
	mutex_exit(&vcache_lock);
	if (error != 0) {
		vnode_free(vp);
		return error;
	}
	*vpp = vp;
	return 0;
}

struct vnode *
vcache_lookup(struct mount *mp, uint64_t ino)
{
	struct vnode *vp;

	mutex_enter(&vcache_lock);
	vp = vcache_find_ref(mp, ino);
	mutex_exit(&vcache_lock);
	return vp;
}

struct vnode *
vcache_lookup_active(struct mount *mp, uint64_t ino)
{
	struct vnode *vp;

	mutex_enter(&vcache_lock);
	vp = vcache_find(mp, ino);
	if (vp != NULL &&
	    (vp->v_state != VS_ACTIVE || !vcache_tryref_locked(vp)))
		vp = NULL;
	mutex_exit(&vcache_lock);
	return vp;
}

int
vcache_new(struct mount *mp, uint64_t ino, struct vnode **vpp)
{
	struct vnode *vp, *old;

	vp = vnode_alloc(mp, ino);
	if (vp == NULL)
		return ENOMEM;
	rw_enter(&vp->v_lock, RW_WRITER);
	mutex_enter(&vcache_lock);
	old = vcache_find(mp, ino);
	if (old != NULL && old->v_draining && old->v_unlinked) {
		/* Its number was just freed: it is going away anyhow. */
		klink_remove(&old->v_hashlink);
		old = NULL;
	}
	if (old == NULL)
		vcache_insert(vp);
	mutex_exit(&vcache_lock);
	if (old != NULL) {
		/* The number of a node in use was given out as a free one. */
		rw_exit(&vp->v_lock);
		vnode_free(vp);
		return EUCLEAN;
	}
	*vpp = vp;
	return 0;
}

void
vcache_publish(struct vnode *vp)
{
	KASSERT(vp->v_type != VNON && vn_wlocked(vp));
	mutex_enter(&vcache_lock);
	vnode_setstate(vp, VS_ACTIVE);
	cv_broadcast(&vcache_cv);
	mutex_exit(&vcache_lock);
	rw_exit(&vp->v_lock);
}

void
vcache_abort(struct vnode *vp)
{
	KASSERT(vn_wlocked(vp));
	mutex_enter(&vcache_lock);
	KASSERT(vp->v_state == VS_LOADING && vp->v_usecount == 1);
	klink_remove(&vp->v_hashlink);
	klink_remove(&vp->v_mntlink);
	cv_broadcast(&vcache_cv);
	mutex_exit(&vcache_lock);
	rw_exit(&vp->v_lock);
	vnode_free(vp);
}

int
vcache_rekey(struct vnode *vp, uint64_t newino)
{
	int error = 0;

	mutex_enter(&vcache_lock);
	if (vcache_find(vp->v_mount, newino) != NULL) {
		error = EEXIST;
	} else {
		klink_remove(&vp->v_hashlink);
		vp->v_ino = newino;
		klist_insert_head(
		    vcache_bucket(vp->v_mount, newino), &vp->v_hashlink);
	}
	mutex_exit(&vcache_lock);
	return error;
}

/* ---- a mount's vnodes -------------------------------------------------------- */

struct vnode *
vcache_nextactive(struct mount *mp, struct vnode *prev)
{
	struct vnode *vp = NULL;
	struct klink *l;

	mutex_enter(&vcache_lock);
	l = prev == NULL ? klist_first(&mp->mnt_vnodes)
			 : klist_next(&mp->mnt_vnodes, &prev->v_mntlink);
	for (; l != NULL; l = klist_next(&mp->mnt_vnodes, l)) {
		vp = klink_entry(l, struct vnode, v_mntlink);
		if (vp->v_state == VS_ACTIVE && vcache_tryref_locked(vp))
			break;
		vp = NULL;
	}
	mutex_exit(&vcache_lock);
	if (prev != NULL)
		vrele(prev);
	return vp;
}

bool
vcache_busy(struct mount *mp)
{
	struct klink *l;
	bool busy = false;

	mutex_enter(&vcache_lock);
	KLIST_FOREACH(l, &mp->mnt_vnodes)
	if (klink_entry(l, struct vnode, v_mntlink)->v_usecount > 0)
		busy = true;
	mutex_exit(&vcache_lock);
	return busy;
}

/* A vnode in use of a mount that goes by force: from now on all fails. */
static void
vnode_revoke(struct vnode *vp)
{
	vn_lock(vp, RW_WRITER);
	if (vp->v_dirhash != NULL)
		dirhash_destroy(vp);
	if (vp->v_unlinked) {
		bool recycle = true;

		vop_inactive(vp, &recycle);
	}
	vop_reclaim(vp);
	__atomic_store_n(&vp->v_op, &dead_vnodeops, __ATOMIC_RELEASE);
	vp->v_data = NULL;
	mutex_enter(&vcache_lock);
	namecache_purge_locked(vp);
	klink_remove(&vp->v_hashlink);
	klink_remove(&vp->v_mntlink);
	__atomic_store_n(&vp->v_mount, &dead_mount, __ATOMIC_RELEASE);
	klist_insert_tail(&dead_mount.mnt_vnodes, &vp->v_mntlink);
	mutex_exit(&vcache_lock);
	vn_unlock(vp);
}

bool
vcache_flushmount(struct mount *mp)
{
	bool revoked = false;
	struct klist gone;
	struct klink *l;

	klist_init(&gone);
	mutex_enter(&vcache_lock);
	while ((l = klist_first(&mp->mnt_vnodes)) != NULL) {
		struct vnode *vp = klink_entry(l, struct vnode, v_mntlink);

		if (vp->v_state == VS_CACHED) {
			vnode_setstate(vp, VS_RECLAIMING);
			klist_insert_tail(&gone, &vp->v_hashlink);
			continue;
		}
		if (!vcache_tryref_locked(vp)) {
			cv_wait(&vcache_cv, &vcache_lock);
			continue;
		}
		mutex_exit(&vcache_lock);
		revoked = true;
		vnode_revoke(vp);
		vrele(vp);
		mutex_enter(&vcache_lock);
	}
	mutex_exit(&vcache_lock);
	(void)vcache_destroy_list(&gone);
	return revoked;
}
