/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar: trees of an image as archives, and archives into an image, with the
 * letters of GNU's tar.
 *
 * What is on the host is opened before the image: the archive, lists of names, the
 * locale under which libarchive reads names.  An archive that comes through a pipe
 * is read to its end first, so that a pipeline from an image into itself works.
 *
 * Left out: -r -u -A -d, volumes, --transform, incremental dumps.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fsu/copy.h>
#include <fsu/progress.h>
#include <fsu/timearg.h>

#include "tar.h"

static void
init(void *state)
{
	struct tar_opts *o = state;

	o->to_fd = -1;
	o->to_width = 19; /* GNU's first guess */
	o->to_timewidth = 16;
}

static void
done(void *state)
{
	struct tar_opts *o = state;

	if (o->to_fd > STDERR_FILENO)
		close(o->to_fd);
	if (o->to_made) /* and not finished */
		unlink(o->to_file);
	tar_names_free(&o->to_excludes);
	tar_names_free(&o->to_from);
	fsu_mode_free(o->to_mode_change);
	free(o->to_uname);
	free(o->to_gname);
	free(o->to_found);
	if (o->to_says != &fsu_stdout)
		free(o->to_says);
}

/* ---- before the image is opened ---------------------------------------------------- */

/* -a: what a name ends in says what to write. */
static int
by_suffix(struct tar_opts *o)
{
	static const struct {
		const char *suffix, *filter, *format;
	} table[] = {
	    {".gz", "gzip", NULL},
	    {".tgz", "gzip", NULL},
	    {".taz", "gzip", NULL},
	    {".bz2", "bzip2", NULL},
	    {".tbz", "bzip2", NULL},
	    {".tbz2", "bzip2", NULL},
	    {".tz2", "bzip2", NULL},
	    {".xz", "xz", NULL},
	    {".txz", "xz", NULL},
	    {".zst", "zstd", NULL},
	    {".tzst", "zstd", NULL},
	    {".lz4", "lz4", NULL},
	    {".lzma", "lzma", NULL},
	    {".tlz", "lzma", NULL},
	    {".lz", "lzip", NULL},
	    {".Z", "compress", NULL},
	    {".taZ", "compress", NULL},
	    {".zip", NULL, "zip"},
	    {".7z", NULL, "7zip"},
	    {".cpio", NULL, "newc"},
	    {".iso", NULL, "iso9660"},
	};
	size_t len = strlen(o->to_file);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t n = strlen(table[i].suffix);

		if (len <= n ||
		    strcmp(o->to_file + len - n, table[i].suffix) != 0)
			continue;
		if (table[i].filter != NULL && o->to_filter == NULL)
			o->to_filter = table[i].filter;
		if (table[i].format != NULL && o->to_format == NULL)
			return tar_set_format(o, table[i].format);
	}
	return FSU_OK;
}

static bool
is_stdio(const struct tar_opts *o)
{
	return o->to_file == NULL || strcmp(o->to_file, "-") == 0;
}

static int
open_output(struct fsu *f, struct tar_opts *o)
{
	const char *tmp = getenv("TMPDIR");

	if (o->to_auto && !is_stdio(o) && by_suffix(o) != FSU_OK)
		return FSU_USAGE;
	if (o->to_kind ==
	    TAR_FOREIGN) { /* some formats are put together there */
		fsu_host_access(f, tmp != NULL && *tmp != '\0' ? tmp : "/tmp",
		    FSU_HOST_READ | FSU_HOST_WRITE);
		o->to_locale = fsu_archive_locale();
	}
	if (is_stdio(o)) {
		o->to_fd = STDOUT_FILENO;
		if (isatty(o->to_fd))
			return fsu_usage("an archive isn't written to a "
					 "terminal (-f FILE, or a pipe)");
		return FSU_OK;
	}
	/* One that isn't there yet may have to be removed again. */
	fsu_host_access(f, o->to_file, FSU_HOST_WRITE);
	o->to_fd = open(
	    o->to_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	o->to_made = o->to_fd != -1;
	if (o->to_fd == -1 && errno == EEXIST)
		o->to_fd = open(o->to_file, O_WRONLY | O_CLOEXEC);
	if (o->to_fd == -1) {
		fsu_error(NULL, o->to_file, errno);
		return FSU_FAIL;
	}
	return FSU_OK;
}

static int
open_input(struct tar_opts *o)
{
	int fd = STDIN_FILENO;

	if (!is_stdio(o))
		fd = open(o->to_file, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		fsu_error(NULL, o->to_file, errno);
		return FSU_FAIL;
	}
	if (isatty(fd))
		return fsu_usage("an archive isn't read from a terminal (-f "
				 "FILE, or a pipe)");
	o->to_fd = fsu_spool(fd);
	if (o->to_fd == -1)
		fsu_error(
		    NULL, is_stdio(o) ? "standard input" : o->to_file, errno);
	if (fd != STDIN_FILENO)
		close(fd);
	else
		lseek(o->to_fd, 0, SEEK_SET);
	o->to_locale = fsu_archive_locale();
	return o->to_fd == -1 ? FSU_FAIL : FSU_OK;
}

static int
check_line(const struct tar_opts *o, int n)
{
	if (o->to_mode == 0)
		return fsu_usage("one of -c, -x and -t must be said");
	if (o->to_mode != 'c' && o->to_format != NULL)
		return fsu_usage("--format is for -c: others are found out");
	if (o->to_clamp && !o->to_setmtime)
		return fsu_usage("--clamp-mtime needs --mtime");
	if (o->to_fromfile != NULL && n > 0 &&
	    (o->to_mode == 'x' || (o->to_mode == 't' && o->to_file != NULL)))
		return fsu_usage("-T or members, not both");
	return FSU_OK;
}

static int
prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct tar_opts *o = state;
	int status, error;

	o->to_taken = tar_old_letters(o, n, operands);
	if (o->to_taken < 0)
		return FSU_USAGE;
	n -= o->to_taken;
	status = check_line(o, n);
	if (status != FSU_OK)
		return status;
	o->to_epoch = fsu_source_date_epoch(&o->to_epoch_sec, &error);
	if (error != 0)
		return fsu_usage("SOURCE_DATE_EPOCH is no number of seconds");
	if (o->to_fromfile != NULL &&
	    !tar_names_read(&o->to_from, o->to_fromfile, o->to_null))
		return FSU_FAIL;
	o->to_found = fsu_calloc((size_t)n + o->to_from.n, sizeof(bool));
	fsu_ids_load_host();
	o->to_says = &fsu_stdout;
	if (o->to_mode == 'c' && is_stdio(o)) {
		o->to_says = fsu_calloc(1, sizeof(*o->to_says));
		o->to_says->fd = STDERR_FILENO;
	}
	fsu_want_write(f, o->to_mode == 'x');
	if (o->to_mode != 't')
		fsu_progress_begin(o->to_verbose > 0);
	if (o->to_mode == 'c')
		return open_output(f, o);
	if (o->to_mode == 'x' || o->to_file != NULL)
		return open_input(o);
	return FSU_OK;
}

