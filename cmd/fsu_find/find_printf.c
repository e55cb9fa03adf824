/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_find's -printf: a format is cut into segments once, and each is printed
 * for every file.  Flags, width and precision are those of printf(3); a value is
 * a text to them but for %m (octal), %d (decimal) and %S.
 */
#include <stdlib.h>
#include <string.h>

#include "find.h"

struct segment {
	char letter; /* the directive; NUL: a text */
	char sub;    /* of %A %B %C %T: the letter behind it */
	char *text;  /* the text, or printf's format for the value */
	size_t len;  /* of the text */
	bool plain;  /* neither flags nor width nor precision */
};

struct find_format {
	size_t n;
	struct segment *seg;
};

#define DIRECTIVES "abBcdDfFgGhHiklmMnpPsStTuUyYAC"
#define TIMES	   "ABCT"

/* ---- parsing ------------------------------------------------------------------------- */

struct text {
	char *s;
	size_t len;
};

static struct segment *
add_segment(struct find_format *fmt)
{
	fmt->seg = fsu_realloc(fmt->seg, (fmt->n + 1) * sizeof(*fmt->seg));
	memset(&fmt->seg[fmt->n], 0, sizeof(*fmt->seg));
	return &fmt->seg[fmt->n++];
}

static void
text_add(struct text *t, const char *s, size_t len)
{
	t->s = fsu_realloc(t->s, t->len + len + 1);
	memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

static void
end_text(struct find_format *fmt, struct text *t)
{
	struct segment *seg;

	seg = add_segment(fmt);
	seg->text = t->s != NULL ? t->s : fsu_strdup("");
	seg->len = t->len;
	t->s = NULL;
	t->len = 0;
}

/* What follows a backslash; returns what follows that.  NULL: \c. */
static const char *
parse_escape(const char *s, struct text *t)
{
	static const char letters[] = "abfnrtv\\",
			  values[] = "\a\b\f\n\r\t\v\\";
	const char *at;
	unsigned v;
	char ch;
	int i;

	if (*s == '\0') {
		fsu_msg("warning: a \\ at the end of a format");
		text_add(t, "\\", 1);
		return s;
	}
	if (*s == 'c')
		return NULL;
	if (*s >= '0' && *s <= '7') {
		for (v = 0, i = 0; i < 3 && *s >= '0' && *s <= '7'; i++, s++)
			v = v * 8 + (unsigned)(*s - '0');
		ch = (char)v;
		text_add(t, &ch, 1);
		return s;
	}
	at = strchr(letters, *s);
	if (at != NULL) {
		text_add(t, &values[at - letters], 1);
		return s + 1;
	}
	fsu_msg("warning: unrecognized escape '\\%c'", *s);
	text_add(t, s - 1, 2);
	return s + 1;
}

static char
conversion_of(char letter)
{
	switch (letter) {
	case 'm':
		return 'o';
	case 'd':
		return 'd';
	case 'S':
		return 'g';
	}
	return 's';
}

/* A directive, s at what follows its %; NULL: it is cut off. */
static const char *
parse_directive(const char *s, struct find_format *fmt, struct text *t)
{
	const char *begin = s;
	struct segment *seg;
	char sub = '\0';
	size_t len;

	s += strspn(s, "-+ #0");
	s += strspn(s, "0123456789");
	if (*s == '.') {
		s++;
		s += strspn(s, "0123456789");
	}
	if (*s == '%') {
		text_add(t, begin - (s > begin), (size_t)(s - begin) + 1);
		return s + 1;
	}
	if (*s != '\0' && strchr(TIMES, *s) != NULL) {
		sub = s[1];
		if (sub == '\0') { /* nothing that could be printed */
			text_add(t, begin - 1, (size_t)(s - begin) + 2);
			return s + 1;
		}
	}
	if (*s == '\0') {
		fsu_usage("a %% at the end of a format");
		return NULL;
	}
	if (strchr(DIRECTIVES, *s) == NULL) {
		fsu_msg("warning: unrecognized format directive '%%%c'", *s);
		text_add(t, begin - 1, (size_t)(s - begin) + 2);
		return s + 1;
	}
	if (t->len > 0)
		end_text(fmt, t);
	len = (size_t)(s - begin);
	seg = add_segment(fmt);
	seg->letter = *s;
	seg->sub = sub;
	seg->plain = len == 0;
	/* printf(3) doesn't define + # 0 for texts; - is what counts. */
	seg->text = fsu_asprintf(
	    "%%%.*s%c", (int)len, begin, conversion_of(*s));
	return s + 1 + (sub != '\0');
}

static struct find_format *
parse_format(const char *s)
{
	struct find_format *fmt = fsu_calloc(1, sizeof(*fmt));
	struct text t = {NULL, 0};

	while (s != NULL && *s != '\0') {
		if (*s == '\\') {
			s = parse_escape(s + 1, &t); /* NULL: \\c ends it */
		} else if (*s == '%') {
			s = parse_directive(s + 1, fmt, &t);
			if (s == NULL) {
				free(t.s);
				find_format_free(fmt);
				return NULL;
			}
		} else
			text_add(&t, s++, 1);
	}
	if (t.len > 0)
		end_text(fmt, &t);
	return fmt;
}

void
find_format_free(struct find_format *fmt)
{
	size_t i;

	if (fmt == NULL)
		return;
	for (i = 0; i < fmt->n; i++)
		free(fmt->seg[i].text);
	free(fmt->seg);
	free(fmt);
}

int
find_parse_printf(struct find_parser *p, struct find_node *n)
{
	if (find_parse_output(p, n) != FSU_OK)
		return FSU_USAGE;
	n->arg = find_argument(p, n);
	if (n->arg == NULL)
		return FSU_USAGE;
	n->format = parse_format(n->arg);
	return n->format != NULL ? FSU_OK : FSU_USAGE;
}

/* ---- times ------------------------------------------------------------------------------- */

/* "Sat Feb  3 04:05:06.1234567890 2001", in English as ctime(3) */
static size_t
long_time(char *buf, size_t size, const struct rump_timespec *ts)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[FSU_TIME_CHARS], rest[FSU_TIME_CHARS];
	int wday, mon, used;

	fsu_time_format(text, sizeof(text), "%w %m %e %H:%M:%S", ts->tv_sec, 0);
	fsu_time_format(rest, sizeof(rest), "%Y", ts->tv_sec, 0);
	if (sscanf(text, "%1d %2d%n", &wday, &mon, &used) != 2 || wday > 6 ||
	    mon < 1 || mon > 12)
		return (size_t)snprintf(buf, size, "%lld.%09d0",
		    (long long)ts->tv_sec, ts->tv_nsec);
	return (size_t)snprintf(buf, size, "%.3s %.3s%s.%09d0 %s",
	    days + 3 * wday, months + 3 * (mon - 1), text + used, ts->tv_nsec,
	    rest);
}

