/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parameters: RUMP_* of the environment, overrides set by the program, and
 * what the host knows of itself.  Random bytes.
 *
 * Only names that start with RUMP_ are looked up in the environment: the
 * kernel has no business with the rest of it.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include "hypercall.h"

struct param {
	struct param *p_next;
	char *p_value; /* behind the name, in the same allocation */
	char p_name[];
};
static pthread_mutex_t param_mtx = PTHREAD_MUTEX_INITIALIZER;
static struct param *params;

static int
answer(const char *value, char *buf, size_t size)
{
	size_t len = strlen(value) + 1;

	if (len > size)
		return E2BIG;
	memcpy(buf, value, len);
	return 0;
}

static int
host_ncpu(void)
{
	cpu_set_t set;
	long n;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return CPU_COUNT(&set);
	/* more processors than a cpu_set_t has room for */
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (int)n : 1;
}

/* Words that drivers may act on, with a blank between. */
static void
host_cpufeatures(char *buf, size_t size)
{
	const char *crc = "", *clmul = "";

#if defined(__x86_64__) || defined(__i386__)
	unsigned int a, b, c, d;

	if (__get_cpuid(1, &a, &b, &c, &d)) {
		if (c & bit_SSE4_2)
			crc = "sse4.2 ";
		if (c & bit_PCLMUL)
			clmul = "pclmul ";
	}
#elif defined(__aarch64__)
	unsigned long hw = getauxval(AT_HWCAP);

	if (hw & (1UL << 7)) /* HWCAP_CRC32 */
		crc = "crc32 ";
	if (hw & (1UL << 4)) /* HWCAP_PMULL */
		clmul = "pmull ";
#endif
	snprintf(buf, size, "%s%s", crc, clmul);
	if (buf[0] != '\0')
		buf[strlen(buf) - 1] = '\0';
}

static int
host_param(const char *name, char *buf, size_t size)
{
	char value[256];

	if (strcmp(name, RUMPUSER_PARAM_NCPU) == 0) {
		snprintf(value, sizeof(value), "%d", host_ncpu());
	} else if (strcmp(name, RUMPUSER_PARAM_HOSTNAME) == 0) {
		if (gethostname(value, sizeof(value)) != 0)
			return hyper_errno();
		value[sizeof(value) - 1] = '\0';
	} else if (strcmp(name, RUMPUSER_PARAM_CPUFEATURES) == 0) {
		host_cpufeatures(value, sizeof(value));
	} else {
		return ENOENT;
	}
	return answer(value, buf, size);
}

int
rumpuser_getparam(const char *name, char *buf, size_t size)
{
	const struct param *p;
	const char *value;
	int error = ENOENT;

	pthread_mutex_lock(&param_mtx);
	for (p = params; p != NULL; p = p->p_next) {
		if (strcmp(p->p_name, name) == 0) {
			error = answer(p->p_value, buf, size);
			break;
		}
	}
	pthread_mutex_unlock(&param_mtx);
	if (p != NULL)
		return error;
	if (name[0] == '_')
		return host_param(name, buf, size);
	if (strncmp(name, "RUMP_", 5) != 0 || (value = getenv(name)) == NULL)
		return ENOENT;
	return answer(value, buf, size);
}

int
rumpuser_putparam(const char *name, const char *value)
{
	size_t namelen = strlen(name) + 1, valuelen = strlen(value) + 1;
	struct param *p, **pp;

	p = malloc(sizeof(*p) + namelen + valuelen);
	if (p == NULL)
		return ENOMEM;
	memcpy(p->p_name, name, namelen);
	p->p_value = p->p_name + namelen;
	memcpy(p->p_value, value, valuelen);

	pthread_mutex_lock(&param_mtx);
	for (pp = &params; *pp != NULL; pp = &(*pp)->p_next) {
		if (strcmp((*pp)->p_name, name) == 0) {
			struct param *old = *pp;

			*pp = old->p_next;
			free(old);
			break;
		}
	}
	p->p_next = params;
	params = p;
	pthread_mutex_unlock(&param_mtx);
	return 0;
}

int
rumpuser_getrandom(void *buf, size_t len)
{
	char *p = buf;
	ssize_t n;

	while (len > 0) {
		n = HYPER_RETRY(getrandom(p, len, 0));
		if (n < 0)
			return hyper_errno();
		p += n;
		len -= (size_t)n;
	}
	return 0;
}
