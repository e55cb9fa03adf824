/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rumpfs: directories.  A list in the order of cookies for reading, a hash for
 * finding; the hash doubles when it has more entries than buckets.
 */
#include "kern/kmem.h"
#include "kern/kstring.h"
#include "vfs/rumpfs.h"

#define DIR_NHASH_FIRST 8u

struct rumpfs_dirent *
rumpfs_dir_find(struct vnode *dvp, const char *name, size_t len)
{
	struct rumpfs_dir *rd = &rumpfs_node(dvp)->rn_dir;
	const struct namespec *ns = dvp->v_mount->mnt_namespec;
	uint32_t hash = ns->ns_hash(name, len);
	struct klink *l;

	if (rd->rd_nhash == 0)
		return NULL;
	KLIST_FOREACH(l, &rd->rd_hash[hash & (rd->rd_nhash - 1)])
	{
		struct rumpfs_dirent *de = klink_entry(
		    l, struct rumpfs_dirent, de_hashlink);

		if (de->de_hash == hash &&
		    ns->ns_equal(de->de_name, de->de_len, name, len))
			return de;
	}
	return NULL;
}

/* Room for one more entry in the hash. */
static int
dir_grow(struct rumpfs_dir *rd)
{
	uint32_t n = rd->rd_nhash == 0 ? DIR_NHASH_FIRST : rd->rd_nhash * 2;
	struct klist *hash;
	struct klink *l;

	if (rd->rd_count < rd->rd_nhash)
		return 0;
	hash = kmem_calloc(n, sizeof(*hash));
	if (hash == NULL)
		return rd->rd_nhash == 0 ? ENOMEM : 0;
	for (uint32_t i = 0; i < n; i++)
		klist_init(&hash[i]);
	KLIST_FOREACH(l, &rd->rd_entries)
	{
		struct rumpfs_dirent *de = klink_entry(
		    l, struct rumpfs_dirent, de_link);

		klink_remove(&de->de_hashlink);
		klist_insert_head(
		    &hash[de->de_hash & (n - 1)], &de->de_hashlink);
	}
	kmem_free(rd->rd_hash, rd->rd_nhash * sizeof(*hash));
	rd->rd_hash = hash;
	rd->rd_nhash = n;
	return 0;
}

int
rumpfs_dir_add(struct vnode *dvp, const char *name, size_t len, uint64_t ino,
    uint8_t dtype)
{
	struct rumpfs_dir *rd = &rumpfs_node(dvp)->rn_dir;
	struct rumpfs_dirent *de;
	int error;

	error = dir_grow(rd);
	if (error != 0)
		return error;
	de = kmem_alloc(sizeof(*de) + len + 1);
	if (de == NULL)
		return ENOMEM;
	klink_init(&de->de_link);
	klink_init(&de->de_hashlink);
	de->de_cookie = rd->rd_nextcookie++;
	de->de_ino = ino;
	de->de_hash = dvp->v_mount->mnt_namespec->ns_hash(name, len);
	de->de_dtype = dtype;
	de->de_len = (uint8_t)len;
	memcpy(de->de_name, name, len);
	de->de_name[len] = '\0';
	klist_insert_tail(&rd->rd_entries, &de->de_link);
	klist_insert_head(
	    &rd->rd_hash[de->de_hash & (rd->rd_nhash - 1)], &de->de_hashlink);
	rd->rd_count++;
	return 0;
}

void
rumpfs_dir_remove(struct rumpfs_node *dn, struct rumpfs_dirent *de)
{
	klink_remove(&de->de_link);
	klink_remove(&de->de_hashlink);
	dn->rn_dir.rd_count--;
	kmem_free(de, sizeof(*de) + de->de_len + 1u);
}

void
rumpfs_dir_destroy(struct rumpfs_node *dn)
{
	struct rumpfs_dir *rd = &dn->rn_dir;
	struct klink *l;

	while ((l = klist_first(&rd->rd_entries)) != NULL)
		rumpfs_dir_remove(
		    dn, klink_entry(l, struct rumpfs_dirent, de_link));
	kmem_free(rd->rd_hash, rd->rd_nhash * sizeof(*rd->rd_hash));
	rd->rd_hash = NULL;
	rd->rd_nhash = 0;
}

/* The first entry with this cookie or a later one.  Readers mostly come back for
 * what is near the end of what they had, but may come with anything. */
static struct klink *
dir_seek(struct rumpfs_dir *rd, uint64_t cookie)
{
	struct klink *l;

	KLIST_FOREACH(l, &rd->rd_entries)
	if (klink_entry(l, struct rumpfs_dirent, de_link)->de_cookie >= cookie)
		return l;
	return NULL;
}

int
rumpfs_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp)
{
	struct rumpfs_node *dn = rumpfs_node(vp);
	struct klink *l;

	if (*cookiep == 0) {
		if (sink->ds_emit(sink, dn->rn_ino, RUMP_DT_DIR, ".", 1, 1))
			return 0;
		*cookiep = 1;
	}
	if (*cookiep == 1) {
		if (sink->ds_emit(
			sink, dn->rn_dir.rd_parent, RUMP_DT_DIR, "..", 2, 2))
			return 0;
		*cookiep = 2;
	}
	for (l = dir_seek(&dn->rn_dir, *cookiep); l != NULL;
	     l = klist_next(&dn->rn_dir.rd_entries, l)) {
		struct rumpfs_dirent *de = klink_entry(
		    l, struct rumpfs_dirent, de_link);

		if (sink->ds_emit(sink, de->de_ino, de->de_dtype, de->de_name,
			de->de_len, de->de_cookie + 1))
			return 0;
		*cookiep = de->de_cookie + 1;
	}
	*eofp = true;
	return 0;
}
