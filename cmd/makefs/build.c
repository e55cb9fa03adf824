/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Format, mount, copy, trim.  The formatter writes to the host file; the kernel
 * mounts that file and makes the tree; workers write the files' content beside
 * the kernel; then the file system is cut to what it uses.
 *
 * If the plan proves too small (it is an upper bound, but a driver may think
 * otherwise), all is done again with more.  Too large it is not: what the bound
 * exceeds the tree by lies at the end and is cut off.
 *
 * Formats that are written once, whole, are build_whole.c's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include <rump/rump.h>
#include <rump/rump_syscalls.h>
#include <rump/rumpuser.h>

#include "build.h"
#include "fsu/fsu.h"
#include "fsu/progress.h"
#include "fsu/target.h"

#define ATTEMPTS 4
#define DEVICE	 "image"

static int
say(const struct makefs_opts *mo, const char *what, int error)
{
	fsu_msg(
	    "%s: %s: %s", fsu_visible(mo->mo_image), what, fsu_strerror(error));
	return FSU_FAIL;
}

/* ---- format ------------------------------------------------------------------ */

void
build_tell(struct makefs_opts *mo, const struct manifest *mf)
{
	struct newfs_opts *o = &mo->mo_newfs;
	const struct mnode *root = mn(mf, 0);

	if (!mo->mo_uuid_set) {
		memcpy(o->no_uuid, mf->mf_digest, 16);
		newfs_mark_uuid(o->no_uuid);
	}
	if (!mo->mo_seed_set) {
		memcpy(o->no_hash_seed, mf->mf_digest + 16, 16);
		newfs_mark_uuid(o->no_hash_seed);
	}
	o->no_time = mf->mf_fstime;
	o->no_root_mode = root->m_mode & RUMP_ALLPERMS;
	o->no_root_uid = root->m_uid;
	o->no_root_gid = root->m_gid;
}

static int
format(struct makefs_opts *mo, const struct manifest *mf, struct fsu_target *tg,
    struct newfs_result *nr)
{
	struct newfs_opts *o = &mo->mo_newfs;
	struct newfs_fileio nf;
	char why[NEWFS_WHY] = "";
	int error;

	build_tell(mo, mf);
	error = rumpuser_file_setsize(tg->tg_file, 0);
	if (error != 0)
		return say(mo, "cannot be emptied", error);
	newfs_fileio_init(
	    &nf, rumpuser_file_fd(tg->tg_file), tg->tg_offset, 0, true, false);
	error = mo->mo_type->nt_make(o, &nf.nf_io, nr, why);
	if (error != 0 && why[0] != '\0') {
		fsu_msg("%s: %s", fsu_visible(mo->mo_image), why);
		return FSU_FAIL;
	}
	return error != 0 ? say(mo, "cannot be formatted", error) : FSU_OK;
}

/* ---- the kernel ----------------------------------------------------------------- */

/*
 * The kernel's clock stands still at the file system's time: nothing that it
 * writes may tell when the image was made.
 */
static int
start_kernel(const struct manifest *mf)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%lld",
	    (long long)(mf->mf_fstime < 0 ? 0 : mf->mf_fstime));
	if (setenv("SOURCE_DATE_EPOCH", buf, 1) != 0)
		return errno;
	return rump_init();
}

static int
mount_image(struct makefs_opts *mo, struct fsu_target *tg, uint64_t size)
{
	struct rump_blkdesc layers[2] = {
	    {.bl_kind = RUMP_BLK_FILE, .bl_file = tg->tg_file},
	    {.bl_kind = RUMP_BLK_WINDOW,
		.bl_off = tg->tg_offset,
		.bl_len = size},
	};
	const char *const devs[] = {DEVICE};
	int error;

	error = rump_pub_blkdev_create(
	    DEVICE, layers, tg->tg_offset != 0 ? 2 : 1);
	if (error != 0)
		return error;
	error = rump_sys_mkdir(BUILD_MOUNT, 0755);
	if (error == -RUMP_EEXIST)
		error = 0;
	if (error == 0)
		error = rump_sys_mount(fsu_type_alias(mo->mo_type->nt_name),
		    BUILD_MOUNT, RUMP_MNT_BUILDING, devs, 1, "");
	if (error == 0)
		error = rump_sys_chdir(BUILD_MOUNT);
	if (error != 0)
		rump_pub_blkdev_destroy(DEVICE);
	return -error;
}

static int
unmount_image(bool force)
{
	int error = rump_sys_chdir("/");

	if (error == 0)
		error = rump_sys_unmount(
		    BUILD_MOUNT, force ? RUMP_MNT_FORCE : 0);
	if (error == 0)
		error = -rump_pub_blkdev_destroy(DEVICE);
	return -error;
}

/* ---- copy and trim ----------------------------------------------------------------- */

/* Cut so that what was wished for stays free, and the floor is kept. */
static int
trim(const struct plan *p, uint64_t *sizep)
{
	struct rump_statvfs st;
	uint64_t spare = p->p_spare, used;
	int error = rump_sys_statvfs(BUILD_MOUNT, &st);

	if (error != 0)
		return -error;
	/* f_blocks may leave out what the file system keeps for itself */
	used = *sizep - st.f_bfree * st.f_frsize;
	if (p->p_floor > used && p->p_floor - used > spare)
		spare = p->p_floor - used;
	return -rump_sys_fstrim(BUILD_MOUNT, spare, sizep);
}

