/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Long random sequences of operations on an ext2 image and on a host directory at
 * the same time: results, errors and the trees must be equal, and e2fsck -fn must
 * find nothing.  Once for each geometry: revision, block size, inode size,
 * features.
 *
 * EXT2_RANDOM_OPS=n (600) operations, EXT2_RANDOM_SEED=n.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include <rump/rump_syscalls.h>

#include "unit/child.h"
#include "unit/scratch.h"

#define IMAGE_BYTES (24u << 20)
#define NAMES	    30
#define MAX_DATA    150000

static uint64_t rng;
static char host_root[PATH_MAX + 10];
static bool with_xattr;
static unsigned char data[MAX_DATA], back[MAX_DATA];
static unsigned mismatches;

static uint32_t
rnd(uint32_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(rng >> 33) % n;
}

static void
mismatch(const char *what, const char *path, long long a, long long b)
{
	if (mismatches++ < 5)
		diag("%s %s: image %lld, host %lld", what, path, a, b);
}

/* The host's result in the kernel's form. */
static int64_t
hres(int64_t r)
{
	return r < 0 ? -(int64_t)errno : r;
}

static void
same(const char *what, const char *path, int64_t image, int64_t host)
{
	if (image != host)
		mismatch(what, path, image, host);
}

/* A path among few: up to two directories deep. */
struct name {
	char image[128], host[PATH_MAX + 160];
};
static void
pick(struct name *n)
{
	char rel[100] = "";
	static const char *const dirs[] = {
	    "", "/d0", "/d1", "/d0/e0", "/d1/a-directory-with-a-longer-name"};

	snprintf(rel, sizeof(rel), "%s/%s%u", dirs[rnd(5)],
	    rnd(3) == 0 ? "some-much-longer-name-than-others-" : "f",
	    rnd(NAMES));
	if (rnd(12) == 0)
		snprintf(rel, sizeof(rel), "%s", dirs[1 + rnd(4)]);
	snprintf(n->image, sizeof(n->image), "/mnt%s", rel);
	snprintf(n->host, sizeof(n->host), "%s%s", host_root, rel);
}

static void
op_write(const struct name *n)
{
	uint64_t off = rnd(4) == 0 ? rnd(3000000) : rnd(100000);
	size_t len = 1 + rnd(rnd(4) == 0 ? MAX_DATA : 5000);
	int flags = rnd(3) == 0 ? O_TRUNC : 0;
	int rfd, hfd;

	memset(data, 1 + (int)rnd(255), len);
	rfd = rump_sys_open(n->image,
	    RUMP_O_RDWR | RUMP_O_CREAT | RUMP_O_NOFOLLOW |
		(flags != 0 ? RUMP_O_TRUNC : 0),
	    0644);
	hfd = open(n->host, O_RDWR | O_CREAT | O_NOFOLLOW | flags, 0644);
	if ((rfd < 0) != (hfd < 0))
		mismatch("open", n->image, rfd, hfd < 0 ? -errno : hfd);
	if (rfd >= 0 && hfd >= 0)
		same("write", n->image, rump_sys_pwrite(rfd, data, len, off),
		    hres(pwrite(hfd, data, len, (off_t)off)));
	if (rfd >= 0)
		rump_sys_close(rfd);
	if (hfd >= 0)
		close(hfd);
}

