/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_ls's options: GNU ls's letters and words, -O (BSD file flags) and --json.
 * Not here: --dired, --hyperlink, -Z.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ls.h"

extern const struct fsu_command fsu_ls_command;

enum {
	K_AUTHOR = FSU_KEY_LONG,
	K_BLOCK_SIZE,
	K_COLOR,
	K_FILE_TYPE,
	K_FORMAT,
	K_FULL_TIME,
	K_DIRS_FIRST,
	K_HIDE,
	K_OPERAND_DIRS,
	K_INDICATOR,
	K_JSON,
	K_QUOTING,
	K_SHOW_CONTROL,
	K_SI,
	K_SORT,
	K_TIME,
	K_TIME_STYLE,
	K_ZERO,
};

static const struct fsu_option ls_option_table[] = {
    {'a', "all", FSU_NOARG, NULL, "names that begin with a dot, too"},
    {'A', "almost-all", FSU_NOARG, NULL, "the same without . and .."},
    {K_AUTHOR, "author", FSU_NOARG, NULL, "with -l, the author (the owner)"},
    {'b', "escape", FSU_NOARG, NULL, "C escapes for what can't be printed"},
    {K_BLOCK_SIZE, "block-size", FSU_ARG, "SIZE", "sizes in units of SIZE"},
    {'B', "ignore-backups", FSU_NOARG, NULL, "leave names that end in ~ out"},
    {'c', NULL, FSU_NOARG, NULL, "use the time of the last status change"},
    {'C', NULL, FSU_NOARG, NULL, "in columns"},
    {K_COLOR, "color", FSU_OPTARG, "WHEN", "colours: always, auto, never"},
    {'d', "directory", FSU_NOARG, NULL,
	"directories themselves, not what is in them"},
    {'f', NULL, FSU_NOARG, NULL, "unsorted, and all"},
    {'F', "classify", FSU_OPTARG, "WHEN", "append one of */=>@|"},
    {K_FILE_TYPE, "file-type", FSU_NOARG, NULL, "the same without *"},
    {K_FORMAT, "format", FSU_ARG, "WORD",
	"across, commas, long, single-column, verbose, vertical"},
    {K_FULL_TIME, "full-time", FSU_NOARG, NULL, "-l --time-style=full-iso"},
    {'g', NULL, FSU_NOARG, NULL, "-l without the owner"},
    {K_DIRS_FIRST, "group-directories-first", FSU_NOARG, NULL,
	"directories before files"},
    {'G', "no-group", FSU_NOARG, NULL, "with -l, without the group"},
    {'h', "human-readable", FSU_NOARG, NULL, "sizes like 1K 234M 2G"},
    {K_SI, "si", FSU_NOARG, NULL, "the same in powers of 1000"},
    {'H', "dereference-command-line", FSU_NOARG, NULL,
	"follow symlinks that are operands"},
    {K_OPERAND_DIRS, "dereference-command-line-symlink-to-dir", FSU_NOARG, NULL,
	"follow operands that are symlinks to directories"},
    {K_HIDE, "hide", FSU_ARG, "PATTERN",
	"leave these names out, unless -a or -A"},
    {K_INDICATOR, "indicator-style", FSU_ARG, "WORD",
	"none, slash, file-type, classify"},
    {'i', "inode", FSU_NOARG, NULL, "inode numbers"},
    {'I', "ignore", FSU_ARG, "PATTERN", "leave these names out"},
    {K_JSON, "json", FSU_NOARG, NULL, "an object a line"},
    {'k', "kibibytes", FSU_NOARG, NULL, "blocks of 1024 bytes"},
    {'l', NULL, FSU_NOARG, NULL, "a long listing"},
    {'L', "dereference", FSU_NOARG, NULL, "follow symlinks"},
    {'m', NULL, FSU_NOARG, NULL, "names with commas between"},
    {'n', "numeric-uid-gid", FSU_NOARG, NULL, "-l with numbers for owners"},
    {'N', "literal", FSU_NOARG, NULL, "names as they are"},
    {'o', NULL, FSU_NOARG, NULL, "-l without the group"},
    {'O', NULL, FSU_NOARG, NULL, "with -l, the file flags"},
    {'p', NULL, FSU_NOARG, NULL, "append / to directories"},
    {'q', "hide-control-chars", FSU_NOARG, NULL, "? for what can't be printed"},
    {K_SHOW_CONTROL, "show-control-chars", FSU_NOARG, NULL,
	"what can't be printed as it is"},
    {'Q', "quote-name", FSU_NOARG, NULL, "names in double quotes"},
    {K_QUOTING, "quoting-style", FSU_ARG, "WORD",
	"literal, locale, shell, shell-always, shell-escape, "
	"shell-escape-always, c, escape"},
    {'r', "reverse", FSU_NOARG, NULL, "reverse the order"},
    {'R', "recursive", FSU_NOARG, NULL, "directories below, too"},
    {'s', "size", FSU_NOARG, NULL, "allocated blocks"},
    {'S', NULL, FSU_NOARG, NULL, "by size, largest first"},
    {K_SORT, "sort", FSU_ARG, "WORD",
	"none, size, time, version, extension, width"},
    {'t', NULL, FSU_NOARG, NULL, "by time, newest first"},
    {K_TIME, "time", FSU_ARG, "WORD", "atime, ctime, mtime or birth"},
    {K_TIME_STYLE, "time-style", FSU_ARG, "STYLE",
	"full-iso, long-iso, iso, locale, +FORMAT"},
    {'T', "tabsize", FSU_ARG, "COLS", "tab stops; 0: no tabs"},
    {'u', NULL, FSU_NOARG, NULL, "use the time of the last access"},
    {'U', NULL, FSU_NOARG, NULL, "in the directory's own order"},
    {'v', NULL, FSU_NOARG, NULL, "numbers in names by their value"},
    {'w', "width", FSU_ARG, "COLS", "the width of a line; 0: no limit"},
    {'x', NULL, FSU_NOARG, NULL, "in columns, sorted across"},
    {'X', NULL, FSU_NOARG, NULL, "by extension"},
    {K_ZERO, "zero", FSU_NOARG, NULL, "end lines with NUL"},
    {'1', NULL, FSU_NOARG, NULL, "a name a line"},
};

