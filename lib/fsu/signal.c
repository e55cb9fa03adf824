/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ^C and its like: the handler notes the signal and tells the kernel, whose calls
 * then end at their next safe point; the command tidies up and ends as if killed
 * by it.  SIGPIPE is ignored: a write that finds nobody gives EPIPE, and the image
 * is unmounted properly.
 */
#include <signal.h>
#include <string.h>

#include "fsu_impl.h"

static volatile sig_atomic_t seen;
static bool caught_once, sigpipe_ignored; /* before us */
static const int caught[] = {SIGINT, SIGTERM, SIGHUP};

static void
handler(int sig)
{
	seen = sig;
	rump_pub_interrupt();
}

void
fsu_signals_catch(void)
{
	struct sigaction sa, old;
	size_t i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler; /* no SA_RESTART: waiting ends too */
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		/* nohup and background jobs keep what they set. */
		if (sigaction(caught[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			sigaction(caught[i], &sa, NULL);
	if (signal(SIGPIPE, SIG_IGN) == SIG_IGN && !caught_once)
		sigpipe_ignored = true;
	caught_once = true;
}

bool
fsu_sigpipe_was_ignored(void)
{
	return sigpipe_ignored;
}

void
fsu_signals_restore(void)
{
	size_t i;

	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		signal(caught[i], SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
}

int
fsu_signal_seen(void)
{
	return seen;
}

int
fsu_signal_take(void)
{
	int sig = seen;

	if (sig == SIGINT)
		seen = 0;
	rump_pub_interrupt_clear();
	return sig;
}

bool
fsu_interrupted(void)
{
	return seen != 0;
}
