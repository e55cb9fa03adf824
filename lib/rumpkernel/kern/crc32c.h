/* SPDX-License-Identifier: BSD-2-Clause */
/* CRC-32C (Castagnoli, RFC 3720 B.4), by the processor's instruction where
 * there is one.  No inversion before or after: the caller's business. */
#ifndef KERN_CRC32C_H
#define KERN_CRC32C_H

#include "kern/kdefs.h"

uint32_t crc32c(uint32_t crc, const void *buf, size_t len);
/* The same without the instruction; the tests compare the two. */
uint32_t crc32c_soft(uint32_t crc, const void *buf, size_t len);

#endif /* KERN_CRC32C_H */
