/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sandbox: what this process may ask of the host from now on.
 *
 * Two parts, each strong alone and each left out where the host's kernel doesn't
 * have it:
 *	seccomp		which system calls, by number and plain arguments.  The
 *			filters are libseccomp's, made when we were built
 *			(tools/sandbox_filter.c says what is in them)
 *	Landlock	which files may be opened (landlock(7)), by system calls
 *			without libc's help; what a kernel's version of it doesn't
 *			know isn't asked for
 *
 * Landlock binds the calling thread and those that it starts, so there must be no
 * other yet; neither can ever be taken back.  Landlock doesn't guard attributes:
 * where a path may be written, so may modes, owners and times of others of the
 * user's files.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hypercall.h"
#include "sandbox_filter.inc"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* ---- Landlock ---------------------------------------------------------------- */

/* The system calls' own structures and numbers: host headers may be older. */
struct ll_ruleset {
	uint64_t fs, net, scoped;
};
struct ll_path {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

#ifdef SYS_landlock_create_ruleset
#define LL_CREATE_RULESET SYS_landlock_create_ruleset
#define LL_ADD_RULE	  SYS_landlock_add_rule
#define LL_RESTRICT_SELF  SYS_landlock_restrict_self
#else
#define LL_CREATE_RULESET 444
#define LL_ADD_RULE	  445
#define LL_RESTRICT_SELF  446
#endif
#define LL_VERSION    1u
#define LL_RULE_PATH  1

#define LL_WRITE_FILE (1u << 1)
#define LL_READ_FILE  (1u << 2)
#define LL_READ_DIR   (1u << 3)
#define LL_REMOVE_AND_MAKE \
	(0x1ff0u) /* REMOVE_DIR, REMOVE_FILE, MAKE_CHAR .. MAKE_SYM */
#define LL_REFER    (1u << 13) /* link and rename between directories */
#define LL_TRUNCATE (1u << 14)
#define LL_FS_1	    0x1fffu
#define LL_FS_2	    (LL_FS_1 | LL_REFER)
#define LL_FS_3	    (LL_FS_2 | LL_TRUNCATE)
#define LL_FS_5	    (LL_FS_3 | 1u << 15) /* ioctl on devices */
#define LL_NET_4    3u			 /* bind and connect of TCP */
#define LL_SCOPED_6 3u /* abstract sockets and signals of others */

/* What the host's kernel has, all of it forbidden for a start. */
static struct ll_ruleset
ll_all(long abi)
{
	struct ll_ruleset r = {.fs = LL_FS_1};

	if (abi >= 2)
		r.fs = LL_FS_2;
	if (abi >= 3)
		r.fs = LL_FS_3;
	if (abi >= 5)
		r.fs = LL_FS_5;
	if (abi >= 4)
		r.net = LL_NET_4;
	if (abi >= 6)
		r.scoped = LL_SCOPED_6;
	return r;
}

static int
ll_add(int ruleset, uint64_t handled, const char *path, uint32_t access)
{
	struct ll_path rule = {.allowed = LL_READ_FILE};
	struct stat st;
	int error = 0;

	rule.fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.fd < 0)
		return 0; /* then it can't be opened later either */
	if (access & RUMPUSER_SANDBOX_WRITE)
		rule.allowed |= LL_WRITE_FILE | LL_TRUNCATE;
	if (fstat(rule.fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		rule.allowed |= LL_READ_DIR;
		if (access & RUMPUSER_SANDBOX_WRITE)
			rule.allowed |= LL_REMOVE_AND_MAKE | LL_REFER;
	}
	rule.allowed &= handled;
	/* EBADFD: a pipe or the like, which has no place in a tree */
	if (syscall(LL_ADD_RULE, ruleset, LL_RULE_PATH, &rule, 0) != 0 &&
	    errno != EBADFD)
		error = hyper_errno();
	close(rule.fd);
	return error;
}

/* *abip: its version, 0 if it isn't in force. */
static int
landlock(const struct rumpuser_sandbox_path *paths, uint32_t npaths,
    uint32_t access, uint32_t *abip)
{
	struct ll_ruleset rules;
	size_t size;
	long abi;
	int fd, error = 0;

	*abip = 0;
	abi = syscall(LL_CREATE_RULESET, NULL, 0, LL_VERSION);
	/* The first version forbids links between directories, always. */
	if (abi < 1 || (abi == 1 && (access & RUMPUSER_SANDBOX_WRITE)))
		return 0;
	rules = ll_all(abi);
	/* Older kernels know fewer members. */
	size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
	fd = (int)syscall(LL_CREATE_RULESET, &rules, size, 0);
	if (fd < 0)
		return 0;
	for (uint32_t i = 0; i < npaths && error == 0; i++)
		error = ll_add(
		    fd, rules.fs, paths[i].sp_path, paths[i].sp_access);
	if (SANITIZED && error == 0) /* they look for leaks there */
		error = ll_add(fd, rules.fs, "/proc", RUMPUSER_SANDBOX_READ);
	if (error == 0 && syscall(LL_RESTRICT_SELF, fd, 0) == 0)
		*abip = (uint32_t)abi;
	close(fd);
	return error;
}

/* ---- seccomp ------------------------------------------------------------------ */

#if SANDBOX_HAS_FILTER
#define FILTER(name)                                              \
	(struct sock_fprog)                                       \
	{                                                         \
		.len = sizeof(name) / sizeof(struct sock_filter), \
		.filter = (struct sock_filter *)(uintptr_t)(name) \
	}

static bool
filter_calls(uint32_t access)
{
	struct sock_fprog filters[] = {FILTER(filter_none), FILTER(filter_read),
	    FILTER(filter_write), FILTER(filter_none_sysv),
	    FILTER(filter_read_sysv), FILTER(filter_write_sysv)};
	unsigned i = 0;

	if (access & RUMPUSER_SANDBOX_READ)
		i = 1;
	if (access & RUMPUSER_SANDBOX_WRITE)
		i = 2;
	if (getenv("FAKEROOTKEY") != NULL)
		i += 3;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filters[i]) == 0;
}
#else
static bool
filter_calls(uint32_t access)
{
	(void)access;
	return false;
}
#endif

/* ---- both --------------------------------------------------------------------- */

/* How many threads we have; 1 where the host doesn't say. */
static unsigned long
thread_count(void)
{
	struct stat st;

	/* A directory has a link for itself, one above, and one a directory. */
	if (SANITIZED || stat("/proc/self/task", &st) != 0 || st.st_nlink < 3)
		return 1;
	return (unsigned long)st.st_nlink - 2;
}

int
rumpuser_sandbox(const struct rumpuser_sandbox_path *paths, uint32_t npaths,
    struct rumpuser_sandbox_info *info)
{
	uint32_t access = 0;
	int error;

	info->si_landlock = 0;
	info->si_seccomp = false;
	for (uint32_t i = 0; i < npaths; i++)
		access |= paths[i].sp_access;
	if (thread_count() != 1)
		return EBUSY;
	/* Neither is to be had without it, but for root. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return 0;
	error = landlock(paths, npaths, access, &info->si_landlock);
	if (error == 0)
		info->si_seccomp = filter_calls(access);
	return error;
}
