/* SPDX-License-Identifier: BSD-2-Clause */
/* modload MODULE.so NOTAMODULE.so: a program that links the kernel loads a
 * module that finds the kernel in it. */
#include <rump/rump.h>
#include <rump/rumpuser.h>

#include "unit/tap.h"

static char lines[10][200];
static int nlines;

static void
hook(void *arg, const char *line)
{
	(void)arg;
	if (nlines < 10)
		snprintf(lines[nlines++], sizeof(lines[0]), "%s", line);
}

int
main(int argc, char **argv)
{
	const char *module = argc > 1 ? argv[1] : TESTMOD;
	const char *other = argc > 2 ? argv[2] : NOTAMODULE;

	if (rumpuser_putparam("RUMP_NCPU", "1") != 0)
		bail("no parameters");
	is(rump_init(), 0, "the kernel starts");
	is(rump_pub_version(), RUMP_VERSION, "the version we were built for");
	rump_pub_log_hook(hook, NULL);
	is(rump_pub_module_load("/nonexistent.so"), RUMP_ENOENT,
	    "no such file");
	ok(nlines == 1 && strstr(lines[0], "/nonexistent.so") != NULL,
	    "... and a line says so");
	is(rump_pub_module_load(other), RUMP_EINVAL, "not a module");
	nlines = 0;
	is(rump_pub_module_load(module), 0, "a module loads");
	is(nlines, 1, "... and speaks");
	is_str(lines[0], "testmod: 1 cpu, state 1", "... from inside");
	is(rump_pub_module_load(module), RUMP_EEXIST, "once");
	return done();
}
