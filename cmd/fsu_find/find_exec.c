/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_find's -exec, -execdir, -ok, -okdir: programs of the host see copies of
 * regular files, in a directory that is nobody else's.
 *
 *	-exec    {} is DIR/N/NAME, N counting the copies
 *	-execdir {} is ./NAME, the program starts in DIR/N
 *
 * Copies go away after each program.  Anything but a regular file isn't copied (a
 * symlink out of a hostile image must not lead a program to a file of the host's):
 * an error for that file.
 */
#include <stdlib.h>
#include <string.h>

#include "find.h"

#define BATCH_BYTES 131072 /* of arguments */

struct find_exec {
	char **words; /* as typed, NULL at the end */
	int nwords;
	bool batch; /* {} + */
	bool indir, ask;
	/* what waits to be run; with indir: those of one directory */
	char **paths;
	size_t npaths, bytes;
	char *where;		/* the image's directory that they are from */
	struct fsu_hostdir dir; /* with indir: the copies' */
};

/* ---- parsing --------------------------------------------------------------------------- */

int
find_parse_exec(struct find_parser *p, struct find_node *n)
{
	const char *name = n->primary->name;
	struct find_exec *x = fsu_calloc(1, sizeof(*x));
	int first = p->i, i, braces = 0;
	const char *w;

	n->exec = x;
	x->dir.hd_fd = -1;
	x->ask = name[0] == 'o';
	x->indir = strstr(name, "dir") != NULL;
	for (i = first; i < p->n; i++) {
		w = p->argv[i];
		if (strcmp(w, ";") == 0)
			break;
		if (strcmp(w, "+") == 0 && !x->ask && i > first &&
		    strcmp(p->argv[i - 1], "{}") == 0) {
			x->batch = true;
			break;
		}
		braces += strstr(w, "{}") != NULL;
	}
	if (i == p->n)
		return fsu_usage(
		    "missing argument to '%s' (it ends with ';'%s)", n->word,
		    x->ask ? "" : " or '{} +'");
	if (i == first)
		return find_bad_argument(n, p->argv[i]);
	if (x->batch && braces > 1)
		return fsu_usage(
		    "only one {} is supported with %s ... +", n->word);
	if (x->batch && i - first == 1)
		return find_bad_argument(n, "{}");
	x->nwords = i - first;
	x->words = fsu_calloc((size_t)x->nwords + 1, sizeof(*x->words));
	memcpy(
	    x->words, p->argv + first, (size_t)x->nwords * sizeof(*x->words));
	p->i = i + 1;
	fsu_want_programs(p->f);
	return FSU_OK;
}

static void
forget_batch(struct find_exec *x)
{
	size_t i;

	for (i = 0; i < x->npaths; i++)
		free(x->paths[i]);
	free(x->paths);
	free(x->where);
	x->paths = NULL;
	x->where = NULL;
	x->npaths = x->bytes = 0;
}

void
find_exec_free(struct find_exec *x)
{
	if (x == NULL)
		return;
	forget_batch(x);
	fsu_hostdir_keep(&x->dir);
	free(x->words);
	free(x);
}

/* ---- copies ------------------------------------------------------------------------------- */

static bool
host_failed(struct find_ctx *c, const char *path, int error)
{
	fsu_errorf(c->f, "%s: cannot be copied to %s: %s", fsu_visible(path),
	    c->dir.hd_path != NULL ? c->dir.hd_path : "a temporary directory",
	    fsu_strerror(error));
	return false;
}

/* A directory for copies below ours. */
static bool
make_dir(struct find_ctx *c, struct fsu_hostdir *d)
{
	char name[32];
	int error = 0;

	if (c->dir.hd_fd == -1)
		error = fsu_hostdir_make(&c->dir, "fsu_find");
	snprintf(name, sizeof(name), "%lu", ++c->ncopies);
	if (error == 0)
		error = fsu_hostdir_sub(&c->dir, name, d);
	return error == 0 || host_failed(c, c->path, error);
}

/* Copy the file that the walk is at to d; its name there, or NULL. */
static char *
copy_out(struct find_ctx *c, const struct fsu_hostdir *d)
{
	struct rump_stat st;
	const char *base;
	size_t len;
	bool host;
	char *name;
	int fd, error;

	fd = rump_sys_openat(c->dirfd, c->name,
	    RUMP_O_RDONLY | RUMP_O_NONBLOCK |
		(c->s->opt.follow == 'P' ? RUMP_O_NOFOLLOW : 0),
	    0);
	if (fd < 0) {
		find_error(c, c->path, fd);
		return NULL;
	}
	base = find_basename(c->path, c->pathlen, &len);
	name = fsu_strndup(base, len);
	host = false;
	error = -rump_sys_fstat(fd, &st);
	if (error == 0 && (st.st_mode & RUMP_S_IFMT) != RUMP_S_IFREG)
		error = RUMP_EINVAL;
	if (error == 0)
		error = fsu_hostdir_copy(d, name, fd, &st, &host);
	rump_sys_close(fd);
	if (error == 0)
		return name;
	free(name);
	if (host)
		host_failed(c, c->path, error);
	else
		find_error(c, c->path, error);
	return NULL;
}

static bool
is_regular(struct find_ctx *c, const struct find_node *n)
{
	if ((c->st->st_mode & RUMP_S_IFMT) == RUMP_S_IFREG)
		return true;
	fsu_errorf(c->f,
	    "%s: not a regular file, so %s does not run (-type f leaves it "
	    "out)",
	    fsu_visible(c->path), n->word);
	return false;
}

