/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scanning an mtree manifest: as a source, whose files' content is read from the
 * host (contents=, else the path itself, below the current directory, or, if the
 * first file isn't there, below the manifest's own); or with -F as an overlay,
 * which changes the attributes of what other sources brought and adds to it.
 * What a manifest doesn't say is taken from the file on the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <rump/rump_abi.h>

#include "fsu/fsu.h"
#include "makefs.h"
#include "mtree.h"

struct mscan {
	struct scan *ms_scan;
	const char *ms_name;
	struct mtree_reader ms_reader;
	bool ms_overlay;
	int ms_base; /* directory that paths start from; -1: undecided */
	unsigned ms_source;
	uint32_t ms_dir; /* where relative names go */
	uint64_t ms_entries;
};

static void
line_fail(struct mscan *ms, const char *what, const char *why)
{
	scan_say(ms->ms_scan, "%s:%lu: %s%s%s", fsu_visible(ms->ms_name),
	    ms->ms_reader.mr_line, what != NULL ? fsu_visible(what) : "",
	    what != NULL ? ": " : "", why);
}

/* ---- content ------------------------------------------------------------------- */

/* Decide once where paths start. */
static int
base_dir(struct mscan *ms, const char *path)
{
	struct stat st;
	char *dir;

	if (ms->ms_base >= 0)
		return ms->ms_base;
	ms->ms_base = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (strcmp(ms->ms_name, "-") != 0 && ms->ms_base >= 0 &&
	    fstatat(ms->ms_base, path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		int fd;

		dir = fsu_dirname(ms->ms_name);
		fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		free(dir);
		if (fd >= 0 &&
		    fstatat(fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			close(ms->ms_base);
			ms->ms_base = fd;
		} else if (fd >= 0)
			close(fd);
	}
	ms->ms_scan->sc_mf->mf_source[ms->ms_source].s_fd = ms->ms_base;
	return ms->ms_base;
}

static bool
take_file(struct mscan *ms, struct mnode *m, const struct mtree_entry *me,
    const char *path)
{
	struct manifest *mf = ms->ms_scan->sc_mf;
	bool content = ms->ms_scan->sc_opts->mo_sparse_content;
	struct xbuild xb = {0};
	struct stat st;
	int fd, error = 0;

	fd = openat(base_dir(ms, path), path,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0) {
		line_fail(ms, path, fsu_strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		line_fail(ms, path, "is no regular file");
		close(fd);
		return false;
	}
	m->m_size = (uint64_t)st.st_size;
	if (m->m_size >= HOLE_UNIT &&
	    (content || (uint64_t)st.st_blocks * 512 < m->m_size))
		error = scan_holes(fd, m->m_size, content, &xb);
	close(fd);
	if (error != 0)
		line_fail(ms, path, fsu_strerror(error));
	m->m_flags &= (uint16_t)~MN_HOLES;
	m->m_extra = xbuild_store(mf, &xb, m->m_size);
	if (xb.xb_holes)
		m->m_flags |= MN_HOLES;
	xbuild_free(&xb);
	m->m_source = (uint8_t)ms->ms_source;
	m->m_flags |= MN_PATH;
	m->m_pos = manifest_string(mf, path, strlen(path));
	if ((me->me_keys & MK_SIZE) != 0 && me->me_size != m->m_size)
		line_fail(ms, path, "the file's size isn't the manifest's");
	return true;
}

/* ---- attributes ------------------------------------------------------------------- */

/* What the manifest doesn't say of a new node, the host's file may. */
static void
borrow(struct mscan *ms, struct mnode *m, const struct mtree_entry *me,
    const char *path)
{
	uint32_t all = MK_MODE | MK_UID | MK_GID | MK_TIME;
	struct stat st;

	if ((me->me_keys & all) == all)
		return;
	/* an overlay's paths are the image's, not the host's */
	if ((!ms->ms_overlay || (me->me_keys & MK_CONTENTS) != 0) &&
	    fstatat(base_dir(ms, path), path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (st.st_mode & S_IFMT) == (me->me_type & RUMP_S_IFMT)) {
		m->m_mode = (uint16_t)(me->me_type | (st.st_mode & 07777));
		m->m_uid = st.st_uid;
		m->m_gid = st.st_gid;
		m->m_sec = st.st_mtim.tv_sec;
		m->m_nsec = (uint32_t)st.st_mtim.tv_nsec;
	} else if ((me->me_keys & MK_TIME) == 0)
		m->m_flags |= MN_IMPLICIT; /* the file system's time */
}

static void
apply(struct mnode *m, const struct mtree_entry *me)
{
	if ((me->me_keys & MK_MODE) != 0)
		m->m_mode = (uint16_t)((m->m_mode & RUMP_S_IFMT) | me->me_mode);
	if ((me->me_keys & MK_UID) != 0)
		m->m_uid = me->me_uid;
	if ((me->me_keys & MK_GID) != 0)
		m->m_gid = me->me_gid;
	if ((me->me_keys & MK_TIME) != 0) {
		m->m_sec = me->me_sec;
		m->m_nsec = me->me_nsec;
		m->m_flags &= (uint16_t)~MN_IMPLICIT;
	}
}

static bool
set_target(struct mscan *ms, struct mnode *m, const struct mtree_entry *me)
{
	if ((me->me_keys & MK_LINK) == 0)
		return false;
	m->m_size = strlen(me->me_link);
	m->m_pos = manifest_string(
	    ms->ms_scan->sc_mf, me->me_link, strlen(me->me_link));
	return true;
}

/* A node that no source brought, or that takes another's place. */
static bool
create(struct mscan *ms, uint32_t i, const struct mtree_entry *me)
{
	struct manifest *mf = ms->ms_scan->sc_mf;
	struct mnode *m = mn(mf, i);
	char *path = manifest_pathname(mf, i);
	bool good = true;

	m->m_mode = (uint16_t)(me->me_type |
	    (me->me_type == RUMP_S_IFDIR	  ? 0755
		    : me->me_type == RUMP_S_IFLNK ? 0777
						  : 0644));
	m->m_source = (uint8_t)ms->ms_source;
	m->m_flags &= (uint16_t)~MN_IMPLICIT;
	borrow(ms, m, me,
	    (me->me_keys & MK_CONTENTS) != 0 ? me->me_contents : path);
	switch (me->me_type) {
	case RUMP_S_IFREG:
		good = take_file(ms, m, me,
		    (me->me_keys & MK_CONTENTS) != 0 ? me->me_contents : path);
		break;
	case RUMP_S_IFLNK:
		good = set_target(ms, m, me);
		if (!good)
			line_fail(ms, path, "a link without link=");
		break;
	case RUMP_S_IFBLK:
	case RUMP_S_IFCHR:
		good = (me->me_keys & MK_DEVICE) != 0;
		m->m_size = me->me_rdev;
		if (!good)
			line_fail(ms, path, "a device without device=");
		break;
	default:
		break;
	}
	apply(m, me);
	free(path);
	return good;
}

/* An existing node's attributes; also its content, if the manifest names some. */
static void
change(struct mscan *ms, uint32_t i, const struct mtree_entry *me)
{
	struct mnode *m = mn(ms->ms_scan->sc_mf, i);
	uint32_t type = m->m_mode & RUMP_S_IFMT;

	if ((me->me_keys & MK_CONTENTS) != 0 && type == RUMP_S_IFREG)
		take_file(ms, m, me, me->me_contents);
	if ((me->me_keys & MK_LINK) != 0 && type == RUMP_S_IFLNK)
		set_target(ms, m, me);
	if ((me->me_keys & MK_DEVICE) != 0 &&
	    (type == RUMP_S_IFBLK || type == RUMP_S_IFCHR))
		m->m_size = me->me_rdev;
	apply(m, me);
	m->m_flags |= MN_CHANGED;
}

/* ---- entries ------------------------------------------------------------------------- */

/*
 * A name with a slash is a path from the top, one without belongs to the
 * directory in hand.
 */
static uint32_t
find_node(struct mscan *ms, const struct mtree_entry *me, bool *isnew,
    const char **why)
{
	struct manifest *mf = ms->ms_scan->sc_mf;
	bool make = (me->me_keys & MK_TYPE) != 0;
	uint32_t i;
	size_t len = strlen(me->me_name);

	*isnew = false;
	*why = NULL;
	if (strchr(me->me_name, '/') != NULL || strcmp(me->me_name, ".") == 0)
		return manifest_path(mf, me->me_name, make, isnew, why);
	if (len > RUMP_NAME_MAX) {
		*why = "the name is longer than 255 bytes";
		return UINT32_MAX;
	}
	i = manifest_lookup(mf, ms->ms_dir, me->me_name, len);
	if (i == 0 && make) {
		*isnew = true;
		i = manifest_add(mf, ms->ms_dir, me->me_name, len);
	}
	return i != 0 ? i : UINT32_MAX;
}

static void
enter(struct mscan *ms, const struct mtree_entry *me)
{
	struct manifest *mf = ms->ms_scan->sc_mf;
	const char *why;
	bool isnew;
	uint32_t i = find_node(ms, me, &isnew, &why), type;

	if (i == UINT32_MAX) {
		if (why != NULL || (me->me_keys & MK_OPTIONAL) == 0)
			line_fail(ms, me->me_name,
			    why != NULL ? why
					: "isn't there, and has no type=");
		return;
	}
	type = mn(mf, i)->m_mode & RUMP_S_IFMT;
	if (!isnew && (me->me_keys & MK_TYPE) != 0 && type != me->me_type) {
		line_fail(ms, me->me_name, "is there, with another type");
		return;
	}
	if (isnew && me->me_type == RUMP_S_IFREG && ms->ms_overlay &&
	    (me->me_keys & (MK_CONTENTS | MK_OPTIONAL)) != MK_CONTENTS) {
		if ((me->me_keys & MK_OPTIONAL) == 0)
			line_fail(ms, me->me_name, "isn't in the tree");
		manifest_drop(mf, i);
		return;
	}
	if (isnew || (mn(mf, i)->m_flags & MN_IMPLICIT) != 0) {
		struct mtree_entry e = *me;

		if (!isnew) /* a directory made on the way */
			e.me_type = RUMP_S_IFDIR;
		if (!create(ms, i, &e)) {
			manifest_drop(mf, i);
			return;
		}
	} else
		change(ms, i, me);
	mn(mf, i)->m_flags |= MN_LISTED;
	if ((me->me_keys & (MK_INODE | MK_NLINK)) == (MK_INODE | MK_NLINK) &&
	    me->me_nlink > 1 && !ms->ms_overlay &&
	    (mn(mf, i)->m_mode & RUMP_S_IFMT) != RUMP_S_IFDIR)
		manifest_remember_link(
		    mf, UINT64_MAX - ms->ms_source, me->me_inode, i);
	if ((mn(mf, i)->m_mode & RUMP_S_IFMT) == RUMP_S_IFDIR &&
	    strchr(me->me_name, '/') == NULL)
		ms->ms_dir = i;
}

/* All of fd, with what was read of it already in front, as a stream. */
static FILE *
stream(int fd, const char *head, size_t taken)
{
	char buf[16384];
	ssize_t n;
	int mem;

	if (taken == 0) {
		mem = dup(fd);
		if (mem >= 0)
			lseek(mem, 0, SEEK_SET);
		return mem >= 0 ? fdopen(mem, "r") : NULL;
	}
	mem = memfd_create("manifest", MFD_CLOEXEC);
	if (mem < 0 || write(mem, head, taken) != (ssize_t)taken)
		return NULL;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(mem, buf, (size_t)n) != n)
			return NULL;
	lseek(mem, 0, SEEK_SET);
	return n == 0 ? fdopen(mem, "r") : NULL;
}

void
scan_mtree(struct scan *sc, const char *name, int fd, const char *head,
    size_t taken, bool overlay)
{
	struct mscan ms = {
	    .ms_scan = sc,
	    .ms_name = name,
	    .ms_reader = {.mr_opts = sc->sc_opts},
	    .ms_overlay = overlay,
	    .ms_base = -1,
	};
	struct mtree_entry me;
	enum mtree_kind kind;

	ms.ms_reader.mr_file = stream(fd, head, taken);
	if (ms.ms_reader.mr_file == NULL) {
		scan_fail(sc, name, errno);
		sc->sc_dead = true;
		return;
	}
	ms.ms_source = manifest_source(sc->sc_mf, SRC_PATH, name, -1, NULL);
	while ((kind = mtree_next(&ms.ms_reader, &me)) != MTREE_END) {
		switch (kind) {
		case MTREE_BAD:
			line_fail(&ms, NULL, ms.ms_reader.mr_why);
			break;
		case MTREE_UP:
			if (ms.ms_dir == 0)
				line_fail(&ms, "..", "leads out of the tree");
			ms.ms_dir = mn(sc->sc_mf, ms.ms_dir)->m_parent;
			break;
		default:
			ms.ms_entries++;
			enter(&ms, &me);
		}
	}
	if (ms.ms_entries == 0) {
		scan_say(sc, "%s: has no entries", fsu_visible(name));
		sc->sc_dead = !overlay;
	}
	mtree_done(&ms.ms_reader);
}