/* ---- words ------------------------------------------------------------------ */

struct word {
	const char *text;
	int value;
};

/*
 * The value of a word or of an unambiguous beginning; -1 and a message.  Words of
 * one value may share a beginning.
 */
static int
find_word(const struct word *words, const char *text, const char *option)
{
	int found = -1;
	bool ambiguous = false;
	size_t len = strlen(text);

	for (const struct word *w = words; w->text != NULL; w++) {
		if (strncmp(w->text, text, len) != 0)
			continue;
		if (w->text[len] == '\0')
			return w->value;
		ambiguous = ambiguous || (found >= 0 && found != w->value);
		found = w->value;
	}
	if (found >= 0 && !ambiguous)
		return found;
	fsu_usage("%s argument %s for '--%s'",
	    ambiguous ? "ambiguous" : "invalid", fsu_quote_msg(text), option);
	return -1;
}

static const struct word when_words[] = {{"always", 1}, {"yes", 1},
    {"force", 1}, {"never", 0}, {"no", 0}, {"none", 0}, {"auto", 2}, {"tty", 2},
    {"if-tty", 2}, {NULL, 0}};
static const struct word format_words[] = {{"verbose", LS_LONG},
    {"long", LS_LONG}, {"commas", LS_COMMAS}, {"horizontal", LS_ACROSS},
    {"across", LS_ACROSS}, {"vertical", LS_COLUMNS}, {"single-column", LS_ONE},
    {NULL, 0}};
static const struct word sort_words[] = {{"none", LS_UNSORTED},
    {"time", LS_BY_TIME}, {"size", LS_BY_SIZE}, {"extension", LS_BY_EXTENSION},
    {"version", LS_BY_VERSION}, {"width", LS_BY_WIDTH}, {NULL, 0}};
static const struct word time_words[] = {{"atime", LS_ATIME},
    {"access", LS_ATIME}, {"use", LS_ATIME}, {"ctime", LS_CTIME},
    {"status", LS_CTIME}, {"mtime", LS_MTIME}, {"modification", LS_MTIME},
    {"birth", LS_BTIME}, {"creation", LS_BTIME}, {NULL, 0}};
