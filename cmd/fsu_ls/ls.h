/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_ls: what its files share.
 *
 *	ls_options.c	the command: its command line and the environment
 *	ls_gather.c	reads directories and operands into a listing
 *	ls_sort.c	orders it
 *	ls_name.c	one name: quoting, colour, indicator
 *	ls_long.c	one line of -l
 *	ls_print.c	a listing in each format
 *	fsu_ls.c	operands, -R, the order of directories
 */
#ifndef FSU_LS_H
#define FSU_LS_H

#include "fsu/fmt.h"
#include "fsu/fsu.h"

enum ls_format {
	LS_ONE, /* a name a line */
	LS_LONG,
	LS_COLUMNS, /* sorted down */
	LS_ACROSS,
	LS_COMMAS,
	LS_JSON,
};
enum ls_sort {
	LS_BY_NAME,
	LS_BY_EXTENSION,
	LS_BY_WIDTH,
	LS_BY_SIZE,
	LS_BY_VERSION,
	LS_BY_TIME,
	LS_UNSORTED,
};
enum ls_time { LS_MTIME, LS_CTIME, LS_ATIME, LS_BTIME };
enum ls_indicator { LS_NO_MARK, LS_SLASH, LS_FILE_TYPE, LS_CLASSIFY };
enum ls_hidden { LS_HIDE_DOTS, LS_ALMOST_ALL, LS_ALL };
enum ls_follow {
	LS_FOLLOW_DEFAULT,
	LS_FOLLOW_NEVER,
	LS_FOLLOW_OPERAND_DIRS,
	LS_FOLLOW_OPERANDS,
	LS_FOLLOW_ALWAYS,
};

struct ls_pattern {
	const char *text;
	struct ls_pattern *next;
};

struct ls_options {
	/* as given; -1: not given */
	int format_opt, sort_opt, quote_opt, qmark_opt;
	long width_opt, tab_opt;
	const char *time_style_opt;
	bool time_given, kibi_given, size_given;

	/* as they hold, after ls_prepare() */
	enum ls_format format;
	enum ls_sort sort;
	enum ls_time time;
	enum ls_indicator mark;
	enum ls_hidden hidden;
	enum ls_follow follow;
	bool reverse, dirs_first, recursive, dirs_as_files;
	bool inode, blocks, numeric, owner, group, author, flags, color;
	bool follow_entries; /* -L, where anything but names is shown */
	bool check_targets;  /* a symlink's target decides colour or order */
	bool
	    align_quotes; /* unquoted names are indented where some are quoted */
	bool want_acl, want_caps;
	char eol;
	size_t line_width; /* 0: no limit */
	size_t tabsize;
	struct ls_pattern *ignore, *hide;
	struct fsu_blocksize size_unit, block_unit;
	struct fsu_quoting quoting, dir_quoting;
	struct fsu_timestyle time_style;
	struct fsu_colors colors;
	size_t time_width; /* of "?" in place of a time; 0: not known yet */
};

int ls_run(struct fsu *f, void *state, int n, char **operands);

struct ls_file {
	const char *name; /* terminated */
	const struct rump_stat *st;
	const char *target; /* of a symlink; NULL if not read */
	uint64_t rank;	    /* orders most pairs by itself */
	uint32_t name_len;
	uint32_t target_mode;
	size_t width; /* on the terminal, with all in front; LS_COLUMNS etc. */
	uint8_t type; /* RUMP_DT_*; known even if the rest isn't */
	bool stat_ok, target_ok;
	bool operand_dir; /* will be listed, not shown */
	bool acl, caps;
	bool quoted;
};

/* The files shown together, and how wide their fields are. */
struct ls_listing {
	struct fsu_arena arena;
	struct ls_file **files;
	size_t n, cap;
	uint64_t total_blocks; /* 512 bytes each */
	bool any_acl, any_quoted;
	size_t w_inode, w_blocks, w_nlink, w_owner, w_group, w_author, w_size,
	    w_major, w_minor, w_flags;
	char *dents; /* room for directory entries, from the arena */
	size_t dents_left;
};

void ls_listing_reset(struct ls_listing *l);
void ls_listing_free(struct ls_listing *l);
/* One operand; a status. */
int ls_add_operand(struct fsu *f, const struct ls_options *opt,
    struct ls_listing *l, const char *path);
/* All of an open directory; path is for messages.  A status. */
int ls_add_directory(struct fsu *f, const struct ls_options *opt,
    struct ls_listing *l, int fd, const char *path);
const struct rump_timespec *ls_time_of(
    const struct ls_options *opt, const struct rump_stat *st);

void ls_sort(const struct ls_options *opt, struct ls_listing *l);

/* The name (or its target) with all around it; column: where it begins.  Returns
 * its bytes, which GNU's ls takes for columns here. */
size_t ls_put_name(const struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file, bool target, size_t column);
/* / * @ = | after a name; NUL: none. */
char ls_mark(const struct ls_options *opt, uint32_t mode);
uint32_t ls_mode_of(const struct ls_file *file);
/* The same, as it would be wide. */
size_t ls_name_width(const struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file);
void ls_normal_color(const struct ls_options *opt);
/* At the end: colours as they were before. */
void ls_restore_color(const struct ls_options *opt);

void ls_put_long(struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file);
/* Names that were found for another listing. */
void ls_forget_owners(void);
/* Take a file's fields into account. */
void ls_measure(const struct ls_options *opt, struct ls_listing *l,
    const struct ls_file *file);
/* Inode number and blocks, where they are asked for. */
void ls_put_front(const struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file);
void ls_put_right(const char *s, size_t len, size_t width);

/* dir: where the names are, for JSON's paths; NULL: operands. */
void ls_print(struct ls_options *opt, struct ls_listing *l, const char *dir);
void ls_print_total(const struct ls_options *opt, const struct ls_listing *l);

#endif /* FSU_LS_H */
