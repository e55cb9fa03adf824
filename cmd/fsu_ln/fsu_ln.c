/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_ln: GNU ln(1) in an image, in its four forms.
 *
 * With -f the link is made under a temporary name and renamed over what was there,
 * so that the name leads to the old or to the new at every moment.  Backups (-b,
 * -S) and hard links to directories (-d) are left out.
 */
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

#include "ln.h"

extern const struct fsu_command fsu_ln_command;

struct ln_options {
	bool symbolic, force, ask, nofollow_dir, relative, logical;
	bool no_target_dir, verbose;
	const char *target_dir;
	char **made; /* destinations of this run: not to be replaced by it */
	size_t nmade;
};

static const struct fsu_option ln_option_table[] = {
    {'f', "force", FSU_NOARG, NULL, "replace what is there"},
    {'i', "interactive", FSU_NOARG, NULL, "ask before something is replaced"},
    {'L', "logical", FSU_NOARG, NULL, "link to what a symlink TARGET leads to"},
    {'n', "no-dereference", FSU_NOARG, NULL,
	"LINK_NAME that is a symlink to a directory is a file"},
    {'P', "physical", FSU_NOARG, NULL, "link to symlinks themselves"},
    {'r', "relative", FSU_NOARG, NULL, "with -s: from where the link is"},
    {'s', "symbolic", FSU_NOARG, NULL, "symbolic links, not hard ones"},
    {'t', "target-directory", FSU_ARG, "DIR", "make all in DIR"},
    {'T', "no-target-directory", FSU_NOARG, NULL,
	"LINK_NAME is the new name itself"},
    {'v', "verbose", FSU_NOARG, NULL, "say what is linked"},
};

static int
ln_option(void *state, int key, const char *value)
{
	struct ln_options *opt = state;

	switch (key) {
	case 'f':
		opt->force = true;
		opt->ask = false;
		break;
	case 'i':
		opt->force = false;
		opt->ask = true;
		break;
	case 'L':
	case 'P':
		opt->logical = key == 'L';
		break;
	case 'n':
		opt->nofollow_dir = true;
		break;
	case 'r':
		opt->relative = true;
		break;
	case 's':
		opt->symbolic = true;
		break;
	case 't':
		if (opt->target_dir != NULL)
			return fsu_usage(
			    "multiple target directories specified");
		opt->target_dir = value;
		break;
	case 'T':
		opt->no_target_dir = true;
		break;
	case 'v':
		opt->verbose = true;
		break;
	}
	return FSU_OK;
}

static void
ln_done(void *state)
{
	struct ln_options *opt = state;

	for (size_t i = 0; i < opt->nmade; i++)
		free(opt->made[i]);
	free(opt->made);
}

static int
ln_prepare(struct fsu *f, void *state, int n, char **operands)
{
	const struct ln_options *opt = state;

	(void)f;
	if (n == 0)
		return fsu_usage("missing file operand");
	if (opt->relative && !opt->symbolic)
		return fsu_usage("cannot do --relative without --symbolic");
	if (!opt->no_target_dir)
		return FSU_OK;
	if (opt->target_dir != NULL)
		return fsu_usage("cannot combine --target-directory and "
				 "--no-target-directory");
	if (n < 2)
		return fsu_usage("missing destination file operand after %s",
		    fsu_quote_msg(operands[0]));
	if (n > 2)
		return fsu_usage(
		    "extra operand %s", fsu_quote_msg(operands[2]));
	return FSU_OK;
}

/* ---- one link ------------------------------------------------------------------ */

