/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside lib/newfs: error numbers with words. */
#ifndef NEWFS_WHY_H
#define NEWFS_WHY_H

#include <rump/rump_abi.h>

#include "newfs/newfs.h"

/* Say why, and return error. */
int newfs_fail(char why[NEWFS_WHY], int error, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif /* NEWFS_WHY_H */
