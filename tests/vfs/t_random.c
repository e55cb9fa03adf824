/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations.
 *
 * random-file: one file against an array of bytes, as fsx does.
 * random-tree: a tree against a second tree on another file system: every call
 * must give the same result on both, and at the end both trees must be equal.
 * Drivers are compared with rumpfs; rumpfs with the host's file system.
 *
 * VT_SEED=n sets the seed, VT_OPS=n how many operations, VT_EVERY=n after how many
 * all of the file is compared.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "unit/scratch.h"
#include "vt.h"

static uint64_t rnd;

static uint32_t
pick(uint32_t n)
{
	return vt_rand(&rnd) % n;
}

static int
parameter(const char *name, int def)
{
	const char *s = getenv(name);

	return s != NULL ? atoi(s) : def;
}

static int
seeded(int ops)
{
	unsigned seed = (unsigned)parameter("VT_SEED", 12345);

	rnd = (seed + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
	ops = parameter("VT_OPS", ops);
	diag("seed %u, %d operations", seed, ops);
	return ops;
}

/* ---- one file --------------------------------------------------------------------- */

#define FILEMAX (600u * 1024)

static uint8_t model[FILEMAX + 1], data[FILEMAX + 1];
static uint64_t modelsize;
static char lastop[100];

static void
model_grow(uint64_t size)
{
	if (size > modelsize) {
		memset(model + modelsize, 0, size - modelsize);
		modelsize = size;
	}
}

/* Lengths: mostly small, sometimes large; offsets often at edges of blocks. */
static uint64_t
random_len(void)
{
	switch (pick(4)) {
	case 0:
		return 1 + pick(100);
	case 1:
		return 1 + pick(5000);
	case 2:
		return 512u << pick(7);
	default:
		return 1 + pick(100000);
	}
}

static uint64_t
random_off(void)
{
	uint64_t off = pick(FILEMAX);

	if (pick(3) == 0)
		off &= ~UINT64_C(4095);
	if (pick(5) == 0 && modelsize < FILEMAX)
		off = modelsize;
	return off;
}

static bool
op_write(int fd)
{
	uint64_t off = random_off(), n = random_len();

	if (off + n > FILEMAX)
		n = FILEMAX - off;
	if (n == 0)
		return true;
	snprintf(lastop, sizeof(lastop), "write %llu+%llu",
	    (unsigned long long)off, (unsigned long long)n);
	vt_pattern(data, off, n, pick(1000));
	if (off > modelsize)
		model_grow(off);
	if (off + n > modelsize)
		modelsize = off + n;
	memcpy(model + off, data, n);
	return rump_sys_pwrite(fd, data, n, off) == (int64_t)n;
}

static bool
op_read(int fd)
{
	uint64_t off = random_off(), n = random_len(), want;

	want = off >= modelsize ? 0 : modelsize - off < n ? modelsize - off : n;
	snprintf(lastop, sizeof(lastop), "read %llu+%llu",
	    (unsigned long long)off, (unsigned long long)n);
	return rump_sys_pread(fd, data, n, off) == (int64_t)want &&
	    memcmp(data, model + off, want) == 0;
}

static bool
op_truncate(int fd)
{
	uint64_t size = random_off();

	snprintf(lastop, sizeof(lastop), "truncate %llu -> %llu",
	    (unsigned long long)modelsize, (unsigned long long)size);
	model_grow(size);
	modelsize = size;
	return rump_sys_ftruncate(fd, size) == 0;
}

static bool
op_fallocate(int fd)
{
	static const int modes[] = {0,
	    RUMP_FALLOC_PUNCH_HOLE | RUMP_FALLOC_KEEP_SIZE,
	    RUMP_FALLOC_ZERO_RANGE,
	    RUMP_FALLOC_ZERO_RANGE | RUMP_FALLOC_KEEP_SIZE};
	int mode = modes[pick(4)], error;
	uint64_t off = random_off(), n = random_len(), end;

	if (off + n > FILEMAX)
		n = FILEMAX - off;
	if (n == 0 || (vt_caps.fc_flags & RUMP_CAP_ALLOCATE) == 0)
		return true;
	end = off + n;
	snprintf(lastop, sizeof(lastop), "fallocate %#x %llu+%llu",
	    (unsigned)mode, (unsigned long long)off, (unsigned long long)n);
	error = -rump_sys_fallocate(fd, mode, off, n);
	if (error == RUMP_EOPNOTSUPP)
		end = off = 0; /* some can't: then nothing may change */
	else if (error != 0)
		return false;
	if (error == 0 && (mode & RUMP_FALLOC_KEEP_SIZE) == 0)
		model_grow(end);
	if (mode != 0 && off < modelsize && end > off)
		memset(
		    model + off, 0, (end < modelsize ? end : modelsize) - off);
	return true;
}

static bool
op_copy(int fd)
{
	uint64_t from = pick(FILEMAX / 2), n = random_len(), to;

	if (from >= modelsize)
		return true;
	if (n > modelsize - from)
		n = modelsize - from;
	to = from + n + pick(FILEMAX / 4);
	if (to + n > FILEMAX)
		return true;
	snprintf(lastop, sizeof(lastop), "copy %llu+%llu -> %llu",
	    (unsigned long long)from, (unsigned long long)n,
	    (unsigned long long)to);
	if (to > modelsize)
		model_grow(to);
	model_grow(to + n);
	memcpy(model + to, model + from, n);
	return rump_sys_copy_file_range(fd, from, fd, to, n) == (int64_t)n;
}

/* Data and holes cover the file, and holes are zeros. */
static bool
op_seek(int fd)
{
	uint64_t off = pick(FILEMAX);
	int64_t d, h;

	snprintf(
	    lastop, sizeof(lastop), "seek from %llu", (unsigned long long)off);
	d = rump_sys_lseek(fd, (int64_t)off, RUMP_SEEK_DATA);
	h = rump_sys_lseek(fd, (int64_t)off, RUMP_SEEK_HOLE);
	if (off >= modelsize)
		return d == -RUMP_ENXIO && h == -RUMP_ENXIO;
	if (h < (int64_t)off || h > (int64_t)modelsize)
		return false;
	if (d == -RUMP_ENXIO)
		d = (int64_t)modelsize;
	if (d < (int64_t)off || (h > (int64_t)off && d != (int64_t)off))
		return false;
	for (int64_t i = (int64_t)off; i < d; i++)
		if (model[i] != 0)
			return false;
	return true;
}

static void
t_file(void)
{
	int ops = seeded(3000), every = parameter("VT_EVERY", 50), fd, i;
	bool good = true;
	struct rump_stat st;

	fd = (int)MUST(rump_sys_open("f", O_CR, 0644));
	for (i = 0; i < ops && good; i++) {
		switch (pick(12)) {
		case 0:
		case 1:
		case 2:
		case 3:
			good = op_write(fd);
			break;
		case 4:
		case 5:
		case 6:
			good = op_read(fd);
			break;
		case 7:
			good = op_truncate(fd);
			break;
		case 8:
			good = op_fallocate(fd);
			break;
		case 9:
			good = op_copy(fd);
			break;
		case 10:
			good = op_seek(fd);
			break;
		default:
			if (pick(20) != 0)
				break;
			snprintf(lastop, sizeof(lastop), "mount again");
			MUST(rump_sys_close(fd));
			vt_remount(0);
			fd = (int)MUST(rump_sys_open("f", O_RW, 0));
		}
		MUST(rump_sys_fstat(fd, &st));
		good = good && st.st_size == modelsize;
		if (good && i % every == 0)
			good = rump_sys_pread(fd, data, FILEMAX, 0) ==
				(int64_t)modelsize &&
			    memcmp(data, model, modelsize) == 0;
	}
	ok(good, "%d operations, the last: %s (size %llu, should be %llu)", i,
	    lastop, (unsigned long long)st.st_size,
	    (unsigned long long)modelsize);
	MUST(rump_sys_close(fd));
}

/* ---- a tree -------------------------------------------------------------------------- */

/* Making is tried more often than the rest, or there would be little to act on.
 * Both sides answer 0 or a positive error number. */
enum op {
	OP_CREATE,
	OP_WRITE,
	OP_TRUNCATE,
	OP_UNLINK,
	OP_MKDIR,
	OP_RMDIR,
	OP_LINK,
	OP_SYMLINK,
	OP_RENAME,
	OP_EXCHANGE,
	OP_NOREPLACE,
	OP_CHMOD,
	OP_STAT,
	OP_READLINK,
	OP_SETX, /* from here on not where the other side is the host */
	OP_GETX,
	OP_REPLACE,
	NOPS,
};
static const char *const opnames[] = {"create", "write", "truncate", "unlink",
    "mkdir", "rmdir", "link", "symlink", "rename", "exchange", "noreplace",
    "chmod", "stat", "readlink", "setxattr", "getxattr", "replace"};

struct what {
	enum op op;
	char a[256], b[256];
	uint32_t num;
};
struct info { /* what must be equal */
	uint32_t mode, nlink;
	uint64_t size;
	char target[256];
};

static void
info_of(struct info *in, uint32_t mode, uint64_t nlink, uint64_t size)
{
	bool dir = (mode & RUMP_S_IFMT) == RUMP_S_IFDIR;

	memset(in, 0, sizeof(*in));
	in->mode = (mode & RUMP_S_IFMT) == RUMP_S_IFLNK ? RUMP_S_IFLNK : mode;
	in->nlink = dir ? 0 : (uint32_t)nlink; /* not all hosts count these */
	in->size = dir ? 0 : size;
}

/* New content in a file without a name, then the exchange: as overwriting does. */
static int
kernel_replace(const char *root, const char *path, uint32_t num)
{
	int fd, tmp;
	int64_t n;

	fd = rump_sys_open(path, O_RW | RUMP_O_NOFOLLOW, 0);
	if (fd < 0)
		return -fd;
	tmp = (int)MUST(rump_sys_open(root, O_RW | RUMP_O_TMPFILE, 0600));
	vt_pattern(data, num, num % 9000, num);
	n = rump_sys_write(tmp, data, num % 9000);
	if (n >= 0)
		n = rump_sys_exchangedata(fd, tmp);
	MUST(rump_sys_close(tmp));
	MUST(rump_sys_close(fd));
	return n < 0 ? (int)-n : 0;
}

/* Three attributes at most, so that any format has room. */
static int
kernel_setx(const char *path, uint32_t num)
{
	char name[16];

	snprintf(name, sizeof(name), "user.%u", num % 3);
	if (num % 5 == 0)
		return -rump_sys_lremovexattr(path, name);
	vt_pattern(data, num, num % 200, num);
	return -rump_sys_lsetxattr(path, name, data, num % 200, 0);
}

static int
kernel_do(const char *root, const struct what *w, struct info *in)
{
	char a[600], b[600];
	struct rump_stat st;
	int64_t n;
	int fd;

	snprintf(a, sizeof(a), "%s/%s", root, w->a);
	snprintf(b, sizeof(b), "%s/%s", root, w->b);
	memset(in, 0, sizeof(*in));
	switch (w->op) {
	case OP_CREATE:
		fd = rump_sys_open(a, O_CR | RUMP_O_EXCL, 0640);
		return fd < 0 ? -fd : -rump_sys_close(fd);
	case OP_WRITE:
		fd = rump_sys_open(a, O_WR, 0);
		if (fd < 0)
			return -fd;
		vt_pattern(data, w->num * 7, 3000, w->num);
		n = rump_sys_pwrite(fd, data, 3000, w->num % 50000);
		(void)rump_sys_close(fd);
		return n < 0 ? (int)-n : n == 3000 ? 0 : -1;
	case OP_TRUNCATE:
		return -rump_sys_truncate(a, w->num % 60000);
	case OP_UNLINK:
		return -rump_sys_unlink(a);
	case OP_MKDIR:
		return -rump_sys_mkdir(a, 0755);
	case OP_RMDIR:
		return -rump_sys_rmdir(a);
	case OP_LINK:
		return -rump_sys_link(a, b);
	case OP_SYMLINK:
		return -rump_sys_symlink(w->b, a);
	case OP_RENAME:
		return -rump_sys_rename(a, b);
	case OP_EXCHANGE:
		return -rump_sys_renameat2(
		    FDCWD, a, FDCWD, b, RUMP_RENAME_EXCHANGE);
	case OP_NOREPLACE:
		return -rump_sys_renameat2(
		    FDCWD, a, FDCWD, b, RUMP_RENAME_NOREPLACE);
	case OP_CHMOD:
		return -rump_sys_chmod(a, w->num & 0777);
	case OP_STAT:
		fd = -rump_sys_lstat(a, &st);
		if (fd == 0)
			info_of(in, st.st_mode, st.st_nlink, st.st_size);
		return fd;
	case OP_SETX:
		return kernel_setx(a, w->num);
	case OP_GETX:
		snprintf(b, sizeof(b), "user.%u", w->num % 3);
		n = rump_sys_lgetxattr(a, b, in->target, sizeof(in->target));
		in->size = (uint64_t)n;
		return n < 0 ? (int)-n : 0;
	case OP_REPLACE:
		return kernel_replace(root, a, w->num);
	default:
		n = rump_sys_readlink(a, in->target, sizeof(in->target));
		return n < 0 ? (int)-n : 0;
	}
}

static int
host_do(const char *root, const struct what *w, struct info *in)
{
	char a[PATH_MAX + 300], b[PATH_MAX + 300];
	struct stat st;
	ssize_t n = 0;
	int fd;

	snprintf(a, sizeof(a), "%s/%s", root, w->a);
	snprintf(b, sizeof(b), "%s/%s", root, w->b);
	memset(in, 0, sizeof(*in));
	switch (w->op) {
	case OP_CREATE:
		fd = open(a, O_RDWR | O_CREAT | O_EXCL, 0640);
		n = fd < 0 ? -1 : close(fd);
		break;
	case OP_WRITE:
		fd = open(a, O_WRONLY);
		if (fd < 0)
			return errno;
		vt_pattern(data, w->num * 7, 3000, w->num);
		n = pwrite(fd, data, 3000, w->num % 50000);
		close(fd);
		break;
	case OP_TRUNCATE:
		n = truncate(a, w->num % 60000);
		break;
	case OP_UNLINK:
		n = unlink(a);
		break;
	case OP_MKDIR:
		n = mkdir(a, 0755);
		break;
	case OP_RMDIR:
		n = rmdir(a);
		break;
	case OP_LINK:
		n = link(a, b);
		break;
	case OP_SYMLINK:
		n = symlink(w->b, a);
		break;
	case OP_RENAME:
		n = rename(a, b);
		break;
	case OP_EXCHANGE:
	case OP_NOREPLACE:
		n = syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b,
		    w->op == OP_EXCHANGE ? 2 : 1);
		break;
	case OP_CHMOD:
		n = chmod(a, w->num & 0777);
		break;
	case OP_STAT:
		n = lstat(a, &st);
		if (n == 0)
			info_of(
			    in, st.st_mode, st.st_nlink, (uint64_t)st.st_size);
		break;
	default:
		n = readlink(a, in->target, sizeof(in->target));
	}
	return n < 0 ? errno : 0;
}

