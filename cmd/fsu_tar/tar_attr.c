/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar: extended attributes, POSIX access lists and file flags, from the image
 * into an archive and back.
 *
 * In the image a list is an attribute, system.posix_acl_access or _default: a
 * version (2), then tag, permissions and id of each entry, little-endian.  In pax
 * it is star's text, "user::rw-,user:lisa:r--:1001,mask::r--", in which the number
 * stands behind the name; libarchive gives it entry by entry.
 */
#include <archive.h>
#include <archive_entry.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>

#include "tar.h"

#define ACL_VERSION   2u
#define ACL_USER_OBJ  0x01u
#define ACL_USER      0x02u
#define ACL_GROUP_OBJ 0x04u
#define ACL_GROUP     0x08u
#define ACL_MASK      0x10u
#define ACL_OTHER     0x20u
#define ACL_MAX	      4096u /* entries; the largest attribute holds more */

static const char *const acl_names[2] = {
    "system.posix_acl_access", "system.posix_acl_default"};
static const int acl_types[2] = {
    ARCHIVE_ENTRY_ACL_TYPE_ACCESS, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT};

static const struct {
	uint32_t rump;
	unsigned long host; /* as libarchive has them */
	const char *name;
} flags[] = {
    {RUMP_UF_NODUMP, FS_NODUMP_FL, "nodump"},
    {RUMP_SF_IMMUTABLE, FS_IMMUTABLE_FL, "schg"},
    {RUMP_SF_APPEND, FS_APPEND_FL, "sappnd"},
    {RUMP_SF_NOATIME, FS_NOATIME_FL, "noatime"},
    {RUMP_SF_SYNC, FS_SYNC_FL, "sync"},
    {RUMP_SF_DIRSYNC, FS_DIRSYNC_FL, "dirsync"},
    {RUMP_SF_TOPDIR, FS_TOPDIR_FL, "topdir"},
};
#define NFLAGS (sizeof(flags) / sizeof(flags[0]))

/* ---- calls on what can't be opened ------------------------------------------------ */

/* Stand in dirfd for a call that takes a path only; what leave() needs, or -error. */
static int
enter(int dirfd)
{
	int old, r;

	if (dirfd == RUMP_AT_FDCWD)
		return 0;
	old = rump_sys_open(".", RUMP_O_PATH | RUMP_O_DIRECTORY, 0);
	if (old < 0)
		return old;
	r = rump_sys_fchdir(dirfd);
	if (r == 0)
		return old;
	rump_sys_close(old);
	return r;
}

static void
leave(int dirfd, int old)
{
	if (dirfd == RUMP_AT_FDCWD)
		return;
	rump_sys_fchdir(old);
	rump_sys_close(old);
}

/* ---- out of the image --------------------------------------------------------------- */

static uint32_t
get_le(const unsigned char *p, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (uint32_t)p[i] << 8 * i;
	return v;
}

/* One entry of a list as star's text; false: no such tag. */
static bool
acl_entry_text(char **p, unsigned tag, unsigned perm, uint32_t id, bool numeric)
{
	bool user = tag == ACL_USER_OBJ || tag == ACL_USER;
	const char *who = user	   ? "user"
	    : tag == ACL_GROUP_OBJ ? "group"
	    : tag == ACL_GROUP	   ? "group"
	    : tag == ACL_MASK	   ? "mask"
	    : tag == ACL_OTHER	   ? "other"
				   : NULL;
	const char *name = NULL;

	if (who == NULL)
		return false;
	*p += sprintf(*p, "%s:", who);
	if (tag == ACL_USER || tag == ACL_GROUP) {
		if (!numeric)
			name = user ? fsu_user_name(id) : fsu_group_name(id);
		if (name != NULL && strlen(name) <= 64 &&
		    strpbrk(name, ",:") == NULL)
			*p += sprintf(*p, "%s", name);
		else {
			*p += sprintf(*p, "%u", (unsigned)id);
			name = NULL;
		}
	}
	*p += sprintf(*p, ":%c%c%c", perm & 4 ? 'r' : '-', perm & 2 ? 'w' : '-',
	    perm & 1 ? 'x' : '-');
	if (name != NULL)
		*p += sprintf(*p, ":%u", (unsigned)id);
	*p += sprintf(*p, ",");
	return true;
}

