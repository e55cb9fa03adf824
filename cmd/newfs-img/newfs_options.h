/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of newfs-img: main.c acts on them, bash's completion is made of them. */
#ifndef NEWFS_OPTIONS_H
#define NEWFS_OPTIONS_H

#include "fsu/fsu.h"

enum {
	NEWFS_KEY_FORCE = FSU_KEY_LONG,
	NEWFS_KEY_PART,
	NEWFS_KEY_NOWAIT,
	NEWFS_KEY_NOSANDBOX,
	NEWFS_KEY_HELP,
	NEWFS_KEY_VERSION,
};

extern const struct fsu_option newfs_img_options[];
extern const size_t newfs_img_noptions;

#endif /* NEWFS_OPTIONS_H */
