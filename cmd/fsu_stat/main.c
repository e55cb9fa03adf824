/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_stat: say all that is known of files in an image.
 */
#include "fsu/fsu.h"

extern const struct fsu_command fsu_stat_command;

int
main(int argc, char **argv)
{
	return fsu_main(&fsu_stat_command, argc, argv);
}
