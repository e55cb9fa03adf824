/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start-up: the phases of kinit.h in order, each once.  The calling thread runs
 * them inside the kernel, as a thread of process 1.  A start-up that fails isn't
 * tried again; later calls return the same error.
 */
#include "kern/kinit.h"

#include <rump/rump.h>
#include <rump/rumpuser.h>

#include "kern/klog.h"
#include "kern/kmem_impl.h"
#include "kern/kmodule.h"
#include "kern/ksched.h"
#include "kern/kstring.h"

bool kern_debug, kern_uplocks;
bool kern_interrupt_flag;

static enum kern_phase phase;
enum init_state { INIT_NOT_YET, INIT_UNDER_WAY, INIT_DONE };
static enum init_state init_state;
static int init_error;

enum kern_phase
kern_phase(void)
{
	return __atomic_load_n(&phase, __ATOMIC_ACQUIRE);
}

static void
phase_enter(enum kern_phase next)
{
	KASSERT(phase + 1 == next);
	__atomic_store_n(&phase, next, __ATOMIC_RELEASE);
}

static bool
param_flag(const char *name)
{
	char buf[8];

	return rumpuser_getparam(name, buf, sizeof(buf)) == 0 &&
	    buf[0] != '\0' && kstrcmp(buf, "0") != 0;
}

static int
param_ncpu(void)
{
	char buf[16];
	uint64_t n;
	int error = rumpuser_getparam("RUMP_NCPU", buf, sizeof(buf));

	if (error == ENOENT)
		return 0;
	if (error == 0)
		error = kstrtou64(buf, &n);
	if (error != 0 || n < 1 || n > VCPU_MAX) {
		klog("RUMP_NCPU: a number from 1 to %d is needed", VCPU_MAX);
		return EINVAL;
	}
	kern_ncpu = (unsigned)n;
	return 0;
}

int
kern_base_init(void)
{
	int error;

	klog_is_verbose = param_flag("RUMP_VERBOSE");
	kern_debug = param_flag("RUMP_DEBUG");
	error = param_ncpu();
	if (error != 0)
		return error;
	kern_uplocks = kern_ncpu == 1 && !kern_debug;
	error = sched_init();
	if (error != 0)
		return error;
	error = kmem_init();
	if (error != 0)
		return error;
	return lwp_init(); /* we have a curlwp now */
}

static int
init_phases(void)
{
	int error;

	error = rumpuser_init(RUMPUSER_VERSION);
	if (error != 0)
		return error;
	phase_enter(PHASE_BASE);
	error = kern_base_init();
	if (error != 0)
		return error;
	phase_enter(PHASE_VFS);
	error = vfs_init();
	if (error == 0) {
		phase_enter(PHASE_DEV);
		error = dev_init();
	}
	if (error == 0) {
		phase_enter(PHASE_DRIVERS);
		error = module_init_builtin();
	}
	if (error == 0)
		phase_enter(PHASE_RUNNING);
	kern_leave(curlwp);
	return error;
}

int
rump_init(void)
{
	enum init_state state = INIT_NOT_YET;

	if (__atomic_load_n(&init_state, __ATOMIC_ACQUIRE) == INIT_DONE)
		return init_error;
	if (__atomic_compare_exchange_n(&init_state, &state, INIT_UNDER_WAY,
		false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		init_error = init_phases();
		__atomic_store_n(&init_state, INIT_DONE, __ATOMIC_RELEASE);
		return init_error;
	}
	/* Another thread is at it. */
	while (__atomic_load_n(&init_state, __ATOMIC_ACQUIRE) != INIT_DONE)
		(void)rumpuser_clock_sleep(100000);
	return init_error;
}

int
rump_pub_version(void)
{
	return RUMP_VERSION;
}

/* A signal handler may call these. */
void
rump_pub_interrupt(void)
{
	__atomic_store_n(&kern_interrupt_flag, true, __ATOMIC_RELAXED);
}

void
rump_pub_interrupt_clear(void)
{
	__atomic_store_n(&kern_interrupt_flag, false, __ATOMIC_RELAXED);
}

void
kern_gettime(int64_t *secp, int32_t *nsecp)
{
	if (rumpuser_clock_get(RUMPUSER_CLOCK_WALL, secp, nsecp) != 0) {
		*secp = 0;
		*nsecp = 0;
	}
}

int64_t
kern_monotime_ns(void)
{
	int64_t sec = 0;
	int32_t nsec = 0;

	(void)rumpuser_clock_get(RUMPUSER_CLOCK_MONO, &sec, &nsec);
	return sec * 1000000000 + nsec;
}
