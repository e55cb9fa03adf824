/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All sources are read: bring the manifest into its final form.  What comes out
 * depends on the tree and the options only, not on the order in which anything
 * was found.
 */
#include <stdlib.h>
#include <string.h>

#include <rump/rump_abi.h>

#include "digest.h"
#include "fsu/fsu.h"
#include "makefs.h"

uint32_t
manifest_walk(const struct manifest *mf, uint32_t at)
{
	if (mn(mf, at)->m_child != 0)
		return mn(mf, at)->m_child;
	while (at != 0 && mn(mf, at)->m_next == 0)
		at = mn(mf, at)->m_parent;
	return at != 0 ? mn(mf, at)->m_next : 0;
}

/* ---- order ------------------------------------------------------------------------ */

struct named {
	const char *name;
	uint32_t len, node;
};

static int
name_order(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = memcmp(x->name, y->name, x->len < y->len ? x->len : y->len);

	return c != 0 ? c : (x->len > y->len) - (x->len < y->len);
}

/* Put a directory's children in order; dropped ones leave the list. */
static void
sort_children(
    struct manifest *mf, uint32_t dir, struct named **buf, size_t *room)
{
	size_t n = 0;

	for (uint32_t c = mn(mf, dir)->m_child; c != 0; c = mn(mf, c)->m_next) {
		const struct mnode *m = mn(mf, c);

		if ((m->m_flags & MN_DROPPED) != 0)
			continue;
		if (n == *room) {
			*room = 2 * *room + 256;
			*buf = fsu_realloc(*buf, *room * sizeof(**buf));
		}
		(*buf)[n++] = (struct named){mn_name(mf, m), m->m_namelen, c};
	}
	if (n > 1)
		qsort(*buf, n, sizeof(**buf), name_order);
	mn(mf, dir)->m_child = n > 0 ? (*buf)[0].node : 0;
	for (size_t i = 0; i < n; i++)
		mn(mf, (*buf)[i].node)->m_next = i + 1 < n ? (*buf)[i + 1].node
							   : 0;
}

static void
sort_all(struct manifest *mf)
{
	struct named *buf = NULL;
	size_t room = 0;

	for (uint32_t i = 0; i < mf->mf_n; i++)
		if (mn(mf, i)->m_child != 0)
			sort_children(mf, i, &buf, &room);
	free(buf);
}

/* ---- hard links --------------------------------------------------------------------- */

static int
link_order(const void *a, const void *b)
{
	const struct mlink *x = a, *y = b;

	if (x->l_dev != y->l_dev)
		return x->l_dev < y->l_dev ? -1 : 1;
	if (x->l_ino != y->l_ino)
		return x->l_ino < y->l_ino ? -1 : 1;
	return x->l_node < y->l_node ? -1 : x->l_node > y->l_node;
}

/* Which of two nodes has the path that is bytewise first? */
static uint32_t
first_path(const struct manifest *mf, uint32_t a, uint32_t b)
{
	char *pa = manifest_pathname(mf, a), *pb = manifest_pathname(mf, b);
	uint32_t first = strcmp(pa, pb) < 0 ? a : b;

	free(pa);
	free(pb);
	return first;
}

/* The specification changed one name of a file: that is the file's. */
static void
take_change(struct mnode *owner, const struct mnode *m)
{
	owner->m_mode = m->m_mode;
	owner->m_uid = m->m_uid;
	owner->m_gid = m->m_gid;
	owner->m_sec = m->m_sec;
	owner->m_nsec = m->m_nsec;
	if ((m->m_flags & MN_PATH) == 0 || m->m_source == owner->m_source)
		return;
	owner->m_source = m->m_source;
	owner->m_pos = m->m_pos;
	owner->m_size = m->m_size;
	owner->m_extra = m->m_extra;
	owner->m_flags &= (uint16_t)~MN_HOLES;
	owner->m_flags |= m->m_flags & (MN_PATH | MN_HOLES);
}

/* The nodes of list[0..n) are names of one file: who owns it? */
static void
join_links(struct manifest *mf, const struct mlink *list, size_t n)
{
	uint32_t owner = UINT32_MAX, changed = UINT32_MAX, alive = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t node = list[i].l_node;

		if ((mn(mf, node)->m_flags & MN_DROPPED) != 0)
			continue;
		owner = alive++ == 0 ? node : first_path(mf, owner, node);
		if ((mn(mf, node)->m_flags & MN_CHANGED) != 0)
			changed = changed == UINT32_MAX
			    ? node
			    : first_path(mf, changed, node);
	}
	if (changed != UINT32_MAX && changed != owner)
		take_change(mn(mf, owner), mn(mf, changed));
	for (size_t i = 0; i < n; i++) {
		struct mnode *m = mn(mf, list[i].l_node);

		m->m_flags &= (uint16_t)~MN_LINKED;
		if (alive < 2)
			continue;
		m->m_flags |= MN_LINKED;
		m->m_link = owner;
	}
}