static void
op_punch(const struct name *n)
{
	int rfd = rump_sys_open(n->image, RUMP_O_RDWR | RUMP_O_NOFOLLOW, 0);
	int hfd = open(n->host, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
	uint64_t off = rnd(100000), len = 1 + rnd(60000);
	int r, h;

	if (rfd >= 0 && hfd >= 0) {
		r = rump_sys_fallocate(rfd,
		    RUMP_FALLOC_PUNCH_HOLE | RUMP_FALLOC_KEEP_SIZE, off, len);
		h = fallocate(hfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		    (off_t)off, (off_t)len);
		if ((r != 0) != (h != 0))
			mismatch("punch", n->image, r, h);
	}
	if (rfd >= 0)
		rump_sys_close(rfd);
	if (hfd >= 0)
		close(hfd);
}

/* Room, in front of the end, over it, or behind it where only the image keeps it;
 * zeros that the image makes and the host punches. */
static void
op_allocate(const struct name *n)
{
	int rfd = rump_sys_open(n->image, RUMP_O_RDWR | RUMP_O_NOFOLLOW, 0);
	int hfd = open(n->host, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
	uint64_t off = rnd(150000), len = 1 + rnd(80000);
	int r = 0, h = 0;

	if (rfd >= 0 && hfd >= 0) {
		switch (rnd(3)) {
		case 0:
			r = rump_sys_fallocate(rfd, 0, off, len);
			h = fallocate(hfd, 0, (off_t)off, (off_t)len);
			break;
		case 1:
			(void)rump_sys_fallocate(
			    rfd, RUMP_FALLOC_KEEP_SIZE, off, len);
			break;
		default:
			off = off / 2 + 1;
			r = rump_sys_fallocate(rfd,
			    RUMP_FALLOC_ZERO_RANGE | RUMP_FALLOC_KEEP_SIZE, off,
			    len);
			if (r == -RUMP_EOPNOTSUPP) /* behind the end */
				break;
			h = fallocate(hfd,
			    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			    (off_t)off, (off_t)len);
		}
		if ((r != 0) != (h != 0) && r != -RUMP_EOPNOTSUPP)
			mismatch("allocate", n->image, r, h);
	}
	if (rfd >= 0)
		rump_sys_close(rfd);
	if (hfd >= 0)
		close(hfd);
}

static void
op_xattr(const struct name *n)
{
	char name[32];
	size_t len = rnd(4) == 0 ? rnd(500) : rnd(30);

	if (!with_xattr)
		return;
	snprintf(name, sizeof(name), "user.attribute%u", rnd(4));
	memset(data, 'a' + (int)rnd(26), len + 1);
	if (rnd(3) == 0)
		same("removexattr", n->image,
		    rump_sys_lremovexattr(n->image, name),
		    hres(lremovexattr(n->host, name)));
	else
		same("setxattr", n->image,
		    rump_sys_lsetxattr(n->image, name, data, len, 0),
		    hres(lsetxattr(n->host, name, data, len, 0)));
}

static void
op_symlink(const struct name *n)
{
	char target[300];
	unsigned len = 1 + rnd(rnd(2) == 0 ? 62 : 290);

	memset(target, 't', len);
	target[len] = '\0';
	same("symlink", n->image, rump_sys_symlink(target, n->image),
	    hres(symlink(target, n->host)));
}

static bool
is_dir(const struct name *n)
{
	struct stat st;

	return lstat(n->host, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
one_operation(void)
{
	struct name a, b;
	uint32_t mode = rnd(01000) | 0700; /* the owner may do all */

	pick(&a);
	pick(&b);
	switch (rnd(18)) {
	case 0:
	case 1:
	case 2:
	case 3:
		if (!is_dir(&a))
			op_write(&a);
		break;
	case 4:
		same("truncate", a.image,
		    rump_sys_truncate(a.image, mode * 1000),
		    hres(truncate(a.host, mode * 1000)));
		break;
	case 5:
	case 6:
		same("unlink", a.image, rump_sys_unlink(a.image),
		    hres(is_dir(&a) ? (errno = EISDIR, -1) : unlink(a.host)));
		break;
	case 7:
	case 8:
		same("mkdir", a.image, rump_sys_mkdir(a.image, 0755),
		    hres(mkdir(a.host, 0755)));
		break;
	case 9:
		same("rmdir", a.image, rump_sys_rmdir(a.image),
		    hres(rmdir(a.host)));
		break;
	case 10:
	case 11:
		same("rename", a.image, rump_sys_rename(a.image, b.image),
		    hres(rename(a.host, b.host)));
		break;
	case 12:
		if (is_dir(&a))
			break; /* which error comes first differs */
		same("link", a.image, rump_sys_link(a.image, b.image),
		    hres(link(a.host, b.host)));
		break;
	case 13:
		op_symlink(&a);
		break;
	case 14:
		op_xattr(&a);
		if (rnd(2) == 0)
			same("chmod", a.image, rump_sys_chmod(a.image, mode),
			    hres(chmod(a.host, mode)));
		break;
	case 15:
	case 16:
		if (!is_dir(&a))
			op_allocate(&a);
		break;
	default:
		if (!is_dir(&a))
			op_punch(&a);
		break;
	}
}

/* ---- comparing ------------------------------------------------------------------ */

static void
compare_data(const char *image, const char *host, uint64_t size)
{
	int rfd = rump_sys_open(image, RUMP_O_RDONLY, 0);
	int hfd = open(host, O_RDONLY);

	for (uint64_t off = 0; off < size && rfd >= 0 && hfd >= 0;
	     off += MAX_DATA) {
		int64_t r = rump_sys_pread(rfd, data, MAX_DATA, off);
		ssize_t h = pread(hfd, back, MAX_DATA, (off_t)off);

		same("read", image, r, h);
		if (r == h && r > 0 && memcmp(data, back, (size_t)r) != 0)
			mismatch("content", image, (long long)off, h);
	}
	if (rfd < 0 || hfd < 0)
		mismatch("open for comparing", image, rfd, hfd);
	rump_sys_close(rfd);
	close(hfd);
}

static void
compare_xattrs(const char *image, const char *host)
{
	char names[2048];
	ssize_t n = llistxattr(host, names, sizeof(names));
	int64_t r = rump_sys_llistxattr(image, (char *)data, sizeof(data));
	int64_t got = 0;

	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1) {
		ssize_t h = lgetxattr(host, names + i, back, 4096);

		if (strncmp(names + i, "user.", 5) != 0)
			continue;
		got += (int64_t)strlen(names + i) + 1;
		same("getxattr", image,
		    rump_sys_lgetxattr(image, names + i, data, 4096), h);
		if (h > 0 && memcmp(data, back, (size_t)h) != 0)
			mismatch("attribute", image, i, h);
	}
	same("listxattr", image, r, got);
}

static void
compare_node(const char *image, const char *host)
{
	struct rump_stat r;
	struct stat h;
	int64_t n;

	if (rump_sys_lstat(image, &r) != 0 || lstat(host, &h) != 0) {
		mismatch("stat", image, 0, errno);
		return;
	}
	same("mode", image, r.st_mode, h.st_mode);
	if (!S_ISDIR(h.st_mode)) {
		same("links", image, r.st_nlink, (int64_t)h.st_nlink);
		same("size", image, (int64_t)r.st_size, h.st_size);
	}
	if (S_ISREG(h.st_mode))
		compare_data(image, host, r.st_size);
	if (S_ISLNK(h.st_mode)) {
		n = rump_sys_readlink(image, (char *)data, 4096);
		same("readlink", image, n, readlink(host, (char *)back, 4096));
		if (n > 0 && memcmp(data, back, (size_t)n) != 0)
			mismatch("target", image, n, 0);
	}
	if (with_xattr && !S_ISLNK(h.st_mode))
		compare_xattrs(image, host);
}

/* Names of the image's directory that the host hasn't, by counting. */
static unsigned
count_names(const char *image)
{
	static uint8_t ents[16384];
	int fd = rump_sys_open(image, RUMP_O_RDONLY, 0);
	unsigned count = 0;
	int64_t n, off;

	while (fd >= 0 && (n = rump_sys_getdents(fd, ents, sizeof(ents))) > 0)
		for (off = 0; off < n; count++)
			off += ((struct rump_dirent *)(void *)(ents + off))
				   ->d_reclen;
	rump_sys_close(fd);
	return count;
}

static void
compare_trees(const char *image, const char *host)
{
	char ri[300], hi[PATH_MAX + 300];
	struct dirent *d;
	unsigned count = 0;
	DIR *dir = opendir(host);

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, "lost+found") == 0)
			continue;
		count++;
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		snprintf(ri, sizeof(ri), "%s/%s", image, d->d_name);
		snprintf(hi, sizeof(hi), "%s/%s", host, d->d_name);
		compare_node(ri, hi);
		if (d->d_type == DT_DIR)
			compare_trees(ri, hi);
	}
	closedir(dir);
	same("names", image, count_names(image),
	    count + (strcmp(image, "/mnt") == 0));
}

