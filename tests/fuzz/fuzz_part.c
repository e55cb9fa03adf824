/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables: a disk's first KiB are the input, its size follows from them.
 * All partitions are listed; each that is said to be sound is looked up by its words
 * and must lie inside of the disk, in the same place; and words that the input
 * has at its end are parsed.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rump/ukfs.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_part(int fd, const struct ukfs_part *up, uint64_t size)
{
	struct ukfs_window pw;
	char why[UKFS_WHY];

	if (ukfs_part_find(fd, up->up_words, &pw, why) != 0) {
		if (why[0] == '\0' || strchr(why, '\n') != NULL)
			abort();
		return;
	}
	if (up->up_problem[0] != '\0' || pw.pw_len == 0 || pw.pw_off > size ||
	    pw.pw_len > size - pw.pw_off)
		abort();
	if (pw.pw_off != up->up_off || pw.pw_len != up->up_len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const words[] = {"MBR:1", "MBR:5", "GPT:1",
	    "GPT:name=a", "DISKLABEL:a", "PART:1", "MBR:1%DISKLABEL:a"};
	struct ukfs_window pw;
	struct ukfs_parts parts;
	char why[UKFS_WHY] = "", text[64];
	uint64_t disk;
	size_t i, n;
	int fd;

	if (size < 64)
		return 0;
	/* half the disks end where the input does: a GPT's backup */
	disk = data[0] & 1 ? size : size + ((uint64_t)data[1] << 12);
	fd = memfd_create("disk", MFD_CLOEXEC);
	if (fd == -1 || write(fd, data, size) != (ssize_t)size ||
	    ftruncate(fd, (off_t)disk) != 0)
		abort();
	if (ukfs_part_list(fd, NULL, &parts, why) == 0) {
		for (i = 0; i < parts.ups_n; i++)
			if (i < 40)
				check_part(fd, &parts.ups_part[i], disk);
		ukfs_part_list_free(&parts);
	} else if (why[0] == '\0')
		abort();
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		why[0] = '\0';
		if (ukfs_part_find(fd, words[i], &pw, why) != 0) {
			if (why[0] == '\0')
				abort();
		} else if (pw.pw_off > disk || pw.pw_len > disk - pw.pw_off)
			abort();
	}
	n = data[2] % sizeof(text);
	memcpy(text, data + size - n, n);
	text[n] = '\0';
	ukfs_part_words(text, why);
	ukfs_part_find(fd, text, &pw, why);
	close(fd);
	return 0;
}
