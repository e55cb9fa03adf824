/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rumpfs: regular files' data, in pages in a tree; a page that is not there is a
 * hole.
 *
 * Invariant: bytes of a page past the file's size are zero (pages are zeroed when
 * they are made, the last one's tail when the file shrinks), so that growing has
 * nothing to do.
 *
 * Files of etfs have their bytes on a block device instead: one to one.
 */
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/etfs.h"
#include "vfs/genfs.h"
#include "vfs/rumpfs.h"

/* ---- the tree --------------------------------------------------------------- */

/* How many pages a tree of that height can name. */
static uint64_t
tree_span(uint32_t height)
{
	return height * RPTREE_BITS >= 64 ? UINT64_MAX
					  : UINT64_C(1) << height * RPTREE_BITS;
}

static uint32_t
tree_slot(uint64_t idx, uint32_t level)
{
	return idx >> level * RPTREE_BITS & (RPTREE_FAN - 1);
}

static uint8_t *
tree_get(const struct rptree *t, uint64_t idx)
{
	void *p = t->rt_root;

	if (t->rt_height == 0 || idx >= tree_span(t->rt_height))
		return NULL;
	for (uint32_t level = t->rt_height; level-- > 0 && p != NULL;)
		p = ((struct rptree_node *)p)->rt_slot[tree_slot(idx, level)];
	return p;
}

/* The first page at or after idx; UINT64_MAX: none. */
static uint64_t
tree_next(
    const struct rptree_node *n, uint32_t level, uint64_t base, uint64_t idx)
{
	uint64_t unit = tree_span(level), found;
	uint32_t i = idx > base ? (uint32_t)((idx - base) / unit) : 0;

	for (; i < RPTREE_FAN; i++) {
		uint64_t start = base + i * unit;

		if (n->rt_slot[i] == NULL)
			continue;
		if (level == 0)
			return start;
		found = tree_next(n->rt_slot[i], level - 1, start, idx);
		if (found != UINT64_MAX)
			return found;
	}
	return UINT64_MAX;
}

static uint64_t
next_page(const struct rptree *t, uint64_t idx)
{
	if (t->rt_height == 0 || idx >= tree_span(t->rt_height))
		return UINT64_MAX;
	return tree_next(t->rt_root, t->rt_height - 1, 0, idx);
}

/* Free all pages in [from, to) below n; n itself stays. */
static uint64_t
tree_cut(struct rumpfs_mount *rm, struct rptree_node *n, uint32_t level,
    uint64_t base, uint64_t from, uint64_t to)
{
	uint64_t unit = tree_span(level), freed = 0;
	uint32_t i = from > base
	    ? (uint32_t)kmin((from - base) / unit, RPTREE_FAN)
	    : 0;

	for (; i < RPTREE_FAN && base + i * unit < to; i++) {
		struct rptree_node *child = n->rt_slot[i];

		if (child == NULL)
			continue;
		if (level == 0) {
			kmem_pool_put(rm->rm_pagepool, child);
			freed++;
		} else {
			freed += tree_cut(
			    rm, child, level - 1, base + i * unit, from, to);
			if (child->rt_used > 0)
				continue;
			kmem_free(child, sizeof(*child));
		}
		n->rt_slot[i] = NULL;
		n->rt_used--;
	}
	return freed;
}

static void
cut_pages(struct rumpfs_mount *rm, struct rptree *t, uint64_t from, uint64_t to)
{
	uint64_t freed;

	if (t->rt_height == 0 || from >= to)
		return;
	freed = tree_cut(rm, t->rt_root, t->rt_height - 1, 0, from, to);
	t->rt_pages -= freed;
	mutex_enter(&rm->rm_lock);
	rm->rm_pages -= freed;
	mutex_exit(&rm->rm_lock);
	if (t->rt_root->rt_used == 0) {
		kmem_free(t->rt_root, sizeof(*t->rt_root));
		t->rt_root = NULL;
		t->rt_height = 0;
	}
}

void
rumpfs_pages_free(struct rumpfs_mount *rm, struct rumpfs_node *rn)
{
	cut_pages(rm, &rn->rn_pages, 0, UINT64_MAX);
}

