/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's own commands, and the names of all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh.h"

/* ---- names ----------------------------------------------------------------------- */

#define PREFIX	   "fsu_"
#define PREFIX_LEN 4

const char *
sh_command_name(const struct fsu_command *cmd)
{
	return strncmp(cmd->name, PREFIX, PREFIX_LEN) == 0
	    ? cmd->name + PREFIX_LEN
	    : cmd->name;
}

const struct fsu_command *
sh_find_command(const char *name)
{
	size_t i;

	if (strncmp(name, PREFIX, PREFIX_LEN) == 0)
		name += PREFIX_LEN;
	for (i = 0; i < fsu_ncommands; i++)
		if (strcmp(sh_command_name(fsu_commands[i]), name) == 0 &&
		    strcmp(name, "sh") != 0)
			return fsu_commands[i];
	return NULL;
}

bool
sh_takes_host(const char *name)
{
	if (strncmp(name, PREFIX, PREFIX_LEN) == 0)
		name += PREFIX_LEN;
	return strcmp(name, "put") == 0 || strcmp(name, "lls") == 0 ||
	    strcmp(name, "lcd") == 0;
}

/* ---- directories ------------------------------------------------------------------- */

char *
sh_getcwd(void)
{
	char buf[4096];

	return rump_sys_getcwd(buf, sizeof(buf)) > 0 ? fsu_strdup(buf) : NULL;
}

static int
do_cd(struct sh *sh, int argc, char **argv)
{
	const char *to = argc > 1 ? argv[1] : "/";
	char *old;
	int r;

	if (strcmp(to, "-") == 0) {
		if (sh->oldcwd == NULL) {
			fsu_msg("cd: there is no directory before this one");
			return FSU_FAIL;
		}
		to = sh->oldcwd;
	}
	old = sh_getcwd();
	r = rump_sys_chdir(to);
	if (r != 0) {
		fsu_warnf(
		    sh->f, "cd: %s: %s", fsu_visible(to), fsu_strerror(r));
		free(old);
		return FSU_FAIL;
	}
	if (to == sh->oldcwd)
		puts(to);
	free(sh->oldcwd);
	sh->oldcwd = old;
	return FSU_OK;
}

static int
do_pwd(struct sh *sh, int argc, char **argv)
{
	char *cwd = sh_getcwd();

	(void)argc, (void)argv;
	if (cwd == NULL) {
		fsu_warnf(sh->f, "pwd: %s", strerror(ENOENT));
		return FSU_FAIL;
	}
	puts(cwd);
	free(cwd);
	return FSU_OK;
}

static int
do_lcd(struct sh *sh, int argc, char **argv)
{
	const char *to = argc > 1 ? argv[1] : getenv("HOME");

	(void)sh;
	if (to == NULL)
		to = "/";
	if (chdir(to) == 0)
		return FSU_OK;
	fsu_msg("lcd: %s: %s", fsu_visible(to), strerror(errno));
	return FSU_FAIL;
}

static int
do_lpwd(struct sh *sh, int argc, char **argv)
{
	char *cwd = getcwd(NULL, 0);

	(void)sh, (void)argc, (void)argv;
	if (cwd == NULL) {
		fsu_msg("lpwd: %s", strerror(errno));
		return FSU_FAIL;
	}
	puts(cwd);
	free(cwd);
	return FSU_OK;
}

static int
do_lls(struct sh *sh, int argc, char **argv)
{
	char ls[] = "ls";

	(void)sh, (void)argc;
	free(argv[0]);
	argv[0] = fsu_strdup(ls);
	return sh_host_argv(argv);
}

/* ---- the rest -------------------------------------------------------------------------- */

static int
do_echo(struct sh *sh, int argc, char **argv)
{
	bool newline = argc < 2 || strcmp(argv[1], "-n") != 0;
	int i, first = newline ? 1 : 2;

	(void)sh;
	for (i = first; i < argc; i++)
		printf("%s%s", i > first ? " " : "", argv[i]);
	if (newline)
		putchar('\n');
	return FSU_OK;
}

static int
do_exit(struct sh *sh, int argc, char **argv)
{
	char *end;
	long n;

	if (argc > 1) {
		n = strtol(argv[1], &end, 10);
		if (*argv[1] == '\0' || *end != '\0' || n < 0 || n > 255) {
			fsu_msg("exit: %s: not a status (0 to 255)",
			    fsu_visible(argv[1]));
			return FSU_USAGE;
		}
		sh->status = (int)n;
	}
	sh->quit = true;
	return sh->status;
}

static int
do_set(struct sh *sh, int argc, char **argv)
{
	(void)argc;
	if (strcmp(argv[1], "-e") != 0 && strcmp(argv[1], "+e") != 0) {
		fsu_msg("set: %s: only -e and +e", fsu_visible(argv[1]));
		return FSU_USAGE;
	}
	sh->errexit = argv[1][0] == '-';
	return FSU_OK;
}

