/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File systems that can't be written by us: what a case wants in its file system is
 * made in memory, written out to a directory of the host, and packed from there by a
 * foreign tool.
 *
 * An ordinary user can't give files away and can't make devices: then those are no
 * capabilities of the file system that comes of it (vt_pack_lacks()).
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "vt.h"

uint32_t
vt_pack_lacks(void)
{
	return geteuid() == 0 ? 0 : RUMP_CAP_OWNERS | RUMP_CAP_DEVICES;
}

static void
host_must(int ret, const char *what, const char *path)
{
	if (ret < 0)
		bail("%s %s: %s", what, path, strerror(errno));
}

static void
export_file(const char *path, const char *host)
{
	int in = (int)MUST(rump_sys_open(path, O_RD, 0));
	struct rumpuser_file *hf;
	int out;

	out = open(host, O_WRONLY | O_CREAT | O_EXCL, 0600);
	host_must(out, "open", host);
	close(out);
	MUST(-rumpuser_file_open(host, RUMPUSER_OPEN_RDWR, &hf));
	MUST(rump_sys_copytohost(in, 0, hf, 0, UINT64_MAX));
	rumpuser_file_close(hf);
	MUST(rump_sys_close(in));
}

static void
export_attributes(const char *host, const struct rump_stat *st)
{
	struct timespec ts[2] = {{st->st_atim.tv_sec, st->st_atim.tv_nsec},
	    {st->st_mtim.tv_sec, st->st_mtim.tv_nsec}};

	if (geteuid() == 0)
		host_must(lchown(host, st->st_uid, st->st_gid), "lchown", host);
	if ((st->st_mode & RUMP_S_IFMT) != RUMP_S_IFLNK)
		host_must(chmod(host, st->st_mode & 07777), "chmod", host);
	host_must(utimensat(AT_FDCWD, host, ts, AT_SYMLINK_NOFOLLOW),
	    "utimensat", host);
}

static void export_dir(const char *path, const char *host);

static void
export_node(const char *path, const char *host)
{
	char target[RUMP_PATH_MAX];
	struct rump_stat st;
	int64_t n;

	MUST(rump_sys_lstat(path, &st));
	switch (st.st_mode & RUMP_S_IFMT) {
	case RUMP_S_IFDIR:
		host_must(mkdir(host, 0700), "mkdir", host);
		export_dir(path, host);
		break;
	case RUMP_S_IFREG:
		export_file(path, host);
		break;
	case RUMP_S_IFLNK:
		n = MUST(rump_sys_readlink(path, target, sizeof(target) - 1));
		target[n] = '\0';
		host_must(symlink(target, host), "symlink", host);
		break;
	default:
		host_must(mknod(host, st.st_mode,
			      makedev((unsigned)RUMP_MAJOR(st.st_rdev),
				  (unsigned)RUMP_MINOR(st.st_rdev))),
		    "mknod", host);
	}
	export_attributes(host, &st);
}

static void
export_dir(const char *path, const char *host)
{
	char *buf = malloc(65536),
	     *sub[2] = {malloc(2 * RUMP_PATH_MAX), malloc(2 * RUMP_PATH_MAX)};
	int fd = (int)MUST(rump_sys_open(path, O_RD, 0));
	struct rump_dirent *de;
	int64_t n;

	while ((n = MUST(rump_sys_getdents(fd, buf, 65536))) > 0)
		for (char *p = buf; p < buf + n; p += de->d_reclen) {
			de = (void *)p;
			if (strcmp(de->d_name, ".") == 0 ||
			    strcmp(de->d_name, "..") == 0)
				continue;
			snprintf(sub[0], 2 * RUMP_PATH_MAX, "%s/%s", path,
			    de->d_name);
			snprintf(sub[1], 2 * RUMP_PATH_MAX, "%s/%s", host,
			    de->d_name);
			export_node(sub[0], sub[1]);
		}
	MUST(rump_sys_close(fd));
	free(sub[0]);
	free(sub[1]);
	free(buf);
}

void
vt_export(const char *path, const char *host)
{
	struct rump_stat st;

	host_must(mkdir(host, 0700), "mkdir", host);
	MUST(rump_sys_lstat(path, &st));
	export_dir(path, host);
	export_attributes(host, &st);
}
