/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line into simple commands, with the quoting of sh(1): '..', "..", backslash,
 * comments; ; newline && || between commands; < > >> 2> 2>> and a pipe.
 *
 * What stands behind a pipe, up to the end of the command, and what stands
 * behind a ! in a command's place, up to the end of the line, is the host's shell's
 * and stays as it was typed.  There are no variables, no functions, no loops: a $, a
 * backquote and a parenthesis stand for themselves.
 */
#include <stdlib.h>
#include <string.h>

#include "sh.h"

struct lexer {
	const char *p, *end;
	bool partial; /* what is missing at the end is made up */
	enum sh_parsed result;
	const char *error;
	/* of the last word read */
	const char *word_start;
	char open_quote;
};

struct text {
	char *s;
	size_t n, cap;
};

static void
text_add(struct text *t, char c)
{
	if (t->n + 1 >= t->cap) {
		t->cap = t->cap == 0 ? 32 : t->cap * 2;
		t->s = fsu_realloc(t->s, t->cap);
	}
	t->s[t->n++] = c;
	t->s[t->n] = '\0';
}

static char *
text_take(struct text *t)
{
	return t->s != NULL ? t->s : fsu_strdup("");
}

static bool
fail(struct lexer *lx, enum sh_parsed result, const char *error)
{
	if (lx->partial && result == SH_INCOMPLETE)
		return true;
	lx->result = result;
	lx->error = error;
	return false;
}

static char
peek(const struct lexer *lx, size_t n)
{
	return (size_t)(lx->end - lx->p) > n ? lx->p[n] : '\0';
}

static bool
at_end(const struct lexer *lx)
{
	return lx->p >= lx->end;
}

/* ---- words ---------------------------------------------------------------------- */

struct word_text {
	struct text plain, pattern;
	bool glob;
};

static void
word_char(struct word_text *w, char c, bool quoted)
{
	text_add(&w->plain, c);
	if (quoted && strchr("*?[]\\-!^", c) != NULL)
		text_add(&w->pattern, '\\');
	text_add(&w->pattern, c);
	if (!quoted && strchr("*?[", c) != NULL)
		w->glob = true;
}

/* After the opening quote, to behind the closing one. */
static bool
quoted_part(struct lexer *lx, struct word_text *w, char quote)
{
	char c;

	lx->open_quote = quote;
	while (!at_end(lx)) {
		c = *lx->p++;
		if (c == quote) {
			lx->open_quote = 0;
			return true;
		}
		if (quote == '"' && c == '\\' && !at_end(lx)) {
			if (*lx->p == '\n') {
				lx->p++;
				continue;
			}
			if (strchr("\"\\$`", *lx->p) != NULL)
				c = *lx->p++;
		}
		word_char(w, c, true);
	}
	return fail(lx, SH_INCOMPLETE, "a quote is not closed");
}

/* A ~ at the start of a word, alone or before a slash. */
static void
tilde(struct lexer *lx, struct word_text *w)
{
	const char *home = getenv("HOME");

	if (peek(lx, 0) != '~' || home == NULL ||
	    (peek(lx, 1) != '\0' && strchr("/ \t\n;|&<>", peek(lx, 1)) == NULL))
		return;
	for (; *home != '\0'; home++)
		word_char(w, *home, true);
	lx->p++;
}

static bool
read_word(struct lexer *lx, struct sh_word *out)
{
	struct word_text w = {0};
	bool ok = true;
	char c;

	lx->word_start = lx->p;
	lx->open_quote = 0;
	if (!lx->partial)
		tilde(lx, &w);
	while (ok && !at_end(lx) && strchr(" \t\r\n;|&<>", *lx->p) == NULL) {
		c = *lx->p++;
		if (c == '\'' || c == '"') {
			ok = quoted_part(lx, &w, c);
		} else if (c == '\\') {
			if (at_end(lx))
				ok = fail(lx, SH_INCOMPLETE,
				    "a backslash ends the input");
			else if (*lx->p == '\n')
				lx->p++;
			else
				word_char(&w, *lx->p++, true);
		} else
			word_char(&w, c, false);
	}
	out->text = text_take(&w.plain);
	out->pattern = NULL;
	if (w.glob)
		out->pattern = text_take(&w.pattern);
	else
		free(w.pattern.s);
	return ok;
}