static bool
same_inode(const struct rump_stat *a, const struct rump_stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Are both the same entry of the same directory? */
static bool
same_entry(const char *a, const char *b)
{
	char *abase = fsu_basename(a), *bbase = fsu_basename(b);
	char *adir = fsu_dirname(a), *bdir = fsu_dirname(b);
	struct rump_stat ast, bst;
	bool same;

	same = strcmp(abase, bbase) == 0 && rump_sys_stat(adir, &ast) == 0 &&
	    rump_sys_stat(bdir, &bst) == 0 && same_inode(&ast, &bst);
	free(abase);
	free(bbase);
	free(adir);
	free(bdir);
	return same;
}

/* Minus an error number. */
static int
make_link(const struct ln_options *opt, const char *source, const char *dest)
{
	if (opt->symbolic)
		return rump_sys_symlink(source, dest);
	return rump_sys_linkat(RUMP_AT_FDCWD, source, RUMP_AT_FDCWD, dest,
	    opt->logical ? RUMP_AT_SYMLINK_FOLLOW : 0);
}

/* Over what is there: a link beside it, renamed. */
static int
replace_link(const struct ln_options *opt, const char *source, const char *dest)
{
	char *dir = fsu_dirname(dest), *tmp = NULL;
	int error = -RUMP_EEXIST;

	for (unsigned i = 0; error == -RUMP_EEXIST && i < 10000; i++) {
		free(tmp);
		tmp = fsu_asprintf("%s/.fsu_ln.%u", dir, i);
		error = make_link(opt, source, tmp);
	}
	if (error == 0) {
		error = rump_sys_rename(tmp, dest);
		/* Two names of one file: a rename leaves both. */
		if (error != 0 || !opt->symbolic)
			(void)rump_sys_unlink(tmp);
	}
	free(tmp);
	free(dir);
	return error;
}

static int
cannot_link(struct fsu *f, const struct ln_options *opt, const char *source,
    const char *dest, int error)
{
	const char *why = fsu_no_room(f, error, "a block or an inode is");

	if (opt->symbolic && error != -RUMP_ENAMETOOLONG && *source != '\0')
		fsu_errorf(f, "failed to create symbolic link %s: %s",
		    fsu_quote_msg(dest), why);
	else if (opt->symbolic)
		fsu_errorf(f, "failed to create symbolic link %s -> %s: %s",
		    fsu_quote_msg(dest), fsu_quote_msg(source), why);
	else if (error == -RUMP_EMLINK)
		fsu_errorf(f, "failed to create hard link to %s: %s",
		    fsu_quote_msg(source), why);
	else if (error == -RUMP_EEXIST || error == -RUMP_ENOSPC ||
	    error == -RUMP_EDQUOT || error == -RUMP_EROFS)
		fsu_errorf(f, "failed to create hard link %s: %s",
		    fsu_quote_msg(dest), why);
	else
		fsu_errorf(f, "failed to create hard link %s => %s: %s",
		    fsu_quote_msg(dest), fsu_quote_msg(source), why);
	return FSU_FAIL;
}

enum verdict { MAKE, REPLACE, SKIP, FAIL };

/* Something is at dest, and there is -f or -i: may it be replaced? */
static enum verdict
judge(struct fsu *f, const struct ln_options *opt, const char *source,
    const char *dest)
{
	struct rump_stat st, sst;
	int error = rump_sys_lstat(dest, &st);

	if (error == -RUMP_ENOENT)
		return MAKE;
	if (error != 0) {
		fsu_errorf(f, "failed to access %s: %s", fsu_quote_msg(dest),
		    fsu_strerror(error));
		return FAIL;
	}
	if ((st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR) {
		fsu_errorf(
		    f, "%s: cannot overwrite directory", fsu_quote_maybe(dest));
		return FAIL;
	}
	for (size_t i = 0; i < opt->nmade; i++) {
		if (strcmp(opt->made[i], dest) == 0) {
			fsu_errorf(f,
			    "will not overwrite just-created %s with %s",
			    fsu_quote_msg(dest), fsu_quote_msg(source));
			return FAIL;
		}
	}
	/* Would the removal of dest take the source away? */
	error = opt->symbolic || opt->logical ? rump_sys_stat(source, &sst)
					      : rump_sys_lstat(source, &sst);
	if (error == 0 && same_inode(&sst, &st) &&
	    (sst.st_nlink == 1 || same_entry(source, dest))) {
		fsu_errorf(f, "%s and %s are the same file",
		    fsu_quote_msg(source), fsu_quote_msg(dest));
		return FAIL;
	}
	if (opt->ask) {
		fsu_out_flush(&fsu_stdout);
		if (!fsu_confirm("replace %s? ", fsu_quote_msg(dest)))
			return SKIP;
	}
	return REPLACE;
}

/* Is it there, and no directory?  A status. */
static int
check_source(struct fsu *f, const struct ln_options *opt, const char *source)
{
	struct rump_stat st;
	int error = opt->logical ? rump_sys_stat(source, &st)
				 : rump_sys_lstat(source, &st);

	if (error != 0) {
		fsu_errorf(f, "failed to access %s: %s", fsu_quote_msg(source),
		    fsu_strerror(error));
		return FSU_FAIL;
	}
	if ((st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR) {
		fsu_errorf(f, "%s: hard link not allowed for directory",
		    fsu_quote_maybe(source));
		return FSU_FAIL;
	}
	return FSU_OK;
}

static void
say_linked(const struct ln_options *opt, const char *source, const char *dest)
{
	struct fsu_out *o = &fsu_stdout;

	if (!opt->verbose)
		return;
	fsu_out_str(o, fsu_quote_msg(dest));
	fsu_out_str(o, opt->symbolic ? " -> " : " => ");
	fsu_out_str(o, fsu_quote_msg(source));
	fsu_out_char(o, '\n');
}

static int
link_one(struct fsu *f, struct ln_options *opt, const char *operand,
    const char *dest, bool many)
{
	char *relative = opt->relative ? ln_relative(operand, dest) : NULL;
	const char *source = relative != NULL ? relative : operand;
	int error, status;

	status = opt->symbolic ? FSU_OK : check_source(f, opt, source);
	if (status != FSU_OK) {
		free(relative);
		return status;
	}
	error = make_link(opt, source, dest);
	if (error == -RUMP_EEXIST && (opt->force || opt->ask)) {
		switch (judge(f, opt, source, dest)) {
		case MAKE:
			break;
		case REPLACE:
			error = replace_link(opt, source, dest);
			break;
		case SKIP:
			free(relative);
			return FSU_OK;
		case FAIL:
			free(relative);
			return FSU_FAIL;
		}
	}
	if (error == 0) {
		say_linked(opt, source, dest);
		if (many && opt->force && !opt->symbolic) {
			opt->made = fsu_realloc(
			    opt->made, (opt->nmade + 1) * sizeof(*opt->made));
			opt->made[opt->nmade++] = fsu_strdup(dest);
		}
	} else
		status = cannot_link(f, opt, source, dest, error);
	free(relative);
	return status;
}

/* ---- operands ------------------------------------------------------------------- */

static int
link_into(struct fsu *f, struct ln_options *opt, int n, char **sources,
    const char *dir)
{
	int status = FSU_OK;

	for (int i = 0; i < n && !fsu_interrupted(); i++) {
		char *base = fsu_basename(sources[i]);
		char *dest = fsu_path_join(dir, base);

		if (link_one(f, opt, sources[i], dest, n > 1) != FSU_OK)
			status = FSU_FAIL;
		free(dest);
		free(base);
	}
	return status;
}

/* Is it a directory to make links in?  0, or minus an error number. */
static int
check_dir(const struct ln_options *opt, const char *path)
{
	struct rump_stat st;
	int error = opt->nofollow_dir ? rump_sys_lstat(path, &st)
				      : rump_sys_stat(path, &st);

	if (error == 0 && (st.st_mode & RUMP_S_IFMT) != RUMP_S_IFDIR)
		error = -RUMP_ENOTDIR;
	return error;
}

static int
ln_run(struct fsu *f, void *state, int n, char **operands)
{
	struct ln_options *opt = state;
	const char *dir = opt->target_dir;
	int status, end, error = 0;

	if (dir == NULL && !opt->no_target_dir && n == 1)
		dir = ".";
	else if (dir == NULL && !opt->no_target_dir)
		dir = operands[--n];
	if (dir != NULL)
		error = check_dir(opt, dir);
	if (error != 0 && n == 1 && dir == operands[1])
		dir = NULL; /* the name of the link */
	if (dir == NULL)
		status = link_one(f, opt, operands[0], operands[1], false);
	else if (error == 0)
		status = link_into(f, opt, n, operands, dir);
	else if (opt->target_dir != NULL && error == -RUMP_ENOTDIR) {
		fsu_errorf(
		    f, "target %s is not a directory", fsu_quote_msg(dir));
		status = FSU_FAIL;
	} else {
		fsu_errorf(f, "%s %s: %s",
		    opt->target_dir != NULL ? "failed to access" : "target",
		    fsu_quote_msg(dir), fsu_strerror(error));
		status = FSU_FAIL;
	}
	end = fsu_out_finish(&fsu_stdout);
	return end != FSU_OK ? end : status;
}

const struct fsu_command fsu_ln_command = {
    .name = "fsu_ln",
    .synopsis = "[OPTION]... [-T] IMAGE TARGET LINK_NAME\n"
		"[OPTION]... IMAGE TARGET\n"
		"[OPTION]... IMAGE TARGET... DIRECTORY\n"
		"[OPTION]... IMAGE -t DIRECTORY TARGET...",
    .summary = "Make links inside an image, as ln(1) does.",
    .options = ln_option_table,
    .noptions = sizeof(ln_option_table) / sizeof(*ln_option_table),
    .flags = FSU_WRITES,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct ln_options),
    .option = ln_option,
    .prepare = ln_prepare,
    .run = ln_run,
    .done = ln_done,
};
