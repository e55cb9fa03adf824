/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_chmod: GNU chmod(1) in an image, with -h, -H, -L and -P as coreutils 9.5 and
 * later have them.
 *
 * Symlinks: an operand is followed, unless -h or -P is given; links found by -R are left
 * alone, unless -L follows them, -h changes themselves, or --dereference (with -H)
 * what they lead to.  Whether a link can have a mode is the driver's; ext2's can.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"
#include "fsu/tree.h"

extern const struct fsu_command fsu_chmod_command;

enum {
	K_REFERENCE = FSU_KEY_LONG,
	K_PRESERVE,
	K_NO_PRESERVE,
	K_DEREF,
};
enum chmod_say { SAY_ERRORS, SAY_CHANGES, SAY_ALL };

struct chmod_options {
	struct fsu_tree tree;
	enum chmod_say say;
	bool force;
	int deref;	       /* 1: --dereference, 0: -h, -1: neither */
	char *text;	       /* of modes given as options: "-w,-x" */
	const char *reference; /* --reference */
	struct fsu_modechange *mode;
	uint32_t umask;
	/* while it runs */
	struct fsu *f;
	bool failed;
};

/* What became of one file. */
enum chmod_result { R_NOSTAT, R_FAILED, R_NOTAPPLIED, R_SAME, R_CHANGED };

static const struct fsu_option chmod_option_table[] = {
    {'c', "changes", FSU_NOARG, NULL, "like -v, but only changes"},
    {'f', "silent", FSU_NOARG, NULL, "no messages for most errors"},
    {'f', "quiet", FSU_NOARG, NULL, NULL},
    {'v', "verbose", FSU_NOARG, NULL, "say what each file has now"},
    {'R', "recursive", FSU_NOARG, NULL, "directories and what is in them"},
    {'H', NULL, FSU_NOARG, NULL,
	"with -R: follow operands that are links (default)"},
    {'L', NULL, FSU_NOARG, NULL, "with -R: follow every link"},
    {'P', NULL, FSU_NOARG, NULL, "with -R: follow none"},
    {'h', "no-dereference", FSU_NOARG, NULL, "links themselves"},
    {K_DEREF, "dereference", FSU_NOARG, NULL, "what links lead to"},
    {K_REFERENCE, "reference", FSU_ARG, "FILE",
	"the mode of FILE in the image"},
    {K_PRESERVE, "preserve-root", FSU_NOARG, NULL, "refuse -R on /"},
    {K_NO_PRESERVE, "no-preserve-root", FSU_NOARG, NULL,
	"allow it (the default)"},
    /* modes that look like options: -w, -x+r */
    {'r', NULL, FSU_OPTARG, NULL, NULL},
    {'w', NULL, FSU_OPTARG, NULL, NULL},
    {'x', NULL, FSU_OPTARG, NULL, NULL},
    {'X', NULL, FSU_OPTARG, NULL, NULL},
    {'s', NULL, FSU_OPTARG, NULL, NULL},
    {'t', NULL, FSU_OPTARG, NULL, NULL},
    {'u', NULL, FSU_OPTARG, NULL, NULL},
    {'g', NULL, FSU_OPTARG, NULL, NULL},
    {'o', NULL, FSU_OPTARG, NULL, NULL},
    {'a', NULL, FSU_OPTARG, NULL, NULL},
    {',', NULL, FSU_OPTARG, NULL, NULL},
    {'+', NULL, FSU_OPTARG, NULL, NULL},
    {'=', NULL, FSU_OPTARG, NULL, NULL},
    {'0', NULL, FSU_OPTARG, NULL, NULL},
    {'1', NULL, FSU_OPTARG, NULL, NULL},
    {'2', NULL, FSU_OPTARG, NULL, NULL},
    {'3', NULL, FSU_OPTARG, NULL, NULL},
    {'4', NULL, FSU_OPTARG, NULL, NULL},
    {'5', NULL, FSU_OPTARG, NULL, NULL},
    {'6', NULL, FSU_OPTARG, NULL, NULL},
    {'7', NULL, FSU_OPTARG, NULL, NULL},
};

static void
chmod_init(void *state)
{
	struct chmod_options *opt = state;

	opt->deref = -1;
}

/* "-w" is a mode: several are one after the other. */
static void
add_mode(struct chmod_options *opt, int key, const char *value)
{
	char *text = fsu_asprintf("%s%s-%c%s",
	    opt->text != NULL ? opt->text : "", opt->text != NULL ? "," : "",
	    key, value != NULL ? value : "");

	free(opt->text);
	opt->text = text;
}

