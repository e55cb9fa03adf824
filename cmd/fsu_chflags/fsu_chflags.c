/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_chflags: BSD's chflags(1) in an image, and Linux's chattr(1) in the same
 * command: flags are names ("schg,nodump", "no" in front takes one off), a number
 * in octal, or letters behind +, - or =.
 *
 * Names and numbers say what a file's flags are to be, as far as they are named: the
 * number is all of them.  Letters are chattr's; those for which no driver has a
 * flag are refused by name.  What a file system can't hold is its driver's to say.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"
#include "fsu/tree.h"

extern const struct fsu_command fsu_chflags_command;

struct chflags_options {
	struct fsu_tree tree;
	bool force, nodereference;
	unsigned verbose;
	/* new = (old & ~clear) | set */
	uint32_t set, clear;
	bool letters; /* options named flags: -i */
	/* while it runs */
	struct fsu *f;
	bool failed;
};

static const struct {
	const char *name;
	uint32_t flag;
} flag_names[] = {
    {"arch", RUMP_SF_ARCHIVED},
    {"archived", RUMP_SF_ARCHIVED},
    {"sappnd", RUMP_SF_APPEND},
    {"sappend", RUMP_SF_APPEND},
    {"schg", RUMP_SF_IMMUTABLE},
    {"schange", RUMP_SF_IMMUTABLE},
    {"simmutable", RUMP_SF_IMMUTABLE},
    {"uappnd", RUMP_UF_APPEND},
    {"uappend", RUMP_UF_APPEND},
    {"uchg", RUMP_UF_IMMUTABLE},
    {"uchange", RUMP_UF_IMMUTABLE},
    {"uimmutable", RUMP_UF_IMMUTABLE},
    {"opaque", RUMP_UF_OPAQUE},
    {"uarch", RUMP_UF_ARCHIVE},
    {"uarchive", RUMP_UF_ARCHIVE},
    {"hidden", RUMP_UF_HIDDEN},
    {"uhidden", RUMP_UF_HIDDEN},
    {"offline", RUMP_UF_OFFLINE},
    {"uoffline", RUMP_UF_OFFLINE},
    {"rdonly", RUMP_UF_READONLY},
    {"urdonly", RUMP_UF_READONLY},
    {"readonly", RUMP_UF_READONLY},
    {"reparse", RUMP_UF_REPARSE},
    {"ureparse", RUMP_UF_REPARSE},
    {"sparse", RUMP_UF_SPARSE},
    {"usparse", RUMP_UF_SPARSE},
    {"system", RUMP_UF_SYSTEM},
    {"usystem", RUMP_UF_SYSTEM},
    {"nodump", RUMP_UF_NODUMP},
    /* Linux's, by the names that fsu_ls -O prints */
    {"atime", RUMP_SF_NOATIME}, /* turned: see named_flag() */
    {"sync", RUMP_SF_SYNC},
    {"dirsync", RUMP_SF_DIRSYNC},
    {"topdir", RUMP_SF_TOPDIR},
    {"compressed", RUMP_SF_COMPRESSED},
    {"notail", RUMP_SF_NOTAIL},
    {"secrm", RUMP_SF_SECRM},
    {"undel", RUMP_SF_UNRM},
    {"journal", RUMP_SF_JOURNAL},
};

static const struct {
	char letter;
	uint32_t flag;
} flag_letters[] = {
    {'i', RUMP_SF_IMMUTABLE},
    {'a', RUMP_SF_APPEND},
    {'d', RUMP_UF_NODUMP},
    {'A', RUMP_SF_NOATIME},
    {'S', RUMP_SF_SYNC},
    {'D', RUMP_SF_DIRSYNC},
    {'T', RUMP_SF_TOPDIR},
    {'c', RUMP_SF_COMPRESSED},
    {'t', RUMP_SF_NOTAIL},
    {'s', RUMP_SF_SECRM},
    {'u', RUMP_SF_UNRM},
    {'j', RUMP_SF_JOURNAL},
};

