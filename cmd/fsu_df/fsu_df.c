/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_df: how much of the file system is in use, as GNU df(1) says it.  The
 * "Filesystem" is the image as it was named, "Mounted on" its root.
 */
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

extern const struct fsu_command fsu_df_command;

enum { K_OUTPUT = FSU_KEY_LONG, K_TOTAL, K_JSON };

enum df_field {
	DF_SOURCE,
	DF_FSTYPE,
	DF_ITOTAL,
	DF_IUSED,
	DF_IAVAIL,
	DF_IPCENT,
	DF_SIZE,
	DF_USED,
	DF_AVAIL,
	DF_PCENT,
	DF_FILE,
	DF_TARGET,
	DF_NFIELDS,
};

static const struct {
	const char *word, *title;
	size_t width; /* at least */
	bool left;
} fields[DF_NFIELDS] = {
    [DF_SOURCE] = {"source", "Filesystem", 14, true},
    [DF_FSTYPE] = {"fstype", "Type", 4, true},
    [DF_ITOTAL] = {"itotal", "Inodes", 5, false},
    [DF_IUSED] = {"iused", "IUsed", 5, false},
    [DF_IAVAIL] = {"iavail", "IFree", 5, false},
    [DF_IPCENT] = {"ipcent", "IUse%", 4, false},
    [DF_SIZE] = {"size", NULL, 5, false},
    [DF_USED] = {"used", "Used", 5, false},
    [DF_AVAIL] = {"avail", "Avail", 5, false},
    [DF_PCENT] = {"pcent", "Use%", 4, false},
    [DF_FILE] = {"file", "File", 0, true},
    [DF_TARGET] = {"target", "Mounted on", 0, true},
};

struct df_options {
	struct fsu_blocksize unit;
	bool unit_given, inodes, posix, type, total, json, output;
	enum df_field columns[DF_NFIELDS];
	size_t ncolumns;
};

struct df_row {
	char *cell[DF_NFIELDS];
};
struct df_table {
	struct df_row *rows;
	size_t n;
};

static const struct fsu_option df_option_table[] = {
    {'B', "block-size", FSU_ARG, "SIZE", "sizes in units of SIZE"},
    {'h', "human-readable", FSU_NOARG, NULL, "sizes like 1K 234M 2G"},
    {'H', "si", FSU_NOARG, NULL, "the same in powers of 1000"},
    {'i', "inodes", FSU_NOARG, NULL, "inodes instead of blocks"},
    {'k', NULL, FSU_NOARG, NULL, "blocks of 1024 bytes"},
    {K_OUTPUT, "output", FSU_OPTARG, "FIELDS",
	"source, fstype, itotal, iused, iavail, ipcent, size, used, avail, "
	"pcent, file, target"},
    {'P', "portability", FSU_NOARG, NULL, "POSIX's format"},
    {K_TOTAL, "total", FSU_NOARG, NULL, "a line with the sum"},
    {'T', "print-type", FSU_NOARG, NULL, "the file system's type"},
    {K_JSON, "json", FSU_NOARG, NULL, "an object a line"},
};

/* ---- options ------------------------------------------------------------------ */

static int
add_column(struct df_options *opt, const char *word, size_t len)
{
	for (int i = 0; i < DF_NFIELDS; i++) {
		if (strlen(fields[i].word) != len ||
		    strncmp(fields[i].word, word, len) != 0)
			continue;
		for (size_t c = 0; c < opt->ncolumns; c++) {
			if (opt->columns[c] == (enum df_field)i)
				return fsu_usage("option --output: field '%s' "
						 "used more than once",
				    fields[i].word);
		}
		opt->columns[opt->ncolumns++] = (enum df_field)i;
		return 0;
	}
	return fsu_usage(
	    "option --output: field '%.*s' unknown", (int)len, word);
}

static int
output_option(struct df_options *opt, const char *list)
{
	opt->output = true;
	while (list != NULL) {
		size_t len = strcspn(list, ",");
		int status = add_column(opt, list, len);

		if (status != 0)
			return status;
		list = list[len] == ',' ? list + len + 1 : NULL;
	}
	return 0;
}

