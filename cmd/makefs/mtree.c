/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The syntax of mtree(5) manifests, as NetBSD's and FreeBSD's mtree and
 * libarchive write them.  Keywords that say nothing about what an image holds
 * (digests, cksum, tags ..) are passed over, and so are unknown ones.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rump/rump_abi.h>

#include "fsu/fsu.h"
#include "makefs.h"
#include "mtree.h"

/* ---- lines and names ------------------------------------------------------- */

/* A line without its newline, continued ones joined.  false: the end. */
static bool
logical_line(struct mtree_reader *mr)
{
	size_t used = 0;

	for (;;) {
		ssize_t n = getline(
		    &mr->mr_next, &mr->mr_nextroom, mr->mr_file);

		if (n < 0)
			return used > 0;
		mr->mr_line++;
		while (n > 0 &&
		    (mr->mr_next[n - 1] == '\n' || mr->mr_next[n - 1] == '\r'))
			n--;
		mr->mr_next[n] = '\0';
		if (used + (size_t)n + 2 > mr->mr_room) {
			mr->mr_room = 2 * (used + (size_t)n) + 256;
			mr->mr_buf = fsu_realloc(mr->mr_buf, mr->mr_room);
		}
		memcpy(mr->mr_buf + used, mr->mr_next, (size_t)n + 1);
		used += (size_t)n;
		if (n == 0 || mr->mr_next[n - 1] != '\\')
			return true;
		mr->mr_buf[used - 1] = ' ';
	}
}

static int
octal3(const char *s)
{
	int v = 0;

	for (int i = 0; i < 3; i++) {
		if (s[i] < '0' || s[i] > '7')
			return -1;
		v = 8 * v + (s[i] - '0');
	}
	return v <= 255 ? v : -1;
}

/* One escape behind a backslash; *used: how much of s it took.  -1: none. */
static int
escape(const char *s, size_t *used)
{
	static const char from[] = "abfnrstv\\#", to[] = "\a\b\f\n\r \t\v\\#";
	const char *p;
	int v = octal3(s);

	if (v >= 0) {
		*used = 3;
		return v;
	}
	*used = 1;
	if (s[0] == '0')
		return 0;
	p = s[0] != '\0' ? strchr(from, s[0]) : NULL;
	if (p != NULL)
		return (unsigned char)to[p - from];
	if (s[0] == 'M' && s[1] == '-' && s[2] != '\0') {
		*used = 3;
		return (unsigned char)s[2] | 0x80;
	}
	if ((s[0] == '^' || (s[0] == 'M' && s[1] == '^')) && s[1] != '\0') {
		bool meta = s[0] == 'M';
		char c = s[meta ? 2 : 1];

		*used = meta ? 3 : 2;
		return (c == '?' ? 0x7f : c & 0x1f) | (meta ? 0x80 : 0);
	}
	return -1;
}

/* vis(3)'s code undone, in place.  false: it can't be a name. */
static bool
decode(char *s)
{
	char *out = s;

	while (*s != '\0') {
		size_t used = 0;
		int c = (unsigned char)*s++;

		if (c == '\\') {
			c = escape(s, &used);
			if (c <= 0)
				return false;
			s += used;
		}
		*out++ = (char)c;
	}
	*out = '\0';
	return true;
}

/* ---- keywords ------------------------------------------------------------------- */

static bool
bad(struct mtree_reader *mr, const char *key, const char *value)
{
	snprintf(mr->mr_whybuf, sizeof(mr->mr_whybuf), "bad %s '%.80s'", key,
	    fsu_visible(value));
	mr->mr_why = mr->mr_whybuf;
	return false;
}

static bool
number(const char *s, int base, uint64_t *v)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*v = strtoull(s, &end, base);
	return errno == 0 && *end == '\0';
}

static bool
number32(const char *s, int base, uint64_t most, uint32_t *v)
{
	uint64_t n;

	if (!number(s, base, &n) || n > most)
		return false;
	*v = (uint32_t)n;
	return true;
}

