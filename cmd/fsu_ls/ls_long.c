/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line of -l.  Widths of fields were measured when the files were gathered.
 * Names of owners are kept for as long as the id stays the same from file to file.
 */
#include <stdio.h>
#include <string.h>

#include "ls.h"

struct owner {
	bool valid;
	uint32_t id;
	const char *name; /* NULL: shown as a number */
	size_t len, width;
};
static struct owner last_user, last_group;

void
ls_forget_owners(void)
{
	last_user.valid = last_group.valid = false;
}

static const struct owner *
find_owner(struct owner *last, uint32_t id, const char *(*lookup)(uint32_t))
{
	if (!last->valid || last->id != id) {
		last->valid = true;
		last->id = id;
		last->name = lookup(id);
		last->len = last->name != NULL ? strlen(last->name) : 0;
		last->width = last->name != NULL
		    ? fsu_text_width(last->name, last->len)
		    : fsu_u64_width(id);
	}
	return last;
}

static const char *
no_name(uint32_t id)
{
	(void)id;
	return NULL;
}

static const struct owner *
user_of(const struct ls_options *opt, uint32_t uid)
{
	return find_owner(
	    &last_user, uid, opt->numeric ? no_name : fsu_user_name);
}

static const struct owner *
group_of(const struct ls_options *opt, uint32_t gid)
{
	return find_owner(
	    &last_group, gid, opt->numeric ? no_name : fsu_group_name);
}

static bool
is_device(uint32_t mode)
{
	uint32_t type = mode & RUMP_S_IFMT;

	return type == RUMP_S_IFCHR || type == RUMP_S_IFBLK;
}

static bool
plain_bytes(const struct fsu_blocksize *bs)
{
	return bs->unit == 1 && bs->flags == 0;
}

static void
widen(size_t *width, size_t w)
{
	if (w > *width)
		*width = w;
}

/* ---- measuring ----------------------------------------------------------------- */

static size_t
size_width(const struct ls_options *opt, uint64_t size)
{
	char buf[FSU_SIZE_CHARS];

	if (plain_bytes(&opt->size_unit))
		return fsu_u64_width(size);
	return fsu_size_format(buf, size, 1, &opt->size_unit);
}

static void
measure_long(const struct ls_options *opt, struct ls_listing *l,
    const struct rump_stat *st)
{
	char buf[256];

	widen(&l->w_nlink, fsu_u64_width(st->st_nlink));
	if (opt->owner)
		widen(&l->w_owner, user_of(opt, st->st_uid)->width);
	if (opt->group)
		widen(&l->w_group, group_of(opt, st->st_gid)->width);
	if (opt->author)
		widen(&l->w_author, user_of(opt, st->st_uid)->width);
	if (opt->flags)
		widen(&l->w_flags, fsu_flagstr(st->st_flags, buf, sizeof(buf)));
	if (is_device(st->st_mode)) {
		widen(&l->w_major, fsu_u64_width(RUMP_MAJOR(st->st_rdev)));
		widen(&l->w_minor, fsu_u64_width(RUMP_MINOR(st->st_rdev)));
		widen(&l->w_size, l->w_major + 2 + l->w_minor);
	} else {
		widen(&l->w_size, size_width(opt, st->st_size));
	}
}

void
ls_measure(const struct ls_options *opt, struct ls_listing *l,
    const struct ls_file *file)
{
	char buf[FSU_SIZE_CHARS];

	if (!file->stat_ok)
		return;
	l->total_blocks += file->st->st_blocks;
	if (opt->inode)
		widen(&l->w_inode, fsu_u64_width(file->st->st_ino));
	if (opt->blocks)
		widen(&l->w_blocks,
		    fsu_size_format(
			buf, file->st->st_blocks, 512, &opt->block_unit));
	if (opt->format == LS_LONG)
		measure_long(opt, l, file->st);
}

/* ---- printing --------------------------------------------------------------------- */

void
ls_put_right(const char *s, size_t len, size_t width)
{
	if (len < width)
		fsu_out_pad(&fsu_stdout, ' ', width - len);
	fsu_out_mem(&fsu_stdout, s, len);
}

static void
put_number(uint64_t v, size_t width)
{
	char buf[FSU_U64_CHARS], *end = buf + sizeof(buf),
				 *p = fsu_u64_end(end, v);

	ls_put_right(p, (size_t)(end - p), width);
}

static void
put_mode(const struct ls_listing *l, const struct ls_file *file)
{
	static const char letters[16] = "?pc?d?b?-?l?s???";
	char buf[12];
	size_t len = 10;

	if (file->stat_ok) {
		fsu_modestr(file->st->st_mode, buf);
	} else {
		memset(buf, '?', 10);
		buf[0] = letters[file->type & 15];
	}
	if (l->any_acl)
		buf[len++] = !file->stat_ok ? '?' : file->acl ? '+' : ' ';
	buf[len++] = ' ';
	fsu_out_mem(&fsu_stdout, buf, len);
}

