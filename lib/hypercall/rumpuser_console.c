/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console is standard error, never standard output: what a command prints
 * is its own.  Not through stdio, whose lock another thread may hold.
 */
#include <poll.h>
#include <unistd.h>

#include "hypercall.h"

void
rumpuser_console_write(const char *buf, size_t len)
{
	int saved = errno;
	ssize_t n;

	while (len > 0) {
		n = HYPER_RETRY(write(STDERR_FILENO, buf, len));
		if (n < 0 && errno == EAGAIN) {
			struct pollfd pfd = {STDERR_FILENO, POLLOUT, 0};

			if (HYPER_RETRY(poll(&pfd, 1, -1)) == 1)
				continue;
		}
		if (n <= 0)
			break; /* nobody to tell */
		buf += n;
		len -= (size_t)n;
	}
	errno = saved;
}
