/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vnode cache, name cache, mounts and lookup, seen from the driver's side with a
 * driver made for it (foldfs.h).
 */
#include "unit/child.h"
#include "unit/foldfs.h"

#include <rump/rump_syscalls.h>

#include "kern/ksched.h"
#include "vfs/namei.h"
#include "vfs/vnode_impl.h"

static struct rump_stat st;

static void
start(void)
{
	struct lwp *l = kern_enter();

	vfs_attach(&ff_vfsops);
	kern_leave(l);
	CHECK(rump_sys_mkdir("/m", 0755) == 0);
	CHECK(rump_sys_mount("foldfs", "/m", 0, NULL, 0, NULL) == 0);
}

static uint64_t
ino(const char *path)
{
	CHECK(rump_sys_lstat(path, &st) == 0);
	return st.st_ino;
}

static int
create(const char *path)
{
	return rump_sys_mknod(path, RUMP_S_IFREG | 0644, 0);
}

/* ---- names without case ------------------------------------------------------------ */

static void
fold(void)
{
	uint64_t n;

	start();
	CHECK(create("/m/File") == 0);
	n = ino("/m/File");
	ff.nlookup = 0;
	CHECK(ino("/m/FILE") == n);
	CHECK(ino("/m/file") == n);
	CHECK(ff.nlookup == 0); /* all spellings are one entry */
	CHECK(create("/m/fIlE") == -RUMP_EEXIST);
	CHECK(rump_sys_mkdir("/m/FILE", 0755) == -RUMP_EEXIST);
	/* negative entries too */
	CHECK(rump_sys_stat("/m/nope", &st) == -RUMP_ENOENT);
	ff.nlookup = 0;
	CHECK(rump_sys_stat("/m/NOPE", &st) == -RUMP_ENOENT);
	CHECK(ff.nlookup == 0);
	CHECK(create("/m/NoPe") == 0);
	CHECK(rump_sys_stat("/m/nope", &st) == 0);
	CHECK(rump_sys_unlink("/m/nOPE") == 0);
	CHECK(rump_sys_stat("/m/NoPe", &st) == -RUMP_ENOENT);
	/* the namespec decides what a name is */
	CHECK(create("/m/a:b") == -RUMP_EINVAL);
	CHECK(rump_sys_rename("/m/File", "/m/a:b") == -RUMP_EINVAL);
}

static bool
listed(const char *dir, const char *name)
{
	char buf[8192] __attribute__((aligned(8)));
	int fd = rump_sys_open(dir, RUMP_O_RDONLY, 0);
	int64_t n = rump_sys_getdents(fd, buf, sizeof(buf));
	bool found = false;

	for (char *p = buf; p < buf + n;
	     p += ((struct rump_dirent *)p)->d_reclen)
		found |= strcmp(((struct rump_dirent *)p)->d_name, name) == 0;
	CHECK(rump_sys_close(fd) == 0);
	return found;
}

static void
fold_rename(void)
{
	uint64_t n;

	start();
	CHECK(create("/m/name") == 0);
	n = ino("/m/name");
	CHECK(listed("/m", "name"));
	/* only the case changes: the entry is rewritten */
	CHECK(rump_sys_rename("/m/name", "/m/NAME") == 0);
	CHECK(listed("/m", "NAME") && !listed("/m", "name"));
	CHECK(ino("/m/name") != n); /* rekeyed */
	CHECK(rump_sys_rename("/m/NAME", "/m/NAME") == 0);
	CHECK(rump_sys_mkdir("/m/Dir", 0755) == 0);
	CHECK(rump_sys_rename("/m/nAME", "/m/DIR/x") == 0);
	CHECK(rump_sys_stat("/m/name", &st) == -RUMP_ENOENT);
	CHECK(rump_sys_stat("/m/dir/X", &st) == 0);
	CHECK(rump_sys_renameat2(RUMP_AT_FDCWD, "/m/dir/x", RUMP_AT_FDCWD,
		  "/m/dir/X", RUMP_RENAME_NOREPLACE) == -RUMP_EEXIST);
}

/* ---- caches ----------------------------------------------------------------------- */

