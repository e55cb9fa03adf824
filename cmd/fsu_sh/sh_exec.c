/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running a line: patterns into names, redirections, pipes into programs of the
 * host, one command after the other.
 *
 * A name that a pattern gives and that begins with - gets ./ in front: no name in
 * an image becomes an option.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh.h"

/* ---- words into arguments ------------------------------------------------------- */

struct args {
	char **v;
	size_t n;
};

static void
args_add(struct args *a, const char *s, bool found)
{
	a->v = fsu_realloc(a->v, (a->n + 2) * sizeof(*a->v));
	a->v[a->n++] = found && *s == '-' ? fsu_asprintf("./%s", s)
					  : fsu_strdup(s);
	a->v[a->n] = NULL;
}

static void
args_free(struct args *a)
{
	fsu_glob_free(a->v);
}

static bool
expand_host(struct args *a, const char *pattern)
{
	glob_t g;
	size_t i;
	bool found;

	found = glob(pattern, 0, NULL, &g) == 0;
	for (i = 0; found && i < g.gl_pathc; i++)
		args_add(a, g.gl_pathv[i], true);
	globfree(&g);
	return found;
}

static bool
expand_image(struct sh *sh, struct args *a, const char *pattern)
{
	char **names;
	int i, n;

	n = fsu_glob_pattern(sh->f, pattern, &names);
	for (i = 0; i < n; i++)
		args_add(a, names[i], true);
	fsu_glob_free(names);
	return n > 0;
}

static void
expand_words(struct sh *sh, const struct sh_simple *sc, struct args *a)
{
	const struct sh_word *w;
	bool host, found;
	size_t i;

	host = sh_takes_host(sc->words[0].text);
	for (i = 0; i < sc->nwords; i++) {
		w = &sc->words[i];
		found = false;
		if (w->pattern != NULL)
			found = host ? expand_host(a, w->pattern)
				     : expand_image(sh, a, w->pattern);
		if (!found)
			args_add(a, w->text, false);
		/* What is quoted is no pattern to the command either. */
		if (i == 0 && sh_find_builtin(a->v[0]) == NULL)
			args_add(a, "--no-glob", false);
	}
}

/* ---- redirections ------------------------------------------------------------------ */

struct saved {
	int fd[3]; /* copies of what 0, 1, 2 were; -1: not touched */
};

static void
flush_all(void)
{
	fflush(stdout);
	fflush(stderr);
}

static void
replace(struct saved *s, int at, int fd)
{
	flush_all();
	if (s->fd[at] == -1)
		s->fd[at] = fcntl(at, F_DUPFD_CLOEXEC, 10);
	dup2(fd, at);
	close(fd);
	if (at == STDIN_FILENO) {
		__fpurge(stdin);
		clearerr(stdin);
	}
}

static void
restore(struct saved *s)
{
	int at;

	flush_all();
	for (at = 0; at < 3; at++) {
		if (s->fd[at] == -1)
			continue;
		dup2(s->fd[at], at);
		close(s->fd[at]);
		if (at == STDIN_FILENO) {
			__fpurge(stdin);
			clearerr(stdin);
		}
	}
}

