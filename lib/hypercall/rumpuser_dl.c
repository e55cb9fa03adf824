/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dynamic loading, for drivers that are modules.
 */
#include <dlfcn.h>
#include <string.h>

#include "hypercall.h"

static __thread char dl_message[240];

static void
dl_failed(void)
{
	const char *why = dlerror();

	strncpy(dl_message, why != NULL ? why : "unknown error",
	    sizeof(dl_message) - 1);
}

int
rumpuser_dl_open(const char *path, void **handlep)
{
	*handlep = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (*handlep != NULL)
		return 0;
	dl_failed();
	return ENOENT;
}

int
rumpuser_dl_sym(void *handle, const char *name, void **symp)
{
	dlerror();
	*symp = dlsym(handle, name);
	if (*symp != NULL)
		return 0;
	dl_failed();
	return ENOENT;
}

void
rumpuser_dl_close(void *handle)
{
	if (handle != NULL && dlclose(handle) != 0)
		dl_failed();
}

const char *
rumpuser_dl_error(void)
{
	return dl_message;
}
