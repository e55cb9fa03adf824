/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vt FILESYSTEM [CASE | GROUP]...: run the cases (all) on one file system; TAP.
 * vt --list: the file systems.
 *
 * Each case runs in a process of its own, forked before the kernel is started in
 * it, so that a case that crashes is one failed test and the next one starts
 * clean.  Its lines come through a pipe and are numbered here.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "unit/scratch.h"
#include "vt.h"

const struct vt_fs *vt_fs;
struct rump_fscaps vt_caps;

static const struct {
	const char *name;
	const struct vt_case *cases;
} groups[] = {
    {"read", vt_read},
    {"open", vt_open},
    {"io", vt_io},
    {"name", vt_name},
    {"link", vt_link},
    {"rename", vt_rename},
    {"attr", vt_attr},
    {"dir", vt_dir},
    {"xattr", vt_xattr},
    {"special", vt_special},
    {"full", vt_full},
    {"mount", vt_mount},
    {"proc", vt_proc},
    {"random", vt_random},
};

static struct {
	int run, failed;
} tests;

static char image_path[2][PATH_MAX + 16];
static bool image_made[2];
static char options[128];

int64_t
vt_must(int64_t ret, const char *what, const char *file, int line)
{
	if (ret < 0) {
		ok(false, "%s: error %lld at %s:%d", what, (long long)-ret,
		    file, line);
		exit(1);
	}
	return ret;
}

static void make_device(
    const char *dev, const char *path, const struct rump_blkfault *bf);

/* ---- the file system ------------------------------------------------------------ */

/* A device named dev over the image file, with faults under it or not. */
static void
make_device(const char *dev, const char *path, const struct rump_blkfault *bf)
{
	struct rump_blkdesc layers[2] = {{0}};
	struct rumpuser_file *hf;

	MUST(-rumpuser_file_open(path, RUMPUSER_OPEN_RDWR, &hf));
	layers[0].bl_kind = RUMP_BLK_FILE;
	layers[0].bl_file = hf;
	if (bf != NULL) {
		layers[1].bl_kind = RUMP_BLK_FAULT;
		layers[1].bl_fault = *bf;
	}
	MUST(-rump_pub_blkdev_create(dev, layers, bf != NULL ? 2 : 1));
	rumpuser_file_close(hf);
}

static void
name_image(int which)
{
	snprintf(image_path[which], sizeof(image_path[which]), "%s/image%d",
	    scratch_dir(), which);
	unlink(image_path[which]);
}

