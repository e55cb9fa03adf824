/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_find's primaries: the table, and those that are about the walk itself.
 */
#include <stdlib.h>
#include <string.h>

#include "find.h"

/* ---- options, which are always true --------------------------------------------------- */

static int
find_parse_levels(struct find_parser *p, struct find_node *n)
{
	bool min = n->primary->name[1] == 'i';

	n->arg = find_argument(p, n);
	if (n->arg == NULL)
		return FSU_USAGE;
	if (!find_parse_number(n->arg, &n->num) || n->num.sign != '\0' ||
	    n->num.value > 0x7fffffff)
		return fsu_usage("%s takes a number, not %s", n->word,
		    fsu_quote_msg(n->arg));
	if (min)
		p->s->opt.mindepth = (unsigned)n->num.value;
	else
		p->s->opt.maxdepth = (unsigned)n->num.value;
	return FSU_OK;
}

static int
find_parse_flag(struct find_parser *p, struct find_node *n)
{
	struct find_options *opt = &p->s->opt;

	switch (n->primary->name[0]) {
	case 'd':
		if (n->primary->name[1] == 'a') {
			opt->daystart = true;
		} else {
			opt->depth = true;
			p->s->depth_said = true;
		}
		break;
	case 'f':
		opt->follow = 'L';
		break;
	case 'm':
	case 'x':
		opt->xdev = true;
		break;
	}
	return FSU_OK;
}

static bool
find_true(struct find_ctx *c, struct find_node *n)
{
	(void)c;
	(void)n;
	return true;
}

static bool
find_false(struct find_ctx *c, struct find_node *n)
{
	(void)c;
	(void)n;
	return false;
}

/* ---- actions on the walk and on the image ------------------------------------------------- */

static int
find_parse_prune(struct find_parser *p, struct find_node *n)
{
	(void)n;
	p->s->prune_used = true;
	return FSU_OK;
}

static bool
find_do_prune(struct find_ctx *c, struct find_node *n)
{
	(void)n;
	c->prune = true;
	return true;
}

static bool
find_do_quit(struct find_ctx *c, struct find_node *n)
{
	(void)n;
	c->quit = true;
	return true;
}

static int
find_parse_delete(struct find_parser *p, struct find_node *n)
{
	(void)n;
	p->s->delete_used = true;
	return FSU_OK;
}

