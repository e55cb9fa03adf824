/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fsu_tar: archives in, of every format and compression that libarchive reads by
 * itself, and the list of -t -f.
 *
 * Left out: filters for which libarchive would run a program, mtree (it may open
 * other files of the host), raw and empty (anything would be an archive).  The
 * archive is a file that can seek: what came through a pipe was spooled.
 *
 * Names are read under a UTF-8 locale, whatever the process's: bytes stay bytes.
 * A tar that ends without a zero block was cut off between two members; libarchive
 * doesn't tell.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fsu/progress.h>

#include "tar.h"

#define READ_BYTES (1u << 20)

/* ---- the file ----------------------------------------------------------------------- */

static la_ssize_t
read_some(struct archive *a, void *arg, const void **p)
{
	struct tar_reader *r = arg;
	ssize_t n;

	do
		n = read(r->r_fd, r->r_buf, READ_BYTES);
	while (n == -1 && errno == EINTR && !fsu_interrupted());
	if (n == -1)
		archive_set_error(a, errno, "%s", strerror(errno));
	else
		fsu_progress_bytes((uint64_t)n);
	*p = r->r_buf;
	return n;
}

static la_int64_t
skip_some(struct archive *a, void *arg, la_int64_t n)
{
	struct tar_reader *r = arg;
	off_t now = lseek(r->r_fd, 0, SEEK_CUR), end;

	(void)a;
	end = lseek(r->r_fd, 0, SEEK_END);
	if (now == -1 || end == -1)
		return 0;
	if (n > end - now) /* a cut is seen by reading */
		n = end - now;
	lseek(r->r_fd, now + n, SEEK_SET);
	return n;
}

static la_int64_t
seek_to(struct archive *a, void *arg, la_int64_t off, int whence)
{
	struct tar_reader *r = arg;
	off_t at = lseek(r->r_fd, (off_t)off, whence);

	if (at != -1)
		return at;
	archive_set_error(a, errno, "%s", strerror(errno));
	return ARCHIVE_FATAL;
}

static int (*const filters[])(struct archive *) = {
    archive_read_support_filter_gzip,
    archive_read_support_filter_bzip2,
    archive_read_support_filter_compress,
    archive_read_support_filter_xz,
    archive_read_support_filter_lzma,
    archive_read_support_filter_lzip,
    archive_read_support_filter_lz4,
    archive_read_support_filter_zstd,
    archive_read_support_filter_rpm,
    archive_read_support_filter_uu,
};

static int (*const formats[])(struct archive *) = {
    archive_read_support_format_tar,
    archive_read_support_format_cpio,
    archive_read_support_format_zip,
    archive_read_support_format_7zip,
    archive_read_support_format_ar,
    archive_read_support_format_cab,
    archive_read_support_format_iso9660,
    archive_read_support_format_lha,
    archive_read_support_format_rar,
    archive_read_support_format_rar5,
    archive_read_support_format_warc,
    archive_read_support_format_xar,
};

/* A filter that only warns would run a program: it isn't asked for. */
static bool
is_inside(int (*support)(struct archive *))
{
	struct archive *a = archive_read_new();
	int r = support(a);

	archive_read_free(a);
	return r == ARCHIVE_OK;
}

static const char *
archive_name(const struct tar_opts *o)
{
	return o->to_file == NULL || strcmp(o->to_file, "-") == 0
	    ? "standard input"
	    : fsu_visible(o->to_file);
}

static bool
fail(struct tar_reader *r, const char *why)
{
	const char *s = archive_error_string(r->r_a);

	fsu_msg("%s: %s", r->r_title,
	    why != NULL	    ? why
		: s != NULL ? fsu_visible(s)
			    : "cannot be read");
	return false;
}

bool
tar_read_open(struct tar_reader *r, const struct tar_opts *o)
{
	memset(r, 0, sizeof(*r));
	r->r_fd = o->to_fd;
	r->r_locale = o->to_locale;
	r->r_title = fsu_strdup(archive_name(o));
	r->r_a = archive_read_new();
	r->r_buf = fsu_malloc(READ_BYTES);
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (is_inside(filters[i]))
			filters[i](r->r_a);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		formats[i](r->r_a);
	archive_read_set_callback_data(r->r_a, r);
	archive_read_set_read_callback(r->r_a, read_some);
	archive_read_set_skip_callback(r->r_a, skip_some);
	archive_read_set_seek_callback(r->r_a, seek_to);
	if (archive_read_open1(r->r_a) < ARCHIVE_WARN)
		return fail(
		    r, lseek(r->r_fd, 0, SEEK_END) == 0 ? "is empty" : NULL);
	return true;
}

void
tar_read_close(struct tar_reader *r)
{
	archive_read_free(r->r_a);
	free(r->r_buf);
	free(r->r_title);
}

/* ---- entries -------------------------------------------------------------------------- */

