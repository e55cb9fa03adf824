/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directory packing against a list of names, and on hostile blocks.  The format is
 * this test's: inode (8 bytes), record length, name length (2 each), type, name;
 * records on 4 bytes.
 */
#include "unit/tap.h"

#include "kern/kerrno.h"
#include "kern/kdefs.h"
#include "vfs/genfs.h"
#include "vfs/namespec.h"

#define BLK  1024u
#define HEAD 13u
#define MAXN 200

static uint64_t state = 12345;

static uint32_t
rnd(uint32_t below)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

static uint32_t
t_size(const void *ctx, uint32_t namlen)
{
	(void)ctx;
	return (HEAD + namlen + 3) & ~3u;
}

static int
t_get(const void *ctx, const uint8_t *p, uint32_t room, struct dirpack_ent *de,
    const char **whyp)
{
	uint16_t reclen, namlen;

	(void)ctx;
	*whyp = "bad record";
	if (room < 16)
		return EUCLEAN;
	memcpy(&de->de_ino, p, 8);
	memcpy(&reclen, p + 8, 2);
	memcpy(&namlen, p + 10, 2);
	if (reclen < 16 || reclen % 4 != 0 || reclen > room ||
	    namlen > reclen - HEAD)
		return EUCLEAN;
	de->de_reclen = reclen;
	de->de_namlen = namlen;
	de->de_dtype = p[12];
	de->de_name = (const char *)p + HEAD;
	return 0;
}

static void
t_put(const void *ctx, uint8_t *p, const struct dirpack_ent *de)
{
	uint16_t reclen = (uint16_t)de->de_reclen,
		 namlen = (uint16_t)de->de_namlen;

	(void)ctx;
	memcpy(p, &de->de_ino, 8);
	memcpy(p + 8, &reclen, 2);
	memcpy(p + 10, &namlen, 2);
	p[12] = de->de_dtype;
	memmove(p + HEAD, de->de_name, namlen);
}

static const struct dirpack_fmt fmt = {t_get, t_put, t_size};

struct entry {
	char name[60];
	uint64_t ino;
	uint32_t off;
	bool there;
};
static struct entry ent[MAXN];
static uint8_t blk[BLK];

static void
empty_block(void)
{
	struct dirpack_ent de = {.de_reclen = BLK, .de_name = ""};

	memset(blk, 0, sizeof(blk));
	t_put(NULL, blk, &de);
	memset(ent, 0, sizeof(ent));
}

static bool
agrees(void)
{
	struct dirpack_ent de;
	uint32_t off;
	const char *why;
	int error;

	if (dirpack_check(&fmt, NULL, blk, BLK, &off, &why) != 0)
		return false;
	for (unsigned i = 0; i < MAXN; i++) {
		if (ent[i].name[0] == '\0')
			continue;
		error = dirpack_find(&fmt, NULL, &namespec_bytes, blk, BLK,
		    ent[i].name, strlen(ent[i].name), &off, &de, &why);
		if (error != (ent[i].there ? 0 : ENOENT))
			return false;
		/* entries never move */
		if (error == 0 &&
		    (off != ent[i].off || de.de_ino != ent[i].ino ||
			de.de_namlen != strlen(ent[i].name)))
			return false;
	}
	return true;
}

static bool
enter(unsigned i)
{
	uint32_t room = dirpack_room(&fmt, NULL, blk, BLK), len;
	struct dirpack_ent de;
	int error;

	len = 1 + rnd(rnd(2) ? 8 : 55);
	if (ent[i].there)
		return true;
	snprintf(ent[i].name, sizeof(ent[i].name), "%u-", i);
	while (strlen(ent[i].name) < len)
		strcat(ent[i].name, "x");
	de = (struct dirpack_ent){.de_ino = 1 + rnd(1000),
	    .de_namlen = (uint32_t)strlen(ent[i].name),
	    .de_dtype = 8,
	    .de_name = ent[i].name};
	error = dirpack_enter(&fmt, NULL, blk, BLK, &de, &ent[i].off);
	ent[i].there = error == 0;
	ent[i].ino = de.de_ino;
	return error == (t_size(NULL, de.de_namlen) <= room ? 0 : ENOSPC);
}

static void
test_model(void)
{
	bool good = true;
	unsigned full = 0, i;

	for (int round = 0; round < 40 && good; round++) {
		empty_block();
		for (int s = 0; s < 400 && good; s++) {
			i = rnd(MAXN);
			if (rnd(2) && ent[i].there) {
				good = dirpack_remove(&fmt, NULL, blk, BLK,
					   ent[i].off) == 0;
				ent[i].there = false;
			} else {
				good = enter(i);
				full += !ent[i].there;
			}
			good = good && agrees();
		}
	}
	ok(good, "agrees with a list");
	ok(full > 100, "full blocks were met");
	for (i = 0; i < MAXN; i++)
		if (ent[i].there)
			dirpack_remove(&fmt, NULL, blk, BLK, ent[i].off);
	is(dirpack_room(&fmt, NULL, blk, BLK), BLK,
	    "emptied: all of it is room");
	is(dirpack_remove(&fmt, NULL, blk, BLK, 0), ENOENT,
	    "nothing to remove");
	is(dirpack_remove(&fmt, NULL, blk, BLK, BLK), ENOENT, "past the end");
}

/* Whatever the bytes are: an answer, inside the block (the sanitizers look). */
static void
test_hostile(void)
{
	struct dirpack_ent de = {.de_ino = 5, .de_namlen = 3, .de_name = "abc"},
			   got;
	unsigned bad = 0, fine = 0;
	uint32_t off;
	const char *why;
	uint8_t *b = malloc(BLK);
	int error;

	for (int i = 0; i < 20000; i++) {
		empty_block();
		for (unsigned j = 0; j < 12; j++)
			enter(j);
		memcpy(b, blk, BLK);
		for (uint32_t n = 1 + rnd(4); n > 0; n--)
			b[rnd(rnd(2) ? 64 : BLK)] = (uint8_t)rnd(256);
		if (rnd(50) == 0)
			for (off = 0; off < BLK; off++)
				b[off] = (uint8_t)rnd(256);
		why = NULL;
		error = dirpack_check(&fmt, NULL, b, BLK, &off, &why);
		if (error != 0)
			bad += error == EUCLEAN && off < BLK && why != NULL;
		else
			fine++;
		dirpack_room(&fmt, NULL, b, BLK);
		dirpack_find(&fmt, NULL, &namespec_bytes, b, BLK, "abc", 3,
		    &off, &got, &why);
		dirpack_enter(&fmt, NULL, b, BLK, &de, &off);
		dirpack_remove(&fmt, NULL, b, BLK, rnd(BLK));
		if (error == 0 &&
		    dirpack_check(&fmt, NULL, b, BLK, &off, &why) != 0)
			bad = UINT32_MAX;
	}
	is(bad + fine, 20000, "each damaged block is named, or stays sound");
	ok(bad > 2000 && fine > 1000, "both were met: %u, %u", bad, fine);
	memset(b, 0, BLK);
	is(dirpack_check(&fmt, NULL, b, BLK, &off, &why), EUCLEAN, "zeros");
	is(dirpack_room(&fmt, NULL, b, BLK), 0, "have no room");
	is(dirpack_enter(&fmt, NULL, b, BLK, &de, &off), EUCLEAN,
	    "take nothing");
	free(b);
}

int
main(void)
{
	test_model();
	test_hostile();
	return done();
}
