/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * completion: write bash's completion for all commands, from their option tables.
 *
 * What can't be known from a table (is an operand a name in the image or on the
 * host?) is in two lists here.  The functions that use the tables are in
 * completion.bash, which this program copies behind them:
 *	completion COMPLETION.BASH >FILE
 *
 * _fsu_table COMMAND sets: longs, shorts (options as they are typed), vals
 * ("OPTION:KIND", of those that take a value) and operands (a kind for each behind
 * IMAGE, the last one for all that follow).  Kinds: i a name in the image, h on the
 * host, b either, d a folder of the host, c a command of the host, t a file system's
 * type, m mount options, n nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/makefs/makefs_options.h"
#include "cmd/newfs-img/newfs_options.h"
#include "fsu/fsu_impl.h"

static const struct {
	const char *command, *kinds;
} operands[] = {
    {"fsu_chflags",
	"ni"}, /* flags, groups, modes, owners, patterns come first */
    {"fsu_chgrp", "ni"},
    {"fsu_chmod", "ni"},
    {"fsu_chown", "ni"},
    {"fsu_grep", "ni"},
    {"fsu_diff", "b"},
    {"fsu_ecp", "b"},
    {"fsu_emv", "b"},
    {"fsu_exec", "cb"},
    {"fsu_get", "ib"},
    {"fsu_part", "n"},
    {"fsu_put", "hb"},
    {"fsu_sh", "n"},
    {"makefs", "h"},
    {"newfs-img", "n"},
};

/* Values of options that name files; command "": of any other. */
static const struct {
	const char *command, *argname;
	char kind;
} values[] = {
    {"fsu_get", "DIR", 'd'},
    {"fsu_sh", "FILE", 'h'},
    {"fsu_du", "F", 'h'},
    {"fsu_tar", "FILE", 'h'},
    {"fsu_grep", "FILE", 'h'},
    {"makefs", "DIR", 'd'},
    {"", "MTREE", 'h'},
    {"", "IMAGE", 'h'},
    {"", "IMAGE2", 'h'},
    {"", "FILE", 'i'},
    {"", "RFILE", 'i'},
    {"", "DIR", 'i'},
    {"", "DIRECTORY", 'i'},
    {"", "TYPE", 't'},
};

/* fsu_find -type and the like aren't file systems' types. */
static char
value_kind(const char *command, const struct fsu_option *o)
{
	const char *name = o->argname != NULL ? o->argname : "";
	bool formatter = strncmp(command, "fsu_", 4) != 0;
	size_t i;

	if (o->longname != NULL && strstr(o->longname, "host") != NULL)
		return 'h';
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (strcmp(values[i].argname, name) != 0 ||
		    (*values[i].command != '\0' &&
			strcmp(values[i].command, command) != 0))
			continue;
		return values[i].kind == 't' && !formatter ? 'n'
							   : values[i].kind;
	}
	return 'n';
}

static bool
has_letter(const struct fsu_option *o)
{
	return o->key > ' ' && o->key < 127;
}

/* The words of find's language stand in its summary. */
static void
print_raw_words(const char *text)
{
	size_t len;

	while ((text = strchr(text, '-')) != NULL) {
		len = 1 + strspn(text + 1, "abcdefghijklmnopqrstuvwxyz0XY");
		if (len > 2 && (text[-1] == ' ' || text[-1] == '\n'))
			printf("%.*s ", (int)len, text);
		text += len;
	}
}

static void
print_table(
    const char *command, const struct fsu_option *o, size_t n, const char *raw)
{
	const char *kinds = "i";
	size_t i;

	for (i = 0; i < sizeof(operands) / sizeof(operands[0]); i++)
		if (strcmp(operands[i].command, command) == 0)
			kinds = operands[i].kinds;
	printf("\t%s)\n\t\toperands=%s\n\t\tlongs='", command, kinds);
	for (i = 0; i < n; i++)
		if (o[i].longname != NULL)
			printf("--%s%s ", o[i].longname,
			    o[i].arg == FSU_ARG ? "=" : "");
	if (raw != NULL)
		print_raw_words(raw);
	printf("'\n\t\tshorts='");
	for (i = 0; i < n; i++)
		if (has_letter(&o[i]) && o[i].key != '\'')
			printf("-%c ", o[i].key);
	printf("'\n\t\tvals='");
	for (i = 0; i < n; i++) {
		if (o[i].arg == FSU_NOARG)
			continue;
		/* Only after = or in the same word where it may be left out. */
		if (has_letter(&o[i]) && o[i].arg == FSU_ARG)
			printf("-%c:%c ", o[i].key, value_kind(command, &o[i]));
		if (o[i].longname != NULL)
			printf("--%s:%c ", o[i].longname,
			    value_kind(command, &o[i]));
	}
	printf("'\n\t\t;;\n");
}

static int
copy(const char *path)
{
	FILE *in = fopen(path, "r");
	int c;

	if (in == NULL)
		return -1;
	while ((c = getc(in)) != EOF)
		putchar(c);
	fclose(in);
	return 0;
}

int
main(int argc, char **argv)
{
	char *types;
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: completion COMPLETION.BASH >FILE\n");
		return 2;
	}
	printf(
	    "# Completion of fs-utils for bash, made of the commands' option "
	    "tables.\n");
	types = fsu_known_types();
	printf("_fsu_types='%s'\n\n", types);
	free(types);
	printf("_fsu_table() {\n\tcase $1 in\n");
	for (i = 0; i < fsu_ncommands; i++)
		if (!(fsu_commands[i]->flags & FSU_HIDDEN))
			print_table(fsu_commands[i]->name,
			    fsu_commands[i]->options, fsu_commands[i]->noptions,
			    fsu_commands[i]->flags & FSU_RAWARGS
				? fsu_commands[i]->summary
				: NULL);
	print_table("makefs", makefs_options, makefs_noptions, NULL);
	print_table("newfs-img", newfs_img_options, newfs_img_noptions, NULL);
	printf("\t*)\n\t\treturn 1\n\t\t;;\n\tesac\n}\n\n");
	if (copy(argv[1]) != 0) {
		perror(argv[1]);
		return 1;
	}
	printf("complete -F _fsu");
	for (i = 0; i < fsu_ncommands; i++)
		if (!(fsu_commands[i]->flags & FSU_HIDDEN))
			printf(" %s", fsu_commands[i]->name);
	printf(" makefs newfs-img\n");
	return fflush(stdout) == 0 ? 0 : 1;
}