/* A path of up to three components out of few names, so that they meet. */
static void
random_path(char *path)
{
	int r = (int)pick(10), depth = r < 4 ? 1 : r < 9 ? 2 : 3;
	size_t len = 0;

	for (int i = 0; i < depth; i++)
		len += (size_t)sprintf(path + len, "%s%c%s", i > 0 ? "/" : "",
		    'a' + (int)pick(6),
		    pick(20) == 0 ? "-a-longer-name-for-a-change" : "");
}

typedef int (*doer)(const char *root, const struct what *w, struct info *in);

/* The bytes of a file on either side; -errno. */
static int64_t
read_all(doer side, const char *root, const char *path, char *to)
{
	char full[PATH_MAX + 300];
	int64_t n;
	int fd;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	if (side == host_do) {
		fd = open(full, O_RDONLY);
		n = fd < 0 ? -errno : read(fd, to, FILEMAX);
		if (fd >= 0)
			close(fd);
		return n;
	}
	fd = rump_sys_open(full, O_RD, 0);
	n = fd < 0 ? fd : rump_sys_read(fd, to, FILEMAX);
	if (fd >= 0)
		(void)rump_sys_close(fd);
	return n;
}

static bool
same_data(const char *ours, doer theirs, const char *other, const char *path)
{
	static char mine[FILEMAX], yours[FILEMAX];
	int64_t n = read_all(kernel_do, ours, path, mine);

	return n >= 0 && n == read_all(theirs, other, path, yours) &&
	    memcmp(mine, yours, (size_t)n) == 0;
}

