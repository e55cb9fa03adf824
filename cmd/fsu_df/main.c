/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_df: say how full an image is.
 */
#include "fsu/fsu.h"

extern const struct fsu_command fsu_df_command;

int
main(int argc, char **argv)
{
	return fsu_main(&fsu_df_command, argc, argv);
}