static int
df_option(void *state, int key, const char *value)
{
	struct df_options *opt = state;

	switch (key) {
	case 'B':
		opt->unit_given = true;
		if (fsu_blocksize_parse(value, &opt->unit) != 0)
			return fsu_usage("invalid --block-size argument %s",
			    fsu_quote_msg(value));
		break;
	case 'h':
	case 'H':
		opt->unit_given = true;
		fsu_blocksize_parse(
		    key == 'h' ? "human-readable" : "si", &opt->unit);
		break;
	case 'k':
		opt->unit_given = true;
		opt->unit = (struct fsu_blocksize){1024, 0};
		break;
	case 'i':
		opt->inodes = true;
		break;
	case 'P':
		opt->posix = true;
		break;
	case 'T':
		opt->type = true;
		break;
	case K_OUTPUT:
		return output_option(opt, value);
	case K_TOTAL:
		opt->total = true;
		break;
	case K_JSON:
		opt->json = true;
		break;
	}
	return 0;
}

static void
add_columns(struct df_options *opt, const char *list)
{
	for (;;) {
		size_t len = strcspn(list, ",");

		add_column(opt, list, len);
		if (list[len] == '\0')
			return;
		list += len + 1;
	}
}

static int
df_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct df_options *opt = state;

	(void)f;
	(void)n;
	(void)operands;
	if (opt->output && (opt->inodes || opt->posix || opt->type))
		return fsu_usage(
		    "options -%c and --output are mutually exclusive",
		    opt->inodes	     ? 'i'
			: opt->posix ? 'P'
				     : 'T');
	if (!opt->unit_given) {
		fsu_blocksize_env("DF_BLOCK_SIZE", &opt->unit);
		if (opt->posix)
			opt->unit = (struct fsu_blocksize){
			    getenv("POSIXLY_CORRECT") != NULL ? 512 : 1024, 0};
	}
	if ((opt->unit.flags & FSU_SIZE_AUTO) != 0)
		opt->posix = false;
	if (opt->output && opt->ncolumns == 0)
		add_columns(opt,
		    "source,fstype,itotal,iused,iavail,ipcent,size,"
		    "used,avail,pcent,file,target");
	else if (!opt->output) {
		add_columns(opt, opt->type ? "source,fstype" : "source");
		add_columns(opt,
		    opt->inodes ? "itotal,iused,iavail,ipcent"
				: "size,used,avail,pcent");
		add_columns(opt, "target");
	}
	return FSU_OK;
}

/* ---- cells ---------------------------------------------------------------------- */

/* "1K-blocks": the unit, in the base that says it more exactly. */
static char *
blocks_title(const struct df_options *opt)
{
	uint64_t by1000 = opt->unit.unit, by1024 = by1000;
	struct fsu_blocksize bs = {1,
	    FSU_SIZE_AUTO | FSU_SIZE_SUFFIX |
		(opt->unit.flags & (FSU_SIZE_1024 | FSU_SIZE_B))};
	char buf[FSU_SIZE_CHARS], *point;
	bool even1000, even1024;

	if (opt->posix)
		return fsu_asprintf(
		    "%llu-blocks", (unsigned long long)opt->unit.unit);
	do {
		even1000 = by1000 % 1000 == 0;
		by1000 /= 1000;
		even1024 = by1024 % 1024 == 0;
		by1024 /= 1024;
	} while (even1000 && even1024);
	if (even1024 && !even1000)
		bs.flags |= FSU_SIZE_1024;
	if (even1000 && !even1024)
		bs.flags &= ~(unsigned)FSU_SIZE_1024;
	if ((bs.flags & FSU_SIZE_1024) == 0)
		bs.flags |= FSU_SIZE_B;
	fsu_size_format(buf, opt->unit.unit, 1, &bs);
	point = strstr(buf, ".0");
	if (point != NULL)
		memmove(point, point + 2, strlen(point + 2) + 1);
	return fsu_asprintf("%s-blocks", buf);
}

