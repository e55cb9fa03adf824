/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uio: moves bytes between the kernel's memory and the vectors of a transfer.
 *
 * Invariants: uio_resid is the sum of what the vectors still have; uio_iov and
 * uio_iovoff name the next byte; empty vectors are passed over.  The vectors
 * themselves are never changed, so that they may be the caller's own.
 */
#include "vfs/uio.h"

void
uio_init(struct uio *uio, const struct rumpuser_iov *iov, int iovcnt,
    uint64_t off, enum uio_rw rw)
{
	uint64_t resid = 0;

	for (int i = 0; i < iovcnt; i++)
		resid += iov[i].iov_len;
	uio->uio_iov = iov;
	uio->uio_iovcnt = iovcnt;
	uio->uio_iovoff = 0;
	uio->uio_offset = off;
	uio->uio_resid = resid;
	uio->uio_rw = rw;
}

/* The next contiguous piece, at most n bytes; NULL where none is left. */
static char *
uio_piece(struct uio *uio, size_t n, size_t *lenp)
{
	while (
	    uio->uio_iovcnt > 0 && uio->uio_iovoff == uio->uio_iov->iov_len) {
		uio->uio_iov++;
		uio->uio_iovcnt--;
		uio->uio_iovoff = 0;
	}
	if (uio->uio_iovcnt == 0)
		return NULL;
	*lenp = kmin(n, uio->uio_iov->iov_len - uio->uio_iovoff);
	return (char *)uio->uio_iov->iov_base + uio->uio_iovoff;
}

static void
uio_eat(struct uio *uio, size_t n)
{
	uio->uio_iovoff += n;
	uio->uio_offset += n;
	uio->uio_resid -= n;
}

int
uiomove(void *buf, size_t n, struct uio *uio)
{
	char *kp = buf, *up;
	size_t len;
	int error;

	n = kmin(n, uio->uio_resid);
	while (n > 0) {
		up = uio_piece(uio, n, &len);
		if (up == NULL)
			return EFAULT;
		error = uio->uio_rw == UIO_READ ? copyout(kp, up, len)
						: copyin(up, kp, len);
		if (error != 0)
			return error;
		uio_eat(uio, len);
		kp += len;
		n -= len;
	}
	return 0;
}

int
uiomove_zero(size_t n, struct uio *uio)
{
	size_t len;
	char *up;

	n = kmin(n, uio->uio_resid);
	while (n > 0) {
		up = uio_piece(uio, n, &len);
		if (up == NULL || uio->uio_iov->iov_base == NULL)
			return EFAULT;
		memset(up, 0, len);
		uio_eat(uio, len);
		n -= len;
	}
	return 0;
}

size_t
uio_peek(const struct uio *uio, size_t n, struct rumpuser_iov *iov, int max,
    int *cntp)
{
	size_t left = kmin(n, uio->uio_resid), got = 0, skip = uio->uio_iovoff;
	int cnt = 0;

	for (int i = 0; i < uio->uio_iovcnt && left > 0 && cnt < max; i++) {
		size_t len = kmin(uio->uio_iov[i].iov_len - skip, left);

		if (len > 0) {
			iov[cnt].iov_base = (char *)uio->uio_iov[i].iov_base +
			    skip;
			iov[cnt].iov_len = len;
			cnt++;
			got += len;
			left -= len;
		}
		skip = 0;
	}
	*cntp = cnt;
	return got;
}

void
uio_advance(struct uio *uio, size_t n)
{
	size_t len;

	n = kmin(n, uio->uio_resid);
	while (n > 0 && uio_piece(uio, n, &len) != NULL) {
		uio_eat(uio, len);
		n -= len;
	}
}

int
copyinstr(const char *uaddr, char *kaddr, size_t size, size_t *lenp)
{
	size_t len;

	if (uaddr == NULL)
		return EFAULT;
	len = kstrnlen(uaddr, size);
	if (len == size)
		return ENAMETOOLONG;
	memcpy(kaddr, uaddr, len);
	kaddr[len] = '\0';
	if (lenp != NULL)
		*lenp = len;
	return 0;
}
