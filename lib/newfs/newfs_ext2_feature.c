/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Features of ext2, ext3 and ext4 that the formatter makes: what each type has by
 * default (as mke2fs.conf says), a list of wishes applied to it, and what can't go
 * together.
 */
#include <string.h>

#include "newfs/newfs_ext2_int.h"

/* ---- features ----------------------------------------------------------- */

static const struct feature {
	const char *name;
	uint32_t compat, incompat, rocompat;
} features[] = {
    {"ext_attr", EXT2_FC_EXT_ATTR, 0, 0},
    {"resize_inode", EXT2_FC_RESIZE_INODE, 0, 0},
    {"dir_index", EXT2_FC_DIR_INDEX, 0, 0},
    {"filetype", 0, EXT2_FI_FILETYPE, 0},
    {"sparse_super", 0, 0, EXT2_FR_SPARSE_SUPER},
    {"large_file", 0, 0, EXT2_FR_LARGE_FILE},
    {"has_journal", EXT2_FC_HAS_JOURNAL, 0, 0},
    {"extent", 0, EXT2_FI_EXTENTS, 0},
    {"extents", 0, EXT2_FI_EXTENTS, 0},
    {"flex_bg", 0, EXT2_FI_FLEX_BG, 0},
    {"64bit", 0, EXT2_FI_64BIT, 0},
    {"metadata_csum_seed", 0, EXT2_FI_CSUM_SEED, 0},
    {"large_dir", 0, EXT2_FI_LARGEDIR, 0},
    {"huge_file", 0, 0, EXT2_FR_HUGE_FILE},
    {"uninit_bg", 0, 0, EXT2_FR_GDT_CSUM},
    {"dir_nlink", 0, 0, EXT2_FR_DIR_NLINK},
    {"extra_isize", 0, 0, EXT2_FR_EXTRA_ISIZE},
    {"metadata_csum", 0, 0, EXT2_FR_METADATA_CSUM},
};

/* One word of the list, "^" in front turns it off. */
static int
apply_feature(struct ext2_geom_want *want, const char *word, size_t len,
    char why[NEWFS_WHY])
{
	bool off = len > 0 && word[0] == '^';
	char known[NEWFS_WHY];

	if (off) {
		word++;
		len--;
	}
	if (len == 4 && memcmp(word, "none", 4) == 0) {
		want->gw_compat = want->gw_incompat = want->gw_rocompat = 0;
		return 0;
	}
	for (size_t i = 0; i < nitems(features); i++) {
		const struct feature *f = &features[i];

		if (strlen(f->name) != len || memcmp(f->name, word, len) != 0)
			continue;
		want->gw_compat &= ~f->compat;
		want->gw_incompat &= ~f->incompat;
		want->gw_rocompat &= ~f->rocompat;
		if (!off) {
			want->gw_compat |= f->compat;
			want->gw_incompat |= f->incompat;
			want->gw_rocompat |= f->rocompat;
		}
		return 0;
	}
	known[0] = '\0';
	for (size_t i = 0; i < nitems(features); i++) {
		strncat(
		    known, features[i].name, sizeof(known) - strlen(known) - 1);
		strncat(known, ", ", sizeof(known) - strlen(known) - 1);
	}
	return newfs_fail(why, EINVAL,
	    "cannot make feature '%.*s' (known: %snone)", (int)len, word,
	    known);
}

int
newfs_ext2_features(
    struct ext2_geom_want *want, const char *list, char why[NEWFS_WHY])
{
	while (list != NULL && *list != '\0') {
		size_t len = strcspn(list, ", ");
		int error;

		if (len > 0) {
			error = apply_feature(want, list, len, why);
			if (error != 0)
				return error;
		}
		list += len;
		list += strspn(list, ", ");
	}
	return 0;
}

void
newfs_ext2_type_features(const char *type, struct ext2_geom_want *want)
{
	want->gw_compat = EXT2_DEFAULT_COMPAT;
	want->gw_incompat = EXT2_DEFAULT_INCOMPAT;
	want->gw_rocompat = EXT2_DEFAULT_ROCOMPAT;
	if (type == NULL || strcmp(type, "ext2") == 0)
		return;
	want->gw_compat |= EXT2_FC_HAS_JOURNAL;
	if (strcmp(type, "ext3") == 0)
		return;
	want->gw_incompat |= EXT2_FI_EXTENTS | EXT2_FI_FLEX_BG | EXT2_FI_64BIT;
	want->gw_rocompat |= EXT2_FR_HUGE_FILE | EXT2_FR_METADATA_CSUM |
	    EXT2_FR_DIR_NLINK | EXT2_FR_EXTRA_ISIZE;
}

int
newfs_ext2_check_features(
    struct ext2_geom_want *want, const char *type, char why[NEWFS_WHY])
{
	if (want->gw_rev == EXT2_REV_OLD &&
	    (want->gw_compat | want->gw_incompat | want->gw_rocompat) != 0)
		return newfs_fail(
		    why, EINVAL, "%s of revision 0 has no features", type);
	if ((want->gw_compat & EXT2_FC_RESIZE_INODE) != 0 &&
	    (want->gw_rocompat & EXT2_FR_SPARSE_SUPER) == 0)
		return newfs_fail(why, EINVAL,
		    "without sparse_super there is no resize_inode: say "
		    "^sparse_super,^resize_inode");
	if ((want->gw_incompat & EXT2_FI_CSUM_SEED) != 0 &&
	    (want->gw_rocompat & EXT2_FR_METADATA_CSUM) == 0)
		return newfs_fail(why, EINVAL,
		    "metadata_csum_seed is of no use without metadata_csum");
	/* the better one of the two */
	if ((want->gw_rocompat & EXT2_FR_METADATA_CSUM) != 0)
		want->gw_rocompat &= ~EXT2_FR_GDT_CSUM;
	return 0;
}
