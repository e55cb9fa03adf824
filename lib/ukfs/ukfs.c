/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ukfs(3): start, mount, release, and the binding of threads to a ukfs.
 *
 * Life of a ukfs: open the host file, lock it, register it as a block device,
 * make a process of the kernel, mount, chroot into the mount.  ukfs_release
 * goes the same way back; destroy() takes one that got only half-way.
 *
 * Two ukfs of one process must not have the same bytes of a host file open
 * where one of them writes: open-file-description locks don't see that (there is
 * one description a file and process), so the list of all ukfs is asked.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ukfs_impl.h"
#include "ukfs_part.h"

static pthread_mutex_t ukfs_mtx = PTHREAD_MUTEX_INITIALIZER;
static struct ukfs *ukfs_all;
static unsigned ukfs_serial;

/* ---- errors ------------------------------------------------------------- */

int
ukfs_host_errno(int rump_error)
{
	/* The kernel's numbers are Linux's.  A host with others has its table
	 * here. */
	return rump_error < 0 ? -rump_error : rump_error;
}

int64_t
ukfs_result(int64_t r)
{
	if (r >= 0)
		return r;
	errno = ukfs_host_errno((int)-r);
	return -1;
}

static void *
fail(int error)
{
	errno = ukfs_host_errno(error);
	return NULL;
}

/* ---- binding threads ------------------------------------------------------ */

#define NEST 8
static _Thread_local struct binding {
	struct ukfs *ukfs;
	struct lwp *prev; /* what the thread had before */
	unsigned count;	  /* enters of the same ukfs in a row */
	bool own;	  /* the lwp is this binding's */
} bindings[NEST];
static _Thread_local unsigned nbindings;

int
ukfs_enter(struct ukfs *ukfs)
{
	struct binding *b;
	int error;

	if (nbindings > 0 && bindings[nbindings - 1].ukfs == ukfs) {
		bindings[nbindings - 1].count++;
		return 0;
	}
	if (nbindings == NEST) {
		errno = EAGAIN;
		return -1;
	}
	b = &bindings[nbindings];
	b->prev = rump_pub_lwproc_curlwp();
	if (!atomic_flag_test_and_set_explicit(
		&ukfs->uk_lwp_busy, memory_order_acquire)) {
		rump_pub_lwproc_switch(ukfs->uk_lwp);
		b->own = false;
	} else {
		if (b->prev != NULL)
			rump_pub_lwproc_switch(NULL);
		error = rump_pub_lwproc_newlwp(ukfs->uk_pid);
		if (error != 0) {
			rump_pub_lwproc_switch(b->prev);
			errno = ukfs_host_errno(error);
			return -1;
		}
		b->own = true;
	}
	b->ukfs = ukfs;
	b->count = 1;
	nbindings++;
	return 0;
}

void
ukfs_leave(struct ukfs *ukfs)
{
	struct binding *b;

	if (nbindings == 0 || bindings[nbindings - 1].ukfs != ukfs)
		abort(); /* unpaired: the caller's mistake */
	b = &bindings[nbindings - 1];
	if (--b->count > 0)
		return;
	nbindings--;
	if (b->own)
		rump_pub_lwproc_releaselwp();
	else
		rump_pub_lwproc_switch(NULL);
	if (b->prev != NULL)
		rump_pub_lwproc_switch(b->prev);
	if (!b->own)
		atomic_flag_clear_explicit(
		    &ukfs->uk_lwp_busy, memory_order_release);
}

struct ukfs *
ukfs_current(void)
{
	return nbindings == 0 ? NULL : bindings[nbindings - 1].ukfs;
}

/* ---- start ------------------------------------------------------------------ */

int
ukfs_init(void)
{
	int error;

	if (rump_pub_version() != RUMP_VERSION) {
		errno = EINVAL;
		return -1;
	}
	error = rump_init();
	return (int)ukfs_result(-error);
}

int
ukfs_modload(const char *path)
{
	if (ukfs_init() != 0)
		return -1;
	return (int)ukfs_result(-rump_pub_module_load(path));
}

int
ukfs_modload_dir(const char *dir)
{
	DIR *d;
	struct dirent *de;
	char *path;
	size_t len;
	int loaded;

	d = opendir(dir);
	if (d == NULL)
		return -1;
	loaded = 0;
	while ((de = readdir(d)) != NULL) {
		len = strlen(de->d_name);
		if (strncmp(de->d_name, "librumpfs_", 10) != 0 || len < 13 ||
		    strcmp(de->d_name + len - 3, ".so") != 0)
			continue;
		if (asprintf(&path, "%s/%s", dir, de->d_name) == -1)
			break;
		if (ukfs_modload(path) == 0)
			loaded++;
		free(path);
	}
	closedir(d);
	return loaded;
}

