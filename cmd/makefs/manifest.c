/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manifest: nodes, strings, lookup by path.  Nodes and strings live in
 * chunks that never move or grow, so that a large tree costs what it has and no
 * more.  Nothing here looks at the host.
 */
#include <stdlib.h>
#include <string.h>

#include <rump/rump_abi.h>

#include "fsu/fsu.h"
#include "makefs.h"

/* ---- arenas ------------------------------------------------------------------ */

#define ARENA_SHIFT 18
_Static_assert(CHUNK_BYTES == 1u << ARENA_SHIFT, "references are split here");
#define ARENA_UNIT 4u /* references count these, so that 16 GiB fit */

/* A piece larger than a chunk takes several places of the table. */
static void
arena_grow(struct arena *a, size_t len)
{
	uint32_t n = (uint32_t)((len + CHUNK_BYTES - 1) / CHUNK_BYTES);
	char *mem;

	if (n == 0)
		n = 1;
	if (a->a_nchunk + n > a->a_room) {
		a->a_room = 2 * a->a_room + n + 16;
		a->a_chunk = fsu_realloc(
		    a->a_chunk, a->a_room * sizeof(*a->a_chunk));
	}
	mem = fsu_malloc((size_t)n * CHUNK_BYTES);
	for (uint32_t i = 0; i < n; i++)
		a->a_chunk[a->a_nchunk++] = mem + (size_t)i * CHUNK_BYTES;
	a->a_used = 0;
}

uint32_t
arena_add(struct arena *a, const void *p, size_t len, size_t align)
{
	size_t at = (a->a_used + align - 1) & ~(align - 1);
	uint32_t first;

	at = (at + ARENA_UNIT - 1) & ~(size_t)(ARENA_UNIT - 1);
	if (a->a_nchunk == 0 || at + len > CHUNK_BYTES) {
		bool fresh = a->a_nchunk == 0;

		arena_grow(a, len + 16);
		at = fresh ? 16 : 0; /* reference 0 is none */
		if (len + 16 > CHUNK_BYTES) {
			first = a->a_nchunk -
			    (uint32_t)((len + 16 + CHUNK_BYTES - 1) /
				CHUNK_BYTES);
			memcpy(a->a_chunk[first] + at, p, len);
			a->a_used = CHUNK_BYTES; /* what is left stays unused */
			return (
			    uint32_t)(((uint64_t)first << ARENA_SHIFT | at) /
			    ARENA_UNIT);
		}
	}
	first = a->a_nchunk - 1;
	memcpy(a->a_chunk[first] + at, p, len);
	a->a_used = (uint32_t)(at + len);
	return (uint32_t)(((uint64_t)first << ARENA_SHIFT | at) / ARENA_UNIT);
}

void *
arena_at(const struct arena *a, uint32_t ref)
{
	uint64_t pos = (uint64_t)ref * ARENA_UNIT;

	return a->a_chunk[pos >> ARENA_SHIFT] + (pos & (CHUNK_BYTES - 1));
}

static void
arena_free(struct arena *a)
{
	for (uint32_t i = 0; i < a->a_nchunk; i++)
		if (i == 0 || a->a_chunk[i] != a->a_chunk[i - 1] + CHUNK_BYTES)
			free(a->a_chunk[i]);
	free(a->a_chunk);
}

/* ---- nodes --------------------------------------------------------------------- */

const char *
mn_name(const struct manifest *mf, const struct mnode *m)
{
	return arena_at(&mf->mf_names, m->m_name);
}

uint32_t
manifest_string(struct manifest *mf, const char *s, size_t len)
{
	char buf[512], *p = len < sizeof(buf) ? buf : fsu_malloc(len + 1);
	uint32_t ref;

	memcpy(p, s, len);
	p[len] = '\0';
	ref = arena_add(&mf->mf_names, p, len + 1, 1);
	if (p != buf)
		free(p);
	return ref;
}

