/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words that name a part of an image: grammar, and the way from word to word.
 *
 *	words = word { '%' word } [ '%' ]
 *	word  = ("MBR" | "PART") ':' number
 *	      | "GPT" ':' ( number | "name=" text | "uuid=" text )
 *	      | "DISKLABEL" ':' letter
 *	      | "OFFSET" ':' size [ ',' size ]
 *
 * Each is carried out in the place that the ones before led to.  A place also
 * knows the disk that it is on (struct part_place): an MBR's slice stays on its
 * disk, since a disklabel in it may count from there; any other partition, and what
 * is inside it, is a disk of its own, but for OFFSET, of which nobody knows.
 *
 * Which names are files is the caller's affair: no path is looked at here.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ukfs_part.h"

enum word { W_LABEL, W_MBR, W_GPT, W_PART, W_OFFSET, W_NONE };
static const char *const word_names[] = {
    "DISKLABEL", "MBR", "GPT", "PART", "OFFSET"};

#define VALUE_MAX 160

/* A word, taken apart. */
struct parsed {
	enum word w;
	char value[VALUE_MAX];
	unsigned number; /* DISKLABEL: 1 is a; GPT: 0 if not by number */
	const char *name, *uuid; /* into value, or NULL */
	uint64_t off, size;	 /* OFFSET; size 0: to the end */
};

/* ---- reading --------------------------------------------------------------------- */

ssize_t
part_read(int fd, void *buf, size_t len, uint64_t off)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < len; done += (size_t)n) {
		n = pread(
		    fd, (char *)buf + done, len - done, (off_t)(off + done));
		if (n == -1 && errno == EINTR) {
			n = 0;
			continue;
		}
		if (n == -1)
			return -1;
		if (n == 0)
			break;
	}
	return (ssize_t)done;
}

int
part_host_size(int fd, uint64_t *sizep)
{
	off_t before, end;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return errno;
	if (S_ISREG(st.st_mode)) {
		*sizep = (uint64_t)st.st_size;
		return 0;
	}
	before = lseek(fd, 0, SEEK_CUR);
	end = lseek(fd, 0, SEEK_END);
	if (end == -1)
		return errno;
	lseek(fd, before, SEEK_SET);
	*sizep = (uint64_t)end;
	return 0;
}

int
part_table_alloc(struct part_table *pt)
{
	memset(pt, 0, sizeof(*pt));
	pt->entry = calloc(PART_MAX, sizeof(pt->entry[0]));
	return pt->entry == NULL ? ENOMEM : 0;
}

void
part_table_free(struct part_table *pt)
{
	free(pt->entry);
	pt->entry = NULL;
}

const struct part_entry *
part_entry(const struct part_table *pt, unsigned number)
{
	unsigned i;

	for (i = 0; i < pt->n; i++)
		if (pt->entry[i].number == number)
			return &pt->entry[i];
	return NULL;
}

/* ---- grammar --------------------------------------------------------------------- */

/* The word at s and where its value is; W_NONE: none. */
static enum word
word_at(const char *s, const char **valuep, size_t *lenp)
{
	size_t i, len;

	for (i = 0; i < W_NONE; i++) {
		len = strlen(word_names[i]);
		if (strncmp(s, word_names[i], len) == 0 && s[len] == ':') {
			*valuep = s + len + 1;
			*lenp = strcspn(*valuep, "%");
			return (enum word)i;
		}
	}
	return W_NONE;
}

bool
ukfs_part_suffix(const char *arg, const char **wordsp)
{
	const char *p, *s, *value;
	size_t len = strlen(arg), vlen;

	if (len == 0 || arg[len - 1] != '%')
		return false;
	for (p = strchr(arg, '%'); p != NULL; p = strchr(p + 1, '%')) {
		if (p == arg || p[1] == '\0')
			continue;
		for (s = p + 1; *s != '\0'; s = value + vlen + 1)
			if (word_at(s, &value, &vlen) == W_NONE ||
			    value[vlen] != '%')
				break;
		if (*s == '\0') {
			*wordsp = p + 1;
			return true;
		}
	}
	return false;
}

