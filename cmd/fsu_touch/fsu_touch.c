/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_touch: GNU touch(1) in an image.
 *
 * Now is SOURCE_DATE_EPOCH where that is set.  Dates are those that fsu_parse_date()
 * takes.  "-" is a file of that name, not standard output.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"
#include "fsu/timearg.h"

extern const struct fsu_command fsu_touch_command;

enum { K_TIME = FSU_KEY_LONG, K_HOSTREF };

struct touch_options {
	bool atime, mtime; /* -a, -m */
	bool nocreate, nodereference;
	const char *date, *stamp, *reference;
	bool hostref; /* reference is a host path */
	uint32_t umask;
	struct rump_timespec ts[2];
};

static const struct fsu_option touch_option_table[] = {
    {'a', NULL, FSU_NOARG, NULL, "only the time of access"},
    {'m', NULL, FSU_NOARG, NULL, "only the time of modification"},
    {K_TIME, "time", FSU_ARG, "WORD",
	"access, atime, use: -a; modify, mtime: -m"},
    {'c', "no-create", FSU_NOARG, NULL, "make no files"},
    {'d', "date", FSU_ARG, "DATE",
	"this time: '2024-05-06 07:08', '2 days ago'"},
    {'t', NULL, FSU_ARG, "STAMP", "this time: [[CC]YY]MMDDhhmm[.ss]"},
    {'r', "reference", FSU_ARG, "FILE", "the times of FILE in the image"},
    {K_HOSTREF, "reference-host", FSU_ARG, "FILE",
	"the times of FILE on the host"},
    {'h', "no-dereference", FSU_NOARG, NULL, "links themselves; make no files"},
    {'f', NULL, FSU_NOARG, NULL, NULL},
};

static int
time_option(struct touch_options *opt, const char *value)
{
	static const struct {
		const char *word;
		bool access;
	} words[] = {{"access", true}, {"atime", true}, {"use", true},
	    {"modify", false}, {"mtime", false}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(words[i].word, value) != 0)
			continue;
		if (words[i].access)
			opt->atime = true;
		else
			opt->mtime = true;
		return 0;
	}
	return fsu_usage(
	    "invalid argument %s for '--time' (access, atime, use, "
	    "modify, mtime)",
	    fsu_quote_msg(value));
}

static int
touch_option(void *state, int key, const char *value)
{
	struct touch_options *opt = state;

	switch (key) {
	case 'a':
		opt->atime = true;
		break;
	case 'm':
		opt->mtime = true;
		break;
	case K_TIME:
		return time_option(opt, value);
	case 'c':
		opt->nocreate = true;
		break;
	case 'd':
		opt->date = value;
		break;
	case 't':
		opt->stamp = value;
		break;
	case 'r':
	case K_HOSTREF:
		opt->reference = value;
		opt->hostref = key == K_HOSTREF;
		break;
	case 'h':
		opt->nodereference = true;
		break;
	}
	return 0;
}

/* ---- which times? ---------------------------------------------------------------- */

static int
two_digits(const char *s)
{
	return (s[0] - '0') * 10 + s[1] - '0';
}

/* [[CC]YY]MMDDhhmm[.ss] in local time, as POSIX has it. */
static bool
parse_stamp(const char *s, int64_t now, int64_t *secp)
{
	size_t n = strspn(s, "0123456789");
	time_t t = (time_t)now;
	struct tm tm, got;
	int leap;

	if ((n != 8 && n != 10 && n != 12) || localtime_r(&t, &tm) == NULL)
		return false;
	tm.tm_sec = 0;
	if (s[n] == '.') {
		if (!isdigit((unsigned char)s[n + 1]) ||
		    !isdigit((unsigned char)s[n + 2]) || s[n + 3] != '\0')
			return false;
		tm.tm_sec = two_digits(s + n + 1);
	} else if (s[n] != '\0') {
		return false;
	}
	if (n == 12)
		tm.tm_year = two_digits(s) * 100 + two_digits(s + 2) - 1900;
	else if (n == 10)
		tm.tm_year = two_digits(s) + (two_digits(s) < 69 ? 100 : 0);
	s += n - 8;
	tm.tm_mon = two_digits(s) - 1;
	tm.tm_mday = two_digits(s + 2);
	tm.tm_hour = two_digits(s + 4);
	tm.tm_min = two_digits(s + 6);
	tm.tm_isdst = -1;
	leap = tm.tm_sec == 60; /* it is the next minute's first */
	tm.tm_sec -= leap;
	got = tm;
	t = mktime(&got);
	*secp = (int64_t)t + leap;
	return got.tm_mon == tm.tm_mon && got.tm_mday == tm.tm_mday &&
	    got.tm_hour == tm.tm_hour && got.tm_min == tm.tm_min &&
	    got.tm_sec == tm.tm_sec;
}

/* A date, counted from base. */
static int
set_date(const struct touch_options *opt, const struct rump_timespec *base,
    struct rump_timespec *ts)
{
	if (fsu_parse_date(opt->date, 0, base->tv_sec, base->tv_nsec,
		&ts->tv_sec, &ts->tv_nsec) == 0)
		return FSU_OK;
	fsu_msg("invalid date format %s", fsu_quote_msg(opt->date));
	return FSU_USAGE;
}

static int
host_times(struct touch_options *opt)
{
	struct stat st;
	int r = opt->nodereference ? lstat(opt->reference, &st)
				   : stat(opt->reference, &st);

	if (r != 0) {
		fsu_msg("failed to get attributes of %s: %s",
		    fsu_quote_msg(opt->reference), strerror(errno));
		return FSU_USAGE;
	}
	opt->ts[0] = (struct rump_timespec){
	    st.st_atim.tv_sec, (int32_t)st.st_atim.tv_nsec, 0};
	opt->ts[1] = (struct rump_timespec){
	    st.st_mtim.tv_sec, (int32_t)st.st_mtim.tv_nsec, 0};
	return FSU_OK;
}

