/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of users and groups: from master.passwd or passwd, and group, in the
 * directory that -N names; else from the host's files.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsu/fsu.h"
#include "makefs.h"

/* The third field of the line that begins with name. */
static bool
look_up(const char *path, const char *name, uint32_t *idp)
{
	FILE *f = fopen(path, "re");
	size_t room = 0, len = strlen(name);
	char *line = NULL, *p, *end;
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && getline(&line, &room, f) > 0) {
		if (strncmp(line, name, len) != 0 || line[len] != ':')
			continue;
		p = strchr(line + len + 1, ':');
		if (p == NULL)
			continue;
		errno = 0;
		unsigned long id = strtoul(p + 1, &end, 10);

		found = end != p + 1 && (*end == ':' || *end == '\n') &&
		    errno == 0 && id < UINT32_MAX;
		*idp = (uint32_t)id;
	}
	free(line);
	fclose(f);
	return found;
}

static bool
look_in(const struct makefs_opts *mo, const char *file, const char *name,
    uint32_t *idp)
{
	char *path = fsu_path_join(
	    mo->mo_userdb != NULL ? mo->mo_userdb : "/etc", file);
	bool found = look_up(path, name, idp);

	free(path);
	return found;
}

bool
userdb_uid(const struct makefs_opts *mo, const char *name, uint32_t *idp)
{
	return look_in(mo, "master.passwd", name, idp) ||
	    look_in(mo, "passwd", name, idp);
}

bool
userdb_gid(const struct makefs_opts *mo, const char *name, uint32_t *idp)
{
	return look_in(mo, "group", name, idp);
}
