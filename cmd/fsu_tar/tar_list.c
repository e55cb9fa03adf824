/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar: lines as GNU's tar -t and -tv print them.
 *
 * Owner, size and time share a field that grows when something doesn't fit, and
 * stays so for the lines after it.
 */
#include <stdlib.h>
#include <string.h>

#include "tar.h"

static void
put_name(struct fsu_out *out, const char *name, bool slash)
{
	static const struct fsu_quoting q = {.style = FSU_QUOTE_ESCAPE};
	struct fsu_quoted quoted = {0};
	size_t len = strlen(name);

	if (fsu_quote_plain(name, len) && strchr(name, '\\') == NULL)
		fsu_out_mem(out, name, len);
	else {
		fsu_quote(&quoted, name, len, &q);
		fsu_out_mem(out, quoted.text, quoted.len);
		free(quoted.text);
	}
	if (slash)
		fsu_out_char(out, '/');
}

void
tar_list_name(struct fsu_out *out, const struct tar_member *m)
{
	put_name(out, m->m_name,
	    !m->m_hardlink && (m->m_st.st_mode & RUMP_S_IFMT) == RUMP_S_IFDIR);
	fsu_out_char(out, '\n');
}

static size_t
put_time(char *buf, size_t size, const struct tar_opts *o,
    const struct rump_timespec *ts)
{
	size_t len;

	if (o->to_fulltime) {
		len = fsu_time_format(buf, size,
		    ts->tv_nsec != 0 ? "%Y-%m-%d %H:%M:%S.%N"
				     : "%Y-%m-%d %H:%M:%S",
		    ts->tv_sec, (uint32_t)ts->tv_nsec);
		while (ts->tv_nsec != 0 && buf[len - 1] == '0')
			len--;
		return len;
	}
	return fsu_time_format(
	    buf, size, "%Y-%m-%d %H:%M", ts->tv_sec, (uint32_t)ts->tv_nsec);
}

static void
put_owner(char *buf, size_t size, const char *name, uint32_t id, bool numeric)
{
	if (name != NULL && *name != '\0' && !numeric)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%u", (unsigned)id);
}

static char
type_char(const struct tar_member *m)
{
	return m->m_hardlink ? 'h' : fsu_modetype(m->m_st.st_mode);
}

void
tar_list_member(
    struct fsu_out *out, struct tar_opts *o, const struct tar_member *m)
{
	const struct rump_stat *st = &m->m_st;
	uint32_t type = st->st_mode & RUMP_S_IFMT;
	char mode[11], user[64], group[64], size[48], when[FSU_TIME_CHARS];
	size_t used, timelen;

	fsu_modestr(st->st_mode, mode);
	mode[0] = type_char(m);
	put_owner(user, sizeof(user), m->m_uname, st->st_uid, o->to_numeric);
	put_owner(group, sizeof(group), m->m_gname, st->st_gid, o->to_numeric);
	if (type == RUMP_S_IFCHR || type == RUMP_S_IFBLK)
		snprintf(size, sizeof(size), "%u,%u",
		    (unsigned)RUMP_MAJOR(st->st_rdev),
		    (unsigned)RUMP_MINOR(st->st_rdev));
	else
		snprintf(size, sizeof(size), "%llu",
		    type == RUMP_S_IFREG && !m->m_hardlink
			? (unsigned long long)st->st_size
			: 0ull);
	timelen = put_time(when, sizeof(when), o, &st->st_mtim);
	used = strlen(user) + 1 + strlen(group) + 1 + strlen(size);
	if (used > o->to_width)
		o->to_width = used;
	if (timelen > o->to_timewidth)
		o->to_timewidth = timelen;
	fsu_out_mem(out, mode, 10);
	fsu_out_char(out, ' ');
	fsu_out_str(out, user);
	fsu_out_char(out, '/');
	fsu_out_str(out, group);
	fsu_out_pad(out, ' ', 1 + o->to_width - used);
	fsu_out_str(out, size);
	fsu_out_char(out, ' ');
	fsu_out_mem(out, when, timelen);
	fsu_out_pad(out, ' ', o->to_timewidth - timelen + 1);
	put_name(out, m->m_name, type == RUMP_S_IFDIR && !m->m_hardlink);
	if (m->m_link != NULL) {
		fsu_out_str(out, m->m_hardlink ? " link to " : " -> ");
		put_name(out, m->m_link, false);
	}
	fsu_out_char(out, '\n');
}
