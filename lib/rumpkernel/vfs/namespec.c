/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plainest namespec: a name is any bytes but NUL and slash, compared byte by
 * byte.  Others live with the drivers that need them.
 */
#include "vfs/namespec.h"
#include "kern/kstring.h"

/* Eight bytes a step, multiply and fold: short names cost a few ns. */
uint32_t
name_hash_bytes(const char *name, size_t len)
{
	uint64_t h = 0x9e3779b97f4a7c15u ^ len, w;

	while (len >= 8) {
		memcpy(&w, name, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
		name += 8;
		len -= 8;
	}
	w = 0;
	for (size_t i = 0; i < len; i++)
		w = w << 8 | (uint8_t)name[i];
	h = (h ^ w) * 0xc4ceb9fe1a85ec53u;
	h ^= h >> 29;
	h *= 0xff51afd7ed558ccdu;
	return (uint32_t)(h >> 32);
}

bool
name_equal_bytes(const char *a, size_t alen, const char *b, size_t blen)
{
	return alen == blen && memcmp(a, b, alen) == 0;
}

int
name_valid_bytes(const char *name, size_t len)
{
	if (len == 0 || (len == 1 && name[0] == '.') ||
	    (len == 2 && name[0] == '.' && name[1] == '.'))
		return EINVAL;
	if (len > RUMP_NAME_MAX)
		return ENAMETOOLONG;
	for (size_t i = 0; i < len; i++)
		if (name[i] == '/' || name[i] == '\0')
			return EINVAL;
	return 0;
}

const struct namespec namespec_bytes = {
    .ns_encoding = NAME_BYTES,
    .ns_maxlen = RUMP_NAME_MAX,
    .ns_hash = name_hash_bytes,
    .ns_equal = name_equal_bytes,
    .ns_valid = name_valid_bytes,
};
