/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes' contexts, in one thread and in several. */
#include <pthread.h>

#include "vt.h"

static void
t_contexts(void)
{
	struct lwp *first, *second;
	int pid = rump_sys_getpid(), fd, pid2;
	char c;

	is(pid, 1, "threads are of process 1 at first");
	OK(rump_sys_mkdir("d", 0755));
	vt_put("f", "0123456789");
	fd = (int)MUST(rump_sys_open("f", O_RD, 0));
	OK(-rump_pub_lwproc_newlwp(1));
	first = rump_pub_lwproc_curlwp();
	OK(-rump_pub_lwproc_rfork(RUMP_RFFDG));
	second = rump_pub_lwproc_curlwp();
	pid2 = rump_sys_getpid();
	ok(pid2 != pid, "a process of its own (%d)", pid2);
	is(rump_sys_read(fd, &c, 1), 1, "has the descriptors");
	is(rump_sys_lseek(fd, 0, RUMP_SEEK_CUR), 1, "and their offset");
	OK(rump_sys_chdir("d"));
	vt_put("in-d", "x");
	rump_sys_umask(077);
	OK(rump_sys_close(fd));
	rump_pub_lwproc_switch(first);
	is(rump_sys_getpid(), pid, "back");
	is(rump_sys_lseek(fd, 0, RUMP_SEEK_CUR), 1,
	    "the offset is the open file's, still open here");
	ok(vt_exists("d/in-d"), "the current directory is this process's own");
	is(rump_sys_umask(0), 0, "so is the umask");
	rump_pub_lwproc_switch(second);
	rump_pub_lwproc_releaselwp();
	/* a clean table */
	OK(-rump_pub_lwproc_rfork(RUMP_RFCFDG));
	FAIL(rump_sys_read(fd, &c, 1), RUMP_EBADF);
	int low = rump_sys_open("f", O_RD, 0);
	is(low, 0, "descriptors start at 0");
	ok(vt_exists("d"), "the current directory is inherited");
	rump_pub_lwproc_releaselwp();
	/* a shared one */
	rump_pub_lwproc_switch(first);
	OK(-rump_pub_lwproc_rfork(0));
	int shared = (int)MUST(rump_sys_open("f", O_RD, 0));
	rump_pub_lwproc_releaselwp();
	rump_pub_lwproc_switch(first);
	is(rump_sys_read(shared, &c, 1), 1, "opened there, read here");
	OK(rump_sys_close(shared));
	OK(rump_sys_close(fd));
	rump_pub_lwproc_releaselwp();
}

/* ---- threads --------------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS	60

struct worker {
	pthread_t thread;
	int num;
	int bad;
};

/* Its own process, its own directory, and one directory shared with the rest. */
static void *
work(void *arg)
{
	struct worker *w = arg;
	char name[64], buf[5000], got[5000];
	int fd;

	w->bad += rump_pub_lwproc_rfork(RUMP_RFCFDG) != 0;
	snprintf(name, sizeof(name), "t%d", w->num);
	w->bad += rump_sys_mkdir(name, 0755) != 0;
	w->bad += rump_sys_chdir(name) != 0;
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		vt_pattern(buf, 0, sizeof(buf), (unsigned)(w->num * 1000 + i));
		fd = rump_sys_open(name, O_CR | RUMP_O_EXCL, 0644);
		w->bad += fd != 0 + 0;
		w->bad += rump_sys_write(fd, buf, sizeof(buf)) != sizeof(buf);
		w->bad += rump_sys_pread(fd, got, sizeof(got), 0) !=
			sizeof(got) ||
		    memcmp(buf, got, sizeof(got)) != 0;
		w->bad += rump_sys_close(fd) != 0;
		snprintf(name, sizeof(name), "../shared/%d-%d", w->num, i);
		w->bad += rump_sys_link("f0", name) != 0;
		if (i % 3 == 0)
			w->bad += rump_sys_unlink(name) != 0;
		/* everybody wants the same name: one wins */
		fd = rump_sys_mkdir("../shared/dir", 0755);
		if (fd != 0 && fd != -RUMP_EEXIST)
			w->bad++;
		fd = rump_sys_rename("../shared/dir", "../shared/moved");
		if (fd != 0 && fd != -RUMP_ENOENT && fd != -RUMP_ENOTEMPTY)
			w->bad++;
		fd = rump_sys_rename("../shared/moved", "mine");
		if (fd == 0)
			w->bad += rump_sys_rmdir("mine") != 0;
		else if (fd != -RUMP_ENOENT)
			w->bad++;
		w->bad += vt_count("../shared") < 0;
	}
	rump_pub_lwproc_releaselwp();
	return NULL;
}

