/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A command that runs commands on its open image, as a shell does: t_command IMAGE,
 * an ext2 image with /a and /b.
 */
#include <stdlib.h>
#include <string.h>

#include <fsu/fsu.h>

#include "unit/tap.h"

struct inner {
	int n;
	bool flag;
	const char *value;
	bool initialised, prepared;
};

static int inner_runs, inner_dones, inner_operands;
static char inner_last[64];

static const struct fsu_option inner_options[] = {
    {'t', "flag", FSU_NOARG, NULL, "a letter that is the mount's elsewhere"},
    {'o', "out", FSU_ARG, "WHERE", "another"},
};

static void
inner_init(void *state)
{
	((struct inner *)state)->initialised = true;
}

static int
inner_option(void *state, int key, const char *value)
{
	struct inner *in = state;

	if (key == 't')
		in->flag = true;
	else if (strcmp(value, "bad") == 0)
		return fsu_usage("bad value");
	else
		in->value = value;
	return FSU_OK;
}

static int
inner_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct inner *in = state;

	(void)n, (void)operands;
	in->prepared = true;
	if (in->value != NULL && strcmp(in->value, "write") == 0)
		fsu_want_write(f, true);
	if (in->value != NULL && strncmp(in->value, "to=", 3) == 0)
		fsu_second_image(f, in->value + 3, false);
	return FSU_OK;
}

static int
inner_run(struct fsu *f, void *state, int n, char **operands)
{
	struct rump_stat st;
	struct inner *in = state;
	int i, r;

	inner_runs++;
	inner_operands = n;
	snprintf(inner_last, sizeof(inner_last), "%d%d%d%s%s", in->initialised,
	    in->prepared, in->flag, in->value != NULL ? in->value : "-",
	    fsu_progname());
	for (i = 0; i < n; i++) {
		r = rump_sys_stat(operands[i], &st);
		if (r != 0)
			fsu_error(f, operands[i], r);
	}
	return FSU_OK;
}

static void
inner_done(void *state)
{
	(void)state;
	inner_dones++;
}

static const struct fsu_command inner = {
    .name = "fsu_inner",
    .synopsis = "IMAGE [FILE]...",
    .summary = "For a test.",
    .options = inner_options,
    .noptions = 2,
    .flags = FSU_READS | FSU_GLOBS,
    .min_operands = 1,
    .max_operands = 4,
    .state_size = sizeof(struct inner),
    .init = inner_init,
    .option = inner_option,
    .prepare = inner_prepare,
    .run = inner_run,
    .done = inner_done,
};

static int
call(struct fsu *f, char **argv)
{
	int argc;

	for (argc = 0; argv[argc] != NULL; argc++)
		continue;
	return fsu_run_command(f, &inner, argc, argv);
}

#define CALL(f, ...) \
	call(f, (char *[]){(char *)(uintptr_t) "fsu_inner", __VA_ARGS__, NULL})

static char A[] = "/a", B[] = "b", NOTHERE[] = "nothere", T[] = "-t",
	    O[] = "-o", X[] = "x", STAR[] = "/[ab]", NOGLOB[] = "--no-glob",
	    WRITE[] = "write", TO_NONE[] = "to=/nothere", to_self[4096],
	    BAD[] = "bad", IMAGE[] = "--image=x", HELP[] = "--help";

static int
outer_run(struct fsu *f, void *state, int n, char **operands)
{
	(void)state, (void)n, (void)operands;
	is(CALL(f, A, B), 0, "two files that are there");
	is(inner_operands, 2, "two operands");
	is_str(inner_last, "110-fsu_inner", "with its own name");
	is(CALL(f, T, O, X, A), 0, "-t and -o are the command's");
	is_str(inner_last, "111xfsu_inner", "with values");
	is(inner_operands, 1, "one operand");
	is(CALL(f, NOTHERE, A), 1, "a failure is this command's");
	is(CALL(f, A), 0, "and not the next one's");
	is(CALL(f, STAR), 0, "a pattern");
	is(inner_operands, 2, "is expanded");
	is(CALL(f, NOGLOB, STAR), 1, "or not");
	is(CALL(f, STAR), 0, "which is the line's alone");
	is(inner_operands, 2, "is expanded again");
	is(inner_runs, 7, "it ran each time");
	is(CALL(f, O, BAD, A), 2, "an option's refusal");
	is(CALL(f, T), 2, "an operand is missing");
	is(CALL(f, A, A, A, A, A), 2, "one too many");
	is(CALL(f, IMAGE, A), 2, "the image is open");
	is(CALL(f, HELP), 0, "--help");
	is(inner_runs, 7, "none of these ran");
	is(inner_dones, 12, "each state was freed");
	is(CALL(f, O, WRITE, A), 2, "it is open for reading, and one writes");
	is(inner_runs, 7, "which didn't run");
	is(CALL(f, A), 0, "the next one reads");
	is(CALL(f, O, TO_NONE, A), 2, "a second image that isn't there");
	is(CALL(f, O, to_self, A), 0, "one that is the first");
	is(fsu_second(f) == f, 1, "none is left");
	setenv("FSU_DEVICE", "/nothere", 1);
	is(CALL(f, A, B), 0, "FSU_DEVICE isn't asked");
	is(inner_operands, 2, "nor is the first operand an image");
	unsetenv("FSU_DEVICE");
	is(fprintf(stdout, "# x\n") > 0 && CALL(f, A) == 0, 1,
	    "what was printed before");
	is(rump_sys_mkdir("/dir", 0755), -RUMP_EROFS, "it is read-only");
	is_str(fsu_progname(), "t_command", "the outer's name is back");
	return FSU_OK;
}

int
main(int argc, char **argv)
{
	static const struct fsu_command outer = {
	    .name = "t_command",
	    .synopsis = "IMAGE",
	    .summary = "For a test.",
	    .max_operands = 0,
	    .run = outer_run,
	};
	int status;

	snprintf(to_self, sizeof(to_self), "to=%s", argc > 1 ? argv[1] : "");
	status = fsu_main(&outer, argc, argv);
	is(status, 0, "the outer command's own status");
	return done();
}
