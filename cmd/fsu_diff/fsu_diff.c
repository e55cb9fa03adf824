/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_diff: a file or tree of an image against one of the host, or (--to) of
 * another image, as GNU diff(1) compares two of the host.
 *
 * Left out of GNU's: -e -f -n -y -D -F -I -p -t -T -l -X -x's relatives, colours.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"

extern const struct fsu_command fsu_diff_command;

enum {
	K_TO = FSU_KEY_LONG,
	K_META,
	K_NODEREF,
	K_LABEL,
	K_NORMAL,
	K_CONTEXT,
	K_UNIFIED
};

static const struct fsu_option diff_option_table[] = {
    {'a', "text", FSU_NOARG, NULL, "all files are text"},
    {'B', "ignore-blank-lines", FSU_NOARG, NULL, "no changes of blank lines"},
    {'b', "ignore-space-change", FSU_NOARG, NULL, "any blanks are alike"},
    {'C', NULL, FSU_ARG, "N", "context format, N lines"},
    {'c', NULL, FSU_NOARG, NULL, "context format"},
    {K_CONTEXT, "context", FSU_OPTARG, "N", NULL},
    {'d', "minimal", FSU_NOARG, NULL, "nothing: always tried"},
    {'i', "ignore-case", FSU_NOARG, NULL, "either case"},
    {K_LABEL, "label", FSU_ARG, "NAME", "instead of a file name"},
    {'L', NULL, FSU_ARG, "NAME", NULL},
    {K_META, "meta", FSU_NOARG, NULL, "owner, mode, mtime, attributes too"},
    {'N', "new-file", FSU_NOARG, NULL, "missing files are empty"},
    {K_NODEREF, "no-dereference", FSU_NOARG, NULL, "don't follow links"},
    {K_NORMAL, "normal", FSU_NOARG, NULL, "normal format"},
    {'q', "brief", FSU_NOARG, NULL, "only whether they differ"},
    {'r', "recursive", FSU_NOARG, NULL, "subdirectories too"},
    {'s', "report-identical-files", FSU_NOARG, NULL, "say what is the same"},
    {K_TO, "to", FSU_ARG, "IMAGE2", "the second path is in IMAGE2"},
    {'U', NULL, FSU_ARG, "N", "unified format, N lines"},
    {'u', NULL, FSU_NOARG, NULL, "unified format"},
    {K_UNIFIED, "unified", FSU_OPTARG, "N", NULL},
    {'w', "ignore-all-space", FSU_NOARG, NULL, "no blanks count"},
    {'x', "exclude", FSU_ARG, "GLOB", "leave out these names"},
    {'Z', "ignore-trailing-space", FSU_NOARG, NULL, "no blanks at the end"},
};

/* ---- options -------------------------------------------------------------------------- */

/* The line in front of a file's changes repeats the options as they were given. */
static void
diff_word(void *state, int key, const char *word)
{
	struct diff_state *d = state;
	char *now;

	if (key == K_TO || key == K_META)
		return;
	now = fsu_asprintf("%s %s", d->switches != NULL ? d->switches : "",
	    fsu_quote_plain(word, strlen(word)) ? word : fsu_quote_msg(word));
	free(d->switches);
	d->switches = now;
}

static int
context_lines(struct diff_state *d, enum diff_style style, const char *value)
{
	unsigned long long n = 3;
	char *end;

	if (d->style != DIFF_NORMAL && d->style != style)
		return fsu_usage("conflicting output style options");
	d->style = style;
	if (value != NULL) {
		errno = 0;
		n = strtoull(value, &end, 10);
		if (errno != 0 || end == value || *end != '\0' || *value == '-')
			return fsu_usage(
			    "invalid context length '%s'", fsu_visible(value));
		if (n > UINT32_MAX)
			n = UINT32_MAX;
	}
	if (d->context < n) /* the most that is asked for */
		d->context = n;
	return FSU_OK;
}

static int
value_option(struct diff_state *d, int key, const char *value)
{
	switch (key) {
	case 'C':
	case 'c':
	case K_CONTEXT:
		return context_lines(d, DIFF_CONTEXT, value);
	case 'U':
	case 'u':
	case K_UNIFIED:
		return context_lines(d, DIFF_UNIFIED, value);
	case 'L':
	case K_LABEL:
		if (d->nlabels == 2)
			return fsu_usage("too many file label options");
		d->label[d->nlabels++] = value;
		break;
	case K_TO:
		d->to = value;
		break;
	case 'x':
		d->exclude = fsu_realloc(
		    d->exclude, (d->nexclude + 1) * sizeof(*d->exclude));
		d->exclude[d->nexclude++] = value;
		break;
	}
	return FSU_OK;
}

