/* SPDX-License-Identifier: BSD-2-Clause */
/* The -o option: what the file system itself is to be like. */
#include <stdlib.h>
#include <string.h>

#include "fsu/fsu.h"
#include "makefs.h"

static int
bad(const char *name, const char *value)
{
	return fsu_usage(
	    "-o %s: bad value '%s'", name, value != NULL ? value : "");
}

static int
number(const char *name, const char *value, uint64_t most, uint32_t *out)
{
	uint64_t n;

	if (value == NULL || fsu_parse_size(value, &n) != 0 || n > most)
		return bad(name, value);
	*out = (uint32_t)n;
	return FSU_OK;
}

/* "uid:gid", numbers or names. */
static int
owner(struct makefs_opts *mo, const char *value)
{
	const char *colon = value != NULL ? strchr(value, ':') : NULL;
	char *user, *end;
	bool good;

	if (colon == NULL)
		return bad("owner", value);
	user = fsu_strndup(value, (size_t)(colon - value));
	mo->mo_uid = (uint32_t)strtoul(user, &end, 10);
	good = *user != '\0' &&
	    (*end == '\0' || userdb_uid(mo, user, &mo->mo_uid));
	free(user);
	if (!good)
		return bad("owner", value);
	mo->mo_gid = (uint32_t)strtoul(colon + 1, &end, 10);
	if (colon[1] == '\0' ||
	    (*end != '\0' && !userdb_gid(mo, colon + 1, &mo->mo_gid)))
		return bad("owner", value);
	mo->mo_owner_set = true;
	return FSU_OK;
}

static int
uuid(const char *name, const char *value, uint8_t out[16], bool *set)
{
	*set = value != NULL && newfs_parse_uuid(value, out) == 0;
	return *set ? FSU_OK : bad(name, value);
}

static int
reserved(struct makefs_opts *mo, const char *value)
{
	char *end;
	double d = value != NULL ? strtod(value, &end) : -1;

	if (value == NULL || end == value || !(d >= 0 && d <= 50) ||
	    (*end != '\0' && strcmp(end, "%") != 0))
		return bad("minfree", value);
	mo->mo_newfs.no_reserved_ppm = (uint32_t)(d * 10000 + 0.5);
	return FSU_OK;
}

/* Features pile up: "features=^dir_index", or the plain "^dir_index". */
static int
feature(struct makefs_opts *mo, const char *value)
{
	char *old = mo->mo_features;

	if (value == NULL)
		return bad("features", value);
	mo->mo_features = old != NULL ? fsu_asprintf("%s,%s", old, value)
				      : fsu_strdup(value);
	for (char *p = mo->mo_features; *p != '\0'; p++)
		if (*p == '+' || *p == ':')
			*p = ','; /* commas end options */
	free(old);
	mo->mo_newfs.no_features = mo->mo_features;
	return FSU_OK;
}

static int
type_option(struct makefs_opts *mo, const struct newfs_typeopt *to,
    const char *name, const char *value)
{
	char why[NEWFS_WHY] = "";

	return newfs_typeopt_set(to, &mo->mo_newfs, value, why) != 0
	    ? fsu_usage("-o %s: %s", name, fsu_visible(why))
	    : FSU_OK;
}

static int
option(struct makefs_opts *mo, const char *name, const char *value)
{
	const struct newfs_typeopt *to = newfs_typeopt(mo->mo_type, 0, name);
	struct newfs_opts *o = &mo->mo_newfs;

	if (to != NULL)
		return type_option(mo, to, name, value);
	if (strcmp(name, "label") == 0) {
		if (value == NULL)
			return bad(name, value);
		free(mo->mo_label);
		o->no_label = mo->mo_label = fsu_strdup(value);
		return FSU_OK;
	}
	if (strcmp(name, "uuid") == 0)
		return uuid(name, value, o->no_uuid, &mo->mo_uuid_set);
	if (strcmp(name, "hash_seed") == 0)
		return uuid(name, value, o->no_hash_seed, &mo->mo_seed_set);
	if (strcmp(name, "bsize") == 0 || strcmp(name, "blocksize") == 0)
		return number(name, value, UINT32_MAX, &mo->mo_block);
	if (strcmp(name, "isize") == 0 || strcmp(name, "inodesize") == 0)
		return number(name, value, UINT32_MAX, &o->no_inode_bytes);
	if (strcmp(name, "density") == 0) {
		uint32_t n = 0;
		int status = number(name, value, UINT32_MAX, &n);

		o->no_ratio = n;
		return status;
	}
	if (strcmp(name, "version") == 0 || strcmp(name, "rev") == 0)
		return number(name, value, 1, &o->no_rev);
	if (strcmp(name, "minfree") == 0 || strcmp(name, "reserved") == 0)
		return reserved(mo, value);
	if (strcmp(name, "features") == 0)
		return feature(mo, value);
	if (name[0] == '^' && value == NULL)
		return feature(mo, name);
	if (strcmp(name, "owner") == 0)
		return owner(mo, value);
	if (strcmp(name, "verbose") == 0) {
		mo->mo_verbose = true;
		return FSU_OK;
	}
	if (strcmp(name, "sparse") == 0) {
		if (value == NULL ||
		    (strcmp(value, "content") != 0 &&
			strcmp(value, "map") != 0))
			return bad(name, value);
		mo->mo_sparse_content = strcmp(value, "content") == 0;
		return FSU_OK;
	}
	return fsu_usage("-o: unknown option '%s' (label, uuid, hash_seed, "
			 "bsize, isize, density, version, minfree, features, "
			 "owner, sparse, verbose%s)",
	    fsu_visible(name),
	    mo->mo_type->nt_typeopts != NULL ? "; the type's own are in "
					       "makefs(8)"
					     : "");
}

int
makefs_fsoptions(struct makefs_opts *mo, const char *list)
{
	char *copy = fsu_strdup(list), *save = NULL;
	int status = FSU_OK;

	for (char *w = strtok_r(copy, ",", &save);
	     w != NULL && status == FSU_OK; w = strtok_r(NULL, ",", &save)) {
		char *value = strchr(w, '=');

		if (value != NULL)
			*value++ = '\0';
		status = option(mo, w, value);
	}
	free(copy);
	return status;
}