/* Before 1970 the fraction still counts upwards, as GNU find prints it. */
static size_t
seconds(char *buf, size_t size, const struct rump_timespec *ts)
{
	return (size_t)snprintf(
	    buf, size, "%lld.%09d0", (long long)ts->tv_sec, ts->tv_nsec);
}

/* Nanoseconds behind the last digit (seconds may be followed by AM or PM). */
static size_t
add_ns(char *buf, size_t len, size_t size, int32_t ns)
{
	char fraction[16];
	size_t at = len, n;

	while (at > 0 && (buf[at - 1] < '0' || buf[at - 1] > '9'))
		at--;
	n = (size_t)snprintf(fraction, sizeof(fraction), ".%09d0", ns);
	if (at == 0 || len + n >= size)
		return len;
	memmove(buf + at + n, buf + at, len - at + 1);
	memcpy(buf + at, fraction, n);
	return len + n;
}

static size_t
time_text(char *buf, size_t size, const struct rump_timespec *ts, char letter)
{
	char fmt[4] = {'%', letter, '\0', '\0'};
	size_t len;

	if (ts->tv_nsec == RUMP_UTIME_OMIT)
		return (size_t)snprintf(buf, size, "-");
	switch (letter) {
	case '\0':
		return long_time(buf, size, ts);
	case '@':
		return seconds(buf, size, ts);
	case '+':
		len = fsu_time_format(
		    buf, size, "%Y-%m-%d+%H:%M:%S", ts->tv_sec, 0);
		return add_ns(buf, len, size, ts->tv_nsec);
	}
	if (strchr("aAbBcCdDeFgGhHIjklmMnprRsStTuUVwWxXyYzZ%", letter) == NULL)
		return (size_t)snprintf(buf, size, "%s", fmt);
	len = fsu_time_format(buf, size, fmt, ts->tv_sec, 0);
	return strchr("STX", letter) != NULL
	    ? add_ns(buf, len, size, ts->tv_nsec)
	    : len;
}

