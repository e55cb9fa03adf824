/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image argument: IMAGE ( %WORD:value )+ %, aliases of ~/.fsurc.
 *
 * An existing file of the whole name wins, then an alias, then a window suffix,
 * whose part in front must be a file.  The words themselves are libukfs's
 * (ukfs_part_find); here it is only seen that they are well-formed.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsu_impl.h"

/* ---- window suffixes -------------------------------------------------------- */

bool
fsu_window_suffix(const char *arg, const char **wordsp)
{
	return ukfs_part_suffix(arg, wordsp);
}

/* More words for im, inside of those that it has.  A status. */
static int
add_words(const char *words, struct fsu_image *im)
{
	char why[UKFS_WHY], *all;
	size_t len;

	if (*words == '\0' || ukfs_part_words(words, why) != 0) {
		fsu_msg("%s: %s", fsu_visible(im->im_path),
		    *words == '\0' ? "'' is no partition; say MBR:1, GPT:1, "
				     "DISKLABEL:a, PART:1 or OFFSET:off[,size]"
				   : fsu_visible(why));
		return FSU_USAGE;
	}
	if (im->im_words == NULL) {
		im->im_words = fsu_strdup(words);
		return FSU_OK;
	}
	len = strlen(im->im_words);
	all = fsu_asprintf("%s%s%s", im->im_words,
	    im->im_words[len - 1] == '%' ? "" : "%", words);
	free(im->im_words);
	im->im_words = all;
	return FSU_OK;
}

int
fsu_image_window(struct fsu_image *im)
{
	struct ukfs_window pw;
	char why[UKFS_WHY];
	int fd, status = FSU_OK;

	if (im->im_words == NULL)
		return FSU_OK;
	fd = open(im->im_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return FSU_OK; /* said when it is opened in earnest */
	if (ukfs_part_find(fd, im->im_words, &pw, why) == 0) {
		im->im_off = pw.pw_off;
		im->im_len = pw.pw_len;
	} else {
		fsu_msg("%s: %s", fsu_visible(im->im_path), fsu_visible(why));
		status = FSU_USAGE;
	}
	close(fd);
	return status;
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
	if (*path == '\0')
		fsu_msg("'': %s", strerror(error));
	else if (strcmp(im->im_name, path) == 0)
		fsu_msg("%s: %s", fsu_visible(path), strerror(error));
	else
		fsu_msg("%s: %s: %s", fsu_visible(im->im_name),
		    fsu_visible(path), strerror(error));
	return FSU_USAGE;
}

/* Behind which % of arg do words begin, that were meant as such?  NULL: none. */
static const char *
meant_words(const char *arg)
{
	const char *p;
	struct stat st;
	char *front;
	bool found;

	for (p = strchr(arg, '%'); p != NULL; p = strchr(p + 1, '%')) {
		front = fsu_strndup(arg, (size_t)(p - arg));
		found = *front != '\0' && stat(front, &st) == 0 &&
		    !S_ISDIR(st.st_mode);
		free(front);
		if (found)
			return p + 1;
	}
	return NULL;
}

/* arg has no file of its whole name: a file and a window? */
static int
resolve_suffix(const char *arg, unsigned flags, struct fsu_image *im)
{
	const char *words;
	struct stat st;

	words = meant_words(arg);
	if (words == NULL && !ukfs_part_suffix(arg, &words)) {
		im->im_path = fsu_strdup(arg);
		return flags & FSU_IMAGE_NEW ? FSU_OK : cannot(im, arg, ENOENT);
	}
	im->im_path = fsu_strndup(arg, (size_t)(words - 1 - arg));
	if (stat(im->im_path, &st) == -1)
		return cannot(im, im->im_path, errno);
	return add_words(words, im);
}

int
fsu_image_resolve(
    const char *arg, const char *part, unsigned flags, struct fsu_image *im)
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
	if ((flags & FSU_IMAGE_ALIASES) && !(found && !S_ISDIR(st.st_mode)))
		path = find_alias(arg, im);
	if (path != NULL) {
		found = stat(path, &st) == 0;
		arg = path;
	}
	status = FSU_OK;
	if (found)
		im->im_path = fsu_strdup(arg);
	else
		status = resolve_suffix(arg, flags, im);
	free(path);
	if (status != FSU_OK)
		return status;
	return part == NULL ? FSU_OK : add_words(part, im);
}

void
fsu_image_free(struct fsu_image *im)
{
	free(im->im_name);
	free(im->im_path);
	free(im->im_words);
	free(im->im_type);
	free(im->im_options);
	memset(im, 0, sizeof(*im));
}
