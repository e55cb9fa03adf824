/* SPDX-License-Identifier: BSD-2-Clause */
/* Where makefs and newfs-img put what they make: see target.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rumpuser.h>

#include "fsu/fsu.h"
#include "fsu/fsu_impl.h"
#include "fsu/target.h"

#define LINKS_MAX  40
#define HEAD_BYTES 65536u /* cleared first and written last */
#define COPY_BYTES (1024u * 1024u)

/* ---- finding it ----------------------------------------------------------- */

/*
 * The name with symlinks followed, also one that leads to nothing yet.  To be
 * freed; NULL: errno.
 */
static char *
resolve(const char *name)
{
	char *path = realpath(name, NULL), *now, *dir, link[PATH_MAX];

	if (path != NULL || errno != ENOENT)
		return path;
	now = fsu_strdup(name);
	for (int i = 0; i < LINKS_MAX; i++) {
		ssize_t n = readlink(now, link, sizeof(link) - 1);

		if (n < 0)
			return now;
		link[n] = '\0';
		if (link[0] == '/')
			path = fsu_strdup(link);
		else {
			dir = fsu_dirname(now);
			path = fsu_path_join(dir, link);
			free(dir);
		}
		free(now);
		now = path;
	}
	free(now);
	errno = ELOOP;
	return NULL;
}

static const char *
odd_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "is a directory";
	case S_IFCHR:
		return "is a character device";
	case S_IFIFO:
		return "is a FIFO";
	case S_IFSOCK:
		return "is a socket";
	default:
		return NULL;
	}
}

static int
refuse(struct fsu_target *tg, const char *what)
{
	fsu_msg("%s: %s", fsu_visible(tg->tg_name), what);
	return FSU_USAGE;
}

/* May what is in the old file go? */
static int
check_content(struct fsu_target *tg, bool device, unsigned flags)
{
	struct fsu_contentinfo ci;
	int error, fd = rumpuser_file_fd(tg->tg_old);
	bool whole = tg->tg_offset == 0 && !device && !tg->tg_part;

	error = fsu_inspect(fd, tg->tg_offset,
	    tg->tg_room != 0 ? tg->tg_room : UINT64_MAX,
	    whole ? FSU_INSPECT_ZEROS : 0, &ci);
	if (error != 0) {
		fsu_msg(
		    "%s: %s", fsu_visible(tg->tg_name), fsu_strerror(error));
		return FSU_USAGE;
	}
	if (ci.ci_kind == FSU_CONTENT_EMPTY || ci.ci_kind == FSU_CONTENT_ZERO)
		return FSU_OK;
	if (ci.ci_kind == FSU_CONTENT_FS && whole)
		return FSU_OK;
	if (ci.ci_kind == FSU_CONTENT_UNKNOWN && !whole)
		return FSU_OK; /* no signature there */
	if ((flags & FSU_TARGET_FORCE) != 0)
		return FSU_OK;
	if (ci.ci_kind == FSU_CONTENT_PARTTABLE)
		fsu_msg("%s: holds a partition table (%s) with %u partitions: "
			"not overwritten without --force",
		    fsu_visible(tg->tg_name), ci.ci_name, ci.ci_nparts);
	else if (ci.ci_kind == FSU_CONTENT_UNKNOWN)
		fsu_msg(
		    "%s: holds data that is no file system: not overwritten "
		    "without --force",
		    fsu_visible(tg->tg_name));
	else
		fsu_msg("%s: holds data (%s): not overwritten without --force",
		    fsu_visible(tg->tg_name), ci.ci_name);
	return FSU_USAGE;
}

/* The bytes that may be written; of an -O alone only the first is known here. */
static uint64_t
reach(const struct fsu_target *tg)
{
	return tg->tg_room != 0 ? tg->tg_room : 1;
}

/* Is any of them among len bytes at begin? */
static bool
touches(const struct fsu_target *tg, uint64_t begin, uint64_t len)
{
	return tg->tg_offset >= begin ? tg->tg_offset - begin < len
				      : begin - tg->tg_offset < reach(tg);
}

/*
 * Bytes that were named by their offset: they are one partition's, or nobody's.
 * The table itself is somebody's: GPT has 16 KiB of entries behind its header, and
 * as much at the end.
 */
