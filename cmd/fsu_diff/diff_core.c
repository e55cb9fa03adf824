/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shortest way from one sequence of lines to another: E. Myers, "An O(ND)
 * Difference Algorithm and its Variations" (1986), in its linear-space form: the
 * middle of the way is found from both ends, then each half.
 *
 * Lines that the other text has nowhere are taken out before and are changed in any
 * case.  Where two texts have so little in common that the search gets too long,
 * the best point reached so far stands for the middle: the result is right, but not
 * the shortest any more.  In the end runs of changes are shifted as far down as they go,
 * or to where the other text has a change, as GNU diff does it.
 */
#include <stdlib.h>

#include "diff.h"

#define COST_MIN 4096 /* steps that are always tried */

struct core {
	const uint32_t *v[2];	 /* classes of the lines that take part */
	const uint32_t *real[2]; /* their line numbers */
	char *changed[2];
	int64_t *fwd, *bwd; /* by diagonal: the furthest x reached */
	int64_t too_far;
};

struct middle {
	int64_t x, y;
};

/* ---- the middle ---------------------------------------------------------------------- */

struct box {
	int64_t x0, x1, y0, y1;
	int64_t fmin, fmax, bmin, bmax; /* diagonals in use */
};

/* One more step from the front; true: it met the one from the back. */
static bool
step_forward(struct core *c, struct box *b, int64_t dmin, int64_t dmax,
    bool odd, struct middle *m)
{
	int64_t d, x, y, lo, hi;

	if (b->fmin > dmin)
		c->fwd[--b->fmin - 1] = -1;
	else
		b->fmin++;
	if (b->fmax < dmax)
		c->fwd[++b->fmax + 1] = -1;
	else
		b->fmax--;
	for (d = b->fmax; d >= b->fmin; d -= 2) {
		lo = c->fwd[d - 1];
		hi = c->fwd[d + 1];
		x = lo < hi ? hi : lo + 1;
		for (y = x - d;
		     x < b->x1 && y < b->y1 && c->v[0][x] == c->v[1][y];
		     x++, y++)
			continue;
		c->fwd[d] = x;
		if (odd && b->bmin <= d && d <= b->bmax && c->bwd[d] <= x) {
			m->x = x;
			m->y = y;
			return true;
		}
	}
	return false;
}

static bool
step_backward(struct core *c, struct box *b, int64_t dmin, int64_t dmax,
    bool odd, struct middle *m)
{
	int64_t d, x, y, lo, hi;

	if (b->bmin > dmin)
		c->bwd[--b->bmin - 1] = INT64_MAX;
	else
		b->bmin++;
	if (b->bmax < dmax)
		c->bwd[++b->bmax + 1] = INT64_MAX;
	else
		b->bmax--;
	for (d = b->bmax; d >= b->bmin; d -= 2) {
		lo = c->bwd[d - 1];
		hi = c->bwd[d + 1];
		x = lo < hi ? lo : hi - 1;
		for (y = x - d;
		     x > b->x0 && y > b->y0 && c->v[0][x - 1] == c->v[1][y - 1];
		     x--, y--)
			continue;
		c->bwd[d] = x;
		if (!odd && b->fmin <= d && d <= b->fmax && x <= c->fwd[d]) {
			m->x = x;
			m->y = y;
			return true;
		}
	}
	return false;
}

/* The point nearest to the other end from either side. */
static void
give_up(const struct core *c, const struct box *b, struct middle *m)
{
	int64_t d, x, y, best, worst;
	struct middle f = {b->x0, b->y0}, r = {b->x1, b->y1};

	best = -1;
	for (d = b->fmax; d >= b->fmin; d -= 2) {
		x = c->fwd[d] < b->x1 ? c->fwd[d] : b->x1;
		y = x - d;
		if (y > b->y1) {
			x = b->y1 + d;
			y = b->y1;
		}
		if (best < x + y) {
			best = x + y;
			f = (struct middle){x, y};
		}
	}
	worst = INT64_MAX;
	for (d = b->bmax; d >= b->bmin; d -= 2) {
		x = c->bwd[d] > b->x0 ? c->bwd[d] : b->x0;
		y = x - d;
		if (y < b->y0) {
			x = b->y0 + d;
			y = b->y0;
		}
		if (x + y < worst) {
			worst = x + y;
			r = (struct middle){x, y};
		}
	}
	*m = (b->x1 + b->y1) - worst < best - (b->x0 + b->y0) ? f : r;
}

static void
find_middle(struct core *c, int64_t x0, int64_t x1, int64_t y0, int64_t y1,
    struct middle *m)
{
	int64_t dmin = x0 - y1, dmax = x1 - y0, f = x0 - y0, r = x1 - y1, cost;
	struct box b = {x0, x1, y0, y1, f, f, r, r};
	bool odd = ((f - r) & 1) != 0;

	c->fwd[f] = x0;
	c->bwd[r] = x1;
	for (cost = 1;; cost++) {
		if (step_forward(c, &b, dmin, dmax, odd, m) ||
		    step_backward(c, &b, dmin, dmax, odd, m))
			return;
		if (cost >= c->too_far) {
			give_up(c, &b, m);
			return;
		}
	}
}

/* ---- the whole way -------------------------------------------------------------------- */

