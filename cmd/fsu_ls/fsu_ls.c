/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_ls: operands first, then directories, depth first with -R, each with its
 * header where there is more than one.  Status 1 if anything couldn't be read.
 */
#include <stdlib.h>
#include <string.h>

#include "ls.h"

/* Directories still to be listed, the next one on top; paths in one buffer. */
struct pending {
	char *text;
	size_t len, cap;
	size_t *start;
	size_t n, ncap;
};

struct visited {
	uint64_t dev, ino;
};

struct walk {
	struct fsu *f;
	struct ls_options *opt;
	struct ls_listing list;
	struct pending todo;
	/* -R with -L: the directories above the one being listed */
	struct visited *above;
	size_t *above_mark; /* how many are pending below each */
	size_t nabove, above_cap;
	struct ukfs_seen seen; /* below this operand; without -L */
	size_t operands;       /* that are pending */
	bool headers, any_header;
	int status;
};

static void
push(struct pending *p, const char *dir, const char *name)
{
	size_t dlen = dir != NULL ? strlen(dir) : 0, nlen = strlen(name);
	size_t need = dlen + nlen + 2;
	char *to;

	if (p->len + need > p->cap) {
		p->cap = (p->cap + need) * 2;
		p->text = fsu_realloc(p->text, p->cap);
	}
	if (p->n == p->ncap) {
		p->ncap = p->ncap != 0 ? p->ncap * 2 : 64;
		p->start = fsu_realloc(p->start, p->ncap * sizeof(*p->start));
	}
	to = p->text + p->len;
	p->start[p->n++] = p->len;
	if (dlen != 0) {
		memcpy(to, dir, dlen);
		to += dlen;
		if (to[-1] != '/')
			*to++ = '/';
	}
	memcpy(to, name, nlen + 1);
	p->len = (size_t)(to - p->text) + nlen + 1;
}

/* The top one, to be freed. */
static char *
pop(struct pending *p)
{
	char *path = fsu_strdup(p->text + p->start[--p->n]);

	p->len = p->start[p->n];
	return path;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The listing's directories become pending, so that its first is on top. */
static void
push_directories(struct walk *w, const char *dir)
{
	for (size_t i = w->list.n; i-- > 0;) {
		const struct ls_file *file = w->list.files[i];

		if (dir == NULL
			? file->operand_dir
			: file->type == RUMP_DT_DIR && !is_dots(file->name))
			push(&w->todo, dir, file->name);
	}
}

/* Operands that will be listed aren't shown with the files. */
static void
drop_operand_dirs(struct ls_listing *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (!l->files[i]->operand_dir)
			l->files[n++] = l->files[i];
	}
	l->n = n;
}

/*
 * With -R: was this directory listed below the same operand?  Then the image is
 * damaged.  With -L too, is it above itself?  Else it goes on the list of those
 * above; ones whose pending directories are all done leave it.
 */
static bool
is_loop(struct walk *w, int fd)
{
	struct rump_stat st;

	if (!w->opt->recursive || rump_sys_fstat(fd, &st) < 0)
		return false;
	if (w->todo.n < w->operands) {
		w->operands = w->todo.n;
		ukfs_seen_free(&w->seen);
	}
	if (w->opt->follow != LS_FOLLOW_ALWAYS)
		return ukfs_seen_add(&w->seen, st.st_dev, st.st_ino) == 0;
	while (w->nabove != 0 && w->todo.n < w->above_mark[w->nabove - 1])
		w->nabove--;
	for (size_t i = 0; i < w->nabove; i++) {
		if (w->above[i].dev == st.st_dev &&
		    w->above[i].ino == st.st_ino)
			return true;
	}
	if (w->nabove == w->above_cap) {
		w->above_cap = w->above_cap != 0 ? w->above_cap * 2 : 32;
		w->above = fsu_realloc(
		    w->above, w->above_cap * sizeof(*w->above));
		w->above_mark = fsu_realloc(
		    w->above_mark, w->above_cap * sizeof(*w->above_mark));
	}
	w->above_mark[w->nabove] = w->todo.n + 1;
	w->above[w->nabove++] = (struct visited){st.st_dev, st.st_ino};
	return false;
}

static void
put_header(struct walk *w, const char *path)
{
	static struct fsu_quoted q;
	struct fsu_out *o = &fsu_stdout;

	if (w->opt->format == LS_JSON || !(w->opt->recursive || w->headers))
		return;
	if (w->any_header)
		fsu_out_char(o, '\n');
	w->any_header = true;
	fsu_quote(&q, path, strlen(path), &w->opt->dir_quoting);
	fsu_out_mem(o, q.text, q.len);
	fsu_out_mem(o, ":\n", 2);
}

static void
list_directory(struct walk *w, const char *path)
{
	int fd = rump_sys_open(path, RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);

	if (fd < 0) {
		fsu_errorf(w->f, "cannot open directory %s: %s",
		    fsu_quote_msg(path), fsu_strerror(fd));
		w->status = FSU_FAIL;
		return;
	}
	if (is_loop(w, fd)) {
		fsu_errorf(w->f, "%s: not listing already-listed directory",
		    fsu_quote_msg(path));
		w->status = FSU_FAIL;
		rump_sys_close(fd);
		return;
	}
	ls_listing_reset(&w->list);
	put_header(w, path);
	if (ls_add_directory(w->f, w->opt, &w->list, fd, path) != FSU_OK)
		w->status = FSU_FAIL;
	rump_sys_close(fd);
	ls_sort(w->opt, &w->list);
	/* GNU ls prints these one by one, so that no width is known. */
	if (w->opt->format == LS_ONE && w->opt->sort == LS_UNSORTED &&
	    !w->opt->blocks && !w->opt->recursive)
		w->list.w_inode = 0;
	if (w->opt->recursive)
		push_directories(w, path);
	ls_print_total(w->opt, &w->list);
	ls_print(w->opt, &w->list, path);
}

static void
list_operands(struct walk *w, int n, char **operands)
{
	char dot[] = ".", *none[] = {dot};
	size_t shown;

	if (n == 0)
		operands = none;
	for (int i = 0; i < (n == 0 ? 1 : n); i++) {
		if (ls_add_operand(w->f, w->opt, &w->list, operands[i]) !=
		    FSU_OK)
			w->status = FSU_FAIL;
	}
	ls_sort(w->opt, &w->list);
	if (!w->opt->dirs_as_files)
		push_directories(w, NULL);
	w->operands = w->todo.n;
	drop_operand_dirs(&w->list);
	shown = w->list.n;
	ls_print(w->opt, &w->list, NULL);
	w->headers = shown != 0 || n > 1 || w->todo.n > 1;
	if (shown != 0 && w->todo.n != 0 && w->opt->format != LS_JSON)
		fsu_out_char(&fsu_stdout, '\n');
}

int
ls_run(struct fsu *f, void *state, int n, char **operands)
{
	struct walk w = {.f = f, .opt = state};
	int status;

	fsu_ids_load_image(f);
	ls_forget_owners();
	list_operands(&w, n, operands);
	while (w.todo.n != 0 && !fsu_interrupted() && fsu_stdout.error == 0) {
		char *path = pop(&w.todo);

		list_directory(&w, path);
		free(path);
	}
	ls_restore_color(w.opt);
	ls_listing_free(&w.list);
	ukfs_seen_free(&w.seen);
	free(w.todo.text);
	free(w.todo.start);
	free(w.above);
	free(w.above_mark);
	status = fsu_out_finish(&fsu_stdout);
	return status != FSU_OK ? status : w.status;
}
