/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scanning: what is each source, and in which order are they taken?  A source is
 * decided by its content: a directory; a manifest by its first line; a file
 * system or partition table is refused, for then the operands are swapped; all
 * else must be an archive.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rump/rumpuser.h>

#include "fsu/fmt.h"
#include "fsu/fsu.h"
#include "fsu/target.h"
#include "makefs.h"

#define PEEK_BYTES 4096

void
scan_fail(struct scan *sc, const char *path, int error)
{
	fsu_msg("%s: %s", fsu_visible(path), fsu_strerror(error));
	sc->sc_status = FSU_FAIL;
}

void
scan_say(struct scan *sc, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	fsu_msg("%s", buf);
	sc->sc_status = FSU_FAIL;
}

int
scan_holes(int fd, uint64_t size, bool content, struct xbuild *xb)
{
	uint64_t off = 0;
	char *buf;

	xb->xb_holes = true;
	while (!content && off < size) {
		off_t data = lseek(fd, (off_t)off, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			return 0;
		hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (hole < 0) {
			xbuild_range(xb, off, size - off); /* cannot tell */
			return 0;
		}
		xbuild_range(xb, (uint64_t)data, (uint64_t)(hole - data));
		off = (uint64_t)hole;
	}
	if (!content)
		return 0;
	buf = fsu_malloc(64 * HOLE_UNIT);
	while (off < size) {
		ssize_t n = pread(fd, buf, 64 * HOLE_UNIT, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (ssize_t at = 0; at < n; at += HOLE_UNIT) {
			size_t len = n - at < HOLE_UNIT ? (size_t)(n - at)
							: HOLE_UNIT;

			if (buf[at] != 0 ||
			    memcmp(buf + at, buf + at + 1, len - 1) != 0)
				xbuild_range(xb, off + (uint64_t)at, len);
		}
		off += (uint64_t)n;
	}
	free(buf);
	return off < size ? EIO : 0;
}

/* Does the first line that says something begin as a manifest does? */
static bool
looks_like_mtree(const char *p, size_t len)
{
	if (len >= 6 && memcmp(p, "#mtree", 6) == 0)
		return true;
	for (size_t i = 0; i < len;) {
		size_t end = i;

		while (end < len && p[end] != '\n') {
			if (p[end] == '\0')
				return false;
			end++;
		}
		while (i < end && (p[i] == ' ' || p[i] == '\t'))
			i++;
		if (i < end && p[i] != '#' && p[i] != '\r') {
			size_t n = end - i;

			if (n >= 5 && memcmp(p + i, "/set ", 5) == 0)
				return true;
			if (p[i] != '.')
				return false;
			return n == 1 || p[i + 1] == '/' || p[i + 1] == ' ' ||
			    p[i + 1] == '\t' || p[i + 1] == '\r';
		}
		i = end + 1;
	}
	return false;
}

/* A file system or partition table as a source: the operands are swapped. */
static bool
refused(struct scan *sc, const char *name, int fd, const char *head, size_t len)
{
	struct fsu_contentinfo ci;
	struct stat st;

	if (fstat(fd, &st) != 0 ||
	    (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
		return false;
	if (looks_like_mtree(head, len))
		return false;
	if (fsu_inspect(fd, 0, UINT64_MAX, 0, &ci) != 0 ||
	    (ci.ci_kind != FSU_CONTENT_FS &&
		ci.ci_kind != FSU_CONTENT_PARTTABLE))
		return false;
	fsu_msg("%s: is %s (%s), not a source; the image comes first: are the "
		"operands swapped?",
	    fsu_visible(name),
	    ci.ci_kind == FSU_CONTENT_FS ? "a file system"
					 : "a partition table",
	    ci.ci_name);
	sc->sc_status = FSU_USAGE;
	sc->sc_dead = true;
	return true;
}

/*
 * The first bytes; *taken: how many of them are gone from fd (a pipe cannot go
 * back).  -1: errno.
 */
static ssize_t
peek(int fd, char *buf, size_t size, size_t *taken)
{
	ssize_t n = pread(fd, buf, size, 0);
	size_t have = 0;

	*taken = 0;
	if (n >= 0 || errno != ESPIPE)
		return n;
	while (have < size) {
		n = read(fd, buf + have, size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return n;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*taken = have;
	return (ssize_t)have;
}

/* ---- opening all of them ------------------------------------------------------- */

/* A source that is open, with what was read to see what it is. */
struct scan_source {
	const char *so_name;
	int so_fd;
	bool so_dir;
	char so_head[PEEK_BYTES];
	size_t so_len, so_taken;
};

static bool
open_failed(struct scan *sc, const char *name, int error)
{
	fsu_msg("%s: %s", fsu_visible(name), fsu_strerror(error));
	sc->sc_status = FSU_USAGE;
	sc->sc_dead = true;
	return false;
}

/* Look at the beginning of what is no directory. */
static bool
open_stream(struct scan *sc, struct scan_source *so)
{
	ssize_t n = peek(
	    so->so_fd, so->so_head, sizeof(so->so_head), &so->so_taken);

	if (n > 0) {
		so->so_len = (size_t)n;
		return true;
	}
	if (n < 0)
		scan_fail(sc, so->so_name, errno);
	else
		scan_say(sc, "%s: is empty", fsu_visible(so->so_name));
	sc->sc_dead = true;
	return false;
}

static bool
open_source(struct scan *sc, struct scan_source *so)
{
	bool in = strcmp(so->so_name, "-") == 0;
	struct stat st;

	if (in && isatty(STDIN_FILENO)) {
		sc->sc_status = fsu_usage("standard input is a terminal");
		sc->sc_dead = true;
		return false;
	}
	so->so_fd = in
	    ? STDIN_FILENO
	    : open(so->so_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (so->so_fd < 0 || fstat(so->so_fd, &st) != 0)
		return open_failed(sc, so->so_name, errno);
	if (!in)
		fcntl(so->so_fd, F_SETFL, 0);
	so->so_dir = S_ISDIR(st.st_mode);
	if (so->so_dir)
		return true;
	if (!in && S_ISCHR(st.st_mode)) {
		fsu_msg("%s: is a character device, not a source",
		    fsu_visible(so->so_name));
		sc->sc_status = FSU_USAGE;
		sc->sc_dead = true;
		return false;
	}
	return open_stream(sc, so);
}

/* What is opened later: trees; files that manifests name, which may be anywhere;
 * names of owners; what an archive holds, meanwhile. */
static void
declare(struct scan *sc, struct fsu_confine *c)
{
	const struct makefs_opts *mo = sc->sc_opts;
	static const char *const ids[] = {
	    "/etc/master.passwd", "/etc/passwd", "/etc/group"};
	bool streams = false, manifests = mo->mo_spec != NULL;

	for (int i = 0; i < mo->mo_nsources; i++) {
		const struct scan_source *so = &sc->sc_sources[i];

		if (so->so_dir)
			fsu_confine_add(c,
			    so->so_fd == STDIN_FILENO ? "." : so->so_name,
			    FSU_HOST_READ);
		else if (looks_like_mtree(so->so_head, so->so_len))
			manifests = true;
		else
			streams = true;
	}
	if (manifests)
		fsu_confine_add(c, "/", FSU_HOST_READ);
	if (streams) {
		(void)fsu_archive_locale(); /* while it can be */
		fsu_confine_add(c, sc->sc_spooldir, FSU_HOST_WRITE);
		if (mo->mo_userdb != NULL)
			fsu_confine_add(c, mo->mo_userdb, FSU_HOST_READ);
		else
			for (size_t i = 0; i < 3; i++)
				fsu_confine_add(c, ids[i], FSU_HOST_READ);
	}
}

int
scan_open(struct scan *sc, struct fsu_confine *c)
{
	const struct makefs_opts *mo = sc->sc_opts;

	sc->sc_sources = fsu_calloc(
	    (size_t)mo->mo_nsources, sizeof(*sc->sc_sources));
	for (int i = 0; i < mo->mo_nsources; i++)
		sc->sc_sources[i].so_fd = -1;
	for (int i = 0; i < mo->mo_nsources && !sc->sc_dead; i++) {
		sc->sc_sources[i].so_name = mo->mo_sources[i];
		open_source(sc, &sc->sc_sources[i]);
	}
	if (!sc->sc_dead)
		declare(sc, c);
	return sc->sc_status;
}

void
scan_close(struct scan *sc)
{
	for (int i = 0; i < sc->sc_opts->mo_nsources; i++)
		if (sc->sc_sources[i].so_fd > STDIN_FILENO)
			close(sc->sc_sources[i].so_fd);
	free(sc->sc_sources);
	sc->sc_sources = NULL;
}

/* ---- taking them ----------------------------------------------------------------- */

static void
scan_one(struct scan *sc, struct scan_source *so)
{
	int fd = so->so_fd;

	if (so->so_dir) {
		so->so_fd = -1;
		scan_directory(sc, so->so_name, fd); /* keeps fd */
	} else if (refused(sc, so->so_name, fd, so->so_head, so->so_len))
		return;
	else if (looks_like_mtree(so->so_head, so->so_len))
		scan_mtree(
		    sc, so->so_name, fd, so->so_head, so->so_taken, false);
	else
		scan_archive(sc, so->so_name, fd, so->so_head, so->so_taken);
}

int
scan_all(struct scan *sc)
{
	const struct makefs_opts *mo = sc->sc_opts;
	int fd;

	for (int i = 0; i < mo->mo_nsources && !sc->sc_dead; i++)
		scan_one(sc, &sc->sc_sources[i]);
	if (mo->mo_spec != NULL && !sc->sc_dead) {
		fd = open(mo->mo_spec, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			fsu_msg("%s: %s", fsu_visible(mo->mo_spec),
			    fsu_strerror(errno));
			sc->sc_dead = true;
			return FSU_USAGE;
		}
		scan_mtree(sc, mo->mo_spec, fd, NULL, 0, true);
		close(fd);
	}
	return sc->sc_status;
}
