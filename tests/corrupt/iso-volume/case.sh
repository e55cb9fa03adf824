# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034
# descriptors with a block size or a place of the root that can't be
for size in 0 1 511 2047 4096 65535; do
	iso_standard || break
	poke $((32768 + 128)) "\\$(printf %03o $((size & 255)))\\$(printf %03o $((size >> 8)))"
	reads 2 '' fsu_ls @ /
done
for block in 0 1 16 4294967295; do
	iso_standard || break
	poke $((32768 + 158)) "$(both $block)"
	reads 2 'no directory begins here|past the end' fsu_ls -t cd9660 @ /
done
if iso_standard; then # nothing but descriptors to the end, none of them the last
	for i in $(seq 17 40); do
		dd if="$img" of="$img" bs=2048 skip=16 seek="$i" count=1 conv=notrunc status=none
	done
	truncate -s 83968 "$img"
	reads 2 '' fsu_ls @ /
fi
