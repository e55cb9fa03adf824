/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_mv: GNU mv(1) inside an image.  A move is one rename in the kernel: what is
 * at the destination is replaced in the same step or not at all.
 *
 * Backups are made the simple way (SUFFIX) or numbered (.~N~), by a rename before
 * the rename.
 */
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

extern const struct fsu_command fsu_mv_command;

enum { K_BACKUP = FSU_KEY_LONG, K_STRIP };
enum mv_over { MV_FORCE, MV_ASK, MV_KEEP };
enum mv_backup { MV_NO_BACKUP, MV_SIMPLE, MV_NUMBERED, MV_EXISTING };

struct mv_options {
	enum mv_over over;
	enum mv_backup backup;
	bool update, verbose, no_target_dir, strip;
	const char *target_dir, *suffix;
	/* what this run has put in place: its other names may be replaced */
	struct mv_made {
		uint64_t dev, ino;
		char *path;
	} * made;
	size_t nmade;
};

static const struct fsu_option mv_option_table[] = {
    {K_BACKUP, "backup", FSU_OPTARG, "HOW",
	"keep what is replaced: simple, numbered, existing, none"},
    {'b', NULL, FSU_NOARG, NULL, "--backup=existing"},
    {'f', "force", FSU_NOARG, NULL, "don't ask"},
    {'i', "interactive", FSU_NOARG, NULL, "ask before something is replaced"},
    {'n', "no-clobber", FSU_NOARG, NULL, "replace nothing"},
    {K_STRIP, "strip-trailing-slashes", FSU_NOARG, NULL, "from each SOURCE"},
    {'S', "suffix", FSU_ARG, "SUFFIX", "of backups, instead of ~"},
    {'t', "target-directory", FSU_ARG, "DIR", "move all into DIR"},
    {'T', "no-target-directory", FSU_NOARG, NULL,
	"DEST is never a directory to move into"},
    {'u', "update", FSU_NOARG, NULL, "replace only what is older"},
    {'v', "verbose", FSU_NOARG, NULL, "say what is done"},
};

static int
backup_option(struct mv_options *opt, const char *how)
{
	static const struct {
		const char *word;
		enum mv_backup backup;
	} words[] = {{"none", MV_NO_BACKUP}, {"off", MV_NO_BACKUP},
	    {"simple", MV_SIMPLE}, {"never", MV_SIMPLE},
	    {"existing", MV_EXISTING}, {"nil", MV_EXISTING},
	    {"numbered", MV_NUMBERED}, {"t", MV_NUMBERED}};
	const char *env = getenv("VERSION_CONTROL");

	if (how == NULL)
		how = env != NULL ? env : "existing";
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(how, words[i].word) == 0) {
			opt->backup = words[i].backup;
			return 0;
		}
	}
	return fsu_usage("invalid argument %s for 'backup type' (none, simple, "
			 "existing, numbered)",
	    fsu_quote_msg(how));
}

static int
mv_option(void *state, int key, const char *value)
{
	struct mv_options *opt = state;

	switch (key) {
	case 'f':
		opt->over = MV_FORCE;
		break;
	case 'i':
		opt->over = MV_ASK;
		break;
	case 'n':
		opt->over = MV_KEEP;
		break;
	case 'b':
	case K_BACKUP:
		return backup_option(opt, value);
	case 'S':
		opt->suffix = value;
		return opt->backup == MV_NO_BACKUP ? backup_option(opt, NULL)
						   : 0;
	case 't':
		if (opt->target_dir != NULL)
			return fsu_usage(
			    "multiple target directories specified");
		opt->target_dir = value;
		break;
	case 'T':
		opt->no_target_dir = true;
		break;
	case 'u':
		opt->update = true;
		break;
	case 'v':
		opt->verbose = true;
		break;
	case K_STRIP:
		opt->strip = true;
		break;
	}
	return 0;
}

static void
mv_done(void *state)
{
	struct mv_options *opt = state;

	for (size_t i = 0; i < opt->nmade; i++)
		free(opt->made[i].path);
	free(opt->made);
}

/* ---- backups ------------------------------------------------------------------- */

