/* SPDX-License-Identifier: BSD-2-Clause */
/* The module table: order, requirements, versions, failures, the end. */
#include "unit/child.h"

#include "kern/kmodule.h"
#include "kern/ksched.h"

static int first_state, second_state, first_fini_error;

static int
first_cmd(enum modcmd cmd)
{
	if (cmd == MODULE_CMD_FINI && first_fini_error != 0)
		return first_fini_error;
	first_state = cmd == MODULE_CMD_INIT ? 1 : 2;
	return 0;
}

static int
second_cmd(enum modcmd cmd)
{
	CHECK(first_state == 1);
	second_state = cmd == MODULE_CMD_INIT ? 1 : 2;
	return 0;
}

static int
failing_cmd(enum modcmd cmd)
{
	(void)cmd;
	return ENODEV;
}

MODULE(MODULE_CLASS_MISC, firsttest, NULL, first_cmd);
MODULE(MODULE_CLASS_DRIVER, secondtest, "firsttest", second_cmd);
MODULE(MODULE_CLASS_MISC, thirdtest, "firsttest,firstte,nonesuch", second_cmd);
MODULE(MODULE_CLASS_MISC, failing, "", failing_cmd);
static const struct modinfo oldmodule = {
    MODULE_ABI + 1, MODULE_CLASS_MISC, "old", NULL, first_cmd};

static char lines[10][120];
static int nlines;

static void
hook(void *arg, const char *line)
{
	(void)arg;
	if (nlines < 10)
		snprintf(lines[nlines++], sizeof(lines[0]), "%s", line);
}

static void
test_table(void)
{
	struct lwp *l = kern_enter();

	for (unsigned i = 0; module_builtin[i] != NULL; i++)
		CHECK(module_lookup(module_builtin[i]->mi_name) ==
		    module_builtin[i]);
	rump_pub_log_hook(hook, NULL);
	CHECK(module_init_one(&rump_modinfo_secondtest) == ENOENT);
	CHECK(nlines == 1 &&
	    strcmp(lines[0], "module secondtest: needs firsttest") == 0);
	CHECK(second_state == 0 && module_lookup("secondtest") == NULL);
	CHECK(module_init_one(&rump_modinfo_firsttest) == 0);
	CHECK(first_state == 1);
	CHECK(module_lookup("firsttest") == &rump_modinfo_firsttest);
	CHECK(module_init_one(&rump_modinfo_firsttest) == EEXIST);
	CHECK(module_init_one(&rump_modinfo_secondtest) == 0);
	CHECK(second_state == 1);
	CHECK(module_init_one(&rump_modinfo_thirdtest) == ENOENT);
	CHECK(
	    strcmp(lines[nlines - 1], "module thirdtest: needs firstte") == 0);
	CHECK(module_init_one(&rump_modinfo_failing) == ENODEV);
	CHECK(module_lookup("failing") == NULL);
	CHECK(module_init_one(&oldmodule) == EINVAL);
	CHECK(module_fini("nonesuch") == ENOENT);
	CHECK(module_fini("firsttest") == EBUSY); /* the second needs it */
	CHECK(first_state == 1);
	CHECK(module_fini("secondtest") == 0 && second_state == 2);
	first_fini_error = EBUSY; /* it says so itself */
	CHECK(module_fini("firsttest") == EBUSY);
	CHECK(module_lookup("firsttest") != NULL);
	first_fini_error = 0;
	CHECK(module_fini("firsttest") == 0 && first_state == 2);
	CHECK(module_lookup("firsttest") == NULL);
	kern_leave(l);
}

int
main(void)
{
	static const struct param debug[] = {
	    {"RUMP_NCPU", "2"}, {"RUMP_DEBUG", "1"}, {NULL, NULL}};

	child_ok(NULL, test_table, "the module table");
	child_ok(debug, test_table, "... with checks and two CPUs");
	return done();
}
