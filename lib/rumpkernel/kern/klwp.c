/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads, processes and credentials; rump_lwproc(3).
 *
 * A host thread's lwp is in its one thread-local pointer, inside and outside of
 * the kernel.  A thread that nobody bound gets an implicit lwp of process 1 with
 * its first call and keeps it until it is bound or ends; such lwps are cached.
 *
 * proc_lock guards the list of processes and every p_nlwps; the cache has a host
 * mutex, because threads that are not in the kernel use it.
 */
#include "kern/klwp.h"

#include <rump/rump.h>
#include <rump/rumpuser.h>

#include "kern/klog.h"
#include "kern/kmem_impl.h"
#include "kern/ksched.h"
#include "kern/kstring.h"

static struct kcred cred_root_storage = {.cr_refs = 1};
struct kcred *const cred_root = &cred_root_storage;

static kmutex_t proc_lock;
static struct klist proc_list;
static int32_t proc_nextpid;
static struct proc *proc_one;
static struct proc_hooks proc_hooks;

static struct rumpuser_mtx *cache_mtx;
static struct klist cache_list; /* implicit lwps that no thread has */
static int32_t lwp_nextlid;

/* ---- credentials ------------------------------------------------------- */
void
cred_hold(struct kcred *cr)
{
	__atomic_add_fetch(&cr->cr_refs, 1, __ATOMIC_RELAXED);
}

void
cred_free(struct kcred *cr)
{
	if (__atomic_sub_fetch(&cr->cr_refs, 1, __ATOMIC_ACQ_REL) == 0) {
		KASSERT(cr != cred_root);
		kmem_free(cr, sizeof(*cr));
	}
}

bool
cred_is_root(const struct kcred *cr)
{
	return cr->cr_uid == 0;
}

bool
cred_in_group(const struct kcred *cr, uint32_t gid)
{
	uint32_t i;

	if (cr->cr_gid == gid)
		return true;
	for (i = 0; i < cr->cr_ngroups; i++)
		if (cr->cr_groups[i] == gid)
			return true;
	return false;
}

static bool
cred_equal(const struct kcred *a, const struct kcred *b)
{
	return a->cr_uid == b->cr_uid && a->cr_gid == b->cr_gid &&
	    a->cr_ngroups == b->cr_ngroups &&
	    memcmp(a->cr_groups, b->cr_groups,
		a->cr_ngroups * sizeof(a->cr_groups[0])) == 0;
}

static struct kcred *
cred_copy(const struct kcred *from)
{
	struct kcred *cr = kmem_zalloc(sizeof(*cr));

	if (cr != NULL) { /* the count of from may change as we look */
		cr->cr_refs = 1;
		cr->cr_uid = from->cr_uid;
		cr->cr_gid = from->cr_gid;
		cr->cr_ngroups = from->cr_ngroups;
		memcpy(cr->cr_groups, from->cr_groups, sizeof(cr->cr_groups));
	}
	return cr;
}

/* ---- processes --------------------------------------------------------- */

/* A process with the credentials of from and no lwp yet; not on the list. */
static struct proc *
proc_create(const struct kcred *from)
{
	struct proc *p = kmem_zalloc(sizeof(*p));

	if (p == NULL)
		return NULL;
	klink_init(&p->p_link);
	p->p_cred = cred_copy(from);
	if (p->p_cred == NULL) {
		kmem_free(p, sizeof(*p));
		return NULL;
	}
	return p;
}

static void
proc_publish(struct proc *p)
{
	mutex_enter(&proc_lock);
	p->p_pid = proc_nextpid++;
	klist_insert_tail(&proc_list, &p->p_link);
	mutex_exit(&proc_lock);
}

static void
proc_destroy(struct proc *p)
{
	struct kcred *cr, *older;

	KASSERT(p->p_nlwps == 0 && !klink_linked(&p->p_link));
	for (cr = p->p_cred; cr != NULL; cr = older) {
		older = cr->cr_older;
		cred_free(cr);
	}
	kmem_free(p, sizeof(*p));
}

static struct proc *
proc_find_locked(int32_t pid)
{
	struct klink *l;

	KLIST_FOREACH(l, &proc_list)
	if (klink_entry(l, struct proc, p_link)->p_pid == pid)
		return klink_entry(l, struct proc, p_link);
	return NULL;
}