ssize_t
ukfs_vfstypes(char *buf, size_t size)
{
	if (ukfs_init() != 0)
		return -1;
	return ukfs_result(rump_sys_fstypes(buf, size));
}

void
ukfs_set_message_handler(void (*handler)(void *, const char *), void *arg)
{
	rump_pub_log_hook(handler, arg);
}

void
ukfs_interrupt(void)
{
	rump_pub_interrupt();
}

void
ukfs_setspecific(struct ukfs *ukfs, void *data)
{
	ukfs->uk_specific = data;
}

void *
ukfs_getspecific(struct ukfs *ukfs)
{
	return ukfs->uk_specific;
}

/* ---- mount ------------------------------------------------------------------- */

/* Do the windows of two ukfs on one file meet? */
static bool
overlap(const struct ukfs *a, const struct ukfs *b)
{
	uint64_t aend = a->uk_len == 0 ? UINT64_MAX : a->uk_off + a->uk_len;
	uint64_t bend = b->uk_len == 0 ? UINT64_MAX : b->uk_off + b->uk_len;

	return a->uk_off < bend && b->uk_off < aend;
}

/* Put it on the list, with a name for its device.  EBUSY. */
static int
enlist(struct ukfs *ukfs)
{
	const struct ukfs *o;
	int error;

	error = 0;
	pthread_mutex_lock(&ukfs_mtx);
	for (o = ukfs_all; o != NULL; o = o->uk_next)
		if (o->uk_hf == ukfs->uk_hf && overlap(o, ukfs) &&
		    !(o->uk_readonly && ukfs->uk_readonly))
			error = EBUSY;
	if (error == 0) {
		ukfs->uk_next = ukfs_all;
		ukfs_all = ukfs;
		snprintf(ukfs->uk_dev, sizeof(ukfs->uk_dev), "ukfs%u",
		    ++ukfs_serial);
	}
	pthread_mutex_unlock(&ukfs_mtx);
	return error;
}

static void
delist(struct ukfs *ukfs)
{
	struct ukfs **p;

	pthread_mutex_lock(&ukfs_mtx);
	for (p = &ukfs_all; *p != NULL; p = &(*p)->uk_next)
		if (*p == ukfs) {
			*p = ukfs->uk_next;
			break;
		}
	pthread_mutex_unlock(&ukfs_mtx);
}

/* mkdir -p in the kernel's root. */
static int
make_mountpoint(const char *path)
{
	char *copy, *p;
	int r;

	copy = strdup(path);
	if (copy == NULL)
		return -RUMP_ENOMEM;
	r = 0;
	for (p = copy + 1; r == 0 && *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			r = rump_sys_mkdir(copy, 0755);
			if (r == -RUMP_EEXIST)
				r = 0;
			*p = '/';
		}
	if (r == 0)
		r = rump_sys_mkdir(copy, 0755);
	free(copy);
	return r == -RUMP_EEXIST ? 0 : r;
}

/* The kernel's side of a mount, in a new process that the thread is bound to. */
static int
mount_in_process(
    struct ukfs *ukfs, const char *vfsname, uint32_t flags, const char *options)
{
	const char *devs[1] = {ukfs->uk_dev};
	int r;

	r = make_mountpoint(ukfs->uk_mountpath);
	if (r != 0)
		return -r;
	r = rump_sys_mount(vfsname == NULL ? "" : vfsname, ukfs->uk_mountpath,
	    flags, devs, 1, options == NULL ? "" : options);
	if (r != 0)
		return -r;
	r = rump_sys_chroot(ukfs->uk_mountpath);
	if (r == 0)
		r = rump_sys_chdir("/");
	if (r == 0)
		rump_sys_umask(022);
	return -r;
}