/* More room in the image won't help. */
void
build_host_failed(
    const struct makefs_opts *mo, struct fsu_target *tg, int error)
{
	struct statvfs st;
	uint64_t have = 0;

	if (fstatvfs(rumpuser_file_fd(tg->tg_file), &st) == 0)
		have = (uint64_t)st.f_bavail * st.f_frsize;
	/* after a failed write the kernel's mount is read-only */
	if (error == EROFS)
		error = have < mo->mo_newfs.no_block ? ENOSPC : EIO;
	if (error != ENOSPC) {
		(void)say(mo, "cannot be written", error);
		return;
	}
	fsu_msg("%s: %s: the image takes up to %llu bytes, and its file system "
		"on the host has %llu left: make room, or make it elsewhere",
	    fsu_visible(mo->mo_image), fsu_strerror(error),
	    (unsigned long long)mo->mo_newfs.no_size, (unsigned long long)have);
}

/* Did "no space" mean the host's disk, rather than the image? */
static bool
host_is_full(const struct makefs_opts *mo, struct fsu_target *tg)
{
	struct rump_statvfs rst;
	struct statvfs st;

	if (fstatvfs(rumpuser_file_fd(tg->tg_file), &st) == 0 &&
	    (uint64_t)st.f_bavail * st.f_frsize < 2 * mo->mo_newfs.no_block)
		return true;
	return rump_sys_statvfs(BUILD_MOUNT, &rst) == 0 && rst.f_bfree > 0 &&
	    rst.f_ffree > 0;
}

static int
copy_all(struct makefs_opts *mo, struct manifest *mf, struct fsu_target *tg,
    bool *failed)
{
	struct builder b = {
	    .b_opts = mo,
	    .b_mf = mf,
	    .b_srcdir = -1,
	    .b_lostfound = mo->mo_type->nt_made_inodes > 0,
	};
	int error, werror;

	fsu_progress_phase("writing", mf->mf_bytes);
	b.b_copier = copier_new(
	    mf, rumpuser_file_fd(tg->tg_file), mo->mo_newfs.no_block);
	error = -build_tree(&b);
	werror = copier_finish(b.b_copier, &b.b_failed);
	*failed |= b.b_failed;
	free(b.b_late);
	if (werror != 0) {
		build_host_failed(mo, tg, werror);
		return -1;
	}
	return error;
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A system call on the image failed: was it the host? */
static int
kernel_failed(
    struct makefs_opts *mo, struct fsu_target *tg, const char *what, int error)
{
	if (error != EROFS && error != ENOSPC && error != EIO)
		return say(mo, what, error);
	build_host_failed(mo, tg, error == EIO ? EROFS : error);
	return FSU_FAIL;
}

/* Once.  A status; *tight: it didn't fit, and more may help. */
static int
attempt(struct makefs_opts *mo, struct manifest *mf, struct fsu_target *tg,
    const struct plan *p, uint64_t *sizep, bool *tight, bool *made)
{
	struct newfs_result nr;
	bool failed = false;
	double t0 = now(), t1, t2;
	int error, status = format(mo, mf, tg, &nr);

	*tight = false;
	if (status != FSU_OK)
		return status;
	*sizep = nr.nr_size;
	error = start_kernel(mf);
	if (error == 0)
		error = mount_image(mo, tg, nr.nr_size);
	if (error != 0)
		return say(mo, "cannot be mounted", error);
	t1 = now();
	error = copy_all(mo, mf, tg, &failed);
	t2 = now();
	if (error == 0 && p->p_trim)
		error = trim(p, sizep);
	if (error != 0) {
		*tight = error == ENOSPC && !host_is_full(mo, tg);
		(void)unmount_image(true);
		return error < 0 || *tight
		    ? FSU_FAIL
		    : kernel_failed(mo, tg, "cannot be filled", error);
	}
	error = unmount_image(false);
	if ((mo->mo_debug & MAKEFS_DEBUG_TIME) != 0)
		fsu_msg("format %.3f s, copy %.3f s, finish %.3f s", t1 - t0,
		    t2 - t1, now() - t2);
	if (error != 0)
		return kernel_failed(mo, tg, "cannot be unmounted", error);
	*made = true;
	return failed ? FSU_FAIL : FSU_OK;
}

int
build(struct makefs_opts *mo, struct manifest *mf, struct fsu_target *tg,
    uint64_t *sizep, bool *made)
{
	uint32_t more = 0;
	struct plan p;
	bool tight;
	int status;

	*made = false;
	if (mo->mo_type->nt_write != NULL)
		return build_whole(mo, mf, tg, sizep, made);
	for (int i = 0; i < ATTEMPTS; i++) {
		status = size_plan(mo, mf, more, &p);
		if (status != FSU_OK)
			return status;
		if ((mo->mo_debug & MAKEFS_DEBUG_SIZE) != 0)
			fsu_msg("%llu blocks of %u and %llu inodes needed, "
				"image of %llu bytes",
			    (unsigned long long)p.p_need_blocks,
			    mo->mo_newfs.no_block,
			    (unsigned long long)p.p_need_inodes,
			    (unsigned long long)p.p_size);
		if (tg->tg_room != 0 && p.p_size > tg->tg_room) {
			fsu_msg("%s: has %llu bytes, %llu are needed",
			    fsu_visible(mo->mo_image),
			    (unsigned long long)tg->tg_room,
			    (unsigned long long)p.p_need_bytes);
			return FSU_FAIL;
		}
		status = attempt(mo, mf, tg, &p, sizep, &tight, made);
		if (!tight)
			break;
		more = more * 2 + 20000;
		if (mo->mo_verbose)
			fsu_msg("%s: a little too small, once more",
			    fsu_visible(mo->mo_image));
	}
	if (tight)
		return say(mo, "the tree doesn't fit", RUMP_ENOSPC);
	/* -s is exact, also where the file system ends before */
	if (*sizep < p.p_size && !p.p_trim)
		*sizep = p.p_size;
	return status;
}
