/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A format that has no links, holes, owners or extended attributes: the manifest
 * becomes what the image can say, so that its digest doesn't tell of what is lost;
 * each kind of loss is said once.
 */
#include <stdlib.h>

#include <rump/rump_abi.h>

#include "fsu/fsu.h"
#include "makefs.h"

/* ---- what is lost ------------------------------------------------------------- */

/* A name of a file that another node owns: a file of its own, with its content. */
static void
part_link(struct manifest *mf, uint32_t i)
{
	struct mnode *m = mn(mf, i), *owner = mn(mf, m->m_link);
	const uint16_t content = MN_PATH | MN_HOLES;
	bool same = mf->mf_source[owner->m_source].s_kind == SRC_DIR &&
	    mf->mf_source[m->m_source].s_kind == SRC_DIR &&
	    (owner->m_flags & MN_PATH) == 0 && (m->m_flags & MN_PATH) == 0;

	m->m_mode = owner->m_mode;
	m->m_uid = owner->m_uid;
	m->m_gid = owner->m_gid;
	m->m_sec = owner->m_sec;
	m->m_nsec = owner->m_nsec;
	m->m_size = owner->m_size;
	m->m_extra = owner->m_extra;
	if (!same) { /* else it is found under its own name */
		m->m_source = owner->m_source;
		m->m_pos = owner->m_pos;
	}
	m->m_flags &= (uint16_t)~content;
	m->m_flags |= owner->m_flags & content;
}

static uint64_t
part_links(struct manifest *mf)
{
	uint64_t n = 0;
	uint32_t i;

	for (i = manifest_walk(mf, 0); i != 0; i = manifest_walk(mf, i))
		if ((mn(mf, i)->m_flags & MN_LINKED) != 0 &&
		    mn(mf, i)->m_link != i) {
			part_link(mf, i);
			n++;
		}
	for (i = 0; i < mf->mf_n; i++)
		mn(mf, i)->m_flags &= (uint16_t)~MN_LINKED;
	return n;
}

/* As it will be read: root's, and writable by its owner unless nobody may. */
static bool
drop_owner(struct mnode *m)
{
	uint32_t type = m->m_mode & RUMP_S_IFMT, mode = 0755;
	bool lost;

	if (type == RUMP_S_IFREG && (m->m_mode & 0222) == 0)
		mode = 0555;
	lost = m->m_uid != 0 || m->m_gid != 0 ||
	    (m->m_mode & RUMP_ALLPERMS) != mode;
	m->m_uid = m->m_gid = 0;
	m->m_mode = (uint16_t)(type | mode);
	return lost;
}

static uint64_t
drop_attrs(struct manifest *mf, struct mnode *m, bool holes)
{
	struct mextra *x;
	uint64_t n;

	if (m->m_extra == 0)
		return 0;
	x = arena_at(&mf->mf_extras, m->m_extra);
	n = x->x_nattr;
	x->x_nattr = 0; /* counted once, also where links share them */
	if (holes)
		return n;
	m->m_extra = 0;
	m->m_flags &= (uint16_t)~MN_HOLES;
	return n;
}

void
manifest_adapt(struct manifest *mf, const struct makefs_opts *mo)
{
	unsigned lacks = mo->mo_type->nt_lacks;
	const char *type = mo->mo_type->nt_name;
	uint64_t links = 0, owners = 0, attrs = 0;
	uint32_t i = 0;

	if (lacks == 0)
		return;
	if ((lacks & NEWFS_NO_LINKS) != 0)
		links = part_links(mf);
	do {
		struct mnode *m = mn(mf, i);

		if ((lacks & NEWFS_NO_OWNERS) != 0)
			owners += drop_owner(m);
		if ((lacks & NEWFS_NO_ATTRS) != 0)
			attrs += drop_attrs(
			    mf, m, (lacks & NEWFS_NO_HOLES) == 0);
		i = manifest_walk(mf, i);
	} while (i != 0);
	if (links > 0)
		fsu_msg("%s holds no hard links: %llu of them become files of "
			"their own",
		    type, (unsigned long long)links);
	if (owners > 0)
		fsu_msg("%s holds no owners or modes: those of %llu files and "
			"directories are left out",
		    type, (unsigned long long)owners);
	if (attrs > 0)
		fsu_msg("%s holds no extended attributes: %llu of them are "
			"left out",
		    type, (unsigned long long)attrs);
}

/* ---- names that are the same ------------------------------------------------------ */

struct hashed {
	uint32_t h_hash, h_order, h_node;
};

static int
hash_order(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	if (x->h_hash != y->h_hash)
		return x->h_hash < y->h_hash ? -1 : 1;
	return x->h_order < y->h_order ? -1 : x->h_order > y->h_order;
}

static void
mark_run(const struct newfs_type *nt, struct manifest *mf,
    const struct hashed *h, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct mnode *m = mn(mf, h[i].h_node);

		for (size_t j = i; j-- > 0 && h[j].h_hash == h[i].h_hash;) {
			const struct mnode *o = mn(mf, h[j].h_node);

			if (nt->nt_name_equal(mn_name(mf, m), m->m_namelen,
				mn_name(mf, o), o->m_namelen))
				m->m_flags |= MN_SAMENAME;
		}
	}
}

void
mark_same_names(const struct makefs_opts *mo, struct manifest *mf)
{
	const struct newfs_type *nt = mo->mo_type;
	struct hashed *buf = NULL;
	size_t room = 0, n;
	uint32_t dir = 0, c;

	if (nt->nt_name_equal == NULL)
		return;
	do {
		n = 0;
		for (c = mn(mf, dir)->m_child; c != 0; c = mn(mf, c)->m_next) {
			const struct mnode *m = mn(mf, c);

			if (n == room) {
				room = 2 * room + 256;
				buf = fsu_realloc(buf, room * sizeof(*buf));
			}
			buf[n] = (struct hashed){
			    nt->nt_name_hash(mn_name(mf, m), m->m_namelen),
			    (uint32_t)n, c};
			n++;
		}
		if (n > 1) {
			qsort(buf, n, sizeof(*buf), hash_order);
			mark_run(nt, mf, buf, n);
		}
		dir = manifest_walk(mf, dir);
	} while (dir != 0);
	free(buf);
}
