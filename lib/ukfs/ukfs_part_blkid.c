/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libblkid knows: tables of partitions (MBR, GPT, and many that are rarer),
 * and what is in a range of bytes.
 *
 * The library reads through our descriptor and moves its offset, which is put back.  Of what it hands over only the outermost table is taken: disklabels
 * inside of slices are ours (ukfs_part_label.c).  The sector size of a block device
 * it finds by itself; in a regular file 512 is tried, and 4096 where there is a
 * protective MBR but no GPT.
 */
#include <blkid/blkid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ukfs_part.h"

/* ---- names ------------------------------------------------------------------- */

static const struct {
	uint8_t byte;
	const char *name;
} mbr_types[] = {
    {0x00, "empty"},
    {0x01, "FAT12"},
    {0x04, "FAT16"},
    {0x05, "extended"},
    {0x06, "FAT16"},
    {0x07, "NTFS or exFAT"},
    {0x0b, "FAT32"},
    {0x0c, "FAT32"},
    {0x0e, "FAT16"},
    {0x0f, "extended"},
    {0x27, "Windows recovery"},
    {0x39, "Plan 9"},
    {0x63, "UNIX System V"},
    {0x81, "Minix"},
    {0x82, "Linux swap"},
    {0x83, "Linux"},
    {0x85, "Linux extended"},
    {0x8e, "Linux LVM"},
    {0xa5, "FreeBSD"},
    {0xa6, "OpenBSD"},
    {0xa8, "Apple UFS"},
    {0xa9, "NetBSD"},
    {0xab, "Apple boot"},
    {0xaf, "Apple HFS"},
    {0xbf, "Solaris"},
    {0xee, "GPT protective"},
    {0xef, "EFI system"},
    {0xfd, "Linux RAID"},
};

static const struct {
	const char *guid, *name;
} gpt_types[] = {
    {"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI system"},
    {"21686148-6449-6e6f-744e-656564454649", "BIOS boot"},
    {"0fc63daf-8483-4772-8e79-3d69d8477de4", "Linux"},
    {"0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "Linux swap"},
    {"e6d6d379-f507-44c2-a23c-238f2a3df928", "Linux LVM"},
    {"a19d880f-05fc-4d3b-a006-743f0f84911e", "Linux RAID"},
    {"933ac7e1-2eb4-4f13-b844-0e14e2aef915", "Linux home"},
    {"bc13c2ff-59e6-4262-a352-b275fd6f7172", "Linux extended boot"},
    {"4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "Linux root (x86-64)"},
    {"b921b045-1df0-41c3-af44-4c6f280d3fae", "Linux root (ARM-64)"},
    {"44479540-f297-41b2-9af7-d131d5f0458a", "Linux root (x86)"},
    {"ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "Microsoft basic data"},
    {"e3c9e316-0b5c-4db8-817d-f92df00215ae", "Microsoft reserved"},
    {"de94bba4-06d1-4d40-a16a-bfd50179d6ac", "Windows recovery"},
    {"48465300-0000-11aa-aa11-00306543ecac", "Apple HFS"},
    {"7c3457ef-0000-11aa-aa11-00306543ecac", "Apple APFS"},
    {"83bd6b9d-7f41-11dc-be0b-001560b84f0f", "FreeBSD boot"},
    {"516e7cb4-6ecf-11d6-8ff8-00022d09712b", "FreeBSD disklabel"},
    {"516e7cb5-6ecf-11d6-8ff8-00022d09712b", "FreeBSD swap"},
    {"516e7cb6-6ecf-11d6-8ff8-00022d09712b", "FreeBSD UFS"},
    {"516e7cba-6ecf-11d6-8ff8-00022d09712b", "FreeBSD ZFS"},
    {"824cc7a0-36a8-11e3-890a-952519ad3f61", "OpenBSD disklabel"},
    {"49f48d32-b10e-11dc-b99b-0019d1879648", "NetBSD swap"},
    {"49f48d5a-b10e-11dc-b99b-0019d1879648", "NetBSD FFS"},
    {"49f48d82-b10e-11dc-b99b-0019d1879648", "NetBSD LFS"},
    {"49f48daa-b10e-11dc-b99b-0019d1879648", "NetBSD RAID"},
    {"2db519ec-b10f-11dc-b99b-0019d1879648", "NetBSD CGD"},
};

static void
name_type(struct part_entry *pe, enum part_scheme scheme)
{
	const char *name = "";
	size_t i;

	if (scheme == PART_GPT) {
		for (i = 0; i < sizeof(gpt_types) / sizeof(gpt_types[0]); i++)
			if (strcmp(pe->typeid, gpt_types[i].guid) == 0)
				name = gpt_types[i].name;
	} else if (scheme == PART_MBR)
		for (i = 0; i < sizeof(mbr_types) / sizeof(mbr_types[0]); i++)
			if (pe->typebyte == mbr_types[i].byte)
				name = mbr_types[i].name;
	snprintf(pe->type, sizeof(pe->type), "%s", name);
}

const char *
ukfs_type_alias(const char *name)
{
	static const struct {
		const char *alias, *type;
	} aliases[] = {
	    {"vfat", "msdos"},
	    {"fat", "msdos"},
	    {"iso9660", "cd9660"},
	    {"ufs", "ffs"},
	    {"bfs", "sysvbfs"},
	};
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(aliases[i].alias, name) == 0)
			return aliases[i].type;
	return name;
}

/* ---- tables -------------------------------------------------------------------- */

static void
copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from == NULL ? "" : from);
}

