/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a tree takes of a FAT: exactly, since the driver allocates whole clusters,
 * directories have nothing but entries, and how many of them a name takes follows
 * from the name.  And the options that only FAT has.
 */
#include <stdlib.h>
#include <string.h>

#include "fs/msdos/msdos_name.h"
#include "fs/msdos/msdos_ondisk.h"
#include "newfs/newfs_msdos_int.h"
#include "newfs/newfs_why.h"

/* ---- sizing ------------------------------------------------------------------- */

void
msdos_need_node(const struct newfs_opts *o, struct newfs_need *nd,
    const struct newfs_node *nn)
{
	nd->nd_inodes++;
	switch (nn->nn_mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		nd->nd_blocks += nn->nn_size / o->no_block +
		    (nn->nn_size % o->no_block != 0);
		break;
	case RUMP_S_IFDIR:
		/* its names come next: "." and "..", or the label in the root */
		nd->nd_isroot = nn->nn_root;
		nd->nd_dir_used = !nn->nn_root ? 2u * MSDOS_DIRENT
		    : o->no_label != NULL      ? MSDOS_DIRENT
					       : 0;
		nd->nd_full = false;
		break;
	default:
		break;
	}
}

void
msdos_need_name(const struct newfs_opts *o, struct newfs_need *nd,
    const char *name, uint32_t namelen)
{
	uint32_t n = msdos_name_entries(name, namelen, MSDOS_CP437);

	(void)o;
	if (nd->nd_dir_used > MSDOS_DIR_MAX - n * MSDOS_DIRENT)
		nd->nd_full = true;
	else
		nd->nd_dir_used += n * MSDOS_DIRENT;
}

void
msdos_need_dirend(const struct newfs_opts *o, struct newfs_need *nd)
{
	uint32_t used = nd->nd_dir_used;

	nd->nd_dir_used = 0;
	if (!nd->nd_isroot) {
		nd->nd_blocks += (used + o->no_block - 1) / o->no_block;
		return;
	}
	/* Where that is depends on the FAT's type: nt_fit counts it. */
	nd->nd_root_bytes = used;
	nd->nd_blocks++; /* which the caller takes away again */
	nd->nd_isroot = false;
}

void
msdos_take_need(struct newfs_opts *o, const struct newfs_need *nd)
{
	o->no_msdos.nm_rootbytes = nd->nd_root_bytes;
}

uint32_t
msdos_attr_bytes(const char *name, uint32_t value_bytes)
{
	(void)name;
	return value_bytes;
}

const char *
msdos_unfit(const struct newfs_opts *o, const struct newfs_node *nn)
{
	(void)o;
	switch (nn->nn_mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		return nn->nn_size > MSDOS_FILE_MAX
		    ? "is larger than 4 GiB less a byte, the most that FAT "
		      "holds"
		    : NULL;
	case RUMP_S_IFDIR:
		return NULL;
	case RUMP_S_IFLNK:
		return "is a symbolic link, which FAT can't hold";
	default:
		return "is neither file nor directory, and FAT holds nothing "
		       "else";
	}
}

const char *
msdos_name_unfit(const char *name, size_t len)
{
	switch (msdos_namespec.ns_valid(name, len)) {
	case 0:
		return NULL;
	case RUMP_EILSEQ:
		return "the name is not UTF-8";
	case RUMP_ENAMETOOLONG:
		return "the name is longer than FAT's 255 characters";
	default:
		return "FAT forbids the name: \"*/:<>?\\| and control "
		       "characters, a blank or dot at the end, and devices' "
		       "names";
	}
}

uint32_t
msdos_name_hash(const char *name, size_t len)
{
	return msdos_namespec.ns_hash(name, len);
}

bool
msdos_name_same(const char *a, size_t alen, const char *b, size_t blen)
{
	return msdos_namespec.ns_equal(a, alen, b, blen);
}

/* "progra~1" may be what another's short name would become. */
bool
msdos_name_first(const char *name, size_t len)
{
	return memchr(name, '~', len) != NULL;
}

/* ---- options ------------------------------------------------------------------------ */

static int
number(const char *value, int base, uint32_t most, uint32_t *p,
    const char *what, char why[NEWFS_WHY])
{
	char *end;
	unsigned long long n = strtoull(value, &end, base);

	if (*value < '0' || end == value || n > most) {
		end = NULL;
	} else if ((*end == 'k' || *end == 'K') && end[1] == '\0' &&
	    base == 0 && n <= most / 1024) {
		n *= 1024;
		end++;
	}
	if (end == NULL || *end != '\0')
		return newfs_fail(
		    why, RUMP_EINVAL, "bad %s '%.60s'", what, value);
	*p = (uint32_t)n;
	return 0;
}

