/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Matching: libc's GNU regular expressions, a line at a time, behind a search for
 * the bytes that a match must have.
 *
 * Several patterns: the leftmost match counts, of those the longest.  -w takes a
 * match whose neighbours are no word characters; if they are, a shorter one at
 * the same place is tried, then the next place, as GNU grep does.
 */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "grep.h"

/* ---- patterns ------------------------------------------------------------------------ */

void
fsu_grep_add_patterns(struct grep_matcher *m, const char *text, size_t len)
{
	const char *nl;
	size_t n;

	for (;;) {
		nl = memchr(text, '\n', len);
		n = nl != NULL ? (size_t)(nl - text) : len;
		m->pat = fsu_realloc(m->pat, (m->npat + 1) * sizeof(*m->pat));
		memset(&m->pat[m->npat], 0, sizeof(*m->pat));
		m->pat[m->npat].text = fsu_malloc(n + 1);
		memcpy(m->pat[m->npat].text, text, n);
		m->pat[m->npat].text[n] = '\0';
		m->pat[m->npat].len = n;
		m->npat++;
		if (nl == NULL)
			return;
		text += n + 1;
		len -= n + 1;
	}
}

/* -F and a regular expression is needed all the same: its own text, quoted. */
static void
quote_fixed(struct grep_pattern *p)
{
	char *out = fsu_malloc(2 * p->len + 1), *o = out;
	size_t i;

	for (i = 0; i < p->len; i++) {
		if (p->text[i] != '\0' && strchr("\\[.*^$", p->text[i]) != NULL)
			*o++ = '\\';
		*o++ = p->text[i];
	}
	*o = '\0';
	free(p->text);
	p->text = out;
	p->len = (size_t)(o - out);
}

/* "[:space:]" where "[[:space:]]" is meant. */
static bool
bare_class(const struct grep_pattern *p)
{
	const char *s = p->text, *close;

	for (s = strstr(s, "[:"); s != NULL; s = strstr(s + 1, "[:")) {
		if (s > p->text && (s[-1] == '[' || s[-1] == '\\'))
			continue;
		close = strchr(s + 2, ']');
		if (close != NULL && close > s + 2 && close[-1] == ':' &&
		    memchr(s + 2, '[', (size_t)(close - s - 2)) == NULL)
			return true;
	}
	return false;
}

static bool
is_stray(char c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) &&
	    strchr("wWsSbB", c) == NULL;
}

/*
 * Backslashes in front of letters that need none.  libc takes such a letter as it
 * stands, also where case doesn't count, and then never finds it.
 */
static void
drop_stray_backslashes(struct grep_pattern *p)
{
	const char *s = p->text, *end = p->text + p->len, *set;
	char *o = p->text;

	/* A character's second byte may look like a backslash. */
	if (fsu_locale_multibyte && !fsu_locale_utf8)
		return;

	while (s < end) {
		if (*s == '[') {
			set = s;
			s = fsu_grep_after_set(s + 1, end);
			memmove(o, set, (size_t)(s - set));
			o += s - set;
			continue;
		}
		if (*s == '\\' && s + 1 < end) {
			if (!is_stray(s[1]))
				*o++ = *s;
			s++;
		}
		*o++ = *s++;
	}
	*o = '\0';
	p->len = (size_t)(o - p->text);
}

static int
compile(struct grep_matcher *m, struct grep_pattern *p)
{
	const char *error;

	if (m->kind == 'F')
		quote_fixed(p);
	else if (bare_class(p)) {
		fsu_msg("character class syntax is [[:space:]], not [:space:]");
		return FSU_USAGE;
	} else if (m->icase)
		drop_stray_backslashes(p);
	re_set_syntax((m->kind == 'E' ? RE_SYNTAX_EGREP : RE_SYNTAX_GREP) |
	    (m->icase ? RE_ICASE : 0));
	p->re.fastmap = fsu_malloc(256);
	error = re_compile_pattern(p->text, p->len, &p->re);
	p->compiled = true;
	if (error != NULL) {
		fsu_msg("%s", error);
		return FSU_USAGE;
	}
	p->re.newline_anchor = m->eol == '\n';
	/* Only the whole match is asked for. */
	p->re.regs_allocated = REGS_FIXED;
	return FSU_OK;
}

