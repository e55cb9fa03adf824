/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside fsu_sum: algorithms, options, and checking of lists.
 */
#ifndef FSU_SUM_H
#define FSU_SUM_H

#include "fsu/fmt.h"
#include "fsu/fsu.h"

/* ---- algorithms (sum_hash.c) ------------------------------------------------ */

struct nettle_hash;

struct sum_algorithm {
	const char *name, *tag;		  /* "sha256", "SHA256" */
	const struct nettle_hash *nettle; /* NULL: crc, or blake2b */
	size_t bytes;			  /* of the digest */
};
#define SUM_NALGORITHMS 7
extern const struct sum_algorithm fsu_sum_algorithms[SUM_NALGORITHMS];
#define SUM_DIGEST_MAX 64

/* NULL: there is none such. */
const struct sum_algorithm *fsu_sum_by_name(const char *name);
const struct sum_algorithm *fsu_sum_by_tag(const char *tag, size_t len);
const struct sum_algorithm *fsu_sum_by_length(size_t hexdigits);

/* One computation; no memory of its own. */
struct sum_context {
	const struct sum_algorithm *alg;
	uint32_t crc;
	uint64_t length;
	_Alignas(16) uint8_t state[512];
};
void fsu_sum_begin(struct sum_context *c, const struct sum_algorithm *alg);
void fsu_sum_update(struct sum_context *c, const void *data, size_t len);
/* alg->bytes of digest; crc: four, the highest first. */
void fsu_sum_end(struct sum_context *c, uint8_t *digest);
void fsu_sum_hex(char *out, const uint8_t *digest, size_t bytes);

/* ---- the command (fsu_sum.c) --------------------------------------------------- */

struct sum_list {
	int fd; /* -1: error */
	int error;
};

struct sum_state {
	const struct sum_algorithm *alg; /* NULL: sha256, or what a list says */
	bool recursive, binary, text, tag, zero, check;
	bool quiet, status, strict, warn, ignore_missing;
	struct fsu *f;
	struct sum_list *lists; /* -c: by operand, opened before the image */
	size_t nlists;
	uint8_t *buf;
};

#define SUM_BUF_BYTES (128u << 10)
/* Digest of an open file of this size; 0 or minus an error number. */
int fsu_sum_fd(struct sum_state *s, const struct sum_algorithm *alg, int fd,
    uint64_t size, uint8_t *digest, uint64_t *lengthp);
/* name with newlines, returns and backslashes escaped, and whether it has any. */
bool fsu_sum_escapes(const char *name);
void fsu_sum_put_name(const char *name, bool escape);

/* ---- -c (sum_check.c) -------------------------------------------------------------- */

/* name: of the list, as messages say it.  Takes fp.  A status. */
int fsu_sum_check(struct sum_state *s, const char *name, FILE *fp);

#endif /* FSU_SUM_H */