static int
set_fat(
    struct newfs_opts *o, const char *value, size_t len, char why[NEWFS_WHY])
{
	uint32_t *p = &o->no_msdos.nm_fat;
	int error = number(value, 0, 32, p, "type of FAT", why);

	(void)len;
	if (error == 0 && *p != 12 && *p != 16 && *p != 32)
		return newfs_fail(why, RUMP_EINVAL,
		    "bad type of FAT '%.60s' (12, 16, 32)", value);
	return error;
}

static int
set_spc(
    struct newfs_opts *o, const char *value, size_t len, char why[NEWFS_WHY])
{
	uint32_t *p = &o->no_msdos.nm_spc;
	int error = number(value, 0, 128, p, "sectors per cluster", why);

	(void)len;
	if (error == 0 && (*p == 0 || (*p & (*p - 1)) != 0))
		return newfs_fail(why, RUMP_EINVAL,
		    "bad sectors per cluster '%.60s': a power of two up to 128",
		    value);
	return error;
}

static int
set_cluster(
    struct newfs_opts *o, const char *value, size_t len, char why[NEWFS_WHY])
{
	(void)len;
	return number(
	    value, 0, MSDOS_MAX_CLUSTER, &o->no_block, "cluster size", why);
}

static int
set_sector(
    struct newfs_opts *o, const char *value, size_t len, char why[NEWFS_WHY])
{
	(void)len;
	return number(
	    value, 0, MSDOS_MAX_SECTOR, &o->no_sector, "sector size", why);
}

static int
set_reserved(
    struct newfs_opts *o, const char *value, size_t len, char why[NEWFS_WHY])
{
	(void)len;
	return number(value, 0, UINT16_MAX, &o->no_msdos.nm_reserved,
	    "number of reserved sectors", why);
}

static int
set_hidden(
    struct newfs_opts *o, const char *value, size_t len, char why[NEWFS_WHY])
{
	(void)len;
	o->no_msdos.nm_hidden_set = true;
	return number(value, 0, UINT32_MAX, &o->no_msdos.nm_hidden,
	    "number of hidden sectors", why);
}

/* Hexadecimal, "0123abcd" or "0123-ABCD", as blkid shows it. */
static int
set_volid(
    struct newfs_opts *o, const char *value, size_t len, char why[NEWFS_WHY])
{
	char digits[16] = "0";
	size_t n = 1;

	for (size_t i = 0; i < len && n < sizeof(digits) - 1; i++)
		if (!(value[i] == '-' && i == 4 && len == 9))
			digits[n++] = value[i];
	digits[n] = '\0';
	o->no_msdos.nm_volid_set = true;
	if (len == 0 || len > 10 ||
	    number(digits + (len > 1 && (value[1] | 0x20) == 'x'), 16,
		UINT32_MAX, &o->no_msdos.nm_volid, "volume id", why) != 0)
		return newfs_fail(why, RUMP_EINVAL,
		    "bad volume id '%.60s': up to 8 hexadecimal digits", value);
	return 0;
}

static int
set_floppy(
    struct newfs_opts *o, const char *value, size_t len, char why[NEWFS_WHY])
{
	uint32_t kib;

	(void)len;
	if (number(value, 0, 2880, &kib, "floppy", why) != 0 ||
	    msdos_floppy_find(kib) == NULL)
		return newfs_fail(why, RUMP_EINVAL,
		    "bad floppy '%.60s' (160, 180, 320, 360, 640, 720, 1200, "
		    "1232, 1440, 2880)",
		    value);
	o->no_msdos.nm_floppy = kib;
	return 0;
}

static int
set_boot(
    struct newfs_opts *o, const char *value, size_t len, char why[NEWFS_WHY])
{
	(void)why;
	o->no_msdos.nm_boot = value;
	o->no_msdos.nm_bootlen = len;
	return 0;
}

const struct newfs_typeopt msdos_typeopts[] = {
    {.to_key = 'F', .to_name = "fat", .to_set = set_fat},
    {.to_key = 'c', .to_name = "sectors_per_cluster", .to_set = set_spc},
    {.to_name = "cluster", .to_set = set_cluster},
    {.to_key = 'S', .to_name = "sector", .to_set = set_sector},
    {.to_key = 'R', .to_name = "reserved_sectors", .to_set = set_reserved},
    {.to_key = 'h', .to_name = "hidden_sectors", .to_set = set_hidden},
    {.to_key = 'I', .to_name = "volid", .to_set = set_volid},
    {.to_name = "volume_id", .to_set = set_volid},
    {.to_key = 'f', .to_name = "floppy", .to_set = set_floppy},
    {.to_key = 'B', .to_name = "bootcode", .to_file = true, .to_set = set_boot},
    {.to_set = NULL},
};
