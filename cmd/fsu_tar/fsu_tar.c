/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar: trees of an image as archives, and archives into an image, with the
 * letters of GNU's tar.
 *
 * What is on the host is opened before the image: the archive, lists of names, the
 * locale under which libarchive reads names.  An archive that comes through a pipe
 * is read to its end first, so that a pipeline from an image into itself works.
 *
 * Left out: -r -u -A -d, volumes, --transform, incremental dumps.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fsu/copy.h>
#include <fsu/progress.h>
#include <fsu/timearg.h>

#include "tar.h"

enum {
	KEY_ZSTD = FSU_KEY_LONG,
	KEY_LZ4,
	KEY_LZMA,
	KEY_LZIP,
	KEY_LEVEL,
	KEY_FORMAT,
	KEY_EXCLUDE,
	KEY_STRIP,
	KEY_NUMERIC,
	KEY_OWNER,
	KEY_GROUP,
	KEY_MODE,
	KEY_MTIME,
	KEY_CLAMP,
	KEY_SORT,
	KEY_XATTRS,
	KEY_NOXATTRS,
	KEY_ACLS,
	KEY_NOACLS,
	KEY_NOFFLAGS,
	KEY_ONEFS,
	KEY_NORECURSE,
	KEY_SKIPOLD,
	KEY_NEWER,
	KEY_KEEPDIRLINK,
	KEY_NOOWNER,
	KEY_NOMODE,
	KEY_SAMEOWNER,
	KEY_WILDCARDS,
	KEY_FULLTIME,
	KEY_UTC,
	KEY_NULL,
};

static const struct fsu_option options[] = {
    {'c', "create", FSU_NOARG, NULL, "write PATHs of the image to an archive"},
    {'x', "extract", FSU_NOARG, NULL, "put an archive's members into it"},
    {'t', "list", FSU_NOARG, NULL, "list what -c would write; -f: an archive"},
    {'f', "file", FSU_ARG, "FILE", "the archive (-: standard in- or output)"},
    {'C', "directory", FSU_ARG, "DIR", "of the image: PATHs begin there"},
    {'v', "verbose", FSU_NOARG, NULL, "names; twice, or with -t: as ls -l"},
    {'z', "gzip", FSU_NOARG, NULL, "compress (-x finds out by itself);"},
    {'j', "bzip2", FSU_NOARG, NULL, NULL},
    {'J', "xz", FSU_NOARG, NULL, "... also --zstd --bzip2 --lz4 --lzma"},
    {'a', "auto-compress", FSU_NOARG, NULL, "... by FILE's suffix"},
    {KEY_ZSTD, "zstd", FSU_NOARG, NULL, NULL},
    {KEY_LZ4, "lz4", FSU_NOARG, NULL, NULL},
    {KEY_LZMA, "lzma", FSU_NOARG, NULL, NULL},
    {KEY_LZIP, "lzip", FSU_NOARG, NULL, NULL},
    {'Z', "compress", FSU_NOARG, NULL, NULL},
    {KEY_LEVEL, "level", FSU_ARG, "N", NULL},
    {'z', "gunzip", FSU_NOARG, NULL, NULL},
    {KEY_FORMAT, "format", FSU_ARG, "F", "pax ustar gnutar newc zip .."},
    {KEY_EXCLUDE, "exclude", FSU_ARG, "PATTERN", "leave out"},
    {'X', "exclude-from", FSU_ARG, "FILE", NULL},
    {'T', "files-from", FSU_ARG, "FILE", "PATHs from FILE (--null: as find)"},
    {KEY_NULL, "null", FSU_NOARG, NULL, NULL},
    {KEY_STRIP, "strip-components", FSU_ARG, "N", "-x: without N directories"},
    {'k', "keep-old-files", FSU_NOARG, NULL, "-x: replace nothing"},
    {KEY_SKIPOLD, "skip-old-files", FSU_NOARG, NULL, NULL},
    {KEY_NEWER, "keep-newer-files", FSU_NOARG, NULL, NULL},
    {KEY_KEEPDIRLINK, "keep-directory-symlink", FSU_NOARG, NULL, NULL},
    {'m', "touch", FSU_NOARG, NULL, NULL},
    {'h', "dereference", FSU_NOARG, NULL, "-c: follow symlinks"},
    {KEY_OWNER, "owner", FSU_ARG, "NAME[:ID]", NULL},
    {KEY_GROUP, "group", FSU_ARG, "NAME[:ID]", NULL},
    {KEY_MODE, "mode", FSU_ARG, "CHANGES", NULL},
    {KEY_MTIME, "mtime", FSU_ARG, "DATE", NULL},
    {KEY_CLAMP, "clamp-mtime", FSU_NOARG, NULL, NULL},
    {KEY_NUMERIC, "numeric-owner", FSU_NOARG, NULL, "no names of owners"},
    {KEY_SORT, "sort", FSU_ARG, "ORDER", NULL},
    {KEY_XATTRS, "xattrs", FSU_NOARG, NULL, NULL},
    {KEY_NOXATTRS, "no-xattrs", FSU_NOARG, NULL, NULL},
    {KEY_ACLS, "acls", FSU_NOARG, NULL, NULL},
    {KEY_NOACLS, "no-acls", FSU_NOARG, NULL, NULL},
    {KEY_NOFFLAGS, "no-fflags", FSU_NOARG, NULL, NULL},
    {KEY_ONEFS, "one-file-system", FSU_NOARG, NULL, NULL},
    {KEY_NORECURSE, "no-recursion", FSU_NOARG, NULL, NULL},
    {KEY_WILDCARDS, "wildcards", FSU_NOARG, NULL, NULL},
    {KEY_FULLTIME, "full-time", FSU_NOARG, NULL, NULL},
    {'p', "preserve-permissions", FSU_NOARG, NULL, NULL},
    {'p', "same-permissions", FSU_NOARG, NULL, NULL},
    {KEY_NOMODE, "no-same-permissions", FSU_NOARG, NULL, NULL},
    {KEY_SAMEOWNER, "same-owner", FSU_NOARG, NULL, NULL},
    {KEY_NOOWNER, "no-same-owner", FSU_NOARG, NULL, NULL},
    {'P', "absolute-names", FSU_NOARG, NULL, NULL},
    {'S', "sparse", FSU_NOARG, NULL, NULL},
};

