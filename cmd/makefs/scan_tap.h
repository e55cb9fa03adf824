/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decoded bytes of an archive, between libarchive's filters and its formats.
 * A thread of its own decodes, a ring of buffers ahead.
 */
#ifndef MAKEFS_SCAN_TAP_H
#define MAKEFS_SCAN_TAP_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct archive;

#define TAP_BYTES 262144u
#define TAP_SLOTS 16u

struct tap {
	int t_fd;
	const char *t_head; /* bytes of it that were read already */
	size_t t_headlen;
	char *t_buf;		  /* encoded bytes */
	struct archive *t_filter; /* raw: filters only; NULL: none */
	uint64_t t_total;	  /* decoded bytes handed on */

	/* under t_mtx: slots [t_tail, t_head_slot) are full */
	pthread_mutex_t t_mtx;
	pthread_cond_t t_cv;
	pthread_t t_thread;
	bool t_started, t_finished, t_stop, t_held;
	unsigned t_tail, t_fill;
	char *t_slot[TAP_SLOTS];
	size_t t_len[TAP_SLOTS];
	char t_error[200]; /* after t_finished: why it ended early */
};

struct tap *tap_new(int fd, const char *head, size_t headlen);
/* Open the filters and start decoding.  false: t_error. */
bool tap_start(struct tap *t);
/* The next decoded bytes; 0: the end; -1: t_error. */
ssize_t tap_next(struct tap *t, const void **bufp);
/* Read and forget what is left: a writer that still writes isn't cut off. */
void tap_drain(struct tap *t);
/* The next encoded bytes, as an archive's read callback. */
ssize_t tap_encoded(struct archive *a, void *arg, const void **bufp);
void tap_free(struct tap *t);

#endif /* MAKEFS_SCAN_TAP_H */
