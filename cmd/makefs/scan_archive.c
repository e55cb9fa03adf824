/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scanning an archive: tar, cpio or zip, through any filter that libarchive has.
 *
 * One decode: headers go into the manifest, data into a spool, an unnamed file
 * beside the target, from which the copy phase takes it.  Between libarchive's
 * filters and its formats stands a tap (scan_tap.c), because a tar without the
 * two zero blocks at its end is a pipe that died, and libarchive doesn't tell.
 *
 * Names are read under a UTF-8 locale object, whatever the process's locale.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rump_abi.h>
#include <rump/rumpuser.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"
#include "fsu/progress.h"
#include "makefs.h"
#include "scan_acl.h"
#include "scan_tap.h"

#define READ_BYTES  (256u * 1024u)
#define SPOOL_BYTES (1024u * 1024u)
#define TAR_BLOCK   512u

/* The formats' read callback. */
static ssize_t
read_decoded(struct archive *a, void *arg, const void **bufp)
{
	struct tap *t = arg;
	ssize_t n = tap_next(t, bufp);

	if (n < 0)
		archive_set_error(a, EIO, "%s", t->t_error);
	return n;
}

/* ---- the spool -------------------------------------------------------------------- */

struct spool {
	struct rumpuser_file *s_file;
	char *s_buf;
	uint64_t s_start; /* where the buffer's first byte goes */
	size_t s_used;
	uint64_t s_end; /* where the next file starts */
};

static int
spool_flush(struct spool *s)
{
	struct rumpuser_iov iov = {s->s_buf, s->s_used};
	int error = 0;

	if (s->s_used > 0)
		error = rumpuser_pwritev(s->s_file, &iov, 1, s->s_start, NULL);
	s->s_start += s->s_used;
	s->s_used = 0;
	return error;
}

static int
spool_write(struct spool *s, const char *p, size_t len, uint64_t at)
{
	int error = 0;

	if (at != s->s_start + s->s_used) {
		error = spool_flush(s);
		s->s_start = at;
	}
	while (len > 0 && error == 0) {
		size_t n = SPOOL_BYTES - s->s_used;

		if (n > len)
			n = len;
		memcpy(s->s_buf + s->s_used, p, n);
		s->s_used += n;
		p += n;
		len -= n;
		if (s->s_used == SPOOL_BYTES)
			error = spool_flush(s);
	}
	return error;
}

/* ---- entries ------------------------------------------------------------------------ */

struct reader {
	struct scan *r_scan;
	const char *r_name;
	struct archive *r_a;
	struct tap *r_tap;
	struct spool r_spool;
	unsigned r_source;
	struct xbuild r_xb;
	uint64_t r_entries;
	uint64_t r_dataend; /* decoded bytes up to the last entry's end */
};

static void
entry_fail(struct reader *r, const char *path, const char *why)
{
	scan_say(r->r_scan, "%s: %s: %s", fsu_visible(r->r_name),
	    fsu_visible(path), why);
}

static uint64_t
entry_rdev(struct archive_entry *ae)
{
	return RUMP_MAKEDEV((uint32_t)archive_entry_rdevmajor(ae),
	    (uint32_t)archive_entry_rdevminor(ae));
}

static void
take_xattrs(struct reader *r, struct archive_entry *ae, uint16_t *mode)
{
	const char *name;
	const void *value;
	size_t len;

	archive_entry_xattr_reset(ae);
	while (archive_entry_xattr_next(ae, &name, &value, &len) == ARCHIVE_OK)
		if (xattr_wanted(name) &&
		    strncmp(name, "system.posix_acl_", 17) != 0)
			xbuild_attr(&r->r_xb, name, value, len);
	scan_acl(r->r_scan, r->r_name, ae, &r->r_xb, mode);
}

static void
take_holes(struct reader *r, struct archive_entry *ae)
{
	la_int64_t off, len;

	if (archive_entry_sparse_reset(ae) <= 0)
		return;
	r->r_xb.xb_holes = true;
	while (archive_entry_sparse_next(ae, &off, &len) == ARCHIVE_OK)
		if (off >= 0 && len > 0)
			xbuild_range(&r->r_xb, (uint64_t)off, (uint64_t)len);
}

