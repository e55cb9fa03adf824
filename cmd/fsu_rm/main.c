/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_rm: remove files from an image.
 */
#include "fsu/fsu.h"

extern const struct fsu_command fsu_rm_command;

int
main(int argc, char **argv)
{
	return fsu_main(&fsu_rm_command, argc, argv);
}
