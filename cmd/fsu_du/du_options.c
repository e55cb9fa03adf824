/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_du's options, and what they mean together.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "du.h"

enum {
	K_APPARENT = FSU_KEY_LONG,
	K_INODES,
	K_SI,
	K_TIME,
	K_TIMESTYLE,
	K_EXCLUDE,
};

const struct fsu_option fsu_du_options[FSU_DU_NOPTIONS] = {
    {'0', "null", FSU_NOARG, NULL, "end lines with NUL"},
    {'a', "all", FSU_NOARG, NULL, "files too"},
    {K_APPARENT, "apparent-size", FSU_NOARG, NULL, "lengths, not blocks"},
    {'B', "block-size", FSU_ARG, "SIZE", "units of SIZE"},
    {'b', "bytes", FSU_NOARG, NULL, "--apparent-size -B1"},
    {'c', "total", FSU_NOARG, NULL, "a last line with the sum"},
    {'D', "dereference-args", FSU_NOARG, NULL, "follow operands"},
    {'H', NULL, FSU_NOARG, NULL, NULL},
    {'d', "max-depth", FSU_ARG, "N", "print N levels only"},
    {'h', "human-readable", FSU_NOARG, NULL, "1K 234M 2G"},
    {K_INODES, "inodes", FSU_NOARG, NULL, "count inodes instead"},
    {'k', NULL, FSU_NOARG, NULL, "units of 1024 bytes"},
    {'L', "dereference", FSU_NOARG, NULL, "follow all symlinks"},
    {'l', "count-links", FSU_NOARG, NULL, "count each hard link"},
    {'m', NULL, FSU_NOARG, NULL, "units of a MiB"},
    {'P', "no-dereference", FSU_NOARG, NULL, "follow none (default)"},
    {'S', "separate-dirs", FSU_NOARG, NULL, "without subdirectories"},
    {K_SI, "si", FSU_NOARG, NULL, "-h in powers of 1000"},
    {'s', "summarize", FSU_NOARG, NULL, "a line an operand"},
    {'t', "threshold", FSU_ARG, "SIZE", "at least (-SIZE: at most)"},
    {K_TIME, "time", FSU_OPTARG, "WORD", "latest mtime, atime, ctime"},
    {K_TIMESTYLE, "time-style", FSU_ARG, "STYLE",
	"full-iso, long-iso, iso, +FORMAT"},
    {'X', "exclude-from", FSU_ARG, "F", "patterns: host file F"},
    {K_EXCLUDE, "exclude", FSU_ARG, "PATTERN", "leave out what matches"},
    {'x', "one-file-system", FSU_NOARG, NULL, "nothing: there is one"},
};

void
fsu_du_init(void *state)
{
	((struct du_options *)state)->deref = 'P';
}

static void
add_exclude(struct du_options *opt, const char *pattern)
{
	opt->exclude = fsu_realloc(
	    opt->exclude, (opt->nexclude + 1) * sizeof(*opt->exclude));
	opt->exclude[opt->nexclude++] = pattern;
}

/* A file of patterns, one a line. */
static int
exclude_from(struct du_options *opt, const char *path)
{
	char *text = NULL, *line, *nl;
	size_t cap = 0;
	FILE *fp;

	if (opt->exclude_mem != NULL)
		return fsu_usage("-X can be given once only");
	fp = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (fp == NULL ||
	    (getdelim(&text, &cap, '\0', fp) == -1 && ferror(fp))) {
		fsu_msg("%s: %s", fsu_visible(path), strerror(errno));
		free(text);
		return FSU_USAGE;
	}
	if (fp != stdin)
		fclose(fp);
	opt->exclude_mem = text;
	for (line = text; line != NULL && *line != '\0';
	     line = nl != NULL ? nl + 1 : NULL) {
		nl = strchr(line, '\n');
		if (nl != NULL)
			*nl = '\0';
		if (*line != '\0')
			add_exclude(opt, line);
	}
	return FSU_OK;
}

static int
set_depth(struct du_options *opt, const char *value)
{
	char *end;

	errno = 0;
	opt->depth = strtoul(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || *value == '-')
		return fsu_usage(
		    "invalid maximum depth %s", fsu_quote_msg(value));
	opt->depth_given = true;
	return FSU_OK;
}

static int
set_threshold(struct du_options *opt, const char *value)
{
	bool below = *value == '-';

	if (fsu_parse_size(value + below, &opt->threshold) != 0 ||
	    (below && opt->threshold == 0))
		return fsu_usage(
		    "invalid --threshold argument '%s'", fsu_visible(value));
	opt->threshold_given = true;
	opt->threshold_below = below;
	return FSU_OK;
}