/* ---- one geometry ------------------------------------------------------------------ */

static const struct geometry {
	const char *name, *options;
	bool rev0;
} geometries[] = {
    {"1 KiB blocks", "-b 1024 -I 128", false},
    {"1 KiB blocks, large inodes", "-b 1024 -I 512", false},
    {"revision 0", "-b 1024 -r 0", true},
    {"revision 0, 4 KiB blocks", "-b 4096 -r 0", true},
    {"2 KiB blocks", "-b 2048 -I 256", false},
    {"4 KiB blocks", "-b 4096 -I 256", false},
    {"8 KiB blocks", "-b 8192 -I 256", false},
    {"64 KiB blocks", "-b 65536 -I 256", false},
    {"small groups", "-b 1024 -I 256 -g 1024", false},
    {"copies in every group", "-b 1024 -g 2048 -O ^sparse_super,^resize_inode",
	false},
    {"copies in two groups",
	"-b 1024 -g 2048 -O sparse_super2,^sparse_super,^resize_inode", false},
    {"a journal", "-b 4096 -I 1024 -O has_journal", false},
    {"no features", "-b 1024 -O none", false},
    {"extents", "-b 1024 -O extents", false},
    {"extents, 4 KiB blocks", "-b 4096 -O extents", false},
    {"extents, 64 KiB blocks", "-b 65536 -O extents", false},
    {"extents, small groups", "-b 1024 -g 256 -O extents,^resize_inode", false},
    {"ext4 without a journal", "-t ext4 -b 1024 -O ^has_journal", false},
    {"ext4", "-t ext4 -b 4096", false},
    {"ext4, small groups, 32 bits, old checksums",
	"-t ext4 -b 1024 -g 1024 -O "
	"^has_journal,^64bit,^metadata_csum,uninit_bg,^resize_inode",
	false},
    {"ext4, descriptors in their groups",
	"-t ext4 -b 2048 -g 1024 -O ^has_journal,meta_bg,^resize_inode", false},
    {"no file types", "-b 4096 -O ^filetype,^dir_index,^resize_inode", false},
};

