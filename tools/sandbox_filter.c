/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox_filter MACHINE [sanitizers]: the system-call filters of
 * rumpuser_sandbox() for a machine ("x86_64", as gcc -dumpmachine begins), as
 * the bytes of C arrays on standard output.
 *
 * libseccomp writes the filters, once, when we are built: to have it do so in each
 * command would cost more than to list a small image.  It knows the system calls
 * of every machine, so this runs on the one that builds, also for another.
 *
 * What is always so:
 *	- a call that isn't named below is refused with EPERM, never with a signal
 *	- a call that libseccomp doesn't know gives ENOSYS, for then a newer C
 *	  library falls back on one that it does (three instructions of ours in
 *	  front see to that)
 *	- processes can't be started, only threads; clone3 hides its flags behind
 *	  a pointer, so it gives ENOSYS as well
 *
 * Three filters, by what files may be opened: none, some for reading, some for
 * writing; which ones is Landlock's to say.  A second set lets System V's
 * semaphores and message queues through, by which fakeroot works.
 *
 * Machines with ioctl numbers of their own (mips, powerpc, sparc..) get no filter.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <seccomp.h>

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

/* The target's, which are the same wherever ioctl numbers are. */
#define T_ACCMODE      03u
#define T_CREAT	       0100u
#define T_TRUNC	       01000u
#define T_PROT_EXEC    0x4u
#define T_CLONE_VM     0x100u
#define T_CLONE_FS     0x200u
#define T_CLONE_VFORK  0x4000u
#define T_CLONE_THREAD 0x10000u
#define T_PR_SET_NAME  15u

enum level { LEVEL_NONE, LEVEL_READ, LEVEL_WRITE };

struct build {
	scmp_filter_ctx ctx;
	uint32_t arch;
	enum level level;
	bool sysv, sanitized;
	bool bits32;
};

static void
die(const char *what, int error)
{
	fprintf(stderr, "sandbox_filter: %s: %s\n", what, strerror(error));
	exit(1);
}

/* ---- rules ------------------------------------------------------------------ */

/* A name that neither libseccomp nor the machine has is left out. */
static void
rule(struct build *b, uint32_t action, const char *name, unsigned n,
    const struct scmp_arg_cmp *cmp)
{
	int nr = seccomp_syscall_resolve_name(name), r;

	if (nr == __NR_SCMP_ERROR)
		return;
	r = seccomp_rule_add_array(b->ctx, action, nr, n, cmp);
	if (r != 0 && r != -EDOM)
		die(name, -r);
}

static void
allow(struct build *b, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rule(b, SCMP_ACT_ALLOW, names[i], 0, NULL);
}

/* Only where (argument & mask) is value. */
static void
allow_masked(struct build *b, const char *name, unsigned arg, uint64_t mask,
    uint64_t value)
{
	struct scmp_arg_cmp cmp = SCMP_CMP64(
	    arg, SCMP_CMP_MASKED_EQ, mask, value);

	rule(b, SCMP_ACT_ALLOW, name, 1, &cmp);
}

static const char *const memory_calls[] = {"brk", "munmap", "mremap", "madvise",
    "mincore", "mlock", "munlock", "msync", "memfd_create", "membarrier"};

static const char *const thread_calls[] = {"futex", "futex_time64",
    "futex_waitv", "set_robust_list", "get_robust_list", "rseq",
    "set_tid_address", "exit", "exit_group", "gettid", "getpid", "getppid",
    "sched_yield", "sched_getaffinity", "getcpu", "tgkill", "sigaltstack",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending",
    "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64", "sigreturn",
    "restart_syscall"};

static const char *const time_calls[] = {"nanosleep", "clock_nanosleep",
    "clock_nanosleep_time64", "clock_gettime", "clock_gettime64",
    "clock_getres", "clock_getres_time64", "gettimeofday", "time", "times",
    "getitimer", "setitimer", "alarm"};

/* On what is open already. */
static const char *const file_calls[] = {"read", "write", "readv", "writev",
    "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek",
    "_llseek", "close", "close_range", "dup", "dup2", "dup3", "fcntl",
    "fcntl64", "pipe", "pipe2", "poll", "ppoll", "ppoll_time64", "select",
    "_newselect", "pselect6", "pselect6_time64", "epoll_create1", "epoll_ctl",
    "epoll_wait", "epoll_pwait", "eventfd2", "fstat", "fstat64", "fstatfs",
    "fstatfs64", "fsync", "fdatasync", "sync_file_range", "sync_file_range2",
    "fadvise64", "fadvise64_64", "arm_fadvise64_64", "readahead", "ftruncate",
    "ftruncate64", "fallocate", "copy_file_range", "sendfile", "sendfile64",
    "splice", "tee", "flock", "getdents", "getdents64", "fchdir", "chdir",
    "getcwd"};

