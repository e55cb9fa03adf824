/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A 256-bit digest for telling manifests apart: fast, the same on every
 * machine, not for secrets.
 */
#ifndef MAKEFS_DIGEST_H
#define MAKEFS_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct digest {
	uint64_t d_lane[4];
	uint64_t d_bytes;
	uint8_t d_buf[32];
	unsigned d_used;
};
void digest_init(struct digest *d);
void digest_add(struct digest *d, const void *p, size_t len);
/* An integer, whatever the host's order of bytes. */
void digest_u64(struct digest *d, uint64_t v);
void digest_end(struct digest *d, uint8_t out[32]);

#endif /* MAKEFS_DIGEST_H */
