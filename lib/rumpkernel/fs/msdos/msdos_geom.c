/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See msdos_geom.h.  The type follows from the number of clusters alone, as the
 * specification says; the defaults of a new volume follow its tables and what
 * mkfs.fat does where it has none.
 */
#include "fs/msdos/msdos_geom.h"
#include "fs/msdos/msdos_ondisk.h"

static bool
power_of_two(uint64_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

static uint64_t
up(uint64_t x, uint64_t unit)
{
	return x / unit + (x % unit != 0);
}

/* ---- one that is there ------------------------------------------------------- */

static const char *
load_sizes(const struct msdos_bpb_disk *b, struct msdos_geom *mg)
{
	mg->mg_sector = le16_get(b->bp_sector);
	mg->mg_cluster = mg->mg_sector * b->bp_spc;
	mg->mg_reserved = le16_get(b->bp_reserved);
	mg->mg_nfats = b->bp_nfats;
	mg->mg_rootents = le16_get(b->bp_rootents);
	mg->mg_sectors = le16_get(b->bp_sectors16);
	if (mg->mg_sectors == 0)
		mg->mg_sectors = le32_get(b->bp_sectors32);
	if (!power_of_two(mg->mg_sector) || mg->mg_sector < MSDOS_MIN_SECTOR ||
	    mg->mg_sector > MSDOS_MAX_SECTOR)
		return "the sector size is no power of two from 512 to 4096";
	if (!power_of_two(b->bp_spc))
		return "sectors in a cluster are no power of two";
	if (mg->mg_cluster > MSDOS_MAX_CLUSTER)
		return "a cluster is larger than 64 KiB";
	if (mg->mg_reserved == 0)
		return "there are no reserved sectors";
	if (mg->mg_nfats == 0)
		return "there is no FAT";
	if (mg->mg_sectors == 0)
		return "it has no sectors";
	return NULL;
}

static const char *
load_fat32(const struct msdos_bpb32_disk *b3, struct msdos_geom *mg)
{
	if (le16_get(b3->b3_version) != 0)
		return "a version of FAT32 that isn't known";
	if (mg->mg_rootents != 0)
		return "FAT32 with a root directory of FAT16";
	mg->mg_rootcluster = le32_get(b3->b3_root);
	mg->mg_fsinfo = le16_get(b3->b3_fsinfo);
	mg->mg_backup = le16_get(b3->b3_backup);
	if (mg->mg_fsinfo == 0 || mg->mg_fsinfo >= mg->mg_reserved)
		mg->mg_fsinfo = 0;
	if (mg->mg_backup == 0 || mg->mg_backup >= mg->mg_reserved)
		mg->mg_backup = 0;
	return NULL;
}

/* The layout: offsets, clusters, type.  All sizes are set. */
static const char *
lay_out(struct msdos_geom *mg)
{
	uint64_t meta, rootsec, data;

	rootsec = up((uint64_t)mg->mg_rootents * MSDOS_DIRENT, mg->mg_sector);
	meta = mg->mg_reserved + (uint64_t)mg->mg_nfats * mg->mg_fatsectors +
	    rootsec;
	if (meta >= mg->mg_sectors)
		return "its FATs leave no room for clusters";
	data = (mg->mg_sectors - meta) / (mg->mg_cluster / mg->mg_sector);
	if (data == 0)
		return "it has no clusters";
	if (data > MSDOS_FAT32_MAX)
		return "it has more clusters than FAT32 can count";
	mg->mg_clusters = (uint32_t)data;
	mg->mg_rootoff = (meta - rootsec) * mg->mg_sector;
	mg->mg_dataoff = meta * mg->mg_sector;
	return NULL;
}

const char *
msdos_geom_load(
    const struct msdos_bpb32_disk *b3, uint64_t devsize, struct msdos_geom *mg)
{
	const struct msdos_bpb_disk *b = &b3->b3_common;
	const char *why;

	*mg = (struct msdos_geom){0};
	why = load_sizes(b, mg);
	if (why != NULL)
		return why;
	mg->mg_fatsectors = le16_get(b->bp_fatsectors16);
	if (mg->mg_fatsectors == 0) {
		mg->mg_fat = 32;
		mg->mg_fatsectors = le32_get(b3->b3_fatsectors);
		why = load_fat32(b3, mg);
		if (why != NULL)
			return why;
	}
	if (mg->mg_fatsectors == 0)
		return "its FATs have no sectors";
	why = lay_out(mg);
	if (why != NULL)
		return why;
	if (mg->mg_fat == 0)
		mg->mg_fat = mg->mg_clusters <= MSDOS_FAT12_MAX ? 12 : 16;
	if (mg->mg_fat == 16 && mg->mg_clusters > MSDOS_FAT16_MAX)
		return "it has more clusters than FAT16 can count";
	if (mg->mg_fat != 32 && mg->mg_rootents == 0)
		return "it has no root directory";
	if (mg->mg_fat == 32 &&
	    (mg->mg_rootcluster < MSDOS_FIRST_CLUSTER ||
		mg->mg_rootcluster - MSDOS_FIRST_CLUSTER >= mg->mg_clusters))
		return "its root directory is outside of its clusters";
	/* Clusters that the FAT has no entries for can't be used. */
	if (msdos_fat_off(mg->mg_fat, mg->mg_clusters + 1) + 2 >
	    (uint64_t)mg->mg_fatsectors * mg->mg_sector)
		return "its FAT is too small for its clusters";
	if (devsize / mg->mg_sector < mg->mg_sectors)
		return "it is larger than the device";
	return NULL;
}

/* ---- a new one ---------------------------------------------------------------- */

/* Cluster sizes of FAT32 by volume size, as the specification's table has them. */
struct by_size {
	uint64_t most; /* bytes */
	uint32_t cluster;
};
#define DEFAULT_CLUSTER 2048u /* of FAT12 and FAT16 */
#define M		(UINT64_C(1) << 20)
#define G		(UINT64_C(1) << 30)

static const struct by_size fat32_clusters[] = {
    {260 * M, 512},
    {8 * G, 4096},
    {16 * G, 8192},
    {32 * G, 16384},
    {UINT64_MAX, 32768},
};

static uint32_t
by_table(const struct by_size *t, uint64_t bytes)
{
	while (bytes > t->most)
		t++;
	return t->cluster;
}

/* Bytes of a FAT for so many clusters: of FAT12 the last may have but half of its
 * second byte. */
static uint64_t
fat_bytes(uint32_t fat, uint64_t clusters)
{
	return msdos_fat_off(fat, (uint32_t)clusters + 2) +
	    (fat == 12 && clusters % 2 == 1);
}

/* How many sectors a FAT needs for the clusters that are left beside it. */
static void
fit_fat(struct msdos_geom *mg)
{
	uint64_t spc = mg->mg_cluster / mg->mg_sector;
	uint64_t rootsec = up(
	    (uint64_t)mg->mg_rootents * MSDOS_DIRENT, mg->mg_sector);
	uint64_t lo = 1, hi = mg->mg_sectors, mid, meta, clusters, need;

	/* More sectors for the FAT mean fewer clusters: search where they meet. */
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		meta = mg->mg_reserved + mg->mg_nfats * mid + rootsec;
		clusters = meta < mg->mg_sectors ? (mg->mg_sectors - meta) / spc
						 : 0;
		need = up(fat_bytes(mg->mg_fat, clusters), mg->mg_sector);
		if (need <= mid)
			hi = mid;
		else
			lo = mid + 1;
	}
	mg->mg_fatsectors = (uint32_t)lo;
}

