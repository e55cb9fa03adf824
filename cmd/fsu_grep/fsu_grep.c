/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_grep: lines of files of an image that match, as GNU grep(1) prints them.
 *
 * Operands and trees; a tree is walked in the order of names.  Left out of GNU's:
 * -P, -T, -D, --label, --exclude-from, and warnings about stray backslashes.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "grep.h"

extern const struct fsu_command fsu_grep_command;

struct grep_walk {
	struct grep_state *g;
	bool matched;
};

/* ---- which files ----------------------------------------------------------------------- */

/* A name in a tree is compared whole, an operand also from behind any slash. */
static bool
glob_matches(const char *pattern, const char *name, bool operand)
{
	const char *p;

	if (fnmatch(pattern, name, 0) == 0)
		return true;
	for (p = name; operand && *p != '\0'; p++)
		if (p[0] == '/' && p[1] != '/' && p[1] != '\0' &&
		    fnmatch(pattern, p + 1, 0) == 0)
			return true;
	return false;
}

/* The last pattern that matches decides; if none does, the first one's kind. */
static bool
left_out(const struct grep_globs *globs, const char *name, bool operand)
{
	size_t i;

	if (globs->n == 0)
		return false;
	for (i = globs->n; i-- > 0;)
		if (glob_matches(globs->v[i].pattern, name, operand))
			return !globs->v[i].include;
	return globs->v[0].include;
}

static void
complain(struct grep_state *g, const char *path, int error)
{
	if (error == -RUMP_EINTR && fsu_interrupted())
		return;
	g->trouble = true;
	if (g->silent)
		return;
	fsu_out_flush(&fsu_stdout);
	fsu_warnf(g->f, "%s: %s", fsu_visible(path),
	    error == -RUMP_E2BIG ? "a line is too long" : fsu_strerror(error));
}

/* ---- one file --------------------------------------------------------------------------- */

/* What is said of a file as a whole; was a line selected? */
static bool
file_result(struct grep_state *g, int64_t lines)
{
	if (g->count && !g->quiet && g->list == GREP_LIST_NONE) {
		if (g->show_name) {
			fsu_grep_put_name(g);
			if (g->nulname)
				fsu_out_char(&fsu_stdout, '\0');
			else
				fsu_grep_put_sep(g, GREP_SELECTED);
		}
		fsu_out_u64(&fsu_stdout, (uint64_t)lines);
		fsu_out_char(&fsu_stdout, '\n');
	}
	if (!g->quiet &&
	    g->list == (lines != 0 ? GREP_LIST_MATCHING : GREP_LIST_OTHERS)) {
		fsu_grep_put_name(g);
		fsu_out_char(&fsu_stdout, g->nulname ? '\0' : '\n');
	}
	return lines != 0;
}

static const char *
shown_name(const struct grep_state *g, const char *path)
{
	return g->no_dot && path[0] == '.' && path[1] == '/' ? path + 2 : path;
}

/* The open file, and what is said of it. */
static bool
grep_open_file(
    struct grep_state *g, int fd, const char *path, const struct rump_stat *st)
{
	int64_t lines = 0;
	int error = 0;

