/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clock, parameters, memory, console, random bytes, exit, inflate, loading.
 * What is decided once a process is tried in children.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <rump/rumpuser.h>

#include "scratch.h"
#include "tap.h"

/* Run fn in a child: its wait status. */
static int
in_child(void (*fn)(const void *), const void *arg)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fn(arg);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status;
}

struct epoch {
	const char *value;
	int error;
	int64_t sec; /* -1: the time of day */
};

static void
try_epoch(const void *arg)
{
	const struct epoch *e = arg;
	int64_t sec = -2;
	int32_t nsec = -2;
	int error;

	if (e->value != NULL)
		setenv("SOURCE_DATE_EPOCH", e->value, 1);
	else
		unsetenv("SOURCE_DATE_EPOCH");
	error = rumpuser_clock_get(RUMPUSER_CLOCK_WALL, &sec, &nsec);
	if (error != e->error)
		_exit(1);
	if (error != 0)
		_exit(0);
	if (e->sec >= 0 ? sec != e->sec || nsec != 0
			: sec < time(NULL) - 100 || sec > time(NULL) + 100)
		_exit(2);
	/* the other clock goes on */
	if (rumpuser_clock_get(RUMPUSER_CLOCK_MONO, &sec, &nsec) != 0 ||
	    (sec == e->sec && nsec == 0))
		_exit(3);
	_exit(0);
}

static void
clocks(void)
{
	static const struct epoch cases[] = {
	    {NULL, 0, -1},
	    {"", 0, -1},
	    {"0", 0, 0},
	    {"1700000000", 0, 1700000000},
	    {"9223372036854775807", 0, INT64_MAX},
	    {"9223372036854775808", EINVAL, 0},
	    {"-1", EINVAL, 0},
	    {"12x", EINVAL, 0},
	    {" 12", EINVAL, 0},
	};
	int64_t a, b;
	int32_t an, bn;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is(in_child(try_epoch, &cases[i]), 0,
		    "SOURCE_DATE_EPOCH \"%s\"",
		    cases[i].value != NULL ? cases[i].value : "(unset)");
	rumpuser_clock_get(RUMPUSER_CLOCK_MONO, &a, &an);
	is(rumpuser_clock_sleep(15000000), 0, "sleep");
	rumpuser_clock_get(RUMPUSER_CLOCK_MONO, &b, &bn);
	ok((b - a) * 1000000000 + bn - an >= 15000000, "as long as asked");
}

static void
parameters(void)
{
	char buf[64];

	setenv("RUMP_TEST", "42", 1);
	ok(rumpuser_getparam("RUMP_TEST", buf, sizeof(buf)) == 0 &&
		strcmp(buf, "42") == 0,
	    "from the environment");
	is(rumpuser_getparam("RUMP_TEST", buf, 2), E2BIG, "no room");
	is(rumpuser_getparam("RUMP_TEST", buf, 3), 0, "just room enough");
	is(rumpuser_putparam("RUMP_TEST", "43"), 0, "set");
	is(rumpuser_putparam("RUMP_TEST", "44"), 0, "and set again");
	ok(rumpuser_getparam("RUMP_TEST", buf, sizeof(buf)) == 0 &&
		strcmp(buf, "44") == 0,
	    "what was set comes first");
	is(rumpuser_getparam("RUMP_NONE", buf, sizeof(buf)), ENOENT, "unset");
	is(rumpuser_getparam("PATH", buf, sizeof(buf)), ENOENT,
	    "the rest of the environment isn't the kernel's");
	ok(rumpuser_getparam(RUMPUSER_PARAM_NCPU, buf, sizeof(buf)) == 0 &&
		atoi(buf) >= 1,
	    "number of CPUs (%s)", buf);
	is(rumpuser_getparam(RUMPUSER_PARAM_HOSTNAME, buf, sizeof(buf)), 0,
	    "host name");
	is(rumpuser_getparam(RUMPUSER_PARAM_CPUFEATURES, buf, sizeof(buf)), 0,
	    "CPU features");
	diag("CPU features: %s", buf);
	is(rumpuser_getparam("_RUMPUSER_X", buf, sizeof(buf)), ENOENT, "none");
}

static void
memory(void)
{
	unsigned char *p, *q, sum = 0;
	size_t align;
	int bad = 0, i;
	void *mem;

	for (align = 0; align <= 65536; align = align != 0 ? align * 2 : 1) {
		if (rumpuser_malloc(100, align, &mem) != 0 ||
		    (uintptr_t)mem % (align != 0 ? align : 16) != 0)
			bad++;
		else
			memset(mem, 1, 100);
		rumpuser_free(mem, 100);
	}
	is(bad, 0, "aligned as asked");
	is(rumpuser_malloc(0, 0, &mem), 0, "nothing is allocated, too");
	rumpuser_free(mem, 0);
	rumpuser_free(NULL, 0);
	is(rumpuser_anonmmap(1 << 20, &mem), 0, "map");
	for (p = mem, i = 0; i < 1 << 20; i++)
		sum |= p[i];
	is(sum, 0, "zeros");
	rumpuser_unmap(mem, 1 << 20);

	rumpuser_malloc(64, 0, &mem);
	p = mem;
	rumpuser_malloc(64, 0, &mem);
	q = mem;
	memset(p, 0, 64);
	memset(q, 0, 64);
	ok(rumpuser_getrandom(p, 64) == 0 && rumpuser_getrandom(q, 64) == 0 &&
		memcmp(p, q, 64) != 0,
	    "random bytes differ");
	rumpuser_free(p, 64);
	rumpuser_free(q, 64);
	rumpuser_seterrno(ENOTEMPTY);
	is(errno, ENOTEMPTY, "errno");
}