static void
link_all(struct manifest *mf)
{
	size_t i, j;

	if (mf->mf_nlinks > 0)
		qsort(mf->mf_links, mf->mf_nlinks, sizeof(*mf->mf_links),
		    link_order);
	for (i = 0; i < mf->mf_nlinks; i = j) {
		const struct mlink *l = mf->mf_links;

		for (j = i + 1; j < mf->mf_nlinks && l[j].l_dev == l[i].l_dev &&
		     l[j].l_ino == l[i].l_ino;
		     j++)
			continue;
		join_links(mf, l + i, j - i);
	}
	free(mf->mf_links);
	mf->mf_links = NULL;
	mf->mf_nlinks = mf->mf_linkroom = 0;
}

/* ---- attributes ----------------------------------------------------------------------- */

static void
clamp_times(struct manifest *mf, const struct makefs_opts *mo)
{
	bool any = false;

	for (uint32_t i = 0; i < mf->mf_n; i++) {
		struct mnode *m = mn(mf, i);

		if ((m->m_flags & (MN_DROPPED | MN_IMPLICIT)) != 0)
			continue;
		if (mo->mo_clamp && m->m_sec >= mo->mo_clamp_sec) {
			m->m_sec = mo->mo_clamp_sec;
			m->m_nsec = 0;
		}
		if (!any || m->m_sec > mf->mf_newest)
			mf->mf_newest = m->m_sec;
		any = true;
	}
	mf->mf_fstime = mo->mo_time_set ? mo->mo_time
	    : mo->mo_clamp		? mo->mo_clamp_sec
					: mf->mf_newest;
}

static void
apply_options(struct manifest *mf, const struct makefs_opts *mo)
{
	clamp_times(mf, mo);
	for (uint32_t i = 0; i < mf->mf_n; i++) {
		struct mnode *m = mn(mf, i);

		if (mo->mo_owner_set) {
			m->m_uid = mo->mo_uid;
			m->m_gid = mo->mo_gid;
		}
		if (mo->mo_time_set || (m->m_flags & MN_IMPLICIT) != 0) {
			m->m_sec = mf->mf_fstime;
			m->m_nsec = mo->mo_time_set ? (uint32_t)mo->mo_time_nsec
						    : 0;
		}
	}
}

/* -x: what the specification doesn't list goes, but for the way to what it does. */
static void
drop_unlisted(struct manifest *mf)
{
	for (uint32_t i = mf->mf_n; i-- > 1;) {
		struct mnode *m = mn(mf, i);

		if ((m->m_flags & MN_LISTED) != 0)
			for (uint32_t p = m->m_parent;
			     p != 0 && (mn(mf, p)->m_flags & MN_LISTED) == 0;
			     p = mn(mf, p)->m_parent)
				mn(mf, p)->m_flags |= MN_LISTED;
	}
	for (uint32_t i = 1; i < mf->mf_n; i++)
		if ((mn(mf, i)->m_flags & (MN_LISTED | MN_DROPPED)) == 0)
			manifest_drop(mf, i);
}

/* ---- digest ------------------------------------------------------------------------------ */

static void
digest_string(struct digest *d, const char *s)
{
	digest_add(d, s, strlen(s) + 1);
}

static void
digest_extra(struct digest *d, const struct manifest *mf, const struct mnode *m)
{
	const struct mextra *x = arena_at(&mf->mf_extras, m->m_extra);
	const struct newfs_range *r = extra_ranges(x);
	struct xattr_ref xr;
	uint32_t pos = 0;

	while (extra_attr(x, &pos, &xr)) {
		digest_string(d, xr.xr_name);
		digest_u64(d, xr.xr_len);
		digest_add(d, xr.xr_value, xr.xr_len);
	}
	if ((m->m_flags & MN_HOLES) == 0)
		return;
	for (uint32_t i = 0; i < x->x_nrange; i++) {
		digest_u64(d, r[i].nr_off);
		digest_u64(d, r[i].nr_len);
	}
}