static int
chmod_option(void *state, int key, const char *value)
{
	struct chmod_options *opt = state;

	switch (key) {
	case 'c':
		opt->say = SAY_CHANGES;
		break;
	case 'f':
		opt->force = true;
		break;
	case 'v':
		opt->say = SAY_ALL;
		break;
	case 'R':
		opt->tree.recursive = true;
		break;
	case 'H':
	case 'L':
	case 'P':
		opt->tree.follow = (char)key;
		break;
	case 'h':
		opt->deref = 0;
		break;
	case K_DEREF:
		opt->deref = 1;
		break;
	case K_REFERENCE:
		opt->reference = value;
		break;
	case K_PRESERVE:
	case K_NO_PRESERVE:
		opt->tree.preserve_root = key == K_PRESERVE;
		break;
	default:
		add_mode(opt, key, value);
	}
	return 0;
}

static int
chmod_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct chmod_options *opt = state;
	bool operand = opt->text == NULL && opt->reference == NULL;
	struct fsu_tree *t = &opt->tree;

	(void)f;
	if (opt->text != NULL && opt->reference != NULL)
		return fsu_usage("cannot combine mode and --reference options");
	if (n == 1 && operand)
		return fsu_usage(
		    "missing operand after %s", fsu_quote_msg(operands[0]));
	if (n == 0)
		return fsu_usage("missing operand");
	if (!t->recursive)
		t->follow = opt->deref == 0 ? 'P' : 'H';
	else if (t->follow == '\0')
		t->follow = opt->deref == 0 ? 'P' : 'H';
	if (t->recursive && t->follow == 'P' && opt->deref == 1)
		return fsu_usage("-R --dereference requires either -H or -L");
	if (opt->reference != NULL)
		return FSU_OK;
	opt->mode = fsu_mode_parse(operand ? operands[0] : opt->text);
	if (opt->mode == NULL)
		return fsu_usage("invalid mode: %s",
		    fsu_quote_msg(operand ? operands[0] : opt->text));
	opt->umask = umask(0);
	umask(opt->umask);
	return FSU_OK;
}

/* ---- messages ------------------------------------------------------------------- */

static void
say_mode(uint32_t mode)
{
	char text[11], octal[8];

	fsu_modestr(mode, text);
	snprintf(octal, sizeof(octal), "%04o", mode & RUMP_ALLPERMS);
	fsu_out_str(&fsu_stdout, octal);
	fsu_out_str(&fsu_stdout, " (");
	fsu_out_str(&fsu_stdout, text + 1);
	fsu_out_char(&fsu_stdout, ')');
}

static void
describe(const char *path, enum chmod_result result, uint32_t old, uint32_t new)
{
	struct fsu_out *o = &fsu_stdout;
	const char *name = fsu_quote_msg(path);

	switch (result) {
	case R_NOTAPPLIED:
		fsu_out_str(o, "neither symbolic link ");
		fsu_out_str(o, name);
		fsu_out_str(o, " nor referent has been changed\n");
		return;
	case R_NOSTAT:
		fsu_out_str(o, name);
		fsu_out_str(o, " could not be accessed\n");
		return;
	default:
		break;
	}
	fsu_out_str(
	    o, result == R_FAILED ? "failed to change mode of " : "mode of ");
	fsu_out_str(o, name);
	if (result == R_SAME) {
		fsu_out_str(o, " retained as ");
		say_mode(new);
	} else {
		fsu_out_str(
		    o, result == R_FAILED ? " from " : " changed from ");
		say_mode(old);
		fsu_out_str(o, " to ");
		say_mode(new);
	}
	fsu_out_char(o, '\n');
}

static void
complain(
    struct chmod_options *opt, const char *what, const char *path, int error)
{
	opt->failed = true;
	if (!opt->force)
		fsu_errorf(opt->f, "%s %s: %s", what, fsu_quote_msg(path),
		    fsu_strerror(error));
}

