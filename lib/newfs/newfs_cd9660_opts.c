/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options of ISO 9660, with NetBSD's names where it has them.
 *
 * A switch is on without a value or with 1, off with 0.  What describes a boot image
 * is said after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "newfs/newfs_cd9660_int.h"

#define SECTOR 512u

static int
set_switch(
    struct newfs_opts *o, unsigned arg, const char *value, char why[NEWFS_WHY])
{
	struct newfs_cd9660 *c = &o->no_cd9660;
	bool off = value != NULL && strcmp(value, "0") == 0;

	if (value != NULL && !off && strcmp(value, "1") != 0)
		return newfs_fail(
		    why, RUMP_EINVAL, "is switched by 0 or 1, not '%s'", value);
	if (arg == NC_ZISOFS && !off && !iso_zisofs_load())
		return newfs_fail(
		    why, RUMP_EINVAL, "there is no libz.so.1 to compress with");
	c->nc_on = (c->nc_on & ~arg) | (off ? 0 : arg);
	c->nc_off = (c->nc_off & ~arg) | (off ? arg : 0);
	return 0;
}

static int
set_level(
    struct newfs_opts *o, unsigned arg, const char *value, char why[NEWFS_WHY])
{
	(void)arg;
	if (value == NULL || value[0] < '1' || value[0] > '3' ||
	    value[1] != '\0')
		return newfs_fail(why, RUMP_EINVAL, "is 1, 2 or 3");
	o->no_cd9660.nc_level = (unsigned)(value[0] - '0');
	return 0;
}

size_t
iso_text_max(enum iso_text which)
{
	return which == ISO_SYSTEM ? 32 : which < ISO_COPYRIGHT ? 128 : 37;
}

static int
copy_value(const char *value, const char **out, char why[NEWFS_WHY])
{
	if (value == NULL || *value == '\0')
		return newfs_fail(why, RUMP_EINVAL, "needs a value");
	free((void *)(uintptr_t)*out);
	*out = strdup(value);
	return *out != NULL ? 0 : newfs_fail(why, RUMP_ENOMEM, "no memory");
}

static int
set_text(
    struct newfs_opts *o, unsigned arg, const char *value, char why[NEWFS_WHY])
{
	size_t max = iso_text_max((enum iso_text)arg);

	if (value != NULL && strlen(value) > max)
		return newfs_fail(
		    why, RUMP_EINVAL, "has room for %zu bytes", max);
	return copy_value(value, &o->no_cd9660.nc_text[arg], why);
}

/* ---- boot images ----------------------------------------------------------------- */

static const struct {
	const char *name;
	uint8_t platform;
} systems[] = {
    {"i386", NC_PLATFORM_BIOS},
    {"bios", NC_PLATFORM_BIOS},
    {"powerpc", 1},
    {"macppc", 1},
    {"mac68k", 2},
    {"efi", NC_PLATFORM_EFI},
};

static int
platform(const char *s, size_t len, uint8_t *p, char why[NEWFS_WHY])
{
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		if (strlen(systems[i].name) == len &&
		    memcmp(systems[i].name, s, len) == 0) {
			*p = systems[i].platform;
			return 0;
		}
	return newfs_fail(why, RUMP_EINVAL,
	    "'%.*s' is no system: i386, powerpc, macppc, mac68k or efi",
	    (int)len, s);
}

