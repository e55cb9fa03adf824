/* SPDX-License-Identifier: BSD-2-Clause */
/* A place in an array of vectors: what layers slice and copy requests with. */
#ifndef DEV_IOVCUR_H
#define DEV_IOVCUR_H

#include <rump/rumpuser.h>

#include "kern/kdefs.h"

struct iovcur {
	const struct rumpuser_iov *ic_iov;
	int ic_cnt;
	size_t ic_off; /* used of the first */
};

static inline void
iovcur_init(struct iovcur *ic, const struct rumpuser_iov *iov, int cnt)
{
	ic->ic_iov = iov;
	ic->ic_cnt = cnt;
	ic->ic_off = 0;
}
/* All of these move on by what they return or were told; len beyond the end is
 * cut. */
/* The next len bytes as at most max vectors; returns the bytes covered. */
uint64_t iovcur_take(struct iovcur *ic, uint64_t len, struct rumpuser_iov *out,
    int max, int *cntp);
void iovcur_fill(struct iovcur *ic, const void *src, uint64_t len);
void iovcur_drain(struct iovcur *ic, void *dst, uint64_t len);
void iovcur_zero(struct iovcur *ic, uint64_t len);
void iovcur_skip(struct iovcur *ic, uint64_t len);
/* Bytes in all of iov; UINT64_MAX where that overflows. */
uint64_t iov_total(const struct rumpuser_iov *iov, int cnt);

#endif /* DEV_IOVCUR_H */
