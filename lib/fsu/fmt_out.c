/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A buffered output of 64 KiB.  Write errors are kept and reported once, at the
 * end; after one, output is dropped.  Invariant: len <= sizeof(buf).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fsu/fmt.h"
#include "fsu/fsu_impl.h"

struct fsu_out fsu_stdout = {.fd = STDOUT_FILENO};

static void
write_all(struct fsu_out *o, const char *s, size_t len)
{
	while (len != 0 && o->error == 0) {
		ssize_t n = write(o->fd, s, len);

		if (n < 0) {
			if (errno != EINTR)
				o->error = errno;
			continue;
		}
		s += n;
		len -= (size_t)n;
	}
}

void
fsu_out_flush(struct fsu_out *o)
{
	write_all(o, o->buf, o->len);
	o->flushed += o->len;
	o->len = 0;
}

/* What doesn't fit the room that is left. */
void
fsu_out_slow(struct fsu_out *o, const char *s, size_t len)
{
	fsu_out_flush(o);
	if (len >= sizeof(o->buf)) {
		write_all(o, s, len);
		o->flushed += len;
		return;
	}
	memcpy(o->buf, s, len);
	o->len = len;
}

void
fsu_out_pad(struct fsu_out *o, char c, size_t n)
{
	while (n != 0) {
		size_t room = sizeof(o->buf) - o->len;
		size_t part = n < room ? n : room;

		memset(o->buf + o->len, c, part);
		o->len += part;
		n -= part;
		if (n != 0)
			fsu_out_flush(o);
	}
}

char *
fsu_u64_end(char *end, uint64_t v)
{
	do {
		*--end = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	return end;
}

unsigned
fsu_u64_width(uint64_t v)
{
	unsigned n = 1;

	while (v >= 10) {
		v /= 10;
		n++;
	}
	return n;
}

void
fsu_out_u64(struct fsu_out *o, uint64_t v)
{
	char buf[FSU_U64_CHARS], *end = buf + sizeof(buf);
	char *p = fsu_u64_end(end, v);

	fsu_out_mem(o, p, (size_t)(end - p));
}

int
fsu_out_finish(struct fsu_out *o)
{
	int error;

	fsu_out_flush(o);
	error = o->error;
	o->error = 0;
	if (error == 0)
		return FSU_OK;
	if (error == EPIPE) {
		fsu_stdout_is_gone();
		return FSU_OK;
	}
	fsu_msg("standard output: %s", fsu_strerror(error));
	return FSU_FAIL;
}
