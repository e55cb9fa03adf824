/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file's bytes on the device: its extents one after the other.  Of an extent that
 * goes past the end of the device, what is there can be read.
 *
 * zisofs: a file is a header, a table of 4-byte places in it (one more than there are
 * blocks), and blocks, each deflated by itself; one of no bytes is zeros.
 */
#include "fs/cd9660/cd9660.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

/* Where byte off of what is on the device is, and how far that goes. */
static int
place(const struct cd9660_node *np, uint64_t off, uint64_t *devoffp,
    uint64_t *lenp)
{
	const struct cd9660_extent *e = np->n_extent != NULL ? np->n_extent
							     : &np->n_first;

	for (uint32_t i = 0; i < np->n_nextents; i++, e++) {
		if (off < e->e_len) {
			*devoffp = e->e_off + off;
			*lenp = e->e_len - off;
			return 0;
		}
		off -= e->e_len;
	}
	return EUCLEAN;
}

int
cd9660_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run)
{
	struct cd9660_node *np = cd9660_node_of(vp);
	struct cd9660_mount *m = np->n_m;
	uint64_t size = m->m_dev->bd_size, n;
	int error;

	*run = (struct bmap_run){
	    .bm_kind = BMAP_MAPPED,
	    .bm_off = off,
	    .bm_len = len,
	    .bm_dev = m->m_dev,
	};
	if (how == BMAP_WRITE)
		return EROFS;
	if (np->n_why != NULL)
		return cd9660_damage(
		    m, np->n_st.st_ino, "can't be read: %s", np->n_why);
	if (off >= np->n_st.st_size) {
		run->bm_kind = BMAP_HOLE; /* past the end */
		return 0;
	}
	if (np->n_zisofs) {
		run->bm_kind = BMAP_ENCODED;
		run->bm_len = kmin(len, np->n_st.st_size - off);
		return 0;
	}
	error = place(np, off, &run->bm_devoff, &n);
	if (error != 0)
		return error;
	if (run->bm_devoff < size)
		n = kmin(n, size - run->bm_devoff);
	run->bm_len = kmin(len, n);
	return 0;
}

/* ---- zisofs ------------------------------------------------------------------------- */

static int
read_stored(const struct cd9660_node *np, uint64_t off, void *buf, uint64_t len)
{
	struct cd9660_mount *m = np->n_m;
	uint8_t *p = buf;
	uint64_t at, n;
	int error = 0;

	for (; len > 0 && error == 0; len -= n, off += n, p += n) {
		error = place(np, off, &at, &n);
		if (error != 0)
			break;
		n = kmin(n, len);
		if (at > m->m_dev->bd_size || n > m->m_dev->bd_size - at)
			return EUCLEAN;
		error = blkdev_read(m->m_dev, p, at, n, 0);
	}
	return error;
}

static int
inflate(const struct cd9660_node *np, uint64_t from, uint64_t n, void *buf,
    size_t want)
{
	void *src = kmem_alloc(n);
	size_t got = 0;
	int error;

	if (src == NULL)
		return ENOMEM;
	error = read_stored(np, from, src, n);
	if (error == 0)
		error = rumpuser_inflate(
		    RUMPUSER_CODEC_ZLIB, src, n, buf, want, &got);
	kmem_free(src, n);
	if (error == EOPNOTSUPP) {
		mount_message(np->n_m->m_mp, np->n_st.st_ino, UINT64_MAX,
		    "is compressed, and there is no zlib to inflate it");
		return error;
	}
	if (error == EINVAL || error == ENOSPC || (error == 0 && got != want))
		error = EUCLEAN;
	return error;
}

int
cd9660_readencoded(
    struct vnode *vp, uint64_t off, void *buf, size_t bufsize, size_t *lenp)
{
	struct cd9660_node *np = cd9660_node_of(vp);
	uint64_t blk = off >> np->n_zshift, size = UINT64_C(1) << np->n_zshift;
	uint64_t from, to;
	le32_t at[2];
	int error;

	off = blk << np->n_zshift;
	if (off >= np->n_st.st_size || bufsize < size)
		return EINVAL;
	*lenp = (size_t)kmin(size, np->n_st.st_size - off);
	error = read_stored(np, np->n_zheader * UINT64_C(4) + blk * 4, at, 8);
	if (error == 0) {
		from = le32_get(at[0]);
		to = le32_get(at[1]);
		if (from > to || to > np->n_disksize || to - from > 2 * size)
			error = EUCLEAN;
		else if (from == to)
			memset(buf, 0, *lenp);
		else
			error = inflate(np, from, to - from, buf, *lenp);
	}
	if (error == EUCLEAN)
		return cd9660_damage(np->n_m, np->n_st.st_ino,
		    "compressed block %llu is damaged",
		    (unsigned long long)blk);
	return error;
}
