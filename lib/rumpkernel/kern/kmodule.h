/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Modules: drivers built in (fs/drivers.c has the table) or loaded from
 * librumpfs_<x>.so, which exports `rump_modinfo`.
 */
#ifndef KERN_KMODULE_H
#define KERN_KMODULE_H

#include "kern/kdefs.h"

#define MODULE_ABI 2

enum modcmd {
	MODULE_CMD_INIT,
	MODULE_CMD_FINI, /* EBUSY while in use */
};
enum modclass {
	MODULE_CLASS_VFS,
	MODULE_CLASS_DRIVER,
	MODULE_CLASS_MISC,
};
struct modinfo {
	uint32_t mi_abi; /* MODULE_ABI */
	enum modclass mi_class;
	const char *mi_name;
	const char *mi_required; /* names, comma-separated, or NULL */
	int (*mi_modcmd)(enum modcmd cmd);
};
#define MODULE(class, name, required, modcmd)                  \
	extern const struct modinfo rump_modinfo_##name;       \
	const struct modinfo rump_modinfo_##name = {           \
	    MODULE_ABI, (class), #name, (required), (modcmd)}; \
	MODULE_SO_EXPORT(name)
/* A driver compiled with -DKERN_MODULE_SO gets the name that module_load()
 * looks for. */
#ifdef KERN_MODULE_SO
#define MODULE_SO_EXPORT(name)                                   \
	extern const struct modinfo rump_modinfo __attribute__(( \
	    alias("rump_modinfo_" #name), visibility("default")))
#else
#define MODULE_SO_EXPORT(name) extern const struct modinfo rump_modinfo_##name
#endif

/* The table of what is built in: fs/drivers.c; NULL at the end. */
extern const struct modinfo *const module_builtin[];

int module_init_builtin(void);		       /* phase drivers */
int module_init_one(const struct modinfo *mi); /* EEXIST, ENOENT (required) */
int module_fini(const char *name);	       /* ENOENT, EBUSY */
const struct modinfo *module_lookup(const char *name);
/* Load a shared object: its `rump_modinfo`.  ENOENT, ENOEXEC-like: EINVAL. */
int module_load(const char *path);

#endif /* KERN_KMODULE_H */
