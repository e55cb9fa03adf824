/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the commands print: a buffered standard output, quoting of names, sizes,
 * times, modes, owners, columns, colours, JSON.  The reference for each is what
 * GNU coreutils 9.1 prints; the tests compare byte for byte.
 *
 * Nothing here calls the kernel.  Widths are terminal columns; lengths bytes.
 */
#ifndef FSU_FMT_H
#define FSU_FMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rump/rump_abi.h>

/* ---- locale (fmt_locale.c) --------------------------------------------- */

/* Set the locale up as far as it differs from "C": character types always,
 * collation and times only where they are asked for and not those of C. */
void fsu_locale_init(bool collate, bool times);
/* For those who read and write archives: a UTF-8 locale (locale_t; NULL if the host
 * has none), with what else libarchive would look for: the code page of names in zip
 * files, and the zone of their times.  Loaded once, which must be in prepare(). */
void *fsu_archive_locale(void);
extern bool fsu_locale_multibyte; /* more than one byte a character */
extern bool fsu_locale_utf8;
extern bool fsu_locale_collates; /* strcoll() isn't strcmp() */
extern bool fsu_locale_times;	 /* month names aren't English */

/* ---- output (fmt_out.c) ------------------------------------------------- */

#define FSU_OUT_SIZE 65536
struct fsu_out {
	size_t len;
	uint64_t flushed; /* bytes that were in buf before */
	int fd;
	int error; /* of the first write that failed */
	char buf[FSU_OUT_SIZE];
};
extern struct fsu_out fsu_stdout;

void fsu_out_flush(struct fsu_out *o);
void fsu_out_slow(struct fsu_out *o, const char *s, size_t len);
void fsu_out_pad(struct fsu_out *o, char c, size_t n);
void fsu_out_u64(struct fsu_out *o, uint64_t v);
/* Flush and report; a status as fsu_flush_stdout() gives it. */
int fsu_out_finish(struct fsu_out *o);

static inline void
fsu_out_mem(struct fsu_out *o, const char *s, size_t len)
{
	if (len > sizeof(o->buf) - o->len) {
		fsu_out_slow(o, s, len);
		return;
	}
	__builtin_memcpy(o->buf + o->len, s, len);
	o->len += len;
}

static inline void
fsu_out_str(struct fsu_out *o, const char *s)
{
	fsu_out_mem(o, s, __builtin_strlen(s));
}

static inline void
fsu_out_char(struct fsu_out *o, char c)
{
	if (o->len == sizeof(o->buf))
		fsu_out_flush(o);
	o->buf[o->len++] = c;
}

/* v in decimal at the end of buf; returns where it begins. */
#define FSU_U64_CHARS 20
char *fsu_u64_end(char *end, uint64_t v);
unsigned fsu_u64_width(uint64_t v);

/* ---- memory by the listing (fmt_arena.c) --------------------------------- */

struct fsu_arena_chunk;
struct fsu_arena {
	struct fsu_arena_chunk *chunks; /* the one in use first */
	size_t used;
};
void *fsu_arena_alloc(struct fsu_arena *a, size_t size);
char *fsu_arena_strndup(struct fsu_arena *a, const char *s, size_t len);
/* Forget all; the largest chunk is kept. */
void fsu_arena_reset(struct fsu_arena *a);
void fsu_arena_free(struct fsu_arena *a);

/* ---- modes (fmt_mode.c, fmt_modechange.c) -------------------------------- */

/* "drwxr-xr-x"; buf[10] is NUL. */
void fsu_modestr(uint32_t mode, char buf[11]);
char fsu_modetype(uint32_t mode);
/* What stat(1) calls a type: "regular empty file", "directory" .. */
const char *fsu_modename(uint32_t mode, uint64_t size);
/* BSD's names of file flags: "uchg,nodump", "-" if none. */
size_t fsu_flagstr(uint32_t flags, char *buf, size_t size);

struct fsu_modechange;
/* "0755", "u=rwx,go+X"; NULL: malformed. */
struct fsu_modechange *fsu_mode_parse(const char *text);
uint32_t fsu_mode_apply(
    const struct fsu_modechange *mc, uint32_t old, bool dir, uint32_t umask);
void fsu_mode_free(struct fsu_modechange *mc);

/* ---- sizes (fmt_size.c) --------------------------------------------------- */