/* ---- options ------------------------------------------------------------------- */

static int
set_mode(struct tar_opts *o, int key)
{
	if (o->to_mode != 0 && o->to_mode != key)
		return fsu_usage("only one of -c, -x and -t");
	o->to_mode = (char)key;
	return FSU_OK;
}

static int
set_filter(struct tar_opts *o, const char *filter)
{
	if (o->to_filter != NULL && strcmp(o->to_filter, filter) != 0)
		return fsu_usage("only one compression");
	o->to_filter = filter;
	return FSU_OK;
}

static int
set_format(struct tar_opts *o, const char *name)
{
	static const struct {
		const char *name;
		enum tar_format kind;
	} own[] = {{"pax", TAR_PAX}, {"posix", TAR_PAX}, {"gnutar", TAR_GNU},
	    {"gnu", TAR_GNU}, {"oldgnu", TAR_GNU}, {"ustar", TAR_USTAR}};

	o->to_format = name;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(name, own[i].name) == 0) {
			o->to_kind = own[i].kind;
			return FSU_OK;
		}
	if (!tar_foreign_known(name))
		return fsu_usage(
		    "unknown format '%s' (pax gnutar ustar v7 cpio "
		    "newc zip 7zip iso9660 xar mtree shar ar warc)",
		    fsu_visible(name));
	o->to_kind = TAR_FOREIGN;
	return FSU_OK;
}