static void
caching(void)
{
	char path[64];

	start();
	for (int i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "/m/file%d", i);
		CHECK(create(path) == 0);
	}
	/* unused vnodes are bounded */
	CHECK(ff.nreclaim > 5000 - 2100);
	CHECK(ff.ninactive >= 5000);
	/* what is in use stays */
	ff.nload = ff.nlookup = 0;
	for (int i = 0; i < 1000; i++)
		CHECK(rump_sys_stat("/m/file4999", &st) == 0);
	CHECK(ff.nload == 0 && ff.nlookup == 0);
	/* a long name isn't cached, but found */
	CHECK(create("/m/a-name-that-is-longer-than-forty-bytes-indeed") == 0);
	CHECK(rump_sys_stat("/m/A-NAME-that-is-longer-than-forty-bytes-indeed",
		  &st) == 0);
	/* attributes with entries, where the driver has only vnodes */
	char buf[4096] __attribute__((aligned(8)));
	int fd = rump_sys_open("/m", RUMP_O_RDONLY, 0);
	int64_t n = rump_sys_getdents_plus(fd, buf, sizeof(buf));
	CHECK(n > 0);
	for (char *p = buf; p < buf + n;
	     p += ((struct rump_direntplus *)p)->d_reclen) {
		struct rump_direntplus *dp = (void *)p;

		CHECK(dp->d_error == 0 &&
		    dp->d_stat.st_ino == dp->d_ent.d_fileno &&
		    dp->d_stat.st_nlink == 1);
	}
	CHECK(rump_sys_close(fd) == 0);
	CHECK(rump_sys_unmount("/m", 0) == 0);
	CHECK(ff.nload + 5001 + 1 >= ff.nreclaim);
}

/* Under memory pressure caches give back what nobody uses. */
static void
pressure(void)
{
	unsigned before;
	char path[64];
	struct lwp *l;
	void *p[64];
	int i, fd;

	start();
	for (i = 0; i < 1500; i++) {
		snprintf(path, sizeof(path), "/m/file%d", i);
		CHECK(create(path) == 0);
	}
	fd = rump_sys_open("/m", RUMP_O_RDONLY, 0);
	before = ff.nreclaim;
	l = kern_enter();
	for (i = 0; i < 64; i++) {
		p[i] = kmem_alloc(100000);
		if (p[i] == NULL)
			break;
	}
	CHECK(i < 64); /* there is a limit */
	while (i-- > 0)
		kmem_free(p[i], 100000);
	kern_leave(l);
	CHECK(ff.nreclaim > before + 1000);
	CHECK(rump_sys_fstat(fd, &st) == 0 && st.st_ino == FF_ROOT);
	CHECK(rump_sys_stat("/m/file7", &st) == 0);
	CHECK(rump_sys_close(fd) == 0);
}

static void
load_errors(void)
{
	start();
	CHECK(create("/m/f") == 0);
	CHECK(rump_sys_unmount("/m", 0) == 0);
	CHECK(rump_sys_mount("foldfs", "/m", 0, NULL, 0, NULL) == 0);
	ff.loaderror = RUMP_EUCLEAN;
	ff.nload = 0;
	CHECK(rump_sys_stat("/m/f", &st) == -RUMP_EUCLEAN);
	CHECK(rump_sys_stat("/m/f", &st) == -RUMP_EUCLEAN);
	CHECK(ff.nload >= 2); /* an error isn't cached */
	ff.loaderror = 0;
	CHECK(rump_sys_stat("/m/f", &st) == 0);
	/* a root that can't be loaded: no mount */
	CHECK(rump_sys_unmount("/m", 0) == 0);
	ff.loaderror = RUMP_EIO;
	CHECK(rump_sys_mount("foldfs", "/m", 0, NULL, 0, NULL) == -RUMP_EIO);
	ff.loaderror = 0;
	ff_find(FF_ROOT)->type = VREG;
	CHECK(
	    rump_sys_mount("foldfs", "/m", 0, NULL, 0, NULL) == -RUMP_EUCLEAN);
	ff_find(FF_ROOT)->type = VDIR;
	CHECK(rump_sys_mount("foldfs", "/m", 0, NULL, 0, NULL) == 0);
}

static void *
stat_f(void *arg)
{
	struct rump_stat mine;

	(void)arg;
	CHECK(rump_sys_stat("/m/f", &mine) == 0);
	return NULL;
}

/* Several threads want a vnode while it loads, or while its last user leaves. */
static void
slow(void)
{
	pthread_t t[6];

	start();
	CHECK(create("/m/f") == 0);
	CHECK(rump_sys_unmount("/m", 0) == 0);
	CHECK(rump_sys_mount("foldfs", "/m", 0, NULL, 0, NULL) == 0);
	CHECK(rump_sys_stat("/m", &st) == 0);
	ff.slow = true;
	ff.nload = 0;
	for (int i = 0; i < 6; i++)
		pthread_create(&t[i], NULL, stat_f, NULL);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	CHECK(ff.nload == 1);
	ff.slow = false;
	CHECK(rump_sys_unmount("/m", 0) == 0);
}

/* ---- what an image can say --------------------------------------------------------- */