/* ---- values -------------------------------------------------------------------------------- */

/* A value as a text that is somewhere already, or in buf. */
struct value {
	const char *s;
	size_t len;
	bool name; /* made printable on a terminal */
	char buf[RUMP_PATH_MAX + FSU_TIME_CHARS];
};

static void
set_text(struct value *v, const char *s, size_t len, bool name)
{
	v->s = s;
	v->len = len;
	v->name = name;
}

static void
set_number(struct value *v, uint64_t number)
{
	char *end = v->buf + sizeof(v->buf);

	v->s = fsu_u64_end(end, number);
	v->len = (size_t)(end - v->s);
	v->name = false;
}

/* %h: all in front of the last component, without the slash between. */
static void
set_dirname(struct value *v, const struct find_ctx *c)
{
	const char *slash;
	size_t len, at;

	at = (size_t)(find_basename(c->path, c->pathlen, &len) - c->path);
	if (at > 0) {
		set_text(v, c->path, at - 1, true);
		return;
	}
	slash = strrchr(c->path, '/');
	if (slash != NULL)
		set_text(v, c->path, (size_t)(slash - c->path), true);
	else
		set_text(v, ".", 1, true);
}

/* %f: the last component; one slash stays where some are behind it. */
static void
set_base(struct value *v, const struct find_ctx *c)
{
	const char *base;
	size_t len;

	base = find_basename(c->path, c->pathlen, &len);
	set_text(v, base, len + (base[len] == '/'), true);
}

/* %P: without the operand that it was found under */
static void
set_below(struct value *v, const struct find_ctx *c)
{
	size_t at = c->level == 0 ? c->pathlen : c->startlen;

	if (c->level > 0 && c->path[at] == '/')
		at++;
	set_text(v, c->path + at, c->pathlen - at, true);
}

