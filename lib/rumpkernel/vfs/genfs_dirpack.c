/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directory blocks of variable-length records, as FFS and ext2 have them; how a
 * record is written down is the driver's (struct dirpack_fmt).
 *
 * A block is full of records, end to end; a record owns the free bytes behind its
 * name.  Entries never move: entering splits a record's free bytes off, removing
 * gives a record's bytes to the one in front, or frees it in place at the start of
 * the block.  So a byte offset is a stable cookie; one whose entry is gone may
 * point into another's free bytes, and readers walk the block from its start.
 *
 * Blocks come from an image: each record is checked before it is believed, and
 * every walk moves on by at least one byte.
 */
#include "kern/klog.h"
#include "kern/kstring.h"
#include "vfs/genfs.h"
#include "vfs/namespec.h"

/* The record at off, and checked against the block's end. */
static int
get_checked(const struct dirpack_fmt *df, const void *ctx, const uint8_t *blk,
    uint32_t len, uint32_t off, struct dirpack_ent *de, const char **whyp)
{
	int error = df->df_get(ctx, blk + off, len - off, de, whyp);

	if (error != 0)
		return error;
	if (de->de_reclen == 0 || de->de_reclen > len - off) {
		*whyp = "record overruns its block";
		return EUCLEAN;
	}
	if (de->de_ino != 0 &&
	    (de->de_namlen == 0 ||
		df->df_size(ctx, de->de_namlen) > de->de_reclen)) {
		*whyp = "name doesn't fit its record";
		return EUCLEAN;
	}
	return 0;
}

int
dirpack_check(const struct dirpack_fmt *df, const void *ctx, const uint8_t *blk,
    uint32_t len, uint32_t *offp, const char **whyp)
{
	struct dirpack_ent de;
	uint32_t off;
	int error;

	for (off = 0; off < len; off += de.de_reclen) {
		error = get_checked(df, ctx, blk, len, off, &de, whyp);
		if (error != 0) {
			*offp = off;
			return error;
		}
	}
	return 0;
}

int
dirpack_find(const struct dirpack_fmt *df, const void *ctx,
    const struct namespec *ns, const uint8_t *blk, uint32_t len,
    const char *name, size_t namlen, uint32_t *offp, struct dirpack_ent *de,
    const char **whyp)
{
	uint32_t off;
	int error;

	for (off = 0; off < len; off += de->de_reclen) {
		error = get_checked(df, ctx, blk, len, off, de, whyp);
		if (error != 0 ||
		    (de->de_ino != 0 &&
			ns->ns_equal(
			    de->de_name, de->de_namlen, name, namlen))) {
			*offp = off;
			return error;
		}
	}
	return ENOENT;
}

/* The bytes of a record that its own name leaves. */
static uint32_t
slack(
    const struct dirpack_fmt *df, const void *ctx, const struct dirpack_ent *de)
{
	return de->de_ino == 0
	    ? de->de_reclen
	    : de->de_reclen - df->df_size(ctx, de->de_namlen);
}

int
dirpack_enter(const struct dirpack_fmt *df, const void *ctx, uint8_t *blk,
    uint32_t len, const struct dirpack_ent *de, uint32_t *offp)
{
	uint32_t need = df->df_size(ctx, de->de_namlen), off, used;
	struct dirpack_ent old, new = *de;
	const char *why;
	int error;

	for (off = 0; off < len; off += old.de_reclen) {
		error = get_checked(df, ctx, blk, len, off, &old, &why);
		if (error != 0)
			return error;
		if (slack(df, ctx, &old) < need)
			continue;
		used = old.de_reclen - slack(df, ctx, &old);
		new.de_reclen = old.de_reclen - used;
		if (used > 0) {
			old.de_reclen = used;
			df->df_put(ctx, blk + off, &old);
		}
		df->df_put(ctx, blk + off + used, &new);
		*offp = off + used;
		return 0;
	}
	return ENOSPC;
}

int
dirpack_remove(const struct dirpack_fmt *df, const void *ctx, uint8_t *blk,
    uint32_t len, uint32_t off)
{
	struct dirpack_ent de, front = {0};
	uint32_t at, frontoff = 0;
	const char *why;
	bool havefront = false;
	int error;

	for (at = 0; at < len; at += de.de_reclen) {
		error = get_checked(df, ctx, blk, len, at, &de, &why);
		if (error != 0)
			return error;
		if (at >= off)
			break;
		front = de;
		frontoff = at;
		havefront = true;
	}
	if (at != off || at >= len || de.de_ino == 0)
		return ENOENT;
	if (havefront) {
		front.de_reclen += de.de_reclen;
		df->df_put(ctx, blk + frontoff, &front);
	} else {
		de.de_ino = 0;
		df->df_put(ctx, blk + off, &de);
	}
	return 0;
}

uint32_t
dirpack_room(const struct dirpack_fmt *df, const void *ctx, const uint8_t *blk,
    uint32_t len)
{
	uint32_t off, best = 0;
	struct dirpack_ent de;
	const char *why;

	for (off = 0; off < len; off += de.de_reclen) {
		if (get_checked(df, ctx, blk, len, off, &de, &why) != 0)
			return 0; /* nothing is to be entered there */
		best = (uint32_t)kmax(best, slack(df, ctx, &de));
	}
	return best;
}