/* Of what is on /mnt, where nothing of the type under test is mounted now. */
static void
pack_image(void)
{
	char tree[PATH_MAX];

	name_image(0);
	vt_export(MNT, scratch_path(tree, "tree"));
	if (!vt_fs->fs_pack(vt_fs, tree, image_path[0]))
		bail("cannot pack %s", vt_fs->fs_name);
	nftw(tree, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	make_device("dev0", image_path[0], NULL);
}

/* An image with nothing in it tells what the format can hold; one for all cases. */
static char empty_image[PATH_MAX];

static void
pack_empty(void)
{
	char tree[PATH_MAX];

	scratch_path(empty_image, "empty");
	if (mkdir(scratch_path(tree, "tree"), 0755) != 0 ||
	    !vt_fs->fs_pack(vt_fs, tree, empty_image) || rmdir(tree) != 0)
		bail("cannot pack %s", vt_fs->fs_name);
}

static void
make_image(int which, uint64_t size, uint64_t inodes)
{
	int fd;

	name_image(which);
	fd = open(image_path[which], O_RDWR | O_CREAT | O_EXCL, 0666);
	if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
		bail("%s: %s", image_path[which], strerror(errno));
	if (!vt_fs->fs_format(vt_fs, fd, size, inodes))
		bail("cannot format %s", vt_fs->fs_name);
	close(fd);
	image_made[which] = true;
}

static void
mount_on(const char *dir, const char *dev, uint32_t flags)
{
	const char *devs[1] = {dev};

	MUST(rump_sys_mount(vt_fs->fs_type, dir, flags, devs,
	    vt_has_device(vt_fs) ? 1 : 0, options[0] != '\0' ? options : NULL));
}

void
vt_remount(uint32_t flags)
{
	if (!vt_has_device(vt_fs))
		return; /* what is in memory is all there is */
	MUST(rump_sys_chdir("/"));
	MUST(rump_sys_unmount(MNT, 0));
	mount_on(MNT, "dev0", flags);
	MUST(rump_sys_chdir(MNT));
}

void
vt_remount_faulty(const struct rump_blkfault *bf)
{
	MUST(rump_sys_chdir("/"));
	MUST(rump_sys_unmount(MNT, 0));
	MUST(-rump_pub_blkdev_destroy("dev0"));
	make_device("dev0", image_path[0], bf);
	mount_on(MNT, "dev0", 0);
	MUST(rump_sys_chdir(MNT));
}

bool
vt_try_faulty(const struct rump_blkfault *bf, int tries)
{
	const char *devs[1] = {"dev0"};
	struct rump_blkfault mine;

	for (int i = 0; i < tries; i++) {
		if (bf != NULL) {
			mine = *bf;
			mine.bf_seed += (uint64_t)i;
		}
		make_device("dev0", image_path[0], bf != NULL ? &mine : NULL);
		if (rump_sys_mount(vt_fs->fs_type, MNT, 0, devs, 1, NULL) ==
		    0) {
			MUST(rump_sys_chdir(MNT));
			return true;
		}
		MUST(-rump_pub_blkdev_destroy("dev0"));
	}
	return false;
}

void
vt_fresh(void)
{
	MUST(rump_sys_chdir("/"));
	(void)rump_sys_unmount(MNT, RUMP_MNT_FORCE);
	MUST(-rump_pub_blkdev_destroy("dev0"));
	make_image(0, vt_fs->fs_size, 0);
	make_device("dev0", image_path[0], NULL);
	mount_on(MNT, "dev0", 0);
	MUST(rump_sys_chdir(MNT));
}

const char *
vt_image(void)
{
	return image_path[0];
}

const char *
vt_second_dev(void)
{
	return vt_fs->fs_format != NULL ? "dev1" : NULL;
}

void
vt_second(const char *dir)
{
	if (vt_fs->fs_format != NULL && !image_made[1]) {
		make_image(1, vt_fs->fs_size, 0);
		make_device("dev1", image_path[1], NULL);
	}
	MUST(rump_sys_mkdir(dir, 0755));
	mount_on(dir, "dev1", 0);
}

/* What the foreign checker says of the image. */
static void
check_image(const struct vt_case *tc, int which)
{
	char cmd[2 * PATH_MAX], line[512];
	int status;
	FILE *f;

	if (!image_made[which] || vt_fs->fs_check == NULL)
		return;
	snprintf(cmd, sizeof(cmd), vt_fs->fs_check, image_path[which]);
	strcat(cmd, " 2>&1");
	f = popen(cmd, "r");
	if (f == NULL)
		bail("%s: %s", cmd, strerror(errno));
	static char out[16384];
	size_t len = 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (len + strlen(line) < sizeof(out))
			len += (size_t)snprintf(
			    out + len, sizeof(out) - len, "# %s", line);
	status = pclose(f);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		skip(1, "%s: no checker", tc->tc_name);
		return;
	}
	if (!ok(status == 0, "%s: image %d is clean", tc->tc_name, which))
		printf("%s", out);
}

/* ---- running --------------------------------------------------------------------- */

static void
case_start(const struct vt_case *tc)
{
	uint64_t size = tc->tc_size != 0 ? tc->tc_size : vt_fs->fs_size;

	char ncpu[16];

	snprintf(ncpu, sizeof(ncpu), "%u", tc->tc_ncpu != 0 ? tc->tc_ncpu : 1);
	setenv("RUMP_NCPU", ncpu, 1);
	MUST(-rump_init());
	MUST(rump_sys_umask(0));
	MUST(rump_sys_mkdir(MNT, 0755));
	options[0] = '\0';
	if (vt_fs->fs_pack != NULL) {
		make_device("dev0", empty_image, NULL);
	} else if (vt_fs->fs_format != NULL) {
		make_image(0, size, tc->tc_inodes);
		make_device("dev0", image_path[0], NULL);
	} else if (vt_fs->fs_options != NULL && tc->tc_size != 0) {
		snprintf(options, sizeof(options), vt_fs->fs_options,
		    (unsigned long long)tc->tc_size,
		    (unsigned long long)(tc->tc_inodes != 0 ? tc->tc_inodes
							    : 1000000));
	}
	mount_on(MNT, "dev0", vt_fs->fs_pack != NULL ? RUMP_MNT_RDONLY : 0);
	MUST(rump_sys_chdir(MNT));
	MUST(rump_sys_fscaps(MNT, &vt_caps));
	if (vt_fs->fs_pack != NULL)
		vt_caps.fc_flags &= ~vt_pack_lacks();
	if (vt_fs->fs_symlinkmax != 0)
		vt_caps.fc_symlinkmax = vt_fs->fs_symlinkmax;
	/* What a formatter puts there isn't wanted. */
	(void)rump_sys_rmdir(MNT "/lost+found");
}