/* Make the tree high enough for page idx. */
static int
tree_raise(struct rptree *t, uint64_t idx)
{
	while (t->rt_height == 0 || idx >= tree_span(t->rt_height)) {
		struct rptree_node *n = kmem_zalloc(sizeof(*n));

		if (n == NULL)
			return ENOMEM;
		if (t->rt_root != NULL) {
			n->rt_slot[0] = t->rt_root;
			n->rt_used = 1;
		}
		t->rt_root = n;
		t->rt_height++;
	}
	return 0;
}

static int
take_page(struct rumpfs_mount *rm)
{
	int error = 0;

	mutex_enter(&rm->rm_lock);
	if (rm->rm_pages >= rm->rm_maxpages)
		error = ENOSPC;
	else
		rm->rm_pages++;
	mutex_exit(&rm->rm_lock);
	return error;
}

static void
give_page(struct rumpfs_mount *rm)
{
	mutex_enter(&rm->rm_lock);
	rm->rm_pages--;
	mutex_exit(&rm->rm_lock);
}

/* The page, made of zeros if it isn't there. */
static int
make_page(
    struct rumpfs_mount *rm, struct rptree *t, uint64_t idx, uint8_t **pagep)
{
	struct rptree_node *n, *child;
	uint8_t *page = tree_get(t, idx);
	int error;

	if (page != NULL) {
		*pagep = page;
		return 0;
	}
	error = take_page(rm);
	if (error != 0)
		return error;
	page = kmem_pool_get(rm->rm_pagepool);
	if (page == NULL || (error = tree_raise(t, idx)) != 0)
		goto nomem;
	n = t->rt_root;
	for (uint32_t level = t->rt_height - 1; level > 0; level--) {
		uint32_t i = tree_slot(idx, level);

		child = n->rt_slot[i];
		if (child == NULL) {
			child = kmem_zalloc(sizeof(*child));
			if (child == NULL)
				goto nomem;
			n->rt_slot[i] = child;
			n->rt_used++;
		}
		n = child;
	}
	memset(page, 0, RUMPFS_PAGE);
	n->rt_slot[tree_slot(idx, 0)] = page;
	n->rt_used++;
	t->rt_pages++;
	*pagep = page;
	return 0;
nomem: /* empty inner nodes go with the next cut */
	if (page != NULL)
		kmem_pool_put(rm->rm_pagepool, page);
	give_page(rm);
	return ENOMEM;
}

/* ---- operations -------------------------------------------------------------- */

int
rumpfs_read(struct vnode *vp, struct uio *uio, const struct kcred *cred)
{
	struct rumpfs_node *rn = rumpfs_node(vp);
	int error = 0;

	if (vp->v_blkdev != NULL)
		return genfs_read(vp, uio, cred);
	while (
	    error == 0 && uio->uio_resid > 0 && uio->uio_offset < rn->rn_size) {
		uint64_t off = uio->uio_offset;
		size_t pageoff = off % RUMPFS_PAGE;
		size_t n = kmin(RUMPFS_PAGE - pageoff,
		    kmin(uio->uio_resid, rn->rn_size - off));
		uint8_t *page = tree_get(&rn->rn_pages, off / RUMPFS_PAGE);

		error = page != NULL ? uiomove(page + pageoff, n, uio)
				     : uiomove_zero(n, uio);
	}
	return error;
}

static void
set_size(struct vnode *vp, uint64_t size)
{
	rumpfs_node(vp)->rn_size = vp->v_size = size;
}

int
rumpfs_write(struct vnode *vp, struct uio *uio, const struct kcred *cred)
{
	struct rumpfs_mount *rm = rumpfs_mount(vp->v_mount);
	struct rumpfs_node *rn = rumpfs_node(vp);
	uint8_t *page;
	int error = 0;

	if (vp->v_blkdev != NULL)
		return genfs_write(vp, uio, cred);
	if (uio->uio_resid == 0)
		return 0;
	if (uio->uio_offset > INT64_MAX ||
	    uio->uio_resid > INT64_MAX - uio->uio_offset)
		return EFBIG;
	while (error == 0 && uio->uio_resid > 0) {
		uint64_t off = uio->uio_offset;
		size_t pageoff = off % RUMPFS_PAGE;
		size_t n = kmin(RUMPFS_PAGE - pageoff, uio->uio_resid);

		error = make_page(rm, &rn->rn_pages, off / RUMPFS_PAGE, &page);
		if (error == 0)
			error = uiomove(page + pageoff, n, uio);
		if (error == 0 && uio->uio_offset > rn->rn_size)
			set_size(vp, uio->uio_offset);
	}
	vop_touch(vp, TOUCH_MTIME);
	return error;
}

