#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# seeds_msdos.sh DIR: small FAT volumes, made by mkfs.fat and mtools, for the fuzzer
# to start from: each FAT, some sizes of sector and cluster, long names, deleted
# files, fragments.  What is behind the last used cluster is cut off: zeros.
set -eu
out=$1
PATH=$PATH:/sbin:/usr/sbin MTOOLS_SKIP_CHECK=1
export MTOOLS_SKIP_CHECK
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

mkdir -p "$out" "$tree/dir/Sub Directory/deep" "$tree/many"
echo hello >"$tree/hello"
echo in >"$tree/dir/A rather long name of a file.text"
head -c 9000 /dev/zero | tr '\0' a >"$tree/dir/big"
: >"$tree/dir/empty"
echo u >"$tree/dir/grün €.txt"
for i in $(seq 12); do : >"$tree/many/a-rather-long-name-$i.text"; done

mk() { # name, kilobytes, bytes of it to keep, options of mkfs.fat...
	name=$1 size=$2 keep=$3
	shift 3
	rm -f "$out/$name"
	mkfs.fat -C -i 12345678 -n LABEL "$@" "$out/$name" "$size" >/dev/null 2>&1
	mcopy -i "$out/$name" -s "$tree/hello" "$tree/dir" "$tree/many" ::
	# a hole among the clusters, and a file in pieces
	head -c 1500 /dev/zero | mcopy -i "$out/$name" - ::gap
	mcopy -i "$out/$name" "$tree/hello" "::LOWER.txt"
	mdel -i "$out/$name" ::gap
	head -c 6000 /dev/zero | tr '\0' p | mcopy -i "$out/$name" - ::pieces
	mattrib -i "$out/$name" +r +h ::hello
	truncate -s "$keep" "$out/$name"
}
mk fat12 64 64K -F 12 -s 1 -S 512
mk fat12-2k 128 128K -F 12 -s 1 -S 2048 -r 64
mk fat12-one 80 80K -F 12 -s 2 -f 1
mk fat16 2200 96K -F 16 -s 1 -f 2 -r 64 -a
mk fat16-4k 18000 256K -F 16 -s 1 -S 4096 -f 1 -r 128 -a
mk fat32 33400 360K -F 32 -s 1 -f 1 -R 8 -a
