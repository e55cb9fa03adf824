/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes as all commands read (ukfs_parse_size() does that) and print them. */
#include "fsu.h"

int
fsu_parse_size(const char *s, uint64_t *bytesp)
{
	return ukfs_parse_size(s, bytesp);
}

int
fsu_parse_size_rel(const char *s, uint64_t *bytesp, bool *relative)
{
	*relative = *s == '+';
	return fsu_parse_size(s + *relative, bytesp);
}

const char *
fsu_human_size(char buf[16], uint64_t bytes, unsigned base)
{
	static const char units[] = "\0KMGTPE";
	uint64_t whole, tenths, unit;
	unsigned u;

	u = 0;
	unit = 1;
	while (bytes / unit >= base) {
		unit *= base;
		u++;
	}
	if (u == 0) {
		snprintf(buf, 16, "%llu", (unsigned long long)bytes);
		return buf;
	}
	/* Rounded up, as GNU does: one decimal below ten. */
	whole = bytes / unit;
	if (whole < 10) {
		tenths = (bytes % unit * 10 + unit - 1) / unit;
		if (bytes % unit > UINT64_MAX / 10)
			tenths = (bytes % unit + unit / 10 - 1) / (unit / 10);
		whole += tenths / 10;
		tenths %= 10;
		if (whole < 10) {
			snprintf(buf, 16, "%u.%u%c", (unsigned)whole & 0xf,
			    (unsigned)tenths & 0xf,
			    base == 1000 && u == 1 ? 'k' : units[u]);
			return buf;
		}
	} else if (bytes % unit != 0)
		whole++;
	if (whole == base && u < 6) {
		snprintf(buf, 16, "1.0%c", units[u + 1]);
		return buf;
	}
	snprintf(buf, 16, "%u%c", (unsigned)whole & 0xffff,
	    base == 1000 && u == 1 ? 'k' : units[u]);
	return buf;
}
