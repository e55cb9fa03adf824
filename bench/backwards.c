/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backwards TYPE IMAGE PATH [ROUNDS]: reading a file from its end to its start in
 * steps of 64 KiB, as a share of reading it from start to end in the same steps.
 * Prints the median of the ratios, the smallest, the largest, and the median seconds
 * of both, as pair.c does; each round mounts anew, so that nothing is known of the
 * file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <fcntl.h>

#include <rump/ukfs.h>

#define STEP   65536
#define ROUNDS 31

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Seconds that it takes; below 0: failed. */
static double
readall(char **argv, int backwards)
{
	static char buf[STEP];
	struct ukfs *u = ukfs_mount(
	    argv[1], argv[2], UKFS_DEFAULTMP, RUMP_MNT_RDONLY, NULL, 0);
	struct ukfs_file *uf;
	struct stat st;
	double t = -1, start;
	off_t i, n;

	if (u == NULL)
		return -1;
	uf = ukfs_open(u, argv[3], O_RDONLY, 0);
	if (uf != NULL && ukfs_fstat(uf, &st) == 0) {
		n = st.st_size / STEP;
		start = now();
		for (i = 0; i < n; i++)
			if (ukfs_pread(uf, buf, STEP,
				(backwards ? n - 1 - i : i) * STEP) != STEP)
				break;
		t = i < n ? -1 : now() - start;
	}
	if (uf != NULL)
		(void)ukfs_close(uf);
	(void)ukfs_release(u, 0);
	return t;
}

int
main(int argc, char **argv)
{
	double ratio[ROUNDS], ours[ROUNDS], peer[ROUNDS];
	int i, rounds = argc > 4 ? atoi(argv[4]) : 3;

	if (argc < 4 || rounds < 1 || rounds > ROUNDS || ukfs_init() != 0)
		return 2;
	for (i = 0; i < rounds; i++) {
		ours[i] = readall(argv, 1);
		peer[i] = readall(argv, 0);
		if (ours[i] < 0 || peer[i] < 0) {
			fprintf(stderr, "%s: can't be read\n", argv[3]);
			return 1;
		}
		ratio[i] = ours[i] / peer[i];
	}
	qsort(ratio, (size_t)rounds, sizeof(*ratio), order);
	qsort(ours, (size_t)rounds, sizeof(*ours), order);
	qsort(peer, (size_t)rounds, sizeof(*peer), order);
	printf("%.3f %.3f %.3f %.4f %.4f\n", ratio[rounds / 2], ratio[0],
	    ratio[rounds - 1], ours[rounds / 2], peer[rounds / 2]);
	return 0;
}