static char *
title(const struct df_options *opt, enum df_field field)
{
	bool human = (opt->unit.flags & FSU_SIZE_AUTO) != 0;

	if (field == DF_SIZE)
		return human && !opt->posix ? fsu_strdup("Size")
					    : blocks_title(opt);
	if (field == DF_AVAIL && (opt->posix || (!human && !opt->output)))
		return fsu_strdup("Available");
	if (field == DF_PCENT && opt->posix)
		return fsu_strdup("Capacity");
	return fsu_strdup(fields[field].title);
}

static char *
size_cell(const struct fsu_blocksize *unit, uint64_t n, uint64_t from)
{
	char buf[FSU_SIZE_CHARS];

	fsu_size_format(buf, n, from, unit);
	return fsu_strdup(buf);
}

/* used of used + free, rounded up; "-" of nothing. */
static char *
percent_cell(uint64_t used, uint64_t avail)
{
	unsigned __int128 all = (unsigned __int128)used + avail;
	unsigned __int128 pct;

	if (all == 0)
		return fsu_strdup("-");
	pct = ((unsigned __int128)used * 100 + all - 1) / all;
	return fsu_asprintf("%u%%", (unsigned)pct);
}

static char *
text_cell(const char *s)
{
	static const struct fsu_quoting q = {.qmark = true};
	static struct fsu_quoted out;

	fsu_quote(&out, s, strlen(s), &q);
	return fsu_strdup(out.text);
}

static uint64_t
used_of(uint64_t all, uint64_t left)
{
	return left < all ? all - left : 0;
}

static void
fill_row(const struct df_options *opt, struct df_row *row, const char *source,
    const char *file, const char *target, const struct rump_statvfs *v)
{
	struct fsu_blocksize count = opt->unit;
	uint64_t used = used_of(v->f_blocks, v->f_bfree);
	uint64_t iused = used_of(v->f_files, v->f_ffree);

	if ((count.flags & FSU_SIZE_AUTO) == 0)
		count = (struct fsu_blocksize){1, 0};
	row->cell[DF_SOURCE] = text_cell(source);
	row->cell[DF_FSTYPE] = text_cell(
	    v->f_fstypename[0] != '\0' ? v->f_fstypename : "-");
	row->cell[DF_ITOTAL] = size_cell(&count, v->f_files, 1);
	row->cell[DF_IUSED] = size_cell(&count, iused, 1);
	row->cell[DF_IAVAIL] = size_cell(&count, v->f_ffree, 1);
	row->cell[DF_IPCENT] = percent_cell(iused, v->f_ffree);
	row->cell[DF_SIZE] = size_cell(&opt->unit, v->f_blocks, v->f_frsize);
	row->cell[DF_USED] = size_cell(&opt->unit, used, v->f_frsize);
	row->cell[DF_AVAIL] = size_cell(&opt->unit, v->f_bavail, v->f_frsize);
	row->cell[DF_PCENT] = percent_cell(used, v->f_bavail);
	row->cell[DF_FILE] = text_cell(file);
	row->cell[DF_TARGET] = text_cell(target);
}

static struct df_row *
new_row(struct df_table *t)
{
	t->rows = fsu_realloc(t->rows, (t->n + 1) * sizeof(*t->rows));
	memset(&t->rows[t->n], 0, sizeof(*t->rows));
	return &t->rows[t->n++];
}

/* ---- output ----------------------------------------------------------------------- */

static void
print_table(const struct df_options *opt, const struct df_table *t)
{
	struct fsu_out *o = &fsu_stdout;
	size_t width[DF_NFIELDS];

	for (size_t c = 0; c < opt->ncolumns; c++) {
		enum df_field k = opt->columns[c];

		width[c] = fields[k].width;
		for (size_t r = 0; r < t->n; r++) {
			const char *s = t->rows[r].cell[k];
			size_t w = fsu_text_width(s, strlen(s));

			if (w > width[c])
				width[c] = w;
		}
	}
	for (size_t r = 0; r < t->n; r++) {
		for (size_t c = 0; c < opt->ncolumns; c++) {
			enum df_field k = opt->columns[c];
			const char *s = t->rows[r].cell[k];
			size_t w = fsu_text_width(s, strlen(s));
			size_t gap = width[c] - w;

			if (c != 0)
				fsu_out_char(o, ' ');
			if (!fields[k].left)
				fsu_out_pad(o, ' ', gap);
			fsu_out_str(o, s);
			if (fields[k].left && c + 1 < opt->ncolumns)
				fsu_out_pad(o, ' ', gap);
		}
		fsu_out_char(o, '\n');
	}
}