static const struct word indicator_words[] = {{"none", LS_NO_MARK},
    {"slash", LS_SLASH}, {"file-type", LS_FILE_TYPE}, {"classify", LS_CLASSIFY},
    {NULL, 0}};

/* always (also without a word), never, or on a terminal; -1: no such word. */
static int
parse_when(const char *value, const char *option)
{
	int when = value != NULL ? find_word(when_words, value, option) : 1;

	return when == 2 ? isatty(STDOUT_FILENO) : when;
}

/* ---- numbers ----------------------------------------------------------------- */

/* Columns; overflow is without limit (LONG_MAX).  false: not a number. */
static bool
parse_columns(const char *s, long *vp)
{
	char *end;

	errno = 0;
	*vp = strtol(s, &end, 0);
	return end != s && *end == '\0' && *vp >= 0;
}

static int
numeric_option(const char *value, const char *what, bool limitless, long *vp)
{
	if (!parse_columns(value, vp))
		return fsu_usage("invalid %s: %s", what, fsu_quote_msg(value));
	if (*vp == LONG_MAX && limitless)
		*vp = 0;
	return 0;
}

/* ---- one option ----------------------------------------------------------------- */

static void
add_pattern(struct ls_pattern **list, const char *text)
{
	struct ls_pattern *p = fsu_malloc(sizeof(*p));

	p->text = text;
	p->next = *list;
	*list = p;
}

static void
set_units(struct ls_options *opt, const char *spec)
{
	fsu_blocksize_parse(spec, &opt->size_unit);
	opt->block_unit = opt->size_unit;
	opt->size_given = true;
}

/* Options that choose what is listed and in which order. */
static bool
option_what(struct ls_options *opt, int key, const char *value)
{
	switch (key) {
	case 'a':
		opt->hidden = LS_ALL;
		return true;
	case 'A':
		opt->hidden = LS_ALMOST_ALL;
		return true;
	case 'B':
		add_pattern(&opt->ignore, "*~");
		add_pattern(&opt->ignore, ".*~");
		return true;
	case 'I':
		add_pattern(&opt->ignore, value);
		return true;
	case K_HIDE:
		add_pattern(&opt->hide, value);
		return true;
	case 'd':
		opt->dirs_as_files = true;
		return true;
	case 'R':
		opt->recursive = true;
		return true;
	case 'H':
		opt->follow = LS_FOLLOW_OPERANDS;
		return true;
	case K_OPERAND_DIRS:
		opt->follow = LS_FOLLOW_OPERAND_DIRS;
		return true;
	case 'L':
		opt->follow = LS_FOLLOW_ALWAYS;
		return true;
	case 'r':
		opt->reverse = true;
		return true;
	case 'S':
		opt->sort_opt = LS_BY_SIZE;
		return true;
	case 't':
		opt->sort_opt = LS_BY_TIME;
		return true;
	case 'U':
		opt->sort_opt = LS_UNSORTED;
		return true;
	case 'v':
		opt->sort_opt = LS_BY_VERSION;
		return true;
	case 'X':
		opt->sort_opt = LS_BY_EXTENSION;
		return true;
	case K_DIRS_FIRST:
		opt->dirs_first = true;
		return true;
	case 'f':
		opt->hidden = LS_ALL;
		opt->sort_opt = LS_UNSORTED;
		if (opt->format_opt == LS_LONG)
			opt->format_opt = -1;
		opt->blocks = opt->color = false;
		return true;
	default:
		return false;
	}
}

