/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounting, and what can be asked of a mount.
 */
#include "dev/blkdev.h"
#include "kern/klog.h"
#include "kern/kmem.h"
#include "sys/sys_impl.h"

#define MOUNT_NAMEMAX 256 /* of a type, a role and a device, with the NUL */

/* Everything of mount(2)'s that is copied in: too much for the stack. */
struct mountcall {
	char type[MOUNT_NAMEMAX];
	char devs[MOUNT_MAXDEVS][RUMP_PATH_MAX];
	char options[RUMP_PATH_MAX];
	struct mount_args args;
};

/* The device of that name, or behind the node of that path; referenced. */
static int
find_blkdev(const char *name, struct blkdev **devp)
{
	struct nameidata nd;
	int error;

	*devp = blkdev_find(name);
	if (*devp != NULL)
		return 0;
	nd.nd_path = name;
	nd.nd_start = NULL;
	nd.nd_flags = 0;
	error = namei(&nd);
	if (error != 0)
		return error;
	*devp = nd.nd_vp->v_blkdev;
	if (*devp != NULL)
		blkdev_ref(*devp);
	namei_done(&nd);
	return *devp != NULL ? 0 : ENXIO;
}

/* "role=name", or for the first a name only. */
static int
mount_dev(struct mountcall *mc, unsigned i, const char *udev)
{
	struct mount_args *ma = &mc->args;
	char *s = mc->devs[i], *eq;
	int error;

	error = copyinstr(udev, s, sizeof(mc->devs[i]), NULL);
	if (error != 0)
		return error;
	ma->ma_devs[i].md_role = "";
	if (i > 0) {
		eq = kstrchr(s, '=');
		if (eq == NULL)
			return EINVAL;
		*eq = '\0';
		ma->ma_devs[i].md_role = s;
		s = eq + 1;
	}
	error = find_blkdev(s, &ma->ma_devs[i].md_dev);
	if (error == 0)
		ma->ma_ndevs++;
	return error;
}

static int
probe_dev(
    struct blkdev *dev, const struct vfsops **opsp, struct probe_result *pr)
{
	const struct vfsops *ops;
	int error, ret = ENOENT;

	for (unsigned i = 0; (ops = vfs_nth(i)) != NULL; i++) {
		if (ops->vfs_probe == NULL)
			continue;
		memset(pr, 0, sizeof(*pr));
		error = ops->vfs_probe(dev, pr);
		if (error == 0) {
			*opsp = ops;
			return 0;
		}
		if (error != EINVAL)
			ret =
			    error; /* of reading: tell that, if none knows it */
	}
	return ret;
}

/* The driver's name: given, or found out. */
static int
mount_type(struct mountcall *mc, const char *utype)
{
	struct mount_args *ma = &mc->args;
	const struct vfsops *ops;
	struct probe_result pr;
	int error;

	mc->type[0] = '\0';
	if (utype != NULL) {
		error = copyinstr(utype, mc->type, sizeof(mc->type), NULL);
		if (error != 0)
			return error;
	}
	ma->ma_fstype = mc->type;
	if (mc->type[0] != '\0')
		return 0;
	if (ma->ma_ndevs == 0)
		return EINVAL;
	error = probe_dev(ma->ma_devs[0].md_dev, &ops, &pr);
	if (error != 0)
		return error == ENOENT ? ENODEV : error;
	ma->ma_fstype = ops->vfs_name;
	return 0;
}

static int
mount_collect(struct mountcall *mc, const char *utype, uint32_t flags,
    const char *const *udevs, unsigned ndevs, const char *uoptions)
{
	const char *udev;
	int error = 0;

	memset(&mc->args, 0, sizeof(mc->args));
	mc->args.ma_flags = flags;
	if (ndevs > MOUNT_MAXDEVS)
		return EINVAL;
	if (uoptions != NULL) {
		error = copyinstr(
		    uoptions, mc->options, sizeof(mc->options), NULL);
		mc->args.ma_options = mc->options;
	}
	for (unsigned i = 0; error == 0 && i < ndevs; i++) {
		error = copyin(&udevs[i], &udev, sizeof(udev));
		if (error == 0)
			error = mount_dev(mc, i, udev);
	}
	return error != 0 ? error : mount_type(mc, utype);
}

