/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_rm: GNU rm(1) in an image.  Trees are removed in the order of their names.
 *
 * What a prompt keeps, or what can't be removed, keeps the directories above it:
 * they are passed over without a word.  The kernel's side is root, so that nothing
 * is "write-protected".
 */
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

extern const struct fsu_command fsu_rm_command;

enum {
	K_INTERACTIVE = FSU_KEY_LONG,
	K_ONE_FS,
	K_NO_PRESERVE,
	K_PRESERVE,
};
enum rm_ask { RM_NEVER, RM_ONCE, RM_ALWAYS };

struct rm_options {
	bool force, recursive, dirs, verbose, no_preserve_root;
	bool declined; /* -I's question */
	enum rm_ask ask;
};

/* One operand's tree. */
struct rm_tree {
	struct fsu *f;
	const struct rm_options *opt;
	unsigned kept; /* directories down to this level + 1 have to stay */
	bool failed;
};

static const struct fsu_option rm_option_table[] = {
    {'f', "force", FSU_NOARG, NULL, "what isn't there is no error; never ask"},
    {'i', NULL, FSU_NOARG, NULL, "ask each time"},
    {'I', NULL, FSU_NOARG, NULL,
	"ask once, for more than three operands or -r"},
    {K_INTERACTIVE, "interactive", FSU_OPTARG, "WHEN", "never, once, always"},
    {'r', "recursive", FSU_NOARG, NULL, "directories and what is in them"},
    {'R', NULL, FSU_NOARG, NULL, NULL},
    {'d', "dir", FSU_NOARG, NULL, "empty directories"},
    {'v', "verbose", FSU_NOARG, NULL, "say what is removed"},
    {K_ONE_FS, "one-file-system", FSU_NOARG, NULL, NULL},
    {K_NO_PRESERVE, "no-preserve-root", FSU_NOARG, NULL,
	"allow / to be an operand of -r"},
    {K_PRESERVE, "preserve-root", FSU_NOARG, NULL, "refuse it (the default)"},
};

static int
interactive_option(struct rm_options *opt, const char *value)
{
	static const struct {
		const char *word;
		enum rm_ask ask;
	} words[] = {{"never", RM_NEVER}, {"no", RM_NEVER}, {"none", RM_NEVER},
	    {"once", RM_ONCE}, {"always", RM_ALWAYS}, {"yes", RM_ALWAYS}};

	opt->ask = RM_ALWAYS;
	if (value == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(value, words[i].word) == 0) {
			opt->ask = words[i].ask;
			return 0;
		}
	}
	return fsu_usage(
	    "invalid argument %s for '--interactive' (never, once, "
	    "always)",
	    fsu_quote_msg(value));
}

static int
rm_option(void *state, int key, const char *value)
{
	struct rm_options *opt = state;

	switch (key) {
	case 'f':
		opt->force = true;
		opt->ask = RM_NEVER;
		break;
	case 'i':
		opt->force = false;
		opt->ask = RM_ALWAYS;
		break;
	case 'I':
		opt->force = false;
		opt->ask = RM_ONCE;
		break;
	case K_INTERACTIVE:
		opt->force = false;
		return interactive_option(opt, value);
	case 'r':
	case 'R':
		opt->recursive = true;
		break;
	case 'd':
		opt->dirs = true;
		break;
	case 'v':
		opt->verbose = true;
		break;
	case K_NO_PRESERVE:
	case K_PRESERVE:
		opt->no_preserve_root = key == K_NO_PRESERVE;
		break;
	}
	return 0;
}

/* ---- one file or directory ------------------------------------------------------ */

static void
cannot_remove(struct rm_tree *t, const char *path, int error)
{
	fsu_errorf(t->f, "cannot remove %s: %s", fsu_quote_msg(path),
	    fsu_strerror(error));
	t->failed = true;
}

