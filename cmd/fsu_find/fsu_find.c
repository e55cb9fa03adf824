/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_find: GNU find on an image.
 *
 *	[-H|-L|-P] [START]... [EXPRESSION]
 *
 * The walk is ukfs_walk(): a directory at a time with the attributes of all
 * entries, names in bytewise order.  Directories that are in themselves (links
 * that are followed, damaged images) are errors, and the rest goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "find.h"

extern const struct fsu_command fsu_find_command;

#define FIND_STOP 0x7002 /* ends ukfs_walk */

/* The options in front; what the expression has is for --help alone. */
static const struct fsu_option find_option_table[] = {
    {'H', NULL, FSU_NOARG, NULL, "follow symlinks that are operands"},
    {'L', NULL, FSU_NOARG, NULL, "follow all symlinks"},
    {'P', NULL, FSU_NOARG, NULL, "follow none (the default)"},
};

static int
find_option(void *state, int key, const char *value)
{
	struct find_state *s = state;

	(void)value;
	s->opt.follow = (char)key;
	return FSU_OK;
}

static void
find_init(void *state)
{
	struct find_state *s = state;

	s->opt.follow = 'P';
	s->opt.maxdepth = UINT32_MAX;
	s->opt.syntax = RE_SYNTAX_EMACS; /* not findutils-default */
	s->standard.out = &fsu_stdout;
}

static void
find_done(void *state)
{
	find_free(state);
}

/* ---- the line ------------------------------------------------------------------------ */

static void
find_clock(struct find_state *s)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	s->opt.start_sec = now.tv_sec;
	s->opt.start_nsec = (int32_t)now.tv_nsec;
	if (localtime_r(&now.tv_sec, &tm) == NULL)
		return;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	s->opt.day_start = mktime(&tm);
}

/* -H -L -P (and -O, -D, which ask for nothing here) behind IMAGE: how many words. */
static int
find_leading_options(struct find_state *s, int n, char **words)
{
	int i;

	for (i = 0; i < n; i++) {
		if (strcmp(words[i], "-H") == 0 ||
		    strcmp(words[i], "-L") == 0 || strcmp(words[i], "-P") == 0)
			s->opt.follow = words[i][1];
		else if (strncmp(words[i], "-O", 2) == 0)
			continue;
		else if (strcmp(words[i], "-D") == 0 && i + 1 < n)
			i++;
		else if (strcmp(words[i], "--") == 0)
			return i + 1;
		else
			break;
	}
	return i;
}

static bool
find_is_expression(const char *w)
{
	return (w[0] == '-' && w[1] != '\0') || strcmp(w, "(") == 0 ||
	    strcmp(w, "!") == 0;
}

/* Words behind the leading options: how many are operands to start from. */
static int
find_count_starts(int n, char **words)
{
	int i;

	for (i = 0; i < n && !find_is_expression(words[i]); i++)
		continue;
	return i;
}

static int
find_prepare(struct fsu *f, void *state, int n, char **words)
{
	struct find_state *s = state;
	int skip, status;

	find_clock(s);
	skip = find_leading_options(s, n, words);
	s->nstarts = find_count_starts(n - skip, words + skip);
	status = find_parse(f, s, n - skip, words + skip);
	if (status != FSU_OK)
		return status;
	if (s->wants & FIND_CHANGES)
		fsu_want_write(f, true);
	if (s->wants & FIND_IDS)
		fsu_ids_load_host();
	return FSU_OK;
}

/* ---- what others ask ------------------------------------------------------------------- */

void
find_error(struct find_ctx *c, const char *path, int error)
{
	fsu_error(c->f, path, error);
}

const char *
find_basename(const char *path, size_t len, size_t *blen)
{
	size_t end = len, begin;

	while (end > 1 && path[end - 1] == '/')
		end--;
	begin = end;
	while (begin > 0 && path[begin - 1] != '/')
		begin--;
	if (begin == end && end > 0)
		begin--; /* "/" */
	*blen = end - begin;
	return path + begin;
}

int
find_stat_target(struct find_ctx *c, struct rump_stat *st)
{
	return rump_sys_fstatat(c->dirfd, c->name, st, 0);
}

int64_t
find_readlink(struct find_ctx *c, char *buf)
{
	int64_t n;

	n = rump_sys_readlinkat(c->dirfd, c->name, buf, RUMP_PATH_MAX - 1);
	if (n < 0)
		find_error(c, c->path, (int)n);
	else
		buf[n] = '\0';
	return n;
}

bool
find_eval(struct find_ctx *c, struct find_node *n)
{
	bool r = true;
	size_t i;

	switch (n->kind) {
	case FIND_PRIMARY:
		return n->primary->eval(c, n);
	case FIND_NOT:
		return !find_eval(c, n->sub[0]);
	case FIND_AND:
		for (i = 0; i < n->nsub && r && !c->quit; i++)
			r = find_eval(c, n->sub[i]);
		return r;
	case FIND_OR:
		r = false;
		for (i = 0; i < n->nsub && !r && !c->quit; i++)
			r = find_eval(c, n->sub[i]);
		return r;
	case FIND_COMMA:
		for (i = 0; i < n->nsub && !c->quit; i++)
			r = find_eval(c, n->sub[i]);
		return r;
	}
	return r;
}

