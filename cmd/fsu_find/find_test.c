/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_find's tests of names, types, sizes, modes, owners.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "find.h"

/* ---- arguments ---------------------------------------------------------------------- */

/* A pattern or a name; -i.. folds case. */
int
find_parse_string(struct find_parser *p, struct find_node *n)
{
	n->arg = find_argument(p, n);
	n->fold = n->primary->name[0] == 'i';
	return n->arg != NULL ? FSU_OK : FSU_USAGE;
}

int
find_parse_count(struct find_parser *p, struct find_node *n)
{
	n->arg = find_argument(p, n);
	if (n->arg == NULL)
		return FSU_USAGE;
	return find_parse_number(n->arg, &n->num)
	    ? FSU_OK
	    : find_bad_argument(n, n->arg);
}

int
find_parse_perm(struct find_parser *p, struct find_node *n)
{
	struct fsu_modechange *mc;
	const char *text;

	n->arg = text = find_argument(p, n);
	if (text == NULL)
		return FSU_USAGE;
	if (*text == '-' || *text == '/')
		n->perm_kind = *text++;
	mc = *text == '+' && text[1] >= '0' && text[1] <= '9'
	    ? NULL
	    : fsu_mode_parse(text);
	if (mc == NULL)
		return fsu_usage("invalid mode %s", fsu_quote_msg(n->arg));
	n->perm[0] = fsu_mode_apply(mc, 0, false, 0);
	n->perm[1] = fsu_mode_apply(mc, 0, true, 0);
	fsu_mode_free(mc);
	return FSU_OK;
}

int
find_parse_size(struct find_parser *p, struct find_node *n)
{
	static const char letters[] = "bcwkMG";
	static const uint64_t units[] = {
	    512, 1, 2, 1024, 1024 * 1024, 1024 * 1024 * 1024};
	const char *letter;
	size_t len;
	char *text;
	bool ok;

	n->arg = find_argument(p, n);
	if (n->arg == NULL)
		return FSU_USAGE;
	n->unit = 512;
	text = fsu_strdup(n->arg);
	len = strlen(text);
	if (len > 0 && (letter = strchr(letters, text[len - 1])) != NULL) {
		n->unit = units[letter - letters];
		text[len - 1] = '\0';
	}
	ok = find_parse_number(text, &n->num);
	free(text);
	return ok ? FSU_OK : find_bad_argument(n, n->arg);
}

static uint32_t
type_bit(uint32_t mode)
{
	return 1u << ((mode & RUMP_S_IFMT) >> 12);
}

/* The bit of a letter; 0: none. */
static uint32_t
type_of_letter(char letter)
{
	switch (letter) {
	case 'b':
		return type_bit(RUMP_S_IFBLK);
	case 'c':
		return type_bit(RUMP_S_IFCHR);
	case 'd':
		return type_bit(RUMP_S_IFDIR);
	case 'f':
		return type_bit(RUMP_S_IFREG);
	case 'l':
		return type_bit(RUMP_S_IFLNK);
	case 'p':
		return type_bit(RUMP_S_IFIFO);
	case 's':
		return type_bit(RUMP_S_IFSOCK);
	}
	return 0;
}

int
find_parse_type(struct find_parser *p, struct find_node *n)
{
	const char *s;
	uint32_t bit;

	n->arg = s = find_argument(p, n);
	if (s == NULL)
		return FSU_USAGE;
	for (;; s++) {
		bit = type_of_letter(*s);
		if (bit == 0)
			return fsu_usage("unknown type in %s %s: one of "
					 "bcdpfls, or several with commas",
			    fsu_visible(n->word), fsu_quote_msg(n->arg));
		if (n->types & bit)
			return fsu_usage("type %c comes twice in %s %s", *s,
			    fsu_visible(n->word), fsu_quote_msg(n->arg));
		n->types |= bit;
		if (*++s == '\0')
			return FSU_OK;
		if (*s != ',')
			return fsu_usage(
			    "several types of %s are separated by ','",
			    fsu_visible(n->word));
	}
}

