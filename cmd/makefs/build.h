/* SPDX-License-Identifier: BSD-2-Clause */
/* Between build.c, which has the image, and build_tree.c, which fills it. */
#ifndef MAKEFS_BUILD_H
#define MAKEFS_BUILD_H

#include "makefs.h"

struct builder {
	struct makefs_opts *b_opts;
	struct manifest *b_mf;
	struct copier *b_copier;
	uint32_t b_dir; /* whose children are being made */
	int b_srcdir;	/* the source that the copier has a directory of; -1 */
	bool b_lostfound; /* the formatter made one */
	uint32_t *b_late; /* links that wait for their owner */
	size_t b_nlate, b_lateroom;
	bool b_failed; /* something couldn't be made (said) */
};

#define BUILD_MOUNT "/image" /* where it is mounted */

/* All nodes, in the kernel's current directory.  0 or minus an error number:
 * -RUMP_ENOSPC: more room is needed. */
int build_tree(struct builder *b);

#endif /* MAKEFS_BUILD_H */