static void
say(const void *arg)
{
	const char *path = arg;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	dup2(fd, STDERR_FILENO);
	close(STDOUT_FILENO);
	rumpuser_console_write("hello\n", 6);
	_exit(0);
}

static void
leave(const void *arg)
{
	const int *status = arg;

	if (*status == RUMPUSER_PANIC)
		signal(SIGABRT, SIG_DFL);
	rumpuser_exit(*status);
}

static void
console_and_exit(void)
{
	const int three = 3, panic = RUMPUSER_PANIC;
	char path[PATH_MAX], buf[16] = "";
	FILE *f;
	int status;

	is(in_child(say, scratch_path(path, "said")), 0, "say something");
	f = fopen(path, "r");
	ok(f != NULL && fgets(buf, sizeof(buf), f) != NULL &&
		strcmp(buf, "hello\n") == 0,
	    "on standard error");
	if (f != NULL)
		fclose(f);
	status = in_child(leave, &three);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 3, "exit with a status");
	status = in_child(leave, &panic);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "panic aborts");
}

/* "hello hello hello hello\n" as zlib, raw deflate, zstd */
static const unsigned char z_zlib[] = {
    0x78,
    0xda,
    0xcb,
    0x48,
    0xcd,
    0xc9,
    0xc9,
    0x57,
    0xc8,
    0x40,
    0x27,
    0xb9,
    0x00,
    0x70,
    0xbe,
    0x08,
    0xbb,
};
static const unsigned char z_zstd[] = {
    0x28,
    0xb5,
    0x2f,
    0xfd,
    0x00,
    0x58,
    0x6d,
    0x00,
    0x00,
    0x38,
    0x68,
    0x65,
    0x6c,
    0x6c,
    0x6f,
    0x20,
    0x0a,
    0x01,
    0x00,
    0x99,
    0x4b,
    0x11,
};

static void
inflate_one(enum rumpuser_codec codec, const char *what,
    const unsigned char *src, size_t srclen)
{
	static const char want[] = "hello hello hello hello\n";
	const size_t len = sizeof(want) - 1;
	unsigned char broken[64];
	char buf[64];
	size_t out = 0;

	if (rumpuser_inflate_load(codec) != 0) {
		skip(1, "no library for %s", what);
		return;
	}
	is(rumpuser_inflate(codec, src, srclen, buf, sizeof(buf), &out), 0,
	    "%s", what);
	ok(out == len && memcmp(buf, want, len) == 0, "%s: content", what);
	is(rumpuser_inflate(codec, src, srclen, buf, len, &out), 0,
	    "%s: room for just that", what);
	is(out, len, "%s: all of it", what);
	is(rumpuser_inflate(codec, src, srclen, buf, len - 1, &out), ENOSPC,
	    "%s: one byte too little", what);
	is(rumpuser_inflate(codec, src, srclen - 3, buf, sizeof(buf), &out),
	    EINVAL, "%s: cut off", what);
	is(rumpuser_inflate(codec, src, 0, buf, sizeof(buf), &out),
	    codec == RUMPUSER_CODEC_ZSTD ? 0 : EINVAL, "%s: nothing", what);
	memcpy(broken, src, srclen);
	broken[0] ^= 0xff;
	broken[1] ^= 0xff;
	is(rumpuser_inflate(codec, broken, srclen, buf, sizeof(buf), &out),
	    EINVAL, "%s: broken", what);
}

static void
loading(void)
{
	void *handle, *sym;

	is(rumpuser_dl_open("/nonexistent.so", &handle), ENOENT, "no library");
	ok(strstr(rumpuser_dl_error(), "nonexistent") != NULL,
	    "the host's words: %s", rumpuser_dl_error());
	is(rumpuser_dl_open("libc.so.6", &handle), 0, "a library");
	is(rumpuser_dl_sym(handle, "strlen", &sym), 0, "a symbol");
	is(rumpuser_dl_sym(handle, "no_such_symbol", &sym), ENOENT, "none");
	rumpuser_dl_close(handle);
	rumpuser_dl_close(NULL);
}

int
main(void)
{
	clocks();
	parameters();
	memory();
	console_and_exit();
	inflate_one(RUMPUSER_CODEC_ZLIB, "zlib", z_zlib, sizeof(z_zlib));
	inflate_one(RUMPUSER_CODEC_DEFLATE, "deflate", z_zlib + 2,
	    sizeof(z_zlib) - 2 - 4);
	inflate_one(RUMPUSER_CODEC_ZSTD, "zstd", z_zstd, sizeof(z_zstd));
	loading();
	return done();
}
