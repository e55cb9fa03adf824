/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What boots: the El Torito catalog (1.0, 2.0 to 2.4) and its images; the system area
 * with boot code for sticks, and a partition table there (MBR, or GPT: UEFI 2.10, 5).
 *
 * In an MBR partition 1 is the whole image (type 0x17, active), as isohybrid has it,
 * but for EFI's images where they are at its end; they are further ones (0xef).  A GPT has a protective MBR; EFI's images are
 * system partitions, and what is between them, from the descriptors on, is data.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "newfs/newfs_cd9660_int.h"

#define ENTRY	     32u
#define LOAD_SECTORS 4u /* what BIOSes are asked to load, by default */
#define MBR_CODE     432u
#define MBR_DISK_ID  440u
#define MBR_TABLE    446u
#define SECTOR	     512u
#define CYLINDER     (64u * 32u * SECTOR) /* as BIOSes divide such a stick */
#define SYSTEM_AREA  (CD9660_VD_FIRST * ISO_BLOCK)
#define GPT_ENTRIES  128u
#define GPT_ENTRY    128u
#define GPT_ARRAY    (GPT_ENTRIES * GPT_ENTRY / SECTOR) /* sectors */
#define TABLE_MAX    (64u << 20) /* bytes of a file with an information table */
#define TABLE_FROM   8u
#define TABLE_SUM    64u

/* ---- the images -------------------------------------------------------------------- */

static bool
is_efi(const struct newfs_boot *b)
{
	return b->nb_platform == NC_PLATFORM_EFI;
}

/* The node of a path; UINT32_MAX. */
static uint32_t
find(const struct iso *is, const char *path)
{
	uint32_t at = 0;

	for (path += strspn(path, "/"); *path != '\0';
	     path += strspn(path, "/")) {
		size_t len = strcspn(path, "/");
		struct newfs_treenode tn = iso_node_of(is, at);
		uint32_t c;

		for (c = tn.tn_child; c != 0; c = tn.tn_next) {
			tn = iso_node_of(is, c);
			if (tn.tn_namelen == len &&
			    memcmp(tn.tn_name, path, len) == 0)
				break;
		}
		if (c == 0)
			return UINT32_MAX;
		at = c;
		path += len;
	}
	return iso_node_of(is, at).tn_owner;
}

static int
find_one(struct iso *is, unsigned i)
{
	const struct newfs_boot *b = &is->i_c->nc_boot[i];
	struct newfs_treenode tn;
	uint32_t node;

	is->i_bootnode[i] = UINT32_MAX;
	is->i_bootlen[i] = b->nb_size;
	if (b->nb_fd < 0) {
		node = find(is, b->nb_name);
		if (node == UINT32_MAX)
			return newfs_fail(is->i_why, RUMP_EINVAL,
			    "the boot image %s isn't in the tree", b->nb_name);
		tn = iso_node_of(is, node);
		if ((tn.tn_mode & RUMP_S_IFMT) != RUMP_S_IFREG)
			return newfs_fail(is->i_why, RUMP_EINVAL,
			    "the boot image %s isn't a regular file",
			    b->nb_name);
		is->i_bootnode[i] = node;
		is->i_bootlen[i] = tn.tn_size;
		is->i_node[node].n_flags |= ISO_N_BOOT;
		if (b->nb_infotable)
			is->i_node[node].n_flags |= ISO_N_TABLE;
	}
	if (is->i_bootlen[i] == 0)
		return newfs_fail(is->i_why, RUMP_EINVAL,
		    "the boot image %s is empty", b->nb_name);
	if (b->nb_infotable &&
	    (is->i_bootlen[i] < TABLE_SUM || is->i_bootlen[i] > TABLE_MAX))
		return newfs_fail(is->i_why, RUMP_EINVAL,
		    "the boot image %s has %llu bytes, too %s for a "
		    "boot-info-table",
		    b->nb_name, (unsigned long long)is->i_bootlen[i],
		    is->i_bootlen[i] < TABLE_SUM ? "few" : "many");
	return 0;
}

