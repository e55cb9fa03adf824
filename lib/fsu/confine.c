/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a command still needs of the host once its image is open.
 */
#include <stdlib.h>

#include "fsu_impl.h"

void
fsu_host_access(struct fsu *f, const char *path, unsigned access)
{
	f->host_paths = fsu_realloc(
	    f->host_paths, (f->nhost_paths + 1) * sizeof(*f->host_paths));
	f->host_paths[f->nhost_paths].path = fsu_strdup(path);
	f->host_paths[f->nhost_paths].access = access;
	f->nhost_paths++;
}

void
fsu_want_programs(struct fsu *f)
{
	f->programs = true;
}

void
fsu_host_access_free(struct fsu *f)
{
	size_t i;

	for (i = 0; i < f->nhost_paths; i++)
		free(f->host_paths[i].path);
	free(f->host_paths);
	f->host_paths = NULL;
	f->nhost_paths = 0;
}