/* A mode given as an option means all bits: say where the umask held some back. */
static bool
surprised(struct chmod_options *opt, const char *path,
    const struct rump_stat *st, uint32_t new)
{
	bool dir = (st->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR;
	char got[11], want[11];
	uint32_t naive;

	if (opt->text == NULL)
		return false;
	naive = fsu_mode_apply(opt->mode, st->st_mode, dir, 0);
	if ((new & ~naive) == 0)
		return false;
	fsu_modestr(new, got);
	fsu_modestr(naive, want);
	fsu_errorf(opt->f, "%s: new permissions are %s, not %s",
	    fsu_visible(path), got + 1, want + 1);
	opt->failed = true;
	return true;
}

/* ---- changing ------------------------------------------------------------------- */

static void
change(struct chmod_options *opt, const struct fsu_treeent *e,
    const struct rump_stat *st, int atflags)
{
	bool dir = (st->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR;
	enum chmod_result result = R_CHANGED;
	uint32_t new;
	int error;

	new = fsu_mode_apply(opt->mode, st->st_mode, dir, opt->umask);
	error = rump_sys_fchmodat(e->te_dirfd, e->te_name, new, atflags);
	if (error != 0) {
		complain(opt, "changing permissions of", e->te_path, error);
		result = R_FAILED;
	} else if (((st->st_mode ^ new) & RUMP_ALLPERMS) == 0) {
		result = R_SAME;
	}
	if (opt->say == SAY_ALL ||
	    (opt->say == SAY_CHANGES && result == R_CHANGED))
		describe(e->te_path, result, st->st_mode, new);
	if (error == 0)
		(void)surprised(opt, e->te_path, st, new);
}

static void
not_there(struct chmod_options *opt, const struct fsu_treeent *e)
{
	if (opt->say == SAY_ALL)
		describe(e->te_path, R_NOSTAT, 0, 0);
}

static void
dangling(struct chmod_options *opt, const struct fsu_treeent *e)
{
	opt->failed = true;
	fsu_errorf(opt->f, "cannot operate on dangling symlink %s",
	    fsu_quote_msg(e->te_path));
	not_there(opt, e);
}

/* A link that isn't followed. */
static void
on_link(struct chmod_options *opt, const struct fsu_treeent *e)
{
	struct rump_stat st;

	if (opt->deref == 0) {
		change(opt, e, e->te_st, RUMP_AT_SYMLINK_NOFOLLOW);
	} else if (opt->deref == -1) {
		if (opt->say == SAY_ALL)
			describe(e->te_path, R_NOTAPPLIED, 0, 0);
	} else if (rump_sys_fstatat(e->te_dirfd, e->te_name, &st, 0) == 0) {
		change(opt, e, &st, 0);
	} else {
		dangling(opt, e);
	}
}

static int
visit(void *arg, const struct fsu_treeent *e)
{
	struct chmod_options *opt = arg;

	switch (e->te_kind) {
	case FSU_TREE_NOSTAT:
		complain(opt, "cannot access", e->te_path, e->te_error);
		not_there(opt, e);
		break;
	case FSU_TREE_UNREADABLE:
		complain(opt, "cannot read directory", e->te_path, e->te_error);
		break;
	case FSU_TREE_DANGLING:
		dangling(opt, e);
		break;
	case FSU_TREE_NODE:
		if ((e->te_st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK) {
			on_link(opt, e);
			break;
		}
		/* FALLTHROUGH */
	case FSU_TREE_DIR:
		change(opt, e, e->te_st, e->te_atflags);
		break;
	case FSU_TREE_DIREND:
	case FSU_TREE_CYCLE:
		break;
	}
	return 0;
}

/* --reference: every bit of the file's mode. */
static int
take_reference(struct fsu *f, struct chmod_options *opt)
{
	struct rump_stat st;
	char octal[16];
	int error = rump_sys_stat(opt->reference, &st);

	if (error != 0) {
		fsu_errorf(f, "failed to get attributes of %s: %s",
		    fsu_quote_msg(opt->reference), fsu_strerror(error));
		return FSU_FAIL;
	}
	snprintf(octal, sizeof(octal), "%05o", st.st_mode & RUMP_ALLPERMS);
	opt->mode = fsu_mode_parse(octal);
	return FSU_OK;
}

static int
chmod_run(struct fsu *f, void *state, int n, char **operands)
{
	struct chmod_options *opt = state;
	int first = opt->text == NULL && opt->reference == NULL ? 1 : 0;
	int end;

	opt->f = f;
	if (opt->reference != NULL && take_reference(f, opt) != FSU_OK)
		return FSU_FAIL;
	for (int i = first; i < n && !fsu_interrupted(); i++) {
		if (fsu_tree(f, &opt->tree, operands[i], visit, opt) != FSU_OK)
			opt->failed = true;
	}
	end = fsu_out_finish(&fsu_stdout);
	return end != FSU_OK ? end : opt->failed ? FSU_FAIL : FSU_OK;
}

static void
chmod_done(void *state)
{
	struct chmod_options *opt = state;

	fsu_mode_free(opt->mode);
	free(opt->text);
}

const struct fsu_command fsu_chmod_command = {
    .name = "fsu_chmod",
    .synopsis = "[-cfhHLPRv] IMAGE MODE[,MODE]... FILE...\n"
		"[OPTION]... --reference=FILE IMAGE FILE...",
    .summary = "Change modes of files in an image, as chmod(1) does.",
    .options = chmod_option_table,
    .noptions = sizeof(chmod_option_table) / sizeof(*chmod_option_table),
    .flags = FSU_WRITES,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct chmod_options),
    .init = chmod_init,
    .option = chmod_option,
    .prepare = chmod_prepare,
    .run = chmod_run,
    .done = chmod_done,
};
