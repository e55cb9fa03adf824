/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_ecp: copy between the host and an image, the direction being an option: -g
 * is fsu_get, -p is fsu_put, by the same engine (lib/fsu/copy.h).
 */
#include <fsu/copy.h>

extern const struct fsu_command fsu_ecp_command;

enum { K_PRESERVE = FSU_KEY_LONG };

static const struct fsu_option ecp_option_table[] = {
    {'g', "get", FSU_NOARG, NULL, "copy out of the image"},
    {'p', "put", FSU_NOARG, NULL, "copy into the image"},
    {'a', "archive", FSU_NOARG, NULL, "the same as -R --preserve"},
    {'d', "delete", FSU_NOARG, NULL, "remove each source that was copied"},
    {'D', "parents-of-dest", FSU_NOARG, NULL, "make missing parents of DEST"},
    {'f', "force", FSU_NOARG, NULL, "replace what can't be written"},
    {'i', "interactive", FSU_NOARG, NULL, "ask before overwriting"},
    {'L', "dereference", FSU_NOARG, NULL, "follow all symlinks"},
    {'n', "no-clobber", FSU_NOARG, NULL, "leave what is there"},
    {'P', "no-dereference", FSU_NOARG, NULL, "follow none"},
    {K_PRESERVE, "preserve", FSU_NOARG, NULL,
	"keep mode, owner, times, xattrs"},
    {'R', "recursive", FSU_NOARG, NULL, "copy directories with all"},
    {'r', NULL, FSU_NOARG, NULL, NULL},
    {'t', "target-directory", FSU_ARG, "DIR", "copy into DIR"},
    {'T', "no-target-directory", FSU_NOARG, NULL,
	"DEST is the new name itself"},
    {'u', "update", FSU_NOARG, NULL, "leave what isn't older"},
    {'v', "verbose", FSU_NOARG, NULL, "say what is copied"},
};

static int
ecp_option(void *state, int key, const char *value)
{
	struct fsu_copyopts *o = state;

	switch (key) {
	case 'g':
		o->kind = FSU_COPY_GET;
		return FSU_OK;
	case 'p':
		o->kind = FSU_COPY_PUT;
		return FSU_OK;
	case 'd':
		o->move = true;
		return FSU_OK;
	case K_PRESERVE:
		return fsu_copy_option(state, 'p', value);
	}
	return fsu_copy_option(state, key, value);
}

static int
ecp_prepare(struct fsu *f, void *state, int n, char **operands)
{
	const struct fsu_copyopts *o = state;

	if (o->kind == FSU_COPY_NONE)
		return fsu_usage("which way? -g gets from the image, -p puts "
				 "into it");
	fsu_want_write(f, o->kind == FSU_COPY_PUT || o->move);
	return fsu_copy_prepare(f, state, n, operands);
}

const struct fsu_command fsu_ecp_command = {
    .name = "fsu_ecp",
    .synopsis = "IMAGE {-g | -p} [OPTION]... SOURCE DEST\n"
		"IMAGE {-g | -p} [OPTION]... SOURCE... DIRECTORY",
    .summary = "Copy files between an image and the host.",
    .options = ecp_option_table,
    .noptions = sizeof(ecp_option_table) / sizeof(*ecp_option_table),
    .flags = FSU_WRITES | FSU_OWNGLOB,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct fsu_copyopts),
    .option = ecp_option,
    .prepare = ecp_prepare,
    .run = fsu_copy_run,
    .done = fsu_copy_done,
};
