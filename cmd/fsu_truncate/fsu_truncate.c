/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_truncate: GNU truncate(1) in an image.  Sizes are those of all commands
 * (fs-utils(7)).
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

extern const struct fsu_command fsu_truncate_command;

struct truncate_options {
	bool no_create, blocks;
	const char *size, *reference;
	/* prepared */
	char rel; /* + - < > / % or NUL */
	uint64_t bytes;
	uint64_t base; /* of the reference */
};

static const struct fsu_option truncate_option_table[] = {
    {'c', "no-create", FSU_NOARG, NULL, "make no files"},
    {'o', "io-blocks", FSU_NOARG, NULL, "SIZE counts blocks, not bytes"},
    {'r', "reference", FSU_ARG, "RFILE", "base the size on RFILE's"},
    {'s', "size", FSU_ARG, "SIZE",
	"the size, or with + - < > / % in front a change"},
};

static int
truncate_option(void *state, int key, const char *value)
{
	struct truncate_options *opt = state;

	switch (key) {
	case 'c':
		opt->no_create = true;
		break;
	case 'o':
		opt->blocks = true;
		break;
	case 'r':
		opt->reference = value;
		break;
	case 's':
		opt->size = value;
		break;
	}
	return FSU_OK;
}

static int
parse_size(struct truncate_options *opt)
{
	const char *s = opt->size;
	int error;

	while (isspace((unsigned char)*s))
		s++;
	if (*s != '\0' && strchr("+-<>/%", *s) != NULL) {
		opt->rel = *s++;
		if (opt->rel != '+' && opt->rel != '-') {
			while (isspace((unsigned char)*s))
				s++;
			if (*s == '+' || *s == '-')
				return fsu_usage(
				    "multiple relative modifiers specified");
		}
	}
	error = fsu_parse_size(s, &opt->bytes);
	if (error != 0) {
		fsu_msg("Invalid number: %s%s%s", fsu_quote_msg(opt->size),
		    error == ERANGE ? ": " : "",
		    error == ERANGE ? strerror(EOVERFLOW) : "");
		return FSU_USAGE;
	}
	if ((opt->rel == '/' || opt->rel == '%') && opt->bytes == 0) {
		fsu_msg("division by zero");
		return FSU_USAGE;
	}
	return FSU_OK;
}

static int
truncate_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct truncate_options *opt = state;
	int status = FSU_OK;

	(void)f;
	(void)operands;
	if (opt->size != NULL)
		status = parse_size(opt);
	if (status != FSU_OK)
		return status;
	if (opt->size == NULL && opt->reference == NULL)
		return fsu_usage(
		    "you must specify either '--size' or '--reference'");
	if (opt->size != NULL && opt->reference != NULL && opt->rel == '\0')
		return fsu_usage("you must specify a relative '--size' with "
				 "'--reference'");
	if (opt->blocks && opt->size == NULL)
		return fsu_usage(
		    "'--io-blocks' was specified but '--size' was not");
	return n > 0 ? FSU_OK : fsu_usage("missing file operand");
}

/* What opt makes of a file of size bytes.  A status. */
static int
new_size(struct fsu *f, const struct truncate_options *opt, const char *path,
    const struct rump_stat *st, uint64_t *sizep)
{
	uint64_t n = opt->bytes, was, rest;

	if (opt->blocks && __builtin_mul_overflow(n, st->st_blksize, &n)) {
		fsu_errorf(f,
		    "overflow in %" PRIu64 " * %u byte blocks for "
		    "file %s",
		    opt->bytes, st->st_blksize, fsu_quote_msg(path));
		return FSU_FAIL;
	}
	was = opt->reference != NULL ? opt->base : st->st_size;
	*sizep = n;
	if (opt->reference != NULL && opt->size == NULL)
		*sizep = was;
	switch (opt->rel) {
	case '+':
		if (!__builtin_add_overflow(was, n, sizep) &&
		    *sizep <= INT64_MAX)
			break;
		fsu_errorf(f, "overflow extending size of file %s",
		    fsu_quote_msg(path));
		return FSU_FAIL;
	case '-':
		*sizep = was > n ? was - n : 0;
		break;
	case '<':
		*sizep = was < n ? was : n;
		break;
	case '>':
		*sizep = was > n ? was : n;
		break;
	case '/':
		*sizep = was - was % n;
		break;
	case '%':
		rest = was % n;
		if (rest == 0)
			*sizep = was;
		else if (__builtin_add_overflow(was, n - rest, sizep) ||
		    *sizep > INT64_MAX) {
			fsu_errorf(f, "overflow rounding up size of file %s",
			    fsu_quote_msg(path));
			return FSU_FAIL;
		}
		break;
	}
	return FSU_OK;
}

static void
truncate_one(
    struct fsu *f, const struct truncate_options *opt, const char *path)
{
	struct rump_stat st;
	uint64_t size;
	int error, fd;

	fd = rump_sys_open(path,
	    RUMP_O_WRONLY | RUMP_O_NONBLOCK |
		(opt->no_create ? 0 : RUMP_O_CREAT),
	    0666);
	if (fd < 0) {
		if (!(opt->no_create && fd == -RUMP_ENOENT))
			fsu_errorf(f, "cannot open %s for writing: %s",
			    fsu_quote_msg(path),
			    fsu_no_room(f, fd, "an inode is"));
		return;
	}
	error = rump_sys_fstat(fd, &st);
	if (error != 0)
		fsu_errorf(f, "cannot fstat %s: %s", fsu_quote_msg(path),
		    fsu_strerror(error));
	else if (new_size(f, opt, path, &st, &size) == FSU_OK) {
		error = rump_sys_ftruncate(fd, size);
		if (error != 0)
			fsu_errorf(f,
			    "failed to truncate %s at %" PRIu64 " bytes: %s",
			    fsu_quote_msg(path), size,
			    fsu_no_room(f, error, "a block is"));
	}
	rump_sys_close(fd);
}

static int
truncate_run(struct fsu *f, void *state, int n, char **operands)
{
	struct truncate_options *opt = state;
	struct rump_stat st;
	uint32_t old, mask;
	int error;

	if (opt->reference != NULL) {
		error = rump_sys_stat(opt->reference, &st);
		if (error == 0 && (st.st_mode & RUMP_S_IFMT) != RUMP_S_IFREG)
			error = -RUMP_EINVAL;
		if (error != 0) {
			fsu_errorf(f, "cannot stat %s: %s",
			    fsu_quote_msg(opt->reference), fsu_strerror(error));
			return FSU_FAIL;
		}
		opt->base = st.st_size;
	}
	mask = umask(0);
	umask(mask);
	old = rump_sys_umask(mask);
	for (int i = 0; i < n && !fsu_interrupted(); i++)
		truncate_one(f, opt, operands[i]);
	rump_sys_umask(old);
	return FSU_OK;
}

const struct fsu_command fsu_truncate_command = {
    .name = "fsu_truncate",
    .synopsis = "IMAGE [-co] {-s SIZE | -r RFILE} FILE...",
    .summary = "Shrink or extend files in an image, as truncate(1) does.",
    .options = truncate_option_table,
    .noptions = sizeof(truncate_option_table) / sizeof(*truncate_option_table),
    .flags = FSU_WRITES,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct truncate_options),
    .option = truncate_option,
    .prepare = truncate_prepare,
    .run = truncate_run,
};