static enum part_scheme
scheme_of(const char *type)
{
	if (strcmp(type, "dos") == 0)
		return PART_MBR;
	if (strcmp(type, "gpt") == 0)
		return PART_GPT;
	if (strcmp(type, "bsd") == 0 || strcmp(type, "PMBR") == 0)
		return PART_NONE; /* for ukfs_part_label.c; no partitions */
	return PART_OTHER;
}

/* 512-byte sectors to bytes of the host file; what doesn't fit is huge. */
static uint64_t
bytes_of(blkid_loff_t sectors)
{
	if (sectors < 0 || sectors > INT64_MAX / 512)
		return INT64_MAX;
	return (uint64_t)sectors * 512;
}

static void
take_entry(
    const struct part_place *p, struct part_table *pt, blkid_partition par)
{
	struct part_entry *pe = &pt->entry[pt->n++];
	const char *s;

	memset(pe, 0, sizeof(*pe));
	pe->number = (unsigned)blkid_partition_get_partno(par);
	if (__builtin_add_overflow(
		p->off, bytes_of(blkid_partition_get_start(par)), &pe->off))
		pe->off = INT64_MAX;
	pe->len = bytes_of(blkid_partition_get_size(par));
	copy(pe->name, sizeof(pe->name), blkid_partition_get_name(par));
	copy(pe->uuid, sizeof(pe->uuid), blkid_partition_get_uuid(par));
	s = blkid_partition_get_type_string(par);
	pe->typebyte = (unsigned)blkid_partition_get_type(par) & 0xff;
	if (s != NULL)
		copy(pe->typeid, sizeof(pe->typeid), s);
	else
		snprintf(
		    pe->typeid, sizeof(pe->typeid), "0x%02x", pe->typebyte);
	pe->container = pt->scheme == PART_MBR &&
	    blkid_partition_is_extended(par) != 0;
	name_type(pe, pt->scheme);
}

