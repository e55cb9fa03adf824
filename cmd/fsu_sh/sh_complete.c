/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Tab offers: in a command's place the commands, behind a - the command's
 * options, else names: of the image, or of the host for put, lls, lcd,
 * redirections and what a command of the host gets.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sh.h"

struct names {
	char **v;
	size_t n;
};

static void
add(struct names *l, char *s)
{
	l->v = fsu_realloc(l->v, (l->n + 2) * sizeof(*l->v));
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
begins(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static void
add_commands(struct names *l, const char *prefix)
{
	const char *name;
	size_t i;

	for (i = 0; i < fsu_ncommands; i++) {
		name = sh_command_name(fsu_commands[i]);
		if (!(fsu_commands[i]->flags & FSU_HIDDEN) &&
		    begins(name, prefix) && sh_find_command(name) != NULL)
			add(l, fsu_strdup(name));
	}
	for (i = 0; i < sh_nbuiltins; i++)
		if (begins(sh_builtins[i].name, prefix))
			add(l, fsu_strdup(sh_builtins[i].name));
}

static void
add_options(struct names *l, const char *command, const char *prefix)
{
	const struct fsu_command *cmd = sh_find_command(command);
	const struct fsu_option *o;
	size_t i;
	char *s;

	for (i = 0; cmd != NULL && i < cmd->noptions; i++) {
		o = &cmd->options[i];
		if (o->longname != NULL) {
			s = fsu_asprintf("--%s%s", o->longname,
			    o->arg == FSU_ARG ? "=" : "");
		} else if (o->key > ' ' && o->key < 127) {
			s = fsu_asprintf("-%c", o->key);
		} else
			continue;
		if (begins(s, prefix))
			add(l, s);
		else
			free(s);
	}
}

/* The words of find's language stand in its summary. */
static void
add_raw_words(struct names *l, const char *command, const char *prefix)
{
	const struct fsu_command *cmd = sh_find_command(command);
	const char *text;
	size_t len;
	char *s;

	if (cmd == NULL || !(cmd->flags & FSU_RAWARGS))
		return;
	for (text = cmd->summary; (text = strchr(text, '-')) != NULL;
	     text += len) {
		len = 1 + strspn(text + 1, "abcdefghijklmnopqrstuvwxyz0XY");
		s = fsu_strndup(text, len);
		if (len > 2 && begins(s, prefix) &&
		    (text[-1] == ' ' || text[-1] == '\n'))
			add(l, s);
		else
			free(s);
	}
}

/* Names in the image's directory dir ("" or with its slash) that begin so. */
static void
add_image(struct names *l, const char *dir, const char *base)
{
	struct fsu_dirlist dl;
	struct rump_stat st;
	const char *name;
	char *path;
	size_t i;
	int fd;

	fd = rump_sys_open(
	    *dir != '\0' ? dir : ".", RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);
	if (fd < 0)
		return;
	if (fsu_readdir(fd, 0, &dl) == 0) {
		for (i = 0; i < dl.dl_n; i++) {
			name = dl.dl_ent[i]->d_ent.d_name;
			if (!begins(name, base) ||
			    (*name == '.' && *base != '.'))
				continue;
			path = fsu_asprintf("%s%s/", dir, name);
			if (rump_sys_stat(path, &st) != 0) /* no directory */
				path[strlen(path) - 1] = '\0';
			add(l, path);
		}
		fsu_readdir_free(&dl);
	}
	rump_sys_close(fd);
}

/* ~/ in front stays as it was typed. */
static void
add_host(struct names *l, const char *dir, const char *base)
{
	const char *home = getenv("HOME");
	struct dirent *de;
	struct stat st;
	char *real, *path;
	DIR *d;

	real = dir[0] == '~' && dir[1] == '/' && home != NULL
	    ? fsu_path_join(home, dir + 1)
	    : fsu_strdup(*dir != '\0' ? dir : ".");
	d = opendir(real);
	while (d != NULL && (de = readdir(d)) != NULL) {
		if (!begins(de->d_name, base) ||
		    (de->d_name[0] == '.' && *base != '.') ||
		    strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		path = fsu_path_join(real, de->d_name);
		add(l,
		    fsu_asprintf("%s%s%s", dir, de->d_name,
			stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? "/"
								    : ""));
		free(path);
	}
	if (d != NULL)
		closedir(d);
	free(real);
}

static void
add_paths(struct names *l, const char *word, bool host)
{
	const char *slash = strrchr(word, '/');
	const char *base = slash != NULL ? slash + 1 : word;
	char *dir = fsu_strndup(word, (size_t)(base - word));

	(host ? add_host : add_image)(l, dir, base);
	free(dir);
}

/* Does the word at start follow a < or >? */
static bool
behind_redirection(const char *line, size_t start)
{
	while (start > 0 && (line[start - 1] == ' ' || line[start - 1] == '\t'))
		start--;
	return start > 0 && (line[start - 1] == '<' || line[start - 1] == '>');
}

/* Behind a | or !: the last word of the host's command, as it stands. */
static void
complete_foreign(struct names *l, const char *line, size_t len, size_t *startp)
{
	size_t start = len;
	char *word;

	while (start > 0 && strchr(" \t|!;&<>'\"=", line[start - 1]) == NULL)
		start--;
	word = fsu_strndup(line + start, len - start);
	add_paths(l, word, true);
	free(word);
	*startp = start;
}

/* Is the operand at the end of words a name of the host? */
static bool
host_operand(const struct sh_simple *sc)
{
	const char *name = sc->words[0].text;

	if (begins(name, "fsu_"))
		name += 4;
	if (strcmp(name, "get") == 0) /* what comes second is where to */
		return sc->nwords > 2 &&
		    sc->words[sc->nwords - 2].text[0] != '-';
	return sh_takes_host(name);
}

char **
sh_complete(
    struct sh *sh, const char *line, size_t len, size_t *startp, char *quotep)
{
	struct names l = {0};
	struct sh_simple *sc;
	const char *word;

	(void)sh;
	sc = sh_parse_partial(line, len, startp, quotep);
	if (sc->pipe != NULL || sc->host != NULL) {
		*quotep = 0;
		complete_foreign(&l, line, len, startp);
	} else if (behind_redirection(line, *startp)) {
		add_paths(&l,
		    sc->nredirs > 0 ? sc->redirs[sc->nredirs - 1].path : "",
		    true);
	} else if (sc->nwords > 0) {
		word = sc->words[sc->nwords - 1].text;
		if (sc->nwords == 1)
			add_commands(&l, word);
		else if (word[0] == '-') {
			add_options(&l, sc->words[0].text, word);
			add_raw_words(&l, sc->words[0].text, word);
		} else if (sc->nwords == 2 &&
		    strcmp(sc->words[0].text, "help") == 0)
			add_commands(&l, word);
		else
			add_paths(&l, word, host_operand(sc));
		/* put's last operand is in the image; offer that where the
		 * host has nothing. */
		if (l.n == 0 && sc->nwords > 2 && word[0] != '-')
			add_paths(&l, word, !host_operand(sc));
	}
	sh_simple_free(sc);
	free(sc);
	if (l.n > 0)
		qsort(l.v, l.n, sizeof(*l.v), compare);
	return l.v;
}
