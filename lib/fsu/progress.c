/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See progress.h.
 *
 * off -> counting (begin) -> shown (draw) <-> hidden (hide) -> off (end)
 *
 * Counters are atomic; the clock is looked at when a MiB or 64 files have come, and
 * whoever finds that the line is due draws it, unless another thread is at it.  The
 * terminal's width is asked for with each line, so that a resize needs no signal.
 * The line is ASCII, so that columns are bytes.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "fsu/fsu.h"
#include "fsu/progress.h"

#define DELAY_NS    2000000000ull
#define INTERVAL_NS 200000000ull
#define STEP_BYTES  (1u << 20)
#define STEP_FILES  64u
#define LINE_BYTES  256
#define COLUMNS	    80

static struct {
	bool on; /* read without the lock; set by begin and end only */
	pthread_mutex_t lock;
	const char *phase;
	uint64_t begun, first,
	    due; /* ns: the phase's, of the first line, the next */
	uint64_t total;
	uint64_t bytes, files;		 /* atomic */
	uint64_t next_bytes, next_files; /* atomic: when to look at the clock */
	size_t shown; /* columns of the line that is on the screen; atomic */
} p = {.lock = PTHREAD_MUTEX_INITIALIZER};

#define GET(x)	  __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define SET(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void
put(const char *s, size_t len)
{
	ssize_t n = write(STDERR_FILENO, s, len);

	(void)n; /* there is nobody to tell */
}

static size_t
columns(void)
{
	struct winsize ws;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		return ws.ws_col;
	return COLUMNS;
}

/* ---- the line ------------------------------------------------------------------ */

static size_t
put_clock(char *s, size_t size, uint64_t sec)
{
	if (sec >= 3600)
		return (size_t)snprintf(s, size, "%llu:%02u:%02u",
		    (unsigned long long)(sec / 3600), (unsigned)(sec / 60 % 60),
		    (unsigned)(sec % 60));
	return (size_t)snprintf(
	    s, size, "%u:%02u", (unsigned)(sec / 60), (unsigned)(sec % 60));
}

/* "fsu_put: 352M of 1.2G 29%, 12345 files, 310M/s, 0:03 left" */
static size_t
compose(char *s, uint64_t now)
{
	uint64_t bytes = GET(p.bytes), files = GET(p.files), rate, left;
	uint64_t ns = now - p.begun;
	double sec = (double)(ns > 0 ? ns : 1) / 1e9;
	char size[16];
	size_t n;

	n = (size_t)snprintf(s, LINE_BYTES, "%s: ", fsu_progname());
	if (p.phase != NULL)
		n += (size_t)snprintf(s + n, LINE_BYTES - n, "%s ", p.phase);
	n += (size_t)snprintf(
	    s + n, LINE_BYTES - n, "%s", fsu_human_size(size, bytes, 1024));
	if (p.total > 0 && bytes <= p.total)
		n += (size_t)snprintf(s + n, LINE_BYTES - n, " of %s %u%%",
		    fsu_human_size(size, p.total, 1024),
		    (unsigned)((double)bytes * 100 / (double)p.total));
	if (files > 0)
		n += (size_t)snprintf(s + n, LINE_BYTES - n, ", %llu file%s",
		    (unsigned long long)files, files == 1 ? "" : "s");
	rate = (uint64_t)((double)bytes / sec);
	if (bytes > 0)
		n += (size_t)snprintf(s + n, LINE_BYTES - n, ", %s/s",
		    fsu_human_size(size, rate, 1024));
	else if (files > 0)
		n += (size_t)snprintf(s + n, LINE_BYTES - n, ", %llu/s",
		    (unsigned long long)((double)files / sec));
	n += (size_t)snprintf(s + n, LINE_BYTES - n, ", ");
	left = p.total > bytes && rate > 0 ? (p.total - bytes) / rate : 0;
	if (p.total > 0 && bytes <= p.total && rate > 0) {
		n += put_clock(s + n, LINE_BYTES - n, left);
		n += (size_t)snprintf(s + n, LINE_BYTES - n, " left");
	} else
		n += put_clock(s + n, LINE_BYTES - n, (uint64_t)sec);
	return n;
}