static bool
type_of(const char *s, uint32_t *type)
{
	static const struct {
		const char *name;
		uint32_t type;
	} types[] = {
	    {"file", RUMP_S_IFREG},
	    {"dir", RUMP_S_IFDIR},
	    {"link", RUMP_S_IFLNK},
	    {"block", RUMP_S_IFBLK},
	    {"char", RUMP_S_IFCHR},
	    {"fifo", RUMP_S_IFIFO},
	    {"socket", RUMP_S_IFSOCK},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, s) == 0) {
			*type = types[i].type;
			return true;
		}
	return false;
}

/* "sec", "sec.nsec" (an integer, not a fraction). */
static bool
time_of(const char *s, struct mtree_entry *me)
{
	char *end;
	uint64_t nsec = 0;

	errno = 0;
	me->me_sec = strtoll(s, &end, 10);
	if (end == s || errno != 0)
		return false;
	if (*end == '.' && end[1] != '\0' &&
	    (!number(end + 1, 10, &nsec) || nsec > 999999999))
		return false;
	if (*end != '\0' && *end != '.')
		return false;
	me->me_nsec = (uint32_t)nsec;
	return true;
}

/* "format,major,minor[,..]", or one number as the host packs it. */
static bool
device_of(const char *s, uint64_t *rdev)
{
	const char *p = strchr(s, ',');
	char *end;
	unsigned long major, minor;
	uint64_t n;

	if (p == NULL) {
		if (!number(s, 0, &n))
			return false;
		*rdev = RUMP_MAKEDEV((uint32_t)(n >> 8 & 0xfff),
		    (uint32_t)((n & 0xff) | (n >> 12 & 0xfff00)));
		return true;
	}
	major = strtoul(p + 1, &end, 0);
	if (end == p + 1 || *end != ',')
		return false;
	p = end;
	minor = strtoul(p + 1, &end, 0);
	if (end == p + 1 || (*end != '\0' && *end != ',') ||
	    major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	*rdev = RUMP_MAKEDEV((uint32_t)major, (uint32_t)minor);
	return true;
}

/* user or group: a name that is looked up only where no number is given */
static bool
owner(struct mtree_reader *mr, struct mtree_entry *me, const char *key,
    const char *value)
{
	bool user = key[0] == 'u';
	uint32_t which = user ? MK_UID : MK_GID, id;

	if (strcmp(key, user ? "uid" : "gid") == 0) {
		if (!number32(value, 10, UINT32_MAX - 1, &id))
			return bad(mr, key, value);
	} else if (user ? !userdb_uid(mr->mr_opts, value, &id)
			: !userdb_gid(mr->mr_opts, value, &id)) {
		/* fine where the number is given too */
		if ((me->me_keys & which) != 0)
			return true;
		snprintf(mr->mr_whybuf, sizeof(mr->mr_whybuf),
		    "%s '%.80s' is unknown (-N names another directory)",
		    user ? "user" : "group", fsu_visible(value));
		mr->mr_why = mr->mr_whybuf;
		return false;
	} else if ((me->me_keys & which) != 0 && mr->mr_opts->mo_userdb == NULL)
		return true; /* the number stands */
	if (user)
		me->me_uid = id;
	else
		me->me_gid = id;
	me->me_keys |= which;
	return true;
}

static bool
string_key(struct mtree_reader *mr, struct mtree_entry *me, const char *key,
    char *value)
{
	if (!decode(value) || *value == '\0')
		return bad(mr, key, value);
	if (key[0] == 'l') {
		me->me_link = value;
		me->me_keys |= MK_LINK;
	} else {
		me->me_contents = value;
		me->me_keys |= MK_CONTENTS;
	}
	return true;
}

static uint32_t
flag_of(const char *key)
{
	if (strcmp(key, "optional") == 0)
		return MK_OPTIONAL;
	if (strcmp(key, "ignore") == 0)
		return MK_IGNORE;
	return 0;
}

static bool
keyword(struct mtree_reader *mr, struct mtree_entry *me, const char *key,
    char *value)
{
	uint32_t bit = 0;
	bool good = true;

	if (value == NULL) {
		me->me_keys |= flag_of(key);
		return true;
	}
	if (strcmp(key, "uid") == 0 || strcmp(key, "gid") == 0 ||
	    strcmp(key, "uname") == 0 || strcmp(key, "gname") == 0)
		return owner(mr, me, key, value);
	if (strcmp(key, "link") == 0 || strcmp(key, "contents") == 0 ||
	    strcmp(key, "content") == 0)
		return string_key(mr, me, key, value);
	if (strcmp(key, "type") == 0) {
		bit = MK_TYPE;
		good = type_of(value, &me->me_type);
	} else if (strcmp(key, "mode") == 0) {
		bit = MK_MODE;
		good = number32(value, 8, RUMP_ALLPERMS, &me->me_mode);
	} else if (strcmp(key, "size") == 0) {
		bit = MK_SIZE;
		good = number(value, 10, &me->me_size);
	} else if (strcmp(key, "time") == 0) {
		bit = MK_TIME;
		good = time_of(value, me);
	} else if (strcmp(key, "device") == 0) {
		bit = MK_DEVICE;
		good = device_of(value, &me->me_rdev);
	} else if (strcmp(key, "inode") == 0) {
		bit = MK_INODE;
		good = number(value, 10, &me->me_inode);
	} else if (strcmp(key, "nlink") == 0) {
		bit = MK_NLINK;
		good = number(value, 10, &me->me_nlink);
	}
	if (!good)
		return bad(mr, key, value);
	me->me_keys |= bit;
	return true;
}

static bool
keywords(struct mtree_reader *mr, struct mtree_entry *me, char *p)
{
	char *save = NULL, *late[2] = {NULL, NULL};

	for (char *w = strtok_r(p, " \t", &save); w != NULL;
	     w = strtok_r(NULL, " \t", &save)) {
		char *value = strchr(w, '=');

		if (value != NULL)
			*value++ = '\0';
		/* names of owners wait: the number may stand behind them */
		if (value != NULL && strcmp(w, "uname") == 0)
			late[0] = value;
		else if (value != NULL && strcmp(w, "gname") == 0)
			late[1] = value;
		else if (!keyword(mr, me, w, value))
			return false;
	}
	if (late[0] != NULL && !keyword(mr, me, "uname", late[0]))
		return false;
	return late[1] == NULL || keyword(mr, me, "gname", late[1]);
}

static void
unset(struct mtree_reader *mr, char *p)
{
	static const struct {
		const char *name;
		uint32_t key;
	} keys[] = {
	    {"type", MK_TYPE},
	    {"mode", MK_MODE},
	    {"uid", MK_UID},
	    {"uname", MK_UID},
	    {"gid", MK_GID},
	    {"gname", MK_GID},
	    {"size", MK_SIZE},
	    {"time", MK_TIME},
	    {"nlink", MK_NLINK},
	    {"optional", MK_OPTIONAL},
	    {"all", UINT32_MAX},
	};
	char *save = NULL;

	for (char *w = strtok_r(p, " \t", &save); w != NULL;
	     w = strtok_r(NULL, " \t", &save))
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (strcmp(keys[i].name, w) == 0)
				mr->mr_set.me_keys &= ~keys[i].key;
}

/* ---- entries --------------------------------------------------------------------- */

enum mtree_kind
mtree_next(struct mtree_reader *mr, struct mtree_entry *me)
{
	char *p, *rest;
	size_t len;

	while (logical_line(mr)) {
		p = mr->mr_buf + strspn(mr->mr_buf, " \t");
		if (*p == '\0' || *p == '#')
			continue;
		len = strcspn(p, " \t");
		rest = p + len;
		if (*rest != '\0')
			*rest++ = '\0';
		if (strcmp(p, "/set") == 0) {
			if (!keywords(mr, &mr->mr_set, rest))
				return MTREE_BAD;
			/* strings live in lines; none is settable */
			mr->mr_set.me_keys &= ~(
			    uint32_t)(MK_LINK | MK_CONTENTS);
			continue;
		}
		if (strcmp(p, "/unset") == 0) {
			unset(mr, rest);
			continue;
		}
		if (strcmp(p, "..") == 0)
			return MTREE_UP;
		*me = mr->mr_set;
		me->me_name = p;
		if (!decode(p)) {
			mr->mr_why = "a name that cannot be";
			return MTREE_BAD;
		}
		return keywords(mr, me, rest) ? MTREE_ENTRY : MTREE_BAD;
	}
	return MTREE_END;
}

void
mtree_done(struct mtree_reader *mr)
{
	free(mr->mr_buf);
	free(mr->mr_next);
	if (mr->mr_file != NULL)
		fclose(mr->mr_file);
}
