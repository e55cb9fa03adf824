/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal: prompt, line editing by libedit, history.
 *
 * The history is a file of lines, $FSU_HISTFILE or ~/.fsu_history (empty: none).  A
 * line is appended when it is entered, so that two shells don't lose each other's;
 * a file of more than twice HISTORY_LINES is cut to the last HISTORY_LINES when it
 * is read.  Prompt and echo go to standard error.
 */
#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "sh.h"

#define HISTORY_LINES 1000

struct sh_edit {
	struct sh *sh;
	EditLine *el;
	History *hist;
	char *histfile; /* NULL: none is kept */
	bool more;	/* a line is being continued */
	char *prompt, *line;
};

/* ---- history --------------------------------------------------------------------- */

static char *
history_path(void)
{
	const char *env = getenv("FSU_HISTFILE"), *home = getenv("HOME");

	if (env != NULL)
		return *env != '\0' ? fsu_strdup(env) : NULL;
	return home != NULL && *home != '\0'
	    ? fsu_path_join(home, ".fsu_history")
	    : NULL;
}

static void
enter(struct sh_edit *e, const char *line)
{
	HistEvent ev;

	history(e->hist, &ev, H_ENTER, line);
}

/* Keep the last lines only.  A failure costs nothing: the file stays long. */
static void
rewrite_history(const struct sh_edit *e, char *const *lines, size_t n)
{
	char *tmp = fsu_asprintf("%s.new", e->histfile);
	FILE *out = NULL;
	bool ok = true;
	size_t i;
	int fd;

	fd = open(
	    tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd != -1)
		out = fdopen(fd, "w");
	if (out != NULL) {
		for (i = 0; i < n; i++)
			ok = fprintf(out, "%s\n", lines[i]) > 0 && ok;
		ok = fclose(out) == 0 && ok;
		if (!ok || rename(tmp, e->histfile) != 0)
			unlink(tmp);
	}
	free(tmp);
}

