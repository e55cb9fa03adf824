/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext2's extent trees: random runs put in, converted, taken out, and a model in an
 * array that must always agree; trees that grow to three levels and shrink again;
 * nodes with each field wrong.  mke2fs makes the images, e2fsck judges them.
 *
 * EXT2_EXTENT_OPS=n (1500) operations, EXT2_EXTENT_SEED=n.
 */
#include <fcntl.h>

#include <rump/rump_syscalls.h>

#include "fs/ext2/ext2_extent.h"
#include "vfs/namei.h"
#include "unit/child.h"
#include "unit/scratch.h"

#define TOOLS	    "PATH=$PATH:/sbin:/usr/sbin; "
#define IMAGE_BYTES (64u << 20)
#define NBLKS	    60000u /* of the file that the model knows */

static struct {
	uint64_t blk; /* 0: a hole */
	bool unwritten;
} model[NBLKS];
static uint64_t rng;
static char lastline[400];
static struct vnode *vp;
static struct ext2_node *np;
static const char *failure;
static int failline;

#define MUST(cond) \
	((cond) ? true : (failure = #cond, failline = __LINE__, false))

static uint32_t
rnd(uint32_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(rng >> 33) % n;
}

static void
keep_line(void *arg, const char *line)
{
	(void)arg;
	snprintf(lastline, sizeof(lastline), "%s", line);
}

static int
run(const char *fmt, ...)
{
	char cmd[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

/* ---- a mounted image, and its file "f" ------------------------------------------ */

static bool
mkfs(const char *options)
{
	return run(TOOLS
		   "rm -f image; mke2fs -q -F -t ext2 -O extents %s image "
		   "%uk >/dev/null 2>&1",
		   options, IMAGE_BYTES >> 10) == 0;
}

static bool
fsck(void)
{
	return run(TOOLS "e2fsck -fn image >log 2>&1 || "
			 "{ sed 's/^/# /' log | head -n 20; false; }") == 0;
}

static bool
attach(void)
{
	static const char *const devs[] = {"d"};
	static struct nameidata nd;
	struct rump_blkdesc desc = {.bl_kind = RUMP_BLK_FILE};
	int error, fd;

	if (rumpuser_file_open("image", RUMPUSER_OPEN_RDWR, &desc.bl_file) != 0)
		return false;
	error = rump_pub_blkdev_create("d", &desc, 1);
	rumpuser_file_close(desc.bl_file);
	if (error != 0 || rump_sys_mount("ext2", "/mnt", 0, devs, 1, NULL) != 0)
		return false;
	fd = rump_sys_open("/mnt/f", RUMP_O_RDWR | RUMP_O_CREAT, 0644);
	if (fd < 0)
		return false;
	rump_sys_close(fd);
	rump_schedule();
	nd = (struct nameidata){.nd_path = "/mnt/f"};
	error = namei(&nd);
	if (error == 0) {
		vp = nd.nd_vp;
		vref(vp);
		namei_done(&nd);
		np = ext2_node_of(vp);
		vn_lock(vp, RW_WRITER);
		(void)ext2_begin(np->n_m);
	}
	return error == 0;
}

static bool
detach(void)
{
	bool good;

	vn_unlock(vp);
	vrele(vp);
	rump_unschedule();
	good = rump_sys_unmount("/mnt", 0) == 0;
	rump_pub_blkdev_destroy("d");
	return good;
}

/* ---- the model -------------------------------------------------------------------- */

/* All that the tree says about [lbn, end) is what the model says. */
static bool
agrees(uint64_t lbn, uint64_t end)
{
	uint64_t blk, cnt;
	bool unwritten;

	while (lbn < end) {
		if (!MUST(ext2_ext_map(
			      np, lbn, end - lbn, &blk, &cnt, &unwritten) == 0))
			return false;
		if (!MUST(cnt > 0 && cnt <= end - lbn))
			return false;
		for (uint64_t i = 0; i < cnt; i++, lbn++)
			if (!MUST(model[lbn].blk == (blk == 0 ? 0 : blk + i)) ||
			    !MUST(model[lbn].unwritten == unwritten))
				return false;
	}
	return true;
}

static uint64_t
model_blocks(void)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < NBLKS; i++)
		n += model[i].blk != 0;
	return n;
}

/* How far from lbn on all blocks are there, or none; at most max. */
static uint64_t
model_run(uint64_t lbn, uint64_t max)
{
	uint64_t n = 1;

	while (n < max && lbn + n < NBLKS &&
	    (model[lbn + n].blk == 0) == (model[lbn].blk == 0))
		n++;
	return n;
}

static bool
do_fill(uint64_t lbn, uint64_t max, bool later)
{
	uint64_t n = model_run(lbn, max), blk, cnt;
	bool unwritten = false;
	int error;

	if (model[lbn].blk != 0)
		return true;
	error = later ? ext2_fill_later(np, lbn, n, &blk, &cnt, &unwritten)
		      : ext2_fill_hole(np, lbn, n, &blk, &cnt);
	if (error == ENOSPC)
		return true;
	if (!MUST(error == 0) || !MUST(cnt > 0 && cnt <= n) ||
	    !MUST(unwritten == later))
		return false;
	for (uint64_t i = 0; i < cnt; i++) {
		model[lbn + i].blk = blk + i;
		model[lbn + i].unwritten = unwritten;
	}
	return true;
}

static bool
do_convert(uint64_t lbn, uint64_t max)
{
	uint64_t n = model_run(lbn, max);

	if (model[lbn].blk == 0)
		return true;
	if (!MUST(ext2_ext_convert(np, lbn, n) == 0))
		return false;
	for (uint64_t i = 0; i < n; i++)
		model[lbn + i].unwritten = false;
	return true;
}

static bool
do_remove(uint64_t lbn, uint64_t n)
{
	n = kmin(n, NBLKS - lbn);
	if (!MUST(ext2_free_range(np, lbn, lbn + n) == 0))
		return false;
	memset(&model[lbn], 0, n * sizeof(model[0]));
	return true;
}

static bool
one_operation(void)
{
	uint64_t lbn = rnd(rnd(2) == 0 ? NBLKS : 500);
	uint64_t n = 1 + rnd(rnd(20) == 0 ? 20000 : rnd(3) == 0 ? 300 : 8);

	switch (rnd(8)) {
	case 0:
	case 1:
		return do_fill(lbn, n, false);
	case 2:
	case 3:
		return do_fill(lbn, n, true);
	case 4:
	case 5:
		return do_convert(lbn, n);
	case 6:
		return do_remove(lbn, n);
	default: /* many single ones */
		for (uint64_t i = 0; i < 60 && lbn + 2 * i < NBLKS; i++)
			if (!do_fill(lbn + 2 * i, 1, i % 3 == 0))
				return false;
		return true;
	}
}

static uint64_t
depth(void)
{
	const struct ext4_extent_head_disk *h = (const void *)np->n_block;

	return le16_get(h->eh_depth);
}

/* The file's size such that the model's blocks lie in it. */
static bool
set_size(void)
{
	np->n_st.st_size = (uint64_t)NBLKS << np->n_m->m_bshift;
	vp->v_size = np->n_st.st_size;
	return ext2_need_rocompat(np->n_m, EXT2_FR_LARGE_FILE) == 0 &&
	    ext2_node_store(np) == 0;
}

static void
random_sequence(const char *options, unsigned ops)
{
	uint64_t deepest = 0, bpf;
	bool good = true;

	memset(model, 0, sizeof(model));
	failure = NULL;
	if (!mkfs(options) || !attach()) {
		ok(false, "%s: an image", options);
		return;
	}
	bpf = ext2_spb(np->n_m);
	for (unsigned i = 0; i < ops && good; i++) {
		good = one_operation();
		if (good && i % 50 == 0)
			good = agrees(0, NBLKS);
		deepest = kmax(deepest, depth());
	}
	good = good && agrees(0, NBLKS) && set_size();
	good = good && MUST(np->n_st.st_blocks / bpf >= model_blocks());
	ok(good && detach(), "%s: %u operations", options, ops);
	if (failure != NULL)
		diag("%s (line %d)", failure, failline);
	ok(fsck(), "... e2fsck finds nothing (%u deep)", (unsigned)deepest);
	ok(attach() && agrees(0, NBLKS), "... the same after a new mount");
	ok(ext2_free_range(np, 0, UINT64_MAX) == 0 && depth() == 0 &&
		np->n_st.st_blocks == 0 && ext2_node_store(np) == 0,
	    "... all of it goes");
	ok(detach() && fsck(), "... and nothing stays behind");
}

/* ---- deep trees ---------------------------------------------------------------------- */

/* Every second block, in an order of its own: one extent each. */
static bool
fill_alternate(uint32_t step)
{
	for (uint32_t i = 0, at = 0; i < NBLKS / 2; i++) {
		if (!do_fill(2 * at, 1, false))
			return false;
		at = (at + step) % (NBLKS / 2);
	}
	return true;
}

static void
deep_tree(const char *how, uint32_t step)
{
	bool good = true;

	memset(model, 0, sizeof(model));
	failure = NULL;
	ok(mkfs("-b 1024 -N 256") && attach() && fill_alternate(step) &&
		agrees(0, NBLKS),
	    "%u extents %s", NBLKS / 2, how);
	is(depth(), 3, "they need three levels");
	ok(set_size() && detach() && fsck(), "e2fsck finds nothing");
	ok(attach() && agrees(0, NBLKS), "all is there after a new mount");
	for (uint64_t i = 0; i < 300 && good; i++)
		good = do_remove(rnd(NBLKS), 1 + rnd(300));
	ok(good && agrees(0, NBLKS) && detach() && fsck(),
	    "with 300 holes more");
	ok(attach() && do_remove(1, NBLKS) && agrees(0, NBLKS) && depth() == 0,
	    "one extent is left: no level either");
	is(np->n_st.st_blocks, ext2_spb(np->n_m), "and one block");
	ok(detach() && fsck(), "e2fsck finds nothing");
	if (failure != NULL)
		diag("%s (line %d)", failure, failline);
}

/* Appending leaves full nodes behind. */
static void
appended_nodes(void)
{
	uint32_t room, leaves;

	memset(model, 0, sizeof(model));
	ok(mkfs("-b 1024 -N 256") && attach() && fill_alternate(1), "in order");
	room = ext2_enode_room(np->n_m);
	leaves = (NBLKS / 2 + room - 2) / (room - 1);
	ok(np->n_st.st_blocks / 2 <= NBLKS / 2 + leaves + leaves / room + 5,
	    "%u nodes for %u extents",
	    (unsigned)(np->n_st.st_blocks / 2 - NBLKS / 2), NBLKS / 2);
	ok(set_size() && detach() && fsck(), "e2fsck finds nothing");
}

/* ---- bad trees ------------------------------------------------------------------------- */

/* Set 16 bits of a node: of the inode's, of the first index block, of its first
 * leaf. */
enum where {
	ROOT,
	INDEX,
	LEAF,
};
static uint64_t
node_block(enum where w)
{
	struct ext2_epath pa;

	if (w == ROOT || ext2_epath_find(np, 0, &pa) != 0)
		return 0;
	return pa.pa_level[w].el_blk;
}

static uint16_t
poke(uint64_t blk, unsigned off, uint16_t value)
{
	struct buf *bp = NULL;
	uint8_t *mem = (void *)np->n_block;
	uint16_t old;

	if (blk != 0) {
		if (bread(np->n_m->m_dev, ext2_blkoff(np->n_m, blk),
			np->n_m->m_bsize, &bp) != 0)
			return 0;
		mem = bp->b_data;
	}
	old = le16_get(*(le16_t *)(void *)(mem + off));
	le16_put((le16_t *)(void *)(mem + off), value);
	if (bp != NULL) {
		bp->b_checked = 0;
		bdwrite(bp);
	}
	return old;
}

static const struct bad {
	enum where where;
	unsigned off;
	uint16_t value;
	const char *says;
} bads[] = {
    {ROOT, 0, 0xf30b, "has a wrong magic number"},
    {ROOT, 2, 5, "has more entries than room"},
    {ROOT, 2, 0, "is an index without entries"},
    {ROOT, 4, 5, "has room for an impossible number of entries"},
    {ROOT, 4, 0, "has room for an impossible number of entries"},
    {ROOT, 6, 6, "extent depth 6 exceeds 5"},
    {ROOT, 6, 65535, "extent depth 65535 exceeds 5"},
    {ROOT, 6, 3, "has a wrong depth"},
    {ROOT, 6, 1, "has a wrong depth"},
    {ROOT, 16, 0, "extent node 0 is out of range"},
    {ROOT, 18, 0xffff, "is out of range"},
    {ROOT, 20, 1, "is out of range"},
    {INDEX, 0, 0, "has a wrong magic number"},
    {INDEX, 2, 0, "is an index without entries"},
    {INDEX, 2, 85, "has more entries than room"},
    {INDEX, 4, 85, "has room for an impossible number of entries"},
    {INDEX, 6, 2, "has a wrong depth"},
    {INDEX, 6, 0, "has a wrong depth"},
    {INDEX, 26, 1, "is unsorted"}, /* second key, high */
    {INDEX, 24, 0, "overlap"},
    {INDEX, 20, 7, "is out of range"},
    {LEAF, 0, 0x0af3, "has a wrong magic number"},
    {LEAF, 2, 65535, "has more entries than room"},
    {LEAF, 6, 1, "has a wrong depth"},
    {LEAF, 14, 1, "is unsorted"}, /* the first one's block, high */
    {LEAF, 16, 0, "has an extent without length"},
    {LEAF, 16, 3, "has extents that overlap"},
    {LEAF, 16, 32768 + 3, "has extents that overlap"},
    {LEAF, 24, 900, "is unsorted"},
    {LEAF, 28, 30000, "has extents that overlap"},
    {LEAF, 18, 1, "is out of range"},
    {LEAF, 22, 0xffff, "is out of range"},
};

static void
bad_trees(void)
{
	uint64_t blk, mapped, cnt;
	bool unwritten;

	memset(model, 0, sizeof(model));
	ok(mkfs("-b 1024 -N 256") && attach(), "an image");
	for (uint32_t i = 0; i < 1000; i++)
		(void)do_fill(2 * i, 1, false);
	is(depth(), 2, "a tree of two levels");
	for (unsigned i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		const struct bad *b = &bads[i];
		uint16_t old;
		int error;

		blk = node_block(b->where);
		old = poke(blk, b->off, b->value);
		lastline[0] = '\0';
		error = ext2_ext_map(np, 0, 1, &mapped, &cnt, &unwritten);
		is(error, EUCLEAN, "node %d, byte %u: %#x", (int)b->where,
		    b->off, b->value);
		ok(strstr(lastline, b->says) != NULL, "says: %s", lastline);
		/* Whatever it does with it, it comes back. */
		(void)ext2_ext_convert(np, 0, 50);
		(void)poke(blk, b->off, old);
		/* Only the first few lines of a mount are told. */
		if (ext2_node_store(np) != 0 || !detach() || !attach())
			bail("the image can't be mounted again");
	}
	ok(agrees(0, NBLKS), "put right, it is as it was");
	/* A node that is its own child: the depth is wrong. */
	blk = node_block(INDEX);
	(void)poke(blk, 16, (uint16_t)blk);
	is(ext2_ext_map(np, 0, 1, &mapped, &cnt, &unwritten), EUCLEAN,
	    "a loop");
	(void)ext2_free_range(np, 0, UINT64_MAX);
	ok(true, "freeing a loop ends");
	(void)detach();
}

int
main(void)
{
	const char *s = getenv("EXT2_EXTENT_OPS");
	unsigned ops = s != NULL ? (unsigned)atoi(s) : 1500;

	if (system(TOOLS "command -v mke2fs >/dev/null && "
			 "command -v e2fsck >/dev/null") != 0)
		skip_all("no mke2fs, e2fsck");
	if (chdir(scratch_dir()) != 0)
		bail("%s: no such directory", scratch_dir());
	s = getenv("EXT2_EXTENT_SEED");
	rng = s != NULL ? strtoull(s, NULL, 0) : 1;
	if (rump_init() != 0 || rump_sys_mkdir("/mnt", 0755) != 0)
		bail("the kernel doesn't start");
	rump_pub_log_hook(keep_line, NULL);
	random_sequence("-b 1024", ops);
	random_sequence("-b 1024 -g 256 -O ^resize_inode", ops);
	random_sequence("-b 4096", ops);
	random_sequence("-b 2048 -O metadata_csum,64bit", ops);
	deep_tree("from everywhere", 7919);
	deep_tree("from the end", NBLKS / 2 - 1);
	appended_nodes();
	bad_trees();
	return done();
}
