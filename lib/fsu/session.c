/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The session: an image from its resolved argument to a mounted file system and
 * back.  Readers open it read-only and share its lock, writers are alone.
 *
 * Two images (cp --to) are opened in the order of (device, inode, offset), so that
 * two commands that name the same pair can't wait for each other.  Both are open
 * before the sandbox, and mounted inside of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rumpuser.h>

#include "fsu_impl.h"

/* ---- mount options ------------------------------------------------------------ */

/* Ours, which no driver sees. */
static bool
is_session_option(const char *name, size_t len)
{
	static const char *const ours[] = {"ro", "rw", "nowait", "verbose",
	    "atime", "noatime", "force", "passwd", "nosandbox"};
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strlen(ours[i]) == len && strncmp(ours[i], name, len) == 0)
			return true;
	return false;
}

const char *
fsu_mount_option(struct fsu *f, const char *name)
{
	static char value[256];
	const char *s, *found;
	size_t len, n;

	found = NULL;
	for (s = f->options; s != NULL && *s != '\0';
	     s += len + (s[len] == ',')) {
		len = strcspn(s, ",");
		n = strlen(name);
		if (len < n || strncmp(s, name, n) != 0)
			continue;
		if (len == n)
			found = "";
		else if (s[n] == '=') {
			snprintf(value, sizeof(value), "%.*s",
			    (int)(len - n - 1), s + n + 1);
			found = value; /* the last one counts */
		}
	}
	return found;
}

/* Which of two words was said last?  -1: a, 1: b, 0: neither. */
static int
last_of(const char *options, const char *a, const char *b)
{
	const char *s;
	size_t len;
	int last;

	last = 0;
	for (s = options; s != NULL && *s != '\0'; s += len + (s[len] == ',')) {
		len = strcspn(s, ",");
		if (len == strlen(a) && strncmp(s, a, len) == 0)
			last = -1;
		else if (len == strlen(b) && strncmp(s, b, len) == 0)
			last = 1;
	}
	return last;
}

/* The driver's part of the options; to be freed. */
static char *
driver_options(const char *options)
{
	const char *s;
	char *out, *p;
	size_t len;

	out = p = fsu_malloc(options == NULL ? 1 : strlen(options) + 2);
	for (s = options; s != NULL && *s != '\0'; s += len + (s[len] == ',')) {
		len = strcspn(s, ",");
		if (len == 0 || is_session_option(s, strcspn(s, ",=")))
			continue;
		if (p != out)
			*p++ = ',';
		memcpy(p, s, len);
		p += len;
	}
	*p = '\0';
	return out;
}

/* ---- one image -------------------------------------------------------------------- */

/* Is it something that can hold an image?  A status. */
static int
check_kind(struct fsu *f)
{
	const char *what;
	struct stat st;
	int rw;

	if (stat(f->image.im_path, &st) == -1) {
		fsu_warnf(f, "%s", strerror(errno));
		return FSU_USAGE;
	}
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
	case S_IFBLK:
		what = NULL;
		break;
	case S_IFDIR:
		what = "is a directory";
		break;
	case S_IFIFO:
		what = "is a pipe";
		break;
	case S_IFSOCK:
		what = "is a socket";
		break;
	default:
		what = "is a character device";
		break;
	}
	if (what != NULL) {
		fsu_warnf(f, "%s, not an image", what);
		return FSU_USAGE;
	}
	rw = last_of(f->options, "ro", "rw");
	if (f->write && rw == -1) {
		fsu_warnf(f, "-o ro: nothing can be changed");
		return FSU_USAGE;
	}
	if (f->write && rw != 1 && (st.st_mode & 0222) == 0) {
		fsu_warnf(f,
		    "has no write permission for anybody, so it is left "
		    "alone (-o rw overrides)");
		return FSU_USAGE;
	}
	return FSU_OK;
}

/* How to insist: --force means something else to some commands. */
static const char *
force_word(const struct fsu *f)
{
	size_t i;

	for (i = 0; i < f->cmd->noptions; i++)
		if (f->cmd->options[i].longname != NULL &&
		    strcmp(f->cmd->options[i].longname, "force") == 0)
			return "-o force";
	return "--force";
}