static int
bad_word(char why[UKFS_WHY], const char *s, const char *right)
{
	snprintf(why, UKFS_WHY, "'%.*s' is no partition; say %s",
	    (int)strcspn(s, "%"), s, right);
	return EINVAL;
}

static bool
parse_number(const char *s, unsigned *np)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)*s) || strlen(s) > 5)
		return false;
	n = strtoul(s, &end, 10);
	*np = (unsigned)n;
	return *end == '\0' && n > 0;
}

static bool
parse_offset(struct parsed *w)
{
	char copy[VALUE_MAX], *comma;

	memcpy(copy, w->value, sizeof(copy));
	comma = strchr(copy, ',');
	w->size = 0;
	if (comma != NULL) {
		*comma = '\0';
		if (ukfs_parse_size(comma + 1, &w->size) != 0 || w->size == 0)
			return false;
	}
	return ukfs_parse_size(copy, &w->off) == 0;
}

static int
parse_value(struct parsed *w, const char *s, char why[UKFS_WHY])
{
	const char *v = w->value;

	switch (w->w) {
	case W_LABEL:
		w->number = (unsigned)tolower((unsigned char)v[0]) - 'a' + 1;
		if (!isalpha((unsigned char)v[0]) || v[1] != '\0' ||
		    w->number > PART_LETTERS)
			return bad_word(
			    why, s, "DISKLABEL:a (a letter, a to v)");
		return 0;
	case W_GPT:
		if (strncmp(v, "name=", 5) == 0 && v[5] != '\0')
			w->name = v + 5;
		else if (strncmp(v, "uuid=", 5) == 0 && v[5] != '\0')
			w->uuid = v + 5;
		else if (!parse_number(v, &w->number))
			return bad_word(
			    why, s, "GPT:1, GPT:name=NAME or GPT:uuid=UUID");
		return 0;
	case W_MBR:
		if (!parse_number(v, &w->number))
			return bad_word(why, s, "MBR:1 (logical ones from 5)");
		return 0;
	case W_PART:
		if (!parse_number(v, &w->number))
			return bad_word(why, s, "PART:1");
		return 0;
	default:
		if (!parse_offset(w))
			return bad_word(why, s,
			    "OFFSET:off or OFFSET:off,size (bytes, or 63s, "
			    "32k, 1m ..)");
		return 0;
	}
}

/* The next word at *sp; *sp moves behind it. */
static int
parse_word(const char **sp, struct parsed *w, char why[UKFS_WHY])
{
	const char *s = *sp, *value;
	size_t len;

	memset(w, 0, sizeof(*w));
	w->w = word_at(s, &value, &len);
	if (w->w == W_NONE)
		return bad_word(why, s,
		    "OFFSET:off[,size], DISKLABEL:a, MBR:1, GPT:1 or PART:1");
	if (len >= sizeof(w->value)) {
		snprintf(why, UKFS_WHY, "'%s:%.20s..' is too long",
		    word_names[w->w], value);
		return EINVAL;
	}
	memcpy(w->value, value, len);
	*sp = value + len;
	if (**sp == '%')
		(*sp)++;
	return parse_value(w, s, why);
}