static int
do_sync(struct sh *sh, int argc, char **argv)
{
	(void)argc, (void)argv;
	if (!fsu_writable(sh->f) || ukfs_sync(fsu_ukfs(sh->f)) == 0)
		return FSU_OK;
	fsu_warnf(sh->f, "sync: %s", fsu_strerror(errno));
	return FSU_FAIL;
}

static int
do_umask(struct sh *sh, int argc, char **argv)
{
	unsigned long mask;
	mode_t old;
	char *end;

	(void)sh;
	if (argc == 1) {
		old = umask(0);
		umask(old);
		printf("%04o\n", (unsigned)old);
		return FSU_OK;
	}
	mask = strtoul(argv[1], &end, 8);
	if (*argv[1] < '0' || *argv[1] > '7' || *end != '\0' || mask > 0777) {
		fsu_msg("umask: %s: not an octal mask", fsu_visible(argv[1]));
		return FSU_USAGE;
	}
	umask((mode_t)mask);
	return FSU_OK;
}

/* Names in as many columns as fit. */
static void
print_names(const char *const *names, size_t n)
{
	const size_t width = 11, per_line = 80 / width;
	size_t i;

	for (i = 0; i < n; i++) {
		bool last = i + 1 == n || i % per_line == per_line - 1;

		printf("%s%-*s%s", i % per_line == 0 ? "  " : "",
		    last ? 0 : (int)width, names[i], last ? "\n" : "");
	}
}

static void
list_commands(void)
{
	const char **names = fsu_calloc(
	    fsu_ncommands + sh_nbuiltins, sizeof(*names));
	size_t i, n = 0;

	printf("Commands on the image (COMMAND --help says more):\n");
	for (i = 0; i < fsu_ncommands; i++)
		if (!(fsu_commands[i]->flags & FSU_HIDDEN) &&
		    sh_find_command(fsu_commands[i]->name) != NULL)
			names[n++] = sh_command_name(fsu_commands[i]);
	print_names(names, n);
	printf("The shell's own (help COMMAND):\n");
	for (n = 0; n < sh_nbuiltins; n++)
		names[n] = sh_builtins[n].name;
	print_names(names, n);
	printf(
	    "Also: !COMMAND on the host, COMMAND | HOST COMMAND, < > >> a host "
	    "file,\n; && || between commands, quotes, patterns, # comments.  "
	    "See fsu_sh(1).\n");
	free(names);
}

static int
do_help(struct sh *sh, int argc, char **argv)
{
	const struct sh_builtin *b;
	const struct fsu_command *cmd;
	char help[] = "--help";

	if (argc == 1) {
		list_commands();
		return FSU_OK;
	}
	b = sh_find_builtin(argv[1]);
	if (b != NULL) {
		printf("usage: %s%s%s\n%s\n", b->name, *b->synopsis ? " " : "",
		    b->synopsis, b->summary);
		return FSU_OK;
	}
	cmd = sh_find_command(argv[1]);
	if (cmd != NULL)
		return fsu_run_command(
		    sh->f, cmd, 2, (char *[]){argv[1], help, NULL});
	fsu_msg("help: %s: no such command", fsu_visible(argv[1]));
	return FSU_FAIL;
}

const struct sh_builtin sh_builtins[] = {
    {"cd", "[DIRECTORY|-]", "Go to a directory of the image; / by default.", 0,
	1, do_cd},
    {"echo", "[-n] [WORD]...", "Print the words.", 0, -1, do_echo},
    {"exit", "[STATUS]", "Leave, with the last command's status.", 0, 1,
	do_exit},
    {"help", "[COMMAND]", "List the commands, or say what one does.", 0, 1,
	do_help},
    {"lcd", "[DIRECTORY]", "Go to a directory of the host; $HOME by default.",
	0, 1, do_lcd},
    {"lls", "[ARGUMENT]...", "Run the host's ls.", 0, -1, do_lls},
    {"lpwd", "", "Print the host's current directory.", 0, 0, do_lpwd},
    {"pwd", "", "Print the image's current directory.", 0, 0, do_pwd},
    {"quit", "[STATUS]", "Leave, with the last command's status.", 0, 1,
	do_exit},
    {"set", "-e|+e", "Stop a script at the first failure, or don't.", 1, 1,
	do_set},
    {"sync", "", "Write out what has changed.", 0, 0, do_sync},
    {"umask", "[MASK]", "Print or set the mask of new files' modes.", 0, 1,
	do_umask},
};
const size_t sh_nbuiltins = sizeof(sh_builtins) / sizeof(sh_builtins[0]);

const struct sh_builtin *
sh_find_builtin(const char *name)
{
	size_t i;

	for (i = 0; i < sh_nbuiltins; i++)
		if (strcmp(sh_builtins[i].name, name) == 0)
			return &sh_builtins[i];
	return NULL;
}
