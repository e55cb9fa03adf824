/* SPDX-License-Identifier: BSD-2-Clause */
/* Heap sort: no extra memory, and no input makes it slow. */
#include "kern/ksort.h"

static void
sift_down(
    void **v, size_t root, size_t n, bool (*before)(const void *, const void *))
{
	void *moving = v[root];
	size_t child;

	while ((child = 2 * root + 1) < n) {
		if (child + 1 < n && before(v[child], v[child + 1]))
			child++;
		if (!before(moving, v[child]))
			break;
		v[root] = v[child];
		root = child;
	}
	v[root] = moving;
}

void
ksort_ptrs(void **v, size_t n, bool (*before)(const void *, const void *))
{
	size_t i;
	void *last;

	/* What comes in order already, as most does, costs one pass. */
	for (i = 1; i < n && !before(v[i], v[i - 1]); i++)
		;
	if (i >= n)
		return;
	for (i = n / 2; i-- > 0;)
		sift_down(v, i, n, before);
	for (i = n - 1; i > 0; i--) {
		last = v[i];
		v[i] = v[0];
		v[0] = last;
		sift_down(v, 0, i, before);
	}
}
