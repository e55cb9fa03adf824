/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy engine: options and operands, as GNU's cp has them.
 *
 * DEST that is a directory (or -t DIR) takes each source under its last component;
 * "dir/." and "/" give their contents.  Else there is one source and DEST is its
 * new name.  Only the last component of DEST as the user wrote it may be a symlink
 * that is followed: whatever is below it may not.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy_impl.h"
#include "fmt.h"
#include "fsu_impl.h"
#include "progress.h"

enum {
	KEY_OWNER = FSU_KEY_LONG,
	KEY_MODE,
	KEY_INPLACE,
	KEY_TO,
};

/* One table: get has its first part, put one more, cp all. */
const struct fsu_option fsu_copy_options[] = {
    {'a', "archive", FSU_NOARG, NULL, "the same as -R -p"},
    {'D', "parents-of-dest", FSU_NOARG, NULL, "make missing parents of DEST"},
    {'f', "force", FSU_NOARG, NULL, "replace what can't be written"},
    {'i', "interactive", FSU_NOARG, NULL, "ask before overwriting"},
    {'n', "no-clobber", FSU_NOARG, NULL, "leave what is there"},
    {'u', "update", FSU_NOARG, NULL, "leave what isn't older"},
    {'p', "preserve", FSU_NOARG, NULL, "keep mode, owner, times, xattrs"},
    {'R', "recursive", FSU_NOARG, NULL, "copy directories with all"},
    {'r', NULL, FSU_NOARG, NULL, NULL},
    {'t', "target-directory", FSU_ARG, "DIR", "copy into DIR"},
    {'T', "no-target-directory", FSU_NOARG, NULL,
	"DEST is the new name itself"},
    {'H', NULL, FSU_NOARG, NULL, "follow symlinks that are operands"},
    {'L', "dereference", FSU_NOARG, NULL, "follow all symlinks"},
    {'P', "no-dereference", FSU_NOARG, NULL, "follow none"},
    {'v', "verbose", FSU_NOARG, NULL, "say what is copied"},
    {'x', "one-file-system", FSU_NOARG, NULL, "stay on the file system"},
    {KEY_OWNER, "owner", FSU_ARG, "U[:G]", "owner of new"},
    {KEY_MODE, "mode", FSU_ARG, "MODE", "mode of new (octal)"},
    /* put and cp */
    {KEY_INPLACE, "in-place", FSU_NOARG, NULL, "don't keep the old till done"},
    /* cp */
    {'l', "link", FSU_NOARG, NULL, "make hard links, not copies"},
    {'s', "symbolic-link", FSU_NOARG, NULL, "make symlinks, not copies"},
    {KEY_TO, "to", FSU_ARG, "IMAGE2", "DEST is in IMAGE2"},
};
_Static_assert(
    sizeof(fsu_copy_options) / sizeof(fsu_copy_options[0]) == FSU_CP_NOPTIONS,
    "copy.h says how many there are");

/* ---- options ---------------------------------------------------------------------- */

int
fsu_copy_option(void *state, int key, const char *value)
{
	struct fsu_copyopts *o = state;

	switch (key) {
	case 'a':
		o->recursive = o->preserve = true;
		break;
	case 'D':
		o->parents = true;
		break;
	case 'f':
		o->force = true;
		o->interactive = false;
		break;
	case 'i':
		o->interactive = true;
		o->noclobber = false;
		break;
	case 'n':
		o->noclobber = true;
		o->interactive = false;
		break;
	case 'u':
		o->update = true;
		break;
	case 'p':
		o->preserve = true;
		break;
	case 'R':
	case 'r':
		o->recursive = true;
		break;
	case 't':
		o->target = value;
		break;
	case 'T':
		o->nodir = true;
		break;
	case 'H':
	case 'L':
	case 'P':
		o->deref = (char)key;
		break;
	case 'v':
		o->verbose = true;
		break;
	case 'x':
		o->onefs = true;
		break;
	case 'l':
		o->hardlink = true;
		break;
	case 's':
		o->symlink = true;
		break;
	case KEY_OWNER:
		o->owner = value;
		break;
	case KEY_MODE:
		o->mode = value;
		break;
	case KEY_INPLACE:
		o->inplace = true;
		break;
	case KEY_TO:
		o->to = value;
		break;
	}
	return FSU_OK;
}

static bool
parse_id(const char *s, uint32_t *idp)
{
	unsigned long v;
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno != 0 || *end != '\0' || v >= UINT32_MAX)
		return false;
	*idp = (uint32_t)v;
	return true;
}

