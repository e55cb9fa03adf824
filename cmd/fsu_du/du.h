/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside fsu_du: what the options ask for.
 */
#ifndef FSU_DU_H
#define FSU_DU_H

#include "fsu/fmt.h"
#include "fsu/fsu.h"

enum du_time { DU_NOTIME, DU_MTIME, DU_ATIME, DU_CTIME };

struct du_options {
	struct fsu_blocksize unit;
	bool unit_given, inodes, apparent, all, links, separate, total, nul;
	bool summarize, onefs;
	bool depth_given;
	unsigned long depth; /* directories deeper than this aren't printed */
	char deref;	     /* 'P', 'D' (operands only), 'L' */
	enum du_time time;
	const char *time_style, *time_format;
	bool threshold_given, threshold_below;
	uint64_t threshold;
	const char **exclude;
	size_t nexclude;
	char *exclude_mem; /* the text of -X files; exclude points into it */
};

#define FSU_DU_NOPTIONS 25
extern const struct fsu_option fsu_du_options[FSU_DU_NOPTIONS];

void fsu_du_init(void *state);
int fsu_du_option(void *state, int key, const char *value);
/* After all options: a status. */
int fsu_du_check(struct du_options *opt);

#endif /* FSU_DU_H */