static uint32_t
new_node(struct manifest *mf)
{
	uint32_t i = mf->mf_n++;

	if (i / CHUNK_NODES == mf->mf_nchunk) {
		mf->mf_chunk = fsu_realloc(
		    mf->mf_chunk, (mf->mf_nchunk + 1) * sizeof(*mf->mf_chunk));
		mf->mf_chunk[mf->mf_nchunk++] = fsu_calloc(
		    CHUNK_NODES, sizeof(struct mnode));
	}
	return i;
}

void
manifest_init(struct manifest *mf)
{
	struct mnode *root;

	memset(mf, 0, sizeof(*mf));
	new_node(mf);
	root = mn(mf, 0);
	root->m_name = manifest_string(mf, "", 0);
	root->m_mode = RUMP_S_IFDIR | 0755;
	root->m_flags = MN_IMPLICIT;
	manifest_source(mf, SRC_NONE, "", -1, NULL);
}

void
manifest_free(struct manifest *mf)
{
	for (uint32_t i = 0; i < mf->mf_nchunk; i++)
		free(mf->mf_chunk[i]);
	free(mf->mf_chunk);
	arena_free(&mf->mf_names);
	arena_free(&mf->mf_extras);
	free(mf->mf_hash);
	free(mf->mf_links);
}

unsigned
manifest_source(struct manifest *mf, enum msource_kind kind, const char *name,
    int fd, struct rumpuser_file *file)
{
	struct msource *s = &mf->mf_source[mf->mf_nsources];

	*s = (struct msource){
	    .s_kind = kind, .s_name = name, .s_fd = fd, .s_file = file};
	return mf->mf_nsources++;
}

void
manifest_remember_link(
    struct manifest *mf, uint64_t dev, uint64_t ino, uint32_t node)
{
	if (mf->mf_nlinks == mf->mf_linkroom) {
		mf->mf_linkroom = mf->mf_linkroom * 3 / 2 + 64;
		mf->mf_links = fsu_realloc(
		    mf->mf_links, mf->mf_linkroom * sizeof(*mf->mf_links));
	}
	mf->mf_links[mf->mf_nlinks++] = (struct mlink){dev, ino, node};
}

void
manifest_join(struct manifest *mf, uint32_t first, uint32_t other)
{
	struct mnode *f = mn(mf, first), *o = mn(mf, other);
	uint64_t dev = UINT64_MAX - f->m_source;

	if ((f->m_flags & MN_LINKED) == 0) {
		f->m_flags |= MN_LINKED;
		f->m_link = first;
		manifest_remember_link(mf, dev, first, first);
	}
	o->m_flags |= MN_LINKED;
	o->m_link = f->m_link;
	manifest_remember_link(mf, dev, f->m_link, other);
}

/* ---- lookup ---------------------------------------------------------------------- */

static uint32_t
name_hash(uint32_t parent, const char *name, size_t len)
{
	uint64_t h = parent * UINT64_C(0x9e3779b97f4a7c15) + len;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
	return (uint32_t)(h ^ h >> 32);
}

static void
hash_insert(struct manifest *mf, uint32_t i)
{
	const struct mnode *m = mn(mf, i);
	uint32_t mask = mf->mf_hashsize - 1;
	uint32_t h = name_hash(m->m_parent, mn_name(mf, m), m->m_namelen);

	while (mf->mf_hash[h & mask] != 0)
		h++;
	mf->mf_hash[h & mask] = i;
}

/* Have all nodes in the table. */
static void
hash_catchup(struct manifest *mf)
{
	if (mf->mf_n * 3 / 2 >= mf->mf_hashsize) {
		uint32_t size = mf->mf_hashsize != 0 ? mf->mf_hashsize : 1024;

		while (mf->mf_n * 3 / 2 >= size)
			size *= 2;
		free(mf->mf_hash);
		mf->mf_hash = fsu_calloc(size, sizeof(*mf->mf_hash));
		mf->mf_hashsize = size;
		mf->mf_hashed = 1; /* the root is nobody's child */
	}
	while (mf->mf_hashed < mf->mf_n)
		hash_insert(mf, mf->mf_hashed++);
}

