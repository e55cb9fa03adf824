/* SPDX-License-Identifier: BSD-2-Clause */
/* escmain fsu_cat|fsu_get|fsu_put ARG..: that command, as it is, with one more
 * driver: escape.c. */
#include <stdio.h>
#include <string.h>

#include <rump/ukfs.h>

#include "fsu/fsu.h"

extern const struct fsu_command fsu_cat_command, fsu_get_command,
    fsu_put_command;

int
main(int argc, char **argv)
{
	const struct fsu_command *const commands[] = {
	    &fsu_cat_command, &fsu_get_command, &fsu_put_command};

	if (ukfs_init() != 0 || ukfs_modload(ESCAPE_SO) != 0) {
		perror(ESCAPE_SO);
		return 99;
	}
	for (unsigned i = 0; argc > 1 && i < 3; i++)
		if (strcmp(commands[i]->name, argv[1]) == 0)
			return fsu_main(commands[i], argc - 1, argv + 1);
	return 99;
}