/* ---- resolving -------------------------------------------------------------------------- */

static int
find_open_output(struct find_ctx *c, struct find_output *o)
{
	struct stat st, image;
	int fd;

	if (strcmp(o->path, "/dev/stderr") == 0)
		fd = dup(STDERR_FILENO);
	else if (stat(o->path, &st) == 0 &&
	    fstat(fsu_image_fd(c->f), &image) == 0 &&
	    st.st_dev == image.st_dev && st.st_ino == image.st_ino) {
		fsu_msg("%s: is the image itself", fsu_visible(o->path));
		return FSU_USAGE;
	} else
		fd = open(o->path,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd == -1) {
		fsu_msg("%s: %s", fsu_visible(o->path), strerror(errno));
		return FSU_USAGE;
	}
	o->out = fsu_calloc(1, sizeof(*o->out));
	o->out->fd = fd;
	o->tty = isatty(fd) == 1;
	return FSU_OK;
}

/* What was written to host files; a status. */
static int
find_close_outputs(struct find_ctx *c)
{
	struct find_output *o;
	int status = FSU_OK, error;

	for (o = c->s->outputs; o != NULL; o = o->next) {
		if (o->out == NULL)
			continue;
		fsu_out_flush(o->out);
		error = o->out->error;
		if (close(o->out->fd) == -1 && error == 0)
			error = errno;
		if (error != 0) {
			fsu_msg("%s: %s", fsu_visible(o->path),
			    fsu_strerror(error));
			status = FSU_FAIL;
		}
	}
	return status;
}

int
find_resolve(struct find_ctx *c)
{
	struct find_node *n;
	struct find_output *o;
	int status = FSU_OK;

	if (c->s->wants & FIND_IDS)
		fsu_ids_load_image(c->f);
	for (n = c->s->made; n != NULL && status == FSU_OK; n = n->next_made)
		if (n->primary != NULL && n->primary->resolve != NULL)
			status = n->primary->resolve(c, n);
	for (o = c->s->outputs; o != NULL && status == FSU_OK; o = o->next)
		status = find_open_output(c, o);
	return status;
}

/* ---- the walk ----------------------------------------------------------------------------- */

/* The directories above, where links are followed. */
struct find_walk {
	struct find_ctx *c;
	struct {
		uint64_t dev, ino;
	} * above;
	unsigned cap;
};

static int
find_evaluate(struct find_ctx *c)
{
	c->prune = false;
	if (c->level >= c->s->opt.mindepth)
		find_eval(c, c->s->root);
	if (fsu_stdout.error != 0)
		c->quit = true; /* nobody is there to read it */
	return c->quit || fsu_interrupted() ? FIND_STOP : 0;
}

/* With -L: is this directory among those above?  Then it isn't looked at. */
static bool
find_is_loop(struct find_walk *w, const struct rump_stat *st)
{
	struct find_ctx *c = w->c;
	unsigned i;

	if (c->s->opt.follow != 'L')
		return false;
	for (i = 0; i < c->level && i < w->cap; i++)
		if (w->above[i].dev == st->st_dev &&
		    w->above[i].ino == st->st_ino) {
			fsu_errorf(c->f,
			    "file system loop: %s is a directory above itself",
			    fsu_quote_msg(c->path));
			return true;
		}
	if (c->level >= w->cap) {
		w->cap = c->level + 32;
		w->above = fsu_realloc(w->above, w->cap * sizeof(*w->above));
	}
	w->above[c->level].dev = st->st_dev;
	w->above[c->level].ino = st->st_ino;
	return false;
}

static int
find_directory(struct find_walk *w)
{
	struct find_ctx *c = w->c;
	bool bottom = c->level >= c->s->opt.maxdepth;
	int r = 0;

	if (find_is_loop(w, c->st))
		return UKFS_WALK_SKIP;
	if (!c->s->opt.depth || bottom)
		r = find_evaluate(c);
	if (r != 0)
		return r;
	return bottom || (c->prune && !c->s->opt.depth) ? UKFS_WALK_SKIP : 0;
}

