/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_sh: the commands on an image that is opened once.
 *
 *	fsu_sh.c       options, where lines come from, the loop
 *	sh_lex.c       a line into simple commands: words, redirections, pipes
 *	sh_exec.c      patterns, redirections, running one command
 *	sh_builtin.c   cd, lcd, help ..
 *	sh_host.c      programs of the host: !command and | command
 *	sh_edit.c      the terminal: prompt, editing, history
 *	sh_complete.c  what Tab offers
 */
#ifndef FSU_SH_H
#define FSU_SH_H

#include <stdio.h>

#include <fsu/fsu.h>

/* ---- a line, taken apart (sh_lex.c) --------------------------------------- */

struct sh_word {
	char *text; /* quotes and backslashes gone */
	char
	    *pattern; /* as a pattern, what was quoted escaped; NULL: is none */
};

/* What follows a simple command decides whether the next one runs. */
enum sh_next { SH_THEN, SH_AND, SH_OR };

struct sh_redir {
	int fd; /* 0, 1, 2 */
	bool append;
	char *path;
};

struct sh_simple {
	struct sh_word *words;
	size_t nwords;
	struct sh_redir *redirs;
	size_t nredirs;
	char *pipe; /* the host's command that reads its output, or NULL */
	char *host; /* !command: then there is nothing else; "": a shell */
	enum sh_next next;
};

struct sh_list {
	struct sh_simple *cmds;
	size_t n;
};

enum sh_parsed {
	SH_PARSED,
	SH_INCOMPLETE, /* a quote is open, or the line ends in \ && || */
	SH_SYNTAX,     /* *errp says what */
};
/* *list is to be freed in every case; *errp: static. */
enum sh_parsed sh_parse(
    const char *line, struct sh_list *list, const char **errp);
void sh_list_free(struct sh_list *list);
/*
 * For completion: the words of the command that the cursor is in.  The last
 * word is the one to complete (maybe empty), *startp where it begins in line, and
 * *quotep the quote that is open there, or 0.
 */
struct sh_simple *sh_parse_partial(
    const char *line, size_t len, size_t *startp, char *quotep);
void sh_simple_free(struct sh_simple *sc);

/* ---- the shell ------------------------------------------------------------- */

struct sh_edit;

struct sh {
	/* options */
	bool readonly, errexit;
	const char *commands, *file; /* -c, -f */
	/* the session */
	struct fsu *f;
	FILE *script; /* where lines come from, unless -c or a terminal */
	struct sh_edit *edit;
	bool interactive, quit;
	int status; /* the last command's */
	char *oldcwd;
};

/* Run all commands of a line.  sh->status. */
void sh_run_list(struct sh *sh, const struct sh_list *list);

/* ---- built-in commands ------------------------------------------------------- */

struct sh_builtin {
	const char *name, *synopsis, *summary;
	int min, max; /* operands; max -1: any */
	int (*run)(struct sh *sh, int argc, char **argv); /* a status */
};
extern const struct sh_builtin sh_builtins[];
extern const size_t sh_nbuiltins;
const struct sh_builtin *sh_find_builtin(const char *name);
/* "ls" or "fsu_ls"; NULL: there is none. */
const struct fsu_command *sh_find_command(const char *name);
/* A command's name as it is typed here. */
const char *sh_command_name(const struct fsu_command *cmd);
/* Are patterns in its operands the host's (put, lls, lcd)? */
bool sh_takes_host(const char *name);
/* The image's current directory; to be freed; NULL: it is gone. */
char *sh_getcwd(void);

/* ---- the host's programs (sh_host.c) ------------------------------------------ */

/* Run command ("": the user's shell) by sh(1); its status. */
int sh_host_run(const char *command);
/* Start it with standard input from fd; its process, or -1 and a message. */
int sh_host_start(const char *command, int fd);
int sh_host_argv(char *const *argv);
int sh_host_wait(int pid);

/* ---- the terminal (sh_edit.c, sh_complete.c) ------------------------------------ */

struct sh_edit *sh_edit_open(struct sh *sh);
void sh_edit_close(struct sh_edit *e);
/* A line, without its newline, until the next call; NULL: the end, or ^C
 * (*interrupted).  more: it continues one. */
const char *sh_edit_line(struct sh_edit *e, bool more, bool *interrupted);
void sh_edit_remember(struct sh_edit *e, const char *line);

/* Candidates to replace what begins at *startp; NULL-terminated, sorted, to be
 * freed with fsu_glob_free.  Directories end in a slash. */
char **sh_complete(
    struct sh *sh, const char *line, size_t len, size_t *startp, char *quotep);

#endif /* FSU_SH_H */
