/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar: the archive's bytes on their way out.
 *
 * One buffer, which file data is read into at once, so that it is moved once; when
 * it is full it goes to the descriptor, or through one of libarchive's filters.
 * After the first error nothing is written any more: whoever fills looks at o_error
 * when there is time.
 *
 * Filters that libarchive would have an outside program do aren't there.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fsu/progress.h>

#include "tar.h"

#define OUT_BYTES  (256u << 10)
#define PIPE_BYTES (1 << 20)

int
tar_write_fd(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w == -1 && errno == EINTR && !fsu_interrupted())
			continue;
		if (w <= 0)
			return w == 0 ? EIO : errno;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

/* ---- filters ------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*add)(struct archive *);
} filters[] = {
    {"gzip", archive_write_add_filter_gzip},
    {"bzip2", archive_write_add_filter_bzip2},
    {"xz", archive_write_add_filter_xz},
    {"zstd", archive_write_add_filter_zstd},
    {"lz4", archive_write_add_filter_lz4},
    {"lzma", archive_write_add_filter_lzma},
    {"lzip", archive_write_add_filter_lzip},
    {"compress", archive_write_add_filter_compress},
};

bool
tar_add_filter(struct archive *a, const char *filter, const char *level)
{
	int r = ARCHIVE_FATAL;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (strcmp(filters[i].name, filter) == 0)
			r = filters[i].add(a);
	if (r != ARCHIVE_OK) { /* a warning: it would run a program */
		fsu_msg("compression with %s isn't in this libarchive", filter);
		return false;
	}
	/* The same bytes at any time, on any number of cores. */
	if (strcmp(filter, "gzip") == 0)
		archive_write_set_filter_option(a, "gzip", "timestamp", NULL);
	if (strcmp(filter, "zstd") == 0)
		archive_write_set_filter_option(a, "zstd", "threads", "0");
	if (level != NULL &&
	    archive_write_set_filter_option(
		a, filter, "compression-level", level) != ARCHIVE_OK) {
		fsu_msg("%s has no compression level %s", filter,
		    fsu_visible(level));
		return false;
	}
	return true;
}

static la_ssize_t
filtered(struct archive *a, void *arg, const void *p, size_t n)
{
	struct tar_out *o = arg;
	int error = tar_write_fd(o->o_fd, p, n);

	if (error == 0)
		return (la_ssize_t)n;
	o->o_error = error;
	archive_set_error(a, error, "%s", strerror(error));
	return -1;
}

static bool
open_filter(struct tar_out *o, const char *filter, const char *level)
{
	struct archive *a = archive_write_new();
	struct archive_entry *ae = archive_entry_new();
	bool ok;

	o->o_filter = a;
	archive_write_set_format_raw(a);
	archive_write_set_bytes_per_block(a, 0);
	archive_entry_set_filetype(ae, AE_IFREG);
	ok = tar_add_filter(a, filter, level);
	if (ok &&
	    (archive_write_open(a, o, NULL, filtered, NULL) != ARCHIVE_OK ||
		archive_write_header(a, ae) != ARCHIVE_OK)) {
		fsu_msg("%s", archive_error_string(a));
		ok = false;
	}
	archive_entry_free(ae);
	return ok;
}

/* ---- the buffer ------------------------------------------------------------------ */

bool
tar_out_open(struct tar_out *o, int fd, const char *filter, const char *level)
{
	memset(o, 0, sizeof(*o));
	o->o_fd = fd;
	o->o_buf = fsu_malloc(OUT_BYTES);
	fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES); /* if it is one, and may */
	return filter == NULL || open_filter(o, filter, level);
}

static void
flush(struct tar_out *o)
{
	const char *p = o->o_buf;

	fsu_progress_bytes(o->o_used);
	while (o->o_filter != NULL && o->o_used > 0 && o->o_error == 0) {
		la_ssize_t n = archive_write_data(o->o_filter, p, o->o_used);

		if (n <= 0) {
			if (o->o_error == 0)
				o->o_error = EIO;
			break;
		}
		p += n;
		o->o_used -= (size_t)n;
	}
	if (o->o_filter == NULL && o->o_error == 0)
		o->o_error = tar_write_fd(o->o_fd, o->o_buf, o->o_used);
	o->o_used = 0;
}

char *
tar_out_room(struct tar_out *o, size_t want, size_t *roomp)
{
	if (OUT_BYTES - o->o_used < want)
		flush(o);
	*roomp = OUT_BYTES - o->o_used;
	return o->o_buf + o->o_used;
}

void
tar_out_did(struct tar_out *o, size_t n)
{
	o->o_used += n;
	o->o_total += n;
	if (o->o_used == OUT_BYTES)
		flush(o);
}

void
tar_out_mem(struct tar_out *o, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		size_t room;
		char *to = tar_out_room(o, 1, &room);

		if (room > n)
			room = n;
		memcpy(to, from, room);
		tar_out_did(o, room);
		from += room;
		n -= room;
	}
}

void
tar_out_zero(struct tar_out *o, uint64_t n)
{
	while (n > 0 && o->o_error == 0 && !fsu_interrupted()) {
		size_t room;
		char *to = tar_out_room(o, 1, &room);

		if (room > n)
			room = (size_t)n;
		memset(to, 0, room);
		tar_out_did(o, room);
		n -= room;
	}
}

void
tar_out_pad(struct tar_out *o, size_t multiple)
{
	tar_out_zero(o, (multiple - o->o_total % multiple) % multiple);
}

void
tar_out_close(struct tar_out *o)
{
	if (o->o_buf == NULL)
		return;
	flush(o);
	if (o->o_filter != NULL) {
		if (o->o_error != 0)
			archive_write_fail(o->o_filter);
		if (archive_write_close(o->o_filter) != ARCHIVE_OK &&
		    o->o_error == 0)
			o->o_error = EIO;
		archive_write_free(o->o_filter);
	}
	free(o->o_buf);
	o->o_buf = NULL;
}
