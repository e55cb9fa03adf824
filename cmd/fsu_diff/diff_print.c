/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes in GNU diff's normal, context and unified formats.
 *
 * A change is a run of deleted lines, of inserted ones, or both, between lines
 * that are equal; changes that are nearer than twice the context share a hunk.
 */
#include <stdlib.h>
#include <string.h>

#include "diff.h"

#define OUT (&fsu_stdout)

struct change {
	size_t at[2], n[2]; /* where in each text, how many lines */
	bool ignored;	    /* -B: blank lines only */
};

struct changes {
	struct change *v;
	size_t n, cap;
};

/* ---- from marks to changes ------------------------------------------------------------ */

static bool
all_blank(const struct diff_text t[2], const struct change *c)
{
	size_t i;
	int k;

	for (k = 0; k < 2; k++)
		for (i = 0; i < c->n[k]; i++)
			if (!fsu_diff_blank(&t[k], c->at[k] + i))
				return false;
	return true;
}

static void
collect(const struct diff_state *d, const struct diff_text t[2],
    struct changes *all)
{
	size_t i = 0, j = 0;
	struct change *c;

	while (i < t[0].nlines || j < t[1].nlines) {
		if (!t[0].changed[i] && !t[1].changed[j]) {
			i++;
			j++;
			continue;
		}
		if (all->n == all->cap) {
			all->cap = all->cap * 2 + 16;
			all->v = fsu_realloc(
			    all->v, all->cap * sizeof(*all->v));
		}
		c = &all->v[all->n++];
		*c = (struct change){.at = {i, j}};
		while (t[0].changed[i])
			i++;
		while (t[1].changed[j])
			j++;
		c->n[0] = i - c->at[0];
		c->n[1] = j - c->at[1];
		c->ignored = d->noblank && all_blank(t, c);
	}
}

/* ---- parts -------------------------------------------------------------------------------- */

static void
put_line(const struct diff_text *t, size_t i, const char *prefix)
{
	fsu_out_str(OUT, prefix);
	fsu_out_mem(OUT, t->line[i], (size_t)(t->line[i + 1] - t->line[i]));
	if (i + 1 == t->nlines && t->unended)
		fsu_out_str(OUT, "\n\\ No newline at end of file\n");
}

static void
put_lines(const struct diff_text *t, size_t from, size_t n, const char *prefix)
{
	size_t i;

	for (i = from; i < from + n; i++)
		put_line(t, i, prefix);
}

/* "3,5", "3", and for no lines the one in front. */
static void
put_range(size_t at, size_t n)
{
	fsu_out_u64(OUT, n == 0 ? at : at + 1);
	if (n > 1) {
		fsu_out_char(OUT, ',');
		fsu_out_u64(OUT, at + n);
	}
}

/* Names as patch(1) wants them: in quotes if they have blanks or worse. */
static void
put_name(const char *name)
{
	static const char letters[] = "abtnvfr";
	const char *p;
	bool quote = false;
	char octal[8];
	int c;

	for (p = name; *p != '\0'; p++)
		quote = quote || (signed char)*p <= ' ' || *p == '"' ||
		    *p == '\\';
	if (!quote) {
		fsu_out_str(OUT, name);
		return;
	}
	fsu_out_char(OUT, '"');
	for (p = name; *p != '\0'; p++) {
		c = (signed char)*p;
		if (c >= '\a' && c <= '\r') {
			fsu_out_char(OUT, '\\');
			fsu_out_char(OUT, letters[c - '\a']);
		} else if (c == '"' || c == '\\') {
			fsu_out_char(OUT, '\\');
			fsu_out_char(OUT, *p);
		} else if (c < ' ') {
			snprintf(octal, sizeof(octal), "\\%03o", c & 0xff);
			fsu_out_str(OUT, octal);
		} else
			fsu_out_char(OUT, *p);
	}
	fsu_out_char(OUT, '"');
}

static void
put_file(const struct diff_state *d, const struct diff_node *n, int i,
    const char *mark)
{
	char time[FSU_TIME_CHARS];
	size_t len;

	fsu_out_str(OUT, mark);
	if (d->label[i] != NULL) {
		fsu_out_str(OUT, d->label[i]);
	} else {
		put_name(n->path);
		len = fsu_time_format(time, sizeof(time),
		    "\t%Y-%m-%d %H:%M:%S.%N %z", n->st.st_mtim.tv_sec,
		    (uint32_t)n->st.st_mtim.tv_nsec);
		fsu_out_mem(OUT, time, len);
	}
	fsu_out_char(OUT, '\n');
}

static void
put_header(const struct diff_state *d, const struct diff_node n[2], bool header)
{
	if (header) {
		fsu_out_str(OUT, "diff");
		fsu_out_str(OUT, d->switches != NULL ? d->switches : "");
		fsu_out_char(OUT, ' ');
		put_name(n[0].path);
		fsu_out_char(OUT, ' ');
		put_name(n[1].path);
		fsu_out_char(OUT, '\n');
	}
	if (d->style == DIFF_UNIFIED) {
		put_file(d, &n[0], 0, "--- ");
		put_file(d, &n[1], 1, "+++ ");
	} else if (d->style == DIFF_CONTEXT) {
		put_file(d, &n[0], 0, "*** ");
		put_file(d, &n[1], 1, "--- ");
	}
}

