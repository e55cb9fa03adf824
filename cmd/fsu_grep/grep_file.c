/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One file through the buffer: which of its lines are output.
 *
 *	mem .. | kept: context, the begin of a line | read now | room
 *	        ^bufbeg                                       ^buflim
 *
 * The byte in front of bufbeg is an end of line.  Whole lines are searched, what is
 * left behind the last one waits for the next read, as do lines that may become
 * leading context.  Reads are of the sizes that GNU grep's are, since a NUL makes a
 * file binary from the buffer on in which it stands.
 */
#include <stdlib.h>
#include <string.h>

#include "grep.h"

#define PAGE	       4096
#define READ_BYTES     (96u << 10)
#define LINE_MAX_BYTES (512u << 20) /* a line, and what is kept with it */

/* ---- the buffer ----------------------------------------------------------------------- */

static char *
align_up(char *p)
{
	return (char *)(((uintptr_t)p + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
}

static void
buffer_start(struct grep_state *g)
{
	if (g->mem == NULL) {
		g->alloc = READ_BYTES + PAGE;
		g->mem = aligned_alloc(PAGE, g->alloc + PAGE);
		if (g->mem == NULL)
			g->mem = fsu_realloc(NULL, SIZE_MAX);
	}
	g->bufbeg = g->buflim = g->mem + PAGE;
	g->bufbeg[-1] = g->m.eol;
}

/* Keep the last save bytes and read behind them.  Bytes read, or minus an error
 * number. */
static int64_t
fill(struct grep_state *g, size_t save)
{
	char *old = g->mem, *kept = g->buflim - save, *to;
	size_t alloc;
	int64_t n;

	if (g->got == g->size && g->size != 0) {
		g->bufbeg = kept;
		return 0; /* read to its known end: not asked again */
	}
	if (save > LINE_MAX_BYTES)
		return -RUMP_E2BIG;
	for (alloc = g->alloc; alloc < save + 2 * PAGE; alloc *= 2)
		continue;
	if (alloc != g->alloc) {
		g->mem = aligned_alloc(PAGE, alloc + PAGE);
		if (g->mem == NULL) {
			g->mem = old;
			return -RUMP_ENOMEM;
		}
		g->alloc = alloc;
	}
	to = align_up(g->mem + 1 + save);
	memmove(to - save, kept, save);
	if (g->mem != old)
		free(old);
	g->bufbeg = to - save;
	g->bufbeg[-1] = g->m.eol;
	g->buflim = to;
	/* One byte stays for an end of line that the file hasn't. */
	n = rump_sys_read(
	    g->fd, to, (uint64_t)(g->mem + g->alloc - to) / PAGE * PAGE);
	if (n > 0) {
		g->buflim += n;
		g->got += (uint64_t)n;
	}
	return n;
}

/* ---- which lines --------------------------------------------------------------------------- */

static void
print_pending(struct grep_state *g, const char *lim)
{
	const char *p, *nl;

	if (g->lastout == NULL)
		g->lastout = g->bufbeg;
	for (; g->pending > 0 && g->lastout < lim; g->pending--) {
		p = g->lastout;
		nl = memchr(p, g->m.eol, (size_t)(lim - p));
		/* Where it can't be shown, lastout stays and so does this. */
		fsu_grep_put_line(g, p, nl + 1, GREP_REJECTED);
	}
}

/* The begin of the line that ends in front of p. */
static const char *
line_before(const struct grep_state *g, const char *p)
{
	do
		p--;
	while (p[-1] != g->m.eol);
	return p;
}

static void
leading_context(struct grep_state *g, const char *beg)
{
	const char *floor, *p = beg, *nl;
	int64_t i;

	floor = g->lastout != NULL ? g->lastout : g->bufbeg;
	for (i = 0; i < g->before && p > floor; i++)
		p = line_before(g, p);
	if ((g->before >= 0 || g->after >= 0) && g->used && p != g->lastout &&
	    g->separator != NULL)
		fsu_grep_put_group(g);
	for (; p < beg; p = nl) {
		nl = (const char *)memchr(p, g->m.eol, (size_t)(beg - p)) + 1;
		fsu_grep_put_line(g, p, nl, GREP_REJECTED);
	}
}

/* Selected lines: one, or with -v as many as are between two that match. */
static void
print_selected(struct grep_state *g, const char *beg, const char *lim)
{
	const char *p = beg, *nl;

	if (!g->out_quiet && g->pending > 0)
		print_pending(g, beg);
	if (!g->out_quiet)
		leading_context(g, beg);
	for (; p < lim && g->outleft != 0; p = nl) {
		nl = (const char *)memchr(p, g->m.eol, (size_t)(lim - p)) + 1;
		if (!g->out_quiet)
			fsu_grep_put_line(g, p, nl, GREP_SELECTED);
		g->outleft--;
	}
	g->pending = g->out_quiet || g->after < 0 ? 0 : g->after;
	g->used = true;
}

/* Whole lines; how many were selected. */
static int64_t
search_lines(struct grep_state *g, const char *beg, const char *lim)
{
	int64_t before = g->outleft;
	const char *p, *b, *e;

	fsu_grep_restart(&g->m);
	for (p = beg; p < lim; p = e) {
		b = fsu_grep_line(&g->m, p, lim, &e);
		if (b == NULL) {
			if (!g->invert)
				break;
			b = e = lim;
		}
		if (g->invert && b > p)
			print_selected(g, p, b);
		else if (!g->invert)
			print_selected(g, b, e);
		else
			continue;
		if (g->outleft == 0 || g->first_only)
			break;
	}
	return before - g->outleft;
}

/* ---- the file ------------------------------------------------------------------------------------- */

/* Is there a hole behind what was read?  Then there are NULs. */
static bool
has_hole(const struct grep_state *g)
{
	int64_t at;

	if (g->got >= g->size)
		return false;
	at = rump_sys_lseek(g->fd, (int64_t)g->got, RUMP_SEEK_HOLE);
	if (rump_sys_lseek(g->fd, (int64_t)g->got, RUMP_SEEK_SET) < 0)
		return false;
	return at >= 0 && (uint64_t)at < g->size;
}

static void
zap_nuls(struct grep_state *g, char *p)
{
	while ((p = memchr(p, '\0', (size_t)(g->buflim - p))) != NULL)
		*p++ = g->m.eol;
}

struct scan {
	int64_t lines;
	int64_t at_null; /* lines before the first NUL; -1: none yet */
	size_t residue, save;
};

/* What was read now may be binary.  false: the file doesn't match for that. */
static bool
look_for_nul(struct grep_state *g, struct scan *s, bool first)
{
	if (s->at_null < 0 && g->m.eol != '\0' && g->binary != GREP_TEXT &&
	    (memchr(g->bufbeg, '\0', (size_t)(g->buflim - g->bufbeg)) != NULL ||
		(first && has_hole(g)))) {
		if (g->binary == GREP_NOMATCH)
			return false;
		if (!g->count)
			g->first_only = g->out_quiet = true;
		s->at_null = s->lines;
	}
	if (s->at_null >= 0)
		zap_nuls(g, g->bufbeg);
	return true;
}

/* What the next buffer still needs of this one. */
static void
keep(struct grep_state *g, struct scan *s, const char *lim)
{
	const char *beg = lim;
	int64_t i;

	for (i = 0; i < g->before && beg > g->bufbeg && beg != g->lastout; i++)
		beg = line_before(g, beg);
	if (beg != g->lastout)
		g->lastout = NULL;
	s->save = s->residue + (size_t)(lim - beg);
	g->total_bytes += (uint64_t)(g->buflim - g->bufbeg) - s->save;
	if (g->number)
		for (; g->lastnl < beg; g->lastnl++) {
			const char *nl = memchr(
			    g->lastnl, g->m.eol, (size_t)(beg - g->lastnl));

			if (nl == NULL)
				break;
			g->total_nl++;
			g->lastnl = nl;
		}
}

/* The lines that are whole; true: no more are needed. */
static bool
scan_buffer(struct grep_state *g, struct scan *s)
{
	const char *fresh = g->bufbeg + s->save, *beg, *lim;

	beg = fresh - s->residue;
	lim = memrchr(fresh, g->m.eol, (size_t)(g->buflim - fresh));
	lim = lim != NULL ? lim + 1 : beg;
	s->residue = (size_t)(g->buflim - lim);
	if (beg < lim) {
		if (g->outleft != 0)
			s->lines += search_lines(g, beg, lim);
		if (g->pending > 0)
			print_pending(g, lim);
		if ((g->outleft == 0 && g->pending == 0) ||
		    (g->first_only && s->lines != 0))
			return true;
	}
	keep(g, s, lim);
	return false;
}

/* A last line without an end gets one. */
static void
scan_rest(struct grep_state *g, struct scan *s)
{
	const char *beg = g->buflim - s->residue;

	if (s->residue == 0)
		return;
	*g->buflim++ = g->m.eol;
	if (g->outleft != 0)
		s->lines += search_lines(g, beg, g->buflim);
	if (g->pending > 0)
		print_pending(g, g->buflim);
}

int64_t
fsu_grep_fd(struct grep_state *g, int fd, uint64_t size, int *errorp)
{
	bool first_only = g->first_only, out_quiet = g->out_quiet, first;
	struct scan s = {.at_null = -1};
	int64_t n;

	g->fd = fd;
	g->size = size;
	g->got = 0;
	g->lastout = NULL;
	g->total_nl = g->total_bytes = 0;
	g->outleft = g->max_count < 0 ? INT64_MAX : g->max_count;
	g->pending = 0;
	g->undecodable = false;
	buffer_start(g);
	for (first = true;; first = false) {
		n = fill(g, s.save);
		g->lastnl = g->bufbeg;
		if (g->lastout != NULL)
			g->lastout = g->bufbeg;
		if (n < 0)
			*errorp = (int)n;
		if (n <= 0) {
			scan_rest(g, &s);
			break;
		}
		if (!look_for_nul(g, &s, first))
			return 0;
		if (scan_buffer(g, &s))
			break;
		if (fsu_interrupted() || fsu_stdout.error != 0)
			break;
	}
	g->first_only = first_only;
	g->out_quiet = out_quiet;
	if (((g->undecodable && g->binary == GREP_BINARY) ||
		(s.at_null >= 0 && s.at_null < s.lines)) &&
	    !g->out_quiet) {
		fsu_out_flush(&fsu_stdout);
		fsu_warnf(
		    g->f, "%s: binary file matches", fsu_visible(g->name));
	}
	return s.lines;
}