/* A link that -L couldn't follow is shown, but for one that is in a circle. */
static int
find_file(struct find_ctx *c)
{
	struct rump_stat st;
	int r;

	if (c->s->opt.follow == 'L' &&
	    (c->st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK) {
		r = find_stat_target(c, &st);
		if (r < 0 && r != -RUMP_ENOENT)
			find_error(c, c->path, r);
		if (r == -RUMP_ELOOP)
			return 0;
	}
	return find_evaluate(c);
}

static int
find_visit(void *arg, const struct ukfs_walkent *e)
{
	struct find_walk *w = arg;
	struct find_ctx *c = w->c;

	c->path = e->uw_path;
	c->pathlen = e->uw_pathlen;
	c->name = e->uw_name;
	c->dirfd = e->uw_dirfd;
	c->level = e->uw_level;
	c->st = e->uw_st;
	c->prune = false;
	switch (e->uw_kind) {
	case UKFS_WALK_FILE:
		return find_file(c);
	case UKFS_WALK_DIR:
		return find_directory(w);
	case UKFS_WALK_DIREND:
		return c->s->opt.depth ? find_evaluate(c) : 0;
	case UKFS_WALK_ERROR:
		if (e->uw_error == EINTR)
			return FIND_STOP;
		find_error(c, e->uw_path, e->uw_error);
		/* A directory that can't be read: it is there all the same. */
		if (c->s->opt.depth && e->uw_st->st_ino != 0 &&
		    (e->uw_st->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
			return find_evaluate(c);
		break;
	}
	return 0;
}

static void
find_from(struct find_ctx *c, const char *start)
{
	struct find_walk w = {.c = c};
	unsigned flags = 0;

	c->start = start;
	c->startlen = strlen(start);
	if (c->s->opt.follow == 'L')
		flags |= UKFS_WALK_FOLLOW;
	if (c->s->opt.follow == 'H')
		flags |= UKFS_WALK_FOLLOWROOT;
	if (c->s->opt.xdev)
		flags |= UKFS_WALK_XDEV;
	if (ukfs_walk(fsu_ukfs(c->f), start, flags, find_visit, &w) == -1)
		fsu_error(c->f, start, errno);
	free(w.above);
}

static int
find_run(struct fsu *f, void *state, int n, char **words)
{
	static char here[] = ".";
	char *dot[] = {here, NULL}, **starts, **globbed = NULL;
	struct find_state *s = state;
	struct find_ctx c = {.f = f,
	    .s = s,
	    .dir = {.hd_fd = -1},
	    .w_ino = 9,
	    .w_blocks = 6,
	    .w_nlink = 3,
	    .w_user = 8,
	    .w_group = 8,
	    .w_major = 3,
	    .w_minor = 3,
	    .w_size = 8};
	int i, nstarts = s->nstarts, status;

	starts = words + find_leading_options(s, n, words);
	if (nstarts == 0) {
		starts = dot;
		nstarts = 1;
	} else if (fsu_glob_wanted(f, (s->wants & FIND_CHANGES) == 0)) {
		nstarts = fsu_glob(f, nstarts, starts, &globbed);
		starts = globbed;
	}
	s->standard.tty = isatty(STDOUT_FILENO) == 1;
	status = find_resolve(&c);
	for (i = 0; i < nstarts && status == FSU_OK; i++) {
		if (c.quit || fsu_interrupted())
			break;
		find_from(&c, starts[i]);
	}
	find_exec_rest(&c);
	if (find_close_outputs(&c) != FSU_OK || c.failed)
		status = status > FSU_FAIL ? status : FSU_FAIL;
	i = fsu_out_finish(&fsu_stdout);
	if (globbed != NULL)
		fsu_glob_free(globbed);
	free(c.quoted.text);
	return status > i ? status : i;
}

const struct fsu_command fsu_find_command = {
    .name = "fsu_find",
    .synopsis = "IMAGE [-H|-L|-P] [START]... [EXPRESSION]",
    .summary =
	"Find files in an image, as find(1) does: START is . if none is "
	"given.\n"
	"operators: ( EXPR ) ! EXPR -not EXPR EXPR -a EXPR EXPR -o EXPR "
	"EXPR , EXPR\n"
	"options: -daystart -depth -follow -maxdepth N -mindepth N -mount\n"
	"  -regextype TYPE -xdev\n"
	"tests: -amin -atime -cmin -ctime -mmin -mtime [+-]N -anewer -cnewer\n"
	"  -newer FILE -newerXY FILE -empty -executable -readable -writable "
	"-false -true\n"
	"  -fstype TYPE -gid N -uid N -group NAME -user NAME -nogroup -nouser\n"
	"  -name -iname -path -ipath -lname -ilname PATTERN -regex -iregex "
	"REGEX\n"
	"  -inum N -links N -perm [-/]MODE -samefile FILE -size [+-]N[bcwkMG]\n"
	"  -type -xtype [bcdpfls],.. -used N\n"
	"actions: -delete -print -print0 -printf FORMAT -ls -json -prune "
	"-quit\n"
	"  -fprint -fprint0 -fls FILE -fprintf FILE FORMAT\n"
	"  -exec -execdir COMMAND ; or {} + -ok -okdir COMMAND ;",
    .options = find_option_table,
    .noptions = sizeof(find_option_table) / sizeof(find_option_table[0]),
    .flags = FSU_READS | FSU_RAWARGS | FSU_OWNGLOB,
    .max_operands = -1,
    .state_size = sizeof(struct find_state),
    .init = find_init,
    .option = find_option,
    .prepare = find_prepare,
    .run = find_run,
    .done = find_done,
};