static int
set_time(struct du_options *opt, const char *value)
{
	static const struct {
		const char *word;
		enum du_time time;
	} words[] = {
	    {"atime", DU_ATIME},
	    {"access", DU_ATIME},
	    {"use", DU_ATIME},
	    {"ctime", DU_CTIME},
	    {"status", DU_CTIME},
	    {"mtime", DU_MTIME},
	};
	size_t i;

	opt->time = DU_MTIME;
	if (value == NULL)
		return FSU_OK;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, value) == 0) {
			opt->time = words[i].time;
			return FSU_OK;
		}
	return fsu_usage("invalid argument %s for '--time' (atime, access, "
			 "use, ctime, status)",
	    fsu_quote_msg(value));
}

static void
set_unit(struct du_options *opt, uint64_t unit)
{
	opt->unit = (struct fsu_blocksize){unit, 0};
	opt->unit_given = true;
}

static int
size_option(struct du_options *opt, int key, const char *value)
{
	switch (key) {
	case 'B':
		opt->unit_given = true;
		if (fsu_blocksize_parse(value, &opt->unit) != 0)
			return fsu_usage("invalid --block-size argument %s",
			    fsu_quote_msg(value));
		break;
	case 'b':
		opt->apparent = true;
		set_unit(opt, 1);
		break;
	case 'h':
	case K_SI:
		opt->unit_given = true;
		fsu_blocksize_parse(
		    key == 'h' ? "human-readable" : "si", &opt->unit);
		break;
	case 'k':
		set_unit(opt, 1024);
		break;
	case 'm':
		set_unit(opt, 1 << 20);
		break;
	case 't':
		return set_threshold(opt, value);
	case 'd':
		return set_depth(opt, value);
	case 'X':
		return exclude_from(opt, value);
	case K_TIME:
		return set_time(opt, value);
	case K_TIMESTYLE:
		opt->time_style = value;
		break;
	case K_EXCLUDE:
		add_exclude(opt, value);
		break;
	}
	return FSU_OK;
}

int
fsu_du_option(void *state, int key, const char *value)
{
	struct du_options *opt = state;

	switch (key) {
	case '0':
		opt->nul = true;
		break;
	case 'a':
		opt->all = true;
		break;
	case K_APPARENT:
		opt->apparent = true;
		break;
	case 'c':
		opt->total = true;
		break;
	case 'D':
	case 'H':
		opt->deref = 'D';
		break;
	case 'L':
	case 'P':
		opt->deref = (char)key;
		break;
	case K_INODES:
		opt->inodes = true;
		break;
	case 'l':
		opt->links = true;
		break;
	case 'S':
		opt->separate = true;
		break;
	case 's':
		opt->summarize = true;
		break;
	case 'x':
		opt->onefs = true;
		break;
	default:
		return size_option(opt, key, value);
	}
	return FSU_OK;
}

/* The style by option, else by TIME_STYLE, where du knows no "locale". */
static int
choose_format(struct du_options *opt)
{
	const char *style = opt->time_style;

	if (style == NULL) {
		style = getenv("TIME_STYLE");
		if (style == NULL || strcmp(style, "locale") == 0)
			style = "long-iso";
		while (strncmp(style, "posix-", 6) == 0)
			style += 6;
	}
	if (*style == '+')
		opt->time_format = style + 1;
	else if (strcmp(style, "full-iso") == 0)
		opt->time_format = "%Y-%m-%d %H:%M:%S.%N %z";
	else if (strcmp(style, "long-iso") == 0)
		opt->time_format = "%Y-%m-%d %H:%M";
	else if (strcmp(style, "iso") == 0)
		opt->time_format = "%Y-%m-%d";
	else
		return fsu_usage("invalid time style %s (full-iso, long-iso, "
				 "iso, +FORMAT)",
		    fsu_quote_msg(style));
	return FSU_OK;
}

int
fsu_du_check(struct du_options *opt)
{
	if (opt->all && opt->summarize)
		return fsu_usage("cannot both summarize and show all entries");
	if (opt->summarize && opt->depth_given) {
		if (opt->depth != 0)
			return fsu_usage("summarizing conflicts with "
					 "--max-depth=%lu",
			    opt->depth);
		fsu_msg("warning: summarizing is the same as using "
			"--max-depth=0");
	}
	if (opt->inodes && opt->apparent)
		fsu_msg("warning: options --apparent-size and -b are "
			"ineffective with --inodes");
	if (opt->summarize)
		opt->depth = 0;
	else if (!opt->depth_given)
		opt->depth = (unsigned long)-1;
	if (!opt->unit_given)
		fsu_blocksize_env("DU_BLOCK_SIZE", &opt->unit);
	return opt->time != DU_NOTIME || opt->time_style != NULL
	    ? choose_format(opt)
	    : FSU_OK;
}
