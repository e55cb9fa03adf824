/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON (RFC 8259), an object a line.  Text that isn't UTF-8 is shown with U+FFFD
 * in place of each bad byte, and whole in base64 under KEY_b64.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"

static void
put_key(struct fsu_json *j, const char *key, const char *suffix)
{
	if (!j->first)
		fsu_out_char(j->out, ',');
	j->first = false;
	fsu_out_char(j->out, '"');
	fsu_out_str(j->out, key);
	fsu_out_str(j->out, suffix);
	fsu_out_mem(j->out, "\":", 2);
}

/* The length of the UTF-8 sequence at s; 0: it is none.  No surrogates, nothing
 * above U+10FFFF, no overlong forms. */
static size_t
utf8_length(const unsigned char *s, size_t len)
{
	unsigned char c = s[0];
	size_t n = c < 0x80 ? 1
	    : c < 0xc2	    ? 0
	    : c < 0xe0	    ? 2
	    : c < 0xf0	    ? 3
	    : c < 0xf5	    ? 4
			    : 0;

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) ||
	    (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void
put_ascii(struct fsu_out *o, unsigned char c)
{
	static const char escapes[] = "btn?fr"; /* from \b on */
	char buf[8];

	if (c == '"' || c == '\\') {
		fsu_out_char(o, '\\');
		fsu_out_char(o, (char)c);
	} else if (c >= '\b' && c <= '\r' && c != '\v') {
		fsu_out_char(o, '\\');
		fsu_out_char(o, escapes[c - '\b']);
	} else if (c < 0x20 || c == 0x7f) {
		snprintf(buf, sizeof(buf), "\\u%04x", c);
		fsu_out_str(o, buf);
	} else {
		fsu_out_char(o, (char)c);
	}
}

/* Returns whether all was UTF-8. */
static bool
put_text(struct fsu_out *o, const char *s, size_t len)
{
	bool good = true;

	fsu_out_char(o, '"');
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length((const unsigned char *)s + i, len - i);

		if (n == 1) {
			put_ascii(o, (unsigned char)s[i]);
		} else if (n != 0) {
			fsu_out_mem(o, s + i, n);
		} else {
			fsu_out_mem(o, "\xef\xbf\xbd", 3);
			good = false;
			n = 1;
		}
		i += n;
	}
	fsu_out_char(o, '"');
	return good;
}

static void
put_base64(struct fsu_out *o, const char *s, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	fsu_out_char(o, '"');
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = 0;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < n ? (unsigned char)s[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			fsu_out_char(
			    o, k <= n ? digits[v >> (18 - 6 * k) & 63] : '=');
	}
	fsu_out_char(o, '"');
}

void
fsu_json_begin(struct fsu_json *j, struct fsu_out *o)
{
	j->out = o;
	j->first = true;
	fsu_out_char(o, '{');
}

void
fsu_json_end(struct fsu_json *j)
{
	fsu_out_mem(j->out, "}\n", 2);
}

void
fsu_json_u64(struct fsu_json *j, const char *key, uint64_t v)
{
	put_key(j, key, "");
	fsu_out_u64(j->out, v);
}

void
fsu_json_bool(struct fsu_json *j, const char *key, bool v)
{
	put_key(j, key, "");
	fsu_out_str(j->out, v ? "true" : "false");
}

void
fsu_json_null(struct fsu_json *j, const char *key)
{
	put_key(j, key, "");
	fsu_out_mem(j->out, "null", 4);
}

void
fsu_json_bytes(struct fsu_json *j, const char *key, const char *s, size_t len)
{
	put_key(j, key, "");
	if (!put_text(j->out, s, len)) {
		put_key(j, key, "_b64");
		put_base64(j->out, s, len);
	}
}

void
fsu_json_str(struct fsu_json *j, const char *key, const char *s)
{
	fsu_json_bytes(j, key, s, strlen(s));
}

void
fsu_json_time(
    struct fsu_json *j, const char *key, const struct rump_timespec *ts)
{
	char buf[FSU_RFC3339_CHARS];

	if (ts->tv_nsec == RUMP_UTIME_OMIT) {
		fsu_json_null(j, key);
		return;
	}
	fsu_time_rfc3339(buf, ts->tv_sec, (uint32_t)ts->tv_nsec);
	fsu_json_str(j, key, buf);
}

static const char *
type_word(uint32_t mode)
{
	switch (mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		return "file";
	case RUMP_S_IFDIR:
		return "directory";
	case RUMP_S_IFLNK:
		return "symlink";
	case RUMP_S_IFBLK:
		return "block";
	case RUMP_S_IFCHR:
		return "char";
	case RUMP_S_IFIFO:
		return "fifo";
	case RUMP_S_IFSOCK:
		return "socket";
	default:
		return "unknown";
	}
}

static void
put_name_or_null(struct fsu_json *j, const char *key, const char *name)
{
	if (name != NULL)
		fsu_json_str(j, key, name);
	else
		fsu_json_null(j, key);
}

/* From the image's root, however the user said it. */
static void
put_path(struct fsu_json *j, const char *path)
{
	char *whole;

	while (path[0] == '.' && path[1] == '/')
		path += 2 + strspn(path + 2, "/");
	if (strcmp(path, ".") == 0)
		path = "";
	whole = fsu_asprintf("%s%s", *path == '/' ? "" : "/", path);
	fsu_json_str(j, "path", whole);
	free(whole);
}

void
fsu_json_stat(struct fsu_json *j, const char *path, const char *name,
    const struct rump_stat *st, const char *target)
{
	uint32_t type = st->st_mode & RUMP_S_IFMT;
	char buf[256];

	put_path(j, path);
	fsu_json_str(j, "name", name);
	fsu_json_str(j, "type", type_word(st->st_mode));
	snprintf(buf, sizeof(buf), "%04o", st->st_mode & RUMP_ALLPERMS);
	fsu_json_str(j, "mode", buf);
	fsu_json_u64(j, "nlink", st->st_nlink);
	fsu_json_u64(j, "uid", st->st_uid);
	fsu_json_u64(j, "gid", st->st_gid);
	put_name_or_null(j, "user", fsu_user_name(st->st_uid));
	put_name_or_null(j, "group", fsu_group_name(st->st_gid));
	fsu_json_u64(j, "size", st->st_size);
	fsu_json_u64(j, "blocks", st->st_blocks);
	fsu_json_u64(j, "blksize", st->st_blksize);
	fsu_json_u64(j, "ino", st->st_ino);
	fsu_json_u64(j, "gen", st->st_gen);
	fsu_json_u64(j, "dev", st->st_dev);
	if (type == RUMP_S_IFCHR || type == RUMP_S_IFBLK) {
		snprintf(buf, sizeof(buf), "%u:%u", RUMP_MAJOR(st->st_rdev),
		    RUMP_MINOR(st->st_rdev));
		fsu_json_str(j, "rdev", buf);
	} else {
		fsu_json_null(j, "rdev");
	}
	fsu_flagstr(st->st_flags, buf, sizeof(buf));
	fsu_json_str(j, "flags", st->st_flags != 0 ? buf : "");
	fsu_json_time(j, "atime", &st->st_atim);
	fsu_json_time(j, "mtime", &st->st_mtim);
	fsu_json_time(j, "ctime", &st->st_ctim);
	fsu_json_time(j, "btime", &st->st_birthtim);
	put_name_or_null(j, "target", target);
}
