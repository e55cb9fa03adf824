/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of makefs: main.c acts on them, bash's completion is made of them. */
#ifndef MAKEFS_OPTIONS_H
#define MAKEFS_OPTIONS_H

#include "fsu/fsu.h"

enum {
	MAKEFS_KEY_FORCE = FSU_KEY_LONG,
	MAKEFS_KEY_PART,
	MAKEFS_KEY_NOWAIT,
	MAKEFS_KEY_NOSANDBOX,
	MAKEFS_KEY_HELP,
	MAKEFS_KEY_VERSION,
};

extern const struct fsu_option makefs_options[];
extern const size_t makefs_noptions;

#endif /* MAKEFS_OPTIONS_H */