static int
blkdev_register(struct ukfs *ukfs)
{
	struct rump_blkdesc layers[2];
	struct rumpuser_fileinfo fi;
	unsigned n;
	int error;

	memset(layers, 0, sizeof(layers));
	layers[0].bl_kind = RUMP_BLK_FILE;
	layers[0].bl_file = ukfs->uk_hf;
	layers[0].bl_readonly = ukfs->uk_readonly;
	n = 1;
	if (ukfs->uk_off != 0 || ukfs->uk_len != 0) {
		error = rumpuser_file_info(ukfs->uk_hf, &fi);
		if (error != 0)
			return error;
		if (ukfs->uk_off > fi.fi_size ||
		    ukfs->uk_len > fi.fi_size - ukfs->uk_off)
			return RUMP_EINVAL;
		layers[1].bl_kind = RUMP_BLK_WINDOW;
		layers[1].bl_off = ukfs->uk_off;
		layers[1].bl_len = ukfs->uk_len != 0
		    ? ukfs->uk_len
		    : fi.fi_size - ukfs->uk_off;
		layers[1].bl_readonly = ukfs->uk_readonly;
		n = 2;
	}
	return rump_pub_blkdev_create(ukfs->uk_dev, layers, n);
}

static struct ukfs *
ukfs_alloc(struct rumpuser_file *hf, uint64_t off, uint64_t len, int mntflags)
{
	struct ukfs *ukfs;

	ukfs = calloc(1, sizeof(*ukfs));
	if (ukfs == NULL)
		return NULL;
	atomic_flag_clear(&ukfs->uk_lwp_busy);
	atomic_init(&ukfs->uk_nopen, 0);
	rumpuser_file_ref(hf);
	ukfs->uk_hf = hf;
	ukfs->uk_off = off;
	ukfs->uk_len = len;
	ukfs->uk_readonly = (mntflags & RUMP_MNT_RDONLY) != 0;
	return ukfs;
}

/* Free one that is not mounted (any more); takes half-built ones. */
static void
destroy(struct ukfs *ukfs)
{
	if (ukfs->uk_dev[0] != '\0') {
		rump_pub_blkdev_destroy(ukfs->uk_dev);
		delist(ukfs);
	}
	if (ukfs->uk_locked)
		rumpuser_file_lock(ukfs->uk_hf, ukfs->uk_off, ukfs->uk_len,
		    RUMPUSER_LOCK_UNLOCK, false);
	rumpuser_file_close(ukfs->uk_hf);
	free(ukfs->uk_mountpath);
	free(ukfs);
}

/* A process for it, and the mount in there. */
static int
start_process(
    struct ukfs *ukfs, const char *vfsname, int mntflags, const char *options)
{
	struct lwp *prev;
	int error;

	prev = rump_pub_lwproc_curlwp();
	if (prev != NULL)
		rump_pub_lwproc_switch(NULL); /* not out of another's chroot */
	error = rump_pub_lwproc_rfork(RUMP_RFCFDG);
	if (error == 0) {
		ukfs->uk_lwp = rump_pub_lwproc_curlwp();
		ukfs->uk_pid = rump_sys_getpid();
		error = mount_in_process(
		    ukfs, vfsname, (uint32_t)mntflags, options);
		if (error == 0)
			rump_pub_lwproc_switch(NULL);
		else
			rump_pub_lwproc_releaselwp();
	}
	if (prev != NULL)
		rump_pub_lwproc_switch(prev);
	return error;
}

struct ukfs *
ukfs_mount_file(const char *vfsname, struct rumpuser_file *hf, uint64_t off,
    uint64_t len, const char *mountpath, int mntflags, const char *options)
{
	struct ukfs *ukfs;
	int error;

	if (ukfs_init() != 0)
		return NULL;
	ukfs = ukfs_alloc(hf, off, len, mntflags);
	if (ukfs == NULL)
		return fail(ENOMEM);
	error = enlist(ukfs);
	if (error != 0) {
		destroy(ukfs);
		return fail(error);
	}
	if (mountpath == NULL || strcmp(mountpath, UKFS_DEFAULTMP) == 0) {
		if (asprintf(&ukfs->uk_mountpath, "/%s", ukfs->uk_dev) == -1)
			ukfs->uk_mountpath = NULL;
	} else
		ukfs->uk_mountpath = strdup(mountpath);
	if (ukfs->uk_mountpath == NULL)
		error = ENOMEM;
	else if (ukfs->uk_mountpath[0] != '/')
		error = EINVAL;
	if (error == 0)
		error = blkdev_register(ukfs);
	if (error == 0)
		error = start_process(ukfs, vfsname, mntflags, options);
	if (error != 0) {
		destroy(ukfs);
		return fail(error);
	}
	return ukfs;
}

