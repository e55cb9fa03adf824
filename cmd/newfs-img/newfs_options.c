/* SPDX-License-Identifier: BSD-2-Clause */
/* What newfs-img --help lists. */
#include "newfs_options.h"

const struct fsu_option newfs_img_options[] = {
    {'t', "type", FSU_ARG, "TYPE", "ext2, ext3, ext4, sysvbfs or msdos"},
    {'s', "size", FSU_ARG, "SIZE",
	"size of the image (default: the existing file's or device's)"},
    {'b', "block-size", FSU_ARG, "SIZE", "bytes in a block"},
    {'i', "bytes-per-inode", FSU_ARG, "SIZE",
	"make an inode for each SIZE bytes"},
    {'N', "inodes", FSU_ARG, "COUNT", "make at least COUNT inodes"},
    {'I', "inode-size", FSU_ARG, "SIZE", "bytes in an inode; msdos: volume id"},
    {'L', "label", FSU_ARG, "LABEL", "the file system's name"},
    {'U', "uuid", FSU_ARG, "UUID", "its UUID, or random, or clear"},
    {'m', "reserved", FSU_ARG, "PERCENT",
	"blocks kept for the superuser (default: 5)"},
    {'O', "features", FSU_ARG, "LIST",
	"features to add, or with ^ to leave out; none"},
    {'r', "revision", FSU_ARG, "REV", "the format's revision"},
    {'T', "time", FSU_ARG, "TIME",
	"all times: seconds since 1970, a date, or a file's"},
    {'J', "journal", FSU_ARG, "size=MIB", "ext3, ext4: the journal's size"},
    {'G', "flex-groups", FSU_ARG, "COUNT", "ext4: groups with tables together"},
    {'F', "fat", FSU_ARG, "BITS", "msdos: 12, 16 or 32"},
    {'c', "cluster", FSU_ARG, "COUNT", "msdos: sectors per cluster"},
    {'S', "sector", FSU_ARG, "BYTES", "msdos: 512 to 4096"},
    {'R', "reserved-sectors", FSU_ARG, "COUNT", "msdos: before the FATs"},
    {'h', "hidden", FSU_ARG, "COUNT", "msdos: sectors before it"},
    {'B', "boot", FSU_ARG, "FILE", "msdos: boot code; sysvbfs: le or be"},
    {'f', "floppy", FSU_ARG, "KIB", "msdos: 1440, 720 .."},
    {'v', "verbose", FSU_NOARG, NULL, "tell what was made"},
    {NEWFS_KEY_FORCE, "force", FSU_NOARG, NULL, "overwrite whatever is there"},
    {NEWFS_KEY_PART, "part", FSU_ARG, "WORD:N",
	"the partition, as in IMAGE%GPT:2%"},
    {NEWFS_KEY_NOWAIT, "no-wait", FSU_NOARG, NULL,
	"fail if the image is in use, instead of waiting"},
    {NEWFS_KEY_NOSANDBOX, "no-sandbox", FSU_NOARG, NULL, NULL},
    {NEWFS_KEY_HELP, "help", FSU_NOARG, NULL, "print this help"},
    {NEWFS_KEY_VERSION, "version", FSU_NOARG, NULL, "print the version"},
};
const size_t newfs_img_noptions = sizeof(newfs_img_options) /
    sizeof(newfs_img_options[0]);