static void
lies(void)
{
	start();
	CHECK(rump_sys_mkdir("/m/d", 0755) == 0);
	CHECK(rump_sys_mkdir("/m/e", 0755) == 0);
	CHECK(rump_sys_mkdir("/m/ring", 0755) == 0);
	CHECK(create("/m/f") == 0);
	/* a name in a directory that leads to the directory */
	ff.selfref = ino("/m/d");
	CHECK(rump_sys_stat("/m/d/self/self", &st) == 0);
	CHECK(rump_sys_rmdir("/m/d/self") == -RUMP_EUCLEAN);
	CHECK(rump_sys_rename("/m/d/self", "/m/d/x") < 0);
	CHECK(rump_sys_rename("/m/f", "/m/d/self") < 0);
	CHECK(rump_sys_rename("/m/d/self", "/m/e/x") < 0);
	CHECK(rump_sys_link("/m/f", "/m/d/self") == -RUMP_EEXIST);
	/* ".." that never gets to the root */
	ff.ring = true;
	CHECK(rump_sys_rename("/m/d", "/m/e/d") == -RUMP_EUCLEAN);
	CHECK(rump_sys_rename("/m/f", "/m/e/f") == -RUMP_EUCLEAN);
	ff.ring = false;
	CHECK(rump_sys_rename("/m/f", "/m/e/f") == 0);
	/* a node of the driver's own under a name */
	CHECK(create("/m/sys") == 0);
	CHECK(rump_sys_unmount("/m", 0) == 0);
	ff.systemino = ff_child(FF_ROOT, "sys", 3)->ino;
	CHECK(rump_sys_mount("foldfs", "/m", 0, NULL, 0, NULL) == 0);
	CHECK(rump_sys_stat("/m/sys", &st) == -RUMP_EUCLEAN);
	CHECK(rump_sys_unlink("/m/sys") == -RUMP_EUCLEAN);
	/* a number in use is handed out as a free one */
	CHECK(rump_sys_stat("/m/e", &st) == 0);
	ff.nextnew = st.st_ino;
	CHECK(create("/m/new") == -RUMP_EUCLEAN);
	ff.nextnew = 0;
	CHECK(create("/m/new") == 0);
}

/* ---- streams, missing operations ------------------------------------------------------ */

static void
streams(void)
{
	struct vnode *root, *svp, *vp;
	struct mount *mp;
	struct lwp *l;
	struct componentname cn = {"f", 1, cred_root};

	start();
	CHECK(create("/m/f") == 0);
	l = kern_enter();
	mp = vfs_busy_byid(2);
	CHECK(vfs_root(mp, &root) == 0);
	vfs_unbusy(mp);
	vn_lock(root, RW_READER);
	CHECK(vn_lookup(root, &cn, &vp) == 0);
	CHECK(vop_openstream(root, "rsrc", &svp) == ENOENT);
	vn_unlock(root);
	vn_lock(vp, RW_READER);
	CHECK(vop_openstream(vp, "none", &svp) == ENOENT);
	CHECK(vop_openstream(vp, "rsrc", &svp) == 0);
	vn_unlock(vp);
	CHECK(svp->v_type == VREG && svp != vp && svp->v_mount == vp->v_mount);
	vrele(svp);
	vrele(vp);
	vrele(root);
	kern_leave(l);
	CHECK(rump_sys_unmount("/m", 0) == 0);
}

static void
missing(void)
{
	struct rump_statvfs sv;
	uint64_t n = 0;
	char c;
	int fd;

	start();
	CHECK(create("/m/f") == 0);
	fd = rump_sys_open("/m/f", RUMP_O_RDWR, 0);
	CHECK(fd >= 0);
	CHECK(rump_sys_read(fd, &c, 1) == -RUMP_EOPNOTSUPP);
	CHECK(rump_sys_write(fd, &c, 1) == -RUMP_EOPNOTSUPP);
	CHECK(rump_sys_ftruncate(fd, 5) == -RUMP_EOPNOTSUPP);
	CHECK(rump_sys_fallocate(fd, 0, 0, 5) == -RUMP_EOPNOTSUPP);
	CHECK(rump_sys_fsync(fd) == 0);
	CHECK(rump_sys_fchmod(fd, 0600) == -RUMP_EOPNOTSUPP);
	CHECK(rump_sys_close(fd) == 0);
	CHECK(rump_sys_link("/m/f", "/m/g") == -RUMP_EOPNOTSUPP);
	CHECK(
	    rump_sys_setxattr("/m/f", "user.a", "b", 1, 0) == -RUMP_EOPNOTSUPP);
	CHECK(rump_sys_getxattr("/m/f", "user.a", &c, 1) == -RUMP_EOPNOTSUPP);
	CHECK(rump_sys_listxattr("/m/f", NULL, 0) == -RUMP_EOPNOTSUPP);
	CHECK(rump_sys_open("/m", RUMP_O_RDWR | RUMP_O_TMPFILE, 0600) ==
	    -RUMP_EOPNOTSUPP);
	CHECK(rump_sys_statvfs("/m", &sv) == 0);
	CHECK(strcmp(sv.f_fstypename, "foldfs") == 0);
	CHECK(rump_sys_fstrim("/m", 0, &n) == -RUMP_EOPNOTSUPP);
	CHECK(rump_sys_sync() == 0);
}

