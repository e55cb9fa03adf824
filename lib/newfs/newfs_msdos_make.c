/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing an empty FAT: the boot sector and its copy, FSInfo, the heads of the FATs,
 * the label in the root directory.  All else reads as zeros.
 */
#include <string.h>

#include "fs/msdos/msdos_ondisk.h"
#include "newfs/newfs_msdos_int.h"
#include "newfs/newfs_why.h"

#define CODE16 62u /* where the code begins, behind the BPB */
#define CODE32 90u
#define MEDIA  0xf8 /* a disk that stays where it is */

/* ---- the label --------------------------------------------------------------- */

bool
msdos_label(const char *label, uint8_t out[11])
{
	size_t n = strlen(label);

	memset(out, ' ', 11);
	if (n == 0 || n > 11 || label[0] == ' ')
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = label[i];

		if (c < ' ' || c > '~' ||
		    strchr("\"*+,./:;<=>?[\\]|", c) != NULL)
			return false;
		out[i] = (uint8_t)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
	}
	return true;
}

static uint16_t
dos_date(const struct newfs_opts *o, uint16_t *timep)
{
	int64_t t = o->no_time, days, y, m, d, era, doe, yoe, doy, mp;

	if (t < 315532800)
		t = 315532800;
	if (t > INT64_C(4354819198))
		t = INT64_C(4354819198);
	*timep = (uint16_t)(t % 86400 / 3600 << 11 | t % 3600 / 60 << 5 |
	    t % 60 / 2);
	/* years that begin in March, in eras of 400 */
	days = t / 86400 + 719468;
	era = days / 146097;
	doe = days % 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	d = doy - (153 * mp + 2) / 5 + 1;
	m = mp < 10 ? mp + 3 : mp - 9;
	y = yoe + era * 400 + (m <= 2);
	return (uint16_t)((y - 1980) << 9 | m << 5 | d);
}

static int
write_label(const struct newfs_opts *o, const struct msdos_geom *mg,
    struct newfs_io *io)
{
	struct msdos_dirent_disk de;
	uint16_t date, time;

	if (o->no_label == NULL)
		return 0;
	memset(&de, 0, sizeof(de));
	(void)msdos_label(o->no_label, de.de_name);
	de.de_attr = MSDOS_ATTR_LABEL;
	date = dos_date(o, &time);
	le16_put(&de.de_mdate, date);
	le16_put(&de.de_mtime, time);
	return io->ni_write(io, &de, sizeof(de),
	    mg->mg_fat == 32 ? msdos_cluster_off(mg, mg->mg_rootcluster)
			     : mg->mg_rootoff);
}

/* ---- the boot sector ------------------------------------------------------------ */

/* For a BIOS, which puts the sector at 7c00: print what follows the code, wait for a
 * key, try again. */
static const uint8_t code[] = {
    0x31, 0xc0,	      /* xor ax, ax */
    0x8e, 0xd8,	      /* mov ds, ax */
    0xfc,	      /* cld */
    0xbe, 0x00, 0x00, /* mov si, the text */
    0xac,	      /* next: lodsb */
    0x84, 0xc0,	      /* test al, al */
    0x74, 0x08,	      /* jz wait */
    0xb4, 0x0e,	      /* mov ah, 14: teletype */
    0x31, 0xdb,	      /* xor bx, bx */
    0xcd, 0x10,	      /* int 16: video */
    0xeb, 0xf3,	      /* jmp next */
    0x31, 0xc0,	      /* wait: xor ax, ax */
    0xcd, 0x16,	      /* int 22: keyboard */
    0xcd, 0x19,	      /* int 25: start again */
};
static const char text[] = "There is no system on this volume.\r\n"
			   "Put in one that has, and press a key.\r\n";

static void
put_code(const struct newfs_opts *o, uint32_t at, uint8_t boot[512])
{
	const struct newfs_msdos *nm = &o->no_msdos;
	uint32_t textat = 0x7c00 + at + (uint32_t)sizeof(code);

	boot[510] = 0x55;
	boot[511] = 0xaa;
	if (nm->nm_boot != NULL) {
		memcpy(boot, nm->nm_boot, 3);
		memcpy(boot + at, (const uint8_t *)nm->nm_boot + at, 510 - at);
		return;
	}
	boot[0] = 0xeb; /* jmp short */
	boot[1] = (uint8_t)(at - 2);
	boot[2] = 0x90;
	memcpy(boot + at, code, sizeof(code));
	boot[at + 6] = (uint8_t)textat;
	boot[at + 7] = (uint8_t)(textat >> 8);
	memcpy(boot + at + sizeof(code), text, sizeof(text));
}

