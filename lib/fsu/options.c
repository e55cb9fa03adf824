/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options from tables: parsing as GNU's getopt_long does it, and --help.
 *
 * The rules on the image argument need a parser that hands out operands in the
 * order of the line, and everything that knows options (help, completion) needs
 * them as data; so this isn't getopt.
 */
#include <stdlib.h>
#include <string.h>

#include "fsu.h"

/* ---- parsing ---------------------------------------------------------------- */

static const struct fsu_option *
find_short(const struct fsu_optparser *op, int key)
{
	size_t i;
	int t;

	for (t = 0; t < 2; t++)
		for (i = 0; i < op->op_n[t]; i++)
			if (op->op_table[t][i].key == key)
				return &op->op_table[t][i];
	return NULL;
}

/* NULL: unknown; *ambiguous: several begin so. */
static const struct fsu_option *
find_long(const struct fsu_optparser *op, const char *name, size_t len,
    bool *ambiguous)
{
	const struct fsu_option *o, *found;
	size_t i;
	int t;

	*ambiguous = false;
	found = NULL;
	for (t = 0; t < 2; t++)
		for (i = 0; i < op->op_n[t]; i++) {
			o = &op->op_table[t][i];
			if (o->longname == NULL ||
			    strncmp(o->longname, name, len) != 0)
				continue;
			if (o->longname[len] == '\0')
				return o;
			if (found != NULL && found->key != o->key)
				*ambiguous = true;
			if (found == NULL)
				found = o;
		}
	return *ambiguous ? NULL : found;
}

static int
next_long(struct fsu_optparser *op, const char *arg, const char **valuep)
{
	const struct fsu_option *o;
	const char *eq;
	bool ambiguous;
	size_t len;

	eq = strchr(arg, '=');
	len = eq != NULL ? (size_t)(eq - arg) : strlen(arg);
	o = find_long(op, arg, len, &ambiguous);
	if (o == NULL) {
		fsu_usage("%s option '--%.*s'",
		    ambiguous ? "ambiguous" : "unrecognized", (int)len, arg);
		return FSU_OPT_ERROR;
	}
	*valuep = eq != NULL ? eq + 1 : NULL;
	if (o->arg == FSU_NOARG && eq != NULL) {
		fsu_usage(
		    "option '--%s' doesn't allow an argument", o->longname);
		return FSU_OPT_ERROR;
	}
	if (o->arg == FSU_ARG && eq == NULL) {
		if (op->op_next >= op->op_argc) {
			fsu_usage(
			    "option '--%s' requires an argument", o->longname);
			return FSU_OPT_ERROR;
		}
		*valuep = op->op_argv[op->op_next++];
	}
	return o->key;
}

static int
next_short(struct fsu_optparser *op, const char **valuep)
{
	const struct fsu_option *o;
	int key;

	key = (unsigned char)*op->op_cluster++;
	o = find_short(op, key);
	if (o == NULL) {
		fsu_usage("invalid option -- '%c'", key);
		return FSU_OPT_ERROR;
	}
	*valuep = NULL;
	if ((o->arg == FSU_ARG ||
		(o->arg == FSU_OPTARG && o->longname == NULL)) &&
	    *op->op_cluster != '\0') {
		*valuep = op->op_cluster;
		op->op_cluster = NULL;
	} else if (o->arg == FSU_ARG) {
		op->op_cluster = NULL;
		if (op->op_next >= op->op_argc) {
			fsu_usage("option requires an argument -- '%c'", key);
			return FSU_OPT_ERROR;
		}
		*valuep = op->op_argv[op->op_next++];
	}
	if (op->op_cluster != NULL && *op->op_cluster == '\0')
		op->op_cluster = NULL;
	return key;
}

int
fsu_opt_next(struct fsu_optparser *op, const char **valuep)
{
	const char *arg;

	*valuep = NULL;
	if (op->op_cluster != NULL)
		return next_short(op, valuep);
	if (op->op_next >= op->op_argc)
		return FSU_OPT_END;
	arg = op->op_argv[op->op_next++];
	if (!op->op_ended && arg[0] == '-' && arg[1] != '\0') {
		if (strcmp(arg, "--") == 0) {
			op->op_ended = true;
			return fsu_opt_next(op, valuep);
		}
		if (arg[1] == '-')
			return next_long(op, arg + 2, valuep);
		op->op_cluster = arg + 1;
		return next_short(op, valuep);
	}
	if (op->op_posix)
		op->op_ended = true;
	*valuep = arg;
	return FSU_OPT_OPERAND;
}

