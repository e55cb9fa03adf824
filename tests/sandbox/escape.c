/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver that has been taken over: when its file system is mounted, and again
 * when its one file, "report", is read, it asks the host for what no driver has any
 * business with, by the processor's own instruction for system calls, and says on
 * the log what came of it:
 *	escape: mount: open-passwd: 0	(it worked)
 *	escape: read: fork: 1		(an error number)
 * Anything can be mounted with it, by name.
 */
#include <sys/syscall.h>

#include "kern/kerrno.h"
#include "kern/klog.h"
#include "kern/kmodule.h"
#include "kern/kstring.h"
#include "vfs/genfs.h"
#include "vfs/mount.h"

#define REPORT	   "nothing to see\n"

#define H_AT_FDCWD (-100)
#define H_RDONLY   00
#define H_WRONLY   01
#define H_CREAT	   0100
#define H_SIGCHLD  17
#define H_VM_VFORK 0x4100

/* ---- the host, without asking the hypercalls ---------------------------------- */

#define P(p) ((long)(intptr_t)(p))

static inline __attribute__((always_inline)) long
call(long nr, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long r;

	__asm__ volatile(
	    "syscall"
	    : "=a"(r)
	    : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	    : "rcx", "r11", "memory");
	return r;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#else
	(void)nr, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
	return -1000; /* the tests say that they can't tell */
#endif
}

static void
say(const char *when, const char *what, long r)
{
	klog("escape: %s: %s: %d", when, what, r < 0 ? (int)-r : 0);
}

static long
try_open(const char *path, int flags)
{
	long fd = call(SYS_openat, H_AT_FDCWD, P(path), flags, 0600, 0, 0);

	if (fd >= 0)
		call(SYS_close, fd, 0, 0, 0, 0, 0);
	return fd;
}

static long
try_make(const char *path)
{
	long r = try_open(path, H_WRONLY | H_CREAT);

	if (r >= 0)
		call(SYS_unlinkat, H_AT_FDCWD, P(path), 0, 0, 0, 0);
	return r;
}

static long
try_connect(const char *when)
{
	uint8_t addr[16] = {2, 0, 0, 0, 127, 0, 0, 1}; /* AF_INET, 127.0.0.1 */
	uint32_t len = sizeof(addr);
	long s, c, r;

	s = call(SYS_socket, 2, 1, 0, 0, 0, 0);
	say(when, "socket", s);
	if (s < 0)
		s = 0; /* then with what is open */
	r = call(SYS_bind, s, P(addr), len, 0, 0, 0);
	say(when, "bind", r);
	call(SYS_listen, s, 1, 0, 0, 0, 0);
	if (r == 0)
		call(SYS_getsockname, s, P(addr), P(&len), 0, 0, 0);
	c = call(SYS_socket, 2, 1, 0, 0, 0, 0);
	r = call(SYS_connect, c < 0 ? 0 : c, P(addr), len, 0, 0, 0);
	if (c >= 0)
		call(SYS_close, c, 0, 0, 0, 0, 0);
	if (s > 0)
		call(SYS_close, s, 0, 0, 0, 0, 0);
	return r;
}

static long
wait_for(long pid)
{
	int status = 0;

	if (pid > 0 && call(SYS_wait4, pid, P(&status), 0, 0, 0, 0) == pid &&
	    status != 0)
		return -EIO;
	return pid;
}

/* A process, which runs a program. */
static long
try_fork(void)
{
	static const char *const argv[] = {"true", NULL},
				 *const envp[] = {NULL};
	long pid = call(SYS_clone, H_SIGCHLD, 0, 0, 0, 0, 0);

	if (pid == 0) {
		call(SYS_execve, P("/bin/true"), P(argv), P(envp), 0, 0, 0);
		call(SYS_exit_group, 1, 0, 0, 0, 0, 0);
	}
	return wait_for(pid);
}

/* As posix_spawn does it: the child borrows our memory. */
static long
try_vfork(void)
{
	long pid = call(SYS_clone, H_VM_VFORK | H_SIGCHLD, 0, 0, 0, 0, 0);

	if (pid == 0)
		call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
	return wait_for(pid);
}

/* Only where no process can be made: else we were gone. */
static long
try_exec(void)
{
	static const char *const argv[] = {"true", NULL},
				 *const envp[] = {NULL};

	return call(SYS_execve, P("/bin/true"), P(argv), P(envp), 0, 0, 0);
}