struct proc *
proc_find(int32_t pid)
{
	struct proc *p;

	mutex_enter(&proc_lock);
	p = proc_find_locked(pid);
	mutex_exit(&proc_lock);
	return p;
}

void
proc_set_hooks(const struct proc_hooks *hooks)
{
	KASSERT(proc_hooks.ph_fork == NULL && proc_hooks.ph_exit == NULL);
	proc_hooks = *hooks;
}

/* ---- lwps -------------------------------------------------------------- */
struct lwp *
lwp_create(struct proc *p, uint32_t flags)
{
	struct lwp *l = kmem_sysalloc(sizeof(*l));

	if (l == NULL)
		return NULL;
	if (rumpuser_cv_init(&l->l_cv) != 0) {
		kmem_free(l, sizeof(*l));
		return NULL;
	}
	l->l_proc = p;
	l->l_lid = __atomic_add_fetch(&lwp_nextlid, 1, __ATOMIC_RELAXED);
	l->l_lastcpu = &kern_vcpus[(unsigned)l->l_lid % kern_ncpu];
	l->l_flags = flags;
	klink_init(&l->l_link);
	return l;
}

void
lwp_destroy(struct lwp *l)
{
	KASSERT(l->l_state == LWP_RUN && !l->l_unparked);
	rumpuser_cv_destroy(l->l_cv);
	kmem_free(l, sizeof(*l));
}

struct lwp *
lwp_implicit(void)
{
	struct klink *k;
	struct lwp *l = NULL;

	rumpuser_mutex_enter(cache_mtx);
	k = klist_first(&cache_list);
	if (k != NULL) {
		klink_remove(k);
		l = klink_entry(k, struct lwp, l_link);
	}
	rumpuser_mutex_exit(cache_mtx);
	/* They don't count in p_nlwps: process 1 never ends. */
	if (l == NULL)
		l = lwp_create(proc_one, LWP_IMPLICIT);
	if (l == NULL)
		kpanic("no memory for a thread's context");
	rumpuser_set_curlwp(l);
	return l;
}

/* Outside of the kernel: make l (NULL: an implicit one, when it is needed) this
 * thread's lwp. */
static void
lwp_setthread(struct lwp *l)
{
	struct lwp *old = rumpuser_curlwp();

	rumpuser_set_curlwp(l);
	if (old == NULL || (old->l_flags & LWP_IMPLICIT) == 0)
		return;
	rumpuser_mutex_enter(cache_mtx);
	klist_insert_head(&cache_list, &old->l_link);
	rumpuser_mutex_exit(cache_mtx);
}

/* A host thread ends.  A bound lwp stays; another thread may switch to it. */
static void
lwp_threadexit(void *arg)
{
	struct lwp *l = arg;

	if ((l->l_flags & LWP_IMPLICIT) == 0) {
		(void)kern_enter();
		l->l_flags &= ~LWP_BOUND;
		kern_leave(l);
	}
	lwp_setthread(NULL);
}

int
lwp_init(void)
{
	struct proc *zero;
	int error;

	klist_init(&proc_list);
	klist_init(&cache_list);
	mutex_init(&proc_lock, RANK_PROC, "proclist");
	error = rumpuser_mutex_init(&cache_mtx);
	if (error == 0)
		error = rumpuser_thread_exit_hook(lwp_threadexit);
	if (error != 0)
		return error;
	zero = proc_create(cred_root);
	if (zero == NULL)
		return ENOMEM;
	zero->p_nlwps = 1; /* neither ends */
	proc_one = proc_create(cred_root);
	if (proc_one == NULL) {
		zero->p_nlwps = 0;
		proc_destroy(zero);
		return ENOMEM;
	}
	proc_one->p_nlwps = 1;
	/* From here on there is a curlwp. */
	(void)kern_enter();
	proc_publish(zero);
	proc_publish(proc_one);
	return 0;
}

