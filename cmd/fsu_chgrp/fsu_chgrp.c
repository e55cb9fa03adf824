/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_chgrp: GNU chgrp(1) in an image.  The work is in lib/fsu/chown.c.
 */
#include "fsu/chown.h"

extern const struct fsu_command fsu_chgrp_command;

static void
init(void *state)
{
	struct fsu_chown *c = state;

	fsu_chown_init(c);
	c->groups = true;
}

const struct fsu_command fsu_chgrp_command = {
    .name = "fsu_chgrp",
    .synopsis = "[-cfhHLPRv] IMAGE GROUP FILE...\n"
		"[OPTION]... --reference=FILE IMAGE FILE...",
    .summary = "Change groups of files in an image, as chgrp(1) does.",
    .options = fsu_chown_options,
    .noptions = FSU_CHOWN_NOPTIONS,
    .flags = FSU_WRITES,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct fsu_chown),
    .init = init,
    .option = fsu_chown_option,
    .prepare = fsu_chown_prepare,
    .run = fsu_chown_run,
    .done = fsu_chown_done,
};