/* These must be refused before anybody looks at their arguments. */
static void
try_others(const char *when)
{
	static const struct {
		const char *name;
		long nr, a, b, c;
	} calls[] = {
	    {"socketpair", SYS_socketpair, 1, 1, 0},
	    {"ptrace", SYS_ptrace, 0x4206, 1, 0},
	    {"mount", SYS_mount, 0, 0, 0},
	    {"umount", SYS_umount2, 0, 0, 0},
	    {"unshare", SYS_unshare, -1, 0, 0},
	    {"setns", SYS_setns, -1, 0, 0},
	    {"chroot", SYS_chroot, 0, 0, 0},
	    {"setuid", SYS_setuid, 0, 0, 0},
	    {"setgroups", SYS_setgroups, -1, 0, 0},
	    {"keyctl", SYS_keyctl, -1, 0, 0},
	    {"bpf", SYS_bpf, -1, 0, 0},
	    {"io_uring_setup", SYS_io_uring_setup, 0, 0, 0},
	    {"userfaultfd", SYS_userfaultfd, -1, 0, 0},
	    {"perf_event_open", SYS_perf_event_open, 0, 0, 0},
	    {"process_vm_writev", SYS_process_vm_writev, 1, 0, 0},
	    {"open_by_handle_at", SYS_open_by_handle_at, -1, 0, 0},
	    {"execveat", SYS_execveat, -1, 0, 0},
	    {"openat2", SYS_openat2, -1, 0, 0},
	    {"pidfd_getfd", SYS_pidfd_getfd, -1, 0, 0},
	    {"kexec_load", SYS_kexec_load, 0, 0, 0},
	    {"init_module", SYS_init_module, 0, 0, 0},
	    {"reboot", SYS_reboot, 0, 0, 0},
	    {"memory-to-execute", SYS_mprotect, 0, 0, 5},
	    {"tty-input", SYS_ioctl, 0, 0x5412, 0},
	};

	for (unsigned i = 0; i < nitems(calls); i++)
		say(when, calls[i].name,
		    call(calls[i].nr, calls[i].a, calls[i].b, calls[i].c, 0, 0,
			0));
}

static void
try_all(const char *when)
{
	long r;

	say(when, "open-passwd", try_open("/etc/passwd", H_RDONLY));
	say(when, "open-beside", try_open("beside", H_RDONLY));
	say(when, "make-beside", try_make("escaped"));
	say(when, "make-out", try_make("out/escaped"));
	say(when, "make-tmp", try_make("/tmp/escaped"));
	say(when, "connect", try_connect(when));
	say(when, "vfork", try_vfork());
	r = try_fork();
	say(when, "fork", r);
	if (r < 0)
		say(when, "exec", try_exec());
	try_others(when);
}

/* ---- the file system ----------------------------------------------------------- */

static int
escape_bmap(struct vnode *vp, uint64_t off, uint64_t len, enum bmap_for how,
    struct bmap_run *run)
{
	(void)vp;
	if (how == BMAP_WRITE)
		return EROFS;
	try_all("read");
	run->bm_off = off;
	run->bm_len = len;
	run->bm_kind = BMAP_INLINE;
	run->bm_inline = REPORT + off;
	return 0;
}

static int
escape_lookup(
    struct vnode *dvp, const struct componentname *cn, struct vnode **vpp)
{
	if (kstrcmp(cn->cn_name, "report") != 0)
		return ENOENT;
	return vcache_get(dvp->v_mount, 2, vpp);
}

static int
escape_getattr(struct vnode *vp, struct rump_stat *st)
{
	st->st_mode |= vp->v_ino == 1 ? 0755 : 0644;
	return 0;
}

static void
escape_reclaim(struct vnode *vp)
{
	(void)vp;
}

static const struct vnodeops escape_vnodeops = {
    .vop_lookup = escape_lookup,
    .vop_getattr = escape_getattr,
    .vop_read = genfs_read,
    .vop_bmap = escape_bmap,
    .vop_reclaim = escape_reclaim,
};

static int
escape_probe(struct blkdev *dev, struct probe_result *pr)
{
	(void)dev, (void)pr;
	return EINVAL;
}

static int
escape_mount(struct mount *mp, const struct mount_args *args)
{
	(void)args;
	try_all("mount");
	mp->mnt_rootino = 1;
	mp->mnt_namespec = &namespec_bytes;
	mp->mnt_caps.fc_namemax = 255;
	mp->mnt_caps.fc_time_max = INT64_MAX;
	return 0;
}

static int
escape_unmount(struct mount *mp, bool force)
{
	(void)mp, (void)force;
	return 0;
}

static int
escape_loadvnode(struct mount *mp, struct vnode *vp)
{
	(void)mp;
	vp->v_blksize = 512;
	vp->v_type = vp->v_ino == 1 ? VDIR : VREG;
	vp->v_size = vp->v_ino == 1 ? 0 : sizeof(REPORT) - 1;
	return 0;
}

static const struct vfsops escape_vfsops = {
    .vfs_name = "escape",
    .vfs_vnodeops = &escape_vnodeops,
    .vfs_probe = escape_probe,
    .vfs_mount = escape_mount,
    .vfs_unmount = escape_unmount,
    .vfs_loadvnode = escape_loadvnode,
};

static int
escape_modcmd(enum modcmd cmd)
{
	if (cmd != MODULE_CMD_INIT)
		return EBUSY;
	vfs_attach(&escape_vfsops);
	return 0;
}

MODULE(MODULE_CLASS_VFS, escape, NULL, escape_modcmd);