static int
check_partitions(struct fsu_target *tg)
{
	const struct ukfs_part *up, *over = NULL;
	struct ukfs_parts parts;
	uint64_t table, end;
	char why[UKFS_WHY];
	bool inside = false;

	if (ukfs_part_list(rumpuser_file_fd(tg->tg_old), "", &parts, why) != 0)
		return FSU_OK; /* no table, or none to go by */
	for (size_t i = 0; i < parts.ups_n; i++) {
		up = &parts.ups_part[i];
		if (up->up_len == 0 || !touches(tg, up->up_off, up->up_len))
			continue;
		if (up->up_container || tg->tg_offset < up->up_off ||
		    reach(tg) > up->up_len - (tg->tg_offset - up->up_off))
			over = over == NULL ? up : over;
		else
			inside = true;
	}
	table = strcmp(parts.ups_table, "GPT") == 0
	    ? 16384 + 2 * (uint64_t)parts.ups_sector
	    : 512;
	end = parts.ups_size - (table < parts.ups_size ? table : 0);
	if (inside)
		over = NULL;
	else if (over != NULL)
		fsu_msg("%s: reaches into %s and is not inside of it: not "
			"overwritten without --force",
		    fsu_visible(tg->tg_name), over->up_words);
	else if (tg->tg_offset < table ||
	    (table != 512 && touches(tg, end, table)))
		fsu_msg("%s: reaches into the partition table (%s): not "
			"overwritten without --force",
		    fsu_visible(tg->tg_name), parts.ups_table);
	else
		inside = true;
	ukfs_part_list_free(&parts);
	return inside ? FSU_OK : FSU_USAGE;
}

/* ---- opening ------------------------------------------------------------------ */

static int
open_failed(struct fsu_target *tg, int error)
{
	if (error == EWOULDBLOCK)
		return refuse(tg, "is in use by another command");
	if (error == EBUSY)
		return refuse(tg, "is mounted or otherwise in use");
	fsu_msg("%s: %s", fsu_visible(tg->tg_name), fsu_strerror(error));
	return FSU_USAGE;
}

static int
open_old(struct fsu_target *tg, const struct stat *st, const char *words,
    unsigned flags)
{
	struct ukfs_window pw = {.pw_off = tg->tg_offset};
	unsigned lflags = FSU_LOCK_WRITE;
	struct rumpuser_fileinfo fi;
	bool told = false;
	bool raw = tg->tg_offset != 0 ||
	    (words != NULL && strstr(words, "OFFSET:") != NULL);
	const char *use;
	int error;

	if ((st->st_mode & 0222) == 0 && (flags & FSU_TARGET_FORCE) == 0)
		return refuse(tg,
		    "has no write permission for anybody: not "
		    "overwritten without --force");
	if ((flags & FSU_TARGET_NOWAIT) != 0)
		lflags |= FSU_LOCK_NOWAIT;
	error = fsu_open_locked(
	    tg->tg_path, lflags, words, &pw, &tg->tg_old, &told);
	if (error != 0)
		return told ? FSU_USAGE : open_failed(tg, error);
	if (words != NULL) {
		if (tg->tg_offset >= pw.pw_len)
			return refuse(tg, "ends before the offset");
		tg->tg_part = true;
		tg->tg_room = pw.pw_len - tg->tg_offset;
		tg->tg_offset += pw.pw_off;
	}
	error = rumpuser_file_info(tg->tg_old, &fi);
	if (error != 0)
		return open_failed(tg, error);
	tg->tg_kind = FSU_TARGET_REPLACE;
	if (tg->tg_part)
		tg->tg_kind = FSU_TARGET_INPLACE;
	else if (S_ISBLK(st->st_mode)) {
		if (fi.fi_size <= tg->tg_offset)
			return refuse(tg, "ends before the offset");
		tg->tg_room = fi.fi_size - tg->tg_offset;
		tg->tg_kind = FSU_TARGET_INPLACE;
	} else if (tg->tg_offset != 0 && fi.fi_size != 0)
		tg->tg_kind = FSU_TARGET_INPLACE;
	/* a device was claimed when it was opened */
	use = S_ISBLK(st->st_mode)
	    ? NULL
	    : fsu_host_in_use(rumpuser_file_fd(tg->tg_old));
	if (use != NULL && (flags & FSU_TARGET_FORCE) == 0) {
		fsu_msg("%s: %s: not overwritten without --force",
		    fsu_visible(tg->tg_name), use);
		return FSU_USAGE;
	}
	error = check_content(tg, S_ISBLK(st->st_mode), flags);
	if (error == FSU_OK && raw && tg->tg_kind == FSU_TARGET_INPLACE &&
	    (flags & FSU_TARGET_FORCE) == 0)
		error = check_partitions(tg);
	return error;
}