/* ---- help --------------------------------------------------------------------- */

#define LINES_MAX 19 /* of options, for all to fit a screen */
#define SCREEN	  80
#define COLUMN	  40 /* where the second one begins */

/* "-s, --size=SIZE", or in short form "-s" alone. */
static void
option_names(const struct fsu_option *o, bool brief, char *buf, size_t size)
{
	const char *arg = o->argname != NULL ? o->argname : "ARG";
	bool letter = o->key > ' ' && o->key < FSU_KEY_LONG;
	size_t n;

	buf[0] = '\0';
	n = 0;
	if (letter)
		n = (size_t)snprintf(buf, size, "-%c", o->key);
	if (o->longname != NULL && !(brief && letter)) {
		n += (size_t)snprintf(buf + n, size - n, "%s--%s",
		    letter ? ", " : "", o->longname);
		if (o->arg != FSU_NOARG)
			snprintf(buf + n, size - n,
			    o->arg == FSU_OPTARG ? "[=%s]" : "=%s", arg);
	} else if (o->arg == FSU_ARG)
		snprintf(buf + n, size - n, " %s", arg);
}

static size_t
shown(const struct fsu_option *table, size_t n)
{
	size_t i, count;

	count = 0;
	for (i = 0; i < n; i++)
		count += table[i].help != NULL;
	return count;
}

/* A line, broken between words where it is wider than the screen. */
static void
print_wrapped(const char *text, size_t indent)
{
	size_t len, room, cut;
	bool first = true;

	for (;; first = false) {
		len = strlen(text);
		room = first ? SCREEN : SCREEN - indent;
		cut = len;
		if (len > room)
			for (cut = room; cut > indent && text[cut] != ' ';)
				cut--;
		if (cut <= indent && len > room)
			cut = len; /* one long word */
		printf(
		    "%*s%.*s\n", first ? 0 : (int)indent, "", (int)cut, text);
		if (cut == len)
			return;
		text += cut + 1;
	}
}

static void
help_list(const struct fsu_option *table, size_t n)
{
	char names[64], *line;
	size_t i, width, len;

	width = 0;
	for (i = 0; i < n; i++) {
		if (table[i].help == NULL)
			continue;
		option_names(&table[i], false, names, sizeof(names));
		len = strlen(names);
		if (len > width && len <= 26)
			width = len;
	}
	for (i = 0; i < n; i++) {
		if (table[i].help == NULL)
			continue;
		option_names(&table[i], false, names, sizeof(names));
		line = fsu_asprintf(
		    "  %-*s  %s", (int)width, names, table[i].help);
		print_wrapped(line, width + 4);
		free(line);
	}
}

static void
option_cell(const struct fsu_option *o, char *buf, size_t size)
{
	char names[64];

	option_names(o, true, names, sizeof(names));
	snprintf(buf, size, " %-3s%s%s", names, strlen(names) > 3 ? "  " : " ",
	    o->help);
}

/* More options than lines: two in a line where they fit. */
static void
help_columns(const struct fsu_option *table, size_t n)
{
	char left[160], right[160];
	size_t i, k;

	for (i = 0; i < n; i = k) {
		k = i + 1;
		if (table[i].help == NULL)
			continue;
		option_cell(&table[i], left, sizeof(left));
		while (k < n && table[k].help == NULL)
			k++;
		if (k < n && strlen(left) < COLUMN) {
			option_cell(&table[k], right, sizeof(right));
			if (strlen(right) <= SCREEN - COLUMN) {
				printf("%-*s%s\n", COLUMN, left, right);
				k++;
				continue;
			}
		}
		print_wrapped(left, 5);
	}
}

void
fsu_opt_help(const char *name, const char *synopsis, const char *summary,
    const struct fsu_option *table, size_t n)
{
	const char *nl;

	for (;;) {
		nl = strchr(synopsis, '\n');
		printf("usage: %s %.*s\n", name,
		    nl != NULL ? (int)(nl - synopsis) : (int)strlen(synopsis),
		    synopsis);
		if (nl == NULL)
			break;
		synopsis = nl + 1;
	}
	printf("%s\n", summary);
	if (shown(table, n) > LINES_MAX)
		help_columns(table, n);
	else
		help_list(table, n);
}

void
fsu_opt_version(const char *name)
{
	printf("%s (fs-utils) %s\n", name, FSU_VERSION);
}