/* "name:7", "name", "7". */
static int
parse_id(const char *value, bool user, char **namep, uint32_t *idp)
{
	const char *colon = strchr(value, ':');
	const char *num = colon != NULL ? colon + 1 : value;
	char *end;
	unsigned long long id;

	errno = 0;
	id = strtoull(num, &end, 10);
	if (*num >= '0' && *num <= '9' && *end == '\0' && errno == 0 &&
	    id <= UINT32_MAX) {
		*idp = (uint32_t)id;
		*namep = colon != NULL
		    ? fsu_strndup(value, (size_t)(colon - value))
		    : NULL;
		return FSU_OK;
	}
	if (colon == NULL && user) {
		const struct passwd *pw = getpwnam(value);

		*namep = fsu_strdup(value);
		*idp = pw != NULL ? pw->pw_uid : 0;
		if (pw != NULL)
			return FSU_OK;
	} else if (colon == NULL) {
		const struct group *gr = getgrnam(value);

		*namep = fsu_strdup(value);
		*idp = gr != NULL ? gr->gr_gid : 0;
		if (gr != NULL)
			return FSU_OK;
	}
	return fsu_usage("unknown %s '%s' (NAME:NUMBER needs no account here)",
	    user ? "owner" : "group", fsu_visible(value));
}

static int
override_option(struct tar_opts *o, int key, const char *value)
{
	switch (key) {
	case KEY_OWNER:
		free(o->to_uname);
		o->to_uname = NULL;
		o->to_setuid = true;
		return parse_id(value, true, &o->to_uname, &o->to_uid);
	case KEY_GROUP:
		free(o->to_gname);
		o->to_gname = NULL;
		o->to_setgid = true;
		return parse_id(value, false, &o->to_gname, &o->to_gid);
	case KEY_MODE:
		fsu_mode_free(o->to_mode_change);
		o->to_mode_change = fsu_mode_parse(value);
		if (o->to_mode_change == NULL)
			return fsu_usage("'%s' is no mode", fsu_visible(value));
		break;
	case KEY_MTIME:
		o->to_setmtime = true;
		if (fsu_parse_time(value, &o->to_mtime, &o->to_mtime_ns) != 0)
			return fsu_usage("'%s' is no time", fsu_visible(value));
		break;
	default:
		break;
	}
	return FSU_OK;
}

static int
value_option(struct tar_opts *o, int key, const char *value)
{
	char *end;

	switch (key) {
	case 'f':
		o->to_file = value;
		break;
	case 'C':
		if (o->to_dir != NULL)
			return fsu_usage("-C twice");
		o->to_dir = value;
		break;
	case 'X':
		return tar_names_read(&o->to_excludes, value, false)
		    ? FSU_OK
		    : FSU_USAGE;
	case 'T':
		o->to_fromfile = value;
		break;
	case KEY_EXCLUDE:
		tar_names_add(&o->to_excludes, fsu_strdup(value));
		break;
	case KEY_FORMAT:
		return set_format(o, value);
	case KEY_LEVEL:
		o->to_level = value;
		break;
	case KEY_STRIP:
		o->to_strip = strtoul(value, &end, 10);
		if (*value < '0' || *value > '9' || *end != '\0')
			return fsu_usage(
			    "'%s' is no number", fsu_visible(value));
		break;
	case KEY_SORT:
		if (strcmp(value, "name") != 0 && strcmp(value, "none") != 0)
			return fsu_usage("--sort=name is the only order");
		break;
	default:
		return override_option(o, key, value);
	}
	return FSU_OK;
}

static int
filter_option(struct tar_opts *o, int key)
{
	switch (key) {
	case 'z':
		return set_filter(o, "gzip");
	case 'j':
		return set_filter(o, "bzip2");
	case 'J':
		return set_filter(o, "xz");
	case 'Z':
		return set_filter(o, "compress");
	case KEY_ZSTD:
		return set_filter(o, "zstd");
	case KEY_LZ4:
		return set_filter(o, "lz4");
	case KEY_LZMA:
		return set_filter(o, "lzma");
	case KEY_LZIP:
		return set_filter(o, "lzip");
	default:
		return FSU_OK; /* what is so anyway: -p -S --xattrs .. */
	}
}

