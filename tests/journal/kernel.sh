#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# kernel.sh: how the images of this folder were made.  Needs root and a loop device;
# run it in the folder to make them anew.
#
# Linux changes a small file system; fsync() commits, but nothing brings blocks to
# their places (sync(2) would), and the image is copied while it is mounted.  In the
# log are then: several transactions, the same blocks again and again, revoked
# blocks (directories that went), an escaped one (a symlink that begins with the
# journal's magic number), links, attributes.
set -eu
here=$PWD
work=$(mktemp -d /dev/shm/kernel.XXXXXX)
trap 'umount "$work/mnt" 2>/dev/null || :; rm -rf "$work"' EXIT
mkdir "$work/mnt"

one() { # name, options of mount, arguments of mke2fs
	name=$1 opts=$2
	shift 2
	rm -f "$work/img"
	mke2fs -q -F "$@" >/dev/null
	mount -t ext4 -o "loop,commit=300$opts" "$work/img" "$work/mnt"
	(cd "$work/mnt" && python3 "$here/kernel.py" "$work/img" "$work/copy")
	umount "$work/mnt"
	gzip -9nc "$work/copy" >"$here/$name.img.gz"
}

one ext3-1k "" -t ext3 -b 1024 -J size=1 "$work/img" 5M
one ext3-4k "" -t ext3 -b 4096 -N 64 "$work/img" 8M
one ext3-csum1 ,journal_checksum -t ext3 -b 1024 -J size=1 "$work/img" 5M
one ext3-data ,data=journal -t ext3 -b 1024 -J size=1 "$work/img" 5M
one ext4-csum3 "" -t ext4 -b 1024 -J size=1 "$work/img" 5M
one ext4-64bit "" -t ext4 -O ^metadata_csum,64bit -b 1024 -J size=1 "$work/img" 5M
