/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of users and groups from the text of passwd and group files; NSS (and
 * the daemons and libraries behind it) is never asked.  A file is searched once
 * an id; answers, "no name" too, are kept in a small table with two ways.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

#define WAYS	 2
#define SETS	 128
#define FILE_MAX (64u << 20)

struct answer {
	bool valid;
	uint32_t id;
	char *name; /* NULL: none */
};

static struct table {
	const char *text;
	char *own; /* text, where we read it */
	size_t len;
	struct answer answers[SETS][WAYS];
} users, groups;

/* A whole file in memory; NULL if it can't be read. */
static char *
slurp(const char *path, size_t *lenp)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text = NULL;
	size_t len = 0;

	*lenp = 0;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size < FILE_MAX) {
		text = fsu_malloc((size_t)st.st_size + 1);
		while (len < (size_t)st.st_size) {
			ssize_t n = read(
			    fd, text + len, (size_t)st.st_size - len);

			if (n <= 0)
				break;
			len += (size_t)n;
		}
	}
	close(fd);
	*lenp = len;
	return text;
}

void
fsu_ids_load_host(void)
{
	if (users.text == NULL)
		users.text = users.own = slurp("/etc/passwd", &users.len);
	if (groups.text == NULL)
		groups.text = groups.own = slurp("/etc/group", &groups.len);
}

/* Answers from another file. */
static void
forget(struct table *t)
{
	for (size_t i = 0; i < SETS; i++) {
		for (size_t w = 0; w < WAYS; w++)
			free(t->answers[i][w].name);
	}
	memset(t->answers, 0, sizeof(t->answers));
}

void
fsu_ids_load(const char *passwd, size_t plen, const char *group, size_t glen)
{
	users.text = passwd;
	users.len = plen;
	groups.text = group;
	groups.len = glen;
	forget(&users);
	forget(&groups);
	free(users.own);
	free(groups.own);
	users.own = groups.own = NULL;
}

/* Is a field, up to a colon, this number? */
static bool
field_is(const char *p, const char *end, uint32_t id)
{
	uint64_t v = 0;
	const char *start = p;

	while (p < end && *p >= '0' && *p <= '9' && v <= UINT32_MAX)
		v = v * 10 + (uint64_t)(*p++ - '0');
	return p > start && p < end && *p == ':' && v == id;
}

/* The name in the first line name:x:ID: of this id. */
static char *
search(const struct table *t, uint32_t id)
{
	const char *p = t->text, *end = p + t->len;

	while (p != NULL && p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		const char *name_end, *second;

		if (eol == NULL)
			eol = end;
		name_end = memchr(p, ':', (size_t)(eol - p));
		if (name_end != NULL && name_end > p && *p != '#' &&
		    *p != '+' && *p != '-') {
			second = memchr(
			    name_end + 1, ':', (size_t)(eol - name_end - 1));
			if (second != NULL && field_is(second + 1, eol, id))
				return fsu_strndup(p, (size_t)(name_end - p));
		}
		p = eol + 1;
	}
	return NULL;
}

/* The line of this name: where its third field begins; NULL: none. */
static const char *
search_name(const struct table *t, const char *name, const char **eolp)
{
	const char *p = t->text, *end = p + t->len;
	size_t len = strlen(name);

	while (p != NULL && p < end && len > 0) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		const char *field;

		if (eol == NULL)
			eol = end;
		if ((size_t)(eol - p) > len && memcmp(p, name, len) == 0 &&
		    p[len] == ':' && *p != '#' && *p != '+' && *p != '-') {
			field = memchr(
			    p + len + 1, ':', (size_t)(eol - p - len - 1));
			*eolp = eol;
			return field != NULL ? field + 1 : NULL;
		}
		p = eol + 1;
	}
	return NULL;
}

/* A number up to a colon or the end of the line; the byte after it, or NULL. */
static const char *
field_id(const char *p, const char *eol, uint32_t *idp)
{
	const char *start = p;
	uint64_t v = 0;

	while (p < eol && *p >= '0' && *p <= '9' && v <= UINT32_MAX)
		v = v * 10 + (uint64_t)(*p++ - '0');
	if (p == start || v > UINT32_MAX || (p < eol && *p != ':'))
		return NULL;
	*idp = (uint32_t)v;
	return p < eol ? p + 1 : p;
}

bool
fsu_user_id(const char *name, uint32_t *uidp, uint32_t *gidp)
{
	const char *eol, *p = search_name(&users, name, &eol);

	p = p != NULL ? field_id(p, eol, uidp) : NULL;
	return p != NULL && field_id(p, eol, gidp) != NULL;
}

bool
fsu_group_id(const char *name, uint32_t *gidp)
{
	const char *eol, *p = search_name(&groups, name, &eol);

	return p != NULL && field_id(p, eol, gidp) != NULL;
}

static const char *
lookup(struct table *t, uint32_t id)
{
	struct answer *a = t->answers[(id ^ id >> 8) % SETS];

	if (a[0].valid && a[0].id == id)
		return a[0].name;
	if (!a[1].valid || a[1].id != id) {
		free(a[1].name);
		a[1] = (struct answer){true, id, search(t, id)};
	}
	/* The one used last comes first: the other is replaced next. */
	struct answer found = a[1];
	a[1] = a[0];
	a[0] = found;
	return found.name;
}

const char *
fsu_user_name(uint32_t uid)
{
	return lookup(&users, uid);
}

const char *
fsu_group_name(uint32_t gid)
{
	return lookup(&groups, gid);
}
