/* SPDX-License-Identifier: BSD-2-Clause */
/* How long rump_sys_getpid() takes as a share of a native system call. */
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <rump/rump.h>
#include <rump/rump_syscalls.h>

#define CALLS  2000000
#define ROUNDS 9

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int
main(void)
{
	double best_ours = 1e9, best_native = 1e9, t;
	volatile long sink = 0;
	int i, round;

	if (rump_init() != 0 || rump_pub_lwproc_rfork(RUMP_RFFDG) != 0)
		return 1;
	for (round = 0; round < ROUNDS; round++) {
		t = now();
		for (i = 0; i < CALLS; i++)
			sink += rump_sys_getpid();
		t = now() - t;
		best_ours = t < best_ours ? t : best_ours;
		t = now();
		for (i = 0; i < CALLS; i++)
			sink += syscall(SYS_getppid);
		t = now() - t;
		best_native = t < best_native ? t : best_native;
	}
	printf("%.3f %.1f %.1f\n", best_ours / best_native,
	    best_ours / CALLS * 1e9, best_native / CALLS * 1e9);
	return 0;
}
