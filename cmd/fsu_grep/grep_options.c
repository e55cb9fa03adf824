/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_grep's options: GNU grep's letters, and GREP_COLORS.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grep.h"

enum {
	K_COLOR = FSU_KEY_LONG,
	K_INCLUDE,
	K_EXCLUDE,
	K_EXCLUDEDIR,
	K_BINARY,
	K_NOIGNORE,
	K_SEPARATOR,
	K_NOSEPARATOR,
	K_LINEBUF,
};

const struct fsu_option fsu_grep_options[GREP_NOPTIONS] = {
    {'A', "after-context", FSU_ARG, "N", "N lines after"},
    {'a', "text", FSU_NOARG, NULL, "binary files are text"},
    {'B', "before-context", FSU_ARG, "N", "N lines before"},
    {'b', "byte-offset", FSU_NOARG, NULL, "print offsets"},
    {'C', "context", FSU_ARG, "N", "N lines around; also -N"},
    {'c', "count", FSU_NOARG, NULL, "count lines"},
    {K_COLOR, "color", FSU_OPTARG, "WHEN", "always, never, auto"},
    {K_COLOR, "colour", FSU_OPTARG, "WHEN", NULL},
    {'d', "directories", FSU_ARG, "ACTION", "read, skip, recurse"},
    {'E', "extended-regexp", FSU_NOARG, NULL, "extended expressions"},
    {'e', "regexp", FSU_ARG, "PATTERN", "a pattern; again: more"},
    {'F', "fixed-strings", FSU_NOARG, NULL, "plain strings"},
    {'f', "file", FSU_ARG, "F", "patterns: host file F"},
    {'G', "basic-regexp", FSU_NOARG, NULL, "basic (default)"},
    {'H', "with-filename", FSU_NOARG, NULL, "with file names"},
    {'h', "no-filename", FSU_NOARG, NULL, "without"},
    {'I', NULL, FSU_NOARG, NULL, "no binary files"},
    {'i', "ignore-case", FSU_NOARG, NULL, "either case"},
    {'y', NULL, FSU_NOARG, NULL, NULL},
    {K_NOIGNORE, "no-ignore-case", FSU_NOARG, NULL, NULL},
    {'L', "files-without-match", FSU_NOARG, NULL, "names of the others"},
    {'l', "files-with-matches", FSU_NOARG, NULL, "names only"},
    {'m', "max-count", FSU_ARG, "N", "N lines a file"},
    {'n', "line-number", FSU_NOARG, NULL, "print line numbers"},
    {'o', "only-matching", FSU_NOARG, NULL, "matches only"},
    {'q', "quiet", FSU_NOARG, NULL, "nothing but a status"},
    {'q', "silent", FSU_NOARG, NULL, NULL},
    {'R', "dereference-recursive", FSU_NOARG, NULL, "-r, all links followed"},
    {'r', "recursive", FSU_NOARG, NULL, "what is below directories"},
    {'s', "no-messages", FSU_NOARG, NULL, "silent on missing files"},
    {'v', "invert-match", FSU_NOARG, NULL, "the other lines"},
    {'w', "word-regexp", FSU_NOARG, NULL, "whole words"},
    {'x', "line-regexp", FSU_NOARG, NULL, "whole lines"},
    {'Z', "null", FSU_NOARG, NULL, "NUL after names"},
    {'z', "null-data", FSU_NOARG, NULL, "lines end with NUL"},
    {K_BINARY, "binary-files", FSU_ARG, "TYPE", "binary, text, without-match"},
    {K_INCLUDE, "include", FSU_ARG, "GLOB", "only these files"},
    {K_EXCLUDE, "exclude", FSU_ARG, "GLOB", "not these"},
    {K_EXCLUDEDIR, "exclude-dir", FSU_ARG, "GLOB", "not into these"},
    {K_SEPARATOR, "group-separator", FSU_ARG, "SEP", NULL},
    {K_NOSEPARATOR, "no-group-separator", FSU_NOARG, NULL, NULL},
    {K_LINEBUF, "line-buffered", FSU_NOARG, NULL, NULL},
    {'U', "binary", FSU_NOARG, NULL, NULL},
    {'0', NULL, FSU_NOARG, NULL, NULL},
    {'1', NULL, FSU_NOARG, NULL, NULL},
    {'2', NULL, FSU_NOARG, NULL, NULL},
    {'3', NULL, FSU_NOARG, NULL, NULL},
    {'4', NULL, FSU_NOARG, NULL, NULL},
    {'5', NULL, FSU_NOARG, NULL, NULL},
    {'6', NULL, FSU_NOARG, NULL, NULL},
    {'7', NULL, FSU_NOARG, NULL, NULL},
    {'8', NULL, FSU_NOARG, NULL, NULL},
    {'9', NULL, FSU_NOARG, NULL, NULL},
};

