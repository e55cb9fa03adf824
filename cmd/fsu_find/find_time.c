/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_find's tests of times.
 *
 * -mtime and its kin compare with a moment, to the nanosecond: N days are the
 * window (now - (N+1) days, now - N days], +N before it; -N is after now - N days
 * less a second, as GNU find has it.  -daystart puts midnight of today (of
 * tomorrow, for minutes) in the place of that moment.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fsu/timearg.h>

#include "find.h"

#define DAY 86400

const struct rump_timespec *
find_stamp_of(const struct rump_stat *st, enum find_stamp which)
{
	switch (which) {
	case FIND_ATIME:
		return &st->st_atim;
	case FIND_BTIME:
		return &st->st_birthtim;
	case FIND_CTIME:
		return &st->st_ctim;
	default:
		return &st->st_mtim;
	}
}

static int
compare(const struct rump_timespec *ts, int64_t sec, int32_t nsec)
{
	if (ts->tv_sec != sec)
		return ts->tv_sec < sec ? -1 : 1;
	return ts->tv_nsec < nsec ? -1 : ts->tv_nsec > nsec;
}

/* "[+-]1.5" times unit, as seconds and nanoseconds. */
static bool
parse_span(struct find_node *n, int64_t unit, int64_t *secp, int32_t *nsecp)
{
	const char *s = n->arg;
	double v;
	char *end;

	n->num.sign = '\0';
	if (*s == '+' || *s == '-')
		n->num.sign = *s++;
	if ((*s < '0' || *s > '9') && *s != '.')
		return false;
	v = strtod(s, &end);
	if (end == s || *end != '\0' || strpbrk(s, "xXpP") != NULL)
		return false;
	v *= (double)unit;
	if (v > 1e15)
		return false;
	*secp = (int64_t)v;
	*nsecp = (int32_t)((v - (double)*secp) * 1e9);
	return true;
}

/* -amin -cmin -mmin -atime -ctime -mtime */
int
find_parse_age(struct find_parser *p, struct find_node *n)
{
	const struct find_options *opt = &p->s->opt;
	const char *name = n->primary->name;
	bool minutes = strcmp(name + 1, "min") == 0;
	int64_t span;
	int32_t span_ns;

	n->x = name[0] == 'a' ? FIND_ATIME
	    : name[0] == 'c'  ? FIND_CTIME
			      : FIND_MTIME;
	n->arg = find_argument(p, n);
	if (n->arg == NULL)
		return FSU_USAGE;
	n->window = minutes ? 60 : DAY;
	if (!parse_span(n, n->window, &span, &span_ns))
		return find_bad_argument(n, n->arg);
	if (opt->daystart) {
		n->sec = opt->day_start + (minutes ? DAY : 0);
		n->nsec = 0;
	} else {
		n->sec = opt->start_sec - (minutes ? 0 : DAY);
		n->nsec = opt->start_nsec;
	}
	if (!minutes && n->num.sign == '-')
		n->sec += DAY - 1;
	n->sec -= span;
	n->nsec -= span_ns;
	if (n->nsec < 0) {
		n->sec--;
		n->nsec += 1000000000;
	}
	return FSU_OK;
}

bool
find_test_age(struct find_ctx *c, struct find_node *n)
{
	const struct rump_timespec *ts = find_stamp_of(c->st, n->x);
	int order = compare(ts, n->sec, n->nsec);

	if (n->num.sign == '+')
		return order < 0;
	if (n->num.sign == '-')
		return order > 0;
	return order > 0 && compare(ts, n->sec + n->window, n->nsec) <= 0;
}

int
find_parse_used(struct find_parser *p, struct find_node *n)
{
	n->arg = find_argument(p, n);
	if (n->arg == NULL)
		return FSU_USAGE;
	return parse_span(n, DAY, &n->sec, &n->nsec)
	    ? FSU_OK
	    : find_bad_argument(n, n->arg);
}

/* Days from the last change of status to the last access: N is the Nth day. */
bool
find_test_used(struct find_ctx *c, struct find_node *n)
{
	const struct rump_timespec *a = &c->st->st_atim, *b = &c->st->st_ctim;
	struct rump_timespec d = {.tv_sec = a->tv_sec - b->tv_sec,
	    .tv_nsec = a->tv_nsec - b->tv_nsec};
	int order;

	if (d.tv_nsec < 0) {
		d.tv_sec--;
		d.tv_nsec += 1000000000;
	}
	if (d.tv_sec < 0)
		return false;
	order = compare(&d, n->sec, n->nsec);
	if (n->num.sign == '+')
		return order > 0;
	if (n->num.sign == '-')
		return order < 0;
	return order < 0 && compare(&d, n->sec - DAY, n->nsec) >= 0;
}

/* ---- -newer ------------------------------------------------------------------------- */

static bool
stamp_letter(char letter, enum find_stamp *which)
{
	static const char letters[] = "aBcm";
	const char *at = letter != '\0' ? strchr(letters, letter) : NULL;

	if (at != NULL)
		*which = (enum find_stamp)(at - letters);
	return at != NULL;
}

bool
find_newer_word(const char *word, struct find_node *n)
{
	if (strncmp(word, "newer", 5) != 0 || strlen(word) != 7)
		return false;
	if (!stamp_letter(word[5], &n->x))
		return false;
	return word[6] == 't' || stamp_letter(word[6], &n->y);
}

/* -newer -anewer -cnewer -newerXY */
int
find_parse_newer(struct find_parser *p, struct find_node *n)
{
	const char *name = n->primary->name;

	n->arg = find_argument(p, n);
	if (n->arg == NULL)
		return FSU_USAGE;
	if (strcmp(name, "newerXY") != 0) {
		n->y = FIND_MTIME;
		n->x = name[0] == 'a' ? FIND_ATIME
		    : name[0] == 'c'  ? FIND_CTIME
				      : FIND_MTIME;
		return FSU_OK;
	}
	n->fold = n->word[strlen(n->word) - 1] == 't';
	if (n->fold &&
	    fsu_parse_date(n->arg, 0, p->s->opt.start_sec, p->s->opt.start_nsec,
		&n->sec, &n->nsec) != 0)
		return fsu_usage("%s is no date or time that is understood",
		    fsu_quote_msg(n->arg));
	return FSU_OK;
}

int
find_resolve_newer(struct find_ctx *c, struct find_node *n)
{
	const struct rump_timespec *ts;
	struct rump_stat st;
	int r;

	if (n->fold)
		return FSU_OK; /* a date */
	r = rump_sys_fstatat(RUMP_AT_FDCWD, n->arg, &st,
	    c->s->opt.follow == 'P' ? RUMP_AT_SYMLINK_NOFOLLOW : 0);
	if (r == -RUMP_ENOENT && c->s->opt.follow != 'P')
		r = rump_sys_lstat(n->arg, &st);
	if (r < 0) {
		find_error(c, n->arg, r);
		return FSU_USAGE;
	}
	ts = find_stamp_of(&st, n->y);
	if (ts->tv_nsec == RUMP_UTIME_OMIT) {
		fsu_errorf(
		    c->f, "%s: has no time of birth", fsu_visible(n->arg));
		return FSU_USAGE;
	}
	n->sec = ts->tv_sec;
	n->nsec = ts->tv_nsec;
	return FSU_OK;
}

bool
find_test_newer(struct find_ctx *c, struct find_node *n)
{
	const struct rump_timespec *ts = find_stamp_of(c->st, n->x);

	return ts->tv_nsec != RUMP_UTIME_OMIT &&
	    compare(ts, n->sec, n->nsec) > 0;
}
