/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_main: a command's line, from argv to its status.
 *
 *	parse -> prepare -> open -> sandbox -> mount -> run -> close
 *
 * IMAGE is the first operand (none if FSU_DEVICE or --image names it).  -t and -o
 * are the mount's while no operand and no option of the command's own came, and
 * only as arguments of their own; every other letter is the command's.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fmt.h"
#include "fsu_impl.h"
#include "progress.h"
#include "timearg.h"

const struct fsu_option fsu_common_options[] = {
    {FSU_KEY_FSTYPE, "fstype", FSU_ARG, "TYPE", NULL},
    {FSU_KEY_MNTOPTS, "mount-options", FSU_ARG, "OPTS", NULL},
    {FSU_KEY_IMAGE, "image", FSU_ARG, "IMAGE", NULL},
    {FSU_KEY_PART, "part", FSU_ARG, "WORD:N", NULL},
    {FSU_KEY_GLOB, "glob", FSU_NOARG, NULL, NULL},
    {FSU_KEY_NOGLOB, "no-glob", FSU_NOARG, NULL, NULL},
    {FSU_KEY_FORCE, "force", FSU_NOARG, NULL, NULL},
    {FSU_KEY_HELP, "help", FSU_NOARG, NULL, NULL},
    {FSU_KEY_VERSION, "version", FSU_NOARG, NULL, NULL},
};
const size_t fsu_ncommon_options = sizeof(fsu_common_options) /
    sizeof(fsu_common_options[0]);

struct line {
	const struct fsu_command *cmd;
	struct fsu *f;
	void *state;
	struct fsu_optparser op;
	const char *env_device; /* FSU_DEVICE, where it counts */
	const char *image, *part, *type;
	const char *front_type, *front_opts; /* -t and -o before IMAGE */
	bool open;			     /* the image is open already */
	bool own;     /* an option of the command's own came */
	int exit_now; /* --help: -1: no; else the status */
	char **operands;
	int noperands;
};

static void
add_options(struct fsu *f, const char *more)
{
	char *all;

	if (more == NULL || *more == '\0')
		return;
	if (f->options == NULL) {
		f->options = fsu_strdup(more);
		return;
	}
	all = fsu_asprintf("%s,%s", f->options, more);
	free(f->options);
	f->options = all;
}

/* The synopsis of a command whose image is there already; to be freed. */
static char *
without_image(const char *synopsis)
{
	static const char word[] = "IMAGE ";
	char *s = fsu_strdup(synopsis), *p;
	const size_t len = sizeof(word) - 1;

	while ((p = strstr(s, word)) != NULL)
		memmove(p, p + len, strlen(p + len) + 1);
	return s;
}

static void
help(const struct fsu_command *cmd, bool open)
{
	char *synopsis;

	if (open) {
		synopsis = without_image(cmd->synopsis);
		fsu_opt_help(cmd->name, synopsis, cmd->summary, cmd->options,
		    cmd->noptions);
		free(synopsis);
		return;
	}
	fsu_opt_help(cmd->name, cmd->synopsis, cmd->summary, cmd->options,
	    cmd->noptions);
	printf("In front of IMAGE: -t TYPE, -o OPTIONS.  Anywhere: --fstype= "
	       "--mount-options=\n--part= --image= --glob --no-glob --force "
	       "--help --version.  See fs-utils(7).\n");
}

/* ---- parsing ------------------------------------------------------------------- */