/* Open and lock.  A status. */
static int
open_host(struct fsu *f)
{
	struct rumpuser_fileinfo fi;
	struct ukfs_window pw = {0};
	const char *use;
	unsigned flags;
	bool told;
	int error;

	flags = (f->write ? FSU_LOCK_WRITE : 0) |
	    (f->nowait ? FSU_LOCK_NOWAIT : 0) |
	    (f->verbose ? FSU_LOCK_VERBOSE : 0) |
	    (f->force ? FSU_LOCK_FORCE : 0);
	error = fsu_open_locked(
	    f->image.im_path, flags, f->image.im_words, &pw, &f->hf, &told);
	f->image.im_off = pw.pw_off;
	f->image.im_len = pw.pw_len;
	if (error == EBUSY)
		fsu_warnf(f, "is mounted or otherwise in use by the host (%s)",
		    force_word(f));
	else if (error != 0 && !told && !fsu_interrupted())
		fsu_warnf(f, "%s", strerror(error));
	if (error != 0)
		return FSU_USAGE;
	error = rumpuser_file_info(f->hf, &fi);
	if (error != 0) {
		fsu_warnf(f, "%s", fsu_strerror(error));
		return FSU_USAGE;
	}
	if (fi.fi_type == RUMPUSER_FT_BLK) {
		if (!f->write || !fi.fi_readonly)
			return FSU_OK; /* opening it has claimed it */
		fsu_warnf(f, "%s", strerror(EROFS));
		return FSU_USAGE;
	}
	if (f->write && !f->force) {
		use = fsu_host_in_use(rumpuser_file_fd(f->hf));
		if (use != NULL) {
			fsu_warnf(f,
			    "%s; changing it here would damage it (%s)", use,
			    force_word(f));
			return FSU_USAGE;
		}
	}
	return FSU_OK;
}

