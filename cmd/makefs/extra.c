/* SPDX-License-Identifier: BSD-2-Clause */
/* What few nodes have: attributes and data ranges, packed behind each other. */
#include <stdlib.h>
#include <string.h>

#include "fsu/fsu.h"
#include "makefs.h"

#define RANGE_MAX (1u << 22)

static void
attr_put(struct xbuild *xb, const void *p, size_t len)
{
	if (xb->xb_attrlen + len > xb->xb_attrroom) {
		xb->xb_attrroom = 2 * xb->xb_attrroom + len + 256;
		xb->xb_attr = fsu_realloc(xb->xb_attr, xb->xb_attrroom);
	}
	if (len > 0)
		memcpy(xb->xb_attr + xb->xb_attrlen, p, len);
	xb->xb_attrlen += len;
}

void
xbuild_attr(struct xbuild *xb, const char *name, const void *value, size_t len)
{
	uint32_t n = (uint32_t)len;

	attr_put(xb, name, strlen(name) + 1);
	attr_put(xb, &n, sizeof(n));
	attr_put(xb, value, len);
	xb->xb_nattr++;
}

void
xbuild_range(struct xbuild *xb, uint64_t off, uint64_t len)
{
	struct newfs_range *r;

	xb->xb_holes = true;
	if (len == 0)
		return;
	if (xb->xb_nrange > 0) {
		r = &xb->xb_range[xb->xb_nrange - 1];
		/* joined to the one before, too, where there are too many */
		if (off <= r->nr_off + r->nr_len ||
		    xb->xb_nrange == RANGE_MAX) {
			r->nr_len = off + len - r->nr_off;
			return;
		}
	}
	if (xb->xb_nrange == xb->xb_rangeroom) {
		xb->xb_rangeroom = 2 * xb->xb_rangeroom + 16;
		xb->xb_range = fsu_realloc(
		    xb->xb_range, xb->xb_rangeroom * sizeof(*xb->xb_range));
	}
	xb->xb_range[xb->xb_nrange++] = (struct newfs_range){off, len};
}

bool
extra_attr(const struct mextra *x, uint32_t *pos, struct xattr_ref *xr)
{
	const char *base = (const char *)(x + 1);

	if (x->x_nattr == 0 || *pos >= x->x_attr_bytes)
		return false;
	xr->xr_name = base + *pos;
	*pos += (uint32_t)strlen(xr->xr_name) + 1;
	memcpy(&xr->xr_len, base + *pos, sizeof(xr->xr_len));
	*pos += (uint32_t)sizeof(xr->xr_len);
	xr->xr_value = base + *pos;
	*pos += xr->xr_len;
	return true;
}

static size_t
attr_room(uint32_t bytes)
{
	return ((size_t)bytes + 7) & ~(size_t)7;
}

const struct newfs_range *
extra_ranges(const struct mextra *x)
{
	/* the header is 12 bytes: ranges start at the next multiple of 8 */
	const char *p = (const char *)(x + 1) + attr_room(x->x_attr_bytes + 4);

	return (const struct newfs_range *)(const void *)(p - 4);
}

static int
attr_order(const void *a, const void *b)
{
	const struct xattr_ref *x = a, *y = b;

	return strcmp(x->xr_name, y->xr_name);
}

static void
sort_attrs(struct xbuild *xb)
{
	struct xattr_ref *list;
	struct xbuild sorted = {0};
	size_t pos = 0;

	if (xb->xb_nattr < 2)
		return;
	list = fsu_malloc(xb->xb_nattr * sizeof(*list));
	for (uint32_t i = 0; i < xb->xb_nattr; i++) {
		list[i].xr_name = xb->xb_attr + pos;
		pos += strlen(list[i].xr_name) + 1;
		memcpy(&list[i].xr_len, xb->xb_attr + pos, sizeof(uint32_t));
		pos += sizeof(uint32_t);
		list[i].xr_value = xb->xb_attr + pos;
		pos += list[i].xr_len;
	}
	qsort(list, xb->xb_nattr, sizeof(*list), attr_order);
	for (uint32_t i = 0; i < xb->xb_nattr; i++)
		xbuild_attr(
		    &sorted, list[i].xr_name, list[i].xr_value, list[i].xr_len);
	free(list);
	free(xb->xb_attr);
	xb->xb_attr = sorted.xb_attr;
	xb->xb_attrroom = sorted.xb_attrroom;
}

