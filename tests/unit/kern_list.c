/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists, and integers as they stand on disk. */
#include "unit/tap.h"

#include "kern/klist.h"
#include "kern/ondisk_int.h"

struct item {
	int value;
	struct klink link;
};

static const char *
spell(const struct klist *h)
{
	static char s[64];
	struct klink *l;
	char *p = s;

	KLIST_FOREACH(l, h)
	*p++ = (char)klink_entry(l, struct item, link)->value;
	*p = '\0';
	return s;
}

static void
lists(void)
{
	struct klist h;
	struct item a = {.value = 'a'}, b = {.value = 'b'}, c = {.value = 'c'};

	klist_init(&h);
	klink_init(&a.link);
	ok(klist_empty(&h) && klist_first(&h) == NULL && klist_last(&h) == NULL,
	    "an empty list");
	ok(!klink_linked(&a.link), "a link on no list");
	klist_insert_tail(&h, &a.link);
	klist_insert_tail(&h, &b.link);
	klist_insert_head(&h, &c.link);
	is_str(spell(&h), "cab", "head and tail");
	ok(klist_first(&h) == &c.link && klist_last(&h) == &b.link &&
		klink_linked(&a.link) && klist_next(&h, &b.link) == NULL,
	    "first, last, linked, next");
	klink_remove(&a.link);
	klink_remove(&a.link);
	is_str(spell(&h), "cb", "removing twice is harmless");
	klink_insert_after(&c.link, &a.link);
	is_str(spell(&h), "cab", "insert after");
	klink_remove(&c.link);
	klink_remove(&b.link);
	klink_remove(&a.link);
	ok(klist_empty(&h), "empty again");
}

static void
integers(void)
{
	struct disk {
		uint8_t pad;
		le16_t l16;
		be16_t b16;
		le32_t l32;
		be32_t b32;
		le64_t l64;
		be64_t b64;
		ei32_t e32;
	} d;
	static const uint8_t want[] = {0xee, 0x34, 0x12, 0x12, 0x34, 0x78, 0x56,
	    0x34, 0x12, 0x12, 0x34, 0x56, 0x78, 0xef, 0xcd, 0xab, 0x89, 0x67,
	    0x45, 0x23, 0x01, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
	    0x12, 0x34, 0x56, 0x78};

	ONDISK_ASSERT_SIZE(struct disk, 33);
	ONDISK_ASSERT_OFFSET(struct disk, l64, 13);
	d.pad = 0xee;
	le16_put(&d.l16, 0x1234);
	be16_put(&d.b16, 0x1234);
	le32_put(&d.l32, 0x12345678);
	be32_put(&d.b32, 0x12345678);
	le64_put(&d.l64, 0x0123456789abcdef);
	be64_put(&d.b64, 0x0123456789abcdef);
	ei32_put(&d.e32, 0x12345678, true);
	ok(memcmp(&d, want, sizeof(want)) == 0, "bytes as they should stand");
	ok(le16_get(d.l16) == 0x1234 && be16_get(d.b16) == 0x1234 &&
		le32_get(d.l32) == 0x12345678 && be32_get(d.b32) == 0x12345678,
	    "16 and 32 bits read back");
	ok(le64_get(d.l64) == 0x0123456789abcdef &&
		be64_get(d.b64) == 0x0123456789abcdef,
	    "64 bits read back");
	ok(ei32_get(d.e32, true) == 0x12345678 &&
		ei32_get(d.e32, false) == 0x78563412,
	    "either order");
}

int
main(void)
{
	lists();
	integers();
	return done();
}
