/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_sum: checksums of files of an image, in the words of md5sum(1), sha256sum(1)
 * and cksum(1).
 *
 * A tree (-r) is walked in the order of names, so the same tree gives the same
 * list.  Data goes through one buffer.  Lists (-c) are read, or spooled if they
 * come through a pipe, before the image is locked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsu/copy.h"
#include "sum.h"

extern const struct fsu_command fsu_sum_command;

enum { K_TAG = FSU_KEY_LONG, K_QUIET, K_STATUS, K_STRICT, K_IGNORE };

static const struct fsu_option sum_option_table[] = {
    {'a', "algorithm", FSU_ARG, "ALG",
	"md5, sha1, sha224, sha256 (default), sha384, sha512, crc"},
    {'b', "binary", FSU_NOARG, NULL, "a * in front of names, as coreutils"},
    {'c', "check", FSU_NOARG, NULL,
	"operands are lists on the host: check the image"},
    {'r', "recursive", FSU_NOARG, NULL, "all regular files below directories"},
    {K_TAG, "tag", FSU_NOARG, NULL, "BSD's lines: SHA256 (file) = ..."},
    {'t', "text", FSU_NOARG, NULL, "no * (default)"},
    {'z', "zero", FSU_NOARG, NULL, "end lines with NUL, don't escape names"},
    {K_IGNORE, "ignore-missing", FSU_NOARG, NULL,
	"with -c: be silent on files that aren't there"},
    {K_QUIET, "quiet", FSU_NOARG, NULL, "with -c: no OK lines"},
    {K_STATUS, "status", FSU_NOARG, NULL, "with -c: say nothing, only return"},
    {K_STRICT, "strict", FSU_NOARG, NULL,
	"with -c: a malformed line is a failure"},
    {'w', "warn", FSU_NOARG, NULL, "with -c: name malformed lines"},
};

static int
sum_option(void *state, int key, const char *value)
{
	struct sum_state *s = state;

	switch (key) {
	case 'a':
		s->alg = fsu_sum_by_name(value);
		if (s->alg == NULL)
			return fsu_usage("unknown algorithm %s (md5, sha1, "
					 "sha224, sha256, sha384, sha512, crc)",
			    fsu_quote_msg(value));
		break;
	case 'b':
		s->binary = true;
		s->text = false;
		break;
	case 't':
		s->text = true;
		s->binary = false;
		break;
	case 'c':
		s->check = true;
		break;
	case 'r':
		s->recursive = true;
		break;
	case K_TAG:
		s->tag = true;
		break;
	case 'z':
		s->zero = true;
		break;
	case K_IGNORE:
		s->ignore_missing = true;
		break;
	case K_QUIET:
		s->quiet = true;
		s->status = s->warn = false;
		break;
	case K_STATUS:
		s->status = true;
		s->quiet = s->warn = false;
		break;
	case K_STRICT:
		s->strict = true;
		break;
	case 'w':
		s->warn = true;
		s->quiet = s->status = false;
		break;
	}
	return FSU_OK;
}

/* ---- before the image is opened ---------------------------------------------- */

static int
check_options(const struct sum_state *s)
{
	const struct {
		bool given;
		const char *word;
	} only[] = {
	    {s->ignore_missing, "ignore-missing"},
	    {s->status, "status"},
	    {s->warn, "warn"},
	    {s->quiet, "quiet"},
	    {s->strict, "strict"},
	};
	size_t i;

	for (i = 0; !s->check && i < sizeof(only) / sizeof(only[0]); i++)
		if (only[i].given)
			return fsu_usage("the --%s option is meaningful only "
					 "when verifying checksums",
			    only[i].word);
	if (s->check && s->tag)
		return fsu_usage("the --tag option is meaningless when "
				 "verifying checksums");
	if (s->check && (s->binary || s->text))
		return fsu_usage("the --binary and --text options are "
				 "meaningless when verifying checksums");
	if (s->check && s->zero)
		return fsu_usage("the --zero option is not supported when "
				 "verifying checksums");
	if (s->check && s->recursive)
		return fsu_usage("--recursive is meaningless when verifying "
				 "checksums");
	if (s->alg != NULL && s->alg->nettle == NULL && (s->check || s->tag))
		return fsu_usage("--%s is not supported with crc",
		    s->check ? "check" : "tag");
	return FSU_OK;
}

static void
open_list(struct sum_list *l, const char *path)
{
	int fd;

	l->fd = -1;
	fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO)
				    : open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1)
		l->fd = fsu_spool(fd);
	l->error = l->fd == -1 ? errno : 0;
	if (fd != -1)
		close(fd);
}

