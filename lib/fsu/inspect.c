/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in a host file?  A look, for messages and for refusing to overwrite; what a
 * file system really is its driver decides (vfs_probe).
 *
 * Containers and archives by signatures of our own, which libblkid doesn't have; file
 * systems, members of arrays and encrypted volumes by libblkid, partition tables by
 * libukfs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsu.h"

#define HEAD_BYTES (132u << 10)

struct signature {
	uint32_t off;
	uint8_t len;
	const char *bytes;
	enum fsu_content kind;
	const char *name, *hint;
};

/* Specific ones first: the first that fits is the answer. */
static const struct signature signatures[] = {
    {0, 4, "QFI\xfb", FSU_CONTENT_CONTAINER, "qcow2",
	"qemu-img convert -O raw %s disk.raw"},
    {0, 4, "KDMV", FSU_CONTENT_CONTAINER, "VMDK",
	"qemu-img convert -O raw %s disk.raw"},
    {0, 4, "COWD", FSU_CONTENT_CONTAINER, "VMDK",
	"qemu-img convert -O raw %s disk.raw"},
    {0, 21, "# Disk DescriptorFile", FSU_CONTENT_CONTAINER, "VMDK",
	"qemu-img convert -O raw %s disk.raw"},
    {64, 4, "\x7f\x10\xda\xbe", FSU_CONTENT_CONTAINER, "VDI",
	"qemu-img convert -O raw %s disk.raw"},
    {0, 8, "vhdxfile", FSU_CONTENT_CONTAINER, "VHDX",
	"qemu-img convert -O raw %s disk.raw"},
    {0, 8, "conectix", FSU_CONTENT_CONTAINER, "VHD",
	"qemu-img convert -f vpc -O raw %s disk.raw"},
    {0, 4, "\x3a\xff\x26\xed", FSU_CONTENT_CONTAINER, "Android sparse",
	"simg2img %s disk.raw"},
    {0, 6,
	"\xfd"
	"7zXZ\0",
	FSU_CONTENT_CONTAINER, "xz", "xz -dk %s"},
    {0, 4, "\x28\xb5\x2f\xfd", FSU_CONTENT_CONTAINER, "zstd", "zstd -dk %s"},
    {0, 2, "\x1f\x8b", FSU_CONTENT_CONTAINER, "gzip", "gzip -dk %s"},
    {0, 3, "BZh", FSU_CONTENT_CONTAINER, "bzip2", "bzip2 -dk %s"},
    {0, 4, "\x04\x22\x4d\x18", FSU_CONTENT_CONTAINER, "lz4", "lz4 -dk %s"},
    {0, 4, "LZIP", FSU_CONTENT_CONTAINER, "lzip", "lzip -dk %s"},
    {257, 5, "ustar", FSU_CONTENT_ARCHIVE, "tar", NULL},
    {0, 6, "070701", FSU_CONTENT_ARCHIVE, "cpio", NULL},
    {0, 6, "070702", FSU_CONTENT_ARCHIVE, "cpio", NULL},
    {0, 6, "070707", FSU_CONTENT_ARCHIVE, "cpio", NULL},
    {0, 4, "PK\3\4", FSU_CONTENT_ARCHIVE, "zip", NULL},
    {0, 6, "7z\xbc\xaf\x27\x1c", FSU_CONTENT_ARCHIVE, "7z", NULL},
    {0, 8, "!<arch>\n", FSU_CONTENT_ARCHIVE, "ar", NULL},
    {0, 6, "Rar!\x1a\x07", FSU_CONTENT_ARCHIVE, "rar", NULL},
};

/* Read up to len bytes; how many there were, or -1. */
static ssize_t
read_at(int fd, void *buf, size_t len, uint64_t off)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < len; done += (size_t)n) {
		n = pread(
		    fd, (char *)buf + done, len - done, (off_t)(off + done));
		if (n == -1 && errno == EINTR) {
			n = 0;
			continue;
		}
		if (n == -1)
			return -1;
		if (n == 0)
			break;
	}
	return (ssize_t)done;
}