static int
open_path(
    struct fsu_target *tg, const char *path, const char *words, unsigned flags)
{
	struct stat st;
	const char *odd;
	int status;

	tg->tg_path = resolve(path);
	if (tg->tg_path == NULL)
		return open_failed(tg, errno);
	if (stat(tg->tg_path, &st) != 0) {
		if (errno != ENOENT || tg->tg_path[0] == '\0' ||
		    tg->tg_path[strlen(tg->tg_path) - 1] == '/')
			return open_failed(tg, errno);
		tg->tg_kind = FSU_TARGET_NEW;
		return FSU_OK;
	}
	odd = odd_type(st.st_mode);
	if (odd != NULL)
		return refuse(tg, odd);
	status = open_old(tg, &st, words, flags);
	if (status != FSU_OK)
		return status;
	/* again: it may have been replaced while we waited */
	if (fstat(rumpuser_file_fd(tg->tg_old), &st) != 0)
		return open_failed(tg, errno);
	tg->tg_mode = st.st_mode & 07777;
	tg->tg_uid = st.st_uid;
	tg->tg_gid = st.st_gid;
	tg->tg_olddev = st.st_dev;
	tg->tg_oldino = st.st_ino;
	return FSU_OK;
}

static int
open_named(struct fsu_target *tg, const char *part, unsigned flags)
{
	struct fsu_image im;
	int status;

	status = fsu_image_resolve(
	    tg->tg_name, part, FSU_IMAGE_ALIASES | FSU_IMAGE_NEW, &im);
	if (status == FSU_OK)
		status = open_path(tg, im.im_path, im.im_words, flags);
	fsu_image_free(&im);
	return status;
}

static int
make_tmp(struct fsu_target *tg)
{
	char *dir = NULL;
	struct stat st;
	int error;

	if (tg->tg_kind == FSU_TARGET_NEW || tg->tg_kind == FSU_TARGET_REPLACE)
		dir = fsu_dirname(tg->tg_path);
	error = rumpuser_file_tmp(dir, &tg->tg_file);
	if (error == 0 && fstat(rumpuser_file_fd(tg->tg_file), &st) != 0)
		error = errno;
	if (error != 0) {
		fsu_msg("%s: cannot make a temporary file in %s: %s",
		    fsu_visible(tg->tg_name),
		    dir != NULL ? fsu_visible(dir) : "the temporary directory",
		    fsu_strerror(error));
		free(dir);
		return FSU_USAGE;
	}
	free(dir);
	tg->tg_dev = st.st_dev;
	tg->tg_ino = st.st_ino;
	return FSU_OK;
}

int
fsu_target_open(struct fsu_target *tg, const char *name, const char *part,
    uint64_t offset, unsigned flags)
{
	int status;

	*tg = (struct fsu_target){.tg_name = name, .tg_offset = offset};
	if (strcmp(name, "-") == 0) {
		tg->tg_kind = FSU_TARGET_STDOUT;
		status = isatty(STDOUT_FILENO) &&
			(flags & FSU_TARGET_CHECK) == 0
		    ? refuse(tg, "standard output is a terminal")
		    : FSU_OK;
	} else
		status = open_named(tg, part, flags);
	if (status == FSU_OK && (flags & FSU_TARGET_CHECK) == 0)
		status = make_tmp(tg);
	if (status != FSU_OK)
		fsu_target_close(tg);
	return status;
}

void
fsu_target_close(struct fsu_target *tg)
{
	if (tg->tg_file != NULL)
		rumpuser_file_close(tg->tg_file);
	if (tg->tg_old != NULL)
		rumpuser_file_close(tg->tg_old);
	free(tg->tg_path);
	tg->tg_file = tg->tg_old = NULL;
	tg->tg_path = NULL;
}

void
fsu_target_access(const struct fsu_target *tg, struct fsu_confine *c)
{
	char *dir;

	if (tg->tg_kind != FSU_TARGET_NEW && tg->tg_kind != FSU_TARGET_REPLACE)
		return;
	dir = fsu_dirname(tg->tg_path);
	fsu_confine_add(c, dir, FSU_HOST_WRITE);
	free(dir);
}

/* ---- publishing ----------------------------------------------------------------- */

