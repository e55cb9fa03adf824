/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading directories: entries come with their attributes, one kernel call for
 * some hundred of them, straight into the listing's arena, where they stay.
 * Beyond that the kernel is asked only about symlinks (their target; with -L or
 * colours what it leads to) and extended attributes (ACL mark, colour ca).
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "ls.h"

#define DENTS_SIZE  ((size_t)64 << 10)
#define DENTS_MIN   ((size_t)4 << 10) /* less room than this: take a new piece */

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"
#define ACL_TRIVIAL \
	28 /* header and three entries: no more than the mode says */

void
ls_listing_reset(struct ls_listing *l)
{
	struct ls_listing fresh = {
	    .arena = l->arena, .files = l->files, .cap = l->cap};

	fsu_arena_reset(&fresh.arena);
	*l = fresh;
}

void
ls_listing_free(struct ls_listing *l)
{
	fsu_arena_free(&l->arena);
	free(l->files);
	*l = (struct ls_listing){0};
}

const struct rump_timespec *
ls_time_of(const struct ls_options *opt, const struct rump_stat *st)
{
	switch (opt->time) {
	case LS_CTIME:
		return &st->st_ctim;
	case LS_ATIME:
		return &st->st_atim;
	case LS_BTIME:
		return &st->st_birthtim;
	default:
		return &st->st_mtim;
	}
}

static bool
matches(const struct ls_pattern *list, const char *name)
{
	for (; list != NULL; list = list->next) {
		if (fnmatch(list->text, name, FNM_PERIOD) == 0)
			return true;
	}
	return false;
}

