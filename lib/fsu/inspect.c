/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in a host file?  A look at signatures, for messages and for refusing to
 * overwrite; what a file system really is its driver decides (vfs_probe).
 *
 * Partition tables: the MBR's four primary entries, and a GPT's first sixteen
 * after its header's fields were checked (its checksums are not).
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
    {0, 6, "LUKS\xba\xbe", FSU_CONTENT_CONTAINER, "LUKS",
	"cryptsetup open %s NAME"},
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
    {1080, 2, "\x53\xef", FSU_CONTENT_FS, "ext2", NULL},
    {0, 4, "XFSB", FSU_CONTENT_FS, "xfs", NULL},
    {0, 4, "hsqs", FSU_CONTENT_FS, "squashfs", NULL},
    {0, 4, "sqsh", FSU_CONTENT_FS, "squashfs", NULL},
    {0, 8, "-rom1fs-", FSU_CONTENT_FS, "romfs", NULL},
    {0, 4, "\x45\x3d\xcd\x28", FSU_CONTENT_FS, "cramfs", NULL},
    {0, 4, "\xce\xfa\xad\x1b", FSU_CONTENT_FS, "sysvbfs", NULL},
    {3, 8, "NTFS    ", FSU_CONTENT_FS, "ntfs", NULL},
    {3, 8, "EXFAT   ", FSU_CONTENT_FS, "exfat", NULL},
    {54, 3, "FAT", FSU_CONTENT_FS, "msdos", NULL},
    {82, 5, "FAT32", FSU_CONTENT_FS, "msdos", NULL},
    {1024, 4, "\x10\x20\xf5\xf2", FSU_CONTENT_FS, "f2fs", NULL},
    {1024, 4, "\xe2\xe1\xf5\xe0", FSU_CONTENT_FS, "erofs", NULL},
    {1024, 2, "H+", FSU_CONTENT_FS, "hfsplus", NULL},
    {1024, 2, "HX", FSU_CONTENT_FS, "hfsplus", NULL},
    {1030, 2, "\x34\x34", FSU_CONTENT_FS, "nilfs2", NULL},
    {4086, 10, "SWAPSPACE2", FSU_CONTENT_FS, "swap", NULL},
    {9564, 4, "\x54\x19\x01\x00", FSU_CONTENT_FS, "ffs", NULL},
    {9564, 4, "\x00\x01\x19\x54", FSU_CONTENT_FS, "ffs", NULL},
    {66908, 4, "\x19\x01\x54\x19", FSU_CONTENT_FS, "ffs", NULL},
    {66908, 4, "\x19\x54\x01\x19", FSU_CONTENT_FS, "ffs", NULL},
    {32769, 5, "CD001", FSU_CONTENT_FS, "cd9660", NULL},
    {65600, 8, "_BHRfS_M", FSU_CONTENT_FS, "btrfs", NULL},
    {65588, 6, "ReIsEr", FSU_CONTENT_FS, "reiserfs", NULL},
};

static uint32_t
le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static uint64_t
le64(const unsigned char *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

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

/* ---- partition tables --------------------------------------------------------- */

static void
add_partition(struct fsu_contentinfo *ci, unsigned number, uint64_t off,
    uint64_t len, unsigned type)
{
	struct fsu_partinfo *pi;

	if (ci->ci_nparts == sizeof(ci->ci_part) / sizeof(ci->ci_part[0]))
		return;
	pi = &ci->ci_part[ci->ci_nparts++];
	pi->pi_number = number;
	pi->pi_off = off;
	pi->pi_len = len;
	pi->pi_type = type;
}

/* The header is at sector 1 of either sector size. */
static bool
look_gpt(int fd, uint64_t off, const unsigned char *head, size_t n,
    struct fsu_contentinfo *ci)
{
	const unsigned char *h;
	unsigned char entry[128];
	uint64_t table, first, last;
	uint32_t count, size, i, sector;

	for (sector = 512; sector <= 4096; sector += 4096 - 512) {
		h = head + sector;
		if (sector + 92 <= n && memcmp(h, "EFI PART", 8) == 0)
			break;
	}
	if (sector > 4096)
		return false;
	ci->ci_kind = FSU_CONTENT_PARTTABLE;
	ci->ci_name = "GPT";
	table = le64(h + 72);
	count = le32(h + 80);
	size = le32(h + 84);
	if (size < 128 || size > 4096 || table > INT64_MAX / 8192)
		return true;
	for (i = 0; i < count && i < 128; i++) {
		if (read_at(fd, entry, sizeof(entry),
			off + table * sector + (uint64_t)i * size) !=
		    (ssize_t)sizeof(entry))
			break;
		if (is_zero(entry, 16))
			continue;
		first = le64(entry + 32);
		last = le64(entry + 40);
		if (last < first || last > INT64_MAX / 8192)
			continue;
		add_partition(
		    ci, i + 1, first * sector, (last - first + 1) * sector, 0);
	}
	return true;
}

static bool
look_mbr(const unsigned char *head, size_t n, uint64_t len,
    struct fsu_contentinfo *ci)
{
	const unsigned char *e;
	uint64_t first, count;
	unsigned i;

	if (n < 512 || head[510] != 0x55 || head[511] != 0xaa)
		return false;
	for (i = 0; i < 4; i++) {
		e = head + 446 + 16 * i;
		first = le32(e + 8);
		count = le32(e + 12);
		if ((e[0] & 0x7f) != 0 ||
		    (e[4] != 0 && (first == 0 || first * 512 >= len))) {
			ci->ci_nparts = 0;
			return false;
		}
		if (e[4] != 0 && count != 0)
			add_partition(
			    ci, i + 1, first * 512, count * 512, e[4]);
	}
	if (ci->ci_nparts == 0)
		return false;
	ci->ci_kind = FSU_CONTENT_PARTTABLE;
	ci->ci_name = "MBR";
	return true;
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
	/* LVM's label is in one of the first four sectors. */
	for (i = 0; i < 4 && i * 512 + 32 <= n; i++)
		if (memcmp(head + i * 512, "LABELONE", 8) == 0 &&
		    memcmp(head + i * 512 + 24, "LVM2 001", 8) == 0) {
			ci->ci_kind = FSU_CONTENT_CONTAINER;
			ci->ci_name = "LVM";
			ci->ci_hint = "losetup -f --show %s && vgchange -ay";
			return;
		}
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
	/* Beside a file system a table is not looked for: hybrid ISO images. */
	if (ci->ci_kind == FSU_CONTENT_UNKNOWN &&
	    !look_gpt(fd, off, head, n, ci))
		look_mbr(head, n, len, ci);
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
	ssize_t n;
	off_t end;
	int error;

	memset(ci, 0, sizeof(*ci));
	ci->ci_kind = FSU_CONTENT_UNKNOWN;
	if (len == 0) {
		end = lseek(hostfd, 0, SEEK_END);
		if (end == -1)
			return errno;
		len = (uint64_t)end > off ? (uint64_t)end - off : 0;
	}
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
