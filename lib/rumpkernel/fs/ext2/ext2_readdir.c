/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directory entries: listing, and whether there are any.
 *
 * A bad name is passed over; behind a bad record the rest of its block is lost.
 */
#include "fs/ext2/ext2.h"
#include "kern/kstring.h"

/* "." and "..", where alone they may stand: records 0 and 1 of block 0. */
enum dots { NO_DOTS, DOTS, DOTS_ASTRAY };
static enum dots
dots(uint32_t lbn, uint32_t nth, const struct dirpack_ent *de)
{
	if (de->de_name[0] != '.' || de->de_namlen > 2 ||
	    (de->de_namlen == 2 && de->de_name[1] != '.'))
		return NO_DOTS;
	return lbn == 0 && nth == de->de_namlen - 1 ? DOTS : DOTS_ASTRAY;
}

/* What is wrong with a name?  NULL: nothing. */
static const char *
name_fault(uint32_t lbn, uint32_t nth, const struct dirpack_ent *de)
{
	if (kmemchr(de->de_name, '/', de->de_namlen) != NULL ||
	    kmemchr(de->de_name, '\0', de->de_namlen) != NULL)
		return "the name has a slash or a NUL";
	if (dots(lbn, nth, de) == DOTS_ASTRAY)
		return "\".\" or \"..\" where none belongs";
	return NULL;
}

/* Say it, and tell the sink if it wants to know. */
static int
bad_entry(const struct ext2_node *np, uint32_t lbn, uint32_t off,
    const char *why, struct dirsink *sink, uint64_t next, bool *stopp)
{
	int error = ext2_dir_bad(np, lbn, off, why);

	if (sink->ds_damage == NULL)
		return error;
	*stopp = sink->ds_damage(sink, error, next) != 0;
	return 0;
}

int
ext2_dir_emit(struct ext2_node *np, uint32_t lbn, uint32_t off, uint32_t nth,
    const struct dirpack_ent *de, struct dirsink *sink, uint64_t next,
    bool *stopp)
{
	bool coded = (np->n_flags & EXT2_IF_ENCRYPT) != 0 &&
	    dots(lbn, nth, de) != DOTS;
	const char *why = coded ? NULL : name_fault(lbn, nth, de);
	const char *name = de->de_name;
	char shown[EXT2_NAME_MAX + 1];
	size_t len = de->de_namlen;

	if (why != NULL)
		return bad_entry(np, lbn, off, why, sink, next, stopp);
	if (coded) {
		len = ext2_name_show(name, len, shown);
		name = shown;
	}
	*stopp = sink->ds_emit(
		     sink, de->de_ino, de->de_dtype, name, len, next) != 0;
	return 0;
}

/*
 * Hand the entries of a block from *cookiep on to sink; *stopp: it has enough.
 * A bad name is passed over; behind a bad record the block is lost.
 */
static int
list_block(struct ext2_node *np, uint32_t lbn, const uint8_t *blk,
    struct dirsink *sink, uint64_t *cookiep, bool *stopp)
{
	struct ext2_mount *m = np->n_m;
	uint32_t room = ext2_dir_room(m, blk);
	uint64_t base = ext2_blkoff(m, lbn);
	struct dirpack_ent de;
	const char *why;
	uint32_t off, next, nth;
	int error;

	for (off = nth = 0; off < room; off = next, nth++) {
		next = room;
		if (ext2_rec_get(m, blk + off, room - off, &de, &why) == 0) {
			next = off + de.de_reclen;
			if (de.de_ino == 0 || base + off < *cookiep)
				continue;
		}
		if (why == NULL)
			error = ext2_dir_emit(
			    np, lbn, off, nth, &de, sink, base + next, stopp);
		else
			error = bad_entry(
			    np, lbn, off, why, sink, base + next, stopp);
		if (error != 0 || *stopp)
			return error;
		*cookiep = base + next;
	}
	*cookiep = base + m->m_bsize;
	return 0;
}

int
ext2_readdir(
    struct vnode *vp, struct dirsink *sink, uint64_t *cookiep, bool *eofp)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	uint64_t end = ext2_blkoff(m, ext2_dir_nblks(np));
	bool stop = false;
	int error = 0;

	if ((np->n_flags & EXT2_IF_INLINE_DATA) != 0)
		return ext2_inline_readdir(np, sink, cookiep, eofp);
	*eofp = false;
	while (*cookiep < end && !stop && error == 0) {
		uint32_t lbn = (uint32_t)(*cookiep >> m->m_bshift);
		struct buf *bp;

		error = ext2_dir_block(np, lbn, &bp);
		if (error == EUCLEAN && sink->ds_damage != NULL) {
			/* Said; the next blocks may be sound. */
			uint64_t next = ext2_blkoff(m, (uint64_t)lbn + 1);

			stop = sink->ds_damage(sink, error, next) != 0;
			if (!stop)
				*cookiep = next;
			error = 0;
			continue;
		}
		if (error != 0)
			return error;
		error = list_block(np, lbn, bp->b_data, sink, cookiep, &stop);
		brelse(bp);
	}
	if (error == 0 && !stop)
		*eofp = true;
	return error;
}

int
ext2_dir_isempty(struct vnode *vp)
{
	struct ext2_node *np = ext2_node_of(vp);
	struct ext2_mount *m = np->n_m;
	uint32_t n = ext2_dir_nblks(np), room, off, nth;
	struct dirpack_ent de;
	const char *why;
	struct buf *bp;
	int error = 0;

	for (uint32_t lbn = 0; lbn < n && error == 0; lbn++) {
		error = ext2_dir_block(np, lbn, &bp);
		if (error != 0)
			return error;
		room = ext2_dir_room(m, bp->b_data);
		for (off = nth = 0; off < room && error == 0;
		     off += de.de_reclen, nth++) {
			if (ext2_rec_get(m, bp->b_data + off, room - off, &de,
				&why) != 0)
				error = ext2_dir_bad(np, lbn, off, why);
			else if (de.de_ino != 0 && dots(lbn, nth, &de) != DOTS)
				error = ENOTEMPTY;
		}
		brelse(bp);
	}
	return error;
}
