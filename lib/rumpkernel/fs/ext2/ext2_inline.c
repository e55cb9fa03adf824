/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inline_data: files, symbolic links and directories whose bytes are in the inode.
 *
 * The first 60 stand in i_block, the rest is the value of the attribute
 * "system.data" in the inode's body.  The bytes are put together on the first use
 * and stay with the node.  A directory has its parent's number in the first four
 * and then two stretches of records, up to byte 60 and behind it; "." and ".." are
 * made up.  Its cookies: 1 and 2 stand behind these two, others are the byte
 * behind a record.
 *
 * Left out: changing them (such file systems are only read).
 */
#include "fs/ext2/ext2.h"
#include "fs/ext2/ext2_xattr.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define HEAD_BYTES   (EXT2_NADDR * 4u)
#define PARENT_BYTES 4u

/* The node's bytes into memory: *lenp of them. */
static int
inline_load(struct ext2_node *np, uint8_t **datap, uint32_t *lenp)
{
	const struct xattr *x;
	uint32_t rest = 0;
	struct xset xs;
	uint8_t *p;
	int error;

	error = xset_read(np, &xs);
	if (error != 0)
		return error;
	x = xset_find(&xs, EXT2_XI_SYSTEM, "data");
	if (x == NULL || x->x_inum != 0)
		error = ext2_damage(np->n_m, np->n_ino,
		    "says that its data is inline, and has none");
	else
		rest = x->x_len;
	if (error == 0 && np->n_st.st_size > HEAD_BYTES + rest)
		error = ext2_damage(np->n_m, np->n_ino,
		    "has %llu bytes, but only %u inline",
		    (unsigned long long)np->n_st.st_size, HEAD_BYTES + rest);
	p = error == 0 ? kmem_alloc(HEAD_BYTES + rest) : NULL;
	if (error == 0 && p == NULL)
		error = ENOMEM;
	if (error == 0) {
		memcpy(p, np->n_block, HEAD_BYTES);
		memcpy(p + HEAD_BYTES, x->x_value, rest);
		*datap = p;
		*lenp = HEAD_BYTES + rest;
	}
	xset_free(np, &xs);
	return error;
}

int
ext2_inline_get(struct ext2_node *np, const uint8_t **datap, uint32_t *lenp)
{
	uint8_t *p = __atomic_load_n(&np->n_inline, __ATOMIC_ACQUIRE);
	uint8_t *none = NULL;
	uint32_t len;
	int error;

	if (p == NULL) {
		error = inline_load(np, &p, &len);
		if (error != 0)
			return error;
		/* All who load it at the same time load the same. */
		__atomic_store_n(&np->n_inlinelen, len, __ATOMIC_RELAXED);
		if (!__atomic_compare_exchange_n(&np->n_inline, &none, p, false,
			__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			kmem_free(p, len);
			p = none;
		}
	}
	*datap = p;
	*lenp = __atomic_load_n(&np->n_inlinelen, __ATOMIC_RELAXED);
	return 0;
}

void
ext2_inline_free(struct ext2_node *np)
{
	kmem_free(np->n_inline, np->n_inlinelen);
	np->n_inline = NULL;
}

int
ext2_inline_bmap(
    struct ext2_node *np, uint64_t off, uint64_t len, struct bmap_run *run)
{
	const uint8_t *p;
	uint32_t n;
	int error;

	error = ext2_inline_get(np, &p, &n);
	if (error != 0)
		return error;
	run->bm_off = off;
	run->bm_len = len;
	run->bm_kind = BMAP_HOLE;
	if (off < n) {
		run->bm_kind = BMAP_INLINE;
		run->bm_inline = p + off;
		run->bm_len = kmin(len, n - off);
	}
	return 0;
}

/* ---- directories ---------------------------------------------------------------- */

/* A walk over the records. */
struct inwalk {
	const uint8_t *iw_data;
	uint32_t iw_len, iw_off; /* the record's first byte */
	struct dirpack_ent iw_ent;
};

static int
walk_start(struct ext2_node *np, struct inwalk *iw)
{
	iw->iw_off = PARENT_BYTES;
	return ext2_inline_get(np, &iw->iw_data, &iw->iw_len);
}

/* The record at iw_off: ENOENT at the end, EUCLEAN (said). */
static int
walk_get(struct ext2_node *np, struct inwalk *iw)
{
	uint32_t end = iw->iw_off < HEAD_BYTES ? HEAD_BYTES : iw->iw_len;
	const char *why;

	if (iw->iw_off >= end)
		return ENOENT;
	if (ext2_rec_get(np->n_m, iw->iw_data + iw->iw_off, end - iw->iw_off,
		&iw->iw_ent, &why) == 0)
		return 0;
	return ext2_dir_bad(np, 0, iw->iw_off, why);
}

static uint32_t
parent_of(const struct inwalk *iw)
{
	return le32_get(*(const le32_t *)(const void *)iw->iw_data);
}

int
ext2_inline_find(
    struct ext2_node *np, const char *name, size_t len, uint32_t *inop)
{
	struct inwalk iw;
	int error = walk_start(np, &iw);

	if (error != 0)
		return error;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		*inop = parent_of(&iw);
		return 0;
	}
	while ((error = walk_get(np, &iw)) == 0) {
		if (iw.iw_ent.de_ino != 0 &&
		    ext2_name_equal(np, &iw.iw_ent, name, len)) {
			*inop = (uint32_t)iw.iw_ent.de_ino;
			return 0;
		}
		iw.iw_off += iw.iw_ent.de_reclen;
	}
	return error;
}

/* "." and "..".  *stopp: the sink has enough. */
static void
list_dots(const struct ext2_node *np, const struct inwalk *iw,
    struct dirsink *sink, uint64_t *cookiep, bool *stopp)
{
	for (; *cookiep < 2 && !*stopp; (*cookiep)++)
		*stopp = sink->ds_emit(sink,
			     *cookiep == 0 ? np->n_ino : parent_of(iw),
			     RUMP_DT_DIR, "..", *cookiep + 1,
			     *cookiep + 1) != 0;
	if (*stopp)
		(*cookiep)--;
}

int
ext2_inline_readdir(
    struct ext2_node *np, struct dirsink *sink, uint64_t *cookiep, bool *eofp)
{
	struct inwalk iw;
	bool stop = false;
	uint64_t next;
	int error = walk_start(np, &iw);

	*eofp = false;
	if (error != 0)
		return error;
	list_dots(np, &iw, sink, cookiep, &stop);
	while (!stop && (error = walk_get(np, &iw)) == 0) {
		next = iw.iw_off + iw.iw_ent.de_reclen;
		if (iw.iw_ent.de_ino != 0 && iw.iw_off >= *cookiep) {
			error = ext2_dir_emit(
			    np, 1, iw.iw_off, 0, &iw.iw_ent, sink, next, &stop);
			if (error != 0)
				return error;
		}
		if (!stop)
			*cookiep = kmax(*cookiep, next);
		iw.iw_off = (uint32_t)next;
	}
	if (stop || error == ENOENT) {
		*eofp = !stop;
		return 0;
	}
	return error;
}