static void
set_target(struct value *v, struct find_ctx *c)
{
	int64_t n = -1;

	if ((c->st->st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK)
		n = find_readlink(c, v->buf);
	set_text(v, n >= 0 ? v->buf : "", n >= 0 ? (size_t)n : 0, true);
}

static char
type_letter(uint32_t mode)
{
	char letter = fsu_modetype(mode);

	return letter == '-' ? 'f' : letter == '?' ? 'U' : letter;
}

/* %y; %Y: after the link, N where it leads nowhere, L in a circle */
static void
set_type(struct value *v, struct find_ctx *c, bool follow)
{
	struct rump_stat st = *c->st;
	int r = 0;

	if (follow && (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK)
		r = find_stat_target(c, &st);
	v->buf[0] = r == 0			      ? type_letter(st.st_mode)
	    : r == -RUMP_ENOENT || r == -RUMP_ENOTDIR ? 'N'
	    : r == -RUMP_ELOOP			      ? 'L'
						      : '?';
	set_text(v, v->buf, 1, false);
}

static void
set_owner(struct value *v, const char *name, uint32_t id)
{
	if (name != NULL)
		set_text(v, name, strlen(name), false);
	else
		set_number(v, id);
}

static void
set_time(struct value *v, const struct rump_timespec *ts, char letter)
{
	set_text(
	    v, v->buf, time_text(v->buf, FSU_TIME_CHARS, ts, letter), false);
}

static void
set_name(struct find_ctx *c, char letter, struct value *v)
{
	switch (letter) {
	case 'f':
		set_base(v, c);
		break;
	case 'h':
		set_dirname(v, c);
		break;
	case 'H':
		set_text(v, c->start, c->startlen, true);
		break;
	case 'l':
		set_target(v, c);
		break;
	case 'P':
		set_below(v, c);
		break;
	default:
		set_text(v, c->path, c->pathlen, true);
		break;
	}
}

static void
set_value(struct find_ctx *c, const struct segment *seg, struct value *v)
{
	const struct rump_stat *st = c->st;

	switch (seg->letter) {
	case 'a':
	case 'A':
		set_time(v, &st->st_atim, seg->sub);
		break;
	case 'B':
		set_time(v, &st->st_birthtim, seg->sub);
		break;
	case 'b':
		set_number(v, st->st_blocks);
		break;
	case 'c':
	case 'C':
		set_time(v, &st->st_ctim, seg->sub);
		break;
	case 'D':
		set_number(v, st->st_dev);
		break;
	case 'F':
		set_text(v, find_fstype(c), strlen(find_fstype(c)), false);
		break;
	case 'g':
		set_owner(v, fsu_group_name(st->st_gid), st->st_gid);
		break;
	case 'G':
		set_number(v, st->st_gid);
		break;
	case 'i':
		set_number(v, st->st_ino);
		break;
	case 'k':
		set_number(v, (st->st_blocks + 1) / 2);
		break;
	case 'M':
		fsu_modestr(st->st_mode, v->buf);
		set_text(v, v->buf, strlen(v->buf), false);
		break;
	case 'n':
		set_number(v, st->st_nlink);
		break;
	case 's':
		set_number(v, st->st_size);
		break;
	case 't':
	case 'T':
		set_time(v, &st->st_mtim, seg->sub);
		break;
	case 'u':
		set_owner(v, fsu_user_name(st->st_uid), st->st_uid);
		break;
	case 'U':
		set_number(v, st->st_uid);
		break;
	case 'y':
	case 'Y':
		set_type(v, c, seg->letter == 'Y');
		break;
	default:
		set_name(c, seg->letter, v);
		break;
	}
}

/* ---- printing ------------------------------------------------------------------------------- */

/* How densely it is stored; a file without bytes is as dense as can be. */
static double
sparseness(const struct rump_stat *st)
{
	if (st->st_size == 0)
		return st->st_blocks == 0 ? 1.0 : 512.0 * (double)st->st_blocks;
	return 512.0 * (double)st->st_blocks / (double)st->st_size;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* The formats are made by parse_directive: one conversion of the right kind. */
static char *
print_number(const struct find_ctx *c, const struct segment *seg)
{
	uint32_t mode = c->st->st_mode & RUMP_ALLPERMS;

	switch (seg->letter) {
	case 'm':
		return fsu_asprintf(seg->text, mode);
	case 'd':
		return fsu_asprintf(seg->text, (int)c->level);
	default:
		return fsu_asprintf(seg->text, sparseness(c->st));
	}
}

static char *
print_text(const struct segment *seg, const char *s)
{
	return fsu_asprintf(seg->text, s);
}
#pragma GCC diagnostic pop

static void
put_segment(
    struct find_ctx *c, struct find_output *o, const struct segment *seg)
{
	struct value v;
	char *text, *terminated;

	if (strchr("mdS", seg->letter) != NULL) {
		text = print_number(c, seg);
		fsu_out_str(o->out, text);
		free(text);
		return;
	}
	set_value(c, seg, &v);
	if (seg->plain && v.name) {
		find_put_name(c, o, v.s, v.len);
	} else if (seg->plain) {
		fsu_out_mem(o->out, v.s, v.len);
	} else {
		terminated = fsu_strndup(v.s, v.len);
		text = print_text(seg, terminated);
		if (v.name)
			find_put_name(c, o, text, strlen(text));
		else
			fsu_out_str(o->out, text);
		free(text);
		free(terminated);
	}
}

bool
find_do_printf(struct find_ctx *c, struct find_node *n)
{
	const struct find_format *fmt = n->format;
	const struct segment *seg;
	size_t i;

	for (i = 0; i < fmt->n; i++) {
		seg = &fmt->seg[i];
		if (seg->letter != '\0')
			put_segment(c, n->output, seg);
		else
			fsu_out_mem(n->output->out, seg->text, seg->len);
	}
	return true;
}