/* ---- normal ---------------------------------------------------------------------------------- */

static void
normal_change(const struct diff_text t[2], const struct change *c)
{
	put_range(c->at[0], c->n[0]);
	fsu_out_char(OUT, c->n[0] == 0 ? 'a' : c->n[1] == 0 ? 'd' : 'c');
	put_range(c->at[1], c->n[1]);
	fsu_out_char(OUT, '\n');
	put_lines(&t[0], c->at[0], c->n[0], "< ");
	if (c->n[0] != 0 && c->n[1] != 0)
		fsu_out_str(OUT, "---\n");
	put_lines(&t[1], c->at[1], c->n[1], "> ");
}

/* ---- hunks --------------------------------------------------------------------------------------- */

struct hunk {
	const struct change *first, *end;
	size_t from[2], n[2]; /* with the context */
};

static void
unified_hunk(const struct diff_text t[2], const struct hunk *h)
{
	const struct change *c;
	size_t i = h->from[0];
	int k;

	fsu_out_str(OUT, "@@ ");
	for (k = 0; k < 2; k++) {
		fsu_out_str(OUT, k == 0 ? "-" : " +");
		fsu_out_u64(OUT, h->n[k] == 0 ? h->from[k] : h->from[k] + 1);
		if (h->n[k] != 1) {
			fsu_out_char(OUT, ',');
			fsu_out_u64(OUT, h->n[k]);
		}
	}
	fsu_out_str(OUT, " @@\n");
	for (c = h->first; c < h->end; c++) {
		put_lines(&t[0], i, c->at[0] - i, " ");
		put_lines(&t[0], c->at[0], c->n[0], "-");
		put_lines(&t[1], c->at[1], c->n[1], "+");
		i = c->at[0] + c->n[0];
	}
	put_lines(&t[0], i, h->from[0] + h->n[0] - i, " ");
}

/* One side of a context hunk; nothing but the range if it has no changes. */
static void
context_side(const struct diff_text *t, const struct hunk *h, int k)
{
	const struct change *c;
	size_t i = h->from[k];
	bool any = false;

	fsu_out_str(OUT, k == 0 ? "*** " : "--- ");
	put_range(h->from[k], h->n[k]);
	fsu_out_str(OUT, k == 0 ? " ****\n" : " ----\n");
	for (c = h->first; c < h->end; c++)
		any = any || c->n[k] != 0;
	if (!any)
		return;
	for (c = h->first; c < h->end; c++) {
		put_lines(t, i, c->at[k] - i, "  ");
		put_lines(t, c->at[k], c->n[k],
		    c->n[!k] != 0 ? "! "
			: k == 0  ? "- "
				  : "+ ");
		i = c->at[k] + c->n[k];
	}
	put_lines(t, i, h->from[k] + h->n[k] - i, "  ");
}

static void
put_hunk(const struct diff_state *d, const struct diff_text t[2],
    const struct change *first, const struct change *end)
{
	struct hunk h = {.first = first, .end = end};
	const struct change *last = end - 1;
	uint64_t before, after;

	before = first->at[0] < d->context ? first->at[0] : d->context;
	if (first->at[1] < before)
		before = first->at[1];
	after = t[0].nlines - last->at[0] - last->n[0];
	if (after > d->context)
		after = d->context;
	for (int k = 0; k < 2; k++) {
		h.from[k] = first->at[k] - before;
		h.n[k] = last->at[k] + last->n[k] + after - h.from[k];
	}
	if (d->style == DIFF_UNIFIED) {
		unified_hunk(t, &h);
		return;
	}
	fsu_out_str(OUT, "***************\n");
	context_side(&t[0], &h, 0);
	context_side(&t[1], &h, 1);
}

/* The changes from first on that share a hunk.  Those that are ignored must be
 * nearer to be taken along. */
static const struct change *
hunk_end(const struct diff_state *d, const struct change *c,
    const struct change *all_end)
{
	uint64_t gap, limit;

	for (; c + 1 < all_end; c++) {
		gap = c[1].at[0] - c->at[0] - c->n[0];
		limit = c[1].ignored ? d->context : 2 * d->context + 1;
		if (gap >= limit)
			break;
	}
	return c + 1;
}

bool
fsu_diff_print(struct diff_state *d, const struct diff_node n[2],
    const struct diff_text t[2], bool header)
{
	struct changes all = {0};
	const struct change *c, *end, *next, *p;
	bool any = false, counts;

	collect(d, t, &all);
	end = all.v + all.n;
	for (c = all.v; c < end; c = next) {
		next = d->style == DIFF_NORMAL ? c + 1 : hunk_end(d, c, end);
		counts = false;
		for (p = c; p < next; p++)
			counts = counts || !p->ignored;
		if (!counts)
			continue;
		if (d->brief) {
			any = true;
			break;
		}
		if (!any)
			put_header(d, n, header);
		any = true;
		if (d->style == DIFF_NORMAL)
			normal_change(t, c);
		else
			put_hunk(d, t, c, next);
	}
	free(all.v);
	return any;
}
