/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_sh: commands on an image that is opened once; this file has the options,
 * where lines come from, and the loop.
 *
 * Lines come from -c, from -f's file, from a terminal, or from standard input,
 * which then is the script alone: commands find /dev/null there.  The image is opened
 * for writing, and locked as a whole, where it may be; else, and with -r, for reading.
 * Stands outside of the sandbox, since programs of the host are run on request.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

static const struct fsu_option options[] = {
    {'c', "command", FSU_ARG, "COMMANDS", "run these, and leave"},
    {'e', "errexit", FSU_NOARG, NULL,
	"stop at the first command that fails (not on a terminal)"},
    {'f', "file", FSU_ARG, "FILE",
	"read commands from FILE; - is standard input"},
    {'r', "read-only", FSU_NOARG, NULL,
	"open the image for reading, beside other readers"},
};

static int
option(void *state, int key, const char *value)
{
	struct sh *sh = state;

	switch (key) {
	case 'c':
		sh->commands = value;
		break;
	case 'e':
		sh->errexit = true;
		break;
	case 'f':
		sh->file = value;
		break;
	case 'r':
		sh->readonly = true;
		break;
	}
	return FSU_OK;
}

/* ---- where lines come from ----------------------------------------------------------- */

/* Standard input is the script, and nobody else's. */
static FILE *
script_from_stdin(void)
{
	int fd, null;

	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd == -1 || null == -1)
		return NULL;
	dup2(null, STDIN_FILENO);
	close(null);
	return fdopen(fd, "r");
}

static int
prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct sh *sh = state;
	const char *why = NULL;
	bool write;

	(void)n, (void)operands;
	if (sh->commands != NULL && sh->file != NULL)
		return fsu_usage("-c and -f exclude each other");
	if (sh->file != NULL && strcmp(sh->file, "-") != 0) {
		sh->script = fopen(sh->file, "re");
		if (sh->script == NULL) {
			fsu_msg(
			    "%s: %s", fsu_visible(sh->file), strerror(errno));
			return FSU_USAGE;
		}
	} else if (sh->commands == NULL) {
		sh->interactive = sh->file == NULL && isatty(STDIN_FILENO) &&
		    isatty(STDERR_FILENO);
		if (!sh->interactive) {
			sh->script = script_from_stdin();
			if (sh->script == NULL) {
				fsu_msg("standard input: %s", strerror(errno));
				return FSU_USAGE;
			}
		}
	}
	write = !sh->readonly && fsu_image_changeable(f, &why);
	if (!write && why != NULL)
		fsu_warnf(f, "opened for reading only: %s", why);
	fsu_want_write(f, write);
	sh->readonly = !write;
	return FSU_OK;
}

/* ---- the loop -------------------------------------------------------------------------- */

static void
syntax_error(struct sh *sh, const char *error)
{
	fsu_msg("%s", error);
	sh->status = FSU_USAGE;
	if (!sh->interactive)
		sh->quit = true;
}

/* The next line of a script; false: the end, or no line of text. */
static bool
script_line(struct sh *sh, char **linep, size_t *capp)
{
	ssize_t n;

	n = getline(linep, capp, sh->script);
	if (n > 0 && memchr(*linep, '\0', (size_t)n) != NULL) {
		/* What stands in front of it may be another command. */
		syntax_error(sh, "a line of the script holds a NUL byte");
		return false;
	}
	if (n > 0 && (*linep)[n - 1] == '\n')
		(*linep)[n - 1] = '\0';
	return n > 0;
}

/*
 * Run text if it is whole.  False: it wants another line.  last: there is none.
 */
static bool
run_text(struct sh *sh, const char *text, bool last)
{
	struct sh_list list;
	const char *error;
	enum sh_parsed parsed;

	parsed = sh_parse(text, &list, &error);
	if (parsed == SH_PARSED) {
		if (sh->edit != NULL && list.n > 0)
			sh_edit_remember(sh->edit, text);
		sh_run_list(sh, &list);
	} else if (parsed == SH_SYNTAX || last) {
		if (sh->edit != NULL)
			sh_edit_remember(sh->edit, text);
		syntax_error(sh, error);
	}
	sh_list_free(&list);
	return parsed != SH_INCOMPLETE || last;
}

static char *
append_line(char *text, const char *line)
{
	char *all;

	if (text == NULL)
		return fsu_strdup(line);
	all = fsu_asprintf("%s\n%s", text, line);
	free(text);
	return all;
}

static void
run_script(struct sh *sh)
{
	char *line = NULL, *text = NULL;
	size_t cap = 0;

	while (!sh->quit && script_line(sh, &line, &cap)) {
		text = append_line(text, line);
		if (run_text(sh, text, false)) {
			free(text);
			text = NULL;
		}
	}
	if (text != NULL && !sh->quit)
		run_text(sh, text, true);
	if (!sh->quit && fsu_interrupted()) {
		sh->status = 128 + fsu_signal_take();
	} else if (ferror(sh->script) && !sh->quit) {
		fsu_msg("%s: %s",
		    sh->file != NULL ? sh->file : "standard input",
		    strerror(errno));
		sh->status = FSU_FAIL;
	}
	free(text);
	free(line);
}

/* ^C drops the line; SIGTERM and SIGHUP end the shell. */
static void
interrupted_prompt(struct sh *sh, char **textp)
{
	int sig = fsu_signal_take();

	free(*textp);
	*textp = NULL;
	fputc('\n', stderr);
	sh->status = 128 + (sig != 0 ? sig : SIGINT);
	if (sig != 0 && sig != SIGINT)
		sh->quit = true;
}

static void
run_terminal(struct sh *sh)
{
	const char *line;
	char *text = NULL;
	bool interrupted;

	while (!sh->quit) {
		line = sh_edit_line(sh->edit, text != NULL, &interrupted);
		if (interrupted) {
			interrupted_prompt(sh, &text);
			continue;
		}
		if (line == NULL) { /* ^D */
			fputs("\n", stderr);
			if (text != NULL)
				run_text(sh, text, true);
			break;
		}
		text = append_line(text, line);
		clearerr(stdin);
		if (run_text(sh, text, false)) {
			free(text);
			text = NULL;
		}
	}
	free(text);
}

static int
run(struct fsu *f, void *state, int n, char **operands)
{
	struct sh *sh = state;

	(void)n, (void)operands;
	sh->f = f;
	if (!sh->readonly && !fsu_writable(f))
		fsu_warnf(f, "mounted for reading only");
	if (sh->commands != NULL) {
		run_text(sh, sh->commands, true);
	} else if (sh->interactive) {
		sh->edit = sh_edit_open(sh);
		run_terminal(sh);
		sh_edit_close(sh->edit);
	} else
		run_script(sh);
	return sh->status;
}

static void
done(void *state)
{
	struct sh *sh = state;

	if (sh->script != NULL)
		fclose(sh->script);
	free(sh->oldcwd);
}

const struct fsu_command fsu_sh_command = {
    .name = "fsu_sh",
    .synopsis = "IMAGE [OPTION]...",
    .summary =
	"Run commands on an image that is opened once: those of fs-utils "
	"without fsu_.",
    .options = options,
    .noptions = sizeof(options) / sizeof(options[0]),
    .flags = FSU_READS | FSU_NOSANDBOX,
    .min_operands = 0,
    .max_operands = 0,
    .state_size = sizeof(struct sh),
    .option = option,
    .prepare = prepare,
    .run = run,
    .done = done,
};