static int
sum_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct sum_state *s = state;
	int i, status;

	(void)f;
	status = check_options(s);
	if (status != FSU_OK)
		return status;
	if (!s->check)
		return n == 0 ? fsu_usage("missing operand") : FSU_OK;
	s->nlists = n == 0 ? 1 : (size_t)n;
	s->lists = fsu_calloc(s->nlists, sizeof(*s->lists));
	if (n == 0)
		open_list(&s->lists[0], "-");
	for (i = 0; i < n; i++)
		open_list(&s->lists[i], operands[i]);
	return FSU_OK;
}

/* ---- one file ------------------------------------------------------------------- */

int
fsu_sum_fd(struct sum_state *s, const struct sum_algorithm *alg, int fd,
    uint64_t size, uint8_t *digest, uint64_t *lengthp)
{
	struct sum_context c;
	int64_t n;

	if (s->buf == NULL) {
		s->buf = aligned_alloc(4096, SUM_BUF_BYTES);
		if (s->buf == NULL)
			return -RUMP_ENOMEM;
	}
	fsu_sum_begin(&c, alg);
	do {
		n = rump_sys_read(fd, s->buf, SUM_BUF_BYTES);
		if (n < 0)
			return (int)n;
		fsu_sum_update(&c, s->buf, (size_t)n);
	} while (n > 0 && c.length != size && !fsu_interrupted());
	fsu_sum_end(&c, digest);
	*lengthp = c.length;
	return fsu_interrupted() ? -RUMP_EINTR : 0;
}

bool
fsu_sum_escapes(const char *name)
{
	return name[strcspn(name, "\\\n\r")] != '\0';
}

void
fsu_sum_put_name(const char *name, bool escape)
{
	size_t len;

	if (!escape) {
		fsu_out_str(&fsu_stdout, name);
		return;
	}
	for (;; name += len + 1) {
		len = strcspn(name, "\\\n\r");
		fsu_out_mem(&fsu_stdout, name, len);
		if (name[len] == '\0')
			return;
		fsu_out_char(&fsu_stdout, '\\');
		fsu_out_char(&fsu_stdout,
		    name[len] == '\n'	    ? 'n'
			: name[len] == '\r' ? 'r'
					    : '\\');
	}
}