static void
word_free(struct sh_word *w)
{
	free(w->text);
	free(w->pattern);
}

/* Blanks, comments where a word could begin, and continued lines. */
static void
skip_blanks(struct lexer *lx)
{
	for (;;) {
		while (!at_end(lx) && strchr(" \t\r", *lx->p) != NULL)
			lx->p++;
		if (peek(lx, 0) == '\\' && peek(lx, 1) == '\n') {
			lx->p += 2;
			continue;
		}
		if (peek(lx, 0) == '#')
			while (!at_end(lx) && *lx->p != '\n')
				lx->p++;
		return;
	}
}

/* ---- commands --------------------------------------------------------------------- */

static bool
read_redir(struct lexer *lx, struct sh_simple *sc, int fd)
{
	struct sh_redir r = {.fd = fd};
	struct sh_word w;

	lx->p++;
	if (fd != 0 && peek(lx, 0) == '>') {
		r.append = true;
		lx->p++;
	}
	skip_blanks(lx);
	if (!lx->partial &&
	    (at_end(lx) || strchr("\n;|&<>", peek(lx, 0)) != NULL))
		return fail(
		    lx, SH_SYNTAX, "a file's name is missing behind < or >");
	if (!read_word(lx, &w)) {
		word_free(&w);
		return false;
	}
	r.path = w.text;
	free(w.pattern);
	sc->redirs = fsu_realloc(
	    sc->redirs, (sc->nredirs + 1) * sizeof(*sc->redirs));
	sc->redirs[sc->nredirs++] = r;
	return true;
}

/* The host's words behind a |, as they stand, up to ; && || or the line's end. */
static bool
read_pipe(struct lexer *lx, struct sh_simple *sc)
{
	struct text t = {0};
	char quote = 0, c;

	for (lx->p++; !at_end(lx); lx->p++) {
		c = *lx->p;
		if (quote == 0 &&
		    (c == ';' || c == '\n' ||
			(c == '&' && peek(lx, 1) == '&') ||
			(c == '|' && peek(lx, 1) == '|')))
			break;
		if (c == '\\' && quote != '\'' && lx->end - lx->p > 1) {
			text_add(&t, c);
			c = *++lx->p;
		} else if (quote != 0 && c == quote)
			quote = 0;
		else if (quote == 0 && (c == '\'' || c == '"'))
			quote = c;
		text_add(&t, c);
	}
	sc->pipe = text_take(&t);
	if (quote != 0)
		return fail(lx, SH_INCOMPLETE, "a quote is not closed");
	if (sc->pipe[strspn(sc->pipe, " \t\r")] == '\0')
		return fail(lx, SH_INCOMPLETE, "nothing stands behind the |");
	return true;
}

/* !command: the rest of the line. */
static void
read_host(struct lexer *lx, struct sh_simple *sc)
{
	size_t n;

	lx->p++;
	while (!at_end(lx) && strchr(" \t", *lx->p) != NULL)
		lx->p++;
	for (n = 0; lx->p + n < lx->end && lx->p[n] != '\n';)
		n++;
	sc->host = fsu_strndup(lx->p, n);
	lx->p += n;
}

static bool
add_word(struct lexer *lx, struct sh_simple *sc)
{
	sc->words = fsu_realloc(
	    sc->words, (sc->nwords + 1) * sizeof(*sc->words));
	return read_word(lx, &sc->words[sc->nwords++]);
}

/* Up to what ends a simple command, which stays. */
static bool
read_simple(struct lexer *lx, struct sh_simple *sc)
{
	bool ok = true;
	char c;

	for (;;) {
		skip_blanks(lx);
		c = peek(lx, 0);
		if (!ok || at_end(lx) || c == ';' || c == '\n' || c == '&')
			return ok;
		if (c == '|') {
			if (peek(lx, 1) == '|')
				return true;
			if (sc->nwords == 0)
				return fail(lx, SH_SYNTAX,
				    "no command stands before the |");
			return read_pipe(lx, sc);
		}
		if (c == '!' && sc->nwords == 0 && sc->nredirs == 0) {
			read_host(lx, sc);
			return true;
		}
		if (c == '<' || c == '>')
			ok = read_redir(lx, sc, c == '>');
		else if (c == '2' && peek(lx, 1) == '>') {
			lx->p++;
			ok = read_redir(lx, sc, 2);
		} else
			ok = add_word(lx, sc);
	}
}

