/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intrusive doubly linked lists: one head type, one link type.  A link that is
 * on no list points to itself, so that removing twice is harmless and
 * list_linked() can be asked.
 */
#ifndef KERN_KLIST_H
#define KERN_KLIST_H

#include "kern/kdefs.h"

struct klink {
	struct klink *kl_next, *kl_prev;
};
struct klist {
	struct klink kl_head;
};

static inline void
klink_init(struct klink *l)
{
	l->kl_next = l->kl_prev = l;
}
static inline bool
klink_linked(const struct klink *l)
{
	return l->kl_next != l;
}
static inline void
klist_init(struct klist *h)
{
	klink_init(&h->kl_head);
}
static inline bool
klist_empty(const struct klist *h)
{
	return h->kl_head.kl_next == &h->kl_head;
}
static inline void
klink_insert_after(struct klink *where, struct klink *l)
{
	l->kl_prev = where;
	l->kl_next = where->kl_next;
	where->kl_next->kl_prev = l;
	where->kl_next = l;
}
static inline void
klist_insert_head(struct klist *h, struct klink *l)
{
	klink_insert_after(&h->kl_head, l);
}
static inline void
klist_insert_tail(struct klist *h, struct klink *l)
{
	klink_insert_after(h->kl_head.kl_prev, l);
}
static inline void
klink_remove(struct klink *l)
{
	l->kl_prev->kl_next = l->kl_next;
	l->kl_next->kl_prev = l->kl_prev;
	klink_init(l);
}
static inline struct klink *
klist_first(const struct klist *h)
{
	return klist_empty(h) ? NULL : h->kl_head.kl_next;
}
static inline struct klink *
klist_last(const struct klist *h)
{
	return klist_empty(h) ? NULL : h->kl_head.kl_prev;
}
static inline struct klink *
klist_next(const struct klist *h, const struct klink *l)
{
	return l->kl_next == &h->kl_head ? NULL : l->kl_next;
}

/* for (l = first; l; l = next); the loop may not remove l itself */
#define KLIST_FOREACH(l, h) \
	for ((l) = klist_first(h); (l) != NULL; (l) = klist_next((h), (l)))
#define klink_entry(l, type, member) container_of(l, type, member)

#endif /* KERN_KLIST_H */
