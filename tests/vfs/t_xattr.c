/* SPDX-License-Identifier: BSD-2-Clause */
/* Extended attributes. */
#include "vt.h"

static char buf[70000], want[70000];

static void
t_basic(void)
{
	int fd;

	vt_put("f", "x");
	FAIL(rump_sys_getxattr("f", "user.a", buf, 10), RUMP_ENODATA);
	is(rump_sys_listxattr("f", buf, sizeof(buf)), 0, "none yet");
	OK(rump_sys_setxattr("f", "user.a", "value", 5, 0));
	is(rump_sys_getxattr("f", "user.a", buf, sizeof(buf)), 5, "length");
	is(memcmp(buf, "value", 5), 0, "value");
	is(rump_sys_getxattr("f", "user.a", NULL, 0), 5, "length only");
	FAIL(rump_sys_getxattr("f", "user.a", buf, 4), RUMP_ERANGE);
	FAIL(rump_sys_setxattr("f", "user.a", "x", 1, RUMP_XATTR_CREATE),
	    RUMP_EEXIST);
	FAIL(rump_sys_setxattr("f", "user.b", "x", 1, RUMP_XATTR_REPLACE),
	    RUMP_ENODATA);
	OK(rump_sys_setxattr("f", "user.a", "other", 5, RUMP_XATTR_REPLACE));
	OK(rump_sys_setxattr("f", "user.empty", "", 0, RUMP_XATTR_CREATE));
	is(rump_sys_getxattr("f", "user.empty", buf, 10), 0, "empty value");
	is(rump_sys_listxattr("f", NULL, 0), 18, "length of the list");
	FAIL(rump_sys_listxattr("f", buf, 17), RUMP_ERANGE);
	is(rump_sys_listxattr("f", buf, sizeof(buf)), 18, "list");
	ok(memmem(buf, 18, "user.a", 7) != NULL &&
		memmem(buf, 18, "user.empty", 11) != NULL,
	    "both names");
	FAIL(rump_sys_removexattr("f", "user.none"), RUMP_ENODATA);
	OK(rump_sys_removexattr("f", "user.a"));
	FAIL(rump_sys_getxattr("f", "user.a", buf, 10), RUMP_ENODATA);
	fd = (int)MUST(rump_sys_open("f", O_RW, 0));
	OK(rump_sys_fsetxattr(fd, "user.fd", "1", 1, 0));
	is(rump_sys_fgetxattr(fd, "user.fd", buf, 10), 1, "by descriptor");
	is(rump_sys_flistxattr(fd, buf, sizeof(buf)), 19, "list");
	OK(rump_sys_fremovexattr(fd, "user.fd"));
	OK(rump_sys_close(fd));
	FAIL(rump_sys_fgetxattr(fd, "user.fd", buf, 10), RUMP_EBADF);
	FAIL(rump_sys_fgetxattr(-1, "user.fd", buf, 10), RUMP_EBADF);
	FAIL(rump_sys_getxattr("none", "user.a", buf, 10), RUMP_ENOENT);
	FAIL(rump_sys_setxattr("f", "", "x", 1, 0), RUMP_ERANGE);
	FAIL(rump_sys_setxattr("f", "strange.x", "x", 1, 0), RUMP_EOPNOTSUPP);
	FAIL(rump_sys_setxattr("f", "user.a", "x", 1, 3), RUMP_EINVAL);
	memset(buf, 'n', 300);
	memcpy(buf, "user.", 5);
	buf[256] = '\0';
	FAIL(rump_sys_setxattr("f", buf, "x", 1, 0), RUMP_ERANGE);
	FAIL(rump_sys_setxattr("f", "user.big", buf, 65537, 0), RUMP_E2BIG);
}

static void
t_where(void)
{
	static const uint8_t caps[20] = {1, 0, 0, 2, 0, 4};

	OK(rump_sys_mkdir("d", 0755));
	OK(rump_sys_setxattr("d", "user.dir", "yes", 3, 0));
	OK(rump_sys_symlink("d", "l"));
	FAIL(rump_sys_lsetxattr("l", "user.x", "y", 1, 0), RUMP_EPERM);
	OK(rump_sys_lsetxattr("l", "trusted.x", "y", 1, 0));
	is(rump_sys_lgetxattr("l", "trusted.x", buf, 9), 1, "the link's own");
	FAIL(rump_sys_getxattr("l", "trusted.x", buf, 9), RUMP_ENODATA);
	is(rump_sys_getxattr("l", "user.dir", buf, 9), 3, "followed");
	is(rump_sys_llistxattr("l", buf, 99), 10, "list of the link");
	OK(rump_sys_lremovexattr("l", "trusted.x"));
	vt_put("f", "x");
	OK(rump_sys_setxattr("f", "security.capability", caps, 20, 0));
	OK(rump_sys_setxattr("f", "trusted.t", "t", 1, 0));
	OK(rump_sys_chmod("f", 0644));
	vt_remount(0);
	is(rump_sys_getxattr("f", "security.capability", buf, 99), 20,
	    "capabilities");
	is(memcmp(buf, caps, 20), 0, "as they were");
	vt_become(1000, 1000);
	FAIL(rump_sys_getxattr("f", "trusted.t", buf, 9), RUMP_ENODATA);
	is(rump_sys_listxattr("f", buf, 99), 20, "trusted ones aren't listed");
	FAIL(rump_sys_setxattr("f", "user.a", "x", 1, 0), RUMP_EACCES);
	FAIL(rump_sys_setxattr("f", "trusted.a", "x", 1, 0), RUMP_EPERM);
	FAIL(rump_sys_setxattr("f", "security.a", "x", 1, 0), RUMP_EPERM);
	vt_unbecome();
}

