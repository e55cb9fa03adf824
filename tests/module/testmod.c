/* SPDX-License-Identifier: BSD-2-Clause */
/* A module that does nothing but use the kernel: functions, variables, and one
 * of its own globals. */
#include "kern/kmem.h"
#include "kern/kmodule.h"
#include "kern/klog.h"
#include "kern/ksched.h"
#include "kern/kstring.h"

int testmod_state; /* a global of ours, and prefixed as such */

static int
testmod_modcmd(enum modcmd cmd)
{
	void *p;

	if (cmd == MODULE_CMD_FINI)
		return EBUSY;
	p = kmem_zalloc(100);
	if (p == NULL)
		return ENOMEM;
	kmem_free(p, 100);
	testmod_state = curproc->p_pid;
	klog("testmod: %d cpu, state %d", (int)kern_ncpu, testmod_state);
	return 0;
}

MODULE(MODULE_CLASS_MISC, testmod, NULL, testmod_modcmd);