void
fsu_grep_init(void *state)
{
	struct grep_state *g = state;

	g->m.kind = 'G';
	g->m.eol = '\n';
	g->directories = 'r'; /* read: an error */
	g->max_count = g->before = g->after = g->context = -1;
	g->separator = "--";
}

/* ---- values ----------------------------------------------------------------------- */

static int
context_value(const char *s, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(s, &end, 10);
	if (end == s || *end != '\0' || *out < 0)
		return fsu_usage(
		    "%s: invalid context length argument", fsu_visible(s));
	return FSU_OK;
}

static int
count_value(const char *s, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(s, &end, 10);
	if (end == s || *end != '\0')
		return fsu_usage("invalid max count");
	if (*out < 0)
		*out = -1;
	return FSU_OK;
}

/* Patterns of a host file: read here, before the image is locked. */
static int
patterns_from(struct grep_state *g, const char *path)
{
	char *text = NULL;
	size_t len = 0, cap = 0;
	ssize_t n;
	int fd;

	fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO)
				    : open(path, O_RDONLY | O_CLOEXEC);
	n = fd == -1 ? -1 : 1;
	for (; n > 0; len += (size_t)n) {
		if (cap - len < 4096) {
			cap = cap * 2 + 8192;
			text = fsu_realloc(text, cap);
		}
		n = read(fd, text + len, cap - len);
		if (n <= 0)
			break;
	}
	if (fd == -1 || n == -1)
		fsu_msg("%s: %s", fsu_visible(path), strerror(errno));
	else if (len > 0)
		fsu_grep_add_patterns(
		    &g->m, text, len - (text[len - 1] == '\n'));
	if (fd != -1)
		close(fd);
	free(text);
	g->patterns_given = true;
	return fd == -1 || n == -1 ? FSU_USAGE : FSU_OK;
}

static int
directories_value(struct grep_state *g, const char *s)
{
	g->recursive = 0;
	if (strcmp(s, "read") == 0)
		g->directories = 'r';
	else if (strcmp(s, "skip") == 0)
		g->directories = 's';
	else if (strcmp(s, "recurse") == 0)
		g->recursive = 'r';
	else
		return fsu_usage("invalid argument %s for '--directories' "
				 "(read, recurse, skip)",
		    fsu_quote_msg(s));
	return FSU_OK;
}

static int
binary_value(struct grep_state *g, const char *s)
{
	if (strcmp(s, "binary") == 0)
		g->binary = GREP_BINARY;
	else if (strcmp(s, "text") == 0)
		g->binary = GREP_TEXT;
	else if (strcmp(s, "without-match") == 0)
		g->binary = GREP_NOMATCH;
	else
		return fsu_usage("unknown binary-files type");
	return FSU_OK;
}

static int
color_value(struct grep_state *g, const char *s)
{
	const char *term;

	if (s != NULL &&
	    (strcmp(s, "always") == 0 || strcmp(s, "yes") == 0 ||
		strcmp(s, "force") == 0))
		g->color = true;
	else if (s != NULL &&
	    (strcmp(s, "never") == 0 || strcmp(s, "no") == 0 ||
		strcmp(s, "none") == 0))
		g->color = false;
	else if (s == NULL || strcmp(s, "auto") == 0 || strcmp(s, "tty") == 0 ||
	    strcmp(s, "if-tty") == 0) {
		term = getenv("TERM");
		g->color = isatty(STDOUT_FILENO) && term != NULL &&
		    strcmp(term, "dumb") != 0;
	} else
		return fsu_usage("invalid argument %s for '--color' (always, "
				 "never, auto)",
		    fsu_quote_msg(s));
	return FSU_OK;
}

static void
add_glob(struct grep_globs *globs, const char *pattern, bool include)
{
	size_t len = strlen(pattern);

	/* Directories are compared without slashes at the end. */
	while (len > 1 && pattern[len - 1] == '/')
		len--;
	globs->v = fsu_realloc(globs->v, (globs->n + 1) * sizeof(*globs->v));
	globs->v[globs->n].pattern = fsu_strndup(pattern, len);
	globs->v[globs->n++].include = include;
}

/* ---- options ------------------------------------------------------------------------ */

