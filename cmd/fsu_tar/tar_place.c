/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar -x: the directories below the destination.
 *
 * Each is opened relative to the one above it and never through a symlink (but
 * with --keep-directory-symlink), so that no archive gets out of the destination by
 * links of its own or of the image.  The directories of the last path stay open:
 * archives go through a tree in order.
 */
#include <stdlib.h>
#include <string.h>

#include "tar.h"

#define DIR_MODE 0755u

char *
tar_place_clean(const char *path)
{
	char *clean = fsu_malloc(strlen(path) + 1), *to = clean;

	while (*path != '\0') {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.') {
			free(clean);
			return NULL;
		}
		if (len > 0 && !(len == 1 && path[0] == '.')) {
			if (to != clean)
				*to++ = '/';
			memcpy(to, path, len);
			to += len;
		}
		path += len;
		while (*path == '/')
			path++;
	}
	*to = '\0';
	return clean;
}

static void
pop_to(struct tar_place *p, size_t n)
{
	while (p->p_n > n) {
		p->p_n--;
		rump_sys_close(p->p_lv[p->p_n].fd);
		free(p->p_lv[p->p_n].name);
	}
}

void
tar_place_forget(struct tar_place *p)
{
	pop_to(p, 0);
	free(p->p_lv);
	p->p_lv = NULL;
	p->p_cap = 0;
}

static int
open_level(struct tar_place *p, int dirfd, const char *name, bool make)
{
	const int how = RUMP_O_PATH | RUMP_O_DIRECTORY |
	    (p->p_follow ? 0 : RUMP_O_NOFOLLOW);
	int fd = rump_sys_openat(dirfd, name, how, 0), r;

	if (fd != -RUMP_ENOENT || !make)
		return fd;
	r = rump_sys_makeat(
	    dirfd, name, RUMP_S_IFDIR | DIR_MODE, 0, NULL, NULL, 0, NULL);
	return r < 0 ? r : rump_sys_openat(dirfd, name, how, 0);
}

int
tar_place_parent(
    struct tar_place *p, const char *path, bool make, const char **namep)
{
	char name[RUMP_NAME_MAX + 1];
	int dirfd = p->p_root;
	const char *slash;

	for (size_t i = 0; (slash = strchr(path, '/')) != NULL; i++) {
		size_t len = (size_t)(slash - path);

		if (len > RUMP_NAME_MAX)
			return -RUMP_ENAMETOOLONG;
		memcpy(name, path, len);
		name[len] = '\0';
		path = slash + 1;
		if (i < p->p_n && strcmp(p->p_lv[i].name, name) == 0) {
			dirfd = p->p_lv[i].fd;
			continue;
		}
		pop_to(p, i);
		dirfd = open_level(p, dirfd, name, make);
		if (dirfd < 0)
			return dirfd;
		if (p->p_n == p->p_cap) {
			p->p_cap = p->p_cap == 0 ? 16 : p->p_cap * 2;
			p->p_lv = fsu_realloc(
			    p->p_lv, p->p_cap * sizeof(*p->p_lv));
		}
		p->p_lv[p->p_n++] = (struct tar_level){fsu_strdup(name), dirfd};
	}
	*namep = path;
	return dirfd;
}
