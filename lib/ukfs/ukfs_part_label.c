/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BSD disklabels: of 4.4BSD, as NetBSD and FreeBSD (bsdlabel) have them, and
 * OpenBSD's version 1, whose offsets and sizes have 48 bits.  Either byte order.
 *
 * Each port puts it elsewhere (sector 0 at byte 64 or 128, sector 1, sector 2, behind
 * boot code), so it is looked for at each multiple of four in the first 64 KiB of
 * the disk or slice; the first with two magic numbers, a sane count and a right
 * checksum counts.
 *
 *	0 magic	    40 d_secsize	132 magic again	   148 partitions, 16 bytes each:
 *	60 d_secperunit			136 checksum	   0 size  4 offset  12 type
 *	112 v1: high 16 of secperunit	138 npartitions	   v1: 8 offset's, 10 size's
 *	114 v1: version = 1					high 16 bits
 *
 * Offsets are in sectors of d_secsize: of NetBSD and OpenBSD from the beginning of the
 * disk, of FreeBSD from that of partition c, the slice, which says 0 today and its
 * place on the disk in old labels.  Where neither the slice's type nor c tells, they
 * count from the disk if all of them are at or behind the slice's beginning.
 *
 * Left out: labels of more than 22 partitions (recent OpenBSD's), and the Adaptec and
 * Sun tables that some ports have instead, which are libblkid's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ukfs_part.h"

#define LABEL_MAGIC   0x82564557u
#define LABEL_PART0   148u
#define LABEL_MAX     (LABEL_PART0 + 16 * PART_LETTERS)
#define SEARCH_BYTES  (64u << 10)

#define SLICE_FREEBSD 0xa5u
#define SLICE_OPENBSD 0xa6u
#define SLICE_NETBSD  0xa9u

/* A label in a buffer; its fields in its own order. */
struct label {
	const unsigned char *p;
	bool be;
};

static uint32_t
get16(const struct label *l, size_t off)
{
	const unsigned char *p = l->p + off;

	return l->be ? (uint32_t)p[0] << 8 | p[1] : p[0] | (uint32_t)p[1] << 8;
}

static uint32_t
get32(const struct label *l, size_t off)
{
	uint32_t a = get16(l, off), b = get16(l, off + 2);

	return l->be ? a << 16 | b : a | b << 16;
}

/* Both magic numbers, of one order. */
static bool
has_magic(struct label *l)
{
	for (int be = 0; be < 2; be++) {
		l->be = be != 0;
		if (get32(l, 0) == LABEL_MAGIC && get32(l, 132) == LABEL_MAGIC)
			return true;
	}
	return false;
}

static bool
checksum_right(const struct label *l, uint32_t count)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < LABEL_PART0 + 16 * count; i += 2)
		sum ^= get16(l, i);
	return sum == 0;
}

/* Is it a label?  0, or EUCLEAN and *why. */
static int
check(const struct label *l, uint64_t where, char why[UKFS_WHY])
{
	uint32_t count = get16(l, 138), secsize = get32(l, 40);

	if (count > PART_LETTERS) {
		snprintf(why, UKFS_WHY,
		    "the disklabel at byte %llu claims %u partitions; there "
		    "can be %u (a to v)",
		    (unsigned long long)where, count, PART_LETTERS);
		return EUCLEAN;
	}
	if (!checksum_right(l, count)) {
		snprintf(why, UKFS_WHY,
		    "the disklabel at byte %llu has a wrong checksum; if you "
		    "know better, say OFFSET:off,size",
		    (unsigned long long)where);
		return EUCLEAN;
	}
	if (secsize < 512 || secsize > 4096 || (secsize & (secsize - 1)) != 0) {
		snprintf(why, UKFS_WHY,
		    "the disklabel at byte %llu has sectors of %u bytes; they "
		    "can be 512, 1024, 2048 or 4096",
		    (unsigned long long)where, secsize);
		return EUCLEAN;
	}
	return 0;
}

/* The first label of the place into *l; ENOENT: none. */
static int
search(const struct part_place *p, unsigned char *buf, struct label *l,
    uint64_t *wherep, char why[UKFS_WHY])
{
	ssize_t n;
	size_t i;
	char spare[UKFS_WHY];
	int error, first;

	n = part_read(
	    p->fd, buf, p->len < SEARCH_BYTES ? p->len : SEARCH_BYTES, p->off);
	if (n < 0) {
		error = errno;
		snprintf(why, UKFS_WHY, "%s", strerror(error));
		return error;
	}
	/* What isn't there reads as zeros: a label at the very end. */
	memset(buf + n, 0, SEARCH_BYTES + LABEL_MAX - (size_t)n);
	first = ENOENT;
	for (i = 0; i + LABEL_PART0 <= (size_t)n; i += 4) {
		/* both orders of the first byte pair, quickly */
		if (buf[i] != 0x57 && buf[i] != 0x82)
			continue;
		l->p = buf + i;
		if (!has_magic(l))
			continue;
		*wherep = p->off + i;
		error = check(l, *wherep, first == ENOENT ? why : spare);
		if (error == 0)
			return 0;
		if (first == ENOENT)
			first = error;
	}
	return first;
}