/* ---- running ------------------------------------------------------------------------------- */

/* word with each {} replaced. */
static char *
replace_braces(const char *word, const char *path)
{
	const char *at;
	char *s, *more;

	s = fsu_strdup("");
	while ((at = strstr(word, "{}")) != NULL) {
		more = fsu_asprintf(
		    "%s%.*s%s", s, (int)(at - word), word, path);
		free(s);
		s = more;
		word = at + 2;
	}
	more = fsu_asprintf("%s%s", s, word);
	free(s);
	return more;
}

static bool
run(struct find_ctx *c, char *const *argv, const struct fsu_hostdir *cwd,
    bool ask)
{
	struct find_output *o;
	bool started;
	int status;

	/* What was printed before comes before. */
	fsu_out_flush(&fsu_stdout);
	for (o = c->s->outputs; o != NULL; o = o->next)
		fsu_out_flush(o->out);
	status = fsu_host_run(
	    argv, cwd, FSU_RUN_BOTH | (ask ? FSU_RUN_NOSTDIN : 0), &started);
	return started && status == 0;
}

static bool
run_one(struct find_ctx *c, struct find_node *n)
{
	struct find_exec *x = n->exec;
	struct fsu_hostdir d;
	char **argv, *name, *path;
	bool good = false;
	int i;

	if (x->ask &&
	    !fsu_confirm("< %s ... %s > ? ", x->words[0], fsu_visible(c->path)))
		return false;
	if (!make_dir(c, &d))
		return false;
	name = copy_out(c, &d);
	if (name != NULL) {
		path = x->indir ? fsu_asprintf("./%s", name)
				: fsu_path_join(d.hd_path, name);
		argv = fsu_calloc((size_t)x->nwords + 1, sizeof(*argv));
		for (i = 0; i < x->nwords; i++)
			argv[i] = replace_braces(x->words[i], path);
		good = run(c, argv, x->indir ? &d : NULL, x->ask);
		for (i = 0; i < x->nwords; i++)
			free(argv[i]);
		free(argv);
		free(path);
		free(name);
	}
	fsu_hostdir_remove(&d);
	return good;
}

/* Run what waits, and remove the copies. */
static void
run_batch(struct find_ctx *c, struct find_exec *x)
{
	char **argv;
	int n = x->nwords - 1; /* the last is {} */

	if (x->npaths > 0 && !fsu_interrupted()) {
		argv = fsu_calloc((size_t)n + x->npaths + 1, sizeof(*argv));
		memcpy(argv, x->words, (size_t)n * sizeof(*argv));
		memcpy(argv + n, x->paths, x->npaths * sizeof(*argv));
		if (!run(c, argv, x->indir ? &x->dir : NULL, false))
			c->failed = true;
		free(argv);
	}
	forget_batch(x);
	fsu_hostdir_remove(&x->dir);
}

/* Where the file that the walk is at is, for -execdir. */
static bool
same_directory(struct find_ctx *c, const struct find_exec *x)
{
	size_t len, at;

	at = (size_t)(find_basename(c->path, c->pathlen, &len) - c->path);
	return x->where != NULL && strlen(x->where) == at &&
	    memcmp(x->where, c->path, at) == 0;
}

static bool
add_to_batch(struct find_ctx *c, struct find_node *n)
{
	struct find_exec *x = n->exec;
	struct fsu_hostdir d, *into = &x->dir;
	size_t len, base;
	char *name;

	if (x->indir && !same_directory(c, x))
		run_batch(c, x);
	if (!x->indir) {
		/* All copies of a batch are below one directory. */
		if (x->dir.hd_fd == -1 && !make_dir(c, &x->dir))
			return true;
		name = fsu_asprintf("%lu", ++c->ncopies);
		if (fsu_hostdir_sub(&x->dir, name, &d) != 0) {
			free(name);
			host_failed(c, c->path, RUMP_EIO);
			return true;
		}
		free(name);
		into = &d;
	} else if (x->dir.hd_fd == -1 && !make_dir(c, &x->dir))
		return true;
	name = copy_out(c, into);
	if (name != NULL) {
		x->paths = fsu_realloc(
		    x->paths, (x->npaths + 1) * sizeof(*x->paths));
		x->paths[x->npaths] = x->indir
		    ? fsu_asprintf("./%s", name)
		    : fsu_path_join(into->hd_path, name);
		x->bytes += strlen(x->paths[x->npaths++]) + sizeof(char *) + 1;
		free(name);
	}
	if (!x->indir)
		fsu_hostdir_keep(&d);
	else if (x->where == NULL) {
		base = (size_t)(find_basename(c->path, c->pathlen, &len) -
		    c->path);
		x->where = fsu_strndup(c->path, base);
	}
	if (x->bytes >= BATCH_BYTES)
		run_batch(c, x);
	return true;
}

bool
find_do_exec(struct find_ctx *c, struct find_node *n)
{
	if (!is_regular(c, n))
		return n->exec->batch;
	return n->exec->batch ? add_to_batch(c, n) : run_one(c, n);
}

void
find_exec_rest(struct find_ctx *c)
{
	struct find_node *n;

	for (n = c->s->made; n != NULL; n = n->next_made)
		if (n->exec != NULL)
			run_batch(c, n->exec);
	fsu_hostdir_remove(&c->dir);
}
