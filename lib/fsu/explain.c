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

static void
explain_partitions(struct fsu *f, const struct fsu_contentinfo *ci)
{
	const struct fsu_partinfo *pi;
	unsigned i;

	fsu_warnf(f, "has a partition table (%s), not a file system; name %s",
	    ci->ci_name,
	    ci->ci_nparts == 0 ? "a partition by %OFFSET:off,size%"
			       : "a partition:");
	for (i = 0; i < ci->ci_nparts; i++) {
		pi = &ci->ci_part[i];
		fprintf(stderr, "  %s%%OFFSET:%llu,%llu%%    # partition %u",
		    fsu_visible(f->image.im_path),
		    (unsigned long long)(f->image.im_off + pi->pi_off),
		    (unsigned long long)pi->pi_len, pi->pi_number);
		if (pi->pi_type != 0)
			fprintf(stderr, ", type 0x%02x", pi->pi_type);
		fputc('\n', stderr);
	}
}

static void
explain_container(struct fsu *f, const struct fsu_contentinfo *ci)
{
	const char *hole = strstr(ci->ci_hint, "%s");

	fsu_warnf(f,
	    "is a %s container, not a raw image; unpack it first: %.*s%s%s",
	    ci->ci_name, (int)(hole - ci->ci_hint), ci->ci_hint,
	    fsu_visible(f->image.im_path), hole + 2);
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
	if (ci.ci_kind == FSU_CONTENT_CONTAINER && ci.ci_hint != NULL) {
		explain_container(f, &ci);
		return;
	}
	if (ci.ci_kind == FSU_CONTENT_PARTTABLE) {
		explain_partitions(f, &ci);
		return;
	}
	if (f->loglines > 0)
		return; /* the driver has said it */
	types = fsu_known_types();
	if (ci.ci_kind == FSU_CONTENT_ZERO)
		fsu_warnf(
		    f, "has no file system in it (its beginning is all zero)");
	else if (ci.ci_kind == FSU_CONTENT_ARCHIVE)
		fsu_warnf(f, "is a %s archive, not an image", ci.ci_name);
	else if (type != NULL)
		fsu_warnf(f, "is not a valid %s file system", type);
	else if (ci.ci_kind == FSU_CONTENT_FS && !fsu_type_known(ci.ci_name))
		fsu_warnf(f,
		    "looks like %s, which this build can't read (it has: %s)",
		    ci.ci_name, types);
	else if (ci.ci_kind == FSU_CONTENT_FS)
		fsu_warnf(f, "looks like %s, but is damaged", ci.ci_name);
	else
		fsu_warnf(f, "no file system found in it (known: %s)", types);
	free(types);
}
