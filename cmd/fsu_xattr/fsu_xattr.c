/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_xattr: extended attributes of files in an image: list, get, set, rm, dump,
 * restore.  What is printed and read is in the form of getfattr(1) and
 * setfattr(1), whose options have the same letters here.
 *
 * Nodes are opened by O_PATH, so that nothing but the directory entry is read, and
 * names may be as deep as they like.
 */
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsu/copy.h"
#include "fsu/fsu.h"
#include "fsu/timearg.h"
#include "fsu/tree.h"
#include "xattr.h"

extern const struct fsu_command fsu_xattr_command;

enum { K_ONLY_VALUES = FSU_KEY_LONG, K_ABSOLUTE };
enum xattr_action { X_LIST, X_GET, X_SET, X_RM, X_DUMP, X_RESTORE };

struct xattr_options {
	struct fsu_tree tree;
	bool nofollow, only_values, absolute;
	enum xattr_encoding encoding;
	const char *pattern;
	enum xattr_action action;
	/* while it runs */
	regex_t regex;
	bool have_regex;
	int input; /* restore's, spooled */
	struct fsu *f;
	const char *name; /* get, set, rm */
	char *value;	  /* set */
	size_t value_len;
	char *names, *buf; /* RUMP_XATTR_SIZE_MAX each */
	bool failed;
};

static const struct fsu_option xattr_option_table[] = {
    {'h', "no-dereference", FSU_NOARG, NULL, "symlinks themselves"},
    {'R', "recursive", FSU_NOARG, NULL, "directories and what is in them"},
    {'L', "logical", FSU_NOARG, NULL, "with -R: follow every symlink"},
    {'P', "physical", FSU_NOARG, NULL, "with -R: follow none"},
    {'e', "encoding", FSU_ARG, "WORD", "values as text, hex or base64"},
    {'m', "match", FSU_ARG, "REGEX", "list, dump: only names that match"},
    {K_ONLY_VALUES, "only-values", FSU_NOARG, NULL,
	"get, dump: the bytes and nothing else"},
    {K_ABSOLUTE, "absolute-names", FSU_NOARG, NULL,
	"leave slashes in front of names"},
};

static const struct {
	const char *word;
	enum xattr_action action;
	int operands; /* that it needs, with itself */
	const char *first;
} actions[] = {
    {"list", X_LIST, 2, "FILE"},
    {"ls", X_LIST, 2, "FILE"},
    {"get", X_GET, 3, "NAME and FILE"},
    {"set", X_SET, 4, "NAME, VALUE and FILE"},
    {"rm", X_RM, 3, "NAME and FILE"},
    {"remove", X_RM, 3, "NAME and FILE"},
    {"dump", X_DUMP, 2, "FILE"},
    {"restore", X_RESTORE, 1, ""},
};

static void
xattr_init(void *state)
{
	struct xattr_options *opt = state;

	opt->input = -1;
}

static int
xattr_option(void *state, int key, const char *value)
{
	struct xattr_options *opt = state;

	switch (key) {
	case 'h':
		opt->nofollow = true;
		break;
	case 'R':
		opt->tree.recursive = true;
		break;
	case 'L':
	case 'P':
		opt->tree.follow = (char)key;
		break;
	case 'e':
		if (!xattr_encoding_parse(value, &opt->encoding))
			return fsu_usage(
			    "invalid encoding %s (text, hex, base64)",
			    fsu_quote_msg(value));
		break;
	case 'm':
		opt->pattern = value;
		break;
	case K_ONLY_VALUES:
		opt->only_values = true;
		break;
	case K_ABSOLUTE:
		opt->absolute = true;
		break;
	}
	return 0;
}

static int
compile_pattern(struct xattr_options *opt)
{
	int error;

	if (opt->pattern == NULL || strcmp(opt->pattern, "-") == 0)
		return FSU_OK;
	error = regcomp(&opt->regex, opt->pattern, REG_EXTENDED | REG_NOSUB);
	if (error != 0)
		return fsu_usage("invalid regular expression %s",
		    fsu_quote_msg(opt->pattern));
	opt->have_regex = true;
	return FSU_OK;
}

