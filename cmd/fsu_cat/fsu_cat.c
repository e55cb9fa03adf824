/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_cat: files of an image on standard output, with GNU cat's letters.
 *
 * Without letters the bytes go from the image to the output by the library's own
 * copy; with them through the filter below, whose state (line number, whether a
 * line begins) runs on from file to file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fsu/fmt.h>
#include <fsu/fsu.h>

#define CAT_BUF (64u << 10)

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
put_visible(struct fsu_out *o, unsigned char c, const struct cat *cat)
{
	if (c == '\t' && !cat->tabs) {
		fsu_out_char(o, '\t');
		return;
	}
	if (c == '\t' || cat->visible) {
		if (c >= 128) {
			fsu_out_mem(o, "M-", 2);
			c -= 128;
		}
		if (c < 32 || c == 127) {
			fsu_out_char(o, '^');
			c ^= 64;
		}
	}
	fsu_out_char(o, (char)c);
}

/* How many of the bytes at p go out as they are. */
static size_t
plain(const struct cat *cat, const unsigned char *p, size_t len)
{
	const unsigned char *end;
	size_t n;

	if (!cat->visible && !cat->tabs && !cat->ends) {
		end = memchr(p, '\n', len);
		return end != NULL ? (size_t)(end - p) : len;
	}
	for (n = 0; n < len && p[n] >= 32 && p[n] < 127; n++)
		continue;
	return n;
}

/* "     1\t" */
static void
put_number(struct fsu_out *o, unsigned long line)
{
	unsigned width = fsu_u64_width(line);

	if (width < 6)
		fsu_out_pad(o, ' ', 6 - width);
	fsu_out_u64(o, line);
	fsu_out_char(o, '\t');
}

static void
filter(struct cat *cat, const unsigned char *p, size_t len)
{
	struct fsu_out *o = &fsu_stdout;
	size_t n;

	while (len > 0) {
		if (cat->cr) {
			/* GNU: -E shows a CR in front of the end, and no other. */
			fsu_out_str(o, *p == '\n' ? "^M" : "\r");
			cat->cr = false;
		}
		if (cat->at_start && *p == '\n') {
			if (++cat->blank > 1 && cat->squeeze) {
				p++, len--;
				continue;
			}
		} else if (*p != '\n')
			cat->blank = 0;
		if (cat->at_start && cat->number &&
		    !(cat->number_nonblank && *p == '\n'))
			put_number(o, ++cat->line);
		cat->at_start = *p == '\n';
		n = cat->at_start ? 0 : plain(cat, p, len);
		if (n > 0) {
			fsu_out_mem(o, (const char *)p, n);
			p += n;
			len -= n;
			continue;
		}
		if (*p == '\n') {
			if (cat->ends)
				fsu_out_char(o, '$');
			fsu_out_char(o, '\n');
		} else if (*p == '\r' && cat->ends && !cat->visible)
			cat->cr = true;
		else
			put_visible(o, *p, cat);
		p++, len--;
	}
}

static int64_t
filter_file(struct cat *cat, int fd)
{
	unsigned char *buf = fsu_malloc(CAT_BUF);
	int64_t n = 1;

	for (uint64_t off = 0; n > 0; off += (uint64_t)n) {
		if (fsu_stdout.error != 0 || fsu_interrupted())
			n = 0;
		else
			n = rump_sys_pread(fd, buf, CAT_BUF, off);
		if (n > 0)
			filter(cat, buf, (size_t)n);
	}
	free(buf);
	return n;
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

	for (i = 0; i < n && !fsu_interrupted() && fsu_stdout.error == 0; i++) {
		output = false;
		r = one_file(cat, operands[i], &output);
		if (r >= 0)
			continue;
		if (!output) {
			fsu_out_flush(&fsu_stdout); /* in the order of files */
			fsu_error(f, operands[i], (int)r);
			continue;
		}
		if (r == -RUMP_EPIPE)
			return 128 + 13; /* as if SIGPIPE had ended us */
		fsu_msg("standard output: %s", fsu_strerror((int)r));
		return FSU_FAIL;
	}
	if (cat->cr)
		fsu_out_char(&fsu_stdout, '\r');
	return fsu_out_finish(&fsu_stdout);
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
