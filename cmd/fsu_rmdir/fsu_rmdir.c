/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_rmdir: GNU rmdir(1) in an image.
 */
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

extern const struct fsu_command fsu_rmdir_command;

enum { K_IGNORE = FSU_KEY_LONG };

struct rmdir_options {
	bool parents, verbose, ignore_full;
};

static const struct fsu_option rmdir_option_table[] = {
    {K_IGNORE, "ignore-fail-on-non-empty", FSU_NOARG, NULL,
	"a directory that isn't empty is no failure"},
    {'p', "parents", FSU_NOARG, NULL, "then those above it, as named"},
    {'v', "verbose", FSU_NOARG, NULL, "say what is removed"},
};

static int
rmdir_option(void *state, int key, const char *value)
{
	struct rmdir_options *opt = state;

	(void)value;
	switch (key) {
	case 'p':
		opt->parents = true;
		break;
	case 'v':
		opt->verbose = true;
		break;
	case K_IGNORE:
		opt->ignore_full = true;
		break;
	}
	return FSU_OK;
}

/* Minus an error number; 0 too where one is to be ignored (*full). */
static int
remove_one(const struct rmdir_options *opt, const char *path, bool *full)
{
	int error;

	if (opt->verbose) {
		fsu_out_str(&fsu_stdout, fsu_progname());
		fsu_out_str(&fsu_stdout, ": removing directory, ");
		fsu_out_str(&fsu_stdout, fsu_quote_msg(path));
		fsu_out_char(&fsu_stdout, '\n');
	}
	error = rump_sys_rmdir(path);
	*full = error == -RUMP_ENOTEMPTY;
	return *full && opt->ignore_full ? 0 : error;
}

/* "link/", where link leads to a directory or nowhere? */
static bool
is_link_with_slash(const char *path)
{
	size_t len = strlen(path);
	struct rump_stat st;
	char *bare;
	bool is = false;

	if (len == 0 || path[len - 1] != '/')
		return false;
	bare = fsu_strdup(path);
	while (len > 1 && bare[len - 1] == '/')
		bare[--len] = '\0';
	if (rump_sys_lstat(bare, &st) == 0 &&
	    (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK) {
		int error = rump_sys_stat(bare, &st);

		is = error == 0 ? (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR
				: error != -RUMP_ENOTDIR;
	}
	free(bare);
	return is;
}

/* -p: the directories that path names above its last component. */
static void
remove_parents(struct fsu *f, const struct rmdir_options *opt, char *path)
{
	size_t len = strlen(path);
	bool full = false;
	int error = 0;

	while (error == 0 && !full && !fsu_interrupted()) {
		while (len > 0 && path[len - 1] == '/')
			len--;
		while (len > 0 && path[len - 1] != '/')
			len--;
		while (len > 1 && path[len - 1] == '/')
			len--;
		if (len == 0)
			return;
		path[len] = '\0';
		error = remove_one(opt, path, &full);
		if (error != 0)
			fsu_errorf(f, "failed to remove directory %s: %s",
			    fsu_quote_msg(path), fsu_strerror(error));
		if (strcmp(path, "/") == 0)
			return;
	}
}

static int
rmdir_run(struct fsu *f, void *state, int n, char **operands)
{
	const struct rmdir_options *opt = state;

	for (int i = 0; i < n && !fsu_interrupted(); i++) {
		bool full;
		int error = remove_one(opt, operands[i], &full);

		if (error == -RUMP_ENOTDIR && is_link_with_slash(operands[i]))
			fsu_errorf(f,
			    "failed to remove %s: Symbolic link not "
			    "followed",
			    fsu_quote_msg(operands[i]));
		else if (error != 0)
			fsu_errorf(f, "failed to remove %s: %s",
			    fsu_quote_msg(operands[i]), fsu_strerror(error));
		else if (opt->parents && !full)
			remove_parents(f, opt, operands[i]);
	}
	return fsu_out_finish(&fsu_stdout);
}

const struct fsu_command fsu_rmdir_command = {
    .name = "fsu_rmdir",
    .synopsis = "[OPTION]... IMAGE DIRECTORY...",
    .summary = "Remove empty directories from an image, as rmdir(1) does.",
    .options = rmdir_option_table,
    .noptions = sizeof(rmdir_option_table) / sizeof(*rmdir_option_table),
    .flags = FSU_WRITES,
    .min_operands = 1,
    .max_operands = -1,
    .state_size = sizeof(struct rmdir_options),
    .option = rmdir_option,
    .run = rmdir_run,
};