static int
xattr_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct xattr_options *opt = state;
	size_t i, count = sizeof(actions) / sizeof(*actions);
	int64_t now;
	bool write;
	int error;

	if (n == 0)
		return fsu_usage(
		    "missing operand (list, get, set, rm, dump, restore)");
	for (i = 0; i < count && strcmp(actions[i].word, operands[0]) != 0; i++)
		continue;
	if (i == count)
		return fsu_usage("%s is none of list, get, set, rm, dump, "
				 "restore",
		    fsu_quote_msg(operands[0]));
	if (n < actions[i].operands)
		return fsu_usage(
		    "%s needs %s", actions[i].word, actions[i].first);
	opt->action = actions[i].action;
	if (opt->action == X_RESTORE && n > 1)
		return fsu_usage("restore reads standard input only");
	if (opt->tree.follow == '\0' || !opt->tree.recursive)
		opt->tree.follow = opt->nofollow ? 'P' : 'H';
	if (opt->action == X_SET) {
		opt->value = fsu_strdup(operands[2]);
		if (!xattr_decode(opt->value, &opt->value_len)) {
			fsu_msg(
			    "bad input encoding: %s", fsu_visible(operands[2]));
			return FSU_USAGE;
		}
	}
	if (opt->action == X_RESTORE) {
		opt->input = fsu_spool(STDIN_FILENO);
		if (opt->input == -1) {
			fsu_msg("standard input: %s", strerror(errno));
			return FSU_USAGE;
		}
	}
	write = opt->action == X_SET || opt->action == X_RM ||
	    opt->action == X_RESTORE;
	fsu_want_write(f, write);
	(void)fsu_source_date_epoch(&now, &error);
	if (write && error != 0)
		return fsu_usage("SOURCE_DATE_EPOCH is no number of seconds");
	return compile_pattern(opt);
}

/* ---- printing -------------------------------------------------------------------- */

static void
complain(
    struct xattr_options *opt, const char *path, const char *name, int error)
{
	const char *why = error == -RUMP_ENODATA ? "No such attribute"
						 : fsu_strerror(error);

	opt->failed = true;
	if (name != NULL)
		fsu_errorf(opt->f, "%s: %s: %s", fsu_visible(path),
		    fsu_visible(name), why);
	else
		fsu_errorf(opt->f, "%s: %s", fsu_visible(path), why);
}

/* "# file: x", without slashes in front. */
static void
print_header(const struct xattr_options *opt, const char *path)
{
	if (!opt->absolute) {
		while (path[0] == '.' && path[1] == '/')
			path += 1 + strspn(path + 1, "/");
		path += strspn(path, "/");
		if (*path == '\0')
			path = ".";
	}
	fsu_out_str(&fsu_stdout, "# file: ");
	xattr_quote(&fsu_stdout, path, "\n\r");
	fsu_out_char(&fsu_stdout, '\n');
}

/* A name and its value.  *headp: the header was printed. */
static void
print_value(struct xattr_options *opt, int fd, const char *path,
    const char *name, bool *headp)
{
	int64_t len = rump_sys_fgetxattr(
	    fd, name, opt->buf, RUMP_XATTR_SIZE_MAX);

	if (len < 0) {
		complain(opt, path, name, (int)len);
		return;
	}
	if (opt->only_values) {
		fsu_out_mem(&fsu_stdout, opt->buf, (size_t)len);
		return;
	}
	if (!*headp)
		print_header(opt, path);
	*headp = true;
	xattr_quote(&fsu_stdout, name, "=\n\r");
	fsu_out_char(&fsu_stdout, '=');
	xattr_encode(&fsu_stdout, opt->buf, (size_t)len, opt->encoding,
	    opt->action == X_DUMP);
	fsu_out_char(&fsu_stdout, '\n');
}

