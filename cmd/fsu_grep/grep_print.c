/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fsu_grep prints: what stands in front of a line, -o, colours.
 *
 * A line (with -o, a match) that isn't text in the locale is not printed; the file
 * is said to be binary in the end.
 */
#include <string.h>
#include <wchar.h>

#include "grep.h"

#define OUT (&fsu_stdout)

/* ---- colours ------------------------------------------------------------------------ */

static void
color_start(const struct grep_state *g, const char *sgr)
{
	if (!g->color || *sgr == '\0')
		return;
	fsu_out_str(OUT, "\33[");
	fsu_out_str(OUT, sgr);
	fsu_out_str(OUT, g->colors.noclear ? "m" : "m\33[K");
}

static void
color_end(const struct grep_state *g, const char *sgr)
{
	if (g->color && *sgr != '\0')
		fsu_out_str(OUT, g->colors.noclear ? "\33[m" : "\33[m\33[K");
}

void
fsu_grep_put_sep(const struct grep_state *g, char sep)
{
	color_start(g, g->colors.sep);
	fsu_out_char(OUT, sep);
	color_end(g, g->colors.sep);
}

void
fsu_grep_put_name(const struct grep_state *g)
{
	color_start(g, g->colors.file);
	fsu_out_str(OUT, g->name);
	color_end(g, g->colors.file);
}

void
fsu_grep_put_group(const struct grep_state *g)
{
	color_start(g, g->colors.sep);
	fsu_out_str(OUT, g->separator);
	color_end(g, g->colors.sep);
	fsu_out_char(OUT, '\n');
}

/* ---- text or not ------------------------------------------------------------------------ */

/* Is all of it characters of the locale? */
static bool
is_text(const char *p, size_t len)
{
	const char *end = p + len;
	mbstate_t mbs = {0};
	uint64_t word;
	size_t n;

	if (!fsu_locale_multibyte)
		return true;
	while (p < end) {
		if (end - p >= 8) {
			memcpy(&word, p, sizeof(word));
			if ((word & 0x8080808080808080u) == 0) {
				p += 8;
				continue;
			}
		}
		if ((unsigned char)*p < 0x80) {
			p++;
			continue;
		}
		n = mbrlen(p, (size_t)(end - p), &mbs);
		if (n == (size_t)-1 || n == (size_t)-2)
			return false;
		p += n == 0 ? 1 : n;
	}
	return true;
}

/* ---- lines -------------------------------------------------------------------------------- */

static void
put_number(const struct grep_state *g, uint64_t n, const char *sgr, char sep)
{
	color_start(g, sgr);
	fsu_out_u64(OUT, n);
	color_end(g, sgr);
	fsu_grep_put_sep(g, sep);
}

/* Count lines up to lim. */
static void
count_lines(struct grep_state *g, const char *lim)
{
	const char *p = g->lastnl;

	while (p < lim) {
		p = memchr(p, g->m.eol, (size_t)(lim - p));
		if (p == NULL)
			break;
		g->total_nl++;
		p++;
	}
	g->lastnl = lim;
}

/* What stands in front of [beg, beg + len) of the line that ends at lim; false: it
 * can't be shown. */
static bool
put_head(struct grep_state *g, const char *beg, size_t len, const char *lim,
    char sep)
{
	if (g->binary != GREP_TEXT && !is_text(beg, len)) {
		g->undecodable = true;
		return false;
	}
	if (g->show_name) {
		fsu_grep_put_name(g);
		if (g->nulname)
			fsu_out_char(OUT, '\0');
		else
			fsu_grep_put_sep(g, sep);
	}
	if (g->number) {
		if (g->lastnl < lim) {
			count_lines(g, beg);
			g->total_nl++;
			g->lastnl = lim;
		}
		put_number(g, g->total_nl, g->colors.line, sep);
	}
	if (g->offset)
		put_number(g, g->total_bytes + (uint64_t)(beg - g->bufbeg),
		    g->colors.byte, sep);
	return true;
}

/* The matches of a line, and with colours what is between them.  Returns what is
 * left of the line; NULL: it can't be shown. */
static const char *
put_matches(struct grep_state *g, const char *beg, const char *lim,
    const char *line_sgr, const char *match_sgr)
{
	const char *cur, *at, *mid = NULL;
	size_t len;

	for (cur = beg; cur < lim; cur = at + len) {
		at = fsu_grep_match(&g->m, beg, lim - 1, cur, &len);
		if (at == NULL || at == lim - 1)
			break;
		if (len == 0) {
			/* Others may follow that aren't empty. */
			len = 1;
			if (mid == NULL)
				mid = cur;
			continue;
		}
		if (g->only) {
			if (!put_head(g, at, len, lim,
				g->invert ? GREP_REJECTED : GREP_SELECTED))
				return NULL;
		} else {
			color_start(g, line_sgr);
			if (mid != NULL)
				cur = mid;
			mid = NULL;
			fsu_out_mem(OUT, cur, (size_t)(at - cur));
		}
		color_start(g, match_sgr);
		fsu_out_mem(OUT, at, len);
		color_end(g, match_sgr);
		if (g->only)
			fsu_out_char(OUT, g->m.eol);
	}
	if (g->only)
		return lim;
	return mid != NULL ? mid : cur;
}

void
fsu_grep_put_line(
    struct grep_state *g, const char *beg, const char *lim, char sep)
{
	const char *line_sgr = "", *match_sgr = "", *tail;
	bool matching = (sep == GREP_SELECTED) != g->invert;

	if (!g->only && !put_head(g, beg, (size_t)(lim - beg) - 1, lim, sep))
		return;
	if (g->color) {
		line_sgr = (sep == GREP_SELECTED) !=
			(g->invert && g->colors.reverse)
		    ? g->colors.sline
		    : g->colors.cline;
		match_sgr = sep == GREP_SELECTED ? g->colors.selected
						 : g->colors.context;
	}
	if (matching && (g->only || *match_sgr != '\0')) {
		beg = put_matches(g, beg, lim, line_sgr, match_sgr);
		if (beg == NULL)
			return;
	}
	if (!g->only && *line_sgr != '\0' && beg < lim) {
		tail = lim - 1;
		if (tail > beg && tail[-1] == '\r')
			tail--;
		if (tail > beg) {
			color_start(g, line_sgr);
			fsu_out_mem(OUT, beg, (size_t)(tail - beg));
			color_end(g, line_sgr);
			beg = tail;
		}
	}
	if (!g->only && lim > beg)
		fsu_out_mem(OUT, beg, (size_t)(lim - beg));
	g->lastout = lim;
}
