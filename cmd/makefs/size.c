/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How large must the image be?  The formatter's arithmetic gives an upper bound
 * for the tree; what the user wants free comes on top; the image is built so
 * large and cut afterwards (p_trim), unless -s says what it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump_abi.h>

#include "fsu/fsu.h"
#include "makefs.h"

#define EXTRA_INODE_BYTES 8192u /* of -s +SIZE, for each inode beside it */
#define SMALL_BYTES	  (8u * 1024u * 1024u) /* below: blocks of 1 KiB */
#define SMALL_BLOCK	  1024u
#define BLOCK		  4096u
#define USUAL_MAX	  65536u
#define SLACK_BLOCKS	  16u /* when a second attempt is needed */

static uint64_t
ppm_of(uint64_t n, uint32_t ppm)
{
	return n / 1000000 * ppm + n % 1000000 * ppm / 1000000;
}

/* ---- the tree --------------------------------------------------------------- */

/* A node as the formatter wants to be told of it. */
static void
describe(const struct makefs_opts *mo, const struct manifest *mf,
    const struct mnode *m, struct newfs_node *nn)
{
	const struct mextra *x;
	struct xattr_ref xr;
	uint32_t pos = 0;

	*nn = (struct newfs_node){.nn_mode = m->m_mode, .nn_size = m->m_size};
	if (m->m_extra == 0)
		return;
	x = arena_at(&mf->mf_extras, m->m_extra);
	while (extra_attr(x, &pos, &xr)) {
		nn->nn_nattr++;
		nn->nn_attr_bytes += mo->mo_type->nt_attr_bytes(
		    xr.xr_name, xr.xr_len);
	}
	if ((m->m_flags & MN_HOLES) != 0) {
		nn->nn_data = extra_ranges(x);
		nn->nn_ndata = x->x_nrange;
	}
}

/* Is this a name that is entered only when its owner has been made? */
static bool
is_late(const struct manifest *mf, uint32_t node)
{
	const struct mnode *m = mn(mf, node);

	return (m->m_flags & MN_LINKED) != 0 && m->m_link != node &&
	    (mn(mf, m->m_link)->m_flags & MN_MADE) == 0;
}

/*
 * A directory's own blocks: its names in the order in which they will be
 * entered, with links that must wait for their owners last.
 */
static void
need_dir(const struct makefs_opts *mo, struct manifest *mf, uint32_t dir,
    struct newfs_need *nd, uint32_t *fullp)
{
	const struct newfs_type *nt = mo->mo_type;
	bool late = false;
	uint32_t c;

	if (dir == 0 && nt->nt_made_inodes > 0)
		nt->nt_need_name(
		    &mo->mo_newfs, nd, "lost+found", strlen("lost+found"));
	for (c = mn(mf, dir)->m_child; c != 0; c = mn(mf, c)->m_next) {
		struct mnode *m = mn(mf, c);

		if (is_late(mf, c)) {
			m->m_flags |= MN_LATE;
			late = true;
			continue;
		}
		m->m_flags |= MN_MADE;
		nt->nt_need_name(
		    &mo->mo_newfs, nd, mn_name(mf, m), m->m_namelen);
	}
	for (c = mn(mf, dir)->m_child; late && c != 0; c = mn(mf, c)->m_next)
		if ((mn(mf, c)->m_flags & MN_LATE) != 0)
			nt->nt_need_name(&mo->mo_newfs, nd,
			    mn_name(mf, mn(mf, c)), mn(mf, c)->m_namelen);
	if (nd->nd_full && *fullp == UINT32_MAX)
		*fullp = dir;
	nt->nt_need_dirend(&mo->mo_newfs, nd);
}

/* *fullp: the first directory that can't have all its names; UINT32_MAX: none. */
static void
need_tree(const struct makefs_opts *mo, struct manifest *mf,
    struct newfs_need *nd, uint32_t *fullp)
{
	uint32_t i;

