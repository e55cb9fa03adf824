/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_chown: GNU chown(1) in an image.  The work is in lib/fsu/chown.c.
 */
#include "fsu/chown.h"

extern const struct fsu_command fsu_chown_command;

static void
init(void *state)
{
	struct fsu_chown *c = state;

	fsu_chown_init(c);
	c->groups = false;
}

const struct fsu_command fsu_chown_command = {
    .name = "fsu_chown",
    .synopsis = "[-cfhHLPRv] IMAGE [OWNER][:[GROUP]] FILE...\n"
		"[OPTION]... --reference=FILE IMAGE FILE...",
    .summary =
	"Change owners and groups of files in an image, as chown(1) does.",
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
