/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_mkfifo: GNU mkfifo(1) in an image.  What is made belongs to 0:0.
 */
#include <sys/stat.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

extern const struct fsu_command fsu_mkfifo_command;

struct mkfifo_options {
	struct fsu_modechange *change; /* -m */
};

static const struct fsu_option mkfifo_option_table[] = {
    {'m', "mode", FSU_ARG, "MODE",
	"as chmod takes it, not a=rw less the umask"},
};

static int
mkfifo_option(void *state, int key, const char *value)
{
	struct mkfifo_options *opt = state;

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
mkfifo_done(void *state)
{
	fsu_mode_free(((struct mkfifo_options *)state)->change);
}

static int
mkfifo_run(struct fsu *f, void *state, int n, char **operands)
{
	const struct mkfifo_options *opt = state;
	uint32_t mask = umask(0), mode = 0, old;

	umask(mask);
	if (opt->change != NULL)
		mode = fsu_mode_apply(opt->change, 0666, false, mask);
	old = rump_sys_umask(mask);
	for (int i = 0; i < n && !fsu_interrupted(); i++) {
		int error = opt->change == NULL
		    ? rump_sys_mkfifo(operands[i], 0666)
		    : rump_sys_makeat(RUMP_AT_FDCWD, operands[i],
			  RUMP_S_IFIFO | mode, 0, NULL, NULL, 0, NULL);

		if (error != 0)
			fsu_errorf(f, "cannot create fifo %s: %s",
			    fsu_quote_msg(operands[i]),
			    fsu_no_room(f, error, "a block or an inode is"));
	}
	rump_sys_umask(old);
	return FSU_OK;
}

const struct fsu_command fsu_mkfifo_command = {
    .name = "fsu_mkfifo",
    .synopsis = "[-m MODE] IMAGE NAME...",
    .summary = "Make named pipes in an image, as mkfifo(1) does.",
    .options = mkfifo_option_table,
    .noptions = sizeof(mkfifo_option_table) / sizeof(*mkfifo_option_table),
    .flags = FSU_WRITES,
    .min_operands = 1,
    .max_operands = -1,
    .state_size = sizeof(struct mkfifo_options),
    .option = mkfifo_option,
    .run = mkfifo_run,
    .done = mkfifo_done,
};