/* The entry's data into the spool, each byte at its own offset. */
static int
take_data(struct reader *r, struct mnode *m)
{
	uint64_t base = r->r_spool.s_end;
	const void *buf;
	la_int64_t off;
	size_t len;
	int ret, error;

	m->m_pos = base;
	while ((ret = archive_read_data_block(r->r_a, &buf, &len, &off)) ==
		ARCHIVE_OK ||
	    ret == ARCHIVE_WARN) {
		if (off < 0 || (uint64_t)off + len > m->m_size)
			return EIO;
		error = spool_write(
		    &r->r_spool, buf, len, base + (uint64_t)off);
		if (error != 0)
			return error;
		fsu_progress_bytes(len);
	}
	r->r_spool.s_end = base + m->m_size;
	return ret == ARCHIVE_EOF ? 0 : EIO;
}

static void
set_attributes(struct reader *r, struct mnode *m, struct archive_entry *ae)
{
	uint32_t type = (uint32_t)archive_entry_filetype(ae);

	m->m_mode = (uint16_t)(type |
	    ((uint32_t)archive_entry_mode(ae) & RUMP_ALLPERMS));
	m->m_uid = (uint32_t)archive_entry_uid(ae);
	m->m_gid = (uint32_t)archive_entry_gid(ae);
	m->m_sec = archive_entry_mtime(ae);
	m->m_nsec = (uint32_t)archive_entry_mtime_nsec(ae);
	m->m_flags &= (uint16_t) ~(MN_IMPLICIT | MN_HOLES);
	m->m_source = (uint8_t)r->r_source;
	m->m_size = 0;
	if (type == RUMP_S_IFREG && archive_entry_size_is_set(ae) &&
	    archive_entry_size(ae) > 0)
		m->m_size = (uint64_t)archive_entry_size(ae);
	if (type == RUMP_S_IFBLK || type == RUMP_S_IFCHR)
		m->m_size = entry_rdev(ae);
	xbuild_reset(&r->r_xb);
	take_xattrs(r, ae, &m->m_mode);
	if (type == RUMP_S_IFREG)
		take_holes(r, ae);
	m->m_extra = xbuild_store(r->r_scan->sc_mf, &r->r_xb, m->m_size);
	if (r->r_xb.xb_holes)
		m->m_flags |= MN_HOLES;
}

/*
 * A path that is there already: directories merge; in one archive the later
 * entry wins; else an error, but with -r.  The node, or UINT32_MAX.
 */