static const struct fsu_option chflags_option_table[] = {
    {'f', NULL, FSU_NOARG, NULL, "no messages about what couldn't be changed"},
    {'v', NULL, FSU_NOARG, NULL, "say what is changed; -vv: the flags too"},
    {'h', "no-dereference", FSU_NOARG, NULL, "links themselves"},
    {'R', "recursive", FSU_NOARG, NULL, "directories and what is in them"},
    {'H', NULL, FSU_NOARG, NULL, "with -R: follow operands that are links"},
    {'L', NULL, FSU_NOARG, NULL, "with -R: follow every link"},
    {'P', NULL, FSU_NOARG, NULL, "with -R: follow none (default)"},
    /* chattr's -i: anything that isn't above */
    {'i', NULL, FSU_OPTARG, NULL, NULL},
    {'a', NULL, FSU_OPTARG, NULL, NULL},
    {'d', NULL, FSU_OPTARG, NULL, NULL},
    {'A', NULL, FSU_OPTARG, NULL, NULL},
    {'S', NULL, FSU_OPTARG, NULL, NULL},
    {'D', NULL, FSU_OPTARG, NULL, NULL},
    {'T', NULL, FSU_OPTARG, NULL, NULL},
    {'c', NULL, FSU_OPTARG, NULL, NULL},
    {'t', NULL, FSU_OPTARG, NULL, NULL},
    {'s', NULL, FSU_OPTARG, NULL, NULL},
    {'u', NULL, FSU_OPTARG, NULL, NULL},
    {'j', NULL, FSU_OPTARG, NULL, NULL},
};

/* ---- which flags? ------------------------------------------------------------------ */

static void
change_set(struct chflags_options *opt, uint32_t flag, bool on)
{
	if (on) {
		opt->set |= flag;
		opt->clear &= ~flag;
	} else {
		opt->clear |= flag;
		opt->set &= ~flag;
	}
}

/* "schg", "noschg"; "dump" is "no" to "nodump".  Names of len bytes. */
static bool
named_flag(struct chflags_options *opt, const char *name, size_t len)
{
	bool no = len > 2 && strncmp(name, "no", 2) == 0;

	for (size_t i = 0; i < sizeof(flag_names) / sizeof(*flag_names); i++) {
		const char *n = flag_names[i].name;
		uint32_t flag = flag_names[i].flag;
		/* those that say what is not done */
		bool turned = flag == RUMP_UF_NODUMP || flag == RUMP_SF_NOATIME;

		if (flag == RUMP_UF_NODUMP)
			n += 2;
		if (strlen(n) == len && strncmp(n, name, len) == 0) {
			change_set(opt, flag, !turned);
			return true;
		}
		if (no && strlen(n) == len - 2 &&
		    strncmp(n, name + 2, len - 2) == 0) {
			change_set(opt, flag, turned);
			return true;
		}
	}
	return false;
}

static bool
letter_flags(struct chflags_options *opt, char op, const char *letters)
{
	uint32_t flags = 0, known = 0;

	for (size_t i = 0; i < sizeof(flag_letters) / sizeof(*flag_letters);
	     i++) {
		known |= flag_letters[i].flag;
		if (strchr(letters, flag_letters[i].letter) != NULL)
			flags |= flag_letters[i].flag;
	}
	for (const char *p = letters; *p != '\0'; p++)
		if (strchr("iadASDTctsuj", *p) == NULL)
			return false;
	if (op == '=')
		change_set(opt, known & ~flags, false);
	change_set(opt, flags, op != '-');
	return true;
}

static bool
all_octal(const char *s)
{
	return *s != '\0' && s[strspn(s, "01234567")] == '\0';
}

/* The operand.  A status. */
static int
parse_flags(struct chflags_options *opt, const char *text)
{
	const char *p = text;

	if (*text == '+' || *text == '-' || *text == '=') {
		if (letter_flags(opt, *text, text + 1))
			return FSU_OK;
		return fsu_usage("invalid flags: %s (letters: iadASDTctsuj)",
		    fsu_quote_msg(text));
	}
	if (all_octal(text)) {
		unsigned long v = strtoul(text, NULL, 8);

		if (v > UINT32_MAX)
			return fsu_usage(
			    "invalid flags: %s", fsu_quote_msg(text));
		opt->set = (uint32_t)v;
		opt->clear = UINT32_MAX;
		return FSU_OK;
	}
	for (;;) {
		size_t len = strcspn(p, ",");

		if (!named_flag(opt, p, len) &&
		    !(len == 1 && *p == '-')) /* as ls -O says "none" */
			return fsu_usage(
			    "invalid flag: %s", fsu_quote_msg(text));
		if (p[len] == '\0')
			return FSU_OK;
		p += len + 1;
	}
}

static int
chflags_option(void *state, int key, const char *value)
{
	struct chflags_options *opt = state;
	char letters[64];

	switch (key) {
	case 'f':
		opt->force = true;
		return 0;
	case 'v':
		opt->verbose++;
		return 0;
	case 'h':
		opt->nodereference = true;
		return 0;
	case 'R':
		opt->tree.recursive = true;
		return 0;
	case 'H':
	case 'L':
	case 'P':
		opt->tree.follow = (char)key;
		return 0;
	}
	snprintf(
	    letters, sizeof(letters), "%c%s", key, value != NULL ? value : "");
	opt->letters = true;
	if (letter_flags(opt, '-', letters))
		return 0;
	return fsu_usage("invalid flags: '-%s' (letters: iadASDTctsuj)",
	    fsu_visible(letters));
}