/* The partition's window: of the disklabel, or what else there is. */
static int
find_partition(int fd, int partition, struct ukfs_window *pw)
{
	char word[32], why[UKFS_WHY];
	int error;

	if (partition == UKFS_PARTITION_NONE)
		return 0;
	if (partition < 0)
		return EINVAL;
	error = ENOENT;
	if (partition < 26) {
		snprintf(word, sizeof(word), "DISKLABEL:%c", 'a' + partition);
		if (ukfs_part_find(fd, word, pw, why) == 0)
			return 0;
		error = errno;
	}
	/* Is there a disklabel, but not that letter? */
	if (part_has_label(fd))
		return error;
	snprintf(word, sizeof(word), "PART:%d", partition + 1);
	return ukfs_part_find(fd, word, pw, why) == 0 ? 0 : errno;
}

/* Lock the window, and look again whether it is still there. */
static int
lock_partition(
    struct rumpuser_file *hf, int partition, bool ro, struct ukfs_window *pw)
{
	struct ukfs_window again = {0};
	int error;

	error = find_partition(rumpuser_file_fd(hf), partition, pw);
	if (error != 0)
		return error;
	error = rumpuser_file_lock(hf, pw->pw_off, pw->pw_len,
	    ro ? RUMPUSER_LOCK_SHARED : RUMPUSER_LOCK_EXCL, false);
	/* A host file system without locks is no error. */
	if (error == RUMP_ENOLCK || error == RUMP_EOPNOTSUPP)
		error = 0;
	if (error != 0)
		return ukfs_host_errno(error);
	error = find_partition(rumpuser_file_fd(hf), partition, &again);
	if (error == 0 &&
	    (again.pw_off != pw->pw_off || again.pw_len != pw->pw_len))
		error = EAGAIN; /* repartitioned under our eyes */
	return error;
}

struct ukfs *
ukfs_mount_disk(const char *vfsname, const char *devpath, int partition,
    const char *mountpath, int mntflags, void *arg, size_t alen)
{
	struct ukfs_window pw = {0};
	struct rumpuser_file *hf;
	struct ukfs *ukfs;
	char *options;
	bool ro;
	int error;

	if (ukfs_init() != 0)
		return NULL;
	ro = (mntflags & RUMP_MNT_RDONLY) != 0;
	error = rumpuser_file_open(
	    devpath, ro ? RUMPUSER_OPEN_RDONLY : RUMPUSER_OPEN_RDWR, &hf);
	if (error != 0)
		return fail(error);
	ukfs = NULL;
	options = NULL;
	if (arg != NULL) {
		options = alen == 0 ? strdup(arg)
				    : strndup((const char *)arg, alen);
		if (options == NULL)
			error = ENOMEM;
	}
	if (error == 0)
		error = lock_partition(hf, partition, ro, &pw);
	if (error == 0) {
		ukfs = ukfs_mount_file(vfsname, hf, pw.pw_off, pw.pw_len,
		    mountpath, mntflags, options);
		if (ukfs != NULL)
			ukfs->uk_locked = true;
		else
			error = errno;
	}
	free(options);
	rumpuser_file_close(hf);
	return ukfs != NULL ? ukfs : fail(error);
}

struct ukfs *
ukfs_mount(const char *vfsname, const char *devpath, const char *mountpath,
    int mntflags, void *arg, size_t alen)
{
	return ukfs_mount_disk(vfsname, devpath, UKFS_PARTITION_NONE, mountpath,
	    mntflags, arg, alen);
}

/* ---- release -------------------------------------------------------------------- */

int
ukfs_release(struct ukfs *ukfs, int flags)
{
	struct lwp *prev;
	int r, forced;

	if (atomic_load(&ukfs->uk_nopen) > 0 && !(flags & UKFS_RELFLAG_FORCE)) {
		errno = EBUSY;
		return -1;
	}
	if (atomic_flag_test_and_set(&ukfs->uk_lwp_busy)) {
		errno = EBUSY; /* a thread is inside */
		return -1;
	}
	/* The process goes first: its root and current directory are there. */
	prev = rump_pub_lwproc_curlwp();
	rump_pub_lwproc_switch(ukfs->uk_lwp);
	rump_pub_lwproc_releaselwp();
	r = 0;
	if (!(flags & UKFS_RELFLAG_NOUNMOUNT)) {
		r = rump_sys_unmount(ukfs->uk_mountpath,
		    flags & UKFS_RELFLAG_FORCE ? RUMP_MNT_FORCE : 0);
		if (r != 0) {
			forced = rump_sys_unmount(
			    ukfs->uk_mountpath, RUMP_MNT_FORCE);
			if (r == -RUMP_EBUSY)
				r = forced;
		}
		rump_sys_rmdir(ukfs->uk_mountpath);
	}
	if (prev != NULL)
		rump_pub_lwproc_switch(prev);
	destroy(ukfs);
	return (int)ukfs_result(r);
}
