/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The format language of GNU's stat(1): %[flags][width][.precision][HL]letter.
 * Flags that mean nothing for a conversion are dropped; a letter that is none
 * prints "?".
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "stat.h"

struct directive {
	char flags[8];
	int width;     /* -1: none */
	int precision; /* -1: none; -2: a dot and nothing after it */
	char part;     /* H or L, in front of d and r */
	char letter;
};

#define LIMIT 4096 /* of widths and precisions */

static const char *
parse_int(const char *p, int *vp)
{
	*vp = 0;
	for (; isdigit((unsigned char)*p); p++) {
		*vp = *vp * 10 + (*p - '0');
		if (*vp > LIMIT)
			*vp = LIMIT;
	}
	return p;
}

/* What stands after a %; returns the first byte after it, at its letter NUL if
 * the format ends there. */
static const char *
parse_directive(const char *p, struct directive *d)
{
	size_t n = 0;

	*d = (struct directive){.width = -1, .precision = -1};
	for (; *p != '\0' && strchr("'-+ #0I", *p) != NULL; p++) {
		if (n < sizeof(d->flags) - 1 && strchr(d->flags, *p) == NULL)
			d->flags[n++] = *p;
	}
	if (isdigit((unsigned char)*p))
		p = parse_int(p, &d->width);
	if (*p == '.') {
		p++;
		if (isdigit((unsigned char)*p))
			p = parse_int(p, &d->precision);
		else
			d->precision = -2;
	}
	if ((*p == 'H' || *p == 'L') && (p[1] == 'd' || p[1] == 'r'))
		d->part = *p++;
	d->letter = *p;
	return *p != '\0' ? p + 1 : p;
}

/* ---- one value --------------------------------------------------------------- */

/* printf's own format for it, of the flags that are allowed. */
static void
make_spec(char *spec, size_t size, const struct directive *d,
    const char *allowed, const char *conv)
{
	char flags[8];
	size_t n = 0;

	for (const char *p = d->flags; *p != '\0'; p++) {
		if (strchr(allowed, *p) != NULL)
			flags[n++] = *p;
	}
	flags[n] = '\0';
	n = (size_t)snprintf(spec, size, "%%%s", flags);
	if (d->width >= 0)
		n += (size_t)snprintf(spec + n, size - n, "%d", d->width);
	if (d->precision != -1)
		n += (size_t)snprintf(spec + n, size - n, ".%d",
		    d->precision >= 0 ? d->precision : 0);
	snprintf(spec + n, size - n, "%s", conv);
}

static void
put_string(const struct directive *d, const char *s)
{
	char spec[64];
	char *text;

	make_spec(spec, sizeof(spec), d, "-", "s");
	text = fsu_asprintf(spec, s);
	fsu_out_str(&fsu_stdout, text);
	free(text);
}

static void
put_uint(const struct directive *d, char conv, uint64_t v)
{
	const char *allowed = conv == 'u' ? "'-0" : "-#0";
	char spec[64], *text;
	char c[4] = {'l', 'l', conv, '\0'};

	make_spec(spec, sizeof(spec), d, allowed, c);
	text = fsu_asprintf(spec, (unsigned long long)v);
	fsu_out_str(&fsu_stdout, text);
	free(text);
}

static void
put_int(const struct directive *d, int64_t v)
{
	char spec[64], *text;

	make_spec(spec, sizeof(spec), d, "'-+ 0", "lld");
	text = fsu_asprintf(spec, (long long)v);
	fsu_out_str(&fsu_stdout, text);
	free(text);
}

/* What a flag puts in front of a number that is not negative. */
static const char *
plus_sign(const struct directive *d)
{
	if (strchr(d->flags, '+') != NULL)
		return "+";
	return strchr(d->flags, ' ') != NULL ? " " : "";
}