static int
do_mount(struct mountcall *mc, const char *utype, const char *upath,
    uint32_t flags, const char *const *udevs, unsigned ndevs,
    const char *uoptions)
{
	struct vnode *cover;
	struct mount *mp;
	int error;

	if (!cred_is_root(sys_cred()))
		return EPERM;
	error = mount_collect(mc, utype, flags, udevs, ndevs, uoptions);
	if (error == 0)
		error = sys_getvnode(RUMP_AT_FDCWD, upath, 0, &cover);
	if (error == 0) {
		error = vfs_domount(&mc->args, cover, &mp);
		vrele(cover);
	}
	for (unsigned i = 0; i < mc->args.ma_ndevs; i++)
		blkdev_rele(mc->args.ma_devs[i].md_dev);
	return error;
}

int
rump_sys_mount(const char *type, const char *path, uint32_t flags,
    const char *const *devs, unsigned ndevs, const char *options)
{
	struct lwp *l = sys_enter();
	struct mountcall *mc;
	int error = ENOMEM;

	if (l == NULL)
		return -EINTR;
	mc = kmem_alloc(sizeof(*mc));
	if (mc != NULL)
		error = do_mount(mc, type, path, flags, devs, ndevs, options);
	kmem_free(mc, sizeof(*mc));
	return sys_leave(l, error);
}

static int
do_unmount(const char *upath, uint32_t flags)
{
	struct vnode *vp;
	uint64_t id;
	int error;

	if (!cred_is_root(sys_cred()))
		return EPERM;
	error = sys_getvnode(RUMP_AT_FDCWD, upath, 0, &vp);
	if (error != 0)
		return error;
	if ((vp->v_flags & VV_ROOT) == 0) {
		vrele(vp);
		return EINVAL;
	}
	id = vn_mount(vp)->mnt_id;
	vrele(vp); /* or it would be busy */
	error = vfs_dounmount(id, (flags & RUMP_MNT_FORCE) != 0);
	return error == ENOENT ? EINVAL : error; /* somebody was faster */
}

/* Also after ^C. */
int
rump_sys_unmount(const char *path, uint32_t flags)
{
	struct lwp *l = kern_enter();

	return sys_leave(l, do_unmount(path, flags));
}

/* ---- asking ------------------------------------------------------------------------- */

static int
statvfs_mount(struct mount *mp, struct rump_statvfs *ust)
{
	struct rump_statvfs st;
	int error = 0;

	memset(&st, 0, sizeof(st));
	st.f_bsize = st.f_frsize = 512;
	st.f_fsid = mp->mnt_id;
	st.f_namemax = mp->mnt_caps.fc_namemax;
	if (mp->mnt_op != NULL) {
		(void)kstrlcpy(st.f_fstypename, mp->mnt_op->vfs_name,
		    sizeof(st.f_fstypename));
		if (mp->mnt_op->vfs_statvfs != NULL)
			error = mp->mnt_op->vfs_statvfs(mp, &st);
	} else {
		error = EIO; /* taken away */
	}
	st.f_flag = mp->mnt_flags;
	return error != 0 ? error : copyout(&st, ust, sizeof(st));
}

static int
statvfs_vnode(struct vnode *vp, struct rump_statvfs *ust)
{
	struct mount *mp = vn_busymount(vp);
	int error = statvfs_mount(mp, ust);

	vfs_unbusy(mp);
	return error;
}

int
rump_sys_statvfs(const char *path, struct rump_statvfs *st)
{
	struct lwp *l = sys_enter();
	struct vnode *vp;
	int error;

	if (l == NULL)
		return -EINTR;
	error = sys_getvnode(RUMP_AT_FDCWD, path, 0, &vp);
	if (error == 0) {
		error = statvfs_vnode(vp, st);
		vrele(vp);
	}
	return sys_leave(l, error);
}

int
rump_sys_fstatvfs(int fd, struct rump_statvfs *st)
{
	struct lwp *l = sys_enter();
	struct file *fp;
	int error;

	if (l == NULL)
		return -EINTR;
	error = fd_getfile(fd, true, &fp);
	if (error == 0) {
		error = statvfs_vnode(fp->f_vp, st);
		file_rele(fp);
	}
	return sys_leave(l, error);
}

