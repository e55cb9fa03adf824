/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes without a name that are still in use: O_TMPFILE and unlinked-but-open.
 * On disk they are a list, from s_last_orphan through each inode's i_dtime, so
 * that a checker, or the next writing mount, can free what a killed process left.
 *
 * The list in core is in the same order: first is s_last_orphan.
 */
#include "fs/ext2/ext2.h"
#include "kern/klog.h"
#include "kern/klwp.h"
#include "kern/kmem.h"

/* What leads to the node behind np now leads to next. */
static int
orphan_relink(struct ext2_mount *m, struct ext2_node *prev, uint32_t next)
{
	struct ext2_inode_disk *di;
	struct buf *bp;
	int error;

	if (prev == NULL) {
		mutex_enter(&m->m_lock);
		le32_put(&m->m_sb.s_last_orphan, next);
		error = ext2_super_put(m, false);
		mutex_exit(&m->m_lock);
		return error;
	}
	/* Only this field: the node's own lock isn't held. */
	prev->n_dtime = next;
	error = ext2_inode_buf(m, prev->n_ino, &bp, &di);
	if (error != 0)
		return error;
	le32_put(&di->i_dtime, next);
	ext2_inode_write(m, prev->n_ino, bp, di);
	return 0;
}

int
ext2_orphan_add(struct ext2_node *np)
{
	struct ext2_mount *m = np->n_m;
	int error;

	if (m->m_building)
		return ext2_node_store(np);
	mutex_enter(&m->m_orphanlock);
	KASSERT(!klink_linked(&np->n_orphlink));
	np->n_dtime = le32_get(m->m_sb.s_last_orphan);
	error = ext2_node_store(np);
	if (error == 0) {
		klist_insert_head(&m->m_orphans, &np->n_orphlink);
		error = orphan_relink(m, NULL, np->n_ino);
	}
	mutex_exit(&m->m_orphanlock);
	return error;
}

int
ext2_orphan_remove(struct ext2_node *np)
{
	struct ext2_mount *m = np->n_m;
	struct klink *prev;
	int error;

	/* Neighbours that come and go write to our links. */
	mutex_enter(&m->m_orphanlock);
	if (!klink_linked(&np->n_orphlink)) {
		mutex_exit(&m->m_orphanlock);
		return 0;
	}
	prev = np->n_orphlink.kl_prev;
	error = orphan_relink(m,
	    prev == &m->m_orphans.kl_head
		? NULL
		: klink_entry(prev, struct ext2_node, n_orphlink),
	    np->n_dtime);
	klink_remove(&np->n_orphlink);
	np->n_dtime = 0;
	mutex_exit(&m->m_orphanlock);
	return error;
}

int
ext2_node_destroy(struct ext2_node *np)
{
	struct ext2_mount *m = np->n_m;
	uint32_t type = np->n_st.st_mode & RUMP_S_IFMT;
	bool dir = type == RUMP_S_IFDIR;
	int64_t sec;
	int32_t nsec;
	int error = 0, error2;

	ext2_window_drop(np);
	if (type == RUMP_S_IFREG || dir ||
	    (type == RUMP_S_IFLNK && !ext2_fastlink(np)))
		error = ext2_free_range(np, 0, UINT64_MAX);
	if (np->n_acl != 0) {
		error2 = ext2_xattr_drop(np);
		if (error == 0)
			error = error2;
	}
	error2 = ext2_orphan_remove(np);
	if (error == 0)
		error = error2;
	kern_gettime(&sec, &nsec);
	np->n_dtime = sec > 0 && sec <= UINT32_MAX ? (uint32_t)sec : 1;
	np->n_st.st_nlink = 0;
	np->n_st.st_size = 0;
	error2 = ext2_node_store(np);
	if (error2 == 0)
		ext2_ifree(m, np->n_ino, dir);
	return error != 0 ? error : error2;
}

/* One orphan of an earlier mount: no names, or half truncated. */
static int
orphan_clean(struct ext2_mount *m, struct ext2_node *np)
{
	int error;

	np->n_dtime = 0;
	if (np->n_st.st_nlink == 0)
		return ext2_node_destroy(np);
	error = ext2_free_range(
	    np, howmany(np->n_st.st_size, m->m_bsize), UINT64_MAX);
	return error != 0 ? error : ext2_node_store(np);
}

/* For who is about to write: a mount that will fail must not have changed anything. */
int
ext2_root_check(struct ext2_mount *m)
{
	struct ext2_node *np = ext2_node_alloc();
	int error;

	if (np == NULL)
		return ENOMEM;
	error = ext2_node_load(m, EXT2_INO_ROOT, np);
	if (error == 0 && (np->n_st.st_mode & RUMP_S_IFMT) != RUMP_S_IFDIR)
		error = ENOTDIR;
	if (error == ESTALE || error == ENOTDIR)
		error = ext2_damage(
		    m, EXT2_INO_ROOT, "the root is not a directory");
	ext2_node_free(np);
	return error;
}

static int
orphan_head(struct ext2_mount *m, uint32_t ino)
{
	int error;

	mutex_enter(&m->m_lock);
	le32_put(&m->m_sb.s_last_orphan, ino);
	error = ext2_super_put(m, false);
	mutex_exit(&m->m_lock);
	return error;
}

/* The list's first is cleaned up and leaves it, in one transaction.  *nextp: the
 * next; 0: the end, or what comes can't be trusted. */
static int
orphan_next(
    struct ext2_mount *m, struct ext2_node *np, uint32_t ino, uint32_t *nextp)
{
	struct ext2_inode_disk *di;
	struct buf *bp;
	int error;

	/* A name-less node has its successor where others have the time of their
	 * deletion. */
	*nextp = 0;
	error = ext2_inode_get(m, ino, &bp, &di);
	if (error != 0)
		return error;
	*nextp = le32_get(di->i_dtime);
	le32_put(&di->i_dtime, 0);
	ext2_inode_write(m, ino, bp, di);
	if (ext2_node_load(m, ino, np) != 0 || orphan_clean(m, np) != 0) {
		(void)ext2_damage(m, ino, "can't be cleaned up");
		*nextp = 0;
	}
	return orphan_head(m, *nextp);
}

int
ext2_orphans_clean(struct ext2_mount *m)
{
	uint32_t ino = le32_get(m->m_sb.s_last_orphan), n = 0, next;
	struct ext2_node *np;
	int error = 0;

	if (ino == 0)
		return 0;
	np = kmem_alloc(sizeof(*np));
	error = np == NULL ? ENOMEM : ext2_root_check(m);
	if (error == 0)
		error = vfs_opbegin(m->m_mp);
	if (error == 0) {
		error = ext2_begin(m);
		vfs_opend(m->m_mp);
	}
	while (ino != 0 && error == 0) {
		if (n >= m->m_inodes || !ext2_ino_usable(m, ino) ||
		    ino == EXT2_INO_ROOT) {
			(void)ext2_damage(m, ino, "the list of orphans is bad");
			break;
		}
		n++;
		error = vfs_opbegin(m->m_mp);
		if (error != 0)
			break;
		error = orphan_next(m, np, ino, &next);
		vfs_opend(m->m_mp);
		ino = next;
	}
	kmem_free(np, sizeof(*np));
	if (error == 0 && ino != 0) { /* the rest of a bad list is forgotten */
		error = vfs_opbegin(m->m_mp);
		if (error == 0) {
			error = orphan_head(m, 0);
			vfs_opend(m->m_mp);
		}
	}
	if (n > 0)
		mount_warn(m->m_mp, "%u orphaned inode%s freed", n,
		    n == 1 ? " was" : "s were");
	return error;
}