/* A floppy's size says which it is. */
static int
check_media(const struct iso *is, unsigned i, uint8_t *mediap)
{
	static const uint32_t kib[] = {0, 1200, 1440, 2880};
	const struct newfs_boot *b = &is->i_c->nc_boot[i];

	*mediap = b->nb_media;
	if (!b->nb_floppy)
		return 0;
	for (uint8_t m = 1; m < sizeof(kib) / sizeof(kib[0]); m++)
		if (is->i_bootlen[i] == kib[m] * UINT64_C(1024)) {
			*mediap = m;
			return 0;
		}
	return newfs_fail(is->i_why, RUMP_EINVAL,
	    "the boot image %s has %llu bytes: a floppy has 1200, 1440 or "
	    "2880 KiB",
	    b->nb_name, (unsigned long long)is->i_bootlen[i]);
}

int
iso_boot_find(struct iso *is)
{
	const struct newfs_cd9660 *c = is->i_c;
	uint8_t media;
	int error = 0;

	for (unsigned i = 0; i < c->nc_nboot && error == 0; i++) {
		error = find_one(is, i);
		if (error == 0)
			error = check_media(is, i, &media);
	}
	if (error == 0 && (c->nc_hybrid_mbr || c->nc_hybrid_gpt) &&
	    is->i_o->no_offset != 0)
		error = newfs_fail(is->i_why, RUMP_EINVAL,
		    "an image inside of another has no partition table of its "
		    "own: leave out mbr= and hybrid=");
	return error;
}

void
iso_boot_place(struct iso *is, bool efi)
{
	for (unsigned i = 0; i < is->i_c->nc_nboot; i++) {
		if (is->i_bootnode[i] != UINT32_MAX ||
		    is_efi(&is->i_c->nc_boot[i]) != efi)
			continue;
		is->i_bootlba[i] = (uint32_t)is->i_next;
		is->i_next += iso_blocks(is->i_bootlen[i]);
	}
}

static uint32_t
lba_of(const struct iso *is, unsigned i)
{
	return is->i_bootnode[i] != UINT32_MAX
	    ? is->i_node[is->i_bootnode[i]].n_lba
	    : is->i_bootlba[i];
}

/* ---- their content ---------------------------------------------------------------------- */

