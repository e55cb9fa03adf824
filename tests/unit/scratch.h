/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory of a test's own: made at the first question, removed with all
 * that is in it when the program ends.
 *
 *	char path[PATH_MAX];
 *	open(scratch_path(path, "image"), O_RDWR | O_CREAT, 0666);
 */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_name[PATH_MAX];
static pid_t scratch_owner;

static inline int
scratch_remove_one(
    const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static inline void
scratch_remove(void)
{
	/* a forked child that exits leaves its parent's files alone */
	if (scratch_owner == getpid())
		nftw(
		    scratch_name, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *
scratch_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	if (scratch_name[0] == '\0') {
		snprintf(scratch_name, sizeof(scratch_name),
		    "%s/fsu-unit.XXXXXX",
		    tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
		if (mkdtemp(scratch_name) == NULL) {
			perror(scratch_name);
			exit(1);
		}
		scratch_owner = getpid();
		atexit(scratch_remove);
	}
	return scratch_name;
}

/* buf has PATH_MAX bytes. */
static inline const char *
scratch_path(char *buf, const char *name)
{
	const char *dir = scratch_dir();

	if ((size_t)snprintf(buf, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		abort();
	return buf;
}

/* A new file with these bytes. */
static inline const char *
scratch_file(char *buf, const char *name, const void *data, size_t len)
{
	FILE *f = fopen(scratch_path(buf, name), "w");

	if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
		perror(buf);
		exit(1);
	}
	return buf;
}

#endif /* TESTS_UNIT_SCRATCH_H */
