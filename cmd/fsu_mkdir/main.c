/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_mkdir: make directories in an image.
 */
#include "fsu/fsu.h"

extern const struct fsu_command fsu_mkdir_command;

int
main(int argc, char **argv)
{
	return fsu_main(&fsu_mkdir_command, argc, argv);
}