	memset(nd, 0, sizeof(*nd));
	*fullp = UINT32_MAX;
	for (i = 0; i < mf->mf_n; i++)
		mn(mf, i)->m_flags &= (uint16_t) ~(MN_MADE | MN_LATE);
	i = 0;
	do {
		const struct mnode *m = mn(mf, i);
		struct newfs_node nn;

		if ((m->m_flags & MN_LINKED) == 0 || m->m_link == i) {
			describe(mo, mf, m, &nn);
			nn.nn_root = i == 0;
			mo->mo_type->nt_need_node(&mo->mo_newfs, nd, &nn);
		}
		if ((m->m_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
			need_dir(mo, mf, i, nd, fullp);
		i = manifest_walk(mf, i);
	} while (i != 0);
	nd->nd_inodes--; /* the root */
	nd->nd_blocks--; /* its first block: the formatter makes it */
}

/* ---- the image ------------------------------------------------------------------ */

static int
say(const struct makefs_opts *mo, const char *why)
{
	fsu_msg("%s: %s", fsu_visible(mo->mo_image), why);
	return FSU_FAIL;
}

/* What the tree needs with a block size of block; p_need_* and its size.  p_why
 * isn't said yet: with other blocks it may do. */
static int
measure(struct makefs_opts *mo, struct manifest *mf, uint32_t block,
    uint32_t more, struct plan *p)
{
	struct newfs_opts *o = &mo->mo_newfs;
	struct newfs_result nr;
	struct newfs_need nd;
	char *why = p->p_why;
	uint64_t blocks, inodes, spare;

	why[0] = '\0';
	o->no_block = block;
	o->no_size = 0;
	o->no_inodes = 0;
	if (mo->mo_type->nt_defaults(o, why) != 0)
		return FSU_FAIL;
	need_tree(mo, mf, &nd, &p->p_full);
	if (mo->mo_type->nt_take_need != NULL)
		mo->mo_type->nt_take_need(o, &nd);
	blocks = nd.nd_blocks;
	if (more != 0)
		blocks += ppm_of(blocks, more) + SLACK_BLOCKS;
	inodes = nd.nd_inodes + mo->mo_free_inodes +
	    ppm_of(nd.nd_inodes, mo->mo_free_inodes_ppm);
	if (!mo->mo_inodes_given)
		inodes += mo->mo_size_extra / EXTRA_INODE_BYTES;
	p->p_need_blocks = blocks;
	p->p_need_inodes = inodes;
	spare = mo->mo_free_blocks;
	if (mo->mo_free_blocks_ppm != 0) {
		if (mo->mo_type->nt_fit(o, blocks, inodes, &nr, why) != 0)
			return FSU_FAIL;
		spare += ppm_of(nr.nr_blocks, mo->mo_free_blocks_ppm);
	}
	spare += (mo->mo_size_extra + block - 1) / block;
	p->p_spare = spare * block;
	if (mo->mo_type->nt_fit(o, blocks + spare, inodes, &nr, why) != 0)
		return FSU_FAIL;
	p->p_need_bytes = nr.nr_size;
	p->p_size = nr.nr_size;
	return FSU_OK;
}

/* The bytes are given: as many inodes as usual, or as many as are needed. */
static int
fixed_size(struct makefs_opts *mo, uint64_t size, struct plan *p)
{
	struct newfs_opts *o = &mo->mo_newfs;
	uint64_t blocks = p->p_need_blocks + p->p_spare / o->no_block;
	struct newfs_result nr;
	char why[NEWFS_WHY] = "";

	o->no_size = size;
	o->no_exact = false;
	o->no_inodes = 0;
	if (!mo->mo_inodes_given && mo->mo_type->nt_plan(o, &nr, why) == 0 &&
	    nr.nr_free_inodes >= p->p_need_inodes &&
	    nr.nr_free_blocks >= blocks)
		return FSU_OK;
	o->no_inodes = p->p_need_inodes + mo->mo_type->nt_reserved_inodes;
	if (mo->mo_type->nt_plan(o, &nr, why) == 0 &&
	    nr.nr_free_inodes >= p->p_need_inodes &&
	    nr.nr_free_blocks >= blocks)
		return FSU_OK;
	/* a last group too small to be used: once more, with it */
	o->no_exact = true;
	if (mo->mo_type->nt_plan(o, &nr, why) == 0 &&
	    nr.nr_free_inodes >= p->p_need_inodes &&
	    nr.nr_free_blocks >= blocks)
		return FSU_OK;
	return FSU_FAIL;
}

static int
too_small(const struct makefs_opts *mo, uint64_t have, const struct plan *p)
{
	uint64_t missing = p->p_need_bytes > have ? p->p_need_bytes - have
						  : mo->mo_newfs.no_block;

	fsu_msg("%s: the tree needs %llu bytes, %llu more than the %llu there "
		"are: say -s %llu, or leave -s out, or put less in",
	    fsu_visible(mo->mo_image), (unsigned long long)(have + missing),
	    (unsigned long long)missing, (unsigned long long)have,
	    (unsigned long long)(have + missing));
	return FSU_FAIL;
}

#define UNFIT_LINES 10 /* that are said, of thousands there may be */

/* Why the format can't hold the node; NULL: it can. */
static const char *
node_unfit(const struct makefs_opts *mo, const struct manifest *mf, uint32_t i)
{
	static char why[80];
	const struct mnode *m = mn(mf, i);
	struct newfs_node nn;

	if (i != 0 && m->m_namelen > mo->mo_type->nt_name_max) {
		snprintf(why, sizeof(why),
		    "the name is longer than the %u bytes that %s has for one",
		    mo->mo_type->nt_name_max, mo->mo_type->nt_name);
		return why;
	}
	if (i != 0 && mo->mo_type->nt_name_unfit != NULL) {
		const char *bad = mo->mo_type->nt_name_unfit(
		    mn_name(mf, m), m->m_namelen);

		if (bad != NULL)
			return bad;
	}
	if ((m->m_flags & MN_SAMENAME) != 0)
		return "the name is another's here when case doesn't count, "
		       "and one name is held but once";
	describe(mo, mf, m, &nn);
	nn.nn_root = i == 0;
	return mo->mo_type->nt_unfit(&mo->mo_newfs, &nn);
}

/* Nodes that cannot be held with the block size as it is; say: name them. */
static bool
unfit(const struct makefs_opts *mo, const struct manifest *mf, bool say_so)
{
	unsigned many = 0;
	uint32_t i = 0;

	do {
		const char *why = node_unfit(mo, mf, i);
		char *path;

		if (why != NULL && say_so && many < UNFIT_LINES) {
			path = manifest_pathname(mf, i);
			fsu_msg("%s: %s (blocks of %u)", fsu_visible(path), why,
			    mo->mo_newfs.no_block);
			free(path);
		}
		if (why != NULL)
			many++;
		i = manifest_walk(mf, i);
	} while (i != 0 && (say_so || many == 0));
	if (many > UNFIT_LINES && say_so)
		fsu_msg("... and %u more like these", many - UNFIT_LINES);
	return many > 0;
}

/* The type has a block size for each size: the smallest that goes with what comes
 * out. */
static int
usual_block(struct makefs_opts *mo, struct manifest *mf, uint64_t bound,
    uint32_t more, struct plan *p)
{
	const struct newfs_type *nt = mo->mo_type;
	uint32_t block = 512, want;
	int status;

	if (mo->mo_newfs.no_sector > block)
		block = mo->mo_newfs.no_sector;
	want = bound != 0 ? nt->nt_usual_block(&mo->mo_newfs, bound) : 0;
	if (want != 0)
		return measure(mo, mf, want, more, p);
	for (;; block *= 2) {
		status = measure(mo, mf, block, more, p);
		if (block >= USUAL_MAX)
			return status;
		if (status != FSU_OK)
			continue;
		want = nt->nt_usual_block(&mo->mo_newfs, p->p_size);
		if (want <= block)
			return status;
	}
}

/* The block size, where the user leaves it to us, and what is needed with it. */
static int
choose_block(
    struct makefs_opts *mo, struct manifest *mf, uint32_t more, struct plan *p)
{
	uint64_t bound = mo->mo_size != 0 ? mo->mo_size : mo->mo_min;
	int status;

	if (mo->mo_type->nt_block != 0 && mo->mo_block == 0)
		return measure(mo, mf, mo->mo_type->nt_block, more, p);
	if (mo->mo_block != 0)
		return measure(mo, mf, mo->mo_block, more, p);
	if (mo->mo_type->nt_usual_block != NULL)
		return usual_block(mo, mf, bound, more, p);
	if (mo->mo_newfs.no_inode_bytes > SMALL_BLOCK || bound >= SMALL_BYTES)
		return measure(mo, mf, BLOCK, more, p);
	status = measure(mo, mf, BLOCK, more, p);
	if (status != FSU_OK || (bound == 0 && p->p_size >= SMALL_BYTES))
		return status;
	status = measure(mo, mf, SMALL_BLOCK, more, p);
	if (status == FSU_OK && unfit(mo, mf, false))
		status = measure(mo, mf, BLOCK, more, p);
	return status;
}

static bool
full(const struct manifest *mf, const struct plan *p)
{
	char *path;

	if (p->p_full == UINT32_MAX)
		return false;
	path = manifest_pathname(mf, p->p_full);
	fsu_msg(
	    "%s: has more names than a directory can hold", fsu_visible(path));
	free(path);
	return true;
}

int
size_plan(
    struct makefs_opts *mo, struct manifest *mf, uint32_t more, struct plan *p)
{
	uint64_t fixed = mo->mo_size;
	int status;

	memset(p, 0, sizeof(*p));
	if (more == 0)
		mark_same_names(mo, mf);
	status = choose_block(mo, mf, more, p);
	if (unfit(mo, mf, true) || full(mf, p))
		return FSU_FAIL;
	if (status != FSU_OK)
		return say(mo, p->p_why);
	p->p_floor = mo->mo_min;
	if (mo->mo_max != 0 && fixed == 0 && p->p_need_bytes > mo->mo_max)
		return too_small(mo, mo->mo_max, p);
	if (fixed == 0 && p->p_size <= mo->mo_min)
		fixed = mo->mo_min;
	if (fixed != 0) {
		p->p_size = fixed;
		if (fixed_size(mo, fixed, p) != FSU_OK)
			return too_small(mo, fixed, p);
		return FSU_OK;
	}
	p->p_trim = !mo->mo_type->nt_exact;
	mo->mo_newfs.no_size = p->p_size;
	mo->mo_newfs.no_inodes = p->p_need_inodes +
	    mo->mo_type->nt_reserved_inodes;
	mo->mo_newfs.no_exact = true;
	return FSU_OK;
}