int
find_resolve_owner(struct find_ctx *c, struct find_node *n)
{
	bool user = strcmp(n->primary->name, "user") == 0;
	uint32_t group;
	char *end;
	unsigned long long v;

	(void)c;
	if (user ? fsu_user_id(n->arg, &n->id, &group)
		 : fsu_group_id(n->arg, &n->id))
		return FSU_OK;
	v = strtoull(n->arg, &end, 10);
	if (n->arg[0] >= '0' && n->arg[0] <= '9' && *end == '\0' &&
	    v <= UINT32_MAX) {
		n->id = (uint32_t)v;
		return FSU_OK;
	}
	fsu_msg("%s is not the name of a known %s", fsu_quote_msg(n->arg),
	    user ? "user" : "group");
	return FSU_USAGE;
}

int
find_resolve_samefile(struct find_ctx *c, struct find_node *n)
{
	struct rump_stat st;
	int r;

	r = rump_sys_fstatat(RUMP_AT_FDCWD, n->arg, &st,
	    c->s->opt.follow == 'P' ? RUMP_AT_SYMLINK_NOFOLLOW : 0);
	if (r == -RUMP_ENOENT && c->s->opt.follow != 'P')
		r = rump_sys_lstat(n->arg, &st);
	if (r < 0) {
		find_error(c, n->arg, r);
		return FSU_USAGE;
	}
	n->dev = st.st_dev;
	n->ino = st.st_ino;
	return FSU_OK;
}

/* ---- names ---------------------------------------------------------------------------- */

bool
find_test_name(struct find_ctx *c, struct find_node *n)
{
	char copy[RUMP_PATH_MAX];
	const char *base;
	size_t len;

	base = find_basename(c->path, c->pathlen, &len);
	if (base[len] != '\0') { /* dir/ as an operand */
		if (len >= sizeof(copy))
			return false;
		memcpy(copy, base, len);
		copy[len] = '\0';
		base = copy;
	}
	return fnmatch(n->arg, base, n->fold ? FNM_CASEFOLD : 0) == 0;
}

bool
find_test_path(struct find_ctx *c, struct find_node *n)
{
	return fnmatch(n->arg, c->path, n->fold ? FNM_CASEFOLD : 0) == 0;
}

bool
find_test_lname(struct find_ctx *c, struct find_node *n)
{
	char target[RUMP_PATH_MAX];

	if ((c->st->st_mode & RUMP_S_IFMT) != RUMP_S_IFLNK)
		return false;
	return find_readlink(c, target) >= 0 &&
	    fnmatch(n->arg, target, n->fold ? FNM_CASEFOLD : 0) == 0;
}

/* ---- types, sizes, modes ------------------------------------------------------------------ */

bool
find_test_type(struct find_ctx *c, struct find_node *n)
{
	return (n->types & type_bit(c->st->st_mode)) != 0;
}