int
ukfs_part_words(const char *words, char why[UKFS_WHY])
{
	struct parsed w;
	int error = 0;

	while (error == 0 && *words != '\0')
		error = parse_word(&words, &w, why);
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

/* ---- saying what there is ------------------------------------------------------------ */

void
part_word(char *buf, size_t size, const struct part_table *pt, unsigned number)
{
	if (pt->scheme == PART_LABEL)
		snprintf(buf, size, "DISKLABEL:%c", 'a' + (int)number - 1);
	else
		snprintf(buf, size, "%s:%u",
		    pt->scheme == PART_OTHER ? "PART" : pt->scheme_name,
		    number);
}

void
part_numbers(char *buf, size_t size, const struct part_table *pt)
{
	size_t len = 0;
	unsigned i;
	int n;

	buf[0] = '\0';
	for (i = 0; i < pt->n && len + 8 < size; i++) {
		n = pt->scheme == PART_LABEL
		    ? snprintf(buf + len, size - len, "%s%c", i ? ", " : "",
			  'a' + (int)pt->entry[i].number - 1)
		    : snprintf(buf + len, size - len, "%s%u", i ? ", " : "",
			  pt->entry[i].number);
		len += (size_t)n;
	}
	if (i < pt->n)
		snprintf(buf + len, size - len, " ..");
}

/* "1 (root), 2 (swap)" */
static void
list_names(char *buf, size_t size, const struct part_table *pt)
{
	const struct part_entry *pe;
	size_t len = 0;
	unsigned i;

	buf[0] = '\0';
	for (i = 0; i < pt->n; i++) {
		pe = &pt->entry[i];
		if (len + strlen(pe->name) + 24 > size) {
			snprintf(buf + len, size - len, " ..");
			break;
		}
		len += (size_t)snprintf(buf + len, size - len, "%s%u (%s)",
		    i ? ", " : "", pe->number,
		    pe->name[0] != '\0' ? pe->name : "no name");
	}
}

static void
no_such(char why[UKFS_WHY], const struct part_table *pt, const struct parsed *w)
{
	char numbers[160];

	if (w->name != NULL)
		list_names(numbers, sizeof(numbers), pt);
	else
		part_numbers(numbers, sizeof(numbers), pt);
	if (pt->n == 0)
		snprintf(why, UKFS_WHY, "%s:%s: the %s there has no partitions",
		    word_names[w->w], w->value,
		    pt->scheme == PART_LABEL ? "disklabel" : "table");
	else
		snprintf(why, UKFS_WHY, "%s:%s: the %s has partition%s %s",
		    word_names[w->w], w->value,
		    pt->scheme == PART_LABEL ? "disklabel" : "table",
		    pt->n == 1 ? "" : "s", numbers);
}

/* There is no table of the kind asked for: what is there instead? */
static int
no_table(const struct part_place *p, const struct part_table *pt,
    const struct parsed *w, char why[UKFS_WHY])
{
	const char *want = w->w == W_LABEL ? "BSD disklabel"
	    : w->w == W_PART		   ? "partition table"
					   : word_names[w->w];
	struct ukfs_content uc;
	char numbers[160], word[64];

	if (pt->scheme != PART_NONE && pt->n > 0) {
		part_numbers(numbers, sizeof(numbers), pt);
		part_word(word, sizeof(word), pt, pt->entry[0].number);
		snprintf(why, UKFS_WHY,
		    "%s:%s: there is no %s but %s (%s) with partition%s %s: "
		    "say %s",
		    word_names[w->w], w->value, want,
		    pt->scheme == PART_LABEL ? "a disklabel" : "a table",
		    pt->scheme_name, pt->n == 1 ? "" : "s", numbers, word);
	} else if (ukfs_identify(p->fd, p->off, p->len, &uc) == 0 &&
	    uc.uc_kind != UKFS_CONTENT_NONE)
		snprintf(why, UKFS_WHY,
		    "%s:%s: there is no %s, but %s: leave %s:%s out",
		    word_names[w->w], w->value, want, uc.uc_type,
		    word_names[w->w], w->value);
	else
		snprintf(why, UKFS_WHY,
		    "%s:%s: there is no %s; if you know where it begins, say "
		    "OFFSET:off[,size]",
		    word_names[w->w], w->value, want);
	return ENOENT;
}

/* ---- from word to word ----------------------------------------------------------------- */

void
part_enter(const struct part_place *p, const struct part_table *pt,
    const struct part_entry *pe, struct part_place *inside)
{
	*inside = *p;
	inside->off = pe->off;
	inside->len = pe->len;
	inside->sector = pt->sector;
	inside->slice = pt->scheme == PART_MBR ? pe->typebyte : 0;
	if (pt->scheme == PART_MBR) {
		inside->disk_off = p->off;
		inside->disk_len = p->len;
	} else {
		inside->disk_off = pe->off;
		inside->disk_len = pe->len;
	}
}

static int
use_entry(struct part_place *p, const struct part_table *pt,
    const struct part_entry *pe, char why[UKFS_WHY])
{
	struct part_place inside;
	char word[64];
	int error;

	error = part_check_entry(p, pt, pe, why);
	if (error != 0)
		return error;
	if (pe->container) {
		part_word(word, sizeof(word), pt, pe->number);
		if (part_entry(pt, 5) != NULL)
			snprintf(why, UKFS_WHY,
			    "%s is an extended partition; name one of the "
			    "logical ones in it, from MBR:5 on",
			    word);
		else
			snprintf(why, UKFS_WHY,
			    "%s is an extended partition without logical ones "
			    "in it",
			    word);
		return ENOENT;
	}
	part_enter(p, pt, pe, &inside);
	*p = inside;
	return 0;
}

/* Is s the GUID that libblkid writes as uuid?  In either case of letters. */
static const struct part_entry *
find_entry(const struct part_table *pt, const struct parsed *w, unsigned *found)
{
	const struct part_entry *pe = NULL;
	unsigned i;

	*found = 0;
	for (i = 0; i < pt->n; i++) {
		if (w->name != NULL ? strcmp(pt->entry[i].name, w->name) != 0
			: w->uuid != NULL
			? strcasecmp(pt->entry[i].uuid, w->uuid) != 0
			: pt->entry[i].number != w->number)
			continue;
		if ((*found)++ == 0)
			pe = &pt->entry[i];
	}
	return pe;
}

int
part_find_label(struct part_place *p, struct part_table *pt, char why[UKFS_WHY])
{
	struct part_table mbr;
	struct part_place in;
	unsigned i;
	int error;

	error = part_table_alloc(&mbr);
	if (error == 0)
		error = part_blkid_table(p, &mbr);
	if (error != 0)
		snprintf(why, UKFS_WHY, "%s", strerror(error));
	pt->scheme = PART_NONE;
	for (i = 0; error == 0 && mbr.scheme == PART_MBR && i < mbr.n; i++) {
		if (mbr.entry[i].typebyte != 0xa5 &&
		    mbr.entry[i].typebyte != 0xa6 &&
		    mbr.entry[i].typebyte != 0xa9)
			continue;
		if (part_check_entry(p, &mbr, &mbr.entry[i], why) != 0)
			continue;
		part_enter(p, &mbr, &mbr.entry[i], &in);
		error = part_label_table(&in, pt, why);
		if (error == 0 && pt->scheme == PART_LABEL) {
			*p = in;
			break;
		}
	}
	if (error == 0 && pt->scheme == PART_NONE)
		error = part_label_table(p, pt, why);
	/* For the words: what is there instead. */
	if (error == 0 && pt->scheme == PART_NONE) {
		struct part_entry *room = pt->entry;

		*pt = mbr;
		mbr.entry = room;
	}
	part_table_free(&mbr);
	return error;
}

static int
walk_label(struct part_place *p, struct part_table *pt, const struct parsed *w,
    char why[UKFS_WHY])
{
	const struct part_entry *pe;
	int error;

	error = part_find_label(p, pt, why);
	if (error != 0)
		return error;
	if (pt->scheme != PART_LABEL)
		return no_table(p, pt, w, why);
	pe = part_entry(pt, w->number);
	if (pe == NULL) {
		no_such(why, pt, w);
		return ENOENT;
	}
	return use_entry(p, pt, pe, why);
}

static int
walk_table(struct part_place *p, struct part_table *pt, const struct parsed *w,
    char why[UKFS_WHY])
{
	const struct part_entry *pe;
	unsigned found;
	int error;

	error = part_blkid_table(p, pt);
	if (error == 0)
		error = part_check(p, pt);
	if (error != 0) {
		snprintf(why, UKFS_WHY, "%s", strerror(error));
		return error;
	}
	if (pt->scheme == PART_NONE && w->w == W_PART)
		error = part_label_table(p, pt, why);
	if (error != 0)
		return error;
	if (pt->broken_from == 1) {
		snprintf(why, UKFS_WHY, "%s:%s: %s", word_names[w->w], w->value,
		    pt->note);
		return EUCLEAN;
	}
	if (pt->scheme == PART_NONE ||
	    (w->w == W_MBR && pt->scheme != PART_MBR) ||
	    (w->w == W_GPT && pt->scheme != PART_GPT))
		return no_table(p, pt, w, why);
	pe = find_entry(pt, w, &found);
	if (found > 1) {
		snprintf(why, UKFS_WHY,
		    "GPT:%s: %u partitions have it; say GPT:%u ..", w->value,
		    found, pe->number);
		return ENOENT;
	}
	if (pe == NULL) {
		if (pt->broken_from != 0 && w->number >= pt->broken_from)
			snprintf(why, UKFS_WHY, "%s:%s: %s", word_names[w->w],
			    w->value, pt->note);
		else
			no_such(why, pt, w);
		return ENOENT;
	}
	return use_entry(p, pt, pe, why);
}

static int
walk_offset(struct part_place *p, const struct parsed *w, char why[UKFS_WHY])
{
	if (w->off >= p->len || w->size > p->len - w->off) {
		snprintf(why, UKFS_WHY,
		    "OFFSET:%s: the window is outside of the %llu bytes that "
		    "there are",
		    w->value, (unsigned long long)p->len);
		return ERANGE;
	}
	p->off += w->off;
	p->len = w->size != 0 ? w->size : p->len - w->off;
	p->slice = 0;
	return 0;
}

int
part_walk(struct part_place *p, const char *words, char why[UKFS_WHY])
{
	struct part_table pt;
	struct parsed w;
	int error;

	error = part_table_alloc(&pt);
	if (error != 0) {
		snprintf(why, UKFS_WHY, "%s", strerror(error));
		return error;
	}
	while (error == 0 && words != NULL && *words != '\0') {
		error = parse_word(&words, &w, why);
		if (error != 0)
			break;
		if (w.w == W_OFFSET)
			error = walk_offset(p, &w, why);
		else if (w.w == W_LABEL)
			error = walk_label(p, &pt, &w, why);
		else
			error = walk_table(p, &pt, &w, why);
	}
	part_table_free(&pt);
	return error;
}

int
part_start(int fd, struct part_place *p, char why[UKFS_WHY])
{
	int error;

	memset(p, 0, sizeof(*p));
	p->fd = fd;
	p->sector = 512;
	error = part_host_size(fd, &p->len);
	if (error != 0)
		snprintf(why, UKFS_WHY, "%s", strerror(error));
	p->disk_len = p->len;
	return error;
}

int
ukfs_part_find(
    int hostfd, const char *words, struct ukfs_window *pw, char why[UKFS_WHY])
{
	struct part_place p;
	int error;

	error = part_start(hostfd, &p, why);
	if (error == 0)
		error = part_walk(&p, words, why);
	if (error != 0) {
		errno = error;
		return -1;
	}
	pw->pw_off = p.off;
	pw->pw_len = p.len;
	pw->pw_sector = p.sector;
	return 0;
}

bool
part_has_label(int fd)
{
	struct part_table pt;
	struct part_place p;
	char why[UKFS_WHY];
	int error;

	error = part_start(fd, &p, why);
	if (error == 0)
		error = part_table_alloc(&pt);
	if (error != 0)
		return false;
	error = part_find_label(&p, &pt, why);
	part_table_free(&pt);
	return error == EUCLEAN || (error == 0 && pt.scheme == PART_LABEL);
}