/* USER, USER:GROUP, :GROUP; names are the host's. */
static int
parse_owner(struct fsu_copyopts *o)
{
	const struct passwd *pw;
	const struct group *gr;
	char *user, *group;
	int status;

	user = fsu_strdup(o->owner);
	group = strchr(user, ':');
	if (group != NULL)
		*group++ = '\0';
	status = FSU_OK;
	if (*user != '\0') {
		o->set_uid = true;
		if (!parse_id(user, &o->uid)) {
			pw = getpwnam(user);
			if (pw == NULL)
				status = fsu_usage("no such user: '%s'", user);
			else
				o->uid = pw->pw_uid;
		}
	}
	if (status == FSU_OK && group != NULL && *group != '\0') {
		o->set_gid = true;
		if (!parse_id(group, &o->gid)) {
			gr = getgrnam(group);
			if (gr == NULL)
				status = fsu_usage(
				    "no such group: '%s'", group);
			else
				o->gid = gr->gr_gid;
		}
	}
	free(user);
	return status;
}

static int
parse_mode(struct fsu_copyopts *o)
{
	unsigned long v;
	char *end;

	v = strtoul(o->mode, &end, 8);
	if (!isdigit((unsigned char)*o->mode) || *end != '\0' || v > 07777)
		return fsu_usage("bad mode '%s' (octal, as 0644)", o->mode);
	o->set_mode = true;
	o->mode_bits = (uint32_t)v;
	return FSU_OK;
}

/* Operands that are streams (put): read now, before the image is locked. */
static int
spool_operands(struct fsu *f, struct fsu_copyopts *o, int n, char **operands)
{
	struct stat st;
	int i, in;

	o->streams = fsu_malloc((size_t)n * sizeof(*o->streams));
	o->nstreams = n;
	for (i = 0; i < n; i++)
		o->streams[i] = -1;
	for (i = 0; i < n; i++) {
		if (strcmp(operands[i], "-") == 0)
			in = STDIN_FILENO;
		else if (!o->recursive && !o->move &&
		    stat(operands[i], &st) == 0 &&
		    (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode) ||
			S_ISSOCK(st.st_mode)))
			in = open(operands[i], O_RDONLY | O_CLOEXEC | O_NOCTTY);
		else
			continue;
		if (in == -1) {
			fsu_msg("%s: %s", fsu_quote_maybe(operands[i]),
			    strerror(errno));
			return FSU_FAIL;
		}
		o->streams[i] = fsu_spool_into(f, operands[i], in);
		if (in != STDIN_FILENO)
			close(in);
		if (o->streams[i] == -1)
			return FSU_FAIL;
	}
	return FSU_OK;
}

/* What run() opens on the host. */
static void
declare_paths(struct fsu *f, const struct fsu_copyopts *o, int n,
    char **operands, int sources)
{
	const char *dest;
	struct stat st;
	char *dir;
	int i;

	if (o->kind == FSU_COPY_GET) {
		dest = o->target != NULL ? o->target
		    : n > 1		 ? operands[n - 1]
					 : ".";
		if (strcmp(dest, "-") != 0 || o->recursive)
			fsu_host_access(f, dest, FSU_HOST_WRITE);
		/* What is there may have to be removed. */
		if (o->nodir ||
		    (stat(dest, &st) == 0 && !S_ISDIR(st.st_mode)) ||
		    (lstat(dest, &st) == 0 && stat(dest, &st) == -1)) {
			dir = fsu_dirname(dest);
			fsu_host_access(f, dir, FSU_HOST_WRITE);
			free(dir);
		}
		return;
	}
	/* Symlinks that are followed in a tree lead anywhere. */
	if (o->recursive && o->deref == 'L')
		fsu_host_access(f, "/", FSU_HOST_READ);
	for (i = 0; i < sources; i++) {
		if (o->streams[i] != -1)
			continue;
		fsu_host_access(
		    f, operands[i], o->move ? FSU_HOST_WRITE : FSU_HOST_READ);
		if (!o->move)
			continue;
		dir = fsu_dirname(operands[i]);
		fsu_host_access(f, dir, FSU_HOST_WRITE);
		free(dir);
	}
}

