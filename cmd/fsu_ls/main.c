/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_ls: list what is in an image.
 */
#include "fsu/fsu.h"

extern const struct fsu_command fsu_ls_command;

int
main(int argc, char **argv)
{
	return fsu_main(&fsu_ls_command, argc, argv);
}
