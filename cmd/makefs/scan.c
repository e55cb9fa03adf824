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

static void
scan_stream(struct scan *sc, const char *name, int fd)
{
	char head[PEEK_BYTES];
	size_t taken;
	ssize_t n = peek(fd, head, sizeof(head), &taken);

	if (n < 0) {
		scan_fail(sc, name, errno);
		sc->sc_dead = true;
	} else if (n == 0) {
		scan_say(sc, "%s: is empty", fsu_visible(name));
		sc->sc_dead = true;
	} else if (refused(sc, name, fd, head, (size_t)n))
		return;
	else if (looks_like_mtree(head, (size_t)n))
		scan_mtree(sc, name, fd, head, taken, false);
	else
		scan_archive(sc, name, fd, head, taken);
}

static void
scan_one(struct scan *sc, const char *name)
{
	struct stat st;
	int fd;

	if (strcmp(name, "-") == 0) {
		if (isatty(STDIN_FILENO)) {
			sc->sc_status = fsu_usage(
			    "standard input is a terminal");
			sc->sc_dead = true;
			return;
		}
		if (fstat(STDIN_FILENO, &st) == 0 && S_ISDIR(st.st_mode))
			scan_directory(sc, name, STDIN_FILENO);
		else
			scan_stream(sc, name, STDIN_FILENO);
		return;
	}
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0) {
		fsu_msg("%s: %s", fsu_visible(name), fsu_strerror(errno));
		sc->sc_status = FSU_USAGE;
		sc->sc_dead = true;
		return;
	}
	fcntl(fd, F_SETFL, 0);
	if (S_ISDIR(st.st_mode)) {
		scan_directory(sc, name, fd); /* keeps fd */
		return;
	}
	if (S_ISCHR(st.st_mode)) {
		fsu_msg("%s: is a character device, not a source",
		    fsu_visible(name));
		sc->sc_status = FSU_USAGE;
		sc->sc_dead = true;
	} else
		scan_stream(sc, name, fd);
	close(fd);
}

int
scan_all(struct scan *sc)
{
	const struct makefs_opts *mo = sc->sc_opts;
	int fd;

	for (int i = 0; i < mo->mo_nsources && !sc->sc_dead; i++)
		scan_one(sc, mo->mo_sources[i]);
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