static void
take_names(struct tar_reader *r)
{
	struct archive_entry *ae = r->r_ae;
	const char *link = archive_entry_hardlink(ae);

	r->r_name = archive_entry_pathname(ae);
	r->r_hardlink = link != NULL;
	r->r_mode = (uint32_t)archive_entry_mode(ae);
	r->r_link = link;
	if (link == NULL && (r->r_mode & RUMP_S_IFMT) == RUMP_S_IFLNK)
		r->r_link = archive_entry_symlink(ae);
	r->r_uname = archive_entry_uname(ae);
	r->r_gname = archive_entry_gname(ae);
}

static bool
is_cut(struct tar_reader *r)
{
	return (archive_format(r->r_a) & ARCHIVE_FORMAT_BASE_MASK) ==
	    ARCHIVE_FORMAT_TAR &&
	    (uint64_t)archive_filter_bytes(r->r_a, 0) < r->r_end + TAR_BLOCK;
}

int
tar_read_next(struct fsu *f, struct tar_reader *r)
{
	locale_t old = (locale_t)0;
	int ret = ARCHIVE_OK;

	if (r->r_locale != NULL)
		old = uselocale((locale_t)r->r_locale);
	if (r->r_entries > 0) {
		ret = archive_read_data_skip(r->r_a);
		r->r_end = (uint64_t)archive_filter_bytes(r->r_a, 0);
		r->r_end = (r->r_end + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	}
	if (ret >= ARCHIVE_WARN)
		ret = archive_read_next_header(r->r_a, &r->r_ae);
	if (ret >= ARCHIVE_WARN && ret != ARCHIVE_EOF)
		take_names(r);
	if (r->r_locale != NULL)
		uselocale(old);
	if (fsu_interrupted())
		return 0;
	if (ret == ARCHIVE_EOF && is_cut(r)) {
		fail(r,
		    "ends without the zero blocks of a whole tar: is it "
		    "cut off?");
		return -1;
	}
	if (ret == ARCHIVE_EOF)
		return 0;
	if (ret < ARCHIVE_WARN) {
		fail(r, NULL);
		return -1;
	}
	if (r->r_name == NULL || *r->r_name == '\0') {
		fsu_errorf(f, "%s: an entry without a name", r->r_title);
		r->r_name = "";
	}
	r->r_entries++;
	return 1;
}

/*
 * libarchive takes pax's "-1.25" for -1 s and 0.25 s; it is -2 s and 0.75 s.
 */
struct rump_timespec
tar_read_mtime(const struct tar_reader *r)
{
	struct rump_timespec t = {
	    .tv_sec = archive_entry_mtime(r->r_ae),
	    .tv_nsec = (int32_t)archive_entry_mtime_nsec(r->r_ae),
	};

	if (t.tv_nsec < 0 || t.tv_nsec > 999999999)
		t.tv_nsec = 0;
	if (t.tv_sec < 0 && t.tv_nsec > 0 &&
	    archive_format(r->r_a) == ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE) {
		t.tv_sec--;
		t.tv_nsec = 1000000000 - t.tv_nsec;
	}
	return t;
}

/* ---- -t -f ------------------------------------------------------------------------------ */

static void
member_of(const struct tar_reader *r, struct tar_member *m)
{
	struct archive_entry *ae = r->r_ae;

	memset(m, 0, sizeof(*m));
	m->m_name = r->r_name;
	m->m_link = r->r_link;
	m->m_hardlink = r->r_hardlink;
	m->m_uname = r->r_uname;
	m->m_gname = r->r_gname;
	m->m_st.st_mode = tar_acl_mode(ae, r->r_mode);
	m->m_st.st_uid = (uint32_t)archive_entry_uid(ae);
	m->m_st.st_gid = (uint32_t)archive_entry_gid(ae);
	m->m_st.st_size = (uint64_t)archive_entry_size(ae);
	m->m_st.st_mtim = tar_read_mtime(r);
	m->m_st.st_rdev = RUMP_MAKEDEV((uint32_t)archive_entry_rdevmajor(ae),
	    (uint32_t)archive_entry_rdevminor(ae));
}

void
tar_list_entry(struct tar_reader *r, struct tar_opts *o, bool in_full)
{
	size_t len = strlen(r->r_name);
	struct tar_member m;
	char *name = NULL;

	member_of(r, &m);
	if (len > 1 && r->r_name[len - 1] == '/' &&
	    (r->r_mode & RUMP_S_IFMT) == RUMP_S_IFDIR)
		m.m_name = name = fsu_strndup(r->r_name, len - 1);
	if (in_full)
		tar_list_member(o->to_says, o, &m);
	else
		tar_list_name(o->to_says, &m);
	free(name);
}

int
tar_list(struct fsu *f, struct tar_opts *o, int n, char **operands)
{
	struct tar_reader r;
	int ret = -1;

	if (tar_read_open(&r, o))
		while (
		    (ret = tar_read_next(f, &r)) == 1 && o->to_says->error == 0)
			if (!tar_excluded(o, r.r_name) &&
			    tar_wanted(o, n, operands, r.r_name))
				tar_list_entry(&r, o, o->to_verbose > 0);
	tar_read_close(&r);
	for (int i = 0; i < n && ret == 0; i++)
		if (!o->to_found[i])
			fsu_errorf(f, "%s: isn't in the archive",
			    fsu_visible(operands[i]));
	return ret == 0 ? FSU_OK : FSU_FAIL;
}
