/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pair [-n PAIRS] [-a PREP_A] [-b PREP_B] A B: run two shell commands in turn,
 * A B A B .., and print on one line, separated by blanks:
 *
 *   median of the ratios A/B, the smallest, the largest,
 *   median seconds of A, of B, largest resident set of A in KiB, of B.
 *
 * PREP_A and PREP_B run, untimed, in front of each.  A command that fails ends
 * everything with status 1: a failed run is no measurement.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAXPAIRS 999

struct side {
	const char *cmd, *prep;
	double secs[MAXPAIRS];
	long maxrss_kib;
};

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Run cmd with the shell; its seconds, and its resident set into *rss. */
static double
run(const char *cmd, long *rss)
{
	struct rusage ru;
	double start = now();
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", cmd, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &ru) < 0) {
		perror("pair");
		exit(1);
	}
	if (status != 0) {
		fprintf(stderr, "pair: failed: %s\n", cmd);
		exit(1);
	}
	if (rss != NULL && ru.ru_maxrss > *rss)
		*rss = ru.ru_maxrss;
	return now() - start;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static void
measure(struct side *s, int i)
{
	if (s->prep != NULL)
		run(s->prep, NULL);
	s->secs[i] = run(s->cmd, &s->maxrss_kib);
}

int
main(int argc, char **argv)
{
	struct side a = {0}, b = {0};
	double ratio[MAXPAIRS], mid;
	int i, opt, n = 7;

	while ((opt = getopt(argc, argv, "n:a:b:")) != -1) {
		if (opt == 'n')
			n = atoi(optarg);
		else if (opt == 'a')
			a.prep = optarg;
		else if (opt == 'b')
			b.prep = optarg;
		else
			return 2;
	}
	if (argc - optind != 2 || n < 1 || n > MAXPAIRS) {
		fprintf(stderr, "usage: pair [-n n] [-a prep] [-b prep] A B\n");
		return 2;
	}
	a.cmd = argv[optind];
	b.cmd = argv[optind + 1];
	for (i = 0; i < n; i++) {
		measure(&a, i);
		measure(&b, i);
		ratio[i] = a.secs[i] / b.secs[i];
	}
	mid = median(ratio, n);
	printf("%.3f %.3f %.3f %.4f %.4f %ld %ld\n", mid, ratio[0],
	    ratio[n - 1], median(a.secs, n), median(b.secs, n), a.maxrss_kib,
	    b.maxrss_kib);
	return 0;
}
