/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory, process exit and the version handshake.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "hypercall.h"

int
rumpuser_init(int version)
{
	return version == RUMPUSER_VERSION ? 0 : EINVAL;
}

int
rumpuser_malloc(size_t size, size_t align, void **memp)
{
	if (align <= _Alignof(max_align_t)) {
		*memp = malloc(size != 0 ? size : 1);
		return *memp != NULL ? 0 : ENOMEM;
	}
	return posix_memalign(memp, align, size != 0 ? size : 1);
}

void
rumpuser_free(void *mem, size_t size)
{
	(void)size;
	free(mem);
}

int
rumpuser_anonmmap(size_t size, void **memp)
{
	void *mem;

	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return hyper_errno();
	*memp = mem;
	return 0;
}

void
rumpuser_unmap(void *mem, size_t size)
{
	if (mem != NULL)
		munmap(mem, size);
}

void
rumpuser_exit(int status)
{
	if (status == RUMPUSER_PANIC)
		abort();
	exit(status);
}

void
rumpuser_seterrno(int error)
{
	errno = error;
}
