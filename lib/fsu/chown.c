/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_chown and fsu_chgrp: GNU chown(1) and chgrp(1) in an image.
 *
 * The reference is coreutils 9.1, and its order: a directory follows what is in
 * it.  -R alone follows no link and changes links themselves; with -H or -L what a
 * link leads to is changed.  With -h, links are changed themselves, also those that
 * were followed.  Set-id bits go as chown(2) on Linux
 * has them go.
 */
#include <stdlib.h>
#include <string.h>

#include "fsu/chown.h"
#include "fsu/fmt.h"

enum {
	K_REFERENCE = FSU_KEY_LONG,
	K_PRESERVE,
	K_NO_PRESERVE,
	K_DEREF,
	K_FROM,
};

const struct fsu_option fsu_chown_options[] = {
    {'c', "changes", FSU_NOARG, NULL, "like -v, but only changes"},
    {'f', "silent", FSU_NOARG, NULL, "no messages for most errors"},
    {'f', "quiet", FSU_NOARG, NULL, NULL},
    {'v', "verbose", FSU_NOARG, NULL, "say what is done with each file"},
    {'R', "recursive", FSU_NOARG, NULL, "directories and what is in them"},
    {'H', NULL, FSU_NOARG, NULL, "with -R: follow operands that are links"},
    {'L', NULL, FSU_NOARG, NULL, "with -R: follow every link"},
    {'P', NULL, FSU_NOARG, NULL, "with -R: follow none (default)"},
    {'h', "no-dereference", FSU_NOARG, NULL, "links themselves"},
    {K_DEREF, "dereference", FSU_NOARG, NULL, "what links lead to (default)"},
    {K_FROM, "from", FSU_ARG, "OWNER:GROUP", "only files of that owner"},
    {K_REFERENCE, "reference", FSU_ARG, "FILE", "as FILE in the image has it"},
    {K_PRESERVE, "preserve-root", FSU_NOARG, NULL, "refuse -R on /"},
    {K_NO_PRESERVE, "no-preserve-root", FSU_NOARG, NULL, "allow it (default)"},
};
_Static_assert(sizeof(fsu_chown_options) / sizeof(*fsu_chown_options) ==
	FSU_CHOWN_NOPTIONS,
    "the commands' tables say how many");

void
fsu_chown_init(void *state)
{
	struct fsu_chown *c = state;

	c->deref = -1;
	c->to.uid = c->to.gid = c->from.uid = c->from.gid = FSU_NO_ID;
	c->tree.follow = 'P';
}

int
fsu_chown_option(void *state, int key, const char *value)
{
	struct fsu_chown *c = state;

	switch (key) {
	case 'c':
	case 'v':
		c->say = (char)key;
		break;
	case 'f':
		c->force = true;
		break;
	case 'R':
		c->tree.recursive = true;
		break;
	case 'H':
	case 'L':
	case 'P':
		c->tree.follow = (char)key;
		break;
	case 'h':
		c->deref = 0;
		break;
	case K_DEREF:
		c->deref = 1;
		break;
	case K_FROM:
		c->from_text = value;
		break;
	case K_REFERENCE:
		c->reference = value;
		break;
	case K_PRESERVE:
	case K_NO_PRESERVE:
		c->tree.preserve_root = key == K_PRESERVE;
		break;
	}
	return 0;
}

int
fsu_chown_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct fsu_chown *c = state;

	(void)f;
	if (n == 1 && c->reference == NULL)
		return fsu_usage(
		    "missing operand after %s", fsu_quote_msg(operands[0]));
	if (n == 0)
		return fsu_usage("missing operand");
	if (!c->tree.recursive) {
		c->tree.follow = 'P'; /* what links lead to is looked at here */
	} else if (c->tree.follow == 'P') {
		if (c->deref == 1)
			return fsu_usage(
			    "-R --dereference requires either -H or -L");
		c->deref = 0;
	}
	fsu_ids_load_host();
	return FSU_OK;
}

/* ---- messages ------------------------------------------------------------------- */

