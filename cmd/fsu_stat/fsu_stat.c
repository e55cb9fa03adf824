/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_stat: GNU stat(1)'s formats, on files in an image.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stat.h"

extern const struct fsu_command fsu_stat_command;

enum { K_PRINTF = FSU_KEY_LONG, K_JSON };

struct stat_options {
	bool follow, filesystem, terse, json, escapes;
	const char *format;
};

static const struct fsu_option stat_option_table[] = {
    {'L', "dereference", FSU_NOARG, NULL, "follow symlinks"},
    {'f', "file-system", FSU_NOARG, NULL, "the file system instead of files"},
    {'c', "format", FSU_ARG, "FORMAT", "print FORMAT and a newline"},
    {K_PRINTF, "printf", FSU_ARG, "FORMAT", "print FORMAT, with \\ escapes"},
    {'t', "terse", FSU_NOARG, NULL, "all on one line"},
    {K_JSON, "json", FSU_NOARG, NULL, "an object a line"},
};

static int
stat_option(void *state, int key, const char *value)
{
	struct stat_options *opt = state;

	switch (key) {
	case 'L':
		opt->follow = true;
		break;
	case 'f':
		opt->filesystem = true;
		break;
	case 'c':
	case K_PRINTF:
		opt->format = value;
		opt->escapes = key == K_PRINTF;
		break;
	case 't':
		opt->terse = true;
		break;
	case K_JSON:
		opt->json = true;
		break;
	}
	return 0;
}

#define FILE_TERSE "%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o\n"
#define FS_TERSE   "%n %i %l %t %s %S %b %f %a %c %d\n"

#define FILE_HEAD                                          \
	"  File: %N\n"                                     \
	"  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\n" \
	"Device: %Hd,%Ld\tInode: %-10i  Links: "
#define FILE_TAIL                                                     \
	"\nAccess: (%04a/%10.10A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\n" \
	"Access: %x\n"                                                \
	"Modify: %y\n"                                                \
	"Change: %z\n"                                                \
	" Birth: %w\n"
#define FS_FORMAT                                          \
	"  File: \"%n\"\n"                                 \
	"    ID: %-8i Namelen: %-7l Type: %T\n"            \
	"Block size: %-10s Fundamental block size: %S\n"   \
	"Blocks: Total: %-10b Free: %-10f Available: %a\n" \
	"Inodes: Total: %-10c Free: %d\n"

static const char *
default_format(const struct stat_options *opt, const struct rump_stat *st)
{
	uint32_t type = st != NULL ? st->st_mode & RUMP_S_IFMT : 0;

	if (opt->filesystem)
		return opt->terse ? FS_TERSE : FS_FORMAT;
	if (opt->terse)
		return FILE_TERSE;
	return type == RUMP_S_IFCHR || type == RUMP_S_IFBLK
	    ? FILE_HEAD "%-5h Device type: %Hr,%Lr" FILE_TAIL
	    : FILE_HEAD "%h" FILE_TAIL;
}

static void
print_file_json(const char *path, const struct rump_stat *st)
{
	char target[RUMP_PATH_MAX], *name = fsu_basename(path);
	int64_t n = -1;
	struct fsu_json j;

	if ((st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK)
		n = rump_sys_readlink(path, target, sizeof(target) - 1);
	if (n >= 0)
		target[n] = '\0';
	fsu_json_begin(&j, &fsu_stdout);
	fsu_json_stat(&j, path, name, st, n >= 0 ? target : NULL);
	fsu_json_end(&j);
	free(name);
}

static void
print_fs_json(const char *path, const struct rump_statvfs *v)
{
	struct fsu_json j;

	fsu_json_begin(&j, &fsu_stdout);
	fsu_json_str(&j, "path", path);
	fsu_json_str(&j, "fstype", v->f_fstypename);
	fsu_json_str(&j, "label", v->f_label);
	fsu_json_str(&j, "uuid", v->f_uuid);
	fsu_json_u64(&j, "namemax", v->f_namemax);
	fsu_json_u64(&j, "bsize", v->f_bsize);
	fsu_json_u64(&j, "frsize", v->f_frsize);
	fsu_json_u64(&j, "blocks", v->f_blocks);
	fsu_json_u64(&j, "bfree", v->f_bfree);
	fsu_json_u64(&j, "bavail", v->f_bavail);
	fsu_json_u64(&j, "files", v->f_files);
	fsu_json_u64(&j, "ffree", v->f_ffree);
	fsu_json_end(&j);
}

static int
cannot_stat(struct fsu *f, const char *what, const char *path, int error)
{
	fsu_errorf(f, "cannot %s %s: %s", what, fsu_quote_msg(path),
	    fsu_strerror(error));
	return FSU_FAIL;
}

static int
stat_one(struct fsu *f, const struct stat_options *opt, const char *path)
{
	struct stat_subject s = {.path = path};
	struct rump_statvfs vfs;
	struct rump_stat st;
	const char *format = opt->format;
	int error, status;

	if (opt->filesystem) {
		error = rump_sys_statvfs(path, &vfs);
		if (error < 0)
			return cannot_stat(
			    f, "read file system information for", path, error);
		s.vfs = &vfs;
	} else {
		error = opt->follow ? rump_sys_stat(path, &st)
				    : rump_sys_lstat(path, &st);
		if (error < 0)
			return cannot_stat(f, "stat", path, error);
		s.st = &st;
	}
	if (opt->json) {
		if (opt->filesystem)
			print_fs_json(path, &vfs);
		else
			print_file_json(path, &st);
		return FSU_OK;
	}
	s.quote = format != NULL && strstr(format, "%N") != NULL;
	if (format == NULL)
		format = default_format(opt, s.st);
	status = stat_print(f, format, opt->escapes, &s);
	if (opt->format != NULL && !opt->escapes && status != FSU_USAGE)
		fsu_out_char(&fsu_stdout, '\n');
	return status != FSU_OK ? FSU_FAIL : FSU_OK;
}

static int
stat_prepare(struct fsu *f, void *state, int n, char **operands)
{
	const struct stat_options *opt = state;

	(void)f;
	(void)n;
	(void)operands;
	tzset();
	if (!opt->filesystem)
		fsu_ids_load_host();
	return FSU_OK;
}

static int
stat_run(struct fsu *f, void *state, int n, char **operands)
{
	int status = FSU_OK, end;

	fsu_ids_load_image(f);
	for (int i = 0; i < n && !fsu_interrupted(); i++) {
		if (stat_one(f, state, operands[i]) != FSU_OK)
			status = FSU_FAIL;
	}
	end = fsu_out_finish(&fsu_stdout);
	return end != FSU_OK ? end : status;
}

const struct fsu_command fsu_stat_command = {
    .name = "fsu_stat",
    .synopsis = "[OPTION]... IMAGE FILE...",
    .summary = "Say all that is known of files in an image, as stat(1) does.",
    .options = stat_option_table,
    .noptions = sizeof(stat_option_table) / sizeof(*stat_option_table),
    .flags = FSU_READS | FSU_GLOBS,
    .min_operands = 1,
    .max_operands = -1,
    .state_size = sizeof(struct stat_options),
    .option = stat_option,
    .prepare = stat_prepare,
    .run = stat_run,
};
