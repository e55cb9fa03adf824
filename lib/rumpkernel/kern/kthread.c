/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel threads: host threads that run inside, as lwps of process 0. */
#include <rump/rumpuser.h>

#include "kern/klwp.h"
#include "kern/kmem.h"
#include "kern/ksched.h"

struct kthread {
	void (*kt_fn)(void *);
	void *kt_arg;
	struct lwp *kt_lwp;
	struct rumpuser_thread *kt_thread;
};

static void
kthread_main(void *arg)
{
	struct kthread *kt = arg;
	struct lwp *l = kt->kt_lwp;

	rumpuser_set_curlwp(l);
	(void)kern_enter();
	kt->kt_fn(kt->kt_arg);
	kern_leave(l);
	rumpuser_set_curlwp(NULL);
}

int
kthread_create(
    void (*fn)(void *), void *arg, const char *name, struct kthread **ktp)
{
	struct kthread *kt = kmem_zalloc(sizeof(*kt));
	int error;

	if (kt == NULL)
		return ENOMEM;
	kt->kt_fn = fn;
	kt->kt_arg = arg;
	kt->kt_lwp = lwp_create(proc_find(0), LWP_BOUND);
	error = ENOMEM;
	if (kt->kt_lwp == NULL)
		goto fail_lwp;
	error = rumpuser_thread_create(kthread_main, kt, name, &kt->kt_thread);
	if (error != 0)
		goto fail_thread;
	*ktp = kt;
	return 0;

fail_thread:
	lwp_destroy(kt->kt_lwp);
fail_lwp:
	kmem_free(kt, sizeof(*kt));
	return error;
}

void
kthread_join(struct kthread *kt)
{
	kern_cpu_release();
	(void)rumpuser_thread_join(kt->kt_thread);
	kern_cpu_acquire();
	lwp_destroy(kt->kt_lwp);
	kmem_free(kt, sizeof(*kt));
}