/* Options that choose the format and its fields. */
static bool
option_fields(struct ls_options *opt, int key)
{
	switch (key) {
	case 'l':
		opt->format_opt = LS_LONG;
		return true;
	case 'g':
		opt->format_opt = LS_LONG;
		opt->owner = false;
		return true;
	case 'o':
		opt->format_opt = LS_LONG;
		opt->group = false;
		return true;
	case 'n':
		opt->format_opt = LS_LONG;
		opt->numeric = true;
		return true;
	case 'G':
		opt->group = false;
		return true;
	case 'O':
		opt->flags = true;
		return true;
	case K_AUTHOR:
		opt->author = true;
		return true;
	case 'C':
		opt->format_opt = LS_COLUMNS;
		return true;
	case 'x':
		opt->format_opt = LS_ACROSS;
		return true;
	case 'm':
		opt->format_opt = LS_COMMAS;
		return true;
	case '1':
		if (opt->format_opt != LS_LONG)
			opt->format_opt = LS_ONE;
		return true;
	case K_JSON:
		opt->format_opt = LS_JSON;
		return true;
	case 'i':
		opt->inode = true;
		return true;
	case 's':
		opt->blocks = true;
		return true;
	case 'c':
		opt->time = LS_CTIME;
		opt->time_given = true;
		return true;
	case 'u':
		opt->time = LS_ATIME;
		opt->time_given = true;
		return true;
	case K_FULL_TIME:
		opt->format_opt = LS_LONG;
		opt->time_style_opt = "full-iso";
		return true;
	default:
		return false;
	}
}

/* Options that choose how names and sizes look. */
static bool
option_looks(struct ls_options *opt, int key)
{
	switch (key) {
	case 'b':
		opt->quote_opt = FSU_QUOTE_ESCAPE;
		return true;
	case 'N':
		opt->quote_opt = FSU_QUOTE_LITERAL;
		return true;
	case 'Q':
		opt->quote_opt = FSU_QUOTE_C;
		return true;
	case 'q':
		opt->qmark_opt = 1;
		return true;
	case K_SHOW_CONTROL:
		opt->qmark_opt = 0;
		return true;
	case 'p':
		opt->mark = LS_SLASH;
		return true;
	case K_FILE_TYPE:
		opt->mark = LS_FILE_TYPE;
		return true;
	case 'h':
		set_units(opt, "human-readable");
		return true;
	case K_SI:
		set_units(opt, "si");
		return true;
	case 'k':
		opt->kibi_given = true;
		return true;
	case K_ZERO:
		opt->eol = '\0';
		opt->qmark_opt = 0;
		if (opt->format_opt != LS_LONG)
			opt->format_opt = LS_ONE;
		opt->color = false;
		opt->quote_opt = FSU_QUOTE_LITERAL;
		return true;
	default:
		return false;
	}
}

static int
quoting_option(const char *value)
{
	struct word words[FSU_QUOTE_NSTYLES + 1] = {{0}};

	for (int i = 0; i < FSU_QUOTE_NSTYLES; i++)
		words[i] = (struct word){fsu_quotestyle_names[i], i};
	return find_word(words, value, "quoting-style");
}

/* Options with a word or a number; 0 or FSU_USAGE. */
static int
option_values(struct ls_options *opt, int key, const char *value)
{
	int v = 0;

	switch (key) {
	case 'w':
		return numeric_option(
		    value, "line width", true, &opt->width_opt);
	case 'T':
		return numeric_option(value, "tab size", false, &opt->tab_opt);
	case K_BLOCK_SIZE:
		if (fsu_blocksize_parse(value, &opt->size_unit) != 0)
			return fsu_usage("invalid --block-size argument %s",
			    fsu_quote_msg(value));
		opt->block_unit = opt->size_unit;
		opt->size_given = true;
		return 0;
	case K_TIME_STYLE:
		opt->time_style_opt = value;
		return 0;
	case K_COLOR:
		v = parse_when(value, "color");
		opt->color = v > 0;
		break;
	case 'F':
		v = parse_when(value, "classify");
		if (v > 0)
			opt->mark = LS_CLASSIFY;
		break;
	case K_FORMAT:
		v = opt->format_opt = find_word(format_words, value, "format");
		break;
	case K_INDICATOR:
		v = find_word(indicator_words, value, "indicator-style");
		opt->mark = v < 0 ? LS_NO_MARK : (enum ls_indicator)v;
		break;
	case K_QUOTING:
		v = opt->quote_opt = quoting_option(value);
		break;
	case K_SORT:
		v = opt->sort_opt = find_word(sort_words, value, "sort");
		break;
	case K_TIME:
		v = find_word(time_words, value, "time");
		opt->time = v < 0 ? LS_MTIME : (enum ls_time)v;
		opt->time_given = true;
		break;
	default:
		return fsu_usage("unknown option");
	}
	return v < 0 ? FSU_USAGE : 0;
}