/* Seconds since the epoch, with as many decimals as the precision says. */
static void
put_epoch(const struct directive *d, const struct rump_timespec *ts)
{
	int64_t sec = ts->tv_sec;
	uint32_t ns = (uint32_t)ts->tv_nsec;
	int decimals = d->precision == -2 ? 9 : d->precision;
	struct directive whole = *d;
	bool minus = false;
	char digits[16], *text;

	if (decimals > 0 && sec < 0 && ns != 0) {
		minus = sec == -1;
		sec++;
		ns = 1000000000 - ns;
	}
	if (decimals <= 0) {
		text = fsu_asprintf(
		    "%s%lld", sec >= 0 ? plus_sign(d) : "", (long long)sec);
	} else {
		snprintf(digits, sizeof(digits), "%09u", ns);
		text = fsu_asprintf("%s%lld.%.*s%0*d",
		    minus	   ? "-"
			: sec >= 0 ? plus_sign(d)
				   : "",
		    (long long)sec, decimals < 9 ? decimals : 9, digits,
		    decimals > 9 ? decimals - 9 : 0, 0);
		if (decimals <= 9)
			text[strlen(text) - 1] = '\0'; /* %0*d printed a 0 */
	}
	whole.precision = -1;
	if (strchr(d->flags, '0') != NULL && strchr(d->flags, '-') == NULL &&
	    d->width > (int)strlen(text)) {
		bool neg = !isdigit((unsigned char)text[0]);

		if (neg)
			fsu_out_char(&fsu_stdout, text[0]);
		fsu_out_pad(&fsu_stdout, '0', (size_t)d->width - strlen(text));
		fsu_out_str(&fsu_stdout, text + neg);
	} else {
		put_string(&whole, text);
	}
	free(text);
}

static void
put_time(const struct directive *d, const struct rump_timespec *ts)
{
	char buf[FSU_TIME_CHARS];

	fsu_time_format(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S.%N %z", ts->tv_sec,
	    (uint32_t)ts->tv_nsec);
	put_string(d, buf);
}

static void
put_birth(const struct directive *d, const struct rump_timespec *ts)
{
	bool known = ts->tv_nsec != RUMP_UTIME_OMIT;

	if (d->letter == 'w' && known)
		put_time(d, ts);
	else if (d->letter == 'w')
		put_string(d, "-");
	else
		put_epoch(d, known ? ts : &(struct rump_timespec){0});
}

static void
put_device(const struct directive *d, uint64_t dev, char conv)
{
	uint64_t host = makedev(RUMP_MAJOR(dev), RUMP_MINOR(dev));

	if (d->part == 'H')
		put_uint(d, 'u', RUMP_MAJOR(dev));
	else if (d->part == 'L')
		put_uint(d, 'u', RUMP_MINOR(dev));
	else
		put_uint(d, conv, host);
}

/* As QUOTING_STYLE says, else as the shell takes it; bare where the format doesn't
 * have plain %N. */
static void
put_name(
    const struct directive *d, const struct stat_subject *s, const char *name)
{
	struct fsu_quoting q = {.style = FSU_QUOTE_SHELL_ESCAPE_ALWAYS};
	const char *env = getenv("QUOTING_STYLE");
	static struct fsu_quoted quoted;

	for (int i = 0; env != NULL && i < FSU_QUOTE_NSTYLES; i++) {
		if (strcmp(env, fsu_quotestyle_names[i]) == 0)
			q.style = (enum fsu_quotestyle)i;
	}
	if (!s->quote)
		q.style = FSU_QUOTE_LITERAL;
	fsu_quote(&quoted, name, strlen(name), &q);
	put_string(d, quoted.text);
}

/* The name, and for a symlink name -> target.  A status. */
static int
put_quoted(
    struct fsu *f, const struct directive *d, const struct stat_subject *s)
{
	char target[RUMP_PATH_MAX];
	int64_t n;

	put_name(d, s, s->path);
	if ((s->st->st_mode & RUMP_S_IFMT) != RUMP_S_IFLNK)
		return FSU_OK;
	n = rump_sys_readlink(s->path, target, sizeof(target) - 1);
	if (n < 0) {
		fsu_errorf(f, "cannot read symbolic link %s: %s",
		    fsu_quote_msg(s->path), fsu_strerror((int)n));
		return FSU_FAIL;
	}
	target[n] = '\0';
	fsu_out_mem(&fsu_stdout, " -> ", 4);
	put_name(d, s, target);
	return FSU_OK;
}

/* ---- of a file ------------------------------------------------------------------ */