static char *
user_group(const char *user, const char *group)
{
	if (user != NULL && group != NULL)
		return fsu_asprintf("%s:%s", user, group);
	if (user != NULL || group != NULL)
		return fsu_strdup(user != NULL ? user : group);
	return NULL;
}

static const char *
id_text(const char *name, uint32_t id, char buf[16])
{
	if (name != NULL)
		return name;
	snprintf(buf, 16, "%u", id);
	return buf;
}

enum chown_result { R_FAILED, R_SAME, R_CHANGED };

/* "changed ownership of 'x' from a to b", or of its group. */
static void
describe(const struct fsu_chown *c, const char *path, enum chown_result result,
    const struct rump_stat *st)
{
	static const char *const words[] = {
	    [R_FAILED] = "failed to change ",
	    [R_SAME] = "",
	    [R_CHANGED] = "changed ",
	};
	const char *user = c->to.user, *group = c->to.group;
	struct fsu_out *o = &fsu_stdout;
	char *now, *before = NULL, ub[16], gb[16], nub[16], ngb[16];

	if (user == NULL && c->to.uid != FSU_NO_ID)
		user = id_text(NULL, c->to.uid, nub);
	if (group == NULL && c->to.gid != FSU_NO_ID)
		group = id_text(NULL, c->to.gid, ngb);
	now = user_group(user, group);
	if (st != NULL)
		before = user_group(user == NULL
			? NULL
			: id_text(fsu_user_name(st->st_uid), st->st_uid, ub),
		    group == NULL
			? NULL
			: id_text(fsu_group_name(st->st_gid), st->st_gid, gb));
	if (now == NULL && result == R_CHANGED) {
		fsu_out_str(o, "no change to ");
	} else {
		fsu_out_str(o, words[result]);
	}
	fsu_out_str(
	    o, user == NULL && group != NULL ? "group of " : "ownership of ");
	fsu_out_str(o, fsu_quote_msg(path));
	if (result == R_SAME) {
		fsu_out_str(o, " retained");
		if (before != NULL) {
			fsu_out_str(o, " as ");
			fsu_out_str(o, before);
		}
	} else if (now != NULL) {
		if (before != NULL) {
			fsu_out_str(o, " from ");
			fsu_out_str(o, before);
		}
		fsu_out_str(o, " to ");
		fsu_out_str(o, now);
	}
	fsu_out_char(o, '\n');
	free(now);
	free(before);
}

static void
complain(struct fsu_chown *c, const char *what, const char *path, int error)
{
	c->failed = true;
	if (!c->force)
		fsu_errorf(c->f, "%s %s: %s", what, fsu_quote_msg(path),
		    fsu_strerror(error));
}

/* ---- changing ------------------------------------------------------------------- */