/* Those that only set something. */
static bool *
switch_of(struct tar_opts *o, int key)
{
	switch (key) {
	case 'a':
		return &o->to_auto;
	case 'h':
		return &o->to_follow;
	case 'k':
		return &o->to_keep;
	case 'm':
		return &o->to_notimes;
	case 'P':
		return &o->to_absolute;
	case KEY_NUMERIC:
		return &o->to_numeric;
	case KEY_CLAMP:
		return &o->to_clamp;
	case KEY_NOXATTRS:
		return &o->to_noxattrs;
	case KEY_NOACLS:
		return &o->to_noacls;
	case KEY_NOFFLAGS:
		return &o->to_noflags;
	case KEY_ONEFS:
		return &o->to_onefs;
	case KEY_NORECURSE:
		return &o->to_norecurse;
	case KEY_SKIPOLD:
		return &o->to_skip;
	case KEY_NEWER:
		return &o->to_newer;
	case KEY_KEEPDIRLINK:
		return &o->to_keepdirlink;
	case KEY_NOOWNER:
		return &o->to_noowner;
	case KEY_NOMODE:
		return &o->to_nomode;
	case KEY_WILDCARDS:
		return &o->to_wildcards;
	case KEY_FULLTIME:
		return &o->to_fulltime;
	case KEY_NULL:
		return &o->to_null;
	default:
		return NULL;
	}
}

static int
option(void *state, int key, const char *value)
{
	struct tar_opts *o = state;
	bool *flag = switch_of(o, key);

	if (flag != NULL) {
		*flag = true;
		return FSU_OK;
	}
	if (key == 'c' || key == 'x' || key == 't')
		return set_mode(o, key);
	if (key == 'v') {
		o->to_verbose++;
		return FSU_OK;
	}
	return value != NULL ? value_option(o, key, value)
			     : filter_option(o, key);
}

static void
init(void *state)
{
	struct tar_opts *o = state;

	o->to_fd = -1;
	o->to_width = 19; /* GNU's first guess */
	o->to_timewidth = 16;
}

static void
done(void *state)
{
	struct tar_opts *o = state;

	if (o->to_fd > STDERR_FILENO)
		close(o->to_fd);
	if (o->to_made) /* and not finished */
		unlink(o->to_file);
	tar_names_free(&o->to_excludes);
	tar_names_free(&o->to_from);
	tar_locale_free(o->to_locale);
	fsu_mode_free(o->to_mode_change);
	free(o->to_uname);
	free(o->to_gname);
	free(o->to_found);
	if (o->to_says != &fsu_stdout)
		free(o->to_says);
}

/* ---- before the image is opened ---------------------------------------------------- */

/* -a: what a name ends in says what to write. */
static int
by_suffix(struct tar_opts *o)
{
	static const struct {
		const char *suffix, *filter, *format;
	} table[] = {
	    {".gz", "gzip", NULL},
	    {".tgz", "gzip", NULL},
	    {".taz", "gzip", NULL},
	    {".bz2", "bzip2", NULL},
	    {".tbz", "bzip2", NULL},
	    {".tbz2", "bzip2", NULL},
	    {".tz2", "bzip2", NULL},
	    {".xz", "xz", NULL},
	    {".txz", "xz", NULL},
	    {".zst", "zstd", NULL},
	    {".tzst", "zstd", NULL},
	    {".lz4", "lz4", NULL},
	    {".lzma", "lzma", NULL},
	    {".tlz", "lzma", NULL},
	    {".lz", "lzip", NULL},
	    {".Z", "compress", NULL},
	    {".taZ", "compress", NULL},
	    {".zip", NULL, "zip"},
	    {".7z", NULL, "7zip"},
	    {".cpio", NULL, "newc"},
	    {".iso", NULL, "iso9660"},
	};
	size_t len = strlen(o->to_file);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t n = strlen(table[i].suffix);

		if (len <= n ||
		    strcmp(o->to_file + len - n, table[i].suffix) != 0)
			continue;
		if (table[i].filter != NULL && o->to_filter == NULL)
			o->to_filter = table[i].filter;
		if (table[i].format != NULL && o->to_format == NULL)
			return set_format(o, table[i].format);
	}
	return FSU_OK;
}

static bool
is_stdio(const struct tar_opts *o)
{
	return o->to_file == NULL || strcmp(o->to_file, "-") == 0;
}

