/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_stat: formats, shared by its two files.
 */
#ifndef FSU_STAT_H
#define FSU_STAT_H

#include "fsu/fmt.h"
#include "fsu/fsu.h"

struct stat_subject {
	const char *path;
	const struct rump_stat *st;	/* of a file .. */
	const struct rump_statvfs *vfs; /* .. or of the file system it is in */
	bool quote;			/* names, in %N */
};

/* Print a format of stat(1)'s: % and, with escapes, \ sequences.  A status;
 * FSU_USAGE: the format itself is wrong. */
int stat_print(struct fsu *f, const char *format, bool escapes,
    const struct stat_subject *s);

#endif /* FSU_STAT_H */
