/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The module table.  A module is initialised once, after those that it names as
 * required; it stays until module_fini().  Its functions run with module_lock
 * held.  A loaded object's file stays mapped once its module was initialised.
 */
#include "kern/kmodule.h"

#include <rump/rump.h>
#include <rump/rumpuser.h>

#include "kern/klist.h"
#include "kern/klock.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "kern/ksched.h"
#include "kern/kstring.h"

struct module {
	const struct modinfo *mo_info;
	struct klink mo_link;
};

static kmutex_t module_lock = {.km_rank = RANK_MODULE, .km_name = "modules"};
static struct klist modules = {{&modules.kl_head, &modules.kl_head}};

static struct module *
find_locked(const char *name, size_t len)
{
	struct klink *l;
	struct module *mo;

	KLIST_FOREACH(l, &modules)
	{
		mo = klink_entry(l, struct module, mo_link);
		if (kstrlen(mo->mo_info->mi_name) == len &&
		    memcmp(mo->mo_info->mi_name, name, len) == 0)
			return mo;
	}
	return NULL;
}

/* Calls fn for each name in a comma-separated list until it returns non-zero. */
static int
foreach_name(const char *names,
    int (*fn)(const char *name, size_t len, const void *arg), const void *arg)
{
	const char *end;
	int error = 0;

	while (error == 0 && names != NULL && *names != '\0') {
		end = kstrchr(names, ',');
		if (end == NULL)
			end = names + kstrlen(names);
		if (end != names)
			error = fn(names, (size_t)(end - names), arg);
		names = *end == ',' ? end + 1 : end;
	}
	return error;
}

static int
require_one(const char *name, size_t len, const void *arg)
{
	const struct modinfo *mi = arg;

	if (find_locked(name, len) != NULL)
		return 0;
	klog("module %s: needs %.*s", mi->mi_name, (int)len, name);
	return ENOENT;
}

static int
init_locked(const struct modinfo *mi)
{
	struct module *mo;
	int error;

	if (mi->mi_abi != MODULE_ABI) {
		klog("module of interface version %u, the kernel's is %u",
		    mi->mi_abi, MODULE_ABI);
		return EINVAL;
	}
	if (find_locked(mi->mi_name, kstrlen(mi->mi_name)) != NULL)
		return EEXIST;
	error = foreach_name(mi->mi_required, require_one, mi);
	if (error != 0)
		return error;
	mo = kmem_zalloc(sizeof(*mo));
	if (mo == NULL)
		return ENOMEM;
	error = mi->mi_modcmd(MODULE_CMD_INIT);
	if (error != 0) {
		kmem_free(mo, sizeof(*mo));
		return error;
	}
	mo->mo_info = mi;
	klist_insert_tail(&modules, &mo->mo_link);
	return 0;
}

int
module_init_one(const struct modinfo *mi)
{
	int error;

	mutex_enter(&module_lock);
	error = init_locked(mi);
	mutex_exit(&module_lock);
	return error;
}

int
module_init_builtin(void)
{
	const struct modinfo *const *mip;
	int error;

	for (mip = module_builtin; *mip != NULL; mip++) {
		error = module_init_one(*mip);
		if (error != 0) {
			klog("module %s: error %d at start", (*mip)->mi_name,
			    error);
			return error;
		}
	}
	return 0;
}

static int
is_name(const char *name, size_t len, const void *arg)
{
	const char *other = arg;

	return kstrlen(other) == len && memcmp(name, other, len) == 0 ? EBUSY
								      : 0;
}

/* Does an initialised module require name? */
static bool
required_locked(const char *name)
{
	struct klink *l;

	KLIST_FOREACH(l, &modules)
	if (foreach_name(
		klink_entry(l, struct module, mo_link)->mo_info->mi_required,
		is_name, name) != 0)
		return true;
	return false;
}

int
module_fini(const char *name)
{
	struct module *mo;
	int error = 0;

	mutex_enter(&module_lock);
	mo = find_locked(name, kstrlen(name));
	if (mo == NULL)
		error = ENOENT;
	else if (required_locked(name))
		error = EBUSY;
	else
		error = mo->mo_info->mi_modcmd(MODULE_CMD_FINI);
	if (error == 0) {
		klink_remove(&mo->mo_link);
		kmem_free(mo, sizeof(*mo));
	}
	mutex_exit(&module_lock);
	return error;
}

const struct modinfo *
module_lookup(const char *name)
{
	struct module *mo;
	const struct modinfo *mi;

	mutex_enter(&module_lock);
	mo = find_locked(name, kstrlen(name));
	mi = mo == NULL ? NULL : mo->mo_info;
	mutex_exit(&module_lock);
	return mi;
}

int
module_load(const char *path)
{
	void *handle, *sym;
	int error;

	kern_cpu_release();
	error = rumpuser_dl_open(path, &handle);
	kern_cpu_acquire();
	if (error != 0) {
		klog("%s: %s", path, rumpuser_dl_error());
		return error;
	}
	if (rumpuser_dl_sym(handle, "rump_modinfo", &sym) != 0) {
		klog("%s: not a driver module (no rump_modinfo)", path);
		error = EINVAL;
	} else
		error = module_init_one(sym);
	if (error != 0)
		rumpuser_dl_close(handle);
	return error;
}

int
rump_pub_module_load(const char *path)
{
	struct lwp *l = kern_enter();
	int error = module_load(path);

	kern_leave(l);
	return error;
}