static uint32_t
settle(struct reader *r, const char *path, uint32_t i, bool dir)
{
	struct manifest *mf = r->r_scan->sc_mf;
	struct mnode *m = mn(mf, i);
	const char *name = mn_name(mf, m);
	uint32_t parent = m->m_parent;

	if (i == 0)
		return dir ? 0 : UINT32_MAX;
	if (dir && (m->m_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
		return i;
	if (m->m_source != r->r_source && !r->r_scan->sc_opts->mo_replace &&
	    (m->m_flags & MN_IMPLICIT) == 0) {
		entry_fail(r, path,
		    "is in more than one source (-r: the last one wins)");
		return UINT32_MAX;
	}
	manifest_drop(mf, i);
	return manifest_add(mf, parent, name, m->m_namelen);
}

/* An entry that is another name of a file before it. */
static int
take_link(struct reader *r, const char *path, const char *to,
    struct archive_entry *ae)
{
	struct manifest *mf = r->r_scan->sc_mf;
	uint32_t from, i;
	const char *why;
	bool isnew;

	from = manifest_path(mf, to, false, &isnew, &why);
	if (from == UINT32_MAX || from == 0 ||
	    (mn(mf, from)->m_mode & RUMP_S_IFMT) == RUMP_S_IFDIR) {
		entry_fail(r, path, "is a link to what isn't in the archive");
		return 0;
	}
	i = manifest_path(mf, path, true, &isnew, &why);
	if (i == from)
		return 0;
	if (i != UINT32_MAX && !isnew)
		i = settle(r, path, i, false);
	if (i == UINT32_MAX) {
		if (why != NULL)
			entry_fail(r, path, why);
		return 0;
	}
	/* newer cpio: the data come with the last name */
	if (archive_entry_size_is_set(ae) && archive_entry_size(ae) > 0 &&
	    mn(mf, from)->m_size == 0 &&
	    (mn(mf, from)->m_mode & RUMP_S_IFMT) == RUMP_S_IFREG) {
		int error;

		mn(mf, from)->m_size = (uint64_t)archive_entry_size(ae);
		error = take_data(r, mn(mf, from));
		if (error != 0)
			return error;
		if ((mn(mf, from)->m_flags & MN_LINKED) != 0)
			for (size_t k = 0; k < mf->mf_nlinks; k++) {
				struct mlink *l = &mf->mf_links[k];

				if (l->l_ino != mn(mf, from)->m_link)
					continue;
				mn(mf, l->l_node)->m_size =
				    mn(mf, from)->m_size;
				mn(mf, l->l_node)->m_pos = mn(mf, from)->m_pos;
			}
	}
	mn(mf, i)->m_mode = mn(mf, from)->m_mode;
	mn(mf, i)->m_source = mn(mf, from)->m_source;
	mn(mf, i)->m_uid = mn(mf, from)->m_uid;
	mn(mf, i)->m_gid = mn(mf, from)->m_gid;
	mn(mf, i)->m_sec = mn(mf, from)->m_sec;
	mn(mf, i)->m_nsec = mn(mf, from)->m_nsec;
	mn(mf, i)->m_size = mn(mf, from)->m_size;
	mn(mf, i)->m_pos = mn(mf, from)->m_pos;
	mn(mf, i)->m_extra = mn(mf, from)->m_extra;
	mn(mf, i)->m_flags |= mn(mf, from)->m_flags & MN_HOLES;
	manifest_join(mf, from, i);
	return 0;
}

/* 0, or an errno that ends it all. */
static int
take_entry(struct reader *r, struct archive_entry *ae)
{
	struct manifest *mf = r->r_scan->sc_mf;
	const char *path = archive_entry_pathname(ae), *why, *to;
	uint32_t type = (uint32_t)archive_entry_filetype(ae), i;
	bool isnew;

	r->r_entries++;
	if (path == NULL || *path == '\0') {
		entry_fail(r, "?", "an entry without a name");
		return 0;
	}
	to = archive_entry_hardlink(ae);
	if (to != NULL)
		return take_link(r, path, to, ae);
	if (fsu_modetype(type) == '?') {
		entry_fail(r, path, "is of an unknown type");
		return 0;
	}
	if (archive_entry_uid(ae) < 0 || archive_entry_uid(ae) > UINT32_MAX ||
	    archive_entry_gid(ae) < 0 || archive_entry_gid(ae) > UINT32_MAX) {
		entry_fail(r, path, "its owner or group is no 32-bit number");
		return 0;
	}
	i = manifest_path(mf, path, true, &isnew, &why);
	if (i != UINT32_MAX && !isnew)
		i = settle(r, path, i, type == RUMP_S_IFDIR);
	if (i == UINT32_MAX) {
		if (why != NULL)
			entry_fail(r, path, why);
		return 0;
	}
	set_attributes(r, mn(mf, i), ae);
	if (type == RUMP_S_IFLNK) {
		to = archive_entry_symlink(ae);
		if (to == NULL || *to == '\0') {
			entry_fail(r, path, "is a symlink to nothing");
			manifest_drop(mf, i);
			return 0;
		}
		mn(mf, i)->m_size = strlen(to);
		mn(mf, i)->m_pos = manifest_string(mf, to, strlen(to));
	}
	if (type == RUMP_S_IFREG && mn(mf, i)->m_size > 0)
		return take_data(r, mn(mf, i));
	return 0;
}

/* ---- the whole archive --------------------------------------------------------------- */

static void
dead(struct reader *r, const char *why)
{
	scan_say(r->r_scan, "%s: %s", fsu_visible(r->r_name), why);
	r->r_scan->sc_dead = true;
}

static bool
is_zip(const char *head, size_t len, int fd)
{
	char buf[4];

	if (len < 4) {
		if (pread(fd, buf, 4, 0) != 4)
			return false;
		head = buf;
	}
	return memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0;
}

/* A zip's directory is at its end: what comes through a pipe is kept first. */
static int
open_zip(struct reader *r, size_t taken)
{
	struct tap *t = r->r_tap;
	int fd = t->t_fd;

	archive_read_support_format_zip(r->r_a);
	if (taken > 0) {
		struct rumpuser_file *tmp;
		const void *p;
		ssize_t n;
		int error = rumpuser_file_tmp(r->r_scan->sc_spooldir, &tmp);

		if (error != 0) {
			archive_set_error(
			    r->r_a, error, "%s", fsu_strerror(error));
			return ARCHIVE_FATAL;
		}
		fd = dup(rumpuser_file_fd(tmp));
		rumpuser_file_close(tmp);
		while ((n = tap_encoded(r->r_a, t, &p)) > 0)
			if (write(fd, p, (size_t)n) != n) {
				archive_set_error(
				    r->r_a, errno, "%s", strerror(errno));
				return ARCHIVE_FATAL;
			}
		t->t_fd = fd;
	}
	lseek(fd, 0, SEEK_SET);
	return archive_read_open_fd(r->r_a, fd, READ_BYTES);
}

static int
open_stream(struct reader *r)
{
	if (!tap_start(r->r_tap)) {
		archive_set_error(r->r_a, EIO, "%s", r->r_tap->t_error);
		return ARCHIVE_FATAL;
	}
	archive_read_support_format_tar(r->r_a);
	archive_read_support_format_cpio(r->r_a);
	return archive_read_open(r->r_a, r->r_tap, NULL, read_decoded, NULL);
}

static bool
is_tar(struct reader *r)
{
	return (archive_format(r->r_a) & ARCHIVE_FORMAT_BASE_MASK) ==
	    ARCHIVE_FORMAT_TAR;
}

static void
read_all(struct reader *r)
{
	struct archive_entry *ae;
	uint64_t end;
	int ret, error;

	while ((ret = archive_read_next_header(r->r_a, &ae)) != ARCHIVE_EOF) {
		if (ret < ARCHIVE_WARN) {
			dead(r, archive_error_string(r->r_a));
			return;
		}
		error = take_entry(r, ae);
		if (error == EIO && archive_error_string(r->r_a) != NULL) {
			dead(r, archive_error_string(r->r_a));
			return;
		}
		if (error != 0) {
			dead(r, fsu_strerror(error));
			return;
		}
		archive_read_data_skip(r->r_a);
		fsu_progress_file();
		r->r_dataend = (uint64_t)archive_filter_bytes(r->r_a, 0);
		if (fsu_interrupted())
			return;
	}
	tap_drain(r->r_tap);
	end = (r->r_dataend + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	if (r->r_entries == 0)
		dead(r, "has no entries");
	else if (is_tar(r) && r->r_tap->t_started &&
	    r->r_tap->t_total < end + 2 * TAR_BLOCK)
		dead(r,
		    "ends without the two zero blocks of a whole tar: did "
		    "what wrote it die?");
	else {
		error = spool_flush(&r->r_spool);
		if (error != 0)
			dead(r, fsu_strerror(error));
	}
}

static int
open_archive(struct reader *r, const char *head, size_t taken)
{
	int error = rumpuser_file_tmp(
	    r->r_scan->sc_spooldir, &r->r_spool.s_file);

	if (error != 0) {
		archive_set_error(r->r_a, error, "no temporary file: %s",
		    fsu_strerror(error));
		return ARCHIVE_FATAL;
	}
	r->r_spool.s_buf = fsu_malloc(SPOOL_BYTES);
	r->r_source = manifest_source(r->r_scan->sc_mf, SRC_SPOOL, r->r_name,
	    rumpuser_file_fd(r->r_spool.s_file), r->r_spool.s_file);
	if (is_zip(head, taken, r->r_tap->t_fd))
		return open_zip(r, taken);
	return open_stream(r);
}

void
scan_archive(
    struct scan *sc, const char *name, int fd, const char *head, size_t taken)
{
	struct reader r = {
	    .r_scan = sc,
	    .r_name = name,
	    .r_tap = tap_new(fd, head, taken),
	};
	locale_t loc = (locale_t)fsu_archive_locale(), old = (locale_t)0;

	if (loc != (locale_t)0)
		old = uselocale(loc);
	r.r_a = archive_read_new();
	if (open_archive(&r, head, taken) < ARCHIVE_WARN)
		dead(&r, archive_error_string(r.r_a));
	else
		read_all(&r);
	archive_read_free(r.r_a);
	tap_free(r.r_tap);
	free(r.r_spool.s_buf);
	xbuild_free(&r.r_xb);
	if (loc != (locale_t)0)
		uselocale(old);
}
