/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two texts as lines, and the classes of lines that are equal under the options.
 * Each line is hashed once and compared with those of its hash only.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "diff.h"

#define LINES_MAX 0x3fffffffu

static void
split(struct diff_text *t)
{
	const char *p, *end = t->mem + t->len, *nl;
	size_t n, cap;

	for (n = 1, p = t->mem;
	     p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	cap = n + 1;
	t->line = fsu_malloc(cap * sizeof(*t->line));
	t->nlines = 0;
	for (p = t->mem; p < end; p = nl) {
		t->line[t->nlines++] = p;
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl != NULL ? nl + 1 : end;
	}
	t->line[t->nlines] = end;
	t->unended = t->len > 0 && end[-1] != '\n';
}

static bool
is_space(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * The next byte of a line as the options see it; -1 at the end.  Blanks: all left
 * out, or a run is one, or those at the end are left out.
 */
struct view {
	const char *p, *end;
	enum diff_space space;
	bool icase, newline;
};

static int
next_byte(struct view *v)
{
	const char *q;

	if (v->p == v->end) {
		if (!v->newline)
			return -1;
		v->newline = false;
		return '\n';
	}
	if (v->space != DIFF_SPACE && is_space((unsigned char)*v->p)) {
		for (q = v->p; q < v->end && is_space((unsigned char)*q); q++)
			continue;
		if (q == v->end || v->space == DIFF_SPACE_ALL) {
			v->p = q;
			return next_byte(v);
		}
		if (v->space == DIFF_SPACE_CHANGE) {
			v->p = q;
			return ' ';
		}
	}
	if (v->icase)
		return tolower((unsigned char)*v->p++);
	return (unsigned char)*v->p++;
}

static struct view
view(const struct diff_state *d, const struct diff_text *t, size_t i)
{
	struct view v = {.p = t->line[i],
	    .end = t->line[i + 1],
	    .space = d->space,
	    .icase = d->icase};

	if (v.end > v.p && v.end[-1] == '\n') {
		v.end--;
		v.newline = d->space == DIFF_SPACE;
	}
	return v;
}

static bool
plain(const struct diff_state *d)
{
	return d->space == DIFF_SPACE && !d->icase;
}

static uint64_t
hash_line(const struct diff_state *d, const struct diff_text *t, size_t i)
{
	uint64_t h = 0x9e3779b97f4a7c15u, word;
	const char *p = t->line[i], *end = t->line[i + 1];
	struct view v;
	int c;

	if (plain(d)) {
		h ^= (uint64_t)(end - p);
		for (; end - p >= 8; p += 8) {
			memcpy(&word, p, 8);
			h = (h ^ word) * 0xff51afd7ed558ccdu;
			h ^= h >> 32;
		}
		for (; p < end; p++)
			h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	} else
		for (v = view(d, t, i); (c = next_byte(&v)) != -1;)
			h = (h ^ (unsigned)c) * 0x100000001b3u;
	return h ^ h >> 29;
}

static bool
equal_lines(const struct diff_state *d, const struct diff_text *a, size_t i,
    const struct diff_text *b, size_t j)
{
	size_t len = (size_t)(a->line[i + 1] - a->line[i]);
	struct view v, w;
	int c;

	if (plain(d))
		return len == (size_t)(b->line[j + 1] - b->line[j]) &&
		    memcmp(a->line[i], b->line[j], len) == 0;
	v = view(d, a, i);
	w = view(d, b, j);
	do {
		c = next_byte(&v);
		if (c != next_byte(&w))
			return false;
	} while (c != -1);
	return true;
}

struct class {
	uint64_t hash;
	uint32_t next; /* of the bucket, + 1 */
	uint32_t line;
	uint8_t text;
};

static void
classify(const struct diff_state *d, struct diff_text t[2], struct class *all,
    uint32_t *bucket, uint64_t mask)
{
	uint32_t n, *head, at;
	uint64_t h;
	size_t i;
	int k;

	n = 0;
	for (k = 0; k < 2; k++)
		for (i = 0; i < t[k].nlines; i++) {
			h = hash_line(d, &t[k], i);
			head = &bucket[h & mask];
			for (at = *head; at != 0; at = all[at - 1].next)
				if (all[at - 1].hash == h &&
				    equal_lines(d, &t[k], i,
					&t[all[at - 1].text], all[at - 1].line))
					break;
			if (at == 0) {
				all[n] = (struct class){
				    h, *head, (uint32_t)i, (uint8_t)k};
				at = *head = ++n;
			}
			t[k].class[i] = at - 1;
		}
}

bool
fsu_diff_classify(const struct diff_state *d, struct diff_text t[2])
{
	struct class *all;
	uint32_t *bucket;
	uint64_t total, size;
	int k;

	for (k = 0; k < 2; k++) {
		split(&t[k]);
		t[k].class = fsu_calloc(t[k].nlines, sizeof(*t[k].class));
		t[k].changed_mem = fsu_calloc(t[k].nlines + 2, 1);
		t[k].changed = t[k].changed_mem + 1;
	}
	total = t[0].nlines + t[1].nlines;
	if (total > LINES_MAX)
		return false;
	for (size = 64; size < total; size *= 2)
		continue;
	all = fsu_calloc(total, sizeof(*all));
	bucket = fsu_calloc(size, sizeof(*bucket));
	classify(d, t, all, bucket, size - 1);
	free(all);
	free(bucket);
	return true;
}

uint32_t
fsu_diff_nclasses(const struct diff_text t[2])
{
	return (uint32_t)(t[0].nlines + t[1].nlines);
}

bool
fsu_diff_blank(const struct diff_text *t, size_t line)
{
	return t->line[line + 1] - t->line[line] == 1 && *t->line[line] == '\n';
}

void
fsu_diff_text_free(struct diff_text *t)
{
	free(t->mem);
	free(t->line);
	free(t->class);
	free(t->changed_mem);
}