static bool
is_link(const struct rump_stat *st)
{
	return (st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK;
}

static bool
matches(const struct fsu_owner *from, const struct rump_stat *st)
{
	return (from->uid == FSU_NO_ID || from->uid == st->st_uid) &&
	    (from->gid == FSU_NO_ID || from->gid == st->st_gid);
}

/* One node: st is what is to be changed. */
static void
change(struct fsu_chown *c, const struct fsu_treeent *e,
    const struct rump_stat *st, int atflags)
{
	const struct fsu_owner *to = &c->to;
	bool chosen = matches(&c->from, st), same;
	enum chown_result result;
	int error = 0;

	if (chosen)
		error = rump_sys_fchownat(
		    e->te_dirfd, e->te_name, to->uid, to->gid, atflags);
	if (error != 0)
		complain(c,
		    to->uid != FSU_NO_ID ? "changing ownership of"
					 : "changing group of",
		    e->te_path, error);
	same = (to->uid == FSU_NO_ID || to->uid == st->st_uid) &&
	    (to->gid == FSU_NO_ID || to->gid == st->st_gid);
	result = error != 0 ? R_FAILED : chosen && !same ? R_CHANGED : R_SAME;
	if (c->say == 'v' || (c->say == 'c' && result == R_CHANGED))
		describe(c, e->te_path, result, st);
}

/* A node that the walk looked at: where it is a link, what it leads to? */
static void
on_node(struct fsu_chown *c, const struct fsu_treeent *e)
{
	struct rump_stat st;
	int error;

	if (!is_link(e->te_st) || c->deref == 0) {
		change(c, e, e->te_st,
		    c->deref == 0 || is_link(e->te_st)
			? RUMP_AT_SYMLINK_NOFOLLOW
			: e->te_atflags);
		return;
	}
	error = rump_sys_fstatat(e->te_dirfd, e->te_name, &st, 0);
	if (error == 0) {
		change(c, e, &st, 0);
		return;
	}
	complain(c, "cannot dereference", e->te_path, error);
	if (c->say == 'v')
		describe(c, e->te_path, R_FAILED, e->te_st);
}

static int
visit(void *arg, const struct fsu_treeent *e)
{
	struct fsu_chown *c = arg;

	switch (e->te_kind) {
	case FSU_TREE_DIR:
	case FSU_TREE_CYCLE:
		break;
	case FSU_TREE_NODE:
	case FSU_TREE_DIREND:
	case FSU_TREE_DANGLING:
		on_node(c, e);
		break;
	case FSU_TREE_UNREADABLE:
		complain(c, "cannot read directory", e->te_path, e->te_error);
		break;
	case FSU_TREE_NOSTAT:
		complain(c, "cannot access", e->te_path, e->te_error);
		if (c->say == 'v')
			describe(c, e->te_path, R_FAILED, NULL);
		break;
	}
	return 0;
}

/* ---- whose? ---------------------------------------------------------------------- */

static int
refuse(const char *why, const char *text)
{
	fsu_msg("%s: %s", why, fsu_quote_msg(text));
	return FSU_USAGE;
}

static int
take_reference(struct fsu *f, struct fsu_chown *c)
{
	struct rump_stat st;
	char buf[16];
	int error = rump_sys_stat(c->reference, &st);

	if (error != 0) {
		fsu_errorf(f, "failed to get attributes of %s: %s",
		    fsu_quote_msg(c->reference), fsu_strerror(error));
		return FSU_FAIL;
	}
	c->to.gid = st.st_gid;
	c->to.group = fsu_strdup(
	    id_text(fsu_group_name(st.st_gid), st.st_gid, buf));
	if (c->groups)
		return FSU_OK;
	c->to.uid = st.st_uid;
	c->to.user = fsu_strdup(
	    id_text(fsu_user_name(st.st_uid), st.st_uid, buf));
	return FSU_OK;
}

/* From the operand or --reference, and --from.  A status. */
static int
whose(struct fsu *f, struct fsu_chown *c, const char *operand)
{
	const char *wrong;

	fsu_ids_load_image(f);
	if (c->from_text != NULL) {
		wrong = fsu_owner_parse(c->from_text, &c->from);
		if (wrong != NULL)
			return refuse(wrong, c->from_text);
	}
	if (c->reference != NULL)
		return take_reference(f, c);
	wrong = c->groups ? fsu_group_parse(operand, &c->to)
			  : fsu_owner_parse(operand, &c->to);
	if (wrong != NULL)
		return refuse(wrong, operand);
	/* chown speaks of ":GROUP", chgrp of a group. */
	if (!c->groups && c->to.user == NULL && c->to.group != NULL)
		c->to.user = fsu_strdup("");
	return FSU_OK;
}

int
fsu_chown_run(struct fsu *f, void *state, int n, char **operands)
{
	struct fsu_chown *c = state;
	int status, end;

	c->f = f;
	status = whose(f, c, operands[0]);
	if (status != FSU_OK)
		return status;
	for (int i = c->reference == NULL ? 1 : 0; i < n && !fsu_interrupted();
	     i++) {
		if (fsu_tree(f, &c->tree, operands[i], visit, c) != FSU_OK)
			c->failed = true;
	}
	end = fsu_out_finish(&fsu_stdout);
	return end != FSU_OK ? end : c->failed ? FSU_FAIL : FSU_OK;
}

void
fsu_chown_done(void *state)
{
	struct fsu_chown *c = state;

	fsu_owner_free(&c->to);
	fsu_owner_free(&c->from);
}