/* ACLs as Linux passes them: version 2, entries of tag, permissions, id. */
static void
t_acl(void)
{
	static const uint8_t acl[] = {2, 0, 0, 0, 1, 0, 6, 0, 0xff, 0xff, 0xff,
	    0xff,				  /* owner rw- */
	    2, 0, 7, 0, 0xe8, 3, 0, 0,		  /* user 1000 rwx */
	    4, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,	  /* group r-- */
	    16, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,  /* mask rwx */
	    32, 0, 4, 0, 0xff, 0xff, 0xff, 0xff}; /* other r-- */

	vt_put("f", "x");
	OK(rump_sys_mkdir("d", 0755));
	OK(rump_sys_setxattr(
	    "f", "system.posix_acl_access", acl, sizeof(acl), 0));
	OK(rump_sys_setxattr(
	    "d", "system.posix_acl_default", acl, sizeof(acl), 0));
	vt_remount(0);
	is(rump_sys_getxattr("f", "system.posix_acl_access", buf, 999),
	    sizeof(acl), "access ACL");
	is(memcmp(buf, acl, sizeof(acl)), 0, "as it was");
	is(rump_sys_getxattr("d", "system.posix_acl_default", buf, 999),
	    sizeof(acl), "default ACL");
	is(memcmp(buf, acl, sizeof(acl)), 0, "as it was");
}

/* As many as fit, of changing sizes, then half of them away, and again. */
static void
t_many(void)
{
	char name[32];
	int n = 0, bad = 0;

	vt_put("f", "x");
	for (int round = 0; round < 3; round++) {
		int error = 0;

		for (n = 0; n < 200 && error == 0; n++) {
			size_t len = (size_t)(n * 7 % 50);

			snprintf(name, sizeof(name), "user.%d.%d", round, n);
			vt_pattern(want, 0, len, (unsigned)n);
			error = -rump_sys_setxattr("f", name, want, len, 0);
		}
		n -= error != 0;
		ok(error == 0 || error == RUMP_ENOSPC || error == RUMP_E2BIG,
		    "%d attributes, then error %d", n, error);
		for (int i = 0; i < n; i++) {
			size_t len = (size_t)(i * 7 % 50);

			snprintf(name, sizeof(name), "user.%d.%d", round, i);
			vt_pattern(want, 0, len, (unsigned)i);
			bad += rump_sys_getxattr("f", name, buf, 99) !=
				(int64_t)len ||
			    memcmp(buf, want, len) != 0;
		}
		is(bad, 0, "all as they were set");
		for (int i = 0; i < n; i++) {
			snprintf(name, sizeof(name), "user.%d.%d", round, i);
			bad += rump_sys_removexattr("f", name) != 0;
		}
		is(bad, 0, "removed");
		is(rump_sys_listxattr("f", buf, sizeof(buf)), 0, "none left");
	}
	/* one that grows and shrinks between inode and block */
	for (size_t len = 1; len < 3000; len = len * 5 / 3 + 1) {
		vt_pattern(want, 0, len, 1);
		int error = -rump_sys_setxattr("f", "user.v", want, len, 0);
		if (error == RUMP_ENOSPC || error == RUMP_E2BIG)
			break;
		bad += error != 0 ||
		    rump_sys_getxattr("f", "user.v", buf, sizeof(buf)) !=
			(int64_t)len ||
		    memcmp(buf, want, len) != 0;
	}
	is(bad, 0, "growing");
	OK(rump_sys_setxattr("f", "user.v", "s", 1, 0));
	is(rump_sys_getxattr("f", "user.v", buf, 9), 1, "small again");
	/* unlinking gives all back: e2fsck sees if not */
	vt_put("g", "x");
	memset(want, 'z', 700);
	OK(rump_sys_setxattr("g", "user.v", want, 700, 0));
	OK(rump_sys_unlink("g"));
}

const struct vt_case vt_xattr[] = {
    {.tc_name = "xattr", .tc_run = t_basic, .tc_caps = RUMP_CAP_XATTR},
    {.tc_name = "xattr-where",
	.tc_run = t_where,
	.tc_caps = RUMP_CAP_XATTR | RUMP_CAP_SYMLINKS},
    {.tc_name = "xattr-acl", .tc_run = t_acl, .tc_caps = RUMP_CAP_XATTR},
    {.tc_name = "xattr-many", .tc_run = t_many, .tc_caps = RUMP_CAP_XATTR},
    {.tc_name = NULL},
};
