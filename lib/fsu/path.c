/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths, whole directories, and the shell's globs over the image.
 */
#include <stdlib.h>
#include <string.h>

#include "fsu_impl.h"

/* ---- paths --------------------------------------------------------------- */

char *
fsu_path_join(const char *dir, const char *name)
{
	size_t len = strlen(dir);

	while (*name == '/')
		name++;
	if (len == 0)
		return fsu_strdup(name);
	return fsu_asprintf(
	    "%s%s%s", dir, dir[len - 1] == '/' ? "" : "/", name);
}

/* Where the last component begins and ends; all slashes: the first one. */
static void
last_component(const char *path, size_t *beginp, size_t *endp)
{
	size_t end = strlen(path), begin;

	while (end > 1 && path[end - 1] == '/')
		end--;
	begin = end;
	while (begin > 0 && path[begin - 1] != '/')
		begin--;
	if (end == 1 && path[0] == '/')
		begin = 0;
	*beginp = begin;
	*endp = end;
}

char *
fsu_basename(const char *path)
{
	size_t begin, end;

	last_component(path, &begin, &end);
	return fsu_strndup(path + begin, end - begin);
}

char *
fsu_dirname(const char *path)
{
	size_t begin, end;

	last_component(path, &begin, &end);
	while (begin > 1 && path[begin - 1] == '/')
		begin--;
	if (begin == 0)
		return fsu_strdup(path[0] == '/' ? "/" : ".");
	return fsu_strndup(path, begin);
}

/* ---- directories ------------------------------------------------------------ */

int
fsu_readdir(int dirfd, unsigned flags, struct fsu_dirlist *dl)
{
	unsigned fl = 0;
	ssize_t n;

	if (flags & FSU_DIR_DOTS)
		fl |= UKFS_DIR_DOTS;
	if (flags & FSU_DIR_UNSORTED)
		fl |= UKFS_DIR_UNSORTED;
	n = ukfs_readdir(dirfd, fl, &dl->dl_ent, &dl->dl_mem);
	if (n < 0) {
		memset(dl, 0, sizeof(*dl));
		return (int)n;
	}
	dl->dl_n = (size_t)n;
	return 0;
}

void
fsu_readdir_free(struct fsu_dirlist *dl)
{
	free(dl->dl_ent);
	free(dl->dl_mem);
	memset(dl, 0, sizeof(*dl));
}

/* ---- matching ------------------------------------------------------------------ */

bool
fsu_has_glob(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0')
			s++;
		else if (*s == '*' || *s == '?' ||
		    (*s == '[' && strchr(s + 1, ']') != NULL))
			return true;
	}
	return false;
}

/* Is there a set at p ("[...]")?  *endp after it. */
static bool
match_set(const char *p, unsigned char c, const char **endp)
{
	bool negated, hit;
	unsigned char lo, hi;

	p++;
	negated = *p == '!' || *p == '^';
	p += negated;
	hit = false;
	do {
		if (*p == '\\' && p[1] != '\0')
			p++;
		lo = hi = (unsigned char)*p++;
		if (*p == '-' && p[1] != ']' && p[1] != '\0') {
			p++;
			if (*p == '\\' && p[1] != '\0')
				p++;
			hi = (unsigned char)*p++;
		}
		hit = hit || (c >= lo && c <= hi);
	} while (*p != ']' && *p != '\0');
	*endp = *p == ']' ? p + 1 : p;
	return hit != negated;
}

/* A "[" that no "]" ends stands for itself. */
static bool
is_set(const char *p)
{
	return *p == '[' && p[1] != '\0' && strchr(p + 2, ']') != NULL;
}

/*
 * One name, without slashes.  A star remembers where it stood; on a mismatch the
 * last one takes one more byte: no recursion, at most length times length steps.
 */
bool
fsu_glob_match(const char *pattern, const char *name)
{
	const char *p = pattern, *n = name, *star = NULL, *starn = NULL, *end;
	bool hit;

	if (*name == '.' && *pattern != '.' &&
	    !(*pattern == '\\' && pattern[1] == '.'))
		return false;
	while (*n != '\0') {
		end = p + 1;
		if (*p == '*') {
			star = p++;
			starn = n;
			continue;
		}
		if (*p == '?')
			hit = true;
		else if (is_set(p))
			hit = match_set(p, (unsigned char)*n, &end);
		else if (*p == '\\' && p[1] != '\0') {
			hit = p[1] == *n;
			end = p + 2;
		} else
			hit = *p == *n;
		if (hit) {
			p = end;
			n++;
		} else if (star != NULL) {
			p = star + 1;
			n = ++starn;
		} else
			return false;
	}
	while (*p == '*')
		p++;
	return *p == '\0';
}

