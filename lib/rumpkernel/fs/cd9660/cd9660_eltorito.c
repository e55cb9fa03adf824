/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * El Torito: the boot catalog, and what it leads to as files of /.eltorito (mount
 * option eltorito): "1-bios.img", "2-efi.img" and so on, in the catalog's order.
 *
 * A file is as large as the catalog says: a floppy's size where one is emulated, else
 * what the firmware loads.  Firmware that is told to load nothing, or one sector (a
 * common habit with EFI), finds the size in the image; so do we, if it is a FAT volume.
 */
#include "fs/cd9660/cd9660.h"
#include "kern/kmem.h"
#include "kern/kstring.h"

#define ENTRY	     32u
#define ID_BOOTABLE  0x88u
#define ID_NOT	     0x00u
#define ID_HEAD	     0x90u
#define ID_LASTHEAD  0x91u
#define ID_MORE	     0x44u
#define PLATFORM_EFI 0xefu

static const char *
platform_name(uint8_t platform)
{
	switch (platform) {
	case 0:
		return "bios";
	case 1:
		return "ppc";
	case 2:
		return "mac";
	case PLATFORM_EFI:
		return "efi";
	}
	return "other";
}

/* Sectors that a FAT volume's boot sector says it has; 0: it is none. */
static int
fat_sectors(struct cd9660_mount *m, uint64_t off, uint64_t *bytesp)
{
	uint8_t b[512];
	uint32_t sector, n;
	int error;

	*bytesp = 0;
	error = cd9660_read(m, off, b, sizeof(b));
	if (error != 0)
		return error == EUCLEAN ? 0 : error;
	sector = (uint32_t)(b[12] << 8 | b[11]);
	n = (uint32_t)(b[20] << 8 | b[19]);
	if (n == 0)
		n = (uint32_t)b[35] << 24 | (uint32_t)b[34] << 16 |
		    (uint32_t)b[33] << 8 | b[32];
	if (b[510] == 0x55 && b[511] == 0xaa && ispow2(sector) &&
	    sector >= 512 && sector <= 4096)
		*bytesp = (uint64_t)n * sector;
	return 0;
}

static int
image_size(struct cd9660_mount *m, const struct cd9660_boot_disk *b,
    uint64_t off, uint64_t *bytesp)
{
	static const uint32_t floppy_kib[] = {0, 1200, 1440, 2880};
	unsigned media = b->b_media & 0x0f;
	uint64_t fat = 0;
	int error = 0;

	*bytesp = (uint64_t)le16_get(b->b_sectors) * 512;
	if (media > 0 && media < nitems(floppy_kib))
		*bytesp = floppy_kib[media] * UINT64_C(1024);
	else if (le16_get(b->b_sectors) <= 1)
		error = fat_sectors(m, off, &fat);
	if (fat > *bytesp)
		*bytesp = fat;
	return error;
}

static int
add_image(
    struct cd9660_mount *m, const struct cd9660_boot_disk *b, uint8_t platform)
{
	struct cd9660_boot *im;

	if ((b->b_id != ID_BOOTABLE && b->b_id != ID_NOT) ||
	    le32_get(b->b_sector) == 0 || m->m_nboot == CD9660_BOOT_MAX)
		return 0;
	im = &m->m_boot[m->m_nboot++];
	(void)ksnprintf(im->b_name, sizeof(im->b_name), "%u-%s.img", m->m_nboot,
	    platform_name(platform));
	im->b_off = (uint64_t)le32_get(b->b_sector) * CD9660_SECTOR;
	return image_size(m, b, im->b_off, &im->b_len);
}

/* Bytes of a catalog sum to nothing, in words; it begins with 1 and ends with 55 aa. */
static bool
valid(const uint8_t e[ENTRY])
{
	uint16_t sum = 0;

	for (unsigned i = 0; i < ENTRY; i += 2)
		sum = (uint16_t)(sum + (e[i] | e[i + 1] << 8));
	return sum == 0 && e[0] == 1 && e[30] == 0x55 && e[31] == 0xaa;
}