static int
ls_option(void *state, int key, const char *value)
{
	struct ls_options *opt = state;

	if (option_what(opt, key, value) || option_fields(opt, key) ||
	    option_looks(opt, key))
		return 0;
	return option_values(opt, key, value);
}

static void
ls_options_init(void *state)
{
	struct ls_options *opt = state;

	opt->format_opt = opt->sort_opt = opt->quote_opt = opt->qmark_opt = -1;
	opt->width_opt = opt->tab_opt = -1;
	opt->owner = opt->group = true;
	opt->eol = '\n';
	opt->size_unit.unit = 1;
}

static void
ls_options_free(void *state)
{
	struct ls_options *opt = state;
	struct ls_pattern *lists[2] = {opt->ignore, opt->hide};

	for (int i = 0; i < 2; i++) {
		while (lists[i] != NULL) {
			struct ls_pattern *next = lists[i]->next;

			free(lists[i]);
			lists[i] = next;
		}
	}
	while (opt->colors.ext != NULL) {
		struct fsu_colorext *next = opt->colors.ext->next;

		free(opt->colors.ext);
		opt->colors.ext = next;
	}
	free(opt->colors.mem);
	free(opt->time_style.mem);
}

/* ---- what follows from all of them ------------------------------------------------ */

static void
settle_format(struct ls_options *opt, bool tty)
{
	bool columns;

	opt->format = opt->format_opt >= 0 ? (enum ls_format)opt->format_opt
	    : tty			   ? LS_COLUMNS
					   : LS_ONE;
	columns = opt->format == LS_COLUMNS || opt->format == LS_ACROSS ||
	    opt->format == LS_COMMAS;
	opt->line_width = 80;
	if (opt->width_opt >= 0)
		opt->line_width = (size_t)opt->width_opt;
	else if (columns || opt->color)
		opt->line_width = fsu_term_width(STDOUT_FILENO);
	opt->tabsize = 8;
	if (opt->tab_opt >= 0) {
		opt->tabsize = (size_t)opt->tab_opt;
	} else if (columns) {
		const char *s = getenv("TABSIZE");
		long v;

		if (s != NULL && parse_columns(s, &v))
			opt->tabsize = (size_t)v;
		else if (s != NULL)
			fsu_msg("ignoring invalid tab size in environment "
				"variable TABSIZE: %s",
			    fsu_quote_msg(s));
	}
	if (opt->sort_opt >= 0)
		opt->sort = (enum ls_sort)opt->sort_opt;
	else if (opt->time_given && opt->format != LS_LONG &&
	    opt->format != LS_JSON)
		opt->sort = LS_BY_TIME;
}

static void
settle_quoting(struct ls_options *opt, bool tty)
{
	const char *env = getenv("QUOTING_STYLE");
	int style = opt->quote_opt;

	if (style < 0 && env != NULL) {
		for (int i = 0; i < FSU_QUOTE_NSTYLES; i++) {
			if (strcmp(env, fsu_quotestyle_names[i]) == 0)
				style = i;
		}
		if (style < 0)
			fsu_msg("ignoring invalid value of environment "
				"variable QUOTING_STYLE: %s",
			    fsu_quote_msg(env));
	}
	if (style < 0)
		style = tty ? FSU_QUOTE_SHELL_ESCAPE : FSU_QUOTE_LITERAL;
	opt->quoting.style = (enum fsu_quotestyle)style;
	opt->quoting.qmark = opt->qmark_opt < 0 ? tty : opt->qmark_opt > 0;
	opt->align_quotes = (opt->format == LS_LONG ||
				((opt->format == LS_COLUMNS ||
				     opt->format == LS_ACROSS) &&
				    opt->line_width != 0)) &&
	    (style == FSU_QUOTE_SHELL || style == FSU_QUOTE_SHELL_ESCAPE ||
		style == FSU_QUOTE_C_MAYBE);
	strcpy(opt->quoting.also, style == FSU_QUOTE_ESCAPE ? " " : "");
	opt->dir_quoting = opt->quoting;
	strcat(opt->dir_quoting.also, ":");
	if (opt->mark == LS_FILE_TYPE)
		strcat(opt->quoting.also, "*=>@|");
	else if (opt->mark == LS_CLASSIFY)
		strcat(opt->quoting.also, "=>@|");
}