static int
diff_option(void *state, int key, const char *value)
{
	struct diff_state *d = state;

	switch (key) {
	case 'a':
		d->text = true;
		break;
	case 'B':
		d->noblank = true;
		break;
	case 'b':
		if (d->space < DIFF_SPACE_CHANGE)
			d->space = DIFF_SPACE_CHANGE;
		break;
	case 'w':
		d->space = DIFF_SPACE_ALL;
		break;
	case 'Z':
		if (d->space < DIFF_SPACE_TRAILING)
			d->space = DIFF_SPACE_TRAILING;
		break;
	case 'i':
		d->icase = true;
		break;
	case K_META:
		d->meta = d->nofollow = true;
		break;
	case 'N':
		d->newfile = true;
		break;
	case K_NODEREF:
		d->nofollow = true;
		break;
	case 'q':
		d->brief = true;
		break;
	case 'r':
		d->recursive = true;
		break;
	case 's':
		d->same = true;
		break;
	default:
		return value_option(d, key, value);
	}
	return FSU_OK;
}

/* ---- the command ------------------------------------------------------------------------- */

static int
diff_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct diff_state *d = state;

	(void)n;
	fsu_locale_init(true, false);
	if (d->to != NULL)
		fsu_second_image(f, d->to, false);
	else
		/* Symlinks that are followed in a tree lead anywhere. */
		fsu_host_access(f,
		    d->recursive && !d->nofollow ? "/" : operands[1],
		    FSU_HOST_READ);
	return FSU_OK;
}

static void
find_grain(struct diff_state *d)
{
	struct rump_fscaps caps;

	d->time_grain = 1;
	if (rump_sys_fscaps("/", &caps) == 0 && caps.fc_time_grain_ns > 1)
		d->time_grain = caps.fc_time_grain_ns;
	if (d->side[1].enter != NULL && ukfs_enter(d->side[1].enter) == 0) {
		if (rump_sys_fscaps("/", &caps) == 0 &&
		    caps.fc_time_grain_ns > d->time_grain)
			d->time_grain = caps.fc_time_grain_ns;
		ukfs_leave(d->side[1].enter);
	}
}

static int
diff_run(struct fsu *f, void *state, int n, char **operands)
{
	struct diff_state *d = state;
	char **first;
	int status, end;

	(void)n;
	d->f = f;
	d->side[0] = (struct diff_side){.image = true, .f = f};
	d->side[1].image = d->to != NULL;
	if (d->to != NULL) {
		d->side[1].f = fsu_second(f);
		if (fsu_ukfs(fsu_second(f)) != fsu_ukfs(f))
			d->side[1].enter = fsu_ukfs(fsu_second(f));
	}
	if (d->meta)
		find_grain(d);
	if (fsu_glob_wanted(f, true)) {
		n = fsu_glob(f, 1, operands, &first);
		if (n == 1)
			status = fsu_diff_operands(d, first[0], operands[1]);
		else
			status = fsu_usage("%s matches %d names",
			    fsu_quote_msg(operands[0]), n);
		fsu_glob_free(first);
	} else
		status = fsu_diff_operands(d, operands[0], operands[1]);
	end = fsu_out_finish(&fsu_stdout);
	return end == FSU_OK ? status : FSU_USAGE;
}

static void
diff_done(void *state)
{
	struct diff_state *d = state;

	free(d->exclude);
	free(d->switches);
	free(d->buf[0]);
	free(d->buf[1]);
	ukfs_seen_free(&d->seen);
}

const struct fsu_command fsu_diff_command = {
    .name = "fsu_diff",
    .synopsis = "[OPTION]... IMAGE PATH HOSTPATH\n"
		"[OPTION]... --to=IMAGE2 IMAGE PATH PATH2",
    .summary = "Compare files or trees of an image with others.",
    .options = diff_option_table,
    .noptions = sizeof(diff_option_table) / sizeof(*diff_option_table),
    .flags = FSU_READS | FSU_GLOBS | FSU_OWNGLOB,
    .min_operands = 2,
    .max_operands = 2,
    .state_size = sizeof(struct diff_state),
    .option = diff_option,
    .word = diff_word,
    .prepare = diff_prepare,
    .run = diff_run,
    .done = diff_done,
};