/* Sectors in a track and heads, as BIOSes make them up. */
static void
chs(uint64_t bytes, uint16_t *track, uint16_t *heads)
{
	static const struct {
		uint16_t mib, track, heads;
	} by_size[] = {
	    {2, 16, 2},
	    {16, 32, 2},
	    {32, 32, 4},
	    {128, 32, 8},
	    {256, 32, 16},
	    {504, 63, 16},
	    {1008, 63, 32},
	    {2016, 63, 64},
	    {4032, 63, 128},
	};

	*track = 63;
	*heads = 255;
	for (size_t i = sizeof(by_size) / sizeof(by_size[0]); i-- > 0;)
		if (bytes <= (uint64_t)by_size[i].mib << 20) {
			*track = by_size[i].track;
			*heads = by_size[i].heads;
		}
}

static void
put_bpb(const struct newfs_opts *o, const struct msdos_geom *mg,
    struct msdos_bpb_disk *b)
{
	const struct newfs_msdos *nm = &o->no_msdos;
	const struct msdos_floppy *mf = msdos_floppy_find(nm->nm_floppy);
	uint32_t hidden = (uint32_t)(o->no_offset / mg->mg_sector);
	bool small = mg->mg_fat != 32 && mg->mg_sectors <= UINT16_MAX;
	uint16_t track, heads;

	chs(mg->mg_sectors * mg->mg_sector, &track, &heads);
	if (mf != NULL) {
		track = mf->mf_track;
		heads = mf->mf_heads;
	}
	memcpy(b->bp_oem, "fs-utils", 8);
	le16_put(&b->bp_sector, (uint16_t)mg->mg_sector);
	b->bp_spc = (uint8_t)(mg->mg_cluster / mg->mg_sector);
	le16_put(&b->bp_reserved, (uint16_t)mg->mg_reserved);
	b->bp_nfats = (uint8_t)mg->mg_nfats;
	le16_put(&b->bp_rootents, (uint16_t)mg->mg_rootents);
	le16_put(&b->bp_sectors16, small ? (uint16_t)mg->mg_sectors : 0);
	b->bp_media = mf != NULL ? mf->mf_media : MEDIA;
	le16_put(&b->bp_fatsectors16,
	    mg->mg_fat == 32 ? 0 : (uint16_t)mg->mg_fatsectors);
	le16_put(&b->bp_track, track);
	le16_put(&b->bp_heads, heads);
	le32_put(&b->bp_hidden, nm->nm_hidden_set ? nm->nm_hidden : hidden);
	le32_put(&b->bp_sectors32, small ? 0 : (uint32_t)mg->mg_sectors);
}

static void
put_ext(const struct newfs_opts *o, const struct msdos_geom *mg,
    struct msdos_ext_disk *ex)
{
	static const char types[3][9] = {"FAT12   ", "FAT16   ", "FAT32   "};
	const struct newfs_msdos *nm = &o->no_msdos;
	const uint8_t *u = o->no_uuid;

	ex->ex_drive = nm->nm_floppy != 0 ? 0 : 0x80;
	ex->ex_signature = MSDOS_EX_SIGNATURE;
	le32_put(&ex->ex_volid,
	    nm->nm_volid_set ? nm->nm_volid
			     : (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 |
		    (uint32_t)u[2] << 8 | u[3]);
	if (o->no_label == NULL || !msdos_label(o->no_label, ex->ex_label))
		memcpy(ex->ex_label, "NO NAME    ", 11);
	memcpy(ex->ex_type,
	    types[mg->mg_fat == 12     ? 0
		    : mg->mg_fat == 16 ? 1
				       : 2],
	    8);
}

static int
write_boot(const struct newfs_opts *o, const struct msdos_geom *mg,
    struct newfs_io *io)
{
	const struct newfs_msdos *nm = &o->no_msdos;
	uint8_t boot[512] = {0};
	struct msdos_bpb32_disk *b3 = (void *)boot;
	int error;

