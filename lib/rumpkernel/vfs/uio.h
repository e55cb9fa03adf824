/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uio: where a transfer's bytes come from or go to, and copyin/copyout.  A local
 * client's memory is ours too, so these are inline moves; the boundary is kept so
 * that a client elsewhere stays possible.
 */
#ifndef VFS_UIO_H
#define VFS_UIO_H

#include <rump/rumpuser.h>

#include "kern/kdefs.h"
#include "kern/kstring.h"

enum uio_rw {
	UIO_READ,  /* kernel to user */
	UIO_WRITE, /* user to kernel */
};
struct uio {
	const struct rumpuser_iov *uio_iov; /* advanced as bytes move */
	int uio_iovcnt;
	size_t uio_iovoff;   /* consumed of the first */
	uint64_t uio_offset; /* in the file */
	uint64_t uio_resid;  /* bytes still to move */
	enum uio_rw uio_rw;
};
void uio_init(struct uio *uio, const struct rumpuser_iov *iov, int iovcnt,
    uint64_t off, enum uio_rw rw);
/* Move n (at most resid) bytes between buf and uio; advances offset. */
int uiomove(void *buf, size_t n, struct uio *uio);
int uiomove_zero(size_t n, struct uio *uio); /* UIO_READ: zeros to the user */
/* The next n bytes (at most resid) as at most max vectors; returns how many
 * bytes they cover.  Nothing is advanced: uio_advance() does. */
size_t uio_peek(const struct uio *uio, size_t n, struct rumpuser_iov *iov,
    int max, int *cntp);
void uio_advance(struct uio *uio, size_t n);

static inline int
copyin(const void *uaddr, void *kaddr, size_t n)
{
	if (unlikely(uaddr == NULL))
		return EFAULT;
	memcpy(kaddr, uaddr, n);
	return 0;
}
static inline int
copyout(const void *kaddr, void *uaddr, size_t n)
{
	if (unlikely(uaddr == NULL))
		return EFAULT;
	memcpy(uaddr, kaddr, n);
	return 0;
}
/* ENAMETOOLONG where there is no NUL within size.  *lenp counts without it. */
int copyinstr(const char *uaddr, char *kaddr, size_t size, size_t *lenp);

#endif /* VFS_UIO_H */
