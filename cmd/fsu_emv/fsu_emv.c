/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_emv: move between the host and an image: a copy with all that belongs to the
 * files, and then, when that is durable, their removal (lib/fsu/copy_move.c).
 */
#include <fsu/copy.h>

extern const struct fsu_command fsu_emv_command;

static const struct fsu_option emv_option_table[] = {
    {'g', "get", FSU_NOARG, NULL, "move out of the image"},
    {'p', "put", FSU_NOARG, NULL, "move into the image"},
    {'D', "parents-of-dest", FSU_NOARG, NULL, "make missing parents of DEST"},
    {'f', "force", FSU_NOARG, NULL, "replace what can't be written"},
    {'i', "interactive", FSU_NOARG, NULL, "ask before overwriting"},
    {'n', "no-clobber", FSU_NOARG, NULL, "leave what is there"},
    {'R', "recursive", FSU_NOARG, NULL, NULL},
    {'r', NULL, FSU_NOARG, NULL, NULL},
    {'t', "target-directory", FSU_ARG, "DIR", "move into DIR"},
    {'T', "no-target-directory", FSU_NOARG, NULL,
	"DEST is the new name itself"},
    {'u', "update", FSU_NOARG, NULL, "leave what isn't older"},
    {'v', "verbose", FSU_NOARG, NULL, "say what is copied and removed"},
};

static void
emv_init(void *state)
{
	struct fsu_copyopts *o = state;

	o->move = o->recursive = o->preserve = true;
}

static int
emv_option(void *state, int key, const char *value)
{
	struct fsu_copyopts *o = state;

	if (key == 'g')
		o->kind = FSU_COPY_GET;
	else if (key == 'p')
		o->kind = FSU_COPY_PUT;
	else
		return fsu_copy_option(state, key, value);
	return FSU_OK;
}

static int
emv_prepare(struct fsu *f, void *state, int n, char **operands)
{
	const struct fsu_copyopts *o = state;

	if (o->kind == FSU_COPY_NONE)
		return fsu_usage("which way? -g gets from the image, -p puts "
				 "into it");
	return fsu_copy_prepare(f, state, n, operands);
}

const struct fsu_command fsu_emv_command = {
    .name = "fsu_emv",
    .synopsis = "IMAGE {-g | -p} [OPTION]... SOURCE DEST\n"
		"IMAGE {-g | -p} [OPTION]... SOURCE... DIRECTORY",
    .summary = "Move files between an image and the host.",
    .options = emv_option_table,
    .noptions = sizeof(emv_option_table) / sizeof(*emv_option_table),
    .flags = FSU_WRITES | FSU_OWNGLOB,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct fsu_copyopts),
    .init = emv_init,
    .option = emv_option,
    .prepare = emv_prepare,
    .run = fsu_copy_run,
    .done = fsu_copy_done,
};
