#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# seeds_ext2.sh DIR: small ext2 images, made by mke2fs, for the fuzzer to start
# from: each revision, size of inode and feature, with every kind of node.
set -eu
out=$1
PATH=$PATH:/sbin:/usr/sbin
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

mkdir -p "$out" "$tree/dir/sub/deep" "$tree/many"
echo hello >"$tree/hello"
ln "$tree/hello" "$tree/dir/hard"
ln -s hello "$tree/link"
ln -s "$(printf 'x%.0s' $(seq 100))" "$tree/longlink"
mkfifo "$tree/dir/fifo"
head -c 14000 /dev/zero | tr '\0' a >"$tree/dir/indirect"
truncate -s 300000 "$tree/dir/sparse"
printf end | dd of="$tree/dir/sparse" bs=1 seek=290000 conv=notrunc status=none
for i in $(seq 60); do : >"$tree/many/a-file-with-a-longish-name-$i"; done
setfattr -n user.attr -v value "$tree/hello" 2>/dev/null || :
setfattr -n user.long -v "$(printf 'y%.0s' $(seq 300))" "$tree/dir/indirect" \
	2>/dev/null || :
setfacl -m u:5:rwx,g:7:r "$tree/hello" 2>/dev/null || :
setfacl -d -m u:5:rwx "$tree/dir" 2>/dev/null || :

mk() { # name, kilobytes, options of mke2fs...
	name=$1 size=$2
	shift 2
	rm -f "$out/$name"
	mke2fs -q -F -t ext2 -U 11111111-2222-3333-4444-555555555555 -m 0 \
		-E hash_seed=11111111-2222-3333-4444-555555555555 \
		-d "$tree" "$@" "$out/$name" "$size" >/dev/null 2>&1
}
mk rev1-128 200 -b 1024 -I 128 -N 128
mk rev1-256 256 -b 1024 -I 256 -N 128
mk rev0 200 -b 1024 -r 0 -N 128
mk noft 200 -b 1024 -I 128 -N 128 -O ^filetype,^dir_index,^resize_inode
mk groups 256 -b 1024 -I 128 -N 256 -g 256 -O ^resize_inode
mk b2048 200 -b 2048 -I 256 -N 128
