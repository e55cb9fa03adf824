/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host directories and names, for etfs.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hypercall.h"

struct rumpuser_dir {
	DIR *d;
};

int
rumpuser_unlink(const char *path)
{
	return unlink(path) == 0 ? 0 : hyper_errno();
}

int
rumpuser_rename(const char *from, const char *to)
{
	return rename(from, to) == 0 ? 0 : hyper_errno();
}

int
rumpuser_dir_open(const char *path, struct rumpuser_dir **dirp)
{
	struct rumpuser_dir *dir;
	int error;

	dir = malloc(sizeof(*dir));
	if (dir == NULL)
		return ENOMEM;
	dir->d = opendir(path);
	if (dir->d == NULL) {
		error = hyper_errno();
		free(dir);
		return error;
	}
	*dirp = dir;
	return 0;
}

/* Links count as what they lead to, as in rumpuser_path_info. */
static enum rumpuser_ftype
entry_type(struct rumpuser_dir *dir, const struct dirent *ent)
{
	struct stat st;

	switch (ent->d_type) {
	case DT_REG:
		return RUMPUSER_FT_REG;
	case DT_DIR:
		return RUMPUSER_FT_DIR;
	case DT_BLK:
		return RUMPUSER_FT_BLK;
	case DT_CHR:
		return RUMPUSER_FT_CHR;
	case DT_LNK:
	case DT_UNKNOWN:
		if (fstatat(dirfd(dir->d), ent->d_name, &st, 0) == 0)
			return hyper_ftype(st.st_mode);
		/* FALLTHROUGH */
	default:
		return RUMPUSER_FT_OTHER;
	}
}

int
rumpuser_dir_read(struct rumpuser_dir *dir, struct rumpuser_dirent *de)
{
	const struct dirent *ent;
	size_t len;

	do {
		errno = 0;
		ent = readdir(dir->d);
		if (ent == NULL)
			return errno != 0 ? hyper_errno() : ENOENT;
	} while (
	    strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0);

	len = strlen(ent->d_name);
	if (len >= sizeof(de->de_name))
		return ENAMETOOLONG;
	memcpy(de->de_name, ent->d_name, len + 1);
	de->de_ino = ent->d_ino;
	de->de_type = entry_type(dir, ent);
	return 0;
}

void
rumpuser_dir_close(struct rumpuser_dir *dir)
{
	if (dir == NULL)
		return;
	closedir(dir->d);
	free(dir);
}
