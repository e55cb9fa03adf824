/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_write: what the shell's > and >> do, with a file in an image.
 *
 * Standard input is read to its end before the image is locked.  The file has its
 * old content until the new is complete; when an addition fails, the file is cut
 * back to what it was.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsu/copy.h"
#include "fsu/fmt.h"

extern const struct fsu_command fsu_write_command;

enum { K_INPLACE = FSU_KEY_LONG };

#define WRITE_BUF (128u << 10)

struct write_options {
	bool append, inplace;
	int input; /* standard input, spooled, or -1 */
};

static const struct fsu_option write_option_table[] = {
    {'a', "append", FSU_NOARG, NULL, "add to what the file has"},
    {K_INPLACE, "in-place", FSU_NOARG, NULL,
	"overwrite at once: needs no room for both"},
};

static void
write_init(void *state)
{
	((struct write_options *)state)->input = -1;
}

static int
write_option(void *state, int key, const char *value)
{
	struct write_options *opt = state;

	(void)value;
	switch (key) {
	case 'a':
		opt->append = true;
		break;
	case K_INPLACE:
		opt->inplace = true;
		break;
	}
	return FSU_OK;
}

static void
write_done(void *state)
{
	const struct write_options *opt = state;

	if (opt->input != -1)
		close(opt->input);
}

static int
write_prepare(struct fsu *f, void *state, int n, char **operands)
{
	struct write_options *opt = state;

	(void)n;
	if (*operands[0] == '\0') {
		fsu_msg("'': %s", strerror(ENOENT));
		return FSU_FAIL;
	}
	opt->input = fsu_spool_into(f, "standard input", STDIN_FILENO);
	return opt->input == -1 ? FSU_FAIL : FSU_OK;
}

static int
write_all(int fd, const char *buf, size_t len, uint64_t off)
{
	while (len > 0) {
		int64_t n = rump_sys_pwrite(fd, buf, len, off);

		if (n <= 0)
			return n == 0 ? -RUMP_EIO : (int)n;
		buf += n;
		len -= (size_t)n;
		off += (uint64_t)n;
	}
	return 0;
}

/* All of the input behind fd's bytes. */
static int
append_to(int fd, int input)
{
	struct rump_stat st;
	char *buf;
	uint64_t off;
	ssize_t n = 0;
	int error;

	error = rump_sys_fstat(fd, &st);
	if (error == 0 && (st.st_mode & RUMP_S_IFMT) != RUMP_S_IFREG)
		error = -RUMP_EINVAL;
	if (error != 0)
		return error;
	buf = fsu_malloc(WRITE_BUF);
	for (off = st.st_size; error == 0; off += (uint64_t)n) {
		n = pread(input, buf, WRITE_BUF, (off_t)(off - st.st_size));
		if (n <= 0)
			break;
		error = write_all(fd, buf, (size_t)n, off);
	}
	if (n < 0)
		error = -errno;
	free(buf);
	if (error != 0) {
		if (error == -RUMP_EINTR)
			rump_pub_interrupt_clear(); /* so that it can go */
		(void)rump_sys_ftruncate(fd, st.st_size);
		if (error == -RUMP_EINTR)
			rump_pub_interrupt();
	}
	return error;
}

static int
fill(void *arg, int fd)
{
	const struct write_options *opt = arg;
	int64_t n = ukfs_fill_from_host(fd, opt->input, NULL);

	return n < 0 ? (int)n : 0;
}

static int
append(const char *path, struct write_options *opt)
{
	int fd, error;

	fd = rump_sys_open(path, RUMP_O_WRONLY | RUMP_O_NONBLOCK, 0);
	if (fd == -RUMP_ENOENT)
		return ukfs_replaceat(
		    RUMP_AT_FDCWD, path, 0666, UKFS_REPLACE_FOLLOW, fill, opt);
	if (fd < 0)
		return fd;
	error = append_to(fd, opt->input);
	rump_sys_close(fd);
	return error;
}

static int
write_run(struct fsu *f, void *state, int n, char **operands)
{
	struct write_options *opt = state;
	char needed[64] = "more is";
	uint32_t old, mask;
	struct stat st;
	int error;

	(void)n;
	mask = umask(0);
	umask(mask);
	old = rump_sys_umask(mask);
	error = opt->append ? append(operands[0], opt)
			    : ukfs_replaceat(RUMP_AT_FDCWD, operands[0], 0666,
				  UKFS_REPLACE_FOLLOW |
				      (opt->inplace ? UKFS_REPLACE_INPLACE : 0),
				  fill, opt);
	rump_sys_umask(old);
	if (error == 0)
		return FSU_OK;
	if (fstat(opt->input, &st) == 0)
		snprintf(needed, sizeof(needed), "%llu bytes are",
		    (unsigned long long)st.st_size);
	fsu_errorf(f, "%s: %s", fsu_quote_maybe(operands[0]),
	    fsu_no_room(f, error, needed));
	return FSU_FAIL;
}

const struct fsu_command fsu_write_command = {
    .name = "fsu_write",
    .synopsis = "IMAGE [-a] FILE",
    .summary = "Write standard input to a file in an image.",
    .options = write_option_table,
    .noptions = sizeof(write_option_table) / sizeof(*write_option_table),
    .flags = FSU_WRITES,
    .min_operands = 1,
    .max_operands = 1,
    .state_size = sizeof(struct write_options),
    .init = write_init,
    .option = write_option,
    .prepare = write_prepare,
    .run = write_run,
    .done = write_done,
};
