/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads, and the one thread-local pointer that the kernel has.
 *
 * Threads start with all signals blocked: what comes from outside (^C) is
 * the business of the threads that the program made itself.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "hypercall.h"

struct rumpuser_thread {
	pthread_t t_id;
	void (*t_fn)(void *);
	void *t_arg;
	char t_name[16]; /* what the host can show, with the NUL */
};

/* Asked for at every entry to the kernel: one load, no call for an address. */
static __thread void *curlwp __attribute__((tls_model("initial-exec")));

void *
rumpuser_curlwp(void)
{
	return curlwp;
}

/* Its value is only "not NULL", which makes the host call us back. */
static pthread_key_t exit_key;
static bool exit_key_made;
static void (*exit_hook)(void *lwp);

void
rumpuser_set_curlwp(void *lwp)
{
	curlwp = lwp;
	if (lwp != NULL && exit_key_made)
		pthread_setspecific(exit_key, &exit_key);
}

static void
thread_exit(void *arg)
{
	void *lwp = curlwp;

	(void)arg;
	if (lwp != NULL)
		exit_hook(lwp);
	curlwp = NULL;
}

int
rumpuser_thread_exit_hook(void (*fn)(void *lwp))
{
	int error;

	exit_hook = fn;
	if (exit_key_made)
		return 0;
	error = pthread_key_create(&exit_key, thread_exit);
	if (error == 0)
		exit_key_made = true;
	return error;
}

static void *
thread_start(void *arg)
{
	struct rumpuser_thread *thread = arg;

	if (thread->t_name[0] != '\0')
		pthread_setname_np(pthread_self(), thread->t_name);
	thread->t_fn(thread->t_arg);
	return NULL;
}

int
rumpuser_thread_create(void (*fn)(void *), void *arg, const char *name,
    struct rumpuser_thread **threadp)
{
	struct rumpuser_thread *thread;
	sigset_t all, old;
	int error;

	thread = calloc(1, sizeof(*thread));
	if (thread == NULL)
		return ENOMEM;
	thread->t_fn = fn;
	thread->t_arg = arg;
	if (name != NULL)
		strncpy(thread->t_name, name, sizeof(thread->t_name) - 1);

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread->t_id, NULL, thread_start, thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error != 0) {
		free(thread);
		return error;
	}
	*threadp = thread;
	return 0;
}

int
rumpuser_thread_join(struct rumpuser_thread *thread)
{
	int error;

	error = pthread_join(thread->t_id, NULL);
	if (error == 0)
		free(thread);
	return error;
}