int
rump_sys_fscaps(const char *path, struct rump_fscaps *caps)
{
	struct lwp *l = sys_enter();
	struct rump_fscaps fc;
	struct vnode *vp;
	int error;

	if (l == NULL)
		return -EINTR;
	error = sys_getvnode(RUMP_AT_FDCWD, path, 0, &vp);
	if (error == 0) {
		fc = vn_mount(vp)->mnt_caps;
		if (vn_rdonly(vp))
			fc.fc_flags &= ~RUMP_CAP_WRITE;
		vrele(vp);
		error = copyout(&fc, caps, sizeof(fc));
	}
	return sys_leave(l, error);
}

static int
do_probe(const char *udev, struct rump_probe *uprobe)
{
	const struct vfsops *ops;
	struct probe_result pr;
	struct rump_probe rp;
	struct blkdev *dev;
	char *name;
	int error;

	name = kmem_alloc(RUMP_PATH_MAX);
	if (name == NULL)
		return ENOMEM;
	error = copyinstr(udev, name, RUMP_PATH_MAX, NULL);
	if (error == 0)
		error = find_blkdev(name, &dev);
	kmem_free(name, RUMP_PATH_MAX);
	if (error != 0)
		return error == ENOENT ? ENXIO : error;
	error = probe_dev(dev, &ops, &pr);
	blkdev_rele(dev);
	if (error != 0)
		return error;
	memset(&rp, 0, sizeof(rp));
	(void)kstrlcpy(rp.rp_type,
	    pr.pr_type[0] != '\0' ? pr.pr_type : ops->vfs_name,
	    sizeof(rp.rp_type));
	(void)kstrlcpy(rp.rp_label, pr.pr_label, sizeof(rp.rp_label));
	(void)kstrlcpy(rp.rp_uuid, pr.pr_uuid, sizeof(rp.rp_uuid));
	rp.rp_size = pr.pr_size;
	return copyout(&rp, uprobe, sizeof(rp));
}

int
rump_sys_probe(const char *dev, struct rump_probe *probe)
{
	struct lwp *l = sys_enter();

	if (l == NULL)
		return -EINTR;
	return sys_leave(l, do_probe(dev, probe));
}

static int
do_fstypes(char *ubuf, uint64_t size, uint64_t *lenp)
{
	const struct vfsops *ops;
	uint64_t len = 0, n;
	int error;

	for (unsigned i = 0; (ops = vfs_nth(i)) != NULL; i++) {
		n = kstrlen(ops->vfs_name) + 1;
		if (size != 0 && len + n > size)
			return ERANGE;
		if (size != 0) {
			error = copyout(ops->vfs_name, ubuf + len, (size_t)n);
			if (error != 0)
				return error;
		}
		len += n;
	}
	*lenp = len;
	return 0;
}

int64_t
rump_sys_fstypes(char *buf, uint64_t size)
{
	struct lwp *l = sys_enter();
	uint64_t len = 0;
	int error;

	if (l == NULL)
		return -EINTR;
	error = do_fstypes(buf, size, &len);
	return sys_leave_count(l, error, len);
}

static int
trim_mount(struct mount *mp, uint64_t spare, uint64_t *usize)
{
	uint64_t size = 0;
	int error;

	if (mp->mnt_op == NULL || mp->mnt_op->vfs_trim == NULL)
		return EOPNOTSUPP;
	if ((mp->mnt_flags & RUMP_MNT_RDONLY) != 0)
		return EROFS;
	error = vfs_syncmount(mp, false);
	if (error == 0)
		error = mp->mnt_op->vfs_trim(mp, spare, &size);
	return error != 0 ? error : copyout(&size, usize, sizeof(size));
}

static int
trim_vnode(struct vnode *vp, uint64_t spare, uint64_t *usize)
{
	struct mount *mp = vn_busymount(vp);
	int error = trim_mount(mp, spare, usize);

	vfs_unbusy(mp);
	return error;
}

int
rump_sys_fstrim(const char *path, uint64_t spare, uint64_t *sizep)
{
	struct lwp *l = sys_enter();
	struct vnode *vp;
	int error;

	if (l == NULL)
		return -EINTR;
	error = sys_getvnode(RUMP_AT_FDCWD, path, 0, &vp);
	if (error == 0) {
		error = trim_vnode(vp, spare, sizep);
		vrele(vp);
	}
	return sys_leave(l, error);
}
