/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One name on the line: quoted, coloured, with its indicator.  Colours begin with
 * a reset in front of the first, and each name that had one is followed by one.
 */
#include <string.h>

#include "ls.h"

static struct fsu_quoted quoted_name;
static bool color_used;

uint32_t
ls_mode_of(const struct ls_file *file)
{
	return file->stat_ok ? file->st->st_mode : (uint32_t)file->type << 12;
}

char
ls_mark(const struct ls_options *opt, uint32_t mode)
{
	switch (mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		return opt->mark == LS_CLASSIFY && (mode & 0111) != 0 ? '*'
								      : '\0';
	case RUMP_S_IFDIR:
		return '/';
	case RUMP_S_IFLNK:
		return opt->mark == LS_SLASH ? '\0' : '@';
	case RUMP_S_IFIFO:
		return opt->mark == LS_SLASH ? '\0' : '|';
	case RUMP_S_IFSOCK:
		return opt->mark == LS_SLASH ? '\0' : '=';
	default:
		return '\0';
	}
}

/* ---- colours ------------------------------------------------------------------ */

static void
put_seq(const struct fsu_colorseq *seq)
{
	if (seq->s != NULL)
		fsu_out_mem(&fsu_stdout, seq->s, seq->len);
}

static void put_color(
    const struct fsu_colors *c, const struct fsu_colorseq *seq);

/* Back to the terminal's own colour. */
static void
put_end(const struct fsu_colors *c)
{
	if (c->seq[FSU_COLOR_END].s != NULL)
		put_seq(&c->seq[FSU_COLOR_END]);
	else
		put_color(c, &c->seq[FSU_COLOR_RESET]);
}

static void
put_color(const struct fsu_colors *c, const struct fsu_colorseq *seq)
{
	if (!color_used) {
		color_used = true;
		put_end(c);
	}
	put_seq(&c->seq[FSU_COLOR_LEFT]);
	put_seq(seq);
	put_seq(&c->seq[FSU_COLOR_RIGHT]);
}

void
ls_normal_color(const struct ls_options *opt)
{
	if (opt->color && fsu_color_set(&opt->colors, FSU_COLOR_NORM))
		put_color(&opt->colors, &opt->colors.seq[FSU_COLOR_NORM]);
}

void
ls_restore_color(const struct ls_options *opt)
{
	const struct fsu_colorseq *left = &opt->colors.seq[FSU_COLOR_LEFT];
	const struct fsu_colorseq *right = &opt->colors.seq[FSU_COLOR_RIGHT];

	if (color_used &&
	    !(left->len == 2 && memcmp(left->s, "\033[", 2) == 0 &&
		right->len == 1 && right->s[0] == 'm')) {
		put_seq(left);
		put_seq(right);
	}
	color_used = false;
}

static enum fsu_color
color_of_regular(
    const struct fsu_colors *c, const struct ls_file *file, uint32_t mode)
{
	if ((mode & RUMP_S_ISUID) != 0 && fsu_color_set(c, FSU_COLOR_SETUID))
		return FSU_COLOR_SETUID;
	if ((mode & RUMP_S_ISGID) != 0 && fsu_color_set(c, FSU_COLOR_SETGID))
		return FSU_COLOR_SETGID;
	if (file->caps && fsu_color_set(c, FSU_COLOR_CAP))
		return FSU_COLOR_CAP;
	if ((mode & 0111) != 0 && fsu_color_set(c, FSU_COLOR_EXEC))
		return FSU_COLOR_EXEC;
	if (file->st->st_nlink > 1 && fsu_color_set(c, FSU_COLOR_HARDLINK))
		return FSU_COLOR_HARDLINK;
	return FSU_COLOR_FILE;
}

static enum fsu_color
color_of_dir(const struct fsu_colors *c, uint32_t mode)
{
	bool sticky = (mode & RUMP_S_ISVTX) != 0, other = (mode & 0002) != 0;

	if (sticky && other && fsu_color_set(c, FSU_COLOR_STICKY_OTHERWRITE))
		return FSU_COLOR_STICKY_OTHERWRITE;
	if (other && fsu_color_set(c, FSU_COLOR_OTHERWRITE))
		return FSU_COLOR_OTHERWRITE;
	if (sticky && fsu_color_set(c, FSU_COLOR_STICKY))
		return FSU_COLOR_STICKY;
	return FSU_COLOR_DIR;
}

