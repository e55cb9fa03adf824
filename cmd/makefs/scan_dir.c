/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scanning a directory, by libc's calls only, so that fakeroot sees them.
 *
 * Directories wait in a stack; a few threads take one each, read it whole, and
 * enter what they found under a mutex.  The order in which that happens shows
 * nowhere: the manifest is sorted afterwards.  Each thread has a current
 * directory of its own where the system lets it (unshare), because there is no
 * llistxattrat(); else there is one thread.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <rump/rump_abi.h>

#include "fsu/fsu.h"
#include "fsu/progress.h"
#include "fsu/target.h"
#include "makefs.h"

#define SCAN_THREADS 2
#define WALK_PIECE   2048 /* bytes of a path opened in one go */

struct dirscan {
	struct scan *ds_scan;
	int ds_root;
	unsigned ds_source;
	bool ds_merge; /* other sources came before */
	bool ds_root_user;
	pthread_mutex_t ds_mtx;
	pthread_cond_t ds_cv;
	uint32_t *ds_stack; /* directories to be read */
	size_t ds_n, ds_room;
	unsigned ds_busy; /* threads that are reading one */
};

/* One directory's entries, before they are entered. */
struct entry {
	struct stat e_st;
	char *e_name;
	char *e_target;
	struct xbuild e_extra;
};

struct worker {
	struct dirscan *w_ds;
	char *w_names; /* listxattr */
	size_t w_namesroom;
	char *w_value;
	size_t w_valueroom;
	struct entry *w_entry;
	size_t w_n, w_room;
	char *w_path; /* of the directory in hand, for messages */
	bool w_cwd;   /* the current directory is ours to change */
};

/* Messages and status are shared. */
static void
complain(struct worker *w, const char *name, int error)
{
	char *path = name != NULL ? fsu_path_join(w->w_path, name)
				  : fsu_strdup(w->w_path);

	pthread_mutex_lock(&w->w_ds->ds_mtx);
	scan_fail(w->w_ds->ds_scan, path, error);
	pthread_mutex_unlock(&w->w_ds->ds_mtx);
	free(path);
}

/* ---- attributes ----------------------------------------------------------------- */

static ssize_t
list_names(struct worker *w, const char *path)
{
	for (;;) {
		ssize_t n = llistxattr(path, w->w_names, w->w_namesroom);

		if (n >= 0 || errno != ERANGE)
			return n;
		w->w_namesroom *= 4;
		w->w_names = fsu_realloc(w->w_names, w->w_namesroom);
	}
}

static ssize_t
get_value(struct worker *w, const char *path, const char *name)
{
	for (;;) {
		ssize_t n = lgetxattr(path, name, w->w_value, w->w_valueroom);

		if (n >= 0 || errno != ERANGE || w->w_valueroom > (1u << 20))
			return n;
		w->w_valueroom *= 4;
		w->w_value = fsu_realloc(w->w_value, w->w_valueroom);
	}
}

static void
read_xattrs(
    struct worker *w, const char *path, const char *shown, struct xbuild *xb)
{
	ssize_t n = list_names(w, path), len;

	if (n < 0) {
		if (errno != EOPNOTSUPP && errno != ENOSYS)
			complain(w, shown, errno);
		return;
	}
	for (const char *p = w->w_names; p < w->w_names + n;
	     p += strlen(p) + 1) {
		if (!xattr_wanted(p))
			continue;
		len = get_value(w, path, p);
		if (len >= 0)
			xbuild_attr(xb, p, w->w_value, (size_t)len);
		else if (errno != ENODATA)
			complain(w, shown, errno);
	}
}

/* ---- one entry ---------------------------------------------------------------------- */

static bool
is_target(const struct dirscan *ds, const struct stat *st)
{
	const struct fsu_target *tg = ds->ds_scan->sc_target;

	return tg != NULL &&
	    ((tg->tg_oldino != 0 && st->st_ino == tg->tg_oldino &&
		 st->st_dev == tg->tg_olddev) ||
		(tg->tg_ino != 0 && st->st_ino == tg->tg_ino &&
		    st->st_dev == tg->tg_dev));
}