/* ---- partitions ------------------------------------------------------------------ */

static const char *
type_name(unsigned type, bool openbsd)
{
	static const char *const names[] = {"unused", "swap", "Version 6",
	    "Version 7", "System V", "4.1BSD", "Eighth Edition", "4.2BSD",
	    "MSDOS", "4.4LFS", "unknown", "HPFS", "ISO9660", "boot", "ADOS",
	    "HFS", "ADFS", "Linux Ext2", "NTFS", "RAID", "ccd", "jfs",
	    "Apple UFS", "vinum", "UDF", "SysVBFS", "EFS", "NiLFS", "cgd",
	    "MINIX FSv3"};

	if (openbsd && type == 17)
		return "ext2fs";
	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "";
}

/* Sectors of a partition: its offset and size. */
static void
sectors(
    const struct label *l, unsigned i, bool v1, uint64_t *off, uint64_t *size)
{
	size_t at = LABEL_PART0 + 16 * i;

	*size = get32(l, at);
	*off = get32(l, at + 4);
	if (v1) {
		*off |= (uint64_t)get16(l, at + 8) << 32;
		*size |= (uint64_t)get16(l, at + 10) << 32;
	}
}

/*
 * The byte of the host file from which offsets count, less the sectors that are
 * taken off: *lessp.
 */
static uint64_t
origin(const struct part_place *p, const struct label *l, bool v1,
    uint32_t secsize, uint64_t *lessp)
{
	uint64_t begin = (p->off - p->disk_off) / secsize, off, size, raw;
	uint32_t i, count = get16(l, 138);
	bool all;

	*lessp = 0;
	if (p->off == p->disk_off)
		return p->disk_off;
	raw = 0;
	if (count > 2)
		sectors(l, 2, v1, &raw, &size);
	if (v1 || raw == begin || p->slice == SLICE_OPENBSD ||
	    p->slice == SLICE_NETBSD)
		return p->disk_off;
	if (p->slice == SLICE_FREEBSD) {
		*lessp = raw;
		return p->off;
	}
	all = true;
	for (i = 0; i < count; i++) {
		sectors(l, i, v1, &off, &size);
		if (size != 0 && i != 2 && i != 3 && off < begin)
			all = false;
	}
	if (all)
		return p->disk_off;
	*lessp = raw;
	return p->off;
}

static void
take(const struct part_place *p, const struct label *l, struct part_table *pt)
{
	bool v1 = get16(l, 114) == 1;
	uint32_t secsize = get32(l, 40), count = get16(l, 138), i;
	uint64_t less, from, off, size;
	struct part_entry *pe;

	from = origin(p, l, v1, secsize, &less);
	pt->sector = secsize;
	pt->n = 0;
	for (i = 0; i < count; i++) {
		sectors(l, i, v1, &off, &size);
		if (size == 0)
			continue;
		pe = &pt->entry[pt->n++];
		memset(pe, 0, sizeof(*pe));
		pe->number = i + 1;
		/* 48 bits and sectors of 4096: 2^60 at most */
		if (off < less)
			pe->off = INT64_MAX; /* in front of its own slice */
		else
			pe->off = from + (off - less) * secsize;
		pe->len = size * secsize;
		pe->typebyte = l->p[LABEL_PART0 + 16 * i + 12];
		snprintf(pe->typeid, sizeof(pe->typeid), "%u", pe->typebyte);
		snprintf(pe->type, sizeof(pe->type), "%s",
		    type_name(pe->typebyte, v1 || p->slice == SLICE_OPENBSD));
		pe->unused = pe->typebyte == 0;
	}
}

int
part_label_table(
    const struct part_place *p, struct part_table *pt, char why[UKFS_WHY])
{
	unsigned char *buf;
	struct label l;
	int error;

	pt->scheme = PART_NONE;
	pt->n = 0;
	pt->note[0] = '\0';
	pt->broken_from = 0;
	pt->id[0] = '\0';
	buf = malloc(SEARCH_BYTES + LABEL_MAX);
	if (buf == NULL) {
		snprintf(why, UKFS_WHY, "%s", strerror(ENOMEM));
		return ENOMEM;
	}
	error = search(p, buf, &l, &pt->where, why);
	if (error == 0) {
		pt->scheme = PART_LABEL;
		snprintf(pt->scheme_name, sizeof(pt->scheme_name), "DISKLABEL");
		take(p, &l, pt);
	}
	free(buf);
	return error == ENOENT ? 0 : error;
}