/* What is moved is removed from its directory. */
static int
prepare_move(struct fsu *f, struct fsu_copyopts *o, int n, char **operands)
{
	char *dir;
	int i;

	if (o->deref != 'P' && o->deref != 0)
		return fsu_usage(
		    "a move follows no symlinks: no -%c", o->deref);
	o->deref = 'P';
	if (o->kind == FSU_COPY_GET)
		fsu_want_write(f, true);
	for (i = 0; i < n && o->kind == FSU_COPY_PUT; i++) {
		if (strcmp(operands[i], "-") == 0)
			return fsu_usage("standard input can't be moved");
		dir = fsu_dirname(operands[i]);
		fsu_host_access(f, dir, FSU_HOST_READ | FSU_HOST_WRITE);
		free(dir);
		fsu_host_access(f, operands[i], FSU_HOST_READ | FSU_HOST_WRITE);
	}
	return FSU_OK;
}

int
fsu_copy_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct fsu_copyopts *o = state;
	int status, sources;

	if (o->target != NULL && o->nodir)
		return fsu_usage("-t and -T exclude each other");
	if (o->hardlink && o->symlink)
		return fsu_usage("-l and -s exclude each other");
	if (n == 0)
		return fsu_usage("missing operand");
	if (o->kind == FSU_COPY_CP && n == 1 && o->target == NULL)
		return fsu_usage(
		    "missing destination after %s", fsu_quote_msg(operands[0]));
	if (o->nodir && n > 2)
		return fsu_usage(
		    "extra operand %s", fsu_quote_msg(operands[2]));
	/* What goes to a terminal itself would be in its way. */
	if (o->kind != FSU_COPY_GET || n < 2 ||
	    strcmp(operands[n - 1], "-") != 0 || isatty(STDOUT_FILENO) == 0)
		fsu_progress_begin(o->verbose);
	status = FSU_OK;
	if (o->owner != NULL)
		status = parse_owner(o);
	if (status == FSU_OK && o->mode != NULL)
		status = parse_mode(o);
	if (status != FSU_OK)
		return status;
	sources = o->target != NULL || n == 1 ? n : n - 1;
	if (o->move)
		status = prepare_move(f, o, sources, operands);
	if (status == FSU_OK && o->kind == FSU_COPY_PUT)
		status = spool_operands(f, o, sources, operands);
	if (status == FSU_OK && o->kind != FSU_COPY_CP)
		declare_paths(f, o, n, operands, sources);
	if (o->to != NULL) {
		fsu_second_image(f, o->to, true);
		fsu_want_write(f, false);
	}
	return status;
}

void
fsu_copy_done(void *state)
{
	struct fsu_copyopts *o = state;
	int i;

	for (i = 0; i < o->nstreams; i++)
		if (o->streams[i] != -1)
			close(o->streams[i]);
	free(o->streams);
}

/* ---- DEST ------------------------------------------------------------------------------ */

/* mkdir -p path in the target. */
static int
make_parents(struct cp *c, const char *path)
{
	struct cp_attr a = {
	    .mask = c->dst.image ? CP_OWNER : 0, .mode = 0755 & ~c->umask};
	char *copy, *p;
	int r;

	copy = fsu_strdup(path);
	r = 0;
	for (p = copy; r == 0 && *p != '\0';) {
		p += strspn(p, "/");
		p += strcspn(p, "/");
		if (p == copy)
			break;
		char keep = *p;

		*p = '\0';
		r = strspn(copy, "/") == strlen(copy)
		    ? 0
		    : c->dst.ops->mkdir(&c->dst, CP_CWD, copy, &a);
		if (r == -RUMP_EEXIST || r == -RUMP_EISDIR)
			r = 0;
		*p = keep;
	}
	free(copy);
	return r;
}

/* "new/" where nothing is can only become a directory. */
static bool
wants_directory(struct cp *c, const char *source, const char *dest)
{
	struct rump_stat st;

	if (dest[strlen(dest) - 1] != '/')
		return false;
	return c->stream_fd >= 0 ||
	    (c->src.ops->stat(&c->src, CP_CWD, source, true, &st) == 0 &&
		(st.st_mode & RUMP_S_IFMT) != RUMP_S_IFDIR);
}

/* One source to its place.  dirfd: DEST, opened (it is a directory), or -1. */
static int
one_source(
    struct cp *c, const char *source, const char *dest, int dirfd, int stream)
{
	char *base, *dir, *dpath;
	int fd, status;