static int
common_option(struct line *l, int key, const char *value)
{
	switch (key) {
	case FSU_KEY_FSTYPE:
		l->type = value;
		break;
	case FSU_KEY_MNTOPTS:
		add_options(l->f, value);
		break;
	case FSU_KEY_IMAGE:
		l->image = value;
		break;
	case FSU_KEY_PART:
		l->part = value;
		break;
	case FSU_KEY_GLOB:
		l->f->glob = true;
		l->f->noglob = false;
		break;
	case FSU_KEY_NOGLOB:
		l->f->noglob = true;
		break;
	case FSU_KEY_FORCE:
		l->f->force = true;
		break;
	case FSU_KEY_HELP:
		help(l->cmd, l->open);
		l->exit_now = fsu_flush_stdout();
		break;
	case FSU_KEY_VERSION:
		fsu_opt_version(l->cmd->name);
		l->exit_now = fsu_flush_stdout();
		break;
	}
	if (l->open &&
	    (key == FSU_KEY_FSTYPE || key == FSU_KEY_MNTOPTS ||
		key == FSU_KEY_IMAGE || key == FSU_KEY_PART))
		return fsu_usage("the image is open already");
	return FSU_OK;
}

static bool
is_common(const struct line *l, int key)
{
	size_t i;

	(void)l;
	for (i = 0; i < fsu_ncommon_options; i++)
		if (fsu_common_options[i].key == key)
			return true;
	return false;
}

/* Is the next argument -t or -o, and the mount's?  1: it was taken; a status. */
static int
front_option(struct line *l, bool *taken)
{
	const char *arg, *value;

	*taken = false;
	if (l->open || l->own || l->noperands > 0 || l->op.op_ended ||
	    l->op.op_cluster != NULL || l->op.op_next >= l->op.op_argc)
		return FSU_OK;
	arg = l->op.op_argv[l->op.op_next];
	if (strcmp(arg, "-t") != 0 && strcmp(arg, "-o") != 0)
		return FSU_OK;
	if (l->op.op_next + 1 >= l->op.op_argc)
		return fsu_usage(
		    "%s in front of IMAGE takes a value: %s IMAGE %s "
		    "is %s's own",
		    arg, l->cmd->name, arg, l->cmd->name);
	value = l->op.op_argv[l->op.op_next + 1];
	l->op.op_next += 2;
	*taken = true;
	if (arg[1] == 't') {
		l->front_type = value;
		l->type = value;
	} else {
		l->front_opts = value;
		add_options(l->f, value);
	}
	return FSU_OK;
}

static bool
image_is_named(const struct line *l)
{
	return l->open || l->noperands > 0 || l->image != NULL ||
	    l->env_device != NULL;
}

/* With FSU_RAWARGS: take all that is left as it stands, if it is time to. */
static bool
raw_arguments(struct line *l)
{
	const char *arg;

	if (!(l->cmd->flags & FSU_RAWARGS) || l->op.op_cluster != NULL ||
	    l->op.op_next >= l->op.op_argc || !image_is_named(l))
		return false;
	arg = l->op.op_argv[l->op.op_next];
	if (!l->op.op_ended && strcmp(arg, "--") == 0) {
		l->op.op_next++;
	} else if (!l->op.op_ended && strncmp(arg, "--", 2) == 0) {
		return false;
	}
	while (l->op.op_next < l->op.op_argc)
		l->operands[l->noperands++] = l->op.op_argv[l->op.op_next++];
	return true;
}

static int
one_argument(struct line *l, bool *end)
{
	const char *value;
	bool taken;
	int first, i, key, status;

	status = front_option(l, &taken);
	if (status != FSU_OK || taken || raw_arguments(l))
		return status;
	/* POSIX order: the command's first operand, not IMAGE, ends options. */
	l->op.op_posix = (l->cmd->flags & FSU_POSIXARGS) && image_is_named(l);
	first = l->op.op_next;
	key = fsu_opt_next(&l->op, &value);
	switch (key) {
	case FSU_OPT_END:
		*end = true;
		return FSU_OK;
	case FSU_OPT_ERROR:
		return FSU_USAGE;
	case FSU_OPT_OPERAND:
		l->operands[l->noperands++] = (char *)(uintptr_t)value;
		return FSU_OK;
	}
	if (is_common(l, key))
		return common_option(l, key, value);
	l->own = true;
	for (i = first; l->cmd->word != NULL && i < l->op.op_next; i++)
		l->cmd->word(l->state, key, l->op.op_argv[i]);
	return l->cmd->option(l->state, key, value);
}