/* Close to where one type ends others count differently: none is made there. */
static const char *
check_count(const struct msdos_geom *mg)
{
	if (mg->mg_fat == 12 && mg->mg_clusters > MSDOS_FAT12_MAX)
		return "FAT12 holds up to 4084 clusters: larger clusters, or "
		       "another FAT";
	if (mg->mg_fat == 16 && mg->mg_clusters < MSDOS_FAT16_MIN)
		return "FAT16 needs at least 4087 clusters: smaller clusters, "
		       "or another FAT";
	if (mg->mg_fat == 16 && mg->mg_clusters > MSDOS_FAT16_MAX)
		return "FAT16 holds up to 65524 clusters: larger clusters, or "
		       "FAT32";
	if (mg->mg_fat == 32 && mg->mg_clusters < MSDOS_FAT32_MIN)
		return "FAT32 needs at least 65529 clusters: smaller clusters, "
		       "or another FAT";
	return NULL;
}

/* All that doesn't follow from the size. */
static const char *
make_fixed(struct msdos_geom *mg)
{
	if (mg->mg_sector == 0)
		mg->mg_sector = MSDOS_MIN_SECTOR;
	if (!power_of_two(mg->mg_sector) || mg->mg_sector < MSDOS_MIN_SECTOR ||
	    mg->mg_sector > MSDOS_MAX_SECTOR)
		return "a sector has 512 to 4096 bytes, a power of two";
	if (mg->mg_cluster != 0 &&
	    (mg->mg_cluster < mg->mg_sector ||
		mg->mg_cluster > MSDOS_MAX_CLUSTER ||
		!power_of_two(mg->mg_cluster)))
		return "a cluster has 1 to 128 sectors, a power of two, and "
		       "64 KiB at most";
	if (mg->mg_reserved == 0)
		mg->mg_reserved = mg->mg_fat == 32 ? 32 : 1;
	if (mg->mg_reserved > UINT16_MAX)
		return "there are at most 65535 reserved sectors";
	if (mg->mg_nfats == 0)
		mg->mg_nfats = 2;
	if (mg->mg_fat == 32) {
		mg->mg_rootents = 0;
		mg->mg_rootcluster = MSDOS_FIRST_CLUSTER;
		if (mg->mg_reserved < 3)
			return "FAT32 needs at least 3 reserved sectors";
		mg->mg_fsinfo = 1;
		mg->mg_backup = mg->mg_reserved >= 8 ? 6 : 0;
	} else if (mg->mg_rootents == 0) {
		mg->mg_rootents = 512;
	}
	return mg->mg_rootents > UINT16_MAX
	    ? "the root directory of FAT12 and FAT16 has 65535 entries at most"
	    : NULL;
}