int
fsu_grep_compile(struct grep_matcher *m)
{
	struct grep_pattern *p;
	size_t i;
	int status;

	m->filter = true;
	for (i = 0; i < m->npat; i++) {
		p = &m->pat[i];
		if (m->kind == 'F' && !m->icase &&
		    (!fsu_locale_multibyte || fsu_locale_utf8)) {
			p->lit.s = fsu_strndup(p->text, p->len);
			memcpy(p->lit.s, p->text, p->len);
			p->lit.len = p->len;
			p->exact = true;
		} else if (m->kind != 'F')
			fsu_grep_find_literal(
			    m, p->text, p->len, &p->lit, &p->exact);
		if (p->len == 0 && m->words)
			p->exact = false; /* matches between words */
		if (!p->exact || m->words) {
			status = compile(m, p);
			if (status != FSU_OK)
				return status;
			if (m->kind == 'F' && !p->exact) {
				m->kind = 'G';
				free(p->lit.s);
				p->lit.s = NULL;
				fsu_grep_find_literal(
				    m, p->text, p->len, &p->lit, &p->exact);
				m->kind = 'F';
				p->exact = false;
			}
		}
		fsu_grep_literal_prepare(&p->lit);
		m->filter = m->filter && p->lit.len > 0;
	}
	return FSU_OK;
}

void
fsu_grep_matcher_free(struct grep_matcher *m)
{
	size_t i;

	for (i = 0; i < m->npat; i++) {
		free(m->pat[i].text);
		free(m->pat[i].lit.s);
		free(m->pat[i].lit.skip);
		if (m->pat[i].compiled)
			regfree(&m->pat[i].re);
	}
	free(m->pat);
}

void
fsu_grep_restart(struct grep_matcher *m)
{
	size_t i;

	for (i = 0; i < m->npat; i++)
		m->pat[i].lit.next = NULL;
}

/* ---- words -------------------------------------------------------------------------------- */

static bool
is_word(wint_t c)
{
	return c == L'_' || iswalnum(c) != 0;
}

static bool
word_after(const char *p, const char *end)
{
	mbstate_t mbs = {0};
	wchar_t wc;
	size_t n;

	if (p == end)
		return false;
	n = mbrtowc(&wc, p, (size_t)(end - p), &mbs);
	return n != (size_t)-1 && n != (size_t)-2 && is_word((wint_t)wc);
}

static bool
word_before(const char *beg, const char *p)
{
	mbstate_t mbs = {0};
	const char *q;
	wchar_t wc;
	size_t n;

	if (p == beg)
		return false;
	q = p - 1;
	if (!fsu_locale_multibyte || (unsigned char)*q < 0x80)
		return word_after(q, p);
	while (q > beg && p - q < 4 && (*q & 0xc0) == 0x80)
		q--;
	n = mbrtowc(&wc, q, (size_t)(p - q), &mbs);
	return n == (size_t)(p - q) && is_word((wint_t)wc);
}

/* ---- one pattern, one line ---------------------------------------------------------------------- */

static regoff_t
search(struct grep_pattern *p, const char *beg, const char *end,
    const char *from, size_t *lenp)
{
	regoff_t start, finish;
	struct re_registers regs = {
	    .num_regs = 1, .start = &start, .end = &finish};
	regoff_t at;

	p->re.not_eol = 0;
	at = re_search(&p->re, beg, (regoff_t)(end - beg),
	    (regoff_t)(from - beg), (regoff_t)(end - from), &regs);
	if (at >= 0)
		*lenp = (size_t)(finish - start);
	return at;
}

/* A shorter match at the same place, that ends before end; 0: none. */
static size_t
shorter(struct grep_pattern *p, const char *beg, const char *at, size_t len)
{
	regoff_t n;

	p->re.not_eol = 1;
	n = re_match(&p->re, beg, (regoff_t)(at - beg) + (regoff_t)len - 1,
	    (regoff_t)(at - beg), NULL);
	return n > 0 ? (size_t)n : 0;
}

