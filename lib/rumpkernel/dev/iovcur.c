/* SPDX-License-Identifier: BSD-2-Clause */
/* Slicing and copying vectors: see iovcur.h. */
#include "dev/iovcur.h"
#include "kern/kstring.h"

/* The next piece of at most len bytes; 0 at the end.  Moves on. */
static size_t
next_piece(struct iovcur *ic, uint64_t len, uint8_t **basep)
{
	size_t n;

	while (ic->ic_cnt > 0 && ic->ic_off == ic->ic_iov->iov_len) {
		ic->ic_iov++;
		ic->ic_cnt--;
		ic->ic_off = 0;
	}
	if (ic->ic_cnt == 0)
		return 0;
	n = (size_t)kmin(len, ic->ic_iov->iov_len - ic->ic_off);
	*basep = (uint8_t *)ic->ic_iov->iov_base + ic->ic_off;
	ic->ic_off += n;
	return n;
}

uint64_t
iovcur_take(struct iovcur *ic, uint64_t len, struct rumpuser_iov *out, int max,
    int *cntp)
{
	uint64_t done = 0;
	uint8_t *base;
	size_t n;
	int cnt = 0;

	while (done < len && cnt < max &&
	    (n = next_piece(ic, len - done, &base)) > 0) {
		out[cnt].iov_base = base;
		out[cnt].iov_len = n;
		cnt++;
		done += n;
	}
	*cntp = cnt;
	return done;
}

void
iovcur_fill(struct iovcur *ic, const void *src, uint64_t len)
{
	const uint8_t *from = src;
	uint8_t *base;
	size_t n;

	for (; len > 0 && (n = next_piece(ic, len, &base)) > 0; len -= n) {
		memcpy(base, from, n);
		from += n;
	}
}

void
iovcur_drain(struct iovcur *ic, void *dst, uint64_t len)
{
	uint8_t *to = dst, *base;
	size_t n;

	for (; len > 0 && (n = next_piece(ic, len, &base)) > 0; len -= n) {
		memcpy(to, base, n);
		to += n;
	}
}

void
iovcur_zero(struct iovcur *ic, uint64_t len)
{
	uint8_t *base;
	size_t n;

	for (; len > 0 && (n = next_piece(ic, len, &base)) > 0; len -= n)
		memset(base, 0, n);
}

void
iovcur_skip(struct iovcur *ic, uint64_t len)
{
	uint8_t *base;
	size_t n;

	for (; len > 0 && (n = next_piece(ic, len, &base)) > 0; len -= n)
		;
}

uint64_t
iov_total(const struct rumpuser_iov *iov, int cnt)
{
	uint64_t sum = 0;

	for (int i = 0; i < cnt; i++)
		if (add_overflow(sum, iov[i].iov_len, &sum))
			return UINT64_MAX;
	return sum;
}
