/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partitions as a table, for people: the argument that names each, to be pasted into
 * a shell; what is in it, or in brackets what the table says that it is for; size and
 * label.  One that can't be opened has the reason behind it.
 */
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "fsu_impl.h"

/* The argument, quoted where a shell needs it; to be freed. */
char *
fsu_part_argument(const char *path, const struct ukfs_part *up)
{
	struct fsu_quoting how = {.style = FSU_QUOTE_SHELL_ESCAPE};
	struct fsu_quoted q = {0};
	char *arg;

	arg = fsu_asprintf("%s%%%s%%", path, up->up_words);
	fsu_quote(&q, arg, strlen(arg), &how);
	free(arg);
	arg = fsu_strndup(q.text, q.len);
	free(q.text);
	return arg;
}

static char *
type_of(const struct ukfs_part *up)
{
	if (up->up_content.uc_kind != UKFS_CONTENT_NONE)
		return fsu_strdup(fsu_visible(up->up_content.uc_type));
	return fsu_asprintf("(%s)",
	    fsu_visible(up->up_type[0] != '\0' ? up->up_type : up->up_typeid));
}

static void
size_of(char buf[24], const struct ukfs_part *up, unsigned flags)
{
	if (flags & FSU_PART_BYTES)
		snprintf(buf, 24, "%llu", (unsigned long long)up->up_len);
	else
		fsu_human_size(buf, up->up_len, 1024);
}

struct row {
	char *arg, *type;
	char size[24];
};

static void
print_row(FILE *fp, const struct ukfs_part *up, const struct row *r,
    const size_t w[3], unsigned flags)
{
	const char *label = up->up_content.uc_label;

	if (label[0] == '\0')
		label = up->up_name;
	fprintf(fp, "%s%*s  %s%*s  %*s", r->arg,
	    (int)(w[0] - fsu_text_width(r->arg, strlen(r->arg))), "", r->type,
	    (int)(w[1] - strlen(r->type)), "", (int)w[2], r->size);
	if (flags & FSU_PART_LONG)
		fprintf(fp, "  %12llu  %-36s  %s",
		    (unsigned long long)up->up_off, up->up_typeid,
		    up->up_uuid[0] != '\0' ? fsu_visible(up->up_uuid) : "-");
	if (label[0] != '\0' || up->up_container || up->up_problem[0] != '\0')
		fprintf(fp, "  %s", fsu_visible(label));
	if (up->up_container)
		fprintf(fp, "%s[holds the logical ones]",
		    label[0] != '\0' ? " " : "");
	if (up->up_problem[0] != '\0')
		fprintf(fp, "%s[%s]",
		    label[0] != '\0' || up->up_container ? " " : "",
		    fsu_visible(up->up_problem));
	fputc('\n', fp);
}

void
fsu_part_print(FILE *fp, const char *path, const struct ukfs_parts *parts,
    size_t max, unsigned flags)
{
	size_t w[3] = {8, 4, 4}, i, n = parts->ups_n, len;
	struct row *rows;

	if (max != 0 && n > max)
		n = max;
	rows = fsu_calloc(n + 1, sizeof(*rows));
	for (i = 0; i < n; i++) {
		rows[i].arg = fsu_part_argument(path, &parts->ups_part[i]);
		rows[i].type = type_of(&parts->ups_part[i]);
		size_of(rows[i].size, &parts->ups_part[i], flags);
		len = fsu_text_width(rows[i].arg, strlen(rows[i].arg));
		w[0] = len > w[0] ? len : w[0];
		len = strlen(rows[i].type);
		w[1] = len > w[1] ? len : w[1];
		len = strlen(rows[i].size);
		w[2] = len > w[2] ? len : w[2];
	}
	if (!(flags & FSU_PART_NOHEAD)) {
		fprintf(fp, "%-*s  %-*s  %*s", (int)w[0], "ARGUMENT", (int)w[1],
		    "TYPE", (int)w[2], "SIZE");
		if (flags & FSU_PART_LONG)
			fprintf(fp, "  %12s  %-36s  %-36s", "START", "TYPE-ID",
			    "UUID");
		fprintf(fp, "  LABEL\n");
	}
	for (i = 0; i < n; i++) {
		print_row(fp, &parts->ups_part[i], &rows[i], w, flags);
		free(rows[i].arg);
		free(rows[i].type);
	}
	free(rows);
	if (n < parts->ups_n)
		fprintf(fp, "and %zu more: fsu_part prints them all\n",
		    parts->ups_n - n);
}
