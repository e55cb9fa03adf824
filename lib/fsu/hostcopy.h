/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of an image's files for programs of the host, in a directory that is
 * nobody else's, and running such a program (fsu_exec, fsu_find -exec).
 */
#ifndef FSU_HOSTCOPY_H
#define FSU_HOSTCOPY_H

#include "fsu.h"

/* A directory of the host, mode 0700, made for us. */
struct fsu_hostdir {
	int hd_fd;     /* -1: none */
	char *hd_path; /* absolute */
};

/* PREFIX.XXXXXX in $TMPDIR, else in /tmp.  0 or an errno. */
int fsu_hostdir_make(struct fsu_hostdir *d, const char *prefix);
/* A directory in it.  0 or an errno. */
int fsu_hostdir_sub(
    const struct fsu_hostdir *parent, const char *name, struct fsu_hostdir *d);
/* Forget it, and remove it with all that is in it (not through symlinks). */
void fsu_hostdir_keep(struct fsu_hostdir *d);
void fsu_hostdir_remove(struct fsu_hostdir *d);

/*
 * Copy the open regular file fd of the image (from its offset 0) to a new file
 * name in d, with st's permissions for the owner (and always rw) and its times.
 * Names that could lead elsewhere are EINVAL.  0 or an error number, the kernel's
 * or the host's; *hosterror says which side failed.
 */
int fsu_hostdir_copy(const struct fsu_hostdir *d, const char *name, int fd,
    const struct rump_stat *st, bool *hosterror);
/* Its whole content again, in a file without a name: a descriptor of the host's,
 * or minus an error number. */
int fsu_hostdir_snapshot(const struct fsu_hostdir *d, int fd, bool *hosterror);
/* Do two regular files of the host have the same bytes?  0, or an errno. */
int fsu_host_same(int a, int b, bool *same);

/*
 * Run argv (argv[0] is looked for in PATH) and wait.  Meanwhile ^C and ^\ are the
 * program's alone; SIGTERM and SIGHUP are passed on.  The status is env(1)'s: the
 * program's own, 128 and its signal, 127 not found, 126 not executable (a message
 * was printed).
 */
#define FSU_RUN_NOSTDIN 0x1 /* /dev/null instead of standard input */
#define FSU_RUN_BOTH	0x2 /* ^C ends the program and us */
int fsu_host_run(char *const argv[], const struct fsu_hostdir *cwd,
    unsigned flags, bool *started);

#endif /* FSU_HOSTCOPY_H */
