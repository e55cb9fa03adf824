/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All partitions of a disk: of its table, and of tables in its partitions (a
 * disklabel in an MBR's slice, a whole disk in a partition), with what is in them.
 *
 * A partition that has a file system isn't searched for tables, but for disklabels
 * where its type says that there is one: BSD's slices begin with a file system as
 * well.  In what a disklabel names nothing is searched: its partitions may lie on
 * the label itself.  Tables inside of tables are followed LEVELS deep, and PARTS_MAX
 * partitions are listed at most.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ukfs_part.h"

#define LEVELS	  4
#define PARTS_MAX 1024

static int list_place(const struct part_place *p, const char *prefix,
    unsigned level, struct ukfs_parts *parts, char why[UKFS_WHY]);

static struct ukfs_part *
append(struct ukfs_parts *parts)
{
	struct ukfs_part *up;

	if ((parts->ups_n & (parts->ups_n - 1)) == 0) {
		up = realloc(parts->ups_part,
		    (parts->ups_n == 0 ? 1 : parts->ups_n * 2) * sizeof(*up));
		if (up == NULL)
			return NULL;
		parts->ups_part = up;
	}
	up = &parts->ups_part[parts->ups_n];
	memset(up, 0, sizeof(*up));
	return up;
}

static bool
is_bsd(const struct part_table *pt, const struct part_entry *pe)
{
	if (pt->scheme == PART_MBR)
		return pe->typebyte == 0xa5 || pe->typebyte == 0xa6 ||
		    pe->typebyte == 0xa9;
	return pt->scheme == PART_GPT && strstr(pe->type, "disklabel") != NULL;
}

static void
fill(struct ukfs_part *up, const struct part_place *p,
    const struct part_table *pt, const struct part_entry *pe)
{
	static const char *const schemes[] = {
	    "", "MBR", "GPT", "DISKLABEL", "PART"};

	up->up_scheme = schemes[pt->scheme];
	memcpy(up->up_table, pt->scheme_name, sizeof(up->up_table));
	up->up_number = pe->number;
	up->up_off = pe->off;
	up->up_len = pe->len;
	up->up_sector = pt->sector;
	memcpy(up->up_name, pe->name, sizeof(up->up_name));
	memcpy(up->up_uuid, pe->uuid, sizeof(up->up_uuid));
	memcpy(up->up_typeid, pe->typeid, sizeof(up->up_typeid));
	memcpy(up->up_type, pe->type, sizeof(up->up_type));
	up->up_container = pe->container;
	if (part_check_entry(p, pt, pe, up->up_problem) != 0)
		return;
	up->up_problem[0] = '\0';
	/* A disklabel's c and d say nothing of their own. */
	if (!pe->container && !(pt->scheme == PART_LABEL && pe->unused))
		ukfs_identify(p->fd, pe->off, pe->len, &up->up_content);
}

/* One entry, and what is inside of it. */
static int
list_entry(const struct part_place *p, const struct part_table *pt,
    const struct part_entry *pe, const char *prefix, unsigned level,
    struct ukfs_parts *parts, char why[UKFS_WHY])
{
	struct part_place in;
	struct ukfs_part *up;
	const char *words;
	char word[64];
	bool inside;
	int error;

	up = append(parts);
	if (up == NULL)
		return ENOMEM;
	part_word(word, sizeof(word), pt, pe->number);
	if (asprintf(&up->up_words, "%s%s%s", prefix,
		*prefix != '\0' ? "%" : "", word) == -1)
		return ENOMEM;
	up->up_level = level;
	parts->ups_n++;
	fill(up, p, pt, pe);
	inside = up->up_problem[0] == '\0' && !pe->container &&
	    pt->scheme != PART_LABEL && level + 1 < LEVELS &&
	    (is_bsd(pt, pe) || up->up_content.uc_kind == UKFS_CONTENT_NONE) &&
	    !(pe->off == p->off && pe->len == p->len);
	if (!inside)
		return 0;
	words = up->up_words; /* up moves */
	part_enter(p, pt, pe, &in);
	error = list_place(&in, words, level + 1, parts, why);
	/* No table, or one that is damaged: it is only one partition's. */
	return error == ENOMEM ? error : 0;
}

static int
list_table(const struct part_place *p, const struct part_table *pt,
    const char *prefix, unsigned level, struct ukfs_parts *parts,
    char why[UKFS_WHY])
{
	unsigned i;
	int error = 0;

	if (level == 0 && parts->ups_table[0] == '\0') {
		memcpy(parts->ups_table, pt->scheme_name,
		    sizeof(parts->ups_table));
		memcpy(parts->ups_id, pt->id, sizeof(parts->ups_id));
		snprintf(
		    parts->ups_note, sizeof(parts->ups_note), "%s", pt->note);
		parts->ups_sector = pt->sector;
	}
	for (i = 0; error == 0 && i < pt->n && parts->ups_n < PARTS_MAX; i++)
		error = list_entry(
		    p, pt, &pt->entry[i], prefix, level, parts, why);
	return error;
}

/* Is a label's place inside of one of the table's partitions? */
static bool
is_inside(const struct part_table *pt, uint64_t where)
{
	unsigned i;

	for (i = 0; i < pt->n; i++)
		if (where >= pt->entry[i].off &&
		    where - pt->entry[i].off < pt->entry[i].len)
			return true;
	return false;
}

static void
no_table_at_all(const struct part_place *p, char why[UKFS_WHY])
{
	struct ukfs_content uc;

	if (ukfs_identify(p->fd, p->off, p->len, &uc) == 0 &&
	    uc.uc_kind != UKFS_CONTENT_NONE)
		snprintf(why, UKFS_WHY, "has no partition table, but is %s",
		    uc.uc_type);
	else
		snprintf(why, UKFS_WHY, "has no partition table");
}

static int
list_place(const struct part_place *p, const char *prefix, unsigned level,
    struct ukfs_parts *parts, char why[UKFS_WHY])
{
	struct part_table pt, label;
	char spare[UKFS_WHY];
	int error, lerror;
	bool any;

	memset(&label, 0, sizeof(label));
	error = part_table_alloc(&pt);
	if (error == 0)
		error = part_table_alloc(&label);
	if (error == 0)
		error = part_blkid_table(p, &pt);
	if (error == 0)
		error = part_check(p, &pt);
	if (error != 0) {
		snprintf(why, UKFS_WHY, "%s", strerror(error));
		goto out;
	}
	if (pt.broken_from == 1) {
		snprintf(why, UKFS_WHY, "%s", pt.note);
		error = EUCLEAN;
		goto out;
	}
	any = pt.scheme != PART_NONE;
	if (any)
		error = list_table(p, &pt, prefix, level, parts, why);
	lerror = part_label_table(p, &label, any ? spare : why);
	if (error == 0 && lerror == 0 && label.scheme == PART_LABEL &&
	    !(any && is_inside(&pt, label.where))) {
		any = true;
		error = list_table(p, &label, prefix, level, parts, why);
	} else if (error == 0 && !any && lerror != 0)
		error = lerror;
	if (error == 0 && !any) {
		no_table_at_all(p, why);
		error = ENOENT;
	} else if (error == ENOMEM)
		snprintf(why, UKFS_WHY, "%s", strerror(error));
out:
	part_table_free(&pt);
	part_table_free(&label);
	return error;
}

int
ukfs_part_list(
    int hostfd, const char *words, struct ukfs_parts *parts, char why[UKFS_WHY])
{
	struct part_place p;
	char *prefix;
	size_t len;
	int error;

	memset(parts, 0, sizeof(*parts));
	prefix = strdup(words == NULL ? "" : words);
	if (prefix == NULL) {
		snprintf(why, UKFS_WHY, "%s", strerror(ENOMEM));
		errno = ENOMEM;
		return -1;
	}
	len = strlen(prefix);
	if (len > 0 && prefix[len - 1] == '%')
		prefix[len - 1] = '\0';
	error = part_start(hostfd, &p, why);
	if (error == 0)
		error = part_walk(&p, words, why);
	parts->ups_size = p.len;
	if (error == 0)
		error = list_place(&p, prefix, 0, parts, why);
	free(prefix);
	if (error == 0)
		return 0;
	ukfs_part_list_free(parts);
	errno = error;
	return -1;
}

void
ukfs_part_list_free(struct ukfs_parts *parts)
{
	size_t i;

	for (i = 0; i < parts->ups_n; i++)
		free(parts->ups_part[i].up_words);
	free(parts->ups_part);
	parts->ups_part = NULL;
	parts->ups_n = 0;
}