/* ---- messages, options ----------------------------------------------------------------- */

static unsigned lines, count_lines;

static void
hook(void *arg, const char *line)
{
	(void)arg;
	lines += strncmp(line, "foldfs: inode 12: byte 4", 24) == 0;
	count_lines += strstr(line, "15 more messages") != NULL;
}

static void
messages(void)
{
	rump_pub_log_hook(hook, NULL);
	ff.messages = 25;
	start();
	CHECK(lines == 10 && count_lines == 0);
	CHECK(rump_sys_unmount("/m", 0) == 0);
	CHECK(lines == 10 && count_lines == 1);
	rump_pub_log_hook(NULL, NULL);
}

static void
options(void)
{
	const char *pos = "a,b=1,c=x=y,long-name=", *bad;
	struct mountopt mo;

	CHECK(mountopt_next(&pos, &mo) == 0 && !mo.mo_hasvalue &&
	    strcmp(mo.mo_name, "a") == 0);
	CHECK(mountopt_next(&pos, &mo) == 0 && mo.mo_hasvalue &&
	    strcmp(mo.mo_name, "b") == 0 && strcmp(mo.mo_value, "1") == 0);
	CHECK(mountopt_next(&pos, &mo) == 0 && strcmp(mo.mo_value, "x=y") == 0);
	CHECK(mountopt_next(&pos, &mo) == 0 && mo.mo_hasvalue &&
	    strcmp(mo.mo_name, "long-name") == 0 && mo.mo_value[0] == '\0');
	CHECK(mountopt_next(&pos, &mo) == ENOENT);
	pos = NULL;
	CHECK(mountopt_next(&pos, &mo) == ENOENT);
	bad = ",a";
	CHECK(mountopt_next(&bad, &mo) == EINVAL);
	bad = "=a";
	CHECK(mountopt_next(&bad, &mo) == EINVAL);
	bad = "name-that-is-much-too-long-for-the-field";
	CHECK(mountopt_next(&bad, &mo) == EINVAL);
}

static void
detach(void)
{
	struct lwp *l;

	start();
	l = kern_enter();
	CHECK(vfs_find("foldfs") == &ff_vfsops);
	CHECK(vfs_find("tmpfs") == vfs_find("rumpfs"));
	CHECK(vfs_detach(&ff_vfsops) == EBUSY);
	kern_leave(l);
	CHECK(rump_sys_unmount("/m", 0) == 0);
	l = kern_enter();
	CHECK(vfs_detach(&ff_vfsops) == 0);
	CHECK(vfs_find("foldfs") == NULL);
	kern_leave(l);
}

int
main(void)
{
	static const struct param plain[] = {{NULL, NULL}};
	static const struct param debug[] = {{"RUMP_DEBUG", "1"}, {NULL, NULL}};
	static const struct param mp[] = {{"RUMP_NCPU", "4"}, {NULL, NULL}};
	static const struct param little[] = {
	    {"RUMP_MEMLIMIT", "4m"}, {NULL, NULL}};
	static const struct {
		const char *what;
		void (*fn)(void);
		const struct param *params;
	} tests[] = {
	    {"names without case", fold, plain},
	    {"names without case, ranks checked", fold, debug},
	    {"renames without case, nodes rekeyed", fold_rename, plain},
	    {"bounds of the caches", caching, plain},
	    {"memory pressure", pressure, little},
	    {"nodes that don't load", load_errors, plain},
	    {"slow loads and many threads", slow, plain},
	    {"slow loads and many threads, four CPUs", slow, mp},
	    {"an image that lies", lies, plain},
	    {"an image that lies, ranks checked", lies, debug},
	    {"streams", streams, plain},
	    {"operations that are missing", missing, plain},
	    {"messages are counted", messages, plain},
	    {"mount options", options, plain},
	    {"attach and detach", detach, plain},
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		ok(child_status(tests[i].params, true, tests[i].fn) == 0, "%s",
		    tests[i].what);
	return done();
}
