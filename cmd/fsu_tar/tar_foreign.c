/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar -c --format=: what libarchive writes: cpio and newc, zip, 7zip, iso9660,
 * xar, mtree, shar, ar, warc.
 *
 * Links are as each format has them: libarchive's resolver holds back what must
 * come later (newc has the data with the last name), so that data is read when it
 * hands an entry out, from the path in the image that the entry carries.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <fsu/progress.h>

#include "tar.h"

#define DATA_BYTES (256u << 10)

struct tar_foreign {
	struct fsu *w_f;
	const struct tar_opts *w_o;
	struct archive *w_a;
	struct archive_entry_linkresolver *w_links;
	int w_error; /* of writing */
	bool w_dead, w_failed;
	char *w_buf;
};

bool
tar_foreign_known(const char *format)
{
	struct archive *a = archive_write_new();
	int r = archive_write_set_format_by_name(a, format);

	archive_write_free(a);
	return r == ARCHIVE_OK && strcmp(format, "raw") != 0;
}

static la_ssize_t
write_out(struct archive *a, void *arg, const void *p, size_t n)
{
	struct tar_foreign *w = arg;
	int error = tar_write_fd(w->w_o->to_fd, p, n);

	if (error == 0)
		return (la_ssize_t)n;
	w->w_error = error;
	archive_set_error(a, error, "%s", strerror(error));
	return -1;
}

static const char *
archive_name(const struct tar_foreign *w)
{
	return w->w_o->to_file != NULL ? w->w_o->to_file : "standard output";
}

static void
died(struct tar_foreign *w)
{
	const char *why = archive_error_string(w->w_a);

	if (!w->w_dead && w->w_error != RUMP_EPIPE && !fsu_interrupted())
		fsu_msg("%s: %s", fsu_visible(archive_name(w)),
		    why != NULL ? fsu_visible(why) : "cannot be written");
	w->w_dead = w->w_failed = true;
}

struct tar_foreign *
tar_foreign_open(struct fsu *f, const struct tar_opts *o)
{
	struct tar_foreign *w = fsu_calloc(1, sizeof(*w));

	w->w_f = f;
	w->w_o = o;
	w->w_a = archive_write_new();
	w->w_buf = fsu_malloc(DATA_BYTES);
	archive_write_set_format_by_name(w->w_a, o->to_format);
	/* pipes and files need no blocks; an iso9660 image is whole anyway */
	archive_write_set_bytes_per_block(w->w_a, 0);
	if (o->to_filter != NULL &&
	    !tar_add_filter(w->w_a, o->to_filter, o->to_level)) {
		archive_write_free(w->w_a);
		free(w->w_buf);
		free(w);
		return NULL;
	}
	w->w_links = archive_entry_linkresolver_new();
	archive_entry_linkresolver_set_strategy(
	    w->w_links, archive_format(w->w_a));
	if (archive_write_open(w->w_a, w, NULL, write_out, NULL) < ARCHIVE_WARN)
		died(w);
	return w;
}

/* ---- entries -------------------------------------------------------------------------- */

