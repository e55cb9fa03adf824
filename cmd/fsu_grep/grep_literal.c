/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes that every match of a regular expression has: found by reading the
 * expression from left to right.  What is read wrongly must only make the literal
 * shorter: groups and sets are gone over, an alternation gives none.
 *
 * Without regard to case only ASCII letters count that have no third form
 * anywhere (k, s and i have one in Unicode or Turkish).
 *
 * The search looks for the rarest byte of a literal with memchr(); where that turns
 * out to be common, for the whole by memmem().
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "grep.h"

/* ---- reading an expression -------------------------------------------------------- */

struct reader {
	const char *p, *end;
	bool ere;
	char *run; /* what was read last */
	size_t nrun;
	char *best;
	size_t nbest;
	bool exact, none;
};

static void
flush(struct reader *r)
{
	if (r->nrun > r->nbest) {
		memcpy(r->best, r->run, r->nrun);
		r->nbest = r->nrun;
	}
	r->nrun = 0;
}

static void
special(struct reader *r)
{
	r->exact = false;
	flush(r);
}

/* The last character needn't be there. */
static void
drop_last(struct reader *r)
{
	if (r->nrun > 0)
		r->nrun--;
	while (
	    r->nrun > 0 && (r->run[r->nrun] & 0xc0) == 0x80 && fsu_locale_utf8)
		r->nrun--;
	special(r);
}

/* p is after "[": what is after the "]". */
const char *
fsu_grep_after_set(const char *p, const char *end)
{
	char kind;

	if (p < end && *p == '^')
		p++;
	if (p < end && *p == ']')
		p++;
	for (; p < end && *p != ']'; p++) {
		if (*p != '[' || p + 1 >= end || strchr(":.=", p[1]) == NULL ||
		    p[1] == '\0')
			continue;
		kind = p[1];
		for (p += 2; p + 1 < end && !(*p == kind && p[1] == ']');)
			p++;
		p++;
	}
	return p < end ? p + 1 : end;
}

static void
skip_set(struct reader *r)
{
	r->p = fsu_grep_after_set(r->p, r->end);
}

/* p is in a group: go after its end. */
static void
skip_group(struct reader *r)
{
	unsigned depth = 1;
	char c;

	while (r->p < r->end && depth > 0) {
		c = *r->p++;
		if (c == '[') {
			skip_set(r);
			continue;
		}
		if (c == '\\') {
			if (r->p == r->end)
				return;
			c = *r->p++;
			if (r->ere)
				continue;
		} else if (!r->ere)
			continue;
		if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
	}
}

static void
skip_interval(struct reader *r)
{
	const char *close = memchr(r->p, '}', (size_t)(r->end - r->p));

	if (close != NULL)
		r->p = close + 1;
}

/* One or more of the last one: it is there, unless that is qualified again. */
static void
one_or_more(struct reader *r)
{
	if (r->p < r->end && strchr("*+?{\\", *r->p) != NULL)
		drop_last(r);
	else
		special(r);
}

/* An operator; the same in both dialects but for who has the backslash. */
static void
operator(struct reader *r, char c)
{
	switch (c) {
	case '(':
		special(r);
		skip_group(r);
		break;
	case '{':
		drop_last(r);
		skip_interval(r);
		break;
	case '?':
		drop_last(r);
		break;
	case '+':
		one_or_more(r);
		break;
	case '|':
		r->none = true;
		break;
	default:
		special(r);
		break;
	}
}

static void
read_one(struct reader *r)
{
	char c = *r->p++;

	if (c == '\\') {
		if (r->p == r->end) {
			special(r);
			return;
		}
		c = *r->p++;
		if (strchr("(){}?+|", c) != NULL && c != '\0' && !r->ere)
			operator(r, c);
		else if (ispunct((unsigned char)c) && !strchr("<>`'", c))
			r->run[r->nrun++] = c;
		else
			special(r); /* \w \b \1 .. */
		return;
	}
	if (c == '[') {
		special(r);
		skip_set(r);
	} else if (c == '*')
		drop_last(r);
	else if (c == '.' || c == '^' || c == '$')
		special(r);
	else if (r->ere && c != '\0' && strchr("(){}?+|", c) != NULL)
		operator(r, c);
	else
		r->run[r->nrun++] = c;
}

static bool
one_case_pair(char c)
{
	unsigned char u = (unsigned char)c;

	return u < 0x80 && strchr("kKsSiI", c) == NULL;
}

