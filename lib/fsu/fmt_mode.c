/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Modes and file flags as text.
 */
#include <stdio.h>
#include <string.h>

#include "fsu/fmt.h"

char
fsu_modetype(uint32_t mode)
{
	static const char letters[16] = "?pc?d?b?-?l?s???";

	return letters[(mode & RUMP_S_IFMT) >> 12];
}

void
fsu_modestr(uint32_t mode, char buf[11])
{
	static const char rwx[8][4] = {
	    "---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"};

	buf[0] = fsu_modetype(mode);
	memcpy(buf + 1, rwx[mode >> 6 & 7], 3);
	memcpy(buf + 4, rwx[mode >> 3 & 7], 3);
	memcpy(buf + 7, rwx[mode & 7], 3);
	buf[10] = '\0';
	if ((mode & RUMP_S_ISUID) != 0)
		buf[3] = (mode & 0100) != 0 ? 's' : 'S';
	if ((mode & RUMP_S_ISGID) != 0)
		buf[6] = (mode & 0010) != 0 ? 's' : 'S';
	if ((mode & RUMP_S_ISVTX) != 0)
		buf[9] = (mode & 0001) != 0 ? 't' : 'T';
}

const char *
fsu_modename(uint32_t mode, uint64_t size)
{
	switch (mode & RUMP_S_IFMT) {
	case RUMP_S_IFREG:
		return size == 0 ? "regular empty file" : "regular file";
	case RUMP_S_IFDIR:
		return "directory";
	case RUMP_S_IFLNK:
		return "symbolic link";
	case RUMP_S_IFBLK:
		return "block special file";
	case RUMP_S_IFCHR:
		return "character special file";
	case RUMP_S_IFIFO:
		return "fifo";
	case RUMP_S_IFSOCK:
		return "socket";
	default:
		return "weird file";
	}
}

static const struct {
	uint32_t flag;
	const char *name;
} flag_names[] = {
    {RUMP_SF_APPEND, "sappnd"},
    {RUMP_SF_ARCHIVED, "arch"},
    {RUMP_SF_IMMUTABLE, "schg"},
    {RUMP_SF_NOATIME, "noatime"},
    {RUMP_SF_SYNC, "sync"},
    {RUMP_SF_DIRSYNC, "dirsync"},
    {RUMP_SF_TOPDIR, "topdir"},
    {RUMP_SF_COMPRESSED, "compressed"},
    {RUMP_SF_NOTAIL, "notail"},
    {RUMP_SF_SECRM, "secrm"},
    {RUMP_SF_UNRM, "undel"},
    {RUMP_SF_JOURNAL, "journal"},
    {RUMP_UF_APPEND, "uappnd"},
    {RUMP_UF_IMMUTABLE, "uchg"},
    {RUMP_UF_NODUMP, "nodump"},
    {RUMP_UF_OPAQUE, "opaque"},
    {RUMP_UF_SYSTEM, "usystem"},
    {RUMP_UF_SPARSE, "usparse"},
    {RUMP_UF_OFFLINE, "uoffline"},
    {RUMP_UF_REPARSE, "ureparse"},
    {RUMP_UF_ARCHIVE, "uarch"},
    {RUMP_UF_READONLY, "urdonly"},
    {RUMP_UF_HIDDEN, "uhidden"},
};

size_t
fsu_flagstr(uint32_t flags, char *buf, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < sizeof(flag_names) / sizeof(*flag_names); i++) {
		size_t n = strlen(flag_names[i].name);

		if ((flags & flag_names[i].flag) == 0 || len + n + 2 > size)
			continue;
		if (len != 0)
			buf[len++] = ',';
		memcpy(buf + len, flag_names[i].name, n);
		len += n;
		flags &= ~flag_names[i].flag;
	}
	if (flags != 0 && len + 12 < size)
		len += (size_t)snprintf(buf + len, size - len, "%s0x%x",
		    len != 0 ? "," : "", flags);
	if (len == 0)
		buf[len++] = '-';
	buf[len] = '\0';
	return len;
}