static int
cmp_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names, or values, that are wanted, in order. */
static void
print_all(struct xattr_options *opt, int fd, const char *path)
{
	int64_t len = rump_sys_flistxattr(fd, opt->names, RUMP_XATTR_SIZE_MAX);
	const char **list;
	size_t n = 0;
	bool head = false;

	if (len < 0) {
		if (len != -RUMP_EOPNOTSUPP)
			complain(opt, path, NULL, (int)len);
		return;
	}
	list = fsu_malloc(((size_t)len + 1) * sizeof(*list));
	for (char *p = opt->names; p < opt->names + len; p += strlen(p) + 1)
		if (!opt->have_regex ||
		    regexec(&opt->regex, p, 0, NULL, 0) == 0)
			list[n++] = p;
	qsort(list, n, sizeof(*list), cmp_names);
	for (size_t i = 0; i < n; i++) {
		if (opt->action == X_DUMP) {
			print_value(opt, fd, path, list[i], &head);
			continue;
		}
		if (!head)
			print_header(opt, path);
		head = true;
		xattr_quote(&fsu_stdout, list[i], "=\n\r");
		fsu_out_char(&fsu_stdout, '\n');
	}
	if (head)
		fsu_out_char(&fsu_stdout, '\n');
	free(list);
}

/* ---- one node --------------------------------------------------------------------- */

static void
act(struct xattr_options *opt, int fd, const char *path)
{
	bool head = false;
	int error = 0;

	switch (opt->action) {
	case X_LIST:
	case X_DUMP:
		print_all(opt, fd, path);
		break;
	case X_GET:
		print_value(opt, fd, path, opt->name, &head);
		if (head)
			fsu_out_char(&fsu_stdout, '\n');
		break;
	case X_RM:
		error = rump_sys_fremovexattr(fd, opt->name);
		break;
	default:
		error = rump_sys_fsetxattr(
		    fd, opt->name, opt->value, opt->value_len, 0);
	}
	if (error == -RUMP_ENOSPC)
		/* Or there is: but attributes of a file share a block. */
		fsu_errorf(opt->f, "%s: %s: it doesn't fit (%s)",
		    fsu_visible(path), fsu_visible(opt->name),
		    fsu_no_room(opt->f, error, "a block is"));
	else if (error != 0)
		complain(opt, path, NULL, error);
	opt->failed = opt->failed || error != 0;
}