#define FSU_SIZE_AUTO	0x01 /* the largest unit that fits: "1.1K" */
#define FSU_SIZE_1024	0x02 /* units are powers of 1024, not of 1000 */
#define FSU_SIZE_SUFFIX 0x04 /* the unit's letter follows */
#define FSU_SIZE_B	0x08 /* and a B: "KiB", "kB" */
#define FSU_SIZE_GROUP	0x10 /* thousands are grouped as the locale does */
struct fsu_blocksize {
	uint64_t unit; /* bytes; 1 with FSU_SIZE_AUTO */
	unsigned flags;
};
#define FSU_SIZE_CHARS 64
/* n blocks of `from` bytes in units of bs, rounded up; returns the length. */
size_t fsu_size_format(char buf[FSU_SIZE_CHARS], uint64_t n, uint64_t from,
    const struct fsu_blocksize *bs);
/* GNU's block sizes: "K", "KiB", "kB", "1M", "512", "'1", "human-readable",
 * "si".  0, EINVAL or ERANGE. */
int fsu_blocksize_parse(const char *s, struct fsu_blocksize *bs);
/* From environment variable var, then BLOCK_SIZE, BLOCKSIZE, POSIXLY_CORRECT. */
void fsu_blocksize_env(const char *var, struct fsu_blocksize *bs);

/* ---- names (fmt_quote.c) --------------------------------------------------- */

enum fsu_quotestyle {
	FSU_QUOTE_LITERAL,
	FSU_QUOTE_SHELL,
	FSU_QUOTE_SHELL_ALWAYS,
	FSU_QUOTE_SHELL_ESCAPE,
	FSU_QUOTE_SHELL_ESCAPE_ALWAYS,
	FSU_QUOTE_C,
	FSU_QUOTE_C_MAYBE,
	FSU_QUOTE_ESCAPE,
	FSU_QUOTE_LOCALE,
	FSU_QUOTE_CLOCALE,
	FSU_QUOTE_NSTYLES,
};
extern const char *const fsu_quotestyle_names[FSU_QUOTE_NSTYLES];

struct fsu_quoting {
	enum fsu_quotestyle style;
	bool qmark;    /* what can't be printed becomes ? */
	char also[16]; /* further ASCII characters to quote; ends with NUL */
};

/*
 * A growing buffer for a quoted name.  After fsu_quote: text, len, the terminal
 * columns (0 for control characters as terminals do), and whether it differs.
 */
struct fsu_quoted {
	char *text;
	size_t len, cap;
	size_t width;
	bool changed; /* quotes or escapes were added */
};
void fsu_quote(struct fsu_quoted *out, const char *name, size_t len,
    const struct fsu_quoting *q);
/* Are all bytes of it plain, whatever the style (but for C and LOCALE's marks)? */
bool fsu_quote_plain(const char *name, size_t len);
/* As GNU's messages quote file names: 'x', 'a'$'\n''b'; a static ring of four. */
const char *fsu_quote_msg(const char *name);
/* The same, quoted only where that changes something (or there is a colon). */
const char *fsu_quote_maybe(const char *name);
/* Terminal columns of a text. */
size_t fsu_text_width(const char *s, size_t len);

/* ---- order (fmt_version.c) -------------------------------------------------- */

/* As ls -v and sort -V order file names. */
int fsu_version_compare(const char *a, size_t alen, const char *b, size_t blen);

/* ---- times (fmt_time.c) ------------------------------------------------------ */

struct fsu_timestyle {
	const char *recent,
	    *old;    /* strftime formats, with %N and %:z as date(1) */
	bool months; /* %b is widened to the locale's longest */
	int64_t now, half_year_ago; /* seconds */
	int32_t now_ns;
	char *mem; /* to be freed */
};
/* "full-iso", "long-iso", "iso", "locale", "+FORMAT[\nFORMAT]", each but the last
 * with "posix-" in front.  0, or EINVAL. */
int fsu_timestyle_init(struct fsu_timestyle *ts, const char *style);
#define FSU_TIME_CHARS 256 /* the least that buf should have */
/* Length; *told false: no year of the calendar, the seconds in decimal. */
size_t fsu_timestyle_format(struct fsu_timestyle *ts, char *buf, size_t size,
    int64_t sec, uint32_t ns, bool *told);
size_t fsu_time_format(
    char *buf, size_t size, const char *fmt, int64_t sec, uint32_t ns);
/* RFC 3339 with nanoseconds, in UTC: "2024-02-29T12:00:00.000000001Z". */
#define FSU_RFC3339_CHARS 48
size_t fsu_time_rfc3339(char *buf, int64_t sec, uint32_t ns);

/* ---- owners (fmt_ids.c) ------------------------------------------------------- */

