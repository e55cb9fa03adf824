/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Colours of names, from LS_COLORS as dircolors(1) writes it: two-letter keys for
 * kinds of files, *SUFFIX for names, values with \e, \033, ^[ and the like.
 * Without LS_COLORS there are built-in colours, if COLORTERM is set or TERM names
 * a terminal that has them.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

static const char keys[FSU_COLOR_N][3] = {"lc", "rc", "ec", "rs", "no", "fi",
    "di", "ln", "pi", "so", "bd", "cd", "mi", "or", "ex", "do", "su", "sg",
    "st", "ow", "tw", "ca", "mh", "cl"};

static const char *const defaults[FSU_COLOR_N] = {
    [FSU_COLOR_LEFT] = "\033[",
    [FSU_COLOR_RIGHT] = "m",
    [FSU_COLOR_RESET] = "0",
    [FSU_COLOR_DIR] = "01;34",
    [FSU_COLOR_LINK] = "01;36",
    [FSU_COLOR_FIFO] = "33",
    [FSU_COLOR_SOCK] = "01;35",
    [FSU_COLOR_BLK] = "01;33",
    [FSU_COLOR_CHR] = "01;33",
    [FSU_COLOR_EXEC] = "01;32",
    [FSU_COLOR_DOOR] = "01;35",
    [FSU_COLOR_SETUID] = "37;41",
    [FSU_COLOR_SETGID] = "30;43",
    [FSU_COLOR_STICKY] = "37;44",
    [FSU_COLOR_OTHERWRITE] = "34;42",
    [FSU_COLOR_STICKY_OTHERWRITE] = "30;42",
    [FSU_COLOR_CLEAR] = "\033[K",
};

/* Terminals that dircolors(1) knows to have colours. */
static const char *const terminals[] = {"Eterm", "ansi", "*color*",
    "con[0-9]*x[0-9]*", "cons25", "console", "cygwin", "*direct*", "dtterm",
    "gnome", "hurd", "jfbterm", "konsole", "kterm", "linux", "linux-c",
    "mlterm", "putty", "rxvt*", "screen*", "st", "terminator", "tmux*", "vt100",
    "xterm*"};

static bool
terminal_has_colors(void)
{
	const char *term = getenv("TERM");

	for (size_t i = 0; i < sizeof(terminals) / sizeof(*terminals); i++) {
		if (term != NULL && fnmatch(terminals[i], term, 0) == 0)
			return true;
	}
	return false;
}

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* What stands after a backslash; advances. */
static char
unescape(const char **pp)
{
	static const char letters[] = "abefnrtv?_",
			  bytes[] = "\a\b\033\f\n\r\t\v\177 ";
	const char *p = *pp, *at;
	char c = *p++;
	int v = 0;

	at = c != '\0' ? strchr(letters, c) : NULL;
	if (at != NULL) {
		c = bytes[at - letters];
	} else if (c >= '0' && c <= '7') {
		for (v = c - '0'; *p >= '0' && *p <= '7'; p++)
			v = v * 8 + (*p - '0');
		c = (char)v;
	} else if (c == 'x' || c == 'X') {
		for (; digit_value(*p) < 16; p++)
			v = v * 16 + digit_value(*p);
		c = (char)v;
	}
	*pp = p;
	return c;
}

/*
 * A value or suffix: up to : (or = for a suffix), decoded to *to.  false: it ends
 * in the middle of an escape.
 */
static bool
decode(const char **pp, char **to, bool suffix, struct fsu_colorseq *seq)
{
	const char *p = *pp;
	char *t = *to;

	while (*p != '\0' && *p != ':' && !(suffix && *p == '=')) {
		if (*p == '\\') {
			p++;
			if (*p == '\0')
				return false;
			*t++ = unescape(&p);
		} else if (*p == '^') {
			p++;
			if (*p == '?')
				*t++ = '\177';
			else if (*p >= '@' && *p <= '~')
				*t++ = (char)(*p & 037);
			else
				return false;
			p++;
		} else {
			*t++ = *p++;
		}
	}
	seq->s = *to;
	seq->len = (size_t)(t - *to);
	*pp = p;
	*to = t;
	return true;
}

/* One entry at *pp, up to its colon. */
static bool
parse_entry(struct fsu_colors *c, const char **pp, char **to)
{
	const char *p = *pp;
	size_t k;

	if (*p == '*') {
		struct fsu_colorext *e = fsu_calloc(1, sizeof(*e));
		struct fsu_colorseq suffix;

		p++;
		e->next = c->ext;
		c->ext = e;
		if (!decode(&p, to, true, &suffix) || *p++ != '=' ||
		    !decode(&p, to, false, &e->seq))
			return false;
		e->suffix = suffix.s;
		e->len = suffix.len;
		*pp = p;
		return true;
	}
	for (k = 0; k < FSU_COLOR_N; k++) {
		if (strncmp(p, keys[k], 2) == 0)
			break;
	}
	if (p[1] == '\0' || p[2] != '=')
		return false;
	if (k == FSU_COLOR_N) {
		char key[3] = {p[0], p[1], '\0'};

		fsu_msg("unrecognized prefix: %s", fsu_quote_msg(key));
		return false;
	}
	p += 3;
	if (!decode(&p, to, false, &c->seq[k]))
		return false;
	*pp = p;
	return true;
}

bool
fsu_colors_init(struct fsu_colors *c)
{
	const char *p = getenv("LS_COLORS"), *ct = getenv("COLORTERM");
	char *to;

	*c = (struct fsu_colors){0};
	for (size_t i = 0; i < FSU_COLOR_N; i++) {
		c->seq[i].s = defaults[i];
		c->seq[i].len = defaults[i] != NULL ? strlen(defaults[i]) : 0;
	}
	if (p == NULL || *p == '\0')
		return (ct != NULL && *ct != '\0') || terminal_has_colors();
	c->mem = to = fsu_malloc(strlen(p) + 1);
	while (*p != '\0') {
		if (*p == ':') {
			p++;
		} else if (!parse_entry(c, &p, &to)) {
			fsu_msg("unparsable value for LS_COLORS environment "
				"variable");
			return false;
		}
	}
	c->link_as_target = c->seq[FSU_COLOR_LINK].len == 6 &&
	    memcmp(c->seq[FSU_COLOR_LINK].s, "target", 6) == 0;
	return true;
}

bool
fsu_color_set(const struct fsu_colors *c, enum fsu_color k)
{
	const struct fsu_colorseq *q = &c->seq[k];

	return q->len != 0 && !(q->len == 1 && q->s[0] == '0') &&
	    !(q->len == 2 && q->s[0] == '0' && q->s[1] == '0');
}

const struct fsu_colorseq *
fsu_color_of(const struct fsu_colors *c, enum fsu_color kind, const char *name,
    size_t len)
{
	const struct fsu_colorseq *q = &c->seq[kind];

	if (kind == FSU_COLOR_FILE) {
		for (const struct fsu_colorext *e = c->ext; e != NULL;
		     e = e->next) {
			if (e->len <= len &&
			    strncasecmp(
				name + len - e->len, e->suffix, e->len) == 0)
				return &e->seq;
		}
	}
	return q->s != NULL ? q : NULL;
}
