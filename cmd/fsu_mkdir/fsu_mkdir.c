/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_mkdir: GNU mkdir(1) in an image.  The umask is the caller's; new
 * directories belong to 0:0.
 */
#include <string.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

extern const struct fsu_command fsu_mkdir_command;

struct mkdir_options {
	bool parents, verbose;
	struct fsu_modechange *change; /* -m */
	uint32_t umask;
};

static const struct fsu_option mkdir_option_table[] = {
    {'m', "mode", FSU_ARG, "MODE",
	"as chmod takes it, not a=rwx less the umask"},
    {'p', "parents", FSU_NOARG, NULL,
	"missing parents too; what is there is no error"},
    {'v', "verbose", FSU_NOARG, NULL, "say what is made"},
};

static int
mkdir_option(void *state, int key, const char *value)
{
	struct mkdir_options *opt = state;

	switch (key) {
	case 'p':
		opt->parents = true;
		break;
	case 'v':
		opt->verbose = true;
		break;
	case 'm':
		fsu_mode_free(opt->change);
		opt->change = fsu_mode_parse(value);
		if (opt->change == NULL)
			return fsu_usage(
			    "invalid mode %s", fsu_quote_msg(value));
		break;
	}
	return 0;
}

static void
mkdir_done(void *state)
{
	fsu_mode_free(((struct mkdir_options *)state)->change);
}

static int
cannot_make(struct fsu *f, const char *path, int error)
{
	fsu_errorf(f, "cannot create directory %s: %s", fsu_quote_msg(path),
	    fsu_no_room(f, error, "a block and an inode are"));
	return FSU_FAIL;
}

static void
say_made(const struct mkdir_options *opt, const char *path)
{
	if (!opt->verbose)
		return;
	fsu_out_str(&fsu_stdout, fsu_progname());
	fsu_out_str(&fsu_stdout, ": created directory ");
	fsu_out_str(&fsu_stdout, fsu_quote_msg(path));
	fsu_out_char(&fsu_stdout, '\n');
}

/* 0 for a directory, -RUMP_ENOTDIR for anything else, or why nobody knows. */
static int
check_directory(const char *path)
{
	struct rump_stat st;
	int error = rump_sys_stat(path, &st);

	if (error == 0 && (st.st_mode & RUMP_S_IFMT) != RUMP_S_IFDIR)
		error = -RUMP_ENOTDIR;
	return error;
}

/* By the umask, or by the default access control list of where it is made. */
static int
make_plain(const char *path, uint32_t mask)
{
	uint32_t old = rump_sys_umask(mask);
	int error = rump_sys_mkdir(path, 0777);

	rump_sys_umask(old);
	return error;
}

/* The last component, with the mode that was asked for. */
static int
make_last(struct fsu *f, const struct mkdir_options *opt, const char *path)
{
	uint32_t mode;
	int error;

	if (opt->change != NULL) {
		mode = fsu_mode_apply(opt->change, 0777, true, opt->umask);
		error = rump_sys_makeat(RUMP_AT_FDCWD, path,
		    RUMP_S_IFDIR | mode, 0, NULL, NULL, 0, NULL);
	} else {
		error = make_plain(path, opt->umask);
	}
	if (error == 0) {
		say_made(opt, path);
		return FSU_OK;
	}
	if (opt->parents && error == -RUMP_EEXIST && check_directory(path) == 0)
		return FSU_OK;
	return cannot_make(f, path, error);
}

/* One component in front of the last: path is cut there. */
static int
make_parent(struct fsu *f, const struct mkdir_options *opt, const char *path)
{
	int error;

	if (check_directory(path) == 0)
		return FSU_OK;
	error = make_plain(path, opt->umask & ~0300u);
	if (error == 0) {
		say_made(opt, path);
		return FSU_OK;
	}
	if (error == -RUMP_EEXIST && check_directory(path) == -RUMP_ENOTDIR)
		error = -RUMP_ENOTDIR;
	return cannot_make(f, path, error);
}

static int
make_one(struct fsu *f, const struct mkdir_options *opt, const char *operand)
{
	char *path = fsu_strdup(operand), *p = path;
	int status = FSU_OK;

	while (opt->parents && status == FSU_OK) {
		char *end;

		p += strspn(p, "/");
		end = p + strcspn(p, "/");
		if (end[strspn(end, "/")] == '\0')
			break;
		*end = '\0';
		status = make_parent(f, opt, path);
		*end = '/';
		p = end;
	}
	if (status == FSU_OK)
		status = make_last(f, opt, path);
	free(path);
	return status;
}

static int
mkdir_run(struct fsu *f, void *state, int n, char **operands)
{
	struct mkdir_options *opt = state;
	int status = FSU_OK, end;

	opt->umask = umask(0);
	umask(opt->umask);
	for (int i = 0; i < n && !fsu_interrupted(); i++) {
		if (make_one(f, opt, operands[i]) != FSU_OK)
			status = FSU_FAIL;
	}
	end = fsu_out_finish(&fsu_stdout);
	return end != FSU_OK ? end : status;
}

const struct fsu_command fsu_mkdir_command = {
    .name = "fsu_mkdir",
    .synopsis = "[-pv] [-m MODE] IMAGE DIRECTORY...",
    .summary = "Make directories in an image, as mkdir(1) does.",
    .options = mkdir_option_table,
    .noptions = sizeof(mkdir_option_table) / sizeof(*mkdir_option_table),
    .flags = FSU_WRITES,
    .min_operands = 1,
    .max_operands = -1,
    .state_size = sizeof(struct mkdir_options),
    .option = mkdir_option,
    .run = mkdir_run,
    .done = mkdir_done,
};