static int
open_output(struct fsu *f, struct tar_opts *o)
{
	const char *tmp = getenv("TMPDIR");

	if (o->to_auto && !is_stdio(o) && by_suffix(o) != FSU_OK)
		return FSU_USAGE;
	if (o->to_kind ==
	    TAR_FOREIGN) { /* some formats are put together there */
		fsu_host_access(f, tmp != NULL && *tmp != '\0' ? tmp : "/tmp",
		    FSU_HOST_READ | FSU_HOST_WRITE);
		o->to_locale = tar_locale_new();
	}
	if (is_stdio(o)) {
		o->to_fd = STDOUT_FILENO;
		if (isatty(o->to_fd))
			return fsu_usage("an archive isn't written to a "
					 "terminal (-f FILE, or a pipe)");
		return FSU_OK;
	}
	o->to_fd = open(
	    o->to_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	o->to_made = o->to_fd != -1;
	if (o->to_fd == -1 && errno == EEXIST)
		o->to_fd = open(o->to_file, O_WRONLY | O_CLOEXEC);
	if (o->to_fd == -1) {
		fsu_error(NULL, o->to_file, errno);
		return FSU_FAIL;
	}
	fsu_host_access(f, o->to_file, FSU_HOST_WRITE);
	return FSU_OK;
}

static int
open_input(struct tar_opts *o)
{
	int fd = STDIN_FILENO;

	if (!is_stdio(o))
		fd = open(o->to_file, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		fsu_error(NULL, o->to_file, errno);
		return FSU_FAIL;
	}
	if (isatty(fd))
		return fsu_usage("an archive isn't read from a terminal (-f "
				 "FILE, or a pipe)");
	o->to_fd = fsu_spool(fd);
	if (o->to_fd == -1)
		fsu_error(
		    NULL, is_stdio(o) ? "standard input" : o->to_file, errno);
	if (fd != STDIN_FILENO)
		close(fd);
	else
		lseek(o->to_fd, 0, SEEK_SET);
	o->to_locale = tar_locale_new();
	return o->to_fd == -1 ? FSU_FAIL : FSU_OK;
}

static int
check_line(const struct tar_opts *o, int n)
{
	if (o->to_mode == 0)
		return fsu_usage("one of -c, -x and -t must be said");
	if (o->to_mode != 'c' && o->to_format != NULL)
		return fsu_usage("--format is for -c: others are found out");
	if (o->to_clamp && !o->to_setmtime)
		return fsu_usage("--clamp-mtime needs --mtime");
	if (o->to_mode == 'x' && o->to_fromfile != NULL && n > 0)
		return fsu_usage("-T or members, not both");
	return FSU_OK;
}

static int
prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct tar_opts *o = state;
	int status = check_line(o, n), error;

	(void)operands;
	if (status != FSU_OK)
		return status;
	o->to_epoch = fsu_source_date_epoch(&o->to_epoch_sec, &error);
	if (error != 0)
		return fsu_usage("SOURCE_DATE_EPOCH is no number of seconds");
	if (o->to_fromfile != NULL &&
	    !tar_names_read(&o->to_from, o->to_fromfile, o->to_null))
		return FSU_FAIL;
	o->to_found = fsu_calloc((size_t)n + o->to_from.n, sizeof(bool));
	fsu_ids_load_host();
	o->to_says = &fsu_stdout;
	if (o->to_mode == 'c' && is_stdio(o)) {
		o->to_says = fsu_calloc(1, sizeof(*o->to_says));
		o->to_says->fd = STDERR_FILENO;
	}
	fsu_want_write(f, o->to_mode == 'x');
	if (o->to_mode != 't')
		fsu_progress_begin(o->to_verbose > 0);
	if (o->to_mode == 'c')
		return open_output(f, o);
	if (o->to_mode == 'x' || o->to_file != NULL)
		return open_input(o);
	return FSU_OK;
}

/* ---- on the image ---------------------------------------------------------------------- */

