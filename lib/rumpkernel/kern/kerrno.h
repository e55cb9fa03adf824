/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's short names for the error numbers of rump_abi.h. */
#ifndef KERN_KERRNO_H
#define KERN_KERRNO_H

#include <rump/rump_abi.h>

#define EPERM	     RUMP_EPERM
#define ENOENT	     RUMP_ENOENT
#define EINTR	     RUMP_EINTR
#define EIO	     RUMP_EIO
#define ENXIO	     RUMP_ENXIO
#define E2BIG	     RUMP_E2BIG
#define EBADF	     RUMP_EBADF
#define EAGAIN	     RUMP_EAGAIN
#define ENOMEM	     RUMP_ENOMEM
#define EACCES	     RUMP_EACCES
#define EFAULT	     RUMP_EFAULT
#define EBUSY	     RUMP_EBUSY
#define EEXIST	     RUMP_EEXIST
#define EXDEV	     RUMP_EXDEV
#define ENODEV	     RUMP_ENODEV
#define ENOTDIR	     RUMP_ENOTDIR
#define EISDIR	     RUMP_EISDIR
#define EINVAL	     RUMP_EINVAL
#define ENFILE	     RUMP_ENFILE
#define EMFILE	     RUMP_EMFILE
#define ENOTTY	     RUMP_ENOTTY
#define ETXTBSY	     RUMP_ETXTBSY
#define EFBIG	     RUMP_EFBIG
#define ENOSPC	     RUMP_ENOSPC
#define ESPIPE	     RUMP_ESPIPE
#define EROFS	     RUMP_EROFS
#define EMLINK	     RUMP_EMLINK
#define EPIPE	     RUMP_EPIPE
#define EDOM	     RUMP_EDOM
#define ERANGE	     RUMP_ERANGE
#define EDEADLK	     RUMP_EDEADLK
#define ENAMETOOLONG RUMP_ENAMETOOLONG
#define ENOLCK	     RUMP_ENOLCK
#define ENOSYS	     RUMP_ENOSYS
#define ENOTEMPTY    RUMP_ENOTEMPTY
#define ELOOP	     RUMP_ELOOP
#define ENODATA	     RUMP_ENODATA
#define ETIMEDOUT    RUMP_ETIMEDOUT
#define EOVERFLOW    RUMP_EOVERFLOW
#define EILSEQ	     RUMP_EILSEQ
#define EOPNOTSUPP   RUMP_EOPNOTSUPP
#define ESTALE	     RUMP_ESTALE
#define EUCLEAN	     RUMP_EUCLEAN
#define EDQUOT	     RUMP_EDQUOT

#endif /* KERN_KERRNO_H */
