/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_ln -r: a name without symlinks, "." and "..", and the way from one to another.
 * What doesn't exist is taken as it is written.
 */
#include <stdlib.h>
#include <string.h>

#include "fsu/fsu.h"

#include "ln.h"

#define LINKS_MAX 40

/* One component behind path, which is absolute and has no slash at its end ("" is
 * the root).  Takes path. */
static char *
push(char *path, const char *name, size_t len)
{
	char *more;

	if (len == 0 || (len == 1 && name[0] == '.'))
		return path;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		char *slash = strrchr(path, '/');

		if (slash != NULL)
			*slash = '\0';
		return path;
	}
	more = fsu_asprintf("%s/%.*s", path, (int)len, name);
	free(path);
	return more;
}

/* path cut where its last component is a symlink; what is to be walked then: the
 * link's target and the rest.  NULL: it is no link. */
static char *
through_link(char *path, const char *rest)
{
	char target[RUMP_PATH_MAX];
	int64_t n = rump_sys_readlink(path, target, sizeof(target) - 1);

	if (n <= 0)
		return NULL;
	target[n] = '\0';
	if (target[0] == '/')
		path[0] = '\0';
	else
		*strrchr(path, '/') = '\0';
	return fsu_path_join(target, rest);
}

static char *
canonical(const char *name)
{
	char cwd[RUMP_PATH_MAX], *path, *todo, *p, *more;
	int links = 0;

	path = fsu_strdup("");
	if (name[0] != '/' && rump_sys_getcwd(cwd, sizeof(cwd)) > 1) {
		free(path);
		path = fsu_strdup(strcmp(cwd, "/") == 0 ? "" : cwd);
	}
	todo = fsu_strdup(name);
	for (p = todo; *p != '\0';) {
		size_t len;

		p += strspn(p, "/");
		len = strcspn(p, "/");
		path = push(path, p, len);
		p += len;
		if (*path == '\0' || links == LINKS_MAX)
			continue;
		more = through_link(path, p + strspn(p, "/"));
		if (more != NULL) {
			links++;
			free(todo);
			todo = p = more;
		}
	}
	free(todo);
	return path;
}

char *
ln_relative(const char *target, const char *link)
{
	char *dir = fsu_dirname(link), *from = canonical(dir);
	char *to = canonical(target), *out = fsu_strdup(""), *more;
	size_t common = 0, i;

	/* The components that both begin with. */
	for (i = 0;; i++) {
		bool fend = from[i] == '\0' || from[i] == '/';
		bool tend = to[i] == '\0' || to[i] == '/';

		if (fend && tend)
			common = i;
		if (from[i] == '\0' || to[i] == '\0' || from[i] != to[i])
			break;
	}
	for (const char *p = from + common; *p != '\0'; p++) {
		if (*p == '/') {
			more = fsu_asprintf(
			    "%s%s..", out, *out != '\0' ? "/" : "");
			free(out);
			out = more;
		}
	}
	if (to[common] == '/') {
		more = fsu_asprintf(
		    "%s%s%s", out, *out != '\0' ? "/" : "", to + common + 1);
		free(out);
		out = more;
	}
	if (*out == '\0') {
		free(out);
		out = fsu_strdup(".");
	}
	free(dir);
	free(from);
	free(to);
	return out;
}
