/* SPDX-License-Identifier: BSD-2-Clause */
/* Between build.c, which has the image, and build_tree.c, which fills it. */
#ifndef MAKEFS_BUILD_H
#define MAKEFS_BUILD_H

#include "makefs.h"

struct fsu_target;

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
/* The copier gets the directory of the source that this node of b_dir is from; an
 * error was said. */
int build_source_dir(struct builder *b, const struct mnode *m);
/* An empty file is looked at, too: it may have grown, or not be what it says (as
 * in /proc).  0 or minus an error number. */
int build_look_at_empty(struct builder *b, uint32_t node);

/* What all formatters are told of the tree's root, ids and time. */
void build_tell(struct makefs_opts *mo, const struct manifest *mf);
/* Writing to the host failed: say so. */
void build_host_failed(
    const struct makefs_opts *mo, struct fsu_target *tg, int error);
/* As build(), for types with nt_write. */
int build_whole(struct makefs_opts *mo, struct manifest *mf,
    struct fsu_target *tg, uint64_t *sizep, bool *made);

#endif /* MAKEFS_BUILD_H */
