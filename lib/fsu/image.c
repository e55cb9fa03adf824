/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image argument: IMAGE ( %WORD:value )+ %, aliases of ~/.fsurc.
 *
 * An existing file of the whole name wins, then an alias, then a window suffix,
 * whose part in front must be a file.  The words are read from left to right.
 * Only OFFSET is carried out; the others are recognised and refused.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsu_impl.h"

static const char *const words[] = {
    "DISKLABEL", "MBR", "GPT", "PART", "OFFSET"};
#define NWORDS (sizeof(words) / sizeof(words[0]))

/* ---- window suffixes -------------------------------------------------------- */

/* The word at s ("GPT:..."), its value's beginning and length up to the next %.
 * -1: none. */
static int
word_at(const char *s, const char **valuep, size_t *lenp)
{
	size_t i, len;

	for (i = 0; i < NWORDS; i++) {
		len = strlen(words[i]);
		if (strncmp(s, words[i], len) == 0 && s[len] == ':') {
			*valuep = s + len + 1;
			*lenp = strcspn(*valuep, "%");
			return *lenp > 0 ? (int)i : -1;
		}
	}
	return -1;
}

/* Is s, behind a %, "WORD:value%" again and again to its end? */
static bool
all_words(const char *s)
{
	const char *value;
	size_t len;

	do {
		if (word_at(s, &value, &len) == -1 || value[len] != '%')
			return false;
		s = value + len + 1;
	} while (*s != '\0');
	return true;
}

bool
fsu_window_suffix(const char *arg, const char **wordsp)
{
	const char *p;
	size_t len = strlen(arg);

	if (len == 0 || arg[len - 1] != '%')
		return false;
	for (p = strchr(arg, '%'); p != NULL; p = strchr(p + 1, '%'))
		if (p[1] != '\0' && p != arg && all_words(p + 1)) {
			*wordsp = p;
			return true;
		}
	return false;
}

/* OFFSET:off[,size] inside the window so far. */
static int
apply_offset(const char *value, size_t len, struct fsu_image *im)
{
	uint64_t off, size;
	char *copy, *comma;
	int error;

	copy = fsu_strndup(value, len);
	comma = strchr(copy, ',');
	size = 0;
	if (comma != NULL)
		*comma = '\0';
	error = fsu_parse_size(copy, &off);
	if (error == 0 && comma != NULL)
		error = fsu_parse_size(comma + 1, &size);
	if (error == 0 && comma != NULL && size == 0)
		error = EINVAL;
	/* A window in a window: it must lie inside. */
	if (error == 0 && im->im_len != 0) {
		if (off >= im->im_len || size > im->im_len - off)
			error = ERANGE;
		else if (size == 0)
			size = im->im_len - off;
	}
	if (error == 0 && __builtin_add_overflow(im->im_off, off, &im->im_off))
		error = ERANGE;
	if (error == 0)
		im->im_len = size;
	free(copy);
	return error;
}

/* s: "WORD:value%...", the last % may be missing.  A status. */
static int
apply_words(const char *s, struct fsu_image *im)
{
	const char *value;
	size_t len;
	int w;

	while (*s != '\0') {
		w = word_at(s, &value, &len);
		if (w == -1) {
			fsu_msg(
			    "%s: '%s' is no partition; say OFFSET:off[,size], "
			    "DISKLABEL:a, MBR:1, GPT:1 or PART:1",
			    fsu_visible(im->im_name), fsu_visible(s));
			return FSU_USAGE;
		}
		if (strcmp(words[w], "OFFSET") != 0) {
			fsu_msg(
			    "%s: %s partitions can't be named yet; say where "
			    "it begins: %s%%OFFSET:off[,size]%%",
			    fsu_visible(im->im_name), words[w],
			    fsu_visible(im->im_path));
			return FSU_USAGE;
		}
		if (apply_offset(value, len, im) != 0) {
			fsu_msg("%s: bad offset or size '%.*s'",
			    fsu_visible(im->im_name), (int)len, value);
			return FSU_USAGE;
		}
		s = value + len;
		if (*s == '%')
			s++;
	}
	return FSU_OK;
}

/* ---- ~/.fsurc ------------------------------------------------------------------ */