static bool
is_zero(const unsigned char *p, size_t len)
{
	return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

/* ---- the whole ------------------------------------------------------------------- */

/* Is it zero from its beginning to its end?  Holes are not read. */
static int
all_zero(int fd, uint64_t off, uint64_t len, bool *zerop)
{
	uint64_t pos, end = off + len;
	unsigned char *buf;
	off_t data;
	ssize_t n;
	int error;

	buf = fsu_malloc(HEAD_BYTES);
	error = 0;
	*zerop = true;
	for (pos = off; pos < end && *zerop; pos += (uint64_t)n) {
		data = lseek(fd, (off_t)pos, SEEK_DATA);
		if (data == -1 && errno == ENXIO)
			break;
		if (data > (off_t)pos)
			pos = (uint64_t)data;
		if (pos >= end)
			break;
		n = read_at(fd, buf,
		    end - pos < HEAD_BYTES ? end - pos : HEAD_BYTES, pos);
		if (n == -1) {
			error = errno;
			break;
		}
		if (n == 0)
			break;
		*zerop = is_zero(buf, (size_t)n);
	}
	free(buf);
	return error;
}

static void
look_signatures(const unsigned char *head, size_t n, struct fsu_contentinfo *ci)
{
	const struct signature *s;
	size_t i;

	for (i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		s = &signatures[i];
		if (s->off + s->len <= n &&
		    memcmp(head + s->off, s->bytes, s->len) == 0) {
			ci->ci_kind = s->kind;
			ci->ci_name = s->name;
			ci->ci_hint = s->hint;
			return;
		}
	}
}

/* What libblkid has found. */
static void
take_content(struct fsu_contentinfo *ci)
{
	static const struct {
		const char *type, *name, *hint;
	} members[] = {
	    {"crypto_LUKS", "LUKS", "cryptsetup open %s NAME"},
	    {"BitLocker", "BitLocker", "cryptsetup open --type bitlk %s NAME"},
	    {"LVM2_member", "LVM", "losetup -f --show %s && vgchange -ay"},
	    {"LVM1_member", "LVM", "losetup -f --show %s && vgchange -ay"},
	    {"linux_raid_member", "Linux RAID",
		"losetup -f --show %s && mdadm --assemble --scan"},
	};
	const struct ukfs_content *uc = &ci->ci_content;
	size_t i;

	ci->ci_name = uc->uc_type;
	ci->ci_hint = NULL;
	if (uc->uc_kind == UKFS_CONTENT_FS ||
	    uc->uc_kind == UKFS_CONTENT_SWAP) {
		ci->ci_kind = FSU_CONTENT_FS;
		return;
	}
	ci->ci_kind = FSU_CONTENT_CONTAINER;
	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(uc->uc_type, members[i].type) == 0) {
			ci->ci_name = members[i].name;
			ci->ci_hint = members[i].hint;
		}
}

/* Is there a partition table?  One that is damaged counts. */
static bool
look_table(int fd, uint64_t off, uint64_t len, struct fsu_contentinfo *ci)
{
	struct ukfs_parts parts;
	char words[64], why[UKFS_WHY];

	snprintf(words, sizeof(words), "OFFSET:%llu,%llu",
	    (unsigned long long)off, (unsigned long long)len);
	if (ukfs_part_list(fd, words, &parts, why) != 0) {
		if (errno != EUCLEAN)
			return false;
		snprintf(ci->ci_table, sizeof(ci->ci_table), "damaged");
	} else {
		memcpy(ci->ci_table, parts.ups_table, sizeof(ci->ci_table));
		ci->ci_nparts = (unsigned)parts.ups_n;
		ukfs_part_list_free(&parts);
	}
	ci->ci_kind = FSU_CONTENT_PARTTABLE;
	ci->ci_name = ci->ci_table;
	return true;
}

static int
inspect_head(int fd, uint64_t off, uint64_t len, unsigned flags,
    const unsigned char *head, size_t n, struct fsu_contentinfo *ci)
{
	unsigned char tail[512];
	bool zero;
	int error;

	if (is_zero(head, n)) {
		zero = true;
		error = 0;
		if ((flags & FSU_INSPECT_ZEROS) && len > n)
			error = all_zero(fd, off, len, &zero);
		if (error == 0 && zero)
			ci->ci_kind = FSU_CONTENT_ZERO;
		return error;
	}
	look_signatures(head, n, ci);
	if (ci->ci_kind == FSU_CONTENT_UNKNOWN &&
	    ukfs_identify(fd, off, len, &ci->ci_content) == 0 &&
	    ci->ci_content.uc_kind != UKFS_CONTENT_NONE)
		take_content(ci);
	/*
	 * Beside a file system a table is not looked for (hybrid ISO images); a
	 * member of an array may have its mark at the end of a whole disk.
	 */
	if (ci->ci_kind == FSU_CONTENT_UNKNOWN ||
	    (ci->ci_kind == FSU_CONTENT_CONTAINER &&
		ci->ci_content.uc_kind != UKFS_CONTENT_NONE))
		look_table(fd, off, len, ci);
	if (ci->ci_kind == FSU_CONTENT_UNKNOWN && len > 512 &&
	    read_at(fd, tail, sizeof(tail), off + len - 512) == 512 &&
	    memcmp(tail, "conectix", 8) == 0) {
		ci->ci_kind = FSU_CONTENT_CONTAINER;
		ci->ci_name = "VHD";
		ci->ci_hint = "qemu-img convert -f vpc -O raw %s disk.raw";
	}
	return 0;
}

int
fsu_inspect(int hostfd, uint64_t off, uint64_t len, unsigned flags,
    struct fsu_contentinfo *ci)
{
	unsigned char *head;
	uint64_t room;
	ssize_t n;
	off_t before, end;
	int error;

	memset(ci, 0, sizeof(*ci));
	ci->ci_kind = FSU_CONTENT_UNKNOWN;
	before = lseek(hostfd, 0, SEEK_CUR);
	end = lseek(hostfd, 0, SEEK_END);
	if (end == -1)
		return errno;
	lseek(hostfd, before, SEEK_SET);
	room = (uint64_t)end > off ? (uint64_t)end - off : 0;
	if (len == 0 || len > room)
		len = room;
	if (len == 0) {
		ci->ci_kind = FSU_CONTENT_EMPTY;
		return 0;
	}
	head = fsu_malloc(HEAD_BYTES);
	n = read_at(hostfd, head, len < HEAD_BYTES ? len : HEAD_BYTES, off);
	if (n == -1)
		error = errno;
	else
		error = inspect_head(
		    hostfd, off, len, flags, head, (size_t)n, ci);
	free(head);
	return error;
}
