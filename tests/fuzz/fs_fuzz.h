/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzz targets of file systems share.  A target is a `fuzz_fs` and, in it,
 * what only that format has: which mount options an input asks for, and where its
 * fields are.  fs_ops.c does to the image all that there is to do, fs_mutate.c
 * changes it.
 */
#ifndef FUZZ_FS_FUZZ_H
#define FUZZ_FS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_MAX_IMAGE (512u << 10)

struct fuzz_fs {
	const char *type;
	size_t min_size; /* smaller inputs aren't looked at */
	unsigned align;	 /* fields begin at multiples of it */
	bool builds;	 /* makefs builds images with it */
	/* Bytes of the device, zeros behind the input; NULL: as the input. */
	uint64_t (*device_size)(const uint8_t *data, size_t size);
	/* Mount options that the input asks for; NULL: none. */
	void (*options)(
	    const uint8_t *data, size_t size, char *text, size_t textsize);
	/* Change something at a place where the format has a field. */
	void (*mutate)(uint8_t *data, size_t size, uint32_t *rng);
};
extern const struct fuzz_fs fuzz_fs; /* the target's */

/* ---- fs_mutate.c: for mutate() --------------------------------------------- */
uint32_t fuzz_next(uint32_t *rng);
/* Below n, which isn't 0. */
uint32_t fuzz_below(uint32_t *rng, uint32_t n);
/* A number that means something to somebody: a limit, a power of two, or near one. */
uint32_t fuzz_number(uint32_t *rng);
/* What was, changed a little, a lot, or to something below limit. */
uint32_t fuzz_change(uint32_t old, uint32_t limit, uint32_t *rng);
/* Of 1, 2 or 4 bytes; 0 and nothing where that would be outside. */
uint32_t fuzz_get(
    const uint8_t *data, size_t size, size_t off, unsigned width, bool big);
void fuzz_put(uint8_t *data, size_t size, size_t off, unsigned width, bool big,
    uint32_t value);

#endif /* FUZZ_FS_FUZZ_H */