static bool
file_numbers(const struct directive *d, const struct rump_stat *st)
{
	switch (d->letter) {
	case 'a':
		put_uint(d, 'o', st->st_mode & RUMP_ALLPERMS);
		return true;
	case 'b':
		put_uint(d, 'u', st->st_blocks);
		return true;
	case 'B':
		put_uint(d, 'u', 512);
		return true;
	case 'd':
		put_device(d, st->st_dev, 'u');
		return true;
	case 'D':
		put_device(d, st->st_dev, 'x');
		return true;
	case 'f':
		put_uint(d, 'x', st->st_mode);
		return true;
	case 'g':
		put_uint(d, 'u', st->st_gid);
		return true;
	case 'h':
		put_uint(d, 'u', st->st_nlink);
		return true;
	case 'i':
		put_uint(d, 'u', st->st_ino);
		return true;
	case 'o':
		put_uint(d, 'u', st->st_blksize);
		return true;
	case 'r':
		put_device(d, st->st_rdev, 'u');
		return true;
	case 'R':
		put_device(d, st->st_rdev, 'x');
		return true;
	case 's':
		put_int(d, (int64_t)st->st_size);
		return true;
	case 't':
		put_uint(d, 'x', RUMP_MAJOR(st->st_rdev));
		return true;
	case 'T':
		put_uint(d, 'x', RUMP_MINOR(st->st_rdev));
		return true;
	case 'u':
		put_uint(d, 'u', st->st_uid);
		return true;
	default:
		return false;
	}
}

static bool
file_times(const struct directive *d, const struct rump_stat *st)
{
	switch (d->letter) {
	case 'w':
	case 'W':
		put_birth(d, &st->st_birthtim);
		return true;
	case 'x':
		put_time(d, &st->st_atim);
		return true;
	case 'X':
		put_epoch(d, &st->st_atim);
		return true;
	case 'y':
		put_time(d, &st->st_mtim);
		return true;
	case 'Y':
		put_epoch(d, &st->st_mtim);
		return true;
	case 'z':
		put_time(d, &st->st_ctim);
		return true;
	case 'Z':
		put_epoch(d, &st->st_ctim);
		return true;
	default:
		return false;
	}
}

