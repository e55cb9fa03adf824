/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext2's extended attributes: in the inode's body and in a block, a block that
 * two inodes share, access control lists between their two forms and the mode,
 * names that can't be, values that don't fit.  e2fsck checks the hashes.
 */
#include <rump/rump_syscalls.h>

#include "unit/child.h"
#include "unit/scratch.h"

#define TOOLS	    "PATH=$PATH:/sbin:/usr/sbin; "
#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

static char buf[70000];

static int
run(const char *fmt, ...)
{
	char cmd[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

static bool
mkfs(const char *options)
{
	return run(TOOLS "rm -f image; mke2fs -q -F -t ext2 -b 1024 %s image "
			 "2048 >/dev/null 2>&1",
		   options) == 0;
}

static bool
fsck(void)
{
	return run(TOOLS "e2fsck -fn image >log 2>&1 || "
			 "{ sed 's/^/# /' log | head -n 20; false; }") == 0;
}

static int
mount_image(void)
{
	static const char *const devs[] = {"d"};
	struct rump_blkdesc desc = {.bl_kind = RUMP_BLK_FILE};
	int error;

	error = rumpuser_file_open("image", RUMPUSER_OPEN_RDWR, &desc.bl_file);
	if (error != 0)
		return error;
	error = rump_pub_blkdev_create("d", &desc, 1);
	rumpuser_file_close(desc.bl_file);
	if (error == 0)
		error = -rump_sys_mount("ext2", "/mnt", 0, devs, 1, NULL);
	return error;
}

static int
unmount_image(void)
{
	int error = -rump_sys_unmount("/mnt", 0);

	rump_pub_blkdev_destroy("d");
	return error;
}

static int
make_file(const char *path)
{
	return rump_sys_mknod(path, RUMP_S_IFREG | 0644, 0);
}

static uint64_t
sectors(const char *path)
{
	struct rump_stat st;

	return rump_sys_lstat(path, &st) == 0 ? st.st_blocks : UINT64_MAX;
}

static uint32_t
mode_of(const char *path)
{
	struct rump_stat st;

	return rump_sys_lstat(path, &st) == 0 ? st.st_mode & 07777 : UINT32_MAX;
}

/* Is the attribute len bytes of c? */
static bool
has(const char *path, const char *name, int c, int64_t len)
{
	int64_t n = rump_sys_lgetxattr(path, name, buf, sizeof(buf));

	for (int64_t i = 0; i < n; i++)
		if (buf[i] != c)
			return false;
	return n == len;
}

static int
set(const char *path, const char *name, int c, size_t len, int flags)
{
	static char value[70000];

	memset(value, c, sizeof(value));
	return rump_sys_lsetxattr(path, name, value, len, flags);
}

static void
test_places(void)
{
	const char *f = "/mnt/f";

	ok(mkfs("-I 256") && mount_image() == 0, "inodes with room");
	is(make_file(f), 0, "a file");
	is(set(f, "user.small", 's', 20, 0), 0, "a small value");
	is(sectors(f), 0, "lies in the inode");
	is(set(f, "user.large", 'l', 600, 0), 0, "a large one");
	is(sectors(f), 2, "takes a block");
	ok(has(f, "user.small", 's', 20) && has(f, "user.large", 'l', 600),
	    "both are there");
	is(rump_sys_llistxattr(f, buf, sizeof(buf)), 22, "both are listed");
	is(rump_sys_llistxattr(f, NULL, 0), 22, "the list's length");
	is(rump_sys_llistxattr(f, buf, 5), -RUMP_ERANGE, "too little room");
	is(set(f, "user.small", 'S', 0, RUMP_XATTR_CREATE), -RUMP_EEXIST,
	    "it exists");
	is(set(f, "user.none", 'n', 1, RUMP_XATTR_REPLACE), -RUMP_ENODATA,
	    "it doesn't");
	is(set(f, "user.small", 'S', 0, RUMP_XATTR_REPLACE), 0,
	    "an empty value");
	ok(has(f, "user.small", 'S', 0), "is a value");
	is(set(f, "user.huge", 'h', 1000, 0), -RUMP_ENOSPC,
	    "a value that no block holds");
	is(set(f, "user.half", 'h', 500, 0), -RUMP_ENOSPC,
	    "one that doesn't fit beside the others");
	ok(has(f, "user.large", 'l', 600), "which are still there");
	is(set(f, "bogus.name", 'x', 1, 0), -RUMP_EOPNOTSUPP,
	    "a prefix that isn't one");
	is(set(f, "user.", 'x', 1, 0), -RUMP_EINVAL, "nothing but a prefix");
	is(set(f, "trusted.t", 't', 3, 0), 0, "trusted");
	is(set(f, "security.capability", 'c', 8, 0), 0, "security");
	is(rump_sys_lremovexattr(f, "user.large"), 0, "the large one goes");
	is(rump_sys_lremovexattr(f, "user.large"), -RUMP_ENODATA, "once");
	is(sectors(f), 0, "and its block with it");
	ok(has(f, "trusted.t", 't', 3) && has(f, "security.capability", 'c', 8),
	    "the others are there");
	is(unmount_image(), 0, "unmount");
	ok(fsck(), "clean");
	is(mount_image(), 0, "again");
	ok(has(f, "trusted.t", 't', 3) &&
		has(f, "security.capability", 'c', 8) &&
		has(f, "user.small", 'S', 0),
	    "all are there");
	is(unmount_image(), 0, "unmount");
}

/* debugfs ties two inodes to one block. */
static void
test_shared(void)
{
	ok(mkfs("-I 128") && mount_image() == 0, "inodes without room");
	is(make_file("/mnt/a"), 0, "a file");
	is(set("/mnt/a", "user.x", 'x', 100, 0), 0, "with a block");
	is(make_file("/mnt/b"), 0, "another, without");
	is(unmount_image(), 0, "unmount");
	is(run(TOOLS
	       "blk=$(debugfs -R 'stat /a' image 2>/dev/null | "
	       "sed -n 's/^File ACL: \\([0-9]*\\).*/\\1/p'); "
	       "debugfs -w -R \"sif /b file_acl $blk\" image 2>/dev/null; "
	       "debugfs -w -R 'sif /b blocks 2' image 2>/dev/null; "
	       "printf '\\002' | dd of=image bs=1 conv=notrunc status=none "
	       "seek=$((blk * 1024 + 4))"),
	    0, "both share it");
	ok(fsck(), "as it may be");
	is(mount_image(), 0, "mount");
	ok(has("/mnt/b", "user.x", 'x', 100), "the other has it too");
	is(set("/mnt/b", "user.y", 'y', 50, 0), 0, "and gets one of its own");
	ok(has("/mnt/b", "user.x", 'x', 100) &&
		has("/mnt/b", "user.y", 'y', 50),
	    "which has both");
	ok(has("/mnt/a", "user.x", 'x', 100) &&
		rump_sys_lgetxattr("/mnt/a", "user.y", buf, 100) ==
		    -RUMP_ENODATA,
	    "the first has only its own");
	is(rump_sys_unlink("/mnt/a"), 0, "the first goes");
	ok(has("/mnt/b", "user.x", 'x', 100), "the other's stays");
	is(unmount_image(), 0, "unmount");
	ok(fsck(), "clean");
}

/* An entry of a list in the form that programs use. */
static size_t
entry(uint8_t *p, unsigned tag, unsigned perm, uint32_t id)
{
	const uint8_t e[8] = {(uint8_t)tag, 0, (uint8_t)perm, 0, (uint8_t)id,
	    (uint8_t)(id >> 8), (uint8_t)(id >> 16), (uint8_t)(id >> 24)};

	memcpy(p, e, sizeof(e));
	return sizeof(e);
}

static void
test_acl(void)
{
	uint8_t acl[60] = {2}, got[60];
	const uint32_t none = UINT32_MAX;
	const char *f = "/mnt/f";
	size_t n = 4;

	ok(mkfs("-I 256") && mount_image() == 0, "an image");
	is(make_file(f), 0, "a file");
	is(rump_sys_mkdir("/mnt/d", 0755), 0, "a directory");
	n += entry(acl + n, 0x01, 6, none);  /* owner */
	n += entry(acl + n, 0x02, 7, 70000); /* a user */
	n += entry(acl + n, 0x04, 4, none);  /* group */
	n += entry(acl + n, 0x10, 5, none);  /* mask */
	n += entry(acl + n, 0x20, 1, none);  /* other */
	is(rump_sys_lsetxattr(f, ACL_ACCESS, acl, n, 0), 0, "a list");
	is(mode_of(f), 0651, "the mode follows it");
	is(rump_sys_lgetxattr(f, ACL_ACCESS, got, sizeof(got)), (int64_t)n,
	    "its length");
	ok(memcmp(acl, got, n) == 0, "it is read back");
	is(rump_sys_lgetxattr(f, ACL_ACCESS, got, 10), -RUMP_ERANGE,
	    "too little room");
	is(rump_sys_chmod(f, 0640), 0, "a new mode");
	(void)rump_sys_lgetxattr(f, ACL_ACCESS, got, sizeof(got));
	is(got[4 + 3 * 8 + 2], 4, "is the mask's");
	is(got[4 + 4 * 8 + 2], 0, "and the others'");
	is(got[4 + 2 * 8 + 2], 4, "not the group's");
	is(rump_sys_lsetxattr(f, ACL_DEFAULT, acl, n, 0), -RUMP_EACCES,
	    "a file has no default");
	is(rump_sys_lsetxattr("/mnt/d", ACL_DEFAULT, acl, n, 0), 0,
	    "a directory has");
	is(mode_of("/mnt/d"), 0755, "and its mode stays");
	is(rump_sys_lsetxattr(f, ACL_ACCESS, acl, n - 8, 0), -RUMP_EINVAL,
	    "a list without others");
	acl[0] = 1;
	is(rump_sys_lsetxattr(f, ACL_ACCESS, acl, n, 0), -RUMP_EINVAL,
	    "one of another version");
	acl[0] = 2;
	is(unmount_image(), 0, "unmount");
	ok(fsck(), "clean");
	is(mount_image(), 0, "again");
	is(rump_sys_lgetxattr("/mnt/d", ACL_DEFAULT, got, sizeof(got)),
	    (int64_t)n, "the default is there");
	n = 4;
	n += entry(acl + n, 0x01, 7, none);
	n += entry(acl + n, 0x04, 5, none);
	n += entry(acl + n, 0x20, 0, none);
	is(rump_sys_lsetxattr(f, ACL_ACCESS, acl, n, 0), 0,
	    "a list that says no more than a mode");
	is(mode_of(f), 0750, "is a mode");
	is(rump_sys_lgetxattr(f, ACL_ACCESS, got, sizeof(got)), -RUMP_ENODATA,
	    "and no attribute");
	is(unmount_image(), 0, "unmount");
	ok(fsck(), "clean");
}

int
main(void)
{
	if (run(TOOLS "exec >/dev/null; command -v mke2fs && "
		      "command -v e2fsck && command -v debugfs") != 0)
		skip_all("no e2fsprogs");
	if (chdir(scratch_dir()) != 0)
		bail("%s: no such directory", scratch_dir());
	if (rump_init() != 0 || rump_sys_mkdir("/mnt", 0755) != 0)
		bail("the kernel doesn't start");
	test_places();
	test_shared();
	test_acl();
	return done();
}
