/* SPDX-License-Identifier: BSD-2-Clause */
/* What a name is in a file system: length, encoding, equality. */
#ifndef VFS_NAMESPEC_H
#define VFS_NAMESPEC_H

#include "kern/kdefs.h"

enum name_encoding {
	NAME_BYTES,
	NAME_UTF8,
	NAME_UTF16,
	NAME_CODEPAGE,
};
struct namespec {
	enum name_encoding ns_encoding;
	uint32_t ns_maxlen; /* in the encoding's units */
	/* Of the folded name: equal names have equal hashes. */
	uint32_t (*ns_hash)(const char *name, size_t len);
	bool (*ns_equal)(
	    const char *a, size_t alen, const char *b, size_t blen);
	/* May a node be created under it?  0, EINVAL, ENAMETOOLONG, EILSEQ. */
	int (*ns_valid)(const char *name, size_t len);
};
/* Any bytes but NUL and slash, 255 at most. */
extern const struct namespec namespec_bytes;
/* Its functions, for other formats whose names are bytes. */
uint32_t name_hash_bytes(const char *name, size_t len);
bool name_equal_bytes(const char *a, size_t alen, const char *b, size_t blen);
int name_valid_bytes(const char *name, size_t len);

#endif /* VFS_NAMESPEC_H */
