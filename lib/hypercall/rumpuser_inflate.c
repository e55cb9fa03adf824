/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inflate.  The libraries are found when they are first needed, so that
 * commands neither link them nor pay for their start; without one its codec
 * gives EOPNOTSUPP.  Their headers aren't needed either: what is declared here
 * is the part of their binary interface (zlib.h 1.2, zstd.h 1.0) that we use.
 */
#include <dlfcn.h>
#include <limits.h>
#include <string.h>

#include "hypercall.h"

/* zlib's z_stream */
struct z_stream {
	const unsigned char *next_in;
	unsigned int avail_in;
	unsigned long total_in;
	unsigned char *next_out;
	unsigned int avail_out;
	unsigned long total_out;
	const char *msg;
	void *state;
	void *zalloc, *zfree, *opaque;
	int data_type;
	unsigned long adler, reserved;
};
#define Z_FINISH	 4
#define Z_OK		 0
#define Z_STREAM_END	 1
#define Z_MEM_ERROR	 (-4)
#define Z_BUF_ERROR	 (-5)
#define Z_MAX_WBITS	 15

#define ZSTD_ERR_MEMORY	 64
#define ZSTD_ERR_DSTSIZE 70

static pthread_once_t zlib_once = PTHREAD_ONCE_INIT;
static struct {
	int (*init)(struct z_stream *, int, const char *, int);
	int (*inflate)(struct z_stream *, int);
	int (*end)(struct z_stream *);
	const char *(*version)(void);
	bool ok;
} zlib;

static pthread_once_t zstd_once = PTHREAD_ONCE_INIT;
static struct {
	size_t (*decompress)(void *, size_t, const void *, size_t);
	unsigned int (*iserror)(size_t);
	int (*errorcode)(size_t);
	bool ok;
} zstd;

/* ISO C has no conversion from void * to a function: copy the bits. */
static bool
find(void *lib, const char *name, void *fnp)
{
	void *sym = dlsym(lib, name);

	memcpy(fnp, &sym, sizeof(sym));
	return sym != NULL;
}

static void
zlib_load(void)
{
	void *lib = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);

	zlib.ok = lib != NULL && find(lib, "inflateInit2_", &zlib.init) &&
	    find(lib, "inflate", &zlib.inflate) &&
	    find(lib, "inflateEnd", &zlib.end) &&
	    find(lib, "zlibVersion", &zlib.version);
}

static void
zstd_load(void)
{
	void *lib = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);

	zstd.ok = lib != NULL &&
	    find(lib, "ZSTD_decompress", &zstd.decompress) &&
	    find(lib, "ZSTD_isError", &zstd.iserror) &&
	    find(lib, "ZSTD_getErrorCode", &zstd.errorcode);
}

static int
zlib_inflate(int wbits, const void *src, size_t srclen, void *dst,
    size_t dstlen, size_t *outlenp)
{
	struct z_stream z;
	unsigned char past;
	bool full;
	int r;

	if (srclen > UINT_MAX || dstlen > UINT_MAX - 1)
		return E2BIG;
	memset(&z, 0, sizeof(z));
	z.next_in = src;
	z.avail_in = (unsigned int)srclen;
	z.next_out = dst;
	z.avail_out = (unsigned int)dstlen;
	r = zlib.init(&z, wbits, zlib.version(), (int)sizeof(z));
	if (r != Z_OK)
		return r == Z_MEM_ERROR ? ENOMEM : EOPNOTSUPP;
	r = zlib.inflate(&z, Z_FINISH);
	full = z.avail_out == 0;
	*outlenp = dstlen - z.avail_out;
	if (r != Z_STREAM_END && full) {
		/* Too much, or cut off just here: one more byte tells. */
		z.next_out = &past;
		z.avail_out = 1;
		r = zlib.inflate(&z, Z_FINISH);
		full = z.avail_out == 0;
	} else {
		full = false;
	}
	zlib.end(&z);
	if (full)
		return ENOSPC;
	if (r == Z_STREAM_END)
		return 0;
	return r == Z_MEM_ERROR ? ENOMEM : EINVAL;
}

static int
zstd_inflate(
    const void *src, size_t srclen, void *dst, size_t dstlen, size_t *outlenp)
{
	size_t n = zstd.decompress(dst, dstlen, src, srclen);

	if (!zstd.iserror(n)) {
		*outlenp = n;
		return 0;
	}
	switch (zstd.errorcode(n)) {
	case ZSTD_ERR_DSTSIZE:
		return ENOSPC;
	case ZSTD_ERR_MEMORY:
		return ENOMEM;
	default:
		return EINVAL;
	}
}

int
rumpuser_inflate_load(enum rumpuser_codec codec)
{
	switch (codec) {
	case RUMPUSER_CODEC_ZLIB:
	case RUMPUSER_CODEC_DEFLATE:
		pthread_once(&zlib_once, zlib_load);
		return zlib.ok ? 0 : EOPNOTSUPP;
	case RUMPUSER_CODEC_ZSTD:
		pthread_once(&zstd_once, zstd_load);
		return zstd.ok ? 0 : EOPNOTSUPP;
	}
	return EOPNOTSUPP;
}

int
rumpuser_inflate(enum rumpuser_codec codec, const void *src, size_t srclen,
    void *dst, size_t dstlen, size_t *outlenp)
{
	int error;

	error = rumpuser_inflate_load(codec);
	if (error != 0)
		return error;
	if (codec == RUMPUSER_CODEC_ZSTD)
		return zstd_inflate(src, srclen, dst, dstlen, outlenp);
	return zlib_inflate(
	    codec == RUMPUSER_CODEC_ZLIB ? Z_MAX_WBITS : -Z_MAX_WBITS, src,
	    srclen, dst, dstlen, outlenp);
}