static void
settle_colors(struct ls_options *opt)
{
	const struct fsu_colors *c = &opt->colors;

	opt->check_targets = opt->dirs_first;
	if (!opt->color)
		return;
	opt->color = fsu_colors_init(&opt->colors);
	if (!opt->color)
		return;
	opt->tabsize = 0;
	if (fsu_color_set(c, FSU_COLOR_ORPHAN) ||
	    (fsu_color_set(c, FSU_COLOR_EXEC) && c->link_as_target) ||
	    (fsu_color_set(c, FSU_COLOR_MISSING) && opt->format == LS_LONG))
		opt->check_targets = true;
	opt->want_caps = fsu_color_set(c, FSU_COLOR_CAP);
}

static void
settle_units(struct ls_options *opt)
{
	if (opt->size_given)
		return;
	fsu_blocksize_env("LS_BLOCK_SIZE", &opt->block_unit);
	if (getenv("LS_BLOCK_SIZE") != NULL || getenv("BLOCK_SIZE") != NULL)
		opt->size_unit = opt->block_unit;
	if (opt->kibi_given)
		opt->block_unit = (struct fsu_blocksize){1024, 0};
}

static int
settle_times(struct ls_options *opt)
{
	const char *style = opt->time_style_opt;
	bool given = style != NULL;

	if (!given)
		style = getenv("TIME_STYLE");
	if (style == NULL)
		style = "locale";
	if (fsu_timestyle_init(&opt->time_style, style) == 0)
		return 0;
	return fsu_usage(
	    "invalid time style %s (full-iso, long-iso, iso, locale "
	    "or +FORMAT)",
	    fsu_quote_msg(style));
}

static int
ls_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct ls_options *opt = state;
	bool tty = isatty(STDOUT_FILENO);
	bool by_name;

	(void)f;
	(void)n;
	(void)operands;
	settle_format(opt, tty);
	by_name = opt->sort != LS_UNSORTED && opt->sort != LS_BY_VERSION;
	fsu_locale_init(by_name, opt->format == LS_LONG);
	settle_quoting(opt, tty);
	settle_colors(opt);
	settle_units(opt);
	if (opt->follow == LS_FOLLOW_DEFAULT)
		opt->follow = opt->dirs_as_files || opt->mark == LS_CLASSIFY ||
			opt->format == LS_LONG || opt->format == LS_JSON
		    ? LS_FOLLOW_NEVER
		    : LS_FOLLOW_OPERAND_DIRS;
	opt->follow_entries = opt->follow == LS_FOLLOW_ALWAYS &&
	    (opt->format == LS_LONG || opt->format == LS_JSON ||
		opt->sort == LS_BY_TIME || opt->sort == LS_BY_SIZE ||
		opt->blocks || opt->inode || opt->recursive || opt->color ||
		opt->mark != LS_NO_MARK || opt->dirs_first);
	opt->want_acl = opt->format == LS_LONG;
	if (opt->format == LS_JSON ||
	    (opt->format == LS_LONG && !opt->numeric &&
		(opt->owner || opt->group || opt->author)))
		fsu_ids_load_host();
	return opt->format == LS_LONG ? settle_times(opt) : 0;
}

const struct fsu_command fsu_ls_command = {
    .name = "fsu_ls",
    .synopsis = "[OPTION]... IMAGE [FILE]...",
    .summary = "List what is in an image, as ls(1) lists files.",
    .options = ls_option_table,
    .noptions = sizeof(ls_option_table) / sizeof(*ls_option_table),
    .flags = FSU_READS | FSU_GLOBS,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct ls_options),
    .init = ls_options_init,
    .option = ls_option,
    .prepare = ls_prepare,
    .run = ls_run,
    .done = ls_options_free,
};