static void
load_history(struct sh_edit *e)
{
	char **lines = NULL, *line = NULL;
	size_t n = 0, cap = 0, size = 0, first, i;
	ssize_t len;
	FILE *in;

	in = e->histfile != NULL ? fopen(e->histfile, "re") : NULL;
	if (in == NULL)
		return;
	while ((len = getline(&line, &size, in)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (n == cap) {
			cap = cap == 0 ? 256 : cap * 2;
			lines = fsu_realloc(lines, cap * sizeof(*lines));
		}
		lines[n++] = fsu_strdup(line);
	}
	free(line);
	fclose(in);
	first = n > HISTORY_LINES ? n - HISTORY_LINES : 0;
	for (i = first; i < n; i++)
		enter(e, lines[i]);
	if (n > 2 * HISTORY_LINES)
		rewrite_history(e, lines + first, n - first);
	for (i = 0; i < n; i++)
		free(lines[i]);
	free(lines);
}

void
sh_edit_remember(struct sh_edit *e, const char *text)
{
	char *line = fsu_strdup(text), *p, *whole;
	int fd;

	for (p = line; (p = strchr(p, '\n')) != NULL;)
		*p = ' '; /* one line, whatever was continued */
	if (e->hist != NULL)
		enter(e, line);
	fd = e->histfile != NULL
	    ? open(e->histfile, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)
	    : -1;
	if (fd != -1) {
		whole = fsu_asprintf("%s\n", line);
		if (write(fd, whole, strlen(whole)) == -1) {
			/* it is in memory, and that will do */
		}
		free(whole);
		close(fd);
	}
	free(line);
}

/* ---- the prompt ------------------------------------------------------------------- */

static char *
prompt(EditLine *el)
{
	struct sh_edit *e;
	char *cwd, *image;

	el_get(el, EL_CLIENTDATA, &e);
	free(e->prompt);
	if (e->more) {
		e->prompt = fsu_strdup("> ");
		return e->prompt;
	}
	cwd = sh_getcwd();
	image = fsu_basename(fsu_image_name(e->sh->f));
	e->prompt = fsu_asprintf("%s:%s%s> ", fsu_visible(image),
	    cwd != NULL ? fsu_visible(cwd) : "(gone)",
	    fsu_writable(e->sh->f) ? "" : " (read-only)");
	free(image);
	free(cwd);
	return e->prompt;
}

/* ---- Tab ------------------------------------------------------------------------------ */

/* What has to be escaped outside of quotes, or inside of them. */
static char *
escaped(const char *s, char quote)
{
	char *out = fsu_malloc(strlen(s) * 4 + 1), *o = out;

	for (; *s != '\0'; s++) {
		if (quote == '\'' && *s == '\'') {
			o = stpcpy(o, "'\\''");
			continue;
		}
		if (quote == 0 ? strchr(" \t\n\\'\"*?[]|&;<>#!~$`", *s) != NULL
			       : quote == '"' && strchr("\\\"$`", *s) != NULL)
			*o++ = '\\';
		*o++ = *s;
	}
	*o = '\0';
	return out;
}

/* How many bytes do all have in common, whole characters only? */
static size_t
common(char *const *names)
{
	size_t len = strlen(names[0]), k;
	int i;

	for (i = 1; names[i] != NULL; i++) {
		for (k = 0; k < len && names[i][k] == names[0][k]; k++)
			continue;
		len = k;
	}
	while (len > 0 && ((unsigned char)names[0][len] & 0xc0) == 0x80)
		len--;
	return len;
}

/* The part that differs: what stands behind the last slash. */
static const char *
tail(const char *name)
{
	const char *p = name + strlen(name);

	while (p > name && p[-1] == '/')
		p--;
	while (p > name && p[-1] != '/')
		p--;
	return p;
}

static void
list_names(char *const *names)
{
	size_t width = 0, per_line, len;
	int i, n;

	for (n = 0; names[n] != NULL; n++) {
		len = strlen(fsu_visible(tail(names[n])));
		width = len > width ? len : width;
	}
	width += 2;
	per_line = width < 80 ? 80 / width : 1;
	fputc('\n', stderr);
	for (i = 0; i < n; i++) {
		bool last = i + 1 == n || (size_t)i % per_line == per_line - 1;

		fprintf(stderr, "%-*s%s", last ? 0 : (int)width,
		    fsu_visible(tail(names[i])), last && i + 1 < n ? "\n" : "");
	}
}

static unsigned char
complete(EditLine *el, int key)
{
	const LineInfo *li = el_line(el);
	const size_t len = (size_t)(li->cursor - li->buffer);
	unsigned char result = CC_ERROR;
	char **names, *text, *all;
	struct sh_edit *e;
	size_t start, same;
	char quote;

	(void)key;
	el_get(el, EL_CLIENTDATA, &e);
	names = sh_complete(e->sh, li->buffer, len, &start, &quote);
	if (names == NULL || names[0] == NULL) {
		fsu_glob_free(names);
		return CC_ERROR;
	}
	same = common(names);
	text = fsu_strndup(names[0], same);
	all = escaped(text, quote);
	free(text);
	if (names[1] == NULL && same > 0 && names[0][same - 1] != '/' &&
	    names[0][same - 1] != '=') {
		text = fsu_asprintf("%s%.1s ", all, quote ? &quote : "");
		free(all);
		all = text;
	}
	if (quote != 0)
		start++; /* the quote stays */
	if (strlen(all) > len - start ||
	    (names[1] == NULL &&
		strncmp(all, li->buffer + start, len - start) != 0)) {
		el_deletestr(el, (int)(len - start));
		result = el_insertstr(el, all) == 0 ? CC_REFRESH : CC_ERROR;
	} else if (names[1] != NULL) {
		list_names(names);
		result = CC_REDISPLAY;
	}
	free(all);
	fsu_glob_free(names);
	return result;
}

/* ---- keys ----------------------------------------------------------------------------- */

/* Wait for a key or a signal that ends the line; no signal falls between the two
 * tests. */
static bool
wait_for_key(void)
{
	struct pollfd pfd = {.fd = STDIN_FILENO, .events = POLLIN};
	sigset_t block, before;
	int n = 0;

	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGHUP);
	sigprocmask(SIG_BLOCK, &block, &before);
	while (n <= 0 && !fsu_interrupted()) {
		n = ppoll(&pfd, 1, NULL, &before);
		if (n == -1 && errno != EINTR)
			break;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return !fsu_interrupted();
}

/* libedit's: one character; 1, 0 at the end, -1 and errno. */
static int
read_key(EditLine *el, wchar_t *out)
{
	mbstate_t state = {0};
	ssize_t n;
	size_t len;
	char c;

	(void)el;
	for (;;) {
		if (!wait_for_key()) {
			errno = EINTR;
			return -1;
		}
		n = read(STDIN_FILENO, &c, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n != 1)
			return (int)n;
		len = mbrtowc(out, &c, 1, &state);
		if (len == (size_t)-1) { /* not in this locale: dropped */
			memset(&state, 0, sizeof(state));
			continue;
		}
		if (len != (size_t)-2)
			return 1;
	}
}

/* ---- lines ----------------------------------------------------------------------------- */

struct sh_edit *
sh_edit_open(struct sh *sh)
{
	struct sh_edit *e = fsu_calloc(1, sizeof(*e));
	HistEvent ev;

	e->sh = sh;
	e->el = el_init("fsu_sh", stdin, stderr, stderr);
	e->hist = history_init();
	if (e->el == NULL || e->hist == NULL) {
		fsu_msg("line editing doesn't start");
		return e;
	}
	e->histfile = history_path();
	history(e->hist, &ev, H_SETSIZE, HISTORY_LINES);
	history(e->hist, &ev, H_SETUNIQUE, 1);
	load_history(e);
	el_set(e->el, EL_CLIENTDATA, e);
	el_set(e->el, EL_PROMPT, prompt);
	el_set(e->el, EL_EDITOR, "emacs");
	el_set(e->el, EL_SIGNAL, 0); /* ours stand */
	el_set(e->el, EL_GETCFN, read_key);
	el_set(e->el, EL_HIST, history, e->hist);
	el_set(e->el, EL_ADDFN, "fsu-complete", "what fits", complete);
	el_set(e->el, EL_BIND, "^I", "fsu-complete", NULL);
	el_set(e->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
	el_source(e->el, NULL); /* ~/.editrc */
	return e;
}

void
sh_edit_close(struct sh_edit *e)
{
	if (e->el != NULL)
		el_end(e->el);
	if (e->hist != NULL)
		history_end(e->hist);
	free(e->histfile);
	free(e->prompt);
	free(e->line);
	free(e);
}

const char *
sh_edit_line(struct sh_edit *e, bool more, bool *interrupted)
{
	const char *got;
	int n = 0;

	*interrupted = false;
	if (e->el == NULL)
		return NULL;
	e->more = more;
	el_resize(e->el);
	got = el_gets(e->el, &n);
	if (got == NULL || n <= 0) {
		*interrupted = fsu_interrupted();
		return NULL;
	}
	free(e->line);
	e->line = fsu_strdup(got);
	e->line[strcspn(e->line, "\n")] = '\0';
	return e->line;
}