/* The archive that is to be written is a file of its own, and empty now. */
static int
clear_output(struct fsu *f, const struct tar_opts *o)
{
	struct stat st, image;

	if (fstat(o->to_fd, &st) == -1) {
		fsu_error(NULL, o->to_file, errno);
		return FSU_FAIL;
	}
	if (fstat(fsu_image_fd(f), &image) == 0 && st.st_dev == image.st_dev &&
	    st.st_ino == image.st_ino) {
		fsu_msg("%s: is the image itself",
		    is_stdio(o) ? "standard output" : fsu_visible(o->to_file));
		return FSU_FAIL;
	}
	if (!is_stdio(o) && S_ISREG(st.st_mode) &&
	    ftruncate(o->to_fd, 0) == -1) {
		fsu_error(NULL, o->to_file, errno);
		return FSU_FAIL;
	}
	return FSU_OK;
}

/* Operands, with patterns expanded where paths of the image are meant. */
static int
run_globbed(struct fsu *f, struct tar_opts *o, int n, char **operands)
{
	char **globbed;
	int status;

	if (!fsu_glob_wanted(f, true))
		return tar_create(f, o, n, operands);
	n = fsu_glob(f, n, operands, &globbed);
	status = tar_create(f, o, n, globbed);
	fsu_glob_free(globbed);
	return status;
}

static int
run_mode(struct fsu *f, struct tar_opts *o, int n, char **operands)
{
	int status;

	if (o->to_mode == 'c') {
		fsu_progress_phase(NULL, 0);
		status = clear_output(f, o);
		if (status == FSU_OK)
			status = run_globbed(f, o, n, operands);
		if (status == FSU_OK && o->to_fd != STDOUT_FILENO) {
			if (close(o->to_fd) == -1) {
				fsu_error(NULL, o->to_file, errno);
				status = FSU_FAIL;
			}
			o->to_fd = -1;
		}
		/* With files left out it is an archive all the same. */
		if (status == FSU_OK && !fsu_interrupted())
			o->to_made = false;
		return status;
	}
	if (o->to_mode == 't' && o->to_file == NULL)
		status = run_globbed(f, o, n, operands);
	else if (o->to_mode == 't')
		status = tar_list(f, o, n, operands);
	else
		status = tar_extract(f, o, n, operands);
	return status;
}

static int
run(struct fsu *f, void *state, int n, char **operands)
{
	struct tar_opts *o = state;
	int cwd, status, r;

	fsu_ids_load_image(f);
	if (o->to_mode != 'c' && o->to_from.n > 0) {
		n = (int)o->to_from.n;
		operands = o->to_from.n_list;
		if (o->to_file == NULL && o->to_mode == 't')
			n = 0;
	}
	cwd = -1;
	if (o->to_dir != NULL) {
		cwd = rump_sys_open(".", RUMP_O_PATH | RUMP_O_DIRECTORY, 0);
		r = cwd < 0 ? cwd : rump_sys_chdir(o->to_dir);
		if (r != 0) {
			fsu_error(f, o->to_dir, r);
			if (cwd >= 0)
				rump_sys_close(cwd);
			return FSU_FAIL;
		}
	}
	status = run_mode(f, o, n, operands);
	fsu_out_flush(o->to_says);
	if (cwd >= 0) {
		rump_sys_fchdir(cwd);
		rump_sys_close(cwd);
	}
	if (o->to_says == &fsu_stdout) {
		r = fsu_out_finish(&fsu_stdout);
		status = status > r ? status : r;
	}
	return status;
}

const struct fsu_command fsu_tar_command = {
    .name = "fsu_tar",
    .synopsis = "IMAGE -c [OPTION]... [PATH]... >ARCHIVE\n"
		"IMAGE -x [OPTION]... [MEMBER]... <ARCHIVE\n"
		"IMAGE -t [OPTION]... [PATH]...",
    .summary = "Archive files of an image, or put an archive's files into it.",
    .options = options,
    .noptions = sizeof(options) / sizeof(options[0]),
    .flags = FSU_READS | FSU_OWNGLOB,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct tar_opts),
    .init = init,
    .option = option,
    .prepare = prepare,
    .run = run,
    .done = done,
};