/* A name to the left, a number to the right, "?" where nothing is known. */
static void
put_owner(const struct owner *o, size_t width)
{
	if (o != NULL && o->name == NULL) {
		put_number(o->id, width);
	} else {
		size_t w = o != NULL ? o->width : 1;

		fsu_out_mem(&fsu_stdout, o != NULL ? o->name : "?",
		    o != NULL ? o->len : 1);
		if (w < width)
			fsu_out_pad(&fsu_stdout, ' ', width - w);
	}
	fsu_out_char(&fsu_stdout, ' ');
}

static void
put_owners(const struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file)
{
	const struct rump_stat *st = file->st;
	bool known = file->stat_ok;

	if (opt->owner)
		put_owner(known ? user_of(opt, st->st_uid) : NULL, l->w_owner);
	if (opt->group)
		put_owner(known ? group_of(opt, st->st_gid) : NULL, l->w_group);
	if (opt->author)
		put_owner(known ? user_of(opt, st->st_uid) : NULL, l->w_author);
	if (opt->flags) {
		char buf[256] = "?";
		size_t len = known ? fsu_flagstr(st->st_flags, buf, sizeof(buf))
				   : 1;

		fsu_out_mem(&fsu_stdout, buf, len);
		fsu_out_pad(&fsu_stdout, ' ',
		    len < l->w_flags ? l->w_flags - len + 1 : 1);
	}
}

static void
put_size(const struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file)
{
	const struct rump_stat *st = file->st;
	struct fsu_out *o = &fsu_stdout;

	if (!file->stat_ok) {
		ls_put_right("?", 1, l->w_size);
	} else if (is_device(st->st_mode)) {
		size_t both = l->w_major + 2 + l->w_minor;
		size_t gap = l->w_size > both ? l->w_size - both : 0;

		put_number(RUMP_MAJOR(st->st_rdev), l->w_major + gap);
		fsu_out_mem(o, ", ", 2);
		put_number(RUMP_MINOR(st->st_rdev), l->w_minor);
	} else if (plain_bytes(&opt->size_unit)) {
		put_number(st->st_size, l->w_size);
	} else {
		char buf[FSU_SIZE_CHARS];

		ls_put_right(buf,
		    fsu_size_format(buf, st->st_size, 1, &opt->size_unit),
		    l->w_size);
	}
	fsu_out_char(o, ' ');
}

static void
put_time(struct ls_options *opt, const struct ls_file *file)
{
	char buf[1024];
	const struct rump_timespec *ts = file->stat_ok
	    ? ls_time_of(opt, file->st)
	    : NULL;

	if (ts != NULL && ts->tv_nsec != RUMP_UTIME_OMIT) {
		bool told;
		size_t len = fsu_timestyle_format(&opt->time_style, buf,
		    sizeof(buf), ts->tv_sec, (uint32_t)ts->tv_nsec, &told);

		if (told) {
			fsu_out_mem(&fsu_stdout, buf, len);
			fsu_out_char(&fsu_stdout, ' ');
			return;
		}
		snprintf(buf, sizeof(buf), "%lld", (long long)ts->tv_sec);
	} else {
		strcpy(buf, "?");
	}
	if (opt->time_width == 0) {
		char epoch[1024];
		bool told;

		opt->time_width = fsu_timestyle_format(
		    &opt->time_style, epoch, sizeof(epoch), 0, 0, &told);
		opt->time_width = fsu_text_width(epoch, opt->time_width);
	}
	ls_put_right(buf, strlen(buf), opt->time_width);
	fsu_out_char(&fsu_stdout, ' ');
}

void
ls_put_long(struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file)
{
	struct fsu_out *o = &fsu_stdout;
	uint64_t start = o->flushed + o->len;
	size_t column;
	uint32_t mode;

	ls_normal_color(opt);
	ls_put_front(opt, l, file);
	put_mode(l, file);
	if (file->stat_ok)
		put_number(file->st->st_nlink, l->w_nlink);
	else
		ls_put_right("?", 1, l->w_nlink);
	fsu_out_char(o, ' ');
	if (opt->owner || opt->group || opt->author || opt->flags) {
		put_owners(opt, l, file);
		start = o->flushed + o->len;
	}
	put_size(opt, l, file);
	put_time(opt, file);
	/* Where GNU's ls takes the name to begin: it doesn't count the owners and
	 * what is in front of them. */
	column = (size_t)(o->flushed + o->len - start);
	column += ls_put_name(opt, l, file, false, column);
	mode = ls_mode_of(file);
	if (file->type == RUMP_DT_LNK) {
		if (file->target == NULL)
			return;
		fsu_out_mem(o, " -> ", 4);
		ls_put_name(opt, l, file, true, column + 4);
		mode = file->target_mode;
	}
	if (opt->mark != LS_NO_MARK && ls_mark(opt, mode) != '\0')
		fsu_out_char(o, ls_mark(opt, mode));
}
