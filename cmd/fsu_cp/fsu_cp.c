/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_cp: copy files and trees inside of an image, or to another.
 * All of it is the copy engine's (lib/fsu/copy.h).
 */
#include <fsu/copy.h>

static void
init(void *state)
{
	((struct fsu_copyopts *)state)->kind = FSU_COPY_CP;
}

const struct fsu_command fsu_cp_command = {
    .name = "fsu_cp",
    .synopsis = "IMAGE [OPTION]... SOURCE DEST\n"
		"IMAGE [OPTION]... SOURCE... DIRECTORY",
    .summary = "Copy files inside of an image, or to another one.",
    .options = fsu_copy_options,
    .noptions = FSU_CP_NOPTIONS,
    .flags = FSU_WRITES | FSU_OWNGLOB,
    .min_operands = 1,
    .max_operands = -1,
    .state_size = sizeof(struct fsu_copyopts),
    .init = init,
    .option = fsu_copy_option,
    .prepare = fsu_copy_prepare,
    .run = fsu_copy_run,
    .done = fsu_copy_done,
};