	g->name = shown_name(g, path);
	if ((st->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
		error = -RUMP_EISDIR;
	else
		lines = fsu_grep_fd(g, fd, st->st_size, &error);
	if (error != 0)
		complain(g, path, error);
	return file_result(g, lines);
}

static int
visit(void *arg, const struct ukfs_walkent *ent)
{
	struct grep_walk *w = arg;
	struct grep_state *g = w->g;
	int fd;

	if (fsu_interrupted() || fsu_stdout.error != 0 ||
	    (w->matched && g->quiet))
		return 1;
	switch (ent->uw_kind) {
	case UKFS_WALK_DIR:
		return ent->uw_level > 0 &&
			left_out(&g->dirs, ent->uw_name, false)
		    ? UKFS_WALK_SKIP
		    : 0;
	case UKFS_WALK_DIREND:
		return 0;
	case UKFS_WALK_ERROR:
		if (ent->uw_error == ELOOP && g->follow) {
			if (!g->silent)
				fsu_warnf(g->f,
				    "warning: %s: recursive directory loop",
				    fsu_visible(ent->uw_path));
		} else
			complain(g, shown_name(g, ent->uw_path), ent->uw_error);
		return 0;
	case UKFS_WALK_FILE:
		break;
	}
	/* Devices have nothing in an image; a link that leads nowhere. */
	if ((ent->uw_st->st_mode & RUMP_S_IFMT) != RUMP_S_IFREG &&
	    !((ent->uw_st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK && g->follow))
		return 0;
	if (left_out(&g->files, ent->uw_name, false))
		return 0;
	fd = rump_sys_openat(ent->uw_dirfd, ent->uw_name, RUMP_O_RDONLY, 0);
	if (fd < 0) {
		complain(g, shown_name(g, ent->uw_path), fd);
		return 0;
	}
	if (grep_open_file(g, fd, ent->uw_path, ent->uw_st))
		w->matched = true;
	rump_sys_close(fd);
	return 0;
}

static bool
grep_tree(struct grep_state *g, const char *path)
{
	struct grep_walk w = {.g = g};

	if (ukfs_walk(fsu_ukfs(g->f), path,
		g->follow ? UKFS_WALK_FOLLOW : UKFS_WALK_FOLLOWROOT, visit,
		&w) == -1)
		complain(g, path, errno);
	return w.matched;
}

static bool
grep_operand(struct grep_state *g, const char *path, bool alone)
{
	struct rump_stat st;
	bool dir, matched;
	int fd, r;

	fd = rump_sys_open(path, RUMP_O_RDONLY | RUMP_O_NONBLOCK, 0);
	r = fd < 0 ? fd : rump_sys_fstat(fd, &st);
	if (r != 0) {
		complain(g, path, r);
		if (fd >= 0)
			rump_sys_close(fd);
		return false;
	}
	dir = (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR;
	matched = false;
	g->show_name = g->with_name > 0 ||
	    (g->with_name == 0 && (!alone || (dir && g->recursive)));
	if (dir && g->directories == 's' && !g->recursive)
		;
	else if (!(dir && g->no_dot) &&
	    left_out(dir ? &g->dirs : &g->files, path, true))
		;
	else if (dir && g->recursive)
		matched = grep_tree(g, path);
	else
		matched = grep_open_file(g, fd, path, &st);
	rump_sys_close(fd);
	return matched;
}

/* ---- the command ---------------------------------------------------------------------------- */

static bool
output_is_null(void)
{
	struct stat st;

	return fstat(STDOUT_FILENO, &st) == 0 && S_ISCHR(st.st_mode) &&
	    st.st_rdev == makedev(1, 3);
}

static int
grep_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct grep_state *g = state;

	(void)f;
	if (!g->patterns_given) {
		if (n == 0)
			return fsu_usage("missing pattern");
		fsu_grep_add_patterns(&g->m, operands[0], strlen(operands[0]));
		n--;
	}
	if (n == 0 && !g->recursive)
		return fsu_usage("missing file (-r for the whole image)");
	if (g->before < 0)
		g->before = g->context;
	if (g->after < 0)
		g->after = g->context;
	if (g->list != GREP_LIST_NONE || g->quiet || output_is_null()) {
		g->count = false;
		g->first_only = true;
	}
	g->out_quiet = g->count || g->first_only;
	fsu_grep_colors_init(g);
	return fsu_grep_compile(&g->m);
}

static int
grep_operands(struct grep_state *g, int n, char **operands)
{
	static char dot[] = ".";
	char *whole[] = {dot};
	bool matched = false;
	int i;

	if (n == 0) {
		n = 1;
		operands = whole;
		g->no_dot = true;
	}
	for (i = 0; i < n && !fsu_interrupted() && fsu_stdout.error == 0; i++)
		if (grep_operand(g, operands[i], n == 1)) {
			matched = true;
			if (g->quiet)
				return FSU_OK;
		}
	return g->trouble ? FSU_USAGE : matched ? FSU_OK : FSU_FAIL;
}

static int
grep_run(struct fsu *f, void *state, int n, char **operands)
{
	struct grep_state *g = state;
	char **globbed;
	int skip, status, end;
	bool none;

	g->f = f;
	/* No line can be selected: not even read, as GNU grep. */
	none = g->max_count == 0 || (g->m.npat == 0 && !g->invert) ||
	    (g->m.npat == 1 && g->m.pat[0].len == 0 && g->invert &&
		!g->m.lines && !g->m.words);
	if (none && g->list != GREP_LIST_OTHERS)
		return FSU_FAIL;
	skip = g->patterns_given ? 0 : 1;
	if (fsu_glob_wanted(f, true)) {
		n = fsu_glob(f, n - skip, operands + skip, &globbed);
		status = grep_operands(g, n, globbed);
		fsu_glob_free(globbed);
	} else
		status = grep_operands(g, n - skip, operands + skip);
	end = fsu_out_finish(&fsu_stdout);
	return end == FSU_OK ? status : FSU_USAGE;
}

static void
free_globs(struct grep_globs *globs)
{
	size_t i;

	for (i = 0; i < globs->n; i++)
		free(globs->v[i].pattern);
	free(globs->v);
}

static void
grep_done(void *state)
{
	struct grep_state *g = state;

	fsu_grep_matcher_free(&g->m);
	free_globs(&g->files);
	free_globs(&g->dirs);
	free(g->colors.mem);
	free(g->mem);
}

const struct fsu_command fsu_grep_command = {
    .name = "fsu_grep",
    .synopsis = "[OPTION]... IMAGE PATTERN [FILE]...",
    .summary = "Print lines of an image's files that match.",
    .options = fsu_grep_options,
    .noptions = GREP_NOPTIONS,
    .flags = FSU_READS | FSU_GLOBS | FSU_OWNGLOB,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct grep_state),
    .init = fsu_grep_init,
    .option = fsu_grep_option,
    .prepare = grep_prepare,
    .run = grep_run,
    .done = grep_done,
};