/* "fsu_cat d.img x >>d.img" */
static bool
is_stdout(int fd)
{
	struct stat a, b;

	return fstat(STDOUT_FILENO, &a) == 0 && S_ISREG(a.st_mode) &&
	    fstat(fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int
check_window(struct fsu *f)
{
	struct rumpuser_fileinfo fi;
	int error;

	if (is_stdout(rumpuser_file_fd(f->hf))) {
		fsu_warnf(f, "standard output is the image itself");
		return FSU_USAGE;
	}
	error = rumpuser_file_info(f->hf, &fi);
	if (error != 0) {
		fsu_warnf(f, "%s", fsu_strerror(error));
		return FSU_USAGE;
	}
	if (fi.fi_size == 0) {
		fsu_warnf(f, "is empty (0 bytes)");
		return FSU_USAGE;
	}
	return FSU_OK;
}

/* After fsu_image_leave: is what is open now the file that was left? */
static int
check_left(struct fsu *f)
{
	struct stat st;

	if (f->left_cwd == NULL)
		return FSU_OK;
	if (fstat(rumpuser_file_fd(f->hf), &st) == -1) {
		fsu_warnf(f, "%s", strerror(errno));
		return FSU_USAGE;
	}
	if (st.st_dev != f->left_dev || st.st_ino != f->left_ino) {
		fsu_warnf(f, "was replaced by another file meanwhile");
		return FSU_USAGE;
	}
	return FSU_OK;
}

/* -o verbose: what was detected and mounted. */
static void
tell_mount(struct fsu *f, const struct rump_statvfs *sv)
{
	char where[64] = "";

	if (f->image.im_words != NULL)
		snprintf(where, sizeof(where), ", at byte %llu",
		    (unsigned long long)f->image.im_off);
	fsu_msg("%s: %s file system%s%s%s%s, %llu bytes%s, opened %s",
	    fsu_visible(f->image.im_name), sv->f_fstypename,
	    sv->f_label[0] != '\0' ? ", label " : "", fsu_visible(sv->f_label),
	    sv->f_uuid[0] != '\0' ? ", uuid " : "", fsu_visible(sv->f_uuid),
	    (unsigned long long)(sv->f_blocks * sv->f_frsize), where,
	    f->readonly ? "for reading" : "for writing");
}

static int
mount_image(struct fsu *f)
{
	struct rump_statvfs sv;
	char *options;
	int flags, error;

	flags = f->write ? 0 : RUMP_MNT_RDONLY;
	if (f->write && fsu_mount_option(f, "atime") != NULL)
		flags |= RUMP_MNT_ATIME;
	rump_pub_log_hook(fsu_log_hook, f);
	f->loglines = 0;
	options = driver_options(f->options);
	f->ukfs = ukfs_mount_file(
	    f->image.im_type != NULL ? fsu_type_alias(f->image.im_type) : NULL,
	    f->hf, f->image.im_off, f->image.im_len, NULL, flags, options);
	error = errno;
	free(options);
	if (f->ukfs == NULL) {
		if (error == EINTR)
			return FSU_USAGE;
		if (error == EINVAL || error == ENODEV || error == ENOENT ||
		    error == EUCLEAN || error == EIO || error == ENXIO)
			fsu_explain_content(f);
		else if (f->loglines == 0)
			fsu_warnf(f, "%s", fsu_strerror(error));
		return FSU_USAGE;
	}
	f->readonly = !f->write;
	if (!f->write && !f->verbose)
		return FSU_OK;
	if (ukfs_fsinfo(f->ukfs, &sv) != 0)
		return FSU_OK;
	if (f->write && (sv.f_flag & RUMP_MNT_RDONLY))
		f->readonly = true;
	if (f->verbose)
		tell_mount(f, &sv);
	return FSU_OK;
}

static int
open_one(struct fsu *f)
{
	int status;

	status = check_kind(f);
	if (status == FSU_OK)
		status = open_host(f);
	if (status == FSU_OK)
		status = check_window(f);
	if (status == FSU_OK)
		status = check_left(f);
	return status;
}

/* ---- both -------------------------------------------------------------------------- */

static bool
same_image(const struct stat *a, const struct stat *b, const struct fsu *f,
    const struct fsu *g)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    f->image.im_off == g->image.im_off &&
	    f->image.im_len == g->image.im_len;
}

/* The second image's session, resolved but not open. */
static int
make_second(struct fsu *f)
{
	struct fsu *g = fsu_calloc(1, sizeof(*g));

	f->second = g;
	g->cmd = f->cmd;
	g->write = f->second_write;
	g->force = f->force;
	g->nowait = f->nowait;
	g->verbose = f->verbose;
	g->glob = f->glob;
	g->noglob = f->noglob;
	return fsu_image_resolve(
	    f->second_arg, NULL, FSU_IMAGE_ALIASES, &g->image);
}

/* Do two windows of one file have bytes in common?  A length of 0: to the end. */
static bool
overlap(const struct fsu_image *a, const struct fsu_image *b)
{
	return (a->im_len == 0 || b->im_off < a->im_off + a->im_len) &&
	    (b->im_len == 0 || a->im_off < b->im_off + b->im_len);
}

/* The images in the order in which they are opened and locked, which is the same
 * in every command. */
static int
in_order(struct fsu *f, struct fsu *order[2])
{
	struct fsu *g = f->second;
	struct stat a, b;
	bool swap = false;

	order[0] = f;
	order[1] = g;
	if (stat(f->image.im_path, &a) != 0 || stat(g->image.im_path, &b) != 0)
		return FSU_OK;
	if (a.st_dev == b.st_dev && a.st_ino == b.st_ino &&
	    (fsu_image_window(&f->image) != FSU_OK ||
		fsu_image_window(&g->image) != FSU_OK))
		return FSU_USAGE;
	if (a.st_dev != b.st_dev)
		swap = a.st_dev > b.st_dev;
	else if (a.st_ino != b.st_ino)
		swap = a.st_ino > b.st_ino;
	else if (same_image(&a, &b, f, g)) {
		f->write = f->write || g->write;
		fsu_image_free(&g->image);
		free(g);
		f->second = NULL; /* it is f itself */
		order[1] = NULL;
	} else if (overlap(&f->image, &g->image)) {
		fsu_warnf(f, "overlaps %s", fsu_visible(g->image.im_name));
		return FSU_USAGE;
	} else
		swap = f->image.im_off > g->image.im_off;
	if (swap) {
		order[0] = g;
		order[1] = f;
	}
	return FSU_OK;
}

int
fsu_session_open(struct fsu *f)
{
	struct fsu *order[2] = {f, NULL};
	int i, status;

	if (ukfs_init() != 0) {
		fsu_msg("the kernel doesn't start: %s", strerror(errno));
		return FSU_USAGE;
	}
	rump_pub_set_verbose(f->verbose);
	status = FSU_OK;
	if (f->second_arg != NULL) {
		status = make_second(f);
		if (status == FSU_OK)
			status = in_order(f, order);
	}
	for (i = 0; i < 2 && order[i] != NULL && status == FSU_OK; i++)
		status = open_one(order[i]);
	if (status == FSU_OK)
		status = fsu_session_confine(f);
	if (f->cmd->flags & FSU_NOMOUNT)
		return status;
	for (i = 0; i < 2 && order[i] != NULL && status == FSU_OK; i++)
		status = mount_image(order[i]);
	rump_pub_log_hook(fsu_log_hook, f);
	if (status == FSU_OK && ukfs_enter(f->ukfs) != 0) {
		fsu_warnf(f, "%s", strerror(errno));
		status = FSU_USAGE;
		ukfs_release(f->ukfs, 0);
		f->ukfs = NULL;
	}
	return status;
}

/* ukfs_release with its words; the thread is not bound any more. */
static int
close_one(struct fsu *f)
{
	int status;

	status = FSU_OK;
	if (f->ukfs != NULL && ukfs_release(f->ukfs, 0) != 0) {
		fsu_warnf(f, "writing it out: %s", fsu_strerror(errno));
		status = FSU_FAIL;
	}
	f->ukfs = NULL;
	if (f->hf != NULL)
		rumpuser_file_close(f->hf); /* and with it the lock */
	f->hf = NULL;
	return status;
}

int
fsu_session_close(struct fsu *f)
{
	int status, s;

	/* Tidying up goes through whatever was pressed. */
	rump_pub_interrupt_clear();
	if (f->ukfs != NULL)
		ukfs_leave(f->ukfs);
	status = close_one(f);
	s = fsu_second_close(f);
	status = s > status ? s : status;
	if (f->stdout_file != NULL)
		rumpuser_file_close(f->stdout_file);
	f->stdout_file = NULL;
	free(f->left_cwd);
	f->left_cwd = NULL;
	rump_pub_log_hook(NULL, NULL);
	return status;
}

int
fsu_second_open(struct fsu *f)
{
	struct fsu *order[2];
	int status;

	if (f->second_arg == NULL)
		return FSU_OK;
	status = make_second(f);
	if (status == FSU_OK)
		status = in_order(f, order);
	if (status != FSU_OK)
		return status;
	if (f->second == NULL) {
		if (!f->second_write || !f->readonly)
			return FSU_OK;
		fsu_warnf(f, "is open for reading only");
		return FSU_USAGE;
	}
	f->second->nowait = true;
	status = open_one(f->second);
	if (status == FSU_OK)
		status = mount_image(f->second);
	rump_pub_log_hook(fsu_log_hook, f);
	return status;
}

int
fsu_second_close(struct fsu *f)
{
	int status;

	if (f->second == NULL)
		return FSU_OK;
	status = close_one(f->second);
	fsu_image_free(&f->second->image);
	free(f->second);
	f->second = NULL;
	return status;
}

/* ---- closed for a while --------------------------------------------------------- */

int
fsu_image_leave(struct fsu *f)
{
	char cwd[RUMP_PATH_MAX];
	struct stat st;

	if (rump_sys_getcwd(cwd, sizeof(cwd)) <= 0)
		strcpy(cwd, "/");
	free(f->left_cwd);
	f->left_cwd = fsu_strdup(cwd);
	f->left_dev = f->left_ino = 0;
	if (fstat(fsu_image_fd(f), &st) == 0) {
		f->left_dev = st.st_dev;
		f->left_ino = st.st_ino;
	}
	ukfs_leave(f->ukfs);
	return close_one(f);
}

int
fsu_image_again(struct fsu *f, bool write)
{
	int status;

	if (write && f->reading) {
		fsu_warnf(f, "is open for reading only");
		return FSU_USAGE;
	}
	f->write = write;
	status = open_one(f);
	if (status == FSU_OK)
		status = mount_image(f);
	if (status == FSU_OK && ukfs_enter(f->ukfs) != 0) {
		fsu_warnf(f, "%s", strerror(errno));
		status = FSU_USAGE;
	}
	if (status != FSU_OK) {
		close_one(f);
		return status;
	}
	if (rump_sys_chdir(f->left_cwd) < 0)
		rump_sys_chdir("/");
	return FSU_OK;
}

/* ---- what commands ask ------------------------------------------------------------- */

struct ukfs *
fsu_ukfs(struct fsu *f)
{
	return f->ukfs;
}

const char *
fsu_image_name(struct fsu *f)
{
	return f->image.im_name;
}

const char *
fsu_image_path(struct fsu *f)
{
	return f->image.im_path;
}

const char *
fsu_image_words(struct fsu *f)
{
	return f->image.im_words;
}

void
fsu_want_write(struct fsu *f, bool write)
{
	f->write = write;
}

bool
fsu_writable(struct fsu *f)
{
	return !f->readonly;
}

bool
fsu_image_changeable(struct fsu *f, const char **whyp)
{
	const char *why;
	struct stat st;
	int fd, rw;

	*whyp = NULL;
	rw = last_of(f->options, "ro", "rw");
	if (rw == -1)
		return false;
	if (stat(f->image.im_path, &st) == -1)
		return true; /* opening it says what is wrong */
	why = NULL;
	if (rw != 1 && (st.st_mode & 0222) == 0)
		why = "no write permission";
	else if (access(f->image.im_path, W_OK) == -1)
		why = strerror(errno);
	else if (!f->force &&
	    (fd = open(f->image.im_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) !=
		-1) {
		why = fsu_host_in_use(fd);
		close(fd);
	}
	*whyp = why;
	return why == NULL;
}

void
fsu_second_image(struct fsu *f, const char *arg, bool write)
{
	free(f->second_arg);
	f->second_arg = fsu_strdup(arg);
	f->second_write = write;
}

struct fsu *
fsu_second(struct fsu *f)
{
	return f->second != NULL ? f->second : f;
}

bool
fsu_glob_wanted(struct fsu *f, bool bydefault)
{
	return f->noglob ? false : f->glob || bydefault;
}

int
fsu_image_fd(struct fsu *f)
{
	return rumpuser_file_fd(f->hf);
}
