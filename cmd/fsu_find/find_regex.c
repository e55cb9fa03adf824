/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * -regex, -iregex, -regextype: libc's matcher with the syntaxes that GNU find
 * knows by these names.  The whole path has to match.
 */
#include <stdlib.h>
#include <string.h>

#include "find.h"

static const struct {
	const char *name;
	reg_syntax_t syntax;
} syntaxes[] = {
    {"findutils-default", RE_SYNTAX_EMACS | RE_DOT_NEWLINE},
    {"ed", RE_SYNTAX_ED},
    {"emacs", RE_SYNTAX_EMACS},
    {"gnu-awk", RE_SYNTAX_GNU_AWK},
    {"grep", RE_SYNTAX_GREP},
    {"posix-awk", RE_SYNTAX_POSIX_AWK},
    {"awk", RE_SYNTAX_AWK},
    {"posix-basic", RE_SYNTAX_POSIX_BASIC},
    {"posix-egrep", RE_SYNTAX_POSIX_EGREP},
    {"egrep", RE_SYNTAX_EGREP},
    {"posix-extended", RE_SYNTAX_POSIX_EXTENDED},
    {"posix-minimal-basic", RE_SYNTAX_POSIX_MINIMAL_BASIC},
    {"sed", RE_SYNTAX_SED},
};
#define NSYNTAXES (sizeof(syntaxes) / sizeof(syntaxes[0]))

int
find_parse_regextype(struct find_parser *p, struct find_node *n)
{
	char list[256] = "";
	size_t i, len;

	n->arg = find_argument(p, n);
	if (n->arg == NULL)
		return FSU_USAGE;
	for (i = 0; i < NSYNTAXES; i++)
		if (strcmp(syntaxes[i].name, n->arg) == 0) {
			p->s->opt.syntax = syntaxes[i].syntax;
			return FSU_OK;
		}
	for (i = len = 0; i < NSYNTAXES && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
		    i > 0 ? ", " : "", syntaxes[i].name);
	return fsu_usage("unknown regular expression type %s; known are %s",
	    fsu_quote_msg(n->arg), list);
}

int
find_parse_regex(struct find_parser *p, struct find_node *n)
{
	const char *error;

	if (find_parse_string(p, n) != FSU_OK)
		return FSU_USAGE;
	n->regex = fsu_calloc(1, sizeof(*n->regex));
	re_set_syntax(p->s->opt.syntax | (n->fold ? RE_ICASE : 0));
	error = re_compile_pattern(n->arg, strlen(n->arg), n->regex);
	if (error == NULL)
		return FSU_OK;
	return fsu_usage(
	    "regular expression %s: %s", fsu_quote_msg(n->arg), error);
}

bool
find_test_regex(struct find_ctx *c, struct find_node *n)
{
	int len = (int)c->pathlen;

	return re_match(n->regex, c->path, len, 0, NULL) == len;
}