static int
by_number(const void *a, const void *b)
{
	const struct part_entry *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* libblkid's list into pt. */
static void
take_table(const struct part_place *p, struct part_table *pt, blkid_partlist ls)
{
	blkid_parttable tab = blkid_partlist_get_table(ls);
	blkid_partition par;
	int i, n;

	if (tab == NULL)
		return;
	copy(pt->scheme_name, sizeof(pt->scheme_name),
	    blkid_parttable_get_type(tab));
	pt->scheme = scheme_of(pt->scheme_name);
	if (pt->scheme == PART_MBR || pt->scheme == PART_GPT)
		copy(pt->scheme_name, sizeof(pt->scheme_name),
		    pt->scheme == PART_MBR ? "MBR" : "GPT");
	copy(pt->id, sizeof(pt->id), blkid_parttable_get_id(tab));
	if (pt->scheme == PART_NONE)
		return;
	n = blkid_partlist_numof_partitions(ls);
	for (i = 0; i < n && pt->n < PART_MAX; i++) {
		par = blkid_partlist_get_partition(ls, i);
		if (par != NULL && blkid_partition_get_table(par) == tab)
			take_entry(p, pt, par);
	}
	qsort(pt->entry, pt->n, sizeof(pt->entry[0]), by_number);
}

/* sector 0: what libblkid takes it for. */
static int
probe_table(const struct part_place *p, struct part_table *pt, unsigned sector)
{
	off_t before = lseek(p->fd, 0, SEEK_CUR);
	blkid_probe pr;
	blkid_partlist ls;
	int error;

	pr = blkid_new_probe();
	if (pr == NULL)
		return ENOMEM;
	errno = 0;
	error = 0;
	if (p->len > INT64_MAX || p->off > INT64_MAX ||
	    blkid_probe_set_device(
		pr, p->fd, (blkid_loff_t)p->off, (blkid_loff_t)p->len) != 0)
		error = errno != 0 ? errno : EINVAL;
	else if (sector != 0 && blkid_probe_set_sectorsize(pr, sector) != 0)
		error = EINVAL;
	if (error == 0) {
		blkid_probe_enable_superblocks(pr, 0);
		blkid_probe_enable_partitions(pr, 1);
		pt->sector = sector != 0 ? sector
					 : blkid_probe_get_sectorsize(pr);
		ls = blkid_probe_get_partitions(pr);
		if (ls != NULL)
			take_table(p, pt, ls);
	}
	blkid_free_probe(pr);
	lseek(p->fd, before, SEEK_SET);
	return error;
}

int
part_blkid_table(const struct part_place *p, struct part_table *pt)
{
	struct stat st;
	int error;

	pt->scheme = PART_NONE;
	pt->n = 0;
	pt->note[0] = '\0';
	pt->broken_from = 0;
	pt->id[0] = pt->scheme_name[0] = '\0';
	if (fstat(p->fd, &st) == -1)
		return errno;
	if (p->len < 1024) {
		pt->sector = 512;
		return 0;
	}
	if (S_ISBLK(st.st_mode))
		return probe_table(p, pt, 0);
	error = probe_table(p, pt, 512);
	if (error == 0 && pt->scheme == PART_NONE && p->len % 4096 == 0 &&
	    part_is_protective(p)) {
		error = probe_table(p, pt, 4096);
		if (pt->scheme == PART_NONE)
			pt->sector = 512;
	}
	return error;
}

/* ---- contents ------------------------------------------------------------------ */

static enum ukfs_contentkind
kind_of(const char *usage, const char *type)
{
	if (strcmp(usage, "filesystem") == 0)
		return UKFS_CONTENT_FS;
	if (strcmp(usage, "raid") == 0)
		return UKFS_CONTENT_RAID;
	if (strcmp(usage, "crypto") == 0)
		return UKFS_CONTENT_CRYPTO;
	return strcmp(type, "swap") == 0 || strcmp(type, "swsuspend") == 0
	    ? UKFS_CONTENT_SWAP
	    : UKFS_CONTENT_FS;
}

static void
value(blkid_probe pr, const char *name, char *buf, size_t size)
{
	const char *s;

	if (blkid_probe_lookup_value(pr, name, &s, NULL) != 0)
		s = "";
	copy(buf, size, s);
}

static bool
probe_usage(blkid_probe pr, int usage, struct ukfs_content *uc)
{
	char word[32];

	blkid_probe_filter_superblocks_usage(pr, BLKID_FLTR_ONLYIN, usage);
	if (blkid_do_fullprobe(pr) != 0)
		return false;
	value(pr, "TYPE", uc->uc_type, sizeof(uc->uc_type));
	if (uc->uc_type[0] == '\0')
		return false;
	copy(word, sizeof(word), ukfs_type_alias(uc->uc_type));
	memcpy(uc->uc_type, word, sizeof(word));
	value(pr, "USAGE", word, sizeof(word));
	value(pr, "LABEL", uc->uc_label, sizeof(uc->uc_label));
	value(pr, "UUID", uc->uc_uuid, sizeof(uc->uc_uuid));
	uc->uc_kind = kind_of(word, uc->uc_type);
	return true;
}

/* What libblkid doesn't know: BFS of a big-endian machine. */
static void
probe_more(int fd, uint64_t off, uint64_t len, struct ukfs_content *uc)
{
	static const uint8_t magic[4] = {0x1b, 0xad, 0xfa, 0xce};
	uint8_t first[4];

	if (len < 1024 ||
	    pread(fd, first, sizeof(first), (off_t)off) != sizeof(first) ||
	    memcmp(first, magic, sizeof(magic)) != 0)
		return;
	uc->uc_kind = UKFS_CONTENT_FS;
	copy(uc->uc_type, sizeof(uc->uc_type), "sysvbfs");
}

int
ukfs_identify(int fd, uint64_t off, uint64_t len, struct ukfs_content *uc)
{
	off_t before = lseek(fd, 0, SEEK_CUR);
	blkid_probe pr;
	uint64_t size;
	int error;

	memset(uc, 0, sizeof(*uc));
	error = part_host_size(fd, &size);
	if (error == 0 && (off > size || len > size - off))
		error = ERANGE;
	pr = error == 0 ? blkid_new_probe() : NULL;
	if (error == 0 && pr == NULL)
		error = ENOMEM;
	if (error != 0) {
		errno = error;
		return -1;
	}
	if (len == 0)
		len = size - off;
	errno = 0;
	if (len > 0 &&
	    blkid_probe_set_device(
		pr, fd, (blkid_loff_t)off, (blkid_loff_t)len) == 0) {
		blkid_probe_enable_superblocks(pr, 1);
		blkid_probe_set_superblocks_flags(pr,
		    BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE |
			BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID |
			BLKID_SUBLKS_BADCSUM);
		/* A member of an array may have its mark at the end of a disk, or
		 * a file system at its beginning. */
		if (!probe_usage(
			pr, BLKID_USAGE_FILESYSTEM | BLKID_USAGE_OTHER, uc))
			probe_usage(
			    pr, BLKID_USAGE_RAID | BLKID_USAGE_CRYPTO, uc);
		if (uc->uc_kind == UKFS_CONTENT_NONE)
			probe_more(fd, off, len, uc);
	}
	blkid_free_probe(pr);
	lseek(fd, before, SEEK_SET);
	return 0;
}
