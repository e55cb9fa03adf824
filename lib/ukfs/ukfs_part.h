/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside libukfs: partition tables.
 *
 *	ukfs_part.c	  words: their grammar, and the way from word to word
 *	ukfs_part_list.c  all partitions of a disk, with what is in them
 *	ukfs_part_blkid.c what libblkid knows: MBR, GPT and others; contents
 *	ukfs_part_check.c what libblkid doesn't say: why a table is no good
 *	ukfs_part_label.c BSD disklabels
 *
 * All of it reads through a host descriptor by offset and writes nothing.  Whoever
 * fails has put one line into why (without the image's name), and returns a positive
 * errno.
 */
#ifndef UKFS_PART_H
#define UKFS_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rump/ukfs.h>

/*
 * Where we are: a window, and the disk that it is on.  Offsets in the disklabels of
 * NetBSD and OpenBSD count from the disk's beginning, not from the slice's.
 */
struct part_place {
	int fd;
	uint64_t off, len;	     /* bytes of the host file */
	uint64_t disk_off, disk_len; /* ... of the disk */
	uint32_t sector;
	unsigned slice; /* the MBR's type byte, 0 if not in an MBR's slice */
};

enum part_scheme {
	PART_NONE, /* no table */
	PART_MBR,
	PART_GPT,
	PART_LABEL, /* BSD disklabel */
	PART_OTHER, /* what else libblkid knows */
};

#define PART_MAX       256 /* entries of a table that are looked at */
#define PART_LETTERS   22  /* a .. v */
#define PART_NAME_SIZE 128

struct part_entry {
	unsigned number;   /* from 1; DISKLABEL: 1 is a */
	uint64_t off, len; /* bytes of the host file; may lie outside of it */
	char name[PART_NAME_SIZE], uuid[40];
	char typeid[40], type[40];
	unsigned typebyte; /* MBR: its type; disklabel: p_fstype */
	bool container;	   /* MBR: an extended partition */
	bool unused;	   /* disklabel: of no type, as is the whole disk */
};

struct part_table {
	enum part_scheme scheme;
	char scheme_name[16]; /* as users say it: "MBR", "GPT", "sun" */
	char id[40];	      /* the disk's own */
	uint32_t sector;
	uint64_t where; /* byte of the host file: PART_LABEL */
	char note[256]; /* what is odd, though it could be read; else "" */
	unsigned
	    broken_from; /* note says why numbers from here on are no good; 0 */
	unsigned n;
	struct part_entry *entry; /* room for PART_MAX */
};

int part_table_alloc(struct part_table *pt);
void part_table_free(struct part_table *pt);
/* The entry of a number, or NULL. */
const struct part_entry *part_entry(
    const struct part_table *pt, unsigned number);
/* Bytes at off of the host file: how many there were, at most len; -1: errno. */
ssize_t part_read(int fd, void *buf, size_t len, uint64_t off);
/* The size of a file or device in bytes.  0 or an errno. */
int part_host_size(int fd, uint64_t *sizep);

/* libblkid's table at the place (scheme PART_NONE: none).  0 or an errno. */
int part_blkid_table(const struct part_place *p, struct part_table *pt);

/* The disklabel of the place: PART_NONE if there is none; *why filled, EUCLEAN, if
 * there is one that is no good. */
int part_label_table(
    const struct part_place *p, struct part_table *pt, char why[UKFS_WHY]);

/* Does the MBR say that there is a GPT? */
bool part_is_protective(const struct part_place *p);
/* After part_blkid_table: tables that are damaged get broken or a note.  0 or an
 * errno. */
int part_check(const struct part_place *p, struct part_table *pt);
/* What is wrong with one entry: it isn't inside the disk, or meets another.  An
 * errno, and *why; 0: nothing. */
int part_check_entry(const struct part_place *p, const struct part_table *pt,
    const struct part_entry *pe, char why[UKFS_WHY]);

/* A word for an entry: "MBR:2", "DISKLABEL:a". */
void part_word(
    char *buf, size_t size, const struct part_table *pt, unsigned number);
/* The place inside an entry. */
void part_enter(const struct part_place *p, const struct part_table *pt,
    const struct part_entry *pe, struct part_place *inside);
/* Carry out words from p on: the last place in *p.  A positive errno. */
int part_walk(struct part_place *p, const char *words, char why[UKFS_WHY]);
int part_start(int fd, struct part_place *p, char why[UKFS_WHY]);
/* A disklabel at the place, or in one of its MBR's slices of a BSD type: *p is
 * moved into the slice. */
int part_find_label(
    struct part_place *p, struct part_table *pt, char why[UKFS_WHY]);
/* Has the host file a disklabel that can be used (or one that is damaged)? */
bool part_has_label(int fd);
/* "1, 2, 5" or "a, b": the numbers there are. */
void part_numbers(char *buf, size_t size, const struct part_table *pt);

#endif /* UKFS_PART_H */
