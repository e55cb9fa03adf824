/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs of the host: !command, | command, lls.  They get the shell's standard
 * descriptors as they are at that moment, default signals, and none of ours: what
 * we have open is closed on exec.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sh.h"

extern char **environ;

/* in: its standard input, or -1.  Its process, or -1 after a message. */
static int
start(char *const *argv, int in)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t set;
	pid_t pid;
	int error;

	fflush(stdout);
	posix_spawn_file_actions_init(&actions);
	if (in != -1)
		posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawnattr_init(&attr);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &set);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	error = posix_spawnp(&pid, argv[0], &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (error != 0) {
		fsu_msg("%s: %s", fsu_visible(argv[0]), strerror(error));
		return -1;
	}
	return pid;
}

/* ^C reaches it as it reaches us: it decides, we wait. */
int
sh_host_wait(int pid)
{
	int wstatus;

	while (waitpid(pid, &wstatus, 0) == -1)
		if (errno != EINTR)
			return 127;
	if (WIFSIGNALED(wstatus))
		return 128 + WTERMSIG(wstatus);
	return WEXITSTATUS(wstatus);
}

int
sh_host_start(const char *command, int fd)
{
	char sh[] = "/bin/sh", c[] = "-c", end[] = "--";
	char *text = fsu_strdup(command);
	char *argv[] = {sh, c, end, text, NULL};
	int pid;

	pid = start(argv, fd);
	free(text);
	return pid;
}

int
sh_host_argv(char *const *argv)
{
	int pid = start(argv, -1);

	return pid == -1 ? 127 : sh_host_wait(pid);
}

int
sh_host_run(const char *command)
{
	const char *shell = getenv("SHELL");
	char *copy;
	int pid;

	if (*command != '\0') {
		pid = sh_host_start(command, -1);
	} else {
		copy = fsu_strdup(
		    shell != NULL && *shell != '\0' ? shell : "/bin/sh");
		pid = start((char *[]){copy, NULL}, -1);
		free(copy);
	}
	return pid == -1 ? 127 : sh_host_wait(pid);
}
