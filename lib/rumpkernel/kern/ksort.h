/* SPDX-License-Identifier: BSD-2-Clause */
/* Sorting arrays of pointers in place, O(n log n) always, without recursion. */
#ifndef KERN_KSORT_H
#define KERN_KSORT_H

#include "kern/kdefs.h"

/* before(a, b): a belongs in front of b. */
void ksort_ptrs(void **v, size_t n, bool (*before)(const void *, const void *));

#endif /* KERN_KSORT_H */