static int
load_catalog(struct cd9660_mount *m, uint64_t off)
{
	struct cd9660_boot_disk b;
	uint8_t platform, head[ENTRY];
	uint32_t left = 1; /* the first entry has no head */
	int error;

	error = cd9660_read(m, off, head, ENTRY);
	if (error == 0 && !valid(head))
		error = EUCLEAN;
	platform = head[1];
	for (unsigned i = 1; error == 0 && i < 4 * CD9660_BOOT_MAX; i++) {
		error = cd9660_read(m, off + i * ENTRY, &b, ENTRY);
		if (error != 0)
			break;
		if (left > 0 && b.b_id != ID_MORE) {
			left--;
			error = add_image(m, &b, platform);
		} else if (b.b_id == ID_HEAD || b.b_id == ID_LASTHEAD) {
			platform = b.b_media;
			left = le16_get(b.b_segment);
		} else if (b.b_id != ID_MORE) {
			break;
		}
	}
	if (error == EUCLEAN)
		mount_warn(m->m_mp, "the boot catalog is damaged");
	return error == EUCLEAN ? 0 : error;
}

int
cd9660_boot_load(struct cd9660_mount *m)
{
	uint8_t sector[CD9660_ELT_CATALOG + 4];
	uint64_t off;
	int error;

	m->m_boot = kmem_calloc(CD9660_BOOT_MAX, sizeof(*m->m_boot));
	if (m->m_boot == NULL)
		return ENOMEM;
	for (uint32_t i = CD9660_VD_FIRST + 1; i < CD9660_VD_MAX; i++) {
		le32_t at;

		off = (uint64_t)i * CD9660_SECTOR;
		error = cd9660_read(m, off, sector, sizeof(sector));
		if (error != 0)
			return error == EUCLEAN ? 0 : error;
		if (memcmp(sector + 1, CD9660_MAGIC, 5) != 0 ||
		    sector[0] == CD9660_VD_END)
			break;
		if (sector[0] != CD9660_VD_BOOT ||
		    memcmp(sector + 7, CD9660_ELT_ID,
			sizeof(CD9660_ELT_ID) - 1) != 0)
			continue;
		memcpy(&at, sector + CD9660_ELT_CATALOG, sizeof(at));
		return load_catalog(m, (uint64_t)le32_get(at) * CD9660_SECTOR);
	}
	return 0;
}

void
cd9660_boot_free(struct cd9660_mount *m)
{
	kmem_free(m->m_boot, CD9660_BOOT_MAX * sizeof(*m->m_boot));
}

int
cd9660_boot_node(struct cd9660_node *np, uint64_t ino)
{
	struct cd9660_mount *m = np->n_m;
	struct rump_stat *st = &np->n_st;
	const struct cd9660_boot *im;

	if (ino - CD9660_NODE_BOOT > m->m_nboot || m->m_nboot == 0)
		return ESTALE;
	st->st_nlink = 1;
	st->st_uid = m->m_uid;
	st->st_gid = m->m_gid;
	st->st_blksize = m->m_blksize;
	st->st_hints = RUMP_STH_NOXATTR;
	st->st_mtim = st->st_atim = st->st_ctim = m->m_time;
	st->st_birthtim.tv_nsec = RUMP_UTIME_OMIT;
	st->st_mode = RUMP_S_IFDIR | m->m_dmode;
	np->n_parent = m->m_mp->mnt_rootino;
	if (ino == CD9660_NODE_BOOT)
		return 0;
	im = &m->m_boot[ino - CD9660_NODE_BOOT - 1];
	st->st_mode = RUMP_S_IFREG | m->m_fmode;
	st->st_size = np->n_disksize = im->b_len;
	st->st_blocks = howmany(im->b_len, 512);
	np->n_first = (struct cd9660_extent){im->b_off, im->b_len};
	np->n_nextents = 1;
	return 0;
}
