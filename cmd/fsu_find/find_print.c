/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_find's -print, -print0, -ls and -json, and their -f forms, which print to a
 * file of the host.  (-printf has find_printf.c.)
 */
#include <stdlib.h>
#include <string.h>

#include "find.h"

/* -fprint FILE .. -ls: where it goes */
int
find_parse_output(struct find_parser *p, struct find_node *n)
{
	n->output = &p->s->standard;
	if (n->primary->name[0] != 'f')
		return FSU_OK;
	n->arg = find_argument(p, n);
	if (n->arg == NULL)
		return FSU_USAGE;
	n->output = find_output_get(p, n->arg);
	return FSU_OK;
}

void
find_put_name(
    struct find_ctx *c, struct find_output *o, const char *s, size_t len)
{
	static const struct fsu_quoting onscreen = {
	    .style = FSU_QUOTE_LITERAL, .qmark = true};

	if (!o->tty) {
		fsu_out_mem(o->out, s, len);
		return;
	}
	fsu_quote(&c->quoted, s, len, &onscreen);
	fsu_out_mem(o->out, c->quoted.text, c->quoted.len);
}

bool
find_do_print(struct find_ctx *c, struct find_node *n)
{
	find_put_name(c, n->output, c->path, c->pathlen);
	fsu_out_char(n->output->out, '\n');
	return true;
}

bool
find_do_print0(struct find_ctx *c, struct find_node *n)
{
	fsu_out_mem(n->output->out, c->path, c->pathlen + 1);
	return true;
}

bool
find_do_json(struct find_ctx *c, struct find_node *n)
{
	char target[RUMP_PATH_MAX], *name;
	struct fsu_json j;
	const char *base;
	size_t len;
	bool link;

	link = (c->st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK &&
	    find_readlink(c, target) >= 0;
	base = find_basename(c->path, c->pathlen, &len);
	name = fsu_strndup(base, len);
	fsu_json_begin(&j, n->output->out);
	fsu_json_stat(&j, c->path, name, c->st, link ? target : NULL);
	fsu_json_end(&j);
	free(name);
	return true;
}

/* ---- -ls --------------------------------------------------------------------------------- */

/* A name so that a line is one: all but plain ASCII is escaped. */
static void
put_escaped(struct fsu_out *o, const char *s)
{
	static const char plain[] = "\b\f\n\r\t", letters[] = "bfnrt";
	const char *at;
	unsigned char ch;

	for (; *s != '\0'; s++) {
		ch = (unsigned char)*s;
		at = strchr(plain, ch);
		if (at != NULL) {
			fsu_out_char(o, '\\');
			fsu_out_char(o, letters[at - plain]);
		} else if (ch == '\\' || ch == '"' || ch == ' ') {
			fsu_out_char(o, '\\');
			fsu_out_char(o, *s);
		} else if (ch < ' ' || ch > '~') {
			fsu_out_char(o, '\\');
			fsu_out_char(o, (char)('0' + (ch >> 6)));
			fsu_out_char(o, (char)('0' + (ch >> 3 & 7)));
			fsu_out_char(o, (char)('0' + (ch & 7)));
		} else
			fsu_out_char(o, *s);
	}
}

/* A number at the right of its column and a blank; the column grows. */
static void
put_number(struct fsu_out *o, uint64_t v, int *width, const char *after)
{
	unsigned w = fsu_u64_width(v);

	if ((int)w > *width)
		*width = (int)w;
	fsu_out_pad(o, ' ', (size_t)*width - w);
	fsu_out_u64(o, v);
	fsu_out_str(o, after);
}

static void
put_owner(struct fsu_out *o, const char *name, uint32_t id, int *width)
{
	char number[16];
	size_t w;

	if (name == NULL) {
		snprintf(number, sizeof(number), "%u", id);
		name = number;
	}
	w = fsu_text_width(name, strlen(name));
	if ((int)w > *width)
		*width = (int)w;
	fsu_out_str(o, name);
	fsu_out_pad(o, ' ', (size_t)*width - w + 1);
}

/* Half a year ago, or more than an hour ahead: the year instead of the time. */
static void
put_date(
    const struct find_ctx *c, struct fsu_out *o, const struct rump_timespec *ts)
{
	int64_t now = c->s->opt.start_sec;
	bool recent = ts->tv_sec >= now - 6 * 30 * 86400LL &&
	    ts->tv_sec <= now + 3600;
	char buf[FSU_TIME_CHARS];
	size_t len;

	len = fsu_time_format(buf, sizeof(buf),
	    recent ? "%b %e %H:%M" : "%b %e  %Y", ts->tv_sec,
	    (uint32_t)ts->tv_nsec);
	fsu_out_mem(o, buf, len);
	fsu_out_char(o, ' ');
}

bool
find_do_ls(struct find_ctx *c, struct find_node *n)
{
	const struct rump_stat *st = c->st;
	uint32_t type = st->st_mode & RUMP_S_IFMT;
	struct fsu_out *o = n->output->out;
	char mode[11], target[RUMP_PATH_MAX];
	bool posix = getenv("POSIXLY_CORRECT") != NULL;

	put_number(o, st->st_ino, &c->w_ino, " ");
	put_number(o, posix ? st->st_blocks : (st->st_blocks + 1) / 2,
	    &c->w_blocks, " ");
	fsu_modestr(st->st_mode, mode);
	fsu_out_str(o, mode);
	fsu_out_char(o, ' ');
	put_number(o, st->st_nlink, &c->w_nlink, " ");
	put_owner(o, fsu_user_name(st->st_uid), st->st_uid, &c->w_user);
	put_owner(o, fsu_group_name(st->st_gid), st->st_gid, &c->w_group);
	if (type == RUMP_S_IFCHR || type == RUMP_S_IFBLK) {
		put_number(o, RUMP_MAJOR(st->st_rdev), &c->w_major, ", ");
		put_number(o, RUMP_MINOR(st->st_rdev), &c->w_minor, " ");
	} else
		put_number(o, st->st_size, &c->w_size, " ");
	put_date(c, o, &st->st_mtim);
	put_escaped(o, c->path);
	if (type == RUMP_S_IFLNK && find_readlink(c, target) >= 0) {
		fsu_out_str(o, " -> ");
		put_escaped(o, target);
	}
	fsu_out_char(o, '\n');
	return true;
}