/* The largest N of name.~N~ beside it; 0: none. */
static uint64_t
last_backup(const char *dir, const char *name)
{
	size_t len = strlen(name);
	struct fsu_dirlist dl;
	uint64_t last = 0;
	int fd = rump_sys_open(dir, RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);

	if (fd < 0)
		return 0;
	if (fsu_readdir(fd, FSU_DIR_UNSORTED, &dl) == 0) {
		for (size_t i = 0; i < dl.dl_n; i++) {
			const char *s = dl.dl_ent[i]->d_ent.d_name;
			unsigned long long v;
			char *end;

			if (strncmp(s, name, len) != 0 ||
			    strncmp(s + len, ".~", 2) != 0 ||
			    s[len + 2] < '1' || s[len + 2] > '9')
				continue;
			v = strtoull(s + len + 2, &end, 10);
			if (strcmp(end, "~") == 0 && v > last)
				last = v;
		}
		fsu_readdir_free(&dl);
	}
	rump_sys_close(fd);
	return last;
}

/* Where dst goes to, to be freed. */
static char *
backup_name(const struct mv_options *opt, const char *dst)
{
	const char *suffix = opt->suffix != NULL
	    ? opt->suffix
	    : getenv("SIMPLE_BACKUP_SUFFIX");
	uint64_t last = 0;

	if (opt->backup != MV_SIMPLE) {
		char *dir = fsu_dirname(dst), *name = fsu_basename(dst);

		last = last_backup(dir, name);
		free(dir);
		free(name);
	}
	if (opt->backup == MV_NUMBERED || last != 0)
		return fsu_asprintf(
		    "%s.~%llu~", dst, (unsigned long long)last + 1);
	return fsu_asprintf(
	    "%s%s", dst, suffix != NULL && *suffix != '\0' ? suffix : "~");
}

/* ---- one move --------------------------------------------------------------------- */