/* A date counted from the reference's times, if both are given. */
static int
date_from_reference(struct touch_options *opt)
{
	int status = FSU_OK;

	for (int i = 0; i < 2 && opt->date != NULL && status == FSU_OK; i++)
		status = set_date(opt, &opt->ts[i], &opt->ts[i]);
	return status;
}

static int
touch_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct touch_options *opt = state;
	struct rump_timespec now = {0};
	int status = FSU_OK;

	(void)f, (void)operands;
	if (opt->stamp != NULL && (opt->date != NULL || opt->reference != NULL))
		return fsu_usage(
		    "cannot specify times from more than one source");
	opt->umask = umask(0);
	umask(opt->umask);
	if (!opt->atime && !opt->mtime)
		opt->atime = opt->mtime = true;
	fsu_now(&now.tv_sec, &now.tv_nsec);
	opt->ts[0].tv_nsec = opt->ts[1].tv_nsec = RUMP_UTIME_NOW;
	if (opt->stamp != NULL) {
		opt->ts[0].tv_nsec = 0;
		if (!parse_stamp(opt->stamp, now.tv_sec, &opt->ts[0].tv_sec)) {
			fsu_msg("invalid date format %s",
			    fsu_quote_msg(opt->stamp));
			return FSU_USAGE;
		}
		opt->ts[1] = opt->ts[0];
	} else if (opt->reference != NULL && opt->hostref) {
		status = host_times(opt);
		if (status == FSU_OK)
			status = date_from_reference(opt);
	} else if (opt->date != NULL) {
		/* (with a reference in the image: to see whether it is one) */
		status = set_date(opt, &now, &opt->ts[0]);
		opt->ts[1] = opt->ts[0];
	}
	return status == FSU_OK && n == 0 ? fsu_usage("missing file operand")
					  : status;
}

/* The times of a file in the image. */
static int
image_times(struct fsu *f, struct touch_options *opt)
{
	struct rump_stat st;
	int error = rump_sys_fstatat(RUMP_AT_FDCWD, opt->reference, &st,
	    opt->nodereference ? RUMP_AT_SYMLINK_NOFOLLOW : 0);

	if (error != 0) {
		fsu_errorf(f, "failed to get attributes of %s: %s",
		    fsu_quote_msg(opt->reference), fsu_strerror(error));
		return FSU_FAIL;
	}
	opt->ts[0] = st.st_atim;
	opt->ts[1] = st.st_mtim;
	return date_from_reference(opt);
}

/* ---- touching -------------------------------------------------------------------------- */

/* 0 if it is there now, or what making it said; a directory is there. */
static int
create(const char *path)
{
	int fd = rump_sys_open(
	    path, RUMP_O_WRONLY | RUMP_O_CREAT | RUMP_O_NONBLOCK, 0666);
	size_t len = strlen(path);

	if (fd >= 0)
		return rump_sys_close(fd);
	/* "file/" fails where its times are set. */
	if (fd == -RUMP_ENOTDIR && path[len - 1] == '/')
		return 0;
	return fd == -RUMP_EISDIR || fd == -RUMP_ENXIO ? 0 : fd;
}

static int
touch_one(struct fsu *f, const struct touch_options *opt, const char *path)
{
	int made = 0, error;

	if (!opt->nocreate && !opt->nodereference)
		made = create(path);
	error = rump_sys_utimensat(RUMP_AT_FDCWD, path, opt->ts,
	    opt->nodereference ? RUMP_AT_SYMLINK_NOFOLLOW : 0);
	if (error == 0 || (error == -RUMP_ENOENT && opt->nocreate))
		return FSU_OK;
	if (made == -RUMP_ENOSPC)
		fsu_errorf(f, "cannot touch %s: %s", fsu_quote_msg(path),
		    fsu_no_room(f, made, "an inode or a block is"));
	else if (made != 0)
		fsu_errorf(f, "cannot touch %s: %s", fsu_quote_msg(path),
		    fsu_strerror(made));
	else
		fsu_errorf(f, "setting times of %s: %s", fsu_quote_msg(path),
		    fsu_strerror(error));
	return FSU_FAIL;
}

static int
touch_run(struct fsu *f, void *state, int n, char **operands)
{
	struct touch_options *opt = state;
	int status = FSU_OK;
	uint32_t mask;

	if (opt->reference != NULL && !opt->hostref) {
		status = image_times(f, opt);
		if (status != FSU_OK)
			return status;
	}
	if (!opt->atime)
		opt->ts[0].tv_nsec = RUMP_UTIME_OMIT;
	if (!opt->mtime)
		opt->ts[1].tv_nsec = RUMP_UTIME_OMIT;
	mask = rump_sys_umask(opt->umask);
	for (int i = 0; i < n && !fsu_interrupted(); i++) {
		if (touch_one(f, opt, operands[i]) != FSU_OK)
			status = FSU_FAIL;
	}
	rump_sys_umask(mask);
	return status;
}

const struct fsu_command fsu_touch_command = {
    .name = "fsu_touch",
    .synopsis = "[-achm] [-d DATE | -t STAMP] [-r FILE] IMAGE FILE...",
    .summary = "Change times of files in an image, or make them, as touch(1) "
	       "does.",
    .options = touch_option_table,
    .noptions = sizeof(touch_option_table) / sizeof(*touch_option_table),
    .flags = FSU_WRITES,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct touch_options),
    .option = touch_option,
    .prepare = touch_prepare,
    .run = touch_run,
};
