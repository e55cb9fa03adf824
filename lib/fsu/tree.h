/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operands and the trees below them, as -R with -H, -L and -P means them: what
 * chmod, chown, chflags and their like go through.
 */
#ifndef FSU_TREE_H
#define FSU_TREE_H

#include "fsu/fsu.h"

enum fsu_treekind {
	FSU_TREE_NODE,	   /* anything that isn't gone into */
	FSU_TREE_DIR,	   /* a directory, before its entries */
	FSU_TREE_DIREND,   /* ... after them, or after CYCLE */
	FSU_TREE_DANGLING, /* a link to be followed that leads nowhere; te_st is
	                      its own */
	FSU_TREE_NOSTAT,   /* couldn't be looked at; no te_st to rely on */
	FSU_TREE_UNREADABLE, /* what DIR was: its entries couldn't be read */
	FSU_TREE_CYCLE, /* the same: links lead back to a directory above */
};
struct fsu_treeent {
	enum fsu_treekind te_kind;
	const char *te_path; /* as the operand has it, and the names below it */
	const char *te_name; /* relative to te_dirfd */
	size_t te_pathlen;
	int te_dirfd;
	unsigned te_level;
	int te_error; /* a positive error number, where the kind is an error */
	/* RUMP_AT_SYMLINK_NOFOLLOW, or 0 where links are followed: for *at(). */
	int te_atflags;
	/* What te_name is, or leads to where it is followed. */
	const struct rump_stat *te_st;
};

struct fsu_tree {
	bool recursive;
	/* 'P': follow no link; 'H': operands; 'L': all.  Without recursive H and L
	 * are one. */
	char follow;
	/* A recursive walk over / is refused, after a message. */
	bool preserve_root;
};

/*
 * One operand.  fn returns 0; SKIP: not into this directory (then it has no
 * DIREND); else the walk ends.  A status: FAIL where fn ended it, a root was
 * refused, memory ran out or ^C came.  What entries mean for the status is fn's.
 */
#define FSU_TREE_SKIP UKFS_WALK_SKIP
int fsu_tree(struct fsu *f, const struct fsu_tree *t, const char *operand,
    int (*fn)(void *arg, const struct fsu_treeent *e), void *arg);

#endif /* FSU_TREE_H */
