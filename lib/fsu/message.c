/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages: "command: image: path: what went wrong", on standard error, one line
 * each.  What comes from an image (names, labels) is made harmless first: a
 * control character in a name must not reach a terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fmt.h"
#include "fsu_impl.h"
#include "progress.h"

static const char *progname = "fsu";
static bool stdout_gone;

void
fsu_set_progname(const char *name)
{
	progname = name;
}

void
fsu_guard_stdio(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null",
			fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(FSU_USAGE); /* and nobody to tell */
}

const char *
fsu_progname(void)
{
	return progname;
}

/* A ring for each thread that has something to say (makefs's workers do). */
struct ring {
	unsigned next;
	char text[4][4 * 1024];
};
static pthread_key_t ring_key;
static pthread_once_t ring_once = PTHREAD_ONCE_INIT;

static void
ring_start(void)
{
	if (pthread_key_create(&ring_key, free) != 0)
		abort();
}

static char *
ring_slot(void)
{
	struct ring *ring;

	pthread_once(&ring_once, ring_start);
	ring = pthread_getspecific(ring_key);
	if (ring == NULL) {
		ring = fsu_malloc(sizeof(*ring));
		ring->next = 0;
		if (pthread_setspecific(ring_key, ring) != 0)
			abort();
	}
	return ring->text[ring->next++ % 4];
}

const char *
fsu_visible(const char *s)
{
	char *out = ring_slot(), *p = out;
	const char *const end = out + sizeof(((struct ring *)NULL)->text[0]) -
	    8;

	for (; *s != '\0' && p < end; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f)
			p += sprintf(p, "\\%03o", c);
		else
			*p++ = (char)c;
	}
	if (*s != '\0')
		p = stpcpy(p, "...");
	*p = '\0';
	return out;
}

const char *
fsu_strerror(int error)
{
	error = ukfs_host_errno(error);
	/* The host's words for this one ("Structure needs cleaning") help nobody
	 * who has no mount to clean. */
	if (error == EUCLEAN)
		return "The file system is damaged here";
	return strerror(error);
}

#define LITTLE_BYTES ((uint64_t)256 << 10)

/* An image with holes needs room of its host's, too. */
static bool
host_is_full(struct fsu *f)
{
	struct statvfs sv;
	struct stat st;

	return fstat(fsu_image_fd(f), &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_blocks * 512 < (uint64_t)st.st_size &&
	    fstatvfs(fsu_image_fd(f), &sv) == 0 &&
	    (uint64_t)sv.f_bavail * sv.f_frsize < LITTLE_BYTES;
}

const char *
fsu_no_room(struct fsu *f, int error, const char *needed)
{
	static char text[256];
	struct rump_statvfs sv;

	if ((error != RUMP_ENOSPC && error != -RUMP_ENOSPC) ||
	    ukfs_fsinfo(fsu_ukfs(f), &sv) != 0)
		return fsu_strerror(error);
	if (sv.f_bavail * sv.f_frsize > 2 * LITTLE_BYTES && host_is_full(f))
		return "No space left on the host, where the image is";
	if (sv.f_files == 0 && strstr(needed, "inode") != NULL) {
		/* a format without inodes */
		snprintf(text, sizeof(text),
		    "No space left in the image for another name or block, "
		    "%llu "
		    "bytes free; remove something or make it larger",
		    (unsigned long long)(sv.f_bavail * sv.f_frsize));
		return text;
	}
	if (sv.f_files == 0) {
		snprintf(text, sizeof(text),
		    "No space left in the image: %s needed, %llu bytes free; "
		    "remove something or make it larger",
		    needed, (unsigned long long)(sv.f_bavail * sv.f_frsize));
		return text;
	}
	snprintf(text, sizeof(text),
	    "No space left in the image: %s needed, %llu bytes and %llu inodes "
	    "free; remove something or make it larger",
	    needed, (unsigned long long)(sv.f_bavail * sv.f_frsize),
	    (unsigned long long)sv.f_ffree);
	return text;
}

/* One write, so that lines of several processes don't mix. */
static void
say(const struct fsu *f, const char *text)
{
	const char *image;
	char *line;
	int n;

	fflush(stdout);
	image = f != NULL ? f->image.im_name : NULL;
	if (image != NULL)
		n = asprintf(
		    &line, "%s: %s: %s\n", progname, fsu_visible(image), text);
	else
		n = asprintf(&line, "%s: %s\n", progname, text);
	if (n == -1)
		return;
	fsu_progress_hide();
	if (write(STDERR_FILENO, line, (size_t)n) == -1) {
		/* There is nobody left to tell. */
	}
	free(line);
}

static void
vsay(const struct fsu *f, const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) == -1)
		return;
	say(f, text);
	free(text);
}

