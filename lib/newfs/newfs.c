/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of formatters, and what they and their callers share. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "newfs/newfs.h"
#include "newfs/newfs_why.h"

static const struct newfs_type *const types[] = {
    &newfs_ext2,
    &newfs_ext3,
    &newfs_ext4,
    &newfs_sysvbfs,
    &newfs_msdos,
    &newfs_cd9660,
};

const struct newfs_type *
newfs_nth(unsigned i)
{
	return i < sizeof(types) / sizeof(types[0]) ? types[i] : NULL;
}

const struct newfs_type *
newfs_find(const char *name)
{
	const struct newfs_type *nt;

	for (unsigned i = 0; (nt = newfs_nth(i)) != NULL; i++) {
		if (strcmp(nt->nt_name, name) == 0)
			return nt;
		for (const char *const *a = nt->nt_aliases;
		     a != NULL && *a != NULL; a++)
			if (strcmp(*a, name) == 0)
				return nt;
	}
	return NULL;
}

const struct newfs_typeopt *
newfs_typeopt(const struct newfs_type *nt, int key, const char *name)
{
	const struct newfs_typeopt *to = nt->nt_typeopts;

	for (; to != NULL && (to->to_key != 0 || to->to_name != NULL); to++) {
		if (key != 0 && to->to_key == key)
			return to;
		if (key == 0 && to->to_name != NULL &&
		    strcmp(to->to_name, name) == 0)
			return to;
	}
	return NULL;
}

/* Files that say something of a file system are small. */
#define FILE_MAX (1u << 20)

int
newfs_typeopt_set(const struct newfs_typeopt *to, struct newfs_opts *o,
    const char *value, char why[NEWFS_WHY])
{
	size_t n = 0;
	char *data;
	FILE *f;
	bool bad;

	if (to->to_setarg != NULL)
		return to->to_setarg(o, to->to_arg, value, why);
	if (value == NULL)
		return newfs_fail(why, RUMP_EINVAL, "needs a value");
	if (!to->to_file)
		return to->to_set(o, value, strlen(value), why);
	f = fopen(value, "re");
	if (f == NULL)
		return newfs_fail(
		    why, RUMP_EINVAL, "%s: %s", value, strerror(errno));
	data = malloc(FILE_MAX);
	if (data != NULL)
		n = fread(data, 1, FILE_MAX, f);
	bad = data == NULL || ferror(f) != 0 || n == FILE_MAX;
	(void)fclose(f);
	if (!bad) {
		int error = to->to_set(o, data, n, why);

		if (error != 0)
			free(data);
		return error;
	}
	free(data);
	return newfs_fail(
	    why, RUMP_EINVAL, "%s: cannot be read, or is too large", value);
}

void
newfs_opts_init(struct newfs_opts *o)
{
	memset(o, 0, sizeof(*o));
	o->no_rev = NEWFS_REV_DEFAULT;
	o->no_root_mode = 0755;
}

void
newfs_opts_free(struct newfs_opts *o)
{
	struct newfs_cd9660 *c = &o->no_cd9660;

	free((void *)(uintptr_t)o->no_msdos.nm_boot);
	free((void *)(uintptr_t)c->nc_mbr);
	free((void *)(uintptr_t)c->nc_generic);
	for (size_t i = 0; i < sizeof(c->nc_text) / sizeof(c->nc_text[0]); i++)
		free((void *)(uintptr_t)c->nc_text[i]);
	for (unsigned i = 0; i < NEWFS_BOOTS; i++) {
		free((void *)(uintptr_t)c->nc_boot[i].nb_name);
		if (c->nc_boot[i].nb_name != NULL && c->nc_boot[i].nb_fd >= 0)
			(void)close(c->nc_boot[i].nb_fd);
	}
}

static int
hexval(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
newfs_parse_uuid(const char *s, uint8_t uuid[16])
{
	for (unsigned i = 0; i < 16; i++) {
		int hi, lo;

		if (i == 4 || i == 6 || i == 8 || i == 10)
			if (*s++ != '-')
				return RUMP_EINVAL;
		hi = hexval(s[0]);
		lo = hi < 0 ? -1 : hexval(s[1]);
		if (lo < 0)
			return RUMP_EINVAL;
		uuid[i] = (uint8_t)(hi << 4 | lo);
		s += 2;
	}
	return *s == '\0' ? 0 : RUMP_EINVAL;
}

void
newfs_mark_uuid(uint8_t uuid[16])
{
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}