/* All that is in dir of the tested tree is in the other one, and equal; counts. */
static int
compare(const char *ours, doer theirs, const char *other, const char *dir,
    int *countp)
{
	char names[8192] __attribute__((aligned(8))), path[600];
	struct what w = {.op = OP_STAT};
	struct info x, y;
	int bad = 0, fd;
	int64_t n;

	snprintf(path, sizeof(path), "%s/%s", ours, dir);
	fd = (int)MUST(rump_sys_open(path, O_RD, 0));
	while ((n = rump_sys_getdents(fd, names, sizeof(names))) > 0)
		for (char *p = names; p < names + n;) {
			struct rump_dirent *de = (void *)p;

			p += de->d_reclen;
			if (strcmp(de->d_name, ".") == 0 ||
			    strcmp(de->d_name, "..") == 0)
				continue;
			++*countp;
			snprintf(w.a, sizeof(w.a), "%s%s%s", dir,
			    dir[0] != '\0' ? "/" : "", de->d_name);
			w.op = OP_STAT;
			if (kernel_do(ours, &w, &x) != theirs(other, &w, &y) ||
			    memcmp(&x, &y, sizeof(x)) != 0) {
				diag("%s differs: mode %o %o links %u %u size "
				     "%llu %llu",
				    w.a, x.mode, y.mode, x.nlink, y.nlink,
				    (unsigned long long)x.size,
				    (unsigned long long)y.size);
				bad++;
			}
			if ((x.mode & RUMP_S_IFMT) == RUMP_S_IFREG &&
			    !same_data(ours, theirs, other, w.a)) {
				diag("%s: other content", w.a);
				bad++;
			}
			if ((x.mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
				bad += compare(
				    ours, theirs, other, w.a, countp);
		}
	bad += n != 0;
	MUST(rump_sys_close(fd));
	return bad;
}

static void
t_tree(void)
{
	bool host = vt_fs->fs_format == NULL;
	doer theirs = host ? host_do : kernel_do;
	int ops = seeded(6000), i, e1 = 0, e2 = 0, bad = 0, count = 0, done = 0;
	char other[PATH_MAX];
	struct what w;
	struct info x, y;

	umask(0);
	if (host) {
		mkdir(scratch_path(other, "tree"), 0755);
	} else {
		MUST(rump_sys_mkdir("/ref", 0755));
		strcpy(other, "/ref");
	}
	for (i = 0; i < ops && bad == 0; i++) {
		memset(&w, 0, sizeof(w));
		w.op = (enum op)pick(NOPS + 6);
		if ((w.op == OP_SETX || w.op == OP_GETX) &&
		    (host || (vt_caps.fc_flags & RUMP_CAP_XATTR) == 0))
			continue;
		if (w.op == OP_REPLACE &&
		    (host || (vt_caps.fc_flags & RUMP_CAP_TMPFILE) == 0))
			continue;
		if (w.op >= NOPS)
			w.op = pick(2) ? OP_MKDIR : OP_CREATE;
		w.num = vt_rand(&rnd);
		random_path(w.a);
		random_path(w.b);
		e1 = kernel_do(MNT, &w, &x);
		e2 = theirs(other, &w, &y);
		if (w.op == OP_EXCHANGE && e2 == EINVAL && e1 != EINVAL &&
		    host) {
			/* the host's file system can't at all */
			struct what undo = w;
			if (e1 == 0)
				MUST(-kernel_do(MNT, &undo, &x));
			continue;
		}
		bad = e1 != e2 || memcmp(&x, &y, sizeof(x)) != 0;
		done += e1 == 0;
		if (i % 500 == 499)
			vt_remount(0);
	}
	ok(bad == 0, "operation %d, %s %s %s: error %d, there %d", i,
	    opnames[w.op], w.a, w.b, e1, e2);
	diag("%d of %d succeeded", done, i);
	bad = compare(MNT, theirs, other, "", &count);
	is(bad, 0, "both trees are equal, %d nodes", count);
	ok(count > 0, "there is something to compare");
}

const struct vt_case vt_random[] = {
    {.tc_name = "random-file", .tc_run = t_file},
    {.tc_name = "random-tree",
	.tc_run = t_tree,
	.tc_caps = RUMP_CAP_LINKS | RUMP_CAP_SYMLINKS | RUMP_CAP_MODES},
    {.tc_name = NULL},
};
