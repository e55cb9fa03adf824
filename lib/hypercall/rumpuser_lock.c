/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open-file-description locks on byte ranges (fcntl(2), F_OFD_SETLK).  They
 * belong to the description, so neither closing another descriptor of the
 * file nor another thread loses them.
 *
 * What is held is remembered, because reopening a file for writing makes a new
 * description.  Only shared locks can be held then (an exclusive one takes a
 * description that writes), and shared locks of the new description go
 * beside those of the old: nobody gets in between.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "hypercall.h"

static uint64_t
lock_end(uint64_t off, uint64_t len)
{
	return len == 0 ? UINT64_MAX : off + len;
}

static int
set_lock(int fd, uint64_t off, uint64_t len, enum rumpuser_lock kind, bool wait)
{
	static const short types[] = {
	    [RUMPUSER_LOCK_UNLOCK] = F_UNLCK,
	    [RUMPUSER_LOCK_SHARED] = F_RDLCK,
	    [RUMPUSER_LOCK_EXCL] = F_WRLCK,
	};
	struct flock fl = {
	    .l_type = types[kind],
	    .l_whence = SEEK_SET,
	    .l_start = (off_t)off,
	    .l_len = (off_t)len,
	};

	/* EINTR is the caller's: ^C must end a wait. */
	if (fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &fl) == 0)
		return 0;
	switch (errno) {
	case EACCES:
		return EAGAIN;
	case EINVAL: /* a host or a file system that doesn't know them */
	case ENOSYS:
		return EOPNOTSUPP;
	default:
		return hyper_errno();
	}
}

/*
 * Note that [off, off + len) is held as kind: what was noted of that range
 * gives way, and a lock that sticks out on either side is cut.  At most one is
 * cut in two and one is new.
 */
static int
note_lock(struct rumpuser_file *file, uint64_t off, uint64_t len,
    enum rumpuser_lock kind)
{
	uint64_t end = lock_end(off, len);
	struct hyper_lock *locks;
	unsigned int i, n = 0;

	locks = malloc((file->f_nlocks + 2) * sizeof(*locks));
	if (locks == NULL)
		return ENOMEM;
	for (i = 0; i < file->f_nlocks; i++) {
		struct hyper_lock old = file->f_locks[i];
		uint64_t oldend = lock_end(old.off, old.len);

		if (old.off >= end || oldend <= off) {
			locks[n++] = old;
			continue;
		}
		if (old.off < off)
			locks[n++] = (struct hyper_lock){
			    old.off, off - old.off, old.kind};
		if (oldend > end)
			locks[n++] = (struct hyper_lock){
			    end, old.len == 0 ? 0 : oldend - end, old.kind};
	}
	if (kind != RUMPUSER_LOCK_UNLOCK)
		locks[n++] = (struct hyper_lock){off, len, kind};
	free(file->f_locks);
	file->f_locks = locks;
	file->f_nlocks = n;
	return 0;
}

int
rumpuser_file_lock(struct rumpuser_file *file, uint64_t off, uint64_t len,
    enum rumpuser_lock kind, bool wait)
{
	int error;

	if (!hyper_range_ok(off, len))
		return EOVERFLOW;
	do {
		if (wait) {
			error = set_lock(file->f_fd, off, len, kind, true);
			if (error != 0)
				return error;
		}
		/*
		 * Once more, with the table's mutex: while we waited another
		 * thread may have reopened the file, and the lock that we got
		 * was that of a description that is gone.
		 */
		pthread_mutex_lock(&hyper_file_mtx);
		error = set_lock(file->f_fd, off, len, kind, false);
		if (error == 0) {
			error = note_lock(file, off, len, kind);
			if (error != 0)
				set_lock(file->f_fd, off, len,
				    RUMPUSER_LOCK_UNLOCK, false);
		}
		pthread_mutex_unlock(&hyper_file_mtx);
	} while (wait && error == EAGAIN);
	return error;
}

int
hyper_lock_move(struct rumpuser_file *file, int newfd)
{
	unsigned int i;
	int error;

	for (i = 0; i < file->f_nlocks; i++) {
		const struct hyper_lock *l = &file->f_locks[i];

		error = set_lock(newfd, l->off, l->len, l->kind, false);
		if (error != 0)
			return error;
	}
	return 0;
}
