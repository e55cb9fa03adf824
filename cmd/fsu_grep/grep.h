/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside fsu_grep: patterns, options, the search of one file.
 *
 *	grep_options.c	 options and patterns from the command line
 *	grep_literal.c	 bytes that every match of a pattern has
 *	grep_match.c	 from text to the next matching line, and matches in a line
 *	grep_file.c	 a file through the buffer, which lines are output
 *	grep_print.c	 how a line is printed
 *	fsu_grep.c	 operands and trees
 */
#ifndef FSU_GREP_H
#define FSU_GREP_H

#include <sys/types.h>

#include <regex.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

/* ---- patterns (grep_match.c, grep_literal.c) ------------------------------------ */

/* Bytes to look for, as they are or (icase) lower-case ASCII in either case. */
struct grep_literal {
	char *s;
	size_t len; /* 0: none */
	bool icase;
	bool slow;    /* its rarest byte is too common here */
	size_t rare;  /* where that is */
	size_t *skip; /* icase: by how much a byte lets us go on */
	/* the next place in the text that is being searched, or its end */
	const char *next;
};

struct grep_pattern {
	char *text;
	size_t len;
	struct grep_literal lit;
	bool exact; /* lit is all that there is to it */
	bool compiled;
	struct re_pattern_buffer re;
};

struct grep_matcher {
	struct grep_pattern *pat;
	size_t npat;
	char kind; /* 'G', 'E', 'F' */
	bool icase, words, lines;
	char eol;
	bool filter; /* every pattern has a literal */
};

/* Take in a list of patterns, one a line. */
void fsu_grep_add_patterns(
    struct grep_matcher *m, const char *text, size_t len);
/* After all were added: a status. */
int fsu_grep_compile(struct grep_matcher *m);
void fsu_grep_matcher_free(struct grep_matcher *m);
/* New text: what was found before doesn't count. */
void fsu_grep_restart(struct grep_matcher *m);
/* The first line in [p, lim) that matches: *endp is after its end of line.  Lines
 * end with eol, the last one too.  NULL: none. */
const char *fsu_grep_line(
    struct grep_matcher *m, const char *p, const char *lim, const char **endp);
/* The leftmost, longest match in the line [beg, end), eol left out, that begins at
 * or after from; NULL: none. */
const char *fsu_grep_match(struct grep_matcher *m, const char *beg,
    const char *end, const char *from, size_t *lenp);

/* What each match of the regular expression has; lit->len 0: nothing.  *exact: it
 * is nothing else. */
const char *fsu_grep_after_set(const char *p, const char *end);
void fsu_grep_find_literal(const struct grep_matcher *m, const char *text,
    size_t len, struct grep_literal *lit, bool *exact);
void fsu_grep_literal_prepare(struct grep_literal *lit);
const char *fsu_grep_literal_search(
    struct grep_literal *lit, const char *p, const char *lim);

/* ---- options ----------------------------------------------------------------------- */

/* A pattern of --include, --exclude or --exclude-dir, in the order given. */
struct grep_glob {
	char *pattern;
	bool include;
};
struct grep_globs {
	struct grep_glob *v;
	size_t n;
};

enum grep_list { GREP_LIST_NONE, GREP_LIST_MATCHING, GREP_LIST_OTHERS };
enum grep_binary { GREP_BINARY, GREP_TEXT, GREP_NOMATCH };

struct grep_colors {
	const char *selected, *context; /* matches in lines of that kind */
	const char *sline, *cline;	/* the lines */
	const char *file, *line, *byte, *sep;
	bool reverse, noclear;
	char *mem;
};

struct grep_state {
	struct fsu *f;
	struct grep_matcher m;
	bool patterns_given;
	/* options */
	bool invert, count, number, offset, only, quiet, silent, nulname;
	bool follow;	/* -R */
	char recursive; /* 'r', or 0 */
	char directories;
	int with_name; /* 1 -H, -1 -h, 0 as it comes */
	enum grep_list list;
	enum grep_binary binary;
	int64_t max_count; /* -1: all */
	int64_t before, after, context;
	int digits; /* of -NUM, so far */
	const char *separator;
	struct grep_globs files, dirs;
	bool color;
	struct grep_colors colors;
	/* one file */
	const char *name;
	bool show_name, no_dot;
	bool first_only; /* one selected line is enough */
	bool out_quiet;
	bool used; /* a line was printed, in this file or another */
	bool undecodable;
	bool trouble;
	char *mem, *bufbeg, *buflim;
	size_t alloc;
	int fd;
	uint64_t size, got; /* of the file; bytes read */
	const char *lastout, *lastnl;
	uint64_t total_nl, total_bytes;
	int64_t outleft, pending;
};

#define GREP_NOPTIONS 53
extern const struct fsu_option fsu_grep_options[GREP_NOPTIONS];
void fsu_grep_init(void *state);
int fsu_grep_option(void *state, int key, const char *value);
void fsu_grep_colors_init(struct grep_state *g);

/* ---- one file ----------------------------------------------------------------------- */

/* Lines selected in the open file; *errorp: minus an error number. */
int64_t fsu_grep_fd(struct grep_state *g, int fd, uint64_t size, int *errorp);

/* ---- output ------------------------------------------------------------------------------ */

#define GREP_SELECTED ':'
#define GREP_REJECTED '-'
void fsu_grep_put_sep(const struct grep_state *g, char sep);
void fsu_grep_put_name(const struct grep_state *g);
/* The line [beg, lim), its eol included. */
void fsu_grep_put_line(
    struct grep_state *g, const char *beg, const char *lim, char sep);
void fsu_grep_put_group(const struct grep_state *g);

#endif /* FSU_GREP_H */