static bool
is_dir(const struct rump_stat *st)
{
	return (st->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR;
}

static bool
same_file(const struct rump_stat *a, const struct rump_stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool
not_newer(const struct rump_timespec *a, const struct rump_timespec *b)
{
	return a->tv_sec < b->tv_sec ||
	    (a->tv_sec == b->tv_sec && a->tv_nsec <= b->tv_nsec);
}

static bool
just_made(
    const struct mv_options *opt, const char *path, const struct rump_stat *st)
{
	for (size_t i = 0; i < opt->nmade; i++) {
		if (opt->made[i].dev == st->st_dev &&
		    opt->made[i].ino == st->st_ino &&
		    strcmp(opt->made[i].path, path) == 0)
			return true;
	}
	return false;
}

enum verdict { GO, SKIP, FAIL };

/* Something is at the destination: may it be replaced? */
static enum verdict
judge(struct fsu *f, const struct mv_options *opt, const char *src,
    const struct rump_stat *sst, const char *dst, const struct rump_stat *dstst)
{
	if (opt->over == MV_KEEP ||
	    (opt->update && not_newer(&sst->st_mtim, &dstst->st_mtim) &&
		!is_dir(sst)))
		return SKIP;
	if (opt->over == MV_ASK) {
		fsu_out_flush(&fsu_stdout);
		if (!fsu_confirm("overwrite %s? ", fsu_quote_msg(dst)))
			return SKIP;
	}
	if (is_dir(dstst) && !is_dir(sst) && opt->backup == MV_NO_BACKUP)
		fsu_errorf(f,
		    "cannot overwrite directory %s with non-directory",
		    fsu_quote_msg(dst));
	else if (!is_dir(dstst) && is_dir(sst) && opt->backup == MV_NO_BACKUP)
		fsu_errorf(f,
		    "cannot overwrite non-directory %s with directory %s",
		    fsu_quote_msg(dst), fsu_quote_msg(src));
	else if (!is_dir(sst) && just_made(opt, dst, dstst))
		fsu_errorf(f, "will not overwrite just-created %s with %s",
		    fsu_quote_msg(dst), fsu_quote_msg(src));
	else
		return GO;
	return FAIL;
}

static void
say_moved(const char *src, const char *dst, const char *backup)
{
	struct fsu_out *o = &fsu_stdout;

	fsu_out_str(o, "renamed ");
	fsu_out_str(o, fsu_quote_msg(src));
	fsu_out_str(o, " -> ");
	fsu_out_str(o, fsu_quote_msg(dst));
	if (backup != NULL) {
		fsu_out_str(o, " (backup: ");
		fsu_out_str(o, fsu_quote_msg(backup));
		fsu_out_char(o, ')');
	}
	fsu_out_char(o, '\n');
}

static int
cannot_move(struct fsu *f, const char *src, const char *dst, int error)
{
	fsu_errorf(f, "cannot move %s to %s: %s", fsu_quote_msg(src),
	    fsu_quote_msg(dst), fsu_no_room(f, error, "a block is"));
	return FSU_FAIL;
}

/* Out of the way, then the rename; on failure back again. */
static int
do_rename(struct fsu *f, const struct mv_options *opt, const char *src,
    const struct rump_stat *sst, const char *dst, bool replaces)
{
	char *backup = replaces && opt->backup != MV_NO_BACKUP
	    ? backup_name(opt, dst)
	    : NULL;
	int status = FSU_OK, error = 0;

	if (backup != NULL) {
		error = rump_sys_rename(dst, backup);
		if (error < 0) {
			fsu_errorf(f, "cannot backup %s: %s",
			    fsu_quote_msg(dst), fsu_strerror(error));
			free(backup);
			return FSU_FAIL;
		}
	}
	error = rump_sys_renameat2(RUMP_AT_FDCWD, src, RUMP_AT_FDCWD, dst,
	    replaces ? 0 : RUMP_RENAME_NOREPLACE);
	if (error == 0) {
		if (opt->verbose)
			say_moved(src, dst, backup);
	} else {
		if (backup != NULL)
			(void)rump_sys_rename(backup, dst);
		status = FSU_FAIL;
		if (error == -RUMP_EINVAL && is_dir(sst))
			fsu_errorf(f,
			    "cannot move %s to a subdirectory of "
			    "itself, %s",
			    fsu_quote_msg(src), fsu_quote_msg(dst));
		else
			cannot_move(f, src, dst, error);
	}
	free(backup);
	return status;
}

static void
remember(struct mv_options *opt, const char *path, const struct rump_stat *st)
{
	if ((opt->nmade & (opt->nmade - 1)) == 0)
		opt->made = fsu_realloc(opt->made,
		    (opt->nmade != 0 ? opt->nmade * 2 : 1) *
			sizeof(*opt->made));
	opt->made[opt->nmade++] = (struct mv_made){
	    st->st_dev, st->st_ino, fsu_strdup(path)};
}

/* One file under two names, where the format doesn't tell their cases apart: it is
 * to be called otherwise. */
static bool
other_case(const char *src, const char *dst)
{
	char *a = fsu_basename(src), *b = fsu_basename(dst);
	struct rump_fscaps fc;
	bool other;

	other = strcmp(a, b) != 0 && rump_sys_fscaps(src, &fc) == 0 &&
	    (fc.fc_flags & RUMP_CAP_CASEFOLD) != 0;
	free(a);
	free(b);
	return other;
}

static int
move_one(struct fsu *f, struct mv_options *opt, const char *src,
    const char *dst, bool many)
{
	struct rump_stat sst, dstst;
	int error = rump_sys_lstat(src, &sst), status;
	bool replaces;

	if (error < 0) {
		fsu_errorf(f, "cannot stat %s: %s", fsu_quote_msg(src),
		    fsu_strerror(error));
		return FSU_FAIL;
	}
	error = rump_sys_lstat(dst, &dstst);
	replaces = error == 0;
	if (error < 0 && error != -RUMP_ENOENT) {
		fsu_errorf(f, "cannot stat %s: %s", fsu_quote_msg(dst),
		    fsu_strerror(error));
		return FSU_FAIL;
	}
	if (replaces) {
		enum verdict v = GO;

		if (same_file(&sst, &dstst) && opt->over != MV_KEEP &&
		    !other_case(src, dst)) {
			fsu_errorf(f, "%s and %s are the same file",
			    fsu_quote_msg(src), fsu_quote_msg(dst));
			return FSU_FAIL;
		}
		v = judge(f, opt, src, &sst, dst, &dstst);
		if (v != GO)
			return v == SKIP ? FSU_OK : FSU_FAIL;
	}
	status = do_rename(f, opt, src, &sst, dst, replaces);
	if (status == FSU_OK && many)
		remember(opt, dst, &sst);
	return status;
}

/* ---- operands ----------------------------------------------------------------------- */

static void
strip_slashes(char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
}

static int
move_into(struct fsu *f, struct mv_options *opt, int n, char **sources,
    const char *dir)
{
	int status = FSU_OK;

	for (int i = 0; i < n && !fsu_interrupted(); i++) {
		char *name = fsu_basename(sources[i]);
		char *dst = fsu_path_join(dir, name);

		if (move_one(f, opt, sources[i], dst, n > 1) != FSU_OK)
			status = FSU_FAIL;
		free(dst);
		free(name);
	}
	return status;
}

static int
mv_prepare(struct fsu *f, void *state, int n, char **operands)
{
	const struct mv_options *opt = state;

	(void)f;
	if (n == 0)
		return fsu_usage("missing file operand");
	if (opt->target_dir != NULL && opt->no_target_dir)
		return fsu_usage("cannot combine --target-directory (-t) and "
				 "--no-target-directory (-T)");
	if (opt->target_dir == NULL && n == 1)
		return fsu_usage("missing destination file operand after %s",
		    fsu_quote_msg(operands[0]));
	if (opt->no_target_dir && n > 2)
		return fsu_usage(
		    "extra operand %s", fsu_quote_msg(operands[2]));
	if (opt->backup != MV_NO_BACKUP && opt->over == MV_KEEP)
		return fsu_usage(
		    "options --backup and --no-clobber are mutually "
		    "exclusive");
	return FSU_OK;
}

/* Where to, and is that a directory to move into?  A status. */
static int
find_target(struct fsu *f, const struct mv_options *opt, int n, char **operands,
    const char **dir)
{
	const char *last = operands[n - 1];
	struct rump_stat st;
	int error;

	*dir = opt->target_dir != NULL ? opt->target_dir : last;
	if (opt->no_target_dir) {
		*dir = NULL;
		return FSU_OK;
	}
	error = rump_sys_stat(*dir, &st);
	if (error == 0 && !is_dir(&st))
		error = -RUMP_ENOTDIR;
	if (error == 0)
		return FSU_OK;
	if (opt->target_dir == NULL && n == 2) {
		*dir = NULL;
		return FSU_OK;
	}
	fsu_errorf(f, "%s %s: %s",
	    opt->target_dir != NULL ? "target directory" : "target",
	    fsu_quote_msg(*dir), fsu_strerror(error));
	return FSU_FAIL;
}

static int
mv_run(struct fsu *f, void *state, int n, char **operands)
{
	struct mv_options *opt = state;
	const char *dir;
	int status, end;

	if (opt->strip) {
		for (int i = 0; i < n - (opt->target_dir == NULL); i++)
			strip_slashes(operands[i]);
	}
	status = find_target(f, opt, n, operands, &dir);
	if (status == FSU_OK && dir != NULL)
		status = move_into(
		    f, opt, opt->target_dir != NULL ? n : n - 1, operands, dir);
	else if (status == FSU_OK)
		status = move_one(f, opt, operands[0], operands[1], false);
	end = fsu_out_finish(&fsu_stdout);
	return end != FSU_OK ? end : status;
}

const struct fsu_command fsu_mv_command = {
    .name = "fsu_mv",
    .synopsis = "[OPTION]... [-T] IMAGE SOURCE DEST\n"
		"[OPTION]... IMAGE SOURCE... DIRECTORY\n"
		"[OPTION]... IMAGE -t DIRECTORY SOURCE...",
    .summary = "Move and rename files inside an image, as mv(1) does.",
    .options = mv_option_table,
    .noptions = sizeof(mv_option_table) / sizeof(*mv_option_table),
    .flags = FSU_WRITES,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct mv_options),
    .option = mv_option,
    .prepare = mv_prepare,
    .run = mv_run,
    .done = mv_done,
};
