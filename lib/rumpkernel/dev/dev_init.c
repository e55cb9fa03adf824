/* SPDX-License-Identifier: BSD-2-Clause */
/* Block devices by name, and the start-up of dev/. */
#include "dev/blkdev.h"
#include "dev/blkdev_impl.h"
#include "kern/kinit.h"
#include "kern/klog.h"
#include "kern/kstring.h"

static struct {
	kmutex_t lock;
	struct klist list;
} registry; /* each entry has a reference */

int
dev_init(void)
{
	mutex_init(&registry.lock, RANK_SYSTEM, "blkdevs");
	klist_init(&registry.list);
	return dev_queue_init();
}

static struct blkdev *
find_locked(const char *name)
{
	struct klink *l;

	KLIST_FOREACH(l, &registry.list)
	{
		struct blkdev *dev = klink_entry(l, struct blkdev, bd_link);

		if (kstrcmp(dev->bd_name, name) == 0)
			return dev;
	}
	return NULL;
}

int
blkdev_register(struct blkdev *dev, const char *name)
{
	int error = 0;

	KASSERT(!klink_linked(&dev->bd_link));
	if (name[0] == '\0' || kstrchr(name, '/') != NULL)
		return EINVAL;
	if (kstrlen(name) >= sizeof(dev->bd_name))
		return ENAMETOOLONG;
	mutex_enter(&registry.lock);
	if (find_locked(name) != NULL) {
		error = EEXIST;
	} else {
		kstrlcpy(dev->bd_name, name, sizeof(dev->bd_name));
		klist_insert_tail(&registry.list, &dev->bd_link);
		blkdev_ref(dev);
	}
	mutex_exit(&registry.lock);
	return error;
}

int
blkdev_unregister(const char *name)
{
	struct blkdev *dev;
	int error = 0;

	mutex_enter(&registry.lock);
	dev = find_locked(name);
	if (dev == NULL)
		error = ENOENT;
	else if (dev->bd_users > 0)
		error = EBUSY;
	else
		klink_remove(&dev->bd_link);
	mutex_exit(&registry.lock);
	if (error == 0)
		blkdev_rele(dev);
	return error;
}

struct blkdev *
blkdev_find(const char *name)
{
	struct blkdev *dev;

	mutex_enter(&registry.lock);
	dev = find_locked(name);
	if (dev != NULL)
		blkdev_ref(dev);
	mutex_exit(&registry.lock);
	return dev;
}