/* What stands between two commands.  *more: another one has to follow. */
static bool
read_separator(struct lexer *lx, struct sh_simple *sc, bool *more)
{
	bool empty = sc->nwords == 0 && sc->host == NULL;
	char c = peek(lx, 0);

	*more = false;
	if (at_end(lx))
		return true;
	if (c == '\n' || (c == ';' && !empty)) {
		lx->p++;
		return true;
	}
	if (empty)
		return fail(lx, SH_SYNTAX, "no command stands before ; && ||");
	if (peek(lx, 1) != c)
		return fail(
		    lx, SH_SYNTAX, "& is not for this shell (quote it: '&')");
	sc->next = c == '&' ? SH_AND : SH_OR;
	lx->p += 2;
	*more = true;
	return true;
}

void
sh_simple_free(struct sh_simple *sc)
{
	size_t i;

	for (i = 0; i < sc->nwords; i++)
		word_free(&sc->words[i]);
	for (i = 0; i < sc->nredirs; i++)
		free(sc->redirs[i].path);
	free(sc->words);
	free(sc->redirs);
	free(sc->pipe);
	free(sc->host);
}

void
sh_list_free(struct sh_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		sh_simple_free(&list->cmds[i]);
	free(list->cmds);
	list->cmds = NULL;
	list->n = 0;
}

enum sh_parsed
sh_parse(const char *line, struct sh_list *list, const char **errp)
{
	struct lexer lx = {.p = line, .end = line + strlen(line)};
	struct sh_simple sc;
	bool ok = true, more = false, keep;

	list->cmds = NULL;
	list->n = 0;
	while (ok && !at_end(&lx)) {
		memset(&sc, 0, sizeof(sc));
		ok = read_simple(&lx, &sc);
		keep = sc.nwords > 0 || sc.host != NULL;
		if (ok && !keep && sc.nredirs > 0)
			ok = fail(&lx, SH_SYNTAX, "no command to redirect");
		if (ok && !keep && more && peek(&lx, 0) == '\n') {
			lx.p++; /* && and || may end a line */
			continue;
		}
		if (ok && (keep || !at_end(&lx)))
			ok = read_separator(&lx, &sc, &more);
		if (!keep) {
			sh_simple_free(&sc);
			continue;
		}
		list->cmds = fsu_realloc(
		    list->cmds, (list->n + 1) * sizeof(*list->cmds));
		list->cmds[list->n++] = sc;
	}
	if (ok && more)
		fail(&lx, SH_INCOMPLETE, "nothing stands behind && or ||");
	*errp = lx.error;
	return lx.result;
}

struct sh_simple *
sh_parse_partial(const char *line, size_t len, size_t *startp, char *quotep)
{
	struct lexer lx = {.p = line, .end = line + len, .partial = true};
	struct sh_simple *sc;
	bool more, blank;

	for (;;) {
		sc = fsu_calloc(1, sizeof(*sc));
		lx.word_start = NULL;
		if (!read_simple(&lx, sc) || at_end(&lx) ||
		    !read_separator(&lx, sc, &more))
			break;
		sh_simple_free(sc);
		free(sc);
	}
	blank = lx.word_start == NULL ||
	    (lx.open_quote == 0 && len > 0 && lx.word_start != lx.end &&
		strchr(" \t;&|<>", line[len - 1]) != NULL &&
		!(len > 1 && line[len - 2] == '\\'));
	if (blank && sc->pipe == NULL && sc->host == NULL) {
		lx.word_start = lx.end;
		lx.open_quote = 0;
		sc->words = fsu_realloc(
		    sc->words, (sc->nwords + 1) * sizeof(*sc->words));
		sc->words[sc->nwords].text = fsu_strdup("");
		sc->words[sc->nwords++].pattern = NULL;
	}
	*startp = (size_t)((lx.word_start != NULL ? lx.word_start : lx.end) -
	    line);
	*quotep = lx.open_quote;
	return sc;
}
