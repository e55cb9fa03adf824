/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names in columns: the most columns that fit a line.  A column is as wide as its
 * widest text and two blanks, at least three; a line stays narrower than the
 * terminal.
 */
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

#define MIN_COLUMN 3

/* Do n texts fit in cols columns?  widths gets cols elements. */
static bool
try_columns(const size_t *len, size_t n, size_t line_width, bool across,
    size_t cols, size_t *widths)
{
	size_t rows = (n + cols - 1) / cols, total = cols * MIN_COLUMN;

	for (size_t c = 0; c < cols; c++)
		widths[c] = MIN_COLUMN;
	if (total >= line_width)
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t c = across ? i % cols : i / rows;
		size_t w = len[i] + (c == cols - 1 ? 0 : 2);

		if (w > widths[c]) {
			total += w - widths[c];
			widths[c] = w;
			if (total >= line_width)
				return false;
		}
	}
	return true;
}

size_t
fsu_columns(const size_t *len, size_t n, size_t line_width, bool across,
    size_t **widths)
{
	size_t max = line_width / MIN_COLUMN + (line_width % MIN_COLUMN != 0);
	size_t cols;

	if (max > n)
		max = n;
	if (max == 0)
		max = 1;
	*widths = fsu_calloc(max, sizeof(**widths));
	for (cols = max; cols > 1; cols--) {
		if (try_columns(len, n, line_width, across, cols, *widths))
			return cols;
	}
	(*widths)[0] = MIN_COLUMN;
	for (size_t i = 0; i < n; i++) {
		if (len[i] > (*widths)[0])
			(*widths)[0] = len[i];
	}
	return 1;
}

void
fsu_out_indent(struct fsu_out *o, size_t from, size_t to, size_t tabsize)
{
	while (from < to) {
		if (tabsize != 0 && to / tabsize > (from + 1) / tabsize) {
			fsu_out_char(o, '\t');
			from += tabsize - from % tabsize;
		} else {
			fsu_out_char(o, ' ');
			from++;
		}
	}
}

size_t
fsu_term_width(int fd)
{
	const char *s = getenv("COLUMNS");
	struct winsize ws;

	if (isatty(fd) && ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col != 0)
		return ws.ws_col;
	if (s != NULL && *s != '\0') {
		char *end;
		unsigned long v = strtoul(s, &end, 0);

		if (end != s && *end == '\0' && *s != '-')
			return v == ULONG_MAX ? 0 : v;
		fsu_msg("ignoring invalid width in environment variable "
			"COLUMNS: %s",
		    fsu_quote_msg(s));
	}
	return 80;
}