uint32_t
manifest_lookup(
    struct manifest *mf, uint32_t parent, const char *name, size_t len)
{
	uint32_t h, i, mask;

	hash_catchup(mf);
	mask = mf->mf_hashsize - 1;
	for (h = name_hash(parent, name, len); (i = mf->mf_hash[h & mask]) != 0;
	     h++) {
		const struct mnode *m = mn(mf, i);

		if (m->m_parent == parent && m->m_namelen == len &&
		    (m->m_flags & MN_DROPPED) == 0 &&
		    memcmp(mn_name(mf, m), name, len) == 0)
			return i;
	}
	return 0;
}

uint32_t
manifest_add(struct manifest *mf, uint32_t parent, const char *name, size_t len)
{
	uint32_t i = new_node(mf), ref = manifest_string(mf, name, len);
	struct mnode *m = mn(mf, i), *p = mn(mf, parent);

	m->m_parent = parent;
	m->m_name = ref;
	m->m_namelen = (uint8_t)len;
	m->m_next = p->m_child;
	p->m_child = i;
	return i;
}

void
manifest_drop(struct manifest *mf, uint32_t i)
{
	struct mnode *m = mn(mf, i);

	m->m_flags |= MN_DROPPED;
	for (uint32_t c = m->m_child; c != 0; c = mn(mf, c)->m_next)
		if ((mn(mf, c)->m_flags & MN_DROPPED) == 0)
			manifest_drop(mf, c);
}

/* One step of a path. */
static uint32_t
step(struct manifest *mf, uint32_t at, const char *s, size_t len, bool last,
    bool make, bool *isnew, const char **why)
{
	uint32_t i;

	*why = NULL;
	if ((mn(mf, at)->m_mode & RUMP_S_IFMT) != RUMP_S_IFDIR) {
		*why = "a file stands where a directory should";
		return UINT32_MAX;
	}
	if (len > RUMP_NAME_MAX) {
		*why = "the name is longer than 255 bytes";
		return UINT32_MAX;
	}
	i = manifest_lookup(mf, at, s, len);
	if (i != 0)
		return i;
	if (!make)
		return UINT32_MAX;
	i = manifest_add(mf, at, s, len);
	if (!last) {
		mn(mf, i)->m_mode = RUMP_S_IFDIR | 0755;
		mn(mf, i)->m_flags |= MN_IMPLICIT;
	} else
		*isnew = true;
	return i;
}

uint32_t
manifest_path(struct manifest *mf, const char *path, bool make, bool *isnew,
    const char **why)
{
	uint32_t at = 0;

	*isnew = false;
	*why = NULL;
	while (*path != '\0') {
		size_t len = strcspn(path, "/");
		const char *next = path + len;

		next += strspn(next, "/");
		if (len == 0 || (len == 1 && path[0] == '.')) {
			path = next;
			continue;
		}
		if (len == 2 && path[0] == '.' && path[1] == '.') {
			*why = "'..' leads out of the tree";
			return UINT32_MAX;
		}
		at = step(mf, at, path, len, *next == '\0', make, isnew, why);
		if (at == UINT32_MAX)
			return at;
		path = next;
	}
	return at;
}

char *
manifest_pathname(const struct manifest *mf, uint32_t i)
{
	size_t len = 0;
	char *path, *p;

	if (i == 0)
		return fsu_strdup(".");
	for (uint32_t n = i; n != 0; n = mn(mf, n)->m_parent)
		len += mn(mf, n)->m_namelen + 1u;
	path = fsu_malloc(len);
	p = path + len;
	*--p = '\0';
	for (uint32_t n = i; n != 0; n = mn(mf, n)->m_parent) {
		const struct mnode *m = mn(mf, n);

		p -= m->m_namelen;
		memcpy(p, mn_name(mf, m), m->m_namelen);
		if (p > path)
			*--p = '/';
	}
	return path;
}