static int
visit(void *arg, const struct fsu_treeent *e)
{
	struct xattr_options *opt = arg;
	bool link, follow;
	int fd;

	switch (e->te_kind) {
	case FSU_TREE_DIREND:
	case FSU_TREE_CYCLE:
		return 0;
	case FSU_TREE_NODE:
	case FSU_TREE_DIR:
		break;
	default:
		complain(opt, e->te_path, NULL, e->te_error);
		return 0;
	}
	/* What a link found by -R leads to is looked at, but not gone into or
	 * changed. */
	link = (e->te_st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK;
	follow = !opt->nofollow && (e->te_atflags == 0 || link);
	if (link && follow && (opt->action == X_SET || opt->action == X_RM))
		return 0;
	if (!(link && follow) && (e->te_st->st_hints & RUMP_STH_NOXATTR) != 0 &&
	    (opt->action == X_LIST || opt->action == X_DUMP))
		return 0;
	fd = rump_sys_openat(e->te_dirfd, e->te_name,
	    RUMP_O_PATH | (follow ? 0 : RUMP_O_NOFOLLOW), 0);
	if (fd < 0) {
		complain(opt, e->te_path, NULL, fd);
		return 0;
	}
	act(opt, fd, e->te_path);
	rump_sys_close(fd);
	return 0;
}

/* ---- restore ------------------------------------------------------------------------ */

/* "NAME=VALUE" of the file that is open, or -1: of one that isn't there. */
static void
restore_line(struct xattr_options *opt, int fd, const char *path, char *line,
    unsigned long number)
{
	char *value = strchr(line, '=');
	size_t len = 0;

	if (value != NULL)
		*value++ = '\0';
	xattr_unquote(line);
	if (value != NULL && !xattr_decode(value, &len)) {
		fsu_errorf(opt->f, "line %lu: bad input encoding", number);
		opt->failed = true;
		return;
	}
	if (fd < 0)
		return;
	opt->name = line;
	opt->value = value != NULL ? value : line;
	opt->value_len = len;
	act(opt, fd, path);
	opt->value = NULL;
}

static int
restore(struct xattr_options *opt)
{
	FILE *in = fdopen(opt->input, "r");
	char *line = NULL, *path = NULL;
	unsigned long number = 0;
	size_t cap = 0;
	ssize_t n;
	int fd = -1;

	if (in == NULL) {
		fsu_msg("standard input: %s", strerror(errno));
		return FSU_FAIL;
	}
	opt->input = -1;
	while (!fsu_interrupted() && (n = getline(&line, &cap, in)) > 0) {
		number++;
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		if (strncmp(line, "# file: ", 8) == 0) {
			if (fd >= 0)
				rump_sys_close(fd);
			free(path);
			path = fsu_strdup(line + 8);
			xattr_unquote(path);
			fd = rump_sys_open(path,
			    RUMP_O_PATH | (opt->nofollow ? RUMP_O_NOFOLLOW : 0),
			    0);
			if (fd < 0)
				complain(opt, path, NULL, fd);
		} else if (*line == '\0' || *line == '#') {
			continue;
		} else if (path == NULL) {
			fsu_errorf(opt->f,
			    "line %lu: no '# file:' line before it", number);
			opt->failed = true;
			break;
		} else {
			restore_line(opt, fd, path, line, number);
		}
	}
	if (fd >= 0)
		rump_sys_close(fd);
	free(path);
	free(line);
	fclose(in);
	return FSU_OK;
}

static int
xattr_run(struct fsu *f, void *state, int n, char **operands)
{
	struct xattr_options *opt = state;
	int first = opt->action == X_SET		  ? 3
	    : opt->action == X_GET || opt->action == X_RM ? 2
							  : 1;
	int end;

	opt->f = f;
	opt->names = fsu_malloc(RUMP_XATTR_SIZE_MAX);
	opt->buf = fsu_malloc(RUMP_XATTR_SIZE_MAX);
	if (opt->action == X_RESTORE)
		opt->failed = restore(opt) != FSU_OK || opt->failed;
	else
		opt->name = operands[1];
	for (int i = first; i < n && !fsu_interrupted(); i++)
		if (fsu_tree(f, &opt->tree, operands[i], visit, opt) != FSU_OK)
			opt->failed = true;
	end = fsu_out_finish(&fsu_stdout);
	return end != FSU_OK ? end : opt->failed ? FSU_FAIL : FSU_OK;
}

static void
xattr_done(void *state)
{
	struct xattr_options *opt = state;

	if (opt->have_regex)
		regfree(&opt->regex);
	if (opt->input >= 0)
		close(opt->input);
	free(opt->value);
	free(opt->names);
	free(opt->buf);
}

const struct fsu_command fsu_xattr_command = {
    .name = "fsu_xattr",
    .synopsis = "[-hRLP] [-m REGEX] IMAGE list FILE...\n"
		"[-hRLP] [-e ENCODING] IMAGE get NAME FILE...\n"
		"[-hRLP] IMAGE set NAME VALUE FILE...\n"
		"[-hRLP] IMAGE rm NAME FILE...\n"
		"[-hRLP] [-e ENCODING] [-m REGEX] IMAGE dump FILE...\n"
		"[-h] IMAGE restore <DUMP",
    .summary = "Extended attributes of files in an image: getfattr(1) and "
	       "setfattr(1).",
    .options = xattr_option_table,
    .noptions = sizeof(xattr_option_table) / sizeof(*xattr_option_table),
    .flags = FSU_READS,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct xattr_options),
    .init = xattr_init,
    .option = xattr_option,
    .prepare = xattr_prepare,
    .run = xattr_run,
    .done = xattr_done,
};