/* ---- expanding ------------------------------------------------------------------- */

struct list {
	char **v;
	size_t n, cap;
};

static void
list_add(struct list *l, char *s)
{
	if (l->n + 1 >= l->cap) {
		l->cap = l->cap == 0 ? 8 : l->cap * 2;
		l->v = fsu_realloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

static int
cmp_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
unescape(const char *s, size_t n)
{
	char *out = fsu_malloc(n + 1), *o = out;
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] == '\\' && i + 1 < n)
			i++;
		*o++ = s[i];
	}
	*o = '\0';
	return out;
}

static void expand(const char *prefix, const char *rest, struct list *out);

/* All names in the directory prefix that match comp, and what follows. */
static void
expand_component(const char *prefix, const char *comp, const char *slashes,
    size_t nslashes, struct list *out)
{
	struct fsu_dirlist dl;
	const char *name;
	char *path, *dir;
	size_t i;
	int fd;

	fd = rump_sys_open(*prefix == '\0' ? "." : prefix,
	    RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);
	if (fd < 0)
		return;
	if (fsu_readdir(fd, 0, &dl) == 0) {
		for (i = 0; i < dl.dl_n; i++) {
			name = dl.dl_ent[i]->d_ent.d_name;
			if (!fsu_glob_match(comp, name))
				continue;
			path = fsu_asprintf("%s%s", prefix, name);
			if (nslashes > 0) {
				dir = fsu_asprintf(
				    "%s%.*s", path, (int)nslashes, slashes);
				expand(dir, slashes + nslashes, out);
				free(dir);
				free(path);
			} else
				list_add(out, path);
		}
		fsu_readdir_free(&dl);
	}
	rump_sys_close(fd);
}

/* prefix: ends in a slash or is empty; rest: the pattern's components to go. */
static void
expand(const char *prefix, const char *rest, struct list *out)
{
	struct rump_stat st;
	size_t len, slashes;
	char *comp, *path, *next;

	len = strcspn(rest, "/");
	slashes = strspn(rest + len, "/");
	comp = fsu_strndup(rest, len);
	if (len > 0 && fsu_has_glob(comp)) {
		expand_component(prefix, comp, rest + len, slashes, out);
		free(comp);
		return;
	}
	free(comp);
	comp = unescape(rest, len);
	path = fsu_asprintf("%s%s", prefix, comp);
	free(comp);
	if (slashes > 0) {
		next = fsu_asprintf("%s%.*s", path, (int)slashes, rest + len);
		expand(next, rest + len + slashes, out);
		free(next);
		free(path);
	} else if (rump_sys_lstat(*path == '\0' ? "." : path, &st) == 0)
		list_add(out, path);
	else
		free(path);
}

int
fsu_glob(struct fsu *f, int n, char *const *operands, char ***outp)
{
	struct list all = {0}, one;
	struct rump_stat st;
	size_t k;
	int i;

	(void)f;
	for (i = 0; i < n; i++) {
		memset(&one, 0, sizeof(one));
		if (fsu_has_glob(operands[i]) &&
		    rump_sys_lstat(operands[i], &st) != 0)
			expand("", operands[i], &one);
		if (one.n == 0)
			list_add(&all, fsu_strdup(operands[i]));
		else
			qsort(one.v, one.n, sizeof(*one.v), cmp_strings);
		for (k = 0; k < one.n; k++)
			list_add(&all, one.v[k]);
		free(one.v);
	}
	if (all.v == NULL)
		all.v = fsu_calloc(1, sizeof(*all.v));
	*outp = all.v;
	return (int)all.n;
}

int
fsu_glob_pattern(struct fsu *f, const char *pattern, char ***outp)
{
	struct list l = {0};

	(void)f;
	expand("", pattern, &l);
	if (l.n > 0)
		qsort(l.v, l.n, sizeof(*l.v), cmp_strings);
	else
		l.v = fsu_calloc(1, sizeof(*l.v));
	*outp = l.v;
	return (int)l.n;
}

void
fsu_glob_free(char **list)
{
	char **p;

	if (list == NULL)
		return;
	for (p = list; *p != NULL; p++)
		free(*p);
	free(list);
}
