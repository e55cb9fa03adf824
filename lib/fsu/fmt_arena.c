/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for one listing: handed out from chunks that double in size, given back
 * all at once.  A listing that is larger than any before costs a few mallocs, the
 * next one none.  Allocations are aligned to 8 bytes and aren't zeroed.
 */
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

#define ARENA_FIRST 16384

struct fsu_arena_chunk {
	struct fsu_arena_chunk *next;
	size_t size;
	uint64_t data[];
};

void *
fsu_arena_alloc(struct fsu_arena *a, size_t size)
{
	struct fsu_arena_chunk *c = a->chunks;
	void *p;

	size = (size + 7) & ~(size_t)7;
	if (c == NULL || size > c->size - a->used) {
		size_t want = c != NULL ? c->size * 2 : ARENA_FIRST;

		while (want < size)
			want *= 2;
		c = fsu_malloc(sizeof(*c) + want);
		c->next = a->chunks;
		c->size = want;
		a->chunks = c;
		a->used = 0;
	}
	p = (char *)c->data + a->used;
	a->used += size;
	return p;
}

char *
fsu_arena_strndup(struct fsu_arena *a, const char *s, size_t len)
{
	char *p = fsu_arena_alloc(a, len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

static void
free_chunks(struct fsu_arena_chunk *c)
{
	while (c != NULL) {
		struct fsu_arena_chunk *next = c->next;

		free(c);
		c = next;
	}
}

void
fsu_arena_reset(struct fsu_arena *a)
{
	if (a->chunks != NULL) {
		free_chunks(a->chunks->next);
		a->chunks->next = NULL;
	}
	a->used = 0;
}

void
fsu_arena_free(struct fsu_arena *a)
{
	free_chunks(a->chunks);
	a->chunks = NULL;
	a->used = 0;
}