static void
print_crc(const struct sum_state *s, const uint8_t *digest, uint64_t length,
    const char *name)
{
	fsu_out_u64(&fsu_stdout,
	    (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 |
		(uint32_t)digest[2] << 8 | digest[3]);
	fsu_out_char(&fsu_stdout, ' ');
	fsu_out_u64(&fsu_stdout, length);
	fsu_out_char(&fsu_stdout, ' ');
	fsu_out_str(&fsu_stdout, name);
	fsu_out_char(&fsu_stdout, s->zero ? '\0' : '\n');
}

static void
print_sum(const struct sum_state *s, const uint8_t *digest, uint64_t length,
    const char *name)
{
	char hex[2 * SUM_DIGEST_MAX + 1];
	bool escape;

	if (s->alg->nettle == NULL) {
		print_crc(s, digest, length, name);
		return;
	}
	escape = !s->zero && fsu_sum_escapes(name);
	fsu_sum_hex(hex, digest, s->alg->bytes);
	if (escape)
		fsu_out_char(&fsu_stdout, '\\');
	if (s->tag) {
		fsu_out_str(&fsu_stdout, s->alg->tag);
		fsu_out_str(&fsu_stdout, " (");
		fsu_sum_put_name(name, escape);
		fsu_out_str(&fsu_stdout, ") = ");
		fsu_out_str(&fsu_stdout, hex);
	} else {
		fsu_out_str(&fsu_stdout, hex);
		fsu_out_str(&fsu_stdout, s->binary ? " *" : "  ");
		fsu_sum_put_name(name, escape);
	}
	fsu_out_char(&fsu_stdout, s->zero ? '\0' : '\n');
}

/* size: as far as it is known, else UINT64_MAX. */
static void
sum_file(struct sum_state *s, int dirfd, const char *name, const char *path,
    uint64_t size)
{
	uint8_t digest[SUM_DIGEST_MAX];
	struct rump_stat st;
	uint64_t length;
	int fd, r;

	fd = rump_sys_openat(dirfd, name, RUMP_O_RDONLY | RUMP_O_NONBLOCK, 0);
	r = fd < 0 ? fd : 0;
	if (r == 0 && size == UINT64_MAX) {
		r = rump_sys_fstat(fd, &st);
		size = st.st_size;
		if (r == 0 && (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
			r = -RUMP_EISDIR;
	}
	if (r == 0)
		r = fsu_sum_fd(s, s->alg, fd, size, digest, &length);
	if (fd >= 0)
		rump_sys_close(fd);
	if (r == 0)
		print_sum(s, digest, length, path);
	else
		fsu_error(s->f, path, r);
}

static int
visit(void *arg, const struct ukfs_walkent *ent)
{
	struct sum_state *s = arg;

	if (fsu_interrupted() || fsu_stdout.error != 0)
		return 1;
	if (ent->uw_kind == UKFS_WALK_ERROR)
		fsu_error(s->f, ent->uw_path, ent->uw_error);
	else if (ent->uw_kind == UKFS_WALK_FILE &&
	    ((ent->uw_st->st_mode & RUMP_S_IFMT) == RUMP_S_IFREG ||
		ent->uw_level == 0))
		sum_file(s, ent->uw_dirfd, ent->uw_name, ent->uw_path,
		    ent->uw_level == 0 ? UINT64_MAX : ent->uw_st->st_size);
	return 0;
}

static void
sum_operands(struct sum_state *s, int n, char **operands)
{
	int i;

	for (i = 0; i < n && !fsu_interrupted() && fsu_stdout.error == 0; i++)
		if (!s->recursive)
			sum_file(s, RUMP_AT_FDCWD, operands[i], operands[i],
			    UINT64_MAX);
		else if (ukfs_walk(fsu_ukfs(s->f), operands[i],
			     UKFS_WALK_FOLLOWROOT, visit, s) == -1)
			fsu_error(s->f, operands[i], errno);
}

/* ---- the command ------------------------------------------------------------------- */

static int
check_lists(struct sum_state *s, char **operands, int n)
{
	const char *name;
	FILE *fp;
	size_t i;
	int status, r;

	status = FSU_OK;
	for (i = 0; i < s->nlists && !fsu_interrupted(); i++) {
		name = n == 0 ? "-" : operands[i];
		if (strcmp(name, "-") == 0)
			name = "standard input";
		fp = NULL;
		if (s->lists[i].fd != -1 &&
		    lseek(s->lists[i].fd, 0, SEEK_SET) != -1)
			fp = fdopen(s->lists[i].fd, "r");
		if (fp == NULL) {
			fsu_msg("%s: %s", fsu_visible(name),
			    strerror(s->lists[i].fd != -1 ? errno
							  : s->lists[i].error));
			status = FSU_FAIL;
			continue;
		}
		s->lists[i].fd = -1;
		r = fsu_sum_check(s, name, fp);
		status = r > status ? r : status;
	}
	return status;
}

static int
sum_run(struct fsu *f, void *state, int n, char **operands)
{
	struct sum_state *s = state;
	char **globbed;
	int status, end;

	s->f = f;
	status = FSU_OK;
	if (s->check)
		status = check_lists(s, operands, n);
	else {
		if (s->alg == NULL)
			s->alg = fsu_sum_by_name("sha256");
		if (fsu_glob_wanted(f, true)) {
			n = fsu_glob(f, n, operands, &globbed);
			sum_operands(s, n, globbed);
			fsu_glob_free(globbed);
		} else
			sum_operands(s, n, operands);
	}
	end = fsu_out_finish(&fsu_stdout);
	return end > status ? end : status;
}

static void
sum_done(void *state)
{
	struct sum_state *s = state;
	size_t i;

	for (i = 0; i < s->nlists; i++)
		if (s->lists[i].fd != -1)
			close(s->lists[i].fd);
	free(s->lists);
	free(s->buf);
}

const struct fsu_command fsu_sum_command = {
    .name = "fsu_sum",
    .synopsis = "[OPTION]... IMAGE FILE...\n"
		"-c [OPTION]... IMAGE [LIST]...",
    .summary = "Print or check checksums of files of an image.",
    .options = sum_option_table,
    .noptions = sizeof(sum_option_table) / sizeof(*sum_option_table),
    .flags = FSU_READS | FSU_GLOBS | FSU_OWNGLOB,
    .min_operands = 0,
    .max_operands = -1,
    .state_size = sizeof(struct sum_state),
    .option = sum_option,
    .prepare = sum_prepare,
    .run = sum_run,
    .done = sum_done,
};