/* With the lock. */
static void
erase(void)
{
	char s[LINE_BYTES + 2];
	size_t n = p.shown;

	if (n == 0)
		return;
	s[0] = '\r';
	memset(s + 1, ' ', n);
	s[n + 1] = '\r';
	put(s, n + 2);
	SET(p.shown, 0);
}

static void
draw(uint64_t now)
{
	char s[2 * LINE_BYTES + 2];
	size_t n, width = columns(), old = p.shown;

	s[0] = '\r';
	n = compose(s + 1, now);
	if (n > width - 1) /* the last column would scroll some */
		n = width - 1;
	/* A window that got narrower has broken the old line up already. */
	if (old > width - 1)
		old = width - 1;
	if (old > n)
		memset(s + 1 + n, ' ', old - n);
	put(s, 1 + (old > n ? old : n));
	SET(p.shown, n);
}

/* ---- counting --------------------------------------------------------------------- */

void
fsu_progress_tick(void)
{
	uint64_t now;

	if (!p.on || pthread_mutex_trylock(&p.lock) != 0)
		return;
	now = now_ns();
	SET(p.next_bytes, GET(p.bytes) + STEP_BYTES);
	SET(p.next_files, GET(p.files) + STEP_FILES);
	if (p.on && now >= p.due) {
		draw(now);
		p.due = now + INTERVAL_NS;
	}
	pthread_mutex_unlock(&p.lock);
}

bool
fsu_progress_wanted(void)
{
	return p.on;
}

void
fsu_progress_bytes(uint64_t n)
{
	if (p.on &&
	    __atomic_add_fetch(&p.bytes, n, __ATOMIC_RELAXED) >=
		GET(p.next_bytes))
		fsu_progress_tick();
}

void
fsu_progress_file(void)
{
	if (p.on &&
	    __atomic_add_fetch(&p.files, 1, __ATOMIC_RELAXED) >=
		GET(p.next_files))
		fsu_progress_tick();
}

static void
copied(void *arg, uint64_t n)
{
	(void)arg;
	fsu_progress_bytes(n);
}

/* ---- begin and end ------------------------------------------------------------------ */

void
fsu_progress_begin(bool at_once)
{
	int saved = errno;

	if (p.on || isatty(STDERR_FILENO) == 0) {
		errno = saved;
		return;
	}
	p.first = p.due = now_ns() + (at_once ? 0 : DELAY_NS);
	p.on = true;
	fsu_progress_phase(NULL, 0);
	ukfs_set_copy_handler(copied, NULL);
}

void
fsu_progress_phase(const char *phase, uint64_t total_bytes)
{
	if (!p.on)
		return;
	pthread_mutex_lock(&p.lock);
	p.phase = phase;
	p.total = total_bytes;
	p.begun = now_ns();
	if (p.begun >= p.first) /* each phase is to be seen */
		p.due = p.begun;
	SET(p.bytes, 0);
	SET(p.files, 0);
	SET(p.next_bytes, 0); /* the first says whether it is due */
	SET(p.next_files, 0);
	pthread_mutex_unlock(&p.lock);
}

void
fsu_progress_hide(void)
{
	if (!p.on || GET(p.shown) == 0)
		return;
	pthread_mutex_lock(&p.lock);
	erase();
	pthread_mutex_unlock(&p.lock);
}

void
fsu_progress_end(void)
{
	if (!p.on)
		return;
	ukfs_set_copy_handler(NULL, NULL);
	pthread_mutex_lock(&p.lock);
	erase();
	p.on = false;
	pthread_mutex_unlock(&p.lock);
}