static int
put_file(struct fsu *f, const struct directive *d, const struct stat_subject *s)
{
	const struct rump_stat *st = s->st;
	const char *name;
	char mode[11];

	if (file_numbers(d, st) || file_times(d, st))
		return FSU_OK;
	switch (d->letter) {
	case 'A':
		fsu_modestr(st->st_mode, mode);
		put_string(d, mode);
		break;
	case 'F':
		put_string(d, fsu_modename(st->st_mode, st->st_size));
		break;
	case 'G':
		name = fsu_group_name(st->st_gid);
		put_string(d, name != NULL ? name : "UNKNOWN");
		break;
	case 'U':
		name = fsu_user_name(st->st_uid);
		put_string(d, name != NULL ? name : "UNKNOWN");
		break;
	case 'm':
		put_string(d, "/");
		break;
	case 'n':
		put_string(d, s->path);
		break;
	case 'N':
		return put_quoted(f, d, s);
	default:
		fsu_out_char(&fsu_stdout, '?');
		break;
	}
	return FSU_OK;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- of a file system ------------------------------------------------------------- */

/* statfs(2)'s number and stat(1)'s name for a type. */
static const struct fstype {
	const char *type, *name;
	uint32_t magic;
} fstypes[] = {
    {"ext2", "ext2/ext3", 0xef53},
    {"msdos", "msdos", 0x4d44},
    {"cd9660", "isofs", 0x9660},
    {"ffs", "ufs", 0x00011954},
    {"rumpfs", "ramfs", 0x858458f6},
};

static void
put_fstype(const struct directive *d, const char *type)
{
	const char *name = type;
	uint32_t magic = 0;

	for (size_t i = 0; i < sizeof(fstypes) / sizeof(*fstypes); i++) {
		if (strcmp(type, fstypes[i].type) == 0) {
			name = fstypes[i].name;
			magic = fstypes[i].magic;
		}
	}
	if (d->letter == 'T')
		put_string(d, name);
	else
		put_uint(d, 'x', magic);
}

/* What Linux makes of a UUID, so that the identifier is that of a mount: its two
 * halves, little-endian, XORed, the lower word first. */
static uint64_t
fs_id(const struct rump_statvfs *v)
{
	uint8_t bytes[16];
	uint64_t half[2] = {0, 0}, id;
	size_t n = 0;

	for (const char *p = v->f_uuid; *p != '\0' && n < 16; p++) {
		if (*p == '-')
			continue;
		if (hex_digit(p[0]) < 0 || hex_digit(p[1]) < 0)
			return v->f_fsid;
		bytes[n++] = (uint8_t)(hex_digit(p[0]) << 4 | hex_digit(p[1]));
		p++;
	}
	if (n != 16)
		return v->f_fsid;
	for (n = 16; n-- > 0;)
		half[n / 8] = half[n / 8] << 8 | bytes[n];
	id = half[0] ^ half[1];
	return id << 32 | id >> 32;
}

static void
put_filesystem(const struct directive *d, const struct stat_subject *s)
{
	const struct rump_statvfs *v = s->vfs;

	switch (d->letter) {
	case 'a':
		put_uint(d, 'u', v->f_bavail);
		break;
	case 'b':
		put_uint(d, 'u', v->f_blocks);
		break;
	case 'c':
		put_uint(d, 'u', v->f_files);
		break;
	case 'd':
		put_uint(d, 'u', v->f_ffree);
		break;
	case 'f':
		put_uint(d, 'u', v->f_bfree);
		break;
	case 'i':
		put_uint(d, 'x', fs_id(v));
		break;
	case 'l':
		put_uint(d, 'u', v->f_namemax);
		break;
	case 'n':
		put_string(d, s->path);
		break;
	case 's':
		put_uint(d, 'u', v->f_bsize);
		break;
	case 'S':
		put_uint(d, 'u', v->f_frsize);
		break;
	case 't':
	case 'T':
		put_fstype(d, v->f_fstypename);
		break;
	default:
		fsu_out_char(&fsu_stdout, '?');
		break;
	}
}

/* ---- the format ---------------------------------------------------------------------- */

/* What follows a backslash; returns the first byte after it. */
static const char *
put_escape(const char *p)
{
	static const char letters[] = "abefnrtv\"\\",
			  bytes[] = "\a\b\033\f\n\r\t\v\"\\";
	const char *at = *p != '\0' ? strchr(letters, *p) : NULL;
	int v = 0;

	if (*p == '\0') {
		fsu_msg("warning: backslash at end of format");
		fsu_out_char(&fsu_stdout, '\\');
		return p;
	}
	if (at != NULL) {
		fsu_out_char(&fsu_stdout, bytes[at - letters]);
		return p + 1;
	}
	if (*p >= '0' && *p <= '7') {
		for (int i = 0; i < 3 && *p >= '0' && *p <= '7'; i++)
			v = v * 8 + (*p++ - '0');
		fsu_out_char(&fsu_stdout, (char)v);
		return p;
	}
	if (*p == 'x' && hex_digit(p[1]) >= 0) {
		p++;
		for (int i = 0; i < 2 && hex_digit(*p) >= 0; i++)
			v = v * 16 + hex_digit(*p++);
		fsu_out_char(&fsu_stdout, (char)v);
		return p;
	}
	fsu_msg("warning: unrecognized escape '\\%c'", *p);
	fsu_out_char(&fsu_stdout, *p);
	return p + 1;
}

int
stat_print(struct fsu *f, const char *format, bool escapes,
    const struct stat_subject *s)
{
	const char *p = format;
	int status = FSU_OK;

	while (*p != '\0') {
		struct directive d;
		const char *start = p;

		if (*p == '\\' && escapes) {
			p = put_escape(p + 1);
			continue;
		}
		if (*p != '%') {
			fsu_out_char(&fsu_stdout, *p++);
			continue;
		}
		p = parse_directive(p + 1, &d);
		if (d.letter == '\0' || d.letter == '%') {
			/* %% and a % at the end: nothing may stand between */
			if (p - start != (d.letter == '%' ? 2 : 1)) {
				fsu_errorf(f, "'%.*s': invalid directive",
				    (int)(p - start), start);
				return FSU_USAGE;
			}
			fsu_out_char(&fsu_stdout, '%');
		} else if (s->vfs != NULL) {
			put_filesystem(&d, s);
		} else if (put_file(f, &d, s) != FSU_OK) {
			status = FSU_FAIL;
		}
	}
	return status;
}
