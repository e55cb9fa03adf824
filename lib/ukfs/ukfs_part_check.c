/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libblkid doesn't say: why a table is no good.
 *
 * It drops what it can't use without a word: a GPT whose checksums are wrong isn't
 * there, one whose first header is damaged is read from the backup, a chain of
 * logical partitions that comes back to itself ends.  Here the same places are
 * looked at once more, for the words; the entries stay libblkid's.  Every entry is
 * checked against the image, and those of an MBR or GPT against each other.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ukfs_part.h"

#define CHAIN_MAX	512 /* links that are followed */
#define GPT_ENTRIES_MAX (4u << 20)

static uint32_t
le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static uint64_t
le64(const unsigned char *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* len bytes at off of the place, all of them. */
static bool
read_all(const struct part_place *p, void *buf, size_t len, uint64_t off)
{
	return off <= p->len && len <= p->len - off &&
	    part_read(p->fd, buf, len, p->off + off) == (ssize_t)len;
}

/* ---- MBR: the chain of logical partitions ---------------------------------------- */

static bool
is_extended(unsigned type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* The link in a sector's table: sectors from the extended partition's beginning; 0:
 * none.  *datap: it has a logical partition. */
static uint32_t
next_link(const unsigned char *sec, bool *datap)
{
	const unsigned char *e;
	uint32_t next = 0;

	*datap = false;
	for (e = sec + 446; e < sec + 510; e += 16) {
		if (le32(e + 12) == 0)
			continue;
		if (!is_extended(e[4]))
			*datap = true;
		else if (next == 0)
			next = le32(e + 8);
	}
	return next;
}

static void
chain_bad(struct part_table *pt, const char *what, uint64_t sector)
{
	snprintf(pt->note, sizeof(pt->note),
	    "the chain of logical partitions %s at sector %llu", what,
	    (unsigned long long)sector);
	pt->broken_from = 5;
}

/* Follow the chain of the extended partition at sector ext. */
static void
check_chain(const struct part_place *p, struct part_table *pt, uint64_t ext)
{
	unsigned char sec[512];
	uint64_t *seen, cur = ext;
	uint32_t next;
	unsigned n, i;
	bool data;

	seen = malloc(CHAIN_MAX * sizeof(*seen));
	for (n = 0; seen != NULL && n < CHAIN_MAX; n++) {
		if (!read_all(p, sec, sizeof(sec), cur * 512)) {
			chain_bad(pt, "leads past the end of the image", cur);
			break;
		}
		if (sec[510] != 0x55 || sec[511] != 0xaa) {
			chain_bad(pt, "breaks off (there is no table)", cur);
			break;
		}
		seen[n] = cur;
		next = next_link(sec, &data);
		if (next == 0)
			break;
		cur = ext + next;
		for (i = 0; i <= n; i++)
			if (seen[i] == cur)
				break;
		if (i <= n) {
			chain_bad(pt, "goes round in a circle", cur);
			break;
		}
	}
	if (n == CHAIN_MAX)
		chain_bad(pt, "has too many links", cur);
	free(seen);
}

static void
check_mbr(const struct part_place *p, struct part_table *pt)
{
	unsigned char sec[512];
	unsigned i;
	const unsigned char *e;

	if (!read_all(p, sec, sizeof(sec), 0))
		return;
	for (i = 0; i < 4; i++) {
		e = sec + 446 + 16 * i;
		if (is_extended(e[4]) && le32(e + 12) != 0 &&
		    pt->note[0] == '\0')
			check_chain(
			    p, pt, (uint64_t)le32(e + 8) * (pt->sector / 512));
	}
}

bool
part_is_protective(const struct part_place *p)
{
	unsigned char sec[512];
	unsigned i;

	if (!read_all(p, sec, sizeof(sec), 0) || sec[510] != 0x55 ||
	    sec[511] != 0xaa)
		return false;
	for (i = 0; i < 4; i++)
		if (sec[446 + 16 * i + 4] == 0xee)
			return true;
	return false;
}

/* ---- GPT -------------------------------------------------------------------------- */

static uint32_t
crc32_of(const unsigned char *p, size_t len)
{
	uint32_t crc = 0xffffffffu;
	unsigned k;

	while (len-- > 0) {
		crc ^= *p++;
		for (k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* What is wrong with the entries that header h names?  NULL: nothing. */
static const char *
entries_wrong(
    const struct part_place *p, const unsigned char *h, uint32_t sector)
{
	uint64_t lba = le64(h + 72), bytes;
	uint32_t count = le32(h + 80), size = le32(h + 84);
	unsigned char *buf;
	const char *words;

	bytes = (uint64_t)count * size;
	if (size < 128 || size > 4096 || count == 0 || bytes > GPT_ENTRIES_MAX)
		return "claims an impossible number of entries";
	if (lba > p->len / sector)
		return "has its entries outside of the image";
	buf = malloc(bytes);
	if (buf == NULL)
		return NULL;
	words = NULL;
	if (!read_all(p, buf, bytes, lba * sector))
		words = "has its entries outside of the image";
	else if (crc32_of(buf, bytes) != le32(h + 88))
		words = "has a wrong checksum of its entries";
	free(buf);
	return words;
}

/* What is wrong with the header in sector lba?  NULL: nothing; "": it isn't there. */
static const char *
header_wrong(const struct part_place *p, uint32_t sector, uint64_t lba)
{
	unsigned char h[4096];
	uint32_t size, crc;

	if (!read_all(p, h, sector, lba * sector) ||
	    memcmp(h, "EFI PART", 8) != 0)
		return "";
	size = le32(h + 12);
	if (size < 92 || size > sector)
		return "has an impossible size";
	crc = le32(h + 16);
	memset(h + 16, 0, 4);
	if (crc32_of(h, size) != crc)
		return "has a wrong checksum";
	if (le64(h + 24) != lba)
		return "says that it is elsewhere";
	if (le64(h + 48) > p->len / sector - 1)
		return "tells of a larger disk: the image is cut off";
	return entries_wrong(p, h, sector);
}

/* Is there a GPT at all, with sectors of this size? */
static bool
has_gpt(const struct part_place *p, uint32_t sector, const char **first,
    const char **last)
{
	*first = *last = "";
	if (p->len < 3 * (uint64_t)sector)
		return false;
	*first = header_wrong(p, sector, 1);
	*last = header_wrong(p, sector, p->len / sector - 1);
	return *first == NULL || **first != '\0' || *last == NULL ||
	    **last != '\0';
}

static const char *
say(const char *words)
{
	return words == NULL   ? "can't be used"
	    : words[0] == '\0' ? "is missing"
			       : words;
}

/* libblkid found no table: is there a GPT that it didn't like? */
static void
check_lost_gpt(const struct part_place *p, struct part_table *pt)
{
	bool pmbr = part_is_protective(p);
	const char *first, *last;
	uint32_t sector = 512;

	if (!has_gpt(p, 512, &first, &last)) {
		sector = 4096;
		if (!has_gpt(p, 4096, &first, &last)) {
			sector = 0;
			if (!pmbr)
				return;
		}
	}
	/* Without its MBR's word for it what is damaged is a leftover. */
	if (!pmbr && first != NULL)
		return;
	pt->scheme = PART_GPT;
	snprintf(pt->scheme_name, sizeof(pt->scheme_name), "GPT");
	pt->broken_from = 1;
	pt->n = 0;
	if (sector == 0)
		snprintf(pt->note, sizeof(pt->note),
		    "the MBR says that there is a GPT, but there is none, "
		    "neither at the beginning nor at the end");
	else if (!pmbr)
		snprintf(pt->note, sizeof(pt->note),
		    "there is a GPT, but the MBR doesn't have its entry of "
		    "type 0xee; if you know better, say OFFSET:off,size");
	else
		snprintf(pt->note, sizeof(pt->note),
		    "the GPT is damaged: its header %s, and the backup at the "
		    "end %s",
		    say(first), say(last));
}

static void
check_gpt(const struct part_place *p, struct part_table *pt)
{
	const char *first;

	if (pt->sector < 512 || pt->sector > 4096)
		return;
	first = header_wrong(p, pt->sector, 1);
	if (first != NULL)
		snprintf(pt->note, sizeof(pt->note),
		    "the GPT's first header %s; the backup at the end is used",
		    say(first));
}

int
part_check(const struct part_place *p, struct part_table *pt)
{
	switch (pt->scheme) {
	case PART_MBR:
		check_mbr(p, pt);
		break;
	case PART_GPT:
		check_gpt(p, pt);
		break;
	case PART_NONE:
		check_lost_gpt(p, pt);
		break;
	default:
		break;
	}
	return 0;
}

/* ---- entries ----------------------------------------------------------------------- */

static bool
meet(const struct part_entry *a, const struct part_entry *b)
{
	return a->off < b->off ? b->off - a->off < a->len
			       : a->off - b->off < b->len;
}

int
part_check_entry(const struct part_place *p, const struct part_table *pt,
    const struct part_entry *pe, char why[UKFS_WHY])
{
	bool label = pt->scheme == PART_LABEL;
	uint64_t begin = label ? p->disk_off : p->off;
	uint64_t len = label ? p->disk_len : p->len;
	char word[64], other[64];
	unsigned i;

	part_word(word, sizeof(word), pt, pe->number);
	if (pt->broken_from != 0 && pe->number >= pt->broken_from) {
		snprintf(why, UKFS_WHY, "%s: %s", word, pt->note);
		return EUCLEAN;
	}
	if (pe->off < begin || pe->off - begin >= len) {
		snprintf(why, UKFS_WHY,
		    "%s begins outside of the %llu bytes that there are", word,
		    (unsigned long long)len);
		return ERANGE;
	}
	if (pe->len > len - (pe->off - begin)) {
		snprintf(why, UKFS_WHY,
		    "%s ends %llu bytes past the end: the image is cut off; "
		    "what is there is OFFSET:%llu",
		    word,
		    (unsigned long long)(pe->len - (len - (pe->off - begin))),
		    (unsigned long long)(pe->off - begin));
		return ERANGE;
	}
	if (pt->scheme != PART_MBR && pt->scheme != PART_GPT)
		return 0; /* others overlap by design */
	for (i = 0; i < pt->n; i++) {
		if (&pt->entry[i] == pe || pt->entry[i].container ||
		    pe->container || !meet(pe, &pt->entry[i]))
			continue;
		part_word(other, sizeof(other), pt, pt->entry[i].number);
		snprintf(why, UKFS_WHY,
		    "%s overlaps %s, so the table is damaged; if its bytes are "
		    "meant, say OFFSET:%llu,%llu",
		    word, other, (unsigned long long)(pe->off - begin),
		    (unsigned long long)pe->len);
		return EUCLEAN;
	}
	return 0;
}
