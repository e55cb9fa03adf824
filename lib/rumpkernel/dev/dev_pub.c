/* SPDX-License-Identifier: BSD-2-Clause */
/* rump_pub_blkdev_*(): block devices from outside. */
#include "dev/blkdev.h"
#include "kern/ksched.h"
#include "kern/kstring.h"

#define OVERLAY_BLOCK_BYTES 4096
#define MAX_LAYERS	    16

static int
make_layer(
    const struct rump_blkdesc *bl, struct blkdev *lower, struct blkdev **devp)
{
	bool bottom = bl->bl_kind == RUMP_BLK_FILE ||
	    bl->bl_kind == RUMP_BLK_RAM;

	if (bottom != (lower == NULL))
		return EINVAL;
	switch (bl->bl_kind) {
	case RUMP_BLK_FILE:
		if (bl->bl_file == NULL)
			return EINVAL;
		return blkdev_file_create(
		    bl->bl_file, bl->bl_readonly, bl->bl_sector, devp);
	case RUMP_BLK_RAM:
		return blkdev_ram_create(bl->bl_len, devp);
	case RUMP_BLK_WINDOW:
		return blkdev_window_create(
		    lower, bl->bl_off, bl->bl_len, devp);
	case RUMP_BLK_OVERLAY:
		return blkdev_overlay_create(lower, OVERLAY_BLOCK_BYTES, devp);
	case RUMP_BLK_CACHE:
		return blkdev_cache_create(lower, bl->bl_len, devp);
	case RUMP_BLK_FAULT:
		return blkdev_fault_create(lower, &bl->bl_fault, devp);
	}
	return EINVAL;
}

static int
make_stack(
    const char *name, const struct rump_blkdesc *layers, unsigned nlayers)
{
	struct blkdev *dev = NULL, *upper;
	int error = nlayers == 0 || nlayers > MAX_LAYERS ? EINVAL : 0;

	for (unsigned i = 0; i < nlayers && error == 0; i++) {
		error = make_layer(&layers[i], dev, &upper);
		if (error != 0)
			break;
		if (layers[i].bl_readonly)
			upper->bd_readonly = true;
		if (layers[i].bl_sector != 0 && ispow2(layers[i].bl_sector))
			upper->bd_lsector = layers[i].bl_sector;
		if (dev != NULL)
			blkdev_rele(dev); /* upper has its own reference */
		dev = upper;
	}
	if (error == 0)
		error = blkdev_register(dev, name);
	if (dev != NULL)
		blkdev_rele(dev);
	return error;
}

int
rump_pub_blkdev_create(
    const char *name, const struct rump_blkdesc *layers, unsigned nlayers)
{
	struct lwp *l = kern_enter();
	int error = make_stack(name, layers, nlayers);

	kern_leave(l);
	return error;
}

int
rump_pub_blkdev_destroy(const char *name)
{
	struct lwp *l = kern_enter();
	int error = blkdev_unregister(name);

	kern_leave(l);
	return error;
}

int
rump_pub_blkdev_size(const char *name, uint64_t *sizep)
{
	struct lwp *l = kern_enter();
	struct blkdev *dev = blkdev_find(name);

	if (dev != NULL) {
		*sizep = dev->bd_size;
		blkdev_rele(dev);
	}
	kern_leave(l);
	return dev != NULL ? 0 : ENOENT;
}

int
rump_pub_blkdev_read(const char *name, void *buf, uint64_t off, uint64_t len)
{
	struct lwp *l = kern_enter();
	struct blkdev *dev = blkdev_find(name);
	int error = ENOENT;

	if (dev != NULL) {
		error = blkdev_read(dev, buf, off, len, 0);
		blkdev_rele(dev);
	}
	kern_leave(l);
	return error;
}

int
rump_pub_blkdev_write(
    const char *name, const void *buf, uint64_t off, uint64_t len)
{
	struct lwp *l = kern_enter();
	struct blkdev *dev = blkdev_find(name);
	int error = ENOENT;

	if (dev != NULL) {
		error = blkdev_write(dev, buf, off, len, 0);
		blkdev_rele(dev);
	}
	kern_leave(l);
	return error;
}
