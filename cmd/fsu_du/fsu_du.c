/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_du: how much trees of an image take, as GNU du(1) says it.
 *
 * One walk an operand; attributes come with the directory's entries, so no file is
 * asked about by itself.  Sums are kept a level: what is directly in a directory,
 * and what is in its subdirectories.  A level is emptied when the walk goes in and
 * added to its parent's when it comes out, so memory follows the depth, and the
 * number of files with several names.
 *
 * Lines come in the order of names, where du has the order of the directory.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "du.h"

extern const struct fsu_command fsu_du_command;

struct du_sum {
	uint64_t size, inodes;
	struct rump_timespec time;
};

struct du_level {
	struct du_sum own;   /* the directory and the files in it */
	struct du_sum below; /* its subdirectories, and theirs */
};

struct du_state {
	struct du_options opt;
	struct fsu *f;
	struct du_level *level;
	size_t nlevels;
	bool hash_all; /* a file may be met twice under one name */
	struct ukfs_seen seen;
	struct du_sum total;
	/* the directory that was met last, until the walk goes on: it may turn
	 * out that it can't be read */
	bool met;
	unsigned met_level;
};

/* ---- sums ---------------------------------------------------------------------- */

static void
add_sum(struct du_sum *to, const struct du_sum *s)
{
	if (__builtin_add_overflow(to->size, s->size, &to->size))
		to->size = UINT64_MAX;
	to->inodes += s->inodes;
	if (s->time.tv_sec > to->time.tv_sec ||
	    (s->time.tv_sec == to->time.tv_sec &&
		s->time.tv_nsec > to->time.tv_nsec))
		to->time = s->time;
}

static const struct du_sum no_sum = {.time = {.tv_sec = INT64_MIN}};

static struct du_sum
sum_of(const struct du_state *du, const struct rump_stat *st)
{
	struct du_sum s = no_sum;

	s.size = du->opt.apparent ? st->st_size : st->st_blocks * 512;
	s.inodes = 1;
	s.time = du->opt.time == DU_ATIME ? st->st_atim
	    : du->opt.time == DU_CTIME	  ? st->st_ctim
					  : st->st_mtim;
	return s;
}

static void
need_level(struct du_state *du, unsigned level)
{
	size_t n = du->nlevels;

	if (level < n)
		return;
	du->nlevels = level + 16;
	du->level = fsu_realloc(du->level, du->nlevels * sizeof(*du->level));
	for (; n < du->nlevels; n++)
		du->level[n] = (struct du_level){no_sum, no_sum};
}

/* ---- output --------------------------------------------------------------------- */

static void
print_time(const struct du_state *du, const struct rump_timespec *t)
{
	char stack[FSU_TIME_CHARS], *buf = stack;
	size_t size = sizeof(stack), len;
	int64_t sec = t->tv_sec == INT64_MIN ? 0 : t->tv_sec;

	/* A format of the user's may give more. */
	if (strlen(du->opt.time_format) > sizeof(stack) / 16) {
		size = strlen(du->opt.time_format) * 64;
		buf = fsu_malloc(size);
	}
	len = fsu_time_format(
	    buf, size, du->opt.time_format, sec, (uint32_t)t->tv_nsec);
	fsu_out_mem(&fsu_stdout, buf, len);
	if (buf != stack)
		free(buf);
}

static void
print_line(const struct du_state *du, const struct du_sum *s, const char *name)
{
	const struct du_options *opt = &du->opt;
	struct fsu_blocksize unit = opt->unit;
	char buf[FSU_SIZE_CHARS];
	size_t len;

	if (opt->inodes && !(unit.flags & FSU_SIZE_AUTO))
		unit = (struct fsu_blocksize){1, unit.flags};
	len = fsu_size_format(buf, opt->inodes ? s->inodes : s->size, 1, &unit);
	fsu_out_mem(&fsu_stdout, buf, len);
	if (opt->time != DU_NOTIME) {
		fsu_out_char(&fsu_stdout, '\t');
		print_time(du, &s->time);
	}
	fsu_out_char(&fsu_stdout, '\t');
	fsu_out_str(&fsu_stdout, name);
	fsu_out_char(&fsu_stdout, opt->nul ? '\0' : '\n');
}

