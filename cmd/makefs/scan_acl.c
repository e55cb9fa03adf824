/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX ACLs out of archives, as the values of system.posix_acl_access and
 * system.posix_acl_default: version 2, then (tag, permissions, id) of 2, 2 and 4
 * bytes, little-endian, sorted by tag and id.
 */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "fsu/fsu.h"
#include "scan_acl.h"

#define ACL_VERSION 2u
#define ACL_NOID    UINT32_MAX
#define TAG_MASK    0x10

struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

static int
tag_of(int la_tag)
{
	switch (la_tag) {
	case ARCHIVE_ENTRY_ACL_USER_OBJ:
		return 0x01;
	case ARCHIVE_ENTRY_ACL_USER:
		return 0x02;
	case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
		return 0x04;
	case ARCHIVE_ENTRY_ACL_GROUP:
		return 0x08;
	case ARCHIVE_ENTRY_ACL_MASK:
		return TAG_MASK;
	case ARCHIVE_ENTRY_ACL_OTHER:
		return 0x20;
	default:
		return 0;
	}
}

static int
acl_order(const void *a, const void *b)
{
	const struct acl_entry *x = a, *y = b;

	if (x->tag != y->tag)
		return x->tag < y->tag ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void
put_le(unsigned char *p, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

/* The id that an entry speaks of; false: a name that nobody knows. */
static bool
find_id(struct scan *sc, int tag, int qual, const char *name, uint32_t *id)
{
	*id = ACL_NOID;
	if (tag != 0x02 && tag != 0x08)
		return true;
	if (qual >= 0) {
		*id = (uint32_t)qual;
		return true;
	}
	if (name == NULL)
		return false;
	return tag == 0x02 ? userdb_uid(sc->sc_opts, name, id)
			   : userdb_gid(sc->sc_opts, name, id);
}

static void
one_kind(struct scan *sc, const char *archive, struct archive_entry *ae,
    int kind, const char *attr, struct xbuild *xb, uint16_t *mode)
{
	int type, perm, la_tag, qual, n = archive_entry_acl_reset(ae, kind);
	const char *name;
	struct acl_entry *list;
	unsigned char *value;
	size_t used = 0;

	if (n <= 0)
		return;
	list = fsu_malloc((size_t)n * sizeof(*list));
	while ((int)used < n &&
	    archive_entry_acl_next(
		ae, kind, &type, &perm, &la_tag, &qual, &name) == ARCHIVE_OK) {
		int tag = tag_of(la_tag);
		uint32_t id;

		if (type != kind || tag == 0)
			continue;
		if (!find_id(sc, tag, qual, name, &id)) {
			scan_say(sc,
			    "%s: %s: the ACL names '%s', who is unknown",
			    fsu_visible(archive),
			    fsu_visible(archive_entry_pathname(ae)),
			    name != NULL ? fsu_visible(name) : "?");
			continue;
		}
		if (tag == TAG_MASK)
			*mode = (uint16_t)((*mode & ~070) | (perm & 7) << 3);
		list[used++] = (struct acl_entry){
		    (uint16_t)tag, (uint16_t)(perm & 7), id};
	}
	if (used > 1)
		qsort(list, used, sizeof(*list), acl_order);
	value = fsu_malloc(4 + 8 * used);
	put_le(value, ACL_VERSION, 4);
	for (size_t i = 0; i < used; i++) {
		put_le(value + 4 + 8 * i, list[i].tag, 2);
		put_le(value + 6 + 8 * i, list[i].perm, 2);
		put_le(value + 8 + 8 * i, list[i].id, 4);
	}
	if (used > 0)
		xbuild_attr(xb, attr, value, 4 + 8 * used);
	free(value);
	free(list);
}

void
scan_acl(struct scan *sc, const char *archive, struct archive_entry *ae,
    struct xbuild *xb, uint16_t *mode)
{
	uint16_t none = 0;

	if ((archive_entry_acl_types(ae) & ARCHIVE_ENTRY_ACL_TYPE_POSIX1E) == 0)
		return;
	/* three entries are what the mode says anyway */
	if (archive_entry_acl_count(ae, ARCHIVE_ENTRY_ACL_TYPE_ACCESS) > 3)
		one_kind(sc, archive, ae, ARCHIVE_ENTRY_ACL_TYPE_ACCESS,
		    "system.posix_acl_access", xb, mode);
	one_kind(sc, archive, ae, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT,
	    "system.posix_acl_default", xb, &none);
}