int
rumpfs_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run)
{
	struct rumpfs_node *rn = rumpfs_node(vp);
	uint64_t idx = off / RUMPFS_PAGE, next;
	uint8_t *page;

	if (vp->v_blkdev != NULL)
		return etfs_bmap(vp, off, len, how, run);
	run->bm_off = off;
	run->bm_len = len;
	if (how != BMAP_READ)
		return EOPNOTSUPP; /* our own vop_write */
	page = tree_get(&rn->rn_pages, idx);
	if (page != NULL) {
		run->bm_kind = BMAP_INLINE;
		run->bm_inline = page + off % RUMPFS_PAGE;
		run->bm_len = kmin(len, RUMPFS_PAGE - off % RUMPFS_PAGE);
		return 0;
	}
	run->bm_kind = BMAP_HOLE;
	next = next_page(&rn->rn_pages, idx);
	if (next != UINT64_MAX)
		run->bm_len = kmin(len, next * RUMPFS_PAGE - off);
	return 0;
}

/* Zero the part of the page that lies in [off, off + len). */
static void
zero_in_page(struct rumpfs_node *rn, uint64_t off, uint64_t len)
{
	uint8_t *page = tree_get(&rn->rn_pages, off / RUMPFS_PAGE);
	size_t pageoff = off % RUMPFS_PAGE;

	if (page != NULL)
		memset(page + pageoff, 0,
		    (size_t)kmin(len, RUMPFS_PAGE - pageoff));
}

int
rumpfs_setsize(struct vnode *vp, uint64_t size)
{
	struct rumpfs_node *rn = rumpfs_node(vp);

	if (vp->v_blkdev != NULL)
		return etfs_setsize(vp, size);
	if (size > INT64_MAX)
		return EFBIG;
	if (size < rn->rn_size) {
		if (size % RUMPFS_PAGE != 0)
			zero_in_page(rn, size, RUMPFS_PAGE);
		cut_pages(rumpfs_mount(vp->v_mount), &rn->rn_pages,
		    howmany(size, RUMPFS_PAGE), UINT64_MAX);
	}
	set_size(vp, size);
	vop_touch(vp, TOUCH_MTIME);
	return 0;
}

int
rumpfs_allocate(struct vnode *vp, uint64_t off, uint64_t len, uint32_t flags)
{
	struct rumpfs_mount *rm = rumpfs_mount(vp->v_mount);
	struct rumpfs_node *rn = rumpfs_node(vp);
	uint64_t end, last;
	uint8_t *page;
	int error;

	if (vp->v_blkdev != NULL || (flags & VALLOC_FRESH) != 0)
		return EOPNOTSUPP;
	if (add_overflow(off, len, &end) || end > INT64_MAX)
		return EFBIG;
	last = (end - 1) / RUMPFS_PAGE;
	for (uint64_t idx = off / RUMPFS_PAGE; idx <= last; idx++) {
		error = make_page(rm, &rn->rn_pages, idx, &page);
		if (error != 0)
			return error;
	}
	if ((flags & VALLOC_KEEPSIZE) == 0 && end > rn->rn_size)
		set_size(vp, end);
	vop_touch(vp, TOUCH_CTIME);
	return 0;
}

int
rumpfs_punch(struct vnode *vp, uint64_t off, uint64_t len)
{
	struct rumpfs_node *rn = rumpfs_node(vp);
	uint64_t end = off + len, first, last;

	if (vp->v_blkdev != NULL)
		return EOPNOTSUPP;
	first = howmany(off, RUMPFS_PAGE);
	last = end / RUMPFS_PAGE;
	if (first > last) {
		zero_in_page(rn, off, len);
	} else {
		if (off % RUMPFS_PAGE != 0)
			zero_in_page(rn, off, RUMPFS_PAGE);
		if (end % RUMPFS_PAGE != 0)
			zero_in_page(
			    rn, end - end % RUMPFS_PAGE, end % RUMPFS_PAGE);
		cut_pages(
		    rumpfs_mount(vp->v_mount), &rn->rn_pages, first, last);
	}
	vop_touch(vp, TOUCH_MTIME);
	return 0;
}
