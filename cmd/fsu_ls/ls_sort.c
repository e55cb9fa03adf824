/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The orders.  Every file gets a 64-bit rank first (the beginning of its name, a
 * time, a size), so that most comparisons are one of integers; ties go on to the
 * rest, names last.  Where the locale collates, strcoll() decides each time: glibc's
 * strxfrm() doesn't order all names as it does.
 */
#include <stdlib.h>
#include <string.h>

#include "ls.h"

/* The first bytes of a text as a number that sorts alike. */
static uint64_t
prefix_rank(const char *s)
{
	uint64_t rank = 0;

	for (int shift = 56; shift >= 0 && *s != '\0'; shift -= 8)
		rank |= (uint64_t)(unsigned char)*s++ << shift;
	return rank;
}

/* "" where there is none. */
static const char *
extension(const struct ls_file *file)
{
	const char *dot = strrchr(file->name, '.');

	return dot != NULL ? dot : "";
}

static bool
shown_as_dir(const struct ls_file *file)
{
	return file->type == RUMP_DT_DIR ||
	    (file->target_mode & RUMP_S_IFMT) == RUMP_S_IFDIR;
}

static int
compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int
compare_names(const struct ls_file *a, const struct ls_file *b)
{
	int diff = fsu_locale_collates ? strcoll(a->name, b->name) : 0;

	return diff != 0 ? diff : strcmp(a->name, b->name);
}

static int
compare_extensions(const struct ls_file *a, const struct ls_file *b)
{
	return fsu_locale_collates ? strcoll(extension(a), extension(b))
				   : strcmp(extension(a), extension(b));
}

/* Nanoseconds of files whose seconds are equal, newest first. */
static int
compare_ns(const struct ls_options *opt, const struct ls_file *a,
    const struct ls_file *b)
{
	int32_t na = ls_time_of(opt, a->st)->tv_nsec;
	int32_t nb = ls_time_of(opt, b->st)->tv_nsec;

	return na > nb ? -1 : na < nb;
}

static int
compare(const void *pa, const void *pb, void *arg)
{
	const struct ls_file *a = *(struct ls_file *const *)pa;
	const struct ls_file *b = *(struct ls_file *const *)pb;
	const struct ls_options *opt = arg;
	int diff = 0;

	if (opt->dirs_first) {
		diff = shown_as_dir(b) - shown_as_dir(a);
		if (diff != 0)
			return diff;
	}
	diff = compare_u64(a->rank, b->rank);
	if (diff == 0 && opt->sort == LS_BY_TIME && a->stat_ok && b->stat_ok)
		diff = compare_ns(opt, a, b);
	if (diff == 0 && opt->sort == LS_BY_EXTENSION)
		diff = compare_extensions(a, b);
	if (diff == 0 && opt->sort == LS_BY_VERSION) {
		diff = fsu_version_compare(
		    a->name, a->name_len, b->name, b->name_len);
		if (diff == 0)
			diff = strcmp(a->name, b->name);
	}
	if (diff == 0)
		diff = compare_names(a, b);
	return opt->reverse ? -diff : diff;
}

static uint64_t
rank_of(const struct ls_options *opt, const struct ls_listing *l,
    const struct ls_file *file)
{
	switch (opt->sort) {
	case LS_BY_NAME:
		return fsu_locale_collates ? 0 : prefix_rank(file->name);
	case LS_BY_TIME:
		/* What couldn't be asked has time 0, as with GNU ls. */
		return ~(
		    (file->stat_ok ? (uint64_t)ls_time_of(opt, file->st)->tv_sec
				   : 0) ^
		    (uint64_t)1 << 63);
	case LS_BY_SIZE:
		return file->stat_ok ? ~file->st->st_size : UINT64_MAX;
	case LS_BY_WIDTH:
		return ls_name_width(opt, l, file);
	default:
		return 0;
	}
}

void
ls_sort(const struct ls_options *opt, struct ls_listing *l)
{
	if (opt->sort == LS_UNSORTED || l->n == 0)
		return;
	for (size_t i = 0; i < l->n; i++)
		l->files[i]->rank = rank_of(opt, l, l->files[i]);
	qsort_r(
	    l->files, l->n, sizeof(*l->files), compare, (void *)(uintptr_t)opt);
}