void
fsu_error(struct fsu *f, const char *path, int error)
{
	char *text;

	if (f != NULL && f->status == FSU_OK)
		f->status = FSU_FAIL;
	error = ukfs_host_errno(error);
	if (error == EINTR && fsu_interrupted())
		return; /* they know */
	if (path == NULL) {
		say(f, fsu_strerror(error));
		return;
	}
	text = fsu_asprintf(
	    "%s: %s", fsu_quote_maybe(path), fsu_strerror(error));
	say(f, text);
	free(text);
}

void
fsu_errorf(struct fsu *f, const char *fmt, ...)
{
	va_list ap;

	if (f != NULL && f->status == FSU_OK)
		f->status = FSU_FAIL;
	va_start(ap, fmt);
	vsay(f, fmt, ap);
	va_end(ap);
}

void
fsu_warnf(struct fsu *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(f, fmt, ap);
	va_end(ap);
}

void
fsu_msg(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(NULL, fmt, ap);
	va_end(ap);
}

int
fsu_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(NULL, fmt, ap);
	va_end(ap);
	fprintf(stderr, "Try '%s --help' for more information.\n", progname);
	return FSU_USAGE;
}

void
fsu_log_hook(void *arg, const char *line)
{
	struct fsu *f = arg;

	if (f != NULL)
		f->loglines++;
	say(f, fsu_visible(line));
}

bool
fsu_stdout_gone(void)
{
	return stdout_gone;
}

void
fsu_stdout_is_gone(void)
{
	stdout_gone = true;
}

void
fsu_stdout_fresh(void)
{
	if (ferror(stdout)) {
		__fpurge(stdout);
		clearerr(stdout);
	}
	stdout_gone = false;
}

int
fsu_flush_stdout(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return FSU_OK;
	if (errno == EPIPE) {
		stdout_gone = true;
		return FSU_OK;
	}
	fsu_msg("standard output: %s", strerror(errno));
	return FSU_FAIL;
}

bool
fsu_confirm(const char *fmt, ...)
{
	va_list ap;
	char *line;
	size_t cap;
	bool yes;

	fsu_progress_hide();
	fflush(stdout);
	fprintf(stderr, "%s: ", progname);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	line = NULL;
	cap = 0;
	yes = getline(&line, &cap, stdin) > 0 && (*line == 'y' || *line == 'Y');
	free(line);
	return yes;
}

/* ---- memory ------------------------------------------------------------- */

static void *
checked(void *p)
{
	static const char text[] = ": out of memory\n";

	if (p != NULL)
		return p;
	/* Nothing that allocates.  A mount is left as after a power cut. */
	if (write(STDERR_FILENO, progname, strlen(progname)) == -1 ||
	    write(STDERR_FILENO, text, sizeof(text) - 1) == -1)
		_exit(FSU_USAGE);
	_exit(FSU_USAGE);
}

void *
fsu_malloc(size_t size)
{
	return checked(malloc(size == 0 ? 1 : size));
}

void *
fsu_calloc(size_t n, size_t size)
{
	return checked(calloc(n == 0 ? 1 : n, size == 0 ? 1 : size));
}

void *
fsu_realloc(void *p, size_t size)
{
	return checked(realloc(p, size == 0 ? 1 : size));
}

char *
fsu_strdup(const char *s)
{
	return checked(strdup(s));
}

char *
fsu_strndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

char *
fsu_asprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return checked(n == -1 ? NULL : s);
}