/* Ask, and where the answer is no have the directories above it stay. */
static bool
agreed(struct rm_tree *t, const char *what, const char *kind, const char *path,
    unsigned level)
{
	if (t->opt->ask != RM_ALWAYS)
		return true;
	fsu_out_flush(&fsu_stdout);
	if (fsu_confirm("%s %s %s? ", what, kind, fsu_quote_msg(path)))
		return true;
	t->kept = level;
	return false;
}

static void
remove_node(struct rm_tree *t, const struct ukfs_walkent *e, bool dir)
{
	int error = rump_sys_unlinkat(
	    e->uw_dirfd, e->uw_name, dir ? RUMP_AT_REMOVEDIR : 0);

	if (error == -RUMP_ENOENT && t->opt->force)
		return;
	if (error < 0) {
		cannot_remove(t, e->uw_path, error);
		t->kept = e->uw_level;
		return;
	}
	if (!t->opt->verbose)
		return;
	fsu_out_str(&fsu_stdout, dir ? "removed directory " : "removed ");
	fsu_out_str(&fsu_stdout, fsu_quote_msg(e->uw_path));
	fsu_out_char(&fsu_stdout, '\n');
}

static bool
is_empty_dir(const struct ukfs_walkent *e)
{
	struct rump_direntplus **list;
	ssize_t n;
	void *mem;
	int fd = rump_sys_openat(e->uw_dirfd, e->uw_name,
	    RUMP_O_RDONLY | RUMP_O_DIRECTORY | RUMP_O_NOFOLLOW, 0);

	if (fd < 0)
		return false;
	n = ukfs_readdir(fd, UKFS_DIR_UNSORTED, &list, &mem);
	rump_sys_close(fd);
	if (n >= 0) {
		free(list);
		free(mem);
	}
	return n == 0;
}

static int
enter_directory(struct rm_tree *t, const struct ukfs_walkent *e)
{
	const struct rm_options *opt = t->opt;

	if (!opt->recursive) {
		if (!opt->dirs) {
			cannot_remove(t, e->uw_path, RUMP_EISDIR);
		} else if (!is_empty_dir(e)) {
			cannot_remove(t, e->uw_path, RUMP_ENOTEMPTY);
		} else if (agreed(t, "remove", "directory", e->uw_path, 0)) {
			remove_node(t, e, true);
		}
		return UKFS_WALK_SKIP;
	}
	/* An empty one is asked about once, when it is left. */
	if (opt->ask == RM_ALWAYS && !is_empty_dir(e) &&
	    !agreed(t, "descend into", "directory", e->uw_path, e->uw_level))
		return UKFS_WALK_SKIP;
	return 0;
}

/*
 * t->kept is a level where something stays: the directory of a lower level that is
 * left next holds it.  Directories beside it are at kept or deeper, and are whole
 * until something in them is kept, which then is at a deeper level still.
 */
static void
leave_directory(struct rm_tree *t, const struct ukfs_walkent *e)
{
	if (t->kept > e->uw_level) {
		t->kept = e->uw_level;
		return;
	}
	if (agreed(t, "remove", "directory", e->uw_path, e->uw_level))
		remove_node(t, e, true);
}

static int
visit(void *arg, const struct ukfs_walkent *e)
{
	struct rm_tree *t = arg;

	if (fsu_interrupted())
		return -1;
	switch (e->uw_kind) {
	case UKFS_WALK_DIR:
		return enter_directory(t, e);
	case UKFS_WALK_DIREND:
		leave_directory(t, e);
		break;
	case UKFS_WALK_FILE:
		if (agreed(t, "remove",
			fsu_modename(e->uw_st->st_mode, e->uw_st->st_size),
			e->uw_path, e->uw_level))
			remove_node(t, e, false);
		break;
	case UKFS_WALK_ERROR:
		if (e->uw_level != 0 || !t->opt->force ||
		    (e->uw_error != RUMP_ENOENT && e->uw_error != RUMP_ENOTDIR))
			cannot_remove(t, e->uw_path, e->uw_error);
		t->kept = e->uw_level;
		break;
	}
	return 0;
}

