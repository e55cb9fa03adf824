/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside fsu_find.  An expression is a tree of struct find_node:
 *
 *	parsed	  find_parse(): before the image is open; nothing is opened
 *	resolved  find_resolve(): names of users, files of the image to compare with,
 *		  host files to write to, once it is
 *	evaluated find_eval(): once a file that the walk (fsu_find.c) visits
 *
 * Its reference is GNU find 4.9: what it prints, byte for byte.
 */
#ifndef FIND_H
#define FIND_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include <fsu/fmt.h>
#include <fsu/fsu.h>
#include <fsu/hostcopy.h>

struct find_ctx;
struct find_node;
struct find_parser;

/* One primary of the language. */
struct find_primary {
	const char *name; /* without the - */
	unsigned flags;
	/* Take the arguments; a status.  NULL: it takes none. */
	int (*parse)(struct find_parser *p, struct find_node *n);
	/* Once the image is open; a status.  NULL: nothing to do. */
	int (*resolve)(struct find_ctx *c, struct find_node *n);
	bool (*eval)(struct find_ctx *c, struct find_node *n);
};
#define FIND_ACTION  0x01 /* no -print of its own accord */
#define FIND_IDS     0x02 /* needs names of users and groups */
#define FIND_CHANGES 0x04 /* writes to the image */
#define FIND_DEPTH   0x08 /* implies -depth */
#define FIND_RUNS    0x10 /* runs programs */
extern const struct find_primary find_primaries[];
extern const size_t find_nprimaries;

/* [+-]N */
struct find_number {
	char sign; /* + - or 0 */
	uint64_t value;
};

enum find_stamp { FIND_ATIME, FIND_BTIME, FIND_CTIME, FIND_MTIME };

/* Where an action prints. */
struct find_output {
	struct fsu_out *out;
	char *path; /* of the host; NULL: standard output */
	bool tty;
	struct find_output *next;
};

struct find_format; /* find_printf.c */
struct find_exec;   /* find_exec.c */

enum find_kind { FIND_PRIMARY, FIND_NOT, FIND_AND, FIND_OR, FIND_COMMA };

struct find_node {
	enum find_kind kind;
	const struct find_primary *primary;
	const char *word; /* as it was typed */
	/* FIND_NOT: one; FIND_AND, OR, COMMA: several */
	struct find_node **sub;
	size_t nsub;
	/* a primary's argument: what it needs of these */
	const char *arg;
	bool fold;
	struct find_number num;
	uint64_t unit;	      /* -size */
	uint32_t types;	      /* -type: bit 1 << (mode >> 12) */
	uint32_t perm[2];     /* -perm: of other files, of directories */
	char perm_kind;	      /* 0 - / */
	enum find_stamp x, y; /* -newerXY */
	int64_t sec;	      /* times: what to compare with */
	int32_t nsec;
	int64_t window; /* seconds */
	uint64_t dev, ino;
	uint32_t id;
	struct re_pattern_buffer *regex;
	struct find_format *format;
	struct find_output *output;
	struct find_exec *exec;
	struct find_node *next_made; /* to free all */
};

/* What is said in front of the expression, and by its options. */
struct find_options {
	char follow; /* P H L */
	bool depth, xdev, daystart;
	unsigned mindepth, maxdepth;
	reg_syntax_t syntax;
	int64_t start_sec; /* when we began */
	int32_t start_nsec;
	int64_t day_start; /* seconds; with daystart */
};

struct find_state {
	struct find_options opt;
	struct find_node *root;
	struct find_node *made;
	struct find_output *outputs;
	struct find_output standard;
	unsigned wants;	 /* FIND_IDS.. of all primaries in it */
	int nstarts;	 /* operands in front of the expression */
	bool prune_used; /* -prune, -depth: checked at the end */
	bool delete_used;
	bool depth_said;
};

struct find_parser {
	struct fsu *f;
	struct find_state *s;
	int n, i; /* argv and where we are in it */
	char **argv;
	unsigned parens;
	bool failed;
};

/* The walk, and the file that it is at. */
struct find_ctx {
	struct fsu *f;
	struct find_state *s;
	const char *start; /* the operand */
	size_t startlen;
	const char *path;
	size_t pathlen;
	const char *name; /* relative to dirfd */
	int dirfd;
	unsigned level;
	const struct rump_stat *st;
	bool prune, quit;
	bool failed;
	/* outputs' columns: -ls grows them as it meets wider ones */
	int w_ino, w_blocks, w_nlink, w_user, w_group, w_major, w_minor, w_size;
	struct fsu_quoted quoted;
	struct fsu_hostdir dir; /* where -exec has its copies */
	unsigned long ncopies;
	const char *fstype;
	char fstype_buf[32];
};