/* Whole units, joined where they touch; no holes at all: nothing to tell. */
static void
round_ranges(struct xbuild *xb, uint64_t size)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < xb->xb_nrange; i++) {
		struct newfs_range r = xb->xb_range[i];
		uint64_t end = r.nr_off + r.nr_len;

		r.nr_off -= r.nr_off % HOLE_UNIT;
		end += (HOLE_UNIT - end % HOLE_UNIT) % HOLE_UNIT;
		if (end > size)
			end = size;
		if (r.nr_off >= end)
			continue;
		r.nr_len = end - r.nr_off;
		if (n > 0 &&
		    r.nr_off <=
			xb->xb_range[n - 1].nr_off + xb->xb_range[n - 1].nr_len)
			xb->xb_range[n - 1].nr_len = end -
			    xb->xb_range[n - 1].nr_off;
		else
			xb->xb_range[n++] = r;
	}
	xb->xb_nrange = n;
	if (size == 0 ||
	    (n == 1 && xb->xb_range[0].nr_off == 0 &&
		xb->xb_range[0].nr_len == size))
		xb->xb_holes = false;
}

uint32_t
xbuild_store(struct manifest *mf, struct xbuild *xb, uint64_t size)
{
	struct mextra x;
	size_t head, len;
	uint32_t ref;
	char *p;

	round_ranges(xb, size);
	if (xb->xb_nattr == 0 && !xb->xb_holes)
		return 0;
	sort_attrs(xb);
	x = (struct mextra){xb->xb_nattr, (uint32_t)xb->xb_attrlen,
	    xb->xb_holes ? xb->xb_nrange : 0};
	head = sizeof(x) + attr_room(x.x_attr_bytes + 4) - 4;
	len = head + x.x_nrange * sizeof(struct newfs_range);
	p = fsu_calloc(1, len);
	memcpy(p, &x, sizeof(x));
	if (xb->xb_attrlen > 0)
		memcpy(p + sizeof(x), xb->xb_attr, xb->xb_attrlen);
	if (x.x_nrange > 0)
		memcpy(p + head, xb->xb_range,
		    x.x_nrange * sizeof(struct newfs_range));
	ref = arena_add(&mf->mf_extras, p, len, 8);
	free(p);
	return ref;
}

void
xbuild_reset(struct xbuild *xb)
{
	xb->xb_attrlen = 0;
	xb->xb_nattr = 0;
	xb->xb_nrange = 0;
	xb->xb_holes = false;
}

void
xbuild_free(struct xbuild *xb)
{
	free(xb->xb_attr);
	free(xb->xb_range);
}

/*
 * Attributes that belong to the tree, not to the host that it lies on: labels
 * of mandatory access control and of integrity checks, and what a stacked file
 * system keeps for itself, stay behind.
 */
bool
xattr_wanted(const char *name)
{
	static const char *const no[] = {"security.selinux", "security.SMACK64",
	    "security.ima", "security.evm", "security.apparmor"};

	if (strncmp(name, "system.", 7) == 0)
		return strcmp(name, "system.posix_acl_access") == 0 ||
		    strcmp(name, "system.posix_acl_default") == 0;
	if (strncmp(name, "trusted.overlay.", 16) == 0)
		return false;
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (strcmp(name, no[i]) == 0)
			return false;
	return strncmp(name, "user.", 5) == 0 ||
	    strncmp(name, "trusted.", 8) == 0 ||
	    strncmp(name, "security.", 9) == 0;
}