	c->stream_fd = stream;
	if (stream >= 0 && dirfd >= 0 && strcmp(source, "-") == 0) {
		fsu_msg("standard input needs the name of a file as its "
			"destination");
		return FSU_FAIL;
	}
	base = fsu_basename(dirfd >= 0 ? source : dest);
	if (dirfd >= 0 &&
	    (strcmp(base, "/") == 0 || strcmp(base, ".") == 0 ||
		strcmp(base, "..") == 0)) {
		/* The contents. */
		status = cp_operand(c, source, dirfd, ".", source, dest, true);
	} else if (dirfd >= 0) {
		dpath = fsu_path_join(dest, base);
		status = cp_operand(
		    c, source, dirfd, base, source, dpath, false);
		free(dpath);
	} else if (wants_directory(c, source, dest)) {
		cp_error(c, dest, true, RUMP_ENOTDIR);
		status = FSU_FAIL;
	} else {
		dir = fsu_dirname(dest);
		fd = c->dst.ops->opendir(&c->dst, CP_CWD, dir, true);
		if (fd < 0) {
			cp_error(c, dir, true, fd);
			status = FSU_FAIL;
		} else {
			dpath = strcmp(dir, ".") == 0 && dest[0] != '.'
			    ? fsu_strdup(base)
			    : fsu_path_join(dir, base);
			status = cp_operand(
			    c, source, fd, base, source, dpath, true);
			free(dpath);
			c->dst.ops->close(&c->dst, fd);
		}
		free(dir);
	}
	free(base);
	c->stream_fd = -1;
	return status;
}

static int
run_sources(struct cp *c, int n, char **sources, const char *dest)
{
	const struct fsu_copyopts *o = c->o;
	char *dir;
	int i, dirfd, r, status, s;

	if (o->parents) {
		dir = o->target != NULL || n > 1 ||
			dest[strlen(dest) - 1] == '/'
		    ? fsu_strdup(dest)
		    : fsu_dirname(dest);
		r = make_parents(c, dir);
		if (r != 0)
			cp_error(c, dir, true, r);
		free(dir);
		if (r != 0)
			return FSU_FAIL;
	}
	dirfd = -1;
	if (!o->nodir) {
		dirfd = c->dst.ops->opendir(&c->dst, CP_CWD, dest, true);
		if (dirfd == -RUMP_ENOTDIR || dirfd == -RUMP_ENOENT) {
			if (o->target != NULL || n > 1) {
				cp_error(c, dest, true, dirfd);
				return FSU_FAIL;
			}
			dirfd = -1;
		} else if (dirfd < 0) {
			cp_error(c, dest, true, dirfd);
			return FSU_FAIL;
		}
	}
	status = FSU_OK;
	for (i = 0; i < n && !c->fatal && !fsu_interrupted(); i++) {
		s = one_source(c, sources[i], dest, dirfd,
		    i < o->nstreams ? o->streams[i] : -1);
		status = s > status ? s : status;
	}
	if (dirfd >= 0)
		c->dst.ops->close(&c->dst, dirfd);
	return status;
}

/* ---- get to standard output ---------------------------------------------------------------- */