static void
digest_node(struct digest *d, const struct manifest *mf, uint32_t i)
{
	const struct mnode *m = mn(mf, i);
	uint32_t type = m->m_mode & RUMP_S_IFMT;

	digest_u64(d, m->m_mode | (uint64_t)m->m_namelen << 16);
	digest_add(d, mn_name(mf, m), m->m_namelen);
	if ((m->m_flags & MN_LINKED) != 0 && m->m_link != i) {
		char *path = manifest_pathname(mf, m->m_link);

		digest_string(d, path);
		free(path);
		return;
	}
	digest_u64(d, (uint64_t)m->m_uid << 32 | m->m_gid);
	digest_u64(d, (uint64_t)m->m_sec);
	digest_u64(d, m->m_nsec);
	if (type != RUMP_S_IFDIR)
		digest_u64(d, m->m_size);
	if (type == RUMP_S_IFLNK)
		digest_string(d, arena_at(&mf->mf_names, (uint32_t)m->m_pos));
	if (m->m_extra != 0)
		digest_extra(d, mf, m);
}

static void
digest_msdos(struct digest *d, const struct newfs_msdos *nm)
{
	digest_u64(d, nm->nm_fat | (uint64_t)nm->nm_spc << 32);
	digest_u64(d, nm->nm_reserved | (uint64_t)nm->nm_hidden << 32);
	digest_u64(d, nm->nm_floppy);
	digest_add(d, nm->nm_boot, nm->nm_bootlen);
}

static void
digest_options(struct digest *d, const struct makefs_opts *mo)
{
	const struct newfs_opts *o = &mo->mo_newfs;

	digest_string(d, mo->mo_type->nt_name);
	digest_string(d, o->no_label != NULL ? o->no_label : "");
	digest_string(d, o->no_features != NULL ? o->no_features : "");
	digest_u64(d, o->no_block);
	digest_u64(d, o->no_inode_bytes);
	digest_u64(d, o->no_rev);
	digest_u64(d, o->no_ratio);
	digest_u64(d, o->no_inodes);
	digest_u64(d, o->no_reserved_ppm);
	if (mo->mo_type->nt_typeopts != NULL) {
		digest_u64(d, o->no_sector | (uint64_t)mo->mo_block << 32);
		digest_msdos(d, &o->no_msdos);
	}
	digest_u64(d, mo->mo_size);
	digest_u64(d, mo->mo_size_extra);
	digest_u64(d, mo->mo_min);
	digest_u64(d, mo->mo_max);
	digest_u64(d, mo->mo_free_blocks);
	digest_u64(d, mo->mo_free_inodes);
	digest_u64(d, mo->mo_free_blocks_ppm);
	digest_u64(d, mo->mo_free_inodes_ppm);
}

static void
count_node(struct manifest *mf, uint32_t i)
{
	const struct mnode *m = mn(mf, i);

	mf->mf_names_n++;
	if ((m->m_flags & MN_LINKED) != 0 && m->m_link != i)
		return;
	mf->mf_inodes++;
	if ((m->m_mode & RUMP_S_IFMT) == RUMP_S_IFREG)
		mf->mf_bytes += m->m_size;
}

/* Count what there is, and digest all of it in order. */
static void
digest_all(struct manifest *mf, const struct makefs_opts *mo)
{
	struct digest d;
	uint32_t i = 0, depth = 0;

	digest_init(&d);
	digest_options(&d, mo);
	digest_u64(&d, (uint64_t)mf->mf_fstime);
	for (;;) {
		digest_u64(&d, depth); /* with the names: the tree's shape */
		digest_node(&d, mf, i);
		count_node(mf, i);
		if (mn(mf, i)->m_child != 0) {
			i = mn(mf, i)->m_child;
			depth++;
			continue;
		}
		for (; i != 0 && mn(mf, i)->m_next == 0; depth--)
			i = mn(mf, i)->m_parent;
		if (i == 0)
			break;
		i = mn(mf, i)->m_next;
	}
	digest_end(&d, mf->mf_digest);
}

int
manifest_finish(struct manifest *mf, const struct makefs_opts *mo)
{
	free(mf->mf_hash);
	mf->mf_hash = NULL;
	mf->mf_hashsize = mf->mf_hashed = 0;
	if (mo->mo_spec_only)
		drop_unlisted(mf);
	apply_options(mf, mo);
	link_all(mf);
	sort_all(mf);
	manifest_adapt(mf, mo);
	digest_all(mf, mo);
	return FSU_OK;
}