static int
read_host(const struct newfs_boot *b, void *buf, size_t len, uint64_t off)
{
	uint8_t *p = buf;

	while (len > 0) {
		ssize_t n = pread(b->nb_fd, p, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : RUMP_EIO;
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int
read_image(struct iso *is, unsigned i, void *buf, size_t len, uint64_t off)
{
	if (is->i_bootnode[i] != UINT32_MAX)
		return is->i_tree->tr_read(
		    is->i_tree, is->i_bootnode[i], buf, len, off);
	return read_host(&is->i_c->nc_boot[i], buf, len, off);
}

/* Where it is and what it sums up to, in its bytes 8 to 63. */
static void
info_table(const struct iso *is, unsigned i, uint8_t *p, size_t len)
{
	uint32_t v[4] = {CD9660_VD_FIRST, lba_of(is, i), (uint32_t)len, 0};
	le32_t word;

	for (size_t at = TABLE_SUM; at < len; at += 4) {
		size_t n = len - at < 4 ? len - at : 4;

		memset(&word, 0, sizeof(word));
		memcpy(&word, p + at, n);
		v[3] += le32_get(word);
	}
	memset(p + TABLE_FROM, 0, TABLE_SUM - TABLE_FROM);
	for (unsigned k = 0; k < 4; k++) {
		le32_put(&word, v[k]);
		memcpy(p + TABLE_FROM + 4 * k, &word, sizeof(word));
	}
}

static int
write_image(struct iso *is, unsigned i)
{
	const struct newfs_boot *b = &is->i_c->nc_boot[i];
	uint64_t at = (uint64_t)lba_of(is, i) * ISO_BLOCK;
	uint64_t left = is->i_bootlen[i], off = 0;
	size_t most = b->nb_infotable ? TABLE_MAX : 1u << 18, n;
	uint8_t *p;
	int error = 0;

	if (is->i_bootnode[i] != UINT32_MAX && !b->nb_infotable)
		return 0; /* a file as any other */
	p = malloc(left < most ? (size_t)left : most);
	if (p == NULL)
		return RUMP_ENOMEM;
	for (; left > 0 && error == 0; left -= n, off += n) {
		n = left < most ? (size_t)left : most;
		error = read_image(is, i, p, n, off);
		if (error != 0)
			(void)newfs_fail(is->i_why, error,
			    "the boot image %s cannot be read: %s", b->nb_name,
			    strerror(error));
		if (error == 0 && b->nb_infotable)
			info_table(is, i, p, n);
		if (error == 0)
			error = iso_write(is, p, n, at + off);
	}
	free(p);
	return error;
}

/* ---- the catalog ------------------------------------------------------------------------------ */

static uint32_t
load_sectors(const struct iso *is, unsigned i, uint8_t media)
{
	const struct newfs_boot *b = &is->i_c->nc_boot[i];
	uint64_t all = (is->i_bootlen[i] + SECTOR - 1) / SECTOR;

	if (b->nb_sectors != 0)
		return b->nb_sectors;
	if (media != 0)
		return 1;
	/* EFI takes 0 to mean up to the end */
	if (is_efi(b))
		return all <= UINT16_MAX ? (uint32_t)all : 0;
	return all < LOAD_SECTORS ? (uint32_t)all : LOAD_SECTORS;
}

/* The type of the first partition of an emulated hard disk. */
static uint8_t
disk_type(struct iso *is, unsigned i)
{
	uint8_t mbr[SECTOR];

	if (is->i_bootlen[i] < SECTOR ||
	    read_image(is, i, mbr, sizeof(mbr), 0) != 0)
		return 0;
	for (unsigned k = 0; k < 4; k++)
		if (mbr[MBR_TABLE + 16 * k + 4] != 0)
			return mbr[MBR_TABLE + 16 * k + 4];
	return 0;
}

static int
catalog_entry(struct iso *is, unsigned i, uint8_t *out)
{
	const struct newfs_boot *b = &is->i_c->nc_boot[i];
	struct cd9660_boot_disk e;
	uint8_t media;
	int error;

	error = check_media(is, i, &media);
	if (error != 0)
		return error;
	memset(&e, 0, sizeof(e));
	e.b_id = b->nb_unbootable ? 0 : 0x88;
	e.b_media = media;
	le16_put(&e.b_segment, b->nb_segment);
	e.b_system = media == 4 ? disk_type(is, i) : 0;
	le16_put(&e.b_sectors, (uint16_t)load_sectors(is, i, media));
	le32_put(&e.b_sector, lba_of(is, i));
	memcpy(out, &e, sizeof(e));
	return 0;
}

/* The first image with the catalog's head, each other one with one of its own. */
static int
write_catalog(struct iso *is)
{
	unsigned n = is->i_c->nc_nboot, at = ENTRY;
	uint8_t cat[ISO_BLOCK] = {1, is->i_c->nc_boot[0].nb_platform};
	uint16_t sum = 0;
	int error = 0;

	cat[30] = 0x55;
	cat[31] = 0xaa;
	for (unsigned i = 0; i < ENTRY; i += 2)
		sum = (uint16_t)(sum + (cat[i] | cat[i + 1] << 8));
	sum = (uint16_t)-sum;
	cat[28] = (uint8_t)sum;
	cat[29] = (uint8_t)(sum >> 8);
	for (unsigned i = 0; i < n && error == 0; i++) {
		if (i > 0) {
			cat[at] = i + 1 < n ? 0x90 : 0x91;
			cat[at + 1] = is->i_c->nc_boot[i].nb_platform;
			cat[at + 2] = 1;
			at += ENTRY;
		}
		error = catalog_entry(is, i, cat + at);
		at += ENTRY;
	}
	return error != 0 ? error
			  : iso_write(is, cat, sizeof(cat),
				(uint64_t)is->i_catalog * ISO_BLOCK);
}

/* ---- MBR ------------------------------------------------------------------------------------------ */

static void
put32(uint8_t *p, uint64_t v)
{
	le32_t x;

	le32_put(&x, v < UINT32_MAX ? (uint32_t)v : UINT32_MAX);
	memcpy(p, &x, sizeof(x));
}

static void
put64(uint8_t *p, uint64_t v)
{
	le64_t x;

	le64_put(&x, v);
	memcpy(p, &x, sizeof(x));
}

/* Cylinder, head and sector, of 64 heads and 32 sectors; the last where it's too far. */
static void
chs(uint8_t *p, uint64_t sector)
{
	uint64_t c = sector / (64 * 32);

	if (c > 1023) {
		p[0] = 254;
		p[1] = 0xff;
		p[2] = 0xff;
		return;
	}
	p[0] = (uint8_t)(sector / 32 % 64);
	p[1] = (uint8_t)(sector % 32 + 1) | (uint8_t)(c >> 8 << 6);
	p[2] = (uint8_t)c;
}

static void
mbr_entry(uint8_t *mbr, unsigned i, bool active, uint8_t type, uint64_t start,
    uint64_t n)
{
	uint8_t *p = mbr + MBR_TABLE + 16 * (size_t)i;

	p[0] = active ? 0x80 : 0;
	chs(p + 1, start);
	p[4] = type;
	chs(p + 5, start + n - 1);
	put32(p + 8, start);
	put32(p + 12, n);
}

/* The code of a BIOS's first image is what the MBR's code loads. */
static void
mbr_code(const struct iso *is, uint8_t *mbr)
{
	const struct newfs_cd9660 *c = is->i_c;
	size_t n = c->nc_mbrlen < MBR_CODE ? c->nc_mbrlen : MBR_CODE;

	if (n == 0)
		return;
	memcpy(mbr, c->nc_mbr, n);
	memset(mbr + n, 0, MBR_CODE - n);
	for (unsigned i = 0; i < c->nc_nboot; i++)
		if (c->nc_boot[i].nb_platform == NC_PLATFORM_BIOS) {
			put64(mbr + MBR_CODE, (uint64_t)lba_of(is, i) * 4);
			break;
		}
}

/* Sectors of partition 1: up to where EFI's images begin, if nothing else is behind
 * that. */
static uint64_t
mbr_first(const struct iso *is)
{
	uint64_t n = is->i_size / SECTOR;

	for (unsigned i = 0; i < is->i_c->nc_nboot; i++) {
		if (!is_efi(&is->i_c->nc_boot[i]))
			continue;
		if (is->i_bootnode[i] != UINT32_MAX)
			return is->i_size / SECTOR; /* amidst the files */
		if ((uint64_t)lba_of(is, i) * 4 < n)
			n = (uint64_t)lba_of(is, i) * 4;
	}
	return n;
}

static void
mbr_table(const struct iso *is, uint8_t *mbr)
{
	const struct newfs_cd9660 *c = is->i_c;
	uint64_t all = is->i_size / SECTOR;
	unsigned k = 0;

	memcpy(mbr + MBR_DISK_ID, is->i_o->no_uuid, 4);
	mbr[MBR_DISK_ID + 4] = mbr[MBR_DISK_ID + 5] = 0;
	mbr[510] = 0x55;
	mbr[511] = 0xaa;
	memset(mbr + MBR_TABLE, 0, 64);
	if (c->nc_hybrid_gpt) {
		mbr_entry(mbr, 0, false, 0xee, 1, all - 1);
		return;
	}
	mbr_entry(mbr, k++, true, 0x17, 0, mbr_first(is));
	for (unsigned i = 0; i < c->nc_nboot && k < 4; i++)
		if (is_efi(&c->nc_boot[i]))
			mbr_entry(mbr, k++, false, 0xef,
			    (uint64_t)lba_of(is, i) * 4,
			    iso_blocks(is->i_bootlen[i]) * 4);
}

/* ---- GPT ------------------------------------------------------------------------------------------- */

static const uint8_t guid_efi[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2,
    0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
static const uint8_t guid_data[16] = {0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33,
    0x44, 0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99, 0xc7};

static uint32_t
crc32(const uint8_t *p, size_t n)
{
	uint32_t c = UINT32_MAX;

	for (; n > 0; n--, p++) {
		c ^= *p;
		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
	}
	return ~c;
}

static void
gpt_entry(const struct iso *is, uint8_t *array, unsigned i, const uint8_t *type,
    uint64_t from, uint64_t to, const char *name)
{
	uint8_t *p = array + (size_t)i * GPT_ENTRY;

	memcpy(p, type, 16);
	memcpy(p + 16, is->i_o->no_uuid, 16);
	p[16] = (uint8_t)(p[16] + i + 1);
	put64(p + 32, from);
	put64(p + 40, to);
	for (unsigned k = 0; name[k] != '\0'; k++)
		p[56 + 2 * (size_t)k] = (uint8_t)name[k];
}

/* EFI's image that begins first from sector at on; -1: none. */
static int
next_efi(const struct iso *is, uint64_t at)
{
	int best = -1;

	for (unsigned i = 0; i < is->i_c->nc_nboot; i++)
		if (is_efi(&is->i_c->nc_boot[i]) &&
		    (uint64_t)lba_of(is, i) * 4 >= at &&
		    (best < 0 || lba_of(is, i) < lba_of(is, (unsigned)best)))
			best = (int)i;
	return best;
}

static void
gpt_array(const struct iso *is, uint8_t *array, uint64_t first, uint64_t last)
{
	uint64_t at = first, from, n;
	unsigned k = 0;
	int i;

	while ((i = next_efi(is, at)) >= 0) {
		from = (uint64_t)lba_of(is, (unsigned)i) * 4;
		n = iso_blocks(is->i_bootlen[i]) * 4;
		if (from > at)
			gpt_entry(
			    is, array, k++, guid_data, at, from - 1, "ISO9660");
		gpt_entry(is, array, k++, guid_efi, from, from + n - 1,
		    "EFI boot image");
		at = from + n;
	}
	if (at <= last)
		gpt_entry(is, array, k, guid_data, at, last, "ISO9660");
}

static void
gpt_head(const struct iso *is, uint8_t *h, uint64_t here, uint64_t other,
    uint64_t array_at, const uint8_t *array, uint64_t first, uint64_t last)
{
	memset(h, 0, SECTOR);
	memcpy(h, "EFI PART", 8);
	put32(h + 8, 0x10000);
	put32(h + 12, 92);
	put64(h + 24, here);
	put64(h + 32, other);
	put64(h + 40, first);
	put64(h + 48, last);
	memcpy(h + 56, is->i_o->no_uuid, 16);
	put64(h + 72, array_at);
	put32(h + 80, GPT_ENTRIES);
	put32(h + 84, GPT_ENTRY);
	put32(h + 88, crc32(array, GPT_ENTRIES * GPT_ENTRY));
	put32(h + 16, crc32(h, 92));
}

/* The copy at the end goes out; the first is in the system area. */
static int
write_gpt(struct iso *is, uint8_t *area)
{
	uint64_t all = is->i_size / SECTOR, first = SYSTEM_AREA / SECTOR;
	uint64_t last = all - GPT_ARRAY - 2, tail = all - GPT_ARRAY - 1;
	uint8_t *array = area + 2 * SECTOR, head[SECTOR];
	int error;

	memset(array, 0, GPT_ENTRIES * GPT_ENTRY);
	gpt_array(is, array, first, last);
	gpt_head(is, area + SECTOR, 1, all - 1, 2, array, first, last);
	gpt_head(is, head, all - 1, 1, tail, array, first, last);
	error = iso_write(is, array, GPT_ENTRIES * GPT_ENTRY, tail * SECTOR);
	return error != 0 ? error
			  : iso_write(is, head, SECTOR, (all - 1) * SECTOR);
}

/* ---- all of it -------------------------------------------------------------------------------------- */

void
iso_boot_size(struct iso *is)
{
	const struct newfs_cd9660 *c = is->i_c;

	if (c->nc_hybrid_gpt)
		is->i_size += (GPT_ARRAY + 1) * SECTOR;
	if (is->i_size < is->i_o->no_size)
		is->i_size = is->i_o->no_size;
	if (c->nc_hybrid_gpt || c->nc_hybrid_mbr)
		is->i_size = (is->i_size + CYLINDER - 1) / CYLINDER * CYLINDER;
}

static int
write_area(struct iso *is)
{
	const struct newfs_cd9660 *c = is->i_c;
	uint8_t *area = calloc(1, SYSTEM_AREA);
	int error = 0;

	if (area == NULL)
		return RUMP_ENOMEM;
	if (c->nc_genericlen > 0)
		memcpy(area, c->nc_generic, c->nc_genericlen);
	mbr_code(is, area);
	if (c->nc_hybrid_mbr || c->nc_hybrid_gpt)
		mbr_table(is, area);
	if (c->nc_hybrid_gpt)
		error = write_gpt(is, area);
	if (error == 0)
		error = iso_write(is, area, SYSTEM_AREA, 0);
	free(area);
	return error;
}

int
iso_boot_write(struct iso *is)
{
	const struct newfs_cd9660 *c = is->i_c;
	int error = c->nc_nboot > 0 ? write_catalog(is) : 0;

	for (unsigned i = 0; i < c->nc_nboot && error == 0; i++)
		error = write_image(is, i);
	if (error == 0 &&
	    (c->nc_genericlen > 0 || c->nc_mbrlen > 0 || c->nc_hybrid_mbr ||
		c->nc_hybrid_gpt))
		error = write_area(is);
	return error;
}
