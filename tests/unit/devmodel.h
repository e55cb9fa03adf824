/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random requests on a block device and on an array of bytes: they must always
 * agree.  Seeded; also a log of what reaches the layer below (through the fault
 * layer).
 */
#ifndef TESTS_UNIT_DEVMODEL_H
#define TESTS_UNIT_DEVMODEL_H

#include "unit/tap.h"

#include "dev/blkdev.h"

static __thread uint64_t rnd_state = 1;

static inline uint64_t
rnd(uint64_t below)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return (rnd_state * UINT64_C(0x2545f4914f6cdd1d) >> 11) % below;
}

static inline void
rnd_fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rnd(256);
}

struct model {
	struct blkdev *dev;
	uint8_t *mem, *tmp;
	uint64_t size;
};

static inline void
model_init(struct model *m, struct blkdev *dev)
{
	m->dev = dev;
	m->size = dev->bd_size;
	m->mem = calloc(1, m->size);
	m->tmp = malloc(m->size);
}

static inline void
model_done(struct model *m)
{
	free(m->mem);
	free(m->tmp);
}

/* Does the device hold what the model does? */
static inline bool
model_agrees(struct model *m, struct blkdev *dev)
{
	return blkdev_read(dev, m->tmp, 0, m->size, 0) == 0 &&
	    memcmp(m->tmp, m->mem, m->size) == 0;
}

/* One to three vectors over tmp. */
static inline int
split(uint8_t *base, uint64_t len, struct rumpuser_iov *iov)
{
	uint64_t a = rnd(len + 1), b = a + rnd(len - a + 1);

	if (rnd(2) == 0) {
		iov[0] = (struct rumpuser_iov){base, len};
		return 1;
	}
	iov[0] = (struct rumpuser_iov){base, a};
	iov[1] = (struct rumpuser_iov){base + a, b - a};
	iov[2] = (struct rumpuser_iov){base + b, len - b};
	return 3;
}

/* One random request on both.  False: they differ, or it failed. */
static inline bool
model_step(struct model *m, uint64_t maxlen)
{
	uint64_t len = 1 + rnd(maxlen < m->size ? maxlen : m->size);
	uint64_t off = rnd(m->size - len + 1);
	struct rumpuser_iov iov[3];
	int cnt;

	if (rnd(3) == 0) { /* on blocks */
		off &= ~UINT64_C(4095);
		len = (len + 4095) & ~UINT64_C(4095);
		if (off + len > m->size)
			len = m->size - off;
	}
	cnt = split(m->tmp, len, iov);
	switch (rnd(8)) {
	case 0:
	case 1:
	case 2:
		rnd_fill(m->tmp, len);
		memcpy(m->mem + off, m->tmp, len);
		return blkdev_writev(m->dev, iov, cnt, off, len, 0) == 0;
	case 3:
		memset(m->mem + off, 0, len);
		return blkdev_zero(m->dev, off, len) == 0;
	default:
		return blkdev_readv(m->dev, iov, cnt, off, len, 0) == 0 &&
		    memcmp(m->tmp, m->mem + off, len) == 0;
	}
}

static inline bool
model_run(struct model *m, unsigned steps, uint64_t maxlen)
{
	for (unsigned i = 0; i < steps; i++)
		if (!model_step(m, maxlen)) {
			diag("step %u", i);
			return false;
		}
	return model_agrees(m, m->dev);
}

/* ---- what reached the device below -------------------------------------------- */

struct logged {
	bool flush;
	uint64_t off, len;
	uint32_t sum; /* of the bytes */
};
struct devlog {
	struct logged *e;
	unsigned n, room;
};

static inline uint32_t
bytes_sum(const uint8_t *p, uint64_t n)
{
	uint32_t h = 2166136261u;

	while (n-- > 0)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static inline void
devlog_add(void *arg, bool flush, uint64_t off, const void *data, uint64_t len)
{
	struct devlog *lg = arg;

	if (lg->n == lg->room) {
		lg->room = lg->room * 2 + 64;
		lg->e = realloc(lg->e, lg->room * sizeof(*lg->e));
	}
	lg->e[lg->n++] = (struct logged){
	    flush, off, len, flush ? 0 : bytes_sum(data, len)};
}

/* Are the writes from i on, up to the next flush, ascending and apart, with no
 * two of them neighbours that could have been one (shorter than max)? */
static inline bool
devlog_sorted(const struct devlog *lg, unsigned i, uint64_t max)
{
	for (; i + 1 < lg->n && !lg->e[i].flush && !lg->e[i + 1].flush; i++) {
		uint64_t end = lg->e[i].off + lg->e[i].len;

		if (lg->e[i + 1].off < end)
			return false;
		if (lg->e[i + 1].off == end &&
		    lg->e[i].len + lg->e[i + 1].len <= max)
			return false;
	}
	return true;
}

#endif /* TESTS_UNIT_DEVMODEL_H */
