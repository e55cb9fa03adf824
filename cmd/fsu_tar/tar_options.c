/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar: the command line.  GNU tar's letters and words; what says what is so
 * anyway (-p, -S, --xattrs ..) is taken and does nothing.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

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
	KEY_NULL,
};

const struct fsu_option tar_option_table[] = {
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

_Static_assert(
    sizeof(tar_option_table) / sizeof(tar_option_table[0]) == TAR_NOPTIONS,
    "tar.h says how many there are");

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

int
tar_set_format(struct tar_opts *o, const char *name)
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
		return tar_set_format(o, value);
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

int
tar_option(void *state, int key, const char *value)
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

/* ---- as it was first ------------------------------------------------------------ */

int
tar_old_letters(struct tar_opts *o, int n, char **operands)
{
	static const char letters[] = "ctxfCTXvzjJZahkmpPS";
	const char *word = n > 0 ? operands[0] : "";
	int used = 1;

	if (o->to_mode != 0 || *word == '\0' ||
	    word[strspn(word, letters)] != '\0' ||
	    word[strcspn(word, "ctx")] == '\0')
		return 0;
	for (; *word != '\0'; word++) {
		const char *value = NULL;

		if (strchr("fCTX", *word) != NULL) {
			if (used == n) {
				fsu_usage("'%c' in '%s' needs a value", *word,
				    operands[0]);
				return -1;
			}
			value = operands[used++];
		}
		if (tar_option(o, *word, value) != FSU_OK)
			return -1;
	}
	return used;
}