static enum fsu_color
color_of_type(uint32_t mode)
{
	switch (mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		return FSU_COLOR_FILE;
	case RUMP_S_IFDIR:
		return FSU_COLOR_DIR;
	case RUMP_S_IFLNK:
		return FSU_COLOR_LINK;
	case RUMP_S_IFIFO:
		return FSU_COLOR_FIFO;
	case RUMP_S_IFSOCK:
		return FSU_COLOR_SOCK;
	case RUMP_S_IFBLK:
		return FSU_COLOR_BLK;
	case RUMP_S_IFCHR:
		return FSU_COLOR_CHR;
	default:
		return FSU_COLOR_ORPHAN;
	}
}

/* NULL: no colour. */
static const struct fsu_colorseq *
name_color(
    const struct ls_options *opt, const struct ls_file *file, bool target)
{
	const struct fsu_colors *c = &opt->colors;
	const char *name = target ? file->target : file->name;
	bool dangling = target && !file->target_ok;
	uint32_t mode = ls_mode_of(file);
	enum fsu_color kind;

	if (!opt->color)
		return NULL;
	if (target || (c->link_as_target && file->target_ok))
		mode = file->target_mode;
	kind = color_of_type(mode);
	if (dangling && fsu_color_set(c, FSU_COLOR_MISSING))
		kind = FSU_COLOR_MISSING;
	else if (file->stat_ok && kind == FSU_COLOR_FILE)
		kind = color_of_regular(c, file, mode);
	else if (file->stat_ok && kind == FSU_COLOR_DIR)
		kind = color_of_dir(c, mode);
	if (kind == FSU_COLOR_LINK && !file->target_ok && !target &&
	    (c->link_as_target || fsu_color_set(c, FSU_COLOR_ORPHAN)))
		kind = FSU_COLOR_ORPHAN;
	return fsu_color_of(c, kind, name, strlen(name));
}

/* ---- the name -------------------------------------------------------------------- */

/* Does it look the same in every style that has no marks of its own? */
static bool
shown_as_is(const struct ls_options *opt, const char *name, size_t len)
{
	switch (opt->quoting.style) {
	case FSU_QUOTE_LITERAL:
	case FSU_QUOTE_SHELL:
	case FSU_QUOTE_SHELL_ESCAPE:
	case FSU_QUOTE_ESCAPE:
	case FSU_QUOTE_C_MAYBE:
		return fsu_quote_plain(name, len);
	default:
		return false;
	}
}

/* Where a name that needs no quotes is set in, to stand below the others. */
static size_t
quote_indent(
    const struct ls_options *opt, const struct ls_listing *l, bool changed)
{
	return opt->align_quotes && l->any_quoted && !changed ? 1 : 0;
}

static bool
was_changed(const struct ls_options *opt, const struct ls_file *file)
{
	return opt->align_quotes ? file->quoted : quoted_name.changed;
}

size_t
ls_name_width(const struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file)
{
	if (shown_as_is(opt, file->name, file->name_len))
		return file->name_len + quote_indent(opt, l, false);
	fsu_quote(&quoted_name, file->name, file->name_len, &opt->quoting);
	return quoted_name.width + quote_indent(opt, l, was_changed(opt, file));
}

size_t
ls_put_name(const struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file, bool target, size_t column)
{
	const char *name = target ? file->target : file->name;
	size_t len = target ? strlen(name) : file->name_len;
	const struct fsu_colorseq *color = name_color(opt, file, target);
	struct fsu_out *o = &fsu_stdout;
	size_t indent;
	bool changed = false;

	if (!shown_as_is(opt, name, len)) {
		fsu_quote(&quoted_name, name, len, &opt->quoting);
		name = quoted_name.text;
		len = quoted_name.len;
		changed = target || was_changed(opt, file);
	}
	indent = target ? 0 : quote_indent(opt, l, changed);
	if (indent != 0)
		fsu_out_char(o, ' ');
	if (color != NULL) {
		if (fsu_color_set(&opt->colors, FSU_COLOR_NORM)) {
			put_seq(&opt->colors.seq[FSU_COLOR_LEFT]);
			put_seq(&opt->colors.seq[FSU_COLOR_RIGHT]);
		}
		put_color(&opt->colors, color);
	}
	fsu_out_mem(o, name, len);
	if (color != NULL ||
	    (opt->color && fsu_color_set(&opt->colors, FSU_COLOR_NORM))) {
		put_end(&opt->colors);
		if (opt->line_width != 0 &&
		    column / opt->line_width !=
			(column + indent + len - 1) / opt->line_width)
			put_seq(&opt->colors.seq[FSU_COLOR_CLEAR]);
	}
	return indent + len;
}