static int
long_option(struct grep_state *g, int key, const char *value)
{
	switch (key) {
	case K_COLOR:
		return color_value(g, value);
	case K_BINARY:
		return binary_value(g, value);
	case K_INCLUDE:
	case K_EXCLUDE:
		add_glob(&g->files, value, key == K_INCLUDE);
		break;
	case K_EXCLUDEDIR:
		add_glob(&g->dirs, value, false);
		break;
	case K_NOIGNORE:
		g->m.icase = false;
		break;
	case K_SEPARATOR:
		g->separator = value;
		break;
	case K_NOSEPARATOR:
		g->separator = NULL;
		break;
	}
	return FSU_OK;
}

static int
value_option(struct grep_state *g, int key, const char *value)
{
	switch (key) {
	case 'A':
		return context_value(value, &g->after);
	case 'B':
		return context_value(value, &g->before);
	case 'C':
		return context_value(value, &g->context);
	case 'm':
		return count_value(value, &g->max_count);
	case 'd':
		return directories_value(g, value);
	case 'e':
		fsu_grep_add_patterns(&g->m, value, strlen(value));
		g->patterns_given = true;
		return FSU_OK;
	case 'f':
		return patterns_from(g, value);
	default:
		return long_option(g, key, value);
	}
}

/* Those that set one thing each. */
static bool
flag_option(struct grep_state *g, int key)
{
	const struct {
		int key;
		bool *flag;
	} flags[] = {
	    {'b', &g->offset},
	    {'c', &g->count},
	    {'i', &g->m.icase},
	    {'y', &g->m.icase},
	    {'n', &g->number},
	    {'o', &g->only},
	    {'q', &g->quiet},
	    {'s', &g->silent},
	    {'v', &g->invert},
	    {'w', &g->m.words},
	    {'x', &g->m.lines},
	    {'Z', &g->nulname},
	};
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].key == key) {
			*flags[i].flag = true;
			return true;
		}
	return false;
}

int
fsu_grep_option(void *state, int key, const char *value)
{
	struct grep_state *g = state;

	if (key >= '0' && key <= '9') { /* -NUM */
		if (g->digits < 100000000)
			g->digits = g->digits * 10 + (key - '0');
		g->context = g->digits;
		return FSU_OK;
	}
	g->digits = 0;
	if (flag_option(g, key))
		return FSU_OK;
	switch (key) {
	case 'a':
		g->binary = GREP_TEXT;
		break;
	case 'I':
		g->binary = GREP_NOMATCH;
		break;
	case 'E':
	case 'F':
	case 'G':
		g->m.kind = (char)key;
		break;
	case 'H':
		g->with_name = 1;
		break;
	case 'h':
		g->with_name = -1;
		break;
	case 'L':
		g->list = GREP_LIST_OTHERS;
		break;
	case 'l':
		g->list = GREP_LIST_MATCHING;
		break;
	case 'R':
	case 'r':
		g->recursive = 'r';
		g->follow = key == 'R';
		break;
	case 'z':
		g->m.eol = '\0';
		break;
	case 'U':
		break;
	default:
		return value_option(g, key, value);
	}
	return FSU_OK;
}

/* ---- GREP_COLORS ---------------------------------------------------------------------- */

static bool
is_sgr(const char *s)
{
	return s[strspn(s, "0123456789;")] == '\0';
}

static void
one_color(struct grep_colors *c, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **first, **second;
	} caps[] = {
	    {"mt", &c->selected, &c->context},
	    {"ms", &c->selected, NULL},
	    {"mc", &c->context, NULL},
	    {"sl", &c->sline, NULL},
	    {"cx", &c->cline, NULL},
	    {"fn", &c->file, NULL},
	    {"ln", &c->line, NULL},
	    {"bn", &c->byte, NULL},
	    {"se", &c->sep, NULL},
	};
	size_t i;

	if (value == NULL) {
		c->reverse = c->reverse || strcmp(name, "rv") == 0;
		c->noclear = c->noclear || strcmp(name, "ne") == 0;
		return;
	}
	for (i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		if (strcmp(caps[i].name, name) == 0 && is_sgr(value)) {
			*caps[i].first = value;
			if (caps[i].second != NULL)
				*caps[i].second = value;
		}
}

void
fsu_grep_colors_init(struct grep_state *g)
{
	struct grep_colors *c = &g->colors;
	const char *env;
	char *p, *next, *eq;

	c->selected = c->context = "01;31";
	c->sline = c->cline = "";
	c->file = "35";
	c->line = c->byte = "32";
	c->sep = "36";
	if (!g->color)
		return;
	env = getenv("GREP_COLORS");
	if (env == NULL)
		return;
	c->mem = fsu_strdup(env);
	for (p = c->mem; p != NULL; p = next) {
		next = strchr(p, ':');
		if (next != NULL)
			*next++ = '\0';
		eq = strchr(p, '=');
		if (eq != NULL)
			*eq++ = '\0';
		one_color(c, p, eq);
	}
}
