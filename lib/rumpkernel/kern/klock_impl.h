/* SPDX-License-Identifier: BSD-2-Clause */
/* What the lock classes share: the queue of waiters and the rank checks. */
#ifndef KERN_KLOCK_IMPL_H
#define KERN_KLOCK_IMPL_H

#include "kern/klwp.h"

void lwpq_append(struct lwpq *q, struct lwp *l);
struct lwp *lwpq_pop(struct lwpq *q);		 /* NULL: empty */
bool lwpq_remove(struct lwpq *q, struct lwp *l); /* false: wasn't there */

/* Debug builds: panic where taking rank breaks the order; note it; forget it. */
void rank_check(struct lwp *l, int16_t rank, const char *name);
void rank_push(struct lwp *l, int16_t rank, const char *name);
void rank_pop(struct lwp *l, int16_t rank, const char *name);

#endif /* KERN_KLOCK_IMPL_H */