/* ---- rump_lwproc(3) ---------------------------------------------------- */
int
rump_pub_lwproc_rfork(int flags)
{
	struct lwp *l = kern_enter(), *child;
	struct proc *p;
	int error;

	if ((flags & ~(RUMP_RFFDG | RUMP_RFCFDG)) != 0 ||
	    flags == (RUMP_RFFDG | RUMP_RFCFDG)) {
		kern_leave(l);
		return EINVAL;
	}
	error = ENOMEM;
	p = proc_create(l->l_proc->p_cred);
	if (p == NULL)
		goto fail_proc;
	child = lwp_create(p, LWP_BOUND);
	if (child == NULL)
		goto fail_lwp;
	if (proc_hooks.ph_fork != NULL) {
		error = proc_hooks.ph_fork(l->l_proc, p, flags);
		if (error != 0)
			goto fail_fork;
	}
	p->p_nlwps = 1;
	proc_publish(p);
	l->l_flags &= ~LWP_BOUND;
	kern_leave(l);
	lwp_setthread(child);
	return 0;

fail_fork:
	lwp_destroy(child);
fail_lwp:
	proc_destroy(p);
fail_proc:
	kern_leave(l);
	return error;
}

int
rump_pub_lwproc_newlwp(int pid)
{
	struct lwp *l = kern_enter(), *nl = NULL;
	struct proc *p;
	int error = ENOENT;

	mutex_enter(&proc_lock);
	p = pid > 0 ? proc_find_locked(pid) : NULL;
	if (p != NULL) {
		nl = lwp_create(p, LWP_BOUND);
		error = nl == NULL ? ENOMEM : 0;
	}
	if (error == 0)
		p->p_nlwps++;
	mutex_exit(&proc_lock);
	if (error == 0)
		l->l_flags &= ~LWP_BOUND;
	kern_leave(l);
	if (error == 0)
		lwp_setthread(nl);
	return error;
}

void
rump_pub_lwproc_switch(struct lwp *nl)
{
	struct lwp *l = kern_enter();

	if (nl != l) {
		if (nl != NULL) {
			if ((nl->l_flags & (LWP_BOUND | LWP_IMPLICIT)) != 0)
				kpanic("lwproc_switch: lwp %d is another's",
				    nl->l_lid);
			nl->l_flags |= LWP_BOUND;
		}
		l->l_flags &= ~LWP_BOUND;
	}
	kern_leave(l);
	if (nl != l)
		lwp_setthread(nl);
}

void
rump_pub_lwproc_releaselwp(void)
{
	struct lwp *l = kern_enter();
	struct proc *p = l->l_proc;
	bool last;

	if ((l->l_flags & LWP_IMPLICIT) != 0)
		kpanic("lwproc_releaselwp: this thread has no lwp of its own");
	mutex_enter(&proc_lock);
	last = --p->p_nlwps == 0;
	if (last) /* nobody finds it any more */
		klink_remove(&p->p_link);
	mutex_exit(&proc_lock);
	if (last) {
		if (proc_hooks.ph_exit != NULL)
			proc_hooks.ph_exit(p);
		proc_destroy(p);
	}
	kern_leave(l);
	lwp_setthread(NULL);
	lwp_destroy(l);
}

struct lwp *
rump_pub_lwproc_curlwp(void)
{
	struct lwp *l = rumpuser_curlwp();

	return l == NULL || (l->l_flags & LWP_IMPLICIT) != 0 ? NULL : l;
}

int
rump_pub_lwproc_setcred(
    uint32_t uid, uint32_t gid, uint32_t ngroups, const uint32_t *groups)
{
	struct kcred want = {.cr_uid = uid, .cr_gid = gid};
	struct kcred *cr, **prev;
	struct proc *p;
	struct lwp *l;
	int error = 0;

	if (ngroups > KCRED_NGROUPS)
		return EINVAL;
	want.cr_ngroups = ngroups;
	if (ngroups != 0)
		memcpy(want.cr_groups, groups, ngroups * sizeof(groups[0]));
	l = kern_enter();
	p = l->l_proc;
	mutex_enter(&proc_lock);
	for (prev = &p->p_cred; (cr = *prev) != NULL; prev = &cr->cr_older)
		if (cred_equal(cr, &want))
			break;
	if (cr != NULL)
		*prev = cr->cr_older; /* had before: to the front */
	else
		cr = cred_copy(&want);
	if (cr != NULL) {
		cr->cr_older = p->p_cred;
		__atomic_store_n(&p->p_cred, cr, __ATOMIC_RELEASE);
	} else
		error = ENOMEM;
	mutex_exit(&proc_lock);
	kern_leave(l);
	return error;
}