static struct archive_entry *
entry_of(const struct tar_member *m)
{
	struct archive_entry *ae = archive_entry_new();
	const struct rump_stat *st = &m->m_st;
	uint32_t type = st->st_mode & RUMP_S_IFMT;

	archive_entry_copy_pathname(ae, m->m_name);
	archive_entry_copy_sourcepath(ae, m->m_source);
	archive_entry_set_mode(ae, (__LA_MODE_T)st->st_mode);
	archive_entry_set_dev(ae, (dev_t)st->st_dev);
	archive_entry_set_ino64(ae, (la_int64_t)st->st_ino);
	archive_entry_set_nlink(ae, st->st_nlink);
	archive_entry_set_uid(ae, st->st_uid);
	archive_entry_set_gid(ae, st->st_gid);
	archive_entry_set_mtime(
	    ae, (time_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	archive_entry_set_size(
	    ae, type == RUMP_S_IFREG ? (la_int64_t)st->st_size : 0);
	if (m->m_uname != NULL)
		archive_entry_copy_uname(ae, m->m_uname);
	if (m->m_gname != NULL)
		archive_entry_copy_gname(ae, m->m_gname);
	if (m->m_link != NULL)
		archive_entry_copy_symlink(ae, m->m_link);
	if (type == RUMP_S_IFCHR || type == RUMP_S_IFBLK) {
		archive_entry_set_rdevmajor(ae, RUMP_MAJOR(st->st_rdev));
		archive_entry_set_rdevminor(ae, RUMP_MINOR(st->st_rdev));
	}
	tar_attr_to_entry(m, ae);
	return ae;
}

static void
copy_data(struct tar_foreign *w, struct archive_entry *ae)
{
	const char *path = archive_entry_sourcepath(ae);
	uint64_t size = (uint64_t)archive_entry_size(ae), off = 0;
	int fd = rump_sys_open(path,
	    RUMP_O_RDONLY | RUMP_O_NONBLOCK |
		(w->w_o->to_follow ? 0 : RUMP_O_NOFOLLOW),
	    0);
	int64_t n = fd < 0 ? fd : 0;

	while (fd >= 0 && off < size && !w->w_dead && !fsu_interrupted()) {
		n = rump_sys_pread(fd, w->w_buf, DATA_BYTES, off);
		if (n <= 0)
			break;
		if (archive_write_data(w->w_a, w->w_buf, (size_t)n) < 0)
			died(w);
		off += (uint64_t)n;
		fsu_progress_bytes((uint64_t)n);
	}
	if (fd >= 0)
		rump_sys_close(fd);
	if (n < 0 || (off < size && !w->w_dead)) {
		fsu_error(w->w_f, path, n < 0 ? (int)n : RUMP_EIO);
		w->w_failed = true;
	}
}

static void
write_entry(struct tar_foreign *w, struct archive_entry *ae)
{
	const char *name = archive_entry_pathname(ae), *why;
	size_t len = name != NULL ? strlen(name) : 0;
	int r = archive_write_header(w->w_a, ae);

	if (r != ARCHIVE_OK && r != ARCHIVE_FATAL) {
		why = archive_error_string(w->w_a);
		if (why != NULL && name != NULL &&
		    strncmp(why, name, len) == 0 &&
		    strncmp(why + len, ": ", 2) == 0)
			why += len + 2; /* some say the name themselves */
		fsu_errorf(w->w_f, "%s: %s",
		    fsu_visible(archive_entry_sourcepath(ae)),
		    why != NULL ? fsu_visible(why) : "cannot be archived so");
		w->w_failed = true;
	}
	if (r == ARCHIVE_FATAL)
		died(w);
	else if (r >= ARCHIVE_WARN && archive_entry_filetype(ae) == AE_IFREG &&
	    archive_entry_size(ae) > 0)
		copy_data(w, ae);
}

/* What the resolver gives back, now or at the end (ae NULL). */
static void
resolved(struct tar_foreign *w, struct archive_entry *ae)
{
	struct archive_entry *spare = NULL;

	archive_entry_linkify(w->w_links, &ae, &spare);
	while (ae != NULL) {
		if (!w->w_dead)
			write_entry(w, ae);
		archive_entry_free(ae);
		ae = spare;
		spare = NULL;
	}
}

int
tar_foreign_add(struct tar_foreign *w, const struct tar_member *m)
{
	locale_t old = (locale_t)0;

	if (w->w_dead)
		return FSU_FAIL;
	if (w->w_o->to_locale != NULL)
		old = uselocale((locale_t)w->w_o->to_locale);
	resolved(w, entry_of(m));
	if (w->w_o->to_locale != NULL)
		uselocale(old);
	return w->w_dead ? FSU_FAIL : FSU_OK;
}

bool
tar_foreign_dead(const struct tar_foreign *w)
{
	return w->w_dead;
}

int
tar_foreign_close(struct tar_foreign *w)
{
	struct archive_entry *ae = NULL, *spare = NULL;
	locale_t old = (locale_t)0;
	int status;

	if (w->w_o->to_locale != NULL)
		old = uselocale((locale_t)w->w_o->to_locale);
	do {
		ae = spare = NULL;
		archive_entry_linkify(w->w_links, &ae, &spare);
		if (ae != NULL && !w->w_dead)
			write_entry(w, ae);
		archive_entry_free(ae);
	} while (ae != NULL);
	if (w->w_dead || fsu_interrupted())
		archive_write_fail(w->w_a);
	else if (archive_write_close(w->w_a) < ARCHIVE_WARN)
		died(w);
	if (w->w_o->to_locale != NULL)
		uselocale(old);
	status = w->w_failed ? FSU_FAIL : FSU_OK;
	if (w->w_error == RUMP_EPIPE)
		status = 128 + 13;
	archive_entry_linkresolver_free(w->w_links);
	archive_write_free(w->w_a);
	free(w->w_buf);
	free(w);
	return status;
}