static bool
is_dot_or_dotdot(const char *name)
{
	return name[0] == '.' &&
	    (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static bool
is_ignored(const struct ls_options *opt, const char *name)
{
	if (name[0] == '.' && opt->hidden != LS_ALL &&
	    (opt->hidden == LS_HIDE_DOTS || is_dot_or_dotdot(name)))
		return true;
	if (opt->hide != NULL && opt->hidden == LS_HIDE_DOTS &&
	    matches(opt->hide, name))
		return true;
	return opt->ignore != NULL && matches(opt->ignore, name);
}

/* ---- one file ------------------------------------------------------------------ */

/* A symlink's target, in the arena; NULL and a message. */
static const char *
read_target(struct fsu *f, struct ls_listing *l, int dirfd, const char *name,
    const char *path)
{
	char buf[RUMP_PATH_MAX];
	int64_t n = rump_sys_readlinkat(dirfd, name, buf, sizeof(buf));

	if (n < 0) {
		fsu_errorf(f, "cannot read symbolic link %s: %s",
		    fsu_quote_msg(path), fsu_strerror((int)n));
		return NULL;
	}
	return fsu_arena_strndup(&l->arena, buf, (size_t)n);
}

/* Not for symlinks: path is one only where it is followed. */
static bool
has_acl(const char *path, uint8_t type)
{
	if (rump_sys_getxattr(path, ACL_ACCESS, NULL, 0) > ACL_TRIVIAL)
		return true;
	return type == RUMP_DT_DIR &&
	    rump_sys_getxattr(path, ACL_DEFAULT, NULL, 0) >= ACL_TRIVIAL;
}

static struct ls_file *
new_file(struct ls_listing *l, const char *name, size_t len)
{
	struct ls_file *file = fsu_arena_alloc(&l->arena, sizeof(*file));

	*file = (struct ls_file){.name = name, .name_len = (uint32_t)len};
	if (l->n == l->cap) {
		l->cap = l->cap != 0 ? l->cap * 2 : 128;
		l->files = fsu_realloc(l->files, l->cap * sizeof(*l->files));
	}
	l->files[l->n++] = file;
	return file;
}

/* dir joined with name, for messages and calls that take a path. */
static const char *
full_path(char *buf, size_t size, const char *dir, const char *name)
{
	size_t dlen = dir != NULL ? strlen(dir) : 0, nlen = strlen(name);

	if (dlen == 0 || strcmp(dir, ".") == 0 || dlen + nlen + 2 > size)
		return name;
	memcpy(buf, dir, dlen);
	if (buf[dlen - 1] != '/')
		buf[dlen++] = '/';
	memcpy(buf + dlen, name, nlen + 1);
	return buf;
}

/*
 * What follows from a file's attributes.  dir, dirfd: where it is; a name is
 * looked up there.
 */
static int
complete(struct fsu *f, const struct ls_options *opt, struct ls_listing *l,
    struct ls_file *file, int dirfd, const char *dir)
{
	bool link = file->type == RUMP_DT_LNK;
	bool long_format = opt->format == LS_LONG || opt->format == LS_JSON;
	char buf[RUMP_PATH_MAX + RUMP_NAME_MAX + 2];
	int status = FSU_OK;

	if (file->stat_ok && (opt->want_acl || opt->want_caps) && !link &&
	    (file->st->st_hints & RUMP_STH_NOXATTR) == 0) {
		const char *path = full_path(buf, sizeof(buf), dir, file->name);

		if (opt->want_acl)
			file->acl = has_acl(path, file->type);
		l->any_acl = l->any_acl || file->acl;
		if (opt->want_caps && file->type == RUMP_DT_REG)
			file->caps = rump_sys_getxattr(path,
					 "security.capability", NULL, 0) > 0;
	}
	if (link && file->stat_ok && (long_format || opt->check_targets)) {
		const char *path = full_path(buf, sizeof(buf), dir, file->name);

		file->target = read_target(f, l, dirfd, file->name, path);
		if (file->target == NULL)
			status = FSU_FAIL;
	}
	if (file->target != NULL &&
	    (opt->check_targets || opt->mark >= LS_FILE_TYPE)) {
		struct rump_stat st;

		if (rump_sys_fstatat(dirfd, file->name, &st, 0) == 0) {
			file->target_ok = true;
			file->target_mode = st.st_mode;
		}
	}
	if (opt->align_quotes && !fsu_quote_plain(file->name, file->name_len)) {
		static struct fsu_quoted q;
		struct fsu_quoting style = opt->quoting;

		style.qmark = false;
		fsu_quote(&q, file->name, file->name_len, &style);
		file->quoted = q.changed;
		l->any_quoted = l->any_quoted || q.changed;
	}
	ls_measure(opt, l, file);
	return status;
}

static void
set_stat(struct ls_file *file, const struct rump_stat *st)
{
	file->st = st;
	file->stat_ok = true;
	file->type = (uint8_t)((st->st_mode & RUMP_S_IFMT) >> 12);
}

/* ---- operands ------------------------------------------------------------------- */

static int
cannot_access(struct fsu *f, const char *path, int error)
{
	fsu_errorf(f, "cannot access %s: %s", fsu_quote_msg(path),
	    fsu_strerror(error));
	return FSU_FAIL;
}

/* An operand's attributes, following symlinks as the options say. */
static int
stat_operand(
    const struct ls_options *opt, const char *path, struct rump_stat *st)
{
	int error;

	if (opt->follow == LS_FOLLOW_NEVER)
		return rump_sys_lstat(path, st);
	error = rump_sys_stat(path, st);
	if (opt->follow != LS_FOLLOW_OPERAND_DIRS)
		return error;
	if (error < 0 ? error == -RUMP_ENOENT
		      : (st->st_mode & RUMP_S_IFMT) != RUMP_S_IFDIR)
		return rump_sys_lstat(path, st);
	return error;
}

int
ls_add_operand(struct fsu *f, const struct ls_options *opt,
    struct ls_listing *l, const char *path)
{
	struct rump_stat *st = fsu_arena_alloc(&l->arena, sizeof(*st));
	int error = stat_operand(opt, path, st);
	struct ls_file *file;

	if (error < 0)
		return cannot_access(f, path, error);
	file = new_file(l, path, strlen(path));
	set_stat(file, st);
	file->operand_dir = file->type == RUMP_DT_DIR && !opt->dirs_as_files;
	return complete(f, opt, l, file, RUMP_AT_FDCWD, NULL);
}

/* ---- directories ----------------------------------------------------------------- */

static int
cannot_read(struct fsu *f, const char *dir, int error)
{
	fsu_errorf(f, "reading directory %s: %s", fsu_quote_msg(dir),
	    fsu_strerror(error));
	return FSU_FAIL;
}

static int
add_entry(struct fsu *f, const struct ls_options *opt, struct ls_listing *l,
    const struct rump_direntplus *d, int fd, const char *dir)
{
	struct ls_file *file;
	const char *name = d->d_ent.d_name;
	const struct rump_stat *st = &d->d_stat;
	int error = -d->d_error, status = FSU_OK;

	if (name[0] == '\0')
		return cannot_read(f, dir, error); /* damaged: it has none */
	if (is_ignored(opt, name))
		return FSU_OK;
	file = new_file(l, name, d->d_ent.d_namlen);
	file->type = d->d_ent.d_type;
	if (error == 0 && opt->follow_entries &&
	    (st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK) {
		struct rump_stat *to = fsu_arena_alloc(&l->arena, sizeof(*to));

		error = rump_sys_fstatat(fd, name, to, 0);
		st = to;
	}
	if (error == 0) {
		set_stat(file, st);
	} else {
		char buf[RUMP_PATH_MAX + RUMP_NAME_MAX + 2];

		status = cannot_access(
		    f, full_path(buf, sizeof(buf), dir, name), error);
	}
	if (complete(f, opt, l, file, fd, dir) != FSU_OK)
		status = FSU_FAIL;
	return status;
}

int
ls_add_directory(struct fsu *f, const struct ls_options *opt,
    struct ls_listing *l, int fd, const char *path)
{
	int status = FSU_OK;

	for (;;) {
		int64_t n;
		char *p;

		if (l->dents_left < DENTS_MIN) {
			l->dents = fsu_arena_alloc(&l->arena, DENTS_SIZE);
			l->dents_left = DENTS_SIZE;
		}
		n = rump_sys_getdents_plus(fd, l->dents, l->dents_left);
		if (n < 0)
			return cannot_read(f, path, (int)n);
		if (n == 0)
			return status;
		p = l->dents;
		l->dents += n;
		l->dents_left -= (size_t)n;
		while (p < l->dents) {
			struct rump_direntplus *d = (void *)p;

			p += d->d_reclen;
			if (add_entry(f, opt, l, d, fd, path) != FSU_OK)
				status = FSU_FAIL;
		}
		if (fsu_interrupted())
			return FSU_FAIL;
	}
}
