/* SPDX-License-Identifier: BSD-2-Clause */
/* What cases share: files with known content, trees, processes. */
#include "vt.h"

void
vt_put(const char *path, const char *content)
{
	size_t n = strlen(content);
	int fd = (int)MUST(rump_sys_open(path, O_CR | RUMP_O_TRUNC, 0644));

	if (n > 0)
		MUST(rump_sys_write(fd, content, n));
	MUST(rump_sys_close(fd));
}

void
vt_has(const char *path, const char *content)
{
	char buf[4096];
	int fd = rump_sys_open(path, O_RD, 0);
	int64_t n;

	if (!ok(fd >= 0, "open %s (error %d)", path, fd < 0 ? -fd : 0))
		return;
	n = rump_sys_read(fd, buf, sizeof(buf) - 1);
	(void)rump_sys_close(fd);
	if (n < 0) {
		ok(false, "read %s: error %d", path, (int)-n);
		return;
	}
	buf[n] = '\0';
	is_str(buf, content, "content of %s", path);
}

/* Each byte depends on its offset and the seed, and is seldom zero. */
void
vt_pattern(void *buf, uint64_t off, size_t n, unsigned seed)
{
	uint8_t *p = buf;

	for (size_t i = 0; i < n; i++) {
		uint64_t x = (off + i + seed * UINT64_C(7919)) *
		    UINT64_C(0x9e3779b97f4a7c15);

		p[i] = (uint8_t)(x >> 56 | 1);
	}
}

void
vt_putpattern(const char *path, uint64_t size, unsigned seed)
{
	static char buf[65536];
	int fd = (int)MUST(rump_sys_open(path, O_CR | RUMP_O_TRUNC, 0644));

	for (uint64_t off = 0; off < size;) {
		size_t n = size - off < sizeof(buf) ? (size_t)(size - off)
						    : sizeof(buf);

		vt_pattern(buf, off, n, seed);
		off += (uint64_t)MUST(rump_sys_write(fd, buf, n));
	}
	MUST(rump_sys_close(fd));
}

bool
vt_haspattern(const char *path, uint64_t size, unsigned seed)
{
	static char buf[65536], want[65536];
	int fd = rump_sys_open(path, O_RD, 0);
	uint64_t off = 0;
	bool good = fd >= 0;
	int64_t n = 0;

	while (good && (n = rump_sys_read(fd, buf, sizeof(buf))) > 0) {
		vt_pattern(want, off, (size_t)n, seed);
		good = memcmp(buf, want, (size_t)n) == 0;
		off += (uint64_t)n;
	}
	if (fd >= 0)
		(void)rump_sys_close(fd);
	return good && n == 0 && off == size;
}

uint32_t
vt_nlink(const char *path)
{
	struct rump_stat st;

	MUST(rump_sys_lstat(path, &st));
	return st.st_nlink;
}

uint64_t
vt_ino(const char *path)
{
	struct rump_stat st;

	MUST(rump_sys_lstat(path, &st));
	return st.st_ino;
}

bool
vt_exists(const char *path)
{
	struct rump_stat st;

	return rump_sys_lstat(path, &st) == 0;
}

static bool
dots(const struct rump_dirent *de)
{
	return strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0;
}

int
vt_count(const char *path)
{
	char buf[16384] __attribute__((aligned(8)));
	int fd = rump_sys_open(path, O_RD | RUMP_O_DIRECTORY, 0), count = 0;
	int64_t n;

	if (fd < 0)
		return fd;
	while ((n = rump_sys_getdents(fd, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n;
		     p += ((struct rump_dirent *)p)->d_reclen)
			count += !dots((struct rump_dirent *)p);
	(void)rump_sys_close(fd);
	return n < 0 ? (int)n : count;
}

void
vt_rmtree(const char *path)
{
	char buf[8192] __attribute__((aligned(8))), sub[RUMP_PATH_MAX];
	int64_t n;
	int fd;

	for (;;) {
		fd = (int)MUST(rump_sys_open(path, O_RD, 0));
		n = MUST(rump_sys_getdents(fd, buf, sizeof(buf)));
		MUST(rump_sys_close(fd));
		int removed = 0;
		for (char *p = buf; p < buf + n;
		     p += ((struct rump_dirent *)p)->d_reclen) {
			struct rump_dirent *de = (struct rump_dirent *)p;

			if (dots(de))
				continue;
			snprintf(sub, sizeof(sub), "%s/%s", path, de->d_name);
			/* no d_type in old formats */
			if (rump_sys_unlink(sub) == -RUMP_EISDIR)
				vt_rmtree(sub);
			removed++;
		}
		if (removed == 0)
			break;
	}
	MUST(rump_sys_rmdir(path));
}

void
vt_become(uint32_t uid, uint32_t gid)
{
	MUST(-rump_pub_lwproc_rfork(RUMP_RFFDG));
	MUST(-rump_pub_lwproc_setcred(uid, gid, 1, &gid));
}

void
vt_unbecome(void)
{
	rump_pub_lwproc_releaselwp();
}

uint32_t
vt_rand(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return (uint32_t)(x * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

const char *
vt_subdir(const char *name)
{
	if (vt_can(RUMP_CAP_SUBDIRS))
		MUST(rump_sys_mkdir(name, 0755));
	return vt_where(name);
}

const char *
vt_where(const char *name)
{
	return vt_can(RUMP_CAP_SUBDIRS) ? name : ".";
}

const char *
vt_in(const char *dir, const char *name)
{
	static char ring[4][600];
	static unsigned next;
	char *s = ring[next++ % 4];

	snprintf(s, sizeof(ring[0]), "%s/%s", dir, name);
	return s;
}
