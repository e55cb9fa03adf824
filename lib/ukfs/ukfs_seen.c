/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ukfs(3): a set of directories.
 *
 * A directory has one name.  In a damaged or hostile image it may have more, and
 * then a walk that only looks out for a directory inside itself can take forever:
 * thirty directories, each twice in the one before, are 2^30 paths.
 *
 * Open addressing; (0, 0) marks a free slot, which no directory is.
 */
#include <stdlib.h>

#include "ukfs_impl.h"

static size_t
seen_slot(const struct ukfs_seen *s, uint64_t dev, uint64_t ino)
{
	size_t i;

	i = (size_t)((ino + dev * 31) * 0x9e3779b97f4a7c15u >> 20);
	for (;; i++) {
		i &= s->us_cap - 1;
		if ((s->us_tab[i].dev == 0 && s->us_tab[i].ino == 0) ||
		    (s->us_tab[i].dev == dev && s->us_tab[i].ino == ino))
			return i;
	}
}

static int
seen_grow(struct ukfs_seen *s)
{
	struct ukfs_seen old = *s;
	size_t i;

	s->us_cap = old.us_cap == 0 ? 64 : old.us_cap * 2;
	s->us_tab = calloc(s->us_cap, sizeof(*s->us_tab));
	if (s->us_tab == NULL) {
		*s = old;
		return -RUMP_ENOMEM;
	}
	for (i = 0; i < old.us_cap; i++)
		if (old.us_tab[i].dev != 0 || old.us_tab[i].ino != 0)
			s->us_tab[seen_slot(s, old.us_tab[i].dev,
			    old.us_tab[i].ino)] = old.us_tab[i];
	free(old.us_tab);
	return 0;
}

int
ukfs_seen_add(struct ukfs_seen *s, uint64_t dev, uint64_t ino)
{
	size_t i;

	if (s->us_n * 4 >= s->us_cap * 3 && seen_grow(s) != 0)
		return -RUMP_ENOMEM;
	i = seen_slot(s, dev, ino);
	if (s->us_tab[i].dev != 0 || s->us_tab[i].ino != 0)
		return 0;
	s->us_tab[i].dev = dev;
	s->us_tab[i].ino = ino;
	s->us_n++;
	return 1;
}

void
ukfs_seen_free(struct ukfs_seen *s)
{
	free(s->us_tab);
	*s = (struct ukfs_seen){0};
}
