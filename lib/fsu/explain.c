/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why an image can't be mounted, said so that the next command works: what it is
 * instead of a file system, and what unpacks it or which part of it was meant.
 */
#include <stdlib.h>
#include <string.h>

#include <rump/rumpuser.h>

#include "fsu_impl.h"

/* All types that an image can have, "ext2 ffs"; to be freed. */
char *
fsu_known_types(void)
{
	char buf[1024], *out, *p;
	ssize_t n, i;

	n = ukfs_vfstypes(buf, sizeof(buf));
	if (n > (ssize_t)sizeof(buf))
		n = sizeof(buf);
	out = p = fsu_calloc(1, sizeof(buf) + 1);
	for (i = 0; i < n; i += (ssize_t)strlen(buf + i) + 1) {
		/* These live in memory, or on the host's files. */
		if (strcmp(buf + i, "rumpfs") == 0 ||
		    strcmp(buf + i, "etfs") == 0)
			continue;
		if (p != out)
			*p++ = ' ';
		p = stpcpy(p, buf + i);
	}
	return out;
}

bool
fsu_type_known(const char *name)
{
	char *types = fsu_known_types(), *save, *w;
	bool known;

	known = false;
	for (w = strtok_r(types, " ", &save); w != NULL;
	     w = strtok_r(NULL, " ", &save))
		known = known || strcmp(w, name) == 0;
	free(types);
	return known;
}

/* A disk where a file system was expected: its partitions, as they are named. */
static void
explain_partitions(struct fsu *f)
{
	struct ukfs_parts parts;
	char why[UKFS_WHY];

	if (ukfs_part_list(
		rumpuser_file_fd(f->hf), f->image.im_words, &parts, why) != 0) {
		fsu_warnf(f, "%s", fsu_visible(why));
		return;
	}
	if (parts.ups_n == 0)
		fsu_warnf(f,
		    "has a partition table (%s) without partitions, no file "
		    "system",
		    parts.ups_table);
	else {
		fsu_warnf(f,
		    "has a partition table (%s), not a file system; name a "
		    "partition:",
		    parts.ups_table);
		fsu_part_print(stderr, f->image.im_path, &parts, 20, 0);
	}
	ukfs_part_list_free(&parts);
}

static void
explain_container(struct fsu *f, const struct fsu_contentinfo *ci)
{
	const char *hole;

	if (ci->ci_hint == NULL) {
		fsu_warnf(f, "is a %s, not a file system", ci->ci_name);
		return;
	}
	hole = strstr(ci->ci_hint, "%s");
	fsu_warnf(f,
	    "is a %s container, not a raw image; unpack it first: %.*s%s%s",
	    ci->ci_name, (int)(hole - ci->ci_hint), ci->ci_hint,
	    fsu_visible(f->image.im_path), hole + 2);
}

/* "an xfs": as the name is spoken. */
static const char *
article(const char *name)
{
	static const char *const an[] = {
	    "ffs", "f2fs", "hfs", "hfsplus", "hpfs", "lfs", "msdos", "ntfs"};
	size_t i;

	if (strchr("aeiox", name[0]) != NULL)
		return "an";
	for (i = 0; i < sizeof(an) / sizeof(an[0]); i++)
		if (strcmp(name, an[i]) == 0)
			return "an";
	return "a";
}

static void
explain_fs(struct fsu *f, const struct fsu_contentinfo *ci)
{
	const char *type = f->image.im_type, *name = ci->ci_name;
	char *types;

	if (ci->ci_content.uc_kind == UKFS_CONTENT_SWAP)
		fsu_warnf(f, "is a swap area, not a file system");
	else if (type != NULL && strcmp(fsu_type_alias(type), name) != 0)
		fsu_warnf(f,
		    "is not a valid %s file system; it looks like %s "
		    "(leave -t out)",
		    type, name);
	else if (type == NULL && !fsu_type_known(name)) {
		types = fsu_known_types();
		fsu_warnf(f,
		    "is %s %s file system; this build has no driver for it "
		    "(it has: %s)",
		    article(name), name, types);
		free(types);
	} else
		fsu_warnf(f, "looks like %s, but is damaged", name);
}

void
fsu_explain_content(struct fsu *f)
{
	struct fsu_contentinfo ci;
	const char *type = f->image.im_type;
	char *types;

	if (fsu_inspect(rumpuser_file_fd(f->hf), f->image.im_off,
		f->image.im_len, 0, &ci) != 0)
		ci.ci_kind = FSU_CONTENT_UNKNOWN;
	if (ci.ci_kind == FSU_CONTENT_CONTAINER) {
		explain_container(f, &ci);
		return;
	}
	if (ci.ci_kind == FSU_CONTENT_PARTTABLE) {
		explain_partitions(f);
		return;
	}
	if (f->loglines > 0)
		return; /* the driver has said it */
	if (ci.ci_kind == FSU_CONTENT_FS) {
		explain_fs(f, &ci);
		return;
	}
	types = fsu_known_types();
	if (ci.ci_kind == FSU_CONTENT_ZERO)
		fsu_warnf(
		    f, "has no file system in it (its beginning is all zero)");
	else if (ci.ci_kind == FSU_CONTENT_ARCHIVE)
		fsu_warnf(f, "is a %s archive, not an image", ci.ci_name);
	else if (type != NULL)
		fsu_warnf(f, "is not a valid %s file system", type);
	else
		fsu_warnf(f, "no file system found in it (known: %s)", types);
	free(types);
}