static int
run(const char *cmd)
{
	int status = system(cmd);

	if (status != 0)
		diag("status %#x: %s", (unsigned)status, cmd);
	return status;
}

static bool
save_image(const char *path)
{
	char *mem = malloc(IMAGE_BYTES);
	FILE *f = fopen(path, "w");
	bool good = mem != NULL && f != NULL &&
	    rump_pub_blkdev_read("d", mem, 0, IMAGE_BYTES) == 0 &&
	    fwrite(mem, 1, IMAGE_BYTES, f) == IMAGE_BYTES;

	if (f != NULL)
		good = fclose(f) == 0 && good;
	free(mem);
	return good;
}

static bool
load_image(const char *path)
{
	struct rump_blkdesc desc = {
	    .bl_kind = RUMP_BLK_RAM, .bl_len = IMAGE_BYTES};
	char *mem = malloc(IMAGE_BYTES);
	FILE *f = fopen(path, "r");
	bool good = mem != NULL && f != NULL &&
	    fread(mem, 1, IMAGE_BYTES, f) == IMAGE_BYTES &&
	    rump_pub_blkdev_create("d", &desc, 1) == 0 &&
	    rump_pub_blkdev_write("d", mem, 0, IMAGE_BYTES) == 0;

	if (f != NULL)
		fclose(f);
	free(mem);
	return good;
}

static int
mount_it(uint32_t flags)
{
	static const char *const devs[] = {"d"};

	return rump_sys_mount("ext2", "/mnt", flags, devs, 1, NULL);
}

static bool
one_geometry(const struct geometry *g, unsigned ops)
{
	char cmd[300];

	mismatches = 0;
	run("rm -rf tree image");
	mkdir(host_root, 0755);
	with_xattr = !g->rev0 &&
	    lsetxattr(host_root, "user.probe", "", 0, 0) == 0 &&
	    lremovexattr(host_root, "user.probe") == 0;
	snprintf(cmd, sizeof(cmd),
	    "PATH=$PATH:/sbin:/usr/sbin; "
	    "mke2fs -q -F %s %s image %uk >/dev/null 2>&1",
	    strncmp(g->options, "-t", 2) == 0 ? "" : "-t ext2", g->options,
	    IMAGE_BYTES >> 10);
	if (run(cmd) != 0 || !load_image("image") || mount_it(0) != 0)
		return false;
	for (unsigned i = 0; i < ops; i++)
		one_operation();
	compare_trees("/mnt", host_root);
	same("unmount", "/mnt", rump_sys_unmount("/mnt", 0), 0);
	same("mount", "/mnt", mount_it(RUMP_MNT_RDONLY), 0);
	compare_trees("/mnt", host_root);
	same("unmount", "/mnt", rump_sys_unmount("/mnt", 0), 0);
	if (!save_image("image"))
		return false;
	rump_pub_blkdev_destroy("d");
	return run("PATH=$PATH:/sbin:/usr/sbin; e2fsck -fn image >log 2>&1 || "
		   "{ head -n 20 log | sed 's/^/# /'; false; }") == 0 &&
	    mismatches == 0;
}

int
main(void)
{
	const char *s = getenv("EXT2_RANDOM_OPS");
	unsigned ops = s != NULL ? (unsigned)atoi(s) : 600;
	unsigned long long seed;

	if (system("PATH=$PATH:/sbin:/usr/sbin; command -v mke2fs >/dev/null "
		   "&& command -v e2fsck >/dev/null") != 0)
		skip_all("no mke2fs, e2fsck");
	umask(0);
	if (chdir(scratch_dir()) != 0)
		bail("%s: no such directory", scratch_dir());
	snprintf(host_root, sizeof(host_root), "%s/tree", scratch_dir());
	s = getenv("EXT2_RANDOM_SEED");
	seed = s != NULL ? strtoull(s, NULL, 0) : 1;
	if (rump_init() != 0 || rump_sys_mkdir("/mnt", 0755) != 0)
		bail("the kernel doesn't start");
	for (unsigned i = 0; i < sizeof(geometries) / sizeof(geometries[0]);
	     i++) {
		rng = seed * 1000003 + i;
		ok(one_geometry(&geometries[i], ops),
		    "%u random operations, %s, seed %llu", ops,
		    geometries[i].name, seed);
	}
	return done();
}
