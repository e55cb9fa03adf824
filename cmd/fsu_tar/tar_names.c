/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar: which names are meant.
 *
 * As GNU's tar: a pattern of --exclude matches the whole name or what follows any
 * slash, its wildcards match slashes too, and what is below a match goes with it; a
 * member given to -x or -t is meant literally (--wildcards: as a pattern), with
 * what is below.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "tar.h"

/* ---- lists ----------------------------------------------------------------------- */

void
tar_names_add(struct tar_names *n, char *name)
{
	if (n->n == n->cap) {
		n->cap = n->cap == 0 ? 16 : n->cap * 2;
		n->n_list = fsu_realloc(n->n_list, n->cap * sizeof(char *));
	}
	n->n_list[n->n++] = name;
}

void
tar_names_free(struct tar_names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->n_list[i]);
	free(n->n_list);
	memset(n, 0, sizeof(*n));
}

bool
tar_names_read(struct tar_names *n, const char *file, bool null)
{
	FILE *fp = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	bool ok;

	if (fp == NULL) {
		fsu_error(NULL, file, errno);
		return false;
	}
	while ((len = getdelim(&line, &cap, null ? '\0' : '\n', fp)) > 0) {
		if (line[len - 1] == (null ? '\0' : '\n'))
			len--;
		if (len > 0)
			tar_names_add(n, fsu_strndup(line, (size_t)len));
	}
	ok = ferror(fp) == 0;
	if (!ok)
		fsu_error(NULL, file, errno);
	free(line);
	if (fp != stdin)
		fclose(fp);
	return ok;
}

/* ---- matching ----------------------------------------------------------------------- */

bool
tar_excluded(const struct tar_opts *o, const char *name)
{
	for (size_t i = 0; i < o->to_excludes.n; i++) {
		const char *pattern = o->to_excludes.n_list[i];

		if (fnmatch(pattern, name, FNM_LEADING_DIR) == 0)
			return true;
		for (const char *p = name; *p != '\0'; p++)
			if (*p == '/' && p[1] != '/' &&
			    fnmatch(pattern, p + 1, FNM_LEADING_DIR) == 0)
				return true;
	}
	return false;
}

/* As members are compared: no "./" in front, no slashes behind. */
static const char *
plain(const char *s, size_t *len)
{
	while (*s == '/' || (*s == '.' && s[1] == '/'))
		s++;
	if (strcmp(s, ".") == 0)
		s++;
	*len = strlen(s);
	while (*len > 0 && s[*len - 1] == '/')
		--*len;
	return s;
}

bool
tar_wanted(struct tar_opts *o, int n, char **operands, const char *name)
{
	const char *have, *want;
	size_t havelen, wantlen;
	bool hit = n == 0;

	have = plain(name, &havelen);
	for (int i = 0; i < n; i++) {
		bool this;

		want = plain(operands[i], &wantlen);
		if (o->to_wildcards)
			this = fnmatch(operands[i], name, FNM_LEADING_DIR) == 0;
		else
			this = wantlen <= havelen &&
			    memcmp(want, have, wantlen) == 0 &&
			    (have[wantlen] == '/' || wantlen == havelen ||
				wantlen == 0);
		if (this) {
			o->to_found[i] = true;
			hit = true;
		}
	}
	return hit;
}

const char *
tar_strip(const char *name, unsigned long n)
{
	while (*name == '/')
		name++;
	for (; n > 0; n--) {
		name = strchr(name, '/');
		if (name == NULL)
			return NULL;
		while (*name == '/')
			name++;
	}
	return *name != '\0' ? name : NULL;
}

const char *
tar_member_name(const struct tar_opts *o, const char *path)
{
	const char *p = path;

	if (o->to_absolute)
		return path;
	/* Behind the last "..", as GNU's. */
	for (const char *s = path; *s != '\0'; s++)
		if ((s == path || s[-1] == '/') && s[0] == '.' && s[1] == '.' &&
		    (s[2] == '/' || s[2] == '\0'))
			p = s + 2;
	while (*p == '/')
		p++;
	return *p != '\0' ? p : ".";
}