/* The next blank-separated word of *sp, or NULL. */
static char *
next_word(char **sp)
{
	char *s = *sp, *w;

	while (*s == ' ' || *s == '\t')
		s++;
	if (*s == '\0' || *s == '#' || *s == '\n')
		return NULL;
	w = s;
	while (*s != '\0' && !isspace((unsigned char)*s))
		s++;
	if (*s != '\0')
		*s++ = '\0';
	*sp = s;
	return w;
}

/* ~/ in front of an alias's path. */
static char *
tilde(const char *path, const char *home)
{
	if (path[0] == '~' && path[1] == '/')
		return fsu_asprintf("%s%s", home, path + 1);
	return fsu_strdup(path);
}

/* The alias arg, if there is one: its path (to be freed), type and options. */
static char *
find_alias(const char *arg, struct fsu_image *im)
{
	const char *home;
	char *path, *line, *s, *w, *found;
	size_t cap;
	FILE *fp;

	home = getenv("HOME");
	if (home == NULL || *home == '\0')
		return NULL;
	path = fsu_asprintf("%s/.fsurc", home);
	fp = fopen(path, "re");
	free(path);
	if (fp == NULL)
		return NULL;
	line = NULL;
	cap = 0;
	found = NULL;
	while (found == NULL && getline(&line, &cap, fp) > 0) {
		s = line;
		w = next_word(&s);
		if (w == NULL || strcmp(w, arg) != 0)
			continue;
		w = next_word(&s);
		if (w == NULL)
			continue;
		found = tilde(w, home);
		w = next_word(&s);
		if (w != NULL && strcmp(w, "auto") != 0)
			im->im_type = fsu_strdup(w);
		if (w != NULL && (w = next_word(&s)) != NULL)
			im->im_options = fsu_strdup(w);
	}
	free(line);
	fclose(fp);
	return found;
}

/* ---- all of it --------------------------------------------------------------------- */

static int
cannot(const struct fsu_image *im, const char *path, int error)
{
	if (strcmp(im->im_name, path) == 0)
		fsu_msg("%s: %s", fsu_visible(path), strerror(error));
	else
		fsu_msg("%s: %s: %s", fsu_visible(im->im_name),
		    fsu_visible(path), strerror(error));
	return FSU_USAGE;
}

/* arg has no file of its whole name: a file and a window? */
static int
resolve_suffix(const char *arg, struct fsu_image *im)
{
	const char *suffix;
	struct stat st;

	if (!fsu_window_suffix(arg, &suffix)) {
		im->im_path = fsu_strdup(arg);
		/* Something after a % that was meant as one? */
		suffix = strchr(arg, '%');
		if (suffix != NULL && suffix != arg) {
			free(im->im_path);
			im->im_path = fsu_strndup(arg, (size_t)(suffix - arg));
			if (stat(im->im_path, &st) == 0)
				return apply_words(suffix + 1, im);
			free(im->im_path);
			im->im_path = fsu_strdup(arg);
		}
		return cannot(im, arg, ENOENT);
	}
	im->im_path = fsu_strndup(arg, (size_t)(suffix - arg));
	if (stat(im->im_path, &st) == -1)
		return cannot(im, im->im_path, errno);
	return apply_words(suffix + 1, im);
}

int
fsu_image_resolve(
    const char *arg, const char *part, bool aliases, struct fsu_image *im)
{
	struct stat st;
	char *path;
	int status;
	bool found;

	memset(im, 0, sizeof(*im));
	im->im_name = fsu_strdup(arg);
	if (*arg == '\0')
		return cannot(im, arg, ENOENT);
	/* An alias gives way to a file, but not to a directory of that name. */
	found = stat(arg, &st) == 0;
	if (!found && errno != ENOENT && errno != ENOTDIR)
		return cannot(im, arg, errno);
	path = NULL;
	if (aliases && !(found && !S_ISDIR(st.st_mode)))
		path = find_alias(arg, im);
	if (path != NULL) {
		found = stat(path, &st) == 0;
		arg = path;
	}
	status = FSU_OK;
	if (found)
		im->im_path = fsu_strdup(arg);
	else
		status = resolve_suffix(arg, im);
	free(path);
	if (status != FSU_OK)
		return status;
	return part == NULL ? FSU_OK : apply_words(part, im);
}

void
fsu_image_free(struct fsu_image *im)
{
	free(im->im_name);
	free(im->im_path);
	free(im->im_type);
	free(im->im_options);
	memset(im, 0, sizeof(*im));
}