static void
maybe_print(struct du_state *du, const struct du_sum *s, const char *name,
    unsigned level, bool dir)
{
	const struct du_options *opt = &du->opt;
	uint64_t v = opt->inodes ? s->inodes : s->size;

	if (level != 0 && (level > opt->depth || !(dir || opt->all)))
		return;
	if (opt->threshold_given &&
	    (opt->threshold_below ? v > opt->threshold : v < opt->threshold))
		return;
	print_line(du, s, name);
}

/* ---- one entry -------------------------------------------------------------------- */

/* A pattern matches the whole, or what follows any slash. */
static bool
excluded(const struct du_options *opt, const char *path)
{
	const char *p;
	size_t i;

	for (i = 0; i < opt->nexclude; i++) {
		if (fnmatch(opt->exclude[i], path, 0) == 0)
			return true;
		for (p = path; *p != '\0'; p++)
			if (p[0] == '/' && p[1] != '/' &&
			    fnmatch(opt->exclude[i], p + 1, 0) == 0)
				return true;
	}
	return false;
}

/* Was this one counted already? */
static bool
again(struct du_state *du, const struct rump_stat *st)
{
	int r;

	if (du->opt.links)
		return false;
	if (!du->hash_all &&
	    ((st->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR || st->st_nlink <= 1))
		return false;
	r = ukfs_seen_add(&du->seen, st->st_dev, st->st_ino);
	if (r == -RUMP_ENOMEM)
		fsu_errorf(du->f, "out of memory; links may be counted twice");
	return r == 0;
}

static void
count_file(struct du_state *du, const struct ukfs_walkent *ent)
{
	struct du_sum s = sum_of(du, ent->uw_st);

	need_level(du, ent->uw_level);
	add_sum(&du->total, &s);
	if (ent->uw_level > 0)
		add_sum(&du->level[ent->uw_level - 1].own, &s);
	maybe_print(du, &s, ent->uw_path, ent->uw_level, false);
}

/* A directory, when what is in it has been counted at its own level. */
static void
count_dir(struct du_state *du, const struct ukfs_walkent *ent)
{
	struct du_sum s = sum_of(du, ent->uw_st), shown;
	struct du_level *lv;

	need_level(du, ent->uw_level);
	lv = &du->level[ent->uw_level];
	add_sum(&du->total, &s);
	add_sum(&lv->own, &s);
	shown = lv->own;
	if (!du->opt.separate)
		add_sum(&shown, &lv->below);
	if (ent->uw_level > 0) {
		add_sum(&lv[-1].below, &lv->own);
		add_sum(&lv[-1].below, &lv->below);
	}
	*lv = (struct du_level){no_sum, no_sum};
	maybe_print(du, &shown, ent->uw_path, ent->uw_level, true);
}

static int
meet(struct du_state *du, const struct ukfs_walkent *ent)
{
	bool dir = ent->uw_kind == UKFS_WALK_DIR;
	struct rump_stat st;
	int r;

	if (du->opt.nexclude != 0 && excluded(&du->opt, ent->uw_path))
		return dir ? UKFS_WALK_SKIP : 0;
	/* The walk shows a link that leads nowhere as itself. */
	if ((ent->uw_st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK &&
	    (du->opt.deref == 'L' ||
		(du->opt.deref == 'D' && ent->uw_level == 0))) {
		r = rump_sys_fstatat(ent->uw_dirfd, ent->uw_name, &st, 0);
		fsu_errorf(du->f, "cannot access %s: %s",
		    fsu_quote_msg(ent->uw_path), fsu_strerror(r));
		return 0;
	}
	if (again(du, ent->uw_st))
		return dir ? UKFS_WALK_SKIP : 0;
	if (!dir) {
		count_file(du, ent);
		return 0;
	}
	need_level(du, ent->uw_level);
	du->met = true;
	du->met_level = ent->uw_level;
	return 0;
}

static int
visit(void *arg, const struct ukfs_walkent *ent)
{
	struct du_state *du = arg;
	bool unread = du->met && du->met_level == ent->uw_level;

	if (fsu_interrupted() || fsu_stdout.error != 0)
		return 1;
	du->met = false;
	switch (ent->uw_kind) {
	case UKFS_WALK_FILE:
	case UKFS_WALK_DIR:
		return meet(du, ent);
	case UKFS_WALK_DIREND:
		count_dir(du, ent);
		return 0;
	case UKFS_WALK_ERROR:
		if (ent->uw_error == ELOOP && unread)
			return 0; /* -lL: a link to a directory around it */
		fsu_errorf(du->f, "cannot %s %s: %s",
		    unread ? "read directory" : "access",
		    fsu_quote_msg(ent->uw_path), fsu_strerror(ent->uw_error));
		if (unread)
			count_dir(du, ent);
		return 0;
	}
	return 0;
}

/* ---- operands ----------------------------------------------------------------------- */

static void
one_operand(struct du_state *du, const char *path)
{
	const struct du_options *opt = &du->opt;
	unsigned flags = 0;
	size_t i;

	if (opt->deref == 'L')
		flags |= UKFS_WALK_FOLLOW;
	else if (opt->deref == 'D')
		flags |= UKFS_WALK_FOLLOWROOT;
	if (opt->onefs)
		flags |= UKFS_WALK_XDEV;
	/* Nothing but the sum is seen: the order doesn't matter. */
	if (opt->depth == 0 && !opt->all && !opt->separate)
		flags |= UKFS_WALK_UNSORTED;
	for (i = 0; i < du->nlevels; i++)
		du->level[i] = (struct du_level){no_sum, no_sum};
	du->met = false;
	if (ukfs_walk(fsu_ukfs(du->f), path, flags, visit, du) == -1)
		fsu_error(du->f, path, errno);
}

/* Without slashes at the end but one, as du prints operands. */
static char *
trimmed(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/' && path[len - 2] == '/')
		len--;
	return fsu_strndup(path, len);
}

static int
du_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct du_state *du = state;

	(void)f;
	(void)n;
	(void)operands;
	return fsu_du_check(&du->opt);
}

static int
du_run(struct fsu *f, void *state, int n, char **operands)
{
	struct du_state *du = state;
	char *path;
	int i;

	du->f = f;
	du->total = no_sum;
	du->hash_all = n > 1 || du->opt.deref == 'L';
	for (i = 0; i < (n != 0 ? n : 1) && !fsu_interrupted(); i++) {
		path = trimmed(n != 0 ? operands[i] : ".");
		if (*path == '\0')
			fsu_errorf(f, "invalid zero-length file name");
		else
			one_operand(du, path);
		free(path);
	}
	if (du->opt.total)
		print_line(du, &du->total, "total");
	return fsu_out_finish(&fsu_stdout);
}

static void
du_done(void *state)
{
	struct du_state *du = state;

	free(du->level);
	ukfs_seen_free(&du->seen);
	free(du->opt.exclude);
	free(du->opt.exclude_mem);
}

const struct fsu_command fsu_du_command = {
    .name = "fsu_du",
    .synopsis = "[OPTION]... IMAGE [FILE]...",
    .summary = "Say how much of an image files and directories take.",
    .options = fsu_du_options,
    .noptions = FSU_DU_NOPTIONS,
    .flags = FSU_READS | FSU_GLOBS,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct du_state),
    .init = fsu_du_init,
    .option = fsu_du_option,
    .prepare = du_prepare,
    .run = du_run,
    .done = du_done,
};