/* ---- operands ------------------------------------------------------------------------ */

/* Is the last component . or ..? */
static bool
ends_in_dots(const char *path)
{
	char *base = fsu_basename(path);
	bool yes = strcmp(base, ".") == 0 || strcmp(base, "..") == 0;

	free(base);
	return yes;
}

static bool
is_root(const char *path)
{
	struct rump_stat st, root;

	return rump_sys_lstat(path, &st) == 0 &&
	    rump_sys_lstat("/", &root) == 0 && st.st_dev == root.st_dev &&
	    st.st_ino == root.st_ino;
}

static int
refuse(struct fsu *f, const struct rm_options *opt, const char *path)
{
	if (opt->recursive && ends_in_dots(path)) {
		fsu_errorf(f,
		    "refusing to remove '.' or '..' directory: "
		    "skipping %s",
		    fsu_quote_msg(path));
		return FSU_FAIL;
	}
	if (!opt->recursive || opt->no_preserve_root || !is_root(path))
		return FSU_OK;
	fsu_errorf(f,
	    "it is dangerous to operate recursively on %s%s\n"
	    "%s: use --no-preserve-root to override this failsafe",
	    fsu_quote_msg(path), strcmp(path, "/") != 0 ? " (same as '/')" : "",
	    fsu_progname());
	return FSU_FAIL;
}

/* "link/" would lead into a directory that nobody named. */
static bool
is_link_with_slash(const char *path)
{
	size_t len = strlen(path);
	struct rump_stat st;
	char *bare;
	bool yes;

	if (len < 2 || path[len - 1] != '/')
		return false;
	while (len > 1 && path[len - 1] == '/')
		len--;
	bare = fsu_strndup(path, len);
	yes = rump_sys_lstat(bare, &st) == 0 &&
	    (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK;
	free(bare);
	return yes;
}

static int
rm_one(struct fsu *f, const struct rm_options *opt, const char *path)
{
	struct rm_tree t = {.f = f, .opt = opt};
	int ret;

	if (refuse(f, opt, path) != FSU_OK)
		return FSU_FAIL;
	if (is_link_with_slash(path)) {
		cannot_remove(&t, path, RUMP_ENOTDIR);
		return FSU_FAIL;
	}
	ret = ukfs_walk(fsu_ukfs(f), path, 0, visit, &t);
	if (ret == -1 && !fsu_interrupted())
		cannot_remove(&t, path, RUMP_ENOMEM);
	return t.failed || ret != 0 ? FSU_FAIL : FSU_OK;
}

static int
rm_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct rm_options *opt = state;

	(void)operands;
	if (n == 0 && !opt->force)
		return fsu_usage("missing operand");
	if (opt->ask == RM_ONCE && (opt->recursive || n > 3) &&
	    !fsu_confirm("remove %d argument%s%s? ", n, n == 1 ? "" : "s",
		opt->recursive ? " recursively" : "")) {
		opt->declined = true;
		fsu_want_write(f, false);
	}
	return FSU_OK;
}

static int
rm_run(struct fsu *f, void *state, int n, char **operands)
{
	const struct rm_options *opt = state;
	int status = FSU_OK, end;

	if (opt->declined)
		return FSU_OK;
	for (int i = 0; i < n && !fsu_interrupted(); i++) {
		if (rm_one(f, opt, operands[i]) != FSU_OK)
			status = FSU_FAIL;
	}
	end = fsu_out_finish(&fsu_stdout);
	return end != FSU_OK ? end : status;
}

const struct fsu_command fsu_rm_command = {
    .name = "fsu_rm",
    .synopsis = "[OPTION]... IMAGE FILE...",
    .summary = "Remove files from an image, as rm(1) does.",
    .options = rm_option_table,
    .noptions = sizeof(rm_option_table) / sizeof(*rm_option_table),
    .flags = FSU_WRITES,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct rm_options),
    .option = rm_option,
    .prepare = rm_prepare,
    .run = rm_run,
};