/* What a file is like, by its name too: that opens nothing. */
static const char *const info_calls[] = {"stat", "stat64", "lstat", "lstat64",
    "newfstatat", "fstatat64", "statx", "access", "faccessat", "faccessat2",
    "readlink", "readlinkat", "statfs", "statfs64", "getxattr", "lgetxattr",
    "fgetxattr", "listxattr", "llistxattr", "flistxattr", "uname", "sysinfo",
    "getrlimit", "ugetrlimit", "setrlimit", "getrusage", "getuid", "getuid32",
    "geteuid", "geteuid32", "getgid", "getgid32", "getegid", "getegid32",
    "getgroups", "getgroups32", "getresuid", "getresuid32", "getresgid",
    "getresgid32", "getpgrp", "getpgid", "getsid", "getpriority", "capget",
    "umask", "getrandom"};

static const char *const write_calls[] = {"open", "openat", "creat", "mkdir",
    "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2",
    "link", "linkat", "symlink", "symlinkat", "mknod", "mknodat", "syncfs",
    "truncate", "truncate64", "chmod", "fchmod", "fchmodat", "fchmodat2",
    "chown", "chown32", "lchown", "lchown32", "fchown", "fchown32", "fchownat",
    "utime", "utimes", "futimesat", "utimensat", "utimensat_time64", "setxattr",
    "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"};

static const char *const sysv_calls[] = {"ipc", "semget", "semop", "semtimedop",
    "semtimedop_time64", "msgget", "msgsnd", "msgrcv"};

/* The leak checker stops all threads from one of its own and looks at them. */
static const char *const sanitizer_calls[] = {"ptrace", "wait4", "waitid",
    "prctl", "kill", "tkill", "sched_setaffinity", "arch_prctl",
    "process_vm_readv"};

/* _IOC() of the machines that have the common numbers. */
static uint64_t
ioc(unsigned dir, unsigned type, unsigned nr, unsigned size)
{
	return (uint64_t)dir << 30 | (uint64_t)size << 16 | type << 8 | nr;
}

static void
ioctls(struct build *b)
{
	unsigned longs = b->bits32 ? 4 : 8;
	uint64_t numbers[] = {
	    0x5401,		      /* TCGETS */
	    0x5413,		      /* TIOCGWINSZ */
	    0x541b,		      /* FIONREAD */
	    ioc(0, 0x12, 94, 0),      /* BLKROGET */
	    ioc(0, 0x12, 104, 0),     /* BLKSSZGET */
	    ioc(0, 0x12, 123, 0),     /* BLKPBSZGET */
	    ioc(2, 0x12, 114, longs), /* BLKGETSIZE64 */
	    ioc(1, 0x94, 9, 4),	      /* FICLONE */
	    ioc(1, 0x94, 13, 32),     /* FICLONERANGE */
	    ioc(2, 'f', 1, longs),    /* FS_IOC_GETFLAGS */
	    ioc(1, 'f', 2, longs),    /* FS_IOC_SETFLAGS */
	};
	size_t n = NITEMS(numbers);

	if (b->level != LEVEL_WRITE)
		n--;
	for (size_t i = 0; i < n; i++)
		allow_masked(b, "ioctl", 1, 0xffffffff, numbers[i]);
}