static void
compare(struct core *c, int64_t x0, int64_t x1, int64_t y0, int64_t y1)
{
	struct middle m;

	for (;;) {
		while (x0 < x1 && y0 < y1 && c->v[0][x0] == c->v[1][y0]) {
			x0++;
			y0++;
		}
		while (
		    x0 < x1 && y0 < y1 && c->v[0][x1 - 1] == c->v[1][y1 - 1]) {
			x1--;
			y1--;
		}
		if (x0 == x1 || y0 == y1)
			break;
		find_middle(c, x0, x1, y0, y1, &m);
		compare(c, x0, m.x, y0, m.y);
		x0 = m.x;
		y0 = m.y;
	}
	for (; x0 < x1; x0++)
		c->changed[0][c->real[0][x0]] = 1;
	for (; y0 < y1; y0++)
		c->changed[1][c->real[1][y0]] = 1;
}

/* Lines from..to of t whose class the other text has; the others are changed. */
static size_t
take_part(struct diff_text *t, size_t from, size_t to, const uint32_t *other,
    uint32_t *v, uint32_t *real)
{
	size_t i, n;

	n = 0;
	for (i = from; i < to; i++) {
		if (other[t->class[i]] == 0) {
			t->changed[i] = 1;
			continue;
		}
		v[n] = t->class[i];
		real[n++] = (uint32_t)i;
	}
	return n;
}

/* ---- shifting ------------------------------------------------------------------------------ */

/*
 * Runs of changed lines in t, o being the other text.  j follows in o the line
 * that belongs to i.
 */
static void
shift(struct diff_text *t, const struct diff_text *o)
{
	size_t i = 0, j = 0, start, length, meets;
	char *ch = t->changed;
	const char *oc = o->changed;

	for (;;) {
		while (i < t->nlines && !ch[i]) {
			while (oc[j++])
				continue;
			i++;
		}
		if (i == t->nlines)
			return;
		start = i;
		while (ch[++i])
			continue;
		while (oc[j])
			j++;
		do {
			length = i - start;
			/* Up, as far as it goes: it may join what is there. */
			while (start > 0 &&
			    t->class[start - 1] == t->class[i - 1]) {
				ch[--start] = 1;
				ch[--i] = 0;
				while (ch[start - 1])
					start--;
				while (oc[--j])
					continue;
			}
			meets = oc[(ptrdiff_t)j - 1] ? i : t->nlines;
			/* And down. */
			while (
			    i != t->nlines && t->class[start] == t->class[i]) {
				ch[start++] = 0;
				ch[i++] = 1;
				while (ch[i])
					i++;
				while (oc[++j])
					meets = i;
			}
		} while (length != i - start);
		/* Back to where the other text changes, too. */
		while (meets < i) {
			ch[--start] = 1;
			ch[--i] = 0;
			while (oc[--j])
				continue;
		}
	}
}

/* ---- all of it ---------------------------------------------------------------------------------- */

static void
count(const struct diff_text *t, size_t from, size_t to, uint32_t *counts)
{
	size_t i;

	for (i = from; i < to; i++)
		counts[t->class[i]]++;
}

static int64_t
cost_limit(size_t diagonals)
{
	int64_t limit = 1;

	for (; diagonals != 0; diagonals >>= 2)
		limit <<= 1;
	return limit < COST_MIN ? COST_MIN : limit;
}

void
fsu_diff_core(struct diff_text t[2], uint32_t nclasses)
{
	size_t head, tail, n[2], min, diagonals;
	uint32_t *counts[2], *v[2], *real[2];
	int64_t *diag;
	struct core c;
	int k;

	min = t[0].nlines < t[1].nlines ? t[0].nlines : t[1].nlines;
	for (head = 0; head < min && t[0].class[head] == t[1].class[head];)
		head++;
	for (tail = 0; tail < min - head &&
	     t[0].class[t[0].nlines - 1 - tail] ==
		 t[1].class[t[1].nlines - 1 - tail];)
		tail++;
	for (k = 0; k < 2; k++) {
		counts[k] = fsu_calloc(nclasses, sizeof(**counts));
		v[k] = fsu_calloc(t[k].nlines, sizeof(**v));
		real[k] = fsu_calloc(t[k].nlines, sizeof(**real));
		count(&t[k], head, t[k].nlines - tail, counts[k]);
	}
	for (k = 0; k < 2; k++) {
		n[k] = take_part(
		    &t[k], head, t[k].nlines - tail, counts[!k], v[k], real[k]);
		c.v[k] = v[k];
		c.real[k] = real[k];
		c.changed[k] = t[k].changed;
	}
	diagonals = n[0] + n[1] + 3;
	diag = fsu_malloc(2 * diagonals * sizeof(*diag));
	c.fwd = diag + n[1] + 1;
	c.bwd = diag + diagonals + n[1] + 1;
	c.too_far = cost_limit(diagonals);
	compare(&c, 0, (int64_t)n[0], 0, (int64_t)n[1]);
	free(diag);
	for (k = 0; k < 2; k++) {
		free(counts[k]);
		free(v[k]);
		free(real[k]);
	}
	shift(&t[0], &t[1]);
	shift(&t[1], &t[0]);
}