	put_code(o, mg->mg_fat == 32 ? CODE32 : CODE16, boot);
	put_bpb(o, mg, &b3->b3_common);
	if (mg->mg_fat == 32) {
		le32_put(&b3->b3_fatsectors, mg->mg_fatsectors);
		le32_put(&b3->b3_root, mg->mg_rootcluster);
		le16_put(&b3->b3_fsinfo, (uint16_t)mg->mg_fsinfo);
		le16_put(&b3->b3_backup, (uint16_t)mg->mg_backup);
		put_ext(o, mg, &b3->b3_ext);
	} else {
		put_ext(o, mg, (void *)(boot + 36));
	}
	error = io->ni_write(io, boot, sizeof(boot), 0);
	if (error == 0 && mg->mg_backup != 0)
		error = io->ni_write(io, boot, sizeof(boot),
		    (uint64_t)mg->mg_backup * mg->mg_sector);
	if (error == 0 && nm->nm_bootlen > sizeof(boot))
		error = io->ni_write(io,
		    (const uint8_t *)nm->nm_boot + sizeof(boot),
		    nm->nm_bootlen - sizeof(boot), sizeof(boot));
	return error;
}

static int
write_fsinfo(const struct msdos_geom *mg, struct newfs_io *io)
{
	struct msdos_fsinfo_disk fi;
	int error;

	if (mg->mg_fat != 32)
		return 0;
	memset(&fi, 0, sizeof(fi));
	le32_put(&fi.fi_magic1, MSDOS_FSINFO1);
	le32_put(&fi.fi_magic2, MSDOS_FSINFO2);
	le32_put(&fi.fi_magic3, MSDOS_FSINFO3);
	le32_put(&fi.fi_free, mg->mg_clusters - 1);
	le32_put(&fi.fi_next, mg->mg_rootcluster);
	error = io->ni_write(
	    io, &fi, sizeof(fi), (uint64_t)mg->mg_fsinfo * mg->mg_sector);
	if (error != 0 || mg->mg_backup == 0)
		return error;
	/* Nobody keeps the copy's numbers: they are said to be unknown. */
	le32_put(&fi.fi_free, UINT32_MAX);
	le32_put(&fi.fi_next, UINT32_MAX);
	return io->ni_write(io, &fi, sizeof(fi),
	    ((uint64_t)mg->mg_backup + mg->mg_fsinfo) * mg->mg_sector);
}

/* ---- the FATs --------------------------------------------------------------------- */

/* The media byte, then the marks of a volume that is clean; FAT32's root. */
static int
write_fats(const struct newfs_opts *o, const struct msdos_geom *mg,
    struct newfs_io *io)
{
	const struct msdos_floppy *mf = msdos_floppy_find(
	    o->no_msdos.nm_floppy);
	uint8_t head[12];
	int error = 0;

	memset(head, 0xff, sizeof(head));
	head[0] = mf != NULL ? mf->mf_media : MEDIA;
	if (mg->mg_fat == 32)
		head[3] = head[7] = head[11] = 0x0f;
	for (uint32_t i = 0; i < mg->mg_nfats && error == 0; i++)
		error = io->ni_write(io, head,
		    mg->mg_fat == 12	   ? 3
			: mg->mg_fat == 16 ? 4
					   : 12,
		    (mg->mg_reserved + (uint64_t)i * mg->mg_fatsectors) *
			mg->mg_sector);
	return error;
}

int
msdos_write(const struct newfs_opts *o, const struct msdos_geom *mg,
    struct newfs_io *io)
{
	uint64_t zeros = mg->mg_dataoff;
	int error;

	if (mg->mg_fat == 32)
		zeros += mg->mg_cluster;
	error = io->ni_zero(io, 0, zeros);
	if (error == 0)
		error = write_boot(o, mg, io);
	if (error == 0)
		error = write_fsinfo(mg, io);
	if (error == 0)
		error = write_fats(o, mg, io);
	return error != 0 ? error : write_label(o, mg, io);
}
