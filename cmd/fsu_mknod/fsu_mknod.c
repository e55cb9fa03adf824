/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_mknod: GNU mknod(1) in an image.  What is made belongs to 0:0, and needs no
 * privilege: it is a device only where the image is mounted by somebody who may.
 *
 * Numbers are decimal, or as in C octal and hexadecimal.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

extern const struct fsu_command fsu_mknod_command;

struct mknod_options {
	struct fsu_modechange *change; /* -m */
	uint32_t type;
	uint32_t major, minor;
};

static const struct fsu_option mknod_option_table[] = {
    {'m', "mode", FSU_ARG, "MODE",
	"as chmod takes it, not a=rw less the umask"},
};

static int
mknod_option(void *state, int key, const char *value)
{
	struct mknod_options *opt = state;

	(void)key;
	fsu_mode_free(opt->change);
	opt->change = fsu_mode_parse(value);
	if (opt->change == NULL)
		return fsu_usage("invalid mode %s", fsu_quote_msg(value));
	if ((fsu_mode_apply(opt->change, 0666, false, 0) & ~0777u) != 0)
		return fsu_usage("mode must specify only file permission bits");
	return FSU_OK;
}

static void
mknod_done(void *state)
{
	fsu_mode_free(((struct mknod_options *)state)->change);
}

static int
device_number(const char *which, const char *s, uint32_t *vp)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(s, &end, 0);
	if (!isdigit((unsigned char)*s) || *end != '\0' || errno != 0 ||
	    v > UINT32_MAX)
		return fsu_usage(
		    "invalid %s device number %s", which, fsu_quote_msg(s));
	*vp = (uint32_t)v;
	return FSU_OK;
}

static int
mknod_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct mknod_options *opt = state;
	int want, status;

	(void)f;
	if (n < 2)
		return n == 0 ? fsu_usage("missing operand")
			      : fsu_usage("missing operand after %s",
				    fsu_quote_msg(operands[0]));
	want = operands[1][0] == 'p' ? 2 : 4;
	if (n < want)
		return fsu_usage("missing operand after %s%s",
		    fsu_quote_msg(operands[n - 1]),
		    n == 2 ? ": special files require major and minor device "
			     "numbers"
			   : "");
	if (n > want)
		return fsu_usage("extra operand %s%s",
		    fsu_quote_msg(operands[want]),
		    want == 2
			? ": FIFOs do not have major and minor device numbers"
			: "");
	switch (operands[1][0]) {
	case 'b':
		opt->type = RUMP_S_IFBLK;
		break;
	case 'c':
	case 'u':
		opt->type = RUMP_S_IFCHR;
		break;
	case 'p':
		opt->type = RUMP_S_IFIFO;
		break;
	}
	if (opt->type == 0)
		return fsu_usage(
		    "invalid device type %s", fsu_quote_msg(operands[1]));
	if (opt->type == RUMP_S_IFIFO)
		return FSU_OK;
	status = device_number("major", operands[2], &opt->major);
	return status != FSU_OK
	    ? status
	    : device_number("minor", operands[3], &opt->minor);
}

static int
mknod_run(struct fsu *f, void *state, int n, char **operands)
{
	const struct mknod_options *opt = state;
	uint64_t dev = RUMP_MAKEDEV(opt->major, opt->minor);
	uint32_t mask = umask(0), mode, old;
	int error;

	(void)n;
	umask(mask);
	if (opt->change != NULL) {
		mode = fsu_mode_apply(opt->change, 0666, false, mask);
		error = rump_sys_makeat(RUMP_AT_FDCWD, operands[0],
		    opt->type | mode, dev, NULL, NULL, 0, NULL);
	} else {
		old = rump_sys_umask(mask);
		error = rump_sys_mknod(operands[0], opt->type | 0666, dev);
		rump_sys_umask(old);
	}
	if (error == 0)
		return FSU_OK;
	fsu_errorf(f, "%s: %s", fsu_quote_maybe(operands[0]),
	    fsu_no_room(f, error, "a block or an inode is"));
	return FSU_FAIL;
}

const struct fsu_command fsu_mknod_command = {
    .name = "fsu_mknod",
    .synopsis = "[-m MODE] IMAGE NAME {b|c|u} MAJOR MINOR\n"
		"[-m MODE] IMAGE NAME p",
    .summary = "Make a device or a FIFO in an image, as mknod(1) does.",
    .options = mknod_option_table,
    .noptions = sizeof(mknod_option_table) / sizeof(*mknod_option_table),
    .flags = FSU_WRITES,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct mknod_options),
    .option = mknod_option,
    .prepare = mknod_prepare,
    .run = mknod_run,
    .done = mknod_done,
};