static int
open_image(struct newfs_boot *b, char why[NEWFS_WHY])
{
	struct stat st;

	b->nb_fd = open(
	    b->nb_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (b->nb_fd < 0 || fstat(b->nb_fd, &st) != 0)
		return newfs_fail(
		    why, RUMP_EINVAL, "%s: %s", b->nb_name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return newfs_fail(
		    why, RUMP_EINVAL, "%s: isn't a regular file", b->nb_name);
	b->nb_size = (uint64_t)st.st_size;
	return 0;
}

/* "system;path"; intree: of the tree, else of the host. */
static int
set_image(struct newfs_opts *o, unsigned intree, const char *value,
    char why[NEWFS_WHY])
{
	struct newfs_cd9660 *c = &o->no_cd9660;
	struct newfs_boot *b = &c->nc_boot[c->nc_nboot];
	const char *semicolon = value != NULL ? strchr(value, ';') : NULL;
	int error;

	if (semicolon == NULL)
		return newfs_fail(
		    why, RUMP_EINVAL, "has to be SYSTEM;FILE, as i386;cdboot");
	if (c->nc_nboot == NEWFS_BOOTS)
		return newfs_fail(why, RUMP_EINVAL,
		    "there may be %u boot images", NEWFS_BOOTS);
	memset(b, 0, sizeof(*b));
	b->nb_fd = -1;
	error = platform(
	    value, (size_t)(semicolon - value), &b->nb_platform, why);
	if (error == 0)
		error = copy_value(semicolon + 1, &b->nb_name, why);
	if (error == 0 && intree == 0)
		error = open_image(b, why);
	if (error == 0)
		c->nc_nboot++;
	return error;
}

enum boot_arg {
	NO_EMULATION,
	FLOPPY,
	HARD_DISK,
	NO_BOOT,
	INFO_TABLE,
	SEGMENT,
	LOAD_SIZE,
	PLATFORM,
};

static int
number(const char *value, uint32_t *out, char why[NEWFS_WHY])
{
	char *end = NULL;
	unsigned long n = value != NULL ? strtoul(value, &end, 0) : 0;

	if (value == NULL || end == value || *end != '\0' || n > UINT16_MAX ||
	    *value == '-')
		return newfs_fail(
		    why, RUMP_EINVAL, "has to be a number up to 65535");
	*out = (uint32_t)n;
	return 0;
}

/* Of the image before it. */
static int
set_boot(
    struct newfs_opts *o, unsigned arg, const char *value, char why[NEWFS_WHY])
{
	struct newfs_cd9660 *c = &o->no_cd9660;
	struct newfs_boot *b;
	uint32_t n = 0;
	int error = 0;

	if (c->nc_nboot == 0)
		return newfs_fail(why, RUMP_EINVAL,
		    "describes a boot image: say bootimage= or bootfile= "
		    "before");
	b = &c->nc_boot[c->nc_nboot - 1];
	if (arg < SEGMENT && value != NULL)
		return newfs_fail(why, RUMP_EINVAL, "has no value");
	switch ((enum boot_arg)arg) {
	case NO_EMULATION:
	case FLOPPY:
	case HARD_DISK:
		b->nb_floppy = arg == FLOPPY;
		b->nb_media = arg == HARD_DISK ? 4 : 0;
		break;
	case NO_BOOT:
		b->nb_unbootable = true;
		break;
	case INFO_TABLE:
		b->nb_infotable = true;
		break;
	case SEGMENT:
		error = number(value, &n, why);
		b->nb_segment = (uint16_t)n;
		break;
	case LOAD_SIZE:
		error = number(value, &b->nb_sectors, why);
		break;
	case PLATFORM:
		error = platform(value != NULL ? value : "",
		    value != NULL ? strlen(value) : 0, &b->nb_platform, why);
		break;
	}
	return error;
}

/* ---- the system area --------------------------------------------------------------- */

static int
set_mbr(
    struct newfs_opts *o, const char *value, size_t len, char why[NEWFS_WHY])
{
	if (len == 0 || len > SECTOR)
		return newfs_fail(
		    why, RUMP_EINVAL, "has %zu bytes, not 1 to 512", len);
	o->no_cd9660.nc_mbr = value;
	o->no_cd9660.nc_mbrlen = len;
	return 0;
}

static int
set_generic(
    struct newfs_opts *o, const char *value, size_t len, char why[NEWFS_WHY])
{
	if (len == 0 || len > CD9660_VD_FIRST * ISO_BLOCK)
		return newfs_fail(
		    why, RUMP_EINVAL, "has %zu bytes, not 1 to 32768", len);
	o->no_cd9660.nc_generic = value;
	o->no_cd9660.nc_genericlen = len;
	return 0;
}

static int
set_hybrid(
    struct newfs_opts *o, unsigned arg, const char *value, char why[NEWFS_WHY])
{
	struct newfs_cd9660 *c = &o->no_cd9660;

	(void)arg;
	if (value == NULL ||
	    (strcmp(value, "mbr") != 0 && strcmp(value, "gpt") != 0))
		return newfs_fail(why, RUMP_EINVAL, "is mbr or gpt");
	c->nc_hybrid_mbr = strcmp(value, "mbr") == 0;
	c->nc_hybrid_gpt = !c->nc_hybrid_mbr;
	return 0;
}

#define SWITCH(name, what)                                                   \
	{                                                                    \
		.to_name = (name), .to_setarg = set_switch, .to_arg = (what) \
	}
#define TEXT(name, what)                                                   \
	{                                                                  \
		.to_name = (name), .to_setarg = set_text, .to_arg = (what) \
	}
#define BOOT(name, what)                                                   \
	{                                                                  \
		.to_name = (name), .to_setarg = set_boot, .to_arg = (what) \
	}

const struct newfs_typeopt iso_typeopts[] = {
    SWITCH("rockridge", NC_ROCKRIDGE),
    SWITCH("joliet", NC_JOLIET),
    SWITCH("zisofs", NC_ZISOFS),
    SWITCH("allow-deep-trees", NC_DEEP),
    SWITCH("allow-lowercase", NC_LOWERCASE),
    SWITCH("allow-illegal-chars", NC_ILLEGAL),
    SWITCH("allow-multidot", NC_MULTIDOT),
    SWITCH("allow-max-name", NC_MAXNAME),
    SWITCH("omit-trailing-period", NC_NOPERIOD),
    SWITCH("no-trailing-padding", NC_NOPADDING),
    {.to_name = "isolevel", .to_setarg = set_level},
    {.to_name = "iso-level", .to_setarg = set_level},
    TEXT("systemid", ISO_SYSTEM),
    TEXT("volumeid", ISO_SET),
    TEXT("publisher", ISO_PUBLISHER),
    TEXT("preparer", ISO_PREPARER),
    TEXT("applicationid", ISO_APPLICATION),
    TEXT("copyrightfile", ISO_COPYRIGHT),
    TEXT("abstractfile", ISO_ABSTRACT),
    TEXT("bibliofile", ISO_BIBLIO),
    {.to_name = "bootimage", .to_setarg = set_image, .to_arg = 0},
    {.to_name = "bootfile", .to_setarg = set_image, .to_arg = 1},
    BOOT("no-emul-boot", NO_EMULATION),
    BOOT("floppy-boot", FLOPPY),
    BOOT("hard-disk-boot", HARD_DISK),
    BOOT("no-boot", NO_BOOT),
    BOOT("boot-info-table", INFO_TABLE),
    BOOT("boot-load-segment", SEGMENT),
    BOOT("boot-load-size", LOAD_SIZE),
    BOOT("platformid", PLATFORM),
    {.to_name = "mbr", .to_file = true, .to_set = set_mbr},
    {.to_name = "generic-bootimage", .to_file = true, .to_set = set_generic},
    {.to_name = "hybrid", .to_setarg = set_hybrid},
    {.to_key = 0},
};