/* NULL: malformed. */
static char *
acl_text(const unsigned char *v, size_t len, bool numeric)
{
	size_t n = (len - 4) / 8;
	char *text, *p;

	if (len < 12 || (len - 4) % 8 != 0 || get_le(v, 4) != ACL_VERSION)
		return NULL;
	text = p = fsu_malloc(n * 96 + 1);
	for (size_t i = 0; i < n; i++)
		if (!acl_entry_text(&p, get_le(v + 4 + 8 * i, 2),
			get_le(v + 6 + 8 * i, 2), get_le(v + 8 + 8 * i, 4),
			numeric)) {
			free(text);
			return NULL;
		}
	p[-1] = '\0';
	return text;
}

static void
take(struct tar_member *m, const char *name, const void *value, size_t len,
    const struct tar_opts *o)
{
	struct tar_xattr *a;

	for (unsigned i = 0; i < 2; i++) {
		if (strcmp(name, acl_names[i]) != 0)
			continue;
		if (!o->to_noacls)
			m->m_acl[i] = acl_text(value, len, o->to_numeric);
		return;
	}
	if (o->to_noxattrs)
		return;
	m->m_xattr = fsu_realloc(
	    m->m_xattr, (m->m_nxattr + 1) * sizeof(*m->m_xattr));
	a = &m->m_xattr[m->m_nxattr++];
	a->name = fsu_strdup(name);
	a->value = fsu_malloc(len);
	memcpy(a->value, value, len);
	a->len = len;
}