static bool
find_do_delete(struct find_ctx *c, struct find_node *n)
{
	bool dir = (c->st->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR;
	size_t len;
	const char *base;
	int r;

	(void)n;
	base = find_basename(c->path, c->pathlen, &len);
	if (c->level == 0 && dir && len == 1 && (*base == '.' || *base == '/'))
		return true; /* what we stand on stays */
	r = rump_sys_unlinkat(c->dirfd, c->name, dir ? RUMP_AT_REMOVEDIR : 0);
	if (r == -RUMP_ENOTDIR && dir) /* a link that -L follows */
		r = rump_sys_unlinkat(c->dirfd, c->name, 0);
	if (r >= 0)
		return true;
	fsu_errorf(c->f, "cannot delete %s: %s", fsu_quote_msg(c->path),
	    fsu_strerror(r));
	return false;
}

/* ---- all ---------------------------------------------------------------------------------------- */

#define OPTION(word, parse)                     \
	{                                       \
		word, 0, parse, NULL, find_true \
	}
#define TEST(word, parse, eval)            \
	{                                  \
		word, 0, parse, NULL, eval \
	}
#define ACTION(word, parse, eval)                    \
	{                                            \
		word, FIND_ACTION, parse, NULL, eval \
	}
#define EXEC(word)                                                    \
	{                                                             \
		word, FIND_ACTION | FIND_RUNS, find_parse_exec, NULL, \
		    find_do_exec                                      \
	}

const struct find_primary find_primaries[] = {
    OPTION("d", find_parse_flag),
    OPTION("daystart", find_parse_flag),
    OPTION("depth", find_parse_flag),
    OPTION("follow", find_parse_flag),
    OPTION("ignore_readdir_race", NULL),
    OPTION("noignore_readdir_race", NULL),
    OPTION("maxdepth", find_parse_levels),
    OPTION("mindepth", find_parse_levels),
    OPTION("mount", find_parse_flag),
    OPTION("noleaf", NULL),
    OPTION("nowarn", NULL),
    OPTION("regextype", find_parse_regextype),
    OPTION("warn", NULL),
    OPTION("xdev", find_parse_flag),

    TEST("amin", find_parse_age, find_test_age),
    TEST("atime", find_parse_age, find_test_age),
    TEST("cmin", find_parse_age, find_test_age),
    TEST("ctime", find_parse_age, find_test_age),
    TEST("mmin", find_parse_age, find_test_age),
    TEST("mtime", find_parse_age, find_test_age),
    {"anewer", 0, find_parse_newer, find_resolve_newer, find_test_newer},
    {"cnewer", 0, find_parse_newer, find_resolve_newer, find_test_newer},
    {"newer", 0, find_parse_newer, find_resolve_newer, find_test_newer},
    {"newerXY", 0, find_parse_newer, find_resolve_newer, find_test_newer},
    TEST("used", find_parse_used, find_test_used),
    TEST("empty", NULL, find_test_empty),
    TEST("executable", NULL, find_test_access),
    TEST("readable", NULL, find_test_access),
    TEST("writable", NULL, find_test_access),
    TEST("false", NULL, find_false),
    TEST("true", NULL, find_true),
    TEST("fstype", find_parse_string, find_test_fstype),
    TEST("gid", find_parse_count, find_test_gid),
    TEST("uid", find_parse_count, find_test_uid),
    {"group", FIND_IDS, find_parse_string, find_resolve_owner, find_test_group},
    {"user", FIND_IDS, find_parse_string, find_resolve_owner, find_test_user},
    {"nogroup", FIND_IDS, NULL, NULL, find_test_nogroup},
    {"nouser", FIND_IDS, NULL, NULL, find_test_nouser},
    TEST("iname", find_parse_string, find_test_name),
    TEST("name", find_parse_string, find_test_name),
    TEST("ilname", find_parse_string, find_test_lname),
    TEST("lname", find_parse_string, find_test_lname),
    TEST("ipath", find_parse_string, find_test_path),
    TEST("iwholename", find_parse_string, find_test_path),
    TEST("path", find_parse_string, find_test_path),
    TEST("wholename", find_parse_string, find_test_path),
    TEST("iregex", find_parse_regex, find_test_regex),
    TEST("regex", find_parse_regex, find_test_regex),
    TEST("inum", find_parse_count, find_test_inum),
    TEST("links", find_parse_count, find_test_links),
    TEST("perm", find_parse_perm, find_test_perm),
    {"samefile", 0, find_parse_string, find_resolve_samefile,
	find_test_samefile},
    TEST("size", find_parse_size, find_test_size),
    TEST("type", find_parse_type, find_test_type),
    TEST("xtype", find_parse_type, find_test_xtype),

    {"prune", 0, find_parse_prune, NULL, find_do_prune},
    TEST("quit", NULL, find_do_quit), /* what is true is printed all the same */
    {"delete", FIND_ACTION | FIND_CHANGES | FIND_DEPTH, find_parse_delete, NULL,
	find_do_delete},
    ACTION("print", find_parse_output, find_do_print),
    ACTION("fprint", find_parse_output, find_do_print),
    ACTION("print0", find_parse_output, find_do_print0),
    ACTION("fprint0", find_parse_output, find_do_print0),
    {"printf", FIND_ACTION | FIND_IDS, find_parse_printf, NULL, find_do_printf},
    {"fprintf", FIND_ACTION | FIND_IDS, find_parse_printf, NULL,
	find_do_printf},
    {"ls", FIND_ACTION | FIND_IDS, find_parse_output, NULL, find_do_ls},
    {"fls", FIND_ACTION | FIND_IDS, find_parse_output, NULL, find_do_ls},
    {"json", FIND_ACTION | FIND_IDS, find_parse_output, NULL, find_do_json},
    EXEC("exec"),
    EXEC("execdir"),
    EXEC("ok"),
    EXEC("okdir"),
};
const size_t find_nprimaries = sizeof(find_primaries) /
    sizeof(find_primaries[0]);
