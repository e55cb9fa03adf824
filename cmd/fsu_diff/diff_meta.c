/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_diff --meta: what of two nodes differs beside their content, one line:
 *
 *	Metadata of A and B differ: mode 0644 0600, uid 0 1000, xattr user.x
 *
 * mode, uid, gid, rdev (devices), links (number of names, not of directories), mtime
 * (as exact as both sides keep it; not of symlinks) and extended attributes.
 */
#include <stdlib.h>
#include <string.h>

#include "diff.h"

#define XATTR_BYTES 65536

struct report {
	const struct diff_node *n;
	bool any;
};

static void
item(struct report *r, const char *what)
{
	if (!r->any) {
		fsu_out_str(&fsu_stdout, "Metadata of ");
		fsu_out_str(&fsu_stdout, r->n[0].path);
		fsu_out_str(&fsu_stdout, " and ");
		fsu_out_str(&fsu_stdout, r->n[1].path);
		fsu_out_str(&fsu_stdout, " differ: ");
	} else
		fsu_out_str(&fsu_stdout, ", ");
	fsu_out_str(&fsu_stdout, what);
	r->any = true;
}

static void
number(struct report *r, const char *what, const char *format, uint64_t a,
    uint64_t b)
{
	char text[64];
	int len;

	if (a == b)
		return;
	item(r, what);
	for (int k = 0; k < 2; k++) {
		fsu_out_char(&fsu_stdout, ' ');
		len = snprintf(text, sizeof(text), format,
		    (unsigned long long)(k == 0 ? a : b));
		fsu_out_mem(&fsu_stdout, text, (size_t)len);
	}
}

static void
times(const struct diff_state *d, struct report *r)
{
	const struct rump_timespec *a = &r->n[0].st.st_mtim,
				   *b = &r->n[1].st.st_mtim;
	char text[FSU_RFC3339_CHARS];
	int64_t grain = d->time_grain;
	size_t len;

	if (a->tv_sec == b->tv_sec && a->tv_nsec / grain == b->tv_nsec / grain)
		return;
	item(r, "mtime");
	for (int k = 0; k < 2; k++) {
		fsu_out_char(&fsu_stdout, ' ');
		len = fsu_time_rfc3339(text, r->n[k].st.st_mtim.tv_sec,
		    (uint32_t)r->n[k].st.st_mtim.tv_nsec);
		fsu_out_mem(&fsu_stdout, text, len);
	}
}

/* ---- extended attributes ---------------------------------------------------------------- */

static int
cmp_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted names, NULL at the end; *memp is to be freed too.  NULL: none. */
static const char **
names(const struct diff_state *d, int k, const struct diff_node *n, char **memp)
{
	const char **list, *p;
	int64_t len;
	size_t count;

	*memp = fsu_malloc(XATTR_BYTES);
	len = n->st.st_hints & RUMP_STH_NOXATTR
	    ? 0
	    : fsu_diff_xattr(&d->side[k], n->path, NULL, *memp, XATTR_BYTES);
	if (len < 0)
		len = 0;
	list = fsu_calloc((size_t)len + 1, sizeof(*list));
	count = 0;
	for (p = *memp; p < *memp + len; p += strlen(p) + 1)
		list[count++] = p;
	qsort(list, count, sizeof(*list), cmp_names);
	return list;
}

static bool
same_value(const struct diff_state *d, const struct diff_node n[2],
    const char *name, char *const buf[2])
{
	int64_t len[2];
	int k;

	for (k = 0; k < 2; k++)
		len[k] = fsu_diff_xattr(
		    &d->side[k], n[k].path, name, buf[k], XATTR_BYTES);
	return len[0] >= 0 && len[0] == len[1] &&
	    memcmp(buf[0], buf[1], (size_t)len[0]) == 0;
}

static void
xattrs(const struct diff_state *d, struct report *r)
{
	const char **list[2], *name;
	char *mem[2], *buf[2];
	size_t at[2] = {0, 0};
	int k, c;

	for (k = 0; k < 2; k++) {
		list[k] = names(d, k, &r->n[k], &mem[k]);
		buf[k] = fsu_malloc(XATTR_BYTES);
	}
	while (list[0][at[0]] != NULL || list[1][at[1]] != NULL) {
		c = list[0][at[0]] == NULL ? 1
		    : list[1][at[1]] == NULL
		    ? -1
		    : strcmp(list[0][at[0]], list[1][at[1]]);
		name = c <= 0 ? list[0][at[0]] : list[1][at[1]];
		if (c != 0 || !same_value(d, r->n, name, buf)) {
			item(r, "xattr ");
			fsu_out_str(&fsu_stdout, name);
		}
		at[0] += c <= 0;
		at[1] += c >= 0;
	}
	for (k = 0; k < 2; k++) {
		free(list[k]);
		free(mem[k]);
		free(buf[k]);
	}
}

int
fsu_diff_meta(struct diff_state *d, const struct diff_node n[2])
{
	const struct rump_stat *a = &n[0].st, *b = &n[1].st;
	struct report r = {.n = n};
	uint32_t type = a->st_mode & RUMP_S_IFMT;

	if (type != (b->st_mode & RUMP_S_IFMT))
		return DIFF_SAME; /* it will be said that they differ */
	if (type != RUMP_S_IFLNK) {
		number(&r, "mode", "%04llo", a->st_mode & RUMP_ALLPERMS,
		    b->st_mode & RUMP_ALLPERMS);
		times(d, &r);
	}
	number(&r, "uid", "%llu", a->st_uid, b->st_uid);
	number(&r, "gid", "%llu", a->st_gid, b->st_gid);
	if (type == RUMP_S_IFCHR || type == RUMP_S_IFBLK)
		number(&r, "rdev", "%llx", a->st_rdev, b->st_rdev);
	if (type != RUMP_S_IFDIR)
		number(&r, "links", "%llu", a->st_nlink, b->st_nlink);
	xattrs(d, &r);
	if (r.any)
		fsu_out_char(&fsu_stdout, '\n');
	return r.any ? DIFF_DIFFER : DIFF_SAME;
}
