/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See scan_tap.h.  The decoder fills slots in turn and sleeps when all are full;
 * the reader keeps a slot until it asks for the next one, and sleeps when there
 * is none.  Both wake only when half of the slots are full, so that they don't
 * run in step.  A decoder that waits
 * for a pipe when nobody wants its bytes any more is left behind with all that
 * it uses: the process is about to end.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsu/fsu.h"
#include "scan_tap.h"

struct tap *
tap_new(int fd, const char *head, size_t headlen)
{
	struct tap *t = fsu_calloc(1, sizeof(*t));

	t->t_fd = fd;
	t->t_head = head;
	t->t_headlen = headlen;
	t->t_buf = fsu_malloc(TAP_BYTES);
	pthread_mutex_init(&t->t_mtx, NULL);
	pthread_cond_init(&t->t_cv, NULL);
	return t;
}

ssize_t
tap_encoded(struct archive *a, void *arg, const void **bufp)
{
	struct tap *t = arg;
	ssize_t n;

	if (t->t_headlen > 0) {
		n = (ssize_t)t->t_headlen;
		*bufp = t->t_head;
		t->t_headlen = 0;
		return n;
	}
	do
		n = read(t->t_fd, t->t_buf, TAP_BYTES);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		archive_set_error(a, errno, "%s", strerror(errno));
	*bufp = t->t_buf;
	return n;
}

/* ---- the decoder --------------------------------------------------------- */

/* A slot to fill; NULL: nobody wants it. */
static char *
free_slot(struct tap *t, unsigned *which)
{
	char *slot = NULL;

	pthread_mutex_lock(&t->t_mtx);
	if (t->t_fill - t->t_tail == TAP_SLOTS)
		while (t->t_fill - t->t_tail > TAP_SLOTS / 2 && !t->t_stop)
			pthread_cond_wait(&t->t_cv, &t->t_mtx);
	if (!t->t_stop) {
		*which = t->t_fill % TAP_SLOTS;
		slot = t->t_slot[*which];
	}
	pthread_mutex_unlock(&t->t_mtx);
	return slot;
}

static void
publish(struct tap *t, unsigned which, size_t len)
{
	pthread_mutex_lock(&t->t_mtx);
	t->t_len[which] = len;
	if (++t->t_fill - t->t_tail == TAP_SLOTS / 2)
		pthread_cond_broadcast(&t->t_cv);
	pthread_mutex_unlock(&t->t_mtx);
}

static void
finished(struct tap *t, const char *why)
{
	pthread_mutex_lock(&t->t_mtx);
	if (why != NULL)
		snprintf(t->t_error, sizeof(t->t_error), "%s", why);
	t->t_finished = true;
	pthread_cond_broadcast(&t->t_cv);
	pthread_mutex_unlock(&t->t_mtx);
}

static void *
decode(void *arg)
{
	struct tap *t = arg;
	const char *p = NULL;
	size_t left = 0;
	int r = ARCHIVE_OK;

	for (;;) {
		unsigned which = 0;
		char *slot = free_slot(t, &which);
		size_t used = 0;

		if (slot == NULL)
			break;
		while (used < TAP_BYTES) {
			size_t n;
			la_int64_t off;
			const void *block;

			if (left == 0) {
				r = archive_read_data_block(
				    t->t_filter, &block, &left, &off);
				if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
					break;
				p = block;
				continue;
			}
			n = TAP_BYTES - used < left ? TAP_BYTES - used : left;
			memcpy(slot + used, p, n);
			used += n;
			p += n;
			left -= n;
		}
		if (used > 0)
			publish(t, which, used);
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			break;
	}
	finished(t,
	    r == ARCHIVE_EOF || r == ARCHIVE_OK || r == ARCHIVE_WARN
		? NULL
		: archive_error_string(t->t_filter));
	return NULL;
}

bool
tap_start(struct tap *t)
{
	struct archive_entry *ae;
	int ret;

	t->t_filter = archive_read_new();
	archive_read_support_filter_all(t->t_filter);
	archive_read_support_format_raw(t->t_filter);
	ret = archive_read_open(t->t_filter, t, NULL, tap_encoded, NULL);
	if (ret == ARCHIVE_OK)
		ret = archive_read_next_header(t->t_filter, &ae);
	if (ret < ARCHIVE_WARN || ret == ARCHIVE_EOF) {
		snprintf(t->t_error, sizeof(t->t_error), "%s",
		    ret == ARCHIVE_EOF ? "is empty"
				       : archive_error_string(t->t_filter));
		return false;
	}
	for (unsigned i = 0; i < TAP_SLOTS; i++)
		t->t_slot[i] = fsu_malloc(TAP_BYTES);
	t->t_started = pthread_create(&t->t_thread, NULL, decode, t) == 0;
	if (!t->t_started)
		snprintf(
		    t->t_error, sizeof(t->t_error), "cannot start a thread");
	return t->t_started;
}

/* ---- the reader ------------------------------------------------------------ */

ssize_t
tap_next(struct tap *t, const void **bufp)
{
	ssize_t n = 0;

	pthread_mutex_lock(&t->t_mtx);
	if (t->t_held) {
		t->t_held = false;
		if (t->t_fill - ++t->t_tail == TAP_SLOTS / 2)
			pthread_cond_broadcast(&t->t_cv);
	}
	if (t->t_tail == t->t_fill)
		while (t->t_fill - t->t_tail < TAP_SLOTS / 2 && !t->t_finished)
			pthread_cond_wait(&t->t_cv, &t->t_mtx);
	if (t->t_tail != t->t_fill) {
		*bufp = t->t_slot[t->t_tail % TAP_SLOTS];
		n = (ssize_t)t->t_len[t->t_tail % TAP_SLOTS];
		t->t_held = true;
	} else if (t->t_error[0] != '\0')
		n = -1;
	pthread_mutex_unlock(&t->t_mtx);
	if (n > 0)
		t->t_total += (uint64_t)n;
	return n;
}

void
tap_drain(struct tap *t)
{
	const void *p;

	if (t->t_started)
		while (tap_next(t, &p) > 0)
			continue;
}

void
tap_free(struct tap *t)
{
	bool finished_too;

	pthread_mutex_lock(&t->t_mtx);
	t->t_stop = true;
	finished_too = t->t_finished || !t->t_started;
	pthread_cond_broadcast(&t->t_cv);
	pthread_mutex_unlock(&t->t_mtx);
	if (!finished_too) {
		pthread_detach(t->t_thread);
		return; /* it may wait for a pipe for ever */
	}
	if (t->t_started)
		pthread_join(t->t_thread, NULL);
	if (t->t_filter != NULL)
		archive_read_free(t->t_filter);
	for (unsigned i = 0; i < TAP_SLOTS; i++)
		free(t->t_slot[i]);
	free(t->t_buf);
	pthread_mutex_destroy(&t->t_mtx);
	pthread_cond_destroy(&t->t_cv);
	free(t);
}