/* The other way round from -type: after the link without -L, the link with it. */
bool
find_test_xtype(struct find_ctx *c, struct find_node *n)
{
	struct rump_stat st = *c->st;
	int r;

	if (c->s->opt.follow == 'L') {
		if (rump_sys_fstatat(
			c->dirfd, c->name, &st, RUMP_AT_SYMLINK_NOFOLLOW) < 0)
			return false;
	} else if ((st.st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK) {
		r = find_stat_target(c, &st);
		if (r == -RUMP_ENOENT || r == -RUMP_ENOTDIR) {
			st = *c->st; /* it leads nowhere: it is a link */
		} else if (r < 0) {
			find_error(c, c->path, r);
			return false;
		}
	}
	return (n->types & type_bit(st.st_mode)) != 0;
}

bool
find_test_size(struct find_ctx *c, struct find_node *n)
{
	uint64_t size = c->st->st_size;

	return find_compare(&n->num, size / n->unit + (size % n->unit != 0));
}

bool
find_test_perm(struct find_ctx *c, struct find_node *n)
{
	uint32_t mode = c->st->st_mode & RUMP_ALLPERMS;
	bool dir = (c->st->st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR;
	uint32_t want = n->perm[dir];

	switch (n->perm_kind) {
	case '-':
		return (mode & want) == want;
	case '/':
		return want == 0 || (mode & want) != 0;
	}
	return mode == want;
}

static bool
empty_directory(struct find_ctx *c)
{
	struct fsu_dirlist dl;
	bool empty;
	int fd, r;

	fd = rump_sys_openat(
	    c->dirfd, c->name, RUMP_O_RDONLY | RUMP_O_DIRECTORY, 0);
	if (fd < 0) {
		find_error(c, c->path, fd);
		return false;
	}
	r = fsu_readdir(fd, FSU_DIR_UNSORTED, &dl);
	if (r == 0) {
		empty = dl.dl_n == 0;
		fsu_readdir_free(&dl);
	} else {
		find_error(c, c->path, r);
		empty = false;
	}
	rump_sys_close(fd);
	return empty;
}

bool
find_test_empty(struct find_ctx *c, struct find_node *n)
{
	(void)n;
	switch (c->st->st_mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		return c->st->st_size == 0;
	case RUMP_S_IFDIR:
		return empty_directory(c);
	}
	return false;
}

bool
find_test_links(struct find_ctx *c, struct find_node *n)
{
	return find_compare(&n->num, c->st->st_nlink);
}

bool
find_test_inum(struct find_ctx *c, struct find_node *n)
{
	return find_compare(&n->num, c->st->st_ino);
}

bool
find_test_samefile(struct find_ctx *c, struct find_node *n)
{
	return c->st->st_ino == n->ino && c->st->st_dev == n->dev;
}

/* ---- owners ------------------------------------------------------------------------------- */

bool
find_test_uid(struct find_ctx *c, struct find_node *n)
{
	return find_compare(&n->num, c->st->st_uid);
}

bool
find_test_gid(struct find_ctx *c, struct find_node *n)
{
	return find_compare(&n->num, c->st->st_gid);
}

bool
find_test_user(struct find_ctx *c, struct find_node *n)
{
	return c->st->st_uid == n->id;
}

bool
find_test_group(struct find_ctx *c, struct find_node *n)
{
	return c->st->st_gid == n->id;
}

bool
find_test_nouser(struct find_ctx *c, struct find_node *n)
{
	(void)n;
	return fsu_user_name(c->st->st_uid) == NULL;
}

bool
find_test_nogroup(struct find_ctx *c, struct find_node *n)
{
	(void)n;
	return fsu_group_name(c->st->st_gid) == NULL;
}

/* For root, as whom we look at images: only the x bits of files, and flags that
 * forbid changes, can refuse.  Links are followed. */
bool
find_test_access(struct find_ctx *c, struct find_node *n)
{
	struct rump_stat st = *c->st;

	if ((st.st_mode & RUMP_S_IFMT) == RUMP_S_IFLNK &&
	    find_stat_target(c, &st) < 0)
		return false;
	switch (n->primary->name[0]) {
	case 'w':
		return (st.st_flags & RUMP_SF_IMMUTABLES) == 0;
	case 'e':
		return (st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR ||
		    (st.st_mode & 0111) != 0;
	}
	return true;
}

/* ---- the file system ------------------------------------------------------------------------ */

const char *
find_fstype(struct find_ctx *c)
{
	struct rump_statvfs sv;

	if (c->fstype == NULL) {
		c->fstype = "unknown";
		if (rump_sys_statvfs("/", &sv) >= 0) {
			snprintf(c->fstype_buf, sizeof(c->fstype_buf), "%s",
			    sv.f_fstypename);
			c->fstype = c->fstype_buf;
		}
	}
	return c->fstype;
}

bool
find_test_fstype(struct find_ctx *c, struct find_node *n)
{
	return strcmp(fsu_type_alias(n->arg), find_fstype(c)) == 0;
}
