/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things are in a FAT volume: pure arithmetic, shared by driver and formatter. */
#ifndef MSDOS_GEOM_H
#define MSDOS_GEOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct msdos_bpb32_disk;

struct msdos_geom {
	uint32_t mg_fat;      /* 12, 16 or 32 */
	uint32_t mg_sector;   /* bytes */
	uint32_t mg_cluster;  /* bytes */
	uint32_t mg_reserved; /* sectors */
	uint32_t mg_nfats;
	uint32_t mg_fatsectors;	       /* of one */
	uint32_t mg_rootents;	       /* 0 with FAT32 */
	uint64_t mg_sectors;	       /* in all */
	uint32_t mg_clusters;	       /* 2 .. mg_clusters + 1 */
	uint32_t mg_rootcluster;       /* FAT32 */
	uint32_t mg_fsinfo, mg_backup; /* FAT32: sectors; 0: none */
	uint64_t mg_rootoff; /* byte of the root directory (FAT12, FAT16) */
	uint64_t mg_dataoff; /* byte of cluster 2 */
};

/* One that is there: the boot sector's first bytes and the device's size.  Checks
 * every field and product.  Returns NULL, or what is wrong ("" in *whyp's place:
 * not a FAT at all). */
const char *msdos_geom_load(const struct msdos_bpb32_disk *bpb,
    uint64_t devsize, struct msdos_geom *mg);

/* A new one.  mg_* that are not 0 are wishes; the rest is chosen as mkfs.fat and
 * Windows do, for so many bytes.  Returns NULL or what can't be. */
const char *msdos_geom_make(uint64_t bytes, struct msdos_geom *mg);

/* The smallest with so many clusters; mg_cluster is given, mg_* else are wishes. */
const char *msdos_geom_fit(uint64_t clusters, struct msdos_geom *mg);

/* Bytes of a FAT's entry for that cluster: where it begins. */
static inline uint64_t
msdos_fat_off(uint32_t fat, uint32_t cluster)
{
	return fat == 12 ? (uint64_t)cluster + cluster / 2
	    : fat == 16	 ? (uint64_t)cluster * 2
			 : (uint64_t)cluster * 4;
}
static inline uint64_t
msdos_cluster_off(const struct msdos_geom *mg, uint32_t cluster)
{
	return mg->mg_dataoff + (uint64_t)(cluster - 2) * mg->mg_cluster;
}

#endif /* MSDOS_GEOM_H */
