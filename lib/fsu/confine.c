/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a command still needs of the host once its image is open, and giving up
 * the rest: the sandbox.
 *
 * The order is: parse, prepare (paths are named here; names, zones and locales
 * loaded), open and lock the images, fsu_confine(), and only then look at what is
 * in them.  Nothing that a hostile image could do to us comes before, and no other
 * thread exists yet.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rump/rumpuser.h>

#include "fsu_impl.h"

/* ---- paths ------------------------------------------------------------------- */

static void
add(struct fsu_confine *c, char *path, unsigned access)
{
	c->paths = fsu_realloc(c->paths, (c->n + 1) * sizeof(*c->paths));
	c->paths[c->n].path = path;
	c->paths[c->n].access = access;
	c->n++;
}

/* The directory of path, or the nearest above it that exists. */
static char *
nearest_directory(const char *path)
{
	char *dir = fsu_dirname(path), *up;
	struct stat st;

	while (stat(dir, &st) != 0 && strcmp(dir, "/") != 0 &&
	    strcmp(dir, ".") != 0) {
		up = fsu_dirname(dir);
		free(dir);
		dir = up;
	}
	return dir;
}

void
fsu_confine_add(struct fsu_confine *c, const char *path, unsigned access)
{
	struct stat st;
	char *real;

	if (path == NULL) {
		path = getenv("TMPDIR");
		if (path == NULL || *path == '\0')
			path = "/tmp";
	}
	if (!(access & FSU_HOST_WRITE) ||
	    (stat(path, &st) == 0 && S_ISDIR(st.st_mode))) {
		add(c, fsu_strdup(path), access);
		return;
	}
	/* A name is made, changed and removed in a directory. */
	add(c, nearest_directory(path), access);
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) &&
	    (real = realpath(path, NULL)) != NULL) {
		add(c, nearest_directory(real), access);
		free(real);
	}
}

void
fsu_confine_free(struct fsu_confine *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->paths[i].path);
	free(c->paths);
	c->paths = NULL;
	c->n = 0;
}

void
fsu_host_access(struct fsu *f, const char *path, unsigned access)
{
	fsu_confine_add(&f->confine, path, access);
}

void
fsu_want_programs(struct fsu *f)
{
	f->programs = true;
}

/* ---- giving up ------------------------------------------------------------------ */

static void
tell(const struct rumpuser_sandbox_info *info)
{
	char files[48] = "opening files is not guarded";

	if (info->si_landlock != 0)
		snprintf(files, sizeof(files), "files by Landlock %u",
		    (unsigned)info->si_landlock);
	fsu_msg("sandbox: system calls %s, %s",
	    info->si_seccomp ? "by seccomp" : "are not guarded", files);
}

int
fsu_confine(const struct fsu_confine *c, bool verbose)
{
	struct rumpuser_sandbox_path *paths;
	struct rumpuser_sandbox_info info;
	size_t i;
	int error;

	paths = fsu_calloc(c->n, sizeof(*paths));
	for (i = 0; i < c->n; i++) {
		paths[i].sp_path = c->paths[i].path;
		paths[i].sp_access = c->paths[i].access & FSU_HOST_WRITE
		    ? RUMPUSER_SANDBOX_WRITE
		    : RUMPUSER_SANDBOX_READ;
	}
	error = rumpuser_sandbox(paths, (uint32_t)c->n, &info);
	free(paths);
	if (error == RUMP_EBUSY)
		fsu_msg("no sandbox can be made: other threads run already");
	else if (error != 0)
		fsu_msg("no sandbox can be made: %s", fsu_strerror(error));
	else if (verbose)
		tell(&info);
	return error == 0 ? FSU_OK : FSU_USAGE;
}

/*
 * Standard output into a file, as a shell opens it: copies by the kernel go faster
 * if they may read there, too, and this is the last time that it can be opened.
 */
static void
reopen_stdout(struct fsu *f)
{
	struct stat st;
	int fd;

	if (fstat(STDOUT_FILENO, &st) == -1 || !S_ISREG(st.st_mode) ||
	    (fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) != O_WRONLY)
		return;
	fd = open("/proc/self/fd/1", O_RDWR | O_CLOEXEC);
	if (fd != -1 && rumpuser_file_adopt(fd, true, &f->stdout_file) != 0)
		close(fd);
}

/* An ISO 9660 image may hold compressed files, and the library that inflates them
 * can't be looked for later. */
static void
load_inflate(const struct fsu *f)
{
	char id[5];
	struct rumpuser_iov iov = {id, sizeof(id)};
	size_t done = 0;

	if (f->hf != NULL &&
	    rumpuser_preadv(f->hf, &iov, 1, f->image.im_off + 32769, &done) ==
		0 &&
	    done == sizeof(id) && memcmp(id, "CD001", sizeof(id)) == 0)
		(void)rumpuser_inflate_load(RUMPUSER_CODEC_ZLIB);
}

int
fsu_session_confine(struct fsu *f)
{
	if (f->programs || fsu_mount_option(f, "nosandbox") != NULL) {
		if (f->verbose)
			fsu_msg("sandbox: none%s",
			    f->programs ? ", programs of the host are run"
					: " (-o nosandbox)");
		return FSU_OK;
	}
	reopen_stdout(f);
	load_inflate(f);
	if (f->second != NULL)
		load_inflate(f->second);
	tzset();
	return fsu_confine(&f->confine, f->verbose);
}
