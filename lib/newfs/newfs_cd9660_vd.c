/* SPDX-License-Identifier: BSD-2-Clause */
/* Volume descriptors (ECMA-119, 8; El Torito, 2). */
#include <string.h>

#include "newfs/newfs_cd9660_int.h"

#define EL_TORITO_SECTOR (CD9660_VD_FIRST + 1) /* it has to be that */

/* What cd9660_vd_disk has no names for: v_paths, v_names, v_rest. */
struct paths {
	both32_t p_size;
	le32_t p_l, p_l2;
	be32_t p_m, p_m2;
};
_Static_assert(sizeof(struct paths) == 24, "as in cd9660_vd_disk");
struct names {
	uint8_t n_set[128], n_publisher[128], n_preparer[128],
	    n_application[128];
	uint8_t n_copyright[37], n_abstract[37], n_biblio[37];
};
_Static_assert(sizeof(struct names) == 623, "as in cd9660_vd_disk");
struct rest {
	uint8_t r_expires[17], r_effective[17];
	uint8_t r_version; /* of the structure of files */
	uint8_t r_zeros[1166];
};
_Static_assert(sizeof(struct rest) == 1201, "as in cd9660_vd_disk");

/* Text in a field: padded with blanks; Joliet's is UTF-16. */
static void
text(const struct iso_tree *t, uint8_t *field, size_t size, const char *s)
{
	size_t n, len = s != NULL ? strlen(s) : 0;

	if (t->t_joliet) {
		size_t whole = size & ~(size_t)1;

		memset(field, 0, size);
		for (n = iso_utf16(s != NULL ? s : "", len, field, whole);
		     n < whole; n += 2)
			field[n + 1] = ' ';
		return;
	}
	memset(field, ' ', size);
	if (s != NULL)
		memcpy(field, s, len < size ? len : size);
}

static void
fill_names(
    const struct iso *is, const struct iso_tree *t, struct cd9660_vd_disk *vd)
{
	const char *const *s = is->i_c->nc_text;
	struct names n;

	text(t, vd->v_system, sizeof(vd->v_system), s[ISO_SYSTEM]);
	text(t, vd->v_label, sizeof(vd->v_label), is->i_o->no_label);
	text(t, n.n_set, sizeof(n.n_set), s[ISO_SET]);
	text(t, n.n_publisher, sizeof(n.n_publisher), s[ISO_PUBLISHER]);
	text(t, n.n_preparer, sizeof(n.n_preparer), s[ISO_PREPARER]);
	text(t, n.n_application, sizeof(n.n_application),
	    s[ISO_APPLICATION] != NULL ? s[ISO_APPLICATION]
				       : "FS-UTILS MAKEFS");
	text(t, n.n_copyright, sizeof(n.n_copyright), s[ISO_COPYRIGHT]);
	text(t, n.n_abstract, sizeof(n.n_abstract), s[ISO_ABSTRACT]);
	text(t, n.n_biblio, sizeof(n.n_biblio), s[ISO_BIBLIO]);
	memcpy(vd->v_names, &n, sizeof(n));
}

static void
fill_dates(const struct iso *is, struct cd9660_vd_disk *vd)
{
	struct rest r;

	memset(&r, 0, sizeof(r));
	iso_date17(vd->v_created, is->i_o->no_time);
	iso_date17(vd->v_modified, is->i_o->no_time);
	memset(r.r_expires, '0', sizeof(r.r_expires) - 1); /* never said */
	memset(r.r_effective, '0', sizeof(r.r_effective) - 1);
	r.r_version = 1;
	memcpy(vd->v_rest, &r, sizeof(r));
}

static int
write_vd(struct iso *is, const struct iso_tree *t, uint32_t sector)
{
	struct cd9660_vd_disk vd;
	struct paths p;

	memset(&vd, 0, sizeof(vd));
	vd.v_type = t->t_joliet ? CD9660_VD_SUPPL : CD9660_VD_PRIMARY;
	memcpy(vd.v_id, CD9660_MAGIC, sizeof(vd.v_id));
	vd.v_version = 1;
	if (t->t_joliet)
		memcpy(vd.v_escapes, "%/E", 3); /* UCS-2, level 3 */
	both32_put(&vd.v_blocks, (uint32_t)is->i_volume);
	both16_put(&vd.v_set, 1);
	both16_put(&vd.v_sequence, 1);
	both16_put(&vd.v_blksize, ISO_BLOCK);
	memset(&p, 0, sizeof(p));
	both32_put(&p.p_size, t->t_pathbytes);
	le32_put(&p.p_l, t->t_path_l);
	be32_put(&p.p_m, t->t_path_m);
	memcpy(vd.v_paths, &p, sizeof(p));
	iso_root_record(is, t, vd.v_root);
	fill_names(is, t, &vd);
	fill_dates(is, &vd);
	return iso_write(is, &vd, sizeof(vd), (uint64_t)sector * ISO_BLOCK);
}

static int
write_boot(struct iso *is)
{
	uint8_t b[ISO_BLOCK] = {CD9660_VD_BOOT};
	le32_t catalog;

	memcpy(b + 1, CD9660_MAGIC, 5);
	b[6] = 1;
	memcpy(b + 7, CD9660_ELT_ID, sizeof(CD9660_ELT_ID) - 1);
	le32_put(&catalog, is->i_catalog);
	memcpy(b + CD9660_ELT_CATALOG, &catalog, sizeof(catalog));
	return iso_write(is, b, sizeof(b), EL_TORITO_SECTOR * ISO_BLOCK);
}

unsigned
iso_vd_count(const struct iso *is)
{
	return 2 + (is->i_c->nc_nboot > 0) + iso_has(is, NC_JOLIET);
}

int
iso_vd_write(struct iso *is)
{
	uint8_t end[ISO_BLOCK] = {CD9660_VD_END};
	uint32_t sector = CD9660_VD_FIRST;
	int error;

	error = write_vd(is, &is->i_plain, sector++);
	if (error == 0 && is->i_c->nc_nboot > 0) {
		error = write_boot(is);
		sector++;
	}
	if (error == 0 && iso_has(is, NC_JOLIET))
		error = write_vd(is, &is->i_joliet, sector++);
	memcpy(end + 1, CD9660_MAGIC, 5);
	end[6] = 1;
	return error != 0
	    ? error
	    : iso_write(is, end, sizeof(end), (uint64_t)sector * ISO_BLOCK);
}