/* Have what the case reads; it is mounted read-only then. */
static void
case_fill(const struct vt_case *tc)
{
	const char *devs[1] = {"dev0"};

	if (vt_fs->fs_pack == NULL) {
		tc->tc_fill();
		vt_remount(RUMP_MNT_RDONLY);
		return;
	}
	/* vt_caps are of an image with nothing in it. */
	MUST(rump_sys_chdir("/"));
	MUST(rump_sys_unmount(MNT, 0));
	MUST(-rump_pub_blkdev_destroy("dev0"));
	MUST(rump_sys_mount("rumpfs", MNT, 0, NULL, 0, NULL));
	MUST(rump_sys_chdir(MNT));
	tc->tc_fill();
	MUST(rump_sys_chdir("/"));
	pack_image();
	MUST(rump_sys_unmount(MNT, 0));
	MUST(rump_sys_mount(
	    vt_fs->fs_type, MNT, RUMP_MNT_RDONLY, devs, 1, NULL));
	MUST(rump_sys_chdir(MNT));
}

/* In the child. */
static void
case_run(const struct vt_case *tc)
{
	uint32_t caps = tc->tc_caps;
	int error;

	if (tc->tc_fill == NULL)
		caps |= RUMP_CAP_WRITE;
	case_start(tc);
	if ((vt_caps.fc_flags & caps) != caps) {
		skip(1, "%s: the file system can't", tc->tc_name);
	} else if (tc->tc_needs_device && !vt_has_device(vt_fs)) {
		skip(1, "%s: has no device", tc->tc_name);
	} else {
		diag("%s on %s", tc->tc_name, vt_fs->fs_name);
		if (tc->tc_fill != NULL)
			case_fill(tc);
		tc->tc_run();
	}
	(void)rump_sys_chdir("/");
	error = -rump_sys_unmount(MNT, 0);
	if (error != 0 &&
	    !ok(error == 0, "%s: unmount (error %d)", tc->tc_name, error))
		(void)rump_sys_unmount(MNT, RUMP_MNT_FORCE);
	check_image(tc, 0);
	check_image(tc, 1);
}

/* The child's lines, numbered anew. */
static void
forward(FILE *in)
{
	char line[4096];

	while (fgets(line, sizeof(line), in) != NULL) {
		bool bad = strncmp(line, "not ok ", 7) == 0;
		bool good = strncmp(line, "ok ", 3) == 0;
		const char *rest = line + (bad ? 7 : 3);

		if (strncmp(line, "Bail out!", 9) == 0) {
			printf("not ok %d - %s", ++tests.run, line);
			tests.failed++;
		} else if (good || bad) {
			rest += strspn(rest, "0123456789");
			printf(
			    "%sok %d%s", bad ? "not " : "", ++tests.run, rest);
			tests.failed += bad;
		} else {
			fputs(line, stdout);
		}
		fflush(stdout);
	}
}

static void
run_case(const struct vt_case *tc)
{
	int failed = tests.failed, fds[2], status;
	pid_t pid;
	FILE *in;

	(void)scratch_dir();
	fflush(stdout);
	if (pipe(fds) != 0 || (pid = fork()) < 0)
		bail("fork: %s", strerror(errno));
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		case_run(tc);
		exit(0);
	}
	close(fds[1]);
	in = fdopen(fds[0], "r");
	forward(in);
	fclose(in);
	if (waitpid(pid, &status, 0) != pid)
		bail("waitpid: %s", strerror(errno));
	if ((!WIFEXITED(status) || WEXITSTATUS(status) != 0) &&
	    tests.failed == failed) {
		printf("not ok %d - %s: died, status %#x\n", ++tests.run,
		    tc->tc_name, (unsigned)status);
		tests.failed++;
	}
}

static bool
wanted(int argc, char **argv, const char *group, const char *name)
{
	if (argc <= 2)
		return true;
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], group) == 0 || strcmp(argv[i], name) == 0)
			return true;
	return false;
}

static bool
have_command(const char *name)
{
	char cmd[100];

	snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null", name);
	return system(cmd) == 0;
}

int
main(int argc, char **argv)
{
	const struct vt_case *tc;

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (unsigned i = 0; i < vt_nfilesystems; i++)
			puts(vt_filesystems[i].fs_name);
		return 0;
	}
	for (unsigned i = 0; argc > 1 && i < vt_nfilesystems; i++)
		if (strcmp(argv[1], vt_filesystems[i].fs_name) == 0)
			vt_fs = &vt_filesystems[i];
	if (vt_fs == NULL) {
		fprintf(stderr, "usage: vt FILESYSTEM [CASE | GROUP]...\n");
		return 2;
	}
	if (vt_fs->fs_needs != NULL && !have_command(vt_fs->fs_needs)) {
		printf("1..0 # SKIP no %s\n", vt_fs->fs_needs);
		return 0;
	}
	if (vt_fs->fs_pack != NULL)
		pack_empty();
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (tc = groups[g].cases; tc->tc_name != NULL; tc++)
			if (wanted(argc, argv, groups[g].name, tc->tc_name))
				run_case(tc);
	printf("1..%d\n", tests.run);
	return tests.failed != 0 || tests.run == 0;
}