/* How many operands are flags: all that begin like chattr's where some do. */
static int
count_flags(const struct chflags_options *opt, int n, char **operands)
{
	int k = 0;

	while (k < n &&
	    (operands[k][0] == '+' || operands[k][0] == '=' ||
		(k > 0 && operands[k][0] == '-')))
		k++;
	return k == 0 && !opt->letters && n > 0 ? 1 : k;
}

static int
chflags_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct chflags_options *opt = state;
	int k = count_flags(opt, n, operands), status = FSU_OK;

	(void)f;
	if (n == 0)
		return fsu_usage("missing operand");
	if (n == k)
		return fsu_usage(
		    "missing operand after %s", fsu_quote_msg(operands[n - 1]));
	if (!opt->tree.recursive)
		opt->tree.follow = opt->nodereference ? 'P' : 'H';
	else if (opt->tree.follow == '\0')
		opt->tree.follow = 'P';
	for (int i = 0; i < k && status == FSU_OK; i++)
		status = parse_flags(opt, operands[i]);
	return status;
}

/* ---- changing --------------------------------------------------------------------- */

static void
complain(struct chflags_options *opt, const char *path, int error)
{
	if (opt->force)
		return; /* chflags -f: not even the status */
	opt->failed = true;
	fsu_error(opt->f, path, error);
}

static void
say(const struct chflags_options *opt, const char *path, uint32_t old,
    uint32_t new)
{
	char from[256], to[256], text[600];

	if (opt->verbose == 0)
		return;
	fsu_out_str(&fsu_stdout, fsu_visible(path));
	if (opt->verbose > 1) {
		fsu_flagstr(old, from, sizeof(from));
		fsu_flagstr(new, to, sizeof(to));
		snprintf(text, sizeof(text), ": 0%o [%s] -> 0%o [%s]", old,
		    from, new, to);
		fsu_out_str(&fsu_stdout, text);
	}
	fsu_out_char(&fsu_stdout, '\n');
}

static void
change(struct chflags_options *opt, const struct fsu_treeent *e)
{
	const struct rump_stat *st = e->te_st;
	uint32_t old = st->st_flags, type = st->st_mode & RUMP_S_IFMT;
	uint32_t new = (old & ~opt->clear) | opt->set;
	struct rump_setattr sa = {.sa_mask = RUMP_SA_FLAGS};
	int error;

	/* Only directories have these, and chattr -R takes them off others. */
	if (type != RUMP_S_IFDIR && opt->tree.recursive)
		new &= ~(RUMP_SF_DIRSYNC | RUMP_SF_TOPDIR) | old;
	if (type == RUMP_S_IFLNK && !opt->nodereference)
		return; /* found by -R: what it leads to isn't meant */
	if (new == old)
		return;
	sa.sa_flags = new;
	error = rump_sys_setattrat(e->te_dirfd, e->te_name, &sa, e->te_atflags);
	if (error != 0)
		complain(opt, e->te_path, error);
	else
		say(opt, e->te_path, old, new);
}

static int
visit(void *arg, const struct fsu_treeent *e)
{
	struct chflags_options *opt = arg;

	switch (e->te_kind) {
	case FSU_TREE_NODE:
	case FSU_TREE_DIR:
		change(opt, e);
		break;
	case FSU_TREE_NOSTAT:
	case FSU_TREE_UNREADABLE:
	case FSU_TREE_DANGLING:
		complain(opt, e->te_path, e->te_error);
		break;
	case FSU_TREE_DIREND:
	case FSU_TREE_CYCLE:
		break;
	}
	return 0;
}

static int
chflags_run(struct fsu *f, void *state, int n, char **operands)
{
	struct chflags_options *opt = state;
	int end;

	opt->f = f;
	for (int i = count_flags(opt, n, operands); i < n && !fsu_interrupted();
	     i++) {
		if (fsu_tree(f, &opt->tree, operands[i], visit, opt) != FSU_OK)
			opt->failed = true;
	}
	end = fsu_out_finish(&fsu_stdout);
	return end != FSU_OK ? end : opt->failed ? FSU_FAIL : FSU_OK;
}

const struct fsu_command fsu_chflags_command = {
    .name = "fsu_chflags",
    .synopsis = "[-fhv] [-R [-H | -L | -P]] IMAGE FLAGS FILE...",
    .summary = "Change file flags in an image: schg,nodump; 0; +i, -i, =iA.",
    .options = chflags_option_table,
    .noptions = sizeof(chflags_option_table) / sizeof(*chflags_option_table),
    .flags = FSU_WRITES,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct chflags_options),
    .option = chflags_option,
    .prepare = chflags_prepare,
    .run = chflags_run,
};