/* The longest part that ASCII case folding covers, in lower case. */
static void
fold(struct grep_literal *lit)
{
	size_t i, begin, best, nbest;

	best = nbest = begin = 0;
	for (i = 0; i <= lit->len; i++) {
		if (i < lit->len && lit->s[i] != '\0' &&
		    one_case_pair(lit->s[i]))
			continue;
		if (i - begin > nbest) {
			best = begin;
			nbest = i - begin;
		}
		begin = i + 1;
	}
	memmove(lit->s, lit->s + best, nbest);
	lit->len = nbest;
	for (i = 0; i < nbest; i++)
		if (lit->s[i] >= 'A' && lit->s[i] <= 'Z')
			lit->s[i] = (char)(lit->s[i] - 'A' + 'a');
}

void
fsu_grep_find_literal(const struct grep_matcher *m, const char *text,
    size_t len, struct grep_literal *lit, bool *exact)
{
	struct reader r = {.p = text, .end = text + len, .exact = true};

	lit->len = 0;
	*exact = false;
	/* A character's second byte may look like anything. */
	if (fsu_locale_multibyte && !fsu_locale_utf8)
		return;
	r.ere = m->kind == 'E';
	r.run = fsu_malloc(len + 1);
	r.best = fsu_malloc(len + 1);
	while (r.p < r.end && !r.none)
		read_one(&r);
	flush(&r);
	free(r.run);
	lit->s = r.best;
	lit->len = r.none ? 0 : r.nbest;
	lit->icase = m->icase;
	*exact = r.exact && !r.none && !m->icase;
	if (m->icase)
		fold(lit);
}

/* ---- searching -------------------------------------------------------------------------- */

/* How common bytes are in texts and programs; 0: hardly ever. */
static unsigned
commonness(unsigned char c)
{
	static const char order[] = "zZqQjJxXkKvVYWUHGBFNMDLOPRICAEST"
				    "54678932bywgf1pmhduclsnraoit0e";
	const char *p;

	if (c == ' ' || c == '\0' || c == 0xff)
		return 255;
	if (c == '\n' || c == '\t' || c == '/' || c == '_' || c == '.')
		return 60;
	p = strchr(order, c);
	if (p != NULL)
		return 10 + (unsigned)(p - order) * 2;
	return c < 0x80 && ispunct(c) ? 40 : 20;
}

void
fsu_grep_literal_prepare(struct grep_literal *lit)
{
	size_t i;
	unsigned char c;

	if (lit->len == 0)
		return;
	if (!lit->icase) {
		for (i = 1; i < lit->len; i++)
			if (commonness((unsigned char)lit->s[i]) <
			    commonness((unsigned char)lit->s[lit->rare]))
				lit->rare = i;
		return;
	}
	lit->skip = fsu_malloc(256 * sizeof(*lit->skip));
	for (i = 0; i < 256; i++)
		lit->skip[i] = lit->len;
	for (i = 0; i + 1 < lit->len; i++) {
		c = (unsigned char)lit->s[i];
		lit->skip[c] = lit->len - 1 - i;
		if (c >= 'a' && c <= 'z')
			lit->skip[c - 'a' + 'A'] = lit->len - 1 - i;
	}
}

static bool
same_folded(const char *s, const char *text, size_t len)
{
	size_t i;
	char c;

	for (i = len; i-- > 0;) {
		c = text[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != s[i])
			return false;
	}
	return true;
}

static const char *
search_folded(const struct grep_literal *lit, const char *p, const char *lim)
{
	while ((size_t)(lim - p) >= lit->len) {
		if (same_folded(lit->s, p, lit->len))
			return p;
		p += lit->skip[(unsigned char)p[lit->len - 1]];
	}
	return NULL;
}

const char *
fsu_grep_literal_search(
    struct grep_literal *lit, const char *p, const char *lim)
{
	const char *start = p, *q;
	unsigned misses;

	if (lit->icase)
		return search_folded(lit, p, lim);
	for (misses = 0; !lit->slow; misses++) {
		if ((size_t)(lim - p) < lit->len)
			return NULL;
		q = memchr(p + lit->rare, lit->s[lit->rare],
		    (size_t)(lim - p) - lit->len + 1);
		if (q == NULL)
			return NULL;
		q -= lit->rare;
		if (memcmp(q, lit->s, lit->len) == 0)
			return q;
		p = q + 1;
		if (misses > 64 && (size_t)(p - start) / misses < 32)
			lit->slow = true;
	}
	return memmem(p, (size_t)(lim - p), lit->s, lit->len);
}
