/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two files.  Their bytes are compared through two buffers; only texts that differ
 * are read whole, to be compared by lines.  A file is binary if it has a NUL in its
 * first block.
 */
#include <stdlib.h>
#include <string.h>

#include "diff.h"

#define BUF_BYTES  (256u << 10)
#define LOOK_BYTES 4096
#define TEXT_MAX   (1u << 30) /* bytes of a file that is compared by lines */

static bool
by_bytes(const struct diff_state *d)
{
	return d->brief && d->space == DIFF_SPACE && !d->icase && !d->noblank;
}

static void
say_differ(const struct diff_state *d, const struct diff_node n[2], bool binary)
{
	int i;

	fsu_out_str(&fsu_stdout, binary ? "Binary files " : "Files ");
	for (i = 0; i < 2; i++) {
		fsu_out_str(
		    &fsu_stdout, d->label[i] != NULL ? d->label[i] : n[i].path);
		fsu_out_str(&fsu_stdout, i == 0 ? " and " : " differ\n");
	}
}

/* A missing file is empty. */
static int64_t
read_at(const struct diff_state *d, int i, int fd, uint64_t off)
{
	return fd == -1
	    ? 0
	    : fsu_diff_pread(&d->side[i], fd, d->buf[i], BUF_BYTES, off);
}

/* DIFF_SAME, DIFF_DIFFER, DIFF_TROUBLE; *binary: of those that differ. */
static int
compare_bytes(struct diff_state *d, const struct diff_node n[2],
    const int fd[2], bool *binary)
{
	int64_t len[2], min;
	uint64_t off;
	size_t look;
	int i;

	for (off = 0;; off += (uint64_t)len[0]) {
		for (i = 0; i < 2; i++) {
			len[i] = read_at(d, i, fd[i], off);
			if (len[i] < 0)
				return fsu_diff_trouble(
				    d, i, n[i].path, (int)len[i]);
			look = (size_t)len[i] < LOOK_BYTES ? (size_t)len[i]
							   : LOOK_BYTES;
			if (off == 0 && !d->text &&
			    memchr(d->buf[i], '\0', look) != NULL)
				*binary = true;
		}
		min = len[0] < len[1] ? len[0] : len[1];
		if (memcmp(d->buf[0], d->buf[1], (size_t)min) != 0 ||
		    len[0] != len[1])
			return DIFF_DIFFER;
		if (len[0] < (int64_t)BUF_BYTES)
			return DIFF_SAME;
		if (fsu_interrupted())
			return DIFF_TROUBLE;
	}
}

/* The whole of a file. */
static int
load(struct diff_state *d, int i, int fd, uint64_t size, struct diff_text *t)
{
	size_t cap;
	int64_t n;

	if (fd == -1)
		size = 0;
	if (size > TEXT_MAX)
		return -RUMP_EFBIG;
	cap = (size_t)size + 1;
	t->mem = fsu_malloc(cap);
	for (t->len = 0; fd != -1; t->len += (size_t)n) {
		if (t->len == cap) {
			cap *= 2;
			if (cap > TEXT_MAX)
				return -RUMP_EFBIG;
			t->mem = fsu_realloc(t->mem, cap);
		}
		n = fsu_diff_pread(
		    &d->side[i], fd, t->mem + t->len, cap - t->len, t->len);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
	}
	return 0;
}

static int
compare_lines(struct diff_state *d, const struct diff_node n[2],
    const int fd[2], bool header)
{
	struct diff_text t[2] = {0};
	int i, r, status;

	status = DIFF_SAME;
	for (i = 0; i < 2 && status == DIFF_SAME; i++) {
		r = load(d, i, fd[i], n[i].st.st_size, &t[i]);
		if (r != 0)
			status = fsu_diff_trouble(d, i, n[i].path, r);
	}
	if (status == DIFF_SAME && !fsu_diff_classify(d, t))
		status = fsu_diff_trouble(d, 0, n[0].path, -RUMP_EFBIG);
	if (status == DIFF_SAME) {
		fsu_diff_core(t, fsu_diff_nclasses(t));
		if (fsu_diff_print(d, n, t, header))
			status = DIFF_DIFFER;
	}
	fsu_diff_text_free(&t[0]);
	fsu_diff_text_free(&t[1]);
	return status;
}

static int
compare_open(struct diff_state *d, const struct diff_node n[2], const int fd[2],
    bool header)
{
	bool binary = false;
	int i, status;

	for (i = 0; i < 2; i++)
		if (d->buf[i] == NULL) {
			d->buf[i] = aligned_alloc(4096, BUF_BYTES);
			if (d->buf[i] == NULL)
				return fsu_diff_trouble(
				    d, i, n[i].path, -RUMP_ENOMEM);
		}
	status = compare_bytes(d, n, fd, &binary);
	if (status != DIFF_DIFFER)
		return status;
	if (binary || by_bytes(d)) {
		say_differ(d, n, binary && !d->brief);
		return DIFF_DIFFER;
	}
	status = compare_lines(d, n, fd, header);
	if (status == DIFF_DIFFER && d->brief)
		say_differ(d, n, false);
	return status;
}

int
fsu_diff_files(struct diff_state *d, const struct diff_node n[2], bool header)
{
	int fd[2] = {-1, -1}, i, status;

	if (by_bytes(d) && n[0].st.st_size != n[1].st.st_size &&
	    n[0].st.st_size != 0 && n[1].st.st_size != 0 &&
	    (n[0].st.st_mode & n[1].st.st_mode & RUMP_S_IFMT) == RUMP_S_IFREG) {
		say_differ(d, n, false);
		return DIFF_DIFFER;
	}
	status = DIFF_SAME;
	for (i = 0; i < 2; i++) {
		if (n[i].absent)
			continue;
		fd[i] = fsu_diff_open(&d->side[i], n[i].path);
		if (fd[i] < 0) {
			status = fsu_diff_trouble(d, i, n[i].path, fd[i]);
			fd[i] = -1;
		}
	}
	if (status == DIFF_SAME)
		status = compare_open(d, n, fd, header);
	for (i = 0; i < 2; i++)
		if (fd[i] != -1)
			fsu_diff_close(&d->side[i], fd[i]);
	return status;
}