static int
parse(struct line *l, int argc, char **argv)
{
	bool end;
	int status;

	l->op.op_argc = argc;
	l->op.op_argv = argv;
	l->op.op_next = 1;
	l->op.op_table[0] = l->cmd->options;
	l->op.op_n[0] = l->cmd->noptions;
	l->op.op_table[1] = fsu_common_options;
	l->op.op_n[1] = fsu_ncommon_options;
	l->operands = fsu_calloc((size_t)argc + 1, sizeof(*l->operands));
	l->exit_now = -1;
	end = false;
	status = FSU_OK;
	while (!end && status == FSU_OK && l->exit_now == -1)
		status = one_argument(l, &end);
	return status;
}

/* ---- what was meant? -------------------------------------------------------------- */

static bool
is_image_file(const char *path)
{
	struct stat st;

	return path != NULL && stat(path, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
}

/* The line with -t or -o behind IMAGE, where it is the command's own. */
static char *
meant(const struct line *l, const char *letter, const char *value)
{
	char *s, *more;
	int i, first;

	first = 0;
	if (is_image_file(value)) {
		s = fsu_asprintf(
		    "%s %s %s", l->cmd->name, fsu_quote_maybe(value), letter);
	} else {
		s = fsu_asprintf("%s %s %s %s", l->cmd->name,
		    l->noperands > 0 ? fsu_quote_maybe(l->operands[0])
				     : "IMAGE",
		    letter, fsu_quote_maybe(value));
		first = 1;
	}
	for (i = first; i < l->noperands; i++) {
		more = fsu_asprintf(
		    "%s %s", s, fsu_quote_maybe(l->operands[i]));
		free(s);
		s = more;
	}
	return s;
}

/* -o 2048, as fls has it. */
static int
refuse_sector(const struct line *l)
{
	const char *image = l->noperands > 0 ? l->operands[0] : "IMAGE";

	fsu_msg(
	    "-o %s is no mount option; a partition %s sectors of 512 bytes in "
	    "is %s%%OFFSET:%ss%%",
	    l->front_opts, l->front_opts, image, l->front_opts);
	return FSU_USAGE;
}

static int
check_type(const char *type)
{
	char *types;

	if (type == NULL || fsu_type_known(fsu_type_alias(type)))
		return FSU_OK;
	types = fsu_known_types();
	fsu_msg("unknown file-system type '%s' (known: %s)", fsu_visible(type),
	    types);
	free(types);
	return FSU_USAGE;
}

/* The type, and -t and -o that were meant as the command's own. */
static int
check_front(const struct line *l)
{
	const char *p;
	char *line, *types;

	if (l->front_opts != NULL) {
		for (p = l->front_opts; isdigit((unsigned char)*p); p++)
			continue;
		if (*p == '\0' && p != l->front_opts)
			return refuse_sector(l);
		if (is_image_file(l->front_opts)) {
			line = meant(l, "-o", l->front_opts);
			fsu_msg(
			    "-o in front of IMAGE takes mount options; did you "
			    "mean: %s",
			    line);
			free(line);
			return FSU_USAGE;
		}
	}
	if (l->type == NULL || strcmp(l->type, "auto") == 0 ||
	    fsu_type_known(fsu_type_alias(l->type)))
		return FSU_OK;
	if (l->front_type != l->type)
		return check_type(l->type);
	types = fsu_known_types();
	line = meant(l, "-t", l->type);
	fsu_msg("unknown file-system type '%s' (known: %s); did you mean: %s",
	    l->type, types, line);
	free(line);
	free(types);
	return FSU_USAGE;
}

/* Does it name something that a file system may be in?  In the sandbox only its
 * size can be seen. */
static bool
looks_like_image(const char *arg)
{
	struct fsu_contentinfo ci;
	struct stat st;
	const char *w;
	bool image;
	int fd;

	if (fsu_window_suffix(arg, &w))
		return true;
	if (!is_image_file(arg))
		return false;
	fd = open(arg, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return stat(arg, &st) == 0 && st.st_size >= 65536 &&
		    st.st_size % 512 == 0;
	image = fsu_inspect(fd, 0, 0, 0, &ci) == 0 &&
	    (ci.ci_kind == FSU_CONTENT_FS ||
		ci.ci_kind == FSU_CONTENT_PARTTABLE);
	close(fd);
	return image;
}

/* IMAGE is none: is one of the operands behind it? */
static void
hint_swapped(const struct line *l)
{
	char *line, *more;
	int i, j;

	if (l->image == NULL || l->image == l->env_device ||
	    looks_like_image(l->image))
		return;
	for (i = 0; i < l->noperands; i++)
		if (looks_like_image(l->operands[i]))
			break;
	if (i == l->noperands)
		return;
	line = fsu_asprintf("%s %s %s", l->cmd->name,
	    fsu_quote_maybe(l->operands[i]), fsu_quote_maybe(l->image));
	for (j = 0; j < l->noperands; j++) {
		if (j == i)
			continue;
		more = fsu_asprintf(
		    "%s %s", line, fsu_quote_maybe(l->operands[j]));
		free(line);
		line = more;
	}
	fsu_msg("operands swapped?  IMAGE comes first: %s", line);
	free(line);
}

/* FSU_DEVICE is in force, but the first operand looks like an image. */
static int
check_device_operand(const struct line *l)
{
	struct fsu_contentinfo ci;
	const char *arg, *w;
	bool image;
	int fd;

	if (l->noperands == 0)
		return FSU_OK;
	arg = l->operands[0];
	image = fsu_window_suffix(arg, &w);
	if (!image && is_image_file(arg)) {
		fd = open(arg, O_RDONLY | O_CLOEXEC);
		if (fd != -1) {
			image = fsu_inspect(fd, 0, 0, 0, &ci) == 0 &&
			    ci.ci_kind == FSU_CONTENT_FS;
			close(fd);
		}
	}
	if (!image)
		return FSU_OK;
	fsu_msg("FSU_DEVICE is set to %s; say --image=%s or unset it",
	    l->env_device, fsu_visible(arg));
	return FSU_USAGE;
}

/* Which image, with which type and options.  A status. */
static int
choose_image(struct line *l)
{
	struct fsu *f = l->f;
	const char *env;
	int status;

	status = check_front(l);
	if (status == FSU_OK && l->env_device != NULL && l->image == NULL)
		status = check_device_operand(l);
	if (status != FSU_OK)
		return status;
	if (l->image == NULL)
		l->image = l->env_device;
	if (l->image == NULL) {
		if (l->noperands == 0)
			return fsu_usage("missing image");
		l->image = l->operands[0];
		l->operands++;
		l->noperands--;
	}
	status = fsu_image_resolve(
	    l->image, l->part, FSU_IMAGE_ALIASES, &f->image);
	if (status != FSU_OK)
		return status;
	env = getenv("FSU_TYPE");
	if (l->type != NULL) {
		free(f->image.im_type);
		f->image.im_type = fsu_strdup(l->type);
	} else if (f->image.im_type == NULL && env != NULL && *env != '\0')
		f->image.im_type = fsu_strdup(env);
	if (f->image.im_type != NULL && strcmp(f->image.im_type, "auto") == 0) {
		free(f->image.im_type);
		f->image.im_type = NULL;
	}
	/* -t was checked: this is the environment's or an alias's. */
	status = check_type(f->image.im_type);
	if (status != FSU_OK)
		return status;
	/* The line's own come last, so that they win. */
	if (f->image.im_options != NULL || getenv("FSU_MNTOPTS") != NULL) {
		char *line = f->options;

		f->options = NULL;
		add_options(f, getenv("FSU_MNTOPTS"));
		add_options(f, f->image.im_options);
		add_options(f, line);
		free(line);
	}
	f->nowait = fsu_mount_option(f, "nowait") != NULL;
	f->verbose = fsu_mount_option(f, "verbose") != NULL;
	if (fsu_mount_option(f, "force") != NULL)
		f->force = true;
	return FSU_OK;
}

static int
check_count(const struct line *l)
{
	if (l->noperands < l->cmd->min_operands)
		return fsu_usage("missing operand");
	if (l->cmd->max_operands >= 0 && l->noperands > l->cmd->max_operands)
		return fsu_usage("extra operand '%s'",
		    fsu_visible(l->operands[l->cmd->max_operands]));
	return FSU_OK;
}

/* ---- running ------------------------------------------------------------------------ */

static int
run(struct line *l)
{
	const struct fsu_command *cmd = l->cmd;
	struct fsu *f = l->f;
	char **globbed;
	int n, status;

	if (!fsu_glob_wanted(f, (cmd->flags & FSU_GLOBS) != 0) ||
	    (cmd->flags & FSU_OWNGLOB))
		return cmd->run(f, l->state, l->noperands, l->operands);
	n = fsu_glob(f, l->noperands, l->operands, &globbed);
	status = cmd->run(f, l->state, n, globbed);
	fsu_glob_free(globbed);
	return status;
}

static int
worse(int a, int b)
{
	return a > b ? a : b;
}

/* Of what isn't run()'s: the status as the command has it. */
static int
trouble(const struct line *l, int status)
{
	return status != FSU_OK && l->cmd->trouble != 0 ? l->cmd->trouble
							: status;
}

/* A time that is set and means none would date every change to 1970. */
static int
check_clock(void)
{
	int64_t sec;
	int error;

	fsu_source_date_epoch(&sec, &error);
	return error == 0
	    ? FSU_OK
	    : fsu_usage("SOURCE_DATE_EPOCH is no number of seconds");
}

/* All between parsing and the end.  A status. */
static int
execute(struct line *l)
{
	struct fsu *f = l->f;
	int status;

	status = choose_image(l);
	if (status != FSU_OK)
		hint_swapped(l);
	else
		status = check_count(l);
	f->programs = (l->cmd->flags & FSU_NOSANDBOX) != 0;
	f->write = (l->cmd->flags & FSU_WRITES) != 0;
	if (status == FSU_OK && f->write)
		status = check_clock();
	if (status == FSU_OK && l->cmd->prepare != NULL)
		status = l->cmd->prepare(
		    f, l->state, l->noperands, l->operands);
	if (status != FSU_OK)
		return trouble(l, status);
	fsu_signals_catch();
	status = trouble(l, fsu_session_open(f));
	if (status != FSU_OK && fsu_signal_seen() == 0)
		hint_swapped(l);
	if (status == FSU_OK)
		status = run(l);
	status = worse(status, trouble(l, f->status));
	status = worse(status, trouble(l, fsu_flush_stdout()));
	status = worse(status, trouble(l, fsu_session_close(f)));
	if (fsu_signal_seen() != 0)
		status = 128 + fsu_signal_seen();
	else if (fsu_stdout_gone())
		status = 128 + SIGPIPE;
	return status;
}

static void
session_free(struct fsu *f)
{
	fsu_image_free(&f->image);
	free(f->options);
	free(f->second_arg);
	fsu_confine_free(&f->confine);
}

static void *
new_state(const struct fsu_command *cmd)
{
	void *state = fsu_calloc(1, cmd->state_size);

	if (cmd->init != NULL)
		cmd->init(state);
	return state;
}

int
fsu_main(const struct fsu_command *cmd, int argc, char **argv)
{
	struct fsu f = {.cmd = cmd};
	struct line l = {.cmd = cmd, .f = &f};
	const char *env;
	char **operands;
	int status;

	fsu_guard_stdio();
	fsu_locale_init(false, false); /* the rest is for those who sort */
	fsu_set_progname(cmd->name);
	env = getenv("FSU_DEVICE");
	if (env != NULL && *env != '\0')
		l.env_device = env;
	l.state = new_state(cmd);
	status = trouble(&l, parse(&l, argc, argv));
	operands = l.operands;
	if (l.exit_now != -1)
		status = l.exit_now;
	else if (status == FSU_OK)
		status = execute(&l);
	fsu_progress_end();
	if (cmd->done != NULL)
		cmd->done(l.state);
	free(l.state);
	free(operands);
	session_free(&f);
	return status;
}

/* ---- on an open image ------------------------------------------------------------------ */

/* What a command says to its image before it runs.  A status. */
static int
prepare_open(struct line *l)
{
	const struct fsu_command *cmd = l->cmd;
	struct fsu *f = l->f;
	int status;

	status = check_count(l);
	if (status == FSU_OK && cmd->prepare != NULL)
		status = cmd->prepare(f, l->state, l->noperands, l->operands);
	if (status == FSU_OK && f->write && f->readonly) {
		fsu_warnf(f, "is open for reading only");
		status = FSU_USAGE;
	}
	if (status == FSU_OK && f->write)
		status = check_clock();
	if (status == FSU_OK)
		status = fsu_second_open(f);
	return status;
}

static int
execute_open(struct line *l)
{
	struct fsu *f = l->f;
	int status;

	status = trouble(l, prepare_open(l));
	if (status == FSU_OK)
		status = run(l);
	status = worse(status, trouble(l, f->status));
	status = worse(status, trouble(l, fsu_flush_stdout()));
	status = worse(status, trouble(l, fsu_second_close(f)));
	fsu_progress_end();
	if (fsu_signal_seen() != 0)
		status = 128 + fsu_signal_seen();
	else if (fsu_stdout_gone())
		status = 128 + SIGPIPE;
	return status;
}

/* A command that has left the image for a while may have come back for reading,
 * or not at all.  A status; fsu_ukfs(f) is NULL if it stays closed. */
static int
reopen(struct fsu *f, const struct fsu *outer)
{
	int status = FSU_OK;

	if (f->ukfs != NULL && f->readonly == outer->readonly)
		return FSU_OK;
	if (f->ukfs != NULL)
		status = fsu_image_leave(f);
	return worse(status, fsu_image_again(f, outer->write));
}

int
fsu_run_command(
    struct fsu *f, const struct fsu_command *cmd, int argc, char **argv)
{
	struct line l = {.cmd = cmd, .f = f, .open = true};
	const struct fsu outer = *f;
	const char *name = fsu_progname();
	int status;

	fsu_stdout_fresh();
	fsu_set_progname(cmd->name);
	f->cmd = cmd;
	f->status = FSU_OK;
	f->write = (cmd->flags & FSU_WRITES) != 0;
	f->confine = (struct fsu_confine){0};
	f->second_arg = NULL;
	f->second = NULL;
	f->reading = outer.readonly;
	l.state = new_state(cmd);
	status = trouble(&l, parse(&l, argc, argv));
	if (l.exit_now != -1)
		status = l.exit_now;
	else if (status == FSU_OK)
		status = execute_open(&l);
	if (cmd->done != NULL)
		cmd->done(l.state);
	free(l.state);
	free(l.operands);
	free(f->second_arg);
	fsu_confine_free(&f->confine); /* it asked in vain */
	f->reading = outer.reading;
	status = worse(status, reopen(f, &outer));
	f->cmd = outer.cmd;
	f->status = outer.status;
	f->write = outer.write;
	f->force = outer.force;
	f->glob = outer.glob;
	f->noglob = outer.noglob;
	f->confine = outer.confine;
	f->second_arg = outer.second_arg;
	f->second_write = outer.second_write;
	f->second = outer.second;
	fsu_set_progname(name);
	return status;
}