/* find_parse.c */
int find_parse(struct fsu *f, struct find_state *s, int n, char **words);
void find_free(struct find_state *s);
/* The next word as an argument; NULL after a message. */
const char *find_argument(struct find_parser *p, const struct find_node *n);
int find_bad_argument(const struct find_node *n, const char *arg);
bool find_parse_number(const char *s, struct find_number *num);
/* Is number v what is meant? */
bool find_compare(const struct find_number *num, uint64_t v);
/* An output for a host file; the same path gives the same one. */
struct find_output *find_output_get(struct find_parser *p, const char *path);

/* fsu_find.c */
bool find_eval(struct find_ctx *c, struct find_node *n);
int find_resolve(struct find_ctx *c);
/* A message about the file that the walk is at, or about another. */
void find_error(struct find_ctx *c, const char *path, int error);
/* The name without what is in front of it, as -name compares it; its length. */
const char *find_basename(const char *path, size_t len, size_t *blen);
/* Attributes of what the link, if it is one, leads to; 0 or minus an error. */
int find_stat_target(struct find_ctx *c, struct rump_stat *st);
/* A symlink's text in buf (RUMP_PATH_MAX); minus an error number. */
int64_t find_readlink(struct find_ctx *c, char *buf);

/* find_test.c */
int find_parse_string(struct find_parser *p, struct find_node *n);
int find_parse_perm(struct find_parser *p, struct find_node *n);
int find_parse_size(struct find_parser *p, struct find_node *n);
int find_parse_type(struct find_parser *p, struct find_node *n);
int find_parse_count(struct find_parser *p, struct find_node *n);
int find_resolve_owner(struct find_ctx *c, struct find_node *n);
int find_resolve_samefile(struct find_ctx *c, struct find_node *n);
bool find_test_name(struct find_ctx *c, struct find_node *n);
bool find_test_path(struct find_ctx *c, struct find_node *n);
bool find_test_lname(struct find_ctx *c, struct find_node *n);
bool find_test_type(struct find_ctx *c, struct find_node *n);
bool find_test_xtype(struct find_ctx *c, struct find_node *n);
bool find_test_size(struct find_ctx *c, struct find_node *n);
bool find_test_perm(struct find_ctx *c, struct find_node *n);
bool find_test_empty(struct find_ctx *c, struct find_node *n);
bool find_test_links(struct find_ctx *c, struct find_node *n);
bool find_test_inum(struct find_ctx *c, struct find_node *n);
bool find_test_uid(struct find_ctx *c, struct find_node *n);
bool find_test_gid(struct find_ctx *c, struct find_node *n);
bool find_test_user(struct find_ctx *c, struct find_node *n);
bool find_test_group(struct find_ctx *c, struct find_node *n);
bool find_test_nouser(struct find_ctx *c, struct find_node *n);
bool find_test_nogroup(struct find_ctx *c, struct find_node *n);
bool find_test_samefile(struct find_ctx *c, struct find_node *n);
bool find_test_access(struct find_ctx *c, struct find_node *n);
bool find_test_fstype(struct find_ctx *c, struct find_node *n);
const char *find_fstype(struct find_ctx *c);

/* find_regex.c */
int find_parse_regextype(struct find_parser *p, struct find_node *n);
int find_parse_regex(struct find_parser *p, struct find_node *n);
bool find_test_regex(struct find_ctx *c, struct find_node *n);

/* find_time.c */
const struct rump_timespec *find_stamp_of(
    const struct rump_stat *st, enum find_stamp which);
int find_parse_age(struct find_parser *p, struct find_node *n);
int find_parse_used(struct find_parser *p, struct find_node *n);
int find_parse_newer(struct find_parser *p, struct find_node *n);
/* -newerXY: the letters; false: it isn't one */
bool find_newer_word(const char *word, struct find_node *n);
int find_resolve_newer(struct find_ctx *c, struct find_node *n);
bool find_test_age(struct find_ctx *c, struct find_node *n);
bool find_test_used(struct find_ctx *c, struct find_node *n);
bool find_test_newer(struct find_ctx *c, struct find_node *n);

/* find_print.c, find_printf.c */
int find_parse_output(struct find_parser *p, struct find_node *n);
int find_parse_printf(struct find_parser *p, struct find_node *n);
bool find_do_print(struct find_ctx *c, struct find_node *n);
bool find_do_print0(struct find_ctx *c, struct find_node *n);
bool find_do_printf(struct find_ctx *c, struct find_node *n);
bool find_do_ls(struct find_ctx *c, struct find_node *n);
bool find_do_json(struct find_ctx *c, struct find_node *n);
void find_format_free(struct find_format *fmt);
/* Print a text; on a terminal what can't be printed becomes a question mark. */
void find_put_name(
    struct find_ctx *c, struct find_output *o, const char *s, size_t len);

/* find_exec.c */
int find_parse_exec(struct find_parser *p, struct find_node *n);
bool find_do_exec(struct find_ctx *c, struct find_node *n);
/* Batches that are still waiting. */
void find_exec_rest(struct find_ctx *c);
void find_exec_free(struct find_exec *x);

#endif /* FIND_H */