static char *
read_target(int dirfd, const char *name, size_t hint)
{
	size_t room = hint + 64;

	for (;;) {
		char *buf = fsu_malloc(room);
		ssize_t n = readlinkat(dirfd, name, buf, room);

		if (n < 0) {
			free(buf);
			return NULL;
		}
		if ((size_t)n < room) {
			buf[n] = '\0';
			return buf;
		}
		free(buf);
		room *= 2;
	}
}

/* What a regular file has that stat doesn't tell.  errno. */
static int
look_into(struct worker *w, int dirfd, struct entry *e)
{
	const struct makefs_opts *mo = w->w_ds->ds_scan->sc_opts;
	uint64_t size = (uint64_t)e->e_st.st_size;
	bool content = mo->mo_sparse_content;
	int fd, error;

	if (!w->w_ds->ds_root_user && (e->e_st.st_mode & 0444) != 0444 &&
	    faccessat(dirfd, e->e_name, R_OK, 0) != 0)
		return errno;
	if (size < HOLE_UNIT ||
	    (!content && (uint64_t)e->e_st.st_blocks * 512 >= size))
		return 0;
	fd = openat(dirfd, e->e_name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno;
	error = scan_holes(fd, size, content, &e->e_extra);
	close(fd);
	return error;
}

static void
scan_entry(struct worker *w, int dirfd, const char *name)
{
	struct entry *e;
	int error = 0;

	if (w->w_n == w->w_room) {
		w->w_room = 2 * w->w_room + 64;
		w->w_entry = fsu_realloc(
		    w->w_entry, w->w_room * sizeof(*w->w_entry));
	}
	e = &w->w_entry[w->w_n];
	memset(e, 0, sizeof(*e));
	if (fstatat(dirfd, name, &e->e_st, AT_SYMLINK_NOFOLLOW) != 0) {
		complain(w, name, errno);
		return;
	}
	if (is_target(w->w_ds, &e->e_st))
		return;
	e->e_name = fsu_strdup(name);
	if (S_ISLNK(e->e_st.st_mode)) {
		e->e_target = read_target(dirfd, name, (size_t)e->e_st.st_size);
		if (e->e_target == NULL)
			error = errno;
	} else if (S_ISREG(e->e_st.st_mode) && e->e_st.st_size > 0)
		error = look_into(w, dirfd, e);
	if (error != 0) {
		complain(w, name, error);
		xbuild_free(&e->e_extra);
		free(e->e_name);
		return;
	}
	if (w->w_cwd)
		read_xattrs(w, name, name, &e->e_extra);
	w->w_n++;
}

/* ---- entering what was found ------------------------------------------------------------ */

static void
set_attributes(struct mnode *m, const struct stat *st)
{
	m->m_mode = (uint16_t)st->st_mode;
	m->m_uid = st->st_uid;
	m->m_gid = st->st_gid;
	m->m_sec = st->st_mtim.tv_sec;
	m->m_nsec = (uint32_t)st->st_mtim.tv_nsec;
	m->m_flags &= (uint16_t)~MN_IMPLICIT;
	m->m_size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
	if (S_ISBLK(st->st_mode) || S_ISCHR(st->st_mode))
		m->m_size = RUMP_MAKEDEV(
		    major(st->st_rdev), minor(st->st_rdev));
}

/*
 * Another source has this path.  Directories merge; else the later one wins with
 * -r.  The node to use, or UINT32_MAX.
 */
static uint32_t
settle(struct dirscan *ds, uint32_t dir, const struct entry *e)
{
	struct manifest *mf = ds->ds_scan->sc_mf;
	size_t len = strlen(e->e_name);
	uint32_t i = manifest_lookup(mf, dir, e->e_name, len);
	char *path;

	if (i == 0)
		return manifest_add(mf, dir, e->e_name, len);
	if (S_ISDIR(e->e_st.st_mode) &&
	    (mn(mf, i)->m_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
		return i;
	if (ds->ds_scan->sc_opts->mo_replace) {
		manifest_drop(mf, i);
		return manifest_add(mf, dir, e->e_name, len);
	}
	path = manifest_pathname(mf, i);
	scan_say(ds->ds_scan,
	    "%s: is in more than one source (-r: the last one wins)",
	    fsu_visible(path));
	free(path);
	return UINT32_MAX;
}

static void
push_dir(struct dirscan *ds, uint32_t i)
{
	if (ds->ds_n == ds->ds_room) {
		ds->ds_room = 2 * ds->ds_room + 256;
		ds->ds_stack = fsu_realloc(
		    ds->ds_stack, ds->ds_room * sizeof(*ds->ds_stack));
	}
	ds->ds_stack[ds->ds_n++] = i;
	pthread_cond_signal(&ds->ds_cv);
}

static void
enter(struct dirscan *ds, uint32_t dir, struct entry *e)
{
	struct manifest *mf = ds->ds_scan->sc_mf;
	uint32_t i = ds->ds_merge
	    ? settle(ds, dir, e)
	    : manifest_add(mf, dir, e->e_name, strlen(e->e_name));
	struct mnode *m;

	if (i == UINT32_MAX)
		return;
	fsu_progress_file();
	m = mn(mf, i);
	set_attributes(m, &e->e_st);
	m->m_source = (uint8_t)ds->ds_source;
	m->m_extra = xbuild_store(mf, &e->e_extra, m->m_size);
	if (e->e_extra.xb_holes)
		m->m_flags |= MN_HOLES;
	if (e->e_target != NULL) {
		m->m_size = strlen(e->e_target);
		m->m_pos = manifest_string(mf, e->e_target, m->m_size);
	}
	if (!S_ISDIR(e->e_st.st_mode) && e->e_st.st_nlink > 1)
		manifest_remember_link(mf, e->e_st.st_dev, e->e_st.st_ino, i);
	if (S_ISDIR(e->e_st.st_mode))
		push_dir(ds, i);
}

static void
enter_all(struct worker *w, uint32_t dir)
{
	pthread_mutex_lock(&w->w_ds->ds_mtx);
	for (size_t i = 0; i < w->w_n; i++) {
		struct entry *e = &w->w_entry[i];

		enter(w->w_ds, dir, e);
		xbuild_free(&e->e_extra);
		free(e->e_name);
		free(e->e_target);
	}
	w->w_n = 0;
	pthread_mutex_unlock(&w->w_ds->ds_mtx);
}

/* ---- one directory ------------------------------------------------------------------------- */

/* Open path below root, however long it is. */
int
open_below(int root, const char *path, int flags)
{
	char piece[WALK_PIECE + 1];
	int at = root, next;

	while (strlen(path) > WALK_PIECE) {
		size_t len = WALK_PIECE;

		while (path[len] != '/')
			len--;
		memcpy(piece, path, len);
		piece[len] = '\0';
		next = openat(
		    at, piece, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (at != root)
			close(at);
		if (next < 0)
			return -1;
		at = next;
		path += len + 1;
	}
	next = openat(at, *path != '\0' ? path : ".", flags | O_CLOEXEC);
	if (at != root)
		close(at);
	return next;
}

static void
read_dir(struct worker *w, const char *path)
{
	int fd = open_below(
	    w->w_ds->ds_root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	struct dirent *de;
	DIR *dir;

	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		complain(w, NULL, errno);
		if (fd >= 0)
			close(fd);
		return;
	}
	w->w_cwd = fchdir(fd) == 0;
	for (;;) {
		errno = 0;
		de = readdir(dir);
		if (de == NULL)
			break;
		if (strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0)
			scan_entry(w, fd, de->d_name);
	}
	if (errno != 0)
		complain(w, NULL, errno);
	closedir(dir);
}

static void
work(struct worker *w)
{
	struct dirscan *ds = w->w_ds;
	const char *top = ds->ds_scan->sc_mf->mf_source[ds->ds_source].s_name;

	pthread_mutex_lock(&ds->ds_mtx);
	for (;;) {
		uint32_t dir;
		char *path;

		while (ds->ds_n == 0 && ds->ds_busy > 0)
			pthread_cond_wait(&ds->ds_cv, &ds->ds_mtx);
		if (ds->ds_n == 0)
			break;
		dir = ds->ds_stack[--ds->ds_n];
		ds->ds_busy++;
		path = manifest_pathname(ds->ds_scan->sc_mf, dir);
		pthread_mutex_unlock(&ds->ds_mtx);
		w->w_path = dir == 0 ? fsu_strdup(top)
				     : fsu_path_join(top, path);
		read_dir(w, path);
		enter_all(w, dir);
		free(w->w_path);
		free(path);
		pthread_mutex_lock(&ds->ds_mtx);
		ds->ds_busy--;
	}
	pthread_cond_broadcast(&ds->ds_cv);
	pthread_mutex_unlock(&ds->ds_mtx);
}

static void
worker_init(struct worker *w, struct dirscan *ds)
{
	*w = (struct worker){.w_ds = ds};
	w->w_namesroom = 1024;
	w->w_names = fsu_malloc(w->w_namesroom);
	w->w_valueroom = 1024;
	w->w_value = fsu_malloc(w->w_valueroom);
}

static void
worker_free(struct worker *w)
{
	free(w->w_names);
	free(w->w_value);
	free(w->w_entry);
}

static void *
thread_main(void *arg)
{
	struct worker w;

	/* a current directory of its own; without one it leaves the work */
	if (unshare(CLONE_FS) != 0)
		return NULL;
	worker_init(&w, arg);
	work(&w);
	worker_free(&w);
	return NULL;
}

/* ---- the whole tree --------------------------------------------------------------------------- */

static bool
threads_wanted(void)
{
	cpu_set_t set;

	/* fakeroot talks to its daemon over one connection */
	if (getenv("FAKEROOTKEY") != NULL)
		return false;
	return sched_getaffinity(0, sizeof(set), &set) != 0 ||
	    CPU_COUNT(&set) > 1;
}

static void
run(struct dirscan *ds)
{
	pthread_t thread[SCAN_THREADS - 1];
	unsigned n = 0;
	struct worker w;

	if (threads_wanted())
		while (n < SCAN_THREADS - 1 &&
		    pthread_create(&thread[n], NULL, thread_main, ds) == 0)
			n++;
	worker_init(&w, ds);
	work(&w);
	worker_free(&w);
	while (n > 0)
		pthread_join(thread[--n], NULL);
}

void
scan_directory(struct scan *sc, const char *path, int fd)
{
	struct manifest *mf = sc->sc_mf;
	struct dirscan ds = {
	    .ds_scan = sc,
	    .ds_root = fd,
	    .ds_merge = mf->mf_nsources > 1,
	    .ds_root_user = geteuid() == 0 && getenv("FAKEROOTKEY") == NULL,
	    .ds_mtx = PTHREAD_MUTEX_INITIALIZER,
	    .ds_cv = PTHREAD_COND_INITIALIZER,
	};
	struct xbuild xb = {0};
	struct worker w;
	struct stat st;
	int back = open(".", O_PATH | O_CLOEXEC);

	ds.ds_source = manifest_source(mf, SRC_DIR, path, fd, NULL);
	if (fstat(fd, &st) != 0) {
		scan_fail(sc, path, errno);
		sc->sc_dead = true;
		return;
	}
	set_attributes(mn(mf, 0), &st);
	worker_init(&w, &ds);
	w.w_path = fsu_strdup(path);
	if (fchdir(fd) == 0)
		read_xattrs(&w, ".", NULL, &xb);
	free(w.w_path);
	worker_free(&w);
	mn(mf, 0)->m_extra = xbuild_store(mf, &xb, 0);
	xbuild_free(&xb);
	push_dir(&ds, 0);
	run(&ds);
	free(ds.ds_stack);
	if (back >= 0) {
		if (fchdir(back) != 0)
			scan_fail(sc, ".", errno);
		close(back);
	}
}
