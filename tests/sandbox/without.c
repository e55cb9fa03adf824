/* SPDX-License-Identifier: BSD-2-Clause */
/* without landlock|seccomp|both COMMAND [ARG]...: run it on a host whose kernel has no
 * Landlock, or (in a container that forbids it) no seccomp. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <seccomp.h>

#define LANDLOCK_CREATE_RULESET 444

int
main(int argc, char **argv)
{
	struct scmp_arg_cmp set = SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r = 0;

	if (argc < 3 || ctx == NULL)
		return 99;
	if (strcmp(argv[1], "seccomp") != 0)
		r = seccomp_rule_add(
		    ctx, SCMP_ACT_ERRNO(ENOSYS), LANDLOCK_CREATE_RULESET, 0);
	if (r == 0 && strcmp(argv[1], "landlock") != 0)
		r = seccomp_rule_add_array(
		    ctx, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, &set);
	if (r == 0)
		r = seccomp_load(ctx);
	if (r != 0) {
		fprintf(stderr, "without: %s\n", strerror(-r));
		return 99;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 99;
}
