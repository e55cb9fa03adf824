/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_cat: files of an image on standard output, with GNU cat's letters.
 *
 * Without letters the bytes go from the image to the output by the library's own
 * copy; with them through the filter below, whose state (line number, whether a
 * line begins) runs on from file to file.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <fsu/fsu.h>

struct cat {
	bool number, number_nonblank, ends, squeeze, tabs, visible;
	/* the filter's state */
	unsigned long line;
	bool at_start;	/* of a line */
	unsigned blank; /* empty lines in a row */
	bool cr;	/* one that may be shown as part of the line's end */
};

static const struct fsu_option options[] = {
    {'A', "show-all", FSU_NOARG, NULL, "the same as -vET"},
    {'b', "number-nonblank", FSU_NOARG, NULL, "number lines that aren't empty"},
    {'e', NULL, FSU_NOARG, NULL, "the same as -vE"},
    {'E', "show-ends", FSU_NOARG, NULL, "$ at the end of each line"},
    {'n', "number", FSU_NOARG, NULL, "number all lines"},
    {'s', "squeeze-blank", FSU_NOARG, NULL, "one empty line at a time"},
    {'t', NULL, FSU_NOARG, NULL, "the same as -vT"},
    {'T', "show-tabs", FSU_NOARG, NULL, "^I for tabs"},
    {'u', NULL, FSU_NOARG, NULL, "nothing: output is never held back"},
    {'v', "show-nonprinting", FSU_NOARG, NULL,
	"^X and M-x for control characters"},
};

static int
option(void *state, int key, const char *value)
{
	struct cat *cat = state;

	(void)value;
	switch (key) {
	case 'A':
		cat->visible = cat->ends = cat->tabs = true;
		break;
	case 'b':
		cat->number = cat->number_nonblank = true;
		break;
	case 'e':
		cat->visible = cat->ends = true;
		break;
	case 'E':
		cat->ends = true;
		break;
	case 'n':
		cat->number = true;
		break;
	case 's':
		cat->squeeze = true;
		break;
	case 't':
		cat->visible = cat->tabs = true;
		break;
	case 'T':
		cat->tabs = true;
		break;
	case 'v':
		cat->visible = true;
		break;
	}
	return FSU_OK;
}

static void
init(void *state)
{
	((struct cat *)state)->at_start = true;
}

static void
put_visible(unsigned char c, const struct cat *cat)
{
	if (c == '\t' && !cat->tabs) {
		putchar(c);
		return;
	}
	if (c == '\t' || cat->visible) {
		if (c >= 128) {
			fputs("M-", stdout);
			c -= 128;
		}
		if (c < 32 || c == 127) {
			putchar('^');
			c ^= 64;
		}
	}
	putchar(c);
}

/* What a line's number and its end are about. */
static void
newline(struct cat *cat)
{
	if (cat->ends)
		putchar('$');
	putchar('\n');
}

static void
filter(struct cat *cat, const unsigned char *p, size_t len)
{
	for (; len > 0; p++, len--) {
		if (cat->cr) {
			/* GNU: -E shows a CR in front of the end, and no other. */
			fputs(*p == '\n' ? "^M" : "\r", stdout);
			cat->cr = false;
		}
		if (cat->at_start && *p == '\n') {
			if (++cat->blank > 1 && cat->squeeze)
				continue;
		} else if (*p != '\n')
			cat->blank = 0;
		if (cat->at_start && cat->number &&
		    !(cat->number_nonblank && *p == '\n'))
			printf("%6lu\t", ++cat->line);
		cat->at_start = *p == '\n';
		if (*p == '\n')
			newline(cat);
		else if (*p == '\r' && cat->ends && !cat->visible)
			cat->cr = true;
		else
			put_visible(*p, cat);
	}
}

static int64_t
filter_file(struct cat *cat, int fd)
{
	static unsigned char buf[64 << 10];
	uint64_t off;
	int64_t n;

	for (off = 0; !ferror(stdout) && !fsu_interrupted();
	     off += (uint64_t)n) {
		n = rump_sys_pread(fd, buf, sizeof(buf), off);
		if (n <= 0)
			return n;
		filter(cat, buf, (size_t)n);
	}
	return 0;
}

/* Minus an error number; *ours: of standard output's. */
static int64_t
one_file(struct cat *cat, const char *path, bool *output)
{
	struct rump_stat st;
	int64_t r;
	int fd;

	fd = rump_sys_open(path, RUMP_O_RDONLY | RUMP_O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	r = rump_sys_fstat(fd, &st);
	if (r == 0 && (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
		r = -RUMP_EISDIR;
	if (r == 0) {
		if (cat->number || cat->ends || cat->squeeze || cat->tabs ||
		    cat->visible)
			r = filter_file(cat, fd);
		else
			r = ukfs_drain_to_host(fd, STDOUT_FILENO, output);
	}
	rump_sys_close(fd);
	return r;
}

static int
run(struct fsu *f, void *state, int n, char **operands)
{
	struct cat *cat = state;
	bool output;
	int64_t r;
	int i;

	for (i = 0; i < n && !fsu_interrupted() && !ferror(stdout); i++) {
		output = false;
		r = one_file(cat, operands[i], &output);
		if (r >= 0)
			continue;
		if (!output) {
			fsu_error(f, operands[i], (int)r);
			continue;
		}
		if (r == -RUMP_EPIPE)
			return 128 + 13; /* as if SIGPIPE had ended us */
		fsu_msg("standard output: %s", fsu_strerror((int)r));
		return FSU_FAIL;
	}
	if (cat->cr)
		putchar('\r');
	return FSU_OK;
}

const struct fsu_command fsu_cat_command = {
    .name = "fsu_cat",
    .synopsis = "IMAGE [OPTION]... FILE...",
    .summary = "Write files of an image to standard output.",
    .options = options,
    .noptions = sizeof(options) / sizeof(options[0]),
    .flags = FSU_READS | FSU_GLOBS,
    .min_operands = 1,
    .max_operands = -1,
    .state_size = sizeof(struct cat),
    .init = init,
    .option = option,
    .run = run,
};