/* ---- on the image ---------------------------------------------------------------------- */

/* The archive that is to be written is a file of its own, and empty now. */
static int
clear_output(struct fsu *f, const struct tar_opts *o)
{
	struct stat st, image;

	if (fstat(o->to_fd, &st) == -1) {
		fsu_error(NULL, o->to_file, errno);
		return FSU_FAIL;
	}
	if (fstat(fsu_image_fd(f), &image) == 0 && st.st_dev == image.st_dev &&
	    st.st_ino == image.st_ino) {
		fsu_msg("%s: is the image itself",
		    is_stdio(o) ? "standard output" : fsu_visible(o->to_file));
		return FSU_FAIL;
	}
	if (!is_stdio(o) && S_ISREG(st.st_mode) &&
	    ftruncate(o->to_fd, 0) == -1) {
		fsu_error(NULL, o->to_file, errno);
		return FSU_FAIL;
	}
	return FSU_OK;
}

/* Operands, with patterns expanded where paths of the image are meant. */
static int
run_globbed(struct fsu *f, struct tar_opts *o, int n, char **operands)
{
	char **globbed;
	int status;

	if (!fsu_glob_wanted(f, true))
		return tar_create(f, o, n, operands);
	n = fsu_glob(f, n, operands, &globbed);
	status = tar_create(f, o, n, globbed);
	fsu_glob_free(globbed);
	return status;
}

static int
run_mode(struct fsu *f, struct tar_opts *o, int n, char **operands)
{
	int status;

	if (o->to_mode == 'c') {
		fsu_progress_phase(NULL, 0);
		status = clear_output(f, o);
		if (status == FSU_OK)
			status = run_globbed(f, o, n, operands);
		if (status == FSU_OK && o->to_fd != STDOUT_FILENO) {
			if (close(o->to_fd) == -1) {
				fsu_error(NULL, o->to_file, errno);
				status = FSU_FAIL;
			}
			o->to_fd = -1;
		}
		/* With files left out it is an archive all the same. */
		if (status == FSU_OK && !fsu_interrupted())
			o->to_made = false;
		return status;
	}
	if (o->to_mode == 't' && o->to_file == NULL)
		status = run_globbed(f, o, n, operands);
	else if (o->to_mode == 't')
		status = tar_list(f, o, n, operands);
	else
		status = tar_extract(f, o, n, operands);
	return status;
}

static int
run(struct fsu *f, void *state, int n, char **operands)
{
	struct tar_opts *o = state;
	int cwd, status, r;

	n -= o->to_taken;
	operands += o->to_taken;
	fsu_ids_load_image(f);
	/* -T has names of members where an archive is read. */
	if (o->to_from.n > 0 &&
	    (o->to_mode == 'x' || (o->to_mode == 't' && o->to_file != NULL))) {
		n = (int)o->to_from.n;
		operands = o->to_from.n_list;
	}
	cwd = -1;
	if (o->to_dir != NULL) {
		cwd = rump_sys_open(".", RUMP_O_PATH | RUMP_O_DIRECTORY, 0);
		r = cwd < 0 ? cwd : rump_sys_chdir(o->to_dir);
		if (r != 0) {
			fsu_error(f, o->to_dir, r);
			if (cwd >= 0)
				rump_sys_close(cwd);
			return FSU_FAIL;
		}
	}
	status = run_mode(f, o, n, operands);
	fsu_out_flush(o->to_says);
	if (cwd >= 0) {
		rump_sys_fchdir(cwd);
		rump_sys_close(cwd);
	}
	if (o->to_says == &fsu_stdout) {
		r = fsu_out_finish(&fsu_stdout);
		status = status > r ? status : r;
	}
	return status;
}

const struct fsu_command fsu_tar_command = {
    .name = "fsu_tar",
    .synopsis = "IMAGE -c [OPTION]... [PATH]... >ARCHIVE\n"
		"IMAGE -x [OPTION]... [MEMBER]... <ARCHIVE\n"
		"IMAGE -t [OPTION]... [PATH]...",
    .summary = "Archive files of an image, or put an archive's files into it.",
    .options = tar_option_table,
    .noptions = TAR_NOPTIONS,
    .flags = FSU_READS | FSU_OWNGLOB,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct tar_opts),
    .init = init,
    .option = tar_option,
    .prepare = prepare,
    .run = run,
    .done = done,
};