/* Read /etc/passwd and /etc/group of the host, or take the texts given (their
 * memory is the caller's and stays).  Without a call ids have no names. */
void fsu_ids_load_host(void);
void fsu_ids_load(
    const char *passwd, size_t plen, const char *group, size_t glen);
/* From the image that is open, where -o passwd=image asks for it (image_ids.c). */
struct fsu;
void fsu_ids_load_image(struct fsu *f);
/* NULL: no name. */
const char *fsu_user_name(uint32_t uid);
const char *fsu_group_name(uint32_t gid);
/* The other way; *gidp: the user's own group. */
bool fsu_user_id(const char *name, uint32_t *uidp, uint32_t *gidp);
bool fsu_group_id(const char *name, uint32_t *gidp);

/* ---- columns (fmt_columns.c) ---------------------------------------------------- */

/* How many columns n texts of these widths take at most in a line of line_width;
 * *widths: of each column, with two blanks after all but the last; to be freed. */
size_t fsu_columns(const size_t *len, size_t n, size_t line_width, bool across,
    size_t **widths);
/* Blanks, and tabs where tabsize isn't 0, from one column to another. */
void fsu_out_indent(struct fsu_out *o, size_t from, size_t to, size_t tabsize);
/* The terminal's width, else COLUMNS, else 80; 0: without limit. */
size_t fsu_term_width(int fd);

/* ---- colours (fmt_colors.c) ------------------------------------------------------- */

enum fsu_color {
	FSU_COLOR_LEFT,
	FSU_COLOR_RIGHT,
	FSU_COLOR_END,
	FSU_COLOR_RESET,
	FSU_COLOR_NORM,
	FSU_COLOR_FILE,
	FSU_COLOR_DIR,
	FSU_COLOR_LINK,
	FSU_COLOR_FIFO,
	FSU_COLOR_SOCK,
	FSU_COLOR_BLK,
	FSU_COLOR_CHR,
	FSU_COLOR_MISSING,
	FSU_COLOR_ORPHAN,
	FSU_COLOR_EXEC,
	FSU_COLOR_DOOR,
	FSU_COLOR_SETUID,
	FSU_COLOR_SETGID,
	FSU_COLOR_STICKY,
	FSU_COLOR_OTHERWRITE,
	FSU_COLOR_STICKY_OTHERWRITE,
	FSU_COLOR_CAP,
	FSU_COLOR_HARDLINK,
	FSU_COLOR_CLEAR,
	FSU_COLOR_N
};
struct fsu_colors {
	struct fsu_colorseq {
		const char *s; /* NULL: unset */
		size_t len;
	} seq[FSU_COLOR_N];
	struct fsu_colorext {
		const char *suffix;
		size_t len;
		struct fsu_colorseq seq;
		struct fsu_colorext *next; /* the one said before */
	} * ext;
	bool link_as_target;
	char *mem;
};
/* From LS_COLORS, COLORTERM and TERM; false: no colours after all. */
bool fsu_colors_init(struct fsu_colors *c);
bool fsu_color_set(const struct fsu_colors *c, enum fsu_color k);
/* The sequence for a name of this mode; NULL if none. */
const struct fsu_colorseq *fsu_color_of(const struct fsu_colors *c,
    enum fsu_color kind, const char *name, size_t len);

/* ---- JSON (fmt_json.c) --------------------------------------------------------------- */

/* An object a line.  Keys in the order in which they're given. */
struct fsu_json {
	struct fsu_out *out;
	bool first;
};
void fsu_json_begin(struct fsu_json *j, struct fsu_out *o);
void fsu_json_end(struct fsu_json *j); /* } and a newline */
void fsu_json_u64(struct fsu_json *j, const char *key, uint64_t v);
void fsu_json_bool(struct fsu_json *j, const char *key, bool v);
void fsu_json_null(struct fsu_json *j, const char *key);
/* Text that may not be UTF-8: then KEY has U+FFFD in the bad places and KEY_b64
 * the bytes. */
void fsu_json_bytes(
    struct fsu_json *j, const char *key, const char *s, size_t len);
void fsu_json_str(struct fsu_json *j, const char *key, const char *s);
void fsu_json_time(
    struct fsu_json *j, const char *key, const struct rump_timespec *ts);
/* The keys that a file has in every command: path (absolute) name type mode nlink uid gid
 * user group size blocks blksize ino gen dev rdev flags atime mtime ctime
 * btime; target where there is one. */
void fsu_json_stat(struct fsu_json *j, const char *path, const char *name,
    const struct rump_stat *st, const char *target);

#endif /* FSU_FMT_H */
