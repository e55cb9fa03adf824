/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_get: copy files and trees out of an image.
 * All of it is the copy engine's (lib/fsu/copy.h).
 */
#include <fsu/copy.h>

static void
init(void *state)
{
	((struct fsu_copyopts *)state)->kind = FSU_COPY_GET;
}

const struct fsu_command fsu_get_command = {
    .name = "fsu_get",
    .synopsis = "IMAGE [OPTION]... SOURCE [DEST]\n"
		"IMAGE [OPTION]... SOURCE... DIRECTORY",
    .summary = "Copy files out of an image; DEST is . by default, - "
	       "for standard output.",
    .options = fsu_copy_options,
    .noptions = FSU_GET_NOPTIONS,
    .flags = FSU_READS | FSU_OWNGLOB,
    .min_operands = 1,
    .max_operands = -1,
    .state_size = sizeof(struct fsu_copyopts),
    .init = init,
    .option = fsu_copy_option,
    .prepare = fsu_copy_prepare,
    .run = fsu_copy_run,
    .done = fsu_copy_done,
};