/* Not the image: "> disk.img" would be its end. */
static int
open_output(struct sh *sh, const struct sh_redir *r)
{
	struct stat st, image;
	int fd;

	fd = open(r->path,
	    O_WRONLY | O_CREAT | O_CLOEXEC | (r->append ? O_APPEND : 0), 0666);
	if (fd == -1 || fstat(fd, &st) == -1)
		return fd;
	if (fstat(fsu_image_fd(sh->f), &image) == 0 &&
	    st.st_dev == image.st_dev && st.st_ino == image.st_ino) {
		close(fd);
		errno = ETXTBSY;
		return -1;
	}
	if (!r->append && S_ISREG(st.st_mode) && ftruncate(fd, 0) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool
redirect(struct sh *sh, const struct sh_simple *sc, struct saved *s)
{
	const struct sh_redir *r;
	size_t i;
	int fd;

	for (i = 0; i < sc->nredirs; i++) {
		r = &sc->redirs[i];
		fd = r->fd == STDIN_FILENO ? open(r->path, O_RDONLY | O_CLOEXEC)
					   : open_output(sh, r);
		if (fd == -1) {
			fsu_msg("%s: %s", fsu_visible(r->path),
			    errno == ETXTBSY ? "is the image itself"
					     : strerror(errno));
			return false;
		}
		replace(s, r->fd, fd);
	}
	return true;
}

/* Start the reader of what the command prints.  Its process or -1. */
static int
start_pipe(const char *command, struct saved *s)
{
	int fds[2], pid;

	if (pipe2(fds, O_CLOEXEC) == -1) {
		fsu_msg("a pipe: %s", strerror(errno));
		return -1;
	}
	pid = sh_host_start(command, fds[0]);
	close(fds[0]);
	if (pid == -1)
		close(fds[1]);
	else
		replace(s, STDOUT_FILENO, fds[1]);
	return pid;
}

/* ---- one command --------------------------------------------------------------------- */

static int
run_builtin(struct sh *sh, const struct sh_builtin *b, int argc, char **argv)
{
	int status;

	if (argc - 1 < b->min || (b->max >= 0 && argc - 1 > b->max)) {
		fsu_msg("usage: %s%s%s", b->name, *b->synopsis ? " " : "",
		    b->synopsis);
		return FSU_USAGE;
	}
	status = b->run(sh, argc, argv);
	if (fflush(stdout) != 0 && errno != EPIPE) {
		fsu_msg("standard output: %s", strerror(errno));
		status = FSU_FAIL;
	}
	if (ferror(stdout)) {
		__fpurge(stdout);
		clearerr(stdout);
	}
	return status;
}

static int
run_words(struct sh *sh, const struct sh_simple *sc)
{
	const struct sh_builtin *b;
	const struct fsu_command *cmd;
	struct args a = {0};
	int status;

	expand_words(sh, sc, &a);
	b = sh_find_builtin(a.v[0]);
	cmd = b == NULL ? sh_find_command(a.v[0]) : NULL;
	if (b != NULL)
		status = run_builtin(sh, b, (int)a.n, a.v);
	else if (cmd != NULL) {
		status = fsu_run_command(sh->f, cmd, (int)a.n, a.v);
		if (fsu_ukfs(sh->f) == NULL) { /* it said why */
			sh->quit = true;
			goto out;
		}
		/* What was changed by hand is on the disk when the prompt is back. */
		if (sh->interactive && fsu_writable(sh->f) &&
		    ukfs_sync(fsu_ukfs(sh->f)) != 0)
			fsu_warnf(
			    sh->f, "writing it out: %s", fsu_strerror(errno));
	} else {
		fsu_msg("%s: no such command (help lists them; !%s is the "
			"host's)",
		    fsu_visible(a.v[0]), fsu_visible(a.v[0]));
		status = 127;
	}
out:
	args_free(&a);
	return status;
}

static int
run_simple(struct sh *sh, const struct sh_simple *sc)
{
	struct saved s = {{-1, -1, -1}};
	int status, pid = -1, other;

	if (sc->host != NULL)
		return sh_host_run(sc->host);
	status = FSU_FAIL;
	if (sc->pipe != NULL)
		pid = start_pipe(sc->pipe, &s);
	if ((sc->pipe == NULL || pid != -1) && redirect(sh, sc, &s))
		status = run_words(sh, sc);
	restore(&s); /* and so the pipe ends */
	if (pid != -1) {
		other = sh_host_wait(pid);
		/* A reader that has seen enough is no failure of the writer's. */
		if (status == FSU_OK || status == 128 + SIGPIPE)
			status = other;
	}
	return status;
}

void
sh_run_list(struct sh *sh, const struct sh_list *list)
{
	const struct sh_simple *sc;
	bool skip = false;
	size_t i;
	int sig;

	for (i = 0; i < list->n && !sh->quit; i++) {
		sc = &list->cmds[i];
		if (!skip)
			sh->status = run_simple(sh, sc);
		sig = fsu_signal_take();
		if (sig != 0) {
			sh->status = 128 + sig;
			if (sh->interactive)
				fputc('\n', stderr);
			sh->quit = !sh->interactive || sig != SIGINT;
			return; /* and not the rest of the line */
		}
		if (sh->errexit && !sh->interactive && !skip &&
		    sc->next == SH_THEN && sh->status != FSU_OK)
			sh->quit = true;
		skip = (sc->next == SH_AND && sh->status != FSU_OK) ||
		    (sc->next == SH_OR && sh->status == FSU_OK);
	}
}