static void
rules(struct build *b)
{
	unsigned clone_flags = b->arch == SCMP_ARCH_S390X ? 1 : 0;
	enum level level = b->level;

	allow(b, memory_calls, NITEMS(memory_calls));
	allow(b, thread_calls, NITEMS(thread_calls));
	allow(b, time_calls, NITEMS(time_calls));
	allow(b, file_calls, NITEMS(file_calls));
	allow(b, info_calls, NITEMS(info_calls));
	allow_masked(b, "mmap", 2, T_PROT_EXEC, 0);
	allow_masked(b, "mmap2", 2, T_PROT_EXEC, 0);
	allow_masked(b, "mprotect", 2, T_PROT_EXEC, 0);
	allow_masked(b, "clone", clone_flags, T_CLONE_THREAD, T_CLONE_THREAD);
	allow_masked(b, "unshare", 0, ~(uint64_t)0, T_CLONE_FS);
	allow_masked(b, "prlimit64", 0, 0xffffffff, 0); /* our own */
	rule(b, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	ioctls(b);
	if (b->sysv)
		allow(b, sysv_calls, NITEMS(sysv_calls));
	if (b->sanitized) {
		allow(b, sanitizer_calls, NITEMS(sanitizer_calls));
		allow_masked(b, "clone", clone_flags,
		    T_CLONE_VM | T_CLONE_VFORK, T_CLONE_VM);
		if (level == LEVEL_NONE)
			level = LEVEL_READ; /* /proc/self/maps */
	} else
		allow_masked(b, "prctl", 0, 0xffffffff, T_PR_SET_NAME);
	if (level == LEVEL_READ) {
		allow_masked(b, "open", 1, T_ACCMODE | T_CREAT | T_TRUNC, 0);
		allow_masked(b, "openat", 2, T_ACCMODE | T_CREAT | T_TRUNC, 0);
	} else if (level == LEVEL_WRITE)
		allow(b, write_calls, NITEMS(write_calls));
}

/* ---- the bytes --------------------------------------------------------------- */

/* The highest number of a call that libseccomp knows there. */
static uint32_t
last_call(uint32_t arch)
{
	uint32_t last = 0;

	for (int nr = 0; nr < 2000; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(arch, nr);

		if (name != NULL)
			last = (uint32_t)nr;
		free(name);
	}
	return last;
}

static void
put(uint32_t v, unsigned bytes, bool little)
{
	for (unsigned i = 0; i < bytes; i++)
		printf("%u,", v >> 8 * (little ? i : bytes - 1 - i) & 255);
}

static void
instruction(uint32_t code, uint32_t jt, uint32_t jf, uint32_t k, bool little)
{
	put(code, 2, little);
	put(jt, 1, little);
	put(jf, 1, little);
	put(k, 4, little);
	putchar('\n');
}

static void
print_filter(struct build *b, const char *name)
{
	bool little = (b->arch & 0x40000000u) != 0; /* __AUDIT_ARCH_LE */
	unsigned char buf[8];
	int fd = memfd_create("filter", 0), r;

	if (fd < 0)
		die("memfd_create", errno);
	r = seccomp_export_bpf(b->ctx, fd);
	if (r != 0 || lseek(fd, 0, SEEK_SET) != 0)
		die("seccomp_export_bpf", r != 0 ? -r : errno);
	printf("static const _Alignas(8) unsigned char %s[] = {\n", name);
	instruction(0x20, 0, 0, 0, little); /* A = number of the call */
	instruction(0x25, 0, 1, last_call(b->arch), little); /* is it beyond? */
	instruction(0x06, 0, 0, SCMP_ACT_ERRNO(ENOSYS), little);
	while ((r = (int)read(fd, buf, sizeof(buf))) == sizeof(buf)) {
		for (int i = 0; i < 8; i++)
			printf("%u,", buf[i]);
		putchar('\n');
	}
	if (r != 0)
		die("read", r < 0 ? errno : EIO);
	printf("};\n");
	close(fd);
}

static void
make(uint32_t arch, enum level level, bool sysv, bool sanitized)
{
	static const char *const levels[] = {"none", "read", "write"};
	struct build b = {
	    .arch = arch,
	    .level = level,
	    .sysv = sysv,
	    .sanitized = sanitized,
	    .bits32 = (arch & 0x80000000u) == 0, /* __AUDIT_ARCH_64BIT */
	};
	char name[64];
	int r;

	b.ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (b.ctx == NULL)
		die("seccomp_init", ENOMEM);
	/* A tree instead of a list: absent before libseccomp 2.5. */
	(void)seccomp_attr_set(b.ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = seccomp_attr_set(
	    b.ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
	if (r == 0 && arch != seccomp_arch_native()) {
		/* first: the two may be of different byte orders */
		r = seccomp_arch_remove(b.ctx, seccomp_arch_native());
		if (r == 0)
			r = seccomp_arch_add(b.ctx, arch);
	}
	if (r != 0)
		die("seccomp_arch_add", -r);
	rules(&b);
	snprintf(name, sizeof(name), "filter_%s%s", levels[level],
	    sysv ? "_sysv" : "");
	print_filter(&b, name);
	seccomp_release(b.ctx);
}

/* libseccomp's name of a machine, with the common ioctl numbers; 0: none. */
static uint32_t
arch_of(const char *machine)
{
	static const struct {
		const char *machine, *arch;
	} names[] = {
	    {"x86_64", "x86_64"},
	    {"amd64", "x86_64"},
	    {"i386", "x86"},
	    {"i486", "x86"},
	    {"i586", "x86"},
	    {"i686", "x86"},
	    {"aarch64", "aarch64"},
	    {"arm64", "aarch64"},
	    {"arm", "arm"},
	    {"armv6l", "arm"},
	    {"armv7l", "arm"},
	    {"armv7a", "arm"},
	    {"riscv64", "riscv64"},
	    {"s390x", "s390x"},
	    {"loongarch64", "loongarch64"},
	};
	size_t len = strcspn(machine, "-");

	for (size_t i = 0; i < NITEMS(names); i++)
		if (strlen(names[i].machine) == len &&
		    strncmp(names[i].machine, machine, len) == 0)
			return seccomp_arch_resolve_name(names[i].arch);
	return 0;
}

int
main(int argc, char **argv)
{
	uint32_t arch = argc > 1 ? arch_of(argv[1]) : 0;
	bool sanitized = argc > 2 && argv[2][0] != '\0';

	if (argc < 2) {
		fprintf(stderr, "usage: sandbox_filter MACHINE [sanitizers]\n");
		return 2;
	}
	printf("/* %s%s: made by tools/sandbox_filter.c */\n", argv[1],
	    sanitized ? ", sanitized" : "");
	printf("#define SANDBOX_HAS_FILTER %d\n", arch != 0);
	for (int sysv = 0; arch != 0 && sysv < 2; sysv++) {
		make(arch, LEVEL_NONE, sysv, sanitized);
		make(arch, LEVEL_READ, sysv, sanitized);
		make(arch, LEVEL_WRITE, sysv, sanitized);
	}
	return ferror(stdout) || fflush(stdout) != 0;
}
