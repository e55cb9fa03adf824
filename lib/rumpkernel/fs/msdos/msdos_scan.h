/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a directory's entries, for the three files that do: msdos_scan.c goes through
 * them, msdos_dir.c finds, enters and removes names, msdos_tree.c has what directories
 * are to each other ("..", where one's own entry is) and lists them.
 */
#ifndef MSDOS_SCAN_H
#define MSDOS_SCAN_H

#include "fs/msdos/msdos.h"

struct msdos_scan {
	struct msdos_node *s_np;
	uint32_t s_off; /* of the next entry */
	uint32_t s_end; /* bytes of the directory */
	/* the block in hand, and which part of the directory it is */
	struct buf *s_bp;
	uint32_t s_from, s_to;
	uint64_t s_devoff; /* of s_from */
	/* the name that was found */
	uint16_t s_name[MSDOS_LN_PIECES * MSDOS_LN_CHARS];
	size_t s_len;
	bool s_islong;
	struct msdos_found s_f;
	/* a long name being put together */
	uint32_t s_first; /* entry of its first piece */
	uint8_t s_want;	  /* the next piece's number; 0: none is expected */
	uint8_t s_pieces, s_sum;
	bool s_whole;
};

/* From byte off of the directory on; free it with msdos_scan_free().  NULL: ENOMEM. */
struct msdos_scan *msdos_scan_new(struct msdos_node *np, uint32_t off);
void msdos_scan_free(struct msdos_scan *s);
/* Start again, there. */
void msdos_scan_init(struct msdos_scan *s, struct msdos_node *np, uint32_t off);
void msdos_scan_done(struct msdos_scan *s);
/* The next name ("." and ".." are none): s_name, s_len, s_f.  ENOENT at the end; then
 * s_off is the first entry that was never used. */
int msdos_scan_next(struct msdos_scan *s);
/* The entry at s_off, whatever it is, in the block in hand. */
int msdos_scan_entry(struct msdos_scan *s, struct msdos_dirent_disk **dep);

uint32_t msdos_dir_bytes(const struct msdos_node *np);
/* Where byte off of the directory is on the device; the entry there, in bp, busy. */
int msdos_dir_place(struct msdos_node *np, uint32_t off, uint64_t *devoffp);
int msdos_dir_entry(struct msdos_node *np, uint32_t off, struct buf **bpp,
    struct msdos_dirent_disk **dep);
/* Zeros in all of a cluster that becomes a directory's. */
int msdos_dir_zero(struct msdos_mount *m, uint32_t cluster);

#endif /* MSDOS_SCAN_H */
