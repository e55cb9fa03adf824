/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_mv: move and rename files in an image.
 */
#include "fsu/fsu.h"

extern const struct fsu_command fsu_mv_command;

int
main(int argc, char **argv)
{
	return fsu_main(&fsu_mv_command, argc, argv);
}
