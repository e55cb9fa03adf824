/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main() of every fsu_* command: the build compiles it once for each, with
 * FSU_COMMAND the command's table (fsu_ls_command in cmd/fsu_ls/fsu_ls.c).
 */
#include <fsu/fsu.h>

extern const struct fsu_command FSU_COMMAND;

int
main(int argc, char **argv)
{
	return fsu_main(&FSU_COMMAND, argc, argv);
}