/* The first match from `from' on that is a word of its own. */
static const char *
word_match(struct grep_pattern *p, const char *beg, const char *end,
    const char *from, size_t *lenp)
{
	const char *at;
	regoff_t r;
	size_t len;

	while (from <= end) {
		r = search(p, beg, end, from, &len);
		if (r < 0)
			return NULL;
		at = beg + r;
		for (;;) {
			if (!word_before(beg, at) &&
			    !word_after(at + len, end)) {
				*lenp = len;
				return at;
			}
			if (len == 0)
				break;
			len = shorter(p, beg, at, len);
			if (len == 0)
				break;
		}
		from = at + 1;
		while (fsu_locale_utf8 && from < end && (*from & 0xc0) == 0x80)
			from++;
	}
	return NULL;
}

static const char *
pattern_match(struct grep_matcher *m, struct grep_pattern *p, const char *beg,
    const char *end, const char *from, size_t *lenp)
{
	const char *at;
	regoff_t r;

	if (m->lines) {
		if (from != beg)
			return NULL;
		*lenp = (size_t)(end - beg);
		if (p->exact && !m->words)
			return *lenp == p->lit.len &&
				memcmp(beg, p->lit.s, *lenp) == 0
			    ? beg
			    : NULL;
		p->re.not_eol = 0;
		r = re_match(&p->re, beg, (regoff_t)(end - beg), 0, NULL);
		return r == (regoff_t)(end - beg) ? beg : NULL;
	}
	if (m->words)
		return word_match(p, beg, end, from, lenp);
	if (p->exact) {
		at = p->lit.len == 0
		    ? from
		    : fsu_grep_literal_search(&p->lit, from, end);
		*lenp = p->lit.len;
		return at;
	}
	r = search(p, beg, end, from, lenp);
	return r < 0 ? NULL : beg + r;
}

const char *
fsu_grep_match(struct grep_matcher *m, const char *beg, const char *end,
    const char *from, size_t *lenp)
{
	const char *best, *at;
	size_t i, len;

	best = NULL;
	for (i = 0; i < m->npat; i++) {
		len = 0;
		at = pattern_match(m, &m->pat[i], beg, end, from, &len);
		if (at == NULL || (best != NULL && at > best) ||
		    (at == best && len <= *lenp))
			continue;
		best = at;
		*lenp = len;
	}
	return best;
}

/* ---- the next line --------------------------------------------------------------------------------- */

/* Does the pattern that was found at hit match this line? */
static bool
line_matches(struct grep_matcher *m, const char *beg, const char *end)
{
	size_t i, len;

	for (i = 0; i < m->npat; i++)
		if (pattern_match(m, &m->pat[i], beg, end, beg, &len) != NULL)
			return true;
	return false;
}

/* Where the next literal of any pattern is; lim: nowhere. */
static const char *
next_hit(struct grep_matcher *m, const char *p, const char *lim, bool *sure)
{
	const char *hit = lim, *q;
	struct grep_pattern *pat;
	size_t i;

	for (i = 0; i < m->npat; i++) {
		pat = &m->pat[i];
		if (pat->lit.next == NULL || pat->lit.next < p) {
			q = fsu_grep_literal_search(&pat->lit, p, lim);
			pat->lit.next = q != NULL ? q : lim;
		}
		if (pat->lit.next < hit) {
			hit = pat->lit.next;
			*sure = pat->exact && !m->words && !m->lines;
		}
	}
	return hit;
}

static const char *
filtered_line(
    struct grep_matcher *m, const char *p, const char *lim, const char **endp)
{
	const char *hit, *beg, *end;
	bool sure = false;

	while (p < lim) {
		hit = next_hit(m, p, lim, &sure);
		if (hit == lim)
			return NULL;
		beg = memrchr(p, m->eol, (size_t)(hit - p));
		beg = beg != NULL ? beg + 1 : p;
		end = memchr(hit, m->eol, (size_t)(lim - hit));
		if (sure || line_matches(m, beg, end)) {
			*endp = end + 1;
			return beg;
		}
		p = end + 1;
	}
	return NULL;
}

const char *
fsu_grep_line(
    struct grep_matcher *m, const char *p, const char *lim, const char **endp)
{
	const char *end;

	if (m->npat == 0)
		return NULL;
	if (m->filter)
		return filtered_line(m, p, lim, endp);
	for (; p < lim; p = end + 1) {
		end = memchr(p, m->eol, (size_t)(lim - p));
		if (line_matches(m, p, end)) {
			*endp = end + 1;
			return p;
		}
	}
	return NULL;
}