static const char *
make_cluster(uint64_t bytes, struct msdos_geom *mg)
{
	const char *why;

	mg->mg_sectors = bytes / mg->mg_sector;
	if (mg->mg_sectors > UINT32_MAX)
		return "FAT has at most 2^32 - 1 sectors: larger sectors";
	/* A FAT has four bytes for a cluster at most: so many are none. */
	if (mg->mg_sectors / (mg->mg_cluster / mg->mg_sector) >
	    (uint64_t)MSDOS_FAT32_MAX + MSDOS_FAT32_MAX / 64)
		return "it has more clusters than FAT32 can count";
	fit_fat(mg);
	if (mg->mg_fat != 32 && mg->mg_fatsectors > UINT16_MAX)
		return "its FAT is larger than FAT12 and FAT16 can say";
	why = lay_out(mg);
	return why != NULL ? why : check_count(mg);
}

/* The type is known; where the cluster isn't: of FAT12 and FAT16 2 KiB if that will
 * do, else more, else less. */
static const char *
make_with(uint64_t bytes, struct msdos_geom *mg, bool usual)
{
	const char *why = make_fixed(mg), *first;
	uint32_t start = DEFAULT_CLUSTER, c;

	if (why != NULL)
		return why;
	if (mg->mg_cluster != 0)
		return make_cluster(bytes, mg);
	if (mg->mg_fat == 32)
		start = by_table(fat32_clusters, bytes);
	if (start < mg->mg_sector)
		start = mg->mg_sector;
	mg->mg_cluster = start;
	first = make_cluster(bytes, mg);
	if (first == NULL || usual || mg->mg_fat == 32)
		return first;
	for (c = start * 2; c <= MSDOS_MAX_CLUSTER; c *= 2) {
		mg->mg_cluster = c;
		if (make_cluster(bytes, mg) == NULL)
			return NULL;
	}
	for (c = start / 2; c >= mg->mg_sector; c /= 2) {
		mg->mg_cluster = c;
		if (make_cluster(bytes, mg) == NULL)
			return NULL;
	}
	return first;
}

const char *
msdos_geom_make(uint64_t bytes, struct msdos_geom *mg)
{
	static const uint32_t small[] = {12, 16, 32}, large[] = {32, 16, 12};
	const uint32_t *order = bytes >= 512 * M ? large : small;
	struct msdos_geom wish = *mg;
	const char *why = NULL, *first = NULL;

	if (wish.mg_fat != 0)
		return make_with(bytes, mg, false);
	for (unsigned i = 0; i < 3; i++) {
		*mg = wish;
		mg->mg_fat = order[i];
		why = make_with(bytes, mg, order[i] == 12 && order == small);
		if (why == NULL)
			return NULL;
		if (first == NULL || (i == 1 && order == small))
			first = why;
	}
	return first;
}

const char *
msdos_geom_fit(uint64_t clusters, struct msdos_geom *mg)
{
	uint64_t spc, rootsec, fat, bytes;
	const char *why;

	if (mg->mg_fat == 0)
		mg->mg_fat = clusters <= MSDOS_FAT12_MAX ? 12
		    : clusters <= MSDOS_FAT16_MAX	 ? 16
							 : 32;
	why = make_fixed(mg);
	if (why != NULL)
		return why;
	if (clusters > MSDOS_FAT32_MAX)
		return "it has more clusters than FAT32 can count";
	if (clusters == 0)
		clusters = 1;
	if (mg->mg_fat == 16 && clusters < MSDOS_FAT16_MIN)
		clusters = MSDOS_FAT16_MIN;
	if (mg->mg_fat == 32 && clusters < MSDOS_FAT32_MIN)
		clusters = MSDOS_FAT32_MIN;
	spc = mg->mg_cluster / mg->mg_sector;
	rootsec = up((uint64_t)mg->mg_rootents * MSDOS_DIRENT, mg->mg_sector);
	fat = up(fat_bytes(mg->mg_fat, clusters), mg->mg_sector);
	bytes = (mg->mg_reserved + mg->mg_nfats * fat + rootsec +
		    clusters * spc) *
	    mg->mg_sector;
	return make_cluster(bytes, mg);
}