static int
get_to_stdout(struct cp *c, int n, char **sources)
{
	struct rump_stat st;
	bool hosterror;
	int64_t r;
	int i, fd, status;

	fflush(stdout);
	status = FSU_OK;
	for (i = 0; i < n && !fsu_interrupted(); i++) {
		hosterror = false;
		fd = rump_sys_open(sources[i], RUMP_O_RDONLY, 0);
		r = fd < 0 ? fd : rump_sys_fstat(fd, &st);
		if (r == 0 && (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
			r = -RUMP_EISDIR;
		if (r == 0)
			r = ukfs_drain_to_host(fd, STDOUT_FILENO, &hosterror);
		if (fd >= 0)
			rump_sys_close(fd);
		if (r < 0 && hosterror && r == -RUMP_EPIPE)
			return 128 + 13;
		if (r < 0) {
			fsu_error(hosterror ? NULL : c->f,
			    hosterror ? "standard output" : sources[i], (int)r);
			status = FSU_FAIL;
		}
	}
	return status;
}

/* How many bytes it will be, where that is cheap to know: files, no trees. */
static void
announce(struct cp *c, int n, char **sources)
{
	const struct fsu_copyopts *o = c->o;
	struct rump_stat st;
	uint64_t total = 0;

	if (!fsu_progress_wanted())
		return;
	for (int i = 0; i < n; i++) {
		int fd = i < o->nstreams ? o->streams[i] : -1;

		if (c->src.ops->stat(&c->src, fd >= 0 ? fd : CP_CWD,
			fd >= 0 ? "" : sources[i], true, &st) != 0)
			continue;
		if ((st.st_mode & RUMP_S_IFMT) != RUMP_S_IFREG) {
			total = 0;
			break;
		}
		total += st.st_size;
	}
	fsu_progress_phase(NULL, total);
}

/* ---- run ------------------------------------------------------------------------------------- */

static void
image_side(struct cp_side *s, struct fsu *f)
{
	s->ops = &cp_image_ops;
	s->ukfs = fsu_ukfs(f);
	s->image = true;
	s->quirk_dirfd = -1;
}

static void
host_side(struct cp_side *s)
{
	s->ops = &cp_host_ops;
	s->euid = geteuid();
	s->egid = getegid();
	s->quirk_dirfd = -1;
}

/* What an ordinary user could not set, in one line each. */
static int
summary(const struct cp *c)
{
	const struct cp_side *d = &c->dst;

	if (d->lost_owners > 0 || d->lost_attrs > 0)
		fsu_warnf(c->f, "could not set %lu owner%s and %lu attribute%s",
		    d->lost_owners, d->lost_owners == 1 ? "" : "s",
		    d->lost_attrs, d->lost_attrs == 1 ? "" : "s");
	if (d->lost_devices > 0) {
		fsu_errorf(c->f, "could not make %lu device%s", d->lost_devices,
		    d->lost_devices == 1 ? "" : "s");
		return FSU_FAIL;
	}
	return FSU_OK;
}

static int
run_and_move(struct cp *c, int n, char **sources, const char *dest)
{
	int status, s;

	if (!c->o->move)
		return run_sources(c, n, sources, dest);
	cp_move_begin(c, n);
	status = run_sources(c, n, sources, dest);
	s = cp_move_end(c, status, n, sources);
	cp_move_free(c);
	return s > status ? s : status;
}

/* Sources in the image are globbed; DEST and the host's names are not. */
static int
with_globs(struct cp *c, int n, char **sources, const char *dest)
{
	char **list;
	int status;

	if (!c->src.image ||
	    !fsu_glob_wanted(c->f, c->o->kind == FSU_COPY_GET && !c->o->move))
		return run_and_move(c, n, sources, dest);
	n = fsu_glob(c->f, n, sources, &list);
	status = run_and_move(c, n, list, dest);
	fsu_glob_free(list);
	return status;
}

/* A directory is open for each level of the tree: as many as we may have. */
static void
raise_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < rl.rlim_max) {
		rl.rlim_cur = rl.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
}

int
fsu_copy_run(struct fsu *f, void *state, int n, char **operands)
{
	struct fsu_copyopts *o = state;
	struct cp c = {.f = f, .df = f, .o = o, .stream_fd = -1};
	struct stat st;
	char cwd[RUMP_PATH_MAX];
	const char *dest;
	int sources, status, s;

	if (o->target != NULL) {
		dest = o->target;
		sources = n;
	} else if (n > 1) {
		dest = operands[n - 1];
		sources = n - 1;
	} else {
		dest = ".";
		/* "/", unless a shell has gone elsewhere */
		if (o->kind != FSU_COPY_GET &&
		    rump_sys_getcwd(cwd, sizeof(cwd)) > 0)
			dest = cwd;
		sources = n;
	}
	if (*dest == '\0') {
		fsu_error(f, "", RUMP_ENOENT);
		return FSU_FAIL;
	}
	if (fstat(fsu_image_fd(f), &st) == 0) {
		c.image_dev = st.st_dev;
		c.image_ino = st.st_ino;
	}
	raise_files();
	c.umask = umask(0);
	if (o->kind == FSU_COPY_PUT)
		host_side(&c.src);
	else
		image_side(&c.src, f);
	if (o->kind == FSU_COPY_GET)
		host_side(&c.dst);
	else
		image_side(&c.dst, fsu_second(f));
	c.df = o->kind == FSU_COPY_CP ? fsu_second(f) : f;
	announce(&c, sources, operands);
	if (o->kind == FSU_COPY_GET && strcmp(dest, "-") == 0 && !o->recursive)
		status = get_to_stdout(&c, sources, operands);
	else
		status = with_globs(&c, sources, operands, dest);
	s = summary(&c);
	status = s > status ? s : status;
	umask(c.umask);
	cp_links_free(c.links);
	free(c.xbuf);
	return status;
}