static int
by_name(const void *a, const void *b)
{
	const struct tar_xattr *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
read_xattrs(
    struct tar_member *m, int fd, const char *name, const struct tar_opts *o)
{
	char *names = fsu_malloc(2 * RUMP_XATTR_SIZE_MAX), *value;
	int64_t len, size;

	value = names + RUMP_XATTR_SIZE_MAX;
	len = fd >= 0 ? rump_sys_flistxattr(fd, names, RUMP_XATTR_SIZE_MAX)
		      : rump_sys_llistxattr(name, names, RUMP_XATTR_SIZE_MAX);
	if (len == -RUMP_EOPNOTSUPP || len == -RUMP_ENOSYS)
		len = 0;
	for (char *n = names; len > 0 && n < names + len; n += strlen(n) + 1) {
		size = fd >= 0
		    ? rump_sys_fgetxattr(fd, n, value, RUMP_XATTR_SIZE_MAX)
		    : rump_sys_lgetxattr(name, n, value, RUMP_XATTR_SIZE_MAX);
		if (size == -RUMP_ENODATA)
			continue;
		if (size < 0) {
			len = size;
			break;
		}
		take(m, n, value, (size_t)size, o);
	}
	free(names);
	if (m->m_nxattr > 1)
		qsort(m->m_xattr, m->m_nxattr, sizeof(*m->m_xattr), by_name);
	return len < 0 ? (int)len : 0;
}

static void
read_flags(struct tar_member *m)
{
	char buf[80] = "", *p = buf;

	for (size_t i = 0; i < NFLAGS; i++)
		if (m->m_st.st_flags & flags[i].rump)
			p += sprintf(
			    p, "%s%s", p == buf ? "" : ",", flags[i].name);
	if (p != buf)
		m->m_fflags = fsu_strdup(buf);
}

int
tar_attr_read(struct tar_member *m, int fd, int dirfd, const char *name,
    const struct tar_opts *o)
{
	int old, r;

	if (!o->to_noflags)
		read_flags(m);
	if ((o->to_noxattrs && o->to_noacls) ||
	    (m->m_st.st_hints & RUMP_STH_NOXATTR))
		return 0;
	if (fd >= 0)
		return read_xattrs(m, fd, NULL, o);
	old = enter(dirfd);
	if (old < 0)
		return old;
	r = read_xattrs(m, -1, name, o);
	leave(dirfd, old);
	return r;
}

void
tar_attr_free(struct tar_member *m)
{
	for (size_t i = 0; i < m->m_nxattr; i++) {
		free(m->m_xattr[i].name);
		free(m->m_xattr[i].value);
	}
	free(m->m_xattr);
	free(m->m_acl[0]);
	free(m->m_acl[1]);
	free(m->m_fflags);
	m->m_xattr = NULL;
	m->m_nxattr = 0;
	m->m_acl[0] = m->m_acl[1] = m->m_fflags = NULL;
}

void
tar_attr_to_entry(const struct tar_member *m, struct archive_entry *ae)
{
	for (size_t i = 0; i < m->m_nxattr; i++)
		archive_entry_xattr_add_entry(ae, m->m_xattr[i].name,
		    m->m_xattr[i].value, m->m_xattr[i].len);
	for (unsigned i = 0; i < 2; i++)
		if (m->m_acl[i] != NULL)
			archive_entry_acl_from_text(
			    ae, m->m_acl[i], acl_types[i]);
	if (m->m_fflags != NULL)
		archive_entry_copy_fflags_text(ae, m->m_fflags);
}

/* ---- into the image -------------------------------------------------------------------- */

struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

static uint16_t
tag_of(int la_tag)
{
	switch (la_tag) {
	case ARCHIVE_ENTRY_ACL_USER_OBJ:
		return ACL_USER_OBJ;
	case ARCHIVE_ENTRY_ACL_USER:
		return ACL_USER;
	case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
		return ACL_GROUP_OBJ;
	case ARCHIVE_ENTRY_ACL_GROUP:
		return ACL_GROUP;
	case ARCHIVE_ENTRY_ACL_MASK:
		return ACL_MASK;
	case ARCHIVE_ENTRY_ACL_OTHER:
		return ACL_OTHER;
	default:
		return 0;
	}
}

static int
by_tag(const void *a, const void *b)
{
	const struct acl_entry *x = a, *y = b;

	if (x->tag != y->tag)
		return x->tag < y->tag ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* The number where there is one, else whose name it is here; false: nobody's. */
static bool
find_id(unsigned tag, int qual, const char *name, uint32_t *idp)
{
	uint32_t group; /* of the user: not asked */

	if (tag != ACL_USER && tag != ACL_GROUP)
		return true;
	if (qual >= 0) {
		*idp = (uint32_t)qual;
		return true;
	}
	return name != NULL &&
	    (tag == ACL_USER ? fsu_user_id(name, idp, &group)
			     : fsu_group_id(name, idp));
}

/* The list of one kind, in order; how many.  *list is to be freed. */
static size_t
acl_list(struct archive_entry *ae, int kind, struct acl_entry **list)
{
	int type, perm, la_tag, qual, n;
	const char *name;
	size_t used = 0;

	*list = NULL;
	n = archive_entry_acl_reset(ae, kind);
	if (n <= 0 || (unsigned)n > ACL_MAX)
		return 0;
	*list = fsu_calloc((size_t)n, sizeof(**list));
	while (used < (size_t)n &&
	    archive_entry_acl_next(
		ae, kind, &type, &perm, &la_tag, &qual, &name) == ARCHIVE_OK) {
		struct acl_entry e = {
		    tag_of(la_tag), (uint16_t)(perm & 7), UINT32_MAX};

		if (type != kind || e.tag == 0 ||
		    !find_id(e.tag, qual, name, &e.id))
			continue;
		(*list)[used++] = e;
	}
	qsort(*list, used, sizeof(**list), by_tag);
	return used;
}

uint32_t
tar_acl_mode(struct archive_entry *ae, uint32_t mode)
{
	struct acl_entry *list;
	size_t n;

	if (archive_entry_acl_count(ae, ARCHIVE_ENTRY_ACL_TYPE_ACCESS) <= 3)
		return mode;
	n = acl_list(ae, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, &list);
	for (size_t i = 0; i < n; i++)
		if (list[i].tag == ACL_MASK)
			mode = (mode & ~070u) | (uint32_t)list[i].perm << 3;
	free(list);
	return mode;
}

struct target {
	int fd; /* or -1: */
	const char *name;
	bool *lost;
};

static int
set(const struct target *t, const char *name, const void *value, size_t len)
{
	int r = t->fd >= 0 ? rump_sys_fsetxattr(t->fd, name, value, len, 0)
			   : rump_sys_lsetxattr(t->name, name, value, len, 0);

	if (r == -RUMP_EOPNOTSUPP || r == -RUMP_EPERM) {
		*t->lost = true; /* this file system has none of the kind */
		return 0;
	}
	return r;
}

static void
put_le(unsigned char *p, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

static int
set_acl(const struct target *t, struct archive_entry *ae, unsigned which)
{
	struct acl_entry *list;
	unsigned char *v;
	size_t n;
	int r = 0;

	/* Three entries are what the mode says anyway. */
	if (archive_entry_acl_count(ae, acl_types[which]) <=
	    (which == 0 ? 3 : 0))
		return 0;
	n = acl_list(ae, acl_types[which], &list);
	v = fsu_malloc(4 + 8 * n);
	put_le(v, ACL_VERSION, 4);
	for (size_t i = 0; i < n; i++) {
		put_le(v + 4 + 8 * i, list[i].tag, 2);
		put_le(v + 6 + 8 * i, list[i].perm, 2);
		put_le(v + 8 + 8 * i, list[i].id, 4);
	}
	if (n > 0)
		r = set(t, acl_names[which], v, 4 + 8 * n);
	free(v);
	free(list);
	return r;
}

/* What record_xattr() of the writer, and GNU's programs, put for '=' and '%'. */
static char *
decoded(const char *name)
{
	char *s = fsu_strdup(name), *to = s;

	for (const char *p = s; *p != '\0';) {
		if (strncmp(p, "%3D", 3) == 0 || strncmp(p, "%25", 3) == 0) {
			*to++ = p[1] == '3' ? '=' : '%';
			p += 3;
		} else
			*to++ = *p++;
	}
	*to = '\0';
	return s;
}

static int
set_all(
    const struct target *t, struct archive_entry *ae, const struct tar_opts *o)
{
	const char *name;
	const void *value;
	size_t len;
	int r = 0;

	archive_entry_xattr_reset(ae);
	while (!o->to_noxattrs && r == 0 &&
	    archive_entry_xattr_next(ae, &name, &value, &len) == ARCHIVE_OK) {
		char *real = decoded(name);

		if (strncmp(real, "system.posix_acl_", 17) != 0)
			r = set(t, real, value, len);
		free(real);
	}
	for (unsigned i = 0; i < 2 && r == 0 && !o->to_noacls; i++)
		r = set_acl(t, ae, i);
	return r;
}

int
tar_attr_apply(struct archive_entry *ae, int fd, int dirfd, const char *name,
    const struct tar_opts *o, bool *lost)
{
	struct target t = {.fd = fd, .name = name, .lost = lost};
	int old, r;

	if (archive_entry_xattr_count(ae) == 0 &&
	    (archive_entry_acl_types(ae) & ARCHIVE_ENTRY_ACL_TYPE_POSIX1E) == 0)
		return 0;
	if (fd >= 0)
		return set_all(&t, ae, o);
	old = enter(dirfd);
	if (old < 0)
		return old;
	r = set_all(&t, ae, o);
	leave(dirfd, old);
	return r;
}

uint32_t
tar_entry_flags(struct archive_entry *ae)
{
	unsigned long on, off;
	uint32_t v = 0;

	archive_entry_fflags(ae, &on, &off);
	for (size_t i = 0; i < NFLAGS; i++)
		if (on & flags[i].host)
			v |= flags[i].rump;
	return v;
}
