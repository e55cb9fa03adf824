/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A listing in each of the formats.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ls.h"

/* Inode and blocks. */
void
ls_put_front(const struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file)
{
	bool narrow = opt->format == LS_COMMAS;
	char buf[FSU_SIZE_CHARS];
	size_t len;

	if (opt->inode) {
		len = file->stat_ok ? (size_t)snprintf(buf, sizeof(buf), "%llu",
					  (unsigned long long)file->st->st_ino)
				    : (size_t)sprintf(buf, "?");
		ls_put_right(buf, len, narrow ? 0 : l->w_inode);
		fsu_out_char(&fsu_stdout, ' ');
	}
	if (opt->blocks) {
		len = file->stat_ok ? fsu_size_format(buf, file->st->st_blocks,
					  512, &opt->block_unit)
				    : (size_t)sprintf(buf, "?");
		ls_put_right(buf, len, narrow ? 0 : l->w_blocks);
		fsu_out_char(&fsu_stdout, ' ');
	}
}

/* How wide they are, with the name and its mark. */
static size_t
whole_width(const struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file)
{
	bool narrow = opt->format == LS_COMMAS;
	char buf[FSU_SIZE_CHARS];
	size_t width = ls_name_width(opt, l, file);

	if (opt->inode)
		width += 1 +
		    (!narrow		    ? l->w_inode
			    : file->stat_ok ? fsu_u64_width(file->st->st_ino)
					    : 1);
	if (opt->blocks)
		width += 1 +
		    (!narrow ? l->w_blocks
			    : file->stat_ok
			    ? fsu_size_format(buf, file->st->st_blocks, 512,
				  &opt->block_unit)
			    : 1);
	if (opt->mark != LS_NO_MARK && ls_mark(opt, ls_mode_of(file)) != '\0')
		width++;
	return width;
}

/* A name with all that goes with it, outside of -l. */
static void
put_file(const struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file, size_t column)
{
	char mark;

	ls_normal_color(opt);
	ls_put_front(opt, l, file);
	ls_put_name(opt, l, file, false, column);
	if (opt->mark == LS_NO_MARK)
		return;
	mark = ls_mark(opt, ls_mode_of(file));
	if (mark != '\0')
		fsu_out_char(&fsu_stdout, mark);
}

/* sep: "a, b" or "a  b", with new lines where the width says so. */
static void
print_separated(
    const struct ls_options *opt, const struct ls_listing *l, char sep)
{
	struct fsu_out *o = &fsu_stdout;
	size_t column = 0;

	for (size_t i = 0; i < l->n; i++) {
		size_t width = opt->line_width != 0
		    ? whole_width(opt, l, l->files[i])
		    : 0;

		if (i != 0) {
			bool fits = opt->line_width == 0 ||
			    column + width + 2 < opt->line_width;

			fsu_out_char(o, sep);
			fsu_out_char(o, fits ? ' ' : opt->eol);
			column = fits ? column + 2 : 0;
		}
		put_file(opt, l, l->files[i], column);
		column += width;
	}
	if (l->n != 0)
		fsu_out_char(o, opt->eol);
}

/* The file of a place in the table; l->n or more: none. */
static size_t
file_at(const struct ls_options *opt, size_t row, size_t column, size_t rows,
    size_t columns)
{
	return opt->format == LS_ACROSS ? row * columns + column
					: column * rows + row;
}

static void
print_columns(const struct ls_options *opt, struct ls_listing *l)
{
	struct fsu_out *o = &fsu_stdout;
	size_t *len = fsu_calloc(l->n + 1, sizeof(*len)), *widths;
	size_t columns, rows;

	for (size_t i = 0; i < l->n; i++)
		len[i] = whole_width(opt, l, l->files[i]);
	columns = fsu_columns(
	    len, l->n, opt->line_width, opt->format == LS_ACROSS, &widths);
	rows = (l->n + columns - 1) / columns;
	for (size_t row = 0; row < rows; row++) {
		size_t at = 0, start = 0, i;

		for (size_t c = 0; c < columns; c++) {
			i = file_at(opt, row, c, rows, columns);
			if (i >= l->n)
				break;
			fsu_out_indent(o, at, start, opt->tabsize);
			put_file(opt, l, l->files[i], start);
			at = start + len[i];
			start += widths[c];
		}
		fsu_out_char(o, opt->eol);
	}
	free(len);
	free(widths);
}

static void
print_json(const struct ls_listing *l, const char *dir)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct ls_file *file = l->files[i];
		const char *slash = strrchr(file->name, '/');
		const char *name = dir == NULL && slash != NULL &&
			slash[1] != '\0'
		    ? slash + 1
		    : file->name;
		char *path = dir != NULL ? fsu_path_join(dir, file->name)
					 : fsu_strdup(file->name);
		struct fsu_json j;

		fsu_json_begin(&j, &fsu_stdout);
		if (file->stat_ok) {
			fsu_json_stat(&j, path, name, file->st, file->target);
		} else {
			fsu_json_str(&j, "path", path);
			fsu_json_str(&j, "name", name);
		}
		fsu_json_end(&j);
		free(path);
	}
}

void
ls_print_total(const struct ls_options *opt, const struct ls_listing *l)
{
	char buf[FSU_SIZE_CHARS];

	if (opt->format == LS_JSON || (opt->format != LS_LONG && !opt->blocks))
		return;
	fsu_out_mem(&fsu_stdout, "total ", 6);
	fsu_out_mem(&fsu_stdout, buf,
	    fsu_size_format(buf, l->total_blocks, 512, &opt->block_unit));
	fsu_out_char(&fsu_stdout, opt->eol);
}

void
ls_print(struct ls_options *opt, struct ls_listing *l, const char *dir)
{
	switch (opt->format) {
	case LS_JSON:
		print_json(l, dir);
		break;
	case LS_COMMAS:
		print_separated(opt, l, ',');
		break;
	case LS_COLUMNS:
	case LS_ACROSS:
		if (l->n == 0)
			break;
		if (opt->line_width == 0)
			print_separated(opt, l, ' ');
		else
			print_columns(opt, l);
		break;
	case LS_LONG:
		for (size_t i = 0; i < l->n; i++) {
			ls_put_long(opt, l, l->files[i]);
			fsu_out_char(&fsu_stdout, opt->eol);
		}
		break;
	case LS_ONE:
		for (size_t i = 0; i < l->n; i++) {
			put_file(opt, l, l->files[i], 0);
			fsu_out_char(&fsu_stdout, opt->eol);
		}
		break;
	}
}
