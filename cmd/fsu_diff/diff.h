/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside fsu_diff: two trees side by side, and two files line by line.
 *
 *	fsu_diff.c	options, operands
 *	diff_side.c	a tree on the host or in an image
 *	diff_tree.c	pairs of names: what is said of each
 *	diff_file.c	two files: the same, binary, or a list of changed lines
 *	diff_lines.c	lines and their classes
 *	diff_core.c	the shortest way from one sequence to the other
 *	diff_print.c	normal, context and unified output
 *	diff_meta.c	--meta
 */
#ifndef FSU_DIFF_H
#define FSU_DIFF_H

#include "fsu/fmt.h"
#include "fsu/fsu.h"

enum diff_style { DIFF_NORMAL, DIFF_CONTEXT, DIFF_UNIFIED };
enum diff_space {
	DIFF_SPACE,
	DIFF_SPACE_TRAILING,
	DIFF_SPACE_CHANGE,
	DIFF_SPACE_ALL
};

#define DIFF_SAME    0
#define DIFF_DIFFER  1
#define DIFF_TROUBLE 2

/* ---- sides (diff_side.c) ------------------------------------------------------------- */

struct diff_side {
	bool image;
	struct ukfs *enter; /* an image that the thread isn't bound to */
	struct fsu *f;	    /* for messages */
};

struct diff_name {
	const char *name;
	const struct rump_stat *st; /* of the entry itself; NULL: not known */
	int error;
};
struct diff_list {
	struct diff_name *v;
	size_t n;
	struct fsu_dirlist dl; /* image */
	char *mem;	       /* host */
};

/* These return 0 (or a count, a descriptor), or minus an error number. */
int fsu_diff_stat(const struct diff_side *s, const char *path, bool follow,
    struct rump_stat *st);
int fsu_diff_open(const struct diff_side *s, const char *path);
int64_t fsu_diff_pread(
    const struct diff_side *s, int fd, void *buf, size_t len, uint64_t off);
void fsu_diff_close(const struct diff_side *s, int fd);
int64_t fsu_diff_readlink(
    const struct diff_side *s, const char *path, char *buf, size_t size);
int fsu_diff_readdir(
    const struct diff_side *s, const char *path, struct diff_list *l);
void fsu_diff_list_free(struct diff_list *l);
/* value NULL: the names, NUL after each. */
int64_t fsu_diff_xattr(const struct diff_side *s, const char *path,
    const char *name, char *buf, size_t size);

/* ---- state ----------------------------------------------------------------------------- */

struct diff_state {
	struct fsu *f;
	struct diff_side side[2];
	/* options */
	const char *to;
	enum diff_style style;
	uint64_t context;
	bool brief, same, recursive, newfile, text, nofollow, meta;
	bool icase, noblank;
	enum diff_space space;
	const char *label[2];
	int nlabels;
	const char **exclude;
	size_t nexclude;
	char *switches; /* as the line in front of a file's changes has them */
	/* at work */
	char *buf[2];
	struct ukfs_seen seen;
	int64_t time_grain;
};

/* One of a pair. */
struct diff_node {
	const char *path;
	bool absent;
	struct rump_stat st;
};

/* ---- trees (diff_tree.c) ------------------------------------------------------------------- */

int fsu_diff_operands(
    struct diff_state *d, const char *path0, const char *path1);
int fsu_diff_trouble(
    struct diff_state *d, int side, const char *path, int error);
/* Two lines of metadata that differ are one line of ours. */
int fsu_diff_meta(struct diff_state *d, const struct diff_node n[2]);

/* ---- files (diff_file.c) --------------------------------------------------------------------- */

/* header: the line "diff .. a b", or NULL. */
int fsu_diff_files(
    struct diff_state *d, const struct diff_node n[2], bool header);

/* ---- lines (diff_lines.c, diff_core.c) ----------------------------------------------------------- */

struct diff_text {
	char *mem;
	size_t len;
	const char **line; /* nlines + 1: where each begins, and the end */
	size_t nlines;
	bool unended;	 /* the last line has no newline */
	uint32_t *class; /* lines with the same one are equal */
	/* [-1 .. nlines]: 1 if the line is deleted or inserted */
	char *changed, *changed_mem;
};

/* Split, and give classes to both; false: too many lines. */
bool fsu_diff_classify(const struct diff_state *d, struct diff_text t[2]);
void fsu_diff_text_free(struct diff_text *t);
bool fsu_diff_blank(const struct diff_text *t, size_t line);
/* Fill in `changed`. */
void fsu_diff_core(struct diff_text t[2], uint32_t nclasses);
uint32_t fsu_diff_nclasses(const struct diff_text t[2]);

/* ---- output (diff_print.c) -------------------------------------------------------------------------- */

/* Print what changed; false: nothing that counts did. */
bool fsu_diff_print(struct diff_state *d, const struct diff_node n[2],
    const struct diff_text t[2], bool header);

#endif /* FSU_DIFF_H */