static void
print_json(const char *source, const char *file, const struct rump_statvfs *v)
{
	uint64_t used = used_of(v->f_blocks, v->f_bfree);
	struct fsu_json j;

	fsu_json_begin(&j, &fsu_stdout);
	fsu_json_str(&j, "source", source);
	fsu_json_str(&j, "path", file);
	fsu_json_str(&j, "fstype", v->f_fstypename);
	fsu_json_str(&j, "label", v->f_label);
	fsu_json_str(&j, "uuid", v->f_uuid);
	fsu_json_u64(&j, "bsize", v->f_bsize);
	fsu_json_u64(&j, "size", v->f_blocks * v->f_frsize);
	fsu_json_u64(&j, "used", used * v->f_frsize);
	fsu_json_u64(&j, "free", v->f_bfree * v->f_frsize);
	fsu_json_u64(&j, "avail", v->f_bavail * v->f_frsize);
	fsu_json_u64(&j, "files", v->f_files);
	fsu_json_u64(&j, "files_used", used_of(v->f_files, v->f_ffree));
	fsu_json_u64(&j, "files_free", v->f_ffree);
	fsu_json_end(&j);
}

static void
add_total(struct rump_statvfs *sum, const struct rump_statvfs *v)
{
	sum->f_frsize = 1;
	sum->f_blocks += v->f_blocks * v->f_frsize;
	sum->f_bfree += v->f_bfree * v->f_frsize;
	sum->f_bavail += v->f_bavail * v->f_frsize;
	sum->f_files += v->f_files;
	sum->f_ffree += v->f_ffree;
}

static int
df_run(struct fsu *f, void *state, int n, char **operands)
{
	const struct df_options *opt = state;
	const char *source = fsu_image_name(f);
	struct df_table t = {0};
	struct rump_statvfs sum = {0};
	struct df_row *row = new_row(&t);
	int status = FSU_OK, end;

	for (int k = 0; k < DF_NFIELDS; k++)
		row->cell[k] = title(opt, (enum df_field)k);
	for (int i = 0; i < (n != 0 ? n : 1); i++) {
		const char *path = n != 0 ? operands[i] : "/";
		struct rump_statvfs v;
		int error = rump_sys_statvfs(path, &v);

		if (error < 0) {
			fsu_errorf(f, "%s: %s", fsu_quote_maybe(path),
			    fsu_strerror(error));
			status = FSU_FAIL;
			continue;
		}
		add_total(&sum, &v);
		if (opt->json)
			print_json(source, path, &v);
		else
			fill_row(opt, new_row(&t), source, n != 0 ? path : "-",
			    "/", &v);
	}
	if (t.n > 1 && opt->total)
		fill_row(opt, new_row(&t), "total", "-", "-", &sum);
	if (t.n > 1)
		print_table(opt, &t);
	for (size_t r = 0; r < t.n; r++) {
		for (int k = 0; k < DF_NFIELDS; k++)
			free(t.rows[r].cell[k]);
	}
	free(t.rows);
	end = fsu_out_finish(&fsu_stdout);
	return end != FSU_OK ? end : status;
}

const struct fsu_command fsu_df_command = {
    .name = "fsu_df",
    .synopsis = "[OPTION]... IMAGE [FILE]...",
    .summary = "Say how full an image is, as df(1) does.",
    .options = df_option_table,
    .noptions = sizeof(df_option_table) / sizeof(*df_option_table),
    .flags = FSU_READS | FSU_GLOBS,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct df_options),
    .option = df_option,
    .prepare = df_prepare,
    .run = df_run,
};