static int
link_file(struct fsu_target *tg, uint64_t size)
{
	int fd = rumpuser_file_fd(tg->tg_file);
	mode_t mode = tg->tg_mode, mask;
	int error;

	error = rumpuser_file_setsize(tg->tg_file, tg->tg_offset + size);
	if (tg->tg_kind == FSU_TARGET_NEW) {
		mask = umask(0);
		umask(mask);
		mode = 0666 & ~mask;
	} else if (error == 0 && fchown(fd, tg->tg_uid, tg->tg_gid) != 0 &&
	    errno != EPERM)
		error = errno;
	if (error == 0 && fchmod(fd, mode) != 0)
		error = errno;
	if (error == 0)
		error = rumpuser_file_link(tg->tg_file, tg->tg_path,
		    tg->tg_kind == FSU_TARGET_REPLACE);
	return error;
}

static int
write_at(struct fsu_target *tg, void *buf, size_t len, uint64_t off)
{
	struct rumpuser_iov iov = {buf, len};
	int fd = STDOUT_FILENO;
	char *p = buf;

	if (tg->tg_kind == FSU_TARGET_INPLACE)
		return rumpuser_pwritev(tg->tg_old, &iov, 1, off, NULL);
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Copy [off, end) of the built file to the same place of the destination. */
static int
copy_bytes(struct fsu_target *tg, char *buf, uint64_t off, uint64_t end)
{
	int error = 0;

	while (off < end && error == 0) {
		size_t n = end - off < COPY_BYTES ? (size_t)(end - off)
						  : COPY_BYTES;
		struct rumpuser_iov iov = {buf, n};
		size_t done;

		error = rumpuser_preadv(tg->tg_file, &iov, 1, off, &done);
		if (error != 0)
			break;
		if (done < n)
			memset(buf + done, 0, n - done);
		error = write_at(tg, buf, n, off);
		off += n;
	}
	return error;
}

/* Nothing but a hole in [off, end): the same in a regular file's image. */
static bool
punch(struct fsu_target *tg, uint64_t off, uint64_t end)
{
	struct rumpuser_fileinfo fi;

	return tg->tg_kind == FSU_TARGET_INPLACE &&
	    rumpuser_file_info(tg->tg_old, &fi) == 0 &&
	    fi.fi_type == RUMPUSER_FT_REG && end <= fi.fi_size &&
	    rumpuser_punch(tg->tg_old, off, end - off) == 0;
}

/* The same by runs of data, where there is something to be gained. */
static int
copy_range(struct fsu_target *tg, char *buf, uint64_t off, uint64_t end)
{
	uint64_t data, dend;
	int error = 0;

	while (off < end && error == 0) {
		error = rumpuser_nextdata(tg->tg_file, off, &data, &dend);
		if (error == RUMP_ENXIO || (error == 0 && data > end)) {
			data = end;
			dend = end;
		} else if (error != 0)
			break;
		error = 0;
		if (dend > end)
			dend = end;
		if (data > off && !punch(tg, off, data))
			error = copy_bytes(tg, buf, off, data);
		if (error == 0)
			error = copy_bytes(tg, buf, data, dend);
		off = dend;
	}
	return error;
}

static int
copy_inplace(struct fsu_target *tg, char *buf, uint64_t size)
{
	uint64_t head = size < HEAD_BYTES ? size : HEAD_BYTES;
	uint64_t start = tg->tg_offset, end = start + size;
	int error;

	if (tg->tg_room != 0) {
		/* what lies behind must not look like something either */
		end = start + tg->tg_room;
		if (end - start - size > HEAD_BYTES)
			end = start + size + HEAD_BYTES;
	}
	memset(buf, 0, head);
	error = write_at(tg, buf, head, start);
	if (error == 0)
		error = rumpuser_sync(tg->tg_old, true);
	if (error == 0)
		error = copy_range(tg, buf, start + head, end);
	if (error == 0)
		error = rumpuser_sync(tg->tg_old, true);
	if (error == 0)
		error = copy_range(tg, buf, start, start + head);
	if (error == 0)
		error = rumpuser_sync(tg->tg_old, true);
	return error;
}

int
fsu_target_publish(struct fsu_target *tg, uint64_t size)
{
	char *buf;
	int error;

	switch (tg->tg_kind) {
	case FSU_TARGET_NEW:
	case FSU_TARGET_REPLACE:
		error = link_file(tg, size);
		break;
	default:
		buf = fsu_malloc(COPY_BYTES);
		error = tg->tg_kind == FSU_TARGET_INPLACE
		    ? copy_inplace(tg, buf, size)
		    : copy_range(tg, buf, 0, tg->tg_offset + size);
		free(buf);
	}
	if (error == 0)
		return FSU_OK;
	fsu_msg("%s: %s",
	    tg->tg_kind == FSU_TARGET_STDOUT ? "standard output"
					     : fsu_visible(tg->tg_name),
	    fsu_strerror(error));
	return FSU_FAIL;
}
