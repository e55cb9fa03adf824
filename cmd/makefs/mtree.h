/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The syntax of mtree(5) manifests: lines, names, keywords.  What they mean for
 * the tree is scan_mtree.c's business.
 */
#ifndef MAKEFS_MTREE_H
#define MAKEFS_MTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct makefs_opts;

#define MK_TYPE	    0x0001u
#define MK_MODE	    0x0002u
#define MK_UID	    0x0004u
#define MK_GID	    0x0008u
#define MK_SIZE	    0x0010u
#define MK_TIME	    0x0020u
#define MK_LINK	    0x0040u
#define MK_DEVICE   0x0080u
#define MK_CONTENTS 0x0100u
#define MK_OPTIONAL 0x0200u
#define MK_INODE    0x0400u
#define MK_NLINK    0x0800u
#define MK_IGNORE   0x1000u

struct mtree_entry {
	uint32_t me_keys; /* MK_*: which of these are given */
	uint32_t me_type; /* RUMP_S_IF* */
	uint32_t me_mode, me_uid, me_gid, me_nsec;
	int64_t me_sec;
	uint64_t me_size, me_rdev, me_inode, me_nlink;
	char *me_name, *me_link, *me_contents; /* decoded, in the line */
};

struct mtree_reader {
	FILE *mr_file;
	const struct makefs_opts *mr_opts;
	unsigned long mr_line;	/* the last one read */
	char *mr_buf, *mr_next; /* a logical line; another piece of one */
	size_t mr_room, mr_nextroom;
	struct mtree_entry mr_set; /* /set */
	const char *mr_why;	   /* after an error */
	char mr_whybuf[160];
};

enum mtree_kind { MTREE_END, MTREE_ENTRY, MTREE_UP, MTREE_BAD };
/* The next entry, with /set's values where it has none; MTREE_BAD: mr_why. */
enum mtree_kind mtree_next(struct mtree_reader *mr, struct mtree_entry *me);
void mtree_done(struct mtree_reader *mr);

#endif /* MAKEFS_MTREE_H */
