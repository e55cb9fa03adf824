/* SPDX-License-Identifier: BSD-2-Clause */
/* ACLs of archives. */
#ifndef MAKEFS_SCAN_ACL_H
#define MAKEFS_SCAN_ACL_H

#include "makefs.h"

struct archive_entry;

/*
 * Add an entry's POSIX ACLs as the attributes that Linux keeps them in.  With a
 * mask, the mode's group bits are the mask's (libarchive gives the group's).
 */
void scan_acl(struct scan *sc, const char *archive, struct archive_entry *ae,
    struct xbuild *xb, uint16_t *mode);

#endif /* MAKEFS_SCAN_ACL_H */
