/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a mount says, and what it does after a write failed; mount options.
 *
 * An image can have any number of faults: MOUNT_MAXMESSAGES lines a mount, the
 * rest are counted, and the end of the mount tells how many.  A fault that is met
 * again at once (a directory that is read a second time) is one message.
 */
#include "kern/klog.h"
#include "kern/kstring.h"
#include "vfs/vnode_impl.h"

#define MOUNT_MAXMESSAGES 10

static void mount_say(struct mount *mp, uint64_t ino, uint64_t byte,
    const char *fmt, va_list ap) KPRINTF(4, 0);

/* The same as the last one? */
static bool
said_before(struct mount *mp, const char *where, const char *what)
{
	uint32_t hash = 2166136261u, last = mp->mnt_lastmsg;

	for (; *where != '\0'; where++)
		hash = (hash ^ (uint8_t)*where) * 16777619u;
	for (; *what != '\0'; what++)
		hash = (hash ^ (uint8_t)*what) * 16777619u;
	mp->mnt_lastmsg = hash;
	return hash == last;
}

static void
mount_say(
    struct mount *mp, uint64_t ino, uint64_t byte, const char *fmt, va_list ap)
{
	char where[64] = "", what[256];
	size_t n = 0;

	if (ino != 0)
		n = (size_t)ksnprintf(where, sizeof(where),
		    "inode %llu: ", (unsigned long long)ino);
	if (byte != UINT64_MAX)
		(void)ksnprintf(where + n, sizeof(where) - n,
		    "byte %llu: ", (unsigned long long)byte);
	(void)kvsnprintf(what, sizeof(what), fmt, ap);
	if (mp != NULL &&
	    (said_before(mp, where, what) ||
		mp->mnt_messages++ >= MOUNT_MAXMESSAGES))
		return;
	if (mp != NULL)
		klog("%s: %s%s", mp->mnt_op->vfs_name, where, what);
	else
		klog("%s%s", where, what);
}

void
mount_message(
    struct mount *mp, uint64_t ino, uint64_t byte, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mount_say(mp, ino, byte, fmt, ap);
	va_end(ap);
}

int
mount_damage(struct mount *mp, uint64_t ino, const char *fmt, ...)
{
	va_list ap;

	mp->mnt_damaged = true;
	va_start(ap, fmt);
	mount_say(mp, ino, UINT64_MAX, fmt, ap);
	va_end(ap);
	return EUCLEAN;
}

void
mount_warn(struct mount *mp, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mount_say(mp, 0, UINT64_MAX, fmt, ap);
	va_end(ap);
}

void
mount_messages_end(struct mount *mp)
{
	if (mp->mnt_messages > MOUNT_MAXMESSAGES)
		klog("%s: %u more messages like these were not printed",
		    mp->mnt_op->vfs_name, mp->mnt_messages - MOUNT_MAXMESSAGES);
}

/*
 * Called with any locks held, perhaps in the middle of the driver's work: so only
 * the flag changes, which every call that would write looks at.
 */
void
vfs_ioerror(struct mount *mp, int error)
{
	if (mp == NULL || mp->mnt_ioerror != 0)
		return;
	mp->mnt_ioerror = error;
	mp->mnt_flags |= RUMP_MNT_RDONLY;
	mount_warn(mp, "%s: a write failed (error %d): read-only from now on",
	    mp->mnt_name, error);
}

int
mountopt_next(const char **posp, struct mountopt *mo)
{
	const char *p = *posp, *eq;
	size_t len;

	if (p == NULL || *p == '\0')
		return ENOENT;
	for (len = 0; p[len] != '\0' && p[len] != ','; len++)
		continue;
	eq = kmemchr(p, '=', len);
	mo->mo_hasvalue = eq != NULL;
	mo->mo_value[0] = '\0';
	if (eq != NULL) {
		size_t vlen = len - (size_t)(eq + 1 - p);

		if (vlen >= sizeof(mo->mo_value))
			return EINVAL;
		memcpy(mo->mo_value, eq + 1, vlen);
		mo->mo_value[vlen] = '\0';
	}
	*posp = p[len] == ',' ? p + len + 1 : p + len;
	if (eq != NULL)
		len = (size_t)(eq - p);
	if (len == 0 || len >= sizeof(mo->mo_name))
		return EINVAL;
	memcpy(mo->mo_name, p, len);
	mo->mo_name[len] = '\0';
	return 0;
}

bool
mountopt_common(struct mount *mp, const struct mountopt *mo)
{
	if (kstrcmp(mo->mo_name, "ro") == 0)
		mp->mnt_flags |= RUMP_MNT_RDONLY;
	else if (kstrcmp(mo->mo_name, "atime") == 0)
		mp->mnt_flags |= RUMP_MNT_ATIME;
	else if (kstrcmp(mo->mo_name, "rw") != 0 &&
	    kstrcmp(mo->mo_name, "noatime") != 0) {
		mount_message(mp, 0, UINT64_MAX, "unknown mount option \"%s\"",
		    mo->mo_name);
		return false;
	}
	return true;
}

int
mountopts_common(struct mount *mp, const char *options)
{
	struct mountopt mo;
	int error;

	while ((error = mountopt_next(&options, &mo)) == 0)
		if (!mountopt_common(mp, &mo))
			return EINVAL;
	return error == ENOENT ? 0 : error;
}