static void
t_threads(void)
{
	struct worker w[THREADS] = {{0}};
	char name[40];
	int n = 0;

	OK(rump_sys_mkdir("shared", 0777));
	for (int i = 0; i < THREADS; i++) {
		w[i].num = i;
		pthread_create(&w[i].thread, NULL, work, &w[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		is(w[i].bad, 0, "thread %d", i);
	}
	for (int i = 0; i < THREADS; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		is(vt_count(name), ROUNDS, "files of thread %d", i);
		snprintf(name, sizeof(name), "t%d/f0", i);
		is(vt_nlink(name), 1 + ROUNDS - ROUNDS / 3, "links");
	}
	(void)rump_sys_rmdir("shared/dir");
	(void)rump_sys_rmdir("shared/moved");
	n = vt_count("shared");
	is(n, THREADS * (ROUNDS - ROUNDS / 3), "in the shared directory");
}

/* ---- mounts that come and go under threads that walk through them -------------- */

static bool mounting;

static void *
walk(void *arg)
{
	struct worker *w = arg;
	struct rump_stat st;
	struct rump_fhandle fh;
	char buf[64];
	int fd, error;

	w->bad += rump_pub_lwproc_rfork(RUMP_RFCFDG) != 0;
	while (__atomic_load_n(&mounting, __ATOMIC_RELAXED)) {
		error = -rump_sys_stat("come/.", &st);
		w->bad += error != 0 && error != RUMP_EIO;
		error = -rump_sys_stat("come/in/../in", &st);
		w->bad += error != 0 && error != RUMP_ENOENT &&
		    error != RUMP_EIO;
		error = -rump_sys_getfh("come/in", &fh);
		if (error == 0) {
			fd = rump_sys_fhopen(&fh, O_RD);
			w->bad += fd < 0 && fd != -RUMP_ESTALE &&
			    fd != -RUMP_EIO;
			if (fd >= 0)
				w->bad += rump_sys_close(fd) != 0;
		}
		fd = rump_sys_open("come/in/f", O_CR, 0644);
		if (fd < 0) {
			w->bad += fd != -RUMP_ENOENT && fd != -RUMP_EIO &&
			    fd != -RUMP_EROFS;
			continue;
		}
		/* either all of it works, or the mount was taken away */
		int64_t n = rump_sys_pwrite(fd, "hello", 5, 0);
		w->bad += n != 5 && n != -RUMP_EIO && n != -RUMP_EROFS;
		n = rump_sys_pread(fd, buf, 5, 0);
		w->bad += n != 5 && n != 0 && n != -RUMP_EIO;
		w->bad += rump_sys_close(fd) != 0;
		(void)rump_sys_sync();
	}
	rump_pub_lwproc_releaselwp();
	return NULL;
}

static void
t_mounting(void)
{
	struct worker w[THREADS] = {{0}};
	int forced = 0, bad = 0, error;

	OK(rump_sys_mkdir("come", 0755));
	mounting = true;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&w[i].thread, NULL, walk, &w[i]);
	for (int i = 0; i < 150; i++) {
		bad += rump_sys_mount("rumpfs", "come", 0, NULL, 0, NULL) != 0;
		bad += rump_sys_mkdir("come/in", 0755) != 0;
		usleep(300);
		error = -rump_sys_unmount("come", 0);
		if (error == RUMP_EBUSY) {
			forced++;
			error = -rump_sys_unmount("come", RUMP_MNT_FORCE);
		}
		bad += error != 0;
	}
	__atomic_store_n(&mounting, false, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		is(w[i].bad, 0, "thread %d", i);
	}
	is(bad, 0, "150 mounts, %d taken away by force", forced);
}

const struct vt_case vt_proc[] = {
    {.tc_name = "contexts", .tc_run = t_contexts, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "threads",
	.tc_run = t_threads,
	.tc_caps = RUMP_CAP_SUBDIRS | RUMP_CAP_LINKS},
    {.tc_name = "threads-4cpu",
	.tc_run = t_threads,
	.tc_caps = RUMP_CAP_SUBDIRS | RUMP_CAP_LINKS,
	.tc_ncpu = 4},
    {.tc_name = "mounting", .tc_run = t_mounting, .tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = "mounting-4cpu",
	.tc_run = t_mounting,
	.tc_ncpu = 4,
	.tc_caps = RUMP_CAP_SUBDIRS},
    {.tc_name = NULL},
};
